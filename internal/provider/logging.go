package provider

import (
	"net/http"
	"time"

	"github.com/hashicorp/terraform-plugin-log/tflog"
)

// logged returns a RoundTripper that logs each call: never a header or a body,
// for those carry tokens and private keys.
func logged(next http.RoundTripper) http.RoundTripper {
	return loggingTransport{next: next}
}

type loggingTransport struct {
	next http.RoundTripper
}

// RoundTrip implements http.RoundTripper.
func (t loggingTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	started := time.Now()
	response, err := t.next.RoundTrip(r)
	fields := map[string]any{
		"method":      r.Method,
		"path":        r.URL.Path,
		"duration_ms": time.Since(started).Milliseconds(),
	}
	if err != nil {
		fields["error"] = err.Error()
	} else {
		fields["status"] = response.StatusCode
		fields["request_id"] = response.Header.Get("X-Request-Id")
	}
	tflog.Debug(r.Context(), "API call", fields)
	return response, err
}
