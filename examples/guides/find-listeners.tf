data "elbaas_listeners" "all" {}

output "listeners" {
  value = [
    for l in data.elbaas_listeners.all.listeners : {
      id             = l.id
      name           = l.name
      port           = l.port
      certificate_id = l.certificate_id
    } if l.certificate_id != null
  ]
}
