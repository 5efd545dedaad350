package provider_test

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"net"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/elbaas/terraform-provider-elbaas/internal/acctest"
	"github.com/elbaas/terraform-provider-elbaas/internal/elbstub"
	"github.com/elbaas/terraform-provider-elbaas/internal/provider"
	"github.com/elbaas/terraform-provider-elbaas/internal/throwaway"
)

// A searchFixture is a cloud with several certificates to search for, one of them in another project.
type searchFixture struct {
	cloud  *Cloud
	server *acctest.Server
	chain  throwaway.Chain
	ids    map[string]string
}

// newSearchFixture returns a cloud whose certificates are named in the order in which they must be sorted: a, b (twice)
// and c, which expires in an hour.
func newSearchFixture(t *testing.T) searchFixture {
	t.Helper()
	cloud := NewCloud(t)
	p := searchFixture{
		cloud: cloud, server: cloud.Server(t, provider.New("test", nil)()), chain: throwaway.NewChain(),
		ids: map[string]string{},
	}
	soon := NewPairUntil(time.Now().Add(time.Hour))
	for _, cert := range []elbstub.Certificate{
		{Name: "c", Domain: "c.example.com", Certificate: soon.Certificate, PrivateKey: soon.PrivateKey},
		{Name: "b", Domain: "b.example.com"},
		{Name: "b", Domain: "b.example.com"},
		{Name: "a", Description: "the first"},
		{Name: "a", ProjectID: OtherProjectID},
	} {
		if cert.ProjectID == "" {
			cert.ProjectID = ProjectID
		}
		if cert.Certificate == "" {
			cert.Certificate, cert.PrivateKey = p.chain.PEM(), throwaway.KeyForms(p.chain.Key)["PKCS#8"]
		}
		p.ids[cert.Name+cert.ProjectID] = cloud.Add(cert)
	}
	return p
}

func (p searchFixture) id(name string) string { return p.ids[name+ProjectID] }

// TestCertificateDataSource finds a certificate by each attribute, and returns what the resource has, without the key.
func TestCertificateDataSource(t *testing.T) {
	t.Parallel()
	p := newSearchFixture(t)
	state, diagnostics := p.server.Import(p.id("c"))
	if diagnostics.HasError() {
		t.Fatal(diagnostics[0].Detail)
	}
	for _, attribute := range []string{"id", "name", "fingerprint_sha256", "domain"} {
		found, diagnostics := p.server.ReadDataSource("elbaas_certificate",
			acctest.Values{attribute: state.Values[attribute]})
		if diagnostics.HasError() {
			t.Errorf("%s: %s", attribute, diagnostics[0].Detail)
			continue
		}
		if !reflect.DeepEqual(found, state.Values) { // an import has no key either
			t.Errorf("by %s: %v, want %v", attribute, found, state.Values)
		}
	}
	if lists := len(p.cloud.Journal(elbstub.ListCertificates)); lists != 1 {
		t.Errorf("%d lists, want 1", lists)
	}

	key := throwaway.NewPair("www.example.com").PrivateKey
	for _, row := range []struct {
		config          acctest.Values
		attribute, want string
	}{
		{
			config:    acctest.Values{"name": "z"},
			attribute: "name",
			want:      `has no certificate with the name "z". It has:` + "\n  - \"a\" (ID " + p.id("a") + ", until ",
		},
		{
			config:    acctest.Values{"name": "z"},
			attribute: "name",
			want:      ", domain \"c.example.com\", until " + state.Values["not_after"].(string),
		},
		{acctest.Values{"id": p.ids["a"+OtherProjectID]}, "id", "has no certificate with the id"},
		{
			config:    acctest.Values{"name": "b"},
			attribute: "name",
			want: "has 2 certificates with the name \"b\". Set most_recent = true to choose the newest, or set " +
				"id to choose one of them. They are:\n  - \"b\" (ID ",
		},
		{acctest.Values{"domain": "b.example.com"}, "domain", "has 2 certificates with the domain"},
		{acctest.Values{"name": key}, "name", "has no certificate with the name [not shown"},
		{acctest.Values{"domain": key}, "domain", "has no certificate with the domain [not shown"},
		{
			config: acctest.Values{"fingerprint_sha256": state.Values["fingerprint_sha256"], "name": "c"},
			want:   "Exactly one of these attributes must be configured",
		},
		{acctest.Values{}, "", "Exactly one of these attributes must be configured"},
		{acctest.Values{"id": "www"}, "id", `"www" is not valid: it must be 32 hexadecimal characters`},
		{acctest.Values{"id": ""}, "id", "To omit it, use null instead of an empty string"},
		{acctest.Values{"fingerprint_sha256": ""}, "fingerprint_sha256", "To omit it, use null instead"},
		{acctest.Values{"fingerprint_sha256": "AB:CD"}, "fingerprint_sha256", "in lower case, without colons"},
		{acctest.Values{"name": "a", "project_id": ""}, "project_id", "is empty"},
	} {
		_, diagnostics := p.server.ReadDataSource("elbaas_certificate", row.config)
		wantError(t, diagnostics, row.attribute, row.want)
	}
}

