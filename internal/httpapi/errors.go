package httpapi

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

const (
	// maxErrorBody is the maximum size of an error response that is read, in bytes.
	maxErrorBody = 64 << 10
	// maxMessage, maxWord and maxExcerpt are the maximum sizes in bytes of a message, of a code
	// or a request ID, and of an excerpt of a page.
	maxMessage, maxWord, maxExcerpt = 2 << 10, 128, 200
	// longestRetryAfter is the maximum Retry-After that is obeyed.
	longestRetryAfter = 2 * time.Minute
)

// An Error is an error response, or a response that cannot be read.
type Error struct {
	// Status is the HTTP status.
	Status int
	// Code is the API's error code, such as "ELB.1001", or empty.
	Code string
	// Message is the message of the API, of 2 KiB at most, or a description of a response
	// without a message. It has no control characters and no secrets of its request.
	Message string
	// RequestID identifies the request for the operator of the cloud, or is empty.
	RequestID string
	// Skew is how far the clock of the server is ahead of ours, in whole seconds. It is negative
	// if that clock is behind, and 0 if the response has no date.
	Skew time.Duration

	// RetryAfter is how long the server asks to wait, at most two minutes, or 0.
	RetryAfter time.Duration

	cause error
}

// Error implements error.
func (e *Error) Error() string {
	text := fmt.Sprintf("%s (HTTP %d", e.Message, e.Status)
	if e.Code != "" {
		text += ", code " + e.Code
	}
	if e.RequestID != "" {
		text += ", request ID " + e.RequestID
	}
	return text + ")"
}

// Unwrap returns why the response could not be read, or nil.
func (e *Error) Unwrap() error { return e.cause }

// IsNotFound reports whether the status is 404, except that of the gateway, which means
// that the endpoint is wrong: APIGW.0101 (observed), or APIG.0101 (reference).
func (e *Error) IsNotFound() bool {
	return e.Status == http.StatusNotFound && !strings.HasPrefix(e.Code, "APIG")
}

// An UnsentError says that a request was not sent.
type UnsentError struct{ Err error }

// Error implements error.
func (e *UnsentError) Error() string { return e.Err.Error() }

// Unwrap returns the reason.
func (e *UnsentError) Unwrap() error { return e.Err }

func isUnsent(err error) bool {
	_, is := errors.AsType[*UnsentError](err)
	return is
}

// RefusalOf returns the error response to a request, or nil. A 2xx response that cannot be read counts
// as well. An error response to the request for its credentials does not.
func RefusalOf(err error) *Error {
	if isUnsent(err) {
		return nil
	}
	refusal, _ := errors.AsType[*Error](err)
	return refusal
}

// Ambiguous reports whether a request that failed may have been carried out: its response was
// lost, cannot be read, or comes from a server or gateway that does not know.
func Ambiguous(err error) bool {
	refusal := RefusalOf(err)
	if refusal == nil {
		return err != nil && !isUnsent(err)
	}
	switch refusal.Status {
	// 303 means that it was carried out, 499 that a gateway has stopped waiting for its backend (assumed).
	case http.StatusSeeOther, http.StatusRequestTimeout, 499:
		return true
	}
	return refusal.Status/100 == 2 || refusal.Status >= 500
}

// unreadable returns the error for a response whose status is 2xx and whose body cannot be
// decoded.
func unreadable(response *http.Response, c *call, cause error) *Error {
	mistyped, isMistyped := errors.AsType[*json.UnmarshalTypeError](cause)
	switch {
	case isMistyped: // json's own message names our types
		cause = fmt.Errorf("%s must not be a JSON %s", cmp.Or(mistyped.Field, "the value"), mistyped.Value)
	case isEnd(cause):
		cause = errors.New("the JSON ends too early")
	}
	message := fmt.Sprintf("the response could not be read: %v", cause)
	if contentType := response.Header.Get("Content-Type"); !strings.Contains(contentType, "json") {
		message = fmt.Sprintf("the response is not JSON but %q: %v", contentType, cause)
	}
	return &Error{
		Status:    response.StatusCode,
		Message:   cleaner(c)(message, maxMessage),
		RequestID: RequestID(response),
		cause:     cause,
	}
}

// requestIDHeader has the ID that the server gave a request (observed).
const requestIDHeader = "X-Request-Id"

// RequestID returns the ID that the server gave a request, prepared for display, or an empty text. response must be one
// that Do lets its caller decode. With a long token this takes milliseconds, so call it only for what is displayed.
func RequestID(response *http.Response) string {
	x := response.Body.(*exchange) //nolint:forcetypeassert // see exchange.read
	return cleaner(x.call)(response.Header.Get(requestIDHeader), maxWord)
}

