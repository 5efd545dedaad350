locals {
  pem = sensitive(file("${path.module}/www.example.com.pem")) # a certificate; with its key, the function rejects it
}

output "not_after" {
  value = nonsensitive(provider::elbaas::certificate_info(local.pem).leaf.not_after)
}
