# Resources that do nothing, with the same texts.

terraform {
  required_providers {
    null = {
      source = "registry.terraform.io/hashicorp/null"
    }
  }
  backend "http" {}
}

variable "n" {
  type = number
}

resource "null_resource" "test" {
  count = var.n

  triggers = {
    name        = "plan-${count.index}"
    certificate = file("../../${count.index}.crt")
    private_key = file("../../${count.index}.key")
  }
}
