package auth

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// isGlobal reports whether an endpoint serves all regions, or has no region (observed).
func isGlobal(e endpoint) bool { return e.Region == "" || e.Region == "*" }

// chooseEndpoint finds a service in the service catalog. Earlier types take precedence.
func (s *Session) chooseEndpoint(
	ctx context.Context, catalog []service, projectID string, types []string,
) (*url.URL, error) {
	var offers []endpoint // the public ones in the order of the types, regional ones before global ones
	var regions []string
	for _, kind := range types {
		var global []endpoint
		for _, service := range catalog {
			for _, e := range service.Endpoints {
				switch {
				case service.Type != kind || e.Interface != "public":
				case isGlobal(e):
					global = append(global, e)
				default:
					offers, regions = append(offers, e), append(regions, e.Region)
				}
			}
		}
		offers = append(offers, global...)
	}
	slices.Sort(regions)
	regions = slices.Compact(regions)
	region := s.config.Signer.Region
	if region == "" && len(regions) > 1 {
		name := s.projectName(ctx, projectID)
		i := slices.IndexFunc(regions, func(r string) bool { return name == r || strings.HasPrefix(name, r+"_") })
		if i < 0 {
			return nil, fmt.Errorf("the catalog has endpoints for several regions: %s. Set region in the provider "+
				"block to one of them", shown(regions))
		}
		region = regions[i]
	}
	i := slices.IndexFunc(offers, func(e endpoint) bool {
		return isGlobal(e) || region == "" || e.Region == region
	})
	if i >= 0 {
		chosen, err := s.baseURL(offers[i].URL)
		if err != nil {
			return nil, fmt.Errorf("the catalog has an %w. The provider does not call it. Set endpoint in "+
				"the provider block", err)
		}
		return chosen, nil
	}
	if len(offers) == 0 {
		return nil, fmt.Errorf("the catalog has no public endpoint of the type %s. Set endpoint in the "+
			"provider block", strings.Join(types, " or "))
	}
	return nil, fmt.Errorf("the catalog has no endpoint for the region %s, only for: %s. Set region in the "+
		"provider block to one of them, or set endpoint", region, shown(regions))
}

// version matches the version of an API in a path. Endpoints in some catalogs have one, followed by
// the project (observed).
var version = regexp.MustCompile(`/v[0-9]+(\.[0-9]+)?(/|$)`)

// baseURL parses an endpoint of the service catalog. A remote catalog must not make the provider
// send credentials to a service of this machine.
func (s *Session) baseURL(text string) (*url.URL, error) {
	if at := version.FindStringIndex(text); at != nil {
		text = text[:at[0]]
	}
	base, err := ParseBaseURL(text, s.config.Insecure)
	if err == nil && mayBeLocal(base) && !isLoopback(s.config.AuthURL) {
		return nil, errors.New("invalid URL: it is on this machine, but the identity service is not")
	}
	return base, err
}

// projectName returns the name of a project, or an empty string if it cannot be found.
func (s *Session) projectName(ctx context.Context, id string) string {
	all, _ := s.listProjects(ctx, "")
	for _, p := range all {
		if p.ID == id {
			return p.Name
		}
	}
	return ""
}
