package provider

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/gophercloud/gophercloud/v2/openstack/config/clouds"
	"gopkg.in/yaml.v2"
)

// addFiles adds a profile or an entry of clouds.yaml as a source. It belongs to the source
// that names it; a profile belongs to the source that names its file, which has the secrets.
// One that the block names comes right after the block, one that the environment names comes
// last, and the default profile is read only if there are no other credentials.
func (r *resolver) addFiles() {
	if r.unknown(fileArguments...) {
		return
	}
	profiles, entries, position := r.sources, r.sources, len(r.sources)
	if block := r.sources[0]; block.has(fileArguments...) {
		position = 1
		if !block.has("profile", "shared_config_file") {
			profiles = nil
		}
		if !block.has("clouds_entry") {
			entries = nil
		}
	} else if _, found := r.credentialsSource(); found {
		return
	}
	profile, profileSource := first(profiles, "profile")
	config, configSource := first(profiles, "shared_config_file")
	entry, entrySource := first(entries, "clouds_entry")
	profileName := "profile"
	if config != "" {
		profileSource, profileName = configSource, "shared_config_file"
	}
	var file source
	switch {
	case profile+config != "" && entry != "":
		r.invalid("clouds_entry", fmt.Sprintf("Both a profile of the shared configuration file and an entry of "+
			"clouds.yaml are named, by %s and by %s. "+
			"Credentials of different sources are never mixed: remove one of them.", r.origin(profileSource, profileName),
			r.origin(entrySource, "clouds_entry")))
		return
	case entry != "":
		file = r.cloudsEntry(entry)
		file.rank = entrySource.rank
	case profile+config != "":
		file = r.profile(config, profile, true)
		file.rank = profileSource.rank
	default:
		file = r.profile("", "", false)
		file.rank = 1 // as if HW_PROFILE named it: it is a file of Huawei Cloud's tool
	}
	if file.values != nil {
		file.isFile = true
		r.sources = slices.Insert(r.sources, position, file)
	}
}

// sharedConfig is the file of Huawei Cloud's command line tool (observed).
type sharedConfig struct {
	Current  string `json:"current"`
	Profiles []struct {
		Name             string `json:"name"`
		Mode             string `json:"mode"`
		AccessKeyID      string `json:"accessKeyId"`
		SecretAccessKey  string `json:"secretAccessKey"`
		SecurityToken    string `json:"securityToken"`
		Region           string `json:"region"`
		ProjectID        string `json:"projectId"`
		AgencyName       string `json:"agencyName"`
		AgencyDomainName string `json:"agencyDomainName"`
	} `json:"profiles"`
}

// profile reads a profile of the shared configuration file. Unless it is named, it may be
// missing or unreadable.
func (r *resolver) profile(file, name string, named bool) source {
	if file == "" {
		if r.home == "" && !named {
			return source{}
		}
		file = "~/.hcloud/config.json"
	}
	content, err := r.open(file)
	if err != nil && !named {
		return source{}
	}
	broken := func(name, format string, values ...any) source {
		r.invalid(name, fmt.Sprintf("The shared configuration file %s ", fileName(file))+fmt.Sprintf(format, values...))
		return source{}
	}
	if err != nil {
		return broken("shared_config_file", "cannot be read: %s.", fileReason(err))
	}
	var config sharedConfig
	if err := json.Unmarshal(content, &config); err != nil { // which may quote what is in it
		return broken("shared_config_file", "is not valid JSON of the expected form, or is encrypted. Recreate "+
			"it with \"hcloud configure set\", or set the access key elsewhere: %s", argumentNamed("access_key").remedy())
	}
	if name == "" {
		name = config.Current
	}
	var names []string
	for _, p := range config.Profiles {
		names = append(names, fmt.Sprintf("%q", p.Name))
		if p.Name != name {
			continue
		}
		switch {
		case p.AccessKeyID == "" && p.SecretAccessKey == "" && p.SecurityToken == "":
			return broken("profile", "has no access key in its profile %q (mode %q). Use a profile with an access key.",
				name, p.Mode)
		case !isKey(p.AccessKeyID) || !isKey(p.SecretAccessKey):
			return broken("profile", "has an access key in its profile %q that is not valid: it seems to be "+
				"encrypted. Set the access key elsewhere: %s", name, argumentNamed("access_key").remedy())
		}
		return source{label: fmt.Sprintf("the profile %q of %s", name, fileName(file)), values: map[string]string{
			"access_key": p.AccessKeyID, "secret_key": p.SecretAccessKey, "security_token": p.SecurityToken,
			"region": p.Region, "project_id": p.ProjectID,
			"assume_role.agency_name": p.AgencyName, "assume_role.domain_name": p.AgencyDomainName,
		}}
	}
	return broken("profile", "has no profile %s. It has: %s.", quoted(name), strings.Join(names, ", "))
}

