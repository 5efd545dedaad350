package elb_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/elbaas/terraform-provider-elbaas/internal/elb"
	"github.com/elbaas/terraform-provider-elbaas/internal/elbstub"
	"github.com/elbaas/terraform-provider-elbaas/internal/httpapi"
	"github.com/elbaas/terraform-provider-elbaas/internal/secret"
	"github.com/elbaas/terraform-provider-elbaas/internal/throwaway"
)

const (
	project = "0123456789abcdef0123456789abcdef"
	token   = "MIIFvAYJKoZIhvcNAQcCoIIFrTCCBakCAQE"
	base    = "/gateway/elb" // not empty, to catch absolute URLs
)

// withToken authorizes each request with a token.
type withToken string

func (w withToken) Authorize(r *http.Request) (renew func(), err error) {
	r.Header.Set("X-Auth-Token", string(w))
	return nil, nil
}

// clientFor is a client of a server that repeats nothing, unless that is changed.
func clientFor(t *testing.T, address string, change ...func(*httpapi.Config)) *elb.Client {
	t.Helper()
	endpoint, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	config := httpapi.Config{UserAgent: "elb-test/1"}
	for _, change := range change {
		change(&config)
	}
	return elb.New(elb.Config{
		Endpoint:   func(context.Context, string) (*url.URL, error) { return endpoint, nil },
		API:        httpapi.NewNetwork(config).Client(withToken(token)),
		MaxRetries: config.MaxRetries,
	})
}

func newClient(t *testing.T, handler http.Handler) *elb.Client {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return clientFor(t, server.URL+base)
}

func newCloud(t *testing.T) (*elbstub.Cloud, *elb.Client) {
	t.Helper()
	cloud := elbstub.New(elbstub.Options{BasePath: base, Tokens: map[string]string{token: project}})
	return cloud, newClient(t, cloud)
}

// answering is a server that gives one answer to everything.
func answering(status int, body string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	})
}

// refusing is a server without certificates that gives one answer to everything
// but a list.
func refusing(status int, body string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			answering(http.StatusOK, `{"certificates":[]}`).ServeHTTP(w, r)
		} else {
			answering(status, body).ServeHTTP(w, r)
		}
	})
}

func newCertificate(t *testing.T) elb.NewCertificate {
	t.Helper()
	pair, err := throwaway.NewPair("www.example.com")
	if err != nil {
		t.Fatal(err)
	}
	return elb.NewCertificate{
		Name:        new("www"),
		Description: "first",
		Domain:      new("www.example.com"),
		Certificate: pair.Certificate,
		PrivateKey:  secret.New(pair.PrivateKey),
	}
}

func create(t *testing.T, client *elb.Client) elb.Certificate {
	t.Helper()
	cert, err := client.CreateCertificate(t.Context(), project, newCertificate(t))
	if err != nil {
		t.Fatal(err)
	}
	return cert.Certificate
}

func calls(cloud *elbstub.Cloud) []elbstub.Operation {
	var operations []elbstub.Operation
	for _, call := range cloud.Journal() {
		operations = append(operations, call.Operation)
	}
	return operations
}

func wantCalls(t *testing.T, cloud *elbstub.Cloud, want ...elbstub.Operation) {
	t.Helper()
	if got := calls(cloud); !slices.Equal(got, want) {
		t.Errorf("calls %q, want %q", got, want)
	}
}

func TestCreateCertificate(t *testing.T) {
	t.Parallel()
	cloud, client := newCloud(t)
	want := newCertificate(t)
	cert, err := client.CreateCertificate(t.Context(), project, want)
	if err != nil {
		t.Fatal(err)
	}
	wantCalls(t, cloud, elbstub.ListCertificates, elbstub.CreateCertificate)
	there := cloud.Certificates(project)[0]
	if there.Name != *want.Name || there.Description != want.Description || there.Domain != *want.Domain ||
		there.Certificate != want.Certificate || there.PrivateKey != want.PrivateKey.Reveal() {
		t.Error("the cloud has something else than was sent")
	}
	if cert.ID != there.ID || cert.Name != "www" || cert.Description != "first" || cert.Domain != "www.example.com" ||
		cert.Certificate.Certificate != strings.TrimSpace(want.Certificate) || cert.CreateTime == "" || cert.UpdateTime == "" {
		t.Errorf("got %+v", cert)
	}
}

