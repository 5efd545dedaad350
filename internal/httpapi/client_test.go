package httpapi_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/elbaas/terraform-provider-elbaas/internal/elbstub"
	"github.com/elbaas/terraform-provider-elbaas/internal/httpapi"
)

// proxyAddress is the HTTPS proxy of this process. net/http reads the environment only once, so all
// tests use it; tests without a proxy call loopback.
const proxyAddress = "proxy.test:3128"

func TestMain(m *testing.M) {
	for _, name := range []string{"HTTP_PROXY", "http_proxy", "https_proxy", "NO_PROXY", "no_proxy"} {
		_ = os.Unsetenv(name)
	}
	_ = os.Setenv("HTTPS_PROXY", "http://"+proxyAddress)
	log.SetOutput(io.Discard) // as the program does, since net/http logs what servers send
	os.Exit(m.Run())
}

// A dialer opens connections to a server of a test.
type dialer func(ctx context.Context, network, address string) (net.Conn, error)

// serve runs a handler in memory, so that the test can run in fake time. It closes all connections
// in the end, so that a leaked goroutine is noticed.
func serve(t *testing.T, handler http.HandlerFunc) dialer {
	t.Helper()
	network := elbstub.NewNetwork("cloud.test")
	server := &http.Server{Handler: handler, ErrorLog: log.New(io.Discard, "", 0)}
	go func() { _ = server.Serve(network) }()
	t.Cleanup(func() {
		_ = server.Close()
		_ = network.Close()
	})
	return network.DialContext
}

// serveText responds to each request with a text, which need not be HTTP, and closes the
// connection.
func serveText(t *testing.T, text string) dialer {
	t.Helper()
	return serve(t, func(w http.ResponseWriter, _ *http.Request) { raw(w, text) })
}

// raw takes the connection over, and writes a text that need not be HTTP.
func raw(w http.ResponseWriter, text string) {
	connection, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		panic(err)
	}
	_, _ = io.WriteString(connection, text)
	_ = connection.Close()
}

// reply returns a handler that sends a status and a JSON body. pairs are names and values of
// headers.
func reply(status int, body string, pairs ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		for pair := range slices.Chunk(pairs, 2) {
			w.Header().Set(pair[0], pair[1])
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// lose closes the connection without a response.
func lose(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }

// hang never responds. It ends with the connection, which a server watches after it has read
// the request.
func hang(_ http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	<-r.Context().Done()
}

// inSequence uses the next handler for each request, and the last one for all later requests.
// calls is the number of requests.
func inSequence(handlers ...http.HandlerFunc) (handler http.HandlerFunc, calls *atomic.Int32) {
	calls = new(atomic.Int32)
	return func(w http.ResponseWriter, r *http.Request) {
		handlers[min(int(calls.Add(1)), len(handlers))-1](w, r)
	}, calls
}

// An option changes the Config of a client.
type option func(*httpapi.Config)

func retries(n int) option { return func(c *httpapi.Config) { c.MaxRetries = n } }

func newClient(dial dialer, authorizer httpapi.Authorizer, options ...option) *httpapi.Client {
	config := httpapi.Config{Dial: dial, UserAgent: "test/1"}
	for _, option := range options {
		option(&config)
	}
	return httpapi.NewNetwork(config).Client(authorizer)
}

// get returns an idempotent request, and post one that is not.
func get() httpapi.Request {
	return httpapi.Request{Method: http.MethodGet, URL: urlOf("http://cloud.test/gateway/things")}
}

func post() httpapi.Request {
	request := get()
	request.Method, request.NonIdempotent, request.Body = http.MethodPost, true, map[string]string{"name": "n"}
	return request
}

var bothKinds = map[string]httpapi.Request{"idempotent": get(), "non-idempotent": post()}

func urlOf(text string) *url.URL {
	parsed, err := url.Parse(text)
	if err != nil {
		panic(err)
	}
	return parsed
}

// decodeJSON reads a body as the packages above this one do.
func decodeJSON(response *http.Response) error {
	var body any
	return json.NewDecoder(response.Body).Decode(&body)
}

func readAll(response *http.Response) (string, error) {
	text, err := io.ReadAll(response.Body)
	return string(text), err
}

func isUnsent(err error) bool {
	var unsent *httpapi.UnsentError
	return errors.As(err, &unsent)
}

// TestRequest checks the request that a server receives.
func TestRequest(t *testing.T) {
	t.Parallel()
	type seen struct {
		method, uri, body string
		header            http.Header
	}
	var got seen
	dial := serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got = seen{r.Method, r.RequestURI, string(body), r.Header}
		reply(http.StatusOK, `{}`)(w, r)
	})
	client := newClient(dial, nil)
	for name, row := range map[string]struct {
		method string
		body   any
		want   string
	}{
		"without a body": {http.MethodGet, nil, ""},
		"with a body":    {http.MethodPut, map[string]string{"name": "<n>"}, `{"name":"\u003cn\u003e"}`},
	} {
		request := httpapi.Request{
			Method: row.method,
			URL:    urlOf("http://cloud.test/gateway/a%2Fb?limit=1"),
			Header: http.Header{"X-Project-Id": {"p"}},
			Body:   row.body,
		}
		if err := client.Do(t.Context(), request, decodeJSON); err != nil {
			t.Fatal(err)
		}
		if got.method != row.method || got.uri != "/gateway/a%2Fb?limit=1" || got.body != row.want {
			t.Errorf("%s: the server saw %s %s %s", name, got.method, got.uri, got.body)
		}
		want := map[string]string{"User-Agent": "test/1", "Accept": "application/json", "X-Project-Id": "p"}
		if row.body != nil {
			want["Content-Type"] = "application/json"
		}
		for header, value := range want {
			if got.header.Get(header) != value {
				t.Errorf("%s: the header %s is %q, want %q", name, header, got.header.Get(header), value)
			}
		}
		if _, typed := got.header["Content-Type"]; typed != (row.body != nil) {
			t.Errorf("%s: the content type is %q", name, got.header.Get("Content-Type"))
		}
	}
}

