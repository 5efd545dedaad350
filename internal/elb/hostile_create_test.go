package elb_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/elbaas/terraform-provider-elbaas/internal/elb"
	"github.com/elbaas/terraform-provider-elbaas/internal/elbstub"
)

// TestShownByOneReplicaOnly: a backend is late, and the replicas of the lists lag, so one list shows the certificate
// and later ones do not yet. The certificate is adopted, not created again.
func TestShownByOneReplicaOnly(t *testing.T) {
	t.Parallel()
	for _, fresh := range []int{4, 5} { // the number of the list that does not lag; 1 is the baseline
		t.Run(strconv.Itoa(fresh), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				cloud, client := cloudInBubble(t, elbstub.Options{}, 5)
				cloud.Script(elbstub.CreateCertificate, 1, elbstub.DropLate(2500*time.Millisecond))
				cloud.ScriptEach(elbstub.ListCertificates, func(nth int) elbstub.Fault {
					if nth == fresh {
						return nil
					}
					return elbstub.See(elbstub.View{Lag: 4900 * time.Millisecond})
				})
				creation, err := client.CreateCertificate(t.Context(), project, newCertificate(t))
				if err != nil || !creation.Adopted || len(creation.Others) > 0 {
					t.Errorf("got %+v, %v", creation, err)
				}
				if there := len(cloud.Certificates(project)); there != 1 {
					t.Errorf("%d certificates, want 1", there)
				}
			})
		})
	}
}

// TestShownThenGone: a list shows the certificate of a lost response, and something else deletes it
// before the search ends. It is not adopted: the request is sent again.
func TestShownThenGone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud, client := cloudInBubble(t, elbstub.Options{}, 5)
		cloud.Script(elbstub.CreateCertificate, 1, elbstub.Drop())
		var both sync.WaitGroup
		both.Go(func() {
			creation, err := client.CreateCertificate(t.Context(), project, newCertificate(t))
			if err != nil || creation.Adopted || creation.Sent != 2 {
				t.Errorf("got %+v, %v", creation, err)
			}
		})
		time.Sleep(3500 * time.Millisecond)
		for _, cert := range cloud.Certificates(project) {
			cloud.Remove(cert.ID)
		}
		both.Wait()
		if there := len(cloud.Certificates(project)); there != 1 {
			t.Errorf("%d certificates, want 1", there)
		}
	})
}

// TestShownThenIncomplete: a list shows the certificate of a lost response; all later ones are incomplete and do not.
// The search ends, and its error names the certificate.
func TestShownThenIncomplete(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud, client := cloudInBubble(t, elbstub.Options{}, 5)
		cloud.Script(elbstub.CreateCertificate, 1, elbstub.Drop())
		cloud.ScriptEach(elbstub.ListCertificates, func(nth int) elbstub.Fault {
			if nth <= 2 { // the baseline, and the first list of the search
				return nil
			}
			return elbstub.Reply(200, `{"certificates":[],"instance_num":"5"}`)
		})
		started := time.Now()
		_, err := client.CreateCertificate(t.Context(), project, newCertificate(t))
		uncertain, isUncertain := errors.AsType[*elb.UncertainError](err)
		if !isUncertain || len(uncertain.Candidates) != 1 || time.Since(started) > 30*time.Second {
			t.Errorf("after %s: %v", time.Since(started), err)
		}
	})
}

// TestBaselineStays: before a request is sent again, it is throttled for a minute, in which the certificate of the
// first attempt appears. The baseline is still the list from before that attempt, so the certificate counts as new.
func TestBaselineStays(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud, client := cloudInBubble(t, elbstub.Options{}, 5)
		cloud.Script(elbstub.CreateCertificate, 1, elbstub.DropLate(20*time.Second))
		cloud.Script(elbstub.CreateCertificate, 2, elbstub.Throttle("60"))
		creation, err := client.CreateCertificate(t.Context(), project, newCertificate(t))
		if err != nil || creation.Sent != 2 || len(creation.Others) != 1 || len(creation.Identical) > 0 {
			t.Errorf("got %+v, %v", creation, err)
		}
	})
}

