package main

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	tfjson "github.com/hashicorp/terraform-json"

	"github.com/elbaas/terraform-provider-elbaas/internal/acctest"
)

// TestTables: the documentation has a row for each argument of the provider with its
// variables, and for each attribute of the function's result with its description.
func TestTables(t *testing.T) {
	t.Parallel()
	var printed bytes.Buffer
	if err := run(t.Context(), &printed); err != nil {
		t.Fatal(err)
	}
	var all tfjson.ProviderSchemas
	if err := json.Unmarshal(printed.Bytes(), &all); err != nil {
		t.Fatal(err)
	}
	schema := all.Schemas["elbaas"]

	_, table, _ := strings.Cut(schema.ConfigSchema.Block.Description, "\n\n")
	for name, attribute := range schema.ConfigSchema.Block.Attributes {
		_, row, found := strings.Cut(table, "\n| `"+name+"` | ")
		row, _, _ = strings.Cut(row, " |\n")
		if !found {
			t.Errorf("the table has no row for the argument %s:\n%s", name, table)
		}
		for variable := range strings.SplitSeq(row, ", ") {
			if !strings.Contains(attribute.Description, variable) {
				t.Errorf("the description of %s does not name the variable %s", name, variable)
			}
		}
	}
	if agency := "\n| `assume_role.agency_name` | `HW_ASSUME_ROLE_AGENCY_NAME`, "; !strings.Contains(table, agency) {
		t.Errorf("the table has no row %q:\n%s", agency, table)
	}

	_, table, _ = strings.Cut(schema.Functions["certificate_info"].Description, "\n\n")
	if rows := strings.Count(table, "\n| `"); rows != 8 {
		t.Errorf("the table of the result has %d rows, want 8:\n%s", rows, table)
	}
	listed := schema.DataSourceSchemas["elbaas_certificates"].Block.Attributes["certificates"].AttributeNestedType
	described := listed.Attributes["not_after"].Description
	if row := "\n| `not_after` | string | " + described + " |\n"; !strings.Contains(table, row) {
		t.Errorf("the table of the result has no row %q:\n%s", row, table)
	}
}

// TestAccSchemaIsThatOfTheCLI compares the schema with what the CLI at hand prints, as far
// as that knows it.
func TestAccSchemaIsThatOfTheCLI(t *testing.T) {
	t.Parallel()
	var ours, theirs tfjson.ProviderSchemas
	var printed bytes.Buffer
	if err := run(t.Context(), &printed); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(printed.Bytes(), &ours); err != nil {
		t.Fatal(err)
	}
	for _, description := range []*string{
		&ours.Schemas["elbaas"].ConfigSchema.Block.Description,
		&ours.Schemas["elbaas"].Functions["certificate_info"].Description,
	} {
		*description, _, _ = strings.Cut(*description, "\n\n") // the table
	}
	cli := acctest.NewCLI(t)
	cli.Configure("")
	const beginning = `{"format_version"`
	_, said, _ := strings.Cut(cli.Run("providers", "schema", "-json"), beginning)
	if err := json.Unmarshal([]byte(beginning+said), &theirs); err != nil {
		t.Fatal(err)
	}
	ourSchema := reflect.ValueOf(ours.Schemas["elbaas"]).Elem()
	theirSchema := reflect.ValueOf(theirs.Schemas["registry.terraform.io/elbaas/elbaas"]).Elem()
	known := 0
	for i := range ourSchema.NumField() {
		name, mine, other := ourSchema.Type().Field(i).Name, ourSchema.Field(i), theirSchema.Field(i)
		if other.IsZero() {
			t.Logf("this CLI knows no %s", name)
			continue
		}
		known++
		if !reflect.DeepEqual(mine.Interface(), other.Interface()) {
			t.Errorf("%s: ours is %s\n, the CLI's is %s", name, text(t, mine.Interface()), text(t, other.Interface()))
		}
	}
	if known < 4 {
		t.Errorf("the CLI knows %d parts, want 4 at least", known)
	}
	if lists := len(ours.Schemas["elbaas"].ListResourceSchemas); lists != 1 {
		t.Errorf("there are %d list resources, want 1", lists)
	}
	if identities := len(ours.Schemas["elbaas"].ResourceIdentitySchemas); identities != 2 {
		t.Errorf("there are %d identities, want those of certificate and listener", identities)
	}
}

func text(t *testing.T, value any) string {
	t.Helper()
	text, err := json.MarshalIndent(value, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
