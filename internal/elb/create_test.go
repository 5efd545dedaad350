package elb_test

import (
	"context"
	"crypto/ed25519"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/elbaas/terraform-provider-elbaas/internal/elb"
	"github.com/elbaas/terraform-provider-elbaas/internal/elbstub"
	"github.com/elbaas/terraform-provider-elbaas/internal/httpapi"
)

// cloudInBubble returns a cloud and its client for a test in fake time, where pauses take no time.
func cloudInBubble(t *testing.T, options elbstub.Options, maxRetries int) (*elbstub.Cloud, *elb.Client) {
	t.Helper()
	options.BasePath, options.Tokens = base, map[string]string{token: project}
	cloud := elbstub.New(options)
	return cloud, clientInBubble(t, cloud, maxRetries)
}

// clientInBubble is a client of a server in memory.
func clientInBubble(t *testing.T, handler http.Handler, maxRetries int) *elb.Client {
	t.Helper()
	network := elbstub.NewNetwork("cloud.test:80")
	server := &http.Server{Handler: handler, ReadHeaderTimeout: time.Minute}
	go func() { _ = server.Serve(network) }()
	t.Cleanup(func() {
		time.Sleep(time.Hour) // for calls without a caller and idle connections to end
		_ = server.Close()
	})
	return clientFor(t, "http://cloud.test"+base, func(c *httpapi.Config) {
		c.MaxRetries, c.Dial = maxRetries, network.DialContext
	})
}

func asStranger(create elb.NewCertificate) elbstub.Certificate {
	return elbstub.Certificate{
		ProjectID: project, Name: *create.Name, Description: create.Description, Domain: *create.Domain,
		Certificate: create.Certificate, PrivateKey: create.PrivateKey.Reveal(),
	}
}

