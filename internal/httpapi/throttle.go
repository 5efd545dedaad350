package httpapi

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"
)

// A throttle makes all requests of a Network wait when the API throttles one of them, because the
// others would be throttled as well. It counts rounds, which are the times between two pauses:
// ten requests of one round that are all throttled cause one pause.
type throttle struct {
	mu     sync.Mutex
	round  int
	resume time.Time // the end of the latest pause
	// inARow is how many rounds in a row had only throttled requests of a method. The API may limit
	// each method by itself, so that lists succeed while creations do not.
	inARow map[string]int
}

// wait waits until a request may be sent, and returns the current round. It waits for one pause only,
// even if another round begins meanwhile: otherwise one request that is throttled again would hold up
// all others.
func (t *throttle) wait(ctx context.Context) (round int, err error) {
	round, pause := t.current()
	for now := round; pause > 0 && now == round && ctx.Err() == nil; now, pause = t.current() {
		_ = Pause(ctx, pause+rand.N(firstPause)) //nolint:gosec // a jitter
	}
	return round, ctx.Err()
}

// current returns the current round, and how long its pause still lasts.
func (t *throttle) current() (round int, pause time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.round, time.Until(t.resume)
}

// refused records that a request of a round was throttled. The first one ends the round.
func (t *throttle) refused(round int, method string, retryAfter time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	pause := retryAfter
	if round == t.round {
		if pause == 0 {
			pause = backoff(t.inARow[method])
		}
		t.round++
		t.inARow[method]++
	}
	if resume := time.Now().Add(pause); resume.After(t.resume) {
		t.resume = resume
	}
}

// passed records that a request was not throttled.
func (t *throttle) passed(method string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.inARow[method] = 0
}
