// Package elb is a client of the certificate API of the classic load balancer
// (ELB, "elbaas" v1.0) of the Huawei Cloud family. It knows nothing of
// Terraform and nothing of credentials: those come with the transport.
//
// Comments name where a rule comes from: "seed" is the reference page "modify a
// certificate", "reference" are the other pages of that API reference,
// "recorded" are answers recorded by existing SDKs, "observed" is what existing
// clients and bug reports show, "assumed" is a guess.
package elb

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"sync"
	"time"
)

const (
	// callTimeout bounds one call from dialling to the last byte.
	callTimeout = time.Minute
	// maxAnswer bounds the body of an answer, in bytes. A list of 10,000
	// certificates of 6 KiB fits.
	maxAnswer = 64 << 20
	// maxErrorAnswer bounds what is read of an answer that says no, in bytes.
	maxErrorAnswer = 64 << 10
)

// Config is what a Client needs.
type Config struct {
	// Endpoint returns the base URL of the service, to which /v1.0/… is added, for
	// the calls of a project. It may have a path.
	Endpoint func(ctx context.Context, projectID string) (*url.URL, error)
	// Transport sends the requests and adds the credentials.
	Transport http.RoundTripper
	// Retrier repeats calls.
	Retrier *Retrier
	// UserAgent names the program that calls.
	UserAgent string
}

// Client calls the API. It is safe for concurrent use.
type Client struct {
	endpoint  func(context.Context, string) (*url.URL, error)
	retrier   *Retrier
	twice     *http.Client // for calls that may be carried out twice
	once      *http.Client // for a creation
	userAgent string

	mu          sync.Mutex
	inventories map[string]*inventory // by project
}

// New returns a Client.
func New(config Config) *Client {
	return &Client{
		endpoint:  config.Endpoint,
		retrier:   config.Retrier,
		twice:     config.Retrier.client(config.Transport, true),
		once:      config.Retrier.client(config.Transport, false),
		userAgent: config.UserAgent,

		inventories: map[string]*inventory{},
	}
}

// send sends one request below /v1.0/{project}/elbaas and returns the answer if
// its status is 2xx; the caller closes its body, which fails with
// *http.MaxBytesError when it is too large. Any other answer is an *Error.
func (c *Client) send(ctx context.Context, method, projectID string, body any, path ...string) (*http.Response, error) {
	var content io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return nil, fmt.Errorf("encode request: %w", err)
		}
		content = bytes.NewReader(text)
	}
	for i := range path {
		path[i] = url.PathEscape(path[i])
	}
	endpoint, err := c.endpoint(ctx, projectID)
	if err != nil {
		return nil, err
	}
	target := endpoint.JoinPath("v1.0", url.PathEscape(projectID), "elbaas").JoinPath(path...)
	request, err := http.NewRequestWithContext(ctx, method, target.String(), content)
	if err != nil {
		return nil, fmt.Errorf("make request: %w", err)
	}
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	request.Header.Set("Accept", "application/json")
	request.Header.Set("User-Agent", c.userAgent)
	request.Header.Set("X-Project-Id", projectID) // reference: goes with signed requests; assumed harmless with a token

	client := c.twice
	if method == http.MethodPost {
		client = c.once
	}
	response, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	if response.StatusCode/100 != 2 {
		defer func() { _ = response.Body.Close() }()
		return nil, decodeError(response)
	}
	response.Body = http.MaxBytesReader(nil, response.Body, maxAnswer)
	return response, nil
}

// pause waits for d, or until ctx is done.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
