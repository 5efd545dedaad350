package httpapi_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/elbaas/terraform-provider-elbaas/internal/httpapi"
)

// TestHTTP1Only has a server that prefers HTTP/2, over which net/http would repeat a POST by
// itself.
func TestHTTP1Only(t *testing.T) {
	t.Parallel()
	var protocol string
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		protocol = r.Proto
		reply(http.StatusOK, `{}`)(w, r)
	}))
	server.EnableHTTP2 = true
	server.StartTLS()
	t.Cleanup(server.Close)
	roots := server.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs

	trust := &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
	client := newClient(nil, nil, func(c *httpapi.Config) { c.TLS = trust })
	request := httpapi.Request{Method: http.MethodGet, URL: urlOf(server.URL)}
	if err := client.Do(t.Context(), request, decodeJSON); err != nil || protocol != "HTTP/1.1" {
		t.Errorf("it speaks %q: %v", protocol, err)
	}
}

// TestRedirectIsNotFollowed: the credentials must not go to another server.
func TestRedirectIsNotFollowed(t *testing.T) {
	t.Parallel()
	for status := http.StatusMovedPermanently; status <= http.StatusPermanentRedirect; status++ {
		if http.StatusText(status) == "" {
			continue
		}
		handler, calls := inSequence(reply(status, "", "Location", "http://stranger.test/"))
		err := newClient(serve(t, handler), nil, retries(5)).Do(t.Context(), get(), decodeJSON)
		if refusal := httpapi.RefusalOf(err); refusal == nil || refusal.Status != status || calls.Load() != 1 {
			t.Errorf("%d: %d calls, %v", status, calls.Load(), err)
		}
	}
}

// TestResponseTooLarge: a server sends an endless response.
func TestResponseTooLarge(t *testing.T) {
	t.Parallel()
	handler, calls := inSequence(func(w http.ResponseWriter, _ *http.Request) {
		for chunk := strings.Repeat(" ", 1<<20); ; {
			if _, err := io.WriteString(w, chunk); err != nil {
				return
			}
		}
	})
	client := newClient(serve(t, handler), nil, retries(5))
	var read int64
	err := client.Do(t.Context(), get(), func(response *http.Response) (err error) {
		read, err = io.Copy(io.Discard, response.Body)
		return err
	})
	if !errors.Is(err, httpapi.ErrTooLarge) || read != 64<<20 || calls.Load() != 1 {
		t.Errorf("after %d bytes of %d responses: %v", read, calls.Load(), err)
	}
}

// slowly writes parts, and pauses before each of them.
func slowly(w http.ResponseWriter, pause time.Duration, parts ...string) {
	for _, part := range parts {
		time.Sleep(pause)
		_, _ = io.WriteString(w, part)
		w.(http.Flusher).Flush()
	}
}

