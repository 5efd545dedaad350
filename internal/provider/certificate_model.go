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
	"github.com/elbaas/terraform-provider-elbaas/internal/pemcert"
)

// publicModel is what everybody may see of a certificate: all but its key.
type publicModel struct {
	Certificate types.String `tfsdk:"certificate"`
	Name        types.String `tfsdk:"name"`
	Description types.String `tfsdk:"description"`
	Domain      types.String `tfsdk:"domain"`
	ProjectID   types.String `tfsdk:"project_id"`
	ID          types.String `tfsdk:"id"`
	CreateTime  types.String `tfsdk:"create_time"`
	UpdateTime  types.String `tfsdk:"update_time"`

	factsModel
}

// certificateModel is a certificate as Terraform keeps it.
type certificateModel struct {
	publicModel

	PrivateKey types.String `tfsdk:"private_key"`
	// PrivateKeyWO is null wherever it does not come from a configuration.
	PrivateKeyWO types.String   `tfsdk:"private_key_wo"`
	Timeouts     timeouts.Value `tfsdk:"timeouts"`
}

// key returns the private key, and the attribute that has it.
func (m certificateModel) key() (attribute string, key types.String) {
	if m.PrivateKey.IsNull() && !m.PrivateKeyWO.IsNull() {
		return "private_key_wo", m.PrivateKeyWO
	}
	return "private_key", m.PrivateKey
}

// identityModel is what tells a certificate from all others.
type identityModel struct {
	ProjectID types.String `tfsdk:"project_id"`
	ID        types.String `tfsdk:"id"`
}

func (m publicModel) identity() identityModel {
	return identityModel{ProjectID: m.ProjectID, ID: m.ID}
}

// toAPI returns what a creation sends: the PEM in its canonical form. What the
// plan leaves to the server is not sent. It fails when certificate and key were
// not known before and do not make a pair.
func (m certificateModel) toAPI() (elb.NewCertificate, diag.Diagnostics) {
	chain, key, diags := m.parsePEM()
	if diags.HasError() {
		return elb.NewCertificate{}, diags
	}
	return elb.NewCertificate{
		Name:        known(m.Name),
		Description: m.Description.ValueString(),
		Domain:      known(m.Domain),
		Certificate: chain.PEM(),
		PrivateKey:  key.PEM(),
	}, diags
}

// parsePEM reads the certificate and its key, as far as they are known, and checks
// that there is one key, and that it belongs to the certificate. What is not known
// yet is left for the apply.
func (m certificateModel) parsePEM() (chain pemcert.Chain, key pemcert.Key, diags diag.Diagnostics) {
	diags = m.checkKeys()
	var err error
	if text := known(m.Certificate); text != nil {
		if chain, err = pemcert.ParseChain(*text); err != nil {
			diags.AddAttributeError(path.Root("certificate"), "Invalid certificate", sentence(err))
		}
	}
	attribute, value := m.key()
	if text := known(value); text != nil {
		if key, err = pemcert.ParseKey(*text); err != nil {
			diags.AddAttributeError(path.Root(attribute), "Invalid private key", sentence(err))
		}
	}
	diags.Append(checkPair(chain, key, attribute)...)
	return chain, key, diags
}

// sentence writes an error of pemcert as a sentence.
func sentence(err error) string {
	text := err.Error()
	return strings.ToUpper(text[:1]) + text[1:] + "."
}

// checkNewKey checks a planned private key that is not that of the state, against the
// planned certificate. An update in place sends neither of them, so that it checks
// nothing else: ignore_changes may keep what no configuration could have.
func (m certificateModel) checkNewKey(state certificateModel) diag.Diagnostics {
	text := known(m.PrivateKey)
	if text == nil || m.PrivateKey.Equal(state.PrivateKey) {
		return nil
	}
	var diags diag.Diagnostics
	key, err := pemcert.ParseKey(*text)
	if err != nil {
		diags.AddAttributeError(path.Root("private_key"), "Invalid private key", sentence(err))
		return diags
	}
	return checkPair(pemcert.CertificatesIn(m.Certificate.ValueString()), key, "private_key")
}

// checkKeys checks that a configuration has exactly one of the two keys, as far
// as they are known.
func (m certificateModel) checkKeys() diag.Diagnostics {
	var diags diag.Diagnostics
	switch {
	case m.PrivateKey.IsUnknown() || m.PrivateKeyWO.IsUnknown():
	case m.PrivateKey.IsNull() && m.PrivateKeyWO.IsNull():
		diags.AddAttributeError(path.Root("private_key"), "Missing private key",
			"Set private_key (stored in the state) or private_key_wo (not stored). Imported certificates need one as well: the provider never reads keys from the API.")
	case !m.PrivateKey.IsNull() && !m.PrivateKeyWO.IsNull():
		diags.AddAttributeError(path.Root("private_key_wo"), "Private key given twice",
			"Set private_key (stored in the state) or private_key_wo (not stored), but not both.")
	}
	return diags
}

