package provider

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework-validators/datasourcevalidator"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

var (
	_ datasource.DataSourceWithConfigure        = (*certificateDataSource)(nil)
	_ datasource.DataSourceWithConfigValidators = (*certificateDataSource)(nil)
	_ datasource.DataSourceWithValidateConfig   = (*certificateDataSource)(nil)
)

// NewCertificateDataSource returns the data source elbaas_certificate.
func NewCertificateDataSource() datasource.DataSource {
	return &certificateDataSource{dataSourceBase{name: "certificate"}}
}

type certificateDataSource struct{ dataSourceBase }

// certificateSearchModel is a certificate, and how it was found.
type certificateSearchModel struct {
	publicModel

	Covers     types.String `tfsdk:"covers"`
	MostRecent types.Bool   `tfsdk:"most_recent"`
}

// criteria has, for each search argument, the function that compares a certificate with its value. Exactly one of the
// arguments is set. Names and fingerprints depend on the case of letters.
var criteria = map[string]func(m publicModel, value string) bool{
	"id":     func(m publicModel, value string) bool { return strings.EqualFold(m.ID.ValueString(), value) },
	"domain": func(m publicModel, value string) bool { return strings.EqualFold(m.Domain.ValueString(), value) },
	"covers": publicModel.covers,

	"name":               func(m publicModel, value string) bool { return m.Name.ValueString() == value },
	"fingerprint_sha256": func(m publicModel, value string) bool { return m.FingerprintSHA256.ValueString() == value },
}

func (d *certificateDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	attributes := certificateAttributes()
	maps.Copy(attributes, map[string]schema.Attribute{
		"id": optionalText(apiDescriptions["id"], true, textRule{"certificate ID", orNull(checkID)}),
		// Older certificates may have a name or a domain that cannot be set any more, so none is refused.
		"name": optionalText("The name of the certificate.", true),
		"domain": optionalText("The domain of the certificate, as the API returns it. "+
			"It need not be one of the names in the certificate.", true),
		"fingerprint_sha256": optionalText(fingerprintDescription, true,
			textRule{"fingerprint", orNull(checkFingerprint)}),
		"project_id": projectArgument,
		"covers":     filterArguments["covers"],
		"most_recent": schema.BoolAttribute{
			MarkdownDescription: "Whether to choose the newest certificate if several match: the one with the latest " +
				"`not_before`, even if it is not valid yet, then the latest `create_time`, then the `id` that sorts " +
				"last. Conflicts with `id`. Defaults to `false`: several matches are an error.",
			Optional: true,
		},
	})
	resp.Schema = schema.Schema{
		MarkdownDescription: "Finds one certificate of a project, without its private key, by exactly one of `id`, " +
			"`name`, `fingerprint_sha256`, `domain` and `covers`. It is an error if no certificate matches, or if " +
			"several match and `most_recent` is not `true`. Attributes that the provider cannot read from the " +
			"certificate are null.",
		Attributes: attributes,
	}
}

func (d *certificateDataSource) ConfigValidators(context.Context) []datasource.ConfigValidator {
	return []datasource.ConfigValidator{datasourcevalidator.ExactlyOneOf(
		path.MatchRoot("id"), path.MatchRoot("name"), path.MatchRoot("fingerprint_sha256"), path.MatchRoot("domain"),
		path.MatchRoot("covers"),
	)}
}

func (d *certificateDataSource) ValidateConfig(
	ctx context.Context, req datasource.ValidateConfigRequest, resp *datasource.ValidateConfigResponse,
) {
	var config certificateSearchModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if config.MostRecent.ValueBool() && stringOrNil(config.ID) != nil {
		resp.Diagnostics.AddAttributeError(path.Root("most_recent"), "Conflicting arguments",
			"most_recent chooses among several certificates, but id names exactly one. "+
				"Remove most_recent, or search by name, fingerprint_sha256, domain or covers instead of id.")
	}
}

