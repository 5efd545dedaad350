package provider

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/elbaas/terraform-provider-elbaas/internal/elb"
)

// selfSigned returns a certificate for www.example.com with the given validity.
func selfSigned(t *testing.T, notBefore, notAfter time.Time) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		Subject:      pkix.Name{CommonName: "www.example.com"}, DNSNames: []string{"www.example.com"},
		NotBefore: notBefore, NotAfter: notAfter,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

// withUnknownCurve replaces the curve P-256 in a DER value by an unknown one.
func withUnknownCurve(der []byte) []byte {
	return bytes.ReplaceAll(der,
		[]byte("\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07"), []byte("\x06\x08\x2a\x81\x1c\xcf\x55\x01\x82\x2d"))
}

func TestCertificateWarnings(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
	certificate := selfSigned(t, now.AddDate(0, 0, -10), now.AddDate(0, 0, 30))
	other := selfSigned(t, now.AddDate(0, 0, -10), now.AddDate(0, 0, 30))
	block, _ := pem.Decode([]byte(certificate))
	unknown := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: withUnknownCurve(block.Bytes)}))

	// Parts of the DER that cannot be read: a date, and the alternative names.
	changed := func(old, replacement string) string {
		der := strings.Replace(string(block.Bytes), old, replacement, 1)
		return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte(der)}))
	}
	noDate := changed(now.AddDate(0, 0, 30).Format("060102150405Z"), "someday,later")
	noStart := changed(now.AddDate(0, 0, -10).Format("060102150405Z"), "someday,early")
	noNames := changed("\x82\x0fwww.example.com", "\x82\x7fwww.example.com")

	for name, row := range map[string]struct {
		certificate, domain string
		at                  time.Time
		days                int
		attribute           string // "" means no warning
		want                string
	}{
		"healthy":                 {certificate, "", now, 30, "", ""},
		"healthy, domain covered": {certificate, "www.example.com", now, 30, "", ""},
		"a second too late for silence": {
			certificate: certificate,
			at:          now.Add(time.Second),
			days:        30,
			attribute:   "certificate",
			want:        "expires on 2026-07-01, in 29 days",
		},
		"soon, but turned off": {certificate, "", now.AddDate(0, 0, 29), 0, "", ""},
		"the last second":      {certificate, "", now.AddDate(0, 0, 30), 0, "", ""},
		"expired, even if turned off": {
			certificate: certificate,
			at:          now.AddDate(0, 0, 30).Add(time.Second),
			attribute:   "certificate",
			want:        "expired on 2026-07-01",
		},
		"not valid yet": {
			certificate: certificate,
			at:          now.AddDate(0, 0, -11),
			days:        30,
			attribute:   "certificate",
			want:        "is valid from 2026-05-22T12:00:00Z.",
		},
		"expired before it was valid": {
			certificate: selfSigned(t, now.AddDate(0, 0, 1), now.AddDate(0, 0, -1)),
			at:          now,
			days:        30,
			attribute:   "certificate",
			want:        "expired on 2026-05-31",
		},
		"two strangers": {
			certificate: certificate + other,
			at:          now,
			days:        30,
			attribute:   "certificate",
			want:        "followed by the one that issued it",
		},
		"leaf twice": {
			certificate: certificate + certificate,
			at:          now,
			days:        30,
			attribute:   "certificate",
			want:        "followed by the one that issued it",
		},
		"domain not covered": {
			certificate: certificate,
			domain:      "example.com",
			at:          now,
			days:        30,
			attribute:   "domain",
			want:        `does not cover "example.com". It covers ["www.example.com"]`,
		},
		"unknown curve": {
			certificate: unknown,
			at:          now,
			days:        30,
			attribute:   "certificate",
			want: "cannot check whether the private key belongs to the certificate, because it does not support " +
				"the algorithm of the public key (ECDSA 1.2.156.10197.1.301)",
		},
		"a date that cannot be read": {
			certificate: noDate,
			at:          now,
			days:        30,
			attribute:   "certificate",
			want:        "cannot check when the certificate is valid, because its dates cannot be read",
		},
		"a start that cannot be read": {
			certificate: noStart,
			at:          now,
			days:        30,
			attribute:   "certificate",
			want:        "cannot check when the certificate is valid, because its dates cannot be read",
		},
		"names that cannot be read": {
			certificate: noNames,
			domain:      "example.com",
			at:          now,
			days:        30,
			attribute:   "certificate",
			want:        "cannot check which names the certificate covers, because its extensions cannot be read",
		},
		"not PEM: the error says it": {"nonsense", "example.com", now, 30, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var diags diag.Diagnostics
			m := pairOf(types.StringValue(row.certificate), types.StringValue(""))
			m.Domain = types.StringValue(row.domain)
			m.warn(row.at, row.days, &diags)
			if row.attribute == "" {
				if len(diags) > 0 {
					t.Errorf("got %v, want silence", diags)
				}
				return
			}
			if len(diags) != 1 || diags[0].Severity() != diag.SeverityWarning ||
				!strings.Contains(diags[0].Detail(), row.want) {
				t.Fatalf("got %v, want one warning %q", diags, row.want)
			}
			if at, ok := diags[0].(diag.DiagnosticWithPath); !ok || !at.Path().Equal(path.Root(row.attribute)) {
				t.Errorf("the warning is not on %s", row.attribute)
			}
		})
	}
	var diags diag.Diagnostics
	if pairOf(types.StringValue(unknown), types.StringNull()).warn(now, 30, &diags); len(diags) > 0 {
		t.Errorf("without a key: %v", diags)
	}

	// One warning does not hide another.
	all := pairOf(types.StringValue(unknown+unknown), types.StringValue(""))
	all.Domain = types.StringValue("example.com")
	all.warn(now.AddDate(0, 0, 31), 30, &diags)
	var summaries []string
	for _, warning := range diags {
		summaries = append(summaries, warning.Summary())
	}
	if got := strings.Join(summaries, ", "); got != "Certificate not fully checked, Certificate has expired, "+
		"Certificate chain not in order, Domain not covered by the certificate" {
		t.Errorf("got %s", got)
	}
	diags = nil

	key, keyErr := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err := errors.Join(keyErr, err); err != nil {
		t.Fatal(err)
	}
	oddKey := string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: withUnknownCurve(private)}))
	pairOf(types.StringValue(certificate), types.StringValue(oddKey)).warn(now, 30, &diags)
	if len(diags) != 1 || !strings.Contains(diags[0].Detail(), "the algorithm or the encoding of the private key (the "+
		"public key is ECDSA P-256)") {
		t.Errorf("with a key of an unknown curve: %v", diags)
	}
	for _, value := range []types.String{types.StringNull(), types.StringUnknown()} {
		var diags diag.Diagnostics
		m := pairOf(value, value)
		m.Domain = value
		if m.warn(now, 30, &diags); len(diags) > 0 {
			t.Errorf("%s: %v", value, diags)
		}
	}
}

