package auth_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/elbaas/terraform-provider-elbaas/internal/auth"
	"github.com/elbaas/terraform-provider-elbaas/internal/elbstub"
	"github.com/elbaas/terraform-provider-elbaas/internal/httpapi"
	"github.com/elbaas/terraform-provider-elbaas/internal/secret"
)

const (
	project  = "0123456789abcdef0123456789abcdef"
	other    = "fedcba9876543210fedcba9876543210"
	foreign  = "00000000000000000000000000000001"
	fixed    = "the-fixed-token"
	password = "hunter2-hunter2"
)

// fixture is a cloud with one account, in memory, and sessions with it.
type fixture struct {
	*elbstub.Cloud
	t       *testing.T
	url     *url.URL
	memory  *elbstub.Network
	network *httpapi.Network
}

func newFixture(t *testing.T, options ...func(*elbstub.Options)) *fixture {
	t.Helper()
	f := &fixture{t: t, memory: elbstub.NewNetwork("localhost:80")}
	f.url = &url.URL{Scheme: "http", Host: "localhost", Path: "/cloud"}
	f.network = httpapi.NewNetwork(httpapi.Config{UserAgent: "auth-test/1", Dial: f.dial})
	o := elbstub.Options{
		BasePath: "/cloud",
		Tokens:   map[string]string{fixed: project},
		Identity: elbstub.Identity{
			Projects: []elbstub.Project{
				{ID: other, Name: "eu-de_other", Domain: "mine"},
				{ID: project, Name: "eu-de", Domain: "mine"},
				{ID: foreign, Name: "eu-de", Domain: "theirs"},
			},
			Users: []elbstub.User{
				{ID: "user-id", Name: "me", Password: password, Domain: "mine", DomainID: "domain-id"},
			},
			AccessKeys: []elbstub.AccessKey{
				{Access: "AK", Secret: password, Domain: "mine"},
				{Access: "TK", Secret: password, SecurityToken: "the-security-token", Domain: "mine"},
			},
			Agencies: []elbstub.Agency{{Name: "helpers", Domain: "theirs"}},
			Catalog: []elbstub.CatalogEntry{
				{Type: "compute", URL: "/nova"},
				{Type: "elb", Region: "eu-de", URL: "/v1.0/" + project},
				{Type: "elb", Region: "eu-nl", URL: "/elsewhere"},
			},
		},
	}
	for _, option := range options {
		option(&o)
	}
	f.Cloud = elbstub.New(o)
	server := &http.Server{Handler: f.Cloud, ReadHeaderTimeout: time.Minute}
	go func() { _ = server.Serve(f.memory) }()
	t.Cleanup(func() { _ = server.Close() })
	return f
}

// dial connects to the cloud, or to another server on this machine.
func (f *fixture) dial(ctx context.Context, network, address string) (net.Conn, error) {
	if address == f.memory.Addr().String() {
		return f.memory.DialContext(ctx, network, address)
	}
	return (&net.Dialer{}).DialContext(ctx, network, address)
}

var (
	byToken   = auth.Credentials{Token: secret.New(fixed)}
	byKey     = auth.Credentials{Key: auth.Key{Access: "AK", Secret: secret.New(password)}}
	wrongKey  = auth.Credentials{Key: auth.Key{Access: "AK", Secret: secret.New("wrong")}}
	byTempKey = auth.Credentials{Key: auth.Key{
		Access:        "TK",
		Secret:        secret.New(password),
		SecurityToken: secret.New("the-security-token"),
	}}
	byPassword  = auth.Credentials{UserName: "me", DomainName: "mine", Password: secret.New(password)}
	byUserID    = auth.Credentials{UserID: "user-id", Password: secret.New(password)}
	byBothUsers = auth.Credentials{
		UserID: "user-id", UserName: "me", DomainName: "mine", Password: secret.New(password),
	}
	// OpenStack's openrc files set the name of the user's domain, and the ID of the project's domain (observed).
	byBothDomains = auth.Credentials{
		UserName: "me", DomainName: "mine", DomainID: "domain-id", Password: secret.New(password),
	}
)

