package provider_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/elbaas/terraform-provider-elbaas/internal/elbstub"
	"github.com/elbaas/terraform-provider-elbaas/internal/pemcert"
	"github.com/elbaas/terraform-provider-elbaas/internal/throwaway"
)

// importedWithoutKey checks that an import did not read the key, and that it read the certificate of the pair.
func importedWithoutKey(pair throwaway.Pair) resource.ImportStateCheckFunc {
	return func(states []*terraform.InstanceState) error {
		want, err := pemcert.ParseChain(pair.Certificate)
		if err != nil {
			return err
		}
		got, err := pemcert.ParseChain(states[0].Attributes["certificate"])
		if err != nil || !got.Equal(want) {
			return fmt.Errorf("imported %q, %w", states[0].Attributes["certificate"], err)
		}
		if key := states[0].Attributes["private_key"]; key != "" {
			return errors.New("the key was imported")
		}
		return nil
	}
}

func TestAccCertificate(t *testing.T) {
	t.Parallel()
	cloud := NewCloud(t)
	pair := NewPair()
	pair.Certificate = strings.TrimSpace(pair.Certificate) // the canonical form, which an import has
	posts := wantCalls(cloud, elbstub.CreateCertificate)
	puts := wantCalls(cloud, elbstub.ModifyCertificate)
	deletes := wantCalls(cloud, elbstub.DeleteCertificate)
	longName := strings.Repeat("证", 64)
	isTime := knownvalue.StringRegexp(regexp.MustCompile(`^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$`))
	var id string
	before := Certificate(pair, `name = "www"`, `description = "first"`)
	after := Certificate(pair, "name = "+Quote(longName))

	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: Providers(),
		CheckDestroy:             destroyed(cloud),
		Steps: []resource.TestStep{
			{
				Config:           cloud.Provider() + before,
				ConfigPlanChecks: action(plancheck.ResourceActionCreate),
				ConfigStateChecks: []statecheck.StateCheck{
					attribute("id", knownvalue.StringRegexp(regexp.MustCompile(`^[0-9a-f]{32}$`))),
					attribute("name", knownvalue.StringExact("www")),
					attribute("description", knownvalue.StringExact("first")),
					attribute("domain", knownvalue.StringExact("")),
					attribute("project_id", knownvalue.StringExact(ProjectID)),
					attribute("certificate", knownvalue.StringExact(pair.Certificate)),
					attribute("private_key", knownvalue.StringExact(pair.PrivateKey)),
					attribute("create_time", isTime),
					attribute("update_time", isTime),
				},
			},
			{
				PreConfig: func() {
					id = cloud.Only(t).ID
					posts(t, 1)
				},
				Config: cloud.Provider() + before,
				ConfigPlanChecks: resource.ConfigPlanChecks{
					PreApply: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()},
				},
			},
			{ // a rename is one PUT, and an omitted description is cleared
				Config: cloud.Provider() + after,
				ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
					plancheck.ExpectResourceAction(address, plancheck.ResourceActionUpdate),
					plancheck.ExpectUnknownValue(address, tfjsonpath.New("update_time")),
					plancheck.ExpectKnownValue(address, tfjsonpath.New("description"), knownvalue.StringExact("")),
				}},
				ConfigStateChecks: []statecheck.StateCheck{
					attribute("name", knownvalue.StringExact(longName)),
					attribute("description", knownvalue.StringExact("")),
					attribute("private_key", knownvalue.StringExact(pair.PrivateKey)),
				},
			},
			{
				PreConfig: func() {
					puts(t, 1)
					posts(t, 0)
					deletes(t, 0)
					want := fmt.Sprintf(`{"name":%q,"description":""}`, longName)
					if put := cloud.Journal(elbstub.ModifyCertificate)[0]; put.Body != want || put.ID != id {
						t.Errorf("the PUT for %s was %s", put.ID, put.Body)
					}
					if cert := cloud.Only(t); cert.ID != id || cert.Name != longName || cert.Description != "" {
						t.Errorf("the cloud has %q, %q, %q", cert.ID, cert.Name, cert.Description)
					}
				},
				ResourceName:      address,
				ImportState:       true,
				ImportStateVerify: true,
				// The API returns the key, but the provider ignores it.
				ImportStateVerifyIgnore: []string{"private_key"},
				ImportStateCheck:        importedWithoutKey(pair),
			},
			{
				ResourceName:            address,
				ImportState:             true,
				ImportStateIdPrefix:     ProjectID + "/",
				ImportStateVerify:       true,
				ImportStateVerifyIgnore: []string{"private_key"},
				ImportStateCheck:        importedWithoutKey(pair),
			},
			{ // changed outside of Terraform: drift, which is undone
				PreConfig: func() {
					cloud.Change(id, func(cert *elbstub.Certificate) { cert.Name, cert.Description = "other", "else" })
				},
				Config:            cloud.Provider() + after,
				ConfigPlanChecks:  action(plancheck.ResourceActionUpdate),
				ConfigStateChecks: []statecheck.StateCheck{attribute("name", knownvalue.StringExact(longName))},
			},
			{ // deleted outside of Terraform: created again
				PreConfig: func() {
					puts(t, 1)
					cloud.Remove(id)
				},
				Config:           cloud.Provider() + after,
				ConfigPlanChecks: action(plancheck.ResourceActionCreate),
			},
		},
	})
	deletes(t, 1)
}

