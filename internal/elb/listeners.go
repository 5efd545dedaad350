package elb

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/elbaas/terraform-provider-elbaas/internal/httpapi"
)

// ErrListenerNotFound says that a listener is proven not to exist.
var ErrListenerNotFound = errors.New("the listener does not exist")

// ErrListenerFaulty says that a listener has the status ERROR.
var ErrListenerFaulty = errors.New("the listener has the status ERROR")

// A Listener is a listener of a load balancer, with the fields that concern certificates. Any of them may be missing in
// a response.
type Listener struct {
	// ID and LoadBalancerID are 32 hexadecimal characters (recorded).
	ID             string `json:"id"`
	LoadBalancerID string `json:"loadbalancer_id"`
	Name           string `json:"name"`
	// Protocol is HTTP, TCP, HTTPS or UDP (reference), or SSL (reference, Open Telekom
	// Cloud).
	Protocol string `json:"protocol"`
	// Port is 0 if the API returns none.
	Port int64 `json:"-"`
	// Status is ACTIVE, PENDING_CREATE or ERROR (reference), or empty if the API returns
	// none, which counts as ACTIVE (assumed).
	Status string `json:"status"`
	// CertificateID is the ID of the default certificate, or empty.
	CertificateID string `json:"certificate_id"` // null unless it is HTTPS or SSL (reference)
	// SNI are the IDs of further certificates, one of which is chosen by the server name
	// that a client sends.
	SNI []string `json:"-"`
}

// UnmarshalJSON implements json.Unmarshaler. A field that is missing keeps its value. The port is
// a number (reference, recorded), or a number in a string (assumed); anything else is ignored,
// because the port is only shown. The SNI certificates are an array (recorded), a string with
// commas (reference), an array of objects or an empty object (assumed), null, or missing.
func (l *Listener) UnmarshalJSON(raw []byte) error {
	type strict Listener
	if err := json.Unmarshal(raw, (*strict)(l)); err != nil {
		return err
	}
	var body map[string]any
	_ = json.Unmarshal(raw, &body) // the same text was just decoded, so this cannot fail
	if port, err := strconv.ParseUint(fmt.Sprint(body["port"]), 10, 16); err == nil {
		l.Port = int64(port)
	}
	if certificates, sent := body["certificates"]; sent {
		l.SNI = idsIn(certificates)
	}
	return nil
}

func (l Listener) id() string { return l.ID }

func (l Listener) name() string { return l.Name }

// serves reports whether a certificate is the default certificate of the listener.
func (l Listener) serves(certificateID string) bool {
	return strings.EqualFold(l.CertificateID, certificateID)
}

// Holds reports whether a listener refers to a certificate, as its default or for SNI.
func (l Listener) Holds(certificateID string) bool {
	isSame := func(id string) bool { return strings.EqualFold(id, certificateID) }
	return l.serves(certificateID) || slices.ContainsFunc(l.SNI, isSame)
}

// isFaulty reports whether the listener must be repaired by its owner.
func (l Listener) isFaulty() bool { return strings.EqualFold(l.Status, "ERROR") }

// pending returns an error while an operation on the listener is in progress.
func (l Listener) pending() error {
	if strings.HasPrefix(strings.ToUpper(l.Status), "PENDING_") {
		return fmt.Errorf("the status of the listener is still %.256q", l.Status)
	}
	return nil
}

// idsIn returns the IDs in a JSON value, in their order.
func idsIn(value any) []string {
	switch value := value.(type) {
	case string:
		return strings.FieldsFunc(value, func(r rune) bool { return r == ',' || unicode.IsSpace(r) })
	case []any:
		var ids []string
		for _, element := range value {
			ids = append(ids, idsIn(element)...)
		}
		return ids
	case map[string]any:
		return idsIn(value["id"])
	}
	return nil
}

// ListListeners returns the listeners of a project, sorted by name, then by ID, from the cached list and
// the results of our own writes.
func (c *Client) ListListeners(ctx context.Context, projectID string) ([]Listener, error) {
	return c.project(projectID).listeners.all(ctx)
}

