package auth

import (
	"context"
	"sync"
	"time"
)

const (
	// fetchTimeout limits one fetch.
	fetchTimeout = 5 * time.Minute
	// failureTTL is how long a failure is cached, so that a thousand resources do not try a
	// wrong password a thousand times, which would lock the account.
	failureTTL = 30 * time.Second
	// renewalMargin is how long before its expiry a value is renewed, or half of its lifetime if
	// that is less. It is long enough for one request.
	renewalMargin = 5 * time.Minute
)

// cached is a value that is fetched at first use, and again when it is about to expire or was
// invalidated. Callers in parallel wait for the same fetch. A caller that is cancelled does not
// cancel the others; the last one cancels the fetch.
type cached[T any] struct {
	// fetch returns the value and its lifetime; 0 means that it does not expire.
	fetch func(context.Context) (T, time.Duration, error)

	mu     sync.Mutex
	latest *fetched[T] // nil before the first get, and after it was cancelled or invalidated
}

// fetched is a fetch that is running, or its result.
type fetched[T any] struct {
	cancel  context.CancelFunc
	waiters int

	done  chan struct{} // closed when the fields below are set
	value T
	err   error
	until time.Time // zero if it does not expire
}

// get returns the value, and the fetch that it comes from for invalidate.
func (c *cached[T]) get(ctx context.Context) (T, *fetched[T], error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.latest == nil || !c.latest.until.IsZero() && !time.Now().Before(c.latest.until) {
		c.startLocked(ctx)
	}
	f := c.latest
	f.waiters++
	c.mu.Unlock()
	select {
	case <-f.done:
	case <-ctx.Done():
	}
	c.mu.Lock()
	f.waiters--
	select {
	case <-f.done: // even if ctx is done, too
		return f.value, f, f.err
	default:
	}
	if f.waiters == 0 {
		f.cancel()
		c.latest = nil
	}
	return f.value, nil, ctx.Err()
}

// startLocked starts a fetch. Its context has the values of the caller's context, for logging, but
// not its deadline, because other callers may wait too.
func (c *cached[T]) startLocked(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), fetchTimeout)
	f := &fetched[T]{cancel: cancel, done: make(chan struct{})}
	c.latest = f
	go func() {
		defer cancel()
		value, lifetime, err := c.fetch(ctx)
		c.mu.Lock()
		defer c.mu.Unlock()
		f.value, f.err = value, err
		switch {
		case err != nil:
			f.until = time.Now().Add(failureTTL)
		case lifetime > 0:
			f.until = time.Now().Add(lifetime - min(renewalMargin, lifetime/2))
		}
		close(f.done)
	}()
}

// invalidate makes the next get fetch the value again, unless that has happened since.
func (c *cached[T]) invalidate(f *fetched[T]) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.latest == f {
		c.latest = nil
	}
}
