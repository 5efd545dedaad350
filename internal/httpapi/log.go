package httpapi

import (
	"context"
	"errors"
	"net/http"
	"time"
)

// logged logs each attempt, but no header, body or message: those may have tokens and private
// keys.
func logged(next link, log func(context.Context, string, ...map[string]any)) link {
	if log == nil {
		return next
	}
	return func(ctx context.Context, c *call) error {
		fields := map[string]any{"method": c.Method, "path": c.URL.Path}
		observed := *c
		observed.decode = func(response *http.Response) error {
			fields["status"], fields["request_id"] = response.StatusCode, requestID(func() string {
				return RequestID(response)
			})
			return c.decode(response)
		}
		started := time.Now()
		err := next(ctx, &observed)

		fields["duration_ms"] = time.Since(started).Milliseconds()
		if refusal, ok := errors.AsType[*Error](err); ok {
			fields["status"], fields["request_id"] = refusal.Status, refusal.RequestID
		} else if broken, ok := errors.AsType[*TransportError](err); ok {
			fields["error"] = broken.Error()
		}
		log(ctx, "API call", fields)
		return err
	}
}

// A requestID prepares the request ID for display only if the entry is written.
type requestID func() string

// String implements fmt.Stringer.
func (id requestID) String() string { return id() }

// MarshalText implements encoding.TextMarshaler, which loggers use for JSON.
func (id requestID) MarshalText() ([]byte, error) { return []byte(id()), nil }
