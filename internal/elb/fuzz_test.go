package elb_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/elbaas/terraform-provider-elbaas/internal/elb"
)

// always answers every call with the same.
type always struct {
	status int
	body   string
}

// RoundTrip implements http.RoundTripper.
func (a always) RoundTrip(request *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: a.status, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(a.body)), Request: request}, nil
}

const fuzzedID = "5b8f908b5495452aa13beede0afc5d99"

// FuzzList: a list is read, or is an error. What is found has the id that was
// asked for, and "gone" is said of a list alone.
func FuzzList(f *testing.F) {
	f.Add(`{"certificates":[{"id":"` + fuzzedID + `","name":"www","domain":null,"private_key":"x","create_time":"2017-02-25 09:35:27"}],"instance_num":"1"}`)
	f.Add(`{"certificates":[],"instance_num":0}`)
	f.Add(`{"certificates":null}`)
	f.Add(`{"instance_num":"2","certificates":[{"id":"a"},{"private_key":{"deep":[[[[1e999]]]]},"id":"b"}]}`)
	f.Add(`{"certificates":[{"id":"`)
	f.Add(`<html>`)
	f.Fuzz(func(t *testing.T, body string) {
		client := clientFor(t, "http://cloud.test", func(c *elb.Config) { c.Transport = always{200, body} })
		cert, err := client.GetCertificate(t.Context(), project, fuzzedID)
		if err == nil && cert.ID != fuzzedID {
			t.Errorf("found %+v", cert)
		}
		if errors.Is(err, elb.ErrNotFound) && !strings.Contains(strings.ToLower(body), "ertificates") && !strings.Contains(body, `\u`) {
			t.Errorf("%v", err)
		}
		if err == nil && body == "" {
			t.Error("nothing is a list")
		}
	})
}

// FuzzAnswer: an update is answered with the certificate, or with something that
// has to be read back.
func FuzzAnswer(f *testing.F) {
	f.Add(`{"id":"` + fuzzedID + `","name":"www","description":"","domain":null,"certificate":"x","private_key":"x","create_time":"t","update_time":"t"}`)
	f.Add(`{"id":"` + fuzzedID + `"`)
	f.Add(`null`)
	f.Fuzz(func(t *testing.T, body string) {
		client := clientFor(t, "http://cloud.test", func(c *elb.Config) { c.Transport = always{200, body} })
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond) // a change that is not shown is waited for
		defer cancel()
		cert, err := client.UpdateCertificate(ctx, project, fuzzedID, "www", "")
		if err == nil && cert.ID != fuzzedID {
			t.Errorf("updated %+v", cert)
		}
	})
}

// FuzzError: whatever a server says when it refuses is described, in bounds, and
// without what was sent as a secret.
func FuzzError(f *testing.F) {
	f.Add(400, `{"error":{"message":"m","code":"ELB.1001"}}`)
	f.Add(404, `{"NeutronError":{"type":"t","message":"m","detail":""}}`)
	f.Add(500, `{"error_msg":"m","error_code":"APIGW.0201","request_id":"r"}`)
	f.Add(502, `<html><head><title>Bad Gateway</title></head></html>`)
	f.Add(401, `{"message":{"a":[]},"code":7,"error":null}`)
	f.Fuzz(func(t *testing.T, status int, body string) {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://cloud.test", nil)
		if err != nil {
			t.Fatal(err)
		}
		const hidden = "a-token-that-nobody-may-see-0123456789"
		request.Header.Set("X-Auth-Token", hidden)
		response, _ := always{status, body + hidden}.RoundTrip(request)
		defer func() { _ = response.Body.Close() }()
		response.Header.Set("Content-Type", "")
		said := elb.DecodeError(response).Error()
		if strings.Contains(said, hidden) {
			t.Errorf("it shows the token: %s", said)
		}
		if len(said) > 8*len(body)+1000 {
			t.Errorf("%d bytes became %d", len(body), len(said))
		}
	})
}
