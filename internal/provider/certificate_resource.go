package provider

import (
	"context"
	"errors"
	"fmt"
	"reflect"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-log/tflog"

	"github.com/elbaas/terraform-provider-elbaas/internal/elb"
)

var (
	_ resource.Resource                = (*certificateResource)(nil)
	_ resource.ResourceWithConfigure   = (*certificateResource)(nil)
	_ resource.ResourceWithImportState = (*certificateResource)(nil)
	_ resource.ResourceWithModifyPlan  = (*certificateResource)(nil)
	_ resource.ResourceWithIdentity    = (*certificateResource)(nil)

	_ resource.ResourceWithValidateConfig = (*certificateResource)(nil)
)

// NewCertificateResource returns the resource elbaas_certificate.
func NewCertificateResource() resource.Resource {
	return &certificateResource{}
}

type certificateResource struct {
	cloud *cloud
}

// Metadata implements resource.Resource.
func (r *certificateResource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_certificate"
}

// Schema implements resource.Resource.
func (r *certificateResource) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = certificateSchema(ctx)
}

// IdentitySchema implements resource.ResourceWithIdentity.
func (r *certificateResource) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = identityschema.Schema{Attributes: map[string]identityschema.Attribute{
		"project_id": identityschema.StringAttribute{
			Description:       "The id of the project that the certificate belongs to. An import that leaves it out takes the provider's project.",
			OptionalForImport: true,
		},
		"id": identityschema.StringAttribute{
			Description:       "The id of the certificate: 32 hexadecimal characters.",
			RequiredForImport: true,
		},
	}}
}

// Configure implements resource.ResourceWithConfigure.
func (r *certificateResource) Configure(_ context.Context, req resource.ConfigureRequest, _ *resource.ConfigureResponse) {
	if req.ProviderData != nil { // nil while Terraform validates
		r.cloud = req.ProviderData.(*cloud) //nolint:forcetypeassert // set in one place
	}
}

// Create implements resource.Resource.
func (r *certificateResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var plan certificateModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(r.cloud.ready()...)
	timeout, diags := plan.Timeouts.Create(ctx, defaultWriteTimeout)
	resp.Diagnostics.Append(diags...)
	create, diags := withWriteOnly(ctx, plan, req.Config, &resp.Diagnostics).toAPI()
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()

	project, diags := r.cloud.project(ctx, plan.ProjectID)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	plan.ProjectID = project
	creation, err := r.cloud.client.CreateCertificate(ctx, project.ValueString(), create)
	resp.Diagnostics.Append(r.cloud.rememberWrite(ctx, resp.Private)...)
	cert := creation.Certificate
	resp.Diagnostics.Append(r.cloud.creationWarnings(project.ValueString(), create.Name, creation)...)
	if cert.ID == "" {
		r.cloud.addError(&resp.Diagnostics, "Unable to create certificate", err)
		return
	}
	tflog.Info(ctx, "created certificate", map[string]any{"id": cert.ID})
	planned := plan
	plan.complete(cert)
	resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
	resp.Diagnostics.Append(resp.Identity.Set(ctx, plan.identity())...)

	// From here on an error would taint the certificate, and the next apply
	// would replace one that works.
	if err != nil {
		summary := fmt.Sprintf("Certificate %q was created, but not read back", cert.ID)
		detail := describe(err, r.cloud.session.Kind())
		if errors.Is(err, elb.ErrNotFound) {
			detail = "The list of the project does not show it yet." // it is ours, and new: nobody has deleted it
		}
		resp.Diagnostics.AddWarning(summary, detail+"\n\nThe next plan reads it.")
		return
	}
	for _, d := range planned.differences(cert) {
		resp.Diagnostics.AddAttributeWarning(path.Root(d.attribute), "The server stored a different "+d.attribute,
			d.describe(cert.ID)+" The next plan shows the difference.")
	}
	if planned.storedDifferently(cert) {
		resp.Diagnostics.AddAttributeWarning(path.Root("certificate"), fmt.Sprintf("The server stored a different chain of certificate %q", cert.ID),
			"It has the leaf that was sent, but not the certificates that follow it. The next plan shows the difference.")
	}
}

