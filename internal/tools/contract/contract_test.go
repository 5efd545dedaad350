// Package contract drives the stub cloud with the two public Go SDKs of this API, so
// that the stub does not only agree with the client that was written beside it. It has
// a module of its own, so that nobody else downloads those SDKs.
package contract

import (
	"errors"
	"fmt"
	"io"
	"log"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/huaweicloud/golangsdk/openstack/networking/v2/extensions/elb/certificate"

	"github.com/elbaas/terraform-provider-elbaas/internal/elbstub"
	"github.com/elbaas/terraform-provider-elbaas/internal/throwaway"
)

const (
	project = "0123456789abcdef0123456789abcdef"
	token   = "MIIFvAYJKoZIhvcNAQcCoIIFrTCCBakCAQE"
	base    = "/gateway/elb"
	version = base + "/v1.0/"
)

// TestMain silences the SDKs: both log the whole body of a creation, and with it the
// private key.
func TestMain(m *testing.M) {
	log.SetOutput(io.Discard)
	os.Exit(m.Run())
}

// An sdk is what both SDKs can do. Their types for certificates have the same fields,
// so those of Huawei Cloud stand for both.
type sdk struct {
	create    func(certificate.CreateOpts) (*certificate.Certificate, error)
	get       func(id string) (*certificate.Certificate, error)
	update    func(id string, opts certificate.UpdateOpts) (*certificate.Certificate, error)
	remove    func(id string) error
	listeners func() ([]listener, error)
	show      func(id string) (listener, error)
	change    func(id, name string, port int) (listener, error)
	// switchTo gives a listener another certificate. The options of both SDKs lack that
	// field, so it is their PUT that is called, and their type that reads the response.
	switchTo func(id, certificateID string) (listener, error)
	// notFound and badRequest recognize the SDK's own errors for 404 and 400.
	notFound, badRequest func(error) bool
}

// A listener is what an SDK read of one.
type listener struct {
	ID, Name, LoadBalancerID, Protocol string
	Port                               int
	CertificateID                      string
	Certificates                       []string
}

// sdks are the SDKs by the names of their modules.
var sdks = map[string]func(*httptest.Server) sdk{
	"golangsdk":          huawei,
	"gophertelekomcloud": telekom,
}

func is[E error](err error) bool {
	_, ok := errors.AsType[E](err)
	return ok
}

// newCloud returns a stub cloud in dialect 0 and its server. Its clock advances by one
// second each time it is read, so that the times of a certificate differ.
func newCloud(t *testing.T) (*elbstub.Cloud, *httptest.Server) {
	t.Helper()
	start := time.Date(2026, 6, 27, 8, 14, 42, 0, time.UTC)
	var reads atomic.Int64
	cloud := elbstub.New(elbstub.Options{
		BasePath: base,
		Tokens:   map[string]string{token: project},
		Dialect:  elbstub.NewDialect(0),
		Now:      func() time.Time { return start.Add(time.Duration(reads.Add(1)) * time.Second) },
	})
	server := httptest.NewServer(cloud)
	t.Cleanup(server.Close)
	return cloud, server
}

func newPair() throwaway.Pair { return throwaway.NewPair("www.example.com") }

// find returns the certificate with an ID as the cloud has it.
func find(cloud *elbstub.Cloud, id string) (cert elbstub.Certificate, found bool) {
	all := cloud.Certificates(project)
	i := slices.IndexFunc(all, func(cert elbstub.Certificate) bool { return cert.ID == id })
	if i < 0 {
		return elbstub.Certificate{}, false
	}
	return all[i], true
}

// checkHeld checks that the cloud holds what was sent, and that the SDK read every
// field of it.
func checkHeld(
	t *testing.T, step string, cloud *elbstub.Cloud, want certificate.CreateOpts,
	got *certificate.Certificate, err error,
) {
	t.Helper()
	if err != nil {
		t.Fatalf("%s: %v", step, err)
	}
	there, found := find(cloud, got.ID)
	if !found {
		t.Fatalf("%s: the SDK read the ID %q, which the cloud does not have", step, got.ID)
	}
	sent := certificate.CreateOpts{
		Name: there.Name, Description: there.Description, Domain: there.Domain,
		Certificate: there.Certificate, PrivateKey: there.PrivateKey,
	}
	if sent != want {
		t.Errorf("%s: the cloud holds\n%+v\nwant\n%+v", step, sent, want)
	}
	const layout = "2006-01-02 15:04:05"
	read := certificate.Certificate{
		ID: there.ID, Name: there.Name, Description: there.Description, Domain: there.Domain,
		Certificate: strings.TrimSpace(there.Certificate), PrivateKey: strings.TrimSpace(there.PrivateKey),
		CreateTime: there.CreateTime.Format(layout), UpdateTime: there.UpdateTime.Format(layout),
	}
	if *got != read {
		t.Errorf("%s: the SDK read\n%+v\nwant\n%+v", step, *got, read)
	}
}

