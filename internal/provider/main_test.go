package provider

import (
	"os"
	"testing"
)

// TestMain takes away what the developer has set for a real cloud: tests that
// leave an argument out must not find it there.
func TestMain(m *testing.M) {
	for _, a := range []argument{endpointArgument, projectIDArgument, tokenArgument, expiryWarningDaysArgument} {
		for _, variable := range a.variables {
			if err := os.Unsetenv(variable); err != nil {
				panic(err)
			}
		}
	}
	os.Exit(m.Run())
}
