package provider_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/elbaas/terraform-provider-elbaas/internal/acctest"
	"github.com/elbaas/terraform-provider-elbaas/internal/elbstub"
	"github.com/elbaas/terraform-provider-elbaas/internal/provider"
	"github.com/elbaas/terraform-provider-elbaas/internal/throwaway"
)

// What a run of TestChaos may be given: the seed of its first sequence, and how
// many operations it must reach.
const (
	chaosSeed       = "ELBAAS_CHAOS_SEED"
	chaosOperations = "ELBAAS_CHAOS_OPERATIONS"
)

// TestChaos goes through random histories of configurations that are applied while
// the cloud fails, others change what is in it, and the user interrupts and kills.
// Then the faults end: one apply, and the plan is empty, nothing is lost and
// nothing is twice.
func TestChaos(t *testing.T) {
	t.Parallel()
	seed, operations := rand.Uint64N(1e9), int64(400)
	if text := os.Getenv(chaosSeed); text != "" {
		seed, operations = parse(t, text), 1
	}
	if text := os.Getenv(chaosOperations); text != "" {
		operations = int64(parse(t, text))
	}
	t.Logf("the first seed is %d", seed)
	var done, faults atomic.Int64
	for began := seed; done.Load() < operations; {
		t.Run("from", func(t *testing.T) {
			for range 4 {
				s := seed
				seed++
				t.Run(strconv.FormatUint(s, 10), func(t *testing.T) {
					t.Parallel()
					synctest.Test(t, func(t *testing.T) {
						cloud, network := acctest.NewCloudInMemory(t, func(o *elbstub.Options) { o.Dialect = elbstub.NewDialect(int(s % elbstub.Dialects)) })
						tf := &memoryTerraform{t: t, cloud: cloud, network: network, ledger: newLedger()}
						newWorld(t, s, cloud, tf, tf.ledger).live(12)
						done.Add(tf.operations.Load())
						faults.Add(countFaults(cloud))
					})
				})
				if operations == 1 {
					return
				}
			}
		})
		if t.Failed() {
			t.Logf("the sequences from %d to %d had failures; one is replayed with %s=N", began, seed-1, chaosSeed)
			return
		}
	}
	if operations > 1 && faults.Load() == 0 {
		t.Error("nothing failed")
	}
	t.Logf("%d operations in the sequences up to %d, with %d faults", done.Load(), seed-1, faults.Load())
}

