package provider

import (
	"fmt"
	"io/fs"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/types"
)

// pastedKeys returns a key as it is, and as users paste it.
func pastedKeys() (whole, withoutBegin, inOneLine string) {
	whole = testPair().PrivateKey
	lines := strings.Split(strings.TrimSpace(whole), "\n")
	return whole, strings.Join(lines[1:], "\n"), strings.Join(lines[1:len(lines)-1], "")
}

// TestKeysInEntries: an entry of clouds.yaml may have PEM instead of the name of a file. It is not treated as a file
// name, and not quoted.
func TestKeysInEntries(t *testing.T) {
	t.Parallel()
	whole, withoutBegin, inOneLine := pastedKeys()
	certificate := testPair().Certificate
	const entry = "clouds:\n  mine:\n    auth: {auth_url: 'https://iam.example.com/v3', username: u, password: p, " +
		"user_domain_name: d}\n"
	line := func(name, text string) string { // as a block of YAML
		return "    " + name + ": |\n      " + strings.ReplaceAll(strings.TrimSpace(text), "\n", "\n      ") + "\n"
	}
	for name, row := range map[string]struct {
		clouds, secure string
		want           string // a part of the error; empty means success
	}{
		"inline": {
			clouds: line("cacert", certificate) + line("cert", certificate) + line("key", whole),
		},
		"inline in secure.yaml": {
			clouds: line("cacert", certificate) + line("cert", certificate),
			secure: "clouds:\n  mine:\n" + line("key", whole),
		},
		"files": {
			clouds: "    cacert: ca.pem\n    cert: ca.pem\n    key: client.key\n",
		},
		"a key without its first line": {
			clouds: line("cert", certificate) + line("key", withoutBegin),
			want:   "The value of key from the entry",
		},
		"a key in one line": {
			clouds: line("cert", certificate) + "    key: " + inOneLine + "\n",
			want:   "The value of key from the entry",
		},
		"a key in one line of secure.yaml": {
			clouds: line("cert", certificate),
			secure: "clouds:\n  mine:\n    key: " + inOneLine + "\n",
			want:   "The value of key from the entry",
		},
		"a key as authority": {
			clouds: line("cacert", withoutBegin),
			want:   "The value of cacert_file from the entry",
		},
		"a key as certificate": {
			clouds: "    key: client.key\n    cert: " + inOneLine + "\n",
			want:   "The value of cert",
		},
		"not YAML": {
			clouds: "    key: [" + inOneLine,
			want:   "is not valid YAML of the expected form",
		},
		"not YAML, secure": {
			secure: "clouds: " + inOneLine,
			want:   "is not valid YAML of the expected form",
		},
		"a list": {
			clouds: "    key: [" + inOneLine + "]\n",
			want:   "is not valid YAML of the expected form",
		},
	} {
		files := map[string]string{"clouds.yaml": entry + row.clouds, "ca.pem": certificate, "client.key": whole}
		if row.secure != "" {
			files["secure.yaml"] = row.secure
		}
		env := environmentOf(map[string]string{"OS_CLOUD": "mine"}, files)
		readFile := env.readFile
		env.readFile = func(file string) ([]byte, error) {
			if strings.Contains(file, inOneLine[:40]) || strings.Contains(file, "-----BEGIN") {
				t.Errorf("%s: a key is taken for the name of a file", name)
			}
			return readFile(file)
		}
		s, diags := newSettings(providerBlock{}, env)
		said := ""
		for _, d := range diags {
			said += d.Detail()
		}
		if (said == "") != (row.want == "") || !strings.Contains(said, row.want) {
			t.Errorf("%s: it says %q, want %q", name, said, row.want)
		}
		if said == "" && len(s.api.TLS.Certificates) != 1 {
			t.Errorf("%s: there is no client certificate", name)
		}
		for part := range slices.Chunk([]byte(inOneLine), 40) {
			if strings.Contains(strings.ReplaceAll(said, "\n", ""), string(part)) {
				t.Errorf("%s: it quotes the key: %s", name, said)
			}
		}
	}
}

