package elb

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/elbaas/terraform-provider-elbaas/internal/pemcert"
	"github.com/elbaas/terraform-provider-elbaas/internal/secret"
)

// grace is for how long a creation that is out, and then the search for what
// came of it, go on after their caller has given up.
const grace = 10 * time.Second

// NewCertificate is what a certificate is created from.
type NewCertificate struct {
	// Name may be nil: the server then names it.
	Name        *string
	Description string
	// Domain may be nil: the server then decides.
	Domain *string
	// Certificate and PrivateKey are PEM.
	Certificate string
	PrivateKey  secret.Value
}

// equals reports whether a certificate of the server equals this one in all that
// was sent, but for the key.
func (n NewCertificate) equals(cert Certificate) bool {
	return (n.Name == nil || *n.Name == cert.Name) &&
		n.Description == cert.Description &&
		(n.Domain == nil || *n.Domain == cert.Domain) &&
		contentOf(n.Certificate) == contentOf(cert.Certificate)
}

// A content stands for the certificates of a PEM text, however it is written.
type content [sha256.Size]byte

func contentOf(text string) content {
	if chain, err := pemcert.ParseChain(text); err == nil {
		text = chain.PEM()
	}
	return sha256.Sum256([]byte(strings.TrimSpace(text)))
}

// A Creation is what came of creating a certificate.
type Creation struct {
	// Certificate has at least its ID, if there is a certificate.
	Certificate
	// Found is whether the answer was lost, and the certificate was found by
	// listing.
	Found bool
	// Alike are the ids of certificates which were there before, and equal the new
	// one in all but perhaps the key.
	Alike []string
	// Twins are the ids of certificates that calls whose answer was lost have made
	// besides.
	Twins []string
	// TwinsErr is why it could not be looked for twins, or nil.
	TwinsErr error
}

// UncertainError says that a certificate may have been created, and that it is not
// known which one.
type UncertainError struct {
	// Candidates are the ids of certificates that may be the one.
	Candidates []string
	// SearchErr is why it could not be searched for, or nil.
	SearchErr error
	// Err is what came of the creation.
	Err error
}

// Error implements error.
func (e *UncertainError) Error() string { return e.Err.Error() }

// Unwrap returns what came of the creation.
func (e *UncertainError) Unwrap() error { return e.Err }

// CreateCertificate creates a certificate in a project, and does so once: where an
// answer is lost, it looks for the certificate before it tries again. When the
// server has made one, the returned certificate has its id, also with an error:
// then the rest of it could not be read. Where a certificate may have been made
// without an id being known, the error is an *UncertainError.
func (c *Client) CreateCertificate(ctx context.Context, projectID string, create NewCertificate) (Creation, error) {
	creation, err := c.createCertificate(ctx, projectID, create)
	if err != nil {
		return creation, fmt.Errorf("create certificate in project %s: %w", projectID, err)
	}
	c.inventory(projectID).wrote(creation.Certificate)
	return creation, nil
}

func (c *Client) createCertificate(ctx context.Context, projectID string, create NewCertificate) (Creation, error) {
	v := c.inventory(projectID)
	// Creations of the same content could not tell their certificates apart.
	release, err := v.turn(ctx, contentOf(create.Certificate))
	if err != nil {
		return Creation{}, err
	}
	defer release()
	before, err := v.before(ctx, c.retrier.maxRetries)
	if err != nil {
		return Creation{}, fmt.Errorf("nothing was sent, since it must be known first which certificates there are: %w", err)
	}
	creation := Creation{Alike: v.alike(before, create)}

	for attempt := 0; ; attempt++ {
		answer, refusal := c.post(ctx, projectID, create)
		lasting, stop := linger(ctx)
		if answer.ID != "" {
			v.claim(answer.ID)
			creation.Certificate, err = c.complete(lasting, projectID, create, answer, refusal)
			if attempt > 0 {
				creation.Twins, creation.TwinsErr = v.twins(lasting, before, create)
			}
			stop()
			return creation, err
		}
		if !ambiguous(refusal) && (attempt == 0 || !quotaUsed(refusal)) {
			stop()
			return creation, refusal
		}
		found, searchErr := v.search(lasting, before, create)
		switch {
		case searchErr == nil && len(found) == 1 && before.list.listing.complete:
			v.claim(found[0].ID)
			creation.Certificate, creation.Found = found[0], true
			if attempt > 0 {
				creation.Twins, creation.TwinsErr = v.twins(lasting, before, create)
			}
			stop()
			return creation, nil
		case searchErr != nil || len(found) > 0 || ctx.Err() != nil || attempt >= c.retrier.maxRetries:
			stop()
			return creation, &UncertainError{Candidates: idsOf(found), SearchErr: searchErr, Err: refusal}
		case !ambiguous(refusal): // the quota is used up, and not by us
			stop()
			return creation, refusal
		}
		stop()
	}
}

