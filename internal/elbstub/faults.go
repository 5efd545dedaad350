package elbstub

import (
	"net/http"
	"slices"
)

// A Fault stands between a call and its answer. It may call answer, which
// carries the call out, or not, and returns what the client gets.
type Fault func(answer func() Response) Response

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

// nextFault takes the fault that is due for a call of operation. Without one
// the call is answered as usual.
func (c *Cloud) nextFault(operation Operation) Fault {
	c.mu.Lock()
	defer c.mu.Unlock()
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
	if due < 0 {
		return func(answer func() Response) Response { return answer() }
	}
	fault := c.scripted[due].fault
	c.scripted = slices.Delete(c.scripted, due, due+1)
	return fault
}

// Reply answers with status and body, and does not carry the call out.
func Reply(status int, body string) Fault {
	return func(func() Response) Response {
		return Response{Status: status, Header: contentType(body), Body: []byte(body)}
	}
}

// ReplyAfter carries the call out, and then answers with status and body
// whatever came of it.
func ReplyAfter(status int, body string) Fault {
	return func(answer func() Response) Response {
		answer()
		return Response{Status: status, Header: contentType(body), Body: []byte(body)}
	}
}

// Cut carries the call out, promises the whole answer, and closes the
// connection after the first n bytes of its body.
func Cut(n int) Fault {
	return func(answer func() Response) Response {
		response := answer()
		response.cut = max(n, 1)
		return response
	}
}

// Drop carries the call out and closes the connection without an answer.
func Drop() Fault {
	return func(answer func() Response) Response {
		answer()
		return Response{cut: -1}
	}
}

func contentType(body string) http.Header {
	if len(body) > 0 && body[0] == '{' {
		return http.Header{"Content-Type": {"application/json;charset=UTF-8"}}
	}
	return http.Header{"Content-Type": {"text/html"}}
}
