package elb_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
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

// clientFor returns a client of a server. It makes no retries.
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

// responding is a server that always sends the same response.
func responding(status int, body string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	})
}

func newCertificate(t *testing.T) elb.NewCertificate {
	t.Helper()
	pair := throwaway.NewPair("www.example.com")
	return elb.NewCertificate{
		Name:        new("www"),
		Description: "first",
		Domain:      new("www.example.com"),
		Certificate: pair.Certificate,
		PrivateKey:  secret.New(pair.PrivateKey),
	}
}

// get reads a certificate as if no write of it were known.
func get(ctx context.Context, client *elb.Client, projectID, id string) (elb.Certificate, error) {
	return client.ReadCertificate(ctx, projectID, elb.Certificate{ID: id}, elb.NoWrite)
}

// deleteWithin deletes a certificate with a timeout.
func deleteWithin(t *testing.T, client *elb.Client, id string, timeout time.Duration) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), timeout)
	defer cancel()
	return client.DeleteCertificate(ctx, project, id, elb.NoWrite)
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
		cert.Certificate.Certificate != strings.TrimSpace(want.Certificate) || cert.CreateTime == "" ||
		cert.UpdateTime == "" {
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
	if cert.Domain != "" { // the response to a creation lacks it (recorded)
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

// TestCreateResponses has the responses to a POST that was carried out.
func TestCreateResponses(t *testing.T) {
	t.Parallel()
	const id = "5b8f908b5495452aa13beede0afc5d99"
	full := `{"id":"` + id + `","name":"www","description":"first","certificate":"PEM","private_key":"KEY",` +
		`"create_time":"2016-06-27 08:14:42","update_time":"2016-06-27 08:14:42"`
	list := `{"certificates":[` + full + `,"domain":"listed.example.com"}],"instance_num":"1"}`
	for name, row := range map[string]struct {
		status     int
		body       string
		listStatus int
		domain     string // of the result
		wantErr    string
		noID       bool
	}{
		"200 (reference, Huawei Cloud)":       {status: 200, body: full + `}`, domain: "www.example.com"},
		"201 (reference, Open Telekom Cloud)": {status: 201, body: full + `}`, domain: "www.example.com"},
		"tenant_id and unknown fields (reference)": {
			status: 200,
			body:   full + `,"tenant_id":"x","more":{"private_key":["y"]}}`,
			domain: "www.example.com",
		},
		"domain null": {status: 200, body: full + `,"domain":null}`, domain: ""},
		"only the id: read back": {
			status: 201,
			body:   `{"id":"` + id + `"}`,
			domain: "listed.example.com",
		},
		"cut after the id: read back": {status: 201, body: full[:60], domain: "listed.example.com"},
		"cut after the id, list fails: id and error": {
			status:     201,
			body:       full[:60],
			listStatus: 500,
			wantErr:    "HTTP 500",
		},
		"no id":           {status: 200, body: `{"name":"www"}`, wantErr: "the ID is missing", noID: true},
		"cut before id":   {status: 200, body: `{"name":"www"`, wantErr: "the JSON ends too early", noID: true},
		"nothing":         {status: 200, body: ``, wantErr: "the JSON ends too early", noID: true},
		"HTML":            {status: 200, body: `<html>login</html>`, wantErr: "invalid character '<'", noID: true},
		"a list":          {status: 200, body: `[]`, wantErr: "the value must not be a JSON array", noID: true},
		"id is a number":  {status: 200, body: `{"id":5}`, wantErr: "id must not be a JSON number", noID: true},
		"id is null":      {status: 200, body: `{"id":null}`, wantErr: "the ID is missing", noID: true},
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
						responding(row.status, row.body).ServeHTTP(w, r)
					case created:
						responding(max(row.listStatus, 200), list).ServeHTTP(w, r)
					default:
						responding(http.StatusOK, `{"certificates":[],"instance_num":"0"}`).ServeHTTP(w, r)
					}
				}), 0)
				cert, err := client.CreateCertificate(t.Context(), project, newCertificate(t))
				if row.wantErr == "" && err != nil ||
					row.wantErr != "" && (err == nil || !strings.Contains(err.Error(), row.wantErr)) {
					t.Errorf("error %v, want %q", err, row.wantErr)
				}
				if row.noID != (cert.ID == "") || !row.noID && cert.ID != id {
					t.Errorf("id %q", cert.ID)
				}
				if err == nil &&
					(cert.Domain != row.domain || cert.Certificate.Certificate != "PEM" ||
						cert.CreateTime != "2016-06-27 08:14:42") {
					t.Errorf("got %+v", cert)
				}
			})
		})
	}
}