// TestAccCertificateReplaced has a step for each attribute that the API cannot change.
func TestAccCertificateReplaced(t *testing.T) {
	t.Parallel()
	cloud := NewCloud(t)
	first, second := NewPair(), NewPair()
	puts := wantCalls(cloud, elbstub.ModifyCertificate)
	var id string
	replaced := func(config string) resource.TestStep {
		return resource.TestStep{
			PreConfig: func() { id = cloud.Only(t).ID },
			Config:    config,
			ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
				plancheck.ExpectResourceAction(address, plancheck.ResourceActionDestroyBeforeCreate),
				plancheck.ExpectUnknownValue(address, tfjsonpath.New("id")),
			}},
			Check: func(*terraform.State) error {
				if cloud.Only(t).ID == id {
					return fmt.Errorf("certificate %s was not replaced", id)
				}
				return nil
			},
		}
	}
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: Providers(),
		CheckDestroy:             destroyed(cloud),
		Steps: []resource.TestStep{
			{Config: cloud.Provider() + Certificate(first)},
			replaced(cloud.Provider() + Certificate(second)),
			replaced(cloud.Provider() + Certificate(second, `domain = "www.example.com"`)),
			replaced(cloud.Provider() + Certificate(second, `domain = ""`)),
			{ // if omitted, the current domain is kept
				PreConfig:        func() { puts(t, 0) },
				Config:           cloud.Provider() + Certificate(second),
				ConfigPlanChecks: action(plancheck.ResourceActionNoop),
			},
		},
	})
}

// TestAccCertificateProject: a certificate stays in its project when the provider's default changes, and its
// replacement is created in the new default.
func TestAccCertificateProject(t *testing.T) {
	t.Parallel()
	cloud := NewCloud(t)
	first, second := NewPair(), NewPair()
	elsewhere := "project_id = " + Quote(OtherProjectID)
	here := "project_id = " + Quote(ProjectID)
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: Providers(),
		CheckDestroy:             destroyed(cloud),
		Steps: []resource.TestStep{
			{
				Config: cloud.Provider() + Certificate(first, `name = "one"`),
				ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
					plancheck.ExpectKnownValue(address, tfjsonpath.New("project_id"),
						knownvalue.StringExact(ProjectID)),
				}},
			},
			{ // renamed in its own project
				Config:           cloud.Provider(elsewhere) + Certificate(first, `name = "two"`),
				ConfigPlanChecks: action(plancheck.ResourceActionUpdate),
				ConfigStateChecks: []statecheck.StateCheck{attribute("project_id",
					knownvalue.StringExact(ProjectID))},
			},
			{ // configuring its current project is not a change
				PreConfig: func() {
					for _, call := range cloud.Journal() {
						if call.ProjectID != ProjectID || call.Header.Get("X-Project-Id") != ProjectID {
							t.Errorf("%s went to project %s", call.Operation, call.ProjectID)
						}
					}
				},
				Config:           cloud.Provider(elsewhere) + Certificate(first, `name = "two"`, here),
				ConfigPlanChecks: action(plancheck.ResourceActionNoop),
			},
			{
				Config: cloud.Provider(elsewhere) + Certificate(second, `name = "two"`),
				ConfigPlanChecks: resource.ConfigPlanChecks{PostApplyPreRefresh: []plancheck.PlanCheck{
					plancheck.ExpectResourceAction(address, plancheck.ResourceActionDestroyBeforeCreate),
					plancheck.ExpectKnownValue(address, tfjsonpath.New("project_id"),
						knownvalue.StringExact(OtherProjectID)),
				}},
				PlanOnly:           true,
				ExpectNonEmptyPlan: true,
			},
			{ // another project forces replacement
				Config: cloud.Provider(elsewhere) + Certificate(first, `name = "two"`, elsewhere),
				ConfigPlanChecks: resource.ConfigPlanChecks{PostApplyPreRefresh: []plancheck.PlanCheck{
					plancheck.ExpectResourceAction(address, plancheck.ResourceActionDestroyBeforeCreate),
				}},
				PlanOnly:           true,
				ExpectNonEmptyPlan: true,
			},
			{ // its own project takes precedence over the provider's
				Config:           cloud.Provider(elsewhere) + Certificate(second, here),
				ConfigPlanChecks: action(plancheck.ResourceActionDestroyBeforeCreate),
				ConfigStateChecks: []statecheck.StateCheck{
					attribute("project_id", knownvalue.StringExact(ProjectID)),
				},
			},
		},
	})
}

