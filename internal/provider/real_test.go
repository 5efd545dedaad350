package provider_test

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"os"
	"os/exec"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/elbaas/terraform-provider-elbaas/internal/elbstub"
	"github.com/elbaas/terraform-provider-elbaas/internal/pemcert"
	"github.com/elbaas/terraform-provider-elbaas/internal/throwaway"
)

// runReal runs two tests of this package again, one for a real cloud and one that is not, in an
// environment that names such a cloud. It returns what they print.
func runReal(t *testing.T, variables []string, arguments ...string) (string, error) {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	arguments = append(arguments, "-test.v", "-test.run=^(TestAccRealCertificate|TestTextRules)$")
	command := exec.CommandContext(t.Context(), program, arguments...)
	command.Env = append(os.Environ(), variables...)
	said, err := command.CombinedOutput()
	return string(said), err
}

// exported returns the variables that name a cloud.
func exported(cloud *Cloud) []string {
	return []string{"TF_ACC=1", "TF_ACC_REAL=1", "ELBAAS_ENDPOINT=" + cloud.Endpoint, "HW_PROJECT_ID=" +
		ProjectID, "HW_AUTH_TOKEN=" + Token}
}

// ran returns the names of the tests that ran.
func ran(said string) []string {
	var names []string
	for _, match := range regexp.MustCompile(`(?m)^=== RUN +(\S+)`).FindAllStringSubmatch(said, -1) {
		names = append(names, match[1])
	}
	return names
}

// addForSweeper adds a certificate for a domain, as if it had been created some time ago.
func addForSweeper(t *testing.T, cloud *Cloud, projectID, name, domain string, age time.Duration) string {
	t.Helper()
	from := time.Now().Add(-age - time.Hour)
	template := x509.Certificate{
		Subject: pkix.Name{CommonName: domain}, NotBefore: from,
		NotAfter: from.AddDate(0, 0, 90),
	}
	content := throwaway.Issue(&template, throwaway.NewECKey(), nil, nil)
	return cloud.Add(elbstub.Certificate{ProjectID: projectID, Name: name, Certificate: content})
}

const realDomain = "terraform-provider-elbaas.invalid"

// TestAccForReal: the test for a real cloud passes against a stub, no other test runs, and existing
// certificates are not changed.
func TestAccForReal(t *testing.T) {
	t.Parallel()
	OnceForAllDialects(t)
	if os.Getenv("TF_ACC") == "" {
		t.Skip("acceptance tests run with TF_ACC=1")
	}
	cloud := NewCloud(t)
	addForSweeper(t, cloud, ProjectID, "tf-acc-of-another-run", realDomain, 24*time.Hour)
	addForSweeper(t, cloud, ProjectID, "www", "www.example.com", 0)
	before := cloud.Certificates(ProjectID)
	posts := wantCalls(cloud, elbstub.CreateCertificate)
	puts := wantCalls(cloud, elbstub.ModifyCertificate)
	deletes := wantCalls(cloud, elbstub.DeleteCertificate)

	said, err := runReal(t, exported(cloud))
	if err != nil || !slices.Equal(ran(said), []string{"TestAccRealCertificate"}) ||
		!strings.Contains(said, "--- PASS: TestAccRealCertificate") {
		t.Errorf("%v:\n%s", err, said)
	}
	if after := cloud.Certificates(ProjectID); !reflect.DeepEqual(after, before) {
		t.Errorf("the cloud has %v, and had %v", after, before)
	}
	posts(t, 1)
	puts(t, 2)
	deletes(t, 1)
}

// TestAccForRealLeft: if the certificate of the test still exists in the end, the test fails, and
// the sweeper recognizes the certificate.
func TestAccForRealLeft(t *testing.T) {
	t.Parallel()
	OnceForAllDialects(t)
	if os.Getenv("TF_ACC") == "" {
		t.Skip("acceptance tests run with TF_ACC=1")
	}
	cloud := NewCloud(t)
	cloud.Script(elbstub.DeleteCertificate, 1, elbstub.Reply(204, ""))
	said, err := runReal(t, exported(cloud))
	left := cloud.Only(t)
	if err == nil || !strings.Contains(said, "certificate "+left.ID) {
		t.Errorf("%v:\n%s", err, said)
	}
	chain, err := pemcert.ParseChain(left.Certificate)
	if err != nil {
		t.Fatal(err)
	}
	if subject := chain.Facts().Subject; !strings.HasPrefix(left.Name, "tf-acc-") || subject != "CN="+realDomain {
		t.Errorf("the sweeper does not know %q for %q", left.Name, subject)
	}
}

