package provider_test

import (
	"maps"
	"reflect"
	"strings"
	"testing"

	"github.com/elbaas/terraform-provider-elbaas/internal/acctest"
	"github.com/elbaas/terraform-provider-elbaas/internal/elbstub"
	"github.com/elbaas/terraform-provider-elbaas/internal/provider"
)

// TestFirstCertificateOfAProject: an empty list, whatever its form, does not prevent the first
// certificate of a project. It proves that the last one is gone if it has a total or is an array.
func TestFirstCertificateOfAProject(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		empty bool
		count elbstub.CountForm
		gone  bool // whether an empty list proves that a certificate is gone
	}{
		"an array, with a total (reference)":        {false, elbstub.CountString, true},
		"an array (assumed)":                        {false, elbstub.CountAbsent, true},
		"an empty object, with a total (observed)":  {true, elbstub.CountString, true},
		"an empty object and a number (assumed)":    {true, elbstub.CountNumber, true},
		"an empty object, and no number (observed)": {true, elbstub.CountAbsent, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cloud := NewCloud(t,
				func(o *elbstub.Options) { o.Dialect.EmptyObject, o.Dialect.Count = row.empty, row.count })
			state := mustApply(t, cloud.Server(t, provider.New("test", nil)()), nil, configOf(NewPair(), "www"))
			read, diagnostics := cloud.Server(t, provider.New("test", nil)()).Read(state)
			if read == nil || len(diagnostics) > 0 {
				t.Errorf("read: %v, %v", read, diagnostics)
			}

			cloud.Remove(cloud.Only(t).ID)
			read, diagnostics = cloud.Server(t, provider.New("test", nil)()).Read(state.WithPrivate(t, nil))
			if gone := read == nil; gone != row.gone || diagnostics.HasError() == row.gone {
				t.Errorf("gone: %t, %v", gone, diagnostics)
			}
			if !row.gone {
				wantError(t, diagnostics, "", "the API returned 0 certificates and no valid total")
			}
		})
	}
}

// TestMalformedLists: a malformed list is an error. The state stays, and nothing is created.
func TestMalformedLists(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct{ body, says string }{
		"a whole body {}": {`{}`, `the list has no "certificates"`},
		"a count alone":   {`{"instance_num":"0"}`, `the list has no "certificates"`},
		"an object with something in it": {
			`{"certificates":{"1":{"id":"1"}},"instance_num":"0"}`,
			"the value is not an array",
		},
		"an object with an empty array": {
			`{"certificates":{"certificates":[]},"instance_num":"0"}`,
			"the value is not an array",
		},
		"an empty object, and one is due": {`{"certificates":{},"instance_num":"1"}`, "reported a total of 1"},
		"an empty text":                   {`{"certificates":"","instance_num":"0"}`, "the value is not an array"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cloud := NewCloud(t)
			config := configOf(NewPair(), "www")
			state := mustApply(t, cloud.Server(t, provider.New("test", nil)()), nil, config)
			cloud.ScriptEach(elbstub.ListCertificates, func(int) elbstub.Fault { return elbstub.Reply(200, row.body) })
			read, diagnostics := cloud.Server(t, provider.New("test", nil)()).Read(state.WithPrivate(t, nil))
			wantError(t, diagnostics, "", row.says)
			if read == nil || !reflect.DeepEqual(read.Values, state.Values) {
				t.Errorf("the state became %v", read)
			}
			if strings.HasPrefix(name, "an empty object") {
				return // it only counts as incomplete, which does not prevent a creation
			}
			server := cloud.Server(t, provider.New("test", nil)())
			plan, _ := server.Plan(nil, config)
			_, diagnostics = server.Apply(plan)
			wantError(t, diagnostics, "", row.says)
			cloud.Only(t)
		})
	}
}

// TestHiddenCertificates: if lists hide the text of certificates, nothing is replaced that is in the state, or that was
// moved from a state with the text. Attributes that cannot be known are null, so the plan of an import replaces the
// certificate.
func TestHiddenCertificates(t *testing.T) {
	t.Parallel()
	for name, listed := range map[string]elbstub.TextForm{
		"masked (assumed)": elbstub.TextMasked, "left out (assumed)": elbstub.TextLeftOut,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cloud := NewCloud(t, func(o *elbstub.Options) { o.Dialect.Listed = listed })
			cloud.Script(elbstub.CreateCertificate, 1, elbstub.Cut(80)) // so that the certificate is read from a list
			pair := NewPair()
			config := configOf(pair, "www")
			state := mustApply(t, cloud.Server(t, provider.New("test", nil)()), nil, config)
			id := cloud.Only(t).ID

			server := cloud.Server(t, provider.New("test", nil)())
			read, diagnostics := server.Read(state)
			if len(diagnostics) != 1 || diagnostics.HasError() || !strings.Contains(diagnostics[0].Summary, id) ||
				!strings.Contains(diagnostics[0].Detail, "the state keeps the certificate that it has") {
				t.Errorf("it says %v, want one warning", diagnostics)
			}
			if !reflect.DeepEqual(read, state) {
				t.Errorf("the state became %v, want %v", read, state)
			}
			plan, diagnostics := server.Plan(read, config)
			if len(diagnostics) > 0 || len(plan.Replace) > 0 || !reflect.DeepEqual(plan.Values, state.Values) {
				t.Errorf("it plans %v, to replace for %v; %v", plan.Values, plan.Replace, diagnostics)
			}

			moved, _ := server.Move(restAddress, "restapi_object", restObject(t, cloud, id, certificatePath, pair))
			moved, _ = server.Read(moved)
			if plan := mustPlan(t, server, moved, config); len(plan.Replace) > 0 {
				t.Errorf("the plan of what was moved replaces for %q", plan.Replace)
			}

			shown := maps.Clone(state.Values)
			for _, unknowable := range []string{
				"certificate", "private_key", "not_before", "not_after",
				"fingerprint_sha256", "serial_number", "subject",
				"issuer", "key_algorithm", "subject_alternative_names",
			} {
				delete(shown, unknowable)
			}
			imported, diagnostics := server.Import(id)
			if len(diagnostics) > 0 || imported == nil || !reflect.DeepEqual(imported.Values, shown) {
				t.Errorf("imported %v, want %v; %v", imported, shown, diagnostics)
			}
			if plan, _ := server.Plan(imported, config); len(plan.Replace) != 1 {
				t.Errorf("the plan of the import replaces for %q", plan.Replace)
			}
			opened, diagnostics := server.Open(acctest.Values{"id": id})
			if len(diagnostics) > 0 || !sameText(opened["private_key"], pair.PrivateKey) {
				t.Errorf("its key is not read: %v", diagnostics)
			}
			single, diagnostics := server.ReadDataSource("elbaas_certificate", acctest.Values{"id": id})
			if len(diagnostics) > 0 || !reflect.DeepEqual(single, shown) {
				t.Errorf("the data source has %v, want %v; %v", single, shown, diagnostics)
			}
			many, diagnostics := server.ReadDataSource("elbaas_certificates", acctest.Values{})
			if len(diagnostics) > 0 || !reflect.DeepEqual(many["certificates"], []acctest.Values{shown}) {
				t.Errorf("the other data source has %v, want %v; %v", many, shown, diagnostics)
			}
		})
	}
}
