package elb

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/elbaas/terraform-provider-elbaas/internal/httpapi"
)

const (
	// listTTL is how long a list is cached.
	listTTL = 5 * time.Second
	// failureTTL is how long the failure of a list is cached, so that a thousand reads do
	// not retry one after the other.
	failureTTL = 30 * time.Second
	// listLag is how long a list may show the state before a write (observed).
	listLag = 5 * time.Second
	// pollInterval is the minimum time between two lists while something waits for a
	// change.
	pollInterval = time.Second
)

// An element is an entry of a list: a Certificate or a Listener.
type element interface {
	id() string
	name() string
}

// keyOf returns the ID of an element in lower case, because the API does not always keep the case.
func keyOf[E element](e E) string { return strings.ToLower(e.id()) }

// byName sorts elements by name, then by ID.
func byName[E element](a, b E) int {
	return cmp.Or(cmp.Compare(a.name(), b.name()), cmp.Compare(keyOf(a), keyOf(b)))
}

// A cache holds the certificates or the listeners of a project. All reads at the same time,
// and those soon after, use the same list call. Because lists lag behind writes, the results
// of our own writes overlay them.
//
// Order is by sequence numbers, not by times, which may be equal: each start and end of a list
// call takes the next number, and a read or a write remembers the number at which it began.
type cache[E element] struct {
	noun      string // "certificate" or "listener"
	absent    error  // the absence error: the element is proven not to exist
	projectID string
	list      func(context.Context) (listing[E], error)

	mu       sync.Mutex
	sequence int          // the latest sequence number
	running  *listCall[E] // the list call that is running, or nil
	ended    *listCall[E] // the latest list call that ended, or nil
	accepted *listCall[E] // the latest one that can be the baseline of a creation (see baseline), or nil

	lastStart time.Time // when the latest list call started

	lastWrite int                 // the latest sequence number at the time of the latest write
	writes    map[string]write[E] // the latest write of each ID
	seen      map[string]int      // for each ID, the sequence number at the end of the first list that had it
}

// A listing is the response to a list call.
type listing[E element] struct {
	elements map[string]E // by ID in lower case
	// complete is whether the list has as many elements as total says, or is an array without a total.
	complete bool
	// total is the number of elements that the response states, or empty.
	total string
	// requestID is the request ID of an incomplete response, or empty.
	requestID string
}

// A listCall is one list call, with its response when it has ended.
type listCall[E element] struct {
	startSeq  int // the sequence number of its start
	waiting   int // how many callers wait for it
	cancel    context.CancelFunc
	startedAt time.Time

	done       chan struct{} // closed when the fields below are set
	doneAt     time.Time
	listing[E] // that of the previous list call if this one failed
	err        error
}

// A write is the result of our own write of an element.
type write[E element] struct {
	at time.Time
	// element is nil if the element was deleted.
	element *E
}

// An IncompleteListError says that a list does not have as many elements as the API reported. That
// an element is not in it proves nothing.
type IncompleteListError struct{ text string }

// Error implements error.
func (e *IncompleteListError) Error() string { return e.text }

// A ListedError says that the API does not find an element that the list of the project has.
type ListedError struct{ error }

// Unwrap returns the error.
func (e *ListedError) Unwrap() error { return e.error }

func newCache[E element](
	noun string, absent error, projectID string, list func(context.Context) (listing[E], error),
) *cache[E] {
	return &cache[E]{
		noun:      noun,
		absent:    absent,
		projectID: projectID,
		list:      list,
		writes:    map[string]write[E]{},
		seen:      map[string]int{},
	}
}

