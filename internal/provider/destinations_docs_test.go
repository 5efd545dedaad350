package provider

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/elbaas/terraform-provider-elbaas/internal/elbstub"
)

var (
	code       = regexp.MustCompile("`([^`]*)`")
	assignment = regexp.MustCompile(`^([a-zA-Z_]+) ?= ?"?([^"]*)"?$`)
)

// documentedSecret makes up a value for a credential that the documentation leaves empty.
func documentedSecret(name string) string {
	argument := name
	for other, a := range arguments {
		if slices.Contains(a.variables, name) {
			argument = other
		}
	}
	source := name[:strings.Index(name, "_")+1]
	if strings.ToUpper(source) != source || source == "" {
		source = "block"
	}
	switch argument {
	case "access_key":
		return secretOf("key", source)
	case "secret_key":
		return secretOf("secret", source)
	case "token", "password":
		return secretOf(argument, source)
	case "user_name":
		return "me"
	}
	return "mine" // a domain
}

// TestDocumentedDestinations checks the tables of the documentation that say where calls go.
func TestDocumentedDestinations(t *testing.T) {
	t.Parallel()
	catalog := elbstub.CatalogEntry{Type: "elb", Region: "region-1", URL: "https://catalog.example.com"}
	for page, least := range map[string]int{"index.md.tmpl": 12, "guides/private-clouds.md.tmpl": 5} {
		text, err := os.ReadFile("../../templates/" + page)
		if err != nil {
			t.Fatal(err)
		}
		_, table, _ := strings.Cut(string(text), "| What is set | ELB calls go to | IAM calls go to |\n| --- | --- | "+
			"--- |\n")
		table, _, _ = strings.Cut(table, "\n\n")
		lines := strings.Split(table, "\n")
		if len(lines) < least {
			t.Errorf("%s has %d set-ups, want %d at least", page, len(lines), least)
		}
		for _, line := range lines {
			t.Run(line, func(t *testing.T) {
				t.Parallel()
				cells := strings.Split(line, "|")
				block, variables := map[string]string{}, map[string]string{}
				for _, match := range code.FindAllStringSubmatch(cells[1], -1) {
					name, value := match[1], ""
					if parts := assignment.FindStringSubmatch(match[1]); parts != nil {
						name, value = parts[1], parts[2]
					} else {
						value = documentedSecret(name)
					}
					if strings.ToUpper(name) == name {
						variables[name] = value
					} else {
						block[name] = value
					}
				}
				n := newRecordingNetwork(t, catalog)
				said := runWith(n, block, environmentOf(variables))
				elb, iam := host(cells[2]), host(cells[3])
				if strings.Contains(cells[2], "error") {
					for _, match := range code.FindAllStringSubmatch(cells[2], -1) {
						if !strings.Contains(said, match[1]) {
							t.Errorf("it says %q, want %q", said, match[1])
						}
					}
					elb, iam = "", ""
				} else if said != "" {
					t.Errorf("it says %q", said)
				}
				n.check(elb, iam)
				assumed := len(n.hosts("key of an agency")) > 0
				if assumed != strings.Contains(cells[2], "with the keys of the agency") {
					t.Errorf("an agency is assumed: %t", assumed)
				}
			})
		}
	}
}

