package provider_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/elbaas/terraform-provider-elbaas/internal/acctest"
	"github.com/elbaas/terraform-provider-elbaas/internal/elbstub"
	"github.com/elbaas/terraform-provider-elbaas/internal/provider"
)

// newCaselessCloud returns a cloud that ignores the case of project IDs.
func newCaselessCloud(t *testing.T) *Cloud {
	t.Helper()
	cloud := NewCloud(t)
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.URL.Path = strings.ReplaceAll(r.URL.Path, strings.ToUpper(ProjectID), ProjectID)
		cloud.ServeHTTP(w, r)
	}))
	t.Cleanup(front.Close)
	_, path, _ := strings.Cut(strings.TrimPrefix(cloud.Endpoint, "http://"), "/")
	return &Cloud{Cloud: cloud.Cloud, Endpoint: front.URL + "/" + path}
}

// TestProjectInEitherCase: a project is the same in whatever case its ID is written, in the
// provider block and in resources. One list serves all resources, and they see each other's writes.
func TestProjectInEitherCase(t *testing.T) {
	t.Parallel()
	capitals := strings.ToUpper(ProjectID)
	for name, ofProvider := range map[string]string{
		"the provider's in small letters": ProjectID, "the provider's in capitals": capitals,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cloud := newCaselessCloud(t)
			settings := cloud.Configuration()
			settings["project_id"] = ofProvider
			start := func() *acctest.Server { return acctest.NewServer(t, provider.New("test", nil)(), settings) }
			var states []*acctest.State
			count, server := countCalls(cloud), start()
			for _, own := range []string{"", ProjectID, capitals} {
				config := configOf(NewPair(), "www")
				if own != "" {
					config["project_id"] = own
				}
				states = append(states, mustApply(t, server, nil, config))
			}
			if posts, _, _, lists := count(); posts != 3 || lists != 1 {
				t.Errorf("%d POSTs and %d lists, want three POSTs and one list", posts, lists)
			}

			count, server = countCalls(cloud), start()
			for _, state := range states {
				if read, diagnostics := server.Read(state.WithPrivate(t, nil)); read == nil || len(diagnostics) > 0 {
					t.Errorf("read: %v, %v", read, diagnostics)
				}
			}
			for _, own := range []string{ProjectID, capitals} {
				found, diagnostics := server.ReadDataSource("elbaas_certificates", acctest.Values{"project_id": own})
				if len(diagnostics) > 0 || len(found["certificates"].([]acctest.Values)) != 3 {
					t.Errorf("the data source found %v; %v", found, diagnostics)
				}
			}
			if _, _, _, lists := count(); lists != 1 {
				t.Errorf("%d lists, want one", lists)
			}
			if lists := len(cloud.Journal(elbstub.Unknown)); lists > 0 {
				t.Errorf("%d calls of what the API does not have", lists)
			}
		})
	}
}

// TestProjectInTheOtherCaseIsNoChange: writing the same project ID in another case replaces
// nothing.
func TestProjectInTheOtherCaseIsNoChange(t *testing.T) {
	t.Parallel()
	capitals := strings.ToUpper(ProjectID)
	for name, row := range map[string]struct{ first, then string }{
		"from the provider's to capitals": {"", capitals},
		"to capitals":                     {ProjectID, capitals},
		"to small letters":                {capitals, ProjectID},
		"from capitals to the provider's": {capitals, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cloud := newCaselessCloud(t)
			config := configOf(NewPair(), "www")
			configure := func(project string) acctest.Values {
				delete(config, "project_id")
				if project != "" {
					config["project_id"] = project
				}
				return config
			}
			server := cloud.Server(t, provider.New("test", nil)())
			state := mustApply(t, server, nil, configure(row.first))
			plan, diagnostics := server.Plan(state, configure(row.then))
			if len(diagnostics) > 0 || len(plan.Replace) > 0 {
				t.Errorf("it replaces for %v; %v", plan.Replace, diagnostics)
			}
		})
	}
}

// TestProjectThatIsUnknownInThePlan: a plan does not promise the project of the provider while the configured one is
// unknown, with a write-only key as well.
func TestProjectThatIsUnknownInThePlan(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud, network := NewCloudInMemory(t)
		s := inMemory(t, cloud, network, acctest.Values{"project_id": OtherProjectID})
		pair := NewPair()
		config := acctest.Values{
			"certificate": pair.Certificate, "private_key_wo": pair.PrivateKey, "project_id": acctest.Unknown,
		}
		plan := mustPlan(t, s, nil, config)
		if plan.Values["project_id"] != acctest.Unknown {
			t.Errorf("the project is planned as %v", plan.Values["project_id"])
		}
		plan.Configure("project_id", ProjectID)
		plan.Values["project_id"] = ProjectID
		state, diagnostics := s.Apply(plan)
		if len(diagnostics) > 0 || len(cloud.Certificates(ProjectID)) != 1 {
			t.Errorf("it was not created in that project: %s", textOf(diagnostics))
		}
		if plan := mustPlan(t, s, state, config); len(plan.Replace) != 1 {
			t.Errorf("an unknown project replaces for %q", plan.Replace)
		}
	})
}
