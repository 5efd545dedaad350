package elb

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/elbaas/terraform-provider-elbaas/internal/httpapi"
)

const (
	// listTTL is how long a list serves reads that are asked for after it.
	listTTL = 5 * time.Second
	// failureTTL is how long a failed list is returned to everybody: a thousand reads
	// must not retry one after the other.
	failureTTL = 30 * time.Second
	// listLag is how long a list may lag behind a write (observed).
	listLag = 5 * time.Second
	// pollInterval is the least time between two lists of those who wait for a change:
	// they share them.
	pollInterval = time.Second
)

// An element of a list: a Certificate or a Listener.
type element interface {
	key() string // its ID, in lower case
}

// A cache is what is known of the elements of a list of a project, its certificates or
// its listeners. One list serves all who read at the same time, and those who read soon
// after it. What was written by this process is laid over lists that may not show it
// yet.
//
// Whether a list started before or after something is told by sequence numbers.
type cache[E element] struct {
	noun      string // what is listed, such as "certificate"
	absent    error  // says that one is proven not to exist
	projectID string
	list      func(context.Context) (listing[E], error)
	now       func() time.Time

	mu       sync.Mutex
	sequence int          // of the latest start or end of a list, read or write
	running  *listCall[E] // nil if there is none
	ended    *listCall[E] // the latest that ended, or nil
	latest   *listCall[E] // the latest that succeeded, or nil
	complete *listCall[E] // the latest of those that was complete, or nil

	lastStart time.Time // of a list

	failure      error // of the latest list, or nil
	failureUntil time.Time

	lastWrite int                 // the sequence number of the latest write
	writes    map[string]write[E] // the latest of each ID
	seen      map[string]int      // ID → sequence number of the end of the first list that had it
}

// A listing is the response to a list.
type listing[E element] struct {
	elements []E // as the server orders them, each ID once
	byID     map[string]E
	// complete is whether those are all, by the server's own total.
	complete bool
	// total is that, as the server writes it, or empty.
	total string
	// requestID is the server's, or empty.
	requestID string
}

func (l *listing[E]) add(e E) {
	if _, twice := l.byID[e.key()]; twice {
		return
	}
	l.byID[e.key()] = e
	l.elements = append(l.elements, e)
}

// A listCall is one list, from its start to the last byte of its response.
type listCall[E element] struct {
	started   int // sequence number
	waiting   int // who waits for it
	cancel    context.CancelFunc
	startedAt time.Time

	done   chan struct{} // closed when the rest is there
	doneAt time.Time
	listing[E]
	err error
}

// A write is what is known of an element because this process wrote it.
type write[E element] struct {
	at time.Time
	// element is nil when it was deleted.
	element *E
}

// An IncompleteListError says that a list does not have all elements, by the server's
// own total, and so proves nothing of those that it lacks.
type IncompleteListError struct {
	// Noun is what is listed: "certificate" or "listener".
	Noun      string
	ProjectID string
	// Listed is how many elements the list has.
	Listed int
	// Total is how many the server says that there are, or empty if that is not a number.
	Total string
	// RequestID is the server's, or empty.
	RequestID string
}

// Error implements error.
func (e *IncompleteListError) Error() string {
	text := fmt.Sprintf("list %[1]ss of project %[2]s: the API returned %[3]d %[1]ss", e.Noun, e.ProjectID, e.Listed)
	if e.Total == "" {
		text += " and no valid total"
	} else {
		text += " but reported a total of " + e.Total
	}
	if e.RequestID != "" {
		text += " (request ID " + e.RequestID + ")"
	}
	return text
}

// A ListedError says that the API does not find what the list of the project has.
type ListedError struct {
	// Noun is what is listed: "certificate" or "listener".
	Noun string
	// Err is what the API said.
	Err error
}

// Error implements error.
func (e *ListedError) Error() string {
	return fmt.Sprintf("%s, although the list of the project has the %s", e.Err, e.Noun)
}

// Unwrap returns what the API said.
func (e *ListedError) Unwrap() error { return e.Err }

func newCache[E element](
	noun string, absent error, projectID string, list func(context.Context) (listing[E], error), now func() time.Time,
) *cache[E] {
	return &cache[E]{
		noun: noun, absent: absent, projectID: projectID, list: list, now: now,
		writes: map[string]write[E]{}, seen: map[string]int{},
	}
}

// get returns an element. The absent error says that this process deleted it, or that a
// complete list lacks it that started after the call.
func (c *cache[E]) get(ctx context.Context, id string) (E, error) {
	e, _, err := c.served(ctx, id, time.Time{})
	return e, err
}

