package provider_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"reflect"
	"slices"
	"time"

	"github.com/elbaas/terraform-provider-elbaas/internal/acctest"
	"github.com/elbaas/terraform-provider-elbaas/internal/elbstub"
)

// listeners are the listeners whose certificates Terraform manages, one for each address. The maps
// are by address.
type listeners struct {
	// ids are the IDs of the listeners. fallback is the certificate that they have in the
	// beginning, and that they are switched to on destroy.
	ids      map[string]string
	fallback string
	// serves are the addresses whose certificate is configured for their listener.
	serves map[string]bool
	states map[string]*acctest.State
	// pending are the addresses whose listener may have been switched by a creation that failed, so
	// that no state shows it.
	pending map[string]bool
	// replace are the addresses that the next apply replaces, as with -replace. first says whether
	// it creates before it destroys.
	replace, first map[string]bool
}

// addListeners adds a listener for each address to the cloud.
func (w *world) addListeners() {
	w.t.Helper()
	pair := NewPair()
	fallback := elbstub.Certificate{
		ProjectID: ProjectID, Name: "fallback", Certificate: pair.Certificate, PrivateKey: pair.PrivateKey,
	}
	l := &w.memory.listeners
	l.fallback = w.cloud.Add(fallback)
	w.strangers[l.fallback] = fallback
	l.ids, l.serves = map[string]string{}, map[string]bool{}
	l.states, l.pending = map[string]*acctest.State{}, map[string]bool{}
	for _, address := range addresses {
		l.ids[address] = w.cloud.AddListener(elbstub.Listener{
			ProjectID: ProjectID, Name: "listener-" + address, CertificateID: l.fallback,
		})
	}
	w.say("the listeners are %v", l.ids)
}

// chooseListener decides whether the listener of an address serves its certificate, which requires
// create_before_destroy (documented).
func (w *world) chooseListener(address string) {
	if w.memory == nil || w.isPending(address) {
		return
	}
	serves := w.random.IntN(3) > 0
	w.memory.listeners.serves[address] = serves
	w.ledger.first[address] = w.ledger.first[address] || serves
	w.say("the listener of %s serves its certificate: %t", address, serves)
}

// replaceListeners lets the next apply replace some of the certificates of listeners.
func (w *world) replaceListeners() {
	l := &w.memory.listeners
	l.replace, l.first = map[string]bool{}, map[string]bool{}
	for _, address := range addresses {
		if l.states[address] != nil && w.random.IntN(6) == 0 {
			l.replace[address], l.first[address] = true, w.random.IntN(2) == 0
			w.say("the listener of %s is replaced, create_before_destroy %t", address, l.first[address])
		}
	}
}

// meddleWithListener lets somebody rename a listener, or switch it to the fallback.
func (w *world) meddleWithListener(random *rand.Rand) {
	if w.memory == nil {
		return
	}
	address := addresses[random.IntN(len(addresses))]
	l := &w.memory.listeners // not a copy: other fields change at the same time
	if random.IntN(2) == 0 {
		w.say("somebody renames the listener of %s", address)
		w.cloud.ChangeListener(l.ids[address], func(l *elbstub.Listener) { l.Name = "theirs" })
		return
	}
	w.say("somebody switches the listener of %s", address)
	w.cloud.ChangeListener(l.ids[address], func(listener *elbstub.Listener) { listener.CertificateID = l.fallback })
}

// isServed reports whether a listener that Terraform manages serves a certificate.
func (w *world) isServed(certificateID string) bool {
	return slices.ContainsFunc(w.cloud.Listeners(ProjectID), func(l elbstub.Listener) bool {
		return l.CertificateID == certificateID && w.isManaged(l.ID)
	})
}

func (w *world) isManaged(listenerID string) bool {
	if w.memory == nil {
		return false
	}
	for _, id := range w.memory.listeners.ids {
		if id == listenerID {
			return true
		}
	}
	return false
}

