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

// readInsecure returns whether insecure is set in the first source that counts. It counts
// as an address does: a source must not make the calls of an earlier one insecure.
func (r *resolver) readInsecure(counts func(source) bool) bool {
	text, s := r.valueWhere("insecure", func(s source) bool { return s.rank <= r.lastRank && counts(s) })
	if text == "" {
		return false
	}
	insecure, err := strconv.ParseBool(text)
	if err != nil {
		r.invalid("insecure", fmt.Sprintf("The value of insecure from %s is %s. It must be true or false.",
			r.origin(s, "insecure"), quoted(text)))
	}
	return insecure
}

// allowsHTTP reports whether the address of a source may use plain HTTP, because insecure is set in the provider block
// or in the same source. There is no ELBAAS_INSECURE, so any insecure that counts applies to ELBAAS_ENDPOINT.
func (r *resolver) allowsHTTP(named source) bool {
	if r.unknown("insecure") {
		return true
	}
	return r.readInsecure(func(by source) bool {
		return by.rank == blockRank || by.rank == named.rank || named.prefix == "ELBAAS_"
	})
}

// insecureElsewhere says which source has an insecure that is not for an address, or is
// empty.
func (r *resolver) insecureElsewhere() string {
	for _, s := range r.sources {
		if insecure, _ := strconv.ParseBool(s.values["insecure"]); insecure {
			return fmt.Sprintf("%s sets insecure, which does not apply to the address of another source. ",
				capitalize(r.origin(s, "insecure")))
		}
		if s.label == blockLabel && s.has("insecure") {
			break
		}
	}
	return ""
}

// trust returns the CA file, the client certificate or its key. These have OS_… variables only, so the variables apply
// to credentials from other sources, too. But if a later source names a cloud, its certificates are for that cloud, and
// must not be trusted for another.
func (r *resolver) trust(name string) (text, origin string) {
	text, s := r.valueWhere(name, func(s source) bool {
		return s.rank <= r.lastRank || !namesCloud(s) && !s.has("clouds_entry")
	})
	return text, r.origin(s, name)
}

// readTLS makes the TLS configuration.
func (r *resolver) readTLS() {
	insecure := r.readInsecure(func(source) bool { return true })
	config := &tls.Config{
		MinVersion:         tls.VersionTLS12,
		InsecureSkipVerify: insecure, //nolint:gosec // only where the user says so
	}
	if text, origin := r.trust("cacert_file"); text != "" {
		config.RootCAs = x509.NewCertPool()
		if content := r.fileOrText("cacert_file", text, origin); content != nil &&
			!config.RootCAs.AppendCertsFromPEM(content) {
			r.invalid("cacert_file", fmt.Sprintf("The CA file from %s has no valid certificate. It must have PEM "+
				"certificates, each beginning with -----BEGIN CERTIFICATE-----.", origin))
		}
	}
	cert, certOrigin := r.trust("cert")
	key, keyOrigin := r.trust("key")
	switch {
	case cert != "" && key != "":
		certPEM, keyPEM := r.fileOrText("cert", cert, certOrigin), r.fileOrText("key", key, keyOrigin)
		if certPEM == nil || keyPEM == nil {
			break
		}
		pair, err := tls.X509KeyPair(certPEM, keyPEM)
		if err != nil { // which may quote neither
			r.invalid("cert", fmt.Sprintf("The client certificate from %s and the key from %s are not a matching "+
				"pair in PEM format.", certOrigin, keyOrigin))
		}
		config.Certificates = []tls.Certificate{pair}
	case cert != "" && !r.unknown("key"):
		r.fail("key", "Missing provider argument key", "A client certificate needs its key. "+argumentNamed("key").remedy())
	case key != "" && !r.unknown("cert"):
		r.fail("cert", "Missing provider argument cert",
			"The key of a client certificate needs the certificate. "+argumentNamed("cert").remedy())
	}
	r.settings.tls = config
}

// fileOrText returns PEM that is given itself, or by the name of a file.
func (r *resolver) fileOrText(name, text, origin string) []byte {
	if strings.Contains(text, "-----BEGIN ") {
		return []byte(text)
	}
	content, err := r.open(text)
	if err != nil {
		what := fileName(text)
		if name == "key" {
			what = notShown // a key without its first line may look like anything
		}
		r.invalid(name, fmt.Sprintf("The value of %s from %s is neither PEM, which begins with -----BEGIN, nor a file "+
			"that can be read: %s: %s.",
			name, origin, what, fileReason(err)))
		return nil
	}
	return content
}

const notShown = "[not shown, because it may be a key]"

// plainName is a name of a file that is no key, token or password: it has an extension,
// and neither a long part nor any character that is rare in names.
var plainName = regexp.MustCompile(`^([A-Za-z]:)?([\\/]?[\w.~-]{1,64})*\.[A-Za-z][A-Za-z0-9]{0,9}$`)

// fileName is how a file is called in an error: not at all if its name may be a secret.
func fileName(name string) string {
	if len(name) > 255 || !plainName.MatchString(name) || mayBeKey(name) {
		return notShown
	}
	return name
}

// longPart is longer than most parts of a path, and shorter than the lines of a key.
var longPart = regexp.MustCompile(`[A-Za-z0-9+]{32,}`)

// mayBeKey reports whether a part of a text may be a key in base64.
func mayBeKey(text string) bool {
	return slices.ContainsFunc(longPart.FindAllString(text, -1), func(part string) bool {
		return strings.ContainsFunc(part, unicode.IsUpper) && strings.ContainsFunc(part, unicode.IsLower) &&
			strings.ContainsFunc(part, unicode.IsDigit)
	})
}

// quoted quotes a value, unless it may be a key, a token, or a file's content.
func quoted(text string) string {
	if len(text) > 100 || strings.ContainsAny(text, "\r\n{}") || longPart.MatchString(text) ||
		wholeBase64.MatchString(text) {
		return notShown
	}
	return strconv.Quote(text)
}

var wholeBase64 = regexp.MustCompile(`^[A-Za-z0-9+/]{44,}={0,2}$`)

// open reads a file that an argument names, unless it is what should be in the file: of
// several lines, JSON, or a key in base64.
func (r *resolver) open(name string) ([]byte, error) {
	isContent := strings.ContainsAny(name, "\r\n") || strings.HasPrefix(name, "{")
	if isContent || wholeBase64.MatchString(name) && mayBeKey(name) {
		return nil, &fs.PathError{Op: "open", Path: notShown, Err: errors.New("it is not the name of a file")}
	}
	return r.readFile(r.expand(name))
}

// fileReason is why a file cannot be read, without its name.
func fileReason(err error) string {
	var failed *fs.PathError
	if errors.As(err, &failed) {
		return failed.Err.Error()
	}
	return "it cannot be read"
}

// expand replaces a leading ~ by the user's directory.
func (r *resolver) expand(name string) string {
	if rest, found := strings.CutPrefix(name, "~/"); found && r.home != "" {
		return r.home + "/" + rest
	}
	return name
}
