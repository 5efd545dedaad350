package provider

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/elbaas/terraform-provider-elbaas/internal/auth"
	"github.com/elbaas/terraform-provider-elbaas/internal/secret"
)

// credentialArguments are the arguments that make a source a source of credentials if it has any of them.
var credentialArguments = []string{
	"token", "access_key", "secret_key", "security_token", "user_name", "user_id", "password",
}

// fileArguments name a file, which may set any other argument.
var fileArguments = []string{"profile", "shared_config_file", "clouds_entry"}

// findCredentials finds the first source that has any credentials: those of two sources are never mixed.
func (r *resolver) findCredentials() (source, bool) {
	if r.unknown(credentialArguments...) || r.unknown(fileArguments...) {
		return r.sources[0], true
	}
	return firstWith(r.sources, credentialArguments...)
}

// readCredentials reads the credentials of one source: a token, or else an access key, or else a password.
func (r *resolver) readCredentials() {
	s, found := r.findCredentials()
	if !found {
		r.diags.AddAttributeError(pathOf("access_key"), "Missing credentials", "The provider has no credentials. "+
			"Set all arguments of one of these lines, in the provider block or in the environment:\n"+
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
	var needed [][]string // one argument of each group is required
	c := &r.settings.Credentials
	switch {
	case s.has("token"):
		c.Token = secret.New(text("token"))
	case s.has("access_key", "secret_key", "security_token"):
		c.Key.Access, c.Key.Secret = text("access_key"), secret.New(text("secret_key"))
		c.Key.SecurityToken = secret.New(text("security_token"))
		needed = [][]string{{"access_key"}, {"secret_key"}}
	default:
		c.UserName, c.UserID = text("user_name"), text("user_id")
		c.DomainName, c.DomainID = text("domain_name"), text("domain_id")
		c.Password = secret.New(text("password"))
		needed = [][]string{{"password"}, {"user_name", "user_id"}, {"domain_name", "domain_id", "user_id"}}
	}
	i := slices.IndexFunc(needed, func(names []string) bool { return !s.has(names...) })
	if i >= 0 {
		name, given, why := needed[i][0], s.first(credentialArguments...), ""
		if name == "domain_name" {
			why = ", and a user name is unique only in its domain (account)"
		}
		r.diags.AddAttributeError(pathOf(name), "Incomplete credentials", fmt.Sprintf("The %s comes from %s, but %s "+
			"is not set there%s. Set %s as well: credentials of different sources are never mixed.",
			given.name, given.origin, name, why, s.place(name)))
	}
	r.settings.Signer.Scheme = auth.Scheme(r.find("signing_scheme", r.sources...).text)
	r.readAgency()
}

// prefer sorts the sources for everything but the credentials: the provider block comes first, then the source of the
// credentials, then the other sources in their order. A file comes before the variables that name it.
func (r *resolver) prefer(credentials source) {
	r.credentials, r.lastRank = credentials, credentials.rank
	order := func(s source) int {
		if s.rank == credentials.rank {
			return blockRank
		}
		return s.rank
	}
	slices.SortStableFunc(r.sources, func(a, b source) int { return cmp.Compare(order(a), order(b)) })
}

// readAgency reads the agency. It is assumed with the access key, whichever source that comes from.
func (r *resolver) readAgency() {
	const name, domain = "assume_role.agency_name", "assume_role.domain_name"
	s, found := firstWith(r.sources, name, domain)
	if !found || r.unknown(name, domain) {
		return
	}
	agency, owner := r.find(name, s), r.find(domain, s)
	for _, needed := range []string{name, domain} {
		if !s.has(needed) {
			r.fail("Missing", needed, fmt.Sprintf("An agency needs its name and the name of the domain (account) "+
				"that created it. Set %s as well.", s.place(needed)))
			return
		}
	}
	if kind := r.settings.Credentials.Kind(); kind != auth.KindAccessKey {
		r.diags.AddAttributeError(pathOf(name), "Agency without an access key", fmt.Sprintf("The agency from %s can "+
			"be assumed only with an access key, but the credentials from %s are a %s. Without the agency, the "+
			"provider would use another account. Set access_key and secret_key, or remove %s.",
			agency.origin, r.credentials.label, kind, s.place(name)))
	}
	r.settings.Credentials.Agency = &auth.Agency{Name: agency.text, DomainName: owner.text}
}