// served is get, and returns when the list that served it started. Who lists again by
// himself, as long as lists that start before until may lag, is served by any.
func (c *cache[E]) served(ctx context.Context, id string, until time.Time) (none E, started time.Time, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sequence++
	asked := c.sequence
	if w, known := c.writes[strings.ToLower(id)]; known && c.now().Sub(w.at) < listLag {
		e, err := c.written(w, id)
		return e, c.now(), err
	}
	if err := c.failureLocked(); err != nil {
		return none, c.now(), err
	}
	if recent := c.recentLocked(); recent != nil {
		if e, err, decided := c.findLocked(recent, id, asked); decided || c.now().Before(until) {
			return e, recent.startedAt, err
		}
	}
	for {
		call := c.joinLocked(ctx) // one that is running, or starts now
		c.mu.Unlock()
		err := c.wait(ctx, call)
		c.mu.Lock()
		if err != nil {
			return none, c.now(), err
		}
		if e, err, decided := c.findLocked(call, id, asked); decided || c.now().Before(until) {
			return e, call.startedAt, err
		}
	}
}

// all returns every element, in the order of the list, which must be complete;
// what was written here and is not in it follows in no order.
func (c *cache[E]) all(ctx context.Context) ([]E, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.failureLocked(); err != nil {
		return nil, err
	}
	call := c.recentLocked()
	if call == nil || !call.complete {
		call = c.joinLocked(ctx)
	}
	c.mu.Unlock()
	err := c.wait(ctx, call)
	c.mu.Lock()
	if err != nil {
		return nil, err
	}
	if !call.complete {
		return nil, c.incomplete(call.listing)
	}
	return c.overlaidLocked(call), nil
}

// overlaidLocked returns the elements of a list, with what was written here laid
// over them.
func (c *cache[E]) overlaidLocked(call *listCall[E]) []E {
	all := make([]E, 0, len(call.elements))
	for _, e := range call.elements {
		if _, written := c.overlayLocked(call, e.key()); !written {
			all = append(all, e)
		}
	}
	for id := range c.writes {
		if w, written := c.overlayLocked(call, id); written && w.element != nil {
			all = append(all, *w.element)
		}
	}
	return all
}

// overlayLocked returns what was written after a list started, or shortly before.
func (c *cache[E]) overlayLocked(call *listCall[E], id string) (w write[E], written bool) {
	w, written = c.writes[strings.ToLower(id)]
	return w, written && call.startedAt.Sub(w.at) < listLag
}

// recentLocked returns a list that serves who asks now, or nil.
func (c *cache[E]) recentLocked() *listCall[E] {
	if call := c.latest; call != nil && c.now().Sub(call.doneAt) < listTTL && c.lastWrite < call.started {
		return call
	}
	return nil
}

// findLocked finds an element in what is laid over a list, or in the list. decided
// is false when that proves nothing: the element is not there, and the list
// started before it was asked for.
func (c *cache[E]) findLocked(call *listCall[E], id string, asked int) (e E, err error, decided bool) {
	if w, written := c.overlayLocked(call, id); written {
		e, err = c.written(w, id)
		return e, err, true
	}
	e, err = c.find(call.listing, id)
	return e, err, call.started > asked || err == nil
}

// written returns the result of our own write.
func (c *cache[E]) written(w write[E], id string) (E, error) {
	if w.element == nil {
		var none E
		return none, c.notFound(id)
	}
	return *w.element, nil
}

// settled returns an element as get does. A list that starts before until may lag: one
// that lacks it, or has an old state of it, is asked for again.
func (c *cache[E]) settled(ctx context.Context, id string, until time.Time, isOld func(E) bool) (E, error) {
	e, started, err := c.served(ctx, id, until)
	for started.Before(until) && (err == nil && isOld(e) || c.lacks(err)) {
		call, listErr := c.poll(ctx)
		if listErr != nil {
			return e, listErr
		}
		started = call.startedAt
		e, err = c.look(call, id)
	}
	return e, err
}

// settledAt returns from when on lists show what was written so long ago, by a clock that
// may differ: less than 0 is in the future.
func (c *cache[E]) settledAt(ago time.Duration) time.Time {
	if ago <= -listLag || ago > time.Hour { // so long no list runs that serves anybody
		return time.Time{}
	}
	return c.now().Add(listLag - max(ago, 0))
}

