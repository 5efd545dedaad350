package provider

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// FuzzImportID: a valid import ID has an ID of 32 characters, and a project that can be a segment
// of a URL.
func FuzzImportID(f *testing.F) {
	f.Add("5b8f908b5495452aa13beede0afc5d99")
	f.Add("0123456789abcdef0123456789abcdef/5B8F908B5495452AA13BEEDE0AFC5D99")
	f.Add("/")
	f.Add("a/../b")
	f.Fuzz(func(t *testing.T, text string) {
		project, id, err := parseImportID(text, "certificate")
		if err != nil {
			return
		}
		if len(id) != 32 || strings.ToLower(id) != id || !strings.HasSuffix(strings.ToLower(text), id) ||
			strings.ContainsAny(project, "/?#%. ") {
			t.Errorf("%q is %q of %q", text, id, project)
		}
	})
}

// FuzzTexts: a text that a check accepts obeys the rule of the API reference.
func FuzzTexts(f *testing.F) {
	f.Add("www-example_com")
	f.Add("证书")
	f.Add("*.example.com")
	f.Add("a\x00\xff<>\u202e")
	f.Fuzz(func(t *testing.T, text string) {
		if checkName("value", text) == nil &&
			(utf8.RuneCountInString(text) > 64 || strings.ContainsAny(text, " .*/<>\x00")) {
			t.Errorf("a name is not %q", text)
		}
		if checkDescription("value", text) == nil &&
			(utf8.RuneCountInString(text) > 128 || strings.ContainsAny(text, "<>")) {
			t.Errorf("a description is not %q", text)
		}
		if checkDomain("value", text) == nil &&
			(len(text) > 254 || strings.ContainsAny(strings.TrimPrefix(text, "*."), " */<>_\x00") ||
				strings.HasPrefix(text, ".")) {
			t.Errorf("a domain is not %q", text)
		}
		if checkProjectID("value", text) == nil &&
			(text == "" || len(text) > 64 || strings.ContainsAny(text, " /?#%.\x00")) {
			t.Errorf("a project id is not %q", text)
		}
	})
}

// fuzzedSecret stands for a password or a secret key in a file.
const fuzzedSecret = "hunter2hunter2hunter2"

// wantNoSecret fails if the secret of a file is shown. It checks only files that have the secret
// once, as the value of one of the keys: a fuzzer may also use it as a name, which is shown.
func wantNoSecret(t *testing.T, content string, diags diag.Diagnostics, keys ...string) {
	t.Helper()
	isSecret := func(key string) bool { return strings.Contains(content, key+fuzzedSecret) }
	if strings.Count(content, fuzzedSecret) != 1 || !slices.ContainsFunc(keys, isSecret) {
		return
	}
	for _, d := range diags {
		if strings.Contains(d.Summary()+d.Detail(), fuzzedSecret) {
			t.Errorf("it shows a secret: %s", d.Detail())
		}
	}
}

// FuzzProfile: a shared configuration file leads to settings or errors, and errors do not show its
// secret.
func FuzzProfile(f *testing.F) {
	f.Add(`{"current":"default","profiles":[{"name":"default","mode":"AKSK","accessKeyId":"AK","secretAccessKey":"` +
		fuzzedSecret + `","region":"eu-de","projectId":"p"}]}`)
	f.Add(`{"profiles":[{"name":"default","accessKeyId":{},"secretAccessKey":"` + fuzzedSecret + `"}]}`)
	f.Add(`{"current":"x"}`)
	f.Fuzz(func(t *testing.T, content string) {
		files := map[string]string{"/home/me/.hcloud/config.json": content}
		_, diags := newSettings(providerBlock{
			"profile": types.StringValue("default"),
			"region":  types.StringValue("eu-de"),
		}, environmentOf(nil, files))
		wantNoSecret(t, content, diags, `"secretAccessKey":"`)
	})
}

// FuzzCloudsEntry: the same for clouds.yaml.
func FuzzCloudsEntry(f *testing.F) {
	f.Add("clouds:\n  mine:\n    auth: {auth_url: https://iam/v3, username: me, password: " + fuzzedSecret +
		", user_domain_name: d, project_name: p}\n")
	f.Add("clouds:\n  mine:\n    auth: {ak: AK, sk: " + fuzzedSecret + "}\n    verify: false\n")
	f.Add("clouds: {mine: {auth: [password: " + fuzzedSecret + "]}}")
	f.Add("a: &a [*a]")
	f.Fuzz(func(t *testing.T, content string) {
		files := map[string]string{"clouds.yaml": content}
		_, diags := newSettings(providerBlock{
			"clouds_entry": types.StringValue("mine"),
			"region":       types.StringValue("eu-de"),
		}, environmentOf(nil, files))
		wantNoSecret(t, content, diags, "password: ", "sk: ")
	})
}