func TestReadCertificate(t *testing.T) {
	t.Parallel()
	cloud, client := newCloud(t)
	create(t, client)
	want := create(t, client)
	// Another client, which knows of no write.
	got, err := get(t.Context(), newClient(t, cloud), project, want.ID)
	if err != nil || got != want {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
	cloud.Remove(want.ID)
	_, err = get(t.Context(), newClient(t, cloud), project, want.ID)
	if !errors.Is(err, elb.ErrCertificateNotFound) {
		t.Errorf("error %v, want ErrCertificateNotFound", err)
	}
}

// TestLists has the responses to a list call, and what they prove about a certificate.
func TestLists(t *testing.T) {
	t.Parallel()
	const id = "5b8f908b5495452aa13beede0afc5d99"
	one := `{"id":"` + id + `","name":"n","description":"d","domain":null,"certificate":"PEM",` +
		`"private_key":"K","create_time":"c","update_time":"u"}`
	other := `{"id":"ffffffffffffffffffffffffffffffff"}`
	for name, row := range map[string]struct {
		status int
		body   string
		want   string // "found", "gone", or a part of the error
	}{
		"found, count is a string (reference, recorded)": {
			200,
			`{"certificates":[` + other + `,` + one + `],"instance_num":"2"}`,
			"found",
		},
		"found, count is a number (assumed)": {
			200,
			`{"instance_num":1,"certificates":[` + one + `]}`,
			"found",
		},
		"found, no count": {200, `{"certificates":[` + one + `]}`, "found"},
		"found, list incomplete": {
			200,
			`{"certificates":[` + one + `],"instance_num":"7"}`,
			"found",
		},
		"found, extra fields": {
			200,
			`{"a":[{"b":{}}],"certificates":[` + one + `],"z":null}`,
			"found",
		},
		"gone, empty":                         {200, `{"certificates":[],"instance_num":"0"}`, "gone"},
		"gone, no count":                      {200, `{"certificates":[` + other + `]}`, "gone"},
		"gone, count null":                    {200, `{"certificates":[],"instance_num":null}`, "gone"},
		"gone, null and 0":                    {200, `{"certificates":null,"instance_num":"0"}`, "gone"},
		"null without a count proves nothing": {200, `{"certificates":null}`, "incomplete"},
		"count too high": {
			200,
			`{"certificates":[` + other + `],"instance_num":"2"}`,
			"incomplete",
		},
		"count too low": {
			200,
			`{"certificates":[` + other + `],"instance_num":0}`,
			"incomplete",
		},
		"count is no number": {
			200,
			`{"certificates":[],"instance_num":"many"}`,
			"incomplete",
		},
		"count is an empty text": {
			200,
			`{"certificates":[],"instance_num":""}`,
			"incomplete",
		},
		"no list":                                {200, `{"instance_num":"0"}`, `no "certificates"`},
		"gone, an empty object and 0 (observed)": {200, `{"certificates":{},"instance_num":"0"}`, "gone"},
		"an empty object alone proves nothing":   {200, `{"certificates":{}}`, "incomplete"},
		"an object as list":                      {200, `{"certificates":{"a":1}}`, "not an array"},
		"a duplicate ID counts as one": {
			200,
			`{"certificates":[` + other + `,` + other + `],"instance_num":"1"}`,
			"gone",
		},
		"an element without an id": {
			200,
			`{"certificates":[` + other + `,{"name":"x"}],"instance_num":"2"}`,
			"certificate 2 of the list: the ID is missing",
		},
		"an element that is no object": {200, `{"certificates":["x"]}`, "the value must not be a JSON string"},
		"half a body":                  {200, `{"certificates":[` + other, "the JSON ends too early"},
		"half of an element": {
			200,
			`{"certificates":[` + other[:20],
			"the JSON ends too early",
		},
		"nothing": {200, ``, "the JSON ends too early"},
		"something after the end": {
			200,
			`{"certificates":[]}{}`,
			"the JSON value is followed by other text",
		},
		"HTML": {200, `<html></html>`, "invalid character '<'"},
		"206 never means gone": {
			206,
			`{"certificates":[],"instance_num":"0"}`,
			"the status of a list must be 200",
		},
		"202 never means gone": {
			202,
			`{"certificates":[]}`,
			"the status of a list must be 200",
		},
		"404 without a code never means gone": {404, ``, "HTTP 404"},
		"404 with ELB.5040 never means gone": {
			404,
			`{"error":{"message":"m","code":"ELB.5040"}}`,
			"ELB.5040",
		},
		"404 of the gateway": {
			404,
			`{"error_msg":"m","error_code":"APIGW.0101"}`,
			"APIGW.0101",
		},
		"500": {
			500,
			`{"error":{"message":"m","code":"authFault"}}`,
			"authFault",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client := newClient(t, responding(row.status, row.body))
			cert, err := get(t.Context(), client, project, id)
			switch row.want {
			case "found":
				want := elb.Certificate{
					ID:          id,
					Updatable:   elb.Updatable{Name: "n", Description: "d"},
					Certificate: "PEM",
					CreateTime:  "c",
					UpdateTime:  "u",
				}
				if err != nil || cert != want {
					t.Errorf("got %+v, %v", cert, err)
				}
			case "gone":
				if !errors.Is(err, elb.ErrCertificateNotFound) {
					t.Errorf("error %v, want ErrCertificateNotFound", err)
				}
			default:
				isAbsence := errors.Is(err, elb.ErrCertificateNotFound)
				if err == nil || isAbsence || !strings.Contains(err.Error(), row.want) {
					t.Errorf("error %v, want %q", err, row.want)
				}
			}

			// GetPrivateKey, which makes a list call of its own, comes to the same conclusion.
			withKey, key, keyErr := client.GetPrivateKey(t.Context(), project, id)
			if withKey != cert || (keyErr == nil) != (err == nil) ||
				errors.Is(keyErr, elb.ErrCertificateNotFound) != errors.Is(err, elb.ErrCertificateNotFound) {
				t.Errorf("with the key: %+v, %v", withKey, keyErr)
			}
			if keyErr == nil && key.Reveal() != "K" || keyErr != nil && !key.Empty() {
				t.Errorf("the key is %q", key.Reveal())
			}

			// ListCertificates needs a complete list, even if it has the certificate.
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

// TestPrivateKeyIsNotKept: the key is that of the certificate, and each call fetches it again.
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

// TestListShowsOurWrites: a list has the results of our own writes, whatever the server returns. A certificate that
// something else had deleted before we did is gone as well.
func TestListShowsOurWrites(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud, client := cloudInBubble(t, elbstub.Options{}, 0)
		kept, gone, lost := create(t, client), create(t, client), create(t, client)
		cloud.Remove(lost.ID)
		for _, id := range []string{gone.ID, lost.ID} {
			if err := deleteWithin(t, client, id, time.Minute); err != nil {
				t.Fatal(err)
			}
		}
		lists := len(cloud.Journal(elbstub.ListCertificates))
		cloud.Script(elbstub.ListCertificates, 1, elbstub.See(elbstub.View{Lag: time.Hour}))
		for range 3 {
			if all, err := client.ListCertificates(t.Context(), project); err != nil ||
				!slices.Equal(all, []elb.Certificate{kept}) {
				t.Errorf("listed %+v, %v, want %+v", all, err, kept)
			}
		}
		if n := len(cloud.Journal(elbstub.ListCertificates)) - lists; n != 1 {
			t.Errorf("%d lists, want 1 for all", n)
		}
	})
}

// TestListLongAfterOurWrites: our own writes overlay a list only as long as it may lag behind them, and the result is
// sorted by name.
func TestListLongAfterOurWrites(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud, client := cloudInBubble(t, elbstub.Options{}, 0)
		create(t, client) // its name is www
		for _, name := range []string{"zzz", "aaa"} {
			cloud.Add(elbstub.Certificate{ProjectID: project, Name: name})
		}
		time.Sleep(time.Hour)
		all, err := client.ListCertificates(t.Context(), project)
		var names []string
		for _, cert := range all {
			names = append(names, cert.Name)
		}
		if err != nil || !slices.Equal(names, []string{"aaa", "www", "zzz"}) {
			t.Errorf("listed %q, %v", names, err)
		}
	})
}

