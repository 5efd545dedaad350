package elb_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/elbaas/terraform-provider-elbaas/internal/elb"
	"github.com/elbaas/terraform-provider-elbaas/internal/elbstub"
)

// lagging makes every list lag, and records when each started.
func lagging(cloud *elbstub.Cloud, by time.Duration) (starts func() []time.Time) {
	var mu sync.Mutex
	var all []time.Time
	cloud.ScriptEach(elbstub.ListCertificates, func(int) elbstub.Fault {
		mu.Lock()
		defer mu.Unlock()
		all = append(all, time.Now())
		return elbstub.See(elbstub.View{Lag: by})
	})
	return func() []time.Time {
		mu.Lock()
		defer mu.Unlock()
		return all
	}
}

// TestOldListAfterTheLag: when a certificate is read, the list lag has passed, but the list that serves the read
// started earlier, so it may show the old name. A new list is awaited.
func TestOldListAfterTheLag(t *testing.T) {
	t.Parallel()
	for name, slow := range map[string]time.Duration{"a list that ended": 0, "a list that runs": 5 * time.Second} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				cloud, client := cloudInBubble(t, elbstub.Options{}, 0)
				other := cloud.Add(elbstub.Certificate{ProjectID: project, Name: "other"})
				id := cloud.Add(elbstub.Certificate{ProjectID: project, Name: "old"})
				time.Sleep(time.Minute)
				cloud.Change(id, func(c *elbstub.Certificate) { c.Name = "new" })
				written := time.Now()
				cloud.ScriptEach(elbstub.ListCertificates, func(int) elbstub.Fault {
					return func(next elbstub.Next) elbstub.Response {
						response := next(elbstub.View{Lag: 4 * time.Second})
						time.Sleep(slow)
						return response
					}
				})
				time.Sleep(time.Second)
				go func() {
					known := elb.Certificate{ID: other, Updatable: named("other")}
					_, _ = client.ReadCertificate(t.Context(), project, known, math.MaxInt64)
				}()
				time.Sleep(4*time.Second + 500*time.Millisecond)
				known := elb.Certificate{ID: id, Updatable: named("new")}
				got, err := client.ReadCertificate(t.Context(), project, known, time.Since(written))
				if err != nil || got.Name != "new" {
					t.Errorf("%s after the change, lists lag by 4s: name %q, %v", time.Since(written), got.Name, err)
				}
			})
		})
	}
}

// TestNewCertificateIsNotGone: a list that may lag behind a creation by the previous run confirms neither a 404 nor a
// deletion whose response cannot be read.
func TestNewCertificateIsNotGone(t *testing.T) {
	t.Parallel()
	update := func(client *elb.Client, cert elb.Certificate) error {
		_, err := client.UpdateCertificate(context.Background(), project, cert, time.Second, renamed)
		return err
	}
	remove := func(client *elb.Client, cert elb.Certificate) error {
		return client.DeleteCertificate(context.Background(), project, cert.ID, time.Second)
	}
	for name, row := range map[string]struct {
		operation elbstub.Operation
		fault     elbstub.Fault
		call      func(*elb.Client, elb.Certificate) error
	}{
		"update, 404":      {elbstub.ModifyCertificate, elbstub.Reply(404, ""), update},
		"delete, 404":      {elbstub.DeleteCertificate, elbstub.Reply(404, ""), remove},
		"delete, 200, odd": {elbstub.DeleteCertificate, elbstub.Reply(200, `{"x":1}`), remove},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				cloud, client := cloudInBubble(t, elbstub.Options{}, 0)
				cert := elb.Certificate{ID: cloud.Add(elbstub.Certificate{ProjectID: project})}
				lagging(cloud, 4*time.Second)
				time.Sleep(time.Second)
				cloud.Script(row.operation, 1, row.fault)
				err := row.call(client, cert)
				_, isListed := errors.AsType[*elb.ListedError](err)
				if !isListed || errors.Is(err, elb.ErrCertificateNotFound) {
					t.Errorf("error %v, want that the list has it", err)
				}
			})
		})
	}
}

// TestNamelessCertificateInTheLag: the previous run has created a certificate with neither name nor description. A list
// that may lag and does not have it proves nothing.
func TestNamelessCertificateInTheLag(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud, client := cloudInBubble(t, elbstub.Options{}, 0)
		cert := elb.Certificate{ID: cloud.Add(elbstub.Certificate{ProjectID: project})}
		lagging(cloud, 3*time.Second)
		if _, err := client.ReadCertificate(t.Context(), project, cert, 0); err != nil {
			t.Error(err)
		}
	})
}

