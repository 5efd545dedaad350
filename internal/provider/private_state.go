package provider

import (
	"context"
	"encoding/json"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/elbaas/terraform-provider-elbaas/internal/elb"
)

// lastWrite is where the private state of a resource keeps when it was written last:
// lists may lag behind that, also those of the next run.
const lastWrite = "last_write"

// privateState is that of a resource. With an error, a value is left as it is.
type privateState interface {
	GetKey(ctx context.Context, key string) ([]byte, diag.Diagnostics)
	SetKey(ctx context.Context, key string, value []byte) diag.Diagnostics
}

// rememberWrite notes that a resource was written just now, or may have been.
func (c *cloud) rememberWrite(ctx context.Context, private privateState) diag.Diagnostics {
	now, _ := c.now().UTC().MarshalJSON() // of a year that has four digits
	return private.SetKey(ctx, lastWrite, now)
}

// sinceWrite returns how long ago a resource was written.
func (c *cloud) sinceWrite(ctx context.Context, private privateState) time.Duration {
	var at time.Time
	if text, diags := private.GetKey(ctx, lastWrite); diags.HasError() || json.Unmarshal(text, &at) != nil {
		return elb.Never
	}
	return c.now().Sub(at)
}
