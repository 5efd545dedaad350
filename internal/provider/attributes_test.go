package provider_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"

	"github.com/elbaas/terraform-provider-elbaas/internal/acctest"
	"github.com/elbaas/terraform-provider-elbaas/internal/elbstub"
	"github.com/elbaas/terraform-provider-elbaas/internal/provider"
)

// certificateAttributes returns the names of the text attributes other than the PEM: the arguments that the API stores,
// and the results that it sets itself.
func certificateAttributes(t *testing.T) (arguments, results []string) {
	t.Helper()
	var described resource.SchemaResponse
	provider.NewCertificateResource().Schema(t.Context(), resource.SchemaRequest{}, &described)
	for _, name := range slices.Sorted(maps.Keys(described.Schema.Attributes)) {
		attribute, isText := described.Schema.Attributes[name].(schema.StringAttribute)
		switch {
		case !isText || name == "certificate" || name == "project_id" || attribute.Sensitive:
		case attribute.Optional || attribute.Required:
			arguments = append(arguments, name)
		default:
			results = append(results, name)
		}
	}
	return arguments, results
}

// everyArgument returns a configuration that sets each argument to a text.
func everyArgument(t *testing.T) acctest.Values {
	t.Helper()
	config := configOf(NewPair(), "")
	arguments, _ := certificateAttributes(t)
	for _, argument := range arguments {
		config[argument] = "first"
	}
	config["domain"] = "www.example.com" // any other domain would be warned about
	return config
}

// TestEveryArgument: each argument is sent, stored, and read back by an import. Changing one of them alone is an update
// with one PUT, unless it forces replacement.
func TestEveryArgument(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud, network := NewCloudInMemory(t)
		r := &runs{t: t, cloud: cloud, network: network, config: everyArgument(t)}
		arguments, results := certificateAttributes(t)
		r.apply("create")
		updates := 0
		for _, argument := range append([]string{""}, arguments...) {
			time.Sleep(time.Minute)
			if argument != "" {
				server, changed := r.process(), maps.Clone(r.config)
				changed[argument] = "second"
				plan := mustPlan(t, server, r.state, changed)
				if len(plan.Replace) > 0 {
					continue
				}
				updates++
				r.config = changed
				r.carryOut(server, plan)
				sent := cloud.Journal(elbstub.ModifyCertificate)
				if len(sent) != updates || !strings.Contains(sent[len(sent)-1].Body, `"`+argument+`":"second"`) {
					t.Fatalf("%s: a change of it is not sent once", argument)
				}
				if plan.Values["update_time"] != acctest.Unknown {
					t.Errorf("%s: a change of it plans the update_time %v", argument, plan.Values["update_time"])
				}
			}
			imported, diagnostics := r.process().Import(idOf(r.state))
			if len(diagnostics) > 0 {
				t.Fatal(textOf(diagnostics))
			}
			for _, name := range arguments {
				if imported.Values[name] != r.config[name] {
					t.Errorf("%s is %v, want %v", name, imported.Values[name], r.config[name])
				}
			}
			for _, name := range results {
				if imported.Values[name] == nil {
					t.Errorf("%s is null", name)
				}
			}
		}
		if updates == 0 {
			t.Error("no argument was updated")
		}
	})
}

// TestResponsesThatLackAField: if the response to a creation or an update lacks a field, the process nevertheless knows
// the certificate as the cloud stores it.
func TestResponsesThatLackAField(t *testing.T) {
	t.Parallel()
	arguments, results := certificateAttributes(t)
	fields := slices.Concat(arguments, results)
	for response, operation := range map[string]elbstub.Operation{
		"creation": elbstub.CreateCertificate, "update": elbstub.ModifyCertificate,
		"update, of a replica that lags": elbstub.ModifyCertificate,
	} {
		for _, field := range append(fields, "certificate") {
			if response == "creation" && slices.Contains(results, field) {
				continue // its value is not known before the first read
			}
			synctest.Test(t, func(t *testing.T) {
				cloud, network := NewCloudInMemory(t)
				server, config := inMemory(t, cloud, network, nil), everyArgument(t)
				cloud.Script(operation, 1, func(next elbstub.Next) elbstub.Response {
					whole := next()
					if response == "update, of a replica that lags" {
						whole.Body = bytes.ReplaceAll(whole.Body, []byte("second"), []byte("first"))
					}
					var body map[string]any
					_ = json.Unmarshal(whole.Body, &body)
					delete(body, field)
					whole.Body, _ = json.Marshal(body)
					return whole
				})
				state := mustApply(t, server, nil, config)
				time.Sleep(time.Second)
				if operation == elbstub.ModifyCertificate {
					for _, argument := range arguments {
						changed := maps.Clone(config)
						changed[argument] = "second"
						if len(mustPlan(t, server, state, changed).Replace) == 0 {
							config = changed
						}
					}
					state = mustApply(t, server, state, config)
				}
				known := mustRead(t, server, state)
				imported, _ := inMemory(t, cloud, network, nil).Import(idOf(state))
				for _, name := range fields {
					if got, want := known.Values[name], imported.Values[name]; got != want {
						t.Errorf("%s without %s: %s is %v, want %v", response, field, name, got, want)
					}
				}
			})
		}
	}
}
