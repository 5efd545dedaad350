// Package throwaway creates certificates, chains and keys for tests, the demonstration and
// measurements, in the forms that people have in files. It does not import Terraform, because
// the fuzz targets of pemcert build everything that it imports a second time.
package throwaway

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	_ "embed"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"os"
	"slices"
	"strings"
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

// NewPair returns a new self-signed certificate for a domain name, and its ECDSA key.
func NewPair(domain string) Pair { return SelfSigned(ForDomain(domain), NewECKey()) }

// ForDomain returns a template for a certificate of a domain name.
func ForDomain(domain string) *x509.Certificate {
	return &x509.Certificate{Subject: pkix.Name{CommonName: domain}, DNSNames: []string{domain}}
}

// SelfSigned returns a self-signed certificate for a key, and the key.
func SelfSigned(template *x509.Certificate, key crypto.Signer) Pair {
	return Pair{Certificate: Issue(template, key, nil, nil), PrivateKey: KeyForms(key)["PKCS#8"]}
}

// Issue returns a certificate for a key, signed by an issuer, or self-signed without one. It is
// valid for 90 days from an hour ago, unless the template says otherwise.
func Issue(template *x509.Certificate, key crypto.Signer, issuer *x509.Certificate, issuerKey crypto.Signer) string {
	if template.NotAfter.IsZero() {
		template.NotBefore, template.NotAfter = time.Now().Add(-time.Hour), time.Now().AddDate(0, 0, 90)
	}
	if issuer == nil {
		issuer, issuerKey = template, key
	}
	der := must(x509.CreateCertificate(rand.Reader, template, issuer, key.Public(), issuerKey))
	return EncodePEM("CERTIFICATE", der)
}

// must returns a value. Its error cannot happen.
func must[Value any](value Value, err error) Value {
	if err != nil {
		panic(err)
	}
	return value
}

// NewECKey returns a key on P-256.
func NewECKey() *ecdsa.PrivateKey { return must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader)) }

// NewRSAKey returns a key with a number of bits.
func NewRSAKey(bits int) *rsa.PrivateKey { return must(rsa.GenerateKey(rand.Reader, bits)) }

// NewEd25519Key returns an Ed25519 key.
func NewEd25519Key() ed25519.PrivateKey {
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
func NewChain() Chain {
	rootKey, intermediateKey, key := NewECKey(), NewECKey(), NewECKey()
	authority := func(name string) *x509.Certificate {
		return &x509.Certificate{Subject: pkix.Name{CommonName: name}, IsCA: true, BasicConstraintsValid: true}
	}
	root, intermediate, leaf := authority("root"), authority("intermediate"), ForDomain("www.example.com")
	leaf.DNSNames = append(leaf.DNSNames, "*.shop.example.com")
	return Chain{
		Leaf:            Issue(leaf, key, intermediate, intermediateKey),
		Intermediate:    Issue(intermediate, intermediateKey, root, rootKey),
		Root:            Issue(root, rootKey, nil, nil),
		Key:             key,
		IntermediateKey: intermediateKey,
	}
}

// PEM is the leaf and its intermediate.
func (c Chain) PEM() string { return c.Leaf + c.Intermediate }

// Forms are the forms in which people have a PEM text.
func Forms(text string) map[string]string {
	trimmed := strings.TrimSuffix(text, "\n")
	lines := strings.Split(trimmed, "\n")
	return map[string]string{
		"as it is":                text,
		"no newline at end":       trimmed,
		"newlines at the end":     text + "\n\n \n",
		"CRLF":                    strings.ReplaceAll(text, "\n", "\r\n"),
		"CR only":                 strings.ReplaceAll(text, "\n", "\r"),
		"indented":                "    " + strings.Join(lines, "\n    ") + "\n",
		"tabs":                    "\t" + strings.Join(lines, "\t\n\t") + "\t\n",
		"byte order mark":         "\ufeff" + text,
		"blank lines":             strings.Join(lines, "\n\n"),
		"48 columns":              rewrapped(text, 48),
		"76 columns":              rewrapped(text, 76),
		"base64 on one line":      rewrapped(text, 1<<20),
		"spaces for line ends":    strings.Join(lines, " "),
		"no line ends":            strings.Join(lines, ""),
		"spaces before the label": strings.NewReplacer("BEGIN ", "BEGIN  ", "END ", "END  ").Replace(text),
		"text before":             "subject=CN = www.example.com\nissuer=CN = x\n" + text,
		"text after":              text + "# the end\n",
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
func KeyForms(key any) map[string]string {
	all := map[string]string{"PKCS#8": EncodePEM("PRIVATE KEY", must(x509.MarshalPKCS8PrivateKey(key)))}
	switch key := key.(type) {
	case *rsa.PrivateKey:
		all["PKCS#1"] = EncodePEM("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(key))
		all["PKCS#1 under a wrong name"] = EncodePEM("PRIVATE KEY", x509.MarshalPKCS1PrivateKey(key))
	case *ecdsa.PrivateKey:
		all["SEC 1"] = EncodePEM("EC PRIVATE KEY", must(x509.MarshalECPrivateKey(key)))
		oidP256 := []byte{6, 8, 42, 134, 72, 206, 61, 3, 1, 7}
		all["SEC 1 with parameters"] = EncodePEM("EC PARAMETERS", oidP256) + all["SEC 1"]
	}
	return all
}

// A certificate with an algorithm that the standard library does not know, its key, and the encrypted
// key of another one. openssl has made them.
var (
	//go:embed testdata/sm2.crt
	SM2 string
	//go:embed testdata/sm2.key
	SM2Key string
	//go:embed testdata/encrypted.key
	EncryptedKey string
)
