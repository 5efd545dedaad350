package provider

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

const (
	defaultReadTimeout  = 5 * time.Minute
	defaultWriteTimeout = 10 * time.Minute
)

// certificateSchema is that of the resource. What is checked of the certificate and
// its keys is checked together, by ValidateConfig.
func certificateSchema(ctx context.Context) schema.Schema {
	s := schema.Schema{
		MarkdownDescription: "A certificate of the classic load balancer, with its private key. " +
			"The API can change `name` and `description` of a certificate and nothing else: " +
			"those change in place, a change of anything else replaces the certificate.",
		Attributes: map[string]schema.Attribute{
			"certificate": schema.StringAttribute{
				MarkdownDescription: "The certificate as PEM: the leaf first, then its chain. It is compared by content: line ends, line width, indentation and " +
					"text around the blocks make no difference, the order of the certificates does. Other content replaces the certificate.",
				Required:      true,
				PlanModifiers: []planmodifier.String{keepPEM{same: sameCertificate, replace: true}},
			},
			"private_key": schema.StringAttribute{
				MarkdownDescription: "The private key of the certificate as PEM (PKCS#1, PKCS#8 or SEC 1), not encrypted. It must belong to the first certificate. " +
					"It is compared by its key material, whatever the encoding. It is kept in the state. " +
					"It is never read from the API, so an import leaves it out and the next apply takes it from the configuration, without a call to the API. " +
					"Another key comes with another certificate, and that one replaces. Exactly one of `private_key` and `private_key_wo` is given.",
				Optional:      true,
				Sensitive:     true,
				PlanModifiers: []planmodifier.String{keepPEM{same: sameKey}},
			},
			"private_key_wo": schema.StringAttribute{
				MarkdownDescription: "The private key as in `private_key`, but write-only: it is neither in the plan nor in the state, and may come from an ephemeral resource. " +
					"It is sent when the certificate is created. There is no attribute for its version: a key belongs to one certificate, so a new key comes with a new certificate, and that one replaces. " +
					"Nothing can be seen to change here: where `ignore_changes` has `certificate`, a new key does nothing. " +
					"Moving from `private_key` to `private_key_wo`, or back, changes the state only. It needs Terraform 1.11 or OpenTofu 1.11.",
				Optional:  true,
				Sensitive: true,
				WriteOnly: true,
			},
			"name": schema.StringAttribute{
				MarkdownDescription: "The name of the certificate: 0 to 64 Chinese letters, Latin letters, digits, `_` and `-`. " +
					"Left out, the name that the server has stays. A change is made in place.",
				Optional:      true,
				Computed:      true,
				Validators:    []validator.String{textRule{"name", checkName}},
				PlanModifiers: []planmodifier.String{stringplanmodifier.UseStateForUnknown()},
			},
			"description": schema.StringAttribute{
				MarkdownDescription: "A description: at most 128 characters, without `<` and `>`. The default is empty, so that " +
					"removing it from the configuration clears it. A change is made in place.",
				Optional:   true,
				Computed:   true,
				Default:    stringdefault.StaticString(""),
				Validators: []validator.String{textRule{"description", checkDescription}},
			},
			"domain": schema.StringAttribute{
				MarkdownDescription: "The domain name that the certificate is signed for: at most 254 letters, digits, `-` and `.`, beginning with " +
					"a letter or a digit, or with `*.` on clouds that accept wildcards here. A certificate that a listener serves by SNI must have it. " +
					"If omitted, the current domain is kept; an empty string means no domain. Changing this forces a new resource to be created, and so does adding it later.",
				Optional:   true,
				Computed:   true,
				Validators: []validator.String{textRule{"domain", checkDomain}},
				PlanModifiers: []planmodifier.String{
					stringplanmodifier.UseStateForUnknown(),
					ignoreCase{},
				},
			},
			"project_id": schema.StringAttribute{
				MarkdownDescription: "The id of the project that the certificate belongs to. The default is the provider's project at the time of the creation. " +
					"A change replaces the certificate.",
				Optional:   true,
				Computed:   true,
				Validators: []validator.String{textRule{"project id", checkProjectID}},
				PlanModifiers: []planmodifier.String{
					stringplanmodifier.UseStateForUnknown(),
					ignoreCase{},
				},
			},
			"id": schema.StringAttribute{
				MarkdownDescription: "The id that the server gave the certificate: 32 hexadecimal characters.",
				Computed:            true,
				PlanModifiers:       []planmodifier.String{stringplanmodifier.UseStateForUnknown()},
			},
			"create_time": schema.StringAttribute{
				MarkdownDescription: createTimeDescription,
				Computed:            true,
				PlanModifiers:       []planmodifier.String{stringplanmodifier.UseStateForUnknown()},
			},
			"update_time": schema.StringAttribute{
				MarkdownDescription: updateTimeDescription,
				Computed:            true,
				PlanModifiers:       []planmodifier.String{stringplanmodifier.UseStateForUnknown()},
			},
			"subject_alternative_names": schema.ListAttribute{
				MarkdownDescription: namesDescription + factNote,
				Computed:            true,
				ElementType:         types.StringType,
			},
		},
		Blocks: map[string]schema.Block{
			"timeouts": timeouts.Block(ctx, timeouts.Opts{
				Create: true, CreateDescription: "How long a creation may take, as in `90s` or `10m`. The default is 10 minutes.",
				Read: true, ReadDescription: "How long a read may take. The default is 5 minutes.",
				Update: true, UpdateDescription: "How long a change may take. The default is 10 minutes.",
				Delete: true, DeleteDescription: "How long a deletion may take, and with that, how long it is tried again while a listener holds the certificate. The default is 10 minutes.",
			}),
		},
	}
	for name, description := range factDescriptions { // planned by ModifyPlan
		s.Attributes[name] = schema.StringAttribute{MarkdownDescription: description + factNote, Computed: true}
	}
	return s
}