func named(name string) elb.Updatable { return elb.Updatable{Name: name} }

var renamed = elb.Updatable{Name: "new", Description: "newer"}

func TestUpdateCertificate(t *testing.T) {
	t.Parallel()
	cloud, client := newCloud(t)
	before := create(t, client)
	cert, err := client.UpdateCertificate(t.Context(), project, before, elb.NoWrite, named("新名字"))
	if err != nil {
		t.Fatal(err)
	}
	// One PUT, and its response is enough.
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

// TestUpdateResponses has the responses to a PUT that was carried out. If a field is missing,
// the certificate is read back, except for the domain, which is known.
func TestUpdateResponses(t *testing.T) {
	t.Parallel()
	whole := `{"id":"ID","name":"new","description":"newer","certificate":"PEM","create_time":"c","update_time":"u"`
	for name, row := range map[string]struct {
		put   elbstub.Fault
		whole bool
	}{
		"whole (seed)":             {elbstub.ReplyAfter(200, whole+`,"domain":null}`), true},
		"domain absent (recorded)": {elbstub.ReplyAfter(200, whole+`}`), true},
		"202 (observed)":           {elbstub.ReplyAfter(202, ""), false},
		"202 and a whole body":     {elbstub.ReplyAfter(202, whole+`}`), false},
		"204 (observed)":           {elbstub.ReplyAfter(204, ""), false},
		"200 without a body":       {elbstub.ReplyAfter(200, ""), false},
		"half of the fields": {
			elbstub.ReplyAfter(200, `{"id":"ID","name":"new","description":"newer"}`),
			false,
		},
		"another id":           {elbstub.ReplyAfter(200, strings.Replace(whole, "ID", "other", 1)+`}`), false},
		"half a body":          {elbstub.Cut(40), false}, // without retries
		"HTML":                 {elbstub.ReplyAfter(200, "<html></html>"), false},
		"a body not an object": {elbstub.ReplyAfter(200, "[]"), false},
		"504 of a gateway":     {elbstub.ReplyAfter(504, "<html></html>"), false},
		"500 (reference)":      {elbstub.ReplyAfter(500, ""), false},
		"lost (observed)":      {elbstub.Drop(), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				cloud, client := cloudInBubble(t, elbstub.Options{}, 0)
				before := create(t, client)
				lists := len(cloud.Journal(elbstub.ListCertificates))
				cloud.Script(elbstub.ModifyCertificate, 1, func(next elbstub.Next) elbstub.Response {
					response := row.put(next)
					response.Body = bytes.ReplaceAll(response.Body, []byte(`"ID"`), []byte(`"`+before.ID+`"`))
					return response
				})
				cert, err := client.UpdateCertificate(t.Context(), project, before, elb.NoWrite, renamed)
				if err != nil {
					t.Fatal(err)
				}
				want := before
				want.Updatable = renamed
				if row.whole { // its values count, and the known ones for the rest
					want.Certificate, want.CreateTime, want.UpdateTime = "PEM", "c", "u"
				} else {
					want.UpdateTime = cert.UpdateTime
				}
				if name == "whole (seed)" {
					want.Domain = ""
				}
				if cert != want {
					t.Errorf("got %+v, want %+v", cert, want)
				}
				if readBack := len(cloud.Journal(elbstub.ListCertificates)) > lists; readBack == row.whole {
					t.Errorf("read back: %t", readBack)
				}
				// The cache has it too.
				if got, err := get(t.Context(), client, project, before.ID); err != nil || got != cert {
					t.Errorf("got %+v, %v, want %+v", got, err, cert)
				}
			})
		})
	}
}

