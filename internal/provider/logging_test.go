package provider

import (
	"bytes"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-log/tflogtest"

	"github.com/elbaas/terraform-provider-elbaas/internal/elb"
	"github.com/elbaas/terraform-provider-elbaas/internal/elbstub"
)

// TestLogsShowNoCredentials uses each kind of credentials, and searches the logs of every level for
// them.
func TestLogsShowNoCredentials(t *testing.T) {
	t.Parallel()
	const hidden = "hunter2-hunter2"
	stub := elbstub.New(elbstub.Options{Identity: elbstub.Identity{
		Projects:   []elbstub.Project{{ID: testProject, Name: "eu-de", Domain: "mine"}},
		Users:      []elbstub.User{{Name: "me", Password: hidden, Domain: "mine"}},
		AccessKeys: []elbstub.AccessKey{{Access: "AK", Secret: hidden, SecurityToken: hidden, Domain: "mine"}},
	}})
	server := httptest.NewServer(stub)
	t.Cleanup(server.Close)
	for name, block := range map[string]providerBlock{
		"token": {"token": types.StringValue(hidden)},
		"key": {
			"access_key": types.StringValue("AK"), "secret_key": types.StringValue(hidden),
			"security_token": types.StringValue(hidden),
		},
		"wrong key": {"access_key": types.StringValue("WRONG"), "secret_key": types.StringValue(hidden)},
		"password": {
			"user_name": types.StringValue("me"), "password": types.StringValue(hidden),
			"domain_name": types.StringValue("mine"),
		},
		"wrong user": {
			"user_name": types.StringValue("you"), "password": types.StringValue(hidden),
			"domain_name": types.StringValue("mine"),
		},
		"wrong place": {
			"user_name": types.StringValue("you"), "password": types.StringValue(hidden),
			"domain_name": types.StringValue("mine"), "auth_url": types.StringValue("http://127.0.0.1:1"),
		},
	} {
		block["endpoint"] = types.StringValue(server.URL)
		block["max_retries"] = types.StringValue("0")
		block["project_name"] = types.StringValue("eu-de")
		if _, isSet := block["auth_url"]; !isSet {
			block["auth_url"] = types.StringValue(server.URL + "/v3")
		}
		s, diags := newSettings(block, environmentOf(nil))
		if diags.HasError() {
			t.Fatal(diags)
		}
		var log bytes.Buffer
		ctx := tflogtest.RootLogger(t.Context(), &log)
		c := newCloud(s, "test", nil)
		_ = c.readyProject(ctx, types.StringNull(), &diags)
		_, err := c.client.ReadCertificate(ctx, testProject, elb.Certificate{ID: "id"}, elb.NoWrite)
		shown := fmt.Sprint(diags, err, log.String())
		for _, secret := range []string{hidden, "Signature=", "issued-"} {
			if strings.Contains(shown, secret) {
				t.Errorf("%s: it shows %q:\n%s", name, secret, shown)
			}
		}
		if !strings.Contains(log.String(), "API call") {
			t.Errorf("%s: nothing is logged", name)
		}
	}
}
