package provider

import (
	"fmt"
	"io/fs"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/elbaas/terraform-provider-elbaas/internal/auth"
	"github.com/elbaas/terraform-provider-elbaas/internal/throwaway"
)

const (
	testProject = "0123456789abcdef0123456789abcdef"
	testToken   = "MIIFvAYJKoZIhvcNAQcCoIIFrTCCBakCAQE"
)

// completeBlock is a provider block that is enough.
func completeBlock() providerBlock {
	return providerBlock{
		"endpoint":   types.StringValue("https://block.example.com"),
		"project_id": types.StringValue("block-project"),
		"token":      types.StringValue("block-token"),
	}
}

// environment has variables, and files; the user's folder is /home/me.
func environmentOf(variables map[string]string, files ...map[string]string) environment {
	return environment{
		getenv: func(name string) string { return variables[name] },
		readFile: func(name string) ([]byte, error) {
			for _, all := range files {
				if content, found := all[name]; found {
					return []byte(content), nil
				}
			}
			return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
		},
		home: "/home/me",
	}
}

// TestSettingsVariables goes through each argument: the block, and each of its
// variables, earlier ones before later ones.
func TestSettingsVariables(t *testing.T) {
	t.Parallel()
	pair, err := throwaway.NewPair("client")
	if err != nil {
		t.Fatal(err)
	}
	// Files that any value below may name.
	const most = 7
	files := map[string]string{}
	var profiles, entries string
	for n := range most {
		files[fmt.Sprintf("/home/me/%d.example.com", n)] = fmt.Sprintf(`{"current":"a","profiles":[{"name":"a","accessKeyId":"AK%d","secretAccessKey":"SK"}]}`, n)
		files[fmt.Sprintf("%d.example.com", n)] = pair.Certificate
		profiles += fmt.Sprintf(`{"name":"%d.example.com","accessKeyId":"AK%[1]d","secretAccessKey":"SK"},`, n)
		entries += fmt.Sprintf("  entry%d: {auth: {ak: AK%[1]d, sk: SK}}\n", n)
	}
	files["/home/me/.hcloud/config.json"] = `{"profiles":[` + strings.TrimSuffix(profiles, ",") + `]}`
	files["clouds.yaml"] = "clouds:\n" + entries

	// What makes the rest of the settings valid, for each prefix of variables.
	type variables = map[string]string
	nothing := func(string) variables { return variables{} }
	key := func(p string) variables { return variables{p + "ACCESS_KEY": "AK", p + "SECRET_KEY": "SK"} }
	password := func(p string) variables {
		if p == "OS_" {
			return variables{"OS_USERNAME": "u", "OS_PASSWORD": "pw", "OS_DOMAIN_NAME": "d", "OS_AUTH_URL": "https://iam.example.com/v3"}
		}
		return variables{p + "USER_NAME": "u", p + "USER_PASSWORD": "pw", p + "DOMAIN_NAME": "d", p + "AUTH_URL": "https://iam.example.com/v3"}
	}
	agency := func(p string) variables {
		return variables{
			p + "ACCESS_KEY": "AK", p + "SECRET_KEY": "SK", p + "AUTH_URL": "https://iam.example.com/v3",
			p + "ASSUME_ROLE_AGENCY_NAME": "agency", p + "ASSUME_ROLE_DOMAIN_NAME": "domain",
		}
	}
	keyBlock := func(m providerBlock, v types.String) {
		m["access_key"], m["secret_key"], m["security_token"] = v, v,
			v
	}
	userBlock := func(m providerBlock, v types.String) {
		m["user_name"], m["user_id"], m["password"], m["domain_name"], m["domain_id"] = v, v, v, v, v
	}
	agencyBlock := func(m providerBlock, v types.String) {
		m["access_key"], m["secret_key"], m["assume_role.agency_name"], m["assume_role.domain_name"] = v, v, v, v
	}
	host := func(n int) string { return fmt.Sprintf("%d.example.com", n) }
	address := func(n int) string { return "https://" + host(n) }
	ak := func(n int) string { return fmt.Sprintf("AK%d", n) }
	even := func(n int) string { return strconv.FormatBool(n%2 == 0) }
	scheme := func(n int) string { return []string{"scoped", "access"}[n%2] }

	for name, row := range map[string]struct {
		variables   string // in their order
		with        func(prefix string) variables
		block       func(providerBlock, types.String)
		get         func(settings) string
		given, want func(n int) string // the nth value, and what becomes of it; host if nil
	}{
		"region": {
			"HW_REGION_NAME HCS_REGION_NAME OS_REGION_NAME OS_REGION", key,
			func(m providerBlock, v types.String) { m["region"] = v }, func(s settings) string { return s.region }, ak,
			ak,
		},
		"cloud": {"HW_CLOUD HCS_CLOUD OS_CLOUD", key, func(m providerBlock,
			v types.String,
		) {
			m["cloud"] = v
		}, func(s settings) string {
			return strings.TrimPrefix(s.endpoint.Host,
				"elb.eu-de.")
		}, nil, nil},
		"clouds_entry": {
			"OS_CLOUD", nothing, func(m providerBlock,
				v types.String,
			) {
				m["clouds_entry"] = v
			}, func(s settings) string { return s.credentials.AccessKey },
			func(n int) string { return fmt.Sprintf("entry%d", n) }, ak,
		},
		"endpoint": {
			"ELBAAS_ENDPOINT", key, func(m providerBlock, v types.String) { m["endpoint"] = v },
			func(s settings) string { return s.endpoint.String() }, address, address,
		},
		"auth_url": {
			"HW_AUTH_URL HCS_AUTH_URL OS_AUTH_URL", key, func(m providerBlock,
				v types.String,
			) {
				m["auth_url"] = v
			}, func(s settings) string { return s.authURL.String() }, address,
			address,
		},
		"access_key":     {"HW_ACCESS_KEY HCS_ACCESS_KEY OS_ACCESS_KEY", key, keyBlock, func(s settings) string { return s.credentials.AccessKey }, nil, nil},
		"secret_key":     {"HW_SECRET_KEY HCS_SECRET_KEY OS_SECRET_KEY", key, keyBlock, func(s settings) string { return s.credentials.SecretKey.Reveal() }, nil, nil},
		"security_token": {"HW_SECURITY_TOKEN HCS_SECURITY_TOKEN OS_SECURITY_TOKEN", key, keyBlock, func(s settings) string { return s.credentials.SecurityToken.Reveal() }, nil, nil},
		"signing_scheme": {
			"ELBAAS_SIGNING_SCHEME", key, func(m providerBlock,
				v types.String,
			) {
				m["signing_scheme"] = v
			}, func(s settings) string { return string(s.signingScheme) },
			scheme, scheme,
		},
		"token": {
			"HW_AUTH_TOKEN HCS_AUTH_TOKEN OS_AUTH_TOKEN OS_TOKEN", nothing,
			func(m providerBlock, v types.String) { m["token"] = v },
			func(s settings) string { return s.credentials.Token.Reveal() }, nil, nil,
		},
		"user_name":   {"HW_USER_NAME HCS_USER_NAME OS_USERNAME OS_USER_NAME", password, userBlock, func(s settings) string { return s.credentials.UserName }, nil, nil},
		"user_id":     {"HW_USER_ID HCS_USER_ID OS_USER_ID", password, userBlock, func(s settings) string { return s.credentials.UserID }, nil, nil},
		"password":    {"HW_USER_PASSWORD HCS_USER_PASSWORD OS_PASSWORD", password, userBlock, func(s settings) string { return s.credentials.Password.Reveal() }, nil, nil},
		"domain_name": {"HW_DOMAIN_NAME HCS_DOMAIN_NAME OS_USER_DOMAIN_NAME OS_PROJECT_DOMAIN_NAME OS_DOMAIN_NAME", password, userBlock, func(s settings) string { return s.credentials.DomainName }, nil, nil},
		"domain_id":   {"HW_DOMAIN_ID HCS_DOMAIN_ID OS_USER_DOMAIN_ID OS_PROJECT_DOMAIN_ID OS_DOMAIN_ID", password, userBlock, func(s settings) string { return s.credentials.DomainID }, nil, nil},
		"project_id": {
			"HW_PROJECT_ID HCS_PROJECT_ID OS_PROJECT_ID OS_TENANT_ID", key,
			func(m providerBlock, v types.String) { m["project_id"] = v },
			func(s settings) string { return s.projectID }, ak, ak,
		},
		"project_name": {
			"HW_PROJECT_NAME HCS_PROJECT_NAME OS_PROJECT_NAME OS_TENANT_NAME", key,
			func(m providerBlock, v types.String) { m["project_name"] = v },
			func(s settings) string { return s.projectName }, nil, nil,
		},
		"shared_config_file": {
			"HW_SHARED_CONFIG_FILE HCS_SHARED_CONFIG_FILE", nothing, func(m providerBlock,
				v types.String,
			) {
				m["shared_config_file"] = v
			}, func(s settings) string { return s.credentials.AccessKey },
			func(n int) string { return "~/" + host(n) }, ak,
		},
		"profile": {"HW_PROFILE HCS_PROFILE", nothing, func(m providerBlock,
			v types.String,
		) {
			m["profile"] = v
		}, func(s settings) string { return s.credentials.AccessKey }, host, ak},
		"assume_role.agency_name": {"HW_ASSUME_ROLE_AGENCY_NAME HCS_ASSUME_ROLE_AGENCY_NAME", agency, agencyBlock, func(s settings) string { return s.agency.Name }, nil, nil},
		"assume_role.domain_name": {"HW_ASSUME_ROLE_DOMAIN_NAME HCS_ASSUME_ROLE_DOMAIN_NAME", agency, agencyBlock, func(s settings) string { return s.agency.DomainName }, nil, nil},
		"cacert_file": {
			"OS_CACERT", key, func(m providerBlock, v types.String) { m["cacert_file"] = v },
			func(s settings) string { return strconv.FormatBool(s.tls.RootCAs != nil) }, host,
			func(int) string { return "true" },
		},
		"insecure": {
			"HW_INSECURE HCS_INSECURE OS_INSECURE", key, func(m providerBlock,
				_ types.String,
			) {
				m["insecure"] = types.StringValue("true")
			},
			func(s settings) string { return strconv.FormatBool(s.tls.InsecureSkipVerify) }, even, even,
		},
		"max_retries": {
			"HW_MAX_RETRIES HCS_MAX_RETRIES", key, func(m providerBlock,
				_ types.String,
			) {
				m["max_retries"] = types.StringValue(strconv.Itoa(most - 1))
			},
			func(s settings) string { return strconv.Itoa(s.maxRetries) }, strconv.Itoa, strconv.Itoa,
		},
		"expiry_warning_days": {"ELBAAS_EXPIRY_WARNING_DAYS", key, func(m providerBlock, _ types.String) {
			m["expiry_warning_days"] = types.StringValue(strconv.Itoa(most - 1))
		}, func(s settings) string { return strconv.Itoa(s.expiryWarningDays) }, strconv.Itoa, strconv.Itoa},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if row.given == nil {
				row.given, row.want = host, host
			}
			names := strings.Fields(row.variables)
			check := func(what string, block providerBlock, given variables, want string) {
				t.Helper()
				if name != "region" {
					block["region"] = types.StringValue("eu-de")
				}
				if name != "cloud" && name != "auth_url" { // HCS_… has no default cloud
					block["cloud"] = types.StringValue("example.com")
				}
				s, diags := newSettings(block, environmentOf(given, files))
				if diags.HasError() {
					t.Fatalf("%s: %v", what, diags)
				}
				if got := row.get(s); got != want {
					t.Errorf("%s: got %q, want %q", what, got, want)
				}
			}
			everything := variables{}
			for i, variable := range names {
				prefix := strings.Replace(strings.SplitAfter(variable, "_")[0], "ELBAAS_", "HW_", 1)
				given := row.with(prefix)
				for _, other := range names { // an alias must not be in the way
					delete(given, other)
				}
				given[variable] = row.given(i)
				check(variable, providerBlock{}, given, row.want(i))
				for j := i + 1; j < len(names); j++ {
					given[names[j]] = row.given(j)
				}
				check(variable+" and all after it", providerBlock{}, given, row.want(i))
				for name, text := range given {
					everything[name] = text
				}
			}
			block := providerBlock{}
			row.block(block, types.StringValue(row.given(most-1)))
			check("the block before all variables", block, everything, row.want(most-1))
		})
	}
}

