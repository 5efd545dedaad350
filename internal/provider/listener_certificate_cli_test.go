package provider_test

import (
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/elbaas/terraform-provider-elbaas/internal/acctest"
	"github.com/elbaas/terraform-provider-elbaas/internal/elbstub"
	"github.com/elbaas/terraform-provider-elbaas/internal/throwaway"
)

// A rotation is a listener whose certificate is managed with the real CLI and the files of the documentation's example.
type rotation struct {
	t        *testing.T
	cloud    *Cloud
	cli      *acctest.CLI
	config   string
	listener string
	seen     int // how many calls of the journal were checked
}

// newRotation adds a listener that serves a certificate which somebody uploaded by hand, and switches it to the
// certificate of a configuration, with further lines.
func newRotation(t *testing.T, cli *acctest.CLI, more ...string) *rotation {
	t.Helper()
	cloud := NewCloud(t)
	r := &rotation{t: t, cloud: cloud, cli: cli, listener: listen(cloud)}
	r.config = strings.ReplaceAll(example(t, "resources/elbaas_listener_certificate/resource.tf"), exampleListenerID,
		r.listener)
	for _, line := range more {
		r.config = strings.ReplaceAll(r.config, "elbaas_certificate.www.id\n",
			"elbaas_certificate.www.id\n  "+line+"\n")
	}
	r.renew()
	cli.Configure(cloud.Provider() + r.config)
	cli.Run("apply", "-auto-approve")
	r.expectEmptyPlan()
	return r
}

// listen adds a listener that serves a certificate of somebody else.
func listen(cloud *Cloud) (id string) {
	byHand := cloud.Add(elbstub.Certificate{ProjectID: ProjectID, Name: "by-hand"})
	return cloud.AddListener(elbstub.Listener{ProjectID: ProjectID, Name: "www-443", CertificateID: byHand})
}

// renew writes new files.
func (r *rotation) renew() {
	r.t.Helper()
	writePair(r.cli, NewPair())
}

// writes returns the changes that were sent since the last call of writes, with the status of each response.
func (r *rotation) writes() (sent []string) {
	journal := r.cloud.Journal(elbstub.CreateCertificate, elbstub.ModifyCertificate, elbstub.DeleteCertificate,
		elbstub.ModifyListener)
	for _, call := range journal[r.seen:] {
		sent = append(sent, fmt.Sprintf("%s %dxx", call.Operation, call.Status/100))
	}
	r.seen = len(journal)
	return sent
}

// sends fails unless a command sends exactly these changes, all of which succeed.
func (r *rotation) sends(doing string, want ...elbstub.Operation) {
	r.t.Helper()
	succeeding := make([]string, len(want))
	for i, operation := range want {
		succeeding[i] = string(operation) + " 2xx"
	}
	if got := r.writes(); !slices.Equal(got, succeeding) {
		r.t.Errorf("%s sends %q, want %q", doing, got, succeeding)
	}
}

// serves returns the ID of the certificate that the listener serves.
func (r *rotation) serves() string {
	r.t.Helper()
	for _, l := range r.cloud.Listeners(ProjectID) {
		if l.ID == r.listener {
			return l.CertificateID
		}
	}
	r.t.Fatal("the listener is gone")
	return ""
}

// expectEmptyPlan fails unless the next plan is empty and the listener serves the configured certificate.
func (r *rotation) expectEmptyPlan() {
	r.t.Helper()
	if said := r.cli.Run("plan"); !strings.Contains(said, "No changes") {
		r.t.Errorf("the plan is not empty: %s", said)
	}
	if state := r.cli.ReadFile("terraform.tfstate"); !strings.Contains(state, `"certificate_id": "`+r.serves()+`"`) {
		r.t.Errorf("the listener serves %s: %s", r.serves(), state)
	}
	r.writes()
}

// TestAccRotation: with new files, one apply sends three calls in the right order, and the next plan is empty. A new
// name or description does not switch the listener.
func TestAccRotation(t *testing.T) {
	t.Parallel()
	r := newRotation(t, acctest.NewCLI(t))
	for range 2 {
		old := r.serves()
		r.renew()
		said := r.cli.Run("apply", "-auto-approve")
		if !strings.Contains(said, "1 added, 1 changed, 1 destroyed") {
			t.Errorf("it says %s", said)
		}
		r.sends("a rotation", elbstub.CreateCertificate, elbstub.ModifyListener, elbstub.DeleteCertificate)
		for _, cert := range r.cloud.Certificates(ProjectID) {
			if cert.ID == old {
				t.Error("the old certificate is there still")
			}
		}
		r.expectEmptyPlan()
	}
}

