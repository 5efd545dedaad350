package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"

	"github.com/elbaas/terraform-provider-elbaas/internal/sandbox"
)

// A workspace is a folder with a configuration, in which Terraform runs with one
// provider.
type workspace struct {
	terraform   string
	dir         string
	environment []string
}

// version is what the providers are installed as.
const version = "0.0.1"

// newWorkspace writes a configuration, installs a program as the provider that it
// names by its source, and initialises the folder.
func newWorkspace(ctx context.Context, terraform, dir, source, program, config string, variables ...string) (*workspace, error) {
	name := filepath.Base(source)
	mirror := filepath.Join(dir, "mirror")
	folder := filepath.Join(mirror, filepath.FromSlash(source), version, runtime.GOOS+"_"+runtime.GOARCH)
	work := filepath.Join(dir, "work")
	for _, d := range []string{folder, work} {
		if err := os.MkdirAll(d, 0o700); err != nil {
			return nil, err
		}
	}
	if err := os.Symlink(program, filepath.Join(folder, fmt.Sprintf("terraform-provider-%s_v%s", name, version))); err != nil {
		return nil, err
	}
	text := fmt.Sprintf("terraform {\n  required_providers {\n    %s = {\n      source = %q\n    }\n  }\n}\n%s", name, source, config)
	if err := os.WriteFile(filepath.Join(work, "main.tf"), []byte(text), 0o600); err != nil {
		return nil, err
	}
	environment, err := sandbox.Environment(dir, mirror)
	if err != nil {
		return nil, err
	}
	w := &workspace{terraform: terraform, dir: work, environment: append(environment, variables...)}
	return w, w.run(ctx, "init", "-input=false")
}

// run runs a command that is not measured.
func (w *workspace) run(ctx context.Context, arguments ...string) error {
	command := exec.CommandContext(ctx, w.terraform, arguments...)
	command.Dir, command.Env = w.dir, w.environment
	if output, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", command, err, output)
	}
	return nil
}

// measure runs a command that is.
func (w *workspace) measure(ctx context.Context, arguments ...string) (Sample, error) {
	return measure(ctx, w.dir, w.environment, w.terraform, arguments...)
}

// backend is where the state of a workspace is kept.
func (s *servers) backend(name string) string {
	return fmt.Sprintf("terraform {\n  backend \"http\" {\n    address = %q\n  }\n}\n", s.url+"/state/"+name)
}

// certificates are n resources with a pair each. They are counted, since Terraform
// evaluates a for_each again for each of its elements, which would be most of what
// is measured.
func (s *servers) certificates(n int, pairs string) string {
	return fmt.Sprintf(`provider "elbaas" {
  endpoint   = %q
  project_id = %q
  token      = %q
}

variable "description" {
  default = ""
}

resource "elbaas_certificate" "test" {
  count       = %d
  name        = count.index
  description = var.description
  certificate = file("%[5]s/${count.index}.crt")
  private_key = file("%[5]s/${count.index}.key")
}
`, s.url+elbPath, projectID, token, n, filepath.ToSlash(pairs))
}

// nulls are n resources that do nothing, with the same texts.
func nulls(n int, pairs string) string {
	return fmt.Sprintf(`resource "null_resource" "test" {
  count = %d
  triggers = {
    name        = count.index
    certificate = file("%[2]s/${count.index}.crt")
    private_key = file("%[2]s/${count.index}.key")
  }
}
`, n, filepath.ToSlash(pairs))
}
