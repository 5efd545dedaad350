package httpapi

import "context"

// prepared lets the sender of a call look around before each attempt. A throttled
// server, or credentials that take their time, may have kept the call waiting for long.
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
