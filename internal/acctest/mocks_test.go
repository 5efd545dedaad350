package acctest_test

import (
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/zclconf/go-cty/cty"

	"github.com/elbaas/terraform-provider-elbaas/internal/pemcert"
	"github.com/elbaas/terraform-provider-elbaas/internal/provider"
)

// TestMockFile: the mock file that users copy has a value for every computed attribute of every resource and data
// source, and for nothing else.
func TestMockFile(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../examples/tests/elbaas.tfmock.hcl")
	if err != nil {
		t.Fatal(err)
	}
	file, diagnostics := hclsyntax.ParseConfig(text, "elbaas.tfmock.hcl", hcl.InitialPos)
	if diagnostics.HasErrors() {
		t.Fatal(diagnostics)
	}
	mocks := map[string]cty.Value{}
	for _, block := range file.Body.(*hclsyntax.Body).Blocks {
		defaults, diagnostics := block.Body.Attributes["defaults"].Expr.Value(nil)
		if diagnostics.HasErrors() {
			t.Fatal(diagnostics)
		}
		mocks[block.Type+" "+block.Labels[0]] = defaults
	}
	checkMockFacts(t, mocks)
	server := provider.New("test", nil)()
	schema, err := server.GetProviderSchema(t.Context(), &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		t.Fatal(err)
	}
	for kind, schemas := range map[string]map[string]*tfprotov6.Schema{
		"mock_resource": schema.ResourceSchemas, "mock_data": schema.DataSourceSchemas,
	} {
		for name, schema := range schemas {
			block := kind + " " + name
			if _, found := mocks[block]; !found {
				t.Errorf("the mock file has no %s: add the block", block)
				continue
			}
			for _, problem := range mockProblems(block, schema.Block.Attributes, mocks[block]) {
				t.Error(problem)
			}
			delete(mocks, block)
		}
	}
	for block := range mocks {
		t.Errorf("the mock file has %s, which the provider does not have: remove the block", block)
	}
}

// checkMockFacts checks that a mocked certificate can be read, and that what is mocked of its contents is true, so that
// functions accept each of these values. A value that is missing is for mockProblems.
func checkMockFacts(t *testing.T, mocks map[string]cty.Value) {
	t.Helper()
	one := mocks["mock_data elbaas_certificate"].AsValueMap()
	text, found := one["certificate"]
	if !found {
		return
	}
	chain, err := pemcert.ParseChain(text.AsString())
	if err != nil {
		t.Fatal(err)
	}
	facts := chain.Facts()
	want := map[string]cty.Value{
		"certificate":               text,
		"not_before":                cty.StringVal(facts.NotBefore.Format(time.RFC3339)),
		"not_after":                 cty.StringVal(facts.NotAfter.Format(time.RFC3339)),
		"fingerprint_sha256":        cty.StringVal(facts.FingerprintSHA256),
		"serial_number":             cty.StringVal(facts.SerialNumber),
		"subject":                   cty.StringVal(facts.Subject),
		"issuer":                    cty.StringVal(facts.Issuer),
		"key_algorithm":             cty.StringVal(facts.KeyAlgorithm),
		"subject_alternative_names": cty.TupleVal([]cty.Value{cty.StringVal(facts.SubjectAlternativeNames[0])}),
	}
	all := mocks["mock_data elbaas_certificates"].AsValueMap()
	for block, mock := range map[string]map[string]cty.Value{
		"mock_data elbaas_certificate":     one,
		"mock_resource elbaas_certificate": mocks["mock_resource elbaas_certificate"].AsValueMap(),
		"mock_data elbaas_certificates":    all["certificates"].AsValueMap(),
	} {
		for name, value := range want {
			if got, found := mock[name]; found && !got.RawEquals(value) {
				t.Errorf("%s: %s is %#v, want %#v, as in the mocked certificate", block, name, got, value)
			}
		}
	}
}

// mockProblems compares the values of a mock with the computed attributes of a schema.
func mockProblems(where string, attributes []*tfprotov6.SchemaAttribute, mock cty.Value) []string {
	var problems []string
	values := mock.AsValueMap()
	for _, attribute := range attributes {
		value, found := values[attribute.Name]
		delete(values, attribute.Name)
		switch {
		case found && !attribute.Computed:
			problems = append(problems, where+" has a value for "+attribute.Name+", which is not computed: remove it")
		case !found && attribute.Computed:
			missing := where + " has no value for " + attribute.Name
			problems = append(problems, missing+": add one in the form that the provider gives")
		case found && attribute.NestedType != nil:
			nested := mockProblems(where+"."+attribute.Name, attribute.NestedType.Attributes, value)
			problems = append(problems, nested...)
		}
	}
	for name := range values {
		problems = append(problems, where+" has a value for "+name+", which is not in the schema: remove it")
	}
	slices.Sort(problems)
	return problems
}

// TestMockProblems: a mock with a missing field or with one too many is reported.
func TestMockProblems(t *testing.T) {
	t.Parallel()
	computed := func(name string) *tfprotov6.SchemaAttribute {
		return &tfprotov6.SchemaAttribute{Name: name, Computed: true}
	}
	nested := computed("nested")
	nested.NestedType = &tfprotov6.SchemaObject{Attributes: []*tfprotov6.SchemaAttribute{computed("inner")}}
	attributes := []*tfprotov6.SchemaAttribute{computed("lacking"), nested, {Name: "set", Required: true}}
	mock := cty.ObjectVal(map[string]cty.Value{
		"nested": cty.EmptyObjectVal, "set": cty.StringVal("a"), "old": cty.StringVal("a"),
	})
	want := `mock has a value for old, which is not in the schema: remove it
mock has a value for set, which is not computed: remove it
mock has no value for lacking: add one in the form that the provider gives
mock.nested has no value for inner: add one in the form that the provider gives`
	if got := strings.Join(mockProblems("mock", attributes, mock), "\n"); got != want {
		t.Errorf("it says\n%s\nwant\n%s", got, want)
	}
}
