resource "elbaas_certificate" "www" {
  name        = "www-example-com"
  certificate = file("${path.module}/www.example.com.crt")
  private_key = file("${path.module}/www.example.com.key")

  lifecycle {
    create_before_destroy = true
  }
}

# Whatever manages the listener takes the id from here.
output "certificate_id" {
  value = elbaas_certificate.www.id
}
