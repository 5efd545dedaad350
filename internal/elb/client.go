// Package elb is a client of the certificate and listener API of the classic load
// balancer (ELB, "elbaas" v1.0) of the Huawei Cloud family. It knows nothing of
// Terraform and nothing of credentials.
//
// Comments name where a rule comes from: "seed" is the reference page "modify a
// certificate", "reference" are the other pages of that API reference, "recorded" are
// responses recorded by existing SDKs, "observed" is what existing clients and bug
// reports show, "assumed" is a guess.
package elb

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/semaphore"

	"github.com/elbaas/terraform-provider-elbaas/internal/httpapi"
)

// Config is what a Client needs.
type Config struct {
	// Endpoint returns the base URL of the service, to which /v1.0/… is added, for
	// the requests of a project. It may have a path.
	Endpoint func(ctx context.Context, projectID string) (*url.URL, error)
	// API sends the requests and adds the credentials.
	API *httpapi.Client
	// MaxRetries is how many times the request of a Create call, or an incomplete list before it, is repeated.
	MaxRetries int
}

// Client calls the API. It is safe for concurrent use.
type Client struct {
	config Config

	mu       sync.Mutex
	projects map[string]*project // by ID
}

// A project is what this process knows of one project.
type project struct {
	certificates *cache[Certificate]
	listeners    *cache[Listener]
	creations    creations
	switches     locks    // of listeners, by ID in lower case
	keeping      sync.Map // IDs of listeners that keep their certificate, in lower case
}

// New returns a Client.
func New(config Config) *Client {
	return &Client{config: config, projects: map[string]*project{}}
}

// project returns the project with an ID, whose case does not matter.
func (c *Client) project(id string) *project {
	c.mu.Lock()
	defer c.mu.Unlock()
	key := strings.ToLower(id)
	p, known := c.projects[key]
	if !known {
		certificates := func(ctx context.Context) (listing[Certificate], error) {
			return fetchList(ctx, c, id, "certificate", func(body io.Reader) (listing[Certificate], error) {
				return decodeList(body, decodeOne)
			})
		}
		listeners := func(ctx context.Context) (listing[Listener], error) {
			return fetchList(ctx, c, id, "listeners", decodeListeners)
		}
		p = &project{
			certificates: newCache("certificate", ErrCertificateNotFound, id, certificates),
			listeners:    newCache("listener", ErrListenerNotFound, id, listeners),
		}
		c.projects[key] = p
	}
	return p
}

// do sends a request to a path below /v1.0/{project}/elbaas.
func (c *Client) do(
	ctx context.Context, projectID string, path []string, r httpapi.Request, decode func(*http.Response) error,
) error {
	endpoint, err := c.config.Endpoint(ctx, projectID)
	if err != nil {
		return &httpapi.UnsentError{Err: err}
	}
	r.URL = endpoint
	for _, segment := range slices.Concat([]string{"v1.0", projectID, "elbaas"}, path) {
		r.URL = r.URL.JoinPath(url.PathEscape(segment))
	}
	// Signed requests need this header (reference). It is assumed to be harmless with a token.
	r.Header = http.Header{"X-Project-Id": {projectID}}
	return c.config.API.Do(ctx, r, decode)
}

// fetchList makes a list call.
func fetchList[E element](
	ctx context.Context, c *Client, projectID, path string, decode func(io.Reader) (listing[E], error),
) (list listing[E], err error) {
	get := httpapi.Request{Method: http.MethodGet}
	err = c.do(ctx, projectID, []string{path}, get, func(response *http.Response) (err error) {
		list, err = decode(response.Body)
		if err == nil && response.StatusCode != http.StatusOK { // reference: a list has no other status
			list, err = listing[E]{}, errors.New("the status of a list must be 200")
		}
		if !list.complete {
			list.requestID = httpapi.RequestID(response)
		}
		return err
	})
	return list, err
}

// locks are mutexes, one for each key. The zero value is ready to use.
type locks struct{ semaphores sync.Map }

// lock waits for the lock of a key, or until ctx is done. A free lock is taken even if ctx is already
// done, so that an error means that something else has it.
func (l *locks) lock(ctx context.Context, key any) (unlock func(), err error) {
	value, _ := l.semaphores.LoadOrStore(key, semaphore.NewWeighted(1))
	lock := value.(*semaphore.Weighted) //nolint:forcetypeassert // nothing else is stored
	if !lock.TryAcquire(1) {
		if err := lock.Acquire(ctx, 1); err != nil {
			return nil, err
		}
	}
	return func() { lock.Release(1) }, nil
}