// TestCertificateLife creates, reads, modifies and deletes a certificate.
func TestCertificateLife(t *testing.T) {
	t.Parallel()
	pair := newPair()
	for name, opts := range map[string]certificate.CreateOpts{
		"all fields": {
			Name: "证书_www-1", Description: "first & only, 100 %", Domain: "www.example.com",
			Certificate: pair.Certificate, PrivateKey: pair.PrivateKey,
		},
		"required fields": {Certificate: pair.Certificate, PrivateKey: pair.PrivateKey},
	} {
		for sdkName, newSDK := range sdks {
			t.Run(sdkName+"/"+name, func(t *testing.T) {
				t.Parallel()
				cloud, server := newCloud(t)
				client := newSDK(server)
				other := cloud.Add(elbstub.Certificate{ProjectID: project, Name: "other"})
				want := opts

				created, err := client.create(want)
				checkHeld(t, "create", cloud, want, created, err)
				id := created.ID
				listed, err := client.get(id)
				checkHeld(t, "list", cloud, want, listed, err)

				// Neither SDK sends an empty text, so neither can clear one.
				for _, update := range []certificate.UpdateOpts{
					{Name: "renamed", Description: "second"},
					{Name: "renamed-again"},
					{Description: "third"},
					{},
				} {
					if update.Name != "" {
						want.Name = update.Name
					}
					if update.Description != "" {
						want.Description = update.Description
					}
					updated, err := client.update(id, update)
					checkHeld(t, fmt.Sprintf("update %+v", update), cloud, want, updated, err)
				}
				listed, err = client.get(id)
				checkHeld(t, "list after the updates", cloud, want, listed, err)

				if err := client.remove(id); err != nil {
					t.Fatalf("delete: %v", err)
				}
				if left := cloud.Certificates(project); len(left) != 1 || left[0].ID != other {
					t.Errorf("after the deletion there is %+v", left)
				}
				checkGone(t, client, id)
				checkCalls(t, cloud)
			})
		}
	}
}

// checkGone checks that the SDK reports a certificate as not found, whatever is called.
func checkGone(t *testing.T, client sdk, id string) {
	t.Helper()
	_, updateErr := client.update(id, certificate.UpdateOpts{Name: "late"})
	for step, err := range map[string]error{"delete": client.remove(id), "update": updateErr} {
		if !client.notFound(err) || !strings.Contains(err.Error(), "ELB.5040") {
			t.Errorf("%s of no certificate: error %v, want 404 and ELB.5040", step, err)
		}
	}
	if _, err := client.get(id); !client.notFound(err) {
		t.Errorf("list without the certificate: error %v, want that it is not found", err)
	}
}

// checkCalls checks that the SDK made the documented calls, and no other.
func checkCalls(t *testing.T, cloud *elbstub.Cloud) {
	t.Helper()
	var calls, updates []string
	for _, call := range cloud.Journal() {
		calls = append(calls, fmt.Sprint(call.Operation, " ", call.Status))
	}
	for _, call := range cloud.Journal(elbstub.ModifyCertificate)[:4] {
		updates = append(updates, strings.TrimSpace(call.Body))
	}
	want := []string{
		"create certificate 200", "list certificates 200",
		"modify certificate 200", "modify certificate 200", "modify certificate 200", "modify certificate 200",
		"list certificates 200", "delete certificate 204",
		"modify certificate 404", "delete certificate 404", "list certificates 200",
	}
	if !slices.Equal(calls, want) {
		t.Errorf("calls\n%q\nwant\n%q", calls, want)
	}
	want = []string{
		`{"description":"second","name":"renamed"}`, `{"name":"renamed-again"}`, `{"description":"third"}`, `{}`,
	}
	if !slices.Equal(updates, want) {
		t.Errorf("updates\n%q\nwant\n%q", updates, want)
	}
}

