package provider_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/elbaas/terraform-provider-elbaas/internal/acctest"
	"github.com/elbaas/terraform-provider-elbaas/internal/elbstub"
	"github.com/elbaas/terraform-provider-elbaas/internal/provider"
)

// TestEphemeralCertificate: the key that is read belongs to the certificate, and comes from a list
// of its own.
func TestEphemeralCertificate(t *testing.T) {
	t.Parallel()
	cloud := NewCloud(t, func(o *elbstub.Options) { o.Dialect.Keys = elbstub.TextClear })
	server := cloud.Server(t, provider.New("test", nil)())
	pair := NewPair()
	id := cloud.Add(elbstub.Certificate{
		ProjectID:   ProjectID,
		Certificate: pair.Certificate,
		PrivateKey:  pair.PrivateKey,
	})
	cloud.Add(elbstub.Certificate{ProjectID: ProjectID, Certificate: pair.Certificate, PrivateKey: "another"})
	for range 2 {
		opened, diagnostics := server.Open(acctest.Values{"id": strings.ToUpper(id)})
		if diagnostics.HasError() {
			t.Fatal(diagnostics[0].Detail)
		}
		if !sameText(opened["private_key"], pair.PrivateKey) || !sameText(opened["certificate"], pair.Certificate) ||
			opened["project_id"] != ProjectID {
			t.Errorf("opened %v", opened)
		}
	}
	if lists := len(cloud.Journal(elbstub.ListCertificates)); lists != 2 {
		t.Errorf("%d lists, want 2: nothing is kept", lists)
	}
	_, diagnostics := server.Open(acctest.Values{"id": strings.Repeat("0", 32)})
	wantError(t, diagnostics, "id", "Project "+ProjectID+" has no certificate")
	_, diagnostics = server.Open(acctest.Values{"id": "www"})
	wantError(t, diagnostics, "id", "32 hexadecimal characters")
	_, diagnostics = server.Open(acctest.Values{"id": id, "project_id": "a b"})
	wantError(t, diagnostics, "project_id", `contains " "`)
	cloud.Script(elbstub.ListCertificates, 1, elbstub.Reply(403, ""))
	_, diagnostics = server.Open(acctest.Values{"id": id})
	wantError(t, diagnostics, "", "HTTP 403")
}

// TestEphemeralWithoutKey: if a cloud does not show keys, the error says so, and quotes nothing of
// what it shows instead.
func TestEphemeralWithoutKey(t *testing.T) {
	t.Parallel()
	pair, other := NewPair(), NewPair()
	for name, row := range map[string]struct {
		shows elbstub.TextForm
		key   string
		want  string
	}{
		"mask":         {elbstub.TextMasked, pair.PrivateKey, "is a mask of asterisks"},
		"left out":     {elbstub.TextLeftOut, pair.PrivateKey, "is missing"},
		"damaged":      {elbstub.TextClear, "MIIE-not-a-key", "is not a private key"},
		"another's":    {elbstub.TextClear, other.PrivateKey, "belongs to another certificate"},
		"short mask":   {elbstub.TextClear, "*", "is a mask of asterisks"},
		"only a space": {elbstub.TextClear, " ", "is missing"},
	} {
		cloud := NewCloud(t, func(o *elbstub.Options) { o.Dialect.Keys = row.shows })
		id := cloud.Add(elbstub.Certificate{
			ProjectID:   ProjectID,
			Certificate: pair.Certificate,
			PrivateKey:  row.key,
		})
		opened, diagnostics := cloud.Server(t, provider.New("test", nil)()).Open(acctest.Values{"id": id})
		wantError(t, diagnostics, "", row.want)
		if said := fmt.Sprint(opened) + fmt.Sprintf("%+v", diagnostics[0]); strings.Contains(said, "MIIE") ||
			strings.Contains(said, strings.Split(other.PrivateKey, "\n")[1]) {
			t.Errorf("%s: it says %s", name, said)
		}
	}
}

// TestAccEphemeralExample copies a certificate with its key to another project, and searches
// everything that Terraform keeps for the key.
func TestAccEphemeralExample(t *testing.T) {
	t.Parallel()
	cloud := NewCloud(t, func(o *elbstub.Options) { o.Dialect.Keys = elbstub.TextClear })
	cli := acctest.NewInstalledCLI(t, "")
	cli.Needs("1.11.0", "1.11.0")
	pair := NewPair()
	add(cloud, "www-example-com", pair)
	cli.Setenv("HW_ACCESS_KEY", AccessKey)
	cli.Setenv("HW_SECRET_KEY", SecretKey)
	cli.Setenv("TF_VAR_other_project_id", OtherProjectID)
	h := newHunt(t, cli)
	h.add(pair)
	cli.Configure(cloud.Provider("token = null") +
		example(t, "ephemeral-resources/elbaas_certificate/ephemeral-resource.tf"))
	h.run(true, "plan", "-out=plan")
	h.searchPlan()
	h.run(true, "apply", "plan")
	h.search("state", cli.Run("state", "pull"))
	copies := cloud.Certificates(OtherProjectID)
	if len(copies) != 1 || !sameText(copies[0].PrivateKey, pair.PrivateKey) ||
		!sameText(copies[0].Certificate, pair.Certificate) {
		t.Errorf("the other project has %d certificates, want a copy", len(copies))
	}
	if said := h.run(true, "plan"); !strings.Contains(said, "No changes") {
		t.Errorf("the plan is not empty: %s", said[max(0, len(said)-1000):])
	}
}

// TestKeysOfWrongTypes: the ephemeral resource decodes only the key of its own certificate, so a
// malformed key of another one does not make it fail.
func TestKeysOfWrongTypes(t *testing.T) {
	t.Parallel()
	for name, wrong := range map[string]any{
		"a number": 5, "an object": map[string]any{"pem": "x"}, "an array": []any{"x"}, "a boolean": true,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cloud := NewCloud(t)
			pair := NewPair()
			cert := elbstub.Certificate{
				ProjectID:   ProjectID,
				Certificate: pair.Certificate,
				PrivateKey:  pair.PrivateKey,
			}
			own, other := cloud.Add(cert), cloud.Add(cert)
			cloud.ScriptEach(elbstub.ListCertificates, func(int) elbstub.Fault {
				return func(next elbstub.Next) elbstub.Response {
					response := next()
					var list struct {
						Certificates []map[string]any `json:"certificates"`
					}
					if err := json.Unmarshal(response.Body, &list); err != nil {
						t.Error(err)
					}
					for _, listed := range list.Certificates {
						if listed["id"] == other {
							listed["private_key"] = wrong
						}
					}
					response.Body, _ = json.Marshal(list)
					return response
				}
			})
			server := cloud.Server(t, provider.New("test", nil)())
			opened, diagnostics := server.Open(acctest.Values{"id": own})
			if len(diagnostics) > 0 ||
				strings.TrimSpace(opened["private_key"].(string)) != strings.TrimSpace(pair.PrivateKey) {
				t.Errorf("its own key is not there: %v", diagnostics)
			}
			opened, diagnostics = server.Open(acctest.Values{"id": other})
			wantError(t, diagnostics, "", "Unable to read certificate")
			if opened != nil {
				t.Errorf("opened %v", opened)
			}
		})
	}
}
