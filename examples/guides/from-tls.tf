terraform {
  required_providers {
    elbaas = {
      source = "elbaas/elbaas"
    }
    tls = {
      source = "hashicorp/tls"
    }
  }
}

resource "tls_private_key" "www" {
  algorithm   = "ECDSA"
  ecdsa_curve = "P256"
}

resource "tls_cert_request" "www" {
  private_key_pem = tls_private_key.www.private_key_pem
  dns_names       = ["www.example.com"]

  subject {
    common_name = "www.example.com"
  }
}

resource "tls_locally_signed_cert" "www" {
  cert_request_pem      = tls_cert_request.www.cert_request_pem
  ca_cert_pem           = file("${path.module}/ca.crt")
  ca_private_key_pem    = file("${path.module}/ca.key")
  validity_period_hours = 90 * 24
  early_renewal_hours   = 30 * 24
  allowed_uses          = ["digital_signature", "server_auth"]
}

resource "elbaas_certificate" "www" {
  name           = "www-example-com"
  certificate    = join("\n", [tls_locally_signed_cert.www.cert_pem, tls_locally_signed_cert.www.ca_cert_pem])
  private_key_wo = tls_private_key.www.private_key_pem

  lifecycle {
    create_before_destroy = true
  }
}
