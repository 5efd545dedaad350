package provider

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-log/tflog"
	"golang.org/x/sync/semaphore"

	"github.com/elbaas/terraform-provider-elbaas/internal/elb"
	"github.com/elbaas/terraform-provider-elbaas/internal/httpapi"
)

var (
	_ resource.ResourceWithConfigure   = (*listenerCertificateResource)(nil)
	_ resource.ResourceWithImportState = (*listenerCertificateResource)(nil)
	_ resource.ResourceWithModifyPlan  = (*listenerCertificateResource)(nil)
	_ resource.ResourceWithIdentity    = (*listenerCertificateResource)(nil)
)

// NewListenerCertificateResource returns the resource elbaas_listener_certificate.
func NewListenerCertificateResource() resource.Resource {
	return &listenerCertificateResource{resourceBase{
		name: "listener_certificate", noun: "listener", idAttribute: "listener_id",
		find: func(ctx context.Context, client *elb.Client, projectID, id string) error {
			_, err := client.ReadListener(ctx, projectID, elb.Listener{ID: id}, elb.NoWrite)
			return err
		},
	}}
}

type listenerCertificateResource struct{ resourceBase }

// Create implements resource.Resource. A creation that fails saves no state, even after it has switched the listener:
// the next one then has nothing to send, while a tainted resource would be replaced, by way of the fallback.
func (r *listenerCertificateResource) Create(
	ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse,
) {
	var plan listenerCertificateModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	ctx, cancel := withTimeout(ctx, plan.Timeouts.Create, defaultSwitchTimeout, &resp.Diagnostics)
	defer cancel()

	lock := r.cloud.lockListener(ctx, plan.ListenerID, &resp.Diagnostics)
	if lock == nil {
		return
	}
	defer lock.unlock()

	plan.ProjectID = r.cloud.readyProject(ctx, plan.ProjectID, &resp.Diagnostics)
	r.checkProjects(plan, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	project, id := plan.ProjectID.ValueString(), plan.ListenerID.ValueString()
	listener, err := r.cloud.client.GetListener(ctx, project, id)
	if err != nil {
		resp.Diagnostics.AddAttributeError(path.Root("listener_id"),
			fmt.Sprintf("Unable to read listener %q", id), r.cloud.describe(err))
		return
	}
	checkProtocol(listener, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}

	// After a switch to the fallback, a slow backend may still show the certificate that was used before.
	if lock.fellBack || !strings.EqualFold(listener.CertificateID, plan.CertificateID.ValueString()) {
		listener = r.switchListener(ctx, plan, listener, "certificate_id", plan.CertificateID, &resp.Diagnostics)
	}
	// An interrupted creation may have switched the listener just before this one.
	resp.Diagnostics.Append(rememberWrite(ctx, resp.Private)...)
	if resp.Diagnostics.HasError() {
		return
	}
	r.cloud.client.ReleaseCertificate(project, id)
	lock.created = true
	tflog.Info(ctx, "the listener uses the certificate", map[string]any{"listener_id": id})
	plan.fromAPI(listener)
	resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
	resp.Diagnostics.Append(resp.Identity.Set(ctx, plan.listenerIdentityModel)...)
}

func (r *listenerCertificateResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var state listenerCertificateModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	resp.Diagnostics.Append(r.cloud.ready()...)
	ctx, cancel := withTimeout(ctx, state.Timeouts.Read, defaultReadTimeout, &resp.Diagnostics)
	defer cancel()

	if resp.Diagnostics.HasError() {
		return
	}
	// The framework demands the identity of a listener that is gone, too.
	resp.Diagnostics.Append(resp.Identity.Set(ctx, state.listenerIdentityModel)...)
	project, id := state.ProjectID.ValueString(), state.ListenerID.ValueString()
	listener, err := r.cloud.client.ReadListener(ctx, project, state.listener(), sinceWrite(ctx, req.Private))
	if errors.Is(err, elb.ErrListenerNotFound) {
		tflog.Info(ctx, "the listener is gone", map[string]any{"listener_id": id})
		resp.State.RemoveResource(ctx)
		return
	}
	if err != nil {
		resp.Diagnostics.AddError(fmt.Sprintf("Unable to read listener %q", id), r.cloud.describe(err))
		return
	}
	checkProtocol(listener, &resp.Diagnostics)
	if !resp.Diagnostics.HasError() {
		state.fromAPI(listener)
		resp.Diagnostics.Append(resp.State.Set(ctx, state)...)
	}
}

// Update implements resource.Resource. The computed attributes stay as planned; the next read refreshes them.
func (r *listenerCertificateResource) Update(
	ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse,
) {
	var plan, state listenerCertificateModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	ctx, cancel := withTimeout(ctx, plan.Timeouts.Update, defaultSwitchTimeout, &resp.Diagnostics)
	defer cancel()

	resp.Diagnostics.Append(resp.Identity.Set(ctx, state.listenerIdentityModel)...)
	if resp.Diagnostics.HasError() {
		return
	}
	if plan.CertificateID.Equal(state.CertificateID) {
		resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
		return
	}
	resp.Diagnostics.Append(r.cloud.ready()...)
	r.checkProjects(plan, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	r.switchListener(ctx, plan, state.listener(), "certificate_id", plan.CertificateID, &resp.Diagnostics)
	resp.Diagnostics.Append(rememberWrite(ctx, resp.Private)...)
	if !resp.Diagnostics.HasError() {
		resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
	}
}

// Delete implements resource.Resource. It does not touch a listener that this process has given a certificate in a
// Create: that belongs to a replacement of this resource.
func (r *listenerCertificateResource) Delete(
	ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse,
) {
	var state listenerCertificateModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	ctx, cancel := withTimeout(ctx, state.Timeouts.Delete, defaultSwitchTimeout, &resp.Diagnostics)
	defer cancel()

	lock := r.cloud.lockListener(ctx, state.ListenerID, &resp.Diagnostics)
	if lock == nil {
		return
	}
	defer lock.unlock()

	if lock.created || resp.Diagnostics.HasError() {
		return
	}
	if state.FallbackCertificateID.IsNull() {
		r.cloud.client.KeepCertificate(state.ProjectID.ValueString(), state.ListenerID.ValueString())
		state.warnKept(&resp.Diagnostics)
		return
	}
	resp.Diagnostics.Append(r.cloud.ready()...)
	if resp.Diagnostics.HasError() {
		return
	}
	lock.fellBack = true // even a switch that fails may have been carried out
	r.switchListener(
		ctx, state, state.listener(), "fallback_certificate_id", state.FallbackCertificateID, &resp.Diagnostics)
}

// switchListener switches a listener to the certificate of an attribute. If the listener is gone, a switch to the
// fallback succeeds.
func (r *listenerCertificateResource) switchListener(
	ctx context.Context, m listenerCertificateModel, listener elb.Listener, attribute string, certificate types.String,
	diags *diag.Diagnostics,
) elb.Listener {
	project, certificateID := m.ProjectID.ValueString(), certificate.ValueString()
	switched, err := r.cloud.client.SwitchListener(ctx, project, listener, certificateID)
	isGone := errors.Is(err, elb.ErrListenerNotFound)
	if err == nil || isGone && attribute == "fallback_certificate_id" {
		return switched
	}

	remedy, refusal := remedyFor(err, r.cloud.settings.Credentials.Kind()), httpapi.RefusalOf(err)
	// The refusal may mean that the project does not have the listener or the certificate (assumed for these codes),
	// unless a gateway returned the 404.
	isUnexplained := refusal != nil && (remedy == "" || refusal.IsNotFound() ||
		refusal.Code == "ELB.1001" || refusal.Code == "ELB.5040")
	switch {
	case isGone || errors.Is(err, elb.ErrListenerFaulty):
		attribute = "listener_id"
	case isUnexplained && r.cloud.client.KnownMissing(project, certificateID):
		remedy = fmt.Sprintf("Project %s has no certificate %q, according to what this run has read and written. If "+
			"something else has just created it, try again. Otherwise, set %s to the ID of a certificate of that "+
			"project.", project, certificateID, attribute)
	case isUnexplained:
		remedy = fmt.Sprintf("Check that listener %q and certificate %q both exist in project %s.",
			listener.ID, certificateID, project)
	}
	if isUnexplained && attribute == "fallback_certificate_id" {
		remedy += " A destroy takes the fallback from the state: apply another one before you destroy again."
	}
	diags.AddAttributeError(path.Root(attribute),
		fmt.Sprintf("Unable to switch listener %q", listener.ID), describeWith(err, remedy))
	return switched
}

// checkProjects checks that the certificates belong to the project of the listener, as far as that is known without a
// call.
func (r *listenerCertificateResource) checkProjects(m listenerCertificateModel, diags *diag.Diagnostics) {
	project := stringOrNil(m.ProjectID)
	for attribute, certificate := range map[string]types.String{
		"certificate_id": m.CertificateID, "fallback_certificate_id": m.FallbackCertificateID,
	} {
		id := stringOrNil(certificate)
		if id == nil || project == nil {
			continue
		}
		other, isKnown := r.cloud.client.KnownProjectOf(*id, *project)
		if isKnown && !strings.EqualFold(other, *project) {
			diags.AddAttributeError(path.Root(attribute), "Certificate of another project", fmt.Sprintf(
				"Certificate %[1]q belongs to project %[2]s, but this resource to project %[3]s. A listener can only "+
					"use a certificate of its own project. If listener %[4]q belongs to project %[2]s as well, set "+
					"project_id of this resource. Otherwise, set project_id of the certificate.",
				*id, other, *project, m.ListenerID.ValueString()))
		}
	}
}

func (r *listenerCertificateResource) ModifyPlan(
	ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse,
) {
	if req.Plan.Raw.IsNull() {
		var state listenerCertificateModel
		resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
		state.warnKept(&resp.Diagnostics)
		return
	}
	var plan listenerCertificateModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	if resp.Diagnostics.HasError() || req.Plan.Raw.Equal(req.State.Raw) {
		return // even if the listener uses the fallback: ignore_changes may keep that
	}
	plan.checkFallback(&resp.Diagnostics)
	if req.State.Raw.IsNull() {
		plan.ProjectID = r.cloud.projectForPlan(ctx, req.Config, plan.ProjectID, &resp.Diagnostics)
		plan.ID = plan.ListenerID
	} else {
		var state listenerCertificateModel
		resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
		if !plan.ListenerID.IsUnknown() && !plan.ListenerID.Equal(state.ListenerID) {
			state.warnKept(&resp.Diagnostics) // the resource leaves that listener as if it were destroyed
		}
	}
	r.checkProjects(plan, &resp.Diagnostics)
	resp.Diagnostics.Append(resp.Plan.Set(ctx, plan)...)
}

// A listenerLock lets only one resource at a time be created or deleted for a listener, and records what the previous
// ones did.
type listenerLock struct {
	held     *semaphore.Weighted // has room for one holder
	created  bool                // a resource was created
	fellBack bool                // the listener was sent a fallback
}

func (l *listenerLock) unlock() { l.held.Release(1) }

// lockListener waits for the lock of a listener until ctx is done, and returns nil if it does not get it. A free lock
// is returned even if ctx is already done.
func (c *cloud) lockListener(ctx context.Context, listenerID types.String, diags *diag.Diagnostics) *listenerLock {
	key := strings.ToLower(listenerID.ValueString())
	loaded, _ := c.listenerLocks.LoadOrStore(key, &listenerLock{held: semaphore.NewWeighted(1)})
	lock := loaded.(*listenerLock) //nolint:forcetypeassert // set in one place
	if lock.held.TryAcquire(1) || lock.held.Acquire(ctx, 1) == nil {
		return lock
	}
	err := fmt.Errorf("another elbaas_listener_certificate of the listener is being created or deleted: %w", ctx.Err())
	summary := fmt.Sprintf("Unable to lock listener %q", listenerID.ValueString())
	diags.AddAttributeError(path.Root("listener_id"), summary,
		describeWith(err, "Manage each listener with one resource only, and try again."))
	return nil
}
