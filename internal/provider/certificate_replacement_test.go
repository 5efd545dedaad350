package provider_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/elbaas/terraform-provider-elbaas/internal/acctest"
	"github.com/elbaas/terraform-provider-elbaas/internal/provider"
)

// TestAccIgnoredChangesFailInThePlan: what can be known to fail is an error in the plan, so nothing
// is deleted for it.
func TestAccIgnoredChangesFailInThePlan(t *testing.T) {
	t.Parallel()
	pair, next := NewPair(), NewPair()
	lines := func(ignored string) string { return "lifecycle {\n    ignore_changes = [" + ignored + "]\n  }" }
	for name, row := range map[string]struct {
		imported bool
		config   string
	}{
		"new files":                       {false, Certificate(next, lines("certificate"))},
		"new files and another name":      {false, Certificate(next, `name = "b"`, lines("certificate"))},
		"new files right after an import": {true, Certificate(next, lines("certificate"))},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cloud, cli := NewCloud(t), acctest.NewCLI(t)
			if row.imported {
				id := add(cloud, "a", pair)
				cli.Configure(cloud.Provider() + row.config)
				cli.Run("import", "elbaas_certificate.test", id)
			} else {
				cli.Configure(cloud.Provider() + Certificate(pair, `name = "a"`))
				cli.Run("apply", "-auto-approve")
				cli.Configure(cloud.Provider() + row.config)
			}
			said, err := cli.Try("plan")
			if want := "The private key does not belong to the certificate: the public keys differ."; err == nil ||
				!strings.Contains(said, want) {
				t.Errorf("the plan does not fail by %q: %v: %s", want, err, said)
			}
			cloud.Only(t)
		})
	}
}

// TestAccReplacementTakesTheConfiguredKey: Terraform plans the creation of a replacement without
// ignore_changes, so the key of the configuration can be sent.
func TestAccReplacementTakesTheConfiguredKey(t *testing.T) {
	t.Parallel()
	pair, next := NewPair(), NewPair()
	cloud, cli := NewCloud(t), acctest.NewCLI(t)
	for _, config := range []string{
		Certificate(pair),
		Certificate(next, "lifecycle {\n    ignore_changes = [private_key]\n  }"),
		Certificate(pair, `domain = "www.example.com"`, "lifecycle {\n    ignore_changes = [certificate]\n  }"),
	} {
		cli.Configure(cloud.Provider() + config)
		cli.Run("apply", "-auto-approve")
		if said := cli.Run("plan"); !strings.Contains(said, "No changes") {
			t.Errorf("the plan after it is not empty: %s", said)
		}
	}
	if cert := cloud.Only(t); !sameText(pair.PrivateKey, cert.PrivateKey) ||
		!sameText(pair.Certificate, cert.Certificate) {
		t.Error("the pair of the configuration was not sent")
	}
}

// replacements are the ways to force a replacement: what is added to the command, to the resource
// and to the provider.
var replacements = map[string]struct{ argument, line, project string }{
	"changed certificate": {},
	"-replace":            {argument: "-replace=elbaas_certificate.test"},
	"domain":              {line: `domain = "www.example.com"`},
	"project":             {line: `project_id = "` + OtherProjectID + `"`},
}

// TestAccReplacementWithoutKey: a replacement without a key to send is an error in the plan,
// whatever forces it and however the key is missing, and nothing is deleted. Terraform validates
// the configuration, whatever ignore_changes keeps.
func TestAccReplacementWithoutKey(t *testing.T) {
	t.Parallel()
	OnceForAllDialects(t)
	pair, next := NewPair(), NewPair()
	const ignored = "lifecycle {\n    ignore_changes = [private_key]\n  }"
	for way, row := range replacements {
		t.Run(way, func(t *testing.T) {
			t.Parallel()
			cloud, cli := NewCloud(t), acctest.NewCLI(t)
			cli.Needs("1.11.0", "1.11.0")
			certificate := pair.Certificate
			if way == "changed certificate" {
				certificate = next.Certificate
			}
			fails := func(state string) {
				t.Helper()
				for missing, lines := range map[string][]string{
					"absent":                 {},
					"absent and ignored":     {ignored},
					"private_key_wo is null": {"private_key_wo = var.nothing"},
				} {
					lines = append(lines, "certificate = "+Quote(certificate), row.line)
					cli.Configure(cloud.Provider() + "variable \"nothing\" {\n  default = null\n}\n\n" +
						"resource \"elbaas_certificate\" \"test\" {\n  " + strings.Join(lines, "\n  ") + "\n}\n")
					arguments := slices.DeleteFunc([]string{"plan", row.argument},
						func(a string) bool { return a == "" })
					if said, err := cli.Try(arguments...); err == nil ||
						!strings.Contains(said, "Error: Missing private key") {
						t.Errorf("%s, %s: %v: %s", state, missing, err, said)
					}
				}
				cloud.Only(t)
			}
			cli.Configure(cloud.Provider() + Certificate(pair))
			cli.Run("apply", "-auto-approve")
			fails("created")
			cli.Run("state", "rm", "elbaas_certificate.test")
			cli.Configure(cloud.Provider() + Certificate(pair, ignored))
			cli.Run("import", "elbaas_certificate.test", cloud.Only(t).ID)
			fails("imported")
		})
	}
}