// TestListsOfAPlanInTheLag: a plan immediately after an apply makes at most one list call a second, even if
// certificates appear one after the other.
func TestListsOfAPlanInTheLag(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud, client := cloudInBubble(t, elbstub.Options{}, 0)
		type made struct {
			id string
			at time.Time
		}
		var all []made
		for range 200 { // as fast as an apply creates them
			all = append(all, made{cloud.Add(elbstub.Certificate{ProjectID: project, Name: "n"}), time.Now()})
			time.Sleep(20 * time.Millisecond)
		}
		starts := lagging(cloud, 4500*time.Millisecond)
		queue := make(chan made)
		var workers sync.WaitGroup
		for range 10 {
			workers.Go(func() {
				for m := range queue {
					known := elb.Certificate{ID: m.id, Updatable: named("n")}
					if _, err := client.ReadCertificate(t.Context(), project, known, time.Since(m.at)); err != nil {
						t.Errorf("%s after it was made: %v", time.Since(m.at), err)
					}
				}
			})
		}
		for _, m := range all {
			queue <- m
		}
		close(queue)
		workers.Wait()
		started := starts()
		soon := 0
		for i := 1; i < len(started); i++ {
			if started[i].Sub(started[i-1]) < time.Second {
				soon++
			}
		}
		if soon > 0 {
			t.Errorf("%d of %d lists started less than a second after the one before", soon, len(started))
		}
	})
}

// TestEmptyObjectInTheLag: a project lists no certificates as an empty object without a total, and its first
// certificate was just created. The list is repeated until it shows the certificate.
func TestEmptyObjectInTheLag(t *testing.T) {
	t.Parallel()
	dialect := elbstub.Dialect{EmptyObject: true, Count: elbstub.CountAbsent}
	t.Run("read by the next run", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			cloud, client := cloudInBubble(t, elbstub.Options{Dialect: dialect}, 0)
			id := cloud.Add(elbstub.Certificate{ProjectID: project, Name: "n"})
			lagging(cloud, 3*time.Second)
			known := elb.Certificate{ID: id, Updatable: named("n")}
			if _, err := client.ReadCertificate(t.Context(), project, known, 0); err != nil {
				t.Error(err)
			}
		})
	})
	t.Run("read back after a creation", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			cloud, client := cloudInBubble(t, elbstub.Options{Dialect: dialect}, 0)
			lagging(cloud, 3*time.Second)
			cloud.Script(elbstub.CreateCertificate, 1, func(next elbstub.Next) elbstub.Response {
				next()
				id := cloud.Certificates(project)[0].ID
				return elbstub.Reply(http.StatusOK, `{"id":"`+id+`"}`)(nil)
			})
			creation, err := client.CreateCertificate(t.Context(), project, newCertificate(t))
			if creation.ID == "" || err != nil {
				t.Errorf("certificate %q, %v", creation.ID, err)
			}
		})
	})
	t.Run("a list that is incomplete once", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			cloud, client := cloudInBubble(t, elbstub.Options{}, 0)
			id := cloud.Add(elbstub.Certificate{ProjectID: project, Name: "n"})
			cloud.Script(elbstub.ListCertificates, 1, elbstub.See(elbstub.View{Hidden: 1}))
			known := elb.Certificate{ID: id, Updatable: named("n")}
			if _, err := client.ReadCertificate(t.Context(), project, known, 0); err != nil {
				t.Error(err)
			}
		})
	})
}

// TestListenersInAnotherCase: a listener may refer to a certificate in upper or lower case.
func TestListenersInAnotherCase(t *testing.T) {
	t.Parallel()
	for name, listener := range map[string]func(id string) elbstub.Listener{
		"its own": func(id string) elbstub.Listener { return elbstub.Listener{ProjectID: project, CertificateID: id} },
		"by name": func(id string) elbstub.Listener { return elbstub.Listener{ProjectID: project, SNI: []string{id}} },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				dialect := elbstub.Dialect{InUse: []elbstub.Refusal{elbstub.InUse1001}}
				cloud, client := cloudInBubble(t, elbstub.Options{Dialect: dialect}, 0)
				cert := create(t, client)
				cloud.AddListener(listener(cert.ID))
				cloud.ScriptEach(elbstub.ListListeners, func(int) elbstub.Fault {
					return func(next elbstub.Next) elbstub.Response {
						response := next()
						text := string(response.Body)
						response.Body = []byte(strings.ReplaceAll(text, cert.ID, strings.ToUpper(cert.ID)))
						return response
					}
				})
				err := deleteWithin(t, client, cert.ID, time.Minute)
				var inUse *elb.InUseError
				if !errors.As(err, &inUse) || len(inUse.Listeners) != 1 {
					t.Errorf("got %v", err)
				}
			})
		})
	}
}

