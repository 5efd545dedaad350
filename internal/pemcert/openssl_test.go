package pemcert_test

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"fmt"
	"maps"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/elbaas/terraform-provider-elbaas/internal/pemcert"
	"github.com/elbaas/terraform-provider-elbaas/internal/throwaway"
)

// openssl runs openssl with a text as its input, and returns its output. The test is skipped if
// openssl is not installed.
func openssl(t *testing.T, input string, arguments ...string) string {
	t.Helper()
	program, err := exec.LookPath("openssl")
	if err != nil {
		t.Skip("there is no openssl")
	}
	command := exec.CommandContext(t.Context(), program, arguments...)
	command.Stdin = strings.NewReader(input)
	var said bytes.Buffer
	command.Stderr = &said
	output, err := command.Output()
	if err != nil {
		t.Fatalf("openssl %s: %v\n%s", strings.Join(arguments, " "), err, said.String())
	}
	return string(output)
}

// agrees compares the contents of a certificate with the output of openssl. It undoes the two
// intended differences: UTF-8 is not escaped, so that names are readable, and STREET is spelled as
// in RFC 4514.
func agrees(t *testing.T, certificate string) pemcert.Facts {
	t.Helper()
	facts := parseChain(t, certificate).Facts()
	printed := map[string]string{}
	for line := range strings.Lines(openssl(t, certificate, "x509", "-noout", "-fingerprint", "-sha256", "-serial",
		"-dates", "-dateopt", "iso_8601", "-subject", "-issuer", "-nameopt", "RFC2253,-esc_msb")) {
		name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "=")
		printed[strings.ToLower(strings.Fields(name)[0])] = value
	}
	date := func(name string) string { return strings.Replace(printed[name], " ", "T", 1) }
	serial, negative := strings.CutPrefix(strings.ToLower(printed["serial"]), "-")
	serial = "0" + strings.TrimLeft(serial, "0")
	if serial = strings.TrimPrefix(serial, "0"); serial == "" {
		serial = "0"
	}
	if negative {
		serial = "-" + serial
	}
	street := strings.NewReplacer("street=", "STREET=")
	for name, row := range map[string][2]string{
		"fingerprint": {facts.FingerprintSHA256, strings.ToLower(strings.ReplaceAll(printed["sha256"], ":", ""))},
		"serial":      {facts.SerialNumber, serial},
		"not before":  {facts.NotBefore.Format(time.RFC3339), date("notbefore")},
		"not after":   {facts.NotAfter.Format(time.RFC3339), date("notafter")},
		"subject":     {facts.Subject, street.Replace(printed["subject"])},
		"issuer":      {facts.Issuer, street.Replace(printed["issuer"])},
	} {
		if row[0] != row[1] {
			t.Errorf("%s: %q, by openssl %q", name, row[0], row[1])
		}
	}
	got, want := slices.Clone(facts.SubjectAlternativeNames), printedAltNames(openssl(
		t,
		certificate,
		"x509",
		"-noout",
		"-ext",
		"subjectAltName",
	))
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("alternative names: %q, by openssl %q", got, want)
	}
	return facts
}

// printedAltNames parses the alternative names that openssl prints. It ignores the kinds that Facts
// does not have.
func printedAltNames(text string) []string {
	var names []string
	_, text, _ = strings.Cut(text, "\n")
	for _, name := range strings.Split(strings.TrimSpace(text), ", ") {
		switch kind, value, _ := strings.Cut(name, ":"); kind {
		case "DNS", "email", "URI":
			names = append(names, value)
		case "IP Address":
			names = append(names, net.ParseIP(value).String())
		}
	}
	return names
}

// formsOfPSS writes an RSASSA-PSS key in PKCS#8 in the other forms that exist: in the
// traditional form of openssl before 3.0, and as an RSA key.
func formsOfPSS(t *testing.T, text string) map[string]string {
	t.Helper()
	b, _ := pem.Decode([]byte(text))
	var key struct {
		Version   int
		Algorithm asn1.RawValue
		Key       []byte
	}
	if _, err := asn1.Unmarshal(b.Bytes, &key); err != nil {
		t.Fatal(err)
	}
	private, err := x509.ParsePKCS1PrivateKey(key.Key)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return map[string]string{
		"traditional":     throwaway.EncodePEM("RSA-PSS PRIVATE KEY", key.Key),
		"PKCS#1":          throwaway.EncodePEM("RSA PRIVATE KEY", key.Key),
		"PKCS#8 of RSA":   throwaway.EncodePEM("PRIVATE KEY", pkcs8),
		"a longer label":  throwaway.EncodePEM("RSA-PSS PRIVATE KEY", b.Bytes),
		"a shorter label": throwaway.EncodePEM("PRIVATE KEY", key.Key),
	}
}

