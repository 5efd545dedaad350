package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	install "github.com/hashicorp/hc-install"
	"github.com/hashicorp/hc-install/product"
	"github.com/hashicorp/hc-install/releases"
	"github.com/hashicorp/hc-install/src"
	tfjson "github.com/hashicorp/terraform-json"

	"github.com/elbaas/terraform-provider-elbaas/internal/terraform"
)

// requirements begin a configuration that uses the provider. Its arguments come from the
// environment.
const requirements = `terraform {
  required_providers {
    elbaas = {
      source = "elbaas/elbaas"
    }
  }
}

provider "elbaas" {}

`

// newCLI finds the CLI, and installs the provider for it below dir.
func newCLI(ctx context.Context, root, dir, endpoint string, out io.Writer) (*terraform.CLI, error) {
	path, err := find(ctx, dir, out)
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(out, "The CLI is %s. Building the provider …\n", path)

	cli, err := terraform.New(path, dir)
	if err != nil {
		return nil, err
	}
	program := filepath.Join(dir, "provider")
	if err := terraform.Build(ctx, root, program); err != nil {
		return nil, err
	}
	for _, host := range []string{"registry.terraform.io", "registry.opentofu.org"} {
		if _, err := cli.Install(program, host+"/elbaas/elbaas"); err != nil {
			return nil, err
		}
	}

	cli.Env = append(cli.Env, "ELBAAS_ENDPOINT="+endpoint, "HW_PROJECT_ID="+projectID, "HW_AUTH_TOKEN="+token)
	return cli, nil
}

// find returns the path of Terraform or OpenTofu, or of a Terraform that it installs
// below dir.
func find(ctx context.Context, dir string, out io.Writer) (string, error) {
	if path, err := terraform.Find(); err == nil {
		return path, nil
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

// plan returns the output of a plan, and what it is going to do to each resource, such as
// "create, delete", in the order of their addresses.
func plan(ctx context.Context, cli *terraform.CLI, destroy bool) (printed string, changes []string, err error) {
	arguments := []string{"plan", "-input=false", "-out=plan"}
	if destroy {
		arguments = append(arguments, "-destroy")
	}
	printed, err = cli.Run(ctx, arguments...)
	if err != nil {
		return "", nil, err
	}
	shown, err := cli.Run(ctx, "show", "-json", "plan")
	if err != nil {
		return "", nil, err
	}

	var plan tfjson.Plan
	if err := json.Unmarshal([]byte(shown), &plan); err != nil {
		return "", nil, fmt.Errorf("read plan: %w", err)
	}
	for _, resource := range plan.ResourceChanges {
		var actions []string
		for _, action := range resource.Change.Actions {
			if action != tfjson.ActionNoop {
				actions = append(actions, string(action))
			}
		}
		changes = append(changes, strings.Join(actions, ", "))
	}
	return printed, changes, nil
}
