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
	"github.com/elbaas/terraform-provider-elbaas/internal/provider"
	"github.com/elbaas/terraform-provider-elbaas/internal/throwaway"
)

// anyOf returns a random entry of a map. It depends only on the random source.
func anyOf(random *mathrand.Rand, values map[string]string) (name, value string) {
	names := make([]string, 0, len(values))
	for name := range values {
		names = append(names, name)
	}
	slices.Sort(names)
	name = names[random.IntN(len(names))]
	return name, values[name]
}

// TestAnyFormPlansNothing goes through random sequences of what may happen to one pair: another form of its text,
// another encoding of the key, a server that re-wraps it, a refresh, an import. The plan never changes anything, except
// that it adds the key after an import, which needs no call. The state keeps the text that it had first.
func TestAnyFormPlansNothing(t *testing.T) {
	t.Parallel()
	rsaKey, edKey := throwaway.NewRSAKey(2048), throwaway.NewEd25519Key()
	chain := throwaway.NewChain()
	selfSigned := func(key crypto.Signer) string {
		return throwaway.Issue(&x509.Certificate{Subject: pkix.Name{CommonName: "www"}}, key, nil, nil)
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
			cloud := NewCloud(t,
				func(o *elbstub.Options) { o.Dialect = elbstub.NewDialect(seed % elbstub.Dialects) })
			server := cloud.Server(t, provider.New("test", nil)())
			pair := pairs[random.IntN(len(pairs))]
			configure := func() (string, acctest.Values) {
				form, certificate := anyOf(random, throwaway.Forms(pair.certificate))
				encoding, key := anyOf(random, throwaway.KeyForms(pair.key))
				keyForm, key := anyOf(random, throwaway.Forms(key))
				return form + " / " + encoding + " / " +
					keyForm, acctest.Values{"certificate": certificate, "private_key": key}
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
					cloud.Change(id, func(cert *elbstub.Certificate) {
						_,
							cert.Certificate = anyOf(random, throwaway.Forms(pair.certificate))
					})
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
				if _, known := want["private_key"]; !known { // the certificate was just imported
					want["private_key"] = config["private_key"]
				}
				if !reflect.DeepEqual(plan.Values, want) {
					t.Fatalf("%v: planned\n%v\nwant\n%v", history, plan.Values, want)
				}
				if reflect.DeepEqual(want, state.Values) {
					continue // Terraform does not apply an empty plan
				}
				if state, diagnostics = server.Apply(plan); len(diagnostics) > 0 ||
					!reflect.DeepEqual(state.Values, want) {
					t.Fatalf("%v: applied\n%v\nwant\n%v %v", history, state, want, diagnostics)
				}
			}
			if writes := cloud.Journal(elbstub.CreateCertificate, elbstub.ModifyCertificate,
				elbstub.DeleteCertificate); len(writes) != 1 {
				t.Errorf("%v: %d writes, want the first alone", history, len(writes))
			}
		})
	}
}

// A pemScenario is a certificate and a key, and what the plan says about them: nothing, or one diagnostic on an
// attribute.
type pemScenario struct {
	certificate, key string
	more             acctest.Values // further arguments
	attribute        string         // "" means no diagnostic
	severity         tfprotov6.DiagnosticSeverity
	want             string
}

