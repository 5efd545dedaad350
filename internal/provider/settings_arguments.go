package provider

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// An argument of the provider block. Its schema, its documentation, its value and its
// environment variables all come from the one table below.
type argument struct {
	// name is also the key of a source. A dot separates the name of a nested block.
	name string
	// variables are the environment variables that stand in for it, earlier ones first.
	variables []string
	kind      valueKind
	// secret values are hidden by Terraform.
	secret bool
	// description is what the documentation says before it names the variables.
	description string
}

// A valueKind is that of the values of an argument.
type valueKind int

const (
	textValue valueKind = iota
	flagValue
	numberValue
)

// arguments are all arguments of the provider.
var arguments = []argument{
	{
		name: "region", variables: []string{"HW_REGION_NAME", "HCS_REGION_NAME", "OS_REGION_NAME", "OS_REGION"},
		description: "The region, such as `eu-de`. The addresses of the services are made of it, it chooses among the " +
			"endpoints of the service catalog, " +
			"and it is the name of the default project.",
	},
	{
		name: "cloud", variables: []string{"HW_CLOUD", "HCS_CLOUD", "OS_CLOUD"},
		description: "The domain of the cloud's endpoints, such as `otc.t-systems.com`. Defaults to the cloud that " +
			"`auth_url` names, " +
			"and to `" + defaultCloud + "` if no cloud, `auth_url` or `endpoint` is set, but for `HCS_…`, which is a " +
			"private cloud. " +
			"`OS_CLOUD` counts here only if it has a dot.",
	},
	{
		name: "clouds_entry", variables: []string{"OS_CLOUD"},
		description: "The name of an entry of `clouds.yaml`, with a password, a token, or `ak` and `sk`. The file is " +
			"looked for in the current folder, " +
			"in `~/.config/openstack` and in `/etc/openstack`, unless `OS_CLIENT_CONFIG_FILE` names another one; a " +
			"`secure.yaml` beside it is merged, and so is `clouds-public.yaml` if the entry names a `profile`. " +
			"`OS_CLOUD` counts here only if it has no dot.",
	},
	{
		name: "endpoint", variables: []string{"ELBAAS_ENDPOINT"},
		description: "The base URL of the ELB service, such as `https://elb.eu-de.otc.t-systems.com`, without the " +
			"version: " +
			"`/v1.0/…` is added to it. A path is allowed. Defaults to `https://elb.{region}.{cloud}`; if neither " +
			"`cloud` nor `auth_url` names the cloud, " +
			"the service catalog does.",
	},
	{
		name: "auth_url", variables: []string{"HW_AUTH_URL", "HCS_AUTH_URL", "OS_AUTH_URL"},
		description: "The base URL of the identity service (IAM), with its version. Defaults to " +
			"`https://iam.{region}.{cloud}/v3`, " +
			"except where all settings are those of a private cloud (`HCS_…`): there is no default then. " +
			"It is called for a password, an agency, a project that is set by its name, and the service catalog.",
	},
	{
		name: "access_key", variables: []string{"HW_ACCESS_KEY", "HCS_ACCESS_KEY", "OS_ACCESS_KEY"},
		description: "The access key (AK) that signs requests.",
	},
	{
		name: "secret_key", variables: []string{"HW_SECRET_KEY", "HCS_SECRET_KEY", "OS_SECRET_KEY"}, secret: true,
		description: "The secret key (SK) of the access key.",
	},
	{
		name: "security_token", variables: []string{"HW_SECURITY_TOKEN", "HCS_SECURITY_TOKEN", "OS_SECURITY_TOKEN"},
		secret:      true,
		description: "The security token that belongs to a temporary access key.",
	},
	{
		name: "signing_scheme", variables: []string{"ELBAAS_SIGNING_SCHEME"},
		description: "How requests are signed: `access` is what Huawei Cloud documents, " +
			"`scoped` signs with a key that is derived from date and region, as some private clouds want it. Defaults " +
			"to `access`.",
	},
	{
		name: "token", variables: []string{"HW_AUTH_TOKEN", "HCS_AUTH_TOKEN", "OS_AUTH_TOKEN", "OS_TOKEN"},
		secret:      true,
		description: "A Keystone token for the project. It is never renewed; the clouds issue tokens for 24 hours.",
	},
	{
		name: "user_name", variables: []string{"HW_USER_NAME", "HCS_USER_NAME", "OS_USERNAME", "OS_USER_NAME"},
		description: "The name of a user, with `password` and the domain.",
	},
	{
		name: "user_id", variables: []string{"HW_USER_ID", "HCS_USER_ID", "OS_USER_ID"},
		description: "The ID of a user, instead of `user_name` and the domain.",
	},
	{
		name: "password", variables: []string{"HW_USER_PASSWORD", "HCS_USER_PASSWORD", "OS_PASSWORD"}, secret: true,
		description: "The password of the user. It is exchanged for a token at first use, one for each project, which " +
			"is renewed before it expires.",
	},
	{
		name: "domain_name",
		variables: []string{
			"HW_DOMAIN_NAME", "HCS_DOMAIN_NAME", "OS_USER_DOMAIN_NAME", "OS_PROJECT_DOMAIN_NAME",
			"OS_DOMAIN_NAME",
		},
		description: "The name of the domain (account) of the user.",
	},
	{
		name: "domain_id",
		variables: []string{
			"HW_DOMAIN_ID", "HCS_DOMAIN_ID", "OS_USER_DOMAIN_ID", "OS_PROJECT_DOMAIN_ID",
			"OS_DOMAIN_ID",
		},
		description: "The ID of the domain (account) of the user, instead of its name.",
	},
	{
		name: "project_id", variables: []string{"HW_PROJECT_ID", "HCS_PROJECT_ID", "OS_PROJECT_ID", "OS_TENANT_ID"},
		description: "The ID of the project of all certificates that name none themselves.",
	},
	{
		name: "project_name", variables: []string{
			"HW_PROJECT_NAME", "HCS_PROJECT_NAME", "OS_PROJECT_NAME",
			"OS_TENANT_NAME",
		},
		description: "The name of the default project, if `project_id` is not set: its ID is looked up at first use. " +
			"Defaults to the region.",
	},
	{
		name: "shared_config_file", variables: []string{"HW_SHARED_CONFIG_FILE", "HCS_SHARED_CONFIG_FILE"},
		description: "The configuration file of Huawei Cloud's command line tool. Defaults to `~/.hcloud/config.json`.",
	},
	{
		name: "profile", variables: []string{"HW_PROFILE", "HCS_PROFILE"},
		description: "The profile in `shared_config_file`. Defaults to its current profile.",
	},
	{
		name: "assume_role.agency_name", variables: []string{
			"HW_ASSUME_ROLE_AGENCY_NAME",
			"HCS_ASSUME_ROLE_AGENCY_NAME",
		},
		description: "The name of the agency.",
	},
	{
		name: "assume_role.domain_name", variables: []string{
			"HW_ASSUME_ROLE_DOMAIN_NAME",
			"HCS_ASSUME_ROLE_DOMAIN_NAME",
		},
		description: "The name of the domain (account) that created the agency.",
	},
	{
		name: "insecure", variables: []string{"HW_INSECURE", "HCS_INSECURE", "OS_INSECURE"}, kind: flagValue,
		description: "Skip TLS verification and allow plain-HTTP endpoints. Defaults to `false`. Do not use in " +
			"production. A variable counts only for the credentials of its own or a later source, and for endpoints of its own.",
	},
	{
		name: "cacert_file", variables: []string{"OS_CACERT"},
		description: "A file of CA certificates (PEM), or its content, to trust instead of the system's. The variable " +
			"counts for all credentials, unless `OS_AUTH_URL` or `OS_CLOUD` names another cloud beside it.",
	},
	{
		name: "cert", variables: []string{"OS_CERT"},
		description: "A client certificate (PEM): a file, or its content.",
	},
	{
		name: "key", variables: []string{"OS_KEY"}, secret: true,
		description: "The private key of the client certificate (PEM): a file, or its content.",
	},
	{
		name: "max_retries", variables: []string{"HW_MAX_RETRIES", "HCS_MAX_RETRIES"}, kind: numberValue,
		description: "Maximum number of retries after a transient error. Defaults to `5`; `0` disables retries. " +
			"Throttled requests (429) do not count: they are retried until the operation times out.",
	},
	{
		name: "expiry_warning_days", variables: []string{"ELBAAS_EXPIRY_WARNING_DAYS"}, kind: numberValue,
		description: "How many days before the end of a certificate a plan warns of it. Defaults to `30`; `0` warns " +
			"of expired certificates only.",
	},
}

