package pemcert

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"
)

// A Chain is the leaf certificate and the certificates that follow it.
type Chain []certificate

// ParseChain reads the certificates of a text, which must have no other blocks. It also reads
// certificates with algorithms that the standard library does not know, such as SM2.
func ParseChain(text string) (Chain, error) {
	all, err := parseBlocks(text, "certificate")
	if err != nil {
		return nil, err
	}
	var c Chain
	for i, b := range all {
		cert, err := b.certificate(fmt.Sprintf("certificate block %d of %d", i+1, len(all)))
		if err != nil {
			return nil, err
		}
		c = append(c, cert)
	}
	return c, nil
}

// certificate reads a block that must be a certificate.
func (b block) certificate(where string) (certificate, error) {
	label := kindOfLabel(b)
	cert, ok := readCertificate(b.der)
	switch {
	case ok && label == kindCertificate:
		return cert, nil
	case label == kindTrustedCertificate: // its content may be that of an ordinary certificate
		return certificate{}, b.refuse(where, label, label.asCertificate)
	case b.problem != "" && label == kindCertificate:
		return certificate{}, fmt.Errorf("%s %s", where, b.problem)
	}
	if is := b.kind(); ok || is != kindCertificate {
		return certificate{}, b.refuse(where, is, is.asCertificate)
	}
	return certificate{}, fmt.Errorf("%s is not valid DER of an X.509 certificate. "+
		"Get the file again from the certificate authority, or check that nothing was changed while copying", where)
}

// CertificatesIn returns the certificates of a text, the leaf first. It ignores all other blocks:
// a server may return a private key there, which must not become part of any value. The chain
// is empty if one of its certificates cannot be read.
func CertificatesIn(text string) Chain {
	var c Chain
	for _, b := range blocks(text) {
		if kindOfLabel(b) != kindCertificate {
			continue
		}
		cert, ok := readCertificate(b.der)
		if !ok {
			return nil // without this certificate, another one could be mistaken for the leaf
		}
		c = append(c, cert)
	}
	return c
}

// DERs returns the DER of each certificate, or nil if there are none.
func (c Chain) DERs() [][]byte {
	var ders [][]byte
	for _, cert := range c {
		ders = append(ders, cert.DER)
	}
	return ders
}

// PEM returns the canonical text: only the blocks, LF, 64 columns, no line end after the last.
func (c Chain) PEM() string {
	return encode("CERTIFICATE", c.DERs()...)
}

// Equal reports whether both have the same certificates in the same order.
func (c Chain) Equal(other Chain) bool {
	return slices.EqualFunc(c, other, certificate.equal)
}

func (c certificate) equal(other certificate) bool { return bytes.Equal(c.DER, other.DER) }

// InOrder reports whether each certificate is followed by its issuer. An authority may have two
// certificates for the same key, because another authority has cross-signed it; both may be in the
// chain. What cannot be determined counts as right.
func (c Chain) InOrder() bool {
	first := 0 // c[first:i] are for the same name and key
	for i := 1; i < len(c); i++ {
		switch {
		case slices.ContainsFunc(c[:i], c[i].equal):
			return false
		case slices.ContainsFunc(c[first:i], c[i].issued):
			first = i
		case first > 0 && c[i].sameKey(c[i-1]):
		default:
			return false
		}
	}
	return true
}

// sameKey reports whether two certificates are for one name and one key.
func (c certificate) sameKey(other certificate) bool {
	return sameName(c.Signed.Subject, other.Signed.Subject) &&
		bytes.Equal(c.Signed.PublicKey.DER, other.Signed.PublicKey.DER)
}

// sameName compares names by their text, because authorities change the string types of their
// names.
func sameName(a, b name) bool {
	return strings.EqualFold(a.String(), b.String())
}

// issued reports whether a certificate issued another one. It compares their names and, because a
// renewed authority often keeps its name, the signature, or else the key identifiers. Whether the
// certificate is allowed to issue others does not matter.
func (c certificate) issued(subject certificate) bool {
	if !sameName(c.Signed.Subject, subject.Signed.Issuer) {
		return false
	}
	if signed, known := c.signed(subject); known {
		return signed
	}
	own, _ := c.keyIDs()
	_, issuers := subject.keyIDs()
	return own == nil || issuers == nil || bytes.Equal(own, issuers)
}

