package elb_test

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/elbaas/terraform-provider-elbaas/internal/elb"
	"github.com/elbaas/terraform-provider-elbaas/internal/elbstub"
	"github.com/elbaas/terraform-provider-elbaas/internal/httpapi"
)

const (
	listList = elbstub.ListListeners
	show     = elbstub.ShowListener
	put      = elbstub.ModifyListener
)

// A listenerFixture is a cloud with one listener and two certificates, the first of which the listener serves.
type listenerFixture struct {
	cloud    *elbstub.Cloud
	client   *elb.Client
	listener elb.Listener // as the cloud has it
	next     string       // the ID of the other certificate
}

// newListenerFixture must be called in a bubble. Its listener is no longer new.
func newListenerFixture(t *testing.T, options elbstub.Options, maxRetries int) listenerFixture {
	t.Helper()
	var b listenerFixture
	b.cloud, b.client = cloudInBubble(t, options, maxRetries)
	first := b.cloud.Add(elbstub.Certificate{ProjectID: project})
	b.next = b.cloud.Add(elbstub.Certificate{ProjectID: project})
	id := b.cloud.AddListener(elbstub.Listener{ProjectID: project, Name: "https", CertificateID: first})
	b.listener = elb.Listener{
		ID: id, Name: "https", LoadBalancerID: b.cloud.Listeners(project)[0].LoadBalancerID,
		Protocol: "HTTPS", Port: 443, Status: "ACTIVE", CertificateID: first,
	}
	time.Sleep(time.Minute)
	return b
}

// switchToNext gives the listener its other certificate, within a timeout.
func (b listenerFixture) switchToNext(t *testing.T, within time.Duration) (elb.Listener, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), within)
	defer cancel()
	return b.client.SwitchListener(ctx, project, b.listener, b.next)
}

// serves returns the ID of the certificate that the listener has in the cloud.
func (b listenerFixture) serves() string { return b.cloud.Listeners(project)[0].CertificateID }

func (b listenerFixture) count(operation elbstub.Operation) int {
	return len(b.cloud.Journal(operation))
}

func refusing(status int, code string) elbstub.Fault {
	return elbstub.Reply(status, `{"error":{"message":"m","code":"`+code+`"}}`)
}

// TestListenersRead reads a listener in both ways: with a call for it alone, and from the list.
func TestListenersRead(t *testing.T) {
	t.Parallel()
	const id, cert = "11111111111111111111111111111111", "22222222222222222222222222222222"
	whole := elb.Listener{
		ID: id, Name: "web", LoadBalancerID: "b", Protocol: "HTTPS", Port: 443, Status: "ACTIVE", CertificateID: cert,
	}
	with := func(change func(*elb.Listener)) elb.Listener {
		changed := whole
		change(&changed)
		return changed
	}
	sni := func(ids ...string) elb.Listener { return with(func(l *elb.Listener) { l.SNI = ids }) }
	const common = `"id":"` + id + `","name":"web","loadbalancer_id":"b",` +
		`"protocol":"HTTPS","certificate_id":"` + cert + `"`
	const usual = common + `,"port":443,"status":"ACTIVE"`
	for name, row := range map[string]struct {
		body string
		want elb.Listener
	}{
		"certificates absent":          {usual, whole},
		"certificates null":            {usual + `,"certificates":null`, whole},
		"certificates an empty object": {usual + `,"certificates":{}`, whole},
		"certificates an empty array":  {usual + `,"certificates":[]`, whole},
		"certificates an empty string": {usual + `,"certificates":""`, sni()},
		"certificates an array":        {usual + `,"certificates":["a","b"]`, sni("a", "b")},
		"certificates a string":        {usual + `,"certificates":"a, b"`, sni("a", "b")},
		"certificates objects":         {usual + `,"certificates":[{"id":"a"}]`, sni("a")},
		"certificates a number":        {usual + `,"certificates":1`, whole},
		"port a string":                {common + `,"port":"443","status":"ACTIVE"`, whole},
		"port too large": {
			common + `,"port":70000,"status":"ACTIVE"`,
			with(func(l *elb.Listener) { l.Port = 0 }),
		},
		"port null": {
			common + `,"port":null,"status":"ACTIVE"`,
			with(func(l *elb.Listener) { l.Port = 0 }),
		},
		"port no number": {
			common + `,"port":{},"status":"ACTIVE"`,
			with(func(l *elb.Listener) { l.Port = 0 }),
		},
		"status absent":                {common + `,"port":443`, with(func(l *elb.Listener) { l.Status = "" })},
		"unknown fields, odd booleans": {usual + `,"x":[1],"tcp_draining":1,"admin_state_up":false`, whole},
		"null certificate_id, as HTTP": {
			`"id":"` + id + `","certificate_id":null,"protocol":"HTTP"`,
			elb.Listener{ID: id, Protocol: "HTTP"},
		},
		"ID in capitals, as the server": {`"id":"` + strings.ToUpper("a"+id[1:]) + `"`, elb.Listener{ID: "A" + id[1:]}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client := newClient(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				body := `{` + row.body + `}`
				if strings.HasSuffix(r.URL.Path, "/listeners") {
					body = `[` + body + `]`
				}
				responding(http.StatusOK, body).ServeHTTP(w, r)
			}))
			asked := strings.ToLower(row.want.ID)
			alone, err := client.GetListener(t.Context(), project, asked)
			check := func(how string, got elb.Listener, err error) {
				t.Helper()
				if len(got.SNI) == 0 {
					got.SNI = row.want.SNI
				}
				if err != nil || !reflect.DeepEqual(got, row.want) {
					t.Errorf("%s: got %+v, error %v, want %+v", how, got, err, row.want)
				}
			}
			check("alone", alone, err)
			read, err := client.ReadListener(t.Context(), project, elb.Listener{ID: asked}, elb.NoWrite)
			check("by the list", read, err)
			all, err := client.ListListeners(t.Context(), project)
			if len(all) != 1 {
				t.Fatalf("%d listeners, error %v", len(all), err)
			}
			check("in the list", all[0], err)
		})
	}
}

