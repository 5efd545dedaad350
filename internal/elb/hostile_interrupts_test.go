package elb_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/elbaas/terraform-provider-elbaas/internal/elb"
	"github.com/elbaas/terraform-provider-elbaas/internal/elbstub"
	"github.com/elbaas/terraform-provider-elbaas/internal/httpapi"
)

// TestInterruptWhileAnOldResponseIsReadBack: the response to an update has the old values, and an interrupt comes at
// some time during the read-back. Either the new values are returned, or the error says that the change was accepted.
func TestInterruptWhileAnOldResponseIsReadBack(t *testing.T) {
	t.Parallel()
	for after := 250 * time.Millisecond; after < 8*time.Second; after += 250 * time.Millisecond {
		t.Run(after.String(), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				cloud, client := cloudInBubble(t, elbstub.Options{}, 5)
				before := create(t, client)
				time.Sleep(time.Minute)
				old, err := json.Marshal(before)
				if err != nil {
					t.Fatal(err)
				}
				cloud.Script(elbstub.ModifyCertificate, 1, elbstub.ReplyAfter(200, string(old)))
				cloud.ScriptEach(elbstub.ListCertificates, func(nth int) elbstub.Fault {
					return func(next elbstub.Next) elbstub.Response {
						time.Sleep(time.Duration(nth%3) * 400 * time.Millisecond)
						return next(elbstub.View{Lag: 4 * time.Second})
					}
				})
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				time.AfterFunc(after, cancel)
				started := time.Now()
				got, err := client.UpdateCertificate(ctx, project, before, elb.NoWrite, renamed)
				wasTold := errors.Is(err, elb.ErrNotShown) && errors.Is(err, context.Canceled)
				if isDone := err == nil && got.Name == "new"; !isDone && !wasTold {
					t.Errorf("got %q, %v", got.Name, err)
				}
				if late := time.Since(started) - after; late > time.Second {
					t.Errorf("it ended %s after the interrupt", late)
				}

				time.Sleep(time.Second) // for requests that are on their way
				calls := len(cloud.Journal())
				time.Sleep(10 * time.Second)
				if later := len(cloud.Journal()) - calls; later > 0 {
					t.Errorf("%d calls after the interrupt", later)
				}
				read, err := get(t.Context(), client, project, before.ID)
				if err != nil || read.Name != cloud.Certificates(project)[0].Name {
					t.Errorf("the next read of the process has %q, %v", read.Name, err)
				}
			})
		})
	}
}

// TestGatewayRepeatsARequestThatIsRefused: a gateway sends a request to two backends, and returns the refusal of the
// second one. The next creation, which is refused as well, names the certificate that the first backend created.
func TestGatewayRepeatsARequestThatIsRefused(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud, client := cloudInBubble(t, elbstub.Options{Quota: 1}, 5)
		create := newCertificate(t)
		cloud.Script(elbstub.CreateCertificate, 1, func(next elbstub.Next) elbstub.Response {
			next()
			return next()
		})
		_, err := client.CreateCertificate(t.Context(), project, create)
		if refusal := httpapi.RefusalOf(err); refusal == nil || refusal.Code != "ELB.5151" {
			t.Fatalf("got %v, want the refusal", err)
		}
		time.Sleep(10 * time.Second)
		creation, err := client.CreateCertificate(t.Context(), project, create)
		existing := cloud.Certificates(project)
		if err == nil || len(existing) != 1 || !slices.Contains(creation.Identical, existing[0].ID) {
			t.Errorf("%d certificates, %q are named, %v", len(existing), creation.Identical, err)
		}
	})
}

// TestKilledBesideALostResponse: one process is killed after its request has created a certificate, and the response to
// the same creation of another process is lost. The other process takes neither certificate, and names both.
func TestKilledBesideALostResponse(t *testing.T) {
	t.Parallel()
	for _, lag := range []time.Duration{0, 4 * time.Second} {
		t.Run(lag.String(), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				cloud, killed := cloudInBubble(t, elbstub.Options{ListLag: lag}, 5)
				other := clientInBubble(t, cloud, 5)
				create := newCertificate(t)
				late := func(next elbstub.Next) elbstub.Response {
					time.Sleep(time.Second / 10) // until both have their baselines
					return elbstub.Drop()(next)
				}
				cloud.Script(elbstub.CreateCertificate, 1, late)
				cloud.Script(elbstub.CreateCertificate, 2, late)
				ctx, kill := context.WithCancel(t.Context())
				var both sync.WaitGroup
				both.Go(func() { _, _ = killed.CreateCertificate(ctx, project, create) })
				time.AfterFunc(time.Second, kill) // its result is ignored
				both.Go(func() {
					_, err := other.CreateCertificate(t.Context(), project, create)
					uncertain, isUncertain := errors.AsType[*elb.UncertainError](err)
					if !isUncertain || len(uncertain.Candidates) != 2 {
						t.Errorf("error %v", err)
					}
				})
				both.Wait()
				if there := len(cloud.Certificates(project)); there != 2 {
					t.Errorf("%d certificates, want 2", there)
				}
			})
		})
	}
}

