package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
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

// The framework accepts attributes of a data source in every other kind of schema as well, as long as they have no
// default and no plan modifiers. The following are therefore also used by the ephemeral resource, the list resource and
// the resource.

// projectArgument is the argument project_id. If it is omitted, the result has the ID of the provider's project.
var projectArgument = optionalText("The ID of the project. Defaults to the provider's project.", true,
	textRule{"project ID", checkProjectID})

// optionalText returns an attribute that may be set. If it is computed, the result sets it when the configuration does
// not.
func optionalText(description string, isComputed bool, rules ...validator.String) schema.StringAttribute {
	return schema.StringAttribute{
		MarkdownDescription: description,
		Optional:            true,
		Computed:            isComputed,
		Validators:          rules,
	}
}

// computedText returns an attribute that the result sets.
func computedText(description string) schema.StringAttribute {
	return schema.StringAttribute{MarkdownDescription: description, Computed: true}
}

// computedTexts returns a list of texts that the result sets.
func computedTexts(description string) schema.ListAttribute {
	return schema.ListAttribute{MarkdownDescription: description, Computed: true, ElementType: types.StringType}
}
