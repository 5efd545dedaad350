package elbstub_test

import (
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/elbaas/terraform-provider-elbaas/internal/elbstub"
	"github.com/elbaas/terraform-provider-elbaas/internal/throwaway"
)

const (
	project      = "0123456789abcdef0123456789abcdef"
	token        = "the-token"
	otherProject = "fedcba9876543210fedcba9876543210"
	otherToken   = "the-other-token"
	base         = "/gateway/elb"
)

// A raw client: it writes JSON by hand, so that it shares no wire type with the
// stub or with the real client.
type raw struct {
	t     *testing.T
	url   string
	cloud *elbstub.Cloud
	token string
	// client is not http.DefaultClient, because each server that ends closes the idle connections of that.
	client *http.Client
}

func newRaw(t *testing.T, options ...func(*elbstub.Options)) *raw {
	t.Helper()
	o := elbstub.Options{BasePath: base, Tokens: map[string]string{token: project, otherToken: otherProject}}
	for _, option := range options {
		option(&o)
	}
	cloud := elbstub.New(o)
	server := httptest.NewServer(cloud)
	t.Cleanup(server.Close)
	return &raw{t: t, url: server.URL, cloud: cloud, token: token, client: server.Client()}
}

type reply struct {
	status int
	header http.Header
	body   string
	err    error
}

