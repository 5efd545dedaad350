package main

import (
	"net/http"
	"time"

	"github.com/elbaas/terraform-provider-elbaas/internal/elbstub"
	"github.com/elbaas/terraform-provider-elbaas/internal/provider"
)

// listVariable names the file with the response to a list. A bench for which it is set is
// the floor: the provider with its network taken away. All else is the provider's own,
// conversions included, so that it shows what fewer calls cannot save.
const listVariable = "ELBAAS_BENCH_LIST"

func serveFloor(list string) error {
	cloud := newCloud()
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			// The file is in the memory of the system, and does not count as the provider's.
			http.ServeFile(w, r, list)
		} else {
			cloud.ServeHTTP(w, r)
		}
	})

	network := elbstub.NewNetwork("floor")
	server := &http.Server{Handler: handler, ReadHeaderTimeout: time.Minute}
	go func() { _ = server.Serve(network) }() // until the process ends
	return provider.Serve("floor", false, provider.WithDialer(network.DialContext))
}
