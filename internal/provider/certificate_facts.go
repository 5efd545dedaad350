package provider

import (
	"crypto/x509"
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
	chain, err := pemcert.ParseChain(certificate.ValueString())
	if err != nil {
		return noFacts()
	}
	return factsOfCertificate(chain.Certificate(0))
}

func noFacts() factsModel {
	return factsModel{SubjectAlternativeNames: types.ListNull(types.StringType)}
}

// factsOfCertificate returns what a certificate tells; one that could not be read
// tells nothing.
func factsOfCertificate(cert *x509.Certificate, err error) factsModel {
	if err != nil {
		return noFacts()
	}
	facts := pemcert.FactsOf(cert)
	names := make([]attr.Value, len(facts.SubjectAlternativeNames))
	for i, name := range facts.SubjectAlternativeNames {
		names[i] = types.StringValue(name)
	}
	return factsModel{
		NotBefore:               types.StringValue(facts.NotBefore.Format(time.RFC3339)),
		NotAfter:                types.StringValue(facts.NotAfter.Format(time.RFC3339)),
		FingerprintSHA256:       types.StringValue(facts.FingerprintSHA256),
		SerialNumber:            types.StringValue(facts.SerialNumber),
		Subject:                 types.StringValue(facts.Subject),
		Issuer:                  types.StringValue(facts.Issuer),
		SubjectAlternativeNames: types.ListValueMust(types.StringType, names),
		KeyAlgorithm:            types.StringValue(facts.KeyAlgorithm),
	}
}