// TestMostRecent chooses among certificates as they exist during a rotation.
func TestMostRecent(t *testing.T) {
	t.Parallel()
	now := time.Now().Truncate(time.Second)
	clock := now
	cloud := NewCloud(t, func(o *elbstub.Options) { o.Now = func() time.Time { return clock } })
	key := throwaway.NewECKey()
	add := func(name string, notBefore, created time.Time) string {
		template := &x509.Certificate{
			DNSNames: []string{name + ".example.com"}, NotBefore: notBefore,
			NotAfter: now.AddDate(1, 0, 0),
		}
		text := throwaway.Issue(template, key, nil, nil)
		clock = created
		return cloud.Add(elbstub.Certificate{
			ProjectID: ProjectID, Name: name, Domain: name +
				".example.com", Certificate: text, PrivateKey: "unused",
		})
	}
	// The renewed certificate was uploaded first, so the creation time alone would choose the wrong one.
	renewed := add("www", now.AddDate(0, 0, -1), now.Add(-2*time.Hour))
	old := add("www", now.AddDate(0, 0, -90), now.Add(-time.Hour))
	// Both have the same not_before: the later upload is the newer one, although its ID sorts first.
	before := now.AddDate(0, 0, -1)
	shop := []string{add("shop", before, now.Add(-2*time.Hour)), add("shop", before, now.Add(-2*time.Hour))}
	slices.Sort(shop)
	cloud.Change(shop[0], func(cert *elbstub.Certificate) { cert.CreateTime = now.Add(-time.Hour) })
	// These differ only in their IDs.
	same := max(add("same", before, now), add("same", before, now))
	hidden := cloud.Add(elbstub.Certificate{
		ProjectID:   ProjectID,
		Name:        "www",
		Certificate: "not shown",
		PrivateKey:  "unused",
	})
	clock = now

	server := cloud.Server(t, provider.New("test", nil)())
	for _, row := range []struct {
		config acctest.Values
		want   string
	}{
		{acctest.Values{"name": "www", "most_recent": true}, renewed},
		{acctest.Values{"domain": "www.example.com", "most_recent": true}, renewed},
		{acctest.Values{"covers": "www.example.com", "most_recent": true}, renewed},
		{acctest.Values{"name": "shop", "most_recent": true}, shop[0]},
		{acctest.Values{"name": "same", "most_recent": true}, same},
		{acctest.Values{"id": old, "most_recent": false}, old},
	} {
		found, diagnostics := server.ReadDataSource("elbaas_certificate", row.config)
		if diagnostics.HasError() {
			t.Errorf("%v: %s", row.config, diagnostics[0].Detail)
			continue
		}
		if found["id"] != row.want {
			t.Errorf("%v: %v, want %s (renewed %s, old %s, hidden %s)", row.config, found["id"], row.want, renewed,
				old, hidden)
		}
		for argument, value := range row.config {
			if argument != "id" && found[argument] != value {
				t.Errorf("%v: the state has %s %v", row.config, argument, found[argument])
			}
		}
	}
	for _, row := range []struct {
		config          acctest.Values
		attribute, want string
	}{
		{
			config:    acctest.Values{"name": "www"},
			attribute: "name",
			want:      "has 3 certificates with the name \"www\". Set most_recent = true to choose the newest",
		},
		{acctest.Values{"name": "www", "most_recent": false}, "name", "has 3 certificates with the name"},
		{acctest.Values{"covers": "www.example.com"}, "covers", `has 2 certificates valid for "www.example.com"`},
		{acctest.Values{"name": "z", "most_recent": true}, "name", `has no certificate with the name "z"`},
		{acctest.Values{"name": "WWW", "most_recent": true}, "name", `has no certificate with the name "WWW"`},
		{
			config:    acctest.Values{"id": old, "most_recent": true},
			attribute: "most_recent",
			want:      "id names exactly one. Remove most_recent, or search by name",
		},
	} {
		_, diagnostics := server.ReadDataSource("elbaas_certificate", row.config)
		wantError(t, diagnostics, row.attribute, row.want)
	}
}

