package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

var (
	_ datasource.DataSource              = (*certificatesDataSource)(nil)
	_ datasource.DataSourceWithConfigure = (*certificatesDataSource)(nil)
)

// NewCertificatesDataSource returns the data source elbaas_certificates.
func NewCertificatesDataSource() datasource.DataSource {
	return &certificatesDataSource{}
}

type certificatesDataSource struct {
	cloud *cloud
}

type certificatesModel struct {
	ProjectID     types.String  `tfsdk:"project_id"`
	NameRegex     types.String  `tfsdk:"name_regex"`
	Domain        types.String  `tfsdk:"domain"`
	Covers        types.String  `tfsdk:"covers"`
	ExpiresBefore types.String  `tfsdk:"expires_before"`
	Certificates  []publicModel `tfsdk:"certificates"`
}

// Metadata implements datasource.DataSource.
func (d *certificatesDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_certificates"
}

// Schema implements datasource.DataSource.
func (d *certificatesDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	text := func(description, noun string, check func(string) error) schema.StringAttribute {
		return schema.StringAttribute{MarkdownDescription: description, Optional: true, Validators: []validator.String{textRule{noun, check}}}
	}
	project := text("The id of the project. The default is the provider's project.", "project id", checkProjectID)
	project.Computed = true
	resp.Schema = schema.Schema{
		MarkdownDescription: "The certificates of a project, without their private keys: all, or those that match every argument that is given. There may be none.",
		Attributes: map[string]schema.Attribute{
			"project_id":     project,
			"name_regex":     text(nameRegexDescription, "name_regex", checkNameRegex),
			"domain":         text("The domain, as the API keeps it. Empty chooses certificates without one.", "domain", checkDomain),
			"covers":         text(coversDescription, "host name", checkHostName),
			"expires_before": text(expiresBeforeDescription, "expires_before", checkTime),
			"certificates": schema.ListNestedAttribute{
				MarkdownDescription: "The certificates, sorted by name, then by id.",
				Computed:            true,
				NestedObject:        schema.NestedAttributeObject{Attributes: certificateAttributes()},
			},
		},
	}
}

// Configure implements datasource.DataSourceWithConfigure.
func (d *certificatesDataSource) Configure(_ context.Context, req datasource.ConfigureRequest, _ *datasource.ConfigureResponse) {
	if req.ProviderData != nil { // nil while Terraform validates
		d.cloud = req.ProviderData.(*cloud) //nolint:forcetypeassert // set in one place
	}
}

// Read implements datasource.DataSource.
func (d *certificatesDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var model certificatesModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &model)...)
	resp.Diagnostics.Append(d.cloud.ready()...)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, defaultReadTimeout)
	defer cancel()
	project, diags := d.cloud.project(ctx, model.ProjectID)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	model.ProjectID = project
	filter := certificateFilter{nameRegex: model.NameRegex, domain: model.Domain, covers: model.Covers, expiresBefore: model.ExpiresBefore}
	var err error
	if model.Certificates, err = filter.choose(ctx, d.cloud, project.ValueString()); err != nil {
		d.cloud.addError(&resp.Diagnostics, "Unable to read certificates", err)
		return
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, model)...)
}
