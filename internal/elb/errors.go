package elb

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"
)

// ErrNotFound says that a certificate is proven not to exist.
var ErrNotFound = errors.New("the certificate does not exist")

// ErrNotShown says that the server accepted a change, but did not show it in
// time.
var ErrNotShown = errors.New("the server accepted the change, but has not shown it yet")

// errIncomplete says that a list does not have all certificates.
var errIncomplete = errors.New("the list is incomplete")

// An Error is an answer that says no, or one that cannot be read.
type Error struct {
	// Status is the HTTP status.
	Status int
	// Code is the API's error code, such as "ELB.1001", or empty.
	Code string
	// Message is the server's message, whole, or a description of an answer
	// that carries none. It contains no secret that the request contained.
	Message string
	// RequestID is what the operator of the cloud can find the call by, or
	// empty.
	RequestID string
	// Skew is how far the server's clock is ahead of ours, as far as the answer
	// tells; less than 0 is behind.
	Skew time.Duration

	cause error
}

// Error implements error.
func (e *Error) Error() string {
	text := fmt.Sprintf("%s (HTTP %d", e.Message, e.Status)
	if e.Code != "" {
		text += ", code " + e.Code
	}
	if e.RequestID != "" {
		text += ", request id " + e.RequestID
	}
	return text + ")"
}

// Unwrap returns why the answer could not be read, or nil.
func (e *Error) Unwrap() error { return e.cause }

// unreadable is an answer whose status is 2xx and whose body makes no sense.
func unreadable(response *http.Response, cause error) *Error {
	message := fmt.Sprintf("the answer could not be read: %v", cause)
	if contentType := response.Header.Get("Content-Type"); !strings.Contains(contentType, "json") {
		message = fmt.Sprintf("the answer is not JSON but %q: %v", contentType, cause)
	}
	return &Error{
		Status:    response.StatusCode,
		Message:   message,
		RequestID: requestID(response),
		cause:     cause,
	}
}

// notFound reports whether an answer says that the certificate does not exist:
// ELB.5040, which is 404 in one table of the reference and 400 in another.
func (e *Error) notFound() bool {
	return e.Code == "ELB.5040"
}

// undecided reports whether an answer is a 404 that may mean the certificate,
// the project, or the endpoint: one without a code, or with the "Not Found" of
// the status table (seed).
func (e *Error) undecided() bool {
	return e.Status == http.StatusNotFound && (e.Code == "" || e.Code == "Not Found")
}

// inUse reports whether an answer says that a listener holds the certificate:
// 409 in newer versions of the API (reference), ELB.5002 in this one (assumed).
func (e *Error) inUse() bool {
	return e.Status == http.StatusConflict || e.Code == "ELB.5002"
}

// InUseError says that a certificate was not deleted because it is in use.
type InUseError struct {
	// Listeners are those that hold the certificate, as far as the API tells.
	Listeners []Listener
	// ListenersErr is why Listeners could not be read, or nil.
	ListenersErr error
	// Err is the server's refusal.
	Err *Error
}

// Error implements error.
func (e *InUseError) Error() string { return "the certificate is in use: " + e.Err.Error() }

// Unwrap returns the server's refusal.
func (e *InUseError) Unwrap() error { return e.Err }

// errorBody has the fields of all error shapes that this family of clouds
// answers with.
type errorBody struct {
	Error        json.RawMessage `json:"error"`        // {"message","code"} (reference)
	NeutronError json.RawMessage `json:"NeutronError"` // {"type","message","detail"} (observed)
	ErrorMsg     text            `json:"error_msg"`    // reference
	ErrorCode    text            `json:"error_code"`   // reference
	Message      text            `json:"message"`      // assumed
	Code         text            `json:"code"`         // assumed
	RequestID    text            `json:"request_id"`   // observed
}

// text is a string, or anything else as the server wrote it.
type text string

// UnmarshalJSON implements json.Unmarshaler.
func (t *text) UnmarshalJSON(raw []byte) error {
	var s string // null leaves it empty
	if json.Unmarshal(raw, &s) != nil {
		s = string(raw)
	}
	*t = text(s)
	return nil
}

// TokenRefused reports whether an answer refuses the token of its request: 401,
// or one of the codes for that, which also come under 400 (reference). It leaves
// the body as it was.
func TokenRefused(response *http.Response) bool {
	switch response.StatusCode {
	case http.StatusUnauthorized:
		return true
	case http.StatusBadRequest:
		return tokenCodes[peekError(response).Code]
	}
	return false
}

// tokenCodes say that the token is not valid (reference).
var tokenCodes = map[string]bool{"ELB.1102": true, "ELB.1103": true, "ELB.1104": true, "ELB.1105": true, "ELB.1201": true}

// peekError reads an answer that says no, and leaves its body as it was.
func peekError(response *http.Response) *Error {
	read, _ := io.ReadAll(io.LimitReader(response.Body, maxErrorAnswer))
	response.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(read), response.Body), response.Body}
	peeked := *response
	peeked.Body = io.NopCloser(bytes.NewReader(read))
	return decodeError(&peeked)
}

// DecodeError reads an answer that says no, of any service of the family. The
// error is an *Error.
func DecodeError(response *http.Response) error { return decodeError(response) }

