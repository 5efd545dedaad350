package httpapi

import "context"

// prepared calls Prepare before each attempt, because the call may have waited for a long time:
// for throttling, or for credentials.
func prepared(next link) link {
	return func(ctx context.Context, c *call) error {
		if c.prepare != nil {
			if err := c.prepare(ctx); err != nil {
				return &UnsentError{err}
			}
		}
		return next(ctx, c)
	}
}
