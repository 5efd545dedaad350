package provider_test

import (
	"archive/zip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/elbaas/terraform-provider-elbaas/internal/acctest"
	"github.com/elbaas/terraform-provider-elbaas/internal/elbstub"
)

// snapshotVariable names the directory with the files of a release.
const snapshotVariable = "ELBAAS_TEST_SNAPSHOT"

const repository = "terraform-provider-elbaas"

// snapshot returns that directory, the version in it, and the suffix of the files for this machine.
func snapshot(t *testing.T) (dist, version, target string) {
	t.Helper()
	dist, target = os.Getenv(snapshotVariable), "_"+runtime.GOOS+"_"+runtime.GOARCH
	if dist == "" {
		t.Skip("there is no release to test: make test-snapshot builds one")
	}
	archives, err := filepath.Glob(filepath.Join(dist, repository+"_*"+target+".zip"))
	if err != nil || len(archives) != 1 {
		t.Fatalf("%s has %d archives for %s, want 1: %v", dist, len(archives), target, err)
	}
	version, _, _ = strings.Cut(strings.TrimPrefix(filepath.Base(archives[0]), repository+"_"), "_")
	return dist, version, target
}

// TestAccSnapshot installs the provider from its archive, and applies the quick start.
func TestAccSnapshot(t *testing.T) {
	t.Parallel()
	dist, version, target := snapshot(t)
	cloud, cli := NewCloud(t), acctest.NewInstalledCLI(t,
		filepath.Join(dist, repository+"_"+version+target+".zip"))
	pair := NewPair()
	writePair(cli, pair)
	cli.WriteFile("main.tf", example(t, "quickstart/main.tf"))
	cli.Setenv("ELBAAS_ENDPOINT", cloud.Endpoint)
	cli.Setenv("HW_PROJECT_ID", ProjectID)
	cli.Setenv("HW_AUTH_TOKEN", Token)
	cli.Run("init")
	cli.Run("apply", "-auto-approve")
	if created := cloud.Only(t); created.Name != "www-example-com" || !sameText(created.Certificate, pair.Certificate) {
		t.Errorf("the cloud has %s, %s", created.Name, created.Certificate)
	}
	agent := cloud.Journal(elbstub.CreateCertificate)[0].Header.Get("User-Agent")
	if !strings.HasPrefix(agent, repository+"/"+version+" ") {
		t.Errorf("it says that it is %s, want version %s", agent, version)
	}
	if said := cli.Run("plan"); !strings.Contains(said, "No changes") {
		t.Errorf("the plan is not empty: %s", said)
	}
	cli.Run("destroy", "-auto-approve")
	if left := cloud.Certificates(ProjectID); len(left) != 0 {
		t.Errorf("%d certificates are left", len(left))
	}
}

// TestSnapshotFiles: the archives have the right files and no others, each SBOM is of this
// provider, and the checksums cover all files.
func TestSnapshotFiles(t *testing.T) {
	t.Parallel()
	dist, version, target := snapshot(t)
	program := repository + "_v" + version
	stub := "elbstub"
	if runtime.GOOS == "windows" {
		program, stub = program+".exe", stub+".exe"
	}
	for archive, want := range map[string]string{
		repository + "_" + version + target + ".zip": program,
		"elbstub_" + version + target + ".zip":       stub,
	} {
		packed, err := zip.OpenReader(filepath.Join(dist, archive))
		if err != nil {
			t.Fatal(err)
		}
		var files []string
		for _, file := range packed.File {
			files = append(files, file.Mode().String()+" "+file.Name)
		}
		_ = packed.Close()
		if !slices.Equal(files, []string{"-rw-r--r-- LICENSE", "-rwxr-xr-x " + want}) {
			t.Errorf("%s has %q", archive, files)
		}
	}

	var manifest struct {
		Version  int
		Metadata struct {
			ProtocolVersions []string `json:"protocol_versions"`
		}
	}
	decode(t, "../../terraform-registry-manifest.json", &manifest)
	if manifest.Version != 1 || !slices.Equal(manifest.Metadata.ProtocolVersions, []string{"6.0"}) {
		t.Errorf("the manifest says %+v", manifest)
	}

	type component struct{ Name, Version string }
	var bom struct {
		BOMFormat  string `json:"bomFormat"`
		Metadata   struct{ Component component }
		Components []component
	}
	decode(t, filepath.Join(dist, repository+"_"+version+target+".cdx.json"), &bom)
	uses := func(name string) bool {
		return slices.ContainsFunc(bom.Components, func(c component) bool { return c.Name == name })
	}
	if want := (component{"github.com/elbaas/" + repository, "v" + version}); bom.BOMFormat != "CycloneDX" ||
		bom.Metadata.Component != want {
		t.Errorf("the SBOM is in the format %q, of %v, want %v", bom.BOMFormat, bom.Metadata.Component, want)
	}
	if !uses("github.com/hashicorp/terraform-plugin-framework") ||
		uses("github.com/hashicorp/terraform-plugin-testing") {
		t.Errorf("the SBOM has the components %v", bom.Components)
	}

	checkSums(t, dist, version)
}

// checkSums checks that the list of checksums has every file, with the right sum.
func checkSums(t *testing.T, dist, version string) {
	t.Helper()
	paths := map[string]string{repository + "_" + version + "_manifest.json": "../../terraform-registry-manifest.json"}
	for _, pattern := range []string{"*.zip", "*.cdx.json"} {
		found, err := filepath.Glob(filepath.Join(dist, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range found {
			paths[filepath.Base(path)] = path
		}
	}
	list, err := os.ReadFile(filepath.Join(dist, repository+"_"+version+"_SHA256SUMS"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(list)) {
		sum, name, _ := strings.Cut(strings.TrimSpace(line), "  ")
		path, known := paths[name]
		if !known {
			t.Errorf("there is no file of the name in %q", line)
			continue
		}
		delete(paths, name)
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if want := sha256.Sum256(content); sum != hex.EncodeToString(want[:]) {
			t.Errorf("the sum of %s is wrong", name)
		}
	}
	if len(paths) != 0 {
		t.Errorf("these have no sum: %v", paths)
	}
}

func decode(t *testing.T, path string, into any) {
	t.Helper()
	content, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(content, into)
	}
	if err != nil {
		t.Fatal(err)
	}
}
