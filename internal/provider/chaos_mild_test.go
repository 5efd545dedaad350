package provider_test

import (
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/elbaas/terraform-provider-elbaas/internal/acctest"
	"github.com/elbaas/terraform-provider-elbaas/internal/elbstub"
)

// deleteTimeout is how long a deletion waits for a listener (documented).
const deleteTimeout = 10 * time.Minute

// mildSpell lets some applies follow one another at once, in which creations alone fail,
// and none of them is carried out late. Lists lag as ever, and listeners hold
// certificates. So each creation makes one certificate at most, what it makes is in the
// state or named by its ID, and after an apply that was not interrupted another process
// plans nothing at once.
func (w *world) mildSpell() {
	w.t.Helper()
	w.say("a mild spell begins")
	w.cloud.Disturb(elbstub.Storm{Seed: w.seed, Percent: 2 * chaosPercent, Mild: true})
	w.memory.mild = true
	time.Sleep(3 * settled) // in which what was begun in the storm comes to its end
	if ours := w.ledger.ids(); len(ours) > 0 && w.random.IntN(2) == 0 {
		w.hang(w.random, ours[w.random.IntN(len(ours))])
	}
	for range 2 {
		w.configure()
		w.replaceSome()
		w.settle()
		w.applyMildly()
		if w.t.Failed() {
			return
		}
	}
	w.say("the mild spell ends")
	w.memory.mild = false
	w.storm()
}

// replaceSome lets the next apply replace some of what there is.
func (w *world) replaceSome() {
	w.memory.replace = map[string]bool{}
	for _, address := range []string{"a", "b", "c", "d", "e"} {
		if w.ledger.states[address] != nil && w.random.IntN(6) == 0 {
			w.memory.replace[address] = true
			w.say("%s is replaced", address)
		}
	}
}

// applyMildly applies in a mild spell.
func (w *world) applyMildly() {
	w.t.Helper()
	before := w.existing()
	interrupted := w.random.IntN(3) == 0
	interfere := func(*process) {}
	if interrupted {
		after := time.Duration(w.random.IntN(4000)) * time.Millisecond
		interfere = func(p *process) { time.AfterFunc(after, func() { w.say("interrupt"); p.interrupt() }) }
		w.unsettled = true
	}
	w.say("apply")
	w.terraform.apply(interfere)
	w.say("%s", strings.Join(w.ledger.said, "\n\t"))
	w.judgeCreations(before)
	heldOn := w.judgeDeletions()
	if interrupted {
		return
	}
	if !w.ledger.failed {
		w.judgePlan()
		w.importStranger()
	} else if !heldOn && len(w.altered()) == 0 {
		w.t.Error("an apply in a mild spell failed")
	}
}

// existing returns the IDs of all certificates.
func (w *world) existing() []string {
	var ids []string
	for _, cert := range w.cloud.Certificates(acctest.ProjectID) {
		ids = append(ids, cert.ID)
	}
	return ids
}

// judgeCreations looks at what the latest apply has created.
func (w *world) judgeCreations(before []string) {
	w.t.Helper()
	held := w.ledger.ids()
	made := 0
	for _, cert := range w.cloud.Certificates(acctest.ProjectID) {
		if slices.Contains(before, cert.ID) {
			continue
		}
		switch inState := slices.Contains(held, cert.ID); {
		case !inState && w.mayBeOfSeveral(cert):
			if !w.ledger.names(cert) {
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

// mayBeOfSeveral reports whether creations that differ could all have made a
// certificate, such as one with its name and one that leaves the name to the server.
// Then none of them takes it for its own.
func (w *world) mayBeOfSeveral(cert elbstub.Certificate) bool {
	var makers []acctest.Values
	for _, config := range w.ledger.configs {
		name, description := w.nature.kept(config)
		sentDescription, _ := config["description"].(string)
		sameName := config["name"] == nil || name == cert.Name || config["name"] == cert.Name
		sameDescription := description == cert.Description || sentDescription == cert.Description
		sameDomain := config["domain"] == nil || config["domain"] == cert.Domain
		sameLeaf := strings.TrimSpace(config["certificate"].(string)) == strings.TrimSpace(cert.Certificate)
		known := slices.ContainsFunc(makers, func(maker acctest.Values) bool { return reflect.DeepEqual(maker, config) })
		if sameName && sameDescription && sameDomain && sameLeaf && !known {
			makers = append(makers, config)
		}
	}
	return len(makers) > 1
}

// judgeDeletions looks at how the deletions of the latest apply ended, none of which was
// lost. It reports whether a listener has kept one from its end.
func (w *world) judgeDeletions() (heldOn bool) {
	w.t.Helper()
	const slack = time.Minute // the pauses between two attempts grow up to half of it
	for _, d := range w.memory.deletions {
		h := w.holdOf(d.id)
		failed, ended, deadline := d.diagnostics.HasError(), d.ended.Sub(d.began), d.began.Add(deleteTimeout)
		heldOn = heldOn || failed && h.until.After(d.began)
		if h.until.After(d.began) {
			w.refused++
		}
		switch interrupted := w.unsettled; {
		case interrupted:
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

// importStranger imports, by a process that has listed before, what somebody has added
// since: an older list does not prove that there is none. A list that lags may say so.
func (w *world) importStranger() {
	w.t.Helper()
	if len(w.ledger.states) == 0 || w.random.IntN(2) == 0 {
		return
	}
	p := w.memory.start()
	for _, state := range w.ledger.states {
		w.memory.operations.Add(1)
		if _, diagnostics := p.server.Read(state); diagnostics.HasError() {
			w.t.Errorf("a read failed: %q", diagnosticTexts(diagnostics))
		}
		break //nolint:revive // one is enough for a list
	}
	id := w.addStranger(w.random)
	w.unsettled = true
	w.memory.operations.Add(1)
	imported, diagnostics := p.server.Import(id)
	found := imported != nil && !diagnostics.HasError()
	absent := strings.Contains(strings.Join(diagnosticTexts(diagnostics), ""), "No such certificate")
	if !found && (w.nature.listLag == 0 || !absent) {
		w.t.Errorf("the import of certificate %s: %q", id, diagnosticTexts(diagnostics))
	}
}