// TestGetListenerFails has the errors of a GET of a listener, and how a list decides them. Nothing counts as absence
// without proof, and no error mentions a certificate.
func TestGetListenerFails(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		fault  elbstub.Fault // of the GET
		list   elbstub.Fault
		listed bool
		gone   bool
		says   string
		lists  bool
	}{
		"404, and not listed":              {fault: elbstub.Reply(404, ""), gone: true, lists: true},
		"404 and a code, and not listed":   {fault: refusing(404, "ELB.8904"), gone: true, lists: true},
		"ELB.6030, and not listed":         {fault: refusing(400, "ELB.6030"), gone: true, lists: true},
		"503 and ELB.6002, and not listed": {fault: refusing(503, "ELB.6002"), gone: true, lists: true},
		"404, and listed": {
			fault:  elbstub.Reply(404, ""),
			listed: true,
			says:   "although the list of the project has the listener",
			lists:  true,
		},
		"404, and the list fails": {
			fault: elbstub.Reply(404, ""),
			list:  refusing(403, "ELB.9803"),
			says:  "it is not known whether the listener exists",
			lists: true,
		},
		"404, and the list is null": {
			fault: elbstub.Reply(404, ""),
			list:  elbstub.Reply(200, "null"),
			says:  "listing listeners of project " + project,
			lists: true,
		},
		"404, and the list is a page": {
			fault: elbstub.Reply(404, ""),
			list:  elbstub.Reply(200, "<html>"),
			says:  "it is not known whether the listener exists",
			lists: true,
		},
		"404, and the list has another status": {
			fault: elbstub.Reply(404, ""),
			list:  elbstub.Reply(203, "[]"),
			says:  "the status of a list must be 200",
			lists: true,
		},
		"404 and the list {} (assumed)": {
			fault: elbstub.Reply(404, ""),
			list:  elbstub.Reply(200, "{}"),
			gone:  true,
			lists: true,
		},
		"404 of the gateway": {
			fault: elbstub.Reply(404, `{"error_msg":"m","error_code":"APIGW.0101"}`),
			says:  "APIGW.0101",
		},
		"503 of the gateway": {fault: elbstub.Reply(503, "<html>"), says: "HTTP 503"},
		"a policy":           {fault: refusing(403, "ELB.9803"), says: "ELB.9803"},
		"a page": {
			fault:  elbstub.Reply(200, "<html>"),
			listed: true,
			says:   "not JSON",
		},
		"an empty object": {
			fault:  elbstub.Reply(200, "{}"),
			listed: true,
			says:   "the ID is missing",
		},
		"a name that is a number": {
			fault:  elbstub.Reply(200, `{"id":"1","name":5}`),
			listed: true,
			says:   ": name must not be a JSON number",
		},
		"something after the end": {
			fault:  elbstub.Reply(200, `{"id":"1"}{}`),
			listed: true,
			says:   "the JSON value is followed by other text",
		},
		"another listener's response": {
			fault:  elbstub.Reply(200, `{"id":"1"}`),
			listed: true,
			says:   "the response describes another listener, 1",
		},
		"an ID that cannot be one": {
			fault:  elbstub.Reply(200, `{"id":"\u001b[2J"}`),
			listed: true,
			says:   "the ID is not valid",
		},
		"ERROR": {
			fault:  elbstub.Reply(200, `{"id":"ID","status":"ERROR"}`),
			listed: true,
			says:   "the listener has the status ERROR",
		},
		"404, not listed by a list that is partial": {fault: elbstub.Cut(1), listed: true, says: "response"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := newListenerFixture(t, elbstub.Options{}, 1)
				if !row.listed {
					b.cloud.Remove(b.listener.ID)
				}
				b.cloud.ScriptEach(show, func(int) elbstub.Fault {
					return func(next elbstub.Next) elbstub.Response {
						response := row.fault(next)
						response.Body = []byte(strings.ReplaceAll(string(response.Body), `"ID"`, `"`+b.listener.ID+`"`))
						return response
					}
				})
				b.cloud.ScriptEach(listList, func(int) elbstub.Fault { return row.list })
				time.Sleep(time.Minute)
				_, err := b.client.GetListener(t.Context(), project, b.listener.ID)
				if err == nil || errors.Is(err, elb.ErrListenerNotFound) != row.gone ||
					!strings.Contains(err.Error(), row.says) {
					t.Errorf("error %v", err)
				}
				if err != nil && strings.Contains(err.Error(), "certificate") ||
					errors.Is(err, elb.ErrCertificateNotFound) {
					t.Errorf("the error speaks of a certificate: %v", err)
				}
				if lists := b.count(listList) > 0; lists != row.lists {
					t.Errorf("listed: %t, want %t", lists, row.lists)
				}
			})
		})
	}
}

// TestPendingListener: while the status is PENDING_…, the listener is awaited, up to the timeout.
func TestPendingListener(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		after  string // the status after a minute
		within time.Duration
		err    error
		says   string
	}{
		"then active":   {"ACTIVE", time.Hour, nil, ""},
		"then none":     {"", time.Hour, nil, ""},
		"then in error": {"ERROR", time.Hour, elb.ErrListenerFaulty, "the listener has the status ERROR"},
		"for too long": {
			"ACTIVE",
			30 * time.Second,
			context.DeadlineExceeded,
			`the status of the listener is still "PENDING_CREATE"`,
		},
		"and then hangs": {
			"hangs",
			90 * time.Second,
			context.DeadlineExceeded,
			`the status of the listener is still "PENDING_CREATE"`,
		},
		"then is missing": {"gone", time.Hour, elb.ErrListenerNotFound, "the listener does not exist"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := newListenerFixture(t, elbstub.Options{}, 0)
				change := func(status string) {
					b.cloud.ChangeListener(b.listener.ID, func(l *elbstub.Listener) { l.Status = status })
				}
				change("PENDING_CREATE")
				time.AfterFunc(time.Minute, func() {
					switch row.after {
					case "gone":
						b.cloud.Remove(b.listener.ID)
					case "hangs":
						b.cloud.ScriptEach(show, func(int) elbstub.Fault { return elbstub.Slow(time.Hour) })
					default:
						change(row.after)
					}
				})
				ctx, cancel := context.WithTimeout(t.Context(), row.within)
				defer cancel()
				started := time.Now()
				got, err := b.client.GetListener(ctx, project, b.listener.ID)
				if !errors.Is(err, row.err) || err != nil && !strings.Contains(err.Error(), row.says) {
					t.Errorf("error %v, want %v", err, row.err)
				}
				if row.err == nil && (got.Status != row.after || got.CertificateID != b.listener.CertificateID) {
					t.Errorf("got %+v", got)
				}
				if took := time.Since(started); took > row.within {
					t.Errorf("it took %s", took)
				}
				if calls := b.count(show); calls < 4 || calls > 80 {
					t.Errorf("%d GETs", calls)
				}
			})
		})
	}
}

