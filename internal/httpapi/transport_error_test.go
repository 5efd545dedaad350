package httpapi_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/elbaas/terraform-provider-elbaas/internal/httpapi"
)

// echoed is what a server sends wherever net/http might quote it.
const echoed = "-----BEGIN PRIVATE KEY-----MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcw"

const (
	lostToUs  = "the connection to cloud.test was lost before a valid response arrived: "
	closed    = lostToUs + "the connection was closed"
	cutOff    = "the response of cloud.test was cut off: the connection was closed"
	malformed = "the response of cloud.test is not valid HTTP"
)

// showsNothing checks that an error contains nothing that the server sent, however it is
// printed, and wraps no error of net/http that might.
func showsNothing(t *testing.T, err error) {
	t.Helper()
	for ; err != nil; err = errors.Unwrap(err) {
		shown := fmt.Sprintf("%v %+v %#v", err, err, err)
		if strings.Contains(shown, "BEGIN") || strings.Contains(shown, "MIIE") {
			t.Errorf("%T shows what the server sent: %s", err, shown)
		}
	}
}

// TestMalformedResponses has a private key wherever net/http quotes a response that it does not
// understand. The server may be a proxy that mixes up its connections.
func TestMalformedResponses(t *testing.T) {
	t.Parallel()
	const ok = "HTTP/1.1 200 OK\r\n"
	const chunked = ok + "Transfer-Encoding: chunked\r\n\r\n"
	for kind, request := range bothKinds {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			for name, row := range map[string]struct{ text, want string }{
				"nothing":                     {"", closed},
				"no HTTP":                     {echoed + "\r\n\r\n", ""},
				"version":                     {"HTTP/" + echoed + " 200 OK\r\n\r\n", ""},
				"status":                      {"HTTP/1.1 " + echoed + "\r\n\r\n", ""},
				"status line without end":     {"HTTP/1.1 200 " + echoed, ""},
				"header without a colon":      {ok + echoed + "\r\n\r\n", malformed},
				"header without end":          {ok + "X-Key: " + echoed, ""},
				"header that goes on":         {ok + "X-Key: 1\r\n  " + echoed + "\x00\r\n\r\n{}", ""},
				"Content-Length":              {ok + "Content-Length: " + echoed + "\r\n\r\n", ""},
				"two lengths":                 {ok + "Content-Length: 1\r\nContent-Length: 2\r\n\r\n" + echoed, ""},
				"Transfer-Encoding":           {ok + "Transfer-Encoding: " + echoed + "\r\n\r\n", ""},
				"chunk size":                  {chunked + echoed + "\r\n", ""},
				"chunk size, too large":       {chunked + "FFFFFFFFFFFFFFFFFF\r\n" + echoed, ""},
				"chunk without its line end":  {chunked + "2\r\n{ " + echoed, ""},
				"chunk extension without end": {chunked + "2;" + strings.Repeat(echoed, 100), ""},
				"trailer":                     {chunked + "0\r\n" + echoed + "\r\n\r\n", ""},
				"body that is cut":            {ok + "Content-Length: 999\r\n\r\n{\"private_key\":\"" + echoed, cutOff},
				"chunk that is cut":           {chunked + "FF\r\n{\"private_key\":\"" + echoed, cutOff},
				"body without a length, cut":  {ok + "\r\n{\"private_key\":\"" + echoed, cutOff},
			} {
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					synctest.Test(t, func(t *testing.T) {
						handler, calls := inSequence(func(w http.ResponseWriter, _ *http.Request) { raw(w, row.text) })
						err := newClient(serve(t, handler), nil, retries(1)).Do(t.Context(), request, decodeJSON)
						showsNothing(t, err)
						var broken *httpapi.TransportError
						if !errors.As(err, &broken) || !httpapi.Ambiguous(err) || isUnsent(err) {
							t.Errorf("%v is no ambiguous TransportError", err)
						}
						want := int32(2)
						if request.NonIdempotent {
							want = 1
						}
						if calls.Load() != want {
							t.Errorf("it was sent %d times: %v", calls.Load(), err)
						}
						if row.want != "" && !strings.HasPrefix(err.Error(), row.want) {
							t.Errorf("%q, want %q", err, row.want)
						}
					})
				})
			}
		})
	}
}