// TestLookupOfLooseText finds a certificate whose name and domain could not be set today (assumed: an older version of
// the API, or the console, accepted them).
func TestLookupOfLooseText(t *testing.T) {
	t.Parallel()
	cloud := NewCloud(t)
	pair := NewPair()
	id := cloud.Add(elbstub.Certificate{
		ProjectID: ProjectID, Name: "www.example.com (old)", Domain: "www_example",
		Certificate: pair.Certificate, PrivateKey: pair.PrivateKey,
	})

	server := cloud.Server(t, provider.New("test", nil)())
	for attribute, value := range map[string]string{"name": "www.example.com (old)", "domain": "www_example"} {
		found, diagnostics := server.ReadDataSource("elbaas_certificate", acctest.Values{attribute: value})
		if len(diagnostics) > 0 {
			t.Errorf("%s: %s", attribute, diagnostics[0].Detail)
		} else if found["id"] != id {
			t.Errorf("%s: found %v, want %s", attribute, found["id"], id)
		}
	}
	found, diagnostics := server.ReadDataSource("elbaas_certificates", acctest.Values{"domain": "www_example"})
	if len(diagnostics) > 0 || len(found["certificates"].([]acctest.Values)) != 1 {
		t.Errorf("found %v, %v", found["certificates"], diagnostics)
	}
}

// TestCoversArgument finds a certificate by the names that it is valid for.
func TestCoversArgument(t *testing.T) {
	t.Parallel()
	cloud := NewCloud(t)
	key := throwaway.NewECKey()
	ids := map[string]string{}
	for name, template := range map[string]*x509.Certificate{
		"wildcard": {
			Subject:  pkix.Name{CommonName: "common.example.org"},
			DNSNames: []string{"*.example.com"},
		},
		"common name":            {Subject: pkix.Name{CommonName: "old.example.net"}},
		"address":                {IPAddresses: []net.IP{net.ParseIP("192.0.2.1"), net.ParseIP("2001:db8::1")}},
		"address as common name": {Subject: pkix.Name{CommonName: "192.0.2.2"}},
	} {
		ids[name] = cloud.Add(elbstub.Certificate{
			ProjectID: ProjectID, PrivateKey: "unused",
			Certificate: throwaway.Issue(template, key, nil, nil),
		})
	}
	cloud.Add(elbstub.Certificate{ProjectID: ProjectID, Certificate: "not shown", PrivateKey: "unused"})

	server := cloud.Server(t, provider.New("test", nil)())
	for host, want := range map[string]string{
		"www.example.com":           "wildcard",
		"WWW.Example.COM":           "wildcard",
		"xn--bcher-kva.example.com": "wildcard",
		"my_app.example.com":        "wildcard",
		"old.example.net":           "common name",
		"192.0.2.1":                 "address",
		"2001:DB8::1":               "address",
	} {
		found, diagnostics := server.ReadDataSource("elbaas_certificate", acctest.Values{"covers": host})
		if diagnostics.HasError() {
			t.Errorf("%s: %s", host, diagnostics[0].Detail)
		} else if found["id"] != ids[want] {
			t.Errorf("%s: found %v, want %s (%s)", host, found["id"], ids[want], want)
		}
	}
	for host, want := range map[string]string{
		// A wildcard stands for one label.
		"example.com":        `has no certificate valid for "example.com". It has:`,
		"a.www.example.com":  "has no certificate valid for",
		"common.example.org": "has no certificate valid for", // the certificate has alternative names
		"192.0.2.2":          "has no certificate valid for", // an address is not looked for in the common name
		"":                   `"" is not valid: it must be a DNS name such as`,
		"*.example.com":      `"*.example.com" is not valid: it must be a DNS name such as`,
		"*":                  "without wildcard",
		"bücher.example.com": `Write an internationalized name in its ASCII form, ` +
			`which begins with "xn--"`,
		"https://example.com": `"https://example.com" is not valid: it must be a DNS name such as "www.example.com" ` +
			`or an IP address`,
		"www.example.com:443":                    "without wildcard, scheme, port, path or trailing dot",
		"www.example.com.":                       "is not valid",
		"www..example.com":                       "is not valid",
		"-www.example.com":                       "is not valid",
		"a b":                                    "is not valid",
		"[2001:db8::1]":                          "is not valid",
		"192.0.2.0/24":                           "is not valid",
		strings.Repeat("a", 64) + ".example.com": "is not valid",
		strings.Repeat("a.", 126) + "aa":         "is not valid",
	} {
		_, diagnostics := server.ReadDataSource("elbaas_certificate", acctest.Values{"covers": host})
		wantError(t, diagnostics, "covers", want)
	}
	_, diagnostics := server.ReadDataSource("elbaas_certificate",
		acctest.Values{"covers": "www.example.com", "name": "a"})
	wantError(t, diagnostics, "", "Exactly one of these attributes must be configured")
}

