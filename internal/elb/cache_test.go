package elb

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/elbaas/terraform-provider-elbaas/internal/httpapi"
)

// laggingServer is a server in the fake time of a bubble. It keeps the history of each
// certificate, so that the test knows the state at every time.
type laggingServer struct {
	mu      sync.Mutex
	history map[string][]state // oldest first
	version int
	lists   int

	random *rand.Rand
	// lag is how old a list may be.
	lag time.Duration
	// failing and partial are how many percent of the lists fail, or are incomplete.
	failing, partial int
}

// A state is the version of a certificate from a point in time on. Version 0 means that it does not
// exist, and is always the last one, because no server reuses an ID.
type state struct {
	from    time.Time
	version int
}

func (s *laggingServer) dice(n int) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.random.IntN(n)
}

// create creates a certificate and returns its ID.
func (s *laggingServer) create() (id string, created state) {
	s.mu.Lock()
	id = fmt.Sprintf("%032d", len(s.history))
	s.history[id] = nil
	s.mu.Unlock()
	created, _ = s.commit(id, false)
	return id, created
}

// commit changes a certificate to a new version, or deletes it, unless it was deleted before.
func (s *laggingServer) commit(id string, gone bool) (next state, there bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if past := s.history[id]; len(past) > 0 && past[len(past)-1].version == 0 {
		return state{}, false
	}
	next.from = time.Now()
	if !gone {
		s.version++
		next.version = s.version
	}
	s.history[id] = append(s.history[id], next)
	return next, true
}

// any returns the ID of a certificate that exists or has existed.
func (s *laggingServer) any() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.history) == 0 {
		return fmt.Sprintf("%032d", 0)
	}
	return fmt.Sprintf("%032d", s.random.IntN(len(s.history)))
}

// at returns the version of a certificate at a point in time.
func (s *laggingServer) at(id string, when time.Time) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	version := 0
	for _, state := range s.history[id] {
		if !state.from.After(when) {
			version = state.version
		}
	}
	return version
}

// absent reports whether a certificate did not exist at some time within a period.
func (s *laggingServer) absent(id string, from, to time.Time) bool {
	return s.at(id, from) == 0 || s.at(id, to) == 0 // a deleted certificate stays deleted
}

func certificateOf(id string, version int) Certificate {
	return Certificate{ID: id, Updatable: Updatable{Name: strconv.Itoa(version)}}
}

func (s *laggingServer) list(ctx context.Context) (listing[Certificate], error) {
	wait := func(d time.Duration) error { return httpapi.Pause(ctx, d) }
	if err := wait(time.Duration(s.dice(400)) * time.Millisecond); err != nil {
		return listing[Certificate]{}, err
	}
	when := time.Now()
	if s.lag > 0 {
		when = when.Add(-time.Duration(s.dice(int(s.lag))))
	}
	complete := true
	var present []Certificate
	fails, partial := s.dice(100) < s.failing, s.dice(100) < s.partial
	s.mu.Lock()
	s.lists++
	ids := make([]string, 0, len(s.history))
	for id := range s.history {
		ids = append(ids, id)
	}
	s.mu.Unlock()
	for _, id := range ids {
		if version := s.at(id, when); version > 0 {
			present = append(present, certificateOf(id, version))
		}
	}
	if partial && len(present) > 0 {
		present, complete = present[1:], false
	}
	if err := wait(time.Duration(s.dice(400)) * time.Millisecond); err != nil {
		return listing[Certificate]{}, err
	}
	if fails {
		return listing[Certificate]{}, errors.New("the list failed")
	}
	return listingOf(complete, present...), nil
}

// listingOf returns a list of certificates.
func listingOf(complete bool, certificates ...Certificate) listing[Certificate] {
	l := listing[Certificate]{elements: map[string]Certificate{}, complete: complete}
	for _, cert := range certificates {
		l.elements[keyOf(cert)] = cert
	}
	return l
}

