package provider_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"strconv"
	"strings"
	"testing"

	"github.com/elbaas/terraform-provider-elbaas/internal/acctest"
	"github.com/elbaas/terraform-provider-elbaas/internal/elbstub"
	"github.com/elbaas/terraform-provider-elbaas/internal/provider"
	"github.com/elbaas/terraform-provider-elbaas/internal/throwaway"
)

// restAddress is the address of the generic REST provider.
const restAddress = "registry.terraform.io/mastercard/restapi"

// restObject returns a state as the generic REST provider writes it: with the key that was sent,
// and with a whole list of the project, which it has read.
func restObject(t *testing.T, cloud *Cloud, id, path string, pair throwaway.Pair) acctest.Values {
	t.Helper()
	asJSON := func(value any) string {
		text, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	list := asJSON(map[string]any{"certificates": cloud.Certificates(ProjectID)})
	return acctest.Values{
		"id": id, "path": path, "object_id": nil, "read_path": nil, "debug": false,
		"data": asJSON(map[string]any{
			"name": "www-example-com", "certificate": pair.Certificate, "private_key": pair.PrivateKey,
		}),
		"api_data":        map[string]any{"id": id, "private_key": pair.PrivateKey},
		"api_response":    list,
		"create_response": list,
	}
}

// certificatePath is the path of the certificates of the tests' project.
const certificatePath = "/v1.0/" + ProjectID + "/elbaas/certificate"

// TestMove moves certificates from the generic REST provider, and reads and plans them.
func TestMove(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(acctest.Values){
		"as it writes it":             func(acctest.Values) {},
		"the project in its base URL": func(o acctest.Values) { o["path"] = "/certificate" },
		"the version in its base URL": func(o acctest.Values) {
			o["path"] = "/" + ProjectID + "/elbaas/certificate"
		},
		"a part of the path":               func(o acctest.Values) { o["path"] = "/elbaas/certificate" },
		"an absolute path":                 func(o acctest.Values) { o["path"] = "/elb" + certificatePath + "/" },
		"object_id alone":                  func(o acctest.Values) { o["object_id"], o["id"] = o["id"], "" },
		"object_id beside a name":          func(o acctest.Values) { o["object_id"], o["id"] = o["id"], "www" },
		"another object_id":                func(o acctest.Values) { o["object_id"] = strings.Repeat("0", 32) },
		"an ID in capitals":                func(o acctest.Values) { o["id"] = strings.ToUpper(o["id"].(string)) },
		"data that is not JSON":            func(o acctest.Values) { o["data"] = "name: www" },
		"data with a key only":             func(o acctest.Values) { o["data"] = `{"private_key": "a secret"}` },
		"no data":                          func(o acctest.Values) { delete(o, "data") },
		"another certificate in the data":  func(o acctest.Values) { o["data"] = `{"certificate": "garbage"}` },
		"a key beside the certificate":     combineData,
		"a certificate that is not a text": func(o acctest.Values) { o["data"] = `{"certificate": 1}` },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cloud, pair := NewCloud(t), NewPair()
			id := add(cloud, "www-example-com", pair)
			source := restObject(t, cloud, id, certificatePath, pair)
			change(source)
			server := cloud.Server(t, provider.New("test", nil)())

			moved, diagnostics := server.Move(restAddress, "restapi_object", source)
			if len(diagnostics) > 0 {
				t.Fatalf("it says %q", diagnosticTexts(diagnostics))
			}
			text := fmt.Sprint(moved.Values)
			for _, line := range append(keyLines(pair), "a secret") {
				if line != "" && strings.Contains(text, line) {
					t.Fatalf("the state has a line of the key: %s", text)
				}
			}

			read, diagnostics := server.Read(moved)
			if len(diagnostics) > 0 || read == nil {
				t.Fatalf("it is read as %v: %q", read, diagnosticTexts(diagnostics))
			}
			if read.Values["id"] != id || read.Values["project_id"] != ProjectID {
				t.Errorf("it is certificate %v of project %v", read.Values["id"], read.Values["project_id"])
			}
			if read.Identity["id"] != id || read.Identity["project_id"] != ProjectID {
				t.Errorf("its identity is %v", read.Identity)
			}

			config := acctest.Values{
				"name":           "www-example-com",
				"certificate":    pair.Certificate,
				"private_key_wo": pair.PrivateKey,
			}
			plan, diagnostics := server.Plan(read, config)
			if len(diagnostics) > 0 || len(plan.Replace) > 0 ||
				!maps.Equal(comparable(plan.Values), comparable(read.Values)) {
				t.Errorf("it plans %v, replaces %v, of %v: %q", plan.Values, plan.Replace, read.Values,
					diagnosticTexts(diagnostics))
			}
			if lists := len(cloud.Journal(elbstub.ListCertificates)); lists != 1 {
				t.Errorf("%d lists, want one", lists)
			}
		})
	}
}