// TestBaselineOfAnEarlierRead: a read has just listed an identical certificate, and the response to a creation is lost.
// The list of the read is the baseline, so only the other certificate is new.
func TestBaselineOfAnEarlierRead(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud, client := cloudInBubble(t, elbstub.Options{}, 0)
		create := newCertificate(t)
		old := cloud.Add(asStranger(create))
		if _, err := get(t.Context(), client, project, old); err != nil {
			t.Fatal(err)
		}
		cloud.Script(elbstub.CreateCertificate, 1, elbstub.Drop())
		creation, err := client.CreateCertificate(t.Context(), project, create)
		if err != nil || !creation.Adopted || creation.ID == old || !slices.Equal(creation.Identical, []string{old}) {
			t.Errorf("got %+v, %v", creation, err)
		}
	})
}

// TestListThatRunsDuringACreation: a list of a read started before a creation whose response is lost, and shows its
// certificate. That is new nevertheless, so it is adopted.
func TestListThatRunsDuringACreation(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud, client := cloudInBubble(t, elbstub.Options{}, 5)
		create(t, client) // whose baseline is that of the next one, too
		cloud.Script(elbstub.ListCertificates, 1, elbstub.Delay(time.Second))
		cloud.Script(elbstub.CreateCertificate, 1, elbstub.Drop())
		go func() { _, _ = client.ListCertificates(t.Context(), project) }()
		synctest.Wait()
		creation, err := client.CreateCertificate(t.Context(), project, newCertificate(t))
		if err != nil || !creation.Adopted || creation.Sent != 1 {
			t.Errorf("got %+v, %v", creation, err)
		}
	})
}

// TestIncompleteBaseline: all lists before a creation are incomplete, and its response is lost. The only certificate
// that equals what was sent may have existed before, so it is named, but not adopted.
func TestIncompleteBaseline(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud, client := cloudInBubble(t, elbstub.Options{}, 1)
		for nth := range 2 {
			incomplete := elbstub.Reply(200, `{"certificates":[],"instance_num":"5"}`)
			cloud.Script(elbstub.ListCertificates, nth+1, incomplete)
		}
		cloud.Script(elbstub.CreateCertificate, 1, elbstub.Drop())
		creation, err := client.CreateCertificate(t.Context(), project, newCertificate(t))
		uncertain, isUncertain := errors.AsType[*elb.UncertainError](err)
		if !isUncertain || len(uncertain.Candidates) != 1 || uncertain.Sent != 1 {
			t.Errorf("got %+v, %v", creation, err)
		}
	})
}

// TestHiddenCertificateOfAnotherCall: lists hide the texts of certificates, and one of them shows a certificate before
// the call that created it knows its ID. Another call, which is searching for its own certificate, does not mistake it
// for that.
func TestHiddenCertificateOfAnotherCall(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud, client := cloudInBubble(t, elbstub.Options{Dialect: elbstub.Dialect{Listed: elbstub.TextMasked}}, 5)
		cloud.Script(elbstub.CreateCertificate, 1, elbstub.Refuse())
		cloud.Script(elbstub.CreateCertificate, 2, elbstub.Slow(2*time.Second))
		var both sync.WaitGroup
		for range 2 {
			both.Go(func() {
				creation, err := client.CreateCertificate(t.Context(), project, newCertificate(t))
				if err != nil || len(creation.Others) > 0 {
					t.Errorf("got %+v, %v", creation, err)
				}
			})
			time.Sleep(time.Second / 2)
		}
		both.Wait()
		if there := len(cloud.Certificates(project)); there != 2 {
			t.Errorf("%d certificates, want 2", there)
		}
	})
}

// TestOtherCallWhileListsFail: as in TestHiddenCertificateOfAnotherCall, but lists fail after one of them has shown the
// certificate of the other call. The error of the search does not name that certificate.
func TestOtherCallWhileListsFail(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud, client := cloudInBubble(t, elbstub.Options{Dialect: elbstub.Dialect{Listed: elbstub.TextMasked}}, 0)
		cloud.Script(elbstub.CreateCertificate, 1, elbstub.Refuse())
		cloud.Script(elbstub.CreateCertificate, 2, elbstub.Slow(2*time.Second))
		cloud.ScriptEach(elbstub.ListCertificates, func(nth int) elbstub.Fault {
			if nth <= 2 { // the baseline, and the first list of the search
				return nil
			}
			return elbstub.Reply(403, "")
		})
		var both sync.WaitGroup
		both.Go(func() {
			_, err := client.CreateCertificate(t.Context(), project, newCertificate(t))
			uncertain, isUncertain := errors.AsType[*elb.UncertainError](err)
			if !isUncertain || uncertain.SearchErr == nil || len(uncertain.Candidates) > 0 {
				t.Errorf("error %v, of the search %v, candidates %q", err, uncertain.SearchErr, uncertain.Candidates)
			}
		})
		time.Sleep(time.Second / 2)
		both.Go(func() {
			if _, err := client.CreateCertificate(t.Context(), project, newCertificate(t)); err != nil {
				t.Error(err)
			}
		})
		both.Wait()
	})
}