// TestHost has hosts that net/http does not send the way their URL spells them. A signature covers
// what the server receives.
func TestHost(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct{ url, dialed, host string }{
		"name":                     {"http://cloud.test/", "cloud.test:80", "cloud.test"},
		"name and port":            {"http://cloud.test:8080/", "cloud.test:8080", "cloud.test:8080"},
		"IDN":                      {"http://bücher.test/", "xn--bcher-kva.test:80", "xn--bcher-kva.test"},
		"IDN and port":             {"http://bücher.test:81/", "xn--bcher-kva.test:81", "xn--bcher-kva.test:81"},
		"IPv6":                     {"http://[fe80::1]/", "[fe80::1]:80", "[fe80::1]"},
		"IPv6 with a zone":         {"http://[fe80::1%25eth0]/", "[fe80::1%eth0]:80", "[fe80::1]"},
		"IPv6 with zone and port":  {"http://[fe80::1%25eth0]:81/", "[fe80::1%eth0]:81", "[fe80::1]:81"},
		"IPv6 with port, no zone":  {"http://[::1]:81/", "[::1]:81", "[::1]:81"},
		"percent sign, not a zone": {"http://cloud.test/a%25b]", "cloud.test:80", "cloud.test"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var seen, authorized, dialed string
			dial := serve(t, func(w http.ResponseWriter, r *http.Request) {
				seen = r.Host
				reply(http.StatusOK, `{}`)(w, r)
			})
			client := newClient(func(ctx context.Context, network, address string) (net.Conn, error) {
				dialed = address
				return dial(ctx, network, address)
			}, authorizer(func(r *http.Request) (func(), error) {
				authorized = r.Host
				return nil, nil
			}))
			err := client.Do(t.Context(), httpapi.Request{Method: "GET", URL: urlOf(row.url)}, decodeJSON)
			if err != nil {
				t.Fatal(err)
			}
			if seen != row.host || authorized != row.host || dialed != row.dialed {
				t.Errorf("dialed %q, authorized for %q, the server saw %q", dialed, authorized, seen)
			}
		})
	}
}

// TestRequestThatCannotBeMade: a request that cannot be built is not sent.
func TestRequestThatCannotBeMade(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		request httpapi.Request
		want    string
	}{
		"body": {
			httpapi.Request{Method: "PUT", URL: urlOf("http://cloud.test/"), Body: make(chan int)},
			"encode request",
		},
		"method": {httpapi.Request{Method: "GE T", URL: urlOf("http://cloud.test/")}, "make request"},
		"host":   {httpapi.Request{Method: "GET", URL: urlOf("http://xn--\u00fc.test/")}, "is not valid"},
	} {
		client := newClient(neverCalled(t), nil, retries(5))
		err := client.Do(t.Context(), row.request, decodeJSON)
		if !isUnsent(err) || httpapi.Ambiguous(err) || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// neverCalled returns a dialer that fails the test when it is called.
func neverCalled(t *testing.T) dialer {
	t.Helper()
	return func(context.Context, string, string) (net.Conn, error) {
		t.Error("a connection was opened")
		return nil, net.ErrClosed
	}
}

// TestConnectionIsReused: the connection of a response that was read is reused, whatever its
// status, because a TLS handshake would cost more than a poll.
func TestConnectionIsReused(t *testing.T) {
	t.Parallel()
	large := `{"a":"` + strings.Repeat("x", 100_000) + `"}`
	for name, row := range map[string]struct {
		handler http.HandlerFunc
		decode  func(*http.Response) error
	}{
		"JSON": {reply(http.StatusOK, `{"a":1}`), decodeJSON},
		"chunked JSON": {reply(http.StatusOK, large), func(response *http.Response) error {
			_, err := readAll(response)
			return err
		}},
		"without a body":    {reply(http.StatusNoContent, ""), func(*http.Response) error { return nil }},
		"an error response": {reply(http.StatusBadRequest, `{"error_msg":"m","error_code":"c"}`), decodeJSON},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var dials atomic.Int32
			dial := serve(t, row.handler)
			client := newClient(func(ctx context.Context, network, address string) (net.Conn, error) {
				dials.Add(1)
				return dial(ctx, network, address)
			}, nil)
			for range 3 {
				if err := client.Do(t.Context(), get(), row.decode); httpapi.Ambiguous(err) {
					t.Fatal(err)
				}
			}
			if dials.Load() != 1 {
				t.Errorf("%d connections were opened", dials.Load())
			}
		})
	}
}

