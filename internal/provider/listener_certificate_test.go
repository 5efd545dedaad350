package provider_test

import (
	"cmp"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/elbaas/terraform-provider-elbaas/internal/acctest"
	"github.com/elbaas/terraform-provider-elbaas/internal/elbstub"
)

// A listenerRuns is a listener that serves one of two certificates, and the runs that manage it. At first, the
// configuration wants the other certificate.
type listenerRuns struct {
	*runs
	listener, balancer string
	old, other         string // certificates
}

// newListenerRuns adds a listener that is no longer new.
func newListenerRuns(t *testing.T, options ...func(*elbstub.Options)) *listenerRuns {
	t.Helper()
	cloud, network := NewCloudInMemory(t, options...)
	pair := NewPair()
	l := &listenerRuns{old: add(cloud, "old", pair), other: add(cloud, "other", pair)}
	l.balancer = strings.Repeat("b", 32)
	l.listener = cloud.AddListener(elbstub.Listener{
		ProjectID: ProjectID, Name: "https-443", LoadBalancerID: l.balancer, CertificateID: l.old,
	})
	l.runs = &runs{t: t, cloud: cloud, network: network, ofListener: true, config: acctest.Values{
		"listener_id": l.listener, "certificate_id": l.other,
	}}
	time.Sleep(time.Minute)
	return l
}

// newManagedListener adds a listener whose certificate was switched long ago.
func newManagedListener(t *testing.T, options ...func(*elbstub.Options)) *listenerRuns {
	t.Helper()
	l := newListenerRuns(t, options...)
	l.apply("create")
	time.Sleep(time.Minute)
	return l
}

// serves fails unless the listener serves this certificate.
func (l *listenerRuns) serves(want string) {
	l.t.Helper()
	for _, now := range l.cloud.Listeners(ProjectID) {
		if now.ID == l.listener && now.CertificateID != want {
			l.t.Errorf("the listener serves %s, want %s", l.name(now.CertificateID), l.name(want))
		}
	}
}

// name returns what the test calls a certificate.
func (l *listenerRuns) name(id string) string {
	return strings.NewReplacer(l.old, "old", l.other, "other").Replace(id)
}

// sent fails unless this many switches were sent in all.
func (l *listenerRuns) sent(want int, so string) {
	l.t.Helper()
	if got := len(l.cloud.Journal(elbstub.ModifyListener)); got != want {
		l.t.Errorf("%d switches were sent %s, want %d", got, so, want)
	}
}

// create plans and applies a creation, which may fail.
func (l *listenerRuns) create(server *acctest.Server) (*acctest.State, acctest.Diagnostics) {
	l.t.Helper()
	plan, diagnostics := server.Plan(nil, l.config)
	if diagnostics.HasError() {
		return nil, diagnostics
	}
	return server.Apply(plan)
}

// wantListenerRemedy fails if an error sends the user to the certificate, or to the settings of the provider.
func wantListenerRemedy(t *testing.T, diagnostics acctest.Diagnostics) {
	t.Helper()
	for _, d := range diagnostics {
		for _, wrong := range []string{"certificate does not exist", "Check the endpoint", "deleted the certificate"} {
			if strings.Contains(d.Summary+d.Detail, wrong) {
				t.Errorf("it says %q: %s: %s", wrong, d.Summary, d.Detail)
			}
		}
	}
}

// TestListenerCertificate follows an elbaas_listener_certificate through its life, with a CLI that keeps identities,
// and with one that does not know them.
func TestListenerCertificate(t *testing.T) {
	t.Parallel()
	for name, forget := range map[string]bool{"identity kept": false, "identity not known to the CLI": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				l := newListenerRuns(t)
				want := acctest.Values{
					"listener_id":     l.listener,
					"certificate_id":  l.other,
					"project_id":      ProjectID,
					"id":              l.listener,
					"listener_name":   "https-443",
					"loadbalancer_id": l.balancer,
					"protocol":        "HTTPS",
					"port":            int64(443),
				}
				expect := func(doing string) {
					t.Helper()
					identity := acctest.Values{"project_id": ProjectID, "listener_id": l.listener}
					if !maps.Equal(l.state.Identity, identity) || !reflect.DeepEqual(l.state.Values, want) {
						t.Errorf("after %s: %v, identity %v", doing, l.state.Values, l.state.Identity)
					}
					if forget {
						l.state.Identity = nil
					}
				}

				_, plan, _ := l.refresh()
				if plan.Values["project_id"] != ProjectID || plan.Values["id"] != l.listener {
					t.Errorf("the plan of the creation has %v", plan.Values)
				}
				l.apply("create")
				expect("the creation")
				l.serves(l.other)
				if body := l.cloud.Journal(elbstub.ModifyListener)[0].Body; body != `{"certificate_id":"`+l.other+`"}` {
					t.Errorf("the creation has sent %s", body)
				}

				l.plan("nothing")
				expect("a read")
				l.config["certificate_id"], want["certificate_id"] = l.old, l.old
				l.apply("update")
				expect("the update")
				l.serves(l.old)
				l.sent(2, "by a creation and an update")

				l.config["fallback_certificate_id"], want["fallback_certificate_id"] = l.other, l.other
				l.apply("update")
				expect("an update of the fallback")
				l.sent(2, "before an update of the fallback")
				l.plan("nothing")

				server, _, _ := l.refresh()
				if _, said := server.Plan(l.state, nil); len(said) > 0 {
					t.Errorf("the plan of the deletion says %s: %s", said[0].Summary, said[0].Detail)
				}
				left, diagnostics := server.Destroy(l.state)
				l.noDiagnostics("destroy", diagnostics)
				if left != nil {
					t.Errorf("%v is left", left)
				}
				l.serves(l.other)
				l.sent(3, "by all of it")
			})
		})
	}
}

