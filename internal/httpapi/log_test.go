package httpapi_test

import (
	"context"
	"encoding"
	"encoding/json"
	"errors"
	"io"
	"log"
	"maps"
	"net"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/elbaas/terraform-provider-elbaas/internal/httpapi"
	"github.com/elbaas/terraform-provider-elbaas/internal/secret"
)

var discard = log.New(io.Discard, "", 0)

// A journal collects the log entries.
type journal struct {
	mu      sync.Mutex
	entries []map[string]any
}

func (j *journal) log(_ context.Context, message string, fields ...map[string]any) {
	j.mu.Lock()
	defer j.mu.Unlock()
	entry := map[string]any{"message": message}
	for name, value := range fields[0] {
		if text, ok := value.(encoding.TextMarshaler); ok { // as a logger writes it
			written, _ := text.MarshalText()
			value = string(written)
		}
		entry[name] = value
	}
	j.entries = append(j.entries, entry)
}

func logTo(j *journal) option { return func(c *httpapi.Config) { c.Log = j.log } }

// TestLog: each attempt has one entry, with the fields listed here and no others.
func TestLog(t *testing.T) {
	t.Parallel()
	type row struct {
		handler http.HandlerFunc
		want    map[string]any
	}
	id := []string{"X-Request-Id", "the-id"}
	after := func(handler http.HandlerFunc) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			time.Sleep(1234 * time.Millisecond)
			handler(w, r)
		}
	}
	for name, row := range map[string]row{
		"success": {after(reply(200, `{}`, id...)), map[string]any{"status": 200, "request_id": "the-id"}},
		"refusal": {
			after(reply(404, `{"error_msg":"m"}`, id...)),
			map[string]any{"status": 404, "request_id": "the-id"},
		},
		"unreadable": {after(reply(200, `<html>`, id...)), map[string]any{"status": 200, "request_id": "the-id"}},
		"lost":       {after(lose), map[string]any{"error": closed}},
		"cut": {after(func(w http.ResponseWriter, _ *http.Request) {
			raw(w, "HTTP/1.1 200 OK\r\nX-Request-Id: the-id\r\nContent-Length: 9\r\n\r\n{")
		}), map[string]any{"status": 200, "request_id": "the-id", "error": cutOff}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var journal journal
				request := get()
				request.URL = urlOf("http://cloud.test/gateway/a%20path?marker=7")
				err := newClient(serve(t, row.handler), nil, logTo(&journal)).Do(t.Context(), request, decodeJSON)
				if (err == nil) != (name == "success") {
					t.Errorf("error %v", err)
				}
				want := maps.Clone(row.want)
				maps.Copy(want, map[string]any{
					"message": "API call", "method": "GET", "path": "/gateway/a path", "duration_ms": int64(1234),
				})
				if !reflect.DeepEqual(journal.entries, []map[string]any{want}) {
					t.Errorf("logged %v, want %v", journal.entries, want)
				}
			})
		})
	}
}

// TestLogOfAttempts: each attempt is logged with its own outcome and in the context of its
// request, including those for new credentials.
func TestLogOfAttempts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		handler, _ := inSequence(reply(429, ""), reply(503, ""), reply(401, ""), reply(200, `{}`))
		type key struct{}
		var statuses []any
		client := newClient(serve(t, handler), new(tokens), retries(1), func(c *httpapi.Config) {
			c.Log = func(ctx context.Context, _ string, fields ...map[string]any) {
				if ctx.Value(key{}) != "here" {
					t.Error("it is logged elsewhere")
				}
				statuses = append(statuses, fields[0]["status"])
			}
		})
		if err := client.Do(context.WithValue(t.Context(), key{}, "here"), get(), decodeJSON); err != nil {
			t.Fatal(err)
		}
		if want := []any{429, 503, 401, 200}; !slices.Equal(statuses, want) {
			t.Errorf("logged %v, want %v", statuses, want)
		}
	})
}

// TestLogOfWhatWasNotSent: an attempt that failed for lack of credentials has no entry. One whose
// connection failed has one.
func TestLogOfWhatWasNotSent(t *testing.T) {
	t.Parallel()
	var journal journal
	refused := func(context.Context, string, string) (net.Conn, error) { return nil, refusedConnection() }
	_ = newClient(refused, authorizer(func(*http.Request) (func(), error) {
		return nil, errors.New("no credentials")
	}), logTo(&journal)).Do(t.Context(), get(), decodeJSON)
	if len(journal.entries) != 0 {
		t.Errorf("logged %v", journal.entries)
	}
	_ = newClient(refused, nil, logTo(&journal)).Do(t.Context(), get(), decodeJSON)
	if len(journal.entries) != 1 ||
		journal.entries[0]["error"] != "cloud.test could not be reached: connection refused" {
		t.Errorf("logged %v", journal.entries)
	}
}

// TestLogShowsNoSecret: headers, bodies and messages of the server are not logged, because they may
// contain secrets.
func TestLogShowsNoSecret(t *testing.T) {
	t.Parallel()
	const hidden = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcw"
	const key = "-----BEGIN PRIVATE KEY-----\\n" + hidden + "\\n-----END PRIVATE KEY-----"
	request := post()
	request.Header = http.Header{"X-Subject-Token": {hidden}}
	request.Body = map[string]string{"private_key": key}
	request.Secrets = []secret.Value{secret.New(hidden)}
	for name, handler := range map[string]http.HandlerFunc{
		"success":                reply(200, `{"private_key":"`+key+`"}`, "X-Echo", hidden),
		"refusal":                reply(400, `{"error_msg":"`+key+`"}`),
		"refusal with a code":    reply(400, `{"error_msg":"m","error_code":"`+hidden+`"}`),
		"request ID of an error": reply(400, `{"error_msg":"m"}`, "X-Request-Id", hidden),
		"request ID":             reply(200, `{}`, "X-Request-Id", hidden),
		"request ID, unreadable": reply(200, `<html>`, "X-Request-Id", hidden),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var journal journal
				_ = newClient(serve(t, handler), authorizer(func(r *http.Request) (func(), error) {
					r.Header.Set("X-Auth-Token", hidden)
					return nil, nil
				}), logTo(&journal)).Do(t.Context(), request, decodeJSON)
				shown, err := json.Marshal(journal.entries)
				if err != nil || len(journal.entries) != 1 {
					t.Fatalf("logged %s, %v", shown, err)
				}
				if strings.Contains(string(shown), hidden) || strings.Contains(string(shown), "PRIVATE KEY") {
					t.Errorf("the log shows a secret: %s", shown)
				}
			})
		})
	}
}
