package provider

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-log/tflog"

	"github.com/elbaas/terraform-provider-elbaas/internal/elb"
	"github.com/elbaas/terraform-provider-elbaas/internal/httpapi"
)

var (
	_ resource.Resource                = (*listenerCertificateResource)(nil)
	_ resource.ResourceWithConfigure   = (*listenerCertificateResource)(nil)
	_ resource.ResourceWithImportState = (*listenerCertificateResource)(nil)
	_ resource.ResourceWithModifyPlan  = (*listenerCertificateResource)(nil)
	_ resource.ResourceWithIdentity    = (*listenerCertificateResource)(nil)
)

// NewListenerCertificateResource returns the resource elbaas_listener_certificate.
func NewListenerCertificateResource() resource.Resource {
	return &listenerCertificateResource{}
}

type listenerCertificateResource struct {
	cloud *cloud
}

// Metadata implements resource.Resource.
func (r *listenerCertificateResource) Metadata(
	_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse,
) {
	resp.TypeName = req.ProviderTypeName + "_listener_certificate"
}

// Schema implements resource.Resource.
func (r *listenerCertificateResource) Schema(
	ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse,
) {
	resp.Schema = listenerCertificateSchema(ctx)
}

// IdentitySchema implements resource.ResourceWithIdentity.
func (r *listenerCertificateResource) IdentitySchema(
	_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse,
) {
	resp.IdentitySchema = identityschema.Schema{Attributes: map[string]identityschema.Attribute{
		"project_id": identityschema.StringAttribute{
			Description: "The ID of the project that the listener belongs to. " +
				"If omitted in an import, the provider's project is used.",
			OptionalForImport: true,
		},
		"listener_id": identityschema.StringAttribute{
			Description:       "The ID of the listener: 32 hexadecimal characters.",
			RequiredForImport: true,
		},
	}}
}

// Configure implements resource.ResourceWithConfigure.
func (r *listenerCertificateResource) Configure(
	_ context.Context, req resource.ConfigureRequest, _ *resource.ConfigureResponse,
) {
	if req.ProviderData != nil { // nil while Terraform validates
		r.cloud = req.ProviderData.(*cloud) //nolint:forcetypeassert // set in one place
	}
}

// Create implements resource.Resource. It saves nothing if it fails, even after the
// listener was switched: the next creation then has nothing to send, while a tainted
// resource would be replaced, by way of the fallback.
func (r *listenerCertificateResource) Create(
	ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse,
) {
	var plan listenerCertificateModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(r.cloud.ready()...)
	timeout, diags := plan.Timeouts.Create(ctx, defaultSwitchTimeout)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	turn, end, diags := r.cloud.listenerTurn(ctx, plan.ListenerID)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	defer end()

	plan.ProjectID, diags = r.cloud.project(ctx, plan.ProjectID)
	resp.Diagnostics.Append(diags...)
	resp.Diagnostics.Append(plan.check()...)
	resp.Diagnostics.Append(r.checkProjects(plan)...)
	if resp.Diagnostics.HasError() {
		return
	}
	project, id := plan.ProjectID.ValueString(), plan.ListenerID.ValueString()
	listener, err := r.cloud.client.GetListener(ctx, project, id)
	if err != nil {
		detail := describe(err, r.cloud.session.Kind())
		resp.Diagnostics.AddAttributeError(path.Root("listener_id"), fmt.Sprintf("Unable to read listener %q", id), detail)
		return
	}
	resp.Diagnostics.Append(checkProtocol(listener)...)
	if resp.Diagnostics.HasError() {
		return
	}
	// After a switch to the fallback, a backend that is late may show what was before it.
	if turn.fellBack || !strings.EqualFold(listener.CertificateID, plan.CertificateID.ValueString()) {
		listener, diags = r.switchListener(ctx, plan, listener, "certificate_id", plan.CertificateID)
		resp.Diagnostics.Append(diags...)
	}
	// A creation that was stopped may have switched it just now.
	resp.Diagnostics.Append(r.cloud.rememberWrite(ctx, resp.Private)...)
	if resp.Diagnostics.HasError() {
		return
	}
	r.cloud.client.ReleaseCertificate(project, id)
	turn.created = true
	tflog.Info(ctx, "the listener serves the certificate", map[string]any{"listener_id": id})
	plan.fromAPI(listener)
	resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
	resp.Diagnostics.Append(resp.Identity.Set(ctx, plan.identity())...)
}

