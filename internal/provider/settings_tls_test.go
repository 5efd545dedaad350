package provider

import (
	"crypto/tls"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/elbaas/terraform-provider-elbaas/internal/throwaway"
)

// settingsOf makes settings of a setup (see parseWords).
func settingsOf(block, variables string, files ...map[string]string) (settings, string) {
	all := providerBlock{}
	for name, value := range parseWords(block) {
		all[name] = types.StringValue(value)
	}
	s, diags := newSettings(all, environmentOf(parseWords(variables), files...))
	var said strings.Builder
	for _, d := range diags {
		said.WriteString(d.Summary() + ": " + d.Detail() + "\n")
	}
	return s, said.String()
}

func TestTLSSettings(t *testing.T) {
	t.Parallel()
	pair := throwaway.NewPair("client")
	block := completeBlock()
	block["endpoint"] = types.StringValue("http://elb.example.com")
	block["insecure"] = types.BoolValue(true) // the type in the schema
	block["cacert_file"] = types.StringValue(pair.Certificate)
	s, diags := newSettings(block, environmentOf(map[string]string{
		"OS_CERT": "~/client.crt", "OS_KEY": "client.key",
		"HW_INSECURE": "false",
	},
		map[string]string{"/home/me/client.crt": pair.Certificate, "client.key": pair.PrivateKey}))
	if diags.HasError() {
		t.Fatal(diags)
	}
	c := s.api.TLS
	if !c.InsecureSkipVerify || c.RootCAs == nil || len(c.Certificates) != 1 || c.MinVersion != tls.VersionTLS12 {
		t.Errorf("got %t %v %d %x", c.InsecureSkipVerify, c.RootCAs, len(c.Certificates), c.MinVersion)
	}
}

// TestInsecureOfSources: insecure counts if it is set in the provider block, in the source of the
// credentials or of the addresses, or in an earlier source.
func TestInsecureOfSources(t *testing.T) {
	t.Parallel()
	const later = "OS_INSECURE=1 "
	for name, row := range map[string]struct {
		block, variables string
		files            map[string]string
		want             bool
	}{
		"beside the credentials of HW_": {
			variables: "HW_key HW_REGION_NAME=eu-de HW_INSECURE=true",
			want:      true,
		},
		"beside the credentials of HCS_": {
			variables: "HCS_key HCS_REGION_NAME=r HCS_CLOUD=a.b HCS_INSECURE=true",
			want:      true,
		},
		"beside the credentials of OS_": {
			variables: "OS_key OS_REGION_NAME=eu-de " + later,
			want:      true,
		},
		"beside an address of HW_": {
			variables: "OS_key OS_REGION_NAME=eu-de HW_CLOUD=a.b " + later,
			want:      true,
		},
		"of an earlier source": {
			variables: "OS_password OS_REGION_NAME=eu-de HW_INSECURE=true " + otcURL,
			want:      true,
		},
		"its own before an earlier one": {
			variables: "OS_key OS_REGION_NAME=eu-de OS_INSECURE=0 HW_INSECURE=true",
		},
		"of the block": {
			block:     "insecure=true",
			variables: "HW_key HW_REGION_NAME=eu-de",
			want:      true,
		},
		"of a later source": {
			variables: "HW_key HW_REGION_NAME=eu-de " + later,
		},
		"of a later source, cloud": {
			variables: "HW_key HW_REGION_NAME=eu-de HW_CLOUD=a.b " + later + otcURL,
		},
		"of a later source than the block": {
			block:     "key region=eu-de cloud=a.b",
			variables: later,
		},
		"of a later source than endpoint": {
			block:     "token endpoint=https://elb.example.com project_id=a",
			variables: later,
		},
		"of a later source than endpoint, which names its cloud": {
			block:     "key endpoint=https://elb.eu-de.otc.t-systems.com",
			variables: "OS_REGION_NAME=eu-de " + later + otcURL,
		},
		"block leaves the rest to HW_": {
			block:     "key",
			variables: "HW_REGION_NAME=eu-de HW_INSECURE=true",
			want:      true,
		},
		"block leaves the rest to OS_": {
			block:     "key",
			variables: "OS_REGION_NAME=eu-de HW_INSECURE=true " + otcURL,
			want:      true,
		},
		"block leaves the rest to HW_ only": {
			block:     "key",
			variables: "HW_REGION_NAME=eu-de HW_CLOUD=a.b " + later,
		},
		"block leaves the endpoint to others": {
			block:     "token project_id=a",
			variables: "ELBAAS_ENDPOINT=https://elb.example.com " + later,
			want:      true,
		},
		"of a source before the endpoint, and after the region": {
			block:     "key project_id=a",
			variables: "HW_REGION_NAME=eu-de ELBAAS_ENDPOINT=https://elb.eu-de.example.com " + later,
		},
		"of a source before the endpoint, and the region is in the block": {
			block:     "token region=eu-de project_id=a",
			variables: "ELBAAS_ENDPOINT=https://elb.example.com " + later,
		},
		"of a source before the endpoint, and after the credentials": {
			variables: "HW_token HW_PROJECT_ID=a ELBAAS_ENDPOINT=https://elb.example.com " + later,
		},
		"of an entry of the environment": {
			variables: "OS_CLOUD=mine",
			files:     entryOf("}, region_name: eu-de, verify: false"),
			want:      true,
		},
		"not of an entry that verifies": {
			variables: "OS_CLOUD=mine",
			files:     entryOf("}, region_name: eu-de, verify: true"),
		},
		"beside an entry of the environment": {
			variables: "OS_CLOUD=mine " + later,
			files:     entryOf("}, region_name: eu-de"),
			want:      true,
		},
		"of another source than an entry": {
			block:     "clouds_entry=mine",
			variables: later,
			files:     entryOf("}, region_name: eu-de"),
		},
	} {
		s, said := settingsOf(row.block, row.variables, row.files)
		if said != "" || s.api.TLS.InsecureSkipVerify != row.want {
			t.Errorf("%s: insecure is not %t: %s", name, row.want, said)
		}
	}
}