func TestSettingsErrors(t *testing.T) {
	t.Parallel()
	const endpointSource = "The endpoint from the provider block cannot be used: "
	for name, row := range map[string]struct {
		change    func(providerBlock)
		variables map[string]string
		attribute string
		want      []string // parts of the detail
		never     string   // must not be shown
	}{
		"nothing given": {
			func(m providerBlock) { clear(m) },
			map[string]string{"no profiles": "yes"},
			"access_key",
			[]string{"HW_ACCESS_KEY and HW_SECRET_KEY", "HW_USER_NAME, HW_USER_PASSWORD, HW_DOMAIN_NAME", "HW_AUTH_TOKEN", "HW_PROFILE", "OS_CLOUD"},
			"",
		},
		"no region and no endpoint": {
			func(m providerBlock) { delete(m, "endpoint"); delete(m, "project_id") }, nil,
			"region",
			[]string{"HW_REGION_NAME or HCS_REGION_NAME or OS_REGION_NAME", "ELBAAS_ENDPOINT"},
			"",
		},
		"access key alone": {
			func(m providerBlock) { m["token"], m["access_key"] = types.StringNull(), types.StringValue("AK") },
			map[string]string{"HW_SECRET_KEY": "hunter2"}, // never mixed
			"secret_key",
			[]string{"The access_key comes from the provider block", "but secret_key is not set there. Set secret_key in the provider block as well", "never mixed"},
			"hunter2",
		},
		"secret key of the environment alone": {
			func(m providerBlock) { m["token"] = types.StringNull() },
			map[string]string{"HW_SECRET_KEY": "hunter2", "OS_ACCESS_KEY": "AK", "OS_SECRET_KEY": "SK"},
			"access_key",
			[]string{"The secret_key comes from the environment variable HW_SECRET_KEY", "Set the environment variable HW_ACCESS_KEY as well"},
			"hunter2",
		},
		"security token alone": {
			func(m providerBlock) { m["token"] = types.StringNull() },
			map[string]string{"HCS_SECURITY_TOKEN": "hunter2"},
			"access_key",
			[]string{"HCS_SECURITY_TOKEN", "HCS_ACCESS_KEY"},
			"hunter2",
		},
		"password without a user": {
			func(m providerBlock) { m["token"] = types.StringNull() },
			map[string]string{"OS_PASSWORD": "hunter2", "OS_AUTH_URL": "https://iam.example.com/v3"},
			"user_name",
			[]string{"OS_PASSWORD", "OS_USERNAME"},
			"hunter2",
		},
		"password without a domain": {
			func(m providerBlock) {
				m["token"], m["password"], m["user_name"], m["auth_url"] = types.StringNull(),
					types.StringValue("hunter2"), types.StringValue("me"),
					types.StringValue("https://iam.example.com/v3")
			}, nil,
			"domain_name",
			[]string{"unique in its domain", "Set domain_name in the provider block"},
			"hunter2",
		},
		"user without a password": {
			func(m providerBlock) { m["token"] = types.StringNull() },
			map[string]string{"HW_USER_NAME": "me"},
			"password",
			[]string{"HW_USER_PASSWORD"},
			"",
		},
		"password of a private cloud without auth_url": {
			func(m providerBlock) { m["token"] = types.StringNull() },
			map[string]string{"HCS_USER_NAME": "me", "HCS_USER_PASSWORD": "hunter2", "HCS_DOMAIN_NAME": "d", "HCS_REGION_NAME": "r", "HCS_CLOUD": "private.example.com"},
			"auth_url",
			[]string{"A password is exchanged for a token", "HCS_AUTH_URL"},
			"hunter2",
		},
		"cloud without a dot": {
			func(m providerBlock) { m["cloud"] = types.StringValue("otc") }, nil,
			"cloud",
			[]string{"The cloud from the provider block is \"otc\"", "no dot", "set clouds_entry instead"},
			"",
		},
		"cloud with a wildcard": {
			func(m providerBlock) { m["cloud"] = types.StringValue("*.otc.t-systems.com") }, nil,
			"cloud",
			[]string{"The cloud from the provider block contains \"*\" (U+002A) as character 1"},
			"",
		},
		"region that is a URL": {
			func(m providerBlock) { m["region"] = types.StringValue("eu.de/") }, nil,
			"region",
			[]string{`"." (U+002E) as character 3`},
			"",
		},
		"endpoint without TLS": {
			func(m providerBlock) { m["endpoint"] = types.StringValue("http://elb.example.com") }, nil,
			"endpoint",
			[]string{"anyone on the network path can read the private keys", "insecure = true"},
			"",
		},
		"auth_url without TLS": {
			func(m providerBlock) { m["auth_url"] = types.StringValue("http://iam.example.com/v3") }, nil,
			"auth_url",
			[]string{"https://"},
			"",
		},
		"insecure that is neither": {
			func(m providerBlock) { m["token"] = types.StringNull() },
			map[string]string{"OS_AUTH_TOKEN": "t", "OS_INSECURE": "maybe"},
			"insecure",
			[]string{"the environment variable OS_INSECURE is \"maybe\"", "true or false"},
			"",
		},
		"signing scheme that is none": {
			func(m providerBlock) { m["signing_scheme"] = types.StringValue("v4") }, nil,
			"signing_scheme",
			[]string{`"access"`, `"scoped"`},
			"",
		},
		"CA file that is not there": {
			func(m providerBlock) { m["cacert_file"] = types.StringValue("ca.pem") }, nil,
			"cacert_file",
			[]string{"nor a file that can be read", "ca.pem"},
			"",
		},
		"CA file that is none": {
			func(m providerBlock) { m["cacert_file"] = types.StringValue("notes.txt") }, nil,
			"cacert_file",
			[]string{"has no valid certificate"},
			"hunter2",
		},
		"client certificate without a key": {
			func(m providerBlock) { m["cert"] = types.StringValue("-----BEGIN CERTIFICATE-----") }, nil,
			"key",
			[]string{"OS_KEY"},
			"",
		},
		"key without a client certificate": {
			func(providerBlock) {},
			map[string]string{"OS_KEY": "-----BEGIN hunter2"},
			"cert",
			[]string{"OS_CERT"},
			"hunter2",
		},
		"client certificate that is none": {
			func(m providerBlock) {
				m["cert"], m["key"] = types.StringValue("notes.txt"), types.StringValue("-----BEGIN hunter2")
			}, nil,
			"cert",
			[]string{"are not a matching pair in PEM format"},
			"hunter2",
		},
		"half an agency": {
			func(m providerBlock) {
				m["token"], m["access_key"], m["secret_key"], m["assume_role.agency_name"] = types.StringNull(),
					types.StringValue("AK"), types.StringValue("SK"), types.StringValue("a")
				m["auth_url"] = types.StringValue("https://iam.example.com/v3")
			}, nil,
			"assume_role.domain_name",
			[]string{"the name of the domain (account)", "assume_role.domain_name in the provider block"},
			"",
		},
		"agency with a token": {
			func(m providerBlock) {
				m["assume_role.agency_name"], m["assume_role.domain_name"] = types.StringValue("a"),
					types.StringValue("d")
				m["auth_url"] = types.StringValue("https://iam.example.com/v3")
			}, nil,
			"assume_role.agency_name",
			[]string{"assumed with an access key", "are a token"},
			"",
		},
		"agency without auth_url": {
			func(m providerBlock) {
				m["token"], m["access_key"], m["secret_key"] = types.StringNull(), types.StringValue("AK"),
					types.StringValue("SK")
				m["assume_role.agency_name"], m["assume_role.domain_name"] = types.StringValue("a"),
					types.StringValue("d")
			}, nil,
			"auth_url",
			[]string{"An agency is assumed at", "Set auth_url in the provider block"},
			"",
		},
		"profile that is not there": {
			func(m providerBlock) { m["profile"] = types.StringValue("prod") }, nil,
			"profile",
			[]string{`no profile "prod"`, `It has: "default", "sso", "encrypted"`},
			"hunter2",
		},
		"profile without a key": {
			func(m providerBlock) { m["profile"] = types.StringValue("sso") }, nil,
			"profile",
			[]string{`mode "SSO"`},
			"hunter2",
		},
		"encrypted profile": {
			func(m providerBlock) { m["profile"] = types.StringValue("encrypted") }, nil,
			"profile",
			[]string{"seems to be encrypted", "HW_ACCESS_KEY"},
			"hunter2",
		},
		"broken file of profiles": {
			func(m providerBlock) { m["token"] = types.StringNull() },
			map[string]string{"HW_SHARED_CONFIG_FILE": "notes.txt"},
			"shared_config_file",
			[]string{"notes.txt is not valid JSON of the expected form, or is encrypted"},
			"hunter2",
		},
		"file of profiles that is not there": {
			func(m providerBlock) { m["shared_config_file"] = types.StringValue("none.json") }, nil,
			"shared_config_file",
			[]string{"none.json cannot be read"},
			"",
		},
		"unknown entry": {
			func(m providerBlock) { m["clouds_entry"] = types.StringValue("prod") }, nil,
			"clouds_entry",
			[]string{`no entry "prod"`, `It has: "application", "bare", "otc"`},
			"hunter2",
		},
		"entry without auth": {
			func(m providerBlock) { m["clouds_entry"] = types.StringValue("bare") }, nil,
			"clouds_entry",
			[]string{"without auth"},
			"",
		},
		"entry with an application credential": {
			func(m providerBlock) { m["clouds_entry"] = types.StringValue("application") }, nil,
			"clouds_entry",
			[]string{"application credential"},
			"hunter2",
		},
		"broken clouds.yaml": {
			func(m providerBlock) { m["clouds_entry"] = types.StringValue("otc") },
			map[string]string{"OS_CLIENT_CONFIG_FILE": "notes.txt"},
			"clouds_entry",
			[]string{"notes.txt is not valid YAML of the expected form"},
			"hunter2",
		},
		"no clouds.yaml": {
			func(m providerBlock) { m["clouds_entry"] = types.StringValue("otc") },
			map[string]string{"OS_CLIENT_CONFIG_FILE": "none.yaml"},
			"clouds_entry",
			[]string{`no clouds.yaml for the entry "otc". Searched: none.yaml`},
			"",
		},
		"profile and entry": {
			func(m providerBlock) {
				m["clouds_entry"], m["profile"] = types.StringValue("otc"), types.StringValue("default")
			}, nil,
			"clouds_entry",
			[]string{"never mixed: remove one of them"},
			"",
		},
		"too many retries": {
			func(providerBlock) {},
			map[string]string{"HCS_MAX_RETRIES": "1000"},
			"max_retries",
			[]string{"HCS_MAX_RETRIES is \"1000\"", "from 0 (no retries) to 100"},
			"",
		},
		"endpoint empty": {
			func(m providerBlock) { m["endpoint"] = types.StringValue("") }, nil,
			"endpoint",
			[]string{"is an empty string", "ELBAAS_ENDPOINT"},
			"",
		},
		"project empty": {
			func(m providerBlock) { m["project_id"] = types.StringValue("") }, nil,
			"project_id",
			[]string{"is an empty string", "HW_PROJECT_ID or HCS_PROJECT_ID or OS_PROJECT_ID"},
			"",
		},
		"token empty": {
			func(m providerBlock) { m["token"] = types.StringValue("") }, nil,
			"token",
			[]string{"is an empty string", "HW_AUTH_TOKEN"},
			"",
		},
		"endpoint without a scheme": {
			func(m providerBlock) { m["endpoint"] = types.StringValue("elb.eu-de.otc.t-systems.com") }, nil,
			"endpoint",
			[]string{endpointSource, "it must begin with https:// (or http://)"},
			"",
		},
		"endpoint with a port and no scheme": {
			func(m providerBlock) { m["endpoint"] = types.StringValue("localhost:8080/elb") }, nil,
			"endpoint",
			[]string{"it must begin with https:// (or http://)"},
			"",
		},
		"endpoint of another scheme": {
			func(m providerBlock) { m["endpoint"] = types.StringValue("ftp://elb.example.com") }, nil,
			"endpoint",
			[]string{"it must begin with https:// (or http://)"},
			"",
		},
		"endpoint without a host": {
			func(m providerBlock) { m["endpoint"] = types.StringValue("https:///elb") }, nil,
			"endpoint",
			[]string{"has no host"},
			"",
		},
		"endpoint with a port and no host": {
			func(m providerBlock) { m["endpoint"] = types.StringValue("https://:443") }, nil,
			"endpoint",
			[]string{"has no host"},
			"",
		},
		"endpoint with a query": {
			func(m providerBlock) { m["endpoint"] = types.StringValue("https://elb.example.com/?a=b") }, nil,
			"endpoint",
			[]string{"it must not have a query"},
			"",
		},
		"endpoint with an empty query": {
			func(m providerBlock) { m["endpoint"] = types.StringValue("https://elb.example.com?") }, nil,
			"endpoint",
			[]string{"it must not have a query"},
			"",
		},
		"endpoint with a fragment": {
			func(m providerBlock) { m["endpoint"] = types.StringValue("https://elb.example.com/#a") }, nil,
			"endpoint",
			[]string{"it must not have a fragment"},
			"",
		},
		"endpoint with credentials": {
			func(m providerBlock) { m["endpoint"] = types.StringValue("https://user:hunter2@elb.example.com") }, nil,
			"endpoint",
			[]string{"it contains credentials"},
			"hunter2",
		},
		"endpoint with broken credentials": {
			func(m providerBlock) { m["endpoint"] = types.StringValue("https://user:hunter2 %@elb.example.com") }, nil,
			"endpoint",
			[]string{"it contains credentials"},
			"hunter2",
		},
		"endpoint that is no URL": {
			func(m providerBlock) { m["endpoint"] = types.StringValue("https://elb example.com") }, nil,
			"endpoint",
			[]string{"invalid URL: it cannot be parsed"},
			"",
		},
		"endpoint of the environment": {
			func(m providerBlock) { m["endpoint"] = types.StringNull() },
			map[string]string{"ELBAAS_ENDPOINT": "elb.example.com"},
			"endpoint",
			[]string{"The endpoint from the environment variable ELBAAS_ENDPOINT cannot be used: invalid URL"},
			"",
		},
		"token with a line end": {
			func(m providerBlock) { m["token"] = types.StringValue(testToken + "\n") }, nil,
			"token",
			[]string{`"\n" (U+000A) as character 36`, "trimspace"},
			testToken,
		},
		"token of the environment with a space": {
			func(m providerBlock) { m["token"] = types.StringNull() },
			map[string]string{"OS_AUTH_TOKEN": " " + testToken},
			"token",
			[]string{"The token from the environment variable OS_AUTH_TOKEN", `" " (U+0020) as character 1`},
			testToken,
		},
		"project that is a name": {
			func(m providerBlock) { m["project_id"] = types.StringValue("eu-de/mine") }, nil,
			"project_id",
			[]string{"The project_id from the provider block", `"/" (U+002F) as character 6`},
			"",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			block := completeBlock()
			row.change(block)
			profiles := "/home/me/.hcloud/config.json"
			if row.variables["no profiles"] != "" {
				profiles = "elsewhere"
			}
			_, diags := newSettings(block, environmentOf(row.variables, map[string]string{
				"notes.txt": "hunter2: [",
				profiles: `{"current":"default","profiles":[{"name":"default","accessKeyId":"AK","secretAccessKey":"hunter2"},
					{"name":"sso","mode":"SSO"},{"name":"encrypted","accessKeyId":"AK","secretAccessKey":"hunter2+/=="}]}`,
				"clouds.yaml": "clouds:\n  otc: {auth: {username: u, password: hunter2}}\n  bare: {region_name: r}\n  application: {auth: {application_credential_id: i, application_credential_secret: hunter2}}\n",
			}))
			if len(diags) != 1 || diags[0].Severity() != diag.SeverityError {
				t.Fatalf("got %v, want one error", diags)
			}
			if at, ok := diags[0].(diag.DiagnosticWithPath); !ok || at.Path().String() != row.attribute {
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

// TestErrorsQuoteNoKey: a value that may be a key is not quoted as the name of a file.
func TestErrorsQuoteNoKey(t *testing.T) {
	t.Parallel()
	pair, err := throwaway.NewPair("client")
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(pair.PrivateKey), "\n")
	withoutBegin := strings.Join(lines[1:], "\n")
	inOneLine := strings.Join(lines[1:len(lines)-1], "")
	for name, row := range map[string]struct {
		block     map[string]string
		variables map[string]string
		want      string
	}{
		"key in the block": {
			block: map[string]string{"cert": pair.Certificate, "key": withoutBegin},
			want:  "The value of key from the provider block",
		},
		"key with a dot": {
			block: map[string]string{"cert": pair.Certificate, "key": "hunter2." + inOneLine},
			want:  "not shown",
		},
		"key of the environment": {
			variables: map[string]string{"OS_CERT": pair.Certificate, "OS_KEY": inOneLine},
			want:      "the environment variable OS_KEY",
		},
		"key as certificate": {
			block: map[string]string{"cert": inOneLine, "key": pair.PrivateKey},
			want:  "The value of cert",
		},
		"key as authority": {
			block: map[string]string{"cacert_file": withoutBegin},
			want:  "The value of cacert_file",
		},
		"key as configuration": {
			block: map[string]string{"shared_config_file": inOneLine},
			want:  "shared configuration file [not shown",
		},
		"key as clouds.yaml": {
			block:     map[string]string{"clouds_entry": "mine"},
			variables: map[string]string{"OS_CLIENT_CONFIG_FILE": inOneLine}, want: "The file [not shown",
		},
	} {
		block := completeBlock()
		for name, value := range row.block {
			block[name] = types.StringValue(value)
		}
		_, diags := newSettings(block, environmentOf(row.variables))
		if len(diags) == 0 || !strings.Contains(diags[0].Detail(), row.want) {
			t.Errorf("%s: got %v, want %q", name, diags, row.want)
		}
		for _, line := range append(lines[1:len(lines)-1], "hunter2") {
			if strings.Contains(fmt.Sprint(diags), line) {
				t.Errorf("%s: it quotes the key: %v", name, diags)
			}
		}
	}
}

// TestErrorsOfDestinations: an error says what was found where, what it would have
// meant, and which argument to set.
func TestErrorsOfDestinations(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		setup
		attribute string
		want      []string
	}{
		"a later cloud": {
			setup{block: "key region=eu-de", variables: "HW_CLOUD=otc.t-systems.com"},
			"cloud",
			[]string{
				"come from the provider block", "The environment variable HW_CLOUD is set",
				"the default cloud (myhuaweicloud.com)", "Set cloud in the provider block",
			},
		},
		"a later auth_url": {
			setup{variables: "HW_key OS_REGION_NAME=eu-de " + otcURL},
			"cloud",
			[]string{
				"come from the environment variables HW_…", "The environment variable OS_AUTH_URL is set",
				"Set the environment variable HW_CLOUD, or cloud in the provider block",
			},
		},
		"a later entry": {
			setup{variables: "HW_key OS_REGION_NAME=eu-de OS_CLOUD=mine"},
			"cloud",
			[]string{"The environment variable OS_CLOUD is set"},
		},
		"a password, an endpoint": {
			setup{block: "endpoint=https://elb.example.com password region=eu-de"},
			"auth_url",
			[]string{
				"A password is exchanged for a token", "The endpoint is set, but",
				"Set auth_url in the provider block",
			},
		},
		"a password, an endpoint, a later auth_url": {
			setup{block: "endpoint=https://elb.example.com password region=eu-de", variables: otcURL},
			"auth_url",
			[]string{"Set auth_url in the provider block"},
		},
		"an agency and a token": {
			setup{block: "token region=eu-de", variables: "HW_ASSUME_ROLE_AGENCY_NAME=a HW_ASSUME_ROLE_DOMAIN_NAME=d"},
			"assume_role.agency_name",
			[]string{
				"the environment variable HW_ASSUME_ROLE_AGENCY_NAME", "from the provider block are a token",
				"would use another account",
			},
		},
		"half an agency of the environment": {
			setup{block: "key region=eu-de", variables: "HCS_ASSUME_ROLE_AGENCY_NAME=a"},
			"assume_role.domain_name",
			[]string{"Set the environment variable HCS_ASSUME_ROLE_DOMAIN_NAME as well"},
		},
		"a profile and an entry": {
			setup{variables: "HCS_PROFILE=a OS_CLOUD=mine"},
			"clouds_entry",
			[]string{"the environment variable HCS_PROFILE", "the environment variable OS_CLOUD"},
		},
		"a file and an entry": {
			setup{variables: "HW_SHARED_CONFIG_FILE=a.json OS_CLOUD=mine"},
			"clouds_entry",
			[]string{"the environment variable HW_SHARED_CONFIG_FILE"},
		},
		"a plain auth_url": {
			setup{block: "insecure=false", variables: "OS_token OS_INSECURE=true " +
				"OS_AUTH_URL=http://iam.example.com/v3"},
			"auth_url",
			[]string{"The auth_url from the environment variable OS_AUTH_URL", "without TLS"},
		},
		"every variable empty": {
			setup{variables: "HW_ACCESS_KEY= HW_SECRET_KEY= HW_CLOUD= OS_AUTH_URL= OS_CLOUD= HW_PROFILE= " +
				"ELBAAS_ENDPOINT="},
			"access_key",
			[]string{"The provider has no credentials"},
		},
	} {
		block := providerBlock{}
		for name, value := range words(row.block) {
			block[name] = types.StringValue(value)
		}
		_, diags := newSettings(block, environmentOf(words(row.variables)))
		if len(diags) != 1 {
			t.Errorf("%s: got %v, want one error", name, diags)
			continue
		}
		if at, ok := diags[0].(diag.DiagnosticWithPath); !ok || at.Path().String() != row.attribute {
			t.Errorf("%s: the error is not on %s: %v", name, row.attribute, diags[0])
		}
		for _, part := range row.want {
			if !strings.Contains(diags[0].Detail(), part) {
				t.Errorf("%s: the error lacks %q: %s", name, part, diags[0].Detail())
			}
		}
	}
}

func TestSettingsExpiryWarningDays(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		block    types.String
		variable string
		want     int64 // -1 is an error
	}{
		"default":        {types.StringNull(), "", 30},
		"block":          {types.StringValue("7"), "9", 7},
		"environment":    {types.StringNull(), "9", 9},
		"off":            {types.StringValue("0"), "9", 0},
		"not known yet":  {types.StringUnknown(), "", 30},
		"negative":       {types.StringValue("-1"), "", -1},
		"beyond reason":  {types.StringValue("36501"), "", -1},
		"no number":      {types.StringNull(), "soon", -1},
		"not an integer": {types.StringNull(), "1.5", -1},
	} {
		block := completeBlock()
		block["expiry_warning_days"] = row.block
		s, diags := newSettings(block, environmentOf(map[string]string{"ELBAAS_EXPIRY_WARNING_DAYS": row.variable}))
		if row.want < 0 {
			if len(diags) != 1 || !strings.Contains(diags[0].Detail(), "It must be an integer from 0") || !diags[0].(diag.DiagnosticWithPath).Path().Equal(path.Root("expiry_warning_days")) {
				t.Errorf("%s: got %v", name, diags)
			}
			continue
		}
		if diags.HasError() || s.expiryWarningDays != int(row.want) {
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
		if endpoint, err := auth.ParseBaseURL(text, false); err != nil || endpoint.String() != text {
			t.Errorf("%s: got %v, %v", text, endpoint, err)
		}
	}
}

// TestSettingsUnknown has arguments that come from resources not yet created.
func TestSettingsUnknown(t *testing.T) {
	t.Parallel()
	s, diags := newSettings(providerBlock{
		"endpoint":   types.StringUnknown(),
		"project_id": types.StringUnknown(),
		"token":      types.StringUnknown(),
	}, environmentOf(map[string]string{"ELBAAS_ENDPOINT": "nonsense"}))
	if diags.HasError() {
		t.Fatalf("an unknown value fails before it is needed: %v", diags)
	}
	c := newCloud(s, "test", time.Now, nil)
	shown := fmt.Sprint(c.ready())
	if !strings.Contains(shown, "argument endpoint depends") || !strings.Contains(shown, "argument token depends") || strings.Contains(shown, "argument project_id") {
		t.Errorf("the error does not name the arguments: %s", shown)
	}
	if project, diags := c.configuredProject(types.StringNull()); !project.IsUnknown() || diags.HasError() {
		t.Errorf("project = %v, %v, want unknown", project, diags)
	}
	if _, diags := c.resolveProject(t.Context(), types.StringNull()); len(diags) != 1 || !strings.Contains(diags[0].Detail(), "known only after an apply") {
		t.Errorf("project: %v", diags)
	}
	if project, diags := c.resolveProject(t.Context(), types.StringValue(testProject)); project.ValueString() != testProject || diags.HasError() {
		t.Errorf("project = %v, %v, want the certificate's own", project, diags)
	}
}

// TestUnknownCredentials: what is missing may come yet.
func TestUnknownCredentials(t *testing.T) {
	t.Parallel()
	for name, block := range map[string]providerBlock{
		"secret key": {
			"access_key": types.StringValue("AK"), "secret_key": types.StringUnknown(),
			"region": types.StringValue("eu-de"),
		},
		"password": {
			"user_name": types.StringValue("me"), "password": types.StringUnknown(),
			"region": types.StringUnknown(),
		},
		"domain": {
			"user_name": types.StringValue("me"), "password": types.StringValue("p"),
			"domain_name": types.StringUnknown(), "region": types.StringUnknown(),
		},
		"everything": {"token": types.StringUnknown(), "region": types.StringUnknown(), "cloud": types.StringUnknown()},
	} {
		// The environment is another source, and not asked.
		s, diags := newSettings(block, environmentOf(map[string]string{"HW_AUTH_TOKEN": "hw"}))
		if diags.HasError() || s.credentialsSource != blockLabel || !s.credentials.Token.Empty() {
			t.Errorf("%s: %v, credentials of %q", name, diags, s.credentialsSource)
		}
		if !newCloud(s, "test", time.Now, nil).ready().HasError() {
			t.Errorf("%s: ready to be called", name)
		}
	}
}

// TestUnknownAddresses: what is known only after an apply is in no way of a plan.
func TestUnknownAddresses(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"region", "cloud", "auth_url", "endpoint"} {
		block := providerBlock{
			"access_key": types.StringValue("AK"), "secret_key": types.StringValue("SK"),
			"region": types.StringValue("eu-de"), "project_name": types.StringValue("mine"),
		}
		block[name] = types.StringUnknown()
		s, diags := newSettings(block, environmentOf(map[string]string{"HW_CLOUD": "otc.t-systems.com"}))
		if diags.HasError() {
			t.Fatalf("%s: %v", name, diags)
		}
		c := newCloud(s, "test", time.Now, nil)
		project, diags := c.configuredProject(types.StringNull())
		if !project.IsUnknown() || diags.HasError() || !c.ready().HasError() {
			t.Errorf("%s: project = %v, %v", name, project, diags)
		}
	}
}

func TestNoProject(t *testing.T) {
	t.Parallel()
	_, diags := newCloud(settings{}, "test", time.Now, nil).configuredProject(types.StringNull())
	if len(diags) != 1 || !strings.Contains(diags[0].Detail(), "HW_PROJECT_ID or HCS_PROJECT_ID or OS_PROJECT_ID") {
		t.Errorf("got %v", diags)
	}
}

// TestCredentialsAreNeverMixed: one set of one source, in the order of sources.
func TestCredentialsAreNeverMixed(t *testing.T) {
	t.Parallel()
	files := map[string]string{
		"/home/me/.hcloud/config.json": `{"current":"default","profiles":[{"name":"default","accessKeyId":"profile","secretAccessKey":"SK","securityToken":"ST","region":"profile-region","projectId":"profile-project"}]}`,
		"clouds.yaml":                  "clouds:\n  entry: {auth: {username: entry, password: pw, user_domain_name: d, auth_url: 'https://entry.example.com/v3', project_name: entry-project}, region_name: entry-region, verify: false}\n",
		"secure.yaml":                  "clouds:\n  entry: {auth: {password: secure}}\n",
	}
	all := map[string]string{}
	for _, prefix := range []string{"HW_", "HCS_", "OS_"} {
		all[prefix+"ACCESS_KEY"], all[prefix+"SECRET_KEY"], all[prefix+"AUTH_TOKEN"] = prefix, prefix, prefix
	}
	without := func(prefixes ...string) map[string]string {
		left := maps.Clone(all)
		maps.DeleteFunc(left, func(name, _ string) bool {
			return slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(name, p) })
		})
		return left
	}
	with := func(variables map[string]string, name, value string) map[string]string {
		variables = maps.Clone(variables)
		variables[name] = value
		return variables
	}
	region := providerBlock{"region": types.StringValue("eu-de")}
	named := maps.Clone(region)
	named["profile"] = types.StringValue("default")
	entry := providerBlock{"clouds_entry": types.StringValue("entry")}
	key := maps.Clone(region)
	key["access_key"], key["secret_key"] = types.StringValue("block"), types.StringValue("SK")
	both := maps.Clone(key)
	both["token"] = types.StringValue("block-token")
	for name, row := range map[string]struct {
		block     providerBlock
		variables map[string]string
		want      string // kind, who, source
	}{
		"the block before all":                 {key, all, "access key block the provider block"},
		"a token before a key":                 {both, all, "token block-token the provider block"},
		"HW_":                                  {region, all, "token HW_ the environment variables HW_…"},
		"HCS_":                                 {region, with(without("HW_"), "HCS_CLOUD", "a.b"), "token HCS_ the environment variables HCS_…"},
		"OS_":                                  {region, without("HW_", "HCS_"), "token OS_ the environment variables OS_…"},
		"a key of HW_ before a token of OS_":   {region, map[string]string{"HW_ACCESS_KEY": "hw", "HW_SECRET_KEY": "s", "OS_AUTH_TOKEN": "os"}, "access key hw the environment variables HW_…"},
		"a profile that nobody names":          {region, nil, `access key profile the profile "default" of ~/.hcloud/config.json`},
		"a profile of the environment is last": {region, with(all, "HW_PROFILE", "default"), "token HW_ the environment variables HW_…"},
		"a profile of the block before it":     {named, all, `access key profile the profile "default" of ~/.hcloud/config.json`},
		"an entry of the block":                {entry, all, `password entry the entry "entry" of clouds.yaml`},
		"an entry of the environment": {
			providerBlock{},
			map[string]string{"OS_CLOUD": "entry"},
			`password entry the entry "entry" of clouds.yaml`,
		},
		"an entry of the environment is last": {region, with(all, "OS_CLOUD", "entry"), "token HW_ the environment variables HW_…"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, diags := newSettings(row.block, environmentOf(row.variables, files))
			if diags.HasError() {
				t.Fatal(diags)
			}
			who := s.credentials.Token.Reveal() + s.credentials.AccessKey + s.credentials.UserName
			if s.credentials.Kind() == auth.KindToken {
				who = s.credentials.Token.Reveal()
			}
			if got := fmt.Sprintf("%s %s %s", s.credentials.Kind(), who, s.credentialsSource); got != row.want {
				t.Errorf("got %s, want %s", got, row.want)
			}
			if s.credentials.UserName == "entry" {
				if got := fmt.Sprintf("%s %s %s %s %t", s.credentials.Password.Reveal(), s.region, s.authURL, s.projectName, s.tls.InsecureSkipVerify); got != "secure entry-region https://entry.example.com/v3 entry-project true" {
					t.Errorf("the entry gave %s", got)
				}
			}
			if s.credentials.AccessKey == "profile" {
				if got := s.credentials.SecurityToken.Reveal() + " " + s.projectID; got != "ST profile-project" {
					t.Errorf("the profile gave %s", got)
				}
			}
		})
	}
}