// TestAccCertificateLeftOut: the API decides on what the configuration omits.
func TestAccCertificateLeftOut(t *testing.T) {
	t.Parallel()
	cloud := NewCloud(t)
	pair := NewPair()
	puts := wantCalls(cloud, elbstub.ModifyCertificate)
	config := cloud.Provider() + Certificate(pair)
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: Providers(),
		CheckDestroy:             destroyed(cloud),
		Steps: []resource.TestStep{
			{
				Config: config,
				ConfigStateChecks: []statecheck.StateCheck{
					attribute("name", knownvalue.StringExact("")),
					attribute("description", knownvalue.StringExact("")),
				},
			},
			{ // the API chooses a name
				PreConfig: func() {
					cloud.Change(cloud.Only(t).ID, func(cert *elbstub.Certificate) { cert.Name = "chosen" })
				},
				Config:            config,
				ConfigPlanChecks:  action(plancheck.ResourceActionNoop),
				ConfigStateChecks: []statecheck.StateCheck{attribute("name", knownvalue.StringExact("chosen"))},
			},
			{ // that name stays when something else changes
				Config:            cloud.Provider() + Certificate(pair, `description = "new"`),
				ConfigPlanChecks:  action(plancheck.ResourceActionUpdate),
				ConfigStateChecks: []statecheck.StateCheck{attribute("name", knownvalue.StringExact("chosen"))},
			},
			{ // an empty name is valid
				PreConfig:         func() { puts(t, 1) },
				Config:            cloud.Provider() + Certificate(pair, `description = "new"`, `name = ""`),
				ConfigPlanChecks:  action(plancheck.ResourceActionUpdate),
				ConfigStateChecks: []statecheck.StateCheck{attribute("name", knownvalue.StringExact(""))},
			},
			{ // timeouts change the state only
				PreConfig: func() { puts(t, 1) },
				Config: cloud.Provider() +
					Certificate(pair, `description = "new"`, `name = ""`,
						"timeouts {\n    update = \"1m\"\n  }"),
				ConfigPlanChecks: action(plancheck.ResourceActionUpdate),
			},
			{
				PreConfig: func() { puts(t, 0) },
				Config:    cloud.Provider() + Certificate(pair, `description = "new"`, `name = ""`),
			},
		},
	})
	puts(t, 0)
}

