package provider_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/elbaas/terraform-provider-elbaas/internal/acctest"
	"github.com/elbaas/terraform-provider-elbaas/internal/elbstub"
	"github.com/elbaas/terraform-provider-elbaas/internal/throwaway"
)

// withoutDomain carries out an update, and omits the domain from its response (recorded).
func withoutDomain(t *testing.T) elbstub.Fault {
	t.Helper()
	return func(next elbstub.Next) elbstub.Response {
		response := next()
		var fields map[string]any
		if err := json.Unmarshal(response.Body, &fields); err != nil {
			t.Errorf("the response to a modify is %s: %v", response.Body, err)
		}
		delete(fields, "domain")
		response.Body, _ = json.Marshal(fields)
		return response
	}
}

// TestUpdateResponseWithoutDomain: such a response costs no list, and the domain stays, in the
// state and for data sources in the same run.
func TestUpdateResponseWithoutDomain(t *testing.T) {
	t.Parallel()
	for name, domain := range map[string]string{"a domain": "www.example.com", "no domain": ""} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				cloud, network := NewCloudInMemory(t, func(o *elbstub.Options) {
					o.Dialect.Unset = elbstub.UnsetDomainNowhere
				})
				pair := NewPair()
				r := &runs{t: t, cloud: cloud, network: network, config: acctest.Values{
					"name": "old", "domain": domain, "certificate": pair.Certificate, "private_key": pair.PrivateKey,
				}}
				r.apply("create")
				time.Sleep(time.Minute)
				r.config["name"] = "new"
				server, plan, _ := r.refresh()
				cloud.Script(elbstub.ModifyCertificate, 1, withoutDomain(t))
				count := countCalls(cloud)
				r.carryOut(server, plan)
				if _, puts, _, lists := count(); puts != 1 || lists != 0 {
					t.Errorf("%d PUTs and %d lists, want one PUT alone", puts, lists)
				}
				if r.state.Values["domain"] != domain {
					t.Errorf("the state has the domain %q, want %q", r.state.Values["domain"], domain)
				}

				found, diagnostics := server.ReadDataSource("elbaas_certificate", acctest.Values{"name": "new"})
				r.noDiagnostics("read the data source", diagnostics)
				if found["domain"] != domain {
					t.Errorf("the data source has the domain %q, want %q", found["domain"], domain)
				}
				r.plan("nothing")
			})
		})
	}
}

// TestUpdateSurvivesFailedLists: a change that the API accepted without showing it is read back;
// lists that fail meanwhile are repeated.
func TestUpdateSurvivesFailedLists(t *testing.T) {
	t.Parallel()
	modifies := map[string]elbstub.ModifyForm{
		"202": elbstub.ModifyAccepted, "204": elbstub.ModifyNoContent, "half": elbstub.ModifyHalf,
	}
	for name, fault := range map[string]elbstub.Fault{
		"unavailable": elbstub.Reply(503, ""),
		"fault":       elbstub.Reply(500, `{"error":{"message":"out of order","code":"authFault"}}`),
		"forbidden":   elbstub.Reply(403, `{"error":{"message":"no","code":"ELB.9803"}}`),
		"a page":      elbstub.Reply(200, "<html>login</html>"),
		"incomplete":  elbstub.See(elbstub.View{Hidden: 1}),
		"lost":        elbstub.Drop(),
		"cut":         elbstub.Cut(20),
	} {
		for accepted, modify := range modifies {
			t.Run(name+"/"+accepted, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					cloud, network := NewCloudInMemory(t,
						func(o *elbstub.Options) { o.Dialect.Modify = modify })
					pair := NewPair()
					r := &runs{t: t, cloud: cloud, network: network, config: acctest.Values{
						"name": "old", "certificate": pair.Certificate, "private_key": pair.PrivateKey,
						"timeouts": acctest.Values{"update": "2m"},
					}}
					r.apply("create")
					time.Sleep(time.Minute)
					r.config["name"] = "new"
					server, plan, _ := r.refresh()
					until := time.Now().Add(20 * time.Second)
					cloud.ScriptEach(elbstub.ListCertificates, func(int) elbstub.Fault {
						if time.Now().Before(until) {
							return fault
						}
						return nil
					})
					r.carryOut(server, plan)
					if name := r.state.Values["name"]; name != "new" || cloud.Only(t).Name != "new" {
						t.Errorf("the state has the name %q", name)
					}
					if len(cloud.Journal(elbstub.ModifyCertificate)) != 1 {
						t.Error("it was sent again")
					}
					r.plan("nothing")
				})
			})
		}
	}
}

