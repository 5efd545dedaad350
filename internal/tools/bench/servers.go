package main

import (
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/elbaas/terraform-provider-elbaas/internal/elbstub"
	"github.com/elbaas/terraform-provider-elbaas/internal/throwaway"
)

// projectID is the project of the provider in the configurations.
const projectID = "0123456789abcdef0123456789abcdef"

// newCloud returns the stub cloud of the configurations. The project of the generic REST
// provider is another one, so that neither provider lists the certificates of the other.
func newCloud() *elbstub.Cloud {
	return elbstub.New(elbstub.Options{
		BasePath: "/elb",
		Quota:    1_000_000, // more than is ever created
		Tokens:   map[string]string{"token-of-elbaas": projectID, "token-of-rest": "fedcba9876543210fedcba9876543210"},
	})
}

// servers are the stub cloud, and a backend for Terraform's states: local states are
// rewritten as a whole with each change, which would be all that is measured.
type servers struct {
	url     string
	cloud   *elbstub.Cloud
	latency atomic.Int64 // of the cloud, in nanoseconds
	states  sync.Map     // from paths to []byte
}

// newServers serves on loopback until the program ends.
func newServers() *servers {
	s := &servers{cloud: newCloud()}
	mux := http.NewServeMux()
	mux.HandleFunc("/state/", s.serveState)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(time.Duration(s.latency.Load()))
		s.cloud.ServeHTTP(w, r)
	})
	s.url = httptest.NewServer(mux).URL
	return s
}

func (s *servers) serveState(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodPost {
		s.states.Store(r.URL.Path, must(io.ReadAll(r.Body)))
	} else if state, known := s.states.Load(r.URL.Path); known {
		_, _ = w.Write(state.([]byte))
	} else {
		http.NotFound(w, r)
	}
}

// listen adds listeners, which serve a certificate that Terraform does not manage.
func (s *servers) listen(n int) (listeners []string, fallback string) {
	pair := must(throwaway.NewPair("www.example.com"))
	fallback = s.cloud.Add(elbstub.Certificate{
		ProjectID: projectID, Name: "fallback", Certificate: pair.Certificate, PrivateKey: pair.PrivateKey,
	})
	for range n {
		listeners = append(listeners, s.cloud.Listen(elbstub.Listener{ProjectID: projectID, CertificateID: fallback}))
	}
	return listeners, fallback
}

// saveList saves the response to a list.
func (s *servers) saveList(file string) {
	request := httptest.NewRequest(http.MethodGet, "/elb/v1.0/"+projectID+"/elbaas/certificate", nil)
	request.Header.Set("X-Auth-Token", "token-of-elbaas")
	recorder := httptest.NewRecorder()
	s.cloud.ServeHTTP(recorder, request)
	if recorder.Code != http.StatusOK {
		log.Fatalf("list certificates: %d", recorder.Code)
	}
	check(os.WriteFile(file, recorder.Body.Bytes(), 0o600))
}
