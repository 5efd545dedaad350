package elbstub

import (
	"cmp"
	"errors"
	"hash/fnv"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// A Fault stands between a call and its answer. It may call answer, which
// carries the call out, or not, and returns what the client gets.
type Fault func(answer Answer) Response

// An Answer carries a call out. A list may be given a View.
type Answer func(...View) Response

// A View is how a list sees the certificates or the listeners, or a call the listener that
// it shows.
type View struct {
	// Lag is how old what it sees is (observed: up to a few seconds).
	Lag time.Duration
	// Hidden is how many certificates, the oldest, a list lacks, though it counts them
	// (assumed).
	Hidden int
}

type scriptedFault struct {
	operation Operation
	after     int // calls of the operation that are answered as usual before
	fault     Fault
}

// Script lets fault answer the nth call of operation from now; 1 is the next.
func (c *Cloud) Script(operation Operation, nth int, fault Fault) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.scripted = append(c.scripted, scriptedFault{operation: operation, after: nth - 1, fault: fault})
}

// ScriptEach lets choose say which fault answers each call of operation from now;
// nth is 1 for the next, and nil answers as usual. A fault of Script comes first.
// choose runs while the Cloud is locked, so it must not call it; its faults may.
func (c *Cloud) ScriptEach(operation Operation, choose func(nth int) Fault) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.choices[operation] = &choice{choose: choose}
}

// A choice chooses the faults of an operation, and counts its calls.
type choice struct {
	choose func(nth int) Fault
	calls  int
}

// nextFault takes the fault that is due for a call of operation. Without one
// the call is answered as usual.
func (c *Cloud) nextFault(operation Operation) Fault {
	c.mu.Lock()
	defer c.mu.Unlock()
	asUsual := func(answer Answer) Response { return answer() }
	chosen, choosing := c.choices[operation]
	if choosing {
		chosen.calls++
	}
	due := -1
	for i := range c.scripted {
		if c.scripted[i].operation != operation {
			continue
		}
		if c.scripted[i].after == 0 && due < 0 {
			due = i
			continue
		}
		c.scripted[i].after = max(0, c.scripted[i].after-1)
	}
	if due >= 0 {
		fault := c.scripted[due].fault
		c.scripted = slices.Delete(c.scripted, due, due+1)
		return fault
	}
	if choosing {
		if fault := chosen.choose(chosen.calls); fault != nil {
			return fault
		}
		return asUsual
	}
	if following := c.following[operation]; len(following) > 0 {
		c.following[operation] = following[1:]
		return following[0]
	}
	if random := c.chance(operation); random != nil {
		return c.anyFault(operation, random)
	}
	return asUsual
}

// A Storm lets calls fail by chance. The same seed has the same faults: each is
// derived from the seed, the operation, and how often that was called since.
type Storm struct {
	Seed uint64
	// Percent is how many calls of a hundred have a fault.
	Percent int
	// Mild lets creations alone fail. Each of them is carried out at once or not at all,
	// and is answered within 4 s or not at all.
	Mild bool
	// Late lets some creations of a mild one be carried out up to 8 s after a response
	// that does not say so.
	Late bool
}

// Disturb begins a Storm, or ends it with a Percent of 0.
func (c *Cloud) Disturb(storm Storm) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.storm, c.attempts, c.following = storm, map[Operation]uint64{}, map[Operation][]Fault{}
}

// chance returns what the fault of a call is chosen with, or nil if it has none.
func (c *Cloud) chance(operation Operation) *rand.Rand {
	if c.storm.Percent == 0 || c.storm.Mild && operation != CreateCertificate {
		return nil
	}
	c.attempts[operation]++
	hash := fnv.New64a()
	_, _ = hash.Write([]byte(operation))
	//nolint:gosec // faults are no secret
	random := rand.New(rand.NewPCG(c.storm.Seed^hash.Sum64(), c.attempts[operation]))
	if random.IntN(100) >= c.storm.Percent {
		return nil
	}
	return random
}

