package auth

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
)

// ParseBaseURL reads the base URL of a service, whoever names it: the configuration or
// the service catalog. Unless insecure, it has TLS, or is on this machine. The error
// completes the sentence "The endpoint …", and never shows credentials.
func ParseBaseURL(text string, insecure bool) (*url.URL, error) {
	base, err := url.Parse(text)
	switch {
	case strings.Contains(text, "@"):
		return nil, errors.New(`contains credentials, or another "@"`)
	case err != nil:
		return nil, fmt.Errorf("is %q, which is no URL", text)
	case base.Scheme != "http" && base.Scheme != "https":
		return nil, fmt.Errorf("is %q, which does not begin with https:// (or http://)", text)
	case base.Hostname() == "":
		return nil, fmt.Errorf("is %q, which has no host", text)
	case strings.Contains(text, "?"):
		return nil, fmt.Errorf("is %q, which has a query after the %q", text, "?")
	case strings.Contains(text, "#"):
		return nil, fmt.Errorf("is %q, which has a fragment after the %q", text, "#")
	case base.Scheme == "http" && !insecure && !isLoopback(base):
		return nil, fmt.Errorf("is %q: without TLS, everybody on the way could read the private keys and the "+
			"credentials. Use https://, or set insecure = true if you mean it", text)
	}
	return base, nil
}

// isLoopback reports whether an address is on this machine, as far as its text tells.
func isLoopback(base *url.URL) bool {
	host := base.Hostname()
	ip := net.ParseIP(host)
	return strings.EqualFold(host, "localhost") || ip != nil && (ip.IsLoopback() || ip.IsUnspecified())
}