// decodeError reads an answer that says no. It never fails: an answer that it
// does not understand is described.
func decodeError(response *http.Response) *Error {
	raw, _ := io.ReadAll(io.LimitReader(response.Body, maxErrorAnswer)) // what arrived is better than nothing

	var body errorBody
	if json.Unmarshal(raw, &body) != nil {
		body = errorBody{}
	}
	code, message := body.ErrorCode, body.ErrorMsg
	if code == "" {
		code = body.Code
	}
	if message == "" {
		message = body.Message
	}
	for _, inner := range []json.RawMessage{body.NeutronError, body.Error} {
		if inner != nil && string(inner) != "null" {
			code, message = decodeInner(inner)
		}
	}
	if message == "" {
		// Before it is cut: what is left of a cut secret is not recognised.
		page := withoutSecrets(string(raw), response.Request)
		message = text(describe(response.StatusCode, []byte(page)))
	}

	e := &Error{
		Status:    response.StatusCode,
		Code:      string(code),
		Message:   string(message),
		RequestID: requestID(response),
		Skew:      skew(response),
	}
	if e.RequestID == "" {
		e.RequestID = string(body.RequestID)
	}
	for _, said := range []*string{&e.Message, &e.Code, &e.RequestID} {
		*said = withoutSecrets(*said, response.Request)
	}
	return e
}

// decodeInner reads the object inside of "error" or "NeutronError". Where it is
// no object, its text is the message.
func decodeInner(raw json.RawMessage) (code, message text) {
	var inner struct {
		Code    text `json:"code"`
		Type    text `json:"type"`
		Message text `json:"message"`
		Detail  text `json:"detail"`
	}
	if json.Unmarshal(raw, &inner) != nil {
		_ = message.UnmarshalJSON(raw)
		return "", message
	}
	code, message = inner.Code, inner.Message
	if code == "" {
		code = inner.Type
	}
	if inner.Detail != "" {
		message += ": " + inner.Detail
	}
	return code, message
}

var (
	htmlTitle = regexp.MustCompile(`(?is)<title[^>]*>(.*?)</title>`)
	htmlTag   = regexp.MustCompile(`(?s)<[^>]*>`)
)

// describe says in words what an answer without a message is.
func describe(status int, body []byte) string {
	const excerpt = 200 // bytes; a gateway's page is long and says little
	page := strings.TrimSpace(string(body))
	switch {
	case page == "":
		return fmt.Sprintf("the server answered %q with an empty body", http.StatusText(status))
	case !utf8.ValidString(page):
		return fmt.Sprintf("the server answered with %d bytes that are no text", len(body))
	case strings.HasPrefix(page, "<"):
		if title := htmlTitle.FindStringSubmatch(page); title != nil {
			page = title[1]
		}
		page = strings.Join(strings.Fields(htmlTag.ReplaceAllString(page, " ")), " ")
		return fmt.Sprintf("an HTML page and not the API answered: %s", shorten(page, excerpt))
	}
	return fmt.Sprintf("the server answered without a message: %s", shorten(page, excerpt))
}

func shorten(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	return strings.ToValidUTF8(s[:limit], "") + "…"
}

// requestID returns the id that the server gave a call (observed).
func requestID(response *http.Response) string {
	return response.Header.Get("X-Request-Id")
}

var privateKey = regexp.MustCompile(`(?s)-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----.*?(-----END [A-Z0-9 ]*PRIVATE KEY-----|$)`)

// skew returns how far the clock of a server is ahead, by the Date of its answer,
// which has whole seconds.
func skew(response *http.Response) time.Duration {
	date, err := http.ParseTime(response.Header.Get("Date"))
	if err != nil {
		return 0
	}
	return time.Until(date).Round(time.Second)
}

// withoutSecrets removes from what a server said the secrets that its request
// contained: a server that quotes what it refuses must not bring a key or a
// token into an error, nor a part of one.
func withoutSecrets(message string, request *http.Request) string {
	message = privateKey.ReplaceAllString(message, redacted)
	if request == nil {
		return message
	}
	for _, header := range []string{"X-Auth-Token", "X-Security-Token", "Authorization"} {
		message = withoutRuns(message, request.Header.Get(header))
	}
	for _, sent := range sentSecrets(request) {
		message = withoutRuns(message, sent)
	}
	return message
}

const redacted = "[redacted]"

// withoutRuns removes every run of 12 bytes or more that a message shares with a
// secret, so that a secret which is cut or wrapped is found too. A shorter
// secret is removed as a whole.
func withoutRuns(message, secret string) string {
	const run = 12
	if secret == "" {
		return message
	}
	if len(secret) < run {
		return strings.ReplaceAll(message, secret, redacted)
	}
	runs := make(map[string]bool, len(secret))
	for i := range len(secret) - run + 1 {
		runs[secret[i:i+run]] = true
	}
	var clean strings.Builder
	shown := 0 // up to here the message is written, or removed
	for i := 0; i+run <= len(message); i++ {
		if !runs[message[i:i+run]] {
			continue
		}
		if i > shown || shown == 0 {
			clean.WriteString(message[shown:i])
			clean.WriteString(redacted)
		}
		shown = i + run // overlapping runs are one
	}
	clean.WriteString(message[shown:])
	return clean.String()
}

// sentSecrets returns the secrets in the body of a request: the base64 of a
// private key, and a password.
func sentSecrets(request *http.Request) []string {
	if request.GetBody == nil {
		return nil
	}
	body, err := request.GetBody()
	if err != nil {
		return nil
	}
	var sent struct {
		PrivateKey string `json:"private_key"`
		Password   string `json:"password"`
	}
	if json.NewDecoder(body).Decode(&sent) != nil {
		return nil
	}
	var base64 strings.Builder
	for line := range strings.Lines(sent.PrivateKey) {
		if line = strings.TrimSpace(line); !strings.HasPrefix(line, "-----") {
			base64.WriteString(line)
		}
	}
	return []string{base64.String(), sent.Password}
}
