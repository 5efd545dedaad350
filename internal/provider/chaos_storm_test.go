package provider_test

import (
	"crypto/tls"
	"hash/fnv"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/elbaas/terraform-provider-elbaas/internal/elbstub"
)

// A storm gives the calls of a cloud random faults. The same seed gives the same faults: each is derived from the seed,
// the operation, and the number of its calls in the storm.
type storm struct {
	cloud *Cloud
	// hides is whether lists may leave certificates out.
	hides bool

	mu       sync.Mutex
	strength strength
	calls    map[elbstub.Operation]uint64
	lost     map[elbstub.Operation]bool // the response to the next call is lost
}

// A strength is how strong a storm is.
type strength struct {
	seed uint64
	// percent is how many calls of a hundred have a fault. 0 is no storm.
	percent int
	// mild limits faults to creates. Each of them is carried out immediately or not at all, and its response comes
	// within 4 s or not at all.
	mild bool
	// late lets some creates of a mild storm be carried out up to 8 s after an error response.
	late bool
}

// newStorm returns the storm of a cloud, which is none until it begins.
func newStorm(cloud *Cloud, hides bool) *storm {
	s := &storm{cloud: cloud, hides: hides}
	for _, operation := range []elbstub.Operation{
		elbstub.CreateCertificate, elbstub.ListCertificates, elbstub.ModifyCertificate, elbstub.DeleteCertificate,
		elbstub.ListListeners, elbstub.ShowListener, elbstub.ModifyListener, elbstub.IssueToken,
	} {
		cloud.ScriptEach(operation, func(int) elbstub.Fault { return s.fault(operation) })
	}
	return s
}

// begin replaces the storm by one of another strength.
func (s *storm) begin(with strength) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.strength, s.calls, s.lost = with, map[elbstub.Operation]uint64{}, map[elbstub.Operation]bool{}
}

// chance returns the source that chooses the fault of a call, or nil for no fault.
func (s *storm) chance(operation elbstub.Operation) *rand.Rand {
	if s.strength.percent == 0 || s.strength.mild && operation != elbstub.CreateCertificate {
		return nil
	}
	s.calls[operation]++
	hash := fnv.New64a()
	_, _ = hash.Write([]byte(operation))
	random := rand.New(rand.NewPCG(s.strength.seed^hash.Sum64(), s.calls[operation]))
	if random.IntN(100) >= s.strength.percent {
		return nil
	}
	return random
}

// fault returns the fault of a call, or nil.
func (s *storm) fault(operation elbstub.Operation) elbstub.Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.lost[operation] {
		delete(s.lost, operation)
		return elbstub.Drop()
	}
	random := s.chance(operation)
	if random == nil {
		return nil
	}
	status := []int{500, 502, 503, 504}[random.IntN(4)]
	said := `{"error":{"message":"out of order","code":"ELB.9999"}}`
	if random.IntN(2) == 0 {
		said = "<html><head><title>out of order</title></head></html>"
	}
	const rejected = "<html><head><title>Request Rejected</title></head></html>" // observed of firewalls
	// Observed: terraform-provider-huaweicloud, pull request 2314.
	const failed = `{"error_msg":"out of order","error_code":"ELB.9999"}`
	seconds := func(most int) time.Duration { return time.Duration(random.IntN(most*1000)) * time.Millisecond }
	const doubles = 2 // after the first faults, the response to the next call of the operation is lost too
	faults := []elbstub.Fault{
		elbstub.Throttle(""),
		elbstub.Reply(http.StatusServiceUnavailable, said),
		elbstub.Reply(status, said),
		elbstub.Reply(status, said),
		elbstub.ReplyAfter(status, said),
		elbstub.Reply(http.StatusOK, rejected),
		elbstub.Reply(http.StatusOK, failed),
		elbstub.Refuse(),
		elbstub.Drop(),
		elbstub.Cut(random.IntN(200)),
		elbstub.Throttle(""),
		elbstub.Throttle(strconv.Itoa(1 + random.IntN(3))),
	}
	late := 5*time.Second + seconds(3)
	view := elbstub.View{Lag: seconds(3)}
	switch {
	case s.strength.mild:
		faults = append(faults, slices.Repeat([]elbstub.Fault{elbstub.Slow(seconds(4))}, 3)...)
		faults = append(faults, elbstub.Drop())
		if s.strength.late {
			lates := []elbstub.Fault{elbstub.Late(status, late), elbstub.DropLate(late)}
			faults = append(faults, slices.Repeat(lates, 8)...)
		}
	case operation == elbstub.ListCertificates:
		if random.IntN(2) == 0 && s.hides {
			view = elbstub.View{Hidden: 1 + random.IntN(3)}
		}
		fallthrough
	case operation == elbstub.ListListeners, operation == elbstub.ShowListener:
		faults = append(faults, slices.Repeat([]elbstub.Fault{elbstub.See(view)}, 3)...)
	case operation == elbstub.ModifyListener:
		faults = append(faults, slices.Repeat([]elbstub.Fault{elbstub.Accept(seconds(3))}, 4)...)
		faults = append(faults, elbstub.Drop(), elbstub.ReplyAfter(status, said))
	case operation == elbstub.CreateCertificate:
		faults = append(faults, elbstub.Late(http.StatusGatewayTimeout, seconds(3)), elbstub.Drop(),
			elbstub.ReplyAfter(status, said))
	}
	if !s.strength.mild {
		faults = append(faults, elbstub.Slow(seconds(20)))
	}
	chosen := random.IntN(len(faults))
	s.lost[operation] = chosen < doubles
	if s.strength.mild || random.IntN(10) > 0 {
		return faults[chosen]
	}
	return func(next elbstub.Next) elbstub.Response { // tokens expire as well
		s.cloud.Expire()
		return faults[chosen](next)
	}
}

