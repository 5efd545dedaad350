package provider_test

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/hashicorp/terraform-plugin-log/tflogtest"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"

	"github.com/elbaas/terraform-provider-elbaas/internal/acctest"
	"github.com/elbaas/terraform-provider-elbaas/internal/elbstub"
	"github.com/elbaas/terraform-provider-elbaas/internal/provider"
)

// applied creates a certificate in a project, plans again, and destroys it.
func applied(t *testing.T, cloud *Cloud, providerBlock, projectID string) {
	t.Helper()
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: Providers(),
		CheckDestroy:             destroyed(cloud),
		Steps: []resource.TestStep{{
			Config:            providerBlock + Certificate(NewPair(), `name = "www"`),
			ConfigStateChecks: []statecheck.StateCheck{attribute("project_id", knownvalue.StringExact(projectID))},
		}},
	})
	for _, call := range cloud.Journal() {
		if call.Status >= 300 {
			t.Errorf("the response to %s was %d", call.Operation, call.Status)
		}
	}
}

// TestAccCredentials applies a certificate with each kind of credentials.
func TestAccCredentials(t *testing.T) {
	t.Parallel()
	OnceForAllDialects(t)
	quoted := func(name, value string) string { return name + " = " + Quote(value) }
	key := []string{quoted("access_key", AccessKey), quoted("secret_key", SecretKey)}
	password := []string{
		quoted("user_name", UserName),
		quoted("password", Password),
		quoted("domain_name", Domain),
	}
	agency := []string{
		"assume_role {",
		"  " + quoted("agency_name", Agency),
		"  " + quoted("domain_name", AgencyDomain),
		"}",
	}
	authURL, noProject := `auth_url = "AUTH_URL"`, "project_id = null"
	for name, row := range map[string]struct {
		lines   []string
		project string
		scheme  string
	}{
		"access key": {
			lines: key,
		},
		"access key, scoped": {
			lines:  append([]string{`signing_scheme = "scoped"`}, key...),
			scheme: "scoped",
		},
		"access key, region": {
			lines: append([]string{quoted("region", Region), authURL, noProject}, key...),
		},
		"password": {
			lines: append([]string{authURL}, password...),
		},
		"password, project by name": {
			lines:   append([]string{authURL, noProject, `project_name = "eu-de_other"`}, password...),
			project: OtherProjectID,
		},
		"user id": {
			lines: []string{authURL, quoted("user_id", UserID), quoted("password", Password)},
		},
		"agency": {
			lines:   slices.Concat([]string{authURL, quoted("project_id", AgencyProjectID)}, agency, key),
			project: AgencyProjectID,
		},
		"password, endpoint unknown": {
			lines: append([]string{authURL, "endpoint = null"}, password...),
		},
		"key, endpoint unknown": {
			lines: append([]string{authURL, "endpoint = null"}, key...),
		},
		"token, project by name": {
			lines: []string{
				quoted("token", Token),
				authURL,
				noProject,
				quoted("project_name", Region),
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cloud := NewCloud(t, func(o *elbstub.Options) { o.Identity.SigningScheme = row.scheme })
			lines := append([]string{"token = null"}, row.lines...)
			if strings.Contains(strings.Join(row.lines, "\n"), "token = ") {
				lines = row.lines
			}
			if row.project == "" {
				row.project = ProjectID
			}
			applied(t, cloud, strings.ReplaceAll(cloud.Provider(lines...), "AUTH_URL", cloud.AuthURL), row.project)
		})
	}
}