// TestUncertainty: the error says what is known of a certificate that may exist, and nothing else.
func TestUncertainty(t *testing.T) {
	t.Parallel()
	name := "www"
	const (
		may       = `A certificate named "www" may exist in project p`
		absent    = ": the list of the project does not show it, but a slow backend may still create it. "
		searchErr = ". The project could not be searched for it: oops. "
		existing  = ". The API returned certificate x, which existed before and has the same leaf: "
		found     = ". New certificates with the same leaf, as far as the API shows it:\n" +
			"  - certificate a\n  - certificate b\n\n"
	)
	for _, row := range []struct {
		begins string
		err    elb.UncertainError
	}{
		{may + absent, elb.UncertainError{Name: &name, Sent: 1}},
		{may + " (the request was sent 2 times)" + absent, elb.UncertainError{Name: &name, Sent: 2}},
		{"A certificate with a name that the API has chosen may exist in project p", elb.UncertainError{Sent: 1}},
		{may + searchErr, elb.UncertainError{Name: &name, Sent: 1, SearchErr: errors.New("oops")}},
		{may + found, elb.UncertainError{Name: &name, Sent: 1, Candidates: []string{"a", "b"}}},
		{may + existing, elb.UncertainError{Name: &name, Sent: 1, Existing: "x"}},
	} {
		row.err.ProjectID, row.err.Err = "p", errors.New("create certificate: lost")
		if got := describeWith(&row.err, ""); !strings.HasPrefix(got, "Create certificate: lost.\n\n"+row.begins) {
			t.Errorf("got %q, want %q", got, row.begins)
		}
	}
}

// TestCreationSentTwice: the warning has the error of the search only if there was one. Without a certificate, there is
// no warning, because the error says the same.
func TestCreationSentTwice(t *testing.T) {
	t.Parallel()
	var diags diag.Diagnostics
	warnAboutCreation("p", nil, elb.Creation{Sent: 2, Adopted: true, Others: []string{"a"}}, &diags)
	if len(diags) > 0 {
		t.Errorf("without a certificate: %v", diags)
	}
	warnAboutCreation("p", nil, elb.Creation{Certificate: elb.Certificate{ID: "x"}, Sent: 2}, &diags)
	if len(diags) != 1 || strings.Contains(diags[0].Detail(), "searched") {
		t.Errorf("after a search: %v", diags)
	}
}
