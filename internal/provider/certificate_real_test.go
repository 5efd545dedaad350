package provider

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-testing/compare"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/elbaas/terraform-provider-elbaas/internal/elb"
	"github.com/elbaas/terraform-provider-elbaas/internal/pemcert"
	"github.com/elbaas/terraform-provider-elbaas/internal/throwaway"
)

// realVariable enables the tests that need a real cloud, and disables all others.
const realVariable = "TF_ACC_REAL"

// Everything that such a test creates has a name that begins with realPrefix, and a certificate for
// realDomain, which nobody else uses: the names below .invalid belong to nobody (RFC 2606).
const (
	realPrefix = "tf-acc-"
	realDomain = "terraform-provider-elbaas.invalid"
)

// realCloud returns a new cloud, configured as the provider does it without a provider block, and
// its project.
func realCloud(ctx context.Context) (*cloud, string, error) {
	var c *cloud
	var project types.String
	settings, diags := newSettings(providerBlock{}, osEnvironment())
	if !diags.HasError() {
		c = newCloud(settings, "terraform-provider-elbaas/test", nil)
		project = c.readyProject(ctx, types.StringNull(), &diags)
	}
	if diags.HasError() {
		first := diags.Errors()[0]
		return nil, "", fmt.Errorf("%s: %s", first.Summary(), first.Detail())
	}
	return c, project.ValueString(), nil
}

// TestAccRealCertificate takes one certificate through its life in the cloud that the environment
// names, and touches no other.
func TestAccRealCertificate(t *testing.T) {
	t.Parallel()
	if os.Getenv(realVariable) == "" {
		t.Skipf("makes a certificate in a real cloud: runs with %s=1", realVariable)
	}
	pair := throwaway.NewPair(realDomain)
	pair.Certificate = strings.TrimSpace(pair.Certificate) // the canonical form, which an import has
	name := realPrefix + rand.Text()
	renamed := name + "-renamed"

	const address = "elbaas_certificate.test"
	certificate := func(name, description string) string {
		return fmt.Sprintf("resource \"elbaas_certificate\" \"test\" {\n  name = %q\n  %s\n  certificate = %q\n  "+
			"private_key = %q\n}\n",
			name, description, pair.Certificate, pair.PrivateKey)
	}
	action := func(want plancheck.ResourceActionType) resource.ConfigPlanChecks {
		return resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectResourceAction(address, want)}}
	}
	theSame := statecheck.CompareValue(compare.ValuesSame())
	has := func(name, description string) []statecheck.StateCheck {
		return []statecheck.StateCheck{
			theSame.AddStateValue(address, tfjsonpath.New("id")),
			statecheck.ExpectKnownValue(address, tfjsonpath.New("name"), knownvalue.StringExact(name)),
			statecheck.ExpectKnownValue(address, tfjsonpath.New("description"), knownvalue.StringExact(description)),
		}
	}
	one, all := "data.elbaas_certificate.test", "data.elbaas_certificates.test"
	read := []statecheck.StateCheck{statecheck.ExpectKnownValue(all, tfjsonpath.New("certificates"),
		knownvalue.ListSizeExact(1))}
	for _, attribute := range []string{
		"id", "project_id", "name", "description", "domain", "fingerprint_sha256",
		"create_time", "update_time",
	} {
		own, listed := tfjsonpath.New(attribute), tfjsonpath.New("certificates").AtSliceIndex(0).AtMapKey(attribute)
		read = append(read,
			statecheck.CompareValuePairs(address, own, one, own, compare.ValuesSame()),
			statecheck.CompareValuePairs(address, own, all, listed, compare.ValuesSame()))
	}

	resource.Test(t, resource.TestCase{
		PreCheck: func() {
			if _, _, err := realCloud(t.Context()); err != nil {
				t.Fatal(err)
			}
		},
		ProtoV6ProviderFactories: map[string]func() (tfprotov6.ProviderServer, error){
			"elbaas": func() (tfprotov6.ProviderServer, error) { return New("test", nil)(), nil },
		},
		CheckDestroy: func(*terraform.State) error {
			c, project, err := realCloud(t.Context())
			if err != nil {
				return err
			}
			certificates, err := c.client.ListCertificates(t.Context(), project)
			for _, left := range certificates {
				if strings.HasPrefix(left.Name, name) {
					err = errors.Join(err, fmt.Errorf("certificate %s (%s) is left in project %s", left.ID, left.Name,
						project))
				}
			}
			return err
		},
		Steps: []resource.TestStep{
			{
				Config:            certificate(name, `description = "of a test"`),
				ConfigPlanChecks:  action(plancheck.ResourceActionCreate),
				ConfigStateChecks: has(name, "of a test"),
			},
			{
				Config: certificate(name, `description = "of a test"`),
				ConfigPlanChecks: resource.ConfigPlanChecks{
					PreApply: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()},
				},
			},
			{
				Config:            certificate(renamed, `description = "of a test, renamed"`),
				ConfigPlanChecks:  action(plancheck.ResourceActionUpdate),
				ConfigStateChecks: has(renamed, "of a test, renamed"),
			},
			{ // an omitted description is cleared
				Config:            certificate(renamed, ""),
				ConfigPlanChecks:  action(plancheck.ResourceActionUpdate),
				ConfigStateChecks: has(renamed, ""),
			},
			{
				ResourceName:            address,
				ImportState:             true,
				ImportStateVerify:       true,
				ImportStateVerifyIgnore: []string{"private_key"},
			},
			{
				Config: certificate(renamed, "") + `
data "elbaas_certificate" "test" {
  id = elbaas_certificate.test.id
}

data "elbaas_certificates" "test" {
  name_regex = "^${elbaas_certificate.test.name}$"
}
`,
				ConfigPlanChecks:  action(plancheck.ResourceActionNoop),
				ConfigStateChecks: read,
			},
		},
	})
}

// sweep deletes what such tests have left. The region comes from the environment, whatever -sweep
// says.
func sweep(string) error {
	ctx := context.Background()
	c, project, err := realCloud(ctx)
	if err != nil {
		return err
	}
	certificates, err := c.client.ListCertificates(ctx, project)
	for _, cert := range certificates {
		if isLeft(cert) {
			log.Printf("deleting certificate %s (%s) of project %s", cert.ID, cert.Name, project)
			err = errors.Join(err, c.client.DeleteCertificate(ctx, project, cert.ID, elb.NoWrite))
		}
	}
	return err
}

// isLeft reports whether such a test created a certificate more than an hour ago. Its age is that
// of its content, which is valid from an hour before its creation: the times of the API have no
// zone.
func isLeft(cert elb.Certificate) bool {
	chain, err := pemcert.ParseChain(cert.Certificate)
	if err != nil {
		return false
	}
	leaf := chain.Facts()
	return strings.HasPrefix(cert.Name, realPrefix) && leaf.Subject == "CN="+realDomain &&
		!leaf.NotBefore.IsZero() && time.Since(leaf.NotBefore) > 2*time.Hour
}
