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
func (c *Cloud) verify(r *http.Request, body []byte) (caller, *Refusal) {
	parts := authorization.FindStringSubmatch(r.Header.Get("Authorization"))
	if parts == nil {
		return caller{}, unauthorized("the Authorization header is malformed")
	}
	access, scope, signed, signature := parts[1]+parts[2], parts[3], strings.Split(parts[4], ";"), parts[5]
	scheme, date := c.options.Identity.SigningScheme, r.Header.Get("X-Sdk-Date")
	when, err := time.Parse("20060102T150405Z", date)
	isUnsigned := func(name string) bool {
		return (name == "host" || r.Header.Get(name) != "") && !slices.Contains(signed, name)
	}
	keys := append(slices.Clone(c.options.Identity.AccessKeys), c.temporary...)
	key, isKnown := first(keys, func(k AccessKey) bool {
		return k.Access == access && (k.expires.IsZero() || c.now().Before(k.expires))
	})
	want := sign(key.Secret, date, scope, canonical(r, signed, body))
	switch {
	case scheme == "access" && scope != "", scheme == "scoped" && scope == "":
		return caller{}, unauthorized("the dialect of the signature is not known")
	case err != nil, c.now().Sub(when).Abs() > maxSkew:
		return caller{}, unauthorized("X-Sdk-Date is not within 15 minutes of the server's time")
	case scope != "" && !strings.HasPrefix(date, scope[:8]):
		return caller{}, unauthorized("the scope is of another day")
	case slices.ContainsFunc([]string{"host", "x-sdk-date", "x-project-id", "x-security-token"}, isUnsigned):
		return caller{}, unauthorized("a header that must be signed is not")
	case !isKnown, key.SecurityToken != "" && r.Header.Get("X-Security-Token") == "":
		return caller{}, unauthorized("ak " + access + " not exist") // observed: iits-consulting/otc-auth, issue 139
	case !hmac.Equal([]byte(signature), []byte(want)):
		return caller{}, unauthorized("verify aksk signature fail")
	case r.Header.Get("X-Security-Token") != key.SecurityToken:
		return caller{}, unauthorized("the security token does not belong to the access key")
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
	path := url.QueryEscape(strings.TrimSuffix(r.URL.Path, "/") + "/")
	b.WriteString(strings.NewReplacer("%2F", "/", "+", "%20").Replace(path) + "\n")
	query := r.URL.Query()
	for _, values := range query {
		slices.Sort(values)
	}
	b.WriteString(strings.ReplaceAll(query.Encode(), "+", "%20") + "\n")

	slices.Sort(signed)
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
