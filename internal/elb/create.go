package elb

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/elbaas/terraform-provider-elbaas/internal/httpapi"
	"github.com/elbaas/terraform-provider-elbaas/internal/pemcert"
	"github.com/elbaas/terraform-provider-elbaas/internal/secret"
)

// createGrace is how long a Create call goes on after its context has ended: until the
// response to a request that was sent has arrived, and the certificate has been searched for.
const createGrace = 10 * time.Second

// NewCertificate describes a certificate to create.
type NewCertificate struct {
	// Name may be nil: the API then chooses a name.
	Name        *string `json:"name,omitempty"`
	Description string  `json:"description"`
	// Domain may be nil: the API then decides.
	Domain *string `json:"domain,omitempty"`
	// Certificate and PrivateKey are PEM. The leaf comes first.
	Certificate string       `json:"certificate"`
	PrivateKey  secret.Value `json:"-"`
}

// equals reports whether a certificate has everything that was sent, apart from the key,
// which not every API returns.
func (n NewCertificate) equals(cert Certificate) bool {
	return (n.Name == nil || *n.Name == cert.Name) &&
		n.Description == cert.Description &&
		(n.Domain == nil || strings.EqualFold(*n.Domain, cert.Domain)) &&
		pemcert.CertificatesIn(n.Certificate).Equal(pemcert.CertificatesIn(cert.Certificate))
}

// dersOf returns the DER of each certificate of a PEM text. It is nil if the text hides them, such as a mask.
func dersOf(text string) [][]byte { return pemcert.CertificatesIn(text).DERs() }

// A Creation is the result of CreateCertificate.
type Creation struct {
	// Certificate has at least its ID if the certificate is known to exist.
	Certificate
	// Sent is how many requests that may have created a certificate were sent.
	Sent int
	// Adopted is whether the response was lost and the certificate was found in a list.
	Adopted bool
	// Identical are the IDs of certificates that existed before, and are equal to the new
	// one, except perhaps in the key.
	Identical []string
	// Others are the IDs of further new certificates with the same leaf, which the request
	// may have created as well.
	Others []string
	// SearchErr is why the search for others failed, or nil.
	SearchErr error
}

// An UncertainError says that creating a certificate failed, but that a certificate may
// exist nevertheless.
type UncertainError struct {
	// ProjectID is the project in which it may exist. Name is its name, or nil if the API
	// chose one.
	ProjectID string
	Name      *string
	// Sent is how many requests that may have created a certificate were sent.
	Sent int
	// Candidates are the IDs of certificates that may be the one.
	Candidates []string
	// Existing is the ID of a certificate that existed before, and that the API returned as
	// the new one, or empty.
	Existing string
	// SearchErr is why the search for candidates failed, or nil.
	SearchErr error
	// Err is the error of the last request.
	Err error
}

// Error implements error.
func (e *UncertainError) Error() string { return e.Err.Error() }

// Unwrap returns the error of the last request.
func (e *UncertainError) Unwrap() error { return e.Err }

// CreateCertificate creates exactly one certificate in a project: if a response is lost, it
// searches for the certificate before it sends the request again.
//
// If the certificate is known to exist, the result has its ID, even with an error, which then
// says that the rest of it could not be read. If a certificate may exist whose ID is not
// known, the error is an *UncertainError.
func (c *Client) CreateCertificate(ctx context.Context, projectID string, create NewCertificate) (Creation, error) {
	p := c.project(projectID)
	leaf := string(dersOf(create.Certificate)[0])
	x := &createCall{client: c, project: p, projectID: projectID, create: create, leaf: leaf}
	if err := x.run(ctx); err != nil {
		return x.result, fmt.Errorf("creating certificate in project %s: %w", projectID, err)
	}
	// A copy, because a pointer into the call would keep its private key in memory.
	p.certificates.record(x.result.ID, new(x.result.Certificate), nil)
	return x.result, nil
}

// A createCall is one call of CreateCertificate with all its attempts.
type createCall struct {
	client    *Client
	project   *project
	projectID string
	create    NewCertificate
	leaf      string
	result    Creation
	existing  string // see UncertainError

	// Before the first attempt that may have created a certificate:
	baseline *listCall[Certificate] // complete, unless the API returned no complete list
	mark     int                    // certificates in a list that ended before this are not new
}