// errorBody has the fields of all forms of errors in this family of clouds, also those of an object
// within the body.
type errorBody struct {
	Error        text `json:"error"`        // {"message","code"} (reference)
	NeutronError text `json:"NeutronError"` // {"type","message","detail"} (observed)
	ErrorMsg     text `json:"error_msg"`    // reference
	ErrorCode    text `json:"error_code"`   // reference
	Message      text `json:"message"`      // assumed
	Code         text `json:"code"`         // assumed
	Type         text `json:"type"`         // of NeutronError
	Detail       text `json:"detail"`       // of NeutronError
	RequestID    text `json:"request_id"`   // observed
}

// isError reports whether a body is nothing but an error. Some services send that with the status 200
// (observed: terraform-provider-huaweicloud, pull request 2314).
func isError(body []byte) bool {
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.DisallowUnknownFields()
	var said errorBody
	err := decoder.Decode(&said)
	return err == nil && cmp.Or(said.Error, said.NeutronError, said.ErrorMsg) != ""
}

// text is a string, or the JSON text of any other value.
type text string

// UnmarshalJSON implements json.Unmarshaler.
func (t *text) UnmarshalJSON(raw []byte) error {
	s := string(*t) // null leaves it unchanged
	if json.Unmarshal(raw, &s) != nil {
		s = string(raw)
	}
	*t = text(s)
	return nil
}

// decodeError reads an error response. It never fails: a response in an unknown form is
// described.
func decodeError(response *http.Response, c *call) *Error {
	raw, _ := io.ReadAll(io.LimitReader(response.Body, maxErrorBody)) // a part is better than nothing
	for len(raw) > maxErrorBody-utf8.UTFMax && !utf8.Valid(raw) {     // the last character may be incomplete
		raw = raw[:len(raw)-1]
	}

	var body errorBody
	_ = json.NewDecoder(bytes.NewReader(raw)).Decode(&body) // it stays empty if the text begins with no JSON object
	for _, inner := range []text{body.NeutronError, body.Error} {
		if json.Unmarshal([]byte(inner), &body) != nil { // it is missing, or no object, such as "Bad Request"
			body.Message = cmp.Or(body.Message, inner)
		}
	}
	message := cmp.Or(body.ErrorMsg, body.Message)
	if message != "" && body.Detail != "" {
		message += ": " + body.Detail
	}
	clean := cleaner(c)
	said := clean(string(message), maxMessage)
	if said == "" {
		said = describe(response.StatusCode, raw, clean)
	}
	id := cmp.Or(response.Header.Get(requestIDHeader), string(body.RequestID))
	return &Error{
		Status:     response.StatusCode,
		Code:       clean(string(cmp.Or(body.ErrorCode, body.Code, body.Type)), maxWord),
		Message:    said,
		RequestID:  clean(id, maxWord),
		Skew:       skew(response),
		RetryAfter: retryAfter(response),
	}
}

var (
	htmlTitle = regexp.MustCompile(`(?is)<title[^>]*>(.*?)(</title|$)`)
	// htmlHidden matches tags, and what else a browser does not show in a page, which may be cut off within it.
	htmlHidden = regexp.MustCompile(
		`(?is)<!--.*?(-->|$)|<(title|script|style)\b.*?(</(title|script|style)\s*>|$)|<[^>]*(>|$)`)
)

// describe describes a response without a message.
func describe(status int, body []byte, clean func(string, int) string) string {
	if !utf8.Valid(body) {
		return fmt.Sprintf("received %d bytes that are not text", len(body))
	}
	page := clean(string(body), maxErrorBody) // all of it, because a secret that is cut is not recognized
	switch {
	case page == "":
		return fmt.Sprintf("received %q with an empty body", http.StatusText(status))
	case strings.HasPrefix(page, "<"):
		textOf := func(html string) string {
			return strings.Join(strings.Fields(htmlHidden.ReplaceAllString(html, " ")), " ")
		}
		title := ""
		if match := htmlTitle.FindStringSubmatch(page); match != nil {
			title = textOf(match[1])
		}
		page = textOf(page)
		if !strings.Contains(page, title) { // most pages repeat it in their text
			page = title + " " + page
		}
		page = clean(page, maxErrorBody) // again, because tags may have divided a secret
		return "received an HTML page instead of an API response: " + shorten(page, maxExcerpt)
	}
	return "received a response without a message: " + shorten(page, maxExcerpt)
}

// skew returns how far the clock of a server is ahead, from the Date of its response, which has
// whole seconds.
func skew(response *http.Response) time.Duration {
	date, err := http.ParseTime(response.Header.Get("Date"))
	if err != nil {
		return 0
	}
	return time.Until(date).Round(time.Second)
}

// retryAfter returns the Retry-After of a response, which is in seconds or a date of the server, or
// 0.
func retryAfter(response *http.Response) time.Duration {
	text := response.Header.Get("Retry-After")
	var after time.Duration
	if seconds, err := strconv.ParseUint(text, 10, 32); err == nil {
		after = time.Duration(seconds) * time.Second
	} else if date, err := http.ParseTime(text); err == nil {
		after = time.Until(date.Add(-skew(response)))
	}
	return max(0, min(after, longestRetryAfter))
}