// TestSilence: a server may be silent for up to a minute before the end of the headers, and between two parts of the
// body. The time for the whole body is not limited, unless the response is an error.
func TestSilence(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		handler http.HandlerFunc
		elapsed time.Duration
		want    string // a part of the error; "" means success
	}{
		"no response": {hang, time.Minute, "cloud.test did not respond within 1m0s"},
		"headers that trickle": {inParts(
			part{0, "HTTP/1.1 200 OK\r\n"}, part{59 * time.Second, "X: 1\r\n"}, part{61 * time.Second, "\r\n{}"},
		), time.Minute, "cloud.test did not respond within 1m0s"},
		"headers after 59 seconds": {func(w http.ResponseWriter, _ *http.Request) {
			slowly(w, 59*time.Second, `{}`)
		}, 59 * time.Second, ""},
		"a body that stalls": {func(w http.ResponseWriter, r *http.Request) {
			slowly(w, 10*time.Second, `{"a":`, `1`)
			hang(w, r)
		}, 80 * time.Second, "the response from cloud.test stalled for 1m0s"},
		"a body that trickles": {func(w http.ResponseWriter, _ *http.Request) {
			slowly(w, 50*time.Second, `{"a":`, `1`, ` `, `}`)
		}, 200 * time.Second, ""},
		"a page that stalls": {func(w http.ResponseWriter, r *http.Request) {
			slowly(w, time.Second, `<html>`)
			hang(w, r)
		}, time.Second, `the response is not JSON but "text/html; charset=utf-8": ` +
			`invalid character '<' looking for beginning of value (HTTP 200)`},
		"the body of an error that stalls": {func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(http.StatusBadRequest)
			slowly(w, time.Second, `oops`)
			hang(w, r)
		}, 61 * time.Second, "received a response without a message: oops (HTTP 400)"},
		"the body of an error that trickles": {func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(http.StatusBadRequest)
			slowly(w, 50*time.Second, `o`, `o`)
			hang(w, r)
		}, 110 * time.Second, "received a response without a message: oo (HTTP 400)"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				client := newClient(serve(t, row.handler), nil)
				started := time.Now()
				err := client.Do(t.Context(), get(), decodeJSON)
				if got := time.Since(started); got != row.elapsed {
					t.Errorf("it took %s, want %s", got, row.elapsed)
				}
				if row.want == "" && err != nil || row.want != "" && (err == nil || err.Error() != row.want) {
					t.Errorf("%v, want %q", err, row.want)
				}
			})
		})
	}
}

// TestSilenceIsTransient: a request that got no response is repeated, unless it is non-idempotent and may have been
// carried out.
func TestSilenceIsTransient(t *testing.T) {
	t.Parallel()
	for name, request := range bothKinds {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				handler, calls := inSequence(hang, reply(http.StatusOK, `{}`))
				err := newClient(serve(t, handler), nil, retries(1)).Do(t.Context(), request, decodeJSON)
				if request.NonIdempotent && (!httpapi.Ambiguous(err) || calls.Load() != 1) {
					t.Errorf("it was sent %d times: %v", calls.Load(), err)
				}
				if !request.NonIdempotent && (err != nil || calls.Load() != 2) {
					t.Errorf("it was sent %d times: %v", calls.Load(), err)
				}
			})
		})
	}
}

// TestSilenceOfTheConnection: connecting takes no longer than the same minute, and then nothing was sent.
func TestSilenceOfTheConnection(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		end := make(chan struct{})
		defer close(end)
		client := newClient(func(context.Context, string, string) (net.Conn, error) {
			<-end // net/http keeps dialing, for a later request
			return nil, net.ErrClosed
		}, nil)
		started := time.Now()
		err := client.Do(t.Context(), post(), decodeJSON)
		if !isUnsent(err) || httpapi.Ambiguous(err) || time.Since(started) != time.Minute {
			t.Errorf("after %s: %v", time.Since(started), err)
		}
	})
}

// timed sends the first byte, the rest of the headers, and the end of the body after the given times since the request.
func timed(first, headers, end time.Duration) http.HandlerFunc {
	return inParts(
		part{first, "H"},
		part{headers, "TTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n{\"a\""},
		part{end, ": 1}"},
	)
}

// A part of a response is sent after a delay.
type part struct {
	at   time.Duration
	text string
}

// inParts sends parts of a response, until the client closes the connection.
func inParts(parts ...part) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		connection, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			panic(err)
		}
		defer func() { _ = connection.Close() }()
		gone, leave := context.WithCancel(r.Context()) // a hijacked request no longer ends it
		go func() {
			defer leave()
			_, _ = io.Copy(io.Discard, connection)
		}()
		started := time.Now()
		for _, part := range parts {
			if httpapi.Pause(gone, part.at-time.Since(started)) != nil {
				return
			}
			_, _ = io.WriteString(connection, part.text)
		}
	}
}

