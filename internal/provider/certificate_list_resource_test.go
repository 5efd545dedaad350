package provider_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/elbaas/terraform-provider-elbaas/internal/acctest"
	"github.com/elbaas/terraform-provider-elbaas/internal/elbstub"
	"github.com/elbaas/terraform-provider-elbaas/internal/provider"
)

// TestListResource lists certificates in the way of terraform query.
func TestListResource(t *testing.T) {
	t.Parallel()
	p := newSearchFixture(t)
	for _, row := range []struct {
		config acctest.Values
		limit  int64
		want   string
	}{
		{acctest.Values{}, 0, "a b b c"},
		{acctest.Values{}, 100, "a b b c"},
		{acctest.Values{}, 3, "a b b"},
		{acctest.Values{"name_regex": "b|c"}, 1, "b"},
		{acctest.Values{"covers": "one.shop.example.com"}, 0, "a b b"},
		{acctest.Values{"expires_before": time.Now().Add(24 * time.Hour).Format(time.RFC3339)}, 0, "c"},
		{acctest.Values{"name_regex": "z"}, 0, ""},
	} {
		listed, diagnostics := p.server.List(row.config, row.limit, true)
		if diagnostics.HasError() {
			t.Errorf("%v: %s", row.config, diagnostics[0].Detail)
			continue
		}
		var names []string
		for _, found := range listed {
			id := found.Identity["id"].(string)
			names = append(names, found.Values["name"].(string))
			if found.Values["id"] != id || found.Identity["project_id"] != ProjectID ||
				found.Values["private_key"] != nil {
				t.Errorf("%v: found %v", row.config, found)
			}
			if !strings.HasPrefix(found.DisplayName, fmt.Sprintf("%q (ID %s", found.Values["name"], id)) {
				t.Errorf("its display name is %q", found.DisplayName)
			}
		}
		if got := strings.Join(names, " "); got != row.want {
			t.Errorf("%v: %q, want %q", row.config, got, row.want)
		}
	}
	state, _ := p.server.Import(p.id("c"))
	listed, _ := p.server.List(acctest.Values{"name_regex": "c"}, 0, true)
	if !reflect.DeepEqual(listed[0].Values, state.Values) {
		t.Errorf("listed %v, want %v", listed[0].Values, state.Values)
	}
	if listed, _ = p.server.List(acctest.Values{}, 0, false); listed[0].Values != nil {
		t.Errorf("nobody asked for %v", listed[0].Values)
	}
	p.cloud.Script(elbstub.ListCertificates, 1, elbstub.Reply(403, `{"error":{"code":"ELB.9802","message":"no"}}`))
	_, diagnostics := p.cloud.Server(t, provider.New("test", nil)()).List(acctest.Values{}, 0, false)
	wantError(t, diagnostics, "", "ELB.9802")
}

// TestAccListExample runs terraform query with the example, and applies the configuration that it
// generates.
func TestAccListExample(t *testing.T) {
	t.Parallel()
	cloud, cli := NewCloud(t), acctest.NewCLI(t)
	cli.Needs("1.14.0", "")
	pair, expiring := NewPair(), NewPairUntil(time.Now().AddDate(0, 0, 10))
	id := add(cloud, "www-good", pair)
	expiringID := add(cloud, "www-bad", expiring)
	other := cloud.Add(elbstub.Certificate{
		ProjectID:   OtherProjectID,
		Name:        "www-other",
		Certificate: pair.Certificate,
		PrivateKey:  pair.PrivateKey,
	})
	query := example(t, "list-resources/elbaas_certificate/list-resource.tfquery.hcl")
	cli.WriteFile("www.example.com.key", expiring.PrivateKey)
	cli.WriteFile("certificates.tfquery.hcl", query)
	cli.Configure(cloud.Provider())
	until := "-var=until=" + time.Now().AddDate(0, 0, 30).Format(time.RFC3339)
	said := cli.Run("query", until)
	if !strings.Contains(said, id) || strings.Count(said, expiringID) < 2 || strings.Contains(said, other) ||
		!strings.Contains(said, `"www-bad" (ID `+expiringID) {
		t.Errorf("it found %s", said)
	}
	for _, line := range keyLines(pair, expiring) {
		if line != "" && strings.Contains(said, line) {
			t.Errorf("it shows a key: %s", said)
		}
	}
	for _, config := range []string{"name_regex = \"(\"", "expires_before = \"tomorrow\"", "project_id = \"\""} {
		cli.WriteFile("certificates.tfquery.hcl", "list \"elbaas_certificate\" \"all\" {\n  provider = elbaas\n"+
			"  config {\n    "+config+"\n  }\n}\n")
		if said, err := cli.Try("query"); err == nil {
			t.Errorf("%s: it says %s", config, said)
		}
	}

	cli.WriteFile("certificates.tfquery.hcl", strings.Replace(query, "list \"elbaas_certificate\" \"all\" {\n"+
		"  provider = elbaas\n  config {}\n}\n", "", 1))
	cli.Run("query", until, "-generate-config-out=generated.tf")
	generated := cli.ReadFile("generated.tf")
	if said, err := cli.Try("plan"); err == nil || strings.Count(said, "Error:") != 1 ||
		!strings.Contains(said, "Error: Missing private key") {
		t.Errorf("want an error about the key alone: %v: %s", err, said)
	}
	cli.WriteFile("generated.tf", withKey(t, generated))
	if said := cli.Run("apply", "-auto-approve"); !strings.Contains(said,
		"1 imported, 0 added, 0 changed, 0 destroyed") {
		t.Errorf("it says %s", said)
	}
}
