package provider

import (
	"context"
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/elbaas/terraform-provider-elbaas/internal/auth"
	"github.com/elbaas/terraform-provider-elbaas/internal/elb"
	"github.com/elbaas/terraform-provider-elbaas/internal/httpapi"
)

// TestRemedies has every error code and status of the API, and the remedy for it.
func TestRemedies(t *testing.T) {
	t.Parallel()
	const (
		renew    = "Get a new token for this project"
		endpoint = "Check the endpoint"
		forbid   = "Check project_id"
		waiting  = "Try again in a few minutes"
		report   = "please report it with the code"
	)
	for _, row := range []struct {
		code   string
		status int
		want   string
	}{
		{"ELB.0002", 400, report},
		{"ELB.1001", 400, "does not accept the value of an argument"},
		{"ELB.1011", 400, "the key is not encrypted"},
		{"ELB.5013", 400, "the key is not encrypted"},
		{"ELB.5004", 400, report},
		{"ELB.5010", 400, report},
		{"ELB.5030", 400, report},
		{"ELB.5020", 400, report},
		{"ELB.5033", 400, "did not change the name"},
		{"ELB.5131", 400, waiting},
		{"ELB.5141", 400, waiting},
		{"ELB.5151", 400, "room for all certificates that an apply replaces"},
		{"ELB.6000", 400, "Check listener_id"},
		{"ELB.6002", 503, waiting},
		{"ELB.6003", 400, report},
		{"ELB.6010", 400, "The ID of the listener is not valid. Check listener_id"},
		{"ELB.6015", 400, "Check that its protocol is HTTPS or SSL"},
		{"ELB.6020", 400, "Check listener_id"},
		{"ELB.6030", 400, waiting},
		{"ELB.6040", 404, "The load balancer of the listener does not exist. Check listener_id"},
		{"ELB.1102", 401, renew},
		{"ELB.1103", 400, renew},
		{"ELB.1104", 401, renew},
		{"ELB.1105", 400, renew},
		{"ELB.1201", 401, renew},
		{"ELB.0004", 400, report},
		{"ELB.0230", 400, report},
		{"ELB.1000", 400, report},
		{"ELB.1109", 403, "Verify the account"},
		{"ELB.1110", 404, endpoint},
		{"ELB.1202", 400, "A token of an enterprise project"},
		{"ELB.8905", 409, "room for all certificates that an apply replaces"},
		{"ELB.9801", 403, forbid},
		{"ELB.9805", 403, forbid},
		{"ELB.9806", 403, forbid},
		{"ELB.9807", 400, forbid},
		{"ELB.9808", 400, "for a project other than project_id. Set project_id to the project of the token"},
		{"ELB.9899", 403, forbid},
		{"ELB.9802", 403, forbid},
		{"ELB.9803", 403, forbid},
		{"ELB.9804", 403, forbid},
		{"APIGW.0101", 404, endpoint},
		{"APIGW.0201", 413, ""},
		{"APIGW.0201", 500, waiting},
		{"APIGW.0201", 504, waiting},
		{"APIGW.0301", 401, renew},
		{"APIGW.0307", 401, "or belongs to another project or region"},
		{"APIGW.0308", 429, "-parallelism"},
		{"badRequest", 400, ""},
		{"unauthorized", 401, renew},
		{"userDisabled", 403, forbid},
		{"Not Found", 404, endpoint},
		{"authFault", 500, waiting},
		{"serviceUnavailable", 503, waiting},
		{"", 200, endpoint}, // a response that is not JSON
		{"ELB.9999", 200, ""},
		{"", 302, endpoint},
		{"", 404, endpoint},
		{"", 405, endpoint},
		{"", 429, "-parallelism"},
		{"", 502, waiting},
		{"", 400, ""},
	} {
		err := fmt.Errorf("create certificate: %w",
			&httpapi.Error{Status: row.status, Code: row.code, Message: "the message", RequestID: "the-id"})
		remedy := remedyFor(err, auth.KindToken)
		if row.want == "" && remedy != "" || !strings.Contains(remedy, row.want) {
			t.Errorf("%s, %d: got %q, want %q", row.code, row.status, remedy, row.want)
		}
		if namesApply(remedy) {
			t.Errorf("%s, %d: after a destroy, this is wrong: %q", row.code, row.status, remedy)
		}
		detail := describeWith(err, remedy)
		for _, part := range []string{"Create certificate: the message (HTTP ", row.code, "request ID the-id", remedy} {
			if !strings.Contains(detail, part) {
				t.Errorf("%s, %d: the detail %q does not contain %q", row.code, row.status, detail, part)
			}
		}
	}
}

