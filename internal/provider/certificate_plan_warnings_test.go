package provider_test

import (
	"crypto/x509"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/elbaas/terraform-provider-elbaas/internal/acctest"
	"github.com/elbaas/terraform-provider-elbaas/internal/elbstub"
	"github.com/elbaas/terraform-provider-elbaas/internal/provider"
	"github.com/elbaas/terraform-provider-elbaas/internal/throwaway"
)

// TestAccWarningsOfReplacement: a replacement is planned twice, but warns once.
func TestAccWarningsOfReplacement(t *testing.T) {
	t.Parallel()
	OnceForAllDialects(t)
	pair, expired := NewPair(), NewPairUntil(time.Now().AddDate(0, 0, -3))
	for way, row := range replacements {
		t.Run(way, func(t *testing.T) {
			t.Parallel()
			cloud, cli := NewCloud(t), acctest.NewCLI(t)
			first := expired
			if way == "changed certificate" {
				first = pair
			}
			cli.Configure(cloud.Provider() + Certificate(first))
			cli.Run("apply", "-auto-approve")
			cli.Configure(cloud.Provider() + Certificate(expired, row.line))
			arguments := slices.DeleteFunc([]string{"plan", row.argument}, func(a string) bool { return a == "" })
			said := cli.Run(arguments...)
			if !strings.Contains(said, "1 to add, 0 to change, 1 to destroy") {
				t.Errorf("the plan is not a replacement: %s", said)
			}
			if n := strings.Count(said, "Warning: Certificate has expired"); n != 1 ||
				strings.Contains(said, "similar warning") {
				t.Errorf("it warns %d times: %s", n, said)
			}
		})
	}
}

// TestAccIdenticalReplacement: if a certificate replaces an identical one, the warning begins with what to do, which is
// nothing.
func TestAccIdenticalReplacement(t *testing.T) {
	t.Parallel()
	cloud, cli := NewCloud(t), acctest.NewCLI(t)
	pair := NewPair()
	cli.Configure(cloud.Provider() + Certificate(pair, "lifecycle {\n    create_before_destroy = true\n  }"))
	cli.Run("apply", "-auto-approve")
	first := cloud.Only(t).ID
	said := cli.Run("apply", "-auto-approve", "-replace=elbaas_certificate.test")
	_, warning, warns := strings.Cut(said, "An identical certificate already exists: "+first)
	if !warns {
		t.Fatalf("there is no warning of %s: %s", first, said)
	}
	nothing, command := strings.Index(warning, "there is nothing to do"), strings.Index(warning, "terraform import")
	if had := strings.Index(warning, "already had the following"); nothing < 0 || nothing > had || nothing > command {
		t.Errorf("it does not begin with what to do: %s", warning)
	}
	if cloud.Only(t).ID == first {
		t.Error("it was not replaced")
	}
}