// TestRefusalWithinAShortTimeout: the error of a deletion is returned even if there is no
// time for another attempt.
func TestRefusalWithinAShortTimeout(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud, client := cloudInBubble(t, elbstub.Options{}, 0)
		cert := create(t, client)
		refuse := elbstub.Reply(400, `{"error":{"message":"m","code":"ELB.1999"}}`)
		cloud.ScriptEach(elbstub.DeleteCertificate, func(int) elbstub.Fault { return refuse })
		err := deleteWithin(t, client, cert.ID, 4*time.Second)
		if err == nil || !strings.Contains(err.Error(), "ELB.1999") {
			t.Errorf("the refusal is lost: %v", err)
		}
	})
}

// TestDeletionWithAnotherBody: a deletion whose body is an error has failed, even if its status is a success.
func TestDeletionWithAnotherBody(t *testing.T) {
	t.Parallel()
	for _, body := range []string{
		`{"error":{"message":"listener exist","code":"ELB.6101"}}`,
		`{"error_msg":"The certificate is in use","error_code":"ELB.5002"}`,
		`{"NeutronError":{"type":"InUse","message":"in use","detail":""}}`,
		"<html>login</html>",
		"please log in",
		`"maintenance"`,
	} {
		for _, status := range []int{200, 202} {
			t.Run(body, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					cloud, client := cloudInBubble(t, elbstub.Options{}, 0)
					cert := create(t, client)
					reply := elbstub.Reply(status, body)
					cloud.ScriptEach(elbstub.DeleteCertificate, func(int) elbstub.Fault { return reply })
					err := deleteWithin(t, client, cert.ID, time.Minute)
					if left := len(cloud.Certificates(project)); err == nil && left > 0 {
						t.Errorf("%d: a success, and the certificate is there", status)
					}
				})
			})
		}
	}
}

// TestDeletionInUseWithSuccess: the service refuses, with the status 200, to delete a certificate that a listener uses
// (assumed, after terraform-provider-huaweicloud, pull request 2314). The deletion is repeated until no listener uses
// it.
func TestDeletionInUseWithSuccess(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud, client := cloudInBubble(t, elbstub.Options{}, 0)
		cert, other := create(t, client), create(t, client)
		listener := cloud.AddListener(elbstub.Listener{ProjectID: project, CertificateID: cert.ID})
		cloud.ScriptEach(elbstub.DeleteCertificate, func(int) elbstub.Fault {
			return func(next elbstub.Next) elbstub.Response {
				response := next()
				if response.Status == http.StatusBadRequest {
					response.Status = http.StatusOK
				}
				return response
			}
		})
		time.AfterFunc(20*time.Second, func() {
			prior := elb.Listener{ID: listener}
			if _, err := client.SwitchListener(t.Context(), project, prior, other.ID); err != nil {
				t.Error(err)
			}
		})
		if err := deleteWithin(t, client, cert.ID, time.Minute); err != nil {
			t.Error(err)
		}
	})
}

// TestDeletionWithAnotherBodyIsDecided: a deletion that was carried out succeeds, whatever body its response has. A
// truncated body comes from an HTTP/1.0 proxy, whose bodies end with the connection.
func TestDeletionWithAnotherBodyIsDecided(t *testing.T) {
	t.Parallel()
	const refusal = `{"error":{"message":"m","code":"ELB.1999"}}`
	for _, body := range []string{`{"job_id":"1"}`, `{"id":"0123`, "<html>moved</html>", refusal} {
		t.Run(body, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				cloud, client := cloudInBubble(t, elbstub.Options{}, 0)
				id := cloud.Add(elbstub.Certificate{ProjectID: project, Name: "n"})
				cloud.Script(elbstub.DeleteCertificate, 1, elbstub.ReplyAfter(202, body))
				if err := deleteWithin(t, client, id, time.Minute); err != nil {
					t.Error(err)
				}
				if deletes := len(cloud.Journal(elbstub.DeleteCertificate)); deletes != 1 {
					t.Errorf("%d DELETEs, want 1", deletes)
				}
			})
		})
	}
}

