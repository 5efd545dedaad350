package provider

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net"
	"regexp"
	"regexp/syntax"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/hashicorp/terraform-plugin-framework/schema/validator"

	"github.com/elbaas/terraform-provider-elbaas/internal/auth"
)

// textRule validates a string attribute. Errors call its value by the label.
type textRule struct {
	label
	check func(noun, text string) error
}

// A label is the description of a validator or a plan modifier, which only the framework's log shows.
type label string

func (l label) Description(context.Context) string { return string(l) }

func (l label) MarkdownDescription(context.Context) string { return string(l) }

func (r textRule) ValidateString(_ context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() {
		return
	}
	if err := r.check(string(r.label), req.ConfigValue.ValueString()); err != nil {
		resp.Diagnostics.AddAttributeError(req.Path, "Invalid "+string(r.label), sentence(err))
	}
}

// orNull adds to the error for an empty text how to omit an optional argument, because variables of modules are often
// empty by default.
func orNull(check func(noun, text string) error) func(noun, text string) error {
	return func(noun, text string) error {
		err := check(noun, text)
		if err != nil && text == "" {
			return fmt.Errorf("%w. To omit it, use null instead of an empty string", err)
		}
		return err
	}
}

// checkName applies the rule of the API reference (seed). Characters are Unicode characters: 64 Chinese letters are a
// legal name.
var checkName = characters(64,
	`A name may contain up to 64 Chinese letters, Latin letters (A–Z, a–z), digits, "_" and "-"`,
	func(r rune) bool { return isLatinOrDigit(r) || r == '_' || r == '-' || unicode.Is(unicode.Han, r) })

// checkDescription applies the rule of the API reference (seed).
var checkDescription = characters(128, `A description may contain up to 128 characters, except "<" and ">"`,
	func(r rune) bool { return r != '<' && r != '>' })

// domainRule is what the API reference says of a domain.
const domainRule = "A domain may contain up to 254 Latin letters (A–Z, a–z), digits, hyphens and dots. " +
	"It must begin with a letter or a digit"

// checkDomain applies the rule of the API reference, but leaves it to the API whether to accept a wildcard: the
// reference does not allow one, but a guide of Open Telekom Cloud uses one for SNI.
func checkDomain(noun, domain string) error {
	const rule = domainRule + ", or with *. followed by one"
	if name, isWildcard := strings.CutPrefix(domain, "*."); isWildcard && beginsDomain.MatchString(name) {
		domain = "x." + name // the same length, so that positions in errors are right
	}
	return checkDomainName(noun, domain, rule)
}

var beginsDomain = regexp.MustCompile(`^[^.-]`)

// checkDomainName applies the rule for a domain without a wildcard.
func checkDomainName(noun, domain, rule string) error {
	if strings.HasPrefix(domain, "-") || strings.HasPrefix(domain, ".") {
		return fmt.Errorf("the %s begins with %s. %s", noun, describeRune(rune(domain[0])), rule)
	}
	return characters(254, rule, func(r rune) bool { return isLatinOrDigit(r) || r == '-' || r == '.' })(noun, domain)
}

// checkProjectID accepts any ID that can be a segment of a URL (assumed): the clouds assign 32 hexadecimal characters,
// but Keystone allows others.
func checkProjectID(noun, id string) error {
	const rule = "Set the ID that the console of the cloud shows, usually 32 hexadecimal characters, not the " +
		"project's name"
	if id == "" {
		return fmt.Errorf("the %s is empty. Omit it or use null for the provider's project, or set an ID", noun)
	}
	return characters(64, rule, func(r rune) bool { return isLatinOrDigit(r) || r == '-' || r == '_' })(noun, id)
}

var hexadecimalID = regexp.MustCompile(`^[0-9a-fA-F]{32}$`)

// checkID accepts an ID in the form in which the API assigns them to certificates (seed), listeners and load balancers
// (recorded).
func checkID(noun, id string) error {
	if !hexadecimalID.MatchString(id) {
		return fmt.Errorf("the %s %s is not valid: it must be 32 hexadecimal characters (it has %d)",
			noun, quoted(id), utf8.RuneCountInString(id))
	}
	return nil
}

// checkLowerID accepts an ID in the case in which the API writes it. In another case, every plan would show a
// difference.
func checkLowerID(noun, id string) error {
	if err := checkID(noun, id); err != nil || id == strings.ToLower(id) {
		return err
	}
	return fmt.Errorf("the %s %q must be in lower case, as the API writes it. Use lower() to convert it", noun, id)
}

// checkFingerprint accepts a SHA-256 fingerprint in the format of the attribute fingerprint_sha256.
var checkFingerprint = condition("the %s %s is not valid: it must be the 64 hexadecimal digits of a SHA-256, in lower "+
	`case, without colons. Convert the output of openssl with lower(replace("…", ":", ""))`,
	regexp.MustCompile(`^[0-9a-f]{64}$`).MatchString)

