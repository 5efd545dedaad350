locals {
  certificates = { # by file name
    "www.example.com" = {
      id     = "5b8f908b5495452aa13beede0afc5d99"
      name   = "www-example-com"
      domain = "" # as in the cloud: another value forces replacement
    }
  }
}

import {
  for_each = local.certificates
  to       = elbaas_certificate.imported[each.key]
  id       = each.value.id
}

resource "elbaas_certificate" "imported" {
  for_each       = local.certificates
  name           = each.value.name
  domain         = each.value.domain
  certificate    = file("${path.module}/${each.key}.crt")
  private_key_wo = file("${path.module}/${each.key}.key")

  lifecycle {
    create_before_destroy = true
  }
}
