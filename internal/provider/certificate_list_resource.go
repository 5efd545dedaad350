package provider

import (
	"context"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/list/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

var (
	_ list.ListResource              = (*certificateListResource)(nil)
	_ list.ListResourceWithConfigure = (*certificateListResource)(nil)
)

// NewCertificateListResource returns the list resource elbaas_certificate.
func NewCertificateListResource() list.ListResource {
	return &certificateListResource{}
}

// certificateListResource lists what a certificateResource manages, and has its
// name and its cloud.
type certificateListResource struct {
	certificateResource
}

type certificateListModel struct {
	ProjectID     types.String `tfsdk:"project_id"`
	NameRegex     types.String `tfsdk:"name_regex"`
	Covers        types.String `tfsdk:"covers"`
	ExpiresBefore types.String `tfsdk:"expires_before"`
}

// ListResourceConfigSchema implements list.ListResource.
func (r *certificateListResource) ListResourceConfigSchema(_ context.Context, _ list.ListResourceSchemaRequest, resp *list.ListResourceSchemaResponse) {
	text := func(description, noun string, check func(string) error) schema.StringAttribute {
		return schema.StringAttribute{MarkdownDescription: description, Optional: true, Validators: []validator.String{textRule{noun, check}}}
	}
	resp.Schema = schema.Schema{
		MarkdownDescription: "The certificates of a project, for `terraform query` (Terraform 1.14) to find them and to generate their configuration. " +
			"They are sorted by name, then by id. Private keys are not among what is listed.",
		Attributes: map[string]schema.Attribute{
			"project_id":     text("The id of the project. The default is the provider's project.", "project id", checkProjectID),
			"name_regex":     text(nameRegexDescription, "name_regex", checkNameRegex),
			"covers":         text(coversDescription, "host name", checkHostName),
			"expires_before": text(expiresBeforeDescription, "expires_before", checkTime),
		},
	}
}

// List implements list.ListResource. The results are sorted by name, then by id.
func (r *certificateListResource) List(ctx context.Context, req list.ListRequest, stream *list.ListResultsStream) {
	chosen, diags := r.choose(ctx, req)
	if diags.HasError() {
		stream.Results = list.ListResultsStreamDiagnostics(diags)
		return
	}
	if req.Limit > 0 && int64(len(chosen)) > req.Limit { // the framework leaves that to us
		chosen = chosen[:req.Limit]
	}
	results := make([]list.ListResult, len(chosen))
	for i, m := range chosen {
		result := req.NewListResult(ctx)
		result.DisplayName = m.title()
		result.Diagnostics.Append(result.Identity.Set(ctx, m.identity())...)
		if req.IncludeResource {
			result.Diagnostics.Append(result.Resource.Set(ctx, certificateModel{publicModel: m, Timeouts: noTimeouts()})...)
		}
		results[i] = result
	}
	stream.Results = slices.Values(results)
}

func (r *certificateListResource) choose(ctx context.Context, req list.ListRequest) ([]publicModel, diag.Diagnostics) {
	var config certificateListModel
	diags := req.Config.Get(ctx, &config)
	diags.Append(r.cloud.ready()...)
	if diags.HasError() {
		return nil, diags
	}
	ctx, cancel := context.WithTimeout(ctx, defaultReadTimeout)
	defer cancel()
	project, more := r.cloud.project(ctx, config.ProjectID)
	diags.Append(more...)
	if diags.HasError() {
		return nil, diags
	}
	filter := certificateFilter{nameRegex: config.NameRegex, covers: config.Covers, expiresBefore: config.ExpiresBefore}
	chosen, err := filter.choose(ctx, r.cloud, project.ValueString())
	if err != nil {
		r.cloud.addError(&diags, "Unable to list certificates", err)
	}
	return chosen, diags
}

// noTimeouts is the block of a certificate that has none: a null that has its type.
func noTimeouts() timeouts.Value {
	return timeouts.Value{Object: types.ObjectNull(map[string]attr.Type{
		"create": types.StringType, "read": types.StringType, "update": types.StringType, "delete": types.StringType,
	})}
}
