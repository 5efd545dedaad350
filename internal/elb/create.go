package elb

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/elbaas/terraform-provider-elbaas/internal/httpapi"
	"github.com/elbaas/terraform-provider-elbaas/internal/pemcert"
	"github.com/elbaas/terraform-provider-elbaas/internal/secret"
)

// createGrace is how long a creation that is out, and the search for what came of it,
// go on after the context of the creation has ended.
const createGrace = 10 * time.Second

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

// equals reports whether a certificate of the server equals this one in all that was
// sent, but for the key.
func (n NewCertificate) equals(cert Certificate) bool {
	return (n.Name == nil || *n.Name == cert.Name) &&
		n.Description == cert.Description &&
		(n.Domain == nil || strings.EqualFold(*n.Domain, cert.Domain)) &&
		contentOf(n.Certificate) == contentOf(cert.Certificate)
}

// A content stands for a PEM text, however it is written: for its chain, or for its
// leaf alone.
type content [sha256.Size]byte

func contentOf(text string) content {
	ders := pemcert.CertificateBlocks(text)
	if len(ders) == 0 {
		return sha256.Sum256([]byte(strings.TrimSpace(text)))
	}
	return sha256.Sum256(slices.Concat(ders...))
}

// hidden is the leaf of a text without a certificate, such as one that the server
// hides.
var hidden content

// leafOf returns what stands for the leaf of a text.
func leafOf(text string) content {
	ders := pemcert.CertificateBlocks(text)
	if len(ders) == 0 {
		return hidden
	}
	return sha256.Sum256(ders[0])
}

// A Creation is what came of creating a certificate.
type Creation struct {
	// Certificate has at least its ID, if there is a certificate.
	Certificate
	// Sent is how many times the request was sent that may have been carried out.
	Sent int
	// Adopted is whether the response was lost, and the certificate was found in a
	// list.
	Adopted bool
	// Identical are the IDs of certificates that existed before, and equal the new one
	// in all but perhaps the key.
	Identical []string
	// Others are the IDs of certificates that are new as well, and have the same leaf:
	// what else the request may have made.
	Others []string
	// SearchErr is why it could not be looked for others, or nil.
	SearchErr error
}

// An UncertainError says that a creation failed, and that a certificate may exist
// nevertheless.
type UncertainError struct {
	// ProjectID is where it may exist, and Name how it is called; nil is a name that
	// the server has chosen.
	ProjectID string
	Name      *string
	// Sent is how many times the request was sent that may have been carried out.
	Sent int
	// Candidates are the IDs of certificates that may be the one.
	Candidates []string
	// Existing is the ID of a certificate that existed before, and that the server
	// returned as the new one, or empty.
	Existing string
	// SearchErr is why it could not be searched for, or nil.
	SearchErr error
	// Err is what came of the last request.
	Err error
}

// Error implements error.
func (e *UncertainError) Error() string { return e.Err.Error() }

// Unwrap returns what came of the last request.
func (e *UncertainError) Unwrap() error { return e.Err }

// CreateCertificate creates a certificate in a project, and does so once: where a
// response is lost, it looks for the certificate before it sends the request again.
//
// When there is a certificate, the result has its ID, also with an error: then the
// rest of it could not be read. Where a certificate may exist whose ID is not known,
// the error is an *UncertainError.
func (c *Client) CreateCertificate(ctx context.Context, projectID string, create NewCertificate) (Creation, error) {
	p := c.project(projectID)
	x := &conversation{client: c, project: p, projectID: projectID, create: create, leaf: leafOf(create.Certificate)}
	unlock, err := p.creations.locks.lock(ctx, x.leaf) // two of a leaf could not tell their certificates apart
	if err == nil {
		defer unlock()
		for again := true; again; {
			again, err = x.attempt(ctx)
		}
	}
	if err != nil {
		return x.result, fmt.Errorf("create certificate in project %s: %w", projectID, err)
	}
	p.cache.record(x.result.ID, &x.result.Certificate)
	return x.result, nil
}

// A conversation is one creation with all its attempts.
type conversation struct {
	client    *Client
	project   *project
	projectID string
	create    NewCertificate
	leaf      content
	known     baseline // of the first attempt that may have been carried out
	result    Creation
}

