# Certificates whose name begins with www-.
data "elbaas_certificates" "www" {
  name_regex = "^www-"
}

# Certificates that have expired or expire within 30 days.
data "elbaas_certificates" "expiring" {
  expires_before = timeadd(plantimestamp(), "720h")
}

# Certificates that are valid for a host name, including wildcard certificates.
data "elbaas_certificates" "host" {
  covers = "www.example.com"
}

output "ids" {
  value = { for c in data.elbaas_certificates.www.certificates : c.id => c.subject_alternative_names }
}

output "expiring" {
  value = { for c in data.elbaas_certificates.expiring.certificates : c.id => c.not_after }
}

output "valid_for_host" {
  value = [for c in data.elbaas_certificates.host.certificates : c.name]
}
