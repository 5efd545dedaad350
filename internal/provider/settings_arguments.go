package provider

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/provider/schema"
)

// An argument describes an argument of the provider block. Its schema, its documentation, its value and its environment
// variables all come from the one table below.
type argument struct {
	// variables are the environment variables that can set it, in order of precedence.
	variables []string
	// A flag and a number have their own types in the block; other arguments are text.
	isFlag, isNumber bool
	// secret marks a value that Terraform must not display.
	secret bool
	// check returns why a value is not valid. nil accepts every value.
	check func(noun, value string) error
	// description is followed by a sentence that names the variables.
	description string
}

// arguments are all arguments of the provider by name. The name of a nested block is separated by a dot.
var arguments = map[string]argument{
	"region": {
		variables: []string{"HW_REGION_NAME", "HCS_REGION_NAME", "OS_REGION_NAME", "OS_REGION"},
		check:     checkRegion,
		description: "The region, such as `eu-de`. It is part of the default endpoints, selects an endpoint of the " +
			"service catalog, and is the default of `project_name`.",
	},
	"cloud": {
		variables: []string{"HW_CLOUD", "HCS_CLOUD", "OS_CLOUD"},
		check:     checkCloud,
		description: "The domain name that the host names of the cloud's services end with, such as " +
			"`otc.t-systems.com`. Defaults to the cloud that `auth_url` or `endpoint` names, and to `" + defaultCloud +
			"` if neither is set. Settings from `HCS_…` variables have no default, because they are for private " +
			"clouds. `OS_CLOUD` sets this argument only if it contains a dot.",
	},
	"clouds_entry": {
		variables: []string{"OS_CLOUD"},
		description: "The name of an entry of `clouds.yaml` with a password, a token, or `ak` and `sk`. The provider " +
			"searches for the file in the current directory, in `~/.config/openstack` and in `/etc/openstack`, " +
			"unless the environment variable `OS_CLIENT_CONFIG_FILE` names another file. It merges a `secure.yaml` " +
			"in the same directory, and `clouds-public.yaml` if the entry names a `profile`. If the entry has a " +
			"`target_agency_name` and its `target_domain_name`, the provider assumes that agency with the access " +
			"key, and uses `target_project_id` or `target_project_name`. `OS_CLOUD` sets this argument only if it " +
			"contains no dot.",
	},
	"endpoint": {
		variables: []string{"ELBAAS_ENDPOINT"},
		description: "The base URL of the ELB service, such as `https://elb.eu-de.otc.t-systems.com`, without the " +
			"version: the provider appends `/v1.0/…`. It may contain a path. Defaults to " +
			"`https://elb.{region}.{cloud}`, or to the endpoint in the service catalog if neither `cloud` nor " +
			"`auth_url` names the cloud.",
	},
	"auth_url": {
		variables: []string{"HW_AUTH_URL", "HCS_AUTH_URL", "OS_AUTH_URL"},
		description: "The base URL of the identity service (IAM), with or without its version: the provider calls " +
			"`/v3/…`. Defaults to `https://iam.{region}.{cloud}/v3`, unless credentials, region and cloud come from " +
			"`HCS_…` variables: a private cloud has no default. The provider calls this service for a password, an " +
			"agency, a `project_name`, and the service catalog.",
	},
	"access_key": {
		variables:   []string{"HW_ACCESS_KEY", "HCS_ACCESS_KEY", "OS_ACCESS_KEY"},
		check:       checkHeader,
		description: "The access key (AK) for signing requests.",
	},
	"secret_key": {
		variables:   []string{"HW_SECRET_KEY", "HCS_SECRET_KEY", "OS_SECRET_KEY"},
		check:       checkHeader,
		secret:      true,
		description: "The secret key (SK) that belongs to `access_key`.",
	},
	"security_token": {
		variables:   []string{"HW_SECURITY_TOKEN", "HCS_SECURITY_TOKEN", "OS_SECURITY_TOKEN"},
		check:       checkHeader,
		secret:      true,
		description: "The security token that belongs to a temporary access key.",
	},
	"signing_scheme": {
		variables: []string{"ELBAAS_SIGNING_SCHEME"},
		check:     checkScheme,
		description: "How to sign requests: `access` as Huawei Cloud documents it, or `scoped` with a key that is " +
			"derived from the date and the region, which some private clouds require. Defaults to `access`.",
	},
	"token": {
		variables: []string{"HW_AUTH_TOKEN", "HCS_AUTH_TOKEN", "OS_AUTH_TOKEN", "OS_TOKEN"},
		check:     checkHeader,
		secret:    true,
		description: "A Keystone token for the project. The provider cannot renew it; clouds issue tokens for " +
			"24 hours.",
	},
	"user_name": {
		variables:   []string{"HW_USER_NAME", "HCS_USER_NAME", "OS_USERNAME", "OS_USER_NAME"},
		check:       checkLine,
		description: "The name of a user. Requires `password`, and `domain_name` or `domain_id`.",
	},
	"user_id": {
		variables:   []string{"HW_USER_ID", "HCS_USER_ID", "OS_USER_ID"},
		check:       checkLine,
		description: "The ID of a user, as an alternative to `user_name` and the domain. Requires `password`.",
	},
	"password": {
		variables: []string{"HW_USER_PASSWORD", "HCS_USER_PASSWORD", "OS_PASSWORD"},
		check:     checkLine,
		secret:    true,
		description: "The password of the user. At first use, the provider exchanges it for a token for each " +
			"project, and renews the token before it expires.",
	},
	"domain_name": {
		variables: []string{
			"HW_DOMAIN_NAME", "HCS_DOMAIN_NAME", "OS_USER_DOMAIN_NAME", "OS_PROJECT_DOMAIN_NAME", "OS_DOMAIN_NAME",
		},
		check:       checkLine,
		description: "The name of the account of the user, which the identity service calls a domain.",
	},
	"domain_id": {
		variables: []string{
			"HW_DOMAIN_ID", "HCS_DOMAIN_ID", "OS_USER_DOMAIN_ID", "OS_PROJECT_DOMAIN_ID", "OS_DOMAIN_ID",
		},
		check:       checkLine,
		description: "The ID of the account (domain) of the user, as an alternative to `domain_name`.",
	},
	"project_id": {
		variables:   []string{"HW_PROJECT_ID", "HCS_PROJECT_ID", "OS_PROJECT_ID", "OS_TENANT_ID"},
		check:       checkProjectID,
		description: "The ID of the default project, for all resources and data sources without a `project_id`.",
	},
	"project_name": {
		variables: []string{
			"HW_PROJECT_NAME", "HCS_PROJECT_NAME", "OS_DELEGATED_PROJECT", "OS_PROJECT_NAME", "OS_TENANT_NAME",
		},
		check: checkLine,
		description: "The name of the default project, as an alternative to `project_id`: the provider looks up its " +
			"ID at first use. Defaults to `region`. If `OS_AGENCY_NAME` is set, `OS_DELEGATED_PROJECT` replaces the " +
			"other `OS_…` variables of the project; otherwise, it is ignored.",
	},
	"shared_config_file": {
		variables: []string{"HW_SHARED_CONFIG_FILE", "HCS_SHARED_CONFIG_FILE"},
		description: "The path of the configuration file of Huawei Cloud's command-line tool. Defaults to " +
			"`~/.hcloud/config.json`.",
	},
	"profile": {
		variables: []string{"HW_PROFILE", "HCS_PROFILE"},
		description: "The name of a profile in `shared_config_file`. Defaults to the current profile of the file. " +
			"The profile must have an access key, or the temporary key of an SSO login, and that key must not be " +
			"encrypted (`hcloud configure set --cli-auth-encrypt=false`).",
	},
	"assume_role.agency_name": {
		variables:   []string{"HW_ASSUME_ROLE_AGENCY_NAME", "HCS_ASSUME_ROLE_AGENCY_NAME", "OS_AGENCY_NAME"},
		check:       checkLine,
		description: "The name of the agency.",
	},
	"assume_role.domain_name": {
		variables:   []string{"HW_ASSUME_ROLE_DOMAIN_NAME", "HCS_ASSUME_ROLE_DOMAIN_NAME", "OS_AGENCY_DOMAIN_NAME"},
		check:       checkLine,
		description: "The name of the account (domain) that created the agency.",
	},
	"insecure": {
		variables: []string{"HW_INSECURE", "HCS_INSECURE", "OS_INSECURE"},
		check:     checkFlag,
		isFlag:    true,
		description: "Skip TLS verification and allow plain-HTTP endpoints. Defaults to `false`. Do not use in " +
			"production. A variable applies only to credentials from the same or a later source, and to " +
			"plain-HTTP endpoints from the same source or in `ELBAAS_ENDPOINT`.",
	},
	"cacert_file": {
		variables: []string{"OS_CACERT"},
		description: "CA certificates in PEM format to trust instead of the system's: the path of a file, or its " +
			"content. `OS_CACERT` applies to all credentials. If `OS_AUTH_URL` or `OS_CLOUD` is set, it counts only " +
			"where `OS_INSECURE` does: above all, if the credentials or the cloud come from `OS_…` variables.",
	},
	"cert": {
		variables:   []string{"OS_CERT"},
		description: "A client certificate in PEM format: the path of a file, or its content. Requires `key`.",
	},
	"key": {
		variables:   []string{"OS_KEY"},
		secret:      true,
		description: "The private key of `cert` in PEM format: the path of a file, or its content.",
	},
	"max_retries": {
		variables: []string{"HW_MAX_RETRIES", "HCS_MAX_RETRIES", "OS_MAX_RETRIES"},
		check:     numberCheck(100, "no retries"),
		isNumber:  true,
		description: "Maximum number of retries after a transient error. Defaults to `5`; `0` disables retries. " +
			"Throttled requests (429) do not count: they are retried until the operation times out.",
	},
	"expiry_warning_days": {
		variables: []string{"ELBAAS_EXPIRY_WARNING_DAYS"},
		check:     numberCheck(36500, "expired certificates only"),
		isNumber:  true,
		description: "Number of days before a certificate expires at which plans begin to warn. Defaults to `30`; " +
			"`0` warns of expired certificates only.",
	},
}