// TestListenerReplacements: another listener or project forces replacement, but not the same project in another case.
func TestListenerReplacements(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newManagedListener(t)
		l.config["fallback_certificate_id"] = strings.Repeat("f", 32) // otherwise another listener is warned about
		l.apply("update")
		for _, row := range []struct{ attribute, value, want string }{
			{"listener_id", strings.Repeat("0", 32), "listener_id"},
			{"project_id", OtherProjectID, "project_id"},
			{"project_id", strings.ToUpper(ProjectID), ""},
			{"certificate_id", l.old, ""},
		} {
			config := maps.Clone(l.config)
			config[row.attribute] = row.value
			plan, diagnostics := l.process().Plan(l.state, config)
			l.noDiagnostics("plan", diagnostics)
			if got := strings.Join(plan.Replace, " "); strings.Contains(got, "_id") != (row.want != "") ||
				!strings.Contains(got, row.want) {
				t.Errorf("%s = %q replaces because of %q, want %q", row.attribute, row.value, got, row.want)
			}
		}
	})
}

// TestRotation: a rotation takes three calls (a creation, a switch and a deletion) in every dialect, and the next plan
// is empty. The first deletion is refused only if its backend learns late of the switch.
func TestRotation(t *testing.T) {
	t.Parallel()
	for n := range elbstub.Dialects {
		for name, holdLag := range map[string]time.Duration{"": 0, "/late": 5 * time.Second} {
			t.Run(fmt.Sprintf("dialect %d%s", n, name), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					l := newListenerRuns(t, func(o *elbstub.Options) {
						o.Dialect, o.HoldLag = elbstub.NewDialect(n),
							holdLag
					})
					certificates := &runs{t: t, cloud: l.cloud, network: l.network}
					l.cloud.Remove(l.other)
					l.config["fallback_certificate_id"] = l.old
					for _, doing := range []string{"create", "update"} {
						pair := NewPair()
						certificates.config = acctest.Values{
							"certificate": pair.Certificate,
							"private_key": pair.PrivateKey,
						}
						server := inMemory(t, l.cloud, l.network, nil)
						created, diagnostics := server.Plan(nil, certificates.config)
						l.noDiagnostics("plan", diagnostics)
						l.config["certificate_id"] = acctest.Unknown
						switched, diagnostics := server.Listeners().Plan(l.state, l.config)
						l.noDiagnostics("plan", diagnostics)

						seen := len(l.cloud.Journal())
						old := certificates.state
						certificates.carryOut(server, created)
						id := certificates.state.Values["id"].(string)
						l.config["certificate_id"], switched.Values["certificate_id"] = id, id
						switched.Configure("certificate_id", id)
						l.carryOut(server.Listeners(), switched)
						if old != nil {
							_, diagnostics = server.Destroy(old)
							l.noDiagnostics("destroy", diagnostics)
						}

						want := []string{"POST 2", "PUT 2", "DELETE 2"}
						switch {
						case doing == "create":
							want = want[:2]
						case holdLag > 0:
							want = []string{"POST 2", "PUT 2", "DELETE 4", "DELETE 2"}
						}
						var got []string
						for _, call := range l.cloud.Journal()[seen:] {
							if call.Method != "GET" {
								got = append(got, fmt.Sprintf("%s %d", call.Method, call.Status/100))
							}
						}
						if holdLag > 0 {
							got = slices.Compact(got) // the number of refusals does not matter
						}
						if !slices.Equal(got, want) {
							t.Errorf("%s: it sends %q, want %q", doing, got, want)
						}
						l.serves(id)
						l.plan("nothing")
						certificates.plan("nothing")
					}
				})
			})
		}
	}
}

// TestListenerThatServesIt: nothing is sent if the listener already serves the certificate.
func TestListenerThatServesIt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newListenerRuns(t)
		l.config["certificate_id"] = l.old
		l.apply("create")
		l.sent(0, "for what the listener serves already")
		l.plan("nothing")
	})
}

