variable "listener_id" {
  description = "ID of the HTTPS listener of www.example.com."
  type        = string
}

variable "fallback_certificate_id" {
  description = "ID of the certificate that the listener uses after a destroy."
  type        = string
  default     = null
}

resource "elbaas_certificate" "www" {
  name           = "www-example-com"
  certificate    = file("${path.module}/www.example.com.crt")
  private_key_wo = file("${path.module}/www.example.com.key")

  lifecycle {
    # The new certificate must exist before the listener can be switched to it.
    create_before_destroy = true
  }
}

resource "elbaas_listener_certificate" "www" {
  listener_id             = var.listener_id
  certificate_id          = elbaas_certificate.www.id
  fallback_certificate_id = var.fallback_certificate_id
}