func TestUpdateWaitsForTheChange(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]elbstub.Fault{
		"not done yet":                 nil,
		"not done yet, the old values": nil,
		"lists that fail":              elbstub.Reply(500, ""),
		"incomplete lists":             elbstub.Reply(200, `{"certificates":[],"instance_num":"9"}`),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				cloud, client := cloudInBubble(t, elbstub.Options{}, 0)
				before := create(t, client)
				body := ""
				if name == "not done yet, the old values" {
					body = fmt.Sprintf(`{"id":%q,"name":%q,"description":%q,"certificate":"PEM","create_time":"c",`+
						`"update_time":"u"}`, before.ID, before.Name, before.Description)
				}
				cloud.Script(elbstub.ModifyCertificate, 1, elbstub.Reply(202, body)) // accepted, but not done yet
				time.AfterFunc(20*time.Second, func() {
					cloud.Change(
						before.ID,
						func(cert *elbstub.Certificate) { cert.Name, cert.Description = "new", "newer" },
					)
				})
				for n := range 15 {
					if fault != nil {
						cloud.Script(elbstub.ListCertificates, n+1, fault)
					}
				}
				started := time.Now()
				cert, err := client.UpdateCertificate(t.Context(), project, before, elb.NoWrite, renamed)
				if err != nil || cert.Updatable != renamed {
					t.Fatalf("got %+v, %v", cert, err)
				}
				if took := time.Since(started); took < 20*time.Second || took > 22*time.Second {
					t.Errorf("it took %s", took)
				}
			})
		})
	}
}

func TestUpdateTimesOutWaiting(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud, client := cloudInBubble(t, elbstub.Options{}, 0)
		before := create(t, client)
		cloud.Script(elbstub.ModifyCertificate, 1, elbstub.Reply(202, ""))
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		_, err := client.UpdateCertificate(ctx, project, before, elb.NoWrite, renamed)
		if !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, elb.ErrNotShown) ||
			!strings.Contains(err.Error(), `the name "www"`) {
			t.Errorf("error %v, want a deadline", err)
		}
	})
}

// TestUpdateCutWhileListsFail: the status 200 says that the API has accepted the update, even if the body is cut off.
// It is read back for longer than after a response that says nothing.
func TestUpdateCutWhileListsFail(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud, client := cloudInBubble(t, elbstub.Options{}, 0)
		before := create(t, client)
		cloud.Script(elbstub.ModifyCertificate, 1, elbstub.Cut(5))
		for n := range 15 {
			cloud.Script(elbstub.ListCertificates, n+1, elbstub.Reply(500, ""))
		}
		cert, err := client.UpdateCertificate(t.Context(), project, before, elb.NoWrite, renamed)
		if err != nil || cert.Updatable != renamed {
			t.Errorf("got %+v, error %v", cert, err)
		}
	})
}

// TestUpdateCutThenRefused: the result of an earlier attempt says nothing about the last one.
func TestUpdateCutThenRefused(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud, client := cloudInBubble(t, elbstub.Options{}, 5)
		before := create(t, client)
		cloud.Script(elbstub.ModifyCertificate, 1, elbstub.Cut(5))
		cloud.Script(elbstub.ModifyCertificate, 2, elbstub.Reply(403, `{"error":{"message":"m","code":"ELB.9803"}}`))
		_, err := client.UpdateCertificate(t.Context(), project, before, elb.NoWrite, renamed)
		if refusal := httpapi.RefusalOf(err); refusal == nil || refusal.Code != "ELB.9803" {
			t.Errorf("error %v, want the refusal", err)
		}
	})
}

// goneResponses are error responses to a PUT or a DELETE that may mean that the certificate
// does not exist, and whether a list must decide.
var goneResponses = map[string]struct {
	status int
	body   string
	byList bool
}{
	"ELB.5040 under 404 (reference)": {404, `{"error":{"message":"m","code":"ELB.5040"}}`, true},
	"ELB.5040 under 400 (reference)": {400, `{"error":{"message":"m","code":"ELB.5040"}}`, true},
	"ELB.5040 under 500":             {500, `{"error":{"message":"m","code":"ELB.5040"}}`, true},
	"ELB.5040 under 409":             {409, `{"error":{"message":"m","code":"ELB.5040"}}`, true},
	"bare 404":                       {404, "", true},
	"404 Not Found (seed)":           {404, `{"error":{"message":"m","code":"Not Found"}}`, true},
	"404 ELB.8904 (reference)":       {404, `{"error":{"message":"m","code":"ELB.8904"}}`, true},
	"404 NeutronError (observed)":    {404, `{"NeutronError":{"type":"NotFound","message":"m","detail":""}}`, true},
	"404 with another code":          {404, `{"error":{"message":"m","code":"ELB.9999"}}`, true},
	"404 of the gateway (observed)":  {404, `{"error_msg":"m","error_code":"APIGW.0101"}`, false},
	"404 of a gateway of tenants":    {404, `{"error_msg":"m","error_code":"APIG.0101"}`, false}, // reference
}

