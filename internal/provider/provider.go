// Package provider is everything that Terraform sees: the provider, its
// resource, their schemas, and the diagnostics.
package provider

import (
	"context"
	"fmt"
	"net"
	"os"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/ephemeral"
	"github.com/hashicorp/terraform-plugin-framework/function"
	"github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-log/tflog"
)

var (
	_ provider.Provider              = (*elbaasProvider)(nil)
	_ provider.ProviderWithFunctions = (*elbaasProvider)(nil)

	_ provider.ProviderWithListResources      = (*elbaasProvider)(nil)
	_ provider.ProviderWithEphemeralResources = (*elbaasProvider)(nil)
)

// An Option replaces something of the world that the provider runs in.
type Option func(*elbaasProvider)

// WithClock gives the provider a clock, by which it judges expiry.
func WithClock(now func() time.Time) Option {
	return func(p *elbaasProvider) { p.now = now }
}

// WithDialer gives the provider a network.
func WithDialer(dial Dialer) Option {
	return func(p *elbaasProvider) { p.dial = dial }
}

// A Dialer connects to an address, as net.Dialer's DialContext does.
type Dialer func(ctx context.Context, network, address string) (net.Conn, error)

type elbaasProvider struct {
	version string
	now     func() time.Time
	dial    Dialer // nil is that of http.DefaultTransport
}

type providerModel struct {
	Region           types.String `tfsdk:"region"`
	Cloud            types.String `tfsdk:"cloud"`
	CloudsEntry      types.String `tfsdk:"clouds_entry"`
	Endpoint         types.String `tfsdk:"endpoint"`
	AuthURL          types.String `tfsdk:"auth_url"`
	AccessKey        types.String `tfsdk:"access_key"`
	SecretKey        types.String `tfsdk:"secret_key"`
	SecurityToken    types.String `tfsdk:"security_token"`
	SigningScheme    types.String `tfsdk:"signing_scheme"`
	Token            types.String `tfsdk:"token"`
	UserName         types.String `tfsdk:"user_name"`
	UserID           types.String `tfsdk:"user_id"`
	Password         types.String `tfsdk:"password"`
	DomainName       types.String `tfsdk:"domain_name"`
	DomainID         types.String `tfsdk:"domain_id"`
	ProjectID        types.String `tfsdk:"project_id"`
	ProjectName      types.String `tfsdk:"project_name"`
	SharedConfigFile types.String `tfsdk:"shared_config_file"`
	Profile          types.String `tfsdk:"profile"`
	Insecure         types.Bool   `tfsdk:"insecure"`
	CACertFile       types.String `tfsdk:"cacert_file"`
	Cert             types.String `tfsdk:"cert"`
	Key              types.String `tfsdk:"key"`
	MaxRetries       types.Int64  `tfsdk:"max_retries"`

	ExpiryWarningDays types.Int64 `tfsdk:"expiry_warning_days"`

	AssumeRole *assumeRoleModel `tfsdk:"assume_role"`
}

type assumeRoleModel struct {
	AgencyName types.String `tfsdk:"agency_name"`
	DomainName types.String `tfsdk:"domain_name"`
}

// values returns the arguments by their names.
func (m providerModel) values() map[string]attr.Value {
	values := map[string]attr.Value{
		regionArgument.name: m.Region, cloudArgument.name: m.Cloud, cloudsEntryArgument.name: m.CloudsEntry,
		endpointArgument.name: m.Endpoint, authURLArgument.name: m.AuthURL,
		accessKeyArgument.name: m.AccessKey, secretKeyArgument.name: m.SecretKey, securityTokenArgument.name: m.SecurityToken,
		signingSchemeArgument.name: m.SigningScheme, tokenArgument.name: m.Token,
		userNameArgument.name: m.UserName, userIDArgument.name: m.UserID, passwordArgument.name: m.Password,
		domainNameArgument.name: m.DomainName, domainIDArgument.name: m.DomainID,
		projectIDArgument.name: m.ProjectID, projectNameArgument.name: m.ProjectName,
		configFileArgument.name: m.SharedConfigFile, profileArgument.name: m.Profile,
		insecureArgument.name: m.Insecure, caCertArgument.name: m.CACertFile, certArgument.name: m.Cert, keyArgument.name: m.Key,
		maxRetriesArgument.name: m.MaxRetries, expiryWarningDaysArgument.name: m.ExpiryWarningDays,
	}
	if m.AssumeRole != nil {
		values[agencyNameArgument.name], values[agencyDomainArgument.name] = m.AssumeRole.AgencyName, m.AssumeRole.DomainName
	}
	return values
}