// TestMoveWithoutRefresh: a certificate that was moved, but not read since, is neither changed nor
// deleted. Its state lacks the name, so an update of the description would clear it.
func TestMoveWithoutRefresh(t *testing.T) {
	t.Parallel()
	cloud, pair := NewCloud(t), NewPair()
	id := add(cloud, "www-example-com", pair)
	server := cloud.Server(t, provider.New("test", nil)())
	for name, change := range map[string]func(source, config acctest.Values){
		"the name left out": func(_, _ acctest.Values) {},
		"another name":      func(_, config acctest.Values) { config["name"] = "renamed" },
		"a domain":          func(_, config acctest.Values) { config["domain"] = "www.example.com" },
		"no data":           func(source, _ acctest.Values) { delete(source, "data") },
		"no project":        func(source, _ acctest.Values) { source["path"] = "/certificate" },
		"a project set here": func(source, config acctest.Values) {
			source["path"], config["project_id"] = "/certificate", ProjectID
		},
	} {
		source := restObject(t, cloud, id, certificatePath, pair)
		config := acctest.Values{"certificate": pair.Certificate, "private_key_wo": pair.PrivateKey}
		change(source, config)
		moved, diagnostics := server.Move(restAddress, "restapi_object", source)
		if len(diagnostics) > 0 {
			t.Fatal(diagnosticTexts(diagnostics))
		}

		plan, diagnostics := server.Plan(moved, config)
		if !diagnostics.HasError() {
			t.Errorf("%s: it plans %v, and replaces %v", name, plan.Values, plan.Replace)
		} else {
			wantError(t, diagnostics, "", `certificate "`+id+`" comes from a restapi_object, which contains little `+
				"more than the ID. Plan without -refresh=false")
		}
		if _, diagnostics := server.Plan(moved, nil); !diagnostics.HasError() {
			t.Errorf("%s: it plans to delete the certificate", name)
		}
	}
	if calls := len(cloud.Journal()); calls != 0 {
		t.Errorf("%d calls, want none", calls)
	}
}

// TestMoveFromAnotherProject: if the source does not name the project, a certificate that the
// provider's project does not have does not count as gone. If the source names the project, it
// does.
func TestMoveFromAnotherProject(t *testing.T) {
	t.Parallel()
	cloud, pair := NewCloud(t), NewPair()
	id := cloud.Add(elbstub.Certificate{
		ProjectID:   OtherProjectID,
		Certificate: pair.Certificate,
		PrivateKey:  pair.PrivateKey,
	})
	server := cloud.Server(t, provider.New("test", nil)())

	moved, diagnostics := server.Move(restAddress, "restapi_object", restObject(t, cloud, id, "/certificate", pair))
	if len(diagnostics) > 0 {
		t.Fatal(diagnosticTexts(diagnostics))
	}
	read, diagnostics := server.Read(moved)
	if read == nil || !diagnostics.HasError() {
		t.Fatalf("it is read as %v: %q", read, diagnosticTexts(diagnostics))
	}
	wantError(t, diagnostics, "", "Project "+ProjectID+" has no certificate \""+id+"\". The path of the "+
		"restapi_object does not contain the project")

	moved, diagnostics = server.Move(restAddress, "restapi_object", restObject(t, cloud, id, certificatePath, pair))
	if len(diagnostics) > 0 {
		t.Fatal(diagnosticTexts(diagnostics))
	}
	if read, diagnostics := server.Read(moved); read != nil || len(diagnostics) > 0 {
		t.Errorf("it is read as %v: %q", read, diagnosticTexts(diagnostics))
	}
}

// TestMoveOfALaterInstance: OpenTofu 1.12 names the provider of the target once one instance was
// moved (observed).
func TestMoveOfALaterInstance(t *testing.T) {
	t.Parallel()
	cloud := NewCloud(t)
	const id = "5b8f908b5495452aa13beede0afc5d99"
	source := map[string]any{"id": id, "path": certificatePath}
	server := cloud.Server(t, provider.New("test", nil)())
	moved, diagnostics := server.Move("registry.opentofu.org/elbaas/elbaas", "restapi_object", source)
	if len(diagnostics) > 0 || moved.Values["id"] != id {
		t.Errorf("it is moved to %v: %q", moved, diagnosticTexts(diagnostics))
	}
}

