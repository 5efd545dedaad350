package main

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	tfjson "github.com/hashicorp/terraform-json"

	"github.com/elbaas/terraform-provider-elbaas/internal/acctest"
	"github.com/elbaas/terraform-provider-elbaas/internal/provider"
)

// TestAccSchemaIsThatOfTheCLI compares what is printed with what the CLI at hand
// prints, as far as that knows it.
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
	cli := acctest.NewCLI(t, provider.New("test"))
	cli.Configure("")
	const beginning = `{"format_version"`
	_, said, _ := strings.Cut(cli.Run("providers", "schema", "-json"), beginning)
	if err := json.Unmarshal([]byte(beginning+said), &theirs); err != nil {
		t.Fatal(err)
	}
	ourSchema, theirSchema := reflect.ValueOf(ours.Schemas["elbaas"]).Elem(), reflect.ValueOf(theirs.Schemas["registry.terraform.io/elbaas/elbaas"]).Elem()
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
