package pemcert_test

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/elbaas/terraform-provider-elbaas/internal/pemcert"
	"github.com/elbaas/terraform-provider-elbaas/internal/throwaway"
)

// TestTextAroundBlocks: text around the blocks is ignored, even if it quotes PEM.
func TestTextAroundBlocks(t *testing.T) {
	t.Parallel()
	c, other := throwaway.NewChain(), throwaway.NewChain()
	want := parseChain(t, c.PEM())
	comment := func(sign, text string) string {
		var b strings.Builder
		for line := range strings.Lines(text) {
			b.WriteString(sign + line)
		}
		return b.String()
	}
	key := throwaway.KeyForms(other.Key)["PKCS#8"]
	oneLine := strings.ReplaceAll(c.PEM(), "\n", "")
	for name, text := range map[string]string{
		"commented out by #":           comment("# ", other.Leaf) + c.PEM(),
		"commented out by #, after it": c.Leaf + comment("#", other.Leaf) + c.Intermediate,
		"commented out by //":          comment("// ", other.Leaf) + c.PEM(),
		"quoted by >":                  comment("> ", other.Leaf) + c.PEM(),
		"a key that is commented out":  comment("# ", key) + c.PEM(),
		"a sentence with a boundary":   "Keep -----BEGIN CERTIFICATE----- as it is.\n" + c.PEM(),
		"a sentence with both": "Between -----BEGIN CERTIFICATE----- and -----END CERTIFICATE----- it is.\n" +
			c.PEM(),
		"a sentence after it":          c.PEM() + "Above was -----BEGIN CERTIFICATE-----.",
		"a BEGIN without its end":      "-----BEGIN CERTIFICATE\n" + c.PEM(),
		"an END alone":                 "-----END CERTIFICATE-----\n" + c.PEM(),
		"a path of Windows":            `C:\new\root.crt` + "\n" + c.PEM(),
		"joined without a newline":     strings.TrimSuffix(c.Leaf, "\n") + c.Intermediate,
		"joined with byte order marks": "\ufeff" + c.Leaf + "\ufeff" + c.Intermediate,
		"one line, a comment after it": oneLine + " # -----BEGIN CERTIFICATE-----",
		"headers in a block": strings.Replace(
			c.PEM(),
			"CERTIFICATE-----\n",
			"CERTIFICATE-----\nSubject: www\nIssuer: x\n\n",
			1,
		),
		"CR only, and a comment before it": strings.ReplaceAll(comment("# ", other.Leaf)+c.PEM(), "\n", "\r"),
	} {
		got, err := pemcert.ParseChain(text)
		if err != nil || !got.Equal(want) {
			t.Errorf("%s: %v, %d certificates", name, err, len(got))
		}
		if !pemcert.CertificatesIn(text).Equal(want) {
			t.Errorf("%s: a server's text is read in another way", name)
		}
	}
}

// TestCertificatesIn: only the certificates of a text are read.
func TestCertificatesIn(t *testing.T) {
	t.Parallel()
	c := throwaway.NewChain()
	want := parseChain(t, c.PEM())
	key := throwaway.KeyForms(c.Key)["PKCS#8"]
	asCertificate := strings.ReplaceAll(key, "PRIVATE KEY", "CERTIFICATE")
	for name, row := range map[string]struct {
		text string
		want pemcert.Chain
	}{
		"a key before it":             {key + c.PEM(), want},
		"a key after it":              {c.PEM() + key, want},
		"a key between":               {c.Leaf + key + c.Intermediate, want},
		"a key that was cut off":      {c.PEM() + key[:len(key)-30], want},
		"DH parameters":               {c.PEM() + throwaway.EncodePEM("DH PARAMETERS", []byte{5, 0}), want},
		"an encrypted key":            {throwaway.EncodePEM("ENCRYPTED PRIVATE KEY", []byte{5, 0}) + c.PEM(), want},
		"a key alone":                 {key, pemcert.Chain{}},
		"a key under a wrong label":   {c.PEM() + asCertificate, pemcert.Chain{}},
		"a certificate under another": {strings.ReplaceAll(c.Leaf, "CERTIFICATE", "PRIVATE KEY"), pemcert.Chain{}},
		"a leaf that was cut off":     {c.Leaf[:200] + "\n" + c.Intermediate, pemcert.Chain{}},
		"a mask":                      {"******", pemcert.Chain{}},
		"nothing":                     {"", pemcert.Chain{}},
	} {
		got := pemcert.CertificatesIn(row.text)
		if !got.Equal(row.want) || strings.Contains(got.PEM(), "PRIVATE") {
			t.Errorf("%s: %d certificates, want %d", name, len(got), len(row.want))
		}
		if ders := got.DERs(); len(ders) != len(row.want) {
			t.Errorf("%s: the DER of %d certificates, want %d", name, len(ders), len(row.want))
		}
	}
}