// isKey reports whether a text may be an access key or a secret key, which have
// letters and digits (observed); an encrypted one has more.
func isKey(text string) bool {
	return len(text) <= 128 && strings.IndexFunc(text, func(c rune) bool {
		return !isLatinOrDigit(c) && c != '-' && c != '_'
	}) < 0
}

// A cloudsFile is clouds.yaml, the secure.yaml beside it, or clouds-public.yaml.
type cloudsFile struct {
	Clouds map[string]rawEntry `yaml:"clouds"`
	Public map[string]rawEntry `yaml:"public-clouds"`
}

// A rawEntry decodes an entry over what another file says of it, key by key.
type rawEntry struct{ decode func(any) error }

func (e *rawEntry) UnmarshalYAML(decode func(any) error) error {
	e.decode = decode
	return nil
}

// A cloudsEntry is what the provider reads of an entry. It opens no file that the entry
// names: cacert, cert and key may be PEM, or what should be.
type cloudsEntry struct {
	Profile string `yaml:"profile"`
	Cloud   string `yaml:"cloud"` // the old name of profile
	Auth    *struct {
		clouds.AuthInfo `yaml:",inline"`

		// An access key, which OpenStack does not know and the clouds of this family
		// do (observed).
		AK            string `yaml:"ak"`
		SK            string `yaml:"sk"`
		SecurityToken string `yaml:"security_token"`
	} `yaml:"auth"`
	Region string `yaml:"region_name"`
	CACert string `yaml:"cacert"`
	Cert   string `yaml:"cert"`
	Key    string `yaml:"key"`
	Verify *bool  `yaml:"verify"`
}

// cloudsEntry reads an entry of clouds.yaml, and of the secure.yaml beside it, as
// openstacksdk does (reference). No error of a library is shown: it may quote a secret.
func (r *resolver) cloudsEntry(name string) source {
	places := r.cloudsPlaces("clouds.yaml")
	if file := r.getenv("OS_CLIENT_CONFIG_FILE"); file != "" {
		places = []string{file}
	}
	content, place, err := r.firstOf(places)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		r.invalid("clouds_entry", fmt.Sprintf("There is no clouds.yaml for the entry %s. Searched: %s. Set the "+
			"environment variable OS_CLIENT_CONFIG_FILE to use another file.", quoted(name), fileNames(places)))
		return source{}
	case err != nil:
		r.invalid("clouds_entry", fmt.Sprintf("The file %s cannot be read: %s.", fileName(place), fileReason(err)))
		return source{}
	}
	broken := func(format string, values ...any) source {
		r.invalid("clouds_entry", fmt.Sprintf("The file %s ", fileName(place))+fmt.Sprintf(format, values...))
		return source{}
	}
	hidden, err := r.readFile(filepath.Join(filepath.Dir(place), "secure.yaml"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return broken("has a secure.yaml beside it that cannot be read: %s.", fileReason(err))
	}
	var file, secure cloudsFile
	var entry cloudsEntry
	errs := errors.Join(yaml.Unmarshal(content, &file), yaml.Unmarshal(hidden, &secure),
		overlay(&entry, file.Clouds[name], secure.Clouds[name]))
	if errs != nil {
		return broken("or the secure.yaml beside it is not valid YAML of the expected form.")
	}
	_, found := file.Clouds[name]
	if _, foundSecure := secure.Clouds[name]; !found && !foundSecure {
		names := slices.Concat(slices.Collect(maps.Keys(file.Clouds)), slices.Collect(maps.Keys(secure.Clouds)))
		slices.Sort(names)
		return broken("has no entry %s. It has: %s.", quoted(name), quotedList(slices.Compact(names)))
	}
	if vendor := cmp.Or(entry.Profile, entry.Cloud); vendor != "" {
		base, why := r.vendor(vendor)
		if why == "" && overlay(&base, file.Clouds[name], secure.Clouds[name]) == nil {
			entry = base
		} else if entry.Auth == nil || entry.Auth.AuthURL == "" {
			return broken("has an entry %q without auth_url. It names the vendor profile %s, and %s. Set auth_url in "+
				"the entry.", name, quoted(vendor), why)
		}
	}
	if entry.Auth == nil {
		return broken("has an entry %q without auth, and so has the secure.yaml beside it.", name)
	}
	a := entry.Auth
	if a.ApplicationCredentialID != "" || a.ApplicationCredentialName != "" {
		return broken("has an entry %q with an application credential, which these clouds do not have. Use an access "+
			"key (ak and sk), or a password.", name)
	}
	s := source{label: fmt.Sprintf("the entry %q of %s", name, fileName(place)), values: map[string]string{
		"auth_url": a.AuthURL, "region": entry.Region,
		"token": a.Token, "user_name": a.Username, "user_id": a.UserID, "password": a.Password,
		"domain_name": cmp.Or(a.UserDomainName, a.DomainName), "domain_id": cmp.Or(a.UserDomainID, a.DomainID),
		"project_id": a.ProjectID, "project_name": a.ProjectName,
		"access_key": a.AK, "secret_key": a.SK, "security_token": a.SecurityToken,
		"cacert_file": entry.CACert, "cert": entry.Cert, "key": entry.Key,
	}}
	if entry.Verify != nil && !*entry.Verify {
		s.values["insecure"] = "true"
	}
	const placeholder = "{region_name}" // of openstacksdk
	region := cmp.Or(r.sources[0].values["region"], entry.Region)
	switch {
	case !strings.Contains(a.AuthURL, placeholder):
	case region != "":
		s.values["auth_url"] = strings.ReplaceAll(a.AuthURL, placeholder, region)
	case r.unknown("region"):
		delete(s.values, "auth_url") // nothing is called yet
	default:
		return broken("has an entry %q whose auth_url has the region in it, and the region is not set. Set region_name "+
			"in the entry, or region in the provider block.", name)
	}
	if !hasAny(append(r.sources[:1:1], s), credentialArguments...) {
		return broken("has an entry %q with no credentials: set a password, a token, or ak and sk there or in the "+
			"secure.yaml beside it.", name)
	}
	return s
}

