package elb

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strconv"
	"sync"
	"time"

	"github.com/hashicorp/go-retryablehttp"
)

const (
	// firstWait and longestWait bound the pauses between attempts, which double.
	firstWait   = 500 * time.Millisecond
	longestWait = 30 * time.Second
	// longestRetryAfter caps what a server may ask for.
	longestRetryAfter = 2 * time.Minute
)

// A Retrier repeats calls that failed for no lasting reason. When a server
// throttles one call, all calls of the Retrier slow down together: each by itself
// would only be throttled again.
type Retrier struct {
	maxRetries int
	timeout    time.Duration

	mu        sync.Mutex
	resume    time.Time // no attempt before
	throttled int       // answers 429 in a row
}

// NewRetrier returns a Retrier that repeats a failed call at most so many times.
// Being throttled is no failure: it is bounded by the context of the call alone.
// timeout bounds each attempt; 0 is one minute.
func NewRetrier(maxRetries int, timeout time.Duration) *Retrier {
	if timeout == 0 {
		timeout = callTimeout
	}
	return &Retrier{maxRetries: maxRetries, timeout: timeout}
}

// Client returns a client for calls that may be carried out twice.
func (r *Retrier) Client(transport http.RoundTripper) *http.Client {
	return r.client(transport, true)
}

// client returns a client whose calls may be carried out twice, or not: then
// they are repeated only where nothing was done.
func (r *Retrier) client(transport http.RoundTripper, twice bool) *http.Client {
	repeat := retryablehttp.NewClient()
	repeat.Logger = nil // the transport logs every attempt
	repeat.RetryMax = 1 << 30
	repeat.CheckRetry = r.check
	repeat.Backoff = r.wait
	repeat.ErrorHandler = retryablehttp.PassthroughErrorHandler
	repeat.HTTPClient = &http.Client{
		Transport:     transport,
		Timeout:       r.timeout,
		CheckRedirect: noRedirect,
	}
	return &http.Client{Transport: retrying{r, repeat, twice}, CheckRedirect: noRedirect}
}

// noRedirect keeps the credentials from another host.
func noRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

type retrying struct {
	retrier *Retrier
	repeat  *retryablehttp.Client
	twice   bool
}

// RoundTrip implements http.RoundTripper.
func (t retrying) RoundTrip(request *http.Request) (*http.Response, error) {
	call := &call{twice: t.twice}
	ctx, end := request.Context(), func() {}
	if !t.twice {
		ctx, end = outlive(ctx, call.isOut)
	}
	ctx = context.WithValue(ctx, callKey{}, call)
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{WroteHeaders: call.wrote})
	if err := pause(ctx, t.retrier.untilResume()); err != nil {
		end()
		return nil, err
	}
	repeatable, err := retryablehttp.FromRequest(request.WithContext(ctx))
	if err != nil {
		end()
		return nil, err
	}
	response, err := t.repeat.Do(repeatable)
	if err == nil {
		response.Body = ending{response.Body, end}
		return response, nil
	}
	end()
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		err = wrapped.Err // the caller's client says again what was called
	}
	if gaveUp := request.Context().Err(); gaveUp != nil {
		err = gaveUp
	}
	if call.throttled != nil {
		err = fmt.Errorf("%w, after the server throttled the call: %w", err, call.throttled)
	}
	if call.lost {
		err = &lostError{err}
	}
	return nil, err
}

// lostError says that a request may have arrived, and that the answer did not.
type lostError struct{ error }

// Unwrap returns what happened to the answer.
func (e *lostError) Unwrap() error { return e.error }

// ending is a body at whose end a context may end.
type ending struct {
	io.ReadCloser
	end func()
}

// Close implements io.Closer.
func (e ending) Close() error {
	defer e.end()
	return e.ReadCloser.Close()
}

// A call is what is known of the attempts of one call.
type call struct {
	twice     bool // it may be carried out twice
	failures  int
	throttled *Error // the latest answer 429
	lost      bool   // the latest attempt may have arrived, and was not answered

	mu   sync.Mutex
	sent bool // something of the latest attempt has left, or may have
}

