package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const root = "../../.."

func requireCLI(t *testing.T) {
	t.Helper()
	if os.Getenv("TF_ACC") == "" {
		t.Skip("needs the CLI: set TF_ACC=1")
	}
}

// TestAccDemo compares the demonstration with what it must show, and its end with the
// README.
func TestAccDemo(t *testing.T) {
	t.Parallel()
	requireCLI(t)
	var out strings.Builder
	if err := run(t.Context(), root, filepath.Join(root, "examples", "quickstart"), &out); err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	shown := strings.Join(strings.Fields(out.String()), " ") // columns move
	for _, part := range []string{
		"elbaas_certificate.www will be created",
		"+ private_key = (sensitive value)",
		"No changes.",
		"will be updated in-place",
		`~ name = "www-example-com" -> "官网证书"`,
		`{"name":"官网证书","description":"Renamed in place"}`,
		`~ name = "renamed-by-hand" -> "官网证书"`,
		"must be replaced",
		"will be destroyed",
		"Rename 1 0 1 0 0",
		"elbaas_listener_certificate.www will be updated in-place",
		"The listener's certificate before: ",
		"The listener's certificate after: ",
		"Everything was as it should be.",
	} {
		if !strings.Contains(shown, part) {
			t.Errorf("the demonstration does not show %q:\n%s", part, out.String())
		}
	}

	readme, err := os.ReadFile(filepath.Join(root, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	const heading = "Requests that the stub received:\n"
	_, text, _ := strings.Cut(string(readme), "```text\n"+heading)
	wanted, _, found := strings.Cut(heading+text, "```")
	if !found || !strings.HasSuffix(out.String(), wanted) {
		t.Errorf("the README shows another end:\n%s", wanted)
	}
}

// TestAccDemoFails lets the example go wrong in ways that the demonstration must
// not pass over.
func TestAccDemoFails(t *testing.T) {
	t.Parallel()
	requireCLI(t)
	example, err := os.ReadFile(filepath.Join(root, "examples", "quickstart", "main.tf"))
	if err != nil {
		t.Fatal(err)
	}
	for name, row := range map[string]struct{ old, new, want string }{
		"a rename that is none": {
			"= var.name\n", "= \"www-example-com\"\n", `act 3, "Rename": the cloud should have`,
		},
		"a name against the rule": {"= var.name\n", "= \"a b\"\n", "Invalid name"},
		"no certificate":          {"resource ", "data ", "elbaas_certificate"},
		"a file that is missing":  {`"www.example.com.crt"`, `"missing.crt"`, "missing.crt"},
		"one more resource": {
			"resource ", "resource \"terraform_data\" \"x\" {}\n\nresource ", `act 1, "Create": the plan should say`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			broken := strings.ReplaceAll(string(example), row.old, row.new)
			if broken == string(example) {
				t.Fatalf("the example has no %q", row.old)
			}
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, "main.tf"), []byte(broken), 0o600); err != nil {
				t.Fatal(err)
			}
			var out strings.Builder
			err := run(t.Context(), root, dir, &out)
			if err == nil || !strings.Contains(err.Error(), row.want) {
				t.Errorf("error %v, want %q", err, row.want)
			}
			if strings.Contains(out.String(), "Everything was as it should be") {
				t.Error("it claims success")
			}
		})
	}
}
