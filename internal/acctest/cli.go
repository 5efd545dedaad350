package acctest

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6/tf6server"
)

// CLI is Terraform (or what TF_ACC_TERRAFORM_PATH names) in a folder of its own,
// with the provider of this process. It is for what resource.Test does not show:
// what is printed.
type CLI struct {
	t   *testing.T
	dir string
	env []string
}

const providerAddress = "registry.terraform.io/elbaas/elbaas"

// NewCLI starts the provider for the duration of a test. The test is skipped
// when no acceptance tests are wanted.
func NewCLI(t *testing.T, p func() provider.Provider) *CLI {
	t.Helper()
	if os.Getenv("TF_ACC") == "" {
		t.Skip("acceptance tests run with TF_ACC=1")
	}
	ctx, stop := context.WithCancel(context.Background()) // outlives t.Context, which ends before the cleanup
	reattach, closed := make(chan *plugin.ReattachConfig), make(chan struct{})
	go func() {
		err := tf6server.Serve(providerAddress, func() tfprotov6.ProviderServer { return providerserver.NewProtocol6(p())() },
			tf6server.WithDebug(ctx, reattach, closed), tf6server.WithLoggingSink(t), tf6server.WithGoPluginLogger(hclog.NewNullLogger()))
		if err != nil {
			t.Errorf("serve the provider: %v", err)
		}
	}()
	t.Cleanup(func() {
		stop()
		<-closed
	})
	var config *plugin.ReattachConfig
	select {
	case config = <-reattach:
	case <-time.After(time.Minute):
		t.Fatal("the provider did not start")
	}
	address, err := json.Marshal(map[string]any{providerAddress: map[string]any{
		"Protocol": string(config.Protocol), "ProtocolVersion": config.ProtocolVersion, "Pid": config.Pid, "Test": true,
		"Addr": map[string]string{"Network": config.Addr.Network(), "String": config.Addr.String()},
	}})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	settings := filepath.Join(dir, "terraform.rc") // not the developer's
	if err := os.WriteFile(settings, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	return &CLI{t: t, dir: dir, env: append(os.Environ(),
		"TF_REATTACH_PROVIDERS="+string(address), "TF_CLI_CONFIG_FILE="+settings, "TF_IN_AUTOMATION=1", "CHECKPOINT_DISABLE=1")}
}

// Configure replaces the configuration.
func (c *CLI) Configure(config string) {
	c.t.Helper()
	const header = "terraform {\n  required_providers {\n    elbaas = {\n      source = \"elbaas/elbaas\"\n    }\n  }\n}\n"
	if err := os.WriteFile(filepath.Join(c.dir, "main.tf"), []byte(header+config), 0o600); err != nil {
		c.t.Fatal(err)
	}
	c.Run("init")
}

// Run runs a command that must succeed, and returns what it printed, on one
// line.
func (c *CLI) Run(arguments ...string) string {
	c.t.Helper()
	said, err := c.Try(arguments...)
	if err != nil {
		c.t.Fatalf("%s: %v\n%s", strings.Join(arguments, " "), err, said)
	}
	return said
}

// Try runs a command, and returns what it printed, on one line.
func (c *CLI) Try(arguments ...string) (string, error) {
	c.t.Helper()
	program := os.Getenv("TF_ACC_TERRAFORM_PATH")
	if program == "" {
		program = "terraform"
	}
	command := exec.CommandContext(c.t.Context(), program, append(arguments, "-no-color")...) //nolint:gosec // that is what it is for
	command.Dir, command.Env = c.dir, c.env
	said, err := command.CombinedOutput()
	return strings.Join(strings.Fields(strings.ReplaceAll(string(said), "│", "")), " "), err
}