// ReadListener returns a listener from the cached list of the project. prior is the listener
// in the state, and sinceWrite is as for ReadCertificate: while a list may lag behind that
// write, a list without the listener, or with another certificate, is not believed.
// ErrListenerNotFound is returned only if a list that started after the call does not have
// the listener, or if a switch has just proven that.
func (c *Client) ReadListener(
	ctx context.Context, projectID string, prior Listener, sinceWrite time.Duration,
) (Listener, error) {
	cache := c.project(projectID).listeners
	return cache.get(ctx, prior.ID, lagEnd(sinceWrite), func(l Listener) bool {
		return !l.serves(prior.CertificateID)
	})
}

// GetListener returns a listener by a call for it alone, which is repeated while its status
// is PENDING_…, until ctx is done. ErrListenerNotFound says that a list proves that it does
// not exist, and ErrListenerFaulty that its status is ERROR.
func (c *Client) GetListener(ctx context.Context, projectID, id string) (Listener, error) {
	l, err := c.awaitListener(ctx, projectID, Listener{ID: id}, false, Listener.pending)
	if err != nil {
		return Listener{}, fmt.Errorf("getting listener %s of project %s: %w", id, projectID, err)
	}
	return l, nil
}

// SwitchListener gives a listener another certificate with one PUT, and returns the updated
// listener. prior provides fields that a response does not have. If the response does not
// show the change, the listener is read until it does, or until ctx is done; then the error
// is ErrNotShown. ErrListenerNotFound says that a list proves that the listener does not
// exist, and ErrListenerFaulty that its status is ERROR.
func (c *Client) SwitchListener(
	ctx context.Context, projectID string, prior Listener, certificateID string,
) (Listener, error) {
	p := c.project(projectID)
	unlock, err := p.switches.lock(ctx, keyOf(prior)) // the next switch would disturb the reads of this one
	if err != nil {
		return Listener{}, fmt.Errorf("waiting for another switch of listener %s: %w", prior.ID, err)
	}
	defer unlock()

	l, err := c.putAndAwait(ctx, projectID, prior, certificateID)
	p.listeners.record(prior.ID, &l, err)
	if err != nil {
		return Listener{}, fmt.Errorf(
			"switching listener %s of project %s to certificate %s: %w", prior.ID, projectID, certificateID, err)
	}
	c.ReleaseCertificate(projectID, prior.ID)
	return l, nil
}

// putAndAwait sends the new certificate of a listener, and waits until a response or a read shows it.
func (c *Client) putAndAwait(
	ctx context.Context, projectID string, prior Listener, certificateID string,
) (Listener, error) {
	p := c.project(projectID)
	id := prior.ID
	ofPut := prior
	ofPut.Protocol = "" // a response without it is incomplete
	shows := func(l Listener) error {
		if !l.serves(certificateID) {
			return fmt.Errorf("the listener has the certificate %.256q", l.CertificateID)
		}
		return l.pending()
	}
	// None of the other fields is sent, so the request is idempotent.
	put := httpapi.Request{Method: http.MethodPut, Body: map[string]string{"certificate_id": certificateID}}
	accepted := false // by any attempt
	for attempt := 0; ; attempt++ {
		var l Listener // perhaps incomplete
		err := c.do(ctx, projectID, []string{"listeners", id}, put, func(response *http.Response) (err error) {
			if l, err = decodeListener(response.Body, ofPut); isPage(err) {
				return err
			}
			accepted = true
			return nil
		})
		refusal := httpapi.RefusalOf(err)
		isWhole := strings.EqualFold(l.ID, id) && l.Protocol != ""
		isConflict := refusal != nil && refusal.Status == http.StatusConflict
		switch {
		case isWhole && l.isFaulty():
			return Listener{}, ErrListenerFaulty
		case isWhole && shows(l) == nil:
			return l, nil
		case err == nil, accepted && refusal == nil:
			l, err = c.awaitListener(ctx, projectID, prior, true, shows)
			if err != nil && ctx.Err() != nil {
				err = fmt.Errorf("%w: %w", ErrNotShown, err)
			}
			return l, err
		case isListenerGone(refusal):
			return Listener{}, p.listeners.proveAbsence(ctx, id, NoWrite, err)
		case isConflict, p.mayNotKnow(refusal, certificateID):
			pause := httpapi.Backoff(attempt, time.Second, 30*time.Second)
			if ended := httpapi.Pause(ctx, pause); ended != nil {
				return Listener{}, fmt.Errorf("%w while waiting to send the request again: %w", ended, err)
			}
		case httpapi.Ambiguous(err):
			// It may have been carried out. Until the list lag has passed, a replica may not show that yet, or may
			// still show the same certificate from before an earlier switch.
			brief, cancel := context.WithTimeout(ctx, 2*listLag)
			defer cancel()
			_ = httpapi.Pause(brief, listLag)
			if l, notShown := c.awaitListener(brief, projectID, prior, true, shows); notShown == nil {
				return l, nil
			}
			return Listener{}, err
		default:
			return Listener{}, err
		}
	}
}

