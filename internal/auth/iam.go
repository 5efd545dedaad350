package auth

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/gophercloud/gophercloud/v2"

	"github.com/elbaas/terraform-provider-elbaas/internal/httpapi"
	"github.com/elbaas/terraform-provider-elbaas/internal/secret"
)

// A token is a Keystone token with its project and service catalog.
type token struct {
	text      secret.Value
	projectID string
	catalog   []service
}

// A scope is the project of a token, by its ID or its name. It may be empty.
type scope struct{ projectID, projectName string }

// These types have only the fields that are used. Those of gophercloud have more, and a cloud that sends one of them in
// another form would make the whole response unreadable.
type (
	catalog struct {
		Entries []service `json:"catalog"`
	}
	service struct {
		Type      string     `json:"type"`
		Endpoints []endpoint `json:"endpoints"`
	}
	endpoint struct {
		Region    string `json:"region"`
		Interface string `json:"interface"`
		URL       string `json:"url"`
	}
	project struct {
		ID   string `json:"id"`
		Name string `json:"name"`
	}
)

// ErrNoAuthURL says that the address of the identity service is needed, but not known.
var ErrNoAuthURL = errors.New("the address of the identity service is not known")

// fetchToken requests a token with the password (reference).
func (s *Session) fetchToken(ctx context.Context, of scope) (token, time.Duration, error) {
	const doing = "getting a token from the identity service"
	c := s.config.Credentials
	if c.DomainName != "" {
		c.DomainID = "" // Keystone wants one of them, and many environments have both
	}
	options := gophercloud.AuthOptions{
		Username:   c.UserName,
		UserID:     c.UserID,
		DomainName: c.DomainName,
		DomainID:   c.DomainID,
		Password:   c.Password.Reveal(),
		TenantID:   of.projectID,
		TenantName: of.projectName,
	}
	within, err := options.ToTokenV3ScopeMap()
	if options.UserID != "" { // Keystone rejects a name or a domain with a user ID
		options.Username, options.DomainName, options.DomainID = "", "", ""
	}
	body, incomplete := options.ToTokenV3CreateMap(within)
	if err = errors.Join(err, incomplete); err != nil {
		return token{}, 0, &Error{doing, err}
	}
	var issued struct {
		Token struct {
			catalog
			ExpiresAt time.Time `json:"expires_at"`
			IssuedAt  time.Time `json:"issued_at"`
			Project   project   `json:"project"`
		} `json:"token"`
	}
	header, err := s.call(ctx, nil, httpapi.Request{
		Method: http.MethodPost, Body: body, Secrets: []secret.Value{c.Password},
	}, &issued, "v3", "auth", "tokens")
	if err != nil {
		return token{}, 0, &Error{doing, err}
	}
	text := header.Get("X-Subject-Token")
	if text == "" {
		return token{}, 0, &Error{doing, errors.New("the response has no X-Subject-Token")}
	}
	// Both times are those of the server, so that our clock does not matter.
	t := issued.Token
	lifetime := t.ExpiresAt.Sub(t.IssuedAt)
	if t.IssuedAt.IsZero() {
		lifetime = time.Until(t.ExpiresAt)
	}
	return token{text: secret.New(text), projectID: t.Project.ID, catalog: t.Entries}, max(lifetime, time.Second), nil
}

// fetchProjectID finds a project by its name (reference).
func (s *Session) fetchProjectID(ctx context.Context, name string) (string, error) {
	doing := fmt.Sprintf("finding the ID of the project %q", name)
	var tokenErr error
	filter := name // an account may have many projects
	if c := s.config.Credentials; c.DomainName+c.DomainID != "" {
		// The token for the project, whose name needs the domain, has its ID, and is needed anyway.
		of := scope{projectName: name}
		got, _, err := s.cachedToken(of).get(ctx)
		switch {
		case err == nil && got.projectID == "":
			return "", &Error{doing, errors.New("the token has no project")}
		case err == nil:
			s.tokens.LoadOrStore(scope{projectID: got.projectID}, s.cachedToken(of))
			return got.projectID, nil
		}
		// Keystone does not say what was wrong. A list of projects, which needs no token for the project, shows whether
		// it was the name.
		tokenErr, filter = err, ""
	}
	listed, err := s.listProjects(ctx, filter)
	var ids []string
	for _, p := range listed { // the filter may be ignored
		if p.Name == name && !slices.Contains(ids, p.ID) {
			ids = append(ids, p.ID)
		}
	}
	switch {
	case tokenErr != nil && (err != nil || len(ids) > 0):
		return "", tokenErr
	case err != nil:
		return "", &Error{doing, err}
	case len(ids) == 0:
		if filter != "" {
			if listed, err = s.listProjects(ctx, ""); err != nil {
				return "", &Error{doing, errors.New("there is no project with that name")}
			}
		}
		return "", &Error{doing, noProject(listed)}
	case len(ids) == 1:
		return ids[0], nil
	}
	const several = "there are %d projects with that name: %s. Set project_id to one of them"
	return "", &Error{doing, fmt.Errorf(several, len(ids), shown(ids))}
}

// shown joins names or IDs that the identity service has returned, for an error.
func shown(names []string) string { return httpapi.Printable(strings.Join(names, ", ")) }

