package elb

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/elbaas/terraform-provider-elbaas/internal/httpapi"
	"github.com/elbaas/terraform-provider-elbaas/internal/secret"
)

// ErrCertificateNotFound says that a certificate is proven not to exist.
var ErrCertificateNotFound = errors.New("the certificate does not exist")

// ErrNotShown says that the API accepted a change, but did not show it in time.
var ErrNotShown = errors.New("the API accepted the change, but does not show it yet")

// A Certificate is a certificate as the API shows it. The API also returns the private key, in clear and in every
// response (seed, reference, recorded). It is not decoded, so that it cannot leak.
type Certificate struct {
	// ID is 32 hexadecimal characters (seed).
	ID string `json:"id"`
	Updatable
	// Domain is empty if the certificate has none.
	Domain string `json:"domain"`
	// Certificate is PEM as the API returns it.
	Certificate string `json:"certificate"`
	// CreateTime and UpdateTime read like "2016-06-27 08:14:42", without a zone
	// (seed).
	CreateTime string `json:"create_time"`
	UpdateTime string `json:"update_time"`
}

// Updatable is what an update changes, and the body of its PUT.
type Updatable struct {
	// Name is 0 to 64 characters (seed).
	Name string `json:"name"`
	// Description is at most 128 characters (seed). An empty one is also sent, because that clears it.
	Description string `json:"description"`
}

func (c Certificate) id() string { return c.ID }

func (c Certificate) name() string { return c.Name }

// NoWrite is the age of the latest write if no write is known.
const NoWrite time.Duration = math.MaxInt64

// ReadCertificate returns a certificate of a project. The API has no call for one certificate, so it
// is looked up in the cached list of the project. ErrCertificateNotFound is returned only if a
// complete list that started after the call does not have it, or if this process deleted it.
//
// prior is the certificate in the state, and sinceWrite is how long ago this or an earlier run wrote
// it. It can be negative if another machine wrote it, because clocks differ. While a list may lag
// behind that write, a list without the certificate, or with another Updatable, is not believed: a
// new list is awaited.
func (c *Client) ReadCertificate(
	ctx context.Context, projectID string, prior Certificate, sinceWrite time.Duration,
) (Certificate, error) {
	cache := c.project(projectID).certificates
	return cache.get(ctx, prior.ID, lagEnd(sinceWrite), func(cert Certificate) bool {
		return cert.Updatable != prior.Updatable
	})
}

// ListCertificates returns the certificates of a project, sorted by name, then by ID, from the cached
// list. If the API reports a different total than it lists, the error is an *IncompleteListError.
func (c *Client) ListCertificates(ctx context.Context, projectID string) ([]Certificate, error) {
	return c.project(projectID).certificates.all(ctx)
}

// GetPrivateKey returns a certificate and its private key as the API returns it, which may be
// a mask or empty. It makes list calls of its own, because no key is ever cached, and repeats
// them while they may lag behind a write of this process. ErrCertificateNotFound says that the
// list is complete and does not have the certificate.
func (c *Client) GetPrivateKey(ctx context.Context, projectID, id string) (Certificate, secret.Value, error) {
	cache := c.project(projectID).certificates
	for {
		mayLag := cache.isNew(id)
		var key secret.Value
		list, err := fetchList(ctx, c, projectID, "certificate", func(body io.Reader) (listing[Certificate], error) {
			return decodeList(body, decodeKeyOf(id, &key))
		})
		if err != nil {
			return Certificate{}, secret.Value{}, listError("certificate", projectID, err)
		}
		cert, err := cache.findListed(list, id)
		switch {
		case err == nil:
			return cert, key, nil
		case !mayLag:
			return Certificate{}, secret.Value{}, err // the key may come from an attempt that was cut off
		}
		if err := httpapi.Pause(ctx, pollInterval); err != nil {
			return Certificate{}, secret.Value{}, listError("certificate", projectID, err) // it proves no absence
		}
	}
}