func (f *fixture) session(credentials auth.Credentials, change ...func(*auth.Config)) *auth.Session {
	config := auth.Config{
		Credentials: credentials,
		AuthURL:     f.url.JoinPath("v3"),
		Signer:      auth.Signer{Region: "eu-de"},
		Network:     f.network,
	}
	for _, change := range change {
		change(&config)
	}
	return auth.New(config)
}

func assume(agency string) func(*auth.Config) {
	return func(c *auth.Config) { c.Credentials.Agency = &auth.Agency{Name: agency, DomainName: "theirs"} }
}

func scoped(c *auth.Config) { c.Signer.Scheme = auth.SchemeScoped }

// call lists the certificates of a project, and returns the status.
func (f *fixture) call(session httpapi.Authorizer, projectID string) (int, error) {
	return f.send(f.t.Context(), session, httpapi.Request{Method: http.MethodGet}, projectID)
}

func (f *fixture) send(
	ctx context.Context, session httpapi.Authorizer, request httpapi.Request, projectID string,
) (int, error) {
	request.URL = f.url.JoinPath("v1.0", projectID, "elbaas", "certificate")
	request.Header = http.Header{"X-Project-Id": {projectID}}
	err := f.network.Client(session).Do(ctx, request, func(*http.Response) error { return nil })
	if refusal := httpapi.RefusalOf(err); refusal != nil {
		return refusal.Status, nil
	}
	if err != nil {
		return 0, err
	}
	return http.StatusOK, nil
}

// TestKindsOfCredentials: each kind of credentials gives access to the projects that it is for, and to no others.
func TestKindsOfCredentials(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		credentials                auth.Credentials
		change                     func(*auth.Config)
		project, another, stranger int
	}{
		"token":              {byToken, nil, 200, 400, 400},
		"access key":         {byKey, nil, 200, 200, 403},
		"access key, scoped": {byKey, scoped, 200, 200, 403},
		"temporary key":      {byTempKey, nil, 200, 200, 403},
		"password":           {byPassword, nil, 200, 200, 0},
		"password, domain id": {
			auth.Credentials{UserName: "me", DomainID: "domain-id", Password: secret.New(password)},
			nil,
			200,
			200,
			0,
		},
		"password, user id": {byUserID, nil, 200, 200, 0},
		"both users":        {byBothUsers, nil, 200, 200, 0},
		"both domains":      {byBothDomains, nil, 200, 200, 0},
		"agency":            {byKey, assume("helpers"), 403, 403, 200},
		"wrong token":       {auth.Credentials{Token: secret.New("wrong")}, nil, 401, 401, 401},
		"wrong secret key":  {wrongKey, nil, 401, 401, 401},
		"wrong password": {
			auth.Credentials{UserName: "me", DomainName: "mine", Password: secret.New("wrong")},
			nil,
			0,
			0,
			0,
		},
		"wrong agency": {byKey, assume("strangers"), 0, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			change := func(*auth.Config) {}
			if row.change != nil {
				change = row.change
			}
			session := f.session(row.credentials, change)
			if len(f.Journal()) > 0 {
				t.Error("an unused session calls the cloud")
			}
			for id, want := range map[string]int{project: row.project, other: row.another, foreign: row.stranger} {
				got, err := f.call(session, id)
				var identity *auth.Error
				if got != want || (err != nil) != (want == 0) ||
					err != nil && (!errors.As(err, &identity) || httpapi.Ambiguous(err)) {
					t.Errorf("project %s: %d, %v, want %d", id, got, err, want)
				}
				if err != nil && strings.Contains(err.Error(), password) {
					t.Errorf("the error shows the password: %v", err)
				}
			}
			if shown := fmt.Sprintf("%v %+v %#v", session, session, session); strings.Contains(shown, password) ||
				strings.Contains(shown, fixed) {
				t.Errorf("the session shows a secret: %s", shown)
			}
		})
	}
}