// TestListenerImport imports an elbaas_listener_certificate in every form.
func TestListenerImport(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newListenerRuns(t)
		l.config["certificate_id"] = l.old
		upper := strings.ToUpper(l.listener)
		identity := acctest.Values{"project_id": ProjectID, "listener_id": l.listener}
		for _, form := range []any{
			l.listener, upper, ProjectID + "/" + l.listener, ProjectID + "/" + upper,
			identity,
			acctest.Values{"listener_id": l.listener},
			acctest.Values{"listener_id": upper},
		} {
			server := l.process()
			imported, diagnostics := importAny(server, form)
			if diagnostics.HasError() {
				t.Errorf("%v: %s: %s", form, diagnostics[0].Summary, diagnostics[0].Detail)
				continue
			}
			if !maps.Equal(imported.Identity, identity) || imported.Values["certificate_id"] != l.old ||
				imported.Values["id"] != l.listener {
				t.Errorf("%v: imported %v, identity %v", form, imported.Values, imported.Identity)
			}
			l.state = imported
			delete(l.config, "fallback_certificate_id")
			l.plan("nothing")
			l.config["fallback_certificate_id"] = l.other
			l.apply("update")
		}
		l.sent(0, "by imports")
	})
}

// importAny imports by an ID or by an identity.
func importAny(server *acctest.Server, form any) (*acctest.State, acctest.Diagnostics) {
	if id, isID := form.(string); isID {
		return server.Import(id)
	}
	return server.ImportByIdentity(form.(acctest.Values))
}

// TestListenerImportErrors has the errors of imports that cannot work.
func TestListenerImportErrors(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newListenerRuns(t)
		http := l.cloud.AddListener(elbstub.Listener{ProjectID: ProjectID, Name: "web", Protocol: "HTTP"})
		missing := strings.Repeat("0", 32)
		for _, row := range []struct {
			form            any
			attribute, want string
		}{
			{missing, "", "Project " + ProjectID + ` has no listener "` + missing + `"`},
			{missing, "", "import by project_id/listener_id, or by an identity with project_id"},
			{http, "listener_id", `Listener "web" (ID ` + http + `) of load balancer `},
			{
				form: "www",
				want: `the listener ID "www" is not valid: it must be 32 hexadecimal characters (it has 3). ` +
					"Import by the ID of the listener, or by project_id/listener_id.",
			},
			{"/" + l.listener, "", "the project ID in front of the slash is empty"},
			// The token is not valid for that project.
			{
				form: OtherProjectID + "/" + l.listener,
				want: "Unable to import listener",
			},
			{acctest.Values{"listener_id": "www"}, "listener_id", `The listener ID "www" is not valid`},
			{acctest.Values{"listener_id": l.listener, "project_id": "a/b"}, "project_id", `contains "/"`},
		} {
			_, diagnostics := importAny(l.process(), row.form)
			wantError(t, diagnostics, row.attribute, row.want)
		}
	})
}

// TestListenerRules: what is known to be wrong is an error in the plan, on its attribute, with a remedy.
func TestListenerRules(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newManagedListener(t)
		server, calls := l.process(), len(l.cloud.Journal())
		const mark = "is not valid: it must be 32 hexadecimal characters"
		upper := strings.Repeat("A", 32)
		for _, row := range []struct{ attribute, value, want string }{
			{"listener_id", "www", `The listener ID "www" ` + mark},
			{"listener_id", "", `The listener ID "" ` + mark},
			{"listener_id", upper, "must be in lower case, as the API writes it. Use lower()"},
			{"certificate_id", "www", `The certificate ID "www" ` + mark},
			{"certificate_id", upper, "Use lower()"},
			{"fallback_certificate_id", "www", `The fallback certificate ID "www" ` + mark},
			{"fallback_certificate_id", upper, "Use lower()"},
			{"fallback_certificate_id", "", "To omit it, use null instead of an empty string"},
			{"project_id", "", "project ID is empty"},
		} {
			config := maps.Clone(l.config)
			config[row.attribute] = row.value
			wantError(t, server.Validate(config), row.attribute, row.want)
		}

		l.config["fallback_certificate_id"] = l.other
		for _, prior := range []*acctest.State{nil, l.state} {
			_, diagnostics := server.Plan(prior, l.config)
			wantError(t, diagnostics, "fallback_certificate_id", "Conflicting certificate IDs")
		}
		if more := len(l.cloud.Journal()) - calls; more != 0 {
			t.Errorf("%d calls, want none", more)
		}
	})
}

// TestListenerThatUsesItsFallback: something else has switched the listener to the fallback, and ignore_changes keeps
// the certificate in the state. There is nothing to do, so this is not an error. Terraform makes this plan before a
// destroy, too.
func TestListenerThatUsesItsFallback(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newManagedListener(t)
		l.config["fallback_certificate_id"] = l.old
		l.apply("update")
		time.Sleep(time.Minute)
		l.cloud.ChangeListener(l.listener, func(now *elbstub.Listener) { now.CertificateID = l.old })
		l.config["certificate_id"] = l.old
		l.plan("nothing")
	})
}

