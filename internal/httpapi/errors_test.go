package httpapi_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"github.com/elbaas/terraform-provider-elbaas/internal/httpapi"
)

// TestErrors reads every form of errors and every status.
func TestErrors(t *testing.T) {
	t.Parallel()
	const none, html = "received a response without a message: ", "received an HTML page instead of an API response: "
	page := "<html>\n<head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"
	repeat := strings.Repeat
	const silent = `{"error":{"code":"c"}}`
	inner := func(code string) string { return `{"error":{"message":"m","code":"` + code + `"}}` }
	for name, row := range map[string]struct {
		status        int
		body          string
		code, message string
		requestID     string // "" means the one in the header
	}{
		"error (reference)":              {400, inner("ELB.6101"), "ELB.6101", "m", ""},
		"error_msg (reference)":          {400, `{"error_msg":"m","error_code":"AS.0001"}`, "AS.0001", "m", ""},
		"request_id (observed)":          {400, `{"error_msg":"m","request_id":"body-id"}`, "", "m", "body-id"},
		"NeutronError (observed)":        {404, `{"NeutronError":{"type":"T","message":"m"}}`, "T", "m", ""},
		"NeutronError with a detail":     {404, `{"NeutronError":{"message":"m","detail":"d"}}`, "", "m: d", ""},
		"code is a number (assumed)":     {401, `{"error":{"message":"m","code":401,"title":"t"}}`, "401", "m", ""},
		"code is null":                   {401, `{"error":{"message":"m","code":null}}`, "", "m", ""},
		"bare (assumed)":                 {400, `{"message":"m","code":"c"}`, "c", "m", ""},
		"message is an object":           {400, `{"message":{"a":[1]},"code":"c"}`, "c", `{"a":[1]}`, ""},
		"error is a text (assumed)":      {400, `{"error":"m"}`, "", "m", ""},
		"error is a text beside others":  {400, `{"error":"Bad Request","error_msg":"m","code":"c"}`, "c", "m", ""},
		"error is a text or a flag":      {400, `{"error":true,"NeutronError":"e","message":"m"}`, "", "m", ""},
		"error without a message":        {400, silent, "c", none + silent, ""},
		"error is an object in a text":   {400, `{"error":"{\"message\":\"m\",\"code\":\"c\"}"}`, "c", "m", ""},
		"null within an error":           {400, `{"error":{"message":"m","code":null},"code":"c"}`, "c", "m", ""},
		"errors within each other":       {400, `{"error":{"error":{"error":"e"},"message":"m"}}`, "", "m", ""},
		"detail without a message":       {404, `{"detail":"d"}`, "", none + `{"detail":"d"}`, ""},
		"error is null beside a message": {400, `{"error":null,"NeutronError":null,"error_msg":"m"}`, "", "m", ""},
		"text after the error (assumed)": {400, inner("ELB.6101") + "<!-- proxy -->", "ELB.6101", "m", ""},
		"HTML (observed)":                {502, page, "", html + "502 Bad Gateway", ""},
		"HTML with an attribute":         {502, "<TITLE lang='en'>\nno\tway </TITLE>", "", html + "no way", ""},
		"HTML whose title says nothing (observed)": {
			502, "<html><head><title>Error</title><style>p{}</style></head><body><h2>Error</h2><!-- a>b -->" +
				"<script>a>b</script><table><tr><td>The backend does not respond.<br/></td></tr></table></body></html>",
			"", html + "Error The backend does not respond.", "",
		},
		"HTML whose head has no end tag": { // which HTML does not require
			502, "<html><head><title>Error</title><body>The backend does not respond.<script>a</script><p>nginx", "",
			html + "Error The backend does not respond. nginx", "",
		},
		"HTML that is cut within a tag":    {502, "<title>Bad Gateway</title></ht", "", html + "Bad Gateway", ""},
		"HTML that is cut within its head": {502, "<title>No</title><style>p{}p>p{}", "", html + "No", ""},
		"HTML that is cut within a comment": {
			502, "<title>Error</title><p>It does not respond.<!-- a>b", "", html + "Error It does not respond.", "",
		},
		"HTML without a title": {504, "<p>Gateway   Timeout</p>", "", html + "Gateway Timeout", ""},
		"long HTML":            {504, "<p>" + repeat("a ", 200), "", html + repeat("a ", 100) + "…", ""},
		"nothing (observed)":   {503, "", "", `received "Service Unavailable" with an empty body`, ""},
		"white space":          {503, " \n", "", `received "Service Unavailable" with an empty body`, ""},
		"text":                 {500, "oops", "", none + "oops", ""},
		"unknown object":       {500, `{"a":1}`, "", none + `{"a":1}`, ""},
		"null":                 {500, `null`, "", none + `null`, ""},
		"error is null":        {500, `{"error":null}`, "", none + `{"error":null}`, ""},
		"array":                {500, `[1]`, "", none + `[1]`, ""},
		"JSON that is cut":     {500, `{"error":{"mess`, "", none + `{"error":{"mess`, ""},
		"bytes":                {500, "\xff\xfe\x00", "", "received 3 bytes that are not text", ""},
		"many bytes": {
			500, repeat("\xff", 70_000), "", "received 65532 bytes that are not text", "",
		},
		"long text":                    {500, repeat("é", 300), "", none + repeat("é", 100) + "…", ""},
		"text that is cut in a letter": {500, " " + repeat("é", 40_000), "", none + repeat("é", 100) + "…", ""},
		"a message of 2 KiB":           {400, `{"message":"` + repeat("x", 2048) + `"}`, "", repeat("x", 2048), ""},
		"badRequest (seed)":            {400, inner("badRequest"), "badRequest", "m", ""},
		"unauthorized (seed)":          {401, inner("unauthorized"), "unauthorized", "m", ""},
		"userDisabled (seed)":          {403, inner("userDisabled"), "userDisabled", "m", ""},
		"Not Found (seed)":             {404, inner("Not Found"), "Not Found", "m", ""},
		"authFault (seed)":             {500, inner("authFault"), "authFault", "m", ""},
		"serviceUnavailable (seed)":    {503, inner("serviceUnavailable"), "serviceUnavailable", "m", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var pairs []string
			if row.requestID == "" {
				row.requestID = "header-id"
				pairs = []string{"X-Request-Id", row.requestID}
			}
			client := newClient(serve(t, reply(row.status, row.body, pairs...)), nil)
			err := client.Do(t.Context(), get(), func(*http.Response) error {
				t.Error("it was decoded")
				return nil
			})
			got := httpapi.RefusalOf(err)
			if got == nil {
				t.Fatalf("error %v", err)
			}
			if got.Status != row.status || got.Code != row.code || got.Message != row.message ||
				got.RequestID != row.requestID {
				t.Errorf("got %+v", *got)
			}
			want := fmt.Sprintf("%s (HTTP %d, request ID %s)", row.message, row.status, row.requestID)
			if row.code != "" {
				want = fmt.Sprintf(
					"%s (HTTP %d, code %s, request ID %s)",
					row.message,
					row.status,
					row.code,
					row.requestID,
				)
			}
			if err.Error() != want {
				t.Errorf("it reads %q, want %q", err, want)
			}
		})
	}
}

