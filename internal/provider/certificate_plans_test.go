package provider_test

import (
	"cmp"
	"fmt"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/elbaas/terraform-provider-elbaas/internal/acctest"
	"github.com/elbaas/terraform-provider-elbaas/internal/elbstub"
	"github.com/elbaas/terraform-provider-elbaas/internal/pemcert"
	"github.com/elbaas/terraform-provider-elbaas/internal/throwaway"
)

// wantValidPlan checks a plan by the rules of Terraform: a planned value is the configured one, or the prior one, or
// that of a computed attribute which is not configured.
func wantValidPlan(t *testing.T, plan acctest.Plan, prior *acctest.State, config acctest.Values) {
	t.Helper()
	computed := []string{
		"name", "description", "domain", "project_id", "id", "create_time", "update_time", "not_before", "not_after",
		"fingerprint_sha256", "serial_number", "subject", "issuer", "subject_alternative_names", "key_algorithm",
	}
	for _, name := range append(computed, "certificate", "private_key", "timeouts") {
		value, configured := plan.Values[name], config[name]
		isPrior := prior != nil && prior.Values[name] != nil && reflect.DeepEqual(value, prior.Values[name])
		switch {
		case reflect.DeepEqual(value, configured), isPrior && configured != nil:
		case configured == nil && slices.Contains(computed, name):
		default:
			t.Errorf("%s is configured as %v, but planned as %v", name, configured, value)
		}
	}
}

// wantFulfilled fails if a value that was known in the plan is different later.
func wantFulfilled(t *testing.T, later string, planned, values acctest.Values) {
	t.Helper()
	for name := range values {
		if planned[name] != acctest.Unknown && !reflect.DeepEqual(planned[name], values[name]) {
			t.Errorf("%s was planned as %v, but %s it is %v", name, planned[name], later, values[name])
		}
	}
	for name, value := range planned {
		if _, known := values[name]; !known && value != acctest.Unknown {
			t.Errorf("%s was planned as %v, but %s it is null", name, value, later)
		}
	}
}

// TestPlansTellTheTruth applies random configurations, some of whose values are known only in the apply, while others
// change the certificate. Terraform accepts each plan, the plan replaces for exactly the documented reasons, and the
// apply does what it says. The next plan is empty.
func TestPlansTellTheTruth(t *testing.T) {
	t.Parallel()
	OnceForAllDialects(t) // it uses all of them itself
	const sequences, steps = 20, 15
	for seed := range uint64(sequences) {
		t.Run(strconv.FormatUint(seed, 10), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				newPlanner(t, seed).live(steps)
			})
		})
	}
}

// A planner is a user whose configuration changes at random.
type planner struct {
	*runs
	random  *rand.Rand
	pairs   []pairForms
	history []string
}

// pairForms are a certificate and its key, each in all of its forms.
type pairForms struct{ certificates, keys map[string]string }

func newPlanner(t *testing.T, seed uint64) *planner {
	t.Helper()
	cloud, network := NewCloudInMemory(t, func(o *elbstub.Options) {
		o.Dialect = elbstub.NewDialect(int(seed % elbstub.Dialects))
	})
	p := &planner{runs: &runs{t: t, cloud: cloud, network: network}, random: rand.New(rand.NewPCG(seed, 0))}
	for range 2 {
		chain := throwaway.NewChain()
		forms := pairForms{throwaway.Forms(chain.PEM()), throwaway.KeyForms(chain.Key)}
		p.pairs = append(p.pairs, forms)
	}
	return p
}

// configure returns a random configuration, and the same one with all values known.
func (p *planner) configure() (config, known acctest.Values) {
	pair := p.pairs[p.random.IntN(len(p.pairs))]
	_, certificate := anyOf(p.random, pair.certificates)
	_, key := anyOf(p.random, pair.keys)
	known = acctest.Values{"certificate": certificate}
	known[[]string{"private_key", "private_key_wo"}[p.random.IntN(2)]] = key
	for _, row := range []struct {
		name   string
		values []any
	}{
		{"name", []any{nil, nil, "", "a", "b"}},
		{"description", []any{nil, nil, "", "this", "that"}},
		{"domain", []any{nil, nil, "", "www.example.com", "WWW.example.com"}},
		{"project_id", []any{nil, ProjectID}},
		{"timeouts", []any{nil, acctest.Values{"read": "1m"}, acctest.Values{"delete": "1m", "create": "2m"}}},
	} {
		if value := row.values[p.random.IntN(len(row.values))]; value != nil {
			known[row.name] = value
		}
	}
	config = maps.Clone(known)
	for _, name := range []string{"certificate", "private_key", "private_key_wo", "name", "description", "domain"} {
		if _, configured := config[name]; configured && p.random.IntN(8) == 0 {
			config[name] = acctest.Unknown
		}
	}
	return config, known
}

// replaces returns the attributes because of which a configuration must replace a state.
func replaces(state *acctest.State, config acctest.Values) (names []string) {
	text := func(values acctest.Values, name string) string { text, _ := values[name].(string); return text }
	own, configured := pemcert.CertificatesIn(text(state.Values, "certificate")), config["certificate"]
	if configured == acctest.Unknown || !own.Equal(pemcert.CertificatesIn(text(config, "certificate"))) {
		names = append(names, `AttributeName("certificate")`)
	}
	for _, name := range []string{"domain", "project_id"} {
		value, isConfigured := config[name]
		isSame := strings.EqualFold(text(config, name), text(state.Values, name))
		if isConfigured && (value == acctest.Unknown || !isSame) {
			names = append(names, fmt.Sprintf("AttributeName(%q)", name))
		}
	}
	return names
}

