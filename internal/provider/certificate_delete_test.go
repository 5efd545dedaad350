package provider_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/elbaas/terraform-provider-elbaas/internal/acctest"
	"github.com/elbaas/terraform-provider-elbaas/internal/elbstub"
)

// A deletion is a certificate that a listener holds, and a process of the provider that is about to
// delete it.
type deletion struct {
	cloud    *Cloud
	server   *acctest.Server
	state    *acctest.State
	listener string
}

// newDeletion creates a certificate with a delete timeout, and a listener that holds it, both of
// them no longer new.
func newDeletion(t *testing.T, timeout string, options ...func(*elbstub.Options)) deletion {
	t.Helper()
	cloud, network := NewCloudInMemory(t, options...)
	pair := NewPair()
	r := &runs{t: t, cloud: cloud, network: network, config: acctest.Values{
		"name": "www", "certificate": pair.Certificate, "private_key": pair.PrivateKey,
		"timeouts": acctest.Values{"delete": timeout},
	}}
	r.apply("create")
	listener := elbstub.Listener{ProjectID: ProjectID, Name: "https-443", CertificateID: cloud.Only(t).ID}
	d := deletion{cloud: cloud, state: r.state, listener: cloud.AddListener(listener)}
	time.Sleep(time.Minute)
	d.server, _, _ = r.refresh()
	return d
}

// run deletes the certificate. It returns the text of the diagnostics, and how long the deletion
// took.
func (d deletion) run(t *testing.T) (said string, took time.Duration) {
	t.Helper()
	started := time.Now()
	left, diagnostics := d.server.Destroy(d.state)
	for _, diagnostic := range diagnostics {
		said += diagnostic.Summary + "\n" + diagnostic.Detail + "\n"
	}
	there := len(d.cloud.Certificates(ProjectID)) > 0
	if failed := diagnostics.HasError(); failed != there || failed != (left != nil) {
		t.Errorf("there: %t, in the state: %t, after: %s", there, left != nil, said)
	}
	return said, time.Since(started)
}

// inUse are the ways in which a cloud may refuse to delete a certificate that a listener holds.
var inUse = map[string]elbstub.Refusal{
	"400 and ELB.5002 (reference, assumed)":             elbstub.InUse5002,
	"409 (reference, of newer versions)":                elbstub.InUse409,
	"400 and another code (assumed)":                    elbstub.InUse1001,
	"400 and words (seed, assumed)":                     elbstub.InUseWords,
	"403 and a code that is none of policies (assumed)": elbstub.InUse403,
	"500 authFault (seed, assumed)":                     elbstub.InUse500,
	"400 and a page (assumed)":                          elbstub.InUsePage,
}

func refusing(text elbstub.Refusal) func(*elbstub.Options) {
	return func(o *elbstub.Options) { o.Dialect.InUse = []elbstub.Refusal{text} }
}

// TestDeletionOfWhatIsInUse: whatever the refusal says, the deletion is retried until the listener
// lets go, or until the delete timeout. Then the error names the listener.
func TestDeletionOfWhatIsInUse(t *testing.T) {
	t.Parallel()
	for name, text := range inUse {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				d := newDeletion(t, "30s", refusing(text))
				said, took := d.run(t)
				for _, part := range []string{
					`Unable to delete certificate "` + d.cloud.Only(t).ID, "the certificate is in use",
					"It is used by:\n  - listener \"https-443\" (ID " + d.listener,
					"Switch the listener to another certificate first",
				} {
					if !strings.Contains(said, part) {
						t.Errorf("it does not say %q: %s", part, said)
					}
				}
				if took < 29*time.Second || took > 31*time.Second {
					t.Errorf("the timeout of 30 seconds came after %s", took)
				}

				time.AfterFunc(10*time.Second, func() { d.cloud.Remove(d.listener) })
				if said, _ := d.run(t); said != "" {
					t.Errorf("after the listener let go: %s", said)
				}
			})
		})
	}
}

