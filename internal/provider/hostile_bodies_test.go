package provider_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"github.com/elbaas/terraform-provider-elbaas/internal/acctest"
	"github.com/elbaas/terraform-provider-elbaas/internal/elbstub"
	"github.com/elbaas/terraform-provider-elbaas/internal/provider"
)

// TestConnectionEndsWithinABody: the TCP connection ends in the middle of a response, after the
// request was carried out.
func TestConnectionEndsWithinABody(t *testing.T) {
	t.Parallel()
	// The ID is the second field of a response to a creation, and the first field of other
	// responses.
	const beforeID, afterID = 5, 70
	for name, row := range map[string]struct {
		method string
		bytes  int
		calls  int // how many calls of the method; 0 means any number
	}{
		"list":           {method: http.MethodGet, bytes: 60, calls: 2},
		"PUT":            {method: http.MethodPut, bytes: 60, calls: 2},
		"DELETE":         {method: http.MethodDelete, bytes: 5},
		"POST after ID":  {method: http.MethodPost, bytes: afterID, calls: 1},
		"POST before ID": {method: http.MethodPost, bytes: beforeID, calls: 1},
	} {
		for how, end := range map[string]func(*exchange){
			"FIN": func(*exchange) {},
			"RST": (*exchange).Reset,
		} {
			t.Run(name+" "+how, func(t *testing.T) {
				t.Parallel()
				cloud, wire := newWire(t, func(o *elbstub.Options) { o.Dialect = elbstub.Dialect{} })
				config := configOf(NewPair(), "old")
				var state *acctest.State
				if row.method != http.MethodPost {
					state, _ = create(t, cloud.Server(t, provider.New("test", nil)()), config)
				}
				before := wire.Calls(row.method)
				wire.Script(row.method, 1, func(e *exchange) {
					head, body := e.Response()
					if body == "" { // the response to a deletion has none
						head, body = "HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n", "0123456789"
					}
					e.Send(head, body[:row.bytes])
					time.Sleep(50 * time.Millisecond) // a reset discards what has not been read
					end(e)
				})

				s := cloud.Server(t, provider.New("test", nil)())
				after, diagnostics := perform(t, s, row.method, state, config)
				if diagnostics.HasError() {
					t.Fatal(textOf(diagnostics))
				}
				if calls := wire.Calls(row.method) - before; row.calls > 0 && calls != row.calls {
					t.Errorf("%d calls, want %d", calls, row.calls)
				}
				if row.method == http.MethodDelete {
					if after != nil || len(cloud.Certificates(ProjectID)) > 0 {
						t.Errorf("state %q, and %d certificates", idOf(after),
							len(cloud.Certificates(ProjectID)))
					}
					return
				}
				only := cloud.Only(t)
				if idOf(after) != only.ID || after.Values["name"] != only.Name || only.Name != config["name"] {
					t.Errorf("state %q, certificate %s with the name %q", idOf(after), only.ID, only.Name)
				}
			})
		}
	}
}

// TestSlowBodies: a body may take any time as long as it keeps coming, but an operation ends with
// its own timeout.
func TestSlowBodies(t *testing.T) {
	t.Parallel()
	// trickle sends a body one byte at a time for a while, and then the rest.
	trickle := func(during time.Duration) func(*exchange) {
		return func(e *exchange) {
			head, body := e.Response()
			e.Send(head)
			for started := time.Now(); time.Since(started) < during; body = body[1:] {
				e.Send(body[:1])
				time.Sleep(30 * time.Second)
			}
			e.Send(body)
		}
	}
	silent := func(e *exchange) {
		head, body := e.Response()
		e.Send(head, body[:len(body)/2])
		e.Hold()
	}
	for name, row := range map[string]struct {
		first   func(*exchange)
		timeout string // the read timeout
		fails   bool
		took    time.Duration
		lists   int
	}{
		"a byte every 30 s for three minutes": {first: trickle(3 * time.Minute), took: 3 * time.Minute, lists: 1},
		"silence within the body":             {first: silent, took: time.Minute, lists: 2},
		"the operation ends while bytes arrive": {
			first: trickle(time.Hour), timeout: "100s", fails: true, took: 100 * time.Second, lists: 1,
		},
		"the operation ends within a silent minute": {
			first: silent, timeout: "40s", fails: true, took: 40 * time.Second, lists: 1,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				cloud, network, wire := newWireInMemory(t)
				start := func() *acctest.Server {
					return inMemory(t, cloud, network, nil)
				}
				config := acctest.Values{"name": "www"}
				if row.timeout != "" {
					config["timeouts"] = acctest.Values{"read": row.timeout}
				}
				state, _ := create(t, start(), config)

				time.Sleep(10 * time.Second)
				wire.Script(http.MethodGet, 1, row.first)
				before, started := wire.Calls(http.MethodGet), time.Now()
				after, diagnostics := start().Read(state)
				if after == nil || diagnostics.HasError() != row.fails {
					t.Errorf("state %q: %s", idOf(after), textOf(diagnostics))
				}
				if took := time.Since(started); took < row.took-time.Second || took > row.took+3*time.Second {
					t.Errorf("it took %s, want %s", took, row.took)
				}
				if lists := wire.Calls(http.MethodGet) - before; lists != row.lists {
					t.Errorf("%d lists, want %d", lists, row.lists)
				}
			})
		})
	}
}

