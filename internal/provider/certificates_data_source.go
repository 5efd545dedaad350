package provider

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

var _ datasource.DataSourceWithConfigure = (*certificatesDataSource)(nil)

// NewCertificatesDataSource returns the data source elbaas_certificates.
func NewCertificatesDataSource() datasource.DataSource {
	return &certificatesDataSource{dataSourceBase{name: "certificates"}}
}

type certificatesDataSource struct{ dataSourceBase }

type certificatesModel struct {
	certificateFilter

	Domain       types.String  `tfsdk:"domain"`
	Certificates []publicModel `tfsdk:"certificates"`
}

func (*certificatesDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	attributes := map[string]schema.Attribute{
		"project_id": projectArgument,
		"domain": optionalText("The domain of the certificates, as the API returns it. "+
			"An empty string finds those without a domain.", false),
		"certificates": schema.ListNestedAttribute{
			MarkdownDescription: "The certificates, sorted by name, then by ID.",
			Computed:            true,
			NestedObject:        schema.NestedAttributeObject{Attributes: certificateAttributes()},
		},
	}
	maps.Copy(attributes, filterArguments)
	resp.Schema = schema.Schema{
		MarkdownDescription: "Lists the certificates of a project, without their private keys: all of them, " +
			"or those that match every argument that is set. The list may be empty. " +
			"Attributes that the provider cannot read from a certificate are null.",
		Attributes: attributes,
	}
}

func (d *certificatesDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var model certificatesModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &model)...)
	chosen := model.choose(ctx, d.cloud, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	model.Certificates = slices.DeleteFunc(chosen, func(m publicModel) bool {
		return !model.Domain.IsNull() && !strings.EqualFold(model.Domain.ValueString(), m.Domain.ValueString())
	})
	resp.Diagnostics.Append(resp.State.Set(ctx, model)...)
}
