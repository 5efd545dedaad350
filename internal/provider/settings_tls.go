package provider

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
)

func (r *resolver) readInsecure() bool {
	text, origin := r.value("insecure")
	if text == "" {
		return false
	}
	insecure, err := strconv.ParseBool(text)
	if err != nil {
		r.invalid("insecure", fmt.Sprintf("The value of insecure from %s is %q. Give true or false.", origin, text))
	}
	return insecure
}

// readTLS makes the TLS configuration.
func (r *resolver) readTLS() {
	config := &tls.Config{
		MinVersion:         tls.VersionTLS12,
		InsecureSkipVerify: r.readInsecure(), //nolint:gosec // only where the user says so
	}
	if text, origin := r.value("cacert_file"); text != "" {
		config.RootCAs = x509.NewCertPool()
		if content := r.fileOrText("cacert_file", text, origin); content != nil &&
			!config.RootCAs.AppendCertsFromPEM(content) {
			r.invalid("cacert_file", fmt.Sprintf("The CA file from %s has no certificate that can be read. Give a "+
				"file of PEM certificates, each beginning with -----BEGIN CERTIFICATE-----.", origin))
		}
	}
	cert, certOrigin := r.value("cert")
	key, keyOrigin := r.value("key")
	switch {
	case cert != "" && key != "":
		certPEM, keyPEM := r.fileOrText("cert", cert, certOrigin), r.fileOrText("key", key, keyOrigin)
		if certPEM == nil || keyPEM == nil {
			break
		}
		pair, err := tls.X509KeyPair(certPEM, keyPEM)
		if err != nil { // which may quote neither
			r.invalid("cert", fmt.Sprintf("The client certificate from %s and the key from %s are not a pair of PEM "+
				"files that belong together.", certOrigin, keyOrigin))
		}
		config.Certificates = []tls.Certificate{pair}
	case cert != "" && !r.unknown("key"):
		r.fail("key", "Missing provider argument key", "A client certificate needs its key. "+argumentNamed(
			"key").remedy())
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
	content, err := r.readFile(r.expand(text))
	if err != nil {
		what := fileName(text)
		if name == "key" {
			what = hiddenFile // a key without its first line may look like anything
		}
		r.invalid(name, fmt.Sprintf("The value of %s from %s is neither PEM, which begins with -----BEGIN, nor a file "+
			"that can be read: %s: %s.",
			name, origin, what, fileReason(err)))
		return nil
	}
	return content
}

const hiddenFile = "[not shown, because it may be a key]"

// fileName is how a file is called in an error: not at all if its name may be a key,
// none of which has a dot.
func fileName(name string) string {
	if len(name) > 255 || !strings.Contains(name, ".") || strings.ContainsAny(name, "\r\n") {
		return hiddenFile
	}
	return name
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
