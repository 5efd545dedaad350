package pemcert

import (
	"bytes"
	"cmp"
	"crypto/x509"
	"encoding/asn1"
	"math/big"
	"net/netip"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"
)

// A certificate has the structure of RFC 5280, whatever its algorithms and values. It is read
// no deeper than necessary, so that an unusual field does not affect the others: an empty
// struct is a sequence of anything.
type certificate struct {
	DER    asn1.RawContent
	Signed struct {
		Version       asn1.RawValue `asn1:"optional,tag:0"`
		Serial        asn1.RawValue // its encoding may be one that big.Int rejects
		Algorithm     struct{}
		Issuer        name
		Validity      struct{ NotBefore, NotAfter asn1.RawValue }
		Subject       name
		PublicKey     publicKey
		IssuerUnique  asn1.RawValue `asn1:"optional,tag:1"`
		SubjectUnique asn1.RawValue `asn1:"optional,tag:2"`
		Extensions    asn1.RawValue `asn1:"optional,tag:3"`
	}
	Algorithm struct{}
	Signature asn1.BitString
}

// readCertificate reads a DER value that is a certificate, with nothing after it.
func readCertificate(der []byte) (cert certificate, ok bool) {
	ok = fits(der, &cert)
	serial := cert.Signed.Serial
	return cert, ok && isUniversal(serial, asn1.TagInteger) && len(serial.Bytes) > 0
}

// fits reads a DER value with nothing after it into a struct, and reports whether it has that
// structure. Elements may be added at the end of a sequence.
func fits(der []byte, structure any) bool {
	rest, err := asn1.Unmarshal(der, structure)
	return err == nil && len(rest) == 0
}

// isDER reports whether der is one DER value with nothing after it.
func isDER(der []byte) bool { return fits(der, new(asn1.RawValue)) }

// isUniversal reports whether a value is primitive and has the given tag of the universal class.
func isUniversal(value asn1.RawValue, tag int) bool {
	return value.Class == asn1.ClassUniversal && value.Tag == tag && !value.IsCompound
}

// objectID returns the dotted form of an object identifier, or "" for any other value. Unlike
// asn1.ObjectIdentifier, it does not limit the size of its numbers.
func objectID(value asn1.RawValue) string {
	var id x509.OID
	if !isUniversal(value, asn1.TagOID) || id.UnmarshalBinary(value.Bytes) != nil {
		return ""
	}
	return id.String()
}

// serialText formats a serial number in hexadecimal digits. It may be negative, though RFC
// 5280 forbids that.
func serialText(twosComplement []byte) string {
	number := new(big.Int).SetBytes(twosComplement)
	if twosComplement[0] >= 0x80 {
		number.Sub(number, new(big.Int).Lsh(big.NewInt(1), uint(len(twosComplement))*8))
	}
	return number.Text(16)
}

// readTime returns a time in UTC, or the zero time if it cannot be read. It also reads forms
// that RFC 5280 forbids: without seconds, with a zone or a fraction.
func readTime(value asn1.RawValue) time.Time {
	var at time.Time
	_, _ = asn1.Unmarshal(value.FullBytes, &at)
	if at = at.UTC(); at.Year() < 0 || at.Year() > 9999 { // RFC 3339 has no other years
		return time.Time{}
	}
	return at
}

// The object identifiers of the extensions that are read.
const (
	oidSubjectKeyID   = "2.5.29.14"
	oidAltNames       = "2.5.29.17"
	oidAuthorityKeyID = "2.5.29.35"
)

// extension returns the content of an extension, or nil if it is missing. ok is false if the
// extensions cannot be read.
func (c certificate) extension(wanted string) (content []byte, ok bool) {
	if len(c.Signed.Extensions.FullBytes) == 0 {
		return nil, true
	}
	var all []struct {
		ID       asn1.RawValue
		Critical asn1.Flag `asn1:"optional"` // a boolean of any form
		Content  []byte
	}
	_, err := asn1.Unmarshal(c.Signed.Extensions.Bytes, &all)
	for _, extension := range all {
		if objectID(extension.ID) == wanted {
			return extension.Content, true
		}
	}
	return nil, err == nil
}

// keyIDs returns the key identifiers of the certificate and of its issuer. Each is nil if it
// is missing.
func (c certificate) keyIDs() (own, issuers []byte) {
	content, _ := c.extension(oidSubjectKeyID)
	_, _ = asn1.Unmarshal(content, &own)
	content, _ = c.extension(oidAuthorityKeyID)
	var authority struct {
		ID []byte `asn1:"optional,tag:0"`
	}
	_, _ = asn1.Unmarshal(content, &authority)
	return own, authority.ID
}

// The tags of the alternative names that Facts has.
const (
	tagEmail = 1
	tagDNS   = 2
	tagURI   = 6
	tagIP    = 7
)

// altNames are subject alternative names by their tags.
type altNames map[int][]string

// altNames returns the subject alternative names. ok is false if they cannot be read.
func (c certificate) altNames() (names altNames, ok bool) {
	content, ok := c.extension(oidAltNames)
	if content == nil {
		return nil, ok
	}
	var all []asn1.RawValue
	_, err := asn1.Unmarshal(content, &all)
	names = altNames{}
	for _, name := range all {
		switch ip, isIP := netip.AddrFromSlice(name.Bytes); {
		case name.Class != asn1.ClassContextSpecific:
		case name.Tag != tagIP:
			names[name.Tag] = append(names[name.Tag], ia5Text(name.Bytes))
		case isIP:
			names[tagIP] = append(names[tagIP], ip.Unmap().String())
		}
	}
	return names, err == nil
}