// pathOf returns the path of an argument in the provider block.
func pathOf(name string) path.Path {
	if block, nested, isNested := strings.Cut(name, "."); isNested {
		return path.Root(block).AtName(nested)
	}
	return path.Root(name)
}

// howToSet says how to set an argument.
func howToSet(name string) string {
	return fmt.Sprintf("Set %s in the provider block, or the environment variable %s.", name,
		strings.Join(arguments[name].variables, " or "))
}

// attributeOf returns an argument's part of the schema.
func attributeOf(name string) schema.Attribute {
	a := arguments[name]
	variables := " `" + strings.Join(a.variables, "`, `") + "`"
	if i := strings.LastIndex(variables, ", "); i >= 0 {
		variables = "s" + variables[:i] + " or" + variables[i+1:]
	}
	if slices.Contains(credentialArguments, name) { // for others, the order depends on the source of the credentials
		variables += "; the first that is not empty wins"
	}
	description := a.description + " Can also be set with the environment variable" + variables + "."

	switch {
	case a.isFlag:
		return schema.BoolAttribute{MarkdownDescription: description, Optional: true}
	case a.isNumber:
		return schema.Int64Attribute{MarkdownDescription: description, Optional: true}
	}
	return schema.StringAttribute{MarkdownDescription: description, Optional: true, Sensitive: a.secret}
}