// TestDeletionIsThrottledTooLong: the error of a deletion that is throttled until its timeout names throttling as the
// cause, and does not mention listeners.
func TestDeletionIsThrottledTooLong(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud, client := cloudInBubble(t, elbstub.Options{}, 0)
		id := cloud.Add(elbstub.Certificate{ProjectID: project, Name: "n"})
		cloud.ScriptEach(elbstub.DeleteCertificate, func(int) elbstub.Fault { return elbstub.Reply(429, "") })
		err := deleteWithin(t, client, id, time.Minute)
		if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "HTTP 429") ||
			strings.Contains(err.Error(), "listener") {
			t.Errorf("error %v", err)
		}
	})
}

// TestFailedDeletionEndsTheList: a deletion that failed may have been carried out nevertheless, so the cached list is
// invalidated.
func TestFailedDeletionEndsTheList(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud, client := cloudInBubble(t, elbstub.Options{}, 0)
		id := cloud.Add(elbstub.Certificate{ProjectID: project, Name: "n"})
		if _, err := get(t.Context(), client, project, id); err != nil {
			t.Fatal(err)
		}
		cloud.Script(elbstub.DeleteCertificate, 1, elbstub.Drop())
		if err := client.DeleteCertificate(t.Context(), project, id, elb.NoWrite); err == nil {
			t.Fatal("the deletion succeeded")
		}
		if _, err := get(t.Context(), client, project, id); !errors.Is(err, elb.ErrCertificateNotFound) {
			t.Errorf("the list from before the deletion says that it is there: %v", err)
		}
	})
}

// TestFailedDeletionDuringAList: a list that started before a deletion failed, and ended after it, is not used later.
func TestFailedDeletionDuringAList(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud, client := cloudInBubble(t, elbstub.Options{}, 0)
		id := cloud.Add(elbstub.Certificate{ProjectID: project, Name: "n"})
		cloud.Script(elbstub.ListCertificates, 1, func(next elbstub.Next) elbstub.Response {
			response := next()
			time.Sleep(2 * time.Second)
			return response
		})
		cloud.Script(elbstub.DeleteCertificate, 1, elbstub.Drop())
		time.AfterFunc(time.Second, func() {
			if err := client.DeleteCertificate(t.Context(), project, id, elb.NoWrite); err == nil {
				t.Error("the deletion succeeded")
			}
		})
		if _, err := get(t.Context(), client, project, id); err != nil {
			t.Error(err)
		}
		if _, err := get(t.Context(), client, project, id); !errors.Is(err, elb.ErrCertificateNotFound) {
			t.Errorf("the list from before the deletion says that it is there: %v", err)
		}
	})
}

// TestListFailsWhileADeletionIsDecided: one of the lists that decide about a deletion fails.
func TestListFailsWhileADeletionIsDecided(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud, client := cloudInBubble(t, elbstub.Options{}, 1)
		id := cloud.Add(elbstub.Certificate{ProjectID: project, Name: "n"})
		time.Sleep(time.Minute)
		lagging(cloud, 3*time.Second)
		cloud.Script(elbstub.ListCertificates, 2, elbstub.Reply(503, ""))
		cloud.Script(elbstub.ListCertificates, 3, elbstub.Reply(503, ""))
		cloud.Script(elbstub.DeleteCertificate, 1, elbstub.Drop())
		if err := deleteWithin(t, client, id, 10*time.Minute); err != nil {
			t.Errorf("%d certificates left, and: %v", len(cloud.Certificates(project)), err)
		}
	})
}

// TestUpdateRespondsInAnotherCase: the response to an update may have the ID in another case.
func TestUpdateRespondsInAnotherCase(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud, client := cloudInBubble(t, elbstub.Options{}, 0)
		cert := create(t, client)
		before := len(cloud.Journal(elbstub.ListCertificates))
		cloud.Script(elbstub.ModifyCertificate, 1, func(next elbstub.Next) elbstub.Response {
			response := next()
			response.Body = []byte(strings.ReplaceAll(string(response.Body), cert.ID, strings.ToUpper(cert.ID)))
			return response
		})
		if _, err := client.UpdateCertificate(t.Context(), project, cert, elb.NoWrite, named("new")); err != nil {
			t.Error(err)
		}
		if lists := len(cloud.Journal(elbstub.ListCertificates)) - before; lists > 0 {
			t.Errorf("%d lists", lists)
		}
	})
}