// lacks reports whether an error says that a list lacks an element, which proves
// nothing where the list is incomplete.
func (c *cache[E]) lacks(err error) bool {
	var incomplete *IncompleteListError
	return errors.Is(err, c.absent) || errors.As(err, &incomplete)
}

// await returns an element as soon as a list that starts after the call shows it, or
// shows that it is absent, whatever was written here. It lists until the list lag has
// passed, also since the element was written so long ago, and some times more where a
// list fails.
func (c *cache[E]) await(ctx context.Context, id string, absent bool, written time.Duration) (e E, err error) {
	const tries = 3
	settled, late := c.settledAt(written), c.now().Add(listLag)
	if late.Before(settled) {
		late = settled
	}
	for failures := 0; ; {
		call, listErr := c.poll(ctx)
		if listErr != nil {
			if failures++; failures >= tries || ctx.Err() != nil {
				return e, listErr
			}
			continue
		}
		e, err = c.find(call.listing, id)
		isDecided := !absent && err == nil || absent && errors.Is(err, c.absent) && !call.startedAt.Before(settled)
		if isDecided || !call.startedAt.Before(late) {
			return e, err
		}
	}
}

// byList returns the absent error if a list proves, within the list lag, that an element
// does not exist, and err otherwise. written is as for await.
func (c *cache[E]) byList(ctx context.Context, id string, written time.Duration, err error) error {
	_, listErr := c.await(ctx, id, true, written)
	switch {
	case errors.Is(listErr, c.absent):
		return fmt.Errorf("%w: %w", c.absent, err)
	case listErr != nil:
		return fmt.Errorf("%w; whether the %s exists is not known: %w", err, c.noun, listErr)
	}
	return &ListedError{Noun: c.noun, Err: err}
}

// known reports whether an element is known to exist, by the latest list or because it was
// created or written here, and whether it is known not to, by the latest complete list or
// because it was deleted here. It makes no call.
func (c *cache[E]) known(id string, created bool) (exists, missing bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	id = strings.ToLower(id)
	if w, written := c.writes[id]; written {
		return w.element != nil, w.element == nil
	}
	exists = created
	if c.latest != nil && !exists {
		_, exists = c.latest.byID[id]
	}
	if c.complete != nil && !exists {
		_, listed := c.complete.byID[id]
		missing = !listed
	}
	return exists, missing
}

// isNew reports whether this process has written an element so recently that a backend may
// not know it yet.
func (c *cache[E]) isNew(id string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	w, written := c.writes[strings.ToLower(id)]
	return written && w.element != nil && c.now().Sub(w.at) < listLag
}

// look finds an element in what is laid over a list, or in the list.
func (c *cache[E]) look(call *listCall[E], id string) (E, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, err, _ := c.findLocked(call, id, 0)
	return e, err
}

// find returns an element of a list, or what the list proves that lacks it.
func (c *cache[E]) find(l listing[E], id string) (e E, err error) {
	e, found := l.byID[strings.ToLower(id)]
	switch {
	case found:
		return e, nil
	case l.complete:
		return e, c.notFound(id)
	}
	return e, fmt.Errorf("%s is not in the list, which is incomplete: %w", id, c.incomplete(l))
}

// poll waits for a list that starts after the call, and not sooner than a poll interval
// after the one before. Whatever failure is cached for readers, it lists.
func (c *cache[E]) poll(ctx context.Context) (*listCall[E], error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sequence++
	asked := c.sequence
	for {
		pause := c.lastStart.Add(pollInterval).Sub(c.now())
		c.mu.Unlock()
		err := httpapi.Pause(ctx, max(0, pause))
		c.mu.Lock()
		if err != nil {
			return nil, fmt.Errorf("wait for the list of %ss: %w", c.noun, err)
		}
		call := c.ended
		if call == nil || call.started < asked {
			if c.running == nil && c.now().Sub(c.lastStart) < pollInterval {
				continue // somebody else has polled meanwhile
			}
			call = c.joinLocked(ctx)
		}
		c.mu.Unlock()
		err = c.wait(ctx, call)
		c.mu.Lock()
		if call.started > asked {
			return call, err
		}
		if ctx.Err() != nil {
			return nil, fmt.Errorf("wait for the list of %ss: %w", c.noun, ctx.Err())
		}
	}
}