// TestBadPEM has the diagnostics for files that cannot be used or that deserve a warning, with either attribute for the
// key. Package pemcert tests the same texts alone.
func TestBadPEM(t *testing.T) {
	t.Parallel()
	chain, stranger := throwaway.NewChain(), throwaway.NewChain()
	keyForms := throwaway.KeyForms(chain.Key)
	good, goodKey := chain.PEM(), keyForms["PKCS#8"]
	scenarios := acceptedPEM(t, chain)

	for name, s := range badCertificates(t, chain) {
		scenarios[name] = pemScenario{
			certificate: s.text, key: goodKey,
			attribute: "certificate", severity: tfprotov6.DiagnosticSeverityError, want: s.want,
		}
	}
	for name, s := range badKeys(t, chain, stranger) {
		scenarios[name] = pemScenario{
			certificate: good, key: s.text,
			attribute: "private_key", severity: tfprotov6.DiagnosticSeverityError, want: s.want,
		}
	}
	scenarios["key of an authority"] = pemScenario{
		certificate: good, key: throwaway.KeyForms(chain.IntermediateKey)["SEC 1"],
		attribute: "certificate", severity: tfprotov6.DiagnosticSeverityError, want: "belongs to certificate 2 of 2",
	}
	for name, s := range pemWithWarnings(t, chain, stranger) {
		s.attribute, s.severity = "certificate", tfprotov6.DiagnosticSeverityWarning
		scenarios[name] = s
	}

	for name, s := range map[string]struct{ attribute, value, want string }{
		"domain with two wildcards":   {"domain", "*.*.example.com", `contains "*" (U+002A) at position 3`},
		"name with a dot":             {"name", "www.example", `contains "." (U+002E) at position 4`},
		"name with a full-width dash": {"name", "www－1", `contains "－" (U+FF0D) at position 4`},
		"description with <":          {"description", "<b>", `contains "<" (U+003C) at position 1`},
		"project that is a name":      {"project_id", "eu de", `contains " " (U+0020) at position 3`},
	} {
		scenarios[name] = pemScenario{
			certificate: good, key: goodKey, more: acctest.Values{s.attribute: s.value},
			attribute: s.attribute, severity: tfprotov6.DiagnosticSeverityError, want: s.want,
		}
	}
	for name, s := range map[string]struct{ domain, want string }{
		"domain of another":   {"example.org", `does not cover "example.org"`},
		"wildcard of another": {"*.example.org", `does not cover "*.example.org"`},
	} {
		scenarios[name] = pemScenario{
			certificate: good, key: goodKey, more: acctest.Values{"domain": s.domain},
			attribute: "domain", severity: tfprotov6.DiagnosticSeverityWarning, want: s.want,
		}
	}

	for name, s := range scenarios {
		for _, keyAttribute := range []string{"private_key", "private_key_wo"} {
			t.Run(name+" "+keyAttribute, func(t *testing.T) {
				t.Parallel()
				s.run(t, keyAttribute)
			})
		}
	}
}

// run validates and plans a configuration that sets the key by an attribute.
func (s pemScenario) run(t *testing.T, keyAttribute string) {
	t.Helper()
	cloud := NewCloud(t)
	server := cloud.Server(t, provider.New("test", nil)())
	config := acctest.Values{"certificate": s.certificate, keyAttribute: s.key}
	maps.Copy(config, s.more)
	said := server.Validate(config)
	if !said.HasError() { // Terraform plans only a valid configuration
		_, planned := server.Plan(nil, config)
		said = append(said, planned...)
	}

	if len(cloud.Journal()) > 0 {
		t.Error("the cloud was called")
	}
	if s.attribute == "" {
		if len(said) > 0 {
			t.Errorf("it says %q %q, want silence", said[0].Summary, said[0].Detail)
		}
		return
	}
	if len(said) != 1 {
		t.Fatalf("it says %d things, want one: %v", len(said), said)
	}
	attribute := s.attribute
	if attribute == "private_key" {
		attribute = keyAttribute
	}
	got := said[0]
	if got.Severity != s.severity || got.Attribute.String() != fmt.Sprintf("AttributeName(%q)", attribute) ||
		!strings.Contains(got.Detail, s.want) {
		t.Errorf("%s on %s: %s\nwant %s on %s: %s", got.Severity, got.Attribute, got.Detail, s.severity, attribute,
			s.want)
	}
	for line := range strings.Lines(s.key) {
		line = strings.TrimSpace(line)
		if len(line) > 20 && !strings.HasPrefix(line, "-----") && strings.Contains(got.Detail, line) {
			t.Errorf("it shows a line of the key: %s", got.Detail)
		}
	}
}

