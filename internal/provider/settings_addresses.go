package provider

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/elbaas/terraform-provider-elbaas/internal/auth"
)

// defaultCloud is the cloud used when only a region is set.
const defaultCloud = "myhuaweicloud.com"

// readAddresses determines the addresses of the services. Credentials go only where the provider block or their own
// source says, or else an earlier source, unless the block has them and leaves the rest to the environment.
func (r *resolver) readAddresses() {
	region := r.find("region", r.sources...)
	r.settings.Signer.Region = region.text
	r.addressesUnknown = r.unknown("region", "cloud", "auth_url", "endpoint") || r.unknown(fileArguments...)
	if r.addressesUnknown {
		return // nothing is called before they are known
	}

	endpoint := r.find("endpoint", r.sources...)
	sources := r.cloudSources(region, endpoint)
	cloud, authURL := r.find("cloud", sources...), r.find("auth_url", sources...)
	r.settings.endpoint = r.address(endpoint, "https://elb.eu-de.otc.t-systems.com")
	r.settings.AuthURL = r.address(authURL, "https://iam.eu-de.otc.t-systems.com/v3")
	r.settings.Insecure = r.allowsHTTP(authURL) // the catalog belongs to the source of the auth_url
	if r.diags.HasError() {
		return
	}

	domain, named := cloud.text, domainOf(r.settings.AuthURL, "iam", region.text)
	if named != "" && (domain == "" || authURL.rank < cloud.rank) {
		domain = named
	}
	if domain == "" && r.settings.AuthURL == nil {
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
		if r.settings.AuthURL == nil && !isPrivate {
			r.settings.AuthURL = r.serviceAddress("iam." + region.text + "." + domain + "/v3")
		}
	}
	if !r.diags.HasError() {
		r.checkAddresses()
	}
}

// cloudSources returns the sources that name the cloud: the provider block and the source of the credentials, or else
// the first earlier source that names a cloud, or else, if the block leaves addresses to the environment, the first
// later source that names any. If the block has no endpoint, the insecure of that later source counts as well. If it
// has one, the later source counts only if its auth_url is in the same cloud.
func (r *resolver) cloudSources(region, endpoint value) []source {
	own := where(r.sources, func(s source) bool { return s.rank == blockRank || s.rank == r.credentials.rank })
	if _, found := firstWith(own, "cloud", "auth_url"); found {
		return own
	}
	leaves := r.leavesAddresses(region)
	others := where(r.sources, func(s source) bool {
		return s.rank < r.credentials.rank && s.has("cloud", "auth_url") ||
			s.rank > r.credentials.rank && leaves && s.has("region", "cloud", "auth_url", "endpoint")
	})
	switch {
	case len(others) == 0:
		return nil
	case leaves && !r.sources[0].has("endpoint"):
		r.lastRank = others[0].rank
	case leaves && !sameCloud(endpoint.text, others[0].first("auth_url").text, region.text):
		return nil
	}
	return others[:1]
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
	return iam.Host == elb.Host || isName && strings.HasSuffix(iam.Hostname(), "."+domain)
}

// cloudByDefault returns the default cloud, or an empty text if it must not be used, although no source that counts
// names another; whyNoAuthURL then says why.
func (r *resolver) cloudByDefault(region value) string {
	regionCounts := region.text != "" && region.rank <= r.credentials.rank
	names := []string{"cloud", "auth_url"}
	if !regionCounts {
		names = append(names, "clouds_entry")
	}
	later := ""
	// Only later sources matter: an earlier one that names a cloud would count, and the entry of the credentials may
	// name none.
	others := where(r.sources, func(s source) bool { return s.rank > r.credentials.rank })
	if s, found := firstWith(others, names...); found {
		later = capitalize(s.first(names...).origin) + " is set, but it comes from a later source, and these " +
			"credentials are not sent to an address that only that source names. "
	}
	isPrivate := r.credentials.rank == hcsRank || r.leavesAddresses(region) && region.rank == hcsRank
	why := "Without a cloud, the credentials would go to the default cloud (" + defaultCloud +
		"), which may be the wrong one. "
	switch {
	case r.settings.endpoint != nil:
		r.settings.whyNoAuthURL = later +
			"The endpoint is set, but it does not name the cloud of the identity service. "
		return ""
	case region.text != "" && isPrivate:
		why = "The region comes from " + region.origin + ". Settings from HCS_… variables are for a private cloud, " +
			"so the credentials are never sent to the default cloud (" + defaultCloud + "). "
	case later == "",
		r.credentials.isFile && r.credentials.has("region"),
		r.credentials.rank != blockRank && regionCounts:
		return defaultCloud
	}
	r.settings.whyNoAuthURL = fmt.Sprintf("The credentials come from %s, and no cloud is set there. %s%sSet %s, to "+
		"the domain name of the cloud that the credentials are for, such as otc.t-systems.com; or set auth_url, or "+
		"endpoint (ELBAAS_ENDPOINT). ",
		r.credentials.label, later, why, r.placeFor("cloud"))
	return ""
}

// placeFor says where to set an argument so that it counts for the credentials. Credentials of
// a file go with the variables that name the file.
func (r *resolver) placeFor(name string) string {
	place := name + " in " + blockLabel
	if r.credentials.rank == blockRank {
		return place
	}
	return source{rank: r.credentials.rank}.place(name) + ", or " + place
}

// checkAddresses reports an address that is required and not known.
func (r *resolver) checkAddresses() {
	why := r.settings.whyNoAuthURL
	switch {
	case r.settings.AuthURL != nil:
	case r.settings.endpoint == nil && why != "":
		r.fail("Missing", "cloud", strings.TrimSpace(why))
	case r.settings.endpoint == nil:
		r.fail("Missing", "region", "The address of the ELB service is not known. "+howToSet("region")+
			" On a private cloud, set endpoint instead (ELBAAS_ENDPOINT).")
	case r.settings.Credentials.Agency != nil || !r.settings.Credentials.Password.Empty():
		r.fail("Missing", "auth_url", fmt.Sprintf("The identity service is needed for a password or an agency, but "+
			"its address is not known. %sSet %s. On a public cloud, set region and cloud instead.",
			why, r.placeFor("auth_url")))
	}
}

// domainOf returns the cloud that an address of a service names in its host, such as "otc.t-systems.com" in
// "iam.eu-de.otc.t-systems.com", or an empty text.
func domainOf(address *url.URL, service, region string) string {
	if address == nil || !strings.HasPrefix(address.Hostname(), service) {
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
	if _, other := auth.ParseBaseURL(v.text, true); other == nil && isTrue(elsewhere) { // only TLS is missing
		remedy = capitalize(elsewhere.origin) + " sets insecure, which does not apply to the address of another " +
			"source. To allow it, set insecure = true in the provider block."
	}
	r.fail("Invalid", v.name, fmt.Sprintf("The %s cannot be used: %s. %s", v.from(), err, remedy))
	return nil
}

// serviceAddress parses a base URL that is built from region and cloud. It returns nil if it is not valid. The error
// does not show it, because the cloud may be a token, which contains dots as well.
func (r *resolver) serviceAddress(text string) *url.URL {
	address, err := auth.ParseBaseURL("https://"+text, false)
	if err != nil {
		r.fail("Invalid", "cloud", "The region and the cloud do not form a valid host name such as "+
			"elb.eu-de.otc.t-systems.com. Check region and cloud.")
	}
	return address
}
