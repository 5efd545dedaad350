package httpapi_test

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/elbaas/terraform-provider-elbaas/internal/httpapi"
)

// jitter is the maximum random addition to a pause, so that not all requests continue at the
// same time.
const jitter = 500 * time.Millisecond

// together calls a function several times in parallel.
func together(n int, call func()) {
	var running sync.WaitGroup
	for range n {
		running.Go(call)
	}
	running.Wait()
}

// TestThrottledRequestIsRepeated: every throttled request is repeated, whatever the number of
// retries, because it was not carried out.
func TestThrottledRequestIsRepeated(t *testing.T) {
	t.Parallel()
	for name, request := range bothKinds {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				throttled := reply(http.StatusTooManyRequests, `{"error_msg":"too many","error_code":"APIGW.0308"}`)
				handler, calls := inSequence(throttled, throttled, throttled, throttled, reply(http.StatusOK, `{}`))
				err := newClient(serve(t, handler), nil, retries(0)).Do(t.Context(), request, decodeJSON)
				if err != nil || calls.Load() != 5 {
					t.Errorf("%d calls: %v", calls.Load(), err)
				}
			})
		})
	}
}

// TestThrottlingUsesUpNoRetries: throttling does not count as a retry, even if a failure comes in between.
func TestThrottlingUsesUpNoRetries(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		throttled, broken := reply(http.StatusTooManyRequests, ""), reply(http.StatusServiceUnavailable, "")
		handler, calls := inSequence(throttled, broken, throttled, throttled, broken, throttled, broken)
		err := newClient(serve(t, handler), nil, retries(2)).Do(t.Context(), get(), decodeJSON)
		if refusal := httpapi.RefusalOf(err); refusal == nil || refusal.Status != 503 || calls.Load() != 7 {
			t.Errorf("%d calls: %v", calls.Load(), err)
		}
	})
}

// TestRetryAfter: the pause is what the server asks for, at most 2 minutes. Without a valid value, or with a date in
// the past, it is an ordinary pause.
func TestRetryAfter(t *testing.T) {
	t.Parallel()
	type row struct {
		after       func() string
		least, most time.Duration
	}
	text := func(s string) func() string { return func() string { return s } }
	date := func(d time.Duration) func() string {
		return func() string { return time.Now().Add(d).UTC().Format(http.TimeFormat) }
	}
	const second, minute, first = time.Second, time.Minute, 500 * time.Millisecond
	for name, row := range map[string]row{
		"seconds":              {text("7"), 7 * second, 7*second + jitter},
		"a date":               {date(8 * second), 8 * second, 8*second + jitter},
		"too many seconds":     {text("3600"), 2 * minute, 2*minute + jitter},
		"a date far away":      {date(time.Hour), 2 * minute, 2*minute + jitter},
		"none":                 {text(""), first / 2, first + jitter},
		"zero":                 {text("0"), first / 2, first + jitter},
		"negative":             {text("-5"), first / 2, first + jitter},
		"very negative":        {text("-10000000000"), first / 2, first + jitter},
		"a date that has been": {date(-time.Hour), first / 2, first + jitter},
		"nonsense":             {text("soon"), first / 2, first + jitter},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				handler, _ := inSequence(func(w http.ResponseWriter, r *http.Request) {
					reply(http.StatusTooManyRequests, "", "Retry-After", row.after())(w, r)
				}, reply(http.StatusOK, `{}`))
				started := time.Now()
				if err := newClient(serve(t, handler), nil).Do(t.Context(), get(), decodeJSON); err != nil {
					t.Fatal(err)
				}
				if got := time.Since(started); got < row.least || got > row.most {
					t.Errorf("it waited %s, want %s to %s", got, row.least, row.most)
				}
			})
		})
	}
}

