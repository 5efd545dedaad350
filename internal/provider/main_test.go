package provider

import (
	"context"
	"errors"
	"flag"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6/tf6server"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
)

// serveVariable turns the test binary into a provider: one that panics in a plan if it is "panic",
// and otherwise a working one.
const serveVariable = "ELBAAS_TEST_SERVE"

func serve(what string) error {
	if what == "panic" {
		return tf6server.Serve(Address, func() tfprotov6.ProviderServer { return panicking{New("test", nil)()} })
	}
	return Serve("test", false, nil)
}

type panicking struct{ tfprotov6.ProviderServer }

func (panicking) PlanResourceChange(
	context.Context, *tfprotov6.PlanResourceChangeRequest,
) (*tfprotov6.PlanResourceChangeResponse, error) {
	panic("the plan is broken")
}

// cliConfigVariable is the variable that names the settings of the CLI.
const cliConfigVariable = "TF_CLI_CONFIG_FILE"

// TestMain runs the tests, or the sweeper with -sweep.
func TestMain(m *testing.M) {
	if what := os.Getenv(serveVariable); what != "" {
		if err := serve(what); err != nil {
			panic(err)
		}
		return
	}
	resource.AddTestSweepers("elbaas_certificate", &resource.Sweeper{Name: "elbaas_certificate", F: sweep})
	resource.TestMain(tests{m})
}

type tests struct{ m *testing.M }

// Run removes what the developer has set for a real cloud, because tests that omit an argument must
// not find it there. The tests for a real cloud keep it, and are the only ones that run.
func (t tests) Run() int {
	// The CLI reads an empty file instead of the developer's settings. If the file did not exist,
	// OpenTofu would print a warning before the JSON that its caller reads.
	if err := os.Setenv(cliConfigVariable, os.DevNull); err != nil {
		panic(err)
	}
	if os.Getenv(realVariable) != "" {
		if err := flag.Set("test.run", "^TestAccReal"); err != nil {
			panic(err)
		}
		return t.m.Run()
	}
	for _, variable := range []string{"GOCACHE", "GOMODCACHE"} { // their defaults are in the home directory
		folder, err := exec.CommandContext(context.Background(), "go", "env", variable).Output()
		if err == nil {
			err = os.Setenv(variable, strings.TrimSpace(string(folder)))
		}
		if err != nil {
			panic(err)
		}
	}
	for _, a := range arguments {
		for _, variable := range a.variables {
			if err := os.Unsetenv(variable); err != nil {
				panic(err)
			}
		}
	}
	home, err := os.MkdirTemp("", "home") // where profiles are searched for
	if err == nil {
		err = errors.Join(os.Setenv("HOME", home), os.Setenv("USERPROFILE", home)) // the latter on Windows
	}
	if err != nil {
		panic(err)
	}
	defer func() { _ = os.RemoveAll(home) }()
	return t.m.Run()
}

// TestCLIConfigExists: the CLI that terraform-plugin-testing runs has settings that it can read,
// whatever the developer has set.
func TestCLIConfigExists(t *testing.T) {
	t.Parallel()
	settings, err := os.ReadFile(os.Getenv(cliConfigVariable))
	if err != nil || len(settings) > 0 {
		t.Errorf("the settings of the CLI are %q, %v, want an empty file", settings, err)
	}
}
