package provider_test

import (
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"maps"
	mathrand "math/rand/v2"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/elbaas/terraform-provider-elbaas/internal/acctest"
	"github.com/elbaas/terraform-provider-elbaas/internal/elbstub"
	"github.com/elbaas/terraform-provider-elbaas/internal/pemcert/pemtest"
	"github.com/elbaas/terraform-provider-elbaas/internal/provider"
	"github.com/elbaas/terraform-provider-elbaas/internal/throwaway"
)

// anyOf returns a random value of a map, the same for the same random numbers.
func anyOf(random *mathrand.Rand, values map[string]string) (name, value string) {
	names := make([]string, 0, len(values))
	for name := range values {
		names = append(names, name)
	}
	slices.Sort(names)
	name = names[random.IntN(len(names))]
	return name, values[name]
}

// TestAnyFormPlansNothing goes through random sequences of what happens to the
// same pair: another text, another encoding of the key, a server that re-wraps,
// a refresh, an import. None of it plans anything, but for the key after an
// import, which calls no API. The text of the state stays as it came.
func TestAnyFormPlansNothing(t *testing.T) {
	t.Parallel()
	rsaKey, edKey := pemtest.NewRSAKey(t, 2048), pemtest.NewEd25519Key(t)
	chain := pemtest.NewChain(t)
	selfSigned := func(key crypto.Signer) string {
		return pemtest.EncodePEM("CERTIFICATE", pemtest.Issue(t, &x509.Certificate{Subject: pkix.Name{CommonName: "www"}}, key, nil, nil))
	}
	pairs := []struct {
		certificate string
		key         crypto.Signer
	}{{chain.PEM(), chain.Key}, {selfSigned(rsaKey), rsaKey}, {selfSigned(edKey), edKey}}

	const sequences, steps = 60, 25
	for seed := range sequences {
		t.Run(strconv.Itoa(seed), func(t *testing.T) {
			t.Parallel()
			random := mathrand.New(mathrand.NewPCG(uint64(seed), 0))
			cloud := acctest.NewCloud(t, func(o *elbstub.Options) { o.Dialect = elbstub.NewDialect(seed % elbstub.Dialects) })
			server := cloud.Server(t, provider.New("test")())
			pair := pairs[random.IntN(len(pairs))]
			configure := func() (string, acctest.Values) {
				form, certificate := anyOf(random, pemtest.Forms(pair.certificate))
				encoding, key := anyOf(random, pemtest.KeyForms(t, pair.key))
				keyForm, key := anyOf(random, pemtest.Forms(key))
				return form + " / " + encoding + " / " + keyForm, acctest.Values{"certificate": certificate, "private_key": key}
			}

			said, config := configure()
			plan, diagnostics := server.Plan(nil, config)
			if len(diagnostics) > 0 {
				t.Fatalf("%s: %v", said, diagnostics[0])
			}
			state, diagnostics := server.Apply(plan)
			if len(diagnostics) > 0 {
				t.Fatalf("%s: %v", said, diagnostics[0])
			}
			id := cloud.Only(t).ID
			history := []string{said}
			for range steps {
				said, config := configure()
				switch happens := random.IntN(8); happens {
				case 0:
					said += ", re-wrapped by the server"
					cloud.Change(id, func(cert *elbstub.Certificate) { _, cert.Certificate = anyOf(random, pemtest.Forms(pair.certificate)) })
				case 1:
					said += ", imported"
					if state, diagnostics = server.Import(id); len(diagnostics) > 0 {
						t.Fatalf("%v, %s: %v", history, said, diagnostics[0])
					}
				}
				history = append(history, said)
				if state, diagnostics = server.Read(state); state == nil || len(diagnostics) > 0 {
					t.Fatalf("%v: read: %v", history, diagnostics)
				}
				plan, diagnostics := server.Plan(state, config)
				if len(diagnostics) > 0 || len(plan.Replace) > 0 {
					t.Fatalf("%v: replaces for %v: %v", history, plan.Replace, diagnostics)
				}
				want := maps.Clone(state.Values)
				if _, known := want["private_key"]; !known { // just imported
					want["private_key"] = config["private_key"]
				}
				if !reflect.DeepEqual(plan.Values, want) {
					t.Fatalf("%v: planned\n%v\nwant\n%v", history, plan.Values, want)
				}
				if reflect.DeepEqual(want, state.Values) {
					continue // Terraform does not apply what changes nothing
				}
				if state, diagnostics = server.Apply(plan); len(diagnostics) > 0 || !reflect.DeepEqual(state.Values, want) {
					t.Fatalf("%v: applied\n%v\nwant\n%v %v", history, state, want, diagnostics)
				}
			}
			if writes := cloud.Journal(elbstub.CreateCertificate, elbstub.ModifyCertificate, elbstub.DeleteCertificate); len(writes) != 1 {
				t.Errorf("%v: %d writes, want the first alone", history, len(writes))
			}
		})
	}
}

