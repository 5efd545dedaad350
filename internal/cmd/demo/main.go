// Command demo shows the life of a certificate: it runs Terraform with the provider of this
// repository against a stub cloud, and fails if a plan, a request or the cloud is not as
// expected.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
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

// run builds the provider of the repository in root, and performs the acts of the
// configuration in example, then those of the guide's rotation.
func run(ctx context.Context, root, example string, out io.Writer) (err error) {
	dir, err := os.MkdirTemp("", "elbaas-demo-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()

	cloud := elbstub.New(elbstub.Options{BasePath: basePath, Tokens: map[string]string{token: projectID}})
	endpoint, stop, err := listen(ctx, cloud)
	if err != nil {
		return err
	}
	defer stop()
	fmt.Fprintf(out, "The stub cloud listens at %s.\n", endpoint)

	tf, err := newCLI(ctx, root, dir, endpoint, out)
	if err != nil {
		return err
	}
	if err := os.CopyFS(tf.Dir, os.DirFS(example)); err != nil {
		return err
	}
	if err := writePair(tf.Dir); err != nil {
		return err
	}
	if _, err := tf.Run(ctx, "init"); err != nil {
		return err
	}

	d := demo{cloud: cloud, tf: tf, out: out}
	if err := d.play(ctx, lifeOfCertificate(&d)); err != nil {
		return err
	}

	rotation := filepath.Join(root, "examples", "guides", "rotation.tf")
	if err := d.addListener(ctx, rotation); err != nil {
		return err
	}
	if err := d.play(ctx, rotationOfCertificate(&d)); err != nil {
		return err
	}

	d.table()
	return nil
}

// addListener adds a listener with a certificate of its own to the cloud, and replaces the
// configuration by the file for the following acts.
func (d *demo) addListener(ctx context.Context, file string) error {
	configuration, err := os.ReadFile(file) //nolint:gosec // of the repository
	if err != nil {
		return err
	}
	text := append([]byte(requirements), configuration...)
	if err := os.WriteFile(filepath.Join(d.tf.Dir, "main.tf"), text, 0o600); err != nil { //nolint:gosec // our own folder
		return err
	}
	if _, err := d.tf.Run(ctx, "init"); err != nil {
		return err
	}

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

// listen serves the cloud on a free port of loopback.
func listen(ctx context.Context, cloud *elbstub.Cloud) (endpoint string, stop func(), err error) {
	var listen net.ListenConfig
	listener, err := listen.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	server := &http.Server{Handler: cloud, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = server.Serve(listener) }() // ends with stop
	return "http://" + listener.Addr().String() + basePath, func() { _ = server.Close() }, nil
}

// writePair writes a new throwaway certificate and its key to the files of the example.
func writePair(dir string) error {
	pair, err := throwaway.NewPair(domain)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, domain+".crt"), []byte(pair.Certificate), 0o600); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, domain+".key"), []byte(pair.PrivateKey), 0o600)
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
	// changes are the planned changes of the resources, in the order of their addresses.
	changes []string
	// writes are the requests that change something, in order.
	writes []elbstub.Operation
	// name is the name of the certificate afterwards.
	name string
	// destroy plans the destruction. No certificate may be left afterwards.
	destroy bool

	calls []elbstub.Call
}

// noChanges is the planned change of a resource that does not change.
const noChanges = ""

const (
	post       = elbstub.CreateCertificate
	put        = elbstub.ModifyCertificate
	remove     = elbstub.DeleteCertificate
	switchOver = elbstub.ModifyListener
)

// lifeOfCertificate has the acts with a certificate that no listener serves.
func lifeOfCertificate(d *demo) []act {
	const original, renamed = "www-example-com", "官网证书" // the first is the example's default
	return []act{
		{
			title:   "Create",
			why:     "The certificate and its key come from files. The plan shows the certificate and hides the key.",
			changes: []string{"create"},
			name:    original,
			writes:  []elbstub.Operation{post},
		},
		{
			title:   "Plan again",
			why:     "Nothing has changed. The API has no GET of one certificate, so the provider reads a list.",
			changes: []string{noChanges},
			name:    original,
		},
		{
			title: "Rename",
			why:   "Name and description are updated in place: one PUT, and the certificate keeps its ID.",
			before: func() error {
				d.tf.Env = append(d.tf.Env, "TF_VAR_name="+renamed, "TF_VAR_description=Renamed in place")
				return nil
			},
			changes: []string{"update"},
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
			changes: []string{"update"},
			name:    renamed,
			writes:  []elbstub.Operation{put},
		},
		{
			title:   "Replace",
			why:     "The certificate was renewed. The API cannot change its content, so it is replaced.",
			before:  func() error { return writePair(d.tf.Dir) },
			changes: []string{"delete, create"},
			name:    renamed,
			writes:  []elbstub.Operation{remove, post},
		},
		{
			title:   "Destroy",
			why:     "No certificate is left in the cloud.",
			changes: []string{"delete"},
			writes:  []elbstub.Operation{remove},
			destroy: true,
		},
	}
}

