// Package pemcert reads certificates and private keys the way that people have
// them in files, compares them by content, and tells what is in them. It uses
// the standard library only, and keeps nothing.
//
// The errors of this package complete a sentence such as "The certificate …",
// and never contain a part of a key.
package pemcert

import (
	"encoding/asn1"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// marker is a line that begins or ends a block, wherever it stands.
var marker = regexp.MustCompile(`[ \t\n]*(-----(?:BEGIN|END) [A-Z0-9 ]+-----)[ \t\n]*`)

// blocks returns the PEM blocks of a text in their order. It reads what
// pem.Decode refuses and editors, shells and heredocs leave behind: a byte order
// mark, any line end, indented lines, markers that do not stand alone.
func blocks(text string) ([]*pem.Block, error) {
	if strings.ContainsRune(text, 0) {
		return nil, errors.New("has NUL characters, so it was saved as UTF-16. Save the file as UTF-8 or ASCII")
	}
	if strings.Contains(text, `-----\n`) {
		return nil, errors.New(`has the two characters \n where line ends should be. Read the file with file(…), or replace them: replace(…, "\\n", "\n")`)
	}
	begun := strings.Count(text, "-----BEGIN ")
	if all := decode(text, begun); begun > 0 && len(all) == begun {
		return all, nil // what most files are like
	}
	text = strings.TrimPrefix(text, "\ufeff")
	text = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(text)
	text = marker.ReplaceAllString(text, "\n$1\n")
	lines := strings.Split(text, "\n")
	for i := range lines {
		lines[i] = strings.TrimSpace(lines[i])
	}

	all := decode(strings.Join(lines, "\n"), begun)
	if len(all) < begun {
		return nil, fmt.Errorf("is damaged: of its %d blocks only %d can be read. A block has a BEGIN line, base64, and the END line that belongs to it; "+
			"check that none was cut off or changed while copying", begun, len(all))
	}
	if len(all) == 0 {
		return nil, notPEM(text)
	}
	return all, nil
}

// decode returns the blocks of a text that pem.Decode reads, and so many at most.
func decode(text string, most int) []*pem.Block {
	var all []*pem.Block
	for rest := []byte(text); len(all) < most; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		all = append(all, block)
	}
	return all
}

// notPEM tells what a text without blocks is, as far as that can be seen.
func notPEM(text string) error {
	const form = "PEM begins with a line such as -----BEGIN CERTIFICATE-----"
	compact := strings.Join(strings.Fields(text), "")
	if compact == "" {
		return errors.New(`is empty. Give the text of a PEM file, for example file("${path.module}/www.pem")`)
	}
	if der, err := base64.StdEncoding.DecodeString(compact); err == nil && isDER(der) {
		if isPKCS12(der) {
			return errors.New("is a PKCS#12 file (.p12, .pfx) in base64, and not PEM. " +
				"Convert it: openssl pkcs12 -in FILE -nodes -clcerts -nokeys for the certificate, openssl pkcs12 -in FILE -nodes -nocerts for the key")
		}
		return errors.New("is DER in base64, without the lines that make it PEM. " + form +
			". Convert the DER file: openssl x509 -inform DER -in FILE for a certificate, openssl pkey -inform DER -in FILE for a key")
	}
	if !strings.ContainsAny(text, "\n") && len(text) < 256 && strings.ContainsAny(text, "./\\") {
		return errors.New(`is not PEM, but looks like the name of a file. Read the file: file("…")`)
	}
	return errors.New("is not PEM: it has no block. " + form)
}

// isDER reports whether der is one DER value and nothing else.
func isDER(der []byte) bool {
	var value asn1.RawValue
	rest, err := asn1.Unmarshal(der, &value)
	return err == nil && len(rest) == 0
}

// isPKCS12 reports whether a DER value begins like a PFX of RFC 7292: version 3
// and a PKCS#7 content.
func isPKCS12(der []byte) bool {
	var pfx struct {
		Version  int
		AuthSafe struct {
			ContentType asn1.ObjectIdentifier
			Content     asn1.RawValue `asn1:"optional"`
		}
		MacData asn1.RawValue `asn1:"optional"`
	}
	_, err := asn1.Unmarshal(der, &pfx)
	return err == nil && pfx.Version == 3 && strings.HasPrefix(pfx.AuthSafe.ContentType.String(), "1.2.840.113549.1.7.")
}

// encode writes blocks in the form that the API is sent: LF, lines of 64
// characters, nothing around the blocks, no line end after the last (seed).
func encode(blockType string, ders ...[]byte) string {
	var text strings.Builder
	for _, der := range ders {
		// Writing to a strings.Builder cannot fail, and neither can a block
		// without headers.
		_ = pem.Encode(&text, &pem.Block{Type: blockType, Bytes: der})
	}
	return strings.TrimSuffix(text.String(), "\n")
}
