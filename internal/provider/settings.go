package provider

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/elbaas/terraform-provider-elbaas/internal/elb"
	"github.com/elbaas/terraform-provider-elbaas/internal/secret"
)

// An argument of the provider block, and the environment variables that stand
// in for it; the first that is not empty counts.
type argument struct {
	name      string
	variables []string
}

var (
	endpointArgument  = argument{"endpoint", []string{"ELBAAS_ENDPOINT"}}
	projectIDArgument = argument{"project_id", []string{"HW_PROJECT_ID", "OS_PROJECT_ID"}}
	tokenArgument     = argument{"token", []string{"HW_AUTH_TOKEN", "OS_AUTH_TOKEN"}}

	expiryWarningDaysArgument = argument{"expiry_warning_days", []string{"ELBAAS_EXPIRY_WARNING_DAYS"}}
)

// fallback is the sentence of the documentation about the variables.
func (a argument) fallback() string {
	return "Without it, the environment is read: `" + strings.Join(a.variables, "`, then `") + "`."
}

// ways says how to give the argument.
func (a argument) ways() string {
	return fmt.Sprintf("Set %s in the provider block, or the environment variable %s.", a.name, strings.Join(a.variables, " or "))
}

// defaultExpiryWarningDays is how long before its end a certificate is worth a
// warning.
const defaultExpiryWarningDays = 30

// settings are where the provider's calls go, and with which credentials.
type settings struct {
	endpoint *url.URL
	// projectID is the default of the resources; it may be empty.
	projectID string
	token     secret.Value
	// expiryWarningDays is how many days before its end a certificate is worth a
	// warning; 0 is never.
	expiryWarningDays int64
	// unknown are the names of the arguments whose values are known only after
	// an apply.
	unknown []string
}

// newSettings puts together what the provider block and the environment say.
func newSettings(config providerModel, getenv func(string) string) (settings, diag.Diagnostics) {
	var s settings
	var diags diag.Diagnostics

	// value returns an argument and says where it comes from.
	value := func(a argument, configured types.String) (text, source string) {
		switch {
		case configured.IsUnknown():
			s.unknown = append(s.unknown, a.name)
		case !configured.IsNull() && configured.ValueString() == "":
			diags.AddAttributeError(path.Root(a.name), "Empty provider argument "+a.name,
				fmt.Sprintf("The provider argument %s is an empty text. Give it a value, or leave it out to have the environment variable %s read.",
					a.name, strings.Join(a.variables, " or ")))
		case !configured.IsNull():
			return configured.ValueString(), "the provider block"
		default:
			for _, variable := range a.variables {
				if text := getenv(variable); text != "" {
					return text, "the environment variable " + variable
				}
			}
		}
		return "", ""
	}
	required := func(a argument, configured types.String) (text, source string) {
		text, source = value(a, configured)
		if text == "" && configured.IsNull() {
			diags.AddAttributeError(path.Root(a.name), "Missing provider argument "+a.name,
				fmt.Sprintf("The provider cannot call the ELB service without %s. %s", a.name, a.ways()))
		}
		return text, source
	}

	if text, source := required(endpointArgument, config.Endpoint); text != "" {
		endpoint, err := parseEndpoint(text)
		if err != nil {
			diags.AddAttributeError(path.Root(endpointArgument.name), "Invalid provider argument endpoint",
				fmt.Sprintf("The endpoint from %s %s. Give the base URL of the ELB service, such as https://elb.eu-de.otc.t-systems.com. "+
					"A path is allowed; credentials, a query and a fragment are not.", source, err))
		}
		s.endpoint = endpoint
	}
	if text, source := required(tokenArgument, config.Token); text != "" {
		if i := strings.IndexFunc(text, func(r rune) bool { return r <= ' ' || r > '~' }); i >= 0 {
			diags.AddAttributeError(path.Root(tokenArgument.name), "Invalid provider argument token",
				fmt.Sprintf("The token from %s contains %s as character %d. A token has printable ASCII characters only. "+
					"If it is read from a file, remove the line end: trimspace(file(…)).", source, describeRune([]rune(text[i:])[0]), len([]rune(text[:i]))+1))
		}
		s.token = secret.New(text)
	}
	if text, source := value(projectIDArgument, config.ProjectID); text != "" {
		if err := checkProjectID(text); err != nil {
			diags.AddAttributeError(path.Root(projectIDArgument.name), "Invalid provider argument project_id",
				fmt.Sprintf("The project id from %s %s.", source, err))
		}
		s.projectID = text
	}

	s.expiryWarningDays = defaultExpiryWarningDays
	days := types.StringNull() // an unknown value leaves the default: a warning is no reason to fail
	if !config.ExpiryWarningDays.IsNull() && !config.ExpiryWarningDays.IsUnknown() {
		days = types.StringValue(strconv.FormatInt(config.ExpiryWarningDays.ValueInt64(), 10))
	}
	if text, source := value(expiryWarningDaysArgument, days); text != "" {
		const century = 36500
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil || n < 0 || n > century {
			diags.AddAttributeError(path.Root(expiryWarningDaysArgument.name), "Invalid provider argument expiry_warning_days",
				fmt.Sprintf("The number of days from %s is %q. Give a whole number from 0, for no warning, to %d.", source, text, century))
		}
		s.expiryWarningDays = n
	}
	return s, diags
}

// parseEndpoint reads a base URL. The error completes the sentence "The endpoint
// …", and never shows credentials.
func parseEndpoint(text string) (*url.URL, error) {
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
	}
	return endpoint, nil
}

// cloud is what the resources use: the client, the settings that it was made
// from, and a clock to judge expiry by.
type cloud struct {
	client   *elb.Client
	settings settings
	now      func() time.Time
}

// ready reports as an error whether the cloud cannot be called yet.
func (c *cloud) ready() diag.Diagnostics {
	var diags diag.Diagnostics
	for _, name := range c.settings.unknown {
		if name == projectIDArgument.name {
			continue // project reports it to those that need it
		}
		diags.AddError("Provider argument not known yet",
			fmt.Sprintf("The provider argument %s depends on something that is known only after an apply, "+
				"but the ELB service must be called now. Apply that first (terraform apply -target=…), or give %s a value that is known.", name, name))
	}
	return diags
}

// project returns the project of a certificate: its own, or the provider's. It
// is unknown when the provider's is not known yet.
func (c *cloud) project(own types.String) (types.String, diag.Diagnostics) {
	var diags diag.Diagnostics
	switch {
	case own.ValueString() != "":
		return own, diags
	case slices.Contains(c.settings.unknown, projectIDArgument.name):
		return types.StringUnknown(), diags
	case c.settings.projectID == "":
		diags.AddAttributeError(path.Root("project_id"), "Missing project id",
			"The certificate names no project, and the provider has no default. Set project_id here. "+projectIDArgument.ways())
		return types.StringNull(), diags
	}
	return types.StringValue(c.settings.projectID), diags
}