// KnownProjectOf returns the project of a certificate that this process has listed or
// created, and not deleted. If several projects have it, the preferred one wins. It makes no
// call.
func (c *Client) KnownProjectOf(certificateID, preferredID string) (projectID string, known bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, p := range c.projects {
		exists, _ := p.certificates.known(certificateID, p.creations.has(certificateID))
		if exists && (!known || strings.EqualFold(p.certificates.projectID, preferredID)) {
			projectID, known = p.certificates.projectID, true
		}
	}
	return projectID, known
}

// KnownMissing reports, without a call, whether a certificate is known not to exist in a
// project: the latest complete list does not have it and it was not created here, or it was
// deleted here.
func (c *Client) KnownMissing(projectID, certificateID string) bool {
	p := c.project(projectID)
	_, missing := p.certificates.known(certificateID, p.creations.has(certificateID))
	return missing
}

// UpdateCertificate updates a certificate with one PUT. prior is the certificate in the state: its domain
// is used if the response has none (recorded). A whole response with the status 200 and a change is the
// result. If it lacks another field, or has another status, the list is polled until it shows the change,
// or ctx is done. If it has the old values, perhaps of a replica that lags, the list is polled, and after
// the list lag the old values count. A response that does not say whether the update was carried out is an
// error unless the list soon shows the change. sinceWrite is as for ReadCertificate. ErrCertificateNotFound
// says that the certificate does not exist.
func (c *Client) UpdateCertificate(
	ctx context.Context, projectID string, prior Certificate, sinceWrite time.Duration, wanted Updatable,
) (Certificate, error) {
	cert, err := c.sendUpdate(ctx, projectID, prior, wanted, sinceWrite)
	c.project(projectID).certificates.record(prior.ID, &cert, err)
	if err != nil {
		return Certificate{}, fmt.Errorf("updating certificate %s of project %s: %w", prior.ID, projectID, err)
	}
	return cert, nil
}

func (c *Client) sendUpdate(
	ctx context.Context, projectID string, prior Certificate, wanted Updatable, sinceWrite time.Duration,
) (Certificate, error) {
	put := httpapi.Request{Method: http.MethodPut, Body: wanted}
	var body certificateBody
	accepted := 0 // the status of the latest response that accepts it, or 0
	err := c.do(ctx, projectID, []string{"certificate", prior.ID}, put, func(response *http.Response) (err error) {
		if body, err = decodeBody(response.Body); isPage(err) {
			return err
		}
		accepted = response.StatusCode
		return nil // an incomplete certificate is read back
	})
	refusal := httpapi.RefusalOf(err)
	// The response does not say whether the update was carried out.
	if httpapi.Ambiguous(err) && (refusal != nil || accepted == 0) && !isGone(refusal) {
		brief, cancel := context.WithTimeout(ctx, 2*listLag)
		defer cancel()
		// Until the lag of an earlier write has ended, lists may show the values from before it.
		_ = httpapi.Pause(brief, time.Until(lagEnd(sinceWrite)))
		cert, readErr := c.readBack(brief, projectID, prior, wanted, true)
		if readErr != nil || cert.Updatable != wanted {
			return Certificate{}, err
		}
		return cert, nil
	}
	isWhole := accepted == http.StatusOK && strings.EqualFold(body.ID, prior.ID) && body.whole()
	if !body.has["domain"] {
		body.Domain = prior.Domain
	}
	switch {
	case accepted == 0 || refusal != nil:
		return Certificate{}, c.orNotFound(ctx, projectID, prior.ID, sinceWrite, err)
	case isWhole && body.Updatable != prior.Updatable:
		return body.Certificate, nil
	}
	return c.readBack(ctx, projectID, prior, wanted, isWhole) // the response lacks a field, or has the old values
}

