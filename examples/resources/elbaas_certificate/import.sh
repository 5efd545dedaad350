# By the id of the certificate, in the project of the provider:
terraform import elbaas_certificate.www 5b8f908b5495452aa13beede0afc5d99

# By the id of its project and its own:
terraform import elbaas_certificate.www 0123456789abcdef0123456789abcdef/5b8f908b5495452aa13beede0afc5d99
