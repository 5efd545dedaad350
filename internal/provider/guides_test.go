package provider_test

import (
	"context"
	"crypto/sha256"
	"encoding/pem"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/elbaas/terraform-provider-elbaas/internal/acctest"
	"github.com/elbaas/terraform-provider-elbaas/internal/elbstub"
	"github.com/elbaas/terraform-provider-elbaas/internal/provider"
	"github.com/elbaas/terraform-provider-elbaas/internal/throwaway"
)

// TestAccRotationGuide rotates the certificate of the guide while another listener uses it as well: the configured
// listener is switched, and the old certificate waits for the other one.
func TestAccRotationGuide(t *testing.T) {
	t.Parallel()
	cloud, cli := NewCloud(t), acctest.NewCLI(t)
	r := &rotation{t: t, cloud: cloud, cli: cli, listener: listen(cloud)}
	byHand := r.serves()
	r.configure("guides/rotation.tf")
	old := r.serves()
	other := cloud.AddListener(elbstub.Listener{ProjectID: ProjectID, Name: "other", CertificateID: old})

	r.renew()
	cloud.Script(elbstub.DeleteCertificate, 1, func(next elbstub.Next) elbstub.Response {
		refused := next()
		if r.serves() == old || r.serves() == byHand {
			t.Error("the listener is not switched while the old certificate goes")
		}
		cloud.Remove(other) // it no longer uses the certificate
		return refused
	})
	said := cli.Run("apply", "-auto-approve")
	if deletes := len(cloud.Journal(elbstub.DeleteCertificate)); deletes != 2 {
		t.Errorf("%d deletions, want one that is refused and one that is not: %s", deletes, said)
	}
	for _, cert := range cloud.Certificates(ProjectID) {
		if cert.ID == old {
			t.Error("the old certificate is there still")
		}
	}
	r.expectEmptyPlan()

	cli.Setenv("TF_VAR_fallback_certificate_id", byHand)
	cli.Run("apply", "-auto-approve")
	cli.Run("destroy", "-auto-approve")
	if id := r.serves(); id != byHand || cloud.Only(t).ID != byHand {
		t.Errorf("the listener serves %s, want the fallback %s", id, byHand)
	}
}

// configure applies a configuration of the guides to the listener.
func (r *rotation) configure(path string) {
	r.t.Helper()
	r.renew()
	r.cli.Setenv("TF_VAR_listener_id", r.listener)
	r.cli.Configure(r.cloud.Provider() + example(r.t, path))
	r.cli.Run("apply", "-auto-approve")
	r.expectEmptyPlan()
}

// TestAccExpiredGuide replaces an expired certificate as in the first section of the guide, in one apply: once without
// an import, and once by importing the old certificate.
func TestAccExpiredGuide(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		config, planned string
		left            int // how many certificates are left
	}{
		"without an import": {example(t, "guides/expired.tf"), "2 to add, 0 to change, 0 to destroy", 2},
		"with an import": {
			example(t, "guides/expired.tf") + example(t, "guides/expired-import.tf"),
			"1 to import, 2 to add, 0 to change, 1 to destroy",
			1,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cloud, cli := NewCloud(t), acctest.NewCLI(t)
			cli.Needs("1.11.0", "1.11.0")
			old := add(cloud, "www-example-com", NewPairUntil(time.Now().AddDate(0, 0, -1)))
			listener := cloud.AddListener(elbstub.Listener{
				ProjectID: ProjectID, Name: "www", CertificateID: old,
			})
			cli.Configure(cloud.Provider() + example(t, "guides/find-listeners.tf"))
			said := cli.Run("plan")
			for _, want := range []string{listener, old} {
				if !strings.Contains(said, want) {
					t.Errorf("the plan does not show %s: %s", want, said)
				}
			}

			writePair(cli, NewPair())
			cli.WriteFile("ca-bundle.crt", NewPair().Certificate)
			names := strings.NewReplacer(exampleID, old, exampleListenerID, listener)
			cli.Configure(cloud.Provider() + names.Replace(row.config))
			if said := cli.Run("apply", "-auto-approve"); !strings.Contains(said, row.planned) {
				t.Errorf("it does not plan %q: %s", row.planned, said)
			}
			served := ""
			for _, l := range cloud.Listeners(ProjectID) {
				served = l.CertificateID
			}
			if certs := cloud.Certificates(ProjectID); len(certs) != row.left || served == old {
				t.Errorf("%d certificates are left, want %d; the listener serves %s", len(certs), row.left, served)
			}
			if said := cli.Run("plan"); !strings.Contains(said, "No changes") {
				t.Errorf("it plans %s", said)
			}
		})
	}
}

