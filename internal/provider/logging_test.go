package provider

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-log/tflogtest"

	"github.com/elbaas/terraform-provider-elbaas/internal/auth"
	"github.com/elbaas/terraform-provider-elbaas/internal/secret"
)

func TestLogsShowCallsAndNoSecrets(t *testing.T) {
	t.Parallel()
	const key = "-----BEGIN PRIVATE KEY-----"
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Request-Id", "the-request-id")
		_, _ = io.WriteString(w, `{"private_key":"`+key+`"}`)
	}))
	t.Cleanup(server.Close)
	var log bytes.Buffer
	ctx := tflogtest.RootLogger(t.Context(), &log)
	transport := auth.Token(secret.New(testToken), logged(http.DefaultTransport))

	call := func(url string) {
		t.Helper()
		request, err := http.NewRequestWithContext(ctx, http.MethodPost, url+"/the/path", strings.NewReader(key))
		if err != nil {
			t.Fatal(err)
		}
		if response, err := transport.RoundTrip(request); err == nil {
			_, _ = io.Copy(io.Discard, response.Body)
			_ = response.Body.Close()
		}
	}
	call(server.URL)
	call("http://127.0.0.1:1") // nobody there

	for _, part := range []string{`"method":"POST"`, `"path":"/the/path"`, `"status":200`, `"request_id":"the-request-id"`, `"duration_ms":`, `"error":`} {
		if !strings.Contains(log.String(), part) {
			t.Errorf("the log lacks %s:\n%s", part, log.String())
		}
	}
	for _, text := range []string{key, testToken} {
		if strings.Contains(log.String(), text) {
			t.Errorf("the log shows %q:\n%s", text, log.String())
		}
	}
}
