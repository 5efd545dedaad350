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

// retried repeats a call: at most maxRetries times after transient errors, and until its context
// ends while the API throttles it. A non-idempotent call is repeated only if it was not
// carried out.
func retried(next link, maxRetries int, throttle *throttle) link {
	return func(ctx context.Context, c *call) error {
		var earlier error // of the previous attempt
		for failures := 0; ; {
			round, err := throttle.wait(ctx)
			switch {
			case err != nil && earlier == nil:
				return &UnsentError{err}
			case err != nil:
				return fmt.Errorf("%w while waiting to send the request again: %w", err, earlier)
			}
			err = next(ctx, c)
			refusal := RefusalOf(err)
			isThrottled := refusal != nil && refusal.Status == http.StatusTooManyRequests
			if err == nil || refusal != nil && !isThrottled {
				throttle.passed(c.Method)
			}

			var pause time.Duration
			switch {
			case isThrottled:
				throttle.refused(round, c.Method, refusal.RetryAfter)
			case !transient(err) || failures >= maxRetries || c.asked.NonIdempotent && Ambiguous(err):
				return withEarlier(err, earlier)
			default:
				pause = backoff(failures)
				if refusal != nil {
					pause = max(pause, refusal.RetryAfter)
				}
				failures++
			}
			earlier = err
			_ = Pause(ctx, pause) // the next wait returns the error of ctx
		}
	}
}

// withEarlier adds the text of the error of the previous attempt. That error is not wrapped,
// because it does not describe the last attempt.
func withEarlier(err, earlier error) error {
	if err == nil || earlier == nil || err.Error() == earlier.Error() {
		return err
	}
	return fmt.Errorf("%w; the previous attempt failed: %s", err, earlier.Error())
}

// transient reports whether the next attempt may have a different outcome.
func transient(err error) bool {
	if unsent, ok := errors.AsType[*UnsentError](err); ok {
		err = unsent.Err
	}
	switch err := err.(type) { //nolint:errorlint // a wrapped error may be about the credentials
	case *TransportError:
		return err.transient
	case *Error:
		switch err.Status {
		case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
			return true
		}
		// The backend did not respond (observed). With the status 400 or 413, the same code rejects the request
		// (reference of the gateway).
		return err.Status == http.StatusInternalServerError && err.Code == "APIGW.0201"
	}
	return false
}

// Backoff returns the pause after an attempt, which counts from 0. It doubles with each attempt,
// up to the longest pause.
func Backoff(attempt int, first, longest time.Duration) time.Duration {
	return min(first<<min(attempt, 10), longest)
}

// backoff is the Backoff of requests that failed or were throttled, shortened at random by up to a half.
func backoff(attempt int) time.Duration {
	pause := Backoff(attempt, firstPause, longestPause)
	return pause/2 + rand.N(pause/2) //nolint:gosec // jitter is no secret
}