// TestTimeoutBehindTheSameLeaf: a Create call that times out while it waits for another call with the same leaf says
// so.
func TestTimeoutBehindTheSameLeaf(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud, client := cloudInBubble(t, elbstub.Options{}, 0)
		create := newCertificate(t)
		cloud.Script(elbstub.CreateCertificate, 1, elbstub.Throttle("60"))
		var first sync.WaitGroup
		first.Go(func() {
			if _, err := client.CreateCertificate(t.Context(), project, create); err != nil {
				t.Error(err)
			}
		})
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := client.CreateCertificate(ctx, project, create)
		if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "waiting for another creation") {
			t.Errorf("it does not say what it waited for: %v", err)
		}
		first.Wait()
	})
}

// TestRandomCreations makes Create calls with the same and with different leaves in parallel, with two faults in a row,
// lists that lag, strangers, and interrupts. Each certificate that a call has created is returned or named, no two
// calls return the same one, and none returns that of a stranger.
func TestRandomCreations(t *testing.T) {
	t.Parallel()
	var pairs []elb.NewCertificate
	for range 4 {
		pairs = append(pairs, newCertificate(t))
	}
	for seed := range uint64(120) {
		t.Run(strconv.FormatUint(seed, 10), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { createAtRandom(t, seed, pairs) })
		})
	}
}

func createAtRandom(t *testing.T, seed uint64, pairs []elb.NewCertificate) {
	t.Helper()
	random := rand.New(rand.NewPCG(seed, 28))
	var mu sync.Mutex
	dice := func(n int) int {
		mu.Lock()
		defer mu.Unlock()
		return random.IntN(n)
	}
	milliseconds := func(most int) time.Duration { return time.Duration(dice(most)) * time.Millisecond }
	dialect := elbstub.NewDialect(int(seed % elbstub.Dialects))
	cloud, client := cloudInBubble(t, elbstub.Options{
		Dialect: dialect, ListLag: milliseconds(2000), Seed: seed,
	}, dice(4))

	strangers := map[string]bool{}
	addStranger := func() {
		other := pairs[dice(len(pairs))]
		other.Name = new("stranger" + strconv.Itoa(dice(100)))
		id := cloud.Add(asStranger(other))
		mu.Lock()
		defer mu.Unlock()
		strangers[id] = true
	}
	addStranger()
	time.Sleep(time.Minute)
	double := func(then elbstub.Fault) elbstub.Fault { // a gateway sends the request to two backends
		return func(next elbstub.Next) elbstub.Response {
			next()
			return then(next)
		}
	}
	page := "<html><title>Bad Gateway</title></html>"
	cloud.ScriptEach(elbstub.CreateCertificate, func(int) elbstub.Fault {
		return []elbstub.Fault{
			nil, nil, nil, nil,
			elbstub.Drop(), elbstub.Refuse(), elbstub.Cut(5), elbstub.Cut(60), elbstub.Cut(900),
			elbstub.Slow(milliseconds(9000)), elbstub.Slow(time.Minute + time.Second),
			elbstub.DropLate(milliseconds(2900)), elbstub.DropLate(milliseconds(9000)),
			elbstub.Late(http.StatusGatewayTimeout, milliseconds(9000)),
			elbstub.ReplyAfter(502, page), elbstub.ReplyAfter(500, "{}"), elbstub.Reply(503, ""),
			elbstub.ReplyAfter(202, ""), elbstub.ReplyAfter(200, `{"error":{"code":"ELB.1"}}`),
			elbstub.Throttle(""), elbstub.Throttle("3"), elbstub.Reply(403, ""), elbstub.Reply(401, ""),
			double(elbstub.Drop()), double(elbstub.DropLate(milliseconds(2900))),
		}[dice(25)]
	})
	hidden := elbstub.View{Hidden: 1}
	if dialect.Count == elbstub.CountAbsent { // no client could notice that it is incomplete
		hidden = elbstub.View{}
	}
	cloud.ScriptEach(elbstub.ListCertificates, func(int) elbstub.Fault {
		return []elbstub.Fault{
			nil, nil, nil, nil, nil, nil, elbstub.Reply(503, ""), elbstub.Slow(milliseconds(3000)),
			elbstub.See(hidden), elbstub.Throttle("1"), elbstub.Cut(30), elbstub.Reply(502, page),
		}[dice(12)]
	})
	for range dice(3) {
		time.AfterFunc(milliseconds(30000), addStranger)
	}

	type result struct {
		create   elb.NewCertificate
		creation elb.Creation
		err      error
	}
	var results []result
	var all sync.WaitGroup
	for n := range 1 + dice(6) {
		create := pairs[dice(len(pairs))]
		create.Name = new(fmt.Sprintf("ours%d", n))
		if dice(4) == 0 {
			create.Name = new("ours")
		}
		start, patience := milliseconds(3000), 10*time.Minute
		if dice(3) == 0 {
			patience = milliseconds(20000)
		}
		all.Go(func() {
			time.Sleep(start)
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			started := time.Now()
			creation, err := client.CreateCertificate(ctx, project, create)
			if took := time.Since(started); took > patience+12*time.Second {
				t.Errorf("it ended %s after its context", took-patience)
			}
			mu.Lock()
			defer mu.Unlock()
			results = append(results, result{create, creation, err})
		})
	}
	all.Wait()
	time.Sleep(time.Minute) // for late commits

	mu.Lock()
	defer mu.Unlock()
	returned := map[string]bool{}
	for _, r := range results {
		id := strings.ToLower(r.creation.ID)
		if id == "" {
			continue
		}
		if returned[id] || strangers[id] {
			t.Errorf("certificate %s is that of another call or of a stranger: %+v", id, r.creation)
		}
		returned[id] = true
	}
	for _, cert := range cloud.Certificates(project) {
		if strangers[cert.ID] || returned[cert.ID] {
			continue
		}
		isNamed := slices.ContainsFunc(results, func(r result) bool {
			var uncertain *elb.UncertainError
			isOurs := r.create.Certificate == cert.Certificate && *r.create.Name == cert.Name
			says := errors.As(r.err, &uncertain) || r.creation.Sent > 1 || slices.Contains(r.creation.Others, cert.ID)
			return isOurs && says
		})
		if !isNamed {
			t.Errorf("certificate %s (%s) is neither returned nor named", cert.ID, cert.Name)
		}
	}
	for _, r := range results {
		exists := slices.ContainsFunc(cloud.Certificates(project), func(cert elbstub.Certificate) bool {
			return strings.EqualFold(cert.ID, r.creation.ID) && cert.Name == *r.create.Name
		})
		if r.err == nil && !exists {
			t.Errorf("certificate %s of %s does not exist", r.creation.ID, *r.create.Name)
		}
	}
}

