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

# The certificate is public and is kept in the state. Its key is in a secret of its own.
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
