provider "elbaas" {
  region     = "eu-west-0"
  cloud      = "prod-cloud-ocb.orange-business.com"
  access_key = var.access_key
  secret_key = var.secret_key
}