// checkNameRegex accepts what the regexp package compiles, which has the same syntax as Terraform's regex function.
func checkNameRegex(noun, text string) error {
	_, err := regexp.Compile(text)
	if wrong, found := errors.AsType[*syntax.Error](err); found { // whose text has a part of the expression
		return fmt.Errorf("the %s %s does not compile: %s. Use the syntax of Terraform's regex function",
			noun, quoted(text), wrong.Code)
	}
	return nil
}

// hostName matches labels as RFC 1123 defines them, and underscores, which crypto/x509 accepts as well.
var hostName = regexp.MustCompile(
	`^[0-9A-Za-z_]([0-9A-Za-z_-]{0,61}[0-9A-Za-z_])?(\.[0-9A-Za-z_]([0-9A-Za-z_-]{0,61}[0-9A-Za-z_])?)*$`)

// checkHostName accepts what a certificate can be checked against: one host name or IP address.
var checkHostName = condition(`the %s %s is not valid: it must be a DNS name such as "www.example.com" or an IP `+
	`address, without wildcard, scheme, port, path or trailing dot. Write an internationalized name in its ASCII `+
	`form, which begins with "xn--"`, func(text string) bool {
	return net.ParseIP(text) != nil || len(text) <= 253 && hostName.MatchString(text)
})

// checkTime accepts RFC 3339.
var checkTime = condition(`the %s %s is not an RFC 3339 time: write it like "2027-01-31T00:00:00Z", or compute it, `+
	`for example timeadd(plantimestamp(), "720h")`, func(text string) bool {
	_, err := time.Parse(time.RFC3339, text)
	return err == nil
})

// checkRegion accepts the label of a host name.
var checkRegion = characters(63, "It may contain up to 63 letters, digits and hyphens. Set a region such as eu-de",
	func(r rune) bool { return isLatinOrDigit(r) || r == '-' })

// checkCloud accepts a domain.
func checkCloud(noun, cloud string) error {
	if !strings.Contains(cloud, ".") {
		return fmt.Errorf("the %s is %s, which is not a domain name: it has no dot. Set it to the domain of the "+
			"cloud's endpoints, such as otc.t-systems.com. For an entry of clouds.yaml, set clouds_entry instead",
			noun, quoted(cloud))
	}
	return checkDomainName(noun, cloud, domainRule)
}

// checkHeader accepts what can be sent in a header.
var checkHeader = characters(math.MaxInt, "It must consist of printable ASCII characters. If it is read from a file, "+
	"remove the newline at its end: trimspace(file(…))", func(r rune) bool { return ' ' < r && r <= '~' })

// checkLine accepts a text without control characters. A line end that was read from a file or a CI variable would only
// make the identity service say that the password is wrong.
func checkLine(noun, text string) error {
	if strings.ContainsFunc(text, unicode.IsControl) {
		return fmt.Errorf("the %s contains a newline or another control character. Remove it; if the value is read "+
			"from a file, with trimspace(file(…))", noun)
	}
	return nil
}

var checkListenerProtocol = condition("the value of %s is %s. It must be HTTP, HTTPS, SSL, TCP or UDP",
	func(text string) bool {
		return slices.Contains([]string{"HTTP", "HTTPS", "SSL", "TCP", "UDP"}, strings.ToUpper(text))
	})

var checkScheme = condition(`the value of %s is %s. It must be "access" (the default) or "scoped"`,
	func(text string) bool { return text == string(auth.SchemeAccess) || text == string(auth.SchemeScoped) })

var checkFlag = condition("the value of %s is %s. It must be true or false", func(text string) bool {
	_, err := strconv.ParseBool(text)
	return err == nil
})

// numberCheck returns a check for an integer from 0 to most. zero says what 0 means.
func numberCheck(most int, zero string) func(noun, text string) error {
	rule := fmt.Sprintf("an integer from 0 (%s) to %d", zero, most)
	return condition("the value of %s is %s. It must be "+rule, func(text string) bool {
		n, err := strconv.Atoi(text)
		return err == nil && 0 <= n && n <= most
	})
}

// condition returns a check for a condition. The format of its error has a verb for the noun and one for the text.
func condition(format string, isMet func(text string) bool) func(noun, text string) error {
	return func(noun, text string) error {
		if !isMet(text) {
			return fmt.Errorf(format, noun, quoted(text))
		}
		return nil
	}
}

// characters returns a check for the length of a text, and for its characters.
func characters(limit int, rule string, isAllowed func(rune) bool) func(noun, text string) error {
	return func(noun, text string) error {
		runes := []rune(text)
		if len(runes) > limit {
			return fmt.Errorf("the %s has %d characters. %s", noun, len(runes), rule)
		}
		for i, r := range runes {
			if !isAllowed(r) {
				return fmt.Errorf("the %s contains %s at position %d. %s", noun, describeRune(r), i+1, rule)
			}
		}
		return nil
	}
}

func describeRune(r rune) string {
	return fmt.Sprintf("%q (%U)", string(r), r)
}

func isLatinOrDigit(r rune) bool {
	return 'A' <= r && r <= 'Z' || 'a' <= r && r <= 'z' || '0' <= r && r <= '9'
}
