resource "elbaas_certificate" "www" {
  name = "www-example-com"

  # The leaf first, then the intermediate certificates, without the root.
  certificate = join("\n", [
    file("${path.module}/www.example.com.crt"),
    file("${path.module}/ca-bundle.crt"),
  ])
  private_key_wo = file("${path.module}/www.example.com.key")

  lifecycle {
    create_before_destroy = true
  }
}

resource "elbaas_listener_certificate" "www" {
  listener_id    = "c4e2d0a8f6b84a9d9f3b1c7e5d2a6f80"
  certificate_id = elbaas_certificate.www.id
}
