package elb

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
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

// GetCertificate returns a certificate of a project. The API has no call for that: it
// is looked up in a list, which serves all readers of the project. ErrNotFound is
// returned only when a complete list lacks it that started after the call, or when
// this process deleted it.
func (c *Client) GetCertificate(ctx context.Context, projectID, id string) (Certificate, error) {
	return c.project(projectID).cache.get(ctx, id)
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
		return Certificate{}, secret.Value{}, listError(projectID, err)
	}
	cert, err := c.project(projectID).cache.find(list, id)
	return cert, key, err
}

// listCertificates lists the certificates of a project.
func (c *Client) listCertificates(ctx context.Context, projectID string, element decodeElement) (list listing, err error) {
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

// UpdateCertificate sets the name and the description of a certificate by one
// PUT, and returns the certificate as the server has it then. Where the response does
// not have all of it, it is read back until the change shows, or ctx is done.
// ErrNotFound says that the certificate does not exist.
func (c *Client) UpdateCertificate(ctx context.Context, projectID, id, name, description string) (Certificate, error) {
	cert, err := c.updateCertificate(ctx, projectID, id, name, description)
	c.project(projectID).cache.recordUpdate(id, cert, err)
	if err != nil {
		return Certificate{}, fmt.Errorf("update certificate %s of project %s: %w", id, projectID, err)
	}
	return cert, nil
}

func (c *Client) updateCertificate(ctx context.Context, projectID, id, name, description string) (Certificate, error) {
	put := request{method: http.MethodPut, path: []string{"certificate", id}, body: struct {
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
	case !accepted:
		return Certificate{}, c.decideNotFound(ctx, projectID, id, err)
	case err == nil && body.ID.Value == id && body.whole() && body.Domain.Sent:
		return body.certificate(), nil
	}
	return c.readBack(ctx, projectID, id, name, description)
}

// readBack lists until a change shows that was accepted.
func (c *Client) readBack(ctx context.Context, projectID, id, name, description string) (Certificate, error) {
	cache := c.project(projectID).cache
	accepted := cache.now()
	for pauses := newPauses(250*time.Millisecond, 5*time.Second); ; {
		cert, err := cache.fresh(ctx, id)
		absent := errors.Is(err, ErrNotFound) && cache.now().Sub(accepted) < listLag // it may be as new as that
		if err != nil && !absent {
			return Certificate{}, fmt.Errorf("the API accepted the change, but it could not be read back: %w", err)
		}
		if !absent && cert.Name == name && cert.Description == description {
			return cert, nil
		}
		if err := pauses.wait(ctx); err != nil {
			shown := fmt.Sprintf("it still has the name %q and the description %q", cert.Name, cert.Description)
			if absent {
				shown = "the list of the project lacks the certificate"
			}
			return Certificate{}, fmt.Errorf("%w: %s: %w", ErrNotShown, shown, err)
		}
	}
}

// InUseError says that a certificate was not deleted because it is in use.
type InUseError struct {
	// Listeners are those that hold the certificate, as far as the API tells.
	Listeners []Listener
	// ListenersErr is why Listeners could not be read, or nil.
	ListenersErr error
	// Err is the server's refusal.
	Err *httpapi.Error
}

// Error implements error.
func (e *InUseError) Error() string { return "the certificate is in use: " + e.Err.Error() }

// Unwrap returns the server's refusal.
func (e *InUseError) Unwrap() error { return e.Err }

// DeleteCertificate deletes a certificate, and succeeds when there is none. While a
// listener holds the certificate it tries again, for as long as patience, and then
// fails with an *InUseError.
func (c *Client) DeleteCertificate(ctx context.Context, projectID, id string, patience time.Duration) error {
	err := c.deletePatiently(ctx, projectID, id, patience)
	if err == nil || errors.Is(err, ErrNotFound) {
		c.project(projectID).cache.record(id, nil)
		return nil
	}
	var inUse *InUseError
	if errors.As(err, &inUse) {
		inUse.Listeners, inUse.ListenersErr = c.ListenersOf(ctx, projectID, id)
	}
	return fmt.Errorf("delete certificate %s of project %s: %w", id, projectID, err)
}

func (c *Client) deletePatiently(ctx context.Context, projectID, id string, patience time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var refusal *httpapi.Error
	for pauses := newPauses(time.Second, 30*time.Second); ; {
		err := c.deleteOnce(ctx, projectID, id)
		if errors.Is(err, ErrNotFound) {
			return err // whatever status says so
		}
		if said := httpapi.RefusalOf(err); said != nil && inUse(said) {
			refusal = said
			err = pauses.wait(ctx)
			if err == nil {
				continue
			}
		}
		if refusal != nil && errors.Is(ctx.Err(), context.DeadlineExceeded) {
			return &InUseError{Err: refusal}
		}
		return err
	}
}

// inUse reports whether a refusal says that a listener holds the certificate: 409 in
// newer versions of the API (reference), ELB.5002 in this one (assumed).
func inUse(refusal *httpapi.Error) bool {
	return refusal.Status == http.StatusConflict || refusal.Code == "ELB.5002"
}

func (c *Client) deleteOnce(ctx context.Context, projectID, id string) error {
	accepted := false
	remove := request{method: http.MethodDelete, path: []string{"certificate", id}}
	err := c.do(ctx, projectID, remove, func(response *http.Response) error {
		body, err := io.ReadAll(response.Body)
		switch response.StatusCode {
		case http.StatusOK, http.StatusAccepted, http.StatusNoContent: // observed, observed, reference
			accepted = true
			// A page of a gateway does not delete anything.
			if err != nil || len(bytes.TrimSpace(body)) == 0 || json.Valid(body) {
				return nil
			}
		}
		return errors.New("a deletion has the status 204, or 200 or 202 and no page")
	})
	var broken *httpapi.TransportError
	if accepted && errors.As(err, &broken) { // cut off: a list tells whether it was carried out
		_, listErr := c.project(projectID).cache.fresh(ctx, id)
		if errors.Is(listErr, ErrNotFound) {
			return nil
		}
	}
	return c.decideNotFound(ctx, projectID, id, err)
}

// decideNotFound turns the refusal of a request for one certificate into ErrNotFound
// where it is proven that the certificate does not exist: by ELB.5040, which is 404 in
// one table of the reference and 400 in another, or by a list. A bare 404, or one with
// the "Not Found" of the table of statuses (seed), may mean the certificate, the
// project, or the endpoint.
func (c *Client) decideNotFound(ctx context.Context, projectID, id string, err error) error {
	refusal := httpapi.RefusalOf(err)
	switch {
	case refusal == nil:
		return err
	case refusal.Code == "ELB.5040":
		return fmt.Errorf("%w: %w", ErrNotFound, err)
	case refusal.Status != http.StatusNotFound || refusal.Code != "" && refusal.Code != "Not Found":
		return err
	}
	_, listErr := c.project(projectID).cache.fresh(ctx, id)
	switch {
	case errors.Is(listErr, ErrNotFound):
		return fmt.Errorf("%w: %w", ErrNotFound, err)
	case listErr != nil:
		return fmt.Errorf("%w; whether the certificate exists is not known: %w", err, listErr)
	}
	return err
}

// pauses grow between the calls of something that is waited for.
type pauses struct{ next, longest time.Duration }

func newPauses(first, longest time.Duration) *pauses { return &pauses{first, longest} }

func (p *pauses) wait(ctx context.Context) error {
	pause := p.next
	p.next = min(2*pause, p.longest)
	return httpapi.Pause(ctx, pause)
}