func TestCreateSendsOnlyWhatIsGiven(t *testing.T) {
	t.Parallel()
	cloud, client := newCloud(t)
	want := newCertificate(t)
	want.Name, want.Domain, want.Description = nil, nil, ""
	cert, err := client.CreateCertificate(t.Context(), project, want)
	if err != nil {
		t.Fatal(err)
	}
	if cert.Domain != "" { // absent on create (recorded)
		t.Errorf("domain = %q", cert.Domain)
	}
	var sent map[string]any
	if err := json.Unmarshal([]byte(cloud.Journal(elbstub.CreateCertificate)[0].Body), &sent); err != nil {
		t.Fatal(err)
	}
	if _, named := sent["name"]; named || len(sent) != 3 || sent["description"] != "" {
		t.Errorf("sent %v", sent)
	}
}

// TestCreateAnswers are answers to a POST that was carried out.
func TestCreateAnswers(t *testing.T) {
	t.Parallel()
	const id = "5b8f908b5495452aa13beede0afc5d99"
	full := `{"id":"` + id + `","name":"www","description":"first","certificate":"PEM","private_key":"KEY","create_time":"2016-06-27 08:14:42","update_time":"2016-06-27 08:14:42"`
	list := `{"certificates":[` + full + `,"domain":"listed.example.com"}],"instance_num":"1"}`
	for name, row := range map[string]struct {
		status     int
		body       string
		listStatus int
		domain     string // of the result
		wantErr    string
		noID       bool
	}{
		"200 (reference, Huawei Cloud)":            {status: 200, body: full + `}`, domain: "www.example.com"},
		"201 (reference, Open Telekom Cloud)":      {status: 201, body: full + `}`, domain: "www.example.com"},
		"tenant_id and unknown fields (reference)": {status: 200, body: full + `,"tenant_id":"x","more":{"private_key":["y"]}}`, domain: "www.example.com"},
		"domain null":                                {status: 200, body: full + `,"domain":null}`, domain: ""},
		"only the id: read back":                     {status: 201, body: `{"id":"` + id + `"}`, domain: "listed.example.com"},
		"cut after the id: read back":                {status: 201, body: full[:60], domain: "listed.example.com"},
		"cut after the id, list fails: id and error": {status: 201, body: full[:60], listStatus: 500, wantErr: "HTTP 500"},
		"no id":           {status: 200, body: `{"name":"www"}`, wantErr: "it has no id", noID: true},
		"cut before id":   {status: 200, body: `{"name":"www"`, wantErr: "was cut off", noID: true},
		"nothing":         {status: 200, body: ``, wantErr: "the body is empty", noID: true},
		"HTML":            {status: 200, body: `<html>login</html>`, wantErr: "invalid character '<'", noID: true},
		"a list":          {status: 200, body: `[]`, wantErr: "it is a JSON array", noID: true},
		"id is a number":  {status: 200, body: `{"id":5}`, wantErr: "id is a JSON number", noID: true},
		"id is null":      {status: 200, body: `{"id":null}`, wantErr: "it has no id", noID: true},
		"two of them":     {status: 200, body: full + `}` + full + `}`, domain: "listed.example.com"},
		"redirect":        {status: 302, body: ``, wantErr: "HTTP 302", noID: true},
		"name not string": {status: 200, body: `{"id":"` + id + `","name":5}`, domain: "listed.example.com"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				created := false
				client := clientInBubble(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					switch {
					case r.Method == http.MethodPost:
						created = true
						answering(row.status, row.body).ServeHTTP(w, r)
					case created:
						answering(max(row.listStatus, 200), list).ServeHTTP(w, r)
					default:
						answering(http.StatusOK, `{"certificates":[],"instance_num":"0"}`).ServeHTTP(w, r)
					}
				}), 0)
				cert, err := client.CreateCertificate(t.Context(), project, newCertificate(t))
				if row.wantErr == "" && err != nil || row.wantErr != "" && (err == nil || !strings.Contains(err.Error(), row.wantErr)) {
					t.Errorf("error %v, want %q", err, row.wantErr)
				}
				if row.noID != (cert.ID == "") || !row.noID && cert.ID != id {
					t.Errorf("id %q", cert.ID)
				}
				if err == nil && (cert.Domain != row.domain || cert.Certificate.Certificate != "PEM" || cert.CreateTime != "2016-06-27 08:14:42") {
					t.Errorf("got %+v", cert)
				}
			})
		})
	}
}

