package pemcert

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"time"
)

// A Chain is a certificate, the leaf, and the certificates that follow it.
type Chain struct {
	ders [][]byte
}

// ParseChain reads the certificates of a text. A certificate whose algorithms
// this library does not know, such as SM2, is read too: see Leaf.
func ParseChain(text string) (Chain, error) {
	all, err := blocks(text)
	if err != nil {
		return Chain{}, err
	}
	var c Chain
	for i, block := range all {
		if err := checkCertificateBlock(block); err != nil {
			return Chain{}, err
		}
		if !isCertificate(block.Bytes) {
			return Chain{}, fmt.Errorf("is damaged: its block %d of %d is marked as a certificate, but its content is none (it is not the DER of an X.509 certificate). "+
				"Get the file again from the certificate authority, or check that nothing was changed while copying", i+1, len(all))
		}
		c.ders = append(c.ders, block.Bytes)
	}
	return c, nil
}

// ChainIn reads the certificates of what a server shows, and leaves out what else it
// keeps beside them, such as a key.
func ChainIn(text string) (Chain, error) {
	all, err := blocks(text)
	var c Chain
	for _, block := range all {
		if checkCertificateBlock(block) == nil && isCertificate(block.Bytes) {
			c.ders = append(c.ders, block.Bytes)
		}
	}
	if err == nil && len(c.ders) == 0 {
		err = errors.New("has no certificate")
	}
	return c, err
}

// CertificateBlocks returns the DER of the certificate blocks of a text, the leaf
// first, whatever else a server keeps beside them. It returns nil where there is none.
func CertificateBlocks(text string) [][]byte {
	all, _ := blocks(text)
	var ders [][]byte
	for _, block := range all {
		if checkCertificateBlock(block) == nil {
			ders = append(ders, block.Bytes)
		}
	}
	return ders
}

// checkCertificateBlock tells what stands where a certificate should.
func checkCertificateBlock(block *pem.Block) error {
	switch kind := block.Type; {
	case kind == "CERTIFICATE" || kind == "X509 CERTIFICATE":
		return nil
	case strings.HasSuffix(kind, "PRIVATE KEY"):
		return errors.New("contains a private key, which would be shown to everybody who may see the certificate. Move that block to private_key")
	case kind == "EC PARAMETERS":
		return errors.New("contains EC PARAMETERS, which belong to a private key. Remove that block, and give the key in private_key")
	case strings.HasSuffix(kind, "CERTIFICATE REQUEST"):
		return errors.New("contains a certificate signing request (CSR), which is what one sends to a certificate authority. Give the certificate that the authority sent back")
	case strings.HasSuffix(kind, "PUBLIC KEY"):
		return errors.New("contains a public key alone. Give the certificate, which begins with -----BEGIN CERTIFICATE-----")
	case kind == "TRUSTED CERTIFICATE":
		return errors.New("is in the format of openssl alone (TRUSTED CERTIFICATE). Convert it: openssl x509 -in FILE")
	case kind == "PKCS7":
		return errors.New("is a PKCS#7 bundle. Convert it: openssl pkcs7 -in FILE -print_certs")
	default:
		return fmt.Errorf("contains a block of the type %q. Only blocks that begin with -----BEGIN CERTIFICATE----- belong here", kind)
	}
}

// isCertificate reports whether a DER value is built like a certificate of RFC
// 5280, whatever its algorithms.
func isCertificate(der []byte) bool {
	var certificate struct {
		TBS       asn1.RawValue
		Algorithm struct {
			ID         asn1.ObjectIdentifier
			Parameters asn1.RawValue `asn1:"optional"`
		}
		Signature asn1.BitString
	}
	rest, err := asn1.Unmarshal(der, &certificate)
	return err == nil && len(rest) == 0 && certificate.TBS.Tag == asn1.TagSequence
}

// PEM returns the canonical text: only the blocks, LF, 64 columns, no line end
// after the last.
func (c Chain) PEM() string {
	return encode("CERTIFICATE", c.ders...)
}

// Len returns the number of certificates.
func (c Chain) Len() int { return len(c.ders) }

// Equal reports whether both are the same certificates in the same order.
func (c Chain) Equal(other Chain) bool {
	if len(c.ders) != len(other.ders) {
		return false
	}
	for i := range c.ders {
		if !bytes.Equal(c.ders[i], other.ders[i]) {
			return false
		}
	}
	return true
}

