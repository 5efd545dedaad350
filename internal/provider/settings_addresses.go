package provider

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/elbaas/terraform-provider-elbaas/internal/auth"
)

// defaultCloud is the cloud used when only a region is set.
const defaultCloud = "myhuaweicloud.com"

// readAddresses finds out where the services are. Credentials go only where the
// provider block or their own source says, or else an earlier source.
func (r *resolver) readAddresses() {
	region := r.find("region", r.sources...)
	r.settings.region = region.text
	r.settings.addressesUnknown = r.unknown("region", "cloud", "auth_url", "endpoint") || r.unknown(fileArguments...)
	if r.settings.addressesUnknown {
		return // nothing is called before they are known
	}

	endpoint := r.find("endpoint", r.sources...)
	naming := r.naming(region, endpoint)
	if r.leavesAddresses(region) && !r.sources[0].has("endpoint") {
		r.lastRank = endpoint.rank
		if len(naming) > 0 {
			r.lastRank = naming[0].rank
		}
	}
	cloud, authURL := r.find("cloud", naming...), r.find("auth_url", naming...)
	r.settings.endpoint = r.address(endpoint, "https://elb.eu-de.otc.t-systems.com")
	r.settings.authURL = r.address(authURL, "https://iam.eu-de.otc.t-systems.com/v3")
	r.settings.plainCatalog = r.allowsHTTP(authURL) // the catalog is of the source that names it
	if r.diags.HasError() {
		return
	}

	domain, named := cloud.text, domainOf(r.settings.authURL, "iam", region.text)
	if named != "" && (domain == "" || authURL.rank < cloud.rank) {
		domain = named
	}
	if domain == "" && r.settings.authURL == nil {
		domain = domainOf(r.settings.endpoint, "elb", region.text)
		if domain == "" {
			domain = r.cloudByDefault(region)
		}
	}
	if region.text != "" && domain != "" {
		// The identity service of a private cloud has an address of its own.
		isPrivate := r.credentials.rank == hcsRank && !r.credentials.isFile && region.rank == hcsRank &&
			(cloud.text == "" || cloud.rank == hcsRank)
		if r.settings.endpoint == nil {
			r.settings.endpoint = r.serviceAddress("elb." + region.text + "." + domain)
		}
		if r.settings.authURL == nil && !isPrivate {
			r.settings.authURL = r.serviceAddress("iam." + region.text + "." + domain + "/v3")
		}
	}
	if !r.diags.HasError() {
		r.checkAddresses()
	}
}

// naming returns the sources that name the cloud. It looks at the provider block and the source of the credentials,
// then at earlier sources, then, if the block leaves addresses to the environment, at later ones, and returns the first
// that names a cloud.
func (r *resolver) naming(region, endpoint value) []source {
	if hasAny(r.own, "cloud", "auth_url") {
		return r.own
	}
	for i, s := range r.earlier {
		if s.has("cloud", "auth_url") {
			return r.earlier[i : i+1]
		}
	}
	for i, s := range r.later {
		if r.leavesAddresses(region) && s.has("region", "cloud", "auth_url") {
			if r.sources[0].has("endpoint") && !sameCloud(endpoint.text, s.first("auth_url").text, region.text) {
				return nil
			}
			return r.later[i : i+1]
		}
	}
	return nil
}

// leavesAddresses reports whether the provider block has the credentials, and leaves the
// region and the cloud to the environment, as is usual in CI.
func (r *resolver) leavesAddresses(region value) bool {
	return r.credentials.isBlock() && (region.text == "" || region.rank != blockRank)
}

// sameCloud reports whether an auth_url has the host of an endpoint, or a host in the cloud that the endpoint names
// (elb.{region}.{domain}). An endpoint in the provider block says where the credentials of the block go, so only such
// an auth_url of the environment may receive a password:
//
//   - Beside https://elb.eu-de.example.com, the auth_url https://iam.eu-de.example.com counts.
//   - The auth_url https://iam.eu-de.example.org does not: the block then needs an auth_url of its own.
func sameCloud(endpoint, authURL, region string) bool {
	elb, err := auth.ParseBaseURL(endpoint, true)
	iam, other := auth.ParseBaseURL(authURL, true)
	if errors.Join(err, other) != nil {
		return false // an endpoint that is not valid is reported where it is read
	}
	domain := domainOf(elb, "elb", region)
	isName := !strings.Contains(iam.Host, "[") // the zone of an IPv6 address may end in anything
	return iam.Host == elb.Host || domain != "" && isName && strings.HasSuffix(iam.Hostname(), "."+domain)
}

