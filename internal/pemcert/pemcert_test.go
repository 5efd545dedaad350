package pemcert_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
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
)

// issue returns the DER of a certificate for a key, signed by an issuer, or by
// itself.
func issue(t *testing.T, template *x509.Certificate, key crypto.Signer, issuer *x509.Certificate, issuerKey crypto.Signer) []byte {
	t.Helper()
	if template.SerialNumber == nil {
		template.SerialNumber = big.NewInt(0xabc)
	}
	if template.NotAfter.IsZero() {
		template.NotBefore, template.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	}
	if issuer == nil {
		issuer, issuerKey = template, key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, issuer, key.Public(), issuerKey)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func newECKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func encode(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

// chain is a leaf, its intermediate, and the root, with the leaf's key.
type chain struct {
	leaf, intermediate, root string
	key                      *ecdsa.PrivateKey
	intermediateKey          *ecdsa.PrivateKey
}

func newChain(t *testing.T) chain {
	t.Helper()
	rootKey, intermediateKey, key := newECKey(t), newECKey(t), newECKey(t)
	authority := func(name string) *x509.Certificate {
		return &x509.Certificate{Subject: pkix.Name{CommonName: name}, IsCA: true, BasicConstraintsValid: true}
	}
	root, intermediate := authority("root"), authority("intermediate")
	leaf := &x509.Certificate{Subject: pkix.Name{CommonName: "www.example.com"}, DNSNames: []string{"www.example.com", "*.shop.example.com"}}
	return chain{
		leaf:            encode("CERTIFICATE", issue(t, leaf, key, intermediate, intermediateKey)),
		intermediate:    encode("CERTIFICATE", issue(t, intermediate, intermediateKey, root, rootKey)),
		root:            encode("CERTIFICATE", issue(t, root, rootKey, nil, nil)),
		key:             key,
		intermediateKey: intermediateKey,
	}
}

func (c chain) pem() string { return c.leaf + c.intermediate }

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

// forms are ways in which people have the same PEM text.
func forms(text string) map[string]string {
	trimmed := strings.TrimSuffix(text, "\n")
	lines := strings.Split(trimmed, "\n")
	rewrapped := map[int]string{}
	for _, width := range []int{48, 76, 1 << 20} {
		var b strings.Builder
		var body strings.Builder
		flush := func() {
			for s := body.String(); s != ""; {
				n := min(width, len(s))
				b.WriteString(s[:n] + "\n")
				s = s[n:]
			}
			body.Reset()
		}
		for _, line := range lines {
			if strings.HasPrefix(line, "-----") {
				flush()
				b.WriteString(line + "\n")
			} else {
				body.WriteString(line)
			}
		}
		rewrapped[width] = b.String()
	}
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
		"48 columns":           rewrapped[48],
		"76 columns":           rewrapped[76],
		"base64 on one line":   rewrapped[1<<20],
		"spaces for line ends": strings.Join(lines, " "),
		"no line ends":         strings.Join(lines, ""),
		"text before":          "subject=CN = www.example.com\nissuer=CN = x\n" + text,
		"text after":           text + "# the end\n",
		"bag attributes":       "Bag Attributes\n    localKeyID: 01 02\n    friendlyName: www\nKey Attributes: <No Attributes>\n" + text,
		"text dump":            "Certificate:\n    Data:\n        Version: 3 (0x2)\n        Serial Number: 01:02\n" + text,
	}
}

func TestChainInEveryForm(t *testing.T) {
	t.Parallel()
	c := newChain(t)
	want := parseChain(t, c.pem())
	canonical := strings.TrimSuffix(c.pem(), "\n")
	for name, text := range forms(c.pem()) {
		got := parseChain(t, text)
		if !got.Equal(want) || !want.Equal(got) {
			t.Errorf("%s: not equal", name)
		}
		if got.PEM() != canonical {
			t.Errorf("%s: canonical form\n%s\nwant\n%s", name, got.PEM(), canonical)
		}
	}
	if other := parseChain(t, strings.ReplaceAll(c.leaf, " CERTIFICATE-", " X509 CERTIFICATE-")+c.intermediate); !other.Equal(want) || other.PEM() != canonical {
		t.Error("the old name of the block makes a difference")
	}
}

func TestChainsThatDiffer(t *testing.T) {
	t.Parallel()
	c, other := newChain(t), newChain(t)
	want := parseChain(t, c.pem())
	for name, text := range map[string]string{
		"order":         c.intermediate + c.leaf,
		"leaf alone":    c.leaf,
		"with the root": c.pem() + c.root,
		"leaf twice":    c.leaf + c.leaf,
		"other leaf":    other.leaf + c.intermediate,
		"other chain":   c.leaf + other.intermediate,
	} {
		if got := parseChain(t, text); got.Equal(want) || want.Equal(got) {
			t.Errorf("%s: equal", name)
		}
	}
}

func TestInOrder(t *testing.T) {
	t.Parallel()
	c, other := newChain(t), newChain(t)
	for name, row := range map[string]struct {
		text string
		want bool
	}{
		"leaf alone":             {c.leaf, true},
		"leaf, intermediate":     {c.pem(), true},
		"with the root":          {c.pem() + c.root, true},
		"self-signed":            {c.root, true},
		"leaf last":              {c.intermediate + c.leaf, false},
		"intermediate left out":  {c.leaf + c.root, false},
		"root before the others": {c.leaf + c.root + c.intermediate, false},
		"leaf twice":             {c.leaf + c.leaf + c.intermediate, false},
		"root twice":             {c.pem() + c.root + c.root, false},
		"two leaves":             {c.leaf + other.leaf, false},
		"authority of that name": {c.leaf + other.intermediate, false},
		"unknown algorithm last": {c.leaf + sm2(t), true},
	} {
		if got := parseChain(t, row.text).InOrder(); got != row.want {
			t.Errorf("%s: in order = %t", name, got)
		}
	}
}

func keyForms(t *testing.T, key any) map[string]string {
	t.Helper()
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{"PKCS#8": encode("PRIVATE KEY", pkcs8)}
	switch key := key.(type) {
	case *rsa.PrivateKey:
		all["PKCS#1"] = encode("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(key))
		all["PKCS#1 under a wrong name"] = encode("PRIVATE KEY", x509.MarshalPKCS1PrivateKey(key))
	case *ecdsa.PrivateKey:
		sec1, err := x509.MarshalECPrivateKey(key)
		if err != nil {
			t.Fatal(err)
		}
		all["SEC 1"] = encode("EC PRIVATE KEY", sec1)
		all["SEC 1 with parameters"] = encode("EC PARAMETERS", []byte{6, 8, 42, 134, 72, 206, 61, 3, 1, 7}) + encode("EC PRIVATE KEY", sec1)
	}
	return all
}

func TestKeyInEveryForm(t *testing.T) {
	t.Parallel()
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	_, edKey, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	ecKey := newECKey(t)
	keys := map[string]crypto.Signer{"RSA": rsaKey, "ECDSA": ecKey, "Ed25519": edKey}
	for algorithm, key := range keys {
		leaf := parseChain(t, encode("CERTIFICATE", issue(t, &x509.Certificate{}, key, nil, nil)))
		first := parseKey(t, keyForms(t, key)["PKCS#8"])
		for encoding, text := range keyForms(t, key) {
			block := text[strings.LastIndex(text, "-----BEGIN"):]
			for form, text := range forms(text) {
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
			if equal := parseKey(t, keyForms(t, key)["PKCS#8"]).Equal(first); equal != (other == algorithm) {
				t.Errorf("%s and %s: equal = %t", algorithm, other, equal)
			}
		}
	}
	if stranger := parseKey(t, keyForms(t, newECKey(t))["PKCS#8"]); stranger.Equal(parseKey(t, keyForms(t, ecKey)["PKCS#8"])) {
		t.Error("two keys of one algorithm are equal")
	}
}

func TestBelongsTo(t *testing.T) {
	t.Parallel()
	c := newChain(t)
	whole := parseChain(t, c.pem()+c.root)
	for name, row := range map[string]struct {
		key      pemcert.Key
		chain    pemcert.Chain
		position int
		known    bool
	}{
		"leaf":             {parseKey(t, keyForms(t, c.key)["SEC 1"]), whole, 0, true},
		"intermediate":     {parseKey(t, keyForms(t, c.intermediateKey)["PKCS#8"]), whole, 1, true},
		"leaf last":        {parseKey(t, keyForms(t, c.key)["SEC 1"]), parseChain(t, c.root+c.intermediate+c.leaf), 2, true},
		"stranger":         {parseKey(t, keyForms(t, newECKey(t))["SEC 1"]), whole, -1, true},
		"no key":           {pemcert.Key{}, whole, -1, false},
		"unknown leaf":     {parseKey(t, keyForms(t, c.key)["SEC 1"]), parseChain(t, sm2(t)), -1, false},
		"unknown in chain": {parseKey(t, keyForms(t, newECKey(t))["SEC 1"]), parseChain(t, c.leaf+sm2(t)), -1, true},
		"unknown key":      {parseKey(t, unknownKey()), whole, -1, false},
	} {
		if position, known := row.key.BelongsTo(row.chain); position != row.position || known != row.known {
			t.Errorf("%s: %d, %t, want %d, %t", name, position, known, row.position, row.known)
		}
	}
}

// TestUnknownKeys are compared by their encoding.
func TestUnknownKeys(t *testing.T) {
	t.Parallel()
	unknown := parseKey(t, unknownKey())
	if !unknown.Equal(parseKey(t, strings.ReplaceAll(unknownKey(), "\n", "\r\n"))) {
		t.Error("the line ends make a difference")
	}
	if known := parseKey(t, keyForms(t, newECKey(t))["SEC 1"]); known.Equal(unknown) || unknown.Equal(known) {
		t.Error("a known and an unknown key are equal")
	}
	var none pemcert.Key
	if none.Equal(unknown) || unknown.Equal(none) || !none.Equal(pemcert.Key{}) || !none.PEM().Empty() {
		t.Error("no key is equal to a key, or not to no key")
	}
}

// sm2 is a certificate of an algorithm that the standard library does not know:
// its OIDs are those of SM2 and SM3, its signature is nonsense.
func sm2(t *testing.T) string {
	t.Helper()
	der := issue(t, &x509.Certificate{Subject: pkix.Name{CommonName: "sm2"}}, newECKey(t), nil, nil)
	// prime256v1 becomes a curve that nobody knows.
	der = bytes.ReplaceAll(der, []byte{6, 8, 42, 134, 72, 206, 61, 3, 1, 7}, []byte{6, 8, 42, 129, 28, 207, 85, 1, 130, 45})
	if _, err := x509.ParseCertificate(der); err == nil {
		t.Fatal("the standard library has learnt SM2")
	}
	return encode("CERTIFICATE", der)
}

func unknownKey() string {
	der, _ := asn1.Marshal(struct {
		Version   int
		Algorithm struct{ ID asn1.ObjectIdentifier }
		Key       []byte
	}{0, struct{ ID asn1.ObjectIdentifier }{asn1.ObjectIdentifier{1, 2, 156, 10197, 1, 301}}, []byte("key")})
	return encode("PRIVATE KEY", der)
}

func TestUnknownCertificate(t *testing.T) {
	t.Parallel()
	c := parseChain(t, sm2(t))
	if _, err := c.Leaf(); err == nil {
		t.Error("an unknown algorithm was read")
	}
	if c.Len() != 1 || !c.Equal(parseChain(t, strings.ReplaceAll(c.PEM(), "\n", "\r\n"))) {
		t.Error("an unknown algorithm makes a difference")
	}
	if _, err := (pemcert.Chain{}).Leaf(); err == nil {
		t.Error("nothing has a leaf")
	}
}

func TestFacts(t *testing.T) {
	t.Parallel()
	key := newECKey(t)
	authority := &x509.Certificate{Subject: pkix.Name{CommonName: "An Authority", Organization: []string{"Example, Inc."}, Country: []string{"DE"}}}
	uri, _ := url.Parse("spiffe://example.com/www")
	der := issue(t, &x509.Certificate{
		SerialNumber:   big.NewInt(0x0abc),
		Subject:        pkix.Name{CommonName: "www.example.com", Organization: []string{"证书"}},
		NotBefore:      time.Date(2026, 1, 2, 3, 4, 5, 0, time.FixedZone("CET", 3600)),
		NotAfter:       time.Date(2027, 1, 2, 3, 4, 5, 0, time.UTC),
		DNSNames:       []string{"www.example.com", "example.com"},
		IPAddresses:    []net.IP{net.ParseIP("192.0.2.1"), net.ParseIP("2001:db8::1")},
		EmailAddresses: []string{"a@example.com"},
		URIs:           []*url.URL{uri},
	}, key, authority, newECKey(t))
	leaf, err := parseChain(t, encode("CERTIFICATE", der)).Leaf()
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(der)
	got := pemcert.FactsOf(leaf)
	for name, row := range map[string][2]string{
		"not before":  {got.NotBefore.Format(time.RFC3339), "2026-01-02T02:04:05Z"},
		"not after":   {got.NotAfter.Format(time.RFC3339), "2027-01-02T03:04:05Z"},
		"fingerprint": {got.FingerprintSHA256, hex.EncodeToString(sum[:])},
		"serial":      {got.SerialNumber, "abc"},
		"subject":     {got.Subject, "CN=www.example.com,O=证书"},
		"issuer":      {got.Issuer, `CN=An Authority,O=Example\, Inc.,C=DE`},
		"names":       {strings.Join(got.SubjectAlternativeNames, " "), "www.example.com example.com 192.0.2.1 2001:db8::1 a@example.com spiffe://example.com/www"},
		"algorithm":   {got.KeyAlgorithm, "ECDSA P-256"},
	} {
		if row[0] != row[1] {
			t.Errorf("%s: %q, want %q", name, row[0], row[1])
		}
	}
}

func TestKeyAlgorithms(t *testing.T) {
	t.Parallel()
	small, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	_, ed, _ := ed25519.GenerateKey(rand.Reader)
	p521, _ := ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
	for want, key := range map[string]crypto.Signer{"RSA 1024": small, "Ed25519": ed, "ECDSA P-521": p521} {
		leaf, err := parseChain(t, encode("CERTIFICATE", issue(t, &x509.Certificate{}, key, nil, nil))).Leaf()
		if err != nil {
			t.Fatal(err)
		}
		if got := pemcert.FactsOf(leaf).KeyAlgorithm; got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestCovers(t *testing.T) {
	t.Parallel()
	leaf, err := parseChain(t, newChain(t).leaf).Leaf()
	if err != nil {
		t.Fatal(err)
	}
	old, err := parseChain(t, encode("CERTIFICATE", issue(t, &x509.Certificate{Subject: pkix.Name{CommonName: "*.old.example.com"}}, newECKey(t), nil, nil))).Leaf()
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		cert   *x509.Certificate
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
	} {
		if got := pemcert.Covers(row.cert, row.domain); got != row.want {
			t.Errorf("%s: %t", row.domain, got)
		}
	}
	if old.DNSNames != nil {
		t.Error("the certificate was changed")
	}
}

// TestBadTexts is what the user reads of files that cannot be used.
func TestBadTexts(t *testing.T) {
	t.Parallel()
	c := newChain(t)
	sec1 := keyForms(t, c.key)["SEC 1"]
	der, _ := pem.Decode([]byte(c.leaf))
	csr, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, c.key)
	if err != nil {
		t.Fatal(err)
	}
	pfx, _ := asn1.Marshal(struct {
		Version  int
		AuthSafe struct {
			ContentType asn1.ObjectIdentifier
		}
	}{3, struct{ ContentType asn1.ObjectIdentifier }{asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 1}}})
	legacy := "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,AA\n\nAAAA\n-----END RSA PRIVATE KEY-----\n"
	utf16 := strings.Join(strings.Split("\ufeff"+c.leaf, ""), "\x00")
	half := c.leaf[:len(c.leaf)/2]
	damaged := strings.Replace(c.leaf, "\nMII", "\n!!!", 1)

	for name, row := range map[string]struct{ text, certificate, key string }{
		"nothing":                {"", "is empty", "is empty"},
		"white space":            {" \n\t", "is empty", "is empty"},
		"prose":                  {"hello world", "is not PEM", "is not PEM"},
		"name of a file":         {"./certs/www.crt", `looks like the name of a file. Read the file: file("`, "looks like the name of a file"},
		"DER in base64":          {base64.StdEncoding.EncodeToString(der.Bytes), "is DER in base64", "openssl pkey -inform DER"},
		"PKCS#12 in base64":      {base64.StdEncoding.EncodeToString(pfx), "is a PKCS#12 file", "openssl pkcs12"},
		"UTF-16":                 {utf16, "saved as UTF-16", "Save the file as UTF-8"},
		`literal \n`:             {strings.ReplaceAll(c.leaf, "\n", `\n`), `the two characters \n`, `the two characters \n`},
		"cut off":                {half, "is damaged: of its 1 blocks only 0 can be read", "is damaged"},
		"second cut off":         {c.leaf + half, "of its 2 blocks only 1 can be read", "is damaged"},
		"damaged base64":         {damaged, "is damaged", "is damaged"},
		"END of another":         {strings.Replace(c.leaf, "END CERTIFICATE", "END PRIVATE KEY", 1), "is damaged", "is damaged"},
		"garbage in a block":     {encode("CERTIFICATE", []byte("garbage")), "its block 1 of 1 is marked as a certificate", "contains a certificate"},
		"DER that is no cert":    {c.leaf + encode("CERTIFICATE", []byte{4, 1, 0}), "its block 2 of 2 is marked", "contains a certificate"},
		"trailing bytes":         {encode("CERTIFICATE", append(bytes.Clone(der.Bytes), 0)), "its content is none", "contains a certificate"},
		"empty block":            {encode("CERTIFICATE", nil), "its content is none", "contains a certificate"},
		"certificate":            {c.leaf, "", "contains a certificate. Move that block to certificate"},
		"key":                    {sec1, "contains a private key", ""},
		"certificate and key":    {c.leaf + sec1, "Move that block to private_key", "Move that block to certificate"},
		"key and certificate":    {sec1 + c.leaf, "Move that block to private_key", "Move that block to certificate"},
		"two keys":               {sec1 + sec1, "contains a private key", "more than one private key"},
		"garbage as key":         {encode("PRIVATE KEY", []byte("garbage")), "contains a private key", "marked as a private key, but its content is none"},
		"EC PARAMETERS alone":    {encode("EC PARAMETERS", []byte{5, 0}), "contains EC PARAMETERS", "EC PARAMETERS and no key"},
		"encrypted, PKCS#8":      {encode("ENCRYPTED PRIVATE KEY", []byte{5, 0}), "contains a private key", "is encrypted with a passphrase. Write it without"},
		"encrypted, legacy":      {legacy, "contains a private key", "is encrypted with a passphrase"},
		"key for SSH":            {encode("OPENSSH PRIVATE KEY", []byte("openssh-key-v1")), "contains a private key", "is a key for SSH"},
		"CSR":                    {encode("CERTIFICATE REQUEST", csr), "signing request", "signing request"},
		"CSR, old name":          {encode("NEW CERTIFICATE REQUEST", csr), "signing request", "signing request"},
		"public key":             {encode("PUBLIC KEY", []byte{5, 0}), "contains a public key alone", "contains a public key"},
		"RSA public key":         {encode("RSA PUBLIC KEY", []byte{5, 0}), "contains a public key alone", "contains a public key"},
		"trusted certificate":    {encode("TRUSTED CERTIFICATE", der.Bytes), "TRUSTED CERTIFICATE", "contains a certificate"},
		"PKCS#7":                 {encode("PKCS7", []byte{5, 0}), "is a PKCS#7 bundle", `of the type "PKCS7"`},
		"revocation list":        {encode("X509 CRL", []byte{5, 0}), `of the type "X509 CRL"`, `of the type "X509 CRL"`},
		"DH parameters and cert": {encode("DH PARAMETERS", []byte{5, 0}) + c.leaf, `of the type "DH PARAMETERS"`, `of the type "DH PARAMETERS"`},
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

func FuzzParse(f *testing.F) {
	f.Add("-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n")
	f.Add("-----BEGIN PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nMAA=\n-----END PRIVATE KEY-----")
	f.Fuzz(func(t *testing.T, text string) {
		if c, err := pemcert.ParseChain(text); err == nil {
			again, err := pemcert.ParseChain(c.PEM())
			if err != nil || !again.Equal(c) || again.PEM() != c.PEM() {
				t.Errorf("the canonical form of %q is not stable", text)
			}
			_ = c.InOrder()
		}
		if k, err := pemcert.ParseKey(text); err == nil {
			again, err := pemcert.ParseKey(k.PEM().Reveal())
			if err != nil || !again.Equal(k) {
				t.Errorf("the canonical form of %q is not stable", text)
			}
		}
	})
}