// TestWrongEncodings: the error names the encoding and the remedy.
func TestWrongEncodings(t *testing.T) {
	t.Parallel()
	c := throwaway.NewChain()
	key := throwaway.KeyForms(c.Key)["PKCS#8"]
	encoded := base64.StdEncoding.EncodeToString
	escaped := func(escape string) string { return strings.ReplaceAll(c.PEM(), "\n", escape) }
	pkcs7, err := os.ReadFile("testdata/cases/p7b-as-certificate.pem")
	if err != nil {
		t.Fatal(err)
	}
	for name, row := range map[string]struct{ text, want string }{
		"base64":                    {encoded([]byte(c.PEM())), "base64decode(…)"},
		"base64 without padding":    {strings.TrimRight(encoded([]byte(c.PEM()+" ")), "="), "base64decode(…)"},
		"base64 in lines":           {throwaway.Forms(encoded([]byte(c.PEM())))["indented"], "base64decode(…)"},
		"base64 of a commented PEM": {encoded([]byte("# mine\n" + c.PEM())), "base64decode(…)"},
		"base64 in a block": {
			throwaway.EncodePEM("CERTIFICATE", []byte(c.PEM())),
			"is PEM that is encoded in base64 again",
		},
		`\n`: {
			escaped(`\n`),
			`the literal characters \n where newlines should be. Read the file with file(…), or replace ` +
				`them: replace(…, "\\n", "\n")`,
		},
		`\r\n`:                  {escaped(`\r\n`), `replace(…, "\\r\\n", "\n")`},
		`\r`:                    {escaped(`\r`), `replace(…, "\\r", "\n")`},
		`\\r\\n`:                {escaped(`\\r\\n`), `replace(…, "\\\\r\\\\n", "\n")`},
		`\\n`:                   {escaped(`\\n`), `the literal characters \\n where newlines should be`},
		`\n and line ends`:      {strings.Replace(c.PEM(), "\nMII", `\nMII`, 1), `the literal characters \n`},
		`\n in quotation marks`: {`"` + escaped(`\n`) + `"`, `the literal characters \n`},
		"a quotation mark":      {`"` + c.Leaf + `"`, "each has other text in front of it on the same line"},
		"PKCS#7": {
			string(pkcs7),
			`certificate block 1 of 1, whose BEGIN line says "CERTIFICATE", is a PKCS#7 bundle`,
		},
		"a key labeled certificate": {
			strings.ReplaceAll(key, "PRIVATE KEY", "CERTIFICATE"),
			`whose BEGIN line says "CERTIFICATE", is a private key`,
		},
		"a certificate labeled key": {
			strings.ReplaceAll(c.Leaf, "CERTIFICATE", "PRIVATE KEY"),
			`whose BEGIN line says "PRIVATE KEY", is a certificate. Write CERTIFICATE in its`,
		},
		"a long label, which may be a value": {
			throwaway.EncodePEM(strings.Repeat("A1", 16), []byte{5, 0}),
			"has a type that does not belong there",
		},
		"a label that may be a value": {
			throwaway.EncodePEM("hunter2hunter2", []byte{5, 0}),
			"has a type that does not belong there",
		},
	} {
		_, err := pemcert.ParseChain(row.text)
		if err == nil || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%s: %v, want %q", name, err, row.want)
		}
	}
	encrypted := strings.ReplaceAll(throwaway.EncryptedKey, "ENCRYPTED ", "")
	if _, err := pemcert.ParseKey(encrypted); err == nil ||
		!strings.Contains(err.Error(), "is encrypted with a passphrase") {
		t.Errorf("an encrypted key labeled as one that is not: %v", err)
	}
}

