# By name.
data "elbaas_certificate" "www" {
  name = "www-example-com"
}

# By the fingerprint of a file.
data "elbaas_certificate" "file" {
  fingerprint_sha256 = provider::elbaas::certificate_info(file("${path.module}/www.example.com.crt")).leaf.fingerprint_sha256
}

# By host name. During a rotation, two certificates match.
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