// TestKeysOfOpenSSL creates a key and a certificate of every type with openssl, compares
// their contents, and checks that the key matches in both of its encodings.
func TestKeysOfOpenSSL(t *testing.T) {
	t.Parallel()
	curve := func(name string, more ...string) []string {
		return append([]string{"genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:" + name}, more...)
	}
	rsaOf := func(algorithm string, bits int) []string {
		return []string{"genpkey", "-algorithm", algorithm, "-pkeyopt", "rsa_keygen_bits:" + strconv.Itoa(bits)}
	}
	explicit := []string{"-pkeyopt", "ec_param_enc:explicit"}
	for name, row := range map[string]struct {
		generate []string
		want     string
		known    bool // whether the key can be matched
	}{
		"RSA 512":  {rsaOf("RSA", 512), "RSA 512", true},
		"RSA 1024": {rsaOf("RSA", 1024), "RSA 1024", true},
		"RSA 2047": {rsaOf("RSA", 2047), "RSA 2047", true},
		"RSA 4096": {rsaOf("RSA", 4096), "RSA 4096", true},
		"PSS":      {rsaOf("RSA-PSS", 2048), "RSASSA-PSS 2048", true},
		"PSS, restricted": {
			append(rsaOf("RSA-PSS", 1024), "-pkeyopt", "rsa_pss_keygen_md:sha256"),
			"RSASSA-PSS 1024",
			true,
		},
		"P-224":          {curve("P-224"), "ECDSA P-224", true},
		"P-256":          {curve("P-256"), "ECDSA P-256", true},
		"P-384":          {curve("P-384"), "ECDSA P-384", true},
		"P-521":          {curve("P-521"), "ECDSA P-521", true},
		"secp256k1":      {curve("secp256k1"), "ECDSA 1.3.132.0.10", false},
		"brainpool":      {curve("brainpoolP256r1"), "ECDSA 1.3.36.3.3.2.8.1.1.7", false},
		"explicit P-256": {curve("P-256", explicit...), "1.2.840.10045.2.1", false},
		"SM2":            {curve("SM2"), "ECDSA 1.2.156.10197.1.301", false},
		"Ed25519":        {[]string{"genpkey", "-algorithm", "ED25519"}, "Ed25519", true},
		"Ed448":          {[]string{"genpkey", "-algorithm", "ED448"}, "Ed448", false},
		"DSA":            {[]string{"dsaparam", "-noout", "-genkey", "1024"}, "DSA 1024", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			key := openssl(t, "", row.generate...)
			file := filepath.Join(t.TempDir(), "key")
			if err := os.WriteFile(file, []byte(key), 0o600); err != nil {
				t.Fatal(err)
			}
			request := []string{
				"req",
				"-x509",
				"-new",
				"-key",
				file,
				"-subj",
				"/CN=www.example.com",
				"-addext",
				"subjectAltName=DNS:www.example.com",
			}
			if name == "SM2" {
				request = append(request, "-sm3")
			}
			certificate := openssl(t, "", request...)
			if facts := agrees(t, certificate); facts.KeyAlgorithm != row.want {
				t.Errorf("the algorithm is %q, want %q", facts.KeyAlgorithm, row.want)
			}
			chain := parseChain(t, certificate)
			if chain.HasKnownKey() != row.known {
				t.Errorf("the key of the certificate is known: %t", chain.HasKnownKey())
			}
			if !chain.InOrder() {
				t.Error("a certificate alone is not in order")
			}
			forms := map[string]string{"as generated": key, "PKCS#8": openssl(t, key, "pkey")}
			switch {
			case name == "SM2" || strings.HasPrefix(name, "Ed"): // these have no other encoding
			case strings.HasPrefix(name, "PSS"):
				maps.Copy(forms, formsOfPSS(t, key))
			default:
				forms["traditional"] = openssl(t, key, "pkey", "-traditional")
			}
			for form, text := range forms {
				private := parseKey(t, text)
				position, known := private.BelongsTo(chain)
				if known != row.known || known && position != 0 {
					t.Errorf("%s: it belongs to certificate %d, known: %t", form, position, known)
				}
				if row.known && !private.Equal(parseKey(t, key)) {
					t.Errorf("%s: it is another key", form)
				}
				if name == "PSS, restricted" && form != "as generated" && form != "PKCS#8" && form != "a longer label" {
					continue // the other forms lose the restrictions of the key
				}
				// Other programs must read the same key from what is sent.
				sent := openssl(t, private.For(chain).PEM().Reveal()+"\n", "pkey", "-pubout")
				if sent != openssl(t, key, "pkey", "-pubout") {
					t.Errorf("%s: another key is sent", form)
				}
			}
		})
	}
}