func parse(t *testing.T, text string) uint64 {
	t.Helper()
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// A world is a cloud, a user of Terraform, and others who use the cloud.
type world struct {
	t         *testing.T
	random    *rand.Rand
	cloud     *acctest.Cloud
	terraform runner
	ledger    *ledger // of terraform
	pairs     []throwaway.Pair
	// strangers are what others have put into the cloud, by id.
	strangers map[string]elbstub.Certificate
	listeners []string
	history   []string
	mu        sync.Mutex // of what happens in between
}

// A runner of Terraform applies the configurations of a ledger.
type runner interface {
	// apply lets something interfere with the provider that makes the changes.
	apply(interfere func(*process))
	// planned returns what a plan would change.
	planned() []string
}

// A ledger is what Terraform is given and what it keeps. Its maps are by address.
type ledger struct {
	configs map[string]acctest.Values
	first   map[string]bool // create_before_destroy

	mu      sync.Mutex
	states  map[string]*acctest.State
	deposed map[string][]*acctest.State
	// pending are addresses for which a creation was begun that did not end well.
	pending map[string]bool
	// named are the ids that the diagnostics of creations had.
	named  map[string]bool
	said   []string // by the last apply
	failed bool     // the last apply
}

func newLedger() *ledger {
	return &ledger{
		configs: map[string]acctest.Values{}, first: map[string]bool{}, states: map[string]*acctest.State{},
		deposed: map[string][]*acctest.State{}, pending: map[string]bool{}, named: map[string]bool{},
	}
}

// ids returns the certificates in the state.
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

func newWorld(t *testing.T, seed uint64, cloud *acctest.Cloud, tf runner, l *ledger) *world {
	t.Helper()
	w := &world{t: t, random: rand.New(rand.NewPCG(seed, 0)), cloud: cloud, terraform: tf, ledger: l, strangers: map[string]elbstub.Certificate{}}
	for range 3 {
		w.pairs = append(w.pairs, acctest.NewPair(t))
	}
	cloud.Disturb(elbstub.Storm{Seed: seed, Percent: 30})
	return w
}

// settled is when lists of another process show what was done (documented).
const settled = 10 * time.Second

// live lets the world go its way for so many applies, and then looks at what has
// become of it.
func (w *world) live(applies int) {
	w.t.Helper()
	defer func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		if w.t.Failed() {
			w.t.Log("what happened:\n" + strings.Join(w.history, "\n"))
		}
	}()
	for range applies {
		for range 1 + w.random.IntN(3) {
			w.change()
		}
		if w.random.IntN(3) == 0 {
			w.meddle(w.random.Uint64())
		}
		time.Sleep(settled)
		w.say("apply")
		w.terraform.apply(w.interference())
		w.say("%s", strings.Join(w.ledger.said, "\n\t"))
		if w.t.Failed() {
			return
		}
	}
	w.cloud.Disturb(elbstub.Storm{})
	w.say("the faults end")
	time.Sleep(2 * settled) // in which what others do comes to its end
	w.mu.Lock()
	for _, listener := range w.listeners {
		w.cloud.Hangup(listener)
	}
	w.mu.Unlock()
	w.terraform.apply(func(*process) {})
	if w.say("%s", strings.Join(w.ledger.said, "\n\t")); w.ledger.failed {
		w.t.Error("an apply without faults failed")
	}
	time.Sleep(settled)
	w.judge()
}

func (w *world) say(format string, arguments ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.history = append(w.history, time.Now().Format("04:05.000 ")+fmt.Sprintf(format, arguments...))
}

// change changes the configuration. What may have been created without being
// known stays in it as it is: the provider says to apply it again.
func (w *world) change() {
	address := string(rune('a' + w.random.IntN(5)))
	config, configured := w.ledger.configs[address]
	switch {
	case w.ledger.pending[address]:
		return
	case !configured:
		config = acctest.Values{}
		pair := w.pairs[w.random.IntN(len(w.pairs))]
		config["certificate"], config["private_key"] = pair.Certificate, pair.PrivateKey
		w.ledger.first[address] = w.random.IntN(2) == 0
	case w.random.IntN(5) == 0:
		delete(w.ledger.configs, address)
		w.say("%s is taken out", address)
		return
	default:
		config = maps.Clone(config)
	}
	optional := func(name string, values ...string) {
		if n := w.random.IntN(len(values) + 1); n < len(values) {
			config[name] = values[n]
		} else {
			delete(config, name)
		}
	}
	switch w.random.IntN(5) {
	case 0, 1:
		optional("name", "one", "two", "three")
	case 2:
		optional("description", "", "this", "that")
	case 3:
		optional("domain", "www.example.com")
	case 4:
		pair := w.pairs[w.random.IntN(len(w.pairs))]
		config["certificate"], config["private_key"] = pair.Certificate, pair.PrivateKey
	}
	w.ledger.configs[address] = config
	said := maps.Clone(config)
	delete(said, "private_key")
	said["certificate"] = slices.IndexFunc(w.pairs, func(p throwaway.Pair) bool { return p.Certificate == config["certificate"] })
	w.say("%s is configured %v, create_before_destroy %t", address, said, w.ledger.first[address])
}

