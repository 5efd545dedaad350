package provider

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/elbaas/terraform-provider-elbaas/internal/elbstub"
)

// A randomSetup is a random set of values, by source: the provider block ("block"), the prefixes of
// variables, and files. The hosts that a source names contain its name.
type randomSetup struct {
	*rand.Rand
	set       map[string]map[string]string // argument → value, by source
	variables map[string]string
	files     map[string]string
}

// ranks are the ranks of the sources.
var ranks = map[string]int{"block": 0, "HW_": 1, "HCS_": 2, "OS_": 3}

func (s *randomSetup) one(percent int) bool { return s.IntN(100) < percent }

func (s *randomSetup) pick(all ...string) string { return all[s.IntN(len(all))] }

// valueOf makes up a value of an argument in a source.
func (s *randomSetup) valueOf(name, source string) string {
	domain := strings.ToLower(strings.TrimSuffix(source, "_")) + ".test"
	switch name {
	case "region":
		return s.pick("eu-de", "eu-nl")
	case "cloud":
		return domain
	case "auth_url":
		if source != "entry" && s.one(20) {
			return "http://iam.eu-de." + domain + "/v3"
		}
		return s.pick("https://iam.eu-de."+domain+"/v3", "https://iam.eu-nl."+domain+":443/v3",
			"https://id."+domain+"/v3")
	case "endpoint":
		return s.pick("https://elb.eu-de."+domain, "https://gateway."+domain+"/elb")
	case "clouds_entry":
		return "mine"
	case "profile":
		return "a"
	case "shared_config_file":
		return atHome
	case "project_id":
		return fmt.Sprintf("%032d", 1+s.IntN(7))
	case "project_name":
		return s.pick("eu-de", "eu-nl", "eu-de_mine")
	case "assume_role.agency_name":
		return "helpers"
	case "assume_role.domain_name":
		return "theirs"
	case "signing_scheme":
		return s.pick("access", "scoped")
	case "insecure":
		return s.pick("false", "true", "true")
	case "max_retries", "expiry_warning_days":
		return "7"
	case "cacert_file", "cert":
		return testPair().Certificate
	case "key":
		return testPair().PrivateKey
	}
	panic("no value for " + name)
}

// chance returns how often an argument is set in a source, in percent.
func chance(name string) int {
	switch {
	case strings.HasPrefix(name, "assume_role."):
		return 3
	case slices.Contains([]string{"profile", "shared_config_file", "clouds_entry", "endpoint", "cert", "key"}, name):
		return 7
	}
	return 25
}

// variableOf returns the first variable of an argument with a prefix, or an empty text.
func variableOf(name, prefix string) string {
	for _, variable := range arguments[name].variables {
		if strings.HasPrefix(variable, prefix) {
			return variable
		}
	}
	return ""
}

// credentialsOf makes up credentials of a source, mostly a complete set.
func (s *randomSetup) credentialsOf(source string) map[string]string {
	values := map[string]string{}
	add := func(set map[string]string) {
		for _, name := range slices.Sorted(maps.Keys(set)) { // a seed gives the same setup again
			if !s.one(3) {
				values[name] = set[name]
			}
		}
	}
	if s.one(15) {
		add(map[string]string{"token": secretOf("token", source)})
	}
	if s.one(20) {
		add(map[string]string{"access_key": secretOf("key", source), "secret_key": secretOf("secret", source)})
	}
	if s.one(15) {
		add(map[string]string{"user_name": "me", "password": secretOf("password", source), "domain_name": "mine"})
	}
	return values
}

// newRandomSetup makes up a setup, the same for the same seed.
func newRandomSetup(seed uint64) *randomSetup {
	s := &randomSetup{
		Rand: rand.New(rand.NewPCG(seed, 19)), set: map[string]map[string]string{},
		variables: map[string]string{},
	}
	for source := range ranks {
		s.set[source] = map[string]string{}
	}
	credentials := append(slices.Clone(credentialArguments), "domain_name", "domain_id")
	for _, source := range []string{"block", "HW_", "HCS_", "OS_"} {
		values := s.credentialsOf(source)
		for _, name := range slices.Sorted(maps.Keys(arguments)) { // a seed gives the same setup again
			if !slices.Contains(credentials, name) && s.one(chance(name)) {
				values[name] = s.valueOf(name, source)
			}
		}
		for _, name := range slices.Sorted(maps.Keys(arguments)) {
			value, found := values[name]
			variable := variableOf(name, source)
			switch {
			case !found:
			case source == "block":
				s.set[source][name] = value
			case variable == "" || s.variables[variable] != "":
			case s.one(3):
				s.variables[variable] = ""
			default:
				s.set[source][name], s.variables[variable] = value, value
			}
		}
	}
	if s.one(10) {
		s.variables["ELBAAS_ENDPOINT"] = s.valueOf("endpoint", "ELBAAS_")
	}
	s.addFiles()
	return s
}