func (r *raw) call(method, path, body string) reply {
	r.t.Helper()
	request, err := http.NewRequestWithContext(r.t.Context(), method, r.url+path, strings.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	if r.token != "" {
		request.Header.Set("X-Auth-Token", r.token)
	}
	return r.do(request)
}

func (r *raw) do(request *http.Request) reply {
	r.t.Helper()
	response, err := r.client.Do(request)
	if err != nil {
		return reply{err: err}
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	return reply{response.StatusCode, response.Header, string(text), err}
}

func (r reply) fields(t *testing.T) map[string]any {
	t.Helper()
	var fields map[string]any
	if err := json.Unmarshal([]byte(r.body), &fields); err != nil {
		t.Fatalf("the response %d %q is not an object: %v", r.status, r.body, err)
	}
	return fields
}

// code is the error code, in the shape {"error":{"message","code"}} (reference).
func (r reply) code() string {
	var body struct {
		Error struct{ Code, Message string }
	}
	if json.Unmarshal([]byte(r.body), &body) != nil || body.Error.Message == "" {
		return ""
	}
	return body.Error.Code
}

const (
	certificates = base + "/v1.0/" + project + "/elbaas/certificate"
	listeners    = base + "/v1.0/" + project + "/elbaas/listeners"
)

func newPair() throwaway.Pair { return throwaway.NewPair("www.example.com") }

// creation is the body of a create.
func creation(pair throwaway.Pair, fields map[string]any) string {
	body := map[string]any{"certificate": pair.Certificate, "private_key": pair.PrivateKey}
	for name, value := range fields {
		body[name] = value
	}
	text, _ := json.Marshal(body)
	return string(text)
}

// listeners are those that a list has at a path with filters.
func (r *raw) listeners(path string) []map[string]any {
	r.t.Helper()
	response := r.call(http.MethodGet, path, "")
	var listed []map[string]any
	if err := json.Unmarshal([]byte(response.body), &listed); err != nil {
		r.t.Fatalf("listeners: %d %s", response.status, response.body)
	}
	return listed
}

func (r *raw) create(pair throwaway.Pair, fields map[string]any) string {
	r.t.Helper()
	response := r.call(http.MethodPost, certificates, creation(pair, fields))
	if response.status != http.StatusOK && response.status != http.StatusCreated {
		r.t.Fatalf("create: %d %s", response.status, response.body)
	}
	return response.fields(r.t)["id"].(string)
}

func TestResponses(t *testing.T) {
	t.Parallel()
	now := time.Date(2016, 6, 27, 8, 14, 42, 0, time.UTC)
	r := newRaw(t, func(o *elbstub.Options) { o.Now = func() time.Time { return now } })
	pair := newPair()

	created := r.call(
		http.MethodPost,
		certificates,
		creation(pair, map[string]any{"name": "cert-bky", "description": "certificate"}),
	)
	if created.status != http.StatusOK {
		t.Fatalf("create: %d %s", created.status, created.body)
	}
	got := created.fields(t)
	id, _ := got["id"].(string)
	if !regexp.MustCompile(`^[0-9a-f]{32}$`).MatchString(id) { // seed, recorded
		t.Errorf("id = %q", id)
	}
	want := map[string]any{
		"id": id, "name": "cert-bky", "description": "certificate",
		// without a newline at the end (seed, recorded)
		"certificate": strings.TrimSpace(pair.Certificate), "private_key": strings.TrimSpace(pair.PrivateKey),
		"create_time": "2016-06-27 08:14:42", "update_time": "2016-06-27 08:14:42",
		"tenant_id": project, // reference
		// no domain: absent when unset (recorded)
	}
	same(t, "create", got, want)

	now = now.Add(time.Minute)
	modified := r.call(http.MethodPut, certificates+"/"+id, `{"name":"证书","description":""}`)
	if modified.status != http.StatusOK {
		t.Fatalf("modify: %d %s", modified.status, modified.body)
	}
	delete(want, "tenant_id")
	want["name"], want["description"], want["update_time"] = "证书", "", "2016-06-27 08:15:42"
	want["domain"] = nil // null when unset (seed)
	same(t, "modify", modified.fields(t), want)

	listed := r.call(http.MethodGet, certificates, "")
	same(t, "list", listed.fields(t), map[string]any{
		"certificates": []any{want},
		"instance_num": "1", // a string (reference, recorded)
	})

	deleted := r.call(http.MethodDelete, certificates+"/"+id, "")
	if deleted.status != http.StatusNoContent || deleted.body != "" {
		t.Errorf("delete: %d %q, want 204 without a body", deleted.status, deleted.body)
	}
	if listed := r.call(http.MethodGet, certificates, ""); listed.body != `{"certificates":[],"instance_num":"0"}` {
		t.Errorf("list after the delete: %s", listed.body)
	}
	if length := deleted.header.Get("Content-Length"); length != "" { // RFC 9110: a 204 has none
		t.Errorf("the response to the delete has the length %s", length)
	}
	if got := created.header.Get("Content-Type"); got != "application/json;charset=UTF-8" {
		t.Errorf("Content-Type: %s", got)
	}
	for _, response := range []reply{created, modified, listed, deleted} {
		if response.header.Get("X-Request-Id") == "" { // observed
			t.Error("a response has no X-Request-Id")
		}
	}
}

func TestModifyLeavesOutWhatIsNotSent(t *testing.T) {
	t.Parallel()
	r := newRaw(t)
	id := r.create(newPair(), map[string]any{"name": "one", "description": "two", "domain": "www.example.com"})
	// Both fields are optional (seed).
	if got := r.call(http.MethodPut, certificates+"/"+id, `{"description":"new"}`).fields(t); got["name"] != "one" ||
		got["description"] != "new" {
		t.Errorf("after a new description: %v", got)
	}
	if got := r.call(http.MethodPut, certificates+"/"+id, `{}`).fields(t); got["name"] != "one" ||
		got["domain"] != "www.example.com" {
		t.Errorf("after nothing: %v", got)
	}
}

// TestRefusals walks through every check of the stub. Each row names the source
// of its rule, and of its code.
func TestRefusals(t *testing.T) {
	t.Parallel()
	pair, stranger := newPair(), newPair()
	id := strings.Repeat("0", 32)

	for name, row := range map[string]struct {
		method, path, body string
		token              string
		status             int
		code               string
	}{
		"no token (observed)": {
			method: "GET",
			path:   certificates,
			token:  "-",
			status: 401,
			code:   "APIGW.0301",
		},
		"wrong token (reference)": {
			method: "GET",
			path:   certificates,
			token:  "wrong",
			status: 401,
			code:   "ELB.1102",
		},
		"another project's token (reference)": {
			method: "GET",
			path:   certificates,
			token:  otherToken,
			status: 400,
			code:   "ELB.9808",
		},
		"GET of one certificate (seed)": {
			method: "GET",
			path:   certificates + "/" + id,
			status: 404,
			code:   "APIGW.0101",
		},
		"path without the base path (assumed)": {
			method: "GET",
			path:   strings.TrimPrefix(certificates, base),
			status: 404,
			code:   "APIGW.0101",
		},
		"two versions (observed)": {
			method: "GET",
			path:   base + "/v1.0" + strings.TrimPrefix(certificates, base),
			status: 404,
			code:   "APIGW.0101",
		},
		"list with a query (reference)": {
			method: "GET",
			path:   certificates + "?name=x",
			status: 400,
			code:   "ELB.5004",
		},

		"create: empty body (reference)": {method: "POST", body: "", status: 400, code: "ELB.0002"},
		"create: no JSON (reference)":    {method: "POST", body: "{", status: 400, code: "ELB.0002"},
		"create: no object (reference)":  {method: "POST", body: "[]", status: 400, code: "ELB.0002"},
		"create: null (reference)":       {method: "POST", body: "null", status: 400, code: "ELB.0002"},
		"create: no certificate (reference)": {
			method: "POST",
			body:   creation(pair, map[string]any{"certificate": ""}),
			status: 400,
			code:   "ELB.1001",
		},
		"create: no private key (reference)": {
			method: "POST",
			body:   creation(pair, map[string]any{"private_key": ""}),
			status: 400,
			code:   "ELB.1001",
		},
		"create: certificate is text (reference)": {
			method: "POST",
			body:   creation(pair, map[string]any{"certificate": "hello"}),
			status: 400,
			code:   "ELB.1011",
		},
		"create: certificate is a key (reference)": {
			method: "POST",
			body:   creation(pair, map[string]any{"certificate": pair.PrivateKey}),
			status: 400,
			code:   "ELB.1011",
		},
		"create: certificate is half (reference)": {
			method: "POST",
			body:   creation(pair, map[string]any{"certificate": pair.Certificate[:200]}),
			status: 400,
			code:   "ELB.1011",
		},
		"create: key is text (reference)": {
			method: "POST",
			body:   creation(pair, map[string]any{"private_key": "hello"}),
			status: 400,
			code:   "ELB.1011",
		},
		"create: key is no DER (reference)": {
			method: "POST",
			body: creation(pair, map[string]any{
				"private_key": "-----BEGIN PRIVATE KEY-----\naGVsbG8=\n-----END PRIVATE KEY-----\n",
			}),
			status: 400,
			code:   "ELB.1011",
		},
		"create: key is a certificate (reference)": {
			method: "POST",
			body:   creation(pair, map[string]any{"private_key": pair.Certificate}),
			status: 400,
			code:   "ELB.1011",
		},
		"create: key of another certificate (reference)": {
			method: "POST",
			body:   creation(pair, map[string]any{"private_key": stranger.PrivateKey}),
			status: 400,
			code:   "ELB.5013",
		},
		"create: unknown field (assumed)": {
			method: "POST",
			body:   creation(pair, map[string]any{"undocumented": "server"}),
			status: 400,
			code:   "ELB.1001",
		},
		"create: number as a name (assumed)": {
			method: "POST",
			body:   creation(pair, map[string]any{"name": 5}),
			status: 400,
			code:   "ELB.1001",
		},
		"create: null as a name (assumed)": {
			method: "POST",
			body:   creation(pair, map[string]any{"name": nil}),
			status: 400,
			code:   "ELB.1001",
		},

		"modify: empty body (reference)": {method: "PUT", path: "", body: "", status: 400, code: "ELB.0002"},
		"modify: a certificate (seed)": {
			method: "PUT",
			body:   `{"certificate":"x"}`,
			status: 400,
			code:   "ELB.1001",
		},
		"modify: a private key (seed)": {
			method: "PUT",
			body:   `{"private_key":"x"}`,
			status: 400,
			code:   "ELB.1001",
		},
		"modify: a domain (seed)": {method: "PUT", body: `{"domain":"x"}`, status: 400, code: "ELB.1001"},
		"modify: null description (assumed)": {
			method: "PUT",
			body:   `{"description":null}`,
			status: 400,
			code:   "ELB.1001",
		},
		"modify: unknown id (reference)": {
			method: "PUT",
			path:   certificates + "/" + id,
			body:   `{}`,
			status: 404,
			code:   "ELB.5040",
		},
		"modify: short id (reference)": {
			method: "PUT",
			path:   certificates + "/abc",
			body:   `{}`,
			status: 400,
			code:   "ELB.5020",
		},
		"modify: malformed URL (reference)": {
			method: "PUT",
			path:   certificates + "/a/b",
			body:   `{}`,
			status: 400,
			code:   "ELB.5030",
		},
		"modify: no id (reference)": {
			method: "PUT",
			path:   certificates + "/",
			body:   `{}`,
			status: 400,
			code:   "ELB.5030",
		},
		"delete: unknown id (reference)": {
			method: "DELETE",
			path:   certificates + "/" + id,
			status: 404,
			code:   "ELB.5040",
		},
		"delete: short id (reference)": {
			method: "DELETE",
			path:   certificates + "/abc",
			status: 400,
			code:   "ELB.5020",
		},
		"delete: malformed URL (reference)": {
			method: "DELETE",
			path:   certificates + "/a/b",
			status: 400,
			code:   "ELB.5010",
		},
		"listeners: wrong token (reference)": {
			method: "GET",
			path:   listeners,
			token:  "wrong",
			status: 401,
			code:   "ELB.1102",
		},
		"listeners: bad filter (reference)": {method: "GET", path: listeners + "?x=y", status: 400, code: "ELB.6003"},
		"listeners: not a filter (reference)": {
			method: "GET",
			path:   listeners + "?member_number=1",
			status: 400,
			code:   "ELB.6003",
		},
		"listener: unknown id (assumed)":      {method: "GET", path: listeners + "/" + id, status: 404},
		"listener: short id (reference)":      {method: "GET", path: listeners + "/abc", status: 400, code: "ELB.6020"},
		"listener: malformed URL (reference)": {method: "GET", path: listeners + "/a/b", status: 400, code: "ELB.6010"},
		"listener: with a query (assumed)": {
			method: "GET",
			path:   listeners + "/" + id + "?name=x",
			status: 400,
			code:   "ELB.5004",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRaw(t)
			existing := r.create(pair, nil)
			path := row.path
			switch {
			case path == "" && row.method == http.MethodPost:
				path = certificates
			case path == "":
				path = certificates + "/" + existing
			}
			switch row.token {
			case "-":
				r.token = ""
			case "":
			default:
				r.token = row.token
			}
			before := r.cloud.Certificates(project)

			response := r.call(row.method, path, row.body)
			if response.status != row.status || response.code() != row.code {
				t.Errorf(
					"got %d %s, want %d %s: %s",
					response.status,
					response.code(),
					row.status,
					row.code,
					response.body,
				)
			}
			after := r.cloud.Certificates(project)
			if fmt.Sprint(before) != fmt.Sprint(after) {
				t.Error("a refused call has changed something")
			}
		})
	}
}

// TestLimits tries both sides of every documented limit, on create and modify.
func TestLimits(t *testing.T) {
	t.Parallel()
	r := newRaw(t)
	pair := newPair()
	id := r.create(pair, nil)
	for name, row := range map[string]struct {
		field, value string
		refused      bool
	}{
		"64 Chinese letters (seed)":               {"name", strings.Repeat("证", 64), false},
		"65 Chinese letters (seed)":               {"name", strings.Repeat("证", 65), true},
		"64 Latin letters (seed)":                 {"name", strings.Repeat("z", 64), false},
		"65 Latin letters (seed)":                 {"name", strings.Repeat("z", 65), true},
		"empty name (seed)":                       {"name", "", false},
		"all kinds of characters (seed)":          {"name", "证书_Az-09", false},
		"space in a name (seed)":                  {"name", "a b", true},
		"dot in a name (seed)":                    {"name", "a.b", true},
		"umlaut in a name (seed)":                 {"name", "ä", true},
		"line end in a name (seed)":               {"name", "a\n", true},
		"128 characters of description (seed)":    {"description", strings.Repeat("说", 128), false},
		"129 characters of description (seed)":    {"description", strings.Repeat("说", 129), true},
		"less-than in a description (seed)":       {"description", "a<b", true},
		"greater-than in a description (seed)":    {"description", "a>b", true},
		"anything else in a description (seed)":   {"description", "a\"\n&'é 😀", false},
		"254 characters of domain (reference)":    {"domain", strings.Repeat("d", 254), false},
		"255 characters of domain (reference)":    {"domain", strings.Repeat("d", 255), true},
		"no domain (reference)":                   {"domain", "", false},
		"domain with a wildcard (reference)":      {"domain", "*.example.com", true},
		"domain that begins with - (reference)":   {"domain", "-a", true},
		"domain that begins with . (reference)":   {"domain", ".a", true},
		"domain with an underscore (reference)":   {"domain", "a_b", true},
		"domain that begins with 0-9 (reference)": {"domain", "1-a.example.com", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			responses := map[string]reply{
				"create": r.call(http.MethodPost, certificates, creation(pair, map[string]any{row.field: row.value})),
			}
			if row.field != "domain" {
				body, _ := json.Marshal(map[string]string{row.field: row.value})
				responses["modify"] = r.call(http.MethodPut, certificates+"/"+id, string(body))
			}
			for operation, response := range responses {
				refused := response.status == http.StatusBadRequest &&
					response.code() == "ELB.1001"
				if refused != row.refused || !refused && response.status != http.StatusOK {
					t.Errorf("%s: got %d %s, want refused = %t", operation, response.status, response.body, row.refused)
				}
			}
		})
	}
}

