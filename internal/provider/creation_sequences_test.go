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
	"github.com/elbaas/terraform-provider-elbaas/internal/provider"
)

// The environment variables for TestCreationSequences: how many sequences it runs, and the seed of
// the first one. A seed alone replays one sequence. The pauses of the provider have a jitter that
// no seed controls, so a replay may occasionally differ.
const (
	sequenceCount = "ELBAAS_SEQUENCES"
	sequenceSeed  = "ELBAAS_SEQUENCE_SEED"
)

// TestCreationSequences creates certificates in fake time, while the responses to creations are
// refused, lost, cut, late or wrong, lists lag or fail, and the user interrupts or the timeout
// ends. Whatever happens, each certificate that exists in the end is in the state or named: by its
// ID, or by a diagnostic that says that one may exist, with its project and its name.
func TestCreationSequences(t *testing.T) {
	t.Parallel()
	first, count := rand.Uint64N(1e9), uint64(500)
	if text := os.Getenv(sequenceSeed); text != "" {
		first, count = parseNumber(t, text), 1
	}
	if text := os.Getenv(sequenceCount); text != "" {
		count = parseNumber(t, text)
	}
	t.Logf("the first seed is %d", first)
	var failed atomic.Bool // stops after the first failure
	var ran, unclear atomic.Int64
	t.Run("from", func(t *testing.T) {
		batch := max(1, count/20)
		for seed := first; seed < first+count; seed += batch {
			next := min(seed+batch, first+count)
			t.Run(fmt.Sprintf("%d to %d", seed, next-1), func(t *testing.T) {
				t.Parallel()
				defer func() {
					if t.Failed() {
						failed.Store(true)
					}
				}()
				for s := seed; s < next && !failed.Load(); s++ {
					synctest.Test(t, func(t *testing.T) {
						sequence := newSequence(t, s)
						sequence.run()
						ran.Add(1)
						if sequence.unclear {
							unclear.Add(1)
						}
					})
				}
			})
		}
	})
	if count > 1 && unclear.Load() == 0 {
		t.Error("no response was unclear")
	}
	t.Logf("%d of %d sequences had an unclear response", unclear.Load(), ran.Load())
}

// A sequence is what happens to one creation, or to two parallel ones with the same leaf.
type sequence struct {
	t         *testing.T
	seed      uint64
	random    *rand.Rand
	cloud     *Cloud
	server    *acctest.Server
	creations []*requestedCreation
	// stranger is an older certificate with the same leaf and another name, or nil.
	stranger *elbstub.Certificate
	// patience is when the user or the timeout ends the creations.
	patience time.Time

	mu    sync.Mutex
	steps []string
	// posts are the times at which POSTs that were not throttled arrived.
	posts []time.Time
	// broken says that a list broke its connection. A POST may have been written to that
	// connection, and the client cannot know that it did not arrive.
	broken bool
	// unclear says that a POST had a response that does not show whether it was carried out.
	unclear bool
}

// A requestedCreation is a creation that the user has requested, and its result.
type requestedCreation struct {
	name        string
	plan        acctest.Plan
	state       *acctest.State
	diagnostics acctest.Diagnostics
	ended       time.Time
}

// A sequenceFault is a fault, and its name in the steps.
type sequenceFault struct {
	called string
	fault  elbstub.Fault
	// kind is what a client can know about the outcome of a POST.
	kind postKind
	// breaks says that a list breaks its connection.
	breaks bool
}

type postKind int

const (
	unclearPost   postKind = iota // its response, if any, does not show whether it was carried out
	plainPost                     // it is carried out, and the response arrives
	throttledPost                 // it is refused with 429
)

