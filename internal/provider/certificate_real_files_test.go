package provider_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/elbaas/terraform-provider-elbaas/internal/acctest"
	"github.com/elbaas/terraform-provider-elbaas/internal/elbstub"
	"github.com/elbaas/terraform-provider-elbaas/internal/pemcert"
	"github.com/elbaas/terraform-provider-elbaas/internal/throwaway"
)

// caseFile returns one of the given cases: files as people have them.
func caseFile(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("../pemcert/testdata/cases", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// dhParameters is what the output of openssl dhparam adds to a certificate that it was appended to.
var dhParameters = throwaway.EncodePEM("DH PARAMETERS", []byte{0x30, 6, 2, 1, 7, 2, 1, 2})

// TestAccOtherBlocksOnTheServer: a certificate that the server stores with DH parameters is
// imported without changes, and not replaced.
func TestAccOtherBlocksOnTheServer(t *testing.T) {
	t.Parallel()
	cloud, cli := NewCloud(t), acctest.NewCLI(t)
	cli.Needs("1.11.0", "1.11.0") // a write-only key is not a change after an import
	pair := NewPair()
	id := add(cloud, "", throwaway.Pair{Certificate: pair.Certificate + dhParameters, PrivateKey: pair.PrivateKey})
	cli.Configure(cloud.Provider() + strings.Replace(Certificate(pair), "private_key =", "private_key_wo =", 1))
	cli.Run("import", "elbaas_certificate.test", id)
	if said := cli.Run("plan"); !strings.Contains(said, "No changes") {
		t.Errorf("the plan after the import is not empty: %s", said)
	}

	// The given file has DH parameters as well. The data source returns its leaf alone.
	withDH := caseFile(t, "with-dh.pem")
	cloud.Change(id, func(cert *elbstub.Certificate) { cert.Certificate = withDH })
	leaf, _, _ := strings.Cut(withDH, "-----BEGIN DH")
	cli.Configure(cloud.Provider() + fmt.Sprintf(`
data "elbaas_certificate" "test" {
  id = %q
}

output "same" {
  value = trimspace(data.elbaas_certificate.test.certificate) == trimspace(%s)
}
`, id, Quote(leaf)))
	if said := cli.Run("plan"); !strings.Contains(said, "+ same = true") {
		t.Errorf("it is not the leaf: %s", said)
	}
}

// TestAccCombinedPEMShowsNoSecret: a server has private keys in the certificate field: before and
// after the certificate, alone, under the label of a certificate, and cut off. No state, plan, data
// source, output or log has a line of them.
func TestAccCombinedPEMShowsNoSecret(t *testing.T) {
	t.Parallel()
	cloud, cli := NewCloud(t), acctest.NewInstalledCLI(t, "")
	h := newHunt(t, cli)
	cli.Setenv("HW_AUTH_TOKEN", Token) // a plan file would contain a token of the configuration
	configuration := cloud.Provider("token = null")
	for name, combine := range map[string]func(certificate, key string) string{
		"before": func(certificate, key string) string { return key + certificate },
		"after":  func(certificate, key string) string { return certificate + key },
		"alone":  func(_, key string) string { return key },
		"labeled": func(certificate, key string) string {
			return certificate + strings.ReplaceAll(key, "PRIVATE KEY", "CERTIFICATE")
		},
		"cut":  func(certificate, key string) string { return certificate + key[:len(key)-30] },
		"text": func(certificate, key string) string { return "# " + key + "\n" + certificate },
	} {
		pair := NewPair()
		h.add(pair)
		id := add(cloud, name, throwaway.Pair{
			Certificate: combine(pair.Certificate, pair.PrivateKey),
			PrivateKey:  pair.PrivateKey,
		})
		cli.WriteFile(name+".crt", pair.Certificate)
		cli.WriteFile(name+".key", pair.PrivateKey)
		configuration += fmt.Sprintf(`
import {
  to = elbaas_certificate.%[1]s
  id = %[2]q
}

resource "elbaas_certificate" "%[1]s" {
  name        = "renamed-%[1]s"
  certificate = file("%[1]s.crt")
  private_key = file("%[1]s.key")
  lifecycle {
    ignore_changes = [certificate, private_key]
  }
}

data "elbaas_certificate" "%[1]s" {
  id = %[2]q
}

output "%[1]s" {
  value = data.elbaas_certificate.%[1]s
}
`, name, id)
	}
	cli.Configure(configuration + "\ndata \"elbaas_certificates\" \"all\" {\n}\n\noutput \"all\" {\n" +
		"  value = data.elbaas_certificates.all\n}\n")

	h.run(true, "plan", "-out=plan")
	h.searchPlan()
	h.run(true, "show", "-json", "plan")
	h.run(true, "apply", "-auto-approve", "plan")
	h.search("state", cli.Run("state", "pull"))
	h.run(true, "output", "-json")
	h.run(true, "show", "-json")
	h.run(true, "plan")
	for _, cert := range cloud.Certificates(ProjectID) {
		if !strings.HasPrefix(cert.Name, "renamed-") {
			t.Errorf("%s was not renamed", cert.Name)
		}
	}
	if state := cli.Run("state", "pull"); strings.Count(state, "BEGIN CERTIFICATE") < 4 {
		t.Errorf("the state has %d certificates", strings.Count(state, "BEGIN CERTIFICATE"))
	}
}

// TestAccServerThatCombines: if a server puts the private key into the certificate field of each
// response, the key is shown nowhere, from the creation to the replacement, and there is no drift.
func TestAccServerThatCombines(t *testing.T) {
	t.Parallel()
	combine := func(cert *elbstub.Certificate) {
		if !strings.Contains(cert.Certificate, "PRIVATE KEY") {
			cert.Certificate = cert.PrivateKey + "\n" + cert.Certificate
		}
	}
	cloud, cli := NewCloud(t, func(o *elbstub.Options) { o.Keep = combine }), acctest.NewInstalledCLI(t, "")
	cli.Needs("1.11.0", "1.11.0")
	h := newHunt(t, cli)
	cli.Setenv("HW_AUTH_TOKEN", Token)
	pair, next, others := NewPair(), NewPair(), NewPair()
	for _, pair := range []throwaway.Pair{pair, next, others} {
		h.add(pair)
	}
	id := add(cloud, "others",
		throwaway.Pair{Certificate: others.PrivateKey + others.Certificate, PrivateKey: others.PrivateKey})
	configure := func(pair throwaway.Pair, name, more string) {
		cli.WriteFile("www.crt", pair.Certificate)
		cli.WriteFile("www.key", pair.PrivateKey)
		cli.Configure(cloud.Provider("token = null") + fmt.Sprintf(`
resource "elbaas_certificate" "test" {
  name           = %q
  certificate    = file("www.crt")
  private_key_wo = file("www.key")
}
%s`, name, more))
	}
	configure(pair, "first", "")
	h.run(true, "apply", "-auto-approve")
	if said := h.run(true, "plan"); !strings.Contains(said, "No changes") {
		t.Error("the plan after the creation is not empty")
	}
	configure(pair, "renamed", "")
	h.run(true, "apply", "-auto-approve")
	configure(next, "renamed", "")
	h.run(true, "plan", "-out=plan")
	h.searchPlan()
	h.run(true, "apply", "plan")
	configure(next, "renamed", fmt.Sprintf("\nimport {\n  to       = elbaas_certificate.others\n  id       = %q\n"+
		"  provider = elbaas\n}\n", id))
	h.run(false, "plan", "-generate-config-out=generated.tf") // the generated configuration has no key
	h.search("generated.tf", cli.ReadFile("generated.tf"))
	if !strings.Contains(cli.ReadFile("generated.tf"), "BEGIN CERTIFICATE") {
		t.Errorf("no certificate is generated: %s", cli.ReadFile("generated.tf"))
	}
	h.search("state", cli.Run("state", "pull"))
	for _, cert := range cloud.Certificates(ProjectID) {
		if !strings.Contains(cert.Certificate, "PRIVATE KEY") {
			t.Error("the server has a certificate that it did not combine")
		}
	}
}

// evaluateInfo evaluates certificate_info for a text with the real CLI.
func evaluateInfo(t *testing.T, cli *acctest.CLI, cloud *Cloud, text string) map[string]any {
	t.Helper()
	cli.WriteFile("file.pem", text)
	cli.Configure(cloud.Provider() + "output \"leaf\" {\n" +
		"  value = provider::elbaas::certificate_info(file(\"file.pem\")).leaf\n}\n")
	if said, err := cli.Try("apply", "-auto-approve"); err != nil {
		t.Errorf("the file is refused: %s", said)
		return nil
	}
	var outputs map[string]struct{ Value map[string]any }
	if err := json.Unmarshal([]byte(cli.Run("output", "-json")), &outputs); err != nil {
		t.Fatal(err)
	}
	return outputs["leaf"].Value
}

// TestAccFactsOfRealFiles reads the facts of files as people have them.
func TestAccFactsOfRealFiles(t *testing.T) {
	t.Parallel()
	cloud, cli := NewCloud(t), acctest.NewCLI(t)
	cli.Needs("1.8.0", "1.7.0") // for functions
	comment := "# Keep the line -----BEGIN CERTIFICATE----- as it is.\n"
	for _, row := range []struct {
		name, text, attribute string
		want                  any
	}{
		{"domain components", caseFile(t, "dn-ad-cs.crt"), "subject", "CN=Corp Issuing CA 1,DC=corp,DC=example,DC=com"},
		{"two units", caseFile(t, "dn-two-ou.crt"), "issuer", "CN=www.example.com,OU=Infra,OU=Web,O=Example GmbH,C=DE"},
		{"negative serial", caseFile(t, "negative-serial.crt"), "serial_number", "-77"},
		{"negative serial", caseFile(t, "negative-serial.crt"), "subject", "CN=soon.example.com"},
		{"negative serial", caseFile(t, "negative-serial.crt"), "not_after", "2046-11-21T05:40:37Z"},
		{"RSASSA-PSS", caseFile(t, "pss.crt"), "key_algorithm", "RSASSA-PSS 2048"},
		{"SM2", throwaway.SM2, "key_algorithm", "ECDSA 1.2.156.10197.1.301"},
		{"a block that is commented out", caseFile(t, "commented-out.pem"), "subject", "CN=a.example.com"},
		{"a comment that quotes a boundary", comment + caseFile(t, "dn-ad-cs.crt"), "key_algorithm", "ECDSA P-256"},
	} {
		leaf := evaluateInfo(t, cli, cloud, row.text)
		if leaf[row.attribute] != row.want {
			t.Errorf("%s: %s is %v, want %v", row.name, row.attribute, leaf[row.attribute], row.want)
		}
	}
}

// TestAccExpiresBeforeOfOddCertificate: a certificate is found by its date, however odd the rest of
// it is.
func TestAccExpiresBeforeOfOddCertificate(t *testing.T) {
	t.Parallel()
	cloud, cli := NewCloud(t), acctest.NewCLI(t)
	pair := NewPair()
	add(cloud, "odd", throwaway.Pair{Certificate: caseFile(t, "negative-serial.crt"), PrivateKey: pair.PrivateKey})
	cli.Configure(cloud.Provider() + `
data "elbaas_certificates" "expiring" {
  expires_before = "2046-12-01T00:00:00Z"
}

output "found" {
  value = data.elbaas_certificates.expiring.certificates[*].name
}
`)
	if said := cli.Run("plan"); !strings.Contains(said, `+ found = [ + "odd", ]`) {
		t.Errorf("it is not found: %s", said)
	}
}

// TestAccRSASSAPSS: a certificate accepts its own key in the traditional form, as an RSA key, and
// in PKCS#8, which is what is sent in each case. It accepts no other key.
func TestAccRSASSAPSS(t *testing.T) {
	t.Parallel()
	traditional := throwaway.Pair{Certificate: caseFile(t, "pss.crt"), PrivateKey: caseFile(t, "pss-traditional.key")}
	key, err := pemcert.ParseKey(traditional.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	inPKCS8 := key.For(pemcert.CertificatesIn(traditional.Certificate)).PEM().Reveal()
	converted := throwaway.Pair{Certificate: traditional.Certificate, PrivateKey: inPKCS8}
	ofRSA := throwaway.Pair{
		Certificate: traditional.Certificate,
		PrivateKey:  strings.ReplaceAll(traditional.PrivateKey, "RSA-PSS", "RSA"),
	}
	for name, row := range map[string]struct{ first, second throwaway.Pair }{
		"traditional": {traditional, converted},
		"PKCS#8":      {converted, traditional},
		"PKCS#1":      {ofRSA, converted},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cloud, cli := NewCloud(t), acctest.NewCLI(t)
			cli.Configure(cloud.Provider() + Certificate(row.first, `name = "first"`))
			if said, err := cli.Try("apply", "-auto-approve"); err != nil || strings.Contains(said, "Warning:") {
				t.Fatalf("%v: %s", err, said)
			}
			if sent := cloud.Only(t).PrivateKey; sent != converted.PrivateKey {
				t.Error("the key was not sent in PKCS#8")
			}
			cli.Configure(cloud.Provider() + Certificate(row.second, `name = "first"`))
			if said := cli.Run("plan"); !strings.Contains(said, "No changes") || strings.Contains(said, "Warning:") {
				t.Errorf("the plan with the other form is not empty: %s", said)
			}
			cli.Configure(cloud.Provider() + Certificate(row.second, `name = "renamed"`))
			if said := cli.Run("apply", "-auto-approve"); !strings.Contains(said, "0 added, 1 changed, 0 destroyed") {
				t.Errorf("the rename is not an update in place: %s", said)
			}
			if got := cloud.Only(t).Name; got != "renamed" {
				t.Errorf("the name is %q", got)
			}
			if said := cli.Run("plan"); !strings.Contains(said, "No changes") {
				t.Errorf("the plan after it is not empty: %s", said)
			}
			other := throwaway.KeyForms(throwaway.NewRSAKey(2048))["PKCS#8"]
			cli.Configure(cloud.Provider() +
				Certificate(throwaway.Pair{Certificate: traditional.Certificate, PrivateKey: other}))
			if said, err := cli.Try("plan"); err == nil ||
				!strings.Contains(said, "The private key does not belong to the certificate") {
				t.Errorf("another key is taken: %s", said)
			}
		})
	}
}

// TestAccWrongLabels: the error for a block that is not a certificate says what it is and what to
// do.
func TestAccWrongLabels(t *testing.T) {
	t.Parallel()
	OnceForAllDialects(t)
	cloud, cli := NewCloud(t), acctest.NewCLI(t)
	pair := NewPair()
	relabeled := strings.ReplaceAll(pair.PrivateKey, "PRIVATE KEY", "CERTIFICATE")
	for name, row := range map[string]struct{ text, want string }{
		"PKCS#7": {
			text: caseFile(t, "p7b-as-certificate.pem"),
			want: `whose BEGIN line says "CERTIFICATE", is a PKCS#7 bundle. Convert it, the leaf first: openssl pkcs7`,
		},
		"a key":        {relabeled, `whose BEGIN line says "CERTIFICATE", is a private key`},
		"base64":       {caseFile(t, "base64-of-pem.txt"), "Decode it: base64decode(…)"},
		`literal \n`:   {strings.ReplaceAll(pair.Certificate, "\n", `\n`), `replace(…, "\\n", "\n")`},
		`literal \r\n`: {strings.ReplaceAll(pair.Certificate, "\n", `\r\n`), `replace(…, "\\r\\n", "\n")`},
	} {
		cli.WriteFile("www.key", pair.PrivateKey)
		cli.WriteFile("www.crt", row.text)
		cli.Configure(cloud.Provider() + "resource \"elbaas_certificate\" \"test\" {\n" +
			"  certificate = file(\"www.crt\")\n  private_key = file(\"www.key\")\n}\n")
		said, err := cli.Try("plan")
		if err == nil || !strings.Contains(said, row.want) {
			t.Errorf("%s: it does not say %q: %v: %s", name, row.want, err, said)
		}
		for _, line := range strings.Split(pair.PrivateKey, "\n") {
			if len(line) > 20 && !strings.HasPrefix(line, "-----") && strings.Contains(said, line) {
				t.Errorf("%s: it shows a line of the key: %s", name, said)
			}
		}
	}
	if len(cloud.Journal()) > 0 {
		t.Error("the cloud was called")
	}
}

// TestAccChainInOrder: a chain is in order even if one of its issuers was not allowed to issue
// certificates.
func TestAccChainInOrder(t *testing.T) {
	t.Parallel()
	OnceForAllDialects(t)
	cloud, cli := NewCloud(t), acctest.NewCLI(t)
	chain := caseFile(t, "chain-issuer-without-certsign.pem")
	cli.WriteFile("chain.pem", chain)
	id := add(cloud, "chain", throwaway.Pair{Certificate: chain, PrivateKey: NewPair().PrivateKey})
	cli.Configure(cloud.Provider() + `
variable "key" {
  sensitive = true
}

resource "terraform_data" "later" {
  input = var.key
}

resource "elbaas_certificate" "test" {
  certificate = file("chain.pem")
  private_key = terraform_data.later.output
}
`)
	cli.Setenv("TF_VAR_key", "unknown until the apply")
	cli.Run("import", "elbaas_certificate.test", id)
	if said := cli.Run("plan"); strings.Contains(said, "Warning:") {
		t.Errorf("it warns: %s", said)
	}
}
