package provider_test

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/elbaas/terraform-provider-elbaas/internal/acctest"
	"github.com/elbaas/terraform-provider-elbaas/internal/elbstub"
	"github.com/elbaas/terraform-provider-elbaas/internal/throwaway"
)

// The IDs of the certificate and the listener in the examples.
const (
	exampleID         = "5b8f908b5495452aa13beede0afc5d99"
	exampleListenerID = "c4e2d0a8f6b84a9d9f3b1c7e5d2a6f80"
)

// address is the address of the certificate in most configurations of the tests.
const address = "elbaas_certificate.test"

// example returns the text of an example of the documentation.
func example(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile("../../examples/" + path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// writePair writes a pair to the files that the examples read.
func writePair(cli *acctest.CLI, pair throwaway.Pair) {
	cli.WriteFile("www.example.com.crt", pair.Certificate)
	cli.WriteFile("www.example.com.key", pair.PrivateKey)
}

// add adds a pair to the cloud, as somebody did long ago.
func add(cloud *Cloud, name string, pair throwaway.Pair) (id string) {
	return cloud.Add(elbstub.Certificate{
		ProjectID:   ProjectID,
		Name:        name,
		Certificate: pair.Certificate,
		PrivateKey:  pair.PrivateKey,
	})
}

// withKey returns a generated configuration with a write-only key.
func withKey(t *testing.T, generated string) string {
	t.Helper()
	var lines []string
	resources := 0
	for line := range strings.Lines(generated) {
		if strings.HasPrefix(strings.TrimSpace(line), "private_key") {
			continue // the generated value is null
		}
		lines = append(lines, line)
		if strings.HasPrefix(line, "resource ") {
			resources++
			lines = append(lines, "  private_key_wo = file(\"www.example.com.key\")\n")
		}
	}
	if resources != 1 {
		t.Fatalf("%d resources were generated, want 1:\n%s", resources, generated)
	}
	return strings.Join(lines, "")
}

// attribute checks an attribute of the certificate at address.
func attribute(name string, value knownvalue.Check) statecheck.StateCheck {
	return statecheck.ExpectKnownValue(address, tfjsonpath.New(name), value)
}

// action checks what a plan does to the certificate at address.
func action(want plancheck.ResourceActionType) resource.ConfigPlanChecks {
	return resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectResourceAction(address, want)}}
}

// destroyed returns a check that nothing is left in the cloud.
func destroyed(cloud *Cloud) func(*terraform.State) error {
	return func(*terraform.State) error {
		if left := len(cloud.Certificates(ProjectID)) +
			len(cloud.Certificates(OtherProjectID)); left > 0 {
			return fmt.Errorf("%d certificates are left in the cloud", left)
		}
		return nil
	}
}

// acrossLines matches a message however Terraform breaks its lines.
func acrossLines(message string) *regexp.Regexp {
	return regexp.MustCompile(strings.Join(strings.Fields(regexp.QuoteMeta(message)), `[\s│]+`))
}

// sameText reports whether a value is a text, apart from space around it.
func sameText(got any, want string) bool {
	text, isText := got.(string)
	return isText && strings.TrimSpace(text) == strings.TrimSpace(want)
}
