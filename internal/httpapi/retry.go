package httpapi

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"time"
)

const (
	// firstPause and longestPause bound the pauses between attempts, which double.
	firstPause   = 500 * time.Millisecond
	longestPause = 30 * time.Second
)

// retried repeats a call: after a transient error so many times, and while the
// server throttles it until its context ends. A non-idempotent call is repeated only
// when it was not carried out.
func retried(next link, maxRetries int, throttle *throttle) link {
	return func(ctx context.Context, c *call) error {
		var earlier error // of the attempt before this one
		for failures := 0; ; {
			round, err := throttle.wait(ctx)
			if err != nil {
				if earlier != nil { // there is no attempt besides the earlier one
					return fmt.Errorf("%w while waiting to send the request again: %w", err, earlier)
				}
				return &UnsentError{err}
			}
			err = next(ctx, c)
			refusal := RefusalOf(err)
			if err == nil || refusal != nil && refusal.Status != http.StatusTooManyRequests {
				throttle.passed(round)
			}

			var pause time.Duration
			switch {
			case refusal != nil && refusal.Status == http.StatusTooManyRequests:
				throttle.refused(round, refusal.RetryAfter)
			case !transient(err) || failures >= maxRetries || c.nonIdempotent && Ambiguous(err):
				return told(err, earlier)
			default:
				pause = backoff(failures)
				if refusal != nil {
					pause = max(pause, refusal.RetryAfter)
				}
				failures++
			}
			earlier = err
			if ended := Pause(ctx, pause); ended != nil {
				return fmt.Errorf("%w while waiting to send the request again: %w", ended, earlier)
			}
		}
	}
}

// told adds to an outcome what came of the attempt before it, in words: what an
// earlier attempt met says nothing about this one, so its error is not in the chain.
func told(err, earlier error) error {
	if err == nil || earlier == nil || err.Error() == earlier.Error() {
		return err
	}
	return fmt.Errorf("%w; the attempt before it failed: %s", err, earlier.Error())
}

// transient reports whether the outcome of an attempt may be another one next time.
func transient(err error) bool {
	var unsent *UnsentError
	if errors.As(err, &unsent) {
		err = unsent.Err
	}
	switch err := err.(type) { //nolint:errorlint // about this attempt, not about one for its credentials
	case *TransportError:
		return err.transient
	case *Error:
		switch err.Status {
		case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
			return true
		}
		return err.Code == "APIGW.0201" // the backend did not respond, which is said under 500 too (observed)
	}
	return false
}

// backoff doubles with each attempt, from 0, and is jittered by half.
func backoff(attempt int) time.Duration {
	longest := longestPause
	if attempt < 6 {
		longest = firstPause << attempt
	}
	return longest/2 + rand.N(longest/2) //nolint:gosec // jitter is no secret
}