// TestListenersThatHaveNoCertificate: if the listener of a creation cannot be switched, the error is about listener_id
// and says why, and nothing is sent.
func TestListenersThatHaveNoCertificate(t *testing.T) {
	t.Parallel()
	theirs := elbstub.Listener{ProjectID: OtherProjectID}
	for name, row := range map[string]struct {
		listener *elbstub.Listener // nil means that it does not exist
		want     string
	}{
		"HTTP":           {&elbstub.Listener{Name: "web", Protocol: "HTTP"}, `Listener "web" (ID `},
		"HTTP, protocol": {&elbstub.Listener{Protocol: "HTTP"}, `protocol "HTTP", which does not use a certificate`},
		"TCP":            {&elbstub.Listener{Protocol: "TCP"}, "has the protocol \"TCP\""},
		"missing":        {nil, "of project " + ProjectID + ": the listener does not exist"},
		"missing, 2":     {nil, "Check listener_id, and project_id if the listener belongs to another project"},
		"another's":      {&theirs, "of project " + ProjectID + ": the listener does not exist"},
		"faulty":         {&elbstub.Listener{Status: "ERROR"}, "the listener has the status ERROR"},
		"never ready": {
			&elbstub.Listener{Status: "PENDING_CREATE"},
			`the status of the listener is still "PENDING_CREATE"`,
		},
	} {
		for text, form := range map[string]elbstub.Refusal{
			"404": elbstub.NoListener404, "6030": elbstub.NoListener6030,
		} {
			t.Run(name+"/"+text, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					l := newListenerRuns(t, func(o *elbstub.Options) { o.Dialect.NoListener = form })
					l.config["listener_id"] = strings.Repeat("0", 32)
					if row.listener != nil {
						listener := *row.listener // the other form has the same
						listener.ProjectID = cmp.Or(listener.ProjectID, ProjectID)
						l.config["listener_id"] = l.cloud.AddListener(listener)
					}
					l.config["timeouts"] = acctest.Values{"create": "1m"}
					time.Sleep(time.Minute)
					state, diagnostics := l.create(l.process())
					wantError(t, diagnostics, "listener_id", row.want)
					wantListenerRemedy(t, diagnostics[:1])
					if state != nil {
						t.Errorf("the state has %v", state.Values)
					}
					l.sent(0, "for it")
				})
			})
		}
	}
}

// TestListenerThatIsNotReady: a listener that is not ready yet is waited for.
func TestListenerThatIsNotReady(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newListenerRuns(t)
		l.cloud.ChangeListener(l.listener, func(l *elbstub.Listener) { l.Status = "PENDING_CREATE" })
		time.AfterFunc(2*time.Minute, func() {
			l.sent(0, "while it is not ready")
			l.cloud.ChangeListener(l.listener, func(l *elbstub.Listener) { l.Status = "ACTIVE" })
		})
		l.apply("create")
		l.serves(l.other)
	})
}

// TestCertificatesThatCannotBeServed: if a certificate cannot be served, the error is about its attribute, and says
// what is known of the certificate.
func TestCertificatesThatCannotBeServed(t *testing.T) {
	t.Parallel()
	missing := strings.Repeat("0", 32)
	for name, row := range map[string]struct {
		list bool // the process has listed the certificates before
		text elbstub.Refusal
		want string
	}{
		"listed, 400": {
			list: true,
			text: elbstub.NoCertificate1001,
			want: "Project " + ProjectID + " has no certificate \"" + missing + "\"",
		},
		"listed, 404": {
			list: true,
			text: elbstub.NoCertificate5040,
			want: "Project " + ProjectID + " has no certificate \"" + missing + "\"",
		},
		"listed, 500": {
			list: true,
			text: elbstub.NotFound500,
			want: "Project " + ProjectID + " has no certificate \"" + missing + "\"",
		},
		"not listed, 400": {
			text: elbstub.NoCertificate1001,
			want: "certificate \"" + missing + "\" both exist in project " + ProjectID,
		},
		"not listed, 404": {
			text: elbstub.NoCertificate5040,
			want: "certificate \"" + missing + "\" both exist in project " + ProjectID,
		},
		"not listed, 500": {
			text: elbstub.NotFound500,
			want: "certificate \"" + missing + "\" both exist in project " + ProjectID,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				l := newListenerRuns(t, func(o *elbstub.Options) { o.Dialect.NoCertificate = row.text })
				server := inMemory(t, l.cloud, l.network, nil)
				if row.list {
					if _, diagnostics := server.ReadDataSource("elbaas_certificates",
						acctest.Values{}); diagnostics.HasError() {
						t.Fatal(diagnostics[0].Detail)
					}
				}
				l.config["certificate_id"] = missing
				state, diagnostics := l.create(server.Listeners())
				wantError(t, diagnostics, "certificate_id", row.want)
				const ofADestroy = "A destroy takes the fallback from the state"
				for _, wrong := range []string{"endpoint", ofADestroy} {
					if said := textOf(diagnostics); strings.Contains(said, wrong) {
						t.Errorf("it says %s", said)
					}
				}
				if state != nil {
					t.Errorf("the state has %v", state.Values)
				}

				// The same as a fallback, and in an update.
				managed := *l
				managed.runs = &runs{t: t, cloud: l.cloud, network: l.network, ofListener: true, config: acctest.Values{
					"listener_id": l.listener, "certificate_id": l.other, "fallback_certificate_id": missing,
				}}
				managed.apply("create")
				server = inMemory(t, l.cloud, l.network, nil)
				if row.list {
					_, _ = server.ReadDataSource("elbaas_certificates", acctest.Values{})
				}
				left, diagnostics := server.Listeners().Destroy(managed.state)
				wantError(t, diagnostics, "fallback_certificate_id", row.want)
				wantError(t, diagnostics, "fallback_certificate_id", ofADestroy)
				if left == nil {
					t.Error("it is not in the state any more")
				}
				managed.config["certificate_id"] = missing
				delete(managed.config, "fallback_certificate_id")
				plan, diagnostics := server.Listeners().Plan(managed.state, managed.config)
				l.noDiagnostics("plan", diagnostics)
				left, diagnostics = server.Listeners().Apply(plan)
				wantError(t, diagnostics, "certificate_id", row.want)
				if left.Values["certificate_id"] != l.other || left.Values["fallback_certificate_id"] != missing {
					t.Errorf("the state has %v", left.Values)
				}
				l.serves(l.other)
			})
		})
	}
}

