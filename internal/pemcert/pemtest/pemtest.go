// Package pemtest creates self-signed certificates, chains and keys for tests, in the forms
// that people have in files. It does not import Terraform, because the fuzz targets of
// pemcert build everything that it imports a second time.
package pemtest

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"encoding/pem"
	"slices"
	"strings"
	"testing"
	"time"
)

// Issue returns the DER of a certificate for a key, signed by an issuer, or self-signed
// without one.
func Issue(
	t testing.TB, template *x509.Certificate, key crypto.Signer, issuer *x509.Certificate, issuerKey crypto.Signer,
) []byte {
	t.Helper()
	if template.NotAfter.IsZero() {
		template.NotBefore, template.NotAfter = time.Now().Add(-time.Hour), time.Now().AddDate(0, 0, 90)
	}
	if issuer == nil {
		issuer, issuerKey = template, key
	}
	return must(x509.CreateCertificate(rand.Reader, template, issuer, key.Public(), issuerKey))
}

// must returns a value that there is always.
func must[Value any](value Value, err error) Value {
	if err != nil {
		panic(err)
	}
	return value
}

// NewECKey returns a key on P-256.
func NewECKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	return must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
}

// NewRSAKey returns a key with a number of bits.
func NewRSAKey(t testing.TB, bits int) *rsa.PrivateKey {
	t.Helper()
	return must(rsa.GenerateKey(rand.Reader, bits))
}

// NewEd25519Key returns an Ed25519 key.
func NewEd25519Key(t *testing.T) ed25519.PrivateKey {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	return must(key, err)
}

// EncodePEM writes one block.
func EncodePEM(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

// A Chain is a leaf, its intermediate, and the root, with the leaf's key.
type Chain struct {
	Leaf, Intermediate, Root string
	Key                      *ecdsa.PrivateKey
	IntermediateKey          *ecdsa.PrivateKey
}

// NewChain returns a chain for www.example.com.
func NewChain(t *testing.T) Chain {
	t.Helper()
	rootKey, intermediateKey, key := NewECKey(t), NewECKey(t), NewECKey(t)
	authority := func(name string) *x509.Certificate {
		return &x509.Certificate{Subject: pkix.Name{CommonName: name}, IsCA: true, BasicConstraintsValid: true}
	}
	root, intermediate := authority("root"), authority("intermediate")
	leaf := &x509.Certificate{
		Subject:  pkix.Name{CommonName: "www.example.com"},
		DNSNames: []string{"www.example.com", "*.shop.example.com"},
	}
	return Chain{
		Leaf:            EncodePEM("CERTIFICATE", Issue(t, leaf, key, intermediate, intermediateKey)),
		Intermediate:    EncodePEM("CERTIFICATE", Issue(t, intermediate, intermediateKey, root, rootKey)),
		Root:            EncodePEM("CERTIFICATE", Issue(t, root, rootKey, nil, nil)),
		Key:             key,
		IntermediateKey: intermediateKey,
	}
}

// PEM is the leaf and its intermediate.
func (c Chain) PEM() string { return c.Leaf + c.Intermediate }

// Forms are forms in which people have the same PEM text.
func Forms(text string) map[string]string {
	trimmed := strings.TrimSuffix(text, "\n")
	lines := strings.Split(trimmed, "\n")
	return map[string]string{
		"as it is":             text,
		"no newline at end":    trimmed,
		"newlines at the end":  text + "\n\n \n",
		"CRLF":                 strings.ReplaceAll(text, "\n", "\r\n"),
		"CR only":              strings.ReplaceAll(text, "\n", "\r"),
		"indented":             "    " + strings.Join(lines, "\n    ") + "\n",
		"tabs":                 "\t" + strings.Join(lines, "\t\n\t") + "\t\n",
		"byte order mark":      "\ufeff" + text,
		"blank lines":          strings.Join(lines, "\n\n"),
		"48 columns":           rewrapped(text, 48),
		"76 columns":           rewrapped(text, 76),
		"base64 on one line":   rewrapped(text, 1<<20),
		"spaces for line ends": strings.Join(lines, " "),
		"no line ends":         strings.Join(lines, ""),
		"text before":          "subject=CN = www.example.com\nissuer=CN = x\n" + text,
		"text after":           text + "# the end\n",
		"bag attributes": "Bag Attributes\n    localKeyID: 01 02\n    friendlyName: www\nKey " +
			"Attributes: <No Attributes>\n" + text,
		"text dump": "Certificate:\n    Data:\n        Version: 3 (0x2)\n        Serial Number: 01:02\n" + text,
	}
}

// rewrapped returns the blocks of a text with lines of another width.
func rewrapped(text string, width int) string {
	var b strings.Builder
	for block, rest := pem.Decode([]byte(text)); block != nil; block, rest = pem.Decode(rest) {
		b.WriteString("-----BEGIN " + block.Type + "-----\n")
		for line := range slices.Chunk([]byte(base64.StdEncoding.EncodeToString(block.Bytes)), width) {
			b.WriteString(string(line) + "\n")
		}
		b.WriteString("-----END " + block.Type + "-----\n")
	}
	return b.String()
}

// KeyForms are the encodings of a private key.
func KeyForms(t testing.TB, key any) map[string]string {
	t.Helper()
	all := map[string]string{"PKCS#8": EncodePEM("PRIVATE KEY", must(x509.MarshalPKCS8PrivateKey(key)))}
	switch key := key.(type) {
	case *rsa.PrivateKey:
		all["PKCS#1"] = EncodePEM("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(key))
		all["PKCS#1 under a wrong name"] = EncodePEM("PRIVATE KEY", x509.MarshalPKCS1PrivateKey(key))
	case *ecdsa.PrivateKey:
		all["SEC 1"] = EncodePEM("EC PRIVATE KEY", must(x509.MarshalECPrivateKey(key)))
		all["SEC 1 with parameters"] = EncodePEM("EC PARAMETERS", prime256v1) + all["SEC 1"]
	}
	return all
}

// prime256v1 is the object identifier of P-256.
var prime256v1 = []byte{6, 8, 42, 134, 72, 206, 61, 3, 1, 7}

// SM2 is a certificate with an algorithm that the standard library does not know: its OIDs
// are those of SM2 and SM3, and its signature is not valid.
func SM2(t *testing.T) string {
	t.Helper()
	der := Issue(t, &x509.Certificate{Subject: pkix.Name{CommonName: "sm2"}}, NewECKey(t), nil, nil)
	der = bytes.ReplaceAll(der, prime256v1, []byte{6, 8, 42, 129, 28, 207, 85, 1, 130, 45})
	if _, err := x509.ParseCertificate(der); err == nil {
		t.Fatal("the standard library has learnt SM2")
	}
	return EncodePEM("CERTIFICATE", der)
}

// An algorithm is an AlgorithmIdentifier.
type algorithm struct{ ID asn1.ObjectIdentifier }

// SM2Key is a private key with an algorithm that the standard library does not know. Its
// content is not valid.
func SM2Key() string {
	return EncodePEM("PRIVATE KEY", must(asn1.Marshal(struct {
		Version   int
		Algorithm algorithm
		Key       []byte
	}{0, algorithm{asn1.ObjectIdentifier{1, 2, 156, 10197, 1, 301}}, []byte("key")})))
}

// EncryptedKey has the form of an encrypted private key in PKCS#8. Its content is not valid.
func EncryptedKey() string {
	return EncodePEM("ENCRYPTED PRIVATE KEY", must(asn1.Marshal(struct {
		Algorithm algorithm
		Data      []byte
	}{algorithm{asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 13}}, []byte("data")})))
}
