package httpapi_test

import (
	"encoding/json"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/elbaas/terraform-provider-elbaas/internal/httpapi"
	"github.com/elbaas/terraform-provider-elbaas/internal/secret"
)

// keyOf returns a PEM text that looks like a private key, and a line of it. It has no
// repeated parts, so that a part that is displayed can be identified.
func keyOf(label string) (text, line string) {
	var letters strings.Builder
	for i := range 40 {
		fmt.Fprintf(&letters, "K%02d/x+Yz", i)
	}
	all := letters.String()
	line = all[:64]
	text = "-----BEGIN " + label + "-----\n"
	for ; len(all) > 64; all = all[64:] {
		text += all[:64] + "\n"
	}
	return text + all + "\n-----END " + label + "-----\n", line
}

// These have no part in common, or redacting one of them would hide that another is not redacted.
const (
	hiddenToken         = "tok-0123456789abcdefghijklmnopqrstuvwxyz"
	hiddenSignature     = "5d41402abc4b2a76b9719d911017c592"
	hiddenSecurityToken = "ZYXWVUTSRQPONMLKJIHG9876543210"
)

// refusalOf sends a request with secrets to a server that responds with a body, and returns
// the error.
func refusalOf(t *testing.T, body string, secrets ...string) *httpapi.Error {
	t.Helper()
	request := post()
	for _, hidden := range secrets {
		request.Secrets = append(request.Secrets, secret.New(hidden))
	}
	client := newClient(serve(t, reply(http.StatusBadRequest, body)), authorizer(func(r *http.Request) (func(), error) {
		r.Header.Set("X-Auth-Token", hiddenToken)
		r.Header.Set("Authorization", "SDK-HMAC-SHA256 Signature="+hiddenSignature)
		r.Header.Set("X-Security-Token", hiddenSecurityToken)
		return nil, nil
	}))
	refusal := httpapi.RefusalOf(client.Do(t.Context(), request, decodeJSON))
	if refusal == nil {
		t.Fatal("it is no refusal")
	}
	return refusal
}

func quoted(s string) string {
	text, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	return string(text)
}

// TestErrorsShowNoSecret: a server quotes the request in its error response.
func TestErrorsShowNoSecret(t *testing.T) {
	t.Parallel()
	for _, label := range []string{"PRIVATE KEY", "RSA PRIVATE KEY", "RSA-PSS PRIVATE KEY", "ENCRYPTED PRIVATE KEY"} {
		key, line := keyOf(label)
		for name, quote := range map[string]string{
			"the key":                 key,
			"the key without ends":    line,
			"half of the key":         key[:100],
			"the end of the key":      key[100:],
			"the key in one line":     strings.ReplaceAll(key, "\n", ""),
			"pieces of the key":       strings.Join(strings.SplitAfter(line, "/"), "\n"),
			"spaced out":              strings.Join(strings.Split(line, ""), " "),
			"with control characters": strings.Join(strings.Split(line, ""), "\x00"),
			"with bidi characters":    strings.Join(strings.Split(line, ""), "\u202e"),
			"with zero widths":        strings.Join(strings.Split(line, ""), "\u200b"),
			"the token":               "token " + hiddenToken + " is not valid",
			"the signature":           "signature " + hiddenSignature,
			"the security token":      hiddenSecurityToken,
		} {
			for shape, body := range map[string]string{
				"error":      `{"error":{"message":` + quoted("refused: "+quote) + `,"code":"ELB.1001"}}`,
				"error_msg":  `{"error_msg":` + quoted("refused: "+quote) + `,"error_code":"ELB.1001"}`,
				"detail":     `{"NeutronError":{"message":"refused: ","detail":` + quoted(quote) + `}}`,
				"object":     `{"message":{"refused: ":` + quoted(quote) + `}}`,
				"escaped":    `{"error_msg":` + strings.ReplaceAll(quoted("refused: "+quote), "/", `\/`) + `}`,
				"unknown":    `{"refused: ":` + quoted(quote) + `}`,
				"unknown \\": `{"refused: ":` + strings.ReplaceAll(quoted(quote), "/", `\/`) + `}`,
				"text":       "refused: " + quote,
				"HTML":       "<html><title>refused: " + quote + "</title></html>",
				"HTML, tags": "<html>refused: " + strings.ReplaceAll(quote, "/", "/<wbr>") + "</html>",
			} {
				if name == "with control characters" && (shape == "object" || strings.HasPrefix(shape, "unknown")) {
					continue // the body is shown as it is, with escapes instead of control characters
				}
				t.Run(label+", "+name+" in "+shape, func(t *testing.T) {
					t.Parallel()
					err := refusalOf(t, body, key)
					if !strings.Contains(err.Error(), "refused: ") || !strings.Contains(err.Error(), "[redacted]") {
						t.Errorf("the message is missing, or it does not show that something was removed: %v", err)
					}
					shown := lettersIn(fmt.Sprintf("%v %+v %#v", err, err, err))
					for _, hidden := range []string{
						line,
						hiddenToken,
						hiddenSignature,
						hiddenSecurityToken,
					} {
						letters := lettersIn(hidden)
						for i := 0; i+12 <= len(letters); i++ {
							if strings.Contains(shown, letters[i:i+12]) {
								t.Fatalf("the error shows a secret: %v", err)
							}
						}
					}
				})
			}
		}
	}
}

