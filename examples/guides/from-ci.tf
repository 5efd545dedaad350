variable "certificate_base64" {
  type = string
}

variable "private_key_base64" {
  type      = string
  sensitive = true
  ephemeral = true
}

resource "elbaas_certificate" "www" {
  name           = "www-example-com"
  certificate    = base64decode(var.certificate_base64)
  private_key_wo = base64decode(var.private_key_base64)

  lifecycle {
    create_before_destroy = true
  }
}