// TestReadsAreNeverOlderThanOurWrites runs readers, writers, other processes, cancellations,
// failures and lists that lag in random order, and compares them with a model: a read never
// returns a state older than our last write that ended before the read started, and "not
// found" only if that was true after the read started (or, if the server lags, as long as the
// lag before that).
func TestReadsAreNeverOlderThanOurWrites(t *testing.T) {
	t.Parallel()
	for seed := range uint64(500) {
		t.Run(strconv.FormatUint(seed, 10), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				server := &laggingServer{history: map[string][]state{}, random: rand.New(rand.NewPCG(seed, 0))}
				switch seed % 3 {
				case 1:
					server.failing, server.partial = 5, 20
				case 2:
					server.lag = listLag
				}
				v := newCache("certificate", ErrCertificateNotFound, "p", server.list)
				var mu sync.Mutex
				ended := map[string]state{} // our latest write of each that has ended
				var all sync.WaitGroup
				sleep := func(most time.Duration) { time.Sleep(time.Duration(server.dice(int(most)))) }
				end := func(id string, ours state) {
					mu.Lock()
					defer mu.Unlock()
					ended[id] = ours
				}

				for range 1 + seed%4 {
					all.Go(func() { // Terraform writes a certificate in one operation at a time
						id := ""
						for range 10 {
							sleep(4 * time.Second)
							if id == "" {
								created, ours := server.create()
								sleep(time.Second)
								v.record(created, new(certificateOf(created, ours.version)), nil)
								end(created, ours)
								id = created
								continue
							}
							ours, there := server.commit(id, server.dice(4) == 0)
							sleep(time.Second)
							switch {
							case server.dice(5) == 0: // the response was lost
								v.record(id, nil, errors.New("lost"))
							case !there:
								v.record(id, nil, ErrCertificateNotFound)
								end(id, state{})
								id = ""
							case ours.version == 0:
								v.record(id, nil, nil)
								end(id, ours)
								id = ""
							default:
								v.record(id, new(certificateOf(id, ours.version)), nil)
								end(id, ours)
							}
						}
					})
				}
				all.Go(func() { // another process
					for range 8 {
						sleep(4 * time.Second)
						server.commit(server.any(), server.dice(2) == 0)
					}
				})
				for range 6 {
					all.Go(func() {
						for range 40 {
							sleep(time.Second)
							id := server.any()
							ctx, cancel := context.WithCancel(t.Context())
							if server.dice(8) == 0 {
								ctx, cancel = context.WithTimeout(
									t.Context(),
									time.Duration(server.dice(int(time.Second))),
								)
							}
							mu.Lock()
							ours, wrote := ended[id]
							mu.Unlock()
							started, age := time.Now(), time.Duration(0)
							var cert Certificate
							var err error
							if server.dice(4) == 0 { // from a list, which may be as old as the list TTL
								age = listTTL
								cert, err = listed(ctx, v, id)
							} else {
								cert, err = lookUp(ctx, v, id)
							}
							expired := ctx.Err() != nil
							cancel()
							switch {
							case err == nil:
								if version, _ := strconv.Atoi(cert.Name); version < ours.version ||
									wrote && ours.version == 0 {
									t.Errorf("read version %d of %s, after ours was %d", version, id, ours.version)
								}
							case errors.Is(err, ErrCertificateNotFound):
								from := started.Add(-server.lag - age)
								if from.Before(ours.from) {
									from = ours.from
								}
								if !server.absent(id, from, time.Now()) {
									t.Errorf(
										"%s is said to be gone, and was there all the time from %s to %s",
										id,
										from,
										time.Now(),
									)
								}
							case !expired && server.failing == 0:
								t.Errorf("read failed: %v", err)
							}
						}
					})
				}
				all.Wait()
				time.Sleep(time.Second) // until a list without readers has ended
			})
		})
	}
}

// lookUp reads a certificate that no earlier run has written, so that lists do not lag behind it.
func lookUp(ctx context.Context, v *cache[Certificate], id string) (Certificate, error) {
	return v.get(ctx, id, time.Time{}, nil)
}

// listed reads a certificate from the list of all certificates.
func listed(ctx context.Context, v *cache[Certificate], id string) (Certificate, error) {
	all, err := v.all(ctx)
	if err != nil {
		return Certificate{}, err
	}
	for _, cert := range all {
		if cert.ID == id {
			return cert, nil
		}
	}
	return Certificate{}, ErrCertificateNotFound
}

// TestOneListForAll counts the list calls of reads at the same time, soon after, and later.
func TestOneListForAll(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := &laggingServer{history: map[string][]state{}, random: rand.New(rand.NewPCG(1, 0))}
		var ids []string
		for range 100 {
			id, _ := server.create()
			ids = append(ids, id)
		}
		v := newCache("certificate", ErrCertificateNotFound, "p", server.list)
		readAll := func(want int) {
			t.Helper()
			var all sync.WaitGroup
			for _, id := range ids {
				all.Go(func() {
					if _, err := lookUp(t.Context(), v, id); err != nil {
						t.Error(err)
					}
				})
			}
			all.Wait()
			if server.lists != want {
				t.Errorf("%d lists, want %d", server.lists, want)
			}
		}
		time.Sleep(time.Second)
		readAll(1)
		time.Sleep(4 * time.Second)
		readAll(1)
		time.Sleep(2 * time.Second)
		readAll(2)
		server.commit(ids[5], false)
		v.record(ids[5], new(certificateOf(ids[5], 7)), nil) // the write expires the list
		if cert, err := lookUp(t.Context(), v, ids[5]); err != nil || cert.Name != "7" || server.lists != 2 {
			t.Errorf("our own write: %v, %v, %d lists", cert, err, server.lists)
		}
		readAll(3)
	})
}

