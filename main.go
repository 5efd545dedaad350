// The terraform-provider-elbaas binary is started by Terraform, which speaks
// plugin protocol 6 with it.
package main

import (
	"flag"
	"fmt"
	"os"

	"github.com/elbaas/terraform-provider-elbaas/internal/provider"
)

// version is set by the linker.
var version = "dev"

func main() {
	debug := flag.Bool("debug", false, "wait for a debugger, and print the TF_REATTACH_PROVIDERS to use")
	flag.Parse()
	if err := provider.Serve(version, *debug, nil); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
