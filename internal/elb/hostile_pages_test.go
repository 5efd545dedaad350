package elb_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/elbaas/terraform-provider-elbaas/internal/elb"
	"github.com/elbaas/terraform-provider-elbaas/internal/elbstub"
	"github.com/elbaas/terraform-provider-elbaas/internal/httpapi"
)

// TestPageInsteadOfAChange: a gateway returns the status 200 and a page that rejects the request or asks for a login,
// or the service returns an error with the status 200 (observed: terraform-provider-huaweicloud, pull request 2314).
// The API has accepted nothing, so the update fails with that error, well before its timeout.
func TestPageInsteadOfAChange(t *testing.T) {
	t.Parallel()
	always := func(cloud *elbstub.Cloud, operation elbstub.Operation, fault elbstub.Fault) {
		cloud.ScriptEach(operation, func(int) elbstub.Fault { return fault })
	}
	page := elbstub.Reply(200, "<html><head><title>Request Rejected</title></head></html>")
	const notJSON = `the response is not JSON but "text/html"`
	for name, row := range map[string]struct {
		first, put, get elbstub.Fault
		want            string
	}{
		"a page":                       {put: page, want: notJSON},
		"a text":                       {put: elbstub.Reply(200, "Request Rejected"), want: notJSON},
		"pages for everything":         {put: page, get: page, want: notJSON},
		"a page, and reads fail":       {put: page, get: elbstub.Reply(500, ""), want: notJSON},
		"a lost request, and then one": {first: elbstub.Refuse(), put: page, want: notJSON},
		"an error": {
			put:  elbstub.Reply(200, `{"error":{"message":"locked","code":"ELB.9999"}}`),
			want: "locked (HTTP 200, code ELB.9999",
		},
		"an error of the gateway": {
			put:  elbstub.Reply(202, `{"error_msg":"no backend","error_code":"APIGW.0103","request_id":"r"}`),
			want: "no backend (HTTP 202, code APIGW.0103",
		},
	} {
		for what, change := range map[string]func(*testing.T, *elbstub.Cloud, *elb.Client) error{
			"update": func(t *testing.T, cloud *elbstub.Cloud, client *elb.Client) error {
				t.Helper()
				prior := create(t, client)
				time.Sleep(time.Minute)
				cloud.Script(elbstub.ModifyCertificate, 1, row.first)
				always(cloud, elbstub.ModifyCertificate, row.put)
				always(cloud, elbstub.ListCertificates, row.get)
				ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
				defer cancel()
				nothing := elb.Updatable{} // as a list that failed shows it
				_, err := client.UpdateCertificate(ctx, project, prior, elb.NoWrite, nothing)
				return errors.Join(err, ctx.Err())
			},
			"switch": func(t *testing.T, cloud *elbstub.Cloud, client *elb.Client) error {
				t.Helper()
				first, next := create(t, client), create(t, client)
				id := cloud.AddListener(elbstub.Listener{ProjectID: project, CertificateID: first.ID})
				time.Sleep(time.Minute)
				cloud.Script(elbstub.ModifyListener, 1, row.first)
				always(cloud, elbstub.ModifyListener, row.put)
				always(cloud, elbstub.ShowListener, row.get)
				ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
				defer cancel()
				_, err := client.SwitchListener(ctx, project, elb.Listener{ID: id, CertificateID: first.ID}, next.ID)
				return errors.Join(err, ctx.Err())
			},
		} {
			t.Run(what+", "+name, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					cloud, client := cloudInBubble(t, elbstub.Options{}, 5)
					err := change(t, cloud, client)
					if err == nil || errors.Is(err, elb.ErrNotShown) || errors.Is(err, context.DeadlineExceeded) ||
						!strings.Contains(err.Error(), row.want) {
						t.Errorf("error %v", err)
					}
				})
			})
		}
	}
}

// TestPageInsteadOfAToken: the identity service returns a page. The update was not sent, so it fails without list
// calls.
func TestPageInsteadOfAToken(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		network := elbstub.NewNetwork("iam.test:80")
		page := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte("<html>login</html>"))
		})
		server := &http.Server{Handler: page, ReadHeaderTimeout: time.Minute}
		go func() { _ = server.Serve(network) }()
		t.Cleanup(func() { _ = server.Close() })
		api := httpapi.NewNetwork(httpapi.Config{Dial: network.DialContext}).Client(nil)
		client := elb.New(elb.Config{
			API: api,
			Endpoint: func(ctx context.Context, _ string) (*url.URL, error) {
				catalog := httpapi.Request{Method: http.MethodGet, URL: &url.URL{Scheme: "http", Host: "iam.test"}}
				return nil, api.Do(ctx, catalog, func(response *http.Response) error {
					return json.NewDecoder(response.Body).Decode(new(any))
				})
			},
		})
		start := time.Now()
		prior := elb.Certificate{ID: strings.Repeat("1", 32)}
		_, err := client.UpdateCertificate(t.Context(), project, prior, elb.NoWrite, renamed)
		if took := time.Since(start); err == nil || !strings.Contains(err.Error(), "is not JSON") || took > 0 {
			t.Errorf("error %v after %v", err, took)
		}
	})
}