// TestAccCredentialsOfTheEnvironment uses the variables that users already export, and the files that they already
// have. An empty provider block is enough.
func TestAccCredentialsOfTheEnvironment(t *testing.T) {
	OnceForAllDialects(t)
	cloud := NewCloud(t)
	folder := t.TempDir()
	profile, entry := filepath.Join(folder, "config.json"), filepath.Join(folder, "clouds.yaml")
	for name, text := range map[string]string{
		profile: fmt.Sprintf(`{"current": "default", "profiles": [{
			"name": "default", "accessKeyId": %q, "secretAccessKey": %q, "projectId": %q
		}]}`, AccessKey, SecretKey, ProjectID),
		entry: fmt.Sprintf("clouds:\n"+
			"  mine:\n"+
			"    auth:\n"+
			"      auth_url: %q\n"+
			"      username: %q\n"+
			"      password: %q\n"+
			"      user_domain_name: %q\n"+
			"      project_name: %q\n",
			cloud.AuthURL, UserName, Password, Domain, Region),
	} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, variables := range map[string]map[string]string{
		"Huawei Cloud": {
			"HW_ACCESS_KEY":  AccessKey,
			"HW_SECRET_KEY":  SecretKey,
			"HW_PROJECT_ID":  ProjectID,
			"HW_REGION_NAME": Region,
		},
		"Huawei Cloud Stack": {
			"HCS_ACCESS_KEY":   AccessKey,
			"HCS_SECRET_KEY":   SecretKey,
			"HCS_PROJECT_NAME": Region,
			"HCS_AUTH_URL":     cloud.AuthURL,
		},
		"Open Telekom Cloud": {
			"OS_USERNAME":         UserName,
			"OS_PASSWORD":         Password,
			"OS_USER_DOMAIN_NAME": Domain,
			"OS_PROJECT_NAME":     Region,
			"OS_AUTH_URL":         cloud.AuthURL,
		},
		"token":   {"OS_TOKEN": Token, "OS_TENANT_ID": ProjectID},
		"profile": {"HW_SHARED_CONFIG_FILE": profile, "HW_PROFILE": "default"},
		"entry":   {"OS_CLIENT_CONFIG_FILE": entry, "OS_CLOUD": "mine"},
	} {
		t.Run(name, func(t *testing.T) {
			for variable, value := range variables {
				t.Setenv(variable, value)
			}
			t.Setenv("ELBAAS_ENDPOINT", cloud.Endpoint)
			applied(t, cloud, "", ProjectID)
		})
	}
}

// TestAccWrongCredentials has the errors for wrong credentials.
func TestAccWrongCredentials(t *testing.T) {
	t.Parallel()
	OnceForAllDialects(t)
	for name, row := range map[string]struct {
		lines []string
		want  []string
	}{
		"secret key": {
			lines: []string{`access_key = "QTWAOYTTINDUT2QVKYUC"`, `secret_key = "hunter2"`},
			want: []string{
				"verify aksk signature fail", "access_key and secret_key belong together",
				"lock the key for five minutes",
			},
		},
		"access key": { // a cloud says the same of a temporary key without its security token (observed)
			lines: []string{`access_key = "TEMPORARY"`, `secret_key = "hunter2"`},
			want:  []string{"ak TEMPORARY not exist", "security_token is set if the key is temporary"},
		},
		"password": {
			lines: []string{
				`user_name = "me"`,
				`password = "hunter2"`,
				`domain_name = "mine"`,
				`auth_url = "AUTH_URL"`,
			},
			want: []string{
				"Getting a token from the identity service: The username or password is wrong",
				"Check the credentials",
			},
		},
		"domain": {
			lines: []string{
				`user_name = "me"`,
				`password = "correct-horse-battery"`,
				`domain_name = "hunter2-domain"`,
				`auth_url = "AUTH_URL"`,
			},
			want: []string{"The username or password is wrong"},
		},
		"agency": {
			lines: []string{
				`access_key = "QTWAOYTTINDUT2QVKYUC"`,
				`secret_key = "MFyfvK41ba2giqM7Uio6PznpdUKGpownRZlmVmHc"`,
				`auth_url = "AUTH_URL"`,
				"assume_role {\n    agency_name = \"none\"\n    domain_name = \"theirs\"\n  }",
			},
			want: []string{
				`Assuming the agency "none" of "theirs": Could not find agency`,
				"With assume_role, also check the name of the agency and the account that created it",
			},
		},
		"project name": {
			lines: []string{`token = "TOKEN"`, `project_id = null`, `project_name = "eu-xx"`, `auth_url = "AUTH_URL"`},
			want: []string{
				`Finding the ID of the project "eu-xx": there is no project with that name. ` +
					`Existing projects: "eu-de", "eu-de_other"`,
			},
		},
		"auth_url": {
			lines: []string{
				`token = "TOKEN"`,
				`project_id = null`,
				`project_name = "eu-de"`,
				`auth_url = "AUTH_URL/v3"`,
			},
			want: []string{"Check auth_url"},
		},
		"catalog": {
			lines: []string{
				`token = "TOKEN"`,
				`region = "eu-nl"`,
				`endpoint = null`,
				`cloud = "invalid.example"`,
				`auth_url = "AUTH_URL"`,
				"max_retries = 0",
			},
			want: []string{"elb.eu-nl.invalid.example"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cloud := NewCloud(t)
			lines := append([]string{"token = null"}, row.lines...)
			if strings.Contains(strings.Join(row.lines, "\n"), "TOKEN") {
				lines = row.lines
			}
			addresses := strings.NewReplacer("AUTH_URL", cloud.AuthURL, "TOKEN", Token)
			block := addresses.Replace(cloud.Provider(lines...))
			var said string
			resource.Test(t, resource.TestCase{
				ProtoV6ProviderFactories: Providers(),
				ErrorCheck: func(err error) error {
					said = err.Error()
					return nil
				},
				Steps: []resource.TestStep{{Config: block + Certificate(NewPair())}},
			})
			for _, part := range row.want {
				if !acrossLines(part).MatchString(said) {
					t.Errorf("Terraform did not say %q:\n%s", part, said)
				}
			}
			secrets := []string{`hunter2"`, Password, SecretKey, Token}
			for _, hidden := range append(secrets, "may exist") {
				if strings.Contains(said, hidden) {
					t.Errorf("Terraform says %q:\n%s", hidden, said)
				}
			}
		})
	}
}

