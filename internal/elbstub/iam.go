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
type AccessKey struct {
	Access, Secret, SecurityToken, Domain string

	expires time.Time // zero if it does not expire
}

// An Agency of a domain lets the access keys of other domains act in it.
type Agency struct{ Name, Domain string }

// A CatalogEntry is an endpoint of a service. URL is a path below the base URL of the Cloud, or
// a whole URL.
type CatalogEntry struct{ Type, Region, URL string }

// issuedToken is a token that the identity service has issued.
type issuedToken struct {
	caller
	expires time.Time
}

// A caller is the sender of a request. It may call the ELB service for its project, or with
// anyProject for all projects of its domain.
type caller struct {
	domain, projectID string
	anyProject        bool
	temporary         bool // by the keys of an agency
}

// iamError is an error response of the identity service (observed).
func iamError(status int, title, message string) (Response, *Refusal) {
	return respond(status, object{{"error", object{{"code", status}, {"message", message}, {"title", title}}}}), nil
}

// iamTime is the layout of the times of the identity service (reference).
const iamTime = "2006-01-02T15:04:05.000000Z"

// An authRequest asks for a token or, as an agency, for temporary keys (reference).
type authRequest struct {
	Auth struct {
		Identity struct {
			Methods  []string
			Password struct {
				User struct {
					ID, Name, Password string
					Domain             domain
				}
			}
			AssumeRole struct {
				AgencyName string `json:"agency_name"`
				DomainName string `json:"domain_name"`
				Seconds    int    `json:"duration_seconds"`
			} `json:"assume_role"`
		}
		Scope struct {
			Project *struct {
				ID, Name string
				Domain   domain
			}
		}
	}
}

// A domain (account) is named by its ID or its name (reference).
type domain struct{ ID, Name string }

func (d domain) isOf(u User) bool { return d.Name == u.Domain || d.ID != "" && d.ID == u.DomainID }

// issueToken is the Keystone v3 password method (reference).
func (c *Cloud) issueToken(r request) (Response, *Refusal) {
	var sent authRequest
	if json.Unmarshal(r.body, &sent) != nil || !slices.Equal(sent.Auth.Identity.Methods, []string{"password"}) {
		return iamError(http.StatusBadRequest, "Bad Request", "The request body is invalid")
	}
	asked, wanted := sent.Auth.Identity.Password.User, sent.Auth.Scope.Project
	user, isKnown := first(c.options.Identity.Users, func(u User) bool {
		byID := asked.ID != "" && asked.ID == u.ID
		byName := asked.Name != "" && asked.Name == u.Name && asked.Domain.isOf(u)
		return (byID || byName) && asked.Password == u.Password
	})
	if !isKnown {
		return iamError(http.StatusUnauthorized, "Unauthorized", "The username or password is wrong.")
	}
	scoped, isTheirs := first(c.options.Identity.Projects, func(p Project) bool {
		return wanted != nil && p.Domain == user.Domain &&
			(wanted.ID == p.ID || wanted.ID == "" && wanted.Name == p.Name && wanted.Domain.isOf(user))
	})
	if wanted != nil && !isTheirs { // Keystone does not say what was wrong (observed)
		return iamError(http.StatusUnauthorized, "Unauthorized", "The request you have made requires authentication.")
	}
	now := c.now()
	expires := now.Add(cmp.Or(c.options.Identity.TokenLifetime, 24*time.Hour))
	token := "issued-" + newID()
	c.issued[token] = issuedToken{caller{domain: user.Domain, projectID: scoped.ID}, expires}

	body := object{
		{"methods", []string{"password"}},
		{"issued_at", now.Format(iamTime)},
		{"expires_at", expires.Format(iamTime)},
	}
	if wanted != nil { // a token without a project has no catalog (reference)
		body = append(body, object{
			{"project", object{{"id", scoped.ID}, {"name", scoped.Name}}},
			{"catalog", c.catalog(r)},
		}...)
	}
	response := respond(http.StatusCreated, object{{"token", body}})
	response.Header.Set("X-Subject-Token", token)
	return response, nil
}

// catalog is the service catalog, whose URLs may have a version and a project (observed).
func (c *Cloud) catalog(r request) []object {
	entries := []object{}
	for _, entry := range c.options.Identity.Catalog {
		address := entry.URL
		if !strings.Contains(address, ":") {
			address = "http://" + r.Host + c.options.BasePath + address
		}
		endpoints := []object{
			{{"region", entry.Region}, {"interface", "admin"}, {"url", "https://admin.invalid"}},
			{{"region", entry.Region}, {"interface", "public"}, {"url", address}},
		}
		entries = append(entries, object{{"type", entry.Type}, {"name", "a name"}, {"endpoints", endpoints}})
	}
	return entries
}

func (c *Cloud) showCatalog(r request) (Response, *Refusal) {
	return respond(http.StatusOK, object{{"catalog", c.catalog(r)}}), nil
}

// listProjects lists the projects of the caller's domain, or those of a name
// (reference).
func (c *Cloud) listProjects(r request) (Response, *Refusal) {
	projects := []object{}
	for _, p := range c.options.Identity.Projects {
		if name := r.URL.Query().Get("name"); p.Domain == r.caller.domain && (name == "" || name == p.Name) {
			projects = append(projects, object{{"id", p.ID}, {"name", p.Name}, {"enabled", true}})
		}
	}
	return respond(http.StatusOK, object{{"links", object{}}, {"projects", projects}}), nil
}

// assumeAgency issues temporary keys (reference), for 15 minutes at least (assumed).
func (c *Cloud) assumeAgency(r request) (Response, *Refusal) {
	var body authRequest
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
		expires:       c.now().Add(time.Duration(role.Seconds) * time.Second),
	}
	c.temporary = append(c.temporary, key)
	return respond(http.StatusCreated, object{{"credential", object{
		{"access", key.Access},
		{"secret", key.Secret},
		{"securitytoken", key.SecurityToken},
		{"expires_at", key.expires.Format(iamTime)},
	}}}), nil
}

// Expire invalidates all tokens and temporary keys that were issued until now.
func (c *Cloud) Expire() {
	c.mu.Lock()
	defer c.mu.Unlock()
	clear(c.issued)
	c.temporary = nil
}