// Read implements resource.Resource.
func (r *certificateResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var state certificateModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	resp.Diagnostics.Append(r.cloud.ready()...)
	timeout, diags := state.Timeouts.Read(ctx, defaultReadTimeout)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()

	read := state
	read.ProjectID, diags = r.cloud.project(ctx, state.ProjectID) // null if a moved one did not have it
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	resp.Diagnostics.Append(resp.Identity.Set(ctx, read.identity())...) // also of one that is gone
	id := state.ID.ValueString()
	known := elb.Certificate{ID: id, Name: state.Name.ValueString(), Description: state.Description.ValueString()}
	cert, err := r.cloud.client.ReadCertificate(ctx, read.ProjectID.ValueString(), known, r.cloud.sinceWrite(ctx, req.Private))
	if errors.Is(err, elb.ErrNotFound) && state.ProjectID.IsNull() {
		resp.Diagnostics.Append(notMoved(read.identity()))
		return
	}
	if errors.Is(err, elb.ErrNotFound) {
		tflog.Info(ctx, "the certificate is gone", map[string]any{"id": id})
		resp.State.RemoveResource(ctx)
		return
	}
	if err != nil {
		r.cloud.addError(&resp.Diagnostics, fmt.Sprintf("Unable to read certificate %q", id), err)
		return
	}
	if read.fromAPI(cert); read.hides(cert) {
		resp.Diagnostics.AddAttributeWarning(path.Root("certificate"), fmt.Sprintf("The API does not show certificate %q", id),
			"Its text has no certificate that can be read, so the state keeps what it has. A change of it elsewhere would not be noticed.")
	}
	if !reflect.DeepEqual(read, state) { // converting it takes a fifth of a read
		resp.Diagnostics.Append(resp.State.Set(ctx, read)...)
	}
}

// Update implements resource.Resource.
func (r *certificateResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var plan, state certificateModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	timeout, diags := plan.Timeouts.Update(ctx, defaultWriteTimeout)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	resp.Diagnostics.Append(plan.checkNewKey(state)...) // it may have been unknown in the plan
	resp.Diagnostics.Append(resp.Identity.Set(ctx, state.identity())...)
	if resp.Diagnostics.HasError() {
		return
	}
	if plan.Name.Equal(state.Name) && plan.Description.Equal(state.Description) {
		plan.UpdateTime = state.UpdateTime
		resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
		return
	}
	resp.Diagnostics.Append(r.cloud.ready()...)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()

	id := state.ID.ValueString()
	summary := fmt.Sprintf("Unable to update certificate %q", id)
	known := elb.Certificate{
		ID: id, Name: state.Name.ValueString(), Description: state.Description.ValueString(), Domain: state.Domain.ValueString(),
	}
	cert, err := r.cloud.client.UpdateCertificate(ctx, state.ProjectID.ValueString(), known, r.cloud.sinceWrite(ctx, req.Private),
		plan.Name.ValueString(), plan.Description.ValueString())
	resp.Diagnostics.Append(r.cloud.rememberWrite(ctx, resp.Private)...)
	if err != nil {
		r.cloud.addError(&resp.Diagnostics, summary, err)
		return
	}
	known.Name, known.Description = cert.Name, cert.Description // a PUT sends nothing else
	for _, d := range plan.differences(known) {
		resp.Diagnostics.AddAttributeError(path.Root(d.attribute), summary,
			d.describe(id)+" The next plan reads what the server has.")
	}
	plan.complete(cert)
	resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
}

// Delete implements resource.Resource.
func (r *certificateResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var state certificateModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	resp.Diagnostics.Append(r.cloud.ready()...)
	timeout, diags := state.Timeouts.Delete(ctx, defaultWriteTimeout)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	id := state.ID.ValueString()
	if err := r.cloud.client.DeleteCertificate(ctx, state.ProjectID.ValueString(), id, r.cloud.sinceWrite(ctx, req.Private)); err != nil {
		r.cloud.addError(&resp.Diagnostics, fmt.Sprintf("Unable to delete certificate %q", id), err)
	}
}

