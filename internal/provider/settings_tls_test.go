package provider

import (
	"crypto/tls"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/elbaas/terraform-provider-elbaas/internal/throwaway"
)

// settingsOf makes settings of words (see there).
func settingsOf(block, variables string, files ...map[string]string) (settings, string) {
	all := providerBlock{}
	for name, value := range words(block) {
		all[name] = types.StringValue(value)
	}
	s, diags := newSettings(all, environmentOf(words(variables), files...))
	var said strings.Builder
	for _, d := range diags {
		said.WriteString(d.Summary() + ": " + d.Detail() + "\n")
	}
	return s, said.String()
}

func TestTLSSettings(t *testing.T) {
	t.Parallel()
	pair, err := throwaway.NewPair("client")
	if err != nil {
		t.Fatal(err)
	}
	block := completeBlock()
	block["endpoint"] = types.StringValue("http://elb.example.com")
	block["insecure"] = types.StringValue("true")
	block["cacert_file"] = types.StringValue(pair.Certificate)
	s, diags := newSettings(block, environmentOf(map[string]string{
		"OS_CERT": "~/client.crt", "OS_KEY": "client.key",
		"HW_INSECURE": "false",
	},
		map[string]string{"/home/me/client.crt": pair.Certificate, "client.key": pair.PrivateKey}))
	if diags.HasError() {
		t.Fatal(diags)
	}
	if !s.tls.InsecureSkipVerify || s.tls.RootCAs == nil || len(s.tls.Certificates) != 1 ||
		s.tls.MinVersion != tls.VersionTLS12 {
		t.Errorf("got %t %v %d %x", s.tls.InsecureSkipVerify, s.tls.RootCAs, len(s.tls.Certificates), s.tls.MinVersion)
	}
}

// TestInsecureOfSources: insecure counts as an address does. It is that of the provider
// block, of the source of the credentials or of their addresses, or of an earlier one.
func TestInsecureOfSources(t *testing.T) {
	t.Parallel()
	const later = "OS_INSECURE=1 "
	for name, row := range map[string]struct {
		block, variables string
		files            map[string]string
		want             bool
	}{
		"beside the credentials of HW_":    {"", "HW_key HW_REGION_NAME=eu-de HW_INSECURE=true", nil, true},
		"beside the credentials of HCS_":   {"", "HCS_key HCS_REGION_NAME=r HCS_CLOUD=a.b HCS_INSECURE=true", nil, true},
		"beside the credentials of OS_":    {"", "OS_key OS_REGION_NAME=eu-de " + later, nil, true},
		"beside an address of HW_":         {"", "OS_key OS_REGION_NAME=eu-de HW_CLOUD=a.b " + later, nil, true},
		"of an earlier source":             {"", "OS_password OS_REGION_NAME=eu-de HW_INSECURE=true " + otcURL, nil, true},
		"its own before an earlier one":    {"", "OS_key OS_REGION_NAME=eu-de OS_INSECURE=0 HW_INSECURE=true", nil, false},
		"of the block":                     {"insecure=true", "HW_key HW_REGION_NAME=eu-de", nil, true},
		"of a later source":                {"", "HW_key HW_REGION_NAME=eu-de " + later, nil, false},
		"of a later source, cloud":         {"", "HW_key HW_REGION_NAME=eu-de HW_CLOUD=a.b " + later + otcURL, nil, false},
		"of a later source than the block": {"key region=eu-de cloud=a.b", later, nil, false},
		"of a later source than endpoint":  {"token endpoint=https://elb.example.com project_id=a", later, nil, false},
		"block leaves the rest to HW_":     {"key", "HW_REGION_NAME=eu-de HW_INSECURE=true", nil, true},
		"block leaves the rest to OS_":     {"key", "OS_REGION_NAME=eu-de HW_INSECURE=true " + otcURL, nil, true},
		"block leaves the rest to HW_ only": {
			"key", "HW_REGION_NAME=eu-de HW_CLOUD=a.b " + later, nil, false,
		},
		"block leaves the endpoint to others": {
			"token project_id=a", "ELBAAS_ENDPOINT=https://elb.example.com " + later, nil, true,
		},
		"of an entry of the environment": {"", "OS_CLOUD=mine", entryOf("}, region_name: eu-de, verify: false"), true},
		"beside an entry of the environment": {
			"", "OS_CLOUD=mine " + later, entryOf("}, region_name: eu-de"), true,
		},
		"of another source than an entry": {
			"clouds_entry=mine", later, entryOf("}, region_name: eu-de"), false,
		},
	} {
		s, said := settingsOf(row.block, row.variables, row.files)
		if said != "" || s.tls.InsecureSkipVerify != row.want {
			t.Errorf("%s: insecure is not %t: %s", name, row.want, said)
		}
	}
}

