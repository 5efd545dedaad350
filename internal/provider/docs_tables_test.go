package provider

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// templateOf returns the text of a page of the documentation.
func templateOf(t *testing.T, page string) string {
	t.Helper()
	text, err := os.ReadFile("../../templates/" + page + ".md.tmpl")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestArgumentsTable compares the table of the documentation that shows which variables set an
// argument with the table that the provider reads them by.
func TestArgumentsTable(t *testing.T) {
	t.Parallel()
	table := "| Argument | Environment variables |\n| --- | --- |\n"
	for _, a := range arguments {
		table += "| `" + a.name + "` | `" + strings.Join(a.variables, "`, `") + "` |\n"
	}
	if !strings.Contains(templateOf(t, "index"), "\n\n"+table+"\n") {
		t.Errorf("the page of the provider should have this table:\n%s", table)
	}
}

// TestResultTable compares the table of the documentation that shows what certificate_info
// returns with the type of its result.
func TestResultTable(t *testing.T) {
	t.Parallel()
	server := New("test")()
	functions, err := server.GetFunctions(t.Context(), &tfprotov6.GetFunctionsRequest{})
	if err != nil {
		t.Fatal(err)
	}
	result, isObject := functions.Functions["certificate_info"].Return.Type.(tftypes.Object)
	if !isObject {
		t.Fatal("the result is not an object")
	}
	leaf, isObject := result.AttributeTypes["leaf"].(tftypes.Object)
	if !isObject {
		t.Fatal("the leaf is not an object")
	}

	want := []string{}
	for _, object := range []tftypes.Object{result, leaf} {
		for name, kind := range object.AttributeTypes {
			want = append(want, name+" "+describeType(kind))
		}
	}
	documented := []string{}
	row := regexp.MustCompile("(?m)^\\| `(\\w+)` \\| ([\\w ]+) \\|")
	for _, match := range row.FindAllStringSubmatch(templateOf(t, "functions/certificate_info"), -1) {
		documented = append(documented, match[1]+" "+match[2])
	}
	slices.Sort(want)
	slices.Sort(documented)
	if !slices.Equal(documented, want) {
		t.Errorf("the page of the function has\n%q\nwant\n%q", documented, want)
	}
}

// describeType says what a type is, as the documentation does.
func describeType(kind tftypes.Type) string {
	switch kind := kind.(type) {
	case tftypes.Object:
		return "object"
	case tftypes.List:
		return "list of " + describeType(kind.ElementType) + "s"
	}
	return "string"
}

// TestQuotedMessages: the guide about troubleshooting quotes messages that the provider has.
func TestQuotedMessages(t *testing.T) {
	t.Parallel()
	source := ""
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		name := entry.Name()
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			continue
		}
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		source += string(text)
	}

	_, table, _ := strings.Cut(templateOf(t, "guides/troubleshooting"), "## Other messages")
	quoted := regexp.MustCompile("`([A-Z][^`]+)`")
	found := 0
	for line := range strings.Lines(table) {
		cells := strings.Split(line, " | ")
		for _, match := range quoted.FindAllStringSubmatch(cells[0], -1) {
			found++
			if !strings.Contains(source, `"`+match[1]) {
				t.Errorf("no error or warning begins with %q", match[1])
			}
		}
	}
	if found < 5 {
		t.Errorf("the guide quotes %d messages: are they found?", found)
	}
}
