package provider

import (
	"fmt"
	"slices"
	"strings"
)

// The ranks of sources: the provider block, then the environment variables by their prefixes.
const (
	blockRank = iota
	hwRank
	hcsRank
	osRank
	elbaasRank
)

// prefixes are those of the environment variables of a rank. The provider block has none.
var prefixes = []string{hwRank: "HW_", hcsRank: "HCS_", osRank: "OS_", elbaasRank: "ELBAAS_"}

const blockLabel = "the provider block"

// A source is a place that settings come from, with the values of its arguments.
type source struct {
	// label completes the sentence "The token from …".
	label string
	// rank of a file is that of the source that names it.
	rank   int
	isFile bool
	// values has an empty text for an argument that is not known yet: it hides those of later sources.
	values map[string]value
}

// A value of an argument knows where it comes from.
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

// first returns the first of some arguments that the source has.
func (s source) first(names ...string) value {
	for _, name := range names {
		if v := s.values[name]; v.text != "" {
			return v
		}
	}
	return value{}
}

func (s source) has(names ...string) bool { return s.first(names...).text != "" }

func hasAny(sources []source, names ...string) bool {
	return slices.ContainsFunc(sources, func(s source) bool { return s.has(names...) })
}

// place says where to set an argument in the same source as others.
func (s source) place(name string) string {
	if variable := argumentNamed(name).variable(prefixes[s.rank]); s.rank != blockRank && !s.isFile && variable != "" {
		return "the environment variable " + variable
	}
	return name + " in " + s.label
}

// addBlock adds the provider block as a source.
func (r *resolver) addBlock(block providerBlock) {
	s := source{label: blockLabel, rank: blockRank, values: map[string]value{}}
	for _, a := range arguments {
		switch v := block[a.name]; {
		case v.IsUnknown():
			r.settings.unknown = append(r.settings.unknown, a.name)
			s.values[a.name] = value{}
		case v.IsNull():
		case v.ValueString() == "":
			r.fail(a.name, "Empty provider argument "+a.name,
				fmt.Sprintf("The provider argument %s is an empty string. Set it to a value, or remove it to use the "+
					"environment variable %s.", a.name, strings.Join(a.variables, " or ")))
		default:
			s.values[a.name] = value{a.name, v.ValueString(), blockLabel, blockRank}
		}
	}
	slices.Sort(r.settings.unknown)
	r.sources = append(r.sources, s)
}

// addVariables adds the environment variables of a rank. An empty one is not set.
func (r *resolver) addVariables(rank int) {
	s := source{label: "the environment variables " + prefixes[rank] + "…", rank: rank, values: map[string]value{}}
	for _, a := range arguments {
		for _, variable := range a.variables {
			text := r.getenv(variable)
			if variable == "OS_CLOUD" && strings.Contains(text, ".") != (a.name == "cloud") {
				continue // a domain is FlexibleEngine's habit, anything else an entry of clouds.yaml
			}
			if strings.HasPrefix(variable, prefixes[rank]) && text != "" && !s.has(a.name) {
				s.values[a.name] = value{a.name, text, "the environment variable " + variable, rank}
			}
		}
	}
	r.sources = append(r.sources, s)
}

// find returns an argument of the first source that has it, and reports a value that is not valid. The text is empty if
// no source has the argument, or if it is not known yet.
func (r *resolver) find(name string, sources ...source) value {
	for _, s := range sources {
		v, isSet := s.values[name]
		if !isSet {
			continue
		}
		if check := argumentNamed(name).check; check != nil && v.text != "" {
			if err := check(v.from(), v.text); err != nil {
				r.invalid(name, sentence(err))
			}
		}
		return v
	}
	return value{}
}

func (r *resolver) unknown(names ...string) bool {
	return slices.ContainsFunc(names, func(name string) bool { return slices.Contains(r.settings.unknown, name) })
}

func (r *resolver) fail(name, summary, detail string) {
	r.diags.AddAttributeError(argumentNamed(name).path(), summary, detail)
}

func (r *resolver) missing(name, detail string) {
	r.fail(name, "Missing provider argument "+name, detail)
}

func (r *resolver) invalid(name, detail string) {
	r.fail(name, "Invalid provider argument "+name, detail)
}
