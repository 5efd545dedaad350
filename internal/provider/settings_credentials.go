package provider

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/elbaas/terraform-provider-elbaas/internal/auth"
	"github.com/elbaas/terraform-provider-elbaas/internal/secret"
)

// A source that has one of the credentialArguments is a source of credentials.
var credentialArguments = []string{
	"token", "access_key", "secret_key", "security_token", "password", "user_name", "user_id",
}

// fileArguments name a file, which may have any other argument.
var fileArguments = []string{"profile", "shared_config_file", "clouds_entry"}

// findCredentials finds the first source that has any credentials: those of two sources are never mixed.
func (r *resolver) findCredentials() (source, bool) {
	for _, s := range r.sources {
		isUnknown := s.isBlock() && (r.unknown(credentialArguments...) || r.unknown(fileArguments...))
		if isUnknown || s.has(credentialArguments...) {
			return s, true
		}
	}
	return source{}, false
}

// readCredentials takes one set from one source: a token, or else an access key,
// or else a password.
func (r *resolver) readCredentials() {
	s, found := r.findCredentials()
	if !found {
		r.fail("access_key", "Missing credentials", "The provider has no credentials. Set all arguments of one of "+
			"these lines, in the provider block or in the environment:\n"+
			"  - access_key and secret_key (HW_ACCESS_KEY and HW_SECRET_KEY, or the same with HCS_ or OS_)\n"+
			"  - user_name, password and domain_name (HW_USER_NAME, HW_USER_PASSWORD, HW_DOMAIN_NAME; OS_USERNAME, "+
			"OS_PASSWORD, OS_USER_DOMAIN_NAME)\n"+
			"  - token (HW_AUTH_TOKEN or OS_AUTH_TOKEN)\n"+
			"  - a profile of ~/.hcloud/config.json (HW_PROFILE), or an entry of clouds.yaml (clouds_entry, OS_CLOUD)")
		return
	}
	r.settings.credentialsSource = s.label
	r.prefer(s)
	unknown := slices.Concat(credentialArguments, fileArguments, []string{"domain_name", "domain_id"})
	if s.isBlock() && r.unknown(unknown...) {
		return // the missing arguments may be known after an apply
	}
	text := func(name string) string { return r.find(name, s).text }
	missing := func(name string, given value, why string) {
		r.fail(name, "Incomplete credentials", fmt.Sprintf("The %s comes from %s, but %s is not set there%s. Set %s "+
			"as well: credentials of different sources are never mixed.",
			given.name, given.origin, name, why, s.place(name)))
	}
	switch {
	case s.has("token"):
		r.settings.credentials.Token = secret.New(text("token"))
	case s.has("access_key", "secret_key", "security_token"):
		r.settings.credentials = auth.Credentials{
			AccessKey:     text("access_key"),
			SecretKey:     secret.New(text("secret_key")),
			SecurityToken: secret.New(text("security_token")),
		}
		if !s.has("access_key") {
			missing("access_key", s.first("secret_key", "security_token"), "")
		} else if !s.has("secret_key") {
			missing("secret_key", s.first("access_key"), "")
		}
	default:
		r.settings.credentials = auth.Credentials{
			UserName:   text("user_name"),
			UserID:     text("user_id"),
			DomainName: text("domain_name"),
			DomainID:   text("domain_id"),
			Password:   secret.New(text("password")),
		}
		switch {
		case !s.has("password"):
			missing("password", s.first("user_name", "user_id"), "")
		case !s.has("user_name", "user_id"):
			missing("user_name", s.first("password"), "")
		case !s.has("user_id", "domain_name", "domain_id"):
			missing("domain_name", s.first("user_name"), ", and a name is unique in its domain (account) only")
		}
	}
	scheme := r.find("signing_scheme", r.sources...).text
	r.settings.signingScheme = cmp.Or(auth.Scheme(scheme), auth.SchemeAccess)
	r.readAgency()
}

// prefer sorts the sources for everything but the credentials: the provider block comes first, then the source of the
// credentials, then the other sources in their order. A file comes before the variables that name it.
func (r *resolver) prefer(credentials source) {
	r.credentials, r.lastRank = credentials, credentials.rank
	slices.SortStableFunc(r.sources, func(a, b source) int { return cmp.Compare(a.rank, b.rank) })
	for _, s := range r.sources {
		switch {
		case s.rank == blockRank || s.rank == credentials.rank:
			r.own = append(r.own, s)
		case s.rank < credentials.rank:
			r.earlier = append(r.earlier, s)
		default:
			r.later = append(r.later, s)
		}
	}
	r.sources = slices.Concat(r.own, r.earlier, r.later)
}

// readAgency reads the agency. It is assumed with the access key, from whatever source
// that comes.
func (r *resolver) readAgency() {
	const name, domain = "assume_role.agency_name", "assume_role.domain_name"
	i := slices.IndexFunc(r.sources, func(s source) bool { return s.has(name, domain) })
	if i < 0 || r.unknown(name, domain) {
		return
	}
	s := r.sources[i]
	agency := s.first(name)
	for _, needed := range []string{name, domain} {
		if !s.has(needed) {
			r.missing(needed, fmt.Sprintf("An agency needs its name and the name of the domain (account) that created "+
				"it. Set %s as well.", s.place(needed)))
			return
		}
	}
	if kind := r.settings.credentials.Kind(); kind != auth.KindAccessKey {
		r.fail(name, "Agency without an access key", fmt.Sprintf("The agency from %s can be assumed with an access "+
			"key only, and the credentials from %s are a %s. Without the agency, the provider would use another "+
			"account. Set access_key and secret_key, or remove %s.",
			agency.origin, r.credentials.label, kind, agency.origin))
	}
	r.settings.agency = &auth.Agency{Name: agency.text, DomainName: s.first(domain).text}
}
