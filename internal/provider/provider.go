// Package provider is everything that Terraform sees: the provider, its
// resources, their schemas, and the diagnostics.
package provider

import (
	"context"
	"fmt"
	"net"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/ephemeral"
	"github.com/hashicorp/terraform-plugin-framework/function"
	"github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-log/tflog"
)

var (
	_ provider.ProviderWithFunctions          = (*elbaasProvider)(nil)
	_ provider.ProviderWithListResources      = (*elbaasProvider)(nil)
	_ provider.ProviderWithEphemeralResources = (*elbaasProvider)(nil)
)

// A Dialer connects to an address, as net.Dialer's DialContext does. nil is the dialer of http.DefaultTransport.
type Dialer func(ctx context.Context, network, address string) (net.Conn, error)

type elbaasProvider struct {
	version string
	dial    Dialer
}

func (p *elbaasProvider) Metadata(_ context.Context, _ provider.MetadataRequest, resp *provider.MetadataResponse) {
	resp.TypeName = "elbaas"
	resp.Version = p.version
}

// Configure implements provider.Provider. It sends no request, because Terraform configures
// a provider several times in one command.
func (p *elbaasProvider) Configure(
	ctx context.Context, req provider.ConfigureRequest, resp *provider.ConfigureResponse,
) {
	block := providerBlock{}
	for name := range arguments {
		var value attr.Value
		resp.Diagnostics.Append(req.Config.GetAttribute(ctx, pathOf(name), &value)...)
		block[name] = value
	}
	settings, diags := newSettings(block, osEnvironment())
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}

	userAgent := fmt.Sprintf("terraform-provider-elbaas/%s terraform/%s", p.version, req.TerraformVersion)
	cloud := newCloud(settings, userAgent, p.dial)
	resp.ResourceData, resp.DataSourceData = cloud, cloud
	resp.ListResourceData, resp.EphemeralResourceData = cloud, cloud
	tflog.Info(ctx, "credentials", map[string]any{
		"source": settings.credentialsSource,
		"kind":   string(settings.Credentials.Kind()),
	})
}

func (p *elbaasProvider) Resources(context.Context) []func() resource.Resource {
	return []func() resource.Resource{NewCertificateResource, NewListenerCertificateResource}
}

func (p *elbaasProvider) DataSources(context.Context) []func() datasource.DataSource {
	return []func() datasource.DataSource{NewCertificateDataSource, NewCertificatesDataSource, NewListenersDataSource}
}

func (p *elbaasProvider) ListResources(context.Context) []func() list.ListResource {
	return []func() list.ListResource{NewCertificateListResource}
}

func (p *elbaasProvider) EphemeralResources(context.Context) []func() ephemeral.EphemeralResource {
	return []func() ephemeral.EphemeralResource{NewCertificateEphemeralResource}
}

func (p *elbaasProvider) Functions(context.Context) []func() function.Function {
	return []func() function.Function{NewCertificateInfoFunction}
}