// readBack makes list calls until a change that the API accepted shows. Lists that fail are repeated. If the API stored
// other values, the certificate is returned with those. With oldMayCount, the old values count as well once lists no
// longer lag: a whole response says that the API has nothing left to do, and without a response of the API it may have
// done nothing.
func (c *Client) readBack(
	ctx context.Context, projectID string, prior Certificate, wanted Updatable, oldMayCount bool,
) (Certificate, error) {
	cache := c.project(projectID).certificates
	began := time.Now()
	shown := errors.New("no list was read")
	for {
		list, err := cache.poll(ctx)
		if ctx.Err() != nil {
			return Certificate{}, fmt.Errorf("%w: %w: %w", ErrNotShown, shown, ctx.Err())
		}
		if err != nil {
			shown = err
			continue
		}
		cert, err := cache.findListed(list.listing, prior.ID)
		mayLag := list.startedAt.Sub(began) < listLag
		switch {
		case err == nil && (cert.Updatable == wanted || !mayLag && (oldMayCount || cert.Updatable != prior.Updatable)):
			return cert, nil
		case err == nil:
			shown = fmt.Errorf("the certificate still has the name %.256q and the description %.256q",
				cert.Name, cert.Description)
		case errors.Is(err, ErrCertificateNotFound) && !mayLag:
			return Certificate{}, err
		default:
			shown = errors.New("the certificate is not in the list of the project")
		}
	}
}

// InUseError says that a certificate was not deleted because it is in use.
type InUseError struct {
	// Listeners are the listeners that hold the certificate, as far as the API shows.
	Listeners []Listener
	// ListenersErr is why the listeners could not be read, or nil.
	ListenersErr error
	// Kept is whether one of the listeners keeps the certificate, see KeepCertificate. In
	// that case the deletion did not wait for the others.
	Kept bool
	// Err is the error response.
	Err *httpapi.Error
}

// Error implements error.
func (e *InUseError) Error() string { return "the certificate is in use: " + e.Err.Error() }

// DeleteCertificate deletes a certificate. It succeeds if the certificate does not exist.
// While a listener holds the certificate, the request is repeated until ctx is done; then
// the error is an *InUseError. If a listener keeps the certificate, see KeepCertificate, that
// error comes immediately. sinceWrite is as for ReadCertificate.
func (c *Client) DeleteCertificate(ctx context.Context, projectID, id string, sinceWrite time.Duration) error {
	err := c.deleteUntilGone(ctx, projectID, id, sinceWrite)
	c.project(projectID).certificates.record(id, nil, err)
	if err == nil || errors.Is(err, ErrCertificateNotFound) {
		return nil
	}
	return fmt.Errorf("deleting certificate %s of project %s: %w", id, projectID, err)
}

// deleteUntilGone repeats a deletion that is refused because a listener holds the certificate.
func (c *Client) deleteUntilGone(ctx context.Context, projectID, id string, sinceWrite time.Duration) error {
	var inUse *InUseError // the latest one
	hadNoHolder := false  // at the latest refusal
	for pauses := 0; ; {
		err := c.deleteOnce(ctx, projectID, id, sinceWrite)
		refusal := httpapi.RefusalOf(err)
		if refusal == nil || errors.Is(err, ErrCertificateNotFound) || !mayBeInUse(refusal) {
			return orInUse(ctx, err, inUse)
		}

		why, listErr := c.whyInUse(ctx, projectID, id, refusal)
		switch {
		case listErr != nil && inUse != nil:
			// The latest InUseError is still the best explanation.
		case why != nil && why.Kept:
			return why
		case why != nil:
			inUse = why
			hadNoHolder = false
		case listErr != nil:
			return fmt.Errorf("%w; it is not known whether a listener uses the certificate: %w", err, listErr)
		case hadNoHolder:
			return err
		default:
			// The backend of deletions may learn later that a listener has another certificate.
			hadNoHolder = true
			if httpapi.Pause(ctx, listLag) != nil {
				return err
			}
			continue
		}
		if err := httpapi.Pause(ctx, httpapi.Backoff(pauses, time.Second, 30*time.Second)); err != nil {
			return orInUse(ctx, err, inUse)
		}
		pauses++
	}
}

// whyInUse returns an InUseError if a listener holds the certificate or the error response says
// so, and otherwise nil. The error is why the listeners could not be read. The list of listeners
// starts after the call; deletions in parallel use the same one.
func (c *Client) whyInUse(
	ctx context.Context, projectID, id string, refusal *httpapi.Error,
) (*InUseError, error) {
	p := c.project(projectID)
	list, err := p.listeners.poll(ctx)
	why := &InUseError{Err: refusal, ListenersErr: err}
	if err == nil {
		for _, l := range list.elements {
			if l.Holds(id) {
				why.Listeners = append(why.Listeners, l)
				_, keeps := p.keeping.Load(keyOf(l))
				why.Kept = why.Kept || keeps
			}
		}
	}
	if len(why.Listeners) == 0 && !saysInUse(refusal) {
		return nil, err
	}
	slices.SortFunc(why.Listeners, byName)
	return why, err
}