// TestHeadersAreBounded: net/http limits the size of headers, and its error does not quote them.
func TestHeadersAreBounded(t *testing.T) {
	t.Parallel()
	dial := serveText(t, "HTTP/1.1 200 OK\r\nX-Key: "+strings.Repeat(echoed, 11<<20/len(echoed))+"\r\n\r\n")
	err := newClient(dial, nil).Do(t.Context(), get(), decodeJSON)
	showsNothing(t, err)
	if err == nil || err.Error() != closed {
		t.Errorf("%v, want %q", err, closed)
	}
}

// TestContentLengthTooSmall: what the server sends after the end of a response is neither read nor
// displayed. net/http would write it to the standard logger, which the program silences.
func TestContentLengthTooSmall(t *testing.T) {
	t.Parallel()
	var body string
	dial := serveText(t, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"+echoed)
	err := newClient(dial, nil).Do(t.Context(), get(), func(response *http.Response) (err error) {
		body, err = readAll(response)
		return err
	})
	if err != nil || body != "{}" {
		t.Errorf("%q, %v", body, err)
	}
}

// brokenConnection fails to read with an error of the operating system.
type brokenConnection struct {
	net.Conn
	err error
}

// Read implements net.Conn.
func (c brokenConnection) Read(p []byte) (int, error) {
	_, _ = c.Conn.Read(p[:1])
	return 0, &net.OpError{Op: "read", Net: "tcp", Err: c.err}
}

// TestLostConnections: the error has the reason that the operating system gives.
func TestLostConnections(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		err  error
		want string
	}{
		"reset":     {os.NewSyscallError("read", syscall.ECONNRESET), lostToUs + "connection reset by peer"},
		"timed out": {os.NewSyscallError("read", syscall.ETIMEDOUT), lostToUs + "connection timed out"},
		"quoting":   {errors.New(echoed), closed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				dial := serve(t, reply(http.StatusOK, `{}`))
				err := newClient(func(ctx context.Context, network, address string) (net.Conn, error) {
					connection, err := dial(ctx, network, address)
					return brokenConnection{connection, row.err}, err
				}, nil).Do(t.Context(), post(), decodeJSON)
				showsNothing(t, err)
				if err == nil || err.Error() != row.want || !httpapi.Ambiguous(err) {
					t.Errorf("%v, want %q", err, row.want)
				}
			})
		})
	}
}

// TestConnectionsThatFail: the error says why no connection could be made, and that nothing was
// sent. Failures that may be temporary are retried.
func TestConnectionsThatFail(t *testing.T) {
	t.Parallel()
	dialing := func(err error) error { return &net.OpError{Op: "dial", Net: "tcp", Err: err} }
	resolving := func(err net.DNSError) error {
		err.Name, err.Err = "cloud.test", echoed
		return dialing(&err)
	}
	unreachable := dialing(os.NewSyscallError("connect", syscall.EHOSTUNREACH))
	const reached, resolved = "cloud.test could not be reached: ", "the name cloud.test could not be resolved: "
	for name, row := range map[string]struct {
		err   error
		dials int
		want  string
	}{
		"refused":        {refusedConnection(), 2, reached + "connection refused"},
		"unreachable":    {unreachable, 2, reached + "no route to host"},
		"timeout":        {dialing(context.DeadlineExceeded), 2, reached + "timeout"},
		"another reason": {dialing(errors.New(echoed)), 2, reached + "the connection was closed"},
		"no such name":   {resolving(net.DNSError{IsNotFound: true}), 1, resolved + "no such host"},
		"name server": {
			resolving(net.DNSError{IsTemporary: true}),
			2,
			resolved + "the name server did not respond",
		},
		"name server's time": {
			resolving(net.DNSError{IsTimeout: true}),
			2,
			resolved + "the name server did not respond",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				dials := 0
				err := newClient(func(context.Context, string, string) (net.Conn, error) {
					dials++
					return nil, row.err
				}, nil, retries(1)).Do(t.Context(), post(), decodeJSON)
				showsNothing(t, err)
				if err == nil || err.Error() != row.want || !isUnsent(err) || httpapi.Ambiguous(err) ||
					dials != row.dials {
					t.Errorf("after %d connections: %v, want %q", dials, err, row.want)
				}
			})
		})
	}
}