const (
	createTimeDescription = "When the certificate was created, as the server writes it: `2016-06-27 08:14:42`, without a time zone."
	updateTimeDescription = "When the certificate was last changed, in the form of `create_time`."
	namesDescription      = "The DNS names, IP addresses, email addresses and URIs that the certificate is good for, in this order."
)

// factDescriptions are the attributes that the certificate itself tells, but for
// subject_alternative_names, which is no text.
var factDescriptions = map[string]string{
	"not_before":         "From when the certificate is valid: RFC 3339, UTC.",
	"not_after":          "Until when the certificate is valid: RFC 3339, UTC.",
	"fingerprint_sha256": "The SHA-256 of the certificate: 64 hexadecimal digits in lower case, without colons.",
	"serial_number":      "The serial number in hexadecimal digits, in lower case, without leading zeros; negative as in `-1a`.",
	"subject":            "The distinguished name of the subject, in the form of RFC 4514: `CN=www.example.com,O=Example\\, Inc.,C=DE`.",
	"issuer":             "The distinguished name of the issuer, in the form of `subject`.",
	"key_algorithm":      "The algorithm of the public key, such as `RSA 2048`, `ECDSA P-256`, `Ed25519`, `RSASSA-PSS 2048`. A curve or an algorithm without a name here is its object identifier.",
}

const factNote = " Read from the first certificate of `certificate`, and known in the plan when that is. Null if the provider cannot read that part of the certificate."

// textRule is a validator of a text. The error that check returns completes the
// sentence "The name …".
type textRule struct {
	noun  string
	check func(string) error
}

var _ validator.String = textRule{}

// Description implements validator.String.
func (r textRule) Description(context.Context) string {
	return "The " + r.noun + " keeps the rules of the API."
}

// MarkdownDescription implements validator.String.
func (r textRule) MarkdownDescription(ctx context.Context) string { return r.Description(ctx) }

// ValidateString implements validator.String.
func (r textRule) ValidateString(_ context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() {
		return
	}
	resp.Diagnostics.Append(r.report(req.Path, req.ConfigValue.ValueString())...)
}

// report returns what is wrong with a text.
func (r textRule) report(at path.Path, text string) diag.Diagnostics {
	var diags diag.Diagnostics
	if err := r.check(text); err != nil {
		diags.AddAttributeError(at, "Invalid "+r.noun, "The "+r.noun+" "+err.Error()+".")
	}
	return diags
}