// TestProfileOfALogin: the tool stores the temporary key of an SSO login separately, and an older key may be left over
// (observed).
func TestProfileOfALogin(t *testing.T) {
	t.Parallel()
	const older = `"accessKeyId":"older","secretAccessKey":"hunter2","securityToken":"hunter2",`
	for name, row := range map[string]struct {
		profile string
		want    string // the access key, or a part of the error
	}{
		"the key of the login": {
			`"ssoAuth":{"stsToken":{"accessKeyId":"AK","secretAccessKey":"SK","securityToken":"ST"}}`,
			"AK SK ST",
		},
		"no login": {
			`"ssoAuth":{}`,
			`has no access key in its profile "a" (mode "SSO")`,
		},
		"an encrypted key": {
			`"ssoAuth":{"stsToken":{"accessKeyId":"AK","secretAccessKey":"hunter2+/==","securityToken":"ST"}}`,
			"hcloud configure set --cli-auth-encrypt=false",
		},
	} {
		for _, rest := range []string{"", older} {
			file := `{"current":"a","profiles":[{"name":"a","mode":"SSO","region":"eu-de",` + rest + row.profile + `}]}`
			s, got := settingsOf("", "", map[string]string{atHome: file})
			if c := s.Credentials; got == "" {
				got = fmt.Sprint(c.Key.Access, " ", c.Key.Secret.Reveal(), " ", c.Key.SecurityToken.Reveal())
			}
			if !strings.Contains(got, row.want) || strings.Contains(got, "hunter2") {
				t.Errorf("%s: got %s, want %s", name, got, row.want)
			}
		}
	}
}

// TestNamesOfFiles: a text that may be a key, or credentials, is neither shown as a file name nor opened.
func TestNamesOfFiles(t *testing.T) {
	t.Parallel()
	_, withoutBegin, inOneLine := pastedKeys()
	for text, shown := range map[string]bool{
		"ca.pem": true, "~/.hcloud/config.json": true, "/etc/openstack/clouds.yaml": true,
		"../a/client-1_2.key": true, `C:\Users\me\ca.crt`: true, "/tmp/TestAcc123/001/config.json": true,
		// Hashes, and names of the maximum length and above.
		"/nix/3b1f0c9d2e4a5b6c7d8e9f0a1b2c3d4e/ca.pem":  true,
		"/nix/3B1F0C9D2E4A5B6C7D8E9F0A1B2C3D4E/ca.pem":  true,
		"/nix/" + strings.Repeat("Abcd", 8) + "/ca.pem": true,
		strings.Repeat("a/", 125) + "a.pem":             true,
		strings.Repeat("a/", 125) + "ab.pem":            false,
		withoutBegin:                                    false, inOneLine: false, inOneLine[:60] + ".b": false,
		"client": false,
		"MFyfvK41ba2giqM7Uio6PznpdUKGpownRZlmVmHc.b":                                          false,
		`{"profiles":[{"accessKeyId":"AK","secretAccessKey":"SK","agencyDomainName":"a.b"}]}`: false,
		"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N":             false,
		"https://me:hunter2@example.com/a.json":                                               false,
		"clouds: {mine: {auth: {password: hunter2.json}}}":                                    false,
		"password=hunter2.json":                                                               false,
	} {
		if got := fileName(text); (got == text) != shown {
			t.Errorf("%q is shown as %q", text, got)
		}
	}
	// A long file name does not look like a key.
	for _, long := range []string{
		"/tmp/TestAccCredentialsOfTheEnvironment1234567890/001/config.json",
		"/home/terraform/configurations/production/profiles",
	} {
		s, said := settingsOf("", "HW_REGION_NAME=eu-de HW_SHARED_CONFIG_FILE="+long,
			map[string]string{long: profileOf("")[atHome]})
		if said != "" || s.Credentials.Key.Access == "" {
			t.Errorf("it says %q of a long name", said)
		}
	}
	const credentials = `{"current":"a","profiles":[{"name":"a","accessKeyId":"AK","secretAccessKey":"hunter2",` +
		`"agencyDomainName":"a.b"}]}`
	for _, variables := range []map[string]string{
		{"HW_SHARED_CONFIG_FILE": credentials},
		{"HCS_SHARED_CONFIG_FILE": credentials},
		{"OS_CLOUD": "mine", "OS_CLIENT_CONFIG_FILE": "clouds: {mine: {auth: {password: hunter2.b}}}"},
		{"OS_CLOUD": "mine", "OS_CLIENT_CONFIG_FILE": "clouds:\n  mine: {auth: {password: hunter2.b}}"},
		{"HW_AUTH_TOKEN": "t", "HW_REGION_NAME": "eu-de", "OS_CACERT": credentials},
	} {
		_, diags := newSettings(providerBlock{}, environmentOf(variables))
		if len(diags) != 1 || strings.Contains(diags[0].Detail(), "hunter2") ||
			!strings.Contains(diags[0].Detail(), notShown) {
			t.Errorf("%v: it says %v", slices.Sorted(maps.Keys(variables)), diags)
		}
		isOpened := strings.HasPrefix(variables["OS_CLIENT_CONFIG_FILE"], "clouds: ") // this may be a file name
		if isOpened == strings.Contains(fmt.Sprint(diags), "it is not the name of a file") {
			t.Errorf("%v: it says %v", slices.Sorted(maps.Keys(variables)), diags)
		}
	}
}

