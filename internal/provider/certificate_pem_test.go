package provider

import (
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/elbaas/terraform-provider-elbaas/internal/elb"
	"github.com/elbaas/terraform-provider-elbaas/internal/pemcert"
	"github.com/elbaas/terraform-provider-elbaas/internal/throwaway"
)

func TestParsePEM(t *testing.T) {
	t.Parallel()
	pair := throwaway.NewPair("www.example.com")
	stranger := throwaway.NewPair("www.example.com")
	for name, row := range map[string]struct{ certificate, key, attribute, want string }{
		"a pair": {pair.Certificate, pair.PrivateKey, "", ""},
		"not a pair": {
			certificate: pair.Certificate,
			key:         stranger.PrivateKey,
			attribute:   "private_key",
			want:        "does not belong to the certificate",
		},
		"leaf last": {
			certificate: stranger.Certificate + pair.Certificate,
			key:         pair.PrivateKey,
			attribute:   "certificate",
			want:        "belongs to certificate 2 of 2. Put that one first",
		},
		"no certificate":    {"x", pair.PrivateKey, "certificate", "The certificate is not PEM"},
		"no key":            {pair.Certificate, "x", "private_key", "The private key is not PEM"},
		"empty certificate": {"", pair.PrivateKey, "certificate", "The certificate is empty"},
		"blank private key": {pair.Certificate, " \r\n", "private_key", "The private key is empty"},
	} {
		var diags diag.Diagnostics
		pairOf(types.StringValue(row.certificate), types.StringValue(row.key)).parsePEM(&diags)
		if row.want == "" {
			if len(diags) > 0 {
				t.Errorf("%s: %v", name, diags)
			}
			continue
		}
		if len(diags) != 1 || !strings.Contains(diags[0].Detail(), row.want) ||
			!diags[0].(diag.DiagnosticWithPath).Path().Equal(path.Root(row.attribute)) {
			t.Errorf("%s: %v, want %q on %s", name, diags, row.want, row.attribute)
		}
	}
	key := types.StringValue(pair.PrivateKey)
	for name, m := range map[string]certificateModel{
		"certificate": {PrivateKey: key},
		"key":         {PrivateKey: types.StringUnknown(), PrivateKeyWO: key}, // it may turn out to be null
		"other key":   {PrivateKey: key, PrivateKeyWO: types.StringUnknown()},
	} {
		m.Certificate = types.StringUnknown()
		var diags diag.Diagnostics
		if m.parsePEM(&diags); len(diags) > 0 {
			t.Errorf("unknown %s: %v", name, diags)
		}
	}
}

func pairOf(certificate, key types.String) certificateModel {
	return certificateModel{publicModel: publicModel{Certificate: certificate}, PrivateKey: key}
}

// TestCertificateFromTheAPI: the user's text stays while the API returns the same certificates, or none. Otherwise the
// state gets the certificates of the API, and never what is beside them, such as a key.
func TestCertificateFromTheAPI(t *testing.T) {
	t.Parallel()
	own, other := throwaway.NewPair("www.example.com"), throwaway.NewPair("www.example.com")
	canonical := func(pair throwaway.Pair) string { return pemcert.CertificatesIn(pair.Certificate).PEM() }
	combined := own.PrivateKey + own.Certificate // only a moved state can have this
	for name, row := range map[string]struct{ text, stored, want string }{
		"the same":                   {own.Certificate, own.Certificate, own.Certificate},
		"the same in another form":   {"www:\n" + own.Certificate, own.Certificate, "www:\n" + own.Certificate},
		"the same beside a key":      {own.Certificate, combined, own.Certificate},
		"another":                    {own.Certificate, other.Certificate, canonical(other)},
		"another beside a key":       {own.Certificate, other.PrivateKey + other.Certificate, canonical(other)},
		"none":                       {own.Certificate, "******", own.Certificate},
		"a key, none":                {combined, "", canonical(own)},
		"a key, the same":            {combined, combined, canonical(own)},
		"a key, another":             {combined, other.Certificate, canonical(other)},
		"nothing, one":               {"", own.Certificate, canonical(own)},
		"nothing, none":              {"", "", ""},
		"text without a certificate": {"www", "", "www"},
	} {
		m := publicModel{
			Certificate: types.StringValue(row.text), Domain: types.StringValue("WWW.example.com"),
			identityModel: identityModel{ID: types.StringValue("AB")},
		}
		m.fromAPI(elb.Certificate{ID: "ab", Domain: "www.example.com", Certificate: row.stored})
		if got := m.Certificate.ValueString(); got != row.want {
			t.Errorf("%s: the state has %s", name, got)
		}
		if want := x509FromChain(pemcert.CertificatesIn(row.want)); !m.FingerprintSHA256.Equal(want.FingerprintSHA256) {
			t.Errorf("%s: the facts are of another certificate", name)
		}
		if m.ID.ValueString() != "AB" || m.Domain.ValueString() != "WWW.example.com" {
			t.Errorf("%s: the case of the user is lost: %s, %s", name, m.ID, m.Domain)
		}
		if m.fromAPI(elb.Certificate{Domain: "example.com"}); m.Domain.ValueString() != "example.com" {
			t.Errorf("%s: the domain is %s", name, m.Domain)
		}
	}
}
