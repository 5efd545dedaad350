package provider

import (
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/ephemeral"
	"github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/elbaas/terraform-provider-elbaas/internal/throwaway"
)

func TestTextRules(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		check func(noun, text string) error
		text  string
		want  string // part of the error, or empty
	}{
		"64 Chinese letters (seed)": {checkName, strings.Repeat("证", 64), ""},
		"65 Chinese letters (seed)": {
			checkName, strings.Repeat("证", 65),
			"has 65 characters. A name may contain up to 64",
		},
		"64 letters beyond the first plane":    {checkName, strings.Repeat("𠀀", 64), ""},
		"65 Latin letters (seed)":              {checkName, strings.Repeat("a", 65), "has 65 characters"},
		"empty name (seed)":                    {checkName, "", ""},
		"all kinds of characters (seed)":       {checkName, "证书_Az-09", ""},
		"space":                                {checkName, "证书 1", `contains " " (U+0020) at position 3. A name may`},
		"dot":                                  {checkName, "www.example.com", `contains "." (U+002E) at position 4`},
		"umlaut":                               {checkName, "münchen", `contains "ü" (U+00FC) at position 2`},
		"full-width letter":                    {checkName, "ａ", `(U+FF41) at position 1`},
		"Chinese full stop":                    {checkName, "好。", `contains "。" (U+3002) at position 2`},
		"Cyrillic":                             {checkName, "а", `contains "а" (U+0430)`},
		"line end":                             {checkName, "a\n", `contains "\n" (U+000A) at position 2`},
		"128 characters of description (seed)": {checkDescription, strings.Repeat("说", 128), ""},
		"129 characters of description (seed)": {checkDescription, strings.Repeat("说", 129), "has 129 characters"},
		"less-than (seed)":                     {checkDescription, "a <b", `contains "<" (U+003C) at position 3`},
		"greater-than (seed)":                  {checkDescription, "a>", `contains ">" (U+003E) at position 2`},
		"any other description":                {checkDescription, "a\"\n&'é 😀", ""},
		"254 characters of domain (reference)": {checkDomain, strings.Repeat("d", 254), ""},
		"255 characters of domain (reference)": {checkDomain, strings.Repeat("d", 255), "has 255 characters"},
		"no domain":                            {checkDomain, "", ""},
		"domain (reference)":                   {checkDomain, "1-a.Example.com", ""},
		"domain with a wildcard (reference)":   {checkDomain, "*.example.com", ""},
		"domain that is a wildcard alone":      {checkDomain, "*", `contains "*" (U+002A) at position 1`},
		"domain with nothing after a wildcard": {checkDomain, "*.", "or with *. followed by one"},
		"domain with a dot after a wildcard":   {checkDomain, "*..com", "or with *. followed by one"},
		"domain with two wildcards": {
			checkDomain, "*.*.example.com",
			`contains "*" (U+002A) at position 3`,
		},
		"domain with a wildcard in a label": {checkDomain, "w*.example.com", `contains "*" (U+002A) at position 2`},
		"254 characters with a wildcard":    {checkDomain, "*." + strings.Repeat("d", 252), ""},
		"255 characters with a wildcard":    {checkDomain, "*." + strings.Repeat("d", 253), "has 255 characters"},
		"domain that begins with a dot":     {checkDomain, ".example.com", `begins with "." (U+002E)`},
		"domain that begins with a hyphen":  {checkDomain, "-example.com", `begins with "-" (U+002D)`},
		"domain with an underscore":         {checkDomain, "a_b", `contains "_" (U+005F) at position 2`},
		"domain with an umlaut":             {checkDomain, "münchen.de", `contains "ü"`},
		"project id":                        {checkProjectID, testProject, ""},
		"empty project id":                  {checkProjectID, "", "is empty. Omit it"},
		"project id with a slash":           {checkProjectID, "a/b", `contains "/"`},
		"project id with a dot":             {checkProjectID, "..", `contains "."`},
		"long project id":                   {checkProjectID, strings.Repeat("a", 65), "has 65 characters"},
		"project id of other characters":    {checkProjectID, "AZaz09_-", ""},
		"lower ID":                          {checkLowerID, strings.Repeat("0f", 16), ""},
		"lower ID in capitals":              {checkLowerID, strings.Repeat("0F", 16), "must be in lower case"},
		"lower ID that is none":             {checkLowerID, "WWW", "must be 32 hexadecimal characters"},
		"host name of 253 characters":       {checkHostName, strings.Repeat("www.", 63) + "w", ""},
		"host name of 254 characters":       {checkHostName, strings.Repeat("www.", 63) + "ww", "is not valid"},
		"header":                            {checkHeader, "!~", ""},
		"header with a space":               {checkHeader, "a b", `contains " " (U+0020) at position 2`},
		"header with a DEL":                 {checkHeader, "a\x7f", `(U+007F) at position 2`},
		"id that is too short":              {checkID, "证书", "must be 32 hexadecimal characters (it has 2)"},
		"protocol in small letters":         {checkListenerProtocol, "https", ""},
		"SSL":                               {checkListenerProtocol, "SSL", ""},
		"TCP":                               {checkListenerProtocol, "TCP", ""},
		"UDP":                               {checkListenerProtocol, "UDP", ""},
		"HTTP":                              {checkListenerProtocol, "HTTP", ""},
		"unknown protocol":                  {checkListenerProtocol, "TLS", `"TLS". It must be HTTP, HTTPS, SSL`},
		"default scheme":                    {checkScheme, "access", ""},
		"other scheme":                      {checkScheme, "scoped", ""},
		"unknown scheme":                    {checkScheme, "v4", `must be "access" (the default) or "scoped"`},
		"largest number":                    {numberCheck(5, "none"), "5", ""},
		"number that is too large":          {numberCheck(5, "none"), "6", "must be an integer from 0 (none) to 5"},
		"negative number":                   {numberCheck(5, "none"), "-1", "must be an integer from 0 (none) to 5"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := row.check("value", row.text)
			if row.want == "" && err != nil || row.want != "" &&
				(err == nil || !strings.Contains(err.Error(), row.want)) {
				t.Errorf("error %v, want %q", err, row.want)
			}
		})
	}
}