// configureMany configures many certificates, each with its listener.
func configureMany(cloud *Cloud, cli *acctest.CLI, many int) {
	ids := make([]string, many)
	for i := range ids {
		ids[i] = Quote(cloud.AddListener(elbstub.Listener{
			ProjectID: ProjectID,
			Name:      fmt.Sprintf("https-%d", i),
		}))
	}
	cli.Configure(cloud.Provider() + fmt.Sprintf(`
resource "elbaas_certificate" "www" {
  count       = %d
  certificate = file("${count.index}.crt")
  private_key = file("${count.index}.key")
  lifecycle {
    create_before_destroy = true
  }
}
resource "elbaas_listener_certificate" "www" {
  count          = %[1]d
  listener_id    = [%s][count.index]
  certificate_id = elbaas_certificate.www[count.index].id
}
`, many, strings.Join(ids, ", ")))
}

// writeNumbered writes the files of one of these certificates.
func writeNumbered(cli *acctest.CLI, number int, pair throwaway.Pair) {
	cli.WriteFile(fmt.Sprintf("%d.crt", number), pair.Certificate)
	cli.WriteFile(fmt.Sprintf("%d.key", number), pair.PrivateKey)
}

// TestAccFiftyRotations renews 50 certificates in one apply, each with its listener.
func TestAccFiftyRotations(t *testing.T) {
	t.Parallel()
	OnceForAllDialects(t)
	const many = 50
	cloud, cli := NewCloud(t), acctest.NewCLI(t)
	configureMany(cloud, cli, many)
	r := &rotation{t: t, cloud: cloud, cli: cli}
	for _, want := range []map[elbstub.Operation]int{
		{elbstub.CreateCertificate: many, elbstub.ModifyListener: many},
		{elbstub.CreateCertificate: many, elbstub.ModifyListener: many, elbstub.DeleteCertificate: many},
	} {
		for i := range many {
			writeNumbered(cli, i, NewPair())
		}
		cli.Run("apply", "-auto-approve", "-parallelism=50")
		sent := map[string]int{}
		for _, write := range r.writes() {
			sent[write]++
		}
		for operation, times := range want {
			if got := sent[string(operation)+" 2xx"]; got != times || len(sent) != len(want) {
				t.Errorf("%s: %d times, want %d; all are %v", operation, got, times, sent)
			}
		}
	}
	if said := cli.Run("plan", "-parallelism=50"); !strings.Contains(said, "No changes") {
		t.Errorf("the plan is not empty: %s", said)
	}
	held := map[string]bool{}
	for _, l := range cloud.Listeners(ProjectID) {
		held[l.CertificateID] = true
	}
	if left := len(cloud.Certificates(ProjectID)); len(held) != many || left != many {
		t.Errorf("%d certificates are served, and %d are left, want %d", len(held), left, many)
	}
}

// stopAfterEachCall stops a rotation after each of its three calls, which the server has carried out without
// responding. The next apply completes the rotation, and the plan is empty.
func stopAfterEachCall(t *testing.T, stop func(r *rotation, terraform *acctest.Command)) {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("processes are found on Linux alone")
	}
	r := newRotation(t, acctest.NewInstalledCLI(t, ""))
	for _, operation := range []elbstub.Operation{
		elbstub.CreateCertificate, elbstub.ModifyListener,
		elbstub.DeleteCertificate,
	} {
		before := r.cloud.Certificates(ProjectID)
		old := r.serves()
		r.renew()
		done, gone := make(chan struct{}), make(chan struct{})
		r.cloud.Script(operation, 1, func(next elbstub.Next) elbstub.Response {
			response := next()
			close(done)
			<-gone
			return response
		})
		terraform := r.cli.Start("apply", "-auto-approve")
		<-done
		stop(r, terraform)
		close(gone)
		_, _ = terraform.Wait()
		during := r.cloud.Certificates(ProjectID)

		said := r.cli.Run("apply", "-auto-approve")
		r.expectEmptyPlan()
		if r.serves() == old {
			t.Errorf("after a stop at %q the listener serves the old certificate", operation)
		}
		for _, cert := range r.cloud.Certificates(ProjectID) {
			wasThere := slices.ContainsFunc(before, func(c elbstub.Certificate) bool { return c.ID == cert.ID })
			cameMeanwhile := !wasThere &&
				slices.ContainsFunc(during, func(c elbstub.Certificate) bool { return c.ID == cert.ID })
			switch {
			case cert.ID == old:
				t.Errorf("after a stop at %q the old certificate is left: %s", operation, said)
			case cert.ID != r.serves() && cameMeanwhile && !strings.Contains(said, cert.ID):
				t.Errorf("after a stop at %q certificate %s is left, and nobody names it: %s", operation, cert.ID, said)
			}
		}
	}
}

