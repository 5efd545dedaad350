package httpapi

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"net/url"
	"sync/atomic"
	"time"

	"golang.org/x/net/http/httpguts"
)

const (
	// silenceLimit is how long a server may keep silent: until the headers of a
	// response, and within its body.
	silenceLimit = time.Minute
	// ResponseGrace is how long the response to a non-idempotent request that is out
	// is awaited after its context has ended.
	ResponseGrace = 5 * time.Second
	// bodyGrace is how long the body of a response that has begun to arrive is read
	// after its context has ended: it is not thrown away. For a non-idempotent request
	// that is longer.
	bodyGrace              = time.Second
	bodyGraceNonIdempotent = 9 * time.Second
	// maxBody is the largest body that is read, in bytes. A list of 10,000
	// certificates of 6 KiB fits.
	maxBody = 64 << 20
)

// errSilent is why an attempt ends that hears nothing.
var errSilent = errors.New("silence limit")

// newTransport returns a transport that speaks HTTP/1.1 alone. Over HTTP/2 net/http
// repeats a POST by itself when its stream is reset, and keeps sending requests over
// a connection that is dead.
func newTransport(dial func(context.Context, string, string) (net.Conn, error), tlsConfig *tls.Config) *http.Transport {
	transport := http.DefaultTransport.(*http.Transport).Clone() //nolint:forcetypeassert // documented
	transport.MaxIdleConnsPerHost = transport.MaxIdleConns       // one host is called, ten times at once and more
	transport.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12}
	if tlsConfig != nil {
		transport.TLSClientConfig = tlsConfig.Clone()
		transport.TLSClientConfig.NextProtos = nil
	}
	transport.ForceAttemptHTTP2 = false
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
		if err := checkHeader(c.Header); err != nil {
			return &UnsentError{err}
		}
		x := newExchange(ctx, c)
		defer x.end()

		response, err := transport.RoundTrip(x.request) //nolint:bodyclose // x ends it
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

// checkHeader finds what net/http would refuse to send in words that quote it, such as
// a token with a line end.
func checkHeader(header http.Header) error {
	for name, values := range header {
		for _, value := range values {
			if !httpguts.ValidHeaderFieldValue(value) {
				return fmt.Errorf("the header %s has a character that cannot be sent, such as a line end", name)
			}
		}
	}
	return nil
}

// An exchange is one request and its response. Its context is not the caller's: it
// ends when the server is silent for too long, and some time after the caller's.
type exchange struct {
	call    *call
	request *http.Request
	ctx     context.Context //nolint:containedctx // it is that of the request
	cancel  context.CancelCauseFunc
	stop    func() bool // stops to wait for the caller's end
	silence *time.Timer

	dialled atomic.Bool  // a connection was asked for
	sent    atomic.Bool  // there is one, so from here on the request may be sent
	state   atomic.Int32 // waiting, arrived or abandoned

	body    io.ReadCloser
	bodyErr error // why the body could not be read to where decode wanted to
}

const (
	waiting   int32 = iota // no byte of the response is here
	arrived                // the first byte was here before the exchange was abandoned
	abandoned              // the exchange has ended without a response
)

func newExchange(caller context.Context, c *call) *exchange {
	x := &exchange{call: c}
	x.ctx, x.cancel = context.WithCancelCause(context.WithoutCancel(caller))
	x.silence = time.AfterFunc(silenceLimit, func() { x.cancel(errSilent) })
	x.stop = context.AfterFunc(caller, func() { x.abandon(caller.Err()) })
	trace := &httptrace.ClientTrace{
		// net/http asks for another connection when nothing was written to a dead one.
		GetConn: func(string) {
			x.dialled.Store(true)
			x.sent.Store(false)
		},
		GotConn:              func(httptrace.GotConnInfo) { x.sent.Store(true) },
		GotFirstResponseByte: func() { x.state.CompareAndSwap(waiting, arrived) },
		Got1xxResponse: func(int, textproto.MIMEHeader) error { // which announces the response
			x.state.CompareAndSwap(arrived, waiting)
			return nil
		},
	}
	x.request = c.Clone(httptrace.WithClientTrace(x.ctx, trace)) //nolint:contextcheck // it outlives the caller's
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

// abandon ends an exchange whose caller's context has ended: at once, unless a
// response is arriving, or must be awaited for a while.
func (x *exchange) abandon(cause error) {
	grace := bodyGrace
	if x.call.nonIdempotent && x.sent.Load() {
		grace = bodyGraceNonIdempotent
		if x.state.Load() == waiting {
			_ = Pause(x.ctx, ResponseGrace)
			grace -= ResponseGrace
		}
	}
	if !x.state.CompareAndSwap(waiting, abandoned) {
		_ = Pause(x.ctx, grace)
	}
	x.cancel(cause)
}

// read lets the call decode a response.
func (x *exchange) read(response *http.Response) error {
	x.silence.Reset(silenceLimit)
	x.body = http.MaxBytesReader(nil, response.Body, maxBody)
	response.Body = x
	response.Header.Set(requestIDHeader, requestID(response, x.call)) // for whoever shows it
	if response.StatusCode/100 != 2 {
		return decodeError(response, x.call)
	}
	err := x.call.decode(response)
	switch {
	case x.bodyErr != nil:
		return x.transportError(x.bodyErr)
	case errors.Is(err, io.ErrUnexpectedEOF) && endsWithConnection(response):
		return x.transportError(io.ErrUnexpectedEOF)
	case err != nil:
		return unreadable(response, x.call, err)
	}
	return nil
}

// endsWithConnection reports whether the end of a body is that of its connection, so
// that one that was cut off looks like one that is whole.
func endsWithConnection(response *http.Response) bool {
	return response.ContentLength < 0 && len(response.TransferEncoding) == 0 && !response.Uncompressed
}

// Read implements io.Reader: it reads the body of the response.
func (x *exchange) Read(p []byte) (int, error) {
	n, err := x.body.Read(p)
	if n > 0 {
		x.silence.Reset(silenceLimit)
	}
	if err != nil && !errors.Is(err, io.EOF) {
		x.bodyErr = err
	}
	return n, err
}

// Close implements io.Closer. The body is closed when the exchange ends.
func (x *exchange) Close() error { return nil }
