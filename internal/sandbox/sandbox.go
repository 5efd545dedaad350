// Package sandbox keeps what the user has set out of a Terraform that is run for
// show or for measurements.
package sandbox

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Environment returns the environment, as in exec.Cmd, of a Terraform or OpenTofu
// that installs providers from the folder mirror and from nowhere else. It has
// nothing that is set for a CLI or for a real cloud. The CLI's settings are written
// into the folder dir.
func Environment(dir, mirror string) ([]string, error) {
	settings := filepath.Join(dir, "cli.tfrc")
	text := fmt.Sprintf("disable_checkpoint = true\nprovider_installation {\n  filesystem_mirror {\n    path = %q\n  }\n}\n", mirror)
	if err := os.WriteFile(settings, []byte(text), 0o600); err != nil {
		return nil, err
	}
	environment := slices.DeleteFunc(os.Environ(), func(variable string) bool {
		return slices.ContainsFunc([]string{"TF_", "ELBAAS_", "HW_", "HCS_", "OS_"}, func(prefix string) bool { return strings.HasPrefix(variable, prefix) })
	})
	return append(environment, "TF_CLI_CONFIG_FILE="+settings, "TF_IN_AUTOMATION=1"), nil
}