// run sends the request until a certificate is created, or must not be sent again. Calls with
// the same leaf run one after the other, because they could not tell their certificates apart.
func (x *createCall) run(ctx context.Context) error {
	unlock, err := x.project.creations.locks.lock(ctx, x.leaf)
	if err != nil {
		return fmt.Errorf("waiting for another creation with the same leaf: %w", err)
	}
	defer unlock()

	for {
		err := x.attempt(ctx)
		uncertain, ok := errors.AsType[*UncertainError](err)
		if !ok || uncertain.Existing != "" {
			return err
		}
		if x.mayRetry(uncertain) && x.waitFor(ctx, uncertain.Err) {
			continue
		}
		if ended := ctx.Err(); ended != nil {
			uncertain.Err = fmt.Errorf("%w while looking for the created certificate: %w", ended, uncertain.Err)
		}
		return uncertain
	}
}

// mayRetry reports whether the request may be sent again: the search has shown that it has
// created nothing, and the error may be a different one next time.
func (x *createCall) mayRetry(uncertain *UncertainError) bool {
	isAbsent := uncertain.SearchErr == nil && len(uncertain.Candidates) == 0
	return isAbsent && httpapi.Ambiguous(uncertain.Err) && x.result.Sent <= x.client.config.MaxRetries
}

// attempt sends the request once, and finds out whether it has created a certificate. The
// search goes on for a grace period after ctx has ended.
func (x *createCall) attempt(ctx context.Context) error {
	graceCtx, cancel := httpapi.WithGrace(ctx, createGrace)
	defer cancel()

	body, err := x.post(ctx)
	if err == nil || httpapi.Ambiguous(err) {
		x.result.Sent++
	}
	if x.result.Sent == 0 {
		return err // neither this request nor an earlier one was carried out
	}
	var cert Certificate
	if body.ID != "" {
		cert, err = x.verify(graceCtx, body)
	}
	if cert.ID == "" {
		return x.search(graceCtx, err)
	}
	x.accept(graceCtx, cert)
	return err
}

// prepare records the baseline before the first request that may create a certificate:
// certificates that are not in it may be ours.
func (x *createCall) prepare(ctx context.Context) error {
	if x.result.Sent > 0 {
		return nil
	}
	cache := x.project.certificates
	baseline, mark, err := cache.baseline(ctx, x.client.config.MaxRetries)
	if err != nil {
		return fmt.Errorf("the certificate was not created: existing certificates could not be listed: %w", err)
	}
	x.baseline, x.mark = baseline, mark
	x.result.Identical = nil
	for _, cert := range cache.overlaid(baseline) {
		if !x.project.creations.has(cert.ID) && x.create.equals(cert) {
			x.result.Identical = append(x.result.Identical, cert.ID)
		}
	}
	slices.Sort(x.result.Identical)
	return nil
}

// post sends the request. It returns a body with an ID, or an error, or both.
func (x *createCall) post(ctx context.Context) (body certificateBody, err error) {
	type withKey struct {
		NewCertificate
		PrivateKey string `json:"private_key"`
	}
	post := httpapi.Request{
		Method:        http.MethodPost,
		Body:          withKey{x.create, x.create.PrivateKey.Reveal()},
		NonIdempotent: true,
		Prepare:       x.prepare,
		Secrets:       []secret.Value{x.create.PrivateKey},
	}
	err = x.client.do(ctx, x.projectID, []string{"certificate"}, post, func(response *http.Response) (err error) {
		body, err = decodeBody(response.Body)
		return err
	})
	return body, err
}

