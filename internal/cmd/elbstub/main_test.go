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
		ended <- run(ctx, []string{"-addr", "127.0.0.1:0", "-token", "mine", "-base-path", "/there"}, write)
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
	next(`Stop it with Ctrl-C`)

	// What it prints works.
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, endpoint+"/v1.0/"+project+"/elbaas/certificate", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("X-Auth-Token", token)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	next(`^GET /there/v1\.0/\w+/elbaas/certificate 200$`)
	if response.StatusCode != http.StatusOK {
		t.Errorf("status %d", response.StatusCode)
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
