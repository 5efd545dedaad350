package httpapi

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"net/url"
	"sync/atomic"
	"time"
)

const (
	// silenceLimit is how long a server may send nothing: before the headers of a response, and
	// within its body.
	silenceLimit = time.Minute
	// ResponseGrace is how long the response to a non-idempotent request that was sent is
	// awaited after its context has ended.
	ResponseGrace = 5 * time.Second
	// bodyGrace is how long the body of a response whose first byte has arrived is read after
	// its context has ended. For a non-idempotent request, that is longer.
	bodyGrace              = time.Second
	bodyGraceNonIdempotent = 9 * time.Second
	// maxBody is the maximum size of a body in bytes. A list of 10,000 certificates of 6 KiB
	// fits.
	maxBody = 64 << 20
	// maxHead is the maximum size in bytes of an error whose status is 2xx.
	maxHead = 4 << 10
)

// errSilent is the cause of the end of an attempt whose server sends nothing.
var errSilent = errors.New("silence limit")

// newTransport returns a transport for HTTP/1.1 only. Over HTTP/2, net/http repeats a POST by
// itself when its stream is reset, and keeps sending requests over a dead connection.
func newTransport(dial func(context.Context, string, string) (net.Conn, error), tlsConfig *tls.Config) *http.Transport {
	transport := http.DefaultTransport.(*http.Transport).Clone() //nolint:forcetypeassert // documented
	transport.MaxIdleConnsPerHost = transport.MaxIdleConns       // one host, ten calls or more in parallel
	transport.TLSClientConfig = tlsConfig.Clone()
	transport.Protocols = new(http.Protocols)
	transport.Protocols.SetHTTP1(true)
	transport.OnProxyConnectResponse = func(
		_ context.Context, _ *url.URL, _ *http.Request, response *http.Response,
	) error {
		if response.StatusCode != http.StatusOK {
			return proxyError(response.StatusCode)
		}
		return nil
	}
	if dial != nil {
		transport.DialContext = dial
	}
	return transport
}

// wire sends one request, and reads its response.
func wire(transport http.RoundTripper) link {
	return func(ctx context.Context, c *call) error {
		x := newExchange(ctx, c)
		defer x.end()

		response, err := transport.RoundTrip(x.request) //nolint:bodyclose // x closes it
		if err != nil {
			err = x.transportError(err)
			if !x.sent.Load() {
				return &UnsentError{err}
			}
			return err
		}
		return x.read(response)
	}
}

// An exchange is one request and its response. Its context ends if the server sends nothing for
// too long, and after the caller's context, with a grace period.
type exchange struct {
	call    *call
	request *http.Request
	ctx     context.Context //nolint:containedctx // the context of the request
	cancel  context.CancelCauseFunc
	stop    func() bool // ignores the end of the caller's context from now on
	silence *time.Timer

	dialled atomic.Bool // a connection was requested
	sent    atomic.Bool // there is a connection, so the request may have been sent
	arrived atomic.Bool // the first byte of the response has arrived

	body    io.ReadCloser
	bodyErr error  // the error that decode met while it read the body
	head    []byte // the beginning of the body as it was read, up to maxHead
}

func newExchange(caller context.Context, c *call) *exchange {
	x := &exchange{call: c}
	x.ctx, x.cancel = context.WithCancelCause(context.WithoutCancel(caller))
	x.silence = time.AfterFunc(silenceLimit, func() { x.cancel(errSilent) })
	x.stop = context.AfterFunc(caller, func() { x.abandon(caller.Err()) })
	trace := &httptrace.ClientTrace{
		// net/http requests another connection if nothing was written to a dead one.
		GetConn: func(string) {
			x.dialled.Store(true)
			x.sent.Store(false)
		},
		GotConn:              func(httptrace.GotConnInfo) { x.sent.Store(true) },
		GotFirstResponseByte: func() { x.arrived.Store(true) },
		Got1xxResponse: func(int, textproto.MIMEHeader) error { // the response is still to come
			x.arrived.Store(false)
			return nil
		},
	}
	x.request = c.Clone(httptrace.WithClientTrace(x.ctx, trace)) //nolint:contextcheck // it has a grace period
	if c.GetBody != nil {
		x.request.Body, _ = c.GetBody() // it is in memory, so this does not fail
	}
	return x
}

func (x *exchange) end() {
	x.stop()
	x.silence.Stop()
	x.cancel(nil)
	if x.body != nil {
		_ = x.body.Close()
	}
}

// abandon ends an exchange after the caller's context has ended: immediately, unless a response
// is arriving or is awaited for a grace period.
func (x *exchange) abandon(cause error) {
	grace := bodyGrace
	if x.call.asked.NonIdempotent && x.sent.Load() {
		_ = Pause(x.ctx, ResponseGrace)
		grace = bodyGraceNonIdempotent - ResponseGrace
	}
	if x.arrived.Load() {
		_ = Pause(x.ctx, grace)
	}
	x.cancel(cause)
}

// read lets the call decode a response.
func (x *exchange) read(response *http.Response) error {
	x.silence.Reset(silenceLimit)
	x.arrived.Store(true) // again, after an interim response
	x.body = http.MaxBytesReader(nil, response.Body, maxBody)
	response.Body = x
	switch {
	case response.StatusCode < http.StatusOK: // such as 101, whose body does not end with the request
		return x.transportError(textproto.ProtocolError("a final response without a final status"))
	case response.StatusCode/100 != 2:
		response.Body = x.body // not x, whose Read restarts the timer: an error may take a minute in all
		return decodeError(response, x.call)
	}
	err := x.call.decode(response)
	if err != nil && bytes.HasPrefix(bytes.TrimSpace(x.head), []byte("{")) {
		_, _ = io.CopyN(io.Discard, x, maxHead) // read the rest of what may be an error; a page cannot be one
	}
	switch {
	case isError(x.head):
		response.Body = io.NopCloser(bytes.NewReader(x.head))
		return decodeError(response, x.call)
	case x.bodyErr != nil:
		return x.transportError(x.bodyErr)
	case isEnd(err) && endsWithConnection(response):
		return x.transportError(io.ErrUnexpectedEOF)
	case err != nil:
		return unreadable(response, x.call, err)
	}
	return nil
}

// isEnd reports whether a JSON text ended within a value, or before it.
func isEnd(err error) bool { return errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) }

// endsWithConnection reports whether a body ends with its connection, so that a body that was cut
// off looks complete.
func endsWithConnection(response *http.Response) bool {
	return response.ContentLength < 0 && len(response.TransferEncoding) == 0 && !response.Uncompressed
}

// Read implements io.Reader: it reads the body of the response.
func (x *exchange) Read(p []byte) (int, error) {
	n, err := x.body.Read(p)
	x.head = append(x.head, p[:min(n, maxHead-len(x.head))]...)
	x.silence.Reset(silenceLimit)
	if err != nil && !errors.Is(err, io.EOF) {
		x.bodyErr = err
	}
	return n, err
}

// Close implements io.Closer. The body is closed when the exchange ends.
func (x *exchange) Close() error { return nil }
