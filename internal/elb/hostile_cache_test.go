package elb

import (
	"context"
	"errors"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/elbaas/terraform-provider-elbaas/internal/httpapi"
	"github.com/elbaas/terraform-provider-elbaas/internal/throwaway"
)

// TestPollWhoseTimeEndsWithAnOlderList: a list that started before the call proves nothing, even if the context of the
// call ends at the same moment as that list.
func TestPollWhoseTimeEndsWithAnOlderList(t *testing.T) {
	t.Parallel()
	old := 0
	for range 200 {
		synctest.Test(t, func(t *testing.T) {
			list := func(ctx context.Context) (listing[Certificate], error) {
				return listingOf(true), httpapi.Pause(ctx, 2*time.Second)
			}
			c := newCache("certificate", ErrCertificateNotFound, "p", list)
			go func() { _, _ = lookUp(t.Context(), c, "other") }()
			time.Sleep(1500 * time.Millisecond)
			ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
			defer cancel()
			err := c.proveAbsence(ctx, "deleted", NoWrite, errors.New("404"))
			if errors.Is(err, ErrCertificateNotFound) {
				old++
			}
			time.Sleep(time.Hour)
		})
	}
	if old > 0 {
		t.Errorf("%d of 200 times, a list from before the call has proved that a certificate is gone", old)
	}
}

// TestLeavesOfManySearches: after the responses of hundreds of Create calls were lost, each call searches lists with
// hundreds of new certificates. The PEM of each certificate is parsed once for all of them, not once for each.
func TestLeavesOfManySearches(t *testing.T) { //nolint:paralleltest // it counts allocations
	const size = 100
	list := &listCall[Certificate]{listing: listingOf(true)}
	for n := range size {
		id := strconv.Itoa(n)
		list.elements[id] = Certificate{ID: id, Certificate: throwaway.NewChain().PEM()}
	}
	project := New(Config{}).project("p")
	ours := NewCertificate{Certificate: list.elements["7"].Certificate}
	x := &createCall{project: project, create: ours, leaf: string(dersOf(ours.Certificate)[0])}
	search := func() {
		if found := x.candidates(list); len(found) != 1 || found[0].ID != "7" {
			t.Errorf("the candidates are %v, want 7", found)
		}
	}
	search()
	if each := testing.AllocsPerRun(5, search) / size; each > 5 {
		t.Errorf("a further search allocates %.0f times for each certificate", each)
	}
}
