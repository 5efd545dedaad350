terraform {
  required_providers {
    elbaas = {
      source = "elbaas/elbaas"
    }
  }
}

# The environment names the endpoint, the project and the token:
# ELBAAS_ENDPOINT, HW_PROJECT_ID or OS_PROJECT_ID, HW_AUTH_TOKEN or OS_AUTH_TOKEN.
provider "elbaas" {}

variable "name" {
  description = "Name of the certificate."
  type        = string
  default     = "www-example-com"
}

variable "description" {
  description = "Description of the certificate."
  type        = string
  default     = "Public web site"
}

variable "certificate_file" {
  description = "PEM file with the certificate, followed by its chain."
  type        = string
  default     = "www.example.com.crt"
}

variable "private_key_file" {
  description = "PEM file with the private key of the certificate."
  type        = string
  default     = "www.example.com.key"
}

# A certificate that a listener uses needs create_before_destroy as well.
resource "elbaas_certificate" "www" {
  name        = var.name
  description = var.description
  certificate = file(var.certificate_file)
  private_key = file(var.private_key_file)
}

output "certificate_id" {
  description = "ID of the certificate, for a listener of the load balancer."
  value       = elbaas_certificate.www.id
}
