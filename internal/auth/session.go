package auth

import (
	"context"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/elbaas/terraform-provider-elbaas/internal/httpapi"
)

// Config configures a Session.
type Config struct {
	Credentials Credentials
	// Signer signs requests with an access key. Its region chooses among the endpoints of the service catalog, too.
	Signer Signer
	// AuthURL is the base URL of the identity service, such as
	// "https://iam.eu-de.otc.t-systems.com/v3", with any version or none. nil means unknown:
	// calls that need it fail.
	AuthURL *url.URL
	// Insecure allows addresses without TLS in the service catalog.
	Insecure bool
	// Network sends the requests to the identity service.
	Network *httpapi.Network
}

// A Session is an httpapi.Authorizer: it adds credentials for the project in the header
// X-Project-Id of a request. It calls the identity service at first use, and is safe for
// concurrent use.
type Session struct {
	config Config

	agency    *cached[Key]
	endpoints sync.Map // project ID → *cached[*url.URL]
	projects  sync.Map // name → *cached[string]
	tokens    sync.Map // scope → *cached[token]
}

// New returns a Session. It makes no call.
func New(config Config) *Session {
	s := &Session{config: config}
	s.agency = &cached[Key]{fetch: s.fetchAgencyKey}
	return s
}

// Authorize implements httpapi.Authorizer.
func (s *Session) Authorize(r *http.Request) (renew func(), err error) {
	credentials := s.config.Credentials
	switch credentials.Kind() {
	case KindToken:
		r.Header.Set(TokenHeader, credentials.Token.Reveal())
		return nil, nil
	case KindAgency:
		key, fetched, err := s.agency.get(r.Context())
		if err != nil {
			return nil, err
		}
		return func() { s.agency.invalidate(fetched) }, s.config.Signer.Sign(r, key, time.Now())
	case KindPassword:
		cached := s.cachedToken(scope{projectID: r.Header.Get(projectHeader)})
		token, fetched, err := cached.get(r.Context())
		if err != nil {
			return nil, err
		}
		r.Header.Set(TokenHeader, token.text.Reveal())
		return func() { cached.invalidate(fetched) }, nil
	}
	return nil, s.config.Signer.Sign(r, credentials.Key, time.Now())
}

// ProjectID returns the ID of the project with a name.
func (s *Session) ProjectID(ctx context.Context, name string) (string, error) {
	id, _, err := entry(&s.projects, name, func(ctx context.Context) (string, time.Duration, error) {
		id, err := s.fetchProjectID(ctx, name)
		return id, 0, err
	}).get(ctx)
	return id, err
}

// Endpoint returns the base URL of a service with one of the types from the service catalog of a
// project. Earlier types take precedence. The result is cached by the project alone, so all calls
// must have the same types.
func (s *Session) Endpoint(ctx context.Context, projectID string, types ...string) (*url.URL, error) {
	fetch := func(ctx context.Context) (*url.URL, time.Duration, error) {
		endpoint, err := s.fetchEndpoint(ctx, projectID, types)
		return endpoint, 0, err
	}
	endpoint, _, err := entry(&s.endpoints, projectID, fetch).get(ctx)
	return endpoint, err
}

// cachedToken returns the cached token of a scope.
func (s *Session) cachedToken(of scope) *cached[token] {
	return entry(&s.tokens, of, func(ctx context.Context) (token, time.Duration, error) {
		return s.fetchToken(ctx, of)
	})
}

// entry returns the cached value of a key, which it adds if there is none.
func entry[K comparable, T any](
	values *sync.Map, key K, fetch func(context.Context) (T, time.Duration, error),
) *cached[T] {
	value, _ := values.LoadOrStore(key, &cached[T]{fetch: fetch})
	return value.(*cached[T]) //nolint:forcetypeassert // nothing else is stored
}

// An Error says why the identity service did not provide what a request needs, such as a token or
// an address.
type Error struct {
	// Doing is what failed, such as "getting a token from the identity service".
	Doing string
	// Err is the reason.
	Err error
}

// Error implements error.
func (e *Error) Error() string { return e.Doing + ": " + e.Err.Error() }

// Unwrap returns the reason.
func (e *Error) Unwrap() error { return e.Err }