func TestGetCertificate(t *testing.T) {
	t.Parallel()
	cloud, client := newCloud(t)
	create(t, client)
	want := create(t, client)
	// Another client, which knows of no write.
	got, err := newClient(t, cloud).GetCertificate(t.Context(), project, want.ID)
	if err != nil || got != want {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
	cloud.Remove(want.ID)
	if _, err := newClient(t, cloud).GetCertificate(t.Context(), project, want.ID); !errors.Is(err, elb.ErrNotFound) {
		t.Errorf("error %v, want ErrNotFound", err)
	}
}

// TestLists are answers to a list, and what they prove of a certificate.
func TestLists(t *testing.T) {
	t.Parallel()
	const id = "5b8f908b5495452aa13beede0afc5d99"
	one := `{"id":"` + id + `","name":"n","description":"d","domain":null,"certificate":"PEM","private_key":"K","create_time":"c","update_time":"u"}`
	other := `{"id":"ffffffffffffffffffffffffffffffff"}`
	for name, row := range map[string]struct {
		status int
		body   string
		want   string // "found", "gone", or a part of the error
	}{
		"found, count is a string (reference, recorded)": {200, `{"certificates":[` + other + `,` + one + `],"instance_num":"2"}`, "found"},
		"found, count is a number (assumed)":             {200, `{"instance_num":1,"certificates":[` + one + `]}`, "found"},
		"found, no count":                                {200, `{"certificates":[` + one + `]}`, "found"},
		"found, list incomplete":                         {200, `{"certificates":[` + one + `],"instance_num":"7"}`, "found"},
		"found, extra fields":                            {200, `{"a":[{"b":{}}],"certificates":[` + one + `],"z":null}`, "found"},
		"gone, empty":                                    {200, `{"certificates":[],"instance_num":"0"}`, "gone"},
		"gone, no count":                                 {200, `{"certificates":[` + other + `]}`, "gone"},
		"gone, count null":                               {200, `{"certificates":[],"instance_num":null}`, "gone"},
		"gone, null and 0":                               {200, `{"certificates":null,"instance_num":"0"}`, "gone"},
		"null without a count proves nothing":            {200, `{"certificates":null}`, "incomplete"},
		"count too high":                                 {200, `{"certificates":[` + other + `],"instance_num":"2"}`, "incomplete"},
		"count too low":                                  {200, `{"certificates":[` + other + `],"instance_num":0}`, "incomplete"},
		"count is no number":                             {200, `{"certificates":[],"instance_num":"many"}`, "incomplete"},
		"no list":                                        {200, `{"instance_num":"0"}`, `no "certificates"`},
		"gone, an empty object and 0 (observed)":         {200, `{"certificates":{},"instance_num":"0"}`, "gone"},
		"an empty object alone proves nothing":           {200, `{"certificates":{}}`, "incomplete"},
		"an object as list":                              {200, `{"certificates":{"a":1}}`, "not an array"},
		"an ID twice counts once":                        {200, `{"certificates":[` + other + `,` + other + `],"instance_num":"1"}`, "gone"},
		"an element without an id":                       {200, `{"certificates":[` + other + `,{"name":"x"}],"instance_num":"2"}`, "certificate 2 of the list has no id"},
		"an element that is no object":                   {200, `{"certificates":["x"]}`, "it is a JSON string"},
		"half a body":                                    {200, `{"certificates":[` + other, "was cut off"},
		"half of an element":                             {200, `{"certificates":[` + other[:20], "was cut off"},
		"nothing":                                        {200, ``, "was cut off"},
		"something after the end":                        {200, `{"certificates":[]}{}`, "something follows its end"},
		"HTML":                                           {200, `<html></html>`, "invalid character '<'"},
		"206 never means gone":                           {206, `{"certificates":[],"instance_num":"0"}`, "a list has the status 200"},
		"202 never means gone":                           {202, `{"certificates":[]}`, "a list has the status 200"},
		"404 without a code never means gone":            {404, ``, "HTTP 404"},
		"404 with ELB.5040 never means gone":             {404, `{"error":{"message":"m","code":"ELB.5040"}}`, "ELB.5040"},
		"404 of the gateway":                             {404, `{"error_msg":"m","error_code":"APIGW.0101"}`, "APIGW.0101"},
		"500":                                            {500, `{"error":{"message":"m","code":"authFault"}}`, "authFault"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client := newClient(t, answering(row.status, row.body))
			cert, err := client.GetCertificate(t.Context(), project, id)
			switch row.want {
			case "found":
				want := elb.Certificate{ID: id, Name: "n", Description: "d", Certificate: "PEM", CreateTime: "c", UpdateTime: "u"}
				if err != nil || cert != want {
					t.Errorf("got %+v, %v", cert, err)
				}
			case "gone":
				if !errors.Is(err, elb.ErrNotFound) {
					t.Errorf("error %v, want ErrNotFound", err)
				}
			default:
				if err == nil || errors.Is(err, elb.ErrNotFound) || !strings.Contains(err.Error(), row.want) {
					t.Errorf("error %v, want %q", err, row.want)
				}
			}

			// With the key, by a list of its own, that proves the same.
			withKey, key, keyErr := client.GetPrivateKey(t.Context(), project, id)
			if withKey != cert || (keyErr == nil) != (err == nil) || errors.Is(keyErr, elb.ErrNotFound) != errors.Is(err, elb.ErrNotFound) {
				t.Errorf("with the key: %+v, %v", withKey, keyErr)
			}
			if keyErr == nil && key.Reveal() != "K" || keyErr != nil && !key.Empty() {
				t.Errorf("the key is %q", key.Reveal())
			}

			// All of them: an incomplete list is none.
			all, err := client.ListCertificates(t.Context(), project)
			want := row.want
			if name == "found, list incomplete" || want == "incomplete" {
				want = "the API returned "
			}
			switch {
			case want == "found" || want == "gone":
				if err != nil || slices.Contains(all, cert) != (want == "found") {
					t.Errorf("listed %+v, %v", all, err)
				}
			case err == nil || !strings.Contains(err.Error(), want):
				t.Errorf("listed %+v, %v, want %q", all, err, want)
			}
		})
	}
}