// TestCreateExactlyOnce has the possible outcomes of a Create call: the number of calls and
// of certificates, and the result.
func TestCreateExactlyOnce(t *testing.T) {
	t.Parallel()
	const list, post = elbstub.ListCertificates, elbstub.CreateCertificate
	type scripts map[elbstub.Operation]map[int]elbstub.Fault
	always := func(fault elbstub.Fault, from int) map[int]elbstub.Fault {
		faults := map[int]elbstub.Fault{}
		for n := from; n < from+60; n++ {
			faults[n] = fault
		}
		return faults
	}
	afterPause := func(pause time.Duration) elbstub.Fault {
		return func(next elbstub.Next) elbstub.Response {
			time.Sleep(pause)
			return next()
		}
	}
	outOfOrder := elbstub.Reply(500, `{"error":{"message":"m","code":"authFault"}}`)
	hidden := elbstub.See(elbstub.View{Hidden: 1})
	for name, row := range map[string]struct {
		scripts   scripts
		options   elbstub.Options
		retries   int
		stranger  int  // after this many POSTs, another process creates an identical one; -1 is before the first
		other     bool // another process has already created a different one
		posts     int
		there     int // how many certificates exist in the end
		found     bool
		others    int
		identical int
		// err is a part of the error. candidates is how many an *UncertainError names; -1 means that the error is
		// another one.
		err        string
		candidates int
	}{
		"response": {retries: 5, posts: 1, there: 1},
		"response 201": {
			options: elbstub.Options{Dialect: elbstub.Dialect{CreateStatus: 201}},
			retries: 5,
			posts:   1,
			there:   1,
		},
		"lost after the commit": {
			scripts: scripts{post: {1: elbstub.Drop()}},
			retries: 5,
			posts:   1,
			there:   1,
			found:   true,
		},
		"lost, and the server re-wraps": {
			options: elbstub.Options{Dialect: elbstub.NewDialect(2)},
			scripts: scripts{post: {1: elbstub.Drop()}},
			retries: 5,
			posts:   1,
			there:   1,
			found:   true,
		},
		"lost, and the server uses CRLF": {
			options: elbstub.Options{Dialect: elbstub.NewDialect(3)},
			scripts: scripts{post: {1: elbstub.Drop()}},
			retries: 5,
			posts:   1,
			there:   1,
			found:   true,
		},
		"lost before the commit": {
			scripts: scripts{post: {1: elbstub.Refuse()}},
			retries: 5,
			posts:   2,
			there:   1,
		},
		"lost three times": {
			scripts: scripts{post: {1: elbstub.Refuse(), 2: elbstub.Refuse(), 3: elbstub.Drop()}},
			retries: 5,
			posts:   3,
			there:   1,
			found:   true,
		},
		"502 after the commit": {
			scripts: scripts{post: {1: elbstub.ReplyAfter(502, "<html>")}},
			retries: 5,
			posts:   1,
			there:   1,
			found:   true,
		},
		"502 before the commit": {
			scripts: scripts{post: {1: elbstub.Reply(502, "<html>")}},
			retries: 5,
			posts:   2,
			there:   1,
		},
		"500 after the commit": {
			scripts: scripts{post: {1: elbstub.ReplyAfter(500, "{}")}},
			retries: 5,
			posts:   1,
			there:   1,
			found:   true,
		},
		"408 after the commit": {
			scripts: scripts{post: {1: elbstub.ReplyAfter(408, "")}},
			retries: 5,
			posts:   1,
			there:   1,
			found:   true,
		},
		"cut before the id": {
			scripts: scripts{post: {1: elbstub.Cut(5)}},
			retries: 5,
			posts:   1,
			there:   1,
			found:   true,
		},
		"a page under 200": {
			scripts: scripts{post: {1: elbstub.ReplyAfter(200, "<html>")}},
			retries: 5,
			posts:   1,
			there:   1,
			found:   true,
		},
		"no response within a minute": {
			scripts: scripts{post: {1: elbstub.Slow(2 * time.Minute)}},
			retries: 5,
			posts:   1,
			there:   1,
			found:   true,
		},
		"commit 3 s after the 504": {
			scripts: scripts{post: {1: elbstub.Late(504, 3*time.Second)}},
			retries: 5,
			posts:   1,
			there:   1,
			found:   true,
		},
		"commit 8 s after the 504": {
			scripts: scripts{post: {1: elbstub.Late(504, 8*time.Second)}},
			retries: 5,
			posts:   2,
			there:   2,
			others:  1,
		},
		"lost, lists lag": {
			scripts: scripts{
				post: {1: elbstub.Drop()},
				list: always(elbstub.See(elbstub.View{Lag: 3 * time.Second}), 2),
			},
			retries: 5,
			posts:   1,
			there:   1,
			found:   true,
		},
		"lost, first six lists incomplete": { // five of them while lists may lag
			scripts: scripts{
				post: {1: elbstub.Drop()},
				list: {2: hidden, 3: hidden, 4: hidden, 5: hidden, 6: hidden, 7: hidden},
			},
			retries: 5,
			posts:   1,
			there:   1,
			found:   true,
		},
		"lost, first four lists fail": {
			scripts: scripts{
				post: {1: elbstub.Drop()},
				list: {2: outOfOrder, 3: outOfOrder, 4: outOfOrder, 5: outOfOrder},
			},
			retries: 5,
			posts:   1,
			there:   1,
			found:   true,
		},
		"429": {
			scripts: scripts{post: {1: elbstub.Throttle(""), 2: elbstub.Throttle("3")}},
			retries: 0,
			posts:   3,
			there:   1,
		},
		"quota, used up by a late commit": {
			options: elbstub.Options{Quota: 1}, scripts: scripts{
				post: {1: elbstub.Late(504, 5500*time.Millisecond), 2: afterPause(time.Second)},
			},
			retries: 5, posts: 2, there: 1, found: true,
		},
		"quota, used up by others": {
			options: elbstub.Options{Quota: 1}, scripts: scripts{post: {1: elbstub.Refuse()}}, stranger: -1,
			retries: 5, posts: 2, there: 1, identical: 1, err: "ELB.5151", // the first POST may still be carried out
		},
		"refused": {
			scripts:    scripts{post: {1: elbstub.Reply(403, `{"error":{"message":"m","code":"ELB.9802"}}`)}},
			retries:    5,
			posts:      1,
			err:        "ELB.9802",
			candidates: -1,
		},
		"redirected": {
			scripts:    scripts{post: {1: elbstub.Reply(302, "")}},
			retries:    5,
			posts:      1,
			err:        "HTTP 302",
			candidates: -1,
		},
		"there was one before": {stranger: -1, retries: 5, posts: 1, there: 2, identical: 1},
		"there was one before, and lost": {
			stranger:  -1,
			scripts:   scripts{post: {1: elbstub.Drop()}},
			retries:   5,
			posts:     1,
			there:     2,
			identical: 1,
			found:     true,
		},
		"two candidates": {
			stranger:   1,
			scripts:    scripts{post: {1: elbstub.Drop()}},
			retries:    5,
			posts:      1,
			there:      2,
			err:        "was lost",
			candidates: 2,
		},
		"never a complete list before": {
			other: true, scripts: scripts{
				post: {1: elbstub.Drop()},
				list: always(hidden, 1),
			},
			retries: 1, posts: 1, there: 2, err: "was lost", candidates: 1,
		},
		"a complete list at the second try": {
			scripts: scripts{list: {1: elbstub.Reply(200, `{"certificates":[],"instance_num":"1"}`)}},
			retries: 5,
			posts:   1,
			there:   1,
		},
		"no list before": {
			scripts:    scripts{list: {1: outOfOrder}},
			retries:    5,
			posts:      0,
			err:        "the certificate was not created: existing certificates could not be listed",
			candidates: -1,
		},
		"no list after": {
			scripts: scripts{post: {1: elbstub.Drop()}, list: always(outOfOrder, 2)},
			retries: 5,
			posts:   1,
			there:   1,
			err:     "was lost",
		},
		"no complete list after": {
			scripts: scripts{post: {1: elbstub.Drop()}, list: always(elbstub.See(elbstub.View{Hidden: 9}), 2)},
			retries: 5,
			posts:   1,
			there:   1,
			err:     "was lost",
		},
		"no retries": {scripts: scripts{post: {1: elbstub.Refuse()}}, posts: 1, err: "was lost"},
		"never": {
			scripts: scripts{post: always(elbstub.Refuse(), 1)},
			retries: 2,
			posts:   3,
			err:     "was lost",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				cloud, client := cloudInBubble(t, row.options, row.retries)
				create := newCertificate(t)
				if row.other {
					cloud.Add(elbstub.Certificate{ProjectID: project, Name: "other", Certificate: create.Certificate})
				}
				if row.stranger < 0 {
					cloud.Add(asStranger(create))
				}
				for operation, faults := range row.scripts {
					for n, fault := range faults {
						if operation == post && n == row.stranger {
							inner := fault
							fault = func(next elbstub.Next) elbstub.Response {
								cloud.Add(asStranger(create))
								return inner(next)
							}
						}
						cloud.Script(operation, n, fault)
					}
				}
				creation, err := client.CreateCertificate(t.Context(), project, create)
				time.Sleep(10 * time.Minute) // until the server has ended all calls
				there := cloud.Certificates(project)
				if posts := len(cloud.Journal(post)); posts != row.posts {
					t.Errorf("%d POSTs, want %d", posts, row.posts)
				}
				if creation.Adopted != row.found || len(creation.Others) != row.others ||
					len(creation.Identical) != row.identical {
					t.Errorf("found %t, others %q, identical %q", creation.Adopted, creation.Others, creation.Identical)
				}
				known := slices.Concat([]string{creation.ID}, creation.Others, creation.Identical)
				var uncertain *elb.UncertainError
				switch {
				case row.err == "":
					if err != nil || creation.Name != "www" || creation.Domain != "www.example.com" ||
						creation.CreateTime == "" {
						t.Errorf("got %+v, %v", creation, err)
					}
				case err == nil || !strings.Contains(err.Error(), row.err) || creation.ID != "":
					t.Errorf("got %+v, %v", creation, err)
				case errors.As(err, &uncertain) != (row.candidates >= 0):
					t.Errorf("uncertain: %v", uncertain)
				case uncertain != nil:
					known = append(known, uncertain.Candidates...)
					if len(uncertain.Candidates) != row.candidates {
						t.Errorf("candidates %q", uncertain.Candidates)
					}
				}
				if uncertain != nil && uncertain.SearchErr != nil {
					return // the number of certificates is not determined then
				}
				if len(there) != row.there {
					t.Errorf("%d certificates, want %d", len(there), row.there)
				}
				for _, cert := range there {
					if cert.Name == "www" && !slices.Contains(known, cert.ID) {
						t.Errorf("%s is not reported: %v", cert.ID, known)
					}
				}
			})
		})
	}
}

