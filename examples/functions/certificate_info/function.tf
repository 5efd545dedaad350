locals {
  new = provider::elbaas::certificate_info(file("www.example.com.crt"))
}

output "expires" {
  value = local.new.leaf.not_after
}

output "issuers" {
  value = local.new.chain[*].subject
}