// TestAccCertificateImport: after an import, the key is taken from the configuration without a call.
func TestAccCertificateImport(t *testing.T) {
	t.Parallel()
	cloud := NewCloud(t)
	pair := NewPair()
	var id string
	config := cloud.Provider() + Certificate(pair, `name = "www"`)
	writes := func() int {
		return len(cloud.Journal(elbstub.CreateCertificate, elbstub.ModifyCertificate, elbstub.DeleteCertificate))
	}
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: Providers(),
		CheckDestroy:             destroyed(cloud),
		Steps: []resource.TestStep{
			{Config: config},
			{
				PreConfig: func() { id = cloud.Only(t).ID },
				// The certificate leaves the state, but is not destroyed.
				Config: cloud.Provider() + "removed {\n  from = elbaas_certificate.test\n  lifecycle {\n" +
					"    destroy = false\n  }\n}\n",
			},
			{
				Config:             config,
				ResourceName:       address,
				ImportState:        true,
				ImportStateIdFunc:  func(*terraform.State) (string, error) { return id, nil },
				ImportStatePersist: true,
			},
			{
				Config:           config,
				ConfigPlanChecks: action(plancheck.ResourceActionUpdate),
				ConfigStateChecks: []statecheck.StateCheck{
					attribute("id", knownvalue.StringFunc(func(got string) error {
						if got != id {
							return fmt.Errorf("id %s, want %s", got, id)
						}
						return nil
					})),
					attribute("private_key", knownvalue.StringExact(pair.PrivateKey)),
				},
				Check: func(*terraform.State) error {
					if got := writes(); got != 1 {
						return fmt.Errorf("%d writes, want only the first POST", got)
					}
					return nil
				},
			},
		},
	})
}

// TestAccBadInput has the errors for configurations that cannot work. Nothing is ever sent.
func TestAccBadInput(t *testing.T) {
	t.Parallel()
	OnceForAllDialects(t)
	pair := NewPair()
	cloud := NewCloud(t)
	good := Certificate(pair)
	id := strings.Repeat("0", 32)
	importing := func(id string) string {
		return cloud.Provider() + good + "import {\n  to = elbaas_certificate.test\n  id = " + Quote(id) +
			"\n}\n"
	}
	for name, row := range map[string]struct {
		config string
		want   string
	}{
		"name with a space": {
			config: cloud.Provider() + Certificate(pair, `name = "a b"`),
			want: `name = "a b" The name contains " " (U+0020) at position 2. ` +
				"A name may contain up to 64 Chinese letters, Latin letters",
		},
		"name of 65 Chinese letters": {
			config: cloud.Provider() + Certificate(pair, `name = "`+strings.Repeat("证", 65)+`"`),
			want:   "The name has 65 characters",
		},
		"description with >": {
			config: cloud.Provider() + Certificate(pair, `description = "a -> b"`),
			want:   `The description contains ">" (U+003E) at position 4`,
		},
		"description of 129 characters": {
			config: cloud.Provider() + Certificate(pair, `description = "`+strings.Repeat("x", 129)+`"`),
			want:   "The description has 129 characters",
		},
		"wildcard domain": {
			config: cloud.Provider() + Certificate(pair, `domain = "w*.example.com"`),
			want:   `The domain contains "*" (U+002A) at position 2`,
		},
		"empty project": {
			config: cloud.Provider() + Certificate(pair, `project_id = ""`),
			want:   "The project ID is empty. Omit it",
		},
		"no certificate": {
			config: cloud.Provider() + "resource \"elbaas_certificate\" \"test\" {\n  private_key = \"x\"\n}",
			want:   `The argument "certificate" is required`,
		},
		"no private key": {
			config: cloud.Provider() + "resource \"elbaas_certificate\" \"test\" {\n  certificate = \"x\"\n}",
			want:   "Missing private key",
		},
		"empty certificate": {
			config: cloud.Provider() + "resource \"elbaas_certificate\" \"test\" {\n  certificate = \"\"\n" +
				"  private_key = \"x\"\n}",
			want: "The certificate is empty",
		},
		"empty private key": {
			config: cloud.Provider() + "resource \"elbaas_certificate\" \"test\" {\n  certificate = \"x\"\n" +
				"  private_key = \"\"\n}",
			want: "The private key is empty",
		},
		"endpoint without a scheme": {
			config: cloud.Provider(`endpoint = "elb.example.com"`) + good,
			want:   "The endpoint from the provider block cannot be used: invalid URL",
		},
		"endpoint with a query": {
			config: cloud.Provider(`endpoint = "https://elb.example.com/?a"`) + good,
			want:   "it must not have a query",
		},
		"endpoint with a fragment": {
			config: cloud.Provider(`endpoint = "https://elb.example.com/#a"`) + good,
			want:   "it must not have a fragment",
		},
		"endpoint with credentials": {
			config: cloud.Provider(`endpoint = "https://a:b@elb.example.com"`) + good,
			want:   "it contains credentials",
		},
		"no endpoint": {
			config: cloud.Provider(`endpoint = null`) + good,
			want:   "Set region in the provider block, or the environment variable HW_REGION_NAME",
		},
		"no token": {
			config: cloud.Provider(`token = null`) + good,
			want:   "token (HW_AUTH_TOKEN or OS_AUTH_TOKEN)",
		},
		"no project": {
			config: cloud.Provider(`project_id = null`) + good,
			want: "project_id/ID), or once for all resources: Set project_id in the provider block, or the " +
				"environment variable HW_PROJECT_ID or HCS_PROJECT_ID or OS_PROJECT_ID",
		},
		"timeout that is none": {
			config: cloud.Provider() + Certificate(pair, "timeouts {\n    read = \"soon\"\n  }"),
			want:   "soon",
		},
		"import id that is none": {
			config: importing("www"),
			want: `The import ID "www" is not valid: the certificate ID "www" is not valid: ` +
				"it must be 32 hexadecimal characters (it has 3). Import by the ID of the " +
				"certificate, or by project_id/id.",
		},
		"import id with two slashes": {importing("a/b/c"), "32 hexadecimal characters"},
		"import of nothing":          {importing(id), "Certificate not found"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			resource.Test(t, resource.TestCase{
				ProtoV6ProviderFactories: Providers(),
				Steps: []resource.TestStep{{
					Config: row.config, PlanOnly: true,
					ExpectError: acrossLines(row.want),
				}},
			})
		})
	}
	t.Cleanup(func() {
		for _, call := range cloud.Journal() {
			if call.Operation != elbstub.ListCertificates {
				t.Errorf("there was a call: %s", call.Operation)
			}
		}
	})
}