// TestEqualCreationsRunOneAfterTheOther: each Create call finds its own certificate, although every response is lost.
// A call with another leaf does not wait for them.
func TestEqualCreationsRunOneAfterTheOther(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud, client := cloudInBubble(t, elbstub.Options{}, 5)
		same := newCertificate(t)
		const size = 5
		cloud.ScriptEach(elbstub.CreateCertificate, func(nth int) elbstub.Fault {
			if nth == 2 { // the one with another leaf
				return nil
			}
			return elbstub.Drop()
		})
		var mu sync.Mutex
		ids := map[string]bool{}
		var all sync.WaitGroup
		for range size {
			all.Go(func() {
				creation, err := client.CreateCertificate(t.Context(), project, same)
				if err != nil || !creation.Adopted || len(creation.Identical) > 0 {
					t.Errorf("got %+v, %v", creation, err)
				}
				mu.Lock()
				defer mu.Unlock()
				ids[creation.ID] = true
			})
		}
		time.Sleep(time.Second)
		started := time.Now()
		if create(t, client); time.Since(started) > 0 {
			t.Errorf("the one with another leaf took %s", time.Since(started))
		}
		all.Wait()
		if there := len(cloud.Certificates(project)); there != size+1 || len(ids) != size {
			t.Errorf("%d certificates and %d ids, want %d and %d", there, len(ids), size+1, size)
		}
	})
}

