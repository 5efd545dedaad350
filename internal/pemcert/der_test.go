package pemcert

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/hex"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"
)

// derOfCases returns the DER of the certificates in testdata.
func derOfCases(t testing.TB) [][]byte {
	t.Helper()
	files, err := filepath.Glob("testdata/cases/*")
	if err != nil || len(files) == 0 {
		t.Fatalf("there are no cases: %v", err)
	}
	var ders [][]byte
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, b := range blocks(string(text)) {
			ders = append(ders, b.der)
		}
	}
	return ders
}

// newCertificate returns the DER of a certificate with alternative names of every kind.
func newCertificate(t testing.TB) []byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(0xabc), NotBefore: time.Now(), NotAfter: time.Now().AddDate(30, 0, 0),
		Subject:  pkix.Name{CommonName: "www.example.com", Organization: []string{"Example, Inc."}},
		DNSNames: []string{"www.example.com"}, EmailAddresses: []string{"a@example.com"},
		IPAddresses: []net.IP{net.IPv4(192, 0, 2, 1).To4(), net.IPv6loopback},
		IsCA:        true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// FuzzCertificate: every certificate that the standard library reads is read here as well, with the
// same contents. Nothing counts as both a certificate and something else.
func FuzzCertificate(f *testing.F) {
	for _, der := range append(derOfCases(f), newCertificate(f)) {
		f.Add(der)
	}
	f.Fuzz(func(t *testing.T, der []byte) {
		cert, ok := readCertificate(der)
		if is := kindOfContent(der); ok != (is == kindCertificate) {
			t.Errorf("its kind is %v, but it is read: %t", is, ok)
		}
		parsed, err := x509.ParseCertificate(der)
		var elements []asn1.RawValue // after them, the library ignores even what is not DER
		if err == nil && !ok && fits(parsed.RawTBSCertificate, &elements) {
			t.Fatal("it is not read, but the library reads it")
		}
		if !ok {
			return
		}
		facts := Chain{cert}.Facts()
		own, issuers := cert.keyIDs()
		// The library ignores extensions that are not a sequence, or whose certificate is not of
		// version 3.
		extensions := cert.Signed.Extensions
		if err != nil || len(extensions.FullBytes) > 0 && (!extensions.IsCompound || parsed.Version != 3) {
			return
		}
		for name, row := range map[string][2]string{
			"serial":     {facts.SerialNumber, parsed.SerialNumber.Text(16)},
			"not before": {facts.NotBefore.String(), parsed.NotBefore.UTC().String()},
			"not after":  {facts.NotAfter.String(), parsed.NotAfter.UTC().String()},
			"own ID":     {string(own), string(parsed.SubjectKeyId)},
			"issuer ID":  {string(issuers), string(parsed.AuthorityKeyId)},
		} {
			if row[0] != row[1] {
				t.Errorf("%s: %q, by the library %q", name, row[0], row[1])
			}
		}
		names, ok := cert.altNames()
		var ips []string
		for _, ip := range parsed.IPAddresses {
			ips = append(ips, ip.String())
		}
		if !ok || !slices.Equal(names[tagDNS], parsed.DNSNames) ||
			!slices.Equal(names[tagEmail], parsed.EmailAddresses) || !slices.Equal(names[tagIP], ips) {
			t.Errorf(
				"the names are %v, by the library %v %v %v",
				names,
				parsed.DNSNames,
				parsed.EmailAddresses,
				parsed.IPAddresses,
			)
		}
		var sequence pkix.RDNSequence
		if _, err := asn1.Unmarshal(parsed.RawSubject, &sequence); err == nil {
			got, want := len(slices.Concat(cert.Signed.Subject...)), 0
			for _, set := range sequence {
				want += len(set)
			}
			if got != want {
				t.Errorf("the subject has %d attributes, by the library %d", got, want)
			}
		}
	})
}

// splitName splits the text of a name at its separators and removes the escapes, knowing nothing
// but RFC 4514.
func splitName(t *testing.T, text string) (attributes []string) {
	t.Helper()
	var one []byte
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == ',' || c == '+':
			attributes = append(attributes, string(one))
			one = nil
		case c == '\\' && i+1 < len(text) && strings.IndexByte(` ,+"\<>;#`, text[i+1]) >= 0:
			one = append(one, text[i+1])
			i++
		case c == '\\':
			if i+2 >= len(text) {
				t.Fatalf("%q ends in an escape", text)
			}
			decoded, err := hex.DecodeString(text[i+1 : i+3])
			if err != nil {
				t.Fatalf("%q: %v", text, err)
			}
			one = append(one, decoded...)
			i += 2
		default:
			one = append(one, c)
		}
	}
	return append(attributes, string(one))
}