// TestAccRotationLookup finds the new certificate by its name while the old one still exists.
func TestAccRotationLookup(t *testing.T) {
	t.Parallel()
	OnceForAllDialects(t)
	cloud, cli := NewCloud(t), acctest.NewCLI(t)
	renewed := add(cloud, "www-example-com", NewPair())
	add(cloud, "www-example-com", NewPairUntil(time.Now().AddDate(0, 0, 10)))
	cli.Configure(cloud.Provider() + example(t, "guides/rotation-lookup.tf") +
		"output \"found\" {\n  value = data.elbaas_certificate.www.id\n}\n")
	if said := cli.Run("apply", "-auto-approve"); !strings.Contains(said, `found = "`+renewed+`"`) {
		t.Errorf("it does not find %s: %s", renewed, said)
	}
}

// TestAccRotationWithoutRoom: the quota has room for only one of two new certificates. No listener is switched, however
// often it is applied, until the old files of the other certificate are back.
func TestAccRotationWithoutRoom(t *testing.T) {
	t.Parallel()
	cloud := NewCloud(t, func(o *elbstub.Options) { o.Quota = 3 })
	r := &rotation{t: t, cloud: cloud, cli: acctest.NewCLI(t)}
	configureMany(cloud, r.cli, 2)
	old := []throwaway.Pair{NewPair(), NewPair()}
	renewed := []throwaway.Pair{NewPair(), NewPair()}
	for i, pair := range old {
		writeNumbered(r.cli, i, pair)
	}
	r.cli.Run("apply", "-auto-approve")
	for i, pair := range renewed {
		writeNumbered(r.cli, i, pair)
	}
	r.writes()
	for range 2 {
		said, err := r.cli.Try("apply", "-auto-approve")
		if err == nil || !strings.Contains(said, "ELB.5151") || !strings.Contains(said, "put back the old files") {
			t.Errorf("it says %v: %s", err, said)
		}
	}
	for _, write := range r.writes() {
		if !strings.HasPrefix(write, string(elbstub.CreateCertificate)) {
			t.Errorf("it sends %q", write)
		}
	}

	rejected := slices.IndexFunc(renewed, func(pair throwaway.Pair) bool {
		return !slices.ContainsFunc(cloud.Certificates(ProjectID), func(cert elbstub.Certificate) bool {
			return cert.Certificate == strings.TrimSpace(pair.Certificate)
		})
	})
	for _, pair := range []throwaway.Pair{old[rejected], renewed[rejected]} {
		writeNumbered(r.cli, rejected, pair)
		r.cli.Run("apply", "-auto-approve")
	}
	r.sends("one at a time", elbstub.ModifyListener, elbstub.DeleteCertificate,
		elbstub.CreateCertificate, elbstub.ModifyListener, elbstub.DeleteCertificate)
}

// TestAccRotationWithNames: if names must differ, the name can be derived from the content.
func TestAccRotationWithNames(t *testing.T) {
	t.Parallel()
	OnceForAllDialects(t)
	cloud, cli := NewCloud(t), acctest.NewCLI(t)
	cli.Configure(cloud.Provider() + example(t, "guides/rotation-name.tf"))
	names := map[string]bool{}
	for range 2 {
		pair := NewPair()
		writePair(cli, pair)
		cloud.Script(elbstub.CreateCertificate, 1, func(next elbstub.Next) elbstub.Response {
			response := next()
			for _, cert := range cloud.Certificates(ProjectID) {
				names[cert.Name] = true
			}
			return response
		})
		cli.Run("apply", "-auto-approve")
		block, _ := pem.Decode([]byte(pair.Certificate))
		fingerprint := sha256.Sum256(block.Bytes)
		if want := fmt.Sprintf("www-%x", fingerprint[:4]); cloud.Only(t).Name != want {
			t.Errorf("the name is %s, want %s", cloud.Only(t).Name, want)
		}
	}
	if len(names) != 2 {
		t.Errorf("the names are %v, want two", names)
	}
}

