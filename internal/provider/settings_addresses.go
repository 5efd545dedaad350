package provider

import (
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
func (r *resolver) readAddresses(credentials source) {
	r.lastRank = credentials.rank
	region, regionSource := r.valueWhere("region", func(source) bool { return true })
	if region != "" {
		noun := "region from " + r.origin(regionSource, "region")
		const rule = "It may contain up to 63 letters, digits and hyphens" // as the label of a host name
		err := checkText(noun, region, 63, rule, func(r rune) bool { return isLatinOrDigit(r) || r == '-' })
		if err != nil {
			r.invalid("region", sentence(err)+" Set a region such as eu-de.")
		}
	}
	r.settings.region = region
	if r.unknown(fileArguments...) {
		return // the file may have any of them
	}

	endpoint, endpointSource := r.valueWhere("endpoint", func(source) bool { return true })
	naming := r.naming(credentials, endpoint)
	r.lastRank = r.lastToCount(credentials, naming, endpointSource)
	r.settings.endpoint = r.address("endpoint", endpoint, endpointSource,
		"the ELB service, such as https://elb.eu-de.otc.t-systems.com")
	authURL, authSource := first(naming, "auth_url")
	r.settings.authURL = r.address("auth_url", authURL, authSource,
		"the identity service, such as https://iam.eu-de.otc.t-systems.com/v3")
	r.settings.plainCatalog = r.allowsHTTP(authSource) // the catalog is of the source that names it
	cloud, cloudSource := first(naming, "cloud")
	r.checkCloud(cloud, r.origin(cloudSource, "cloud"))
	if r.diags.HasError() || r.unknown("region", "cloud", "auth_url", "endpoint") {
		return
	}

	named := domainOf(r.settings.authURL, "iam", region)
	if named != "" && (cloud == "" || before(naming, "auth_url", "cloud")) {
		cloud = named
	}
	if cloud == "" && r.settings.endpoint != nil && r.settings.authURL == nil {
		cloud = domainOf(r.settings.endpoint, "elb", region)
	}
	if cloud == "" && r.settings.authURL == nil {
		if r.settings.noAuthURL = r.whyNotDefault(credentials, regionSource); r.settings.noAuthURL == "" {
			cloud = defaultCloud
		}
	}

	// The identity service of a private cloud has an address of its own.
	private := credentials.prefix == "HCS_" && regionSource.prefix == "HCS_" &&
		(cloudSource.label == "" || cloudSource.prefix == "HCS_")
	if region != "" && cloud != "" {
		if r.settings.endpoint == nil {
			r.settings.endpoint = r.serviceAddress("elb." + region + "." + cloud)
		}
		if r.settings.authURL == nil && !private {
			r.settings.authURL = r.serviceAddress("iam." + region + "." + cloud + "/v3")
		}
	}
	if r.diags.HasError() {
		return
	}
	r.checkAddresses(credentials, region)
}

// naming returns the sources that name the cloud. It looks at the provider block and the source of the credentials,
// then at earlier sources, then, if the block leaves addresses to the environment, at later ones, and returns the first
// that names a cloud.
func (r *resolver) naming(credentials source, endpoint string) []source {
	own := r.at(credentials, ownSource)
	if slices.ContainsFunc(own, namesCloud) || r.unknown("cloud", "auth_url") {
		return own
	}
	earlier := r.at(credentials, earlierSource)
	if i := slices.IndexFunc(earlier, namesCloud); i >= 0 {
		return earlier[i : i+1]
	}
	if !r.leavesAddresses(credentials) {
		return nil
	}
	later := r.at(credentials, laterSource)
	i := slices.IndexFunc(later, func(s source) bool { return s.has("region", "cloud", "auth_url") })
	if i < 0 || r.sources[0].has("endpoint") && !r.sameCloud(endpoint, later[i]) {
		return nil
	}
	return later[i : i+1]
}

// leavesAddresses reports whether the provider block has the credentials, and leaves the
// region and the cloud to the environment, as is usual in CI.
func (r *resolver) leavesAddresses(credentials source) bool {
	return credentials.label == blockLabel && !hasAny(r.at(credentials, ownSource), "region") && !r.unknown("region")
}

// sameCloud reports whether the auth_url of a source has the host of an endpoint, or a host in the cloud that the
// endpoint names (elb.{region}.{domain}). An endpoint in the provider block says where the credentials of the block go,
// so only such an auth_url of the environment may receive a password:
//
//   - Beside https://elb.eu-de.example.com, the auth_url https://iam.eu-de.example.com counts.
//   - The auth_url https://iam.eu-de.example.org does not: the block then needs an auth_url of its own.
func (r *resolver) sameCloud(endpoint string, s source) bool {
	elb, err := url.Parse(endpoint)
	if err != nil {
		return false // it is reported where it is read
	}
	iam, err := url.Parse(s.values["auth_url"])
	if err != nil {
		return false
	}
	domain := domainOf(elb, "elb", r.settings.region)
	isName := checkDomainName("host", iam.Hostname(), domainRule) == nil // the zone of an IPv6 address may end in anything
	return iam.Host != "" && iam.Host == elb.Host ||
		domain != "" && isName && strings.HasSuffix(strings.ToLower(iam.Hostname()), "."+domain)
}

// lastToCount returns the rank of the lowest-priority source that may turn off TLS verification: that of the
// credentials, or of the addresses that the provider block leaves to the environment.
func (r *resolver) lastToCount(credentials source, naming []source, endpoint source) int {
	switch {
	case r.sources[0].has("endpoint"):
		return credentials.rank // nothing later makes its calls insecure
	case len(naming) > 0:
		return max(credentials.rank, naming[0].rank)
	case r.leavesAddresses(credentials):
		return endpoint.rank
	}
	return credentials.rank
}

// at returns the sources of a priority.
func (r *resolver) at(credentials source, wanted int) []source {
	var found []source
	for _, s := range r.sources {
		if priority(s, credentials) == wanted {
			found = append(found, s)
		}
	}
	return found
}

func namesCloud(s source) bool { return s.has("cloud", "auth_url") }

func hasAny(sources []source, names ...string) bool {
	return slices.ContainsFunc(sources, func(s source) bool { return s.has(names...) })
}

// first returns an argument of the first source that has it.
func first(sources []source, name string) (string, source) {
	for _, s := range sources {
		if s.has(name) {
			return s.values[name], s
		}
	}
	return "", source{}
}

// before reports whether the source of one argument comes before that of another.
func before(sources []source, name, other string) bool {
	has := func(name string) func(source) bool { return func(s source) bool { return s.has(name) } }
	return slices.IndexFunc(sources, has(name)) < slices.IndexFunc(sources, has(other))
}

// whyNotDefault returns why the default cloud must not be used although no source that
// counts names another. It is empty if the default cloud may be used.
func (r *resolver) whyNotDefault(credentials, region source) string {
	own := r.at(credentials, ownSource)
	regionCounts := hasAny(own, "region") || hasAny(r.at(credentials, earlierSource), "region")
	later := ""
	for _, s := range r.at(credentials, laterSource) {
		for _, name := range []string{"cloud", "auth_url", "clouds_entry"} {
			if later == "" && s.has(name) && (name != "clouds_entry" || !regionCounts) {
				later = capitalize(r.origin(s, name)) + " is set, but it comes from a later source, and credentials " +
					"are never sent where only a later source says. "
			}
		}
	}
	private := r.isPrivate(credentials) || r.leavesAddresses(credentials) && r.isPrivate(region)
	switch {
	case r.settings.endpoint != nil:
		return later + "The endpoint is set, but it does not name the cloud of the identity service: set auth_url, or " +
			"cloud and region. "
	case region.label != "" && private:
		return fmt.Sprintf("The credentials come from %s, the region comes from %s, and no cloud is set. "+
			"%sSettings from HCS_… variables are for a private cloud and never go to the default cloud (%s). "+
			"Set %s, to the domain of the cloud; or set endpoint (ELBAAS_ENDPOINT), or auth_url. ",
			credentials.label, r.origin(region, "region"), later, defaultCloud, r.placeFor(credentials, "cloud"))
	case credentials.isFile && credentials.has("region") || credentials.rank != blockRank && regionCounts:
		return ""
	case later != "":
		return fmt.Sprintf("The credentials come from %s, and no cloud is set there. %s"+
			"Without it, they would go to the default cloud (%s), which may be the wrong one. "+
			"Set %s: to %q, or to the domain of the cloud that the credentials are for. ",
			credentials.label, later, defaultCloud, r.placeFor(credentials, "cloud"), defaultCloud)
	}
	return ""
}

// isPrivate reports whether a source is of Huawei Cloud Stack, which is a private cloud:
// its variables, or a file that they name.
func (r *resolver) isPrivate(s source) bool {
	return slices.ContainsFunc(r.sources, func(other source) bool {
		return other.prefix == "HCS_" && other.rank == s.rank
	})
}

// placeFor says where to set an argument so that it counts for credentials. Credentials of
// a file go with the variables that name the file.
func (r *resolver) placeFor(credentials source, name string) string {
	block := source{label: blockLabel}.place(name)
	for _, s := range r.sources {
		taken := name == "cloud" && s.has("clouds_entry") // OS_CLOUD names an entry
		if s.prefix != "" && s.rank == credentials.rank && !taken {
			return s.place(name) + ", or " + block
		}
	}
	return block
}

// checkAddresses reports an address that is required and not known.
func (r *resolver) checkAddresses(credentials source, region string) {
	why := r.settings.noAuthURL
	if r.settings.endpoint == nil && r.settings.authURL == nil {
		if why != "" {
			r.fail("cloud", "Missing provider argument cloud", strings.TrimSpace(why))
		} else {
			r.fail("region", "Missing provider argument region",
				fmt.Sprintf("The address of the ELB service is not known. %s On a private cloud, set endpoint instead (%s).",
					argumentNamed("region").remedy(), argumentNamed("endpoint").variables[0]))
		}
		return
	}
	if r.settings.authURL != nil {
		return
	}
	if region == "" {
		why += "The region is not set. "
	}
	needs := func(what string) {
		r.fail("auth_url", "Missing provider argument auth_url",
			fmt.Sprintf("%s the identity service, and its address is not known. %sSet %s. On a public cloud, set region "+
				"and cloud instead.", what, why, r.placeFor(credentials, "auth_url")))
	}
	switch {
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
	_, domain, _ := strings.Cut(strings.ToLower(address.Hostname()), "."+strings.ToLower(region)+".")
	if !strings.Contains(domain, ".") || checkDomainName("domain", domain, domainRule) != nil {
		return ""
	}
	return domain
}

func (r *resolver) checkCloud(cloud, origin string) {
	if cloud == "" {
		return
	}
	if !strings.Contains(cloud, ".") {
		r.invalid("cloud", fmt.Sprintf("The cloud from %s is %s, which is not a domain name: it has no dot. Set it "+
			"to the domain of the cloud's endpoints, such as otc.t-systems.com. For an entry of clouds.yaml, set "+
			"clouds_entry instead.", origin, quoted(cloud)))
	} else if err := checkDomainName("cloud from "+origin, cloud, domainRule); err != nil {
		r.invalid("cloud", sentence(err))
	}
}

// address parses a base URL. It returns nil for an empty text.
func (r *resolver) address(name, text string, s source, what string) *url.URL {
	if text == "" {
		return nil
	}
	address, err := auth.ParseBaseURL(text, r.allowsHTTP(s))
	if err == nil {
		return address
	}
	remedy := fmt.Sprintf("Set it to the base URL of %s. It may have a path, but no credentials, query or fragment.", what)
	if _, other := auth.ParseBaseURL(text, true); other == nil { // it is about TLS alone
		if elsewhere := r.insecureElsewhere(); elsewhere != "" {
			remedy = elsewhere + "To allow it, set insecure = true in the provider block."
		}
	}
	r.invalid(name, fmt.Sprintf("The %s from %s cannot be used: %s. %s", name, r.origin(s, name), err, remedy))
	return nil
}

// serviceAddress reads the base URL of a service that is made of region and cloud, or
// returns nil. The error does not show it: the cloud may be a token, which has dots too.
func (r *resolver) serviceAddress(text string) *url.URL {
	address, err := auth.ParseBaseURL("https://"+text, false)
	if err != nil && !r.diags.HasError() {
		r.invalid("cloud", "The region and the cloud do not form a valid host name such as elb.eu-de.otc.t-systems.com. "+
			"Check region and cloud.")
	}
	return address
}