// TestAccRotationIsKilled: a rotation is killed after each of its three calls.
func TestAccRotationIsKilled(t *testing.T) {
	t.Parallel()
	OnceForAllDialects(t)
	stopAfterEachCall(t, func(r *rotation, terraform *acctest.Command) {
		if err := terraform.Process.Kill(); err != nil {
			r.t.Error(err)
		}
		r.cli.SignalProvider(os.Kill)
	})
}

// TestAccRotationIsInterrupted: a rotation is interrupted by Ctrl-C after each of its three calls.
func TestAccRotationIsInterrupted(t *testing.T) {
	t.Parallel()
	OnceForAllDialects(t)
	stopAfterEachCall(t, func(r *rotation, terraform *acctest.Command) {
		interrupt(r.t, terraform)
		time.Sleep(time.Second) // until the interrupt has reached the provider
	})
}

// TestAccRotationOfATarget: with -target for the certificate alone, the old one stays in use. Its deletion waits, and
// then its error names the listener; the next apply does the rest.
func TestAccRotationOfATarget(t *testing.T) {
	t.Parallel()
	OnceForAllDialects(t)
	r := newRotation(t, acctest.NewCLI(t))
	r.config = strings.Replace(r.config, "  lifecycle {", "  timeouts {\n    delete = \"3s\"\n  }\n\n  lifecycle {", 1)
	r.cli.Configure(r.cloud.Provider() + r.config)
	r.cli.Run("apply", "-auto-approve")
	old := r.serves()
	r.renew()
	said, err := r.cli.Try("apply", "-auto-approve", "-target=elbaas_certificate.www")
	if err == nil || !strings.Contains(said, `listener "www-443" (ID `+r.listener) || r.serves() != old {
		t.Errorf("%v: %s", err, said)
	}
	r.writes()
	r.cli.Run("apply", "-auto-approve")
	r.sends("the apply after it", elbstub.ModifyListener, elbstub.DeleteCertificate)
	r.expectEmptyPlan()
}

// TestAccListenerCertificateIsReplaced: with -replace and create_before_destroy, nothing is sent; otherwise the
// listener serves the fallback for a moment.
func TestAccListenerCertificateIsReplaced(t *testing.T) {
	t.Parallel()
	OnceForAllDialects(t)
	for name, row := range map[string]struct {
		lifecycle string
		want      []elbstub.Operation
	}{
		"create_before_destroy": {"lifecycle {\n    create_before_destroy = true\n  }", nil},
		"destroy first":         {"", []elbstub.Operation{elbstub.ModifyListener, elbstub.ModifyListener}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRotation(t, acctest.NewCLI(t), row.lifecycle)
			fallback := r.cloud.Add(elbstub.Certificate{ProjectID: ProjectID, Name: "fallback"})
			r.config = strings.Replace(r.config, "  listener_id ",
				"  fallback_certificate_id = "+Quote(fallback)+"\n  listener_id ", 1)
			r.cli.Configure(r.cloud.Provider() + r.config)
			r.cli.Run("apply", "-auto-approve")
			r.sends("a fallback")
			r.cli.Run("apply", "-auto-approve", "-replace=elbaas_listener_certificate.www")
			r.sends("a replacement", row.want...)
			r.expectEmptyPlan()
		})
	}
}

