# Terraform forgets what the REST provider manages, and deletes nothing.
removed {
  from = restapi_object.www

  lifecycle {
    destroy = false
  }
}

# This provider takes the certificate in.
import {
  to = elbaas_certificate.www
  id = "5b8f908b5495452aa13beede0afc5d99"
}

resource "elbaas_certificate" "www" {
  name           = "www-example-com"
  certificate    = file("${path.module}/www.example.com.crt")
  private_key_wo = file("${path.module}/www.example.com.key")
}
