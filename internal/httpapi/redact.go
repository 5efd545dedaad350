package httpapi

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"html"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"unicode"

	"github.com/elbaas/terraform-provider-elbaas/internal/secret"
)

const redacted = "[redacted]"

// credentialHeaders carry secrets.
var credentialHeaders = []string{"X-Auth-Token", "X-Security-Token", "Authorization"}

// privateKey matches a PEM block of a private key, or the beginning of one, also as a URL writes
// it. Its label may have single hyphens (RFC 7468). In Base64, any PEM block counts, with the
// lines that its text may be wrapped into.
var privateKey = regexp.MustCompile(
	`(?s)-----BEGIN` + keyLabel + `-----.*?(?:-----END` + keyLabel + `-----|$)|LS0tLS1CRUdJTi\S*(?:\s+\S{16,})*`)

const keyLabel = `(?:[A-Z0-9 +%]|-[A-Z0-9 ])*PRIVATE(?: |\+|%(?:25)*2[0B])KEY`

// secretField matches a field of a JSON text whose name says that it holds a secret, even if that text is itself a
// string in JSON. A value with spaces does not match, because it is an explanation rather than a secret. The value may
// have been cut off.
var secretField = regexp.MustCompile(`(?i)("` + fieldName + `\\*"\s*:\s*\\*")[^"\s]{8,}("|$)`)

const fieldName = `(?:sk|[a-z_-]*(?:secret|token|password|(?:private|secret)_?(?:access_?)?key))`

// cleaner returns a function that prepares a text of the server for display: only printable
// characters, without the secrets of the call, and at most limit bytes. A server that quotes
// the request must not bring a key or a token, or a part of one, into an error.
func cleaner(c *call) func(said string, limit int) string {
	secrets := c.asked.Secrets
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
		said = said[:min(len(said), maxErrorBody)] // the search for secrets takes seconds for a MiB
		// Characters that are not printable may be part of a secret, and they may divide one.
		said = printable(redactAll(said))
		said = privateKey.ReplaceAllString(said, redacted)
		said = secretField.ReplaceAllString(said, "${1}"+redacted+"${2}")
		return shorten(redactAll(said), limit)
	}
}

// Printable prepares a text of the server that contains no secrets for display: it removes what is not printable, and
// all but the first 2 KiB.
func Printable(said string) string { return shorten(printable(said), maxMessage) }

// printable removes control characters, which a terminal may interpret, and those that change
// the direction of a text. Line ends become spaces.
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

// boundary matches the boundaries of a PEM text, which are not secret.
var boundary = regexp.MustCompile(`(?m)^\s*-----.*$`)

// redact removes a secret from a text: as a whole in each of its spellings, and every 12 or more
// consecutive letters and digits of it or of one of its encodings, whatever is between them, so that
// it also finds a secret that was cut, wrapped, escaped, or put into another container.
func redact(said, hidden string) string {
	for _, spelling := range spellings(hidden) {
		said = strings.ReplaceAll(said, spelling, redacted)
	}
	said = strings.ReplaceAll(said, redacted+redacted, redacted)

	const run = 12
	letters, at := lettersOf(said)
	if len(letters) < run {
		return said
	}
	wanted := ""
	for _, encoded := range encodings(hidden) {
		encoded, _ := lettersOf(encoded)
		wanted += encoded + " "
	}
	isSecret := map[string]bool{} // of the runs of the text, which is usually shorter than a key
	for i := range len(letters) - run + 1 {
		isSecret[letters[i:i+run]] = false
	}
	for i := range len(wanted) - run + 1 {
		if _, isSaid := isSecret[wanted[i:i+run]]; isSaid {
			isSecret[wanted[i:i+run]] = true
		}
	}
	var clean strings.Builder
	done := 0 // the text before this is written or removed
	for i := 0; i+run <= len(letters); i++ {
		if !isSecret[letters[i:i+run]] {
			continue
		}
		if from := at[i]; from > done || done == 0 { // otherwise, this continues the previous match
			clean.WriteString(said[done:from])
			clean.WriteString(redacted)
		}
		done = at[i+run-1] + 1
	}
	clean.WriteString(said[done:])
	return clean.String()
}

// spellings are the forms in which a server may quote a secret.
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
		url.QueryEscape(hidden), url.PathEscape(hidden),
	}
}

// encodings returns the texts whose parts would show a secret: itself, and its Base64 and hexadecimal
// digits. The content of each PEM block is encoded too, because PKCS #1, PKCS #8 and JWK have the same
// numbers.
func encodings(hidden string) []string {
	encoded := []string{boundary.ReplaceAllString(hidden, "")}
	contents := []string{hidden}
	for block, rest := pem.Decode([]byte(hidden)); block != nil; block, rest = pem.Decode(rest) {
		contents = append(contents, string(block.Bytes))
	}
	for _, content := range contents {
		for skipped := range min(3, len(content)) { // whatever precedes the secret, its Base64 has one of these
			encoded = append(encoded, base64.StdEncoding.EncodeToString([]byte(content[skipped:])))
		}
		digits := hex.EncodeToString([]byte(content))
		encoded = append(encoded, digits, strings.ToUpper(digits))
	}
	return encoded
}

// escape matches a character as JSON, a programming language, HTML, or a URL in a URL may escape it.
var escape = regexp.MustCompile(
	`\\u[0-9A-Fa-f]{4}|\\x[0-9A-Fa-f]{2}|\\[bfnrt]|&#?[0-9A-Za-z]{1,8};|%(?:25)*[0-9A-Fa-f]{2}`)

// lettersOf returns the letters and digits of a text, and the position of each. Those of an
// escape do not count.
func lettersOf(said string) (letters string, at []int) {
	var found strings.Builder
	if strings.ContainsAny(said, `\&%`) { // the search is slow, and most texts have none
		said = escape.ReplaceAllStringFunc(said, func(found string) string { return strings.Repeat(" ", len(found)) })
	}
	for i, b := range []byte(said) {
		switch {
		case 'A' <= b && b <= 'Z', 'a' <= b && b <= 'z', '0' <= b && b <= '9':
			found.WriteByte(b)
			at = append(at, i)
		}
	}
	return found.String(), at
}
