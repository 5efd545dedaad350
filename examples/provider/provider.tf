terraform {
  required_providers {
    elbaas = {
      source = "elbaas/elbaas"
    }
  }
}

variable "access_key" {
  type = string
}

variable "secret_key" {
  type      = string
  sensitive = true
}

provider "elbaas" {
  region     = "eu-de"
  cloud      = "otc.t-systems.com"
  access_key = var.access_key
  secret_key = var.secret_key
}
