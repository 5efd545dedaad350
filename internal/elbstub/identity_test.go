package elbstub_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/elbaas/terraform-provider-elbaas/internal/elbstub"
)

const foreignProject = "00000000000000000000000000000001"

// identity has an account with two projects, and another one that it may act in.
var identity = elbstub.Identity{
	Projects: []elbstub.Project{
		{ID: project, Name: "eu-de", Domain: "mine"},
		{ID: otherProject, Name: "eu-de_other", Domain: "mine"},
		{ID: foreignProject, Name: "eu-de", Domain: "theirs"},
	},
	Users: []elbstub.User{
		{ID: "user-id", Name: "me", Password: "hunter2", Domain: "mine", DomainID: "domain-id"},
		{Name: "no ID", Password: "hunter2", Domain: "mine"},
	},
	AccessKeys: []elbstub.AccessKey{
		{Access: "AK", Secret: "SK", Domain: "mine"},
		{Access: "TK", Secret: "SK", SecurityToken: "ST", Domain: "mine"},
	},
	Agencies: []elbstub.Agency{{Name: "helpers", Domain: "theirs"}},
	Catalog: []elbstub.CatalogEntry{
		{Type: "elb", Region: "eu-de", URL: "/v1.0"}, {Type: "dns", Region: "eu-nl", URL: "https://dns.invalid"},
	},
}

// today is the time of the clouds of these tests.
var today = time.Date(2019, 11, 15, 3, 36, 55, 0, time.UTC)

func newIdentityRaw(t *testing.T, options ...func(*elbstub.Options)) *raw {
	t.Helper()
	first := func(o *elbstub.Options) { o.Identity, o.Now = identity, func() time.Time { return today } }
	return newRaw(t, append([]func(*elbstub.Options){first}, options...)...)
}

// A signing is a request and how it is signed.
type signing struct {
	method, path, query, body string
	access, secret, scope     string
	age                       time.Duration
	projectID, token          string // of X-Project-Id and X-Security-Token
	headers                   string // that are signed
	tamper                    func(*http.Request)
}

// send signs a request by the published guide, and sends it.
func (s signing) send(t *testing.T, r *raw) reply {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), s.method, r.url+s.path, strings.NewReader(s.body))
	if err != nil {
		t.Fatal(err)
	}
	request.URL.RawQuery = s.query
	date := today.Add(-s.age).Format("20060102T150405Z")
	for name, value := range map[string]string{
		"X-Sdk-Date": date, "X-Project-Id": s.projectID, "X-Security-Token": s.token,
	} {
		if value != "" {
			request.Header.Set(name, value)
		}
	}
	canonical := s.method + "\n" + s.path + "/\n" + s.query + "\n"
	for _, name := range strings.Split(s.headers, ";") {
		value := request.Header.Get(name)
		if name == "host" {
			value = request.URL.Host
		}
		canonical += name + ":" + value + "\n"
	}
	canonical += fmt.Sprintf("\n%s\n%x", s.headers, sha256.Sum256([]byte(s.body)))
	mac := func(key []byte, text string) []byte {
		hash := hmac.New(sha256.New, key)
		hash.Write([]byte(text))
		return hash.Sum(nil)
	}
	text, key, credential := "SDK-HMAC-SHA256\n"+date+"\n", []byte(s.secret), "Access="+s.access
	if s.scope != "" {
		text, key, credential = text+s.scope+"\n", []byte("SDK"+s.secret), "Credential="+s.access+"/"+s.scope
		for _, step := range strings.Split(s.scope, "/") {
			key = mac(key, step)
		}
	}
	signature := mac(key, text+fmt.Sprintf("%x", sha256.Sum256([]byte(canonical))))
	request.Header.Set("Authorization",
		fmt.Sprintf("SDK-HMAC-SHA256 %s, SignedHeaders=%s, Signature=%x", credential, s.headers, signature))
	if s.tamper != nil {
		s.tamper(request)
	}
	return r.do(request)
}