// TestPageAndAnOldList: a certificate was renamed seconds ago, and the update that undoes this is rejected by a page.
// Lists still show the earlier name, which does not mean that the update was carried out.
func TestPageAndAnOldList(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud, client := cloudInBubble(t, elbstub.Options{ListLag: 4 * time.Second}, 0)
		first := create(t, client)
		time.Sleep(time.Minute)
		prior, err := client.UpdateCertificate(t.Context(), project, first, elb.NoWrite, renamed)
		if err != nil {
			t.Fatal(err)
		}
		cloud.Script(elbstub.ModifyCertificate, 1, elbstub.Reply(200, "<html>Request Rejected</html>"))
		_, err = client.UpdateCertificate(t.Context(), project, prior, 0, first.Updatable)
		if err == nil {
			t.Error("an update that was rejected succeeds")
		}
	})
}

// TestPageAndAnOldListener: a listener was switched seconds ago, and the switch that undoes this is rejected by a page.
// A replica still shows the earlier certificate, which does not mean that the listener was switched back.
func TestPageAndAnOldListener(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newListenerFixture(t, elbstub.Options{}, 0)
		switched, err := b.switchToNext(t, time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		b.cloud.Script(put, 1, elbstub.Reply(200, "<html>Request Rejected</html>"))
		b.cloud.ScriptEach(show, func(int) elbstub.Fault { return elbstub.See(elbstub.View{Lag: 4 * time.Second}) })
		if _, err = b.client.SwitchListener(t.Context(), project, switched, b.listener.CertificateID); err == nil {
			t.Errorf("a switch that was rejected succeeds, although the listener serves %s", b.serves())
		}
	})
}

// TestPageThatStalls: a gateway shows a page with the status 200, which it does not end, or only slowly. The page is
// the error: nothing waits for the rest of it, and nothing says that the API has accepted a change.
func TestPageThatStalls(t *testing.T) {
	t.Parallel()
	const beginning = "<html><head><title>Request Rejected</title></head>"
	for name, rest := range map[string]func(io.Writer) error{
		"silence": func(io.Writer) error { return io.EOF },
		"a byte from time to time": func(w io.Writer) error {
			time.Sleep(50 * time.Second)
			_, err := io.WriteString(w, " ")
			return err
		},
	} {
		for what, change := range map[string]func(context.Context, *elb.Client, elb.Certificate) error{
			"create": func(ctx context.Context, client *elb.Client, _ elb.Certificate) error {
				_, err := client.CreateCertificate(ctx, project, newCertificate(t))
				return err
			},
			"update": func(ctx context.Context, client *elb.Client, prior elb.Certificate) error {
				_, err := client.UpdateCertificate(ctx, project, prior, elb.NoWrite, renamed)
				return err
			},
			"delete": func(ctx context.Context, client *elb.Client, prior elb.Certificate) error {
				return client.DeleteCertificate(ctx, project, prior.ID, elb.NoWrite)
			},
			"switch": func(ctx context.Context, client *elb.Client, prior elb.Certificate) error {
				_, err := client.SwitchListener(ctx, project, elb.Listener{ID: prior.ID}, prior.ID)
				return err
			},
		} {
			t.Run(what+", "+name, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					cloud := elbstub.New(elbstub.Options{BasePath: base, Tokens: map[string]string{token: project}})
					prior := create(t, clientInBubble(t, cloud, 0))
					gateway := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
						if r.Method == http.MethodGet {
							cloud.ServeHTTP(w, r)
							return
						}
						w.Header().Set("Content-Type", "text/html")
						_, err := io.WriteString(w, beginning)
						for err == nil {
							_ = http.NewResponseController(w).Flush()
							err = rest(w)
						}
						<-r.Context().Done()
					})
					ctx, cancel := context.WithTimeout(t.Context(), 50*time.Second)
					defer cancel()
					err := change(ctx, clientInBubble(t, gateway, 5), prior)
					if err == nil || ctx.Err() != nil || !strings.Contains(err.Error(), `not JSON but "text/html"`) {
						t.Errorf("error %v", err)
					}
				})
			})
		}
	}
}

// TestPageWithinAResponse: a gateway that loses its backend within the response to an update ends it with a page, and
// cuts that off (assumed). The change may have been made, so the lists decide.
func TestPageWithinAResponse(t *testing.T) {
	t.Parallel()
	for name, isDone := range map[string]bool{"done": true, "not done": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				cloud := elbstub.New(elbstub.Options{BasePath: base, Tokens: map[string]string{token: project}})
				prior := create(t, clientInBubble(t, cloud, 0))
				gateway := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if r.Method == http.MethodGet {
						cloud.ServeHTTP(w, r)
						return
					}
					if isDone {
						cloud.ServeHTTP(httptest.NewRecorder(), r)
					}
					_, _ = io.WriteString(w, `{"id":"`+prior.ID+`",<html>`)
					_ = http.NewResponseController(w).Flush()
					panic(http.ErrAbortHandler)
				})
				client := clientInBubble(t, gateway, 1)
				cert, err := client.UpdateCertificate(t.Context(), project, prior, elb.NoWrite, renamed)
				if isDone && (err != nil || cert.Updatable != renamed) || !isDone && err == nil {
					t.Errorf("got %v, error %v", cert, err)
				}
			})
		})
	}
}