// TestPlainAddressesOfSources: an address without TLS needs insecure in its own source, or in the
// provider block. The error names both sources, and the remedy.
func TestPlainAddressesOfSources(t *testing.T) {
	t.Parallel()
	const plain = "_AUTH_URL=http://iam.example.com/v3 "
	const endpoint = "ELBAAS_ENDPOINT=http://elb.example.com "
	for name, row := range map[string]struct {
		block, variables string
		files            map[string]string
		names            []string // parts of the error; empty means success
	}{
		"of HW_": {
			variables: "HW_token HW_INSECURE=1 HW_REGION_NAME=a HW" + plain,
		},
		"of OS_": {
			variables: "OS_token OS_INSECURE=1 OS_REGION_NAME=a OS" + plain,
		},
		"settled by the block": {
			block:     "insecure=true",
			variables: "OS_token OS_REGION_NAME=a OS" + plain,
		},
		"endpoint, insecure of HW_": {
			variables: endpoint + "HW_token HW_INSECURE=1 HW_PROJECT_ID=a",
		},
		"endpoint, insecure of OS_": {
			block:     "token project_id=a",
			variables: endpoint + "OS_INSECURE=1",
		},
		"an entry, insecure beside it": {
			variables: "OS_CLOUD=mine OS_INSECURE=1",
			files:     entryOf(", auth_url: 'http://iam.example.com/v3'}"),
		},
		"an entry of its own": {
			variables: "OS_CLOUD=mine",
			files:     entryOf(", auth_url: 'http://iam.example.com/v3'}, verify: false"),
		},
		"of OS_, insecure of HW_ too": {
			block:     "token project_id=a",
			variables: "HW_INSECURE=1 OS_INSECURE=1 OS_REGION_NAME=a OS" + plain,
		},
		"block, insecure of HW_": {
			block:     "token project_id=a endpoint=http://elb.example.com",
			variables: "HW_INSECURE=1",
			names:     []string{"The endpoint from the provider block", "HW_INSECURE"},
		},
		"HW_, insecure of OS_": {
			variables: "HW_token HW_REGION_NAME=a OS_INSECURE=1 HW" + plain,
			names:     []string{"HW_AUTH_URL", "OS_INSECURE"},
		},
		"OS_, insecure of HW_": {
			variables: "OS_token OS_REGION_NAME=a HW_INSECURE=1 OS" + plain,
			names:     []string{"OS_AUTH_URL", "HW_INSECURE"},
		},
		"HW_, credentials of OS_": {
			variables: "OS_token OS_REGION_NAME=a OS_INSECURE=1 HW" + plain,
			names:     []string{"HW_AUTH_URL", "OS_INSECURE"},
		},
		"endpoint, insecure of a later": {
			variables: endpoint + "HW_token OS_INSECURE=1 HW_PROJECT_ID=a",
			names:     []string{"ELBAAS_ENDPOINT", "OS_INSECURE"},
		},
		"an entry, insecure of a source": {
			block:     "clouds_entry=mine",
			variables: "HW_INSECURE=1",
			files:     entryOf(", auth_url: 'http://iam.example.com/v3'}"),
			names:     []string{`the entry "mine" of clouds.yaml`, "HW_INSECURE"},
		},
	} {
		_, said := settingsOf(row.block, row.variables, row.files)
		if row.names == nil {
			if said != "" {
				t.Errorf("%s: %s", name, said)
			}
			continue
		}
		for _, part := range append(row.names, "without TLS", "insecure = true in the provider block") {
			if !strings.Contains(said, part) {
				t.Errorf("%s: it lacks %q: %s", name, part, said)
			}
		}
	}
}