// TestPlainAddressesOfSources: an address without TLS needs the insecure of its own
// source, or of the provider block. The error names both, and the remedy.
func TestPlainAddressesOfSources(t *testing.T) {
	t.Parallel()
	const plain = "_AUTH_URL=http://iam.example.com/v3 "
	const endpoint = "ELBAAS_ENDPOINT=http://elb.example.com "
	for name, row := range map[string]struct {
		block, variables string
		files            map[string]string
		names            []string // in the error; none is none
	}{
		"of HW_":                         {"", "HW_token HW_INSECURE=1 HW_REGION_NAME=a HW" + plain, nil, nil},
		"of OS_":                         {"", "OS_token OS_INSECURE=1 OS_REGION_NAME=a OS" + plain, nil, nil},
		"settled by the block":           {"insecure=true", "OS_token OS_REGION_NAME=a OS" + plain, nil, nil},
		"endpoint, insecure of HW_":      {"", endpoint + "HW_token HW_INSECURE=1 HW_PROJECT_ID=a", nil, nil},
		"endpoint, insecure of OS_":      {"token project_id=a", endpoint + "OS_INSECURE=1", nil, nil},
		"an entry, insecure beside it":   {"", "OS_CLOUD=mine OS_INSECURE=1", entryOf(", auth_url: 'http://iam.example.com/v3'}"), nil},
		"an entry of its own":            {"", "OS_CLOUD=mine", entryOf(", auth_url: 'http://iam.example.com/v3'}, verify: false"), nil},
		"of OS_, insecure of HW_ too":    {"token project_id=a", "HW_INSECURE=1 OS_INSECURE=1 OS_REGION_NAME=a OS" + plain, nil, nil},
		"block, insecure of HW_":         {"token project_id=a endpoint=http://elb.example.com", "HW_INSECURE=1", nil, []string{"The endpoint from the provider block", "HW_INSECURE"}},
		"HW_, insecure of OS_":           {"", "HW_token HW_REGION_NAME=a OS_INSECURE=1 HW" + plain, nil, []string{"HW_AUTH_URL", "OS_INSECURE"}},
		"OS_, insecure of HW_":           {"", "OS_token OS_REGION_NAME=a HW_INSECURE=1 OS" + plain, nil, []string{"OS_AUTH_URL", "HW_INSECURE"}},
		"HW_, credentials of OS_":        {"", "OS_token OS_REGION_NAME=a OS_INSECURE=1 HW" + plain, nil, []string{"HW_AUTH_URL", "OS_INSECURE"}},
		"endpoint, insecure of a later":  {"", endpoint + "HW_token OS_INSECURE=1 HW_PROJECT_ID=a", nil, []string{"ELBAAS_ENDPOINT", "OS_INSECURE"}},
		"an entry, insecure of a source": {"clouds_entry=mine", "HW_INSECURE=1", entryOf(", auth_url: 'http://iam.example.com/v3'}"), []string{`the entry "mine" of clouds.yaml`, "HW_INSECURE"}},
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

// TestAuthoritiesOfSources: the variables of a CA file and of a client certificate exist
// as OS_… alone, so that they count for all credentials, unless they are for the cloud
// that OS_… names itself.
func TestAuthoritiesOfSources(t *testing.T) {
	t.Parallel()
	files := map[string]string{"ca.pem": testPair().Certificate, "client.key": testPair().PrivateKey}
	const all = " OS_CACERT=ca.pem OS_CERT=ca.pem OS_KEY=client.key "
	for name, row := range map[string]struct {
		block, variables string
		want             bool
	}{
		"a private cloud":                       {"", "HCS_key HCS_REGION_NAME=r HCS_CLOUD=a.b" + all, true},
		"HW_":                                   {"", "HW_key HW_REGION_NAME=eu-de" + all, true},
		"the block":                             {"key region=r cloud=a.b", all, true},
		"openrc":                                {"", "OS_password OS_REGION_NAME=eu-de " + otcURL + all, true},
		"the block leaves the rest to openrc":   {"key", "OS_REGION_NAME=eu-de " + otcURL + all, true},
		"an openrc of another cloud left over":  {"", "HW_key HW_REGION_NAME=eu-de " + otcURL + all, false},
		"FlexibleEngine left over":              {"key region=r cloud=a.b", "OS_CLOUD=" + orange + all, false},
		"an entry left over":                    {"", "HW_key HW_REGION_NAME=eu-de OS_CLOUD=mine" + all, false},
		"an openrc left over beside an address": {"", "OS_key OS_REGION_NAME=eu-de HW_CLOUD=a.b" + all, true},
	} {
		s, said := settingsOf(row.block, row.variables, files)
		if said != "" || (s.tls.RootCAs != nil) != row.want || (len(s.tls.Certificates) == 1) != row.want {
			t.Errorf("%s: they do not count as %t: %s", name, row.want, said)
		}
	}
}
