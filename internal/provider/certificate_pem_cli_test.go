package provider_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/elbaas/terraform-provider-elbaas/internal/elbstub"
	"github.com/elbaas/terraform-provider-elbaas/internal/pemcert"
	"github.com/elbaas/terraform-provider-elbaas/internal/throwaway"
)

// TestAccTextForms: another form of the same pair plans nothing, and the state keeps the first
// form. The API received the canonical form.
func TestAccTextForms(t *testing.T) {
	t.Parallel()
	cloud := NewCloud(t)
	pair := NewPair()
	steps := []resource.TestStep{{Config: cloud.Provider() + Certificate(pair)}}
	certificates, keys := throwaway.Forms(pair.Certificate), throwaway.Forms(pair.PrivateKey)
	for _, form := range []string{
		"CRLF", "indented", "no newline at end",
		"bag attributes",
	} { // TestAnyFormPlansNothing has all forms
		steps = append(steps, resource.TestStep{
			Config: cloud.Provider() +
				Certificate(throwaway.Pair{Certificate: certificates[form], PrivateKey: keys[form]}),
			ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}},
			ConfigStateChecks: []statecheck.StateCheck{
				attribute("certificate", knownvalue.StringExact(pair.Certificate)),
				attribute("private_key", knownvalue.StringExact(pair.PrivateKey)),
			},
		})
	}
	steps = append(steps, resource.TestStep{ // the server may re-wrap the text
		PreConfig: func() {
			cert := cloud.Only(t)
			if cert.Certificate != strings.TrimSuffix(pair.Certificate, "\n") ||
				cert.PrivateKey != strings.TrimSuffix(pair.PrivateKey, "\n") {
				t.Errorf("the API was not sent the canonical form, but\n%s", cert.Certificate)
			}
			cloud.Change(cert.ID, func(cert *elbstub.Certificate) {
				cert.Certificate = strings.ReplaceAll(cert.Certificate, "\n", "\r\n")
				cert.PrivateKey = "******"
			})
		},
		Config:           cloud.Provider() + Certificate(pair),
		ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}},
	}, resource.TestStep{ // a masked text proves no change
		PreConfig: func() {
			cloud.Change(cloud.Only(t).ID, func(cert *elbstub.Certificate) { cert.Certificate = "******" })
		},
		Config:           cloud.Provider() + Certificate(pair),
		ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}},
	}, resource.TestStep{ // a different certificate does
		PreConfig: func() {
			cloud.Change(cloud.Only(t).ID,
				func(cert *elbstub.Certificate) { cert.Certificate = NewPair().Certificate })
		},
		Config:           cloud.Provider() + Certificate(pair),
		ConfigPlanChecks: action(plancheck.ResourceActionDestroyBeforeCreate),
	})
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: Providers(),
		CheckDestroy:             destroyed(cloud),
		Steps:                    steps,
	})
}

// TestAccFacts: what the certificate itself says is known in the plan, even in that of a
// replacement.
func TestAccFacts(t *testing.T) {
	t.Parallel()
	cloud := NewCloud(t)
	step := func(pair throwaway.Pair) resource.TestStep {
		chain, err := pemcert.ParseChain(pair.Certificate)
		if err != nil {
			t.Fatal(err)
		}
		facts := chain.Facts()
		want := map[string]knownvalue.Check{
			"not_before":         knownvalue.StringExact(facts.NotBefore.Format("2006-01-02T15:04:05Z")),
			"not_after":          knownvalue.StringExact(facts.NotAfter.Format("2006-01-02T15:04:05Z")),
			"fingerprint_sha256": knownvalue.StringExact(facts.FingerprintSHA256),
			"serial_number":      knownvalue.StringExact(facts.SerialNumber),
			"subject":            knownvalue.StringExact("CN=www.example.com"),
			"issuer":             knownvalue.StringExact("CN=www.example.com"),
			"key_algorithm":      knownvalue.StringExact("ECDSA P-256"),
			"subject_alternative_names": knownvalue.ListExact([]knownvalue.Check{
				knownvalue.StringExact("www.example.com"),
			}),
		}
		s := resource.TestStep{Config: cloud.Provider() + Certificate(pair)}
		for name, value := range want {
			s.ConfigPlanChecks.PreApply = append(s.ConfigPlanChecks.PreApply,
				plancheck.ExpectKnownValue(address, tfjsonpath.New(name), value))
			s.ConfigStateChecks = append(s.ConfigStateChecks, attribute(name, value))
		}
		return s
	}
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: Providers(),
		CheckDestroy:             destroyed(cloud),
		Steps:                    []resource.TestStep{step(NewPair()), step(NewPair())},
	})
}