// TestWildcards: where a domain may begin with "*.", the rest of it has the same rules.
func TestWildcards(t *testing.T) {
	t.Parallel()
	r := newRaw(t, func(o *elbstub.Options) { o.Dialect.Wildcards = true })
	pair := newPair()
	for domain, want := range map[string]int{
		"*.example.com": 200, "www.example.com": 200, "*." + strings.Repeat("d", 252): 200,
		"*." + strings.Repeat("d", 253): 400, "*": 400, "*.": 400, "*example.com": 400, "*.*.example.com": 400,
		"a_b": 400, "*.a_b": 400, "www.*.example.com": 400,
	} {
		response := r.call(http.MethodPost, certificates, creation(pair, map[string]any{"domain": domain}))
		if response.status != want {
			t.Errorf("%s: %d %s, want %d", domain, response.status, response.body, want)
		}
	}
}

// TestDefaultQuota is that of an account that has not asked for more (reference).
func TestDefaultQuota(t *testing.T) {
	t.Parallel()
	r := newRaw(t)
	for range 119 {
		r.cloud.Add(elbstub.Certificate{ProjectID: otherProject})
	}
	pair := newPair()
	r.create(pair, nil)
	if response := r.call(http.MethodPost, certificates, creation(pair, nil)); response.code() != "ELB.5151" {
		t.Errorf("the response is %d %s", response.status, response.body)
	}
}

