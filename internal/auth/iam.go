package auth

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/gophercloud/gophercloud/v2"
	"github.com/gophercloud/gophercloud/v2/openstack/identity/v3/tokens"

	"github.com/elbaas/terraform-provider-elbaas/internal/secret"
)

// maxAnswer bounds the body of an answer of the identity service, in bytes: a
// service catalog has some 100 KiB.
const maxAnswer = 4 << 20

// A token is a Keystone token and what it came with.
type token struct {
	text      secret.Value
	projectID string
	catalog   []service
}

// A scope is what a token is good for: a project, by its id or its name, or
// nothing.
type scope struct{ projectID, projectName string }

// service is an entry of the service catalog.
type service struct {
	Type      string `json:"type"`
	Endpoints []struct {
		Region    string `json:"region"`
		Interface string `json:"interface"`
		URL       string `json:"url"`
	} `json:"endpoints"`
}

type project struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// ErrNoAuthURL says that the identity service is needed, and its address is not
// known.
var ErrNoAuthURL = errors.New("the address of the identity service is not known")

// fetchToken asks for a token with the password (reference).
func (s *Session) fetchToken(ctx context.Context, of scope) (token, time.Duration, error) {
	const doing = "ask the identity service for a token"
	if s.config.AuthURL == nil {
		return token{}, 0, &Error{doing, ErrNoAuthURL}
	}
	c := s.config.Credentials
	request := tokens.AuthOptions{
		Username: c.UserName, UserID: c.UserID, DomainName: c.DomainName, DomainID: c.DomainID, Password: c.Password.Reveal(),
		Scope: tokens.Scope{ProjectID: of.projectID, ProjectName: of.projectName},
	}
	if of.projectName != "" {
		request.Scope.DomainName, request.Scope.DomainID = c.DomainName, c.DomainID
	}
	if request.UserID != "" { // Keystone takes no domain besides an id
		request.DomainName, request.DomainID = "", ""
	}
	client := &gophercloud.ProviderClient{HTTPClient: *s.plain}
	client.UserAgent.Prepend(s.config.UserAgent)
	result := tokens.Create(ctx, &gophercloud.ServiceClient{ProviderClient: client, Endpoint: strings.TrimSuffix(s.config.AuthURL.String(), "/") + "/"}, &request)
	var refusal gophercloud.ErrUnexpectedResponseCode
	if errors.As(result.Err, &refusal) {
		return token{}, 0, &Error{doing, s.config.DecodeError(&http.Response{
			StatusCode: refusal.Actual, Header: refusal.ResponseHeader, Body: io.NopCloser(bytes.NewReader(refusal.Body)),
			Request: sentPassword(c.Password),
		})}
	}
	if result.Err != nil {
		return token{}, 0, &Error{doing, result.Err}
	}
	var issued struct {
		ExpiresAt time.Time `json:"expires_at"`
		IssuedAt  time.Time `json:"issued_at"`
		Project   project   `json:"project"`
		Catalog   []service `json:"catalog"`
	}
	if err := result.ExtractInto(&issued); err != nil {
		return token{}, 0, &Error{doing, fmt.Errorf("the answer could not be read: %w", err)}
	}
	text, _ := result.ExtractTokenID()
	if text == "" {
		return token{}, 0, &Error{doing, errors.New("the answer has no X-Subject-Token")}
	}
	// Both times are the server's, so that our clock may be wrong.
	lasts := issued.ExpiresAt.Sub(issued.IssuedAt)
	if issued.IssuedAt.IsZero() {
		lasts = issued.ExpiresAt.Sub(s.config.Now())
	}
	return token{text: secret.New(text), projectID: issued.Project.ID, catalog: issued.Catalog}, max(lasts, time.Second), nil
}

// sentPassword is a request that tells an error decoder what must not be shown.
func sentPassword(password secret.Value) *http.Request {
	body, _ := json.Marshal(map[string]string{"password": password.Reveal()})
	return &http.Request{GetBody: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }}
}

// fetchProjectID looks a project up by its name (reference).
func (s *Session) fetchProjectID(ctx context.Context, name string) (string, error) {
	doing := fmt.Sprintf("find the id of the project %q", name)
	if s.config.Credentials.Kind() == KindPassword {
		// A token for the project tells its id, and is needed anyway.
		of := scope{projectName: name}
		got, _, err := s.tokensOf(of).get(ctx)
		if err == nil && got.projectID != "" {
			s.tokens.LoadOrStore(scope{projectID: got.projectID}, s.tokensOf(of))
			return got.projectID, nil
		}
		if err == nil {
			return "", &Error{doing, errors.New("the token names no project")}
		}
		// Keystone does not say what was wrong. A token for no project can tell
		// whether it was the name.
		if all, listErr := s.listProjects(ctx, "", "auth", "projects"); listErr == nil && !slices.ContainsFunc(all, func(p project) bool { return p.Name == name }) {
			return "", &Error{doing, noProject(all)}
		}
		return "", err
	}
	found, err := s.listProjects(ctx, name, "projects")
	if err != nil {
		return "", &Error{doing, err}
	}
	found = slices.DeleteFunc(found, func(p project) bool { return p.Name != name }) // a server may ignore the filter
	switch len(found) {
	case 0:
		all, err := s.listProjects(ctx, "", "projects")
		if err != nil {
			return "", &Error{doing, errors.New("there is no project of that name")}
		}
		return "", &Error{doing, noProject(all)}
	case 1:
		return found[0].ID, nil
	}
	ids := make([]string, len(found))
	for i, p := range found {
		ids[i] = p.ID
	}
	slices.Sort(ids)
	return "", &Error{doing, fmt.Errorf("there are %d projects of that name: %s. Set project_id to one of them", len(ids), strings.Join(ids, ", "))}
}

