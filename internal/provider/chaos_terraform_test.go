package provider_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/elbaas/terraform-provider-elbaas/internal/acctest"
	"github.com/elbaas/terraform-provider-elbaas/internal/elbstub"
	"github.com/elbaas/terraform-provider-elbaas/internal/provider"
)

// A runner runs Terraform with the configurations of a ledger.
type runner interface {
	// apply applies the configurations. interfere gets the provider that makes the changes.
	apply(interfere func(*process))
	// planned returns what a plan would change, by address.
	planned() map[string]string
}

// inPlace is a planned change of nothing but a name or a description.
const inPlace = "changes in place"

// A ledger has the configurations that Terraform is given, and the state that it keeps. The maps
// are by address.
type ledger struct {
	configs map[string]acctest.Values
	first   map[string]bool // create_before_destroy

	mu      sync.Mutex
	states  map[string]*acctest.State
	deposed map[string][]*acctest.State
	// pending are the addresses whose creation has started, but failed.
	pending map[string]bool
	notes   []note
	lost    []lostCreation
	said    []string // the diagnostics of the last apply
	failed  bool     // whether the last apply failed
}

// A note is the text of a diagnostic of an operation.
type note struct {
	text          string
	started, said time.Time
}

// A lostCreation is a creation whose provider was killed.
type lostCreation struct {
	config         acctest.Values
	started, ended time.Time
}

func newLedger() *ledger {
	return &ledger{
		configs: map[string]acctest.Values{}, first: map[string]bool{}, states: map[string]*acctest.State{},
		deposed: map[string][]*acctest.State{}, pending: map[string]bool{},
	}
}

// ids returns the IDs of the certificates in the state.
func (l *ledger) ids() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var ids []string
	for _, state := range l.states {
		ids = append(ids, state.Values["id"].(string))
	}
	slices.Sort(ids)
	return ids
}

// names reports whether a diagnostic names a certificate: by its ID, or because it says that a
// creation that was running at that time may have created it.
func (l *ledger) names(cert elbstub.Certificate) bool {
	return l.namesID(cert.ID) || slices.ContainsFunc(l.notes, func(n note) bool {
		meant := !cert.CreateTime.Before(n.started) && cert.CreateTime.Before(n.said.Add(catchUp))
		return meant && namesCertificate(n.text, cert)
	})
}

// namesID reports whether a diagnostic has the ID of a certificate.
func (l *ledger) namesID(id string) bool {
	return slices.ContainsFunc(l.notes, func(n note) bool { return strings.Contains(n.text, id) })
}

// memoryTerraform imitates Terraform without the CLI.
type memoryTerraform struct {
	*ledger

	t          *testing.T
	cloud      *Cloud
	network    *elbstub.Network
	storm      *storm
	operations atomic.Int64

	listeners listeners
	// deletedWhileServed are the certificates whose deletion started while a listener that
	// Terraform manages served them.
	deletedWhileServed []string

	// mild says that nothing but creations fails.
	mild bool
	// replace are the addresses that the next apply replaces, as with -replace.
	replace map[string]bool
	// created has the time when a process last finished creating a certificate, by its PEM.
	created map[string]time.Time
	// creations is how many creations the last apply started, and failedCreations how many of them
	// failed. deletions are its deletions that have ended.
	creations, failedCreations int
	deletions                  []endedDeletion
}

// An endedDeletion is a deletion that has succeeded or failed.
type endedDeletion struct {
	id             string
	started, ended time.Time
	diagnostics    acctest.Diagnostics
}

// A process is a running provider.
type process struct {
	server *acctest.Server
	ended  atomic.Bool // Terraform starts no further operations
	storm  *storm

	mu          sync.Mutex
	network     *elbstub.Network
	connections []net.Conn
	killed      bool
}

func (tf *memoryTerraform) start() *process {
	tf.t.Helper()
	p := &process{network: tf.network, storm: tf.storm}
	config := acctest.Values{
		"endpoint": tf.cloud.Endpoint, "auth_url": tf.cloud.AuthURL, "project_id": ProjectID, "insecure": true,
		"user_name": UserName, "password": Password, "domain_name": Domain,
		"expiry_warning_days": int64(0), // certificates may expire soon in fake time
	}
	if tf.mild { // so that each creation succeeds in the end
		config["max_retries"] = int64(20)
	}
	p.server = acctest.NewServer(tf.t, provider.New("test", p.dial)(), config)
	return p
}

