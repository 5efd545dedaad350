package elb_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/elbaas/terraform-provider-elbaas/internal/elb"
	"github.com/elbaas/terraform-provider-elbaas/internal/elbstub"
)

// retrying is a client of a cloud that repeats calls.
func retrying(t *testing.T, cloud http.Handler, maxRetries int) *elb.Client {
	t.Helper()
	server := httptest.NewServer(cloud)
	t.Cleanup(server.Close)
	return clientFor(t, server.URL+base, func(c *elb.Config) { c.Retrier = elb.NewRetrier(maxRetries, 0) })
}

// refuseFirst refuses the first connection.
func refuseFirst(dials *atomic.Int32) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, kind, address string) (net.Conn, error) {
		if dials.Add(1) == 1 {
			address = "127.0.0.1:1"
		}
		return (&net.Dialer{}).DialContext(ctx, kind, address)
	}
}

// counting counts what is tried.
type counting struct{ calls *atomic.Int32 }

func (c counting) RoundTrip(r *http.Request) (*http.Response, error) {
	c.calls.Add(1)
	return http.DefaultTransport.RoundTrip(r)
}

// TestRetries has a server that fails once, and what becomes of each call.
func TestRetries(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		fault elbstub.Fault
		// calls that the server sees of a read, an update, a deletion and a creation
		read, update, remove, create int
	}{
		"502":                     {elbstub.Reply(502, "<html>"), 2, 2, 2, 2},
		"503":                     {elbstub.Reply(503, `{"error":{"message":"m","code":"serviceUnavailable"}}`), 2, 2, 2, 2},
		"504":                     {elbstub.Reply(504, `{"error_msg":"m","error_code":"APIGW.0201"}`), 2, 2, 2, 2},
		"500 of the gateway":      {elbstub.Reply(500, `{"error_msg":"m","error_code":"APIGW.0201"}`), 2, 2, 2, 2},
		"500":                     {elbstub.Reply(500, `{"error":{"message":"m","code":"authFault"}}`), 1, 1, 1, 2},
		"400":                     {elbstub.Reply(400, `{"error":{"message":"m","code":"ELB.9999"}}`), 1, 1, 1, 1},
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
					time.Sleep(time.Minute) // until nothing is known any more
					_, err := client.GetCertificate(t.Context(), project, cert.ID)
					return err
				})
				count(elbstub.ModifyCertificate, row.update, func() error {
					_, err := client.UpdateCertificate(t.Context(), project, cert.ID, "new", "")
					return err
				})
				count(elbstub.DeleteCertificate, row.remove, func() error {
					return client.DeleteCertificate(t.Context(), project, cert.ID, time.Minute)
				})
				count(elbstub.CreateCertificate, row.create, func() error {
					_, err := client.CreateCertificate(t.Context(), project, newCertificate(t))
					return err
				})
			})
		})
	}
}

// TestRetriesEnd: the last answer is told.
func TestRetriesEnd(t *testing.T) {
	t.Parallel()
	var calls atomic.Int32
	client := retrying(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Request-Id", fmt.Sprintf("call-%d", calls.Add(1)))
		w.WriteHeader(http.StatusBadGateway)
	}), 2)
	var answer *elb.Error
	if _, err := client.GetCertificate(t.Context(), project, "id"); !errors.As(err, &answer) || answer.RequestID != "call-3" {
		t.Errorf("after %d calls: %v", calls.Load(), err)
	}
}

// TestUnsentIsRepeated: what never left may be sent again, a creation too.
func TestUnsentIsRepeated(t *testing.T) {
	t.Parallel()
	cloud := elbstub.New(elbstub.Options{BasePath: base, Tokens: map[string]string{token: project}})
	server := httptest.NewServer(cloud)
	t.Cleanup(server.Close)
	var dials atomic.Int32
	network := &http.Transport{DialContext: refuseFirst(&dials)}
	t.Cleanup(network.CloseIdleConnections)
	client := clientFor(t, server.URL+base, func(c *elb.Config) {
		c.Retrier = elb.NewRetrier(1, 0)
		c.Transport = withToken{token, network}
	})
	if _, err := client.CreateCertificate(t.Context(), project, newCertificate(t)); err != nil || dials.Load() != 2 {
		t.Errorf("%d connections, error %v", dials.Load(), err)
	}
}

// TestLastingErrors are told at once.
func TestLastingErrors(t *testing.T) {
	t.Parallel()
	server := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(server.Close)
	var calls atomic.Int32
	client := clientFor(t, server.URL, func(c *elb.Config) {
		c.Retrier = elb.NewRetrier(5, 0)
		c.Transport = counting{&calls}
	})
	if _, err := client.GetCertificate(t.Context(), project, "id"); err == nil || calls.Load() != 1 {
		t.Errorf("an unknown authority: %d calls, %v", calls.Load(), err)
	}
}

// TestThrottled: a throttled call is no failure, and slows the others down too.
func TestThrottled(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var first time.Time
		early := 0
		client := clientInBubble(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			mu.Lock()
			defer mu.Unlock()
			if first.IsZero() {
				first = time.Now()
				w.Header().Set("Retry-After", "1")
				w.WriteHeader(http.StatusTooManyRequests)
				_, _ = fmt.Fprint(w, `{"error_msg":"too many","error_code":"APIGW.0308"}`)
				return
			}
			if time.Since(first) < time.Second {
				early++
			}
			_, _ = fmt.Fprint(w, `{"certificates":[]}`)
		}), 0) // which throttling does not use up
		var waiting sync.WaitGroup
		waiting.Go(func() {
			if _, err := client.GetCertificate(t.Context(), project, "id"); !errors.Is(err, elb.ErrNotFound) {
				t.Errorf("the throttled call: %v", err)
			}
		})
		synctest.Wait() // until it is
		for range 5 {
			waiting.Go(func() {
				if _, err := client.GetCertificate(t.Context(), project, "id"); !errors.Is(err, elb.ErrNotFound) {
					t.Errorf("another call: %v", err)
				}
			})
		}
		waiting.Wait()
		if early > 0 {
			t.Errorf("%d calls came before the server wanted any", early)
		}

		// Who is throttled to the end is told so.
		throttled := clientInBubble(t, answering(http.StatusTooManyRequests, `{"error_msg":"too many","error_code":"APIGW.0308"}`), 0)
		hurry, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		var answer *elb.Error
		if _, err := throttled.UpdateCertificate(hurry, project, "id", "", ""); !errors.Is(err, context.DeadlineExceeded) || !errors.As(err, &answer) || answer.Code != "APIGW.0308" {
			t.Errorf("throttled to the end: %v", err)
		}

		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := clientInBubble(t, answering(200, "{}"), 0).GetCertificate(ctx, project, "id"); !errors.Is(err, context.Canceled) {
			t.Errorf("interrupted: %v", err)
		}
	})
}

// TestLostDelete: the second attempt is told that there is no such certificate.
func TestLostDelete(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]elbstub.Fault{"dropped": elbstub.Drop(), "504": elbstub.ReplyAfter(504, "<html>")} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				cloud, client := cloudInBubble(t, elbstub.Options{}, 1)
				id := cloud.Add(elbstub.Certificate{ProjectID: project})
				cloud.Script(elbstub.DeleteCertificate, 1, fault)
				if err := client.DeleteCertificate(t.Context(), project, id, time.Minute); err != nil {
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
