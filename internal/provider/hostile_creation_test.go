package provider_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/elbaas/terraform-provider-elbaas/internal/acctest"
	"github.com/elbaas/terraform-provider-elbaas/internal/elbstub"
	"github.com/elbaas/terraform-provider-elbaas/internal/throwaway"
)

const (
	createOperation = elbstub.CreateCertificate
	listOperation   = elbstub.ListCertificates
)

// saysMayExist reports whether diagnostics say that a certificate of this name may exist.
func saysMayExist(diagnostics acctest.Diagnostics, name string) bool {
	text := textOf(diagnostics)
	return strings.Contains(strings.ToLower(text), "may exist") &&
		strings.Contains(text, ProjectID) && strings.Contains(text, fmt.Sprintf("%q", name))
}

// wantNamed fails if there is a certificate that is not in the state, did not exist before, and is not named by a
// diagnostic.
func wantNamed(
	t *testing.T, cloud *Cloud, state *acctest.State, diagnostics acctest.Diagnostics,
	name string, before ...string,
) {
	t.Helper()
	text := textOf(diagnostics)
	known := idOf(state) + strings.Join(before, " ") + text
	for _, cert := range cloud.Certificates(ProjectID) {
		if !strings.Contains(known, cert.ID) && !saysMayExist(diagnostics, name) {
			t.Errorf("certificate %s is not in the state %q, and not named: %s", cert.ID, idOf(state), text)
		}
	}
	if state == nil && !diagnostics.HasError() {
		t.Error("there is no certificate in the state, and no error")
	}
}

// postponed closes the connection, and carries the creation out later.
func postponed(by time.Duration) elbstub.Fault {
	return func(next elbstub.Next) elbstub.Response {
		time.AfterFunc(by, func() { next() })
		return elbstub.Refuse()(nil)
	}
}

// TestRefusedThenLost: the response to an earlier attempt says nothing about a later attempt whose response is lost.
func TestRefusedThenLost(t *testing.T) {
	t.Parallel()
	for refused, refuse := range map[string]elbstub.Fault{
		"429":                  elbstub.Throttle(""),
		"429 with Retry-After": elbstub.Throttle("3"),
		"503":                  elbstub.Reply(http.StatusServiceUnavailable, ""),
	} {
		for lost, lose := range map[string]elbstub.Fault{
			"closed":      elbstub.Drop(),
			"timeout":     elbstub.Slow(3 * time.Minute),
			"interrupted": elbstub.Slow(3 * time.Minute),
			"cut":         elbstub.Cut(5),
			"bad gateway": elbstub.ReplyAfter(http.StatusBadGateway, "<html>"),
		} {
			t.Run(refused+", "+lost, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					cloud, network := NewCloudInMemory(t)
					s := inMemory(t, cloud, network, nil)
					cloud.Script(createOperation, 1, refuse)
					cloud.Script(createOperation, 2, func(next elbstub.Next) elbstub.Response {
						if lost == "interrupted" {
							time.AfterFunc(time.Second, s.Stop)
						}
						return lose(next)
					})
					state, diagnostics := create(t, s, acctest.Values{"name": "www"})
					time.Sleep(time.Hour)
					if there := len(cloud.Certificates(ProjectID)); there != 1 {
						t.Errorf("there are %d certificates", there)
					}
					if state == nil && lost != "interrupted" {
						t.Errorf("the certificate was not adopted: %s", textOf(diagnostics))
					}
					wantNamed(t, cloud, state, diagnostics, "www")
				})
			})
		}
	}
}

