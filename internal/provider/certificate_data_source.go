package provider

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework-validators/datasourcevalidator"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

var (
	_ datasource.DataSource                     = (*certificateDataSource)(nil)
	_ datasource.DataSourceWithConfigure        = (*certificateDataSource)(nil)
	_ datasource.DataSourceWithConfigValidators = (*certificateDataSource)(nil)
	_ datasource.DataSourceWithValidateConfig   = (*certificateDataSource)(nil)
)

// NewCertificateDataSource returns the data source elbaas_certificate.
func NewCertificateDataSource() datasource.DataSource {
	return &certificateDataSource{}
}

type certificateDataSource struct {
	cloud *cloud
}

// certificateSearchModel is a certificate, and how it was found.
type certificateSearchModel struct {
	publicModel

	Covers     types.String `tfsdk:"covers"`
	MostRecent types.Bool   `tfsdk:"most_recent"`
}

// Metadata implements datasource.DataSource.
func (d *certificateDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_certificate"
}

// Schema implements datasource.DataSource.
func (d *certificateDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	searched := func(description, noun string, check func(string) error) schema.StringAttribute {
		return schema.StringAttribute{MarkdownDescription: description, Optional: true, Computed: true, Validators: []validator.String{textRule{noun, check}}}
	}
	attributes := certificateAttributes()
	maps.Copy(attributes, map[string]schema.Attribute{
		"id":                 searched("The id of the certificate: 32 hexadecimal characters, in lower case.", "certificate ID", checkID),
		"name":               searched("The name of the certificate.", "name", checkName),
		"domain":             searched("The domain of the certificate, as the API keeps it; it need not be one of the names in the certificate.", "domain", checkDomain),
		"fingerprint_sha256": searched("The SHA-256 of the first certificate: 64 hexadecimal digits in lower case, without colons.", "fingerprint", checkFingerprint),
		"project_id":         searched("The id of the project to look in. The default is the provider's project.", "project id", checkProjectID),
		"covers": schema.StringAttribute{
			MarkdownDescription: coversDescription, Optional: true, Validators: []validator.String{textRule{"host name", checkHostName}},
		},
		"most_recent": schema.BoolAttribute{
			MarkdownDescription: "Whether to choose the newest certificate if several match: the one with the latest `not_before`, " +
				"even if it is not valid yet, then the latest `create_time`, then the last `id`. Conflicts with `id`. Defaults to `false`: " +
				"several matches are an error.",
			Optional: true,
		},
	})
	resp.Schema = schema.Schema{
		MarkdownDescription: "One certificate of a project, without its private key, by exactly one of `id`, `name`, `fingerprint_sha256`, `domain` and `covers`. " +
			"It is an error if there is none, or more than one without `most_recent`. All data sources and resources of a project share the same list of certificates.",
		Attributes: attributes,
	}
}

// ConfigValidators implements datasource.DataSourceWithConfigValidators.
func (d *certificateDataSource) ConfigValidators(context.Context) []datasource.ConfigValidator {
	return []datasource.ConfigValidator{datasourcevalidator.ExactlyOneOf(
		path.MatchRoot("id"), path.MatchRoot("name"), path.MatchRoot("fingerprint_sha256"), path.MatchRoot("domain"),
		path.MatchRoot("covers"),
	)}
}

// ValidateConfig implements datasource.DataSourceWithValidateConfig.
func (d *certificateDataSource) ValidateConfig(
	ctx context.Context, req datasource.ValidateConfigRequest, resp *datasource.ValidateConfigResponse,
) {
	var config certificateSearchModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if config.MostRecent.ValueBool() && !config.ID.IsNull() && !config.ID.IsUnknown() {
		resp.Diagnostics.AddAttributeError(path.Root("most_recent"), "Conflicting arguments",
			"most_recent chooses among several certificates, but id names exactly one. "+
				"Remove most_recent, or search by name, fingerprint_sha256, domain or covers instead of id.")
	}
}

// Configure implements datasource.DataSourceWithConfigure.
func (d *certificateDataSource) Configure(_ context.Context, req datasource.ConfigureRequest, _ *datasource.ConfigureResponse) {
	if req.ProviderData != nil { // nil while Terraform validates
		d.cloud = req.ProviderData.(*cloud) //nolint:forcetypeassert // set in one place
	}
}

