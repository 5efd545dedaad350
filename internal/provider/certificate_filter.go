package provider

import (
	"cmp"
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/types"
)

// A certificateFilter is what the certificates of a project are chosen by. What is
// null chooses all.
type certificateFilter struct {
	nameRegex     types.String
	domain        types.String
	expiresBefore types.String
}

const (
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
		if f.expiresBefore.IsNull() {
			return false
		}
		notAfter, err := time.Parse(time.RFC3339, m.NotAfter.ValueString())
		return err != nil || !notAfter.Before(before)
	}), nil
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
