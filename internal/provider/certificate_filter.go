package provider

import (
	"context"
	"regexp"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/elbaas/terraform-provider-elbaas/internal/pemcert"
)

// certificateFilter has the arguments that select certificates of a project. An argument that is null selects all.
type certificateFilter struct {
	ProjectID     types.String `tfsdk:"project_id"`
	NameRegex     types.String `tfsdk:"name_regex"`
	Covers        types.String `tfsdk:"covers"`
	ExpiresBefore types.String `tfsdk:"expires_before"`
}

// filterArguments are the arguments of a certificateFilter, except the project.
var filterArguments = map[string]schema.Attribute{
	"name_regex": optionalText(
		"A regular expression (RE2, as in Terraform's `regex` function) that must match some part of the name. "+
			"Anchor it with `^` and `$` to match the whole name.",
		false, textRule{"name_regex", checkNameRegex},
	),
	"covers": optionalText(
		"A host name or an IP address that the certificate must be valid for, such as `www.example.com`. It must "+
			"match one of the `subject_alternative_names`. If the certificate has none, a host name must match the "+
			"common name. A wildcard stands for one label (RFC 6125): `*.example.com` covers `www.example.com`, but "+
			"not `example.com` or `a.www.example.com`. Certificates whose names the provider cannot read are omitted.",
		false, textRule{"host name", orNull(checkHostName)},
	),
	"expires_before": optionalText(
		"Selects certificates whose `not_after` is before this time, in RFC 3339 format, such as "+
			"`2027-01-31T00:00:00Z`. Certificates whose date the provider cannot read are omitted.",
		false, textRule{"time", orNull(checkTime)},
	),
}

// choose returns the certificates of a project that match all arguments, sorted by name, then by ID. It sets the
// project to the provider's if the configuration omits it.
func (f *certificateFilter) choose(ctx context.Context, c *cloud, diags *diag.Diagnostics) []publicModel {
	ctx, cancel := context.WithTimeout(ctx, defaultReadTimeout)
	defer cancel()

	f.ProjectID = c.readyProject(ctx, f.ProjectID, diags)
	if diags.HasError() {
		return nil
	}
	listed, err := c.client.ListCertificates(ctx, f.ProjectID.ValueString())
	if err != nil {
		diags.AddError("Unable to list certificates", c.describe(err))
	}

	name := regexp.MustCompile(f.NameRegex.ValueString())                // its validator has compiled it
	before, _ := time.Parse(time.RFC3339, f.ExpiresBefore.ValueString()) // its validator has parsed it
	chosen := []publicModel{}
	for _, cert := range listed {
		m := publicModel{identityModel: identityModel{ProjectID: f.ProjectID}}
		m.fromAPI(cert)
		notAfter, err := time.Parse(time.RFC3339, m.NotAfter.ValueString())
		expires := f.ExpiresBefore.IsNull() || err == nil && notAfter.Before(before)
		if expires && name.MatchString(cert.Name) && (f.Covers.IsNull() || m.covers(f.Covers.ValueString())) {
			chosen = append(chosen, m)
		}
	}
	return chosen
}

// covers reports whether a certificate is valid for a host name.
func (m publicModel) covers(host string) bool {
	covers, _ := pemcert.CertificatesIn(m.Certificate.ValueString()).Covers(host)
	return covers
}