// TestAccKeyLeavesTheState moves a key from one attribute to the other, and back.
func TestAccKeyLeavesTheState(t *testing.T) {
	t.Parallel()
	cloud, cli := NewCloud(t), acctest.NewCLI(t)
	cli.Needs("1.11.0", "1.11.0")
	pair := NewPair()
	writePair(cli, pair)
	config := example(t, "resources/elbaas_certificate/write-only.tf")
	for i, step := range []struct{ config, planned string }{
		{strings.ReplaceAll(config, "private_key_wo", "private_key"), "1 to add"},
		{config, "0 to add, 1 to change, 0 to destroy"},
		{strings.ReplaceAll(config, "private_key_wo", "private_key"), "0 to add, 1 to change, 0 to destroy"},
	} {
		cli.Configure(cloud.Provider() + step.config)
		if said := cli.Run("apply", "-auto-approve"); !strings.Contains(said, step.planned) {
			t.Errorf("step %d: it does not plan %q: %s", i, step.planned, said)
		}
		state, kept := cli.Run("state", "pull"), step.config != config
		for _, line := range keyLines(pair) {
			if line != "" && strings.Contains(state, line) != kept {
				t.Errorf("step %d: the key is in the state %t, want %t", i, !kept, kept)
			}
		}
	}
	if writes := len(cloud.Journal(elbstub.CreateCertificate, elbstub.ModifyCertificate,
		elbstub.DeleteCertificate)); writes != 1 {
		t.Errorf("%d writes, want the first alone", writes)
	}
}

// TestAccImportGuide finds a certificate, and imports it as one of many, without changing anything.
func TestAccImportGuide(t *testing.T) {
	t.Parallel()
	cloud, cli := NewCloud(t), acctest.NewCLI(t)
	cli.Needs("1.11.0", "1.11.0")
	pair := NewPair()
	writePair(cli, throwaway.Pair{Certificate: throwaway.Forms(pair.Certificate)["CRLF"], PrivateKey: pair.PrivateKey})
	id := add(cloud, "www-example-com", pair)
	cli.Configure(cloud.Provider() + example(t, "guides/find-certificates.tf"))
	said := cli.Run("plan")
	for _, want := range []string{id, `"www-example-com"`, `"www.example.com"`} {
		if !strings.Contains(said, want) {
			t.Errorf("the plan does not show %s: %s", want, said)
		}
	}
	cli.Configure(cloud.Provider() + strings.ReplaceAll(example(t, "guides/import.tf"), exampleID, id))
	if said = cli.Run("apply", "-auto-approve"); !strings.Contains(said,
		"1 imported, 0 added, 0 changed, 0 destroyed") {
		t.Errorf("it says %s", said)
	}
	if writes := len(cloud.Journal(elbstub.CreateCertificate, elbstub.ModifyCertificate,
		elbstub.DeleteCertificate)); writes != 0 {
		t.Errorf("%d writes, want none", writes)
	}
}

// TestAccFromRESTGuide takes a certificate over from another provider. One that is available on every machine stands in
// for it, because its resource is only forgotten.
func TestAccFromRESTGuide(t *testing.T) {
	t.Parallel()
	cloud, cli := NewCloud(t), acctest.NewCLI(t)
	cli.Needs("1.11.0", "1.11.0")
	pair := NewPair()
	writePair(cli, pair)
	id := add(cloud, "www-example-com", pair)
	cli.Configure(cloud.Provider() + "resource \"terraform_data\" \"www\" {\n  input = \"stands in\"\n}\n")
	cli.Run("apply", "-auto-approve")
	guide := strings.NewReplacer(exampleID, id, "restapi_object.www",
		"terraform_data.www").Replace(example(t, "guides/from-rest.tf"))
	cli.Configure(cloud.Provider() + guide)
	said := cli.Run("plan")
	if !strings.Contains(said, "1 to import, 0 to add, 0 to change, 0 to destroy") ||
		!strings.Contains(said, "will not be destroyed") {
		t.Errorf("it plans %s", said)
	}
	cli.Run("apply", "-auto-approve")
	if left := cli.Run("state", "list"); left != "elbaas_certificate.www" {
		t.Errorf("the state has %s", left)
	}
	if cloud.Only(t).ID != id {
		t.Error("it is another certificate")
	}
}

