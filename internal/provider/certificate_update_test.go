package provider_test

import (
	"encoding/json"
	"testing"
	"testing/synctest"
	"time"

	"github.com/elbaas/terraform-provider-elbaas/internal/acctest"
	"github.com/elbaas/terraform-provider-elbaas/internal/elbstub"
)

// withoutDomain carries a modify out, and leaves the domain out of its response
// (recorded).
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

// TestUpdateResponseWithoutDomain costs no list, and the domain stays, in the state and
// for whoever reads in the same run.
func TestUpdateResponseWithoutDomain(t *testing.T) {
	t.Parallel()
	for name, domain := range map[string]string{"a domain": "www.example.com", "no domain": ""} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				cloud, network := acctest.NewCloudInMemory(t, func(o *elbstub.Options) {
					o.Dialect.Unset = elbstub.UnsetDomainNowhere
				})
				pair := acctest.NewPair(t)
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
				r.quiet("read the data source", diagnostics)
				if found["domain"] != domain {
					t.Errorf("the data source has the domain %q, want %q", found["domain"], domain)
				}
				r.plan("nothing")
			})
		})
	}
}

// TestUpdateSurvivesFailedLists: a change that was accepted without being shown
// is read back, and the lists that fail meanwhile are tried again.
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
					cloud, network := acctest.NewCloudInMemory(t,
						func(o *elbstub.Options) { o.Dialect.Modify = modify })
					pair := acctest.NewPair(t)
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

// TestUpdateIsBounded by its timeout, and fails as what it is. The state stays
// that from before, so that the next plan shows what came of it.
func TestUpdateIsBounded(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		fault elbstub.Fault
		says  string
	}{
		"unavailable":   {elbstub.Reply(503, ""), "HTTP 503"},
		"throttled":     {elbstub.Throttle("60"), "does not show it yet"},
		"slow":          {elbstub.Slow(50 * time.Second), "does not show it yet"},
		"not shown yet": {elbstub.See(elbstub.View{Lag: time.Minute}), `it still has the name "old"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				cloud, network := acctest.NewCloudInMemory(t, func(o *elbstub.Options) {
					o.Dialect.Modify = elbstub.ModifyAccepted
				})
				pair := acctest.NewPair(t)
				r := &runs{t: t, cloud: cloud, network: network, config: acctest.Values{
					"name": "old", "certificate": pair.Certificate, "private_key": pair.PrivateKey,
					// Longer than all attempts of a list together, or else no list has failed yet.
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
				says(t, diagnostics, "", "the API accepted the change, but does not show it yet")
				says(t, diagnostics, "", row.says)
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
