package provider

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/elbaas/terraform-provider-elbaas/internal/auth"
)

// defaultCloud is where a region alone is looked for. It receives nothing where a
// cloud, an auth_url or an endpoint is named that counts.
const defaultCloud = "myhuaweicloud.com"

// readAddresses finds out where the services are. Credentials go only where the
// provider block or their own source says, or else an earlier source.
func (r *resolver) readAddresses(credentials source) {
	region, regionOrigin := r.value("region")
	if region != "" {
		if err := checkHostLabel(region); err != nil {
			r.invalid("region", fmt.Sprintf("The region from %s %s. A region is such as eu-de.", regionOrigin, err))
		}
	}
	r.settings.region = region
	insecure := r.readInsecure()
	endpoint, endpointOrigin := r.value("endpoint")
	r.settings.endpoint = r.address("endpoint", endpoint, endpointOrigin, insecure,
		"the ELB service, such as https://elb.eu-de.otc.t-systems.com")

	naming := r.naming(credentials)
	authURL, authSource := first(naming, "auth_url")
	r.settings.authURL = r.address("auth_url", authURL, r.origin(authSource, "auth_url"), insecure,
		"the identity service, such as https://iam.eu-de.otc.t-systems.com/v3")
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
		if r.settings.noAuthURL = r.whyNotDefault(credentials); r.settings.noAuthURL == "" {
			cloud = defaultCloud
		}
	}

	// The identity service of a private cloud has an address of its own.
	private := credentials.prefix == "HCS_" && strings.Contains(regionOrigin, "HCS_") &&
		(cloudSource.label == "" || cloudSource.prefix == "HCS_")
	if region != "" && cloud != "" {
		if r.settings.endpoint == nil {
			r.settings.endpoint = &url.URL{Scheme: "https", Host: "elb." + region + "." + cloud}
		}
		if r.settings.authURL == nil && !private {
			r.settings.authURL = &url.URL{Scheme: "https", Host: "iam." + region + "." + cloud, Path: "/v3"}
		}
	}
	r.checkAddresses(region)
}

// naming returns the sources that may say which cloud it is. Within the first of
// these groups that says so, an earlier source counts before a later one.
func (r *resolver) naming(credentials source) []source {
	own := r.at(credentials, ownSource)
	if slices.ContainsFunc(own, namesCloud) || r.unknown("cloud", "auth_url") {
		return own
	}
	earlier := r.at(credentials, earlierSource)
	if i := slices.IndexFunc(earlier, namesCloud); i >= 0 {
		return earlier[i : i+1]
	}
	// Who writes credentials into the provider block, and nothing else, leaves the rest
	// to the environment.
	if credentials.label == blockLabel && !hasAny(own, "region") && !r.unknown("region") {
		later := r.at(credentials, laterSource)
		if i := slices.IndexFunc(later, func(s source) bool { return s.has("region", "cloud", "auth_url") }); i >= 0 {
			return later[i : i+1]
		}
	}
	return nil
}

// at returns the sources at a distance from the credentials.
func (r *resolver) at(credentials source, wanted int) []source {
	var found []source
	for _, s := range r.sources {
		if distance(s, credentials) == wanted {
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

// whyNotDefault says why the default cloud is out of the question where no source
// that counts names another; it is empty if it is not.
func (r *resolver) whyNotDefault(credentials source) string {
	if r.settings.endpoint != nil {
		return "The endpoint is set, but it does not tell where the identity service is: set auth_url, or cloud and " +
			"region. "
	}
	own := r.at(credentials, ownSource)
	regionCounts := hasAny(own, "region") || hasAny(r.at(credentials, earlierSource), "region")
	if credentials.isFile && credentials.has("region") || credentials.rank != blockRank && regionCounts {
		return ""
	}
	for _, s := range r.at(credentials, laterSource) {
		for _, name := range []string{"cloud", "auth_url", "clouds_entry"} {
			if !s.has(name) || name == "clouds_entry" && regionCounts {
				continue
			}
			return fmt.Sprintf("The credentials come from %s, and no cloud is set there. "+
				"%s is set, but it comes from a later source, and credentials are not sent where only a later source "+
				"says. "+
				"Without it, they would go to the default cloud (%s), which may be the wrong one. "+
				"Set %s: to %q, or to the domain of the cloud that the credentials are for. ",
				credentials.label, capitalize(r.origin(s, name)), defaultCloud, settles(credentials), defaultCloud)
		}
	}
	return ""
}

// settles says where to set the cloud of credentials.
func settles(credentials source) string {
	block := source{label: blockLabel}.place("cloud")
	if variable := argumentNamed("cloud").variable(credentials.prefix); credentials.prefix != "" {
		return "the environment variable " + variable + ", or " + block
	}
	return block // a file has no such key
}

// checkAddresses reports an address that is needed for sure, and is not known.
func (r *resolver) checkAddresses(region string) {
	why := r.settings.noAuthURL
	if r.settings.endpoint == nil && r.settings.authURL == nil {
		if why != "" {
			r.fail("cloud", "Missing provider argument cloud", strings.TrimSpace(why))
		} else {
			r.fail("region", "Missing provider argument region",
				fmt.Sprintf("The provider does not know where the ELB service is. %s On a private cloud, set endpoint "+
					"instead (%s).",
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
			fmt.Sprintf("%s the identity service, and its address is not known. %s%s On a public cloud, region and "+
				"cloud are enough.",
				what, why, argumentNamed("auth_url").remedy()))
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
	if !strings.Contains(domain, ".") || checkDomain(domain) != nil {
		return ""
	}
	return domain
}

func (r *resolver) checkCloud(cloud, origin string) {
	if cloud == "" {
		return
	}
	if !strings.Contains(cloud, ".") {
		r.invalid("cloud", fmt.Sprintf("The cloud from %s is %q, which is not a domain name: it has no dot. Give the "+
			"domain of the cloud's endpoints, such as otc.t-systems.com. "+
			"Did you mean clouds_entry, the name of an entry of clouds.yaml?", origin, cloud))
	} else if err := checkDomain(cloud); err != nil {
		r.invalid("cloud", fmt.Sprintf("The cloud from %s %s.", origin, err))
	}
}

// address reads a base URL, or returns nil for an empty text.
func (r *resolver) address(name, text, origin string, insecure bool, what string) *url.URL {
	if text == "" {
		return nil
	}
	address, err := auth.ParseBaseURL(text, insecure)
	if err != nil {
		r.invalid(name, fmt.Sprintf("The %s from %s %s. Give the base URL of %s. A path is allowed; credentials, a "+
			"query and a fragment are not.", name, origin, err, what))
	}
	return address
}

// checkHostLabel keeps what a region is put into: the name of a host.
func checkHostLabel(text string) error {
	return checkCharacters(text, "It has letters, digits and hyphens", func(r rune) bool {
		return isLatinOrDigit(r) ||
			r == '-'
	})
}
