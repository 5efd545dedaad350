terraform {
  required_providers {
    elbaas = {
      source = "elbaas/elbaas"
    }
    vault = {
      source  = "hashicorp/vault"
      version = ">= 5.0"
    }
  }
}

# The certificate is public and stored in the state. Its private key is in a separate secret.
data "vault_kv_secret_v2" "certificate" {
  mount = "kv"
  name  = "www.example.com/certificate"
}

ephemeral "vault_kv_secret_v2" "key" {
  mount = "kv"
  name  = "www.example.com/key"
}

resource "elbaas_certificate" "www" {
  name           = "www-example-com"
  certificate    = data.vault_kv_secret_v2.certificate.data["pem"]
  private_key_wo = ephemeral.vault_kv_secret_v2.key.data["pem"]

  lifecycle {
    create_before_destroy = true
  }
}
