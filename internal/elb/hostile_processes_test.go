package elb_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/elbaas/terraform-provider-elbaas/internal/elbstub"
)

// TestFreeLockOfAnEndedContext: a call whose time is over before it begins does not say that it waited for another one.
func TestFreeLockOfAnEndedContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, elbstub.Options{}, 0)
		create := newCertificate(t)
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		for range 20 {
			_, ofSwitch := b.client.SwitchListener(ended, project, b.listener, b.next)
			_, ofCreation := b.client.CreateCertificate(ended, project, create)
			for _, err := range []error{ofSwitch, ofCreation} {
				if !errors.Is(err, context.Canceled) || strings.Contains(err.Error(), "wait for another") {
					t.Fatalf("there is no other call, and it says %v", err)
				}
			}
		}
	})
}
