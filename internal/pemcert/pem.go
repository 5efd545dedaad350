// Package pemcert reads certificates and private keys in the forms that people have in files,
// compares them by content, and returns what is in them. It uses the standard library only, and
// has no state.
//
// The errors of this package are sentences without their final full stop, and never contain a
// part of a key.
package pemcert

import (
	"cmp"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"regexp"
	"strings"
)

const (
	beginPrefix = "-----BEGIN "
	endPrefix   = "-----END "
	dashes      = "-----"
)

// A block is a PEM block.
type block struct {
	label string
	// der is nil if problem says why it cannot be read, as in "is not valid base64".
	der     []byte
	problem string
	// encrypted is whether a header says that the content is encrypted, as in formats before
	// PKCS#8.
	encrypted bool
}

// literalEscape matches a line end that was written as literal characters. It always begins with
// a backslash, so that the search is fast in a text without one.
var literalEscape = regexp.MustCompile(`\\+(?:r(?:\\+n)?|n)`)

// blocks returns the PEM blocks of a text in their order. It also reads what editors, shells and
// heredocs produce and pem.Decode refuses: a byte order mark, any line end or none, and
// indented lines. A boundary in the middle of a line is text (RFC 7468), as in a block that is
// commented out.
func blocks(text string) []block {
	text = strings.ReplaceAll(strings.ReplaceAll(text, "\r", "\n"), "\ufeff", "")
	var all []block
	for {
		before, after, found := strings.Cut(text, beginPrefix)
		if !found {
			return all
		}
		text = after
		line, _, _ := strings.Cut(after, "\n")
		label, _, isBoundary := strings.Cut(line, dashes)
		if isBoundary && strings.TrimSpace(before[strings.LastIndexByte(before, '\n')+1:]) == "" {
			var b block
			b, text = readBlock(strings.TrimSpace(label), after[len(label)+len(dashes):])
			all = append(all, b)
		}
	}
}

// readBlock reads the text after the BEGIN boundary of a block, and returns what follows it.
func readBlock(label, text string) (b block, rest string) {
	b.label = label
	inside, _, _ := strings.Cut(text, beginPrefix)
	body, end, _ := strings.Cut(inside, endPrefix)
	endLabel, after, closed := strings.Cut(end, dashes)
	switch {
	case literalEscape.MatchString(body):
		b.problem = escapeProblem(literalEscape.FindString(body))
	case !closed:
		b.problem = "has no END line. Check that nothing was cut off while copying"
	case strings.TrimSpace(endLabel) != label:
		b.problem = "has the END line of another block. Check that nothing was changed while copying"
	case strings.Contains(body, "Proc-Type:"):
		b.encrypted = true
	default:
		if header := strings.LastIndexByte(body, ':'); header >= 0 { // of RFC 1421, before the base64
			_, body, _ = strings.Cut(body[header:], "\n")
		}
		var err error
		if b.der, err = base64.StdEncoding.DecodeString(strings.Join(strings.Fields(body), "")); err != nil {
			b.der, b.problem = nil, "is not valid base64. Check that nothing was cut off or changed while copying"
		}
	}
	return b, text[len(inside)-len(after):]
}

func escapeProblem(found string) string {
	return fmt.Sprintf("has the literal characters %s where line ends should be. "+
		`Read the file with file(…), or replace them: replace(…, %q, "\n")`, found, found)
}

// parseBlocks returns the blocks of a text. noun is "certificate" or "private key". It fails if
// there are no blocks.
func parseBlocks(text, noun string) ([]block, error) {
	if strings.ContainsRune(text, 0) {
		return nil, fmt.Errorf(
			"the %s has NUL characters, so it was saved as UTF-16. Save the file as UTF-8 or ASCII", noun)
	}
	if all := blocks(text); len(all) > 0 {
		return all, nil
	}
	return nil, fmt.Errorf("the %s %s", noun, notPEM(text))
}

// notPEM says what a text without blocks is instead, as in "is empty".
func notPEM(text string) string {
	const form = "PEM begins with a line such as -----BEGIN CERTIFICATE-----"
	compact := strings.Join(strings.Fields(strings.ReplaceAll(text, "\ufeff", "")), "")
	if compact == "" {
		return `is empty. Set it to the text of a PEM file, for example file("${path.module}/www.pem")`
	}
	standard := strings.NewReplacer("-", "+", "_", "/").Replace(strings.TrimRight(compact, "="))
	decoded, err := base64.RawStdEncoding.DecodeString(standard) // decoded has what precedes an error
	switch contains := kindOfContent(decoded); {
	case contains == kindPEM:
		return "is PEM that is encoded in base64 again, as in Kubernetes and CI variables. " +
			"Decode it: base64decode(…)"
	case contains == kindPKCS12:
		return "is a PKCS#12 file (.p12, .pfx) in base64, and not PEM. " +
			"Convert it: openssl pkcs12 -in FILE -nodes -clcerts -nokeys for the certificate, " +
			"openssl pkcs12 -in FILE -nodes -nocerts for the key"
	case contains == kindPKCS7:
		return "is a PKCS#7 bundle (.p7b) in base64, and not PEM. " +
			"Convert it, the leaf first: openssl pkcs7 -inform DER -in FILE -print_certs"
	case err == nil && isDER(decoded): // the beginning of a file's name may look like DER
		return "is DER in base64, without the lines that make it PEM. " + form +
			". Convert the DER file: openssl x509 -inform DER -in FILE for a certificate, " +
			"openssl pkey -inform DER -in FILE for a key"
	case strings.Contains(text, beginPrefix):
		if after := regexp.MustCompile(dashes + literalEscape.String()).FindString(text); after != "" {
			return escapeProblem(strings.TrimPrefix(after, dashes))
		}
		return "is not PEM: it has BEGIN lines, but each has other text before it in its line. " +
			"Remove that text, such as a quotation mark or a comment sign"
	case !strings.ContainsAny(text, "\n") && len(text) < 256 && strings.ContainsAny(text, "./\\"):
		return `is not PEM, but looks like the name of a file. Read the file: file("…")`
	}
	return "is not PEM: it has no block. " + form
}