// TestHiddenCertificateOfAnotherName: lists hide the texts of certificates, and one of them shows a new certificate
// with another name during a search. It is not a candidate: the request is sent again.
func TestHiddenCertificateOfAnotherName(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud, client := cloudInBubble(t, elbstub.Options{Dialect: elbstub.Dialect{Listed: elbstub.TextMasked}}, 5)
		cloud.Script(elbstub.CreateCertificate, 1, elbstub.Refuse())
		stranger := asStranger(newCertificate(t))
		stranger.Name = "stranger"
		time.AfterFunc(2*time.Second, func() { cloud.Add(stranger) })
		creation, err := client.CreateCertificate(t.Context(), project, newCertificate(t))
		if err != nil || creation.Sent != 2 || len(creation.Others) > 0 {
			t.Errorf("got %+v, %v", creation, err)
		}
	})
}

// TestPartialResponseBesideAnIdenticalCertificate: an identical certificate existed before, the response has only an
// ID, and lists do not show the new certificate in time. It is not mistaken for the old one, and not created again.
func TestPartialResponseBesideAnIdenticalCertificate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud, client := cloudInBubble(t, elbstub.Options{}, 5)
		create := newCertificate(t)
		old := cloud.Add(asStranger(create))
		time.Sleep(time.Minute)
		lagging(cloud, 20*time.Second)
		cloud.Script(elbstub.CreateCertificate, 1, func(next elbstub.Next) elbstub.Response {
			response := next()
			id, _, _ := strings.Cut(string(response.Body), ",")
			response.Body = []byte(id + "}")
			return response
		})
		creation, err := client.CreateCertificate(t.Context(), project, create)
		if creation.ID == "" || creation.ID == old || !errors.Is(err, elb.ErrCertificateNotFound) {
			t.Errorf("got %+v, %v", creation, err)
		}
		if there := len(cloud.Certificates(project)); there != 2 {
			t.Errorf("%d certificates, want 2", there)
		}
	})
}

