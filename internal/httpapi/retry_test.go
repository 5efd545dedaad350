package httpapi_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/elbaas/terraform-provider-elbaas/internal/httpapi"
)

// TestRetries has a server that fails once in various ways. A non-idempotent request is repeated only if it was
// certainly not carried out.
func TestRetries(t *testing.T) {
	t.Parallel()
	type row struct {
		fault         http.HandlerFunc
		get, post     int32 // calls
		postAmbiguous bool
	}
	rows := map[string]row{
		"502":                {reply(502, "<html>"), 2, 1, true},
		"503":                {reply(503, `{"error":{"message":"m","code":"serviceUnavailable"}}`), 2, 1, true},
		"504":                {reply(504, `{"error_msg":"m","error_code":"APIGW.0201"}`), 2, 1, true},
		"500 of the gateway": {reply(500, `{"error_msg":"m","error_code":"APIGW.0201"}`), 2, 1, true},
		"400 of the gateway": {reply(400, `{"error_msg":"m","error_code":"APIGW.0201"}`), 1, 1, false},
		"413 of the gateway": {reply(413, `{"error_msg":"m","error_code":"APIGW.0201"}`), 1, 1, false},
		"500":                {reply(500, `{"error":{"message":"m","code":"authFault"}}`), 1, 1, true},
		"501":                {reply(501, ""), 1, 1, true},
		"400":                {reply(400, `{"error":{"message":"m","code":"ELB.9999"}}`), 1, 1, false},
		"401":                {reply(401, ""), 1, 1, false},
		"403":                {reply(403, ""), 1, 1, false},
		"404":                {reply(404, ""), 1, 1, false},
		"408":                {reply(408, ""), 1, 1, true},
		"409":                {reply(409, ""), 1, 1, false},
		"429":                {reply(429, ""), 2, 2, false},
		"200, not JSON":      {reply(200, "<html>"), 1, 1, true},
		"lost":               {lose, 2, 1, true},
		"not HTTP":           {func(w http.ResponseWriter, _ *http.Request) { raw(w, "hello\r\n\r\n") }, 2, 1, true},
	}
	for kind, request := range bothKinds {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			for name, row := range rows {
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					synctest.Test(t, func(t *testing.T) {
						handler, calls := inSequence(row.fault, reply(http.StatusOK, `{}`))
						err := newClient(serve(t, handler), nil, retries(3)).Do(t.Context(), request, decodeJSON)
						want := row.get
						if request.NonIdempotent {
							want = row.post
						}
						if calls.Load() != want || (err == nil) != (want == 2) {
							t.Errorf("%d calls, %v, want %d", calls.Load(), err, want)
						}
						if request.NonIdempotent && httpapi.Ambiguous(err) != row.postAmbiguous {
							t.Errorf("ambiguous: %t, %v", !row.postAmbiguous, err)
						}
						if isUnsent(err) {
							t.Errorf("%v is said to be unsent", err)
						}
					})
				})
			}
		})
	}
}

// TestRetriesEnd: the error is that of the last response, with the text of the one before.
func TestRetriesEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var calls atomic.Int32
		client := newClient(serve(t, func(w http.ResponseWriter, r *http.Request) {
			reply(http.StatusBadGateway, "", "X-Request-Id", fmt.Sprintf("call-%d", calls.Add(1)))(w, r)
		}), nil, retries(2))
		err := client.Do(t.Context(), get(), decodeJSON)
		if refusal := httpapi.RefusalOf(err); refusal == nil || refusal.RequestID != "call-3" || calls.Load() != 3 {
			t.Errorf("after %d calls: %v", calls.Load(), err)
		}
		if !strings.Contains(err.Error(), "the attempt before it failed: ") ||
			!strings.Contains(err.Error(), "call-2") {
			t.Errorf("%q does not contain the attempt before", err)
		}
	})
}

// TestEqualAttempts: if two attempts fail with the same error, it is mentioned only once.
func TestEqualAttempts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		handler, calls := inSequence(reply(http.StatusBadGateway, ""))
		err := newClient(serve(t, handler), nil, retries(2)).Do(t.Context(), get(), decodeJSON)
		want := `received "Bad Gateway" with an empty body (HTTP 502)`
		if err == nil || err.Error() != want || calls.Load() != 3 {
			t.Errorf("after %d calls: %v, want %q", calls.Load(), err, want)
		}
	})
}

