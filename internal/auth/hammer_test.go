package auth

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// TestCachedHammer: many callers start, end, and invalidate the value in parallel.
func TestCachedHammer(t *testing.T) {
	t.Parallel()
	for range 50 {
		synctest.Test(t, func(t *testing.T) {
			var running, most atomic.Int32
			s := &cached[int]{fetch: func(ctx context.Context) (int, time.Duration, error) {
				if n := running.Add(1); n > most.Load() {
					most.Store(n)
				}
				defer running.Add(-1)
				select {
				case <-time.After(time.Duration(1+rand.IntN(900)) * time.Millisecond):
				case <-ctx.Done():
					return 0, 0, ctx.Err()
				}
				if rand.IntN(4) == 0 {
					return 0, 0, errors.New("down")
				}
				return 1, time.Duration(rand.IntN(3)) * time.Minute, nil
			}}
			var all sync.WaitGroup
			for range 200 {
				all.Go(func() {
					time.Sleep(time.Duration(rand.IntN(60000)) * time.Millisecond)
					timeout := time.Duration(1+rand.IntN(1000)) * time.Millisecond
					ctx, cancel := context.WithTimeout(t.Context(), timeout)
					defer cancel()
					started := time.Now()
					value, fetched, err := s.get(ctx)
					if time.Since(started) > timeout {
						t.Errorf("waited %s of %s", time.Since(started), timeout)
					}
					if err == nil && value != 1 || errors.Is(err, context.Canceled) {
						t.Errorf("got %d, %v", value, err)
					}
					if errors.Is(err, context.DeadlineExceeded) && time.Since(started) < timeout {
						t.Errorf("the deadline of another caller after %s: %v", time.Since(started), err)
					}
					if err == nil && rand.IntN(3) == 0 {
						s.invalidate(fetched)
					}
				})
			}
			all.Wait()
			time.Sleep(time.Hour)
		})
	}
}