// TestOneTokenPerProject: one token is requested for all callers, and renewed before it expires.
func TestOneTokenPerProject(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		session := f.session(byPassword)
		burst := func(want int) {
			t.Helper()
			var all sync.WaitGroup
			for i := range 20 {
				all.Go(func() {
					if status, err := f.call(session, []string{project, other}[i%2]); status != 200 {
						t.Errorf("%d, %v", status, err)
					}
				})
			}
			all.Wait()
			if got := len(f.Journal(elbstub.IssueToken)); got != want {
				t.Errorf("%d tokens, want %d", got, want)
			}
		}
		burst(2)
		time.Sleep(23 * time.Hour)
		burst(2)
		time.Sleep(56 * time.Minute) // less than five minutes are left
		burst(4)
		for _, call := range f.Journal(elbstub.ListCertificates) {
			if call.Status != 200 {
				t.Errorf("a token was used after its end: %d", call.Status)
			}
		}
	})
}

// TestAgencyKeyIsRenewed: the temporary key of an agency, which is valid for an hour, is used for all calls, and is
// renewed before it expires.
func TestAgencyKeyIsRenewed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		session := f.session(byKey, assume("helpers"))
		for _, row := range []struct {
			wait time.Duration
			want int
		}{{0, 1}, {54 * time.Minute, 1}, {2 * time.Minute, 2}, {time.Hour, 3}} {
			time.Sleep(row.wait)
			if status, err := f.call(session, foreign); status != 200 {
				t.Errorf("after %s: %d, %v", row.wait, status, err)
			}
			if got := len(f.Journal(elbstub.AssumeAgency)); got != row.want {
				t.Errorf("after %s, the agency was assumed %d times, want %d", row.wait, got, row.want)
			}
		}
		if got := len(f.Journal(elbstub.ListCertificates)); got != 4 {
			t.Errorf("%d lists, want 4: a key was used after its end", got)
		}
	})
}

// TestTokenWhileOurClockIsWrong: how long a token is valid does not depend on our clock.
func TestTokenWhileOurClockIsWrong(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t, func(o *elbstub.Options) {
			o.Now = func() time.Time { return time.Now().Add(-48 * time.Hour) }
		})
		session := f.session(byPassword)
		for range 2 {
			if status, err := f.call(session, project); status != 200 {
				t.Errorf("%d, %v", status, err)
			}
			time.Sleep(time.Hour)
		}
		if got := len(f.Journal(elbstub.IssueToken)); got != 1 {
			t.Errorf("%d tokens, want 1", got)
		}
	})
}

// TestTokenWithoutATimeOfIssue: the token is renewed before it expires by our own clock (assumed: Keystone sends the
// time).
func TestTokenWithoutATimeOfIssue(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		f.ScriptEach(elbstub.IssueToken, func(int) elbstub.Fault {
			return func(next elbstub.Next) elbstub.Response {
				response := next()
				response.Body = bytes.Replace(response.Body, []byte(`"issued_at"`), []byte(`"not_issued_at"`), 1)
				return response
			}
		})
		session := f.session(byPassword)
		for wait, want := range []int{1, 1, 2} {
			time.Sleep(time.Duration(wait) * 8 * time.Hour) // until 0, 8 and 24 hours have passed
			if status, err := f.call(session, project); status != 200 {
				t.Errorf("%d, %v", status, err)
			}
			if got := len(f.Journal(elbstub.IssueToken)); got != want {
				t.Errorf("%d tokens, want %d", got, want)
			}
		}
		for _, call := range f.Journal(elbstub.ListCertificates) {
			if call.Status != 200 {
				t.Errorf("a token was used after its end: %d", call.Status)
			}
		}
	})
}