func TestQuota(t *testing.T) {
	t.Parallel()
	r := newRaw(t, func(o *elbstub.Options) { o.Quota = 2 })
	pair := newPair()
	first := r.create(pair, nil)
	r.create(pair, nil) // an identical certificate is no conflict (assumed)
	if response := r.call(http.MethodPost, certificates, creation(pair, nil)); response.status != 400 ||
		response.code() != "ELB.5151" {
		t.Errorf("beyond the quota: %d %s", response.status, response.body)
	}
	r.call(http.MethodDelete, certificates+"/"+first, "")
	r.create(pair, nil)
}

func TestProjectsAreApart(t *testing.T) {
	t.Parallel()
	r := newRaw(t)
	id := r.create(newPair(), nil)
	other := strings.Replace(certificates, project, otherProject, 1)
	r.token = otherToken
	if response := r.call(http.MethodGet, other, ""); response.body != `{"certificates":[],"instance_num":"0"}` {
		t.Errorf("the other project lists %s", response.body)
	}
	if response := r.call(http.MethodPut, other+"/"+id, `{"name":"stolen"}`); response.code() != "ELB.5040" {
		t.Errorf("the other project modifies: %d %s", response.status, response.body)
	}
	if response := r.call(http.MethodDelete, other+"/"+id, ""); response.code() != "ELB.5040" {
		t.Errorf("the other project deletes: %d %s", response.status, response.body)
	}
}

