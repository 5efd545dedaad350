// Package acctest calls the provider as Terraform does: with the CLI, or by the plugin protocol without one.
package acctest

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
	"github.com/hashicorp/go-version"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6/tf6server"

	"github.com/elbaas/terraform-provider-elbaas/internal/provider"
	"github.com/elbaas/terraform-provider-elbaas/internal/terraform"
)

// CLI is Terraform or OpenTofu in a folder of its own, with the provider of this process
// or an installed one. It is for what resource.Test does not show: what is printed, and
// what becomes of a command that does not end by itself.
type CLI struct {
	t  *testing.T
	tf *terraform.CLI
}

// NewCLI starts the provider for the duration of a test. It also stands in for the providers with
// other addresses, in tests for which only their names matter. The test is skipped unless acceptance
// tests are wanted.
func NewCLI(t *testing.T, others ...string) *CLI {
	t.Helper()
	c := newCLI(t)
	ctx, stop := context.WithCancel(context.Background()) // t.Context is cancelled before the cleanup
	reattach, closed := make(chan *plugin.ReattachConfig), make(chan struct{})
	go func() {
		// It returns the errors of its options alone, and these never fail.
		_ = tf6server.Serve(provider.Address, provider.New("test", nil), tf6server.WithDebug(ctx, reattach, closed),
			tf6server.WithLoggingSink(t), tf6server.WithGoPluginLogger(hclog.NewNullLogger()))
	}()
	t.Cleanup(func() {
		stop()
		<-closed
	})
	config := <-reattach
	reattachment := map[string]any{
		"Protocol": string(config.Protocol), "ProtocolVersion": config.ProtocolVersion, "Pid": config.Pid, "Test": true,
		"Addr": map[string]string{"Network": config.Addr.Network(), "String": config.Addr.String()},
	}
	providers := map[string]any{provider.Address: reattachment}
	for _, address := range others {
		providers[address] = reattachment
	}
	encoded, err := json.Marshal(providers)
	check(t, err)
	c.Setenv("TF_REATTACH_PROVIDERS", string(encoded))
	return c
}

// NewInstalledCLI builds the provider and installs it, so that Terraform starts a
// process of it, as it does for a user. Another program, or the archive of a release, takes
// its place if one is named. The test is skipped unless acceptance tests are wanted.
func NewInstalledCLI(t *testing.T, instead string) *CLI {
	t.Helper()
	c := newCLI(t)
	program := instead
	if program == "" {
		program = filepath.Join(t.TempDir(), "provider")
		check(t, terraform.Build(t.Context(), ".", program))
	}
	check(c.t, c.tf.InstallOurs(program))
	t.Cleanup(func() { c.SignalProvider(os.Kill) }) // it does not end with a Terraform that is killed
	return c
}

func newCLI(t *testing.T) *CLI {
	t.Helper()
	if os.Getenv("TF_ACC") == "" {
		t.Skip("acceptance tests run with TF_ACC=1")
	}

	tf, err := terraform.New(t.TempDir())
	check(t, err)
	return &CLI{t: t, tf: tf}
}

// Needs skips the test where the CLI is older than the first version of its program
// that can do what is tested. Without a version of OpenTofu, no OpenTofu can.
func (c *CLI) Needs(terraform, tofu string) {
	c.t.Helper()
	said := c.Run("version")
	fields := strings.Fields(said)
	needed := map[string]string{"Terraform": terraform, "OpenTofu": tofu}[fields[0]]
	if needed == "" {
		c.t.Skipf("%s cannot do this", fields[0])
	}
	have, err := version.NewVersion(fields[1])
	check(c.t, err)
	if have.Core().LessThan(version.Must(version.NewVersion(needed))) {
		c.t.Skipf("%s %s cannot do this, %s can", fields[0], have, needed)
	}
}

// Setenv sets a variable for the commands that follow.
func (c *CLI) Setenv(name, value string) {
	c.tf.Env = append(c.tf.Env, name+"="+value)
}

// Configure replaces the configuration.
func (c *CLI) Configure(config string) {
	c.t.Helper()
	c.WriteFile("main.tf", terraform.Requirements+config)
	c.Run("init")
}

// WriteFile writes a file into the folder, or into one below it.
func (c *CLI) WriteFile(name, content string) {
	c.t.Helper()
	path := filepath.Join(c.tf.Dir, name)
	check(c.t, os.MkdirAll(filepath.Dir(path), 0o700))
	check(c.t, os.WriteFile(path, []byte(content), 0o600))
}

// ReadFile reads a file of the folder.
func (c *CLI) ReadFile(name string) string {
	c.t.Helper()
	content, err := os.ReadFile(filepath.Join(c.tf.Dir, name)) //nolint:gosec // of the test
	check(c.t, err)
	return string(content)
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
	return c.Start(arguments...).Wait()
}

// A Command is a command that was started.
type Command struct {
	*exec.Cmd
	said bytes.Buffer
}

// Start starts a command.
func (c *CLI) Start(arguments ...string) *Command {
	c.t.Helper()
	return c.start(c.tf.Command(c.t.Context(), arguments...))
}

// TryScript runs a script of the shell, which finds the CLI in the variable TF, and
// returns what it printed, on one line. The test is skipped where there is no shell.
func (c *CLI) TryScript(script string) (string, error) {
	c.t.Helper()
	shell, err := exec.LookPath("sh")
	if err != nil {
		c.t.Skip("there is no shell")
	}
	c.Setenv("TF", c.tf.Path)
	c.Setenv("TF_CLI_ARGS", "-no-color")

	command := exec.CommandContext(c.t.Context(), shell, "-c", script) //nolint:gosec // a test's own script
	command.Dir, command.Env = c.tf.Dir, c.tf.Env
	return c.start(command).Wait()
}

func (c *CLI) start(command *exec.Cmd) *Command {
	c.t.Helper()
	started := &Command{Cmd: command}
	command.Stdout, command.Stderr = &started.said, &started.said
	command.WaitDelay = time.Second // a provider that is left over holds the output
	check(c.t, command.Start())
	return started
}

// Wait waits for the end of a command, and returns what it printed, on one line.
func (c *Command) Wait() (string, error) {
	said, err := c.Output()
	return strings.Join(strings.Fields(strings.ReplaceAll(said, "│", "")), " "), err
}

// Output waits for the end of a command, and returns what it printed.
func (c *Command) Output() (string, error) {
	err := c.Cmd.Wait()
	return c.said.String(), err
}

// SignalProvider sends a signal to the processes of the installed provider, and reports
// whether there was one. It finds them on Linux only.
func (c *CLI) SignalProvider(signal os.Signal) bool {
	links, _ := filepath.Glob("/proc/[0-9]*/exe")
	reached := false
	for _, link := range links {
		program, _ := os.Readlink(link)
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(link)))
		if err != nil || !strings.HasPrefix(program, filepath.Dir(c.tf.Mirror)+"/") {
			continue
		}
		if process, err := os.FindProcess(pid); err == nil {
			reached = process.Signal(signal) == nil || reached
		}
	}
	return reached
}

// check fails the test after an error that it does not test for.
func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
