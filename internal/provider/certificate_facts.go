package provider

import (
	"time"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/elbaas/terraform-provider-elbaas/internal/pemcert"
)

// factsModel is what a certificate tells of itself, wherever it is shown.
type factsModel struct {
	NotBefore               types.String `tfsdk:"not_before"`
	NotAfter                types.String `tfsdk:"not_after"`
	FingerprintSHA256       types.String `tfsdk:"fingerprint_sha256"`
	SerialNumber            types.String `tfsdk:"serial_number"`
	Subject                 types.String `tfsdk:"subject"`
	Issuer                  types.String `tfsdk:"issuer"`
	SubjectAlternativeNames types.List   `tfsdk:"subject_alternative_names"`
	KeyAlgorithm            types.String `tfsdk:"key_algorithm"`
}

// factTypes are the types of a factsModel as an object.
var factTypes = map[string]attr.Type{
	"not_before":                types.StringType,
	"not_after":                 types.StringType,
	"fingerprint_sha256":        types.StringType,
	"serial_number":             types.StringType,
	"subject":                   types.StringType,
	"issuer":                    types.StringType,
	"subject_alternative_names": types.ListType{ElemType: types.StringType},
	"key_algorithm":             types.StringType,
}

// factsOf returns what a PEM text tells of its leaf: unknown as long as the text
// is, null when it cannot be read.
func factsOf(certificate types.String) factsModel {
	if certificate.IsUnknown() {
		text := types.StringUnknown()
		return factsModel{text, text, text, text, text, text, types.ListUnknown(types.StringType), text}
	}
	return factsOfChain(pemcert.CertificatesIn(certificate.ValueString()))
}

// factsOfChain returns what the leaf of a chain tells: nothing if there is none.
func factsOfChain(chain pemcert.Chain) factsModel {
	if chain.Len() == 0 {
		return factsModel{SubjectAlternativeNames: types.ListNull(types.StringType)}
	}
	return factsOfCertificate(chain.Facts(0))
}

// factsOfCertificate returns what a certificate tells. What cannot be read is null.
func factsOfCertificate(facts pemcert.Facts) factsModel {
	return factsModel{
		NotBefore:               timeOrNull(facts.NotBefore),
		NotAfter:                timeOrNull(facts.NotAfter),
		FingerprintSHA256:       types.StringValue(facts.FingerprintSHA256),
		SerialNumber:            types.StringValue(facts.SerialNumber),
		Subject:                 types.StringValue(facts.Subject),
		Issuer:                  types.StringValue(facts.Issuer),
		SubjectAlternativeNames: textsOrNull(facts.SubjectAlternativeNames),
		KeyAlgorithm:            orNull(facts.KeyAlgorithm),
	}
}

func timeOrNull(at time.Time) types.String {
	if at.IsZero() {
		return types.StringNull()
	}
	return types.StringValue(at.Format(time.RFC3339))
}

func textsOrNull(texts []string) types.List {
	if texts == nil {
		return types.ListNull(types.StringType)
	}
	values := make([]attr.Value, len(texts))
	for i, text := range texts {
		values[i] = types.StringValue(text)
	}
	return types.ListValueMust(types.StringType, values)
}
