package pemcert_test

import (
	"testing"

	"github.com/elbaas/terraform-provider-elbaas/internal/pemcert"
	"github.com/elbaas/terraform-provider-elbaas/internal/throwaway"
)

// rsaPair is the most common pair: an RSA key of 2,048 bits and its certificate.
func rsaPair(b *testing.B) (certificate, key string) {
	b.Helper()
	pair := throwaway.SelfSigned(throwaway.ForDomain("www.example.com"), throwaway.NewRSAKey(2048))
	return pair.Certificate, pair.PrivateKey
}

func BenchmarkParseChain(b *testing.B) {
	certificate, _ := rsaPair(b)
	for name, text := range map[string]string{
		"as openssl writes it": certificate,
		"indented":             throwaway.Forms(certificate)["indented"],
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
	other, _ := pemcert.ParseChain(throwaway.Forms(certificate)["CRLF"])
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
		chain.Facts()
	}
}