// TestRejectedTokenIsRenewed: one new token is requested for all callers, and their requests are repeated, whatever
// status rejected the old one.
func TestRejectedTokenIsRenewed(t *testing.T) {
	t.Parallel()
	for name, dialect := range map[string]elbstub.Dialect{"401": {}, "400": {TokenStatus: 400}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t, func(o *elbstub.Options) { o.Dialect = dialect })
			for kind, session := range map[elbstub.Operation]*auth.Session{
				elbstub.IssueToken: f.session(byPassword), elbstub.AssumeAgency: f.session(byKey, assume("helpers")),
			} {
				id := project
				if kind == elbstub.AssumeAgency {
					id = foreign
				}
				if status, err := f.call(session, id); status != 200 {
					t.Fatalf("%d, %v", status, err)
				}
				f.Expire()
				var all sync.WaitGroup
				for range 20 {
					all.Go(func() {
						if status, err := f.call(session, id); status != 200 {
							t.Errorf("%d, %v", status, err)
						}
					})
				}
				all.Wait()
				if got := len(f.Journal(kind)); got != 2 {
					t.Errorf("%s: %d times, want 2", kind, got)
				}
			}
		})
	}
}

// TestReplaySendsTheBody: a POST whose token was rejected is repeated with its body.
func TestReplaySendsTheBody(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	session := f.session(byPassword)
	if _, err := f.call(session, project); err != nil {
		t.Fatal(err)
	}
	f.Expire()
	create := httpapi.Request{Method: http.MethodPost, Body: map[string]string{"name": "x"}, NonIdempotent: true}
	if _, err := f.send(t.Context(), session, create, project); err != nil {
		t.Fatal(err)
	}
	posts := f.Journal(elbstub.CreateCertificate)
	if len(posts) != 2 || posts[0].Status != 401 || posts[1].Status != 400 || posts[1].Body != `{"name":"x"}` {
		t.Errorf("%+v", posts)
	}
}

// TestFailureIsCached: a wrong password is not tried a thousand times.
func TestFailureIsCached(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		session := f.session(auth.Credentials{UserName: "me", DomainName: "mine", Password: secret.New("wrong")})
		for range 10 {
			if _, err := f.call(session, project); err == nil {
				t.Fatal("a wrong password was taken")
			}
		}
		if got := len(f.Journal(elbstub.IssueToken)); got != 1 {
			t.Errorf("tried %d times, want 1", got)
		}
		time.Sleep(31 * time.Second)
		_, _ = f.call(session, project)
		if got := len(f.Journal(elbstub.IssueToken)); got != 2 {
			t.Errorf("tried %d times after a while, want 2", got)
		}
	})
}

// TestProjectID finds a project by its name with each kind of credentials.
func TestProjectID(t *testing.T) {
	t.Parallel()
	duplicates := func(o *elbstub.Options) {
		o.Identity.Projects = append(
			o.Identity.Projects,
			elbstub.Project{ID: strings.Repeat("9", 32), Name: "eu-de", Domain: "mine"},
		)
	}
	repeats := func(o *elbstub.Options) { o.Identity.Projects = slices.Repeat(o.Identity.Projects, 2) }
	for name, row := range map[string]struct {
		credentials auth.Credentials
		change      []func(*auth.Config)
		options     []func(*elbstub.Options)
		project     string
		want        string // the id, or a part of the error
		calls       int
	}{
		"token":        {byToken, nil, nil, "eu-de_other", other, 1},
		"access key":   {byKey, nil, nil, "eu-de", project, 1},
		"password":     {byPassword, nil, nil, "eu-de", project, 1},
		"user id":      {byUserID, nil, nil, "eu-de_other", other, 2}, // a token without a project, then the list
		"both users":   {byBothUsers, nil, nil, "eu-de_other", other, 1},
		"both domains": {byBothDomains, nil, nil, "eu-de_other", other, 1},
		"agency":       {byKey, []func(*auth.Config){assume("helpers")}, nil, "eu-de", foreign, 2},
		"none": {byKey, nil, nil, "eu-xx", `no project with that name. Existing projects: "eu-de", ` +
			`"eu-de_other"`, 2},
		"none, password": {
			byPassword,
			nil,
			nil,
			"eu-xx",
			`no project with that name. Existing projects: "eu-de", "eu-de_other"`,
			3,
		},
		"several": {
			byKey,
			nil,
			[]func(*elbstub.Options){duplicates},
			"eu-de",
			`finding the ID of the project "eu-de": there are 2 projects with that name: ` + project + ", " +
				strings.Repeat("9", 32),
			1,
		},
		"one, listed twice": {byKey, nil, []func(*elbstub.Options){repeats}, "eu-de", project, 1},
		"wrong key": {
			wrongKey,
			nil,
			nil,
			"eu-de",
			"verify aksk signature fail",
			1,
		},
		"wrong password": {
			auth.Credentials{UserName: "me", DomainName: "mine", Password: secret.New("incorrect")},
			nil,
			nil,
			"eu-de",
			"password is wrong",
			2,
		},
		"no auth_url": {
			byKey,
			[]func(*auth.Config){func(c *auth.Config) { c.AuthURL = nil }},
			nil,
			"eu-de",
			"address of the identity service is not known",
			0,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t, row.options...)
			session := f.session(row.credentials, row.change...)
			var all sync.WaitGroup
			for range 5 {
				all.Go(func() {
					got, err := session.ProjectID(t.Context(), row.project)
					isError := err != nil && len(row.want) != len(project) && strings.Contains(err.Error(), row.want)
					if got != row.want && !isError {
						t.Errorf("got %q, %v, want %s", got, err, row.want)
					}
				})
			}
			all.Wait()
			if got := len(f.Journal()); got != row.calls {
				t.Errorf("%d calls, want %d", got, row.calls)
			}
			if row.credentials.Kind() == auth.KindPassword && row.calls == 1 { // the token of that call is used again
				if status, err := f.call(session, row.want); status != 200 || len(f.Journal(elbstub.IssueToken)) != 1 {
					t.Errorf("%d, %v, %d tokens", status, err, len(f.Journal(elbstub.IssueToken)))
				}
			}
		})
	}
}

