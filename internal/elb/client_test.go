package elb_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/elbaas/terraform-provider-elbaas/internal/elb"
	"github.com/elbaas/terraform-provider-elbaas/internal/elbstub"
)

func TestRequest(t *testing.T) {
	t.Parallel()
	cloud, client := newCloud(t)
	cert := create(t, client)
	if _, err := client.UpdateCertificate(t.Context(), project, cert.ID, "a", "b"); err != nil {
		t.Fatal(err)
	}
	if _, err := newClient(t, cloud).GetCertificate(t.Context(), project, cert.ID); err != nil {
		t.Fatal(err)
	}
	if err := client.DeleteCertificate(t.Context(), project, cert.ID, time.Minute); err != nil {
		t.Fatal(err)
	}
	if _, err := client.ListenersOf(t.Context(), project, cert.ID); err != nil {
		t.Fatal(err)
	}
	root := base + "/v1.0/" + project + "/elbaas"
	want := []string{
		"GET " + root + "/certificate",
		"POST " + root + "/certificate",
		"PUT " + root + "/certificate/" + cert.ID,
		"GET " + root + "/certificate",
		"DELETE " + root + "/certificate/" + cert.ID,
		"GET " + root + "/listeners",
	}
	for i, call := range cloud.Journal() {
		if got := call.Method + " " + call.Path; got != want[i] {
			t.Errorf("call %d is %s, want %s", i, got, want[i])
		}
		hasBody := call.Method == http.MethodPost || call.Method == http.MethodPut
		if got := call.Header.Get("Content-Type"); hasBody != (got == "application/json") {
			t.Errorf("%s has the content type %q", want[i], got)
		}
		if got := call.Header.Get("User-Agent"); got != "elb-test/1" {
			t.Errorf("%s has the user agent %q", want[i], got)
		}
		if got := call.Header.Get("X-Project-Id"); got != project {
			t.Errorf("%s has the project id %q", want[i], got)
		}
	}
}

func TestTimeout(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	t.Cleanup(server.Close)
	t.Cleanup(func() { close(release) })

	hasty := clientFor(t, server.URL, func(c *elb.Config) { c.Retrier = elb.NewRetrier(0, 20*time.Millisecond) })
	if _, err := hasty.GetCertificate(t.Context(), project, "id"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a silent server: error %v", err)
	}
	patient := clientFor(t, server.URL)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := patient.GetCertificate(ctx, project, "id"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a caller in a hurry: error %v", err)
	}
}

func TestNobodyThere(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close()
	client := clientFor(t, server.URL)
	var network *url.Error
	if _, err := client.GetCertificate(t.Context(), project, "id"); !errors.As(err, &network) {
		t.Errorf("error %v", err)
	}
}

// TestAnswerTooLarge has a server that never stops.
func TestAnswerTooLarge(t *testing.T) {
	t.Parallel()
	client := newClient(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprint(w, `{"certificates":[`)
		element := `{"id":"1"` + strings.Repeat(" ", 1<<20) + `},`
		for {
			if _, err := fmt.Fprint(w, element); err != nil {
				return
			}
		}
	}))
	var tooLarge *http.MaxBytesError
	if _, err := client.GetCertificate(t.Context(), project, "id"); !errors.As(err, &tooLarge) {
		t.Errorf("error %v, want that the answer is too large", err)
	}
}

func TestRedirectIsNotFollowed(t *testing.T) {
	t.Parallel()
	strangers := 0
	stranger := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { strangers++ }))
	t.Cleanup(stranger.Close)
	client := newClient(t, http.RedirectHandler(stranger.URL, http.StatusTemporaryRedirect))
	var answer *elb.Error
	if _, err := client.GetCertificate(t.Context(), project, "id"); !errors.As(err, &answer) || answer.Status != 307 {
		t.Errorf("error %v, want the 307", err)
	}
	if strangers > 0 {
		t.Error("the credentials went to another server")
	}
}

func TestProjectIDIsEscaped(t *testing.T) {
	t.Parallel()
	var path string
	client := newClient(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { path = r.URL.EscapedPath() }))
	_, _ = client.GetCertificate(t.Context(), "a/b?c", "id")
	if want := base + "/v1.0/a%2Fb%3Fc/elbaas/certificate"; path != want {
		t.Errorf("path %s, want %s", path, want)
	}
}

