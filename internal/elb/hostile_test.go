package elb_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/elbaas/terraform-provider-elbaas/internal/elb"
	"github.com/elbaas/terraform-provider-elbaas/internal/elbstub"
	"github.com/elbaas/terraform-provider-elbaas/internal/httpapi"
)

// TestBaselineIsFreshWhenTheRequestIsSent: a certificate that another process creates while a
// Create call waits is part of the baseline, so it is not adopted. All that existed before are named, in order.
func TestBaselineIsFreshWhenTheRequestIsSent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud, client := cloudInBubble(t, elbstub.Options{}, 0)
		create := newCertificate(t)
		for range 9 { // which both baselines have, but are named once
			cloud.Add(asStranger(create))
		}
		cloud.Script(elbstub.CreateCertificate, 1, elbstub.Throttle("60"))
		cloud.Script(elbstub.CreateCertificate, 2, elbstub.Refuse()) // lost, not carried out
		time.AfterFunc(30*time.Second, func() { cloud.Add(asStranger(create)) })
		creation, err := client.CreateCertificate(t.Context(), project, create)
		if err == nil || creation.ID != "" || len(creation.Identical) != 10 || !slices.IsSorted(creation.Identical) {
			t.Errorf("the certificate of another process was adopted, or is not known: %+v, %v", creation, err)
		}
	})
}

// TestAdoptionOfADomainInAnotherCase: a certificate whose domain differs from the one that was sent only in case equals
// what was sent.
func TestAdoptionOfADomainInAnotherCase(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud, client := cloudInBubble(t, elbstub.Options{Keep: func(cert *elbstub.Certificate) {
			cert.Domain = strings.ToLower(cert.Domain)
		}}, 0)
		create := newCertificate(t)
		create.Domain = new("WWW.example.com")
		cloud.Script(elbstub.CreateCertificate, 1, elbstub.Drop())
		creation, err := client.CreateCertificate(t.Context(), project, create)
		if err != nil || !creation.Adopted {
			t.Errorf("got %+v, %v", creation, err)
		}
	})
}

// TestResponseWithUnknownIDAlone: the response has only an ID, which no list has. The certificate that equals what was
// sent has another ID, and is returned or named. If it is not returned, the error has the ID of the response.
func TestResponseWithUnknownIDAlone(t *testing.T) {
	t.Parallel()
	const unknown = "ffffffffffffffffffffffffffffffff"
	alone := elbstub.ReplyAfter(201, `{"id":"`+unknown+`"}`)
	for name, fault := range map[string]elbstub.Fault{
		"the ID alone":     alone,
		"cut after the ID": elbstub.ReplyAfter(201, `{"id":"`+unknown+`","name":"www"`),
		"the ID alone, and it was carried out twice": func(next elbstub.Next) elbstub.Response {
			next()
			return alone(next)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				cloud, client := cloudInBubble(t, elbstub.Options{}, 5)
				cloud.Script(elbstub.CreateCertificate, 1, fault)
				creation, err := client.CreateCertificate(t.Context(), project, newCertificate(t))
				if err != nil && !strings.Contains(err.Error(), unknown) {
					t.Errorf("error %v", err)
				}
				for _, cert := range cloud.Certificates(project) {
					uncertain, ok := errors.AsType[*elb.UncertainError](err)
					named := creation.ID == cert.ID || slices.Contains(creation.Others, cert.ID) ||
						ok && slices.Contains(uncertain.Candidates, cert.ID)
					if !named {
						t.Errorf("certificate %s is neither returned nor named: returned %q, sent %d, others %q, %v",
							cert.ID, creation.ID, creation.Sent, creation.Others, err)
					}
				}
			})
		})
	}
}