// TestContextEnds: the context ends after a second. Each row says when the response arrives,
// and when the request ends. The bubble checks that no goroutine and no connection is leaked.
func TestContextEnds(t *testing.T) {
	t.Parallel()
	const second, tenth, never = time.Second, time.Second / 10, time.Hour
	type row struct {
		request             httpapi.Request
		first, headers, end time.Duration
		elapsed             time.Duration
		ok                  bool
	}
	for name, row := range map[string]row{
		"GET, before":      {get(), second / 2, second / 2, second / 2, second / 2, true},
		"GET, no response": {get(), never, never, never, second, false},
		"GET, first byte, headers within a second": {
			get(),
			second / 2,
			3 * second / 2,
			3 * second / 2,
			3 * second / 2,
			true,
		},
		"GET, first byte, headers too late":  {get(), second / 2, 3 * second, 3 * second, 2 * second, false},
		"GET, headers, body within a second": {get(), second / 2, second / 2, 19 * tenth, 19 * tenth, true},
		"GET, headers, body too late":        {get(), second / 2, second / 2, 21 * tenth, 2 * second, false},

		"POST, no response":                          {post(), never, never, never, 6 * second, false},
		"POST, response within the grace":            {post(), 5 * second, 5 * second, 5 * second, 5 * second, true},
		"POST, response after the grace":             {post(), 7 * second, 7 * second, 7 * second, 6 * second, false},
		"POST, first byte at the end of the grace":   {post(), 59 * tenth, 8 * second, 99 * tenth, 99 * tenth, true},
		"POST, body too late, first byte late":       {post(), 59 * tenth, 8 * second, 11 * second, 10 * second, false},
		"POST, first byte before the end":            {post(), second / 2, 9 * second, 99 * tenth, 99 * tenth, true},
		"POST, body too late, first byte in time":    {post(), second / 2, second / 2, never, 10 * second, false},
		"POST, headers too late, first byte in time": {post(), second / 2, never, never, 10 * second, false},
		"POST, response at the very end":             {post(), second, second, second, second, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				handler, calls := inSequence(timed(row.first, row.headers, row.end))
				client := newClient(serve(t, handler), nil, retries(5))
				ctx, cancel := context.WithTimeout(t.Context(), second)
				defer cancel()
				started := time.Now()
				err := client.Do(ctx, row.request, decodeJSON)
				if got := time.Since(started); got != row.elapsed || calls.Load() != 1 {
					t.Errorf("it took %s and %d calls, want %s and 1", got, calls.Load(), row.elapsed)
				}
				switch {
				case row.ok && err != nil:
					t.Error(err)
				case !row.ok && (!errors.Is(err, context.DeadlineExceeded) || !httpapi.Ambiguous(err)):
					t.Errorf("%v, want that the deadline was exceeded, and that it is ambiguous", err)
				}
			})
		})
	}
}

// TestContextEndsWhileConnecting: nothing was sent, so there is nothing to wait for.
func TestContextEndsWhileConnecting(t *testing.T) {
	t.Parallel()
	for name, request := range bothKinds {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				end := make(chan struct{})
				defer close(end)
				client := newClient(func(context.Context, string, string) (net.Conn, error) {
					<-end // net/http keeps dialing, for a later request
					return nil, net.ErrClosed
				}, nil, retries(5))
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				started := time.Now()
				err := client.Do(ctx, request, decodeJSON)
				if !isUnsent(err) || !errors.Is(err, context.DeadlineExceeded) || httpapi.Ambiguous(err) {
					t.Errorf("%v is not what never left", err)
				}
				if got := time.Since(started); got != time.Second {
					t.Errorf("it ended after %s", got)
				}
			})
		})
	}
}