// TestManyCandidates: an error does not list hundreds of certificates.
func TestManyCandidates(t *testing.T) {
	t.Parallel()
	cloud, chain := NewCloud(t), throwaway.NewChain()
	server := cloud.Server(t, provider.New("test", nil)())
	_, diagnostics := server.ReadDataSource("elbaas_certificate", acctest.Values{"name": "z"})
	wantError(t, diagnostics, "name", "The project has no certificates at all: check project_id.")
	for i := range 25 {
		cloud.Add(elbstub.Certificate{
			ProjectID:   ProjectID,
			Name:        fmt.Sprintf("n%02d", i),
			Certificate: chain.PEM(),
			PrivateKey:  "unused",
		})
	}
	server = cloud.Server(t, provider.New("test", nil)()) // without the cached list
	_, diagnostics = server.ReadDataSource("elbaas_certificate", acctest.Values{"name": "z"})
	wantError(t, diagnostics, "name", "\"n19\"")
	wantError(t, diagnostics, "name", "\n  - and 5 more")
}

// TestSearchesThatAreNotReady: if something that every call needs is missing, each search says so once, and calls
// nothing.
func TestSearchesThatAreNotReady(t *testing.T) {
	t.Parallel()
	for missing, want := range map[string]string{
		"project_id": "No project is set here", "token": "The provider argument token depends on a value",
	} {
		cloud := NewCloud(t)
		config := cloud.Configuration()
		config[missing] = nil
		if missing == "token" {
			config[missing] = acctest.Unknown
		}
		server := acctest.NewServer(t, provider.New("test", nil)(), config)
		_, one := server.ReadDataSource("elbaas_certificate", acctest.Values{"name": "a"})
		_, several := server.ReadDataSource("elbaas_certificates", acctest.Values{})
		_, listeners := server.ReadDataSource("elbaas_listeners", acctest.Values{})
		_, opened := server.Open(acctest.Values{"id": strings.Repeat("0", 32)})
		_, listed := server.List(acctest.Values{}, 0, false)
		for i, diagnostics := range []acctest.Diagnostics{one, several, listeners, opened, listed} {
			if said := textOf(diagnostics); len(diagnostics) != 1 || !strings.Contains(said, want) {
				t.Errorf("search %d without %s: it says %q, want only %q", i, missing, said, want)
			}
		}
		if calls := cloud.Journal(); len(calls) != 0 {
			t.Errorf("without %s, %d calls were made", missing, len(calls))
		}
	}
}