// TestAccRefused has the errors for refusals of the API. The error shows the message of the API, its code, and the
// request ID.
func TestAccRefused(t *testing.T) {
	t.Parallel()
	OnceForAllDialects(t)
	pair := NewPair()
	good := Certificate(pair)
	for name, row := range map[string]struct {
		provider []string
		fault    elbstub.Fault // of the POST
		quota    int
		status   int
		want     []string
	}{
		"wrong token": {
			provider: []string{`token = "wrong"`},
			want:     []string{"the token is not valid (HTTP", "code ELB.1102, request ID", "Get a new token"},
		},
		"wrong project": {
			provider: []string{"project_id = " + Quote(OtherProjectID)},
			status:   400,
			want:     []string{"code ELB.9808, request ID", "Set project_id to the project of the token"},
		},
		"wrong path": {
			provider: []string{`endpoint = "ENDPOINT/v1.0"`},
			status:   404,
			want:     []string{"code APIGW.0101, request ID", "without /v1.0"},
		},
		"quota": {
			quota:  1,
			status: 400,
			want: []string{
				"quota of 1 is used up (HTTP 400, code ELB.5151, request ID",
				"Delete certificates that are no longer needed",
			},
		},
		"HTML": {
			provider: []string{"max_retries = 0"},
			fault:    elbstub.Reply(502, "<html><head><title>Error</title></head><body>out of order</body></html>"),
			status:   502,
			want: []string{
				"received an HTML page instead of an API response: Error out of order (HTTP 502, request " +
					"ID", "currently unavailable",
				"may exist in project", "the list of the project does not show it",
			},
		},
		"anything else": {
			fault:  elbstub.Reply(400, `{"error":{"message":"strange","code":"ELB.9999"}}`),
			status: 400,
			want:   []string{"strange (HTTP 400, code ELB.9999, request ID"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cloud := NewCloud(t, func(o *elbstub.Options) { o.Quota = row.quota })
			for range row.quota {
				cloud.Add(elbstub.Certificate{ProjectID: OtherProjectID})
			}
			if row.fault != nil {
				cloud.Script(elbstub.CreateCertificate, 1, row.fault)
			}
			for i := range row.provider {
				row.provider[i] = strings.ReplaceAll(row.provider[i], "ENDPOINT", cloud.Endpoint)
			}
			var said string
			resource.Test(t, resource.TestCase{
				ProtoV6ProviderFactories: Providers(),
				ErrorCheck: func(err error) error {
					said = err.Error()
					return nil
				},
				Steps: []resource.TestStep{{Config: cloud.Provider(row.provider...) + good}},
			})
			for _, part := range append(row.want, "Unable to create certificate") {
				if !acrossLines(part).MatchString(said) {
					t.Errorf("Terraform did not say %q:\n%s", part, said)
				}
			}
			journal := cloud.Journal(elbstub.CreateCertificate)
			if len(journal) == 0 {
				journal = cloud.Journal()
			}
			if last := journal[len(journal)-1]; row.status != 0 && last.Status != row.status || last.Status != 0 &&
				!strings.Contains(said, last.RequestID) {
				t.Errorf("the response was %d, request ID %s; Terraform said\n%s", last.Status, last.RequestID, said)
			}
			for _, secret := range []string{Token, strings.Split(pair.PrivateKey, "\n")[1]} {
				if strings.Contains(said, secret) {
					t.Errorf("Terraform shows a secret:\n%s", said)
				}
			}
		})
	}
}

