package provider

import (
	"fmt"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/elbaas/terraform-provider-elbaas/internal/elb"
	"github.com/elbaas/terraform-provider-elbaas/internal/pemcert"
)

// warn warns of a certificate that the API accepts but clients may reject, and of what the provider could not check.
func (m certificateModel) warn(now time.Time, warningDays int, diags *diag.Diagnostics) {
	chain := pemcert.CertificatesIn(m.Certificate.ValueString())
	if len(chain) == 0 {
		return
	}
	leaf, domain := chain.Facts(), m.Domain.ValueString()
	isCovered, canRead := chain.Covers(domain)

	_, key := m.key()
	unchecked := uncheckedKey(chain, leaf.KeyAlgorithm, key)
	if leaf.NotBefore.IsZero() || leaf.NotAfter.IsZero() {
		unchecked = append(unchecked, "when the certificate is valid, because its dates cannot be read")
	}
	if !canRead {
		unchecked = append(unchecked, "which names the certificate covers, because its extensions cannot be read")
	}
	if len(unchecked) > 0 {
		diags.AddAttributeWarning(path.Root("certificate"), "Certificate not fully checked",
			"The certificate and its private key are sent, but the provider cannot check "+
				strings.Join(unchecked, ", and ")+".")
	}

	warnAboutExpiry(leaf, now, warningDays, diags)
	if !chain.InOrder() {
		diags.AddAttributeWarning(path.Root("certificate"), "Certificate chain not in order",
			"Each certificate must be followed by the one that issued it: the leaf first, then the intermediate "+
				"certificates. Some clients reject any other order. Sort them, and remove duplicates and "+
				"certificates of another chain.")
	}
	if domain != "" && canRead && !isCovered {
		diags.AddAttributeWarning(path.Root("domain"), "Domain not covered by the certificate",
			fmt.Sprintf("The certificate does not cover %q. It covers %q. Check the file, or set domain to a name "+
				"that the certificate covers.", domain, leaf.SubjectAlternativeNames))
	}
}

// uncheckedKey returns why the provider cannot tell whether a private key, as far as it is known, belongs to a
// certificate.
func uncheckedKey(chain pemcert.Chain, algorithm string, key types.String) []string {
	const unchecked = "whether the private key belongs to the certificate, because it does not support the algorithm "
	if !key.IsNull() && !chain.HasKnownKey() {
		return []string{fmt.Sprintf(unchecked+"of the public key (%s)", algorithm)}
	}
	parsed, err := pemcert.ParseKey(key.ValueString())
	if _, canMatch := parsed.BelongsTo(chain); err == nil && !canMatch {
		return []string{fmt.Sprintf(unchecked+"or the encoding of the private key (the public key is %s)", algorithm)}
	}
	return nil
}

// warnAboutExpiry warns of a certificate that is not valid now, or not for much longer. An unreadable date is zero.
func warnAboutExpiry(leaf pemcert.Facts, now time.Time, warningDays int, diags *diag.Diagnostics) {
	const day = "2006-01-02"
	left := leaf.NotAfter.Sub(now)
	switch {
	case left < 0 && !leaf.NotAfter.IsZero():
		diags.AddAttributeWarning(path.Root("certificate"), "Certificate has expired", fmt.Sprintf(
			"The certificate of %q expired on %s. Renew it and update the configuration.",
			leaf.Subject, leaf.NotAfter.Format(day)))
	case now.Before(leaf.NotBefore):
		diags.AddAttributeWarning(path.Root("certificate"), "Certificate is not valid yet", fmt.Sprintf(
			"The certificate of %q is valid from %s. Clients reject it until then.",
			leaf.Subject, leaf.NotBefore.Format(time.RFC3339)))
	case leaf.NotAfter.IsZero():
	case left < time.Duration(warningDays)*24*time.Hour:
		diags.AddAttributeWarning(path.Root("certificate"), "Certificate expires soon", fmt.Sprintf(
			"The certificate of %q expires on %s, in %d days. Renew it and update the configuration. "+
				"The provider begins to warn %d days before that (expiry_warning_days).",
			leaf.Subject, leaf.NotAfter.Format(day), int(left.Hours()/24), warningDays))
	}
}

// warnAboutLoss warns of a name and a domain that a replacement does not keep, because the configuration omits them:
// Terraform plans a replacement without the state of what it replaces.
func warnAboutLoss(config, state publicModel, diags *diag.Diagnostics) {
	warn := func(attribute string, configured, current types.String) {
		if configured.IsNull() && current.ValueString() != "" {
			diags.AddAttributeWarning(path.Root(attribute), "Replacement does not keep the "+attribute, fmt.Sprintf(
				"Certificate %q has the %s %q, which the configuration omits, so the new certificate is created "+
					"without it. To keep it, set %s = %q.",
				state.ID.ValueString(), attribute, current.ValueString(), attribute, current.ValueString()))
		}
	}
	warn("name", config.Name, state.Name)
	warn("domain", config.Domain, state.Domain)
}

// warnAboutCreation warns of certificates that exist, or may exist, besides the one that was to be created. Terraform
// folds warnings with the same summary, so each summary has an ID.
func warnAboutCreation(projectID string, name *string, creation elb.Creation, diags *diag.Diagnostics) {
	if len(creation.Identical) > 0 {
		summary := "An identical certificate already exists: " + strings.Join(creation.Identical, ", ")
		diags.AddWarning(summary, fmt.Sprintf(
			"If the new certificate replaces it, there is nothing to do: Terraform deletes it next.\n\nProject %s "+
				"already had the following, with the same content, and with the name, description and domain that "+
				"the configuration sets:\n%s\n\nAn interrupted run may have left it behind, or this or another "+
				"configuration may manage it. Delete it if nothing uses it, or %s",
			projectID, certificateLines(creation.Identical), importInstead(projectID, creation.Identical[0])))
	}
	if creation.ID == "" {
		return // the error names the rest
	}

	if creation.Adopted {
		diags.AddWarning(
			fmt.Sprintf("Certificate %q was adopted after the response to its creation was lost", creation.ID),
			fmt.Sprintf("The list of project %s then had a certificate that had not existed before and that equals "+
				"the configured one. It is now in the state. If something else was creating the same certificate at "+
				"the same time, check that it is yours.",
				projectID))
	}
	if creation.Sent > 1 {
		search := ""
		if creation.SearchErr != nil {
			search = fmt.Sprintf(" The project could not be searched for it: %s.", creation.SearchErr)
		}
		diags.AddWarning(
			fmt.Sprintf("The request to create certificate %q was sent %d times", creation.ID, creation.Sent),
			fmt.Sprintf("It was repeated because the response was lost and the certificate did not appear in the "+
				"list. Another certificate %s may exist in project %s, or may still be created by a slow backend.%s "+
				"Check the project in a few minutes, and delete what Terraform does not manage.",
				named(name), projectID, search))
	}
	if len(creation.Others) > 0 {
		diags.AddWarning(
			fmt.Sprintf("The request to create certificate %q may have created another one", creation.ID),
			fmt.Sprintf("Project %s now also has the following, which is new and has the same leaf, as far as the API "+
				"shows it:\n%s\n\nThis run does not manage it. Check whether something else manages or uses it, and "+
				"delete it if not.",
				projectID, certificateLines(creation.Others)))
	}
}
