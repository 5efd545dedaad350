package provider_test

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/elbaas/terraform-provider-elbaas/internal/acctest"
	"github.com/elbaas/terraform-provider-elbaas/internal/elbstub"
	"github.com/elbaas/terraform-provider-elbaas/internal/provider"
	"github.com/elbaas/terraform-provider-elbaas/internal/throwaway"
)

// TestAccRotationGuide replaces a certificate that a listener holds: the new one is
// there before the old one goes, which waits for the listener to be moved.
func TestAccRotationGuide(t *testing.T) {
	t.Parallel()
	cloud, cli := acctest.NewCloud(t), acctest.NewCLI(t, provider.New("test"))
	writePair(cli, acctest.NewPair(t))
	cli.Configure(cloud.Provider() + example(t, "guides/rotation.tf"))
	cli.Run("apply", "-auto-approve")
	old := cloud.Only(t).ID
	listener := cloud.Listen(elbstub.Listener{ProjectID: acctest.ProjectID, Name: "https", CertificateID: old})

	writePair(cli, acctest.NewPair(t))
	cloud.Script(elbstub.DeleteCertificate, 1, func(answer elbstub.Answer) elbstub.Response {
		refused := answer()
		if len(cloud.Certificates(acctest.ProjectID)) != 2 {
			t.Error("the new certificate is not there while the old one goes")
		}
		cloud.Hangup(listener) // now it is moved
		return refused
	})
	said := cli.Run("apply", "-auto-approve")
	if deletes := len(cloud.Journal(elbstub.DeleteCertificate)); deletes != 2 {
		t.Errorf("%d deletions, want one that is refused and one that is not: %s", deletes, said)
	}
	if cert := cloud.Only(t); cert.ID == old || cert.Name != "www-example-com" || !strings.Contains(said, cert.ID) {
		t.Errorf("%s is left of %s: %s", cert.ID, old, said)
	}
}

// TestAccRotationLookup finds the new certificate by name while the old one is still there.
func TestAccRotationLookup(t *testing.T) {
	t.Parallel()
	acctest.OnceForAllDialects(t)
	cloud, cli := acctest.NewCloud(t), acctest.NewCLI(t, provider.New("test"))
	renewed := add(cloud, "www-example-com", acctest.NewPair(t))
	add(cloud, "www-example-com", acctest.NewPairUntil(t, time.Now().AddDate(0, 0, 10)))
	cli.Configure(cloud.Provider() + example(t, "guides/rotation-lookup.tf") +
		"output \"found\" {\n  value = data.elbaas_certificate.www.id\n}\n")
	if said := cli.Run("apply", "-auto-approve"); !strings.Contains(said, `found = "`+renewed+`"`) {
		t.Errorf("it does not find %s: %s", renewed, said)
	}
}

// TestAccRotationWithoutRoom: without room for one more, nothing is changed.
func TestAccRotationWithoutRoom(t *testing.T) {
	t.Parallel()
	cloud := acctest.NewCloud(t, func(o *elbstub.Options) { o.Quota = 1 })
	cli := acctest.NewCLI(t, provider.New("test"))
	writePair(cli, acctest.NewPair(t))
	cli.Configure(cloud.Provider() + example(t, "guides/rotation.tf"))
	cli.Run("apply", "-auto-approve")
	old := cloud.Only(t)
	writePair(cli, acctest.NewPair(t))
	said, err := cli.Try("apply", "-auto-approve")
	if err == nil || !strings.Contains(said, "ELB.5151") || !strings.Contains(said, "needs room for one more") {
		t.Errorf("it says %v: %s", err, said)
	}
	if left := cloud.Only(t); left != old {
		t.Errorf("%s is left of %s", left.ID, old.ID)
	}
}

// TestAccKeyLeavesTheState moves from one attribute to the other, and back.
func TestAccKeyLeavesTheState(t *testing.T) {
	t.Parallel()
	cloud, cli := acctest.NewCloud(t), acctest.NewCLI(t, provider.New("test"))
	cli.Needs("1.11.0", "1.11.0")
	pair := acctest.NewPair(t)
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
	if writes := len(cloud.Journal(elbstub.CreateCertificate, elbstub.ModifyCertificate, elbstub.DeleteCertificate)); writes != 1 {
		t.Errorf("%d writes, want the first alone", writes)
	}
}