// TestSwitchIsNotFound: a 404 without a known code may be about the certificate if the list has the listener.
func TestSwitchIsNotFound(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newListenerRuns(t)
		refusal := elbstub.Reply(404, `{"error":{"message":"no such thing","code":"Not Found"}}`)
		l.cloud.ScriptEach(elbstub.ModifyListener, func(int) elbstub.Fault { return refusal })
		_, diagnostics := l.create(inMemory(t, l.cloud, l.network, nil).Listeners())
		wantError(t, diagnostics, "certificate_id", "both exist in project "+ProjectID)
	})
}

// TestListenerIsLocked: only one resource of a listener at a time is created or deleted. The others wait for it, up to
// their timeout.
func TestListenerIsLocked(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newListenerRuns(t)
		l.config["fallback_certificate_id"] = l.old
		l.config["timeouts"] = acctest.Values{"create": "10s", "delete": "10s"}
		l.apply("create")
		server := l.process()
		l.cloud.ChangeListener(l.listener, func(listener *elbstub.Listener) { listener.CertificateID = l.old })
		l.cloud.ScriptEach(elbstub.ModifyListener, func(int) elbstub.Fault { return elbstub.Slow(time.Hour) })
		config := maps.Clone(l.config)
		delete(config, "timeouts")
		plan := mustPlan(t, server, nil, config)
		go func() { _, _ = server.Apply(plan) }()
		synctest.Wait()
		_, created := l.create(server)
		_, destroyed := server.Destroy(l.state)
		for _, diagnostics := range []acctest.Diagnostics{created, destroyed} {
			wantError(t, diagnostics, "listener_id",
				"Another elbaas_listener_certificate of the listener is being created")
		}
	})
}

// TestCertificateOfAnotherProject: if it is known, a certificate of another project is an error before anything is
// sent. Whether the certificate or the listener has the wrong project is not known: nothing has read the listener yet.
func TestCertificateOfAnotherProject(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newManagedListener(t)
		config := acctest.Values{
			"endpoint": l.cloud.Endpoint, "insecure": true, "project_id": ProjectID,
			"access_key": AccessKey, "secret_key": SecretKey, "token": nil,
		}
		theirs := l.cloud.Add(elbstub.Certificate{ProjectID: OtherProjectID})
		server := inMemory(t, l.cloud, l.network, config)
		if _, diagnostics := server.ReadDataSource("elbaas_certificate",
			acctest.Values{"project_id": OtherProjectID, "id": theirs}); diagnostics.HasError() {
			t.Fatal(diagnostics[0].Detail)
		}
		calls := len(l.cloud.Journal())
		want := fmt.Sprintf("Certificate %[1]q belongs to project %[2]s, but this resource to project %[3]s. A "+
			"listener can only use a certificate of its own project. If listener %[4]q belongs to project %[2]s as "+
			"well, set project_id of this resource. Otherwise, set project_id of the certificate.",
			theirs, OtherProjectID, ProjectID, l.listener)
		for _, attribute := range []string{"certificate_id", "fallback_certificate_id"} {
			for doing, prior := range map[string]*acctest.State{"create": nil, "update": l.state} {
				changed := maps.Clone(l.config)
				changed[attribute] = theirs
				_, diagnostics := server.Listeners().Plan(prior, changed)
				wantError(t, diagnostics, attribute, want)

				if attribute == "fallback_certificate_id" {
					continue
				}
				changed[attribute] = acctest.Unknown
				plan, diagnostics := server.Listeners().Plan(prior, changed)
				l.noDiagnostics(doing, diagnostics)
				plan.Configure(attribute, theirs)
				plan.Values[attribute] = theirs
				_, diagnostics = server.Listeners().Apply(plan)
				wantError(t, diagnostics, attribute, want)
			}
		}
		if more := len(l.cloud.Journal()) - calls; more != 0 {
			t.Errorf("%d calls, want none", more)
		}
	})
}