// TestManyDeletionsAtOnce counts the lists of a hundred deletions whose responses are lost while lists lag.
func TestManyDeletionsAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud, client := cloudInBubble(t, elbstub.Options{}, 1)
		var ids []string
		for range 100 {
			ids = append(ids, cloud.Add(elbstub.Certificate{ProjectID: project, Name: "n"}))
		}
		time.Sleep(time.Minute)
		starts := lagging(cloud, 4*time.Second)
		for n := range 100 {
			cloud.Script(elbstub.DeleteCertificate, n+1, elbstub.Drop())
		}
		started := time.Now()
		var all sync.WaitGroup
		for _, id := range ids {
			all.Go(func() {
				if err := deleteWithin(t, client, id, time.Minute); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		took, left := time.Since(started), len(cloud.Certificates(project))
		if len(starts()) > 8 || took > 9*time.Second || left > 0 {
			t.Errorf("%d lists in %s, %d certificates left", len(starts()), took, left)
		}
	})
}

// TestRunsInSequenceWithLists: one run writes, and the next one reads immediately, with lists
// that lag, are slow, or fail.
func TestRunsInSequenceWithLists(t *testing.T) {
	t.Parallel()
	const certificates = 8
	for seed := range uint64(60) {
		t.Run(strconv.FormatUint(seed, 10), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				random := rand.New(rand.NewPCG(seed, 18))
				milliseconds := func(most int) time.Duration {
					return time.Duration(random.IntN(most)) * time.Millisecond
				}
				cloud, _ := cloudInBubble(t, elbstub.Options{ListLag: 4900 * time.Millisecond, Seed: seed}, 0)
				known, written := make([]elb.Certificate, certificates), make([]time.Time, certificates)
				for i := range known {
					known[i].Name = "old"
					known[i].ID = cloud.Add(elbstub.Certificate{ProjectID: project, Name: "old"})
				}
				if random.IntN(2) == 0 {
					time.Sleep(time.Minute)
				}
				for i := range known {
					time.Sleep(milliseconds(800))
					if random.IntN(3) > 0 {
						known[i].Name = "new"
						cloud.Change(known[i].ID, func(c *elbstub.Certificate) { c.Name = "new" })
					} else {
						known[i].ID = cloud.Add(elbstub.Certificate{ProjectID: project, Name: "old"})
					}
					written[i] = time.Now()
				}
				var faults []elbstub.Fault
				for range 100 {
					some := []elbstub.Fault{nil, elbstub.Slow(milliseconds(3000)), elbstub.Reply(503, ""), nil}
					faults = append(faults, some[random.IntN(4)])
				}
				cloud.ScriptEach(elbstub.ListCertificates, func(nth int) elbstub.Fault { return faults[nth%100] })

				client := clientInBubble(t, cloud, 5)
				var workers sync.WaitGroup
				for worker := range 2 {
					short, long := milliseconds(500), milliseconds(3000)
					pauses := []time.Duration{short, long, short, long}
					workers.Go(func() {
						for n, i := range []int{0, 2, 4, 6} {
							i += worker
							since := time.Since(written[i])
							got, err := client.ReadCertificate(t.Context(), project, known[i], since)
							if err != nil || got.Name != known[i].Name {
								t.Errorf("%s after the write, certificate %d is %q, not %q, %v",
									since, i, got.Name, known[i].Name, err)
							}
							time.Sleep(pauses[n])
						}
					})
				}
				workers.Wait()
			})
		})
	}
}

// TestPrivateKeyOfANewCertificate: lists do not show a certificate yet that this process has just created, or they are
// incomplete. They are repeated, but not for a certificate that was deleted.
func TestPrivateKeyOfANewCertificate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud, client := cloudInBubble(t, elbstub.Options{}, 0)
		cert := create(t, client)
		lagging(cloud, 3*time.Second)
		cloud.Script(elbstub.ListCertificates, 4, elbstub.See(elbstub.View{Hidden: 1}))
		if _, key, err := client.GetPrivateKey(t.Context(), project, cert.ID); err != nil || key.Empty() {
			t.Errorf("the key of a new certificate: %v", err)
		}
		cloud.Remove(cert.ID)
		time.Sleep(10 * time.Second)
		deleted := create(t, client)
		if err := deleteWithin(t, client, deleted.ID, time.Minute); err != nil {
			t.Fatal(err)
		}
		for _, id := range []string{cert.ID, deleted.ID} {
			started := time.Now()
			_, _, err := client.GetPrivateKey(t.Context(), project, id)
			if took := time.Since(started); !errors.Is(err, elb.ErrCertificateNotFound) || took > time.Second {
				t.Errorf("after %s: %v", took, err)
			}
		}
	})
}