// TestNamelessCreationAdoptsNoNamedCertificate: a certificate that a slow backend creates for
// a Create call with a name is not a candidate of one without.
func TestNamelessCreationAdoptsNoNamedCertificate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud, client := cloudInBubble(t, elbstub.Options{}, 5)
		first := newCertificate(t)
		cloud.Script(elbstub.CreateCertificate, 1, elbstub.Late(http.StatusGatewayTimeout, 13*time.Second))
		if creation, err := client.CreateCertificate(t.Context(), project, first); err != nil || creation.Sent != 2 {
			t.Fatalf("got %+v, %v", creation, err)
		}
		second := first
		second.Name = nil
		cloud.Script(elbstub.CreateCertificate, 1, func(next elbstub.Next) elbstub.Response {
			time.Sleep(9 * time.Second) // in which the late one of the first is created
			return elbstub.DropLate(20 * time.Second)(next)
		})
		creation, err := client.CreateCertificate(t.Context(), project, second)
		if creation.Name == "www" && creation.Adopted {
			t.Errorf("the creation without a name has adopted the certificate named www: %s, %v", creation.ID, err)
		}
		time.Sleep(time.Minute)
		for _, cert := range cloud.Certificates(project) {
			if cert.Name != "www" && cert.ID != creation.ID && err == nil && creation.Sent == 1 {
				t.Errorf(
					"certificate %s (%q) of the creation without a name is neither returned nor named",
					cert.ID,
					cert.Name,
				)
			}
		}
	})
}

// TestGatewayRepeatsTheRequest: a gateway sends the request to two backends, and loses the responses. The error names
// both certificates, although lists show the second one only three seconds later.
func TestGatewayRepeatsTheRequest(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud, client := cloudInBubble(t, elbstub.Options{}, 5)
		cloud.Script(elbstub.CreateCertificate, 1, func(next elbstub.Next) elbstub.Response {
			next()
			return elbstub.DropLate(3 * time.Second)(next)
		})
		_, err := client.CreateCertificate(t.Context(), project, newCertificate(t))
		time.Sleep(time.Minute)
		uncertain, _ := errors.AsType[*elb.UncertainError](err)
		all := cloud.Certificates(project)
		if len(all) != 2 || uncertain == nil {
			t.Fatalf("%d certificates, %v", len(all), err)
		}
		for _, cert := range all {
			if !slices.Contains(uncertain.Candidates, cert.ID) {
				t.Errorf("the error does not name %s: %q", cert.ID, uncertain.Candidates)
			}
		}
	})
}

// TestIDsInAnotherCase: a server writes IDs in upper case in lists.
func TestIDsInAnotherCase(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud, client := cloudInBubble(t, elbstub.Options{}, 5)
		upper := func(next elbstub.Next) elbstub.Response {
			response := next()
			for _, cert := range cloud.Certificates(project) {
				response.Body = []byte(strings.ReplaceAll(string(response.Body), cert.ID, strings.ToUpper(cert.ID)))
			}
			return response
		}
		cloud.ScriptEach(elbstub.ListCertificates, func(int) elbstub.Fault { return upper })
		create := newCertificate(t)
		first, err := client.CreateCertificate(t.Context(), project, create)
		if err != nil {
			t.Fatal(err)
		}
		cloud.Script(elbstub.CreateCertificate, 1, elbstub.Refuse())
		second, err := client.CreateCertificate(t.Context(), project, create)
		if strings.EqualFold(first.ID, second.ID) {
			t.Errorf("the second creation has adopted the certificate of the first: %s, %v", second.ID, err)
		}
		time.Sleep(10 * time.Second)
		if _, err = get(t.Context(), client, project, first.ID); errors.Is(err, elb.ErrCertificateNotFound) {
			t.Errorf("a certificate that is there is taken for gone: %v", err)
		}
	})
}

// TestProjectInAnotherCase: the case of a project ID does not matter.
func TestProjectInAnotherCase(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud := elbstub.New(elbstub.Options{BasePath: base, Tokens: map[string]string{token: project}})
		client := clientInBubble(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			r.URL.Path = strings.ReplaceAll(r.URL.Path, strings.ToUpper(project), project)
			r.Header.Set("X-Project-Id", project)
			cloud.ServeHTTP(w, r)
		}), 5)
		create := newCertificate(t)
		cloud.Script(elbstub.CreateCertificate, 1, elbstub.Delay(time.Second))
		cloud.Script(elbstub.CreateCertificate, 2, elbstub.Refuse())
		var ids [2]string
		var all sync.WaitGroup
		for n, in := range []string{project, strings.ToUpper(project)} {
			all.Go(func() {
				time.Sleep(time.Duration(n) * time.Second / 10)
				creation, _ := client.CreateCertificate(t.Context(), in, create)
				ids[n] = creation.ID
			})
		}
		all.Wait()
		if ids[0] == ids[1] {
			t.Errorf("both creations have %s", ids[0])
		}
	})
}

