package pemcert_test

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/elbaas/terraform-provider-elbaas/internal/pemcert"
	"github.com/elbaas/terraform-provider-elbaas/internal/throwaway"
)

// FuzzChain: the canonical text of a chain is read as the same chain, with the same contents.
func FuzzChain(f *testing.F) {
	pair := throwaway.NewPair("www.example.com")
	f.Add(pair.Certificate)
	f.Add(pair.Certificate + pair.Certificate)
	f.Add("\ufeff" + strings.ReplaceAll(pair.Certificate, "\n", "\r") + "Subject: CN=www")
	f.Add(pair.PrivateKey)
	f.Add("-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----")
	files, err := filepath.Glob("testdata/cases/*")
	if err != nil || len(files) == 0 {
		f.Fatalf("there are no cases: %v", err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text))
	}
	f.Fuzz(func(t *testing.T, text string) {
		chain, err := pemcert.ParseChain(text)
		if err != nil {
			return
		}
		again, err := pemcert.ParseChain(chain.PEM())
		if err != nil || !again.Equal(chain) || again.PEM() != chain.PEM() || len(chain) == 0 {
			t.Errorf("read again it is %v, %v", again, err)
		}
		chain.InOrder()
		for i := range chain {
			checkFacts(t, chain[i:].Facts())
		}
		chain.Covers("www.example.com")
		if !pemcert.CertificatesIn(text).Equal(chain) {
			t.Error("a server's text is read as another one than a user's")
		}
	})
}

// checkFacts checks what Terraform relies on for every certificate.
func checkFacts(t *testing.T, facts pemcert.Facts) {
	t.Helper()
	texts := append(
		[]string{facts.SerialNumber, facts.Subject, facts.Issuer, facts.KeyAlgorithm},
		facts.SubjectAlternativeNames...,
	)
	for _, text := range texts {
		if !utf8.ValidString(text) {
			t.Errorf("%q is not UTF-8", text)
		}
	}
	if len(facts.FingerprintSHA256) != 64 || facts.SerialNumber == "" {
		t.Errorf("the facts lack what every certificate has: %+v", facts)
	}
	if _, err := strconv.Atoi(facts.KeyAlgorithm); err == nil {
		t.Errorf("the algorithm is the number %s", facts.KeyAlgorithm)
	}
	for _, at := range []time.Time{facts.NotBefore, facts.NotAfter} {
		if text := at.Format(time.RFC3339); len(text) != len("2027-01-31T00:00:00Z") {
			t.Errorf("%s is not RFC 3339", text)
		}
	}
}

// FuzzKey: the canonical text of a key is read as the same key, and no error contains a part
// of one.
func FuzzKey(f *testing.F) {
	pair := throwaway.NewPair("www.example.com")
	chain, err := pemcert.ParseChain(pair.Certificate)
	if err != nil {
		f.Fatal(err)
	}
	certificate, err := os.ReadFile("testdata/cases/pss.crt")
	if err != nil {
		f.Fatal(err)
	}
	pss := pemcert.CertificatesIn(string(certificate))
	traditional, err := os.ReadFile("testdata/cases/pss-traditional.key")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(string(traditional))
	f.Add(strings.ReplaceAll(string(traditional), "RSA-PSS", "RSA"))
	f.Add(pair.PrivateKey)
	f.Add("-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n" + pair.PrivateKey)
	f.Add("Bag Attributes\n    friendlyName: www\n" + pair.PrivateKey)
	f.Add(strings.ReplaceAll(pair.PrivateKey, "PRIVATE", "ENCRYPTED PRIVATE"))
	f.Add(strings.ReplaceAll(pair.PrivateKey, "-----\n", "-----\nProc-Type: 4,ENCRYPTED\n\n"))
	f.Add(pair.Certificate)
	f.Fuzz(func(t *testing.T, text string) {
		key, err := pemcert.ParseKey(text)
		if err != nil {
			for line := range strings.Lines(text) {
				if line = strings.TrimSpace(line); len(line) > 40 && !strings.Contains(line, "-") &&
					strings.Contains(err.Error(), line) {
					t.Errorf("the error shows %q: %v", line, err)
				}
			}
			return
		}
		again, err := pemcert.ParseKey(key.PEM().Reveal())
		if err != nil || !again.Equal(key) || !key.Equal(again) {
			t.Errorf("read again it is another: %v", err)
		}
		for _, c := range []pemcert.Chain{chain, pss} {
			key.BelongsTo(c)
			sent, err := pemcert.ParseKey(key.For(c).PEM().Reveal())
			if err != nil || !sent.Equal(key) {
				t.Errorf("another key is sent: %v", err)
			}
		}
	})
}