// TestFailedListIsCached: every read within half a minute of a failed list returns its error.
func TestFailedListIsCached(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		lists := 0
		v := newCache("certificate", ErrCertificateNotFound, "p", func(context.Context) (listing[Certificate], error) {
			lists++
			time.Sleep(time.Second)
			return listing[Certificate]{}, errors.New("broken")
		})
		readAll := func(want int) {
			t.Helper()
			var all sync.WaitGroup
			for i := range 100 {
				all.Go(func() {
					if _, err := lookUp(t.Context(), v, strconv.Itoa(i)); err == nil ||
						!strings.Contains(err.Error(), "broken") {
						t.Errorf("error %v", err)
					}
				})
			}
			all.Wait()
			if lists != want {
				t.Errorf("%d lists, want %d", lists, want)
			}
		}
		readAll(1)
		time.Sleep(29 * time.Second)
		readAll(1)
		if _, _, err := v.baseline(t.Context(), 0); err == nil || lists != 1 { // nor does a creation list again
			t.Errorf("baseline after %d lists: %v", lists, err)
		}
		if _, err := v.all(t.Context()); err == nil || lists != 1 { // nor does a data source
			t.Errorf("all after %d lists: %v", lists, err)
		}
		time.Sleep(2 * time.Second)
		readAll(2)
	})
}

// TestFailedListIsNoBaseline: the elements of an earlier list stay known after a list has failed, but they may be old,
// so they are no baseline of a creation.
func TestFailedListIsNoBaseline(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var listErr error
		c := newCache("certificate", ErrCertificateNotFound, "p", func(context.Context) (listing[Certificate], error) {
			return listingOf(true, Certificate{ID: "a"}), listErr
		})
		for _, listErr = range []error{nil, errors.New("broken")} {
			time.Sleep(time.Minute)
			_, _ = lookUp(t.Context(), c, "a")
			if _, _, err := c.baseline(t.Context(), 0); !errors.Is(err, listErr) {
				t.Errorf("the baseline has the error %v, want %v", err, listErr)
			}
		}
	})
}

// TestCancelledReadLeavesTheListRunning: a list goes on for its other readers when one of them is
// cancelled.
func TestCancelledReadLeavesTheListRunning(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		absent := ErrCertificateNotFound
		v := newCache("certificate", absent, "p", func(ctx context.Context) (listing[Certificate], error) {
			if err := httpapi.Pause(ctx, time.Second); err != nil {
				return listing[Certificate]{}, err
			}
			return listingOf(true, Certificate{ID: "a"}), nil
		})
		hurry, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		var all sync.WaitGroup
		all.Go(func() {
			if _, err := lookUp(hurry, v, "a"); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("who gave up: %v", err)
			}
		})
		time.Sleep(time.Nanosecond)
		all.Go(func() {
			if _, err := lookUp(t.Context(), v, "a"); err != nil {
				t.Errorf("who waited: %v", err)
			}
		})
		all.Wait()
	})
}

// TestCancelledBaseline is for the race detector: a caller that is cancelled must not look at the
// result of the list that it has stopped waiting for.
func TestCancelledBaseline(t *testing.T) {
	t.Parallel()
	c := newCache("certificate", ErrCertificateNotFound, "p", func(ctx context.Context) (listing[Certificate], error) {
		<-ctx.Done()
		return listingOf(true), nil
	})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := c.baseline(ctx, 0); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want that it was cancelled", err)
	}
}

// TestPollThatEndsStartsNoList: a caller that ends while it waits for its turn sends no request.
func TestPollThatEndsStartsNoList(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var lists atomic.Int32
		c := newCache("certificate", ErrCertificateNotFound, "p", func(context.Context) (listing[Certificate], error) {
			lists.Add(1)
			return listingOf(true), nil
		})
		if _, err := c.poll(t.Context()); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), pollInterval/2)
		defer cancel()
		if _, err := c.poll(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		synctest.Wait()
		if lists.Load() != 1 {
			t.Errorf("%d lists, want 1", lists.Load())
		}
	})
}

// TestIncompleteListHasARequestID: the error has the request ID, which the operator of the
// cloud needs.
func TestIncompleteListHasARequestID(t *testing.T) {
	t.Parallel()
	v := newCache("certificate", ErrCertificateNotFound, "p", func(context.Context) (listing[Certificate], error) {
		l := listingOf(false, Certificate{ID: "a"})
		l.total, l.requestID = "2", "the-id"
		return l, nil
	})
	_, err := lookUp(t.Context(), v, "b")
	var incomplete *IncompleteListError
	if !errors.As(err, &incomplete) || errors.Is(err, ErrCertificateNotFound) ||
		!strings.Contains(err.Error(), "the API returned 1 certificates but reported a total of 2 (request "+
			"ID the-id)") {
		t.Errorf("error %v", err)
	}
}

