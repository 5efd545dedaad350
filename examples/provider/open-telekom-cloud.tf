provider "elbaas" {
  region     = "eu-de"
  cloud      = "otc.t-systems.com"
  access_key = var.access_key
  secret_key = var.secret_key
}
