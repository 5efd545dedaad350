package provider

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/types"
)

// The ranks of sources: the provider block, then the environment variables by their prefixes.
const (
	blockRank = iota
	hwRank
	hcsRank
	osRank
	elbaasRank
)

// prefixes are the prefixes of the environment variables of each rank. The provider block has none.
var prefixes = []string{hwRank: "HW_", hcsRank: "HCS_", osRank: "OS_", elbaasRank: "ELBAAS_"}

const blockLabel = "the provider block"

// A source is a place that settings come from, with the values of its arguments.
type source struct {
	// label completes the sentence "The token from …".
	label string
	// rank of a file is that of the source that names it.
	rank   int
	isFile bool
	// keys are the names of arguments in a file, where they differ.
	keys map[string]string
	// values has an empty text for an argument that is not known yet, which hides the values of later sources.
	values map[string]value
}

// A value is the value of an argument, and knows where it comes from.
type value struct {
	name, text string
	// origin completes the sentence "The token from …".
	origin string
	rank   int // of its source
}

// from says what the value is, and where it comes from.
func (v value) from() string { return v.name + " from " + v.origin }

func (s source) isBlock() bool { return s.rank == blockRank && !s.isFile }

// newFile returns a file as a source. A text that is empty is not set.
func newFile(label string, rank int, texts map[string]string) source {
	s := source{label: label, rank: rank, isFile: true, values: map[string]value{}}
	for name, text := range texts {
		if text != "" {
			s.values[name] = value{name, text, label, rank}
		}
	}
	return s
}

// first returns the first of these arguments that the source has.
func (s source) first(names ...string) value {
	for _, name := range names {
		if v := s.values[name]; v.text != "" {
			return v
		}
	}
	return value{}
}

func (s source) has(names ...string) bool { return s.first(names...).text != "" }

// where returns the sources that meet a condition.
func where(sources []source, is func(source) bool) []source {
	return slices.DeleteFunc(slices.Clone(sources), func(s source) bool { return !is(s) })
}

// firstWith returns the first source that has any of these arguments.
func firstWith(sources []source, names ...string) (source, bool) {
	i := slices.IndexFunc(sources, func(s source) bool { return s.has(names...) })
	if i < 0 {
		return source{}, false
	}
	return sources[i], true
}

// place says where to set an argument so that it belongs to the source.
func (s source) place(name string) string {
	for _, variable := range arguments[name].variables {
		if s.rank != blockRank && !s.isFile && strings.HasPrefix(variable, prefixes[s.rank]) {
			return "the environment variable " + variable
		}
	}
	return cmp.Or(s.keys[name], name) + " in " + s.label
}

// addBlock adds the provider block as a source.
func (r *resolver) addBlock(block providerBlock) {
	s := source{label: blockLabel, rank: blockRank, values: map[string]value{}}
	for _, name := range slices.Sorted(maps.Keys(block)) {
		given := block[name]
		text := given.String()
		if t, isText := given.(types.String); isText {
			text = t.ValueString()
		}
		switch {
		case given.IsUnknown():
			r.settings.unknown = append(r.settings.unknown, name)
			s.values[name] = value{}
		case given.IsNull():
		case text == "":
			variables := strings.Join(arguments[name].variables, " or ")
			r.fail("Empty", name, fmt.Sprintf("The provider argument %s is an empty string. Set it to a value. To use "+
				"the environment variable %s, omit it or set it to null.", name, variables))
		default:
			s.values[name] = value{name, text, blockLabel, blockRank}
		}
	}
	r.sources = append(r.sources, s)
}

// addVariables adds the environment variables of a rank. An empty one is not set.
func (r *resolver) addVariables(rank int) {
	s := source{label: "the environment variables " + prefixes[rank] + "…", rank: rank, values: map[string]value{}}
	const delegated = "OS_DELEGATED_PROJECT"
	isDelegated := r.getenv("OS_AGENCY_NAME") != "" && r.getenv(delegated) != ""
	for name, a := range arguments {
		for _, variable := range a.variables {
			text := r.getenv(variable)
			switch {
			case variable == "OS_CLOUD" && strings.Contains(text, ".") != (name == "cloud"):
				continue // FlexibleEngine sets it to a domain; other values name an entry of clouds.yaml
			case strings.HasPrefix(name, "project_") && (variable == delegated) != isDelegated && rank == osRank:
				continue // with that project of an agency, the others are in the account of the user (reference)
			}
			if strings.HasPrefix(variable, prefixes[rank]) && text != "" && !s.has(name) {
				s.values[name] = value{name, text, "the environment variable " + variable, rank}
			}
		}
	}
	r.sources = append(r.sources, s)
}

// find returns an argument of the first source that has it, and reports an invalid value. The text is empty if no
// source has the argument, or if it is not known yet.
func (r *resolver) find(name string, sources ...source) value {
	for _, s := range sources {
		v, isSet := s.values[name]
		if !isSet {
			continue
		}
		if check := arguments[name].check; check != nil && v.text != "" {
			if err := check(v.from(), v.text); err != nil {
				r.fail("Invalid", name, sentence(err))
			}
		}
		return v
	}
	return value{}
}

// unknown reports whether any of these arguments of the provider block is not known yet.
func (r *resolver) unknown(names ...string) bool {
	return slices.ContainsFunc(names, func(name string) bool { return slices.Contains(r.settings.unknown, name) })
}

// fail reports an argument as missing, empty or invalid, according to the word.
func (r *resolver) fail(word, name, detail string) {
	r.diags.AddAttributeError(pathOf(name), word+" provider argument "+name, detail)
}