// TestAccWithoutACloudGuide runs the script of the guide, with the stub as it is released, and the quick start.
func TestAccWithoutACloudGuide(t *testing.T) {
	t.Parallel()
	OnceForAllDialects(t)
	cli := acctest.NewInstalledCLI(t, "")
	installStub(t, cli)
	writePair(cli, NewPair())
	// The provider is installed as from Terraform's registry, but OpenTofu uses another one.
	cli.WriteFile("main.tf", strings.ReplaceAll(example(t, "quickstart/main.tf"), `"elbaas/elbaas"`,
		Quote(provider.Address)))
	said, err := cli.TryScript(strings.ReplaceAll(example(t, "guides/without-a-cloud.sh"), "127.0.0.1:8080",
		freeAddress(t)))
	if err != nil || !strings.Contains(said, "1 added") || !strings.Contains(said, "No changes") {
		t.Errorf("%v: %s", err, said)
	}
}

// TestScriptsWithoutTheStub: if the stub does not start, the script ends without running Terraform.
func TestScriptsWithoutTheStub(t *testing.T) {
	t.Parallel()
	shell, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("there is no shell")
	}
	for _, name := range []string{"without-a-cloud.sh", "test-your-modules.sh"} {
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		// A program that does not exist fails like a stub whose port is in use.
		script := strings.ReplaceAll(example(t, "guides/"+name), "elbstub -addr", "no-such-program -addr")
		command := exec.CommandContext(ctx, shell, "-c", script)
		command.Dir, command.Env = t.TempDir(), append(os.Environ(), "TF=echo")
		command.WaitDelay = time.Second // its children may keep the output open
		said, err := command.CombinedOutput()
		if ctx.Err() != nil || err == nil || strings.Contains(string(said), "init -input=false") {
			t.Errorf("%s: %v, %v: %s", name, err, ctx.Err(), said)
		}
	}
}

// installStub builds the stub as it is released, where the scripts of a CLI find it.
func installStub(t *testing.T, cli *acctest.CLI) {
	t.Helper()
	folder := t.TempDir()
	build := exec.CommandContext(t.Context(), "go", "build", "-o", folder+string(filepath.Separator), "../cmd/elbstub")
	if said, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, said)
	}
	cli.Setenv("PATH", folder+string(os.PathListSeparator)+os.Getenv("PATH"))
}

// TestAccTestYourModules runs the tests of the guide: with mocks, whose values are valid for functions, and with the
// stub.
func TestAccTestYourModules(t *testing.T) {
	t.Parallel()
	OnceForAllDialects(t)
	cli := acctest.NewInstalledCLI(t, "")
	cli.Needs("1.11.0", "") // OpenTofu does not read mock files
	pair := NewPair()
	cli.WriteFile("tests/www.example.com.crt", pair.Certificate)
	cli.WriteFile("tests/www.example.com.key", pair.PrivateKey)
	cli.WriteFile("tests/elbaas.tfmock.hcl", example(t, "tests/elbaas.tfmock.hcl"))
	cli.WriteFile("tests/mocks.tftest.hcl", example(t, "tests/mocks.tftest.hcl"))
	cli.Configure(example(t, "guides/test-your-modules.tf"))
	if said := cli.Run("test"); !strings.Contains(said, "Success! 1 passed, 0 failed") {
		t.Errorf("with mocks: %s", said)
	}

	installStub(t, cli)
	cli.WriteFile("tests/stub.tftest.hcl", example(t, "tests/stub.tftest.hcl"))
	script := strings.ReplaceAll(example(t, "guides/test-your-modules.sh"), "127.0.0.1:8080", freeAddress(t))
	if said, err := cli.TryScript(script); err != nil || !strings.Contains(said, "Success! 2 passed, 0 failed") {
		t.Errorf("with the stub: %v: %s", err, said)
	}
}

