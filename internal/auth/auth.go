// Package auth puts credentials on HTTP requests. Each kind of credentials is
// an http.RoundTripper around the one that sends. It knows nothing of ELB.
package auth

import (
	"net/http"

	"github.com/elbaas/terraform-provider-elbaas/internal/secret"
)

// TokenHeader carries a Keystone token (reference).
const TokenHeader = "X-Auth-Token" //nolint:gosec // a header's name

// Token returns a RoundTripper that sends each request with token, which it
// never renews.
func Token(token secret.Value, next http.RoundTripper) http.RoundTripper {
	return tokenTransport{token: token, next: next}
}

type tokenTransport struct {
	token secret.Value
	next  http.RoundTripper
}

// RoundTrip implements http.RoundTripper.
func (t tokenTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context()) // a RoundTripper must not change its request
	r.Header.Set(TokenHeader, t.token.Reveal())
	return t.next.RoundTrip(r)
}