// issuePair issues a certificate for a key.
func issuePair(template x509.Certificate, key crypto.Signer) (certificate, privateKey string) {
	template.Subject = pkix.Name{CommonName: "www.example.com"}
	pair := throwaway.SelfSigned(&template, key)
	return pair.Certificate, pair.PrivateKey
}

// acceptedPEM has what is accepted without a diagnostic.
func acceptedPEM(t *testing.T, chain throwaway.Chain) map[string]pemScenario {
	t.Helper()
	const dump = "Certificate:\n    Data:\n        Version: 3 (0x2)\n"
	const keyDump = "Private-Key: (256 bit)\npriv:\n    00:01\n"
	const bag = "Bag Attributes\n    localKeyID: 01\nsubject=CN = www\n"
	const keyBag = "Bag Attributes\nKey Attributes: <No Attributes>\n"
	keyForms := throwaway.KeyForms(chain.Key)
	good, goodKey := chain.PEM(), keyForms["PKCS#8"]
	small := throwaway.NewRSAKey(1024)
	smallCertificate, smallKey := issuePair(x509.Certificate{}, small)
	edCertificate, edKey := issuePair(x509.Certificate{}, throwaway.NewEd25519Key())
	return map[string]pemScenario{
		"a text dump before each block": {certificate: dump + good, key: keyDump + goodKey},
		"EC PARAMETERS before the key":  {certificate: good, key: keyForms["SEC 1 with parameters"]},
		"bag attributes of PKCS#12":     {certificate: bag + good, key: keyBag + goodKey},
		"Ed25519":                       {certificate: edCertificate, key: edKey},
		"RSA of 1024 bits":              {certificate: smallCertificate, key: smallKey},
		"a chain with its root":         {certificate: good + chain.Root, key: goodKey},
		"a domain that the certificate has": {
			certificate: good, key: goodKey, more: acctest.Values{"domain": "a.shop.example.com"},
		},
		"X509 CERTIFICATE, as once": {
			certificate: strings.ReplaceAll(good, " CERTIFICATE-", " X509 CERTIFICATE-"), key: goodKey,
		},
		"a key under the name of another": {
			certificate: smallCertificate, key: throwaway.KeyForms(small)["PKCS#1 under a wrong name"],
		},
		"unknown certificate, bad elsewhere": {
			key: goodKey, more: acctest.Values{"certificate": acctest.Unknown},
		},
	}
}

// A badText is a text that is rejected, and what the error says.
type badText struct{ text, want string }

// pfxOf returns the beginning of a PKCS#12 file, in base64.
func pfxOf(t *testing.T, content []byte) string {
	t.Helper()
	type contentInfo struct {
		ContentType asn1.ObjectIdentifier
		Content     []byte `asn1:"explicit,tag:0"`
	}
	pfx, err := asn1.Marshal(struct {
		Version  int
		AuthSafe contentInfo
	}{3, contentInfo{asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 1}, content}})
	if err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(pfx)
}

// inUTF16 returns a text in UTF-16, as Windows may save it.
func inUTF16(text string) string { return strings.Join(strings.Split("\ufeff"+text, ""), "\x00") }