func noProject(all []project) error {
	names := make([]string, len(all))
	for i, p := range all {
		names[i] = fmt.Sprintf("%q", p.Name)
	}
	slices.Sort(names)
	if len(names) == 0 {
		return errors.New("there is no project of that name, and no other that these credentials may see")
	}
	return fmt.Errorf("there is no project of that name. There are: %s", strings.Join(names, ", "))
}

// listProjects lists the projects of a name, or all.
func (s *Session) listProjects(ctx context.Context, name string, path ...string) ([]project, error) {
	query := url.Values{}
	if name != "" {
		query.Set("name", name)
	}
	var answer struct {
		Projects []project `json:"projects"`
	}
	err := s.get(ctx, "", query, &answer, path...)
	return answer.Projects, err
}

// fetchEndpoint reads the service catalog.
func (s *Session) fetchEndpoint(ctx context.Context, projectID string, types []string) (*url.URL, error) {
	doing := fmt.Sprintf("find the service %q in the service catalog", types[0])
	var catalog []service
	if s.config.Credentials.Kind() == KindPassword {
		got, _, err := s.tokensOf(scope{projectID: projectID}).get(ctx)
		if err != nil {
			return nil, err
		}
		catalog = got.catalog
	} else {
		var answer struct {
			Catalog []service `json:"catalog"`
		}
		if err := s.get(ctx, projectID, nil, &answer, "auth", "catalog"); err != nil {
			return nil, &Error{doing, err}
		}
		catalog = answer.Catalog
	}
	for _, kind := range types {
		for _, service := range catalog {
			if service.Type != kind {
				continue
			}
			for _, endpoint := range service.Endpoints {
				// Region may be anything for a service of all regions (observed).
				everywhere := endpoint.Region == "" || endpoint.Region == "*"
				if endpoint.Interface != "public" || !everywhere && s.config.Region != "" && endpoint.Region != s.config.Region {
					continue
				}
				base, _, _ := strings.Cut(endpoint.URL, "/v1.0") // some name version and project (observed)
				if found, err := url.Parse(base); err == nil && found.Host != "" {
					return found, nil
				}
			}
		}
	}
	return nil, &Error{doing, errors.New("it is not there. Set endpoint, or region, in the provider block")}
}

// fetchAgencyKey asks for the temporary keys of an agency (reference).
func (s *Session) fetchAgencyKey(ctx context.Context) (Key, time.Duration, error) {
	doing := fmt.Sprintf("assume the agency %q of %q", s.config.Agency.Name, s.config.Agency.DomainName)
	type role struct {
		AgencyName string `json:"agency_name"`
		DomainName string `json:"domain_name"`
		Seconds    int    `json:"duration_seconds"`
	}
	type identity struct {
		Methods    []string `json:"methods"`
		AssumeRole role     `json:"assume_role"`
	}
	const lifetime = time.Hour
	body := map[string]any{"auth": map[string]any{"identity": identity{
		Methods:    []string{"assume_role"},
		AssumeRole: role{s.config.Agency.Name, s.config.Agency.DomainName, int(lifetime.Seconds())},
	}}}
	var answer struct {
		Credential struct {
			Access        string    `json:"access"`
			Secret        string    `json:"secret"`
			SecurityToken string    `json:"securitytoken"`
			ExpiresAt     time.Time `json:"expires_at"`
		} `json:"credential"`
	}
	if s.config.AuthURL == nil {
		return Key{}, 0, &Error{doing, ErrNoAuthURL}
	}
	text, err := json.Marshal(body)
	if err != nil {
		return Key{}, 0, &Error{doing, err}
	}
	// The path has a version of its own, beside /v3.
	target := s.config.AuthURL.JoinPath("..", "v3.0", "OS-CREDENTIAL", "securitytokens")
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, target.String(), bytes.NewReader(text))
	if err != nil {
		return Key{}, 0, &Error{doing, err}
	}
	request.Header.Set("Content-Type", "application/json")
	if err := s.do(s.signed, request, http.StatusCreated, &answer); err != nil {
		return Key{}, 0, &Error{doing, err}
	}
	c := answer.Credential
	if c.Access == "" || c.Secret == "" || c.SecurityToken == "" {
		return Key{}, 0, &Error{doing, errors.New("the answer has no complete key")}
	}
	lasts := min(c.ExpiresAt.Sub(s.config.Now()), lifetime)
	return Key{Access: c.Access, Secret: secret.New(c.Secret), SecurityToken: secret.New(c.SecurityToken)}, max(lasts, time.Second), nil
}

// get reads from the identity service, with the credentials of every request.
func (s *Session) get(ctx context.Context, projectID string, query url.Values, answer any, path ...string) error {
	if s.config.AuthURL == nil {
		return ErrNoAuthURL
	}
	target := s.config.AuthURL.JoinPath(path...)
	target.RawQuery = query.Encode()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, target.String(), nil)
	if err != nil {
		return err
	}
	if projectID != "" {
		request.Header.Set(projectHeader, projectID)
	}
	return s.do(s.authorized, request, http.StatusOK, answer)
}

func (s *Session) do(client *http.Client, request *http.Request, want int, answer any) error {
	request.Header.Set("Accept", "application/json")
	request.Header.Set("User-Agent", s.config.UserAgent)
	response, err := client.Do(request) //nolint:gosec // to the address that the user gave
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != want {
		return s.config.DecodeError(response)
	}
	if err := json.NewDecoder(io.LimitReader(response.Body, maxAnswer)).Decode(answer); err != nil {
		return fmt.Errorf("the answer could not be read: %w", err)
	}
	return nil
}
