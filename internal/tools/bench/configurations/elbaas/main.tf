# Resources are counted: Terraform evaluates a for_each again for each of its elements,
# which would be most of what is measured.

terraform {
  required_providers {
    elbaas = {
      source = "registry.terraform.io/elbaas/elbaas"
    }
  }
  backend "http" {}
}

variable "n" {
  type = number
}

variable "url" {
  type = string
}

variable "name" {
  type    = string
  default = "plan"
}

variable "first" {
  description = "Number of the first pair of files."
  type        = number
  default     = 0
}

variable "listeners" {
  type    = list(string)
  default = []
}

variable "fallback" {
  type    = string
  default = null
}

provider "elbaas" {
  endpoint   = "${var.url}/elb"
  project_id = "0123456789abcdef0123456789abcdef"
  token      = "token-of-elbaas"
}

resource "elbaas_certificate" "test" {
  count       = var.n
  name        = "${var.name}-${count.index}"
  certificate = file("../../${var.first + count.index}.crt")
  private_key = file("../../${var.first + count.index}.key")

  lifecycle {
    create_before_destroy = true
  }
}

resource "elbaas_listener_certificate" "test" {
  count                   = length(var.listeners)
  listener_id             = var.listeners[count.index]
  certificate_id          = elbaas_certificate.test[count.index].id
  fallback_certificate_id = var.fallback
}
