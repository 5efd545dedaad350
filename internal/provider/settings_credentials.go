package provider

import (
	"fmt"
	"slices"
	"strings"

	"github.com/elbaas/terraform-provider-elbaas/internal/auth"
	"github.com/elbaas/terraform-provider-elbaas/internal/secret"
)

// A source that has one of the credentialArguments is a source of credentials.
var credentialArguments = []string{
	"token", "access_key", "secret_key", "security_token", "password", "user_name", "user_id",
}

// fileArguments name a file, which may have any other argument.
var fileArguments = []string{"profile", "shared_config_file", "clouds_entry"}

// credentialsSource returns the first source that has any credentials: those of
// two sources are never mixed.
func (r *resolver) credentialsSource() (source, bool) {
	for _, s := range r.sources {
		unknown := s.label == blockLabel && (r.unknown(credentialArguments...) || r.unknown(fileArguments...))
		if unknown || s.has(credentialArguments...) {
			return s, true
		}
	}
	return source{}, false
}

// readCredentials takes one set from one source: a token, or else an access key,
// or else a password.
func (r *resolver) readCredentials() source {
	s, found := r.credentialsSource()
	if !found {
		r.fail("access_key", "Missing credentials", "The provider has no credentials. Set all arguments of one of "+
			"these lines, in the provider block or in the environment:\n"+
			"  - access_key and secret_key (HW_ACCESS_KEY and HW_SECRET_KEY, or the same with HCS_ or OS_)\n"+
			"  - user_name, password and domain_name (HW_USER_NAME, HW_USER_PASSWORD, HW_DOMAIN_NAME; OS_USERNAME, "+
			"OS_PASSWORD, OS_USER_DOMAIN_NAME)\n"+
			"  - token (HW_AUTH_TOKEN or OS_AUTH_TOKEN)\n"+
			"  - a profile of ~/.hcloud/config.json (HW_PROFILE), or an entry of clouds.yaml (clouds_entry, OS_CLOUD)")
		return s
	}
	r.settings.credentialsSource = s.label
	r.prefer(s)
	unknown := slices.Concat(credentialArguments, fileArguments, []string{"domain_name", "domain_id"})
	if s.label == blockLabel && r.unknown(unknown...) {
		return s // the missing arguments may be known after an apply
	}
	credentials := auth.Credentials{
		Token:         secret.New(s.values["token"]),
		AccessKey:     s.values["access_key"],
		SecretKey:     secret.New(s.values["secret_key"]),
		SecurityToken: secret.New(s.values["security_token"]),
		UserName:      s.values["user_name"],
		UserID:        s.values["user_id"],
		DomainName:    s.values["domain_name"],
		DomainID:      s.values["domain_id"],
		Password:      secret.New(s.values["password"]),
	}
	missing := func(name, what string) {
		r.fail(name, "Incomplete credentials", fmt.Sprintf("%s, but %s is not set there. Set %s as well: credentials "+
			"of different sources are never mixed.", what, name, s.place(name)))
	}
	from := func(name string) string { return "The " + name + " comes from " + r.origin(s, name) }
	switch {
	case s.has("token"):
		r.checkHeader(s, "token")
	case s.has("access_key", "secret_key", "security_token"):
		switch {
		case s.has("access_key") && !s.has("secret_key"):
			missing("secret_key", from("access_key"))
		case s.has("secret_key") && !s.has("access_key"):
			missing("access_key", from("secret_key"))
		case !s.has("access_key"):
			missing("access_key", from("security_token"))
		}
		r.checkHeader(s, "access_key")
		r.checkHeader(s, "secret_key")
		r.checkHeader(s, "security_token")
	case !s.has("password"):
		missing("password", "The user comes from "+s.label)
	case !s.has("user_name", "user_id"):
		missing("user_name", from("password"))
	case !s.has("user_id", "domain_name", "domain_id"):
		missing("domain_name", from("user_name")+", and a name is unique in its domain (account) only")
	}
	r.settings.credentials = credentials
	r.readSigning()
	r.readAgency(s)
	return s
}

// checkHeader makes sure that a value can be sent in a header.
func (r *resolver) checkHeader(s source, name string) {
	text := s.values[name]
	if i := strings.IndexFunc(text, func(c rune) bool { return c <= ' ' || c > '~' }); i >= 0 {
		r.invalid(name, fmt.Sprintf("The %s from %s contains %s as character %d. It must consist of printable ASCII "+
			"characters. If it is read from a file, remove the line end: trimspace(file(…)).",
			name, r.origin(s, name), describeRune([]rune(text[i:])[0]), len([]rune(text[:i]))+1))
	}
}

func (r *resolver) readSigning() {
	text, origin := r.value("signing_scheme")
	switch scheme := auth.Scheme(text); scheme {
	case "":
		r.settings.signingScheme = auth.SchemeAccess
	case auth.SchemeAccess, auth.SchemeScoped:
		r.settings.signingScheme = scheme
	default:
		r.invalid("signing_scheme", fmt.Sprintf("The signing scheme from %s is %s. It must be %q (the default) or "+
			"%q.", origin, quoted(text), auth.SchemeAccess, auth.SchemeScoped))
	}
}

// readAgency reads the agency. It is assumed with the access key, from whatever source
// that comes.
func (r *resolver) readAgency(credentials source) {
	const name, domain = "assume_role.agency_name", "assume_role.domain_name"
	i := slices.IndexFunc(r.sources, func(s source) bool { return s.has(name, domain) })
	if i < 0 || r.unknown(name, domain) {
		return
	}
	s := r.sources[i]
	for _, missing := range []string{name, domain} {
		if !s.has(missing) {
			r.fail(missing, "Missing provider argument "+missing,
				fmt.Sprintf("An agency needs its name and the name of the domain (account) that created it. Set %s as "+
					"well.", s.place(missing)))
			return
		}
	}
	if kind := r.settings.credentials.Kind(); kind != auth.KindAccessKey {
		r.fail(name, "Agency without an access key", fmt.Sprintf("The agency from %s can be assumed with an access "+
			"key only, and the credentials from %s are a %s. Without the agency, the provider would use another account. "+
			"Set access_key and secret_key, or remove %s.",
			r.origin(s, name), credentials.label, kind, r.origin(s, name)))
	}
	r.settings.agency = &auth.Agency{Name: s.values[name], DomainName: s.values[domain]}
}
