package httpapi

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"
)

// A throttle lets the requests of a Network wait together when the server throttles
// one of them: each by itself would only be throttled again. It counts rounds, which
// are the times between two pauses: ten requests of a round that are all throttled
// make one pause.
type throttle struct {
	mu     sync.Mutex
	round  int
	inARow int       // throttled rounds without a request that passed
	resume time.Time // nothing is sent before
}

// wait waits until a request may be sent, and returns the round that this is. A new
// round does not make it wait longer: otherwise the first one that is throttled again
// would hold up all others, one after the other.
func (t *throttle) wait(ctx context.Context) (round int, err error) {
	for first := true; ; first = false {
		t.mu.Lock()
		if first {
			round = t.round
		}
		pause := time.Until(t.resume)
		isOver := pause <= 0 || t.round != round
		t.mu.Unlock()
		if isOver {
			return round, ctx.Err()
		}
		if err := Pause(ctx, pause+rand.N(firstPause)); err != nil { //nolint:gosec // not all at once
			return round, err
		}
	}
}

// refused notes that a request of a round was throttled. The first one ends the
// round.
func (t *throttle) refused(round int, retryAfter time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	pause := retryAfter
	if round == t.round {
		if pause == 0 {
			pause = backoff(t.inARow)
		}
		t.round++
		t.inARow++
	}
	if resume := time.Now().Add(pause); resume.After(t.resume) {
		t.resume = resume
	}
}

// passed notes that a request of a round had another response: of this round, or of the
// one that was just throttled, so that not all of it was.
func (t *throttle) passed(round int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if round >= t.round-1 {
		t.inARow = 0
	}
}