// TestPrivateKeyIsNotKept: a key is that of the certificate, and each call asks for
// it again.
func TestPrivateKeyIsNotKept(t *testing.T) {
	t.Parallel()
	cloud, client := newCloud(t)
	create(t, client)
	cert := create(t, client)
	before := len(cloud.Journal(elbstub.ListCertificates))
	cloud.Change(cert.ID, func(c *elbstub.Certificate) { c.PrivateKey = "first" })
	for _, want := range []string{"first", "second"} {
		if _, key, err := client.GetPrivateKey(t.Context(), project, cert.ID); err != nil || key.Reveal() != want {
			t.Errorf("the key is %q, %v, want %q", key.Reveal(), err, want)
		}
		cloud.Change(cert.ID, func(c *elbstub.Certificate) { c.PrivateKey = "second" })
	}
	if lists := len(cloud.Journal(elbstub.ListCertificates)) - before; lists != 2 {
		t.Errorf("%d lists, want 2", lists)
	}
}

// TestListShowsOurWrites: what was written here is in the list, whatever the server
// shows.
func TestListShowsOurWrites(t *testing.T) {
	t.Parallel()
	cloud, client := newCloud(t)
	kept, gone := create(t, client), create(t, client)
	if err := client.DeleteCertificate(t.Context(), project, gone.ID, time.Minute); err != nil {
		t.Fatal(err)
	}
	lists := len(cloud.Journal(elbstub.ListCertificates))
	cloud.Script(elbstub.ListCertificates, 1, elbstub.See(elbstub.View{Lag: time.Hour}))
	for range 3 {
		if all, err := client.ListCertificates(t.Context(), project); err != nil || !slices.Equal(all, []elb.Certificate{kept}) {
			t.Errorf("listed %+v, %v, want %+v", all, err, kept)
		}
	}
	if n := len(cloud.Journal(elbstub.ListCertificates)) - lists; n != 1 {
		t.Errorf("%d lists, want 1 for all", n)
	}
}

