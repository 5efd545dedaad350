package elb

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

// A Listener of a load balancer, as far as it explains a refused delete.
type Listener struct {
	ID             string `json:"id"`
	Name           string `json:"name"`
	LoadBalancerID string `json:"loadbalancer_id"`
}

// ListenersOf returns the listeners of a project that hold a certificate, as
// their own or as a further one for SNI.
func (c *Client) ListenersOf(ctx context.Context, projectID, certificateID string) ([]Listener, error) {
	response, err := c.send(ctx, http.MethodGet, projectID, nil, "listeners")
	if err != nil {
		return nil, fmt.Errorf("list listeners of project %s: %w", projectID, err)
	}
	defer func() { _ = response.Body.Close() }()

	var all []struct { // a bare array (reference)
		Listener
		CertificateID json.RawMessage `json:"certificate_id"`
		// Documented as a string, seen as a list too: an id is unmistakable in
		// either.
		Certificates json.RawMessage `json:"certificates"`
	}
	if err := json.NewDecoder(response.Body).Decode(&all); err != nil {
		return nil, fmt.Errorf("list listeners of project %s: %w", projectID, unreadable(response, err))
	}
	var holders []Listener
	for _, listener := range all {
		if strings.Contains(string(listener.CertificateID), certificateID) || strings.Contains(string(listener.Certificates), certificateID) {
			holders = append(holders, listener.Listener)
		}
	}
	return holders, nil
}
