package provider

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/elbaas/terraform-provider-elbaas/internal/auth"
)

// An argument of the provider block, and the environment variables that stand
// in for it; the first that is not empty counts.
type argument struct {
	name      string
	variables []string
}

// The arguments. Their names are also the keys of a source.
var (
	regionArgument        = argument{"region", []string{"HW_REGION_NAME", "HCS_REGION_NAME", "OS_REGION_NAME", "OS_REGION"}}
	cloudArgument         = argument{"cloud", []string{"HW_CLOUD", "HCS_CLOUD", "OS_CLOUD"}}
	cloudsEntryArgument   = argument{"clouds_entry", []string{"OS_CLOUD"}}
	endpointArgument      = argument{"endpoint", []string{"ELBAAS_ENDPOINT"}}
	authURLArgument       = argument{"auth_url", []string{"HW_AUTH_URL", "HCS_AUTH_URL", "OS_AUTH_URL"}}
	accessKeyArgument     = argument{"access_key", []string{"HW_ACCESS_KEY", "HCS_ACCESS_KEY", "OS_ACCESS_KEY"}}
	secretKeyArgument     = argument{"secret_key", []string{"HW_SECRET_KEY", "HCS_SECRET_KEY", "OS_SECRET_KEY"}}
	securityTokenArgument = argument{"security_token", []string{"HW_SECURITY_TOKEN", "HCS_SECURITY_TOKEN", "OS_SECURITY_TOKEN"}}
	signingSchemeArgument = argument{"signing_scheme", []string{"ELBAAS_SIGNING_SCHEME"}}
	tokenArgument         = argument{"token", []string{"HW_AUTH_TOKEN", "HCS_AUTH_TOKEN", "OS_AUTH_TOKEN", "OS_TOKEN"}}
	userNameArgument      = argument{"user_name", []string{"HW_USER_NAME", "HCS_USER_NAME", "OS_USERNAME", "OS_USER_NAME"}}
	userIDArgument        = argument{"user_id", []string{"HW_USER_ID", "HCS_USER_ID", "OS_USER_ID"}}
	passwordArgument      = argument{"password", []string{"HW_USER_PASSWORD", "HCS_USER_PASSWORD", "OS_PASSWORD"}}
	domainNameArgument    = argument{"domain_name", []string{"HW_DOMAIN_NAME", "HCS_DOMAIN_NAME", "OS_USER_DOMAIN_NAME", "OS_PROJECT_DOMAIN_NAME", "OS_DOMAIN_NAME"}}
	domainIDArgument      = argument{"domain_id", []string{"HW_DOMAIN_ID", "HCS_DOMAIN_ID", "OS_USER_DOMAIN_ID", "OS_PROJECT_DOMAIN_ID", "OS_DOMAIN_ID"}}
	projectIDArgument     = argument{"project_id", []string{"HW_PROJECT_ID", "HCS_PROJECT_ID", "OS_PROJECT_ID", "OS_TENANT_ID"}}
	projectNameArgument   = argument{"project_name", []string{"HW_PROJECT_NAME", "HCS_PROJECT_NAME", "OS_PROJECT_NAME", "OS_TENANT_NAME"}}
	configFileArgument    = argument{"shared_config_file", []string{"HW_SHARED_CONFIG_FILE", "HCS_SHARED_CONFIG_FILE"}}
	profileArgument       = argument{"profile", []string{"HW_PROFILE", "HCS_PROFILE"}}
	agencyNameArgument    = argument{"assume_role.agency_name", []string{"HW_ASSUME_ROLE_AGENCY_NAME", "HCS_ASSUME_ROLE_AGENCY_NAME"}}
	agencyDomainArgument  = argument{"assume_role.domain_name", []string{"HW_ASSUME_ROLE_DOMAIN_NAME", "HCS_ASSUME_ROLE_DOMAIN_NAME"}}
	insecureArgument      = argument{"insecure", []string{"HW_INSECURE", "HCS_INSECURE", "OS_INSECURE"}}
	caCertArgument        = argument{"cacert_file", []string{"OS_CACERT"}}
	certArgument          = argument{"cert", []string{"OS_CERT"}}
	keyArgument           = argument{"key", []string{"OS_KEY"}}
	maxRetriesArgument    = argument{"max_retries", []string{"HW_MAX_RETRIES", "HCS_MAX_RETRIES"}}

	expiryWarningDaysArgument = argument{"expiry_warning_days", []string{"ELBAAS_EXPIRY_WARNING_DAYS"}}
)

