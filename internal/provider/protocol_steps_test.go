package provider_test

import (
	"maps"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/elbaas/terraform-provider-elbaas/internal/acctest"
	"github.com/elbaas/terraform-provider-elbaas/internal/elbstub"
	"github.com/elbaas/terraform-provider-elbaas/internal/provider"
	"github.com/elbaas/terraform-provider-elbaas/internal/throwaway"
)

// mustApply applies a configuration. Any diagnostic of the plan or the apply ends the test.
func mustApply(t *testing.T, server *acctest.Server, prior *acctest.State, config acctest.Values) *acctest.State {
	t.Helper()
	plan, diagnostics := server.Plan(prior, config)
	if len(diagnostics) > 0 {
		t.Fatalf("plan: %s", textOf(diagnostics))
	}
	state, diagnostics := server.Apply(plan)
	if len(diagnostics) > 0 {
		t.Fatalf("apply: %s", textOf(diagnostics))
	}
	return state
}

// mustRead reads a state. Any diagnostic ends the test.
func mustRead(t *testing.T, server *acctest.Server, state *acctest.State) *acctest.State {
	t.Helper()
	state, diagnostics := server.Read(state)
	if len(diagnostics) > 0 {
		t.Fatalf("read: %s", textOf(diagnostics))
	}
	return state
}

// create creates a certificate, with a new pair if the configuration has none. It returns the diagnostics of the apply.
func create(t *testing.T, s *acctest.Server, config acctest.Values) (*acctest.State, acctest.Diagnostics) {
	t.Helper()
	if config["certificate"] == nil {
		maps.Copy(config, configOf(NewPair(), config["name"].(string)))
	}
	plan, diagnostics := s.Plan(nil, config)
	if diagnostics.HasError() {
		t.Fatal(textOf(diagnostics))
	}
	return s.Apply(plan)
}

// configOf returns the configuration of a certificate with a pair.
func configOf(pair throwaway.Pair, name string) acctest.Values {
	return acctest.Values{"name": name, "certificate": pair.Certificate, "private_key": pair.PrivateKey}
}

// idOf returns the ID of the certificate in a state, or an empty text.
func idOf(state *acctest.State) string {
	if state == nil {
		return ""
	}
	return state.Values["id"].(string)
}

// inMemory starts a provider for a cloud that is reached over a network in memory, with further arguments in its block.
// It knows nothing of the providers before it, like another process.
func inMemory(t *testing.T, cloud *Cloud, network *elbstub.Network, arguments acctest.Values) *acctest.Server {
	t.Helper()
	config := cloud.Configuration()
	config["insecure"] = true // the certificate of the network is not trusted
	for name, value := range arguments {
		if config[name] = value; value == nil {
			delete(config, name)
		}
	}
	return acctest.NewServer(t, provider.New("test", network.DialContext)(), config)
}

// passwordServer starts a provider that requests tokens with a password, and retries once.
func passwordServer(t *testing.T, cloud *Cloud) *acctest.Server {
	t.Helper()
	return acctest.NewServer(t, provider.New("test", nil)(), acctest.Values{
		"endpoint": cloud.Endpoint, "auth_url": cloud.AuthURL, "project_id": ProjectID, "max_retries": 1,
		"user_name": UserName, "password": Password, "domain_name": Domain,
	})
}

// wantError fails unless there is one diagnostic: an error that contains a text, on an attribute if that is not empty.
func wantError(t *testing.T, diagnostics acctest.Diagnostics, attribute, want string) {
	t.Helper()
	if len(diagnostics) != 1 || !diagnostics.HasError() {
		t.Errorf("it says %q, want one error: %q", diagnosticTexts(diagnostics), want)
		return
	}
	only := diagnostics[0]
	if said := only.Summary + ": " + only.Detail; !strings.Contains(said, want) {
		t.Errorf("it says %q, want %q", said, want)
	}
	if at := only.Attribute.String(); attribute != "" && !strings.Contains(at, `"`+attribute+`"`) {
		t.Errorf("it is about %s, want %s", at, attribute)
	}
}

// wantInterrupted fails unless the diagnostics say that the operation was interrupted.
func wantInterrupted(t *testing.T, diagnostics acctest.Diagnostics) {
	t.Helper()
	if text := textOf(diagnostics); !strings.Contains(text, "The operation was interrupted.") {
		t.Errorf("it does not say that it was interrupted: %s", text)
	}
}

