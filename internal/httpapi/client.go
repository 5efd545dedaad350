// Package httpapi is what all APIs of the Huawei Cloud family have in common over
// HTTP: connections, time limits, logging, credentials, retries, throttling, and
// the shapes and codes of errors. It knows no service, and no Terraform.
//
// A request goes through one chain, each link of which has a file of its own:
//
//	retry → authorize → prepare → log → wire
//
// Comments name the source of a rule as package elb does.
package httpapi

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"golang.org/x/net/http/httpguts"

	"github.com/elbaas/terraform-provider-elbaas/internal/secret"
)

// Config describes a Network.
type Config struct {
	// Dial opens a connection, as net.Dialer's DialContext does. nil is net/http's.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// TLS says whom to trust. nil is the system's certificate authorities.
	TLS *tls.Config
	// MaxRetries is how many times a request is repeated after a transient error.
	// Being throttled does not count.
	MaxRetries int
	// UserAgent names the program in every request.
	UserAgent string
	// Log is told of each attempt. nil is nobody.
	Log func(ctx context.Context, message string, fields map[string]any)
}

// A Network sends the requests of all services that a program calls. When one
// request is throttled, all of them slow down. It is safe for concurrent use.
type Network struct {
	config    Config
	transport http.RoundTripper
	throttle  throttle
}

// NewNetwork returns a Network. It connects to nothing yet.
func NewNetwork(config Config) *Network {
	return &Network{config: config, transport: newTransport(config.Dial, config.TLS)}
}

// A Client sends requests with one kind of credentials.
type Client struct {
	userAgent string
	send      link
}

// A link of the chain carries a call out, and returns what came of it.
type link func(context.Context, *call) error

// Client returns a client whose requests the authorizer puts credentials on; nil
// puts on none. This is the whole chain, from the wire up.
func (n *Network) Client(authorizer Authorizer) *Client {
	send := wire(n.transport)                              // sends a request, and reads its response within limits
	send = logged(send, n.config.Log)                      // tells of each attempt
	send = prepared(send)                                  // lets the sender look around when all else is ready
	send = authorized(send, authorizer)                    // adds credentials, and renews them once
	send = retried(send, n.config.MaxRetries, &n.throttle) // repeats what may be repeated
	return &Client{userAgent: n.config.UserAgent, send: send}
}

// A Request is what is sent to an API.
type Request struct {
	Method string
	URL    *url.URL
	// Header is sent besides what every request has.
	Header http.Header
	// Body is sent as JSON; nil is none.
	Body any
	// NonIdempotent says that carrying the request out twice makes two things. It is
	// repeated only when it was not carried out, and once it is out, its response is
	// awaited for ResponseGrace after its context has ended.
	NonIdempotent bool
	// Prepare is called before each attempt, when nothing is waited for any more. With
	// an error the request is not sent. nil is nothing.
	Prepare func(context.Context) error
	// Secrets are removed from whatever the server says.
	Secrets []secret.Value
}

// A call is a Request on its way through the chain.
type call struct {
	*http.Request
	nonIdempotent bool
	prepare       func(context.Context) error
	secrets       []secret.Value
	decode        func(*http.Response) error
}

// Do sends a request, and lets decode read the response when its status is 2xx. It
// returns nil when decode did, and every byte that decode asked for arrived. decode
// is called once for each attempt that gets so far, so it must begin anew each time;
// what it has read of a response that was cut off is the caller's to use.
//
// The error is an *Error for a response that says no or cannot be read, a
// *TransportError when there is none, and an *UnsentError for what never left. It is
// about the last attempt alone; the earlier ones are told in words.
func (c *Client) Do(ctx context.Context, request Request, decode func(*http.Response) error) error {
	r, err := request.build(ctx)
	if err != nil {
		return &UnsentError{err}
	}
	r.Header.Set("User-Agent", c.userAgent)
	return c.send(ctx, &call{
		Request:       r,
		nonIdempotent: request.NonIdempotent,
		prepare:       request.Prepare,
		secrets:       request.Secrets,
		decode:        decode,
	})
}

func (r Request) build(ctx context.Context) (*http.Request, error) {
	var content io.Reader
	if r.Body != nil {
		text, err := json.Marshal(r.Body)
		if err != nil {
			return nil, fmt.Errorf("encode request: %w", err)
		}
		content = bytes.NewReader(text)
	}
	request, err := http.NewRequestWithContext(ctx, r.Method, r.URL.String(), content)
	if err != nil {
		return nil, fmt.Errorf("make request: %w", err)
	}
	// A signature covers the Host header, so it is written here as net/http sends it.
	if request.Host, err = httpguts.PunycodeHostPort(withoutZone(request.URL.Host)); err != nil {
		return nil, fmt.Errorf("host %q is not valid: %w", request.URL.Host, err)
	}
	for name, values := range r.Header {
		request.Header[name] = values
	}
	if r.Body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	request.Header.Set("Accept", "application/json")
	return request, nil
}

// withoutZone removes the zone from an IPv6 address: it means something on this
// machine alone (RFC 6874).
func withoutZone(host string) string {
	before, rest, zoned := strings.Cut(host, "%")
	_, after, closed := strings.Cut(rest, "]")
	if !zoned || !closed {
		return host
	}
	return before + "]" + after
}

// Pause waits for d, or until ctx is done; then its error is that of ctx.
func Pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return ctx.Err()
	case <-ctx.Done():
		return ctx.Err()
	}
}

// WithGrace returns a context that ends a grace period after ctx does.
func WithGrace(ctx context.Context, grace time.Duration) (context.Context, context.CancelFunc) {
	longer, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		_ = Pause(longer, grace)
		cancel()
	})
	return longer, func() {
		stop()
		cancel()
	}
}