// TestRemedyOfPKCS7 follows the remedy for a PKCS#7 bundle that was read with filebase64.
func TestRemedyOfPKCS7(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("testdata/cases/p7b-as-certificate.pem")
	if err != nil {
		t.Fatal(err)
	}
	file, _ := pem.Decode(text)
	_, err = pemcert.ParseChain(base64.StdEncoding.EncodeToString(file.Bytes))
	const remedy = "openssl pkcs7 -inform DER -in FILE -print_certs"
	if err == nil || !strings.Contains(err.Error(), remedy) {
		t.Fatalf("it says %v, want %q", err, remedy)
	}
	arguments := strings.Fields(strings.Replace(remedy, " -in FILE", "", 1))
	if len(parseChain(t, openssl(t, string(file.Bytes), arguments[1:]...))) == 0 {
		t.Error("the remedy finds no certificate")
	}
}

// TestRemedyOfEscapes applies the remedy for literal line ends until there is no error left.
func TestRemedyOfEscapes(t *testing.T) {
	t.Parallel()
	c := throwaway.NewChain()
	remedy := regexp.MustCompile(`replace\(…, (".*"), "\\n"\)`)
	for _, escape := range []string{`\n`, `\r`, `\r\n`, `\\n`, `\\r\\n`, `\\\\n`} {
		for name, pattern := range map[string]string{"every line end": "\n", "a line end within": "\nMI"} {
			text := strings.ReplaceAll(c.PEM(), pattern, strings.Replace(pattern, "\n", escape, 1))
			_, err := pemcert.ParseChain(text)
			if err == nil {
				t.Errorf("%s as %s: there is no error", escape, name)
				continue
			}
			found := remedy.FindStringSubmatch(err.Error())
			if found == nil {
				t.Errorf("%s as %s: there is no remedy: %v", escape, name, err)
				continue
			}
			old, err := strconv.Unquote(found[1])
			if err != nil {
				t.Errorf("%s as %s: %s: %v", escape, name, found[1], err)
			}
			if got, err := pemcert.ParseChain(strings.ReplaceAll(text, old, "\n")); err != nil ||
				!got.Equal(parseChain(t, c.PEM())) {
				t.Errorf("%s as %s: the remedy does not help: %v", escape, name, err)
			}
		}
	}
}

// TestWrongLabels: the content of a block determines the remedy, or its boundaries if it
// cannot be read.
func TestWrongLabels(t *testing.T) {
	t.Parallel()
	c := throwaway.NewChain()
	key := throwaway.KeyForms(c.Key)["PKCS#8"]
	request, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, c.Key)
	if err != nil {
		t.Fatal(err)
	}
	for _, label := range []string{
		"PRIVATE KEY",
		"EC PRIVATE KEY",
		"ENCRYPTED PRIVATE KEY",
		"OPENSSH PRIVATE KEY",
		"PUBLIC KEY",
		"CERTIFICATE REQUEST",
		"X509 CRL",
		"PKCS7", "CMS", "CERT", "DH PARAMETERS", "a label",
	} {
		_, err := pemcert.ParseChain(strings.ReplaceAll(c.Leaf, "CERTIFICATE", label))
		if want := "is a certificate. Write CERTIFICATE in its BEGIN and END lines"; err == nil ||
			!strings.Contains(err.Error(), want) {
			t.Errorf("a certificate under %s as certificate: %v, want %q", label, err, want)
		}
		_, err = pemcert.ParseKey(strings.ReplaceAll(c.Leaf, "CERTIFICATE", label))
		if want := "is a certificate. Move that block to certificate"; err == nil ||
			!strings.Contains(err.Error(), want) {
			t.Errorf("a certificate under %s as key: %v, want %q", label, err, want)
		}
		if label == "PRIVATE KEY" || label == "EC PRIVATE KEY" {
			continue // a key with such a boundary is recognized by its content
		}
		_, err = pemcert.ParseKey(strings.ReplaceAll(key, "PRIVATE KEY", label))
		if want := "is a private key. Write PRIVATE KEY in its BEGIN and END lines"; err == nil ||
			!strings.Contains(err.Error(), want) {
			t.Errorf("a key under %s as key: %v, want %q", label, err, want)
		}
	}
	_, err = pemcert.ParseKey(strings.ReplaceAll(key, "PRIVATE KEY", "CERTIFICATE"))
	if err == nil ||
		!strings.Contains(err.Error(), `whose BEGIN line says "CERTIFICATE", is a private key. Write PRIVATE `+
			`KEY in its`) {
		t.Errorf("a key under CERTIFICATE as key: %v", err)
	}
	for _, label := range []string{"PRIVATE KEY", "PKCS7", "CERTIFICATE", "a label"} {
		text := throwaway.EncodePEM(label, request)
		if _, err := pemcert.ParseChain(text); err == nil || !strings.Contains(err.Error(), "signing request (CSR)") ||
			strings.Contains(err.Error(), "a label") { // it might be a secret
			t.Errorf("a request under %s as certificate: %v", label, err)
		}
		if _, err := pemcert.ParseKey(text); err == nil || !strings.Contains(err.Error(), "signing request (CSR)") {
			t.Errorf("a request under %s as key: %v", label, err)
		}
	}
}

