package auth

import (
	"context"
	"sync"
	"time"
)

const (
	// fetchTimeout bounds one fetch.
	fetchTimeout = 5 * time.Minute
	// failureTTL is how long a failure is returned to everybody: a thousand resources
	// must not try a wrong password a thousand times, which locks accounts.
	failureTTL = 30 * time.Second
	// renewalMargin is how long before its end a value is renewed: long enough for a
	// request that is on its way.
	renewalMargin = 5 * time.Minute
)

// shared is a value that is fetched at first use, once for all who want it at the
// same time, and again when it is about to expire or was invalidated. A caller that
// is cancelled does not cancel the others; the last one cancels the fetch.
type shared[T any] struct {
	// fetch returns the value and how long it lasts; 0 is for ever.
	fetch func(context.Context) (T, time.Duration, error)
	now   func() time.Time

	mu       sync.Mutex
	fetching *fetch // nil if there is none
	version  int    // counts the fetches; 0 is none yet
	value    T
	err      error
	until    time.Time // zero is for ever
}

// A fetch is one that is under way.
type fetch struct {
	done    chan struct{}
	waiters int
	cancel  context.CancelFunc
}

// get returns the value, and its version for invalidate.
func (s *shared[T]) get(ctx context.Context) (T, int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.version > 0 && (s.until.IsZero() || s.now().Before(s.until)) {
		return s.value, s.version, s.err
	}
	if s.fetching == nil {
		s.startLocked(ctx)
	}
	f := s.fetching
	f.waiters++
	s.mu.Unlock()
	select {
	case <-f.done:
	case <-ctx.Done():
	}
	s.mu.Lock()
	f.waiters--
	select {
	case <-f.done:
		return s.value, s.version, s.err
	default:
	}
	if f.waiters == 0 {
		f.cancel()
		s.fetching = nil // what comes of it is nobody's
	}
	var none T
	return none, 0, ctx.Err()
}

// startLocked starts a fetch. Of the context of the request that needs it, it has
// what is logged with, and neither its deadline nor its end: others wait too.
func (s *shared[T]) startLocked(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), fetchTimeout)
	f := &fetch{done: make(chan struct{}), cancel: cancel}
	s.fetching = f
	go func() {
		defer cancel()
		value, lasts, err := s.fetch(ctx)
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.fetching == f {
			s.keepLocked(value, lasts, err)
			s.fetching = nil
			close(f.done)
		}
	}()
}

func (s *shared[T]) keepLocked(value T, lasts time.Duration, err error) {
	s.value, s.err, s.until = value, err, time.Time{}
	s.version++
	switch {
	case err != nil:
		s.until = s.now().Add(failureTTL)
	case lasts > 0:
		s.until = s.now().Add(lasts - min(renewalMargin, lasts/2))
	}
}

// invalidate makes the next get fetch the value anew, unless that has happened since
// this version.
func (s *shared[T]) invalidate(version int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.version == version && s.err == nil {
		s.until = s.now()
	}
}
