package provider_test

import (
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/elbaas/terraform-provider-elbaas/internal/acctest"
	"github.com/elbaas/terraform-provider-elbaas/internal/elbstub"
)

// deleteTimeout is how long a deletion waits for a listener (documented).
const deleteTimeout = 10 * time.Minute

// mildSpell applies several times in a row, while only creations fail. As always, lists lag and
// listeners hold certificates. So each creation creates at most one certificate, that certificate
// is in the state or named by its ID, and after an apply that was not interrupted, another process
// plans nothing immediately afterwards. In a late spell, some creations are carried out late; a
// second certificate must then at least be named.
func (w *world) mildSpell() {
	w.t.Helper()
	late := w.random.IntN(2) == 0
	w.say("a mild spell begins, late %t", late)
	w.storm.begin(strength{seed: w.random.Uint64(), percent: 70, mild: true, late: late})
	w.memory.mild = true
	time.Sleep(3 * catchUp) // until everything that began in the storm has ended
	if ours := w.ledger.ids(); len(ours) > 0 && w.random.IntN(2) == 0 {
		w.attachListener(w.random, ours[w.random.IntN(len(ours))])
	}
	for range 2 {
		w.configure()
		w.replaceSome()
		switch {
		case late:
			w.makeSingle()
		case w.random.IntN(2) == 0:
			w.makeEqual()
		}
		w.pause()
		w.applyMildly(late)
		if w.t.Failed() {
			return
		}
	}
	w.say("the mild spell ends")
	w.memory.mild = false
	w.storm.begin(w.strength())
}

// replaceSome lets the next apply replace some of the existing certificates.
func (w *world) replaceSome() {
	w.memory.replace = map[string]bool{}
	w.replaceListeners()
	for _, address := range addresses {
		if w.ledger.states[address] != nil && w.random.IntN(4) == 0 {
			w.memory.replace[address] = true
			w.say("%s is replaced", address)
		}
	}
}

// makeEqual gives several addresses the same configuration, including the name, and lets the next
// apply create them in parallel. They can tell their certificates apart only if they are created
// one after another.
func (w *world) makeEqual() {
	configured := slices.Sorted(maps.Keys(w.ledger.configs))
	if len(configured) == 0 {
		return
	}
	config := w.ledger.configs[configured[0]]
	for _, address := range addresses {
		if w.ledger.pending[address] || w.random.IntN(4) == 0 {
			continue
		}
		w.ledger.configs[address] = maps.Clone(config)
		w.memory.replace[address] = true
		w.say("%s is equal to %s, and is replaced, create_before_destroy %t", address, configured[0],
			w.ledger.first[address])
	}
}

// makeSingle gives each address a leaf of its own, so that it is known which creation has created a
// certificate.
func (w *world) makeSingle() {
	for address, config := range w.ledger.configs {
		if !w.ledger.pending[address] {
			pair, config := NewPair(), maps.Clone(config)
			config["certificate"], config["private_key"] = pair.Certificate, pair.PrivateKey
			w.ledger.configs[address] = config
			w.say("%s gets a certificate of its own", address)
		}
	}
}

// applyMildly applies in a mild spell, and checks the result.
func (w *world) applyMildly(late bool) {
	w.t.Helper()
	before := w.existing()
	interrupted := w.random.IntN(3) == 0
	interfere := func(*process) {}
	if interrupted {
		after := time.Duration(w.random.IntN(4000)) * time.Millisecond
		interfere = func(p *process) { time.AfterFunc(after, func() { w.say("interrupt"); p.interrupt() }) }
	}
	w.say("apply")
	w.terraform.apply(interfere)
	w.say("%s", strings.Join(w.ledger.said, "\n\t"))
	w.judgeServed()
	w.needsPause = interrupted || late
	if late {
		time.Sleep(catchUp)
		w.judgeLateCreations(before, interrupted)
	} else {
		w.judgeCreations(before)
	}
	if interrupted {
		return
	}
	heldOn := w.judgeDeletions()
	switch {
	case late:
	case w.memory.failedCreations > 0 && len(w.altered()) == 0:
		w.t.Errorf("%d creations in a mild spell failed", w.memory.failedCreations)
	case !w.ledger.failed:
		w.judgePlan()
		w.importStranger()
	case !heldOn && len(w.altered()) == 0:
		w.t.Error("an apply in a mild spell failed")
	}
}

// existing returns the IDs of all certificates.
func (w *world) existing() []string {
	var ids []string
	for _, cert := range w.cloud.Certificates(ProjectID) {
		ids = append(ids, cert.ID)
	}
	return ids
}

// judgeCreations checks what the latest apply has created.
func (w *world) judgeCreations(before []string) {
	w.t.Helper()
	held := w.ledger.ids()
	made := 0
	for _, cert := range w.cloud.Certificates(ProjectID) {
		if slices.Contains(before, cert.ID) {
			continue
		}
		switch inState := slices.Contains(held, cert.ID); {
		case !inState && w.mayBeOfSeveral(cert):
			if !w.names(cert) {
				w.t.Errorf("nobody has named certificate %s (%q)", cert.ID, cert.Name)
			}
			continue
		case !inState && !w.ledger.namesID(cert.ID):
			w.t.Errorf("certificate %s was created, but is neither in the state nor named by its ID", cert.ID)
		}
		made++
	}
	if made > w.memory.creations {
		w.t.Errorf("%d creations have made %d certificates", w.memory.creations, made)
	}
}

