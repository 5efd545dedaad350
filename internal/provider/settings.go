package provider

import (
	"cmp"
	"net/url"
	"os"
	"strconv"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/elbaas/terraform-provider-elbaas/internal/auth"
	"github.com/elbaas/terraform-provider-elbaas/internal/httpapi"
)

// settings are the arguments of the provider, completed from the environment and from files.
type settings struct {
	// Config has the credentials, the region, and the address of the identity service.
	auth.Config
	// whyNoAuthURL is why that address is not known.
	whyNoAuthURL string
	// endpoint of the ELB service; nil asks the service catalog.
	endpoint *url.URL
	// project is the default project of the resources. It is unknown if it is known only after an apply, or if its ID
	// must be looked up by projectName.
	project     types.String
	projectName string
	// credentialsSource says where the credentials come from.
	credentialsSource string

	// api has the TLS configuration and the number of retries.
	api httpapi.Config
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
	// home is the home directory of the user, or empty.
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
	// source of the credentials come first, followed by the others in their order.
	sources     []source
	credentials source
	// addressesUnknown is set if the addresses are known only after an apply.
	addressesUnknown bool
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
		r.settings.api.MaxRetries = r.number("max_retries", 5)
		r.settings.expiryWarningDays = r.number("expiry_warning_days", 30)
	}
	return r.settings, r.diags
}

// readProject finds the default project: the first source that has an ID or a name. The name defaults to the region.
func (r *resolver) readProject() {
	s, found := firstWith(r.sources, "project_id", "project_name")
	isOfBlock := found && s.isBlock()
	if r.unknown("project_id", "project_name") || !found && r.unknown("region") ||
		!isOfBlock && r.unknown(fileArguments...) { // the file may have one
		r.settings.project = types.StringUnknown()
		return
	}
	id := r.find("project_id", s).text
	r.settings.projectName = cmp.Or(r.find("project_name", s).text, r.settings.Signer.Region)
	switch {
	case id != "":
		r.settings.project = types.StringValue(id)
	case r.settings.projectName != "" && (r.settings.AuthURL != nil || r.addressesUnknown):
		r.settings.project = types.StringUnknown()
	}
}

// number returns the value of an argument that numberCheck accepts, or the default if it has none.
func (r *resolver) number(name string, byDefault int) int {
	n, err := strconv.Atoi(r.find(name, r.sources...).text)
	if err != nil {
		return byDefault // it is not set, not known yet, or reported
	}
	return n
}
