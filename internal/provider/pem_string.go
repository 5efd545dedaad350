package provider

import (
	"context"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/elbaas/terraform-provider-elbaas/internal/pemcert"
)

// sameCertificate reports whether two texts are the same certificates in the
// same order. A text that is no certificate is the same as nothing.
func sameCertificate(a, b string) bool {
	chainA, errA := pemcert.ParseChain(a)
	chainB, errB := pemcert.ParseChain(b)
	return errA == nil && errB == nil && chainA.Equal(chainB)
}

// sameKey reports whether two texts are the same private key.
func sameKey(a, b string) bool {
	keyA, errA := pemcert.ParseKey(a)
	keyB, errB := pemcert.ParseKey(b)
	return errA == nil && errB == nil && keyA.Equal(keyB)
}

// keepPEM plans the text of the state when the configuration has another text
// of the same content. Terraform takes that for no change at all. Semantic
// equality of a type would not do: it does not run while planning.
type keepPEM struct {
	same func(a, b string) bool
	// replace makes other content, or content that is not known yet, another
	// certificate.
	replace bool
}

// Description implements planmodifier.String.
func (m keepPEM) Description(context.Context) string {
	return "Another text of the same content changes nothing."
}

// MarkdownDescription implements planmodifier.String.
func (m keepPEM) MarkdownDescription(ctx context.Context) string { return m.Description(ctx) }

// PlanModifyString implements planmodifier.String.
func (m keepPEM) PlanModifyString(_ context.Context, req planmodifier.StringRequest, resp *planmodifier.StringResponse) {
	switch {
	case req.State.Raw.IsNull() || req.Plan.Raw.IsNull() || req.StateValue.Equal(req.PlanValue):
	case !req.PlanValue.IsUnknown() && !req.StateValue.IsNull() && m.same(req.PlanValue.ValueString(), req.StateValue.ValueString()):
		resp.PlanValue = req.StateValue
	default:
		resp.RequiresReplace = m.replace
	}
}

// certificateWarnings are what is worth a look in a certificate that works.
func certificateWarnings(certificate, domain types.String, now time.Time, warningDays int) diag.Diagnostics {
	var diags diag.Diagnostics
	warn := func(attribute, summary, detail string) {
		diags.AddAttributeWarning(path.Root(attribute), summary, detail)
	}
	chain, err := pemcert.ParseChain(certificate.ValueString())
	if err != nil {
		return diags
	}
	leaf, err := chain.Leaf()
	if err != nil {
		warn("certificate", "Certificate not fully understood",
			fmt.Sprintf("The certificate is sent as it is, but this provider cannot read all of it (%s), as happens with SM2 and with some private authorities. "+
				"Whether the key belongs to it, when it expires, and what it is good for is not checked, and the attributes that tell it are null.", err))
		return diags
	}

	const day = "2006-01-02"
	left := leaf.NotAfter.Sub(now)
	switch {
	case left < 0:
		warn("certificate", "Certificate has expired",
			fmt.Sprintf("The certificate of %q has expired on %s. Have it renewed, and give the new one.", leaf.Subject, leaf.NotAfter.UTC().Format(day)))
	case now.Before(leaf.NotBefore):
		warn("certificate", "Certificate is not valid yet",
			fmt.Sprintf("The certificate of %q is valid from %s on. Until then, clients refuse it.", leaf.Subject, leaf.NotBefore.UTC().Format(time.RFC3339)))
	case left < time.Duration(warningDays)*24*time.Hour:
		warn("certificate", "Certificate expires soon",
			fmt.Sprintf("The certificate of %q expires on %s, in %d days. Have it renewed. This warning comes %d days before (expiry_warning_days of the provider).",
				leaf.Subject, leaf.NotAfter.UTC().Format(day), int(left.Hours()/24), warningDays))
	}
	if !chain.InOrder() {
		warn("certificate", "Certificates not in order",
			"Each certificate must be followed by the one that issued it: the leaf first, then the intermediates. Some clients refuse another order.")
	}
	if name := domain.ValueString(); name != "" && !pemcert.Covers(leaf, name) {
		warn("domain", "Domain not covered by the certificate",
			fmt.Sprintf("The certificate is not good for %q; it is good for %q.", name, pemcert.FactsOf(leaf).SubjectAlternativeNames))
	}
	return diags
}
