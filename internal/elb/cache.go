package elb

import (
	"context"
	"errors"
	"fmt"
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
	// listTimeout bounds a list with all its retries. It is longer than any reader
	// waits by default, since readers share it.
	listTimeout = 10 * time.Minute
)

// A cache is what is known of the certificates of a project. There is no call for one
// certificate, so one list serves all who read at the same time, and those who read
// soon after it. What was written by this process is laid over lists that may not
// show it yet.
//
// Whether a list started before or after something is told by sequence numbers.
type cache struct {
	projectID string
	list      func(context.Context) (listing, error)
	now       func() time.Time

	mu       sync.Mutex
	sequence int       // of the latest start or end of a list, read or write
	running  *listCall // nil if there is none
	latest   *listCall // the latest that succeeded, or nil
	complete *listCall // the latest of those that was complete, or nil

	failure      error // of the latest list, or nil
	failureUntil time.Time

	lastWrite int              // the sequence number of the latest write
	writes    map[string]write // the latest of each ID
	seen      map[string]int   // ID → sequence number of the end of the first list that had it
}

// A listing is the response to a list.
type listing struct {
	certificates []Certificate // as the server orders them, each ID once
	byID         map[string]Certificate
	// complete is whether those are all, by the server's own total.
	complete bool
	// total is that, as the server writes it, or empty.
	total string
	// requestID is the server's, or empty.
	requestID string
}

func (l *listing) add(cert Certificate) {
	if _, twice := l.byID[cert.ID]; twice {
		return
	}
	l.byID[cert.ID] = cert
	l.certificates = append(l.certificates, cert)
}

// A listCall is one list, from its start to the last byte of its response.
type listCall struct {
	started   int // sequence number
	startedAt time.Time

	done   chan struct{} // closed when the rest is there
	doneAt time.Time
	listing
	err error
}

// A write is what is known of a certificate because this process wrote it.
type write struct {
	at time.Time
	// certificate is nil when it was deleted.
	certificate *Certificate
}

// An IncompleteListError says that a list does not have all certificates, by the
// server's own total, and so proves nothing of those that it lacks.
type IncompleteListError struct {
	ProjectID string
	// Listed is how many certificates the list has.
	Listed int
	// Total is how many the server says that there are, or empty.
	Total string
	// RequestID is the server's, or empty.
	RequestID string
}

// Error implements error.
func (e *IncompleteListError) Error() string {
	text := fmt.Sprintf("list certificates of project %s: the API returned %d certificates but reported a total of %s", e.ProjectID, e.Listed, e.Total)
	if e.Total == "" {
		text = fmt.Sprintf("list certificates of project %s: the API returned no list, and no total", e.ProjectID)
	}
	if e.RequestID != "" {
		text += " (request ID " + e.RequestID + ")"
	}
	return text
}

func newCache(projectID string, list func(context.Context) (listing, error), now func() time.Time) *cache {
	return &cache{projectID: projectID, list: list, now: now, writes: map[string]write{}, seen: map[string]int{}}
}

// get returns a certificate. ErrNotFound says that this process deleted it, or that a
// complete list lacks it that started after the call.
func (c *cache) get(ctx context.Context, id string) (Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sequence++
	asked := c.sequence
	if w, known := c.writes[id]; known && c.now().Sub(w.at) < listLag {
		return c.written(w, id)
	}
	if err := c.failureLocked(); err != nil {
		return Certificate{}, err
	}
	if recent := c.recentLocked(); recent != nil {
		if cert, err, decided := c.findLocked(recent, id, asked); decided {
			return cert, err
		}
	}
	for {
		call := c.joinLocked(ctx) // one that is running, or starts now
		c.mu.Unlock()
		err := call.wait(ctx)
		c.mu.Lock()
		if err != nil {
			return Certificate{}, err
		}
		if cert, err, decided := c.findLocked(call, id, asked); decided {
			return cert, err
		}
	}
}

// all returns every certificate, in the order of the list, which must be complete;
// what was written here and is not in it follows in no order.
func (c *cache) all(ctx context.Context) ([]Certificate, error) {
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
	err := call.wait(ctx)
	c.mu.Lock()
	if err != nil {
		return nil, err
	}
	if !call.complete {
		return nil, c.incomplete(call.listing)
	}
	return c.overlaidLocked(call), nil
}

// overlaidLocked returns the certificates of a list, with what was written here laid
// over them.
func (c *cache) overlaidLocked(call *listCall) []Certificate {
	all := make([]Certificate, 0, len(call.certificates))
	for _, cert := range call.certificates {
		if _, written := c.overlayLocked(call, cert.ID); !written {
			all = append(all, cert)
		}
	}
	for id := range c.writes {
		if w, written := c.overlayLocked(call, id); written && w.certificate != nil {
			all = append(all, *w.certificate)
		}
	}
	return all
}

// overlayLocked returns what was written after a list started, or shortly before.
func (c *cache) overlayLocked(call *listCall, id string) (w write, written bool) {
	w, written = c.writes[id]
	return w, written && call.startedAt.Sub(w.at) < listLag
}

// recentLocked returns a list that serves who asks now, or nil.
func (c *cache) recentLocked() *listCall {
	if call := c.latest; call != nil && c.now().Sub(call.doneAt) < listTTL && c.lastWrite < call.started {
		return call
	}
	return nil
}

// findLocked finds a certificate in what is laid over a list, or in the list. decided
// is false when that proves nothing: the certificate is not there, and the list
// started before it was asked for.
func (c *cache) findLocked(call *listCall, id string, asked int) (cert Certificate, err error, decided bool) {
	if w, written := c.overlayLocked(call, id); written {
		cert, err = c.written(w, id)
		return cert, err, true
	}
	cert, err = c.find(call.listing, id)
	return cert, err, call.started > asked || !errors.Is(err, ErrNotFound)
}

