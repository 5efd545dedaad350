variable "until" {
  description = "Latest expiry date: RFC 3339, such as 2027-01-31T00:00:00Z."
  type        = string
}

# All certificates of the provider's project.
list "elbaas_certificate" "all" {
  provider = elbaas
  config {}
}

# Certificates of a project that have expired or expire soon, with all attributes.
list "elbaas_certificate" "expiring" {
  provider         = elbaas
  include_resource = true
  limit            = 50

  config {
    project_id     = "0123456789abcdef0123456789abcdef"
    name_regex     = "^www-"
    expires_before = var.until
  }
}