// TestBadPEM is what the user reads of files that cannot be used, or that are
// worth a look, and on which attribute, with either attribute for the key. pemcert
// has the same for the texts alone.
func TestBadPEM(t *testing.T) {
	t.Parallel()
	now := time.Now()
	chain, stranger := pemtest.NewChain(t), pemtest.NewChain(t)
	key := pemtest.KeyForms(t, chain.Key)
	der, _ := pem.Decode([]byte(chain.Leaf))
	keyDER, _ := pem.Decode([]byte(key["PKCS#8"]))
	csr, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, chain.Key)
	if err != nil {
		t.Fatal(err)
	}
	public, err := x509.MarshalPKIXPublicKey(chain.Key.Public())
	if err != nil {
		t.Fatal(err)
	}
	pfx, err := asn1.Marshal(struct {
		Version  int
		AuthSafe struct {
			ContentType asn1.ObjectIdentifier
			Content     []byte `asn1:"explicit,tag:0"`
		}
	}{3, struct {
		ContentType asn1.ObjectIdentifier
		Content     []byte `asn1:"explicit,tag:0"`
	}{asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 1}, keyDER.Bytes}})
	if err != nil {
		t.Fatal(err)
	}
	// encrypted is a key the way that openssl wrote it before PKCS#8.
	encrypted := func(name string, cipher x509.PEMCipher) string {
		block, err := x509.EncryptPEMBlock(rand.Reader, name, keyDER.Bytes, []byte("secret"), cipher) //nolint:staticcheck // users have such files
		if err != nil {
			t.Fatal(err)
		}
		return string(pem.EncodeToMemory(block))
	}
	pairOf := func(template x509.Certificate, key crypto.Signer) (certificate, privateKey string) {
		template.Subject = pkix.Name{CommonName: "www.example.com"}
		return pemtest.EncodePEM("CERTIFICATE", pemtest.Issue(t, &template, key, nil, nil)), pemtest.KeyForms(t, key)["PKCS#8"]
	}
	small, ed := pemtest.NewRSAKey(t, 1024), pemtest.NewEd25519Key(t)
	smallCertificate, smallKey := pairOf(x509.Certificate{}, small)
	edCertificate, edKey := pairOf(x509.Certificate{}, ed)
	expired, expiredKey := pairOf(x509.Certificate{NotBefore: now.AddDate(-1, 0, 0), NotAfter: now.AddDate(0, 0, -1)}, chain.Key)
	future, futureKey := pairOf(x509.Certificate{NotBefore: now.AddDate(0, 0, 1), NotAfter: now.AddDate(1, 0, 0)}, chain.Key)
	ending, endingKey := pairOf(x509.Certificate{NotBefore: now.AddDate(-1, 0, 0), NotAfter: now.AddDate(0, 0, 10)}, chain.Key)
	utf16 := func(text string) string { return strings.Join(strings.Split("\ufeff"+text, ""), "\x00") }
	good, goodKey := chain.PEM(), key["PKCS#8"]
	const cert, private = "certificate", "private_key"
	const isError, isWarning = tfprotov6.DiagnosticSeverityError, tfprotov6.DiagnosticSeverityWarning

	rows := map[string]struct {
		certificate, key string
		more             acctest.Values
		attribute        string // "" is silence
		severity         tfprotov6.DiagnosticSeverity
		want             string
	}{
		// What is accepted without a word.
		"a text dump before each block":      {certificate: "Certificate:\n    Data:\n        Version: 3 (0x2)\n" + good, key: "Private-Key: (256 bit)\npriv:\n    00:01\n" + goodKey},
		"EC PARAMETERS before the key":       {certificate: good, key: key["SEC 1 with parameters"]},
		"bag attributes of PKCS#12":          {certificate: "Bag Attributes\n    localKeyID: 01\nsubject=CN = www\n" + good, key: "Bag Attributes\nKey Attributes: <No Attributes>\n" + goodKey},
		"Ed25519":                            {certificate: edCertificate, key: edKey},
		"RSA of 1024 bits":                   {certificate: smallCertificate, key: smallKey},
		"a chain with its root":              {certificate: good + chain.Root, key: goodKey},
		"a domain that the certificate has":  {certificate: good, key: goodKey, more: acctest.Values{"domain": "a.shop.example.com"}},
		"X509 CERTIFICATE, as once":          {certificate: strings.ReplaceAll(good, " CERTIFICATE-", " X509 CERTIFICATE-"), key: goodKey},
		"a key under the name of another":    {certificate: smallCertificate, key: pemtest.KeyForms(t, small)["PKCS#1 under a wrong name"]},
		"unknown certificate, bad elsewhere": {certificate: "", key: goodKey, more: acctest.Values{cert: acctest.Unknown}},

		// The certificate.
		"nothing":                     {"", goodKey, nil, cert, isError, "The certificate is empty. Give the text of a PEM file"},
		"white space":                 {" \n", goodKey, nil, cert, isError, "The certificate is empty"},
		"name of a file":              {"./www.crt", goodKey, nil, cert, isError, `looks like the name of a file. Read the file: file("`},
		"prose":                       {"hello world", goodKey, nil, cert, isError, "is not PEM: it has no block. PEM begins with"},
		"DER in base64":               {base64.StdEncoding.EncodeToString(der.Bytes), goodKey, nil, cert, isError, "openssl x509 -inform DER"},
		"PKCS#12 by mistake":          {base64.StdEncoding.EncodeToString(pfx), goodKey, nil, cert, isError, "is a PKCS#12 file (.p12, .pfx)"},
		"UTF-16":                      {utf16(good), goodKey, nil, cert, isError, "saved as UTF-16. Save the file as UTF-8"},
		`\n in two characters`:        {strings.ReplaceAll(good, "\n", `\n`), goodKey, nil, cert, isError, `replace(…, "\\n", "\n")`},
		"cut off":                     {good[:len(good)-100], goodKey, nil, cert, isError, "Certificate block 2 of 2 has no END line"},
		"other base64":                {strings.Replace(good, "\nMII", "\nM!I", 1), goodKey, nil, cert, isError, "Certificate block 1 of 2 is not valid base64"},
		"other DER":                   {pemtest.EncodePEM("CERTIFICATE", []byte("text")), goodKey, nil, cert, isError, "is not the valid DER of an X.509 certificate"},
		"a byte too many":             {pemtest.EncodePEM("CERTIFICATE", append(der.Bytes[:len(der.Bytes):len(der.Bytes)], 0)), goodKey, nil, cert, isError, "Certificate block 1 of 1 is not the valid DER"},
		"key with the certificate":    {good + goodKey, goodKey, nil, cert, isError, "Move that block to private_key"},
		"key instead of certificate":  {goodKey, goodKey, nil, cert, isError, "Certificate block 1 of 1 is a private key"},
		"EC PARAMETERS in there":      {pemtest.EncodePEM("EC PARAMETERS", []byte{5, 0}) + good, goodKey, nil, cert, isError, "EC PARAMETERS, which belong to a private key"},
		"CSR":                         {pemtest.EncodePEM("CERTIFICATE REQUEST", csr), goodKey, nil, cert, isError, "signing request (CSR)"},
		"public key as certificate":   {pemtest.EncodePEM("PUBLIC KEY", public), goodKey, nil, cert, isError, "a public key alone"},
		"TRUSTED CERTIFICATE":         {pemtest.EncodePEM("TRUSTED CERTIFICATE", der.Bytes), goodKey, nil, cert, isError, "Convert it: openssl x509"},
		"PKCS#7":                      {pemtest.EncodePEM("PKCS7", []byte{5, 0}), goodKey, nil, cert, isError, "openssl pkcs7"},
		"revocation list":             {pemtest.EncodePEM("X509 CRL", []byte{5, 0}), goodKey, nil, cert, isError, "is a certificate revocation list (CRL)"},
		"leaf last":                   {chain.Intermediate + chain.Leaf, goodKey, nil, cert, isError, "The private key belongs to certificate 2 of 2. Put that one first"},
		"leaf last of three":          {chain.Root + chain.Intermediate + chain.Leaf, goodKey, nil, cert, isError, "certificate 3 of 3"},
		"chain of another leaf":       {chain.Leaf + stranger.Intermediate, goodKey, nil, cert, isWarning, "followed by the one that issued it"},
		"intermediate left out":       {chain.Leaf + chain.Root, goodKey, nil, cert, isWarning, "followed by the one that issued it"},
		"duplicate leaf":              {chain.Leaf + good, goodKey, nil, cert, isWarning, "followed by the one that issued it"},
		"SM2":                         {pemtest.SM2(t), pemtest.SM2Key(), nil, cert, isWarning, "cannot tell whether the key belongs to it"},
		"a key that nobody can check": {good, pemtest.SM2Key(), nil, cert, isWarning, "since it does not know the algorithm or the encoding of the private key"},
		"expired":                     {expired, expiredKey, nil, cert, isWarning, "expired on"},
		"not yet valid":               {future, futureKey, nil, cert, isWarning, "is valid from"},
		"expires in ten days":         {ending, endingKey, nil, cert, isWarning, "in 9 days"},
		"domain of another":           {good, goodKey, acctest.Values{"domain": "example.org"}, "domain", isWarning, `not good for "example.org"`},
		"domain with two wildcards":   {good, goodKey, acctest.Values{"domain": "*.*.example.com"}, "domain", isError, `contains "*" (U+002A) as character 3`},
		"wildcard of another":         {good, goodKey, acctest.Values{"domain": "*.example.org"}, "domain", isWarning, `not good for "*.example.org"`},
		"name with a dot":             {good, goodKey, acctest.Values{"name": "www.example"}, "name", isError, `contains "." (U+002E) as character 4`},
		"name with a full-width dash": {good, goodKey, acctest.Values{"name": "www－1"}, "name", isError, `contains "－" (U+FF0D) as character 4`},
		"description with <":          {good, goodKey, acctest.Values{"description": "<b>"}, "description", isError, `contains "<" (U+003C) as character 1`},
		"project that is a name":      {good, goodKey, acctest.Values{"project_id": "eu de"}, "project_id", isError, `contains " " (U+0020) as character 3`},

		// The private key.
		"no text as key":           {good, "", nil, private, isError, "The private key is empty"},
		"masked by the API":        {good, "******", nil, private, isError, "is not PEM"},
		"certificate as key":       {good, good, nil, private, isError, "Private key block 1 of 2 is a certificate. Move that block to certificate"},
		"CSR as key":               {good, pemtest.EncodePEM("NEW CERTIFICATE REQUEST", csr), nil, private, isError, "Set the private key that it was made with"},
		"public key":               {good, pemtest.EncodePEM("PUBLIC KEY", public), nil, private, isError, "Set the private key that belongs to it"},
		"SSH":                      {good, pemtest.EncodePEM("OPENSSH PRIVATE KEY", []byte("openssh-key-v1")), nil, private, isError, "is a key for SSH"},
		"DER key in base64":        {good, base64.StdEncoding.EncodeToString(keyDER.Bytes), nil, private, isError, "openssl pkey -inform DER"},
		"PKCS#12 as key":           {good, base64.StdEncoding.EncodeToString(pfx), nil, private, isError, "is a PKCS#12 file"},
		"UTF-16 key":               {good, utf16(goodKey), nil, private, isError, "saved as UTF-16"},
		"key cut off":              {good, goodKey[:len(goodKey)-20], nil, private, isError, "Private key block 1 of 1 has no END line"},
		"garbage in a key":         {good, pemtest.EncodePEM("PRIVATE KEY", []byte("text")), nil, private, isError, "is not the valid DER of a private key"},
		"encrypted, PKCS#8":        {good, pemtest.EncryptedKey(), nil, private, isError, "is encrypted with a passphrase. Write it without"},
		"encrypted, RSA, DES":      {good, encrypted("RSA PRIVATE KEY", x509.PEMCipherDES), nil, private, isError, "is encrypted with a passphrase"},
		"encrypted, RSA, 3DES":     {good, encrypted("RSA PRIVATE KEY", x509.PEMCipher3DES), nil, private, isError, "is encrypted with a passphrase"},
		"encrypted, EC, AES-128":   {good, encrypted("EC PRIVATE KEY", x509.PEMCipherAES128), nil, private, isError, "is encrypted with a passphrase"},
		"encrypted, EC, AES-256":   {good, encrypted("EC PRIVATE KEY", x509.PEMCipherAES256), nil, private, isError, "is encrypted with a passphrase"},
		"encrypted, indented":      {good, strings.ReplaceAll(encrypted("EC PRIVATE KEY", x509.PEMCipherAES256), "\n", "\r\n    "), nil, private, isError, "is encrypted with a passphrase"},
		"parameters without a key": {good, pemtest.EncodePEM("EC PARAMETERS", []byte{5, 0}), nil, private, isError, "EC PARAMETERS and no key"},
		"two keys":                 {good, goodKey + goodKey, nil, private, isError, "more than one block with a key"},
		"key of another":           {good, pemtest.KeyForms(t, stranger.Key)["SEC 1"], nil, private, isError, "does not belong to the certificate"},
		"key of another algorithm": {good, edKey, nil, private, isError, "does not belong to the certificate"},
		"key of an authority":      {good, pemtest.KeyForms(t, chain.IntermediateKey)["SEC 1"], nil, cert, isError, "belongs to certificate 2 of 2"},
	}
	for name, row := range rows {
		for _, keyAttribute := range []string{private, "private_key_wo"} {
			t.Run(name+" "+keyAttribute, func(t *testing.T) {
				t.Parallel()
				cloud := acctest.NewCloud(t)
				server := cloud.Server(t, provider.New("test")())
				config := acctest.Values{cert: row.certificate, keyAttribute: row.key}
				maps.Copy(config, row.more)
				said := server.Validate(config)
				if !said.HasError() { // Terraform plans what is valid
					_, planned := server.Plan(nil, config)
					said = append(said, planned...)
				}
				if len(cloud.Journal()) > 0 {
					t.Error("the cloud was called")
				}
				if row.attribute == "" {
					if len(said) > 0 {
						t.Errorf("it says %q %q, want silence", said[0].Summary, said[0].Detail)
					}
					return
				}
				if len(said) != 1 {
					t.Fatalf("it says %d things, want one: %v", len(said), said)
				}
				attribute := row.attribute
				if attribute == private {
					attribute = keyAttribute
				}
				if got := said[0]; got.Severity != row.severity || got.Attribute.String() != fmt.Sprintf("AttributeName(%q)", attribute) || !strings.Contains(got.Detail, row.want) {
					t.Errorf("%s on %s: %s\nwant %s on %s: %s", got.Severity, got.Attribute, got.Detail, row.severity, attribute, row.want)
				}
				for line := range strings.Lines(row.key) {
					if line = strings.TrimSpace(line); len(line) > 20 && !strings.HasPrefix(line, "-----") && strings.Contains(said[0].Detail, line) {
						t.Errorf("it shows a line of the key: %s", said[0].Detail)
					}
				}
			})
		}
	}
}