// verify returns the certificate of a response, read back if the response lacks a field. It
// returns none if the certificate is not known to be ours. A certificate that comes with an
// error is ours, but could not be read back.
func (x *createCall) verify(ctx context.Context, body certificateBody) (Certificate, error) {
	id, cert := body.ID, body.Certificate
	ders := dersOf(cert.Certificate)
	if x.existedBefore(id) {
		known := x.baseline.elements[strings.ToLower(id)]
		if x.hasLeaf(ders) || x.hasLeaf(dersOf(known.Certificate)) {
			x.existing = id // an API that stores each leaf only once creates no other
		}
		err := fmt.Errorf("the API returned certificate %s, which existed before, instead of a new one", id)
		return Certificate{}, err
	}
	otherErr := fmt.Errorf("the API returned certificate %s, whose leaf is not the one that was sent", id)
	if ders != nil && !x.hasLeaf(ders) {
		return Certificate{}, otherErr
	}

	if !body.has["domain"] && x.create.Domain != nil {
		cert.Domain = *x.create.Domain // the response to a Create call may lack it (recorded)
	}
	if body.whole() {
		return cert, nil
	}

	isListed := func(_ time.Time, err error) bool { return err == nil }
	listed, err := x.project.certificates.search(ctx, id, isListed)
	ders = dersOf(listed.Certificate)
	switch {
	case errors.Is(err, ErrCertificateNotFound) && x.listShowsOurs(ctx):
		return Certificate{}, otherErr
	case err != nil:
		return cert, err
	case ders != nil && !x.hasLeaf(ders):
		return Certificate{}, otherErr
	}
	return listed, nil
}

// hasLeaf reports whether the leaf that was sent is among the certificates of a server, which may have
// put them into another order (assumed).
func (x *createCall) hasLeaf(ders [][]byte) bool {
	return slices.ContainsFunc(ders, func(der []byte) bool { return string(der) == x.leaf })
}

// listShowsOurs reports whether a list has a certificate that equals ours.
func (x *createCall) listShowsOurs(ctx context.Context) bool {
	list, err := x.project.certificates.poll(ctx)
	return err == nil && slices.ContainsFunc(x.candidates(list), x.create.equals)
}

// existedBefore reports whether a certificate existed before, or was created here.
func (x *createCall) existedBefore(id string) bool {
	return x.project.certificates.seenBefore(id, x.mark) || x.project.creations.has(id)
}

// accept makes a certificate the result. If the request was sent several times, it searches for what
// else that has created, even if the certificate was just found by a search: a slow backend may have
// carried out the other request meanwhile.
func (x *createCall) accept(ctx context.Context, cert Certificate) {
	x.project.creations.add(cert.ID)
	x.result.Certificate = cert
	if x.result.Sent > 1 {
		equal, sameLeaf, err := x.find(ctx)
		x.result.Others, x.result.SearchErr = idsOf(slices.Concat(equal, sameLeaf)), err
	}
}

// search finds the certificate if the outcome of a request is not known. It adopts a
// certificate that equals what was sent, or returns an *UncertainError.
func (x *createCall) search(ctx context.Context, outcome error) error {
	x.project.creations.addUnclear(x.create)
	equal, sameLeaf, searchErr := x.find(ctx)
	isSearched := searchErr == nil || ctx.Err() != nil // as far as there was time
	if isSearched && len(equal) == 1 && x.baseline.complete {
		x.result.Adopted = true
		x.result.Others, x.result.SearchErr = idsOf(sameLeaf), searchErr
		x.accept(ctx, equal[0])
		return nil
	}

	return &UncertainError{
		ProjectID:  x.projectID,
		Name:       x.create.Name,
		Sent:       x.result.Sent,
		Candidates: idsOf(slices.Concat(equal, sameLeaf)),
		Existing:   x.existing,
		SearchErr:  searchErr,
		Err:        outcome,
	}
}

// waitFor waits as long as the API asked for, minus the list lag, which the search took. It reports
// whether ctx has not ended.
func (x *createCall) waitFor(ctx context.Context, outcome error) bool {
	var pause time.Duration
	if refusal := httpapi.RefusalOf(outcome); refusal != nil {
		pause = refusal.RetryAfter - listLag
	}
	return httpapi.Pause(ctx, pause) == nil
}

