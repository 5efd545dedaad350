package provider_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/elbaas/terraform-provider-elbaas/internal/acctest"
	"github.com/elbaas/terraform-provider-elbaas/internal/elbstub"
	"github.com/elbaas/terraform-provider-elbaas/internal/provider"
)

// errorBody returns the body of an error response with a message.
func errorBody(t *testing.T, message string) string {
	t.Helper()
	body, err := json.Marshal(map[string]any{"error": map[string]string{"message": message, "code": "ELB.1001"}})
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// spread returns a text with another text after every n characters.
func spread(text, with string, n int) string {
	var b strings.Builder
	for part := range slices.Chunk([]byte(text), n) {
		b.Write(part)
		b.WriteString(with)
	}
	return b.String()
}

// TestErrorTextIsSanitized: error messages of a server are displayed in a terminal, pass through a
// protocol that allows only UTF-8, and are pasted into tickets.
func TestErrorTextIsSanitized(t *testing.T) {
	t.Parallel()
	pair := NewPair()
	key := strings.Join(strings.Split(pair.PrivateKey, "\n")[1:4], "") // the base64 without its boundaries
	const keeps = "the cause is here"
	rows := map[string]string{
		"not UTF-8":              "\xff\xfe " + keeps,
		"not UTF-8 in JSON":      `{"error":{"message":"` + keeps + ` ` + "\xff\xc3" + `","code":"ELB.1001"}}`,
		"escape sequence":        errorBody(t, keeps+"\x1b[2J\x1b]0;title\a"),
		"C1 controls":            errorBody(t, keeps+"\u009b2J\u0085"),
		"bidirectional override": errorBody(t, keeps+"\u202etxt.exe\u202c\u2066\u200f"),
		"newlines":               errorBody(t, keeps+"\n\nError: forged\r\nforged"),
		"in the code":            `{"error":{"message":"` + keeps + `","code":"ELB.\u001b[2J\n\u202e"}}`,
		"in a page":              "<html><head><title>" + keeps + "\x1b[2J\u202e</title></head></html>",
		"60 KiB":                 errorBody(t, keeps+strings.Repeat(" and so on", 6<<10)),
		"a code of 60 KiB":       `{"error":{"message":"` + keeps + `","code":"` + strings.Repeat("A", 60<<10) + `"}}`,
		"a page of 60 KiB":       "<html><title>" + keeps + "</title>" + strings.Repeat("<p>and so on", 5<<10),
		"the key":                errorBody(t, keeps+pair.PrivateKey),
	}
	for name, with := range map[string]string{
		"NUL": "\x00", "ESC": "\x1b", "newlines": "\n", "CRLF": "\r\n", "spaces": " ", "zero width spaces": "\u200b",
		"soft hyphens": "\u00ad", "literal newlines": `\n`, "bidirectional marks": "\u200e",
	} {
		rows["the key with "+name] = errorBody(t, keeps+" "+spread(key, with, 8))
	}
	for name, body := range rows {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cloud := NewCloud(t)
			cloud.Script(elbstub.CreateCertificate, 1, elbstub.Reply(http.StatusBadRequest, body))
			state, diagnostics := create(t, cloud.Server(t, provider.New("test", nil)()), configOf(pair, "www"))
			if state != nil || len(diagnostics) != 1 {
				t.Fatalf("state %q: %s", idOf(state), textOf(diagnostics))
			}
			text := textOf(diagnostics)
			wantPrintable(t, text)
			if !strings.Contains(text, keeps[1:]) && name != "not UTF-8" { // its first letter may be capitalized
				t.Errorf("the message is lost: %s", text)
			}
			if strings.Contains(text, "\nError: forged") || strings.Contains(text, "\nforged") {
				t.Errorf("a line of its own is forged: %s", text)
			}
			wantNoPart(t, text, key)
		})
	}
}

// TestListedTextIsSanitized: names from a list may be quoted in an error of the provider.
func TestListedTextIsSanitized(t *testing.T) {
	t.Parallel()
	wild := "x\x1b[2J\u009b\u202e\nError: forged" + strings.Repeat(" and so on", 1000)
	cloud := NewCloud(t, func(o *elbstub.Options) {
		o.Keep = func(cert *elbstub.Certificate) { cert.Name = wild }
	})
	pair := NewPair()
	id := cloud.Add(elbstub.Certificate{
		ProjectID: ProjectID, Name: wild, Domain: wild, Certificate: pair.Certificate,
	})
	listener := cloud.AddListener(elbstub.Listener{
		ProjectID: ProjectID, Name: wild, LoadBalancerID: wild, Protocol: wild, CertificateID: id,
	})
	server := cloud.Server(t, provider.New("test", nil)())
	said := map[string]acctest.Diagnostics{}
	_, said["a search"] = server.ReadDataSource("elbaas_certificate", acctest.Values{"name": "missing"})
	plan, diagnostics := server.Listeners().Plan(nil, acctest.Values{"listener_id": listener, "certificate_id": id})
	if diagnostics.HasError() {
		t.Fatal(textOf(diagnostics))
	}
	_, said["a listener"] = server.Listeners().Apply(plan)
	certificate, diagnostics := server.Import(id)
	if diagnostics.HasError() {
		t.Fatal(textOf(diagnostics))
	}
	plan, _ = server.Plan(certificate, acctest.Values{
		"name": "new", "certificate": certificate.Values["certificate"], "private_key": pair.PrivateKey,
	})
	_, said["an update"] = server.Apply(plan)
	certificate.Values["timeouts"] = acctest.Values{"delete": "1s"}
	_, said["a deletion"] = server.Destroy(certificate)
	for name, diagnostics := range said {
		text := textOf(diagnostics)
		if !diagnostics.HasError() || !strings.Contains(text, `x\x1b[2J`) {
			t.Errorf("%s: it says %q", name, text)
		}
		if strings.Contains(text, "\nError: forged") {
			t.Errorf("%s: a line of its own is forged: %s", name, text)
		}
		wantPrintable(t, text)
	}
	listed, diagnostics := server.List(acctest.Values{}, 1, false)
	if len(listed) != 1 || diagnostics.HasError() {
		t.Fatalf("it lists %v: %s", listed, textOf(diagnostics))
	}
	wantPrintable(t, listed[0].DisplayName)
}