// TestEndpoint reads the service catalog.
func TestEndpoint(t *testing.T) {
	t.Parallel()
	catalog := func(entries ...elbstub.CatalogEntry) func(*elbstub.Options) {
		return func(o *elbstub.Options) { o.Identity.Catalog = entries }
	}
	none := func(*elbstub.Options) {}
	for name, row := range map[string]struct {
		credentials auth.Credentials
		options     func(*elbstub.Options)
		want        string // what follows the base URL, or a part of the error
	}{
		"by password, with version": {byPassword, none, ""},
		"by key":                    {byKey, none, ""},
		"by token":                  {byToken, none, ""},
		"elbv1 before elb": {
			byKey,
			catalog(
				elbstub.CatalogEntry{Type: "elb", Region: "eu-de", URL: "/v2"},
				elbstub.CatalogEntry{Type: "elbv1", Region: "*", URL: "/first"},
			),
			"/first",
		},
		"every region": {byKey, catalog(elbstub.CatalogEntry{Type: "elb", URL: "/any"}), "/any"},
		"another region": {
			byKey, catalog(elbstub.CatalogEntry{Type: "elb", Region: "eu-nl", URL: "/nl"}),
			"no endpoint for the region eu-de, only for: eu-nl",
		},
		"no such service": {
			byPassword, catalog(),
			"the catalog has no public endpoint of the type elbv1 or elb. Set endpoint",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t, row.options)
			session := f.session(row.credentials)
			for range 2 {
				got, err := session.Endpoint(t.Context(), project, "elbv1", "elb")
				if err != nil && (row.want == "" || !strings.Contains(err.Error(), row.want)) ||
					err == nil && got.String() != f.url.String()+row.want {
					t.Errorf("got %v, %v, want %s", got, err, row.want)
				}
			}
			journal := f.Journal()
			if len(journal) != 1 {
				t.Fatalf("%d calls, want 1", len(journal))
			}
			of := journal[0].Header.Get("X-Project-Id")
			if row.credentials.Kind() != auth.KindPassword && of != project { // that of a token is in the body
				t.Errorf("the catalog is that of the project %q, want %s", of, project)
			}
		})
	}
}

