package elbstub

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"sort"
	"strings"
	"time"
)

// authorization is the header of both dialects (reference, observed).
var authorization = regexp.MustCompile(`^SDK-HMAC-SHA256 ` +
	`(?:Access=([^,/ ]+)|Credential=([^,/ ]+)/(\d{8}/[^/,]*/[^/,]*/sdk_request)), ` +
	`SignedHeaders=([a-z0-9;-]+), Signature=([0-9a-f]{64})$`)

// maxSkew is how much the date of a signature may differ (reference).
const maxSkew = 15 * time.Minute

// verify identifies the signer of a request. The code of the errors is observed; their messages
// are assumed.
func (c *Cloud) verify(r *http.Request, body []byte) (caller, *refusal) {
	refuse := func(why string) (caller, *refusal) { return caller{}, unauthorized(why) }
	parts := authorization.FindStringSubmatch(r.Header.Get("Authorization"))
	if parts == nil {
		return refuse("the Authorization header is malformed")
	}
	access, scope, signed, signature := parts[1]+parts[2], parts[3], strings.Split(parts[4], ";"), parts[5]
	scheme := c.options.Identity.SigningScheme
	if scheme == "access" && scope != "" || scheme == "scoped" && scope == "" {
		return refuse("the dialect of the signature is not known")
	}

	date := r.Header.Get("X-Sdk-Date")
	when, err := time.Parse("20060102T150405Z", date)
	now := c.options.Now()
	if err != nil || when.Before(now.Add(-maxSkew)) || when.After(now.Add(maxSkew)) {
		return refuse("X-Sdk-Date is not within 15 minutes of the server's time")
	}
	if scope != "" && !strings.HasPrefix(date, scope[:8]) {
		return refuse("the scope is of another day")
	}
	must := []string{"host", "x-sdk-date"}
	for _, name := range []string{"X-Project-Id", "X-Security-Token"} {
		if r.Header.Get(name) != "" {
			must = append(must, strings.ToLower(name))
		}
	}
	for _, name := range must {
		if !slices.Contains(signed, name) {
			return refuse(name + " is not signed")
		}
	}

	keys := append(slices.Clone(c.options.Identity.AccessKeys), c.temporary...)
	i := slices.IndexFunc(keys, func(k AccessKey) bool { return k.Access == access })
	if i < 0 {
		return refuse("verify aksk signature fail")
	}
	key := keys[i]
	if r.Header.Get("X-Security-Token") != key.SecurityToken {
		return refuse("the security token does not belong to the access key")
	}
	if want := sign(key.Secret, date, scope, canonical(r, signed, body)); !hmac.Equal([]byte(signature), []byte(want)) {
		return refuse("verify aksk signature fail")
	}
	return caller{domain: key.Domain, anyProject: true, temporary: key.SecurityToken != ""}, nil
}

func sign(secret, date, scope, request string) string {
	digest := func(key []byte, message string) []byte {
		h := hmac.New(sha256.New, key)
		_, _ = h.Write([]byte(message))
		return h.Sum(nil)
	}
	sum := fmt.Sprintf("%x", sha256.Sum256([]byte(request)))
	if scope == "" {
		return hex.EncodeToString(digest([]byte(secret), "SDK-HMAC-SHA256\n"+date+"\n"+sum))
	}
	key := []byte("SDK" + secret)
	for _, step := range strings.Split(scope, "/") {
		key = digest(key, step)
	}
	return hex.EncodeToString(digest(key, "SDK-HMAC-SHA256\n"+date+"\n"+scope+"\n"+sum))
}

// canonical is the canonical form of a request, which is signed.
func canonical(r *http.Request, signed []string, body []byte) string {
	var b strings.Builder
	b.WriteString(r.Method + "\n")
	path := strings.TrimSuffix(r.URL.Path, "/") + "/"
	b.WriteString(strings.ReplaceAll(percent(path), "%2F", "/") + "\n")

	var pairs []string
	for name, values := range r.URL.Query() {
		for _, value := range values {
			pairs = append(pairs, percent(name)+"\x00"+percent(value))
		}
	}
	sort.Strings(pairs) // NUL sorts before everything that is not escaped
	b.WriteString(strings.ReplaceAll(strings.Join(pairs, "&"), "\x00", "=") + "\n")

	sort.Strings(signed)
	for _, name := range signed {
		value := r.Header.Get(name)
		if name == "host" {
			value = r.Host
		}
		b.WriteString(name + ":" + strings.TrimSpace(value) + "\n")
	}
	fmt.Fprintf(&b, "\n%s\n%x", strings.Join(signed, ";"), sha256.Sum256(body))
	return b.String()
}

// percent escapes all but the unreserved characters of RFC 3986.
func percent(text string) string { return strings.ReplaceAll(url.QueryEscape(text), "+", "%20") }
