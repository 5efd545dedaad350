package provider

import (
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

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
		"key":         {PrivateKey: types.StringUnknown(), PrivateKeyWO: key}, // which may turn out null
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
