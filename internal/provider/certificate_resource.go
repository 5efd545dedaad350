package provider

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-log/tflog"

	"github.com/elbaas/terraform-provider-elbaas/internal/elb"
	"github.com/elbaas/terraform-provider-elbaas/internal/pemcert"
)

var (
	_ resource.ResourceWithConfigure      = (*certificateResource)(nil)
	_ resource.ResourceWithImportState    = (*certificateResource)(nil)
	_ resource.ResourceWithModifyPlan     = (*certificateResource)(nil)
	_ resource.ResourceWithIdentity       = (*certificateResource)(nil)
	_ resource.ResourceWithValidateConfig = (*certificateResource)(nil)
	_ resource.ResourceWithMoveState      = (*certificateResource)(nil)
)

// NewCertificateResource returns the resource elbaas_certificate.
func NewCertificateResource() resource.Resource {
	return &certificateResource{resourceBase{
		name: "certificate", noun: "certificate", idAttribute: "id",
		find: func(ctx context.Context, client *elb.Client, projectID, id string) error {
			_, err := client.ReadCertificate(ctx, projectID, elb.Certificate{ID: id}, elb.NoWrite)
			return err
		},
	}}
}

type certificateResource struct{ resourceBase }

func (r *certificateResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var plan certificateModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	ctx, cancel := withTimeout(ctx, plan.Timeouts.Create, defaultWriteTimeout, &resp.Diagnostics)
	defer cancel()

	sent := plan // with private_key_wo, which is null in a plan
	resp.Diagnostics.Append(req.Config.GetAttribute(ctx, path.Root("private_key_wo"), &sent.PrivateKeyWO)...)
	create := sent.toAPI(&resp.Diagnostics)
	plan.ProjectID = r.cloud.readyProject(ctx, plan.ProjectID, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	project := plan.ProjectID.ValueString()
	creation, err := r.cloud.client.CreateCertificate(ctx, project, create)
	resp.Diagnostics.Append(rememberWrite(ctx, resp.Private)...)
	warnAboutCreation(project, create.Name, creation, &resp.Diagnostics)
	cert := creation.Certificate
	if cert.ID == "" {
		resp.Diagnostics.AddError("Unable to create certificate", r.cloud.describe(err))
		return
	}

	tflog.Info(ctx, "created certificate", map[string]any{"id": cert.ID})
	plan.complete(cert)
	resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
	resp.Diagnostics.Append(resp.Identity.Set(ctx, plan.identityModel)...)

	// From here on, an error would taint the certificate, and the next apply would replace one that works.
	if err != nil {
		detail := r.cloud.describe(err)
		if errors.Is(err, elb.ErrCertificateNotFound) { // it is new, so nothing has deleted it
			detail = "The list of the project does not show it yet."
		}
		resp.Diagnostics.AddWarning(fmt.Sprintf("Certificate %q was created, but not read back", cert.ID),
			detail+"\n\nThe next plan reads it.")
		return
	}
	sent.checkStored(cert, resp.Diagnostics.AddAttributeWarning)
	stored := pemcert.CertificatesIn(cert.Certificate).PEM()
	if stored != "" && stored != create.Certificate {
		resp.Diagnostics.AddAttributeWarning(path.Root("certificate"),
			fmt.Sprintf("The API stored a different chain for certificate %q", cert.ID),
			"The API stored the leaf that was sent, but the chain has other certificates, or another order. The "+
				"next plan shows the difference.")
	}
}

func (r *certificateResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var state certificateModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	ctx, cancel := withTimeout(ctx, state.Timeouts.Read, defaultReadTimeout, &resp.Diagnostics)
	defer cancel()

	read := state
	// A moved certificate may have no project.
	read.ProjectID = r.cloud.readyProject(ctx, state.ProjectID, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	// The framework demands the identity of a certificate that is gone, too.
	resp.Diagnostics.Append(resp.Identity.Set(ctx, read.identityModel)...)

	id, sinceWrite := state.ID.ValueString(), sinceWrite(ctx, req.Private)
	cert, err := r.cloud.client.ReadCertificate(ctx, read.ProjectID.ValueString(), state.prior(), sinceWrite)
	if errors.Is(err, elb.ErrCertificateNotFound) && state.ProjectID.IsNull() {
		movedNotFound(read.identityModel, &resp.Diagnostics)
		return
	}
	if errors.Is(err, elb.ErrCertificateNotFound) {
		tflog.Info(ctx, "the certificate is gone", map[string]any{"id": id})
		resp.State.RemoveResource(ctx)
		return
	}
	if err != nil {
		resp.Diagnostics.AddError(fmt.Sprintf("Unable to read certificate %q", id), r.cloud.describe(err))
		return
	}

	read.fromAPI(cert)
	if len(pemcert.CertificatesIn(cert.Certificate)) == 0 && !read.Certificate.IsNull() {
		resp.Diagnostics.AddAttributeWarning(path.Root("certificate"),
			fmt.Sprintf("The API does not show certificate %q", id),
			"The response contains no certificate that can be read, so the state keeps the certificate that it has. "+
				"Changes to the certificate outside of Terraform cannot be detected.")
	}
	if !reflect.DeepEqual(read, state) { // setting an unchanged state would take a fifth of the time of a read
		resp.Diagnostics.Append(resp.State.Set(ctx, read)...)
	}
}

func (r *certificateResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var plan, state certificateModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	ctx, cancel := withTimeout(ctx, plan.Timeouts.Update, defaultWriteTimeout, &resp.Diagnostics)
	defer cancel()

	resp.Diagnostics.Append(resp.Identity.Set(ctx, state.identityModel)...)
	if resp.Diagnostics.HasError() {
		return
	}
	if plan.sameUpdatable(state.publicModel) {
		resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
		return
	}
	resp.Diagnostics.Append(r.cloud.ready()...)
	if resp.Diagnostics.HasError() {
		return
	}

	cert, err := r.cloud.client.UpdateCertificate(ctx, state.ProjectID.ValueString(), state.prior(),
		sinceWrite(ctx, req.Private), plan.updatable())
	resp.Diagnostics.Append(rememberWrite(ctx, resp.Private)...)
	if err != nil {
		resp.Diagnostics.AddError("Unable to update certificate "+state.ID.String(), r.cloud.describe(err))
		return
	}

	sent := publicModel{Name: plan.Name, Description: plan.Description}
	sent.checkStored(cert, resp.Diagnostics.AddAttributeError)
	plan.complete(cert)
	resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
}

func (r *certificateResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var state certificateModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	resp.Diagnostics.Append(r.cloud.ready()...)
	ctx, cancel := withTimeout(ctx, state.Timeouts.Delete, defaultWriteTimeout, &resp.Diagnostics)
	defer cancel()

	if resp.Diagnostics.HasError() {
		return
	}

	project, id := state.ProjectID.ValueString(), state.ID.ValueString()
	err := r.cloud.client.DeleteCertificate(ctx, project, id, sinceWrite(ctx, req.Private))
	if err != nil {
		resp.Diagnostics.AddError(fmt.Sprintf("Unable to delete certificate %q", id), r.cloud.describe(err))
	}
}

func (r *certificateResource) ModifyPlan(
	ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse,
) {
	refuseUnreadMove(ctx, req.State, &resp.Diagnostics)
	if req.Plan.Raw.IsNull() || resp.Diagnostics.HasError() {
		return // a deletion needs nothing else
	}
	// Most plans change nothing, and need only these attributes for the warnings. private_key_wo is not in a plan.
	var partial certificateModel
	resp.Diagnostics.Append(req.Plan.GetAttribute(ctx, path.Root("certificate"), &partial.Certificate)...)
	resp.Diagnostics.Append(req.Plan.GetAttribute(ctx, path.Root("private_key"), &partial.PrivateKey)...)
	resp.Diagnostics.Append(req.Plan.GetAttribute(ctx, path.Root("domain"), &partial.Domain)...)
	resp.Diagnostics.Append(req.Config.GetAttribute(ctx, path.Root("private_key_wo"), &partial.PrivateKeyWO)...)

	// Terraform plans a replacement twice, as an update and as a creation, and drops the warnings of the second plan
	// unless that fails. A plain creation has only that one, so both warn.
	defer func() { partial.warn(time.Now(), r.cloud.settings.expiryWarningDays, &resp.Diagnostics) }()
	if req.Plan.Raw.Equal(req.State.Raw) {
		return
	}

	var plan certificateModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	chain := pemcert.CertificatesIn(plan.Certificate.ValueString())
	if !plan.Certificate.IsUnknown() { // otherwise they are unknown until Terraform plans again within the apply
		plan.x509Model = x509FromChain(chain)
	}
	if req.State.Raw.IsNull() {
		partial.parsePEM(&resp.Diagnostics)
		plan.ProjectID = r.cloud.projectForPlan(ctx, req.Config, plan.ProjectID, &resp.Diagnostics)
	} else {
		var state certificateModel
		resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
		switch {
		case plan.replaces(state): // whose key is checked when Terraform plans the creation
			var config certificateModel
			resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
			warnAboutLoss(config.publicModel, state.publicModel, &resp.Diagnostics)
			partial.Domain = config.Domain // the new certificate does not have one that the configuration omits
		case !plan.PrivateKey.Equal(state.PrivateKey):
			// Nothing else is checked, because an update sends neither the certificate nor the key, and ignore_changes
			// may keep values that no configuration could have.
			parseKey("private_key", plan.PrivateKey, chain, &resp.Diagnostics)
		}
		if !plan.sameUpdatable(state.publicModel) {
			plan.UpdateTime = types.StringUnknown()
		}
	}
	resp.Diagnostics.Append(resp.Plan.Set(ctx, plan)...)
}

func (r *certificateResource) ValidateConfig(
	ctx context.Context, req resource.ValidateConfigRequest, resp *resource.ValidateConfigResponse,
) {
	var config certificateModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if !resp.Diagnostics.HasError() {
		config.parsePEM(&resp.Diagnostics)
	}
}
