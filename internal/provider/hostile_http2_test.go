package provider_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/binary"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/elbaas/terraform-provider-elbaas/internal/acctest"
	"github.com/elbaas/terraform-provider-elbaas/internal/elbstub"
	"github.com/elbaas/terraform-provider-elbaas/internal/provider"
)

// TestOnlyHTTP1IsSpoken: with HTTP/2, Go's transport would repeat requests by itself.
func TestOnlyHTTP1IsSpoken(t *testing.T) {
	t.Parallel()
	cloud := NewCloud(t)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ProtoMajor != 1 {
			t.Errorf("%s %s: %s is spoken", r.Method, r.URL.Path, r.Proto)
		}
		cloud.ServeHTTP(w, r)
	}))
	server.EnableHTTP2 = true
	server.StartTLS()
	t.Cleanup(server.Close)

	s := acctest.NewServer(t, provider.New("test", nil)(), acctest.Values{
		"endpoint": moved(t, cloud.Endpoint, server.URL), "auth_url": moved(t, cloud.AuthURL, server.URL),
		"insecure": true, "project_name": Region,
		"user_name": UserName, "password": Password, "domain_name": Domain,
	})
	state, _ := create(t, s, acctest.Values{"name": "www"})
	if state == nil {
		t.Fatal("nothing was created")
	}
	if left, diagnostics := s.Destroy(state); left != nil {
		t.Error(textOf(diagnostics))
	}
	if calls := cloud.Journal(elbstub.IssueToken); len(calls) == 0 {
		t.Error("the identity service was not called")
	}
}

// moved returns an address with the scheme and host of another server.
func moved(t *testing.T, address, server string) string {
	t.Helper()
	parsed, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return server + parsed.Path
}

// TestStreamResetAfterCommit: Go's HTTP/2 transport repeats a request after a stream reset or
// GOAWAY that claims that the request was not processed, although it was.
func TestStreamResetAfterCommit(t *testing.T) {
	t.Parallel()
	const resetFrame, goAwayFrame = 3, 7
	for name, end := range map[string]func(h2 *rudeHTTP2, stream uint32){
		"RST_STREAM": func(h2 *rudeHTTP2, stream uint32) {
			const protocolError = 1
			h2.write(resetFrame, 0, stream, binary.BigEndian.AppendUint32(nil, protocolError))
		},
		"GOAWAY": func(h2 *rudeHTTP2, stream uint32) {
			const noError = 0
			last := binary.BigEndian.AppendUint32(nil, stream-2)
			h2.write(goAwayFrame, 0, 0, binary.BigEndian.AppendUint32(last, noError))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cloud := NewCloud(t)
			target := moved(t, cloud.Endpoint, "") + "/v1.0/" + ProjectID + "/elbaas/certificate"
			var posts atomic.Int64
			server := httptest.NewUnstartedServer(cloud)
			server.TLS = &tls.Config{NextProtos: []string{"h2", "http/1.1"}, MinVersion: tls.VersionTLS12}
			server.Config.TLSNextProto = map[string]func(*http.Server, *tls.Conn, http.Handler){
				"h2": func(_ *http.Server, connection *tls.Conn, handler http.Handler) {
					h2 := &rudeHTTP2{connection: connection, handler: handler, target: target}
					h2.endPost = func(stream uint32) bool {
						if posts.Add(1) > 1 {
							return false
						}
						end(h2, stream)
						return true
					}
					h2.serve()
				},
			}
			server.StartTLS()
			t.Cleanup(server.Close)

			config := cloud.Configuration()
			config["endpoint"], config["insecure"] = moved(t, cloud.Endpoint, server.URL), true
			s := acctest.NewServer(t, provider.New("test", nil)(), config)
			state, diagnostics := create(t, s, acctest.Values{"name": "www"})
			if idOf(state) != cloud.Only(t).ID {
				t.Errorf("state %q: %s", idOf(state), textOf(diagnostics))
			}
		})
	}
}

// A rudeHTTP2 is a minimal HTTP/2 server that carries a request out and then ends its stream in a
// way that no handler of net/http can. A request with a body is a POST of a certificate, one
// without a list.
type rudeHTTP2 struct {
	connection net.Conn
	handler    http.Handler
	target     string // the URL of both calls
	// endPost ends the stream of a POST that was carried out, and returns true. If it returns
	// false, the response is sent.
	endPost func(stream uint32) bool
}

func (h2 *rudeHTTP2) write(kind, flags byte, stream uint32, payload []byte) {
	frame := binary.BigEndian.AppendUint32(nil, uint32(len(payload))<<8|uint32(kind))
	frame = binary.BigEndian.AppendUint32(append(frame, flags), stream)
	_, _ = h2.connection.Write(append(frame, payload...))
}