// TestNamesOfOpenSSL creates certificates with names of every form with openssl.
func TestNamesOfOpenSSL(t *testing.T) {
	t.Parallel()
	key := openssl(t, "", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256")
	keyFile := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(keyFile, []byte(key), 0o600); err != nil {
		t.Fatal(err)
	}
	daysUntil := func(year int) []string {
		days := int(time.Until(time.Date(year, 7, 1, 0, 0, 0, 0, time.UTC)).Hours() / 24)
		if year > 2200 { // a Duration cannot be that long
			days = (year - time.Now().Year()) * 365
		}
		return []string{"-days", strconv.Itoa(days)}
	}
	for name, row := range map[string]struct {
		subject string // lines of a configuration
		mask    string // the types of strings, or "" for UTF-8
		more    []string
		names   string // the value of subjectAltName
		want    string // "" stands for what openssl prints
	}{
		"several units": {subject: "C=DE\nO=Example GmbH\n0.OU=Web\n1.OU=Infra\nCN=www"},
		"components":    {subject: "0.DC=com\n1.DC=example\n2.DC=corp\nCN=Corp Issuing CA 1"},
		"user ID":       {subject: "UID=jdoe\nCN=John Doe"},
		"email":         {subject: "CN=www\nemailAddress=a@example.com"},
		"person": {
			subject: "title=Dr\nSN=Doe\nGN=Jane\ninitials=J\ngenerationQualifier=III\ndnQualifier=x\npseudonym=jd",
		},
		"company": {
			subject: "serialNumber=123\nbusinessCategory=Private " +
				"Organization\norganizationIdentifier=VATDE-1\npostalCode=80331\nstreet=Marienplatz 1",
		},
		"jurisdiction": {
			subject: "jurisdictionC=DE\njurisdictionST=Bayern\njurisdictionL=Munich\nC=DE\nST=Bayern\nL=Munich",
		},
		"two values in one":  {subject: "O=Example\nCN=www\n+OU=Web\n+UID=w\nemailAddress=a@example.com"},
		"repeated in one":    {subject: "O=Example\nOU=Web\n+0.OU=Infra\nCN=www"},
		"special characters": {subject: `O=Example\, Inc. + "Sons" <a\;b> \\ c=d` + "\nCN=\\#www"},
		"outer spaces":       {subject: "O=\" Example \"\nOU=\" \"\nCN=a  b"},
		"control characters": {subject: `O=a\nb\tc\rd` + "\nCN=www"},
		"UTF-8":              {subject: "O=Exämple 证书 🔒\nCN=www"},
		"Latin-1 in T61":     {subject: "O=Exämple GmbH\nCN=www", mask: "default"},
		"BMPString":          {subject: "O=证书 ä\nCN=www", mask: "pkix"},
		"printable":          {subject: "O=Example\nCN=www", mask: "nombstr"},
		"an unknown type":    {subject: "1.2.3.4=value\nCN=www"},
		"empty":              {more: []string{"-subj", "/"}},
		"until 2049":         {subject: "CN=www", more: daysUntil(2049)},
		"until 2050":         {subject: "CN=www", more: daysUntil(2050)},
		"until 9999":         {subject: "CN=www", more: daysUntil(9999)},
		"negative serial":    {subject: "CN=www", more: []string{"-set_serial", "-0x1a"}},
		"long negative": {
			subject: "CN=www",
			more:    []string{"-set_serial", "-0x8000000000000000000000000000000000000001"},
		},
		"-128":                {subject: "CN=www", more: []string{"-set_serial", "-128"}},
		"serial 0":            {subject: "CN=www", more: []string{"-set_serial", "0"}},
		"a serial of 30 byte": {subject: "CN=www", more: []string{"-set_serial", "0x" + strings.Repeat("fe", 30)}},
		"alternative names": {
			subject: "CN=www",
			names: "URI:https://example.com/a?b=c%20d#e,DNS:*.example.com,DNS:www.example.com," +
				"IP:192.0.2.1,IP:2001:db8::1,email:a@example.com," +
				"otherName:1.3.6.1.4.1.311.20.2.3;UTF8:user@corp,RID:1.2.3.4,dirName:dn",
		},
		// openssl has many more short names than RFC 4514 and the documentation of the provider.
		// Other types are shown as RFC 4514 requires: by their object identifier and encoding.
		"a type that openssl alone names": {subject: "description=abc\nCN=www", want: "CN=www,2.5.4.13=#0C03616263"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			config := "[req]\nprompt=no\nutf8=yes\ndistinguished_name=dn\n"
			if row.mask != "" {
				config += "string_mask=" + row.mask + "\n"
			}
			config += "[dn]\n" + row.subject + "\n"
			file := filepath.Join(t.TempDir(), "config")
			if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
				t.Fatal(err)
			}
			arguments := append([]string{"req", "-x509", "-new", "-key", keyFile, "-config", file}, row.more...)
			if row.names != "" {
				arguments = append(arguments, "-addext", "subjectAltName="+row.names)
			}
			certificate := openssl(t, "", arguments...)
			if row.want == "" {
				agrees(t, certificate)
			} else if got := parseChain(t, certificate).Facts().Subject; got != row.want {
				t.Errorf("the subject is %q, want %q", got, row.want)
			}
		})
	}
}