func TestListenerHoldsCertificate(t *testing.T) {
	t.Parallel()
	for _, how := range []string{"own", "SNI"} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			r := newRaw(t)
			id := r.create(newPair(), nil)
			listener := elbstub.Listener{ProjectID: project, Name: "https", CertificateID: id}
			if how == "SNI" {
				listener = elbstub.Listener{ProjectID: project, Name: "https", SNI: []string{id}}
			}
			listener.ID = r.cloud.AddListener(listener)

			if response := r.call(http.MethodDelete, certificates+"/"+id, ""); response.status != 400 ||
				response.code() != "ELB.5002" {
				t.Errorf("delete in use: %d %s", response.status, response.body)
			}
			listed := r.listeners(listeners) // a bare array (reference)
			if len(listed) != 1 || listed[0]["id"] != listener.ID || listed[0]["name"] != "https" ||
				listed[0]["loadbalancer_id"] == "" {
				t.Fatalf("listeners: %v", listed)
			}
			own, sni := any(id), []any{}
			if how == "SNI" {
				own, sni = nil, []any{id}
			}
			same(t, "listeners, certificate_id", listed[0]["certificate_id"], own)
			same(t, "listeners, certificates", listed[0]["certificates"], sni)
			r.cloud.Remove(listener.ID)
			if response := r.call(http.MethodDelete, certificates+"/"+id, ""); response.status != 204 {
				t.Errorf("delete afterwards: %d %s", response.status, response.body)
			}
		})
	}
}

func TestChangesWithoutCalls(t *testing.T) {
	t.Parallel()
	r := newRaw(t)
	id := r.create(newPair(), map[string]any{"name": "before"})
	if !r.cloud.Change(id, func(cert *elbstub.Certificate) { cert.Name = "after" }) ||
		r.cloud.Change("none", func(*elbstub.Certificate) {}) {
		t.Error("Change reports wrongly")
	}
	if got := r.cloud.Certificates(project)[0].Name; got != "after" {
		t.Errorf("name = %q", got)
	}
	if !r.cloud.Remove(id) || r.cloud.Remove(id) {
		t.Error("Remove reports wrongly")
	}
	if got := r.cloud.Certificates(project); len(got) != 0 {
		t.Errorf("there still is %v", got)
	}
}

func TestJournal(t *testing.T) {
	t.Parallel()
	logged := 0
	r := newRaw(t, func(o *elbstub.Options) { o.Log = func(elbstub.Call) { logged++ } })
	pair := newPair()
	id := r.create(pair, map[string]any{"name": "one"})
	r.call(http.MethodPut, certificates+"/"+id, `{"name":"two"}`)
	r.call(http.MethodPost, certificates, `{"private_key": "-----BEGIN PRIVATE KEY-----`)

	calls := r.cloud.Journal()
	if len(calls) != 3 || logged != 3 {
		t.Fatalf("%d calls, and %d in the log, want 3", len(calls), logged)
	}
	if put := r.cloud.Journal(elbstub.ModifyCertificate); len(put) != 1 || put[0].Body != `{"name":"two"}` ||
		put[0].Status != 200 ||
		put[0].ID != id || put[0].ProjectID != project || put[0].Method != "PUT" || put[0].Sent == 0 ||
		put[0].RequestID == "" || put[0].Path != certificates+"/"+id {
		t.Errorf("the PUT: %+v", put)
	}
	shown := fmt.Sprintf("%+v", calls)
	for _, secret := range []string{token, "PRIVATE KEY", strings.Split(pair.PrivateKey, "\n")[1]} {
		if strings.Contains(shown, secret) {
			t.Errorf("the journal shows %q", secret)
		}
	}
}

func TestFaults(t *testing.T) {
	t.Parallel()
	pair := newPair()
	for name, row := range map[string]struct {
		fault     elbstub.Fault
		check     func(reply) bool
		committed bool
	}{
		"reply": {
			elbstub.Reply(502, "<html>"),
			func(r reply) bool {
				return r.status == 502 && r.body == "<html>" && r.header.Get("Content-Type") == "text/html"
			},
			false,
		},
		"reply after": {
			elbstub.ReplyAfter(202, ""),
			func(r reply) bool { return r.status == 202 && r.body == "" },
			true,
		},
		"cut": {elbstub.Cut(20), func(r reply) bool {
			return r.status == 200 && len(r.body) == 20 && r.err != nil
		}, true},
		"cut at once": {elbstub.Cut(0), func(r reply) bool { return len(r.body) == 1 && r.err != nil }, true},
		"cut behind the end": {
			elbstub.Cut(1 << 20),
			func(r reply) bool { return r.status == 200 && r.err == nil },
			true,
		},
		"drop": {elbstub.Drop(), func(r reply) bool { return r.err != nil && r.status == 0 }, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRaw(t)
			r.cloud.Script(elbstub.CreateCertificate, 2, row.fault)
			r.create(pair, nil)
			r.call(http.MethodGet, certificates, "") // another operation does not count
			if response := r.call(http.MethodPost, certificates, creation(pair, nil)); !row.check(response) {
				t.Errorf("got %+v", response)
			}
			want := 1
			if row.committed {
				want = 2
			}
			if got := len(r.cloud.Certificates(project)); got != want {
				t.Errorf("%d certificates, want %d", got, want)
			}
			r.create(pair, nil) // the fault is over
		})
	}
}

