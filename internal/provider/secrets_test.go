package provider_test

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/elbaas/terraform-provider-elbaas/internal/acctest"
	"github.com/elbaas/terraform-provider-elbaas/internal/elbstub"
	"github.com/elbaas/terraform-provider-elbaas/internal/throwaway"
)

// A hunt runs Terraform with all logs, and searches everything that it writes for secrets.
type hunt struct {
	t       *testing.T
	cli     *acctest.CLI
	secrets []string
}

func newHunt(t *testing.T, cli *acctest.CLI) *hunt {
	t.Helper()
	cli.Setenv("TF_LOG", "TRACE")
	return &hunt{
		t: t, cli: cli,
		secrets: []string{Password, SecretKey, Token, "issued-", "Signature="},
	}
}

// add adds the lines of a private key to the secrets.
func (h *hunt) add(pair throwaway.Pair) {
	for _, line := range strings.Split(pair.PrivateKey, "\n") {
		if line != "" && !strings.HasPrefix(line, "-----") {
			h.secrets = append(h.secrets, line)
		}
	}
}

// run runs a command, and returns its output, including the logs. want says whether it must
// succeed.
func (h *hunt) run(want bool, arguments ...string) string {
	h.t.Helper()
	said, err := h.cli.Try(arguments...)
	if (err == nil) != want {
		h.t.Errorf("%q: %v", arguments, err)
	}
	if !strings.Contains(said, "[TRACE]") {
		h.t.Errorf("%q: there is no log", arguments)
	}
	h.search(strings.Join(arguments, " "), said)
	return said
}

func (h *hunt) search(where, text string) {
	h.t.Helper()
	for _, secret := range h.secrets {
		if at := strings.Index(text, secret); at >= 0 {
			h.t.Errorf("%s: it shows %q: …%s…", where, secret, text[max(0, at-200):at])
		}
	}
}

// TestAccTraceShowsNoSecret runs every operation, with errors that quote what was sent, with each
// kind of credentials. The state has the key that it documents, and no key of another certificate.
func TestAccTraceShowsNoSecret(t *testing.T) {
	t.Parallel()
	OnceForAllDialects(t)
	for name, lines := range map[string][]string{
		"token": nil,
		"access key": {"token = null", "access_key = " + Quote(AccessKey), "secret_key = " +
			Quote(SecretKey)},
		"password": {
			"token = null", "auth_url = AUTH", "user_name = " + Quote(UserName),
			"password = " + Quote(Password), "domain_name = " + Quote(Domain),
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cloud, cli := NewCloud(t), acctest.NewInstalledCLI(t, "")
			for i := range lines {
				lines[i] = strings.ReplaceAll(lines[i], "AUTH", Quote(cloud.AuthURL))
			}
			block := cloud.Provider(append(lines, "max_retries = 0")...)
			old, pair, others := NewPair(), NewPair(), NewPair()
			cloud.Add(elbstub.Certificate{
				ProjectID:   ProjectID,
				Certificate: others.Certificate,
				PrivateKey:  others.PrivateKey,
			})
			for file, text := range map[string]string{
				"old.crt": old.Certificate, "old.key": old.PrivateKey,
				"new.crt": pair.Certificate, "new.key": pair.PrivateKey,
			} {
				cli.WriteFile(file, text)
			}
			configure := func(certificate, key, name string) {
				// If a key is in the configuration, Terraform itself quotes it.
				cli.Configure(block + fmt.Sprintf("resource \"elbaas_certificate\" \"test\" {\n  name = %q\n  "+
					"certificate = file(%q)\n  private_key = file(%q)\n}\n", name, certificate, key))
			}
			configure("old.crt", "old.key", "old")
			h := newHunt(t, cli)
			h.add(old)
			h.add(pair)
			h.add(others)

			quote := func(elbstub.Next) elbstub.Response {
				text := strings.ReplaceAll(old.PrivateKey+pair.PrivateKey, "\n", `\n`)
				return elbstub.Reply(400, `{"error":{"message":"not good: `+text+`","code":"ELB.1001"}}`)(nil)
			}
			cloud.Script(elbstub.CreateCertificate, 1, quote)
			h.run(false, "apply", "-auto-approve")
			h.run(true, "apply", "-auto-approve")
			configure("old.crt", "old.key", "new")
			cloud.Script(elbstub.ModifyCertificate, 1, quote)
			h.run(false, "apply", "-auto-approve")
			h.run(true, "apply", "-auto-approve")
			cloud.Script(elbstub.ListCertificates, 1,
				elbstub.Reply(200, `{"certificates":[{"private_key":"`+strings.ReplaceAll(others.PrivateKey, "\n",
					`\n`)))
			h.run(false, "plan")
			h.run(false, "import", "elbaas_certificate.test", "nothing")
			configure("new.crt", "new.key", "new")
			h.run(true, "plan", "-out=plan")
			h.run(true, "apply", "-auto-approve")
			h.search("state", strings.NewReplacer(keyLines(old, pair)...).Replace(cli.Run("state", "pull")))
			configure("new.crt", "old.key", "new")
			if said := h.run(false, "plan"); !strings.Contains(said, "does not belong to") {
				t.Errorf("it does not say that the key is another's: %s", said[max(0, len(said)-500):])
			}
			configure("new.crt", "new.key", "new")
			h.run(true, "destroy", "-auto-approve")
		})
	}
}

// keyLines returns the lines of keys as pairs for a strings.Replacer that removes them.
func keyLines(pairs ...throwaway.Pair) []string {
	var lines []string
	for _, pair := range pairs {
		for _, line := range strings.Split(pair.PrivateKey, "\n") {
			if line != "" && !strings.HasPrefix(line, "-----") {
				lines = append(lines, line, "")
			}
		}
	}
	return lines
}

// TestAccPanicShowsNoSecret: a crash prints addresses, but no texts.
func TestAccPanicShowsNoSecret(t *testing.T) {
	t.Parallel()
	OnceForAllDialects(t)
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cloud, cli := NewCloud(t), acctest.NewInstalledCLI(t, program)
	cli.Setenv("ELBAAS_TEST_SERVE", "panic")
	pair := NewPair()
	cli.Configure(cloud.Provider() + Certificate(pair))
	h := newHunt(t, cli)
	h.add(pair)
	if said := h.run(false, "plan"); !strings.Contains(said, "panic: the plan is broken") {
		t.Errorf("there was no panic: %s", said[max(0, len(said)-1000):])
	}
}

// searchPlan searches all files in the archive of the saved plan.
func (h *hunt) searchPlan() {
	h.t.Helper()
	content := h.cli.ReadFile("plan")
	archive, err := zip.NewReader(bytes.NewReader([]byte(content)), int64(len(content)))
	if err != nil {
		h.t.Fatal(err)
	}
	for _, file := range archive.File {
		reader, err := file.Open()
		if err != nil {
			h.t.Fatal(err)
		}
		text, err := io.ReadAll(reader)
		if err != nil {
			h.t.Fatal(err)
		}
		h.search("plan: "+file.Name, string(text))
	}
}
