package provider

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/elbaas/terraform-provider-elbaas/internal/pemcert"
)

// A certificateFilter is what the certificates of a project are chosen by. What is
// null chooses all.
type certificateFilter struct {
	nameRegex     types.String
	domain        types.String
	covers        types.String
	expiresBefore types.String
}

const (
	coversDescription = "A host name, such as `www.example.com`, that the certificate must be valid for: one of its `subject_alternative_names`, " +
		"or its common name if it has none. A wildcard stands for one label (RFC 6125): `*.example.com` covers `www.example.com`, " +
		"but not `example.com` or `a.www.example.com`. An IP address must be among the alternative names. " +
		"A certificate whose names the provider cannot read is left out."

	nameRegexDescription = "A regular expression (RE2, as in Terraform's `regex`) that the name must match somewhere: anchor it by `^` and `$` to match all of it."

	expiresBeforeDescription = "A time (RFC 3339, such as `2027-01-31T00:00:00Z`) that `not_after` must be before. " +
		"A certificate whose date the provider cannot read has no `not_after`, and is left out."
)

// checkNameRegex keeps the syntax of the Go library.
func checkNameRegex(text string) error {
	if _, err := regexp.Compile(text); err != nil {
		return fmt.Errorf("%q does not compile: %w. It is a regular expression as in Terraform's regex function", text, err)
	}
	return nil
}

// hostName is what a client can ask for: labels of RFC 1123, and underscores, as x509 accepts them.
var hostName = regexp.MustCompile(`^[0-9A-Za-z_]([0-9A-Za-z_-]{0,61}[0-9A-Za-z_])?(\.[0-9A-Za-z_]([0-9A-Za-z_-]{0,61}[0-9A-Za-z_])?)*$`)

// checkHostName accepts what a certificate can be checked against: one host name or IP address.
func checkHostName(text string) error {
	switch {
	case text == "":
		return errors.New(`is empty: set a name that clients ask for, such as "www.example.com"`)
	case net.ParseIP(text) != nil:
		return nil
	case strings.Contains(text, "*"):
		return fmt.Errorf(`%q is a wildcard: set one name that clients ask for, such as "www.example.com"`, text)
	case strings.ContainsFunc(text, func(r rune) bool { return r > unicode.MaxASCII }):
		return fmt.Errorf(`%q has characters that are not ASCII: write an internationalized name in its ASCII form, which begins with "xn--"`, text)
	case len(text) > 253 || !hostName.MatchString(text):
		return fmt.Errorf(`%q is not valid: it must be a host name such as "www.example.com", or an IP address, without scheme, port, path or final dot`, text)
	}
	return nil
}

// checkTime keeps RFC 3339.
func checkTime(text string) error {
	if _, err := time.Parse(time.RFC3339, text); err != nil {
		return fmt.Errorf(`%q is not RFC 3339: write it like "2027-01-31T00:00:00Z", or compute it, such as timeadd(plantimestamp(), "720h")`, text)
	}
	return nil
}

// choose returns what of a project is chosen, sorted by name, then by id.
func (f certificateFilter) choose(ctx context.Context, c *cloud, projectID string) ([]publicModel, error) {
	all, err := c.certificates(ctx, projectID)
	if err != nil {
		return nil, err
	}
	name := regexp.MustCompile(f.nameRegex.ValueString())                // checked
	before, _ := time.Parse(time.RFC3339, f.expiresBefore.ValueString()) // checked
	return slices.DeleteFunc(all, func(m publicModel) bool {
		if !name.MatchString(m.Name.ValueString()) || !f.domain.IsNull() && !strings.EqualFold(f.domain.ValueString(), m.Domain.ValueString()) {
			return true
		}
		if !f.covers.IsNull() && !m.covers(f.covers) {
			return true
		}
		if f.expiresBefore.IsNull() {
			return false
		}
		notAfter, err := time.Parse(time.RFC3339, m.NotAfter.ValueString())
		return err != nil || !notAfter.Before(before)
	}), nil
}

// covers reports whether a certificate is valid for a host name.
func (m publicModel) covers(host types.String) bool {
	covers, _ := pemcert.CertificatesIn(m.Certificate.ValueString()).Covers(host.ValueString())
	return covers
}

// certificates returns all certificates of a project, sorted by name, then by id.
func (c *cloud) certificates(ctx context.Context, projectID string) ([]publicModel, error) {
	listed, err := c.client.ListCertificates(ctx, projectID)
	if err != nil {
		return nil, err
	}
	all := make([]publicModel, len(listed))
	for i, cert := range listed {
		all[i].ProjectID = types.StringValue(projectID)
		all[i].fromAPI(cert)
	}
	slices.SortFunc(all, func(a, b publicModel) int {
		return cmp.Or(cmp.Compare(a.Name.ValueString(), b.Name.ValueString()), cmp.Compare(a.ID.ValueString(), b.ID.ValueString()))
	})
	return all, nil
}