// TestSwitchListener has the possible outcomes of a switch: the number of calls, and the
// result.
func TestSwitchListener(t *testing.T) {
	t.Parallel()
	const page = "<html><head><title>502 Bad Gateway</title></head></html>"
	type faults []elbstub.Fault // one for each call
	whole := func(certificate, more string) string {
		return `{"id":"ID","certificate_id":"` + certificate + `","protocol":"HTTPS"` + more + `}`
	}
	for name, row := range map[string]struct {
		options    elbstub.Options
		retries    int
		puts, gets faults
		every      bool // the last fault of a PUT applies to all later PUTs
		within     time.Duration
		calls      [2]int // PUTs and GETs; -1 is any number
		err        error
		fails      bool // with any other error
		says       string
		remains    bool // the listener keeps the old certificate
		lists      bool
	}{
		"200 and the whole listener (reference)": {calls: [2]int{1, 0}},
		"200 and a half (assumed)": {
			options: elbstub.Options{Dialect: elbstub.Dialect{Switch: elbstub.ModifyHalf}},
			calls:   [2]int{1, 1},
		},
		"202 (observed)": {
			options: elbstub.Options{Dialect: elbstub.Dialect{Switch: elbstub.ModifyAccepted}},
			calls:   [2]int{1, 1},
		},
		"204 (observed)": {
			options: elbstub.Options{Dialect: elbstub.Dialect{Switch: elbstub.ModifyNoContent}},
			calls:   [2]int{1, 1},
		},
		"another listener's response": {
			puts:  faults{elbstub.ReplyAfter(200, `{"id":"other","certificate_id":"NEXT","protocol":"HTTPS"}`)},
			calls: [2]int{1, 1},
		},
		"another certificate in the response": {
			puts:  faults{elbstub.ReplyAfter(200, whole("other", ""))},
			calls: [2]int{1, 1},
		},
		"the old certificate in the response": {
			puts:  faults{elbstub.ReplyAfter(200, whole("FIRST", ""))},
			calls: [2]int{1, 1},
		},
		"no protocol in the response": {
			puts:  faults{elbstub.ReplyAfter(200, `{"id":"ID","certificate_id":"NEXT"}`)},
			calls: [2]int{1, 1},
		},
		"no more than three fields": {
			puts:  faults{elbstub.ReplyAfter(200, whole("NEXT", ""))},
			calls: [2]int{1, 0},
		},
		"a page that says 200": {puts: faults{elbstub.ReplyAfter(200, page)}, calls: [2]int{1, 1}},
		"capitals in the response": {
			puts:  faults{elbstub.ReplyAfter(200, `{"id":"CAPITALS","certificate_id":"NEXT","protocol":"HTTPS"}`)},
			calls: [2]int{1, 0},
		},

		"PENDING_UPDATE, then ACTIVE": {options: elbstub.Options{UpdateTime: 10 * time.Second}, calls: [2]int{1, 5}},
		"PENDING_UPDATE for too long": {
			options: elbstub.Options{UpdateTime: time.Hour}, calls: [2]int{1, -1},
			err: elb.ErrNotShown, says: `the status of the listener is still "PENDING_UPDATE"`,
		},
		"ERROR in the response": {
			puts:  faults{elbstub.ReplyAfter(200, whole("NEXT", `,"status":"ERROR"`))},
			calls: [2]int{1, 0},
			err:   elb.ErrListenerFaulty,
		},
		"ERROR when it is read back": {
			puts:  faults{elbstub.ReplyAfter(202, "")},
			gets:  faults{elbstub.Reply(200, whole("NEXT", `,"status":"ERROR"`))},
			calls: [2]int{1, 1},
			err:   elb.ErrListenerFaulty,
		},
		"accepted, and shown late": {puts: faults{elbstub.Accept(20 * time.Second)}, calls: [2]int{1, 6}},
		"accepted, and done, and shown late": {
			puts:  faults{elbstub.ReplyAfter(202, "")},
			gets:  faults{elbstub.See(elbstub.View{Lag: 5 * time.Second})},
			calls: [2]int{1, 2},
		},
		"accepted, and not shown": {
			puts: faults{elbstub.Reply(202, "")}, calls: [2]int{1, -1}, remains: true,
			err: elb.ErrNotShown, says: "the listener has the certificate",
		},
		"accepted, and no read works": {
			puts: faults{
				elbstub.ReplyAfter(202, ""),
			}, gets: faults{refusing(403, "ELB.9803")}, every: true, calls: [2]int{1, -1},
			err: elb.ErrNotShown, says: "ELB.9803",
		},
		"accepted, and the first reads fail": {
			puts: faults{elbstub.ReplyAfter(204, "")}, calls: [2]int{1, 6}, lists: true,
			gets: faults{
				refusing(500, "x"),
				elbstub.Refuse(),
				elbstub.Reply(200, page),
				elbstub.Reply(200, `{"id":"1"}`),
				elbstub.Reply(404, ""),
			},
		},

		"lost":                    {retries: 2, puts: faults{elbstub.Drop()}, calls: [2]int{2, 0}},
		"lost, with no other try": {puts: faults{elbstub.Drop()}, calls: [2]int{1, 1}},
		"lost before it was done": {
			puts:    faults{elbstub.Refuse()},
			calls:   [2]int{1, 3},
			says:    "connection",
			remains: true,
			fails:   true,
		},
		"cut":                    {retries: 2, puts: faults{elbstub.Cut(9)}, calls: [2]int{2, 0}},
		"cut, with no other try": {puts: faults{elbstub.Cut(9)}, calls: [2]int{1, 1}},
		"cut, and shown late": {
			puts:  faults{elbstub.Cut(9)},
			gets:  faults{elbstub.See(elbstub.View{Lag: 5 * time.Second})},
			calls: [2]int{1, 2},
		},
		"cut, and pending for longer than lists lag": {
			options: elbstub.Options{UpdateTime: 20 * time.Second},
			puts:    faults{elbstub.Cut(9)},
			calls:   [2]int{1, 6},
		},
		"cut, then refused": {
			retries: 2,
			puts:    faults{elbstub.Cut(9), refusing(400, "ELB.1001")},
			calls:   [2]int{2, 0},
			fails:   true,
			says:    "ELB.1001",
		},
		"cut, then lost": {
			retries: 1,
			puts:    faults{elbstub.Cut(9), elbstub.Refuse()},
			calls:   [2]int{2, 1},
		},
		"504, done, and shown late": {
			puts:  faults{elbstub.ReplyAfter(504, page)},
			gets:  faults{elbstub.See(elbstub.View{Lag: 5 * time.Second})},
			every: true,
			calls: [2]int{1, 1},
		},
		"a page that says 200, done, and shown late": {
			puts:  faults{elbstub.ReplyAfter(200, page)},
			gets:  faults{elbstub.See(elbstub.View{Lag: 5 * time.Second})},
			every: true,
			calls: [2]int{1, 1},
		},
		"lost, done, and shown after a failed read": {
			puts:  faults{elbstub.Drop()},
			gets:  faults{refusing(500, "x")},
			calls: [2]int{1, 2},
		},
		"504, and done":  {puts: faults{elbstub.ReplyAfter(504, page)}, calls: [2]int{1, 1}},
		"500, and done":  {retries: 2, puts: faults{elbstub.ReplyAfter(500, page)}, calls: [2]int{1, 1}},
		"503, then done": {retries: 2, puts: faults{elbstub.Reply(503, page)}, calls: [2]int{2, 0}},
		"500, and not done": {
			puts:    faults{refusing(500, "authFault")},
			calls:   [2]int{1, 3},
			fails:   true,
			says:    "authFault",
			remains: true,
		},
		"500, done, and then in error": {
			puts:  faults{elbstub.ReplyAfter(500, page)},
			gets:  faults{elbstub.Reply(200, whole("NEXT", `,"status":"ERROR"`))},
			calls: [2]int{1, 1},
			fails: true,
			says:  "HTTP 500",
		},
		"409 three times": {
			puts:  faults{elbstub.Reply(409, ""), refusing(409, "ELB.8907"), elbstub.Reply(409, "")},
			calls: [2]int{4, 0},
		},
		"409 for ever": {
			puts:    faults{elbstub.Reply(409, "")},
			every:   true,
			calls:   [2]int{8, 0},
			err:     context.DeadlineExceeded,
			says:    "HTTP 409",
			remains: true,
		},
		"throttled five times": {
			puts: faults{
				elbstub.Throttle(""),
				elbstub.Throttle("1"),
				elbstub.Throttle(""),
				elbstub.Throttle("20"),
				elbstub.Throttle(""),
			},
			calls: [2]int{6, 0},
		},
		"throttled for ever": {
			puts:    faults{elbstub.Throttle("")},
			every:   true,
			calls:   [2]int{-1, 0},
			err:     context.DeadlineExceeded,
			says:    "HTTP 429",
			remains: true,
		},
		"no such certificate": {
			puts:    faults{refusing(400, "ELB.1001")},
			calls:   [2]int{1, 0},
			fails:   true,
			says:    "ELB.1001",
			remains: true,
		},
		"no such certificate, by code": {
			puts:    faults{refusing(404, "ELB.5040")},
			calls:   [2]int{1, 0},
			fails:   true,
			says:    "ELB.5040",
			remains: true,
		},
		"a policy": {
			puts:    faults{refusing(403, "ELB.9803")},
			calls:   [2]int{1, 0},
			fails:   true,
			says:    "ELB.9803",
			remains: true,
		},
		"404 of the gateway": {
			puts:    faults{refusing(404, "APIGW.0101")},
			calls:   [2]int{1, 0},
			fails:   true,
			says:    "APIGW.0101",
			remains: true,
		},
		"404, but listed": {
			puts:    faults{elbstub.Reply(404, "")},
			calls:   [2]int{1, 0},
			fails:   true,
			says:    "although the list of the project has the listener",
			remains: true,
			lists:   true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := newListenerFixture(t, row.options, row.retries)
				texts := strings.NewReplacer(
					"CAPITALS",
					strings.ToUpper(b.listener.ID),
					"ID",
					b.listener.ID,
					"NEXT",
					b.next,
					"FIRST",
					b.listener.CertificateID,
				)
				choose := func(all faults) func(int) elbstub.Fault {
					return func(nth int) elbstub.Fault {
						if row.every {
							nth = min(nth, len(all))
						}
						if nth > len(all) || nth == 0 {
							return nil
						}
						return func(next elbstub.Next) elbstub.Response {
							response := all[nth-1](next)
							response.Body = []byte(texts.Replace(string(response.Body)))
							return response
						}
					}
				}
				b.cloud.ScriptEach(put, choose(row.puts))
				b.cloud.ScriptEach(show, choose(row.gets))
				within := 2 * time.Minute
				started := time.Now()
				got, err := b.switchToNext(t, within)
				if took := time.Since(started); took > within+time.Second {
					t.Errorf("it took %s", took)
				}
				fails := row.fails || row.err != nil
				if (err != nil) != fails || row.err != nil && !errors.Is(err, row.err) {
					t.Fatalf("error %v, want %v", err, row.err)
				}
				if err != nil && !strings.Contains(err.Error(), row.says) || errors.Is(err, elb.ErrListenerNotFound) {
					t.Errorf("error %v, want %q", err, row.says)
				}
				want := b.listener
				want.CertificateID = b.next
				if got.Status = want.Status; err == nil && !reflect.DeepEqual(lowered(got), want) {
					t.Errorf("got %+v, want %+v", got, want)
				}
				if remains := b.serves() == b.listener.CertificateID; remains != row.remains {
					t.Errorf("it serves %s", b.serves())
				}
				for i, operation := range []elbstub.Operation{put, show} {
					if n := b.count(operation); row.calls[i] >= 0 && n != row.calls[i] {
						t.Errorf("%d calls to %s, want %d", n, operation, row.calls[i])
					}
				}
				if lists := b.count(listList) > 0; lists != row.lists {
					t.Errorf("the listeners were listed: %t", lists)
				}
				for _, call := range b.cloud.Journal(put) { // nothing but the ID is ever sent
					if call.ID != b.listener.ID || call.Body != `{"certificate_id":"`+b.next+`"}` {
						t.Errorf("there was %s %s", call.Path, call.Body)
					}
				}
			})
		})
	}
}