// TestVersionsOfAuthURL: OpenStack's clients discover the version themselves, so openrc files and clouds.yaml have
// addresses without one, or with an old one (observed).
func TestVersionsOfAuthURL(t *testing.T) {
	t.Parallel()
	for _, base := range []string{"", "/v1/cloud", "/a%2Fb"} {
		for _, version := range []string{"", "/", "/v3", "/v3/", "/v3.0", "/v2.0", "/v2.0/"} {
			f := newFixture(t, func(o *elbstub.Options) { o.BasePath = base })
			at := func(c *auth.Config) {
				address, err := url.Parse("http://" + f.url.Host + base + version)
				if err != nil {
					t.Fatal(err)
				}
				c.AuthURL = address
			}
			for want, session := range map[string]*auth.Session{
				project: f.session(byPassword, at),
				foreign: f.session(byKey, assume("helpers"), at),
			} {
				if got, err := session.ProjectID(t.Context(), "eu-de"); got != want {
					t.Errorf("%s%s: %q, %v, want %s", base, version, got, err, want)
				}
			}
			if got, err := f.session(byKey, at).Endpoint(t.Context(), project, "elb"); err != nil {
				t.Errorf("%s%s: the catalog: %v, %v", base, version, got, err)
			}
		}
	}
}

// TestCatalogs has catalogs with several endpoints, or with one that must not receive credentials.
func TestCatalogs(t *testing.T) {
	t.Parallel()
	entry := func(region, url string) elbstub.CatalogEntry {
		return elbstub.CatalogEntry{Type: "elb", Region: region, URL: url}
	}
	two := []elbstub.CatalogEntry{entry("eu-de", "https://de.example.com/v1.0/123"), entry("eu-nl",
		"https://nl.example.com")}
	reversed := []elbstub.CatalogEntry{two[1], two[0]}
	for name, row := range map[string]struct {
		region, project string
		remote          bool // whether the host of the identity service is another machine
		insecure        bool
		catalog         []elbstub.CatalogEntry
		want, fails     string
	}{
		"two regions, one chosen": {
			region: "eu-nl", project: project, catalog: two,
			want: "https://nl.example.com",
		},
		"two regions, the project's": {project: project, catalog: two, want: "https://de.example.com"},
		"two regions, the project's is the second": {
			project: project, catalog: reversed,
			want: "https://de.example.com",
		},
		"two regions, the project begins": {project: other, catalog: two, want: "https://de.example.com"},
		"two regions, the project begins with both": {
			project: other, catalog: append([]elbstub.CatalogEntry{entry("eu-d", "https://d.example.com")}, two...),
			want: "https://de.example.com",
		},
		"two regions, none chosen": {
			project: foreign, catalog: append(reversed, two...),
			fails: "several regions: eu-de, eu-nl. Set region",
		},
		"another region": {
			region: "eu-xx", project: project, catalog: two,
			fails: "for the region eu-xx, only for: eu-de, eu-nl",
		},
		"one region, none chosen": {project: project, catalog: two[1:], want: "https://nl.example.com"},
		"one region twice": {
			project: project, catalog: []elbstub.CatalogEntry{two[1], two[1]},
			want: "https://nl.example.com",
		},
		"a region before all": {
			region: "eu-de", project: project,
			catalog: append([]elbstub.CatalogEntry{entry("*", "https://all.example.com")}, two...),
			want:    "https://de.example.com",
		},
		"all, if the region is not": {
			region: "eu-xx", project: project,
			catalog: append([]elbstub.CatalogEntry{entry("", "https://all.example.com")}, two...),
			want:    "https://all.example.com",
		},
		"with a path": {project: project, catalog: []elbstub.CatalogEntry{entry("",
			"https://gateway.example.com/elb/v1.0/$(tenant_id)s")}, want: "https://gateway.example.com/elb"},
		"without TLS": {project: project, catalog: []elbstub.CatalogEntry{entry("",
			"http://elb.example.com")}, fails: "without TLS"},
		"without TLS, insecure": {project: project, insecure: true, catalog: []elbstub.CatalogEntry{entry("",
			"http://elb.example.com")}, want: "http://elb.example.com"},
		"with credentials": {project: project, catalog: []elbstub.CatalogEntry{entry("",
			"https://me:hunter2@elb.example.com")}, fails: "it contains credentials"},
		"with a query": {project: project, catalog: []elbstub.CatalogEntry{entry("",
			"https://elb.example.com/?a=b")}, fails: "it must not have a query"},
		"no URL": {
			project: project, catalog: []elbstub.CatalogEntry{entry("", "elb:example")},
			fails: "it must begin with https:// (or http://)",
		},
		"loopback of loopback": {project: project, catalog: []elbstub.CatalogEntry{entry("",
			"http://127.0.0.1:8080/elb")}, want: "http://127.0.0.1:8080/elb"},
		"remote of a remote IAM": {
			region: "eu-de", project: project, remote: true, catalog: two,
			want: "https://de.example.com",
		},
		"loopback of a remote IAM": {project: project, remote: true, catalog: []elbstub.CatalogEntry{entry("",
			"http://127.0.0.1:8080/elb")}, fails: "it is on this machine, but the identity service is not"},
		"localhost of a remote IAM": {project: project, remote: true, catalog: []elbstub.CatalogEntry{entry("",
			"https://LOCALHOST/elb")}, fails: "is on this machine"},
		"any address of this host": {project: project, remote: true, catalog: []elbstub.CatalogEntry{entry("",
			"https://[::]/elb")}, fails: "is on this machine"},
		"0.0.0.0 of a remote IAM": {project: project, remote: true, catalog: []elbstub.CatalogEntry{entry("",
			"https://0.0.0.0/elb")}, fails: "is on this machine"},
		"a final dot": {project: project, remote: true, catalog: []elbstub.CatalogEntry{entry("",
			"https://localhost./elb")}, fails: "is on this machine"},
		"a name below localhost": {project: project, remote: true, catalog: []elbstub.CatalogEntry{entry("",
			"https://elb.localhost/elb")}, fails: "is on this machine"},
		"a name above localhost": {project: project, remote: true, catalog: []elbstub.CatalogEntry{entry("",
			"https://localhost.localdomain/elb")}, fails: "is on this machine"},
		"a name of Debian's /etc/hosts": {project: project, remote: true, catalog: []elbstub.CatalogEntry{entry("",
			"https://ip6-loopback/elb")}, fails: "is on this machine"},
		"a name of Fedora's /etc/hosts": {project: project, remote: true, catalog: []elbstub.CatalogEntry{entry("",
			"https://localhost6.localdomain6/elb")}, fails: "is on this machine"},
		"mapped to IPv6": {project: project, remote: true, catalog: []elbstub.CatalogEntry{entry("",
			"https://[::ffff:7f00:1]/elb")}, fails: "is on this machine"},
		"a zone": {project: project, remote: true, catalog: []elbstub.CatalogEntry{entry("",
			"https://[::1%25lo]/elb")}, fails: "is on this machine"},
		"a link of this machine": {project: project, remote: true, catalog: []elbstub.CatalogEntry{entry("",
			"https://[fe80::1%25eth0]/elb")}, fails: "is on this machine"},
		"a number": {project: project, remote: true, catalog: []elbstub.CatalogEntry{entry("",
			"http://2130706433/elb")}, fails: "neither a DNS name nor"},
		"a hexadecimal number": {project: project, remote: true, catalog: []elbstub.CatalogEntry{entry("",
			"https://0x7f.1/elb")}, fails: "neither a DNS name nor"},
		"a short address": {project: project, remote: true, catalog: []elbstub.CatalogEntry{entry("",
			"https://127.1/elb")}, fails: "neither a DNS name nor"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t, func(o *elbstub.Options) { o.Identity.Catalog = row.catalog })
			for kind, credentials := range map[string]auth.Credentials{"password": byPassword, "key": byKey} {
				if kind == "password" && row.project == foreign {
					continue // it gets no token for that project
				}
				session := f.session(credentials, func(c *auth.Config) {
					c.Signer.Region, c.Insecure = row.region, row.insecure
					if row.remote {
						c.AuthURL, c.Network = c.AuthURL.JoinPath(), f.namedNetwork()
						c.AuthURL.Host = "iam.example.com"
						c.Insecure = true
					}
				})
				got, err := session.Endpoint(t.Context(), row.project, "elbv1", "elb")
				switch {
				case row.fails == "" && (err != nil || got.String() != row.want):
					t.Errorf("%s: got %v, %v, want %s", kind, got, err, row.want)
				case row.fails != "" && (err == nil || !strings.Contains(err.Error(), row.fails) ||
					strings.Contains(err.Error(), "hunter2")):
					t.Errorf("%s: got %v, %v, want an error with %q", kind, got, err, row.fails)
				}
			}
		})
	}
}