// TestShortSecretsAreNotShown: a password that is too short to be found by a part of it is found as a whole, however
// the server spells it.
func TestShortSecretsAreNotShown(t *testing.T) {
	t.Parallel()
	const password = "p\"ä<&\\\a w/ü+'"
	ascii := strconv.QuoteToASCII(password)
	for name, quote := range map[string]string{
		"itself":                     password,
		"without control characters": strings.ReplaceAll(password, "\a", ""),
		"HTML":                       html.EscapeString(password),
		"JSON":                       strings.TrimSuffix(strings.TrimPrefix(quoted(password), `"`), `"`),
		"a program":                  ascii[1 : len(ascii)-1],
		"a query":                    url.QueryEscape(password),
		"a path":                     url.PathEscape(password),
	} {
		err := refusalOf(t, "refused: <"+quote+">", " "+password+"\n")
		if got := err.Error(); !strings.Contains(got, "refused: <[redacted]>") {
			t.Errorf("%s: the error shows it: %s", name, got)
		}
	}
}

// lettersIn returns the letters and digits of a text.
func lettersIn(text string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' {
			return r
		}
		return -1
	}, text)
}

// TestForeignKeysAreNotShown: a private key that was not in the request is recognized by its
// boundary, even if its end is missing.
func TestForeignKeysAreNotShown(t *testing.T) {
	t.Parallel()
	for _, label := range []string{"PRIVATE KEY", "EC PRIVATE KEY", "RSA-PSS PRIVATE KEY", "OPENSSH PRIVATE KEY"} {
		key, line := keyOf(label)
		for name, body := range map[string]string{
			"message":     `{"error_msg":` + quoted("stored "+key+" before") + `}`,
			"without end": `{"error_msg":` + quoted("stored "+key[:150]) + `}`,
			"two":         `{"error_msg":` + quoted("stored "+key+key) + `}`,
			"unknown":     `{"stored ":` + quoted(key) + `}`,
			"text":        "stored " + key,
			"cut JSON":    `{"stored ":` + quoted(key)[:150],
			"HTML":        "<p>stored <pre>" + key + "</pre>",
		} {
			err := refusalOf(t, body)
			if !strings.Contains(err.Message, "stored") || !strings.Contains(err.Message, "[redacted]") {
				t.Errorf("%s in %s: %v", label, name, err)
			}
			if strings.Contains(err.Message, line[:8]) || strings.Contains(err.Message, "PRIVATE KEY") {
				t.Errorf("%s in %s is shown: %v", label, name, err)
			}
		}
	}
}