// minVerifiedBits is the minimum size of an RSA key with which the standard library verifies
// signatures.
const minVerifiedBits = 1024

// signed reports whether a certificate was signed by the key of this one. known is false if the
// standard library cannot verify the signature.
func (c certificate) signed(subject certificate) (signed, known bool) {
	both, err := x509.ParseCertificates(slices.Concat(c.DER, subject.DER))
	if err != nil {
		return false, false
	}
	issuer, parsed := both[0], both[1]
	if key, isRSA := issuer.PublicKey.(*rsa.PublicKey); isRSA && key.N.BitLen() < minVerifiedBits {
		return false, false
	}
	err = issuer.CheckSignature(parsed.SignatureAlgorithm, parsed.RawTBSCertificate, parsed.Signature)
	var insecure x509.InsecureAlgorithmError
	known = !errors.Is(err, x509.ErrUnsupportedAlgorithm) && !errors.As(err, &insecure)
	return err == nil, known
}

// Facts are the readable contents of a certificate.
type Facts struct {
	// NotBefore and NotAfter are in UTC, or zero if they cannot be read.
	NotBefore, NotAfter time.Time
	// FingerprintSHA256 is the SHA-256 of the DER, as 64 hexadecimal digits in
	// lower case.
	FingerprintSHA256 string
	// SerialNumber is in hexadecimal digits, in lower case, without leading
	// zeros, after a minus sign if it is negative.
	SerialNumber string
	// Subject and Issuer are distinguished names in the form of RFC 4514.
	Subject, Issuer string
	// SubjectAlternativeNames are the DNS names, IP addresses, email addresses
	// and URIs, in this order. It is nil if they cannot be read.
	SubjectAlternativeNames []string
	// KeyAlgorithm is, for example, "RSA 2048", "ECDSA P-256", "Ed25519", or an object identifier.
	// It is empty if it cannot be read.
	KeyAlgorithm string
}

// Facts returns the contents of the leaf.
func (c Chain) Facts() Facts {
	cert := c[0]
	fingerprint := sha256.Sum256(cert.DER)
	facts := Facts{
		NotBefore:         readTime(cert.Signed.Validity.NotBefore),
		NotAfter:          readTime(cert.Signed.Validity.NotAfter),
		FingerprintSHA256: hex.EncodeToString(fingerprint[:]),
		SerialNumber:      serialText(cert.Signed.Serial.Bytes),
		Subject:           cert.Signed.Subject.String(),
		Issuer:            cert.Signed.Issuer.String(),
		KeyAlgorithm:      cert.Signed.PublicKey.describe(),
	}
	if names, ok := cert.altNames(); ok {
		facts.SubjectAlternativeNames = names.texts()
	}
	return facts
}

// HasKnownKey reports whether private keys can be matched with the leaf.
func (c Chain) HasKnownKey() bool {
	return len(c) > 0 && c[0].knownKey() != nil
}

// comparableKey is implemented by the public keys of the standard library.
type comparableKey interface {
	Equal(other crypto.PublicKey) bool
}

// knownKey returns the public key of a certificate, or nil if its algorithm is not known.
func (c certificate) knownKey() comparableKey {
	key := c.Signed.PublicKey
	public, err := x509.ParsePKIXPublicKey(key.DER)
	if key.algorithm() == oidPSS { // the standard library does not know it, but its keys are RSA keys
		public, err = x509.ParsePKCS1PublicKey(key.Key.Bytes)
	}
	if err != nil {
		return nil
	}
	known, _ := public.(comparableKey)
	return known
}

// Covers reports whether the leaf is valid for a domain name. known is false if its names cannot
// be read. An old certificate without alternative names is valid for its common name.
func (c Chain) Covers(domain string) (covers, known bool) {
	if len(c) == 0 {
		return false, false
	}
	leaf := c[0]
	names, ok := leaf.altNames()
	if !ok {
		return false, false
	}
	cert := x509.Certificate{DNSNames: names[tagDNS]}
	for _, ip := range names[tagIP] {
		cert.IPAddresses = append(cert.IPAddresses, net.ParseIP(ip))
	}
	if len(names.texts()) == 0 {
		cert.DNSNames = []string{leaf.Signed.Subject.commonName()}
	}
	return cert.VerifyHostname(domain) == nil, true
}