// TestErrorsQuoteNoValueThatMayBeAKey: a secret that was given to the wrong argument is not quoted.
func TestErrorsQuoteNoValueThatMayBeAKey(t *testing.T) {
	t.Parallel()
	const key = "MFyfvK41ba2giqM7Uio6PznpdUKGpownRZlmVmHc"
	const divided = "MC4CAQAwBQYDK2VwBCIEIGs/9fXq2aVn0Zk3bT/uWc8pLr1QyHdE7oJmS5tNxA4" // no part of it is very long
	files := map[string]string{"clouds.yaml": "clouds: {a: {}}", atHome: `{"profiles":[]}`}
	for _, variables := range []string{
		"HW_key HW_REGION_NAME=a HW_CLOUD=", "HW_key HW_REGION_NAME=a ELBAAS_SIGNING_SCHEME=", "HW_PROFILE=",
		"OS_CLOUD=", "OS_CLIENT_CONFIG_FILE=none.yaml OS_CLOUD=", "HW_key HW_REGION_NAME=a HW_INSECURE=",
		"HW_key HW_REGION_NAME=a HW_MAX_RETRIES=", "HW_SHARED_CONFIG_FILE=", "HW_key HW_REGION_NAME=a OS_CACERT=",
		"HW_key HW_REGION_NAME=a ELBAAS_ENDPOINT=", "HW_key HW_REGION_NAME=a HW_AUTH_URL=", "HW_key HW_PROJECT_ID=/",
		"HW_key HW_REGION_NAME=/", "HW_key HW_REGION_NAME=a HW_CLOUD=a./",
	} {
		_, said := settingsOf("", variables+key, files)
		if said == "" || strings.Contains(said, key) {
			t.Errorf("%s: it says %q", variables, said)
		}
	}
	for _, variable := range []string{"HW_key HW_REGION_NAME=a HW_CLOUD=", "HW_PROFILE=", "OS_CLOUD="} {
		if _, said := settingsOf("", variable+divided, files); said == "" || strings.Contains(said, divided) {
			t.Errorf("%s: it says %q", variable, said)
		}
	}
	for secret, variables := range map[string][]string{ // a token of older clouds, and one with dots
		"0f3b5c7d9e1a2b4c6d8e0f1a3b5c7d9e": {"HW_key HW_REGION_NAME=a HW_CLOUD=", "HW_PROFILE=", "OS_CLOUD="},
		// The content of a file, and a text that is longer than any file name.
		"{accessKeyId:AK}":            {"HW_key HW_REGION_NAME=a HW_CLOUD=", "HW_PROFILE=", "OS_CLOUD="},
		strings.Repeat("secret-", 15): {"HW_key HW_REGION_NAME=a HW_CLOUD=", "HW_PROFILE=", "OS_CLOUD="},
		strings.Repeat("eyJhbGciOi", 8) + ".eyJzdWIi.c2lnbmF0": {
			"HW_key HW_REGION_NAME=a HW_CLOUD=", "HW_key HW_REGION_NAME=",
			"HW_PROFILE=", "HW_key HW_REGION_NAME=a HW_AUTH_URL=", "HW_key HW_REGION_NAME=a ELBAAS_ENDPOINT=",
		},
	} {
		for _, variable := range variables {
			_, said := settingsOf("", variable+secret, files)
			if said == "" || strings.Contains(said, strings.ToLower(secret)) || strings.Contains(said, secret) {
				t.Errorf("%s: it says %q", variable, said)
			}
		}
	}
	for name, want := range map[string]string{"HW_CLOUD=otc": `"otc"`, "HW_INSECURE=maybe": `"maybe"`} {
		if _, said := settingsOf("", "HW_key HW_REGION_NAME=a "+name); !strings.Contains(said, want) {
			t.Errorf("%s: it does not quote what cannot be a key: %s", name, said)
		}
	}
}

