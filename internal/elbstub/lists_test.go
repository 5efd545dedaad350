package elbstub_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/elbaas/terraform-provider-elbaas/internal/elbstub"
)

func asJSON(value any) string {
	text, _ := json.Marshal(value)
	return string(text)
}

// TestEmptyLists: what is listed when there is nothing.
func TestEmptyLists(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		dialect                 elbstub.Dialect
		certificates, listeners string
	}{
		"[] (assumed)": {elbstub.Dialect{}, `{"certificates":[],"instance_num":"0"}`, `[]`},
		"{} with instance_num (observed of load balancers, assumed)": {
			elbstub.Dialect{EmptyObject: true}, `{"certificates":{},"instance_num":"0"}`, `{}`,
		},
		"{} with a number (assumed)": {
			elbstub.Dialect{EmptyObject: true, Count: elbstub.CountNumber},
			`{"certificates":{},"instance_num":0}`, `{}`,
		},
		"{} without instance_num (assumed)": {
			elbstub.Dialect{EmptyObject: true, Count: elbstub.CountAbsent}, `{"certificates":{}}`, `{}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRaw(t, func(o *elbstub.Options) { o.Dialect = row.dialect })
			if got := r.call(http.MethodGet, certificates, "").body; got != row.certificates {
				t.Errorf("certificates: %s, want %s", got, row.certificates)
			}
			if got := r.call(http.MethodGet, listeners, "").body; got != row.listeners {
				t.Errorf("listeners: %s, want %s", got, row.listeners)
			}

			r.create(newPair(), nil)
			r.cloud.AddListener(elbstub.Listener{ProjectID: project})
			if got := r.call(http.MethodGet, certificates, "").body; !strings.HasPrefix(got, `{"certificates":[{`) {
				t.Errorf("a list of one: %s", got)
			}
			if got := len(r.listeners(listeners)); got != 1 {
				t.Errorf("%d listeners, want 1", got)
			}
		})
	}
}

// names are the names of the listed certificates, in the order of the list.
func (r *raw) names() []string {
	r.t.Helper()
	names := []string{}
	for _, cert := range r.call(http.MethodGet, certificates, "").fields(r.t)["certificates"].([]any) {
		names = append(names, cert.(map[string]any)["name"].(string))
	}
	return names
}

// TestOrder: lists have an order, also of what is seen late, and the stub itself
// shows the oldest first whatever it is.
func TestOrder(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		dialect elbstub.Dialect
		want    []string
	}{
		"newest first (recorded)": {elbstub.Dialect{}, []string{"c", "b", "a"}},
		"oldest first (assumed)":  {elbstub.Dialect{OldestFirst: true}, []string{"a", "b", "c"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			now := time.Date(2016, 6, 27, 8, 14, 42, 0, time.UTC)
			r := newRaw(t, func(o *elbstub.Options) {
				o.Dialect, o.Now = row.dialect, func() time.Time { return now }
			})
			pair, ids := newPair(), map[string]string{}
			for _, name := range []string{"a", "b", "c"} {
				ids[name] = r.create(pair, map[string]any{"name": name})
				r.cloud.AddListener(elbstub.Listener{ProjectID: project, Name: name})
			}
			same(t, "the list", r.names(), row.want)
			for i, listener := range r.listeners(listeners) {
				if listener["name"] != row.want[i] {
					t.Errorf("listener %d is %v, want %s", i, listener["name"], row.want[i])
				}
			}

			lagging := slices.DeleteFunc(slices.Clone(row.want), func(name string) bool { return name == "a" })
			r.cloud.Script(elbstub.ListCertificates, 1, elbstub.See(elbstub.View{Hidden: 1}))
			same(t, "a list that hides the oldest", r.names(), lagging)
			r.cloud.Script(elbstub.ListCertificates, 1, elbstub.See(elbstub.View{Hidden: 4}))
			same(t, "a list that hides more than there are", r.names(), []string{})
			var kept string
			for _, cert := range r.cloud.Certificates(project) {
				kept += cert.Name
			}
			if kept != "abc" {
				t.Errorf("the cloud itself shows %s, want the oldest first", kept)
			}
			now = now.Add(time.Minute)
			r.cloud.Remove(ids["b"])
			r.cloud.Change(ids["a"], func(cert *elbstub.Certificate) { cert.Description = "changed" })
			r.cloud.Script(elbstub.ListCertificates, 1, elbstub.See(elbstub.View{Lag: time.Second}))
			same(t, "a list that lags", r.names(), row.want)
		})
	}
}

// TestUnsetDomain: a domain that is not set, in each response.
func TestUnsetDomain(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		unset          elbstub.UnsetForm
		create, others string // JSON, or empty where it is absent
	}{
		"null on list and modify (seed, recorded)": {elbstub.UnsetDocumented, "", "null"},
		"null (assumed)":               {elbstub.UnsetNull, "null", "null"},
		"empty (assumed)":              {elbstub.UnsetEmpty, `""`, `""`},
		"absent, as others":            {elbstub.UnsetAbsent, "", ""},
		"absent everywhere (recorded)": {elbstub.UnsetDomainNowhere, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRaw(t, func(o *elbstub.Options) { o.Dialect.Unset = row.unset })
			created := r.call(http.MethodPost, certificates, creation(newPair(), nil)).fields(t)
			path := fmt.Sprint(certificates, "/", created["id"])
			modified := r.call(http.MethodPut, path, `{"name":""}`).fields(t)
			listed := r.call(http.MethodGet, certificates, "").fields(t)["certificates"].([]any)[0].(map[string]any)
			for what, response := range map[string]map[string]any{
				"create": created,
				"modify": modified,
				"list":   listed,
			} {
				var got string
				if domain, has := response["domain"]; has {
					got = asJSON(domain)
				}
				want := row.others
				if what == "create" {
					want = row.create
				}
				if got != want {
					t.Errorf("%s: the domain is %q, want %q", what, got, want)
				}
				if name, has := response["name"]; has == (row.unset == elbstub.UnsetAbsent) {
					t.Errorf("%s: the name is %v, there: %t", what, name, has)
				}
			}
		})
	}
}

// TestHiddenCertificates: a list may not show the texts of certificates; other
// responses do.
func TestHiddenCertificates(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		listed elbstub.TextForm
		want   any
		has    bool
	}{
		"masked (assumed)":   {elbstub.TextMasked, "******", true},
		"left out (assumed)": {elbstub.TextLeftOut, nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRaw(t, func(o *elbstub.Options) { o.Dialect.Listed = row.listed })
			pair := newPair()
			id := r.create(pair, nil)
			listed := r.call(http.MethodGet, certificates, "").fields(t)["certificates"].([]any)[0].(map[string]any)
			if text, has := listed["certificate"]; text != row.want || has != row.has {
				t.Errorf("the list shows %v, %t", text, has)
			}
			if listed["id"] != id || listed["update_time"] == nil {
				t.Errorf("more is missing in the list: %v", listed)
			}
			modified := r.call(http.MethodPut, certificates+"/"+id, `{}`).fields(t)
			if modified["certificate"] != strings.TrimSpace(pair.Certificate) {
				t.Errorf("a modify shows %v", modified["certificate"])
			}
		})
	}
}

// TestListLag: lists come from replicas that lag, whatever the client, and the same seed has
// the same lags.
func TestListLag(t *testing.T) {
	t.Parallel()
	const lag = 5 * time.Second
	pair := newPair()
	// history lists each second, for a minute, what was created each second.
	history := func(seed uint64) []int {
		now := time.Date(2016, 6, 27, 8, 14, 42, 0, time.UTC)
		r := newRaw(t, func(o *elbstub.Options) {
			o.ListLag, o.Seed, o.Now = lag, seed, func() time.Time { return now }
		})
		var missing []int
		for second := range 60 {
			r.cloud.Add(elbstub.Certificate{
				ProjectID:   project,
				Name:        strconv.Itoa(second),
				Certificate: pair.Certificate,
			})
			missing = append(missing, second+1-len(r.names()))
			now = now.Add(time.Second)
		}
		now = now.Add(lag)
		for range 10 {
			if n := len(r.names()); n != 60 {
				t.Errorf("after the lag, a list has %d certificates, want 60", n)
			}
		}
		return missing
	}

	first := history(1)
	if same := history(1); !slices.Equal(first, same) {
		t.Errorf("the same seed has other lags:\n%v\n%v", first, same)
	}
	if other := history(2); slices.Equal(first, other) {
		t.Error("another seed has the same lags")
	}
	// Of what is created each second, a list that lags by 5 s does not have the last five.
	if least, most := slices.Min(first), slices.Max(first); least != 0 || most != 5 {
		t.Errorf("between %d and %d certificates are missing, want 0 to 5: %v", least, most, first)
	}
	// A list that is older than the one a second before misses two more at least.
	flips := 0
	for second := range 59 {
		if first[second+1] > first[second]+1 {
			flips++
		}
	}
	if flips == 0 {
		t.Errorf("no list is older than the one before it: %v", first)
	}
}

// TestListsShowWhatWas: a list that lags shows a certificate as it was before a change
// and before its deletion.
func TestListsShowWhatWas(t *testing.T) {
	t.Parallel()
	now := time.Date(2016, 6, 27, 8, 14, 42, 0, time.UTC)
	r := newRaw(t, func(o *elbstub.Options) {
		o.ListLag, o.Now = time.Minute, func() time.Time { return now }
	})
	pair := newPair()
	id := r.create(pair, map[string]any{"name": "old"})
	r.create(pair, map[string]any{"name": "other"})
	seen := func() string {
		all := map[string]bool{}
		for range 50 {
			all[strings.Join(r.names(), " ")] = true
		}
		return asJSON(all)
	}
	now = now.Add(time.Hour)
	if got := seen(); got != `{"other old":true}` {
		t.Errorf("before the changes: %s", got)
	}
	r.call(http.MethodPut, certificates+"/"+id, `{"name":"new"}`)
	if got := seen(); got != `{"other new":true,"other old":true}` {
		t.Errorf("after the rename: %s", got)
	}
	r.call(http.MethodDelete, certificates+"/"+id, "")
	if got := seen(); got != `{"other":true,"other old":true}` {
		t.Errorf("after the deletion: %s", got)
	}
}

// TestLongListLag: a list may show what was there until its lag ago, whatever has changed since.
func TestLongListLag(t *testing.T) {
	t.Parallel()
	now := time.Date(2016, 6, 27, 8, 14, 42, 0, time.UTC)
	r := newRaw(t, func(o *elbstub.Options) {
		o.ListLag, o.Now = time.Minute, func() time.Time { return now }
	})
	for _, name := range []string{"first", "second", "third"} {
		now = now.Add(20 * time.Second)
		r.cloud.Add(elbstub.Certificate{ProjectID: project, Name: name})
	}
	now = now.Add(15 * time.Second)
	seen := map[int]bool{}
	for range 100 {
		seen[len(r.names())] = true
	}
	if len(seen) != 4 {
		t.Errorf("lists have had so many certificates: %v", seen)
	}
}