func (p *process) dial(ctx context.Context, network, address string) (net.Conn, error) {
	if p.storm.breaks() {
		return broken(), nil
	}
	connection, err := p.network.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.killed {
		return nil, errors.Join(net.ErrClosed, connection.Close())
	}
	p.connections = append(p.connections, connection)
	return connection, nil
}

// interrupt imitates Ctrl-C.
func (p *process) interrupt() {
	p.ended.Store(true)
	p.server.Stop()
}

// kill imitates SIGKILL: it closes all connections, and makes Terraform forget all further
// responses.
func (p *process) kill() {
	p.ended.Store(true)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.killed = true
	for _, connection := range p.connections {
		_ = connection.Close()
	}
}

func (p *process) alive() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return !p.killed
}

// planned implements runner.
func (tf *memoryTerraform) planned() map[string]string {
	p, planned := tf.start(), map[string]string{}
	for address, config := range tf.configs {
		if what := tf.plan(p, tf.states[address], config); what != "" {
			planned[address] = what
		}
		if tf.listeners.isConfigured(tf.ledger, address) {
			if what := tf.planListener(p, address); what != "" {
				planned["the listener of "+address] = what
			}
		}
	}
	return planned
}

// plan does what terraform plan does for one address: it refreshes the state, and returns what is
// planned.
func (tf *memoryTerraform) plan(p *process, state *acctest.State, config acctest.Values) string {
	if state == nil {
		return "is created"
	}
	tf.operations.Add(1)
	read, diagnostics := p.server.Read(state)
	switch {
	case len(diagnostics) > 0:
		return "is not read: " + diagnosticTexts(diagnostics)[0]
	case read == nil:
		return "is created anew"
	}
	plan, diagnostics := p.server.Plan(read, config)
	switch {
	case len(diagnostics) > 0:
		return "is not planned: " + diagnosticTexts(diagnostics)[0]
	case len(plan.Replace) > 0:
		return fmt.Sprint("is replaced because of ", plan.Replace)
	case reflect.DeepEqual(plan.Values, read.Values):
		return ""
	}
	changed := maps.Clone(plan.Values)
	maps.DeleteFunc(changed, func(name string, value any) bool { return reflect.DeepEqual(value, read.Values[name]) })
	delete(changed, "update_time")
	for name := range changed {
		if name != "name" && name != "description" {
			return fmt.Sprint("changes ", changed)
		}
	}
	return inPlace
}

// createsAgain reports whether the next apply creates a certificate that an earlier process has
// just created. The lists of the new process may not show that certificate at first, and if a
// response is lost, the process could mistake it for its own.
func (tf *memoryTerraform) createsAgain(say func(string, ...any)) bool {
	for address, config := range tf.configs {
		state := tf.states[address]
		creates := state == nil || tf.replace[address] || state.Values["certificate"] != config["certificate"] ||
			config["domain"] != nil && state.Values["domain"] != config["domain"]
		if at, known := tf.created[config["certificate"].(string)]; creates && known && time.Since(at) < catchUp {
			say("%s is created soon after another one of the same certificate", address)
			return true
		}
	}
	return false
}

// apply does what terraform apply does: it refreshes the state with one process and, if that
// succeeds, makes the changes with another one, with which interfere interferes.
func (tf *memoryTerraform) apply(interfere func(*process)) {
	tf.t.Helper()
	tf.said, tf.failed = nil, false
	tf.creations, tf.failedCreations, tf.deletions = 0, 0, nil
	defer func() { tf.replace, tf.listeners.replace = nil, nil }()
	reader := tf.start()
	addresses := map[string]bool{}
	for address := range tf.configs {
		addresses[address] = true
	}
	var walk sync.WaitGroup
	for address, state := range maps.Clone(tf.states) {
		addresses[address] = true
		walk.Go(func() {
			state := tf.read(reader, address, state)
			tf.mu.Lock()
			defer tf.mu.Unlock()
			if tf.states[address] = state; state == nil {
				delete(tf.states, address)
			}
		})
	}
	for address, states := range maps.Clone(tf.deposed) {
		addresses[address] = true
		walk.Go(func() {
			for i := range states {
				states[i] = tf.read(reader, address, states[i])
			}
			tf.mu.Lock()
			defer tf.mu.Unlock()
			tf.deposed[address] = slices.DeleteFunc(states, func(state *acctest.State) bool { return state == nil })
		})
	}
	for address := range maps.Clone(tf.listeners.states) {
		addresses[address] = true
		walk.Go(func() { tf.readListener(reader, address) })
	}
	walk.Wait()
	if tf.failed {
		return
	}
	writer := tf.start()
	before := tf.ids()
	interfere(writer)
	for address := range addresses {
		walk.Go(func() { tf.change(writer, address) })
	}
	walk.Wait()
	if tf.mild && !writer.ended.Load() {
		tf.wantListed(writer, before)
	}
}

