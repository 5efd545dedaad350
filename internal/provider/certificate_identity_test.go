package provider_test

import (
	"maps"
	"reflect"
	"strings"
	"testing"

	"github.com/elbaas/terraform-provider-elbaas/internal/acctest"
	"github.com/elbaas/terraform-provider-elbaas/internal/elbstub"
	"github.com/elbaas/terraform-provider-elbaas/internal/provider"
)

// TestIdentity follows the identity of a certificate through its life, with a CLI that keeps it,
// and with one that does not know identities and sends none.
func TestIdentity(t *testing.T) {
	t.Parallel()
	for name, forget := range map[string]bool{"kept": false, "not known to the CLI": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cloud := NewCloud(t)
			server := cloud.Server(t, provider.New("test", nil)())
			pair := NewPair()
			config := acctest.Values{"certificate": pair.Certificate, "private_key": pair.PrivateKey, "name": "a"}
			state := mustApply(t, server, nil, config)
			want := acctest.Values{"project_id": ProjectID, "id": cloud.Only(t).ID}
			expect := func(operation string) {
				t.Helper()
				if !maps.Equal(state.Identity, want) {
					t.Fatalf("%s: the identity is %v, want %v", operation, state.Identity, want)
				}
				if forget {
					state.Identity = nil
				}
			}
			expect("create")
			state = mustRead(t, server, state)
			expect("read")
			config["name"] = "b"
			state = mustApply(t, server, state, config)
			expect("update")
			delete(config, "private_key")
			config["private_key_wo"] = pair.PrivateKey
			state = mustApply(t, server, state, config)
			expect("update without a call")
			cloud.Remove(cloud.Only(t).ID)
			server = cloud.Server(t, provider.New("test", nil)()) // another run: in this one, lists may lag
			if state = mustRead(t, server, state); state != nil {
				t.Error("it is not gone")
			}
		})
	}
}

// TestImportByIdentity imports a certificate by its identity, with and without the project, and by
// invalid identities.
func TestImportByIdentity(t *testing.T) {
	t.Parallel()
	cloud := NewCloud(t)
	server := cloud.Server(t, provider.New("test", nil)())
	pair := NewPair()
	id := add(cloud, "www", pair)
	want := acctest.Values{"project_id": ProjectID, "id": id}
	for _, identity := range []acctest.Values{want, {"id": id}, {"id": strings.ToUpper(id)}} {
		state, diagnostics := server.ImportByIdentity(identity)
		if diagnostics.HasError() {
			t.Errorf("%v: %s", identity, diagnostics[0].Detail)
			continue
		}
		if !maps.Equal(state.Identity, want) || state.Values["name"] != "www" || state.Values["private_key"] != nil {
			t.Errorf("%v: imported %v", identity, state)
		}
	}
	for _, row := range []struct {
		identity        acctest.Values
		attribute, want string
	}{
		{acctest.Values{"project_id": OtherProjectID, "id": id}, "", "Unable to import"},
		{acctest.Values{"id": strings.Repeat("0", 32)}, "", "Project " + ProjectID + " has no certificate"},
		{acctest.Values{"id": "www"}, "id", `"www" is not valid: it must be 32 hexadecimal characters`},
		{acctest.Values{"id": id, "project_id": ""}, "project_id", "The project ID is empty"},
		{acctest.Values{"id": id, "project_id": "a/b"}, "project_id", `contains "/"`},
	} {
		_, diagnostics := server.ImportByIdentity(row.identity)
		wantError(t, diagnostics, row.attribute, row.want)
	}

	// An invalid ID is reported even if an argument of the provider is not known yet.
	config := cloud.Configuration()
	config["token"] = acctest.Unknown
	unready := acctest.NewServer(t, provider.New("test", nil)(), config)
	_, byID := unready.Import("www")
	_, byIdentity := unready.ImportByIdentity(acctest.Values{"id": "www"})
	for _, diagnostics := range []acctest.Diagnostics{byID, byIdentity} {
		if len(diagnostics) != 1 || !strings.Contains(diagnostics[0].Detail, `"www" is not valid`) {
			t.Errorf("it says %q", diagnosticTexts(diagnostics))
		}
	}

	_, diagnostics := server.Import(pair.PrivateKey)
	wantError(t, diagnostics, "", "The import ID [not shown")

	// An import does not see the project_id of the resource.
	for _, project := range []any{nil, acctest.Unknown} {
		config := cloud.Configuration()
		config["project_id"] = project
		_, diagnostics := acctest.NewServer(t, provider.New("test", nil)(), config).Import(id)
		wantError(t, diagnostics, "", "for an import, in front of its ID")
	}
}

