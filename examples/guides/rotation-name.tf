locals {
  certificate = file("${path.module}/www.example.com.crt")
  fingerprint = provider::elbaas::certificate_info(local.certificate).leaf.fingerprint_sha256
}

resource "elbaas_certificate" "www" {
  name           = "www-${substr(local.fingerprint, 0, 8)}"
  certificate    = local.certificate
  private_key_wo = file("${path.module}/www.example.com.key")

  lifecycle {
    create_before_destroy = true
  }
}