// FuzzName: the text of a name is UTF-8 without control characters, and has every attribute
// with its value, the last one first.
func FuzzName(f *testing.F) {
	for _, der := range append(derOfCases(f), newCertificate(f)) {
		if cert, err := x509.ParseCertificate(der); err == nil {
			f.Add(cert.RawSubject)
		}
	}
	f.Add([]byte(
		"\x30\x17\x31\x15\x30\x06\x06\x03\x55\x04\x0a\x0c\x01 \x30\x0b\x06\x03\x55\x04\x03\x1e\x04\xd8\x3d\xdc\x4d",
	))
	f.Add([]byte("\x30\x0c\x31\x0a\x30\x08\x06\x03\x55\x04\x03\x1e\x01a"))
	f.Add([]byte("\x30\x0e\x31\x00\x31\x0a\x30\x08\x06\x03\x55\x04\x03\x0c\x01a"))
	f.Add([]byte("\x30\x0e\x31\x0c\x30\x0a\x06\x03\x55\x04\x03\x14\x03\xe4#\x00"))
	f.Fuzz(func(t *testing.T, der []byte) {
		var read name
		if _, err := asn1.Unmarshal(der, &read); err != nil {
			return
		}
		text, n := read.String(), slices.Concat(read...)
		if !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl) {
			t.Errorf("%q is not a text to be shown", text)
		}
		if len(n) == 0 {
			if text != "" {
				t.Errorf("an empty name is %q", text)
			}
			return
		}
		attributes := splitName(t, text)
		if len(attributes) != len(n) {
			t.Fatalf("%q has %d attributes, want %d", text, len(attributes), len(n))
		}
		for i, attribute := range attributes {
			of := n[len(n)-1-i]
			_, value, _ := strings.Cut(attribute, "=")
			want, readable := textOf(of.Value)
			if _, known := attributeNames[objectID(of.Type)]; !known || !readable {
				want = "#" + strings.ToUpper(hex.EncodeToString(of.Value.FullBytes))
			}
			if value != want {
				t.Errorf("%q has the value %q, want %q", text, value, want)
			}
		}
	})
}

// TestOddCertificates: a value without what every certificate has is not one; what only some
// certificates have may be missing.
func TestOddCertificates(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		serial string
		want   bool
	}{"a number": {"\x02\x01\x05", true}, "no digits": {"\x02\x00", false}, "a text": {"\x0c\x01\x05", false}} {
		cert, _ := readCertificate(newCertificate(t))
		cert.DER, cert.Signed.Serial = nil, asn1.RawValue{FullBytes: []byte(row.serial)}
		der, err := asn1.Marshal(cert)
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := readCertificate(der); ok != row.want {
			t.Errorf("with %s for its serial number, it is a certificate: %t", name, ok)
		}
	}
	if names, ok := (certificate{}).altNames(); len(names) > 0 || !ok {
		t.Errorf("without extensions, the names are %v, readable: %t", names, ok)
	}
	var damaged certificate
	damaged.Signed.PublicKey.Algorithm.ID = asn1.RawValue{
		Tag: asn1.TagOID, Bytes: []byte("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a"),
	}
	if is := damaged.Signed.PublicKey.describe(); is != oidPSS || damaged.knownKey() != nil {
		t.Errorf("a damaged key is known, or said to be %s", is)
	}
}

// TestKindOfContent has the values that people put between the boundaries of a certificate.
func TestKindOfContent(t *testing.T) {
	t.Parallel()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	request, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, key)
	if err != nil {
		t.Fatal(err)
	}
	authority := &x509.Certificate{SubjectKeyId: []byte{1}, KeyUsage: x509.KeyUsageCRLSign}
	list, err := x509.CreateRevocationList(rand.Reader, &x509.RevocationList{
		Number: big.NewInt(1), ThisUpdate: time.Now(), NextUpdate: time.Now().Add(time.Hour),
	}, authority, key)
	if err != nil {
		t.Fatal(err)
	}
	public, _ := x509.MarshalPKIXPublicKey(key.Public())
	sec1, _ := x509.MarshalECPrivateKey(key)
	keyDER, _ := x509.MarshalPKCS8PrivateKey(key)
	encrypted, _ := asn1.Marshal(struct {
		Algorithm struct{ ID asn1.ObjectIdentifier }
		Data      []byte
	}{struct{ ID asn1.ObjectIdentifier }{asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 13}}, []byte("data")})
	for name, row := range map[string]struct {
		der  []byte
		want kind
	}{
		"certificate":         {newCertificate(t), kindCertificate},
		"request":             {request, kindRequest},
		"revocation list":     {list, kindRevocationList},
		"public key":          {public, kindPublicKey},
		"SEC 1":               {sec1, kindPrivateKey},
		"PKCS#8":              {keyDER, kindPrivateKey},
		"encrypted":           {encrypted, kindEncryptedKey},
		"key for SSH":         {[]byte("openssh-key-v1\x00more"), kindSSHKey},
		"PEM":                 {pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: request}), kindPEM},
		"nothing":             {nil, kind{}},
		"text":                {[]byte("text"), kind{}},
		"DH parameters":       {[]byte{0x30, 6, 2, 1, 7, 2, 1, 2}, kind{}},
		"certificate and one": {append(bytes.Clone(newCertificate(t)), 0), kind{}},
	} {
		if got := kindOfContent(row.der); got != row.want {
			t.Errorf("%s: %v, want %v", name, got, row.want)
		}
	}
}
