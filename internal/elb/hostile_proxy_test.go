package elb_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/elbaas/terraform-provider-elbaas/internal/elb"
	"github.com/elbaas/terraform-provider-elbaas/internal/elbstub"
)

// A cachingProxy caches each list for a minute (RFC 9111, 4.2.2: a cache may choose how long if the server does not
// say). X-Auth-Token does not prevent that, as Authorization would (3.5). The proxy obeys the Cache-Control of a
// request (5.2.1), and drops a response after a successful write to its URL (4.4).
type cachingProxy struct {
	http.Handler
	mu   sync.Mutex
	kept map[string]keptResponse // by URL
}

type keptResponse struct {
	*httptest.ResponseRecorder
	until time.Time
}

func (p *cachingProxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	asks := func(directive string) bool { return strings.Contains(r.Header.Get("Cache-Control"), directive) }
	kept, isKept := p.kept[r.URL.Path]
	if r.Method != http.MethodGet || !isKept || !time.Now().Before(kept.until) || asks("no-cache") {
		kept = keptResponse{httptest.NewRecorder(), time.Now().Add(time.Minute)}
		p.Handler.ServeHTTP(kept, r)
	}
	switch {
	case r.Method == http.MethodGet && kept.Code == http.StatusOK && !asks("no-store"):
		p.kept[r.URL.Path] = kept
	case r.Method != http.MethodGet && kept.Code < http.StatusBadRequest:
		delete(p.kept, r.URL.Path)
	}
	w.Header().Set("Content-Type", kept.Header().Get("Content-Type"))
	w.WriteHeader(kept.Code)
	_, _ = w.Write(kept.Body.Bytes())
}

// TestCachingProxy: a proxy between the provider and the API caches lists. No list that the provider gets is older than
// its request, and the proxy stores none of them, because lists have the private keys of the project.
func TestCachingProxy(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		options := elbstub.Options{BasePath: base, Tokens: map[string]string{token: project}}
		cloud := elbstub.New(options)
		proxy := &cachingProxy{Handler: cloud, kept: map[string]keptResponse{}}
		first := create(t, clientInBubble(t, proxy, 0))
		read := func() (elb.Certificate, error) { // by another process
			return get(t.Context(), clientInBubble(t, proxy, 0), project, first.ID)
		}
		if _, err := read(); err != nil {
			t.Fatal(err)
		}
		if len(proxy.kept) > 0 {
			t.Error("the proxy keeps a list")
		}
		// The proxy does store the response to a request of another program.
		other := httptest.NewRequestWithContext(
			t.Context(), http.MethodGet, base+"/v1.0/"+project+"/elbaas/certificate", nil)
		other.Header.Set("X-Auth-Token", token)
		proxy.ServeHTTP(httptest.NewRecorder(), other)
		if len(proxy.kept) == 0 {
			t.Fatal("the proxy keeps nothing")
		}

		time.Sleep(10 * time.Second)
		cloud.Change(first.ID, func(cert *elbstub.Certificate) { cert.Name = "renamed" })
		if cert, err := read(); err != nil || cert.Name != "renamed" {
			t.Errorf("after a rename: %q, %v", cert.Name, err)
		}
		cloud.Remove(first.ID)
		if cert, err := read(); err == nil {
			t.Errorf("after a deletion: %q", cert.Name)
		}

		cloud.Script(elbstub.CreateCertificate, 1, elbstub.Drop())
		creation, err := clientInBubble(t, proxy, 2).CreateCertificate(t.Context(), project, newCertificate(t))
		if there := len(cloud.Certificates(project)); err != nil || !creation.Adopted || there != 1 {
			t.Errorf("after a lost response: %d certificates, adopted: %t, %v", there, creation.Adopted, err)
		}
	})
}
