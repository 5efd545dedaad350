package provider

import (
	"crypto/tls"
	"fmt"
	"net/url"
	"os"
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
	sources  []source // earlier ones come first
	// lastRank is the rank of the last source whose addresses and insecure count.
	lastRank int
	diags    diag.Diagnostics
}

// newSettings reads the settings from the provider block, the environment and files.
func newSettings(block providerBlock, environment environment) (settings, diag.Diagnostics) {
	r := &resolver{environment: environment}
	r.settings.maxRetries, r.settings.expiryWarningDays = defaultMaxRetries, defaultExpiryWarningDays
	r.addBlock(block)
	for _, prefix := range []string{"HW_", "HCS_", "OS_", "ELBAAS_"} {
		r.addVariables(prefix)
	}
	r.addFiles()
	if r.diags.HasError() {
		return r.settings, r.diags
	}
	credentials := r.readCredentials()
	if r.diags.HasError() {
		return r.settings, r.diags
	}
	r.readAddresses(credentials)
	r.readProject()
	r.readTLS()
	r.readNumber("expiry_warning_days", 36500, "expired certificates only", &r.settings.expiryWarningDays)
	r.readNumber("max_retries", 100, "no retries", &r.settings.maxRetries)
	return r.settings, r.diags
}

// readProject finds the default project: the first source that has an ID or a
// name.
func (r *resolver) readProject() {
	if r.unknown("project_id", "project_name") ||
		r.unknown(fileArguments...) && !r.sources[0].has("project_id", "project_name") {
		return // the file may have one
	}
	for _, s := range r.sources {
		if !s.has("project_id", "project_name") {
			continue
		}
		r.settings.projectID, r.settings.projectName = s.values["project_id"], s.values["project_name"]
		if id := r.settings.projectID; id != "" {
			if err := checkProjectID("project ID from "+r.origin(s, "project_id"), id); err != nil {
				r.invalid("project_id", sentence(err))
			}
		}
		return
	}
	r.settings.projectName = r.settings.region
}

// readNumber reads an integer from 0, whose meaning zero is, to most.
func (r *resolver) readNumber(name string, most int, zero string, target *int) {
	text, origin := r.value(name) // an unknown value leaves the default
	if text == "" {
		return
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 || n > most {
		r.invalid(name, fmt.Sprintf("The value of %s from %s is %s. It must be an integer from 0 (%s) to %d.",
			name, origin, quoted(text), zero, most))
		return
	}
	*target = n
}
