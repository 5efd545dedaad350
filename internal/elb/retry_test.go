package elb_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/elbaas/terraform-provider-elbaas/internal/elb"
	"github.com/elbaas/terraform-provider-elbaas/internal/elbstub"
	"github.com/elbaas/terraform-provider-elbaas/internal/httpapi"
)

// TestRetries has a server whose first response to each call is a fault.
func TestRetries(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		fault elbstub.Fault
		// how many calls the server receives for each operation
		read, update, remove, create int
	}{
		"502": {elbstub.Reply(502, "<html>"), 2, 2, 2, 2},
		"503": {
			elbstub.Reply(503, `{"error":{"message":"m","code":"serviceUnavailable"}}`),
			2,
			2,
			2,
			2,
		},
		"504":                     {elbstub.Reply(504, `{"error_msg":"m","error_code":"APIGW.0201"}`), 2, 2, 2, 2},
		"500 of the gateway":      {elbstub.Reply(500, `{"error_msg":"m","error_code":"APIGW.0201"}`), 2, 2, 2, 2},
		"500":                     {elbstub.Reply(500, `{"error":{"message":"m","code":"authFault"}}`), 1, 1, 2, 2},
		"400":                     {elbstub.Reply(400, `{"error":{"message":"m","code":"ELB.9999"}}`), 1, 1, 2, 1},
		"401":                     {elbstub.Reply(401, ""), 1, 1, 1, 1},
		"429":                     {elbstub.Reply(429, ""), 2, 2, 2, 2},
		"lost before it was done": {elbstub.Refuse(), 2, 2, 2, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				cloud, client := cloudInBubble(t, elbstub.Options{}, 3)
				cert := create(t, client)
				count := func(operation elbstub.Operation, want int, call func() error) {
					t.Helper()
					before := len(cloud.Journal(operation))
					cloud.Script(operation, 1, row.fault)
					err := call()
					if got := len(cloud.Journal(operation)) - before; got != want || (err == nil) != (want == 2) {
						t.Errorf("%s: %d calls, error %v, want %d", operation, got, err, want)
					}
				}
				count(elbstub.ListCertificates, row.read, func() error {
					time.Sleep(time.Minute) // until the cache has expired
					_, err := get(t.Context(), client, project, cert.ID)
					return err
				})
				count(elbstub.ModifyCertificate, row.update, func() error {
					_, err := client.UpdateCertificate(t.Context(), project, cert, elb.NoWrite, named("new"))
					return err
				})
				count(elbstub.DeleteCertificate, row.remove, func() error {
					return deleteWithin(t, client, cert.ID, time.Minute)
				})
				count(elbstub.CreateCertificate, row.create, func() error {
					time.Sleep(time.Minute) // until a failed list is no longer cached
					_, err := client.CreateCertificate(t.Context(), project, newCertificate(t))
					return err
				})
			})
		})
	}
}

// TestCutDeleteAndNoConnection: the response to a deletion is cut off, and its second attempt cannot be sent. The list
// decides.
func TestCutDeleteAndNoConnection(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud := elbstub.New(elbstub.Options{BasePath: base, Tokens: map[string]string{token: project}})
		network := elbstub.NewNetwork("cloud.test:80")
		server := &http.Server{Handler: cloud, ReadHeaderTimeout: time.Minute}
		go func() { _ = server.Serve(network) }()
		t.Cleanup(func() { _ = server.Close() })
		var isDown atomic.Bool
		client := clientFor(t, "http://cloud.test"+base, func(c *httpapi.Config) {
			c.MaxRetries = 1
			c.Dial = func(ctx context.Context, kind, address string) (net.Conn, error) {
				if isDown.CompareAndSwap(true, false) { // for one attempt
					return nil, &net.OpError{Op: "dial", Net: kind, Err: syscall.ECONNREFUSED}
				}
				return network.DialContext(ctx, kind, address)
			}
		})
		id := cloud.Add(elbstub.Certificate{ProjectID: project})
		cloud.Script(elbstub.DeleteCertificate, 1, func(next elbstub.Next) elbstub.Response {
			isDown.Store(true)
			return elbstub.Cut(3)(func(...elbstub.View) elbstub.Response {
				response := next()
				response.Status, response.Body = http.StatusOK, []byte(`{"job_id":"1"}`)
				return response
			})
		})
		if err := deleteWithin(t, client, id, time.Minute); err != nil {
			t.Error(err)
		}
		wantCalls(t, cloud, elbstub.DeleteCertificate, elbstub.ListCertificates)
	})
}

// TestCutDeleteThenInUse: the response to a deletion is cut off. The one to its second attempt says that the
// certificate is in use, so it exists, even if a list lacks it and does not say so.
func TestCutDeleteThenInUse(t *testing.T) {
	t.Parallel()
	for _, code := range []string{"ELB.5002", "ELB.9999"} { // the code is not documented
		synctest.Test(t, func(t *testing.T) {
			cloud, client := cloudInBubble(t, elbstub.Options{Dialect: elbstub.Dialect{Count: elbstub.CountAbsent}}, 1)
			id := cloud.Add(elbstub.Certificate{ProjectID: project})
			cloud.AddListener(elbstub.Listener{ProjectID: project, CertificateID: id})
			cloud.ScriptEach(elbstub.DeleteCertificate, func(n int) elbstub.Fault {
				if n == 1 {
					return func(elbstub.Next) elbstub.Response {
						return elbstub.Cut(3)(func(...elbstub.View) elbstub.Response {
							return elbstub.Response{Status: http.StatusOK, Body: []byte(`{"job_id":"1"}`)}
						})
					}
				}
				return refusing(400, code)
			})
			hidden := elbstub.See(elbstub.View{Hidden: 1})
			cloud.ScriptEach(elbstub.ListCertificates, func(int) elbstub.Fault { return hidden })
			err := deleteWithin(t, client, id, time.Minute)
			if inUse, is := errors.AsType[*elb.InUseError](err); !is || len(inUse.Listeners) != 1 {
				t.Errorf("%s: error %v, want that a listener holds it", code, err)
			}
		})
	}
}

// TestLostDelete: the response to a deletion is lost. That to the second attempt says that the certificate does not
// exist.
func TestLostDelete(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]elbstub.Fault{
		"dropped": elbstub.Drop(),
		"504":     elbstub.ReplyAfter(504, "<html>"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				cloud, client := cloudInBubble(t, elbstub.Options{}, 1)
				id := cloud.Add(elbstub.Certificate{ProjectID: project})
				cloud.Script(elbstub.DeleteCertificate, 1, fault)
				if err := deleteWithin(t, client, id, time.Minute); err != nil {
					t.Error(err)
				}
				calls := cloud.Journal(elbstub.DeleteCertificate)
				if len(calls) != 2 || calls[1].Status != 404 || len(cloud.Certificates(project)) != 0 {
					t.Errorf("got %v", calls)
				}
			})
		})
	}
}
