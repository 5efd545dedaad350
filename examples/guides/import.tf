locals {
  certificates = { # file name => certificate ID
    "www.example.com" = "5b8f908b5495452aa13beede0afc5d99"
  }
}

import {
  for_each = local.certificates
  to       = elbaas_certificate.imported[each.key]
  id       = each.value
}

resource "elbaas_certificate" "imported" {
  for_each       = local.certificates
  certificate    = file("${path.module}/${each.key}.crt")
  private_key_wo = file("${path.module}/${each.key}.key")
}
