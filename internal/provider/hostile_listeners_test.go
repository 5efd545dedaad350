package provider_test

import (
	"maps"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/elbaas/terraform-provider-elbaas/internal/acctest"
	"github.com/elbaas/terraform-provider-elbaas/internal/elbstub"
)

// TestCreationAfterOneThatWasStopped: the first creation has switched the listener, but failed and
// saved nothing, so the second one has nothing to send. Although lists lag behind the switch, the
// next plan is empty.
func TestCreationAfterOneThatWasStopped(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newListenerRuns(t)
		l.cloud.ScriptEach(elbstub.ListListeners, func(int) elbstub.Fault {
			return elbstub.See(elbstub.View{Lag: 4 * time.Second})
		})
		l.cloud.Script(elbstub.ModifyListener, 1,
			elbstub.ReplyAfter(400, `{"error":{"message":"no","code":"ELB.6015"}}`))
		state, diagnostics := l.create(l.process())
		wantError(t, diagnostics, "certificate_id", "ELB.6015")
		if state != nil {
			t.Fatalf("the state has %v", state.Values)
		}
		l.apply("create")
		l.sent(1, "by both creations")
		l.plan("nothing")
		l.serves(l.other)
	})
}

// TestListenerImportWithUpperCaseIDs: the API returns IDs in upper case. The plan after an
// import is empty, and so is the plan after somebody else has switched the listener to the
// configured certificate.
func TestListenerImportWithUpperCaseIDs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newListenerRuns(t)
		upper := func(id string) {
			l.cloud.ChangeListener(l.listener, func(l *elbstub.Listener) { l.CertificateID = strings.ToUpper(id) })
			time.Sleep(time.Minute)
		}
		upper(l.other)
		var diagnostics acctest.Diagnostics
		l.state, diagnostics = l.process().Import(l.listener)
		l.noDiagnostics("import", diagnostics)
		l.plan("nothing")
		upper(l.old)
		l.config["certificate_id"] = l.old
		l.plan("nothing")
		l.sent(0, "by an import and a switch elsewhere")
	})
}

// TestDeletionThatWaitsForACreation: a deletion waits for a creation for the same listener, but no
// longer than its timeout.
func TestDeletionThatWaitsForACreation(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newListenerRuns(t)
		l.config["fallback_certificate_id"] = l.old
		l.config["timeouts"] = acctest.Values{"delete": "5s"}
		l.apply("create")
		l.cloud.ChangeListener(l.listener, func(l *elbstub.Listener) { l.Status = "PENDING_CREATE" })
		server := l.process()
		done := make(chan struct{})
		go func() {
			defer close(done)
			_, _ = l.create(server)
		}()
		synctest.Wait()
		started := time.Now()
		left, diagnostics := server.Destroy(l.state)
		if took := time.Since(started); took > 10*time.Second || left == nil {
			t.Errorf("the deletion has taken %s, left %v, and says %v", took, left, diagnostics)
		}
		<-done
	})
}

// TestDeletionDuringACreation: a deletion waits for a creation for the same listener, and then
// sends nothing, because the listener belongs to the created resource.
func TestDeletionDuringACreation(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newListenerRuns(t)
		l.config["fallback_certificate_id"] = l.old
		l.apply("create")
		status := func(status string) {
			l.cloud.ChangeListener(l.listener, func(l *elbstub.Listener) { l.Status = status })
		}
		status("PENDING_CREATE")
		time.AfterFunc(3*time.Second, func() { status("ACTIVE") })
		server := l.process()
		done := make(chan struct{})
		go func() {
			defer close(done)
			_, diagnostics := l.create(server)
			l.noDiagnostics("create", diagnostics)
		}()
		synctest.Wait()
		_, diagnostics := server.Destroy(l.state)
		l.noDiagnostics("destroy", diagnostics)
		<-done
		l.sent(1, "by the first creation, the second one and the deletion")
		l.serves(l.other)
	})
}