// meddle is what others do.
func (w *world) meddle(choice uint64) {
	random := rand.New(rand.NewPCG(choice, 0))
	ours := w.ledger.ids()
	switch what := random.IntN(6); {
	case what == 0: // somebody may have the same certificate
		pair := w.pairs[random.IntN(len(w.pairs))]
		stranger := elbstub.Certificate{
			ProjectID: acctest.ProjectID, Name: []string{"one", "other"}[random.IntN(2)],
			Certificate: pair.Certificate, PrivateKey: pair.PrivateKey,
		}
		id := w.cloud.Add(stranger)
		w.say("somebody adds %s", id)
		w.mu.Lock()
		w.strangers[id] = stranger
		w.mu.Unlock()
	case len(ours) == 0:
	case what == 1:
		id := ours[random.IntN(len(ours))]
		w.say("somebody removes %s: %t", id, w.cloud.Remove(id))
	case what < 4:
		id := ours[random.IntN(len(ours))]
		w.say("somebody renames %s: %t", id, w.cloud.Change(id, func(cert *elbstub.Certificate) { cert.Name, cert.Description = "theirs", "theirs" }))
	default:
		id := ours[random.IntN(len(ours))]
		listener := w.cloud.Listen(elbstub.Listener{ProjectID: acctest.ProjectID, Name: "web", CertificateID: id})
		held := time.Duration(random.IntN(900)) * time.Second
		w.say("a listener holds %s for %s", id, held)
		w.mu.Lock()
		w.listeners = append(w.listeners, listener)
		w.mu.Unlock()
		time.AfterFunc(held, func() { w.cloud.Hangup(listener) })
	}
}

// interference is what happens while a configuration is applied.
func (w *world) interference() func(*process) {
	after := time.Duration(w.random.IntN(20_000)) * time.Millisecond
	if w.random.IntN(2) == 0 {
		after /= 20
	}
	choice := w.random.Uint64()
	switch w.random.IntN(6) {
	case 0:
		return func(p *process) { time.AfterFunc(after, func() { w.say("interrupt"); p.interrupt() }) }
	case 1:
		return func(p *process) { time.AfterFunc(after, func() { w.say("kill"); p.kill() }) }
	case 2:
		return func(*process) {
			time.AfterFunc(after, func() {
				// A stranger who creates the same at the same time cannot be told from us (documented).
				if rand.New(rand.NewPCG(choice, 0)).IntN(6) > 0 {
					w.meddle(choice)
				}
			})
		}
	}
	return func(*process) {}
}

