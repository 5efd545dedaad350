package auth

import (
	"context"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"
)

const (
	// fetchTimeout bounds one fetch, which outlives the caller that began it.
	fetchTimeout = time.Minute
	// failureMemory is how long a failure is told again: a thousand resources
	// must not try a wrong password a thousand times, which locks accounts.
	failureMemory = 30 * time.Second
	// renewalMargin is how long before its end a value is renewed: long enough
	// for a request that is on its way.
	renewalMargin = 5 * time.Minute
)

// shared is a value that is fetched at first use, once for all who want it at
// the same time, and again when it is about to end or was dropped. A caller that
// gives up does not cancel the others.
type shared[T any] struct {
	// fetch returns the value and how long it lasts; 0 is for ever.
	fetch func(context.Context) (T, time.Duration, error)
	now   func() time.Time

	flight singleflight.Group

	mu      sync.Mutex
	version int // counts the fetches; 0 is none yet
	value   T
	err     error
	until   time.Time // zero is for ever
}

// get returns the value, and its version for drop.
func (s *shared[T]) get(ctx context.Context) (T, int, error) {
	if value, version, err, good := s.kept(); good {
		return value, version, err
	}
	done := s.flight.DoChan("", func() (any, error) {
		if _, _, _, good := s.kept(); good {
			return nil, nil // fetched between the look and the flight
		}
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), fetchTimeout)
		defer cancel()
		value, lasts, err := s.fetch(ctx)
		s.keep(value, lasts, err)
		return nil, nil
	})
	select {
	case <-done:
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.value, s.version, s.err
	case <-ctx.Done():
		var none T
		return none, 0, ctx.Err()
	}
}

func (s *shared[T]) kept() (value T, version int, err error, good bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	good = s.version > 0 && (s.until.IsZero() || s.now().Before(s.until))
	return s.value, s.version, s.err, good
}

func (s *shared[T]) keep(value T, lasts time.Duration, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.value, s.err, s.until = value, err, time.Time{}
	s.version++
	switch {
	case err != nil:
		s.until = s.now().Add(failureMemory)
	case lasts > 0:
		s.until = s.now().Add(lasts - min(renewalMargin, lasts/2))
	}
}

// drop gives up a version of the value; a newer one stays.
func (s *shared[T]) drop(version int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.version == version && s.err == nil {
		s.until = s.now()
	}
}