// TestReplacementWhileGETsLag: the backend that the creation asks does not know yet of the switch
// to the fallback. The creation must switch the listener nevertheless.
func TestReplacementWhileGETsLag(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newListenerRuns(t)
		l.config["fallback_certificate_id"] = l.old
		l.apply("create")
		time.Sleep(time.Minute)
		l.cloud.ScriptEach(elbstub.ShowListener, func(int) elbstub.Fault {
			return elbstub.See(elbstub.View{Lag: 4 * time.Second})
		})
		server, _, _ := l.refresh()
		_, diagnostics := server.Destroy(l.state)
		l.noDiagnostics("destroy", diagnostics)
		l.state, diagnostics = l.create(server)
		l.noDiagnostics("create", diagnostics)
		l.serves(l.other)
		l.plan("nothing")
	})
}

// TestReplacementThatWasStopped: a replacement is interrupted after its creation. The remaining
// deletion switches to the fallback, because its process does not know of the new resource. The
// next plan shows this, and its apply switches back.
func TestReplacementThatWasStopped(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newManagedListener(t)
		l.config["fallback_certificate_id"] = l.old
		l.apply("update")
		deposed := l.state
		var diagnostics acctest.Diagnostics
		l.state, diagnostics = l.create(l.process())
		l.noDiagnostics("create", diagnostics)
		_, diagnostics = l.process().Destroy(deposed)
		l.noDiagnostics("destroy", diagnostics)
		l.serves(l.old)
		time.Sleep(time.Minute)
		l.apply("update")
		l.serves(l.other)
		l.plan("nothing")
	})
}

// TestReplacementEndsWhatIsKept: a listener was left with its certificate by a destroy, and is then
// managed again. It no longer counts as keeping its certificate, so the deletion of another
// certificate that it holds waits for it.
func TestReplacementEndsWhatIsKept(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newManagedListener(t)
		l.cloud.ChangeListener(l.listener, func(listener *elbstub.Listener) { listener.SNI = []string{l.old} })
		certificates := inMemory(t, l.cloud, l.network, nil)
		old, diagnostics := certificates.Import(l.old)
		l.noDiagnostics("import", diagnostics)
		server := certificates.Listeners()
		if _, diagnostics = server.Destroy(l.state); diagnostics.HasError() {
			t.Fatal(diagnostics)
		}
		l.state, diagnostics = l.create(server)
		l.noDiagnostics("create", diagnostics)
		time.AfterFunc(10*time.Second, func() {
			l.cloud.ChangeListener(l.listener, func(listener *elbstub.Listener) { listener.SNI = nil })
		})
		_, diagnostics = certificates.Destroy(old)
		l.noDiagnostics("destroy", diagnostics)
	})
}

// TestDeletionAfterACreationThatFailed: a deletion after a failed creation switches to the
// fallback, and the next run succeeds.
func TestDeletionAfterACreationThatFailed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newListenerRuns(t)
		l.config["fallback_certificate_id"] = l.old
		l.apply("create")
		prior := l.state
		server := l.process()
		l.config["certificate_id"] = strings.Repeat("0", 32)
		if _, diagnostics := l.create(server); !diagnostics.HasError() {
			t.Error("a certificate that does not exist is served")
		}
		left, diagnostics := server.Destroy(prior)
		l.noDiagnostics("destroy", diagnostics)
		if left != nil {
			t.Errorf("%v is left", left)
		}
		l.serves(l.old)
		l.config["certificate_id"], l.state = l.other, nil
		l.apply("create")
		l.serves(l.other)
		l.plan("nothing")
	})
}

// TestListenerThatIsNoLongerHTTPS: the error of a read names a remedy that works. Another
// listener_id would not help, because the read comes before the plan.
func TestListenerThatIsNoLongerHTTPS(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newManagedListener(t)
		l.cloud.ChangeListener(l.listener, func(l *elbstub.Listener) { l.Protocol = "HTTP" })
		_, diagnostics := l.process().Read(l.state)
		wantError(t, diagnostics, "listener_id", "terraform state rm ADDRESS")
	})
}