// Read implements resource.Resource.
func (r *listenerCertificateResource) Read(
	ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse,
) {
	var state listenerCertificateModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	resp.Diagnostics.Append(r.cloud.ready()...)
	timeout, diags := state.Timeouts.Read(ctx, defaultReadTimeout)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()

	resp.Diagnostics.Append(resp.Identity.Set(ctx, state.identity())...) // also of one that is gone
	project, written := state.ProjectID.ValueString(), r.cloud.sinceWrite(ctx, req.Private)
	listener, err := r.cloud.client.ReadListener(ctx, project, state.listener(), written)
	if errors.Is(err, elb.ErrListenerNotFound) {
		tflog.Info(ctx, "the listener is gone", map[string]any{"listener_id": state.ListenerID.ValueString()})
		resp.State.RemoveResource(ctx)
		return
	}
	if err != nil {
		r.cloud.addError(&resp.Diagnostics, fmt.Sprintf("Unable to read listener %q", state.ListenerID.ValueString()), err)
		return
	}
	resp.Diagnostics.Append(checkProtocol(listener)...)
	if resp.Diagnostics.HasError() {
		return
	}
	state.fromAPI(listener)
	resp.Diagnostics.Append(resp.State.Set(ctx, state)...)
}

// Update implements resource.Resource. What the listener has besides its certificate
// stays as it was planned, and the next read takes what is new.
func (r *listenerCertificateResource) Update(
	ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse,
) {
	var plan, state listenerCertificateModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	timeout, diags := plan.Timeouts.Update(ctx, defaultSwitchTimeout)
	resp.Diagnostics.Append(diags...)
	resp.Diagnostics.Append(resp.Identity.Set(ctx, state.identity())...)
	resp.Diagnostics.Append(plan.check()...)
	if resp.Diagnostics.HasError() {
		return
	}
	if plan.CertificateID.Equal(state.CertificateID) {
		resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
		return
	}
	resp.Diagnostics.Append(r.cloud.ready()...)
	resp.Diagnostics.Append(r.checkProjects(plan)...)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()

	_, diags = r.switchListener(ctx, plan, state.listener(), "certificate_id", plan.CertificateID)
	resp.Diagnostics.Append(diags...)
	resp.Diagnostics.Append(r.cloud.rememberWrite(ctx, resp.Private)...)
	if resp.Diagnostics.HasError() {
		return
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
}

// Delete implements resource.Resource. It leaves a listener alone that this process has
// given a certificate in a Create: a replacement of this resource has it.
func (r *listenerCertificateResource) Delete(
	ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse,
) {
	var state listenerCertificateModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	timeout, diags := state.Timeouts.Delete(ctx, defaultSwitchTimeout)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	turn, end, diags := r.cloud.listenerTurn(ctx, state.ListenerID)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	defer end()
	switch {
	case turn.created:
		return
	case state.FallbackCertificateID.IsNull():
		r.cloud.client.KeepCertificate(state.ProjectID.ValueString(), state.ListenerID.ValueString())
		resp.Diagnostics.Append(state.keepsCertificate())
		return
	}
	resp.Diagnostics.Append(r.cloud.ready()...)
	if resp.Diagnostics.HasError() {
		return
	}
	turn.fellBack = true // or it may have
	_, diags = r.switchListener(ctx, state, state.listener(), "fallback_certificate_id", state.FallbackCertificateID)
	resp.Diagnostics.Append(diags...)
}

// switchListener gives a listener the certificate of an attribute. A listener that is gone
// needs no fallback.
func (r *listenerCertificateResource) switchListener(
	ctx context.Context, m listenerCertificateModel, listener elb.Listener, attribute string, certificate types.String,
) (elb.Listener, diag.Diagnostics) {
	var diags diag.Diagnostics
	project, certificateID := m.ProjectID.ValueString(), certificate.ValueString()
	switched, err := r.cloud.client.SwitchListener(ctx, project, listener, certificateID)
	isGone := errors.Is(err, elb.ErrListenerNotFound)
	if err == nil || isGone && attribute == "fallback_certificate_id" {
		return switched, diags
	}
	remedy, refusal := remedyFor(err, r.cloud.session.Kind()), httpapi.RefusalOf(err)
	isUnexplained := refusal != nil && (remedy == "" || mayBeUnknown(refusal))
	switch {
	case isGone || errors.Is(err, elb.ErrListenerFaulty):
		attribute = "listener_id"
	case isUnexplained && r.cloud.client.KnownMissing(project, certificateID):
		remedy = fmt.Sprintf("Project %s has no certificate %q. Set %s to the ID of a certificate of that project.",
			project, certificateID, attribute)
	case isUnexplained:
		remedy = fmt.Sprintf("Check that listener %q and certificate %q both exist in project %s.",
			listener.ID, certificateID, project)
	}
	diags.AddAttributeError(path.Root(attribute), fmt.Sprintf("Unable to switch listener %q", listener.ID), describeWith(err, remedy))
	return switched, diags
}

// mayBeUnknown reports whether the refusal of a switch may say that the project does not
// have what it names: an argument that is not valid (assumed), a certificate that does not
// exist (assumed), or a 404 that is not the gateway's.
func mayBeUnknown(refusal *httpapi.Error) bool {
	return refusal.Code == "ELB.1001" || refusal.Code == "ELB.5040" ||
		refusal.Status == http.StatusNotFound && !strings.HasPrefix(refusal.Code, "APIGW.")
}

// checkProjects checks that the certificates do not belong to another project than the
// listener, as far as that is known without a call.
func (r *listenerCertificateResource) checkProjects(m listenerCertificateModel) diag.Diagnostics {
	var diags diag.Diagnostics
	project := known(m.ProjectID)
	for attribute, certificate := range map[string]types.String{
		"certificate_id": m.CertificateID, "fallback_certificate_id": m.FallbackCertificateID,
	} {
		id := known(certificate)
		if id == nil || project == nil {
			continue
		}
		other, found := r.cloud.client.KnownProjectOf(*id, *project)
		if found && !strings.EqualFold(other, *project) {
			diags.AddAttributeError(path.Root(attribute), "Certificate of another project", fmt.Sprintf(
				"Certificate %q belongs to project %s, and listener %q to project %s. "+
					"A listener can only serve a certificate of its own project: create the certificate there (project_id).",
				*id, other, m.ListenerID.ValueString(), *project))
		}
	}
	return diags
}

// ImportState implements resource.ResourceWithImportState. What it imports must be
// there: Terraform's own words about one that is not do not name the project.
func (r *listenerCertificateResource) ImportState(
	ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse,
) {
	project, id, diags := r.cloud.importTarget(ctx, req, "listener", "listener_id")
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, defaultReadTimeout)
	defer cancel()
	switch _, err := r.cloud.client.ReadListener(ctx, project, elb.Listener{ID: id}, elb.Never); {
	case errors.Is(err, elb.ErrListenerNotFound):
		resp.Diagnostics.AddError("No such listener", fmt.Sprintf(
			"Project %s has no listener %q. Check the ID. If the listener belongs to another project, name that: "+
				"import by project_id/listener_id, or by an identity with project_id.", project, id))
	case err != nil:
		r.cloud.addError(&resp.Diagnostics, fmt.Sprintf("Unable to import listener %q", id), err)
	default:
		identity := listenerIdentityModel{ProjectID: types.StringValue(project), ListenerID: types.StringValue(id)}
		resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("project_id"), project)...)
		resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("listener_id"), id)...)
		resp.Diagnostics.Append(resp.Identity.Set(ctx, identity)...)
	}
}

