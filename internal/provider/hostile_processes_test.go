package provider_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/elbaas/terraform-provider-elbaas/internal/acctest"
	"github.com/elbaas/terraform-provider-elbaas/internal/elbstub"
)

// TestTimeoutOfAServerThatResponds: the remedy for a timeout does not send the user to an endpoint that has responded,
// nor to the timeout of another operation.
func TestTimeoutOfAServerThatResponds(t *testing.T) {
	t.Parallel()
	busy := elbstub.Reply(409, `{"error":{"message":"busy","code":"ELB.9999"}}`)
	always := func(fault elbstub.Fault) func(*listenerRuns) {
		return func(l *listenerRuns) {
			l.cloud.ScriptEach(elbstub.ModifyListener, func(int) elbstub.Fault { return fault })
		}
	}
	pending := func(l *listenerRuns) {
		l.cloud.ChangeListener(l.listener, func(l *elbstub.Listener) { l.Status = "PENDING_UPDATE" })
	}
	for name, row := range map[string]struct {
		happens func(*listenerRuns)
		why     string
	}{
		"409":       {always(busy), "busy"},
		"pending":   {pending, "PENDING_UPDATE"},
		"not shown": {always(elbstub.Accept(time.Hour)), "does not show it yet"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				l := newListenerRuns(t)
				row.happens(l)
				_, diagnostics := l.create(l.process())
				wantError(t, diagnostics, "", row.why)
				for _, wrong := range []string{"timed out. Check that the endpoint", "update timeout"} {
					if text := textOf(diagnostics); strings.Contains(text, wrong) {
						t.Errorf("it says %q: %s", wrong, text)
					}
				}
			})
		})
	}
}

// TestCertificateOfAnAlias: another process creates a certificate after this one has listed the project, and the
// listener cannot be switched to it for another reason. The error does not claim that the certificate does not exist.
func TestCertificateOfAnAlias(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newListenerRuns(t)
		server := inMemory(t, l.cloud, l.network, nil)
		_, diagnostics := server.ReadDataSource("elbaas_certificates", acctest.Values{})
		l.noDiagnostics("read", diagnostics)
		l.config["certificate_id"] = add(l.cloud, "of the alias", NewPair())
		l.cloud.Script(elbstub.ModifyListener, 1, elbstub.Reply(400, `{"error":{"message":"no","code":"ELB.9999"}}`))
		_, diagnostics = l.create(server.Listeners())
		wantError(t, diagnostics, "certificate_id",
			"according to what this run has read and written. If something else has")
	})
}

// TestCertificateOfAnotherPipeline: another process creates a certificate with the same leaf while the response to a
// creation is lost. The warning says to delete it only if nothing else manages it.
func TestCertificateOfAnotherPipeline(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud, network := NewCloudInMemory(t)
		pair := NewPair()
		cloud.Script(elbstub.CreateCertificate, 1, func(next elbstub.Next) elbstub.Response {
			add(cloud, "theirs", pair)
			return elbstub.Drop()(next)
		})
		state, diagnostics := create(t, inMemory(t, cloud, network, nil), configOf(pair, "ours"))
		text := textOf(diagnostics)
		if state == nil || !strings.Contains(text, "may have created another one") ||
			!strings.Contains(text, "Check whether something else manages or uses it, and delete it if not.") {
			t.Errorf("it says %s", text)
		}
	})
}