// TestErrorWithoutAnything: there is no code and no ID to display.
func TestErrorWithoutAnything(t *testing.T) {
	t.Parallel()
	err := newClient(serve(t, reply(http.StatusForbidden, "")), nil).Do(t.Context(), get(), decodeJSON)
	if want := `received "Forbidden" with an empty body (HTTP 403)`; err == nil || err.Error() != want {
		t.Errorf("%v, want %q", err, want)
	}
}

// TestUnreadable: the error for a 2xx response that cannot be decoded names the reason, and
// the type if that is wrong. The request may have been carried out.
func TestUnreadable(t *testing.T) {
	t.Parallel()
	failure := errors.New("no ID")
	for name, row := range map[string]struct{ contentType, want string }{
		"JSON":             {"application/json", "the response could not be read: no ID"},
		"JSON of a kind":   {"application/problem+json", "the response could not be read: no ID"},
		"HTML":             {"text/html", `the response is not JSON but "text/html": no ID`},
		"something hidden": {"text/\u202ehtml", `the response is not JSON but "text/\u202ehtml": no ID`},
	} {
		want := row.want + " (HTTP 201, request ID the-id)"
		handler, calls := inSequence(reply(
			http.StatusCreated,
			"{}",
			"Content-Type",
			row.contentType,
			"X-Request-Id",
			"the-id",
		))
		client := newClient(serve(t, handler), nil, retries(5))
		err := client.Do(t.Context(), post(), func(*http.Response) error { return failure })
		if err == nil || err.Error() != want || !errors.Is(err, failure) || !httpapi.Ambiguous(err) ||
			calls.Load() != 1 {
			t.Errorf("%s: %d calls, %v, want %q", name, calls.Load(), err, want)
		}
	}
}

