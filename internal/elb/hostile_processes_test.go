package elb_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/elbaas/terraform-provider-elbaas/internal/elb"
	"github.com/elbaas/terraform-provider-elbaas/internal/elbstub"
)

// TestFreeLockOfAnEndedContext: a call whose context has ended before it begins does not claim that it waited for
// another one.
func TestFreeLockOfAnEndedContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newListenerFixture(t, elbstub.Options{}, 0)
		create := newCertificate(t)
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		for range 20 {
			_, ofSwitch := b.client.SwitchListener(ended, project, b.listener, b.next)
			_, ofCreation := b.client.CreateCertificate(ended, project, create)
			for _, err := range []error{ofSwitch, ofCreation} {
				if !errors.Is(err, context.Canceled) || strings.Contains(err.Error(), "wait for another") {
					t.Fatalf("there is no other call, and it says %v", err)
				}
			}
		}
	})
}

// TestReplicasThatDisagree: a gateway has sent a request to two backends and lost both responses, and each replica of
// the lists shows only the certificate of one backend, forever. The search ends nevertheless, and its error names both.
func TestReplicasThatDisagree(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud, client := cloudInBubble(t, elbstub.Options{}, 5)
		cloud.Script(elbstub.CreateCertificate, 1, func(next elbstub.Next) elbstub.Response {
			next()
			return elbstub.Drop()(next)
		})
		cloud.ScriptEach(elbstub.ListCertificates, func(nth int) elbstub.Fault {
			return func(next elbstub.Next) elbstub.Response {
				response := next()
				var list struct {
					Certificates []json.RawMessage `json:"certificates"`
					Total        string            `json:"instance_num"`
				}
				if json.Unmarshal(response.Body, &list) == nil && len(list.Certificates) == 2 {
					list.Certificates, list.Total = list.Certificates[nth%2:][:1], "1"
					response.Body, _ = json.Marshal(list)
				}
				return response
			}
		})
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
		defer cancel()
		started := time.Now()
		_, err := client.CreateCertificate(ctx, project, newCertificate(t))
		uncertain, isUncertain := errors.AsType[*elb.UncertainError](err)
		if !isUncertain || len(uncertain.Candidates) != 2 || uncertain.SearchErr != nil {
			t.Errorf("error %v", err)
		}
		if took := time.Since(started); took > 15*time.Second {
			t.Errorf("the search took %s", took)
		}
	})
}
