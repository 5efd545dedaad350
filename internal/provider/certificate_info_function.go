package provider

import (
	"context"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/function"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/elbaas/terraform-provider-elbaas/internal/pemcert"
)

var _ function.Function = certificateInfoFunction{}

// NewCertificateInfoFunction returns the function certificate_info.
func NewCertificateInfoFunction() function.Function {
	return certificateInfoFunction{}
}

type certificateInfoFunction struct{}

// certificateInfo is what the function returns.
type certificateInfo struct {
	Leaf  factsModel   `tfsdk:"leaf"`
	Chain []factsModel `tfsdk:"chain"`
}

// Metadata implements function.Function.
func (certificateInfoFunction) Metadata(_ context.Context, _ function.MetadataRequest, resp *function.MetadataResponse) {
	resp.Name = "certificate_info"
}

// Definition implements function.Function.
func (certificateInfoFunction) Definition(_ context.Context, _ function.DefinitionRequest, resp *function.DefinitionResponse) {
	facts := types.ObjectType{AttrTypes: factTypes}
	resp.Definition = function.Definition{
		Summary: "Tell what is in a certificate",
		MarkdownDescription: "Reads a certificate as PEM, and returns what it tells of itself: `leaf` is the first certificate, `chain` is a list of those that follow it. " +
			"Each is an object with the attributes of `elbaas_certificate`: `not_before` and `not_after` (RFC 3339, UTC), `fingerprint_sha256`, `serial_number`, `subject`, `issuer`, " +
			"`subject_alternative_names` and `key_algorithm`. What cannot be read of a certificate is null. " +
			"Line ends, indentation and text around the blocks make no difference. Nothing is called.",
		Parameters: []function.Parameter{function.StringParameter{
			Name:                "pem",
			MarkdownDescription: "The certificate as PEM: the leaf first, then its chain.",
		}},
		Return: function.ObjectReturn{AttributeTypes: map[string]attr.Type{"leaf": facts, "chain": types.ListType{ElemType: facts}}},
	}
}

// Run implements function.Function.
func (certificateInfoFunction) Run(ctx context.Context, req function.RunRequest, resp *function.RunResponse) {
	var text string
	if resp.Error = req.Arguments.Get(ctx, &text); resp.Error != nil {
		return
	}
	chain, err := pemcert.ParseChain(text)
	if err != nil {
		resp.Error = function.NewArgumentFuncError(0, strings.TrimSuffix(sentence(err), ".")) // Terraform adds one
		return
	}
	info := certificateInfo{Leaf: factsOfCertificate(chain.Facts(0)), Chain: []factsModel{}}
	for i := 1; i < chain.Len(); i++ {
		info.Chain = append(info.Chain, factsOfCertificate(chain.Facts(i)))
	}
	resp.Error = resp.Result.Set(ctx, info)
}