// argumentNamed returns an argument of the table.
func argumentNamed(name string) argument {
	i := slices.IndexFunc(arguments, func(a argument) bool { return a.name == name })
	if i < 0 {
		panic("the provider has no argument " + name)
	}
	return arguments[i]
}

// path returns where the argument is in the provider block.
func (a argument) path() path.Path {
	block, name, nested := strings.Cut(a.name, ".")
	if nested {
		return path.Root(block).AtName(name)
	}
	return path.Root(a.name)
}

// variable returns the first variable with a prefix, or an empty text.
func (a argument) variable(prefix string) string {
	i := slices.IndexFunc(a.variables, func(v string) bool { return strings.HasPrefix(v, prefix) })
	if i < 0 {
		return ""
	}
	return a.variables[i]
}

// remedy says how to set the argument.
func (a argument) remedy() string {
	return fmt.Sprintf("Set %s in the provider block, or the environment variable %s.", a.name,
		strings.Join(a.variables, " or "))
}

// attribute is the argument's part of the schema.
func (a argument) attribute() schema.Attribute {
	variables := "`" + a.variables[0] + "`"
	if last := len(a.variables) - 1; last > 0 {
		variables = "s `" + strings.Join(a.variables[:last], "`, `") + "` or `" + a.variables[last] + "`"
	} else {
		variables = " " + variables
	}
	description := a.description + " Can also be set with the environment variable" + variables + "."
	switch a.kind {
	case flagValue:
		return schema.BoolAttribute{MarkdownDescription: description, Optional: true}
	case numberValue:
		return schema.Int64Attribute{MarkdownDescription: description, Optional: true}
	}
	return schema.StringAttribute{MarkdownDescription: description, Optional: true, Sensitive: a.secret}
}

