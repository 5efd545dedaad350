# By certificate ID, in the provider's project:
terraform import elbaas_certificate.www 5b8f908b5495452aa13beede0afc5d99

# By project ID and certificate ID:
terraform import elbaas_certificate.www 0123456789abcdef0123456789abcdef/5b8f908b5495452aa13beede0afc5d99