// TestReplacementWithoutKey: a creation without a key to send, and therefore a replacement, is an
// error in the plan, even if the configuration was not validated before.
func TestReplacementWithoutKey(t *testing.T) {
	t.Parallel()
	cloud := NewCloud(t)
	server := cloud.Server(t, provider.New("test", nil)())
	pair, stranger := NewPair(), NewPair()
	_, diagnostics := server.Plan(nil, acctest.Values{"certificate": pair.Certificate})
	wantError(t, diagnostics, "private_key", "Missing private key")
	_, diagnostics = server.Plan(nil,
		acctest.Values{"certificate": pair.Certificate, "private_key": stranger.PrivateKey})
	wantError(t, diagnostics, "private_key", "the public keys differ")
}

// TestAccReplacementAfterImport: after an import, the state has no key, and ignore_changes may keep
// it so. A replacement sends the key of the configuration nevertheless.
func TestAccReplacementAfterImport(t *testing.T) {
	t.Parallel()
	OnceForAllDialects(t)
	pair, next := NewPair(), NewPair()
	for way, row := range replacements {
		for _, ignored := range []string{"[private_key]", "[private_key, name]", "all"} {
			if ignored == "all" && row.argument == "" {
				continue // without an argument, nothing replaces it
			}
			t.Run(way+", "+ignored, func(t *testing.T) {
				t.Parallel()
				cloud, cli := NewCloud(t), acctest.NewCLI(t)
				id := add(cloud, "www", pair)
				want := pair
				if way == "changed certificate" {
					want = next
				}
				// A token is valid for one project only.
				block := cloud.Provider("token = null", "user_name = "+Quote(UserName),
					"password = "+Quote(Password), "domain_name = "+
						""+Quote(Domain), "auth_url = "+Quote(cloud.AuthURL))
				cli.Configure(block + Certificate(want, row.line,
					"lifecycle {\n    ignore_changes = "+ignored+"\n  }"))
				cli.Run("import", "elbaas_certificate.test", ProjectID+"/"+id)
				arguments := slices.DeleteFunc([]string{"apply", "-auto-approve", row.argument},
					func(a string) bool { return a == "" })
				if said := cli.Run(arguments...); !strings.Contains(said, "1 added, 0 changed, 1 destroyed") {
					t.Errorf("it is not replaced: %s", said)
				}
				all := append(cloud.Certificates(ProjectID), cloud.Certificates(OtherProjectID)...)
				if len(all) != 1 || !sameText(want.PrivateKey, all[0].PrivateKey) ||
					!sameText(want.Certificate, all[0].Certificate) {
					t.Errorf("the pair of the configuration was not sent: there are %d certificates", len(all))
				}
				if said := cli.Run("plan"); !strings.Contains(said, "No changes") {
					t.Errorf("the plan after it is not empty: %s", said)
				}
			})
		}
	}
}

// TestAccKeyThatTurnsOutNull: a key that is unknown in the plan may turn out to be null in the
// apply. No provider can prevent that this fails there, and Terraform deletes the old certificate
// before it creates the new one. Only create_before_destroy saves the old certificate.
func TestAccKeyThatTurnsOutNull(t *testing.T) {
	t.Parallel()
	OnceForAllDialects(t)
	pair, next := NewPair(), NewPair()
	for _, attribute := range []string{"private_key", "private_key_wo"} {
		for _, createFirst := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, create_before_destroy = %t", attribute, createFirst), func(t *testing.T) {
				t.Parallel()
				cloud, cli := NewCloud(t), acctest.NewCLI(t)
				cli.Needs("1.11.0", "1.11.0")
				cli.Configure(cloud.Provider() + Certificate(pair))
				cli.Run("apply", "-auto-approve")
				cli.Configure(cloud.Provider() + fmt.Sprintf(`
resource "terraform_data" "later" {
}

resource "elbaas_certificate" "test" {
  certificate = %s
  %s = terraform_data.later.id == "" ? "never" : null
  lifecycle {
    create_before_destroy = %t
  }
}
`, Quote(next.Certificate), attribute, createFirst))
				if said := cli.Run("plan"); !strings.Contains(said, "2 to add, 0 to change, 1 to destroy") {
					t.Errorf("the plan is not a replacement: %s", said)
				}
				if said, err := cli.Try("apply", "-auto-approve"); err == nil ||
					!strings.Contains(said, "Error: Missing private key") {
					t.Errorf("%v: %s", err, said)
				}
				if left := len(cloud.Certificates(ProjectID)); (left == 1) != createFirst {
					t.Errorf("%d certificates are left", left)
				}
			})
		}
	}
}
