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

// ParseBaseURL reads the base URL of a service, whoever names it: the configuration or
// the service catalog. Unless insecure, it has TLS, or is on this machine. Its host is
// returned in its usual form, the only one that the proxy rule of net/http knows. The
// error completes the sentence "The endpoint …", and shows no more of the URL than its
// host: what comes before and after may be a secret.
func ParseBaseURL(text string, insecure bool) (*url.URL, error) {
	if strings.Contains(text, "@") {
		return nil, errors.New(`contains credentials, or another "@"`)
	}
	base, err := url.Parse(text)
	if err != nil {
		return nil, errors.New("is not a valid URL")
	}
	shown := shownURL(base, text)
	switch {
	case base.Scheme != "http" && base.Scheme != "https":
		return nil, fmt.Errorf("is %s, which does not begin with https:// (or http://)", shown)
	case base.Hostname() == "":
		return nil, errors.New("has no host")
	case strings.Contains(text, "?"):
		return nil, fmt.Errorf("is %s, which has a query after the %q", shown, "?")
	case strings.Contains(text, "#"):
		return nil, fmt.Errorf("is %s, which has a fragment after the %q", shown, "#")
	}
	host, ok := usualHost(base.Hostname())
	if !ok {
		return nil, fmt.Errorf("is %s, whose host is neither a DNS name nor an IP address in its usual form", shown)
	}
	base.Host = withPort(host, base.Port())
	if base.Scheme == "http" && !insecure && !isLoopback(base) {
		return nil, fmt.Errorf("is %s: without TLS, everybody on the way could read the private keys and the "+
			"credentials. Use https://, or set insecure = true if you mean it", shown)
	}
	return base, nil
}

// hostAndPort looks like a host, and not like a token: it has a dot or a port, and no
// capital letter.
var hostAndPort = regexp.MustCompile(`^[a-z0-9-]{1,63}((\.[a-z0-9-]{1,63})+(:\d+)?|:\d+)$`)

// shownURL quotes what an error may show of a URL.
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
	// A host that ends in a number is an address to some resolvers: 2130706433, 127.1
	// and 0x7f.1 are 127.0.0.1.
	endsInNumber = regexp.MustCompile(`(^|\.)(0x[0-9a-f]*|[0-9]+)$`)
)

// usualHost returns the usual form of a host: a DNS name in lower case and ASCII without
// a final dot, or an IP address. It reports whether the host is one of them.
func usualHost(host string) (string, bool) {
	host, err := toASCII(host)
	if err != nil {
		return "", false
	}
	if ip, err := netip.ParseAddr(host); err == nil {
		return ip.Unmap().String(), true
	}
	host = strings.TrimSuffix(strings.ToLower(host), ".")
	return host, len(host) <= 253 && dnsName.MatchString(host) && !endsInNumber.MatchString(host)
}

// toASCII does to an international name what net/http would.
func toASCII(host string) (string, error) {
	if strings.IndexFunc(host, func(c rune) bool { return c > unicode.MaxASCII }) < 0 {
		return host, nil
	}
	return idna.Lookup.ToASCII(host)
}

func withPort(host, port string) string {
	if port != "" {
		return net.JoinHostPort(host, port)
	}
	if strings.Contains(host, ":") {
		return "[" + host + "]"
	}
	return host
}

// isLoopback reports whether a base URL is on this machine, as net/http decides that a
// request goes through no proxy. Its host is in its usual form.
func isLoopback(base *url.URL) bool {
	host := base.Hostname()
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback() && ip.Zone() == ""
}

// leadsHere reports whether a connection to a base URL may end on this machine or on a
// link of it (an address with a zone), which is more than isLoopback says.
func leadsHere(base *url.URL) bool {
	host := base.Hostname()
	ip, err := netip.ParseAddr(host)
	return isLoopback(base) || err == nil && (ip.IsUnspecified() || ip.Zone() != "") ||
		strings.HasSuffix(host, ".localhost") || loopbackName.MatchString(host)
}

// loopbackName is a name that /etc/hosts gives to this machine: "ip6-localhost" and
// "ip6-loopback" on Debian, "localhost6" and "localhost6.localdomain6" on Fedora.
var loopbackName = regexp.MustCompile(`^(localhost[46]?(\..*)?|ip6-(localhost|loopback))$`)
