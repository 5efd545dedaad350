package provider

import (
	"context"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/list/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"
)

var _ list.ListResourceWithConfigure = (*certificateListResource)(nil)

// NewCertificateListResource returns the list resource elbaas_certificate.
func NewCertificateListResource() list.ListResource {
	return &certificateListResource{resourceBase{name: "certificate"}}
}

type certificateListResource struct{ resourceBase }

func (r *certificateListResource) ListResourceConfigSchema(
	_ context.Context, _ list.ListResourceSchemaRequest, resp *list.ListResourceSchemaResponse,
) {
	project := projectArgument
	project.Computed = false // the results have it, but not the query
	attributes := map[string]schema.Attribute{"project_id": project}
	for name, argument := range filterArguments {
		attributes[name] = argument
	}
	resp.Schema = schema.Schema{
		MarkdownDescription: "Lists the certificates of a project, without their private keys, sorted by name, then " +
			"by ID. Write the blocks to a file whose name ends in `.tfquery.hcl`. `terraform query` (Terraform 1.14) " +
			"then finds the certificates, and writes import blocks and resources with `-generate-config-out=FILE`. " +
			"Use only one block for that: a certificate that two blocks find is written twice.",
		Attributes: attributes,
	}
}

func (r *certificateListResource) List(ctx context.Context, req list.ListRequest, stream *list.ListResultsStream) {
	var filter certificateFilter
	diags := req.Config.Get(ctx, &filter)
	chosen := filter.choose(ctx, r.cloud, &diags)
	if diags.HasError() {
		stream.Results = list.ListResultsStreamDiagnostics(diags)
		return
	}
	if req.Limit > 0 && int64(len(chosen)) > req.Limit { // the framework does not enforce the limit
		chosen = chosen[:req.Limit]
	}

	results := make([]list.ListResult, len(chosen))
	for i, m := range chosen {
		result := req.NewListResult(ctx)
		result.DisplayName = m.title()
		result.Diagnostics.Append(result.Identity.Set(ctx, m.identityModel)...)
		if req.IncludeResource {
			listed := certificateModel{publicModel: m}
			// The new result is null, and so are its timeouts, which must have a type.
			result.Diagnostics.Append(result.Resource.GetAttribute(ctx, path.Root("timeouts"), &listed.Timeouts)...)
			result.Diagnostics.Append(result.Resource.Set(ctx, listed)...)
		}
		results[i] = result
	}
	stream.Results = slices.Values(results)
}