func (h2 *rudeHTTP2) serve() {
	const (
		data, headers, settings, ping = 0, 1, 4, 6

		endOfStream, acknowledged = 1, 1
	)
	if _, err := io.CopyN(io.Discard, h2.connection, int64(len("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"))); err != nil {
		return
	}
	h2.write(settings, 0, 0, nil)
	bodies := map[uint32][]byte{}
	for {
		head := make([]byte, 9)
		if _, err := io.ReadFull(h2.connection, head); err != nil {
			return
		}
		payload := make([]byte, binary.BigEndian.Uint32(head)>>8)
		if _, err := io.ReadFull(h2.connection, payload); err != nil {
			return
		}
		kind, flags, stream := head[3], head[4], binary.BigEndian.Uint32(head[5:])
		switch {
		case kind == settings && flags&acknowledged == 0, kind == ping && flags&acknowledged == 0:
			h2.write(kind, acknowledged, 0, map[byte][]byte{ping: payload}[kind])
		case kind == data:
			if bodies[stream] = append(bodies[stream], payload...); flags&endOfStream != 0 {
				h2.handle(http.MethodPost, stream, bodies[stream])
			}
		case kind == headers && flags&endOfStream != 0:
			h2.handle(http.MethodGet, stream, nil)
		}
	}
}

func (h2 *rudeHTTP2) handle(method string, stream uint32, body []byte) {
	const (
		data, headers = 0, 1

		endOfStream, endOfHeaders = 1, 4
		statusOK                  = 0x88 // the HPACK code
	)
	request := httptest.NewRequestWithContext(context.Background(), method, h2.target, bytes.NewReader(body))
	request.Header.Set("X-Auth-Token", Token)
	recorder := httptest.NewRecorder()
	h2.handler.ServeHTTP(recorder, request)
	if method == http.MethodPost && h2.endPost(stream) {
		return
	}
	h2.write(headers, endOfHeaders, stream, []byte{statusOK})
	h2.write(data, endOfStream, stream, recorder.Body.Bytes())
}

// A silentNetwork has connections that can break silently: what is sent from then on does not
// arrive, and neither side notices.
type silentNetwork struct {
	network *elbstub.Network
	dials   atomic.Int64
	latest  atomic.Pointer[breakable]
}

type breakable struct {
	net.Conn

	broken atomic.Bool
}

// Write implements net.Conn.
func (c *breakable) Write(b []byte) (int, error) {
	if c.broken.Load() {
		return len(b), nil
	}
	return c.Conn.Write(b)
}

func (n *silentNetwork) dial(ctx context.Context, network, address string) (net.Conn, error) {
	connection, err := n.network.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	c := &breakable{Conn: connection}
	n.dials.Add(1)
	n.latest.Store(c)
	return c, nil
}

// breakLatest breaks the latest connection.
func (n *silentNetwork) breakLatest() { n.latest.Load().broken.Store(true) }

// TestConnectionDiesSilently: after a minute without a response, another connection is tried,
// whatever protocols the server supports.
func TestConnectionDiesSilently(t *testing.T) {
	t.Parallel()
	// How many certificates exist in the end.
	for method, want := range map[string]int{
		http.MethodGet: 1, http.MethodPut: 1, http.MethodDelete: 0, http.MethodPost: 2,
	} {
		t.Run(method, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				cloud, network, _ := newWireInMemory(t)
				to := &silentNetwork{network: network}
				config := cloud.Configuration()
				config["insecure"] = true
				s := acctest.NewServer(t, provider.New("test", to.dial)(), config)
				values := acctest.Values{"name": "www"}
				state, _ := create(t, s, values)

				time.Sleep(10 * time.Second) // until the cached list has expired
				to.breakLatest()
				dials, started := to.dials.Load(), time.Now()
				if method == http.MethodPost {
					values = acctest.Values{"name": "other"}
				}
				after, diagnostics := perform(t, s, method, state, values)
				if diagnostics.HasError() || (after == nil) != (method == http.MethodDelete) {
					t.Errorf("state %q: %s", idOf(after), textOf(diagnostics))
				}
				if took := time.Since(started); took < 59*time.Second || took > 90*time.Second {
					t.Errorf("it took %s, want about a minute", took)
				}
				if dialled := to.dials.Load() - dials; dialled == 0 {
					t.Error("no new connection was made")
				}
				if there := len(cloud.Certificates(ProjectID)); there != want {
					t.Errorf("there are %d certificates, want %d", there, want)
				}
			})
		})
	}
}

// TestSilentServer: an attempt whose request was read ends after a minute without a response, and
// the next attempt uses a new connection.
func TestSilentServer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud, network, wire := newWireInMemory(t)
		to := &silentNetwork{network: network}
		config := cloud.Configuration()
		config["insecure"], config["max_retries"] = true, 2
		s := acctest.NewServer(t, provider.New("test", to.dial)(), config)
		state, _ := create(t, s, acctest.Values{"name": "www"})

		time.Sleep(10 * time.Second)
		lists, dials, started := wire.Calls(http.MethodGet), to.dials.Load(), time.Now()
		wire.ScriptAll(http.MethodGet, (*exchange).Hold)
		after, diagnostics := s.Read(state)
		if after == nil || !diagnostics.HasError() {
			t.Errorf("state %q: %s", idOf(after), textOf(diagnostics))
		}
		if took := time.Since(started); took < 179*time.Second || took > 200*time.Second {
			t.Errorf("it took %s, want about three minutes", took)
		}
		if calls, dialled := wire.Calls(http.MethodGet)-lists, to.dials.Load()-dials; calls != 3 || dialled != 2 {
			t.Errorf("%d lists over %d new connections, want 3 over 2", calls, dialled)
		}
	})
}
