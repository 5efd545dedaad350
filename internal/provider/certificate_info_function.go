package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/function"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/elbaas/terraform-provider-elbaas/internal/pemcert"
)

// NewCertificateInfoFunction returns the function certificate_info.
func NewCertificateInfoFunction() function.Function {
	return certificateInfoFunction{}
}

type certificateInfoFunction struct{}

// certificateInfo is what the function returns.
type certificateInfo struct {
	Leaf  x509Model   `tfsdk:"leaf"`
	Chain []x509Model `tfsdk:"chain"`
}

func (certificateInfoFunction) Metadata(
	_ context.Context, _ function.MetadataRequest, resp *function.MetadataResponse,
) {
	resp.Name = "certificate_info"
}

func (certificateInfoFunction) Definition(
	_ context.Context, _ function.DefinitionRequest, resp *function.DefinitionResponse,
) {
	attributes := schema.NestedAttributeObject{Attributes: x509Attributes}.Type()
	resp.Definition = function.Definition{
		Summary: "Read the attributes of a certificate",
		MarkdownDescription: "Parses certificates in PEM format, without calling the API, and returns the attributes " +
			"of the first certificate and of those that follow it. " +
			"Line endings, indentation and text around the blocks make no difference. " +
			"Other PEM blocks, such as a private key, are an error.",
		Parameters: []function.Parameter{function.StringParameter{
			Name:                "pem",
			MarkdownDescription: "The certificate in PEM format: the leaf first, then its chain.",
		}},
		Return: function.ObjectReturn{AttributeTypes: map[string]attr.Type{
			"leaf": attributes, "chain": types.ListType{ElemType: attributes},
		}},
	}
}

func (certificateInfoFunction) Run(ctx context.Context, req function.RunRequest, resp *function.RunResponse) {
	var text string
	if resp.Error = req.Arguments.Get(ctx, &text); resp.Error != nil {
		return
	}
	chain, err := pemcert.ParseChain(text)
	if err != nil {
		resp.Error = function.NewArgumentFuncError(0, capitalize(err.Error())) // Terraform adds the full stop
		return
	}
	info := certificateInfo{Leaf: x509FromChain(chain), Chain: []x509Model{}}
	for i := 1; i < len(chain); i++ {
		info.Chain = append(info.Chain, x509FromChain(chain[i:]))
	}
	resp.Error = resp.Result.Set(ctx, info)
}
