package provider_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/elbaas/terraform-provider-elbaas/internal/acctest"
	"github.com/elbaas/terraform-provider-elbaas/internal/elbstub"
)

// runs are several runs of Terraform with the same state, one after another. Each has its own
// process of the provider, which knows nothing of the earlier ones except what is in the state,
// including its private part.
type runs struct {
	t       *testing.T
	cloud   *Cloud
	network *elbstub.Network
	config  acctest.Values
	state   *acctest.State
	// ofListener says that the resource is an elbaas_listener_certificate.
	ofListener bool
}

// process starts a process of the provider.
func (r *runs) process() *acctest.Server {
	r.t.Helper()
	server := inMemory(r.t, r.cloud, r.network, nil)
	if r.ofListener {
		return server.Listeners()
	}
	return server
}

// refresh starts a process, reads the state, and plans. does is what the plan does: create,
// replace, update or nothing.
func (r *runs) refresh() (server *acctest.Server, plan acctest.Plan, does string) {
	r.t.Helper()
	server = r.process()
	var diagnostics acctest.Diagnostics
	if r.state != nil {
		r.state, diagnostics = server.Read(r.state)
		r.noDiagnostics("read", diagnostics)
	}
	plan, diagnostics = server.Plan(r.state, r.config)
	r.noDiagnostics("plan", diagnostics)
	switch {
	case r.state == nil:
		return server, plan, "create"
	case len(plan.Replace) > 0:
		return server, plan, "replace"
	case !reflect.DeepEqual(plan.Values, r.state.Values):
		return server, plan, "update"
	}
	return server, plan, "nothing"
}

// plan fails unless the plan does what is wanted.
func (r *runs) plan(want string) {
	r.t.Helper()
	if _, _, does := r.refresh(); does != want {
		r.t.Errorf("the plan does %s, want %s", does, want)
	}
}

// apply fails unless the plan does what is wanted, and applies it.
func (r *runs) apply(want string) {
	r.t.Helper()
	server, plan, does := r.refresh()
	if does != want {
		r.t.Errorf("the apply does %s, want %s", does, want)
	}
	if does != "nothing" {
		r.carryOut(server, plan)
	}
	if !r.ofListener {
		r.cloud.Only(r.t)
	}
}

// replace does what terraform apply -replace=… does.
func (r *runs) replace() {
	r.t.Helper()
	server, _, does := r.refresh()
	if does != "nothing" {
		r.t.Errorf("besides the replacement, the plan does %s", does)
	}
	plan, diagnostics := server.Plan(nil, r.config)
	r.noDiagnostics("plan", diagnostics)
	_, diagnostics = server.Destroy(r.state)
	r.noDiagnostics("destroy", diagnostics)
	r.carryOut(server, plan)
	r.cloud.Only(r.t)
}

func (r *runs) rename(name string) {
	r.t.Helper()
	r.config["name"] = name
	r.apply("update")
}

func (r *runs) carryOut(server *acctest.Server, plan acctest.Plan) {
	r.t.Helper()
	var diagnostics acctest.Diagnostics
	r.state, diagnostics = server.Apply(plan)
	r.noDiagnostics("apply", diagnostics)
}

// noDiagnostics ends the test with the first diagnostic, if there is any.
func (r *runs) noDiagnostics(doing string, diagnostics acctest.Diagnostics) {
	r.t.Helper()
	for _, d := range diagnostics {
		r.t.Fatalf("%s: %s: %s", doing, d.Summary, d.Detail)
	}
}

// lagging makes every list of certificates lag.
func lagging(cloud *Cloud, by time.Duration) {
	cloud.ScriptEach(elbstub.ListCertificates, func(int) elbstub.Fault { return elbstub.See(elbstub.View{Lag: by}) })
}

