package provider

import (
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/elbaas/terraform-provider-elbaas/internal/elb"
	"github.com/elbaas/terraform-provider-elbaas/internal/pemcert"
)

// publicModel has all attributes of a certificate except its private key. The resource, the data sources and the list
// resource share it.
type publicModel struct {
	Certificate types.String `tfsdk:"certificate"`
	Name        types.String `tfsdk:"name"`
	Description types.String `tfsdk:"description"`
	Domain      types.String `tfsdk:"domain"`
	CreateTime  types.String `tfsdk:"create_time"`
	UpdateTime  types.String `tfsdk:"update_time"`

	identityModel
	x509Model
}

// apiDescriptions describe the string attributes that only the API sets. Together with x509Attributes, they are the
// computed attributes of the resource, the data sources and the list resource.
var apiDescriptions = map[string]string{
	"id": "The ID of the certificate: 32 hexadecimal characters.",
	"create_time": "The time when the certificate was created, as the API returns it: " +
		"`2016-06-27 08:14:42`, without a time zone.",
	"update_time": "The time when the certificate was last updated, in the format of `create_time`.",
}

// certificateModel is the resource.
type certificateModel struct {
	publicModel

	PrivateKey types.String `tfsdk:"private_key"`
	// PrivateKeyWO is null unless it comes from a configuration.
	PrivateKeyWO types.String   `tfsdk:"private_key_wo"`
	Timeouts     timeouts.Value `tfsdk:"timeouts"`
}

// identityModel is the identity of a certificate.
type identityModel struct {
	ProjectID types.String `tfsdk:"project_id"`
	ID        types.String `tfsdk:"id"`
}

// updatable returns what an update sends.
func (m publicModel) updatable() elb.Updatable {
	return elb.Updatable{Name: m.Name.ValueString(), Description: m.Description.ValueString()}
}

// sameUpdatable reports whether there is nothing to update. An unknown value counts as a change.
func (m publicModel) sameUpdatable(other publicModel) bool {
	return m.Name.Equal(other.Name) && m.Description.Equal(other.Description)
}

// prior returns what the state has of the attributes that a response may lack or an update may change.
func (m publicModel) prior() elb.Certificate {
	return elb.Certificate{ID: m.ID.ValueString(), Updatable: m.updatable(), Domain: m.Domain.ValueString()}
}

// toAPI returns the body of a Create call, with the PEM in its canonical form and without what the plan leaves to the
// API.
func (m certificateModel) toAPI(diags *diag.Diagnostics) elb.NewCertificate {
	chain, key := m.parsePEM(diags)
	return elb.NewCertificate{
		Name:        stringOrNil(m.Name),
		Description: m.Description.ValueString(),
		Domain:      stringOrNil(m.Domain),
		Certificate: chain.PEM(),
		PrivateKey:  key.For(chain).PEM(),
	}
}

// keepCase returns a value of the API, or our own value if they differ only in case.
func keepCase(own types.String, value string) types.String {
	if text := stringOrNil(own); text != nil && strings.EqualFold(*text, value) {
		return own
	}
	return types.StringValue(value)
}

// apiValues calls do with each attribute that the API returns, except the PEM, and with its value in a response. An
// argument that is empty is not null, because a configuration may set it to an empty string.
func (m *publicModel) apiValues(cert elb.Certificate, do func(name string, own *types.String, value types.String)) {
	do("id", &m.ID, keepCase(m.ID, cert.ID))
	do("name", &m.Name, types.StringValue(cert.Name))
	do("description", &m.Description, types.StringValue(cert.Description))
	do("domain", &m.Domain, keepCase(m.Domain, cert.Domain))
	do("create_time", &m.CreateTime, textOrNull(cert.CreateTime))
	do("update_time", &m.UpdateTime, textOrNull(cert.UpdateTime))
}

// fromAPI takes over what the API returns. From the PEM text it keeps only the CERTIFICATE blocks, in canonical form,
// because a server may store a private key beside them. The user's text is kept if it is a valid chain and the API
// returns the same certificates, or none.
func (m *publicModel) fromAPI(cert elb.Certificate) {
	m.apiValues(cert, func(_ string, own *types.String, value types.String) { *own = value })
	text := m.Certificate.ValueString()
	own, err := pemcert.ParseChain(text)
	// The same PEM is not parsed twice.
	if err != nil || strings.TrimSpace(text) != strings.TrimSpace(cert.Certificate) {
		stored := pemcert.CertificatesIn(cert.Certificate)
		if len(stored) == 0 {
			stored = pemcert.CertificatesIn(text)
		}
		if !own.Equal(stored) {
			m.Certificate, own = types.StringValue(stored.PEM()), stored
		}
	}
	m.x509Model = x509FromChain(own)
}

// complete takes over from the API only what the plan left unknown: Terraform reports any other change of a planned
// value as a bug of the provider.
func (m *publicModel) complete(cert elb.Certificate) {
	m.apiValues(cert, func(_ string, own *types.String, value types.String) {
		if own.IsUnknown() {
			*own = value
		}
	})
}

// replaces reports whether a plan replaces the certificate of a state. The plan modifiers have already removed
// differences that do not matter.
func (m certificateModel) replaces(state certificateModel) bool {
	return !m.Certificate.Equal(state.Certificate) ||
		!m.Domain.Equal(state.Domain) ||
		!m.ProjectID.Equal(state.ProjectID)
}

// checkStored reports the arguments that the API stored with another value than was sent.
func (m publicModel) checkStored(cert elb.Certificate, report func(at path.Path, summary, detail string)) {
	m.apiValues(cert, func(name string, own *types.String, value types.String) {
		if sent := stringOrNil(*own); sent != nil && !own.Equal(value) {
			report(path.Root(name), "The API stored a different "+name, fmt.Sprintf(
				"Certificate %q was sent with the %s %q, but the API stored %.256q. "+
					"The next plan shows the difference.", cert.ID, name, *sent, value.ValueString()))
		}
	})
}

// stringOrNil returns the text of a value, or nil if the value is null or unknown.
func stringOrNil(value types.String) *string {
	if value.IsUnknown() {
		return nil
	}
	return value.ValueStringPointer()
}

// textOrNull returns a text as a value, or null if it is empty.
func textOrNull(text string) types.String {
	if text == "" {
		return types.StringNull()
	}
	return types.StringValue(text)
}
