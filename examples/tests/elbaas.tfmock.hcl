# Realistic values for mock_provider "elbaas".

mock_resource "elbaas_certificate" {
  defaults = {
    id                        = "0123456789abcdef0123456789abcdef"
    name                      = "www-example-com"
    description               = ""
    domain                    = "www.example.com"
    project_id                = "fedcba9876543210fedcba9876543210"
    create_time               = "2026-01-01 00:00:00"
    update_time               = "2026-01-01 00:00:00"
    not_before                = "2026-01-01T00:00:00Z"
    not_after                 = "2036-01-01T00:00:00Z"
    fingerprint_sha256        = "ffe67a9d9366a5acac9e55e5015d4259ecf79e97a41ab0192c5d65f0dd577e97"
    serial_number             = "abc"
    subject                   = "CN=www.example.com"
    issuer                    = "CN=Example CA"
    subject_alternative_names = ["www.example.com"]
    key_algorithm             = "ECDSA P-256"
  }
}

mock_resource "elbaas_listener_certificate" {
  defaults = {
    id              = "aaaabbbbccccddddeeeeffff00001111"
    project_id      = "fedcba9876543210fedcba9876543210"
    listener_name   = "https-1"
    loadbalancer_id = "bbbbccccddddeeeeffff000011112222"
    port            = 443
    protocol        = "HTTPS"
  }
}

mock_data "elbaas_certificate" {
  defaults = {
    certificate = <<-EOT
      -----BEGIN CERTIFICATE-----
      MIIBYzCCAQigAwIBAgICCrwwCgYIKoZIzj0EAwIwFTETMBEGA1UEAxMKRXhhbXBs
      ZSBDQTAeFw0yNjAxMDEwMDAwMDBaFw0zNjAxMDEwMDAwMDBaMBoxGDAWBgNVBAMT
      D3d3dy5leGFtcGxlLmNvbTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABDshqkX6
      UMmqccZYLeR9zmU5HaX69JqXBasae75786H2aYu3F2g8OUuBHWZdVYxS8IBDj8SL
      U3BiKIl97ac5DiijQzBBMA4GA1UdDwEB/wQEAwIHgDATBgNVHSUEDDAKBggrBgEF
      BQcDATAaBgNVHREEEzARgg93d3cuZXhhbXBsZS5jb20wCgYIKoZIzj0EAwIDSQAw
      RgIhAO7zWZX+uArcTUWPrNa26bcX2p49ztj6LMPpzaiCMFQHAiEA8m0ltj9IB00T
      aopKIQwwvT4vaXHMf4zpTS77CGimUyU=
      -----END CERTIFICATE-----
    EOT

    id                        = "0123456789abcdef0123456789abcdef"
    name                      = "www-example-com"
    description               = ""
    domain                    = "www.example.com"
    project_id                = "fedcba9876543210fedcba9876543210"
    create_time               = "2026-01-01 00:00:00"
    update_time               = "2026-01-01 00:00:00"
    not_before                = "2026-01-01T00:00:00Z"
    not_after                 = "2036-01-01T00:00:00Z"
    fingerprint_sha256        = "ffe67a9d9366a5acac9e55e5015d4259ecf79e97a41ab0192c5d65f0dd577e97"
    serial_number             = "abc"
    subject                   = "CN=www.example.com"
    issuer                    = "CN=Example CA"
    subject_alternative_names = ["www.example.com"]
    key_algorithm             = "ECDSA P-256"
  }
}

# Terraform generates empty lists of objects. It takes the values of their elements from one object.
mock_data "elbaas_certificates" {
  defaults = {
    project_id = "fedcba9876543210fedcba9876543210"
    certificates = {
      certificate = <<-EOT
        -----BEGIN CERTIFICATE-----
        MIIBYzCCAQigAwIBAgICCrwwCgYIKoZIzj0EAwIwFTETMBEGA1UEAxMKRXhhbXBs
        ZSBDQTAeFw0yNjAxMDEwMDAwMDBaFw0zNjAxMDEwMDAwMDBaMBoxGDAWBgNVBAMT
        D3d3dy5leGFtcGxlLmNvbTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABDshqkX6
        UMmqccZYLeR9zmU5HaX69JqXBasae75786H2aYu3F2g8OUuBHWZdVYxS8IBDj8SL
        U3BiKIl97ac5DiijQzBBMA4GA1UdDwEB/wQEAwIHgDATBgNVHSUEDDAKBggrBgEF
        BQcDATAaBgNVHREEEzARgg93d3cuZXhhbXBsZS5jb20wCgYIKoZIzj0EAwIDSQAw
        RgIhAO7zWZX+uArcTUWPrNa26bcX2p49ztj6LMPpzaiCMFQHAiEA8m0ltj9IB00T
        aopKIQwwvT4vaXHMf4zpTS77CGimUyU=
        -----END CERTIFICATE-----
      EOT

      id                        = "0123456789abcdef0123456789abcdef"
      name                      = "www-example-com"
      description               = ""
      domain                    = "www.example.com"
      project_id                = "fedcba9876543210fedcba9876543210"
      create_time               = "2026-01-01 00:00:00"
      update_time               = "2026-01-01 00:00:00"
      not_before                = "2026-01-01T00:00:00Z"
      not_after                 = "2036-01-01T00:00:00Z"
      fingerprint_sha256        = "ffe67a9d9366a5acac9e55e5015d4259ecf79e97a41ab0192c5d65f0dd577e97"
      serial_number             = "abc"
      subject                   = "CN=www.example.com"
      issuer                    = "CN=Example CA"
      subject_alternative_names = ["www.example.com"]
      key_algorithm             = "ECDSA P-256"
    }
  }
}

mock_data "elbaas_listeners" {
  defaults = {
    project_id = "fedcba9876543210fedcba9876543210"
    listeners = {
      id                  = "aaaabbbbccccddddeeeeffff00001111"
      name                = "https-1"
      protocol            = "HTTPS"
      port                = 443
      loadbalancer_id     = "bbbbccccddddeeeeffff000011112222"
      certificate_id      = "11112222333344445555666677778888"
      sni_certificate_ids = []
      status              = "ACTIVE"
    }
  }
}
