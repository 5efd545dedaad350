package provider

import (
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

const (
	testProject = "0123456789abcdef0123456789abcdef"
	testToken   = "MIIFvAYJKoZIhvcNAQcCoIIFrTCCBakCAQE"
)

// complete is a provider block with everything in it.
func completeBlock() providerModel {
	return providerModel{
		Endpoint:  types.StringValue("https://block.example.com"),
		ProjectID: types.StringValue("block-project"),
		Token:     types.StringValue("block-token"),
	}
}

func environment(variables map[string]string) func(string) string {
	return func(name string) string { return variables[name] }
}

func TestSettingsPrecedence(t *testing.T) {
	t.Parallel()
	everything := map[string]string{
		"ELBAAS_ENDPOINT": "https://env.example.com",
		"HW_PROJECT_ID":   "hw-project", "OS_PROJECT_ID": "os-project",
		"HW_AUTH_TOKEN": "hw-token", "OS_AUTH_TOKEN": "os-token",
	}
	for name, row := range map[string]struct {
		block                    providerModel
		without                  []string // variables that are not set
		endpoint, project, token string
	}{
		"the block comes first":   {completeBlock(), nil, "https://block.example.com", "block-project", "block-token"},
		"then the environment":    {providerModel{}, nil, "https://env.example.com", "hw-project", "hw-token"},
		"HW_ before OS_":          {providerModel{}, []string{"HW_PROJECT_ID", "HW_AUTH_TOKEN"}, "https://env.example.com", "os-project", "os-token"},
		"a project is not needed": {providerModel{}, []string{"HW_PROJECT_ID", "OS_PROJECT_ID"}, "https://env.example.com", "", "hw-token"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			variables := maps.Clone(everything)
			for _, variable := range row.without {
				variables[variable] = "" // an empty variable counts as none
			}
			s, diags := newSettings(row.block, environment(variables))
			if diags.HasError() {
				t.Fatal(diags)
			}
			if s.endpoint.String() != row.endpoint || s.projectID != row.project || s.token.Reveal() != row.token {
				t.Errorf("got %s %s %s", s.endpoint, s.projectID, s.token.Reveal())
			}
			if shown := fmt.Sprintf("%+v %#v", s, s); strings.Contains(shown, row.token) {
				t.Errorf("the settings show the token: %s", shown)
			}
		})
	}
}

func TestSettingsErrors(t *testing.T) {
	t.Parallel()
	const endpointSource = "The endpoint from the provider block "
	for name, row := range map[string]struct {
		change    func(*providerModel)
		variables map[string]string
		attribute string
		want      []string // parts of the detail
		never     string   // must not be shown
	}{
		"nothing given": {
			func(m *providerModel) { *m = providerModel{ProjectID: m.ProjectID, Token: m.Token} }, nil,
			"endpoint",
			[]string{"without endpoint", "ELBAAS_ENDPOINT"},
			"",
		},
		"no token": {
			func(m *providerModel) { m.Token = types.StringNull() }, nil,
			"token",
			[]string{"without token", "HW_AUTH_TOKEN or OS_AUTH_TOKEN"},
			"",
		},
		"endpoint empty": {
			func(m *providerModel) { m.Endpoint = types.StringValue("") }, nil,
			"endpoint",
			[]string{"empty text", "ELBAAS_ENDPOINT"},
			"",
		},
		"project empty": {
			func(m *providerModel) { m.ProjectID = types.StringValue("") }, nil,
			"project_id",
			[]string{"empty text", "HW_PROJECT_ID or OS_PROJECT_ID"},
			"",
		},
		"token empty": {
			func(m *providerModel) { m.Token = types.StringValue("") }, nil,
			"token",
			[]string{"empty text", "HW_AUTH_TOKEN"},
			"",
		},
		"endpoint without a scheme": {
			func(m *providerModel) { m.Endpoint = types.StringValue("elb.eu-de.otc.t-systems.com") }, nil,
			"endpoint",
			[]string{endpointSource, "does not begin with https://"},
			"",
		},
		"endpoint with a port and no scheme": {
			func(m *providerModel) { m.Endpoint = types.StringValue("localhost:8080/elb") }, nil,
			"endpoint",
			[]string{"does not begin with https://"},
			"",
		},
		"endpoint of another scheme": {
			func(m *providerModel) { m.Endpoint = types.StringValue("ftp://elb.example.com") }, nil,
			"endpoint",
			[]string{"does not begin with https://"},
			"",
		},
		"endpoint without a host": {
			func(m *providerModel) { m.Endpoint = types.StringValue("https:///elb") }, nil,
			"endpoint",
			[]string{"has no host"},
			"",
		},
		"endpoint with a port and no host": {
			func(m *providerModel) { m.Endpoint = types.StringValue("https://:443") }, nil,
			"endpoint",
			[]string{"has no host"},
			"",
		},
		"endpoint with a query": {
			func(m *providerModel) { m.Endpoint = types.StringValue("https://elb.example.com/?a=b") }, nil,
			"endpoint",
			[]string{"has a query"},
			"",
		},
		"endpoint with an empty query": {
			func(m *providerModel) { m.Endpoint = types.StringValue("https://elb.example.com?") }, nil,
			"endpoint",
			[]string{"has a query"},
			"",
		},
		"endpoint with a fragment": {
			func(m *providerModel) { m.Endpoint = types.StringValue("https://elb.example.com/#a") }, nil,
			"endpoint",
			[]string{"has a fragment"},
			"",
		},
		"endpoint with credentials": {
			func(m *providerModel) { m.Endpoint = types.StringValue("https://user:hunter2@elb.example.com") }, nil,
			"endpoint",
			[]string{"contains credentials"},
			"hunter2",
		},
		"endpoint with broken credentials": {
			func(m *providerModel) { m.Endpoint = types.StringValue("https://user:hunter2 %@elb.example.com") }, nil,
			"endpoint",
			[]string{"contains credentials"},
			"hunter2",
		},
		"endpoint that is no URL": {
			func(m *providerModel) { m.Endpoint = types.StringValue("https://elb example.com") }, nil,
			"endpoint",
			[]string{"no URL"},
			"",
		},
		"endpoint of the environment": {
			func(m *providerModel) { m.Endpoint = types.StringNull() },
			map[string]string{"ELBAAS_ENDPOINT": "elb.example.com"},
			"endpoint",
			[]string{"The endpoint from the environment variable ELBAAS_ENDPOINT is"},
			"",
		},
		"token with a line end": {
			func(m *providerModel) { m.Token = types.StringValue(testToken + "\n") }, nil,
			"token",
			[]string{`"\n" (U+000A) as character 36`, "trimspace"},
			testToken,
		},
		"token of the environment with a space": {
			func(m *providerModel) { m.Token = types.StringNull() },
			map[string]string{"OS_AUTH_TOKEN": " " + testToken},
			"token",
			[]string{"The token from the environment variable OS_AUTH_TOKEN", `" " (U+0020) as character 1`},
			testToken,
		},
		"project that is a name": {
			func(m *providerModel) { m.ProjectID = types.StringValue("eu-de/mine") }, nil,
			"project_id",
			[]string{"The project id from the provider block", `"/" (U+002F) as character 6`},
			"",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			block := completeBlock()
			row.change(&block)
			_, diags := newSettings(block, environment(row.variables))
			if len(diags) != 1 || diags[0].Severity() != diag.SeverityError {
				t.Fatalf("got %v, want one error", diags)
			}
			if at, ok := diags[0].(diag.DiagnosticWithPath); !ok || !at.Path().Equal(path.Root(row.attribute)) {
				t.Errorf("the error is not on %s: %v", row.attribute, diags[0])
			}
			shown := diags[0].Summary() + diags[0].Detail()
			for _, part := range row.want {
				if !strings.Contains(shown, part) {
					t.Errorf("the error lacks %q: %s", part, shown)
				}
			}
			if row.never != "" && strings.Contains(shown, row.never) {
				t.Errorf("the error shows %q", row.never)
			}
		})
	}
}

