# Remove the object from the state without deleting the certificate.
removed {
  from = restapi_object.www

  lifecycle {
    destroy = false
  }
}

# Import the certificate into this provider.
import {
  to = elbaas_certificate.www
  id = "5b8f908b5495452aa13beede0afc5d99"
}

resource "elbaas_certificate" "www" {
  name           = "www-example-com"
  certificate    = file("${path.module}/www.example.com.crt")
  private_key_wo = file("${path.module}/www.example.com.key")

  lifecycle {
    create_before_destroy = true
  }
}
