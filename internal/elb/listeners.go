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
	var all []struct { // a bare array (reference)
		Listener
		CertificateID json.RawMessage `json:"certificate_id"`
		// Documented as a string, seen as a list too: an ID is unmistakable in either.
		Certificates json.RawMessage `json:"certificates"`
	}
	get := request{method: http.MethodGet, path: []string{"listeners"}}
	err := c.do(ctx, projectID, get, func(response *http.Response) error {
		return json.NewDecoder(response.Body).Decode(&all)
	})
	if err != nil {
		return nil, fmt.Errorf("list listeners of project %s: %w", projectID, err)
	}
	var holders []Listener
	for _, l := range all {
		if strings.Contains(string(l.CertificateID), certificateID) || strings.Contains(string(l.Certificates), certificateID) {
			holders = append(holders, l.Listener)
		}
	}
	return holders, nil
}
