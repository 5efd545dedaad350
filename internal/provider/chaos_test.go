package provider_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
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
	"github.com/elbaas/terraform-provider-elbaas/internal/throwaway"
)

// The environment variables for TestChaos: the seed of its first sequence, and the minimum number of operations.
const (
	chaosSeed       = "ELBAAS_CHAOS_SEED"
	chaosOperations = "ELBAAS_CHAOS_OPERATIONS"
)

// addresses are the addresses that may be configured.
var addresses = []string{"a", "b", "c", "d", "e"}

// chaosPercent is the percentage of calls that fail.
const chaosPercent = 30

// TestChaos goes through random histories: one process after another applies configurations, while the cloud fails and
// its lists lag, others change what is in it, and the user interrupts or kills the run. In between are mild spells, in
// which only creations fail, so that it is known what each apply must do. In the end, without faults, one apply must
// lead to an empty plan, with nothing lost and nothing duplicated.
func TestChaos(t *testing.T) {
	t.Parallel()
	seed, operations := rand.Uint64N(1e9), int64(400)
	if text := os.Getenv(chaosSeed); text != "" {
		seed, operations = parseNumber(t, text), 1
	}
	if text := os.Getenv(chaosOperations); text != "" {
		operations = int64(parseNumber(t, text))
	}
	t.Logf("the first seed is %d", seed)
	var done, faults, refused, switches atomic.Int64
	for started := seed; done.Load() < operations; {
		t.Run("from", func(t *testing.T) {
			for range 4 {
				s := seed
				seed++
				t.Run(strconv.FormatUint(s, 10), func(t *testing.T) {
					t.Parallel()
					synctest.Test(t, func(t *testing.T) {
						w := newMemoryWorld(t, s)
						w.live(12)
						done.Add(w.memory.operations.Load())
						faults.Add(countFaults(w.cloud))
						refused.Add(w.refused)
						switches.Add(countSwitches(w.cloud))
					})
				})
				if operations == 1 {
					return
				}
			}
		})
		if t.Failed() {
			t.Logf("the sequences from %d to %d had failures; one is replayed with %s=N", started, seed-1, chaosSeed)
			return
		}
	}
	if operations > 1 && faults.Load() == 0 {
		t.Error("nothing failed")
	}
	t.Logf("%d operations in the sequences up to %d, with %d faults; %d deletions waited for a listener, %d switches "+
		"of listeners",
		done.Load(), seed-1, faults.Load(), refused.Load(), switches.Load())
}

func parseNumber(t *testing.T, text string) uint64 {
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
	seed      uint64
	random    *rand.Rand
	cloud     *Cloud
	storm     *storm
	behavior  behavior
	terraform runner
	memory    *memoryTerraform // the same as terraform, or nil with the real CLI
	ledger    *ledger          // that of terraform
	pairs     []throwaway.Pair
	// needsPause says that something has happened that the lists of the next process may show only in part, and that no
	// state shows.
	needsPause bool
	refused    int64 // deletions that waited for a listener in a mild spell

	mu sync.Mutex // guards what changes during an apply
	// strangers are the certificates that others have added to the cloud, by ID.
	strangers map[string]elbstub.Certificate
	holds     []hold
	history   []string
}

// A behavior is how a cloud behaves in addition to its dialect.
type behavior struct {
	listLag, holdLag, certificateLag time.Duration
	// counts is whether lists have a total. Without one, no client could notice that a list is incomplete.
	counts bool
	// keep changes the texts of a certificate as the cloud stores them. nil means that it changes nothing.
	keep func(*elbstub.Certificate)
	// names and descriptions are the values that are configured.
	names, descriptions []string
}

// plainBehavior is that of a cloud whose lists do not lag, and that stores what it is sent.
func plainBehavior() behavior {
	return behavior{counts: true, names: []string{"one", "two", "three"}, descriptions: []string{"", "this", "that"}}
}

// behaviorOf returns a random behavior. For a third of them, lists do not lag; a quarter does not store every text as
// it is sent.
func behaviorOf(seed uint64) behavior {
	random, n := rand.New(rand.NewPCG(seed, 1)), plainBehavior()
	n.counts = dialectOf(seed).Count != elbstub.CountAbsent
	if random.IntN(3) > 0 {
		n.listLag = time.Duration(1+random.IntN(4500)) * time.Millisecond
	}
	if random.IntN(2) == 0 {
		n.holdLag = time.Duration(1+random.IntN(4000)) * time.Millisecond
	}
	if random.IntN(2) == 0 {
		n.certificateLag = time.Duration(1+random.IntN(4000)) * time.Millisecond
	}
	switch random.IntN(8) {
	case 0:
		n.keep, n.descriptions[2] = elbstub.TrimTexts, " that "
	case 1:
		n.keep, n.names[2] = elbstub.LowerTexts, "Three"
	}
	return n
}