// mayNotKnow reports whether a switch may have been refused because the backend of the
// listeners does not know yet the certificate that this process has just created (assumed).
func (p *project) mayNotKnow(refusal *httpapi.Error, certificateID string) bool {
	return refusal != nil && !deniedCode.MatchString(refusal.Code) && p.certificates.isNew(certificateID)
}

// awaitListener gets a listener until check returns nil. After a change, calls that fail are repeated;
// otherwise, the first one ends the wait.
func (c *Client) awaitListener(
	ctx context.Context, projectID string, prior Listener, changed bool, check func(Listener) error,
) (Listener, error) {
	var waiting error // the latest result of check, or why the latest call failed
	for attempt := 0; ; attempt++ {
		l, err := c.showListener(ctx, projectID, prior)
		switch {
		case err == nil:
			if waiting = check(l); waiting == nil {
				return l, nil
			}
		case errors.Is(err, ErrListenerNotFound), errors.Is(err, ErrListenerFaulty):
			return Listener{}, err
		case ctx.Err() != nil && waiting != nil:
			// The call failed because the time is over, so waiting is the better explanation.
		case ctx.Err() != nil || !changed:
			return Listener{}, err
		default:
			waiting = err
		}
		pause := httpapi.Backoff(attempt, pollInterval, 10*time.Second)
		if ended := httpapi.Pause(ctx, pause); ended != nil {
			return Listener{}, fmt.Errorf("%w: %w", waiting, ended)
		}
	}
}

// showListener makes one call for a listener. If the API says that it is missing, a list
// decides.
func (c *Client) showListener(ctx context.Context, projectID string, prior Listener) (l Listener, err error) {
	get := httpapi.Request{Method: http.MethodGet}
	err = c.do(ctx, projectID, []string{"listeners", prior.ID}, get, func(response *http.Response) (err error) {
		l, err = decodeListener(response.Body, prior)
		if err == nil && !strings.EqualFold(l.ID, prior.ID) {
			return fmt.Errorf("the response describes another listener, %s", l.ID)
		}
		return err
	})
	if err == nil && l.isFaulty() {
		return Listener{}, ErrListenerFaulty
	}
	if isListenerGone(httpapi.RefusalOf(err)) {
		err = c.project(projectID).listeners.proveAbsence(ctx, prior.ID, NoWrite, err)
	}
	return l, err
}

// isListenerGone reports whether an error response may mean that the listener does not exist:
// ELB.6030, "belongs to no load balancer"; ELB.6002, documented for a deletion with 503
// (reference of the codes, assumed here); or a 404, except that of the gateway and that about
// the certificate.
func isListenerGone(refusal *httpapi.Error) bool {
	return refusal != nil && (refusal.Code == "ELB.6030" || refusal.Code == "ELB.6002" ||
		refusal.IsNotFound() && refusal.Code != "ELB.5040")
}

// KeepCertificate tells DeleteCertificate not to wait for a listener, because this process
// will not give it another certificate. A later SwitchListener or ReleaseCertificate undoes
// that.
func (c *Client) KeepCertificate(projectID, listenerID string) {
	c.project(projectID).keeping.Store(strings.ToLower(listenerID), true)
}

// ReleaseCertificate undoes KeepCertificate.
func (c *Client) ReleaseCertificate(projectID, listenerID string) {
	c.project(projectID).keeping.Delete(strings.ToLower(listenerID))
}
