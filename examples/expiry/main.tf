# Certificates of the project that have expired or expire within 30 days, including those that Terraform does not
# manage.
data "elbaas_certificates" "expiring" {
  expires_before = timeadd(plantimestamp(), "720h")
}

check "no_certificate_expires" {
  assert {
    condition = length(data.elbaas_certificates.expiring.certificates) == 0
    error_message = join("\n", [
      for c in data.elbaas_certificates.expiring.certificates : "Certificate ${c.id} (${c.name}) expires on ${c.not_after}."
    ])
  }
}
