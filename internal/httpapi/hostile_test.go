package httpapi

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/elbaas/terraform-provider-elbaas/internal/elbstub"
	"github.com/elbaas/terraform-provider-elbaas/internal/secret"
)

func serveInMemory(t *testing.T, handler http.HandlerFunc) func(context.Context, string, string) (net.Conn, error) {
	t.Helper()
	network := elbstub.NewNetwork("cloud.test")
	server := &http.Server{Handler: handler, ErrorLog: log.New(io.Discard, "", 0)}
	go func() { _ = server.Serve(network) }()
	t.Cleanup(func() {
		time.Sleep(time.Hour)
		_ = server.Close()
	})
	return network.DialContext
}

func requestOf(method string) Request {
	return Request{Method: method, URL: &url.URL{Scheme: "http", Host: "cloud.test", Path: "/x"}}
}

func decodeAnything(response *http.Response) error {
	var body any
	return json.NewDecoder(response.Body).Decode(&body)
}

// TestSilenceBeginsWithTheHeaders: the headers arrive after 50 s, and the body 20 s later. The limit for the silence of
// the body starts with the headers.
func TestSilenceBeginsWithTheHeaders(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		dial := serveInMemory(t, func(w http.ResponseWriter, _ *http.Request) {
			time.Sleep(50 * time.Second)
			w.WriteHeader(200)
			_ = http.NewResponseController(w).Flush()
			time.Sleep(20 * time.Second)
			_, _ = io.WriteString(w, "{}")
		})
		err := NewNetwork(Config{Dial: dial}).Client(nil).Do(t.Context(), requestOf("GET"), decodeAnything)
		if err != nil {
			t.Errorf("no silence was longer than 50 s, but %v", err)
		}
	})
}

// Test1xxIsNotTheResponse: a POST that only has an interim response is awaited for five
// seconds after the interrupt, so that the rest of the grace period remains for a search.
func Test1xxIsNotTheResponse(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		dial := serveInMemory(t, func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			w.WriteHeader(http.StatusEarlyHints)
			select {
			case <-r.Context().Done():
			case <-time.After(time.Hour):
			}
		})
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		request := requestOf("POST")
		request.NonIdempotent, request.Body = true, "x"
		started := time.Now()
		err := NewNetwork(Config{Dial: dial}).Client(nil).Do(ctx, request, decodeAnything)
		if took := time.Since(started) - time.Second; took > ResponseGrace {
			t.Errorf("it ended %s after the interrupt: %v", took, err)
		}
	})
}

// TestThrottledRoundsThatPass: in each round, some requests succeed and some are throttled,
// and the first response is throttled. Because some succeed, the pauses stay short.
func TestThrottledRoundsThatPass(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const perSecond = 10
		var mu sync.Mutex
		window, served := time.Now(), 0
		dial := serveInMemory(t, func(w http.ResponseWriter, _ *http.Request) {
			mu.Lock()
			if time.Since(window) >= time.Second {
				window, served = time.Now(), 0
			}
			served++
			ok := served <= perSecond
			mu.Unlock()
			if !ok {
				w.WriteHeader(429)
				return
			}
			time.Sleep(300 * time.Millisecond) // a success takes a while, a refusal does not
			_, _ = io.WriteString(w, "{}")
		})
		client := NewNetwork(Config{Dial: dial}).Client(nil)
		started := time.Now()
		var all sync.WaitGroup
		for range 100 {
			all.Go(func() {
				if err := client.Do(t.Context(), requestOf("GET"), decodeAnything); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if took := time.Since(started); took > time.Minute {
			t.Errorf("100 requests at 10 a second took %s", took.Round(time.Second))
		}
	})
}

// TestHostNamesOfACertificateAreRedacted: the host names in a TLS certificate come from the server, so they may contain
// what it was sent.
func TestHostNamesOfACertificateAreRedacted(t *testing.T) {
	t.Parallel()
	key, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	for name, san := range map[string]string{
		"control sequence": "a\x1b[2Jb.example.com",
		"long":             strings.Repeat("a.", 30000) + "b",
		"a token":          "token-of-an-earlier-request.example.com",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			template := &x509.Certificate{
				SerialNumber: big.NewInt(1),
				NotAfter:     time.Now().Add(time.Hour),
				DNSNames:     []string{san},
			}
			der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
			if err != nil {
				t.Skip(err)
			}
			listener, err := tls.Listen(
				"tcp",
				"127.0.0.1:0",
				&tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}},
			)
			if err != nil {
				t.Fatal(err)
			}
			server := &http.Server{ErrorLog: log.New(io.Discard, "", 0)}
			go func() { _ = server.Serve(listener) }()
			defer func() { _ = server.Close() }()
			request := requestOf("GET")
			request.Header = http.Header{"X-Auth-Token": {"token-of-an-earlier-request"}}
			request.URL = &url.URL{
				Scheme: "https",
				Host:   strings.Replace(listener.Addr().String(), "127.0.0.1", "localhost", 1),
			}
			err = NewNetwork(Config{}).Client(nil).Do(t.Context(), request, decodeAnything)
			said := err.Error()
			if strings.Contains(said, "\x1b") || strings.Contains(said, "token-") || len(said) > 4<<10 {
				t.Errorf("%d bytes: %.200q", len(said), said)
			} else {
				t.Logf("%.300q", said)
			}
		})
	}
}