// TestDeletionRightAfterASwitch: the backend of deletions learns up to five seconds late that a
// listener has another certificate, while lists of listeners show it immediately.
func TestDeletionRightAfterASwitch(t *testing.T) {
	t.Parallel()
	for name, text := range inUse {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				d := newDeletion(t, "1m", refusing(text), func(o *elbstub.Options) { o.HoldLag = 5 * time.Second })
				d.cloud.ChangeListener(d.listener, func(l *elbstub.Listener) { l.CertificateID = "" })
				if said, took := d.run(t); said != "" || took > 10*time.Second {
					t.Errorf("after %s it says: %s", took, said)
				}
			})
		})
	}
}

// TestDeletionWhileListenersFail: the delete timeout also limits the lists of listeners. If a later
// list fails, the error still names the listener that an earlier one showed.
func TestDeletionWhileListenersFail(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]elbstub.Fault{
		"throttled":       elbstub.Throttle("60"),
		"throttled often": elbstub.Throttle(""),
		"slow":            elbstub.Slow(50 * time.Second),
		"unavailable":     elbstub.Reply(503, ""),
		"forbidden":       elbstub.Reply(403, `{"error":{"message":"no","code":"ELB.9803"}}`),
		"no list":         elbstub.Reply(200, `{"listeners":[]}`),
		"cut":             elbstub.Cut(10),
	} {
		for _, refusal := range []string{"400 and ELB.5002 (reference, assumed)", "400 and another code (assumed)"} {
			t.Run(name+"/"+refusal, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					d := newDeletion(t, "4s", refusing(inUse[refusal]))
					d.cloud.ScriptEach(elbstub.ListListeners, func(nth int) elbstub.Fault {
						if nth == 1 {
							return nil
						}
						return fault
					})
					said, took := d.run(t)
					if !strings.Contains(said, `listener "https-443" (ID `+d.listener) {
						t.Errorf("it does not name the listener: %s", said)
					}
					if took < 3*time.Second || took > 4*time.Second+100*time.Millisecond {
						t.Errorf("the timeout of four seconds came after %s", took)
					}
					deletes := len(d.cloud.Journal(elbstub.DeleteCertificate))
					time.Sleep(time.Minute)
					if len(d.cloud.Journal(elbstub.DeleteCertificate)) != deletes {
						t.Error("a DELETE was sent after the timeout")
					}
				})
			})
		}
	}
}

// TestDeletionThatNobodyCanExplain: if the listeners cannot be listed at all, the error says so,
// within the delete timeout.
func TestDeletionThatNobodyCanExplain(t *testing.T) {
	t.Parallel()
	faults := map[string]elbstub.Fault{
		"throttled": elbstub.Throttle("60"),
		"slow":      elbstub.Slow(50 * time.Second),
		"forbidden": elbstub.Reply(403, `{"error":{"message":"no","code":"ELB.9803"}}`),
	}
	for refusal, parts := range map[string][]string{
		"400 and ELB.5002 (reference, assumed)": {
			"code ELB.5002", "the certificate is in use", "It is not known which listener uses the certificate",
		},
		"400 and another code (assumed)": {
			"code ELB.1001", "it is not known whether a listener uses the certificate",
		},
	} {
		for name, fault := range faults {
			t.Run(refusal+"/"+name, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					d := newDeletion(t, "4s", refusing(inUse[refusal]))
					d.cloud.ScriptEach(elbstub.ListListeners, func(int) elbstub.Fault { return fault })
					said, took := d.run(t)
					for _, part := range parts {
						if !strings.Contains(said, part) {
							t.Errorf("it does not say %q: %s", part, said)
						}
					}
					if took > 4*time.Second+100*time.Millisecond {
						t.Errorf("the timeout of four seconds came after %s", took)
					}
				})
			})
		}
	}
}

