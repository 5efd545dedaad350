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

// listenerCertificateModel is the certificate of a listener as Terraform keeps it.
type listenerCertificateModel struct {
	ListenerID            types.String `tfsdk:"listener_id"`
	CertificateID         types.String `tfsdk:"certificate_id"`
	FallbackCertificateID types.String `tfsdk:"fallback_certificate_id"`
	ProjectID             types.String `tfsdk:"project_id"`

	ID             types.String `tfsdk:"id"`
	ListenerName   types.String `tfsdk:"listener_name"`
	LoadBalancerID types.String `tfsdk:"loadbalancer_id"`
	Protocol       types.String `tfsdk:"protocol"`
	Port           types.Int64  `tfsdk:"port"`

	Timeouts timeouts.Value `tfsdk:"timeouts"`
}

// listenerIdentityModel is what tells a listener from all others.
type listenerIdentityModel struct {
	ProjectID  types.String `tfsdk:"project_id"`
	ListenerID types.String `tfsdk:"listener_id"`
}

func (m listenerCertificateModel) identity() listenerIdentityModel {
	return listenerIdentityModel{ProjectID: m.ProjectID, ListenerID: m.ListenerID}
}

// listener is what a state has of the listener.
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

// fromAPI takes what the server says of a listener. An ID in another case is the same.
func (m *listenerCertificateModel) fromAPI(listener elb.Listener) {
	m.ID = m.ListenerID
	m.ListenerName = types.StringValue(listener.Name)
	m.LoadBalancerID = types.StringValue(listener.LoadBalancerID)
	m.Protocol = types.StringValue(listener.Protocol)
	m.Port = types.Int64Value(listener.Port)
	if !strings.EqualFold(m.CertificateID.ValueString(), listener.CertificateID) {
		m.CertificateID = orNull(strings.ToLower(listener.CertificateID)) // as a configuration must write it
	}
}

// check checks, in an apply, what may have been unknown in the plan.
func (m listenerCertificateModel) check() diag.Diagnostics {
	var diags diag.Diagnostics
	diags.Append(textRule{"listener ID", checkLowerID}.report(path.Root("listener_id"), m.ListenerID.ValueString())...)
	diags.Append(textRule{"certificate ID", checkLowerID}.report(path.Root("certificate_id"), m.CertificateID.ValueString())...)
	if !m.FallbackCertificateID.IsNull() {
		rule := textRule{"fallback certificate ID", checkLowerID}
		diags.Append(rule.report(path.Root("fallback_certificate_id"), m.FallbackCertificateID.ValueString())...)
	}
	diags.Append(m.checkFallback()...)
	return diags
}

// checkFallback checks that the fallback is another certificate, if both are known.
func (m listenerCertificateModel) checkFallback() diag.Diagnostics {
	var diags diag.Diagnostics
	fallback, own := known(m.FallbackCertificateID), known(m.CertificateID)
	if fallback != nil && own != nil && *fallback == *own {
		diags.AddAttributeError(path.Root("fallback_certificate_id"), "Fallback is the certificate itself", fmt.Sprintf(
			"fallback_certificate_id and certificate_id are both %q. Set fallback_certificate_id to a certificate that stays when this one goes, "+
				"or remove it: without it, the listener keeps its certificate when this resource is destroyed.", *own))
	}
	return diags
}

// checkProtocol checks that a listener can have a certificate. One that the API shows
// without a protocol may (assumed).
func checkProtocol(listener elb.Listener) diag.Diagnostics {
	var diags diag.Diagnostics
	if !slices.Contains([]string{"", "HTTPS", "SSL"}, strings.ToUpper(listener.Protocol)) {
		diags.AddAttributeError(path.Root("listener_id"), "Listener without a certificate", fmt.Sprintf(
			"%s is a listener of the protocol %s, which has no certificate. Set listener_id to an HTTPS or SSL listener. "+
				"If this resource is in the state already, remove it from there first: terraform state rm ADDRESS.",
			capitalize(titleOf(listener)), listener.Protocol))
	}
	return diags
}

// titleOf is how a listener is shown in a sentence.
func titleOf(listener elb.Listener) string {
	return fmt.Sprintf("listener %q (ID %s) of load balancer %s", listener.Name, listener.ID, listener.LoadBalancerID)
}

// keepsCertificate warns that a destruction leaves the listener with its certificate. Of
// warnings with the same summary Terraform shows one, so it has the IDs.
func (m listenerCertificateModel) keepsCertificate() diag.Diagnostic {
	id, certificateID := m.ListenerID.ValueString(), m.CertificateID.ValueString()
	return diag.NewWarningDiagnostic(fmt.Sprintf("Listener %q keeps certificate %q", id, certificateID), fmt.Sprintf(
		"Without a fallback_certificate_id, destroying this resource changes nothing: %s keeps certificate %q, "+
			"because an HTTPS or SSL listener cannot be without one. If the same run destroys that certificate, its deletion fails. "+
			"To delete the certificate, set fallback_certificate_id to another one and apply that first. "+
			"To keep the certificate, remove it from the state first: terraform state rm ADDRESS.",
		titleOf(m.listener()), certificateID))
}