// TestEntriesOfSeveralFiles: an entry consists of what clouds-public.yaml says about its vendor, overridden by
// clouds.yaml, and that by secure.yaml, key by key.
func TestEntriesOfSeveralFiles(t *testing.T) {
	t.Parallel()
	const public = "public-clouds:\n  otc: {auth: {auth_url: 'https://iam.{region_name}.otc.t-systems.com/v3', " +
		"user_domain_name: vendor}, region_name: eu-nl}\n"
	const user = "username: u, password: '0123', user_domain_name: d"
	for name, row := range map[string]struct {
		clouds, secure, public string
		block                  string
		want                   string // auth_url, user, password, domain, region; or a part of the error
	}{
		"auth in secure.yaml alone": {
			clouds: "mine: {region_name: eu-de}",
			secure: "mine: {auth: {" + user + ", auth_url: 'https://iam.a.b/v3'}}",
			want:   "https://iam.a.b/v3 u 0123 d eu-de",
		},
		"the entry in secure.yaml alone": {
			clouds: "other: {}",
			secure: "mine: {region_name: eu-de, auth: {" + user + ", auth_url: 'https://iam.a.b/v3'}}",
			want:   "https://iam.a.b/v3 u 0123 d eu-de",
		},
		"numbers stay as they are written": {
			clouds: "mine: {region_name: eu-de, auth: {username: 0x10, password: 0123, user_domain_name: d, " +
				"auth_url: 'https://iam.a.b/v3'}}",
			want: "https://iam.a.b/v3 0x10 0123 d eu-de",
		},
		"fields that nobody needs": {
			clouds: "mine: {region_name: eu-de, auth: {" + user + ", auth_url: 'https://iam.a.b/v3', " +
				"auth_methods: [v3password], more: {a: b}, allow_reauth: true}}",
			want: "https://iam.a.b/v3 u 0123 d eu-de",
		},
		"a field that is another": {
			clouds: "mine: {region_name: eu-de, auth: {username: &name u, password: '0123', user_domain_name: *name, " +
				"auth_url: 'https://iam.a.b/v3'}}",
			want: "https://iam.a.b/v3 u 0123 u eu-de",
		},
		// Keys beside a merge key take precedence, wherever it is (reference).
		"a merge key after the others": {
			clouds: "base: &base {region_name: eu-nl, auth: &auth {" + user + ", auth_url: 'https://iam.a.b/v3'}}\n" +
				"  mine: {region_name: eu-de, auth: {username: me, auth_methods: [a], <<: *auth}, <<: *base}",
			want: "https://iam.a.b/v3 me 0123 d eu-de",
		},
		"a merge key before the others": {
			clouds: "base: &base {region_name: eu-nl, auth: &auth {" + user + ", auth_url: 'https://iam.a.b/v3'}}\n" +
				"  mine: {<<: *base, region_name: eu-de, auth: {<<: [*auth], username: me, auth_methods: [a]}}",
			want: "https://iam.a.b/v3 me 0123 d eu-de",
		},
		"a password in secure.yaml twice": { // an error, rather than the password of clouds.yaml
			clouds: "mine: {region_name: eu-de, auth: {" + user + ", auth_url: 'https://iam.a.b/v3'}}",
			secure: "mine: {auth: {password: hunter2, password: hunter22}}",
			want:   "is not valid YAML of the expected form, or has duplicate keys",
		},
		"an entry that is there twice": {
			clouds: "mine: {region_name: eu-de}\n  mine: {region_name: eu-nl}",
			want:   "is not valid YAML of the expected form, or has duplicate keys",
		},
		"auth in secure.yaml that is a text": {
			clouds: "mine: {region_name: eu-de, auth: {" + user + ", auth_url: 'https://iam.a.b/v3'}}",
			secure: "mine: {auth: hunter2}",
			want:   "is not valid YAML of the expected form",
		},
		"an empty password in secure.yaml": {
			clouds: "mine: {region_name: eu-de, auth: {" + user + ", auth_url: 'https://iam.a.b/v3'}}",
			secure: "mine: {auth: {password: }}",
			want:   "password is not set there",
		},
		"an entry that is another": {
			clouds: "base: &base {region_name: eu-de, auth: {" + user + ", auth_url: 'https://iam.a.b/v3'}}\n" +
				"  mine: *base",
			want: "https://iam.a.b/v3 u 0123 d eu-de",
		},
		"auth that is a text": {
			clouds: "mine: {region_name: eu-de, auth: hunter2}",
			want:   "is not valid YAML of the expected form",
		},
		"secure.yaml before clouds.yaml": {
			clouds: "mine: {region_name: eu-de, auth: {" + user + ", auth_url: 'https://iam.a.b/v3'}}",
			secure: "mine: {auth: {password: secure}}",
			want:   "https://iam.a.b/v3 u secure d eu-de",
		},
		"a vendor": {
			clouds: "mine: {profile: otc, auth: {" + user + "}}",
			public: public,
			want:   "https://iam.eu-nl.otc.t-systems.com/v3 u 0123 d eu-nl",
		},
		"a vendor by the old name": {
			clouds: "mine: {cloud: otc, region_name: eu-de, auth: {" + user + "}}",
			public: public,
			want:   "https://iam.eu-de.otc.t-systems.com/v3 u 0123 d eu-de",
		},
		"a vendor and the block's region": {
			clouds: "mine: {profile: otc, auth: {" + user + "}}",
			public: public,
			block:  "region=eu-de",
			want:   "https://iam.eu-de.otc.t-systems.com/v3 u 0123 d eu-de",
		},
		"a vendor that nobody needs": {
			clouds: "mine: {profile: otc, region_name: eu-de, auth: {" + user + ", auth_url: 'https://iam.a.b/v3'}}",
			want:   "https://iam.a.b/v3 u 0123 d eu-de",
		},
		"a vendor that is nowhere": {
			clouds: "mine: {profile: otc, region_name: eu-de, auth: {" + user + "}}",
			want:   `the vendor profile "otc", and there is no clouds-public.yaml. Searched: clouds-public.yaml, `,
		},
		"a vendor that is not there": {
			clouds: "mine: {profile: other, region_name: eu-de, auth: {" + user + "}}",
			public: public,
			want:   `the vendor profile "other", and /home/me/.config/openstack/clouds-public.yaml does not have it`,
		},
		"a vendor file that is not YAML": {
			clouds: "mine: {profile: otc, auth: {" + user + "}}",
			public: "public-clouds: hunter2",
			want:   "clouds-public.yaml is not valid YAML",
		},
		"a vendor without a region": {
			clouds: "mine: {profile: otc, auth: {" + user + "}}",
			public: strings.ReplaceAll(public, ", region_name: eu-nl", ""),
			want:   "Set region_name",
		},
		"no credentials": {
			clouds: "mine: {auth: {auth_url: 'https://iam.a.b/v3'}}",
			want:   `The file clouds.yaml has an entry "mine" with no credentials`,
		},
		"no auth": {
			clouds: "mine: {region_name: eu-de}",
			want:   `The file clouds.yaml has an entry "mine" with no credentials`,
		},
		"empty entry": {
			clouds: "mine:",
			want:   `The file clouds.yaml has an entry "mine" with no credentials`,
		},
		"no entry": {
			clouds: "a: {}",
			secure: "b: {}",
			want:   `no entry "mine". It has: "a", "b"`,
		},
	} {
		files := map[string]string{"clouds.yaml": "clouds:\n  " + row.clouds + "\n"}
		if row.secure != "" {
			files["secure.yaml"] = "clouds:\n  " + row.secure + "\n"
		}
		if row.public != "" {
			files["/home/me/.config/openstack/clouds-public.yaml"] = row.public
		}
		s, said := settingsOf(row.block, "OS_CLOUD=mine", files)
		got := said
		if said == "" {
			c := s.Credentials
			got = fmt.Sprintf("%s %s %s %s %s",
				s.AuthURL, c.UserName, c.Password.Reveal(), c.DomainName, s.Signer.Region)
		}
		if !strings.Contains(got, row.want) || strings.Contains(said, "hunter2") {
			t.Errorf("%s: got %s, want %s", name, got, row.want)
		}
	}
}