// TestIncompleteListIsAskedForAgain: an incomplete list proves nothing, so a later read makes
// a new list call.
func TestIncompleteListIsAskedForAgain(t *testing.T) {
	t.Parallel()
	lists := 0
	v := newCache("certificate", ErrCertificateNotFound, "p", func(context.Context) (listing[Certificate], error) {
		lists++
		return listing[Certificate]{complete: lists > 1}, nil
	})
	var incomplete *IncompleteListError
	if _, err := v.all(t.Context()); !errors.As(err, &incomplete) {
		t.Errorf("error %v, want that the list is incomplete", err)
	}
	if _, err := v.all(t.Context()); err != nil || lists != 2 {
		t.Errorf("%v after %d lists", err, lists)
	}
}

// TestIncompleteListMakesNothingMissing: a certificate in a complete list is not missing just
// because a later, incomplete list does not have it.
func TestIncompleteListMakesNothingMissing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		list := listingOf(true, Certificate{ID: "a"})
		c := newCache("certificate", ErrCertificateNotFound, "p", func(context.Context) (listing[Certificate], error) {
			return list, nil
		})
		check := func(id string, wantExists, wantMissing bool) {
			t.Helper()
			if exists, missing := c.known(id, false); exists != wantExists || missing != wantMissing {
				t.Errorf("%s exists: %t, is missing: %t", id, exists, missing)
			}
		}
		check("a", false, false)
		_, _ = lookUp(t.Context(), c, "a")
		check("a", true, false)
		check("b", false, true)
		time.Sleep(listTTL)
		list = listingOf(false, Certificate{ID: "B"})
		_, _ = lookUp(t.Context(), c, "a")
		check("a", true, false)
		check("b", true, false)
		check("c", false, true)
	})
}

// TestFailedListForgetsNothing: a certificate in an incomplete list is still known to exist after a
// later list has failed. It is not missing just because an older, complete list did not have it.
func TestFailedListForgetsNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		list, listErr := listingOf(true, Certificate{ID: "a"}), error(nil)
		c := newCache("certificate", ErrCertificateNotFound, "p", func(context.Context) (listing[Certificate], error) {
			return list, listErr
		})
		_, _ = lookUp(t.Context(), c, "a")
		time.Sleep(listTTL)
		list = listingOf(false, Certificate{ID: "a"}, Certificate{ID: "b"})
		_, _ = lookUp(t.Context(), c, "b")
		time.Sleep(listTTL)
		list, listErr = listing[Certificate]{}, errors.New("out of order")
		for range 2 { // an incomplete list, and one that fails
			_, _ = lookUp(t.Context(), c, "b")
			if exists, missing := c.known("b", false); !exists || missing {
				t.Errorf("b exists: %t, is missing: %t", exists, missing)
			}
			time.Sleep(failureTTL)
		}
	})
}

// endless returns a list of that many certificates without holding it in memory.
func endless(certificates, keyBytes int) io.Reader {
	read, write := io.Pipe()
	go func() {
		_, _ = io.WriteString(write, `{"certificates":[`)
		key := strings.Repeat("k", keyBytes)
		for i := range certificates {
			comma := ","
			if i == 0 {
				comma = ""
			}
			_, _ = fmt.Fprintf(write, `%s{"id":"%032d","name":"n","description":"","domain":null,`+
				`"private_key":"%s","certificate":"%s","create_time":"2016-06-27 08:14:42",`+
				`"update_time":"2016-06-27 08:14:42"}`,
				comma, i, key, strings.Repeat("c", 1000))
		}
		_, _ = fmt.Fprintf(write, `],"instance_num":"%d"}`, certificates)
		_ = write.Close()
	}()
	return read
}

// TestDecoderMemory measures the memory that a list call keeps and allocates, to show that it does
// not hold the private keys.
func TestDecoderMemory(t *testing.T) { //nolint:paralleltest // it measures the heap
	const certificates, keyBytes, without = 2000, 20_000, 1200
	var before, after runtime.MemStats
	measure := func(stats *runtime.MemStats) {
		runtime.GC()
		runtime.GC()
		runtime.ReadMemStats(stats)
	}
	list := endless(certificates, keyBytes)
	measure(&before)
	decoded, err := decodeList(list, decodeOne)
	measure(&after)
	if err != nil || !decoded.complete || len(decoded.elements) != certificates {
		t.Fatalf("%d certificates, complete %t, %v", len(decoded.elements), decoded.complete, err)
	}
	if kept := int(after.HeapAlloc) - int(before.HeapAlloc); kept > certificates*without*3/2 {
		t.Errorf("it keeps %d bytes for %d certificates", kept, certificates)
	}
	runtime.KeepAlive(decoded)
}
