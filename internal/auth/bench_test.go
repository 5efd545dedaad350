package auth_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/elbaas/terraform-provider-elbaas/internal/auth"
	"github.com/elbaas/terraform-provider-elbaas/internal/secret"
)

func BenchmarkSign(b *testing.B) {
	request, err := http.NewRequestWithContext(
		b.Context(),
		http.MethodGet,
		"https://elb.eu-de.otc.t-systems.com/v1.0/77b6a44cba5143ab91d13ab9a8ff44fd/elbaas/certificate",
		nil,
	)
	if err != nil {
		b.Fatal(err)
	}
	key := auth.Key{Access: "QTWAOYTTINDUT2QVKYUC", Secret: secret.New("MFyfvK41ba2giqM7Uio6PznpdUKGpownRZlmVmHc")}
	for b.Loop() {
		if err := (auth.Signer{}).Sign(request, key, time.Time{}); err != nil {
			b.Fatal(err)
		}
	}
}
