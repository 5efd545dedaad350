package pemcert

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"

	"github.com/elbaas/terraform-provider-elbaas/internal/secret"
)

// A Key is a private key. It prints as nothing.
type Key struct {
	// block is nil for no key. A closure, so that no printer sees the key.
	block func() *pem.Block
	// private is nil when the algorithm is not known, such as SM2.
	private func() privateKey
}

// privateKey is what every private key of the standard library is.
type privateKey interface {
	Public() crypto.PublicKey
	Equal(other crypto.PrivateKey) bool
}

// ParseKey reads a private key that is not encrypted, as PKCS#1, PKCS#8 or SEC
// 1. A key whose algorithm this library does not know is read too.
func ParseKey(text string) (Key, error) {
	all, err := blocks(text)
	if err != nil {
		return Key{}, err
	}
	var found *pem.Block
	for _, block := range all {
		if block.Type == "EC PARAMETERS" {
			continue // openssl ecparam writes them beside the key, which has them too
		}
		if err := checkKeyBlock(block); err != nil {
			return Key{}, err
		}
		if found != nil {
			return Key{}, errors.New("contains more than one private key. Give the one that belongs to the first certificate")
		}
		found = block
	}
	if found == nil {
		return Key{}, errors.New("contains EC PARAMETERS and no key. Give the block that begins with -----BEGIN EC PRIVATE KEY-----")
	}
	if !isDER(found.Bytes) {
		return Key{}, errors.New("is damaged: its block is marked as a private key, but its content is none (it is not DER). Check that nothing was changed while copying")
	}
	private := parsePrivateKey(found.Bytes)
	return Key{
		block:   func() *pem.Block { return found },
		private: func() privateKey { return private },
	}, nil
}

// checkKeyBlock tells what stands where a private key should.
func checkKeyBlock(block *pem.Block) error {
	const decrypt = "Write it without a passphrase: openssl pkey -in FILE -out NEWFILE. The load balancer has nobody to ask for one"
	switch kind := block.Type; {
	case kind == "ENCRYPTED PRIVATE KEY", strings.Contains(block.Headers["Proc-Type"], "ENCRYPTED"):
		return errors.New("is encrypted with a passphrase. " + decrypt)
	case kind == "OPENSSH PRIVATE KEY":
		return errors.New("is a key for SSH. Give the key that the certificate was requested with, which begins with -----BEGIN PRIVATE KEY-----")
	case strings.HasSuffix(kind, "PRIVATE KEY"):
		return nil
	case strings.HasSuffix(kind, "CERTIFICATE"):
		return errors.New("contains a certificate. Move that block to certificate")
	case strings.HasSuffix(kind, "CERTIFICATE REQUEST"):
		return errors.New("contains a certificate signing request (CSR). Give the private key that it was made with")
	case strings.HasSuffix(kind, "PUBLIC KEY"):
		return errors.New("contains a public key. Give the private key that belongs to it")
	default:
		return fmt.Errorf("contains a block of the type %q. Only a block that begins with -----BEGIN PRIVATE KEY-----, -----BEGIN RSA PRIVATE KEY----- or -----BEGIN EC PRIVATE KEY----- belongs here", kind)
	}
}

// parsePrivateKey goes by the content: the line above it is often wrong.
func parsePrivateKey(der []byte) privateKey {
	var parsed any
	var err error
	if parsed, err = x509.ParsePKCS8PrivateKey(der); err != nil {
		if parsed, err = x509.ParsePKCS1PrivateKey(der); err != nil {
			if parsed, err = x509.ParseECPrivateKey(der); err != nil {
				return nil
			}
		}
	}
	private, _ := parsed.(privateKey)
	return private
}

// PEM returns the canonical text, in the encoding that the key came in: only its
// block, LF, 64 columns, no line end after the last.
func (k Key) PEM() secret.Value {
	if k.block == nil {
		return secret.Value{}
	}
	return secret.New(encode(k.block().Type, k.block().Bytes))
}

// Equal reports whether both are the same key, whatever the encoding. Keys of an
// unknown algorithm are compared by their encoding.
func (k Key) Equal(other Key) bool {
	if k.block == nil || other.block == nil {
		return k.block == nil && other.block == nil
	}
	if mine, others := k.private(), other.private(); mine != nil && others != nil {
		return mine.Equal(others)
	}
	return bytes.Equal(k.block().Bytes, other.block().Bytes)
}

// BelongsTo returns the position of the certificate in a chain that the key
// belongs to, 0 being the leaf, or -1. With known false, the key or the leaf is
// of an algorithm that this library does not know, or one of them is missing, and
// there is no saying.
func (k Key) BelongsTo(c Chain) (position int, known bool) {
	if k.private == nil || k.private() == nil || c.Len() == 0 {
		return -1, false
	}
	public, canCompare := k.private().Public().(interface{ Equal(crypto.PublicKey) bool })
	if !canCompare {
		return -1, false
	}
	for i := range c.Len() {
		cert, err := c.Certificate(i)
		if err != nil && i == 0 {
			return -1, false
		}
		if err == nil && public.Equal(cert.PublicKey) {
			return i, true
		}
	}
	return -1, true
}