// wantListed fails if a data source that is read after the changes, by the process that made them,
// does not show them: the process must overlay its own writes on the list.
func (tf *memoryTerraform) wantListed(p *process, before []string) {
	tf.t.Helper()
	tf.operations.Add(1)
	data, diagnostics := p.server.ReadDataSource("elbaas_certificates", acctest.Values{})
	if len(diagnostics) > 0 {
		tf.t.Errorf("the data source: %q", diagnosticTexts(diagnostics))
		return
	}
	listed := map[string]bool{}
	for _, cert := range data["certificates"].([]acctest.Values) {
		listed[cert["id"].(string)] = true
	}
	for _, id := range tf.ids() {
		if !listed[id] && !slices.Contains(before, id) {
			tf.t.Errorf("the data source lacks certificate %s, which was created before it was read", id)
		}
	}
	for _, d := range tf.deletions {
		if listed[d.id] && !d.diagnostics.HasError() {
			tf.t.Errorf("the data source has certificate %s, which was deleted before it was read", d.id)
		}
	}
}

func (tf *memoryTerraform) read(p *process, address string, state *acctest.State) *acctest.State {
	tf.operations.Add(1)
	started := time.Now()
	read, diagnostics := p.server.Read(state)
	tf.note("read "+address, started, diagnostics)
	switch {
	case diagnostics.HasError():
		return state
	case read == nil:
		tf.wantGone(state)
	}
	return read
}

// wantGone fails if an existing object has left the state.
func (tf *memoryTerraform) wantGone(state *acctest.State) {
	for _, cert := range tf.cloud.Certificates(ProjectID) {
		if cert.ID == state.Values["id"] {
			tf.t.Errorf("certificate %s left the state, but is there", cert.ID)
		}
	}
}

// change makes the planned changes of one address, in Terraform's order: what depends on a
// certificate is changed after it is created, and before the old one is deleted.
func (tf *memoryTerraform) change(p *process, address string) {
	isServed := tf.listeners.isConfigured(tf.ledger, address)
	if !isServed && !tf.removeListener(p, address) {
		return
	}
	if !tf.changeCertificate(p, address) || isServed && !tf.changeListener(p, address) {
		return
	}
	tf.mu.Lock()
	deposed := slices.Clone(tf.deposed[address])
	tf.mu.Unlock()
	for _, old := range deposed {
		if tf.destroy(p, address, old) {
			tf.mu.Lock()
			tf.deposed[address] = slices.DeleteFunc(tf.deposed[address],
				func(s *acctest.State) bool { return s == old })
			tf.mu.Unlock()
		}
	}
}

// changeCertificate changes the certificate of an address. It reports whether Terraform continues
// with what depends on it.
func (tf *memoryTerraform) changeCertificate(p *process, address string) bool {
	if p.ended.Load() {
		return false
	}
	tf.mu.Lock()
	state := tf.states[address]
	tf.mu.Unlock()
	config, configured := tf.configs[address]
	switch {
	case configured && state == nil:
		return tf.create(p, address, config)
	case !configured && state != nil:
		return tf.remove(p, address, state)
	case !configured:
		return true
	}
	started := time.Now()
	plan, diagnostics := p.server.Plan(state, config)
	tf.note("plan "+address, started, diagnostics)
	replace := tf.replace[address] || len(plan.Replace) > 0
	switch {
	case diagnostics.HasError(), p.ended.Load():
		return false
	case !replace && reflect.DeepEqual(plan.Values, state.Values):
		return true
	case !replace:
		return tf.update(p, address, plan)
	case tf.first[address]:
		if !tf.create(p, address, config) {
			return false
		}
		tf.mu.Lock()
		defer tf.mu.Unlock()
		tf.deposed[address] = append(tf.deposed[address], state)
		return true
	default:
		return tf.remove(p, address, state) && tf.create(p, address, config)
	}
}