// TestAccExpiryWarning counts what a plan prints of a certificate that ends soon.
func TestAccExpiryWarning(t *testing.T) {
	t.Parallel()
	acctest.OnceForAllDialects(t)
	cloud := acctest.NewCloud(t)
	cli := acctest.NewCLI(t, provider.New("test"))
	pair := func(days int) throwaway.Pair { return acctest.NewPairUntil(t, time.Now().AddDate(0, 0, days)) }
	healthy, ending, next := pair(31), pair(10), pair(11)
	first := "lifecycle {\n    create_before_destroy = true\n  }"
	for _, step := range []struct {
		config   string
		planned  string
		warnings int
	}{
		{acctest.Certificate(healthy), "1 to add", 0},
		{acctest.Certificate(healthy), "No changes", 0},
		{acctest.Certificate(ending), "1 to add, 0 to change, 1 to destroy", 1},
		{acctest.Certificate(ending), "No changes", 1},
		{acctest.Certificate(ending, `name = "new"`), "1 to change", 1},
		{acctest.Certificate(next, first), "1 to add, 0 to change, 1 to destroy", 1},
		{acctest.Certificate(healthy, first), "1 to add, 0 to change, 1 to destroy", 0},
	} {
		cli.Configure(cloud.Provider() + step.config)
		said := cli.Run("plan", "-out=plan")
		if got := strings.Count(said, "Warning:"); got != step.warnings || strings.Count(said, "Warning: Certificate expires soon") != got || !strings.Contains(said, step.planned) {
			t.Errorf("%d warnings, want %d of %q:\n%s", got, step.warnings, step.planned, said)
		}
		cli.Run("apply", "plan")
	}
	cli.Run("destroy", "-auto-approve")
}

