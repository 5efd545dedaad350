package auth

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// TestCancelledCallerLeavesTheFetchRunning: the other callers get the value. When the last caller is cancelled, so is
// the fetch.
func TestCancelledCallerLeavesTheFetchRunning(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var fetches, cancelled atomic.Int32
		s := &cached[int]{fetch: func(ctx context.Context) (int, time.Duration, error) {
			n := int(fetches.Add(1))
			select {
			case <-time.After(time.Minute):
				return n, 0, nil
			case <-ctx.Done():
				cancelled.Add(1)
				return 0, 0, ctx.Err()
			}
		}}
		get := func(timeout time.Duration) (int, error) {
			ctx, cancel := context.WithTimeout(t.Context(), timeout)
			defer cancel()
			value, _, err := s.get(ctx)
			return value, err
		}
		for range 2 {
			go func() {
				if _, err := get(time.Second); !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("a caller that was cancelled got %v", err)
				}
			}()
		}
		time.Sleep(2 * time.Second)
		if fetches.Load() != 1 || cancelled.Load() != 1 {
			t.Errorf(
				"%d fetches, %d cancelled: want one that its last caller cancelled",
				fetches.Load(),
				cancelled.Load(),
			)
		}
		go func() {
			if _, err := get(time.Second); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("a caller that was cancelled got %v", err)
			}
		}()
		if value, err := get(time.Hour); value != 2 || err != nil || cancelled.Load() != 1 {
			t.Errorf("the caller that waited got %d, %v, with %d fetches cancelled", value, err, cancelled.Load())
		}
	})
}

// TestLifetimes: a value is fetched again some time before it expires, however short its lifetime, and never if it does
// not expire, even after an earlier failure.
func TestLifetimes(t *testing.T) {
	t.Parallel()
	for lifetime, want := range map[time.Duration]time.Duration{
		2 * time.Minute: time.Minute,
		time.Hour:       55 * time.Minute,
		0:               1000 * time.Hour,
	} {
		synctest.Test(t, func(t *testing.T) {
			fetches := 0
			c := &cached[int]{}
			c.fetch = func(context.Context) (int, time.Duration, error) {
				if fetches++; fetches == 1 {
					return 0, 0, errors.New("not yet")
				}
				return fetches, lifetime, nil
			}
			get := func(want int, after time.Duration) {
				t.Helper()
				time.Sleep(after)
				if got, _, _ := c.get(t.Context()); got != want {
					t.Errorf("a value that expires after %s is that of fetch %d, want %d", lifetime, got, want)
				}
			}
			get(0, 0)
			get(0, failureTTL-time.Second)
			get(2, time.Second)
			get(2, want-time.Second)
			if lifetime > 0 {
				get(3, time.Second)
			}
		})
	}
}

// TestValueForACallerThatHasEnded: a caller whose context has ended still gets a cached value, because that needs no
// fetch, and the value stays cached.
func TestValueForACallerThatHasEnded(t *testing.T) {
	t.Parallel()
	fetches := 0
	c := &cached[int]{fetch: func(context.Context) (int, time.Duration, error) {
		fetches++
		return fetches, 0, nil
	}}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	for range 100 {
		if got, _, err := c.get(ctx); got != 1 || err != nil {
			t.Fatalf("got the value of fetch %d, %v, want that of the first", got, err)
		}
		cancel()
	}
}
