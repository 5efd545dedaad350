package elb

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/elbaas/terraform-provider-elbaas/internal/httpapi"
	"github.com/elbaas/terraform-provider-elbaas/internal/secret"
)

// ErrNotFound says that a certificate is proven not to exist.
var ErrNotFound = errors.New("the certificate does not exist")

// ErrNotShown says that the API accepted a change, but did not show it in time.
var ErrNotShown = errors.New("the API accepted the change, but does not show it yet")

// A Certificate as the API shows it, without its private key.
type Certificate struct {
	// ID is 32 hexadecimal characters (seed).
	ID string
	// Name is 0 to 64 characters (seed).
	Name string
	// Description is at most 128 characters (seed).
	Description string
	// Domain is empty when there is none.
	Domain string
	// Certificate is PEM, as the server keeps it.
	Certificate string
	// CreateTime and UpdateTime read like "2016-06-27 08:14:42", without a zone
	// (seed).
	CreateTime, UpdateTime string
}

func (c Certificate) key() string { return strings.ToLower(c.ID) }

// GetCertificate returns a certificate of a project. The API has no call for that: it
// is looked up in a list, which serves all readers of the project. ErrNotFound is
// returned only when a complete list lacks it that started after the call, or when
// this process deleted it.
func (c *Client) GetCertificate(ctx context.Context, projectID, id string) (Certificate, error) {
	return c.project(projectID).cache.get(ctx, id)
}

// Never is how long ago a certificate was written of which nobody knows.
const Never time.Duration = math.MaxInt64

// ReadCertificate returns a certificate as GetCertificate does, where known is what a
// state has of it, and written is how long ago this or another run wrote that; less
// than 0 is in the future, by a clock that differs. While a list may lag behind that,
// one that lacks the certificate, or shows another name or description, is asked for
// again.
func (c *Client) ReadCertificate(
	ctx context.Context, projectID string, known Certificate, written time.Duration,
) (Certificate, error) {
	cache := c.project(projectID).cache
	return cache.settled(ctx, known.ID, cache.settledAt(written), func(cert Certificate) bool {
		return cert.Name != known.Name || cert.Description != known.Description
	})
}

// ListCertificates returns the certificates of a project in no certain order, by the
// list that serves all readers of the project. A list that is incomplete by its own
// total is an *IncompleteListError.
func (c *Client) ListCertificates(ctx context.Context, projectID string) ([]Certificate, error) {
	return c.project(projectID).cache.all(ctx)
}

// GetPrivateKey returns a certificate and its private key as the server shows it,
// which may be a mask or nothing. It lists by itself, and keeps no key: not the
// others', and not this one for the next call. ErrNotFound says that the list is
// complete and lacks the certificate.
func (c *Client) GetPrivateKey(ctx context.Context, projectID, id string) (Certificate, secret.Value, error) {
	var key secret.Value
	list, err := c.listCertificates(ctx, projectID, decodeKeyOf(id, &key))
	if err != nil {
		return Certificate{}, secret.Value{}, listError("certificate", projectID, err)
	}
	cert, err := c.project(projectID).cache.find(list, id)
	if err != nil {
		return Certificate{}, secret.Value{}, err // a key may be that of an attempt that was cut off
	}
	return cert, key, nil
}

// KnownProjectOf returns the project of a certificate that this process has listed or
// created, and not deleted. Where several have it, that is the preferred one, if it is one
// of them. It makes no call.
func (c *Client) KnownProjectOf(certificateID, preferredID string) (projectID string, known bool) {
	c.mu.Lock()
	projects := slices.Collect(maps.Values(c.projects))
	c.mu.Unlock()
	for _, p := range projects {
		exists, _ := p.cache.known(certificateID, p.creations.has(certificateID))
		if exists && (!known || strings.EqualFold(p.cache.projectID, preferredID)) {
			projectID, known = p.cache.projectID, true
		}
	}
	return projectID, known
}

// KnownMissing reports whether a certificate does not exist in a project, as far as this
// process knows: the latest complete list lacks it and it was not created here, or it was
// deleted here. It makes no call.
func (c *Client) KnownMissing(projectID, certificateID string) bool {
	p := c.project(projectID)
	_, missing := p.cache.known(certificateID, p.creations.has(certificateID))
	return missing
}

// listCertificates lists the certificates of a project.
func (c *Client) listCertificates(
	ctx context.Context, projectID string, element decodeElement,
) (list listing[Certificate], err error) {
	get := request{method: http.MethodGet, path: []string{"certificate"}}
	err = c.do(ctx, projectID, get, func(response *http.Response) (err error) {
		if response.StatusCode != http.StatusOK { // only that is a list (reference)
			return errors.New("a list has the status 200")
		}
		list, err = decodeList(response.Body, element)
		list.requestID = response.Header.Get("X-Request-Id")
		return err
	})
	return list, err
}

