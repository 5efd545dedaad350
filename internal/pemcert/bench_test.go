package pemcert_test

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"testing"

	"github.com/elbaas/terraform-provider-elbaas/internal/pemcert"
	"github.com/elbaas/terraform-provider-elbaas/internal/pemcert/pemtest"
)

// rsaPair is the most common pair: an RSA key of 2,048 bits and its certificate.
func rsaPair(b *testing.B) (certificate, key string) {
	b.Helper()
	private := pemtest.NewRSAKey(b, 2048)
	template := x509.Certificate{
		Subject:  pkix.Name{CommonName: "www.example.com"},
		DNSNames: []string{"www.example.com"},
	}
	return pemtest.EncodePEM(
		"CERTIFICATE",
		pemtest.Issue(b, &template, private, nil, nil),
	), pemtest.KeyForms(b, private)["PKCS#8"]
}

func BenchmarkParseChain(b *testing.B) {
	certificate, _ := rsaPair(b)
	for name, text := range map[string]string{
		"as openssl writes it": certificate,
		"indented":             pemtest.Forms(certificate)["indented"],
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, err := pemcert.ParseChain(text); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkParseKey(b *testing.B) {
	_, key := rsaPair(b)
	for b.Loop() {
		if _, err := pemcert.ParseKey(key); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkEqual(b *testing.B) {
	certificate, _ := rsaPair(b)
	one, _ := pemcert.ParseChain(certificate)
	other, _ := pemcert.ParseChain(pemtest.Forms(certificate)["CRLF"])
	for b.Loop() {
		if !one.Equal(other) {
			b.Fatal("they differ")
		}
	}
}

func BenchmarkFacts(b *testing.B) {
	certificate, _ := rsaPair(b)
	chain, _ := pemcert.ParseChain(certificate)
	for b.Loop() {
		chain.Facts(0)
	}
}
