package provider_test

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/elbaas/terraform-provider-elbaas/internal/acctest"
	"github.com/elbaas/terraform-provider-elbaas/internal/elbstub"
	"github.com/elbaas/terraform-provider-elbaas/internal/provider"
)

// TestListsShowIDsInAnotherCase: every plan is empty, whatever the case in which lists show an ID.
func TestListsShowIDsInAnotherCase(t *testing.T) {
	t.Parallel()
	for _, imported := range []bool{false, true} {
		t.Run(fmt.Sprintf("imported %t", imported), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				cloud, network := NewCloudInMemory(t)
				s := inMemory(t, cloud, network, nil)
				state, diagnostics := create(t, s, acctest.Values{"name": "www"})
				if state == nil {
					t.Fatal(textOf(diagnostics))
				}
				time.Sleep(time.Minute)
				id := idOf(state)
				cloud.ScriptEach(elbstub.ListCertificates, func(int) elbstub.Fault {
					return func(next elbstub.Next) elbstub.Response {
						response := next()
						response.Body = bytes.ReplaceAll(response.Body, []byte(id), []byte(strings.ToUpper(id)))
						return response
					}
				})
				if imported {
					if state, diagnostics = s.Import(id); diagnostics.HasError() {
						t.Fatal(textOf(diagnostics))
					}
				}
				for plan := range 3 {
					s := inMemory(t, cloud, network, nil)
					read, diagnostics := s.Read(state)
					if read == nil || diagnostics.HasError() {
						t.Fatalf("plan %d: %s", plan+1, textOf(diagnostics))
					}
					state = read
				}
				if idOf(state) != id {
					t.Errorf("the id in the state has become %s, from %s", idOf(state), id)
				}
			})
		})
	}
}

// TestDomainInAnotherCase: an API that stores domains in lower case has the configured domain (DNS
// ignores case): nothing is replaced, and a rename works.
func TestDomainInAnotherCase(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud, network := NewCloudInMemory(t, func(o *elbstub.Options) {
			o.Keep = func(cert *elbstub.Certificate) { cert.Domain = strings.ToLower(cert.Domain) }
		})
		s := inMemory(t, cloud, network, nil)
		config := acctest.Values{"name": "www", "domain": "WWW.Example.com"}
		state, diagnostics := create(t, s, config)
		if len(diagnostics) > 0 {
			t.Errorf("creation: %s", textOf(diagnostics))
		}
		config["name"] = "renamed" // before the first refresh
		plan, diagnostics := s.Plan(state, config)
		if len(plan.Replace) > 0 || diagnostics.HasError() {
			t.Errorf("the rename replaces for %v: %s", plan.Replace, textOf(diagnostics))
		}
		renamed, diagnostics := s.Apply(plan)
		if diagnostics.HasError() {
			t.Errorf("rename: %s", textOf(diagnostics))
		}
		time.Sleep(time.Minute)
		s = inMemory(t, cloud, network, nil)
		read, _ := s.Read(renamed)
		if plan, _ = s.Plan(read, config); len(plan.Replace) > 0 {
			t.Errorf("the next plan replaces for %v: domain %q", plan.Replace, read.Values["domain"])
		}
	})
}

// TestRenameDespiteOtherDomain: an update sends only name and description, so it does not fail
// because a domain that is not configured has changed, or because the API shows another time.
func TestRenameDespiteOtherDomain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud, network := NewCloudInMemory(t)
		s := inMemory(t, cloud, network, nil)
		config := acctest.Values{"name": "www"}
		state, _ := create(t, s, config)
		cloud.Change(idOf(state), func(c *elbstub.Certificate) {
			c.Domain, c.CreateTime = "www.example.com", time.Unix(0, 0)
		})
		config["name"] = "renamed"
		plan, _ := s.Plan(state, config) // as with -refresh=false
		if _, diagnostics := s.Apply(plan); diagnostics.HasError() {
			t.Errorf("the certificate is called %q, and: %s", cloud.Only(t).Name, textOf(diagnostics))
		}
	})
}

