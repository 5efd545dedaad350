package httpapi_test

import (
	"context"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/elbaas/terraform-provider-elbaas/internal/httpapi"
)

// TestSwitchedProtocol: a server switches to a protocol that nobody asked for, and keeps the
// connection open. net/http does not end such a body with the context of its request.
func TestSwitchedProtocol(t *testing.T) {
	t.Parallel()
	const switching = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"
	for name, request := range bothKinds {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				client := newClient(serve(t, inParts(part{0, switching}, part{time.Hour, "{}"})), nil)
				ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
				defer cancel()
				started := time.Now()
				err := client.Do(ctx, request, decodeJSON)
				if took := time.Since(started); took > 20*time.Second {
					t.Errorf("it took %s: %v", took, err)
				}
				if err == nil || !httpapi.Ambiguous(err) { // the server may process the request
					t.Errorf("the outcome is not ambiguous: %v", err)
				}
			})
		})
	}
}

// TestBodyAfterAnInterimResponse: the context ends while the body of a response arrives. That an
// interim response came before it does not matter.
func TestBodyAfterAnInterimResponse(t *testing.T) {
	t.Parallel()
	const head, tail = "HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n{\"a\"", ": 1}"
	for name, row := range map[string]struct {
		request httpapi.Request
		end     time.Duration
	}{
		"GET":  {get(), 1900 * time.Millisecond},
		"POST": {post(), 9900 * time.Millisecond},
	} {
		for _, interim := range []string{"", "HTTP/1.1 103 Early Hints\r\n\r\n"} {
			t.Run(name+" "+interim, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					dial := serve(t, inParts(part{0, interim}, part{time.Second / 2, head}, part{row.end, tail}))
					ctx, cancel := context.WithTimeout(t.Context(), time.Second)
					defer cancel()
					if err := newClient(dial, nil).Do(ctx, row.request, decodeJSON); err != nil {
						t.Errorf("the response was arriving: %v", err)
					}
				})
			})
		}
	}
}

// TestRetryAfterByTheServersClock: a date in Retry-After is by the clock of the server, which may
// differ from ours.
func TestRetryAfterByTheServersClock(t *testing.T) {
	t.Parallel()
	for _, ahead := range []time.Duration{-time.Hour, -time.Minute, 0, time.Minute, time.Hour} {
		t.Run(ahead.String(), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				unavailable := func(w http.ResponseWriter, r *http.Request) {
					clock := time.Now().Add(ahead).UTC()
					reply(http.StatusServiceUnavailable, "", "Date", clock.Format(http.TimeFormat),
						"Retry-After", clock.Add(40*time.Second).Format(http.TimeFormat))(w, r)
				}
				handler, _ := inSequence(unavailable, reply(http.StatusOK, `{}`))
				started := time.Now()
				if err := newClient(serve(t, handler), nil, retries(1)).Do(t.Context(), get(), decodeJSON); err != nil {
					t.Error(err)
				}
				if took := time.Since(started); took < 39*time.Second || took > 41*time.Second {
					t.Errorf("it waited %s, want 40s", took)
				}
			})
		})
	}
}
