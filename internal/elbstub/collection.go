package elbstub

import (
	"math/rand/v2"
	"slices"
	"strings"
	"time"
)

// A resource is a Certificate or a Listener.
type resource interface {
	id() string
	project() string
}

// A collection has the resources of one kind, oldest first, and all their earlier versions.
type collection[T resource] struct {
	options Options
	records []record[T]
	lists   uint64 // how many lists there were
}

// A record is a version of a resource. until is zero if it is the current one.
type record[T resource] struct {
	resource    T
	from, until time.Time
}

// during returns the versions that were current at any time of a period.
func (c *collection[T]) during(from, to time.Time) []T {
	all := make([]T, 0, len(c.records))
	for _, r := range c.records {
		if !r.from.After(to) && (r.until.IsZero() || r.until.After(from)) {
			all = append(all, r.resource)
		}
	}
	return all
}

// asOf returns the resources of a time.
func (c *collection[T]) asOf(at time.Time) []T { return c.during(at, at) }

// now returns the resources that there are.
func (c *collection[T]) now() []T { return c.asOf(c.options.Now()) }

// list returns what a list of a project shows, and as of when: the time of a replica, or lag ago
// if that is earlier.
func (c *collection[T]) list(projectID string, lag time.Duration) ([]T, time.Time) {
	c.lists++
	if longest := c.options.ListLag; longest > 0 {
		random := rand.New(rand.NewPCG(c.options.Seed, c.lists)) //nolint:gosec // lags are no secret
		kind, between := random.IntN(3), time.Duration(random.Int64N(int64(longest)))
		lag = max(lag, []time.Duration{0, longest, between}[kind])
	}
	at := c.options.Now().Add(-lag)
	return ofProject(c.asOf(at), projectID), at
}

// ofProject returns those resources that a project has.
func ofProject[T resource](all []T, projectID string) []T {
	return slices.DeleteFunc(all, func(r T) bool { return r.project() != projectID })
}

// find returns the resource that the path of a request names, as it was at a time. Otherwise it
// returns an error: with the code malformed if the path has no ID, with the code length if the ID
// has another length, and missing if there is no such resource.
func (c *collection[T]) find(
	r request, at time.Time, malformed, length string, missing *Refusal,
) (found T, refused *Refusal) {
	project, id := r.PathValue("project_id"), r.PathValue("id")
	found, exists := first(c.asOf(at), func(of T) bool { return of.project() == project && of.id() == id })
	switch {
	case id == "" || strings.Contains(id, "/"):
		refused = badRequest(malformed, "the URL is malformed")
	case len(id) != 32:
		refused = badRequest(length, "the id is not 32 characters long")
	case !exists:
		refused = missing
	}
	return found, refused
}

// add adds a resource.
func (c *collection[T]) add(added T) {
	c.records = append(c.records, record[T]{resource: added, from: c.options.Now()})
}

// change changes the resource with an ID, and returns it, or nil if there is none.
func (c *collection[T]) change(id string, change func(*T)) *T {
	i := c.end(id)
	if i < 0 {
		return nil
	}
	changed := record[T]{resource: c.records[i].resource, from: c.records[i].until}
	change(&changed.resource)
	c.records = slices.Insert(c.records, i+1, changed) // in the place of what it was
	return &changed.resource
}

// end ends the record of the resource with an ID, which removes it unless another one begins. It
// returns its index, or -1 if there is none.
func (c *collection[T]) end(id string) int {
	i := slices.IndexFunc(c.records, func(r record[T]) bool { return r.until.IsZero() && r.resource.id() == id })
	if i >= 0 {
		c.records[i].until = c.options.Now()
	}
	return i
}
