package provider_test

import (
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/elbaas/terraform-provider-elbaas/internal/acctest"
	"github.com/elbaas/terraform-provider-elbaas/internal/elbstub"
	"github.com/elbaas/terraform-provider-elbaas/internal/provider"
)

// A fleet is many certificates in one configuration, on which Terraform works ten at a time. Each walk has its own
// provider.
type fleet struct {
	t       *testing.T
	cloud   *Cloud
	configs []acctest.Values
	states  []*acctest.State
	// start starts a provider.
	start func(config acctest.Values) *acctest.Server
}

func newFleet(t *testing.T, cloud *Cloud, size int) *fleet {
	t.Helper()
	pair := NewPair()
	f := &fleet{t: t, cloud: cloud, states: make([]*acctest.State, size)}
	f.start = func(config acctest.Values) *acctest.Server {
		return acctest.NewServer(t, provider.New("test", nil)(), config)
	}
	for i := range size {
		f.configs = append(f.configs,
			acctest.Values{
				"name":        fmt.Sprintf("n%03d", i),
				"certificate": pair.Certificate,
				"private_key": pair.PrivateKey,
			})
	}
	return f
}

// walk calls work for each certificate, ten at a time.
func (f *fleet) walk(work func(server *acctest.Server, i int)) {
	f.t.Helper()
	f.walkWith(f.cloud.Configuration(), work)
}

func (f *fleet) walkWith(config acctest.Values, work func(server *acctest.Server, i int)) {
	f.t.Helper()
	server := f.start(config)
	queue := make(chan int)
	var workers sync.WaitGroup
	for range 10 {
		workers.Go(func() {
			for i := range queue {
				work(server, i)
			}
		})
	}
	for i := range f.configs {
		queue <- i
	}
	close(queue)
	workers.Wait()
}

func (f *fleet) refresh() {
	f.t.Helper()
	f.walk(func(server *acctest.Server, i int) {
		state, diagnostics := server.Read(f.states[i])
		if state == nil || len(diagnostics) > 0 {
			f.t.Errorf("certificate %d: %v, %v", i, state, diagnostics)
		}
		f.states[i] = state
	})
}

func (f *fleet) apply() {
	f.t.Helper()
	f.walk(func(server *acctest.Server, i int) {
		plan, diagnostics := server.Plan(f.states[i], f.configs[i])
		if len(diagnostics) == 0 {
			f.states[i], diagnostics = server.Apply(plan)
		}
		for _, d := range diagnostics {
			f.t.Errorf("certificate %d: %s: %s", i, d.Summary, d.Detail)
		}
	})
}

func (f *fleet) destroy() {
	f.t.Helper()
	f.walk(func(server *acctest.Server, i int) {
		if _, diagnostics := server.Destroy(f.states[i]); len(diagnostics) > 0 {
			f.t.Errorf("certificate %d: %s", i, diagnostics[0].Detail)
		}
	})
}

// TestCallsOfManyCertificates counts the calls in the life of many certificates: one list whenever they are read, and
// one call for each write.
func TestCallsOfManyCertificates(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) { // in real time, a slow machine may exceed the list TTL
		const size = 60
		cloud, network := NewCloudInMemory(t,
			func(o *elbstub.Options) { o.Dialect, o.Quota = elbstub.Dialect{}, size })
		inNetwork := func(f *fleet) *fleet {
			f.start = func(config acctest.Values) *acctest.Server { return inMemory(t, cloud, network, config) }
			return f
		}
		f := inNetwork(newFleet(t, cloud, size))
		check := func(doing string, want [4]int, do ...func()) {
			t.Helper()
			count := countCalls(cloud)
			for _, do := range do {
				do()
			}
			posts, puts, deletes, lists := count()
			if got := [4]int{posts, puts, deletes, lists}; got != want {
				t.Errorf(
					"%s: %d posts, %d puts, %d deletes, %d lists; want %v", doing, posts, puts, deletes, lists, want,
				)
			}
		}

		check("create", [4]int{size, 0, 0, 1}, f.apply)
		check("plan", [4]int{0, 0, 0, 1}, f.refresh)
		plan := cloud.Journal(elbstub.ListCertificates)
		received := plan[len(plan)-1].Sent
		for _, config := range f.configs {
			config["name"] = "r" + config["name"].(string)
		}
		check("rename", [4]int{0, size, 0, 1}, f.refresh, f.apply)
		check("destroy", [4]int{0, 0, size, 1}, f.refresh, f.destroy)

		single := inNetwork(newFleet(t, cloud, 1))
		single.apply()
		single.refresh()
		lists := cloud.Journal(elbstub.ListCertificates)
		if one := lists[len(lists)-1].Sent; received > size*one {
			t.Errorf("a plan of %d certificates received %d bytes, of one %d", size, received, one)
		}
	})
}