// TestSwitchThatFails: a failed switch leaves no state after a creation, and the previous state after an update. The
// next apply succeeds, and the plan after it is empty.
func TestSwitchThatFails(t *testing.T) {
	t.Parallel()
	always := func(l *listenerRuns, fault elbstub.Fault) {
		l.cloud.ScriptEach(elbstub.ModifyListener, func(int) elbstub.Fault { return fault })
	}
	for name, row := range map[string]struct {
		happens func(l *listenerRuns)
		at      string // certificate_id if empty
		want    string
		kept    bool // the switch succeeds nevertheless
	}{
		"lost once": {
			happens: func(l *listenerRuns) { l.cloud.Script(elbstub.ModifyListener, 1, elbstub.Drop()) },
			kept:    true,
		},
		"response about another listener": {happens: func(l *listenerRuns) {
			always(l, elbstub.ReplyAfter(200, `{"id":"`+strings.Repeat("a", 32)+`","protocol":"HTTPS"}`))
		}, kept: true},
		"accepted, late": {
			happens: func(l *listenerRuns) {
				l.cloud.Script(elbstub.ModifyListener, 1, elbstub.Accept(10*time.Second))
			},
			kept: true,
		},
		"409, then not": {happens: func(l *listenerRuns) {
			l.cloud.Script(elbstub.ModifyListener, 1,
				elbstub.Reply(409, `{"error":{"message":"busy","code":"ELB.9999"}}`))
		}, kept: true},
		"refused": {
			happens: func(l *listenerRuns) {
				always(l, elbstub.Reply(400, `{"error":{"message":"no","code":"ELB.6015"}}`))
			},
			want: "ELB.6015",
		},
		"never done": {
			happens: func(l *listenerRuns) { always(l, elbstub.Reply(202, "")) },
			want:    "the API accepted the change, but does not show it yet",
		},
		"done, then undone": {
			happens: func(l *listenerRuns) {
				always(l, func(next elbstub.Next) elbstub.Response {
					elbstub.ReplyAfter(202, "")(next)
					third := l.cloud.Add(elbstub.Certificate{ProjectID: ProjectID})
					l.cloud.ChangeListener(l.listener, func(now *elbstub.Listener) { now.CertificateID = third })
					return elbstub.Response{Status: 202}
				})
			},
			want: "something else may have undone it",
		},
		"done, then refused": {
			happens: func(l *listenerRuns) {
				always(l, elbstub.ReplyAfter(400, `{"error":{"message":"no","code":"ELB.6015"}}`))
			},
			want: "ELB.6015",
		},
		"503 and ELB.6002": {
			happens: func(l *listenerRuns) {
				always(l, elbstub.Reply(503, `{"error":{"message":"no load balancer","code":"ELB.6002"}}`))
			},
			want: "ELB.6002",
		},
		"ERROR after it": {
			happens: func(l *listenerRuns) {
				always(l, func(next elbstub.Next) elbstub.Response {
					l.cloud.ChangeListener(l.listener, func(changed *elbstub.Listener) { changed.Status = "ERROR" })
					return next()
				})
			},
			at:   "listener_id",
			want: "the listener has the status ERROR",
		},
	} {
		for doing, begin := range map[string]func(*testing.T,
			...func(*elbstub.Options)) *listenerRuns{"create": newListenerRuns, "update": newManagedListener} {
			t.Run(name+"/"+doing, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					l := begin(t)
					target := l.other
					if l.state != nil {
						target = l.old
						l.config["certificate_id"] = target
					}
					before := l.state
					server, plan, _ := l.refresh()
					row.happens(l)
					state, diagnostics := server.Apply(plan)
					if row.kept {
						l.noDiagnostics("apply", diagnostics)
						l.state = state
					} else {
						wantError(t, diagnostics, cmp.Or(row.at, "certificate_id"), row.want)
						wantListenerRemedy(t, diagnostics)
						if before == nil != (state == nil) || before != nil &&
							!reflect.DeepEqual(before.Values, state.Values) {
							t.Errorf("the state has %v, want %v", state, before)
						}
						if state != nil {
							l.state = state
						}
					}
					always(l, nil)
					l.cloud.ChangeListener(l.listener, func(l *elbstub.Listener) { l.Status = "ACTIVE" })
					server, plan, does := l.refresh()
					if does != "nothing" {
						l.carryOut(server, plan)
					}
					l.serves(target)
					l.plan("nothing")
				})
			})
		}
	}
}

// TestListenerIsGone: the listener is deleted between a plan and its apply, before a read, or before its resource is
// deleted.
func TestListenerIsGone(t *testing.T) {
	t.Parallel()
	for name, options := range map[string]func(*elbstub.Options){
		"404":  func(o *elbstub.Options) { o.Dialect.NoListener = elbstub.NoListener404 },
		"6030": func(o *elbstub.Options) { o.Dialect.NoListener = elbstub.NoListener6030 },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				l := newManagedListener(t, options)
				l.config["certificate_id"], l.config["fallback_certificate_id"] = l.old, l.other
				l.apply("update")
				l.config["certificate_id"] = l.other
				l.config["fallback_certificate_id"] = l.old
				server, plan, _ := l.refresh()
				l.cloud.Remove(l.listener)
				time.Sleep(time.Minute)

				left, diagnostics := server.Apply(plan)
				wantError(t, diagnostics, "listener_id", "the listener does not exist")
				wantListenerRemedy(t, diagnostics)
				if left == nil {
					t.Error("an update has removed it from the state")
				}
				for _, fallback := range []any{l.other, nil} {
					with := *l.state
					with.Values = maps.Clone(with.Values)
					with.Values["fallback_certificate_id"] = fallback
					left, diagnostics = l.process().Destroy(&with)
					if left != nil || diagnostics.HasError() {
						t.Errorf("the deletion with the fallback %v says %v", fallback, diagnostics)
					}
				}
				l.plan("create")
				if l.state != nil {
					t.Errorf("a read has left %v", l.state.Values)
				}
			})
		})
	}
}

