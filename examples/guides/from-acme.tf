terraform {
  required_providers {
    acme = {
      source = "vancluever/acme"
    }
    elbaas = {
      source = "elbaas/elbaas"
    }
  }
}

provider "acme" {
  server_url = "https://acme-v02.api.letsencrypt.org/directory"
}

resource "acme_registration" "account" {
  account_key_pem = file("${path.module}/account.key")
  email_address   = "webmaster@example.com"
}

resource "acme_certificate" "www" {
  account_key_pem    = acme_registration.account.account_key_pem
  common_name        = "www.example.com"
  min_days_remaining = 30

  dns_challenge {
    provider = "otc"
  }
}

resource "elbaas_certificate" "www" {
  name           = "www-example-com"
  certificate    = join("\n", [acme_certificate.www.certificate_pem, acme_certificate.www.issuer_pem])
  private_key_wo = acme_certificate.www.private_key_pem

  lifecycle {
    create_before_destroy = true
  }
}
