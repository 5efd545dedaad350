// Package oracle compares our signatures with those of Huawei Cloud's official
// SDK. It has a module of its own, so that nobody else downloads that.
package oracle

import (
	"math/rand/v2"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/huaweicloud/huaweicloud-sdk-go-v3/core/auth/signer"
	"github.com/huaweicloud/huaweicloud-sdk-go-v3/core/request"

	"github.com/elbaas/terraform-provider-elbaas/internal/auth"
	"github.com/elbaas/terraform-provider-elbaas/internal/secret"
)

// text returns up to n random characters, of the kinds that are escaped and of
// those that are not.
func text(random *rand.Rand, n int) string {
	const alphabet = "abcXYZ019-_.~ !*'()+,;:@&=$?#[]%\"<>^`{|}\\äé证书"
	letters := []rune(alphabet)
	out := make([]rune, random.IntN(n+1))
	for i := range out {
		out[i] = letters[random.IntN(len(letters))]
	}
	return string(out)
}

// TestSameSignature signs random requests with both. A failure names the seed,
// which gives the same requests again.
func TestSameSignature(t *testing.T) {
	t.Parallel()
	const requests, seed = 10_000, 1
	random := rand.New(rand.NewPCG(seed, 0))
	for i := range requests {
		method := []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete}[random.IntN(4)]
		path := ""
		for range random.IntN(6) {
			path += "/" + text(random, 12)
		}
		if random.IntN(3) == 0 {
			path += "/"
		}
		query := url.Values{}
		for range random.IntN(4) {
			query.Add("k"+text(random, 6), text(random, 12))
		}
		body := text(random, 200)
		headers := map[string]string{"Content-Type": "application/json"}
		if random.IntN(2) == 0 {
			headers["X-Project-Id"] = "p" + text(random, 5) + "p"
		}
		access, key := "AK", "k"+text(random, 40)
		now := time.Unix(random.Int64N(1<<32), 0)
		const host = "elb.eu-de.otc.t-systems.com"

		theirs := request.NewHttpRequestBuilder().
			WithEndpoint("https://"+host).
			WithMethod(method).
			WithPath(path).
			WithBody("", body).
			AddHeaderParam("host", host).
			AddHeaderParam("X-Sdk-Date", now.UTC().Format(signer.BasicDateFormat))
		for name, value := range headers {
			theirs.AddHeaderParam(name, value)
		}
		for name, values := range query {
			theirs.AddQueryParam(name, reflect.ValueOf(values))
		}
		want, err := signer.Sign(theirs.Build(), access, key)
		if err != nil {
			t.Fatal(err)
		}

		ours, err := http.NewRequestWithContext(t.Context(), method, "https://"+host, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		ours.URL.Path, ours.URL.RawQuery = path, query.Encode()
		for name, value := range headers {
			ours.Header.Set(name, value)
		}
		if err := (auth.Signer{}).Sign(ours, auth.Key{Access: access, Secret: secret.New(key)}, now); err != nil {
			t.Fatal(err)
		}
		if got := ours.Header.Get("Authorization"); got != want["Authorization"] {
			t.Fatalf(
				"seed %d, request %d: %s %q, query %v, headers %v, body %q\n%s\nwant\n%s",
				seed, i, method, path, query, headers, body, got, want["Authorization"],
			)
		}
	}
}
