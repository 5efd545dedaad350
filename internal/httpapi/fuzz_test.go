package httpapi_test

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/elbaas/terraform-provider-elbaas/internal/httpapi"
	"github.com/elbaas/terraform-provider-elbaas/internal/secret"
)

// FuzzError: the description of any error response is bounded and printable, and shows no secret of
// the request.
func FuzzError(f *testing.F) {
	f.Add(400, `{"error":{"message":"m","code":"ELB.1001"}}`)
	f.Add(404, `{"NeutronError":{"type":"t","message":"m","detail":""}}`)
	f.Add(500, `{"error_msg":"m","error_code":"APIGW.0201","request_id":"r"}`)
	f.Add(502, `<html><head><title>Bad Gateway</title></head></html>`)
	f.Add(401, `{"message":{"a":[]},"code":7,"error":null}`)
	const hidden = "a-token-that-must-stay-secret-0123456789"
	f.Fuzz(func(t *testing.T, status int, body string) {
		if status < 300 || status > 999 || status == http.StatusTooManyRequests { // throttled requests are repeated
			status = http.StatusBadRequest
		}
		// The server may quote this anywhere in its response.
		half := len(body) / 2
		body = body[:half] + hidden + body[half:]
		// The request contains the response to it, so that one server is enough.
		request := httpapi.Request{
			Method:  http.MethodPost,
			URL:     urlOf("http://cloud.test/?status=" + strconv.Itoa(status)),
			Body:    []byte(body),
			Secrets: []secret.Value{secret.New(hidden)},
		}
		client := newClient(serve(t, echo), nil)
		err := client.Do(t.Context(), request, decodeJSON)
		refusal := httpapi.RefusalOf(err)
		if refusal == nil || refusal.Status != status {
			t.Fatalf("status %d: %v", status, err)
		}
		said := err.Error()
		if strings.Contains(said, hidden) {
			t.Errorf("it shows the secret: %s", said)
		}
		if refusal.Message == "" || len(said) > 2048+128+128+100 {
			t.Errorf("%d bytes became %d: %q", len(body), len(said), said)
		}
		if strings.ContainsFunc(said, unicode.IsControl) || !utf8.ValidString(said) {
			t.Errorf("it cannot be shown: %q", said)
		}
	})
}

// echo responds as the request says.
func echo(w http.ResponseWriter, r *http.Request) {
	var body []byte
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
		panic(err)
	}
	status, err := strconv.Atoi(r.URL.Query().Get("status"))
	if err != nil {
		panic(err)
	}
	w.WriteHeader(status)
	_, _ = w.Write(body)
}