// TestPartialResponseAtTheEndOfTheGracePeriod: a Create call is interrupted, the response has only an ID, lists do not
// show the certificate, and the grace period ends before the next list. The ID is returned nevertheless.
func TestPartialResponseAtTheEndOfTheGracePeriod(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud, client := cloudInBubble(t, elbstub.Options{}, 5)
		ctx, interrupt := context.WithCancel(t.Context())
		defer interrupt()
		time.AfterFunc(500*time.Millisecond, interrupt)
		lagging(cloud, 20*time.Second)
		cloud.Script(elbstub.CreateCertificate, 1, func(next elbstub.Next) elbstub.Response {
			next()
			time.Sleep(5 * time.Second) // the search takes as long
			return elbstub.Reply(http.StatusOK, `{"id":"`+cloud.Certificates(project)[0].ID+`"}`)(nil)
		})
		creation, err := client.CreateCertificate(ctx, project, newCertificate(t))
		if creation.ID == "" || !errors.Is(err, elb.ErrCertificateNotFound) {
			t.Errorf("got %+v, %v", creation, err)
		}
	})
}

// TestAdoptionNamesOthers: while the certificate of a lost response is searched for, somebody creates one with the same
// leaf and another name. Ours is adopted, and the other one is named.
func TestAdoptionNamesOthers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud, client := cloudInBubble(t, elbstub.Options{}, 5)
		create := newCertificate(t)
		cloud.Script(elbstub.CreateCertificate, 1, elbstub.Drop())
		stranger := asStranger(create)
		stranger.Name = "stranger"
		added := make(chan string, 1)
		time.AfterFunc(2*time.Second, func() { added <- cloud.Add(stranger) })
		creation, err := client.CreateCertificate(t.Context(), project, create)
		isNamed := slices.Equal(creation.Others, []string{<-added})
		if err != nil || !creation.Adopted || creation.SearchErr != nil || !isNamed {
			t.Errorf("got %+v, %v", creation, err)
		}
	})
}

// TestAdoptionNamesALateCreation: both responses are lost, and the backend carries out the first request only after the
// certificate of the second one was found. The second certificate is adopted, and the first one is named.
func TestAdoptionNamesALateCreation(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud, client := cloudInBubble(t, elbstub.Options{}, 5)
		cloud.Script(elbstub.CreateCertificate, 1, elbstub.DropLate(12*time.Second))
		cloud.Script(elbstub.CreateCertificate, 2, elbstub.Drop())
		creation, err := client.CreateCertificate(t.Context(), project, newCertificate(t))
		there := cloud.Certificates(project)
		if err != nil || !creation.Adopted || creation.Sent != 2 || len(there) != 2 {
			t.Fatalf("got %+v, %v, and %d certificates", creation, err, len(there))
		}
		isOurs := func(c elbstub.Certificate) bool { return c.ID == creation.ID }
		late := slices.DeleteFunc(there, isOurs)[0].ID
		if !slices.Equal(creation.Others, []string{late}) {
			t.Errorf("named %q, want %q", creation.Others, late)
		}
	})
}

// TestAdoptionAtTheEndOfTheGracePeriod: a request was sent twice, and the grace period after an interrupt ends before
// the search. The certificate that was found is adopted, and the result says why the search was not finished.
func TestAdoptionAtTheEndOfTheGracePeriod(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud, client := cloudInBubble(t, elbstub.Options{}, 5)
		ctx, interrupt := context.WithCancel(t.Context())
		defer interrupt()
		cloud.Script(elbstub.CreateCertificate, 1, elbstub.Refuse())
		cloud.Script(elbstub.CreateCertificate, 2, func(next elbstub.Next) elbstub.Response {
			cloud.ScriptEach(elbstub.ListCertificates, func(nth int) elbstub.Fault {
				if nth == 1 {
					return nil
				}
				return elbstub.Slow(50 * time.Second)
			})
			interrupt()
			return elbstub.Drop()(next)
		})
		creation, err := client.CreateCertificate(ctx, project, newCertificate(t))
		if err != nil || !creation.Adopted || creation.Sent != 2 || !errors.Is(creation.SearchErr, context.Canceled) {
			t.Errorf("got %+v, %v", creation, err)
		}
	})
}
