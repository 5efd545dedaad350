package elb

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

const (
	// listLasts is for how long a list serves reads that are asked for after it.
	listLasts = 5 * time.Second
	// failureLasts is for how long a failed list is told to everybody: a thousand
	// reads must not retry one after the other.
	failureLasts = 30 * time.Second
	// settles is for how long a list may lag behind a write (observed).
	settles = 5 * time.Second
	// listTimeout bounds a list with all its repetitions, which outlives the reader
	// that began it. It is less than readers have by default, so that they are told
	// why.
	listTimeout = 4 * time.Minute
)

// An inventory is what is known of the certificates of one project. There is no
// call for one certificate, so one list serves all who read at the same time, and
// those who read soon after it. What was written here is laid over lists that may
// not show it yet.
//
// Whether a list began before or after something is told by tick, which counts
// the events.
type inventory struct {
	projectID string
	list      func(context.Context) (listing, error)
	now       func() time.Time

	mu     sync.Mutex
	tick   int
	flight *flight // the list that is on its way, or nil
	latest *flight // the latest that was answered, or nil
	failed error   // of the latest list, or nil
	until  time.Time
	// written is the tick of the latest write, writes the latest of each id.
	written int
	writes  map[string]write

	counted *flight         // the latest complete list, or nil
	seen    map[string]int  // id → tick of the first list that had it
	claimed map[string]bool // ids of what was created here
	turns   map[content]chan struct{}
}

// A listing is an answer to a list.
type listing struct {
	certificates []Certificate
	// complete is whether those are all, by the server's own count.
	complete bool
	// requestID is the server's, or empty.
	requestID string
}

// A flight is one list.
type flight struct {
	began   int // tick
	beganAt time.Time

	done    chan struct{} // closed when the rest is there
	doneAt  time.Time
	listing listing
	byID    map[string]Certificate
	err     error

	index     sync.Once
	byContent map[content][]int // made when it is first asked for
}

// A write is what we know of a certificate because we did it.
type write struct {
	at time.Time
	// certificate is nil when it was deleted.
	certificate *Certificate
}

func newInventory(projectID string, list func(context.Context) (listing, error), now func() time.Time) *inventory {
	return &inventory{
		projectID: projectID, list: list, now: now,
		writes: map[string]write{}, seen: map[string]int{}, claimed: map[string]bool{}, turns: map[content]chan struct{}{},
	}
}

// get returns a certificate. ErrNotFound says that it was deleted here, or that a
// complete list lacks it which began after the call.
func (v *inventory) get(ctx context.Context, id string) (Certificate, error) {
	v.mu.Lock()
	v.tick++
	asked := v.tick
	if w, known := v.writes[id]; known && v.now().Sub(w.at) < settles {
		v.mu.Unlock()
		return v.told(w, id)
	}
	if err := v.failure(); err != nil {
		v.mu.Unlock()
		return Certificate{}, err
	}
	if f := v.recent(); f != nil {
		if cert, err, told := v.look(f, id, asked); told {
			v.mu.Unlock()
			return cert, err
		}
	}
	f := v.join(ctx)
	v.mu.Unlock()

	for {
		if err := f.wait(ctx); err != nil {
			return Certificate{}, err
		}
		v.mu.Lock()
		cert, err, told := v.look(f, id, asked)
		if !told {
			f = v.join(ctx) // one that begins now, or began since
		}
		v.mu.Unlock()
		if told {
			return cert, err
		}
	}
}