// TestSignatures: a request is taken if its signature is as documented, and refused if anything in it
// differs.
func TestSignatures(t *testing.T) {
	t.Parallel()
	const fine, refused, forbidden = "200 ", "401 APIGW.0301", "403 ELB.9802"
	const scope, query = "20191115/eu-de/elb/sdk_request", "id=a%20b&id=b&port=1"
	header := func(name, value string) func(*signing) {
		return func(s *signing) { s.tamper = func(r *http.Request) { r.Header.Set(name, value) } }
	}
	temporary := func(s *signing) {
		s.access, s.token, s.headers = "TK", "ST", "host;x-project-id;x-sdk-date;x-security-token"
	}
	withoutProject := func(s *signing) { s.projectID, s.headers = "", "host;x-sdk-date" }
	for name, row := range map[string]struct {
		change func(*signing)
		scheme string // of the cloud
		want   string
	}{
		"access":                   {func(*signing) {}, "", fine},
		"access where scoped is":   {func(*signing) {}, "scoped", refused},
		"access where only it is":  {func(*signing) {}, "access", fine},
		"scoped":                   {func(s *signing) { s.scope = scope }, "", fine},
		"scoped, no region":        {func(s *signing) { s.scope = "20191115///sdk_request" }, "", fine},
		"scoped where access is":   {func(s *signing) { s.scope = scope }, "access", refused},
		"scoped where only it is":  {func(s *signing) { s.scope = scope }, "scoped", fine},
		"a scope of another day":   {func(s *signing) { s.scope = "20191114/a/b/sdk_request" }, "", refused},
		"an unknown key":           {func(s *signing) { s.access = "NK" }, "", refused},
		"no secret of an unknown":  {func(s *signing) { s.access, s.secret = "NK", "" }, "", refused},
		"another secret":           {func(s *signing) { s.secret = "XX" }, "", refused},
		"15 minutes old":           {func(s *signing) { s.age = 15 * time.Minute }, "", fine},
		"too old":                  {func(s *signing) { s.age = 15*time.Minute + time.Second }, "", refused},
		"too new":                  {func(s *signing) { s.age = -16 * time.Minute }, "", refused},
		"the host is not signed":   {func(s *signing) { s.headers = "x-project-id;x-sdk-date" }, "", refused},
		"the date is not signed":   {func(s *signing) { s.headers = "host;x-project-id" }, "", refused},
		"a project is not signed":  {func(s *signing) { s.headers = "host;x-sdk-date" }, "", refused},
		"a temporary key":          {temporary, "", fine},
		"a token is not signed":    {func(s *signing) { s.access, s.token = "TK", "ST" }, "", refused},
		"a temporary key alone":    {func(s *signing) { s.access = "TK" }, "", refused},
		"another token":            {func(s *signing) { temporary(s); s.token = "XX" }, "", refused},
		"a token of another key":   {func(s *signing) { temporary(s); s.access = "AK" }, "", refused},
		"no date":                  {header("X-Sdk-Date", ""), "", refused},
		"another date":             {header("X-Sdk-Date", "20191115T033656Z"), "", refused},
		"no signature":             {header("Authorization", "SDK-HMAC-SHA256 Access=AK"), "", refused},
		"another project, signed":  {header("X-Project-Id", otherProject), "", refused},
		"another method":           {func(s *signing) { s.tamper = asPOST }, "", refused},
		"a body":                   {func(s *signing) { s.body = "x" }, "", fine},
		"another body":             {func(s *signing) { s.body = "x"; s.tamper = withoutBody }, "", refused},
		"a path of many kinds":     {func(s *signing) { s.path = listeners + "/a%20b~%2Bc" }, "", "400 ELB.6020"},
		"a query":                  {func(s *signing) { s.path, s.query = listeners, query }, "", fine},
		"another query":            {func(s *signing) { s.path, s.tamper = listeners, withQuery }, "", refused},
		"no X-Project-Id":          {withoutProject, "", forbidden},
		"another X-Project-Id":     {func(s *signing) { s.projectID = otherProject }, "", forbidden},
		"the account's other one":  {func(s *signing) { s.inProject(otherProject) }, "", fine},
		"another account's":        {func(s *signing) { s.inProject(foreignProject) }, "", forbidden},
		"a project that is no one": {func(s *signing) { s.inProject("none") }, "", forbidden},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newIdentityRaw(t, func(o *elbstub.Options) { o.Identity.SigningScheme = row.scheme })
			s := signing{method: http.MethodGet, access: "AK", secret: "SK", headers: "host;x-project-id;x-sdk-date"}
			s.inProject(project)
			row.change(&s)
			if got := s.send(t, r); fmt.Sprint(got.status, " ", got.code()) != row.want {
				t.Errorf("the response is %d %s, want %s", got.status, got.body, row.want)
			}
			if shown := fmt.Sprintf("%+v", r.cloud.Journal()); strings.Contains(shown, "Signature=") {
				t.Errorf("the journal shows a signature: %s", shown)
			}
		})
	}
}

