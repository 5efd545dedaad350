data "elbaas_certificate" "www" {
  name = "www-example-com" # or id, domain, or:
}

data "elbaas_certificate" "file" {
  fingerprint_sha256 = provider::elbaas::certificate_info(file("${path.module}/www.example.com.crt")).leaf.fingerprint_sha256
}

# During a rotation, two certificates have the same name or cover the same host.
data "elbaas_certificate" "newest" {
  covers      = "www.example.com"
  most_recent = true
}

output "certificate_id" {
  value = data.elbaas_certificate.www.id
}

output "newest_id" {
  value = data.elbaas_certificate.newest.id
}

output "expires" {
  value = data.elbaas_certificate.file.not_after
}