// get returns an element. An absence error says that this process deleted it, or that a
// complete list that started after the call does not have it. Lists that start before lagEnds may
// lag behind a write: when such a list does not have the element, or has an old state of it, a new
// list is awaited.
func (c *cache[E]) get(ctx context.Context, id string, lagEnds time.Time, isOld func(E) bool) (none E, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	askedSeq := c.sequence

	if e, written, err := c.writtenLocked(time.Now(), id); written {
		return e, err
	}
	call, err := c.recentLocked()
	if err == nil && call == nil {
		call, err = c.listLocked(ctx)
	}
	for err == nil {
		e, isWritten, findErr := c.writtenLocked(call.startedAt, id)
		if !isWritten {
			e, findErr = c.findListed(call.listing, id)
		}
		mayLag := call.startedAt.Before(lagEnds) && (findErr != nil || isOld(e))
		switch {
		case mayLag:
			call, err = c.pollLocked(ctx)
		case isWritten, findErr == nil, call.startSeq > askedSeq:
			return e, findErr
		default: // the list may be older than the element
			call, err = c.listLocked(ctx)
		}
	}
	return none, err
}

// all returns every element, sorted by name, then by ID. The list must be complete.
func (c *cache[E]) all(ctx context.Context) ([]E, error) {
	c.mu.Lock()
	call, err := c.recentLocked()
	if err == nil && (call == nil || !call.complete) {
		call, err = c.listLocked(ctx)
	}
	c.mu.Unlock()
	switch {
	case err != nil:
		return nil, err
	case !call.complete:
		return nil, c.incomplete(call.listing)
	}
	return slices.SortedFunc(maps.Values(c.overlaid(call)), byName), nil
}

// overlaid returns the elements of a list by ID in lower case, with what was written here laid over them.
func (c *cache[E]) overlaid(call *listCall[E]) map[string]E {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := maps.Clone(call.elements)
	for id := range c.writes {
		switch e, written, err := c.writtenLocked(call.startedAt, id); {
		case written && err == nil:
			all[id] = e
		case written:
			delete(all, id)
		}
	}
	return all
}

// writtenLocked returns the result of our own write of an element, if it was written after a list
// started, or shortly before. The error is an absence error.
func (c *cache[E]) writtenLocked(started time.Time, id string) (e E, written bool, err error) {
	w, written := c.writes[strings.ToLower(id)]
	switch {
	case !written || started.Sub(w.at) >= listLag:
		return e, false, nil
	case w.element == nil:
		return e, true, c.notFound(id)
	}
	return *w.element, true, nil
}

// recentLocked returns the cached list, or its cached failure. Both are nil if they have expired. A list also expires
// with the next write.
func (c *cache[E]) recentLocked() (*listCall[E], error) {
	call := c.ended
	switch {
	case call == nil:
	case call.err != nil && time.Since(call.doneAt) < failureTTL:
		return nil, call.err
	case call.err == nil && time.Since(call.doneAt) < listTTL && c.lastWrite < call.startSeq:
		return call, nil
	}
	return nil, nil
}

// findListed finds an element in a list. The error is an absence error or, if the list is
// incomplete, an *IncompleteListError.
func (c *cache[E]) findListed(l listing[E], id string) (e E, err error) {
	e, found := l.elements[strings.ToLower(id)]
	switch {
	case found:
		return e, nil
	case l.complete:
		return e, c.notFound(id)
	}
	return e, fmt.Errorf("%s %s is not in the list, which is incomplete: %w", c.noun, id, c.incomplete(l))
}

// lagEnd returns the time from which a new list must show a write of that age. The age may be
// negative, because it may come from another machine, whose clock differs.
func lagEnd(age time.Duration) time.Time {
	if age <= -listLag {
		return time.Time{}
	}
	return time.Now().Add(listLag - max(age, 0))
}

// search makes list calls until enough is true of what a list says of an element, but no longer than the
// list lag. It ignores what was written here.
func (c *cache[E]) search(ctx context.Context, id string, enough func(time.Time, error) bool) (e E, err error) {
	deadline := time.Now().Add(listLag)
	listErr := c.pollUntil(ctx, func(call *listCall[E]) (bool, error) {
		e, err = c.findListed(call.listing, id)
		return enough(call.startedAt, err) || !call.startedAt.Before(deadline), nil
	})
	return e, cmp.Or(listErr, err)
}