// TestCreationHasAGracePeriod: a request that was sent is followed up for a while after it was interrupted or
// has timed out. Everything else ends immediately.
func TestCreationHasAGracePeriod(t *testing.T) {
	t.Parallel()
	ends := map[string]func(context.Context) (context.Context, context.CancelFunc){
		"interrupted": func(ctx context.Context) (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithCancel(ctx)
			time.AfterFunc(time.Second, cancel)
			return ctx, cancel
		},
		"timed out": func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithTimeout(ctx, time.Second)
		},
	}
	const list, post = elbstub.ListCertificates, elbstub.CreateCertificate
	for name, row := range map[string]struct {
		operation elbstub.Operation
		fault     elbstub.Fault
		id        bool
		within    time.Duration // after the end of the context, which comes after a second
		ended     bool
	}{
		"while the response is awaited": {
			post,
			elbstub.Slow(5 * time.Second),
			true,
			4*time.Second + time.Second/10,
			false,
		},
		"while a very late response is awaited": {post, elbstub.Slow(50 * time.Second), true, 12 * time.Second, false},
		"while a late commit is searched for":   {post, elbstub.Late(504, 4*time.Second), true, 6 * time.Second, false},
		"while nothing is searched for":         {post, elbstub.Refuse(), false, 10 * time.Second, true},
		"while it is throttled": {
			post,
			elbstub.Throttle("60"),
			false,
			time.Second / 10,
			true,
		},
		"while the list before it is awaited": {
			list,
			elbstub.Slow(50 * time.Second),
			false,
			time.Second / 10,
			true,
		},
		"while the list before it is repeated": {
			list,
			elbstub.Reply(503, ""),
			false,
			time.Second / 10,
			true,
		},
	} {
		for kind, end := range ends {
			t.Run(name+"/"+kind, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					cloud, client := cloudInBubble(t, elbstub.Options{}, 5)
					for n := range 10 {
						cloud.Script(row.operation, n+1, row.fault)
					}
					ctx, cancel := end(t.Context())
					defer cancel()
					ended := time.Now().Add(time.Second)
					creation, err := client.CreateCertificate(ctx, project, newCertificate(t))
					if late := time.Since(ended); late > row.within {
						t.Errorf("it returned %s after the context had ended", late)
					}
					if row.id != (creation.ID != "") || row.id != (err == nil) ||
						row.ended && !errors.Is(err, ctx.Err()) {
						t.Errorf("got %+v, %v", creation, err)
					}
					if posts := len(cloud.Journal(post)); row.operation == post && posts > 1 {
						t.Errorf("%d POSTs", posts)
					}
				})
			})
		}
	}
}