// TestReplacementWithoutNameOrDomain: a replacement is created without what the configuration omits, so the plan warns
// of what is lost.
func TestReplacementWithoutNameOrDomain(t *testing.T) {
	t.Parallel()
	old, renewed := NewPair(), NewPair()
	for name, row := range map[string]struct {
		name, domain string // of the existing certificate
		config       acctest.Values
		want         []string // the attributes of the warnings
	}{
		"both omitted":   {"shop", "www.example.com", acctest.Values{}, []string{"name", "domain"}},
		"name omitted":   {"shop", "www.example.com", acctest.Values{"domain": "www.example.com"}, []string{"name"}},
		"domain omitted": {"shop", "www.example.com", acctest.Values{"name": "shop"}, []string{"domain"}},
		"both set":       {"shop", "www.example.com", acctest.Values{"name": "new", "domain": ""}, nil},
		"not covered":    {"", "old.example.com", acctest.Values{}, []string{"domain"}},
		"kept, not covered": {
			"", "old.example.com", acctest.Values{"certificate": old.Certificate}, []string{"domain"},
		},
		"renamed, not covered": {
			"", "old.example.com", acctest.Values{"certificate": old.Certificate, "name": "new"}, []string{"domain"},
		},
		"nothing to lose": {"", "", acctest.Values{}, nil},
		"not a new key":   {"shop", "www.example.com", acctest.Values{"certificate": old.Certificate}, nil},
		"another project": {
			"shop", "",
			acctest.Values{"certificate": old.Certificate, "project_id": OtherProjectID},
			[]string{"name"},
		},
		"unknown name":     {"shop", "", acctest.Values{"name": acctest.Unknown}, nil},
		"unknown contents": {"shop", "", acctest.Values{"certificate": acctest.Unknown}, []string{"name"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cloud := NewCloud(t)
			id := cloud.Add(elbstub.Certificate{
				ProjectID: ProjectID, Name: row.name, Domain: row.domain,
				Certificate: old.Certificate, PrivateKey: old.PrivateKey,
			})
			server := cloud.Server(t, provider.New("test", nil)())
			state, _ := server.Import(id)
			state, diagnostics := server.Read(state)
			if len(diagnostics) > 0 {
				t.Fatal(diagnostics[0].Detail)
			}
			config := acctest.Values{"certificate": renewed.Certificate, "private_key_wo": renewed.PrivateKey}
			maps.Copy(config, row.config)
			if config["certificate"] == old.Certificate {
				config["private_key_wo"] = old.PrivateKey
			}

			_, diagnostics = server.Plan(state, config)
			var got []string
			for _, d := range diagnostics {
				if d.Severity != tfprotov6.DiagnosticSeverityWarning {
					t.Fatalf("%s: %s", d.Summary, d.Detail)
				}
				attribute := strings.TrimSuffix(strings.TrimPrefix(d.Attribute.String(), `AttributeName("`), `")`)
				got = append(got, attribute)
				lost := map[string]string{"name": row.name, "domain": row.domain}[attribute]
				if !strings.Contains(d.Detail, strconv.Quote(lost)) {
					t.Errorf("it says %q, and not that %q is lost", d.Detail, lost)
				}
			}
			if !slices.Equal(got, row.want) {
				t.Errorf("it warns of %q, want %q", got, row.want)
			}
		})
	}
}

// TestAccLossWithoutWarning: Terraform does not tell the provider that -replace replaces a certificate, nor that
// ignore_changes has put a value into its configuration. The plan shows nevertheless what is lost.
func TestAccLossWithoutWarning(t *testing.T) {
	t.Parallel()
	OnceForAllDialects(t)
	pair, renewed := NewPair(), NewPair()
	for way, row := range map[string]struct{ config, argument string }{
		"-replace": {Certificate(pair), "-replace=elbaas_certificate.test"},
		"ignore_changes": {
			Certificate(renewed, "lifecycle {\n    ignore_changes = [name, domain]\n  }"), "-input=false",
		},
	} {
		t.Run(way, func(t *testing.T) {
			t.Parallel()
			cloud, cli := NewCloud(t), acctest.NewCLI(t)
			id := cloud.Add(elbstub.Certificate{
				ProjectID: ProjectID, Name: "shop", Domain: "www.example.com",
				Certificate: pair.Certificate, PrivateKey: pair.PrivateKey,
			})
			cli.Configure(cloud.Provider() + row.config)
			cli.Run("import", "elbaas_certificate.test", id)
			said := cli.Run("apply", "-auto-approve", row.argument)
			words := strings.Join(strings.Fields(said), " ")
			for attribute, value := range map[string]string{"name": "shop", "domain": "www.example.com"} {
				want := fmt.Sprintf("~ %s = %q -> (known after apply)", attribute, value)
				if !strings.Contains(words, want) {
					t.Errorf("the plan does not say %q: %s", want, said)
				}
			}
			if strings.Contains(words, "Replacement does not keep") {
				t.Errorf("there is a warning now, so the documentation is wrong: %s", said)
			}
			if c := cloud.Only(t); c.Name != "" || c.Domain != "" {
				t.Errorf("the new certificate has the name %q and the domain %q", c.Name, c.Domain)
			}
		})
	}
}