// orInUse returns the InUseError that a deletion met, if any, when it has timed out, and
// err otherwise.
func orInUse(ctx context.Context, err error, inUse *InUseError) error {
	if err != nil && inUse != nil && errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return inUse
	}
	return err
}

// mayBeInUse reports whether an error response to a deletion may mean that a listener holds
// the certificate. The status and the code of that are not documented, so every error
// counts except those of the gateway, the token and the policy (reference).
func mayBeInUse(refusal *httpapi.Error) bool {
	if refusal.Status == http.StatusUnauthorized || refusal.Status == http.StatusTooManyRequests {
		return false
	}
	isRefusal := refusal.Status/100 == 4 || refusal.Status == http.StatusInternalServerError ||
		refusal.Status/100 == 2 && refusal.Code != "" // and not a page
	return isRefusal && !isGone(refusal) && !deniedCode.MatchString(refusal.Code)
}

// deniedCode matches the codes of the gateway (of cloud services, or of tenants), the token and the policy (reference).
var deniedCode = regexp.MustCompile(`^APIGW?\.|^ELB\.(110[2-5]|1109|120[12]|980[1-7]|9899)$`)

// saysInUse reports whether an error response says that the certificate is in use: 409 in
// newer versions of the API (reference), ELB.5002 in this one (assumed).
func saysInUse(refusal *httpapi.Error) bool {
	return refusal.Status == http.StatusConflict || refusal.Code == "ELB.5002"
}

// deleteOnce sends one deletion, and decides by the list of the project if it is not clear
// whether the certificate still exists.
func (c *Client) deleteOnce(ctx context.Context, projectID, id string, sinceWrite time.Duration) error {
	accepted, hasBody := false, false
	remove := httpapi.Request{Method: http.MethodDelete}
	err := c.do(ctx, projectID, []string{"certificate", id}, remove, func(response *http.Response) error {
		var body json.RawMessage
		err := decodeWhole(response.Body, &body)
		hasBody = len(body) > 0 && string(body) != "{}"
		switch response.StatusCode {
		case http.StatusOK, http.StatusAccepted, http.StatusNoContent: // observed, observed, reference
			accepted = true
			if err == nil || errors.Is(err, io.EOF) {
				return nil
			}
		}
		return errors.New("a response to a deletion must have the status 204, 200 or 202, and must not be a page")
	})
	if err == nil && hasBody { // the body may be an error
		err = errors.New("the response to the deletion has an unexpected body")
	}
	// A clear refusal of a later attempt is believed: lists without a total may lack a certificate that is in use.
	isClear := err == nil || httpapi.RefusalOf(err) != nil && !httpapi.Ambiguous(err)
	if accepted && !isClear { // even if a later attempt was not sent
		return c.project(projectID).certificates.proveAbsence(ctx, id, sinceWrite, err)
	}
	return c.orNotFound(ctx, projectID, id, sinceWrite, err)
}

// isGone reports whether an error response may mean that the certificate does not exist:
// ELB.5040, which is 404 in one table of the reference and 400 in another, or any 404 except
// that of the gateway.
func isGone(refusal *httpapi.Error) bool {
	return refusal != nil && (refusal.Code == "ELB.5040" || refusal.IsNotFound())
}

// orNotFound returns ErrCertificateNotFound if an error response may mean that the certificate does not
// exist and the list of the project proves it: a 404 may also be about the project or the
// endpoint. Otherwise it returns err.
func (c *Client) orNotFound(ctx context.Context, projectID, id string, sinceWrite time.Duration, err error) error {
	if !isGone(httpapi.RefusalOf(err)) {
		return err
	}
	return c.project(projectID).certificates.proveAbsence(ctx, id, sinceWrite, err)
}
