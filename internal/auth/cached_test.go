package auth

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// TestCancelledCallerLeavesTheFetchRunning: the other callers get the value. When all are
// cancelled, the fetch is as well.
func TestCancelledCallerLeavesTheFetchRunning(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var fetches, cancelled atomic.Int32
		s := &cached[int]{now: time.Now, fetch: func(ctx context.Context) (int, time.Duration, error) {
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
