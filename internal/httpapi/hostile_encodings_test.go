package httpapi_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"testing"
)

// TestSecretsInOtherEncodings: a server returns what it was sent in an encoding of its own. No telling part of the
// secret is shown, neither in that encoding nor decoded.
func TestSecretsInOtherEncodings(t *testing.T) {
	t.Parallel()
	key, _ := keyOf("PRIVATE KEY")
	for encoding, encode := range map[string]func(string) string{
		"URL":            url.QueryEscape,
		"URL, path":      url.PathEscape,
		"URL, twice":     func(s string) string { return url.QueryEscape(url.QueryEscape(s)) },
		`\x`:             func(s string) string { return strings.NewReplacer("/", `\x2f`, "+", `\x2B`).Replace(s) },
		"Base64":         func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) },
		"Base64, 1 more": func(s string) string { return base64.StdEncoding.EncodeToString([]byte(`"` + s)) },
		"Base64, 2 more": func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(`: ` + s)) },
		"Base64, JSON":   func(s string) string { return base64.StdEncoding.EncodeToString([]byte(quoted(s))) },
	} {
		for secretName, hidden := range map[string]string{"the key": key, "the token": hiddenToken} {
			for shape, body := range map[string]string{
				"error": `{"error":{"message":` + quoted("refused: "+encode(hidden)) + `,"code":"ELB.1001"}}`,
				"text":  "refused: " + encode(hidden),
				"HTML":  "<html><title>refused: " + encode(hidden) + "</title></html>",
			} {
				t.Run(secretName+", "+encoding+" in "+shape, func(t *testing.T) {
					t.Parallel()
					said := refusalOf(t, body, key).Error()
					if !strings.Contains(said, "refused: ") || !strings.Contains(said, "[redacted]") {
						t.Errorf("the message is missing, or it does not show that something was removed: %s", said)
					}
					decoded, _ := url.QueryUnescape(said)
					for _, whole := range []string{encode(hidden), hidden, lettersIn(hidden)} {
						for i := 0; i+16 <= len(whole); i++ {
							part := whole[i : i+16]
							if strings.Contains(said, part) || strings.Contains(decoded, part) {
								t.Fatalf("it shows %q of a secret: %s", part, said)
							}
						}
					}
				})
			}
		}
	}
}

// TestKeyInAnotherContainer: a server that has parsed a key may return the same numbers in another format.
func TestKeyInAnotherContainer(t *testing.T) {
	t.Parallel()
	ofRSA, rsaErr := rsa.GenerateKey(rand.Reader, 2048)
	ofEC, ecErr := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err := errors.Join(rsaErr, ecErr); err != nil {
		t.Fatal(err)
	}
	rsaPKCS1, rsaPKCS8 := x509.MarshalPKCS1PrivateKey(ofRSA), pkcs8(t, ofRSA)
	ecSEC1, secErr := x509.MarshalECPrivateKey(ofEC)
	ecD, dErr := ofEC.Bytes()
	if err := errors.Join(secErr, dErr); err != nil {
		t.Fatal(err)
	}
	rsaD, rsaP := ofRSA.D.Bytes(), ofRSA.Primes[0].Bytes()
	inBase64, inURL := base64.StdEncoding.EncodeToString, base64.RawURLEncoding.EncodeToString
	for name, row := range map[string]struct {
		label string
		sent  []byte
		said  string
	}{
		"PKCS #8 for PKCS #1":     {"RSA PRIVATE KEY", rsaPKCS1, inBase64(rsaPKCS8)},
		"PKCS #1 for PKCS #8":     {"PRIVATE KEY", rsaPKCS8, inBase64(rsaPKCS1)},
		"PKCS #8 for SEC 1":       {"EC PRIVATE KEY", ecSEC1, inBase64(pkcs8(t, ofEC))},
		"SEC 1 for PKCS #8":       {"PRIVATE KEY", pkcs8(t, ofEC), inBase64(ecSEC1)},
		"JWK of RSA":              {"PRIVATE KEY", rsaPKCS8, `{"d":"` + inURL(rsaD) + `","p":"` + inURL(rsaP) + `"}`},
		"JWK of an EC":            {"PRIVATE KEY", pkcs8(t, ofEC), `{"d":"` + inURL(ecD) + `"}`},
		"hexadecimal digits":      {"PRIVATE KEY", rsaPKCS8, hex.EncodeToString(rsaPKCS8)},
		"capital digits":          {"PRIVATE KEY", rsaPKCS8, fmt.Sprintf("%X", rsaPKCS8)},
		"openssl rsa -text":       {"PRIVATE KEY", rsaPKCS8, strings.ReplaceAll(fmt.Sprintf("% x", rsaD), " ", ":")},
		"a number in hexadecimal": {"EC PRIVATE KEY", ecSEC1, fmt.Sprintf("%#x", ecD)},
	} {
		sent := pem.EncodeToMemory(&pem.Block{Type: row.label, Bytes: row.sent})
		parameters := pem.EncodeToMemory(&pem.Block{Type: "EC PARAMETERS", Bytes: []byte{5, 0}}) // openssl ecparam
		for _, before := range []string{"", string(parameters)} {
			got := refusalOf(t, `{"error_msg":`+quoted("bad: "+row.said)+`}`, before+string(sent)).Message
			if left := strings.ReplaceAll(got, "[redacted]", ""); len(left) > 60 || !strings.HasPrefix(got, "bad: ") {
				t.Errorf("%s after %q: it says %s", name, before, got)
			}
		}
	}
}