// TestConcurrentRequests: more idle connections are kept than the two for each host that net/http
// keeps by default.
func TestConcurrentRequests(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var dials atomic.Int32
		dial := serve(t, func(w http.ResponseWriter, r *http.Request) {
			time.Sleep(time.Second)
			reply(http.StatusOK, `{}`)(w, r)
		})
		client := newClient(func(ctx context.Context, network, address string) (net.Conn, error) {
			dials.Add(1)
			return dial(ctx, network, address)
		}, nil)
		for range 3 {
			together(10, func() {
				if err := client.Do(t.Context(), get(), decodeJSON); err != nil {
					t.Error(err)
				}
			})
		}
		if dials.Load() != 10 {
			t.Errorf("%d connections were opened, want 10", dials.Load())
		}
	})
}

// TestPause: a pause ends after its time, or with its context.
func TestPause(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		started := time.Now()
		if err := httpapi.Pause(ctx, 9*time.Second); err != nil || time.Since(started) != 9*time.Second {
			t.Errorf("after %s: %v", time.Since(started), err)
		}
		err := httpapi.Pause(ctx, time.Hour)
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(started) != 10*time.Second {
			t.Errorf("after %s: %v", time.Since(started), err)
		}
		if err := httpapi.Pause(ctx, 0); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("no pause in a context that has ended: %v", err)
		}
	})
}

// TestWithGrace: the context ends after the grace period, or when it is cancelled, and has
// the values of its parent.
func TestWithGrace(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		type key struct{}
		parent, end := context.WithCancel(context.WithValue(t.Context(), key{}, "kept"))
		longer, cancel := httpapi.WithGrace(parent, 10*time.Second)
		defer cancel()
		time.Sleep(time.Hour)
		synctest.Wait()
		if longer.Err() != nil || longer.Value(key{}) != "kept" {
			t.Errorf("before the end: %v, %v", longer.Err(), longer.Value(key{}))
		}
		end()
		ended := time.Now()
		<-longer.Done()
		if got := time.Since(ended); got != 10*time.Second {
			t.Errorf("it ended %s after the other one", got)
		}

		parent, end = context.WithCancel(t.Context())
		longer, cancel = httpapi.WithGrace(parent, 10*time.Second)
		end()
		synctest.Wait()
		cancel() // within the grace, which no goroutine may outlast
		synctest.Wait()
		if longer.Err() == nil {
			t.Error("it goes on after it was cancelled")
		}

		parent, end = context.WithCancel(t.Context())
		longer, cancel = httpapi.WithGrace(parent, 10*time.Second)
		cancel()
		end()
		if longer.Err() == nil {
			t.Error("it goes on after it was cancelled")
		}
	})
}

// TestBodyIsSentAgain: each attempt sends the whole body over a new connection. Over a used
// connection, net/http would repair a missing body.
func TestBodyIsSentAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var bodies []string
		failing, _ := inSequence(
			reply(503, "", "Connection", "close"), reply(401, "", "Connection", "close"), reply(200, `{}`),
		)
		dial := serve(t, func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			bodies = append(bodies, string(body))
			failing(w, r)
		})
		request := post()
		request.NonIdempotent = false
		client := newClient(dial, authorizer(func(*http.Request) (func(), error) { return func() {}, nil }), retries(1))
		if err := client.Do(t.Context(), request, decodeJSON); err != nil {
			t.Fatal(err)
		}
		want := `{"name":"n"}`
		if !slices.Equal(bodies, []string{want, want, want}) {
			t.Errorf("the server saw %q", bodies)
		}
	})
}