// TestCombinedText: an API stores a certificate and its key in one text. Only the certificate
// becomes a value.
func TestCombinedText(t *testing.T) {
	t.Parallel()
	pair, other := NewPair(), NewPair()
	combined := func(first, second string) string {
		return strings.TrimSpace(first) + "\n" + strings.TrimSpace(second) + "\n"
	}
	for name, of := range map[string]struct{ own, others string }{
		"key last":  {combined(pair.Certificate, pair.PrivateKey), combined(other.Certificate, other.PrivateKey)},
		"key first": {combined(pair.PrivateKey, pair.Certificate), combined(other.PrivateKey, other.Certificate)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				cloud, network := NewCloudInMemory(t)
				id := cloud.Add(elbstub.Certificate{ProjectID: ProjectID, Name: "www", Certificate: of.own})
				s := inMemory(t, cloud, network, nil)
				state, diagnostics := s.Import(id)
				if state == nil || diagnostics.HasError() {
					t.Fatal(textOf(diagnostics))
				}
				wantText := func(where string, values acctest.Values, want string) {
					t.Helper()
					text, _ := values["certificate"].(string)
					if strings.Contains(text, "PRIVATE KEY") {
						t.Errorf("%s: a private key", where)
					}
					if strings.TrimSpace(text) != strings.TrimSpace(want) {
						t.Errorf("%s: the certificate is %.60q", where, text)
					}
				}
				wantText("import", state.Values, pair.Certificate)
				values, _ := s.ReadDataSource("elbaas_certificate", acctest.Values{"id": id})
				wantText("data source", values, pair.Certificate)

				cloud.Remove(id)
				created, _ := create(t, s, configOf(pair, "www"))
				id = idOf(created)
				cloud.Change(id, func(c *elbstub.Certificate) { c.Certificate = of.others })
				time.Sleep(time.Minute)
				read, diagnostics := inMemory(t, cloud, network, nil).Read(created)
				if len(diagnostics) == 0 {
					wantText("read, without a warning, of what was changed elsewhere", read.Values, other.Certificate)
				}
			})
		})
	}
}

// TestPlanRightAfterFirstCertificate: a plan immediately after the creation of the first
// certificate is empty, in a cloud whose empty list is an object without a total, and whose lists
// lag.
func TestPlanRightAfterFirstCertificate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud, network := NewCloudInMemory(t, func(o *elbstub.Options) {
			o.Dialect = elbstub.Dialect{EmptyObject: true, Count: elbstub.CountAbsent}
		})
		state, diagnostics := create(t, inMemory(t, cloud, network, nil), acctest.Values{"name": "www"})
		if state == nil {
			t.Fatal(textOf(diagnostics))
		}
		lagging(cloud, 3*time.Second)
		if read, diagnostics := inMemory(t, cloud, network, nil).Read(state); read == nil || diagnostics.HasError() {
			t.Errorf("the next run: there %t, %s", read != nil, textOf(diagnostics))
		}
	})
}

// TestRefusedAsGoneInTheLag: immediately after the run that created a certificate, lists lag, and a
// gateway returns 404. The certificate exists, so it does not count as gone.
func TestRefusedAsGoneInTheLag(t *testing.T) {
	t.Parallel()
	prepare := func(t *testing.T) (*Cloud, *acctest.Server, *acctest.State, acctest.Values) {
		t.Helper()
		cloud, network := NewCloudInMemory(t)
		config := configOf(NewPair(), "www")
		state, diagnostics := create(t, inMemory(t, cloud, network, nil), config)
		if state == nil {
			t.Fatal(textOf(diagnostics))
		}
		time.Sleep(time.Second)
		lagging(cloud, 4*time.Second)
		page := elbstub.Reply(404, "<html><head><title>404 Not Found</title></head></html>")
		cloud.Script(elbstub.DeleteCertificate, 1, page)
		cloud.Script(elbstub.ModifyCertificate, 1, page)
		return cloud, inMemory(t, cloud, network, nil), state, config
	}
	t.Run("destroy", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			cloud, s, state, _ := prepare(t)
			_, diagnostics := s.Destroy(state)
			if !diagnostics.HasError() && len(cloud.Certificates(ProjectID)) > 0 {
				t.Error("the destruction succeeded, and the certificate is there")
			}
		})
	})
	t.Run("rename", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			_, s, state, config := prepare(t)
			config["name"] = "renamed"
			plan, _ := s.Plan(state, config)
			_, diagnostics := s.Apply(plan)
			if text := textOf(diagnostics); strings.Contains(text, "does not exist") {
				t.Errorf("the certificate is there, and: %s", text)
			}
		})
	})
}

