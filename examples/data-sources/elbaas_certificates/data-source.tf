# Those of a project, by name.
data "elbaas_certificates" "www" {
  name_regex = "^www-"
}

# Those that end within 30 days.
data "elbaas_certificates" "expiring" {
  expires_before = timeadd(plantimestamp(), "720h")
}

output "ids" {
  value = { for c in data.elbaas_certificates.www.certificates : c.id => c.subject_alternative_names }
}

output "expiring" {
  value = { for c in data.elbaas_certificates.expiring.certificates : c.id => c.not_after }
}
