package provider

import (
	"context"
	"fmt"
	"strings"
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
	chainA, chainB := pemcert.CertificatesIn(a), pemcert.CertificatesIn(b)
	return chainA.Len() > 0 && chainA.Equal(chainB)
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

// certificateWarnings are about what may be wrong in a certificate that works, and what
// of it could not be checked. key is its private key, as far as it is known.
func certificateWarnings(certificate, key, domain types.String, now time.Time, warningDays int) diag.Diagnostics {
	var diags diag.Diagnostics
	warn := func(attribute, summary, detail string) {
		diags.AddAttributeWarning(path.Root(attribute), summary, detail)
	}
	chain := pemcert.CertificatesIn(certificate.ValueString())
	if chain.Len() == 0 {
		return diags
	}
	leaf := chain.Facts(0)
	_, domainKnown := chain.Covers(domain.ValueString())
	if unchecked := uncheckedOf(chain, leaf, key, domainKnown); len(unchecked) > 0 {
		warn("certificate", "Certificate not fully checked",
			"The certificate and its private key are sent as they are, but this provider cannot tell "+strings.Join(unchecked, ", and ")+".")
	}

	const day = "2006-01-02"
	left := leaf.NotAfter.Sub(now)
	switch {
	case now.Before(leaf.NotBefore):
		warn("certificate", "Certificate is not valid yet",
			fmt.Sprintf("The certificate of %q is valid from %s on. Until then, clients refuse it.", leaf.Subject, leaf.NotBefore.Format(time.RFC3339)))
	case leaf.NotAfter.IsZero():
	case left < 0:
		warn("certificate", "Certificate has expired",
			fmt.Sprintf("The certificate of %q expired on %s. Renew it and update the configuration.", leaf.Subject, leaf.NotAfter.Format(day)))
	case left < time.Duration(warningDays)*24*time.Hour:
		warn("certificate", "Certificate expires soon",
			fmt.Sprintf("The certificate of %q expires on %s, in %d days. Renew it. This warning comes %d days before (expiry_warning_days of the provider).",
				leaf.Subject, leaf.NotAfter.Format(day), int(left.Hours()/24), warningDays))
	}
	if !chain.InOrder() {
		warn("certificate", "Certificates not in order",
			"Each certificate must be followed by the one that issued it: the leaf first, then the intermediates. Some clients refuse another order.")
	}
	if name := domain.ValueString(); name != "" {
		if covers, known := chain.Covers(name); known && !covers {
			warn("domain", "Domain not covered by the certificate",
				fmt.Sprintf("The certificate is not good for %q; it is good for %q.", name, leaf.SubjectAlternativeNames))
		}
	}
	return diags
}

// uncheckedOf says what cannot be told of a certificate and its private key.
func uncheckedOf(chain pemcert.Chain, leaf pemcert.Facts, key types.String, namesKnown bool) []string {
	var unchecked []string
	if text := known(key); !key.IsNull() && !chain.HasKnownKey() {
		unchecked = append(unchecked, fmt.Sprintf("whether the key belongs to it, since it does not know the algorithm of the public key (%s)", leaf.KeyAlgorithm))
	} else if text != nil {
		parsed, err := pemcert.ParseKey(*text)
		if _, canMatch := parsed.BelongsTo(chain); err == nil && !canMatch {
			unchecked = append(unchecked, fmt.Sprintf("whether the key belongs to it (%s), since it does not know the algorithm or the encoding of the private key", leaf.KeyAlgorithm))
		}
	}
	if leaf.NotBefore.IsZero() || leaf.NotAfter.IsZero() {
		unchecked = append(unchecked, "when it is valid, since its dates cannot be read")
	}
	if !namesKnown {
		unchecked = append(unchecked, "what names it is for, since its extensions cannot be read")
	}
	return unchecked
}