// TestReadTimeoutInTheLag: a read that times out while lists lag is an error, and the state stays.
// An interrupt ends it as well.
func TestReadTimeoutInTheLag(t *testing.T) {
	t.Parallel()
	for _, interrupted := range []bool{false, true} {
		t.Run(fmt.Sprintf("interrupted %t", interrupted), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				cloud, network := NewCloudInMemory(t)
				config := configOf(NewPair(), "www")
				config["timeouts"] = acctest.Values{"read": "2500ms"}
				state, _ := create(t, inMemory(t, cloud, network, nil), config)
				lagging(cloud, 9*time.Second)
				s := inMemory(t, cloud, network, nil)
				if interrupted {
					time.AfterFunc(1500*time.Millisecond, s.Stop)
				}
				started := time.Now()
				read, diagnostics := s.Read(state)
				if read == nil || !diagnostics.HasError() || time.Since(started) > 2600*time.Millisecond {
					t.Errorf("after %s: there %t, %s", time.Since(started), read != nil, textOf(diagnostics))
				}
				if interrupted {
					wantInterrupted(t, diagnostics)
				}
			})
		})
	}
}

// TestLongReadTimeout: a list is limited by the timeout of the operation, even if that is longer
// than any default.
func TestLongReadTimeout(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud, network := NewCloudInMemory(t)
		config := configOf(NewPair(), "www")
		config["timeouts"] = acctest.Values{"read": "30m"}
		state, _ := create(t, inMemory(t, cloud, network, nil), config)
		opens := time.Now().Add(12 * time.Minute)
		cloud.ScriptEach(elbstub.ListCertificates, func(int) elbstub.Fault {
			if time.Now().Before(opens) {
				return elbstub.Throttle("60")
			}
			return nil
		})
		started := time.Now()
		if _, diagnostics := inMemory(t, cloud, network, nil).Read(state); diagnostics.HasError() {
			t.Errorf("after %s: %s", time.Since(started), textOf(diagnostics))
		}
	})
}

// TestSearchInAnotherCase: IDs and domains are found in any case.
func TestSearchInAnotherCase(t *testing.T) {
	t.Parallel()
	cloud := NewCloud(t)
	id := cloud.Add(elbstub.Certificate{
		ProjectID: ProjectID, Name: "www", Domain: "www.example.com",
		Certificate: NewPair().Certificate,
	})
	s := cloud.Server(t, provider.New("test", nil)())
	for _, config := range []acctest.Values{{"id": strings.ToUpper(id)}, {"domain": "WWW.Example.com"}} {
		if _, diagnostics := s.ReadDataSource("elbaas_certificate", config); diagnostics.HasError() {
			t.Errorf("%v: %s", config, textOf(diagnostics))
		}
	}
	values, _ := s.ReadDataSource("elbaas_certificates", acctest.Values{"domain": "WWW.Example.com"})
	if found, _ := values["certificates"].([]acctest.Values); len(found) != 1 {
		t.Errorf("%d certificates", len(found))
	}
}

// TestListIsTooLarge: a list that is too large is not requested again, because it will stay so.
func TestListIsTooLarge(t *testing.T) {
	t.Parallel()
	cloud := NewCloud(t)
	state, _ := create(t, cloud.Server(t, provider.New("test", nil)()), acctest.Values{"name": "www"})
	var body strings.Builder
	body.WriteString(`{"certificates":[`)
	for i := range 65 {
		fmt.Fprintf(&body, `{"id":"%032x","description":"%s"},`, i, strings.Repeat("A", 1<<20))
	}
	body.WriteString(`{}],"instance_num":"66"}`)
	large := elbstub.Reply(http.StatusOK, body.String())
	for n := range 10 {
		cloud.Script(elbstub.ListCertificates, n+1, large)
	}
	before := len(cloud.Journal(elbstub.ListCertificates))
	after, diagnostics := cloud.Server(t, provider.New("test", nil)()).Read(state)
	if after == nil || !diagnostics.HasError() {
		t.Errorf("state %q: %s", idOf(after), textOf(diagnostics))
	}
	if lists := len(cloud.Journal(elbstub.ListCertificates)) - before; lists != 1 {
		t.Errorf("%d lists, want 1", lists)
	}
	text := textOf(diagnostics)
	if !strings.Contains(text, "larger than 64 MiB") || !strings.Contains(text, ProjectID) {
		t.Errorf("it says %s", text)
	}
}
