package pemcert

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"
)

// A Chain is a certificate, the leaf, and the certificates that follow it.
type Chain struct {
	certificates []certificate
}

// ParseChain reads the certificates of a text, which must have nothing else in blocks.
// A certificate whose algorithms this library does not know, such as SM2, is read too.
func ParseChain(text string) (Chain, error) {
	all, err := parseBlocks(text, "certificate")
	if err != nil {
		return Chain{}, err
	}
	var c Chain
	for i, b := range all {
		cert, err := b.certificate(fmt.Sprintf("certificate block %d of %d", i+1, len(all)))
		if err != nil {
			return Chain{}, err
		}
		c.certificates = append(c.certificates, cert)
	}
	return c, nil
}

// certificate reads a block that must be one, or tells what it is instead.
func (b block) certificate(where string) (certificate, error) {
	label := kindOfLabel(b)
	cert, ok := readCertificate(b.der)
	switch {
	case ok && label == kindCertificate:
		return cert, nil
	case label == kindTrustedCertificate: // which may have nothing that others have not
		return certificate{}, certificateRemedies.refuse(where, b, label)
	case b.flaw != nil && label == kindCertificate:
		return certificate{}, fmt.Errorf("%s %w", where, b.flaw)
	}
	if is := b.kind(); ok || is != kindCertificate {
		return certificate{}, certificateRemedies.refuse(where, b, is)
	}
	return certificate{}, fmt.Errorf("%s is not the valid DER of an X.509 certificate. "+
		"Get the file again from the certificate authority, or check that nothing was changed while copying", where)
}

// CertificatesIn returns the certificates of a text, the leaf first, whatever else is
// beside them: a server may keep a private key there, and that must not become a part
// of any value. The chain is empty if one of its certificates cannot be read.
func CertificatesIn(text string) Chain {
	var c Chain
	for _, b := range blocks(text) {
		if kindOfLabel(b) != kindCertificate {
			continue
		}
		cert, ok := readCertificate(b.der)
		if !ok {
			return Chain{} // without it, another certificate could pass for the leaf
		}
		c.certificates = append(c.certificates, cert)
	}
	return c
}

// CertificateBlocks returns the DER of the certificates of a text as CertificatesIn
// does. It returns nil where there is none.
func CertificateBlocks(text string) [][]byte {
	return CertificatesIn(text).ders()
}

func (c Chain) ders() [][]byte {
	var ders [][]byte
	for _, cert := range c.certificates {
		ders = append(ders, cert.der)
	}
	return ders
}

// PEM returns the canonical text: only the blocks, LF, 64 columns, no line end
// after the last.
func (c Chain) PEM() string {
	return encode("CERTIFICATE", c.ders()...)
}

// Len returns the number of certificates.
func (c Chain) Len() int { return len(c.certificates) }

// Equal reports whether both are the same certificates in the same order.
func (c Chain) Equal(other Chain) bool {
	return slices.EqualFunc(c.certificates, other.certificates, certificate.equal)
}

func (c certificate) equal(other certificate) bool { return bytes.Equal(c.der, other.der) }

// InOrder reports whether each certificate is followed by the one that issued it. Where
// an authority has two certificates for the same key, since another one has signed it
// too, both may stand there. What cannot be told is not held against the chain.
func (c Chain) InOrder() bool {
	all := c.certificates
	first := 0 // of the certificates for one key that end before i
	for i := 1; i < len(all); i++ {
		issued := func(subject certificate) bool { return all[i].issued(subject) }
		switch {
		case slices.ContainsFunc(all[:i], all[i].equal):
			return false
		case slices.ContainsFunc(all[first:i], issued):
			first = i
		case first > 0 && all[i].sameKey(all[i-1]):
		default:
			return false
		}
	}
	return true
}

// sameKey reports whether two certificates are for one name and one key.
func (c certificate) sameKey(other certificate) bool {
	return sameName(c.subject, other.subject) && bytes.Equal(c.publicKey, other.publicKey)
}

// sameName compares names by their text: authorities change the type of their strings.
func sameName(a, b name) bool {
	return strings.EqualFold(a.String(), b.String())
}