func TestUpdateCertificate(t *testing.T) {
	t.Parallel()
	cloud, client := newCloud(t)
	before := create(t, client)
	cert, err := client.UpdateCertificate(t.Context(), project, before.ID, "新名字", "")
	if err != nil {
		t.Fatal(err)
	}
	// One PUT, and its answer is believed.
	wantCalls(t, cloud, elbstub.ListCertificates, elbstub.CreateCertificate, elbstub.ModifyCertificate)
	if body := cloud.Journal(elbstub.ModifyCertificate)[0].Body; body != `{"name":"新名字","description":""}` {
		t.Errorf("sent %s", body)
	}
	want := before
	want.Name, want.Description, want.UpdateTime = "新名字", "", cert.UpdateTime
	if cert != want {
		t.Errorf("got %+v, want %+v", cert, want)
	}
}

// TestUpdateReadsBack are answers to a PUT that do not tell everything.
func TestUpdateReadsBack(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]elbstub.Fault{
		"202 (observed)":       elbstub.ReplyAfter(202, ""),
		"204 (observed)":       elbstub.ReplyAfter(204, ""),
		"200 without a body":   elbstub.ReplyAfter(200, ""),
		"half of the fields":   elbstub.ReplyAfter(200, `{"id":"ID","name":"new","description":"newer"}`),
		"domain absent":        elbstub.ReplyAfter(200, `{"id":"ID","name":"new","description":"newer","certificate":"PEM","create_time":"c","update_time":"u"}`),
		"another id":           elbstub.ReplyAfter(200, `{"id":"other","name":"x","description":"y","domain":null,"certificate":"PEM","create_time":"c","update_time":"u"}`),
		"half a body":          elbstub.Cut(40),
		"HTML":                 elbstub.ReplyAfter(200, "<html></html>"),
		"a body not an object": elbstub.ReplyAfter(200, "[]"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cloud, client := newCloud(t)
			before := create(t, client)
			cloud.Script(elbstub.ModifyCertificate, 1, answer)
			cert, err := client.UpdateCertificate(t.Context(), project, before.ID, "new", "newer")
			if err != nil {
				t.Fatal(err)
			}
			want := before
			want.Name, want.Description, want.UpdateTime = "new", "newer", cert.UpdateTime
			if cert != want {
				t.Errorf("got %+v, want %+v", cert, want)
			}
			wantCalls(t, cloud, elbstub.ListCertificates, elbstub.CreateCertificate, elbstub.ModifyCertificate, elbstub.ListCertificates)
		})
	}
}