// Read implements datasource.DataSource.
func (d *certificateDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var config certificateSearchModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	resp.Diagnostics.Append(d.cloud.ready()...)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, defaultReadTimeout)
	defer cancel()
	project, diags := d.cloud.project(ctx, config.ProjectID)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	all, err := d.cloud.certificates(ctx, project.ValueString())
	if err != nil {
		d.cloud.addError(&resp.Diagnostics, "Unable to read certificates", err)
		return
	}
	attribute, value := config.searched()
	found := slices.DeleteFunc(slices.Clone(all), func(m publicModel) bool { return !m.has(attribute, value) })
	criterion := fmt.Sprintf("with the %s %q", attribute, value.ValueString())
	if attribute == "covers" {
		criterion = fmt.Sprintf("valid for %q", value.ValueString())
	}
	switch {
	case len(found) == 0:
		resp.Diagnostics.AddAttributeError(path.Root(attribute), "No such certificate",
			fmt.Sprintf("Project %s has no certificate %s. %s", project.ValueString(), criterion, candidates("It has", all)))
		return
	case len(found) > 1 && !config.MostRecent.ValueBool():
		resp.Diagnostics.AddAttributeError(path.Root(attribute), "More than one certificate",
			fmt.Sprintf("Project %s has %d certificates %s. Set most_recent = true to choose the newest, or set id to choose one of them. %s",
				project.ValueString(), len(found), criterion, candidates("They are", found)))
		return
	}
	config.publicModel = slices.MaxFunc(found, publicModel.compareAge)
	resp.Diagnostics.Append(resp.State.Set(ctx, config)...)
}

// searched returns the one attribute that a certificate is searched by.
func (m certificateSearchModel) searched() (attribute string, value types.String) {
	if !m.Covers.IsNull() {
		return "covers", m.Covers
	}
	for attribute, value := range m.searchable() {
		if !value.IsNull() {
			return attribute, value
		}
	}
	return "id", m.ID
}

func (m publicModel) searchable() map[string]types.String {
	return map[string]types.String{"id": m.ID, "name": m.Name, "fingerprint_sha256": m.FingerprintSHA256, "domain": m.Domain}
}

func (m publicModel) has(attribute string, value types.String) bool {
	if attribute == "covers" {
		return m.covers(value)
	}
	own := m.searchable()[attribute]
	if attribute == "name" {
		return own.Equal(value)
	}
	return strings.EqualFold(own.ValueString(), value.ValueString())
}

// compareAge compares two certificates by when they began to be valid, then by when they were created. All times of
// one kind have the same layout, so that their texts are in the order of the times; one that cannot be read is the
// oldest. The ID makes the order complete, so that every plan chooses the same certificate.
func (m publicModel) compareAge(other publicModel) int {
	return cmp.Or(
		cmp.Compare(m.NotBefore.ValueString(), other.NotBefore.ValueString()),
		cmp.Compare(m.CreateTime.ValueString(), other.CreateTime.ValueString()),
		cmp.Compare(m.ID.ValueString(), other.ID.ValueString()),
	)
}

// candidates writes certificates one below the other, as many as a reader looks at.
func candidates(lead string, all []publicModel) string {
	const shown = 20
	if len(all) == 0 {
		return "It has none at all: check project_id."
	}
	var lines strings.Builder
	for _, m := range all[:min(len(all), shown)] {
		fmt.Fprintf(&lines, "\n  - %s", m.title())
	}
	if more := len(all) - shown; more > 0 {
		fmt.Fprintf(&lines, "\n  - and %d more", more)
	}
	return lead + ":" + lines.String()
}

// title is how a certificate is shown among others.
func (m publicModel) title() string {
	title := fmt.Sprintf("%q (id %s", m.Name.ValueString(), m.ID.ValueString())
	if m.Domain.ValueString() != "" {
		title += ", domain " + m.Domain.ValueString()
	}
	if !m.NotAfter.IsNull() {
		title += ", until " + m.NotAfter.ValueString()
	}
	return title + ")"
}

var fingerprint = regexp.MustCompile(`^[0-9a-f]{64}$`)

func checkFingerprint(text string) error {
	if !fingerprint.MatchString(text) {
		return fmt.Errorf(`%q is none as the provider writes it: the 64 hexadecimal digits of a SHA-256, in lower case, without colons. lower(replace("…", ":", "")) makes one of what openssl prints`, text)
	}
	return nil
}

// certificateAttributes are those of a publicModel, as results.
func certificateAttributes() map[string]schema.Attribute {
	attributes := map[string]schema.Attribute{}
	for name, description := range map[string]string{
		"id":          "The id of the certificate: 32 hexadecimal characters.",
		"name":        "The name of the certificate, which may be empty.",
		"description": "The description, which may be empty.",
		"domain":      "The domain, as the API keeps it, which may be empty.",
		"project_id":  "The id of the project that the certificate belongs to.",
		"certificate": "The certificate as PEM: the leaf first, then its chain.",
		"create_time": createTimeDescription,
		"update_time": updateTimeDescription,
	} {
		attributes[name] = schema.StringAttribute{MarkdownDescription: description, Computed: true}
	}
	for name, description := range factDescriptions {
		attributes[name] = schema.StringAttribute{MarkdownDescription: description, Computed: true}
	}
	attributes["subject_alternative_names"] = schema.ListAttribute{MarkdownDescription: namesDescription, Computed: true, ElementType: types.StringType}
	return attributes
}