// TestSwitchToANewCertificate: a backend of listeners may not know a certificate immediately
// after it was created (assumed). A certificate of another process is not waited for.
func TestSwitchToANewCertificate(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		lag           time.Duration
		noCertificate elbstub.Refusal
		ours          bool
		puts          int
		fails         bool
	}{
		"known at once": {ours: true, puts: 1},
		"known late":    {lag: 4 * time.Second, ours: true, puts: 4},
		"known late, by ELB.5040": {
			lag:           4 * time.Second,
			noCertificate: elbstub.NoCertificate5040,
			ours:          true,
			puts:          4,
		},
		"never known":                {lag: time.Hour, ours: true, puts: 4, fails: true},
		"not created by this client": {lag: 4 * time.Second, puts: 1, fails: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				options := elbstub.Options{
					CertificateLag: row.lag,
					Dialect:        elbstub.Dialect{NoCertificate: row.noCertificate},
				}
				b := newListenerFixture(t, options, 0)
				b.next = b.cloud.Add(elbstub.Certificate{ProjectID: project})
				if row.ours {
					created, err := b.client.CreateCertificate(t.Context(), project, newCertificate(t))
					if err != nil {
						t.Fatal(err)
					}
					b.next = created.ID
				}
				_, err := b.switchToNext(t, time.Minute)
				if (err != nil) != row.fails || (b.serves() == b.next) == row.fails {
					t.Errorf("error %v; it serves %s, and is switched to %s", err, b.serves(), b.next)
				}
				if err != nil && httpapi.RefusalOf(err) == nil {
					t.Errorf("%v is not the refusal", err)
				}
				if puts := b.count(put); puts != row.puts {
					t.Errorf("%d PUTs, want %d", puts, row.puts)
				}
			})
		})
	}
}

