package main

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/elbaas/terraform-provider-elbaas/internal/acctest"
	"github.com/elbaas/terraform-provider-elbaas/internal/provider"
)

// start runs the command until it is interrupted. next waits for a line that matches a pattern, and returns what its
// groups match.
func start(t *testing.T, arguments ...string) (next func(want string) []string, interrupt func(), ended chan error) {
	t.Helper()
	ctx, interrupt := context.WithCancel(t.Context())
	read, write := io.Pipe()
	ended = make(chan error, 1)
	go func() {
		ended <- run(ctx, append([]string{"-addr", "127.0.0.1:0"}, arguments...), write)
		_ = write.Close()
	}()
	lines := make(chan string, 100)
	go func() {
		for printed := bufio.NewScanner(read); printed.Scan(); {
			lines <- printed.Text()
		}
	}()
	next = func(want string) []string {
		t.Helper()
		for pattern := regexp.MustCompile(want); ; {
			select {
			case line := <-lines:
				if found := pattern.FindStringSubmatch(line); found != nil {
					return found
				}
			case <-time.After(10 * time.Second):
				t.Fatalf("it did not print %q", want)
			}
		}
	}
	return next, interrupt, ended
}

// TestPrintedBlocks has the provider use each block that is printed, and refuses it with other credentials.
func TestPrintedBlocks(t *testing.T) {
	t.Parallel()
	next, interrupt, _ := start(
		t, "-listeners", "1", "-access-key", "MYKEY", "-secret-key", `my"${secret}`, "-user-name", "me",
	)
	defer interrupt()
	for _, kind := range []struct {
		begins, credential string
		want               acctest.Values
	}{
		{"With a token:$", "token", acctest.Values{"token": "stub-token"}},
		{
			"^With an access key:$", "secret_key",
			acctest.Values{"access_key": "MYKEY", "secret_key": `my"${secret}`},
		},
		{
			"^With a password, for which the identity service at http://127.0.0.1:[0-9]+/elb/v3 issues tokens:$",
			"password",
			acctest.Values{"user_name": "me", "password": "stub-password", "domain_name": "stub"},
		},
	} {
		next(kind.begins)
		next(`^  provider "elbaas" \{$`)
		config := acctest.Values{}
		for {
			line := next("^    ([a-z_]+ += .+)|  }$")[1]
			if line == "" {
				break
			}
			name, value, _ := strings.Cut(line, "=")
			expression, diagnostics := hclsyntax.ParseExpression([]byte(value), "printed", hcl.InitialPos)
			if diagnostics.HasErrors() {
				t.Fatal(diagnostics)
			}
			parsed, diagnostics := expression.Value(nil)
			if diagnostics.HasErrors() {
				t.Fatal(diagnostics)
			}
			config[strings.TrimSpace(name)] = parsed.AsString()
		}
		for name, value := range kind.want {
			if config[name] != value {
				t.Errorf("%s is %q, want %q", name, config[name], value)
			}
		}
		server := acctest.NewServer(t, provider.New("test", nil)(), config)
		found, diagnostics := server.ReadDataSource("elbaas_certificates", acctest.Values{})
		if diagnostics.HasError() {
			t.Errorf("%s: %s: %s", kind.credential, diagnostics[0].Summary, diagnostics[0].Detail)
		} else if certificates := found["certificates"].([]acctest.Values); len(certificates) != 1 {
			t.Errorf("%s: %d certificates, want 1", kind.credential, len(certificates))
		}
		config[kind.credential] = "another"
		server = acctest.NewServer(t, provider.New("test", nil)(), config)
		if _, diagnostics := server.ReadDataSource("elbaas_certificates", acctest.Values{}); !diagnostics.HasError() {
			t.Errorf("another %s is accepted", kind.credential)
		}
	}
}