func (tf *memoryTerraform) update(p *process, address string, plan acctest.Plan) bool {
	started := time.Now()
	tf.operations.Add(1)
	updated, diagnostics := p.server.Apply(plan)
	if !p.alive() {
		return false
	}
	tf.note("update "+address, started, diagnostics)
	if updated == nil {
		tf.t.Errorf("an update of %s took it out of the state", address)
		return false
	}
	if !diagnostics.HasError() {
		tf.wantConsistent(address, plan, updated)
	}
	tf.mu.Lock()
	defer tf.mu.Unlock()
	tf.states[address] = updated
	return !diagnostics.HasError()
}

func (tf *memoryTerraform) create(p *process, address string, config acctest.Values) bool {
	started := time.Now()
	plan, diagnostics := p.server.Plan(nil, config)
	if p.ended.Load() {
		return false
	}
	if diagnostics.HasError() {
		tf.note("plan "+address, started, diagnostics)
		return false
	}
	tf.mu.Lock()
	tf.pending[address] = true
	tf.creations++
	tf.mu.Unlock()
	tf.operations.Add(1)
	created, diagnostics := p.server.Apply(plan)
	if !p.alive() {
		tf.mu.Lock()
		defer tf.mu.Unlock()
		tf.lost = append(tf.lost, lostCreation{config, started, time.Now()})
		return false
	}
	tf.note("create "+address, started, diagnostics)
	tf.mu.Lock()
	defer tf.mu.Unlock()
	if diagnostics.HasError() {
		tf.failedCreations++
	}
	switch {
	case created == nil && !diagnostics.HasError():
		tf.t.Errorf("a creation of %s did nothing, and did not say so", address)
	case created != nil && diagnostics.HasError():
		tf.t.Errorf("a creation of %s tainted %v", address, created.Values["id"])
	case created != nil:
		tf.wantConsistent(address, plan, created)
		tf.states[address] = created
		tf.created[config["certificate"].(string)] = time.Now()
		delete(tf.pending, address)
		return true
	}
	return false
}

func (tf *memoryTerraform) remove(p *process, address string, state *acctest.State) bool {
	if !tf.destroy(p, address, state) {
		return false
	}
	tf.mu.Lock()
	defer tf.mu.Unlock()
	delete(tf.states, address)
	return true
}

func (tf *memoryTerraform) destroy(p *process, address string, state *acctest.State) bool {
	if p.ended.Load() {
		return false
	}
	tf.operations.Add(1)
	started := time.Now()
	tf.noteServed(state.Values["id"].(string))
	left, diagnostics := p.server.Destroy(state)
	if !p.alive() {
		return false
	}
	tf.note("destroy "+address, started, diagnostics)
	tf.mu.Lock()
	tf.deletions = append(tf.deletions, endedDeletion{state.Values["id"].(string), started, time.Now(), diagnostics})
	tf.mu.Unlock()
	if diagnostics.HasError() != (left != nil) {
		tf.t.Errorf("destroy %s: %v, %v", address, left, diagnostics)
	}
	if left == nil {
		tf.wantGone(state)
	}
	return left == nil
}

// wantConsistent fails like Terraform does if the result of an apply differs from its plan.
func (tf *memoryTerraform) wantConsistent(address string, plan acctest.Plan, state *acctest.State) {
	for name, planned := range plan.Values {
		if planned != acctest.Unknown && !reflect.DeepEqual(planned, state.Values[name]) {
			tf.t.Errorf("%s: %s was planned %v, and became %v", address, name, planned, state.Values[name])
		}
	}
}

func (tf *memoryTerraform) note(what string, started time.Time, diagnostics acctest.Diagnostics) {
	tf.mu.Lock()
	defer tf.mu.Unlock()
	tf.failed = tf.failed || diagnostics.HasError()
	for _, d := range diagnostics {
		detail := strings.ReplaceAll(d.Detail, "\n", " ")
		tf.said = append(tf.said, fmt.Sprintf("%s: %s: %s: %s", what, d.Severity, d.Summary, detail))
		tf.notes = append(tf.notes, note{text: d.Summary + "\n" + d.Detail, started: started, said: time.Now()})
	}
}
