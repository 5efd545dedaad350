# HTTPS listeners whose name begins with www-.
data "elbaas_listeners" "www" {
  protocol   = "HTTPS"
  name_regex = "^www-"
}

# Listeners that use a certificate, as their own or for SNI.
data "elbaas_certificate" "www" {
  name = "www-example-com"
}

data "elbaas_listeners" "of_certificate" {
  certificate_id = data.elbaas_certificate.www.id
}

output "listener_ids" {
  value = { for l in data.elbaas_listeners.www.listeners : l.name => l.id }
}

output "listeners_of_certificate" {
  value = [for l in data.elbaas_listeners.of_certificate.listeners : "${l.name}:${l.port} of load balancer ${l.loadbalancer_id}"]
}