// TestDeniedSwitchToANewCertificate: a switch that the gateway or a policy denies is not repeated, however new the
// certificate is.
func TestDeniedSwitchToANewCertificate(t *testing.T) {
	t.Parallel()
	for _, code := range []string{"ELB.9802", "APIGW.0302", "APIG.0302"} {
		synctest.Test(t, func(t *testing.T) {
			b := newListenerFixture(t, elbstub.Options{}, 0)
			b.next = create(t, b.client).ID
			b.cloud.ScriptEach(put, func(int) elbstub.Fault { return refusing(403, code) })
			if _, err := b.switchToNext(t, time.Minute); err == nil || b.count(put) != 1 {
				t.Errorf("%s: %d PUTs, %v", code, b.count(put), err)
			}
		})
	}
}

// TestSwitchKeepsWhatIsKnown: a response with three fields is enough; the others keep their known values.
func TestSwitchKeepsWhatIsKnown(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newListenerFixture(t, elbstub.Options{}, 0)
		known := b.listener
		known.SNI = []string{"further"}
		b.cloud.Script(put, 1, elbstub.ReplyAfter(200,
			`{"id":"`+known.ID+`","certificate_id":"`+b.next+`","protocol":"HTTPS"}`))
		got, err := b.client.SwitchListener(t.Context(), project, known, b.next)
		known.CertificateID, known.Status = b.next, ""
		if err != nil || !reflect.DeepEqual(got, known) {
			t.Errorf("got %+v, error %v, want %+v", got, err, known)
		}
	})
}

// TestSwitchNeedsTheCertificateOfAResponse: a response without the certificate shows no switch, even if the listener
// had the new certificate when it was last read, by a GET that lags.
func TestSwitchNeedsTheCertificateOfAResponse(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newListenerFixture(t, elbstub.Options{}, 0)
		partial := elbstub.Reply(200, `{"id":"`+b.listener.ID+`","protocol":"HTTPS"}`)
		b.cloud.ScriptEach(put, func(int) elbstub.Fault { return partial })
		b.cloud.ScriptEach(show, func(int) elbstub.Fault { return partial })
		b.listener.CertificateID = b.next
		if _, err := b.switchToNext(t, time.Minute); !errors.Is(err, elb.ErrNotShown) {
			t.Errorf("error %v", err)
		}
	})
}

// TestSwitchBelievesAnEmptyField: a field in the response counts even if it is empty.
func TestSwitchBelievesAnEmptyField(t *testing.T) {
	t.Parallel()
	for name, sni := range map[string]string{"array": "[]", "object": "{}", "text": `""`, "null": "null"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := newListenerFixture(t, elbstub.Options{}, 0)
				known := b.listener
				known.SNI = []string{"former"}
				b.cloud.Script(put, 1, elbstub.ReplyAfter(200, `{"id":"`+known.ID+`","name":"","certificates":`+sni+
					`,"certificate_id":"`+b.next+`","protocol":"HTTPS"}`))
				got, err := b.client.SwitchListener(t.Context(), project, known, b.next)
				if err != nil || got.Name != "" || len(got.SNI) > 0 || got.Port != known.Port {
					t.Errorf("got %+v, error %v", got, err)
				}
			})
		})
	}
}

// lowered returns a listener with its ID in lower case, and with nil for empty SNI.
func lowered(l elb.Listener) elb.Listener {
	l.ID = strings.ToLower(l.ID)
	if len(l.SNI) == 0 {
		l.SNI = nil
	}
	return l
}