// TestAccHalfCreated: a certificate that was created is in the state, whatever happened to the responses, and is not
// replaced for that.
func TestAccHalfCreated(t *testing.T) {
	t.Parallel()
	OnceForAllDialects(t)
	for name, row := range map[string]struct {
		post, list elbstub.Fault
	}{
		"HTML that looks like success":    {post: elbstub.ReplyAfter(200, "<html></html>")},
		"cut before the id":               {post: elbstub.Cut(5)},
		"an empty body":                   {post: elbstub.ReplyAfter(201, "")},
		"no response":                     {post: elbstub.Drop()},
		"no response, list is lost":       {post: elbstub.Drop(), list: elbstub.Drop()},
		"cut after the id, read back":     {post: elbstub.Cut(80)},
		"cut after the id, not read back": {post: elbstub.Cut(80), list: elbstub.Reply(500, "")},
		"cut after the id, list is HTML":  {post: elbstub.Cut(80), list: elbstub.Reply(200, "<html>")},
		"cut after the id, list is lost":  {post: elbstub.Cut(80), list: elbstub.Drop()},
		"cut after the id, list is behind": {
			post: elbstub.Cut(80),
			list: elbstub.Reply(200, `{"certificates":[],"instance_num":"0"}`),
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cloud := NewCloud(t)
			config := cloud.Provider() +
				Certificate(NewPair(), `name = "www"`, `description = "first"`,
					`domain = "www.example.com"`)
			cloud.Script(elbstub.CreateCertificate, 1, row.post)
			if row.list != nil {
				cloud.Script(elbstub.ListCertificates, 2, row.list) // the first is before the POST
			}
			resource.Test(t, resource.TestCase{
				ProtoV6ProviderFactories: Providers(),
				CheckDestroy:             destroyed(cloud),
				Steps: []resource.TestStep{
					{Config: config},
					{
						Config: config,
						ConfigPlanChecks: resource.ConfigPlanChecks{
							PreApply: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()},
						},
						ConfigStateChecks: []statecheck.StateCheck{attribute("create_time", knownvalue.NotNull())},
					},
				},
			})
			if posts := len(cloud.Journal(elbstub.CreateCertificate)); posts != 1 {
				t.Errorf("%d POSTs, want 1", posts)
			}
		})
	}
}

