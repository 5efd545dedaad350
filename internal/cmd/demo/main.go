// Command demo shows the life of a certificate: it runs Terraform with the provider of this
// repository against a stub cloud, and fails if a plan, a request or the cloud is not as
// expected.
package main

import (
	"context"
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
	"strings"
	"syscall"
	"text/tabwriter"
	"time"

	"github.com/elbaas/terraform-provider-elbaas/internal/elbstub"
	"github.com/elbaas/terraform-provider-elbaas/internal/terraform"
	"github.com/elbaas/terraform-provider-elbaas/internal/throwaway"
)

const (
	projectID = "0123456789abcdef0123456789abcdef"
	token     = "demo-token"
	basePath  = "/elb"
	domain    = "www.example.com"
	byHand    = "by-hand" // the name of a certificate that Terraform does not manage

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

// run builds the provider of the repository in root, and performs the acts of the configuration
// in example and of the guide's rotation.
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
	tf, err := terraform.New(dir)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "The CLI is %s. Building the provider …\n", tf.Path)
	program := filepath.Join(dir, "provider")
	if err := terraform.Build(ctx, root, program); err != nil {
		return err
	}
	if err := tf.InstallOurs(program); err != nil {
		return err
	}
	tf.Env = append(tf.Env, "ELBAAS_ENDPOINT="+server.URL+basePath, "HW_PROJECT_ID="+projectID, "HW_AUTH_TOKEN="+token)
	d := demo{
		cloud:    cloud,
		tf:       tf,
		out:      out,
		example:  filepath.Join(example, "main.tf"),
		rotation: filepath.Join(root, "examples", "guides", "rotation.tf"),
	}

	table := "Requests that the stub received:\n   \tGET\tPOST\tPUT\tPUT listener\tDELETE\n"
	for i, a := range d.acts() {
		fmt.Fprintf(out, "\n%d. %s\n   %s\n", i+1, a.title, a.why)
		before := len(cloud.Journal())
		err := d.apply(ctx, a)
		calls := cloud.Journal()[before:]
		if err := errors.Join(err, d.compareCalls(a, calls), d.compareCloud(a)); err != nil {
			return fmt.Errorf("act %d, %q: %w", i+1, a.title, err)
		}
		counts := map[elbstub.Operation]int{}
		for _, call := range calls {
			counts[call.Operation]++
		}
		table += fmt.Sprintf(
			"   %s\t%d\t%d\t%d\t%d\t%d\n", a.title, len(calls)-len(a.writes), counts[elbstub.CreateCertificate],
			counts[elbstub.ModifyCertificate], counts[elbstub.ModifyListener], counts[elbstub.DeleteCertificate],
		)
	}
	aligned := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(aligned, "\n%s\nEverything was as it should be.\n", table)
	return aligned.Flush()
}

// A demo is a run of the demonstration.
type demo struct {
	cloud *elbstub.Cloud
	tf    *terraform.CLI
	out   io.Writer
	// example and rotation are the files of the two configurations.
	example, rotation string
}

// An act is one apply.
type act struct {
	title string
	// why explains it in one line.
	why string
	// prepare changes files or the cloud before the apply. It may be nil.
	prepare func(context.Context) error
	// destroy is for the destruction.
	destroy bool
	// plan is what the plan must say in the end.
	plan string
	// writes are the requests that change something, in order.
	writes []elbstub.Operation
	// names are those of the certificates afterwards, the oldest first. A listener serves the last one.
	names []string
}

// acts has the life of a certificate that no listener serves, and then the rotation of one that a
// listener serves.
func (d *demo) acts() []act {
	const original, renamed = "www-example-com", "官网证书" // the first is that of both configurations
	return []act{
		{
			title:   "Create",
			why:     "The certificate and its key come from files. The plan shows the certificate and hides the key.",
			prepare: d.startExample,
			plan:    "Plan: 1 to add, 0 to change, 0 to destroy",
			writes:  []elbstub.Operation{elbstub.CreateCertificate},
			names:   []string{original},
		},
		{
			title: "Plan again",
			why:   "Nothing has changed. The API cannot return a single certificate, so the provider reads a list.",
			plan:  "No changes.",
			names: []string{original},
		},
		{
			title: "Rename",
			why:   "Name and description are updated in place: one PUT, and the certificate keeps its ID.",
			prepare: func(context.Context) error {
				d.tf.Env = append(d.tf.Env, "TF_VAR_name="+renamed, "TF_VAR_description=Renamed in place")
				return nil
			},
			plan:   "Plan: 0 to add, 1 to change, 0 to destroy",
			writes: []elbstub.Operation{elbstub.ModifyCertificate},
			names:  []string{renamed},
		},
		{
			title:   "Drift",
			why:     "Someone renames the certificate in the console. The plan detects it, and the apply reverts it.",
			prepare: d.renameByHand,
			plan:    "Plan: 0 to add, 1 to change, 0 to destroy",
			writes:  []elbstub.Operation{elbstub.ModifyCertificate},
			names:   []string{renamed},
		},
		{
			title:   "Replace",
			why:     "The certificate was renewed. The API cannot change its content, so it is replaced.",
			prepare: d.writePair,
			plan:    "Plan: 1 to add, 0 to change, 1 to destroy",
			writes:  []elbstub.Operation{elbstub.DeleteCertificate, elbstub.CreateCertificate},
			names:   []string{renamed},
		},
		{
			title:   "Destroy",
			why:     "No certificate is left in the cloud.",
			destroy: true,
			plan:    "Plan: 0 to add, 0 to change, 1 to destroy",
			writes:  []elbstub.Operation{elbstub.DeleteCertificate},
		},
		{
			title:   "Attach to a listener",
			why:     "A listener serves a certificate that was uploaded by hand. Terraform switches it to a new one.",
			prepare: d.startRotation,
			plan:    "Plan: 2 to add, 0 to change, 0 to destroy",
			writes:  []elbstub.Operation{elbstub.CreateCertificate, elbstub.ModifyListener},
			names:   []string{byHand, original},
		},
		{
			title: "Rotate",
			why: "The certificate was renewed. One apply creates the new one, switches the listener and deletes the " +
				"old one.",
			prepare: d.writePair,
			plan:    "Plan: 1 to add, 1 to change, 1 to destroy",
			writes:  []elbstub.Operation{elbstub.CreateCertificate, elbstub.ModifyListener, elbstub.DeleteCertificate},
			names:   []string{byHand, original},
		},
		{
			title:   "Destroy with a fallback",
			why:     "A listener needs a certificate, so it is switched back to the one that was uploaded by hand.",
			destroy: true,
			plan:    "Plan: 0 to add, 0 to change, 2 to destroy",
			writes:  []elbstub.Operation{elbstub.ModifyListener, elbstub.DeleteCertificate},
			names:   []string{byHand},
		},
	}
}