// wantPrintable fails if a text is not safe for a terminal, or too long.
func wantPrintable(t *testing.T, text string) {
	t.Helper()
	const fixed = 1500 // the length of the provider's own words
	if len(text) > 2<<10+fixed {
		t.Errorf("it has %d bytes", len(text))
	}
	if !utf8.ValidString(text) {
		t.Errorf("it is not UTF-8: %q", text)
	}
	for _, r := range text {
		if r != '\n' && (unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r)) {
			t.Errorf("it has the character %U", r)
			return
		}
	}
}

// wantNoPart fails if a text has a part of a secret, whatever is between its characters.
func wantNoPart(t *testing.T, text, secret string) {
	t.Helper()
	const part = 16
	text = strings.ReplaceAll(text, `\n`, "")
	joined := strings.Map(func(r rune) rune {
		if r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("+/=-", r) {
			return -1
		}
		return r
	}, text)
	for i := range len(secret) - part + 1 {
		if strings.Contains(joined, secret[i:i+part]) {
			t.Fatalf("it shows a secret: %s", text)
		}
	}
}

// TestIdentityErrorsAreSanitized: the same for the identity service, which may quote a password.
func TestIdentityErrorsAreSanitized(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"the password":           errorBody(t, Password),
		"the password with NUL":  errorBody(t, spread(Password, "\x00", 4)),
		"the password in lines":  errorBody(t, spread(Password, "\n", 8)),
		"escape sequence":        errorBody(t, "\x1b[2J\u202e"),
		"60 KiB":                 errorBody(t, strings.Repeat("and so on ", 6<<10)),
		"not UTF-8":              "\xff\xfe",
		"not UTF-8 within JSON":  `{"error":{"message":"` + "\xff\xc3" + `"}}`,
		"the password in a page": "<html>" + spread(Password, "<b></b>", 8) + "</html>",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cloud := NewCloud(t)
			cloud.Script(elbstub.IssueToken, 1, elbstub.Reply(http.StatusBadRequest, body))
			state, diagnostics := create(t, passwordServer(t, cloud), acctest.Values{"name": "www"})
			if state != nil || !diagnostics.HasError() {
				t.Fatalf("state %q: %s", idOf(state), textOf(diagnostics))
			}
			wantPrintable(t, textOf(diagnostics))
			wantNoPart(t, textOf(diagnostics), Password)
		})
	}
}

// TestRequestIDIsSanitized: a request ID is text of the server as well.
func TestRequestIDIsSanitized(t *testing.T) {
	t.Parallel()
	cloud, wire := newWire(t)
	wire.Script(http.MethodPost, 1, func(e *exchange) {
		body := errorBody(t, "no")
		id := "\u202e\u009b" + strings.Repeat("A", 10<<10)
		length := strconv.Itoa(len(body))
		e.Send("HTTP/1.1 400 Bad Request\r\nX-Request-Id: ", id, "\r\nContent-Length: ", length, "\r\n\r\n", body)
	})
	state, diagnostics := create(t, cloud.Server(t, provider.New("test", nil)()), acctest.Values{"name": "www"})
	if state != nil || !diagnostics.HasError() {
		t.Fatalf("state %q: %s", idOf(state), textOf(diagnostics))
	}
	wantPrintable(t, textOf(diagnostics))
}

// TestThrottledAtOnce: calls that are throttled in the same round wait for one round, although
// their responses arrive one after the other.
func TestThrottledAtOnce(t *testing.T) {
	t.Parallel()
	for _, calls := range []int{1, 20} {
		t.Run(strconv.Itoa(calls), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				cloud, network := NewCloudInMemory(t)
				s := inMemory(t, cloud, network, nil)
				var states []*acctest.State
				for n := range calls {
					state, _ := create(t, s, acctest.Values{"name": fmt.Sprintf("n%d", n)})
					states = append(states, state)
					cloud.Script(elbstub.DeleteCertificate, n+1, func(elbstub.Next) elbstub.Response {
						time.Sleep(time.Duration(n) * 10 * time.Millisecond)
						return elbstub.Throttle("")(nil)
					})
				}
				started := time.Now()
				left := make(chan *acctest.State)
				for _, state := range states {
					go func() {
						state, _ := s.Destroy(state)
						left <- state
					}()
				}
				for range states {
					if state := <-left; state != nil {
						t.Errorf("certificate %s is left", idOf(state))
					}
				}
				if took := time.Since(started); took > 4*time.Second {
					t.Errorf("%d calls took %s", calls, took)
				}
			})
		})
	}
}
