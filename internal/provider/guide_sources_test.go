package provider_test

import (
	"encoding/base64"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/elbaas/terraform-provider-elbaas/internal/acctest"
	"github.com/elbaas/terraform-provider-elbaas/internal/throwaway"
)

// TestSourcesParse: each configuration in the guide about sources of certificates is valid HCL.
func TestSourcesParse(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../../examples/guides/from-*.tf")
	if err != nil || len(files) < 6 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		text := example(t, "guides/"+filepath.Base(file))
		if _, diagnostics := hclsyntax.ParseConfig([]byte(text), file, hcl.InitialPos); diagnostics.HasErrors() {
			t.Error(diagnostics)
		}
	}
}

// certificateOf returns the certificate of an example, which is its last block, with other names
// for what provides its text.
func certificateOf(t *testing.T, file string, names ...string) string {
	t.Helper()
	text := example(t, "guides/"+file)
	start := strings.LastIndex(text, "resource \"elbaas_certificate\"")
	if start < 0 {
		t.Fatalf("%s has no certificate", file)
	}
	block := text[start:]
	for i := 0; i < len(names); i += 2 {
		if !strings.Contains(block, names[i]) {
			t.Errorf("%s has no %s", file, names[i])
		}
		block = strings.ReplaceAll(block, names[i], names[i+1])
	}
	return block
}

// terraformData returns a terraform_data whose output is known only after the apply.
func terraformData(name string, fields map[string]string) string {
	block := "resource \"terraform_data\" \"" + name + "\" {\n  input = {\n"
	for field, value := range fields {
		block += "    " + field + " = " + Quote(value) + "\n"
	}
	return block + "  }\n}\n"
}

// TestAccSources applies the examples of the guide, with terraform_data in place of the providers
// that supply the text, and renews the certificate.
func TestAccSources(t *testing.T) {
	t.Parallel()
	OnceForAllDialects(t)
	trimmed := strings.TrimSpace // as some providers return PEM
	for file, config := range map[string]func(pair throwaway.Pair, issuer string) string{
		"from-acme.tf": func(pair throwaway.Pair, issuer string) string {
			return terraformData("www", map[string]string{
				"certificate_pem": trimmed(pair.Certificate), "issuer_pem": issuer, "private_key_pem": pair.PrivateKey,
			}) + certificateOf(t, "from-acme.tf", "acme_certificate.www.", "terraform_data.www.output.")
		},
		"from-vault.tf": func(pair throwaway.Pair, _ string) string {
			return terraformData("certificate", map[string]string{"pem": trimmed(pair.Certificate)}) +
				terraformData("key", map[string]string{"pem": trimmed(pair.PrivateKey)}) +
				certificateOf(t, "from-vault.tf",
					"data.vault_kv_secret_v2.certificate.data", "terraform_data.certificate.output",
					"ephemeral.vault_kv_secret_v2.key.data", "terraform_data.key.output")
		},
		"from-tls.tf": func(pair throwaway.Pair, issuer string) string {
			return terraformData("www", map[string]string{"cert_pem": pair.Certificate, "ca_cert_pem": issuer}) +
				terraformData("key", map[string]string{"private_key_pem": pair.PrivateKey}) +
				certificateOf(t, "from-tls.tf",
					"tls_locally_signed_cert.www.", "terraform_data.www.output.",
					"tls_private_key.www.", "terraform_data.key.output.")
		},
		"from-ci.tf": func(pair throwaway.Pair, _ string) string {
			encode := func(text string) string { return Quote(base64.StdEncoding.EncodeToString([]byte(text))) }
			return strings.NewReplacer(
				"  type = string\n", "  type    = string\n  default = "+encode(pair.Certificate)+"\n",
				"  sensitive = true\n", "  sensitive = true\n  default = "+encode(pair.PrivateKey)+"\n",
			).Replace(example(t, "guides/from-ci.tf"))
		},
	} {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			cloud, cli := NewCloud(t), acctest.NewCLI(t)
			cli.Needs("1.11.0", "1.11.0")
			issuer := NewPair().Certificate
			for range 2 {
				pair := NewPair()
				cli.Configure(cloud.Provider() + config(pair, issuer))
				cli.Run("apply", "-auto-approve")
				cert := cloud.Only(t)
				if !strings.HasPrefix(cert.Certificate, trimmed(pair.Certificate)) ||
					!sameText(cert.PrivateKey, pair.PrivateKey) {
					t.Errorf("the cloud has\n%s", cert.Certificate)
				}
				joined := file == "from-acme.tf" || file == "from-tls.tf"
				if strings.Contains(cert.Certificate, trimmed(issuer)) != joined {
					t.Errorf("the issuer is there %t, want %t", !joined, joined)
				}
				if said := cli.Run("plan"); !strings.Contains(said, "No changes") {
					t.Errorf("it plans %s", said)
				}
			}
		})
	}
}

