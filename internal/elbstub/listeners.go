package elbstub

import (
	"net/http"
	"slices"
)

// A Listener holds certificates, which cannot be deleted as long as it does.
type Listener struct {
	ID             string
	ProjectID      string
	Name           string
	LoadBalancerID string
	// CertificateID is the listener's own certificate.
	CertificateID string
	// SNI is the id of one further certificate, or empty.
	SNI string
}

func (l Listener) holds(certificateID string) bool {
	return l.CertificateID == certificateID || l.SNI == certificateID
}

// listenerBody is a listener in an answer (reference, shortened to what
// explains a refused delete).
type listenerBody struct {
	ID             string  `json:"id"`
	Name           string  `json:"name"`
	LoadBalancerID string  `json:"loadbalancer_id"`
	Protocol       string  `json:"protocol"`
	Port           int     `json:"port"`
	CertificateID  *string `json:"certificate_id"`
	Certificates   *string `json:"certificates"` // documented as a string (reference)
}

func (c *Cloud) listListeners(r request) (Response, *refusal) {
	list := []listenerBody{} // a bare array (reference)
	for _, l := range c.listeners {
		if l.ProjectID != r.projectID {
			continue
		}
		list = append(list, listenerBody{
			ID:             l.ID,
			Name:           l.Name,
			LoadBalancerID: l.LoadBalancerID,
			Protocol:       "HTTPS",
			Port:           443,
			CertificateID:  orNull(l.CertificateID),
			Certificates:   orNull(l.SNI),
		})
	}
	return respond(http.StatusOK, list), nil
}

func orNull(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

// Listen adds a listener and returns its id. What of its identity is empty is
// made up.
func (c *Cloud) Listen(listener Listener) string {
	listener.ID = newID()
	if listener.LoadBalancerID == "" {
		listener.LoadBalancerID = newID()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.listeners = append(c.listeners, listener)
	return listener.ID
}

// Hangup removes the listener with that id.
func (c *Cloud) Hangup(id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.listeners = slices.DeleteFunc(c.listeners, func(l Listener) bool { return l.ID == id })
}
