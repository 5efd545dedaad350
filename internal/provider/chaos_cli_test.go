package provider_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/elbaas/terraform-provider-elbaas/internal/acctest"
)

// TestAccChaos is a sample of TestChaos with the real CLI, where waiting takes real time. It has no
// interrupts or kills, which TestAccTerraformIsKilled and others test.
func TestAccChaos(t *testing.T) {
	t.Parallel()
	OnceForAllDialects(t)
	cli := acctest.NewCLI(t)
	cloud := NewCloud(t)
	seed := rand.Uint64N(1e9)
	t.Logf("the seed is %d", seed)
	tf := &cliTerraform{t: t, cloud: cloud, cli: cli, ledger: newLedger()}
	newWorld(t, seed, cloud, plainBehavior(), tf, tf.ledger).live(2)
	t.Logf("%d calls failed", countFaults(cloud))
}

// cliTerraform is the real Terraform.
type cliTerraform struct {
	*ledger

	t     *testing.T
	cloud *Cloud
	cli   *acctest.CLI
}

// apply implements runner.
func (tf *cliTerraform) apply(func(*process)) {
	tf.t.Helper()
	config := tf.cloud.Provider("token = null",
		"auth_url = "+Quote(tf.cloud.AuthURL), "user_name = "+Quote(UserName),
		"password = "+Quote(Password), "domain_name = "+Quote(Domain))
	for address, values := range tf.configs {
		config += fmt.Sprintf("resource \"elbaas_certificate\" %q {\n", address)
		for name, value := range values {
			config += fmt.Sprintf("  %s = %s\n", name, Quote(value.(string)))
		}
		config += fmt.Sprintf("  lifecycle {\n    create_before_destroy = %t\n  }\n}\n", tf.first[address])
	}
	tf.cli.Configure(config)
	started := time.Now()
	output, err := tf.cli.Start("apply", "-auto-approve", "-json").Output()
	tf.said, tf.failed = nil, err != nil
	for line := range strings.Lines(output) {
		var message struct {
			Diagnostic struct{ Severity, Summary, Detail, Address string }
		}
		if json.Unmarshal([]byte(line), &message) != nil || message.Diagnostic.Summary == "" {
			continue
		}
		d := message.Diagnostic
		tf.said = append(tf.said, fmt.Sprintf("%s: %s: %s: %s", d.Address, d.Severity, d.Summary, d.Detail))
		tf.notes = append(tf.notes, note{text: d.Summary + "\n" + d.Detail, started: started, said: time.Now()})
	}
	var state struct {
		Values struct {
			RootModule struct {
				Resources []struct {
					Name       string
					DeposedKey string `json:"deposed_key"`
					Tainted    bool
					Values     struct{ ID string }
				}
			} `json:"root_module"`
		}
	}
	if err := json.Unmarshal([]byte(tf.cli.Run("show", "-json")), &state); err != nil {
		tf.t.Fatal(err)
	}
	clear(tf.states)
	clear(tf.deposed)
	for _, r := range state.Values.RootModule.Resources {
		if r.Tainted {
			tf.t.Errorf("%s is tainted", r.Name)
		}
		if r.DeposedKey == "" {
			tf.states[r.Name] = &acctest.State{Values: acctest.Values{"id": r.Values.ID}}
		}
	}
	for address := range tf.configs {
		tf.pending[address] = tf.failed // it is not known which of them failed
	}
}

// planned implements runner.
func (tf *cliTerraform) planned() map[string]string {
	if said := tf.cli.Run("plan"); !strings.Contains(said, "No changes") {
		return map[string]string{"": said}
	}
	return nil
}

var _, _ runner = (*cliTerraform)(nil), (*memoryTerraform)(nil)
