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

// A collection has the resources of one kind, oldest first, and remembers what it had.
type collection[T resource] struct {
	options  Options
	versions []version[T] // at least one
	lists    uint64       // how many lists there were
}

// A version is what a collection has from a time on, until the next version. It never changes.
type version[T resource] struct {
	from time.Time
	all  []T
}

// longestLag is the minimum time for which versions are kept.
const longestLag = 10 * time.Second

func newCollection[T resource](options Options) collection[T] {
	return collection[T]{options: options, versions: make([]version[T], 1)}
}

// now returns all resources, which the caller must not change.
func (c *collection[T]) now() []T { return c.versions[len(c.versions)-1].all }

// asOf returns all resources of a time, which the caller must not change.
func (c *collection[T]) asOf(at time.Time) []T {
	i := len(c.versions) - 1
	for i > 0 && c.versions[i].from.After(at) {
		i--
	}
	return c.versions[i].all
}

// since returns the resources of all versions that have ended after a time, and of the last.
func (c *collection[T]) since(at time.Time) []T {
	all := slices.Clone(c.now())
	for i, next := range c.versions[1:] {
		if next.from.After(at) {
			all = append(all, c.versions[i].all...)
		}
	}
	return all
}

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
	return slices.DeleteFunc(slices.Clone(all), func(r T) bool { return r.project() != projectID })
}

// find returns the resource that the path of a request names, as it was at a time. Otherwise it
// returns an error: with the code malformed if the path has no ID, with the code length if the ID
// has another length, and that of missing if there is no such resource.
func (c *collection[T]) find(
	r request, at time.Time, malformed, length string, missing func() *Refusal,
) (found T, refused *Refusal) {
	project, id := r.PathValue("project_id"), r.PathValue("id")
	found, exists := first(c.asOf(at), func(of T) bool { return of.project() == project && of.id() == id })
	switch {
	case id == "" || strings.Contains(id, "/"):
		refused = badRequest(malformed, "the URL is malformed")
	case len(id) != 32:
		refused = badRequest(length, "the id is not 32 characters long")
	case !exists:
		refused = missing()
	}
	return found, refused
}

// change changes the resource with an ID, and returns it, or nil if there is none.
func (c *collection[T]) change(id string, change func(*T)) *T {
	all := slices.Clone(c.now())
	i := slices.IndexFunc(all, func(r T) bool { return r.id() == id })
	if i < 0 {
		return nil
	}
	change(&all[i])
	c.replace(all)
	return &all[i]
}

// remove removes the resource with an ID. It reports whether that existed.
func (c *collection[T]) remove(id string) bool {
	kept := slices.DeleteFunc(slices.Clone(c.now()), func(r T) bool { return r.id() == id })
	existed := len(kept) < len(c.now())
	c.replace(kept)
	return existed
}

// add adds a resource. Versions may share its array, because each has a length of its own.
func (c *collection[T]) add(added T) { c.replace(append(c.now(), added)) }

// replace adds a version, and forgets those that ended long ago.
func (c *collection[T]) replace(all []T) {
	now, longest := c.options.Now(), max(longestLag, c.options.ListLag, c.options.HoldLag)
	c.versions = append(c.versions, version[T]{now, all})
	for now.Sub(c.versions[1].from) > longest {
		c.versions = c.versions[1:]
	}
}