// comparable returns values with lists as texts, so that they can be compared.
func comparable(values acctest.Values) map[string]string {
	texts := map[string]string{}
	for name, value := range values {
		texts[name] = fmt.Sprint(value)
	}
	return texts
}

// combineData appends the key to the certificate that was sent.
func combineData(o acctest.Values) {
	var sent map[string]string
	if err := json.Unmarshal([]byte(o["data"].(string)), &sent); err != nil {
		panic(err)
	}
	combined, err := json.Marshal(map[string]string{"certificate": sent["certificate"] + sent["private_key"]})
	if err != nil {
		panic(err)
	}
	o["data"] = string(combined)
}

// TestMoveRefused: anything but a certificate of this API cannot be moved.
func TestMoveRefused(t *testing.T) {
	t.Parallel()
	const id = "5b8f908b5495452aa13beede0afc5d99"
	object := func(path, id string) map[string]any { return map[string]any{"id": id, "path": path} }
	for name, row := range map[string]struct {
		provider, kind string
		source         any
		want           []string
	}{
		"another API": {
			provider: restAddress,
			kind:     "restapi_object",
			source:   object("/v2.0/lbaas/listeners", id),
			want:     []string{`"/v2.0/lbaas/listeners"`, "/v1.0/{project_id}/elbaas/certificate"},
		},
		"listeners": {
			provider: restAddress,
			kind:     "restapi_object",
			source:   object("/v1.0/p/elbaas/listeners", id),
			want:     []string{"/v1.0/p/elbaas/listeners"},
		},
		"another service": {
			provider: restAddress,
			kind:     "restapi_object",
			source:   object("/v1.0/p/certificate", id),
			want: []string{
				"/v1.0/p/certificate", "which is not the path of a certificate", "to something else, remove",
			},
		},
		"a path without project": {
			provider: restAddress,
			kind:     "restapi_object",
			source:   object("/v1.0/elbaas/certificate", id),
			want:     []string{"which is not the path of a certificate"},
		},
		"a word that is no project": {
			provider: restAddress,
			kind:     "restapi_object",
			source:   object("/api/elbaas/certificate", id),
			want:     []string{"/api/elbaas/certificate", "which is not the path of a certificate"},
		},
		"a query": {
			provider: restAddress,
			kind:     "restapi_object",
			source:   object(certificatePath+"?limit=1", id),
			want:     []string{"?limit=1", "import block"},
		},
		"another version": {
			provider: restAddress,
			kind:     "restapi_object",
			source:   object("/v3/p/elb/certificates", id),
			want:     []string{"/v3/p/elb/certificates"},
		},
		"no path": {restAddress, "restapi_object", object("", id), []string{`path ""`}},
		"no ID": {
			provider: restAddress,
			kind:     "restapi_object",
			source:   object(certificatePath, ""),
			want:     []string{"32 hexadecimal characters", "import block"},
		},
		"an ID that is not valid": {
			provider: restAddress,
			kind:     "restapi_object",
			source:   object(certificatePath, "www"),
			want:     []string{`"www"`, "32 hexadecimal characters"},
		},
		"an object_id that is not valid": {
			restAddress, "restapi_object",
			map[string]any{"id": "", "object_id": "shop", "path": certificatePath},
			[]string{`the ID "shop"`, "32 hexadecimal characters"},
		},
		"a project that is none": {
			provider: restAddress,
			kind:     "restapi_object",
			source:   object("/v1.0/a b/elbaas/certificate", id),
			want:     []string{"project"},
		},
		"not an object": {restAddress, "restapi_object", []string{"?"}, []string{"cannot be read"}},
		"another type": {
			provider: restAddress,
			kind:     "restapi_file",
			source:   object(certificatePath, id),
			want:     []string{"restapi_file", "Only a restapi_object"},
		},
		"a type of our own": {
			provider: provider.Address,
			kind:     "elbaas_listener_certificate",
			source:   object(certificatePath, id),
			want:     []string{"elbaas_listener_certificate", "Only a restapi_object"},
		},
		"another provider": {
			provider: "registry.terraform.io/other/restapi",
			kind:     "restapi_object",
			source:   object(certificatePath, id),
			want:     []string{"registry.terraform.io/other/restapi"},
		},
		"a newer load balancer": {
			"registry.terraform.io/huaweicloud/huaweicloud", "huaweicloud_elb_certificate", object("", id),
			[]string{"huaweicloud_elb_certificate", "another API", "other IDs"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cloud := NewCloud(t)
			moved, diagnostics := cloud.Server(t, provider.New("test", nil)()).Move(row.provider, row.kind, row.source)
			said := strings.Join(diagnosticTexts(diagnostics), "\n")
			if moved != nil || !strings.Contains(said, "Unable to move certificate") {
				t.Fatalf("it is moved to %v: %s", moved, said)
			}
			for _, want := range row.want {
				if !strings.Contains(said, want) {
					t.Errorf("it does not say %q: %s", want, said)
				}
			}
			if calls := len(cloud.Journal()); calls != 0 {
				t.Errorf("%d calls, want none", calls)
			}
		})
	}
}

