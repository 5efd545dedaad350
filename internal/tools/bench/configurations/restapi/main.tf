# The API has no GET of one certificate, so each is searched for in a list.

terraform {
  required_providers {
    restapi = {
      source = "registry.terraform.io/mastercard/restapi"
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

provider "restapi" {
  uri                  = "${var.url}/elb"
  write_returns_object = true

  headers = {
    X-Auth-Token = "token-of-rest"
  }
}

resource "restapi_object" "test" {
  count = var.n
  path  = "/v1.0/fedcba9876543210fedcba9876543210/elbaas/certificate"

  data = jsonencode({
    name        = "plan-${count.index}"
    certificate = file("../../${count.index}.crt")
    private_key = file("../../${count.index}.key")
  })

  read_search = {
    search_key   = "id"
    search_value = "{id}"
    results_key  = "certificates"
  }

  ignore_server_additions = true
}