// TestPausesBetweenRetries: the pauses double, and are at least as long as the server asks for.
func TestPausesBetweenRetries(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var at []time.Time
		client := newClient(serve(t, func(w http.ResponseWriter, r *http.Request) {
			at = append(at, time.Now())
			if len(at) == 9 {
				reply(http.StatusServiceUnavailable, "", "Retry-After", "90")(w, r)
				return
			}
			reply(http.StatusServiceUnavailable, "")(w, r)
		}), nil, retries(9))
		if err := client.Do(t.Context(), get(), decodeJSON); err == nil {
			t.Error("it succeeded")
		}
		longest := []time.Duration{500, 1000, 2000, 4000, 8000, 16000, 30000, 30000}
		for i, most := range longest {
			most *= time.Millisecond
			if got := at[i+1].Sub(at[i]); got < most/2 || got > most {
				t.Errorf("pause %d is %s, want %s to %s", i+1, got, most/2, most)
			}
		}
		if got := at[9].Sub(at[8]); got != 90*time.Second {
			t.Errorf("the server asked for 90 seconds, and was called after %s", got)
		}
	})
}

// TestContextEndsBetweenRetries: the call ends immediately with the error of the last
// attempt.
func TestContextEndsBetweenRetries(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		handler, calls := inSequence(reply(http.StatusServiceUnavailable, "", "Retry-After", "100"))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		started := time.Now()
		err := newClient(serve(t, handler), nil, retries(5)).Do(ctx, get(), decodeJSON)
		refusal := httpapi.RefusalOf(err)
		if !errors.Is(err, context.DeadlineExceeded) || refusal == nil || refusal.Status != 503 ||
			!httpapi.Ambiguous(err) {
			t.Errorf("%v", err)
		}
		if calls.Load() != 1 || time.Since(started) != time.Second {
			t.Errorf("%d calls in %s", calls.Load(), time.Since(started))
		}
	})
}

// TestContextHasEnded: for a context that has already ended, nothing is sent, and no credentials are requested.
func TestContextHasEnded(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	client := newClient(neverCalled(t), authorizer(func(*http.Request) (func(), error) {
		t.Error("it was authorized")
		return nil, nil
	}))
	for kind, request := range bothKinds {
		err := client.Do(ctx, request, decodeJSON)
		if !isUnsent(err) || !errors.Is(err, context.Canceled) || httpapi.Ambiguous(err) {
			t.Errorf("%s: %v", kind, err)
		}
	}
}

// TestEarlierAttempts: only the last attempt counts. A request that was first refused, and whose second response was
// lost, may have been carried out.
func TestEarlierAttempts(t *testing.T) {
	t.Parallel()
	type row struct {
		request       httpapi.Request
		maxRetries    int
		before, fault http.HandlerFunc
		said          string
	}
	throttled := reply(429, `{"error_msg":"slow down"}`)
	broken := reply(503, `{"error_msg":"out of order"}`)
	cut := func(w http.ResponseWriter, _ *http.Request) { raw(w, cuts["chunked"]) }
	for name, row := range map[string]row{
		"429, then lost":      {post(), 5, throttled, lose, "slow down (HTTP 429)"},
		"429, then cut":       {post(), 5, throttled, cut, "slow down (HTTP 429)"},
		"429, then lost, GET": {get(), 0, throttled, lose, "slow down (HTTP 429)"},
		"503, then lost, GET": {get(), 1, broken, lose, "out of order (HTTP 503)"},
		"503, then cut, GET":  {get(), 1, broken, cut, "out of order (HTTP 503)"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				handler, calls := inSequence(row.before, row.fault)
				err := newClient(
					serve(t, handler),
					nil,
					retries(row.maxRetries),
				).Do(t.Context(), row.request, decodeJSON)
				var broken *httpapi.TransportError
				var refusal *httpapi.Error
				if !errors.As(err, &broken) || errors.As(err, &refusal) || !httpapi.Ambiguous(err) {
					t.Errorf("after %d calls: %v is not an ambiguous TransportError alone", calls.Load(), err)
				}
				if !strings.Contains(err.Error(), row.said) {
					t.Errorf("%q does not contain %q", err, row.said)
				}
				if row.request.NonIdempotent && calls.Load() != 2 { // net/http itself may repeat a lost GET
					t.Errorf("it was sent %d times", calls.Load())
				}
			})
		})
	}
}