func pkcs8(t *testing.T, key any) []byte {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// TestShortSecretsInURLs: a short secret is removed as a whole, even if it is encoded for a URL.
func TestShortSecretsInURLs(t *testing.T) {
	t.Parallel()
	const password = "p@ss w/rd"
	for _, said := range []string{url.QueryEscape(password), url.PathEscape(password)} {
		body := `<html><a href="/login?password=` + said + `">` + said + `</a></html>`
		if got := refusalOf(t, body, password).Message; strings.Contains(got, "ss") {
			t.Errorf("%s is shown: %s", said, got)
		}
		if got := refusalOf(t, `{"error_msg":"bad: `+said+`"}`, password).Message; got != "bad: [redacted]" {
			t.Errorf("%s is shown: %s", said, got)
		}
	}
}

// TestForeignKeysInOtherEncodings: a private key that was not in the request is recognized by its boundary, however
// that boundary is encoded.
func TestForeignKeysInOtherEncodings(t *testing.T) {
	t.Parallel()
	for _, label := range []string{"PRIVATE KEY", "EC PRIVATE KEY", "RSA-PSS PRIVATE KEY"} {
		key, _ := keyOf(label)
		for encoding, encoded := range map[string]string{
			"URL":             url.QueryEscape(key),
			"URL, path":       url.PathEscape(key),
			"URL, twice":      url.QueryEscape(url.QueryEscape(key)),
			"path, twice":     url.PathEscape(url.PathEscape(key)),
			"Base64":          base64.StdEncoding.EncodeToString([]byte(key)),
			"Base64, URL":     base64.RawURLEncoding.EncodeToString([]byte(key)),
			"lines in quotes": quoted(quoted(key)),
		} {
			for _, body := range []string{`{"error_msg":` + quoted("stored "+encoded) + `}`, "stored " + encoded} {
				got := refusalOf(t, body).Message
				if !strings.Contains(got, "stored") || !strings.Contains(got, "[redacted]") || len(got) > 120 {
					t.Errorf("%s in %s is shown: %s", label, encoding, got)
				}
			}
		}
	}
}

// TestFieldsThatHoldSecrets: an error response in an unknown form may contain what was requested, such as temporary
// keys, or the keys of others. These have no boundary, and were not in the request, so the names of their fields must
// give them away.
func TestFieldsThatHoldSecrets(t *testing.T) {
	t.Parallel()
	const hidden = "Zm9yZWlnbiBzZWNyZXQ0711+/="
	for name, body := range map[string]string{
		"temporary keys": `{"credential":{"access":"AK","secret":"` + hidden + `","securitytoken":"` + hidden + `"}}`,
		"a list":         `{"certificates":[{"id":"1","private_key":"` + hidden + `"}],"access":"AK"}`,
		"a cut list":     `{"access":"AK","certificates":[{"private_key" : "` + hidden[:20],
		"a request":      `{"access":"AK","auth":{"password":"` + hidden + `"},"X-Auth-Token":"` + hidden + `"}`,
		"other words":    `{"access":"AK","privateKey":"` + hidden + `","secret_key":"` + hidden + `"}`,
		"secret keys":    `{"access":"AK","secretAccessKey":"` + hidden + `","secret_access_key":"` + hidden + `"}`,
		"a short name":   `{"ak":"AK","sk":"` + hidden + `"}`,
		"in a message":   `{"error_msg":` + quoted(`stored: {"access":"AK","private_key":"`+hidden+`"}`) + `}`,
		"in a text":      `{"body":` + quoted(`{"access":"AK","private_key":"`+hidden+`"}`) + `}`,
	} {
		got := refusalOf(t, body).Message
		if strings.Contains(got, hidden[:12]) || !strings.Contains(got, "[redacted]") || !strings.Contains(got, "AK") {
			t.Errorf("%s: %s", name, got)
		}
	}
	const reason = `{"errors":{"private_key":"mismatched with the certificate","password":"empty","task":"0123456789"}}`
	if got := refusalOf(t, reason).Message; !strings.HasSuffix(got, reason) {
		t.Errorf("the reason is lost: %s", got)
	}
}

// TestReasonAfterAPEMText: the text that follows a Base64-encoded PEM text in a message is still shown.
func TestReasonAfterAPEMText(t *testing.T) {
	t.Parallel()
	key, _ := keyOf("PRIVATE KEY")
	encoded := base64.StdEncoding.EncodeToString([]byte(key))
	wrapped := regexp.MustCompile(`.{64}`).ReplaceAllString(encoded, "$0\n")
	for _, said := range []string{encoded, wrapped, strings.ReplaceAll(wrapped, "\n", "\r\n")} {
		got := refusalOf(t, `{"error_msg":`+quoted("the text "+said+" has a key of 1024 bits")+`}`).Message
		if got != "the text [redacted] has a key of 1024 bits" {
			t.Errorf("it says %s", got)
		}
	}
}

// TestBase64OfSymbols: a short secret is recognized in Base64, even if its encoding has more than letters and digits.
func TestBase64OfSymbols(t *testing.T) {
	t.Parallel()
	const password = "ab~cd?ef~gh>ij~klm"
	for _, encoding := range []*base64.Encoding{base64.StdEncoding, base64.URLEncoding} {
		encoded := encoding.EncodeToString([]byte(password))
		if got := refusalOf(t, `{"error_msg":"bad `+encoded+`"}`, password).Message; got != "bad [redacted]" {
			t.Errorf("%s is shown: %s", encoded, got)
		}
	}
}