// TestIdentityOfAnotherProject imports a certificate of another project, with credentials that have
// access to both projects.
func TestIdentityOfAnotherProject(t *testing.T) {
	t.Parallel()
	cloud := NewCloud(t)
	config := acctest.Values{
		"endpoint":   cloud.Endpoint,
		"project_id": ProjectID,
		"access_key": AccessKey,
		"secret_key": SecretKey,
	}
	server := acctest.NewServer(t, provider.New("test", nil)(), config)
	pair := NewPair()
	id := cloud.Add(elbstub.Certificate{
		ProjectID:   OtherProjectID,
		Certificate: pair.Certificate,
		PrivateKey:  pair.PrivateKey,
	})
	_, diagnostics := server.ImportByIdentity(acctest.Values{"project_id": ProjectID, "id": id})
	wantError(t, diagnostics, "", "If the certificate belongs to another project, import by project_id/id")
	wantError(t, diagnostics, "", "If it was deleted, remove the import block")
	state, diagnostics := server.ImportByIdentity(acctest.Values{"project_id": OtherProjectID, "id": id})
	if diagnostics.HasError() || state.Values["project_id"] != OtherProjectID {
		t.Errorf("imported %v, %v", state, diagnostics)
	}
}

// TestGeneratedConfiguration: the configuration that Terraform generates for an imported
// certificate lacks only the key. With a write-only key, the plan is empty.
func TestGeneratedConfiguration(t *testing.T) {
	t.Parallel()
	cloud := NewCloud(t)
	server := cloud.Server(t, provider.New("test", nil)())
	pair := NewPair()
	for _, cert := range []elbstub.Certificate{{}, {Name: "www", Description: "d", Domain: "www.example.com"}} {
		cert.ProjectID, cert.Certificate, cert.PrivateKey = ProjectID, pair.Certificate, pair.PrivateKey
		state, diagnostics := server.Import(cloud.Add(cert))
		if diagnostics.HasError() {
			t.Fatal(diagnostics[0].Detail)
		}
		config := server.GenerateConfig(state)
		diagnostics = server.Validate(config)
		wantError(t, diagnostics, "private_key", "Missing private key")
		if len(diagnostics) != 1 {
			t.Errorf("%d errors, want 1", len(diagnostics))
		}
		config["private_key_wo"] = pair.PrivateKey
		if diagnostics := server.Validate(config); diagnostics.HasError() {
			t.Error(diagnostics[0].Detail)
		}
		plan, diagnostics := server.Plan(state, config)
		if diagnostics.HasError() || len(plan.Replace) > 0 || !reflect.DeepEqual(plan.Values, state.Values) {
			t.Errorf("it plans %v, replaces %v, says %v", plan.Values, plan.Replace, diagnostics)
		}
	}
}

// TestAccImportExamples imports by each import block of the documentation, uses the configuration
// that Terraform generates, and adds the missing key. The apply then imports the certificate
// without changing it.
func TestAccImportExamples(t *testing.T) {
	t.Parallel()
	for file, since := range map[string]string{
		"import-by-string-id.tf": "1.11.0",
		"import-by-identity.tf":  "1.12.0",
	} { // the same version of Terraform and OpenTofu
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			cloud, cli := NewCloud(t), acctest.NewCLI(t)
			cli.Needs(since, since)
			pair := NewPair()
			id := add(cloud, "www", pair)
			cli.WriteFile("www.example.com.key", pair.PrivateKey)
			block := strings.ReplaceAll(example(t, "resources/elbaas_certificate/"+file), exampleID, id)
			// Terraform 1.16.0 to 1.16.2 need to be told the provider.
			cli.WriteFile("import.tf", strings.Replace(block, "{\n", "{\n  provider = elbaas\n", 1))
			cli.Configure(cloud.Provider())

			said, err := cli.Try("plan", "-generate-config-out=generated.tf")
			if err == nil || strings.Count(said, "Error:") != 1 ||
				!strings.Contains(said, "Error: Missing private key") {
				t.Errorf("want an error about the key alone: %v: %s", err, said)
			}
			generated := cli.ReadFile("generated.tf")
			for _, line := range keyLines(pair) {
				if line != "" && strings.Contains(generated, line) {
					t.Errorf("the key was generated:\n%s", generated)
				}
			}
			cli.WriteFile("generated.tf", withKey(t, generated))
			cli.WriteFile("import.tf", block)
			if said := cli.Run("apply", "-auto-approve"); !strings.Contains(said,
				"1 imported, 0 added, 0 changed, 0 destroyed") {
				t.Errorf("it says %s", said)
			}
			if said := cli.Run("plan"); !strings.Contains(said, "No changes") {
				t.Errorf("it plans %s", said)
			}
		})
	}
}

// TestAccImportCommand imports by each command of the documentation.
func TestAccImportCommand(t *testing.T) {
	t.Parallel()
	commands := 0
	for line := range strings.Lines(example(t, "resources/elbaas_certificate/import.sh")) {
		command, isCommand := strings.CutPrefix(strings.TrimSpace(line), "terraform ")
		if !isCommand {
			continue
		}
		commands++
		cloud, cli := NewCloud(t), acctest.NewCLI(t)
		pair := NewPair()
		id := add(cloud, "www-example-com", pair)
		writePair(cli, pair)
		cli.Configure(cloud.Provider() + example(t, "resources/elbaas_certificate/write-only.tf"))
		cli.Run(strings.Fields(strings.ReplaceAll(command, exampleID, id))...)
		if said := cli.Run("plan"); !strings.Contains(said, "No changes") {
			t.Errorf("%s: it plans %s", command, said)
		}
	}
	if commands != 2 {
		t.Errorf("there are %d commands, want 2", commands)
	}
}