// TestAccListenerCertificateIsDestroyed: without a fallback, the plan warns, and the deletion of the certificate fails
// at its first refusal. With a fallback, both are destroyed.
func TestAccListenerCertificateIsDestroyed(t *testing.T) {
	t.Parallel()
	OnceForAllDialects(t)
	r := newRotation(t, acctest.NewCLI(t))
	own := r.serves()
	warning := fmt.Sprintf("Listener %q keeps certificate %q", r.listener, own)
	if said := r.cli.Run("plan", "-destroy"); !strings.Contains(said, warning) {
		t.Errorf("the plan says %s", said)
	}
	said, err := r.cli.Try("destroy", "-auto-approve")
	if err == nil || !strings.Contains(said, warning) ||
		!strings.Contains(said, "was destroyed without a fallback_certificate_id") {
		t.Errorf("%v: %s", err, said)
	}
	if sent := r.writes(); len(sent) != 1 || r.serves() != own {
		t.Errorf("it has sent %q, and the listener serves %s", sent, r.serves())
	}

	// First with a fallback that does not exist, then with one that does.
	withFallback := func(id string) {
		config := strings.Replace(r.config, "  listener_id ",
			"  fallback_certificate_id = "+Quote(id)+"\n  listener_id ", 1)
		r.cli.Configure(r.cloud.Provider() + config)
		r.cli.Run("apply", "-auto-approve")
	}
	withFallback(strings.Repeat("0", 32))
	said, err = r.cli.Try("destroy", "-auto-approve")
	if err == nil || !strings.Contains(said, "certificate \""+strings.Repeat("0", 32)+"\" both exist in project") ||
		!strings.Contains(said, "apply another one before you destroy again") || r.serves() != own {
		t.Errorf("%v: %s", err, said)
	}
	fallback := r.cloud.Add(elbstub.Certificate{ProjectID: ProjectID, Name: "fallback"})
	withFallback(fallback)
	r.writes()
	if said := r.cli.Run("plan", "-destroy"); strings.Contains(said, "Warning") {
		t.Errorf("the plan says %s", said)
	}
	r.cli.Run("destroy", "-auto-approve")
	r.sends("a destruction", elbstub.ModifyListener, elbstub.DeleteCertificate)
	if r.serves() != fallback {
		t.Errorf("the listener serves %s", r.serves())
	}
}

// TestAccListenerIsDestroyedToo: a run destroys the certificate and the resource of its listener. If that resource
// depends on the certificate, the listener is deleted first. If the listener still exists when the certificate is
// deleted, the error says what to do. terraform_data stands for the resource; the test itself deletes the listener.
func TestAccListenerIsDestroyedToo(t *testing.T) {
	t.Parallel()
	OnceForAllDialects(t)
	const listener = `
resource "terraform_data" "listener" {
  depends_on = [elbaas_certificate.www]
  provisioner "local-exec" {
    when    = destroy
    command = "sleep 1" # the deletion of the certificate would be earlier if it did not wait
  }
}
`
	for _, isFirst := range []bool{true, false} {
		t.Run(fmt.Sprintf("the listener first: %t", isFirst), func(t *testing.T) {
			t.Parallel()
			r := newRotation(t, acctest.NewCLI(t))
			r.cli.Configure(r.cloud.Provider() + strings.Replace(r.config, "elbaas_certificate.www.id\n",
				"elbaas_certificate.www.id\n  depends_on = [terraform_data.listener]\n", 1) + listener)
			r.cli.Run("apply", "-auto-approve")
			r.cloud.Script(elbstub.DeleteCertificate, 1, func(next elbstub.Next) elbstub.Response {
				if isFirst {
					r.cloud.Remove(r.listener)
				}
				return next()
			})
			said, err := r.cli.Try("destroy", "-auto-approve")
			const want = "Unless this run has deleted the listener or switched it again in the meantime, switch it"
			before, _, _ := strings.Cut(said, "elbaas_certificate.www: Destroying")
			switch {
			case !strings.Contains(before, "terraform_data.listener: Destruction complete"):
				t.Errorf("the order is %s", said)
			case isFirst && err != nil:
				t.Errorf("%v: %s", err, said)
			case !isFirst && (err == nil || !strings.Contains(said, want)):
				t.Errorf("%v: it does not say %q: %s", err, want, said)
			}
			r.cloud.Remove(r.listener)
			r.cli.Run("destroy", "-auto-approve")
			if left := r.cloud.Certificates(ProjectID); len(left) != 1 {
				t.Errorf("%d certificates are left, not that of the listener alone", len(left))
			}
		})
	}
}