// TestUnsentBeforeAResponse: that one attempt was not sent does not make the ambiguous outcome of another one clear.
func TestUnsentBeforeAResponse(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		dial := serve(t, lose)
		dials := 0
		client := newClient(func(ctx context.Context, network, address string) (net.Conn, error) {
			if dials++; dials == 1 {
				return nil, refusedConnection()
			}
			return dial(ctx, network, address)
		}, nil, retries(5))
		err := client.Do(t.Context(), post(), decodeJSON)
		if isUnsent(err) || !httpapi.Ambiguous(err) || dials != 2 {
			t.Errorf("after %d connections: %v", dials, err)
		}
	})
}

// refusedConnection is the error of net.Dial if no server listens.
func refusedConnection() error {
	return &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
}

// TestUnsentIsRepeated: every request that was not sent may be repeated.
func TestUnsentIsRepeated(t *testing.T) {
	t.Parallel()
	for name, request := range bothKinds {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				handler, calls := inSequence(reply(http.StatusOK, `{}`))
				dial := serve(t, handler)
				dials := 0
				client := newClient(func(ctx context.Context, network, address string) (net.Conn, error) {
					if dials++; dials <= 3 {
						return nil, refusedConnection()
					}
					return dial(ctx, network, address)
				}, nil, retries(3))
				if err := client.Do(t.Context(), request, decodeJSON); err != nil || dials != 4 || calls.Load() != 1 {
					t.Errorf("%d connections, %d calls: %v", dials, calls.Load(), err)
				}
			})
		})
	}
}

// mortal is a connection to which nothing can be written once it is dead.
type mortal struct {
	net.Conn
	dead *atomic.Bool
}

// Write implements net.Conn.
func (m mortal) Write(p []byte) (int, error) {
	if m.dead.Load() {
		return 0, net.ErrClosed
	}
	return m.Conn.Write(p)
}

// TestDeadConnection: a request counts as unsent if the idle connection is dead and no new one can be opened.
func TestDeadConnection(t *testing.T) {
	t.Parallel()
	for name, request := range bothKinds {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				dial := serve(t, reply(http.StatusOK, `{}`))
				var dead atomic.Bool
				client := newClient(func(ctx context.Context, network, address string) (net.Conn, error) {
					if dead.Load() {
						return nil, refusedConnection()
					}
					connection, err := dial(ctx, network, address)
					return mortal{connection, &dead}, err
				}, nil)
				if err := client.Do(t.Context(), get(), decodeJSON); err != nil {
					t.Fatal(err)
				}
				synctest.Wait() // until the connection is idle
				dead.Store(true)
				err := client.Do(t.Context(), request, decodeJSON)
				if !isUnsent(err) || !strings.Contains(err.Error(), "connection refused") {
					t.Errorf("%v, want that it was not sent", err)
				}
			})
		})
	}
}

// TestNoServer: all attempts are made, and the error says that nothing was sent.
func TestNoServer(t *testing.T) {
	t.Parallel()
	for name, request := range bothKinds {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				dials := 0
				client := newClient(func(context.Context, string, string) (net.Conn, error) {
					dials++
					return nil, refusedConnection()
				}, nil, retries(2))
				err := client.Do(t.Context(), request, decodeJSON)
				var broken *httpapi.TransportError
				if !isUnsent(err) || !errors.As(err, &broken) || httpapi.Ambiguous(err) || dials != 3 {
					t.Errorf("after %d connections: %v", dials, err)
				}
			})
		})
	}
}

// TestPermanentErrors: permanent errors are returned immediately.
func TestPermanentErrors(t *testing.T) {
	t.Parallel()
	server := httptest.NewTLSServer(http.NotFoundHandler())
	server.Config.ErrorLog = discard
	t.Cleanup(server.Close)
	var dials atomic.Int32
	client := newClient(func(ctx context.Context, network, address string) (net.Conn, error) {
		dials.Add(1)
		return new(net.Dialer).DialContext(ctx, network, address)
	}, nil, retries(5))
	err := client.Do(t.Context(), httpapi.Request{Method: http.MethodGet, URL: urlOf(server.URL)}, decodeJSON)
	if !isUnsent(err) || dials.Load() != 1 {
		t.Errorf("an unknown authority: %d connections, %v", dials.Load(), err)
	}
}