var arguments = []argument{
	regionArgument, cloudArgument, cloudsEntryArgument, endpointArgument, authURLArgument,
	accessKeyArgument, secretKeyArgument, securityTokenArgument, signingSchemeArgument,
	tokenArgument, userNameArgument, userIDArgument, passwordArgument, domainNameArgument, domainIDArgument,
	projectIDArgument, projectNameArgument, configFileArgument, profileArgument, agencyNameArgument, agencyDomainArgument,
	insecureArgument, caCertArgument, certArgument, keyArgument, maxRetriesArgument, expiryWarningDaysArgument,
}

// path returns where the argument stands in the provider block.
func (a argument) path() path.Path {
	block, name, nested := strings.Cut(a.name, ".")
	if nested {
		return path.Root(block).AtName(name)
	}
	return path.Root(a.name)
}

// fallback is the sentence of the documentation about the variables.
func (a argument) fallback() string {
	return "Without it, the environment is read: `" + strings.Join(a.variables, "`, then `") + "`."
}

// ways says how to give the argument.
func (a argument) ways() string {
	return fmt.Sprintf("Set %s in the provider block, or the environment variable %s.", a.name, strings.Join(a.variables, " or "))
}

const (
	defaultCloud = "myhuaweicloud.com"
	// defaultExpiryWarningDays is how long before its end a certificate is worth a
	// warning.
	defaultExpiryWarningDays = 30
	defaultMaxRetries        = 5
)

// settings are where the provider's calls go, and with which credentials.
type settings struct {
	// endpoint of the ELB service; nil asks the service catalog.
	endpoint *url.URL
	// authURL is the identity service; nil if it is not known.
	authURL *url.URL
	region  string
	// projectID is the default of the resources; it may be empty, and so may
	// projectName, which stands in for it.
	projectID, projectName string

	credentials auth.Credentials
	// credentialsSource says where the credentials come from.
	credentialsSource string
	agency            *auth.Agency
	signingScheme     auth.Scheme

	tls        *tls.Config
	maxRetries int
	// expiryWarningDays is how many days before its end a certificate is worth a
	// warning; 0 is never.
	expiryWarningDays int
	// unknown are the names of the arguments whose values are known only after
	// an apply.
	unknown []string
}

// outside is what settings are read from besides the provider block.
type outside struct {
	getenv   func(string) string
	readFile func(string) ([]byte, error)
	// home is the user's directory; empty is none.
	home string
}

// A source is a place that settings come from: the value of each argument that
// it has.
type source struct {
	// label completes the sentence "The token from …".
	label string
	// prefix is that of the source's variables, or empty.
	prefix string
	values map[string]string
}

func (s source) has(all ...argument) bool {
	return slices.ContainsFunc(all, func(a argument) bool { return s.values[a.name] != "" })
}

// way says how to give an argument in the same source as others.
func (s source) way(a argument) string {
	for _, variable := range a.variables {
		if s.prefix != "" && strings.HasPrefix(variable, s.prefix) {
			return "the environment variable " + variable
		}
	}
	return a.name + " in " + s.label
}

// reading is the making of settings.
type reading struct {
	outside
	settings settings
	sources  []source // earlier ones come first
	diags    diag.Diagnostics
}

const blockLabel = "the provider block"

// newSettings puts together what the provider block, the environment and the
// files say.
func newSettings(config providerModel, outside outside) (settings, diag.Diagnostics) {
	r := &reading{outside: outside}
	r.settings.maxRetries, r.settings.expiryWarningDays = defaultMaxRetries, defaultExpiryWarningDays
	r.addBlock(config)
	for _, prefix := range []string{"HW_", "HCS_", "OS_", "ELBAAS_"} {
		r.addVariables(prefix)
	}
	r.addFiles()
	if r.diags.HasError() {
		return r.settings, r.diags
	}
	credentials := r.readCredentials()
	r.readAddresses(credentials)
	r.readProject()
	r.readTLS()
	r.readNumbers()
	return r.settings, r.diags
}

