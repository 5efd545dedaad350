package auth_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"unicode"

	"github.com/elbaas/terraform-provider-elbaas/internal/auth"
	"github.com/elbaas/terraform-provider-elbaas/internal/httpapi"
)

// TestBadIdentityResponses: the error says what was requested and what came back.
func TestBadIdentityResponses(t *testing.T) {
	t.Parallel()
	type response struct {
		status int
		body   string
	}
	const (
		tokens   = "POST /v3/auth/tokens"
		named    = "GET /v3/projects?name=eu-de"
		projects = "GET /v3/projects"
		theirs   = "GET /v3/auth/projects"
		catalog  = "GET /v3/auth/catalog"
		keys     = "POST /v3.0/OS-CREDENTIAL/securitytokens"

		issued = `{"token":{"expires_at":"2099-01-01T00:00:00Z","issued_at":"2098-12-31T00:00:00Z"}}`
	)
	projectID := func(s *auth.Session) error {
		_, err := s.ProjectID(t.Context(), "eu-de")
		return err
	}
	endpoint := func(s *auth.Session) error {
		_, err := s.Endpoint(t.Context(), project, "elbv1", "elb")
		return err
	}
	nowhere := &url.URL{Scheme: "http", Host: "127.0.0.1:1"}
	call := func(s *auth.Session) error {
		request := httpapi.Request{Method: http.MethodGet, URL: nowhere}
		return httpapi.NewNetwork(httpapi.Config{}).Client(s).Do(t.Context(), request, nil)
	}
	noAuthURL := func(c *auth.Config) { c.AuthURL = nil }
	noServer := func(c *auth.Config) { c.AuthURL = &url.URL{Scheme: "http", Host: "127.0.0.1:1", Path: "/v3"} }
	for name, row := range map[string]struct {
		credentials auth.Credentials
		change      []func(*auth.Config)
		responses   map[string][]response
		do          func(*auth.Session) error
		want        string
	}{
		"token: no server": {
			credentials: byPassword,
			change:      []func(*auth.Config){noServer},
			do:          call,
			want:        "getting a token from the identity service: 127.0.0.1:1 could not be reached",
		},
		"token: no address": {
			credentials: byPassword,
			change:      []func(*auth.Config){noAuthURL},
			do:          call,
			want:        auth.ErrNoAuthURL.Error(),
		},
		"token: a page": {
			credentials: byPassword,
			responses:   map[string][]response{tokens: {{201, "<html>"}}},
			do:          call,
			want:        "getting a token from the identity service: ",
		},
		"token: of another type": {
			credentials: byPassword,
			responses:   map[string][]response{tokens: {{201, `{"token":{"expires_at":7}}`}}},
			do:          call,
			want:        "input is not a JSON string",
		},
		"token: none in the header": {
			credentials: byPassword,
			responses:   map[string][]response{tokens: {{201, issued}}},
			do:          call,
			want:        "getting a token from the identity service: the response has no X-Subject-Token",
		},
		"token: the password in the response": {
			credentials: byPassword,
			responses:   map[string][]response{tokens: {{400, `{"error":{"message":"not ` + password + `"}}`}}},
			do:          call,
			want:        "getting a token from the identity service: ",
		},
		"token: no user": {
			credentials: auth.Credentials{Password: byPassword.Password},
			do:          call,
			want:        "getting a token from the identity service: ",
		},
		"project: token without a project": {
			credentials: byPassword,
			responses:   map[string][]response{tokens: {{299, issued}}},
			do:          projectID,
			want:        `finding the ID of the project "eu-de": the token has no project`,
		},
		"project: it exists, but not for the user": {
			credentials: byPassword,
			responses: map[string][]response{
				tokens: {{403, ""}, {299, issued}},
				theirs: {{200, `{"projects":[{"id":"p","name":"eu-de"}]}`}},
			},
			do:   projectID,
			want: "getting a token from the identity service: ",
		},
		"project: no token for it, and no list": {
			credentials: byPassword,
			responses:   map[string][]response{tokens: {{403, ""}, {299, issued}}, theirs: {{500, ""}}},
			do:          projectID,
			want:        "getting a token from the identity service: ",
		},
		"project: the list fails": {
			credentials: byKey,
			responses:   map[string][]response{named: {{500, ""}}},
			do:          projectID,
			want:        `finding the ID of the project "eu-de": `,
		},
		"project: the list is a page": {
			credentials: byKey,
			responses:   map[string][]response{named: {{200, "<html>"}}},
			do:          projectID,
			want:        "the response is not JSON",
		},
		"project: none, and no list of all": {
			credentials: byKey,
			responses:   map[string][]response{named: {{200, "{}"}}, projects: {{500, ""}}},
			do:          projectID,
			want:        "finding the ID of the project \"eu-de\": there is no project with that name\n",
		},
		"project: none at all": {
			credentials: byKey,
			responses:   map[string][]response{named: {{200, "{}"}}, projects: {{200, "{}"}}},
			do:          projectID,
			want: `finding the ID of the project "eu-de": there is no project with that name, and these credentials ` +
				"cannot access any other project",
		},
		"project: no address": {
			credentials: byKey,
			change:      []func(*auth.Config){noAuthURL},
			do:          projectID,
			want:        auth.ErrNoAuthURL.Error(),
		},
		"catalog: it fails": {
			credentials: byKey,
			responses:   map[string][]response{catalog: {{403, ""}}},
			do:          endpoint,
			want:        `finding the service "elbv1" in the service catalog: `,
		},
		"catalog: no token": {
			credentials: byPassword,
			responses:   map[string][]response{tokens: {{403, ""}}},
			do:          endpoint,
			want:        "getting a token from the identity service: ",
		},
		"catalog: without addresses": {
			credentials: byKey, responses: map[string][]response{
				catalog: {
					{
						200,
						`{"catalog":[{"type":"elb","endpoints":[{"interface":"public","url":"::"},` +
							`{"interface":"internal","url":"http://elb"}]}]}`,
					},
				},
			},
			do: endpoint, want: `finding the service "elbv1" in the service catalog: the catalog has an invalid URL`,
		},
		"agency: no address": {
			credentials: byKey,
			change:      []func(*auth.Config){assume("helpers"), noAuthURL},
			do:          call,
			want:        auth.ErrNoAuthURL.Error(),
		},
		"agency: it fails": {
			credentials: byKey,
			change:      []func(*auth.Config){assume("helpers")},
			responses:   map[string][]response{keys: {{404, ""}}},
			do:          call,
			want:        `assuming the agency "helpers" of "theirs": `,
		},
		"agency: half a key": {
			credentials: byKey,
			change:      []func(*auth.Config){assume("helpers")},
			responses:   map[string][]response{keys: {{201, `{"credential":{"access":"AK","secret":"SK"}}`}}},
			do:          call,
			want:        `assuming the agency "helpers" of "theirs": the response has an incomplete key`,
		},
		"agency: a key without an ID": {
			credentials: byKey,
			change:      []func(*auth.Config){assume("helpers")},
			responses:   map[string][]response{keys: {{201, `{"credential":{"secret":"SK","securitytoken":"ST"}}`}}},
			do:          call,
			want:        "the response has an incomplete key",
		},
		"agency: a key without a secret": {
			credentials: byKey,
			change:      []func(*auth.Config){assume("helpers")},
			responses:   map[string][]response{keys: {{201, `{"credential":{"access":"AK","securitytoken":"ST"}}`}}},
			do:          call,
			want:        "the response has an incomplete key",
		},
		"agency: no server": {
			credentials: byKey,
			change:      []func(*auth.Config){assume("helpers"), noServer},
			do:          call,
			want:        `assuming the agency "helpers" of "theirs": 127.0.0.1:1 could not be reached`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				what := r.Method + " " + r.URL.RequestURI()
				if len(row.responses[what]) == 0 {
					t.Errorf("%s was not expected", what)
					return
				}
				response := row.responses[what][0]
				row.responses[what] = row.responses[what][1:]
				if response.status == 299 { // stands for 201 with a token
					w.Header().Set("X-Subject-Token", "a-token")
					response.status = http.StatusCreated
				}
				w.WriteHeader(response.status)
				_, _ = io.WriteString(w, response.body)
			}))
			t.Cleanup(server.Close)
			address, _ := url.Parse(server.URL + "/v3")
			change := append([]func(*auth.Config){func(c *auth.Config) { c.AuthURL = address }}, row.change...)
			err := row.do(f.session(row.credentials, change...))
			var identity *auth.Error
			if !errors.As(err, &identity) || !strings.Contains(err.Error()+"\n", row.want) ||
				strings.Contains(err.Error(), password) {
				t.Errorf("got %v, want %q", err, row.want)
			}
			for what, left := range row.responses {
				if len(left) > 0 {
					t.Errorf("%s was expected", what)
				}
			}
		})
	}
}