// TestSecretsInOtherSpellings: a server returns what it was sent, in a message or elsewhere, in a spelling of its own.
func TestSecretsInOtherSpellings(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct{ secret, body, shown string }{
		"a quote, escaped": {`pa"ss<Wd1`, `{"auth":{"password":"pa\"ss<Wd1"}}`, `ss<Wd1`},
		"HTML-safe JSON":   {`Tr0ub4dor&3`, `{"auth":{"password":"Tr0ub4dor\u00263"}}`, `Tr0ub4dor`},
		"long, HTML-safe JSON": {
			"correct&horse&battery&staple",
			`{"auth":{"password":"correct\u0026horse\u0026battery\u0026staple"}}`,
			"staple",
		},
		"not ASCII, as Python": {
			"пароль",
			`{"auth":{"password":"\u043f\u0430\u0440\u043e\u043b\u044c"}}`,
			`\u043f\u0430\u0440`,
		},
		"a space at the end": {"hunter2 ", `{"error":{"message":"wrong password: hunter2 "}}`, `hunter2`},
		"a no-break space":   {"hun\u00a0ter2", `{"error":{"message":"wrong: hun` + "\u00a0" + `ter2"}}`, `ter2`},
		"a backslash":        {`hun\ter2`, `{"auth":"hun\\ter2"}`, `ter2`},
		"HTML":               {`a<b>&c1`, `<html><body>bad: a&lt;b&gt;&amp;c1</body></html>`, `&lt;b&gt;&amp;c1`},
		"plus signs as escapes": {
			"Abcdefgh+Ijklmnop+Qrstuvwx+Yz0123456789",
			`{"auth":{"password":"Abcdefgh\u002BIjklmnop\u002BQrstuvwx\u002BYz0123456789"}}`,
			`Ijklmnop`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				dial := serveInMemory(t, func(w http.ResponseWriter, _ *http.Request) {
					w.WriteHeader(400)
					_, _ = io.WriteString(w, row.body)
				})
				request := requestOf("POST")
				request.Secrets = []secret.Value{secret.New(row.secret)}
				err := NewNetwork(Config{Dial: dial}).Client(nil).Do(t.Context(), request, decodeAnything)
				if strings.Contains(err.Error(), row.shown) {
					t.Errorf("the secret is shown: %v", err)
				}
			})
		})
	}
}