// TestThrottlingCountsRounds: ten requests that are throttled in parallel wait no longer than
// one. If responses counted, the pauses would double ten times.
func TestThrottlingCountsRounds(t *testing.T) {
	t.Parallel()
	for _, requests := range []int{1, 10} {
		synctest.Test(t, func(t *testing.T) {
			var calls int
			var mu sync.Mutex
			client := newClient(serve(t, func(w http.ResponseWriter, r *http.Request) {
				time.Sleep(10 * time.Millisecond) // so that all are sent before the first is refused
				mu.Lock()
				calls++
				throttled := calls <= requests
				mu.Unlock()
				if throttled {
					reply(http.StatusTooManyRequests, "")(w, r)
					return
				}
				reply(http.StatusOK, `{}`)(w, r)
			}), nil)
			started := time.Now()
			together(requests, func() {
				if err := client.Do(t.Context(), get(), decodeJSON); err != nil {
					t.Error(err)
				}
			})
			most := 500*time.Millisecond + jitter + 20*time.Millisecond
			if got := time.Since(started); got > most {
				t.Errorf("%d requests took %s, want at most %s", requests, got, most)
			}
		})
	}
}

// TestThrottlingGrows: pauses grow while all requests are throttled. They start over after a request that is not
// throttled, even if it is refused.
func TestThrottlingGrows(t *testing.T) {
	t.Parallel()
	for _, status := range []int{http.StatusOK, http.StatusConflict} {
		synctest.Test(t, func(t *testing.T) {
			var at []time.Time
			client := newClient(serve(t, func(w http.ResponseWriter, r *http.Request) {
				at = append(at, time.Now())
				if n := len(at); n == 5 || n == 7 {
					reply(status, `{}`)(w, r)
					return
				}
				reply(http.StatusTooManyRequests, "")(w, r)
			}), nil)
			for range 2 {
				err := client.Do(t.Context(), get(), decodeJSON)
				if refusal := httpapi.RefusalOf(err); err != nil && (refusal == nil || refusal.Status != status) {
					t.Fatal(err)
				}
			}
			for i, most := range []time.Duration{500, 1000, 2000, 4000, 0, 500} {
				most *= time.Millisecond
				if got := at[i+1].Sub(at[i]); got < most/2 || got > most+jitter {
					t.Errorf("%d: pause %d is %s, want %s to %s", status, i+1, got, most/2, most+jitter)
				}
			}
		})
	}
}

// TestOneMethodIsThrottled: the API limits one method only. The successes of another method do not keep the pauses
// short, or the provider would never stay below the limit.
func TestOneMethodIsThrottled(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		started := time.Now()
		posts := 0
		client := newClient(serve(t, func(w http.ResponseWriter, r *http.Request) {
			status := http.StatusOK
			if r.Method == http.MethodPost {
				posts++
				if time.Since(started) < 5*time.Minute {
					status = http.StatusTooManyRequests
				}
			}
			reply(status, `{}`)(w, r)
		}), nil)
		request := post()
		request.Prepare = func(ctx context.Context) error { return client.Do(ctx, get(), decodeJSON) }
		if err := client.Do(t.Context(), request, decodeJSON); err != nil || posts > 30 {
			t.Errorf("%d attempts in five minutes: %v", posts, err)
		}
	})
}

// TestThrottlingSlowsAll: a request that starts while another one is throttled waits as well, even if it is sent by
// another client of the network.
func TestThrottlingSlowsAll(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var first time.Time
		var early, calls int
		var mu sync.Mutex
		network := httpapi.NewNetwork(httpapi.Config{Dial: serve(t, func(w http.ResponseWriter, r *http.Request) {
			mu.Lock()
			defer mu.Unlock()
			calls++
			if first.IsZero() {
				first = time.Now()
				reply(http.StatusTooManyRequests, "", "Retry-After", "30")(w, r)
				return
			}
			if time.Since(first) < 30*time.Second {
				early++
			}
			reply(http.StatusOK, `{}`)(w, r)
		})})
		send := func() {
			if err := network.Client(nil).Do(t.Context(), post(), decodeJSON); err != nil {
				t.Error(err)
			}
		}
		var running sync.WaitGroup
		running.Go(send)
		synctest.Wait() // until it is throttled
		running.Go(func() { together(5, send) })
		running.Wait()
		if early > 0 || calls != 7 {
			t.Errorf("of %d calls %d came before the server wanted any", calls, early)
		}
	})
}

