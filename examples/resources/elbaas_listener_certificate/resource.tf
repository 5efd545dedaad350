resource "elbaas_certificate" "www" {
  name        = "www-example-com"
  certificate = file("${path.module}/www.example.com.crt") # the leaf first, then its chain
  private_key = file("${path.module}/www.example.com.key")

  lifecycle {
    create_before_destroy = true # the listener is switched before the old certificate is deleted
  }
}

resource "elbaas_listener_certificate" "www" {
  listener_id    = "c4e2d0a8f6b84a9d9f3b1c7e5d2a6f80"
  certificate_id = elbaas_certificate.www.id
}
