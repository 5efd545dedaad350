package provider_test

import (
	"net/http"
	"testing"

	"github.com/elbaas/terraform-provider-elbaas/internal/elbstub"
)

// wantCalls returns a check of how many calls of an operation the cloud has received since the last check.
func wantCalls(cloud *Cloud, operation elbstub.Operation) func(t *testing.T, want int) {
	seen := 0
	return func(t *testing.T, want int) {
		t.Helper()
		all := len(cloud.Journal(operation))
		if got := all - seen; got != want {
			t.Errorf("the cloud saw %d × %s, want %d", got, operation, want)
		}
		seen = all
	}
}

// countCalls returns a function that counts the calls since countCalls.
func countCalls(cloud *Cloud) func() (posts, puts, deletes, lists int) {
	before := len(cloud.Journal())
	return func() (posts, puts, deletes, lists int) {
		for _, call := range cloud.Journal()[before:] {
			switch call.Method {
			case http.MethodPost:
				posts++
			case http.MethodPut:
				puts++
			case http.MethodDelete:
				deletes++
			case http.MethodGet:
				lists++
			}
		}
		return posts, puts, deletes, lists
	}
}