// breaking is a connection to which nothing can be written once it is broken.
type breaking struct {
	net.Conn
	broken *atomic.Bool
}

func (b breaking) Write(p []byte) (int, error) {
	if b.broken.Load() {
		return 0, errors.New("broken")
	}
	return b.Conn.Write(p)
}

// TestDeadConnectionIsUnsent: the connection of the list is dead, so nothing of the POST can be written, and no new
// connection can be opened. No certificate can exist.
func TestDeadConnectionIsUnsent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud := elbstub.New(elbstub.Options{BasePath: base, Tokens: map[string]string{token: project}})
		network := elbstub.NewNetwork("cloud.test:80")
		server := &http.Server{Handler: cloud, ReadHeaderTimeout: time.Minute}
		go func() { _ = server.Serve(network) }()
		t.Cleanup(func() { time.Sleep(time.Hour); _ = server.Close() })
		var broken atomic.Bool
		client := clientFor(t, "http://cloud.test"+base, func(c *httpapi.Config) {
			c.Dial = func(ctx context.Context, n, a string) (net.Conn, error) {
				if broken.Load() {
					return nil, &net.OpError{Op: "dial", Err: errors.New("refused")}
				}
				connection, err := network.DialContext(ctx, n, a)
				return breaking{connection, &broken}, err
			}
		})
		cloud.Script(elbstub.ListCertificates, 1, func(next elbstub.Next) elbstub.Response {
			time.AfterFunc(time.Second, func() { broken.Store(true) })
			return next()
		})
		if _, err := client.ListCertificates(t.Context(), project); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Second)
		_, err := client.CreateCertificate(t.Context(), project, newCertificate(t))
		var uncertain *elb.UncertainError
		if errors.As(err, &uncertain) {
			t.Errorf("nothing was written, but a certificate may exist: %v", err)
		}
	})
}