// judgeLateCreations checks what the latest apply has created, which may be two certificates for
// one creation. If a search could have found the second one, it must be named by its ID.
func (w *world) judgeLateCreations(before []string, interrupted bool) {
	w.t.Helper()
	held := w.ledger.ids()
	for _, cert := range w.cloud.Certificates(ProjectID) {
		switch {
		case slices.Contains(before, cert.ID), slices.Contains(held, cert.ID), w.ledger.namesID(cert.ID):
		case !w.names(cert):
			w.t.Errorf("nobody has named certificate %s (%q)", cert.ID, cert.Name)
		case interrupted: // an interrupted search has less time
		case w.isShown(cert):
			w.t.Errorf("certificate %s (%q) was there when its creation ended, which did not name it", cert.ID,
				cert.Name)
		}
	}
}

// isShown reports whether the creation of an address has created a certificate besides the one in
// the state so early that its search must have found it. The search ends 5 s after the last
// request, which has created the certificate in the state, unless an earlier request did.
func (w *world) isShown(cert elbstub.Certificate) bool {
	state := w.ledger.states[w.onlyAddressOf(cert)]
	if state == nil {
		return false
	}
	isSoEarly := func(own elbstub.Certificate) bool {
		until := own.CreateTime.Add(4*time.Second - w.behavior.listLag)
		return own.ID == state.Values["id"] && cert.CreateTime.Before(until)
	}
	return slices.ContainsFunc(w.cloud.Certificates(ProjectID), isSoEarly)
}

// onlyAddressOf returns the address that has the leaf of a certificate, if exactly one address has
// it.
func (w *world) onlyAddressOf(cert elbstub.Certificate) string {
	var owners []string
	for address, config := range w.ledger.configs {
		if strings.TrimSpace(config["certificate"].(string)) == strings.TrimSpace(cert.Certificate) {
			owners = append(owners, address)
		}
	}
	if len(owners) != 1 {
		return ""
	}
	return owners[0]
}

// mayBeOfSeveral reports whether several different creations could have created a certificate, such
// as one with its name and one that leaves the name to the API. In that case, none of them adopts
// it.
func (w *world) mayBeOfSeveral(cert elbstub.Certificate) bool {
	var makers []acctest.Values
	for _, config := range w.ledger.configs {
		name, description := w.behavior.kept(config)
		sentDescription, _ := config["description"].(string)
		sameName := config["name"] == nil || name == cert.Name || config["name"] == cert.Name
		sameDescription := description == cert.Description || sentDescription == cert.Description
		sameDomain := config["domain"] == nil || config["domain"] == cert.Domain
		sameLeaf := strings.TrimSpace(config["certificate"].(string)) == strings.TrimSpace(cert.Certificate)
		known := slices.ContainsFunc(makers,
			func(maker acctest.Values) bool { return reflect.DeepEqual(maker, config) })
		if sameName && sameDescription && sameDomain && sameLeaf && !known {
			makers = append(makers, config)
		}
	}
	return len(makers) > 1
}

// judgeDeletions checks how the deletions of the latest apply ended, none of which was lost. It
// reports whether a listener has prevented one of them.
func (w *world) judgeDeletions() (heldOn bool) {
	w.t.Helper()
	const slack = time.Minute // the pauses between two attempts grow up to half a minute
	for _, d := range w.memory.deletions {
		h := w.holdOf(d.id)
		failed, ended, deadline := d.diagnostics.HasError(), d.ended.Sub(d.started), d.started.Add(deleteTimeout)
		heldOn = heldOn || failed && h.until.After(d.started)
		if h.until.After(d.started) {
			w.refused++
		}
		switch {
		case ended > deleteTimeout+2*time.Second:
			w.t.Errorf("the deletion of %s took %s", d.id, ended)
		case failed && h.until.Before(deadline.Add(-slack)):
			w.t.Errorf("the deletion of %s failed, which no listener held until its end", d.id)
		case !failed && d.ended.Before(h.until):
			w.t.Errorf("certificate %s was deleted while a listener held it", d.id)
		case !failed && d.ended.After(h.until.Add(slack)) && ended > slack:
			w.t.Errorf("the deletion of %s ended %s after the listener let go of it", d.id, d.ended.Sub(h.until))
		case failed && h.until.After(deadline) && (ended < deleteTimeout-slack ||
			!strings.Contains(strings.Join(diagnosticTexts(d.diagnostics), ""), h.listener)):
			w.t.Errorf("the deletion of %s ended after %s, and named not listener %s: %q",
				d.id, ended, h.listener, diagnosticTexts(d.diagnostics))
		}
	}
	return heldOn
}

// holdOf returns the last hold of a certificate, or none.
func (w *world) holdOf(id string) (last hold) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, h := range w.holds {
		if h.id == id && h.until.After(last.until) {
			last = h
		}
	}
	return last
}

// importStranger imports a certificate that somebody has added since the process listed last. The
// older list does not prove that the certificate does not exist; the next one has it.
func (w *world) importStranger() {
	w.t.Helper()
	p := w.memory.start()
	for _, state := range w.ledger.states {
		w.memory.operations.Add(1)
		if _, diagnostics := p.server.Read(state); diagnostics.HasError() {
			w.t.Errorf("a read failed: %q", diagnosticTexts(diagnostics))
		}
	}
	id := w.addStranger(w.random)
	w.needsPause = true
	time.Sleep(w.behavior.listLag) // which is shorter than the list TTL
	w.memory.operations.Add(1)
	if imported, diagnostics := p.server.Import(id); imported == nil || diagnostics.HasError() {
		w.t.Errorf("the import of certificate %s: %q", id, diagnosticTexts(diagnostics))
	}
}
