import {
  to = elbaas_certificate.www
  id = "0123456789abcdef0123456789abcdef/5b8f908b5495452aa13beede0afc5d99" # the project is optional
}
