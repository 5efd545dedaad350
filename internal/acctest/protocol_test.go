package acctest_test

import (
	"reflect"
	"testing"

	"github.com/elbaas/terraform-provider-elbaas/internal/acctest"
	"github.com/elbaas/terraform-provider-elbaas/internal/provider"
)

// TestNestedUnknown: a value in a block that is not known yet reaches the provider as such.
func TestNestedUnknown(t *testing.T) {
	t.Parallel()
	pair, timeouts := acctest.NewPair(), acctest.Values{"create": acctest.Unknown, "delete": "1m"}
	plan, diagnostics := acctest.NewCloud(t).Server(t, provider.New("test", nil)()).Plan(nil, acctest.Values{
		"certificate": pair.Certificate, "private_key": pair.PrivateKey, "timeouts": timeouts,
	})
	if diagnostics.HasError() || !reflect.DeepEqual(plan.Values["timeouts"], timeouts) {
		t.Errorf("planned %v, want %v: %v", plan.Values["timeouts"], timeouts, diagnostics)
	}
}