// namesApply reports whether a remedy tells the user to apply again. A plan and a destroy fail with the same errors,
// but an apply after a destroy would create again what was destroyed.
func namesApply(remedy string) bool { return strings.Contains(strings.ToLower(remedy), "apply again") }

func TestRemediesOfOtherErrors(t *testing.T) {
	t.Parallel()
	refusal := &httpapi.Error{Status: 400, Code: "ELB.5002", Message: "m"}
	for want, err := range map[string]error{
		"Plan again in a few minutes": fmt.Errorf("%w: %w", elb.ErrNotShown,
			context.DeadlineExceeded),
		"again, without -refresh=false":                    fmt.Errorf("x: %w", elb.ErrCertificateNotFound),
		"The operation was interrupted.":                   fmt.Errorf("x: %w", context.Canceled),
		"The operation timed out":                          fmt.Errorf("x: %w", context.DeadlineExceeded),
		"set cacert_file (OS_CACERT)":                      fmt.Errorf("x: %w", httpapi.ErrUntrusted),
		"Check endpoint, region and cloud of the provider": fmt.Errorf("x: %w", &httpapi.TransportError{}),
		`- listener "https" (ID 1) of load balancer "2"`: &elb.InUseError{
			Err:       refusal,
			Listeners: []elb.Listener{{ID: "1", Name: "https", LoadBalancerID: "2"}},
		},
		"No listener of the project uses the certificate": &elb.InUseError{Err: refusal},
		"run the same command again": &elb.InUseError{
			Err:       refusal,
			Listeners: make([]elb.Listener, 1),
			Kept:      true,
		},
		"It is not known which listener uses the certificate: oops": &elb.InUseError{
			Err:          refusal,
			ListenersErr: errors.New("oops"),
		},
	} {
		if remedy := remedyFor(err, auth.KindToken); !strings.Contains(remedy, want) || namesApply(remedy) {
			t.Errorf("%v: got %q, want %q", err, remedy, want)
		}
	}
	if remedy := remedyFor(errors.New("anything"), auth.KindToken); remedy != "" {
		t.Errorf("an unknown error has the remedy %q", remedy)
	}
}

