variable "other_project_id" {
  type = string
}

data "elbaas_certificate" "www" {
  name = "www-example-com"
}

ephemeral "elbaas_certificate" "www" {
  id = data.elbaas_certificate.www.id
}

# A copy in another project. The private key is in no plan and no state.
resource "elbaas_certificate" "copy" {
  project_id     = var.other_project_id
  name           = data.elbaas_certificate.www.name
  certificate    = data.elbaas_certificate.www.certificate
  private_key_wo = ephemeral.elbaas_certificate.www.private_key
}