// TestSwitchMissingListener: a list decides for each error response that may mean that a
// listener is missing.
func TestSwitchMissingListener(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]elbstub.Fault{
		"404":              elbstub.Reply(404, ""),
		"404 and a code":   refusing(404, "ELB.8904"),
		"ELB.6030":         refusing(400, "ELB.6030"),
		"503 and ELB.6002": refusing(503, "ELB.6002"),
	} {
		for _, then := range []string{"not listed", "listed late", "gone meanwhile"} {
			t.Run(name+", "+then, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					b := newListenerFixture(t, elbstub.Options{}, 1)
					if then == "gone meanwhile" { // the listener is missing when it is read back
						b.cloud.Script(put, 1, elbstub.ReplyAfter(202, ""))
						b.cloud.ScriptEach(show, func(int) elbstub.Fault { return fault })
					} else {
						b.cloud.ScriptEach(put, func(int) elbstub.Fault { return fault })
					}
					b.cloud.Remove(b.listener.ID)
					if then == "listed late" {
						b.cloud.ScriptEach(
							listList,
							func(int) elbstub.Fault { return elbstub.See(elbstub.View{Lag: 4 * time.Second}) },
						)
					}
					_, err := b.switchToNext(t, time.Minute)
					isOther := errors.Is(err, elb.ErrCertificateNotFound) || errors.Is(err, elb.ErrNotShown)
					if !errors.Is(err, elb.ErrListenerNotFound) || isOther {
						t.Errorf("error %v", err)
					}
					// From now on, the cache knows that it does not exist.
					lists := b.count(listList)
					_, err = b.client.ReadListener(t.Context(), project, b.listener, elb.NoWrite)
					if !errors.Is(err, elb.ErrListenerNotFound) {
						t.Errorf("read: error %v", err)
					}
					if b.count(listList) != lists {
						t.Error("it was listed again")
					}
				})
			})
		}
	}
}

// TestSwitchEndsWithItsContext: a switch ends with its context, whatever it is doing.
func TestSwitchEndsWithItsContext(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		fault elbstub.Fault
		shown error
	}{
		"a response":          {elbstub.Slow(time.Hour), nil},
		"another try":         {elbstub.Reply(409, ""), nil},
		"a throttled service": {elbstub.Throttle("60"), nil},
		"the change":          {elbstub.Accept(time.Hour), elb.ErrNotShown},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := newListenerFixture(t, elbstub.Options{}, 5)
				b.cloud.ScriptEach(put, func(int) elbstub.Fault { return row.fault })
				ctx, cancel := context.WithCancel(t.Context())
				time.AfterFunc(10*time.Second, cancel)
				started := time.Now()
				_, err := b.client.SwitchListener(ctx, project, b.listener, b.next)
				if !errors.Is(err, context.Canceled) || row.shown != nil && !errors.Is(err, row.shown) ||
					time.Since(started) > 11*time.Second {
					t.Errorf("error %v after %s", err, time.Since(started))
				}
				calls := len(b.cloud.Journal())
				time.Sleep(10 * time.Minute)
				if later := len(b.cloud.Journal()); later != calls {
					t.Errorf("%d calls after the cancellation", later-calls)
				}
			})
		})
	}
}

// TestTwoSwitchesAtOnce: two switches of a listener run one after the other, so that each sees its own change. One that
// is cancelled while it waits sends nothing.
func TestTwoSwitchesAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newListenerFixture(t, elbstub.Options{Dialect: elbstub.Dialect{Switch: elbstub.ModifyAccepted}}, 0)
		b.cloud.ScriptEach(show, func(int) elbstub.Fault { return elbstub.Slow(5 * time.Second) })
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		var all sync.WaitGroup
		for _, certificate := range []string{b.next, b.listener.CertificateID, b.next} {
			all.Go(func() {
				_, err := b.client.SwitchListener(ctx, project, b.listener, certificate)
				if err != nil {
					t.Errorf("to %s: %v", certificate, err)
				}
			})
		}
		time.Sleep(time.Second)
		soon, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := b.client.SwitchListener(soon, project, b.listener, "none")
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("one that waits: error %v", err)
		}
		all.Wait()
		if puts := b.count(put); puts != 3 {
			t.Errorf("%d PUTs", puts)
		}
	})
}

// TestListenersAreListedTogether: all reads at the same time use one list, and our own writes overlay lists that lag.
func TestListenersAreListedTogether(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newListenerFixture(t, elbstub.Options{}, 0)
		var known []elb.Listener
		for range 200 {
			id := b.cloud.AddListener(elbstub.Listener{ProjectID: project, CertificateID: b.next})
			known = append(known, elb.Listener{ID: id, CertificateID: b.next})
		}
		time.Sleep(time.Minute)
		b.cloud.ScriptEach(listList, func(int) elbstub.Fault { return elbstub.See(elbstub.View{Lag: 3 * time.Second}) })
		var all sync.WaitGroup
		for _, l := range known {
			all.Go(func() {
				if got, err := b.client.ReadListener(t.Context(), project, l, elb.NoWrite); err != nil ||
					got.CertificateID != b.next {
					t.Errorf("got %+v, %v", got, err)
				}
			})
		}
		all.Wait()
		if lists := b.count(listList); lists != 1 {
			t.Errorf("%d lists", lists)
		}

		if _, err := b.switchToNext(t, time.Minute); err != nil {
			t.Fatal(err)
		}
		got, err := b.client.ReadListener(t.Context(), project, b.listener, elb.NoWrite)
		if err != nil || got.CertificateID != b.next || got.Name != "https" {
			t.Errorf("after the switch, a read has %+v, %v", got, err)
		}
		listed, err := b.client.ListListeners(t.Context(), project)
		if err != nil || len(listed) != 201 {
			t.Fatalf("%d listeners, %v", len(listed), err)
		}
		for _, l := range listed {
			if l.CertificateID != b.next {
				t.Errorf("the list shows %+v", l)
			}
		}

		// A failed switch expires the cached list.
		b.cloud.ScriptEach(listList, func(int) elbstub.Fault { return nil })
		lists := b.count(listList)
		b.cloud.Script(put, 1, refusing(403, "ELB.9803"))
		time.Sleep(4 * time.Second)
		if _, err := b.client.ListListeners(t.Context(), project); err != nil || b.count(listList) != lists {
			t.Errorf("%d lists before the switch, %v", b.count(listList)-lists, err)
		}
		if _, err := b.switchToNext(t, time.Minute); err == nil {
			t.Error("a refused switch has no error")
		}
		if _, err := b.client.ListListeners(t.Context(), project); err != nil || b.count(listList) != lists+1 {
			t.Errorf("%d lists after the switch, %v", b.count(listList)-lists, err)
		}
	})
}