// TestLostThenRefused: the first response is lost and its request carried out late. The second attempt fails with an
// error that alone would mean that no certificate exists.
func TestLostThenRefused(t *testing.T) {
	t.Parallel()
	reply := func(status int, code string) elbstub.Fault {
		return elbstub.Reply(status, `{"error":{"message":"no","code":"`+code+`"}}`)
	}
	for name, row := range map[string]struct {
		refuse      elbstub.Fault // of all attempts after the first
		timeout     string
		interrupted bool // during the second attempt
		tokens      bool // the identity service no longer issues tokens
	}{
		"policy":                        {refuse: reply(http.StatusForbidden, "ELB.9802")},
		"quota":                         {refuse: reply(http.StatusBadRequest, "ELB.5151")},
		"parameter":                     {refuse: reply(http.StatusBadRequest, "ELB.1001")},
		"token":                         {refuse: reply(http.StatusUnauthorized, "ELB.1102")},
		"no connection":                 {refuse: elbstub.Refuse(), timeout: "30s"},
		"throttled until the timeout":   {refuse: elbstub.Throttle(""), timeout: "30s"},
		"interrupted while throttled":   {refuse: elbstub.Throttle("30"), interrupted: true},
		"no token":                      {tokens: true},
		"interrupted while it has none": {tokens: true, interrupted: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				cloud, network := NewCloudInMemory(t)
				arguments := acctest.Values{"max_retries": 2}
				if row.tokens {
					arguments = acctest.Values{
						"max_retries": 2, "auth_url": cloud.AuthURL, "token": nil,
						"user_name": UserName, "password": Password, "domain_name": Domain,
					}
				}
				s := inMemory(t, cloud, network, arguments)
				cloud.Script(createOperation, 1, postponed(time.Minute))
				for n := range 50 {
					cloud.Script(createOperation, 2+n, func(next elbstub.Next) elbstub.Response {
						if row.interrupted && n == 0 {
							time.AfterFunc(time.Second, s.Stop)
						}
						if !row.tokens {
							return row.refuse(next)
						}
						fault := elbstub.Reply(http.StatusServiceUnavailable, "")
						if row.interrupted {
							fault = elbstub.Slow(50 * time.Second)
						}
						for n := range 50 { // all further requests for a token
							cloud.Script(elbstub.IssueToken, n+1, fault)
						}
						return reply(http.StatusUnauthorized, "ELB.1102")(next)
					})
				}
				config := acctest.Values{"name": "www"}
				if row.timeout != "" {
					config["timeouts"] = acctest.Values{"create": row.timeout}
				}
				state, diagnostics := create(t, s, config)
				time.Sleep(time.Hour)
				if cloud.Only(t); state != nil || !diagnostics.HasError() {
					t.Errorf("state %q: %s", idOf(state), textOf(diagnostics))
				}
				if !saysMayExist(diagnostics, "www") {
					t.Errorf("it does not say that a certificate may exist: %s", textOf(diagnostics))
				}
				if row.interrupted {
					wantInterrupted(t, diagnostics)
				}
			})
		})
	}
}

// TestLateCommits: a gateway responds that its backend has not responded, and the backend carries the creation out
// nevertheless.
func TestLateCommits(t *testing.T) {
	t.Parallel()
	for _, delays := range [][]time.Duration{
		{2 * time.Second},
		{8 * time.Second},
		{20 * time.Second},
		{20 * time.Second, 2 * time.Second},
		{20 * time.Second, 20 * time.Second},
		{2 * time.Minute, 7 * time.Second, time.Second},
	} {
		for how, late := range map[string]func(time.Duration) elbstub.Fault{
			"504":  func(by time.Duration) elbstub.Fault { return elbstub.Late(http.StatusGatewayTimeout, by) },
			"lost": postponed,
		} {
			t.Run(fmt.Sprint(how, delays), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					cloud, network := NewCloudInMemory(t)
					for n, delay := range delays {
						cloud.Script(createOperation, n+1, late(delay))
					}
					state, diagnostics := create(t, inMemory(t, cloud, network, nil), acctest.Values{"name": "www"})
					time.Sleep(time.Hour)
					wantNamed(t, cloud, state, diagnostics, "www")
				})
			})
		}
	}
}

