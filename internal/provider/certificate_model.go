package provider

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/elbaas/terraform-provider-elbaas/internal/elb"
	"github.com/elbaas/terraform-provider-elbaas/internal/pemcert"
)

// certificateModel is a certificate as Terraform keeps it.
type certificateModel struct {
	Certificate types.String   `tfsdk:"certificate"`
	PrivateKey  types.String   `tfsdk:"private_key"`
	Name        types.String   `tfsdk:"name"`
	Description types.String   `tfsdk:"description"`
	Domain      types.String   `tfsdk:"domain"`
	ProjectID   types.String   `tfsdk:"project_id"`
	ID          types.String   `tfsdk:"id"`
	CreateTime  types.String   `tfsdk:"create_time"`
	UpdateTime  types.String   `tfsdk:"update_time"`
	Timeouts    timeouts.Value `tfsdk:"timeouts"`

	factsModel
}

// toAPI returns what a creation sends: the PEM in its canonical form. What the
// plan leaves to the server is not sent. It fails when certificate and key were
// not known before and do not make a pair.
func (m certificateModel) toAPI() (elb.NewCertificate, diag.Diagnostics) {
	diags := m.checkPEM()
	if diags.HasError() {
		return elb.NewCertificate{}, diags
	}
	chain, _ := pemcert.ParseChain(m.Certificate.ValueString()) // checked
	key, _ := pemcert.ParseKey(m.PrivateKey.ValueString())
	return elb.NewCertificate{
		Name:        known(m.Name),
		Description: m.Description.ValueString(),
		Domain:      known(m.Domain),
		Certificate: chain.PEM(),
		PrivateKey:  key.PEM(),
	}, diags
}

// checkPEM makes at apply the checks of certificate and key that could not be
// made before, because one of them was unknown.
func (m certificateModel) checkPEM() diag.Diagnostics {
	var diags diag.Diagnostics
	if err := checkCertificate(m.Certificate.ValueString()); err != nil {
		diags.AddAttributeError(path.Root("certificate"), "Invalid certificate", "The certificate "+err.Error()+".")
	}
	if err := checkPrivateKey(m.PrivateKey.ValueString()); err != nil {
		diags.AddAttributeError(path.Root("private_key"), "Invalid private key", "The private key "+err.Error()+".")
	}
	diags.Append(checkPair(m.Certificate, m.PrivateKey)...)
	return diags
}

// known returns the text of a value, or nil when that is null or unknown.
func known(value types.String) *string {
	if value.IsUnknown() {
		return nil
	}
	return value.ValueStringPointer()
}

// fromAPI takes what the server says of a certificate, in the canonical form,
// whatever text the server made of it. A certificate that is the same by content,
// or that makes no sense, does not overwrite the user's text; the key is not even
// read.
func (m *certificateModel) fromAPI(cert elb.Certificate) {
	m.ID = types.StringValue(cert.ID)
	m.Name = types.StringValue(cert.Name)
	m.Description = types.StringValue(cert.Description)
	m.Domain = types.StringValue(cert.Domain)
	m.CreateTime = orNull(cert.CreateTime)
	m.UpdateTime = orNull(cert.UpdateTime)
	chain, err := pemcert.ParseChain(cert.Certificate)
	switch {
	case err == nil && !sameCertificate(m.Certificate.ValueString(), cert.Certificate):
		m.Certificate = types.StringValue(chain.PEM())
	case m.Certificate.IsNull():
		m.Certificate = types.StringValue(cert.Certificate)
	}
	m.factsModel = factsOf(m.Certificate)
}

func orNull(text string) types.String {
	if text == "" {
		return types.StringNull()
	}
	return types.StringValue(text)
}

// complete fills in what the plan left to the server, and keeps what it
// promised: Terraform takes anything else for a bug of the provider.
func (m *certificateModel) complete(cert elb.Certificate) {
	planned := *m
	cert.Certificate = planned.Certificate.ValueString() // what was sent
	m.fromAPI(cert)
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
func (m certificateModel) differences(cert elb.Certificate) []difference {
	all := []difference{
		{"name", m.Name, cert.Name},
		{"description", m.Description, cert.Description},
		{"domain", m.Domain, cert.Domain},
	}
	return slices.DeleteFunc(all, func(d difference) bool {
		return d.planned.IsUnknown() || d.planned.ValueString() == d.answered
	})
}

var certificateID = regexp.MustCompile(`^[0-9a-fA-F]{32}$`)

// parseImportID reads "id" or "project_id/id". The project is empty when it is
// not given.
func parseImportID(text string) (projectID, id string, err error) {
	projectID, id, both := strings.Cut(text, "/")
	if !both {
		projectID, id = "", text
	} else if err := checkProjectID(projectID); err != nil {
		return "", "", fmt.Errorf("the project id in front of the slash %w", err)
	}
	if !certificateID.MatchString(id) {
		return "", "", fmt.Errorf("%q is not the id of a certificate, which has 32 hexadecimal characters", cmp.Or(id, text))
	}
	return projectID, strings.ToLower(id), nil
}