// issued reports whether a certificate issued another one: by their names, and since a
// renewed authority often has the name of the old one, by the signature, or else by the
// key identifiers. Whether it may issue certificates does not count.
func (c certificate) issued(subject certificate) bool {
	if !sameName(c.subject, subject.issuer) {
		return false
	}
	if signed, known := c.signed(subject); known {
		return signed
	}
	own, _ := c.keyIDs()
	_, issuers := subject.keyIDs()
	return own == nil || issuers == nil || bytes.Equal(own, issuers)
}

// minVerifiedBits is the size of the smallest RSA key that the library verifies
// signatures with.
const minVerifiedBits = 1024

// signed reports whether a certificate was signed by the key of this one. With known
// false, the library cannot verify the signature.
func (c certificate) signed(subject certificate) (signed, known bool) {
	issuer, err := x509.ParseCertificate(c.der)
	if err != nil {
		return false, false
	}
	parsed, err := x509.ParseCertificate(subject.der)
	if err != nil {
		return false, false
	}
	switch key := issuer.PublicKey.(type) {
	case nil:
		return false, false
	case *rsa.PublicKey:
		if key.N.BitLen() < minVerifiedBits {
			return false, false
		}
	}
	switch parsed.SignatureAlgorithm {
	case x509.UnknownSignatureAlgorithm, x509.MD2WithRSA, x509.MD5WithRSA, x509.SHA1WithRSA, x509.ECDSAWithSHA1,
		x509.DSAWithSHA1, x509.DSAWithSHA256:
		return false, false // unknown, or refused as not secure, depending on settings of Go
	}
	return issuer.CheckSignature(parsed.SignatureAlgorithm, parsed.RawTBSCertificate, parsed.Signature) == nil, true
}

// Facts are what a certificate says of itself, as far as it can be read.
type Facts struct {
	// NotBefore and NotAfter are in UTC. Each is zero if it cannot be read.
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
	// KeyAlgorithm is such as "RSA 2048", "ECDSA P-256", "Ed25519", or an object
	// identifier. It is empty if that cannot be read.
	KeyAlgorithm string
}

// Facts returns what a certificate says of itself, by its position; 0 is the leaf.
func (c Chain) Facts(i int) Facts {
	cert := c.certificates[i]
	fingerprint := sha256.Sum256(cert.der)
	facts := Facts{
		NotBefore:         readTime(cert.notBefore),
		NotAfter:          readTime(cert.notAfter),
		FingerprintSHA256: hex.EncodeToString(fingerprint[:]),
		SerialNumber:      serialText(cert.serial),
		Subject:           cert.subject.String(),
		Issuer:            cert.issuer.String(),
		KeyAlgorithm:      keyAlgorithm(cert.publicKey),
	}
	if names, ok := cert.altNames(); ok {
		facts.SubjectAlternativeNames = names.texts()
	}
	return facts
}

// HasKnownKey reports whether it can be told which private key belongs to the leaf.
func (c Chain) HasKnownKey() bool {
	return c.Len() > 0 && c.certificates[0].knownKey() != nil
}

// comparableKey is what every public key of the standard library is that can be
// compared.
type comparableKey interface {
	Equal(other crypto.PublicKey) bool
}

// knownKey returns the public key of a certificate, or nil if the library does not
// know its algorithm.
func (c certificate) knownKey() comparableKey {
	if algorithm, _, key := publicKeyFields(c.publicKey); algorithm == oidPSS {
		// The library does not know RSASSA-PSS, whose keys are those of RSA.
		if public, err := x509.ParsePKCS1PublicKey(key); err == nil {
			return public
		}
		return nil
	}
	public, err := x509.ParsePKIXPublicKey(c.publicKey)
	if err != nil {
		return nil
	}
	known, _ := public.(comparableKey)
	return known
}

// Covers reports whether the leaf is good for a domain name. With known false, its
// names cannot be read. A certificate without alternative names, as they were made
// until some years ago, is good for its common name.
func (c Chain) Covers(domain string) (covers, known bool) {
	if c.Len() == 0 {
		return false, false
	}
	leaf := c.certificates[0]
	names, ok := leaf.altNames()
	if !ok {
		return false, false
	}
	cert := x509.Certificate{DNSNames: names.dns, IPAddresses: names.ips}
	if len(names.texts()) == 0 {
		cert.DNSNames = []string{leaf.subject.commonName()}
	}
	return cert.VerifyHostname(domain) == nil, true
}
