terraform {
  required_providers {
    elbaas = {
      source = "elbaas/elbaas"
    }
  }
}

variable "token" {
  description = "A Keystone token that is good for the project."
  type        = string
  sensitive   = true
}

provider "elbaas" {
  endpoint   = "https://elb.eu-de.otc.t-systems.com"
  project_id = "0123456789abcdef0123456789abcdef"
  token      = var.token
}