// rewritten returns a certificate in which some bytes are replaced by others.
func rewritten(certificate, old, new string) string {
	der := pemcert.CertificatesIn(certificate).DERs()[0]
	return throwaway.EncodePEM("CERTIFICATE", bytes.ReplaceAll(der, []byte(old), []byte(new)))
}

// TestOrderByKeyIDs: if the signature of a certificate cannot be verified, key identifiers tell its
// issuer, if there are any.
func TestOrderByKeyIDs(t *testing.T) {
	t.Parallel()
	const serial, negative = "\x02\x04\x11\x22\x33\x44", "\x02\x04\xff\x22\x33\x44"
	for _, row := range []struct {
		own, issuers string
		want         bool
	}{{"a", "a", true}, {"a", "b", false}, {"", "b", true}, {"a", "", true}} {
		authority := &x509.Certificate{Subject: pkix.Name{CommonName: "root"}}
		leaf := &x509.Certificate{SerialNumber: big.NewInt(0x11223344), Subject: pkix.Name{CommonName: "www"}}
		leaf.AuthorityKeyId = []byte(row.issuers)
		key := throwaway.NewECKey()
		text := throwaway.Issue(leaf, throwaway.NewECKey(), authority, key)
		authority.SubjectKeyId = []byte(row.own)
		issuer := throwaway.Issue(authority, throwaway.NewECKey(), nil, nil)
		if got := parseChain(t, rewritten(text, serial, negative)+issuer).InOrder(); got != row.want {
			t.Errorf("an issuer with the key ID %q, which should have %q: in order: %t", row.own, row.issuers, got)
		}
	}
}

