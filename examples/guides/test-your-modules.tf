variable "certificate" {
  description = "The certificate as PEM: the leaf first, then its chain."
  type        = string
}

variable "private_key" {
  description = "The private key of the certificate."
  type        = string
  sensitive   = true
}

variable "listener_id" {
  description = "The ID of the HTTPS listener that uses the certificate."
  type        = string
}

variable "fallback_certificate_id" {
  description = "The ID of the certificate that the listener uses after a destroy."
  type        = string
}

resource "elbaas_certificate" "www" {
  name           = "www-example-com"
  certificate    = var.certificate
  private_key_wo = var.private_key

  lifecycle {
    create_before_destroy = true
  }
}

resource "elbaas_listener_certificate" "www" {
  listener_id             = var.listener_id
  certificate_id          = elbaas_certificate.www.id
  fallback_certificate_id = var.fallback_certificate_id
}

output "renew_from" {
  description = "30 days before the certificate expires."
  value       = timeadd(elbaas_certificate.www.not_after, "-720h")
}