func dialectOf(seed uint64) elbstub.Dialect { return elbstub.NewDialect(int(seed % elbstub.Dialects)) }

// kept returns the name and the description that the cloud stores for a configuration.
func (n behavior) kept(config acctest.Values) (name, description string) {
	var cert elbstub.Certificate
	cert.Name, _ = config["name"].(string)
	cert.Description, _ = config["description"].(string)
	if n.keep != nil {
		n.keep(&cert)
	}
	return cert.Name, cert.Description
}

// alters reports whether the cloud stores other texts than the configured ones. In that case no plan is empty, and each
// apply fails.
func (n behavior) alters(config acctest.Values) bool {
	name, description := n.kept(config)
	configuredName, _ := config["name"].(string)
	configuredDescription, _ := config["description"].(string)
	return name != configuredName || description != configuredDescription
}

// A hold is the period in which a listener holds a certificate.
type hold struct {
	id, listener string
	from, until  time.Time
}

func newWorld(t *testing.T, seed uint64, cloud *Cloud, n behavior, tf runner, l *ledger) *world {
	t.Helper()
	w := &world{
		t: t, seed: seed, random: rand.New(rand.NewPCG(seed, 0)), cloud: cloud, behavior: n,
		storm:     newStorm(cloud, n.counts),
		terraform: tf, ledger: l, strangers: map[string]elbstub.Certificate{},
	}
	for range 4 {
		w.pairs = append(w.pairs, NewPair())
	}
	w.storm.begin(w.strength())
	return w
}

// newMemoryWorld returns a world without the CLI, in which time is fake.
func newMemoryWorld(t *testing.T, seed uint64) *world {
	t.Helper()
	n := behaviorOf(seed)
	cloud, network := NewCloudInMemory(t, func(o *elbstub.Options) {
		o.Dialect = dialectOf(seed)
		o.Seed, o.ListLag, o.HoldLag, o.CertificateLag, o.Keep = seed, n.listLag, n.holdLag, n.certificateLag, n.keep
	})
	tf := &memoryTerraform{t: t, cloud: cloud, network: network, ledger: newLedger(), created: map[string]time.Time{}}
	w := newWorld(t, seed, cloud, n, tf, tf.ledger)
	w.memory, tf.storm = tf, w.storm
	w.addListeners()
	w.say("dialect %d, lists lag %s, holds lag %s, new certificates lag %s, names %q, descriptions %q",
		seed%elbstub.Dialects, n.listLag, n.holdLag, n.certificateLag, n.names, n.descriptions)
	return w
}

// strength is that of the storm in which all calls fail at random.
func (w *world) strength() strength { return strength{seed: w.seed, percent: chaosPercent} }

// catchUp is the time after which the lists of another process show everything that was done, and late commits have
// happened (documented).
const catchUp = 10 * time.Second

// live applies that many times, with faults, and then checks the result.
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
		w.configure()
		if w.random.IntN(3) == 0 {
			w.meddle(w.random.Uint64())
			w.needsPause = true
		}
		w.pause()
		w.say("apply")
		w.terraform.apply(w.interference())
		w.say("%s", strings.Join(w.ledger.said, "\n\t"))
		if w.memory != nil {
			w.judgeServed()
		}
		if w.memory != nil && !w.t.Failed() && w.random.IntN(2) == 0 {
			w.mildSpell()
		}
		if w.t.Failed() {
			return
		}
	}
	w.end()
	w.judge()
}

// end ends the faults and the changes by others, and applies once more.
func (w *world) end() {
	w.t.Helper()
	w.storm.begin(strength{})
	w.say("the faults end")
	time.Sleep(2 * catchUp) // until others have finished
	w.mu.Lock()
	for _, h := range w.holds {
		w.cloud.Remove(h.listener)
	}
	w.mu.Unlock()
	time.Sleep(catchUp) // until the backend of deletions knows of it
	w.terraform.apply(func(*process) {})
	w.say("%s", strings.Join(w.ledger.said, "\n\t"))
	if w.ledger.failed && len(w.altered()) == 0 {
		w.t.Error("an apply without faults failed")
	}
}

// altered returns the addresses whose configured texts the cloud does not store.
func (w *world) altered() []string {
	return slices.DeleteFunc(slices.Clone(addresses), func(address string) bool { return !w.isAltered(address) })
}