func TestUpdateWaitsForTheChange(t *testing.T) {
	t.Parallel()
	cloud, client := newCloud(t)
	before := create(t, client)
	cloud.Script(elbstub.ModifyCertificate, 1, elbstub.Reply(202, "")) // promised, not done yet
	cloud.Script(elbstub.ListCertificates, 2, func(answer elbstub.Answer) elbstub.Response {
		response := answer()
		cloud.Change(before.ID, func(cert *elbstub.Certificate) { cert.Name, cert.Description = "new", "newer" })
		return response
	})
	cert, err := client.UpdateCertificate(t.Context(), project, before.ID, "new", "newer")
	if err != nil || cert.Name != "new" || cert.Description != "newer" {
		t.Fatalf("got %+v, %v", cert, err)
	}
	if lists := len(cloud.Journal(elbstub.ListCertificates)); lists != 4 { // the first is that of the creation
		t.Errorf("%d lists, want 4", lists)
	}
}

func TestUpdateGivesUpWaiting(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud, client := cloudInBubble(t, elbstub.Options{}, 0)
		before := create(t, client)
		cloud.Script(elbstub.ModifyCertificate, 1, elbstub.Reply(202, ""))
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		_, err := client.UpdateCertificate(ctx, project, before.ID, "new", "newer")
		if !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, elb.ErrNotShown) {
			t.Errorf("error %v, want a deadline", err)
		}
	})
}

func TestUpdateOfWhatIsGone(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		fault elbstub.Fault // nil: the stub's own ELB.5040 under 404
		gone  bool          // whether it really is
		want  bool
	}{
		"ELB.5040 under 404 (reference)":      {nil, true, true},
		"ELB.5040 under 400 (reference)":      {elbstub.Reply(400, `{"error":{"message":"m","code":"ELB.5040"}}`), true, true},
		"bare 404, list lacks it":             {elbstub.Reply(404, ""), true, true},
		"404 Not Found (seed), list lacks it": {elbstub.Reply(404, `{"error":{"message":"m","code":"Not Found"}}`), true, true},
		"bare 404, list has it":               {elbstub.Reply(404, ""), false, false},
		"404 of the gateway (observed)":       {elbstub.Reply(404, `{"error_msg":"m","error_code":"APIGW.0101"}`), true, false},
		"404 with another code":               {elbstub.Reply(404, `{"error":{"message":"m","code":"ELB.9999"}}`), true, false},
		"202, and then the list lacks it":     {elbstub.Reply(202, ""), true, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				cloud, client := cloudInBubble(t, elbstub.Options{}, 0)
				cert := create(t, client)
				if row.gone {
					cloud.Remove(cert.ID)
				}
				if row.fault != nil {
					cloud.Script(elbstub.ModifyCertificate, 1, row.fault)
				}
				_, err := client.UpdateCertificate(t.Context(), project, cert.ID, "new", "newer")
				if err == nil || errors.Is(err, elb.ErrNotFound) != row.want {
					t.Errorf("error %v, want ErrNotFound: %t", err, row.want)
				}
			})
		})
	}
}

func TestBare404WhileTheListFails(t *testing.T) {
	t.Parallel()
	cloud, client := newCloud(t)
	cert := create(t, client)
	cloud.Script(elbstub.ModifyCertificate, 1, elbstub.Reply(404, ""))
	cloud.Script(elbstub.ListCertificates, 1, elbstub.Reply(503, ""))
	_, err := client.UpdateCertificate(t.Context(), project, cert.ID, "new", "newer")
	if err == nil || errors.Is(err, elb.ErrNotFound) || !strings.Contains(err.Error(), "not known") || !strings.Contains(err.Error(), "HTTP 503") {
		t.Errorf("error %v", err)
	}
}