// ArgumentTable returns the arguments of the provider and their environment variables as a
// table in Markdown, for the documentation.
func ArgumentTable() string {
	table := "| Argument | Environment variables |\n| --- | --- |\n"
	for _, name := range slices.Sorted(maps.Keys(arguments)) {
		table += "| `" + name + "` | `" + strings.Join(arguments[name].variables, "`, `") + "` |\n"
	}
	return table
}

func (p *elbaasProvider) Schema(_ context.Context, _ provider.SchemaRequest, resp *provider.SchemaResponse) {
	attributes, agency := map[string]schema.Attribute{}, map[string]schema.Attribute{}
	for name := range arguments {
		if _, nested, isNested := strings.Cut(name, "."); isNested {
			agency[nested] = attributeOf(name)
		} else {
			attributes[name] = attributeOf(name)
		}
	}
	resp.Schema = schema.Schema{
		MarkdownDescription: "Manages certificates of the classic load balancer (ELB, `elbaas` v1.0) of Huawei Cloud " +
			"and compatible clouds: Open Telekom Cloud, FlexibleEngine, and private clouds such as Huawei Cloud Stack.",
		Attributes: attributes,
		Blocks: map[string]schema.Block{
			"assume_role": schema.SingleNestedBlock{
				MarkdownDescription: "The agency of another account to assume. The provider requests temporary keys " +
					"for it with the access key.",
				Attributes: agency,
			},
		},
	}
}

// A providerBlock has the values of a provider block by the names of its arguments. An argument that is not set is
// missing or null.
type providerBlock map[string]attr.Value