// Metadata implements provider.Provider.
func (p *elbaasProvider) Metadata(_ context.Context, _ provider.MetadataRequest, resp *provider.MetadataResponse) {
	resp.TypeName = "elbaas"
	resp.Version = p.version
}

// Schema implements provider.Provider.
func (p *elbaasProvider) Schema(_ context.Context, _ provider.SchemaRequest, resp *provider.SchemaResponse) {
	text := func(a argument, description string) schema.StringAttribute {
		return schema.StringAttribute{MarkdownDescription: description + " " + a.fallback(), Optional: true}
	}
	secretText := func(a argument, description string) schema.StringAttribute {
		attribute := text(a, description)
		attribute.Sensitive = true
		return attribute
	}
	resp.Schema = schema.Schema{
		MarkdownDescription: "Manages certificates of the classic load balancer (ELB, `elbaas` v1.0) of the Huawei Cloud family: " +
			"Huawei Cloud, Open Telekom Cloud, FlexibleEngine, and private clouds of the same make.",
		Attributes: map[string]schema.Attribute{
			"region": text(regionArgument, "The region, such as `eu-de`. It makes the addresses of the services, and is the name of the default project."),
			"cloud": text(cloudArgument, "The domain of the cloud's endpoints, such as `otc.t-systems.com`. The default is `"+defaultCloud+"`. "+
				"`OS_CLOUD` counts here only if it has a dot."),
			"clouds_entry": text(cloudsEntryArgument, "The name of an entry of `clouds.yaml`, with a password, a token, or `ak` and `sk`. The file is looked for in the current folder, "+
				"in `~/.config/openstack` and in `/etc/openstack`, or is the one that `OS_CLIENT_CONFIG_FILE` names; a `secure.yaml` beside it is merged. "+
				"`OS_CLOUD` counts here only if it has no dot."),
			"endpoint": text(endpointArgument, "The base URL of the ELB service, such as `https://elb.eu-de.otc.t-systems.com`, without the version: "+
				"`/v1.0/…` is added to it. A path is allowed. The default is `https://elb.{region}.{cloud}`; without a region, the service catalog tells."),
			"auth_url": text(authURLArgument, "The base URL of the identity service (IAM), with its version. The default is `https://iam.{region}.{cloud}/v3`, "+
				"but where all settings are those of a private cloud (`HCS_…`), there is none. "+
				"It is called for a password, an agency, a project that is given by its name, and the service catalog."),
			"access_key":     text(accessKeyArgument, "The access key (AK) that signs requests."),
			"secret_key":     secretText(secretKeyArgument, "The secret key (SK) of the access key."),
			"security_token": secretText(securityTokenArgument, "The security token that goes with a temporary access key."),
			"signing_scheme": text(signingSchemeArgument, "How requests are signed: `access`, which is the default and what Huawei Cloud documents, "+
				"or `scoped`, with a key that is derived from date and region, as some private clouds want it."),
			"token":              secretText(tokenArgument, "A Keystone token, good for the project. It is never renewed: the clouds let it live for 24 hours."),
			"user_name":          text(userNameArgument, "The name of a user, with `password` and the domain."),
			"user_id":            text(userIDArgument, "The id of a user, instead of `user_name` and the domain."),
			"password":           secretText(passwordArgument, "The password of the user. A token is asked for at first use, one for each project, and renewed before it expires."),
			"domain_name":        text(domainNameArgument, "The name of the domain (account) of the user."),
			"domain_id":          text(domainIDArgument, "The id of the domain (account) of the user, instead of its name."),
			"project_id":         text(projectIDArgument, "The id of the project of all certificates that name none themselves."),
			"project_name":       text(projectNameArgument, "The name of that project, if its id is not given: it is looked up at first use. The default is the region."),
			"shared_config_file": text(configFileArgument, "The configuration file of Huawei Cloud's command line tool. The default is `~/.hcloud/config.json`."),
			"profile":            text(profileArgument, "The profile in that file. The default is the file's current one."),
			"insecure": schema.BoolAttribute{
				MarkdownDescription: "Whether to accept any TLS certificate of the services, and addresses without TLS. The default is false. " + insecureArgument.fallback(),
				Optional:            true,
			},
			"cacert_file": text(caCertArgument, "A file of CA certificates (PEM), or the text of one, to trust instead of the system's."),
			"cert":        text(certArgument, "A client certificate (PEM): a file, or the text of one."),
			"key":         secretText(keyArgument, "The private key of the client certificate (PEM): a file, or the text of one."),
			"max_retries": schema.Int64Attribute{
				MarkdownDescription: "How often a call is repeated that failed for no lasting reason. The default is 5; 0 is never. " +
					"Being throttled is no failure: such a call is repeated until its operation times out. " + maxRetriesArgument.fallback(),
				Optional: true,
			},
			"expiry_warning_days": schema.Int64Attribute{
				MarkdownDescription: "How many days before the end of a certificate a plan warns of it. The default is 30; 0 warns of expired certificates only. " +
					expiryWarningDaysArgument.fallback(),
				Optional: true,
			},
		},
		Blocks: map[string]schema.Block{
			"assume_role": schema.SingleNestedBlock{
				MarkdownDescription: "An agency of another account to act as, with temporary keys that the access key gets.",
				Attributes: map[string]schema.Attribute{
					"agency_name": text(agencyNameArgument, "The name of the agency."),
					"domain_name": text(agencyDomainArgument, "The name of the domain (account) that made the agency."),
				},
			},
		},
	}
}