// post sends a creation. What is read of the answer has an id, or there is an
// error; there may be both.
func (c *Client) post(ctx context.Context, projectID string, create NewCertificate) (answer, error) {
	response, err := c.send(ctx, http.MethodPost, projectID, struct {
		Name        *string `json:"name,omitempty"`
		Description string  `json:"description"`
		Domain      *string `json:"domain,omitempty"`
		Certificate string  `json:"certificate"`
		PrivateKey  string  `json:"private_key"`
	}{create.Name, create.Description, create.Domain, create.Certificate, create.PrivateKey.Reveal()}, "certificate")
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = response.Body.Close() }()
	a, err := decodeAnswer(response.Body)
	if a.ID == "" {
		return answer{}, unreadable(response, cmp.Or(err, errors.New("it has no id")))
	}
	return a, err
}

// complete returns a new certificate from what its creation was answered, or reads
// it back.
func (c *Client) complete(ctx context.Context, projectID string, create NewCertificate, a answer, err error) (Certificate, error) {
	// A create may be answered without the domain (recorded).
	if create.Domain != nil && !a.has("domain") {
		a.Domain = *create.Domain
	}
	if err == nil && a.has("name", "description", "certificate", "create_time", "update_time") {
		return a.Certificate, nil
	}
	cert, err := c.inventory(projectID).fresh(ctx, a.ID)
	if err != nil {
		return a.Certificate, err
	}
	return cert, nil
}

// ambiguous reports whether a failed creation may have made a certificate: the
// answer was lost, cannot be read, or is that of a server or gateway that does not
// know either.
func ambiguous(err error) bool {
	var lost *lostError
	var answer *Error
	if errors.As(err, &answer) {
		return answer.Status/100 == 2 || answer.Status >= 500 || answer.Status == http.StatusRequestTimeout
	}
	return errors.As(err, &lost)
}

// quotaUsed reports whether an answer says that there is no room for another
// certificate (reference).
func quotaUsed(err error) bool {
	var answer *Error
	return errors.As(err, &answer) && answer.Code == "ELB.5151"
}

// linger returns a context that is done a grace after ctx is.
func linger(ctx context.Context) (context.Context, context.CancelFunc) {
	return outlive(ctx, func() bool { return true })
}

// outlive returns a context that is done when ctx is, or a grace later if
// something is out then.
func outlive(ctx context.Context, out func() bool) (context.Context, context.CancelFunc) {
	longer, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		if out() {
			_ = pause(longer, grace)
		}
		cancel()
	})
	return longer, func() {
		stop()
		cancel()
	}
}

func idsOf(certificates []Certificate) []string {
	var ids []string
	for _, cert := range certificates {
		ids = append(ids, cert.ID)
	}
	return ids
}

// A moment is what had been listed when a creation began.
type moment struct {
	tick int
	// list is the latest that was complete: what is new later is known to be. From
	// a server that gives none it is an incomplete one.
	list *flight
}

