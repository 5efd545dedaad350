package elbstub

import (
	"cmp"
	"hash/fnv"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A Fault decides what happens to a call, like a middleware: it may call next, or not, and
// returns the response to the client.
type Fault func(next Next) Response

// Next carries the call out. A list, or a call for one listener, may be given a View.
type Next func(...View) Response

// A View is what a list, or a call for one listener, sees.
type View struct {
	// Lag is the age of what it sees (observed: up to a few seconds).
	Lag time.Duration
	// Hidden is how many certificates, the oldest ones, are missing from a list, though they
	// count in its total (assumed).
	Hidden int
}

// A scriptedCall is the nth call of an operation, from 1.
type scriptedCall struct {
	operation Operation
	nth       int
}

// Script sets the fault of the nth call of an operation from now; 1 is the next. If that call
// already has a fault, the next call without one gets it.
func (c *Cloud) Script(operation Operation, nth int, fault Fault) {
	c.mu.Lock()
	defer c.mu.Unlock()
	call := scriptedCall{operation, c.calls[operation] + nth}
	for c.scripted[call] != nil {
		call.nth++
	}
	c.scripted[call] = fault
}

// ScriptEach lets choose return the fault of each call of an operation from now, or nil; nth is
// 1 for the next call. A fault of Script takes precedence. choose runs while the Cloud is
// locked, so it must not call it; its faults may.
func (c *Cloud) ScriptEach(operation Operation, choose func(nth int) Fault) {
	c.mu.Lock()
	defer c.mu.Unlock()
	before := c.calls[operation]
	c.choices[operation] = func(call int) Fault { return choose(call - before) }
}

// nextFault takes the fault of a call: of Script; or else of ScriptEach, whose nil means no
// fault; or else of the Storm.
func (c *Cloud) nextFault(operation Operation) Fault {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.calls[operation]++
	call := scriptedCall{operation, c.calls[operation]}
	fault := c.scripted[call]
	switch choose := c.choices[operation]; {
	case fault != nil:
	case choose != nil:
		fault = choose(call.nth)
	default:
		fault = c.stormFault(operation)
	}
	if fault == nil {
		return See(View{})
	}
	return fault
}

// A Storm gives calls random faults. The same seed gives the same faults: each is derived from
// the seed, the operation, and the number of its calls in the storm.
type Storm struct {
	Seed uint64
	// Percent is how many calls of a hundred have a fault.
	Percent int
	// Mild limits faults to creates. Each of them is carried out immediately or not at all,
	// and its response comes within 4 s or not at all.
	Mild bool
	// Late lets some creates of a mild storm be carried out up to 8 s after an error response.
	Late bool
}

// Disturb starts a Storm. A Percent of 0 ends it. What was scripted before is forgotten.
func (c *Cloud) Disturb(storm Storm) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.storm, c.attempts, c.scripted = storm, map[Operation]uint64{}, map[scriptedCall]Fault{}
}

// chance returns the source that chooses the fault of a call, or nil for no fault.
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