// find makes list calls until the list lag has passed, so that a complete list shows everything that the
// request has created. Because the lists may come from different replicas, what any of them has
// shown counts, until a list that cannot lag behind that one does not show it. equal are the new
// certificates that equal what was sent, sameLeaf those that have the same leaf but differ otherwise.
func (x *createCall) find(ctx context.Context) (equal, sameLeaf []Certificate, err error) {
	cache := x.project.certificates
	started := time.Now()
	latest := map[string]Certificate{} // as the latest list that had it shows it
	shown := map[string]time.Time{}    // when that list started
	err = cache.pollUntil(ctx, func(list *listCall[Certificate]) (done bool, err error) {
		for _, cert := range x.candidates(list) {
			latest[keyOf(cert)], shown[keyOf(cert)] = cert, list.startedAt
		}
		passed := list.startedAt.Sub(started)
		mayLag := passed < listLag
		for id := range latest {
			switch missing := list.startedAt.Sub(shown[id]); {
			case missing >= listLag && list.complete:
				delete(latest, id)
			case missing > 0 && passed < 2*listLag: // replicas may disagree forever
				mayLag = true
			}
		}
		if !mayLag && !list.complete {
			return false, cache.incomplete(list.listing)
		}
		return !mayLag, nil
	})
	for _, cert := range slices.SortedFunc(maps.Values(latest), byName) {
		switch {
		case x.existedBefore(cert.ID): // known by now: it belongs to a call that had no response yet
		case x.create.equals(cert):
			equal = append(equal, cert)
		default:
			sameLeaf = append(sameLeaf, cert)
		}
	}
	return equal, sameLeaf, err
}

// candidates returns the certificates of a list that may be ours: those that have the same leaf,
// or the same name if the API hides the leaf. Certificates that existed before, were created here,
// or equal another Create call of this process are not candidates.
func (x *createCall) candidates(list *listCall[Certificate]) (candidates []Certificate) {
	for _, cert := range list.elements {
		if x.existedBefore(cert.ID) { // true of nearly all, and quick
			continue
		}
		ders := x.project.creations.dersIn(cert.Certificate)
		hasName := x.create.Name == nil || *x.create.Name == cert.Name
		mayBeOurs := x.hasLeaf(ders) || ders == nil && hasName
		if mayBeOurs && !x.project.creations.belongsToAnother(x.create, cert) {
			candidates = append(candidates, cert)
		}
	}
	return candidates
}

func idsOf(certificates []Certificate) []string {
	var ids []string
	for _, cert := range certificates {
		ids = append(ids, cert.ID)
	}
	return ids
}

// creations are the Create calls of this process in one project.
type creations struct {
	created sync.Map // IDs, in lower case
	ders    sync.Map // PEM text → its dersOf
	locks   locks    // by leaf

	mu      sync.Mutex
	unclear []NewCertificate // without their keys
}

// addUnclear records a Create call whose outcome is not clear, because its certificate may
// appear later.
func (c *creations) addUnclear(create NewCertificate) {
	create.PrivateKey = secret.Value{}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.unclear = append(c.unclear, create)
}

// belongsToAnother reports whether another unclear creation is a better match for a certificate than
// ours: the certificate equals that one, and either does not equal ours, or ours leaves a name
// or a domain to the API that the other one sets.
func (c *creations) belongsToAnother(ours NewCertificate, cert Certificate) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	isOurs := ours.equals(cert)
	return slices.ContainsFunc(c.unclear, func(n NewCertificate) bool {
		isMoreSpecific := n.Name != nil && ours.Name == nil || n.Domain != nil && ours.Domain == nil
		return (!isOurs || isMoreSpecific) && n.equals(cert)
	})
}

// dersIn is dersOf, which reads each text once: after an outage, hundreds of Create calls search lists that
// have hundreds of new certificates.
func (c *creations) dersIn(text string) [][]byte {
	ders, known := c.ders.Load(text)
	if !known {
		ders, _ = c.ders.LoadOrStore(text, dersOf(text))
	}
	return ders.([][]byte) //nolint:forcetypeassert // nothing else is stored
}

// add records that a certificate was created here.
func (c *creations) add(id string) { c.created.Store(strings.ToLower(id), true) }

// has reports whether a certificate was created here.
func (c *creations) has(id string) bool {
	_, created := c.created.Load(strings.ToLower(id))
	return created
}