// rotationOfCertificate has the acts with a certificate that a listener serves.
func rotationOfCertificate(d *demo) []act {
	const name = "www-example-com" // of the guide
	return []act{
		{
			title:   "Attach to a listener",
			why:     "A listener serves a certificate that was uploaded by hand. Terraform switches it to a new one.",
			changes: []string{"create", "create"},
			name:    name,
			writes:  []elbstub.Operation{post, switchOver},
		},
		{
			title:   "Rotate",
			why:     "The certificate was renewed. One apply creates it, switches the listener and deletes the old one.",
			before:  func() error { return writePair(d.tf.Dir) },
			changes: []string{"create, delete", "update"},
			name:    name,
			writes:  []elbstub.Operation{post, switchOver, remove},
		},
		{
			title:   "Destroy with a fallback",
			why:     "A listener needs a certificate, so it is switched back to the one that was uploaded by hand.",
			changes: []string{"delete", "delete"},
			writes:  []elbstub.Operation{switchOver, remove},
			destroy: true,
		},
	}
}

func (d *demo) play(ctx context.Context, acts []act) error {
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
	said, changes, err := plan(ctx, d.tf, a.destroy)
	if err != nil {
		return err
	}
	for _, line := range interesting(said) {
		fmt.Fprintf(d.out, "   | %s\n", line)
	}
	if !slices.Equal(changes, a.changes) {
		return fmt.Errorf("the plan has the changes %q instead of %q:\n%s", changes, a.changes, said)
	}
	if slices.ContainsFunc(changes, func(change string) bool { return change != noChanges }) {
		if _, err := d.tf.Run(ctx, "apply", "-input=false", "plan"); err != nil {
			return err
		}
	}
	a.calls = d.cloud.Journal()[before:]
	if err := d.compareCalls(a); err != nil {
		return err
	}
	d.showListeners("after")
	return d.compareCloud(a, said)
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

// interesting returns the lines of a plan that show its changes.
func interesting(plan string) []string {
	var lines []string
	for line := range strings.Lines(plan) {
		line = strings.TrimRight(line, "\r\n")
		for _, prefix := range []string{
			"  # elbaas_", "      ~ name ", "      ~ description ", "      ~ certificate ", "      ~ certificate_id ",
			"      + private_key ", "Plan: ", "No changes.",
		} {
			if strings.HasPrefix(line, prefix) {
				lines = append(lines, line)
			}
		}
	}
	return lines
}

// table shows the number of requests of each act.
func (d *demo) table() {
	fmt.Fprintln(d.out, "\nRequests that the stub received:")
	w := tabwriter.NewWriter(d.out, 0, 0, 2, ' ', 0)
	columns := []struct {
		title      string
		operations []elbstub.Operation
	}{
		{"GET", []elbstub.Operation{elbstub.ListCertificates, elbstub.ListListeners, elbstub.ShowListener}},
		{"POST", []elbstub.Operation{post}},
		{"PUT", []elbstub.Operation{put}},
		{"PUT listener", []elbstub.Operation{switchOver}},
		{"DELETE", []elbstub.Operation{remove}},
	}
	fmt.Fprint(w, "   ")
	for _, column := range columns {
		fmt.Fprintf(w, "\t%s", column.title)
	}
	fmt.Fprintln(w)
	for _, a := range d.acts {
		fmt.Fprintf(w, "   %s", a.title)
		for _, column := range columns {
			n := 0
			for _, call := range a.calls {
				if slices.Contains(column.operations, call.Operation) {
					n++
				}
			}
			fmt.Fprintf(w, "\t%d", n)
		}
		fmt.Fprintln(w)
	}
	_ = w.Flush()
	fmt.Fprintln(d.out, "\nEverything was as it should be.")
}