// attempt sends the request once, and finds out what came of it. Once it is out, that
// goes on for a grace period after ctx has ended.
func (x *conversation) attempt(ctx context.Context) (again bool, err error) {
	lasting, cancel := httpapi.WithGrace(ctx, createGrace)
	defer cancel()

	body, err := x.post(ctx)
	x.project.cache.invalidate()
	if err == nil || httpapi.Ambiguous(err) {
		x.result.Sent++
	}
	if x.result.Sent == 0 {
		return false, err // nothing was carried out, now or before
	}
	if body.ID.Value != "" {
		ours, readErr, doubt := x.verify(lasting, body, err)
		if doubt == nil {
			return false, x.accept(lasting, ours, readErr)
		}
		err = doubt
	}
	return x.search(ctx, lasting, err)
}

// prepare learns what is known of the project before the first request that may be
// carried out: what is new after that may be ours.
func (x *conversation) prepare(ctx context.Context) error {
	if x.result.Sent > 0 {
		return nil
	}
	known, err := x.project.baseline(ctx, x.client.config.MaxRetries)
	if err != nil {
		return fmt.Errorf("the certificate was not created: existing certificates could not be listed: %w", err)
	}
	x.known, x.result.Identical = known, x.project.identical(known.list, x.create)
	return nil
}

// post sends the creation. What was read of the response has an ID, or there is an
// error; there may be both.
func (x *conversation) post(ctx context.Context) (body certificateBody, err error) {
	n := x.create
	r := request{
		method: http.MethodPost, path: []string{"certificate"},
		nonIdempotent: true, prepare: x.prepare, secrets: []secret.Value{n.PrivateKey},
		body: struct {
			Name        *string `json:"name,omitempty"`
			Description string  `json:"description"`
			Domain      *string `json:"domain,omitempty"`
			Certificate string  `json:"certificate"`
			PrivateKey  string  `json:"private_key"`
		}{n.Name, n.Description, n.Domain, n.Certificate, n.PrivateKey.Reveal()},
	}
	err = x.client.do(ctx, x.projectID, r, func(response *http.Response) (err error) {
		body, err = decodeBody(response.Body)
		return err
	})
	return body, err
}

// verify returns the certificate that a response describes, or why it is not known to
// be ours. Where the response does not have all of it, it is read back; readErr says
// that this failed.
func (x *conversation) verify(
	ctx context.Context, body certificateBody, err error,
) (ours Certificate, readErr, doubt error) {
	id := body.ID.Value
	leaf := leafOf(body.Certificate.Value)
	if x.isKnown(id) {
		listed := leafOf(x.known.list.byID[strings.ToLower(id)].Certificate)
		return ours, nil, &existingError{id: id, sameLeaf: leaf == x.leaf || leaf == hidden && listed == x.leaf}
	}
	if leaf != hidden && leaf != x.leaf {
		return ours, nil, &foreignError{id}
	}
	ours = body.certificate()
	if !body.Domain.Sent && x.create.Domain != nil {
		ours.Domain = *x.create.Domain // a creation may be answered without it (recorded)
	}
	if err == nil && body.whole() {
		return ours, nil, nil
	}

	listed, readErr := x.project.cache.await(ctx, id, false, Never)
	switch leaf := leafOf(listed.Certificate); {
	case errors.Is(readErr, ErrNotFound) && x.showsAnother(ctx):
		return ours, nil, &foreignError{id}
	case readErr != nil:
		return ours, readErr, nil
	case leaf != hidden && leaf != x.leaf:
		return ours, nil, &foreignError{id}
	}
	return listed, nil, nil
}

// showsAnother reports whether a list shows what the request has made.
func (x *conversation) showsAnother(ctx context.Context) bool {
	list, err := x.project.cache.poll(ctx)
	if err != nil {
		return false
	}
	exact, _ := x.candidates(list)
	return len(exact) > 0
}

// isKnown reports whether a certificate existed before, or was created here.
func (x *conversation) isKnown(id string) bool {
	return x.project.cache.seenBefore(id, x.known.mark) || x.project.creations.has(id)
}

