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
)

func TestRun(t *testing.T) {
	t.Parallel()
	ctx, interrupt := context.WithCancel(t.Context())
	read, write := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		ended <- run(ctx, []string{"-addr", "127.0.0.1:0", "-token", "mine", "-base-path", "/there", "-listeners", "2"}, write)
		_ = write.Close()
	}()
	lines := make(chan string, 100)
	go func() {
		for printed := bufio.NewScanner(read); printed.Scan(); {
			lines <- printed.Text()
		}
	}()
	next := func(want string) []string {
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
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, endpoint+"/v1.0/"+project+"/elbaas/"+path, nil)
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
		for _, want := range []string{`"id":"` + id, `"loadbalancer_id":"` + about[1], `"certificate_id":"` + about[2]} {
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
		"-base-path there":                "does not begin with a slash",
		"-base-path //there":              "the base path",
		"-base-path /a/../b":              "the base path",
		"-base-path /{a}":                 "the base path",
		"-base-path /a?b":                 "the base path",
		"-quota 0":                        "the quota 0 is less than 1",
		"-listeners -1":                   "the number of listeners -1 is not one of 0 to 1000",
		"-listeners 1001":                 "not one of 0 to 1000",
		"-dialect 5":                      "the dialect 5 is not one of 0 to 4",
		"-dialect -1":                     "not one of 0 to 4",
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