// TestProxy: only the status of a response of the proxy is displayed, and nothing was sent through
// the proxy.
func TestProxy(t *testing.T) {
	t.Parallel()
	const refusing, failing = "the proxy refused to connect to cloud.test: ", "the proxy did not connect to " +
		"cloud.test: "
	for name, row := range map[string]struct {
		text  string
		dials int
		want  string
	}{
		"407": {
			"HTTP/1.1 407 " + echoed + "\r\n\r\n",
			1,
			refusing + "HTTP 407 Proxy Authentication Required",
		},
		"403": {
			"HTTP/1.1 403 No\r\nX: " + echoed + "\r\n\r\n" + echoed,
			1,
			refusing + "HTTP 403 Forbidden",
		},
		"500":                  {"HTTP/1.1 500 " + echoed + "\r\n\r\n", 2, failing + "HTTP 500 Internal Server Error"},
		"502":                  {"HTTP/1.1 502 " + echoed + "\r\n\r\n", 2, failing + "HTTP 502 Bad Gateway"},
		"unknown status":       {"HTTP/1.1 599 " + echoed + "\r\n\r\n", 2, failing + "HTTP 599"},
		"without response":     {"", 2, closed},
		"malformed":            {echoed + "\r\n\r\n", 2, closed},
		"connected, then lost": {"HTTP/1.1 200 OK\r\n\r\n", 2, closed},
		"another success":      {"HTTP/1.1 204 " + echoed + "\r\n\r\n", 1, refusing + "HTTP 204 No Content"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var asked []string
				dial := serve(t, func(w http.ResponseWriter, r *http.Request) {
					asked = append(asked, r.Method+" "+r.RequestURI+" "+r.Header.Get("X-Auth-Token"))
					raw(w, row.text)
				})
				client := newClient(func(ctx context.Context, network, address string) (net.Conn, error) {
					if address != proxyAddress {
						t.Errorf("it connects to %s", address)
					}
					return dial(ctx, network, address)
				}, new(tokens), retries(1))
				request := post()
				request.URL = urlOf("https://cloud.test/")
				err := client.Do(t.Context(), request, decodeJSON)
				showsNothing(t, err)
				if !isUnsent(err) || httpapi.Ambiguous(err) || !strings.HasPrefix(err.Error(), row.want) {
					t.Errorf("%v, want %q", err, row.want)
				}
				if len(asked) != row.dials || asked[0] != "CONNECT cloud.test:443 " {
					t.Errorf("the proxy was asked %q", asked)
				}
			})
		})
	}
}

// TestMissingProxy: the error says that the proxy could not be reached, rather than the server.
func TestMissingProxy(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		err  error
		want string
	}{
		"refused": {refusedConnection(), "the proxy could not be reached: connection refused"},
		"no such name": {
			&net.OpError{Op: "dial", Err: &net.DNSError{Name: "proxy.test", IsNotFound: true}},
			"the name proxy.test could not be resolved: no such host",
		},
	} {
		request := get()
		request.URL = urlOf("https://cloud.test/")
		err := newClient(func(context.Context, string, string) (net.Conn, error) { return nil, row.err }, nil).
			Do(t.Context(), request, decodeJSON)
		if err == nil || err.Error() != row.want || !isUnsent(err) {
			t.Errorf("%s: %v, want %q", name, err, row.want)
		}
	}
}

// tlsServer returns the URL of a TLS server with a certificate for some names, and a client
// configuration that trusts it.
func tlsServer(t *testing.T, config *tls.Config, names ...string) (address string, trust *tls.Config) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: names, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	config.Certificates = []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}
	server := httptest.NewUnstartedServer(reply(http.StatusOK, `{}`))
	server.TLS, server.Config.ErrorLog = config, discard
	server.StartTLS()
	t.Cleanup(server.Close)
	roots := x509.NewCertPool()
	roots.AddCert(certificate)
	return server.URL, &tls.Config{RootCAs: roots, ServerName: "cloud.test", MinVersion: tls.VersionTLS12}
}