// TestGone: a list decides whether a certificate is gone. While it may lag, it is repeated.
func TestGone(t *testing.T) {
	t.Parallel()
	calls := map[string]struct {
		operation elbstub.Operation
		call      func(*testing.T, *elb.Client, elb.Certificate) error
	}{
		"update": {elbstub.ModifyCertificate, func(t *testing.T, client *elb.Client, cert elb.Certificate) error {
			t.Helper()
			_, err := client.UpdateCertificate(t.Context(), project, cert, elb.NoWrite, renamed)
			return err
		}},
		"delete": {elbstub.DeleteCertificate, func(t *testing.T, client *elb.Client, cert elb.Certificate) error {
			t.Helper()
			if err := deleteWithin(t, client, cert.ID, time.Minute); err != nil {
				return err
			}
			return elb.ErrCertificateNotFound // a deletion returns nil for it
		}},
	}
	for name, row := range goneResponses {
		for what, call := range calls {
			for how, lag := range map[string]time.Duration{"there": -1, "gone": 0, "gone, lists lag": 4 * time.Second} {
				t.Run(name+", "+what+", "+how, func(t *testing.T) {
					t.Parallel()
					synctest.Test(t, func(t *testing.T) {
						cloud, client := cloudInBubble(t, elbstub.Options{}, 0)
						cert := create(t, client)
						time.Sleep(time.Minute)
						if lag >= 0 {
							cloud.Remove(cert.ID)
						}
						cloud.ScriptEach(
							elbstub.ListCertificates,
							func(int) elbstub.Fault { return elbstub.See(elbstub.View{Lag: max(lag, 0)}) },
						)
						cloud.Script(call.operation, 1, elbstub.Reply(row.status, row.body))
						err := call.call(t, client, cert)
						gone := errors.Is(err, elb.ErrCertificateNotFound)
						if err == nil || gone != (row.byList && lag >= 0) {
							t.Errorf("error %v", err)
						}
						if lists := len(cloud.Journal(elbstub.ListCertificates)); (lists > 1) != row.byList {
							t.Errorf("%d lists", lists)
						}
					})
				})
			}
		}
	}
}

func TestGoneWhileTheListFails(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud, client := cloudInBubble(t, elbstub.Options{}, 0)
		cert := create(t, client)
		cloud.Script(elbstub.ModifyCertificate, 1, elbstub.Reply(404, ""))
		for n := range 5 { // a failed list is repeated
			cloud.Script(elbstub.ListCertificates, n+1, elbstub.Reply(503, ""))
		}
		_, err := client.UpdateCertificate(t.Context(), project, cert, elb.NoWrite, renamed)
		if err == nil || errors.Is(err, elb.ErrCertificateNotFound) || !strings.Contains(err.Error(), "not known") ||
			!strings.Contains(err.Error(), "HTTP 503") {
			t.Errorf("error %v", err)
		}
	})
}

func TestDeleteCertificate(t *testing.T) {
	t.Parallel()
	const remove, listeners = elbstub.DeleteCertificate, elbstub.ListListeners
	whileListsLag := slices.Repeat([]elbstub.Operation{elbstub.ListCertificates}, 5)
	for name, row := range map[string]struct {
		fault elbstub.Fault
		fails bool
		want  []elbstub.Operation
	}{
		"204 (reference)": {want: []elbstub.Operation{remove}},
		"200 (observed)":  {fault: elbstub.ReplyAfter(200, "{}"), want: []elbstub.Operation{remove}},
		"202 (observed)":  {fault: elbstub.ReplyAfter(202, ""), want: []elbstub.Operation{remove}},
		"200 with white space (assumed)": {
			fault: elbstub.ReplyAfter(200, " {} \n"),
			want:  []elbstub.Operation{remove},
		},
		"200 with nothing but white space (assumed)": {
			fault: elbstub.ReplyAfter(200, " \n"),
			want:  []elbstub.Operation{remove},
		},
		"200 with a page behind an object (assumed)": {
			fault: elbstub.Reply(200, "{}<html>login</html>"),
			fails: true,
			want:  slices.Concat([]elbstub.Operation{remove}, whileListsLag),
		},
		"200 with a gateway's page": {
			fault: elbstub.Reply(200, "<html>login</html>"),
			fails: true,
			want:  slices.Concat([]elbstub.Operation{remove}, whileListsLag),
		},
		"half of a response": {
			fault: elbstub.Reply(200, `{"a":`),
			fails: true,
			want:  slices.Concat([]elbstub.Operation{remove}, whileListsLag),
		},
		"200 with an error, after it was carried out": {
			fault: elbstub.ReplyAfter(200, `{"error_msg":"m","error_code":"ELB.9999"}`),
			want:  []elbstub.Operation{remove, elbstub.ListCertificates},
		},
		"206":                    {fault: elbstub.Reply(206, ""), fails: true, want: []elbstub.Operation{remove}},
		"lost before a response": {fault: elbstub.Drop(), fails: true, want: []elbstub.Operation{remove}},
		"502":                    {fault: elbstub.Reply(502, ""), fails: true, want: []elbstub.Operation{remove}},
		"500, and nothing holds it": {
			fault: elbstub.Reply(500, ""),
			want:  []elbstub.Operation{remove, listeners, remove},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				cloud, client := cloudInBubble(t, elbstub.Options{}, 0)
				cert := create(t, client)
				if row.fault != nil {
					cloud.Script(remove, 1, row.fault)
				}
				if err := deleteWithin(t, client, cert.ID, time.Minute); (err != nil) != row.fails {
					t.Errorf("error %v, want one: %t", err, row.fails)
				}
				wantCalls(
					t,
					cloud,
					append([]elbstub.Operation{elbstub.ListCertificates, elbstub.CreateCertificate}, row.want...)...,
				)
			})
		})
	}
}

