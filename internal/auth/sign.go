package auth

import (
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
	// SchemeAccess is what Huawei Cloud publishes (reference).
	SchemeAccess Scheme = "access"
	// SchemeScoped signs with a key that is derived from date, region and service,
	// as clients of Open Telekom Cloud and Huawei Cloud Stack do (observed).
	SchemeScoped Scheme = "scoped"
)

// A Key signs requests.
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
	// Headers are signed besides those that always are: host, x-sdk-date,
	// x-project-id and x-security-token. A header that the request lacks is not.
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

// Sign adds the headers of the signature to a request. It fails only when the
// body cannot be read.
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

	var credential, signature string
	if s.Scheme == SchemeScoped {
		scope := strings.Join([]string{date[:len("20060102")], s.Region, s.Service, "sdk_request"}, "/")
		derived := []byte("SDK" + key.Secret.Reveal())
		for part := range strings.SplitSeq(scope, "/") {
			derived = mac(derived, part)
		}
		credential = "Credential=" + key.Access + "/" + scope
		signature = hex.EncodeToString(mac(
			derived,
			strings.Join([]string{signatureAlgorithm, date, scope, canonical}, "\n"),
		))
	} else {
		credential = "Access=" + key.Access
		signature = hex.EncodeToString(mac(
			[]byte(key.Secret.Reveal()),
			strings.Join([]string{signatureAlgorithm, date, canonical}, "\n"),
		))
	}
	r.Header.Set(
		"Authorization",
		fmt.Sprintf("%s %s, SignedHeaders=%s, Signature=%s", signatureAlgorithm, credential, names, signature),
	)
	return nil
}

// hashBody returns the hash of a request's body, which can be read again
// afterwards.
func hashBody(r *http.Request) (string, error) {
	if r.GetBody == nil {
		return hash(""), nil // net/http sets it for every body in memory, and ours are
	}
	body, err := r.GetBody()
	if err != nil {
		return "", err
	}
	text, err := io.ReadAll(body)
	return hash(string(text)), err
}

// canonicalURI escapes each segment of the decoded path, and appends a slash
// that only the signature has.
func canonicalURI(u *url.URL) string {
	segments := strings.Split(u.Path, "/")
	for i := range segments {
		segments[i] = escape(segments[i])
	}
	return strings.TrimSuffix(strings.Join(segments, "/"), "/") + "/"
}

// canonicalQuery sorts by key, then by value.
func canonicalQuery(query url.Values) string {
	keys := make([]string, 0, len(query))
	for key := range query {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	var pairs []string
	for _, key := range keys {
		for _, value := range slices.Sorted(slices.Values(query[key])) {
			pairs = append(pairs, escape(key)+"="+escape(value))
		}
	}
	return strings.Join(pairs, "&")
}

// canonicalHeaders returns the lines of the headers to sign, and their names.
func (s Signer) canonicalHeaders(r *http.Request) (lines, names string) {
	signed := []string{"host"}
	for _, name := range append([]string{dateHeader, projectHeader, securityTokenHeader}, s.Headers...) {
		if len(r.Header.Values(name)) > 0 {
			signed = append(signed, strings.ToLower(name))
		}
	}
	slices.Sort(signed)
	signed = slices.Compact(signed)
	var text strings.Builder
	for _, name := range signed {
		value := r.Header.Get(name)
		if name == "host" {
			if value = r.Host; value == "" {
				value = r.URL.Host
			}
		}
		text.WriteString(name + ":" + strings.TrimSpace(value) + "\n")
	}
	return text.String(), strings.Join(signed, ";")
}

// escape keeps the unreserved characters of RFC 3986. url.PathEscape keeps more,
// and url.QueryEscape writes a space as a plus.
func escape(text string) string {
	var escaped strings.Builder
	for _, b := range []byte(text) {
		switch {
		case 'A' <= b && b <= 'Z', 'a' <= b && b <= 'z', '0' <= b && b <= '9', strings.IndexByte("-_.~", b) >= 0:
			escaped.WriteByte(b)
		default:
			fmt.Fprintf(&escaped, "%%%02X", b)
		}
	}
	return escaped.String()
}

func hash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

func mac(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}