// TestTLS has the errors of handshakes.
func TestTLS(t *testing.T) {
	t.Parallel()
	trusted, trust := tlsServer(t, &tls.Config{}, "cloud.test")
	elsewhere, trustElsewhere := tlsServer(t, &tls.Config{}, "elsewhere.test")
	escaping, trustEscaping := tlsServer(t, &tls.Config{}, "\x1b[31melsewhere.test\x1b[0m")
	old, trustOld := tlsServer(t, &tls.Config{MaxVersion: tls.VersionTLS11}, "cloud.test")
	wantsCertificate := &tls.Config{MaxVersion: tls.VersionTLS12, ClientAuth: tls.RequireAnyClientCert}
	choosy, trustChoosy := tlsServer(t, wantsCertificate, "cloud.test")
	plain := httptest.NewServer(reply(http.StatusOK, echoed))
	t.Cleanup(plain.Close)
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			_, _ = io.WriteString(connection, echoed)
			_, _ = io.Copy(io.Discard, connection) // otherwise a reset discards what was sent
			_ = connection.Close()
		}
	}()
	for name, row := range map[string]struct {
		url   string
		trust *tls.Config
		want  string // has %s for the host; "" is success
	}{
		"trusted":           {trusted, trust, ""},
		"unknown authority": {trusted, nil, "the TLS certificate of %s is not valid: x509: "},
		"another name": {
			elsewhere, trustElsewhere,
			"the TLS certificate of %s is not valid: x509: certificate is valid for elsewhere.test, not cloud.test",
		},
		"control characters": {
			escaping, trustEscaping,
			"the TLS certificate of %s is not valid: x509: certificate is valid for [31melsewhere.test[0m, " +
				"not cloud.test",
		},
		"plain HTTP":         {strings.Replace(plain.URL, "http", "https", 1), trust, "%s does not speak TLS"},
		"another protocol":   {"https://" + listener.Addr().String(), trust, "%s does not speak TLS"},
		"old TLS":            {old, trustOld, "the TLS handshake with %s failed: "},
		"client certificate": {choosy, trustChoosy, "the TLS handshake with %s failed: "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			request := httpapi.Request{Method: http.MethodGet, URL: urlOf(row.url)}
			dials, wanted := 0, 1
			if strings.HasPrefix(row.want, "the TLS handshake") { // another server behind the same name may complete it
				wanted = 2
			}
			client := newClient(func(ctx context.Context, network, address string) (net.Conn, error) {
				dials++
				return new(net.Dialer).DialContext(ctx, network, address)
			}, nil, retries(1), func(c *httpapi.Config) { c.TLS = row.trust })
			err := client.Do(t.Context(), request, decodeJSON)
			showsNothing(t, err)
			if want := strings.Contains(row.want, "TLS certificate"); errors.Is(err, httpapi.ErrUntrusted) != want {
				t.Errorf("%v is an untrusted server: want %t", err, want)
			}
			if row.want == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			want := fmt.Sprintf(row.want, request.URL.Host)
			if !isUnsent(err) || httpapi.Ambiguous(err) || !strings.HasPrefix(err.Error(), want) {
				t.Errorf("%q, want %q", err, want)
			}
			if dials != wanted {
				t.Errorf("%d connections, want %d: %v", dials, wanted, err)
			}
		})
	}
}

// TestHeaderThatCannotBeSent: a header that net/http does not send is not reported as a lost
// connection, and is not retried. A token that is read from a file may end with a newline.
func TestHeaderThatCannotBeSent(t *testing.T) {
	t.Parallel()
	for name, token := range map[string]string{"newline": echoed + "\n", "control character": "\x00" + echoed} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				asked := 0
				err := newClient(neverCalled(t), authorizer(func(r *http.Request) (func(), error) {
					asked++
					r.Header.Set("X-Auth-Token", token)
					return nil, nil
				}), retries(3)).Do(t.Context(), post(), decodeJSON)
				showsNothing(t, err)
				if !isUnsent(err) || httpapi.Ambiguous(err) || asked != 1 ||
					!strings.HasSuffix(err.Error(), "could not be sent: check the proxy in HTTPS_PROXY and "+
						"NO_PROXY, and that the credentials have no line end") {
					t.Errorf("asked %d times: %v", asked, err)
				}
			})
		})
	}
}
