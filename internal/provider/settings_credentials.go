package provider

import (
	"fmt"
	"strings"

	"github.com/elbaas/terraform-provider-elbaas/internal/auth"
	"github.com/elbaas/terraform-provider-elbaas/internal/secret"
)

// credentialArguments make a source one of credentials.
var credentialArguments = []argument{
	tokenArgument, accessKeyArgument, secretKeyArgument, securityTokenArgument, passwordArgument, userNameArgument, userIDArgument,
}

// credentialsSource returns the first source that has any credentials: those of
// two sources are never mixed.
func (r *reading) credentialsSource() (source, bool) {
	for _, s := range r.sources {
		if s.has(credentialArguments...) || s.label == blockLabel && r.unknown(credentialArguments...) {
			return s, true
		}
	}
	return source{}, false
}

// readCredentials takes one set from one source: a token, or else an access key,
// or else a password.
func (r *reading) readCredentials() source {
	s, found := r.credentialsSource()
	if !found {
		r.fail(accessKeyArgument, "Missing credentials", "The provider has no credentials. Give one of these sets, whole, in the provider block or in the environment:\n"+
			"  - access_key and secret_key (HW_ACCESS_KEY and HW_SECRET_KEY, or the same with HCS_ or OS_)\n"+
			"  - user_name, password and domain_name (HW_USER_NAME, HW_USER_PASSWORD, HW_DOMAIN_NAME; OS_USERNAME, OS_PASSWORD, OS_USER_DOMAIN_NAME)\n"+
			"  - token (HW_AUTH_TOKEN or OS_AUTH_TOKEN)\n"+
			"  - a profile of ~/.hcloud/config.json (HW_PROFILE), or an entry of clouds.yaml (clouds_entry, OS_CLOUD)")
		return s
	}
	r.settings.credentialsSource = s.label
	if s.label == blockLabel && r.unknown(append([]argument{domainNameArgument, domainIDArgument}, credentialArguments...)...) {
		return s // what is missing may come yet
	}
	credentials := auth.Credentials{
		Token:         secret.New(s.values[tokenArgument.name]),
		AccessKey:     s.values[accessKeyArgument.name],
		SecretKey:     secret.New(s.values[secretKeyArgument.name]),
		SecurityToken: secret.New(s.values[securityTokenArgument.name]),
		UserName:      s.values[userNameArgument.name],
		UserID:        s.values[userIDArgument.name],
		DomainName:    s.values[domainNameArgument.name],
		DomainID:      s.values[domainIDArgument.name],
		Password:      secret.New(s.values[passwordArgument.name]),
	}
	missing := func(a argument, what string) {
		r.fail(a, "Incomplete credentials", fmt.Sprintf("%s, but %s does not go with it. Set %s too: credentials of different sources are never mixed.", what, a.name, s.way(a)))
	}
	from := func(a argument) string { return "The " + a.name + " comes from " + r.origin(s, a) }
	switch {
	case s.has(tokenArgument):
		r.checkHeader(s, tokenArgument)
	case s.has(accessKeyArgument, secretKeyArgument, securityTokenArgument):
		switch {
		case s.has(accessKeyArgument) && !s.has(secretKeyArgument):
			missing(secretKeyArgument, from(accessKeyArgument))
		case s.has(secretKeyArgument) && !s.has(accessKeyArgument):
			missing(accessKeyArgument, from(secretKeyArgument))
		case !s.has(accessKeyArgument):
			missing(accessKeyArgument, from(securityTokenArgument))
		}
		r.checkHeader(s, accessKeyArgument)
		r.checkHeader(s, secretKeyArgument)
		r.checkHeader(s, securityTokenArgument)
	case !s.has(passwordArgument):
		missing(passwordArgument, "A user is given")
	case !s.has(userNameArgument, userIDArgument):
		missing(userNameArgument, from(passwordArgument))
	case !s.has(userIDArgument, domainNameArgument, domainIDArgument):
		missing(domainNameArgument, from(userNameArgument)+", and a name is unique in its domain (account) only")
	}
	r.settings.credentials = credentials
	r.readSigning()
	r.readAgency(s)
	return s
}

// checkHeader makes sure that a value can be sent in a header.
func (r *reading) checkHeader(s source, a argument) {
	text := s.values[a.name]
	if i := strings.IndexFunc(text, func(c rune) bool { return c <= ' ' || c > '~' }); i >= 0 {
		r.invalid(a, fmt.Sprintf("The %s from %s contains %s as character %d. It has printable ASCII characters only. "+
			"If it is read from a file, remove the line end: trimspace(file(…)).", a.name, r.origin(s, a), describeRune([]rune(text[i:])[0]), len([]rune(text[:i]))+1))
	}
}

func (r *reading) readSigning() {
	text, origin := r.value(signingSchemeArgument)
	switch scheme := auth.Scheme(text); scheme {
	case "":
		r.settings.signingScheme = auth.SchemeAccess
	case auth.SchemeAccess, auth.SchemeScoped:
		r.settings.signingScheme = scheme
	default:
		r.invalid(signingSchemeArgument, fmt.Sprintf("The signing scheme from %s is %q. Give %q, which is the default, or %q.", origin, text, auth.SchemeAccess, auth.SchemeScoped))
	}
}

// readAgency takes an agency from the block, or from where the credentials are.
func (r *reading) readAgency(credentials source) {
	s := r.sources[0]
	if !s.has(agencyNameArgument, agencyDomainArgument) {
		s = credentials
	}
	if r.unknown(agencyNameArgument, agencyDomainArgument) || !s.has(agencyNameArgument, agencyDomainArgument) {
		return
	}
	for _, a := range []argument{agencyNameArgument, agencyDomainArgument} {
		if !s.has(a) {
			r.fail(a, "Missing provider argument "+a.name, fmt.Sprintf("An agency is known by its name and by the domain name of the account that made it. Set %s too.", s.way(a)))
		}
	}
	if r.settings.credentials.Kind() != auth.KindAccessKey {
		r.fail(agencyNameArgument, "Agency without an access key", fmt.Sprintf("An agency is assumed with an access key, and the credentials of %s are a %s. Give access_key and secret_key, or leave assume_role out.",
			credentials.label, r.settings.credentials.Kind()))
	}
	r.settings.agency = &auth.Agency{Name: s.values[agencyNameArgument.name], DomainName: s.values[agencyDomainArgument.name]}
}