// changeElsewhere lets somebody else change the certificate, or not.
func (p *planner) changeElsewhere() {
	id := p.state.Values["id"].(string)
	_, other := anyOf(p.random, p.pairs[p.random.IntN(len(p.pairs))].certificates)
	for name, change := range []func(cert *elbstub.Certificate){
		func(cert *elbstub.Certificate) { cert.Name = "theirs" },
		func(cert *elbstub.Certificate) { cert.Description = "theirs" },
		func(cert *elbstub.Certificate) { cert.Certificate = other },
		func(cert *elbstub.Certificate) { cert.Domain = strings.ToUpper(cert.Domain) },
		func(cert *elbstub.Certificate) { cert.Domain = "theirs.example.com" },
		func(cert *elbstub.Certificate) { cert.Certificate = "******" },
	} {
		if p.random.IntN(12) == 0 {
			p.history = append(p.history, fmt.Sprintf("change %d", name))
			p.cloud.Change(id, change)
		}
	}
}

func (p *planner) live(steps int) {
	for range steps {
		time.Sleep(time.Minute)
		server := inMemory(p.t, p.cloud, p.network, nil)
		if p.state != nil {
			p.changeElsewhere()
			if p.random.IntN(10) == 0 {
				p.history = append(p.history, "import")
				p.state, _ = server.Import(p.state.Values["id"].(string))
			} else {
				p.state, _ = server.Read(p.state)
			}
		}
		if p.state != nil && p.state.Values["certificate"] == nil { // imported while it was masked
			p.state, _ = server.Destroy(p.state)
		}
		p.step(server)
		if p.t.Failed() {
			p.t.Fatalf("after %s", strings.Join(p.history, "\n"))
		}
	}
}

// step applies a configuration.
func (p *planner) step(server *acctest.Server) {
	t := p.t
	config, known := p.configure()
	p.history = append(p.history, fmt.Sprintf("%v", shortened(config)))
	if diagnostics := server.Validate(config); diagnostics.HasError() {
		t.Fatalf("validate: %s", diagnostics[0].Detail)
	}
	prior := p.state
	plan, diagnostics := server.Plan(prior, config)
	if diagnostics.HasError() {
		t.Errorf("plan: %s: %s", diagnostics[0].Summary, diagnostics[0].Detail)
		return
	}
	wantValidPlan(t, plan, prior, config)
	if prior != nil {
		if want := replaces(prior, config); !slices.Equal(plan.Replace, want) {
			t.Errorf("it replaces for %q, want %q", plan.Replace, want)
		}
		if len(plan.Replace) > 0 {
			prior = nil
			plan, diagnostics = server.Plan(nil, config)
			if diagnostics.HasError() {
				t.Errorf("plan of the creation: %s", diagnostics[0].Detail)
				return
			}
			wantValidPlan(t, plan, nil, config)
			if left, diagnostics := server.Destroy(p.state); left != nil || diagnostics.HasError() {
				t.Errorf("destroy: %v", diagnostics)
			}
		}
	}
	first := plan.Values
	plan, diagnostics = server.Plan(prior, known)
	if diagnostics.HasError() || len(plan.Replace) > 0 {
		t.Errorf("plan in the apply: it replaces for %q: %v", plan.Replace, diagnostics)
		return
	}
	wantFulfilled(t, "in the apply", first, plan.Values)
	puts := len(p.cloud.Journal(elbstub.ModifyCertificate))
	state, diagnostics := server.Apply(plan)
	if diagnostics.HasError() {
		t.Errorf("apply: %s: %s", diagnostics[0].Summary, diagnostics[0].Detail)
		return
	}
	wantFulfilled(t, "after the apply", plan.Values, state.Values)
	for name, value := range state.Values {
		if value == acctest.Unknown {
			t.Errorf("%s is not known after the apply", name)
		}
	}
	wantPuts := 0
	if prior != nil && (state.Values["name"] != prior.Values["name"] ||
		state.Values["description"] != prior.Values["description"]) {
		wantPuts = 1
	}
	if puts = len(p.cloud.Journal(elbstub.ModifyCertificate)) - puts; puts != wantPuts {
		t.Errorf("%d PUTs, want %d", puts, wantPuts)
	}
	cert := p.cloud.Only(t)
	for name, value := range map[string]string{
		"name": cert.Name, "description": cert.Description, "id": cert.ID,
	} {
		if got, _ := state.Values[name].(string); got != value || known[name] != nil && got != known[name] {
			t.Errorf("%s: the state has %q, the cloud %q, the configuration %v", name, got, value, known[name])
		}
	}

	time.Sleep(time.Minute)
	server = inMemory(t, p.cloud, p.network, nil)
	after, diagnostics := server.Read(state)
	if after == nil || diagnostics.HasError() {
		t.Errorf("read: %v", diagnostics)
		return
	}
	if !reflect.DeepEqual(after.Values, state.Values) {
		t.Errorf("the read after the apply changes\n%v\nto\n%v", state.Values, after.Values)
	}
	plan, diagnostics = server.Plan(after, known)
	if diagnostics.HasError() || len(plan.Replace) > 0 || !reflect.DeepEqual(plan.Values, after.Values) {
		t.Errorf("the next plan is not empty: %v, %v, %v", plan.Replace, diagnostics, plan.Values)
	}
	p.state = after
}

// shortened returns values with excerpts instead of PEM.
func shortened(values acctest.Values) acctest.Values {
	short := maps.Clone(values)
	for name, value := range values {
		if text, isText := value.(string); isText && len(text) > 100 {
			short[name] = cmp.Or(text[len(text)/2:len(text)/2+8], name)
		}
	}
	return short
}