// ModifyPlan implements resource.ResourceWithModifyPlan.
func (r *listenerCertificateResource) ModifyPlan(
	ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse,
) {
	if req.Plan.Raw.IsNull() {
		var state listenerCertificateModel
		resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
		if !resp.Diagnostics.HasError() && state.FallbackCertificateID.IsNull() {
			resp.Diagnostics.Append(state.keepsCertificate())
		}
		return
	}
	var plan listenerCertificateModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(plan.checkFallback()...)
	if resp.Diagnostics.HasError() || req.Plan.Raw.Equal(req.State.Raw) {
		return
	}
	if req.State.Raw.IsNull() {
		project, diags := r.cloud.planProject(ctx, req.Config, plan.ProjectID)
		resp.Diagnostics.Append(diags...)
		plan.ProjectID, plan.ID = project, plan.ListenerID
	}
	resp.Diagnostics.Append(r.checkProjects(plan)...)
	if !resp.Diagnostics.HasError() {
		resp.Diagnostics.Append(resp.Plan.Set(ctx, plan)...)
	}
}

// A listenerTurn lets one resource after the other be created for a listener, or be
// deleted, and knows what became of those before.
type listenerTurn struct {
	taken    chan struct{} // has room for one
	created  bool          // one was created
	fellBack bool          // the listener was sent a fallback
}

// listenerTurn waits for that of a listener until ctx is done. Who need not wait gets it
// in any case.
func (c *cloud) listenerTurn(
	ctx context.Context, listenerID types.String,
) (turn *listenerTurn, end func(), diags diag.Diagnostics) {
	loaded, _ := c.listenerTurns.LoadOrStore(
		strings.ToLower(listenerID.ValueString()), &listenerTurn{taken: make(chan struct{}, 1)})
	turn = loaded.(*listenerTurn) //nolint:forcetypeassert // set in one place
	end = func() { <-turn.taken }
	select {
	case turn.taken <- struct{}{}:
		return turn, end, diags
	default:
	}
	select {
	case turn.taken <- struct{}{}:
		return turn, end, diags
	case <-ctx.Done():
	}
	err := fmt.Errorf("another elbaas_listener_certificate of the listener is being created or deleted: %w", ctx.Err())
	summary := fmt.Sprintf("Unable to wait for listener %q", listenerID.ValueString())
	diags.AddAttributeError(path.Root("listener_id"), summary, describeWith(err,
		"Manage each listener with one resource only, and apply again."))
	return nil, nil, diags
}