// badCertificates has what is rejected as a certificate, together with the key of the chain.
func badCertificates(t *testing.T, chain throwaway.Chain) map[string]badText {
	t.Helper()
	good, goodKey := chain.PEM(), throwaway.KeyForms(chain.Key)["PKCS#8"]
	block, _ := pem.Decode([]byte(chain.Leaf))
	keyBlock, _ := pem.Decode([]byte(goodKey))
	der := block.Bytes
	csr, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, chain.Key)
	if err != nil {
		t.Fatal(err)
	}
	public, err := x509.MarshalPKIXPublicKey(chain.Key.Public())
	if err != nil {
		t.Fatal(err)
	}
	return map[string]badText{
		"nothing":              {"", "The certificate is empty. Set it to the text of a PEM file"},
		"white space":          {" \n", "The certificate is empty"},
		"name of a file":       {"./www.crt", `looks like the name of a file. Read the file: file("`},
		"prose":                {"hello world", "is not PEM: it has no block. PEM begins with"},
		"DER in base64":        {base64.StdEncoding.EncodeToString(der), "openssl x509 -inform DER"},
		"PKCS#12 by mistake":   {pfxOf(t, keyBlock.Bytes), "is a PKCS#12 file (.p12, .pfx)"},
		"UTF-16":               {inUTF16(good), "saved as UTF-16. Save the file as UTF-8"},
		`\n in two characters`: {strings.ReplaceAll(good, "\n", `\n`), `replace(…, "\\n", "\n")`},
		"cut off":              {good[:len(good)-100], "Certificate block 2 of 2 has no END line"},
		"other base64": {
			strings.Replace(good, "\nMII", "\nM!I", 1),
			"Certificate block 1 of 2 is not valid base64",
		},
		"key with the certificate":   {good + goodKey, "takes the key as private_key (stored"},
		"key instead of certificate": {goodKey, "Certificate block 1 of 1 is a private key"},
		"CSR":                        {throwaway.EncodePEM("CERTIFICATE REQUEST", csr), "signing request (CSR)"},
		"public key as certificate":  {throwaway.EncodePEM("PUBLIC KEY", public), "is only a public key"},
		"TRUSTED CERTIFICATE":        {throwaway.EncodePEM("TRUSTED CERTIFICATE", der), "Convert it: openssl x509"},
		"PKCS#7":                     {throwaway.EncodePEM("PKCS7", []byte{5, 0}), "openssl pkcs7"},
		"revocation list": {
			throwaway.EncodePEM("X509 CRL", []byte{5, 0}),
			"is a certificate revocation list (CRL)",
		},
		"leaf last of three": {chain.Root + chain.Intermediate + chain.Leaf, "certificate 3 of 3"},
		"leaf last": {
			chain.Intermediate + chain.Leaf,
			"The private key belongs to certificate 2 of 2. Put that one first",
		},
		"other DER": {
			throwaway.EncodePEM("CERTIFICATE", []byte("text")),
			"is not valid DER of an X.509 certificate",
		},
		"a byte too many": {
			throwaway.EncodePEM("CERTIFICATE", append(slices.Clone(der), 0)),
			"Certificate block 1 of 1 is not valid DER",
		},
		"EC PARAMETERS in there": {
			throwaway.EncodePEM("EC PARAMETERS", []byte{5, 0}) + good,
			"EC PARAMETERS, which belong to a private key",
		},
	}
}