// refusals are the error responses to the deletion of a certificate that a listener holds. It
// is not documented which one this API sends, so the list of listeners decides.
var refusals = map[string]elbstub.Fault{
	"ELB.5002 (reference, assumed)":          elbstub.Reply(400, `{"error":{"message":"m","code":"ELB.5002"}}`),
	"409 (reference, of newer API versions)": elbstub.Reply(409, ""),
	"400 in other words (assumed)": elbstub.Reply(
		400,
		`{"error":{"message":"certificate is bound","code":"ELB.1999"}}`,
	),
	"403 that is no policy (assumed)": elbstub.Reply(403, `{"error":{"message":"bound","code":"ELB.8907"}}`),
	"500 (assumed)":                   elbstub.Reply(500, `{"error":{"message":"m","code":"authFault"}}`),
}

func TestDeleteWaitsForTheListener(t *testing.T) {
	t.Parallel()
	for name, fault := range refusals {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				cloud, client := cloudInBubble(t, elbstub.Options{}, 0)
				cert := create(t, client)
				listener := cloud.AddListener(elbstub.Listener{ProjectID: project, CertificateID: cert.ID})
				var released atomic.Bool
				cloud.ScriptEach(elbstub.DeleteCertificate, func(int) elbstub.Fault {
					if released.Load() {
						return nil
					}
					return fault
				})
				time.AfterFunc(20*time.Second, func() { cloud.Remove(listener) })
				// A backend of deletions that learns of it five seconds later.
				time.AfterFunc(25*time.Second, func() { released.Store(true) })
				if err := deleteWithin(t, client, cert.ID, time.Minute); err != nil ||
					len(cloud.Certificates(project)) != 0 {
					t.Errorf("%d certificates are left: %v", len(cloud.Certificates(project)), err)
				}
			})
		})
	}
}

func TestDeleteNamesTheListeners(t *testing.T) {
	t.Parallel()
	for name, fault := range refusals {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				cloud, client := cloudInBubble(t, elbstub.Options{}, 0)
				cert := create(t, client)
				own := cloud.AddListener(elbstub.Listener{ProjectID: project, Name: "https", CertificateID: cert.ID})
				sni := cloud.AddListener(elbstub.Listener{
					ProjectID: project, Name: "https-sni", SNI: []string{cert.ID},
				})
				cloud.AddListener(elbstub.Listener{ProjectID: project, Name: "innocent"})
				cloud.ScriptEach(elbstub.DeleteCertificate, func(int) elbstub.Fault { return fault })

				started := time.Now()
				err := deleteWithin(t, client, cert.ID, time.Minute)
				var inUse *elb.InUseError
				if !errors.As(err, &inUse) || time.Since(started) > time.Minute {
					t.Fatalf("error %v after %s, want an InUseError", err, time.Since(started))
				}
				if inUse.Err == nil || inUse.ListenersErr != nil || len(inUse.Listeners) != 2 ||
					inUse.Listeners[0].ID != own || inUse.Listeners[0].Name != "https" ||
					inUse.Listeners[0].LoadBalancerID == "" || inUse.Listeners[1].ID != sni {
					t.Errorf("listeners %+v, %v", inUse.Listeners, inUse.ListenersErr)
				}
				for _, call := range cloud.Journal() {
					if call.Method == http.MethodPut { // the client must not detach anything
						t.Errorf("there was %s %s", call.Method, call.Path)
					}
				}
			})
		})
	}
}

// TestDeletionsUseTheSameList: deletions in parallel use one list of listeners.
func TestDeletionsUseTheSameList(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud, client := cloudInBubble(t, elbstub.Options{}, 0)
		var all sync.WaitGroup
		for range 50 {
			cert := create(t, client)
			cloud.AddListener(elbstub.Listener{ProjectID: project, CertificateID: cert.ID})
			all.Go(func() {
				var inUse *elb.InUseError
				if err := deleteWithin(t, client, cert.ID, time.Minute); !errors.As(err, &inUse) ||
					len(inUse.Listeners) != 1 {
					t.Errorf("got %v", err)
				}
			})
		}
		all.Wait()
		if lists := len(cloud.Journal(elbstub.ListListeners)); lists > 30 {
			t.Errorf("%d lists of listeners", lists)
		}
	})
}

// TestDeleteRefused: an error that is not about listeners is returned immediately, or after
// one more attempt.
func TestDeleteRefused(t *testing.T) {
	t.Parallel()
	denied := func(status int, code string) elbstub.Fault {
		return elbstub.Reply(status, `{"error":{"message":"m","code":"`+code+`"}}`)
	}
	for name, row := range map[string]struct {
		fault     elbstub.Fault
		listeners elbstub.Fault
		held      bool
		deletes   int
		inUse     bool
		says      string
	}{
		"a policy (reference), and a listener": {
			fault:   denied(403, "ELB.9803"),
			held:    true,
			deletes: 1,
			says:    "ELB.9803",
		},
		"a token (reference), and a listener": {
			fault:   denied(401, "ELB.1102"),
			held:    true,
			deletes: 1,
			says:    "ELB.1102",
		},
		"an identity (reference)": {
			fault:   denied(403, "ELB.1109"),
			held:    true,
			deletes: 1,
			says:    "ELB.1109",
		},
		"the gateway (observed)": {
			fault:   elbstub.Reply(400, `{"error_msg":"m","error_code":"APIGW.0101"}`),
			held:    true,
			deletes: 1,
			says:    "APIGW.0101",
		},
		"anything, and no listener": {fault: denied(400, "ELB.1999"), deletes: 2, says: "ELB.1999"},
		"anything, and listeners that cannot be asked": {
			fault:     denied(400, "ELB.1999"),
			listeners: denied(403, "ELB.9803"),
			held:      true,
			deletes:   1,
			says:      "it is not known whether a listener uses the certificate",
		},
		"409, and no listener": {fault: elbstub.Reply(409, ""), deletes: 8, inUse: true, says: "HTTP 409"},
		"ELB.5002, and listeners that cannot be asked": {
			fault:     denied(400, "ELB.5002"),
			listeners: denied(403, "ELB.9803"),
			deletes:   8,
			inUse:     true,
			says:      "ELB.5002",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				cloud, client := cloudInBubble(t, elbstub.Options{}, 0)
				cert := create(t, client)
				if row.held {
					cloud.AddListener(elbstub.Listener{ProjectID: project, CertificateID: cert.ID})
				}
				cloud.ScriptEach(elbstub.DeleteCertificate, func(int) elbstub.Fault { return row.fault })
				cloud.ScriptEach(elbstub.ListListeners, func(int) elbstub.Fault { return row.listeners })
				err := deleteWithin(t, client, cert.ID, 2*time.Minute)
				var inUse *elb.InUseError
				if errors.As(err, &inUse) != row.inUse || err == nil || !strings.Contains(err.Error(), row.says) {
					t.Errorf("error %v", err)
				}
				if inUse != nil && (inUse.ListenersErr != nil) != (row.listeners != nil) {
					t.Errorf("listeners: %v", inUse.ListenersErr)
				}
				if deletes := len(cloud.Journal(elbstub.DeleteCertificate)); deletes != row.deletes {
					t.Errorf("%d DELETEs, want %d", deletes, row.deletes)
				}
			})
		})
	}
}

