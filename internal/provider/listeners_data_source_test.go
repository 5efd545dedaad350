package provider_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/elbaas/terraform-provider-elbaas/internal/acctest"
	"github.com/elbaas/terraform-provider-elbaas/internal/elbstub"
)

// TestListenersDataSource selects the listeners of a project by each argument.
func TestListenersDataSource(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud, network := NewCloudInMemory(t)
		one, two := strings.Repeat("1", 32), strings.Repeat("2", 32)
		balancer := strings.Repeat("a", 32)
		ids := map[string]string{}
		for _, l := range []elbstub.Listener{
			{Name: "b", CertificateID: one, Port: 8443, LoadBalancerID: balancer, SNI: []string{two}},
			{Name: "c", Protocol: "SSL", CertificateID: two},
			{Name: "a", Protocol: "TCP", Port: 80, LoadBalancerID: balancer, Status: "ERROR"},
			{Name: "c2", CertificateID: one},
		} {
			l.ProjectID = ProjectID
			ids[l.Name] = cloud.AddListener(l)
		}
		cloud.AddListener(elbstub.Listener{ProjectID: OtherProjectID, Name: "theirs"})
		server := inMemory(t, cloud, network, nil)
		for _, row := range []struct {
			config acctest.Values
			want   []string
		}{
			{acctest.Values{}, []string{"a", "b", "c", "c2"}},
			{acctest.Values{"certificate_id": two}, []string{"b", "c"}},
			{acctest.Values{"certificate_id": one}, []string{"b", "c2"}},
			{acctest.Values{"loadbalancer_id": strings.ToUpper(balancer)}, []string{"a", "b"}},
			{acctest.Values{"protocol": "https"}, []string{"b", "c2"}},
			{acctest.Values{"name_regex": "^c"}, []string{"c", "c2"}},
			{acctest.Values{"name_regex": "^c", "certificate_id": one}, []string{"c2"}},
			{acctest.Values{"certificate_id": strings.Repeat("3", 32)}, nil},
		} {
			found, diagnostics := server.ReadDataSource("elbaas_listeners", row.config)
			if diagnostics.HasError() {
				t.Fatal(diagnostics[0].Detail)
			}
			var names []string
			for _, l := range found["listeners"].([]acctest.Values) {
				names = append(names, l["name"].(string))
			}
			if !slices.Equal(names, row.want) || found["project_id"] != ProjectID {
				t.Errorf("%v: found %v in %v, want %v", row.config, names, found["project_id"], row.want)
			}
		}
		found, _ := server.ReadDataSource("elbaas_listeners", acctest.Values{"name_regex": "^[ab]$"})
		want := []acctest.Values{
			{
				"id":                  ids["a"],
				"name":                "a",
				"protocol":            "TCP",
				"port":                int64(80),
				"loadbalancer_id":     balancer,
				"sni_certificate_ids": []string{},
				"status":              "ERROR",
			},
			{
				"id":                  ids["b"],
				"name":                "b",
				"protocol":            "HTTPS",
				"port":                int64(8443),
				"loadbalancer_id":     balancer,
				"certificate_id":      one,
				"sni_certificate_ids": []string{two},
				"status":              "ACTIVE",
			},
		}
		if !reflect.DeepEqual(found["listeners"], want) {
			t.Errorf("found %v, want %v", found["listeners"], want)
		}
		if lists := len(cloud.Journal(elbstub.ListListeners)); lists != 1 {
			t.Errorf("%d lists, want one", lists)
		}

		for attribute, value := range map[string]string{
			"certificate_id": "www", "loadbalancer_id": "", "protocol": "https2", "name_regex": "(", "project_id": "",
		} {
			_, diagnostics := server.ReadDataSource("elbaas_listeners", acctest.Values{attribute: value})
			if !diagnostics.HasError() || !strings.Contains(diagnostics[0].Attribute.String(), attribute) {
				t.Errorf("%s = %q says %v", attribute, value, diagnostics)
			}
		}
		_, diagnostics := server.ReadDataSource("elbaas_listeners", acctest.Values{"protocol": ""})
		wantError(t, diagnostics, "protocol", "To omit it, use null")
		cloud.Script(elbstub.ListListeners, 1, elbstub.Reply(403, ""))
		server = inMemory(t, cloud, network, nil) // without the cached list
		_, diagnostics = server.ReadDataSource("elbaas_listeners", acctest.Values{})
		wantError(t, diagnostics, "", "HTTP 403")
	})
}

// TestAccListenersExample applies the example of the data source.
func TestAccListenersExample(t *testing.T) {
	t.Parallel()
	OnceForAllDialects(t)
	cloud, cli := NewCloud(t), acctest.NewCLI(t)
	id := add(cloud, "www-example-com", NewPair())
	listener := cloud.AddListener(elbstub.Listener{ProjectID: ProjectID, Name: "www-443", CertificateID: id})
	cloud.AddListener(elbstub.Listener{ProjectID: ProjectID, Name: "shop-443", SNI: []string{id}})
	cli.Configure(cloud.Provider() + example(t, "data-sources/elbaas_listeners/data-source.tf"))
	cli.Run("apply", "-auto-approve")
	said := cli.Run("output", "-json")
	for _, want := range []string{
		`"value": { "www-443": "` + listener + `" }`,
		`"value": [ "shop-443:443 of load balancer `, `"www-443:443 of load balancer `,
	} {
		if !strings.Contains(said, want) {
			t.Errorf("the outputs have no %s: %s", want, said)
		}
	}
	if lists := len(cloud.Journal(elbstub.ListListeners)); lists != 1 {
		t.Errorf("%d lists, want 1", lists)
	}
}