// UpdateCertificate sets the name and the description of a certificate by one PUT, and
// returns the certificate as the server has it then. known is what a state has of it:
// its domain is used where the response lacks that, as it may (recorded). Where the
// response lacks more, it is read back until the change shows, or ctx is done. written
// is as for ReadCertificate. ErrNotFound says that the certificate does not exist.
func (c *Client) UpdateCertificate(
	ctx context.Context, projectID string, known Certificate, written time.Duration, name, description string,
) (Certificate, error) {
	cert, err := c.updateCertificate(ctx, projectID, known, written, name, description)
	c.project(projectID).cache.recordUpdate(known.ID, cert, err)
	if err != nil {
		return Certificate{}, fmt.Errorf("update certificate %s of project %s: %w", known.ID, projectID, err)
	}
	return cert, nil
}

func (c *Client) updateCertificate(
	ctx context.Context, projectID string, known Certificate, written time.Duration, name, description string,
) (Certificate, error) {
	put := request{method: http.MethodPut, path: []string{"certificate", known.ID}, body: struct {
		Name        string `json:"name"`
		Description string `json:"description"` // sent when empty too: that clears it
	}{name, description}}
	var body certificateBody
	accepted := false
	err := c.do(ctx, projectID, put, func(response *http.Response) error {
		accepted = true
		body, _ = decodeBody(response.Body) // less than a whole certificate is read back
		return nil
	})
	switch {
	case !accepted || httpapi.RefusalOf(err) != nil:
		return Certificate{}, c.decideGone(ctx, projectID, known.ID, written, err)
	case err == nil && strings.EqualFold(body.ID.Value, known.ID) && body.whole():
		if !body.Domain.Sent {
			body.Domain.Value = known.Domain
		}
		return body.certificate(), nil
	}
	return c.readBack(ctx, projectID, known, name, description)
}

// readBack lists until a change shows that was accepted. A list that fails meanwhile
// is tried again. A server that stored something else has that returned.
func (c *Client) readBack(
	ctx context.Context, projectID string, known Certificate, name, description string,
) (Certificate, error) {
	cache := c.project(projectID).cache
	accepted, shown := cache.now(), errors.New("no list was read")
	for {
		list, err := cache.poll(ctx)
		if ctx.Err() != nil {
			return Certificate{}, fmt.Errorf("%w: %w: %w", ErrNotShown, shown, ctx.Err())
		}
		if err != nil {
			shown = err
			continue
		}
		cert, err := cache.find(list.listing, known.ID)
		late := list.startedAt.Sub(accepted) >= listLag // before that, the list may lag
		isOld := cert.Name == known.Name && cert.Description == known.Description
		switch {
		case err == nil && (cert.Name == name && cert.Description == description || late && !isOld):
			return cert, nil
		case err == nil:
			shown = fmt.Errorf("it still has the name %q and the description %q", cert.Name, cert.Description)
		case errors.Is(err, ErrNotFound) && late:
			return Certificate{}, err
		default:
			shown = errors.New("the list of the project lacks the certificate")
		}
	}
}

// InUseError says that a certificate was not deleted because it is in use.
type InUseError struct {
	// Listeners are those that hold the certificate, as far as the API tells.
	Listeners []Listener
	// ListenersErr is why Listeners could not be read, or nil.
	ListenersErr error
	// Kept is whether one of them keeps it, by KeepCertificate: then it was not waited for
	// the others to have another one.
	Kept bool
	// Err is the server's refusal.
	Err *httpapi.Error
}

// Error implements error.
func (e *InUseError) Error() string { return "the certificate is in use: " + e.Err.Error() }

// Unwrap returns the server's refusal.
func (e *InUseError) Unwrap() error { return e.Err }

// DeleteCertificate deletes a certificate, and succeeds when there is none. While a
// listener holds the certificate it tries again until ctx is done, and then fails with
// an *InUseError; at once where one such listener keeps it, by KeepCertificate.
// written is as for ReadCertificate.
func (c *Client) DeleteCertificate(ctx context.Context, projectID, id string, written time.Duration) error {
	err := c.deleteCertificate(ctx, projectID, id, written)
	if err == nil || errors.Is(err, ErrNotFound) {
		c.project(projectID).cache.record(id, nil)
		return nil
	}
	c.project(projectID).cache.invalidate() // it may have been carried out
	return fmt.Errorf("delete certificate %s of project %s: %w", id, projectID, err)
}