// cloudByDefault returns the default cloud. It returns an empty text if the default cloud must not be used although no
// source that counts names another; noAuthURL then says why.
func (r *resolver) cloudByDefault(region value) string {
	regionCounts := region.text != "" && region.rank <= r.credentials.rank
	naming := []string{"cloud", "auth_url"}
	if !regionCounts {
		naming = append(naming, "clouds_entry")
	}
	later := ""
	if i := slices.IndexFunc(r.later, func(s source) bool { return s.has(naming...) }); i >= 0 {
		later = capitalize(r.later[i].first(naming...).origin) + " is set, but it comes from a later source, and " +
			"credentials are never sent where only a later source says. "
	}
	isPrivate := r.credentials.rank == hcsRank || r.leavesAddresses(region) && region.rank == hcsRank
	why := "Without it, they would go to the default cloud (" + defaultCloud + "), which may be the wrong one. "
	switch {
	case r.settings.endpoint != nil:
		r.settings.noAuthURL = later + "The endpoint is set, but it does not name the cloud of the identity service: " +
			"set auth_url, or cloud and region. "
		return ""
	case region.text != "" && isPrivate:
		why = "The region comes from " + region.origin + ". Settings from HCS_… variables are for a private cloud " +
			"and never go to the default cloud (" + defaultCloud + "). "
	case later == "",
		r.credentials.isFile && r.credentials.has("region"),
		r.credentials.rank != blockRank && regionCounts:
		return defaultCloud
	}
	r.settings.noAuthURL = fmt.Sprintf("The credentials come from %s, and no cloud is set there. %s%sSet %s, to the "+
		"domain of the cloud that the credentials are for; or set auth_url, or endpoint (ELBAAS_ENDPOINT). ",
		r.credentials.label, later, why, r.placeFor("cloud"))
	return ""
}

// placeFor says where to set an argument so that it counts for the credentials. Credentials of
// a file go with the variables that name the file.
func (r *resolver) placeFor(name string) string {
	place := name + " in " + blockLabel
	isTaken := name == "cloud" && hasAny(r.own, "clouds_entry") // OS_CLOUD names an entry
	if r.credentials.rank == blockRank || isTaken {
		return place
	}
	return source{rank: r.credentials.rank}.place(name) + ", or " + place
}

// checkAddresses reports an address that is required and not known.
func (r *resolver) checkAddresses() {
	why := r.settings.noAuthURL
	needs := func(what string) {
		r.missing("auth_url", fmt.Sprintf("%s the identity service, and its address is not known. %sSet %s. On a "+
			"public cloud, set region and cloud instead.", what, why, r.placeFor("auth_url")))
	}
	switch {
	case r.settings.authURL != nil:
	case r.settings.endpoint == nil && why != "":
		r.missing("cloud", strings.TrimSpace(why))
	case r.settings.endpoint == nil:
		r.missing("region", "The address of the ELB service is not known. "+argumentNamed("region").remedy()+
			" On a private cloud, set endpoint instead (ELBAAS_ENDPOINT).")
	case r.settings.agency != nil:
		needs("An agency is assumed at")
	case r.settings.credentials.Kind() == auth.KindPassword && !r.settings.credentials.Password.Empty():
		needs("A password is exchanged for a token at")
	}
}

// domainOf returns the cloud that the address of a service names in its host, such as
// "otc.t-systems.com" in "iam.eu-de.otc.t-systems.com", or an empty text.
func domainOf(address *url.URL, service, region string) string {
	if address == nil || region == "" || !strings.HasPrefix(address.Hostname(), service) {
		return ""
	}
	_, domain, _ := strings.Cut(address.Hostname(), "."+strings.ToLower(region)+".")
	if !strings.Contains(domain, ".") {
		return ""
	}
	return domain
}

// address parses a base URL. It returns nil for one that is not set.
func (r *resolver) address(v value, example string) *url.URL {
	if v.text == "" {
		return nil
	}
	address, err := auth.ParseBaseURL(v.text, r.allowsHTTP(v))
	if err == nil {
		return address
	}
	remedy := "Set it to a base URL such as " + example + ". It may have a path, but no credentials, query or fragment."
	elsewhere := r.find("insecure", r.sources...)
	if _, other := auth.ParseBaseURL(v.text, true); other == nil && isTrue(elsewhere) { // it is about TLS alone
		remedy = capitalize(elsewhere.origin) + " sets insecure, which does not apply to the address of another " +
			"source. To allow it, set insecure = true in the provider block."
	}
	r.invalid(v.name, fmt.Sprintf("The %s cannot be used: %s. %s", v.from(), err, remedy))
	return nil
}

// serviceAddress reads the base URL of a service that is made of region and cloud, or
// returns nil. The error does not show it: the cloud may be a token, which has dots too.
func (r *resolver) serviceAddress(text string) *url.URL {
	address, err := auth.ParseBaseURL("https://"+text, false)
	if err != nil {
		r.invalid("cloud", "The region and the cloud do not form a valid host name such as "+
			"elb.eu-de.otc.t-systems.com. Check region and cloud.")
	}
	return address
}