// textOf returns the text of all diagnostics.
func textOf(diagnostics acctest.Diagnostics) string {
	return strings.Join(diagnosticTexts(diagnostics), "\n")
}

// diagnosticTexts returns the texts of diagnostics.
func diagnosticTexts(diagnostics acctest.Diagnostics) []string {
	all := make([]string, len(diagnostics))
	for i, d := range diagnostics {
		all[i] = d.Summary + "\n" + d.Detail
	}
	return all
}

// TestUnknownArgument: while an argument of the provider is known only after an apply, nothing is sent. Terraform may
// go as far as an apply with it, for example in a destroy.
func TestUnknownArgument(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newListenerRuns(t)
		l.config["fallback_certificate_id"] = l.old
		l.apply("create")
		config := configOf(NewPair(), "own")
		certificate := mustApply(t, inMemory(t, l.cloud, l.network, nil), nil, config)
		renamed, switched := maps.Clone(config), maps.Clone(l.config)
		renamed["name"], switched["certificate_id"] = "renamed", strings.Repeat("c", 32)

		server := inMemory(t, l.cloud, l.network, acctest.Values{"token": acctest.Unknown})
		nowhere := inMemory(t, l.cloud, l.network, acctest.Values{"project_id": acctest.Unknown})
		before := len(l.cloud.Journal())
		for noun, row := range map[string]struct {
			server          *acctest.Server
			state           *acctest.State
			config, changed acctest.Values
		}{
			"certificate": {server, certificate, config, renamed},
			"listener":    {server.Listeners(), l.state, l.config, switched},
		} {
			_, read := row.server.Read(row.state)
			_, imported := row.server.Import(row.state.Values["id"].(string))
			_, destroyed := row.server.Destroy(row.state)
			_, created := row.server.Apply(mustPlan(t, row.server, nil, row.config))
			_, updated := row.server.Apply(mustPlan(t, row.server, row.state, row.changed))
			for doing, said := range map[string]acctest.Diagnostics{
				"read": read, "import": imported, "destroy": destroyed, "create": created, "update": updated,
			} {
				if len(said) != 1 || !strings.Contains(textOf(said), "The provider argument token depends on a value") {
					t.Errorf("%s a %s: %s", doing, noun, textOf(said))
				}
			}
		}
		delete(renamed, "name") // which stays
		renamed["timeouts"] = acctest.Values{"read": "1m"}
		switched["certificate_id"], switched["fallback_certificate_id"] = l.config["certificate_id"], nil
		mustApply(t, server, certificate, renamed) // these two change the state alone
		mustApply(t, server.Listeners(), l.state, switched)

		_, certified := nowhere.Apply(mustPlan(t, nowhere, nil, config))
		_, switchedTo := nowhere.Listeners().Apply(mustPlan(t, nowhere.Listeners(), nil, l.config))
		for _, said := range []acctest.Diagnostics{certified, switchedTo} {
			if !strings.Contains(textOf(said), "The project of the provider (project_id, project_name) is known only") {
				t.Errorf("without a project: %s", textOf(said))
			}
		}
		if sent := l.cloud.Journal()[before:]; len(sent) > 0 {
			t.Errorf("%d requests were sent", len(sent))
		}
		numbers := acctest.Values{"max_retries": acctest.Unknown, "expiry_warning_days": acctest.Unknown}
		mustRead(t, inMemory(t, l.cloud, l.network, numbers), certificate) // they have defaults
	})
}

// TestNestedUnknown: a value in a block that is not known yet reaches the provider as such.
func TestNestedUnknown(t *testing.T) {
	t.Parallel()
	pair, timeouts := NewPair(), acctest.Values{"create": acctest.Unknown, "delete": "1m"}
	plan, diagnostics := NewCloud(t).Server(t, provider.New("test", nil)()).Plan(nil, acctest.Values{
		"certificate": pair.Certificate, "private_key": pair.PrivateKey, "timeouts": timeouts,
	})
	if diagnostics.HasError() || !reflect.DeepEqual(plan.Values["timeouts"], timeouts) {
		t.Errorf("planned %v, want %v: %v", plan.Values["timeouts"], timeouts, diagnostics)
	}
}