// TestWildcardDomain: the API decides on a domain with a wildcard. Where it accepts one, nothing
// warns that the certificate covers, and where it does not, the error says which argument to change.
func TestWildcardDomain(t *testing.T) {
	t.Parallel()
	key := pemtest.NewECKey(t)
	template := x509.Certificate{
		DNSNames: []string{"*.example.com"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().AddDate(1, 0, 0),
	}
	config := acctest.Values{
		"certificate": pemtest.EncodePEM("CERTIFICATE", pemtest.Issue(t, &template, key, nil, nil)),
		"private_key": pemtest.KeyForms(t, key)["PKCS#8"],
		"domain":      "*.example.com",
	}

	for name, accepts := range map[string]bool{"accepted": true, "refused": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cloud := acctest.NewCloud(t, func(o *elbstub.Options) { o.Dialect.Wildcards = accepts })
			server := cloud.Server(t, provider.New("test")())
			if diagnostics := server.Validate(config); len(diagnostics) > 0 {
				t.Fatalf("validate: %s", diagnostics[0].Detail)
			}
			plan, diagnostics := server.Plan(nil, config)
			if len(diagnostics) > 0 {
				t.Fatalf("plan: %s", diagnostics[0].Detail)
			}

			state, diagnostics := server.Apply(plan)
			if !accepts {
				says(t, diagnostics, "", "no wildcard in domain")
				if left := cloud.Certificates(acctest.ProjectID); len(left) > 0 {
					t.Errorf("the refused certificate exists: %v", left)
				}
				return
			}
			if len(diagnostics) > 0 {
				t.Fatalf("apply: %s", diagnostics[0].Detail)
			}
			if next, _ := server.Plan(state, config); next.Values["domain"] != "*.example.com" || len(next.Replace) > 0 {
				t.Errorf("the next plan has the domain %v and replaces because of %v", next.Values["domain"], next.Replace)
			}
		})
	}
}