// inProject lists the certificates of a project.
func (s *signing) inProject(id string) {
	s.path, s.projectID = strings.Replace(certificates, project, id, 1), id
}

func asPOST(r *http.Request)      { r.Method = http.MethodPost }
func withoutBody(r *http.Request) { r.Body, r.ContentLength = http.NoBody, 0 }
func withQuery(r *http.Request)   { r.URL.RawQuery = "name=x" }

// login is the body of a request for a token.
func login(user, scope string) string {
	return `{"auth":{"identity":{"methods":["password"],"password":{"user":` + user + `}},"scope":` + scope + `}}`
}

// TestTokens: who gets a token, and for which project it is.
func TestTokens(t *testing.T) {
	t.Parallel()
	const me = `{"name":"me","domain":{"name":"mine"},"password":"hunter2"}`
	const inProject = `{"project":{"id":"` + project + `"}}`
	with := func(old, other string) string { return login(strings.ReplaceAll(me, old, other), inProject) }
	named := func(project, domain string) string {
		return login(me, `{"project":{"name":"`+project+`","domain":{"name":"`+domain+`"}}}`)
	}
	for name, row := range map[string]struct {
		body      string
		status    int
		projectID string
	}{
		"a name and a domain":           {login(me, inProject), 201, project},
		"a name and the ID of a domain": {with(`"name":"mine"`, `"id":"domain-id"`), 201, project},
		"an ID":                         {login(`{"id":"user-id","password":"hunter2"}`, inProject), 201, project},
		"a project by its name":         {named("eu-de_other", "mine"), 201, otherProject},
		"no project":                    {login(me, `{}`), 201, ""},
		"another password":              {with("hunter2", "hunter3"), 401, ""},
		"another password, no project":  {login(strings.ReplaceAll(me, "hunter2", "x"), `{}`), 401, ""},
		"another name":                  {with(`"me"`, `"you"`), 401, ""},
		"another domain":                {with("mine", "theirs"), 401, ""},
		"no domain":                     {login(`{"name":"me","password":"hunter2"}`, inProject), 401, ""},
		"another ID":                    {login(`{"id":"other-id","password":"hunter2"}`, inProject), 401, ""},
		"neither name nor ID":           {login(`{"domain":{"name":"mine"},"password":"hunter2"}`, inProject), 401, ""},
		"another account's project":     {login(me, `{"project":{"id":"`+foreignProject+`"}}`), 401, ""},
		"an ID that no project has":     {login(me, `{"project":{"id":"x","name":"eu-de"}}`), 401, ""},
		"a name that no project has":    {named("eu", "mine"), 401, ""},
		"a project of another domain":   {named("eu-de", "theirs"), 401, ""},
		"another method":                {strings.ReplaceAll(login(me, `{}`), `["password"]`, `["token"]`), 400, ""},
		"no JSON":                       {"{", 400, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			now := today
			r := newIdentityRaw(t, func(o *elbstub.Options) { o.Now = func() time.Time { return now } })
			r.token = ""
			issued := r.call(http.MethodPost, base+"/v3/auth/tokens", row.body)
			r.token = issued.header.Get("X-Subject-Token")
			if issued.status != row.status || (r.token != "") != (row.status == http.StatusCreated) {
				t.Fatalf("the response is %d %s, with the token %q", issued.status, issued.body, r.token)
			}
			if shown := fmt.Sprintf("%+v", r.cloud.Journal()); strings.Contains(shown, "hunter2") {
				t.Errorf("the journal shows a password: %s", shown)
			}
			if r.token == "" {
				return
			}
			said := issued.fields(t)["token"].(map[string]any)
			projectOf, _ := said["project"].(map[string]any)
			id, _ := projectOf["id"].(string)
			if id != row.projectID || (said["catalog"] != nil) != (id != "") ||
				said["expires_at"] != "2019-11-16T03:36:55.000000Z" {
				t.Errorf("the token is said to be %v", said)
			}
			for _, id := range []string{project, otherProject, foreignProject} {
				want := http.StatusBadRequest // ELB.9808 (reference)
				if id == row.projectID {
					want = http.StatusOK
				}
				path := strings.Replace(certificates, project, id, 1)
				if got := r.call(http.MethodGet, path, ""); got.status != want {
					t.Errorf("project %s: %d, want %d", id, got.status, want)
				}
			}
			now = now.Add(24 * time.Hour)
			if got := r.call(http.MethodGet, certificates, ""); got.status != http.StatusUnauthorized {
				t.Errorf("a day later, the response is %d", got.status)
			}
		})
	}
}