// stormFault returns the fault of a call in the Storm, or nil.
func (c *Cloud) stormFault(operation Operation) Fault {
	random := c.chance(operation)
	if random == nil {
		return nil
	}
	status := []int{500, 502, 503, 504}[random.IntN(4)]
	said := `{"error":{"message":"out of order","code":"ELB.9999"}}`
	if random.IntN(2) == 0 {
		said = "<html><head><title>out of order</title></head></html>"
	}
	const rejected = "<html><head><title>Request Rejected</title></head></html>" // observed of firewalls
	// Observed: terraform-provider-huaweicloud, pull request 2314.
	const failed = `{"error_msg":"out of order","error_code":"ELB.9999"}`
	seconds := func(most int) time.Duration { return time.Duration(random.IntN(most*1000)) * time.Millisecond }
	faults := []Fault{
		Reply(status, said),
		Reply(status, said),
		ReplyAfter(status, said),
		Reply(http.StatusOK, rejected),
		Reply(http.StatusOK, failed),
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
		if random.IntN(2) == 0 && c.options.Dialect.Count != CountAbsent { // otherwise, no client could notice
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
	if random.IntN(10) == 0 { // tokens expire as well
		return func(next Next) Response {
			c.Expire()
			return fault(next)
		}
	}
	return fault
}

// double is a fault after which the response to the next call of the operation is lost too.
func (c *Cloud) double(operation Operation, first Fault) Fault {
	return func(next Next) Response {
		c.Script(operation, 1, Drop())
		return first(next)
	}
}

// ConnState is a hook of an http.Server. In a Storm, it closes connections before the TLS handshake.
func (c *Cloud) ConnState(connection net.Conn, state http.ConnState) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if state == http.StateNew && c.chance("connect") != nil {
		_ = connection.Close()
	}
}

// Reply responds with status and body without carrying the call out.
func Reply(status int, body string) Fault { return instead(reply(status, body)) }

func reply(status int, body string) Response {
	contentType := "text/html"
	if strings.HasPrefix(body, "{") || strings.HasPrefix(body, "[") {
		contentType = "application/json;charset=UTF-8"
	}
	return Response{Status: status, Header: http.Header{"Content-Type": {contentType}}, Body: []byte(body)}
}

// ReplyAfter carries the call out, and then responds with status and body in any case.
func ReplyAfter(status int, body string) Fault { return after(reply(status, body)) }

// Cut carries the call out, and closes the connection after the first n bytes of the body of the
// response (observed: otc-tools, of the gateway of Open Telekom Cloud and responses above 250 KiB).
func Cut(n int) Fault {
	return func(next Next) Response {
		response := next()
		response.cut = max(n, 1)
		return response
	}
}

// Drop carries the call out and closes the connection without a response.
func Drop() Fault { return after(Response{}) }

// Refuse closes the connection without a response and without carrying the call out.
func Refuse() Fault { return instead(Response{}) }

// Throttle responds that there are too many calls, with a Retry-After unless that is empty
// (observed).
func Throttle(retryAfter string) Fault {
	const message = "the throttling threshold has been reached"
	response := respond(http.StatusTooManyRequests, object{{"error_msg", message}, {"error_code", "APIGW.0308"}})
	if retryAfter != "" {
		response.Header.Set("Retry-After", retryAfter)
	}
	return instead(response)
}

// Slow carries the call out and responds late.
func Slow(by time.Duration) Fault {
	return func(next Next) Response {
		defer time.Sleep(by)
		return next()
	}
}

// Delay carries the call out late, even if the client has gone by then (observed: a backend
// finishes what its gateway no longer waits for).
func Delay(by time.Duration) Fault {
	return func(next Next) Response {
		time.Sleep(by)
		return next()
	}
}

// Late responds with a status, and carries the call out later.
func Late(status int, by time.Duration) Fault {
	return later(by, respond(status, object{{"error", object{{"message", "timeout"}, {"code", "APIGW.0201"}}}}))
}

// DropLate closes the connection without a response, and carries the call out later (observed,
// like Delay).
func DropLate(by time.Duration) Fault { return later(by, Response{}) }

// Accept responds with 202 and no body, and carries the call out later (assumed, like Delay):
// the change does not show yet.
func Accept(by time.Duration) Fault { return later(by, Response{Status: http.StatusAccepted}) }

// Confuse carries a create out, and responds with another certificate, whose fields are those of
// cert. Without an ID it gets one that is in no list (assumed: a gateway that mixes responses
// up).
func (c *Cloud) Confuse(cert Certificate) Fault {
	cert.ID = cmp.Or(cert.ID, newID())
	return after(c.created(cert))
}

// ConfuseListener carries a call out, and responds with another listener (assumed: a gateway that
// mixes responses up).
func (c *Cloud) ConfuseListener(other Listener) Fault {
	return after(respond(http.StatusOK, c.options.Dialect.listenerBody(other)))
}

// See gives a list, or a call for one listener, a View.
func See(view View) Fault {
	return func(next Next) Response { return next(view) }
}

// instead does not carry the call out.
func instead(response Response) Fault {
	return func(Next) Response { return response }
}

// after carries the call out.
func after(response Response) Fault {
	return func(next Next) Response {
		next()
		return response
	}
}

// later carries the call out after the response.
func later(by time.Duration, response Response) Fault {
	return func(next Next) Response {
		time.AfterFunc(by, func() { next() })
		return response
	}
}
