package elb_test

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/elbaas/terraform-provider-elbaas/internal/elb"
	"github.com/elbaas/terraform-provider-elbaas/internal/pemcert"
	"github.com/elbaas/terraform-provider-elbaas/internal/secret"
	"github.com/elbaas/terraform-provider-elbaas/internal/throwaway"
)

const (
	olderID   = "2f5c9a0be1d74386a7c0d9e8f1b2a3c4"
	newerID   = "81d04e7fb35a4c29960c7ad2e5f81b36"
	createdID = "c7a9136e02fb4d58b1e46f9d0a8c5372"
)

// A record has responses in a shape that existing SDKs recorded. The names, IDs, times,
// certificates and keys in them are our own: CERT-n and KEY-n stand for the nth pair.
type record struct {
	// older and newer are the elements of a list. created is the response to a POST, and
	// modified that to a PUT of the older certificate.
	older, newer, created, modified string
	// newerDomain is the domain of the newer certificate. No other certificate has one.
	newerDomain string
	// encode writes PEM as the content of a JSON string.
	encode func(pem string) string
}

// server responds in the shape of a record. The newest certificate comes first in its
// list, and the total is a string (recorded). A list after a modification shows it, so
// that a client may read it back.
func (r record) server(pairs []throwaway.Pair) http.Handler {
	var texts []string
	for i, pair := range pairs {
		texts = append(texts, fmt.Sprintf("CERT-%d", i+1), r.encode(pair.Certificate))
		texts = append(texts, fmt.Sprintf("KEY-%d", i+1), r.encode(pair.PrivateKey))
	}
	pems := strings.NewReplacer(texts...)

	var modified atomic.Bool
	return http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		older := r.older
		if modified.Load() {
			older = r.modified
		}
		body := `{"certificates":[` + r.newer + `,` + older + `],"instance_num":"2"}`
		switch request.Method {
		case http.MethodPost:
			body = r.created
		case http.MethodPut:
			modified.Store(true)
			body = r.modified
		}
		responding(http.StatusOK, pems.Replace(body)).ServeHTTP(w, request)
	})
}

// trimmed encodes PEM without a newline at the end (seed, recorded).
func trimmed(pem string) string {
	return strings.ReplaceAll(strings.TrimSpace(pem), "\n", `\n`)
}

// oneLine encodes PEM with its base64 on one line, and escapes slashes (both recorded).
func oneLine(pem string) string {
	begin, rest, _ := strings.Cut(pem, "-----\n")
	content, end, _ := strings.Cut(rest, "\n-----")
	content = strings.ReplaceAll(strings.ReplaceAll(content, "\n", ""), "/", `\/`)
	return begin + `-----\n` + content + `\n-----` + strings.TrimSpace(end)
}

// records are the shapes, by the year in which they were recorded.
var records = map[string]record{
	"2017: no domain anywhere, no tenant_id": {
		encode: trimmed,
		older: `{"description":"","certificate":"CERT-1","private_key":"KEY-1","name":"intranet",` +
			`"create_time":"2017-03-02 10:20:30","update_time":"2017-03-02 10:20:30","id":"` + olderID + `"}`,
		newer: `{"description":"web shop","certificate":"CERT-2","private_key":"KEY-2","name":"shop",` +
			`"create_time":"2017-05-06 07:08:09","update_time":"2017-06-01 12:00:01","id":"` + newerID + `"}`,
		created: `{"description":"","certificate":"CERT-3","private_key":"KEY-3","name":"mail",` +
			`"create_time":"2017-07-08 09:10:11","update_time":"2017-07-08 09:10:11","id":"` + createdID + `"}`,
		modified: `{"description":"staff only","certificate":"CERT-1","private_key":"KEY-1","name":"portal",` +
			`"create_time":"2017-03-02 10:20:30","update_time":"2017-07-09 16:17:18","id":"` + olderID + `"}`,
	},
	"2018: domain null but for create, tenant_id on create": {
		encode:      oneLine,
		newerDomain: "shop.example.com",
		older: `{"certificate":"CERT-1","create_time":"2017-03-02 10:20:30","description":"","domain":null,` +
			`"id":"` + olderID + `","name":"intranet","private_key":"KEY-1","update_time":"2017-03-02 10:20:30"}`,
		newer: `{"certificate":"CERT-2","create_time":"2017-05-06 07:08:09","description":"web shop",` +
			`"domain":"shop.example.com","id":"` + newerID + `","name":"shop","private_key":"KEY-2",` +
			`"update_time":"2017-06-01 12:00:01"}`,
		created: `{"certificate":"CERT-3","create_time":"2017-07-08 09:10:11","description":"",` +
			`"id":"` + createdID + `","name":"mail","private_key":"KEY-3","tenant_id":"` + project + `",` +
			`"update_time":"2017-07-08 09:10:11"}`,
		modified: `{"certificate":"CERT-1","create_time":"2017-03-02 10:20:30","description":"staff only",` +
			`"domain":null,"id":"` + olderID + `","name":"portal","private_key":"KEY-1",` +
			`"update_time":"2017-07-09 16:17:18"}`,
	},
}