// TestIncompleteListsProveNothing: if lists are incomplete by their own total, nothing is adopted, nothing is sent
// again, and a certificate that may be ours is named.
func TestIncompleteListsProveNothing(t *testing.T) {
	t.Parallel()
	for name, strangers := range map[string]int{"a stranger is hidden": 1, "the new one is hidden": 0} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				cloud, network := NewCloudInMemory(t)
				var before []string
				for range strangers {
					pair := NewPair()
					stranger := elbstub.Certificate{ProjectID: ProjectID, Certificate: pair.Certificate}
					before = append(before, cloud.Add(stranger))
				}
				for n := range 1000 {
					cloud.Script(listOperation, n+1, elbstub.See(elbstub.View{Hidden: 1}))
				}
				cloud.Script(createOperation, 1, elbstub.Drop())
				state, diagnostics := create(t, inMemory(t, cloud, network, nil), acctest.Values{"name": "www"})
				if state != nil || !saysMayExist(diagnostics, "www") {
					t.Errorf("state %q: %s", idOf(state), textOf(diagnostics))
				}
				if posts := len(cloud.Journal(createOperation)); posts != 1 {
					t.Errorf("%d creations were sent", posts)
				}
				there := cloud.Certificates(ProjectID)
				if ours := there[len(there)-1].ID; len(before) > 0 && !strings.Contains(textOf(diagnostics), ours) {
					t.Errorf("certificate %s is not named: %s", ours, textOf(diagnostics))
				}
				wantNamed(t, cloud, state, diagnostics, "www", before...)
			})
		})
	}
}

// createdResponse returns the response to a creation with any certificate.
func createdResponse(t *testing.T, cert elbstub.Certificate) elbstub.Response {
	t.Helper()
	body, err := json.Marshal(map[string]string{
		"id": cert.ID, "tenant_id": ProjectID, "name": cert.Name, "description": cert.Description,
		"certificate": cert.Certificate, "create_time": "2026-01-02 03:04:05", "update_time": "2026-01-02 03:04:05",
	})
	if err != nil {
		t.Fatal(err)
	}
	return elbstub.Reply(http.StatusOK, string(body))(nil)
}

// TestResponseWithAnotherCertificate: the response to a creation has a certificate that the creation did not create. If
// its ID were stored, Terraform would delete it some day.
func TestResponseWithAnotherCertificate(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		unknown   bool // no list has the ID
		committed bool // the creation is carried out
	}{
		"a known ID, nothing is created":    {},
		"a known ID, and it is created":     {committed: true},
		"an unknown ID, nothing is created": {unknown: true},
		"an unknown ID, and it is created":  {unknown: true, committed: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				cloud, network := NewCloudInMemory(t)
				foreign := NewPair()
				other := elbstub.Certificate{
					ProjectID: ProjectID, Name: "other",
					Certificate: foreign.Certificate, PrivateKey: foreign.PrivateKey,
				}
				other.ID = cloud.Add(other)
				cloud.Script(createOperation, 1, func(next elbstub.Next) elbstub.Response {
					if row.committed {
						next()
					}
					shown := other
					if row.unknown {
						shown.ID = strings.Repeat("abcdef01", 4)
					}
					return createdResponse(t, shown)
				})
				state, diagnostics := create(t, inMemory(t, cloud, network, nil), acctest.Values{"name": "www"})
				time.Sleep(time.Minute)
				wantNamed(t, cloud, state, diagnostics, "www", other.ID)
				ours := 0
				for _, cert := range cloud.Certificates(ProjectID) {
					if cert.ID == idOf(state) && cert.Name == "www" {
						ours++
					}
				}
				if state != nil && ours != 1 {
					t.Errorf("the state has %q, which is not ours: %s", idOf(state), textOf(diagnostics))
				}
				if state == nil {
					return
				}
				if left, failed := inMemory(t, cloud, network, nil).Destroy(state); left != nil {
					t.Errorf("not destroyed: %s", textOf(failed))
				}
				if only := cloud.Only(t); only.ID != other.ID {
					t.Errorf("certificate %s is left, want that of somebody else", only.ID)
				}
			})
		})
	}
}

// TestServerThatDeduplicates: the response to a creation has a certificate that existed before and has the same leaf.
func TestServerThatDeduplicates(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"www", "another"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				cloud, network := NewCloudInMemory(t)
				pair := NewPair()
				existing := elbstub.Certificate{
					ProjectID: ProjectID, Name: name,
					Certificate: pair.Certificate, PrivateKey: pair.PrivateKey,
				}
				existing.ID = cloud.Add(existing)
				for n := range 10 {
					cloud.Script(createOperation, n+1,
						func(elbstub.Next) elbstub.Response { return createdResponse(t, existing) })
				}
				state, diagnostics := create(t, inMemory(t, cloud, network, nil), configOf(pair, "www"))
				if state != nil || !diagnostics.HasError() {
					t.Errorf("state %q: %s", idOf(state), textOf(diagnostics))
				}
				if said := textOf(diagnostics); !strings.Contains(said, existing.ID) ||
					!strings.Contains(said, "import") {
					t.Errorf("it does not say what to import: %s", said)
				}
				if posts := len(cloud.Journal(createOperation)); posts != 1 {
					t.Errorf("%d creations were sent", posts)
				}
			})
		})
	}
}

