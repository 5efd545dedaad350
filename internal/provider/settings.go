package provider

import (
	"crypto/tls"
	"net/url"
	"os"
	"slices"
	"strconv"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/elbaas/terraform-provider-elbaas/internal/auth"
)

const (
	// defaultExpiryWarningDays is how many days before a certificate expires a plan begins
	// to warn.
	defaultExpiryWarningDays = 30
	defaultMaxRetries        = 5
)

// settings are where the provider's calls go, and with which credentials.
type settings struct {
	// endpoint of the ELB service; nil asks the service catalog.
	endpoint *url.URL
	// authURL is the identity service. nil if it is not known; noAuthURL is the reason.
	authURL   *url.URL
	noAuthURL string
	// plainCatalog lets the service catalog name addresses without TLS.
	plainCatalog bool
	region       string
	// projectID is the default of the resources; it may be empty, and so may
	// projectName, which stands in for it.
	projectID, projectName string
	// projectUnknown and addressesUnknown are set if they are known only after an apply.
	projectUnknown, addressesUnknown bool

	credentials auth.Credentials
	// credentialsSource says where the credentials come from.
	credentialsSource string
	agency            *auth.Agency
	signingScheme     auth.Scheme

	tls        *tls.Config
	maxRetries int
	// expiryWarningDays is how many days before a certificate expires a plan begins to
	// warn; 0 warns of expired certificates only.
	expiryWarningDays int
	// unknown are the names of the arguments whose values are known only after
	// an apply.
	unknown []string
}

// environment has what settings are read from besides the provider block.
type environment struct {
	getenv   func(string) string
	readFile func(string) ([]byte, error)
	// home is the user's directory; empty is none.
	home string
}

// osEnvironment is the environment of this process.
func osEnvironment() environment {
	home, _ := os.UserHomeDir() // without one, there are no files in it
	return environment{getenv: os.Getenv, readFile: os.ReadFile, home: home}
}

// A resolver makes settings from several sources.
type resolver struct {
	environment
	settings settings
	// sources are in the order in which credentials are looked for. When they are found, the provider block and the
	// source of the credentials come first (own), followed by the earlier and the later ones.
	sources             []source
	credentials         source
	own, earlier, later []source
	// lastRank is the rank of the last source whose insecure counts.
	lastRank int
	diags    diag.Diagnostics
}

// newSettings reads the settings from the provider block, the environment and files.
func newSettings(block providerBlock, environment environment) (settings, diag.Diagnostics) {
	r := &resolver{environment: environment}
	r.addBlock(block)
	for rank := hwRank; rank <= elbaasRank; rank++ {
		r.addVariables(rank)
	}
	r.addFile()
	if !r.diags.HasError() {
		r.readCredentials()
	}
	if !r.diags.HasError() {
		r.readAddresses()
		r.readProject()
		r.readTLS()
		r.settings.maxRetries = r.number("max_retries", defaultMaxRetries)
		r.settings.expiryWarningDays = r.number("expiry_warning_days", defaultExpiryWarningDays)
	}
	return r.settings, r.diags
}

// readProject finds the default project: the first source that has an ID or a
// name.
func (r *resolver) readProject() {
	i := slices.IndexFunc(r.sources, func(s source) bool { return s.has("project_id", "project_name") })
	switch fileUnknown := r.unknown(fileArguments...); {
	case r.unknown("project_id", "project_name"),
		i < 0 && r.unknown("region"),
		i != 0 && fileUnknown: // the file may have one
		r.settings.projectUnknown = true
	case i < 0:
		r.settings.projectName = r.settings.region
	default:
		s := r.sources[i]
		r.settings.projectID, r.settings.projectName = r.find("project_id", s).text, r.find("project_name", s).text
	}
}

// number returns the value of an argument that checkNumber accepts, or the default.
func (r *resolver) number(name string, byDefault int) int {
	n, err := strconv.Atoi(r.find(name, r.sources...).text)
	if err != nil {
		return byDefault // it is not set, not known yet, or reported
	}
	return n
}