// TestPrivateKeyInterrupted: if the context ends while lists may still lag, the error does not say that the certificate
// does not exist.
func TestPrivateKeyInterrupted(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud, client := cloudInBubble(t, elbstub.Options{}, 0)
		cert := create(t, client)
		lagging(cloud, 3*time.Second)
		ctx, cancel := context.WithTimeout(t.Context(), 1500*time.Millisecond)
		defer cancel()
		_, _, err := client.GetPrivateKey(ctx, project, cert.ID)
		if !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, elb.ErrCertificateNotFound) ||
			!strings.Contains(err.Error(), "listing certificates of project") {
			t.Errorf("it says %v", err)
		}
	})
}

// TestIncompleteListIsNotKept: a list that is incomplete for a moment does not make later reads fail.
func TestIncompleteListIsNotKept(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud, client := cloudInBubble(t, elbstub.Options{}, 0)
		hidden := cloud.Add(elbstub.Certificate{ProjectID: project, Name: "hidden"})
		shown := cloud.Add(elbstub.Certificate{ProjectID: project, Name: "shown"})
		cloud.Script(elbstub.ListCertificates, 1, elbstub.See(elbstub.View{Hidden: 1}))
		if _, err := get(t.Context(), client, project, shown); err != nil {
			t.Fatal(err)
		}
		time.Sleep(3 * time.Second)
		if _, err := get(t.Context(), client, project, hidden); err != nil {
			t.Errorf("by a list from three seconds before the read: %v", err)
		}
	})
}

// TestChangeThatIsStoredOtherwise: a server accepts a change without returning it, and stores a different text, so no
// list will ever show what was sent. The update does not wait for that until its timeout.
func TestChangeThatIsStoredOtherwise(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		options := elbstub.Options{Keep: elbstub.TrimTexts, Dialect: elbstub.Dialect{Modify: elbstub.ModifyNoContent}}
		cloud, client := cloudInBubble(t, options, 0)
		cert := create(t, client)
		started := time.Now()
		before := len(cloud.Journal(elbstub.ListCertificates))
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
		defer cancel()
		wanted := elb.Updatable{Name: "new", Description: "with a space "}
		got, err := client.UpdateCertificate(ctx, project, cert, elb.NoWrite, wanted)
		lists := len(cloud.Journal(elbstub.ListCertificates)) - before
		if took := time.Since(started); took > time.Minute {
			t.Errorf("%d lists in %s: %+v, %v", lists, took, got.Name, err)
		}
	})
}

// TestUpdateRespondsFromAnOldReplica: the response to an update is whole, but shows the certificate as it was before.
// Lists decide which values count.
func TestUpdateRespondsFromAnOldReplica(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		lag     time.Duration
		ignored bool   // the update is not carried out
		broken  int    // how many lists are incomplete
		someone string // the name that somebody else gives it one second later
		want    string
	}{
		"carried out":                {want: "new"},
		"carried out, lists lag":     {lag: 4 * time.Second, want: "new"},
		"carried out, incomplete":    {broken: 3, want: "new"},
		"renamed meanwhile":          {lag: 3 * time.Second, someone: "third", want: "third"},
		"ignored":                    {ignored: true, want: "www"},
		"ignored, lists lag":         {ignored: true, lag: 4 * time.Second, want: "www"},
		"ignored, renamed meanwhile": {ignored: true, someone: "third", want: "third"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				cloud, client := cloudInBubble(t, elbstub.Options{ListLag: row.lag}, 0)
				before := create(t, client)
				time.Sleep(time.Minute)
				old := map[string]any{
					"id": before.ID, "name": before.Name, "description": before.Description,
					"certificate": before.Certificate, "create_time": "c", "update_time": "u",
				}
				body, err := json.Marshal(old)
				if err != nil {
					t.Fatal(err)
				}
				fault := elbstub.ReplyAfter(200, string(body))
				if row.ignored {
					fault = elbstub.Reply(200, string(body))
				}
				cloud.Script(elbstub.ModifyCertificate, 1, fault)
				incomplete := elbstub.Reply(200, `{"certificates":[],"instance_num":"9"}`)
				for n := range row.broken {
					cloud.Script(elbstub.ListCertificates, n+1, incomplete)
				}
				if row.someone != "" {
					time.AfterFunc(time.Second, func() {
						cloud.Change(before.ID, func(cert *elbstub.Certificate) { cert.Name = row.someone })
					})
				}
				started := time.Now()
				ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
				defer cancel()
				got, err := client.UpdateCertificate(ctx, project, before, elb.NoWrite, renamed)
				if err != nil || got.Name != row.want {
					t.Errorf("got %q, %q, %v, want %q", got.Name, got.Description, err, row.want)
				}
				if took := time.Since(started); took > 12*time.Second {
					t.Errorf("it took %s", took)
				}
			})
		})
	}
}