func TestSettingsExpiryWarningDays(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		block    types.Int64
		variable string
		want     int64 // -1 is an error
	}{
		"default":            {types.Int64Null(), "", 30},
		"block":              {types.Int64Value(7), "9", 7},
		"environment":        {types.Int64Null(), "9", 9},
		"off":                {types.Int64Value(0), "9", 0},
		"not known yet":      {types.Int64Unknown(), "", 30},
		"negative":           {types.Int64Value(-1), "", -1},
		"beyond reason":      {types.Int64Value(36501), "", -1},
		"no number":          {types.Int64Null(), "soon", -1},
		"not a whole number": {types.Int64Null(), "1.5", -1},
	} {
		block := completeBlock()
		block.ExpiryWarningDays = row.block
		s, diags := newSettings(block, environment(map[string]string{"ELBAAS_EXPIRY_WARNING_DAYS": row.variable}))
		if row.want < 0 {
			if len(diags) != 1 || !strings.Contains(diags[0].Detail(), "Give a whole number from 0") || !diags[0].(diag.DiagnosticWithPath).Path().Equal(path.Root("expiry_warning_days")) {
				t.Errorf("%s: got %v", name, diags)
			}
			continue
		}
		if diags.HasError() || s.expiryWarningDays != row.want {
			t.Errorf("%s: got %d, %v, want %d", name, s.expiryWarningDays, diags, row.want)
		}
	}
}

func TestSettingsEndpoints(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"https://elb.eu-de.otc.t-systems.com",
		"https://elb.eu-de.otc.t-systems.com/",
		"https://gateway.example.com:8443/elb/",
		"http://127.0.0.1:8080/elb",
		"http://[::1]:8080",
	} {
		if endpoint, err := parseEndpoint(text); err != nil || endpoint.String() != text {
			t.Errorf("%s: got %v, %v", text, endpoint, err)
		}
	}
}

// TestSettingsUnknown has arguments that come from resources not yet created.
func TestSettingsUnknown(t *testing.T) {
	t.Parallel()
	s, diags := newSettings(providerModel{
		Endpoint:  types.StringUnknown(),
		ProjectID: types.StringUnknown(),
		Token:     types.StringUnknown(),
	}, environment(map[string]string{"ELBAAS_ENDPOINT": "nonsense"}))
	if diags.HasError() {
		t.Fatalf("an unknown value fails before it is needed: %v", diags)
	}
	c := &cloud{settings: s}
	shown := fmt.Sprint(c.ready())
	if !strings.Contains(shown, "argument endpoint depends") || !strings.Contains(shown, "argument token depends") || strings.Contains(shown, "argument project_id") {
		t.Errorf("the error does not name the arguments: %s", shown)
	}
	if project, diags := c.project(types.StringNull()); !project.IsUnknown() || diags.HasError() {
		t.Errorf("project = %v, %v, want unknown", project, diags)
	}
	if project, diags := c.project(types.StringValue(testProject)); project.ValueString() != testProject || diags.HasError() {
		t.Errorf("project = %v, %v, want the certificate's own", project, diags)
	}
}

func TestNoProject(t *testing.T) {
	t.Parallel()
	_, diags := (&cloud{}).project(types.StringNull())
	if len(diags) != 1 || !strings.Contains(diags[0].Detail(), "HW_PROJECT_ID or OS_PROJECT_ID") {
		t.Errorf("got %v", diags)
	}
}
