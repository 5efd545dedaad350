package pemcert

import (
	"bytes"
	"crypto/x509"
	"encoding/asn1"
	"math/big"
	"net"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// A derReader reads the elements of a DER value one after the other. It does not read into an
// element unless it is asked to, so that an unusual field does not affect the others. After
// the first element with the wrong tag it is broken and returns nothing more, so that only
// the end needs a check.
type derReader struct {
	rest   []byte
	broken bool
}

// any reads the next element.
func (r *derReader) any() (value asn1.RawValue) {
	rest, err := asn1.Unmarshal(r.rest, &value)
	if r.broken || err != nil {
		r.broken = true
		return asn1.RawValue{}
	}
	r.rest = rest
	return value
}

// take reads the next element, which must have a universal tag.
func (r *derReader) take(tag int) asn1.RawValue {
	value := r.any()
	if !isUniversal(value, tag) {
		r.broken = true
		return asn1.RawValue{}
	}
	return value
}

// enter reads the next element and returns a reader of its content.
func (r *derReader) enter(tag int) *derReader {
	value := r.take(tag)
	return &derReader{rest: value.Bytes, broken: r.broken}
}

// peek returns the next element without reading it.
func (r *derReader) peek() asn1.RawValue {
	ahead := *r
	return ahead.any()
}

// oid reads the next element, which must be an object identifier, and returns its dotted
// form.
func (r *derReader) oid() string {
	var oid x509.OID // of any size, unlike asn1.ObjectIdentifier
	if oid.UnmarshalBinary(r.take(asn1.TagOID).Bytes) != nil {
		r.broken = true
		return ""
	}
	return oid.String()
}

// more reports whether there is another element.
func (r *derReader) more() bool { return !r.broken && len(r.rest) > 0 }

// ended reports whether the whole value was read.
func (r *derReader) ended() bool { return !r.broken && len(r.rest) == 0 }

func isUniversal(value asn1.RawValue, tag int) bool {
	compound := tag == asn1.TagSequence || tag == asn1.TagSet
	return value.Class == asn1.ClassUniversal && value.Tag == tag && value.IsCompound == compound
}

func isContext(value asn1.RawValue, tag int) bool {
	return value.Class == asn1.ClassContextSpecific && value.Tag == tag
}

// A certificate has the structure of RFC 5280, whatever its algorithms and values.
type certificate struct {
	der             []byte
	serial          []byte
	issuer, subject name
	notBefore       asn1.RawValue
	notAfter        asn1.RawValue
	publicKey       []byte // a SubjectPublicKeyInfo
	extensions      *derReader
}

// readCertificate reads a DER value that is a certificate, with nothing after it.
func readCertificate(der []byte) (cert certificate, ok bool) {
	outer := derReader{rest: der}
	all := outer.enter(asn1.TagSequence)
	tbs := all.enter(asn1.TagSequence)
	all.take(asn1.TagSequence)
	all.take(asn1.TagBitString)
	if !outer.ended() || all.broken { // elements may be added at the end of a sequence
		return certificate{}, false
	}

	cert.der = der
	if isContext(tbs.peek(), 0) {
		tbs.any() // the version
	}
	cert.serial = tbs.take(asn1.TagInteger).Bytes
	tbs.take(asn1.TagSequence)
	cert.issuer = readName(tbs)
	validity := tbs.enter(asn1.TagSequence)
	cert.notBefore, cert.notAfter = validity.any(), validity.any()
	cert.subject = readName(tbs)
	cert.publicKey = tbs.peek().FullBytes
	key := tbs.enter(asn1.TagSequence)
	key.take(asn1.TagSequence)
	key.take(asn1.TagBitString)
	cert.extensions = &derReader{}
	for isContext(tbs.peek(), 1) || isContext(tbs.peek(), 2) {
		tbs.any() // the unique identifiers
	}
	if field := tbs.peek(); isContext(field, 3) {
		explicit := derReader{rest: field.Bytes}
		cert.extensions = explicit.enter(asn1.TagSequence)
	}
	return cert, !tbs.broken && !validity.broken && !key.broken && len(cert.serial) > 0
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

// readTime returns a time in UTC, or the zero time if it cannot be read. It also reads the
// forms that RFC 5280 forbids: without seconds, with a zone or a fraction.
func readTime(value asn1.RawValue) time.Time {
	layouts := map[int][]string{
		asn1.TagUTCTime:         {"060102150405Z0700", "0601021504Z0700"},
		asn1.TagGeneralizedTime: {"20060102150405Z0700", "200601021504Z0700"},
	}[value.Tag]
	if !isUniversal(value, value.Tag) {
		return time.Time{}
	}
	for _, layout := range layouts {
		at, err := time.Parse(layout, string(value.Bytes))
		if err != nil {
			continue
		}
		if value.Tag == asn1.TagUTCTime && at.Year() >= 2050 { // RFC 5280; Go has its own pivot
			at = at.AddDate(-100, 0, 0)
		}
		if at = at.UTC(); at.Year() <= 9999 { // more is not RFC 3339
			return at
		}
	}
	return time.Time{}
}

// The object identifiers of the extensions that are read.
const (
	oidSubjectKeyID   = "2.5.29.14"
	oidAltNames       = "2.5.29.17"
	oidAuthorityKeyID = "2.5.29.35"
)

// extension returns the content of an extension, and whether it exists. ok is false if the
// extensions cannot be read.
func (c certificate) extension(wanted string) (content []byte, found, ok bool) {
	all := *c.extensions
	for all.more() {
		extension := all.enter(asn1.TagSequence)
		id := extension.oid()
		if isUniversal(extension.peek(), asn1.TagBoolean) {
			extension.any() // whether it is critical
		}
		value := extension.take(asn1.TagOctetString)
		if extension.broken {
			return nil, false, false
		}
		if id == wanted {
			return value.Bytes, true, true
		}
	}
	return nil, false, !all.broken
}

// keyIDs returns the key identifiers of the certificate and of its issuer. Each is nil if it
// is missing.
func (c certificate) keyIDs() (own, issuers []byte) {
	if content, found, _ := c.extension(oidSubjectKeyID); found {
		r := derReader{rest: content}
		own = r.take(asn1.TagOctetString).Bytes
	}
	if content, found, _ := c.extension(oidAuthorityKeyID); found {
		r := derReader{rest: content}
		fields := r.enter(asn1.TagSequence)
		if field := fields.peek(); isContext(field, 0) && !field.IsCompound {
			issuers = field.Bytes
		}
	}
	return own, issuers
}

// altNames are the subject alternative names of the kinds that Facts has.
type altNames struct {
	dns, emails, uris []string
	ips               []net.IP
}

// altNames returns the subject alternative names. ok is false if they cannot be read.
func (c certificate) altNames() (names altNames, ok bool) {
	content, found, ok := c.extension(oidAltNames)
	if !found {
		return altNames{}, ok
	}
	outer := derReader{rest: content}
	all := outer.enter(asn1.TagSequence)
	for all.more() {
		name := all.any()
		switch {
		case isContext(name, 1):
			names.emails = append(names.emails, ia5Text(name.Bytes))
		case isContext(name, 2):
			names.dns = append(names.dns, ia5Text(name.Bytes))
		case isContext(name, 6):
			names.uris = append(names.uris, ia5Text(name.Bytes))
		case isContext(name, 7) && (len(name.Bytes) == net.IPv4len || len(name.Bytes) == net.IPv6len):
			names.ips = append(names.ips, net.IP(name.Bytes))
		}
	}
	return names, !outer.broken && !all.broken
}

// texts returns the names in the order of their kinds. It is never nil.
func (n altNames) texts() []string {
	texts := slices.Concat([]string{}, n.dns)
	for _, ip := range n.ips {
		texts = append(texts, ip.String())
	}
	return slices.Concat(texts, n.emails, n.uris)
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

// publicKeyFields returns the algorithm of a SubjectPublicKeyInfo, a reader of its
// parameters, and the key.
func publicKeyFields(info []byte) (algorithm string, parameters *derReader, key []byte) {
	outer := derReader{rest: info}
	fields := outer.enter(asn1.TagSequence)
	parameters = fields.enter(asn1.TagSequence)
	algorithm = parameters.oid()
	if bits := fields.take(asn1.TagBitString).Bytes; len(bits) > 0 {
		key = bits[1:] // after the number of unused bits in the last byte
	}
	return algorithm, parameters, key
}

// keyAlgorithm returns the name of the algorithm of a SubjectPublicKeyInfo, with its size or
// curve, or else the object identifier.
func keyAlgorithm(info []byte) string {
	algorithm, parameters, key := publicKeyFields(info)
	switch algorithm {
	case oidRSA, oidPSS:
		name := map[string]string{oidRSA: "RSA ", oidPSS: "RSASSA-PSS "}[algorithm]
		r := derReader{rest: key}
		if modulus := r.enter(asn1.TagSequence).take(asn1.TagInteger).Bytes; len(modulus) > 0 {
			return name + bitsOf(modulus)
		}
	case oidDSA:
		if prime := parameters.enter(asn1.TagSequence).take(asn1.TagInteger).Bytes; len(prime) > 0 {
			return "DSA " + bitsOf(prime)
		}
	case oidEC:
		if curve := parameters.oid(); curve != "" { // and not parameters that are spelled out
			if name, known := curveNames[curve]; known {
				curve = name
			}
			return "ECDSA " + curve
		}
	case oidEd25519:
		return "Ed25519"
	case oidEd448:
		return "Ed448"
	}
	return algorithm
}

// bitsOf returns the number of bits of a positive number.
func bitsOf(number []byte) string {
	return big.NewInt(int64(new(big.Int).SetBytes(number).BitLen())).String()
}

// isDER reports whether der is one DER value with nothing after it.
func isDER(der []byte) bool {
	r := derReader{rest: der}
	r.any()
	return r.ended()
}

// A kind is a kind of block or DER value.
type kind int

const (
	kindUnknown kind = iota
	kindCertificate
	kindTrustedCertificate
	kindPrivateKey
	kindEncryptedKey
	kindSSHKey
	kindECParameters
	kindRequest
	kindRevocationList
	kindPublicKey
	kindPKCS7
	kindPKCS12
	kindPEM
)

// kindOfContent returns the kind of a DER value.
func kindOfContent(der []byte) kind {
	switch {
	case bytes.HasPrefix(der, []byte("openssh-key-v1\x00")):
		return kindSSHKey
	case !isDER(der) && bytes.Contains(der, []byte(beginPrefix)):
		return kindPEM // which was encoded once more
	}
	if _, ok := readCertificate(der); ok {
		return kindCertificate
	}
	outer := derReader{rest: der}
	all := outer.enter(asn1.TagSequence)
	if !outer.ended() {
		return kindUnknown
	}
	switch first := all.any(); {
	case isUniversal(first, asn1.TagOID):
		again := derReader{rest: first.FullBytes}
		if strings.HasPrefix(again.oid(), "1.2.840.113549.1.7.") {
			return kindPKCS7
		}
	case isUniversal(first, asn1.TagInteger):
		return kindAfterVersion(first.Bytes, all)
	case isUniversal(first, asn1.TagSequence):
		return kindOfSequences(first, all)
	}
	return kindUnknown
}

// kindAfterVersion returns the kind of a value that begins with a version: a key or PKCS#12.
func kindAfterVersion(version []byte, rest *derReader) kind {
	if len(version) != 1 {
		return kindUnknown
	}
	second := rest.any()
	switch {
	case isUniversal(second, asn1.TagOctetString):
		return kindPrivateKey // SEC 1
	case isUniversal(second, asn1.TagSequence):
		third := rest.peek()
		fields := derReader{rest: second.Bytes}
		switch id := fields.oid(); {
		case version[0] == 3 && strings.HasPrefix(id, "1.2.840.113549.1.7."):
			return kindPKCS12 // RFC 7292
		case id != "" && isUniversal(third, asn1.TagOctetString):
			return kindPrivateKey // PKCS#8
		}
	case isUniversal(second, asn1.TagInteger):
		numbers := 2
		for rest.more() && isUniversal(rest.peek(), asn1.TagInteger) {
			rest.any()
			numbers++
		}
		if numbers >= 6 { // six of DSA, nine of RSA; a public key and DH parameters have fewer
			return kindPrivateKey
		}
	}
	return kindUnknown
}

// kindOfSequences returns the kind of a value that begins with a sequence: something signed,
// an encrypted key, or a public key.
func kindOfSequences(first asn1.RawValue, rest *derReader) kind {
	fields := derReader{rest: first.Bytes}
	if isUniversal(fields.peek(), asn1.TagOID) {
		switch second := rest.any(); {
		case isUniversal(second, asn1.TagOctetString) && rest.ended():
			return kindEncryptedKey
		case isUniversal(second, asn1.TagBitString) && rest.ended():
			return kindPublicKey
		}
		return kindUnknown
	}
	rest.take(asn1.TagSequence)
	rest.take(asn1.TagBitString)
	if !rest.ended() {
		return kindUnknown
	}
	hasVersion := isUniversal(fields.peek(), asn1.TagInteger)
	if hasVersion {
		fields.any()
	}
	fields.take(asn1.TagSequence)
	fields.take(asn1.TagSequence)
	switch third := fields.peek(); {
	case isUniversal(third, asn1.TagUTCTime) || isUniversal(third, asn1.TagGeneralizedTime):
		return kindRevocationList
	case hasVersion && (fields.ended() || isContext(third, 0)):
		return kindRequest
	}
	return kindUnknown
}
