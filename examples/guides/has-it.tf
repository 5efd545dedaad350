data "elbaas_certificates" "all" {}

output "number_of_certificates" {
  value = length(data.elbaas_certificates.all.certificates)
}
