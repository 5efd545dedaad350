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

// An offer is a public endpoint of the service catalog.
type offer struct{ region, url string }

// everywhere reports whether an endpoint serves all regions, or does not say which
// (observed).
func (o offer) everywhere() bool { return o.region == "" || o.region == "*" }

// chooseEndpoint finds a service in the service catalog. Earlier types come first.
func (s *Session) chooseEndpoint(ctx context.Context, catalog []service, projectID string, types []string) (*url.URL, error) {
	offers := offersOf(catalog, types)
	region := s.config.Region
	regions := regionsOf(offers)
	if region == "" && len(regions) > 1 {
		name := s.projectName(ctx, projectID)
		i := slices.IndexFunc(regions, func(r string) bool { return name == r || strings.HasPrefix(name, r+"_") })
		if i < 0 {
			return nil, fmt.Errorf("it is there for several regions: %s. Set region in the provider block to one of them", strings.Join(regions, ", "))
		}
		region = regions[i]
	}
	chosen := slices.IndexFunc(offers, func(o offer) bool { return o.region == region || region == "" && !o.everywhere() })
	if chosen < 0 {
		chosen = slices.IndexFunc(offers, offer.everywhere)
	}
	switch {
	case len(offers) == 0:
		return nil, fmt.Errorf("no public endpoint of the type %s is there. Set endpoint in the provider block", strings.Join(types, " or "))
	case chosen < 0:
		return nil, fmt.Errorf("it is not there for the region %s, but for: %s. Set region in the provider block to one of them, or set endpoint",
			region, strings.Join(regions, ", "))
	}
	endpoint, err := s.baseURL(offers[chosen].url)
	if err != nil {
		return nil, fmt.Errorf("the address that is there %w. The provider does not call it. Set endpoint in the provider block", err)
	}
	return endpoint, nil
}

// offersOf returns the public endpoints of a service, by its types.
func offersOf(catalog []service, types []string) []offer {
	var offers []offer
	for _, kind := range types {
		for _, service := range catalog {
			for _, endpoint := range service.Endpoints {
				if service.Type == kind && endpoint.Interface == "public" {
					offers = append(offers, offer{endpoint.Region, endpoint.URL})
				}
			}
		}
	}
	return offers
}

func regionsOf(offers []offer) []string {
	var regions []string
	for _, o := range offers {
		if !o.everywhere() {
			regions = append(regions, o.region)
		}
	}
	slices.Sort(regions)
	return slices.Compact(regions)
}

// version is where the version of an API begins in a path; some catalogs name it and
// the project (observed).
var version = regexp.MustCompile(`/v[0-9]+(\.[0-9]+)?(/|$)`)

// baseURL reads an endpoint of the service catalog. A remote catalog must not send
// credentials to a service of this machine.
func (s *Session) baseURL(text string) (*url.URL, error) {
	if at := version.FindStringIndex(text); at != nil {
		text = text[:at[0]]
	}
	base, err := ParseBaseURL(text, s.config.Insecure)
	if err == nil && isLoopback(base) && !isLoopback(s.config.AuthURL) {
		return nil, errors.New("is on this machine, but the identity service is not")
	}
	return base, err
}

// projectName returns the name of a project, or an empty text if it cannot be found.
func (s *Session) projectName(ctx context.Context, id string) string {
	path := []string{"projects"}
	if s.config.Credentials.Kind() == KindPassword {
		path = []string{"auth", "projects"}
	}
	all, err := s.listProjects(ctx, "", path...)
	if err != nil {
		return ""
	}
	i := slices.IndexFunc(all, func(p project) bool { return p.ID == id })
	if i < 0 {
		return ""
	}
	return all[i].Name
}