// current returns the latest complete list, or else a fallback that may be nil, while
// it is not older than the list TTL. Otherwise it waits for the list that is running,
// or for a new one, which may be incomplete.
func (c *cache[E]) current(ctx context.Context, fallback *listCall[E]) (*listCall[E], error) {
	c.mu.Lock()
	for _, call := range []*listCall[E]{c.complete, fallback} {
		if call != nil && c.now().Sub(call.doneAt) <= listTTL {
			c.mu.Unlock()
			return call, nil
		}
	}
	if err := c.failureLocked(); err != nil {
		c.mu.Unlock()
		return nil, err
	}
	call := c.joinLocked(ctx)
	c.mu.Unlock()
	return call, c.wait(ctx, call)
}

// overlaid returns the elements of a list, with what was written here laid over
// them.
func (c *cache[E]) overlaid(call *listCall[E]) []E {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.overlaidLocked(call)
}

// mark returns a sequence number that is later than all that has happened.
func (c *cache[E]) mark() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sequence++
	return c.sequence
}

// seenBefore reports whether a list that ended before a mark had an element.
func (c *cache[E]) seenBefore(id string, mark int) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	first, seen := c.seen[strings.ToLower(id)]
	return seen && first < mark
}

// invalidate makes the next read list again: something may have been written.
func (c *cache[E]) invalidate() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sequence++
	c.lastWrite = c.sequence
}

// recordUpdate notes how an update ended. One that failed may have been carried out
// all the same, or may still be: what was listed before it is not used any more, while
// what an earlier write told is as true as it was.
func (c *cache[E]) recordUpdate(id string, e E, err error) {
	switch {
	case err == nil:
		c.record(id, &e)
	case errors.Is(err, c.absent):
		c.record(id, nil)
	default:
		c.invalidate()
	}
}

// record notes an element as it is after a write that has ended; nil is deleted.
func (c *cache[E]) record(id string, e *E) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sequence++
	c.lastWrite = c.sequence
	c.writes[strings.ToLower(id)] = write[E]{at: c.now(), element: e}
}

// failureLocked returns why the latest list failed, as long as that is cached.
func (c *cache[E]) failureLocked() error {
	if c.failure != nil && c.now().Before(c.failureUntil) {
		return c.failure
	}
	return nil
}

func (c *cache[E]) incomplete(l listing[E]) error {
	return &IncompleteListError{
		Noun: c.noun, ProjectID: c.projectID, Listed: len(l.elements), Total: l.total, RequestID: l.requestID,
	}
}

func (c *cache[E]) notFound(id string) error {
	return fmt.Errorf("get %s of project %s: %w", id, c.projectID, c.absent)
}

// joinLocked returns the list that is running, or starts one.
func (c *cache[E]) joinLocked(ctx context.Context) *listCall[E] {
	if c.running == nil {
		c.sequence++
		c.lastStart = c.now()
		// Who starts it may be cancelled without an end for the others.
		lasting, cancel := context.WithCancel(context.WithoutCancel(ctx)) //nolint:gosec // run calls it, or who leaves last
		c.running = &listCall[E]{
			started: c.sequence, startedAt: c.lastStart, cancel: cancel, done: make(chan struct{}),
		}
		go c.run(lasting, c.running)
	}
	c.running.waiting++
	return c.running
}

// run carries a list out.
func (c *cache[E]) run(ctx context.Context, call *listCall[E]) {
	defer call.cancel()
	call.listing, call.err = c.list(ctx)

	c.mu.Lock()
	defer c.mu.Unlock()
	defer close(call.done)
	call.doneAt = c.now()
	if c.running != call {
		return // nobody waits for it
	}
	c.running, c.ended, c.failure = nil, call, nil
	if call.err != nil {
		call.err = listError(c.noun, c.projectID, call.err)
		c.failure, c.failureUntil = call.err, call.doneAt.Add(failureTTL)
		return
	}
	c.latest = call
	if call.complete {
		c.complete = call
	}
	c.sequence++
	for id := range call.byID {
		if _, seen := c.seen[id]; !seen {
			c.seen[id] = c.sequence
		}
	}
}

// wait waits for a list. The last one who leaves it ends it.
func (c *cache[E]) wait(ctx context.Context, call *listCall[E]) error {
	select {
	case <-call.done:
		return call.err
	case <-ctx.Done():
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if call.waiting--; call.waiting == 0 && c.running == call {
		c.running = nil
		call.cancel()
	}
	return ctx.Err()
}

// listError says what could not be listed.
func listError(noun, projectID string, err error) error {
	if errors.Is(err, httpapi.ErrTooLarge) {
		return fmt.Errorf("the list of %ss of project %s is larger than 64 MiB: %w", noun, projectID, err)
	}
	return fmt.Errorf("list %ss of project %s: %w", noun, projectID, err)
}
