import {
  to = elbaas_listener_certificate.www
  identity = {
    project_id  = "0123456789abcdef0123456789abcdef" # optional
    listener_id = "c4e2d0a8f6b84a9d9f3b1c7e5d2a6f80"
  }
}
