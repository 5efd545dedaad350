mock_provider "elbaas" {
  source = "./tests"
}

variables {
  certificate = file("./tests/www.example.com.crt")
  private_key = file("./tests/www.example.com.key")

  listener_id             = "aaaabbbbccccddddeeeeffff00001111"
  fallback_certificate_id = "11112222333344445555666677778888"
}

run "listener_uses_the_certificate" {
  assert {
    condition     = elbaas_listener_certificate.www.certificate_id == elbaas_certificate.www.id
    error_message = "The listener does not use the certificate."
  }

  assert {
    condition     = timecmp(output.renew_from, "2030-01-01T00:00:00Z") > 0
    error_message = "The renewal is not 30 days before the expiry."
  }
}