// TestDeletePausesBeginWithTheListener: a wait for a slow backend, while no listener holds the certificate, does not
// count as one of the pauses that double.
func TestDeletePausesBeginWithTheListener(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud, client := cloudInBubble(t, elbstub.Options{}, 0)
		cert := create(t, client)
		refused := elbstub.Reply(400, `{"error":{"message":"m","code":"ELB.1999"}}`)
		cloud.ScriptEach(elbstub.DeleteCertificate, func(int) elbstub.Fault { return refused })
		time.AfterFunc(2*time.Second, func() {
			cloud.AddListener(elbstub.Listener{ProjectID: project, CertificateID: cert.ID})
		})
		err := deleteWithin(t, client, cert.ID, 10*time.Second)
		var inUse *elb.InUseError
		if !errors.As(err, &inUse) {
			t.Errorf("error %v, want an InUseError", err)
		}
		if deletes := len(cloud.Journal(elbstub.DeleteCertificate)); deletes != 4 { // after 0, 5, 6 and 8 seconds
			t.Errorf("%d DELETEs, want 4", deletes)
		}
	})
}

// TestDeleteAfterASwitchMeanwhile: no listener uses the certificate, then one does, then it is switched. The backend of
// deletions may see each switch late, so the deletion is repeated after the second one, too.
func TestDeleteAfterASwitchMeanwhile(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud, client := cloudInBubble(t, elbstub.Options{}, 0)
		cert := create(t, client)
		for n := range 3 { // after 0, 5 and 6 seconds
			refused := elbstub.Reply(400, `{"error":{"message":"m","code":"ELB.1999"}}`)
			cloud.Script(elbstub.DeleteCertificate, n+1, refused)
		}
		id := cloud.AddListener(elbstub.Listener{ProjectID: project})
		use := func(certificateID string) func() {
			return func() {
				cloud.ChangeListener(id, func(l *elbstub.Listener) { l.CertificateID = certificateID })
			}
		}
		time.AfterFunc(2*time.Second, use(cert.ID))
		time.AfterFunc(5500*time.Millisecond, use(""))
		if err := deleteWithin(t, client, cert.ID, time.Minute); err != nil {
			t.Error(err)
		}
	})
}

// TestDeleteTimeout: the timeout limits the whole deletion, including its lists of listeners. No call follows it.
func TestDeleteTimeout(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]elbstub.Fault{
		"throttled":   elbstub.Throttle("30"),
		"slow":        elbstub.Slow(50 * time.Second),
		"unavailable": elbstub.Reply(503, ""),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				cloud, client := cloudInBubble(t, elbstub.Options{}, 5)
				cert := create(t, client)
				cloud.AddListener(elbstub.Listener{ProjectID: project, CertificateID: cert.ID})
				cloud.ScriptEach(elbstub.ListListeners, func(nth int) elbstub.Fault {
					if nth == 1 {
						return nil
					}
					return fault
				})
				started := time.Now()
				err := deleteWithin(t, client, cert.ID, 4*time.Second)
				var inUse *elb.InUseError
				if !errors.As(err, &inUse) || len(inUse.Listeners) != 1 {
					t.Errorf("error %v, want the listener of the last refusal", err)
				}
				if took := time.Since(started); took > 4*time.Second+time.Second/10 {
					t.Errorf("it took %s", took)
				}
			})
		})
	}
}

func TestDeleteEndsWithItsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud, client := cloudInBubble(t, elbstub.Options{}, 0)
		cert := create(t, client)
		cloud.AddListener(elbstub.Listener{ProjectID: project, CertificateID: cert.ID})
		ctx, cancel := context.WithCancel(t.Context())
		cloud.Script(elbstub.DeleteCertificate, 1, func(next elbstub.Next) elbstub.Response {
			defer cancel()
			return next()
		})
		if err := client.DeleteCertificate(ctx, project, cert.ID, elb.NoWrite); !errors.Is(err, context.Canceled) {
			t.Errorf("error %v, want a cancellation", err)
		}
	})
}

