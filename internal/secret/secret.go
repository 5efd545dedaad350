// Package secret has a type for values that must not be displayed.
package secret

import (
	"fmt"
	"io"
)

const redacted = "[redacted]"

// A Value is a secret text. However it is formatted, logged or marshalled, even inside other
// values, the result is "[redacted]". Only Reveal returns the text. The zero Value is an
// empty text.
type Value struct {
	// reveal is a closure, because fmt and printers based on reflection print unexported
	// strings and pointers without calling a method.
	reveal func() string
}

// New returns text as a secret.
func New(text string) Value {
	return Value{reveal: func() string { return text }}
}

// Reveal returns the text.
func (v Value) Reveal() string {
	if v.reveal == nil {
		return ""
	}
	return v.reveal()
}

// Empty reports whether the text is empty.
func (v Value) Empty() bool {
	return v.Reveal() == ""
}

// Format implements fmt.Formatter for every verb and flag.
func (v Value) Format(f fmt.State, _ rune) {
	_, _ = io.WriteString(f, redacted)
}

// MarshalText implements encoding.TextMarshaler, which log/slog and
// encoding/json use.
func (v Value) MarshalText() ([]byte, error) {
	return []byte(redacted), nil
}