func TestRun(t *testing.T) {
	t.Parallel()
	next, interrupt, ended := start(t, "-token", "mine", "-base-path", "/there", "-listeners", "2")
	endpoint := next(`^    endpoint   = "(http://127\.0\.0\.1:\d+/there)"$`)[1]
	project := next(`^    project_id = "(\w+)"$`)[1]
	token := next(`^    token      = "(\w+)"$`)[1]
	about := next(`^Listeners of load balancer ([0-9a-f]{32}), which serve certificate ([0-9a-f]{32}):$`)
	first := next(`^  ([0-9a-f]{32})  https-1, HTTPS, port 443$`)[1]
	second := next(`^  ([0-9a-f]{32})  https-2, HTTPS, port 444$`)[1]
	next(`Stop it with Ctrl-C`)

	// What it prints works.
	get := func(path string) (body string) {
		t.Helper()
		url := endpoint + "/v1.0/" + project + "/elbaas/" + path
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("X-Auth-Token", token)
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = response.Body.Close() }()
		text, err := io.ReadAll(response.Body)
		if err != nil || response.StatusCode != http.StatusOK {
			t.Errorf("%s: status %d, error %v", path, response.StatusCode, err)
		}
		next(`^GET /there/v1\.0/\w+/elbaas/` + path + ` 200$`)
		return string(text)
	}
	if certificates := get("certificate"); !strings.Contains(certificates, about[2]) {
		t.Errorf("there is no certificate %s: %s", about[2], certificates)
	}
	for _, id := range []string{first, second} {
		shown := get("listeners/" + id)
		for _, want := range []string{
			`"id":"` + id,
			`"loadbalancer_id":"` + about[1],
			`"certificate_id":"` + about[2],
		} {
			if !strings.Contains(shown, want) {
				t.Errorf("listener %s has no %s: %s", id, want, shown)
			}
		}
	}

	interrupt()
	next(`^The stub cloud has stopped\.$`)
	select {
	case err := <-ended:
		if err != nil {
			t.Errorf("it ended with %v", err)
		}
	case <-time.After(10 * time.Second):
		t.Error("it did not stop")
	}
}

func TestRunRefuses(t *testing.T) {
	t.Parallel()
	for arguments, want := range map[string]string{
		"-addr 0.0.0.0:0":                 "not loopback",
		"-addr :0":                        "not loopback",
		"-addr [::]:0":                    "not loopback",
		"-addr 192.0.2.1:0":               "not loopback",
		"-addr example.com:0":             "not loopback",
		"-addr 127.0.0.1":                 "not host:port",
		"-base-path there":                "must begin with a slash",
		"-base-path //there":              "the base path",
		"-base-path /a/../b":              "the base path",
		"-base-path /{a}":                 "the base path",
		"-base-path /a?b":                 "the base path",
		"-access-key a/b":                 `the access key "a/b" is not valid`,
		"-access-key=":                    "must not be empty",
		"-access-key é":                   "printable ASCII characters",
		"-project-id=":                    `the project ID "" is not valid`,
		"-project-id a/b":                 `the project ID "a/b" is not valid`,
		"-token é":                        "-token and -secret-key must consist of printable ASCII characters",
		"-secret-key a\x07b":              "-token and -secret-key must consist of printable ASCII characters",
		"-user-name a\x1bb":               "must be UTF-8 without control characters",
		"-password \xff":                  "must be UTF-8 without control characters",
		"-secret-key=":                    "must not be empty",
		"-token=":                         "must not be empty",
		"-quota 0":                        "the quota must be at least 1, not 0",
		"-listeners -1":                   "the number of listeners must be from 0 to 1000, not -1",
		"-listeners 1001":                 "must be from 0 to 1000, not 1001",
		"-dialect 5":                      "the dialect must be from 0 to 4, not 5",
		"-dialect -1":                     "must be from 0 to 4, not -1",
		"-unknown":                        "not defined",
		"-addr 192.0.2.1:0 -allow-remote": "bind:", // so far it gets: the address is not ours
	} {
		err := run(t.Context(), strings.Fields(arguments), io.Discard)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q", arguments, err, want)
		}
	}
	for _, addr := range []string{"127.0.0.1:0", "localhost:0", "[::1]:0", "127.1.2.3:80"} {
		if err := checkAddress(addr, false); err != nil {
			t.Errorf("%s: %v", addr, err)
		}
	}
}