// TestErrors reads every error shape and every status of the API.
func TestErrors(t *testing.T) {
	t.Parallel()
	html := "<html>\n<head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"
	for name, row := range map[string]struct {
		status    int
		body      string
		code, msg string
		requestID string // "" is the one of the header
	}{
		"error (reference)":                {400, `{"error":{"message":"listener exist, the port repeat","code":"ELB.6101"}}`, "ELB.6101", "listener exist, the port repeat", ""},
		"error_msg (reference)":            {400, `{"error_msg":"The format of message is error","error_code":"AS.0001"}`, "AS.0001", "The format of message is error", ""},
		"error_msg, request_id (observed)": {400, `{"error_msg":"m","error_code":"APIGW.0308","request_id":"body-id"}`, "APIGW.0308", "m", "body-id"},
		"NeutronError (observed)":          {404, `{"NeutronError":{"type":"NotFound","message":"m","detail":""}}`, "NotFound", "m", ""},
		"NeutronError with a detail":       {404, `{"NeutronError":{"type":"NotFound","message":"m","detail":"d"}}`, "NotFound", "m: d", ""},
		"code is a number (assumed)":       {401, `{"error":{"message":"m","code":401,"title":"Unauthorized"}}`, "401", "m", ""},
		"bare (assumed)":                   {400, `{"message":"m","code":"c"}`, "c", "m", ""},
		"error is a text (assumed)":        {400, `{"error":"m"}`, "", "m", ""},
		"error is null beside a message":   {400, `{"error":null,"NeutronError":null,"error_msg":"m","error_code":"ELB.5040"}`, "ELB.5040", "m", ""},
		"HTML (observed)":                  {502, html, "", "an HTML page and not the API answered: 502 Bad Gateway", ""},
		"HTML without a title":             {504, "<p>Gateway   Timeout</p>", "", "an HTML page and not the API answered: Gateway Timeout", ""},
		"nothing (observed)":               {503, "", "", `the server answered "Service Unavailable" with an empty body`, ""},
		"white space":                      {503, " \n", "", `the server answered "Service Unavailable" with an empty body`, ""},
		"text":                             {500, "oops", "", "the server answered without a message: oops", ""},
		"unknown object":                   {500, `{"a":1}`, "", `the server answered without a message: {"a":1}`, ""},
		"null":                             {500, `null`, "", `the server answered without a message: null`, ""},
		"error is null":                    {500, `{"error":null}`, "", `the server answered without a message: {"error":null}`, ""},
		"array":                            {500, `[1]`, "", `the server answered without a message: [1]`, ""},
		"bytes":                            {500, "\xff\xfe\x00", "", "the server answered with 3 bytes that are no text", ""},
		"long text":                        {500, strings.Repeat("é", 300), "", "the server answered without a message: " + strings.Repeat("é", 100) + "…", ""},
		"badRequest (seed)":                {400, `{"error":{"message":"m","code":"badRequest"}}`, "badRequest", "m", ""},
		"unauthorized (seed)":              {401, `{"error":{"message":"m","code":"unauthorized"}}`, "unauthorized", "m", ""},
		"userDisabled (seed)":              {403, `{"error":{"message":"m","code":"userDisabled"}}`, "userDisabled", "m", ""},
		"Not Found (seed)":                 {404, `{"error":{"message":"m","code":"Not Found"}}`, "Not Found", "m", ""},
		"authFault (seed)":                 {500, `{"error":{"message":"m","code":"authFault"}}`, "authFault", "m", ""},
		"serviceUnavailable (seed)":        {503, `{"error":{"message":"m","code":"serviceUnavailable"}}`, "serviceUnavailable", "m", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client := newClient(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if row.requestID == "" {
					w.Header().Set("X-Request-Id", "header-id")
					row.requestID = "header-id"
				}
				answering(row.status, row.body).ServeHTTP(w, r)
			}))
			_, err := client.GetCertificate(t.Context(), project, "id")
			var got *elb.Error
			if !errors.As(err, &got) {
				t.Fatalf("error %v", err)
			}
			if got.Status != row.status || got.Code != row.code || got.Message != row.msg || got.RequestID != row.requestID {
				t.Errorf("got %+v", got)
			}
			for _, part := range []string{row.msg, row.code, row.requestID, fmt.Sprint("HTTP ", row.status)} {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("the error %q lacks %q", err, part)
				}
			}
		})
	}
}