// TestDestinationsOfScripts checks the variables that scripts of the documentation export.
func TestDestinationsOfScripts(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../../examples/*/*.sh")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d scripts, %v", len(files), err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		variables := map[string]string{}
		for _, match := range regexp.MustCompile(`(?m)^export (\w+)=(.*)$`).FindAllStringSubmatch(string(text), -1) {
			variables[match[1]] = match[2]
		}
		if len(variables) == 0 {
			continue
		}
		if variables["ELBAAS_ENDPOINT"] != "http://127.0.0.1:8080/elb" {
			t.Errorf("%s exports %v; say where its calls go", file, variables)
		}
		// The stub of this test knows these IDs.
		variables["HW_PROJECT_ID"] = strings.Repeat("0", 31) + "1"
		for _, name := range []string{"HW_AUTH_TOKEN", "HW_ACCESS_KEY", "HW_SECRET_KEY"} {
			if _, exported := variables[name]; exported {
				variables[name] = documentedSecret(name)
			}
		}
		variables["ELBAAS_ENDPOINT"] = "http://127.0.0.1:8080"
		n := newRecordingNetwork(t)
		if said := runWith(n, nil, environmentOf(variables)); said != "" {
			t.Errorf("it says %q", said)
		}
		n.check("http://127.0.0.1", "")
	}
}

// host returns the code in a cell of a table.
func host(cell string) string {
	if match := code.FindStringSubmatch(cell); match != nil {
		return match[1]
	}
	return ""
}

// TestDestinationsOfBlocks checks where the calls of each provider block of the documentation go.
// No variable is set, so an empty block is an error.
func TestDestinationsOfBlocks(t *testing.T) {
	t.Parallel()
	const otcHosts = "elb.eu-de.otc.t-systems.com iam.eu-de.otc.t-systems.com"
	want := map[string]string{ // the ELB service, and the identity service if it is called
		"provider/agency.tf":      "elb.cn-north-4.myhuaweicloud.com iam.cn-north-4.myhuaweicloud.com",
		"provider/environment.tf": "",
		"provider/flexibleengine.tf": "elb.eu-west-0.prod-cloud-ocb.orange-business.com " +
			"iam.eu-west-0.prod-cloud-ocb.orange-business.com",
		"provider/huawei-cloud.tf":       "elb.cn-north-4.myhuaweicloud.com iam.cn-north-4.myhuaweicloud.com",
		"provider/open-telekom-cloud.tf": otcHosts,
		"provider/password.tf":           otcHosts,
		"provider/private-cloud.tf":      "elb.region-1.cloud.example.com iam-apigateway-proxy.cloud.example.com",
		"provider/provider.tf":           otcHosts,
		"provider/token.tf":              "elb.eu-de.otc.t-systems.com",
		"quickstart/main.tf":             "",
		"../README.md":                   otcHosts,
		"../README.zh-CN.md":             otcHosts,
	}
	found := 0
	for _, pattern := range []string{
		"../../*.md", "../../.github/*.md", "../../docs/*.md", "../../docs/*/*.md",
		"../../examples/*/*.tf", "../../examples/*/*/*.tf", "../../templates/*/*.tmpl",
	} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			name := strings.TrimPrefix(strings.Replace(filepath.ToSlash(file), "../../", "../", 1), "../examples/")
			if strings.HasPrefix(name, "../docs/") {
				continue // it is generated from the examples
			}
			for _, block := range providerBlocks(t, file) {
				hosts, known := want[name]
				if !known {
					t.Errorf("%s has a provider block; say where its calls go", name)
					continue
				}
				found++
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					n := newRecordingNetwork(t)
					said := runWith(n, block, environmentOf(nil))
					if (said == "") != (hosts != "") {
						t.Errorf("it says %q", said)
					}
					two := append(strings.Fields(hosts), "", "")
					n.check(two[0], two[1])
				})
			}
		}
	}
	if found < len(want) {
		t.Errorf("%d provider blocks, want %d", found, len(want))
	}
}

// providerBlocks reads the provider blocks of a file as the provider would. Names that the stub
// does not know are replaced by names that it knows.
func providerBlocks(t *testing.T, file string) []map[string]string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var blocks []map[string]string
	stands := map[string]string{
		"automation": "me", "OTC00000000001000000000": "mine", "certificates": "helpers", "the-other-account": "theirs",
		"0123456789abcdef0123456789abcdef": "00000000000000000000000000000001",
	}
	secrets := map[string]cty.Value{}
	for _, name := range []string{"access_key", "secret_key", "token", "password"} {
		secrets[name] = cty.StringVal(documentedSecret(name))
	}
	context := &hcl.EvalContext{Variables: map[string]cty.Value{"var": cty.ObjectVal(secrets)}}
	for _, block := range regexp.MustCompile(`(?ms)^provider "elbaas" \{(\}|.*?^\})`).FindAllString(string(text), -1) {
		parsed, diags := hclsyntax.ParseConfig([]byte(block), file, hcl.InitialPos)
		if diags.HasErrors() {
			t.Fatal(diags)
		}
		values := map[string]string{}
		var read func(prefix string, body *hclsyntax.Body)
		read = func(prefix string, body *hclsyntax.Body) {
			for name, attribute := range body.Attributes {
				value, diags := attribute.Expr.Value(context)
				if diags.HasErrors() {
					t.Fatal(diags)
				}
				text := value.AsString()
				if other, found := stands[text]; found {
					text = other
				}
				values[prefix+name] = text
			}
			for _, nested := range body.Blocks {
				read(prefix+nested.Type+".", nested.Body)
			}
		}
		read("", parsed.Body.(*hclsyntax.Body).Blocks[0].Body)
		blocks = append(blocks, values)
	}
	return blocks
}
