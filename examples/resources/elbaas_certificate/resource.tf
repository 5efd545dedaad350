resource "elbaas_certificate" "www" {
  name        = "www-example-com"
  description = "Public web site"
  certificate = file("${path.module}/www.example.com.crt") # the leaf first, then its chain
  private_key = file("${path.module}/www.example.com.key")

  lifecycle {
    create_before_destroy = true # a listener cannot be without a certificate
  }
}
