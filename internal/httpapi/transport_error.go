package httpapi

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/textproto"
	"syscall"
)

// ErrTooLarge says that the body of a response is larger than 64 MiB.
var ErrTooLarge = errors.New("the response is larger than 64 MiB")

// ErrCutOff says that only a part of a response arrived.
var ErrCutOff = errors.New("the response was cut off")

// ErrUntrusted says that the TLS certificate of a server cannot be verified.
var ErrUntrusted = errors.New("the TLS certificate of the server cannot be verified")

// A TransportError says that no response arrived, or only a part of one. It does not contain the
// message of net/http, which quotes what the server sent: that may be a private key.
type TransportError struct {
	text      string
	transient bool
	cause     error // see Unwrap
}

// Error implements error.
func (e *TransportError) Error() string { return e.text }

// Unwrap returns the error of the context that ended the request, ErrTooLarge, ErrCutOff, ErrUntrusted, or nil.
func (e *TransportError) Unwrap() error { return e.cause }

// proxyError is the status with which a proxy refused to connect.
type proxyError int

// Error implements error.
func (e proxyError) Error() string { return fmt.Sprintf("HTTP %d %s", int(e), http.StatusText(int(e))) }

// transportError returns the error for a failed exchange.
func (x *exchange) transportError(err error) *TransportError {
	host := x.call.URL.Host
	transient := func(format string, arguments ...any) *TransportError {
		return &TransportError{text: fmt.Sprintf(format, arguments...), transient: true}
	}
	permanent := func(cause error, format string, arguments ...any) *TransportError {
		return &TransportError{text: fmt.Sprintf(format, arguments...), cause: cause}
	}

	var untrusted *tls.CertificateVerificationError
	var noTLS tls.RecordHeaderError
	var proxy proxyError
	var name *net.DNSError
	var operation *net.OpError
	var tooLarge *http.MaxBytesError
	var malformed textproto.ProtocolError
	switch cause := context.Cause(x.ctx); {
	case errors.Is(cause, errSilent) && x.body != nil:
		return transient("the response from %s stalled for %s", host, silenceLimit)
	case errors.Is(cause, errSilent):
		return transient("%s did not respond within %s", host, silenceLimit)
	case cause != nil:
		return permanent(cause, "the request to %s was abandoned: %v", host, cause)
	case errors.As(err, &tooLarge):
		return permanent(ErrTooLarge, "%v", ErrTooLarge)
	case errors.As(err, &untrusted):
		why := cleaner(x.call)(untrusted.Err.Error(), maxMessage)
		return permanent(ErrUntrusted, "the TLS certificate of %s is not valid: %s", host, why)
	case errors.As(err, &noTLS):
		return permanent(nil, "%s does not speak TLS", host)
	case errors.As(err, &operation) && operation.Op == "remote error": // an alert, in the words of crypto/tls
		return transient("the TLS handshake with %s failed: %v", host, operation.Err)
	case errors.As(err, &proxy) && proxy >= http.StatusInternalServerError:
		return transient("the proxy did not connect to %s: %v", host, proxy)
	case errors.As(err, &proxy):
		return permanent(nil, "the proxy refused to connect to %s: %v", host, proxy)
	case errors.As(err, &name) && name.IsNotFound:
		return permanent(nil, "the name %s could not be resolved: no such host", name.Name)
	case errors.As(err, &name):
		return transient("the name %s could not be resolved: the name server did not respond", name.Name)
	case errors.As(err, &operation) && operation.Op == "proxyconnect":
		return transient("the proxy could not be reached: %s", reason(err))
	case errors.As(err, &operation) && operation.Op == "dial":
		return transient("%s could not be reached: %s", host, reason(err))
	case errors.As(err, &malformed):
		return transient("the response from %s is not valid HTTP", host)
	case x.body != nil:
		text := fmt.Sprintf("the response from %s was cut off: %s", host, reason(err))
		return &TransportError{text: text, transient: true, cause: ErrCutOff}
	case !x.dialled.Load(): // net/http does not accept the address of the proxy, or a header
		return permanent(nil, "the request to %s could not be sent: check the proxy in HTTPS_PROXY and NO_PROXY, and "+
			"that the credentials contain no newline", host)
	}
	return transient("the connection to %s was lost before a valid response arrived: %s", host, reason(err))
}

// reason returns the operating system's description of an error, which quotes nothing that was
// received.
func reason(err error) string {
	var errno syscall.Errno
	var timeout net.Error
	switch {
	case errors.As(err, &errno):
		return errno.Error()
	case errors.As(err, &timeout) && timeout.Timeout():
		return "timeout"
	}
	return "the connection was closed"
}