// anyFault returns one of the faults that an operation may have.
func (c *Cloud) anyFault(operation Operation, random *rand.Rand) Fault {
	status := []int{
		http.StatusInternalServerError,
		http.StatusBadGateway,
		http.StatusServiceUnavailable,
		http.StatusGatewayTimeout,
	}[random.IntN(4)]
	said := `{"error":{"message":"out of order","code":"ELB.9999"}}`
	if random.IntN(2) == 0 {
		said = "<html><head><title>out of order</title></head></html>"
	}
	seconds := func(most int) time.Duration { return time.Duration(random.IntN(most*1000)) * time.Millisecond }
	faults := []Fault{
		Reply(status, said),
		Reply(status, said),
		ReplyAfter(status, said),
		Refuse(),
		Drop(),
		Cut(random.IntN(200)),
		Throttle(""),
		Throttle(strconv.Itoa(1 + random.IntN(3))),
		c.double(operation, Throttle("")),
		c.double(operation, Reply(http.StatusServiceUnavailable, said)),
	}
	if c.storm.Mild {
		faults = append(faults, Slow(seconds(4)), Slow(seconds(4)), Slow(seconds(4)), Drop())
		if c.storm.Late {
			late := 5*time.Second + seconds(3)
			faults = append(faults, slices.Repeat([]Fault{Late(status, late), DropLate(late)}, 8)...)
		}
		return faults[random.IntN(len(faults))]
	}
	faults = append(faults, Slow(seconds(20)))
	switch operation {
	case ListCertificates:
		view := View{Lag: seconds(3)}
		if random.IntN(2) == 0 && c.options.Dialect.Count != CountAbsent { // nobody could tell
			view = View{Hidden: 1 + random.IntN(3)}
		}
		faults = append(faults, See(view), See(view), See(view))
	case ListListeners, ShowListener:
		lag := See(View{Lag: seconds(3)})
		faults = append(faults, lag, lag, lag)
	case ModifyListener:
		late := Accept(seconds(3))
		faults = append(faults, late, late, late, late, Drop(), ReplyAfter(status, said))
	case CreateCertificate:
		faults = append(faults, Late(http.StatusGatewayTimeout, seconds(3)), Drop(), ReplyAfter(status, said))
	}
	fault := faults[random.IntN(len(faults))]
	if random.IntN(10) == 0 { // and a token that ends in between
		return func(answer Answer) Response {
			c.Expire()
			return fault(answer)
		}
	}
	return fault
}

// double is a fault after which the response to the next call of the operation is lost,
// as long as the Storm lasts.
func (c *Cloud) double(operation Operation, first Fault) Fault {
	return func(answer Answer) Response {
		c.mu.Lock()
		if c.storm.Percent > 0 {
			c.following[operation] = append(c.following[operation], Drop())
		}
		c.mu.Unlock()
		return first(answer)
	}
}

// Listener returns a listener whose connections a Storm resets at their first
// byte, which is in the TLS handshake if there is one.
func (c *Cloud) Listener(of net.Listener) net.Listener { return stormyListener{of, c} }

type stormyListener struct {
	net.Listener
	cloud *Cloud
}

// Accept implements net.Listener.
func (l stormyListener) Accept() (net.Conn, error) {
	connection, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	l.cloud.mu.Lock()
	defer l.cloud.mu.Unlock()
	if l.cloud.chance("connect") == nil {
		return connection, nil
	}
	return resetting{connection}, nil
}

type resetting struct{ net.Conn }

// Read implements net.Conn.
func (r resetting) Read(b []byte) (int, error) {
	_, _ = r.Conn.Read(b)
	return 0, errors.Join(net.ErrClosed, r.Close())
}

// Reply answers with status and body, and does not carry the call out.
func Reply(status int, body string) Fault {
	return func(Answer) Response { return reply(status, body) }
}

func reply(status int, body string) Response {
	return Response{Status: status, Header: contentType(body), Body: []byte(body)}
}

// ReplyAfter carries the call out, and then answers with status and body
// whatever came of it.
func ReplyAfter(status int, body string) Fault {
	return func(answer Answer) Response {
		answer()
		return reply(status, body)
	}
}