// TestRedaction: secrets are removed, and nothing else.
func TestRedaction(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct{ hidden, said, want string }{
		"whole":            {"abcdefghijklmnop", "it is abcdefghijklmnop.", "it is [redacted]."},
		"at the beginning": {"abcdefghijklmnop", "abcdefghijklmnop it is", "[redacted] it is"},
		"at the end":       {"abcdefghijklmnop", "it is abcdefghijklmnop", "it is [redacted]"},
		"repeated": {
			"abcdefghijklmnop",
			"abcdefghijklmnop, abcdefghijklmnop",
			"[redacted], [redacted]",
		},
		"repeated in a row":        {"abcdefghijklmnop", "abcdefghijklmnopabcdefghijklmnop", "[redacted]"},
		"the first part":           {"abcdefghijklmnop", "it is abcdefghijkl!", "it is [redacted]!"},
		"the last part":            {"abcdefghijklmnop", "it is efghijklmnop!", "it is [redacted]!"},
		"a part that says nothing": {"abcdefghijklmnop", "it is abcdefghijk!", "it is abcdefghijk!"},
		"two parts": {
			"abcdefghijklmnopqrstuvwxyz",
			"abcdefghijkl, opqrstuvwxyz",
			"[redacted], [redacted]",
		},
		"nothing but a part":         {"abcdefghijklmnop", "abcdefghijkl", "[redacted]"},
		"all kinds of letters":       {"AZaz09AZaz09AZ", "it is AZ-az-09-AZ-az-09!", "it is [redacted]!"},
		"symbols beside letters":     {"@abcdefghijk[`{/:l", "it is @abcdefghijk[`{/:", "it is @abcdefghijk[`{/:"},
		"short":                      {"hunter2", "not hunter2: hunter2", "not [redacted]: [redacted]"},
		"short, in part":             {"hunter2", "password hunter", "password hunter"},
		"not of letters":             {"密码密码密码", "it is 密码密码密码", "it is [redacted]"},
		"long, with few letters":     {"!?!?!?!?!?a!?!?!?", "it is !?!?!?!?!?a!?!?!?", "it is [redacted]"},
		"symbols around letters":     {"!?abcdefghijklmnop#+", "it is !?abcdefghijklmnop#+", "it is [redacted]"},
		"not only of letters":        {"密码密码abcdefghijklmnop", "it is 密码密码abcdefghijklmnop", "it is [redacted]"},
		"empty":                      {"", "it is", "it is"},
		"beside letters that differ": {"abcdefghijklmnop", "é abcdefghijklmnop é", "é [redacted] é"},
		"another case":               {"abcdefghijklmnop", "ABCDEFGHIJKLMNOP", "ABCDEFGHIJKLMNOP"},
	} {
		if got := refusalOf(t, `{"error_msg":`+quoted(row.said)+`}`, row.hidden); got.Message != row.want {
			t.Errorf("%s: %q, want %q", name, got.Message, row.want)
		}
	}
}

// TestBoundariesAreNoSecret: messages about PEM contain the boundaries.
func TestBoundariesAreNoSecret(t *testing.T) {
	t.Parallel()
	key, _ := keyOf("EC PRIVATE KEY")
	const said = "there is no BEGIN EC PRIVATE KEY, END EC PRIVATE KEY"
	if got := refusalOf(t, `{"error_msg":"`+said+`"}`, key); got.Message != said {
		t.Errorf("%q, want %q", got.Message, said)
	}
}

// TestSecretsOfOneRequest: the secrets of one request are not kept for the next one.
func TestSecretsOfOneRequest(t *testing.T) {
	t.Parallel()
	secrets := make([]secret.Value, 1, 8) // an append without a copy would write into the spare capacity
	secrets[0] = secret.New("abcdefghijklmnop")
	client := newClient(serve(t, reply(http.StatusBadRequest, `{"error_msg":"abcdefghijklmnop and qrstuvwxyz0123"}`)),
		authorizer(func(r *http.Request) (func(), error) {
			r.Header.Set("X-Auth-Token", r.Header.Get("X-Give"))
			return nil, nil
		}))
	for _, row := range []struct{ token, want string }{
		{"qrstuvwxyz0123", "[redacted] and [redacted]"},
		{"", "[redacted] and qrstuvwxyz0123"},
	} {
		request := get()
		request.Secrets, request.Header = secrets, http.Header{"X-Give": {row.token}}
		err := client.Do(t.Context(), request, decodeJSON)
		if refusal := httpapi.RefusalOf(err); refusal == nil || refusal.Message != row.want {
			t.Errorf("%v, want %q", err, row.want)
		}
		for _, hidden := range secrets[1:cap(secrets)] {
			if !hidden.Empty() {
				t.Error("the token was written into the caller's slice")
			}
		}
	}
}