// TestIncompleteListIsRedacted: the request ID and the total of an incomplete list are
// redacted like everything that a server sends.
func TestIncompleteListIsRedacted(t *testing.T) {
	t.Parallel()
	const key = "-----BEGIN PRIVATE KEY-----\\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC\\n-----END PRIVATE KEY-----"
	for name, row := range map[string]struct{ id, total, shown string }{
		"the request ID has a control sequence": {id: "a\u009b2Jb\u202e", total: `"7"`, shown: "(request ID a2Jb)"},
		"the request ID is long":                {id: strings.Repeat("x", 60<<10), total: `"7"`},
		"the request ID is the token":           {id: token, total: `"7"`},
		"the total has a control sequence":      {total: "\"a\u009b2J\""},
		"the total is long":                     {total: `"` + strings.Repeat("x", 60<<10) + `"`},
		"the total is a private key":            {total: `"` + key + `"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client := newClient(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("X-Request-Id", row.id)
				_, _ = fmt.Fprintf(w, `{"certificates":[],"instance_num":%s}`, row.total)
			}))
			_, err := get(t.Context(), client, project, "id")
			said := err.Error()
			if len(said) > 4<<10 || !strings.Contains(said, row.shown) || strings.ContainsAny(said, "\u009b\u202e") ||
				strings.Contains(said, "MIIEvQIBADANBg") || strings.Contains(said, token) {
				t.Errorf("%d bytes: %.150q", len(said), said)
			}
		})
	}
}

// TestIDIsRedacted: an ID is redacted like everything that a server sends.
func TestIDIsRedacted(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud, client := cloudInBubble(t, elbstub.Options{}, 0)
		other := asStranger(newCertificate(t))
		body := fmt.Sprintf(`{"id":"\u001b[2J%s","certificate":%q}`, strings.Repeat("x", 60<<10), other.Certificate)
		cloud.Script(elbstub.CreateCertificate, 1, elbstub.Reply(200, body))
		_, err := client.CreateCertificate(t.Context(), project, newCertificate(t))
		if said := fmt.Sprint(err); strings.Contains(said, "\x1b") || len(said) > 4<<10 {
			t.Errorf("%d bytes: %.150q", len(said), said)
		}
	})
}

// TestIDThatIsMoreThanAnID: an ID becomes a part of paths, and of commands that the provider proposes.
func TestIDThatIsMoreThanAnID(t *testing.T) {
	t.Parallel()
	for _, id := range []string{"..", ".", "a/b", "$(reboot)", "`reboot`", ";reboot", "a'b", "a%2fb", "a?b=1"} {
		t.Run(id, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				cloud, client := cloudInBubble(t, elbstub.Options{}, 0)
				const says = "the ID is not valid"
				cloud.Script(elbstub.CreateCertificate, 1, elbstub.Reply(200, `{"id":"`+id+`"}`))
				creation, err := client.CreateCertificate(t.Context(), project, newCertificate(t))
				if creation.ID != "" || err == nil || !strings.Contains(err.Error(), says) {
					t.Errorf("created %q, %v", creation.ID, err)
				}
				time.Sleep(time.Minute)
				list := `{"certificates":[{"id":"` + id + `"}],"instance_num":"1"}`
				cloud.Script(elbstub.ListCertificates, 1, elbstub.Reply(200, list))
				listed, err := client.ListCertificates(t.Context(), project)
				if err == nil || !strings.Contains(err.Error(), says) {
					t.Errorf("listed %v, %v", listed, err)
				}
			})
		})
	}
}

// TestListCutWithoutLength: an HTTP/1.0 server ends a list by closing the connection, after any byte. A list that ends
// too early is repeated.
func TestListCutWithoutLength(t *testing.T) {
	t.Parallel()
	const body = `{"certificates":[{"id":"1","name":"a"},{"id":"2"}],"more":{"a":[1]},"instance_num":"2"}`
	for n := range len(body) {
		synctest.Test(t, func(t *testing.T) {
			calls := 0
			client := clientInBubble(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				calls++
				connection, _, err := http.NewResponseController(w).Hijack()
				if err != nil {
					panic(err)
				}
				defer func() { _ = connection.Close() }()
				said := body
				if calls == 1 {
					said = body[:n]
				}
				_, _ = connection.Write([]byte("HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n" + said))
			}), 1)
			if _, err := get(t.Context(), client, project, "2"); err != nil {
				t.Errorf("cut after %q: %d calls: %v", body[:n], calls, err)
			}
		})
	}
}

// TestDeleteLostAndListsLag: a deletion that was carried out succeeds, although its response is lost or cut off, and
// lists lag.
func TestDeleteLostAndListsLag(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]elbstub.Fault{
		"lost": elbstub.Drop(),
		"cut, three times": func(next elbstub.Next) elbstub.Response {
			next()
			return elbstub.Cut(3)(func(...elbstub.View) elbstub.Response {
				return elbstub.Response{Status: 200, Body: []byte("0123456789")}
			})
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				cloud, client := cloudInBubble(t, elbstub.Options{}, 5)
				cert := create(t, client)
				time.Sleep(time.Minute)
				cloud.ScriptEach(
					elbstub.ListCertificates,
					func(int) elbstub.Fault { return elbstub.See(elbstub.View{Lag: 3 * time.Second}) },
				)
				cloud.Script(elbstub.DeleteCertificate, 1, fault)
				cloud.Script(elbstub.DeleteCertificate, 2, elbstub.Reply(404, ""))
				if err := deleteWithin(t, client, cert.ID, 10*time.Minute); err != nil {
					t.Errorf("%d certificates left, and: %v", len(cloud.Certificates(project)), err)
				}
			})
		})
	}
}

// TestHiddenCertificates: lists do not show the PEM.
func TestHiddenCertificates(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud, client := cloudInBubble(t, elbstub.Options{}, 5)
		create := newCertificate(t)
		hide := func(next elbstub.Next) elbstub.Response {
			response := next()
			text := string(response.Body)
			for {
				from := strings.Index(text, "-----BEGIN CERTIFICATE")
				if from < 0 {
					break
				}
				const end = "-----END CERTIFICATE-----"
				to := strings.Index(text, end) + len(end)
				text = text[:from] + "******" + text[to:]
			}
			response.Body = []byte(text)
			return response
		}
		cloud.ScriptEach(elbstub.ListCertificates, func(int) elbstub.Fault { return hide })
		cloud.ScriptEach(elbstub.CreateCertificate, func(int) elbstub.Fault { return elbstub.Drop() })
		creation, err := client.CreateCertificate(t.Context(), project, create)
		if n := len(cloud.Certificates(project)); n > 1 {
			var uncertain *elb.UncertainError
			errors.As(err, &uncertain)
			t.Errorf("%d certificates, candidates %q, %+v", n, uncertain.Candidates, creation.Others)
		}
	})
}

// TestRetryAfterOfACreation: the client waits for the minute that the server asks for before it sends the request
// again.
func TestRetryAfterOfACreation(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud, client := cloudInBubble(t, elbstub.Options{}, 5)
		var at []time.Time
		cloud.ScriptEach(elbstub.CreateCertificate, func(nth int) elbstub.Fault {
			at = append(at, time.Now())
			if nth > 1 {
				return nil
			}
			return func(elbstub.Next) elbstub.Response {
				return elbstub.Response{Status: 503, Header: http.Header{"Retry-After": {"60"}}}
			}
		})
		_, _ = client.CreateCertificate(t.Context(), project, newCertificate(t))
		if pause := at[1].Sub(at[0]); pause < time.Minute {
			t.Errorf("the request was repeated after %s", pause)
		}
	})
}

// TestReadBackDespiteCachedFailure: an update is accepted without a body, and the first list after it fails. The update
// is still read back.
func TestReadBackDespiteCachedFailure(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud, client := cloudInBubble(t, elbstub.Options{}, 0)
		cert := create(t, client)
		time.Sleep(time.Minute)
		cloud.Script(elbstub.ModifyCertificate, 1, elbstub.ReplyAfter(202, ""))
		cloud.Script(elbstub.ListCertificates, 1, elbstub.Reply(500, ""))
		prior := elb.Certificate{ID: cert.ID}
		_, err := client.UpdateCertificate(t.Context(), project, prior, elb.NoWrite, named("new"))
		if err != nil {
			t.Error(err)
		}
	})
}

// TestListsOfManySearches counts the lists after the responses of a hundred parallel Create calls were lost.
func TestListsOfManySearches(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud, client := cloudInBubble(t, elbstub.Options{}, 5)
		cloud.ScriptEach(elbstub.CreateCertificate, func(int) elbstub.Fault {
			return func(next elbstub.Next) elbstub.Response {
				time.Sleep(time.Duration(len(cloud.Certificates(project))) * 7 * time.Millisecond)
				return elbstub.DropLate(4 * time.Second)(next)
			}
		})
		cloud.ScriptEach(
			elbstub.ListCertificates,
			func(int) elbstub.Fault { return elbstub.Slow(10 * time.Millisecond) },
		)
		const size = 100
		var all sync.WaitGroup
		for n := range size {
			all.Go(func() {
				time.Sleep(time.Duration(n) * 3 * time.Millisecond)
				if creation, err := client.CreateCertificate(t.Context(), project, newCertificate(t)); err != nil ||
					!creation.Adopted {
					t.Errorf("got %+v, %v", creation, err)
				}
			})
		}
		all.Wait()
		if lists := len(cloud.Journal(elbstub.ListCertificates)); lists > 60 {
			t.Errorf("%d lists", lists)
		}
	})
}

// TestPartialResponsesOfMany: Create calls in parallel succeed even if each response has only the ID, and share the
// lists that complete them.
func TestPartialResponsesOfMany(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud, client := cloudInBubble(t, elbstub.Options{}, 5)
		cloud.ScriptEach(elbstub.CreateCertificate, func(int) elbstub.Fault {
			return func(next elbstub.Next) elbstub.Response {
				response := next()
				response.Body = response.Body[:bytes.IndexByte(response.Body, ',')]
				response.Body = append(response.Body, '}')
				return response
			}
		})
		const size = 100
		var all sync.WaitGroup
		for n := range size {
			all.Go(func() {
				time.Sleep(time.Duration(n) * 30 * time.Millisecond)
				if _, err := client.CreateCertificate(t.Context(), project, newCertificate(t)); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if lists := len(cloud.Journal(elbstub.ListCertificates)); lists > size/10 {
			t.Errorf("%d lists, which are not shared", lists)
		}
	})
}

// TestKeyOfAnEarlierAttempt: the first response is cut off after the key, and the second one has no key. The first key
// is not returned.
func TestKeyOfAnEarlierAttempt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		calls := 0
		client := clientInBubble(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			if calls++; calls == 1 {
				w.Header().Set("Content-Length", "1000")
				_, _ = w.Write([]byte(`{"certificates":[{"id":"1","private_key":"KEY"},`))
				_ = http.NewResponseController(w).Flush()
				panic(http.ErrAbortHandler)
			}
			_, _ = w.Write([]byte(`{"certificates":[{"id":"1"}]}`))
		}), 1)
		if _, key, err := client.GetPrivateKey(t.Context(), project, "1"); err != nil || key.Reveal() != "" {
			t.Errorf("after %d calls: key %q, %v", calls, key.Reveal(), err)
		}
	})
}

// TestSeeOtherIsAmbiguous: 303 is the response of a server that has carried a POST out (RFC
// 9110).
func TestSeeOtherIsAmbiguous(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud, client := cloudInBubble(t, elbstub.Options{}, 5)
		cloud.Script(elbstub.CreateCertificate, 1, elbstub.ReplyAfter(http.StatusSeeOther, ""))
		creation, err := client.CreateCertificate(t.Context(), project, newCertificate(t))
		var uncertain *elb.UncertainError
		if creation.ID == "" && !errors.As(err, &uncertain) {
			t.Errorf("%d certificates, without an error: %v", len(cloud.Certificates(project)), err)
		}
	})
}

// TestShortJSONIsNoLostConnection: a response has its full length, but its JSON ends too early. The error does not say
// that a connection was lost.
func TestShortJSONIsNoLostConnection(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		calls := 0
		client := clientInBubble(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			calls++
			responding(200, "").ServeHTTP(w, nil)
		}), 5)
		_, err := get(t.Context(), client, project, "1")
		if strings.Contains(err.Error(), "the connection was closed") {
			t.Errorf("%d calls: %v", calls, err)
		}
	})
}

// TestRefusedCreationExplainsNothing: a Create call that was refused has created nothing, so a new certificate may
// belong to another call.
func TestRefusedCreationExplainsNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud, client := cloudInBubble(t, elbstub.Options{Keep: elbstub.LowerTexts}, 5)
		first := newCertificate(t)
		first.Name = new("www")
		cloud.Script(elbstub.CreateCertificate, 1, elbstub.Reply(403, ""))
		if _, err := client.CreateCertificate(t.Context(), project, first); err == nil {
			t.Fatal("it was not refused")
		}
		second := first
		second.Name = new("WWW")
		cloud.ScriptEach(elbstub.CreateCertificate, func(int) elbstub.Fault { return elbstub.Drop() })
		_, err := client.CreateCertificate(t.Context(), project, second)
		var uncertain *elb.UncertainError
		errors.As(err, &uncertain)
		if there := len(cloud.Certificates(project)); there > 1 {
			t.Errorf("%d certificates were made, candidates %v", there, uncertain)
		}
	})
}

// TestExistingCertificateThatTheBaselineLacks: the API answers a create request with a certificate of somebody else
// that has the same leaf, and its lists have become incomplete. An earlier list had that certificate, so it is not new.
func TestExistingCertificateThatTheBaselineLacks(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud, client := cloudInBubble(t, elbstub.Options{}, 1)
		create := newCertificate(t)
		theirs := elbstub.Certificate{ProjectID: project, Name: "theirs", Certificate: create.Certificate}
		theirs.ID = cloud.Add(theirs)
		if _, err := get(t.Context(), client, project, theirs.ID); err != nil {
			t.Fatal(err)
		}
		time.Sleep(6 * time.Second) // the list is too old to be the baseline
		cloud.ScriptEach(elbstub.ListCertificates, func(int) elbstub.Fault {
			return elbstub.See(elbstub.View{Hidden: 1})
		})
		cloud.Script(elbstub.CreateCertificate, 1, cloud.Confuse(theirs))
		creation, err := client.CreateCertificate(t.Context(), project, create)
		if err == nil || creation.ID != "" {
			t.Errorf("got %q, error %v", creation.ID, err)
		}
	})
}