// judge compares the world with the model.
func (w *world) judge() {
	w.t.Helper()
	tf := w.ledger
	if planned := w.terraform.planned(); len(planned) > 0 {
		w.t.Errorf("the plan is not empty: %v", planned)
	}
	held := map[string]string{}
	there := map[string]elbstub.Certificate{}
	for _, cert := range w.cloud.Certificates(acctest.ProjectID) {
		there[cert.ID] = cert
	}
	for address, config := range tf.configs {
		state := tf.states[address]
		if state == nil {
			w.t.Errorf("%s is not in the state", address)
			continue
		}
		id := state.Values["id"].(string)
		if other, twice := held[id]; twice {
			w.t.Errorf("%s and %s are both certificate %s", address, other, id)
		}
		held[id] = address
		cert, exists := there[id]
		if !exists {
			w.t.Errorf("certificate %s of %s does not exist", id, address)
			continue
		}
		description, _ := config["description"].(string)
		if name, named := config["name"]; named && cert.Name != name || cert.Description != description {
			w.t.Errorf("certificate %s is %q, %q, but configured %v, %q", id, cert.Name, cert.Description, name, description)
		}
		if strings.TrimSpace(cert.PrivateKey) != strings.TrimSpace(config["private_key"].(string)) {
			w.t.Errorf("certificate %s has another key than %s", id, address)
		}
	}
	for address, state := range tf.states {
		if _, configured := tf.configs[address]; !configured {
			w.t.Errorf("%s is still in the state: %v", address, state.Values["id"])
		}
	}
	for address, states := range tf.deposed {
		if len(states) > 0 {
			w.t.Errorf("%s still has %d deposed objects", address, len(states))
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for id, stranger := range w.strangers {
		cert, exists := there[id]
		if !exists || cert.Name != stranger.Name || cert.Certificate != stranger.Certificate {
			w.t.Errorf("the stranger's certificate %s was touched: %t, %q", id, exists, cert.Name)
		}
	}
	for id, cert := range there {
		if _, stranger := w.strangers[id]; held[id] == "" && !stranger && !tf.named[id] {
			w.t.Errorf("nobody has named certificate %s (%q)", id, cert.Name)
		}
	}
}

// countFaults counts the calls that failed.
func countFaults(cloud *acctest.Cloud) int64 {
	var faults int64
	for _, call := range cloud.Journal() {
		if call.Status == 0 || call.Status >= 429 {
			faults++
		}
	}
	return faults
}

// memoryTerraform does what Terraform does, without it.
type memoryTerraform struct {
	*ledger

	t          *testing.T
	cloud      *acctest.Cloud
	network    *elbstub.Network
	operations atomic.Int64
}

// A process is a provider that was started.
type process struct {
	server *acctest.Server
	ended  atomic.Bool // Terraform begins nothing new

	mu          sync.Mutex
	network     *elbstub.Network
	connections []net.Conn
	killed      bool
}

func (tf *memoryTerraform) start() *process {
	tf.t.Helper()
	p := &process{network: tf.network}
	now := time.Now() // what is signed today does not end today
	p.server = acctest.NewServer(tf.t, provider.New("test", provider.WithDialer(p.dial), provider.WithClock(func() time.Time { return now }))(), acctest.Values{
		"endpoint": tf.cloud.Endpoint, "auth_url": tf.cloud.AuthURL, "project_id": acctest.ProjectID, "insecure": true,
		"user_name": acctest.UserName, "password": acctest.Password, "domain_name": acctest.Domain,
	})
	return p
}

func (p *process) dial(ctx context.Context, network, address string) (net.Conn, error) {
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

// interrupt is Ctrl-C.
func (p *process) interrupt() {
	p.ended.Store(true)
	p.server.Stop()
}

// kill takes the network away and forgets whatever is answered from now on.
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
func (tf *memoryTerraform) planned() []string {
	var planned []string
	p := tf.start()
	for address, config := range tf.configs {
		state := tf.states[address]
		if state == nil {
			planned = append(planned, "+ "+address)
			continue
		}
		plan, diagnostics := p.server.Plan(state, config)
		if len(diagnostics) > 0 || !reflect.DeepEqual(plan.Values, state.Values) {
			planned = append(planned, fmt.Sprint("~ ", address, diagnostics, plan.Values, state.Values))
		}
	}
	return planned
}

// apply is terraform apply: a refresh with one process, and, if that went well,
// the changes with another one, which is interfered with.
func (tf *memoryTerraform) apply(interfere func(*process)) {
	tf.t.Helper()
	tf.said, tf.failed = nil, false
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
	walk.Wait()
	if tf.failed {
		return
	}
	writer := tf.start()
	interfere(writer)
	for address := range addresses {
		walk.Go(func() { tf.change(writer, address) })
	}
	walk.Wait()
}

func (tf *memoryTerraform) read(p *process, address string, state *acctest.State) *acctest.State {
	tf.operations.Add(1)
	read, diagnostics := p.server.Read(state)
	tf.note("read "+address, diagnostics)
	switch {
	case diagnostics.HasError():
		return state
	case read == nil:
		tf.wantGone(state)
	}
	return read
}

// wantGone fails if something leaves the state that is there.
func (tf *memoryTerraform) wantGone(state *acctest.State) {
	for _, cert := range tf.cloud.Certificates(acctest.ProjectID) {
		if cert.ID == state.Values["id"] {
			tf.t.Errorf("certificate %s left the state, but is there", cert.ID)
		}
	}
}

// change does to one address what the plan says.
func (tf *memoryTerraform) change(p *process, address string) {
	if p.ended.Load() {
		return
	}
	tf.mu.Lock()
	state, deposed := tf.states[address], slices.Clone(tf.deposed[address])
	tf.mu.Unlock()
	for _, old := range deposed {
		if tf.destroy(p, address, old) {
			tf.mu.Lock()
			tf.deposed[address] = slices.DeleteFunc(tf.deposed[address], func(s *acctest.State) bool { return s == old })
			tf.mu.Unlock()
		}
	}
	config, configured := tf.configs[address]
	switch {
	case configured && state == nil:
		tf.create(p, address, config)
		return
	case !configured && state != nil:
		tf.remove(p, address, state)
		return
	case !configured:
		return
	}
	plan, diagnostics := p.server.Plan(state, config)
	tf.note("plan "+address, diagnostics)
	switch {
	case diagnostics.HasError(), reflect.DeepEqual(plan.Values, state.Values), p.ended.Load():
	case len(plan.Replace) == 0:
		tf.operations.Add(1)
		updated, diagnostics := p.server.Apply(plan)
		if !p.alive() {
			return
		}
		tf.note("update "+address, diagnostics)
		if updated == nil {
			tf.t.Errorf("an update of %s took it out of the state", address)
			return
		}
		if !diagnostics.HasError() {
			tf.wantConsistent(address, plan, updated)
		}
		tf.mu.Lock()
		tf.states[address] = updated
		tf.mu.Unlock()
	case tf.first[address]:
		if tf.create(p, address, config) {
			tf.mu.Lock()
			tf.deposed[address] = append(tf.deposed[address], state)
			tf.mu.Unlock()
			if tf.destroy(p, address, state) {
				tf.mu.Lock()
				tf.deposed[address] = slices.DeleteFunc(tf.deposed[address], func(s *acctest.State) bool { return s == state })
				tf.mu.Unlock()
			}
		}
	default:
		if tf.remove(p, address, state) {
			tf.create(p, address, config)
		}
	}
}

func (tf *memoryTerraform) create(p *process, address string, config acctest.Values) bool {
	plan, diagnostics := p.server.Plan(nil, config)
	if p.ended.Load() {
		return false
	}
	if diagnostics.HasError() {
		tf.note("plan "+address, diagnostics)
		return false
	}
	tf.mu.Lock()
	tf.pending[address] = true
	tf.mu.Unlock()
	tf.operations.Add(1)
	created, diagnostics := p.server.Apply(plan)
	if !p.alive() {
		return false
	}
	tf.note("create "+address, diagnostics)
	tf.mu.Lock()
	defer tf.mu.Unlock()
	for _, d := range diagnostics {
		for _, id := range anID.FindAllString(d.Summary+d.Detail, -1) {
			tf.named[id] = true
		}
	}
	switch {
	case created == nil && !diagnostics.HasError():
		tf.t.Errorf("a creation of %s did nothing, and did not say so", address)
	case created != nil && diagnostics.HasError():
		tf.t.Errorf("a creation of %s tainted %v", address, created.Values["id"])
	case created != nil:
		tf.wantConsistent(address, plan, created)
		tf.states[address] = created
		delete(tf.pending, address)
		return true
	}
	return false
}

var anID = regexp.MustCompile(`\b[0-9a-f]{32}\b`)

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
	left, diagnostics := p.server.Destroy(state)
	if !p.alive() {
		return false
	}
	tf.note("destroy "+address, diagnostics)
	if diagnostics.HasError() != (left != nil) {
		tf.t.Errorf("destroy %s: %v, %v", address, left, diagnostics)
	}
	if left == nil {
		tf.wantGone(state)
	}
	return left == nil
}

// wantConsistent fails where Terraform would: what was planned did not come.
func (tf *memoryTerraform) wantConsistent(address string, plan acctest.Plan, state *acctest.State) {
	for name, planned := range plan.Values {
		if planned != acctest.Unknown && !reflect.DeepEqual(planned, state.Values[name]) {
			tf.t.Errorf("%s: %s was planned %v, and became %v", address, name, planned, state.Values[name])
		}
	}
}

func (tf *memoryTerraform) note(what string, diagnostics acctest.Diagnostics) {
	tf.mu.Lock()
	defer tf.mu.Unlock()
	tf.failed = tf.failed || diagnostics.HasError()
	for _, d := range diagnostics {
		tf.said = append(tf.said, fmt.Sprintf("%s: %s: %s: %s", what, d.Severity, d.Summary, strings.ReplaceAll(d.Detail, "\n", " ")))
	}
}