// isAltered reports whether the cloud does not store the configured texts of an address. Each update of the certificate
// then fails, so Terraform neither switches its listener nor deletes its deposed objects.
func (w *world) isAltered(address string) bool {
	config, configured := w.ledger.configs[address]
	return configured && w.behavior.alters(config)
}

// pause lets time pass before an apply that could otherwise not know what it must know.
func (w *world) pause() {
	if w.memory == nil || w.needsPause || w.memory.createsAgain(w.say) {
		time.Sleep(catchUp)
	}
	w.needsPause = false
}

func (w *world) say(format string, arguments ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.history = append(w.history, time.Now().Format("04:05.000 ")+fmt.Sprintf(format, arguments...))
}

// configure makes some changes to the configuration.
func (w *world) configure() {
	for range 1 + w.random.IntN(3) {
		w.change()
	}
}

// change makes one change to the configuration. The configuration of a certificate that may exist without being in the
// state stays as it is, because the provider says to apply it again.
func (w *world) change() {
	address := addresses[w.random.IntN(len(addresses))]
	config, configured := w.ledger.configs[address]
	switch {
	case w.ledger.pending[address] || w.isPending(address):
		return
	case !configured:
		config = acctest.Values{}
		pair := w.pairs[w.random.IntN(len(w.pairs))]
		config["certificate"], config["private_key"] = pair.Certificate, pair.PrivateKey
		if w.behavior.keep != nil { // an update that is stored differently never shows
			config["timeouts"] = acctest.Values{"update": "30s"}
		}
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
	switch w.random.IntN(6) {
	case 5:
		w.chooseListener(address)
		return
	case 0, 1:
		optional("name", w.behavior.names...)
	case 2:
		optional("description", w.behavior.descriptions...)
	case 3:
		optional("domain", "www.example.com")
	case 4:
		pair := w.pairs[w.random.IntN(len(w.pairs))]
		config["certificate"], config["private_key"] = pair.Certificate, pair.PrivateKey
	}
	duplicates := []string{address}
	if !configured && w.random.IntN(3) == 0 {
		duplicates = append(duplicates, w.unused(address)...)
	}
	for _, address := range duplicates {
		if !configured {
			w.ledger.first[address] = w.random.IntN(2) == 0
			w.chooseListener(address)
		}
		w.ledger.configs[address] = maps.Clone(config)
		w.say("%s is configured %v, create_before_destroy %t", address, w.described(config), w.ledger.first[address])
	}
}

// unused returns further addresses, which may get the same configuration at the same time.
func (w *world) unused(besides string) []string {
	var unused []string
	for _, address := range addresses {
		_, configured := w.ledger.configs[address]
		if address != besides && !configured && !w.ledger.pending[address] && w.random.IntN(2) == 0 {
			unused = append(unused, address)
		}
	}
	return unused
}

// described returns a configuration for the log.
func (w *world) described(config acctest.Values) acctest.Values {
	said := maps.Clone(config)
	delete(said, "private_key")
	isOf := func(p throwaway.Pair) bool { return p.Certificate == config["certificate"] }
	said["certificate"] = slices.IndexFunc(w.pairs, isOf)
	return said
}

// meddle makes a change that somebody else makes.
func (w *world) meddle(choice uint64) {
	random := rand.New(rand.NewPCG(choice, 0))
	ours := w.ledger.ids()
	switch what := random.IntN(8); {
	case what == 0: // somebody may have the same certificate
		w.addStranger(random)
	case what > 5:
		w.meddleWithListener(random)
	case len(ours) == 0:
	case what == 1:
		id := ours[random.IntN(len(ours))]
		if w.isServed(id) {
			return // the cloud would refuse that
		}
		w.say("somebody removes %s: %t", id, w.cloud.Remove(id))
	case what < 4:
		id := ours[random.IntN(len(ours))]
		rename := func(cert *elbstub.Certificate) { cert.Name, cert.Description = "theirs", "theirs" }
		w.say("somebody renames %s: %t", id, w.cloud.Change(id, rename))
	default:
		w.attachListener(random, ours[random.IntN(len(ours))])
	}
}

// addStranger lets somebody add a certificate, and returns its ID.
func (w *world) addStranger(random *rand.Rand) string {
	pair := w.pairs[random.IntN(len(w.pairs))]
	stranger := elbstub.Certificate{
		ProjectID: ProjectID, Name: []string{"one", "other"}[random.IntN(2)],
		Certificate: pair.Certificate, PrivateKey: pair.PrivateKey,
	}
	id := w.cloud.Add(stranger)
	w.say("somebody adds %s", id)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.strangers[id] = stranger
	return id
}

// attachListener lets a listener hold a certificate for a while, as its own or for SNI.
func (w *world) attachListener(random *rand.Rand, id string) {
	holder := elbstub.Listener{ProjectID: ProjectID, Name: "web", CertificateID: id}
	if random.IntN(2) == 0 {
		holder.CertificateID, holder.SNI = "", []string{id}
	}
	lasts := time.Duration(random.IntN(900)) * time.Second
	h := hold{id: id, listener: w.cloud.AddListener(holder), from: time.Now(), until: time.Now().Add(lasts)}
	w.say("listener %s holds %s for %s", h.listener, id, lasts)
	w.mu.Lock()
	w.holds = append(w.holds, h)
	w.mu.Unlock()
	time.AfterFunc(lasts, func() { w.cloud.Remove(h.listener) })
}

// interference returns what happens during the next apply.
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
		w.needsPause = true // lists show only later what the killed process has created (documented)
		return func(p *process) { time.AfterFunc(after, func() { w.say("kill"); p.kill() }) }
	case 2:
		w.needsPause = true
		return func(*process) {
			time.AfterFunc(after, func() {
				// An identical certificate that somebody else creates at the same time cannot be told from ours
				// (documented).
				if rand.New(rand.NewPCG(choice, 0)).IntN(6) > 0 {
					w.meddle(choice)
				}
			})
		}
	}
	return func(*process) {}
}