// TestVeryLateCertificateIsNamed: a certificate that appears after the search has ended is
// reported when another run creates an identical one.
func TestVeryLateCertificateIsNamed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud, client := cloudInBubble(t, elbstub.Options{}, 5)
		create := newCertificate(t)
		cloud.Script(elbstub.CreateCertificate, 1, elbstub.Late(http.StatusGatewayTimeout, time.Minute))
		if creation, err := client.CreateCertificate(t.Context(), project, create); err != nil ||
			len(creation.Others) > 0 {
			t.Errorf("got %+v, %v", creation, err)
		}
		time.Sleep(time.Hour)
		_, err := get(t.Context(), client, project, "that lists")
		if !errors.Is(err, elb.ErrCertificateNotFound) {
			t.Error(err)
		}
		if creation, err := client.CreateCertificate(t.Context(), project, create); err != nil ||
			len(creation.Identical) != 1 {
			t.Errorf("got %+v, %v", creation, err)
		}
	})
}

// TestResponsesThatAreNotOurs: the response to a Create call may describe an existing
// certificate, or one with another leaf.
func TestResponsesThatAreNotOurs(t *testing.T) {
	t.Parallel()
	const post = elbstub.CreateCertificate
	onlyID := func(id string) elbstub.Fault { return elbstub.Reply(200, `{"id":"`+id+`"}`) }
	for name, row := range map[string]struct {
		options elbstub.Options
		fault   func(cloud *elbstub.Cloud, other elbstub.Certificate) elbstub.Fault
		before  bool // a certificate with the same leaf existed before
		posts   int
		adopted bool
		// candidates and existing are how many certificates an *UncertainError names, if there is one.
		uncertain            bool
		candidates, existing int
	}{
		"the ID of another certificate": {
			fault: func(c *elbstub.Cloud, other elbstub.Certificate) elbstub.Fault { return c.Confuse(other) },
			posts: 1, adopted: true,
		},
		"an unknown ID and another leaf": {
			fault: func(c *elbstub.Cloud, other elbstub.Certificate) elbstub.Fault {
				other.ID = ""
				return c.Confuse(other)
			},
			posts: 1, adopted: true,
		},
		"the ID of another certificate alone, and none was created": {
			fault: func(_ *elbstub.Cloud, other elbstub.Certificate) elbstub.Fault { return onlyID(other.ID) },
			posts: 2,
		},
		"an unknown ID and another leaf, and none was created": {
			fault: func(_ *elbstub.Cloud, other elbstub.Certificate) elbstub.Fault {
				return elbstub.Reply(200, fmt.Sprintf(`{"id":"unknown","certificate":%q}`, other.Certificate))
			},
			posts: 2,
		},
		// An API may store each leaf only once (assumed).
		"the certificate that has the leaf already": {
			fault: func(c *elbstub.Cloud, _ elbstub.Certificate) elbstub.Fault {
				same := c.Certificates(project)[1]
				return elbstub.Reply(200, fmt.Sprintf(`{"id":%q,"certificate":%q}`, same.ID, same.Certificate))
			},
			before: true, posts: 1, uncertain: true, existing: 1,
		},
		"the ID alone of the certificate that has the leaf already": {
			fault: func(c *elbstub.Cloud, _ elbstub.Certificate) elbstub.Fault {
				return onlyID(c.Certificates(project)[1].ID)
			},
			before: true, posts: 1, uncertain: true, existing: 1,
		},
		"the ID alone of a new certificate with another leaf": {
			fault: func(c *elbstub.Cloud, other elbstub.Certificate) elbstub.Fault {
				return func(next elbstub.Next) elbstub.Response {
					return onlyID(c.Add(other))(next) // of somebody else, after the baseline
				}
			},
			posts: 2,
		},
		"the leaf alone of a chain": {options: elbstub.Options{Keep: leafAlone}, posts: 1},
		"the leaf at the end":       {options: elbstub.Options{Keep: leafLast}, posts: 1},
		"lost, and the leaf at the end": {
			options: elbstub.Options{Keep: leafLast},
			fault:   func(*elbstub.Cloud, elbstub.Certificate) elbstub.Fault { return elbstub.Drop() },
			posts:   1, uncertain: true, candidates: 1,
		},
		"lost, and the texts were trimmed": {
			options: elbstub.Options{Keep: elbstub.TrimTexts},
			fault:   func(*elbstub.Cloud, elbstub.Certificate) elbstub.Fault { return elbstub.Drop() },
			posts:   1, uncertain: true, candidates: 1,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				cloud, client := cloudInBubble(t, row.options, 5)
				otherCertificate := newCertificate(t)
				cloud.Add(asStranger(otherCertificate))
				other := cloud.Certificates(project)[0]
				create := newCertificate(t)
				create.Certificate += otherCertificate.Certificate // a chain
				create.Description = " trimmed "
				if row.before {
					cloud.Add(asStranger(create))
				}
				if row.fault != nil {
					cloud.Script(post, 1, row.fault(cloud, other))
				}
				creation, err := client.CreateCertificate(t.Context(), project, create)

				if posts := len(cloud.Journal(post)); posts != row.posts || creation.Sent != row.posts {
					t.Errorf("%d POSTs, Sent is %d, want %d", posts, creation.Sent, row.posts)
				}
				var uncertain *elb.UncertainError
				if errors.As(err, &uncertain) != row.uncertain || (err == nil) == row.uncertain {
					t.Fatalf("got %+v, %v", creation, err)
				}
				if row.uncertain {
					named := 0
					if uncertain.Existing != "" {
						named++
					}
					if creation.ID != "" || len(uncertain.Candidates) != row.candidates || named != row.existing {
						t.Errorf(
							"certificate %q, candidates %q, existing %q",
							creation.ID,
							uncertain.Candidates,
							uncertain.Existing,
						)
					}
					return
				}
				there := cloud.Certificates(project)
				if ours := there[len(there)-1]; creation.ID != ours.ID || creation.Adopted != row.adopted {
					t.Errorf("certificate %s, adopted %t, want %s", creation.ID, creation.Adopted, ours.ID)
				}
			})
		})
	}
}