// judgeListeners compares the listeners with the model.
func (w *world) judgeListeners() {
	w.t.Helper()
	if w.memory == nil {
		return
	}
	w.judgeServed()
	l := w.memory.listeners
	for _, address := range addresses {
		if w.isAltered(address) {
			continue
		}
		want := l.fallback
		if state := w.ledger.states[address]; l.isConfigured(w.ledger, address) && state != nil {
			want = state.Values["id"].(string)
		}
		if got := w.servedBy(address); got != want {
			w.t.Errorf("the listener of %s serves %s, want %s", address, got, want)
		}
		if has := l.states[address] != nil; has != l.isConfigured(w.ledger, address) {
			w.t.Errorf("the certificate of the listener of %s is in the state: %t", address, has)
		}
	}
}

// judgeServed fails if a listener that Terraform manages has no certificate or one that does not
// exist, or if a certificate was to be deleted while such a listener served it, so that only the
// refusal of the cloud saved it.
func (w *world) judgeServed() {
	w.t.Helper()
	existing := w.existing()
	for _, address := range addresses {
		if id := w.servedBy(address); !slices.Contains(existing, id) {
			w.t.Errorf("the listener of %s refers to certificate %q, which does not exist", address, id)
		}
	}
	w.memory.mu.Lock()
	defer w.memory.mu.Unlock()
	for _, id := range w.memory.deletedWhileServed {
		w.t.Errorf("the deletion of certificate %s was begun while its listener served it", id)
	}
}

func (w *world) servedBy(address string) string {
	for _, l := range w.cloud.Listeners(ProjectID) {
		if l.ID == w.memory.listeners.ids[address] {
			return l.CertificateID
		}
	}
	return ""
}

// isConfigured reports whether the certificate of an address is configured for its listener.
func (l listeners) isConfigured(of *ledger, address string) bool {
	_, configured := of.configs[address]
	return configured && l.serves[address]
}

// config returns the configuration of the elbaas_listener_certificate of an address.
func (l listeners) config(address string, certificate *acctest.State) acctest.Values {
	return acctest.Values{
		"listener_id":             l.ids[address],
		"certificate_id":          certificate.Values["id"],
		"fallback_certificate_id": l.fallback,
	}
}

// readListener refreshes the state of the elbaas_listener_certificate of an address.
func (tf *memoryTerraform) readListener(p *process, address string) {
	tf.mu.Lock()
	state := tf.listeners.states[address]
	tf.mu.Unlock()
	tf.operations.Add(1)
	started := time.Now()
	read, diagnostics := p.server.Listeners().Read(state)
	tf.note("read the listener of "+address, started, diagnostics)
	switch {
	case diagnostics.HasError():
		return
	case read == nil:
		tf.t.Errorf("the listener of %s left the state, but is there", address)
		return
	}
	tf.mu.Lock()
	defer tf.mu.Unlock()
	tf.listeners.states[address] = read
}

// planListener does what terraform plan does for the elbaas_listener_certificate of an address.
func (tf *memoryTerraform) planListener(p *process, address string) string {
	state := tf.listeners.states[address]
	if state == nil {
		return "the listener is switched"
	}
	tf.operations.Add(1)
	read, diagnostics := p.server.Listeners().Read(state)
	if len(diagnostics) > 0 {
		return "the listener is not read: " + diagnosticTexts(diagnostics)[0]
	}
	plan, diagnostics := p.server.Listeners().Plan(read, tf.listeners.config(address, tf.states[address]))
	switch {
	case len(diagnostics) > 0:
		return "the listener is not planned: " + diagnosticTexts(diagnostics)[0]
	case !reflect.DeepEqual(plan.Values, read.Values):
		return fmt.Sprintf("the listener changes from %v to %v", read.Values, plan.Values)
	}
	return ""
}