// TestFieldsOfFiles: an entry or a profile may set more than credentials.
func TestFieldsOfFiles(t *testing.T) {
	t.Parallel()
	entry := func(auth string) map[string]string {
		return map[string]string{"clouds.yaml": "clouds: {mine: {region_name: eu-de, auth: {" + auth + "}}}"}
	}
	for name, row := range map[string]struct {
		block, variables string
		files            map[string]string
		want             string // kind, project, its name, agency
	}{
		"a token": {
			variables: "OS_CLOUD=mine", files: entry("token: t, project_id: p"),
			want: "token p eu-de <nil>",
		},
		"an agency of an entry, and its project": {
			variables: "OS_CLOUD=mine", files: entry("ak: AK, sk: SK, target_agency_name: a, target_domain_name: d, " +
				"project_id: own, project_name: own, target_project_id: p, target_project_name: n"),
			want: "agency p n &{a d}",
		},
		"an agency of a profile": {
			files: profileOf(`,"region":"eu-de","projectId":"p","agencyName":"a","agencyDomainName":"d"`),
			want:  "agency p eu-de &{a d}",
		},
		"credentials of the block": {
			block: "clouds_entry=mine token", files: entry("project_id: p"),
			want: "token p eu-de <nil>",
		},
	} {
		s, said := settingsOf(row.block, row.variables, row.files)
		if said != "" {
			t.Errorf("%s: it says %s", name, said)
			continue
		}
		c := s.Credentials
		got := fmt.Sprint(c.Kind(), " ", s.project.ValueString(), " ", s.projectName, " ", c.Agency)
		if got != row.want {
			t.Errorf("%s: got %s, want %s", name, got, row.want)
		}
	}
}