// TestListenerProtocolsInOtherForms: a protocol may be in lower case, or missing in lists.
func TestListenerProtocolsInOtherForms(t *testing.T) {
	t.Parallel()
	for _, protocol := range []string{"https", "Ssl"} {
		t.Run(protocol, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				l := newListenerRuns(t)
				l.cloud.ChangeListener(l.listener, func(l *elbstub.Listener) { l.Protocol = protocol })
				l.config["certificate_id"] = l.old // otherwise the stub refuses it
				l.apply("create")
				l.plan("nothing")
			})
		})
	}
	synctest.Test(t, func(t *testing.T) {
		l := newManagedListener(t)
		l.cloud.ScriptEach(elbstub.ListListeners, func(int) elbstub.Fault {
			return elbstub.Reply(200,
				`[{"id":"`+l.listener+`","name":null,"protocol":null,"port":"443","certificate_id":"`+l.other+`"}]`)
		})
		l.plan("nothing")
		if port := l.state.Values["port"]; port != int64(443) {
			t.Errorf("the port is %v", port)
		}
	})
}

// TestThrottledSwitchBlamesNoCertificate: another process has created the certificate after this
// one has listed. A refusal for another reason is not explained by that list.
func TestThrottledSwitchBlamesNoCertificate(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]elbstub.Fault{
		"429": elbstub.Reply(429, `{"error_code":"APIGW.0308","error_msg":"throttled"}`),
		"403": elbstub.Reply(403, `{"error":{"message":"denied","code":"ELB.9803"}}`),
		"401": elbstub.Reply(401, `{"error_code":"APIGW.0301","error_msg":"token"}`),
		"503": elbstub.Reply(503, `{"error":{"message":"busy","code":"ELB.5141"}}`),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				l := newManagedListener(t)
				server := inMemory(t, l.cloud, l.network, nil)
				_, diagnostics := server.ReadDataSource("elbaas_certificates", acctest.Values{})
				l.noDiagnostics("read", diagnostics)
				late := add(l.cloud, "late", NewPair())
				l.config["certificate_id"], l.state.Values["fallback_certificate_id"] = late, late
				l.cloud.ScriptEach(elbstub.ModifyListener, func(int) elbstub.Fault { return fault })
				_, created := l.create(server.Listeners())
				_, destroyed := server.Listeners().Destroy(l.state)
				for _, said := range []string{textOf(created), textOf(destroyed)} {
					if !strings.Contains(said, "Unable to switch listener") ||
						strings.Contains(said, "has no certificate") || strings.Contains(said, "takes the fallback") {
						t.Errorf("it says %s", said)
					}
				}
			})
		})
	}
}

// TestListenerThatOnlyTheListShows: a GET of a listener returns 404, but the list has it. The error
// does not blame the endpoint.
func TestListenerThatOnlyTheListShows(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newListenerRuns(t)
		l.cloud.ScriptEach(elbstub.ShowListener, func(int) elbstub.Fault { return elbstub.Reply(404, "") })
		_, diagnostics := l.create(l.process())
		wantError(t, diagnostics, "listener_id", "although the list of the project has the listener")
		wantListenerRemedy(t, diagnostics)
	})
}

// TestCertificateOfTwoProjects: if a cloud shows a certificate in several projects, it counts as
// one of the listener's project.
func TestCertificateOfTwoProjects(t *testing.T) {
	t.Parallel()
	for range 10 {
		synctest.Test(t, func(t *testing.T) {
			l := newListenerRuns(t)
			list := `{"certificates":[{"id":"` + l.other +
				`","name":"","description":"","certificate":""}],"instance_num":"1"}`
			l.cloud.ScriptEach(elbstub.ListCertificates, func(int) elbstub.Fault { return elbstub.Reply(200, list) })
			server := inMemory(t, l.cloud, l.network, nil)
			for _, project := range []string{OtherProjectID, ProjectID} {
				_, diagnostics := server.ReadDataSource("elbaas_certificates", acctest.Values{"project_id": project})
				l.noDiagnostics("read", diagnostics)
			}
			_, diagnostics := l.create(server.Listeners())
			l.noDiagnostics("create", diagnostics)
		})
	}
}

