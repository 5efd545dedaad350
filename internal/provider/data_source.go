package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
)

// dataSourceBase is embedded by the data sources.
type dataSourceBase struct {
	name  string // without the name of the provider
	cloud *cloud // nil while Terraform validates
}

func (d *dataSourceBase) Metadata(
	_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse,
) {
	resp.TypeName = req.ProviderTypeName + "_" + d.name
}

func (d *dataSourceBase) Configure(
	_ context.Context, req datasource.ConfigureRequest, _ *datasource.ConfigureResponse,
) {
	d.cloud, _ = req.ProviderData.(*cloud)
}

// optionalText returns an attribute of a data source that may be set. If it is computed, the result sets it otherwise.
func optionalText(description string, isComputed bool, rules ...validator.String) schema.StringAttribute {
	return schema.StringAttribute{
		MarkdownDescription: description,
		Optional:            true,
		Computed:            isComputed,
		Validators:          rules,
	}
}

// computedText returns an attribute of a data source that the result sets.
func computedText(description string) schema.StringAttribute {
	return schema.StringAttribute{MarkdownDescription: description, Computed: true}
}