func TestFaultsInARow(t *testing.T) {
	t.Parallel()
	r := newRaw(t)
	r.cloud.Script(elbstub.ListCertificates, 1, elbstub.Reply(501, ""))
	r.cloud.Script(elbstub.ListCertificates, 3, elbstub.Reply(503, ""))
	r.cloud.Script(elbstub.ListCertificates, 2, elbstub.Reply(502, ""))
	for _, want := range []int{501, 502, 503, 200} {
		if got := r.call(http.MethodGet, certificates, "").status; got != want {
			t.Errorf("status %d, want %d", got, want)
		}
	}
}

// TestFaultsOfOneCall: a call has one fault, and the next call has the other.
func TestFaultsOfOneCall(t *testing.T) {
	t.Parallel()
	r := newRaw(t)
	r.cloud.Script(elbstub.ListCertificates, 2, elbstub.Reply(501, ""))
	r.cloud.Script(elbstub.ListCertificates, 1, elbstub.Reply(502, ""))
	r.cloud.Script(elbstub.ListCertificates, 1, elbstub.Reply(503, ""))
	for _, want := range []int{502, 501, 503, 200} {
		if got := r.call(http.MethodGet, certificates, "").status; got != want {
			t.Errorf("status %d, want %d", got, want)
		}
	}
}

// TestScriptEach has faults that a function chooses, and one of Script before them.
func TestScriptEach(t *testing.T) {
	t.Parallel()
	r := newRaw(t)
	r.cloud.Script(elbstub.ListCertificates, 3, elbstub.Reply(503, ""))
	r.cloud.ScriptEach(elbstub.ListCertificates, func(nth int) elbstub.Fault {
		if nth%2 == 1 {
			return elbstub.Reply(500+nth, "")
		}
		return nil
	})
	for i, want := range []int{501, 200, 503, 200, 505} {
		if got := r.call(http.MethodGet, certificates, "").status; got != want {
			t.Errorf("list %d: status %d, want %d", i+1, got, want)
		}
	}
	r.create(newPair(), nil) // another operation has no fault
}

// TestLateCommits: the response, and when the certificate appears.
func TestLateCommits(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		fault  elbstub.Fault
		status int
		late   bool // the certificate comes after the response
		takes  time.Duration
	}{
		"late":      {elbstub.Late(504, time.Second), 504, true, 0},
		"drop late": {elbstub.DropLate(time.Second), 0, true, 0},
		"delay":     {elbstub.Delay(time.Second), 200, false, time.Second},
		"slow":      {elbstub.Slow(time.Second), 200, false, time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				cloud := elbstub.New(elbstub.Options{BasePath: base, Tokens: map[string]string{token: project}})
				cloud.Script(elbstub.CreateCertificate, 1, row.fault)
				body := strings.NewReader(creation(newPair(), nil))
				request := httptest.NewRequestWithContext(t.Context(), http.MethodPost, certificates, body)
				request.Header.Set("X-Auth-Token", token)
				response, started := httptest.NewRecorder(), time.Now()
				func() {
					defer func() { _ = recover() }() // that is how a handler closes the connection
					cloud.ServeHTTP(response, request)
				}()
				if took := time.Since(started); took != row.takes {
					t.Errorf("the response takes %s, want %s", took, row.takes)
				}
				if status := cloud.Journal()[0].Status; status != row.status {
					t.Errorf("status %d, want %d", status, row.status)
				}
				if there := len(cloud.Certificates(project)) == 1; there == row.late {
					t.Errorf("the certificate is there at the time of the response: %t", there)
				}
				time.Sleep(2 * time.Second)
				if n := len(cloud.Certificates(project)); n != 1 {
					t.Errorf("%d certificates later, want 1", n)
				}
			})
		})
	}
}

// TestConfusedResponses: a create is carried out, and the response shows another
// certificate.
func TestConfusedResponses(t *testing.T) {
	t.Parallel()
	r := newRaw(t)
	theirs := newPair()
	id := r.create(theirs, map[string]any{"name": "theirs"})
	for name, cert := range map[string]elbstub.Certificate{
		"one that exists":   r.cloud.Certificates(project)[0],
		"one of an unknown": {ProjectID: project, Name: "theirs", Certificate: theirs.Certificate},
	} {
		before := r.cloud.Certificates(project)
		r.cloud.Script(elbstub.CreateCertificate, 1, r.cloud.Confuse(cert))
		got := r.call(http.MethodPost, certificates, creation(newPair(), map[string]any{"name": "ours"})).fields(t)
		if got["name"] != "theirs" || got["certificate"] != strings.TrimSpace(theirs.Certificate) {
			t.Errorf("%s: the response is %v", name, got)
		}
		if known := got["id"] == id; known != (cert.ID == id) || len(got["id"].(string)) != len(id) {
			t.Errorf("%s: the ID is known: %t", name, known)
		}
		after := r.cloud.Certificates(project)
		if len(after) != len(before)+1 || after[len(before)].Name != "ours" || after[len(before)].ID == got["id"] {
			t.Errorf("%s: then there is %v", name, after)
		}
	}
}