// all returns every certificate, in the order of the list, which must be
// complete; what was written here and is not in it follows in no order.
func (v *inventory) all(ctx context.Context) ([]Certificate, error) {
	v.mu.Lock()
	if err := v.failure(); err != nil {
		v.mu.Unlock()
		return nil, err
	}
	f := v.recent()
	if f == nil || !f.listing.complete {
		f = v.join(ctx)
	}
	v.mu.Unlock()
	if err := f.wait(ctx); err != nil {
		return nil, err
	}
	if !f.listing.complete {
		return nil, v.incomplete(f, "")
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	all := make([]Certificate, 0, len(f.listing.certificates))
	for _, cert := range f.listing.certificates {
		if _, known := v.over(f, cert.ID); !known {
			all = append(all, cert)
		}
	}
	for id := range v.writes {
		if w, known := v.over(f, id); known && w.certificate != nil {
			all = append(all, *w.certificate)
		}
	}
	return all, nil
}

// recent returns a list that serves who asks now, or nil.
func (v *inventory) recent() *flight {
	if f := v.latest; f != nil && v.now().Sub(f.doneAt) < listLasts && v.written < f.began {
		return f
	}
	return nil
}

// over returns what was written after a list began or shortly before: it is laid
// over that list.
func (v *inventory) over(f *flight, id string) (w write, known bool) {
	w, known = v.writes[id]
	return w, known && f.beganAt.Sub(w.at) < settles
}

// fresh returns a certificate as a list shows it that begins after the call,
// whatever was written here.
func (v *inventory) fresh(ctx context.Context, id string) (Certificate, error) {
	f, err := v.after(ctx)
	if err != nil {
		return Certificate{}, err
	}
	if cert, found := f.byID[id]; found {
		return cert, nil
	}
	return Certificate{}, v.lacks(f, id)
}

// after waits for a list that begins after the call, unless one has just failed.
func (v *inventory) after(ctx context.Context) (*flight, error) {
	v.mu.Lock()
	err := v.failure()
	v.mu.Unlock()
	if err != nil {
		return nil, err
	}
	return v.next(ctx)
}

// next waits for a list that begins after the call.
func (v *inventory) next(ctx context.Context) (*flight, error) {
	v.mu.Lock()
	v.tick++
	asked := v.tick
	f := v.join(ctx)
	v.mu.Unlock()
	for {
		if err := f.wait(ctx); err != nil {
			return nil, err
		}
		if f.began > asked {
			return f, nil
		}
		v.mu.Lock()
		f = v.join(ctx)
		v.mu.Unlock()
	}
}

// settle notes how an update ended. One that failed may have been carried out all
// the same, or may still be: what was listed before it is not believed any more,
// while what an earlier write told is as true as it was.
func (v *inventory) settle(id string, cert Certificate, err error) {
	switch {
	case err == nil:
		v.wrote(cert)
	case errors.Is(err, ErrNotFound):
		v.deleted(id)
	default:
		v.mu.Lock()
		defer v.mu.Unlock()
		v.tick++
		v.written = v.tick
	}
}

// wrote notes a certificate as it is after a write that has ended.
func (v *inventory) wrote(cert Certificate) {
	v.note(cert.ID, &cert)
}

// deleted notes that a certificate is gone.
func (v *inventory) deleted(id string) {
	v.note(id, nil)
}

func (v *inventory) note(id string, certificate *Certificate) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.tick++
	v.written = v.tick
	v.writes[id] = write{at: v.now(), certificate: certificate}
}

// failure returns why the latest list failed, as long as that is remembered.
func (v *inventory) failure() error {
	if v.failed != nil && v.now().Before(v.until) {
		return v.failed
	}
	return nil
}

// look finds a certificate in what is laid over a list, or in the list. told is
// false when that proves nothing: the certificate is not there, and the list began
// before it was asked for.
func (v *inventory) look(f *flight, id string, asked int) (cert Certificate, err error, told bool) {
	if w, known := v.over(f, id); known {
		cert, err = v.told(w, id)
		return cert, err, true
	}
	if cert, found := f.byID[id]; found {
		return cert, nil, true
	}
	if f.began < asked && f.listing.complete {
		return Certificate{}, nil, false
	}
	return Certificate{}, v.lacks(f, id), true
}

// told is what a write says of a certificate.
func (v *inventory) told(w write, id string) (Certificate, error) {
	if w.certificate == nil {
		return Certificate{}, v.notFound(id)
	}
	return *w.certificate, nil
}

// lacks is what a list proves that lacks a certificate.
func (v *inventory) lacks(f *flight, id string) error {
	if f.listing.complete {
		return v.notFound(id)
	}
	return v.incomplete(f, fmt.Sprintf("certificate %s is not among them, but ", id))
}

// incomplete is why a list proves nothing that has fewer certificates, or more,
// than the server counts. but is what it would prove.
func (v *inventory) incomplete(f *flight, but string) error {
	return fmt.Errorf("list certificates of project %s: %w", v.projectID, &Error{
		Status:    200,
		Message:   fmt.Sprintf("the server listed %d certificates; %sthat list is incomplete by its own count", len(f.listing.certificates), but),
		RequestID: f.listing.requestID,
		cause:     errIncomplete,
	})
}

func (v *inventory) notFound(id string) error {
	return fmt.Errorf("get certificate %s of project %s: %w", id, v.projectID, ErrNotFound)
}

// join returns the list that is on its way, or begins one.
func (v *inventory) join(ctx context.Context) *flight {
	if v.flight != nil {
		return v.flight
	}
	v.tick++
	f := &flight{began: v.tick, beganAt: v.now(), done: make(chan struct{})}
	v.flight = f
	go func() {
		// Who began it may give up without an end for the others.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), listTimeout)
		defer cancel()
		f.listing, f.err = v.list(ctx)
		f.byID = make(map[string]Certificate, len(f.listing.certificates))
		for _, cert := range f.listing.certificates {
			f.byID[cert.ID] = cert
		}
		v.mu.Lock()
		defer v.mu.Unlock()
		f.doneAt = v.now()
		v.flight, v.failed = nil, nil
		if f.err == nil {
			v.latest = f
			if f.listing.complete {
				v.counted = f
			}
			v.tick++
			for id := range f.byID {
				if _, known := v.seen[id]; !known {
					v.seen[id] = v.tick
				}
			}
		} else {
			f.err = fmt.Errorf("list certificates of project %s: %w", v.projectID, f.err)
			v.failed, v.until = f.err, f.doneAt.Add(failureLasts)
		}
		close(f.done)
	}()
	return f
}

func (f *flight) wait(ctx context.Context) error {
	select {
	case <-f.done:
		return f.err
	case <-ctx.Done():
		return fmt.Errorf("wait for a list of certificates: %w", ctx.Err())
	}
}
