package httpapi

import (
	"encoding/json"
	"html"
	"regexp"
	"strconv"
	"strings"
	"unicode"

	"github.com/elbaas/terraform-provider-elbaas/internal/secret"
)

const redacted = "[redacted]"

// credentialHeaders carry secrets.
var credentialHeaders = []string{"X-Auth-Token", "X-Security-Token", "Authorization"}

// privateKey is a PEM block, or the beginning of one. Its label may have hyphens, one
// at a time (RFC 7468).
var privateKey = regexp.MustCompile(`(?s)-----BEGIN ` + keyLabel + `-----.*?(?:-----END ` + keyLabel + `-----|$)`)

const keyLabel = `(?:[A-Z0-9 ]|-[A-Z0-9 ])*PRIVATE KEY`

// cleaner returns a function that makes what the server said to a call fit to be
// shown: in printable characters, without the secrets of the call, and no longer
// than so many bytes. A server that quotes what it refuses must not bring a key or a
// token into an error, nor a part of one.
func cleaner(c *call) func(said string, limit int) string {
	secrets := c.secrets
	for _, name := range credentialHeaders {
		secrets = append(secrets[:len(secrets):len(secrets)], secret.New(c.Header.Get(name)))
	}
	redactAll := func(said string) string {
		for _, s := range secrets {
			said = redact(said, s.Reveal())
		}
		return said
	}
	return func(said string, limit int) string {
		// What is not printable may stand in a secret, and it may divide one.
		said = printable(redactAll(said))
		return shorten(redactAll(privateKey.ReplaceAllString(said, redacted)), limit)
	}
}

// printable removes control characters, of which a terminal might obey some, and
// those that change the direction of a text. What separates lines becomes a space.
func printable(said string) string {
	said = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.In(r, unicode.Cc, unicode.Cf):
			return -1
		}
		return r
	}, said)
	return strings.TrimSpace(said)
}

func shorten(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	return strings.ToValidUTF8(s[:limit], "") + "…"
}

// redact removes what a text has of a secret: every run of 12 letters and digits or
// more, whatever stands between them, so that a secret is found too that was cut,
// wrapped or escaped. A shorter secret is removed as a whole, as it is, or as JSON or
// HTML writes it.
func redact(said, hidden string) string {
	const run = 12
	wanted, _ := lettersOf(withoutBoundaries(hidden))
	if len(wanted) < run {
		for _, spelling := range spellings(hidden) {
			said = strings.ReplaceAll(said, spelling, redacted)
		}
		return said
	}
	runs := make(map[string]bool, len(wanted))
	for i := range len(wanted) - run + 1 {
		runs[wanted[i:i+run]] = true
	}
	letters, at := lettersOf(said)
	var clean strings.Builder
	shown := 0 // up to here the text is written, or removed
	for i := 0; i+run <= len(letters); i++ {
		if !runs[letters[i:i+run]] {
			continue
		}
		if from := at[i]; from > shown || shown == 0 { // otherwise it goes on with what was removed last
			clean.WriteString(said[shown:from])
			clean.WriteString(redacted)
		}
		shown = at[i+run-1] + 1
	}
	clean.WriteString(said[shown:])
	return clean.String()
}

// spellings are the ways in which a server may write a secret that it quotes.
func spellings(hidden string) []string {
	hidden = strings.TrimSpace(hidden)
	if hidden == "" {
		return nil
	}
	quoted, _ := json.Marshal(hidden) // a string is always JSON
	ascii := strconv.QuoteToASCII(hidden)
	return []string{
		hidden, printable(hidden), html.EscapeString(hidden),
		strings.Trim(string(quoted), `"`), ascii[1 : len(ascii)-1],
	}
}

// escape is a character as JSON or HTML may write it.
var escape = regexp.MustCompile(`\\u[0-9A-Fa-f]{4}|\\[bfnrt]|&#?[0-9A-Za-z]{1,8};`)

// lettersOf returns the letters and digits of a text, and where each of them is. Those
// of an escape are none.
func lettersOf(said string) (letters string, at []int) {
	var found strings.Builder
	escapes := escape.FindAllStringIndex(said, -1)
	for i := 0; i < len(said); i++ {
		if len(escapes) > 0 && i == escapes[0][0] {
			i = escapes[0][1] - 1
			escapes = escapes[1:]
			continue
		}
		switch b := said[i]; {
		case 'A' <= b && b <= 'Z', 'a' <= b && b <= 'z', '0' <= b && b <= '9':
			found.WriteByte(b)
			at = append(at, i)
		}
	}
	return found.String(), at
}

// withoutBoundaries removes the lines of a PEM text that everybody knows.
func withoutBoundaries(hidden string) string {
	var rest strings.Builder
	for line := range strings.Lines(hidden) {
		if !strings.HasPrefix(strings.TrimSpace(line), "-----") {
			rest.WriteString(line)
		}
	}
	return rest.String()
}
