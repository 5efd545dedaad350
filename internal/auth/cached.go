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
	// renewalMargin is how long before its expiry a value is renewed. It is long enough for one
	// request.
	renewalMargin = 5 * time.Minute
)

// cached is a value that is fetched at first use, and again when it is about to expire or was
// invalidated. Callers in parallel wait for the same fetch. A caller that is cancelled does not
// cancel the others; the last one cancels the fetch.
type cached[T any] struct {
	// fetch returns the value and its lifetime; 0 means that it does not expire.
	fetch func(context.Context) (T, time.Duration, error)
	now   func() time.Time

	mu       sync.Mutex
	fetching *fetch // nil if no fetch is running
	version  int    // how many fetches there were
	value    T
	err      error
	until    time.Time // zero if it does not expire
}

// A fetch is a running fetch.
type fetch struct {
	done    chan struct{}
	waiters int
	cancel  context.CancelFunc
}

// get returns the value, and its version for invalidate.
func (c *cached[T]) get(ctx context.Context) (T, int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.version > 0 && (c.until.IsZero() || c.now().Before(c.until)) {
		return c.value, c.version, c.err
	}
	if c.fetching == nil {
		c.startLocked(ctx)
	}
	f := c.fetching
	f.waiters++
	c.mu.Unlock()
	select {
	case <-f.done:
	case <-ctx.Done():
	}
	c.mu.Lock()
	f.waiters--
	if c.fetching != f { // it has ended
		return c.value, c.version, c.err
	}
	if f.waiters == 0 {
		f.cancel()
		c.fetching = nil // its result is discarded
	}
	var none T
	return none, 0, ctx.Err()
}

// startLocked starts a fetch. Its context has the values of the request's context, for logging,
// but not its deadline, because other callers may wait too.
func (c *cached[T]) startLocked(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), fetchTimeout)
	f := &fetch{done: make(chan struct{}), cancel: cancel}
	c.fetching = f
	go func() {
		defer cancel()
		value, lifetime, err := c.fetch(ctx)
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.fetching == f {
			c.storeLocked(value, lifetime, err)
			c.fetching = nil
			close(f.done)
		}
	}()
}

func (c *cached[T]) storeLocked(value T, lifetime time.Duration, err error) {
	c.version++
	c.value = value
	c.err = err
	c.until = time.Time{}
	switch {
	case err != nil:
		c.until = c.now().Add(failureTTL)
	case lifetime > 0:
		c.until = c.now().Add(lifetime - min(renewalMargin, lifetime/2))
	}
}

// invalidate makes the next get fetch the value again, unless there is a newer version.
func (c *cached[T]) invalidate(version int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.version == version {
		c.until = c.now()
	}
}
