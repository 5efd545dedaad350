package provider_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/elbaas/terraform-provider-elbaas/internal/acctest"
	"github.com/elbaas/terraform-provider-elbaas/internal/throwaway"
)

// TestAccCertificateInfo applies the example, compares what the function returns with the attributes of the resource,
// and calls it with texts that are not certificates.
func TestAccCertificateInfo(t *testing.T) {
	t.Parallel()
	OnceForAllDialects(t)
	cloud, cli := NewCloud(t), acctest.NewCLI(t)
	chain := throwaway.NewChain()
	key := throwaway.KeyForms(chain.Key)["PKCS#8"]
	cli.WriteFile("www.example.com.crt", throwaway.Forms(chain.PEM())["CRLF"])
	cli.WriteFile("www.example.com.key", key)
	cli.Configure(cloud.Provider() + example(t, "functions/certificate_info/function.tf") + `
resource "elbaas_certificate" "www" {
  certificate = file("www.example.com.crt")
  private_key = file("www.example.com.key")
}

output "differences" {
  value = [for name, value in local.new.leaf : name if value != elbaas_certificate.www[name]]
}
`)
	cli.Run("apply", "-auto-approve")
	var outputs map[string]struct{ Value any }
	if err := json.Unmarshal([]byte(cli.Run("output", "-json")), &outputs); err != nil {
		t.Fatal(err)
	}
	if differences := outputs["differences"].Value.([]any); len(differences) > 0 {
		t.Errorf("the function tells other %v than the resource", differences)
	}
	if expires := outputs["expires"].Value.(string); !strings.HasSuffix(expires, "Z") {
		t.Errorf("it expires %q", expires)
	}
	if issuers := fmt.Sprint(outputs["issuers"].Value); issuers != "[CN=intermediate]" {
		t.Errorf("the issuers are %s", issuers)
	}

	cli.WriteFile("sm2.crt", throwaway.SM2)
	cli.Configure(cloud.Provider() + "output \"unknown\" {\n" +
		"  value = provider::elbaas::certificate_info(file(\"sm2.crt\")).leaf.subject == \"CN=sm2\"\n}\n")
	if said := cli.Run("plan"); !strings.Contains(said, "+ unknown = true") {
		t.Errorf("a certificate that cannot be read: %s", said)
	}
	for text, want := range map[string]string{
		`file("www.example.com.key")`: "Certificate block 1 of 1 is a private key",
		`""`:                          "The certificate is empty",
		`"www.example.com.crt"`:       "looks like the name of a file",
	} {
		cli.Configure(cloud.Provider() + "output \"info\" {\n  value = provider::elbaas::certificate_info(" + text +
			")\n}\n")
		said, err := cli.Try("plan")
		if err == nil || !strings.Contains(said, `Invalid value for "pem" parameter`) ||
			!strings.Contains(said, want) || strings.Contains(said, "..") {
			t.Errorf("%s: %v: %s", text, err, said)
		}
		if strings.Contains(said, strings.Split(key, "\n")[1]) {
			t.Errorf("it shows the key: %s", said)
		}
	}
}

// TestAccSensitiveLocal: Terraform's own errors show the value of a local that is passed to the function, unless the
// local is sensitive, as in the example of the guide.
func TestAccSensitiveLocal(t *testing.T) {
	t.Parallel()
	OnceForAllDialects(t)
	cloud, cli := NewCloud(t), acctest.NewCLI(t)
	pair := NewPair()
	config := example(t, "guides/sensitive-local.tf")
	for _, row := range []struct {
		config string
		shown  bool
	}{
		{config, false},
		{
			config: strings.NewReplacer("sensitive(file(", "(file(", "info(local.pem)",
				"info(sensitive(local.pem))").Replace(config),
			shown: true,
		},
	} {
		cli.Configure(cloud.Provider() + row.config)
		cli.WriteFile("www.example.com.pem", pair.Certificate+pair.PrivateKey)
		said, err := cli.Try("plan")
		if err == nil || !strings.Contains(said, "is a private key") {
			t.Errorf("it does not refuse the key: %v: %s", err, said)
		}
		if shown := strings.Contains(said, keyLines(pair)[0]); shown != row.shown {
			t.Errorf("the key is shown %t, want %t, with\n%s", shown, row.shown, row.config)
		}
		cli.WriteFile("www.example.com.pem", pair.Certificate)
		if said := cli.Run("plan"); !strings.Contains(said, "not_after = \"20") {
			t.Errorf("it plans %s", said)
		}
	}
}
