provider "elbaas" {
  region     = "cn-north-4"
  access_key = var.access_key
  secret_key = var.secret_key

  assume_role {
    agency_name = "certificates"
    domain_name = "the-other-account"
  }
}