// existingError says that the server returned a certificate that existed before.
type existingError struct {
	id       string
	sameLeaf bool // as ours, as far as that is known
}

// Error implements error.
func (e *existingError) Error() string {
	return fmt.Sprintf("the API returned certificate %s, which existed before, instead of a new one", e.id)
}

// foreignError says that the server returned a certificate with another leaf.
type foreignError struct{ id string }

// Error implements error.
func (e *foreignError) Error() string {
	return fmt.Sprintf("the API returned certificate %s, whose leaf is not the one that was sent", e.id)
}

// accept makes a certificate the result. What else the request has made, if it was
// sent several times, is looked for.
func (x *conversation) accept(ctx context.Context, cert Certificate, readErr error) error {
	x.project.creations.add(cert.ID)
	x.result.Certificate = cert
	if x.result.Sent > 1 {
		exact, near, err := x.find(ctx)
		x.result.Others, x.result.SearchErr = idsOf(slices.Concat(exact, near)), err
	}
	return readErr
}

// search looks for what a request has made whose outcome is not known, or that was
// sent before one that failed.
func (x *conversation) search(ctx, lasting context.Context, outcome error) (again bool, err error) {
	x.project.creations.addUnclear(x.leaf, x.create)
	exact, near, searchErr := x.find(lasting)
	searched := searchErr == nil || lasting.Err() != nil // as far as there was time
	if searched && len(exact) == 1 && x.known.list.complete {
		x.result.Adopted, x.result.Others = true, idsOf(near)
		return false, x.accept(lasting, exact[0], nil)
	}
	uncertain := &UncertainError{
		ProjectID: x.projectID, Name: x.create.Name, Sent: x.result.Sent,
		Candidates: idsOf(slices.Concat(exact, near)), SearchErr: searchErr, Err: outcome,
	}
	var existing *existingError
	if errors.As(outcome, &existing) && existing.sameLeaf { // a server that has each leaf once makes no other
		uncertain.Existing = existing.id
		return false, uncertain
	}
	nothing := searchErr == nil && len(uncertain.Candidates) == 0
	if nothing && httpapi.Ambiguous(outcome) && x.result.Sent <= x.client.config.MaxRetries && x.waitFor(ctx, outcome) {
		return true, nil
	}
	if ended := ctx.Err(); ended != nil {
		uncertain.Err = fmt.Errorf("%w while looking for what came of the creation: %w", ended, outcome)
	}
	return false, uncertain
}

// waitFor waits until a server wants to be called again that said so, beyond what the
// search has taken. It reports whether ctx has not ended.
func (x *conversation) waitFor(ctx context.Context, outcome error) bool {
	var pause time.Duration
	if refusal := httpapi.RefusalOf(outcome); refusal != nil {
		pause = max(0, refusal.RetryAfter-listLag)
	}
	return httpapi.Pause(ctx, pause) == nil
}

// find lists until the list lag has passed, so that a complete list shows all that was
// not known before and that the request may have made: exact are those that equal what
// was sent, near those that have the same leaf and differ otherwise.
func (x *conversation) find(ctx context.Context) (exact, near []Certificate, err error) {
	const tries = 5 // of lists that fail
	cache, started := x.project.cache, x.project.cache.now()
	for failures := 0; ; {
		list, listErr := cache.poll(ctx)
		if listErr == nil {
			exact, near = x.candidates(list)
			switch late := list.startedAt.Sub(started) >= listLag; {
			case late && list.complete:
				return exact, near, nil
			case late:
				listErr = cache.incomplete(list.listing)
			}
		}
		if listErr != nil {
			if failures++; failures >= tries || ctx.Err() != nil {
				return exact, near, listErr
			}
		}
	}
}

// candidates returns the certificates of a list that were not known before, that
// nobody here has created, and that may be ours: those that equal ours in all that was
// sent, and those that have the same leaf, or the same name where the server hides the
// leaf. What equals another creation of this process is none.
func (x *conversation) candidates(list *listCall[Certificate]) (exact, near []Certificate) {
	with := x.project.creations.withLeaf
	for _, cert := range slices.Concat(with(list, x.leaf), with(list, hidden)) {
		isHidden := leafOf(cert.Certificate) == hidden
		switch {
		case x.isKnown(cert.ID), x.project.creations.explains(x.leaf, x.create, cert):
		case x.create.equals(cert):
			exact = append(exact, cert)
		case !isHidden || x.create.Name == nil || *x.create.Name == cert.Name:
			near = append(near, cert)
		}
	}
	return exact, near
}

