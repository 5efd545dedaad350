package auth_test

import (
	"strings"
	"testing"

	"golang.org/x/net/http/httpproxy"

	"github.com/elbaas/terraform-provider-elbaas/internal/auth"
)

// TestParseBaseURL: every base URL follows one rule, and its host is canonical, so that the proxy
// rules of net/http recognize this machine as well.
func TestParseBaseURL(t *testing.T) {
	t.Parallel()
	proxy := (&httpproxy.Config{HTTPProxy: "http://proxy.example.com"}).ProxyFunc()
	for text, want := range map[string]struct{ is, fails string }{
		"https://ELB.Example.com:8443/Elb": {is: "https://elb.example.com:8443/Elb"},
		"https://elb.example.com.:8443/":   {is: "https://elb.example.com:8443/"},
		"https://203.0.113.9/v3":           {is: "https://203.0.113.9/v3"},
		"https://elb_1.internal":           {is: "https://elb_1.internal"},
		"https://elb.München.de":           {is: "https://elb.xn--mnchen-3ya.de"},
		"https://[fe80::1%25eth0]:8443":    {is: "https://[fe80::1%25eth0]:8443"},

		// This machine.
		"http://127.0.0.1:8080/elb":       {is: "http://127.0.0.1:8080/elb"},
		"http://127.1.2.3":                {is: "http://127.1.2.3"},
		"http://[::1]:8080":               {is: "http://[::1]:8080"},
		"http://[0:0:0:0:0:0:0:1]:8080":   {is: "http://[::1]:8080"},
		"http://[::ffff:127.0.0.1]:8080":  {is: "http://127.0.0.1:8080"},
		"http://LOCALHOST:8080":           {is: "http://localhost:8080"},
		"http://localhost.:8080":          {is: "http://localhost:8080"},
		"http://１２７.0.0.1":                {is: "http://127.0.0.1"},
		"http://[::1%25lo]":               {fails: "without TLS"},
		"http://0.0.0.0":                  {fails: "without TLS"},
		"http://[::]:8080":                {fails: "without TLS"},
		"http://elb.localhost":            {fails: "without TLS"},
		"http://localhost.localdomain":    {fails: "without TLS"},
		"http://elb.example.com/hunter2":  {fails: "without TLS"},
		"http://elb.example.com:80/elb/x": {fails: `invalid URL "http://elb.example.com:80"`},

		// Hosts that other programs read as addresses, each in its own way.
		"http://2130706433":            {fails: "neither a DNS name nor"},
		"https://0x7f000001":           {fails: "neither a DNS name nor"},
		"https://0x7f.1":               {fails: "neither a DNS name nor"},
		"https://127.1":                {fails: "neither a DNS name nor"},
		"https://127.0.0.1.":           {fails: "neither a DNS name nor"},
		"https://0177.0.0.1":           {fails: "neither a DNS name nor"},
		"https://127.0.0.01":           {fails: "neither a DNS name nor"},
		"https://elb.a b.de":           {fails: "invalid URL: it contains a space"},
		"https://١٢٧.1":                {fails: "neither a DNS name nor"},
		"https://elb_1.münchen.de":     {fails: "neither a DNS name nor"},
		"https://elb..example.com":     {fails: "neither a DNS name nor"},
		"https://elb.{region_name}.de": {fails: "invalid URL: it cannot be parsed"},

		// The parts of a URL that may be secret.
		"https://elb.example.com/?token=hunter2": {fails: "it must not have a query"},
		"https://elb.example.com/#hunter2":       {fails: "it must not have a fragment"},
		"https://elb.example.com/?":              {fails: "it must not have a query"},
		"https://elb.example.com/#":              {fails: "it must not have a fragment"},
		"ftp://elb.example.com/?token=hunter2":   {fails: "it must begin with https:// (or http://)"},
		"https:///?token=hunter2":                {fails: "has no host"},
		"https://elb example.com/?token=hunter2": {fails: "invalid URL: it contains a space"},
		"https://elb.example.com\n":              {fails: "a newline"}, // read from a file
		"https://iam.example.com/v3\r":           {fails: "a newline"}, // from an openrc file of Windows
		"https://iam.example.com/v3 ":            {fails: "it contains a space"},
		"https://elb.example.com/\u009b2J":       {fails: "another control character"},
		"https://127.1/?token=hunter2":           {fails: "it must not have a query"},
		"Hunter2hunter2":                         {fails: "[not shown"},
		"hunter2":                                {fails: "[not shown"},
		"Hunter2.hunter2.hunter2":                {fails: "[not shown"},
		"{\"token\":\"hunter2\"}":                {fails: "invalid URL: it cannot be parsed"},
		"elb.example.com:8443/hunter2":           {fails: `invalid URL "elb.example.com:8443"`},
		"localhost:8080/hunter2":                 {fails: `invalid URL "localhost:8080"`},
	} {
		base, err := auth.ParseBaseURL(text, false)
		switch {
		case want.fails == "" && (err != nil || base.String() != want.is):
			t.Errorf("%s: got %v, %v, want %s", text, base, err, want.is)
		case want.fails != "" && (err == nil || !strings.Contains(err.Error(), want.fails)):
			t.Errorf("%s: got %v, %v, want %q", text, base, err, want.fails)
		case err != nil && strings.Contains(strings.ToLower(err.Error()), "hunter2"):
			t.Errorf("%s: it quotes what may be a secret: %v", text, err)
		}
		if err != nil || base.Scheme != "http" {
			continue
		}
		if through, _ := proxy(base); through != nil {
			t.Errorf("%s: it needs no TLS, and goes through the proxy", text)
		}
	}
}
