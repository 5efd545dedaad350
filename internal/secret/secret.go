// Package secret holds what must not be shown.
package secret

import (
	"fmt"
	"io"
)

const redacted = "[redacted]"

// A Value is a secret text. However it is formatted, logged or marshalled, it
// reads "[redacted]", also inside of other values; Reveal alone gives the text.
// The zero Value is an empty text.
type Value struct {
	// A closure, because fmt and reflection based printers see through
	// unexported strings and pointers, and call no method on them.
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

// Empty reports whether there is no text.
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
