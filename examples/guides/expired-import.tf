import {
  to = elbaas_certificate.www
  id = "5b8f908b5495452aa13beede0afc5d99" # the expired certificate
}