// TestListenerChangesElsewhere: if something else changes the listener, another certificate is drift, another name is
// not, and another protocol is an error.
func TestListenerChangesElsewhere(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newManagedListener(t)
		l.cloud.ChangeListener(l.listener, func(l *elbstub.Listener) { l.Name, l.Port = "renamed", 8443 })
		l.plan("nothing")
		if l.state.Values["listener_name"] != "renamed" || l.state.Values["port"] != int64(8443) {
			t.Errorf("the state has %v", l.state.Values)
		}
		l.cloud.ChangeListener(l.listener, func(listener *elbstub.Listener) { listener.CertificateID = l.old })
		l.apply("update")
		l.serves(l.other)
		l.plan("nothing")

		l.cloud.ChangeListener(l.listener, func(listener *elbstub.Listener) { listener.CertificateID = "" })
		time.Sleep(time.Minute)
		l.apply("update")
		l.serves(l.other)

		upper := strings.ToUpper(l.other)
		l.cloud.ChangeListener(l.listener, func(listener *elbstub.Listener) { listener.CertificateID = upper })
		l.plan("nothing")
		l.cloud.ChangeListener(l.listener, func(l *elbstub.Listener) { l.Protocol = "TCP" })
		left, diagnostics := l.process().Read(l.state)
		wantError(t, diagnostics, "listener_id", "has the protocol \"TCP\", which does not use a certificate")
		if left == nil {
			t.Error("it is not in the state any more")
		}
	})
}

// TestListenerRemovedOnlyWhenProvenGone: anything but a complete list with the status 200 is an error, and the state
// stays.
func TestListenerRemovedOnlyWhenProvenGone(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]elbstub.Fault{
		"404":         elbstub.Reply(404, ""),
		"404 of ours": elbstub.Reply(404, `{"error":{"message":"no listener","code":"ELB.6030"}}`),
		"page":        elbstub.Reply(200, "<html></html>"),
		"null":        elbstub.Reply(200, "null"),
		"502":         elbstub.Reply(502, "<html></html>"),
		"cut":         elbstub.Cut(5),
		"202":         elbstub.Reply(202, "[]"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				l := newManagedListener(t)
				l.cloud.ScriptEach(elbstub.ListListeners, func(int) elbstub.Fault { return fault })
				left, diagnostics := l.process().Read(l.state)
				wantError(t, diagnostics, "", `Unable to read listener "`+l.listener)
				if left == nil {
					t.Error("it is not in the state any more")
				}
			})
		})
	}
}

// TestListenersWhileListsLag: the lists of a run do not show yet what the previous run has switched. The run knows of
// it from the private state, and plans nothing. A list that shows it is believed at once.
func TestListenersWhileListsLag(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newListenerRuns(t)
		lag := 4 * time.Second
		l.cloud.ScriptEach(elbstub.ListListeners, func(int) elbstub.Fault {
			return elbstub.See(elbstub.View{Lag: lag})
		})
		l.apply("create")
		l.plan("nothing")
		l.config["certificate_id"] = l.old
		l.apply("update")
		l.plan("nothing")

		lag, l.config["certificate_id"] = 0, l.other
		l.apply("update")
		lists := len(l.cloud.Journal(elbstub.ListListeners))
		l.plan("nothing")
		if more := len(l.cloud.Journal(elbstub.ListListeners)) - lists; more != 1 {
			t.Errorf("%d lists, want 1", more)
		}
	})
}

// TestReplacedListenerCertificate: if the replacement is created first, the deletion of its predecessor does not touch
// the listener. Otherwise, the listener serves the fallback for a moment.
func TestReplacedListenerCertificate(t *testing.T) {
	t.Parallel()
	for name, createFirst := range map[string]bool{"create_before_destroy": true, "destroy first": false} {
		for fallback, isSet := range map[string]bool{"with a fallback": true, "without a fallback": false} {
			t.Run(name+"/"+fallback, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					l := newListenerRuns(t)
					if isSet {
						l.config["fallback_certificate_id"] = l.old
					}
					l.apply("create")
					server, _, _ := l.refresh()
					prior := l.state
					replace := func() {
						var diagnostics acctest.Diagnostics
						l.state, diagnostics = l.create(server)
						l.noDiagnostics("create", diagnostics)
					}
					if createFirst {
						replace()
					}
					left, diagnostics := server.Destroy(prior)
					if left != nil || diagnostics.HasError() {
						t.Errorf("the deletion says %v", diagnostics)
					}
					if warned := len(diagnostics) > 0; warned != (!createFirst && !isSet) {
						t.Errorf("the deletion says %v", diagnostics)
					}
					if !createFirst {
						replace()
					}
					l.serves(l.other)
					l.plan("nothing")
					want := 1
					if !createFirst && isSet {
						want = 3
					}
					l.sent(want, "for a creation and a replacement")
				})
			})
		}
	}
}