// TestExpiredTokens: a token has its lifetime, and ends before it when all of them do.
func TestExpiredTokens(t *testing.T) {
	t.Parallel()
	r := newIdentityRaw(t, func(o *elbstub.Options) { o.Identity.TokenLifetime = time.Hour })
	issued := r.call(http.MethodPost, base+"/v3/auth/tokens", login(`{"id":"user-id","password":"hunter2"}`, `{}`))
	if !strings.Contains(issued.body, `"expires_at":"2019-11-15T04:36:55.000000Z"`) {
		t.Errorf("the response is %s", issued.body)
	}
	r.token = issued.header.Get("X-Subject-Token")
	for _, isExpired := range []bool{false, true} {
		got := r.call(http.MethodGet, base+"/v3/auth/projects", "")
		if (got.status == http.StatusUnauthorized) != isExpired || strings.Contains(got.body, project) == isExpired {
			t.Errorf("expired: %t, the response is %d %s", isExpired, got.status, got.body)
		}
		r.cloud.Expire()
	}
}

// TestProjectsAndCatalog: what the identity service says of an account.
func TestProjectsAndCatalog(t *testing.T) {
	t.Parallel()
	r := newIdentityRaw(t)
	for path, want := range map[string]string{
		"/v3/projects":             project + " " + otherProject,
		"/v3/auth/projects":        project + " " + otherProject,
		"/v3/projects?name=eu-de":  project,
		"/v3/projects?name=eu-nl":  "",
		"/v3/auth/projects?name=x": "",
	} {
		var ids []string
		for _, listed := range r.call(http.MethodGet, base+path, "").fields(t)["projects"].([]any) {
			ids = append(ids, listed.(map[string]any)["id"].(string))
		}
		if got := strings.Join(ids, " "); got != want {
			t.Errorf("%s has %q, want %q", path, got, want)
		}
	}
	var got struct {
		Catalog []struct {
			Type      string
			Endpoints []struct{ Region, Interface, URL string }
		}
	}
	if err := json.Unmarshal([]byte(r.call(http.MethodGet, base+"/v3/auth/catalog", "").body), &got); err != nil {
		t.Fatal(err)
	}
	var public []string
	for _, entry := range got.Catalog {
		for _, endpoint := range entry.Endpoints {
			if endpoint.Interface == "public" {
				public = append(public, entry.Type, endpoint.Region, endpoint.URL)
			}
		}
	}
	want := fmt.Sprint([]string{"elb", "eu-de", r.url + base + "/v1.0", "dns", "eu-nl", "https://dns.invalid"})
	if fmt.Sprint(public) != want {
		t.Errorf("the catalog has %v, want %s", public, want)
	}
	r.token = ""
	if got := r.call(http.MethodGet, base+"/v3/auth/catalog", ""); got.status != http.StatusUnauthorized {
		t.Errorf("without a token, the catalog is %d", got.status)
	}
}