func newSequence(t *testing.T, seed uint64) *sequence {
	t.Helper()
	s := &sequence{t: t, seed: seed, random: rand.New(rand.NewPCG(seed, 0))}
	var network *elbstub.Network
	s.cloud, network = NewCloudInMemory(t, func(o *elbstub.Options) {
		o.Dialect = elbstub.NewDialect(int(seed % elbstub.Dialects))
	})
	pair := NewPair()
	if s.oneIn(3) {
		id := s.cloud.Add(elbstub.Certificate{
			ProjectID: ProjectID, Name: "stranger",
			Certificate: pair.Certificate, PrivateKey: pair.PrivateKey,
		})
		s.stranger = &s.cloud.Certificates(ProjectID)[0]
		s.step("a stranger has %s with the same leaf", id)
		time.Sleep(time.Minute) // until every list shows it
	}

	config := s.cloud.Configuration()
	config["insecure"], config["max_retries"] = true, []int64{0, 2, 5}[s.random.IntN(3)]
	s.step("max_retries is %d", config["max_retries"])
	if s.oneIn(2) {
		s.scriptTokens()
		delete(config, "token")
		config["auth_url"], config["user_name"] = s.cloud.AuthURL, UserName
		config["password"], config["domain_name"] = Password, Domain
	}
	s.server = acctest.NewServer(t, provider.New("test", network.DialContext)(), config)

	values := acctest.Values{"certificate": pair.Certificate, "private_key": pair.PrivateKey}
	s.patience = time.Now().Add(10 * time.Minute)
	if s.oneIn(6) {
		timeout := s.within(20 * time.Second)
		values["timeouts"] = acctest.Values{"create": timeout.String()}
		s.patience = time.Now().Add(timeout)
		s.step("the timeout is %s", timeout)
	}
	names := [][]string{{"one"}, {"one", "two"}, {"one", "one"}, {"", ""}, {"one", "two", "one"}}
	for _, name := range names[s.random.IntN(len(names))] {
		values := maps.Clone(values)
		if name != "" {
			values["name"] = name
		}
		plan, diagnostics := s.server.Plan(nil, values)
		if len(diagnostics) > 0 {
			t.Fatalf("%s: %s", diagnostics[0].Summary, diagnostics[0].Detail)
		}
		s.creations = append(s.creations, &requestedCreation{name: name, plan: plan})
	}
	s.scriptPosts()
	s.scriptLists()
	return s
}

func (s *sequence) oneIn(n int) bool { return s.random.IntN(n) == 0 }

// within returns a duration of whole milliseconds from 1 ms up to most.
func (s *sequence) within(most time.Duration) time.Duration {
	return time.Duration(1+s.random.Int64N(most.Milliseconds())) * time.Millisecond
}

func (s *sequence) step(format string, arguments ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.steps = append(s.steps, time.Now().Format("04:05.000 ")+fmt.Sprintf(format, arguments...))
}

// scriptPosts gives each of the first POSTs a fault.
func (s *sequence) scriptPosts() {
	faults := make([]sequenceFault, 1+s.random.IntN(6))
	for i := range faults {
		faults[i] = s.postFault()
	}
	s.cloud.ScriptEach(elbstub.CreateCertificate, func(nth int) elbstub.Fault {
		chosen := sequenceFault{called: "no fault", fault: elbstub.Delay(0), kind: plainPost}
		if nth <= len(faults) {
			chosen = faults[nth-1]
		}
		return func(next elbstub.Next) elbstub.Response {
			s.step("POST %d: %s", nth, chosen.called)
			s.mu.Lock()
			if chosen.kind != throttledPost {
				s.posts = append(s.posts, time.Now())
			}
			s.unclear = s.unclear || chosen.kind == unclearPost
			s.mu.Unlock()
			return chosen.fault(next)
		}
	})
}

// postFault returns a random fault of a POST.
func (s *sequence) postFault() sequenceFault {
	const said = `{"error":{"message":"out of order","code":"ELB.9999"}}`
	status := []int{500, 502, 503, 504}[s.random.IntN(4)]
	late, seconds := s.within(8*time.Second), 1+s.random.IntN(3)
	if s.oneIn(4) {
		late = s.within(90 * time.Second)
	}
	beforeID, afterID := 1+s.random.IntN(38), 41+s.random.IntN(200)
	retryAfter := elbstub.Throttle(strconv.Itoa(seconds))
	faults := []sequenceFault{
		{called: "no fault", fault: elbstub.Delay(0), kind: plainPost},
		{called: "429", fault: elbstub.Throttle(""), kind: throttledPost},
		{called: "429", fault: elbstub.Throttle(""), kind: throttledPost},
		{called: fmt.Sprintf("429, Retry-After %d", seconds), fault: retryAfter, kind: throttledPost},
		{called: "401", kind: throttledPost, fault: func(next elbstub.Next) elbstub.Response {
			s.cloud.Expire()
			return elbstub.Reply(401, `{"error":{"message":"token","code":"ELB.1102"}}`)(next)
		}},
		{called: fmt.Sprintf("%d, not carried out", status), fault: elbstub.Reply(status, said)},
		{called: fmt.Sprintf("%d, carried out", status), fault: elbstub.ReplyAfter(status, said)},
		{called: fmt.Sprintf("504, carried out %s later", late), fault: elbstub.Late(504, late)},
		{called: "lost, not carried out", fault: elbstub.Refuse()},
		{called: "lost, carried out", fault: elbstub.Drop()},
		{called: "lost, carried out", fault: elbstub.Drop()},
		{called: fmt.Sprintf("lost, carried out %s later", late), fault: elbstub.DropLate(late)},
		{called: fmt.Sprintf("carried out, cut after %d bytes, before the ID", beforeID), fault: elbstub.Cut(beforeID)},
		{called: fmt.Sprintf("carried out, cut after %d bytes, after the ID", afterID), fault: elbstub.Cut(afterID)},
		{called: "carried out, 200 without a body", fault: elbstub.ReplyAfter(200, "")},
		{called: fmt.Sprintf("carried out, with a response %s later", late), fault: elbstub.Slow(late)},
		{called: fmt.Sprintf("carried out %s later, with a response", late), fault: elbstub.Delay(late)},
	}
	if s.oneIn(8) {
		other := elbstub.Certificate{ProjectID: ProjectID, Certificate: NewPair().Certificate}
		faults = []sequenceFault{{
			called: "carried out, with a response about another leaf",
			fault:  s.cloud.Confuse(other),
		}}
		if s.stranger != nil {
			faults = append(faults, sequenceFault{
				called: "carried out, with a response about the stranger's",
				fault:  s.cloud.Confuse(*s.stranger),
			})
		}
	}
	return faults[s.random.IntN(len(faults))]
}