// namedNetwork connects every host name to the stub cloud.
func (f *fixture) namedNetwork() *httpapi.Network {
	return httpapi.NewNetwork(httpapi.Config{Dial: f.memory.DialContext})
}

// TestCatalogThatIsRefused: the error tells the user to set the endpoint.
func TestCatalogThatIsRefused(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.Script(elbstub.ShowCatalog, 1, elbstub.Reply(403, `{"error":{"message":"no","code":"403"}}`))
	_, err := f.session(byKey).Endpoint(t.Context(), project, "elbv1", "elb")
	if err == nil || !strings.Contains(err.Error(), "set endpoint") || httpapi.RefusalOf(err) == nil {
		t.Errorf("got %v", err)
	}
}

// TestEachAttemptIsSigned: a repeated request has its own date and signature.
func TestEachAttemptIsSigned(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		f.network = httpapi.NewNetwork(httpapi.Config{MaxRetries: 3, Dial: f.dial})
		session := observed{session: f.session(byKey)}
		session.observe = func(r *http.Request) {
			session.seen = append(session.seen, r.Header.Get("X-Sdk-Date")+r.Header.Get("Authorization"))
			time.Sleep(time.Minute)
		}
		f.Script(elbstub.ListCertificates, 1, elbstub.Reply(503, ""))
		status, err := f.call(&session, project)
		if err != nil || status != 200 || len(session.seen) != 2 || session.seen[0] == session.seen[1] {
			t.Errorf("%d, %v after %v", status, err, session.seen)
		}
	})
}