// leafAlone drops all certificates of a chain but the leaf (assumed).
func leafAlone(cert *elbstub.Certificate) {
	leaf, _ := pem.Decode([]byte(cert.Certificate))
	cert.Certificate = string(pem.EncodeToMemory(leaf))
}

// leafLast moves the leaf to the end of its chain (assumed: a server may sort chains).
func leafLast(cert *elbstub.Certificate) {
	leaf, chain := pem.Decode([]byte(cert.Certificate))
	cert.Certificate = string(chain) + string(pem.EncodeToMemory(leaf))
}

// TestLeafWithinAnother: another process creates a certificate that contains the bytes of ours in an extension. It is
// not ours, so the request whose response was lost is sent again.
func TestLeafWithinAnother(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud, client := cloudInBubble(t, elbstub.Options{}, 5)
		ours, other := newCertificate(t), newCertificate(t)
		leaf, _ := pem.Decode([]byte(ours.Certificate))
		public, key, err := ed25519.GenerateKey(nil)
		if err != nil {
			t.Fatal(err)
		}
		template := &x509.Certificate{SerialNumber: big.NewInt(1), ExtraExtensions: []pkix.Extension{
			{Id: []int{1, 2, 3}, Value: leaf.Bytes},
		}}
		der, err := x509.CreateCertificate(nil, template, template, public, key)
		if err != nil {
			t.Fatal(err)
		}
		other.Certificate = string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
		cloud.Script(elbstub.CreateCertificate, 1, func(elbstub.Next) elbstub.Response {
			cloud.Add(asStranger(other))
			return elbstub.Response{}
		})
		creation, err := client.CreateCertificate(t.Context(), project, ours)
		if err != nil || creation.ID == "" || len(creation.Others) > 0 {
			t.Errorf("got %+v, %v", creation, err)
		}
	})
}

