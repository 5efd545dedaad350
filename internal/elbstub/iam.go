package elbstub

import (
	"cmp"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Identity is the content of the identity service (IAM) of a Cloud, which is served under /v3
// and /v3.0.
type Identity struct {
	Projects   []Project
	Users      []User
	AccessKeys []AccessKey
	Agencies   []Agency
	// TokenLifetime is how long a token is valid. 0 means 24 hours (reference).
	TokenLifetime time.Duration
	// SigningScheme is "access" or "scoped" if only that dialect is accepted, or empty.
	SigningScheme string
	// Catalog is the service catalog. %s stands for the base URL of the Cloud.
	Catalog []CatalogEntry
}

// A Project belongs to a domain (account).
type Project struct{ ID, Name, Domain string }

// A User of a domain has access to all of its projects.
type User struct{ ID, Name, Password, Domain, DomainID string }

// An AccessKey of a domain is valid for all of its projects. A temporary key has a
// SecurityToken.
type AccessKey struct{ Access, Secret, SecurityToken, Domain string }

// An Agency of a domain lets the access keys of other domains act in it.
type Agency struct{ Name, Domain string }

// A CatalogEntry is an endpoint of a service. URL is a path below the base URL of the Cloud, or
// a whole URL.
type CatalogEntry struct{ Type, Region, URL string }

// issuedToken is a token that the identity service has issued.
type issuedToken struct {
	domain, projectID string
	expires           time.Time
}

// A caller is the sender of a request. It may call the ELB service for its project, or with
// anyProject for all projects of its domain.
type caller struct {
	domain, projectID string
	anyProject        bool
	temporary         bool // by the keys of an agency
}

func (c *Cloud) may(who caller, projectID string) bool {
	if !who.anyProject {
		return who.projectID == projectID
	}
	return slices.ContainsFunc(c.options.Identity.Projects, func(p Project) bool {
		return p.ID == projectID && p.Domain == who.domain
	})
}

// iamError is an error response of the identity service (observed).
func iamError(status int, title, message string) (Response, *refusal) {
	return respond(status, object{{"error", object{{"code", status}, {"message", message}, {"title", title}}}}), nil
}

// iamTime is the layout of the times of the identity service (reference).
const iamTime = "2006-01-02T15:04:05.000000Z"

// issueToken is the Keystone v3 password method (reference).
func (c *Cloud) issueToken(r request) (Response, *refusal) {
	type domain struct{ ID, Name string }
	var body struct {
		Auth struct {
			Identity struct {
				Methods  []string
				Password struct {
					User struct {
						ID, Name, Password string
						Domain             domain
					}
				}
			}
			Scope *struct {
				Project *struct {
					ID, Name string
					Domain   domain
				}
			}
		}
	}
	if json.Unmarshal(r.body, &body) != nil || !slices.Equal(body.Auth.Identity.Methods, []string{"password"}) {
		return iamError(http.StatusBadRequest, "Bad Request", "The request body is invalid")
	}
	asked := body.Auth.Identity.Password.User
	user := slices.IndexFunc(c.options.Identity.Users, func(u User) bool {
		byID := asked.ID != "" && asked.ID == u.ID
		byName := asked.Name != "" && asked.Name == u.Name &&
			(asked.Domain.Name == u.Domain || asked.Domain.ID != "" && asked.Domain.ID == u.DomainID)
		return (byID || byName) && asked.Password == u.Password
	})
	if user < 0 {
		return iamError(http.StatusUnauthorized, "Unauthorized", "The username or password is wrong.")
	}
	token := issuedToken{domain: c.options.Identity.Users[user].Domain}
	var scoped Project
	if body.Auth.Scope != nil && body.Auth.Scope.Project != nil {
		wanted := body.Auth.Scope.Project
		i := slices.IndexFunc(c.options.Identity.Projects, func(p Project) bool {
			return p.Domain == token.domain &&
				(wanted.ID != "" && wanted.ID == p.ID || wanted.ID == "" && wanted.Name == p.Name)
		})
		if i < 0 { // Keystone does not say what was wrong (observed)
			const message = "The request you have made requires authentication."
			return iamError(http.StatusUnauthorized, "Unauthorized", message)
		}
		scoped = c.options.Identity.Projects[i]
		token.projectID = scoped.ID
	}
	now := c.options.Now().UTC()
	token.expires = now.Add(cmp.Or(c.options.Identity.TokenLifetime, 24*time.Hour))
	text := "issued-" + newID()
	c.issued[text] = token

	response := respond(http.StatusCreated, object{{"token", object{
		{"methods", []string{"password"}},
		{"issued_at", now.Format(iamTime)},
		{"expires_at", token.expires.Format(iamTime)},
		{"project", object{{"id", scoped.ID}, {"name", scoped.Name}}},
		{"catalog", c.catalog(r)},
	}}})
	response.Header.Set("X-Subject-Token", text)
	return response, nil
}

// catalog is the service catalog, whose URLs may have a version and a project (observed).
func (c *Cloud) catalog(r request) []object {
	entries := []object{}
	for _, entry := range c.options.Identity.Catalog {
		address := entry.URL
		if !strings.Contains(address, ":") {
			address = "http://" + r.host + c.options.BasePath + address
		}
		endpoints := []object{
			{{"region", entry.Region}, {"interface", "admin"}, {"url", "https://admin.invalid"}},
			{{"region", entry.Region}, {"interface", "public"}, {"url", address}},
		}
		entries = append(entries, object{{"type", entry.Type}, {"name", "a name"}, {"endpoints", endpoints}})
	}
	return entries
}

func (c *Cloud) showCatalog(r request) (Response, *refusal) {
	return respond(http.StatusOK, object{{"catalog", c.catalog(r)}}), nil
}

// listProjects lists the projects of the caller's domain, or those of a name
// (reference).
func (c *Cloud) listProjects(r request) (Response, *refusal) {
	projects := []object{}
	for _, p := range c.options.Identity.Projects {
		if name := r.query.Get("name"); p.Domain == r.caller.domain && (name == "" || name == p.Name) {
			projects = append(projects, object{{"id", p.ID}, {"name", p.Name}, {"enabled", true}})
		}
	}
	return respond(http.StatusOK, object{{"links", object{}}, {"projects", projects}}), nil
}

// assumeAgency issues temporary keys (reference).
func (c *Cloud) assumeAgency(r request) (Response, *refusal) {
	var body struct {
		Auth struct {
			Identity struct {
				Methods    []string
				AssumeRole struct {
					AgencyName string `json:"agency_name"`
					DomainName string `json:"domain_name"`
					Seconds    int    `json:"duration_seconds"`
				} `json:"assume_role"`
			}
		}
	}
	err := json.Unmarshal(r.body, &body)
	role := body.Auth.Identity.AssumeRole
	if err != nil || !slices.Equal(body.Auth.Identity.Methods, []string{"assume_role"}) || role.Seconds < 900 {
		return iamError(http.StatusBadRequest, "Bad Request", "The request body is invalid")
	}
	agency := Agency{Name: role.AgencyName, Domain: role.DomainName}
	if r.caller.temporary || !slices.Contains(c.options.Identity.Agencies, agency) {
		return iamError(http.StatusNotFound, "Not Found", "Could not find agency: "+role.AgencyName)
	}
	key := AccessKey{
		Access:        "TEMP" + newID()[:16],
		Secret:        newID(),
		SecurityToken: "security-" + newID(),
		Domain:        role.DomainName,
	}
	c.temporary = append(c.temporary, key)
	expires := c.options.Now().UTC().Add(time.Duration(role.Seconds) * time.Second)
	return respond(http.StatusCreated, object{{"credential", object{
		{"access", key.Access},
		{"secret", key.Secret},
		{"securitytoken", key.SecurityToken},
		{"expires_at", expires.Format(iamTime)},
	}}}), nil
}

// Expire invalidates all tokens and temporary keys that were issued until now.
func (c *Cloud) Expire() {
	c.mu.Lock()
	defer c.mu.Unlock()
	clear(c.issued)
	c.temporary = nil
}