// TestFilesThatCannotBeRead: a file that exists but cannot be read is an error; no other file is used instead.
func TestFilesThatCannotBeRead(t *testing.T) {
	t.Parallel()
	const entry = "clouds: {mine: {region_name: eu-de, auth: {username: u, password: p, user_domain_name: d}}}"
	for _, closed := range []string{"clouds.yaml", "secure.yaml"} {
		env := environmentOf(parseWords("OS_CLOUD=mine"), map[string]string{
			"clouds.yaml": entry, "/etc/openstack/clouds.yaml": entry,
		})
		readFile := env.readFile
		env.readFile = func(name string) ([]byte, error) {
			if name == closed {
				return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrPermission}
			}
			return readFile(name)
		}
		_, diags := newSettings(providerBlock{}, env)
		if len(diags) != 1 || !strings.Contains(diags[0].Detail(), "The file "+closed+" cannot be read: permission") {
			t.Errorf("%s: it says %v", closed, diags)
		}
	}
}

// TestPlacesOfEntries: where clouds.yaml is searched for, and which of two domains is the user's.
func TestPlacesOfEntries(t *testing.T) {
	t.Parallel()
	const entry = "clouds: {mine: {region_name: eu-de, auth: {username: u, password: p, user_domain_name: name, " +
		"domain_name: other, user_domain_id: id, domain_id: other, auth_url: 'https://iam.a.b/v3'}}}"
	for place, variables := range map[string]string{
		"clouds.yaml":                            "",
		"/home/me/.config/openstack/clouds.yaml": "",
		"/etc/openstack/clouds.yaml":             "",
		"/xdg/openstack/clouds.yaml":             " XDG_CONFIG_HOME=/xdg",
		"~/mine.yaml":                            " OS_CLIENT_CONFIG_FILE=~/mine.yaml",
	} {
		file := strings.Replace(place, "~", "/home/me", 1)
		s, said := settingsOf("", "OS_CLOUD=mine"+variables, map[string]string{file: entry})
		if want := `the entry "mine" of ` + place; said != "" || s.credentialsSource != want {
			t.Errorf("%s: %s, credentials of %s", place, said, s.credentialsSource)
		}
		if c := s.Credentials; c.DomainName != "name" || c.DomainID != "id" {
			t.Errorf("%s: the domain is %q, %q", place, c.DomainName, c.DomainID)
		}
	}
}

