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

var _ ephemeral.EphemeralResourceWithConfigure = (*certificateEphemeralResource)(nil)

// NewCertificateEphemeralResource returns the ephemeral resource elbaas_certificate.
func NewCertificateEphemeralResource() ephemeral.EphemeralResource {
	return &certificateEphemeralResource{}
}

type certificateEphemeralResource struct{ cloud *cloud }

type certificateEphemeralModel struct {
	ID          types.String `tfsdk:"id"`
	ProjectID   types.String `tfsdk:"project_id"`
	Certificate types.String `tfsdk:"certificate"`
	PrivateKey  types.String `tfsdk:"private_key"`
}

func (r *certificateEphemeralResource) Metadata(
	_ context.Context, req ephemeral.MetadataRequest, resp *ephemeral.MetadataResponse,
) {
	resp.TypeName = req.ProviderTypeName + "_certificate"
}

func (r *certificateEphemeralResource) Schema(
	_ context.Context, _ ephemeral.SchemaRequest, resp *ephemeral.SchemaResponse,
) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Reads a certificate with its private key from the API, to pass the key on to a secret " +
			"store or to a write-only attribute. The key is stored neither in the plan nor in the state. No other " +
			"part of the provider reads private keys. Each use lists the certificates of the project. It is an error " +
			"if the API masks or omits private keys. Requires Terraform 1.10 or OpenTofu 1.11.",
		Attributes: map[string]schema.Attribute{
			"id": schema.StringAttribute{
				MarkdownDescription: apiDescriptions["id"],
				Required:            true,
				Validators:          []validator.String{textRule{"certificate ID", checkID}},
			},
			"project_id":  projectArgument,
			"certificate": computedText("The certificate in PEM format: the leaf first, then its chain."),
			"private_key": schema.StringAttribute{
				MarkdownDescription: "The private key in PEM format.",
				Computed:            true,
				Sensitive:           true,
			},
		},
	}
}

func (r *certificateEphemeralResource) Configure(
	_ context.Context, req ephemeral.ConfigureRequest, _ *ephemeral.ConfigureResponse,
) {
	r.cloud, _ = req.ProviderData.(*cloud)
}

func (r *certificateEphemeralResource) Open(
	ctx context.Context, req ephemeral.OpenRequest, resp *ephemeral.OpenResponse,
) {
	var model certificateEphemeralModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &model)...)
	ctx, cancel := context.WithTimeout(ctx, defaultReadTimeout)
	defer cancel()

	model.ProjectID = r.cloud.readyProject(ctx, model.ProjectID, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	id := strings.ToLower(model.ID.ValueString())
	cert, shown, err := r.cloud.client.GetPrivateKey(ctx, model.ProjectID.ValueString(), id)
	if errors.Is(err, elb.ErrCertificateNotFound) {
		resp.Diagnostics.AddAttributeError(path.Root("id"), "Certificate not found", fmt.Sprintf(
			"Project %s has no certificate %q. Check the ID, and project_id if the certificate belongs to another "+
				"project.", model.ProjectID.ValueString(), id))
		return
	}
	summary := fmt.Sprintf("Unable to read certificate %q", id)
	if err != nil {
		resp.Diagnostics.AddError(summary, r.cloud.describe(err))
		return
	}

	chain := pemcert.CertificatesIn(cert.Certificate)
	key, err := parseShownKey(shown, chain)
	if err != nil {
		resp.Diagnostics.AddError(summary, sentence(err)+
			" This cloud does not return private keys: get the key from where it was created.")
		return
	}
	model.Certificate = textOrNull(chain.PEM())
	model.PrivateKey = types.StringValue(key.Reveal())
	resp.Diagnostics.Append(resp.Result.Set(ctx, model)...)
}

// parseShownKey returns the private key of a certificate in canonical form. Its errors quote nothing of what the API
// returned. A chain without certificates matches every key.
func parseShownKey(shown secret.Value, chain pemcert.Chain) (key secret.Value, err error) {
	text := strings.TrimSpace(shown.Reveal())
	parsed, parseErr := pemcert.ParseKey(text)
	position, canMatch := parsed.BelongsTo(chain)
	switch {
	case text == "":
		return key, errors.New("the private key in the response is missing")
	case strings.Trim(text, "*") == "":
		return key, errors.New("the private key in the response is a mask of asterisks")
	case parseErr != nil:
		return key, errors.New("the private key in the response is not a private key")
	case canMatch && position != 0:
		return key, errors.New("the private key in the response belongs to another certificate")
	}
	return parsed.For(chain).PEM(), nil
}
