// Package terraform drives Terraform or OpenTofu for tests, the demonstration and
// measurements: in a folder of its own, and without anything that the user has set.
package terraform

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
)

// Version is the version that providers are installed as.
const Version = "0.0.1"

// Requirements begin a configuration that uses the provider of this repository.
const Requirements = `terraform {
  required_providers {
    elbaas = {
      source = "` + address + `"
    }
  }
}
`

const address = "registry.terraform.io/elbaas/elbaas"

// A CLI is Terraform or OpenTofu, with a folder for a configuration and its state.
type CLI struct {
	// Path is the path of the program.
	Path string
	// Dir has the configuration, and the state unless there is a backend.
	Dir string
	// Mirror is the only place that providers are installed from.
	Mirror string
	// Env is the environment of commands, as in exec.Cmd.
	Env []string
}

// Find returns the path of the CLI: the one that acceptance tests are about, or else
// Terraform or OpenTofu on PATH.
func Find() (string, error) {
	if named := os.Getenv("TF_ACC_TERRAFORM_PATH"); named != "" {
		return exec.LookPath(named)
	}
	for _, name := range []string{"terraform", "tofu"} {
		if found, err := exec.LookPath(name); err == nil {
			return found, nil
		}
	}
	return "", errors.New("neither terraform nor tofu is on PATH")
}

// New returns a CLI whose folder and mirror are below the folder dir. Variables of the
// user that are meant for a CLI or for a real cloud do not reach it.
func New(dir string) (*CLI, error) {
	path, err := Find()
	if err != nil {
		return nil, err
	}
	c := &CLI{Path: path, Dir: filepath.Join(dir, "work"), Mirror: filepath.Join(dir, "mirror")}
	settings := filepath.Join(dir, "cli.tfrc")
	text := fmt.Sprintf(`disable_checkpoint = true
provider_installation {
  filesystem_mirror {
    path = %q
  }
}
`, c.Mirror)

	c.Env = slices.DeleteFunc(os.Environ(), ofTheUser.MatchString)
	c.Env = append(c.Env, "TF_CLI_CONFIG_FILE="+settings, "TF_IN_AUTOMATION=1")
	return c, errors.Join(
		os.MkdirAll(c.Dir, 0o700),
		os.MkdirAll(c.Mirror, 0o700),
		os.WriteFile(settings, []byte(text), 0o600),
	)
}

// ofTheUser matches variables that are meant for a CLI or for a real cloud.
var ofTheUser = regexp.MustCompile("^(TF|ELBAAS|HW|HCS|OS)_")

// Build builds the provider of the repository that the folder root is in, as releases are built.
func Build(ctx context.Context, root, program string) error {
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-o", program, //nolint:gosec // the caller's own
		"-ldflags=-s -w -X main.version="+Version, "github.com/elbaas/terraform-provider-elbaas")
	build.Dir = root
	_, err := output(build)
	return err
}

// Install copies a program into the mirror as the provider with an address, which begins
// with the host of a registry, or an archive of a provider as it is. It is not a link, since
// not every user of Windows may make one.
func (c *CLI) Install(program, address string) error {
	content, err := os.ReadFile(program) //nolint:gosec // the caller's own
	if err != nil {
		return err
	}
	folder, name := filepath.Join(c.Mirror, filepath.FromSlash(address)), filepath.Base(program)
	if filepath.Ext(program) != ".zip" {
		folder = filepath.Join(folder, Version, runtime.GOOS+"_"+runtime.GOARCH)
		name = "terraform-provider-" + path.Base(address) + "_v" + Version
		if runtime.GOOS == "windows" {
			name += ".exe"
		}
	}
	return errors.Join(
		os.MkdirAll(folder, 0o700),
		os.WriteFile(filepath.Join(folder, name), content, 0o700), //nolint:gosec // it is a program
	)
}

// InstallOurs installs the provider of this repository as that of the registries of Terraform
// and OpenTofu.
func (c *CLI) InstallOurs(program string) error {
	return errors.Join(
		c.Install(program, address),
		c.Install(program, "registry.opentofu.org/elbaas/elbaas"),
	)
}

// Command returns a command of the CLI. When ctx is done, it is interrupted, so that it
// saves its state.
func (c *CLI) Command(ctx context.Context, arguments ...string) *exec.Cmd {
	command := exec.CommandContext(ctx, c.Path, append(arguments, "-no-color")...) //nolint:gosec // the caller's own
	command.Cancel = func() error { return command.Process.Signal(os.Interrupt) }
	command.Dir, command.Env = c.Dir, c.Env
	return command
}

// Run runs a command of the CLI, and returns its output. An error quotes the output.
func (c *CLI) Run(ctx context.Context, arguments ...string) (string, error) {
	return output(c.Command(ctx, arguments...))
}

func output(command *exec.Cmd) (string, error) {
	printed, err := command.CombinedOutput()
	if err != nil {
		err = fmt.Errorf("%s: %w\n%s", command, err, printed)
	}
	return string(printed), err
}