// TestReadBacksShareLists: if the response to a change has no certificate, it is read back, and many read-backs share
// one list.
func TestReadBacksShareLists(t *testing.T) {
	t.Parallel()
	const size = 60
	cloud := NewCloud(t,
		func(o *elbstub.Options) { o.Dialect = elbstub.Dialect{Modify: elbstub.ModifyNoContent} })
	f := newFleet(t, cloud, size)
	f.apply()
	for _, config := range f.configs {
		config["description"] = "changed"
	}
	count := countCalls(cloud)
	f.refresh()
	f.apply()
	if _, puts, _, lists := count(); puts != size || lists > size/2 {
		t.Errorf("%d puts and %d lists for %d certificates", puts, lists, size)
	}
}

// TestProjectsAreReadByThemselves: each project has its own list, with only its own certificates.
func TestProjectsAreReadByThemselves(t *testing.T) {
	t.Parallel()
	cloud := NewCloud(t)
	first := newFleet(t, cloud, 20)
	first.apply()
	both := newFleet(t, cloud, 40)
	copy(both.states, first.states)
	for i := range 20 {
		id := cloud.Add(elbstub.Certificate{
			ProjectID:   OtherProjectID,
			Name:        "other",
			Certificate: first.configs[0]["certificate"].(string),
		})
		both.states[20+i] = &acctest.State{Values: acctest.Values{"project_id": OtherProjectID, "id": id}}
	}
	count := countCalls(cloud)
	both.walkWith(acctest.Values{
		"endpoint": cloud.Endpoint, "project_id": ProjectID, "region": Region,
		"access_key": AccessKey, "secret_key": SecretKey,
	}, func(server *acctest.Server, i int) {
		if state, diagnostics := server.Read(both.states[i]); state == nil || len(diagnostics) > 0 {
			t.Errorf("certificate %d: %v, %v", i, state, diagnostics)
		}
	})
	if _, _, _, lists := count(); lists != 2 {
		t.Errorf("%d lists for two projects", lists)
	}
}

// TestFailingListIsTriedOnce: a failing list is tried once for all certificates, and the error of each says why.
func TestFailingListIsTriedOnce(t *testing.T) {
	t.Parallel()
	cloud := NewCloud(t)
	f := newFleet(t, cloud, 50)
	f.apply()
	for range 100 {
		cloud.Script(elbstub.ListCertificates, 1,
			elbstub.Reply(http.StatusServiceUnavailable, `{"error":{"message":"closed for today","code":"ELB.9999"}}`))
	}
	count := countCalls(cloud)
	f.walkWith(acctest.Values{
		"endpoint":    cloud.Endpoint,
		"project_id":  ProjectID,
		"token":       Token,
		"max_retries": 1,
	}, func(server *acctest.Server, i int) {
		state, diagnostics := server.Read(f.states[i])
		if state == nil || !diagnostics.HasError() || !strings.Contains(diagnostics[0].Detail, "losed for today") {
			t.Errorf("certificate %d: %v, %v", i, state, diagnostics)
		}
	})
	if _, _, _, lists := count(); lists != 2 {
		t.Errorf("%d lists, want one and a retry", lists)
	}
}

// TestReadTimeoutThatIsTooShort: a read takes its timeout from the state, so a longer timeout has no effect before it
// is applied. The error says how to do that, and it works.
func TestReadTimeoutThatIsTooShort(t *testing.T) {
	t.Parallel()
	for _, timeout := range []string{"0s", "-1s", "1ns"} {
		cloud := NewCloud(t)
		server := cloud.Server(t, provider.New("test", nil)())
		pair := NewPair()
		config := acctest.Values{
			"certificate": pair.Certificate,
			"private_key": pair.PrivateKey,
			"timeouts":    acctest.Values{"read": timeout},
		}
		state := mustApply(t, server, nil, config)
		server = cloud.Server(t, provider.New("test", nil)()) // another run, because this one knows the certificate
		ended := make(chan struct{})
		cloud.Script(elbstub.ListCertificates, 1, func(next elbstub.Next) elbstub.Response {
			<-ended // a list that arrives earlier would count
			return next()
		})
		left, diagnostics := server.Read(state)
		close(ended)
		wantError(t, diagnostics, "", "with -refresh=false")
		if left == nil {
			t.Errorf("%s: it is taken for gone", timeout)
		}

		config["timeouts"] = acctest.Values{"read": "1m"}
		state = mustApply(t, server, state, config) // as with -refresh=false
		server = cloud.Server(t, provider.New("test", nil)())
		state = mustRead(t, server, state)
		if plan, _ := server.Plan(state, config); !reflect.DeepEqual(plan.Values, state.Values) {
			t.Errorf("%s: the next plan is %v, want %v", timeout, plan.Values, state.Values)
		}
	}
}
