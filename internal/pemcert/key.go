package pemcert

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"

	"github.com/elbaas/terraform-provider-elbaas/internal/secret"
)

// A Key is a private key. Printing it shows nothing of it.
type Key struct {
	// block is nil if there is no key. It is a closure, so that the key cannot be printed.
	block func() block
	// private returns nil if the algorithm is not known, such as SM2.
	private func() privateKey
}

// privateKey is implemented by the private keys of the standard library.
type privateKey interface {
	Public() crypto.PublicKey
	Equal(other crypto.PrivateKey) bool
}

// ParseKey reads a private key in PKCS#1, PKCS#8 or SEC 1 that is not encrypted. It also reads
// keys with algorithms that the standard library does not know.
func ParseKey(text string) (Key, error) {
	all, err := parseBlocks(text, "private key")
	if err != nil {
		return Key{}, err
	}
	var found *block
	for i, b := range all {
		if b.label == "EC PARAMETERS" {
			continue // openssl ecparam writes them before the key, which has them too
		}
		if err := b.checkKey(fmt.Sprintf("private key block %d of %d", i+1, len(all))); err != nil {
			return Key{}, err
		}
		if found != nil {
			return Key{}, errors.New("the private key has more than one block with a key. " +
				"Keep the one that belongs to the first certificate")
		}
		found = &b
	}
	if found == nil {
		return Key{}, errors.New("the private key has EC PARAMETERS but no key. " +
			"Set the block that begins with -----BEGIN EC PRIVATE KEY-----")
	}
	private := parsePrivateKey(found.der)
	return Key{
		block:   func() block { return *found },
		private: func() privateKey { return private },
	}, nil
}

// checkKey returns an error if a block is not a private key.
func (b block) checkKey(where string) error {
	is := b.kind()
	switch {
	case is != kindPrivateKey || kindOfLabel(b) != kindPrivateKey:
		return b.refuse(where, is, is.asKey)
	case b.problem != "":
		return fmt.Errorf("%s %s", where, b.problem)
	case !isDER(b.der):
		return fmt.Errorf(
			"%s is not valid DER of a private key. Check that nothing was changed while copying",
			where,
		)
	}
	return nil
}

// parsePrivateKey determines the encoding by the content, because the boundary is often wrong.
func parsePrivateKey(der []byte) privateKey {
	if key, err := x509.ParsePKCS8PrivateKey(der); err == nil {
		private, _ := key.(privateKey)
		return private
	}
	if key, err := x509.ParseECPrivateKey(der); err == nil {
		return key
	}
	if content, isPSS := contentOfPSS(der); isPSS {
		der = content
	}
	if key, err := x509.ParsePKCS1PrivateKey(der); err == nil {
		return key
	}
	return nil
}

// contentOfPSS returns the RSA key in an RSASSA-PSS key in PKCS#8, which the standard library
// does not know.
func contentOfPSS(der []byte) (content []byte, isPSS bool) {
	var outer pkcs8
	isPSS = fits(der, &outer) && outer.Algorithm.ID.String() == oidPSS
	return outer.Key, isPSS
}

// pkcs8 is a private key in PKCS#8 without its attributes.
type pkcs8 struct {
	Version   int
	Algorithm algorithmID
	Key       []byte
}

// PEM returns the canonical text in the original encoding of the key: only its block, LF, 64
// columns, no line end after the last.
func (k Key) PEM() secret.Value {
	if k.block == nil {
		return secret.Value{}
	}
	b := k.block()
	return secret.New(encode(b.label, b.der))
}

// For returns the key in the encoding for a certificate, which is the original one except for
// RSASSA-PSS: only PKCS#8 can name that algorithm, and openssl does not match any other RSA key
// with such a certificate (observed).
func (k Key) For(c Chain) Key {
	if len(c) == 0 || k.private == nil {
		return k
	}
	rsaKey, isRSA := k.private().(*rsa.PrivateKey)
	if !isRSA || c[0].Signed.PublicKey.algorithm() != oidPSS {
		return k
	}
	der := k.block().der
	if _, isPSS := contentOfPSS(der); !isPSS {
		converted := pkcs8{Key: x509.MarshalPKCS1PrivateKey(rsaKey)}
		converted.Algorithm.ID = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 10}
		der, _ = asn1.Marshal(converted) // this cannot fail for these types
	}
	k.block = func() block { return block{label: "PRIVATE KEY", der: der} }
	return k
}

// Equal reports whether both are the same key, whatever the encoding. Keys with an unknown
// algorithm are compared by their encoding.
func (k Key) Equal(other Key) bool {
	if k.block == nil || other.block == nil {
		return k.block == nil && other.block == nil
	}
	if private := k.private(); private != nil {
		return private.Equal(other.private())
	}
	return bytes.Equal(k.block().der, other.block().der)
}

// BelongsTo returns the position of the certificate in a chain that the key belongs to, 0 being
// the leaf, or -1. known is false if the algorithm of the key or the leaf is not known, or if one
// of them is missing.
func (k Key) BelongsTo(c Chain) (position int, known bool) {
	if k.private == nil || k.private() == nil || !c.HasKnownKey() {
		return -1, false
	}
	for i, cert := range c {
		if public := cert.knownKey(); public != nil && public.Equal(k.private().Public()) {
			return i, true
		}
	}
	return -1, true
}