// observed passes on each request that a session has authorized.
type observed struct {
	session *auth.Session
	observe func(*http.Request)
	seen    []string
}

// Authorize implements httpapi.Authorizer.
func (o *observed) Authorize(r *http.Request) (renew func(), err error) {
	renew, err = o.session.Authorize(r)
	o.observe(r)
	return renew, err
}

// TestLastCallerCancelsTheFetch: the request for a token ends when its last caller stops waiting, and that failure is
// not cached.
func TestLastCallerCancelsTheFetch(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	asked, ended := make(chan struct{}), make(chan struct{})
	f.Script(elbstub.IssueToken, 1, func(next elbstub.Next) elbstub.Response {
		close(asked)
		<-ended
		return next()
	})
	session := f.session(byPassword)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-asked
		cancel()
	}()
	create := httpapi.Request{Method: http.MethodPost, Body: map[string]string{}, NonIdempotent: true}
	if _, err := f.send(ctx, session, create, project); !errors.Is(err, context.Canceled) || httpapi.Ambiguous(err) {
		t.Errorf("got %v", err)
	}
	close(ended)
	if status, err := f.call(session, project); status != 200 || err != nil {
		t.Errorf("got %d, %v", status, err)
	}
}

// TestOldSignature: the server rejects a signature that is a quarter of an hour old.
func TestOldSignature(t *testing.T) {
	t.Parallel()
	f := newFixture(t, func(o *elbstub.Options) {
		o.Now = func() time.Time { return time.Now().Add(16 * time.Minute) }
	})
	if status, _ := f.call(f.session(byKey), project); status != http.StatusUnauthorized {
		t.Errorf("status %d", status)
	}
	journal := f.Journal()
	if header := fmt.Sprint(journal[0].Header); strings.Contains(header, "Signature=") ||
		!slices.Contains(journal[0].Header["Authorization"], "[redacted]") {
		t.Errorf("the journal shows a signature: %s", header)
	}
}
