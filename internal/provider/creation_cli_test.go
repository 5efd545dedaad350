package provider_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/elbaas/terraform-provider-elbaas/internal/acctest"
	"github.com/elbaas/terraform-provider-elbaas/internal/elbstub"
)

// TestAccCreationsWithFaults creates 60 certificates in one apply with the real CLI, three names
// for each leaf, in a cloud that throttles, loses responses after the commit, and is unavailable at
// times. Each certificate in the cloud is then in the state, or was named by that apply, by its ID
// or as one that may exist.
func TestAccCreationsWithFaults(t *testing.T) {
	t.Parallel()
	OnceForAllDialects(t)
	const leaves, names = 20, 3
	cli := acctest.NewCLI(t)
	cloud := NewCloud(t, func(o *elbstub.Options) { o.Quota = 1000 })
	config := cloud.Provider()
	for i := range leaves {
		pair := NewPair()
		config += fmt.Sprintf(`
resource "elbaas_certificate" "leaf%[1]d" {
  count       = %[2]d
  name        = "leaf%[1]d-${count.index}"
  certificate = %[3]s
  private_key = %[4]s
}
`, i, names, Quote(pair.Certificate), Quote(pair.PrivateKey))
	}
	cli.Configure(config)

	seed := rand.Uint64N(1e9)
	t.Logf("the seed is %d", seed)
	var mu sync.Mutex
	happened := map[string]int{}
	cloud.ScriptEach(elbstub.CreateCertificate, func(nth int) elbstub.Fault {
		what, fault := "no fault", elbstub.Delay(0)
		switch chance := rand.New(rand.NewPCG(seed, uint64(nth))).IntN(100); {
		case chance < 20:
			what, fault = "throttled", elbstub.Throttle("")
		case chance < 60:
			what, fault = "lost", elbstub.Drop()
		case chance < 70:
			what, fault = "unavailable", elbstub.Reply(503, "")
		}
		mu.Lock()
		defer mu.Unlock()
		happened[what]++
		return fault
	})
	output, err := cli.Start("apply", "-auto-approve", "-parallelism=100", "-json").Output()
	diagnostics := jsonDiagnostics(output)
	t.Logf("POSTs: %v; %d diagnostics; %v", happened, len(diagnostics), err)
	for _, what := range []string{"no fault", "throttled", "lost", "unavailable"} {
		if happened[what] == 0 {
			t.Errorf("no POST was %s", what)
		}
	}

	held := managedNames(t, cli)
	made := cloud.Certificates(ProjectID)
	for _, cert := range made {
		name, managed := held[cert.ID]
		if managed && name != cert.Name {
			t.Errorf("certificate %s (%q) is in the state as %q", cert.ID, cert.Name, name)
		}
		named := slices.ContainsFunc(diagnostics, func(text string) bool { return namesCertificate(text, cert) })
		if !managed && !named {
			t.Errorf("certificate %s (%q) is neither in the state nor named", cert.ID, cert.Name)
		}
		delete(held, cert.ID)
	}
	for id, name := range held {
		t.Errorf("certificate %s (%q) is in the state, but does not exist", id, name)
	}
	if err == nil && len(made) < leaves*names {
		t.Errorf("the apply succeeded, but there are %d certificates", len(made))
	}
	if t.Failed() {
		t.Logf("the apply said:\n%s", strings.Join(diagnostics, "\n"))
	}
}

// managedNames returns the names of the certificates in the state, by their IDs.
func managedNames(t *testing.T, cli *acctest.CLI) map[string]string {
	t.Helper()
	var state struct {
		Resources []struct {
			Instances []struct {
				Attributes struct{ ID, Name string }
			}
		}
	}
	if err := json.Unmarshal([]byte(cli.Run("state", "pull")), &state); err != nil {
		t.Fatal(err)
	}
	names := map[string]string{}
	for _, r := range state.Resources {
		for _, instance := range r.Instances {
			id := instance.Attributes.ID
			if _, isDuplicate := names[id]; isDuplicate {
				t.Errorf("certificate %s is in the state twice", id)
			}
			names[id] = instance.Attributes.Name
		}
	}
	return names
}

// jsonDiagnostics returns the diagnostics that a command with -json has printed.
func jsonDiagnostics(output string) []string {
	var texts []string
	for line := range strings.Lines(output) {
		var message struct {
			Diagnostic struct{ Address, Severity, Summary, Detail string }
		}
		if json.Unmarshal([]byte(line), &message) == nil && message.Diagnostic.Summary != "" {
			d := message.Diagnostic
			texts = append(texts, fmt.Sprintf("%s: %s: %s\n%s", d.Address, d.Severity, d.Summary, d.Detail))
		}
	}
	return texts
}