// addBlock adds what the provider block says.
func (r *reading) addBlock(config providerModel) {
	block := source{label: blockLabel, values: map[string]string{}}
	for name, value := range config.values() {
		switch text := valueText(value); {
		case value.IsNull():
		case value.IsUnknown():
			r.settings.unknown = append(r.settings.unknown, name)
		case text == "":
			a := arguments[slices.IndexFunc(arguments, func(a argument) bool { return a.name == name })]
			r.fail(a, "Empty provider argument "+name, fmt.Sprintf("The provider argument %s is an empty text. Give it a value, or leave it out to have the environment variable %s read.",
				name, strings.Join(a.variables, " or ")))
		default:
			block.values[name] = text
		}
	}
	slices.Sort(r.settings.unknown)
	r.sources = append(r.sources, block)
}

// valueText writes an argument as its environment variable would be.
func valueText(value attr.Value) string {
	switch value := value.(type) {
	case types.Bool:
		return strconv.FormatBool(value.ValueBool())
	case types.Int64:
		return strconv.FormatInt(value.ValueInt64(), 10)
	case types.String:
		return value.ValueString()
	}
	return ""
}

// addVariables adds the environment variables of a prefix.
func (r *reading) addVariables(prefix string) {
	variables := source{label: "the environment variables " + prefix + "…", prefix: prefix, values: map[string]string{}}
	for _, a := range arguments {
		for _, variable := range a.variables {
			text := r.getenv(variable)
			if variable == "OS_CLOUD" && strings.Contains(text, ".") != (a.name == cloudArgument.name) {
				continue // a domain is FlexibleEngine's habit, anything else an entry of clouds.yaml
			}
			if strings.HasPrefix(variable, prefix) && text != "" && variables.values[a.name] == "" {
				variables.values[a.name] = text
			}
		}
	}
	r.sources = append(r.sources, variables)
}

// value returns an argument, and says where it comes from.
func (r *reading) value(a argument) (text, origin string) {
	for _, s := range r.sources {
		if text := s.values[a.name]; text != "" {
			return text, r.origin(s, a)
		}
		if s.label == blockLabel && r.unknown(a) {
			return "", ""
		}
	}
	return "", ""
}

// origin says where a source has an argument from.
func (r *reading) origin(s source, a argument) string {
	for _, variable := range a.variables {
		if s.prefix != "" && strings.HasPrefix(variable, s.prefix) && r.getenv(variable) != "" {
			return "the environment variable " + variable
		}
	}
	return s.label
}

func (r *reading) unknown(all ...argument) bool {
	return slices.ContainsFunc(all, func(a argument) bool { return slices.Contains(r.settings.unknown, a.name) })
}

func (r *reading) fail(a argument, summary, detail string) {
	r.diags.AddAttributeError(a.path(), summary, detail)
}

func (r *reading) invalid(a argument, detail string) {
	r.fail(a, "Invalid provider argument "+a.name, detail)
}

