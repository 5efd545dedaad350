package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	install "github.com/hashicorp/hc-install"
	"github.com/hashicorp/hc-install/product"
	"github.com/hashicorp/hc-install/releases"
	"github.com/hashicorp/hc-install/src"

	"github.com/elbaas/terraform-provider-elbaas/internal/sandbox"
)

// cli is Terraform or OpenTofu in a folder of its own.
type cli struct {
	path string
	// dir has the configuration and the state.
	dir         string
	environment []string
	// variables are those of the configuration, as TF_VAR_name=value.
	variables []string
}

// requirements are the beginning of a configuration that uses the provider. Its arguments
// come from the environment.
const requirements = `terraform {
  required_providers {
    elbaas = {
      source = "elbaas/elbaas"
    }
  }
}

provider "elbaas" {}

`

// version is what the provider is installed as for the demonstration.
const version = "0.0.1"

// newCLI finds the CLI, and installs the provider for it below dir.
func newCLI(ctx context.Context, root, dir, endpoint string, out io.Writer) (*cli, error) {
	path, err := find(ctx, dir, out)
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(out, "The CLI is %s. Building the provider …\n", path)

	mirror := filepath.Join(dir, "mirror")
	binary := filepath.Join(dir, "terraform-provider-elbaas_v"+version)
	if runtime.GOOS == "windows" {
		binary += ".exe"
	}
	build := exec.CommandContext(ctx, "go", "build", "-ldflags", "-X main.version="+version, "-o", binary, ".")
	build.Dir = root
	if output, err := build.CombinedOutput(); err != nil {
		return nil, commandFailed(build, output, err)
	}
	for _, host := range []string{"registry.terraform.io", "registry.opentofu.org"} {
		folder := filepath.Join(mirror, host, "elbaas", "elbaas", version, runtime.GOOS+"_"+runtime.GOARCH)
		if err := os.MkdirAll(folder, 0o700); err != nil {
			return nil, err
		}
		if err := os.Link(binary, filepath.Join(folder, filepath.Base(binary))); err != nil {
			return nil, err
		}
	}

	work := filepath.Join(dir, "work")
	if err := os.Mkdir(work, 0o700); err != nil {
		return nil, err
	}
	environment, err := sandbox.Environment(dir, mirror)
	if err != nil {
		return nil, err
	}
	return &cli{
		path: path,
		dir:  work,
		environment: append(environment,
			"ELBAAS_ENDPOINT="+endpoint,
			"HW_PROJECT_ID="+projectID,
			"HW_AUTH_TOKEN="+token,
		),
	}, nil
}

// find returns the path of Terraform, or OpenTofu, or of a Terraform that it
// installs below dir. Acceptance tests name the one that they are about.
func find(ctx context.Context, dir string, out io.Writer) (string, error) {
	for _, name := range []string{os.Getenv("TF_ACC_TERRAFORM_PATH"), "terraform", "tofu"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	fmt.Fprintln(out, "Neither terraform nor tofu is on PATH. Installing Terraform for the demonstration …")
	folder := filepath.Join(dir, "terraform")
	if err := os.Mkdir(folder, 0o700); err != nil {
		return "", err
	}
	path, err := install.NewInstaller().Install(ctx, []src.Installable{
		&releases.LatestVersion{Product: product.Terraform, InstallDir: folder},
	})
	if err != nil {
		return "", fmt.Errorf("install Terraform (put terraform or tofu on PATH to avoid that): %w", err)
	}
	return path, nil
}

// run runs a command of the CLI and returns what it printed.
func (c *cli) run(ctx context.Context, arguments ...string) (string, error) {
	command := exec.CommandContext(ctx, c.path, append(arguments, "-no-color")...)
	command.Cancel = func() error { return command.Process.Signal(os.Interrupt) } // let it save its state
	command.Dir = c.dir
	command.Env = append(slices.Clone(c.environment), c.variables...)
	output, err := command.CombinedOutput()
	if err != nil {
		return string(output), commandFailed(command, output, err)
	}
	return string(output), nil
}

// plan returns what the CLI said, and what it is going to do to each resource, such as
// "create, delete", in the order of their addresses.
func (c *cli) plan(ctx context.Context, destroy bool) (said string, changes []string, err error) {
	arguments := []string{"plan", "-input=false", "-out=plan"}
	if destroy {
		arguments = append(arguments, "-destroy")
	}
	said, err = c.run(ctx, arguments...)
	if err != nil {
		return "", nil, err
	}
	shown, err := c.run(ctx, "show", "-json", "plan")
	if err != nil {
		return "", nil, err
	}
	var plan struct {
		ResourceChanges []struct {
			Change struct {
				Actions []string `json:"actions"`
			} `json:"change"`
		} `json:"resource_changes"`
	}
	if err := json.Unmarshal([]byte(shown), &plan); err != nil {
		return "", nil, fmt.Errorf("read plan: %w", err)
	}
	for _, change := range plan.ResourceChanges {
		actions := slices.DeleteFunc(change.Change.Actions, func(action string) bool { return action == "no-op" })
		changes = append(changes, strings.Join(actions, ", "))
	}
	return said, changes, nil
}

// apply carries out the plan.
func (c *cli) apply(ctx context.Context) error {
	_, err := c.run(ctx, "apply", "-input=false", "plan")
	return err
}
