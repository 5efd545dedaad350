// Package httpapi has what the APIs of the Huawei Cloud family share: connections,
// timeouts, logging, credentials, retries, throttling, and the forms and codes of
// errors. It does not depend on a service or on Terraform.
//
// A request goes through one chain. Each link has its own file:
//
//	retry → authorize → log → wire
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
	"maps"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"time"

	"golang.org/x/net/http/httpguts"

	"github.com/elbaas/terraform-provider-elbaas/internal/secret"
)

// Config describes a Network.
type Config struct {
	// Dial opens a connection, like net.Dialer.DialContext. nil means the default of net/http.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// TLS has the trusted certificate authorities. nil means those of the system.
	TLS *tls.Config
	// MaxRetries is how many times a request is repeated after a transient error.
	// Throttling does not count.
	MaxRetries int
	// UserAgent names the program in every request.
	UserAgent string
	// Log is called for each attempt. nil logs nothing.
	Log func(ctx context.Context, message string, fields ...map[string]any)
}

// A Network sends the requests to all services. When one request is throttled, all of them
// slow down. It is safe for concurrent use.
type Network struct {
	config    Config
	transport http.RoundTripper
	throttle  throttle
}

// NewNetwork returns a Network. It does not connect yet.
func NewNetwork(config Config) *Network {
	return &Network{
		config:    config,
		transport: newTransport(config.Dial, config.TLS),
		throttle:  throttle{inARow: map[string]int{}},
	}
}

// A Client sends requests with one kind of credentials.
type Client struct {
	userAgent string
	send      link
}

// A link of the chain carries a call out, and returns its error.
type link func(context.Context, *call) error

// Client returns a client with the credentials of an authorizer; nil means none. This is the
// whole chain, from the wire up.
func (n *Network) Client(authorizer Authorizer) *Client {
	send := wire(n.transport)                              // sends a request and reads its response within limits
	send = logged(send, n.config.Log)                      // logs each attempt
	send = authorized(send, authorizer)                    // adds credentials, renews rejected ones, calls Prepare
	send = retried(send, n.config.MaxRetries, &n.throttle) // repeats attempts and obeys throttling
	return &Client{userAgent: n.config.UserAgent, send: send}
}

// A Request is a request to an API.
type Request struct {
	Method string
	URL    *url.URL
	// Header has additional headers.
	Header http.Header
	// Body is sent as JSON; nil means no body.
	Body any
	// NonIdempotent says that the request must not be carried out more than once. It is
	// repeated only if it was not carried out, and after it was sent, its response is awaited
	// for ResponseGrace after its context has ended.
	NonIdempotent bool
	// Prepare is called immediately before each attempt. If it returns an error, the request
	// is not sent. It may be nil.
	Prepare func(context.Context) error
	// Secrets are redacted in everything that comes from the server.
	Secrets []secret.Value
}

// A call is a Request on its way through the chain.
type call struct {
	*http.Request
	asked  Request // what the caller of Do asked for
	decode func(*http.Response) error
}

// Do sends a request. If the status of the response is 2xx, decode reads it. Do returns nil if
// decode did, and if every byte that decode read has arrived. decode is called for each
// attempt, so it must start over each time. The caller may use what decode has read of a
// response that was cut off.
//
// The error is an *Error for an error response or one that cannot be read, a *TransportError if
// no response arrived, or only a part of one, and an *UnsentError if the request was not sent. It
// wraps the error of the last attempt; its text also mentions the attempt before.
func (c *Client) Do(ctx context.Context, request Request, decode func(*http.Response) error) error {
	r, err := request.build(ctx)
	if err != nil {
		return &UnsentError{err}
	}
	r.Header.Set("User-Agent", c.userAgent)
	return c.send(ctx, &call{Request: r, asked: request, decode: decode})
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
	// A signature covers the Host header, so it is set here in the form that net/http sends.
	if request.Host, err = httpguts.PunycodeHostPort(zone.ReplaceAllString(request.URL.Host, "]")); err != nil {
		return nil, fmt.Errorf("host %q is not valid: %w", request.URL.Host, err)
	}
	maps.Copy(request.Header, r.Header)
	if r.Body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	request.Header.Set("Accept", "application/json")
	// A proxy must neither respond from its cache nor store the response, which contains private
	// keys.
	request.Header.Set("Cache-Control", "no-cache, no-store")
	return request, nil
}

// zone matches the zone of an IPv6 address, which is meaningless on other machines (RFC 6874).
var zone = regexp.MustCompile(`%.*?\]`)

// Pause waits for d, or until ctx is done. It returns the error of ctx.
func Pause(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
	return ctx.Err()
}

// WithGrace returns a context that is cancelled a grace period after ctx has ended.
func WithGrace(ctx context.Context, grace time.Duration) (context.Context, context.CancelFunc) {
	graceCtx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	context.AfterFunc(ctx, func() {
		_ = Pause(graceCtx, grace)
		cancel()
	})
	return graceCtx, cancel
}
