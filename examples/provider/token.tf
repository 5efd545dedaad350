provider "elbaas" {
  endpoint   = "https://elb.eu-de.otc.t-systems.com"
  project_id = "0123456789abcdef0123456789abcdef"
  token      = var.token
}