// noProject returns the error for a name that is not among the projects that the credentials can access.
func noProject(all []project) error {
	names := make([]string, len(all))
	for i, p := range all {
		names[i] = fmt.Sprintf("%q", p.Name)
	}
	slices.Sort(names)
	if len(names) == 0 {
		return errors.New("there is no project with that name, and these credentials cannot access any other project")
	}
	return fmt.Errorf("there is no project with that name. Existing projects: %s", shown(names))
}

// listProjects lists the projects that the credentials can access: those of a name, or all if it
// is empty.
func (s *Session) listProjects(ctx context.Context, name string) ([]project, error) {
	path := []string{"v3", "projects"}
	if s.config.Credentials.Kind() == KindPassword {
		path = []string{"v3", "auth", "projects"}
	}
	var body struct {
		Projects []project `json:"projects"`
	}
	get := httpapi.Request{Method: http.MethodGet}
	if name != "" {
		get.URL = &url.URL{RawQuery: url.Values{"name": {name}}.Encode()}
	}
	_, err := s.call(ctx, s, get, &body, path...)
	return body.Projects, err
}

// fetchEndpoint finds a service in the service catalog, which comes with a token for a password, and is requested
// otherwise.
func (s *Session) fetchEndpoint(ctx context.Context, projectID string, types []string) (*url.URL, error) {
	doing := fmt.Sprintf("finding the service %q in the service catalog", types[0])
	var found catalog
	if s.config.Credentials.Kind() == KindPassword {
		got, _, err := s.cachedToken(scope{projectID: projectID}).get(ctx)
		if err != nil {
			return nil, err
		}
		found.Entries = got.catalog
	} else {
		request := httpapi.Request{Method: http.MethodGet, Header: http.Header{projectHeader: {projectID}}}
		if _, err := s.call(ctx, s, request, &found, "v3", "auth", "catalog"); err != nil {
			return nil, &Error{doing, fmt.Errorf("%w. Not every cloud returns its catalog for these credentials: "+
				"set endpoint in the provider block", err)}
		}
	}
	chosen, err := s.chooseEndpoint(ctx, found.Entries, projectID, types)
	if err != nil {
		return nil, &Error{doing, err}
	}
	return chosen, nil
}

// fetchAgencyKey requests the temporary keys of an agency (reference).
func (s *Session) fetchAgencyKey(ctx context.Context) (Key, time.Duration, error) {
	agency := s.config.Credentials.Agency
	doing := fmt.Sprintf("assuming the agency %q of %q", agency.Name, agency.DomainName)
	const lifetime = time.Hour
	role := map[string]any{
		"agency_name":      agency.Name,
		"domain_name":      agency.DomainName,
		"duration_seconds": int(lifetime.Seconds()),
	}
	identity := map[string]any{"methods": []string{"assume_role"}, "assume_role": role}
	body := map[string]any{"auth": map[string]any{"identity": identity}}
	var issued struct {
		Credential struct {
			Access        string    `json:"access"`
			Secret        string    `json:"secret"`
			SecurityToken string    `json:"securitytoken"`
			ExpiresAt     time.Time `json:"expires_at"`
		} `json:"credential"`
	}
	owner := s.config // the owner of the access key assumes the agency
	owner.Credentials.Agency = nil
	request := httpapi.Request{Method: http.MethodPost, Body: body}
	if _, err := s.call(ctx, New(owner), request, &issued, "v3.0", "OS-CREDENTIAL", "securitytokens"); err != nil {
		return Key{}, 0, &Error{doing, err}
	}
	c := issued.Credential
	if c.Access == "" || c.Secret == "" || c.SecurityToken == "" {
		return Key{}, 0, &Error{doing, errors.New("the response has an incomplete key")}
	}
	remaining := min(time.Until(c.ExpiresAt), lifetime)
	key := Key{Access: c.Access, Secret: secret.New(c.Secret), SecurityToken: secret.New(c.SecurityToken)}
	return key, max(remaining, time.Second), nil
}

// finalVersion matches the version at the end of an address of the identity service: /v3, or /v2.0 in an old one. An
// address may also have none (all observed).
var finalVersion = regexp.MustCompile(`/v[0-9]+(\.[0-9]+)?/?$`)

// call sends a request to a path of the identity service, whatever version its address has, with the
// credentials of an authorizer; nil means none. It decodes the body of the response, and returns its header.
func (s *Session) call(
	ctx context.Context, authorizer httpapi.Authorizer, request httpapi.Request, body any, path ...string,
) (http.Header, error) {
	if s.config.AuthURL == nil {
		return nil, ErrNoAuthURL
	}
	root := *s.config.AuthURL
	root.Path = finalVersion.ReplaceAllString(root.Path, "")
	root.RawPath = finalVersion.ReplaceAllString(root.RawPath, "")
	target := root.JoinPath(path...)
	if request.URL != nil {
		target.RawQuery = request.URL.RawQuery
	}
	request.URL = target
	var header http.Header
	err := s.config.Network.Client(authorizer).Do(ctx, request, func(response *http.Response) error {
		header = response.Header
		return json.NewDecoder(response.Body).Decode(body)
	})
	return header, err
}
