package elb_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/elbaas/terraform-provider-elbaas/internal/elb"
	"github.com/elbaas/terraform-provider-elbaas/internal/httpapi"
)

// always is a network in which every request gets the same body.
type always string

// change makes it the network of a client configuration.
func (a always) change(c *httpapi.Config) {
	c.Dial = func(context.Context, string, string) (net.Conn, error) {
		client, server := net.Pipe()
		go func() {
			defer func() { _ = server.Close() }()
			if _, err := http.ReadRequest(bufio.NewReader(server)); err == nil {
				_, _ = fmt.Fprintf(
					server,
					"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\nConnection: "+
						"close\r\n\r\n%s",
					len(a),
					a,
				)
			}
		}()
		return client, nil
	}
}

const fuzzedID = "5b8f908b5495452aa13beede0afc5d99"

// FuzzList: a list is decoded, or is an error. A certificate that is found has the ID that was
// asked for, and only a valid list can mean "not found".
func FuzzList(f *testing.F) {
	f.Add(
		`{"certificates":[{"id":"` + fuzzedID + `","name":"www","domain":null,"private_key":"x",` +
			`"create_time":"2017-02-25 09:35:27"}],"instance_num":"1"}`,
	)
	f.Add(`{"certificates":[],"instance_num":0}`)
	f.Add(`{"certificates":null}`)
	f.Add(`{"instance_num":"2","certificates":[{"id":"a"},{"private_key":{"deep":[[[[1e999]]]]},"id":"b"}]}`)
	f.Add(`{"certificates":[{"id":"`)
	f.Add(`<html>`)
	f.Fuzz(func(t *testing.T, body string) {
		client := clientFor(t, "http://cloud.test", always(body).change)
		cert, err := get(t.Context(), client, project, fuzzedID)
		if err == nil && cert.ID != fuzzedID {
			t.Errorf("found %+v", cert)
		}
		if errors.Is(err, elb.ErrCertificateNotFound) && !strings.Contains(strings.ToLower(body), "ertificates") &&
			!strings.Contains(body, `\u`) {
			t.Errorf("%v", err)
		}
		if err == nil && body == "" {
			t.Error("nothing is a list")
		}
	})
}

// FuzzUpdate: whatever the response, an update returns the certificate that was asked for, or an
// error.
func FuzzUpdate(f *testing.F) {
	f.Add(
		`{"id":"` + fuzzedID + `","name":"www","description":"","domain":null,"certificate":"x",` +
			`"private_key":"x","create_time":"t","update_time":"t"}`,
	)
	f.Add(`{"id":"` + fuzzedID + `"`)
	f.Add(`null`)
	f.Fuzz(func(t *testing.T, body string) {
		client := clientFor(t, "http://cloud.test", always(body).change)
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond) // for a change that never shows
		defer cancel()
		cert, err := client.UpdateCertificate(ctx, project, elb.Certificate{ID: fuzzedID}, elb.NoWrite, named("www"))
		if err == nil && cert.ID != fuzzedID {
			t.Errorf("updated %+v", cert)
		}
	})
}