// TestAccExpiryWarning counts the warnings of a plan about a certificate that expires soon.
func TestAccExpiryWarning(t *testing.T) {
	t.Parallel()
	OnceForAllDialects(t)
	cloud := NewCloud(t)
	cli := acctest.NewCLI(t)
	pair := func(days int) throwaway.Pair { return NewPairUntil(time.Now().AddDate(0, 0, days)) }
	healthy, expiring, next := pair(31), pair(10), pair(11)
	first := "lifecycle {\n    create_before_destroy = true\n  }"
	for _, step := range []struct {
		config   string
		planned  string
		warnings int
	}{
		{Certificate(healthy), "1 to add", 0},
		{Certificate(healthy), "No changes", 0},
		{Certificate(expiring), "1 to add, 0 to change, 1 to destroy", 1},
		{Certificate(expiring), "No changes", 1},
		{Certificate(expiring, `name = "new"`), "1 to change", 1},
		{Certificate(next, `name = "new"`, first), "1 to add, 0 to change, 1 to destroy", 1},
		{Certificate(healthy, `name = "new"`, first), "1 to add, 0 to change, 1 to destroy", 0},
	} {
		cli.Configure(cloud.Provider() + step.config)
		said := cli.Run("plan", "-out=plan")
		if got := strings.Count(said, "Warning:"); got != step.warnings ||
			strings.Count(said, "Warning: Certificate expires soon") != got || !strings.Contains(said, step.planned) {
			t.Errorf("%d warnings, want %d of %q:\n%s", got, step.warnings, step.planned, said)
		}
		cli.Run("apply", "plan")
	}
	cli.Run("destroy", "-auto-approve")
}

// TestWildcardDomain: the API decides whether it accepts a wildcard in a domain. If it does, there is no warning about
// a wildcard that the certificate covers. If not, the error says which argument to change.
func TestWildcardDomain(t *testing.T) {
	t.Parallel()
	key := throwaway.NewECKey()
	template := x509.Certificate{
		DNSNames:  []string{"*.example.com"},
		NotBefore: time.Now().Add(-time.Hour),
		NotAfter:  time.Now().AddDate(1, 0, 0),
	}
	config := acctest.Values{
		"certificate": throwaway.Issue(&template, key, nil, nil),
		"private_key": throwaway.KeyForms(key)["PKCS#8"],
		"domain":      "*.example.com",
	}

	for name, accepts := range map[string]bool{"accepted": true, "refused": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cloud := NewCloud(t, func(o *elbstub.Options) { o.Dialect.Wildcards = accepts })
			server := cloud.Server(t, provider.New("test", nil)())
			if diagnostics := server.Validate(config); len(diagnostics) > 0 {
				t.Fatalf("validate: %s", diagnostics[0].Detail)
			}
			plan, diagnostics := server.Plan(nil, config)
			if len(diagnostics) > 0 {
				t.Fatalf("plan: %s", diagnostics[0].Detail)
			}

			state, diagnostics := server.Apply(plan)
			if !accepts {
				wantError(t, diagnostics, "", "no wildcard in domain")
				if left := cloud.Certificates(ProjectID); len(left) > 0 {
					t.Errorf("the refused certificate exists: %v", left)
				}
				return
			}
			if len(diagnostics) > 0 {
				t.Fatalf("apply: %s", diagnostics[0].Detail)
			}
			if next, _ := server.Plan(state, config); next.Values["domain"] != "*.example.com" ||
				len(next.Replace) > 0 {
				t.Errorf("the next plan has the domain %v and replaces because of %v", next.Values["domain"],
					next.Replace)
			}
		})
	}
}