// TestRemedyOfTheCause: if an error has several causes, the remedy is for the one that the user can do something about.
func TestRemedyOfTheCause(t *testing.T) {
	t.Parallel()
	refused := func(status int) error { return &httpapi.Error{Status: status, Message: "m"} }
	skewed := func(status int, skew time.Duration) error { return &httpapi.Error{Status: status, Skew: skew} }
	identity := func(err error) error { return &auth.Error{Doing: "ask the identity service", Err: err} }
	const (
		key, token, agency = auth.KindAccessKey, auth.KindToken, auth.KindAgency

		credentials = "Check the credentials (user, password and domain, or access key, secret key and security token)"
		behind      = "is 16m0s behind that of the API"
		ahead       = "is 16m0s ahead of that of the API"
		later       = "Try again in a few minutes"
	)
	for name, row := range map[string]struct {
		err  error
		kind auth.Kind
		want string // "" means no remedy
	}{
		"listener is gone":              {elb.ErrListenerNotFound, token, "Check listener_id, and project_id"},
		"listener is faulty":            {elb.ErrListenerFaulty, token, "Repair the listener"},
		"throttled until the end":       {errors.Join(context.DeadlineExceeded, refused(429)), token, "-parallelism"},
		"refused until the end":         {errors.Join(context.DeadlineExceeded, refused(503)), token, "timed out"},
		"clock that is behind":          {skewed(401, 16*time.Minute), key, behind},
		"clock that is ahead":           {skewed(401, -16*time.Minute), agency, ahead},
		"clock that is right enough":    {skewed(401, 5*time.Minute), key, "The access key was rejected"},
		"clock with a token":            {skewed(401, 16*time.Minute), token, "The token has expired"},
		"clock, but another error":      {skewed(403, 16*time.Minute), key, "Check project_id"},
		"list that is incomplete":       {&elb.IncompleteListError{}, token, later},
		"list that is too large":        {httpapi.ErrTooLarge, token, "distribute them over several projects"},
		"list that is cut off":          {httpapi.ErrCutOff, token, "250 KiB: delete certificates and listeners"},
		"404 of what is listed":         {errors.Join(&elb.ListedError{}, refused(404)), token, "endpoint is correct"},
		"500 of what is listed":         {errors.Join(&elb.ListedError{}, refused(500)), token, "unavailable"},
		"no auth_url":                   {identity(auth.ErrNoAuthURL), key, "On a public cloud, region is enough."},
		"identity service says 400":     {identity(refused(400)), key, credentials},
		"identity service says 401":     {identity(refused(401)), key, credentials},
		"identity service says 403":     {identity(refused(403)), key, credentials},
		"identity service says 404":     {identity(refused(404)), key, "Check auth_url: it must be the base URL"},
		"identity service says 500":     {identity(refused(500)), key, "The identity service is currently unavailable"},
		"identity service sends a page": {identity(refused(200)), key, "Check auth_url: it must be the base URL"},
		"identity service redirects":    {identity(refused(302)), key, "Check auth_url: it must be the base URL"},
		"identity service out of reach": {identity(&httpapi.TransportError{}), key, "Check auth_url, region and cloud"},
	} {
		remedy := remedyFor(row.err, row.kind)
		if row.want == "" && remedy != "" || !strings.Contains(remedy, row.want) || namesApply(remedy) {
			t.Errorf("%s: got %q, want %q", name, remedy, row.want)
		}
	}
	got := describeWith(fmt.Errorf("list certificates: %w", identity(refused(401))), "")
	if want := "Ask the identity service: m (HTTP 401)."; got != want { // not the request that needs credentials
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestTroubleshooting: the guide has each error code of the API, with the words of the provider's error.
func TestTroubleshooting(t *testing.T) {
	t.Parallel()
	guide, err := os.ReadFile("../../templates/guides/troubleshooting.md.tmpl")
	if err != nil {
		t.Fatal(err)
	}
	source, err := os.ReadFile("diagnostics.go")
	if err != nil {
		t.Fatal(err)
	}
	code := regexp.MustCompile(`(?:ELB|APIGW)\.\d{4}`)
	said := map[string]string{} // by code, by status, by kind of credentials
	for line := range strings.Lines(string(guide)) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), " | ")
		if !strings.HasPrefix(line, "| ") || len(cells) < 2 {
			continue
		}
		remedy := strings.TrimSpace(cells[len(cells)-1])
		said[strings.TrimSpace(cells[0])] = remedy
		for _, found := range code.FindAllString(cells[0], -1) {
			said[found] = remedy
		}
	}
	const renew = "See [rejected credentials](#rejected-credentials)."
	for _, known := range code.FindAllString(string(source), -1) {
		want := refusalRemedy(&httpapi.Error{Status: 400, Code: known}, auth.KindToken)
		if want == credentialsRemedy(auth.KindToken) {
			want = renew
		}
		if said[known] != want {
			t.Errorf("%s: the guide says %q, the provider %q", known, said[known], want)
		}
	}
	for name, status := range map[string]int{
		"403": 403, "404": 404, "405": 405, "429": 429, "500 and above": 502,
		"200, or any other that is not an error": 200,
	} {
		if want := refusalRemedy(&httpapi.Error{Status: status}, ""); said[name] != want {
			t.Errorf("%s: the guide says %q, the provider %q", name, said[name], want)
		}
	}
	for _, kind := range []auth.Kind{auth.KindToken, auth.KindAgency, auth.KindPassword, auth.KindAccessKey} {
		if want := credentialsRemedy(kind); said[string(kind)] != want {
			t.Errorf("%s: the guide says %q, the provider %q", kind, said[string(kind)], want)
		}
	}
	for name, err := range map[string]error{
		"ELB.5040": elb.ErrCertificateNotFound,
		"ELB.5002": &elb.InUseError{Err: &httpapi.Error{}},
	} {
		if want := remedyFor(err, auth.KindToken); said[name] == "" || !strings.Contains(want, said[name]) {
			t.Errorf("%s: the guide says %q, the provider %q", name, said[name], want)
		}
	}
}

// TestQuotedMessages: the provider has each message that the troubleshooting guide quotes.
func TestQuotedMessages(t *testing.T) {
	t.Parallel()
	source := ""
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		name := entry.Name()
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			continue
		}
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		source += string(text)
	}

	guide, err := os.ReadFile("../../templates/guides/troubleshooting.md.tmpl")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(guide), "## Other messages")
	quoted := regexp.MustCompile("`([A-Z][^`]+)`")
	found := 0
	for line := range strings.Lines(table) {
		cells := strings.Split(line, " | ")
		for _, match := range quoted.FindAllStringSubmatch(cells[0], -1) {
			found++
			if !strings.Contains(source, `"`+match[1]) {
				t.Errorf("no error or warning begins with %q", match[1])
			}
		}
	}
	if found < 5 {
		t.Errorf("the guide quotes %d messages: are they found?", found)
	}
}