func TestDeleteCertificate(t *testing.T) {
	t.Parallel()
	const notFound = `{"error":{"message":"m","code":"ELB.5040"}}`
	for name, row := range map[string]struct {
		fault   elbstub.Fault
		remove  bool
		wantErr bool
		want    []elbstub.Operation
	}{
		"204 (reference)":                  {want: []elbstub.Operation{elbstub.DeleteCertificate}},
		"200 (observed)":                   {fault: elbstub.ReplyAfter(200, "{}"), want: []elbstub.Operation{elbstub.DeleteCertificate}},
		"202 (observed)":                   {fault: elbstub.ReplyAfter(202, ""), want: []elbstub.Operation{elbstub.DeleteCertificate}},
		"gone, ELB.5040 under 404":         {remove: true, want: []elbstub.Operation{elbstub.DeleteCertificate}},
		"gone, ELB.5040 under 400":         {remove: true, fault: elbstub.Reply(400, notFound), want: []elbstub.Operation{elbstub.DeleteCertificate}},
		"gone, ELB.5040 under 500":         {remove: true, fault: elbstub.Reply(500, notFound), want: []elbstub.Operation{elbstub.DeleteCertificate}},
		"gone, ELB.5040 under 409":         {remove: true, fault: elbstub.Reply(409, notFound), want: []elbstub.Operation{elbstub.DeleteCertificate}},
		"200 with a gateway's page":        {fault: elbstub.Reply(200, "<html>login</html>"), wantErr: true, want: []elbstub.Operation{elbstub.DeleteCertificate}},
		"half of an answer":                {fault: elbstub.Reply(200, `{"a":`), wantErr: true, want: []elbstub.Operation{elbstub.DeleteCertificate}},
		"206":                              {fault: elbstub.Reply(206, ""), wantErr: true, want: []elbstub.Operation{elbstub.DeleteCertificate}},
		"gone, bare 404":                   {remove: true, fault: elbstub.Reply(404, ""), want: []elbstub.Operation{elbstub.DeleteCertificate, elbstub.ListCertificates}},
		"bare 404, but the list has it":    {fault: elbstub.Reply(404, ""), wantErr: true, want: []elbstub.Operation{elbstub.DeleteCertificate, elbstub.ListCertificates}},
		"404 of the gateway":               {fault: elbstub.Reply(404, `{"error_msg":"m","error_code":"APIGW.0101"}`), wantErr: true, want: []elbstub.Operation{elbstub.DeleteCertificate}},
		"500":                              {fault: elbstub.Reply(500, ""), wantErr: true, want: []elbstub.Operation{elbstub.DeleteCertificate}},
		"connection lost before an answer": {fault: elbstub.Drop(), wantErr: true, want: []elbstub.Operation{elbstub.DeleteCertificate}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cloud, client := newCloud(t)
			cert := create(t, client)
			if row.remove {
				cloud.Remove(cert.ID)
			}
			if row.fault != nil {
				cloud.Script(elbstub.DeleteCertificate, 1, row.fault)
			}
			err := client.DeleteCertificate(t.Context(), project, cert.ID, time.Minute)
			if (err != nil) != row.wantErr {
				t.Errorf("error %v, want one: %t", err, row.wantErr)
			}
			wantCalls(t, cloud, append([]elbstub.Operation{elbstub.ListCertificates, elbstub.CreateCertificate}, row.want...)...)
		})
	}
}

func TestDeleteWaitsForTheListener(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]elbstub.Fault{
		"ELB.5002 (reference, assumed)":          elbstub.Reply(400, `{"error":{"message":"m","code":"ELB.5002"}}`),
		"409 (reference, of newer API versions)": elbstub.Reply(409, ""),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				cloud, client := cloudInBubble(t, elbstub.Options{}, 0)
				cert := create(t, client)
				cloud.Script(elbstub.DeleteCertificate, 1, fault)
				if err := client.DeleteCertificate(t.Context(), project, cert.ID, time.Minute); err != nil {
					t.Fatal(err)
				}
				wantCalls(t, cloud, elbstub.ListCertificates, elbstub.CreateCertificate, elbstub.DeleteCertificate, elbstub.DeleteCertificate)
				if len(cloud.Certificates(project)) != 0 {
					t.Error("it is still there")
				}
			})
		})
	}
}