// TestRequestIDWithTheToken: a gateway returns the token as the request ID. The ID is prepared for display only where
// it is displayed, since that takes milliseconds with a long token.
func TestRequestIDWithTheToken(t *testing.T) {
	t.Parallel()
	for _, body := range []string{"broken", "{}"} {
		synctest.Test(t, func(t *testing.T) {
			const token = "MIIFvAYJKoZIhvcNAQcCoIIFrTCCBakCAQE"
			dial := serveInMemory(t, func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("X-Request-Id", r.Header.Get("X-Auth-Token"))
				_, _ = io.WriteString(w, body)
			})
			var logged any
			network := NewNetwork(Config{Dial: dial, Log: func(_ context.Context, _ string, fields ...map[string]any) {
				logged = fields[0]["request_id"]
			}})
			request := requestOf("GET")
			request.Header = http.Header{"X-Auth-Token": {token}}
			err := network.Client(nil).Do(t.Context(), request, decodeAnything)
			if strings.Contains(fmt.Sprint(err), token) {
				t.Errorf("the token is shown: %v", err)
			}
			if said := fmt.Sprintf("%v %s %+v %#v", logged, logged, logged, logged); strings.Contains(said, token) ||
				!strings.Contains(said, redacted) {
				t.Errorf("the token is logged: %s", said)
			}
			if _, waits := logged.(requestID); waits != (err == nil) {
				t.Errorf("of a response with %s, the request ID is logged as %T", body, logged)
			}
		})
	}
}

// TestGzip: a request whose compressed response is cut off is repeated, and a compression bomb counts as too large.
func TestGzip(t *testing.T) {
	t.Parallel()
	compress := func(size int) []byte {
		var b bytes.Buffer
		w := gzip.NewWriter(&b)
		_, _ = w.Write([]byte(`{"a":"`))
		_, _ = w.Write(bytes.Repeat([]byte("x"), size))
		_, _ = w.Write([]byte(`"}`))
		_ = w.Close()
		return b.Bytes()
	}
	for name, row := range map[string]struct {
		body  []byte
		calls int
		want  string
	}{
		"cut":  {compress(10)[:15], 3, "cut off"},
		"bomb": {compress(80 << 20), 1, "64 MiB"},
		"none": {[]byte(`{"a":1}`), 3, "cut off"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				calls := 0
				dial := serveInMemory(t, func(w http.ResponseWriter, _ *http.Request) {
					calls++
					w.Header().Set("Content-Encoding", "gzip")
					_, _ = w.Write(row.body)
				})
				err := NewNetwork(Config{Dial: dial, MaxRetries: 2}).Client(nil).Do(
					t.Context(),
					requestOf("GET"),
					decodeAnything,
				)
				if err == nil || !strings.Contains(err.Error(), row.want) || calls != row.calls {
					t.Errorf("%d calls: %v", calls, err)
				}
			})
		})
	}
}

// TestLocalFaultIsNotALostConnection: a request that net/http itself refuses to send is not retried, and its connection
// is not reported as lost.
func TestLocalFaultIsNotALostConnection(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		dial := serveInMemory(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "{}") })
		request := requestOf("GET")
		request.Header = http.Header{"X-Project-Id": {"a\nb"}}
		started := time.Now()
		err := NewNetwork(Config{Dial: dial, MaxRetries: 5}).Client(nil).Do(t.Context(), request, decodeAnything)
		if took := time.Since(started); took > 0 || strings.Contains(err.Error(), "lost") {
			t.Errorf("after %s: %v", took, err)
		}
	})
}

// TestUnsentDoesNotCountAsPassed: a request that was not sent says nothing about throttling.
func TestUnsentDoesNotCountAsPassed(t *testing.T) {
	t.Parallel()
	th := throttle{inARow: map[string]int{}}
	th.refused(0, http.MethodGet, 0)
	th.mu.Lock()
	th.resume = time.Time{}
	th.mu.Unlock()
	send := retried(func(context.Context, *call) error { return &UnsentError{context.Canceled} }, 0, &th)
	r, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://cloud.test", nil)
	_ = send(t.Context(), &call{Request: r})
	if got := th.inARow[http.MethodGet]; got != 1 {
		t.Errorf("in a row: %d, want 1", got)
	}
}
