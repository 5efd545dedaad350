package provider

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// insecure reports whether insecure is set in the first of these sources that has it. Only sources up to lastRank
// count, because a later source must not make the calls of an earlier one insecure.
func (r *resolver) insecure(sources []source) bool {
	counting := where(sources, func(s source) bool { return s.rank <= r.lastRank })
	return isTrue(r.find("insecure", counting...))
}

// allowsHTTP reports whether an address may use plain HTTP, because insecure is set in the provider block
// or in the same source. There is no ELBAAS_INSECURE, so any insecure that counts applies to ELBAAS_ENDPOINT.
func (r *resolver) allowsHTTP(address value) bool {
	return r.unknown("insecure") || r.insecure(where(r.sources, func(by source) bool {
		return by.rank == blockRank || by.rank == address.rank || address.rank == elbaasRank
	}))
}

func isTrue(v value) bool {
	isTrue, _ := strconv.ParseBool(v.text)
	return isTrue
}

// readTLS makes the TLS configuration. A CA file, a client certificate and its key have only OS_… variables, so these
// apply to credentials from other sources as well. But if a later source names a cloud, its certificates are for that
// cloud, and must not be trusted for another.
func (r *resolver) readTLS() {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	r.settings.api.TLS = config
	if r.addressesUnknown {
		return // nothing is called yet, and which certificates count depends on the addresses
	}
	config.InsecureSkipVerify = r.insecure(r.sources) // only where the user says so
	trusted := where(r.sources, func(s source) bool {
		return s.rank <= r.lastRank || !s.has("cloud", "auth_url", "clouds_entry")
	})
	if ca := r.find("cacert_file", trusted...); ca.text != "" {
		config.RootCAs = x509.NewCertPool()
		content := r.fileOrText(ca)
		if content != nil && !config.RootCAs.AppendCertsFromPEM(content) {
			r.fail("Invalid", ca.name, fmt.Sprintf("The CA file from %s contains no valid certificate. It must "+
				"contain PEM certificates, each beginning with -----BEGIN CERTIFICATE-----.", ca.origin))
		}
	}
	cert, key := r.find("cert", trusted...), r.find("key", trusted...)
	switch {
	case cert.text == "" && key.text == "", r.unknown("cert", "key"):
	case key.text == "":
		r.fail("Missing", "key", "A client certificate needs its key. "+howToSet("key"))
	case cert.text == "":
		r.fail("Missing", "cert", "The key of a client certificate needs the certificate. "+howToSet("cert"))
	default:
		certPEM, keyPEM := r.fileOrText(cert), r.fileOrText(key)
		pair, err := tls.X509KeyPair(certPEM, keyPEM)
		if err != nil && certPEM != nil && keyPEM != nil { // the error may quote them
			r.fail("Invalid", cert.name, fmt.Sprintf("The client certificate from %s and the key from %s are not a "+
				"matching pair in PEM format.", cert.origin, key.origin))
		}
		config.Certificates = []tls.Certificate{pair}
	}
}

// fileOrText returns PEM that a value contains, or that is in the file that it names.
func (r *resolver) fileOrText(v value) []byte {
	if strings.Contains(v.text, "-----BEGIN ") {
		return []byte(v.text)
	}
	content, err := r.open(v.text)
	if err != nil {
		what := fileName(v.text)
		if v.name == "key" {
			what = notShown // a key without its first line may look like anything
		}
		r.fail("Invalid", v.name, fmt.Sprintf("The value of %s is neither PEM, which begins with -----BEGIN, nor "+
			"a file that can be read: %s: %s.", v.from(), what, err))
		return nil
	}
	return content
}

const notShown = "[not shown, because it may be a key]"

// plainName matches the name of a file that cannot be a token or a password: it has an extension, and no character that
// is rare in names.
var plainName = regexp.MustCompile(`^([A-Za-z]:)?([\\/]?[\w.~-]+)*\.[A-Za-z][A-Za-z0-9]{0,9}$`)

// fileName returns a file name for an error, or notShown if it may be a secret.
func fileName(name string) string {
	if len(name) > 255 || !plainName.MatchString(name) || mayBeKey(name) {
		return notShown
	}
	return name
}

// longPart is longer than most parts of a path, and shorter than the lines of a key.
var longPart = regexp.MustCompile(`[A-Za-z0-9+]{32,}`)

// mayBeKey reports whether a text may contain a key in base64.
func mayBeKey(text string) bool {
	return slices.ContainsFunc(longPart.FindAllString(text, -1), func(part string) bool {
		return strings.ContainsFunc(part, unicode.IsUpper) && strings.ContainsFunc(part, unicode.IsLower) &&
			strings.ContainsFunc(part, unicode.IsDigit)
	})
}

// mayBeSecret matches a value that may be a key, a token, or the content of a file.
var mayBeSecret = regexp.MustCompile(`[\r\n{}]|[A-Za-z0-9+]{32}|[A-Za-z0-9+/]{44}|.{101}`)

// quoted quotes a value unless it may be secret.
func quoted(text string) string {
	if mayBeSecret.MatchString(text) {
		return notShown
	}
	return strconv.Quote(text)
}

var wholeBase64 = regexp.MustCompile(`^[A-Za-z0-9+/]{44,}={0,2}$`)

// open reads a file that an argument names. A name that looks like the content of a file (several lines, JSON, or a key
// in base64) is an error. A leading ~ stands for the home directory. The error does not contain the name.
func (r *resolver) open(name string) ([]byte, error) {
	isContent := strings.ContainsAny(name, "\r\n") || strings.HasPrefix(name, "{")
	if isContent || wholeBase64.MatchString(name) && mayBeKey(name) {
		return nil, errors.New("it is not the name of a file")
	}
	if rest, found := strings.CutPrefix(name, "~/"); found {
		name = r.home + "/" + rest
	}
	content, err := r.readFile(name)
	if failed, isOfFile := errors.AsType[*fs.PathError](err); isOfFile {
		err = failed.Err
	}
	return content, err
}