// TestUnknownTexts: no rule refuses a text that is not known yet.
func TestUnknownTexts(t *testing.T) {
	t.Parallel()
	server := NewCloud(t).Server(t, provider.New("test", nil)())
	later := func(names ...string) acctest.Values {
		config := acctest.Values{}
		for _, name := range names {
			config[name] = acctest.Unknown
		}
		return config
	}
	for _, said := range []acctest.Diagnostics{
		server.Validate(later("name", "description", "domain", "project_id", "certificate", "private_key")),
		server.Listeners().Validate(later("listener_id", "certificate_id", "fallback_certificate_id", "project_id")),
	} {
		if len(said) > 0 {
			t.Error(textOf(said))
		}
	}
}

// TestProjectThatIsNotFound: the plan leaves the ID of a named project unknown, and the apply fails before anything is
// sent.
func TestProjectThatIsNotFound(t *testing.T) {
	t.Parallel()
	cloud := NewCloud(t)
	server := acctest.NewServer(t, provider.New("test", nil)(), acctest.Values{
		"endpoint": cloud.Endpoint, "auth_url": cloud.AuthURL, "project_name": "nowhere",
		"user_name": UserName, "password": Password, "domain_name": Domain,
	})
	state, diagnostics := create(t, server, acctest.Values{"name": "www"})
	wantError(t, diagnostics, "", "Unable to find the project of the provider: Finding the ID of the project "+
		`"nowhere"`)
	if state != nil || len(cloud.Certificates(ProjectID)) > 0 {
		t.Error("there is a certificate")
	}
}

// TestProjectIDThatIsMoreThanAnID: what the identity service returns becomes a part of paths, and of commands that the
// provider proposes.
func TestProjectIDThatIsMoreThanAnID(t *testing.T) {
	t.Parallel()
	for _, id := range []string{"", "..", "$(reboot)"} {
		cloud := NewCloud(t)
		server := acctest.NewServer(t, provider.New("test", nil)(), acctest.Values{
			"endpoint": cloud.Endpoint, "auth_url": cloud.AuthURL, "project_name": "eu-de",
			"access_key": AccessKey, "secret_key": SecretKey,
		})
		cloud.Script(elbstub.ListProjects, 1, elbstub.Reply(200, `{"projects":[{"id":"`+id+`","name":"eu-de"}]}`))
		_, diagnostics := create(t, server, acctest.Values{"name": "www"})
		wantError(t, diagnostics, "", "Unable to find the project of the provider: The identity service returned an "+
			"ID that is not valid. Set project_id in the provider block.")
		if unknown := cloud.Journal(elbstub.Unknown); len(unknown) > 0 {
			t.Errorf("%q: called %s", id, unknown[0].Path)
		}
	}
}

// TestIdentityIsAddedByAnUpdate: an update adds the identity to a state that an older CLI has written without one.
func TestIdentityIsAddedByAnUpdate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newManagedListener(t)
		identity := l.state.Identity
		l.state.Identity = nil
		l.config["fallback_certificate_id"] = l.old
		server := l.process()
		state := mustApply(t, server, l.state, l.config)
		if !maps.Equal(state.Identity, identity) {
			t.Errorf("the identity is %v, want %v", state.Identity, identity)
		}
	})
}

// TestRenameIgnoresTheKey: an update that does not change the key does not check it, because ignore_changes may keep a
// certificate that the key does not belong to.
func TestRenameIgnoresTheKey(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud, network := NewCloudInMemory(t)
		server := inMemory(t, cloud, network, nil)
		config := configOf(NewPair(), "www")
		state := mustApply(t, server, nil, config)
		config["certificate"], config["name"] = NewPair().Certificate, "renamed"
		state.Values["certificate"] = config["certificate"]
		if plan := mustPlan(t, server, state, config); len(plan.Replace) > 0 {
			t.Errorf("it replaces because of %v", plan.Replace)
		}
	})
}

// mustPlan plans a configuration, or without one the destruction of a resource. An error ends the test.
func mustPlan(t *testing.T, s *acctest.Server, prior *acctest.State, config acctest.Values) acctest.Plan {
	t.Helper()
	plan, diagnostics := s.Plan(prior, config)
	if diagnostics.HasError() {
		t.Fatal(textOf(diagnostics))
	}
	return plan
}