// TestAccImportGuide imports many at once, and changes nothing.
func TestAccImportGuide(t *testing.T) {
	t.Parallel()
	cloud, cli := acctest.NewCloud(t), acctest.NewCLI(t, provider.New("test"))
	cli.Needs("1.11.0", "1.11.0")
	pair := acctest.NewPair(t)
	writePair(cli, throwaway.Pair{Certificate: acctest.Forms(pair.Certificate)["CRLF"], PrivateKey: pair.PrivateKey})
	id := add(cloud, "www", pair)
	cli.Configure(cloud.Provider() + strings.ReplaceAll(example(t, "guides/import.tf"), exampleID, id))
	if said := cli.Run("apply", "-auto-approve"); !strings.Contains(said, "1 imported, 0 added, 0 changed, 0 destroyed") {
		t.Errorf("it says %s", said)
	}
	if writes := len(cloud.Journal(elbstub.CreateCertificate, elbstub.ModifyCertificate, elbstub.DeleteCertificate)); writes != 0 {
		t.Errorf("%d writes, want none", writes)
	}
}

// TestAccFromRESTGuide takes a certificate over from another provider: one that is
// on every machine stands in for it, since it is only to be forgotten.
func TestAccFromRESTGuide(t *testing.T) {
	t.Parallel()
	cloud, cli := acctest.NewCloud(t), acctest.NewCLI(t, provider.New("test"))
	cli.Needs("1.11.0", "1.11.0")
	pair := acctest.NewPair(t)
	writePair(cli, pair)
	id := add(cloud, "www-example-com", pair)
	cli.Configure(cloud.Provider() + "resource \"terraform_data\" \"www\" {\n  input = \"stands in\"\n}\n")
	cli.Run("apply", "-auto-approve")
	guide := strings.NewReplacer(exampleID, id, "restapi_object.www", "terraform_data.www").Replace(example(t, "guides/from-rest.tf"))
	cli.Configure(cloud.Provider() + guide)
	said := cli.Run("plan")
	if !strings.Contains(said, "1 to import, 0 to add, 0 to change, 0 to destroy") || !strings.Contains(said, "will not be destroyed") {
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

// TestAccWithoutACloudGuide runs the script of the guide, with the stub as it is
// released, and the quickstart.
func TestAccWithoutACloudGuide(t *testing.T) {
	t.Parallel()
	acctest.OnceForAllDialects(t)
	cli := acctest.NewInstalledCLI(t, "")
	installStub(t, cli)
	writePair(cli, acctest.NewPair(t))
	// It is installed as Terraform's registry has it, and OpenTofu looks elsewhere.
	cli.WriteFile("main.tf", strings.ReplaceAll(example(t, "quickstart/main.tf"), `"elbaas/elbaas"`, acctest.Quote(provider.Address)))
	said, err := cli.TryScript(strings.ReplaceAll(example(t, "guides/without-a-cloud.sh"), "127.0.0.1:8080", freeAddress(t)))
	if err != nil || !strings.Contains(said, "1 added") || !strings.Contains(said, "No changes") {
		t.Errorf("%v: %s", err, said)
	}
}

// installStub builds the stub as it is released, for the scripts of a CLI to find.
func installStub(t *testing.T, cli *acctest.CLI) {
	t.Helper()
	folder := t.TempDir()
	build := exec.CommandContext(t.Context(), "go", "build", "-o", folder+string(filepath.Separator), "../cmd/elbstub")
	if said, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, said)
	}
	cli.Setenv("PATH", folder+string(os.PathListSeparator)+os.Getenv("PATH"))
}

// TestAccTestYourModules runs the tests of the guide: with mocks, whose values functions accept, and with the stub.
func TestAccTestYourModules(t *testing.T) {
	t.Parallel()
	acctest.OnceForAllDialects(t)
	cli := acctest.NewInstalledCLI(t, "")
	cli.Needs("1.11.0", "") // OpenTofu reads no mock files
	pair := acctest.NewPair(t)
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

// freeAddress is one that nobody listens at.
func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	return listener.Addr().String()
}
