import {
  to = elbaas_certificate.www
  identity = {
    project_id = "0123456789abcdef0123456789abcdef" # optional
    id         = "5b8f908b5495452aa13beede0afc5d99"
  }
}