// TestArrivedResponseIsKept: if a creation is interrupted or times out, its response is still used
// if the headers have arrived, or if it arrives within the grace period.
func TestArrivedResponseIsKept(t *testing.T) {
	t.Parallel()
	const end = 3 * time.Second // when the creation is interrupted, or times out
	for name, row := range map[string]struct{ head, body time.Duration }{
		"the head just before the end":                {head: end - 100*time.Millisecond, body: end + time.Second},
		"the head just before the end, the body late": {head: end - 100*time.Millisecond, body: end + 8*time.Second},
		"the head at the end of the five seconds":     {head: end + 4900*time.Millisecond, body: end + 6*time.Second},
	} {
		for how, timeout := range map[string]string{"interrupted": "", "timed out": "3s"} {
			t.Run(name+" "+how, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					cloud, network, wire := newWireInMemory(t)
					s := inMemory(t, cloud, network, nil)
					config := acctest.Values{"name": "www"}
					if timeout != "" {
						config["timeouts"] = acctest.Values{"create": timeout}
					}
					started := time.Now()
					wire.Script(http.MethodPost, 1, func(e *exchange) {
						head, body := e.Response()
						time.Sleep(row.head - time.Since(started))
						e.Send(head, body[:5])
						time.Sleep(row.body - time.Since(started))
						e.Send(body[5:])
					})
					if timeout == "" {
						time.AfterFunc(end, s.Stop)
					}
					state, diagnostics := create(t, s, config)
					if idOf(state) != cloud.Only(t).ID {
						t.Errorf("certificate %s, state %q: %s", cloud.Only(t).ID, idOf(state), textOf(diagnostics))
					}
					if lists := wire.Calls(http.MethodGet); lists != 1 || len(diagnostics) > 0 {
						t.Errorf("the response was not enough: %d lists, %s", lists, textOf(diagnostics))
					}
					if took := time.Since(started) - end; took > 10*time.Second {
						t.Errorf("it took %s after the end", took)
					}
				})
			})
		}
	}
}

// TestInterruptedWithinABody: a call that hangs in the middle of a response ends as soon as one
// that hangs before it, and a creation is not forgotten.
func TestInterruptedWithinABody(t *testing.T) {
	t.Parallel()
	const end = 3 * time.Second
	hang := func(e *exchange) {
		head, body := e.Response()
		if body == "" { // the response to a deletion has none
			head, body = "HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n", "0123456789"
		}
		e.Send(head, body[:5])
		e.Hold()
	}
	for method, limit := range map[string]time.Duration{
		http.MethodGet:    2 * time.Second,
		http.MethodPut:    2 * time.Second,
		http.MethodDelete: 2 * time.Second,
		http.MethodPost:   10 * time.Second,
	} {
		t.Run(method, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				cloud, network, wire := newWireInMemory(t)
				config := acctest.Values{"name": "www"}
				var state *acctest.State
				if method != http.MethodPost {
					state, _ = create(t, inMemory(t, cloud, network, nil), config)
					time.Sleep(10 * time.Second)
				}
				wire.ScriptAll(method, hang)
				s := inMemory(t, cloud, network, nil)
				started := time.Now()
				time.AfterFunc(end, s.Stop)
				after, diagnostics := perform(t, s, method, state, config)
				if took := time.Since(started) - end; took < 0 || took > limit {
					t.Errorf("it ended %s after the interrupt, want %s", took, limit)
				}
				wantNamed(t, cloud, after, diagnostics, "www")
				if method != http.MethodPost {
					wantInterrupted(t, diagnostics)
				}
			})
		})
	}
}

// perform does what sends a request of a method: a read, an update with a new name, a deletion, or
// a creation.
func perform(t *testing.T, s *acctest.Server, method string, state *acctest.State, config acctest.Values) (
	*acctest.State, acctest.Diagnostics,
) {
	t.Helper()
	switch method {
	case http.MethodGet:
		return s.Read(state)
	case http.MethodPut:
		config["name"] = "new"
		plan, _ := s.Plan(state, config)
		return s.Apply(plan)
	case http.MethodDelete:
		return s.Destroy(state)
	}
	return create(t, s, config)
}