// checkName keeps the rule of the API reference (seed). Characters are Unicode
// characters: 64 Chinese letters are a legal name.
func checkName(name string) error {
	const rule = "A name has 0 to 64 Chinese letters, Latin letters (A–Z, a–z), digits, underscores and hyphens"
	if err := checkLength(name, 64, rule); err != nil {
		return err
	}
	return checkCharacters(name, rule, func(r rune) bool {
		return isLatinOrDigit(r) || r == '_' || r == '-' || unicode.Is(unicode.Han, r)
	})
}

// checkDescription keeps the rule of the API reference (seed).
func checkDescription(description string) error {
	const rule = `A description has at most 128 characters, and none of them is "<" or ">"`
	if err := checkLength(description, 128, rule); err != nil {
		return err
	}
	return checkCharacters(description, rule, func(r rune) bool { return r != '<' && r != '>' })
}

// checkDomain keeps the rule of the API reference. The reference does not allow a wildcard,
// but a guide of Open Telekom Cloud has one for SNI, so the API decides on it.
func checkDomain(domain string) error {
	const rule = "A domain has at most 254 letters (A–Z, a–z), digits, hyphens and dots, and begins with a letter or a digit, or with *. before one"
	if err := checkLength(domain, 254, rule); err != nil {
		return err
	}

	name, isWildcard := strings.CutPrefix(domain, "*.")
	switch {
	case isWildcard && name == "":
		return fmt.Errorf("has nothing after the wildcard. %s", rule)
	case isWildcard && (name[0] == '-' || name[0] == '.'):
		return fmt.Errorf("begins with %s after the wildcard. %s", describeRune(rune(name[0])), rule)
	case domain != "" && (domain[0] == '-' || domain[0] == '.'):
		return fmt.Errorf("begins with %s. %s", describeRune(rune(domain[0])), rule)
	}

	position := 0
	return checkCharacters(domain, rule, func(r rune) bool {
		position++
		return isLatinOrDigit(r) || r == '-' || r == '.' || r == '*' && isWildcard && position == 1
	})
}

// checkProjectID keeps what a path can carry (assumed): the clouds give 32
// hexadecimal characters, but Keystone allows others.
func checkProjectID(id string) error {
	const rule = "A project id is the one that the cloud's console shows, mostly 32 hexadecimal characters; a project's name is something else"
	if id == "" {
		return errors.New("is empty. Leave it out to use the provider's project. " + rule)
	}
	if err := checkLength(id, 64, rule); err != nil {
		return err
	}
	return checkCharacters(id, rule, func(r rune) bool { return isLatinOrDigit(r) || r == '-' || r == '_' })
}

var hexadecimalID = regexp.MustCompile(`^[0-9a-fA-F]{32}$`)

// checkID keeps the form that the server gives the IDs of certificates (seed), listeners
// and load balancers (recorded).
func checkID(id string) error {
	if !hexadecimalID.MatchString(id) {
		return fmt.Errorf("%q is not valid: it must be 32 hexadecimal characters", id)
	}
	return nil
}

// checkLowerID keeps the form in which the server writes IDs: in another case, a
// listener would seem to refer to another certificate for ever.
func checkLowerID(id string) error {
	if err := checkID(id); err != nil {
		return err
	}
	if id != strings.ToLower(id) {
		return fmt.Errorf("%q must be in lower case, as the API writes it. Use lower() to convert it", id)
	}
	return nil
}

func checkLength(text string, limit int, rule string) error {
	if n := utf8.RuneCountInString(text); n > limit {
		return fmt.Errorf("has %d characters. %s", n, rule)
	}
	return nil
}

func checkCharacters(text, rule string, allowed func(rune) bool) error {
	position := 0
	for _, r := range text {
		position++
		if !allowed(r) {
			return fmt.Errorf("contains %s as character %d. %s", describeRune(r), position, rule)
		}
	}
	return nil
}

func describeRune(r rune) string {
	return fmt.Sprintf("%q (%U)", string(r), r)
}

func isLatinOrDigit(r rune) bool {
	return 'A' <= r && r <= 'Z' || 'a' <= r && r <= 'z' || '0' <= r && r <= '9'
}