// TestDefaultTimeouts: each operation ends after its timeout. An update takes it from the configuration.
func TestDefaultTimeouts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newManagedListener(t)
		l.config["fallback_certificate_id"] = l.old
		l.apply("update")
		pair := NewPair()
		cloud, network := NewCloudInMemory(t)
		c := &runs{t: t, cloud: cloud, network: network, config: acctest.Values{
			"certificate": pair.Certificate, "private_key": pair.PrivateKey,
		}}
		c.apply("create")
		time.Sleep(time.Minute)
		for _, row := range []struct {
			*runs
			attribute, value string // the change
			read, write      time.Duration
		}{
			{l.runs, "certificate_id", strings.Repeat("c", 32), 5 * time.Minute, 5 * time.Minute},
			{c, "name", "new", 5 * time.Minute, 10 * time.Minute},
		} {
			for _, operation := range []elbstub.Operation{
				elbstub.ShowListener, elbstub.ListListeners, elbstub.ModifyListener, elbstub.ListCertificates,
				elbstub.ModifyCertificate, elbstub.DeleteCertificate,
			} {
				row.cloud.ScriptEach(operation, func(int) elbstub.Fault { return elbstub.Throttle("30") })
			}
			ends := func(doing string, want time.Duration, do func(*acctest.Server) acctest.Diagnostics) {
				t.Helper()
				server, started := row.process(), time.Now()
				diagnostics := do(server)
				if took := time.Since(started).Round(time.Second); !diagnostics.HasError() || took != want {
					t.Errorf("%s: the %s ends after %s, want %s", row.attribute, doing, took, want)
				}
			}
			apply := func(prior *acctest.State, config acctest.Values) func(*acctest.Server) acctest.Diagnostics {
				return func(s *acctest.Server) acctest.Diagnostics {
					_, diagnostics := s.Apply(mustPlan(t, s, prior, config))
					return diagnostics
				}
			}
			changed := maps.Clone(row.config)
			changed[row.attribute] = row.value
			ends("creation", row.write, apply(nil, row.config))
			ends("read", row.read, func(s *acctest.Server) acctest.Diagnostics {
				_, diagnostics := s.Read(row.state)
				return diagnostics
			})
			ends("update", row.write, apply(row.state, changed))
			changed["timeouts"] = acctest.Values{"update": "7m"}
			ends("update with a timeout", 7*time.Minute, apply(row.state, changed))
			ends("deletion", row.write, func(s *acctest.Server) acctest.Diagnostics {
				_, diagnostics := s.Destroy(row.state)
				return diagnostics
			})
		}
	})
}

// TestTinyTimeouts: with a timeout that is far too short, nothing is lost, and the next run
// succeeds.
func TestTinyTimeouts(t *testing.T) {
	t.Parallel()
	const isNotShown = "the API accepted the change, but does not show it yet"
	for timeout, want := range map[string]string{
		"0s": "The operation timed out.", "1ns": isNotShown, "1ms": isNotShown,
	} {
		t.Run(timeout, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				l := newListenerRuns(t)
				slow := func(operation elbstub.Operation) {
					l.cloud.ScriptEach(operation, func(int) elbstub.Fault { return elbstub.Accept(time.Second) })
				}
				slow(elbstub.ModifyListener)
				l.config["timeouts"] = acctest.Values{
					"create": timeout,
					"read":   timeout,
					"update": timeout,
					"delete": timeout,
				}
				state, diagnostics := l.create(l.process())
				wantError(t, diagnostics, "", want)
				if state != nil {
					t.Errorf("the state has %v", state.Values)
				}
				time.Sleep(time.Minute)
				delete(l.config, "timeouts")
				l.apply("create")
				l.plan("nothing")
			})
		})
	}
}