// TestContextEndsAsTheResponseArrives: both happen at the same time, in either order. No connection is leaked.
func TestContextEndsAsTheResponseArrives(t *testing.T) {
	t.Parallel()
	for range 20 {
		synctest.Test(t, func(t *testing.T) {
			client := newClient(serve(t, timed(time.Second, time.Second, time.Second)), nil)
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			started := time.Now()
			err := client.Do(ctx, get(), decodeJSON)
			if err != nil && !errors.Is(err, context.DeadlineExceeded) || time.Since(started) != time.Second {
				t.Errorf("after %s: %v", time.Since(started), err)
			}
		})
	}
}

// TestContextEndsWhileDecoding: a body that has already arrived is read to its end.
func TestContextEndsWhileDecoding(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		client := newClient(serve(t, reply(http.StatusOK, `{"id":"1"}`)), nil)
		ctx, cancel := context.WithCancel(t.Context())
		var body string
		err := client.Do(ctx, get(), func(response *http.Response) (err error) {
			cancel()
			synctest.Wait()
			body, err = readAll(response)
			return err
		})
		if err != nil || body != `{"id":"1"}` {
			t.Errorf("%q, %v", body, err)
		}
	})
}

// TestBodyIsClosed: the body is closed even if decode does not read it, or fails. A server that continues sending would
// otherwise keep the connection forever.
func TestBodyIsClosed(t *testing.T) {
	t.Parallel()
	failure := errors.New("it makes no sense")
	for name, failure := range map[string]error{"decode reads nothing": nil, "decode fails": failure} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var closed atomic.Bool
				client := newClient(serve(t, func(w http.ResponseWriter, _ *http.Request) {
					for !closed.Load() {
						_, err := io.WriteString(w, strings.Repeat(" ", 4096))
						closed.Store(err != nil)
					}
				}), nil)
				err := client.Do(t.Context(), get(), func(response *http.Response) error {
					_ = response.Body.Close() // has no effect, but is a habit
					return failure
				})
				synctest.Wait()
				if !errors.Is(err, failure) || !closed.Load() {
					t.Errorf("closed: %t, %v", closed.Load(), err)
				}
			})
		})
	}
}

// cuts are responses that end too early.
var cuts = map[string]string{
	"of unknown length": "HTTP/1.1 200 OK\r\n\r\n{\"id\":\"1\",\"rest\":",
	"chunked": "HTTP/1.1 200 OK\r\nTransfer-Encoding: " +
		"chunked\r\n\r\n11\r\n{\"id\":\"1\",\"rest\":\r\n",
	"within a chunk":           "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n40\r\n{\"id\":\"1\",\"rest\":",
	"Content-Length too large": "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{\"id\":\"1\",\"rest\":",
}

// TestCutBody: the response is lost, and an idempotent request is repeated.
func TestCutBody(t *testing.T) {
	t.Parallel()
	for kind, request := range bothKinds {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			for name, text := range cuts {
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					synctest.Test(t, func(t *testing.T) {
						cut := func(w http.ResponseWriter, _ *http.Request) { raw(w, text) }
						handler, calls := inSequence(cut, reply(http.StatusOK, `{"id":"2"}`))
						checkCut(t, serve(t, handler), calls, request)
					})
				})
			}
		})
	}
}