// checkRecorded checks what the client read of a certificate. The PEM is compared by
// its content, because the cloud may have written it differently.
func checkRecorded(t *testing.T, got, want elb.Certificate, pair throwaway.Pair) {
	t.Helper()
	read, err := pemcert.ParseChain(got.Certificate)
	if err != nil {
		t.Fatalf("%s: the certificate %v", want.ID, err)
	}
	sent, err := pemcert.ParseChain(pair.Certificate)
	if err != nil {
		t.Fatal(err)
	}
	if !read.Equal(sent) {
		t.Errorf("%s has another certificate:\n%s", want.ID, got.Certificate)
	}
	got.Certificate = ""
	if got != want {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

// TestRecordedResponses gives the client responses in the shapes of 2017 and 2018.
func TestRecordedResponses(t *testing.T) {
	t.Parallel()
	var pairs []throwaway.Pair
	for _, domain := range []string{"intranet.example.com", "shop.example.com", "mail.example.com"} {
		pairs = append(pairs, throwaway.NewPair(domain))
	}
	for name, record := range records {
		older := elb.Certificate{
			ID: olderID, Updatable: named("intranet"),
			CreateTime: "2017-03-02 10:20:30", UpdateTime: "2017-03-02 10:20:30",
		}
		newer := elb.Certificate{
			ID: newerID, Updatable: elb.Updatable{Name: "shop", Description: "web shop"}, Domain: record.newerDomain,
			CreateTime: "2017-05-06 07:08:09", UpdateTime: "2017-06-01 12:00:01",
		}

		t.Run("list/"+name, func(t *testing.T) {
			t.Parallel()
			client := newClient(t, record.server(pairs))
			all, err := client.ListCertificates(t.Context(), project)
			if err != nil || len(all) != 2 {
				t.Fatalf("%d certificates, error %v", len(all), err)
			}
			for i, want := range []elb.Certificate{older, newer} {
				got, err := get(t.Context(), client, project, want.ID)
				if err != nil {
					t.Fatal(err)
				}
				checkRecorded(t, got, want, pairs[i])
			}
			// The total says that the list is complete, so a certificate that is not in it
			// is gone.
			_, err = get(t.Context(), client, project, createdID)
			if !errors.Is(err, elb.ErrCertificateNotFound) {
				t.Errorf("a certificate that is not listed: error %v, want that it does not exist", err)
			}
		})

		t.Run("key/"+name, func(t *testing.T) {
			t.Parallel()
			client := newClient(t, record.server(pairs))
			for i, want := range []elb.Certificate{older, newer} {
				got, key, err := client.GetPrivateKey(t.Context(), project, want.ID)
				if err != nil {
					t.Fatal(err)
				}
				checkRecorded(t, got, want, pairs[i])
				read, err := pemcert.ParseKey(key.Reveal())
				if err != nil {
					t.Fatal(err)
				}
				sent, err := pemcert.ParseKey(pairs[i].PrivateKey)
				if err != nil {
					t.Fatal(err)
				}
				if !read.Equal(sent) {
					t.Errorf("%s has the key of another", want.ID)
				}
			}
		})

		t.Run("create/"+name, func(t *testing.T) {
			t.Parallel()
			client := newClient(t, record.server(pairs))
			created, err := client.CreateCertificate(t.Context(), project, elb.NewCertificate{
				Name: new("mail"), Certificate: pairs[2].Certificate, PrivateKey: secret.New(pairs[2].PrivateKey),
			})
			if err != nil {
				t.Fatal(err)
			}
			if created.Sent != 1 || created.Adopted || created.Identical != nil || created.Others != nil {
				t.Errorf("the creation is not a plain one: %+v", created)
			}
			checkRecorded(t, created.Certificate, elb.Certificate{
				ID: createdID, Updatable: named("mail"),
				CreateTime: "2017-07-08 09:10:11", UpdateTime: "2017-07-08 09:10:11",
			}, pairs[2])
		})

		t.Run("create beside an identical one/"+name, func(t *testing.T) {
			t.Parallel()
			client := newClient(t, record.server([]throwaway.Pair{pairs[2], pairs[1], pairs[2]}))
			created, err := client.CreateCertificate(t.Context(), project, elb.NewCertificate{
				Certificate: pairs[2].Certificate, PrivateKey: secret.New(pairs[2].PrivateKey),
			})
			if err != nil {
				t.Fatal(err)
			}
			if created.ID != createdID || !slices.Equal(created.Identical, []string{olderID}) {
				t.Errorf("created %s beside %q, want %s beside %s", created.ID, created.Identical, createdID, olderID)
			}
		})

		t.Run("modify/"+name, func(t *testing.T) {
			t.Parallel()
			client := newClient(t, record.server(pairs))
			wanted := elb.Updatable{Name: "portal", Description: "staff only"}
			prior := elb.Certificate{ID: olderID}
			got, err := client.UpdateCertificate(t.Context(), project, prior, elb.NoWrite, wanted)
			if err != nil {
				t.Fatal(err)
			}
			want := older
			want.Updatable, want.UpdateTime = wanted, "2017-07-09 16:17:18"
			checkRecorded(t, got, want, pairs[0])
		})
	}
}