// TestMoveKeepsTheProject: a certificate stays in the project that its path names, whatever the
// provider's project is.
func TestMoveKeepsTheProject(t *testing.T) {
	t.Parallel()
	cloud := NewCloud(t)
	const id = "5b8f908b5495452aa13beede0afc5d99"
	source := map[string]any{"id": id, "path": "/v1.0/" + OtherProjectID + "/elbaas/certificate"}
	moved, diagnostics := cloud.Server(t, provider.New("test", nil)()).Move(restAddress, "restapi_object", source)
	if len(diagnostics) > 0 || moved.Values["project_id"] != OtherProjectID {
		t.Errorf("it is moved to %v: %q", moved, diagnosticTexts(diagnostics))
	}
}

// TestAccMoveGuide moves three certificates with one block, as in the guide. No key of the source
// stays in the state.
func TestAccMoveGuide(t *testing.T) {
	t.Parallel()
	const each = `resource "elbaas_certificate" "www" {
  for_each = toset(["0", "1", "2"])
`
	guide := strings.Replace(example(t, "guides/from-rest-moved.tf"), "resource \"elbaas_certificate\" \"www\" {\n",
		each, 1)
	guide = strings.ReplaceAll(guide, "www.example.com.", "${each.key}.")
	for name, row := range map[string]struct {
		config, planned string
		keys            bool // whether the state has the keys in the end
	}{
		"private_key_wo": {guide, "Plan: 0 to add, 0 to change, 0 to destroy", false},
		"private_key": {
			config:  strings.ReplaceAll(guide, "private_key_wo", "private_key"),
			planned: "Plan: 0 to add, 3 to change, 0 to destroy",
			keys:    true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			// OpenTofu reads addresses of Terraform's registry in a state as addresses of its own
			// registry.
			cli := acctest.NewCLI(t, restAddress, "registry.opentofu.org/mastercard/restapi")
			cloud := NewCloud(t)
			var pairs []throwaway.Pair
			var instances []map[string]any
			for i := range 3 {
				pair := NewPair()
				pairs = append(pairs, pair)
				cli.WriteFile(fmt.Sprintf("%d.crt", i), pair.Certificate)
				cli.WriteFile(fmt.Sprintf("%d.key", i), pair.PrivateKey)
				id := add(cloud, "www-example-com", pair)
				instances = append(instances, map[string]any{
					"index_key": strconv.Itoa(i), "schema_version": 0,
					"attributes": restObject(t, cloud, id, certificatePath, pair),
				})
			}
			state, err := json.Marshal(map[string]any{
				"version": 4, "terraform_version": "1.11.0", "serial": 1, "lineage": "moved",
				"resources": []any{map[string]any{
					"mode": "managed", "type": "restapi_object", "name": "www",
					"provider":  fmt.Sprintf("provider[%q]", restAddress),
					"instances": instances,
				}},
			})
			if err != nil {
				t.Fatal(err)
			}
			cli.WriteFile("terraform.tfstate", string(state))
			cli.Configure(cloud.Provider() + row.config)

			before := len(cloud.Journal())
			said := cli.Run("plan")
			if !strings.Contains(said, row.planned) {
				t.Errorf("it plans %s", said)
			}
			if lists := len(cloud.Journal()) - before; lists != 1 {
				t.Errorf("a plan makes %d calls, want one list", lists)
			}
			cli.Run("apply", "-auto-approve")
			if writes := len(cloud.Journal(elbstub.CreateCertificate, elbstub.ModifyCertificate,
				elbstub.DeleteCertificate)); writes != 0 {
				t.Errorf("%d writes, want none", writes)
			}
			if said := cli.Run("plan"); !strings.Contains(said, "No changes") {
				t.Errorf("it then plans %s", said)
			}
			left := cli.Run("state", "pull")
			for _, line := range keyLines(pairs...) {
				if line != "" && strings.Contains(left, line) != row.keys {
					t.Fatalf("the state has lines of the keys: %t, want %t", !row.keys, row.keys)
				}
			}
			if strings.Contains(left, "restapi") {
				t.Error("the state still has the other provider")
			}
		})
	}
}