// TestAccRenewedAfterThePlan: Terraform does not apply a saved plan to other files. The next apply is a rotation.
func TestAccRenewedAfterThePlan(t *testing.T) {
	t.Parallel()
	OnceForAllDialects(t)
	r := newRotation(t, acctest.NewCLI(t))
	r.renew()
	r.cli.Run("plan", "-out=plan")
	r.renew()
	r.writes()
	if said, err := r.cli.Try("apply", "plan"); err == nil ||
		!strings.Contains(said, "Provider produced inconsistent final plan") &&
			!strings.Contains(said, "function returned an inconsistent result") { // Terraform 1.16
		t.Errorf("%v: %s", err, said)
	}
	r.sends("an apply of the old plan")
	r.cli.Run("apply", "-auto-approve")
	r.sends("the next apply", elbstub.CreateCertificate, elbstub.ModifyListener, elbstub.DeleteCertificate)
	r.expectEmptyPlan()
}

// TestAccRotationUnderAnotherAddress: the resource of the listener gets another address without a moved block, so
// Terraform deletes the old certificate without waiting for the new resource. The error says that the next apply
// completes the rotation, which is true.
func TestAccRotationUnderAnotherAddress(t *testing.T) {
	t.Parallel()
	OnceForAllDialects(t)
	r := newRotation(t, acctest.NewCLI(t))
	r.renew()
	r.cloud.Script(elbstub.CreateCertificate, 1, elbstub.Delay(5*time.Second))
	r.cli.Configure(r.cloud.Provider() + strings.NewReplacer(`"www" {`, `"new" {`, ".www.", ".new.").Replace(r.config))
	said, err := r.cli.Try("apply", "-auto-approve")
	const want = "Unless this run has deleted the listener or switched it again in the meantime, switch it"
	if err == nil || !strings.Contains(said, want) {
		t.Errorf("%v: it does not say %q: %s", err, want, said)
	}
	r.writes()
	r.cli.Run("apply", "-auto-approve")
	r.sends("the next apply", elbstub.DeleteCertificate)
	r.expectEmptyPlan()
}