// TestListenersInAnyShape reads the certificates of a listener in every form that an API may use.
func TestListenersInAnyShape(t *testing.T) {
	t.Parallel()
	const id = "5b8f908b5495452aa13beede0afc5d99"
	for name, row := range map[string]struct {
		listeners string
		holders   string // their IDs
		err       string
	}{
		"all": {listeners: `[
			{"id":"1","name":"own","certificate_id":"` + id + `","certificates":null},
			{"id":"2","name":"string (reference)","certificate_id":null,"certificates":"` + id + `"},
			{"id":"3","name":"strings","certificates":"aaa,` + id + `"},
			{"id":"4","name":"array (recorded)","certificates":["aaa","` + id + `"]},
			{"id":"5","name":"objects (assumed)","certificates":[{"id":"` + id + `"}]},
			{"id":"6","name":"none"},
			{"id":"7","name":"others","certificate_id":"aaa","certificates":["bbb"]},
			{"id":"8","name":null,"certificate_id":"","certificates":{},"tcp_draining":1,"admin_state_up":false}
		]`, holders: "45123"},
		"an empty object instead of none (assumed)": {listeners: `{}`},
		"null":                     {listeners: `null`},
		"an object":                {listeners: `{"listeners":[]}`, err: "the value is not an array"},
		"an element without an ID": {listeners: `[{"name":"x"}]`, err: "listener 1 of the list: the ID is missing"},
		"an ID that cannot be one": {
			listeners: `[{"id":"\u001b[2J"}]`,
			err:       "listener 1 of the list: the ID is not valid",
		},
		"half a body":       {listeners: `[{"id":"1"`, err: "ends too early"},
		"something follows": {listeners: `[]]`, err: "the JSON value is followed by other text"},
		"a page":            {listeners: `<html>`, err: "invalid character '<'"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				client := clientInBubble(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if r.Method == http.MethodDelete {
						responding(400, `{"error":{"message":"m","code":"ELB.1999"}}`).ServeHTTP(w, r)
					} else {
						responding(200, row.listeners).ServeHTTP(w, r)
					}
				}), 0)
				err := deleteWithin(t, client, id, time.Minute)
				var inUse *elb.InUseError
				var holders string
				if errors.As(err, &inUse) {
					for _, l := range inUse.Listeners {
						holders += l.ID
					}
				}
				if err == nil || holders != row.holders || !strings.Contains(err.Error(), row.err) {
					t.Errorf("held by %q, want %q: %v", holders, row.holders, err)
				}
			})
		})
	}
}

// TestReadsKnowTheEarlierRun: while lists may lag behind the write of an earlier run, new lists are awaited, of which
// there is at most one a second for all reads.
func TestReadsKnowTheEarlierRun(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		sinceWrite time.Duration // how long ago the write was when the reads start
		lists      [2]int        // at least, and at most
		found      bool
	}{
		"just now":           {0, [2]int{4, 7}, true},
		"in the future":      {-3 * time.Second, [2]int{4, 7}, true},
		"long ago":           {time.Minute, [2]int{1, 10}, false},
		"far in the future":  {-time.Hour, [2]int{1, 10}, false},
		"never":              {math.MaxInt64, [2]int{1, 10}, false},
		"almost long enough": {4 * time.Second, [2]int{2, 4}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				cloud, client := cloudInBubble(t, elbstub.Options{}, 0)
				var known []elb.Certificate
				for range 200 {
					id := cloud.Add(elbstub.Certificate{ProjectID: project, Name: "old"})
					known = append(known, elb.Certificate{ID: id, Updatable: named("old")})
				}
				time.Sleep(time.Minute)
				for i := range known[:100] { // half of them are new, and half have a new name or description
					changed := elb.Updatable{Name: "new"}
					if i%2 == 0 {
						changed = elb.Updatable{Name: "old", Description: "new"}
					}
					cloud.Change(known[i].ID, func(c *elbstub.Certificate) {
						c.Name, c.Description = changed.Name, changed.Description
					})
					known[i].Updatable = changed
					known[100+i].ID = cloud.Add(elbstub.Certificate{ProjectID: project, Name: "old"})
				}
				cloud.ScriptEach(
					elbstub.ListCertificates,
					func(int) elbstub.Fault { return elbstub.See(elbstub.View{Lag: 4 * time.Second}) },
				)
				var all sync.WaitGroup
				for _, cert := range known {
					all.Go(func() {
						got, err := client.ReadCertificate(t.Context(), project, cert, row.sinceWrite)
						if found := err == nil && got.Updatable == cert.Updatable; found != row.found ||
							err != nil && !errors.Is(err, elb.ErrCertificateNotFound) {
							t.Errorf("got %+v, %v", got, err)
						}
					})
				}
				all.Wait()
				if lists := len(cloud.Journal(elbstub.ListCertificates)); lists < row.lists[0] || lists > row.lists[1] {
					t.Errorf("%d lists", lists)
				}
			})
		})
	}
}

// TestNewStateIsBelieved: a read ends with the first list that shows what an earlier run has written, however recent
// that write is.
func TestNewStateIsBelieved(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud, client := cloudInBubble(t, elbstub.Options{}, 0)
		id := cloud.Add(elbstub.Certificate{ProjectID: project, Name: "new"})
		started := time.Now()
		_, err := client.ReadCertificate(t.Context(), project, elb.Certificate{ID: id, Updatable: named("new")}, 0)
		if took := time.Since(started); err != nil || took > 0 {
			t.Errorf("after %s: %v", took, err)
		}
	})
}