// TestAuthoritiesOfSources: a CA file and a client certificate have only OS_… variables, so these
// apply to all credentials, unless they are for the cloud that other OS_… variables name.
func TestAuthoritiesOfSources(t *testing.T) {
	t.Parallel()
	files := map[string]string{"ca.pem": testPair().Certificate, "client.key": testPair().PrivateKey}
	const all = " OS_CACERT=ca.pem OS_CERT=ca.pem OS_KEY=client.key "
	for name, row := range map[string]struct {
		block, variables string
		want             bool
	}{
		"a private cloud": {
			variables: "HCS_key HCS_REGION_NAME=r HCS_CLOUD=a.b" + all,
			want:      true,
		},
		"HW_": {
			variables: "HW_key HW_REGION_NAME=eu-de" + all,
			want:      true,
		},
		"the block": {
			block:     "key region=r cloud=a.b",
			variables: all,
			want:      true,
		},
		"openrc": {
			variables: "OS_password OS_REGION_NAME=eu-de " + otcURL + all,
			want:      true,
		},
		"the block leaves the rest to openrc": {
			block:     "key",
			variables: "OS_REGION_NAME=eu-de " + otcURL + all,
			want:      true,
		},
		"an openrc of another cloud left over": {
			variables: "HW_key HW_REGION_NAME=eu-de " + otcURL + all,
		},
		"FlexibleEngine left over": {
			block:     "key region=r cloud=a.b",
			variables: "OS_CLOUD=" + orange + all,
		},
		"an entry left over": {
			variables: "HW_key HW_REGION_NAME=eu-de OS_CLOUD=mine" + all,
		},
		"an openrc left over beside an address": {
			variables: "OS_key OS_REGION_NAME=eu-de HW_CLOUD=a.b" + all,
			want:      true,
		},
	} {
		s, said := settingsOf(row.block, row.variables, files)
		if said != "" || (s.api.TLS.RootCAs != nil) != row.want || (len(s.api.TLS.Certificates) == 1) != row.want {
			t.Errorf("%s: they do not count as %t: %s", name, row.want, said)
		}
	}
}
