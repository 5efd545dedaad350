package terraform_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/elbaas/terraform-provider-elbaas/internal/terraform"
)

// TestNew: nothing that the user has set for a cloud or for Terraform reaches the CLI,
// and all else does.
func TestNew(t *testing.T) {
	for _, variable := range []string{
		"ELBAAS_ENDPOINT", "HW_ACCESS_KEY", "HCS_SECRET_KEY", "OS_PASSWORD",
		"TF_CLI_CONFIG_FILE", "TF_CLI_ARGS", "TF_LOG", "TF_VAR_description", "TF_REATTACH_PROVIDERS", "MINE",
	} {
		t.Setenv(variable, "of the user")
	}
	t.Setenv("TF_ACC_TERRAFORM_PATH", os.Args[0]) // it is not run
	dir := t.TempDir()
	cli, err := terraform.New(dir)
	if err != nil {
		t.Fatal(err)
	}

	var own []string
	settings := ""
	for _, variable := range cli.Env {
		name, value, _ := strings.Cut(variable, "=")
		if value == "of the user" {
			own = append(own, name)
		}
		if name == "TF_CLI_CONFIG_FILE" {
			settings = value
		}
	}
	if !slices.Equal(own, []string{"MINE"}) {
		t.Errorf("variables of the user that reach the CLI: %q, want MINE alone", own)
	}

	text, err := os.ReadFile(settings)
	mirror := strings.ReplaceAll(filepath.Join(dir, "mirror"), `\`, `\\`)
	if err != nil || !strings.HasPrefix(settings, dir) || !strings.Contains(string(text), `path = "`+mirror+`"`) {
		t.Errorf("the settings in %q: %v\n%s", settings, err, text)
	}
}

// TestFind: the CLI that acceptance tests are about comes first, and nothing takes its
// place.
func TestFind(t *testing.T) {
	folder := t.TempDir()
	for _, name := range []string{"terraform", "tofu", "another"} {
		for _, suffix := range []string{"", ".exe"} {
			if err := os.WriteFile(filepath.Join(folder, name+suffix), nil, 0o700); err != nil {
				t.Fatal(err)
			}
		}
	}
	t.Setenv("PATH", folder)

	for named, want := range map[string]string{
		"":                               "terraform",
		"tofu":                           "tofu",
		filepath.Join(folder, "another"): "another",
	} {
		t.Setenv("TF_ACC_TERRAFORM_PATH", named)
		found, err := terraform.Find()
		if err != nil || strings.TrimSuffix(filepath.Base(found), ".exe") != want {
			t.Errorf("TF_ACC_TERRAFORM_PATH=%q: %q, %v, want %s", named, found, err, want)
		}
	}

	t.Setenv("TF_ACC_TERRAFORM_PATH", "missing")
	if found, err := terraform.Find(); err == nil {
		t.Errorf("a CLI that does not exist: %q", found)
	}

	t.Setenv("TF_ACC_TERRAFORM_PATH", "")
	_ = os.Remove(filepath.Join(folder, "terraform"))
	_ = os.Remove(filepath.Join(folder, "terraform.exe"))
	if found, err := terraform.Find(); err != nil || strings.TrimSuffix(filepath.Base(found), ".exe") != "tofu" {
		t.Errorf("without Terraform: %q, %v, want tofu", found, err)
	}
}