// TestCompleteBody: a body that has arrived as a whole was not cut off, even if its text cannot be read or ends too
// early.
func TestCompleteBody(t *testing.T) {
	t.Parallel()
	var compressed bytes.Buffer
	writer := gzip.NewWriter(&compressed)
	_, _ = io.WriteString(writer, `{"id":`)
	_ = writer.Close()
	const tooEarly = "the response could not be read: the JSON ends too early (HTTP 200)"
	for name, row := range map[string]struct{ text, want string }{
		"of unknown length":  {"\r\n{}", ""},
		"chunked":            {"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", ""},
		"ends too early":     {"Content-Length: 6\r\n\r\n{\"id\":", tooEarly},
		"chunked, too early": {"Transfer-Encoding: chunked\r\n\r\n6\r\n{\"id\":\r\n0\r\n\r\n", tooEarly},
		"gzipped, too early": {"Content-Encoding: gzip\r\n\r\n" + compressed.String(), tooEarly},
		"nothing":            {"Content-Length: 0\r\n\r\n", tooEarly},
	} {
		dial := serveText(t, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"+row.text)
		err := newClient(dial, nil).Do(t.Context(), get(), decodeJSON)
		if row.want == "" && err != nil || row.want != "" && (err == nil || err.Error() != row.want) {
			t.Errorf("%s: %v, want %q", name, err, row.want)
		}
	}
}

// checkCut checks that the first response is cut off after its ID.
func checkCut(t *testing.T, dial dialer, calls *atomic.Int32, request httpapi.Request) {
	t.Helper()
	var id string
	err := newClient(dial, nil, retries(1)).Do(t.Context(), request, func(response *http.Response) error {
		text := make([]byte, len(`{"id":"1"`))
		if _, err := io.ReadFull(response.Body, text); err != nil {
			return err
		}
		id = string(text)
		_, err := io.Copy(io.Discard, response.Body)
		if err == nil && !strings.HasSuffix(id, `"2"`) {
			err = io.ErrUnexpectedEOF // as encoding/json reports for a body of unknown length
		}
		return err
	})
	var broken *httpapi.TransportError
	switch {
	case !request.NonIdempotent && (err != nil || calls.Load() != 2 || id != `{"id":"2"`):
		t.Errorf("after %d calls: %s, %v", calls.Load(), id, err)
	case request.NonIdempotent && (calls.Load() != 1 || id != `{"id":"1"`):
		t.Errorf("after %d calls: %s, %v", calls.Load(), id, err)
	case request.NonIdempotent &&
		(!errors.As(err, &broken) || !httpapi.Ambiguous(err) || httpapi.RefusalOf(err) != nil):
		t.Errorf("%v, want an ambiguous TransportError", err)
	case request.NonIdempotent && !errors.Is(err, httpapi.ErrCutOff):
		t.Errorf("%v, want that it was cut off", err)
	}
}

// TestResetBody: the server resets the connection.
func TestResetBody(t *testing.T) {
	t.Parallel()
	for kind, request := range bothKinds {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			received := make(chan struct{}) // a reset discards what was not received yet
			handler, calls := inSequence(func(w http.ResponseWriter, _ *http.Request) {
				connection, _, err := w.(http.Hijacker).Hijack()
				if err != nil {
					panic(err)
				}
				_, _ = io.WriteString(connection, cuts["chunked"])
				<-received
				_ = connection.(*net.TCPConn).SetLinger(0)
				_ = connection.Close()
			}, reply(http.StatusOK, `{"id":"2"}`))
			server := httptest.NewServer(handler)
			t.Cleanup(server.Close)
			dial := func(ctx context.Context, network, _ string) (net.Conn, error) {
				connection, err := new(net.Dialer).DialContext(ctx, network, server.Listener.Addr().String())
				return &signalling{Conn: connection, received: received}, err
			}
			checkCut(t, dial, calls, request)
		})
	}
}

// signalling signals when the first bytes are received.
type signalling struct {
	net.Conn
	received chan struct{}
}

// Read implements net.Conn.
func (s *signalling) Read(p []byte) (int, error) {
	n, err := s.Conn.Read(p)
	if n > 0 {
		select {
		case <-s.received: // of an earlier connection
		default:
			close(s.received)
		}
	}
	return n, err
}

// TestTimeout: the context of the caller limits all attempts and the pauses between them.
func TestTimeout(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		client := newClient(serve(t, hang), nil, retries(5))
		ctx, cancel := context.WithTimeout(t.Context(), 90*time.Second) // ends in the second attempt
		defer cancel()
		started := time.Now()
		err := client.Do(ctx, get(), decodeJSON)
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(started) != 90*time.Second {
			t.Errorf("after %s: %v", time.Since(started), err)
		}
	})
}