// TestExpiredTokenIsRenewedOnce: twenty parallel creations with an expired token request one new token.
func TestExpiredTokenIsRenewedOnce(t *testing.T) {
	t.Parallel()
	cloud := NewCloud(t)
	server := acctest.NewServer(t, provider.New("test", nil)(), acctest.Values{
		"endpoint": cloud.Endpoint, "auth_url": cloud.AuthURL, "project_id": ProjectID,
		"user_name": UserName, "password": Password, "domain_name": Domain,
	})
	create := func() {
		pair := NewPair()
		plan, said := server.Plan(nil, acctest.Values{"certificate": pair.Certificate, "private_key": pair.PrivateKey})
		if len(said) == 0 {
			_, said = server.Apply(plan)
		}
		for _, d := range said {
			t.Errorf("%s: %s", d.Summary, d.Detail)
		}
	}
	create()
	cloud.Expire()
	before := len(cloud.Journal(elbstub.IssueToken))
	var all sync.WaitGroup
	for range 20 {
		all.Go(create)
	}
	all.Wait()
	if got := len(cloud.Journal(elbstub.IssueToken)) - before; got != 1 {
		t.Errorf("%d new tokens, want 1", got)
	}
	if got := len(cloud.Certificates(ProjectID)); got != 21 {
		t.Errorf("%d certificates, want 21", got)
	}
}