// TestNextRunWhileListsLag: each run starts immediately after the previous one, and its lists do
// not show yet what that one has written. It knows of the write from the private state, and plans
// nothing.
func TestNextRunWhileListsLag(t *testing.T) {
	t.Parallel()
	replicas := func(seed uint64) func(*elbstub.Options) {
		return func(o *elbstub.Options) { o.ListLag, o.Seed = 5*time.Second, seed }
	}
	clouds := map[string]func(*elbstub.Options){
		"each list lags":                nil,
		"each list lags, 202 for a PUT": func(o *elbstub.Options) { o.Dialect.Modify = elbstub.ModifyAccepted },
		"replicas, 1":                   replicas(1),
		"replicas, 2":                   replicas(2),
		"replicas, 3":                   replicas(3),
	}
	for name, work := range map[string]func(*runs){
		"apply, plan": func(r *runs) {
			r.apply("create")
			r.plan("nothing")
		},
		"apply, apply": func(r *runs) {
			r.apply("create")
			r.apply("nothing")
		},
		"apply -replace, apply": func(r *runs) {
			r.apply("create")
			time.Sleep(time.Minute)
			r.replace()
			r.apply("nothing")
			r.plan("nothing")
		},
		"apply, apply -replace, plan": func(r *runs) {
			r.apply("create")
			r.replace()
			r.plan("nothing")
		},
		"rename, plan": func(r *runs) {
			r.apply("create")
			time.Sleep(time.Minute)
			r.rename("new")
			r.plan("nothing")
			r.apply("nothing")
		},
		"apply, rename, rename, plan": func(r *runs) {
			r.apply("create")
			r.rename("new")
			r.rename("old")
			r.plan("nothing")
		},
	} {
		for kind, option := range clouds {
			t.Run(name+"/"+kind, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					cloud, network := NewCloudInMemory(t, func(o *elbstub.Options) {
						if option != nil {
							option(o)
						}
					})
					if !strings.HasPrefix(kind, "replicas") {
						lagging(cloud, 4900*time.Millisecond)
					}
					pair := NewPair()
					work(&runs{t: t, cloud: cloud, network: network, config: acctest.Values{
						"name": "old", "certificate": pair.Certificate, "private_key": pair.PrivateKey,
					}})
				})
			})
		}
	}
}

// TestPlanRightAfterApplyIsCheap: in a plan immediately after an apply, all certificates wait for the same
// lists, at most one a second, and for no longer than lists may lag.
func TestPlanRightAfterApplyIsCheap(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud, network := NewCloudInMemory(t)
		lagging(cloud, 4900*time.Millisecond)
		f := newFleet(t, cloud, 60)
		f.start = func(config acctest.Values) *acctest.Server { return inMemory(t, cloud, network, config) }
		f.apply()
		started, count := time.Now(), countCalls(cloud)
		f.refresh()
		if took := time.Since(started); took > 6*time.Second {
			t.Errorf("the plan took %s", took)
		}
		if posts, puts, deletes, lists := count(); posts+puts+deletes > 0 || lists < 2 || lists > 7 {
			t.Errorf("the plan made %d lists, and %d writes", lists, posts+puts+deletes)
		}
	})
}

