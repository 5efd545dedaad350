package elb

import (
	"cmp"
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

// A Listener of a load balancer, as far as it concerns certificates.
type Listener struct {
	// ID and LoadBalancerID are 32 hexadecimal characters (recorded).
	ID, LoadBalancerID string
	Name               string
	// Protocol is HTTP, TCP, HTTPS or UDP (reference), or SSL (reference, Open Telekom
	// Cloud).
	Protocol string
	// Port is 0 where the API shows none.
	Port int64
	// Status is ACTIVE, PENDING_CREATE or ERROR (reference), or empty where the API shows
	// none, which is taken for ACTIVE (assumed).
	Status string
	// CertificateID is that of its own certificate, or empty.
	CertificateID string
	// SNI are the IDs of further certificates, which are chosen by the name that a
	// client asks for.
	SNI []string
}

func (l Listener) key() string { return strings.ToLower(l.ID) }

// serves reports whether a certificate is the listener's own.
func (l Listener) serves(certificateID string) bool {
	return strings.EqualFold(l.CertificateID, certificateID)
}

// Holds reports whether a listener refers to a certificate.
func (l Listener) Holds(certificateID string) bool {
	isIt := func(id string) bool { return strings.EqualFold(id, certificateID) }
	return l.serves(certificateID) || slices.ContainsFunc(l.SNI, isIt)
}

// isFaulty reports whether something has failed that only its owner can repair.
func (l Listener) isFaulty() bool { return strings.EqualFold(l.Status, "ERROR") }

// pending returns an error while the status says that something is under way.
func (l Listener) pending() error {
	if strings.HasPrefix(strings.ToUpper(l.Status), "PENDING_") {
		return fmt.Errorf("its status is still %q", l.Status)
	}
	return nil
}

// listenerBody is a listener in a response, which may lack some of it.
type listenerBody struct {
	ID             optional[string]         `json:"id"`
	Name           optional[string]         `json:"name"`
	LoadBalancerID optional[string]         `json:"loadbalancer_id"`
	Protocol       optional[string]         `json:"protocol"`
	Port           optional[port]           `json:"port"`
	Status         optional[string]         `json:"status"`
	CertificateID  optional[string]         `json:"certificate_id"` // null unless it is HTTPS or SSL (reference)
	Certificates   optional[certificateIDs] `json:"certificates"`
}

// listener returns the listener of a response. known fills in what the response lacks,
// but for the certificate and the status.
func (b listenerBody) listener(known Listener) Listener {
	return Listener{
		ID:             b.ID.Value,
		Name:           b.Name.or(known.Name),
		LoadBalancerID: b.LoadBalancerID.or(known.LoadBalancerID),
		Protocol:       b.Protocol.or(known.Protocol),
		Port:           int64(b.Port.or(port(known.Port))),
		Status:         b.Status.Value,
		CertificateID:  b.CertificateID.Value,
		SNI:            b.Certificates.or(known.SNI),
	}
}

// A port comes as a number (reference, recorded). Anything else, but a number in a string,
// is taken for none (assumed): it is only shown.
type port int64

// UnmarshalJSON implements json.Unmarshaler.
func (p *port) UnmarshalJSON(raw []byte) error {
	if n, err := strconv.ParseUint(strings.Trim(string(raw), `"`), 10, 16); err == nil {
		*p = port(n)
	}
	return nil
}

// certificateIDs are the SNI certificates of a listener. They come as an array
// (recorded), as a string with commas (reference), as an array of objects or an empty
// object (assumed), as null, or not at all.
type certificateIDs []string

// UnmarshalJSON implements json.Unmarshaler.
func (ids *certificateIDs) UnmarshalJSON(raw []byte) error {
	var value any
	if err := json.Unmarshal(raw, &value); err != nil {
		return err
	}
	*ids = idsIn(value)
	return nil
}

// idsIn returns the texts in a JSON value, in their order.
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

// ListListeners returns the listeners of a project in no certain order, by the list that
// serves all readers of the project. What this process has written is laid over it.
func (c *Client) ListListeners(ctx context.Context, projectID string) ([]Listener, error) {
	return c.project(projectID).listeners.all(ctx)
}

// ReadListener returns a listener, which is looked up in the list that serves all readers
// of the project. known is what a state has of it, and written is how long ago this or
// another run wrote that, as for ReadCertificate: while a list may lag behind that, one
// that lacks the listener, or shows another certificate, is asked for again.
// ErrListenerNotFound is returned only when a list lacks it that started after the call.
func (c *Client) ReadListener(
	ctx context.Context, projectID string, known Listener, written time.Duration,
) (Listener, error) {
	cache := c.project(projectID).listeners
	return cache.settled(ctx, known.ID, cache.settledAt(written), func(l Listener) bool {
		return !l.serves(known.CertificateID)
	})
}

// GetListener returns a listener as the API shows it alone. While its status is
// PENDING_…, it is asked for again until ctx is done. ErrListenerNotFound says that a list
// proves that it does not exist, and ErrListenerFaulty that its status is ERROR.
func (c *Client) GetListener(ctx context.Context, projectID, id string) (Listener, error) {
	l, err := c.awaitListener(ctx, projectID, Listener{ID: id}, false, Listener.pending)
	if err != nil {
		return Listener{}, fmt.Errorf("get listener %s of project %s: %w", id, projectID, err)
	}
	return l, nil
}

// SwitchListener gives a listener another certificate by one PUT, and returns the listener
// as the server has it then. known is what is known of it: it fills in what a response
// lacks. A response that does not show the change is followed by reads, until one does or
// ctx is done; the error is ErrNotShown then. ErrListenerNotFound says that a list proves
// that the listener does not exist, and ErrListenerFaulty that its status is ERROR.
func (c *Client) SwitchListener(
	ctx context.Context, projectID string, known Listener, certificateID string,
) (Listener, error) {
	l, err := c.switchListener(ctx, projectID, known, certificateID)
	if err != nil {
		return Listener{}, fmt.Errorf(
			"switch listener %s of project %s to certificate %s: %w", known.ID, projectID, certificateID, err)
	}
	return l, nil
}

func (c *Client) switchListener(
	ctx context.Context, projectID string, known Listener, certificateID string,
) (switched Listener, err error) {
	p := c.project(projectID)
	unlock, err := p.switches.lock(ctx, known.key()) // one that is read back must not meet the next
	if err != nil {
		return Listener{}, err
	}
	defer unlock()
	defer func() {
		p.listeners.recordUpdate(known.ID, switched, err)
		if err == nil {
			c.ReleaseCertificate(projectID, known.ID)
		}
	}()

	shows := func(l Listener) error {
		if !l.serves(certificateID) {
			return fmt.Errorf("it still has the certificate %q", l.CertificateID)
		}
		return l.pending()
	}
	accepted := false // of any attempt
	for pauses := newPauses(time.Second, 30*time.Second); ; {
		body, err := c.putCertificate(ctx, projectID, known.ID, certificateID, &accepted)
		refusal := httpapi.RefusalOf(err)
		isSwitched := err == nil && strings.EqualFold(body.ID.Value, known.ID) && body.Protocol.Value != ""
		l := body.listener(known)
		switch {
		case isSwitched && l.isFaulty():
			return Listener{}, ErrListenerFaulty
		case isSwitched && shows(l) == nil:
			return l, nil
		case err == nil, accepted && refusal == nil:
			if l, err = c.awaitListener(ctx, projectID, known, true, shows); err != nil && ctx.Err() != nil {
				err = fmt.Errorf("%w: %w", ErrNotShown, err)
			}
			return l, err
		case refusal != nil && refusal.Status == http.StatusConflict, p.mayNotKnow(refusal, certificateID):
			if ended := pauses.wait(ctx); ended != nil {
				return Listener{}, fmt.Errorf("%w while waiting to send the request again: %w", ended, err)
			}
			continue
		case isListenerGone(refusal):
			return Listener{}, p.listeners.byList(ctx, known.ID, Never, err)
		case httpapi.Ambiguous(err): // it may have been carried out
			if l, getErr := c.showListener(ctx, projectID, known); getErr == nil && shows(l) == nil && !l.isFaulty() {
				return l, nil
			}
		}
		return Listener{}, err
	}
}

// mayNotKnow reports whether a switch may be refused because the backend of the listeners
// does not know yet which certificate this process has just created (assumed).
func (p *project) mayNotKnow(refusal *httpapi.Error, certificateID string) bool {
	if refusal == nil || isListenerGone(refusal) || deniedCode.MatchString(refusal.Code) {
		return false
	}
	isUnknown := refusal.Status == http.StatusBadRequest || refusal.Code == "ELB.5040"
	return isUnknown && p.cache.isNew(certificateID)
}

// putCertificate sends a listener's new certificate, and nothing else of it. It is
// idempotent. What it returns of the response may be less than a listener. accepted is set
// when an attempt was.
func (c *Client) putCertificate(
	ctx context.Context, projectID, id, certificateID string, accepted *bool,
) (body listenerBody, err error) {
	put := request{method: http.MethodPut, path: []string{"listeners", id}, body: struct {
		CertificateID string `json:"certificate_id"`
	}{certificateID}}
	err = c.do(ctx, projectID, put, func(response *http.Response) error {
		*accepted = true
		body, _ = decodeListener(response.Body)
		return nil
	})
	return body, err
}

// awaitListener gets a listener until it is as it should be: isShown returns why it is
// not. A call that fails ends that, unless a change was accepted that is to be seen.
func (c *Client) awaitListener(
	ctx context.Context, projectID string, known Listener, accepted bool, isShown func(Listener) error,
) (Listener, error) {
	var waiting error // why it is waited for
	for pauses := newPauses(pollInterval, 10*time.Second); ; {
		l, err := c.showListener(ctx, projectID, known)
		switch {
		case err == nil && l.isFaulty():
			return Listener{}, ErrListenerFaulty
		case err == nil:
			if waiting = isShown(l); waiting == nil {
				return l, nil
			}
		case errors.Is(err, ErrListenerNotFound):
			return Listener{}, err
		case ctx.Err() != nil && waiting != nil: // that is what was seen last
		case ctx.Err() != nil || !accepted:
			return Listener{}, err
		default:
			waiting = err
		}
		if ended := pauses.wait(ctx); ended != nil {
			return Listener{}, fmt.Errorf("%w: %w", waiting, ended)
		}
	}
}

// showListener gets a listener once. A list decides whether one does not exist that the
// API says is missing.
func (c *Client) showListener(ctx context.Context, projectID string, known Listener) (l Listener, err error) {
	get := request{method: http.MethodGet, path: []string{"listeners", known.ID}}
	err = c.do(ctx, projectID, get, func(response *http.Response) error {
		body, err := decodeListener(response.Body)
		if err != nil {
			return err
		}
		if !strings.EqualFold(body.ID.Value, known.ID) {
			return fmt.Errorf("it is another listener, %s", body.ID.Value)
		}
		l = body.listener(known)
		return nil
	})
	if isListenerGone(httpapi.RefusalOf(err)) {
		err = c.project(projectID).listeners.byList(ctx, known.ID, Never, err)
	}
	return l, err
}

// isListenerGone reports whether a refusal may say that the listener does not exist: a
// 404, but one of the gateway, which says that the endpoint is wrong, or one that speaks
// of the certificate; ELB.6030, "belongs to no load balancer"; or ELB.6002, documented of
// a deletion with 503 (reference of the codes, assumed here).
func isListenerGone(refusal *httpapi.Error) bool {
	if refusal == nil {
		return false
	}
	switch refusal.Code {
	case "ELB.6030", "ELB.6002":
		return true
	case "ELB.5040":
		return false
	}
	return refusal.Status == http.StatusNotFound && !strings.HasPrefix(refusal.Code, "APIGW.")
}

// KeepCertificate notes that a listener keeps its certificate for good, as far as this
// process is concerned: DeleteCertificate does not wait for it. A later switch ends that,
// and ReleaseCertificate.
func (c *Client) KeepCertificate(projectID, listenerID string) {
	c.project(projectID).keeping.Store(strings.ToLower(listenerID), true)
}

// ReleaseCertificate notes that a listener may get another certificate after all.
func (c *Client) ReleaseCertificate(projectID, listenerID string) {
	c.project(projectID).keeping.Delete(strings.ToLower(listenerID))
}

// oneKeeps reports whether a listener keeps its certificate, whatever the others do.
func (p *project) oneKeeps(holders []Listener) bool {
	return slices.ContainsFunc(holders, func(l Listener) bool {
		_, keeps := p.keeping.Load(l.key())
		return keeps
	})
}

// listListeners lists the listeners of a project.
func (c *Client) listListeners(ctx context.Context, projectID string) (list listing[Listener], err error) {
	get := request{method: http.MethodGet, path: []string{"listeners"}}
	err = c.do(ctx, projectID, get, func(response *http.Response) (err error) {
		if response.StatusCode != http.StatusOK { // only that is a list (reference)
			return errors.New("a list has the status 200")
		}
		list, err = decodeListeners(response.Body)
		list.requestID = response.Header.Get("X-Request-Id")
		return err
	})
	return list, err
}

// holders returns the listeners of a project that refer to a certificate, by name, of a
// list that starts after the call, and that all who delete share.
func (c *Client) holders(ctx context.Context, projectID, certificateID string) ([]Listener, error) {
	list, err := c.project(projectID).listeners.poll(ctx)
	if err != nil {
		return nil, err
	}
	holders := slices.DeleteFunc(slices.Clone(list.elements), func(l Listener) bool { return !l.Holds(certificateID) })
	slices.SortFunc(holders, func(a, b Listener) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID))
	})
	return holders, nil
}