// TestRefusals has creations that the cloud refuses with the documented codes.
func TestRefusals(t *testing.T) {
	t.Parallel()
	pair, stranger := newPair(), newPair()
	for name, row := range map[string]struct {
		opts certificate.CreateOpts
		code string
	}{
		"name with a space":          {certificate.CreateOpts{Name: "a b", Certificate: pair.Certificate}, "ELB.1001"},
		"not PEM":                    {certificate.CreateOpts{Certificate: "PEM"}, "ELB.1011"},
		"key of another certificate": {certificate.CreateOpts{Certificate: stranger.Certificate}, "ELB.5013"},
	} {
		row.opts.PrivateKey = pair.PrivateKey
		for sdkName, newSDK := range sdks {
			t.Run(sdkName+"/"+name, func(t *testing.T) {
				t.Parallel()
				cloud, server := newCloud(t)
				client := newSDK(server)
				_, err := client.create(row.opts)
				if !client.badRequest(err) || !strings.Contains(err.Error(), row.code) {
					t.Errorf("error %v, want 400 and %s", err, row.code)
				}
				if there := cloud.Certificates(project); len(there) != 0 {
					t.Errorf("there is %+v", there)
				}
			})
		}
	}
}

// TestListeners lists a listener that holds a certificate, which then cannot be deleted.
func TestListeners(t *testing.T) {
	t.Parallel()
	for _, how := range []string{"own", "SNI"} {
		for sdkName, newSDK := range sdks {
			t.Run(sdkName+"/"+how, func(t *testing.T) {
				t.Parallel()
				cloud, server := newCloud(t)
				client := newSDK(server)
				if none, err := client.listeners(); err != nil || len(none) != 0 {
					t.Errorf("without listeners: %+v, error %v", none, err)
				}

				pair := newPair()
				cert, err := client.create(certificate.CreateOpts{
					Certificate: pair.Certificate, PrivateKey: pair.PrivateKey,
				})
				if err != nil {
					t.Fatal(err)
				}
				balancer := strings.Repeat("b", 32)
				holder := elbstub.Listener{ProjectID: project, Name: "https", LoadBalancerID: balancer}
				want := listener{Name: "https", LoadBalancerID: balancer, Protocol: "HTTPS", Port: 443}
				if how == "SNI" {
					holder.SNI, want.Certificates = []string{cert.ID}, []string{cert.ID}
				} else {
					holder.CertificateID, want.CertificateID = cert.ID, cert.ID
				}
				want.ID = cloud.AddListener(holder)

				got, err := client.listeners()
				if err != nil || fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", []listener{want}) {
					t.Errorf("listeners %+v, error %v, want %+v", got, err, want)
				}
				err = client.remove(cert.ID)
				if !client.badRequest(err) || !strings.Contains(err.Error(), "ELB.5002") {
					t.Errorf("delete in use: error %v, want 400 and ELB.5002", err)
				}
				if _, found := find(cloud, cert.ID); !found {
					t.Error("a certificate in use is gone")
				}
				cloud.Remove(want.ID)
				if err := client.remove(cert.ID); err != nil {
					t.Errorf("delete when no listener holds it: %v", err)
				}
			})
		}
	}
}

// TestSwitch changes a listener, gives it another certificate, and then deletes the one
// that it had.
func TestSwitch(t *testing.T) {
	t.Parallel()
	for sdkName, newSDK := range sdks {
		t.Run(sdkName, func(t *testing.T) {
			t.Parallel()
			cloud, server := newCloud(t)
			client := newSDK(server)
			before := cloud.Add(elbstub.Certificate{ProjectID: project})
			after := cloud.Add(elbstub.Certificate{ProjectID: project})
			want := listener{
				Name:           "https",
				LoadBalancerID: strings.Repeat("b", 32),
				Protocol:       "HTTPS",
				Port:           443,
				CertificateID:  before,
			}
			want.ID = cloud.AddListener(elbstub.Listener{
				ProjectID: project, Name: want.Name, LoadBalancerID: want.LoadBalancerID, CertificateID: before,
			})
			check := func(step string, got listener, err error) {
				t.Helper()
				if err != nil || fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", want) {
					t.Errorf("%s: read %+v, error %v, want %+v", step, got, err, want)
				}
			}

			got, err := client.show(want.ID)
			check("show", got, err)
			want.Name, want.Port = "renamed", 8443
			got, err = client.change(want.ID, want.Name, want.Port)
			check("change", got, err)
			want.CertificateID = after
			got, err = client.switchTo(want.ID, after)
			check("switch", got, err)
			got, err = client.show(want.ID)
			check("show after the switch", got, err)

			if err := client.remove(before); err != nil {
				t.Errorf("delete what it had: %v", err)
			}
			if err := client.remove(after); !client.badRequest(err) {
				t.Errorf("delete what it has: error %v, want 400", err)
			}
			_, err = client.switchTo(want.ID, before)
			if !client.badRequest(err) || !strings.Contains(err.Error(), "ELB.1001") {
				t.Errorf("switch to what is gone: error %v, want 400 and ELB.1001", err)
			}
			if _, err := client.show(strings.Repeat("0", 32)); !client.notFound(err) {
				t.Errorf("show no listener: error %v, want 404", err)
			}
		})
	}
}
