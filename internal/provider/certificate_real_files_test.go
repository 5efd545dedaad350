package provider_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/elbaas/terraform-provider-elbaas/internal/acctest"
	"github.com/elbaas/terraform-provider-elbaas/internal/elbstub"
	"github.com/elbaas/terraform-provider-elbaas/internal/pemcert"
	"github.com/elbaas/terraform-provider-elbaas/internal/pemcert/pemtest"
	"github.com/elbaas/terraform-provider-elbaas/internal/provider"
	"github.com/elbaas/terraform-provider-elbaas/internal/throwaway"
)

// aCase returns one of the files as people have them.
func aCase(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("../pemcert/testdata/cases", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// dhParameters is what servers have beside a certificate that openssl dhparam was
// appended to.
var dhParameters = pemtest.EncodePEM("DH PARAMETERS", []byte{0x30, 6, 2, 1, 7, 2, 1, 2})

// TestAccRename: a rename sends neither certificate nor key, and so no state of either
// makes it fail, whatever ignore_changes or the server put there.
func TestAccRename(t *testing.T) {
	t.Parallel()
	pair, next := acctest.NewPair(t), acctest.NewPair(t)
	ignoring := func(attribute string) string {
		return "lifecycle {\n    ignore_changes = [" + attribute + "]\n  }"
	}
	writeOnly := func(pair throwaway.Pair, lines ...string) string {
		return strings.Replace(acctest.Certificate(pair, lines...), "private_key =", "private_key_wo =", 1)
	}
	for name, row := range map[string]struct {
		stored  string // what the cloud has of an imported certificate, or "" to create one
		first   string // the resource that is created
		renamed string
	}{
		"an imported one whose key is ignored": {
			stored:  pair.Certificate,
			renamed: acctest.Certificate(pair, `name = "renamed"`, ignoring("private_key")),
		},
		"renewed files, write-only key, the certificate is ignored": {
			first:   writeOnly(pair, `name = "first"`),
			renamed: writeOnly(next, `name = "renamed"`, ignoring("certificate")),
		},
		"another block on the server": {
			stored:  pair.Certificate + dhParameters,
			renamed: acctest.Certificate(pair, `name = "renamed"`, ignoring("certificate")),
		},
		"a private key on the server, and both are ignored": {
			stored:  pair.PrivateKey + pair.Certificate,
			renamed: acctest.Certificate(pair, `name = "renamed"`, ignoring("certificate, private_key")),
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cloud, cli := acctest.NewCloud(t), acctest.NewCLI(t, provider.New("test"))
			cli.Needs("1.11.0", "1.11.0")
			if row.stored != "" {
				id := add(cloud, "first", throwaway.Pair{Certificate: row.stored, PrivateKey: pair.PrivateKey})
				cli.Configure(cloud.Provider() + row.renamed)
				cli.Run("import", "elbaas_certificate.test", id)
			} else {
				cli.Configure(cloud.Provider() + row.first)
				cli.Run("apply", "-auto-approve")
			}
			cli.Configure(cloud.Provider() + row.renamed)
			if said := cli.Run("plan", "-out=plan"); !strings.Contains(said, "0 to add, 1 to change, 0 to destroy") {
				t.Errorf("the plan is not an update in place: %s", said)
			}
			if said, err := cli.Try("apply", "plan"); err != nil {
				t.Errorf("the rename fails: %s", said)
			}
			if got := cloud.Only(t).Name; got != "renamed" {
				t.Errorf("the name is %q", got)
			}
			if said := cli.Run("plan"); !strings.Contains(said, "No changes") {
				t.Errorf("the plan after it is not empty: %s", said)
			}
		})
	}
}

// TestAccWhatIsPlannedIsApplied: a rename with new or old files, by each kind of key, over
// what a state, ignore_changes and the server may keep. Whatever the plan says is done,
// and after it there is nothing to do. What fails in the plan is a new key alone.
func TestAccWhatIsPlannedIsApplied(t *testing.T) {
	t.Parallel()
	acctest.OnceForAllDialects(t)
	cloud, cli := acctest.NewCloud(t), acctest.NewCLI(t, provider.New("test"))
	cli.Needs("1.11.0", "1.11.0")
	type test struct{ before, after string }
	tests := map[string]test{}
	imports := ""
	for _, stored := range []string{"created", "combined"} {
		for _, keys := range [][2]string{
			{
				"private_key",
				"private_key",
			}, {
				"private_key",
				"private_key_wo",
			}, {
				"private_key_wo",
				"private_key",
			}, {
				"private_key_wo",
				"private_key_wo",
			},
		} {
			for ignored, attributes := range map[string]string{
				"nothing": "[]", "certificate": "[certificate]", "key": "[private_key]", "both": "[certificate, " +
					"private_key, domain]",
			} {
				for _, files := range []string{"same", "renewed"} {
					name := strings.Join([]string{stored, keys[0], keys[1], ignored, files}, "-")
					pair := acctest.NewPair(t)
					later := pair
					if files == "renewed" {
						later = acctest.NewPair(t)
					}
					block := func(title, attribute string, pair throwaway.Pair, attributes string) string {
						return fmt.Sprintf("resource \"elbaas_certificate\" %q {\n  name = %q\n  certificate = %s\n  "+
							"%s = %s\n  lifecycle {\n    ignore_changes = %s\n  }\n}\n",
							name, title, acctest.Quote(pair.Certificate), attribute, acctest.Quote(pair.PrivateKey),
							attributes)
					}
					tests[name] = test{
						block("before", keys[0], pair, attributes),
						block("after", keys[1], later, attributes),
					}
					if stored == "combined" {
						id := add(cloud, "before",
							throwaway.Pair{
								Certificate: pair.PrivateKey + pair.Certificate,
								PrivateKey:  pair.PrivateKey,
							})
						imports += fmt.Sprintf("import {\n  to = elbaas_certificate.%s\n  id = %q\n}\n", name, id)
						tests[name] = test{
							block("before", keys[0], pair, "all"),
							tests[name].after,
						} // an import that takes no key into the state
					}
				}
			}
		}
	}
	configure := func(block func(name string, row test) string) {
		var config strings.Builder
		for name, row := range tests {
			config.WriteString(block(name, row))
		}
		cli.Configure(cloud.Provider() + config.String() + imports)
	}

	configure(func(_ string, row test) string { return row.before })
	cli.Run("apply", "-auto-approve")
	imports = ""
	configure(func(_ string, row test) string { return row.after })
	said, _ := cli.Try("plan")
	fails := func(name string) bool {
		mismatch := "Error: Private key does not match the certificate with elbaas_certificate." + name + ","
		return strings.Contains(said, mismatch)
	}
	refused := 0
	for name := range tests {
		newKeyAlone := strings.HasSuffix(name, "-private_key-certificate-renewed")
		if fails(name) != newKeyAlone {
			t.Errorf("%s: the plan fails: %t", name, fails(name))
		}
		if newKeyAlone {
			refused++
		}
	}
	if n := strings.Count(said, "Error: "); n != refused {
		t.Errorf("there are %d errors, want %d: %s", n, refused, said)
	}

	configure(func(name string, row test) string {
		if fails(name) {
			return row.before
		}
		return row.after
	})
	cli.Run("plan", "-out=plan")
	cli.Run("apply", "plan")
	if after := cli.Run("plan"); !strings.Contains(after, "No changes") {
		t.Errorf("the plan after it is not empty: %s", after)
	}
	renamed := 0
	for _, cert := range cloud.Certificates(acctest.ProjectID) {
		if cert.Name == "after" {
			renamed++
		}
	}
	if want := len(tests) - refused; renamed != want {
		t.Errorf("%d certificates have their name, want %d", renamed, want)
	}
}

// TestAccIgnoredChangesFailInThePlan: what can be seen to fail is an error of the plan,
// and nothing is deleted for it.
func TestAccIgnoredChangesFailInThePlan(t *testing.T) {
	t.Parallel()
	pair, next := acctest.NewPair(t), acctest.NewPair(t)
	lines := func(ignored string) string { return "lifecycle {\n    ignore_changes = [" + ignored + "]\n  }" }
	for name, row := range map[string]struct {
		imported bool
		config   string
	}{
		"new files":                       {false, acctest.Certificate(next, lines("certificate"))},
		"new files and another name":      {false, acctest.Certificate(next, `name = "b"`, lines("certificate"))},
		"new files right after an import": {true, acctest.Certificate(next, lines("certificate"))},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cloud, cli := acctest.NewCloud(t), acctest.NewCLI(t, provider.New("test"))
			if row.imported {
				id := add(cloud, "a", pair)
				cli.Configure(cloud.Provider() + row.config)
				cli.Run("import", "elbaas_certificate.test", id)
			} else {
				cli.Configure(cloud.Provider() + acctest.Certificate(pair, `name = "a"`))
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

// TestAccReplacementTakesTheConfiguredKey: Terraform plans the creation of a replacement
// without ignore_changes, and so there is a key to send.
func TestAccReplacementTakesTheConfiguredKey(t *testing.T) {
	t.Parallel()
	pair, next := acctest.NewPair(t), acctest.NewPair(t)
	cloud, cli := acctest.NewCloud(t), acctest.NewCLI(t, provider.New("test"))
	for _, config := range []string{
		acctest.Certificate(pair),
		acctest.Certificate(next, "lifecycle {\n    ignore_changes = [private_key]\n  }"),
		acctest.Certificate(pair, `domain = "www.example.com"`, "lifecycle {\n    ignore_changes = [certificate]\n  }"),
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

// replacements are the ways to get one: what is added to the command, the resource and
// the provider.
var replacements = map[string]struct{ argument, line, project string }{
	"changed certificate": {},
	"-replace":            {argument: "-replace=elbaas_certificate.test"},
	"domain":              {line: `domain = "www.example.com"`},
	"project":             {line: `project_id = "` + acctest.OtherProjectID + `"`},
}

// TestAccReplacementWithoutKey: a replacement that has no key to send is an error of the
// plan, in whichever way it comes about and the key is missing, and nothing is deleted.
// Terraform validates what the configuration says, whatever ignore_changes keeps.
func TestAccReplacementWithoutKey(t *testing.T) {
	t.Parallel()
	acctest.OnceForAllDialects(t)
	pair, next := acctest.NewPair(t), acctest.NewPair(t)
	const ignored = "lifecycle {\n    ignore_changes = [private_key]\n  }"
	for way, row := range replacements {
		t.Run(way, func(t *testing.T) {
			t.Parallel()
			cloud, cli := acctest.NewCloud(t), acctest.NewCLI(t, provider.New("test"))
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
					lines = append(lines, "certificate = "+acctest.Quote(certificate), row.line)
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
			cli.Configure(cloud.Provider() + acctest.Certificate(pair))
			cli.Run("apply", "-auto-approve")
			fails("created")
			cli.Run("state", "rm", "elbaas_certificate.test")
			cli.Configure(cloud.Provider() + acctest.Certificate(pair, ignored))
			cli.Run("import", "elbaas_certificate.test", cloud.Only(t).ID)
			fails("imported")
		})
	}
}

// TestAccReplacementAfterImport: the state of an import has no key, and ignore_changes may
// keep it so. A replacement sends the key of the configuration all the same.
func TestAccReplacementAfterImport(t *testing.T) {
	t.Parallel()
	acctest.OnceForAllDialects(t)
	pair, next := acctest.NewPair(t), acctest.NewPair(t)
	for way, row := range replacements {
		for _, ignored := range []string{"[private_key]", "[private_key, name]", "all"} {
			if ignored == "all" && row.argument == "" {
				continue // nothing else replaces it then
			}
			t.Run(way+", "+ignored, func(t *testing.T) {
				t.Parallel()
				cloud, cli := acctest.NewCloud(t), acctest.NewCLI(t, provider.New("test"))
				id := add(cloud, "www", pair)
				want := pair
				if way == "changed certificate" {
					want = next
				}
				// One token does not open two projects.
				block := cloud.Provider("token = null", "user_name = "+acctest.Quote(acctest.UserName),
					"password = "+acctest.Quote(acctest.Password), "domain_name = "+
						""+acctest.Quote(acctest.Domain), "auth_url = "+acctest.Quote(cloud.AuthURL))
				cli.Configure(block + acctest.Certificate(want, row.line,
					"lifecycle {\n    ignore_changes = "+ignored+"\n  }"))
				cli.Run("import", "elbaas_certificate.test", acctest.ProjectID+"/"+id)
				arguments := slices.DeleteFunc([]string{"apply", "-auto-approve", row.argument},
					func(a string) bool { return a == "" })
				if said := cli.Run(arguments...); !strings.Contains(said, "1 added, 0 changed, 1 destroyed") {
					t.Errorf("it is not replaced: %s", said)
				}
				all := append(cloud.Certificates(acctest.ProjectID), cloud.Certificates(acctest.OtherProjectID)...)
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

// TestAccKeyThatTurnsOutNull: a key that is not known in the plan may turn out to be null
// in the apply. No provider can prevent that this fails there, and Terraform deletes the
// predecessor of a replacement before it asks for the creation: only create_before_destroy
// saves it.
func TestAccKeyThatTurnsOutNull(t *testing.T) {
	t.Parallel()
	acctest.OnceForAllDialects(t)
	pair, next := acctest.NewPair(t), acctest.NewPair(t)
	for _, attribute := range []string{"private_key", "private_key_wo"} {
		for _, createFirst := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, create_before_destroy = %t", attribute, createFirst), func(t *testing.T) {
				t.Parallel()
				cloud, cli := acctest.NewCloud(t), acctest.NewCLI(t, provider.New("test"))
				cli.Needs("1.11.0", "1.11.0")
				cli.Configure(cloud.Provider() + acctest.Certificate(pair))
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
`, acctest.Quote(next.Certificate), attribute, createFirst))
				if said := cli.Run("plan"); !strings.Contains(said, "2 to add, 0 to change, 1 to destroy") {
					t.Errorf("the plan is not a replacement: %s", said)
				}
				if said, err := cli.Try("apply", "-auto-approve"); err == nil ||
					!strings.Contains(said, "Error: Missing private key") {
					t.Errorf("%v: %s", err, said)
				}
				if left := len(cloud.Certificates(acctest.ProjectID)); (left == 1) != createFirst {
					t.Errorf("%d certificates are left", left)
				}
			})
		}
	}
}

// TestAccWarningsOfReplacement: a replacement is planned twice, and warns once.
func TestAccWarningsOfReplacement(t *testing.T) {
	t.Parallel()
	acctest.OnceForAllDialects(t)
	pair, expired := acctest.NewPair(t), acctest.NewPairUntil(t, time.Now().AddDate(0, 0, -3))
	for way, row := range replacements {
		t.Run(way, func(t *testing.T) {
			t.Parallel()
			cloud, cli := acctest.NewCloud(t), acctest.NewCLI(t, provider.New("test"))
			first := expired
			if way == "changed certificate" {
				first = pair
			}
			cli.Configure(cloud.Provider() + acctest.Certificate(first))
			cli.Run("apply", "-auto-approve")
			cli.Configure(cloud.Provider() + acctest.Certificate(expired, row.line))
			arguments := slices.DeleteFunc([]string{"plan", row.argument}, func(a string) bool { return a == "" })
			said := cli.Run(arguments...)
			if !strings.Contains(said, "1 to add, 0 to change, 1 to destroy") {
				t.Errorf("the plan is not a replacement: %s", said)
			}
			if n := strings.Count(said, "Warning: Certificate has expired"); n != 1 ||
				strings.Contains(said, "similar warning") {
				t.Errorf("it warns %d times: %s", n, said)
			}
		})
	}
}

// TestReplacementWithoutKey: a creation, and so a replacement, that has no key to send is
// an error of the plan, also for what calls it without a validation.
func TestReplacementWithoutKey(t *testing.T) {
	t.Parallel()
	cloud := acctest.NewCloud(t)
	server := cloud.Server(t, provider.New("test")())
	pair, stranger := acctest.NewPair(t), acctest.NewPair(t)
	_, diagnostics := server.Plan(nil, acctest.Values{"certificate": pair.Certificate})
	says(t, diagnostics, "private_key", "Missing private key")
	_, diagnostics = server.Plan(nil,
		acctest.Values{"certificate": pair.Certificate, "private_key": stranger.PrivateKey})
	says(t, diagnostics, "private_key", "the public keys differ")
}

// TestAccOtherBlocksOnTheServer: a certificate that the server keeps with DH parameters
// is imported without a plan, and not replaced.
func TestAccOtherBlocksOnTheServer(t *testing.T) {
	t.Parallel()
	cloud, cli := acctest.NewCloud(t), acctest.NewCLI(t, provider.New("test"))
	cli.Needs("1.11.0", "1.11.0") // for the write-only key, which an import does not lack
	pair := acctest.NewPair(t)
	id := add(cloud, "", throwaway.Pair{Certificate: pair.Certificate + dhParameters, PrivateKey: pair.PrivateKey})
	cli.Configure(cloud.Provider() + strings.Replace(acctest.Certificate(pair), "private_key =", "private_key_wo =", 1))
	cli.Run("import", "elbaas_certificate.test", id)
	if said := cli.Run("plan"); !strings.Contains(said, "No changes") {
		t.Errorf("the plan after the import is not empty: %s", said)
	}

	// And so the one of the cases, whose key nobody has: it is the leaf that counts.
	withDH := aCase(t, "with-dh.pem")
	cloud.Change(id, func(cert *elbstub.Certificate) { cert.Certificate = withDH })
	leaf, _, _ := strings.Cut(withDH, "-----BEGIN DH")
	cli.Configure(cloud.Provider() + fmt.Sprintf(`
data "elbaas_certificate" "test" {
  id = %q
}

output "same" {
  value = trimspace(data.elbaas_certificate.test.certificate) == trimspace(%s)
}
`, id, acctest.Quote(leaf)))
	if said := cli.Run("plan"); !strings.Contains(said, "+ same = true") {
		t.Errorf("it is not the leaf: %s", said)
	}
}

// TestAccCombinedPEMShowsNoSecret: a server has private keys in the certificate field,
// before and after the certificate, alone, under the label of a certificate, and cut off.
// No state, plan, data source, output or log has a line of them.
func TestAccCombinedPEMShowsNoSecret(t *testing.T) {
	t.Parallel()
	cloud, cli := acctest.NewCloud(t), acctest.NewInstalledCLI(t, "")
	h := newHunt(t, cli)
	cli.Setenv("HW_AUTH_TOKEN", acctest.Token) // a plan file has the whole configuration
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
		pair := acctest.NewPair(t)
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
	for _, cert := range cloud.Certificates(acctest.ProjectID) {
		if !strings.HasPrefix(cert.Name, "renamed-") {
			t.Errorf("%s was not renamed", cert.Name)
		}
	}
	if state := cli.Run("state", "pull"); strings.Count(state, "BEGIN CERTIFICATE") < 4 {
		t.Errorf("the state has %d certificates", strings.Count(state, "BEGIN CERTIFICATE"))
	}
}

// TestAccServerThatCombines: a server that puts the private key into the certificate field of
// each response shows it nowhere, from the creation to the replacement, and causes no drift.
func TestAccServerThatCombines(t *testing.T) {
	t.Parallel()
	combine := func(cert *elbstub.Certificate) {
		if !strings.Contains(cert.Certificate, "PRIVATE KEY") {
			cert.Certificate = cert.PrivateKey + "\n" + cert.Certificate
		}
	}
	cloud, cli := acctest.NewCloud(t, func(o *elbstub.Options) { o.Keep = combine }), acctest.NewInstalledCLI(t, "")
	cli.Needs("1.11.0", "1.11.0")
	h := newHunt(t, cli)
	cli.Setenv("HW_AUTH_TOKEN", acctest.Token)
	pair, next, others := acctest.NewPair(t), acctest.NewPair(t), acctest.NewPair(t)
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
	h.run(false, "plan", "-generate-config-out=generated.tf") // which has no key
	h.search("generated.tf", cli.ReadFile("generated.tf"))
	if !strings.Contains(cli.ReadFile("generated.tf"), "BEGIN CERTIFICATE") {
		t.Errorf("no certificate is generated: %s", cli.ReadFile("generated.tf"))
	}
	h.search("state", cli.Run("state", "pull"))
	for _, cert := range cloud.Certificates(acctest.ProjectID) {
		if !strings.Contains(cert.Certificate, "PRIVATE KEY") {
			t.Error("the server has a certificate that it did not combine")
		}
	}
}

// info evaluates certificate_info for a file with the real CLI.
func info(t *testing.T, cli *acctest.CLI, cloud *acctest.Cloud, text string) map[string]any {
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
	cloud, cli := acctest.NewCloud(t), acctest.NewCLI(t, provider.New("test"))
	cli.Needs("1.8.0", "1.7.0") // for functions
	comment := "# Keep the line -----BEGIN CERTIFICATE----- as it is.\n"
	for _, row := range []struct {
		name, text, attribute string
		want                  any
	}{
		{"domain components", aCase(t, "dn-ad-cs.crt"), "subject", "CN=Corp Issuing CA 1,DC=corp,DC=example,DC=com"},
		{"two units", aCase(t, "dn-two-ou.crt"), "issuer", "CN=www.example.com,OU=Infra,OU=Web,O=Example GmbH,C=DE"},
		{"negative serial", aCase(t, "negative-serial.crt"), "serial_number", "-77"},
		{"negative serial", aCase(t, "negative-serial.crt"), "subject", "CN=soon.example.com"},
		{"negative serial", aCase(t, "negative-serial.crt"), "not_after", "2046-11-21T05:40:37Z"},
		{"RSASSA-PSS", aCase(t, "pss.crt"), "key_algorithm", "RSASSA-PSS 2048"},
		{"SM2", pemtest.SM2(t), "key_algorithm", "ECDSA 1.2.156.10197.1.301"},
		{"a block that is commented out", aCase(t, "commented-out.pem"), "subject", "CN=a.example.com"},
		{"a comment that quotes a boundary", comment + aCase(t, "dn-ad-cs.crt"), "key_algorithm", "ECDSA P-256"},
	} {
		leaf := info(t, cli, cloud, row.text)
		if leaf[row.attribute] != row.want {
			t.Errorf("%s: %s is %v, want %v", row.name, row.attribute, leaf[row.attribute], row.want)
		}
	}
}

// TestAccExpiresBeforeOfOddCertificate: a date is one, whatever else is odd.
func TestAccExpiresBeforeOfOddCertificate(t *testing.T) {
	t.Parallel()
	cloud, cli := acctest.NewCloud(t), acctest.NewCLI(t, provider.New("test"))
	pair := acctest.NewPair(t)
	add(cloud, "odd", throwaway.Pair{Certificate: aCase(t, "negative-serial.crt"), PrivateKey: pair.PrivateKey})
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

// TestAccRSASSAPSS: a certificate takes its own key in the traditional form, in that of RSA
// and in PKCS#8, which is what is sent of all, and no other key.
func TestAccRSASSAPSS(t *testing.T) {
	t.Parallel()
	traditional := throwaway.Pair{Certificate: aCase(t, "pss.crt"), PrivateKey: aCase(t, "pss-traditional.key")}
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
			cloud, cli := acctest.NewCloud(t), acctest.NewCLI(t, provider.New("test"))
			cli.Configure(cloud.Provider() + acctest.Certificate(row.first, `name = "first"`))
			if said, err := cli.Try("apply", "-auto-approve"); err != nil || strings.Contains(said, "Warning:") {
				t.Fatalf("%v: %s", err, said)
			}
			if sent := cloud.Only(t).PrivateKey; sent != converted.PrivateKey {
				t.Error("the key was not sent in PKCS#8")
			}
			cli.Configure(cloud.Provider() + acctest.Certificate(row.second, `name = "first"`))
			if said := cli.Run("plan"); !strings.Contains(said, "No changes") || strings.Contains(said, "Warning:") {
				t.Errorf("the plan with the other form is not empty: %s", said)
			}
			cli.Configure(cloud.Provider() + acctest.Certificate(row.second, `name = "renamed"`))
			if said := cli.Run("apply", "-auto-approve"); !strings.Contains(said, "0 added, 1 changed, 0 destroyed") {
				t.Errorf("the rename is not an update in place: %s", said)
			}
			if got := cloud.Only(t).Name; got != "renamed" {
				t.Errorf("the name is %q", got)
			}
			if said := cli.Run("plan"); !strings.Contains(said, "No changes") {
				t.Errorf("the plan after it is not empty: %s", said)
			}
			other := pemtest.KeyForms(t, pemtest.NewRSAKey(t, 2048))["PKCS#8"]
			cli.Configure(cloud.Provider() +
				acctest.Certificate(throwaway.Pair{Certificate: traditional.Certificate, PrivateKey: other}))
			if said, err := cli.Try("plan"); err == nil ||
				!strings.Contains(said, "The private key does not belong to the certificate") {
				t.Errorf("another key is taken: %s", said)
			}
		})
	}
}

// TestAccWrongLabels: what is not a certificate is named, with what to do.
func TestAccWrongLabels(t *testing.T) {
	t.Parallel()
	acctest.OnceForAllDialects(t)
	cloud, cli := acctest.NewCloud(t), acctest.NewCLI(t, provider.New("test"))
	pair := acctest.NewPair(t)
	relabeled := strings.ReplaceAll(pair.PrivateKey, "PRIVATE KEY", "CERTIFICATE")
	for name, row := range map[string]struct{ text, want string }{
		"PKCS#7": {
			text: aCase(t, "p7b-as-certificate.pem"),
			want: `whose boundary says "CERTIFICATE", is a PKCS#7 bundle. Convert it, the leaf first: openssl pkcs7`,
		},
		"a key":        {relabeled, `whose boundary says "CERTIFICATE", is a private key`},
		"base64":       {aCase(t, "base64-of-pem.txt"), "Decode it: base64decode(…)"},
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

// TestAccChainInOrder: an issuer that should not have issued anything has done so.
func TestAccChainInOrder(t *testing.T) {
	t.Parallel()
	acctest.OnceForAllDialects(t)
	cloud, cli := acctest.NewCloud(t), acctest.NewCLI(t, provider.New("test"))
	chain := aCase(t, "chain-issuer-without-certsign.pem")
	cli.WriteFile("chain.pem", chain)
	id := add(cloud, "chain", throwaway.Pair{Certificate: chain, PrivateKey: acctest.NewPair(t).PrivateKey})
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

// TestAccItsOwnPredecessor: where a certificate replaces its like, the warning begins with
// what to do, which is nothing.
func TestAccItsOwnPredecessor(t *testing.T) {
	t.Parallel()
	cloud, cli := acctest.NewCloud(t), acctest.NewCLI(t, provider.New("test"))
	pair := acctest.NewPair(t)
	cli.Configure(cloud.Provider() + acctest.Certificate(pair, "lifecycle {\n    create_before_destroy = true\n  }"))
	cli.Run("apply", "-auto-approve")
	first := cloud.Only(t).ID
	said := cli.Run("apply", "-auto-approve", "-replace=elbaas_certificate.test")
	_, warning, warns := strings.Cut(said, "An identical certificate already exists: "+first)
	if !warns {
		t.Fatalf("there is no warning of %s: %s", first, said)
	}
	nothing, command := strings.Index(warning, "there is nothing to do"), strings.Index(warning, "terraform import")
	if had := strings.Index(warning, "already had this"); nothing < 0 || nothing > had || nothing > command {
		t.Errorf("it does not begin with what to do: %s", warning)
	}
	if cloud.Only(t).ID == first {
		t.Error("it was not replaced")
	}
}

// TestAccIDsInCapitals: a data source finds a certificate by its ID in capitals, and
// shows the ID as the server writes it.
func TestAccIDsInCapitals(t *testing.T) {
	t.Parallel()
	cloud, cli := acctest.NewCloud(t), acctest.NewCLI(t, provider.New("test"))
	id := add(cloud, "www", acctest.NewPair(t))
	cli.Configure(cloud.Provider() + fmt.Sprintf("data \"elbaas_certificate\" \"test\" {\n  id = %q\n}\n\n"+
		"output \"id\" {\n  value = data.elbaas_certificate.test.id\n}\n", strings.ToUpper(id)))
	said, err := cli.Try("apply", "-auto-approve")
	if err != nil || !strings.Contains(said, fmt.Sprintf("id = %q", id)) {
		t.Errorf("%v: %s", err, said)
	}
	if !slices.ContainsFunc([]rune(id), func(r rune) bool { return r >= 'a' }) {
		t.Errorf("%s has no letters to be capitals", id)
	}
}
