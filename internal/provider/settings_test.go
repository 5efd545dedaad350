package provider

import (
	"cmp"
	"fmt"
	"io/fs"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

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

// completeBlock returns a provider block that is complete.
func completeBlock() providerBlock {
	return providerBlock{
		"endpoint":   types.StringValue("https://block.example.com"),
		"project_id": types.StringValue("block-project"),
		"token":      types.StringValue("block-token"),
	}
}

// environmentOf returns an environment with these variables and files. The home directory is /home/me.
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

// TestSettingsVariables sets each argument in the block, and with each of its variables. Earlier ones take precedence.
func TestSettingsVariables(t *testing.T) {
	t.Parallel()
	pair := throwaway.NewPair("client")
	// Files that any of the values below may name.
	const most = 7
	files := map[string]string{}
	var profiles, entries string
	for n := range most {
		files[fmt.Sprintf("/home/me/%d.example.com", n)] = fmt.Sprintf(
			`{"current":"a","profiles":[{"name":"a","accessKeyId":"AK%d","secretAccessKey":"SK"}]}`, n)
		files[fmt.Sprintf("%d.example.com", n)] = pair.Certificate
		profiles += fmt.Sprintf(`{"name":"%d.example.com","accessKeyId":"AK%[1]d","secretAccessKey":"SK"},`, n)
		entries += fmt.Sprintf("  entry%d: {auth: {ak: AK%[1]d, sk: SK}}\n", n)
	}
	files["/home/me/.hcloud/config.json"] = `{"profiles":[` + strings.TrimSuffix(profiles, ",") + `]}`
	files["clouds.yaml"] = "clouds:\n" + entries

	// Variables that make the other settings valid, for each prefix.
	type variables = map[string]string
	nothing := func(string) variables { return variables{} }
	key := func(p string) variables { return variables{p + "ACCESS_KEY": "AK", p + "SECRET_KEY": "SK"} }
	password := func(p string) variables {
		all := variables{p + "AUTH_URL": "https://iam.example.com/v3", p + "DOMAIN_NAME": "d"}
		if p == "OS_" {
			all["OS_USERNAME"], all["OS_PASSWORD"] = "u", "pw"
		} else {
			all[p+"USER_NAME"], all[p+"USER_PASSWORD"] = "u", "pw"
		}
		return all
	}
	agency := func(p string) variables {
		all := variables{
			p + "ACCESS_KEY": "AK", p + "SECRET_KEY": "SK", p + "AUTH_URL": "https://iam.example.com/v3",
			p + "ASSUME_ROLE_AGENCY_NAME": "agency", p + "ASSUME_ROLE_DOMAIN_NAME": "domain",
		}
		if p == "OS_" {
			all["OS_AGENCY_NAME"], all["OS_AGENCY_DOMAIN_NAME"] = "agency", "domain"
		}
		return all
	}
	host := func(n int) string { return fmt.Sprintf("%d.example.com", n) }
	address := func(n int) string { return "https://" + host(n) }
	ak := func(n int) string { return fmt.Sprintf("AK%d", n) }
	even := func(n int) string { return strconv.FormatBool(n%2 == 0) }
	scheme := func(n int) string { return []string{"scoped", "access"}[n%2] }

	for name, row := range map[string]struct {
		variables   string // in order of precedence
		with        func(prefix string) variables
		block       string // what the provider block sets; empty means the argument alone
		get         func(settings) string
		given, want func(n int) string // the nth value, and the setting; host if nil
	}{
		"region": {
			variables: "HW_REGION_NAME HCS_REGION_NAME OS_REGION_NAME OS_REGION",
			with:      key,
			get:       func(s settings) string { return s.Signer.Region },
			given:     ak,
			want:      ak,
		},
		"cloud": {
			variables: "HW_CLOUD HCS_CLOUD OS_CLOUD",
			with:      key,
			get:       func(s settings) string { return strings.TrimPrefix(s.endpoint.Host, "elb.eu-de.") },
		},
		"clouds_entry": {
			variables: "OS_CLOUD",
			with:      nothing,
			get:       func(s settings) string { return s.Credentials.Key.Access },
			given:     func(n int) string { return fmt.Sprintf("entry%d", n) },
			want:      ak,
		},
		"endpoint": {
			variables: "ELBAAS_ENDPOINT",
			with:      key,
			get:       func(s settings) string { return s.endpoint.String() },
			given:     address,
			want:      address,
		},
		"auth_url": {
			variables: "HW_AUTH_URL HCS_AUTH_URL OS_AUTH_URL",
			with:      key,
			get:       func(s settings) string { return s.AuthURL.String() },
			given:     address,
			want:      address,
		},
		"access_key": {
			variables: "HW_ACCESS_KEY HCS_ACCESS_KEY OS_ACCESS_KEY",
			with:      key,
			block:     "access_key secret_key security_token",
			get:       func(s settings) string { return s.Credentials.Key.Access },
		},
		"secret_key": {
			variables: "HW_SECRET_KEY HCS_SECRET_KEY OS_SECRET_KEY",
			with:      key,
			block:     "access_key secret_key security_token",
			get:       func(s settings) string { return s.Credentials.Key.Secret.Reveal() },
		},
		"security_token": {
			variables: "HW_SECURITY_TOKEN HCS_SECURITY_TOKEN OS_SECURITY_TOKEN",
			with:      key,
			block:     "access_key secret_key security_token",
			get:       func(s settings) string { return s.Credentials.Key.SecurityToken.Reveal() },
		},
		"signing_scheme": {
			variables: "ELBAAS_SIGNING_SCHEME",
			with:      key,
			get:       func(s settings) string { return string(s.Signer.Scheme) },
			given:     scheme,
			want:      scheme,
		},
		"token": {
			variables: "HW_AUTH_TOKEN HCS_AUTH_TOKEN OS_AUTH_TOKEN OS_TOKEN",
			with:      nothing,
			get:       func(s settings) string { return s.Credentials.Token.Reveal() },
		},
		"user_name": {
			variables: "HW_USER_NAME HCS_USER_NAME OS_USERNAME OS_USER_NAME",
			with:      password,
			block:     "user_name user_id password domain_name domain_id",
			get:       func(s settings) string { return s.Credentials.UserName },
		},
		"user_id": {
			variables: "HW_USER_ID HCS_USER_ID OS_USER_ID",
			with:      password,
			block:     "user_name user_id password domain_name domain_id",
			get:       func(s settings) string { return s.Credentials.UserID },
		},
		"password": {
			variables: "HW_USER_PASSWORD HCS_USER_PASSWORD OS_PASSWORD",
			with:      password,
			block:     "user_name user_id password domain_name domain_id",
			get:       func(s settings) string { return s.Credentials.Password.Reveal() },
		},
		"domain_name": {
			variables: "HW_DOMAIN_NAME HCS_DOMAIN_NAME OS_USER_DOMAIN_NAME OS_PROJECT_DOMAIN_NAME OS_DOMAIN_NAME",
			with:      password,
			block:     "user_name user_id password domain_name domain_id",
			get:       func(s settings) string { return s.Credentials.DomainName },
		},
		"domain_id": {
			variables: "HW_DOMAIN_ID HCS_DOMAIN_ID OS_USER_DOMAIN_ID OS_PROJECT_DOMAIN_ID OS_DOMAIN_ID",
			with:      password,
			block:     "user_name user_id password domain_name domain_id",
			get:       func(s settings) string { return s.Credentials.DomainID },
		},
		"project_id": {
			variables: "HW_PROJECT_ID HCS_PROJECT_ID OS_PROJECT_ID OS_TENANT_ID",
			with:      key,
			get:       func(s settings) string { return s.project.ValueString() },
			given:     ak,
			want:      ak,
		},
		"project_name": {
			variables: "HW_PROJECT_NAME HCS_PROJECT_NAME OS_DELEGATED_PROJECT OS_PROJECT_NAME OS_TENANT_NAME",
			with:      agency, // OS_DELEGATED_PROJECT is only for an agency
			get:       func(s settings) string { return s.projectName },
		},
		"shared_config_file": {
			variables: "HW_SHARED_CONFIG_FILE HCS_SHARED_CONFIG_FILE",
			with:      nothing,
			get:       func(s settings) string { return s.Credentials.Key.Access },
			given:     func(n int) string { return "~/" + host(n) },
			want:      ak,
		},
		"profile": {
			variables: "HW_PROFILE HCS_PROFILE",
			with:      nothing,
			get:       func(s settings) string { return s.Credentials.Key.Access },
			given:     host,
			want:      ak,
		},
		"assume_role.agency_name": {
			variables: "HW_ASSUME_ROLE_AGENCY_NAME HCS_ASSUME_ROLE_AGENCY_NAME OS_AGENCY_NAME",
			with:      agency,
			block:     "access_key secret_key assume_role.agency_name assume_role.domain_name",
			get:       func(s settings) string { return s.Credentials.Agency.Name },
		},
		"assume_role.domain_name": {
			variables: "HW_ASSUME_ROLE_DOMAIN_NAME HCS_ASSUME_ROLE_DOMAIN_NAME OS_AGENCY_DOMAIN_NAME",
			with:      agency,
			block:     "access_key secret_key assume_role.agency_name assume_role.domain_name",
			get:       func(s settings) string { return s.Credentials.Agency.DomainName },
		},
		"cacert_file": {
			variables: "OS_CACERT",
			with:      key,
			get:       func(s settings) string { return strconv.FormatBool(s.api.TLS.RootCAs != nil) },
			given:     host,
			want:      func(int) string { return "true" },
		},
		"insecure": {
			variables: "HW_INSECURE HCS_INSECURE OS_INSECURE",
			with:      key,
			get:       func(s settings) string { return strconv.FormatBool(s.api.TLS.InsecureSkipVerify) },
			given:     even,
			want:      even,
		},
		"max_retries": {
			variables: "HW_MAX_RETRIES HCS_MAX_RETRIES OS_MAX_RETRIES",
			with:      key,
			get:       func(s settings) string { return strconv.Itoa(s.api.MaxRetries) },
			given:     strconv.Itoa,
			want:      strconv.Itoa,
		},
		"expiry_warning_days": {
			variables: "ELBAAS_EXPIRY_WARNING_DAYS",
			with:      key,
			get:       func(s settings) string { return strconv.Itoa(s.expiryWarningDays) },
			given:     strconv.Itoa,
			want:      strconv.Itoa,
		},
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
				if name != "cloud" && name != "auth_url" { // settings of HCS_ have no default cloud
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
				for _, other := range names { // another variable of the argument must not be set
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
			for argument := range strings.FieldsSeq(cmp.Or(row.block, name)) {
				block[argument] = types.StringValue(row.given(most - 1))
			}
			check("the block before all variables", block, everything, row.want(most-1))
		})
	}
}

func TestSettingsErrors(t *testing.T) {
	t.Parallel()
	const endpointSource = "The endpoint from the provider block cannot be used: "
	for name, row := range map[string]struct {
		without   string // arguments to remove from the complete block
		block     map[string]string
		variables map[string]string
		attribute string
		want      []string // parts of the error
		never     string   // what the error must not show
	}{
		"nothing given": {
			without:   "endpoint project_id token",
			variables: map[string]string{"no profiles": "yes"},
			attribute: "access_key",
			want: []string{
				"Missing credentials",
				"HW_ACCESS_KEY and HW_SECRET_KEY",
				"HW_USER_NAME, HW_USER_PASSWORD, HW_DOMAIN_NAME",
				"HW_AUTH_TOKEN",
				"HW_PROFILE",
				"OS_CLOUD",
			},
		},
		"no region and no endpoint": {
			without:   "endpoint project_id",
			attribute: "region",
			want: []string{
				"The address of the ELB service is not known. ",
				"HW_REGION_NAME or HCS_REGION_NAME or OS_REGION_NAME", "ELBAAS_ENDPOINT",
			},
		},
		"access key alone": {
			without:   "token",
			block:     map[string]string{"access_key": "AK"},
			variables: map[string]string{"HW_SECRET_KEY": "hunter2"},
			attribute: "secret_key",
			want: []string{
				"Incomplete credentials",
				"The access_key comes from the provider block",
				"but secret_key is not set there. Set secret_key in the provider block as well",
				"never mixed",
			},
			never: "hunter2",
		},
		"secret key of the environment alone": {
			without:   "token",
			variables: map[string]string{"HW_SECRET_KEY": "hunter2", "OS_ACCESS_KEY": "AK", "OS_SECRET_KEY": "SK"},
			attribute: "access_key",
			want: []string{
				"The secret_key comes from the environment variable HW_SECRET_KEY",
				"Set the environment variable HW_ACCESS_KEY as well",
			},
			never: "hunter2",
		},
		"security token alone": {
			without:   "token",
			variables: map[string]string{"HCS_SECURITY_TOKEN": "hunter2"},
			attribute: "access_key",
			want:      []string{"HCS_SECURITY_TOKEN", "HCS_ACCESS_KEY"},
			never:     "hunter2",
		},
		"password without a user": {
			without:   "token",
			variables: map[string]string{"OS_PASSWORD": "hunter2", "OS_AUTH_URL": "https://iam.example.com/v3"},
			attribute: "user_name",
			want:      []string{"OS_PASSWORD", "OS_USERNAME"},
			never:     "hunter2",
		},
		"password without a domain": {
			without: "token",
			block: map[string]string{
				"password":  "hunter2",
				"user_name": "me",
				"auth_url":  "https://iam.example.com/v3",
			},
			attribute: "domain_name",
			want:      []string{"unique only in its domain", "Set domain_name in the provider block"},
			never:     "hunter2",
		},
		"user by the ID without a password": {
			without:   "token",
			variables: map[string]string{"HW_USER_ID": "me"},
			attribute: "password",
			want:      []string{"HW_USER_PASSWORD"},
		},
		"user without a password": {
			without:   "token",
			variables: map[string]string{"HW_USER_NAME": "me"},
			attribute: "password",
			want:      []string{"HW_USER_PASSWORD"},
		},
		"password of a private cloud without auth_url": {
			without: "token",
			variables: map[string]string{
				"HCS_USER_NAME":     "me",
				"HCS_USER_PASSWORD": "hunter2",
				"HCS_DOMAIN_NAME":   "d",
				"HCS_REGION_NAME":   "r",
				"HCS_CLOUD":         "private.example.com",
			},
			attribute: "auth_url",
			want:      []string{"needed for a password or an agency", "HCS_AUTH_URL"},
			never:     "hunter2",
		},
		"cloud without a dot": {
			block:     map[string]string{"cloud": "otc"},
			attribute: "cloud",
			want:      []string{"The cloud from the provider block is \"otc\"", "no dot", "set clouds_entry instead"},
		},
		"cloud with a wildcard": {
			block:     map[string]string{"cloud": "*.otc.t-systems.com"},
			attribute: "cloud",
			want:      []string{"The cloud from the provider block contains \"*\" (U+002A) at position 1"},
		},
		"region that is a URL": {
			block:     map[string]string{"region": "eu.de/"},
			attribute: "region",
			want:      []string{`"." (U+002E) at position 3`},
		},
		"endpoint without TLS": {
			block:     map[string]string{"endpoint": "http://elb.example.com"},
			attribute: "endpoint",
			want:      []string{"anyone on the network path can read the private keys", "insecure = true"},
		},
		"auth_url without TLS": {
			block:     map[string]string{"auth_url": "http://iam.example.com/v3"},
			attribute: "auth_url",
			want:      []string{"Set it to a base URL such as https://iam.eu-de.otc.t-systems.com/v3. "},
		},
		"insecure that is neither": {
			without:   "token",
			variables: map[string]string{"OS_AUTH_TOKEN": "t", "OS_INSECURE": "maybe"},
			attribute: "insecure",
			want:      []string{"the environment variable OS_INSECURE is \"maybe\"", "true or false"},
		},
		"signing scheme that is none": {
			block:     map[string]string{"signing_scheme": "v4"},
			attribute: "signing_scheme",
			want:      []string{`"access"`, `"scoped"`},
		},
		"CA file that is not there": {
			block:     map[string]string{"cacert_file": "ca.pem"},
			attribute: "cacert_file",
			want:      []string{"nor a file that can be read", "ca.pem"},
		},
		"CA file that is none": {
			block:     map[string]string{"cacert_file": "notes.txt"},
			attribute: "cacert_file",
			want:      []string{"contains no valid certificate"},
			never:     "hunter2",
		},
		"client certificate without a key": {
			block:     map[string]string{"cert": "-----BEGIN CERTIFICATE-----"},
			attribute: "key",
			want:      []string{"A client certificate needs its key. ", "OS_KEY"},
		},
		"key without a client certificate": {
			variables: map[string]string{"OS_KEY": "-----BEGIN hunter2"},
			attribute: "cert",
			want:      []string{"The key of a client certificate needs the certificate. ", "OS_CERT"},
			never:     "hunter2",
		},
		"client certificate that is none": {
			block:     map[string]string{"cert": "notes.txt", "key": "-----BEGIN hunter2"},
			attribute: "cert",
			want:      []string{"are not a matching pair in PEM format"},
			never:     "hunter2",
		},
		"half an agency": {
			without: "token",
			block: map[string]string{
				"access_key":              "AK",
				"secret_key":              "SK",
				"assume_role.agency_name": "a",
				"auth_url":                "https://iam.example.com/v3",
			},
			attribute: "assume_role.domain_name",
			want:      []string{"the name of the domain (account)", "assume_role.domain_name in the provider block"},
		},
		"agency with a token": {
			block: map[string]string{
				"assume_role.agency_name": "a",
				"assume_role.domain_name": "d",
				"auth_url":                "https://iam.example.com/v3",
			},
			attribute: "assume_role.agency_name",
			want:      []string{"assumed only with an access key", "are a token"},
		},
		"agency without auth_url": {
			without: "token",
			block: map[string]string{
				"access_key":              "AK",
				"secret_key":              "SK",
				"assume_role.agency_name": "a",
				"assume_role.domain_name": "d",
			},
			attribute: "auth_url",
			want:      []string{"needed for a password or an agency", "Set auth_url in the provider block"},
		},
		"profile that is not there": {
			block:     map[string]string{"profile": "prod"},
			attribute: "profile",
			want:      []string{`no profile "prod"`, `It has: "default", "sso", "encrypted"`},
			never:     "hunter2",
		},
		"profile without a key": {
			block:     map[string]string{"profile": "sso"},
			attribute: "profile",
			want:      []string{`mode "SSO"`},
			never:     "hunter2",
		},
		"encrypted profile": {
			block:     map[string]string{"profile": "encrypted"},
			attribute: "profile",
			want:      []string{"seems to be encrypted", "HW_ACCESS_KEY"},
			never:     "hunter2",
		},
		"half a profile of the environment": {
			without:   "token",
			variables: map[string]string{"HW_PROFILE": "half"},
			attribute: "secret_key",
			want:      []string{`Set secret_key in the profile "half" of ~/.hcloud/config.json as well`},
		},
		"profile encrypted as letters and digits": {
			block:     map[string]string{"profile": "long"},
			attribute: "profile",
			want:      []string{"seems to be encrypted", "HW_ACCESS_KEY"},
			never:     "hunter2",
		},
		"broken file of profiles": {
			without:   "token",
			variables: map[string]string{"HW_SHARED_CONFIG_FILE": "notes.txt"},
			attribute: "shared_config_file",
			want: []string{
				"notes.txt is not valid JSON of the expected form, or is encrypted",
				"hcloud configure set --cli-auth-encrypt=false",
			},
			never: "hunter2",
		},
		"file of profiles that is not there": {
			block:     map[string]string{"shared_config_file": "none.json"},
			attribute: "shared_config_file",
			want:      []string{"none.json cannot be read"},
		},
		"unknown entry": {
			block:     map[string]string{"clouds_entry": "prod"},
			attribute: "clouds_entry",
			want:      []string{`no entry "prod"`, `It has: "application", "bare", "otc"`},
			never:     "hunter2",
		},
		"entry without auth": {
			block:     map[string]string{"clouds_entry": "bare"},
			attribute: "clouds_entry",
			want:      []string{"no credentials"},
		},
		"entry with an application credential": {
			block:     map[string]string{"clouds_entry": "application"},
			attribute: "clouds_entry",
			want:      []string{"application credential"},
			never:     "hunter2",
		},
		"broken clouds.yaml": {
			block:     map[string]string{"clouds_entry": "otc"},
			variables: map[string]string{"OS_CLIENT_CONFIG_FILE": "notes.txt"},
			attribute: "clouds_entry",
			want:      []string{"notes.txt is not valid YAML of the expected form"},
			never:     "hunter2",
		},
		"no clouds.yaml": {
			block:     map[string]string{"clouds_entry": "otc"},
			variables: map[string]string{"OS_CLIENT_CONFIG_FILE": "none.yaml"},
			attribute: "clouds_entry",
			want:      []string{`no clouds.yaml for the entry "otc". Searched: none.yaml`},
		},
		"profile and entry": {
			block:     map[string]string{"clouds_entry": "otc", "profile": "default"},
			attribute: "clouds_entry",
			want:      []string{"never mixed: remove one of them"},
		},
		"too many retries": {
			variables: map[string]string{"HCS_MAX_RETRIES": "1000"},
			attribute: "max_retries",
			want:      []string{"HCS_MAX_RETRIES is \"1000\"", "from 0 (no retries) to 100"},
		},
		"endpoint empty": {
			block:     map[string]string{"endpoint": ""},
			attribute: "endpoint",
			want:      []string{"is an empty string", "ELBAAS_ENDPOINT, omit it or set it to null"},
		},
		"project empty": {
			block:     map[string]string{"project_id": ""},
			attribute: "project_id",
			want:      []string{"is an empty string", "HW_PROJECT_ID or HCS_PROJECT_ID or OS_PROJECT_ID"},
		},
		"token empty": {
			block:     map[string]string{"token": ""},
			attribute: "token",
			want:      []string{"is an empty string", "HW_AUTH_TOKEN"},
		},
		"endpoint without a scheme": {
			block:     map[string]string{"endpoint": "elb.eu-de.otc.t-systems.com"},
			attribute: "endpoint",
			want:      []string{endpointSource, "it must begin with https:// (or http://)"},
		},
		"endpoint with a port and no scheme": {
			block:     map[string]string{"endpoint": "localhost:8080/elb"},
			attribute: "endpoint",
			want:      []string{"it must begin with https:// (or http://)"},
		},
		"endpoint of another scheme": {
			block:     map[string]string{"endpoint": "ftp://elb.example.com"},
			attribute: "endpoint",
			want:      []string{"it must begin with https:// (or http://)"},
		},
		"endpoint without a host": {
			block:     map[string]string{"endpoint": "https:///elb"},
			attribute: "endpoint",
			want:      []string{"has no host"},
		},
		"endpoint with a port and no host": {
			block:     map[string]string{"endpoint": "https://:443"},
			attribute: "endpoint",
			want:      []string{"has no host"},
		},
		"endpoint with a query": {
			block:     map[string]string{"endpoint": "https://elb.example.com/?a=b"},
			attribute: "endpoint",
			want:      []string{"it must not have a query"},
		},
		"endpoint with an empty query": {
			block:     map[string]string{"endpoint": "https://elb.example.com?"},
			attribute: "endpoint",
			want:      []string{"it must not have a query"},
		},
		"endpoint with a fragment": {
			block:     map[string]string{"endpoint": "https://elb.example.com/#a"},
			attribute: "endpoint",
			want:      []string{"it must not have a fragment"},
		},
		"endpoint with credentials": {
			block:     map[string]string{"endpoint": "https://user:hunter2@elb.example.com"},
			attribute: "endpoint",
			want:      []string{"it contains credentials"},
			never:     "hunter2",
		},
		"endpoint with broken credentials": {
			block:     map[string]string{"endpoint": "https://user:hunter2 %@elb.example.com"},
			attribute: "endpoint",
			want:      []string{"it contains credentials"},
			never:     "hunter2",
		},
		"endpoint that is no URL": {
			block:     map[string]string{"endpoint": "https://elb example.com"},
			attribute: "endpoint",
			want:      []string{"invalid URL: it contains a space"},
		},
		"endpoint of the environment": {
			without:   "endpoint",
			variables: map[string]string{"ELBAAS_ENDPOINT": "elb.example.com"},
			attribute: "endpoint",
			want: []string{
				"The endpoint from the environment variable ELBAAS_ENDPOINT cannot be used: invalid URL",
				"Set it to a base URL such as https://elb.eu-de.otc.t-systems.com. It may have a path, but no ",
			},
		},
		"token with a line end": {
			block:     map[string]string{"token": testToken + "\n"},
			attribute: "token",
			want:      []string{`"\n" (U+000A) at position 36`, "trimspace"},
			never:     testToken,
		},
		"token of the environment with a space": {
			without:   "token",
			variables: map[string]string{"OS_AUTH_TOKEN": " " + testToken},
			attribute: "token",
			want:      []string{"The token from the environment variable OS_AUTH_TOKEN", `" " (U+0020) at position 1`},
			never:     testToken,
		},
		"project that is a name": {
			block:     map[string]string{"project_id": "eu-de/mine"},
			attribute: "project_id",
			want:      []string{"The project_id from the provider block", `"/" (U+002F) at position 6`},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			block := completeBlock()
			for name := range strings.FieldsSeq(row.without) {
				delete(block, name)
			}
			for name, text := range row.block {
				block[name] = types.StringValue(text)
			}
			profiles := "/home/me/.hcloud/config.json"
			if row.variables["no profiles"] != "" {
				profiles = "elsewhere"
			}
			_, diags := newSettings(block, environmentOf(row.variables, map[string]string{
				"notes.txt": "hunter2: [",
				profiles: `{"current": "default", "profiles": [
					{"name": "default", "accessKeyId": "AK", "secretAccessKey": "hunter2"},
					{"name": "sso", "mode": "SSO"},
					{"name": "encrypted", "accessKeyId": "AK", "secretAccessKey": "hunter2+/=="},
					{"name": "half", "accessKeyId": "AK"},
					{"name": "long", "accessKeyId": "AK", "secretAccessKey": "` + strings.Repeat("hunter2", 40) + `"}
				]}`,
				"clouds.yaml": "clouds:\n" +
					"  otc: {auth: {username: u, password: hunter2}}\n" +
					"  bare: {region_name: r}\n" +
					"  application: {auth: {application_credential_id: i, application_credential_secret: hunter2}}\n",
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

// TestErrorsQuoteNoKey: a value that may be a key is not quoted as a file name.
func TestErrorsQuoteNoKey(t *testing.T) {
	t.Parallel()
	pair := throwaway.NewPair("client")
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
		"key like the name of a file": {
			block: map[string]string{"cert": pair.Certificate, "key": "hunter2.b"},
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

// TestErrorsOfDestinations: the error says what was set where, what it would have led to, and which argument to set.
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
				"credentials are not sent to an address that only that source names. ",
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
				"needed for a password or an agency", "The endpoint is set, but",
				"Set auth_url in the provider block",
			},
		},
		"a password, an endpoint that is not named as those of the cloud": {
			setup{block: "endpoint=https://gateway.eu-de.example.com password region=eu-de"},
			"auth_url",
			[]string{"The endpoint is set, but it does not name the cloud of the identity service"},
		},
		"a password, an endpoint whose cloud has no dot": {
			setup{block: "endpoint=https://elb.eu-de.internal password region=eu-de"},
			"auth_url",
			[]string{"The endpoint is set, but it does not name the cloud of the identity service"},
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
		"the other half": {
			setup{block: "key region=eu-de", variables: "HCS_ASSUME_ROLE_DOMAIN_NAME=d"},
			"assume_role.agency_name",
			[]string{"Set the environment variable HCS_ASSUME_ROLE_AGENCY_NAME as well"},
		},
		"a later cloud, and a region of a private one": {
			setup{block: "key", variables: "HCS_REGION_NAME=eu-de"},
			"cloud",
			[]string{
				"The region comes from the environment variable HCS_REGION_NAME. Settings from HCS_… variables are " +
					"for a private cloud, so the credentials are never sent to the default cloud (myhuaweicloud.com). ",
			},
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
		"a plain endpoint of another source": {
			setup{block: "token endpoint=http://elb.example.com", variables: "HW_INSECURE=true"},
			"endpoint",
			[]string{
				"The environment variable HW_INSECURE sets insecure, which does not apply to the address of another " +
					"source. To allow it, set insecure = true in the provider block.",
			},
		},
		"a later entry, and no region": {
			setup{variables: "HW_key OS_CLOUD=mine"},
			"cloud",
			[]string{"The environment variable OS_CLOUD is set"},
		},
		"a key of a private cloud, and no region": {
			setup{variables: "HCS_key"},
			"region",
			[]string{"The address of the ELB service is not known"},
		},
		"half an agency and a password": {
			setup{block: "password region=eu-de cloud=example.com", variables: "HCS_ASSUME_ROLE_DOMAIN_NAME=d"},
			"assume_role.agency_name",
			[]string{"Set the environment variable HCS_ASSUME_ROLE_AGENCY_NAME as well"},
		},
		"an endpoint with a query, insecure of another source": {
			setup{block: "token endpoint=http://elb.example.com?a=b", variables: "HW_INSECURE=true"},
			"endpoint",
			[]string{`it must not have a query after a "?". Set it to a base URL such as`},
		},
		"every variable empty": {
			setup{variables: "HW_ACCESS_KEY= HW_SECRET_KEY= HW_CLOUD= OS_AUTH_URL= OS_CLOUD= HW_PROFILE= " +
				"ELBAAS_ENDPOINT="},
			"access_key",
			[]string{"The provider has no credentials"},
		},
	} {
		block := providerBlock{}
		for name, value := range parseWords(row.block) {
			block[name] = types.StringValue(value)
		}
		_, diags := newSettings(block, environmentOf(parseWords(row.variables)))
		if len(diags) != 1 {
			t.Errorf("%s: got %v, want one error", name, diags)
			continue
		}
		if at, ok := diags[0].(diag.DiagnosticWithPath); !ok || at.Path().String() != row.attribute ||
			len(at.Path().Steps()) != strings.Count(row.attribute, ".")+1 {
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
		want     int64 // -1 means an error
	}{
		"default": {
			block: types.StringNull(),
			want:  30,
		},
		"block": {
			block:    types.StringValue("7"),
			variable: "9",
			want:     7,
		},
		"environment": {
			block:    types.StringNull(),
			variable: "9",
			want:     9,
		},
		"off": {
			block:    types.StringValue("0"),
			variable: "9",
			want:     0,
		},
		"not known yet": {
			block: types.StringUnknown(),
			want:  30,
		},
		"negative": {
			block: types.StringValue("-1"),
			want:  -1,
		},
		"beyond reason": {
			block: types.StringValue("36501"),
			want:  -1,
		},
		"no number": {
			block:    types.StringNull(),
			variable: "soon",
			want:     -1,
		},
		"not an integer": {
			block:    types.StringNull(),
			variable: "1.5",
			want:     -1,
		},
	} {
		block := completeBlock()
		block["expiry_warning_days"] = row.block
		s, diags := newSettings(block, environmentOf(map[string]string{"ELBAAS_EXPIRY_WARNING_DAYS": row.variable}))
		if row.want < 0 {
			if len(diags) != 1 || !strings.Contains(diags[0].Detail(), "It must be an integer from 0") ||
				!diags[0].(diag.DiagnosticWithPath).Path().Equal(path.Root("expiry_warning_days")) {
				t.Errorf("%s: got %v", name, diags)
			}
			continue
		}
		if diags.HasError() || s.expiryWarningDays != int(row.want) {
			t.Errorf("%s: got %d, %v, want %d", name, s.expiryWarningDays, diags, row.want)
		}
		if diags := newCloud(s, "test", nil).ready(); diags.HasError() {
			t.Errorf("%s: the cloud cannot be called: %v", name, diags)
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

// TestSettingsUnknown has arguments from resources that do not exist yet.
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
	c := newCloud(s, "test", nil)
	shown := fmt.Sprint(c.ready())
	if !strings.Contains(shown, "argument endpoint depends") || !strings.Contains(shown, "argument token depends") ||
		strings.Contains(shown, "argument project_id") {
		t.Errorf("the error does not name the arguments: %s", shown)
	}
	if project := c.defaultProject(&diags); !project.IsUnknown() || diags.HasError() {
		t.Errorf("project = %v, %v, want unknown", project, diags)
	}
	_ = c.readyProject(t.Context(), types.StringValue(testProject), &diags)
	if !diags.HasError() {
		t.Error("the cloud may be called")
	}
}

// TestUnknownProject: only the default project comes from a resource that does not exist yet.
func TestUnknownProject(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"project_id", "project_name"} {
		block := completeBlock()
		delete(block, "project_id")
		block[name] = types.StringUnknown()
		s, diags := newSettings(block, environmentOf(map[string]string{"HW_PROJECT_ID": "nonsense"}))
		c := newCloud(s, "test", nil)
		if project := c.defaultProject(&diags); !project.IsUnknown() || diags.HasError() {
			t.Errorf("%s: project = %v, %v, want unknown", name, project, diags)
		}
		project := c.readyProject(t.Context(), types.StringValue(testProject), &diags)
		if project.ValueString() != testProject || diags.HasError() {
			t.Errorf("%s: project = %v, %v, want the certificate's own", name, project, diags)
		}
		_ = c.readyProject(t.Context(), types.StringNull(), &diags)
		if len(diags) != 1 || !strings.Contains(diags[0].Detail(), "known only after an apply") {
			t.Errorf("%s: %v", name, diags)
		}
	}
	// A known project stays known while the region is unknown; otherwise a plan would replace the certificates in it.
	block := completeBlock()
	block["region"] = types.StringUnknown()
	s, diags := newSettings(block, environmentOf(nil))
	if project := newCloud(s, "test", nil).defaultProject(&diags); project.ValueString() != "block-project" {
		t.Errorf("project = %v, %v", project, diags)
	}
}

// TestUnknownCredentials: while some credentials are unknown, missing ones are not an error.
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
		"domain by the ID": {
			"user_name": types.StringValue("me"), "password": types.StringValue("p"),
			"domain_id": types.StringUnknown(), "region": types.StringUnknown(),
		},
		"everything": {"token": types.StringUnknown(), "region": types.StringUnknown(), "cloud": types.StringUnknown()},
	} {
		// The credentials of the environment belong to another source, and are not used.
		s, diags := newSettings(block, environmentOf(map[string]string{"HW_AUTH_TOKEN": "hw"}))
		if diags.HasError() || s.credentialsSource != blockLabel || !s.Credentials.Token.Empty() {
			t.Errorf("%s: %v, credentials of %q", name, diags, s.credentialsSource)
		}
		if !newCloud(s, "test", nil).ready().HasError() {
			t.Errorf("%s: ready to be called", name)
		}
	}
}

// TestSeeminglyIncompleteSettings: settings that seem to lack their other half are complete, or their other half is not
// known yet.
func TestSeeminglyIncompleteSettings(t *testing.T) {
	t.Parallel()
	const password = "user_id=me password=p region=eu-de"
	const agency, domain = "assume_role.agency_name", "assume_role.domain_name"
	for name, row := range map[string]struct{ block, unknown string }{
		"a user by the ID":               {block: password},
		"a domain by the ID":             {block: "user_name=me password=p domain_id=d region=eu-de"},
		"the key of a certificate":       {block: password + " cert=ca.pem", unknown: "key"},
		"the certificate of a key":       {block: password + " key=client.key", unknown: "cert"},
		"the domain of an agency":        {block: "key region=eu-de " + agency + "=a", unknown: domain},
		"the name of an agency":          {block: "key region=eu-de " + domain + "=d", unknown: agency},
		"the region, and so the project": {block: "key", unknown: "region"},
	} {
		block := providerBlock{}
		for name, value := range parseWords(row.block) {
			block[name] = types.StringValue(value)
		}
		if row.unknown != "" {
			block[row.unknown] = types.StringUnknown()
		}
		s, diags := newSettings(block, environmentOf(nil))
		project := newCloud(s, "test", nil).defaultProject(&diags)
		if !project.IsUnknown() || diags.HasError() {
			t.Errorf("%s: project = %v, %v", name, project, diags)
		}
	}
}

// TestLineEnds: values in openrc files from Windows, and in files and variables of CI, may end with a line end
// (observed). The error names the variable, and shows nothing of the value.
func TestLineEnds(t *testing.T) {
	t.Parallel()
	const with = "HW_token OS_password OS_REGION_NAME=eu-de OS_AGENCY_NAME=a OS_AGENCY_DOMAIN_NAME=d " + otcURL
	for _, variable := range []string{
		"OS_USERNAME", "OS_PASSWORD", "OS_USER_DOMAIN_NAME", "OS_USER_DOMAIN_ID", "OS_USER_ID", "OS_PROJECT_NAME",
		"OS_AUTH_URL", "OS_REGION_NAME", "OS_AGENCY_NAME", "OS_AGENCY_DOMAIN_NAME", "OS_ACCESS_KEY", "OS_PROJECT_ID",
	} {
		for _, end := range []string{"\n", "\r"} {
			variables := parseWords(with)
			delete(variables, "HW_AUTH_TOKEN")
			if strings.HasPrefix(variable, "OS_AGENCY") || variable == "OS_ACCESS_KEY" {
				variables["OS_ACCESS_KEY"], variables["OS_SECRET_KEY"] = "AK", "SK"
			} else {
				delete(variables, "OS_AGENCY_NAME")
				delete(variables, "OS_AGENCY_DOMAIN_NAME")
			}
			variables[variable] = cmp.Or(variables[variable], "hunter2") + end
			_, diags := newSettings(providerBlock{}, environmentOf(variables))
			said := fmt.Sprint(diags)
			if !diags.HasError() || !strings.Contains(said, variable) || strings.Contains(said, "hunter2") ||
				strings.Contains(said, secretOf("password", "OS_")) {
				t.Errorf("%s: it says %s", variable, said)
			}
		}
	}
}

// TestUnknownHidesVariables: an unknown value takes precedence over variables, as if it were known.
func TestUnknownHidesVariables(t *testing.T) {
	t.Parallel()
	variables := map[string]string{
		"OS_CACERT": "nowhere.pem", "OS_CERT": "nowhere.pem", "OS_KEY": "nowhere.pem",
		"ELBAAS_SIGNING_SCHEME": "nonsense", "HW_MAX_RETRIES": "7", "ELBAAS_EXPIRY_WARNING_DAYS": "7",
	}
	block := completeBlock()
	for _, name := range []string{
		"cacert_file", "cert", "key", "signing_scheme", "max_retries", "expiry_warning_days",
	} {
		block[name] = types.StringUnknown()
	}
	s, diags := newSettings(block, environmentOf(variables))
	if diags.HasError() || s.api.MaxRetries != 5 || s.expiryWarningDays != 30 {
		t.Errorf("%d retries, %d days, %v: variables are read", s.api.MaxRetries, s.expiryWarningDays, diags)
	}
}

// TestUnknownAddresses: unknown addresses do not prevent a plan.
func TestUnknownAddresses(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"region", "cloud", "auth_url", "endpoint"} {
		block := providerBlock{
			"access_key": types.StringValue("AK"), "secret_key": types.StringValue("SK"),
			"region": types.StringValue("eu-de"), "project_name": types.StringValue("mine"),
		}
		block[name] = types.StringUnknown()
		s, diags := newSettings(block, environmentOf(map[string]string{
			"HW_CLOUD": "otc.t-systems.com",
			"OS_CERT":  "without a key", // the certificate may be for another cloud
		}))
		if diags.HasError() {
			t.Fatalf("%s: %v", name, diags)
		}
		c := newCloud(s, "test", nil)
		project := c.defaultProject(&diags)
		if !project.IsUnknown() || diags.HasError() || !c.ready().HasError() {
			t.Errorf("%s: project = %v, %v", name, project, diags)
		}
	}
}

func TestNoProject(t *testing.T) {
	t.Parallel()
	var diags diag.Diagnostics
	s, said := settingsOf("token endpoint=https://elb.example.com auth_url=https://iam.example.com", "")
	_ = newCloud(s, "test", nil).defaultProject(&diags)
	if len(diags) != 1 || !strings.Contains(diags[0].Detail(), "HW_PROJECT_ID or HCS_PROJECT_ID or OS_PROJECT_ID") {
		t.Errorf("got %v, %s", diags, said)
	}
}

// TestCredentialsAreNeverMixed: all credentials come from one source, the first one that has any.
func TestCredentialsAreNeverMixed(t *testing.T) {
	t.Parallel()
	files := map[string]string{
		"/home/me/.hcloud/config.json": `{"current": "default", "profiles": [{
			"name": "default", "accessKeyId": "profile", "secretAccessKey": "SK", "securityToken": "ST",
			"region": "profile-region", "projectId": "profile-project"
		}]}`,
		"clouds.yaml": "clouds:\n" +
			"  entry:\n" +
			"    auth:\n" +
			"      username: entry\n" +
			"      password: pw\n" +
			"      user_domain_name: d\n" +
			"      auth_url: https://entry.example.com/v3\n" +
			"      project_name: entry-project\n" +
			"    region_name: entry-region\n" +
			"    verify: false\n",
		"secure.yaml": "clouds:\n  entry: {auth: {password: secure}}\n",
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
		want      string // the kind, the user or key, and the source
	}{
		"the block before all": {
			block:     key,
			variables: all,
			want:      "access key block the provider block",
		},
		"a token before a key": {
			block:     both,
			variables: all,
			want:      "token block-token the provider block",
		},
		"HW_": {
			block:     region,
			variables: all,
			want:      "token HW_ the environment variables HW_…",
		},
		"HCS_": {
			block:     region,
			variables: with(without("HW_"), "HCS_CLOUD", "a.b"),
			want:      "token HCS_ the environment variables HCS_…",
		},
		"OS_": {
			block:     region,
			variables: without("HW_", "HCS_"),
			want:      "token OS_ the environment variables OS_…",
		},
		"a key of HW_ before a token of OS_": {
			block:     region,
			variables: map[string]string{"HW_ACCESS_KEY": "hw", "HW_SECRET_KEY": "s", "OS_AUTH_TOKEN": "os"},
			want:      "access key hw the environment variables HW_…",
		},
		"a profile that nobody names": {
			block: region,
			want:  `access key profile the profile "default" of ~/.hcloud/config.json`,
		},
		"a profile of the environment is last": {
			block:     region,
			variables: with(all, "HW_PROFILE", "default"),
			want:      "token HW_ the environment variables HW_…",
		},
		"a profile of the block before it": {
			block:     named,
			variables: all,
			want:      `access key profile the profile "default" of ~/.hcloud/config.json`,
		},
		"an entry of the block": {
			block:     entry,
			variables: all,
			want:      `password entry the entry "entry" of clouds.yaml`,
		},
		"a profile of the block, an entry of the environment": {
			block:     named,
			variables: with(all, "OS_CLOUD", "entry"),
			want:      `access key profile the profile "default" of ~/.hcloud/config.json`,
		},
		"an entry of the block, a profile of the environment": {
			block:     entry,
			variables: with(all, "HW_PROFILE", "default"),
			want:      `password entry the entry "entry" of clouds.yaml`,
		},
		"an entry of the environment": {
			block:     providerBlock{},
			variables: map[string]string{"OS_CLOUD": "entry"},
			want:      `password entry the entry "entry" of clouds.yaml`,
		},
		"an entry of the environment is last": {
			block:     region,
			variables: with(all, "OS_CLOUD", "entry"),
			want:      "token HW_ the environment variables HW_…",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, diags := newSettings(row.block, environmentOf(row.variables, files))
			if diags.HasError() {
				t.Fatal(diags)
			}
			who := s.Credentials.Token.Reveal() + s.Credentials.Key.Access + s.Credentials.UserName
			if s.Credentials.Kind() == auth.KindToken {
				who = s.Credentials.Token.Reveal()
			}
			if got := fmt.Sprintf("%s %s %s", s.Credentials.Kind(), who, s.credentialsSource); got != row.want {
				t.Errorf("got %s, want %s", got, row.want)
			}
			if s.Credentials.UserName == "entry" {
				got := fmt.Sprintf("%s %s %s %s %t", s.Credentials.Password.Reveal(), s.Signer.Region, s.AuthURL,
					s.projectName, s.api.TLS.InsecureSkipVerify)
				if got != "secure entry-region https://entry.example.com/v3 entry-project true" {
					t.Errorf("the entry gave %s", got)
				}
			}
			if s.Credentials.Key.Access == "profile" {
				got := s.Credentials.Key.SecurityToken.Reveal() + " " + s.project.ValueString()
				if got != "ST profile-project" {
					t.Errorf("the profile gave %s", got)
				}
			}
		})
	}
}

// TestAddresses: the addresses of the services if no source sets them.
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
		"Huawei Cloud": {
			variables: key("HW_", map[string]string{"HW_REGION_NAME": "cn-north-4"}),
			endpoint:  "https://elb.cn-north-4.myhuaweicloud.com",
			authURL:   "https://iam.cn-north-4.myhuaweicloud.com/v3",
			name:      "cn-north-4",
		},
		"Open Telekom Cloud": {
			variables: key("OS_", map[string]string{"OS_REGION_NAME": "eu-de", "HW_CLOUD": "otc.t-systems.com"}),
			endpoint:  "https://elb.eu-de.otc.t-systems.com",
			authURL:   "https://iam.eu-de.otc.t-systems.com/v3",
			name:      "eu-de",
		},
		"FlexibleEngine": {
			variables: key("OS_", map[string]string{
				"OS_REGION_NAME": "eu-west-0",
				"OS_CLOUD":       "prod-cloud-ocb.orange-business.com",
			}),
			endpoint: "https://elb.eu-west-0.prod-cloud-ocb.orange-business.com",
			authURL:  "https://iam.eu-west-0.prod-cloud-ocb.orange-business.com/v3",
			name:     "eu-west-0",
		},
		"Huawei Cloud Stack": {
			variables: key("HCS_", map[string]string{"HCS_REGION_NAME": "r", "HCS_CLOUD": "private.example.com"}),
			endpoint:  "https://elb.r.private.example.com",
			authURL:   "<nil>",
			name:      "r",
		},
		"Huawei Cloud Stack by its endpoint": {
			variables: key("HCS_", map[string]string{
				"HCS_REGION_NAME": "r",
				"ELBAAS_ENDPOINT": "https://elb.r.private.example.com",
			}),
			endpoint: "https://elb.r.private.example.com",
			authURL:  "<nil>",
			name:     "r",
		},
		"its own auth_url": {
			variables: key("HCS_", map[string]string{
				"HCS_REGION_NAME": "r",
				"HCS_CLOUD":       "private.example.com",
				"HCS_AUTH_URL":    "https://iam-apigateway-proxy.private.example.com:443/v3",
			}),
			endpoint: "https://elb.r.private.example.com",
			authURL:  "https://iam-apigateway-proxy.private.example.com:443/v3",
			name:     "r",
		},
		"the catalog": {
			variables: key("OS_", map[string]string{
				"OS_AUTH_URL":     "https://iam.example.com/v3",
				"OS_PROJECT_NAME": "mine",
			}),
			endpoint: "<nil>",
			authURL:  "https://iam.example.com/v3",
			name:     "mine",
		},
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
		if show(s.endpoint) != row.endpoint || show(s.AuthURL) != row.authURL || s.projectName != row.name {
			t.Errorf("%s: %s, %s, %s", name, show(s.endpoint), show(s.AuthURL), s.projectName)
		}
	}
}

// TestSettingsShowNoSecret formats settings with secrets in every way.
func TestSettingsShowNoSecret(t *testing.T) {
	t.Parallel()
	s, diags := newSettings(providerBlock{"region": types.StringValue("eu-de")}, environmentOf(map[string]string{
		"HW_AUTH_TOKEN":     "hunter2",
		"HW_ACCESS_KEY":     "AK",
		"HW_SECRET_KEY":     "hunter2",
		"HW_SECURITY_TOKEN": "hunter2",
		"HW_USER_NAME":      "me",
		"HW_USER_PASSWORD":  "hunter2",
		"HW_DOMAIN_NAME":    "d",
	}))
	if diags.HasError() {
		t.Fatal(diags)
	}
	c := newCloud(s, "test", nil)
	for _, value := range []any{s, &s, c, c.session, c.client, s.Credentials} {
		if shown := fmt.Sprintf("%v %+v %#v %s", value, value, value, value); strings.Contains(shown, "hunter2") {
			t.Errorf("%T shows a secret: %s", value, shown)
		}
	}
}

// TestOneErrorAtATime: an error that only results from another one is not shown.
func TestOneErrorAtATime(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		variables map[string]string
		block     map[string]string
		want      string
	}{
		"no credentials": {
			map[string]string{"OS_CACERT": "missing.pem"}, nil, "Missing credentials",
		},
		"half a key": {
			map[string]string{"HW_ACCESS_KEY": "AK"},
			map[string]string{"endpoint": "http://elb.example.com"},
			"Incomplete credentials",
		},
		"client certificate": {
			map[string]string{"HW_AUTH_TOKEN": testToken, "HW_REGION_NAME": "eu-de"},
			map[string]string{"cert": "missing.pem", "key": "-----BEGIN hunter2"},
			"Invalid provider argument cert",
		},
		"key of a client certificate": {
			map[string]string{"HW_AUTH_TOKEN": testToken, "HW_REGION_NAME": "eu-de"},
			map[string]string{"cert": "-----BEGIN hunter2", "key": "missing.key"},
			"Invalid provider argument key",
		},
		"region": {
			map[string]string{"HW_AUTH_TOKEN": testToken},
			map[string]string{"region": "eu de"},
			"Invalid provider argument region",
		},
	} {
		block := providerBlock{}
		for argument, text := range row.block {
			block[argument] = types.StringValue(text)
		}
		_, diags := newSettings(block, environmentOf(row.variables))
		if len(diags) != 1 || diags[0].Summary() != row.want {
			t.Errorf("%s: got %v, want %q alone", name, diags, row.want)
		}
	}
}
