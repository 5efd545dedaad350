package elb_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/elbaas/terraform-provider-elbaas/internal/elb"
	"github.com/elbaas/terraform-provider-elbaas/internal/elbstub"
)

// TestPageInsteadOfAChange: a gateway says 200, and shows a page that rejects the request or asks for a login. The API
// has accepted nothing, so the error is about the page, and comes before the timeout.
func TestPageInsteadOfAChange(t *testing.T) {
	t.Parallel()
	always := func(cloud *elbstub.Cloud, operation elbstub.Operation, fault elbstub.Fault) {
		cloud.ScriptEach(operation, func(int) elbstub.Fault { return fault })
	}
	page := elbstub.Reply(200, "<html><head><title>Request Rejected</title></head></html>")
	for name, row := range map[string]struct {
		first, put, get elbstub.Fault
	}{
		"a page":                       {put: page},
		"a text":                       {put: elbstub.Reply(200, "Request Rejected")},
		"pages for everything":         {put: page, get: page},
		"a page, and reads fail":       {put: page, get: elbstub.Reply(500, "")},
		"a lost request, and then one": {first: elbstub.Refuse(), put: page},
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
				_, err := client.UpdateCertificate(ctx, project, prior, elb.NoWrite, "new", "newer")
				return err
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
				return err
			},
		} {
			t.Run(what+", "+name, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					cloud, client := cloudInBubble(t, elbstub.Options{}, 5)
					err := change(t, cloud, client)
					if err == nil || errors.Is(err, elb.ErrNotShown) || errors.Is(err, context.DeadlineExceeded) ||
						!strings.Contains(err.Error(), `the response is not JSON but "text/html"`) {
						t.Errorf("error %v", err)
					}
				})
			})
		}
	}
}
