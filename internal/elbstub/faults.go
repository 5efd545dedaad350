package elbstub

import (
	"cmp"
	"net/http"
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

// nextFault takes the fault of a call: of Script, or else of ScriptEach.
func (c *Cloud) nextFault(operation Operation) Fault {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.calls[operation]++
	call := scriptedCall{operation, c.calls[operation]}
	fault := c.scripted[call]
	if choose := c.choices[operation]; fault == nil && choose != nil {
		fault = choose(call.nth)
	}
	if fault == nil {
		return See(View{})
	}
	return fault
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
