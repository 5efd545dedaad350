package sandbox_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/elbaas/terraform-provider-elbaas/internal/sandbox"
)

// TestEnvironment: nothing that the user has set for a cloud or for Terraform is in
// it, all else is.
func TestEnvironment(t *testing.T) { //nolint:paralleltest // it sets variables
	for _, variable := range []string{
		"ELBAAS_ENDPOINT", "HW_ACCESS_KEY", "HCS_SECRET_KEY", "OS_PASSWORD",
		"TF_CLI_CONFIG_FILE", "TF_CLI_ARGS", "TF_LOG", "TF_VAR_description", "TF_REATTACH_PROVIDERS", "MINE",
	} {
		t.Setenv(variable, "of the user")
	}
	dir := t.TempDir()
	environment, err := sandbox.Environment(dir, "the mirror")
	if err != nil {
		t.Fatal(err)
	}
	var own []string
	settings := ""
	for _, variable := range environment {
		name, value, _ := strings.Cut(variable, "=")
		if value == "of the user" {
			own = append(own, name)
		}
		if name == "TF_CLI_CONFIG_FILE" {
			settings = value
		}
	}
	if !slices.Equal(own, []string{"MINE"}) {
		t.Errorf("of the user are %q, want MINE alone", own)
	}
	text, err := os.ReadFile(settings)
	if err != nil || !strings.HasPrefix(settings, dir) || !strings.Contains(string(text), `path = "the mirror"`) {
		t.Errorf("the settings are in %q: %v\n%s", settings, err, text)
	}
}
