package main

import (
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/elbaas/terraform-provider-elbaas/internal/elbstub"
)

// What the stub cloud of the measurements knows.
const (
	projectID = "0123456789abcdef0123456789abcdef"
	token     = "token-of-the-bench"
	elbPath   = "/elb"
)

// servers are the stub cloud, and a backend for Terraform's states: local states
// are rewritten as a whole with each change, which would be all that is measured.
type servers struct {
	url     string
	cloud   *elbstub.Cloud
	latency atomic.Int64 // of the cloud, in nanoseconds

	mu     sync.Mutex
	states map[string][]byte // by path
}

// newServers starts to serve on loopback, until the program ends.
func newServers(quota int) (*servers, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it ends with the program
	if err != nil {
		return nil, err
	}
	s := &servers{
		url:    "http://" + listener.Addr().String(),
		cloud:  elbstub.New(elbstub.Options{BasePath: elbPath, Quota: quota, Tokens: map[string]string{token: projectID}}),
		states: map[string][]byte{},
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/state/", s.serveState)
	mux.HandleFunc("/", s.serveCloud)
	server := &http.Server{Handler: mux, ReadHeaderTimeout: time.Minute}
	go func() { _ = server.Serve(listener) }()
	return s, nil
}

func (s *servers) serveState(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch state, known := s.states[r.URL.Path]; {
	case r.Method == http.MethodPost:
		s.states[r.URL.Path] = body
	case r.Method == http.MethodGet && known:
		_, _ = w.Write(state)
	default:
		http.NotFound(w, r)
	}
}

func (s *servers) serveCloud(w http.ResponseWriter, r *http.Request) {
	time.Sleep(time.Duration(s.latency.Load()))
	s.cloud.ServeHTTP(w, r)
}

// lists returns the calls so far that list.
func (s *servers) lists() []elbstub.Call {
	return s.cloud.Journal(elbstub.ListCertificates)
}