// withWriteOnly returns a planned certificate with the key that only the
// configuration has.
func withWriteOnly(ctx context.Context, plan certificateModel, config tfsdk.Config, diags *diag.Diagnostics) certificateModel {
	diags.Append(config.GetAttribute(ctx, path.Root("private_key_wo"), &plan.PrivateKeyWO)...)
	return plan
}

// ImportState implements resource.ResourceWithImportState. What it imports must be
// there: Terraform's own words about one that is not do not name the project.
func (r *certificateResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	project, id, diags := r.cloud.importTarget(ctx, req, "certificate", "id")
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, defaultReadTimeout)
	defer cancel()
	switch _, err := r.cloud.client.GetCertificate(ctx, project, id); {
	case errors.Is(err, elb.ErrNotFound):
		resp.Diagnostics.AddError("No such certificate",
			fmt.Sprintf("Project %s has no certificate %q. Check the id. If the certificate belongs to another project, name that: import by project_id/id, or by an identity with project_id.", project, id))
	case err != nil:
		r.cloud.addError(&resp.Diagnostics, fmt.Sprintf("Unable to import certificate %q", id), err)
	default:
		resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("project_id"), project)...)
		resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("id"), id)...)
		resp.Diagnostics.Append(resp.Identity.Set(ctx, identityModel{
			ProjectID: types.StringValue(project), ID: types.StringValue(id),
		})...)
	}
}

// ModifyPlan implements resource.ResourceWithModifyPlan.
func (r *certificateResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	resp.Diagnostics.Append(checkRead(ctx, req.State)...)
	if req.Plan.Raw.IsNull() || resp.Diagnostics.HasError() {
		return // a destruction needs nothing else
	}
	var planned certificateModel
	resp.Diagnostics.Append(req.Plan.GetAttribute(ctx, path.Root("certificate"), &planned.Certificate)...)
	resp.Diagnostics.Append(req.Plan.GetAttribute(ctx, path.Root("domain"), &planned.Domain)...)
	resp.Diagnostics.Append(req.Plan.GetAttribute(ctx, path.Root("private_key"), &planned.PrivateKey)...)
	planned = withWriteOnly(ctx, planned, req.Config, &resp.Diagnostics)

	// A replacement is planned twice, as an update and as a creation. Both warn: Terraform
	// shows the warnings of the update, and those of the creation only with an error.
	_, key := planned.key()
	warningDays := r.cloud.settings.expiryWarningDays
	resp.Diagnostics.Append(certificateWarnings(planned.Certificate, key, planned.Domain, r.cloud.now(), warningDays)...)
	if req.Plan.Raw.Equal(req.State.Raw) {
		return // nothing changes, which is what most plans are about
	}
	var plan certificateModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	if resp.Diagnostics.HasError() {
		return
	}
	plan.factsModel = factsOf(plan.Certificate)
	if req.State.Raw.IsNull() {
		_, _, diags := planned.parsePEM()
		resp.Diagnostics.Append(diags...)
		project, diags := r.cloud.planProject(ctx, req.Config, plan.ProjectID)
		resp.Diagnostics.Append(diags...)
		plan.ProjectID = project
	} else {
		var state certificateModel
		resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
		if !plan.replaces(state) { // otherwise Terraform plans the creation next, without ignore_changes
			resp.Diagnostics.Append(plan.checkNewKey(state)...)
		}
		if !plan.Name.Equal(state.Name) || !plan.Description.Equal(state.Description) {
			plan.UpdateTime = types.StringUnknown()
		}
	}
	if !resp.Diagnostics.HasError() {
		resp.Diagnostics.Append(resp.Plan.Set(ctx, plan)...)
	}
}

// ValidateConfig implements resource.ResourceWithValidateConfig.
func (r *certificateResource) ValidateConfig(ctx context.Context, req resource.ValidateConfigRequest, resp *resource.ValidateConfigResponse) {
	var config certificateModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if resp.Diagnostics.HasError() {
		return
	}
	_, _, diags := config.parsePEM()
	resp.Diagnostics.Append(diags...)
}