// TestWrongClock: if the clock of the server differs much from ours, this explains a rejected signature, but not a
// rejected token.
func TestWrongClock(t *testing.T) {
	t.Parallel()
	late := func(next elbstub.Next) elbstub.Response {
		response := elbstub.Reply(401, `{"error_msg":"verify aksk signature fail","error_code":"APIGW.0301"}`)(next)
		response.Header = maps.Clone(response.Header)
		response.Header.Set("Date", "Mon, 02 Jan 2006 15:04:05 GMT")
		return response
	}
	for want, credentials := range map[string]acctest.Values{
		"ahead of that of the API": {"access_key": AccessKey, "secret_key": SecretKey},
		"The token has expired":    {"token": Token},
		"even after it was renewed.": {
			"user_name": UserName, "password": Password, "domain_name": Domain,
		},
	} {
		cloud := NewCloud(t)
		cloud.ScriptEach(elbstub.CreateCertificate, func(int) elbstub.Fault { return late })
		config := acctest.Values{
			"endpoint": cloud.Endpoint, "auth_url": cloud.AuthURL, "project_id": ProjectID,
		}
		maps.Copy(config, credentials)
		server := acctest.NewServer(t, provider.New("test", nil)(), config)
		pair := NewPair()
		plan, _ := server.Plan(nil, acctest.Values{"certificate": pair.Certificate, "private_key": pair.PrivateKey})
		_, said := server.Apply(plan)
		text, isSigned := textOf(said), credentials["access_key"] != nil
		if !strings.Contains(text, want) || strings.Contains(text, "The clock") != isSigned {
			t.Errorf("it does not say %q: %s", want, text)
		}
	}
}

// TestAccProviderExamples plans with each provider block of the documentation. The plan of a new certificate makes no
// call.
func TestAccProviderExamples(t *testing.T) {
	t.Parallel()
	OnceForAllDialects(t)
	files, err := filepath.Glob("../../examples/provider/*.tf")
	if err != nil || len(files) < 8 {
		t.Fatalf("%d examples, %v", len(files), err)
	}
	pair := NewPair()
	cli := acctest.NewCLI(t)
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		name := filepath.Base(file)
		if name == "provider.tf" || name == "environment.tf" { // a terraform block, or no credentials
			continue
		}
		variables := ""
		for name, value := range map[string]string{
			"access_key": "AK",
			"secret_key": "SK",
			"password":   "p",
			"token":      "t",
		} {
			variables += fmt.Sprintf("variable %q {\n  default = %q\n}\n", name, value)
		}
		cli.Configure(variables + string(text) + Certificate(pair))
		if said := cli.Run("plan"); !strings.Contains(said, "1 to add") {
			t.Errorf("%s: %s", name, said)
		}
	}
}

// TestSignedHosts: the signature covers the host as it is sent, not as the configuration spells it.
func TestSignedHosts(t *testing.T) {
	t.Parallel()
	for name, host := range map[string]string{
		"international":        "elb.münchen.test",
		"international ASCII":  "elb.xn--mnchen-3ya.test",
		"capitals":             "ELB.Example.Test",
		"default port":         "elb.example.test:443",
		"IPv6 address":         "[2001:db8::1]:8443",
		"IPv6 address, a zone": "[fe80::1%25eth0]:8443",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				cloud, network := NewCloudInMemory(t)
				s := inMemory(t, cloud, network, acctest.Values{
					"endpoint": moved(t, cloud.Endpoint, "https://"+host), "region": Region,
					"token": nil, "access_key": AccessKey, "secret_key": SecretKey,
				})
				state, diagnostics := create(t, s, acctest.Values{"name": "www"})
				if state == nil {
					t.Error(textOf(diagnostics))
				}
			})
		})
	}
}

// loggingTB is a test whose context has a logger.
type loggingTB struct {
	testing.TB
	ctx context.Context //nolint:containedctx // as a test has it
}

func (l loggingTB) Context() context.Context { return l.ctx }

// TestLogNamesTheCredentials: the log says with which kind of credentials requests are sent. With an agency, this is
// not the access key.
func TestLogNamesTheCredentials(t *testing.T) {
	t.Parallel()
	config := acctest.Values{"auth_url": "https://iam.test/v3", "access_key": "AK", "secret_key": "SK"}
	for kind, role := range map[string]any{
		"access key": nil,
		"agency":     acctest.Values{"agency_name": "agency", "domain_name": "theirs"},
	} {
		var log bytes.Buffer
		logged := loggingTB{TB: t, ctx: tflogtest.RootLogger(t.Context(), &log)}
		config["assume_role"] = role
		acctest.NewServer(logged, provider.New("test", nil)(), config)
		if !strings.Contains(log.String(), `"kind":"`+kind+`"`) {
			t.Errorf("%s: the log is %s", kind, log.String())
		}
	}
}