// TestResponseWithLeafAlone: a certificate is ours even if the response lacks its chain. The next plan shows what the
// API has stored.
func TestResponseWithLeafAlone(t *testing.T) {
	t.Parallel()
	for name, keeps := range map[string]bool{"the chain is kept": true, "the chain is lost": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				cloud, network := NewCloudInMemory(t)
				chain := throwaway.NewChain()
				cloud.Script(createOperation, 1, func(next elbstub.Next) elbstub.Response {
					next()
					cert := cloud.Only(t)
					if cert.Certificate = chain.Leaf; !keeps {
						cloud.Change(cert.ID, func(kept *elbstub.Certificate) { kept.Certificate = chain.Leaf })
					}
					return createdResponse(t, cert)
				})
				key := throwaway.KeyForms(chain.Key)["PKCS#8"]
				config := acctest.Values{"name": "www", "certificate": chain.PEM(), "private_key": key}
				state, diagnostics := create(t, inMemory(t, cloud, network, nil), config)
				if idOf(state) != cloud.Only(t).ID || len(diagnostics) == 0 || diagnostics.HasError() {
					t.Fatalf("state %q, want a warning: %s", idOf(state), textOf(diagnostics))
				}
				if posts := len(cloud.Journal(createOperation)); posts != 1 {
					t.Errorf("%d creations were sent", posts)
				}

				time.Sleep(10 * time.Second)
				s := inMemory(t, cloud, network, nil)
				state, diagnostics = s.Read(state)
				if diagnostics.HasError() {
					t.Fatal(textOf(diagnostics))
				}
				plan, _ := s.Plan(state, config)
				if replaced := strings.Contains(strings.Join(plan.Replace, " "), "certificate"); replaced == keeps {
					t.Errorf("the next plan replaces %v", plan.Replace)
				}
				if keeps && !reflect.DeepEqual(plan.Values, state.Values) {
					t.Errorf("the next plan is not empty: %v", plan.Values)
				}
			})
		})
	}
}

// TestServerThatRewrites: the API stores another text than was sent, and its responses are lost. The stored certificate
// does not equal ours, but must not be created again.
func TestServerThatRewrites(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		config  acctest.Values
		rewrite func(*elbstub.Certificate)
	}{
		"description": {
			acctest.Values{"name": "www", "description": "  of the shop "},
			func(cert *elbstub.Certificate) { cert.Description = strings.TrimSpace(cert.Description) },
		},
		"name": {
			acctest.Values{"name": "WWW"},
			func(cert *elbstub.Certificate) { cert.Name = strings.ToLower(cert.Name) },
		},
		"domain": {
			acctest.Values{"name": "www", "domain": "www.example.com"},
			func(cert *elbstub.Certificate) { cert.Domain = "" },
		},
	} {
		for _, lag := range []time.Duration{0, 3 * time.Second, 7 * time.Second} {
			t.Run(fmt.Sprintf("%s, lists lag %s", name, lag), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					cloud, network := NewCloudInMemory(t)
					for n := range 3 {
						cloud.Script(createOperation, n+1, func(next elbstub.Next) elbstub.Response {
							next()
							there := cloud.Certificates(ProjectID)
							cloud.Change(there[len(there)-1].ID, row.rewrite)
							return elbstub.Refuse()(nil)
						})
					}
					for n := range 1000 {
						cloud.Script(listOperation, n+1, elbstub.See(elbstub.View{Lag: lag}))
					}
					config := acctest.Values{}
					for argument, value := range row.config {
						config[argument] = value
					}
					state, diagnostics := create(t, inMemory(t, cloud, network, nil), config)
					if state != nil || !diagnostics.HasError() {
						t.Errorf("state %q: %s", idOf(state), textOf(diagnostics))
					}
					// Lists may lag by five seconds before a creation is repeated.
					if posts := len(cloud.Journal(createOperation)); posts != 1 && lag < 5*time.Second {
						t.Errorf("%d creations were sent", posts)
					}
					if first := cloud.Certificates(ProjectID)[0].ID; !strings.Contains(textOf(diagnostics),
						first) {
						t.Errorf("certificate %s is not named: %s", first, textOf(diagnostics))
					}
					wantNamed(t, cloud, state, diagnostics, config["name"].(string))
				})
			})
		}
	}
}

