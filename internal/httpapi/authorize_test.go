package httpapi_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/elbaas/terraform-provider-elbaas/internal/httpapi"
)

// authorizer is a function that implements httpapi.Authorizer.
type authorizer func(*http.Request) (renew func(), err error)

// Authorize implements httpapi.Authorizer.
func (a authorizer) Authorize(r *http.Request) (renew func(), err error) { return a(r) }

// tokens are numbered, and can be renewed any number of times.
type tokens struct{ current, renewed atomic.Int32 }

const firstToken, secondToken = "the-token-with-the-number-0", "the-token-with-the-number-1"

// Authorize implements httpapi.Authorizer.
func (c *tokens) Authorize(r *http.Request) (renew func(), err error) {
	token := c.current.Load()
	r.Header.Set("X-Auth-Token", firstToken[:len(firstToken)-1]+strconv.Itoa(int(token)))
	return func() {
		c.renewed.Add(1)
		c.current.CompareAndSwap(token, token+1)
	}, nil
}

// TestRenewal: a request with rejected credentials is repeated with new ones, even if it is
// non-idempotent, because it was not carried out.
func TestRenewal(t *testing.T) {
	t.Parallel()
	refusal := func(status int, code string) http.HandlerFunc {
		return reply(status, `{"error":{"message":"m","code":"`+code+`"}}`)
	}
	type row struct {
		refused http.HandlerFunc
		renewed int32
	}
	rows := map[string]row{
		"401":              {refusal(401, "unauthorized"), 1},
		"401, unreadable":  {reply(401, ""), 1},
		"403":              {refusal(403, "ELB.1101"), 0},
		"400":              {refusal(400, "ELB.1001"), 0},
		"404":              {reply(404, ""), 0},
		"400 and ELB.1109": {refusal(400, "ELB.1109"), 0}, // it is about permissions
	}
	for _, code := range []string{"ELB.1102", "ELB.1103", "ELB.1104", "ELB.1105", "ELB.1201"} {
		rows["400 and "+code] = row{refusal(400, code), 1}
	}
	for kind, request := range bothKinds {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			for name, row := range rows {
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					synctest.Test(t, func(t *testing.T) {
						var seen []string
						handler, calls := inSequence(row.refused, reply(http.StatusOK, `{}`))
						client := newClient(serve(t, func(w http.ResponseWriter, r *http.Request) {
							seen = append(seen, r.Header.Get("X-Auth-Token"))
							handler(w, r)
						}), new(tokens))
						err := client.Do(t.Context(), request, decodeJSON)
						if calls.Load() != 1+row.renewed || (err == nil) != (row.renewed == 1) {
							t.Errorf("%d calls: %v", calls.Load(), err)
						}
						if row.renewed == 1 && !slices.Equal(seen, []string{firstToken, secondToken}) {
							t.Errorf("the tokens were %q", seen)
						}
					})
				})
			}
		})
	}
}

// TestRenewalHappensOnce: if new credentials are rejected as well, they are not renewed again.
func TestRenewalHappensOnce(t *testing.T) {
	t.Parallel()
	handler, calls := inSequence(reply(http.StatusUnauthorized, ""))
	var credentials tokens
	err := newClient(serve(t, handler), &credentials, retries(5)).Do(t.Context(), get(), decodeJSON)
	refusal := httpapi.RefusalOf(err)
	if refusal == nil || refusal.Status != 401 || calls.Load() != 2 || credentials.renewed.Load() != 1 {
		t.Errorf("%d calls, %d renewals: %v", calls.Load(), credentials.renewed.Load(), err)
	}
}

// TestRenewalOfEachAttempt: an attempt that is repeated for another reason may renew its
// credentials too.
func TestRenewalOfEachAttempt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		refused := reply(http.StatusUnauthorized, "")
		handler, calls := inSequence(
			refused,
			reply(http.StatusServiceUnavailable, ""),
			refused,
			reply(http.StatusOK, `{}`),
		)
		var credentials tokens
		err := newClient(serve(t, handler), &credentials, retries(1)).Do(t.Context(), get(), decodeJSON)
		if err != nil || calls.Load() != 4 || credentials.renewed.Load() != 2 {
			t.Errorf("%d calls, %d renewals: %v", calls.Load(), credentials.renewed.Load(), err)
		}
	})
}

// TestCredentialsThatCannotBeRenewed: the request is not repeated.
func TestCredentialsThatCannotBeRenewed(t *testing.T) {
	t.Parallel()
	handler, calls := inSequence(reply(http.StatusUnauthorized, ""))
	client := newClient(serve(t, handler), authorizer(func(*http.Request) (func(), error) { return nil, nil }))
	err := client.Do(t.Context(), get(), decodeJSON)
	if refusal := httpapi.RefusalOf(err); refusal == nil || refusal.Status != 401 || calls.Load() != 1 {
		t.Errorf("%d calls: %v", calls.Load(), err)
	}
}

