package provider_test

import (
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/elbaas/terraform-provider-elbaas/internal/acctest"
	"github.com/elbaas/terraform-provider-elbaas/internal/elbstub"
	"github.com/elbaas/terraform-provider-elbaas/internal/provider"
)

// TestCreationWarnings has the diagnostics for lost responses and for certificates that existed
// before. Package elb tests the cases; here is one for each text.
func TestCreationWarnings(t *testing.T) {
	t.Parallel()
	const list, post = elbstub.ListCertificates, elbstub.CreateCertificate
	outOfOrder := elbstub.Reply(500, `{"error":{"message":"out of order","code":"authFault"}}`)
	for name, row := range map[string]struct {
		posts    map[int]elbstub.Fault
		lists    []elbstub.Fault // the first is before the POST
		stranger int             // how many identical ones others add, before or with the first POST
		during   bool
		created  bool
		want     []string
		ids      bool // it names all certificates except the one in the state
	}{
		"there was one before": {
			stranger: 1, created: true, ids: true,
			want: []string{
				"An identical certificate already exists",
				"with the name, description and domain that the configuration sets",
				"or this or another configuration may manage it",
				"or import it:\n  terraform import ADDRESS " + ProjectID + "/",
			},
		},
		"found": {
			posts: map[int]elbstub.Fault{1: elbstub.Drop()}, created: true,
			want: []string{"was adopted after the response to its creation was lost", "It is now in the state"},
		},
		"duplicate": {
			posts: map[int]elbstub.Fault{1: elbstub.Late(504, 8*time.Second)}, created: true, ids: true,
			want: []string{
				"was sent 2 times", "may exist", "which is new and has the same leaf, as far as the API shows it:",
				"delete it if not",
			},
		},
		"possible duplicate": {
			posts: map[int]elbstub.Fault{1: elbstub.Refuse()}, created: true,
			lists: append(make([]elbstub.Fault, 7), outOfOrder, outOfOrder, outOfOrder, outOfOrder, outOfOrder,
				outOfOrder, outOfOrder, outOfOrder),
			want: []string{
				"was sent 2 times", "may exist", "out of order (HTTP 500",
				"Check the project in a few minutes",
			},
		},
		"two that may be it": {
			posts: map[int]elbstub.Fault{1: elbstub.Drop()}, stranger: 1, during: true, ids: true,
			want: []string{
				"Unable to create certificate", `A certificate named "www" may exist in project `,
				"If one of them is yours, first delete it, or import it:\n  terraform import ADDRESS ",
			},
		},
		"not to be searched for": {
			posts: map[int]elbstub.Fault{1: elbstub.Drop()}, lists: []elbstub.Fault{
				nil, outOfOrder, outOfOrder,
				outOfOrder, outOfOrder, outOfOrder, outOfOrder,
			},
			want: []string{
				"may exist", "could not be searched for", "out of order (HTTP 500",
				"Check the project before you apply again",
			},
		},
		"not there": {
			posts: map[int]elbstub.Fault{1: elbstub.Refuse(), 2: elbstub.Refuse(), 3: elbstub.Refuse()},
			want: []string{
				`A certificate named "www" may exist in project `,
				"the list of the project does not show it", "a warning then names",
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				cloud, network := NewCloudInMemory(t)
				config := cloud.Configuration()
				config["insecure"], config["max_retries"] = true, 2
				server := acctest.NewServer(t, provider.New("test", network.DialContext)(), config)
				pair := NewPair()
				equal := elbstub.Certificate{ProjectID: ProjectID, Name: "www", Certificate: pair.Certificate}
				plan, diagnostics := server.Plan(nil,
					acctest.Values{"name": "www", "certificate": pair.Certificate, "private_key": pair.PrivateKey})
				if len(diagnostics) > 0 {
					t.Fatal(diagnostics[0])
				}
				addStrangers := func() {
					for range row.stranger {
						cloud.Add(equal)
					}
				}
				if !row.during {
					addStrangers()
				}
				for n, fault := range row.posts {
					cloud.Script(post, n, func(next elbstub.Next) elbstub.Response {
						if row.during {
							addStrangers()
						}
						return fault(next)
					})
				}
				for i, fault := range row.lists {
					if fault != nil {
						cloud.Script(list, i+1, fault)
					}
				}
				state, diagnostics := server.Apply(plan)
				var said string
				for _, d := range diagnostics {
					said += d.Summary + "\n" + d.Detail + "\n"
					if row.created && !anID.MatchString(d.Summary) {
						t.Errorf("Terraform would show one alone of many: %s", d.Summary)
					}
				}
				if (state != nil) != row.created || diagnostics.HasError() == row.created {
					t.Fatalf("created %t: %s", state != nil, said)
				}
				for _, part := range row.want {
					if !strings.Contains(said, part) {
						t.Errorf("it does not say %q:\n%s", part, said)
					}
				}
				for _, cert := range cloud.Certificates(ProjectID) {
					if managed := state != nil && state.Values["id"] == cert.ID; row.ids && !managed &&
						!strings.Contains(said, cert.ID) {
						t.Errorf("it does not name %s:\n%s", cert.ID, said)
					}
				}
			})
		})
	}
}

// anID matches the ID of a certificate in a text.
var anID = regexp.MustCompile(`\b[0-9a-f]{32}\b`)