// TestOtherCertificatesAgainstOpenSSL compares certificates that the command line of openssl
// cannot create.
func TestOtherCertificatesAgainstOpenSSL(t *testing.T) {
	t.Parallel()
	issue := func(template *x509.Certificate, public any) string {
		key := throwaway.NewECKey()
		if public == nil {
			public = key.Public()
		}
		template.SerialNumber = big.NewInt(1)
		der, err := x509.CreateCertificate(rand.Reader, template, template, public, key)
		if err != nil {
			t.Fatal(err)
		}
		return throwaway.EncodePEM("CERTIFICATE", der)
	}
	large := &rsa.PublicKey{N: new(big.Int).SetBit(big.NewInt(1), 8191, 1), E: 65537}
	year := func(year int) time.Time { return time.Date(year, 12, 31, 23, 59, 59, 0, time.UTC) }
	rows := map[string]string{
		"from 1950": issue(
			&x509.Certificate{NotBefore: time.Date(1950, 1, 1, 0, 0, 0, 0, time.UTC), NotAfter: year(1999)},
			nil,
		),
		"from 1970": issue(
			&x509.Certificate{NotBefore: time.Date(1970, 1, 1, 0, 0, 0, 0, time.UTC), NotAfter: year(2049)},
			nil,
		),
		"until 9999": issue(&x509.Certificate{NotBefore: year(2049), NotAfter: year(9999)}, nil),
		"RSA 8192": issue(
			&x509.Certificate{NotBefore: year(2020), NotAfter: year(2030), Subject: pkix.Name{CommonName: "large"}},
			large,
		),
		"many numbers": issue(
			&x509.Certificate{
				NotBefore:   year(2020),
				NotAfter:    year(2030),
				IPAddresses: []net.IP{{1, 2, 3, 4}, net.IPv6loopback},
			},
			nil,
		),
	}
	files, err := filepath.Glob("testdata/cases/*")
	if err != nil || len(files) < 10 {
		t.Fatalf("%d cases: %v", len(files), err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for i, der := range pemcert.CertificatesIn(string(text)).DERs() {
			rows[fmt.Sprintf("%s %d", filepath.Base(file), i)] = string(pem.EncodeToMemory(&pem.Block{
				Type:  "CERTIFICATE",
				Bytes: der,
			}))
		}
	}
	if len(rows) < 12 {
		t.Errorf("there are only %d rows", len(rows))
	}
	for name, certificate := range rows {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if facts := agrees(t, certificate); name == "RSA 8192" && facts.KeyAlgorithm != "RSA 8192" {
				t.Errorf("the algorithm is %q", facts.KeyAlgorithm)
			}
		})
	}
}