// TestOrderOfRealChains: chains that work in practice are in order, whatever their issuers look
// like.
func TestOrderOfRealChains(t *testing.T) {
	t.Parallel()
	authority := func(name string) *x509.Certificate {
		return &x509.Certificate{
			Subject:               pkix.Name{CommonName: name},
			IsCA:                  true,
			BasicConstraintsValid: true,
			SubjectKeyId:          []byte(name),
		}
	}
	issue := throwaway.Issue
	leafOf := func(issuer *x509.Certificate, issuerKey crypto.Signer) string {
		return issue(&x509.Certificate{Subject: pkix.Name{CommonName: "www"}}, throwaway.NewECKey(), issuer, issuerKey)
	}
	rootKey, otherKey, key := throwaway.NewECKey(), throwaway.NewECKey(), throwaway.NewECKey()
	root, other, intermediate := authority("root"), authority("other"), authority("intermediate")
	leaf := leafOf(intermediate, key)
	byRoot, byOther := issue(intermediate, key, root, rootKey), issue(intermediate, key, other, otherKey)
	rootCert, otherCert := issue(root, rootKey, nil, nil), issue(other, otherKey, nil, nil)
	noAuthority := &x509.Certificate{
		Subject:  pkix.Name{CommonName: "intermediate"},
		KeyUsage: x509.KeyUsageDigitalSignature,
	}
	small, otherSmall := throwaway.NewRSAKey(1024), throwaway.NewRSAKey(1024)
	byOtherRSA := issue(root, otherSmall, nil, nil)
	www := pkix.Name{CommonName: "www"}
	sha1 := issue(&x509.Certificate{Subject: www, SignatureAlgorithm: x509.SHA1WithRSA}, key, root, small)
	renewed := func() string { return issue(&x509.Certificate{Subject: www}, otherKey, intermediate, key) }
	// The same name with another string type, which makes the signature invalid.
	printable := rewritten(byRoot, "\x13\x0cintermediate", "\x0c\x0cintermediate")
	inCapitals := rewritten(byRoot, "\x13\x0cintermediate", "\x13\x0cIntermediate")
	md5 := rewritten(sha1, "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x05", "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x04")
	unknown := rewritten(leaf, "\x2a\x86\x48\xce\x3d\x04\x03\x02", "\x2a\x86\x48\xce\x3d\x04\x03\x7f")
	files, err := os.ReadFile(filepath.Join("testdata", "cases", "chain-issuer-without-certsign.pem"))
	if err != nil {
		t.Fatal(err)
	}
	stranger := issue(intermediate, throwaway.NewECKey(), root, rootKey)
	renamed := issue(authority("renamed"), key, root, rootKey)
	for name, row := range map[string]struct {
		text string
		want bool
	}{
		"both cross-signed issuers":                     {leaf + byRoot + byOther, true},
		"both, the other one first":                     {leaf + byOther + byRoot, true},
		"both, and the root of the second":              {leaf + byRoot + byOther + otherCert, true},
		"both, and the root of the first":               {leaf + byRoot + byOther + rootCert, true},
		"a duplicate":                                   {leaf + byRoot + byRoot, false},
		"the second variant behind the root":            {leaf + byRoot + rootCert + byOther, false},
		"another one with the name":                     {leaf + stranger, false},
		"another one with the name, RSA":                {leafOf(root, small) + byOtherRSA, false},
		"a renewed leaf behind the leaf":                {renewed() + renewed(), false},
		"a signature with SHA-1":                        {sha1 + issue(root, small, nil, nil), true},
		"a signature with MD5":                          {md5 + issue(root, small, nil, nil), true},
		"a signature of an unknown algorithm":           {unknown + byRoot, true},
		"an issuer whose name has capitals":             {leaf + inCapitals, true},
		"another one with the name behind it":           {leaf + byRoot + stranger, false},
		"another one with the key":                      {leaf + byRoot + renamed, false},
		"an issuer without CA bits":                     {leaf + issue(noAuthority, key, root, rootKey), true},
		"an issuer without certSign":                    {string(files), true},
		"RSA of 1024 bits":                              {leafOf(root, small) + issue(root, small, nil, nil), true},
		"an issuer whose name has another string type":  {leaf + printable, true},
		"a root that has another string type, no chain": {leaf + rootCert, false},
		"leaf last": {byRoot + leaf, false},
	} {
		if got := parseChain(t, row.text).InOrder(); got != row.want {
			t.Errorf("%s: in order: %t", name, got)
		}
	}
}

// TestOrderOfSmallKeys: signatures by keys that are too small for the standard library are ignored
// if the names are in order.
func TestOrderOfSmallKeys(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := func(name string) string { return filepath.Join(dir, name) }
	write := func(name, text string) {
		if err := os.WriteFile(file(name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	chain := func(bits int) string {
		write(
			"key",
			openssl(t, "", "genpkey", "-algorithm", "RSA", "-pkeyopt", fmt.Sprintf("rsa_keygen_bits:%d", bits)),
		)
		issuer := openssl(t, "", "req", "-x509", "-new", "-key", file("key"), "-subj", "/CN=root")
		write("issuer", issuer)
		request := openssl(t, "", "req", "-new", "-key", file("key"), "-subj", "/CN=www")
		return openssl(
			t,
			request,
			"x509",
			"-req",
			"-CA",
			file("issuer"),
			"-CAkey",
			file("key"),
			"-set_serial",
			"1",
		) + issuer
	}
	for _, bits := range []int{512, 768, 1024} {
		text := chain(bits)
		if !parseChain(t, text).InOrder() {
			t.Errorf("RSA %d is not in order", bits)
		}
		half := strings.Index(text, "-----END CERTIFICATE-----\n") + len("-----END CERTIFICATE-----\n")
		if parseChain(t, text[half:]+text[:half]).InOrder() {
			t.Errorf("RSA %d, the issuer first, is in order", bits)
		}
	}
}
