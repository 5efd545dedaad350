package auth

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"sync"
	"time"
)

// Config is what a Session needs.
type Config struct {
	Credentials Credentials
	// Agency is whose temporary keys are used, with an access key. nil is none.
	Agency *Agency
	// Signer signs for an access key.
	Signer Signer
	// AuthURL is the base URL of the identity service, such as
	// "https://iam.eu-de.otc.t-systems.com/v3". nil is unknown: what needs it
	// fails.
	AuthURL *url.URL
	// Region chooses among the endpoints of the service catalog.
	Region string
	// Transport sends the requests.
	Transport http.RoundTripper
	// Client makes clients for the calls of the identity service around a
	// RoundTripper. They may repeat every call.
	Client func(http.RoundTripper) *http.Client
	// UserAgent names the program that calls.
	UserAgent string
	// Refused reports whether an answer refuses the credentials. It leaves the
	// body as it was.
	Refused func(*http.Response) bool
	// DecodeError reads an answer of the identity service that says no.
	DecodeError func(*http.Response) error
	// Now is the clock. nil is time.Now.
	Now func() time.Time
}

// A Session is an http.RoundTripper that adds credentials for the project that
// the header X-Project-Id of a request names. It calls the identity service at
// first use, and is safe for concurrent use.
type Session struct {
	config Config

	plain, authorized, signed *http.Client // for the identity service: without credentials, with, with the user's own key

	agency    *shared[Key]
	endpoints sync.Map // project id → *shared[*url.URL]
	projects  sync.Map // name → *shared[string]
	tokens    sync.Map // scope → *shared[token]
}

// New returns a Session. It calls nothing.
func New(config Config) *Session {
	if config.Now == nil {
		config.Now = time.Now
	}
	s := &Session{config: config}
	s.plain = config.Client(config.Transport)
	s.authorized = config.Client(s)
	s.signed = config.Client(ownKey{s})
	s.agency = &shared[Key]{fetch: s.fetchAgencyKey, now: config.Now}
	return s
}

// Kind returns what requests are authorized with.
func (s *Session) Kind() Kind {
	if s.config.Agency != nil {
		return KindAgency
	}
	return s.config.Credentials.Kind()
}

// RoundTrip implements http.RoundTripper. Where the credentials can be renewed
// and are refused, they are renewed, and the request is sent once more.
func (s *Session) RoundTrip(r *http.Request) (*http.Response, error) {
	response, drop, err := s.send(r)
	if err != nil || drop == nil || !s.config.Refused(response) {
		return response, err
	}
	_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, 1<<16)) // for the connection to be used again
	_ = response.Body.Close()
	drop()
	again := r.Clone(r.Context())
	if r.GetBody != nil {
		if again.Body, err = r.GetBody(); err != nil {
			return nil, err
		}
	}
	response, _, err = s.send(again)
	return response, err
}

// send sends a request with credentials, and returns how to give those up, or
// nil if they cannot be renewed.
func (s *Session) send(r *http.Request) (response *http.Response, drop func(), err error) {
	authorized := r.Clone(r.Context()) // a RoundTripper must not change its request
	drop, err = s.authorize(authorized)
	if err != nil {
		if r.Body != nil {
			_ = r.Body.Close()
		}
		return nil, nil, err
	}
	response, err = s.config.Transport.RoundTrip(authorized)
	return response, drop, err
}

// authorize adds credentials to a request.
func (s *Session) authorize(r *http.Request) (drop func(), err error) {
	credentials := s.config.Credentials
	switch s.Kind() {
	case KindToken:
		r.Header.Set(TokenHeader, credentials.Token.Reveal())
	case KindAccessKey:
		return nil, s.signOwn(r)
	case KindAgency:
		key, version, err := s.agency.get(r.Context())
		if err != nil {
			return nil, err
		}
		return func() { s.agency.drop(version) }, s.config.Signer.Sign(r, key, s.config.Now())
	case KindPassword:
		tokens := s.tokensOf(scope{projectID: r.Header.Get(projectHeader)})
		token, version, err := tokens.get(r.Context())
		if err != nil {
			return nil, err
		}
		r.Header.Set(TokenHeader, token.text.Reveal())
		return func() { tokens.drop(version) }, nil
	}
	return nil, nil
}

// signOwn signs with the key that the user gave.
func (s *Session) signOwn(r *http.Request) error {
	c := s.config.Credentials
	return s.config.Signer.Sign(r, Key{Access: c.AccessKey, Secret: c.SecretKey, SecurityToken: c.SecurityToken}, s.config.Now())
}

// ownKey signs with the key that the user gave, also where an agency is assumed.
type ownKey struct{ *Session }

// RoundTrip implements http.RoundTripper.
func (k ownKey) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	if err := k.signOwn(r); err != nil {
		return nil, err
	}
	return k.config.Transport.RoundTrip(r)
}

// ProjectID returns the id of a project that is known by its name.
func (s *Session) ProjectID(ctx context.Context, name string) (string, error) {
	id, _, err := entry(&s.projects, name, s.config.Now, func(ctx context.Context) (string, time.Duration, error) {
		id, err := s.fetchProjectID(ctx, name)
		return id, 0, err
	}).get(ctx)
	return id, err
}

// Endpoint returns the base URL of a service, which has one of the types, from
// the service catalog of a project. Earlier types come first.
func (s *Session) Endpoint(ctx context.Context, projectID string, types ...string) (*url.URL, error) {
	endpoint, _, err := entry(&s.endpoints, projectID, s.config.Now, func(ctx context.Context) (*url.URL, time.Duration, error) {
		endpoint, err := s.fetchEndpoint(ctx, projectID, types)
		return endpoint, 0, err
	}).get(ctx)
	return endpoint, err
}

func (s *Session) tokensOf(of scope) *shared[token] {
	return entry(&s.tokens, of, s.config.Now, func(ctx context.Context) (token, time.Duration, error) {
		return s.fetchToken(ctx, of)
	})
}

// entry returns the shared value of a key, which it makes if there is none.
func entry[K comparable, T any](values *sync.Map, key K, now func() time.Time, fetch func(context.Context) (T, time.Duration, error)) *shared[T] {
	value, _ := values.LoadOrStore(key, &shared[T]{fetch: fetch, now: now})
	return value.(*shared[T]) //nolint:forcetypeassert // nothing else is stored
}

// Error says that the identity service did not give what a request needs.
type Error struct {
	// Doing is what failed, such as "ask the identity service for a token".
	Doing string
	// Err is why.
	Err error
}

// Error implements error.
func (e *Error) Error() string { return e.Doing + ": " + e.Err.Error() }

// NotSent reports that the request itself never left.
func (e *Error) NotSent() bool { return true }

// Unwrap returns why.
func (e *Error) Unwrap() error { return e.Err }
