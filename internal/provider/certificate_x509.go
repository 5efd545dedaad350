package provider

import (
	"time"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/elbaas/terraform-provider-elbaas/internal/pemcert"
)

// x509Model has the attributes that are derived from the X.509 certificate itself, which is the leaf of its chain.
type x509Model struct {
	NotBefore               types.String `tfsdk:"not_before"`
	NotAfter                types.String `tfsdk:"not_after"`
	FingerprintSHA256       types.String `tfsdk:"fingerprint_sha256"`
	SerialNumber            types.String `tfsdk:"serial_number"`
	Subject                 types.String `tfsdk:"subject"`
	Issuer                  types.String `tfsdk:"issuer"`
	SubjectAlternativeNames types.List   `tfsdk:"subject_alternative_names"`
	KeyAlgorithm            types.String `tfsdk:"key_algorithm"`
}

// x509Attributes are the attributes of an x509Model, in the data sources and in the resource.
var x509Attributes = map[string]schema.Attribute{
	"not_before":         computedText("The start of the validity period, in RFC 3339 format, UTC."),
	"not_after":          computedText("The end of the validity period, in RFC 3339 format, UTC."),
	"fingerprint_sha256": computedText(fingerprintDescription),
	"serial_number": computedText("The serial number in hexadecimal digits, in lower case, without leading zeros. " +
		"A negative number begins with `-`, as in `-1a`."),
	"subject": computedText("The distinguished name of the subject in RFC 4514 format, " +
		"for example `CN=www.example.com,O=Example\\, Inc.,C=DE`."),
	"issuer": computedText("The distinguished name of the issuer, in the format of `subject`."),
	"subject_alternative_names": computedTexts("The DNS names, IP addresses, email addresses and URIs that the " +
		"certificate covers, in this order."),
	"key_algorithm": computedText("The algorithm of the public key, such as `RSA 2048`, `ECDSA P-256`, `Ed25519` or " +
		"`RSASSA-PSS 2048`. A curve or an algorithm without a known name is shown as its object identifier (OID)."),
}

const fingerprintDescription = "The SHA-256 fingerprint: 64 hexadecimal digits in lower case, without colons."

// x509FromChain derives the attributes from the leaf of a chain. What cannot be read of it is null.
func x509FromChain(chain pemcert.Chain) x509Model {
	if len(chain) == 0 {
		return x509Model{SubjectAlternativeNames: types.ListNull(types.StringType)}
	}
	facts := chain.Facts()
	return x509Model{
		NotBefore:               timeOrNull(facts.NotBefore),
		NotAfter:                timeOrNull(facts.NotAfter),
		FingerprintSHA256:       types.StringValue(facts.FingerprintSHA256),
		SerialNumber:            types.StringValue(facts.SerialNumber),
		Subject:                 types.StringValue(facts.Subject),
		Issuer:                  types.StringValue(facts.Issuer),
		SubjectAlternativeNames: listOrNull(facts.SubjectAlternativeNames),
		KeyAlgorithm:            textOrNull(facts.KeyAlgorithm),
	}
}

func timeOrNull(at time.Time) types.String {
	if at.IsZero() {
		return types.StringNull()
	}
	return types.StringValue(at.Format(time.RFC3339))
}

func listOrNull(texts []string) types.List {
	if texts == nil {
		return types.ListNull(types.StringType)
	}
	values := make([]attr.Value, len(texts))
	for i, text := range texts {
		values[i] = types.StringValue(text)
	}
	return types.ListValueMust(types.StringType, values)
}