// judge compares the cloud and the state with the model.
func (w *world) judge() {
	w.t.Helper()
	tf := w.ledger
	w.judgePlan()
	w.judgeListeners()
	held := map[string]string{}
	there := map[string]elbstub.Certificate{}
	for _, cert := range w.cloud.Certificates(ProjectID) {
		there[cert.ID] = cert
	}
	for address, config := range tf.configs {
		state := tf.states[address]
		if state == nil {
			w.t.Errorf("%s is not in the state", address)
			continue
		}
		id := state.Values["id"].(string)
		if other, isDuplicate := held[id]; isDuplicate {
			w.t.Errorf("%s and %s are both certificate %s", address, other, id)
		}
		held[id] = address
		cert, exists := there[id]
		if !exists {
			w.t.Errorf("certificate %s of %s does not exist", id, address)
			continue
		}
		name, description := w.behavior.kept(config)
		if _, named := config["name"]; named && cert.Name != name || cert.Description != description {
			w.t.Errorf("certificate %s is %q, %q, but %v, %q is configured",
				id, cert.Name, cert.Description, config["name"], description)
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
		if len(states) > 0 && !w.isAltered(address) {
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
	for address, states := range tf.deposed {
		for _, state := range states {
			held[state.Values["id"].(string)] = address
		}
	}
	for id, cert := range there {
		if _, stranger := w.strangers[id]; held[id] == "" && !stranger && !w.names(cert) && !w.lostAltered(cert) {
			w.t.Errorf("nobody has named certificate %s (%q)", id, cert.Name)
		}
	}
}

// names reports whether a diagnostic names a certificate, perhaps by the name that was sent and that the cloud has
// changed.
func (w *world) names(cert elbstub.Certificate) bool {
	if w.ledger.names(cert) {
		return true
	}
	for _, name := range w.behavior.names {
		kept, _ := w.behavior.kept(acctest.Values{"name": name})
		sent := cert
		if sent.Name = name; kept == cert.Name && w.ledger.names(sent) {
			return true
		}
	}
	return false
}

// lostAltered reports whether a killed provider may have created a certificate with texts that the cloud does not
// store. The next process does not recognize it as identical.
func (w *world) lostAltered(cert elbstub.Certificate) bool {
	return slices.ContainsFunc(w.ledger.lost, func(l lostCreation) bool {
		meant := !cert.CreateTime.Before(l.started) && cert.CreateTime.Before(l.ended.Add(catchUp))
		return meant && w.behavior.alters(l.config)
	})
}

// judgePlan lets another process plan immediately. It may plan nothing but the texts that the cloud does not store.
func (w *world) judgePlan() {
	w.t.Helper()
	for address, planned := range w.terraform.planned() {
		certificate, isListener := strings.CutPrefix(address, "the listener of ")
		if !w.isAltered(certificate) || !isListener && planned != inPlace {
			w.t.Errorf("the plan is not empty: %s %s", address, planned)
		}
	}
}

// countFaults counts the calls that failed.
func countFaults(cloud *Cloud) int64 {
	var faults int64
	for _, call := range cloud.Journal() {
		if call.Status == 0 || call.Status >= 429 {
			faults++
		}
	}
	return faults
}
