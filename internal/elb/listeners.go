package elb

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"unicode"
)

// errListenerNotFound says that a listener is proven not to exist.
var errListenerNotFound = errors.New("the listener does not exist")

// A Listener of a load balancer, as far as it concerns certificates.
type Listener struct {
	// ID and LoadBalancerID are 32 hexadecimal characters (recorded).
	ID, LoadBalancerID string
	Name               string
	// CertificateID is that of its own certificate, or empty.
	CertificateID string
	// SNI are the IDs of further certificates, which are chosen by the name that a
	// client asks for.
	SNI []string
}

func (l Listener) key() string { return strings.ToLower(l.ID) }

// holds reports whether a listener refers to a certificate.
func (l Listener) holds(certificateID string) bool {
	return l.CertificateID == certificateID || slices.Contains(l.SNI, certificateID)
}

// listenerBody is a listener in a response.
type listenerBody struct {
	ID             string         `json:"id"`
	Name           string         `json:"name"`
	LoadBalancerID string         `json:"loadbalancer_id"`
	CertificateID  string         `json:"certificate_id"` // null unless it is HTTPS or SSL (reference)
	Certificates   certificateIDs `json:"certificates"`
}

func (b listenerBody) listener() Listener {
	return Listener{
		ID: b.ID, Name: b.Name, LoadBalancerID: b.LoadBalancerID,
		CertificateID: b.CertificateID, SNI: b.Certificates,
	}
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

// listListeners lists the listeners of a project.
func (c *Client) listListeners(ctx context.Context, projectID string) (list listing[Listener], err error) {
	get := request{method: http.MethodGet, path: []string{"listeners"}}
	err = c.do(ctx, projectID, get, func(response *http.Response) (err error) {
		list, err = decodeListeners(response.Body)
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
	holders := slices.DeleteFunc(slices.Clone(list.elements), func(l Listener) bool { return !l.holds(certificateID) })
	slices.SortFunc(holders, func(a, b Listener) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID))
	})
	return holders, nil
}