// readAddresses finds out where the services are.
func (r *reading) readAddresses(credentials source) {
	region, regionOrigin := r.value(regionArgument)
	if region != "" {
		if err := checkHostLabel(region); err != nil {
			r.invalid(regionArgument, fmt.Sprintf("The region from %s %s. A region is such as eu-de.", regionOrigin, err))
		}
	}
	r.settings.region = region
	cloud, cloudOrigin := r.value(cloudArgument)
	switch {
	case cloud == "":
		cloud = defaultCloud
	case !strings.Contains(cloud, "."):
		r.invalid(cloudArgument, fmt.Sprintf("The cloud from %s is %q, which is not a domain name: it has no dot. Give the domain of the cloud's endpoints, such as otc.t-systems.com. "+
			"Did you mean clouds_entry, the name of an entry of clouds.yaml?", cloudOrigin, cloud))
	default:
		if err := checkDomain(cloud); err != nil {
			r.invalid(cloudArgument, fmt.Sprintf("The cloud from %s %s.", cloudOrigin, err))
		}
	}

	insecure := r.readInsecure()
	r.settings.endpoint = r.address(endpointArgument, insecure, "the ELB service, such as https://elb.eu-de.otc.t-systems.com")
	r.settings.authURL = r.address(authURLArgument, insecure, "the identity service, such as https://iam.eu-de.otc.t-systems.com/v3")
	if r.diags.HasError() || r.unknown(regionArgument, cloudArgument) {
		return
	}
	if region != "" && r.settings.endpoint == nil && !r.unknown(endpointArgument) {
		r.settings.endpoint = &url.URL{Scheme: "https", Host: "elb." + region + "." + cloud}
	}
	// The identity service of a private cloud has an address of its own.
	private := credentials.prefix == "HCS_" && strings.Contains(regionOrigin, "HCS_") && (cloudOrigin == "" || strings.Contains(cloudOrigin, "HCS_"))
	if region != "" && r.settings.authURL == nil && !private && !r.unknown(authURLArgument) {
		r.settings.authURL = &url.URL{Scheme: "https", Host: "iam." + region + "." + cloud, Path: "/v3"}
	}

	if r.settings.authURL != nil || r.unknown(authURLArgument) {
		return
	}
	needs := func(what string) {
		r.fail(authURLArgument, "Missing provider argument auth_url",
			fmt.Sprintf("%s the identity service, and its address is not known. %s On a public cloud, region is enough.", what, authURLArgument.ways()))
	}
	switch {
	case r.settings.agency != nil:
		needs("An agency is assumed at")
	case r.settings.credentials.Kind() == auth.KindPassword && !r.settings.credentials.Password.Empty():
		needs("A password is exchanged for a token at")
	case r.settings.endpoint == nil && !r.unknown(endpointArgument):
		r.fail(regionArgument, "Missing provider argument region",
			fmt.Sprintf("The provider does not know where the ELB service is. %s On a private cloud, set endpoint instead (%s).", regionArgument.ways(), endpointArgument.variables[0]))
	}
}

// address reads a base URL.
func (r *reading) address(a argument, insecure bool, what string) *url.URL {
	text, origin := r.value(a)
	if text == "" {
		return nil
	}
	address, err := parseEndpoint(text, insecure)
	if err != nil {
		r.invalid(a, fmt.Sprintf("The %s from %s %s. Give the base URL of %s. A path is allowed; credentials, a query and a fragment are not.", a.name, origin, err, what))
	}
	return address
}