// TestAccUnreadable: any response to a list except a complete list without the certificate is an error that does not
// change the state.
func TestAccUnreadable(t *testing.T) {
	t.Parallel()
	OnceForAllDialects(t)
	for name, row := range map[string]struct {
		list elbstub.Fault
		want string
	}{
		"500": {
			list: elbstub.Reply(500, `{"error":{"message":"inner","code":"authFault"}}`),
			want: "inner (HTTP 500, code authFault",
		},
		"HTML":        {elbstub.Reply(200, "<html>"), `the response is not JSON but "text/html"`},
		"half a body": {elbstub.Cut(100), "If every list is cut off"},
		"nothing":     {elbstub.Drop(), "was lost"},
		"empty body":  {elbstub.Reply(200, ""), "the JSON ends too early"},
		"incomplete list": {
			list: elbstub.Reply(200, `{"certificates":[],"instance_num":"1"}`),
			want: "the API returned 0 certificates but reported a total of 1",
		},
		"404":           {elbstub.Reply(404, ""), "HTTP 404"},
		"404, gateway":  {elbstub.Reply(404, `{"error_msg":"m","error_code":"APIGW.0101"}`), "code APIGW.0101"},
		"404, ELB.5040": {elbstub.Reply(404, `{"error":{"message":"m","code":"ELB.5040"}}`), "code ELB.5040"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cloud := NewCloud(t)
			config := cloud.Provider("max_retries = 0") + Certificate(NewPair())
			respond := func(list elbstub.Fault) func() {
				// For a while after the creation, a list without the certificate is repeated.
				return func() { cloud.ScriptEach(elbstub.ListCertificates, func(int) elbstub.Fault { return list }) }
			}
			resource.Test(t, resource.TestCase{
				ProtoV6ProviderFactories: Providers(),
				CheckDestroy:             destroyed(cloud),
				Steps: []resource.TestStep{
					{Config: config},
					{
						PreConfig:   respond(row.list),
						Config:      config,
						ExpectError: acrossLines(row.want),
					},
					{
						PreConfig:        respond(nil),
						Config:           config,
						ConfigPlanChecks: action(plancheck.ResourceActionNoop),
					},
				},
			})
		})
	}
}

// TestAccUpdateResponses: whatever the response to a PUT is, the state has what the API stores.
func TestAccUpdateResponses(t *testing.T) {
	t.Parallel()
	OnceForAllDialects(t)
	for name, row := range map[string]struct {
		put  elbstub.Fault
		gone bool   // the certificate was deleted elsewhere
		puts int    // 1 if 0
		want string // the error, if any
	}{
		"202":                {put: elbstub.ReplyAfter(202, "")},
		"204":                {put: elbstub.ReplyAfter(204, "")},
		"half of the fields": {put: elbstub.ReplyAfter(200, `{"name":"new"}`)},
		"half a body":        {put: elbstub.Cut(50), puts: 2},
		"HTML":               {put: elbstub.ReplyAfter(200, "<html>")},
		"400": {
			put:  elbstub.Reply(400, `{"error":{"message":"m","code":"ELB.5033"}}`),
			want: "m (HTTP 400, code ELB.5033, request ID",
		},
		"gone": {
			gone: true,
			put:  elbstub.Reply(404, ""),
			want: "Something else has deleted the certificate",
		},
		"not gone": {
			put:  elbstub.Reply(404, ""),
			want: "although the list of the project has the certificate",
		},
		"something else": {
			put: elbstub.ReplyAfter(200,
				`{"id":"ID","name":"newspeak","description":"","domain":null,`+
					`"certificate":"","create_time":"","update_time":""}`),
			want: `was sent with the name "new", but the API stored "newspeak"`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			// The row determines the response to a PUT, not the dialect.
			cloud := NewCloud(t, func(o *elbstub.Options) { o.Dialect.Modify = elbstub.ModifyWhole })
			pair := NewPair()
			renamed := cloud.Provider() + Certificate(pair, `name = "new"`)
			put := func(next elbstub.Next) elbstub.Response {
				if row.gone {
					cloud.Remove(cloud.Only(t).ID)
					return row.put(next)
				}
				response := row.put(next)
				response.Body = []byte(strings.ReplaceAll(string(response.Body), "ID", cloud.Only(t).ID))
				return response
			}
			steps := []resource.TestStep{{Config: cloud.Provider() + Certificate(pair, `name = "old"`)}}
			if row.want != "" {
				steps = append(steps, resource.TestStep{
					PreConfig:   func() { cloud.Script(elbstub.ModifyCertificate, 1, put) },
					Config:      renamed,
					ExpectError: acrossLines(row.want),
				}, resource.TestStep{Config: renamed})
			} else {
				steps = append(steps, resource.TestStep{
					PreConfig:         func() { cloud.Script(elbstub.ModifyCertificate, 1, put) },
					Config:            renamed,
					ConfigPlanChecks:  action(plancheck.ResourceActionUpdate),
					ConfigStateChecks: []statecheck.StateCheck{attribute("name", knownvalue.StringExact("new"))},
				})
			}
			resource.Test(t, resource.TestCase{
				ProtoV6ProviderFactories: Providers(),
				CheckDestroy:             destroyed(cloud),
				Steps:                    steps,
			})
			if row.want == "" {
				want := max(row.puts, 1)
				if puts := len(cloud.Journal(elbstub.ModifyCertificate)); puts != want {
					t.Errorf("%d PUTs, want %d", puts, want)
				}
			}
		})
	}
}

