provider "elbaas" {
  region      = "eu-de"
  cloud       = "otc.t-systems.com"
  user_name   = "automation"
  password    = var.password
  domain_name = "OTC00000000001000000000"
}