// providerSchema is the schema of the provider block.
func providerSchema() schema.Schema {
	attributes, agency := map[string]schema.Attribute{}, map[string]schema.Attribute{}
	for _, a := range arguments {
		if _, name, nested := strings.Cut(a.name, "."); nested {
			agency[name] = a.attribute()
		} else {
			attributes[a.name] = a.attribute()
		}
	}
	return schema.Schema{
		MarkdownDescription: "Manages certificates of the classic load balancer (ELB, `elbaas` v1.0) of the Huawei " +
			"Cloud family: " +
			"Huawei Cloud, Open Telekom Cloud, FlexibleEngine, and private clouds of the same make.",
		Attributes: attributes,
		Blocks: map[string]schema.Block{
			"assume_role": schema.SingleNestedBlock{
				MarkdownDescription: "An agency of another account to act as, with temporary keys that the access key " +
					"gets.",
				Attributes: agency,
			},
		},
	}
}

// A providerBlock has the values of a provider block by the names of its arguments,
// each written as its environment variable would be. One that is not set is missing
// or null.
type providerBlock map[string]types.String

// newProviderBlock reads a configuration that has the schema of the provider.
func newProviderBlock(config tftypes.Value) (providerBlock, error) {
	block := providerBlock{}
	for _, a := range arguments {
		step := tftypes.NewAttributePath()
		for name := range strings.SplitSeq(a.name, ".") {
			step = step.WithAttributeName(name)
		}
		found, _, err := tftypes.WalkAttributePath(config, step)
		if err != nil {
			continue // the nested block is missing
		}
		value, ok := found.(tftypes.Value)
		if !ok {
			return nil, fmt.Errorf("argument %s is a %T", a.name, found)
		}
		if block[a.name], err = valueText(value); err != nil {
			return nil, fmt.Errorf("argument %s: %w", a.name, err)
		}
	}
	return block, nil
}
