package provider

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// addFile adds a profile or an entry of clouds.yaml as a source. It belongs to the source that names it; a profile
// belongs to the source that names its file, because the file has the secrets. A file that the environment names, or
// the default profile, is read only if there are no other credentials.
func (r *resolver) addFile() {
	_, found := r.findCredentials()
	block := r.sources[0]
	namesProfile, namesEntry := block.has("profile", "shared_config_file"), block.has("clouds_entry")
	if r.unknown(fileArguments...) || found && !namesProfile && !namesEntry {
		return
	}
	config, profile := r.find("shared_config_file", r.sources...), r.find("profile", r.sources...)
	named := cmp.Or(config, profile, value{rank: hwRank}) // the default profile belongs to HW_
	entry := r.find("clouds_entry", r.sources...)
	var file source
	switch {
	case namesProfile == namesEntry && named.text != "" && entry.text != "":
		r.fail("Invalid", "clouds_entry", fmt.Sprintf("Both a profile of the shared configuration file and an "+
			"entry of clouds.yaml are named, by %s and by %s. Credentials of different sources are never mixed: "+
			"remove one of them.", named.origin, entry.origin))
	case entry.text != "" && !namesProfile:
		var err error
		if file, err = r.cloudsEntry(entry); err != nil {
			r.fail("Invalid", "clouds_entry", sentence(err))
		}
	default:
		file = r.profile(named, config.text, profile.text)
	}
	if file.isFile { // right after the block; if variables name it, no other source has credentials
		r.sources = slices.Insert(r.sources, 1, file)
	}
}

// sharedConfig is the file of Huawei Cloud's command line tool (observed).
type sharedConfig struct {
	Current  string          `json:"current"`
	Profiles []sharedProfile `json:"profiles"`
}

type sharedProfile struct {
	Name string `json:"name"`
	Mode string `json:"mode"`
	sharedKey
	Login struct {
		Key sharedKey `json:"stsToken"`
	} `json:"ssoAuth"`
	Region           string `json:"region"`
	ProjectID        string `json:"projectId"`
	AgencyName       string `json:"agencyName"`
	AgencyDomainName string `json:"agencyDomainName"`
}

// A sharedKey is the access key of a profile, or the temporary one of a login by SSO.
type sharedKey struct {
	AccessKeyID     string `json:"accessKeyId"`
	SecretAccessKey string `json:"secretAccessKey"`
	SecurityToken   string `json:"securityToken"`
}

// profile reads a profile of the shared configuration file. If nothing names the file, it may be missing or unreadable.
func (r *resolver) profile(named value, file, name string) source {
	file = cmp.Or(file, "~/.hcloud/config.json")
	broken := func(name, format string, values ...any) source {
		r.fail("Invalid", name, "The shared configuration file "+fileName(file)+" "+fmt.Sprintf(format, values...))
		return source{}
	}
	content, err := r.open(file)
	if err != nil && named.text == "" {
		return source{}
	}
	if err != nil {
		return broken("shared_config_file", "cannot be read: %s. Create it with \"hcloud configure\", or set "+
			"shared_config_file to its path.", err)
	}
	var config sharedConfig
	if err := json.Unmarshal(content, &config); err != nil { // the error may quote secrets
		return broken("shared_config_file", "is not valid JSON of the expected form, or is encrypted. Recreate it "+
			"with \"hcloud configure set --cli-auth-encrypt=false\", or set the access key elsewhere: %s",
			howToSet("access_key"))
	}
	name = cmp.Or(name, config.Current)
	i := slices.IndexFunc(config.Profiles, func(p sharedProfile) bool { return p.Name == name })
	if i < 0 {
		names := joined(config.Profiles, ", ", func(p sharedProfile) string { return strconv.Quote(p.Name) })
		return broken("profile", "has no profile %s. It has: %s.", quoted(name), names)
	}
	p := config.Profiles[i]
	key := p.sharedKey
	if p.Mode == "SSO" {
		key = p.Login.Key // an older access key may be left over
	}
	keys := key.AccessKeyID + key.SecretAccessKey
	if keys+key.SecurityToken == "" || !keyForm.MatchString(keys) {
		return broken("profile", "has no access key in its profile %q (mode %s), or the key seems to be encrypted. "+
			"Use a profile with an access key, without encryption (hcloud configure set --cli-auth-encrypt=false), "+
			"or set the access key elsewhere: %s", name, quoted(p.Mode), howToSet("access_key"))
	}
	return newFile(fmt.Sprintf("the profile %q of %s", name, fileName(file)), named.rank, map[string]string{
		"access_key": key.AccessKeyID, "secret_key": key.SecretAccessKey, "security_token": key.SecurityToken,
		"region": p.Region, "project_id": p.ProjectID,
		"assume_role.agency_name": p.AgencyName, "assume_role.domain_name": p.AgencyDomainName,
	})
}

// keyForm matches an access key or a secret key, which consist of letters and digits (observed). Encrypted ones contain
// other characters.
var keyForm = regexp.MustCompile(`^[A-Za-z0-9_-]{0,256}$`)

// A cloudsFile is clouds.yaml, the secure.yaml beside it, or clouds-public.yaml.
type cloudsFile struct {
	Clouds map[string]yaml.Node `yaml:"clouds"`
	Public map[string]yaml.Node `yaml:"public-clouds"`
}