// tooShort sends a response whose Content-Length counts the characters of the body instead of its
// bytes, so that the last bytes follow the response.
func tooShort(e *exchange) {
	_, body := e.Response()
	length := utf8.RuneCountInString(body)
	e.Send(fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n", length), body)
}

var malformedResponses = map[string]func(*exchange){"Content-Length": tooShort, "no empty line": noEmptyLine}

// noEmptyLine sends a response whose body begins where another header is expected.
func noEmptyLine(e *exchange) {
	head, body := e.Response()
	e.Send(strings.TrimSuffix(head, "\r\n"), body, "\r\n\r\n")
}

// addLong adds certificates whose texts have many more bytes than characters, and
// returns what the last one's private key consists of.
func addLong(t *testing.T, cloud *Cloud) []string {
	t.Helper()
	pair := NewPair()
	for range 4 {
		cloud.Add(elbstub.Certificate{
			ProjectID: ProjectID, Description: strings.Repeat("证", 128),
			Certificate: pair.Certificate, PrivateKey: pair.PrivateKey,
		})
	}
	return keyLines(pair)
}

// TestMalformedResponseShowsNoKey: net/http quotes what it cannot parse, and a list has the private
// keys of other certificates.
func TestMalformedResponseShowsNoKey(t *testing.T) {
	t.Parallel()
	for name, malformed := range malformedResponses {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cloud, wire := newWire(t, func(o *elbstub.Options) { o.Dialect = elbstub.Dialect{} })
			config := cloud.Configuration()
			config["max_retries"] = 0
			start := func() *acctest.Server { return acctest.NewServer(t, provider.New("test", nil)(), config) }
			pair := NewPair()
			s, values := start(), configOf(pair, "www")
			state, _ := create(t, s, values)
			keys := append(addLong(t, cloud), keyLines(pair)...)
			description := strings.Repeat("证", 128)
			wire.Script(http.MethodPost, 1, malformed)
			long := configOf(pair, "lost")
			long["description"] = description
			adopted, warnings := create(t, start(), long)
			if adopted == nil {
				t.Errorf("a creation whose response cannot be read: %s", textOf(warnings))
			}
			wire.ScriptAll(http.MethodGet, malformed)
			wire.ScriptAll(http.MethodPut, malformed)

			after, diagnostics := start().Read(state)
			if after == nil || !diagnostics.HasError() {
				t.Errorf("read: state %q: %s", idOf(after), textOf(diagnostics))
			}
			values["name"] = "new"
			values["description"] = description
			values["timeouts"] = acctest.Values{"update": "2s"} // how long the change is read back
			plan, _ := s.Plan(state, values)
			_, updated := s.Apply(plan)
			if !updated.HasError() {
				t.Error("an update succeeded whose response cannot be read")
			}
			_, failed := create(t, start(), configOf(pair, "other"))
			if !failed.HasError() {
				t.Error("a creation succeeded though certificates cannot be listed")
			}
			said := textOf(warnings) + textOf(diagnostics) + textOf(updated) + textOf(failed)
			for _, line := range keys {
				if line != "" && strings.Contains(said, line) {
					t.Fatalf("a key is shown: %s", said)
				}
			}
		})
	}
}

// TestMalformedTokenResponse: a token arrives in a header, which net/http quotes if it cannot parse
// it.
func TestMalformedTokenResponse(t *testing.T) {
	t.Parallel()
	cloud, wire := newWire(t)
	wire.ScriptAll(http.MethodPost, func(e *exchange) {
		head, body := e.Response()
		e.Send(strings.Replace(head, "X-Subject-Token: ", "X-Subject-Token ", 1), body)
	})
	state, diagnostics := create(t, passwordServer(t, cloud), acctest.Values{"name": "www"})
	if text := textOf(diagnostics); state != nil || !diagnostics.HasError() || strings.Contains(text, "issued-") {
		t.Errorf("state %q: %s", idOf(state), text)
	}
}

// TestTokenResponseIsCut: if the response with a token is cut off, the token is requested again.
func TestTokenResponseIsCut(t *testing.T) {
	t.Parallel()
	cloud, wire := newWire(t)
	wire.Script(http.MethodPost, 1, func(e *exchange) {
		head, body := e.Response()
		e.Send(head, body[:20])
	})
	if state, diagnostics := create(t, passwordServer(t, cloud), acctest.Values{"name": "www"}); state == nil {
		t.Error(textOf(diagnostics))
	}
}

// TestAccMalformedResponseShowsNoKey does the same with the CLI and all logs: net/http also writes
// what follows a response to the standard logger.
func TestAccMalformedResponseShowsNoKey(t *testing.T) {
	t.Parallel()
	OnceForAllDialects(t)
	for name, malformed := range malformedResponses {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cloud, wire := newWire(t, func(o *elbstub.Options) { o.Dialect = elbstub.Dialect{} })
			cli := acctest.NewInstalledCLI(t, "")
			cli.Configure(cloud.Provider("max_retries = 1") + Certificate(NewPair()))
			cli.Run("apply", "-auto-approve")
			h := newHunt(t, cli)
			for _, line := range addLong(t, cloud) {
				if line != "" {
					h.secrets = append(h.secrets, line)
				}
			}
			wire.ScriptAll(http.MethodGet, malformed)
			h.run(false, "plan")
		})
	}
}
