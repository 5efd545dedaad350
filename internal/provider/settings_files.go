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

// addFile adds a profile or an entry of clouds.yaml as a source. It belongs to the source that names it; a profile
// belongs to the source that names its file, which has the secrets. What the environment names, or the default
// profile, is read only if there are no other credentials.
func (r *resolver) addFile() {
	_, found := r.findCredentials()
	block := r.sources[0]
	isNamed := block.has(fileArguments...)
	if r.unknown(fileArguments...) || found && !isNamed {
		return
	}
	profiles, entries := r.sources, r.sources
	if isNamed && !block.has("profile", "shared_config_file") {
		profiles = nil
	}
	if isNamed && !block.has("clouds_entry") {
		entries = nil
	}
	config, profile := r.find("shared_config_file", profiles...), r.find("profile", profiles...)
	named, entry := cmp.Or(config, profile), r.find("clouds_entry", entries...)
	var file source
	switch {
	case named.text != "" && entry.text != "":
		r.invalid("clouds_entry", fmt.Sprintf("Both a profile of the shared configuration file and an entry of "+
			"clouds.yaml are named, by %s and by %s. "+
			"Credentials of different sources are never mixed: remove one of them.", named.origin, entry.origin))
	case entry.text != "":
		var err error
		if file, err = r.cloudsEntry(entry); err != nil {
			r.invalid("clouds_entry", sentence(err))
		}
	case named.text != "":
		file = r.profile(named, config.text, profile.text)
	default: // it is a file of Huawei Cloud's tool
		file = r.profile(value{rank: hwRank}, "", "")
	}
	if file.isFile { // it comes right after the provider block; one that variables name has the only credentials
		r.sources = slices.Insert(r.sources, 1, file)
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

// profile reads a profile of the shared configuration file. One that nobody names may be missing or unreadable.
func (r *resolver) profile(named value, file, name string) source {
	file = cmp.Or(file, "~/.hcloud/config.json")
	broken := func(name, format string, values ...any) source {
		r.invalid(name, fmt.Sprintf("The shared configuration file %s ", fileName(file))+fmt.Sprintf(format, values...))
		return source{}
	}
	content, err := r.open(file)
	if err != nil && named.text == "" {
		return source{}
	}
	if err != nil {
		return broken("shared_config_file", "cannot be read: %s.", fileReason(err))
	}
	var config sharedConfig
	if err := json.Unmarshal(content, &config); err != nil { // which may quote what is in it
		return broken("shared_config_file", "is not valid JSON of the expected form, or is encrypted. Recreate it "+
			"with \"hcloud configure set\", or set the access key elsewhere: %s", argumentNamed("access_key").remedy())
	}
	name = cmp.Or(name, config.Current)
	var names []string
	for _, p := range config.Profiles {
		names = append(names, p.Name)
		switch {
		case p.Name != name:
			continue
		case p.AccessKeyID == "" && p.SecretAccessKey == "" && p.SecurityToken == "":
			return broken("profile", "has no access key in its profile %q (mode %q). Use a profile with an access key.",
				name, p.Mode)
		case !isKey(p.AccessKeyID) || !isKey(p.SecretAccessKey):
			return broken("profile", "has an access key in its profile %q that is not valid: it seems to be "+
				"encrypted. Set the access key elsewhere: %s", name, argumentNamed("access_key").remedy())
		}
		label := fmt.Sprintf("the profile %q of %s", name, fileName(file))
		return newFile(label, named.rank, map[string]string{
			"access_key": p.AccessKeyID, "secret_key": p.SecretAccessKey, "security_token": p.SecurityToken,
			"region": p.Region, "project_id": p.ProjectID,
			"assume_role.agency_name": p.AgencyName, "assume_role.domain_name": p.AgencyDomainName,
		})
	}
	return broken("profile", "has no profile %s. It has: %s.", quoted(name), joined(names, strconv.Quote))
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
func (r *resolver) cloudsEntry(named value) (source, error) {
	name, places := named.text, r.cloudsPlaces("clouds.yaml")
	if file := r.getenv("OS_CLIENT_CONFIG_FILE"); file != "" {
		places = []string{file}
	}
	file, place, err := r.cloudsFile("clouds.yaml for the entry "+quoted(name), places...)
	if err != nil {
		return source{}, fmt.Errorf("%w. Set the environment variable OS_CLIENT_CONFIG_FILE to use another file", err)
	}
	secure, hidden, err := r.cloudsFile("secure.yaml", filepath.Join(filepath.Dir(place), "secure.yaml"))
	if err != nil && hidden != "" {
		return source{}, err
	}

	broken := func(format string, values ...any) (source, error) {
		return source{}, fmt.Errorf("the file %s %s", fileName(place), fmt.Sprintf(format, values...))
	}
	base, isInFile := file.Clouds[name]
	overlay, isInSecure := secure.Clouds[name]
	if !isInFile && !isInSecure {
		names := slices.AppendSeq(slices.Collect(maps.Keys(file.Clouds)), maps.Keys(secure.Clouds))
		slices.Sort(names)
		return broken("has no entry %s. It has: %s", quoted(name), joined(slices.Compact(names), strconv.Quote))
	}
	entry, err := merged(base, overlay)
	if vendor := cmp.Or(entry.Profile, entry.Cloud); err == nil && vendor != "" {
		profile, missing := r.vendor(vendor)
		if missing == nil {
			entry, err = merged(profile, base, overlay)
		} else if entry.Auth == nil || entry.Auth.AuthURL == "" {
			return broken("has an entry %q without auth_url. It names the vendor profile %s, and %v. Set auth_url in "+
				"the entry", name, quoted(vendor), missing)
		}
	}
	if err != nil {
		return broken("has an entry %q that, merged with secure.yaml and its vendor profile, is not valid YAML of the "+
			"expected form", name)
	}
	if entry.Auth == nil {
		return broken("has an entry %q without auth, and so has the secure.yaml beside it", name)
	}
	a := entry.Auth
	const placeholder = "{region_name}" // of openstacksdk
	region := cmp.Or(r.sources[0].first("region").text, entry.Region)
	texts := map[string]string{
		"auth_url": strings.ReplaceAll(a.AuthURL, placeholder, region), "region": entry.Region,
		"token": a.Token, "user_name": a.Username, "user_id": a.UserID, "password": a.Password,
		"domain_name": cmp.Or(a.UserDomainName, a.DomainName), "domain_id": cmp.Or(a.UserDomainID, a.DomainID),
		"project_id": a.ProjectID, "project_name": a.ProjectName,
		"access_key": a.AK, "secret_key": a.SK, "security_token": a.SecurityToken,
		"cacert_file": entry.CACert, "cert": entry.Cert, "key": entry.Key,
	}
	if entry.Verify != nil && !*entry.Verify {
		texts["insecure"] = "true"
	}
	s := newFile(fmt.Sprintf("the entry %q of %s", name, fileName(place)), named.rank, texts)
	switch {
	case a.ApplicationCredentialID != "" || a.ApplicationCredentialName != "":
		return broken("has an entry %q with an application credential, which these clouds do not have. Use an access "+
			"key (ak and sk), or a password", name)
	case strings.Contains(a.AuthURL, placeholder) && region == "" && !r.unknown("region"):
		return broken("has an entry %q whose auth_url has the region in it, and the region is not set. Set "+
			"region_name in the entry, or region in the provider block", name)
	case !hasAny([]source{r.sources[0], s}, credentialArguments...):
		return broken("has an entry %q with no credentials: set a password, a token, or ak and sk there or in the "+
			"secure.yaml beside it", name)
	}
	return s, nil
}

// merged decodes entries over each other; later ones say more.
func merged(layers ...rawEntry) (cloudsEntry, error) {
	var entry cloudsEntry
	for _, layer := range layers {
		if layer.decode == nil {
			continue // it is missing or empty
		}
		if err := layer.decode(&entry); err != nil {
			return entry, err
		}
	}
	return entry, nil
}

// vendor reads a vendor profile, over which an entry is laid.
func (r *resolver) vendor(name string) (rawEntry, error) {
	file, place, err := r.cloudsFile("clouds-public.yaml", r.cloudsPlaces("clouds-public.yaml")...)
	profile, found := file.Public[name]
	if err == nil && !found {
		err = fmt.Errorf("%s does not have it", fileName(place))
	}
	return profile, err
}

// cloudsPlaces are where a file of OpenStack's clients is looked for (reference).
func (r *resolver) cloudsPlaces(name string) []string {
	home := cmp.Or(r.getenv("XDG_CONFIG_HOME"), filepath.Join(r.home, ".config"))
	return []string{name, filepath.Join(home, "openstack", name), filepath.Join("/etc/openstack", name)}
}

// cloudsFile reads the first of some files that there is. If there is none, the place is empty.
func (r *resolver) cloudsFile(what string, places ...string) (file cloudsFile, place string, err error) {
	for _, place = range places {
		content, err := r.open(place)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			continue
		case err != nil:
			return file, place, fmt.Errorf("the file %s cannot be read: %s", fileName(place), fileReason(err))
		case yaml.Unmarshal(content, &file) != nil:
			return file, place, fmt.Errorf("the file %s is not valid YAML of the expected form", fileName(place))
		}
		return file, place, nil
	}
	return file, "", fmt.Errorf("there is no %s. Searched: %s", what, joined(places, fileName))
}

// joined lists names in a sentence.
func joined(names []string, shown func(string) string) string {
	list := make([]string, len(names))
	for i, name := range names {
		list[i] = shown(name)
	}
	return strings.Join(list, ", ")
}