type callKey struct{}

func (c *call) wrote() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sent = true
}

// takeSent reports whether something has left, and forgets it.
func (c *call) takeSent() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	sent := c.sent
	c.sent = false
	return sent
}

// isOut reports whether something of the latest attempt has left.
func (c *call) isOut() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.sent
}

// check decides whether there is another attempt.
func (r *Retrier) check(ctx context.Context, response *http.Response, err error) (bool, error) {
	call := ctx.Value(callKey{}).(*call) //nolint:forcetypeassert // every request has one
	sent := call.takeSent()
	call.lost = err != nil && sent && !notSent(err)
	if ctx.Err() != nil {
		return false, ctx.Err()
	}
	if err == nil && response.StatusCode == http.StatusTooManyRequests {
		call.throttled = peekError(response)
		return true, nil
	}
	r.mu.Lock()
	r.throttled = 0
	r.mu.Unlock()
	switch {
	case err != nil && lasting(err):
		return false, nil
	case err != nil && !sent: // nothing was done
	case !call.twice:
		return false, nil
	case err == nil && !unavailable(response):
		return false, nil
	}
	call.failures++
	return call.failures <= r.maxRetries, nil
}

// lasting reports whether an error will be the same next time: the server is not
// who it should be, or there is none of that name, or the request was not sent
// for a reason of its own.
func lasting(err error) bool {
	var certificate *tls.CertificateVerificationError
	var noTLS tls.RecordHeaderError
	var name *net.DNSError
	return errors.As(err, &certificate) || errors.As(err, &noTLS) || errors.As(err, &name) && name.IsNotFound || notSent(err)
}

// notSent reports whether a transport failed before it sent anything, and says
// so: one that could not get credentials.
func notSent(err error) bool {
	var transport interface{ NotSent() bool }
	return errors.As(err, &transport) && transport.NotSent()
}

// unavailable reports whether an answer says to come back later: 503, or that a
// gateway got no answer, which it may also say under 500 (observed).
func unavailable(response *http.Response) bool {
	switch response.StatusCode {
	case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	case http.StatusInternalServerError:
		return peekError(response).Code == "APIGW.0201"
	}
	return false
}

// wait returns the pause before the next attempt: exponential, with jitter, and
// not before the server wants to be called again.
func (r *Retrier) wait(_, _ time.Duration, attempt int, response *http.Response) time.Duration {
	if response == nil || response.StatusCode != http.StatusTooManyRequests {
		return max(backoff(attempt), retryAfter(response), r.untilResume())
	}
	r.mu.Lock()
	pause := retryAfter(response)
	if pause == 0 {
		pause = backoff(r.throttled)
	}
	r.throttled++
	if resume := time.Now().Add(pause); resume.After(r.resume) {
		r.resume = resume
	}
	r.mu.Unlock()
	// Not all at once.
	return r.untilResume() + rand.N(firstWait) //nolint:gosec // jitter is no secret
}

func (r *Retrier) untilResume() time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	return max(0, time.Until(r.resume))
}

// backoff doubles with each attempt, from 0, and is jittered by half.
func backoff(attempt int) time.Duration {
	longest := longestWait
	if attempt < 6 {
		longest = firstWait << attempt
	}
	return longest/2 + rand.N(longest/2) //nolint:gosec // jitter is no secret
}

// retryAfter returns what a server asks for, in seconds or as a date, or 0.
func retryAfter(response *http.Response) time.Duration {
	if response == nil {
		return 0
	}
	text := response.Header.Get("Retry-After")
	var after time.Duration
	if seconds, err := strconv.Atoi(text); err == nil {
		after = time.Duration(min(seconds, int(longestRetryAfter/time.Second))) * time.Second
	} else if date, err := http.ParseTime(text); err == nil {
		after = time.Until(date)
	}
	return max(0, min(after, longestRetryAfter))
}