// TestErrorsWithSuccess: a 2xx response whose body is nothing but an error counts as one, whether decode accepts it or
// not (observed: terraform-provider-huaweicloud, pull request 2314). The request may have been carried out. A body that
// has anything else is not an error.
func TestErrorsWithSuccess(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		`{"error":{"message":"locked","code":"ELB.9999"}}`:          "locked (HTTP 200, code ELB.9999)",
		`{"error_msg":"m","error_code":"APIGW.1","request_id":"r"}`: "m (HTTP 200, code APIGW.1, request ID r)",
		`{"NeutronError":{"type":"T","message":"m","detail":"d"}}`:  "m: d (HTTP 200, code T)",
		`{"id":"1","error":{"message":"m"}}`:                        "",
		`{"error":null,"request_id":"r"}`:                           "",
		`{"error_code":0,"error_msg":""}`:                           "",
		`{}`:                                                        "",
	} {
		for _, decoded := range []error{nil, errors.New("no ID")} {
			client := newClient(serve(t, reply(http.StatusOK, body)), nil)
			err := client.Do(t.Context(), get(), func(r *http.Response) error {
				_, _ = io.ReadAll(r.Body)
				return decoded
			})
			switch {
			case want == "" && !errors.Is(err, decoded):
				t.Errorf("%s: %v, want %v", body, err, decoded)
			case want != "" && (err == nil || err.Error() != want || !httpapi.Ambiguous(err)):
				t.Errorf("%s: %v, want %q", body, err, want)
			}
		}
	}
}

// TestErrorWithSuccessThatStalls: an error that has arrived as a whole is not a lost connection, whatever follows it.
func TestErrorWithSuccessThatStalls(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		client := newClient(serve(t, func(w http.ResponseWriter, r *http.Request) {
			slowly(w, time.Second, `{"error_msg":"locked"}`)
			hang(w, r)
		}), nil)
		err := client.Do(t.Context(), get(), func(r *http.Response) error {
			_, err := io.ReadAll(r.Body)
			return err
		})
		if err == nil || err.Error() != "locked (HTTP 200)" {
			t.Errorf("error %v", err)
		}
	})
}

// TestUnreadableType: the error names JSON types, not Go types.
func TestUnreadableType(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		`{"thing":{"id":7}}`: "the response could not be read: thing.id must not be a JSON number (HTTP 200)",
		`[]`:                 "the response could not be read: the value must not be a JSON array (HTTP 200)",
	} {
		client := newClient(serve(t, reply(http.StatusOK, body)), nil)
		err := client.Do(t.Context(), get(), func(r *http.Response) error {
			var into struct {
				Thing struct {
					ID string `json:"id"`
				} `json:"thing"`
			}
			return json.NewDecoder(r.Body).Decode(&into)
		})
		if err == nil || err.Error() != want {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

// TestSkew: the skew is how far the clock of the server is ahead, by the date of its response.
func TestSkew(t *testing.T) {
	t.Parallel()
	date := func(d time.Duration) func() string {
		return func() string { return time.Now().Add(d).UTC().Format(http.TimeFormat) }
	}
	for name, row := range map[string]struct {
		date func() string
		want time.Duration
	}{
		"ahead":    {date(16 * time.Minute), 16 * time.Minute},
		"behind":   {date(-time.Hour), -time.Hour},
		"the same": {date(0), 0},
		"nonsense": {func() string { return "yesterday" }, 0},
		"none":     {func() string { return "" }, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				time.Sleep(300 * time.Millisecond) // a Date has whole seconds
				dial := serve(t, reply(http.StatusUnauthorized, "", "Date", row.date()))
				err := newClient(dial, nil).Do(t.Context(), get(), decodeJSON)
				if refusal := httpapi.RefusalOf(err); refusal == nil || refusal.Skew != row.want {
					t.Errorf("%+v, want the skew %s", refusal, row.want)
				}
			})
		})
	}
}