// TestPrivateStates: whatever the private state says about the last write, an existing certificate
// is read with one list, a renamed one keeps its new name, and a deleted one is gone.
func TestPrivateStates(t *testing.T) {
	t.Parallel()
	text := func(value string) func() map[string][]byte {
		return func() map[string][]byte { return map[string][]byte{"last_write": []byte(value)} }
	}
	at := func(ahead time.Duration) func() map[string][]byte {
		return func() map[string][]byte {
			return text(time.Now().Add(ahead).UTC().Format(`"` + time.RFC3339Nano + `"`))()
		}
	}
	for name, row := range map[string]struct {
		private func() map[string][]byte
		waits   time.Duration // how long a list that may lag is not believed
	}{
		"none": {private: func() map[string][]byte { return nil }},
		"of another key": {
			private: func() map[string][]byte { return map[string][]byte{"other": []byte("1")} },
		},
		"a minute old":            {private: at(-time.Minute)},
		"three seconds old":       {private: at(-3 * time.Second), waits: 2 * time.Second},
		"two seconds ahead":       {private: at(2 * time.Second), waits: 5 * time.Second},
		"an hour ahead":           {private: at(time.Hour)},
		"a number":                {private: text("5")},
		"null":                    {private: text("null")},
		"an object":               {private: text(`{"at":"2016-06-27T08:14:42Z"}`)},
		"an empty text":           {private: text(`""`)},
		"a text that is no time":  {private: text(`"yesterday"`)},
		"a time that is none":     {private: text(`"2016-13-45T25:61:61Z"`)},
		"the beginning of time":   {private: text(`"0001-01-01T00:00:00Z"`)},
		"the end of the calendar": {private: text(`"9999-12-31T23:59:59Z"`)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				cloud, network := NewCloudInMemory(t)
				pair := NewPair()
				r := &runs{t: t, cloud: cloud, network: network, config: acctest.Values{
					"name": "old", "certificate": pair.Certificate, "private_key": pair.PrivateKey,
				}}
				r.apply("create")
				time.Sleep(time.Minute)

				r.state = r.state.WithPrivate(t, row.private())
				count := countCalls(cloud)
				r.plan("nothing")
				if _, _, _, lists := count(); lists != 1 {
					t.Errorf("%d lists for a certificate that is there", lists)
				}

				r.state = r.state.WithPrivate(t, row.private())
				r.rename("new")
				r.plan("nothing")
				time.Sleep(time.Minute)

				cloud.Remove(cloud.Only(t).ID)
				r.state = r.state.WithPrivate(t, row.private())
				started := time.Now()
				r.plan("create")
				if took := time.Since(started); took < row.waits || took > row.waits+time.Second {
					t.Errorf("that it is gone took %s, want %s", took, row.waits)
				}
			})
		})
	}
}

// TestAccNextRunWhileListsLag does the same with the real CLI, a process of the provider for
// each run, and lists that lag by four and a half seconds.
func TestAccNextRunWhileListsLag(t *testing.T) {
	t.Parallel()
	cloud, cli := NewCloud(t), acctest.NewInstalledCLI(t, "")
	lagging(cloud, 4500*time.Millisecond)
	pair := NewPair()
	configure := func(name string) {
		cli.Configure(cloud.Provider() + Certificate(pair, fmt.Sprintf("name = %q", name)))
	}
	run := func(want string, arguments ...string) {
		t.Helper()
		if said := cli.Run(arguments...); !strings.Contains(said, want) {
			t.Errorf("%s: want %q: %s", strings.Join(arguments, " "), want, said)
		}
		cloud.Only(t)
	}
	const nothing = "No changes."
	configure("old")
	run("1 added, 0 changed, 0 destroyed", "apply", "-auto-approve")
	run(nothing, "plan")
	run("1 added, 0 changed, 1 destroyed", "apply", "-auto-approve", "-replace="+address)
	run(nothing, "apply", "-auto-approve")
	configure("new")
	run("0 added, 1 changed, 0 destroyed", "apply", "-auto-approve")
	run(nothing, "plan")
}

// TestCreatedButNotListed: a certificate that is not in the list after its creation is in the state. The warning does
// not say that something has deleted it.
func TestCreatedButNotListed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud, network := NewCloudInMemory(t)
		cloud.Script(elbstub.CreateCertificate, 1, elbstub.Cut(80))
		cloud.ScriptEach(elbstub.ListCertificates, func(int) elbstub.Fault {
			return elbstub.Reply(200, `{"certificates":[],"instance_num":"0"}`)
		})
		state, diagnostics := create(t, inMemory(t, cloud, network, nil), configOf(NewPair(), "www"))
		want := "was created, but not read back\nThe list of the project does not show it yet.\n\nThe next plan"
		text := textOf(diagnostics)
		if state == nil || diagnostics.HasError() || len(diagnostics) != 1 || !strings.Contains(text, want) {
			t.Errorf("it says %s", text)
		}
	})
}