// TestKeep: how a server changes what it is sent. Its responses show the change.
func TestKeep(t *testing.T) {
	t.Parallel()
	leaf := newPair()
	chain := leaf.Certificate + newPair().Certificate
	leafAlone := func(cert *elbstub.Certificate) { cert.Certificate = leaf.Certificate }
	for name, row := range map[string]struct {
		keep        func(*elbstub.Certificate)
		certificate string
		name        string
		description string
	}{
		"the leaf alone": {leafAlone, leaf.Certificate, "WWW", " Our Site "},
		"trimmed":        {elbstub.TrimTexts, chain, "WWW", "Our Site"},
		"lower case":     {elbstub.LowerTexts, chain, "www", " our site "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRaw(t, func(o *elbstub.Options) { o.Keep = row.keep })
			fields := map[string]any{"name": "WWW", "description": " Our Site ", "certificate": chain}
			created := r.call(http.MethodPost, certificates, creation(leaf, fields)).fields(t)
			path, again := fmt.Sprint(certificates, "/", created["id"]), `{"name":"WWW","description":" Our Site "}`
			modified := r.call(http.MethodPut, path, again).fields(t)
			for what, got := range map[string]map[string]any{"create": created, "modify": modified} {
				kept := got["name"] == row.name && got["description"] == row.description
				if !kept || got["certificate"] != strings.TrimSpace(row.certificate) {
					t.Errorf("%s: it keeps %q, %q, %v", what, got["name"], got["description"], got["certificate"])
				}
			}
		})
	}
}

// same compares two JSON values.
func same(t *testing.T, what string, got, want any) {
	t.Helper()
	g, _ := json.Marshal(got)
	w, _ := json.Marshal(want)
	if string(g) != string(w) {
		t.Errorf("the response to %s is\n%s\nwant\n%s", what, g, w)
	}
}

// said is the code of an error in any shape, or what is there instead.
func said(body string) string {
	if strings.HasPrefix(body, "<html>") {
		return "<html>"
	}
	return regexp.MustCompile(`^(?:.*"(?:code|error_code|type)":"([^"]*)".*)?$`).ReplaceAllString(body, "$1")
}