// TestListenerOfTheEarlierRun: while lists may lag behind the write of an earlier run, a list with the old certificate
// is repeated.
func TestListenerOfTheEarlierRun(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		sinceWrite time.Duration
		found      bool
	}{
		"just now":          {0, true},
		"long ago":          {time.Minute, false},
		"never":             {elb.NoWrite, false},
		"far in the future": {-time.Hour, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := newListenerFixture(t, elbstub.Options{}, 0)
				known := []elb.Listener{b.listener, {CertificateID: b.next}}
				known[0].CertificateID = b.next
				b.cloud.ChangeListener(b.listener.ID, func(l *elbstub.Listener) { l.CertificateID = b.next })
				known[1].ID = b.cloud.AddListener(elbstub.Listener{ProjectID: project, CertificateID: b.next})
				b.cloud.ScriptEach(
					listList,
					func(int) elbstub.Fault { return elbstub.See(elbstub.View{Lag: 4 * time.Second}) },
				)
				var all sync.WaitGroup
				for _, l := range known {
					all.Go(func() {
						l.ID = strings.ToUpper(l.ID)
						l.CertificateID = strings.ToUpper(l.CertificateID)
						got, err := b.client.ReadListener(t.Context(), project, l, row.sinceWrite)
						if found := err == nil && got.CertificateID == b.next; found != row.found {
							t.Errorf("got %+v, %v", got, err)
						}
						if err != nil && !errors.Is(err, elb.ErrListenerNotFound) {
							t.Error(err)
						}
					})
				}
				all.Wait()
			})
		})
	}
}

// TestListErrorsNameTheListeners: no error of a list of listeners mentions certificates.
func TestListErrorsNameTheListeners(t *testing.T) {
	t.Parallel()
	endless := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `[`)
		for {
			if _, err := io.WriteString(w, `{"id":"1"`+strings.Repeat(" ", 1<<20)+`},`); err != nil {
				return
			}
		}
	})
	for name, row := range map[string]struct {
		server http.Handler
		says   string
	}{
		"a refusal": {
			responding(403, `{"error":{"message":"m","code":"ELB.9803"}}`),
			"listing listeners of project " + project + ": m",
		},
		"null": {
			responding(200, `null`),
			"listing listeners of project " + project + ": the API returned 0 listeners",
		},
		"another status": {responding(206, `[]`), "the status of a list must be 200"},
		"too large":      {endless, "the list of listeners of project " + project + " is larger than 64 MiB"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client := newClient(t, row.server)
			_, listErr := client.ListListeners(t.Context(), project)
			_, readErr := client.ReadListener(t.Context(), project, elb.Listener{ID: "1"}, elb.NoWrite)
			for how, err := range map[string]error{"list": listErr, "read": readErr} {
				if err == nil || !strings.Contains(err.Error(), row.says) ||
					strings.Contains(err.Error(), "certificate") || errors.Is(err, elb.ErrListenerNotFound) {
					t.Errorf("%s: error %v, want %q", how, err, row.says)
				}
			}
		})
	}
}

// TestKeptCertificate: the deletion of a certificate that a listener keeps fails immediately.
func TestKeptCertificate(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		keep    func(b listenerFixture, other string)
		deletes int
		kept    bool
		deleted bool
	}{
		"by all that hold it": {keep: func(b listenerFixture, other string) {
			b.client.KeepCertificate(project, strings.ToUpper(b.listener.ID))
			b.client.KeepCertificate(strings.ToUpper(project), other)
		}, deletes: 1, kept: true},
		"by one of two": {keep: func(b listenerFixture, _ string) {
			b.client.KeepCertificate(project, b.listener.ID)
		}, deletes: 1, kept: true},
		"by the other of two": {keep: func(b listenerFixture, other string) {
			b.client.KeepCertificate(project, other)
		}, deletes: 1, kept: true},
		"by none": {keep: func(listenerFixture, string) {}, deletes: 8},
		"in another project": {keep: func(b listenerFixture, other string) {
			b.client.KeepCertificate("another", b.listener.ID)
			b.client.KeepCertificate("another", other)
		}, deletes: 8},
		"until they were switched": {keep: func(b listenerFixture, other string) {
			for _, id := range []string{b.listener.ID, other} {
				b.client.KeepCertificate(project, id)
				_, err := b.client.SwitchListener(context.Background(), project, elb.Listener{ID: id}, b.next)
				if err != nil {
					panic(err)
				}
				b.cloud.ChangeListener(id, func(l *elbstub.Listener) { l.CertificateID = b.listener.CertificateID })
			}
		}, deletes: 8},
		"and a switch that fails ends nothing": {keep: func(b listenerFixture, other string) {
			b.client.KeepCertificate(project, b.listener.ID)
			b.client.KeepCertificate(project, other)
			_, _ = b.client.SwitchListener(context.Background(), project, b.listener, "none")
		}, deletes: 1, kept: true},
		"until they were released": {keep: func(b listenerFixture, other string) {
			for _, id := range []string{b.listener.ID, other} {
				b.client.KeepCertificate(project, id)
				b.client.ReleaseCertificate(strings.ToUpper(project), strings.ToUpper(id))
			}
		}, deletes: 8},
		"by one that has let go of it": {keep: func(b listenerFixture, other string) {
			b.client.KeepCertificate(project, b.listener.ID)
			b.client.KeepCertificate(project, other)
			b.cloud.Remove(b.listener.ID)
			b.cloud.Remove(other)
		}, deletes: 1, deleted: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := newListenerFixture(t, elbstub.Options{}, 0)
				other := b.cloud.AddListener(elbstub.Listener{
					ProjectID: project, CertificateID: b.listener.CertificateID,
				})
				row.keep(b, other)
				err := deleteWithin(t, b.client, b.listener.CertificateID, 2*time.Minute)
				var inUse *elb.InUseError
				if errors.As(err, &inUse) == row.deleted {
					t.Fatalf("error %v", err)
				}
				if inUse != nil && (inUse.Kept != row.kept || len(inUse.Listeners) != 2) {
					t.Errorf("kept: %t, by %+v", inUse.Kept, inUse.Listeners)
				}
				if deletes := b.count(elbstub.DeleteCertificate); deletes != row.deletes {
					t.Errorf("%d DELETEs, want %d", deletes, row.deletes)
				}
			})
		})
	}
}

