package provider

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/ephemeral"
	"github.com/hashicorp/terraform-plugin-framework/ephemeral/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/elbaas/terraform-provider-elbaas/internal/elb"
	"github.com/elbaas/terraform-provider-elbaas/internal/pemcert"
	"github.com/elbaas/terraform-provider-elbaas/internal/secret"
)

var (
	_ ephemeral.EphemeralResource              = (*certificateEphemeralResource)(nil)
	_ ephemeral.EphemeralResourceWithConfigure = (*certificateEphemeralResource)(nil)
)

// NewCertificateEphemeralResource returns the ephemeral resource
// elbaas_certificate.
func NewCertificateEphemeralResource() ephemeral.EphemeralResource {
	return &certificateEphemeralResource{}
}

type certificateEphemeralResource struct {
	cloud *cloud
}

type certificateEphemeralModel struct {
	ID          types.String `tfsdk:"id"`
	ProjectID   types.String `tfsdk:"project_id"`
	Certificate types.String `tfsdk:"certificate"`
	PrivateKey  types.String `tfsdk:"private_key"`
}

// Metadata implements ephemeral.EphemeralResource.
func (r *certificateEphemeralResource) Metadata(_ context.Context, req ephemeral.MetadataRequest, resp *ephemeral.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_certificate"
}

// Schema implements ephemeral.EphemeralResource.
func (r *certificateEphemeralResource) Schema(_ context.Context, _ ephemeral.SchemaRequest, resp *ephemeral.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "A certificate with its private key, read from the API, to be passed on to a secret store or to a write-only attribute. " +
			"It is in no plan and in no state. It needs Terraform 1.10 or OpenTofu 1.11. " +
			"This is the one place where the provider reads a private key. Each use lists the certificates of the project. " +
			"A cloud that masks keys or leaves them out cannot serve it: that is an error.",
		Attributes: map[string]schema.Attribute{
			"id": schema.StringAttribute{
				MarkdownDescription: "The id of the certificate: 32 hexadecimal characters.",
				Required:            true,
				Validators:          []validator.String{textRule{"certificate ID", checkID}},
			},
			"project_id": schema.StringAttribute{
				MarkdownDescription: "The id of the project that the certificate belongs to. The default is the provider's project.",
				Optional:            true,
				Computed:            true,
				Validators:          []validator.String{textRule{"project id", checkProjectID}},
			},
			"certificate": schema.StringAttribute{
				MarkdownDescription: "The certificate as PEM: the leaf first, then its chain.",
				Computed:            true,
			},
			"private_key": schema.StringAttribute{
				MarkdownDescription: "The private key as PEM.",
				Computed:            true,
				Sensitive:           true,
			},
		},
	}
}

// Configure implements ephemeral.EphemeralResourceWithConfigure.
func (r *certificateEphemeralResource) Configure(_ context.Context, req ephemeral.ConfigureRequest, _ *ephemeral.ConfigureResponse) {
	if req.ProviderData != nil { // nil while Terraform validates
		r.cloud = req.ProviderData.(*cloud) //nolint:forcetypeassert // set in one place
	}
}

// Open implements ephemeral.EphemeralResource.
func (r *certificateEphemeralResource) Open(ctx context.Context, req ephemeral.OpenRequest, resp *ephemeral.OpenResponse) {
	var model certificateEphemeralModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &model)...)
	resp.Diagnostics.Append(r.cloud.ready()...)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, defaultReadTimeout)
	defer cancel()
	project, diags := r.cloud.project(ctx, model.ProjectID)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	id := strings.ToLower(model.ID.ValueString())
	cert, key, err := r.cloud.client.GetPrivateKey(ctx, project.ValueString(), id)
	switch {
	case errors.Is(err, elb.ErrNotFound):
		resp.Diagnostics.AddAttributeError(path.Root("id"), "No such certificate",
			fmt.Sprintf("Project %s has no certificate %q. Check the id, and project_id if the certificate belongs to another project.", project.ValueString(), id))
		return
	case err != nil:
		r.cloud.addError(&resp.Diagnostics, fmt.Sprintf("Unable to read certificate %q", id), err)
		return
	}
	var shown publicModel
	shown.fromAPI(cert)
	text, flaw := shown.readKey(key)
	if flaw != "" {
		resp.Diagnostics.AddError("The cloud does not show the private key", fmt.Sprintf(
			"What the list of the project has as the private key of certificate %q %s. This cloud cannot be asked for keys: take the key from where it was made.", id, flaw))
		return
	}
	model.ProjectID = project
	model.Certificate = shown.Certificate
	model.PrivateKey = types.StringValue(text.Reveal())
	resp.Diagnostics.Append(resp.Result.Set(ctx, model)...)
}

// readKey returns the canonical text of the key of a certificate, or says why what
// a server shows is none, and quotes nothing of it.
func (m publicModel) readKey(shown secret.Value) (key secret.Value, flaw string) {
	text := strings.TrimSpace(shown.Reveal())
	parsed, err := pemcert.ParseKey(text)
	chain := pemcert.CertificatesIn(m.Certificate.ValueString()) // with one that is unreadable, there is no saying
	switch {
	case text == "":
		return key, "is missing"
	case strings.Trim(text, "*") == "":
		return key, "is a mask of asterisks"
	case err != nil:
		return key, "is not a private key"
	case checkPair(chain, parsed, "private_key").HasError():
		return key, "belongs to another certificate"
	}
	return parsed.PEM(), ""
}