// paged truncates lists to their first elements, but keeps the total of all.
func paged(cloud *elbstub.Cloud, size int) {
	cloud.ScriptEach(elbstub.ListCertificates, func(int) elbstub.Fault {
		return func(next elbstub.Next) elbstub.Response {
			response := next()
			var list struct {
				Certificates []json.RawMessage `json:"certificates"`
				Total        any               `json:"instance_num"`
			}
			if json.Unmarshal(response.Body, &list) == nil {
				list.Certificates = list.Certificates[:min(size, len(list.Certificates))]
				response.Body, _ = json.Marshal(list)
			}
			return response
		}
	})
}

// TestPagesAndDeletions: lists are truncated to their first certificates, with the total of all, while another process
// deletes some of those, so that others move up. No existing certificate counts as gone, and a creation adopts none
// that existed before.
func TestPagesAndDeletions(t *testing.T) {
	t.Parallel()
	for size := range 5 {
		t.Run(strconv.Itoa(size), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				cloud, client := cloudInBubble(t, elbstub.Options{}, 1)
				create := newCertificate(t)
				var ids []string
				for range 4 {
					ids = append(ids, cloud.Add(elbstub.Certificate{ProjectID: project, Name: "other"}))
				}
				old := cloud.Add(asStranger(create)) // the last one
				time.Sleep(time.Minute)
				paged(cloud, size)
				cloud.Script(elbstub.CreateCertificate, 1, elbstub.Drop())
				for n, id := range ids {
					time.AfterFunc(time.Duration(n+1)*900*time.Millisecond, func() { cloud.Remove(id) })
				}
				var all sync.WaitGroup
				all.Go(func() {
					creation, err := client.CreateCertificate(t.Context(), project, create)
					if creation.ID == old {
						t.Errorf("it has adopted a certificate that was there before: %+v", creation)
					}
					_, isUncertain := errors.AsType[*elb.UncertainError](err)
					for _, cert := range cloud.Certificates(project) {
						if cert.ID != old && cert.ID != creation.ID && !isUncertain {
							t.Errorf("certificate %s is not named: %+v, %v", cert.ID, creation, err)
						}
					}
				})
				for range 30 {
					_, err := get(t.Context(), client, project, old)
					if errors.Is(err, elb.ErrCertificateNotFound) || client.KnownMissing(project, old) {
						t.Errorf("a certificate that exists is said to be gone: %v", err)
					}
					time.Sleep(300 * time.Millisecond)
				}
				all.Wait()
			})
		})
	}
}

// TestListOfKeysIsCut: the list for a private key ends after any byte, because the connection or an HTTP/2 GOAWAY frame
// ends it. Then no key is returned, and the error does not show one.
func TestListOfKeysIsCut(t *testing.T) {
	t.Parallel()
	const key = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASC"
	const body = `{"certificates":[{"id":"1","private_key":"` + key + `","name":"a"},{"id":"2","private_key":"` +
		key + `"}],"instance_num":"2"}`
	const goAway = "\x00\x00\x28\x07\x00\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00" + key
	for name, respond := range map[string]func(part string) string{
		"with the connection": func(part string) string { return "HTTP/1.0 200 OK\r\n\r\n" + part },
		"in a chunk": func(part string) string {
			return fmt.Sprintf("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s", len(body), part)
		},
		"with a goodbye": func(part string) string {
			return fmt.Sprintf("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n%s",
				len(part), part, goAway)
		},
		"with a goodbye before it": func(part string) string { return goAway + part },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for n := 1; n < len(body); n++ {
				synctest.Test(t, func(t *testing.T) {
					handler := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
						connection, _, err := http.NewResponseController(w).Hijack()
						if err != nil {
							panic(err)
						}
						defer func() { _ = connection.Close() }()
						_, _ = io.WriteString(connection, respond(body[:n]))
					})
					_, got, err := clientInBubble(t, handler, 1).GetPrivateKey(t.Context(), project, "1")
					if err == nil || !got.Empty() || strings.Contains(err.Error(), key[:20]) {
						t.Errorf("cut after %q: the key is %q, %v", body[:n], got.Reveal(), err)
					}
				})
			}
		})
	}
}
