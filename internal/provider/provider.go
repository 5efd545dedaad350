// Package provider is everything that Terraform sees: the provider, its
// resource, their schemas, and the diagnostics.
package provider

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/elbaas/terraform-provider-elbaas/internal/auth"
	"github.com/elbaas/terraform-provider-elbaas/internal/elb"
)

var _ provider.Provider = (*elbaasProvider)(nil)

// New returns a function that makes the provider. Its version is told to
// Terraform and to the API.
func New(version string) func() provider.Provider {
	return NewAt(version, time.Now)
}

// NewAt is New with a clock, by which expiry is judged.
func NewAt(version string, now func() time.Time) func() provider.Provider {
	return func() provider.Provider { return &elbaasProvider{version: version, now: now} }
}

type elbaasProvider struct {
	version string
	now     func() time.Time
}

type providerModel struct {
	Endpoint  types.String `tfsdk:"endpoint"`
	ProjectID types.String `tfsdk:"project_id"`
	Token     types.String `tfsdk:"token"`

	ExpiryWarningDays types.Int64 `tfsdk:"expiry_warning_days"`
}

// Metadata implements provider.Provider.
func (p *elbaasProvider) Metadata(_ context.Context, _ provider.MetadataRequest, resp *provider.MetadataResponse) {
	resp.TypeName = "elbaas"
	resp.Version = p.version
}

// Schema implements provider.Provider.
func (p *elbaasProvider) Schema(_ context.Context, _ provider.SchemaRequest, resp *provider.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Manages certificates of the classic load balancer (ELB, `elbaas` v1.0) of the Huawei Cloud family: " +
			"Huawei Cloud, Open Telekom Cloud, FlexibleEngine, and private clouds of the same make.",
		Attributes: map[string]schema.Attribute{
			"endpoint": schema.StringAttribute{
				MarkdownDescription: "The base URL of the ELB service, such as `https://elb.eu-de.otc.t-systems.com`, without the version: " +
					"`/v1.0/…` is added to it. A path is allowed. " + endpointArgument.fallback(),
				Optional: true,
			},
			"project_id": schema.StringAttribute{
				MarkdownDescription: "The id of the project of all certificates that name none themselves. " + projectIDArgument.fallback(),
				Optional:            true,
			},
			"token": schema.StringAttribute{
				MarkdownDescription: "A Keystone token, good for the project. It is never renewed: the clouds let it live for 24 hours. " + tokenArgument.fallback(),
				Optional:            true,
				Sensitive:           true,
			},
			"expiry_warning_days": schema.Int64Attribute{
				MarkdownDescription: "How many days before the end of a certificate a plan warns of it. The default is 30; 0 warns of expired certificates only. " +
					expiryWarningDaysArgument.fallback(),
				Optional: true,
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
	settings, diags := newSettings(config, os.Getenv)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}

	network := http.DefaultTransport.(*http.Transport).Clone() //nolint:forcetypeassert // documented
	network.MaxIdleConnsPerHost = network.MaxIdleConns         // Terraform calls one host, ten at a time and more
	resp.ResourceData = &cloud{
		client: elb.New(elb.Config{
			Endpoint:  settings.endpoint,
			Transport: auth.Token(settings.token, logged(network)),
			UserAgent: fmt.Sprintf("terraform-provider-elbaas/%s terraform/%s", p.version, req.TerraformVersion),
		}),
		settings: settings,
		now:      p.now,
	}
}

// Resources implements provider.Provider.
func (p *elbaasProvider) Resources(context.Context) []func() resource.Resource {
	return []func() resource.Resource{NewCertificateResource}
}

// DataSources implements provider.Provider.
func (p *elbaasProvider) DataSources(context.Context) []func() datasource.DataSource {
	return nil
}
