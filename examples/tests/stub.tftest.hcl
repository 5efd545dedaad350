# Requires a running elbstub with a listener. The environment variables name both.

variables {
  certificate = file("./tests/www.example.com.crt")
  private_key = file("./tests/www.example.com.key")
}

run "certificate_is_accepted" {
  assert {
    condition     = elbaas_certificate.www.not_after == provider::elbaas::certificate_info(var.certificate).leaf.not_after
    error_message = "The load balancer has another certificate."
  }

  assert {
    condition     = elbaas_listener_certificate.www.certificate_id == elbaas_certificate.www.id
    error_message = "The listener does not use the certificate."
  }
}