func (d *certificateDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var config certificateSearchModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	all := certificateFilter{ProjectID: config.ProjectID}
	certificates := all.choose(ctx, d.cloud, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}

	var attribute string
	var value types.String
	for attribute = range criteria {
		resp.Diagnostics.Append(req.Config.GetAttribute(ctx, path.Root(attribute), &value)...)
		if !value.IsNull() {
			break
		}
	}
	criterion := fmt.Sprintf("with the %s %q", attribute, value.ValueString())
	switch attribute {
	case "covers":
		criterion = fmt.Sprintf("valid for %q", value.ValueString())
	case "name", "domain": // which have no rule, so that the value may be anything
		criterion = fmt.Sprintf("with the %s %s", attribute, quoted(value.ValueString()))
	}
	project := all.ProjectID.ValueString()
	found := slices.DeleteFunc(slices.Clone(certificates), func(m publicModel) bool {
		return !criteria[attribute](m, value.ValueString())
	})
	switch {
	case len(found) == 0:
		resp.Diagnostics.AddAttributeError(path.Root(attribute), "Certificate not found", fmt.Sprintf(
			"Project %s has no certificate %s. %s", project, criterion, candidates("It has", certificates)))
		return
	case len(found) > 1 && !config.MostRecent.ValueBool():
		resp.Diagnostics.AddAttributeError(path.Root(attribute), "More than one certificate", fmt.Sprintf(
			"Project %s has %d certificates %s. "+
				"Set most_recent = true to choose the newest, or set id to choose one of them. %s",
			project, len(found), criterion, candidates("They are", found)))
		return
	}
	config.publicModel = slices.MaxFunc(found, publicModel.compareAge)
	resp.Diagnostics.Append(resp.State.Set(ctx, config)...)
}

// compareAge compares two certificates by the start of their validity, then by their creation. Times of one kind have
// the same format, so that they sort as texts; one that cannot be read is the oldest. The ID makes the order total, so
// that every plan chooses the same certificate.
func (m publicModel) compareAge(other publicModel) int {
	return cmp.Or(
		cmp.Compare(m.NotBefore.ValueString(), other.NotBefore.ValueString()),
		cmp.Compare(m.CreateTime.ValueString(), other.CreateTime.ValueString()),
		cmp.Compare(m.ID.ValueString(), other.ID.ValueString()),
	)
}

// candidates lists the certificates that a user may have meant, up to a limit.
func candidates(lead string, all []publicModel) string {
	const limit = 20
	if len(all) == 0 {
		return "The project has no certificates at all: check project_id."
	}
	text := lead + ":\n  - " + joined(all[:min(len(all), limit)], "\n  - ", publicModel.title)
	if len(all) > limit {
		text += fmt.Sprintf("\n  - and %d more", len(all)-limit)
	}
	return text
}

// title names a certificate in a list. It truncates texts that are longer than any that can be set.
func (m publicModel) title() string {
	title := fmt.Sprintf("%.256q (ID %s", m.Name.ValueString(), m.ID.ValueString())
	if m.Domain.ValueString() != "" {
		title += fmt.Sprintf(", domain %.256q", m.Domain.ValueString())
	}
	if !m.NotAfter.IsNull() {
		title += ", until " + m.NotAfter.ValueString()
	}
	return title + ")"
}

// certificateAttributes returns the attributes of a publicModel.
func certificateAttributes() map[string]schema.Attribute {
	attributes := map[string]schema.Attribute{
		"name":        computedText("The name of the certificate. It may be empty."),
		"description": computedText("The description of the certificate. It may be empty."),
		"domain":      computedText("The domain of the certificate, as the API returns it. It may be empty."),
		"project_id":  computedText("The ID of the project that the certificate belongs to."),
		"certificate": computedText("The certificate in PEM format: the leaf first, then its chain."),
	}
	for name, description := range apiDescriptions {
		attributes[name] = computedText(description)
	}
	maps.Copy(attributes, x509Attributes)
	return attributes
}