// TestInterruptedWhileThrottled: a throttled creation was not carried out, so no certificate may exist.
func TestInterruptedWhileThrottled(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud, network := NewCloudInMemory(t)
		for n := range 10 {
			cloud.Script(createOperation, n+1, elbstub.Throttle("60"))
		}
		s := inMemory(t, cloud, network, nil)
		time.AfterFunc(3*time.Second, s.Stop)
		started := time.Now()
		state, diagnostics := create(t, s, acctest.Values{"name": "www"})
		if took := time.Since(started); took < 3*time.Second || took > 5*time.Second {
			t.Errorf("it ended after %s", took)
		}
		wantInterrupted(t, diagnostics)
		if state != nil || strings.Contains(strings.ToLower(textOf(diagnostics)), "may exist") {
			t.Errorf("state %q, though nothing was done: %s", idOf(state), textOf(diagnostics))
		}
	})
}

// TestInterruptedInTheQueue: a creation that waits for another one with the same leaf ends immediately when it is
// interrupted, although the other one is still waited for.
func TestInterruptedInTheQueue(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud, network := NewCloudInMemory(t)
		s := inMemory(t, cloud, network, nil)
		cloud.Script(createOperation, 1, elbstub.Slow(time.Minute))
		pair := NewPair()
		type result struct {
			state       *acctest.State
			diagnostics acctest.Diagnostics
			at          time.Time
		}
		results := map[string]chan result{"first": make(chan result), "second": make(chan result)}
		for name, done := range results {
			go func() {
				if name == "second" {
					time.Sleep(time.Second)
				}
				state, diagnostics := create(t, s, configOf(pair, name))
				done <- result{state, diagnostics, time.Now()}
			}()
		}
		time.Sleep(3 * time.Second)
		stopped := time.Now()
		s.Stop()
		second := <-results["second"]
		if took := second.at.Sub(stopped); took > 2*time.Second {
			t.Errorf("the second one took %s", took)
		}
		wantInterrupted(t, second.diagnostics)
		if said := textOf(second.diagnostics); strings.Contains(strings.ToLower(said), "may exist") {
			t.Errorf("the second one says %s", said)
		}
		first := <-results["first"]
		if took := first.at.Sub(stopped); took > 10*time.Second {
			t.Errorf("the first one took %s", took)
		}
		wantNamed(t, cloud, first.state, first.diagnostics, "first")
	})
}

// TestInterruptedAtAnyTime interrupts troubled creations at every half second. Each ends within two seconds if nothing
// was sent yet, and otherwise within ten. No certificate is left that nobody knows of.
func TestInterruptedAtAnyTime(t *testing.T) {
	t.Parallel()
	const second = time.Second
	after := func(by time.Duration, fault elbstub.Fault) elbstub.Fault {
		return func(next elbstub.Next) elbstub.Response {
			time.Sleep(by)
			return fault(next)
		}
	}
	for name, row := range map[string]struct {
		posts []elbstub.Fault
		lists elbstub.Fault // all lists but the first
	}{
		"lost, and listed late": {
			posts: []elbstub.Fault{after(second, elbstub.Drop())},
			lists: elbstub.See(elbstub.View{Lag: 4 * second}),
		},
		"lost, not done, done when repeated": {
			posts: []elbstub.Fault{after(second, elbstub.Refuse()), elbstub.Slow(second)},
			lists: after(second/2, func(next elbstub.Next) elbstub.Response { return next() }),
		},
		"no response": {
			posts: []elbstub.Fault{elbstub.Slow(5 * time.Minute)},
			lists: elbstub.See(elbstub.View{}),
		},
		"no response, and lists hang": {
			posts: []elbstub.Fault{elbstub.Slow(5 * time.Minute)},
			lists: elbstub.Slow(50 * second),
		},
		"unavailable, then lost, and lists fail": {
			posts: []elbstub.Fault{elbstub.Reply(http.StatusServiceUnavailable, ""), elbstub.Drop()},
			lists: elbstub.Reply(http.StatusServiceUnavailable, ""),
		},
		"lost, and late": {
			posts: []elbstub.Fault{postponed(9 * second), postponed(9 * second)},
			lists: elbstub.See(elbstub.View{}),
		},
	} {
		for step := range 26 {
			offset := second/4 + time.Duration(step)*second/2
			t.Run(fmt.Sprintf("%s, after %s", name, offset), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					interruptAt(t, offset, row.posts, row.lists)
				})
			})
		}
	}
}