// TestAccSourceLater applies the example whose files are fetched by an apply, before they exist and
// after they have changed.
func TestAccSourceLater(t *testing.T) {
	t.Parallel()
	OnceForAllDialects(t)
	cloud, cli := NewCloud(t), acctest.NewCLI(t)
	cli.Needs("1.11.0", "1.11.0")
	cli.WriteFile("fetch.sh", "cp new.crt www.example.com.crt\ncp new.key www.example.com.key\n")
	cli.Configure(cloud.Provider() + example(t, "guides/from-later.tf"))
	for _, serial := range []string{"1", "2"} {
		pair := NewPair()
		cli.WriteFile("new.crt", pair.Certificate)
		cli.WriteFile("new.key", pair.PrivateKey)
		said, err := cli.Try("apply", "-auto-approve", "-var=serial="+serial)
		if err != nil {
			t.Fatalf("serial %s: %v: %s", serial, err, said)
		}
		if cert := cloud.Only(t); !sameText(cert.Certificate, pair.Certificate) ||
			!sameText(cert.PrivateKey, pair.PrivateKey) {
			t.Errorf("serial %s: the cloud has another certificate: %s", serial, said)
		}
		if said := cli.Run("plan", "-var=serial="+serial); !strings.Contains(said, "No changes") {
			t.Errorf("serial %s: it plans %s", serial, said)
		}
	}
}

// TestAccSourcePFX runs the script of the guide on a PFX file, and applies what it writes.
func TestAccSourcePFX(t *testing.T) {
	t.Parallel()
	OnceForAllDialects(t)
	cloud, cli := NewCloud(t), acctest.NewCLI(t)
	cli.Needs("1.11.0", "1.11.0")
	if _, err := exec.LookPath("openssl"); err != nil {
		t.Skip("there is no openssl")
	}
	pair, issuer := NewPair(), NewPair().Certificate
	writePair(cli, pair)
	cli.WriteFile("issuer.crt", issuer)
	cli.Setenv("PFX_PASSWORD", "changeit")
	const pack = "openssl pkcs12 -export -in www.example.com.crt -inkey www.example.com.key -certfile issuer.crt " +
		"-passout env:PFX_PASSWORD -out www.example.com.pfx\nrm www.example.com.crt www.example.com.key\n"
	if said, err := cli.TryScript("set -e\n" + pack + example(t, "guides/from-pfx.sh")); err != nil {
		t.Fatalf("%v: %s", err, said)
	}
	cli.Configure(cloud.Provider() + example(t, "resources/elbaas_certificate/write-only.tf"))
	cli.Run("apply", "-auto-approve")
	cert := cloud.Only(t)
	if !sameText(cert.Certificate, pair.Certificate+issuer) || !sameText(cert.PrivateKey, pair.PrivateKey) {
		t.Errorf("the cloud has\n%s", cert.Certificate)
	}
}