// badKeys has what is rejected as the private key of the chain.
func badKeys(t *testing.T, chain, stranger throwaway.Chain) map[string]badText {
	t.Helper()
	good, goodKey := chain.PEM(), throwaway.KeyForms(chain.Key)["PKCS#8"]
	keyBlock, _ := pem.Decode([]byte(goodKey))
	csr, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, chain.Key)
	if err != nil {
		t.Fatal(err)
	}
	public, err := x509.MarshalPKIXPublicKey(chain.Key.Public())
	if err != nil {
		t.Fatal(err)
	}
	// encrypted returns the key as openssl encrypted it before PKCS#8.
	encrypted := func(name string, cipher x509.PEMCipher) string {
		//nolint:staticcheck // deprecated, but users have such files
		block, err := x509.EncryptPEMBlock(rand.Reader, name, keyBlock.Bytes, []byte("secret"), cipher)
		if err != nil {
			t.Fatal(err)
		}
		return string(pem.EncodeToMemory(block))
	}
	const isEncrypted = "is encrypted with a passphrase"
	withAES256 := encrypted("EC PRIVATE KEY", x509.PEMCipherAES256)
	return map[string]badText{
		"no text as key":         {"", "The private key is empty"},
		"masked by the API":      {"******", "is not PEM"},
		"DER key in base64":      {base64.StdEncoding.EncodeToString(keyBlock.Bytes), "openssl pkey -inform DER"},
		"PKCS#12 as key":         {pfxOf(t, keyBlock.Bytes), "is a PKCS#12 file"},
		"UTF-16 key":             {inUTF16(goodKey), "saved as UTF-16"},
		"key cut off":            {goodKey[:len(goodKey)-20], "Private key block 1 of 1 has no END line"},
		"encrypted, PKCS#8":      {throwaway.EncryptedKey, isEncrypted + ". Write it without"},
		"encrypted, RSA, DES":    {encrypted("RSA PRIVATE KEY", x509.PEMCipherDES), isEncrypted},
		"encrypted, RSA, 3DES":   {encrypted("RSA PRIVATE KEY", x509.PEMCipher3DES), isEncrypted},
		"encrypted, EC, AES-128": {encrypted("EC PRIVATE KEY", x509.PEMCipherAES128), isEncrypted},
		"encrypted, EC, AES-256": {withAES256, isEncrypted},
		"encrypted, indented":    {strings.ReplaceAll(withAES256, "\n", "\r\n    "), isEncrypted},
		"two keys":               {goodKey + goodKey, "more than one block with a key"},
		"key of another":         {throwaway.KeyForms(stranger.Key)["SEC 1"], "does not belong to the certificate"},
		"key of another algorithm": {
			throwaway.KeyForms(throwaway.NewEd25519Key())["PKCS#8"],
			"does not belong to the certificate",
		},
		"certificate as key": {
			good,
			"Private key block 1 of 2 is a certificate. Move that block to certificate",
		},
		"CSR as key": {
			throwaway.EncodePEM("NEW CERTIFICATE REQUEST", csr),
			"Set the private key that it was created with",
		},
		"public key": {
			throwaway.EncodePEM("PUBLIC KEY", public),
			"Set the private key that belongs to it",
		},
		"SSH": {
			throwaway.EncodePEM("OPENSSH PRIVATE KEY", []byte("openssh-key-v1")),
			"is a key for SSH",
		},
		"garbage in a key": {
			throwaway.EncodePEM("PRIVATE KEY", []byte("text")),
			"is not valid DER of a private key",
		},
		"parameters without a key": {
			throwaway.EncodePEM("EC PARAMETERS", []byte{5, 0}),
			"EC PARAMETERS but no key",
		},
	}
}

// pemWithWarnings has what is accepted with a warning about the certificate.
func pemWithWarnings(t *testing.T, chain, stranger throwaway.Chain) map[string]pemScenario {
	t.Helper()
	now := time.Now()
	good, goodKey := chain.PEM(), throwaway.KeyForms(chain.Key)["PKCS#8"]
	valid := func(from, until time.Time, want string) pemScenario {
		certificate, key := issuePair(x509.Certificate{NotBefore: from, NotAfter: until}, chain.Key)
		return pemScenario{certificate: certificate, key: key, want: want}
	}
	const order = "followed by the one that issued it"
	return map[string]pemScenario{
		"chain of another leaf": {certificate: chain.Leaf + stranger.Intermediate, key: goodKey, want: order},
		"intermediate left out": {certificate: chain.Leaf + chain.Root, key: goodKey, want: order},
		"duplicate leaf":        {certificate: chain.Leaf + good, key: goodKey, want: order},
		"expired":               valid(now.AddDate(-1, 0, 0), now.AddDate(0, 0, -1), "expired on"),
		"not yet valid":         valid(now.AddDate(0, 0, 1), now.AddDate(1, 0, 0), "is valid from"),
		"expires in ten days":   valid(now.AddDate(-1, 0, 0), now.AddDate(0, 0, 10), "in 9 days"),
		"SM2": {
			certificate: throwaway.SM2, key: throwaway.SM2Key,
			want: "cannot check whether the private key belongs to the certificate",
		},
		"a key that nobody can check": {
			certificate: good, key: throwaway.SM2Key,
			want: "because it does not support the algorithm or the encoding of the private key",
		},
	}
}
