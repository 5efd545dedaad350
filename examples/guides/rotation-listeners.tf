variable "listener_ids" {
  description = "IDs of the listeners of www.example.com."
  type        = set(string)
}

resource "elbaas_listener_certificate" "www" {
  for_each       = var.listener_ids
  listener_id    = each.value
  certificate_id = elbaas_certificate.www.id
}
