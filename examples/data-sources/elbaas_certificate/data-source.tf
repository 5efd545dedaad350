data "elbaas_certificate" "www" {
  name = "www-example-com" # or id, domain, or:
}

data "elbaas_certificate" "file" {
  fingerprint_sha256 = provider::elbaas::certificate_info(file("${path.module}/www.example.com.crt")).leaf.fingerprint_sha256
}

output "certificate_id" {
  value = data.elbaas_certificate.www.id
}

output "expires" {
  value = data.elbaas_certificate.file.not_after
}