// freeAddress returns an address on which nothing listens.
func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	return listener.Addr().String()
}

// TestDoesYourCloudHaveIt runs the script that tells whether a cloud has the API, as the documentation and both READMEs
// have it.
func TestDoesYourCloudHaveIt(t *testing.T) {
	t.Parallel()
	shell, shellError := exec.LookPath("sh")
	_, curlError := exec.LookPath("curl")
	if shellError != nil || curlError != nil {
		t.Skip("there is no shell or no curl")
	}
	script := example(t, "guides/has-it.sh")
	for _, readme := range []string{"README.md", "README.zh-CN.md"} {
		if !strings.Contains(example(t, "../"+readme), script) {
			t.Errorf("%s shows another script", readme)
		}
	}
	cloud := NewCloud(t)
	add(cloud, "www", NewPair())
	const address = "https://elb.eu-de.otc.t-systems.com"
	for name, row := range map[string]struct{ endpoint, token, want string }{
		"it has it":     {cloud.Endpoint, Token, "200\n"},
		"another token": {cloud.Endpoint, "another", "401\n"},
		"no such API":   {cloud.Endpoint + "/v3", Token, "404\n"},
		"nothing there": {"http://" + freeAddress(t), Token, "000\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			command := exec.CommandContext(t.Context(), shell, "-c", strings.Replace(script, address, row.endpoint, 1))
			command.Env = append(os.Environ(), "OS_AUTH_TOKEN="+row.token, "no_proxy=127.0.0.1")
			if said, _ := command.CombinedOutput(); string(said) != row.want {
				t.Errorf("it prints %q, want %q", said, row.want)
			}
		})
	}
}

// TestAccDoesYourCloudHaveIt makes the same call with the data source.
func TestAccDoesYourCloudHaveIt(t *testing.T) {
	t.Parallel()
	OnceForAllDialects(t)
	cloud, cli := NewCloud(t), acctest.NewCLI(t)
	add(cloud, "www", NewPair())
	cli.Configure(cloud.Provider() + example(t, "guides/has-it.tf"))
	if said := cli.Run("plan"); !strings.Contains(said, "number_of_certificates = 1") {
		t.Errorf("it plans %s", said)
	}
	cloud.Script(elbstub.ListCertificates, 1,
		elbstub.Reply(404, `{"error_code":"APIGW.0101","error_msg":"The API does not exist"}`))
	if said, err := cli.Try("plan"); err == nil || !strings.Contains(said, "APIGW.0101") {
		t.Errorf("without the API it says %v: %s", err, said)
	}
}

// TestAccImportInstead: in a rotation, the response to the creation is lost, and two certificates may be the new one.
// The error says how to import one of them instead of the old one, which is still in the state.
func TestAccImportInstead(t *testing.T) {
	t.Parallel()
	cloud := NewCloud(t)
	r := &rotation{t: t, cloud: cloud, cli: acctest.NewCLI(t), listener: listen(cloud)}
	r.configure("guides/rotation.tf")
	r.renew()
	cloud.Script(elbstub.CreateCertificate, 1, func(next elbstub.Next) elbstub.Response {
		next()
		next()
		return elbstub.Response{}
	})
	said, _ := r.cli.Try("apply", "-auto-approve")
	command := regexp.MustCompile(`terraform import ADDRESS (\S+/(\S+))`).FindStringSubmatch(said)
	if command == nil || !strings.Contains(said, "first run") {
		t.Fatalf("it says %s", said)
	}
	const address = "elbaas_certificate.www"
	if said, err := r.cli.Try("import", address, command[1]); err == nil {
		t.Errorf("the import beside the old certificate says %s", said)
	}
	r.cli.Run("state", "rm", address)
	r.cli.Run("import", address, command[1])
	r.cli.Run("apply", "-auto-approve")
	r.expectEmptyPlan()
	if r.serves() != command[2] {
		t.Errorf("the listener serves %s, want %s", r.serves(), command[2])
	}
}
