// Command demo shows the life of a certificate: it runs Terraform with the provider of this
// repository against a stub cloud, and fails if a plan, a request or the cloud is not as
// expected.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"slices"
	"syscall"
	"text/tabwriter"
	"time"

	tfjson "github.com/hashicorp/terraform-json"

	"github.com/elbaas/terraform-provider-elbaas/internal/elbstub"
	"github.com/elbaas/terraform-provider-elbaas/internal/terraform"
	"github.com/elbaas/terraform-provider-elbaas/internal/throwaway"
)

const (
	projectID = "0123456789abcdef0123456789abcdef"
	token     = "demo-token"
	basePath  = "/elb"
	domain    = "www.example.com"

	// listLag is how long lists may lag behind a write.
	listLag = 5 * time.Second
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, ".", filepath.Join("examples", "quickstart"), os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintf(os.Stderr, "\nThe demonstration has FAILED: %v\n", err)
		os.Exit(1)
	}
}

// requirements begin a configuration that uses the provider, whose arguments come from the
// environment.
const requirements = `terraform {
  required_providers {
    elbaas = {
      source = "elbaas/elbaas"
    }
  }
}

`

// run builds the provider of the repository in root, and performs the acts of the
// configuration in example, then those of the guide's rotation.
func run(ctx context.Context, root, example string, out io.Writer) (err error) {
	dir, err := os.MkdirTemp("", "elbaas-demo-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()

	cloud := elbstub.New(elbstub.Options{BasePath: basePath, Tokens: map[string]string{token: projectID}})
	server := httptest.NewServer(cloud)
	defer server.Close()
	fmt.Fprintf(out, "The stub cloud listens at %s.\n", server.URL+basePath)
	tf, err := newCLI(ctx, root, dir, out)
	if err != nil {
		return err
	}
	tf.Env = append(tf.Env, "ELBAAS_ENDPOINT="+server.URL+basePath, "HW_PROJECT_ID="+projectID, "HW_AUTH_TOKEN="+token)
	d := demo{cloud: cloud, tf: tf, out: out}
	if err := d.writePair(); err != nil {
		return err
	}
	if err := d.play(ctx, "", filepath.Join(example, "main.tf"), d.lifeOfCertificate()); err != nil {
		return err
	}
	if err := d.addListener(); err != nil {
		return err
	}
	rotation := filepath.Join(root, "examples", "guides", "rotation.tf")
	if err := d.play(ctx, requirements, rotation, d.rotationOfCertificate()); err != nil {
		return err
	}
	d.table()
	return nil
}

// newCLI finds the CLI, and installs the provider for it below dir.
func newCLI(ctx context.Context, root, dir string, out io.Writer) (*terraform.CLI, error) {
	path, err := terraform.Find()
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(out, "The CLI is %s. Building the provider …\n", path)
	cli, err := terraform.New(path, dir)
	if err != nil {
		return nil, err
	}
	program := filepath.Join(dir, "provider")
	if err := terraform.Build(ctx, root, program); err != nil {
		return nil, err
	}
	return cli, cli.InstallOurs(program)
}

// addListener adds a listener with a certificate of its own to the cloud.
func (d *demo) addListener() error {
	pair, err := throwaway.NewPair(domain)
	if err != nil {
		return err
	}
	d.fallback = d.cloud.Add(elbstub.Certificate{
		ProjectID: projectID, Name: "by-hand", Certificate: pair.Certificate, PrivateKey: pair.PrivateKey,
	})
	listener := d.cloud.Listen(elbstub.Listener{ProjectID: projectID, Name: "www", CertificateID: d.fallback})
	d.tf.Env = append(d.tf.Env, "TF_VAR_listener_id="+listener, "TF_VAR_fallback_certificate_id="+d.fallback)
	return nil
}

// writePair writes a new throwaway certificate and its key to the files of the examples.
func (d *demo) writePair() error {
	pair, err := throwaway.NewPair(domain)
	if err != nil {
		return err
	}
	return pair.Write(filepath.Join(d.tf.Dir, domain))
}

// A demo is a run of the demonstration.
type demo struct {
	cloud *elbstub.Cloud
	tf    *terraform.CLI
	out   io.Writer
	acts  []act
	// fallback is the ID of a certificate that Terraform does not manage, or empty.
	fallback string
}

// An act is one run of plan and apply.
type act struct {
	title string
	// why explains it in one line.
	why string
	// before prepares it. It may be nil.
	before func() error
	// changes are what is planned for the resources, in the order of their addresses.
	changes []string
	// writes are the requests that change something, in order.
	writes []elbstub.Operation
	// name is the name of the certificate afterwards.
	name string
	// destroy plans the destruction. No certificate may be left afterwards.
	destroy bool

	calls []elbstub.Call
}

const (
	post       = elbstub.CreateCertificate
	put        = elbstub.ModifyCertificate
	remove     = elbstub.DeleteCertificate
	switchOver = elbstub.ModifyListener
)

// lifeOfCertificate has the acts with a certificate that no listener serves.
func (d *demo) lifeOfCertificate() []act {
	const original, renamed = "www-example-com", "官网证书" // the first is the example's default
	return []act{
		{
			title:   "Create",
			why:     "The certificate and its key come from files. The plan shows the certificate and hides the key.",
			changes: []string{"[create]"},
			name:    original,
			writes:  []elbstub.Operation{post},
		},
		{
			title:   "Plan again",
			why:     "Nothing has changed. The API has no GET of one certificate, so the provider reads a list.",
			changes: []string{"[no-op]"},
			name:    original,
		},
		{
			title: "Rename",
			why:   "Name and description are updated in place: one PUT, and the certificate keeps its ID.",
			before: func() error {
				d.tf.Env = append(d.tf.Env, "TF_VAR_name="+renamed, "TF_VAR_description=Renamed in place")
				return nil
			},
			changes: []string{"[update]"},
			name:    renamed,
			writes:  []elbstub.Operation{put},
		},
		{
			title: "Drift",
			why:   "Someone renames the certificate in the console. The plan detects the drift, and the apply reverts it.",
			before: func() error {
				// Within the list lag, the provider takes another name for an old list, and reads again.
				time.Sleep(listLag)
				for _, cert := range d.cloud.Certificates(projectID) {
					d.cloud.Change(cert.ID, func(cert *elbstub.Certificate) { cert.Name = "renamed-by-hand" })
				}
				return nil
			},
			changes: []string{"[update]"},
			name:    renamed,
			writes:  []elbstub.Operation{put},
		},
		{
			title:   "Replace",
			why:     "The certificate was renewed. The API cannot change its content, so it is replaced.",
			before:  d.writePair,
			changes: []string{"[delete create]"},
			name:    renamed,
			writes:  []elbstub.Operation{remove, post},
		},
		{
			title:   "Destroy",
			why:     "No certificate is left in the cloud.",
			changes: []string{"[delete]"},
			writes:  []elbstub.Operation{remove},
			destroy: true,
		},
	}
}

// rotationOfCertificate has the acts with a certificate that a listener serves.
func (d *demo) rotationOfCertificate() []act {
	const name = "www-example-com" // of the guide
	return []act{
		{
			title:   "Attach to a listener",
			why:     "A listener serves a certificate that was uploaded by hand. Terraform switches it to a new one.",
			changes: []string{"[create]", "[create]"},
			name:    name,
			writes:  []elbstub.Operation{post, switchOver},
		},
		{
			title:   "Rotate",
			why:     "The certificate was renewed. One apply creates it, switches the listener and deletes the old one.",
			before:  d.writePair,
			changes: []string{"[create delete]", "[update]"},
			name:    name,
			writes:  []elbstub.Operation{post, switchOver, remove},
		},
		{
			title:   "Destroy with a fallback",
			why:     "A listener needs a certificate, so it is switched back to the one that was uploaded by hand.",
			changes: []string{"[delete]", "[delete]"},
			writes:  []elbstub.Operation{switchOver, remove},
			destroy: true,
		},
	}
}

// play performs acts with the configuration of a file, after what it begins with.
func (d *demo) play(ctx context.Context, beginning, file string, acts []act) error {
	configuration, err := os.ReadFile(file) //nolint:gosec // of the repository
	if err != nil {
		return err
	}
	text := append([]byte(beginning), configuration...)
	if err := os.WriteFile(filepath.Join(d.tf.Dir, "main.tf"), text, 0o600); err != nil { //nolint:gosec // our own folder
		return err
	}
	if _, err := d.tf.Run(ctx, "init"); err != nil {
		return err
	}
	for _, a := range acts {
		number := len(d.acts) + 1
		fmt.Fprintf(d.out, "\n%d. %s\n   %s\n", number, a.title, a.why)
		if err := d.perform(ctx, &a); err != nil {
			return fmt.Errorf("act %d, %q: %w", number, a.title, err)
		}
		d.acts = append(d.acts, a)
	}
	return nil
}

// shownLine matches the lines of a plan that show its changes.
var shownLine = regexp.MustCompile(`(?m)^(  # elbaas_|Plan: |No changes\.|      \+ private_key |` +
	`      ~ (name|description|certificate|certificate_id) ).*$`)

// perform shows a plan, applies it, and compares the plan, the requests and the cloud with
// what is expected.
func (d *demo) perform(ctx context.Context, a *act) error {
	if a.before != nil {
		if err := a.before(); err != nil {
			return err
		}
	}
	d.showListeners("before")
	before := len(d.cloud.Journal())
	said, err := d.tf.Run(ctx, "plan", "-input=false", "-out=plan", fmt.Sprintf("-destroy=%t", a.destroy))
	if err != nil {
		return err
	}
	for _, line := range shownLine.FindAllString(said, -1) {
		fmt.Fprintf(d.out, "   | %s\n", line)
	}
	if err := d.comparePlan(ctx, a); err != nil {
		return err
	}
	if _, err := d.tf.Run(ctx, "apply", "-input=false", "plan"); err != nil {
		return err
	}
	a.calls = d.cloud.Journal()[before:]
	if err := d.compareCalls(a); err != nil {
		return err
	}
	d.showListeners("after")
	return d.compareCloud(a, said)
}

// comparePlan compares what is planned for each resource with what is expected.
func (d *demo) comparePlan(ctx context.Context, a *act) error {
	shown, err := d.tf.Run(ctx, "show", "-json", "plan")
	if err != nil {
		return err
	}
	var plan tfjson.Plan
	if err := json.Unmarshal([]byte(shown), &plan); err != nil {
		return fmt.Errorf("read plan: %w", err)
	}
	var changes []string
	for _, resource := range plan.ResourceChanges {
		changes = append(changes, fmt.Sprint(resource.Change.Actions))
	}
	if !slices.Equal(changes, a.changes) {
		return fmt.Errorf("the plan has the changes %q instead of %q", changes, a.changes)
	}
	return nil
}

// compareCalls shows the requests that changed something, and compares them with the
// expected ones.
func (d *demo) compareCalls(a *act) error {
	var writes []elbstub.Operation
	for _, call := range a.calls {
		if call.Status/100 != 2 {
			return fmt.Errorf("the stub responded to %s %s with %d", call.Method, call.Path, call.Status)
		}
		if call.Method == http.MethodGet {
			continue
		}
		writes = append(writes, call.Operation)
		fmt.Fprintf(d.out, "   Request: %s %s\n", call.Method, call.Path)
		if call.Method == http.MethodPut {
			fmt.Fprintf(d.out, "            %s\n", call.Body)
		}
	}
	if !slices.Equal(writes, a.writes) {
		return fmt.Errorf("the stub received %q instead of %q", writes, a.writes)
	}
	return nil
}

// compareCloud compares the cloud with what is expected.
func (d *demo) compareCloud(a *act, said string) error {
	isFallback := func(cert elbstub.Certificate) bool { return cert.ID == d.fallback }
	there := slices.DeleteFunc(d.cloud.Certificates(projectID), isFallback)
	switch {
	case a.destroy && len(there) > 0:
		return fmt.Errorf("%d certificates are left in the cloud", len(there))
	case !a.destroy && (len(there) != 1 || there[0].Name != a.name):
		return fmt.Errorf("the cloud should have one certificate named %q, and has %d:\n%s", a.name, len(there), said)
	}
	for _, l := range d.cloud.Listeners(projectID) {
		served := d.fallback
		if !a.destroy {
			served = there[0].ID
		}
		if l.CertificateID != served {
			return fmt.Errorf("the listener serves %s, and should serve %s", l.CertificateID, served)
		}
	}
	return nil
}

// showListeners shows which certificate each listener serves.
func (d *demo) showListeners(when string) {
	for _, l := range d.cloud.Listeners(projectID) {
		fmt.Fprintf(d.out, "   The listener's certificate %s: %s\n", when, l.CertificateID)
	}
}

// table shows the number of requests of each act.
func (d *demo) table() {
	fmt.Fprintln(d.out, "\nRequests that the stub received:")
	w := tabwriter.NewWriter(d.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "   \tGET\tPOST\tPUT\tPUT listener\tDELETE")
	columns := map[elbstub.Operation]int{post: 1, put: 2, switchOver: 3, remove: 4} // the others are GETs
	for _, a := range d.acts {
		var n [5]int
		for _, call := range a.calls {
			n[columns[call.Operation]]++
		}
		fmt.Fprintf(w, "   %s\t%d\t%d\t%d\t%d\t%d\n", a.title, n[0], n[1], n[2], n[3], n[4])
	}
	_ = w.Flush()
	fmt.Fprintln(d.out, "\nEverything was as it should be.")
}
