provider "elbaas" {
  region     = "cn-north-4"
  access_key = var.access_key
  secret_key = var.secret_key
}