// addFiles makes up a profile and an entry of clouds.yaml.
func (s *randomSetup) addFiles() {
	profile, entry := "", ", username: me, user_domain_name: mine"
	s.set["profile"], s.set["entry"] = map[string]string{}, map[string]string{}
	if s.one(50) {
		s.set["profile"]["region"] = "eu-nl"
		profile = `,"region":"eu-nl"`
	}
	if s.one(70) {
		s.set["entry"]["auth_url"] = s.valueOf("auth_url", "entry")
		entry += ", auth_url: \"" + s.set["entry"]["auth_url"] + "\""
	}
	entry += "}"
	if s.one(50) {
		s.set["entry"]["region"] = "eu-de"
		entry += ", region_name: eu-de"
	}
	s.files = profileOf(profile)
	if s.one(50) {
		delete(s.files, atHome)
	}
	s.files["clouds.yaml"] = "clouds:\n  mine: {auth: {password: " + secretOf("password", "entry") + entry + "}\n"
}

// rankOf returns the rank of a source of credentials. The rank of a file is that of the source that
// names it.
func (s *randomSetup) rankOf(source string) int {
	names := map[string][]string{"profile": {"shared_config_file", "profile"}, "entry": {"clouds_entry"}}[source]
	if names == nil {
		return ranks[source]
	}
	for _, name := range names {
		for _, namer := range []string{"block", "HW_", "HCS_", "OS_"} {
			if s.set[namer][name] != "" {
				return ranks[namer]
			}
		}
	}
	return ranks["HW_"]
}

// names reports whether a source of variables, or the block, sets any argument.
func (s *randomSetup) names(source string, arguments ...string) bool {
	return slices.ContainsFunc(arguments, func(name string) bool { return s.set[source][name] != "" })
}

// mayReach reports whether credentials of a source may be sent to a host.
func (s *randomSetup) mayReach(source, host string) bool {
	for named, rank := range ranks {
		if !strings.HasSuffix(host, "."+strings.ToLower(strings.TrimSuffix(named, "_"))+".test") {
			continue
		}
		if strings.HasPrefix(host, "http://") && s.set["block"]["insecure"] != "true" &&
			(s.names("block", "insecure") || s.set[named]["insecure"] != "true") {
			return false // only its own source, or the block, can allow it to be without TLS
		}
		leftToOthers := source == "block" && !s.names("block", "region", "cloud", "auth_url", "endpoint")
		return rank <= s.rankOf(source) || leftToOthers
	}
	switch {
	case strings.HasSuffix(host, ".elbaas.test"), host == "elb.catalog": // the service catalog names these
		return true
	case strings.HasSuffix(host, ".entry.test"):
		return source == "entry" || s.names("block", "clouds_entry") // then the block names the file
	case strings.HasSuffix(host, defaultCloud):
		return !s.namesAnother(source) && s.rankOf(source) != ranks["HCS_"]
	}
	return false
}

// namesAnother reports whether another cloud is named that counts for the credentials of a source,
// so that they must not reach the default cloud.
func (s *randomSetup) namesAnother(source string) bool {
	if s.names("block", "endpoint") || s.variables["ELBAAS_ENDPOINT"] != "" || s.names(source, "cloud", "auth_url") {
		return true
	}
	if s.names("block", "clouds_entry") && s.names("entry", "auth_url") {
		return true
	}
	regionCounts := s.names(source, "region")
	for named, rank := range ranks {
		regionCounts = regionCounts || rank <= s.rankOf(source) && s.names(named, "region")
	}
	for named, rank := range ranks {
		counts := rank <= s.rankOf(source) || source == "block" || !regionCounts
		if counts && s.names(named, "cloud", "auth_url") {
			return true
		}
	}
	return false
}

// TestRandomDestinations: with random subsets of all variables, arguments and files, no secret of a
// source reaches a host that only a later source names, and the default cloud receives nothing if
// another cloud is named that counts.
func TestRandomDestinations(t *testing.T) {
	t.Parallel()
	catalog := elbstub.CatalogEntry{Type: "elb", Region: "*", URL: "https://elb.catalog"}
	n := newRecordingNetwork(t)
	const runs = 1500
	done, byDefault := 0, 0
	for seed := range uint64(runs) {
		s := newRandomSetup(seed)
		n.reset(catalog)
		said := runWith(n, s.set["block"], environmentOf(s.variables, s.files))
		var senders []string
		for host, what := range n.received {
			for kind, seen := range what {
				_, source, found := strings.Cut(kind, " of ")
				if !seen || !found || !slices.Contains(sourcesOfSecrets, source) {
					continue
				}
				senders = append(senders, source)
				if strings.HasPrefix(kind, "secret") || !s.mayReach(source, host) {
					t.Errorf("seed %d: a %s reached %s: block %v, variables %v, files %v", seed, kind, host,
						s.set["block"], s.variables, s.set)
				}
			}
		}
		slices.Sort(senders)
		if senders = slices.Compact(senders); len(senders) > 1 {
			t.Errorf("seed %d: credentials of %v are mixed", seed, senders)
		}
		to := n.hosts("private key")
		for _, host := range to {
			if len(senders) > 0 && !s.mayReach(senders[0], host) {
				t.Errorf("seed %d: a private key reached %s", seed, host)
			}
			if strings.HasSuffix(host, defaultCloud) {
				byDefault++
			}
		}
		if len(to) > 1 || said == "" && len(to) == 0 {
			t.Errorf("seed %d: the private key went to %q, and it says %q", seed, to, said)
		}
		if said == "" {
			done++
		}
	}
	if done < runs/10 || byDefault < runs/100 {
		t.Errorf("of %d set-ups %d made a certificate, %d of them in the default cloud: that proves little", runs, done,
			byDefault)
	}
	t.Logf("of %d set-ups %d made a certificate, %d of them in the default cloud", runs, done, byDefault)
}
