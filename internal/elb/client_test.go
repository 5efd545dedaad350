package elb_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/elbaas/terraform-provider-elbaas/internal/elb"
	"github.com/elbaas/terraform-provider-elbaas/internal/elbstub"
	"github.com/elbaas/terraform-provider-elbaas/internal/httpapi"
)

func TestRequest(t *testing.T) {
	t.Parallel()
	cloud, client := newCloud(t)
	cert := create(t, client)
	if _, err := client.UpdateCertificate(t.Context(), project, cert, elb.NoWrite, renamed); err != nil {
		t.Fatal(err)
	}
	if _, err := get(t.Context(), newClient(t, cloud), project, cert.ID); err != nil {
		t.Fatal(err)
	}
	if err := deleteWithin(t, client, cert.ID, time.Minute); err != nil {
		t.Fatal(err)
	}
	root := base + "/v1.0/" + project + "/elbaas"
	want := []string{
		"GET " + root + "/certificate",
		"POST " + root + "/certificate",
		"PUT " + root + "/certificate/" + cert.ID,
		"GET " + root + "/certificate",
		"DELETE " + root + "/certificate/" + cert.ID,
	}
	for i, call := range cloud.Journal() {
		if got := call.Method + " " + call.Path; got != want[i] {
			t.Errorf("call %d is %s, want %s", i, got, want[i])
		}
		hasBody := call.Method == http.MethodPost || call.Method == http.MethodPut
		if got := call.Header.Get("Content-Type"); hasBody != (got == "application/json") {
			t.Errorf("%s has the content type %q", want[i], got)
		}
		if got := call.Header.Get("User-Agent"); got != "elb-test/1" {
			t.Errorf("%s has the user agent %q", want[i], got)
		}
		if got := call.Header.Get("X-Project-Id"); got != project {
			t.Errorf("%s has the project id %q", want[i], got)
		}
	}
}

// TestListTooLarge has a server that sends an endless list.
func TestListTooLarge(t *testing.T) {
	t.Parallel()
	calls := 0
	client := newClient(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		calls++
		_, _ = fmt.Fprint(w, `{"certificates":[`)
		element := `{"id":"1"` + strings.Repeat(" ", 1<<20) + `},`
		for {
			if _, err := fmt.Fprint(w, element); err != nil {
				return
			}
		}
	}))
	_, err := get(t.Context(), client, project, "id")
	if !errors.Is(err, httpapi.ErrTooLarge) ||
		!strings.Contains(err.Error(), "the list of certificates of project "+project+" is larger than 64 MiB") ||
		calls != 1 {
		t.Errorf("after %d calls: error %v, want that the list is too large", calls, err)
	}
}

func TestProjectIDIsEscaped(t *testing.T) {
	t.Parallel()
	var path string
	client := newClient(
		t,
		http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { path = r.URL.EscapedPath() }),
	)
	_, _ = get(t.Context(), client, "a/b?c", "id")
	if want := base + "/v1.0/a%2Fb%3Fc/elbaas/certificate"; path != want {
		t.Errorf("path %s, want %s", path, want)
	}
}

// TestResponsesShowNoSecret has a server whose responses cannot be decoded.
func TestResponsesShowNoSecret(t *testing.T) {
	t.Parallel()
	cloud, client := newCloud(t)
	cert := create(t, client)
	key := cloud.Certificates(project)[0].PrivateKey
	for n := 1; n < 1200; n += 7 {
		cloud.Script(elbstub.ListCertificates, 1, elbstub.Cut(n))
		got, err := get(t.Context(), client, project, cert.ID)
		if shown := fmt.Sprintf("%+v %v", got, err); strings.Contains(shown, strings.Split(key, "\n")[1]) ||
			strings.Contains(shown, "PRIVATE KEY") {
			t.Fatalf("cut at %d, this shows the key: %s", n, shown)
		}
	}
}