func TestDeleteNamesTheListeners(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud, client := cloudInBubble(t, elbstub.Options{}, 0)
		cert := create(t, client)
		own := cloud.Listen(elbstub.Listener{ProjectID: project, Name: "https", CertificateID: cert.ID})
		sni := cloud.Listen(elbstub.Listener{ProjectID: project, Name: "https-sni", SNI: []string{cert.ID}})
		cloud.Listen(elbstub.Listener{ProjectID: project, Name: "innocent"})

		err := client.DeleteCertificate(t.Context(), project, cert.ID, time.Minute)
		var inUse *elb.InUseError
		if !errors.As(err, &inUse) {
			t.Fatalf("error %v, want an InUseError", err)
		}
		// Lists have no order to rely on.
		slices.SortFunc(inUse.Listeners, func(a, b elb.Listener) int { return strings.Compare(a.Name, b.Name) })
		if len(inUse.Listeners) != 2 || inUse.Listeners[0].ID != own || inUse.Listeners[0].Name != "https" || inUse.Listeners[0].LoadBalancerID == "" || inUse.Listeners[1].ID != sni {
			t.Errorf("listeners %+v", inUse.Listeners)
		}
		if inUse.Err.Code != "ELB.5002" || inUse.ListenersErr != nil {
			t.Errorf("refusal %v, %v", inUse.Err, inUse.ListenersErr)
		}
		for _, call := range cloud.Journal() {
			if call.Method == http.MethodPut { // nothing is ever detached
				t.Errorf("there was %s %s", call.Method, call.Path)
			}
		}
	})
}

func TestDeleteWithoutTheListenersAPI(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud, client := cloudInBubble(t, elbstub.Options{}, 0)
		cert := create(t, client)
		cloud.Listen(elbstub.Listener{ProjectID: project, CertificateID: cert.ID})
		cloud.Script(elbstub.ListListeners, 1, elbstub.Reply(403, `{"error":{"message":"no","code":"ELB.9803"}}`))
		err := client.DeleteCertificate(t.Context(), project, cert.ID, time.Minute)
		var inUse *elb.InUseError
		if !errors.As(err, &inUse) || inUse.ListenersErr == nil || !strings.Contains(inUse.ListenersErr.Error(), "ELB.9803") {
			t.Errorf("error %v", err)
		}
	})
}

func TestDeleteEndsWithItsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud, client := cloudInBubble(t, elbstub.Options{}, 0)
		cert := create(t, client)
		cloud.Listen(elbstub.Listener{ProjectID: project, CertificateID: cert.ID})
		ctx, cancel := context.WithCancel(t.Context())
		cloud.Script(elbstub.DeleteCertificate, 1, func(answer elbstub.Answer) elbstub.Response {
			defer cancel()
			return answer()
		})
		if err := client.DeleteCertificate(ctx, project, cert.ID, time.Hour); !errors.Is(err, context.Canceled) {
			t.Errorf("error %v, want a cancellation", err)
		}
	})
}

// TestListenersOf reads the certificates of a listener in every form.
func TestListenersOf(t *testing.T) {
	t.Parallel()
	const id = "5b8f908b5495452aa13beede0afc5d99"
	client := newClient(t, answering(200, `[
		{"id":"1","name":"own","certificate_id":"`+id+`","certificates":null},
		{"id":"2","name":"string (reference)","certificate_id":null,"certificates":"`+id+`"},
		{"id":"3","name":"strings","certificates":"aaa,`+id+`"},
		{"id":"4","name":"list (assumed)","certificates":["aaa","`+id+`"]},
		{"id":"5","name":"objects (assumed)","certificates":[{"id":"`+id+`"}]},
		{"id":"6","name":"none"},
		{"id":"7","name":"others","certificate_id":"aaa","certificates":["bbb"]}
	]`))
	listeners, err := client.ListenersOf(t.Context(), project, id)
	if err != nil {
		t.Fatal(err)
	}
	var ids string
	for _, listener := range listeners {
		ids += listener.ID
	}
	if ids != "12345" {
		t.Errorf("listeners %s, want 12345", ids)
	}
	if _, err := newClient(t, answering(200, `{}`)).ListenersOf(t.Context(), project, id); err == nil {
		t.Error("an object was read as a list of listeners")
	}
}