// TestAmbiguous has single errors; the errors of whole requests are tested where they occur.
func TestAmbiguous(t *testing.T) {
	t.Parallel()
	status := func(n int) error { return &httpapi.Error{Status: n} }
	for name, row := range map[string]struct {
		err  error
		want bool
	}{
		"success":                  {nil, false},
		"unreadable 200":           {status(200), true},
		"unreadable 204":           {status(204), true},
		"redirect":                 {status(302), false},
		"400":                      {status(400), false},
		"404":                      {status(404), false},
		"408":                      {status(408), true},
		"429":                      {status(429), false},
		"499":                      {status(499), true},
		"500":                      {status(500), true},
		"504":                      {status(504), true},
		"599":                      {status(599), true},
		"wrapped":                  {fmt.Errorf("create: %w", status(500)), true},
		"transport":                {&httpapi.TransportError{}, true},
		"any":                      {errors.New("any"), true},
		"unsent":                   {&httpapi.UnsentError{Err: errors.New("any")}, false},
		"unsent, wrapped":          {fmt.Errorf("create: %w", &httpapi.UnsentError{Err: status(500)}), false},
		"unsent, the time is over": {&httpapi.UnsentError{Err: context.DeadlineExceeded}, false},
		"429, while it waited":     {fmt.Errorf("%w while waiting: %w", context.Canceled, status(429)), false},
		"transport, while it waits": {
			fmt.Errorf("%w while waiting: %w", context.Canceled, &httpapi.TransportError{}),
			true,
		},
	} {
		if got := httpapi.Ambiguous(row.err); got != row.want {
			t.Errorf("%s: %t, want %t", name, got, row.want)
		}
	}
}

// TestErrorBodyIsBounded: no more of an error response is read and kept than is needed.
func TestErrorBodyIsBounded(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"text":    strings.Repeat("x", 60<<10),
		"message": `{"error_msg":"` + strings.Repeat("x", 60<<10) + `"}`,
		"code":    `{"error_msg":"m","error_code":"` + strings.Repeat("x", 60<<10) + `"}`,
		"ID":      `{"error_msg":"m","request_id":"` + strings.Repeat("x", 60<<10) + `"}`,
		"letters": `{"error_msg":"` + strings.Repeat("書", 20<<10) + `"}`,
		"endless": `{"error_msg":"` + strings.Repeat("x", 20<<20) + `"}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				client := newClient(serve(t, reply(http.StatusBadRequest, body)), nil)
				refusal := httpapi.RefusalOf(client.Do(t.Context(), get(), decodeJSON))
				if refusal == nil {
					t.Fatal("it is no refusal")
				}
				shortened := false
				for limit, said := range map[int]string{2048: refusal.Message, 128: refusal.Code + refusal.RequestID} {
					if len(said) > limit+len("…") {
						t.Errorf("%d bytes are kept, want %d at most", len(said), limit)
					}
					shortened = shortened || strings.HasSuffix(said, "…")
					if strings.ContainsRune(said, utf8.RuneError) {
						t.Errorf("it is cut within a character: %q", said)
					}
				}
				if !shortened {
					t.Errorf("it does not show that it was cut: %+v", *refusal)
				}
			})
		})
	}
}

// TestErrorBodyIsNotReadToItsEnd: the error is returned even if the server never ends its response.
func TestErrorBodyIsNotReadToItsEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		written := 0
		dial := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusBadRequest)
			for chunk, err := make([]byte, 32<<10), error(nil); err == nil; {
				var n int
				n, err = w.Write(chunk)
				written += n
			}
		})
		err := newClient(dial, nil).Do(t.Context(), get(), decodeJSON)
		synctest.Wait()
		if httpapi.RefusalOf(err) == nil || written > 1<<20 {
			t.Errorf("after %d bytes: %v", written, err)
		}
	})
}

// TestErrorBodyIsCut: if an error response is cut off, the part that has arrived is used.
func TestErrorBodyIsCut(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		dial := serveText(t, "HTTP/1.1 409 Conflict\r\nContent-Length: 99\r\n\r\nin use by ")
		err := newClient(dial, nil, retries(5)).Do(t.Context(), post(), decodeJSON)
		refusal := httpapi.RefusalOf(err)
		if refusal == nil || refusal.Status != 409 ||
			refusal.Message != "received a response without a message: in use by" {
			t.Errorf("%v", err)
		}
	})
}