// TestAuthorizerFails: a request without credentials is not sent. An error of the request for its credentials, even one
// that is retried elsewhere, is not an error of the request itself.
func TestAuthorizerFails(t *testing.T) {
	t.Parallel()
	type row struct {
		err   error
		after bool // fails only once a request was refused
	}
	rows := map[string]row{
		"plain":                    {errors.New("no credentials"), false},
		"a context that has ended": {fmt.Errorf("get token: %w", context.DeadlineExceeded), false},
		"when renewed":             {errors.New("no credentials"), true},
	}
	lost := newClient(serve(t, lose), nil).Do(t.Context(), get(), decodeJSON)
	rows["lost"] = row{lost, false}
	rows["wraps lost"] = row{fmt.Errorf("get token: %w", lost), false}
	for _, status := range []int{401, 429, 500, 502, 503, 504} {
		refusal := &httpapi.Error{Status: status, Code: "APIGW.0201", Message: "the identity service says no"}
		rows[fmt.Sprint("refused with ", status)] = row{refusal, false}
		rows[fmt.Sprint("wraps ", status)] = row{fmt.Errorf("get token: %w", refusal), false}
		rows[fmt.Sprint("wraps ", status, " when renewed")] = row{fmt.Errorf("get token: %w", refusal), true}
		rows[fmt.Sprint("unsent wraps ", status)] = row{&httpapi.UnsentError{Err: refusal}, false}
	}
	for kind, request := range bothKinds {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			for name, row := range rows {
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					synctest.Test(t, func(t *testing.T) {
						handler, calls := inSequence(reply(http.StatusUnauthorized, ""))
						asked, renewed := 0, 0
						client := newClient(serve(t, handler), authorizer(func(*http.Request) (func(), error) {
							asked++
							if row.after && asked == 1 {
								return func() { renewed++ }, nil
							}
							return nil, row.err
						}), retries(3))
						err := client.Do(t.Context(), request, decodeJSON)
						wanted := 0 // calls before the error
						if row.after {
							wanted = 1
						}
						if !isUnsent(err) || httpapi.Ambiguous(err) || httpapi.RefusalOf(err) != nil ||
							!errors.Is(err, row.err) {
							t.Errorf("%#v is not what never left: %v", err, err)
						}
						if asked != wanted+1 || renewed != wanted || int(calls.Load()) != wanted {
							t.Errorf("asked %d times, renewed %d times, called %d times", asked, renewed, calls.Load())
						}
					})
				})
			}
		})
	}
}

// TestAuthorizerSeesItsOwnRequest: headers that were added to one attempt are not part of the next attempt, or of the
// next request.
func TestAuthorizerSeesItsOwnRequest(t *testing.T) {
	t.Parallel()
	header := http.Header{"X-Project-Id": {"p"}}
	request := get()
	request.Header = header
	handler, _ := inSequence(reply(http.StatusUnauthorized, ""), reply(http.StatusOK, `{}`))
	asked := 0
	client := newClient(serve(t, handler), authorizer(func(r *http.Request) (func(), error) {
		asked++
		if got := r.Header.Values("X-Auth-Token"); len(got) != 0 {
			t.Errorf("request %d has the token %q already", asked, got)
		}
		r.Header.Add("X-Auth-Token", strconv.Itoa(asked))
		return func() {}, nil
	}))
	for range 2 {
		if err := client.Do(t.Context(), request, decodeJSON); err != nil {
			t.Fatal(err)
		}
	}
	if len(header) != 1 || asked != 3 {
		t.Errorf("asked %d times, the caller's header is %v", asked, header)
	}
}

// TestNothingIsSentUnprepared: without credentials, Prepare is not called, because it may send requests itself. If
// Prepare fails, the request is not sent.
func TestNothingIsSentUnprepared(t *testing.T) {
	t.Parallel()
	failure := errors.New("a failure")
	for name, row := range map[string]struct {
		noCredentials, unprepared error
		prepared                  int
	}{
		"no credentials": {failure, nil, 0},
		"not prepared":   {nil, failure, 1},
	} {
		handler, calls := inSequence(reply(http.StatusOK, `{}`))
		client := newClient(serve(t, handler),
			authorizer(func(*http.Request) (func(), error) { return nil, row.noCredentials }))
		prepared := 0
		request := post()
		request.Prepare = func(context.Context) error {
			prepared++
			return row.unprepared
		}
		err := client.Do(t.Context(), request, decodeJSON)
		if !isUnsent(err) || !errors.Is(err, failure) || calls.Load() != 0 || prepared != row.prepared {
			t.Errorf("%s: prepared %d times, called %d times: %v", name, prepared, calls.Load(), err)
		}
	}
}

// TestCredentialsAroundPrepare: credentials are fetched before Prepare, which comes right before the request. The
// request is signed after it, because a signature is valid for 15 minutes (reference).
func TestCredentialsAroundPrepare(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var steps []string
		fetched := false
		sign := authorizer(func(r *http.Request) (func(), error) {
			if !fetched {
				steps = append(steps, "fetch")
				fetched = true
				time.Sleep(time.Minute)
			}
			r.Header.Set("X-Sdk-Date", time.Now().String())
			return nil, nil
		})
		request := get()
		request.Prepare = func(context.Context) error {
			steps = append(steps, "prepare")
			time.Sleep(20 * time.Minute) // a list that Prepare requests is throttled
			return nil
		}
		client := newClient(serve(t, func(w http.ResponseWriter, r *http.Request) {
			steps = append(steps, "send")
			if signed := r.Header.Get("X-Sdk-Date"); signed != time.Now().String() {
				t.Errorf("the signature is of %s, now it is %s", signed, time.Now())
			}
			_, _ = io.WriteString(w, "{}")
		}), sign)
		if err := client.Do(t.Context(), request, decodeJSON); err != nil {
			t.Error(err)
		}
		if want := []string{"fetch", "prepare", "send"}; !slices.Equal(steps, want) {
			t.Errorf("the steps are %q, want %q", steps, want)
		}
	})
}