func (c *Client) deleteCertificate(ctx context.Context, projectID, id string, written time.Duration) error {
	var inUse *InUseError // of the latest refusal that says so
	unheld := false       // no listener held it at the latest refusal
	for pauses := newPauses(time.Second, 30*time.Second); ; {
		err := c.deleteOnce(ctx, projectID, id, written)
		refusal := httpapi.RefusalOf(err)
		if err == nil || refusal == nil || !mayBeInUse(refusal) {
			return orInUse(ctx, err, inUse)
		}
		holders, listErr := c.holders(ctx, projectID, id)
		switch {
		case listErr != nil && inUse != nil: // that is what was seen last
			err = pauses.wait(ctx)
		case len(holders) > 0 || saysInUse(refusal):
			kept := c.project(projectID).oneKeeps(holders)
			inUse, unheld = &InUseError{Listeners: holders, ListenersErr: listErr, Kept: kept, Err: refusal}, false
			if kept {
				return inUse
			}
			err = pauses.wait(ctx)
		case listErr != nil:
			return fmt.Errorf("%w; whether a listener uses the certificate is not known: %w", err, listErr)
		case unheld:
			return err
		default:
			unheld = true
			if httpapi.Pause(ctx, listLag) != nil { // a backend may see late that a listener has another one
				return err
			}
			continue
		}
		if err != nil {
			return orInUse(ctx, err, inUse)
		}
	}
}

// orInUse returns what kept a certificate in use until the time of its deletion ended,
// or else another error.
func orInUse(ctx context.Context, err error, inUse *InUseError) error {
	if err != nil && inUse != nil && errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return inUse
	}
	return err
}

// mayBeInUse reports whether a refusal to delete may mean that a listener holds the
// certificate. With which status and code this API says so is documented nowhere, so
// it is every refusal but those of the gateway, the token and the policy (reference).
func mayBeInUse(refusal *httpapi.Error) bool {
	switch refusal.Status {
	case http.StatusUnauthorized, http.StatusNotFound, http.StatusTooManyRequests:
		return false
	}
	isRefusal := refusal.Status/100 == 4 || refusal.Status == http.StatusInternalServerError
	return isRefusal && !isGone(refusal) && !deniedCode.MatchString(refusal.Code)
}

// deniedCode is a code of the gateway, the token or the policy.
var deniedCode = regexp.MustCompile(`^APIGW\.|^ELB\.(110[2-5]|1109|120[12]|980[1-7]|9899)$`)

// saysInUse reports whether a refusal says that the certificate is in use: 409 in newer
// versions of the API (reference), ELB.5002 in this one (assumed).
func saysInUse(refusal *httpapi.Error) bool {
	return refusal.Status == http.StatusConflict || refusal.Code == "ELB.5002"
}

func (c *Client) deleteOnce(ctx context.Context, projectID, id string, written time.Duration) error {
	accepted, says := false, false
	remove := request{method: http.MethodDelete, path: []string{"certificate", id}}
	err := c.do(ctx, projectID, remove, func(response *http.Response) error {
		body, err := io.ReadAll(response.Body)
		switch response.StatusCode {
		case http.StatusOK, http.StatusAccepted, http.StatusNoContent: // observed, observed, reference
			accepted = true
			// A page of a gateway does not delete anything.
			if err != nil || len(bytes.TrimSpace(body)) == 0 {
				return nil
			}
			if json.Valid(body) {
				says = string(bytes.TrimSpace(body)) != "{}"
				return nil
			}
		}
		return errors.New("a deletion has the status 204, or 200 or 202 and no page")
	})
	if err == nil && says { // it may say something else
		return c.project(projectID).cache.byList(ctx, id, written, errors.New("the API said more than that it deleted the certificate"))
	}
	var broken *httpapi.TransportError
	if accepted && errors.As(err, &broken) { // cut off
		return c.project(projectID).cache.byList(ctx, id, written, err)
	}
	return c.decideGone(ctx, projectID, id, written, err)
}

// isGone reports whether a refusal may say that the certificate does not exist:
// ELB.5040, which is 404 in one table of the reference and 400 in another, or a 404,
// with whatever code, but one of the gateway: that says that the endpoint is wrong.
func isGone(refusal *httpapi.Error) bool {
	return refusal.Code == "ELB.5040" ||
		refusal.Status == http.StatusNotFound && !strings.HasPrefix(refusal.Code, "APIGW.")
}

// decideGone turns the refusal of a request for one certificate into ErrNotFound where
// it is proven that the certificate does not exist. A 404 may mean the certificate, the
// project, or the endpoint, so a list decides.
func (c *Client) decideGone(ctx context.Context, projectID, id string, written time.Duration, err error) error {
	if refusal := httpapi.RefusalOf(err); refusal == nil || !isGone(refusal) {
		return err
	}
	return c.project(projectID).cache.byList(ctx, id, written, err)
}

// pauses grow between the calls of something that is waited for.
type pauses struct{ next, longest time.Duration }

func newPauses(first, longest time.Duration) *pauses { return &pauses{first, longest} }

func (p *pauses) wait(ctx context.Context) error {
	pause := p.next
	p.next = min(2*pause, p.longest)
	return httpapi.Pause(ctx, pause)
}