// Leaf returns the first certificate. It fails when that is a certificate with
// something in it that this library does not know.
func (c Chain) Leaf() (*x509.Certificate, error) {
	return c.Certificate(0)
}

// Certificate returns a certificate by its position; 0 is the leaf. It fails as
// Leaf does.
func (c Chain) Certificate(i int) (*x509.Certificate, error) {
	if i >= len(c.ders) {
		return nil, errors.New("has no certificate")
	}
	return x509.ParseCertificate(c.ders[i])
}

// InOrder reports whether each certificate is followed by the one that issued
// it. Certificates that cannot be read are not held against the chain.
func (c Chain) InOrder() bool {
	for i := 1; i < len(c.ders); i++ {
		subject, err := c.Certificate(i - 1)
		issuer, issuerErr := c.Certificate(i)
		if err != nil || issuerErr != nil {
			continue
		}
		if !bytes.Equal(subject.RawIssuer, issuer.RawSubject) || bytes.Equal(subject.Raw, issuer.Raw) || !signed(subject, issuer) {
			return false
		}
	}
	return true
}

// signed reports whether a certificate was signed by an issuer: a renewed
// authority often has the name of the old one. An algorithm that this library
// does not verify is not held against them.
func signed(subject, issuer *x509.Certificate) bool {
	err := subject.CheckSignatureFrom(issuer)
	var insecure x509.InsecureAlgorithmError
	return err == nil || errors.As(err, &insecure) || errors.Is(err, x509.ErrUnsupportedAlgorithm)
}

// Facts are what a certificate says of itself.
type Facts struct {
	NotBefore, NotAfter time.Time // UTC
	// FingerprintSHA256 is the SHA-256 of the DER, as 64 hexadecimal digits in
	// lower case.
	FingerprintSHA256 string
	// SerialNumber is in hexadecimal digits, in lower case, without leading
	// zeros.
	SerialNumber string
	// Subject and Issuer are distinguished names in the form of RFC 2253.
	Subject, Issuer string
	// SubjectAlternativeNames are the DNS names, IP addresses, email addresses
	// and URIs, in this order.
	SubjectAlternativeNames []string
	// KeyAlgorithm is such as "RSA 2048", "ECDSA P-256", "Ed25519".
	KeyAlgorithm string
}

// FactsOf returns what a certificate says of itself.
func FactsOf(cert *x509.Certificate) Facts {
	fingerprint := sha256.Sum256(cert.Raw)
	return Facts{
		NotBefore:               cert.NotBefore.UTC(),
		NotAfter:                cert.NotAfter.UTC(),
		FingerprintSHA256:       hex.EncodeToString(fingerprint[:]),
		SerialNumber:            cert.SerialNumber.Text(16),
		Subject:                 cert.Subject.String(),
		Issuer:                  cert.Issuer.String(),
		SubjectAlternativeNames: names(cert),
		KeyAlgorithm:            keyAlgorithm(cert),
	}
}

func names(cert *x509.Certificate) []string {
	all := append([]string{}, cert.DNSNames...)
	all = appendTexts(all, cert.IPAddresses, net.IP.String)
	all = append(all, cert.EmailAddresses...)
	return appendTexts(all, cert.URIs, (*url.URL).String)
}

func appendTexts[T any](texts []string, values []T, text func(T) string) []string {
	for _, value := range values {
		texts = append(texts, text(value))
	}
	return texts
}

func keyAlgorithm(cert *x509.Certificate) string {
	switch key := cert.PublicKey.(type) {
	case *rsa.PublicKey:
		return fmt.Sprintf("RSA %d", key.N.BitLen())
	case *ecdsa.PublicKey:
		return "ECDSA " + key.Params().Name
	case ed25519.PublicKey:
		return "Ed25519"
	}
	return cert.PublicKeyAlgorithm.String()
}

// Covers reports whether a certificate is good for a domain name. A certificate
// without alternative names, as they were made until some years ago, is good for
// its common name.
func Covers(cert *x509.Certificate, domain string) bool {
	if len(names(cert)) == 0 {
		old := *cert
		old.DNSNames = []string{cert.Subject.CommonName}
		cert = &old
	}
	return cert.VerifyHostname(domain) == nil
}
