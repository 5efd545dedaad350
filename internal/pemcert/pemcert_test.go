package pemcert_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/elbaas/terraform-provider-elbaas/internal/pemcert"
	"github.com/elbaas/terraform-provider-elbaas/internal/throwaway"
)

func parseChain(t *testing.T, text string) pemcert.Chain {
	t.Helper()
	c, err := pemcert.ParseChain(text)
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return c
}

func parseKey(t *testing.T, text string) pemcert.Key {
	t.Helper()
	k, err := pemcert.ParseKey(text)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestChainInEveryForm(t *testing.T) {
	t.Parallel()
	c := throwaway.NewChain()
	want := parseChain(t, c.PEM())
	canonical := strings.TrimSuffix(c.PEM(), "\n")
	for name, text := range throwaway.Forms(c.PEM()) {
		got := parseChain(t, text)
		if !got.Equal(want) || !want.Equal(got) {
			t.Errorf("%s: not equal", name)
		}
		if got.PEM() != canonical {
			t.Errorf("%s: canonical form\n%s\nwant\n%s", name, got.PEM(), canonical)
		}
	}
	other := parseChain(t, strings.ReplaceAll(c.Leaf, " CERTIFICATE-", " X509 CERTIFICATE-")+c.Intermediate)
	if !other.Equal(want) || other.PEM() != canonical {
		t.Error("the old name of the block makes a difference")
	}
}

func TestChainsThatDiffer(t *testing.T) {
	t.Parallel()
	c, other := throwaway.NewChain(), throwaway.NewChain()
	want := parseChain(t, c.PEM())
	for name, text := range map[string]string{
		"order":          c.Intermediate + c.Leaf,
		"leaf alone":     c.Leaf,
		"with the root":  c.PEM() + c.Root,
		"duplicate leaf": c.Leaf + c.Leaf,
		"other leaf":     other.Leaf + c.Intermediate,
		"other chain":    c.Leaf + other.Intermediate,
	} {
		if got := parseChain(t, text); got.Equal(want) || want.Equal(got) {
			t.Errorf("%s: equal", name)
		}
	}
}

func TestInOrder(t *testing.T) {
	t.Parallel()
	c, other := throwaway.NewChain(), throwaway.NewChain()
	for name, row := range map[string]struct {
		text string
		want bool
	}{
		"leaf alone":             {c.Leaf, true},
		"leaf, intermediate":     {c.PEM(), true},
		"with the root":          {c.PEM() + c.Root, true},
		"self-signed":            {c.Root, true},
		"leaf last":              {c.Intermediate + c.Leaf, false},
		"intermediate left out":  {c.Leaf + c.Root, false},
		"root before the others": {c.Leaf + c.Root + c.Intermediate, false},
		"duplicate leaf":         {c.Leaf + c.Leaf + c.Intermediate, false},
		"duplicate root":         {c.PEM() + c.Root + c.Root, false},
		"two leaves":             {c.Leaf + other.Leaf, false},
		"authority of that name": {c.Leaf + other.Intermediate, false},
		"unknown algorithm last": {c.Leaf + throwaway.SM2, false},
	} {
		if got := parseChain(t, row.text).InOrder(); got != row.want {
			t.Errorf("%s: in order = %t", name, got)
		}
	}
}

func TestKeyInEveryForm(t *testing.T) {
	t.Parallel()
	rsaKey, edKey := throwaway.NewRSAKey(2048), throwaway.NewEd25519Key()
	ecKey := throwaway.NewECKey()
	keys := map[string]crypto.Signer{"RSA": rsaKey, "ECDSA": ecKey, "Ed25519": edKey}
	for algorithm, key := range keys {
		leaf := parseChain(t, throwaway.Issue(&x509.Certificate{}, key, nil, nil))
		first := parseKey(t, throwaway.KeyForms(key)["PKCS#8"])
		for encoding, text := range throwaway.KeyForms(key) {
			block := text[strings.LastIndex(text, "-----BEGIN"):]
			for form, text := range throwaway.Forms(text) {
				name := algorithm + ", " + encoding + ", " + form
				got := parseKey(t, text)
				if !got.Equal(first) || !first.Equal(got) {
					t.Errorf("%s: not equal", name)
				}
				if position, known := got.BelongsTo(leaf); position != 0 || !known {
					t.Errorf("%s: belongs to %d, %t", name, position, known)
				}
				if got.PEM().Reveal() != strings.TrimSuffix(block, "\n") {
					t.Errorf("%s: the canonical form is wrong", name)
				}
				if shown := fmt.Sprintf("%v %+v %#v", got, got, got); strings.Contains(shown, "PRIVATE KEY") {
					t.Errorf("%s shows itself", name)
				}
			}
		}
		for other, key := range keys {
			if equal := parseKey(t, throwaway.KeyForms(key)["PKCS#8"]).Equal(first); equal != (other == algorithm) {
				t.Errorf("%s and %s: equal = %t", algorithm, other, equal)
			}
		}
	}
	stranger := parseKey(t, throwaway.KeyForms(throwaway.NewECKey())["PKCS#8"])
	if stranger.Equal(parseKey(t, throwaway.KeyForms(ecKey)["PKCS#8"])) {
		t.Error("two keys of one algorithm are equal")
	}
}

func TestBelongsTo(t *testing.T) {
	t.Parallel()
	c := throwaway.NewChain()
	whole := parseChain(t, c.PEM()+c.Root)
	for name, row := range map[string]struct {
		key      pemcert.Key
		chain    pemcert.Chain
		position int
		known    bool
	}{
		"leaf":         {parseKey(t, throwaway.KeyForms(c.Key)["SEC 1"]), whole, 0, true},
		"intermediate": {parseKey(t, throwaway.KeyForms(c.IntermediateKey)["PKCS#8"]), whole, 1, true},
		"leaf last": {
			parseKey(t, throwaway.KeyForms(c.Key)["SEC 1"]),
			parseChain(t, c.Root+c.Intermediate+c.Leaf),
			2,
			true,
		},
		"stranger": {parseKey(t, throwaway.KeyForms(throwaway.NewECKey())["SEC 1"]), whole, -1, true},
		"no key":   {pemcert.Key{}, whole, -1, false},
		"unknown leaf": {
			parseKey(t, throwaway.KeyForms(c.Key)["SEC 1"]),
			parseChain(t, throwaway.SM2),
			-1,
			false,
		},
		"unknown in chain": {
			parseKey(t, throwaway.KeyForms(throwaway.NewECKey())["SEC 1"]),
			parseChain(t, c.Leaf+throwaway.SM2),
			-1,
			true,
		},
		"unknown key": {parseKey(t, throwaway.SM2Key), whole, -1, false},
	} {
		if position, known := row.key.BelongsTo(row.chain); position != row.position || known != row.known {
			t.Errorf("%s: %d, %t, want %d, %t", name, position, known, row.position, row.known)
		}
	}
}

// TestUnknownKeys: private keys with an unknown algorithm are compared by their encoding.
func TestUnknownKeys(t *testing.T) {
	t.Parallel()
	unknown := parseKey(t, throwaway.SM2Key)
	if !unknown.Equal(parseKey(t, strings.ReplaceAll(throwaway.SM2Key, "\n", "\r\n"))) {
		t.Error("the line ends make a difference")
	}
	known := parseKey(t, throwaway.KeyForms(throwaway.NewECKey())["SEC 1"])
	if known.Equal(unknown) || unknown.Equal(known) {
		t.Error("a known and an unknown key are equal")
	}
	known = parseKey(t, throwaway.KeyForms(throwaway.NewRSAKey(1024))["PKCS#1"])
	if !known.For(pemcert.Chain{}).Equal(known) {
		t.Error("a key is another one for no certificate")
	}
	var none pemcert.Key
	if none.Equal(unknown) || unknown.Equal(none) || !none.Equal(pemcert.Key{}) || !none.PEM().Empty() {
		t.Error("no key is equal to a key, or not to no key")
	}
	if !none.For(parseChain(t, throwaway.SM2)).PEM().Empty() {
		t.Error("no key is a key for a certificate")
	}
}

func TestUnknownCertificate(t *testing.T) {
	t.Parallel()
	c := parseChain(t, throwaway.SM2)
	if c.HasKnownKey() {
		t.Error("the key of an unknown algorithm is known")
	}
	if got := c.Facts(); got.KeyAlgorithm != "ECDSA 1.2.156.10197.1.301" || got.Subject != "CN=sm2" ||
		got.NotAfter.IsZero() {
		t.Errorf("the facts are %+v", got)
	}
	if len(c) != 1 || !c.Equal(parseChain(t, strings.ReplaceAll(c.PEM(), "\n", "\r\n"))) {
		t.Error("an unknown algorithm makes a difference")
	}
	if (pemcert.Chain{}).HasKnownKey() {
		t.Error("nothing has a key")
	}
}

func TestFacts(t *testing.T) {
	t.Parallel()
	key := throwaway.NewECKey()
	authority := &x509.Certificate{
		Subject: pkix.Name{
			CommonName:   "An Authority",
			Organization: []string{"Example, Inc."},
			Country:      []string{"DE"},
		},
	}
	uri, _ := url.Parse("spiffe://example.com/www")
	text := throwaway.Issue(&x509.Certificate{
		SerialNumber:   big.NewInt(0x0abc),
		Subject:        pkix.Name{CommonName: "www.example.com", Organization: []string{"证书"}},
		NotBefore:      time.Date(2026, 1, 2, 3, 4, 5, 0, time.FixedZone("CET", 3600)),
		NotAfter:       time.Date(2027, 1, 2, 3, 4, 5, 0, time.UTC),
		DNSNames:       []string{"www.example.com", "example.com"},
		IPAddresses:    []net.IP{net.ParseIP("192.0.2.1"), net.ParseIP("2001:db8::1")},
		EmailAddresses: []string{"a@example.com"},
		URIs:           []*url.URL{uri},
	}, key, authority, throwaway.NewECKey())
	block, _ := pem.Decode([]byte(text))
	sum := sha256.Sum256(block.Bytes)
	got := parseChain(t, text).Facts()
	for name, row := range map[string][2]string{
		"not before":  {got.NotBefore.Format(time.RFC3339), "2026-01-02T02:04:05Z"},
		"not after":   {got.NotAfter.Format(time.RFC3339), "2027-01-02T03:04:05Z"},
		"fingerprint": {got.FingerprintSHA256, hex.EncodeToString(sum[:])},
		"serial":      {got.SerialNumber, "abc"},
		"subject":     {got.Subject, "CN=www.example.com,O=证书"},
		"issuer":      {got.Issuer, `CN=An Authority,O=Example\, Inc.,C=DE`},
		"names": {
			strings.Join(got.SubjectAlternativeNames, " "),
			"www.example.com example.com 192.0.2.1 2001:db8::1 a@example.com spiffe://example.com/www",
		},
		"algorithm": {got.KeyAlgorithm, "ECDSA P-256"},
	} {
		if row[0] != row[1] {
			t.Errorf("%s: %q, want %q", name, row[0], row[1])
		}
	}
}

// TestNoNames: a certificate without names differs from one whose names cannot be read.
func TestNoNames(t *testing.T) {
	t.Parallel()
	names := parseChain(t, throwaway.NewChain().Root).Facts().SubjectAlternativeNames
	if names == nil || len(names) > 0 {
		t.Errorf("the names are %#v, want none", names)
	}
}

func TestKeyAlgorithms(t *testing.T) {
	t.Parallel()
	small, ed := throwaway.NewRSAKey(1024), throwaway.NewEd25519Key()
	p521, _ := ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
	for want, key := range map[string]crypto.Signer{"RSA 1024": small, "Ed25519": ed, "ECDSA P-521": p521} {
		chain := parseChain(t, throwaway.Issue(&x509.Certificate{}, key, nil, nil))
		if got := chain.Facts().KeyAlgorithm; got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestCovers(t *testing.T) {
	t.Parallel()
	leaf := parseChain(t, throwaway.NewChain().Leaf)
	issue := func(commonName string, template x509.Certificate) pemcert.Chain {
		template.Subject.CommonName = commonName
		return parseChain(
			t,
			throwaway.Issue(&template, throwaway.NewECKey(), nil, nil),
		)
	}
	old := issue("*.old.example.com", x509.Certificate{Subject: pkix.Name{SerialNumber: "1"}}) // not the last attribute
	// With an alternative name of any kind, the common name does not count.
	address := issue("www.example.com", x509.Certificate{IPAddresses: []net.IP{net.ParseIP("192.0.2.1")}})
	mail := issue("www.example.com", x509.Certificate{EmailAddresses: []string{"www@example.com"}})
	// Wildcards that clients may ignore according to RFC 6125, and a final dot.
	odd := issue(
		"",
		x509.Certificate{DNSNames: []string{"*", "w*.example.com", "www.*.com", "*.*.org", "dot.example.com."}},
	)
	for _, row := range []struct {
		chain  pemcert.Chain
		domain string
		want   bool
	}{
		{leaf, "www.example.com", true},
		{leaf, "WWW.example.com", true},
		{leaf, "a.shop.example.com", true},
		{leaf, "a.b.shop.example.com", false},
		{leaf, "example.com", false},
		{leaf, "", false},
		{old, "a.old.example.com", true},
		{old, "old.example.com", false},
		{leaf, "*.shop.example.com", true},
		{address, "192.0.2.1", true},
		{address, "::ffff:192.0.2.1", true},
		{address, "www.example.com", false},
		{mail, "www.example.com", false},
		{odd, "localhost", false},
		{odd, "www.example.com", false},
		{odd, "a.b.org", false},
		{odd, "dot.example.com", false},
	} {
		if got, known := row.chain.Covers(row.domain); got != row.want || !known {
			t.Errorf("%s: %t, known %t", row.domain, got, known)
		}
	}
	if covers, known := (pemcert.Chain{}).Covers("www.example.com"); covers || known {
		t.Error("nothing has names")
	}
}

// withNames returns a certificate with the given DER as its subjectAltName.
func withNames(t *testing.T, names string) pemcert.Chain {
	t.Helper()
	extension := pkix.Extension{Id: asn1.ObjectIdentifier{2, 5, 29, 17}, Value: []byte(names)}
	template := &x509.Certificate{ExtraExtensions: []pkix.Extension{extension}}
	template.Subject.CommonName = "www.example.com"
	return parseChain(t, throwaway.Issue(template, throwaway.NewECKey(), nil, nil))
}

// TestUnreadableNames: if the alternative names are malformed, it is not known which names a
// certificate covers.
func TestUnreadableNames(t *testing.T) {
	t.Parallel()
	number := withNames(t, "\x30\x03\x02\x01a").Facts().SubjectAlternativeNames
	if number == nil || len(number) > 0 {
		t.Errorf("a number is the name %q", number)
	}
	leaf := withNames(t, "\x30\x06\x82\x01a\x82\x02b") // one name, and half of another one
	for _, domain := range []string{"www.example.com", "a"} {
		if covers, known := leaf.Covers(domain); covers || known {
			t.Errorf("it is valid for %s: %t, known: %t", domain, covers, known)
		}
	}
	if names := leaf.Facts().SubjectAlternativeNames; names != nil {
		t.Errorf("the names are %q", names)
	}
}

// TestBadTexts has the errors for texts that cannot be used.
func TestBadTexts(t *testing.T) {
	t.Parallel()
	c := throwaway.NewChain()
	sec1 := throwaway.KeyForms(c.Key)["SEC 1"]
	der, _ := pem.Decode([]byte(c.Leaf))
	csr, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, c.Key)
	if err != nil {
		t.Fatal(err)
	}
	type contentInfo struct {
		ContentType asn1.ObjectIdentifier
		Content     []byte `asn1:"explicit,tag:0"`
	}
	pfx, _ := asn1.Marshal(struct {
		Version  int
		AuthSafe contentInfo
	}{3, contentInfo{asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 1}, []byte("bags")}})
	type primeField struct {
		Type  asn1.ObjectIdentifier
		Prime int
	}
	explicitCurve, _ := asn1.Marshal(struct {
		Version int
		Field   primeField
	}{1, primeField{asn1.ObjectIdentifier{1, 2, 840, 10045, 1, 1}, 23}})
	legacy := "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: " +
		"AES-256-CBC,AA\n\nAAAA\n-----END RSA PRIVATE KEY-----\n"
	utf16 := strings.Join(strings.Split("\ufeff"+c.Leaf, ""), "\x00")
	half := c.Leaf[:len(c.Leaf)/2]
	damaged := strings.Replace(c.Leaf, "\nMII", "\n!!!", 1)

	for name, row := range map[string]struct{ text, certificate, key string }{
		"nothing":     {"", "the certificate is empty", "the private key is empty"},
		"white space": {"\ufeff \n\t", "is empty", "is empty"},
		"prose":       {"hello world", "it has no block", "it has no block"},
		"sentences":   {"Put it here.\nThank you.", "it has no block", "it has no block"},
		"a long line": {strings.Repeat("a.b/c", 60), "it has no block", "it has no block"},
		"name of a file": {
			"./certs/www.crt",
			`looks like the name of a file. Read the file: file("`,
			"looks like the name of a file",
		},
		"name of a file that begins like DER": {
			"awesome-certs.pem",
			"looks like the name of a file",
			"looks like the name of a file",
		},
		"DER in base64": {
			base64.StdEncoding.EncodeToString(der.Bytes),
			"is DER in base64",
			"openssl pkey -inform DER",
		},
		"PKCS#12 in base64": {base64.StdEncoding.EncodeToString(pfx), "is a PKCS#12 file", "openssl pkcs12"},
		"UTF-16":            {utf16, "saved as UTF-16", "Save the file as UTF-8"},
		`literal \n`: {
			strings.ReplaceAll(c.Leaf, "\n", `\n`),
			`the literal characters \n where`,
			"is a certificate",
		},
		"cut off":        {half, "certificate block 1 of 1 has no END line", "is a certificate"},
		"second cut off": {c.Leaf + half, "certificate block 2 of 2 has no END line", "is a certificate"},
		"damaged base64": {damaged, "certificate block 1 of 1 is not valid base64", "is a certificate"},
		"END of another": {
			strings.Replace(c.Leaf, "END CERTIFICATE", "END PRIVATE KEY", 1),
			"has the END line of another block",
			"is a certificate",
		},
		"garbage in a block": {
			throwaway.EncodePEM("CERTIFICATE", []byte("garbage")),
			"certificate block 1 of 1 is not valid DER",
			"is a certificate",
		},
		"DER that is no cert": {
			c.Leaf + throwaway.EncodePEM("CERTIFICATE", []byte{4, 1, 0}),
			"certificate block 2 of 2 is not valid DER",
			"is a certificate",
		},
		"trailing bytes": {
			throwaway.EncodePEM("CERTIFICATE", append(bytes.Clone(der.Bytes), 0)),
			"is not valid DER",
			"is a certificate",
		},
		"empty block": {throwaway.EncodePEM("CERTIFICATE", nil), "is not valid DER", "is a certificate"},
		"certificate": {
			c.Leaf,
			"",
			"private key block 1 of 1 is a certificate. Move that block to certificate",
		},
		"key":                 {sec1, "certificate block 1 of 1 is a private key", ""},
		"certificate and key": {c.Leaf + sec1, "the key as private_key (stored", "Move that block to certificate"},
		"key and certificate": {sec1 + c.Leaf, "the key as private_key (stored", "Move that block to certificate"},
		"two keys":            {sec1 + sec1, "is a private key", "more than one block with a key"},
		"garbage as key": {
			throwaway.EncodePEM("PRIVATE KEY", []byte("garbage")),
			"is a private key",
			"private key block 1 of 1 is not valid DER of a private key",
		},
		"EC PARAMETERS alone": {
			throwaway.EncodePEM("EC PARAMETERS", []byte{5, 0}),
			"has EC PARAMETERS",
			"EC PARAMETERS but no key",
		},
		"EC PARAMETERS that are spelled out": {
			throwaway.EncodePEM("EC PARAMETERS", explicitCurve),
			"has EC PARAMETERS",
			"EC PARAMETERS but no key",
		},
		"encrypted, PKCS#8": {
			throwaway.EncodePEM("ENCRYPTED PRIVATE KEY", []byte{5, 0}),
			"is an encrypted private key",
			"is encrypted with a passphrase. Write it without",
		},
		"encrypted, legacy": {legacy, "is an encrypted private key", "is encrypted with a passphrase"},
		"key that was cut off": {
			sec1[:len(sec1)/2],
			"is a private key",
			"private key block 1 of 1 has no END line",
		},
		"key for SSH": {
			throwaway.EncodePEM("OPENSSH PRIVATE KEY", []byte("openssh-key-v1")),
			"is a private key for SSH",
			"is a key for SSH",
		},
		"CSR": {throwaway.EncodePEM("CERTIFICATE REQUEST", csr), "signing request", "signing request"},
		"CSR, old name": {
			throwaway.EncodePEM("NEW CERTIFICATE REQUEST", []byte{5, 0}),
			"signing request",
			"signing request",
		},
		"public key": {
			throwaway.EncodePEM("PUBLIC KEY", []byte{5, 0}),
			"is only a public key",
			"is a public key",
		},
		"RSA public key": {
			throwaway.EncodePEM("RSA PUBLIC KEY", []byte{5, 0}),
			"is only a public key",
			"is a public key",
		},
		"trusted certificate": {
			throwaway.EncodePEM("TRUSTED CERTIFICATE", der.Bytes),
			"only openssl reads (TRUSTED CERTIFICATE). Convert it",
			"is a certificate",
		},
		"PKCS#7": {
			throwaway.EncodePEM("PKCS7", []byte{5, 0}),
			"is a PKCS#7 bundle",
			"is a PKCS#7 bundle",
		},
		"revocation list": {
			throwaway.EncodePEM("X509 CRL", []byte{5, 0}),
			"certificate revocation list (CRL)",
			"certificate revocation list (CRL)",
		},
		"DH parameters and cert": {
			throwaway.EncodePEM("DH PARAMETERS", []byte{5, 0}) + c.Leaf,
			`has the type "DH PARAMETERS"`,
			`has the type "DH PARAMETERS"`,
		},
	} {
		_, err := pemcert.ParseChain(row.text)
		if !matches(err, row.certificate) {
			t.Errorf("%s as certificate: error %v, want %q", name, err, row.certificate)
		}
		_, err = pemcert.ParseKey(row.text)
		if !matches(err, row.key) {
			t.Errorf("%s as key: error %v, want %q", name, err, row.key)
		}
	}
}

func matches(err error, want string) bool {
	if want == "" {
		return err == nil
	}
	return err != nil && strings.Contains(err.Error(), want)
}