// Configure implements provider.Provider. It calls nothing: Terraform runs it
// several times in one command.
func (p *elbaasProvider) Configure(ctx context.Context, req provider.ConfigureRequest, resp *provider.ConfigureResponse) {
	var config providerModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if resp.Diagnostics.HasError() {
		return
	}
	settings, diags := newSettings(config, theOutside())
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	cloud := newCloud(settings, fmt.Sprintf("terraform-provider-elbaas/%s terraform/%s", p.version, req.TerraformVersion), p.now, p.dial)
	resp.ResourceData, resp.DataSourceData, resp.ListResourceData, resp.EphemeralResourceData = cloud, cloud, cloud, cloud
	tflog.Info(ctx, "credentials", map[string]any{"source": settings.credentialsSource, "kind": string(settings.credentials.Kind())})
}

// theOutside is that of this process.
func theOutside() outside {
	home, _ := os.UserHomeDir() // without one, there are no files in it
	return outside{getenv: os.Getenv, readFile: os.ReadFile, home: home}
}

// Resources implements provider.Provider.
func (p *elbaasProvider) Resources(context.Context) []func() resource.Resource {
	return []func() resource.Resource{NewCertificateResource}
}

// DataSources implements provider.Provider.
func (p *elbaasProvider) DataSources(context.Context) []func() datasource.DataSource {
	return []func() datasource.DataSource{NewCertificateDataSource, NewCertificatesDataSource}
}

// ListResources implements provider.ProviderWithListResources.
func (p *elbaasProvider) ListResources(context.Context) []func() list.ListResource {
	return []func() list.ListResource{NewCertificateListResource}
}

// EphemeralResources implements provider.ProviderWithEphemeralResources.
func (p *elbaasProvider) EphemeralResources(context.Context) []func() ephemeral.EphemeralResource {
	return []func() ephemeral.EphemeralResource{NewCertificateEphemeralResource}
}

// Functions implements provider.ProviderWithFunctions.
func (p *elbaasProvider) Functions(context.Context) []func() function.Function {
	return []func() function.Function{NewCertificateInfoFunction}
}