func interruptAt(t *testing.T, offset time.Duration, posts []elbstub.Fault, lists elbstub.Fault) {
	t.Helper()
	cloud, network := NewCloudInMemory(t)
	s := inMemory(t, cloud, network, nil)
	var sent atomic.Int64 // the POSTs
	for n, fault := range posts {
		cloud.Script(createOperation, n+1, func(next elbstub.Next) elbstub.Response {
			sent.Add(1)
			return fault(next)
		})
	}
	cloud.Script(listOperation, 1, elbstub.Slow(700*time.Millisecond))
	for n := range 100 {
		cloud.Script(listOperation, n+2, lists)
	}
	var stopped time.Time
	var before int64 // the POSTs before the interrupt
	stop := time.AfterFunc(offset, func() {
		before, stopped = sent.Load(), time.Now()
		s.Stop()
	})
	state, diagnostics := create(t, s, acctest.Values{"name": "www"})
	if !stop.Stop() {
		limit := 2 * time.Second
		if before > 0 {
			limit = 10 * time.Second
		}
		if took := time.Since(stopped); took > limit {
			t.Errorf("it ended %s after the interrupt, want %s", took, limit)
		}
		if state == nil {
			wantInterrupted(t, diagnostics)
		}
		if now := sent.Load(); now > before {
			t.Errorf("%d creations were sent after the interrupt", now-before)
		}
		if before == 0 && saysMayExist(diagnostics, "www") {
			t.Errorf("nothing was sent, but it says %s", textOf(diagnostics))
		}
	}
	time.Sleep(time.Hour)
	wantNamed(t, cloud, state, diagnostics, "www")
}

