data "elbaas_certificates" "all" {}

output "certificates" {
  value = {
    for c in data.elbaas_certificates.all.certificates : c.id => {
      name        = c.name
      description = c.description
      domain      = c.domain
      names       = c.subject_alternative_names
    }
  }
}