// TestUnknownRegionOfEntry: the region in the auth_url of an entry may be known only after an apply.
func TestUnknownRegionOfEntry(t *testing.T) {
	t.Parallel()
	files := entryOf(", auth_url: 'https://iam.{region_name}.otc.t-systems.com/v3'}")
	variables := map[string]string{"OS_CLOUD": "mine"}
	if _, diags := newSettings(providerBlock{}, environmentOf(variables, files)); !diags.HasError() {
		t.Error("a region that is nowhere is no error")
	}
	block := providerBlock{"region": types.StringUnknown()}
	if _, diags := newSettings(block, environmentOf(variables, files)); diags.HasError() {
		t.Errorf("a region that is not known yet: %v", diags)
	}
}

// TestUnknownFiles: a profile or an entry that is known only after an apply does not prevent a plan, and nothing is
// called with other settings.
func TestUnknownFiles(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"profile", "shared_config_file", "clouds_entry"} {
		for what, row := range map[string]struct {
			block, variables string
			project          string // empty means unknown
		}{
			"nothing else": {},
			"a project outside": {
				variables: "HW_key HW_REGION_NAME=eu-de HW_PROJECT_ID=outside",
			},
			"a project in the block": {
				block:     "project_id=own",
				variables: "HW_PROJECT_ID=outside",
				project:   "own",
			},
			"a project of the block alone": {
				block:   "project_id=own region=eu-de",
				project: "own",
			},
			"a project by its name": {
				block: "project_name=own region=eu-de",
			},
			"credentials in the block": {
				block:     "key region=eu-de cloud=a.b",
				variables: "HW_PROJECT_ID=outside",
			},
			"an address that is not its": {
				variables: "HW_AUTH_URL=http://iam.example.com HW_CLOUD=nonsense",
			},
			"the other one in the block": {
				block: "profile=a",
			},
			"an entry of the environment": {
				variables: "OS_CLOUD=mine",
			},
			"a profile of the environment": {
				variables: "HW_PROFILE=a",
			},
			"an endpoint without TLS": {
				block: "endpoint=http://elb.example.com",
			},
			"half credentials": {
				block: "user_name=me",
			},
		} {
			block := providerBlock{}
			for name, value := range parseWords(row.block) {
				block[name] = types.StringValue(value)
			}
			block[name] = types.StringUnknown()
			s, diags := newSettings(block, environmentOf(parseWords(row.variables)))
			if diags.HasError() {
				t.Errorf("%s, %s: %v", name, what, diags)
				continue
			}
			c := newCloud(s, "test", nil)
			project := c.defaultProject(&diags)
			if diags.HasError() || project.IsUnknown() != (row.project == "") || project.ValueString() != row.project {
				t.Errorf("%s, %s: project %v, %v", name, what, project, diags)
			}
			if !strings.Contains(ready(c), "The provider argument "+name+" depends on") {
				t.Errorf("%s, %s: it may be called", name, what)
			}
		}
	}
}