func idsOf(certificates []Certificate) []string {
	var ids []string
	for _, cert := range certificates {
		ids = append(ids, cert.ID)
	}
	return ids
}

// A baseline is what was known of a project when a creation began.
type baseline struct {
	list *listCall[Certificate] // complete, unless the server gave none that was
	mark int                    // what was listed before it is not new
}

// baseline lists, unless there is a list that is not older than the list TTL. An
// incomplete one is repeated so many times, and then serves as well.
func (p *project) baseline(ctx context.Context, repeat int) (baseline, error) {
	for pauses, attempt := newPauses(250*time.Millisecond, 2*time.Second), 0; ; attempt++ {
		incomplete := p.creations.incompleteList()
		list, err := p.cache.current(ctx, incomplete)
		if err != nil {
			return baseline{}, err
		}
		if list.complete || list == incomplete || attempt >= repeat {
			p.creations.acceptList(list)
			return baseline{list: list, mark: p.cache.mark()}, nil
		}
		if err := pauses.wait(ctx); err != nil {
			return baseline{}, err
		}
	}
}

// identical returns the IDs of certificates that existed before, equal a new one, and
// were not created here.
func (p *project) identical(list *listCall[Certificate], create NewCertificate) []string {
	var ids []string
	for _, cert := range p.cache.overlaid(list) {
		if !p.creations.has(cert.ID) && create.equals(cert) {
			ids = append(ids, cert.ID)
		}
	}
	return ids
}

// creations are what this process creates in one project.
type creations struct {
	mu      sync.Mutex
	created map[string]bool              // IDs, in lower case
	locks   locks[content]               // by leaf
	unclear map[content][]NewCertificate // by leaf, without their keys

	incomplete *listCall[Certificate] // the latest baseline, if it was incomplete, or nil

	index   map[content][]Certificate // those of a list, by leaf
	indexed *listCall[Certificate]
}

func newCreations() creations {
	return creations{
		created: map[string]bool{},
		locks:   newLocks[content](),
		unclear: map[content][]NewCertificate{},
	}
}

// addUnclear notes a creation whose outcome is not clear: what it made may come late.
func (c *creations) addUnclear(leaf content, create NewCertificate) {
	create.PrivateKey = secret.Value{}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.unclear[leaf] = append(c.unclear[leaf], create)
}

// explains reports whether a certificate is rather that of another creation: it equals
// one whose outcome is not clear, and does not equal ours, or ours only because that left the name
// or the domain to the server.
func (c *creations) explains(leaf content, ours NewCertificate, cert Certificate) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	isOurs := ours.equals(cert)
	return slices.ContainsFunc(c.unclear[leaf], func(n NewCertificate) bool {
		saysMore := n.Name != nil && ours.Name == nil || n.Domain != nil && ours.Domain == nil
		return n.equals(cert) && (!isOurs || saysMore)
	})
}

// add notes a certificate that was created here.
func (c *creations) add(id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.created[strings.ToLower(id)] = true
}

// has reports whether a certificate was created here.
func (c *creations) has(id string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.created[strings.ToLower(id)]
}

// incompleteList returns the latest baseline, if it was incomplete.
func (c *creations) incompleteList() *listCall[Certificate] {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.incomplete
}

// acceptList notes the latest baseline.
func (c *creations) acceptList(list *listCall[Certificate]) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.incomplete = list; list.complete {
		c.incomplete = nil
	}
}

// withLeaf returns the certificates of a list with a leaf. The latest list is indexed:
// many creations look at it.
func (c *creations) withLeaf(list *listCall[Certificate], leaf content) []Certificate {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.indexed != list {
		c.index, c.indexed = map[content][]Certificate{}, list
		for _, cert := range list.elements {
			leaf := leafOf(cert.Certificate)
			c.index[leaf] = append(c.index[leaf], cert)
		}
	}
	return c.index[leaf]
}