// proveAbsence returns an absence error if a list proves that an element does not exist, and
// err otherwise. sinceWrite is how long ago the element was written, and lists that may lag
// behind that prove nothing.
func (c *cache[E]) proveAbsence(ctx context.Context, id string, sinceWrite time.Duration, err error) error {
	lagEnds := lagEnd(sinceWrite)
	_, findErr := c.search(ctx, id, func(started time.Time, err error) bool {
		return !started.Before(lagEnds) && errors.Is(err, c.absent)
	})
	switch {
	case errors.Is(findErr, c.absent):
		return fmt.Errorf("%w: %w", c.absent, err)
	case findErr != nil:
		return fmt.Errorf("%w; it is not known whether the %s exists: %w", err, c.noun, findErr)
	}
	return &ListedError{fmt.Errorf("%w, although the list of the project has the %s", err, c.noun)}
}

// known reports, without a call, whether an element is known to exist (the latest list, or the
// latest one that is complete, has it, or it was created or written here) or known to be missing
// (neither list has it, or it was deleted here).
func (c *cache[E]) known(id string, created bool) (exists, missing bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	id = strings.ToLower(id)
	if w, written := c.writes[id]; written {
		return w.element != nil, w.element == nil
	}
	exists = created
	for _, call := range []*listCall[E]{c.ended, c.accepted} {
		if call != nil && !exists {
			_, exists = call.elements[id]
		}
	}
	return exists, !exists && c.accepted != nil && c.accepted.complete
}

// isNew reports whether this process wrote an element so recently that a backend may not
// know it yet.
func (c *cache[E]) isNew(id string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, written, err := c.writtenLocked(time.Now(), id)
	return written && err == nil
}

// poll waits for a list that starts after the call. Lists start at least a poll interval
// apart. A cached failure does not count.
func (c *cache[E]) poll(ctx context.Context) (*listCall[E], error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.pollLocked(ctx)
}

// pollLocked is poll for a caller that holds the mutex. It releases the mutex while it waits.
func (c *cache[E]) pollLocked(ctx context.Context) (*listCall[E], error) {
	askedSeq := c.sequence
	for {
		if call := c.ended; call != nil && call.startSeq > askedSeq {
			return call, call.err
		}
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("waiting for the list of %ss: %w", c.noun, err)
		}
		if pause := time.Until(c.lastStart.Add(pollInterval)); pause > 0 && c.running == nil {
			c.mu.Unlock()
			_ = httpapi.Pause(ctx, pause)
			c.mu.Lock()
			continue
		}
		_, _ = c.listLocked(ctx) // its result becomes c.ended
	}
}

// pollUntil passes one new list after the other to check, until check is done. An error of check counts as a failed
// list. After five failed lists, it returns the latest error.
func (c *cache[E]) pollUntil(ctx context.Context, check func(*listCall[E]) (done bool, err error)) error {
	for failures := 0; ; {
		done := false
		call, err := c.poll(ctx)
		if err == nil {
			done, err = check(call)
		}
		if err != nil {
			failures++
		}
		if done || failures == 5 {
			return err
		}
	}
}

// baseline returns the latest list that is complete or was accepted, while it is not older than
// the list TTL. Otherwise it lists; an incomplete list is repeated as often as retries says, and then
// accepted. mark is the latest sequence number.
func (c *cache[E]) baseline(ctx context.Context, retries int) (call *listCall[E], mark int, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.accepted != nil && time.Since(c.accepted.doneAt) <= listTTL {
		return c.accepted, c.sequence, nil
	}
	if _, err := c.recentLocked(); err != nil {
		return nil, 0, err
	}
	call, err = c.listLocked(ctx)
	for ; err == nil && !call.complete && retries > 0; retries-- {
		call, err = c.pollLocked(ctx)
	}
	if err != nil {
		return nil, 0, err // the list may still be running
	}
	c.accepted = call
	return call, c.sequence, nil
}

