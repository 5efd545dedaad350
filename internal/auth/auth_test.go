package auth_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/elbaas/terraform-provider-elbaas/internal/auth"
	"github.com/elbaas/terraform-provider-elbaas/internal/secret"
)

func TestToken(t *testing.T) {
	t.Parallel()
	var got string
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		got = r.Header.Get("X-Auth-Token")
	}))
	t.Cleanup(server.Close)
	transport := auth.Token(secret.New("t0ken"), http.DefaultTransport)

	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := transport.RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()

	if got != "t0ken" {
		t.Errorf("the server got the token %q", got)
	}
	if len(request.Header) != 0 {
		t.Errorf("the caller's request was changed: %v", request.Header)
	}
	if shown := fmt.Sprintf("%+v %#v", transport, transport); strings.Contains(shown, "t0ken") {
		t.Errorf("the transport shows its token: %s", shown)
	}
}