// TestFieldsThatAreNotNeeded: fields that the provider does not use may be missing, or have any
// type.
func TestFieldsThatAreNotNeeded(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/v3/projects" {
			_, _ = io.WriteString(w, `{"projects":[{"id":"p","name":"eu-de","domain":"d"}]}`)
			return
		}
		_, _ = io.WriteString(w, `{"catalog":[{"id":1,"name":2,"type":"elb","endpoints":[`+
			`{"id":3,"region_id":4,"interface":"public","region":null,"url":"http://127.0.0.1:1"}]}]}`)
	}))
	t.Cleanup(server.Close)
	address, _ := url.Parse(server.URL + "/v3")
	s := newFixture(t).session(byKey, func(c *auth.Config) { c.AuthURL, c.Insecure = address, true })
	if id, err := s.ProjectID(t.Context(), "eu-de"); err != nil || id != "p" {
		t.Errorf("project %q, error %v", id, err)
	}
	if got, err := s.Endpoint(t.Context(), project, "elb"); err != nil || got.Host != "127.0.0.1:1" {
		t.Errorf("endpoint %v, error %v", got, err)
	}
}

// TestErrorsOfManyNames: an error that lists names of the identity service is bounded, and has no
// control characters.
func TestErrorsOfManyNames(t *testing.T) {
	t.Parallel()
	var projects, duplicates, endpoints []string
	for n := range 1000 {
		projects = append(projects, fmt.Sprintf(`{"id":"%d","name":"a\u001b[2J%d"}`, n, n))
		duplicates = append(duplicates, fmt.Sprintf(`{"id":"\u001b[2J%d","name":"eu-de"}`, n))
		endpoints = append(endpoints, fmt.Sprintf(`{"interface":"public","region":"\u001b[2J%d"}`, n))
	}
	list := func(name string, elements []string) string {
		return `{"` + name + `":[` + strings.Join(elements, ",") + `]}`
	}
	catalog := `{"catalog":[{"type":"elb","endpoints":[` + strings.Join(endpoints, ",") + `]}]}`
	projectID := func(s *auth.Session) error {
		_, err := s.ProjectID(t.Context(), "eu-de")
		return err
	}
	endpoint := func(s *auth.Session) error {
		_, err := s.Endpoint(t.Context(), project, "elb")
		return err
	}
	for name, row := range map[string]struct {
		body, region string
		do           func(*auth.Session) error
		want         string
	}{
		"no such project":      {list("projects", projects), "", projectID, "Existing projects: "},
		"projects of one name": {list("projects", duplicates), "", projectID, "Set project_id to one of them"},
		"several regions":      {catalog, "", endpoint, "Set region"},
		"another region":       {catalog, "eu-de", endpoint, "Set region"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				_, _ = io.WriteString(w, row.body)
			}))
			t.Cleanup(server.Close)
			address, _ := url.Parse(server.URL + "/v3")
			err := row.do(newFixture(t).session(byKey, func(c *auth.Config) {
				c.AuthURL, c.Signer.Region = address, row.region
			}))
			said := fmt.Sprint(err)
			if len(said) > 4<<10 || strings.ContainsFunc(said, unicode.IsControl) || !strings.Contains(said, row.want) {
				t.Errorf("%d bytes: %.200q", len(said), said)
			}
		})
	}
}

// TestBodyThatCannotBeRead: a request whose body cannot be read for its signature is not sent.
func TestBodyThatCannotBeRead(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	broken := errors.New("broken")
	for name, session := range map[string]*auth.Session{
		"signed":        f.session(byKey),
		"by the agency": f.session(byKey, assume("helpers")),
	} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, f.url.String(), http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		request.GetBody = func() (io.ReadCloser, error) { return nil, broken }
		if _, err := session.Authorize(request); !errors.Is(err, broken) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}