// Cut carries the call out, promises the whole answer, and closes the
// connection after the first n bytes of its body.
func Cut(n int) Fault {
	return func(answer Answer) Response {
		response := answer()
		response.cut = max(n, 1)
		return response
	}
}

// Drop carries the call out and closes the connection without an answer.
func Drop() Fault {
	return func(answer Answer) Response {
		answer()
		return Response{cut: -1}
	}
}

// Refuse closes the connection without an answer, and does not carry the call out.
func Refuse() Fault {
	return func(Answer) Response { return Response{cut: -1} }
}

// Throttle says that there are too many calls, and when to come back, if that is
// not empty (observed).
func Throttle(retryAfter string) Fault {
	return func(Answer) Response {
		response := respond(http.StatusTooManyRequests, object{{"error_msg", "the throttling threshold has " +
			"been reached"}, {"error_code", "APIGW.0308"}})
		if retryAfter != "" {
			response.Header.Set("Retry-After", retryAfter)
		}
		return response
	}
}

// Slow carries the call out and answers late.
func Slow(by time.Duration) Fault {
	return func(answer Answer) Response {
		response := answer()
		time.Sleep(by)
		return response
	}
}

// Late answers with a status, and carries the call out after that.
func Late(status int, by time.Duration) Fault {
	return func(answer Answer) Response {
		time.AfterFunc(by, func() { answer() })
		return respond(status, object{{"error", object{{"message", "no answer in time"}, {"code", "APIGW.0201"}}}})
	}
}

// Delay carries the call out and answers it, both late, also if the client has
// gone by then (observed: a backend finishes what its gateway no longer waits for).
func Delay(by time.Duration) Fault {
	return func(answer Answer) Response {
		time.Sleep(by)
		return answer()
	}
}

// DropLate closes the connection without an answer, and carries the call out
// after that (observed, as Delay).
func DropLate(by time.Duration) Fault {
	return func(answer Answer) Response {
		time.AfterFunc(by, func() { answer() })
		return Response{cut: -1}
	}
}

// Confuse carries a create out, and answers it with another certificate, whose
// fields are those of cert: one that exists, or, without an ID, one with an ID that
// no list has (assumed: a gateway that mixes responses up).
func (c *Cloud) Confuse(cert Certificate) Fault {
	return func(answer Answer) Response {
		answer()
		other := cert
		other.ID = cmp.Or(other.ID, newID())
		return c.created(&other)
	}
}

// Accept answers 202 without a body, and carries the call out after that (assumed, as
// Delay): a response that promises what does not show yet.
func Accept(by time.Duration) Fault {
	return func(answer Answer) Response {
		time.AfterFunc(by, func() { answer() })
		return Response{Status: http.StatusAccepted}
	}
}

// ConfuseListener carries a call out, and answers it with another listener, in whole
// (assumed: a gateway that mixes responses up).
func (c *Cloud) ConfuseListener(other Listener) Fault {
	return func(answer Answer) Response {
		answer()
		return respond(http.StatusOK, c.options.Dialect.listenerBody(other))
	}
}

// Become gives a listener a status, and then carries the call out (reference of the
// statuses, assumed of when they change).
func (c *Cloud) Become(id, status string) Fault {
	return func(answer Answer) Response {
		c.ChangeListener(id, func(l *Listener) { l.Status = status })
		return answer()
	}
}

// ForbidInUse carries a deletion out, unless a listener holds the certificate: then a
// policy forbids it (reference of the code, assumed of such a policy).
func (c *Cloud) ForbidInUse() Fault {
	return func(answer Answer) Response {
		response := answer()
		if response.inUse {
			return c.options.Dialect.refused(refusal{http.StatusForbidden, "ELB.9803", "the policy does not " +
				"allow the action"})
		}
		return response
	}
}

// See answers a list, or shows a listener, as a View sees it.
func See(view View) Fault {
	return func(answer Answer) Response { return answer(view) }
}

func contentType(body string) http.Header {
	if len(body) > 0 && body[0] == '{' {
		return http.Header{"Content-Type": {"application/json;charset=UTF-8"}}
	}
	return http.Header{"Content-Type": {"text/html"}}
}