// TestErrorsShowNoSecret has a server that quotes what it refuses.
func TestErrorsShowNoSecret(t *testing.T) {
	t.Parallel()
	certificate := newCertificate(t)
	key := certificate.PrivateKey.Reveal()
	line := strings.Split(key, "\n")[1]
	for name, quote := range map[string]string{
		"the key":              strings.ReplaceAll(key, "\n", `\n`),
		"the key without ends": line,
		"half of the key":      strings.ReplaceAll(key[:100], "\n", `\n`),
		"the token":            "token " + token + " is not valid",
	} {
		for shape, body := range map[string]string{
			"error":     `{"error":{"message":"refused: ` + quote + `","code":"ELB.1001"}}`,
			"error_msg": `{"error_msg":"refused: ` + quote + `","error_code":"ELB.1001"}`,
			"text":      "refused: " + strings.ReplaceAll(quote, `\n`, "\n"),
			"HTML":      "<html><title>refused: " + strings.ReplaceAll(quote, `\n`, "\n") + "</title></html>",
		} {
			t.Run(name+" in "+shape, func(t *testing.T) {
				t.Parallel()
				client := newClient(t, refusing(400, body))
				_, err := client.CreateCertificate(t.Context(), project, certificate)
				if err == nil || !strings.Contains(err.Error(), "refused: ") {
					t.Fatalf("error %v", err)
				}
				shown := fmt.Sprintf("%v %+v %#v", err, err, err)
				if strings.Contains(shown, token) || strings.Contains(shown, line[:20]) {
					t.Errorf("the error shows a secret: %s", shown)
				}
			})
		}
	}
}

// TestCutSecretsAreNotShown has a server that quotes a long token, or a line of
// the key, at every place where an excerpt may end, or only a part of them.
func TestCutSecretsAreNotShown(t *testing.T) {
	t.Parallel()
	const part = 12 // bytes that would be one part of a secret
	certificate := newCertificate(t)
	line := strings.Split(certificate.PrivateKey.Reveal(), "\n")[1]
	var long strings.Builder
	for i := range 200 {
		fmt.Fprintf(&long, "tok%03d", i)
	}
	for name, secretText := range map[string]string{"key": line, "token": long.String()} {
		for _, quoted := range []string{secretText, secretText[:len(secretText)-1], secretText[1:], secretText[3:30]} {
			for at := 100; at < 210; at += 5 {
				for _, body := range []string{
					strings.Repeat("x", at) + " " + quoted,
					"<html>" + strings.Repeat("x", at) + " " + quoted + "</html>",
					`{"unknown":"` + strings.Repeat("x", at) + " " + quoted + `"}`,
					`{"error":{"message":"m","code":"` + quoted + `"},"request_id":"` + quoted + `"}`,
				} {
					server := httptest.NewServer(refusing(400, body))
					client := clientFor(t, server.URL, func(c *elb.Config) { c.Transport = withToken{long.String(), http.DefaultTransport} })
					_, err := client.CreateCertificate(t.Context(), project, certificate)
					server.Close()
					for i := 0; i+part <= len(secretText); i++ {
						if strings.Contains(err.Error(), secretText[i:i+part]) {
							t.Fatalf("%s at %d is shown: %v", name, at, err)
						}
					}
				}
			}
		}
	}
}

// TestAnswersShowNoSecret has a server whose answers cannot be read.
func TestAnswersShowNoSecret(t *testing.T) {
	t.Parallel()
	cloud, client := newCloud(t)
	cert := create(t, client)
	key := cloud.Certificates(project)[0].PrivateKey
	for n := 1; n < 1200; n += 7 {
		cloud.Script(elbstub.ListCertificates, 1, elbstub.Cut(n))
		got, err := client.GetCertificate(t.Context(), project, cert.ID)
		if shown := fmt.Sprintf("%+v %v", got, err); strings.Contains(shown, strings.Split(key, "\n")[1]) || strings.Contains(shown, "PRIVATE KEY") {
			t.Fatalf("cut at %d, this shows the key: %s", n, shown)
		}
	}
}
