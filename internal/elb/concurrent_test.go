package elb_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/elbaas/terraform-provider-elbaas/internal/elb"
	"github.com/elbaas/terraform-provider-elbaas/internal/elbstub"
)

// TestConcurrentUse runs readers, writers, cancellations and failures in parallel, for the race
// detector. Each writer reads back what it wrote.
func TestConcurrentUse(t *testing.T) {
	t.Parallel()
	cloud, client := newCloud(t)
	for i := range 30 {
		cloud.Script(elbstub.ListCertificates, 3*i+2, elbstub.Drop())
	}
	var ids sync.Map
	const writers, readers, rounds = 8, 16, 12
	var all sync.WaitGroup
	for w := range writers {
		all.Go(func() {
			create := newCertificate(t)
			name := fmt.Sprintf("w%d", w)
			create.Name = &name
			cert, err := client.CreateCertificate(t.Context(), project, create)
			if cert.ID == "" {
				t.Errorf("create: %v", err)
				return
			}
			ids.Store(cert.ID, true)
			for round := range rounds {
				want := fmt.Sprintf("w%d-%d", w, round)
				_, err := client.UpdateCertificate(t.Context(), project, cert.Certificate, elb.NoWrite, named(want))
				if err != nil {
					t.Errorf("update: %v", err)
				}
				if got, err := get(t.Context(), client, project, cert.ID); err != nil || got.Name != want {
					t.Errorf("read %q, %v after it was named %q", got.Name, err, want)
				}
			}
			ids.Delete(cert.ID)
			if err := deleteWithin(t, client, cert.ID, time.Minute); err != nil {
				t.Errorf("delete: %v", err)
			}
			_, err = get(t.Context(), client, project, cert.ID)
			if !errors.Is(err, elb.ErrCertificateNotFound) {
				t.Errorf("read after the delete: %v", err)
			}
		})
	}
	for range readers {
		all.Go(func() {
			for range 10 * rounds {
				ids.Range(func(id, _ any) bool {
					ctx, cancel := context.WithTimeout(t.Context(), rand.N(5*time.Millisecond))
					defer cancel()
					_, err := get(ctx, client, project, id.(string))
					if _, there := ids.Load(id); there && errors.Is(err, elb.ErrCertificateNotFound) {
						t.Errorf("%s is said to be gone: %v", id, err)
					}
					return true
				})
			}
		})
	}
	all.Wait()
	if changes := len(cloud.Journal(elbstub.ModifyCertificate)); changes != writers*rounds {
		t.Errorf("%d changes, want %d", changes, writers*rounds)
	}
}