// TestWhatIsKnownOfCertificates: what is known of a certificate comes from the lists and the Create calls of this
// process, without a call.
func TestWhatIsKnownOfCertificates(t *testing.T) {
	t.Parallel()
	cloud, client := newCloud(t)
	check := func(when, id, inProject string, missing bool) {
		t.Helper()
		got, known := client.KnownProjectOf(strings.ToUpper(id), "")
		if got != inProject || known != (inProject != "") {
			t.Errorf("%s: it is known of project %q: %t", when, got, known)
		}
		if got := client.KnownMissing(project, strings.ToUpper(id)); got != missing {
			t.Errorf("%s: it is known to be missing: %t", when, got)
		}
	}
	theirs := cloud.Add(elbstub.Certificate{ProjectID: project})
	check("before any call", theirs, "", false)
	if _, err := client.ListCertificates(t.Context(), project); err != nil {
		t.Fatal(err)
	}
	check("listed", theirs, project, false)
	late := cloud.Add(elbstub.Certificate{ProjectID: project})
	check("made after the list", late, "", true)
	ours := create(t, client)
	calls := len(cloud.Journal())
	check("created", ours.ID, project, false)
	if got := client.KnownMissing("another", ours.ID); got {
		t.Error("it is known to be missing in a project that was never listed")
	}
	if len(cloud.Journal()) != calls {
		t.Error("something was called")
	}
	if err := deleteWithin(t, client, ours.ID, time.Minute); err != nil {
		t.Fatal(err)
	}
	check("deleted", ours.ID, "", true)

	// A created certificate is known even if it could not be read back.
	cloud.Script(elbstub.CreateCertificate, 1, elbstub.Cut(50))
	cloud.ScriptEach(elbstub.ListCertificates, func(int) elbstub.Fault { return refusing(403, "ELB.9803") })
	created, err := client.CreateCertificate(t.Context(), project, newCertificate(t))
	if err == nil || created.ID == "" {
		t.Fatalf("created %q, error %v", created.ID, err)
	}
	check("created, and not read", created.ID, project, false)

	incomplete := newClient(t, responding(http.StatusOK, `{"certificates":[{"id":"1"}],"instance_num":"2"}`))
	_, _ = incomplete.ListCertificates(t.Context(), project)
	if _, known := incomplete.KnownProjectOf("1", ""); !known || incomplete.KnownMissing(project, "2") {
		t.Error("an incomplete list proves that something is missing, or not that something exists")
	}
}

// oftenFault returns a fault of a call for listeners or, most of the time, none.
func oftenFault(random *rand.Rand, operation elbstub.Operation) elbstub.Fault {
	milliseconds := func(most int) time.Duration { return time.Duration(random.IntN(most)) * time.Millisecond }
	status := []int{500, 502, 503, 504}[random.IntN(4)]
	said := []string{`{"error":{"message":"out of order","code":"ELB.9999"}}`, "<html></html>"}[random.IntN(2)]
	faults := []elbstub.Fault{
		elbstub.Reply(status, said), elbstub.ReplyAfter(status, said), elbstub.Reply(200, "<html></html>"),
		elbstub.Reply(200, `{"error_msg":"out of order","error_code":"ELB.9999"}`), elbstub.Refuse(), elbstub.Drop(),
		elbstub.Cut(random.IntN(200)), elbstub.Throttle(""), elbstub.Throttle("2"), elbstub.Slow(milliseconds(20_000)),
	}
	if operation == put {
		faults = append(faults, elbstub.Accept(milliseconds(3000)), elbstub.Accept(milliseconds(3000)))
	} else {
		view := elbstub.See(elbstub.View{Lag: milliseconds(3000)})
		faults = append(faults, view, view, view)
	}
	if random.IntN(100) >= 30 {
		return nil
	}
	return faults[random.IntN(len(faults))]
}

// TestRandomSwitches switches several listeners while calls fail at random, with every dialect. A switch that
// succeeds was carried out, and reads show it.
func TestRandomSwitches(t *testing.T) {
	t.Parallel()
	for seed := range uint64(4 * elbstub.Dialects) {
		t.Run(strconv.FormatUint(seed, 10), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				dialect := elbstub.NewDialect(int(seed % elbstub.Dialects))
				cloud, client := cloudInBubble(
					t,
					elbstub.Options{Dialect: dialect, UpdateTime: time.Duration(seed%3) * time.Second},
					5,
				)
				random := rand.New(rand.NewPCG(seed, 0))
				for _, operation := range []elbstub.Operation{put, show, listList} {
					cloud.ScriptEach(operation, func(int) elbstub.Fault { return oftenFault(random, operation) })
				}
				ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
				defer cancel()
				var all sync.WaitGroup
				for range 5 {
					known := elb.Listener{
						ID:       cloud.AddListener(elbstub.Listener{ProjectID: project, Name: "x"}),
						Protocol: "HTTPS",
					}
					all.Go(func() {
						time.Sleep(time.Minute)
						for range 4 {
							// If a switch is sent twice, the listener may show the first request while the second is
							// still to be carried out, which would undo the next switch.
							time.Sleep(3 * time.Second)
							certificate := cloud.Add(elbstub.Certificate{ProjectID: project})
							_, err := client.SwitchListener(ctx, project, known, certificate)
							if err != nil {
								t.Logf("not done: %v", err)
								continue
							}
							for _, l := range cloud.Listeners(project) {
								if l.ID == known.ID && l.CertificateID != certificate {
									t.Errorf("it serves %s, want %s", l.CertificateID, certificate)
								}
							}
							known.CertificateID = certificate
							if got, err := client.ReadListener(ctx, project, known, 0); err == nil &&
								got.CertificateID != certificate {
								t.Errorf("it is read with %s, want %s", got.CertificateID, certificate)
							}
						}
					})
				}
				all.Wait()
				for _, call := range cloud.Journal() {
					if call.Method != http.MethodGet && call.Operation != put {
						t.Errorf("there was %s %s", call.Method, call.Path)
					}
				}
			})
		})
	}
}