// TestRealWithoutCredentials: without credentials, the tests and the sweeper fail, and say what to
// set.
func TestRealWithoutCredentials(t *testing.T) {
	t.Parallel()
	for _, arguments := range [][]string{nil, {"-sweep=all"}} {
		said, err := runReal(t, []string{"TF_ACC=1", "TF_ACC_REAL=1"}, arguments...)
		if err == nil || !strings.Contains(said, "The provider has no credentials") ||
			!strings.Contains(said, "HW_ACCESS_KEY and HW_SECRET_KEY") {
			t.Errorf("%q: %v:\n%s", arguments, err, said)
		}
	}
}

// TestRealIsSkipped: tests for a real cloud are skipped unless they are requested.
func TestRealIsSkipped(t *testing.T) {
	t.Parallel()
	said, err := runReal(t, []string{"TF_ACC=1"})
	if err != nil || !strings.Contains(said, "--- SKIP: TestAccRealCertificate") ||
		!strings.Contains(said, "--- PASS: TestTextRules") {
		t.Errorf("%v:\n%s", err, said)
	}
}

// TestSweep: the sweeper deletes what a test has left, and nothing else.
func TestSweep(t *testing.T) {
	t.Parallel()
	const old, recent = 65 * time.Minute, 55 * time.Minute
	cloud := NewCloud(t)
	addForSweeper(t, cloud, ProjectID, "tf-acc-left", realDomain, old)
	addForSweeper(t, cloud, ProjectID, "tf-acc-left-renamed", realDomain, 24*time.Hour)
	stays := []string{
		addForSweeper(t, cloud, ProjectID, "", realDomain, old),
		addForSweeper(t, cloud, ProjectID, "www", realDomain, old),
		addForSweeper(t, cloud, ProjectID, "my-tf-acc-left", realDomain, old),
		addForSweeper(t, cloud, ProjectID, "tf-acc-left", "www.example.com", old),
		addForSweeper(t, cloud, ProjectID, "tf-acc-left", "www."+realDomain, old),
		addForSweeper(t, cloud, ProjectID, "tf-acc-left", realDomain, recent),
		cloud.Add(elbstub.Certificate{ProjectID: ProjectID, Name: "tf-acc-left", Certificate: throwaway.SM2}),
		cloud.Add(elbstub.Certificate{ProjectID: ProjectID, Name: "tf-acc-left", Certificate: "no PEM"}),
	}
	elsewhere := addForSweeper(t, cloud, OtherProjectID, "tf-acc-left", realDomain, old)

	if said, err := runReal(t, exported(cloud), "-sweep=all"); err != nil {
		t.Errorf("%v:\n%s", err, said)
	}
	var left []string
	for _, cert := range append(cloud.Certificates(ProjectID), cloud.Certificates(OtherProjectID)...) {
		left = append(left, cert.ID)
	}
	if !slices.Equal(left, append(stays, elsewhere)) {
		t.Errorf("left are %q, want %q and %s", left, stays, elsewhere)
	}
}

// TestSweepGoesOn: if a certificate cannot be deleted, the sweeper continues with the others, and
// fails in the end.
func TestSweepGoesOn(t *testing.T) {
	t.Parallel()
	cloud := NewCloud(t)
	addForSweeper(t, cloud, ProjectID, "tf-acc-left", realDomain, 2*time.Hour)
	addForSweeper(t, cloud, ProjectID, "tf-acc-left", realDomain, 2*time.Hour)
	cloud.Script(elbstub.DeleteCertificate, 1, elbstub.Reply(403, `{"error":{"code":"ELB.9802","message":"no"}}`))
	said, err := runReal(t, exported(cloud), "-sweep=all")
	if err == nil || !strings.Contains(said, "ELB.9802") {
		t.Errorf("%v:\n%s", err, said)
	}
	refused := cloud.Journal(elbstub.DeleteCertificate)[0].ID
	if left := cloud.Only(t).ID; left != refused {
		t.Errorf("%s is left, want %s", left, refused)
	}
}