// TestDeletionThatAPolicyForbids: a deletion that a policy forbids is reported immediately, and as
// such, even while a listener holds the certificate.
func TestDeletionThatAPolicyForbids(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newDeletion(t, "10m", refusing(elbstub.InUsePolicy))
		said, took := d.run(t)
		if !strings.Contains(said, "code ELB.9803") ||
			!strings.Contains(said, "These credentials are not allowed to do this") ||
			strings.Contains(said, "in use") {
			t.Errorf("it says %s", said)
		}
		if deletes := len(d.cloud.Journal(elbstub.DeleteCertificate)); deletes != 1 || took > time.Second {
			t.Errorf("%d DELETEs, and an error after %s", deletes, took)
		}
		if lists := len(d.cloud.Journal(elbstub.ListListeners)); lists != 0 {
			t.Errorf("%d lists of listeners", lists)
		}
		d.cloud.Remove(d.listener)
		if said, _ := d.run(t); said != "" {
			t.Errorf("of what no listener holds: %s", said)
		}
	})
}

// TestDeletionThatIsDenied: a deletion that the token, the account or the policy does not allow is
// reported immediately, whatever the status is, even while a listener holds the certificate.
func TestDeletionThatIsDenied(t *testing.T) {
	t.Parallel()
	for code, status := range map[string]int{
		"ELB.1102": 400, "ELB.1103": 400, "ELB.1104": 400, "ELB.1105": 400,
		"ELB.1109": 403, "ELB.1201": 400, "ELB.1202": 400,
		"ELB.9801": 403, "ELB.9802": 403, "ELB.9803": 400, "ELB.9804": 403,
		"ELB.9805": 403, "ELB.9806": 403, "ELB.9807": 500, "ELB.9899": 403,
		"APIGW.0301": 403, "APIG.0302": 403,
	} {
		t.Run(code, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				d := newDeletion(t, "10m")
				denied := elbstub.Reply(status, `{"error":{"message":"no","code":"`+code+`"}}`)
				d.cloud.ScriptEach(elbstub.DeleteCertificate, func(int) elbstub.Fault { return denied })
				said, took := d.run(t)
				if !strings.Contains(said, "code "+code) || took > time.Second {
					t.Errorf("after %s it says %s", took, said)
				}
				if lists := len(d.cloud.Journal(elbstub.ListListeners)); lists != 0 {
					t.Errorf("%d lists of listeners", lists)
				}
			})
		})
	}
}

// TestLostDeletion: the response to a DELETE is lost, the retry is told that the certificate does
// not exist, and lists still show it for a while.
func TestLostDeletion(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]elbstub.Refusal{
		"404 and ELB.5040 (reference)":                    elbstub.NotFound404,
		"400 and ELB.5040 (reference)":                    elbstub.NotFound400,
		"500 and ELB.5040 (assumed)":                      elbstub.NotFound500,
		"404 and nothing (seed)":                          elbstub.NotFoundBare,
		"404 and words (seed)":                            elbstub.NotFoundWords,
		"404 and ELB.8904 (reference, of newer versions)": elbstub.NotFound8904,
		"404 and a NeutronError (observed, assumed)":      elbstub.NotFoundNeutron,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				d := newDeletion(t, "1m",
					func(o *elbstub.Options) { o.Dialect.NotFound = []elbstub.Refusal{text} })
				d.cloud.Remove(d.listener)
				lagging(d.cloud, 4900*time.Millisecond)
				d.cloud.Script(elbstub.DeleteCertificate, 1, elbstub.Drop())
				if said, took := d.run(t); said != "" || took > 10*time.Second {
					t.Errorf("after %s it says: %s", took, said)
				}
				if deletes := len(d.cloud.Journal(elbstub.DeleteCertificate)); deletes != 2 {
					t.Errorf("%d DELETEs, want the lost one and its retry", deletes)
				}
			})
		})
	}
}
