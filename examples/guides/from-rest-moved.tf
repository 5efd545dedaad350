moved {
  from = restapi_object.www
  to   = elbaas_certificate.www
}

resource "elbaas_certificate" "www" {
  name           = "www-example-com"
  certificate    = file("${path.module}/www.example.com.crt")
  private_key_wo = file("${path.module}/www.example.com.key")

  lifecycle {
    create_before_destroy = true
  }
}