// TestUnreadableCertificatesAreOmitted: a search by what the provider reads from a certificate omits one that it cannot
// read.
func TestUnreadableCertificatesAreOmitted(t *testing.T) {
	t.Parallel()
	cloud := NewCloud(t)
	cloud.Add(elbstub.Certificate{ProjectID: ProjectID, Name: "a", Certificate: "******", PrivateKey: "unused"})
	server := cloud.Server(t, provider.New("test", nil)())
	for want, configs := range [][]acctest.Values{
		0: {{"expires_before": "2200-01-01T00:00:00Z"}, {"covers": "www.example.com"}},
		1: {{}},
	} {
		for _, config := range configs {
			found, diagnostics := server.ReadDataSource("elbaas_certificates", config)
			if got := found["certificates"].([]acctest.Values); len(got) != want || len(diagnostics) > 0 {
				t.Errorf("%v: %d certificates, %s, want %d", config, len(got), textOf(diagnostics), want)
			}
		}
	}
}

// TestCertificatesDataSource filters by each argument, and sorts the result as documented.
func TestCertificatesDataSource(t *testing.T) {
	t.Parallel()
	p := newSearchFixture(t)
	tomorrow := time.Now().Add(24 * time.Hour).Format(time.RFC3339)
	for _, row := range []struct {
		config acctest.Values
		want   string
	}{
		{acctest.Values{}, "a b b c"},
		{acctest.Values{"name_regex": "^(a|c)$"}, "a c"},
		{acctest.Values{"name_regex": ""}, "a b b c"},
		{acctest.Values{"name_regex": "z"}, ""},
		{acctest.Values{"domain": "b.example.com"}, "b b"},
		{acctest.Values{"domain": ""}, "a"},
		{acctest.Values{"expires_before": tomorrow}, "c"},
		{acctest.Values{"expires_before": tomorrow, "name_regex": "a|b"}, ""},
		{acctest.Values{"expires_before": "2200-01-01T01:00:00+01:00"}, "a b b c"},
		{acctest.Values{"covers": "www.example.com"}, "a b b c"}, // c has a common name only
		{acctest.Values{"covers": "one.shop.example.com"}, "a b b"},
		{acctest.Values{"covers": "www.example.com", "name_regex": "b"}, "b b"},
		{acctest.Values{"covers": "example.com"}, ""},
	} {
		found, diagnostics := p.server.ReadDataSource("elbaas_certificates", row.config)
		if diagnostics.HasError() {
			t.Errorf("%v: %s", row.config, diagnostics[0].Detail)
			continue
		}
		var names []string
		certificates := found["certificates"].([]acctest.Values)
		for i, certificate := range certificates {
			names = append(names, certificate["name"].(string))
			if i > 0 && certificates[i-1]["name"] == certificate["name"] &&
				certificates[i-1]["id"].(string) > certificate["id"].(string) {
				t.Errorf("%v: certificates of one name are not sorted by id", row.config)
			}
		}
		if got := strings.Join(names, " "); got != row.want {
			t.Errorf("%v: %q, want %q", row.config, got, row.want)
		}
		if found["project_id"] != ProjectID {
			t.Errorf("project_id is %v", found["project_id"])
		}
	}
	state, _ := p.server.Import(p.id("a"))
	found, _ := p.server.ReadDataSource("elbaas_certificates", acctest.Values{"name_regex": "a"})
	if got := found["certificates"].([]acctest.Values)[0]; !reflect.DeepEqual(got, state.Values) {
		t.Errorf("%v, want %v", got, state.Values)
	}
	for _, row := range []struct {
		config          acctest.Values
		attribute, want string
	}{
		{acctest.Values{"name_regex": "("}, "name_regex", `"(" does not compile: missing closing ). Use`},
		{acctest.Values{"expires_before": "tomorrow"}, "expires_before", `"tomorrow" is not an RFC 3339 time`},
		{acctest.Values{"expires_before": "2027-01-31"}, "expires_before", "write it like"},
		{acctest.Values{"expires_before": ""}, "expires_before", "To omit it, use null instead"},
		{acctest.Values{"covers": ""}, "covers", "To omit it, use null instead"},
		{
			config:    acctest.Values{"covers": "*.example.com"},
			attribute: "covers",
			want:      `The host name "*.example.com" is not valid: it must be a DNS name`,
		},
	} {
		_, diagnostics := p.server.ReadDataSource("elbaas_certificates", row.config)
		wantError(t, diagnostics, row.attribute, row.want)
		if row.attribute != "domain" {
			_, diagnostics = p.server.List(row.config, 0, false)
			wantError(t, diagnostics, row.attribute, row.want)
		}
	}
}

