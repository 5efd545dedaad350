package provider

import (
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/elbaas/terraform-provider-elbaas/internal/pemcert"
)

// key returns the private key and the attribute that it is set by.
func (m certificateModel) key() (attribute string, key types.String) {
	if m.PrivateKey.IsNull() {
		return "private_key_wo", m.PrivateKeyWO
	}
	return "private_key", m.PrivateKey
}

// parsePEM parses the certificate and its private key, as far as they are known, and checks that there is exactly one
// key and that it belongs to the certificate. The apply checks what the plan does not know yet.
func (m certificateModel) parsePEM(diags *diag.Diagnostics) (pemcert.Chain, pemcert.Key) {
	m.checkKeys(diags)
	var chain pemcert.Chain
	if text := stringOrNil(m.Certificate); text != nil {
		var err error
		if chain, err = pemcert.ParseChain(*text); err != nil {
			diags.AddAttributeError(path.Root("certificate"), "Invalid certificate", sentence(err))
		}
	}

	attribute, value := m.key()
	return chain, parseKey(attribute, value, chain, diags)
}

// parseKey parses the private key of an attribute, if it is known, and checks that it belongs to the certificate.
func parseKey(attribute string, value types.String, chain pemcert.Chain, diags *diag.Diagnostics) pemcert.Key {
	text := stringOrNil(value)
	if text == nil {
		return pemcert.Key{}
	}
	key, err := pemcert.ParseKey(*text)
	if err != nil {
		diags.AddAttributeError(path.Root(attribute), "Invalid private key", sentence(err))
		return key
	}

	switch position, known := key.BelongsTo(chain); {
	case !known || position == 0:
	case position > 0:
		diags.AddAttributeError(path.Root("certificate"), "First certificate does not match the private key",
			fmt.Sprintf("The private key belongs to certificate %d of %d. "+
				"Put that one first, followed by the one that issued it.", position+1, len(chain)))
	default:
		diags.AddAttributeError(path.Root(attribute), "Private key does not match the certificate",
			"The private key does not belong to the certificate: the public keys differ. Set the key that the "+
				"certificate was requested with, or the certificate that was issued for this key. If "+
				"lifecycle.ignore_changes contains only one of certificate and the key, add the other one as well: a "+
				"new key always comes with a new certificate.")
	}
	return key
}

// checkKeys checks that exactly one of the two private keys is set, as far as they are known.
func (m certificateModel) checkKeys(diags *diag.Diagnostics) {
	switch {
	case m.PrivateKey.IsUnknown() || m.PrivateKeyWO.IsUnknown():
	case m.PrivateKey.IsNull() && m.PrivateKeyWO.IsNull():
		diags.AddAttributeError(path.Root("private_key"), "Missing private key",
			"Set private_key (stored in the state) or private_key_wo (not stored). "+
				"Imported certificates need one as well: the provider never reads keys from the API.")
	case !m.PrivateKey.IsNull() && !m.PrivateKeyWO.IsNull():
		diags.AddAttributeError(path.Root("private_key_wo"), "Conflicting private keys",
			"Set private_key (stored in the state) or private_key_wo (not stored), but not both. "+
				"Omit the other one or use null: an empty string counts as set.")
	}
}

// isSameChain reports whether two texts have the same certificates in the same order.
func isSameChain(a, b string) bool { return pemcert.CertificatesIn(a).Equal(pemcert.CertificatesIn(b)) }

// isSameKey reports whether two texts are the same private key.
func isSameKey(a, b string) bool {
	keyA, errA := pemcert.ParseKey(a)
	keyB, errB := pemcert.ParseKey(b)
	return errA == nil && errB == nil && keyA.Equal(keyB)
}
