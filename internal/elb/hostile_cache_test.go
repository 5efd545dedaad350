package elb

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/elbaas/terraform-provider-elbaas/internal/httpapi"
)

// TestPollWhoseTimeEndsWithAnOlderList: a list that started before the call proves
// nothing, even if the context of the call ends exactly when that list does.
func TestPollWhoseTimeEndsWithAnOlderList(t *testing.T) {
	t.Parallel()
	old := 0
	for range 200 {
		synctest.Test(t, func(t *testing.T) {
			list := func(ctx context.Context) (listing[Certificate], error) {
				return listingOf(true), httpapi.Pause(ctx, 2*time.Second)
			}
			c := newCache("certificate", ErrCertificateNotFound, "p", list, time.Now)
			go func() { _, _ = lookUp(t.Context(), c, "other") }()
			time.Sleep(1500 * time.Millisecond)
			ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
			defer cancel()
			err := c.proveAbsence(ctx, "deleted", NoWrite, errors.New("404"))
			if errors.Is(err, ErrCertificateNotFound) {
				old++
			}
			time.Sleep(time.Hour)
		})
	}
	if old > 0 {
		t.Errorf("%d of 200 times, a list from before the call has proved that a certificate is gone", old)
	}
}