// TestAccDataSourceExamples applies the examples of the data sources.
func TestAccDataSourceExamples(t *testing.T) {
	t.Parallel()
	cloud, cli := NewCloud(t), acctest.NewCLI(t)
	pair, expiring := NewPair(), NewPairUntil(time.Now().AddDate(0, 0, 10))
	id := add(cloud, "www-example-com", pair)
	expiringID := add(cloud, "shop", expiring)
	cli.WriteFile("www.example.com.crt", pair.Certificate)
	cli.WriteFile("one.tf", example(t, "data-sources/elbaas_certificate/data-source.tf"))
	cli.WriteFile("many.tf", example(t, "data-sources/elbaas_certificates/data-source.tf"))
	cli.Configure(cloud.Provider())
	cli.Run("apply", "-auto-approve")
	said := cli.Run("output", "-json")
	for _, want := range []string{
		`"certificate_id": { "sensitive": false, "type": "string", "value": "` + id + `"`,
		`"newest_id": { "sensitive": false, "type": "string", "value": "` + id + `"`,
		`"value": [ "shop", "www-example-com" ]`,
		`"` + id + `": [ "www.example.com" ]`, `"expiring": { "sensitive": false, "type": [ "object", { "` + expiringID,
	} {
		if !strings.Contains(said, want) {
			t.Errorf("the outputs have no %s: %s", want, said)
		}
	}
	if lists := len(cloud.Journal(elbstub.ListCertificates)); lists != 1 {
		t.Errorf("%d lists, want 1", lists)
	}
}

// TestAccExpiryExample: the pipeline of the example succeeds until a certificate is about to expire, and then names
// that certificate.
func TestAccExpiryExample(t *testing.T) {
	t.Parallel()
	cloud, cli := NewCloud(t), acctest.NewCLI(t)
	pipeline := example(t, "expiry/pipeline.sh")
	cli.WriteFile("expiry.tf", example(t, "expiry/main.tf"))
	cli.Configure(cloud.Provider())
	pair, expiring := NewPair(), NewPairUntil(time.Now().AddDate(0, 0, 29))
	add(cloud, "good", pair)
	if said, err := cli.TryScript(pipeline); err != nil || strings.Contains(said, "Warning") {
		t.Errorf("with good certificates: %v: %s", err, said)
	}
	id := add(cloud, "bad", expiring)
	said, err := cli.TryScript(pipeline)
	if err == nil || !strings.Contains(said, "Certificate "+id+" (bad) expires on 20") ||
		strings.Contains(said, "will be read during apply") || strings.Contains(said, "(good)") ||
		!strings.Contains(said, "A check did not pass") {
		t.Errorf("with one that ends: %v: %s", err, said)
	}
	cloud.Script(elbstub.ListCertificates, 1, elbstub.Reply(403, `{"error":{"code":"ELB.9802","message":"no"}}`))
	if said, err := cli.TryScript(pipeline); err == nil || !strings.Contains(said, "ELB.9802") {
		t.Errorf("without a list: %v: %s", err, said)
	}
}

// TestAccUpperCaseIDs: a data source finds a certificate by its ID in upper case, and returns the ID as the API writes
// it.
func TestAccUpperCaseIDs(t *testing.T) {
	t.Parallel()
	cloud, cli := NewCloud(t), acctest.NewCLI(t)
	id := add(cloud, "www", NewPair())
	cli.Configure(cloud.Provider() + fmt.Sprintf("data \"elbaas_certificate\" \"test\" {\n  id = %q\n}\n\n"+
		"output \"id\" {\n  value = data.elbaas_certificate.test.id\n}\n", strings.ToUpper(id)))
	said, err := cli.Try("apply", "-auto-approve")
	if err != nil || !strings.Contains(said, fmt.Sprintf("id = %q", id)) {
		t.Errorf("%v: %s", err, said)
	}
	if !slices.ContainsFunc([]rune(id), func(r rune) bool { return r >= 'a' }) {
		t.Errorf("%s has no letters to be capitals", id)
	}
}
