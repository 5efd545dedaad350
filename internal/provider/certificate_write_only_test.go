package provider_test

import (
	"strings"
	"testing"

	"github.com/elbaas/terraform-provider-elbaas/internal/acctest"
	"github.com/elbaas/terraform-provider-elbaas/internal/elbstub"
	"github.com/elbaas/terraform-provider-elbaas/internal/provider"
)

// TestWriteOnlyKey moves a key from one attribute to the other, renames the certificate, and
// configures a key of another certificate. Nothing forces replacement, and a write-only key is
// stored nowhere.
func TestWriteOnlyKey(t *testing.T) {
	t.Parallel()
	cloud := NewCloud(t)
	server := cloud.Server(t, provider.New("test", nil)())
	pair, stranger := NewPair(), NewPair()
	config := func(attribute, name string, key any) acctest.Values {
		return acctest.Values{"certificate": pair.Certificate, attribute: key, "name": name}
	}
	state := mustApply(t, server, nil, config("private_key_wo", "a", pair.PrivateKey))
	if cert := cloud.Only(t); !sameText(cert.PrivateKey, pair.PrivateKey) {
		t.Error("the key was not sent")
	}
	for _, step := range []struct {
		attribute, name string
		key             any
		kept            any // private_key in the state
		puts            int
	}{
		{"private_key_wo", "a", pair.PrivateKey, nil, 0},
		{"private_key_wo", "b", pair.PrivateKey, nil, 1},
		{"private_key", "b", pair.PrivateKey, pair.PrivateKey, 1},
		{"private_key_wo", "b", pair.PrivateKey, nil, 1},
		{"private_key", "c", pair.PrivateKey, pair.PrivateKey, 2},
		{"private_key_wo", "d", pair.PrivateKey, nil, 3},
		{"private_key_wo", "d", acctest.Unknown, nil, 3}, // an ephemeral resource is opened in the apply
	} {
		plan, diagnostics := server.Plan(state, config(step.attribute, step.name, step.key))
		if len(diagnostics) > 0 || len(plan.Replace) > 0 {
			t.Fatalf("%v: it replaces for %v, says %v", step, plan.Replace, diagnostics)
		}
		state = mustApply(t, server, state, config(step.attribute, step.name, pair.PrivateKey))
		if state.Values["private_key"] != step.kept || state.Values["private_key_wo"] != nil {
			t.Errorf("%v: the state has %v and %v", step, state.Values["private_key"], state.Values["private_key_wo"])
		}
		if puts := len(cloud.Journal(elbstub.ModifyCertificate)); puts != step.puts {
			t.Errorf("%v: %d PUTs, want %d", step, puts, step.puts)
		}
	}
	if writes := len(cloud.Journal(elbstub.CreateCertificate, elbstub.DeleteCertificate)); writes != 1 {
		t.Errorf("%d creations and deletions, want 1", writes)
	}

	wantError(t, server.Validate(config("private_key_wo", "d", stranger.PrivateKey)), "private_key_wo",
		"does not belong to the certificate")
	both := config("private_key_wo", "d", pair.PrivateKey)
	both["private_key"] = pair.PrivateKey
	wantError(t, server.Validate(both), "private_key_wo", "but not both")
	diagnostics := server.Validate(acctest.Values{"certificate": pair.Certificate})
	wantError(t, diagnostics, "private_key", "Missing private key")

	// A key that is known only in the apply is checked there, before anything is sent.
	plan, _ := server.Plan(nil, config("private_key_wo", "e", acctest.Unknown))
	plan.Configure("private_key_wo", stranger.PrivateKey)
	_, diagnostics = server.Apply(plan)
	wantError(t, diagnostics, "private_key_wo", "does not belong to the certificate")
	cloud.Only(t)
}

// TestAccWriteOnlyKey searches all logs, plan files and states for a write-only key that comes from
// a file. None has a line of it.
func TestAccWriteOnlyKey(t *testing.T) {
	t.Parallel()
	cloud, cli := NewCloud(t), acctest.NewInstalledCLI(t, "")
	cli.Needs("1.11.0", "1.11.0")
	pair, next := NewPair(), NewPair()
	h := newHunt(t, cli)
	h.add(pair)
	h.add(next)
	block := cloud.Provider("token = null")
	cli.Setenv("HW_AUTH_TOKEN", Token) // a plan file would contain a token of the configuration
	example := example(t, "resources/elbaas_certificate/write-only.tf")
	step := func(config, planned string) {
		t.Helper()
		cli.Configure(block + config)
		if said := h.run(true, "plan", "-out=plan"); !strings.Contains(said, planned) {
			t.Errorf("the plan does not say %q: %s", planned, said[max(0, len(said)-1000):])
		}
		h.searchPlan()
		h.run(true, "apply", "plan")
		h.search("state", cli.Run("state", "pull"))
		h.search("the state before", cli.Run("show", "-json"))
	}
	files := func(pair map[string]string) {
		for name, text := range pair {
			cli.WriteFile("www.example.com."+name, text)
		}
	}
	files(map[string]string{"crt": pair.Certificate, "key": pair.PrivateKey})
	step(example, "1 to add, 0 to change, 0 to destroy")
	step(example, "No changes")
	step(strings.ReplaceAll(example, "www-example-com", "renamed"), "0 to add, 1 to change, 0 to destroy")
	files(map[string]string{"crt": next.Certificate, "key": next.PrivateKey})
	step(example, "1 to add, 0 to change, 1 to destroy")

	files(map[string]string{"key": pair.PrivateKey})
	if said := h.run(false, "plan"); !strings.Contains(said, "The private key does not belong to the certificate") {
		t.Errorf("it does not say that the key is another's: %s", said[max(0, len(said)-500):])
	}
	files(map[string]string{"key": next.PrivateKey})
	h.run(true, "destroy", "-auto-approve")
}