// TestAddresses: where the services are when nobody says.
func TestAddresses(t *testing.T) {
	t.Parallel()
	key := func(prefix string, more map[string]string) map[string]string {
		all := map[string]string{prefix + "ACCESS_KEY": "AK", prefix + "SECRET_KEY": "SK"}
		maps.Copy(all, more)
		return all
	}
	for name, row := range map[string]struct {
		variables               map[string]string
		endpoint, authURL, name string
	}{
		"Huawei Cloud":       {key("HW_", map[string]string{"HW_REGION_NAME": "cn-north-4"}), "https://elb.cn-north-4.myhuaweicloud.com", "https://iam.cn-north-4.myhuaweicloud.com/v3", "cn-north-4"},
		"Open Telekom Cloud": {key("OS_", map[string]string{"OS_REGION_NAME": "eu-de", "HW_CLOUD": "otc.t-systems.com"}), "https://elb.eu-de.otc.t-systems.com", "https://iam.eu-de.otc.t-systems.com/v3", "eu-de"},
		"FlexibleEngine":     {key("OS_", map[string]string{"OS_REGION_NAME": "eu-west-0", "OS_CLOUD": "prod-cloud-ocb.orange-business.com"}), "https://elb.eu-west-0.prod-cloud-ocb.orange-business.com", "https://iam.eu-west-0.prod-cloud-ocb.orange-business.com/v3", "eu-west-0"},
		"Huawei Cloud Stack": {key("HCS_", map[string]string{"HCS_REGION_NAME": "r", "HCS_CLOUD": "private.example.com"}), "https://elb.r.private.example.com", "<nil>", "r"},
		"its own auth_url":   {key("HCS_", map[string]string{"HCS_REGION_NAME": "r", "HCS_CLOUD": "private.example.com", "HCS_AUTH_URL": "https://iam-apigateway-proxy.private.example.com:443/v3"}), "https://elb.r.private.example.com", "https://iam-apigateway-proxy.private.example.com:443/v3", "r"},
		"the catalog":        {key("OS_", map[string]string{"OS_AUTH_URL": "https://iam.example.com/v3", "OS_PROJECT_NAME": "mine"}), "<nil>", "https://iam.example.com/v3", "mine"},
	} {
		s, diags := newSettings(providerBlock{}, environmentOf(row.variables))
		if diags.HasError() {
			t.Fatalf("%s: %v", name, diags)
		}
		show := func(u *url.URL) string {
			if u == nil {
				return "<nil>"
			}
			return u.String()
		}
		if show(s.endpoint) != row.endpoint || show(s.authURL) != row.authURL || s.projectName != row.name {
			t.Errorf("%s: %s, %s, %s", name, show(s.endpoint), show(s.authURL), s.projectName)
		}
	}
}

// TestSettingsShowNoSecret formats everything in every way.
func TestSettingsShowNoSecret(t *testing.T) {
	t.Parallel()
	s, diags := newSettings(providerBlock{"region": types.StringValue("eu-de")}, environmentOf(map[string]string{
		"HW_AUTH_TOKEN": "hunter2", "HW_ACCESS_KEY": "AK", "HW_SECRET_KEY": "hunter2", "HW_SECURITY_TOKEN": "hunter2", "HW_USER_NAME": "me", "HW_USER_PASSWORD": "hunter2", "HW_DOMAIN_NAME": "d",
	}))
	if diags.HasError() {
		t.Fatal(diags)
	}
	c := newCloud(s, "test", time.Now, nil)
	for _, value := range []any{s, &s, c, c.session, c.client, s.credentials} {
		if shown := fmt.Sprintf("%v %+v %#v %s", value, value, value, value); strings.Contains(shown, "hunter2") {
			t.Errorf("%T shows a secret: %s", value, shown)
		}
	}
}