// seenBefore reports whether a list that ended no later than a mark had an element.
func (c *cache[E]) seenBefore(id string, mark int) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	first, seen := c.seen[strings.ToLower(id)]
	return seen && first <= mark
}

// record records the result of our own write: the element, or nil if it was deleted. A write that
// failed may have been carried out nevertheless, so it expires the cached list too; the results of
// earlier writes stay.
func (c *cache[E]) record(id string, e *E, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lastWrite = c.sequence
	if errors.Is(err, c.absent) {
		e, err = nil, nil
	}
	if err == nil {
		c.writes[strings.ToLower(id)] = write[E]{at: time.Now(), element: e}
	}
}

func (c *cache[E]) incomplete(l listing[E]) error {
	total := "and no valid total"
	if l.total != "" {
		total = "but reported a total of " + l.total
	}
	text := fmt.Sprintf("listing %[1]ss of project %[2]s: the API returned %[3]d %[1]ss %[4]s",
		c.noun, c.projectID, len(l.elements), total)
	if l.requestID != "" {
		text += " (request ID " + l.requestID + ")"
	}
	return &IncompleteListError{text}
}

func (c *cache[E]) notFound(id string) error {
	return fmt.Errorf("getting %s %s of project %s: %w", c.noun, id, c.projectID, c.absent)
}

// listLocked waits for the list that is running, or starts one. It releases the mutex
// while it waits. The last caller that stops waiting cancels the list.
func (c *cache[E]) listLocked(ctx context.Context) (*listCall[E], error) {
	if c.running == nil {
		c.startLocked(ctx)
	}
	call := c.running
	call.waiting++
	c.mu.Unlock()
	select {
	case <-call.done:
	case <-ctx.Done():
	}
	c.mu.Lock()

	call.waiting--
	switch {
	case c.running != call: // it has ended
		return call, call.err
	case call.waiting == 0:
		c.running = nil
		call.cancel()
	}
	return call, ctx.Err()
}

// startLocked starts a list. Other callers may wait for it too, so it does not end with the
// context of the one that starts it.
func (c *cache[E]) startLocked(ctx context.Context) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx)) //nolint:gosec // run or listLocked calls cancel
	c.sequence++
	c.lastStart = time.Now()
	c.running = &listCall[E]{
		startSeq:  c.sequence,
		startedAt: c.lastStart,
		cancel:    cancel,
		done:      make(chan struct{}),
	}
	go c.run(ctx, c.running)
}

// run makes a list call and stores its result.
func (c *cache[E]) run(ctx context.Context, call *listCall[E]) {
	defer call.cancel()
	call.listing, call.err = c.list(ctx)

	c.mu.Lock()
	defer c.mu.Unlock()
	defer close(call.done)
	call.doneAt = time.Now()
	if c.running != call {
		return // all callers have stopped waiting
	}
	c.running = nil
	previous := c.ended
	c.ended = call
	if call.err != nil {
		call.err = listError(c.noun, c.projectID, call.err)
		if previous != nil {
			call.listing = previous.listing // it stays known
		}
		return
	}
	if call.complete {
		c.accepted = call
	}
	c.sequence++
	for id := range call.elements {
		if _, seen := c.seen[id]; !seen {
			c.seen[id] = c.sequence
		}
	}
}

// listError adds the project to the error of a list call.
func listError(noun, projectID string, err error) error {
	if errors.Is(err, httpapi.ErrTooLarge) {
		return fmt.Errorf("the list of %ss of project %s is larger than 64 MiB: %w", noun, projectID, err)
	}
	return fmt.Errorf("listing %ss of project %s: %w", noun, projectID, err)
}