// TestAccListenerIDsThatTurnOutWrong: an ID that was unknown in the plan is validated and planned again in the apply,
// so nothing is sent if it turns out to be wrong.
func TestAccListenerIDsThatTurnOutWrong(t *testing.T) {
	t.Parallel()
	OnceForAllDialects(t)
	const another = "00000000000000000000000000000000"
	for attribute, row := range map[string]struct{ value, want string }{
		"listener_id":             {"www", `The listener ID "www" is not valid`},
		"certificate_id":          {"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "must be in lower case, as the API writes it"},
		"fallback_certificate_id": {another, "Conflicting certificate IDs"},
	} {
		for _, isUpdate := range []bool{false, true} {
			if isUpdate && attribute == "listener_id" {
				continue // another listener replaces the resource
			}
			t.Run(fmt.Sprintf("%s, update: %t", attribute, isUpdate), func(t *testing.T) {
				t.Parallel()
				cloud, cli := NewCloud(t), acctest.NewCLI(t)
				values := map[string]string{
					"listener_id": Quote(listen(cloud)), "certificate_id": Quote(cloud.Only(t).ID),
				}
				configure := func(later string) {
					lines := ""
					for name, value := range values {
						lines += "  " + name + " = " + value + "\n"
					}
					cli.Configure(cloud.Provider() + later + "resource \"elbaas_listener_certificate\" \"www\" {\n" +
						lines + "}\n")
				}
				if isUpdate {
					configure("")
					cli.Run("apply", "-auto-approve")
				}
				if attribute == "fallback_certificate_id" {
					values["certificate_id"] = Quote(another)
				}
				values[attribute] = "terraform_data.later.output"
				configure("resource \"terraform_data\" \"later\" {\n  input = " + Quote(row.value) + "\n}\n")
				cli.Run("plan")
				if said, err := cli.Try("apply", "-auto-approve"); err == nil || !strings.Contains(said, row.want) {
					t.Errorf("%v: it does not say %q: %s", err, row.want, said)
				}
				if switches := len(cloud.Journal(elbstub.ModifyListener)); switches > 0 {
					t.Errorf("%d switches were sent", switches)
				}
			})
		}
	}
}

// TestAccListenerCertificateIsRemoved: a removed block removes the resource from the state, whether it destroys it or
// not. With prevent_destroy, it cannot be destroyed.
func TestAccListenerCertificateIsRemoved(t *testing.T) {
	t.Parallel()
	OnceForAllDialects(t)
	r := newRotation(t, acctest.NewCLI(t))
	own := r.serves()
	r.cli.Configure(r.cloud.Provider() + strings.Replace(r.config, "  listener_id ", "  lifecycle {\n"+
		"    prevent_destroy = true\n  }\n  listener_id ", 1))
	if said, err := r.cli.Try("destroy", "-auto-approve", "-target=elbaas_listener_certificate.www"); err == nil ||
		!strings.Contains(said, "prevent_destroy") {
		t.Errorf("%v: %s", err, said)
	}

	certificate, _, _ := strings.Cut(r.config, "resource \"elbaas_listener_certificate\"")
	for _, destroy := range []string{"false", "true"} {
		r.cli.Configure(r.cloud.Provider() + certificate + "removed {\n  from = elbaas_listener_certificate.www\n" +
			"  lifecycle {\n    destroy = " + destroy + "\n  }\n}\n")
		said := r.cli.Run("apply", "-auto-approve")
		if warned := strings.Contains(said, "keeps certificate"); warned != (destroy == "true") {
			t.Errorf("with destroy = %s it says %s", destroy, said)
		}
		if state := r.cli.ReadFile("terraform.tfstate"); strings.Contains(state, "elbaas_listener_certificate") {
			t.Errorf("the state has %s", state)
		}
		r.cli.Configure(r.cloud.Provider() + r.config)
		r.cli.Run("apply", "-auto-approve")
	}
	r.sends("all of it")
	if r.serves() != own {
		t.Errorf("the listener serves %s", r.serves())
	}
}

// TestAccTwoResourcesOfAListener: two resources of a listener switch it back and forth, so each plan has a change.
func TestAccTwoResourcesOfAListener(t *testing.T) {
	t.Parallel()
	OnceForAllDialects(t)
	r := newRotation(t, acctest.NewCLI(t))
	other := r.cloud.Add(elbstub.Certificate{ProjectID: ProjectID, Name: "other"})
	r.cli.Configure(r.cloud.Provider() + r.config + fmt.Sprintf(
		"resource \"elbaas_listener_certificate\" \"twice\" {\n  listener_id = %q\n  certificate_id = %q\n"+
			"}\n", r.listener, other))
	r.cli.Run("apply", "-auto-approve")
	for range 2 {
		if said := r.cli.Run("apply", "-auto-approve"); !strings.Contains(said, "0 added, 1 changed, 0 destroyed") {
			t.Errorf("it says %s", said)
		}
	}
}

// TestAccListenerImportExamples imports with each import block and command of the documentation.
func TestAccListenerImportExamples(t *testing.T) {
	t.Parallel()
	OnceForAllDialects(t)
	const folder = "resources/elbaas_listener_certificate/"
	configuration := func(cloud *Cloud, listener string) string {
		return cloud.Provider() + fmt.Sprintf("resource \"elbaas_listener_certificate\" \"www\" {\n"+
			"  listener_id = %q\n  certificate_id = %q\n}\n",
			listener, cloud.Only(t).ID)
	}
	for file, since := range map[string]string{
		"import-by-string-id.tf": "1.11.0",
		"import-by-identity.tf":  "1.12.0",
	} { // the same version of Terraform and OpenTofu
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			cloud, cli := NewCloud(t), acctest.NewCLI(t)
			cli.Needs(since, since)
			listener := listen(cloud)
			cli.WriteFile("import.tf", strings.ReplaceAll(example(t, folder+file), exampleListenerID, listener))
			cli.Configure(configuration(cloud, listener))
			if said := cli.Run("apply", "-auto-approve"); !strings.Contains(said,
				"1 imported, 0 added, 0 changed, 0 destroyed") {
				t.Errorf("it says %s", said)
			}
		})
	}
	cloud, cli := NewCloud(t), acctest.NewCLI(t)
	listener := listen(cloud)
	cli.Configure(configuration(cloud, listener))
	commands := 0
	for line := range strings.Lines(strings.ReplaceAll(example(t, folder+"import.sh"), exampleListenerID, listener)) {
		command, isCommand := strings.CutPrefix(strings.TrimSpace(line), "terraform ")
		if !isCommand {
			continue
		}
		commands++
		cli.Run(strings.Fields(command)...)
		if said := cli.Run("plan"); !strings.Contains(said, "No changes") {
			t.Errorf("%s: it plans %s", command, said)
		}
		cli.Run("state", "rm", "elbaas_listener_certificate.www")
	}
	if commands != 2 {
		t.Errorf("there are %d commands, want 2", commands)
	}
}
