package provider

import (
	"cmp"
	"fmt"
	"math/big"
	"slices"
	"strconv"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// valueText returns the value of an argument as its environment variable would be set.
func valueText(value tftypes.Value) (types.String, error) {
	if !value.IsKnown() {
		return types.StringUnknown(), nil
	}
	if value.IsNull() {
		return types.StringNull(), nil
	}
	switch {
	case value.Type().Is(tftypes.Bool):
		var flag bool
		err := value.As(&flag)
		return types.StringValue(strconv.FormatBool(flag)), err
	case value.Type().Is(tftypes.Number):
		number := new(big.Float)
		err := value.As(&number)
		return types.StringValue(number.Text('f', -1)), err
	}
	var text string
	err := value.As(&text)
	return types.StringValue(text), err
}

const (
	blockLabel = "the provider block"
	blockRank  = 0
)

// A source is a place that settings come from, with the values of its arguments.
type source struct {
	// label completes the sentence "The token from …".
	label string
	// prefix is the prefix of the source's environment variables, or empty.
	prefix string
	// rank orders the provider block, then the variables by their prefixes. A file has
	// the rank of the source that names it.
	rank   int
	isFile bool
	values map[string]string
}

func (s source) has(names ...string) bool {
	return slices.ContainsFunc(names, func(name string) bool { return s.values[name] != "" })
}

// place says where to set an argument in the same source as others.
func (s source) place(name string) string {
	if variable := argumentNamed(name).variable(s.prefix); s.prefix != "" && variable != "" {
		return "the environment variable " + variable
	}
	return name + " in " + s.label
}

// addBlock adds the provider block as a source.
func (r *resolver) addBlock(block providerBlock) {
	s := source{label: blockLabel, rank: blockRank, values: map[string]string{}}
	for _, a := range arguments {
		switch value := block[a.name]; {
		case value.IsUnknown():
			r.settings.unknown = append(r.settings.unknown, a.name)
		case value.IsNull():
		case value.ValueString() == "":
			r.fail(a.name, "Empty provider argument "+a.name,
				fmt.Sprintf("The provider argument %s is an empty string. Set it to a value, or remove it to use the "+
					"environment variable %s.", a.name, strings.Join(a.variables, " or ")))
		default:
			s.values[a.name] = value.ValueString()
		}
	}
	slices.Sort(r.settings.unknown)
	r.sources = append(r.sources, s)
}

// addVariables adds the environment variables of a prefix. An empty one is not set.
func (r *resolver) addVariables(prefix string) {
	s := source{
		label: "the environment variables " + prefix + "…", prefix: prefix, rank: len(r.sources),
		values: map[string]string{},
	}
	for _, a := range arguments {
		for _, variable := range a.variables {
			text := r.getenv(variable)
			if variable == "OS_CLOUD" && strings.Contains(text, ".") != (a.name == "cloud") {
				continue // a domain is FlexibleEngine's habit, anything else an entry of clouds.yaml
			}
			if strings.HasPrefix(variable, prefix) && text != "" && s.values[a.name] == "" {
				s.values[a.name] = text
			}
		}
	}
	r.sources = append(r.sources, s)
}

// prefer sorts the sources for everything but the credentials: the provider block comes
// first, then the source of the credentials and the variables that named it, then the
// other sources in their order.
func (r *resolver) prefer(credentials source) {
	slices.SortStableFunc(r.sources, func(a, b source) int {
		return cmp.Or(cmp.Compare(priority(a, credentials), priority(b, credentials)), cmp.Compare(a.rank, b.rank),
			fileFirst(a, b))
	})
}

// The priorities say how a source ranks relative to the source of the credentials.
const (
	ownSource = iota // the provider block, or the source of the credentials
	earlierSource
	laterSource
)

func priority(s, credentials source) int {
	switch {
	case s.rank == blockRank || s.rank == credentials.rank:
		return ownSource
	case s.rank < credentials.rank:
		return earlierSource
	}
	return laterSource
}

// fileFirst compares two sources of equal rank: a file comes first, except after the provider block, which overrides
// it.
func fileFirst(a, b source) int {
	if a.isFile == b.isFile || a.rank == blockRank {
		return 0
	}
	if a.isFile {
		return -1
	}
	return 1
}

// value returns an argument and its origin.
func (r *resolver) value(name string) (text, origin string) {
	text, s := r.valueWhere(name, func(source) bool { return true })
	return text, r.origin(s, name)
}

// valueWhere returns an argument of the first source that counts, and that source. The
// argument is empty if it is not known yet.
func (r *resolver) valueWhere(name string, counts func(source) bool) (string, source) {
	for _, s := range r.sources {
		if s.label == blockLabel && r.unknown(name) {
			break
		}
		if s.has(name) && counts(s) {
			return s.values[name], s
		}
	}
	return "", source{}
}

// origin describes where a source has an argument from.
func (r *resolver) origin(s source, name string) string {
	for _, variable := range argumentNamed(name).variables {
		if s.prefix != "" && strings.HasPrefix(variable, s.prefix) && r.getenv(variable) != "" {
			return "the environment variable " + variable
		}
	}
	return s.label
}

func (r *resolver) unknown(names ...string) bool {
	return slices.ContainsFunc(names, func(name string) bool { return slices.Contains(r.settings.unknown, name) })
}

func (r *resolver) fail(name, summary, detail string) {
	r.diags.AddAttributeError(argumentNamed(name).path(), summary, detail)
}

func (r *resolver) invalid(name, detail string) {
	r.fail(name, "Invalid provider argument "+name, detail)
}
