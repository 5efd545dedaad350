data "elbaas_certificate" "www" {
  name        = "www-example-com"
  most_recent = true
}
