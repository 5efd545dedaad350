package provider_test

import (
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/elbaas/terraform-provider-elbaas/internal/acctest"
	"github.com/elbaas/terraform-provider-elbaas/internal/provider"
)

// BenchmarkSchema measures what Terraform requests after it has started the provider.
func BenchmarkSchema(b *testing.B) {
	server := provider.New("test", nil)()
	for b.Loop() {
		if _, err := server.GetProviderSchema(b.Context(), &tfprotov6.GetProviderSchemaRequest{}); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkUnchanged measures what a plan requests for each certificate that has not changed.
func BenchmarkUnchanged(b *testing.B) {
	cloud := NewCloud(b)
	server, pair := cloud.Server(b, provider.New("test", nil)()), NewPair()
	config := acctest.Values{"certificate": pair.Certificate, "private_key": pair.PrivateKey, "name": "www"}
	plan, diagnostics := server.Plan(nil, config)
	if diagnostics.HasError() {
		b.Fatal(diagnostics[0].Detail)
	}
	state, diagnostics := server.Apply(plan)
	if diagnostics.HasError() {
		b.Fatal(diagnostics[0].Detail)
	}
	for name, ask := range map[string]func() acctest.Diagnostics{
		"validate": func() acctest.Diagnostics { return server.Validate(config) },
		"read": func() acctest.Diagnostics {
			_, diagnostics := server.Read(state)
			return diagnostics
		},
		"plan": func() acctest.Diagnostics {
			_, diagnostics := server.Plan(state, config)
			return diagnostics
		},
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if diagnostics := ask(); diagnostics.HasError() {
					b.Fatal(diagnostics[0].Detail)
				}
			}
		})
	}
}