// TestControlCharacters: characters that a terminal would interpret are removed.
func TestControlCharacters(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct{ said, want string }{
		"escape sequences": {"a\x1b[31mb\x07c", "a[31mbc"},
		"C1":               {"a\u009b31mb\u0080", "a31mb"},
		"DEL and NUL":      {"a\x7fb\x00c", "abc"},
		"bidi":             {"a\u202eb\u2066c\u200fd", "abcd"},
		"zero width":       {"a\u200bb\ufeffc", "abc"},
		"lines":            {"a\nb\r\nc\td\u2028e\u0085f", "a b  c d e f"},
		"around":           {"\n a \n", "a"},
		"letters stay":     {"é 証明書 😀", "é 証明書 😀"},
	} {
		got := refusalOf(t, strings.ReplaceAll(`{"error_msg":@,"error_code":@,"request_id":@}`, "@", quoted(row.said)))
		if got.Message != row.want || got.Code != row.want || got.RequestID != row.want {
			t.Errorf("%s: %q, %q, %q, want %q", name, got.Message, got.Code, got.RequestID, row.want)
		}
	}
}

// TestCutSecretsAreNotShown: a server quotes a long token, a line of the key, or a part of them, at every position
// where an excerpt may end.
func TestCutSecretsAreNotShown(t *testing.T) {
	t.Parallel()
	const part = 12 // as many letters as a telling part of a secret has
	_, line := keyOf("PRIVATE KEY")
	key := lettersIn(line)
	var long strings.Builder
	for i := range 200 {
		fmt.Fprintf(&long, "tok%03d", i)
	}
	for name, hidden := range map[string]string{"key": key, "token": long.String()} {
		for _, quote := range []string{hidden, hidden[:len(hidden)-1], hidden[1:], hidden[3:30]} {
			for _, around := range []int{maxExcerpt, maxMessage} {
				for at := around - 40; at < around+10; at += 9 {
					for _, body := range []string{
						strings.Repeat("x", at) + " " + quote,
						"<html>" + strings.Repeat("x", at) + " " + quote + "</html>",
						`{"unknown":"` + strings.Repeat("x", at) + " " + quote + `"}`,
						`{"error_msg":"` + strings.Repeat("x", at) + " " + quote + `"}`,
						`{"error":{"message":"m","code":"` + quote + `"},"request_id":"` + quote + `"}`,
					} {
						err := refusalOf(t, body, hidden)
						for i := 0; i+part <= len(hidden); i++ {
							if strings.Contains(err.Error(), hidden[i:i+part]) {
								t.Fatalf("%s at %d is shown: %v", name, at, err)
							}
						}
					}
				}
			}
		}
	}
}

// maxExcerpt and maxMessage are the sizes of an excerpt and a message.
const maxExcerpt, maxMessage = 200, 2048

// TestUnreadableShowsNoSecret: the reason why a response could not be read, and its content type, may quote the secret.
func TestUnreadableShowsNoSecret(t *testing.T) {
	t.Parallel()
	key, line := keyOf("PRIVATE KEY")
	for name, contentType := range map[string]string{
		"JSON":         "application/json",
		"another type": "text/" + hiddenToken,
	} {
		said := reply(http.StatusOK, `{}`, "Content-Type", contentType, "X-Request-Id", hiddenToken)
		client := newClient(serve(t, said),
			authorizer(func(r *http.Request) (func(), error) {
				r.Header.Set("X-Auth-Token", hiddenToken)
				return nil, nil
			}))
		request := get()
		request.Secrets = []secret.Value{secret.New(key)}
		err := client.Do(t.Context(), request, func(*http.Response) error {
			return fmt.Errorf("%q and %s and %q make no sense", line, key, hiddenToken)
		})
		refusal := httpapi.RefusalOf(err)
		if refusal == nil || !strings.Contains(refusal.Message, "[redacted]") {
			t.Fatalf("%s: %v", name, err)
		}
		shown := fmt.Sprintf("%v %+v", err, *refusal)
		if strings.Contains(shown, line[:8]) || strings.Contains(shown, hiddenToken[:20]) {
			t.Errorf("%s: it shows a secret: %s", name, shown)
		}
	}
}