// before returns what has been listed, and lists if nothing has. A list that is
// incomplete is repeated so many times.
func (v *inventory) before(ctx context.Context, repeat int) (moment, error) {
	v.mu.Lock()
	list := v.counted
	v.mu.Unlock()
	for attempt := 0; (list == nil || !list.listing.complete) && attempt <= repeat; attempt++ {
		if attempt > 0 {
			if err := pause(ctx, backoff(attempt)); err != nil {
				return moment{}, err
			}
		}
		var err error
		if list, err = v.first(ctx); err != nil {
			return moment{}, err
		}
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.tick++
	return moment{tick: v.tick, list: list}, nil
}

// first waits for the list that is on its way, or for a new one.
func (v *inventory) first(ctx context.Context) (*flight, error) {
	v.mu.Lock()
	if err := v.failure(); err != nil {
		v.mu.Unlock()
		return nil, err
	}
	f := v.join(ctx)
	v.mu.Unlock()
	return f, f.wait(ctx)
}

// turn waits until no other creation of the same content is under way.
func (v *inventory) turn(ctx context.Context, of content) (release func(), err error) {
	v.mu.Lock()
	turn, known := v.turns[of]
	if !known {
		turn = make(chan struct{}, 1)
		v.turns[of] = turn
	}
	v.mu.Unlock()
	select {
	case turn <- struct{}{}:
		return func() { <-turn }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// claim notes that a certificate was created here.
func (v *inventory) claim(id string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.claimed[id] = true
}

// alike returns the ids of certificates that were there before, equal a new one,
// and were not created here.
func (v *inventory) alike(before moment, create NewCertificate) []string {
	v.mu.Lock()
	defer v.mu.Unlock()
	var ids []string
	for _, cert := range before.list.alike(create) {
		w, wrote := v.writes[cert.ID]
		if deleted := wrote && w.certificate == nil; !deleted && !v.claimed[cert.ID] {
			ids = append(ids, cert.ID)
		}
	}
	return ids
}

// search looks for what a creation made that was not answered: a certificate that
// equals it, was not known before, and that no other creation claims. It lists
// until there is one, or until a list has begun so late that it shows all.
func (v *inventory) search(ctx context.Context, before moment, create NewCertificate) ([]Certificate, error) {
	const first, longest = 250 * time.Millisecond, 2 * time.Second
	const tries = 5 // with lists that fail
	began := v.now()
	failures := 0
	for wait := first; ; wait = min(2*wait, longest) {
		f, err := v.next(ctx)
		if err == nil {
			if found := v.unclaimed(f, before, create); len(found) > 0 {
				return found, nil
			}
			if late := f.beganAt.Sub(began) >= settles; late && f.listing.complete {
				return nil, nil
			} else if late {
				err = errIncomplete
			}
		}
		if err != nil {
			if failures++; failures >= tries || ctx.Err() != nil {
				return nil, err
			}
		}
		if err := pause(ctx, wait); err != nil {
			return nil, err
		}
	}
}

// twins returns the ids of what repeated creations made besides the one that was
// claimed.
func (v *inventory) twins(ctx context.Context, before moment, create NewCertificate) ([]string, error) {
	found, err := v.search(ctx, before, create)
	return idsOf(found), err
}

// unclaimed returns the certificates of a list that equal a new one, were not
// known before, and that nobody claims.
func (v *inventory) unclaimed(f *flight, before moment, create NewCertificate) []Certificate {
	v.mu.Lock()
	defer v.mu.Unlock()
	var found []Certificate
	for _, cert := range f.alike(create) {
		if !v.claimed[cert.ID] && v.seen[cert.ID] > before.tick {
			found = append(found, cert)
		}
	}
	return found
}

// alike returns the certificates of a list that equal a new one. They are found by
// their content, which is read once for each list: many creations look.
func (f *flight) alike(create NewCertificate) []Certificate {
	f.index.Do(func() {
		f.byContent = map[content][]int{}
		for i, cert := range f.listing.certificates {
			of := contentOf(cert.Certificate)
			f.byContent[of] = append(f.byContent[of], i)
		}
	})
	var equal []Certificate
	for _, i := range f.byContent[contentOf(create.Certificate)] {
		if cert := f.listing.certificates[i]; create.equals(cert) {
			equal = append(equal, cert)
		}
	}
	return equal
}
