package provider

import (
	"bytes"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-log/tflogtest"

	"github.com/elbaas/terraform-provider-elbaas/internal/elbstub"
)

// TestLogsShowNoCredentials uses each kind of credentials, and looks for them in
// the log of every level.
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
	for name, block := range map[string]providerModel{
		"token":       {Token: types.StringValue(hidden)},
		"key":         {AccessKey: types.StringValue("AK"), SecretKey: types.StringValue(hidden), SecurityToken: types.StringValue(hidden)},
		"wrong key":   {AccessKey: types.StringValue("WRONG"), SecretKey: types.StringValue(hidden)},
		"password":    {UserName: types.StringValue("me"), Password: types.StringValue(hidden), DomainName: types.StringValue("mine")},
		"wrong user":  {UserName: types.StringValue("you"), Password: types.StringValue(hidden), DomainName: types.StringValue("mine")},
		"wrong place": {UserName: types.StringValue("you"), Password: types.StringValue(hidden), DomainName: types.StringValue("mine"), AuthURL: types.StringValue("http://127.0.0.1:1")},
	} {
		block.Endpoint, block.MaxRetries, block.ProjectName = types.StringValue(server.URL), types.Int64Value(0), types.StringValue("eu-de")
		if block.AuthURL.IsNull() {
			block.AuthURL = types.StringValue(server.URL + "/v3")
		}
		s, diags := newSettings(block, environment(nil))
		if diags.HasError() {
			t.Fatal(diags)
		}
		var log bytes.Buffer
		ctx := tflogtest.RootLogger(t.Context(), &log)
		c := newCloud(s, "test", time.Now, nil)
		_, said := c.project(ctx, types.StringNull())
		_, err := c.client.GetCertificate(ctx, testProject, "id")
		shown := fmt.Sprint(said, err, log.String())
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