// TestDialects has the differences between the clouds of the family.
func TestDialects(t *testing.T) {
	t.Parallel()
	pair := newPair()
	der, _ := pem.Decode([]byte(pair.Certificate))
	content := base64.StdEncoding.EncodeToString(der.Bytes)
	text := func(columns int, newline string) string {
		var lines strings.Builder
		for rest := content; rest != ""; {
			n := min(columns, len(rest))
			lines.WriteString(rest[:n] + newline)
			rest = rest[n:]
		}
		return "-----BEGIN CERTIFICATE-----" + newline + lines.String() + "-----END CERTIFICATE-----"
	}
	seen := map[string]bool{}
	for n := range elbstub.Dialects {
		dialect := elbstub.NewDialect(n)
		r := newRaw(t, func(o *elbstub.Options) { o.Dialect = dialect })
		created := r.call(http.MethodPost, certificates, creation(pair, nil))
		got := created.fields(t)
		id := got["id"].(string)
		listed := r.call(http.MethodGet, certificates, "").fields(t)
		element := listed["certificates"].([]any)[0].(map[string]any)

		want := map[elbstub.PEMForm]string{
			elbstub.PEMTrimmed:   text(64, "\n"),
			elbstub.PEMOneLine:   text(1<<20, "\n"),
			elbstub.PEMRewrapped: text(76, "\n"),
			elbstub.PEMCRLF:      text(64, "\r\n") + "\r\n", elbstub.PEMWithNewline: text(64, "\n") + "\n",
		}[dialect.PEM]
		if got["certificate"] != want || element["certificate"] != want {
			t.Errorf("%d: certificate %q, want %q", n, got["certificate"], want)
		}
		key, has := element["private_key"]
		switch dialect.Keys {
		case elbstub.TextClear:
			has = has && key == strings.TrimSpace(pair.PrivateKey)
		case elbstub.TextMasked:
			has = key == "******"
		case elbstub.TextLeftOut:
			has = !has
		}
		if !has {
			t.Errorf("%d: private key %q", n, key)
		}
		for _, field := range []string{"name", "description", "domain"} {
			value, has := element[field]
			seen[fmt.Sprintf("unset %d: %t %v", dialect.Unset, has, value)] = true
		}
		seen[fmt.Sprintf("count %T", listed["instance_num"])] = true
		_, extra := element["enterprise"]
		seen[fmt.Sprintf("extra %t %t", dialect.Extra, extra)] = true
		seen[fmt.Sprintf("create %d", created.status)] = true
		wildcard := r.call(http.MethodPost, certificates, creation(pair, map[string]any{"domain": "*.example.com"}))
		seen[fmt.Sprintf("wildcard %t", wildcard.status < http.StatusBadRequest)] = true
		for _, cert := range r.cloud.Certificates(project) {
			if cert.ID != id {
				r.cloud.Remove(cert.ID)
			}
		}

		modified := r.call(http.MethodPut, certificates+"/"+id, `{"name":"new"}`)
		if renamed := r.cloud.Certificates(project)[0]; renamed.Name != "new" {
			t.Errorf("%d: the name is %q", n, renamed.Name)
		}
		hasName := strings.Contains(modified.body, `"name":"new"`)
		hasTime := strings.Contains(modified.body, "update_time")
		seen[fmt.Sprintf("modify %d %t %t", modified.status, hasName, hasTime)] = true

		malformed := r.call(http.MethodPost, certificates, "")
		for _, shape := range []string{`{"error":{"message":"`, `{"error_msg":"`, `{"NeutronError":{"type":"`} {
			if strings.HasPrefix(malformed.body, shape) && strings.Contains(malformed.body, "ELB.0002") {
				seen["error "+shape] = true
			}
		}
		listener := r.cloud.AddListener(elbstub.Listener{ProjectID: project, CertificateID: id})
		for range 2 {
			inUse := r.call(http.MethodDelete, certificates+"/"+id, "")
			seen[fmt.Sprintf("in use %d", inUse.status)] = true
			seen["in use says "+said(inUse.body)] = true
		}
		switch sni := r.listeners(listeners)[0]["certificates"].(type) {
		case nil:
			_, has := r.listeners(listeners)[0]["certificates"]
			seen[fmt.Sprintf("SNI null %t", has)] = true
		default:
			seen[fmt.Sprintf("SNI %T", sni)] = true
		}
		seen[fmt.Sprintf("boolean %T", r.listeners(listeners)[0]["admin_state_up"])] = true
		switched := r.call(http.MethodPut, listeners+"/"+listener, `{"certificate_id":"`+id+`"}`)
		seen[fmt.Sprintf("switch %d %t", switched.status, strings.Contains(switched.body, id))] = true
		unknown := r.call(http.MethodPut, listeners+"/"+listener, `{"certificate_id":"none"}`)
		seen[fmt.Sprintf("no certificate %d %s", unknown.status, said(unknown.body))] = true
		r.cloud.Remove(listener)
		seen["no listeners "+r.call(http.MethodGet, listeners, "").body] = true
		seen[fmt.Sprintf("no listener %d", r.call(http.MethodGet, listeners+"/"+listener, "").status)] = true
		r.create(pair, map[string]any{"name": "newer"})
		listed = r.call(http.MethodGet, certificates, "").fields(t)
		first := listed["certificates"].([]any)[0].(map[string]any)
		seen[fmt.Sprintf("newest first %t", first["id"] != id)] = true

		seen[fmt.Sprintf("delete %d", r.call(http.MethodDelete, certificates+"/"+id, "").status)] = true
		for range 2 {
			gone := r.call(http.MethodDelete, certificates+"/"+id, "")
			seen[fmt.Sprintf("gone %d %t", gone.status, strings.Contains(gone.body, "ELB.5040"))] = true
			seen["gone says "+said(gone.body)] = true
		}
		r.cloud.Remove(r.cloud.Certificates(project)[0].ID)
		_, isArray := r.call(http.MethodGet, certificates, "").fields(t)["certificates"].([]any)
		seen[fmt.Sprintf("no certificates, array %t", isArray)] = true
	}
	for _, want := range []string{
		"unset 0: true ", "unset 0: true <nil>", "unset 1: true <nil>", "unset 2: true ", "unset 3: false <nil>",
		"unset 4: true ", "unset 4: false <nil>",
		"count string", "count float64", "count <nil>",
		"extra false false", "extra true true",
		"create 200", "create 201", "wildcard true", "wildcard false",
		"modify 200 true true", "modify 202 false false", "modify 204 false false", "modify 200 true false",
		"in use 400", "in use 409", "in use 403", "in use 500",
		"in use says ELB.5002", "in use says ELB.8907", "in use says ELB.1001", "in use says authFault",
		"in use says ELB.5099", "in use says badRequest", "in use says <html>",
		`error {"error":{"message":"`, `error {"error_msg":"`, `error {"NeutronError":{"type":"`,
		"delete 204", "delete 200", "delete 202",
		"gone 404 true", "gone 400 true", "gone 404 false", "gone 500 true",
		"gone says ELB.5040",
		"gone says ",
		"gone says Not Found",
		"gone says CertificateNotFound",
		"gone says ELB.8904",
		"SNI []interface {}", "SNI string", "SNI map[string]interface {}", "SNI null true", "SNI null false",
		"boolean bool", "boolean float64",
		"no listeners []", "no listeners {}", "no listener 404", "no listener 400",
		"switch 200 true", "switch 200 false", "switch 202 false", "switch 204 false",
		"no certificate 400 ELB.1001", "no certificate 404 ELB.5040",
		"no certificates, array true", "no certificates, array false",
		"newest first true", "newest first false",
	} {
		if !seen[want] {
			t.Errorf("no dialect has %q", want)
		}
		delete(seen, want)
	}
	for unexpected := range seen {
		t.Errorf("a dialect has %q", unexpected)
	}
}
