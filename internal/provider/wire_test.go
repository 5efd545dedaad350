package provider_test

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/elbaas/terraform-provider-elbaas/internal/elbstub"
)

// A wire is a proxy in front of a stub cloud. It passes requests on, and lets a test write the
// bytes of a response itself, which no http.Handler can do.
type wire struct {
	cloud http.Handler

	mu       sync.Mutex
	calls    map[string]int // how many, by method
	scripted map[nthRequest]func(*exchange)
}

// An nthRequest is the nth request of a method, or every request if nth is 0.
type nthRequest struct {
	method string
	nth    int
}

// newWire starts a stub cloud behind a wire, which is reached by plain HTTP over loopback.
func newWire(t testing.TB, options ...func(*elbstub.Options)) (*Cloud, *wire) {
	t.Helper()
	cloud := NewCloud(t, options...)
	return cloud, inFrontOf(cloud)
}

// newWireInMemory starts a stub cloud behind a wire, which is reached like the cloud of
// NewCloudInMemory.
func newWireInMemory(t *testing.T) (*Cloud, *elbstub.Network, *wire) {
	t.Helper()
	cloud, network := NewCloudInMemory(t)
	return cloud, network, inFrontOf(cloud)
}

// inFrontOf puts a wire in front of a cloud.
func inFrontOf(cloud *Cloud) *wire {
	w := &wire{cloud: cloud.Handler, calls: map[string]int{}, scripted: map[nthRequest]func(*exchange){}}
	cloud.Handler = w
	return w
}

// Script lets a test handle the nth request of a method from now on; 1 is the next one.
func (w *wire) Script(method string, nth int, script func(*exchange)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.scripted[nthRequest{method, w.calls[method] + nth}] = script
}

// ScriptAll lets a test handle every request of a method that Script does not name.
func (w *wire) ScriptAll(method string, script func(*exchange)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.scripted[nthRequest{method, 0}] = script
}

// Calls returns how many requests of a method have arrived.
func (w *wire) Calls(method string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.calls[method]
}

// ServeHTTP implements http.Handler.
func (w *wire) ServeHTTP(writer http.ResponseWriter, request *http.Request) {
	w.mu.Lock()
	w.calls[request.Method]++
	script := w.scripted[nthRequest{request.Method, w.calls[request.Method]}]
	if script == nil {
		script = w.scripted[nthRequest{request.Method, 0}]
	}
	w.mu.Unlock()
	if script == nil {
		w.cloud.ServeHTTP(writer, request)
		return
	}
	body, err := io.ReadAll(request.Body) // before the connection is taken over
	if err != nil {
		return
	}
	connection, _, err := http.NewResponseController(writer).Hijack()
	if err != nil {
		panic(fmt.Sprintf("the connection cannot be taken over: %v", err))
	}
	defer func() { _ = connection.Close() }()
	gone := make(chan struct{})
	go func() { // reads like a kernel, so that a client can close a connection without the test
		defer close(gone)
		_, _ = io.Copy(io.Discard, connection)
	}()
	script(&exchange{connection: connection, gone: gone, request: request, body: body, cloud: w.cloud})
}

// An exchange is a request whose response a test writes. Its connection is closed when the test's
// function returns.
type exchange struct {
	connection net.Conn
	gone       chan struct{} // closed when the client has closed the connection
	request    *http.Request
	body       []byte
	cloud      http.Handler
}

// Response carries the request out, and returns the response: the head including the empty line,
// and the body.
func (e *exchange) Response() (head, body string) {
	request := e.request.Clone(e.request.Context())
	request.Body = io.NopCloser(bytes.NewReader(e.body))
	recorder := httptest.NewRecorder()
	e.cloud.ServeHTTP(recorder, request)
	var text strings.Builder
	fmt.Fprintf(&text, "HTTP/1.1 %d %s\r\n", recorder.Code, http.StatusText(recorder.Code))
	_ = recorder.Header().Write(&text) // writing to a strings.Builder does not fail
	return text.String() + "\r\n", recorder.Body.String()
}

// Send sends bytes. It does not matter if the client is gone.
func (e *exchange) Send(parts ...string) {
	_, _ = io.WriteString(e.connection, strings.Join(parts, ""))
}

// Reset ends a TCP connection with an RST segment instead of a FIN.
func (e *exchange) Reset() {
	if tcp, ok := e.connection.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = e.connection.Close()
}

// Hold sends nothing more until the client closes the connection.
func (e *exchange) Hold() { <-e.gone }