// TestRandomWrites makes random changes and deletions with two faults in a row. A success was carried out, an existing
// certificate is never reported as gone, and nothing exceeds its timeout.
func TestRandomWrites(t *testing.T) {
	t.Parallel()
	const timeout = 40 * time.Second
	for seed := range uint64(150) {
		t.Run(strconv.FormatUint(seed, 10), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				random := rand.New(rand.NewPCG(seed, 81))
				var mu sync.Mutex
				dice := func(n int) int {
					mu.Lock()
					defer mu.Unlock()
					return random.IntN(n)
				}
				dialect := elbstub.NewDialect(int(seed % elbstub.Dialects))
				hidden := elbstub.View{Hidden: 2}
				if dialect.Count == elbstub.CountAbsent { // no client could notice that it is incomplete
					hidden = elbstub.View{}
				}
				cloud, client := cloudInBubble(t, elbstub.Options{
					Dialect: dialect, ListLag: time.Duration(dice(5000)) * time.Millisecond, Seed: seed,
				}, dice(4))
				var ids []string
				for range 6 {
					old := elbstub.Certificate{ProjectID: project, Name: "old", Description: "old"}
					ids = append(ids, cloud.Add(old))
				}
				var holders []string
				for _, id := range ids[:3] {
					if dice(2) == 0 {
						holder := elbstub.Listener{ProjectID: project, CertificateID: id}
						holders = append(holders, cloud.AddListener(holder))
					}
				}
				time.Sleep(time.Minute)
				faults := func(int) elbstub.Fault {
					slow := time.Duration(dice(9000)) * time.Millisecond
					return []elbstub.Fault{
						nil, nil, nil, nil, nil,
						elbstub.Drop(), elbstub.Refuse(), elbstub.Cut(5), elbstub.Slow(slow), elbstub.DropLate(slow),
						elbstub.ReplyAfter(502, "<html>"), elbstub.ReplyAfter(500, ""),
						elbstub.Throttle(""), elbstub.Reply(404, ""), elbstub.Reply(503, ""),
					}[dice(15)]
				}
				cloud.ScriptEach(elbstub.DeleteCertificate, faults)
				cloud.ScriptEach(elbstub.ModifyCertificate, faults)
				unavailable, slow := elbstub.Reply(503, ""), elbstub.Slow(3*time.Second)
				cloud.ScriptEach(elbstub.ListListeners, func(int) elbstub.Fault {
					return []elbstub.Fault{nil, nil, nil, unavailable, slow}[dice(5)]
				})
				cloud.ScriptEach(elbstub.ListCertificates, func(int) elbstub.Fault {
					return []elbstub.Fault{nil, nil, nil, unavailable, slow, elbstub.See(hidden)}[dice(6)]
				})
				if len(holders) > 0 {
					time.AfterFunc(time.Duration(dice(30))*time.Second, func() { cloud.Remove(holders[0]) })
				}
				there := func(id string) *elbstub.Certificate {
					for _, cert := range cloud.Certificates(project) {
						if cert.ID == id {
							return &cert
						}
					}
					return nil
				}
				started := time.Now()
				var all sync.WaitGroup
				for i, id := range ids {
					all.Go(func() {
						ctx, cancel := context.WithTimeout(t.Context(), timeout)
						defer cancel()
						if i%3 < 2 {
							if err := client.DeleteCertificate(ctx, project, id, elb.NoWrite); err == nil &&
								there(id) != nil {
								t.Errorf("certificate %d is there after its deletion", i)
							}
						} else {
							prior := elb.Certificate{ID: id}
							got, err := client.UpdateCertificate(ctx, project, prior, elb.NoWrite, named("new"))
							if err == nil && (got.Name != "new" || there(id) == nil || there(id).Name != "new") {
								t.Errorf("certificate %d was changed to %+v, and is %+v", i, got, there(id))
							}
							if errors.Is(err, elb.ErrCertificateNotFound) {
								t.Errorf("certificate %d does not exist, it says: %v", i, err)
							}
						}
						if took := time.Since(started); took > timeout+100*time.Millisecond {
							t.Errorf("certificate %d took %s", i, took)
						}
					})
				}
				all.Wait()
			})
		})
	}
}

