package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"time"

	"github.com/elbaas/terraform-provider-elbaas/internal/elbstub"
	"github.com/elbaas/terraform-provider-elbaas/internal/provider"
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

// serve serves the stub cloud on loopback until the program ends, and a backend for
// Terraform's states: local states are rewritten as a whole with each change, which would
// be all that is measured.
func (b *bench) serve() {
	mux := http.NewServeMux()
	mux.HandleFunc("/state/", func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			b.states.Store(r.URL.Path, must(io.ReadAll(r.Body)))
		} else if state, known := b.states.Load(r.URL.Path); known {
			_, _ = w.Write(state.([]byte))
		} else {
			http.NotFound(w, r)
		}
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(time.Duration(b.latencyMS.Load()) * time.Millisecond)
		b.cloud.ServeHTTP(w, r)
	})
	b.url = httptest.NewServer(mux).URL
}

// saveList saves the response to a list for the floor.
func (b *bench) saveList() {
	request := httptest.NewRequest(http.MethodGet, "/elb/v1.0/"+projectID+"/elbaas/certificate", nil)
	request.Header.Set("X-Auth-Token", "token-of-elbaas")
	response := httptest.NewRecorder()
	b.cloud.ServeHTTP(response, request)
	check(os.WriteFile(filepath.Join(b.dir, "list.json"), response.Body.Bytes(), 0o600))
}

// A bench for which floorVariable is set is the floor: the provider with its network taken
// away. All else is the provider's own, conversions included, so that it shows what fewer
// calls cannot save.
const floorVariable = "ELBAAS_BENCH_FLOOR"

func serveFloor() error {
	mux := http.NewServeMux()
	mux.Handle("/", newCloud())
	// Terraform runs two folders below the file, which is in the memory of the system, and
	// does not count as the provider's.
	mux.HandleFunc("GET /", func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, "../../list.json") })

	network := elbstub.NewNetwork("floor")
	server := &http.Server{Handler: mux, ReadHeaderTimeout: time.Minute}
	go func() { _ = server.Serve(network) }() // until the process ends
	return provider.Serve("floor", false, network.DialContext)
}
