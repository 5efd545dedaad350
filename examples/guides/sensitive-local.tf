locals {
  pem = sensitive(file("${path.module}/www.example.com.pem")) # a certificate, possibly with its key
}

output "not_after" {
  value = nonsensitive(provider::elbaas::certificate_info(local.pem).leaf.not_after)
}