// parseEndpoint reads a base URL. The error completes the sentence "The endpoint
// …", and never shows credentials.
func parseEndpoint(text string, insecure bool) (*url.URL, error) {
	endpoint, err := url.Parse(text)
	switch {
	case strings.Contains(text, "@"):
		return nil, errors.New(`contains credentials, or another "@"`)
	case err != nil:
		return nil, fmt.Errorf("is %q, which is no URL", text)
	case endpoint.Scheme != "http" && endpoint.Scheme != "https":
		return nil, fmt.Errorf("is %q, which does not begin with https:// (or http://)", text)
	case endpoint.Hostname() == "":
		return nil, fmt.Errorf("is %q, which has no host", text)
	case strings.Contains(text, "?"):
		return nil, fmt.Errorf("is %q, which has a query after the %q", text, "?")
	case strings.Contains(text, "#"):
		return nil, fmt.Errorf("is %q, which has a fragment after the %q", text, "#")
	case endpoint.Scheme == "http" && !insecure && !isLoopback(endpoint.Hostname()):
		return nil, fmt.Errorf("is %q: without TLS, everybody on the way could read the private keys and the credentials. Use https://, or set insecure = true if you mean it", text)
	}
	return endpoint, nil
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// checkHostLabel keeps what a region is put into: the name of a host.
func checkHostLabel(text string) error {
	return checkCharacters(text, "It has letters, digits and hyphens", func(r rune) bool { return isLatinOrDigit(r) || r == '-' })
}

// readProject finds the default project: the first source that has an id or a
// name.
func (r *reading) readProject() {
	if r.unknown(projectIDArgument, projectNameArgument) {
		return
	}
	for _, s := range r.sources {
		if !s.has(projectIDArgument, projectNameArgument) {
			continue
		}
		r.settings.projectID, r.settings.projectName = s.values[projectIDArgument.name], s.values[projectNameArgument.name]
		if id := r.settings.projectID; id != "" {
			if err := checkProjectID(id); err != nil {
				r.invalid(projectIDArgument, fmt.Sprintf("The project id from %s %s.", r.origin(s, projectIDArgument), err))
			}
		}
		return
	}
	r.settings.projectName = r.settings.region
}

func (r *reading) readInsecure() bool {
	text, origin := r.value(insecureArgument)
	if text == "" {
		return false
	}
	insecure, err := strconv.ParseBool(text)
	if err != nil {
		r.invalid(insecureArgument, fmt.Sprintf("The value of insecure from %s is %q. Give true or false.", origin, text))
	}
	return insecure
}

// readTLS makes the TLS configuration.
func (r *reading) readTLS() {
	config := &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: r.readInsecure()} //nolint:gosec // only where the user says so
	if text, origin := r.value(caCertArgument); text != "" {
		config.RootCAs = x509.NewCertPool()
		if content := r.fileOrText(caCertArgument, text, origin); content != nil && !config.RootCAs.AppendCertsFromPEM(content) {
			r.invalid(caCertArgument, fmt.Sprintf("The CA file from %s has no certificate that can be read. Give a file of PEM certificates, each beginning with -----BEGIN CERTIFICATE-----.", origin))
		}
	}
	cert, certOrigin := r.value(certArgument)
	key, keyOrigin := r.value(keyArgument)
	switch {
	case cert != "" && key != "":
		certPEM, keyPEM := r.fileOrText(certArgument, cert, certOrigin), r.fileOrText(keyArgument, key, keyOrigin)
		if certPEM == nil || keyPEM == nil {
			break
		}
		pair, err := tls.X509KeyPair(certPEM, keyPEM)
		if err != nil { // which may quote neither
			r.invalid(certArgument, fmt.Sprintf("The client certificate from %s and the key from %s are not a pair of PEM files that belong together.", certOrigin, keyOrigin))
		}
		config.Certificates = []tls.Certificate{pair}
	case cert != "" && !r.unknown(keyArgument):
		r.fail(keyArgument, "Missing provider argument key", "A client certificate needs its key. "+keyArgument.ways())
	case key != "" && !r.unknown(certArgument):
		r.fail(certArgument, "Missing provider argument cert", "The key of a client certificate needs the certificate. "+certArgument.ways())
	}
	r.settings.tls = config
}

// fileOrText returns PEM that is given as it is, or as the name of a file.
func (r *reading) fileOrText(a argument, text, origin string) []byte {
	if strings.Contains(text, "-----BEGIN ") {
		return []byte(text)
	}
	content, err := r.readFile(r.expand(text))
	if err != nil {
		r.invalid(a, fmt.Sprintf("The file of %s from %s cannot be read: %s.", a.name, origin, err))
		return nil
	}
	return content
}

// expand replaces a leading ~ by the user's directory.
func (r *reading) expand(name string) string {
	if rest, found := strings.CutPrefix(name, "~/"); found && r.home != "" {
		return r.home + "/" + rest
	}
	return name
}

func (r *reading) readNumbers() {
	const century = 36500
	r.number(expiryWarningDaysArgument, century, "The number of days", "for expired certificates only", &r.settings.expiryWarningDays)
	r.number(maxRetriesArgument, 100, "The number of retries", "for none", &r.settings.maxRetries)
}

func (r *reading) number(a argument, most int, what, zero string, target *int) {
	text, origin := r.value(a) // an unknown value leaves the default
	if text == "" {
		return
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 || n > most {
		r.invalid(a, fmt.Sprintf("%s from %s is %q. Give a whole number from 0, %s, to %d.", what, origin, text, zero, most))
		return
	}
	*target = n
}
