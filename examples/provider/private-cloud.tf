provider "elbaas" {
  region       = "region-1"
  cloud        = "cloud.example.com"
  auth_url     = "https://iam-apigateway-proxy.cloud.example.com:443/v3"
  project_name = "region-1_mine"
  access_key   = var.access_key
  secret_key   = var.secret_key
}
