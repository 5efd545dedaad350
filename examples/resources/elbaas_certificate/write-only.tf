resource "elbaas_certificate" "www" {
  name           = "www-example-com"
  certificate    = file("${path.module}/www.example.com.crt")
  private_key_wo = file("${path.module}/www.example.com.key") # neither in the plan nor in the state

  lifecycle {
    create_before_destroy = true
  }
}
