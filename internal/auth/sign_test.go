package auth_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/elbaas/terraform-provider-elbaas/internal/auth"
	"github.com/elbaas/terraform-provider-elbaas/internal/secret"
)

var signature = regexp.MustCompile(`SignedHeaders=([^,]+), Signature=([0-9a-f]{64})$`)

// TestVectors are signatures that were published, or computed by another implementation.
func TestVectors(t *testing.T) {
	t.Parallel()
	guide := auth.Key{Access: "QTWAOYTTINDUT2QVKYUC", Secret: secret.New("MFyfvK41ba2giqM7Uio6PznpdUKGpownRZlmVmHc")}
	temporary := guide
	temporary.SecurityToken = secret.New("ST")
	const project = "77b6a44cba5143ab91d13ab9a8ff44fd"
	const certificates = "https://elb.eu-de.otc.t-systems.com/v1.0/" + project + "/elbaas/certificate"
	day := time.Date(2019, 11, 15, 3, 36, 55, 0, time.UTC)
	for name, row := range map[string]struct {
		signer            auth.Signer
		key               auth.Key
		method, url, body string
		header            map[string]string
		now               time.Time
		signed, want      string
	}{
		"published guide": {
			auth.Signer{Headers: []string{"Content-Type"}},
			guide,
			http.MethodGet,
			"https://service.region.example.com/v1/" + project +
				"/vpcs?limit=2&marker=13551d6b-755d-4757-b956-536f674975c0",
			"",
			map[string]string{"Content-Type": "application/json"},
			day,
			"content-type;host;x-sdk-date", "7be6668032f70418fcc22abc52071e57aff61b84a1d2381bb430d6870f4f6ebe",
		},
		"this API, list": {
			auth.Signer{Scheme: auth.SchemeAccess},
			guide, http.MethodGet, certificates, "", nil, day,
			"host;x-sdk-date", "62a38cfbf84c17ebc4d5d42ae1c8cf7ad9f7b2224a47e271c5471b56a87add98",
		},
		"this API, create": {
			auth.Signer{},
			temporary, http.MethodPost, certificates, `{"name":"c1"}`,
			map[string]string{"X-Project-Id": project},
			day,
			"host;x-project-id;x-sdk-date;x-security-token",
			"d89e5cab786181a3057ae7029e9a93b4be42273dfa9bbf0a8d4f2b65653fbd69",
		},
		"escapes, values of one name, spaces around a header, another time zone": {
			auth.Signer{},
			guide, http.MethodGet, "https://elb.eu-de.otc.t-systems.com/v1%20~%C3%A4/x+y?b=2&a=z&a=%20y&c=", "",
			map[string]string{"X-Project-Id": " p "},
			day.In(time.FixedZone("", 3600)),
			"host;x-project-id;x-sdk-date", "df64c01a6ccc17a40284f184d71e9a3e56e7314fbc229a62299945889295447f",
		},
		"scoped, empty scope": {
			auth.Signer{Scheme: auth.SchemeScoped},
			auth.Key{Access: "ak", Secret: secret.New("sk")},
			http.MethodGet, "http://example.com/", "",
			map[string]string{"X-Project-Id": "project"},
			time.Unix(1, 0),
			"host;x-project-id;x-sdk-date", "ec385090522c25504a5b574c7195ac56bf37081d90f74fc093a2676f906cb057",
		},
		"scoped": {
			auth.Signer{Scheme: auth.SchemeScoped, Region: "region", Service: "service"},
			auth.Key{Access: "ak", Secret: secret.New("sk")},
			http.MethodGet, "http://example.com/", "",
			map[string]string{"X-Project-Id": "project"},
			time.Unix(1, 0),
			"host;x-project-id;x-sdk-date", "8bdb0e44341d71482390afe6536fa5f3ecfa6da7956ee95d1f8a60b7ab871240",
		},
	} {
		request, err := http.NewRequestWithContext(t.Context(), row.method, row.url, strings.NewReader(row.body))
		if err != nil {
			t.Fatal(err)
		}
		for name, value := range row.header {
			request.Header.Set(name, value)
		}
		if err := row.signer.Sign(request, row.key, row.now); err != nil {
			t.Fatal(err)
		}
		got := signature.FindStringSubmatch(request.Header.Get("Authorization"))
		if got == nil || got[1] != row.signed || got[2] != row.want {
			t.Errorf("%s: %s\nwant %s %s", name, request.Header.Get("Authorization"), row.signed, row.want)
		}
	}
}

// TestSignatureHeader has the header of both dialects.
func TestSignatureHeader(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		signer auth.Signer
		want   string
	}{
		{auth.Signer{}, "SDK-HMAC-SHA256 Access=ak, SignedHeaders=host;x-sdk-date, Signature="},
		{
			auth.Signer{Scheme: auth.SchemeScoped, Region: "r"},
			"SDK-HMAC-SHA256 Credential=ak/19700101/r//sdk_request, SignedHeaders=host;x-sdk-date, Signature=",
		},
	} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://example.com", nil)
		if err != nil {
			t.Fatal(err)
		}
		err = row.signer.Sign(request, auth.Key{Access: "ak", Secret: secret.New("sk")}, time.Unix(1, 0))
		if err != nil {
			t.Fatal(err)
		}
		if got := request.Header.Get("Authorization"); !strings.HasPrefix(got, row.want) ||
			request.Header.Get("X-Sdk-Date") != "19700101T000001Z" {
			t.Errorf("%s, want %s…", got, row.want)
		}
	}
}
