// Command schema prints the provider's schema in the form of "terraform providers schema
// -json", from which the documentation is generated. It is complete on every machine,
// while a CLI leaves out what it does not know, such as list resources and identities.
// Tables for the documentation are added to the descriptions. It converts what this
// provider's schema has; TestAccSchemaIsThatOfTheCLI tells what else is needed.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	tfjson "github.com/hashicorp/terraform-json"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
	"github.com/zclconf/go-cty/cty"

	"github.com/elbaas/terraform-provider-elbaas/internal/provider"
)

func main() {
	if err := run(context.Background(), os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run prints the schema, with tables.
func run(ctx context.Context, out io.Writer) error {
	schema, err := providerSchema(ctx)
	if err != nil {
		return err
	}
	schema.ConfigSchema.Block.Description += "\n\n" + provider.ArgumentTable()
	function := schema.Functions["certificate_info"]
	listed := schema.DataSourceSchemas["elbaas_certificates"].Block.Attributes["certificates"].AttributeNestedType
	function.Description += "\n\n" + resultTable(function, listed.Attributes)
	return print(out, schema)
}

// print prints the schema under the provider's short name, by which the generator of the
// documentation finds it.
func print(out io.Writer, schema *tfjson.ProviderSchema) error {
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	return encoder.Encode(tfjson.ProviderSchemas{
		FormatVersion: "1.0",
		Schemas:       map[string]*tfjson.ProviderSchema{"elbaas": schema},
	})
}

// resultTable describes the attributes of the object leaf that a function returns, as the
// attributes of a data source with the same names.
func resultTable(function *tfjson.FunctionSignature, described map[string]*tfjson.SchemaAttribute) string {
	leaf := function.ReturnType.AttributeType("leaf").AttributeTypes()
	table := "| Attribute | Type | Description |\n| --- | --- | --- |\n"
	for _, name := range slices.Sorted(maps.Keys(leaf)) {
		table += fmt.Sprintf("| `%s` | %s | %s |\n", name, leaf[name].FriendlyName(), described[name].Description)
	}
	return table
}

func providerSchema(ctx context.Context) (*tfjson.ProviderSchema, error) {
	server := provider.New("schema")()
	all, err := server.GetProviderSchema(ctx, &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		return nil, fmt.Errorf("get schema: %w", err)
	}
	identities, err := server.GetResourceIdentitySchemas(ctx, &tfprotov6.GetResourceIdentitySchemasRequest{})
	if err != nil {
		return nil, fmt.Errorf("get identities: %w", err)
	}
	for _, d := range append(all.Diagnostics, identities.Diagnostics...) {
		return nil, fmt.Errorf("get schema: %s: %s", d.Summary, d.Detail)
	}
	return &tfjson.ProviderSchema{
		ConfigSchema:             schemaOf(all.Provider),
		ResourceSchemas:          convert(all.ResourceSchemas, schemaOf),
		DataSourceSchemas:        convert(all.DataSourceSchemas, schemaOf),
		EphemeralResourceSchemas: convert(all.EphemeralResourceSchemas, schemaOf),
		ListResourceSchemas:      convert(all.ListResourceSchemas, schemaOf),
		ResourceIdentitySchemas:  convert(identities.IdentitySchemas, identityOf),
		Functions:                convert(all.Functions, functionOf),
	}, nil
}

func convert[From, To any](all map[string]From, one func(From) To) map[string]To {
	converted := make(map[string]To, len(all))
	for name, value := range all {
		converted[name] = one(value)
	}
	return converted
}

func schemaOf(schema *tfprotov6.Schema) *tfjson.Schema {
	return &tfjson.Schema{Version: uint64(schema.Version), Block: blockOf(schema.Block)} //nolint:gosec // not negative
}

func blockOf(block *tfprotov6.SchemaBlock) *tfjson.SchemaBlock {
	converted := &tfjson.SchemaBlock{
		Description:     block.Description,
		DescriptionKind: kindOf(block.DescriptionKind),
		Attributes:      attributesOf(block.Attributes),
		NestedBlocks:    map[string]*tfjson.SchemaBlockType{},
	}
	for _, nested := range block.BlockTypes {
		converted.NestedBlocks[nested.TypeName] = &tfjson.SchemaBlockType{
			NestingMode: tfjson.SchemaNestingMode(strings.ToLower(nested.Nesting.String())),
			Block:       blockOf(nested.Block),
		}
	}
	return converted
}

func attributesOf(attributes []*tfprotov6.SchemaAttribute) map[string]*tfjson.SchemaAttribute {
	converted := make(map[string]*tfjson.SchemaAttribute, len(attributes))
	for _, a := range attributes {
		attribute := &tfjson.SchemaAttribute{
			Description:     a.Description,
			DescriptionKind: kindOf(a.DescriptionKind),
			Required:        a.Required,
			Optional:        a.Optional,
			Computed:        a.Computed,
			Sensitive:       a.Sensitive,
			WriteOnly:       a.WriteOnly,
		}
		if a.NestedType != nil {
			attribute.AttributeNestedType = &tfjson.SchemaNestedAttributeType{
				Attributes:  attributesOf(a.NestedType.Attributes),
				NestingMode: tfjson.SchemaNestingMode(strings.ToLower(a.NestedType.Nesting.String())),
			}
		} else {
			attribute.AttributeType = typeOf(a.Type)
		}
		converted[a.Name] = attribute
	}
	return converted
}

func identityOf(schema *tfprotov6.ResourceIdentitySchema) *tfjson.IdentitySchema {
	converted := &tfjson.IdentitySchema{
		Version:    uint64(schema.Version), //nolint:gosec // not negative
		Attributes: map[string]*tfjson.IdentityAttribute{},
	}
	for _, a := range schema.IdentityAttributes {
		converted.Attributes[a.Name] = &tfjson.IdentityAttribute{
			IdentityType: typeOf(a.Type), Description: a.Description,
			RequiredForImport: a.RequiredForImport, OptionalForImport: a.OptionalForImport,
		}
	}
	return converted
}

func functionOf(function *tfprotov6.Function) *tfjson.FunctionSignature {
	converted := &tfjson.FunctionSignature{
		Summary: function.Summary, Description: function.Description, ReturnType: typeOf(function.Return.Type),
	}
	for _, p := range function.Parameters {
		converted.Parameters = append(converted.Parameters, &tfjson.FunctionParameter{
			Name: p.Name, Description: p.Description, IsNullable: p.AllowNullValue, Type: typeOf(p.Type),
		})
	}
	return converted
}

// typeOf converts a type by its JSON, which is the same in both libraries.
func typeOf(kind tftypes.Type) cty.Type {
	text, err := kind.MarshalJSON() //nolint:staticcheck // there is no other way
	var converted cty.Type
	if err == nil {
		err = json.Unmarshal(text, &converted)
	}
	if err != nil {
		panic(err) // of the provider's own schema
	}
	return converted
}

func kindOf(kind tfprotov6.StringKind) tfjson.SchemaDescriptionKind {
	return tfjson.SchemaDescriptionKind(strings.ToLower(kind.String()))
}