// TestCreationWithoutCredentials: if the identity service provides no credentials, nothing was sent, and no certificate
// can exist.
func TestCreationWithoutCredentials(t *testing.T) {
	t.Parallel()
	const interruptedAfter = 3 * time.Second
	password := acctest.Values{
		"token": nil, "user_name": UserName, "password": Password, "domain_name": Domain,
	}
	agency := acctest.Values{
		"token": nil, "access_key": AccessKey, "secret_key": SecretKey,
		"project_id":  AgencyProjectID,
		"assume_role": acctest.Values{"agency_name": Agency, "domain_name": AgencyDomain},
	}
	unavailable := elbstub.Reply(http.StatusServiceUnavailable, `{"error":{"message":"closed for today"}}`)
	for credentials, row := range map[string]struct {
		arguments acctest.Values
		issue     elbstub.Operation
	}{
		"token":  {password, elbstub.IssueToken},
		"agency": {agency, elbstub.AssumeAgency},
	} {
		for _, when := range []string{"first", "expired", "refused"} {
			for _, interrupted := range []bool{false, true} {
				if when == "expired" && credentials == "agency" {
					continue // keys of an agency are valid for at least an hour
				}
				t.Run(fmt.Sprintf("%s %s, interrupted %t", when, credentials, interrupted), func(t *testing.T) {
					t.Parallel()
					synctest.Test(t, func(t *testing.T) {
						cloud, network := NewCloudInMemory(t, func(o *elbstub.Options) {
							if when == "expired" {
								o.Identity.TokenLifetime = time.Second
							}
						})
						arguments := acctest.Values{"auth_url": cloud.AuthURL}
						for name, value := range row.arguments {
							arguments[name] = value
						}
						s := inMemory(t, cloud, network, arguments)
						var stopped time.Time
						fail := func() {
							if !interrupted {
								for n := range 50 {
									cloud.Script(row.issue, n+1, unavailable)
								}
								return
							}
							cloud.Script(row.issue, 1, elbstub.Slow(50*time.Second))
							time.AfterFunc(interruptedAfter, func() {
								stopped = time.Now()
								s.Stop()
							})
						}
						posts := 0
						switch when {
						case "first":
							fail()
						case "expired": // during the list before the creation
							cloud.Script(elbstub.ListCertificates, 1, func(next elbstub.Next) elbstub.Response {
								response := next()
								time.Sleep(time.Second)
								fail()
								return response
							})
						case "refused":
							posts = 1 // the response is 401
							cloud.Script(elbstub.CreateCertificate, 1, func(next elbstub.Next) elbstub.Response {
								cloud.Expire()
								fail()
								return next()
							})
						}
						state, diagnostics := create(t, s, acctest.Values{"name": "www"})
						if state != nil || !diagnostics.HasError() {
							t.Errorf("state %q: %s", idOf(state), textOf(diagnostics))
						}
						said := strings.ToLower(textOf(diagnostics))
						for _, wrong := range []string{"may exist", "look for it"} {
							if strings.Contains(said, wrong) {
								t.Errorf("it says %q:\n%s", wrong, said)
							}
						}
						if sent := cloud.Journal(elbstub.CreateCertificate); len(sent) != posts {
							t.Errorf("%d creations were sent, want %d", len(sent), posts)
						}
						if interrupted {
							if took := time.Since(stopped); took > 2*time.Second {
								t.Errorf("it ended %s after the interrupt", took)
							}
							wantInterrupted(t, diagnostics)
						}
					})
				})
			}
		}
	}
}

// TestServerThatStoresSomethingElse: a creation warns if the API has stored another value of an argument. For an
// update, this is an error. The state has what was planned, because Terraform accepts nothing else.
func TestServerThatStoresSomethingElse(t *testing.T) {
	t.Parallel()
	arguments, _ := certificateAttributes(t)
	for _, attribute := range arguments {
		rewrite := func(cert *elbstub.Certificate) {
			_ = json.Unmarshal([]byte(`{"`+attribute+`":"other"}`), cert)
		}
		synctest.Test(t, func(t *testing.T) {
			cloud, network := NewCloudInMemory(t)
			server := inMemory(t, cloud, network, nil)
			rewriting := func(next elbstub.Next) elbstub.Response {
				response := next()
				cloud.Change(cloud.Certificates(ProjectID)[0].ID, rewrite)
				sent := regexp.MustCompile(`"` + attribute + `":"[^"]*"`)
				response.Body = sent.ReplaceAll(response.Body, []byte(`"`+attribute+`":"other"`))
				return response
			}
			says := func(value string, state *acctest.State, diagnostics acctest.Diagnostics) bool {
				said := textOf(diagnostics)
				return state != nil && state.Values[attribute] == value && len(diagnostics) == 1 &&
					strings.Contains(said, "The API stored a different "+attribute) &&
					strings.Contains(said, "sent with the "+attribute+` "`+value+`", but the API stored "other".`)
			}

			cloud.Script(createOperation, 1, rewriting)
			config := acctest.Values{"name": "www", attribute: "first"}
			state, diagnostics := create(t, server, config)
			if diagnostics.HasError() || !says("first", state, diagnostics) {
				t.Errorf("%s: the creation leads to %v and says %s", attribute, state, textOf(diagnostics))
			}
			config[attribute] = "second"
			plan := mustPlan(t, server, state, config)
			if len(plan.Replace) > 0 {
				return
			}
			cloud.Script(elbstub.ModifyCertificate, 1, rewriting)
			state, diagnostics = server.Apply(plan)
			if !diagnostics.HasError() || !says("second", state, diagnostics) {
				t.Errorf("%s: the update leads to %v and says %s", attribute, state, textOf(diagnostics))
			}
		})
	}
}