// overlay decodes entries over each other; later ones say more.
func overlay(entry *cloudsEntry, entries ...rawEntry) error {
	for _, e := range entries {
		if e.decode == nil {
			continue // it is missing or empty
		}
		if err := e.decode(entry); err != nil {
			return err
		}
	}
	return nil
}

// vendor reads a vendor profile, over which an entry is laid. If there is none, it says
// why.
func (r *resolver) vendor(name string) (entry cloudsEntry, why string) {
	places := r.cloudsPlaces("clouds-public.yaml")
	content, place, err := r.firstOf(places)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return entry, "there is no clouds-public.yaml. Searched: " + fileNames(places)
	case err != nil:
		return entry, fileName(place) + " cannot be read: " + fileReason(err)
	}
	var file cloudsFile
	if yaml.Unmarshal(content, &file) != nil || overlay(&entry, file.Public[name]) != nil {
		return entry, fileName(place) + " is not valid YAML of the expected form"
	}
	if _, found := file.Public[name]; !found {
		return entry, fileName(place) + " does not have it"
	}
	return entry, ""
}

// cloudsPlaces are where a file of OpenStack's clients is looked for (reference).
func (r *resolver) cloudsPlaces(name string) []string {
	home := cmp.Or(r.getenv("XDG_CONFIG_HOME"), filepath.Join(r.home, ".config"))
	return []string{name, filepath.Join(home, "openstack", name), filepath.Join("/etc/openstack", name)}
}

// firstOf reads the first of some files that there is.
func (r *resolver) firstOf(places []string) (content []byte, place string, err error) {
	for _, place = range places {
		if content, err = r.open(place); !errors.Is(err, fs.ErrNotExist) {
			break
		}
	}
	return content, place, err
}

func fileNames(places []string) string {
	shown := make([]string, len(places))
	for i, place := range places {
		shown[i] = fileName(place)
	}
	return strings.Join(shown, ", ")
}

func quotedList(names []string) string {
	quoted := make([]string, len(names))
	for i, name := range names {
		quoted[i] = strconv.Quote(name)
	}
	return strings.Join(quoted, ", ")
}
