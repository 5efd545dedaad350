package auth

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/net/idna"
)

// ParseBaseURL parses the base URL of a service, from the configuration or the service catalog. It
// must use https unless it is on this machine or insecure is set. The host is returned in its
// canonical form, the only one that the proxy rules of net/http recognize. The error shows no more
// than the scheme and the host, because the rest of the URL may be secret.
func ParseBaseURL(text string, insecure bool) (*url.URL, error) {
	if strings.Contains(text, "@") {
		return nil, errors.New(`invalid URL: it contains credentials, or another "@"`)
	}
	if strings.ContainsFunc(text, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }) {
		return nil, errors.New("invalid URL: it contains a space, a line end, or another control character")
	}
	base, err := url.Parse(text)
	if err != nil {
		return nil, errors.New("invalid URL: it cannot be parsed")
	}
	invalid := func(rule string) (*url.URL, error) {
		return nil, fmt.Errorf("invalid URL %s: %s", shownURL(base, text), rule)
	}
	switch {
	case base.Scheme != "http" && base.Scheme != "https":
		return invalid("it must begin with https:// (or http://)")
	case base.Hostname() == "":
		return nil, errors.New("invalid URL: it has no host")
	case strings.Contains(text, "?"):
		return invalid(`it must not have a query after a "?"`)
	case strings.Contains(text, "#"):
		return invalid(`it must not have a fragment after a "#"`)
	}
	host, ok := canonicalHost(base.Hostname())
	if !ok {
		return invalid("its host is neither a DNS name nor an IP address in canonical form")
	}
	base.Host = strings.TrimSuffix(net.JoinHostPort(host, base.Port()), ":") // the port may be missing
	if base.Scheme == "http" && !insecure && !isLoopback(base) {
		return invalid("without TLS, anyone on the network path can read the private keys and the credentials. " +
			"Use https://, or set insecure = true if you mean it")
	}
	return base, nil
}

// hostAndPort matches what looks like a host rather than a token: it has a dot or a port, and no
// capital letter.
var hostAndPort = regexp.MustCompile(`^[a-z0-9-]{1,63}((\.[a-z0-9-]{1,63})+(:\d+)?|:\d+)$`)

// shownURL quotes the part of a URL that an error may show.
func shownURL(base *url.URL, text string) string {
	if base.Host != "" {
		return strconv.Quote(base.Scheme + "://" + base.Host)
	}
	if host, _, _ := strings.Cut(text, "/"); hostAndPort.MatchString(host) {
		return strconv.Quote(host)
	}
	return "[not shown, because it may be a secret]"
}

const label = `[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?`

var (
	dnsName = regexp.MustCompile(`^(` + label + `\.)*` + label + `$`)
	// endsInNumber matches hosts that some resolvers read as addresses: 2130706433, 127.1 and
	// 0x7f.1 are 127.0.0.1.
	endsInNumber = regexp.MustCompile(`(^|\.)(0x[0-9a-f]*|[0-9]+)$`)
)

// canonicalHost returns a host in its canonical form: a DNS name in lower case and ASCII without
// a final dot, or an IP address. It reports whether the host is valid.
func canonicalHost(host string) (string, bool) {
	if strings.ContainsFunc(host, func(r rune) bool { return r > unicode.MaxASCII }) {
		ascii, err := idna.Lookup.ToASCII(host) // as net/http does
		if err != nil {
			return "", false
		}
		host = ascii
	}
	if ip, err := netip.ParseAddr(host); err == nil {
		return ip.Unmap().String(), true
	}
	host = strings.TrimSuffix(strings.ToLower(host), ".")
	return host, dnsName.MatchString(host) && !endsInNumber.MatchString(host)
}

// isLoopback reports whether a base URL with a canonical host is on this machine. net/http bypasses
// the proxy for each of these hosts.
func isLoopback(base *url.URL) bool {
	host := base.Hostname()
	ip, _ := netip.ParseAddr(host) // a name is no loopback address
	return host == "localhost" || ip.IsLoopback() && ip.Zone() == ""
}

// mayBeLocal reports whether a base URL may be on this machine, or on its local network (an
// address with a zone), even if isLoopback does not say so.
func mayBeLocal(base *url.URL) bool {
	host := base.Hostname()
	ip, _ := netip.ParseAddr(host)
	return isLoopback(base) || ip.IsUnspecified() || ip.Zone() != "" ||
		strings.HasSuffix(host, ".localhost") || loopbackName.MatchString(host)
}

// loopbackName matches names of this machine in /etc/hosts: "ip6-localhost" and "ip6-loopback" on
// Debian, "localhost6" and "localhost6.localdomain6" on Fedora.
var loopbackName = regexp.MustCompile(`^(localhost[46]?(\..*)?|ip6-(localhost|loopback))$`)
