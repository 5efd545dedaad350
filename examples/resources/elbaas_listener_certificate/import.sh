# By listener ID, in the provider's project:
terraform import elbaas_listener_certificate.www c4e2d0a8f6b84a9d9f3b1c7e5d2a6f80

# By project ID and listener ID:
terraform import elbaas_listener_certificate.www 0123456789abcdef0123456789abcdef/c4e2d0a8f6b84a9d9f3b1c7e5d2a6f80