// TestNothingIsCalledAfterTheTimeout: a list ends when its last reader has stopped waiting.
func TestNothingIsCalledAfterTheTimeout(t *testing.T) {
	t.Parallel()
	const listCertificates, listListeners = elbstub.ListCertificates, elbstub.ListListeners
	for name, row := range map[string]struct {
		list elbstub.Operation
		work func(context.Context, *elb.Client, elb.Certificate) error
	}{
		"a read": {listCertificates, func(ctx context.Context, client *elb.Client, cert elb.Certificate) error {
			_, err := client.ReadCertificate(ctx, project, cert, math.MaxInt64)
			return err
		}},
		"a deletion": {listListeners, func(ctx context.Context, client *elb.Client, cert elb.Certificate) error {
			return client.DeleteCertificate(ctx, project, cert.ID, elb.NoWrite)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				cloud, client := cloudInBubble(t, elbstub.Options{}, 5)
				id := cloud.Add(elbstub.Certificate{ProjectID: project, Name: "n"})
				cloud.AddListener(elbstub.Listener{ProjectID: project, CertificateID: id})
				cloud.ScriptEach(row.list, func(int) elbstub.Fault { return elbstub.Throttle("5") })
				ctx, cancel := context.WithTimeout(t.Context(), 4*time.Second)
				defer cancel()
				if err := row.work(ctx, client, elb.Certificate{ID: id, Updatable: named("n")}); err == nil {
					t.Error("there is no error")
				}
				time.Sleep(time.Second) // for requests that are on their way
				before := len(cloud.Journal())
				time.Sleep(time.Hour)
				if after := len(cloud.Journal()) - before; after > 0 {
					t.Errorf("%d calls after the end", after)
				}
			})
		})
	}
}

// TestUpdateFromAnOldReplicaWithoutLists: the response to an update shows the certificate as it was before, and every
// list fails. The error says that the API does not show the change, and does not claim to know what it has stored.
func TestUpdateFromAnOldReplicaWithoutLists(t *testing.T) {
	t.Parallel()
	for name, limit := range map[string]time.Duration{
		"long timeout":  2 * time.Minute,
		"short timeout": 3 * time.Second,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				cloud, client := cloudInBubble(t, elbstub.Options{}, 0)
				before := create(t, client)
				old, err := json.Marshal(before)
				if err != nil {
					t.Fatal(err)
				}
				cloud.Script(elbstub.ModifyCertificate, 1, elbstub.ReplyAfter(200, string(old)))
				cloud.ScriptEach(elbstub.ListCertificates, func(int) elbstub.Fault { return elbstub.Reply(500, "") })
				started := time.Now()
				ctx, cancel := context.WithTimeout(t.Context(), limit)
				defer cancel()
				_, err = client.UpdateCertificate(ctx, project, before, elb.NoWrite, renamed)
				if !errors.Is(err, elb.ErrNotShown) {
					t.Errorf("the error is %v, want %v", err, elb.ErrNotShown)
				}
				if took := time.Since(started); took > limit+2*time.Second {
					t.Errorf("it took %s", took)
				}
			})
		})
	}
}

// TestErrorInsteadOfAList: instead of a list, the API returns an error with the status of a success (observed:
// terraform-provider-huaweicloud, pull request 2314), which arrives in two parts. The error shows both.
func TestErrorInsteadOfAList(t *testing.T) {
	t.Parallel()
	for _, status := range []int{http.StatusOK, http.StatusAccepted} {
		synctest.Test(t, func(t *testing.T) {
			client := clientInBubble(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(status)
				_, _ = io.WriteString(w, "\n"+`{"error":{"code":"ELB.9999",`)
				_ = http.NewResponseController(w).Flush()
				time.Sleep(time.Second)
				_, _ = io.WriteString(w, `"message":"locked"}}`)
			}), 0)
			_, certificatesErr := client.ListCertificates(t.Context(), project)
			_, listenersErr := client.ListListeners(t.Context(), project)
			want := fmt.Sprintf("locked (HTTP %d, code ELB.9999)", status)
			for _, err := range []error{certificatesErr, listenersErr} {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Error(err)
				}
			}
		})
	}
}

// TestListWithAnotherStatus: what a list with another status than 200 has is not known, not even until the next list.
func TestListWithAnotherStatus(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const id = "0123456789abcdef0123456789abcdef"
		client := clientInBubble(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusPartialContent)
			_, _ = io.WriteString(w, `{"certificates":[{"id":"`+id+`"}],"instance_num":"1"}`)
		}), 0)
		_, err := client.ListCertificates(t.Context(), project)
		if err == nil || !strings.Contains(err.Error(), "the status of a list must be 200") {
			t.Errorf("error %v", err)
		}
		if of, isKnown := client.KnownProjectOf(id, project); isKnown {
			t.Errorf("project %s is said to have it", of)
		}
	})
}