// scriptTokens makes some requests for a token fail.
func (s *sequence) scriptTokens() {
	slow := s.within(8 * time.Second)
	faults := map[int]sequenceFault{}
	for nth := 1; nth <= 30; nth++ {
		if s.oneIn(3) {
			all := []sequenceFault{
				{called: "503", fault: elbstub.Reply(503, "")},
				{called: "503", fault: elbstub.Reply(500, "")},
				{called: "429", fault: elbstub.Throttle("")},
				{called: "429, Retry-After 20", fault: elbstub.Throttle("20")},
				{called: "lost", fault: elbstub.Drop()},
				{called: fmt.Sprintf("slow by %s", slow), fault: elbstub.Slow(slow)},
			}
			faults[nth] = all[s.random.IntN(len(all))]
		}
	}
	s.cloud.ScriptEach(elbstub.IssueToken, func(nth int) elbstub.Fault {
		chosen, faulty := faults[nth]
		if !faulty {
			chosen = sequenceFault{
				called: "no fault",
				fault:  func(next elbstub.Next) elbstub.Response { return next() },
			}
		}
		return func(next elbstub.Next) elbstub.Response {
			s.step("token %d: %s", nth, chosen.called)
			s.mu.Lock()
			s.broken = s.broken || chosen.called == "lost"
			s.mu.Unlock()
			return chosen.fault(next)
		}
	})
}

// scriptLists makes all lists lag, or some of them fail.
func (s *sequence) scriptLists() {
	var lag time.Duration
	if s.oneIn(2) {
		lag = s.within(4500 * time.Millisecond)
		s.step("lists lag %s", lag)
	}
	percent := []int{0, 0, 15, 40}[s.random.IntN(4)]
	faults := map[int]sequenceFault{}
	for nth := 1; nth <= 30; nth++ {
		if s.random.IntN(100) < percent {
			faults[nth] = s.listFault(lag)
		}
	}
	s.cloud.ScriptEach(elbstub.ListCertificates, func(nth int) elbstub.Fault {
		chosen, faulty := faults[nth]
		if !faulty {
			chosen = sequenceFault{called: "no fault", fault: elbstub.See(elbstub.View{Lag: lag})}
		}
		return func(next elbstub.Next) elbstub.Response {
			s.step("list %d: %s", nth, chosen.called)
			s.mu.Lock()
			s.broken = s.broken || chosen.breaks
			s.mu.Unlock()
			return chosen.fault(next)
		}
	})
}

// listFault returns a random fault of a list.
func (s *sequence) listFault(lag time.Duration) sequenceFault {
	slow := s.within(8 * time.Second)
	lateList := func(next elbstub.Next) elbstub.Response {
		response := next(elbstub.View{Lag: lag})
		time.Sleep(slow)
		return response
	}
	faults := []sequenceFault{
		{called: "500", fault: elbstub.Reply(500, "")},
		{called: "503", fault: elbstub.Reply(503, "")},
		{called: "429", fault: elbstub.Throttle("")},
		{called: "lost", fault: elbstub.Drop(), breaks: true},
		{called: "cut", fault: elbstub.Cut(1 + s.random.IntN(500)), breaks: true},
		{called: fmt.Sprintf("carried out, with a response %s later", slow), fault: lateList},
	}
	// No client could notice that a list without a total is incomplete, or that an ID which no list
	// had belongs to the stranger.
	counts := elbstub.NewDialect(int(s.seed%elbstub.Dialects)).Count != elbstub.CountAbsent
	if counts && s.stranger == nil {
		view := elbstub.View{Lag: lag, Hidden: 1}
		faults = append(faults, sequenceFault{called: "incomplete", fault: elbstub.See(view)})
	}
	return faults[s.random.IntN(len(faults))]
}