// TestAccWrongKey: another key with the same certificate is an error in the plan, and nothing is
// sent.
func TestAccWrongKey(t *testing.T) {
	t.Parallel()
	OnceForAllDialects(t)
	cloud := NewCloud(t)
	pair, stranger := NewPair(), NewPair()
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: Providers(),
		CheckDestroy:             destroyed(cloud),
		Steps: []resource.TestStep{
			{
				Config: cloud.Provider() +
					Certificate(throwaway.Pair{Certificate: pair.Certificate, PrivateKey: stranger.PrivateKey}),
				ExpectError: acrossLines("The private key does not belong to the certificate"),
			},
			{
				Config: cloud.Provider() +
					Certificate(throwaway.Pair{
						Certificate: stranger.Certificate + pair.Certificate,
						PrivateKey:  pair.PrivateKey,
					}),
				ExpectError: acrossLines("The private key belongs to certificate 2 of 2. Put that one first"),
			},
			{
				PreConfig: func() {
					if n := len(cloud.Journal()); n > 0 {
						t.Errorf("%d calls before anything was right", n)
					}
				},
				Config: cloud.Provider() + Certificate(pair),
			},
			{
				Config: cloud.Provider() +
					Certificate(throwaway.Pair{Certificate: pair.Certificate, PrivateKey: stranger.PrivateKey}),
				ExpectError: acrossLines("The private key does not belong to the certificate"),
			},
			{Config: cloud.Provider() + Certificate(pair)},
		},
	})
}

// TestAccUnknownPEM: an unknown key is an in-place update that is checked in the apply; an unknown
// certificate forces replacement.
func TestAccUnknownPEM(t *testing.T) {
	t.Parallel()
	OnceForAllDialects(t)
	cloud := NewCloud(t)
	pair, stranger := NewPair(), NewPair()
	config := func(certificate, key, trigger string) string {
		return cloud.Provider() + fmt.Sprintf(`
resource "terraform_data" "later" {
  triggers_replace = %q
  input            = { certificate = %s, private_key = %s }
}
`, trigger, Quote(certificate), Quote(key))
	}
	unknownKey := fmt.Sprintf("resource \"elbaas_certificate\" \"test\" {\n  certificate = %s\n  private_key = "+
		"terraform_data.later.output.private_key\n}\n", Quote(pair.Certificate))
	both := "resource \"elbaas_certificate\" \"test\" {\n  certificate = terraform_data.later.output.certificate\n  " +
		"private_key = terraform_data.later.output.private_key\n}\n"
	var id string
	same := func(*terraform.State) error {
		if got := cloud.Only(t).ID; got != id {
			return fmt.Errorf("certificate %s was replaced by %s", id, got)
		}
		return nil
	}
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: Providers(),
		CheckDestroy:             destroyed(cloud),
		Steps: []resource.TestStep{
			{ // created from values that become known in the same apply
				Config: config(pair.Certificate, pair.PrivateKey, "1") + both,
				ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
					plancheck.ExpectUnknownValue(address, tfjsonpath.New("fingerprint_sha256")),
				}},
				ConfigStateChecks: []statecheck.StateCheck{attribute("fingerprint_sha256", knownvalue.NotNull())},
			},
			{
				PreConfig:        func() { id = cloud.Only(t).ID },
				Config:           config(pair.Certificate, pair.PrivateKey, "2") + unknownKey,
				ConfigPlanChecks: action(plancheck.ResourceActionUpdate),
				Check:            same,
			},
			{
				Config:      config(pair.Certificate, stranger.PrivateKey, "3") + unknownKey,
				ExpectError: acrossLines("The private key does not belong to the certificate"),
			},
			{ // the failed step has changed nothing
				Config: config(pair.Certificate, pair.PrivateKey, "4") + unknownKey,
				Check:  same,
			},
			{
				Config:           config(pair.Certificate, pair.PrivateKey, "5") + both,
				ConfigPlanChecks: action(plancheck.ResourceActionDestroyBeforeCreate),
			},
		},
	})
	if puts := len(cloud.Journal(elbstub.ModifyCertificate)); puts > 0 {
		t.Errorf("%d PUTs for nothing but keys", puts)
	}
}