// texts returns the names in the order of their kinds. It is never nil.
func (n altNames) texts() []string {
	return append([]string{}, slices.Concat(n[tagDNS], n[tagIP], n[tagEmail], n[tagURI])...)
}

// ia5Text returns a text that should be ASCII. Other bytes that are not UTF-8 are read as
// Latin-1, because Terraform only accepts UTF-8.
func ia5Text(text []byte) string {
	if utf8.Valid(text) {
		return string(text)
	}
	return latin1(text)
}

func latin1(text []byte) string {
	runes := make([]rune, len(text))
	for i, b := range text {
		runes[i] = rune(b)
	}
	return string(runes)
}

// A publicKey is a SubjectPublicKeyInfo.
type publicKey struct {
	DER       asn1.RawContent
	Algorithm struct {
		ID         asn1.RawValue `asn1:"optional"`
		Parameters asn1.RawValue `asn1:"optional"`
	}
	Key asn1.BitString
}

// The object identifiers of the public keys that have a name here.
const (
	oidRSA     = "1.2.840.113549.1.1.1"
	oidPSS     = "1.2.840.113549.1.1.10"
	oidEC      = "1.2.840.10045.2.1"
	oidDSA     = "1.2.840.10040.4.1"
	oidEd25519 = "1.3.101.112"
	oidEd448   = "1.3.101.113"
)

var curveNames = map[string]string{
	"1.3.132.0.33":        "P-224",
	"1.2.840.10045.3.1.7": "P-256",
	"1.3.132.0.34":        "P-384",
	"1.3.132.0.35":        "P-521",
}

// algorithm returns the object identifier of the key's algorithm.
func (k publicKey) algorithm() string { return objectID(k.Algorithm.ID) }

// describe returns the name of the algorithm, with the size or curve of the key, or else the
// object identifier.
func (k publicKey) describe() string {
	var name, detail string
	switch parameters := k.Algorithm.Parameters; k.algorithm() {
	case oidRSA:
		name, detail = "RSA ", bitsOf(k.Key.Bytes)
	case oidPSS:
		name, detail = "RSASSA-PSS ", bitsOf(k.Key.Bytes)
	case oidDSA:
		name, detail = "DSA ", bitsOf(parameters.FullBytes)
	case oidEC: // explicit parameters have no object identifier
		name, detail = "ECDSA ", objectID(parameters)
		detail = cmp.Or(curveNames[detail], detail)
	case oidEd25519:
		return "Ed25519"
	case oidEd448:
		return "Ed448"
	}
	if detail == "" {
		return k.algorithm()
	}
	return name + detail
}

// bitsOf returns the number of bits of the number that a sequence begins with, or "". A
// modulus is never negative, though some encoders write it so.
func bitsOf(sequence []byte) string {
	var numbers struct{ First asn1.RawValue }
	if _, err := asn1.Unmarshal(sequence, &numbers); err != nil {
		return ""
	}
	return strconv.Itoa(new(big.Int).SetBytes(numbers.First.Bytes).BitLen())
}

// algorithmID is the beginning of an AlgorithmIdentifier.
type algorithmID struct{ ID asn1.ObjectIdentifier }

// A pair is the beginning of a sequence: its first two elements.
type pair[First, Second any] struct {
	First  First
	Second Second
}

// contentInfo is a PKCS#7 value, and what follows the version in a PKCS#12 value. The content is
// required, because the explicit parameters of a curve look the same without it.
type contentInfo struct {
	Type    asn1.ObjectIdentifier
	Content asn1.RawValue `asn1:"tag:0"`
}

// kindOfContent returns the kind of a DER value, or of what may be there instead of one.
func kindOfContent(der []byte) kind {
	if _, ok := readCertificate(der); ok {
		return kindCertificate
	}
	for _, shape := range []struct {
		is        kind
		structure any
	}{
		{kindPKCS7, new(contentInfo)},
		{kindPrivateKey, new(pkcs8)},
		{kindPrivateKey, new(pair[int, []byte])}, // SEC 1
		{kindPKCS12, new(pair[int, contentInfo])},
		{kindEncryptedKey, new(pair[algorithmID, []byte])},
		{kindPublicKey, new(pair[algorithmID, asn1.BitString])},
		{kindPrivateKey, &struct { // six numbers of DSA, nine of RSA
			Version, A, B, C, D, E *big.Int
		}{}},
		{kindRevocationList, &struct {
			List struct {
				Version           int `asn1:"optional"`
				Algorithm, Issuer struct{}
				Updated           time.Time
			}
		}{}},
		{kindRequest, &struct {
			Request struct {
				Version      int
				Subject, Key struct{}
				Attributes   asn1.RawValue `asn1:"tag:0"`
			}
		}{}},
	} {
		if fits(der, shape.structure) {
			return shape.is
		}
	}
	switch {
	case bytes.HasPrefix(der, []byte("openssh-key-v1\x00")):
		return kindSSHKey
	case bytes.Contains(der, []byte(beginPrefix)):
		return kindPEM // which was encoded once more
	}
	return kind{}
}