// changeListener switches the listener of an address to its certificate. It reports whether the
// listener serves that now: otherwise Terraform skips what depends on it.
func (tf *memoryTerraform) changeListener(p *process, address string) bool {
	tf.mu.Lock()
	state, certificate := tf.listeners.states[address], tf.states[address]
	tf.mu.Unlock()
	if certificate == nil || p.ended.Load() {
		return false
	}
	config := tf.listeners.config(address, certificate)
	switch {
	case state == nil:
		return tf.createListener(p, address, config)
	case tf.listeners.replace[address] && tf.listeners.first[address]:
		return tf.createListener(p, address, config) && tf.destroyListener(p, address, state)
	case tf.listeners.replace[address]:
		return tf.removeListener(p, address) && tf.createListener(p, address, config)
	}
	started := time.Now()
	plan, diagnostics := p.server.Listeners().Plan(state, config)
	switch {
	case diagnostics.HasError():
		tf.note("plan the listener of "+address, started, diagnostics)
		return false
	case reflect.DeepEqual(plan.Values, state.Values):
		return true
	case p.ended.Load():
		return false
	}
	tf.operations.Add(1)
	updated, diagnostics := p.server.Listeners().Apply(plan)
	if !p.alive() {
		return false
	}
	tf.note("switch the listener of "+address, started, diagnostics)
	if updated == nil {
		tf.t.Errorf("a switch of the listener of %s took it out of the state", address)
		return false
	}
	tf.mu.Lock()
	defer tf.mu.Unlock()
	tf.listeners.states[address] = updated
	if diagnostics.HasError() {
		return false
	}
	tf.wantConsistent("the listener of "+address, plan, updated)
	return true
}

func (tf *memoryTerraform) createListener(p *process, address string, config acctest.Values) bool {
	if p.ended.Load() {
		return false
	}
	started := time.Now()
	plan, diagnostics := p.server.Listeners().Plan(nil, config)
	if diagnostics.HasError() {
		tf.note("plan the listener of "+address, started, diagnostics)
		return false
	}
	tf.mu.Lock()
	tf.listeners.pending[address] = true
	tf.mu.Unlock()
	tf.operations.Add(1)
	created, diagnostics := p.server.Listeners().Apply(plan)
	if !p.alive() {
		return false
	}
	tf.note("create the certificate of the listener of "+address, started, diagnostics)
	tf.mu.Lock()
	defer tf.mu.Unlock()
	switch {
	case created == nil && !diagnostics.HasError():
		tf.t.Errorf("a creation for the listener of %s did nothing, and did not say so", address)
	case created != nil && diagnostics.HasError():
		tf.t.Errorf("a creation tainted the certificate of the listener of %s", address)
	case created != nil:
		tf.wantConsistent("the listener of "+address, plan, created)
		tf.listeners.states[address] = created
		delete(tf.listeners.pending, address)
		return true
	}
	return false
}

// removeListener destroys the elbaas_listener_certificate of an address, if the state has it.
func (tf *memoryTerraform) removeListener(p *process, address string) bool {
	tf.mu.Lock()
	state := tf.listeners.states[address]
	tf.mu.Unlock()
	if state != nil && !tf.destroyListener(p, address, state) {
		return false
	}
	tf.mu.Lock()
	defer tf.mu.Unlock()
	delete(tf.listeners.states, address)
	return true
}

func (tf *memoryTerraform) destroyListener(p *process, address string, state *acctest.State) bool {
	if p.ended.Load() {
		return false
	}
	tf.operations.Add(1)
	started := time.Now()
	left, diagnostics := p.server.Listeners().Destroy(state)
	if !p.alive() {
		return false
	}
	tf.note("destroy the certificate of the listener of "+address, started, diagnostics)
	if diagnostics.HasError() != (left != nil) {
		tf.t.Errorf("destroy the certificate of the listener of %s: %v, %v", address, left, diagnostics)
	}
	return left == nil
}

// noteServed records a deletion that starts while a managed listener serves the certificate.
func (tf *memoryTerraform) noteServed(certificateID string) {
	for _, l := range tf.cloud.Listeners(ProjectID) {
		for _, id := range tf.listeners.ids {
			if l.ID == id && l.CertificateID == certificateID {
				tf.mu.Lock()
				tf.deletedWhileServed = append(tf.deletedWhileServed, certificateID)
				tf.mu.Unlock()
			}
		}
	}
}

// countSwitches counts the switches of listeners that were carried out.
func countSwitches(cloud *Cloud) int64 {
	var switches int64
	for _, call := range cloud.Journal(elbstub.ModifyListener) {
		if call.Status/100 == http.StatusOK/100 {
			switches++
		}
	}
	return switches
}

// isPending reports whether a creation that failed may have switched the listener of an address. As
// long as it may have, the configuration stays as it is.
func (w *world) isPending(address string) bool {
	return w.memory != nil && w.memory.listeners.pending[address]
}