// encode writes blocks in the form for the API: LF, lines of 64 characters, nothing around the
// blocks, no line end after the last (seed).
func encode(blockType string, ders ...[]byte) string {
	var text strings.Builder
	for _, der := range ders {
		_ = pem.Encode(&text, &pem.Block{Type: blockType, Bytes: der}) // this cannot fail without headers
	}
	return strings.TrimSuffix(text.String(), "\n")
}

// A kind is a kind of block or DER value. Its texts say what such a block is, and how to fix it, if
// it stands where a certificate or a private key should be. Its zero value is an unknown kind.
type kind struct{ asCertificate, asKey string }

var (
	kindCertificate = kind{
		"is a certificate. Write CERTIFICATE in both of its boundaries",
		"is a certificate. Move that block to certificate",
	}
	kindTrustedCertificate = kind{
		"is in a format that only openssl reads (TRUSTED CERTIFICATE). Convert it: openssl x509 -in FILE",
		"is a certificate. Move that block to certificate",
	}
	kindPrivateKey = kind{
		"is a private key, which anyone with access to the certificate could read. Remove that block. The " +
			"resource takes it as private_key (stored in the state) or private_key_wo (not stored)",
		"is a private key. Write PRIVATE KEY in both of its boundaries",
	}
	kindEncryptedKey = kind{
		"is an encrypted private key. Remove that block, and set private_key to the key without its passphrase",
		"is encrypted with a passphrase. Write it without one: openssl pkey -in FILE -out NEWFILE. " +
			"The load balancer cannot prompt for a passphrase",
	}
	kindSSHKey = kind{
		"is a private key for SSH. Remove that block",
		"is a key for SSH. Set the key that the certificate was requested with, " +
			"which begins with -----BEGIN PRIVATE KEY-----",
	}
	kindECParameters = kind{
		asCertificate: "has EC PARAMETERS, which belong to a private key. " +
			"Remove that block, and set the key in private_key",
	}
	kindRequest = kind{
		"is a certificate signing request (CSR), which is sent to a certificate authority. " +
			"Set the certificate that the authority returned",
		"is a certificate signing request (CSR). Set the private key that it was created with",
	}
	kindRevocationList = kind{
		"is a certificate revocation list (CRL), which the load balancer does not accept. Remove that block",
		"is a certificate revocation list (CRL). Remove that block",
	}
	kindPublicKey = kind{
		"is only a public key. Set the certificate, which begins with -----BEGIN CERTIFICATE-----",
		"is a public key. Set the private key that belongs to it",
	}
	kindPKCS7 = kind{
		"is a PKCS#7 bundle. Convert it, the leaf first: openssl pkcs7 -in FILE -print_certs",
		"is a PKCS#7 bundle, which has no private keys. Set the key that the certificate was requested with",
	}
	kindPKCS12 = kind{
		"is a PKCS#12 file. Convert the file: openssl pkcs12 -in FILE -nodes -clcerts -nokeys",
		"is a PKCS#12 file. Convert the file: openssl pkcs12 -in FILE -nodes -nocerts",
	}
	kindPEM = kind{doubleBase64, doubleBase64}
)

const doubleBase64 = "is PEM that is encoded in base64 again. " +
	"Decode the text between the boundaries: base64decode(…)"

// kind returns what a block is: by its content, which determines the remedy, or else by its
// boundaries.
func (b block) kind() kind { return cmp.Or(kindOfContent(b.der), kindOfLabel(b)) }

// kindOfLabel returns what a block is according to its boundaries.
func kindOfLabel(b block) kind {
	switch label := b.label; {
	case label == "CERTIFICATE", label == "X509 CERTIFICATE":
		return kindCertificate
	case label == "TRUSTED CERTIFICATE":
		return kindTrustedCertificate
	case label == "ENCRYPTED PRIVATE KEY", b.encrypted:
		return kindEncryptedKey
	case label == "OPENSSH PRIVATE KEY":
		return kindSSHKey
	case strings.HasSuffix(label, "PRIVATE KEY"):
		return kindPrivateKey
	case label == "EC PARAMETERS":
		return kindECParameters
	case strings.HasSuffix(label, "CERTIFICATE REQUEST"):
		return kindRequest
	case label == "X509 CRL":
		return kindRevocationList
	case strings.HasSuffix(label, "PUBLIC KEY"):
		return kindPublicKey
	case label == "PKCS7":
		return kindPKCS7
	}
	return kind{}
}

// quotableLabel matches labels that tools write. Others are not quoted, because they may be
// secret.
var quotableLabel = regexp.MustCompile(`^[A-Z0-9][A-Z0-9 -]{0,30}$`)

// refuse returns the error for a block of the wrong kind. text says what the block is and how to
// fix it.
func (b block) refuse(where string, is kind, text string) error {
	isQuotable := quotableLabel.MatchString(b.label)
	switch {
	case text == "" && isQuotable:
		return fmt.Errorf("%s has the type %q, which does not belong there. Remove that block", where, b.label)
	case text == "":
		return fmt.Errorf("%s has a type that does not belong there. Remove that block", where)
	case kindOfLabel(b) != is && isQuotable:
		return fmt.Errorf("%s, whose boundary says %q, %s", where, b.label, text)
	}
	return fmt.Errorf("%s %s", where, text)
}