// TestAccServerKeepsAnotherName: if the API stores something else than was created, that does not force replacement;
// the next plan shows the difference.
func TestAccServerKeepsAnotherName(t *testing.T) {
	t.Parallel()
	cloud := NewCloud(t)
	config := cloud.Provider() + Certificate(NewPair(), `name = "new"`)
	cloud.Script(elbstub.CreateCertificate, 1, func(next elbstub.Next) elbstub.Response {
		response := next()
		response.Body = []byte(strings.Replace(string(response.Body), `"name":"new"`, `"name":"newspeak"`, 1))
		for _, cert := range cloud.Certificates(ProjectID) {
			cloud.Change(cert.ID, func(cert *elbstub.Certificate) { cert.Name = "newspeak" })
		}
		return response
	})
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: Providers(),
		CheckDestroy:             destroyed(cloud),
		Steps: []resource.TestStep{
			{Config: config, ExpectNonEmptyPlan: true},
			{Config: config, ConfigPlanChecks: action(plancheck.ResourceActionUpdate)},
		},
	})
}

func TestAccDeleteInUse(t *testing.T) {
	t.Parallel()
	cloud := NewCloud(t)
	pair := NewPair()
	config := cloud.Provider() + Certificate(pair, "timeouts {\n    delete = \"3s\"\n  }")
	var listener string
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: Providers(),
		CheckDestroy:             destroyed(cloud),
		Steps: []resource.TestStep{
			{Config: config},
			{
				PreConfig: func() {
					listener = cloud.AddListener(elbstub.Listener{
						ProjectID:     ProjectID,
						Name:          "https-443",
						CertificateID: cloud.Only(t).ID,
					})
				},
				Config:      config,
				Destroy:     true,
				ExpectError: acrossLines(`the certificate is in use`), // whatever the code of the refusal is
			},
			{
				Config:      config,
				Destroy:     true,
				ExpectError: acrossLines(`It is used by: - listener "https-443"`),
			},
			{
				PreConfig: func() { cloud.Remove(listener) },
				Config:    config,
				Destroy:   true,
			},
		},
	})
}

// TestAccTimeout: an operation times out if the server is slower than its timeout.
func TestAccTimeout(t *testing.T) {
	t.Parallel()
	OnceForAllDialects(t)
	slow := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-r.Context().Done():
		case <-time.After(time.Minute):
		}
	}))
	t.Cleanup(slow.Close)
	cloud := &Cloud{Endpoint: slow.URL}
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: Providers(),
		Steps: []resource.TestStep{{
			Config: cloud.Provider() + Certificate(NewPair(), "timeouts {\n"+
				"    create = \"200ms\"\n  }"),
			ExpectError: acrossLines("The operation timed out"),
		}},
	})
}

// TestAccExample applies the example of the documentation, with files that exist.
func TestAccExample(t *testing.T) {
	t.Parallel()
	cloud := NewCloud(t)
	pair := NewPair()
	config := strings.NewReplacer(
		`file("${path.module}/www.example.com.crt")`, Quote(pair.Certificate),
		`file("${path.module}/www.example.com.key")`, Quote(pair.PrivateKey),
	).Replace(example(t, "resources/elbaas_certificate/resource.tf"))
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: Providers(),
		CheckDestroy:             destroyed(cloud),
		Steps:                    []resource.TestStep{{Config: cloud.Provider() + config}},
	})
	if posts := len(cloud.Journal(elbstub.CreateCertificate)); posts != 1 {
		t.Errorf("%d POSTs, want 1", posts)
	}
}
