package auth

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/elbaas/terraform-provider-elbaas/internal/secret"
)

// A Scheme is a dialect of the signature SDK-HMAC-SHA256.
type Scheme string

const (
	// SchemeAccess is the dialect that Huawei Cloud documents (reference).
	SchemeAccess Scheme = "access"
	// SchemeScoped signs with a key that is derived from date, region and service, like clients
	// of Open Telekom Cloud and Huawei Cloud Stack (observed).
	SchemeScoped Scheme = "scoped"
)

// A Key is an access key, which signs requests. A temporary one has a SecurityToken.
type Key struct {
	Access                string
	Secret, SecurityToken secret.Value
}

// A Signer signs requests with a key.
type Signer struct {
	// Scheme is SchemeAccess if empty.
	Scheme Scheme
	// Region and Service are part of the scope of SchemeScoped; both may be
	// empty (observed).
	Region, Service string
	// Headers are signed in addition to host, x-sdk-date, x-project-id and x-security-token, if
	// the request has them.
	Headers []string
}

const (
	signatureAlgorithm = "SDK-HMAC-SHA256"
	signatureTime      = "20060102T150405Z" // UTC

	dateHeader          = "X-Sdk-Date"
	projectHeader       = "X-Project-Id"
	securityTokenHeader = "X-Security-Token"
	// TokenHeader carries a Keystone token (reference).
	TokenHeader = "X-Auth-Token" //nolint:gosec // a header's name
)

// Sign adds the headers of the signature to a request. It fails only if the body cannot be read.
func (s Signer) Sign(r *http.Request, key Key, now time.Time) error {
	payload, err := hashBody(r)
	if err != nil {
		return fmt.Errorf("read request body: %w", err)
	}
	date := now.UTC().Format(signatureTime)
	r.Header.Set(dateHeader, date)
	if !key.SecurityToken.Empty() {
		r.Header.Set(securityTokenHeader, key.SecurityToken.Reveal())
	}
	headers, names := s.canonicalHeaders(r)
	canonical := hash(strings.Join([]string{
		r.Method, canonicalURI(r.URL), canonicalQuery(r.URL.Query()), headers, names, payload,
	}, "\n"))

	toSign := []string{signatureAlgorithm, date, canonical}
	credential := "Access=" + key.Access
	signingKey := []byte(key.Secret.Reveal())
	if s.Scheme == SchemeScoped {
		scope := strings.Join([]string{date[:len("20060102")], s.Region, s.Service, "sdk_request"}, "/")
		toSign = []string{signatureAlgorithm, date, scope, canonical}
		credential = "Credential=" + key.Access + "/" + scope
		signingKey = []byte("SDK" + key.Secret.Reveal())
		for part := range strings.SplitSeq(scope, "/") {
			signingKey = mac(signingKey, part)
		}
	}
	signature := hex.EncodeToString(mac(signingKey, strings.Join(toSign, "\n")))
	const format = "%s %s, SignedHeaders=%s, Signature=%s"
	r.Header.Set("Authorization", fmt.Sprintf(format, signatureAlgorithm, credential, names, signature))
	return nil
}

// hashBody returns the hash of the body of a request, which can still be sent afterwards.
func hashBody(r *http.Request) (string, error) {
	if r.GetBody == nil {
		return hash(""), nil // net/http sets GetBody for every body in memory
	}
	body, err := r.GetBody()
	if err != nil {
		return "", err
	}
	text, err := io.ReadAll(body)
	return hash(string(text)), err
}

// canonicalURI escapes each segment of the decoded path, and appends a slash, which only the
// signature has.
func canonicalURI(u *url.URL) string {
	escaped := strings.ReplaceAll(url.QueryEscape(u.Path), "%2F", "/")
	return strings.TrimSuffix(escapeSpaces(escaped), "/") + "/"
}

// canonicalQuery sorts by key, then by value.
func canonicalQuery(query url.Values) string {
	for _, values := range query {
		slices.Sort(values)
	}
	return escapeSpaces(query.Encode())
}

// canonicalHeaders returns the lines of the signed headers, and their names.
func (s Signer) canonicalHeaders(r *http.Request) (lines, names string) {
	signed := []string{"host"}
	for _, name := range append([]string{dateHeader, projectHeader, securityTokenHeader}, s.Headers...) {
		if len(r.Header.Values(name)) > 0 {
			signed = append(signed, strings.ToLower(name))
		}
	}
	slices.Sort(signed)
	var text strings.Builder
	for _, name := range signed {
		value := r.Header.Get(name)
		if name == "host" {
			value = cmp.Or(r.Host, r.URL.Host)
		}
		text.WriteString(name + ":" + strings.TrimSpace(value) + "\n")
	}
	return text.String(), strings.Join(signed, ";")
}

// escapeSpaces turns the escapes of net/url into those of RFC 3986, which differ only for a space.
func escapeSpaces(escaped string) string { return strings.ReplaceAll(escaped, "+", "%20") }

func hash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

func mac(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}
