// Package throwaway creates self-signed certificates and keys for tests, the demonstration
// and measurements.
package throwaway

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"os"
	"time"
)

// A Pair is a certificate and its key as PEM that ends with a newline, as openssl writes
// files.
type Pair struct {
	Certificate string
	PrivateKey  string
}

// Write writes the pair to the files path.crt and path.key.
func (p Pair) Write(path string) error {
	return errors.Join(
		os.WriteFile(path+".crt", []byte(p.Certificate), 0o600),
		os.WriteFile(path+".key", []byte(p.PrivateKey), 0o600),
	)
}

// NewPair returns a new self-signed certificate for a domain name, which is valid for 90 days
// from an hour ago, and its ECDSA key. Options change the certificate.
func NewPair(domain string, options ...func(*x509.Certificate)) (Pair, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return Pair{}, err
	}
	return Issue(domain, key, options...)
}

// Issue returns such a certificate for a key.
func Issue(domain string, key crypto.Signer, options ...func(*x509.Certificate)) (Pair, error) {
	template := &x509.Certificate{
		Subject:   pkix.Name{CommonName: domain},
		DNSNames:  []string{domain},
		NotBefore: time.Now().Add(-time.Hour),
		NotAfter:  time.Now().AddDate(0, 0, 90),
	}
	for _, option := range options {
		option(template)
	}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	privateKey, keyErr := x509.MarshalPKCS8PrivateKey(key)
	return Pair{
		Certificate: string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate})),
		PrivateKey:  string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: privateKey})),
	}, errors.Join(err, keyErr)
}