// startExample begins with a certificate and its key in files, and the example's configuration.
func (d *demo) startExample(ctx context.Context) error {
	if err := d.writePair(ctx); err != nil {
		return err
	}
	return d.configure(ctx, "", d.example)
}

// writePair writes a new throwaway certificate and its key to the files of the examples.
func (d *demo) writePair(context.Context) error {
	return throwaway.NewPair(domain).Write(filepath.Join(d.tf.Dir, domain))
}

// renameByHand renames the certificate without Terraform.
func (d *demo) renameByHand(context.Context) error {
	// Within the list lag, the provider takes another name for an old list, and reads again.
	time.Sleep(listLag)
	only := d.cloud.Certificates(projectID)[0]
	d.cloud.Change(only.ID, func(cert *elbstub.Certificate) { cert.Name = "renamed-by-hand" })
	return nil
}

// startRotation adds a listener with a certificate of its own to the cloud, and begins with the
// configuration of the guide, whose provider gets its arguments from the environment.
func (d *demo) startRotation(ctx context.Context) error {
	pair := throwaway.NewPair(domain)
	fallback := d.cloud.Add(elbstub.Certificate{
		ProjectID: projectID, Name: byHand, Certificate: pair.Certificate, PrivateKey: pair.PrivateKey,
	})
	listener := d.cloud.AddListener(elbstub.Listener{ProjectID: projectID, Name: "www", CertificateID: fallback})
	d.tf.Env = append(d.tf.Env, "TF_VAR_listener_id="+listener, "TF_VAR_fallback_certificate_id="+fallback)
	return d.configure(ctx, terraform.Requirements, d.rotation)
}

// configure replaces the configuration by a file, after what it begins with.
func (d *demo) configure(ctx context.Context, beginning, file string) error {
	configuration, err := os.ReadFile(file) //nolint:gosec // of the repository
	if err != nil {
		return err
	}
	text := append([]byte(beginning), configuration...)
	copied := filepath.Join(d.tf.Dir, "main.tf")
	if err := os.WriteFile(copied, text, 0o600); err != nil { //nolint:gosec // our own folder
		return err
	}
	_, err = d.tf.Run(ctx, "init")
	return err
}

// shownLine matches the lines of a plan that show its changes.
var shownLine = regexp.MustCompile(`(?m)^(  # elbaas_|Plan: |No changes\.|      \+ private_key |` +
	`      ~ (name|description|certificate|certificate_id) ).*$`)

// apply applies the configuration, shows its plan, and compares that with what is expected.
func (d *demo) apply(ctx context.Context, a act) error {
	if a.prepare != nil {
		if err := a.prepare(ctx); err != nil {
			return err
		}
	}
	d.showListeners("before")
	said, err := d.tf.Run(ctx, "apply", "-auto-approve", "-input=false", fmt.Sprintf("-destroy=%t", a.destroy))
	for _, line := range shownLine.FindAllString(said, -1) {
		fmt.Fprintf(d.out, "   | %s\n", line)
	}
	if err == nil && !strings.Contains(said, "\n"+a.plan) {
		err = fmt.Errorf("the plan should say %q, but says:\n%s", a.plan, said)
	}
	return err
}

// compareCalls shows the requests that changed something, and compares them with the
// expected ones.
func (d *demo) compareCalls(a act, calls []elbstub.Call) error {
	var writes []elbstub.Operation
	for _, call := range calls {
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

// compareCloud shows what each listener serves, and compares the cloud with what is expected.
func (d *demo) compareCloud(a act) error {
	d.showListeners("after")
	var names []string
	var last string
	for _, cert := range d.cloud.Certificates(projectID) {
		names, last = append(names, cert.Name), cert.ID
	}
	if !slices.Equal(names, a.names) {
		return fmt.Errorf("the cloud should have the certificates %q, but has %q", a.names, names)
	}
	for _, l := range d.cloud.Listeners(projectID) {
		if l.CertificateID != last {
			return fmt.Errorf("the listener serves %s, but should serve %s", l.CertificateID, last)
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