func ready(c *cloud) string {
	var said strings.Builder
	for _, d := range c.ready() {
		said.WriteString(d.Detail())
	}
	return said.String()
}

// TestUnknownInsecure: an address without TLS is accepted while insecure is unknown.
func TestUnknownInsecure(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"endpoint", "auth_url"} {
		block := completeBlock()
		block["insecure"] = types.StringUnknown()
		block[address] = types.StringValue("http://elb.example.com")
		s, diags := newSettings(block, environmentOf(map[string]string{"HW_INSECURE": "nonsense"}))
		if diags.HasError() {
			t.Fatalf("%s: %v", address, diags)
		}
		if c := newCloud(s, "test", nil); !strings.Contains(ready(c), "argument insecure depends on") {
			t.Errorf("%s: it may be called", address)
		}
	}
}

// TestRemediesOfAnEntry: an incomplete entry becomes complete by adding the keys that the errors name.
func TestRemediesOfAnEntry(t *testing.T) {
	t.Parallel()
	remedy := regexp.MustCompile(`Set (\S+) in the entry "mine" of clouds.yaml`)
	for _, half := range []string{
		"ak: a", "sk: s", "security_token: s", "username: u", "password: p",
		"password: p, user_id: u, target_agency_name: a",
		"ak: a, sk: s, target_agency_name: a", "ak: a, sk: s, target_domain_name: d",
	} {
		fields, said := half, ""
		for range 3 {
			file := "clouds: {mine: {region_name: eu-de, auth: {" + fields + "}}}"
			_, said = settingsOf("", "OS_CLOUD=mine", map[string]string{"clouds.yaml": file})
			if asked := remedy.FindStringSubmatch(said); asked != nil {
				fields += ", " + asked[1] + ": x"
			}
		}
		if said != "" && !strings.Contains(said, "remove target_agency_name in the entry") {
			t.Errorf("an entry with %s is still not complete with %s: %s", half, fields, said)
		}
	}
}

// TestEntryWithoutACloud: an entry that the provider block names has only an access key, and a later source has the
// region. The block that names the entry does not count as a later source that names a cloud, so the default cloud is
// used.
func TestEntryWithoutACloud(t *testing.T) {
	t.Parallel()
	files := map[string]string{"clouds.yaml": "clouds:\n  mine: {auth: {ak: AK, sk: SK, project_id: a}}\n"}
	for _, block := range []string{"clouds_entry=mine", "key clouds_entry=mine"} {
		s, said := settingsOf(block, "HW_REGION_NAME=eu-de", files)
		if said != "" || s.endpoint == nil || s.endpoint.Host != "elb.eu-de.myhuaweicloud.com" {
			t.Errorf("%s: endpoint %v; it says %q", block, s.endpoint, said)
		}
	}
}
