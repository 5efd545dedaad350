package provider

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/elbaas/terraform-provider-elbaas/internal/elb"
)

// listenerCertificateModel is the resource.
type listenerCertificateModel struct {
	listenerIdentityModel

	CertificateID         types.String `tfsdk:"certificate_id"`
	FallbackCertificateID types.String `tfsdk:"fallback_certificate_id"`

	ID             types.String `tfsdk:"id"`
	ListenerName   types.String `tfsdk:"listener_name"`
	LoadBalancerID types.String `tfsdk:"loadbalancer_id"`
	Protocol       types.String `tfsdk:"protocol"`
	Port           types.Int64  `tfsdk:"port"`

	Timeouts timeouts.Value `tfsdk:"timeouts"`
}

// listenerIdentityModel is the identity of a listener.
type listenerIdentityModel struct {
	ProjectID  types.String `tfsdk:"project_id"`
	ListenerID types.String `tfsdk:"listener_id"`
}

// listener returns what a state has of the listener.
func (m listenerCertificateModel) listener() elb.Listener {
	return elb.Listener{
		ID:             m.ListenerID.ValueString(),
		LoadBalancerID: m.LoadBalancerID.ValueString(),
		Name:           m.ListenerName.ValueString(),
		Protocol:       m.Protocol.ValueString(),
		Port:           m.Port.ValueInt64(),
		CertificateID:  m.CertificateID.ValueString(),
	}
}

// fromAPI takes over what the API returns. The ID of the certificate is written in lower case, as in configurations.
func (m *listenerCertificateModel) fromAPI(listener elb.Listener) {
	m.ID = m.ListenerID
	m.ListenerName = types.StringValue(listener.Name)
	m.LoadBalancerID = types.StringValue(listener.LoadBalancerID)
	m.Protocol = types.StringValue(listener.Protocol)
	m.Port = types.Int64Value(listener.Port)
	if !strings.EqualFold(m.CertificateID.ValueString(), listener.CertificateID) {
		m.CertificateID = textOrNull(strings.ToLower(listener.CertificateID))
	}
}

// checkFallback checks that the fallback is another certificate, if both are known.
func (m listenerCertificateModel) checkFallback(diags *diag.Diagnostics) {
	fallback, own := stringOrNil(m.FallbackCertificateID), stringOrNil(m.CertificateID)
	if fallback != nil && own != nil && *fallback == *own {
		diags.AddAttributeError(path.Root("fallback_certificate_id"), "Conflicting certificate IDs", fmt.Sprintf(
			"fallback_certificate_id and certificate_id are both %q. "+
				"Set fallback_certificate_id to a certificate that outlives this one, or remove it: "+
				"the listener then keeps its certificate when this resource is destroyed.", *own))
	}
}

// checkProtocol checks that a listener can have a certificate. It passes a listener without a protocol (assumed).
func checkProtocol(listener elb.Listener, diags *diag.Diagnostics) {
	if !slices.Contains([]string{"", "HTTPS", "SSL"}, strings.ToUpper(listener.Protocol)) {
		diags.AddAttributeError(path.Root("listener_id"), "Listener does not use a certificate", fmt.Sprintf(
			"%s has the protocol %.256q, which does not use a certificate. Set listener_id to an HTTPS or SSL "+
				"listener. If this resource is already in the state, remove it first: terraform state rm ADDRESS.",
			capitalize(titleOf(listener)), listener.Protocol))
	}
}

// titleOf names a listener in a sentence.
func titleOf(listener elb.Listener) string {
	const format = "listener %.256q (ID %s) of load balancer %.256q"
	return fmt.Sprintf(format, listener.Name, listener.ID, listener.LoadBalancerID)
}

// warnKept warns that the listener keeps its certificate when the resource is destroyed without a fallback. Terraform
// folds warnings with the same summary, so the summary has the IDs.
func (m listenerCertificateModel) warnKept(diags *diag.Diagnostics) {
	if !m.FallbackCertificateID.IsNull() {
		return
	}
	id, certificateID := m.ListenerID.ValueString(), m.CertificateID.ValueString()
	diags.AddWarning(fmt.Sprintf("Listener %q keeps certificate %q", id, certificateID), fmt.Sprintf(
		"Without a fallback_certificate_id, destroying this resource changes nothing: %s keeps certificate %q, "+
			"because an HTTPS or SSL listener cannot be without one.\n\n"+
			"If the resource is replaced with the same listener_id, there is nothing to do: its successor switches "+
			"the listener. Otherwise, if the same run destroys that certificate, its deletion fails while the "+
			"listener exists. To delete the certificate, set fallback_certificate_id to another one and apply that "+
			"first. To keep the certificate, remove it from the state first: terraform state rm ADDRESS.",
		titleOf(m.listener()), certificateID))
}