// TestReplacementInEitherOrder: one resource replaces another one for the same listener, in either order.
func TestReplacementInEitherOrder(t *testing.T) {
	t.Parallel()
	for range 20 {
		synctest.Test(t, func(t *testing.T) {
			l := newListenerRuns(t)
			l.config["fallback_certificate_id"] = l.old
			l.apply("create")
			server, _, _ := l.refresh()
			prior := l.state
			done := make(chan struct{})
			go func() {
				defer close(done)
				_, diagnostics := server.Destroy(prior)
				if diagnostics.HasError() {
					t.Errorf("the deletion says %s", diagnostics[0].Detail)
				}
			}()
			var diagnostics acctest.Diagnostics
			l.state, diagnostics = l.create(server)
			<-done
			l.noDiagnostics("create", diagnostics)
			l.serves(l.other)
			l.plan("nothing")
		})
	}
}

// TestDestroyWithoutFallback: the plan already warns, and names the listener, the certificate and the remedy. Nothing
// is sent, and the deletion of the certificate fails at its first refusal.
func TestDestroyWithoutFallback(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newManagedListener(t)
		l.cloud.Remove(l.old)
		certificates := inMemory(t, l.cloud, l.network, nil)
		certificate, diagnostics := certificates.Import(l.other)
		l.noDiagnostics("import", diagnostics)
		server := certificates.Listeners()
		_, planned := server.Plan(l.state, nil)
		left, said := server.Destroy(l.state)
		if left != nil {
			t.Errorf("%v is left", left)
		}
		for doing, diagnostics := range map[string]acctest.Diagnostics{"the plan": planned, "the deletion": said} {
			if len(diagnostics) != 1 || diagnostics.HasError() {
				t.Fatalf("%s says %v", doing, diagnostics)
			}
			text := diagnostics[0].Summary + "\n" + diagnostics[0].Detail
			for _, part := range []string{
				`Listener "` + l.listener + `" keeps certificate "` + l.other + `"`,
				`listener "https-443" (ID ` + l.listener + `) of load balancer "` + l.balancer + `"`,
				"If the resource is replaced with the same listener_id, there is nothing to do: its successor switches",
				"its deletion fails while the listener exists",
				"set fallback_certificate_id to another one and apply that first", "terraform state rm",
			} {
				if !strings.Contains(text, part) {
					t.Errorf("%s does not say %q: %s", doing, part, text)
				}
			}
		}
		l.sent(1, "by the creation alone")

		started := time.Now()
		kept, diagnostics := certificates.Destroy(certificate)
		wantError(t, diagnostics, "", `listener "https-443" (ID `+l.listener+`)`)
		wantError(t, diagnostics, "", "was destroyed without a fallback_certificate_id")
		wantError(t, diagnostics, "", "Do not remove a certificate that Terraform calls a deposed object")
		if kept == nil {
			t.Error("the certificate is not in the state any more")
		}
		if deletes := len(l.cloud.Journal(elbstub.DeleteCertificate)); deletes != 1 ||
			time.Since(started) > 5*time.Second {
			t.Errorf("%d DELETEs in %s", deletes, time.Since(started))
		}
	})
}

// TestListenerIsLeftForAnother: a resource that changes to another listener leaves the first one as a destroy does, and
// the plan says so. An unknown listener may be the same one.
func TestListenerIsLeftForAnother(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newManagedListener(t)
		another := l.cloud.AddListener(elbstub.Listener{ProjectID: ProjectID, CertificateID: l.old})
		for _, row := range []struct {
			listener, fallback any
			warns, replaces    bool
		}{
			{listener: another, warns: true, replaces: true},
			{listener: another, fallback: l.old, replaces: true},
			{listener: acctest.Unknown, replaces: true},
			{listener: l.listener},
		} {
			l.config["listener_id"] = row.listener
			state := acctest.State{Values: maps.Clone(l.state.Values)}
			if row.fallback != nil {
				l.config["fallback_certificate_id"] = row.fallback
				state.Values["fallback_certificate_id"] = row.fallback
			} else {
				delete(l.config, "fallback_certificate_id")
			}
			plan, diagnostics := l.process().Plan(&state, l.config)
			if isReplaced := len(plan.Replace) > 0; diagnostics.HasError() || isReplaced != row.replaces {
				t.Errorf("%v: it replaces for %q: %v", row, plan.Replace, diagnostics)
			}
			want := `Listener "` + l.listener + `" keeps certificate "` + l.other + `"`
			if warns := len(diagnostics) > 0; warns != row.warns || warns && diagnostics[0].Summary != want {
				t.Errorf("%v: it says %v", row, diagnostics)
			}
		}
	})
}
