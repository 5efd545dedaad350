data "elbaas_certificates" "all" {}

data "elbaas_listeners" "all" {}

output "certificates" {
  value = {
    for c in data.elbaas_certificates.all.certificates : c.id => {
      name      = c.name
      domain    = c.domain
      not_after = c.not_after
    }
  }
}

output "listeners" {
  value = {
    for l in data.elbaas_listeners.all.listeners : l.id => {
      name                = l.name
      port                = l.port
      certificate_id      = l.certificate_id
      sni_certificate_ids = l.sni_certificate_ids
    } if l.certificate_id != null || length(l.sni_certificate_ids) > 0
  }
}