// A cloudsEntry is what the provider reads of an entry. cacert, cert and key are names of files or
// PEM, as the arguments are.
type cloudsEntry struct {
	Profile string               `yaml:"profile"`
	Cloud   string               `yaml:"cloud"` // the old name of profile
	Auth    map[string]yaml.Node `yaml:"auth"`
	Region  string               `yaml:"region_name"`
	CACert  string               `yaml:"cacert"`
	Cert    string               `yaml:"cert"`
	Key     string               `yaml:"key"`
	Verify  *bool                `yaml:"verify"`
}

// text returns a field of auth as it is written. It returns an empty text for lists and objects, such as auth_methods
// (reference).
func (e cloudsEntry) text(name string) (text string) {
	field := e.Auth[name]
	_ = field.Decode(&text)
	return text
}

// cloudsEntry reads an entry of clouds.yaml, and of the secure.yaml beside it, as openstacksdk does (reference). Errors
// of libraries are not shown, because they may quote a secret.
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
		return broken("has no entry %s. It has: %s", quoted(name), joined(slices.Compact(names), ", ", strconv.Quote))
	}
	entry, err := merged(base, overlay)
	if vendor := cmp.Or(entry.Profile, entry.Cloud); vendor != "" {
		public, found, missing := r.cloudsFile("clouds-public.yaml", r.cloudsPlaces("clouds-public.yaml")...)
		profile, isThere := public.Public[vendor]
		if missing == nil && !isThere {
			missing = fmt.Errorf("%s does not have it", fileName(found))
		}
		switch {
		case missing == nil:
			entry, err = merged(profile, base, overlay)
		case entry.text("auth_url") == "":
			return broken("has an entry %q without auth_url. It names the vendor profile %s, and %v. Set auth_url in "+
				"the entry", name, quoted(vendor), missing)
		}
	}
	if err != nil {
		return broken("has an entry %q that, merged with secure.yaml and its vendor profile, is not valid YAML of "+
			"the expected form, or has duplicate keys", name)
	}
	const placeholder = "{region_name}" // of openstacksdk
	authURL, region := entry.text("auth_url"), cmp.Or(r.sources[0].first("region").text, entry.Region)
	agency, project := entry.text("target_agency_name"), "project_"
	if agency != "" { // as Open Telekom Cloud's extension of openstacksdk has it (observed)
		project = "target_project_"
	}
	texts := map[string]string{
		"auth_url": strings.ReplaceAll(authURL, placeholder, region), "region": entry.Region,
		"token": entry.text("token"), "password": entry.text("password"),
		"user_name": entry.text("username"), "user_id": entry.text("user_id"),
		"domain_name": cmp.Or(entry.text("user_domain_name"), entry.text("domain_name")),
		"domain_id":   cmp.Or(entry.text("user_domain_id"), entry.text("domain_id")),
		"project_id":  entry.text(project + "id"), "project_name": entry.text(project + "name"),
		"assume_role.agency_name": agency, "assume_role.domain_name": entry.text("target_domain_name"),
		// OpenStack has no access keys in clouds.yaml; users of these clouds write them like this (observed).
		"access_key": entry.text("ak"), "secret_key": entry.text("sk"), "security_token": entry.text("security_token"),
		"cacert_file": entry.CACert, "cert": entry.Cert, "key": entry.Key,
	}
	if entry.Verify != nil && !*entry.Verify {
		texts["insecure"] = "true"
	}
	s := newFile(fmt.Sprintf("the entry %q of %s", name, fileName(place)), named.rank, texts)
	s.keys = map[string]string{
		"user_name": "username", "access_key": "ak", "secret_key": "sk",
		"assume_role.agency_name": "target_agency_name", "assume_role.domain_name": "target_domain_name",
	}
	_, found := firstWith([]source{r.sources[0], s}, credentialArguments...)
	isApplication := entry.text("application_credential_id")+entry.text("application_credential_name") != ""
	switch {
	case entry.Auth == nil || isApplication || !found:
		return broken("has an entry %q with no credentials, or with an application credential, which these clouds do "+
			"not support: set a password, a token, or ak and sk there or in the secure.yaml beside it", name)
	case strings.Contains(authURL, placeholder) && region == "" && !r.unknown("region"):
		return broken("has an entry %q whose auth_url contains {region_name}, but no region is set. Set "+
			"region_name in the entry, or region in the provider block", name)
	}
	return s, nil
}

// merged decodes entries over each other, key by key. Later ones take precedence.
func merged(layers ...yaml.Node) (entry cloudsEntry, err error) {
	for _, layer := range layers { // a missing one changes nothing
		err = errors.Join(err, layer.Decode(&entry))
	}
	return entry, err
}

// cloudsPlaces returns the paths at which OpenStack's clients look for a file (reference).
func (r *resolver) cloudsPlaces(name string) []string {
	home := cmp.Or(r.getenv("XDG_CONFIG_HOME"), filepath.Join(r.home, ".config"))
	return []string{name, filepath.Join(home, "openstack", name), filepath.Join("/etc/openstack", name)}
}

// cloudsFile reads the first of these files that exists. If none does, the place is empty.
func (r *resolver) cloudsFile(what string, places ...string) (file cloudsFile, place string, err error) {
	for _, place = range places {
		content, err := r.open(place)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			continue
		case err != nil:
			return file, place, fmt.Errorf("the file %s cannot be read: %w", fileName(place), err)
		case yaml.Unmarshal(content, &file) != nil:
			return file, place, fmt.Errorf("the file %s is not valid YAML of the expected form, or has duplicate keys",
				fileName(place))
		}
		return file, place, nil
	}
	return file, "", fmt.Errorf("there is no %s. Searched: %s", what, joined(places, ", ", fileName))
}