// TestAgencies: temporary keys act in the account of an agency, and nowhere else.
func TestAgencies(t *testing.T) {
	t.Parallel()
	const path = base + "/v3.0/OS-CREDENTIAL/securitytokens"
	role := func(seconds int, name, domain string) string {
		const body = `{"auth":{"identity":{"methods":["assume_role"],` +
			`"assume_role":{"agency_name":"%s","domain_name":"%s","duration_seconds":%d}}}}`
		return fmt.Sprintf(body, name, domain, seconds)
	}
	now := today
	r := newIdentityRaw(t, func(o *elbstub.Options) { o.Now = func() time.Time { return now } })
	ask := signing{
		method: http.MethodPost, path: path, access: "AK", secret: "SK", headers: "host;x-sdk-date",
	}
	for name, row := range map[string]struct {
		body   string
		status int
	}{
		"an agency":           {role(900, "helpers", "theirs"), 201},
		"too short":           {role(899, "helpers", "theirs"), 400},
		"another name":        {role(900, "strangers", "theirs"), 404},
		"another domain":      {role(900, "helpers", "mine"), 404},
		"another method":      {strings.Replace(role(900, "helpers", "theirs"), `["assume`, `["x`, 1), 400},
		"a body that is none": {"[]", 400},
		"a name that is none": {strings.Replace(role(900, "helpers", "theirs"), `"helpers"`, `5`, 1), 400},
	} {
		ask.body = row.body
		if got := ask.send(t, r); got.status != row.status {
			t.Errorf("%s: %d %s, want %d", name, got.status, got.body, row.status)
		}
	}
	ask.body = role(900, "helpers", "theirs")
	key := ask.send(t, r).fields(t)["credential"].(map[string]any)
	if key["expires_at"] != "2019-11-15T03:51:55.000000Z" {
		t.Errorf("the key is %v", key)
	}
	use := ask
	use.access, use.secret = key["access"].(string), key["secret"].(string)
	use.token, use.headers = key["securitytoken"].(string), "host;x-sdk-date;x-security-token"
	if got := use.send(t, r); got.status != http.StatusNotFound {
		t.Errorf("an agency of an agency: %d %s", got.status, got.body)
	}
	use.method, use.body, use.headers = http.MethodGet, "", "host;x-project-id;x-sdk-date;x-security-token"
	for _, row := range []struct {
		projectID string
		age       time.Duration
		expired   bool
		status    int
	}{
		{foreignProject, 0, false, 200},
		{project, 0, false, 403},
		{foreignProject, 15*time.Minute - time.Second, false, 200},
		{foreignProject, 15 * time.Minute, false, 401},
		{foreignProject, 0, true, 401},
	} {
		if row.expired {
			r.cloud.Expire()
		}
		now, use.age = today.Add(row.age), -row.age
		use.inProject(row.projectID)
		if got := use.send(t, r); got.status != row.status {
			t.Errorf("%+v: the response is %d %s", row, got.status, got.body)
		}
	}
}

// TestRefusedTokens: the status for an invalid token differs.
func TestRefusedTokens(t *testing.T) {
	t.Parallel()
	r := newIdentityRaw(t, func(o *elbstub.Options) { o.Dialect.TokenStatus = http.StatusBadRequest })
	r.token = "wrong"
	if got := r.call(http.MethodGet, certificates, ""); got.status != 400 || got.code() != "ELB.1102" {
		t.Errorf("the response is %d %s", got.status, got.body)
	}
}