// written returns the result of our own write.
func (c *cache) written(w write, id string) (Certificate, error) {
	if w.certificate == nil {
		return Certificate{}, c.notFound(id)
	}
	return *w.certificate, nil
}

// fresh returns a certificate as a list shows it that starts after the call, whatever
// was written here.
func (c *cache) fresh(ctx context.Context, id string) (Certificate, error) {
	c.mu.Lock()
	err := c.failureLocked()
	c.mu.Unlock()
	if err != nil {
		return Certificate{}, err
	}
	call, err := c.next(ctx)
	if err != nil {
		return Certificate{}, err
	}
	return c.find(call.listing, id)
}

// await returns a certificate that was just written, as soon as a list shows it. It
// lists until the list lag has passed.
func (c *cache) await(ctx context.Context, id string) (Certificate, error) {
	written := c.now()
	for pauses := newPauses(250*time.Millisecond, 2*time.Second); ; {
		cert, err := c.fresh(ctx, id)
		if !errors.Is(err, ErrNotFound) || c.now().Sub(written) >= listLag || pauses.wait(ctx) != nil {
			return cert, err
		}
	}
}

// find returns a certificate of a list, or what the list proves that lacks it.
func (c *cache) find(l listing, id string) (Certificate, error) {
	if cert, found := l.byID[id]; found {
		return cert, nil
	}
	if l.complete {
		return Certificate{}, c.notFound(id)
	}
	return Certificate{}, fmt.Errorf("certificate %s is not in the list, which is incomplete: %w", id, c.incomplete(l))
}

// next waits for a list that starts after the call.
func (c *cache) next(ctx context.Context) (*listCall, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sequence++
	asked := c.sequence
	for {
		call := c.joinLocked(ctx)
		c.mu.Unlock()
		err := call.wait(ctx)
		c.mu.Lock()
		if err != nil || call.started > asked {
			return call, err
		}
	}
}

// current returns the latest complete list, or else a fallback that may be nil, while
// it is not older than the list TTL. Otherwise it waits for the list that is running,
// or for a new one, which may be incomplete.
func (c *cache) current(ctx context.Context, fallback *listCall) (*listCall, error) {
	c.mu.Lock()
	for _, call := range []*listCall{c.complete, fallback} {
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
	return call, call.wait(ctx)
}

// overlaid returns the certificates of a list, with what was written here laid over
// them.
func (c *cache) overlaid(call *listCall) []Certificate {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.overlaidLocked(call)
}

// mark returns a sequence number that is later than all that has happened.
func (c *cache) mark() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sequence++
	return c.sequence
}

// seenBefore reports whether a list that ended before a mark had a certificate.
func (c *cache) seenBefore(id string, mark int) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	first, seen := c.seen[id]
	return seen && first < mark
}

// invalidate makes the next read list again: something may have been written.
func (c *cache) invalidate() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sequence++
	c.lastWrite = c.sequence
}

// recordUpdate notes how an update ended. One that failed may have been carried out
// all the same, or may still be: what was listed before it is not used any more, while
// what an earlier write told is as true as it was.
func (c *cache) recordUpdate(id string, cert Certificate, err error) {
	switch {
	case err == nil:
		c.record(id, &cert)
	case errors.Is(err, ErrNotFound):
		c.record(id, nil)
	default:
		c.invalidate()
	}
}

// record notes a certificate as it is after a write that has ended; nil is deleted.
func (c *cache) record(id string, cert *Certificate) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sequence++
	c.lastWrite = c.sequence
	c.writes[id] = write{at: c.now(), certificate: cert}
}

// failureLocked returns why the latest list failed, as long as that is cached.
func (c *cache) failureLocked() error {
	if c.failure != nil && c.now().Before(c.failureUntil) {
		return c.failure
	}
	return nil
}

func (c *cache) incomplete(l listing) error {
	return &IncompleteListError{ProjectID: c.projectID, Listed: len(l.certificates), Total: l.total, RequestID: l.requestID}
}

func (c *cache) notFound(id string) error {
	return fmt.Errorf("get certificate %s of project %s: %w", id, c.projectID, ErrNotFound)
}

// joinLocked returns the list that is running, or starts one.
func (c *cache) joinLocked(ctx context.Context) *listCall {
	if c.running == nil {
		c.sequence++
		c.running = &listCall{started: c.sequence, startedAt: c.now(), done: make(chan struct{})}
		// Who starts it may be cancelled without an end for the others.
		go c.run(context.WithoutCancel(ctx), c.running)
	}
	return c.running
}

// run carries a list out.
func (c *cache) run(ctx context.Context, call *listCall) {
	ctx, cancel := context.WithTimeout(ctx, listTimeout)
	defer cancel()
	call.listing, call.err = c.list(ctx)

	c.mu.Lock()
	defer c.mu.Unlock()
	defer close(call.done)
	call.doneAt = c.now()
	c.running, c.failure = nil, nil
	if call.err != nil {
		call.err = listError(c.projectID, call.err)
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

func (call *listCall) wait(ctx context.Context) error {
	select {
	case <-call.done:
		return call.err
	case <-ctx.Done():
		return fmt.Errorf("wait for a list of certificates: %w", ctx.Err())
	}
}

// listError says what could not be listed.
func listError(projectID string, err error) error {
	if errors.Is(err, httpapi.ErrTooLarge) {
		return fmt.Errorf("the list of project %s is larger than 64 MiB: %w", projectID, err)
	}
	return fmt.Errorf("list certificates of project %s: %w", projectID, err)
}