// checkPair checks that the key, which an attribute has, belongs to the
// certificate, if both are there.
func checkPair(chain pemcert.Chain, key pemcert.Key, attribute string) diag.Diagnostics {
	var diags diag.Diagnostics
	switch position, known := key.BelongsTo(chain); {
	case !known || position == 0:
	case position > 0:
		diags.AddAttributeError(path.Root("certificate"), "Certificates in the wrong order",
			fmt.Sprintf("The private key belongs to certificate %d of %d. Put that one first, and the one that issued it after it.", position+1, chain.Len()))
	default:
		diags.AddAttributeError(path.Root(attribute), "Private key of another certificate",
			"The private key does not belong to the certificate: the public keys differ. Set the key that the certificate was requested with, "+
				"or the certificate that was issued for this key. A new key always comes with a new certificate: "+
				"where lifecycle.ignore_changes has one of the two, it must have both.")
	}
	return diags
}

// replaces reports whether a plan for a certificate that exists replaces it. The plan
// modifiers have kept what is no change.
func (m certificateModel) replaces(state certificateModel) bool {
	return !m.Certificate.Equal(state.Certificate) || !m.Domain.Equal(state.Domain) || !m.ProjectID.Equal(state.ProjectID)
}

// known returns the text of a value, or nil when that is null or unknown.
func known(value types.String) *string {
	if value.IsUnknown() {
		return nil
	}
	return value.ValueStringPointer()
}

// fromAPI takes what the server says of a certificate, in the canonical form,
// whatever text the server made of it and keeps beside it: that may be a private key. A
// certificate that is the same by content does not overwrite the user's text, and
// neither does a text without one.
func (m *publicModel) fromAPI(cert elb.Certificate) {
	if !strings.EqualFold(m.ID.ValueString(), cert.ID) { // the identity never changes
		m.ID = types.StringValue(cert.ID)
	}
	m.Name = types.StringValue(cert.Name)
	m.Description = types.StringValue(cert.Description)
	if domain := known(m.Domain); domain == nil || !strings.EqualFold(*domain, cert.Domain) {
		m.Domain = types.StringValue(cert.Domain)
	}
	m.CreateTime = orNull(cert.CreateTime)
	m.UpdateTime = orNull(cert.UpdateTime)
	text := m.Certificate.ValueString()
	own, err := pemcert.ParseChain(text)
	if err != nil || strings.TrimSpace(text) != strings.TrimSpace(cert.Certificate) { // which saves half of a read
		stored := pemcert.CertificatesIn(cert.Certificate)
		if stored.Len() == 0 && err != nil {
			stored = pemcert.CertificatesIn(text)
		}
		if stored.Len() > 0 && !own.Equal(stored) {
			m.Certificate, own = types.StringValue(stored.PEM()), stored
		}
	}
	m.factsModel = factsOfChain(own)
}

// hides reports whether the server shows no certificate that can be read.
func (m publicModel) hides(cert elb.Certificate) bool {
	return pemcert.CertificatesIn(cert.Certificate).Len() == 0 && !m.Certificate.IsNull()
}

func orNull(text string) types.String {
	if text == "" {
		return types.StringNull()
	}
	return types.StringValue(text)
}

// complete fills in what the plan left to the server, and keeps what it
// promised: Terraform takes anything else for a bug of the provider.
func (m *publicModel) complete(cert elb.Certificate) {
	planned := *m
	m.fromAPI(cert)
	m.Certificate, m.factsModel = planned.Certificate, factsOf(planned.Certificate) // of what was sent
	for value, promise := range map[*types.String]types.String{
		&m.Name:        planned.Name,
		&m.Description: planned.Description,
		&m.Domain:      planned.Domain,
		&m.CreateTime:  planned.CreateTime,
		&m.UpdateTime:  planned.UpdateTime,
	} {
		if !promise.IsUnknown() {
			*value = promise
		}
	}
}

// A difference between what was planned and what the server has.
type difference struct {
	attribute string
	planned   types.String
	answered  string
}

// differences returns where the server did not do what the plan promised.
func (m publicModel) differences(cert elb.Certificate) []difference {
	all := []difference{
		{"name", m.Name, cert.Name},
		{"description", m.Description, cert.Description},
		{"domain", m.Domain, cert.Domain},
	}
	return slices.DeleteFunc(all, func(d difference) bool {
		isDomain := d.attribute == "domain" // which has no case
		return d.planned.IsUnknown() || d.planned.ValueString() == d.answered ||
			isDomain && strings.EqualFold(d.planned.ValueString(), d.answered)
	})
}

// storedDifferently reports whether the server has other certificates than it was
// sent. One that hides them cannot be compared.
func (m publicModel) storedDifferently(cert elb.Certificate) bool {
	sent, stored := pemcert.CertificatesIn(m.Certificate.ValueString()), pemcert.CertificatesIn(cert.Certificate)
	return sent.Len() > 0 && stored.Len() > 0 && !sent.Equal(stored)
}
