// Command schema prints the provider's schema in the form of "terraform providers schema
// -json", from which the documentation is generated. It is complete on every machine,
// while a CLI leaves out what it does not know, such as list resources and identities.
// Tables for the documentation are added to the descriptions. It converts what this
// provider's schema has; TestAccSchemaIsThatOfTheCLI tells what else is needed.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/elbaas/terraform-provider-elbaas/internal/provider"
)

func main() {
	if err := run(context.Background(), os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run prints the schema, with tables, under the provider's short name, by which the generator of
// the documentation finds it.
func run(ctx context.Context, out io.Writer) error {
	server := provider.New("schema", nil)()
	all, err := server.GetProviderSchema(ctx, &tfprotov6.GetProviderSchemaRequest{})
	identities, identitiesErr := server.GetResourceIdentitySchemas(ctx, &tfprotov6.GetResourceIdentitySchemasRequest{})
	if err := errors.Join(err, identitiesErr); err != nil {
		return fmt.Errorf("get schema: %w", err)
	}
	for _, d := range append(all.Diagnostics, identities.Diagnostics...) {
		return fmt.Errorf("get schema: %s: %s", d.Summary, d.Detail)
	}

	all.Provider.Block.Description += "\n\n" + provider.ArgumentTable()
	function := all.Functions["certificate_info"]
	function.Description += "\n\n" + resultTable(function, all.DataSourceSchemas["elbaas_certificates"])

	return json.NewEncoder(out).Encode(object{"format_version": "1.0", "provider_schemas": object{"elbaas": object{
		"provider":                   schemaOf(all.Provider),
		"resource_schemas":           convert(all.ResourceSchemas, schemaOf),
		"data_source_schemas":        convert(all.DataSourceSchemas, schemaOf),
		"ephemeral_resource_schemas": convert(all.EphemeralResourceSchemas, schemaOf),
		"list_resource_schemas":      convert(all.ListResourceSchemas, schemaOf),
		"resource_identity_schemas":  convert(identities.IdentitySchemas, identityOf),
		"functions":                  convert(all.Functions, functionOf),
	}}})
}

// resultTable describes the attributes of the object leaf that a function returns, as the
// attributes of the certificates of a data source with the same names.
func resultTable(function *tfprotov6.Function, dataSource *tfprotov6.Schema) string {
	//nolint:forcetypeassert // they are
	leaf := function.Return.Type.(tftypes.Object).AttributeTypes["leaf"].(tftypes.Object)
	areListed := func(a *tfprotov6.SchemaAttribute) bool { return a.Name == "certificates" }
	listed := dataSource.Block.Attributes[slices.IndexFunc(dataSource.Block.Attributes, areListed)].NestedType
	english := strings.NewReplacer("tftypes.", "", "List[", "list of ", "]", "", "String", "string")
	table := "| Attribute | Type | Description |\n| --- | --- | --- |\n"
	for _, a := range listed.Attributes {
		if kind, isReturned := leaf.AttributeTypes[a.Name]; isReturned {
			table += fmt.Sprintf("| `%s` | %s | %s |\n", a.Name, english.Replace(kind.String()), a.Description)
		}
	}
	return table
}

// An object is one of JSON.
type object = map[string]any

func convert[From any](all map[string]From, one func(From) object) object {
	converted := object{}
	for name, value := range all {
		converted[name] = one(value)
	}
	return converted
}

func schemaOf(schema *tfprotov6.Schema) object {
	return object{"version": schema.Version, "block": blockOf(schema.Block)}
}

func blockOf(block *tfprotov6.SchemaBlock) object {
	converted := object{
		"description":      block.Description,
		"description_kind": nameOf(block.DescriptionKind),
		"attributes":       attributesOf(block.Attributes),
	}
	blocks := object{}
	for _, nested := range block.BlockTypes {
		blocks[nested.TypeName] = object{"nesting_mode": nameOf(nested.Nesting), "block": blockOf(nested.Block)}
		converted["block_types"] = blocks // which the CLI leaves out if there are none
	}
	return converted
}

func attributesOf(attributes []*tfprotov6.SchemaAttribute) object {
	converted := object{}
	for _, a := range attributes {
		attribute := object{
			"description":      a.Description,
			"description_kind": nameOf(a.DescriptionKind),
			"required":         a.Required,
			"optional":         a.Optional,
			"computed":         a.Computed,
			"sensitive":        a.Sensitive,
			"write_only":       a.WriteOnly,
		}
		if a.NestedType == nil {
			attribute["type"] = a.Type
		} else {
			nested := attributesOf(a.NestedType.Attributes)
			attribute["nested_type"] = object{"nesting_mode": nameOf(a.NestedType.Nesting), "attributes": nested}
		}
		converted[a.Name] = attribute
	}
	return converted
}

func identityOf(schema *tfprotov6.ResourceIdentitySchema) object {
	attributes := object{}
	for _, a := range schema.IdentityAttributes {
		attributes[a.Name] = object{
			"type":                a.Type,
			"description":         a.Description,
			"required_for_import": a.RequiredForImport,
			"optional_for_import": a.OptionalForImport,
		}
	}
	return object{"version": schema.Version, "attributes": attributes}
}

func functionOf(function *tfprotov6.Function) object {
	var parameters []object
	for _, p := range function.Parameters {
		parameters = append(parameters, object{
			"name": p.Name, "description": p.Description, "is_nullable": p.AllowNullValue, "type": p.Type,
		})
	}
	return object{
		"summary":     function.Summary,
		"description": function.Description,
		"return_type": function.Return.Type,
		"parameters":  parameters,
	}
}

// nameOf returns the name that JSON has for a kind or a mode.
func nameOf(of fmt.Stringer) string { return strings.ToLower(of.String()) }