// TestSameLeafAgain: a certificate that a slow backend creates for one Create call is not a candidate for another call
// with the same leaf.
func TestSameLeafAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud, client := cloudInBubble(t, elbstub.Options{}, 5)
		first := newCertificate(t)
		cloud.Script(elbstub.CreateCertificate, 1, elbstub.Late(http.StatusGatewayTimeout, 13*time.Second))
		if creation, err := client.CreateCertificate(t.Context(), project, first); err != nil || creation.Sent != 2 {
			t.Fatalf("got %+v, %v", creation, err)
		}
		second := first
		second.Name = new("another")
		cloud.Script(elbstub.CreateCertificate, 1, func(next elbstub.Next) elbstub.Response {
			time.Sleep(5 * time.Second) // in which the late one is created
			return elbstub.Drop()(next)
		})
		creation, err := client.CreateCertificate(t.Context(), project, second)
		if err != nil || !creation.Adopted || creation.Name != "another" || len(creation.Others) > 0 {
			t.Errorf("got %+v, %v", creation, err)
		}
		if there := len(cloud.Certificates(project)); there != 3 {
			t.Errorf("%d certificates, want 3", there)
		}
	})
}

// TestUnnamedCreateDoesNotClaimNamedCertificate: a certificate that was sent with a name does not
// belong to a Create call without a name, even if the server stores a different name.
func TestUnnamedCreateDoesNotClaimNamedCertificate(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		keep    func(*elbstub.Certificate)
		adopted bool
	}{
		"stored as sent":         {nil, true},
		"stored in another case": {elbstub.LowerTexts, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				cloud, client := cloudInBubble(t, elbstub.Options{Keep: row.keep}, 5)
				named := newCertificate(t)
				named.Name = new("WWW")
				nameless := named
				nameless.Name = nil
				if _, err := client.CreateCertificate(t.Context(), project, nameless); err != nil {
					t.Fatal(err)
				}
				cloud.Script(elbstub.CreateCertificate, 1, elbstub.Drop())
				creation, err := client.CreateCertificate(t.Context(), project, named)
				var uncertain *elb.UncertainError
				if creation.Adopted != row.adopted || errors.As(err, &uncertain) == row.adopted ||
					len(cloud.Certificates(project)) != 2 {
					t.Errorf("got %+v, %v, with %d certificates", creation, err, len(cloud.Certificates(project)))
				}
				if uncertain != nil && len(uncertain.Candidates) != 1 {
					t.Errorf("candidates %q", uncertain.Candidates)
				}
			})
		})
	}
}

// TestOneListForCreations: all Create calls use the same list as their baseline while it is at most five seconds old.
func TestOneListForCreations(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud, client := cloudInBubble(t, elbstub.Options{}, 5)
		wantLists := func(want int) {
			t.Helper()
			if lists := len(cloud.Journal(elbstub.ListCertificates)); lists != want {
				t.Errorf("%d lists, want %d", lists, want)
			}
		}
		cloud.Script(elbstub.ListCertificates, 1, elbstub.Slow(4*time.Second)) // which does not make it older
		var all sync.WaitGroup
		for range 20 {
			all.Go(func() { create(t, client) })
		}
		all.Wait()
		wantLists(1)
		time.Sleep(5 * time.Second)
		create(t, client)
		wantLists(1)
		time.Sleep(time.Second)
		create(t, client)
		wantLists(2)

		// An incomplete list is repeated once in this time, not for each creation.
		cloud, client = cloudInBubble(t, elbstub.Options{}, 2)
		cloud.Add(elbstub.Certificate{ProjectID: project})
		cloud.ScriptEach(
			elbstub.ListCertificates,
			func(int) elbstub.Fault { return elbstub.See(elbstub.View{Hidden: 1}) },
		)
		for range 5 {
			create(t, client)
		}
		wantLists(3)
	})
}