// breaks reports whether a new connection closes before the TLS handshake.
func (s *storm) breaks() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.chance("connect") != nil
}

// TestStormOfListeners: what a storm may do to the calls of listeners.
func TestStormOfListeners(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud, _ := NewCloudInMemory(t, func(o *elbstub.Options) { o.Dialect = elbstub.Dialect{} })
		id := cloud.AddListener(elbstub.Listener{ProjectID: ProjectID})
		certificate := cloud.Add(elbstub.Certificate{ProjectID: ProjectID})
		newStorm(cloud, true).begin(strength{seed: 1, percent: 100})
		listeners := cloud.Endpoint + "/v1.0/" + ProjectID + "/elbaas/listeners"
		for _, row := range []struct{ method, url string }{
			{http.MethodPut, listeners + "/" + id}, {http.MethodGet, listeners + "/" + id}, {http.MethodGet, listeners},
		} {
			statuses := map[int]bool{} // 0 is no response
			for range 100 {
				body := strings.NewReader(`{"certificate_id":"` + certificate + `"}`)
				request := httptest.NewRequestWithContext(t.Context(), row.method, row.url, body)
				request.Header.Set("X-Auth-Token", Token)
				recorder := httptest.NewRecorder()
				func() {
					defer func() {
						if recover() != nil {
							recorder.Code = 0
						}
					}()
					cloud.ServeHTTP(recorder, request)
				}()
				statuses[recorder.Code] = true
			}
			hasAccepted := statuses[http.StatusAccepted]
			if !statuses[0] || !statuses[200] || !statuses[429] || !statuses[503] ||
				hasAccepted != (row.method == http.MethodPut) {
				t.Errorf("%s %s had the statuses %v", row.method, row.url, statuses)
			}
		}
	})
}

// TestStormOfConnections: in a storm, new connections close, and nothing is carried out.
func TestStormOfConnections(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud, network := NewCloudInMemory(t)
		p := &process{network: network, storm: newStorm(cloud, true)}
		client := http.Client{Transport: &http.Transport{
			DialContext:     p.dial,
			TLSClientConfig: &tls.Config{InsecureSkipVerify: true},
		}}
		defer client.CloseIdleConnections()
		for _, percent := range []int{100, 0} {
			p.storm.begin(strength{percent: percent})
			request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, cloud.AuthURL, nil)
			if err != nil {
				t.Fatal(err)
			}
			response, err := client.Do(request)
			if err == nil {
				_ = response.Body.Close()
			}
			isStormy := percent > 0
			if calls := len(cloud.Journal()); (err != nil) != isStormy || (calls == 0) != isStormy {
				t.Errorf("in a storm: %t, error %v, %d calls", isStormy, err, calls)
			}
		}
	})
}

// broken is a connection whose server has closed it.
func broken() net.Conn {
	client, server := net.Pipe()
	_ = server.Close()
	return client
}
