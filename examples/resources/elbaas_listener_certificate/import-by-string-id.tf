import {
  to = elbaas_listener_certificate.www
  id = "0123456789abcdef0123456789abcdef/c4e2d0a8f6b84a9d9f3b1c7e5d2a6f80" # the project is optional
}