// TestRulesQuoteNoKey: a private key that gets into another argument, for example by a variable of a module, is in no
// error.
func TestRulesQuoteNoKey(t *testing.T) {
	t.Parallel()
	ctx, p := t.Context(), &elbaasProvider{}
	rules := map[string][]validator.String{}
	collect := func(of string, attributes map[string]any) {
		for name, attribute := range attributes {
			if text, isText := attribute.(interface{ StringValidators() []validator.String }); isText {
				rules[of+"."+name] = text.StringValidators()
			}
		}
	}
	for _, create := range p.Resources(ctx) {
		var resp resource.SchemaResponse
		create().Schema(ctx, resource.SchemaRequest{}, &resp)
		collect("resource", asAny(resp.Schema.Attributes))
	}
	for _, create := range p.DataSources(ctx) {
		var resp datasource.SchemaResponse
		create().Schema(ctx, datasource.SchemaRequest{}, &resp)
		collect("data source", asAny(resp.Schema.Attributes))
	}
	for _, create := range p.EphemeralResources(ctx) {
		var resp ephemeral.SchemaResponse
		create().Schema(ctx, ephemeral.SchemaRequest{}, &resp)
		collect("ephemeral resource", asAny(resp.Schema.Attributes))
	}
	for _, create := range p.ListResources(ctx) {
		var resp list.ListResourceSchemaResponse
		create().ListResourceConfigSchema(ctx, list.ListResourceSchemaRequest{}, &resp)
		collect("list resource", asAny(resp.Schema.Attributes))
	}
	lines := strings.Split(throwaway.NewPair("www.example.com").PrivateKey, "\n")
	errors := 0
	for name, all := range rules {
		for _, key := range []string{"(" + strings.Join(lines, "\n"), "(" + lines[1], lines[1]} {
			for _, rule := range all {
				var resp validator.StringResponse
				rule.ValidateString(ctx, validator.StringRequest{ConfigValue: types.StringValue(key)}, &resp)
				for _, d := range resp.Diagnostics {
					errors++
					if said := d.Summary() + d.Detail(); strings.Contains(said, lines[1][:20]) {
						t.Errorf("%s: %s", name, said)
					}
				}
			}
		}
	}
	if errors < 3*10 {
		t.Errorf("there are only %d errors", errors)
	}
}

func asAny[A any](attributes map[string]A) map[string]any {
	all := make(map[string]any, len(attributes))
	for name, attribute := range attributes {
		all[name] = attribute
	}
	return all
}

// TestOmitAdvice: how to omit an argument is said of an empty text alone.
func TestOmitAdvice(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{"": true, "www": false} {
		err := orNull(checkID)("certificate ID", text)
		if err == nil || strings.Contains(err.Error(), "To omit it") != want {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestParseImportID(t *testing.T) {
	t.Parallel()
	const id = "5b8f908b5495452aa13beede0afc5d99"
	for text, want := range map[string]string{
		id:                                      " " + id,
		strings.ToUpper(id):                     " " + id,
		testProject + "/" + id:                  testProject + " " + id,
		"":                                      "error: 32 hexadecimal characters",
		id[1:]:                                  "error: 32 hexadecimal characters",
		id + "0":                                "error: 32 hexadecimal characters",
		strings.Replace(id, "5", "g", 1):        "error: 32 hexadecimal characters",
		" " + id:                                "error: 32 hexadecimal characters",
		"www-example-com":                       "error: 32 hexadecimal characters",
		"/" + id:                                "error: project ID in front of the slash is empty",
		testProject + "/":                       "error: 32 hexadecimal characters",
		testProject + "/" + id + "/x":           "error: 32 hexadecimal characters",
		"my project/" + id:                      `error: contains " "`,
		"elbaas_certificate.www":                "error: 32 hexadecimal characters",
		testProject + "/" + strings.ToUpper(id): testProject + " " + id,
	} {
		project, got, err := parseImportID(text, "certificate")
		if part, wantErr := strings.CutPrefix(want, "error: "); wantErr {
			if err == nil || !strings.Contains(err.Error(), part) {
				t.Errorf("%q: error %v, want %q", text, err, part)
			}
			continue
		}
		if err != nil || project+" "+got != want {
			t.Errorf("%q: got %q %q, %v, want %q", text, project, got, err, want)
		}
	}
}