// run runs the creations, waits for late commits, and checks the results.
func (s *sequence) run() {
	s.t.Helper()
	if s.oneIn(3) {
		after := s.within(20 * time.Second)
		if s.oneIn(2) {
			after = s.within(time.Second)
		}
		interrupt := time.Now().Add(after)
		if interrupt.Before(s.patience) {
			s.patience = interrupt
		}
		time.AfterFunc(after, func() {
			s.step("interrupted")
			s.server.Stop()
		})
	}
	var creations sync.WaitGroup
	for _, c := range s.creations {
		s.step("%q is created", c.name)
		creations.Go(func() {
			c.state, c.diagnostics = s.server.Apply(c.plan)
			c.ended = time.Now()
			s.step("%q returned: %s", c.name, c)
		})
	}
	creations.Wait()
	time.Sleep(3 * time.Minute) // the latest commit comes 90 s after its response
	s.judge()
	if s.t.Failed() {
		for _, cert := range s.cloud.Certificates(ProjectID) {
			s.step("the cloud has %s, %q, of %s", cert.ID, cert.Name, cert.CreateTime.Format("04:05"))
		}
		s.t.Logf("replay it with %s=%d; this is what happened:\n%s", sequenceSeed, s.seed, strings.Join(s.steps, "\n"))
	}
}

// String returns what the user sees.
func (c *requestedCreation) String() string {
	said := "no state"
	if c.state != nil {
		said = fmt.Sprint("certificate ", c.state.Values["id"])
	}
	for _, d := range c.diagnostics {
		said += fmt.Sprintf("\n\t%s: %s: %s", d.Severity, d.Summary, strings.ReplaceAll(d.Detail, "\n", " "))
	}
	return said
}

// namesCertificate reports whether the text of a diagnostic has the ID of a certificate, or says
// that a certificate with its name may exist in its project.
func namesCertificate(text string, cert elbstub.Certificate) bool {
	return strings.Contains(text, cert.ID) || isDoubtful(text) &&
		strings.Contains(text, cert.ProjectID) && (strings.Contains(text, `"`+cert.Name+`"`) ||
		cert.Name == "" && strings.Contains(text, "with a name that the API has chosen"))
}

func isDoubtful(text string) bool { return strings.Contains(text, "may exist") }

// judge compares what the creations returned with what the cloud has.
func (s *sequence) judge() {
	s.t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	made := map[string]elbstub.Certificate{}
	for _, cert := range s.cloud.Certificates(ProjectID) {
		if s.stranger == nil || cert.ID != s.stranger.ID {
			made[cert.ID] = cert
		}
	}

	held := map[string]bool{}
	for _, c := range s.creations {
		s.judgeResult(c)
		if c.state == nil {
			continue
		}
		id := c.state.Values["id"].(string)
		if cert, exists := made[id]; !exists || cert.Name != c.name {
			s.t.Errorf("%q is in the state as %s, which this creation did not make", c.name, id)
		}
		if held[id] {
			s.t.Errorf("certificate %s is in the state twice", id)
		}
		held[id] = true
	}

	var said []string // of all creations, because the user reads all of them
	for _, c := range s.creations {
		said = append(said, diagnosticTexts(c.diagnostics)...)
	}
	for id, cert := range made {
		named := slices.ContainsFunc(said, func(text string) bool { return namesCertificate(text, cert) })
		if !held[id] && !named {
			s.t.Errorf("certificate %s (%q) is neither in the state nor named", id, cert.Name)
		}
	}
	s.judgeTime()
}

// judgeResult checks the result of one creation.
func (s *sequence) judgeResult(c *requestedCreation) {
	s.t.Helper()
	switch failed := c.diagnostics.HasError(); {
	case c.state == nil && !failed:
		s.t.Errorf("the creation of %q did nothing, and did not say so", c.name)
	case c.state != nil && failed:
		s.t.Errorf("the creation of %q tainted what it made", c.name)
	}
	// Without this check, a provider that always warns would pass.
	doubtful := s.unclear || s.broken || len(s.posts) > 0 && !c.ended.Before(s.patience)
	if !doubtful && slices.ContainsFunc(diagnosticTexts(c.diagnostics), isDoubtful) {
		s.t.Errorf("the creation of %q is in doubt without reason", c.name)
	}
}

// judgeTime checks how soon the creations ended after the user or the timeout had ended them.
func (s *sequence) judgeTime() {
	s.t.Helper()
	out := 0
	for _, at := range s.posts {
		if !at.After(s.patience) {
			out++
		}
	}
	soon := 0
	for _, c := range s.creations {
		late := c.ended.Sub(s.patience)
		if late > 10*time.Second {
			s.t.Errorf("the creation of %q ended %s after the interrupt or the timeout", c.name, late)
		}
		if late <= 2*time.Second {
			soon++
		}
	}
	// Each POST belongs to one creation, and only that creation may take longer.
	if slow := len(s.creations) - soon; slow > out && !s.broken {
		s.t.Errorf("%d creations took more than 2 s to end, but %d POSTs were out before", slow, out)
	}
}
