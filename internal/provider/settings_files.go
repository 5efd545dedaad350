package provider

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gophercloud/gophercloud/v2/openstack/config/clouds"
	"gopkg.in/yaml.v2"
)

// addFiles adds a profile or an entry of clouds.yaml. It belongs to the source that
// names it. One that the block names comes right after it; one that the environment
// names comes last, and the profile that nobody names only where nothing else is.
func (r *resolver) addFiles() {
	named, position := r.sources[:1], 1
	if !hasAny(named, "profile", "shared_config_file", "clouds_entry") {
		if _, found := r.credentialsSource(); found {
			return
		}
		named, position = r.sources, len(r.sources)
	}
	profile, profileSource := first(named, "profile")
	config, configSource := first(named, "shared_config_file")
	entry, entrySource := first(named, "clouds_entry")
	profileName := "profile"
	if profile == "" && config != "" {
		profileSource, profileName = configSource, "shared_config_file"
	}
	var file source
	switch {
	case profile+config != "" && entry != "":
		r.invalid("clouds_entry", fmt.Sprintf("Both a profile of the shared configuration file and an entry of "+
			"clouds.yaml are named: by %s, and by %s. "+
			"Credentials of two sources are never mixed: name one of them.", r.origin(profileSource, profileName),
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

// profile reads a profile of the shared configuration file. Where nobody named
// one, a file that cannot be read is nothing.
func (r *resolver) profile(file, name string, named bool) source {
	if file == "" {
		if r.home == "" && !named {
			return source{}
		}
		file = "~/.hcloud/config.json"
	}
	content, err := r.readFile(r.expand(file))
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
		return broken("shared_config_file", "is not the JSON that it should be, or is encrypted. Write it anew with "+
			"hcloud configure set, or give the access key otherwise: %s", argumentNamed("access_key").remedy())
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
			return broken("profile", "has no access key in its profile %q (mode %q). Only profiles with an access key "+
				"can be used.", name, p.Mode)
		case !isKey(p.AccessKeyID) || !isKey(p.SecretAccessKey):
			return broken("profile", "has an access key in its profile %q that is no access key: it seems to be "+
				"encrypted. Give the access key otherwise: %s", name, argumentNamed("access_key").remedy())
		}
		return source{label: fmt.Sprintf("the profile %q of %s", name, fileName(file)), values: map[string]string{
			"access_key": p.AccessKeyID, "secret_key": p.SecretAccessKey, "security_token": p.SecurityToken,
			"region": p.Region, "project_id": p.ProjectID,
			"assume_role.agency_name": p.AgencyName, "assume_role.domain_name": p.AgencyDomainName,
		}}
	}
	return broken("profile", "has no profile %q. It has: %s.", name, strings.Join(names, ", "))
}

// isKey reports whether a text may be an access key or a secret key, which have
// letters and digits (observed); an encrypted one has more.
func isKey(text string) bool {
	return len(text) <= 128 && strings.IndexFunc(text, func(c rune) bool {
		return !isLatinOrDigit(c) && c != '-' &&
			c != '_'
	}) < 0
}

// entryKeys are the access key in an entry of clouds.yaml, which OpenStack does
// not know and the clouds of this family do (observed).
type entryKeys struct {
	Clouds map[string]struct {
		Auth *struct {
			AK            string `yaml:"ak"`
			SK            string `yaml:"sk"`
			SecurityToken string `yaml:"security_token"`
		} `yaml:"auth"`
		CACert string `yaml:"cacert"`
		Cert   string `yaml:"cert"`
		Key    string `yaml:"key"`
		Verify *bool  `yaml:"verify"`
	} `yaml:"clouds"`
}

// cloudsEntry reads an entry of clouds.yaml, and of the secure.yaml beside it.
func (r *resolver) cloudsEntry(name string) source {
	places := []string{
		"clouds.yaml", filepath.Join(r.configHome(), "openstack", "clouds.yaml"),
		"/etc/openstack/clouds.yaml",
	}
	if file := r.getenv("OS_CLIENT_CONFIG_FILE"); file != "" {
		places = []string{file}
	}
	shown := make([]string, len(places))
	for i, place := range places {
		shown[i] = fileName(place)
	}
	var content []byte
	var place string
	for _, place = range places {
		var err error
		if content, err = r.readFile(place); err == nil {
			break
		}
		if !errors.Is(err, fs.ErrNotExist) {
			r.invalid("clouds_entry", fmt.Sprintf("The file %s cannot be read: %s.", fileName(place), fileReason(err)))
			return source{}
		}
	}
	if content == nil {
		r.invalid("clouds_entry", fmt.Sprintf("There is no clouds.yaml to take the entry %q from. Looked for: %s. The "+
			"environment variable OS_CLIENT_CONFIG_FILE names another.", name, strings.Join(shown, ", ")))
		return source{}
	}
	broken := func(format string, values ...any) source {
		r.invalid("clouds_entry", fmt.Sprintf("The file %s ", fileName(place))+fmt.Sprintf(format, values...))
		return source{}
	}
	secure, err := r.readFile(filepath.Join(filepath.Dir(place), "secure.yaml"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return broken("has a secure.yaml beside it that cannot be read: %s.", fileReason(err))
	}
	var keys, secureKeys entryKeys
	if yaml.Unmarshal(content, &keys) != nil || yaml.Unmarshal(secure,
		&secureKeys) != nil { // the errors may quote what is in it
		return broken("or the secure.yaml beside it is not the YAML that it should be.")
	}
	entry, found := keys.Clouds[name]
	if !found {
		names := make([]string, 0, len(keys.Clouds))
		for name := range keys.Clouds {
			names = append(names, fmt.Sprintf("%q", name))
		}
		slices.Sort(names)
		return broken("has no entry %q. It has: %s.", name, strings.Join(names, ", "))
	}
	if entry.Auth == nil {
		return broken("has an entry %q without auth.", name)
	}
	ak, sk, securityToken := entry.Auth.AK, entry.Auth.SK, entry.Auth.SecurityToken
	if hidden := secureKeys.Clouds[name].Auth; hidden != nil {
		ak, sk, securityToken = cmp.Or(hidden.AK, ak), cmp.Or(hidden.SK, sk), cmp.Or(hidden.SecurityToken,
			securityToken)
	}
	options := []clouds.ParseOption{
		clouds.WithCloudName(name), clouds.WithRegion(""),
		clouds.WithCloudsYAML(bytes.NewReader(content)),
	}
	if secure != nil {
		options = append(options, clouds.WithSecureYAML(bytes.NewReader(secure)))
	}
	parsed, endpoint, _, err := clouds.Parse(options...)
	if err != nil {
		return broken("has an entry %q that cannot be used: %s.", name, withoutQuotes(err.Error()))
	}
	s := source{label: fmt.Sprintf("the entry %q of %s", name, fileName(place)), values: map[string]string{
		"auth_url": parsed.IdentityEndpoint, "region": endpoint.Region,
		"token": parsed.TokenID, "user_name": parsed.Username, "user_id": parsed.UserID, "password": parsed.Password,
		"domain_name": parsed.DomainName, "domain_id": parsed.DomainID,
		"project_id": parsed.TenantID, "project_name": parsed.TenantName,
		"access_key": ak, "secret_key": sk, "security_token": securityToken,
		"cacert_file": entry.CACert, "cert": entry.Cert, "key": entry.Key,
	}}
	if entry.Verify != nil && !*entry.Verify {
		s.values["insecure"] = "true"
	}
	if parsed.ApplicationCredentialID != "" || parsed.ApplicationCredentialName != "" {
		return broken("has an entry %q with an application credential, which these clouds do not have. Use an access "+
			"key (ak and sk), or a password.", name)
	}
	return s
}

func (r *resolver) configHome() string {
	if home := r.getenv("XDG_CONFIG_HOME"); home != "" {
		return home
	}
	return filepath.Join(r.home, ".config")
}

// withoutQuotes cuts a message where it begins to quote a file.
func withoutQuotes(message string) string {
	before, _, _ := strings.Cut(message, "`")
	return strings.TrimSpace(before)
}