// TestOneThrottledRequestHoldsUpNoOther: the API throttles only creations, again and again. A list waits for no more
// than one pause.
func TestOneThrottledRequestHoldsUpNoOther(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		client := newClient(serve(t, func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodPost {
				reply(http.StatusTooManyRequests, "", "Retry-After", "30")(w, r)
				return
			}
			reply(http.StatusOK, `{}`)(w, r)
		}), nil)
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
		defer cancel()
		var creation sync.WaitGroup
		creation.Go(func() { _ = client.Do(ctx, post(), decodeJSON) })
		synctest.Wait() // until it is throttled
		started := time.Now()
		together(30, func() {
			err := client.Do(ctx, get(), decodeJSON)
			if took := time.Since(started); err != nil || took > 30*time.Second+jitter {
				t.Errorf("a list waited for %s: %v", took, err)
			}
		})
		cancel()
		creation.Wait()
	})
}

// TestLateThrottling: a request that was sent before the pause and is throttled during it may
// extend the pause to what the server asks for, and never shortens it.
func TestLateThrottling(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		late  string
		pause time.Duration
	}{
		"asks for nothing": {"", 10 * time.Second},
		"asks for less":    {"1", 10 * time.Second},
		"asks for more":    {"30", 35 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var mu sync.Mutex
				var again []time.Duration // when requests came after both were refused
				started := time.Now()
				handler, _ := inSequence(
					reply(http.StatusTooManyRequests, "", "Retry-After", "10"),
					func(w http.ResponseWriter, r *http.Request) {
						time.Sleep(5 * time.Second)
						reply(http.StatusTooManyRequests, "", "Retry-After", row.late)(w, r)
					},
					func(w http.ResponseWriter, r *http.Request) {
						mu.Lock()
						defer mu.Unlock()
						again = append(again, time.Since(started))
						reply(http.StatusOK, `{}`)(w, r)
					},
				)
				client := newClient(serve(t, func(w http.ResponseWriter, r *http.Request) {
					time.Sleep(time.Millisecond) // until both are sent
					handler(w, r)
				}), nil)
				together(2, func() {
					if err := client.Do(t.Context(), get(), decodeJSON); err != nil {
						t.Error(err)
					}
				})
				for _, at := range again {
					if at < row.pause || at > row.pause+jitter+time.Second {
						t.Errorf("a request came after %s, want %s or a little more", at, row.pause)
					}
				}
				if len(again) != 2 {
					t.Errorf("%d requests came again", len(again))
				}
			})
		})
	}
}

// TestContextBoundsThrottling: the error of a request that is throttled until its context ends says so. A request that
// was never sent counts as unsent.
func TestContextBoundsThrottling(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		throttled := reply(429, `{"error_msg":"too many","error_code":"APIGW.0308"}`, "Retry-After", "100")
		client := newClient(serve(t, throttled), nil)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		started := time.Now()
		together(1, func() {
			err := client.Do(ctx, post(), decodeJSON)
			refusal := httpapi.RefusalOf(err)
			if !errors.Is(err, context.DeadlineExceeded) || refusal == nil || refusal.Code != "APIGW.0308" {
				t.Errorf("throttled to the end: %v", err)
			}
			if httpapi.Ambiguous(err) || isUnsent(err) {
				t.Errorf("ambiguous: %t, unsent: %t", httpapi.Ambiguous(err), isUnsent(err))
			}
		})
		if got := time.Since(started); got != time.Minute {
			t.Errorf("it ended after %s", got)
		}

		short, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		started = time.Now()
		err := client.Do(short, post(), decodeJSON)
		if !isUnsent(err) || !errors.Is(err, context.DeadlineExceeded) || httpapi.Ambiguous(err) {
			t.Errorf("it never was sent: %v", err)
		}
		if got := time.Since(started); got != time.Second {
			t.Errorf("it ended after %s", got)
		}
	})
}