// TestUpdateIsBounded: an update ends with its timeout, and its error says that the API does not show the change, and
// why this is so. The state stays as it was, so that the next plan shows what came of the update.
func TestUpdateIsBounded(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		fault elbstub.Fault
		says  string
	}{
		"unavailable":   {elbstub.Reply(503, ""), "HTTP 503"},
		"throttled":     {elbstub.Throttle("60"), "does not show it yet"},
		"slow":          {elbstub.Slow(50 * time.Second), "does not show it yet"},
		"not shown yet": {elbstub.See(elbstub.View{Lag: time.Minute}), `the certificate still has the name "old"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				cloud, network := NewCloudInMemory(t, func(o *elbstub.Options) {
					o.Dialect.Modify = elbstub.ModifyAccepted
				})
				pair := NewPair()
				r := &runs{t: t, cloud: cloud, network: network, config: acctest.Values{
					"name": "old", "certificate": pair.Certificate, "private_key": pair.PrivateKey,
					// This is longer than all attempts of one list take together, so that one list
					// fails as a whole.
					"timeouts": acctest.Values{"update": "20s"},
				}}
				r.apply("create")
				time.Sleep(2 * time.Minute)
				r.config["name"] = "new"
				server, plan, _ := r.refresh()
				cloud.ScriptEach(elbstub.ListCertificates, func(int) elbstub.Fault { return row.fault })
				started := time.Now()
				state, diagnostics := server.Apply(plan)
				if took := time.Since(started); took > 20*time.Second+100*time.Millisecond {
					t.Errorf("the timeout of 20 seconds came after %s", took)
				}
				wantError(t, diagnostics, "", "the API accepted the change, but does not show it yet")
				wantError(t, diagnostics, "", row.says)
				if state == nil || state.Values["name"] == "new" {
					t.Errorf("the state is %v", state)
				}
				cloud.ScriptEach(elbstub.ListCertificates, func(int) elbstub.Fault { return nil })
				time.Sleep(2 * time.Minute)
				r.state = state
				r.plan("nothing")
			})
		})
	}
}

// TestAccRename: a rename sends neither certificate nor key, so it succeeds whatever ignore_changes
// or the API put into the state of either.
func TestAccRename(t *testing.T) {
	t.Parallel()
	pair, next := NewPair(), NewPair()
	ignoring := func(attribute string) string {
		return "lifecycle {\n    ignore_changes = [" + attribute + "]\n  }"
	}
	writeOnly := func(pair throwaway.Pair, lines ...string) string {
		return strings.Replace(Certificate(pair, lines...), "private_key =", "private_key_wo =", 1)
	}
	for name, row := range map[string]struct {
		stored  string // what the cloud stores for an imported certificate; "" means that it is created
		first   string // the first configuration
		renamed string
	}{
		"an imported one whose key is ignored": {
			stored:  pair.Certificate,
			renamed: Certificate(pair, `name = "renamed"`, ignoring("private_key")),
		},
		"renewed files, write-only key, the certificate is ignored": {
			first:   writeOnly(pair, `name = "first"`),
			renamed: writeOnly(next, `name = "renamed"`, ignoring("certificate")),
		},
		"another block on the server": {
			stored:  pair.Certificate + dhParameters,
			renamed: Certificate(pair, `name = "renamed"`, ignoring("certificate")),
		},
		"a private key on the server, and both are ignored": {
			stored:  pair.PrivateKey + pair.Certificate,
			renamed: Certificate(pair, `name = "renamed"`, ignoring("certificate, private_key")),
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cloud, cli := NewCloud(t), acctest.NewCLI(t)
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

// TestAccWhatIsPlannedIsApplied: a certificate is renamed, with new or old files and each kind of
// key, whatever the state, ignore_changes and the API keep. The apply does what the plan says, and
// the next plan is empty. Only a new key fails, in the plan.
func TestAccWhatIsPlannedIsApplied(t *testing.T) {
	t.Parallel()
	OnceForAllDialects(t)
	cloud, cli := NewCloud(t), acctest.NewCLI(t)
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
					pair := NewPair()
					later := pair
					if files == "renewed" {
						later = NewPair()
					}
					block := func(title, attribute string, pair throwaway.Pair, attributes string) string {
						return fmt.Sprintf("resource \"elbaas_certificate\" %q {\n  name = %q\n  certificate = %s\n  "+
							"%s = %s\n  lifecycle {\n    ignore_changes = %s\n  }\n}\n",
							name, title, Quote(pair.Certificate), attribute, Quote(pair.PrivateKey),
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
						} // an import leaves the state without a key
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
	for _, cert := range cloud.Certificates(ProjectID) {
		if cert.Name == "after" {
			renamed++
		}
	}
	if want := len(tests) - refused; renamed != want {
		t.Errorf("%d certificates have their name, want %d", renamed, want)
	}
}
