package provider

import (
	"cmp"
	"context"
	"regexp"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/elbaas/terraform-provider-elbaas/internal/elb"
)

var (
	_ datasource.DataSource              = (*listenersDataSource)(nil)
	_ datasource.DataSourceWithConfigure = (*listenersDataSource)(nil)
)

// NewListenersDataSource returns the data source elbaas_listeners.
func NewListenersDataSource() datasource.DataSource {
	return &listenersDataSource{}
}

type listenersDataSource struct {
	cloud *cloud
}

// listenersModel is the listeners of a project, and what they are chosen by: what is null
// chooses all.
type listenersModel struct {
	ProjectID      types.String    `tfsdk:"project_id"`
	LoadBalancerID types.String    `tfsdk:"loadbalancer_id"`
	CertificateID  types.String    `tfsdk:"certificate_id"`
	Protocol       types.String    `tfsdk:"protocol"`
	NameRegex      types.String    `tfsdk:"name_regex"`
	Listeners      []listenerModel `tfsdk:"listeners"`
}

type listenerModel struct {
	ID                types.String `tfsdk:"id"`
	Name              types.String `tfsdk:"name"`
	Protocol          types.String `tfsdk:"protocol"`
	Port              types.Int64  `tfsdk:"port"`
	LoadBalancerID    types.String `tfsdk:"loadbalancer_id"`
	CertificateID     types.String `tfsdk:"certificate_id"`
	SNICertificateIDs types.List   `tfsdk:"sni_certificate_ids"`
	Status            types.String `tfsdk:"status"`
}

// Metadata implements datasource.DataSource.
func (d *listenersDataSource) Metadata(
	_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse,
) {
	resp.TypeName = req.ProviderTypeName + "_listeners"
}

// Schema implements datasource.DataSource.
func (d *listenersDataSource) Schema(
	_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse,
) {
	text := func(description string, rule validator.String) schema.StringAttribute {
		return schema.StringAttribute{
			MarkdownDescription: description, Optional: true, Validators: []validator.String{rule},
		}
	}
	result := func(description string) schema.StringAttribute {
		return schema.StringAttribute{MarkdownDescription: description, Computed: true}
	}
	project := text("The ID of the project. Defaults to the provider's project.", textRule{"project ID", checkProjectID})
	project.Computed = true
	resp.Schema = schema.Schema{
		MarkdownDescription: "The listeners of a project: all, or those that match every argument that is set. There may be none. " +
			"It finds out which listeners use a certificate, and the ID of a listener for `elbaas_listener_certificate`.",
		Attributes: map[string]schema.Attribute{
			"project_id": project,
			"loadbalancer_id": text("The ID of a load balancer: only its listeners are returned.",
				textRule{"load balancer ID", checkID}),
			"certificate_id": text("The ID of a certificate: only listeners that use it are returned, as their own certificate or as one of their SNI certificates.",
				textRule{"certificate ID", checkID}),
			"protocol": text("A protocol: `HTTP`, `HTTPS`, `SSL`, `TCP` or `UDP`. Upper and lower case are the same.",
				stringvalidator.OneOfCaseInsensitive("HTTP", "HTTPS", "SSL", "TCP", "UDP")),
			"name_regex": text(nameRegexDescription, textRule{"name_regex", checkNameRegex}),
			"listeners": schema.ListNestedAttribute{
				MarkdownDescription: "The listeners, sorted by name, then by ID.",
				Computed:            true,
				NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
					"id":              result("The ID of the listener, as the server writes it."),
					"name":            result(listenerNameDescription),
					"protocol":        result("The protocol: `HTTP`, `HTTPS`, `SSL`, `TCP` or `UDP`."),
					"port":            schema.Int64Attribute{MarkdownDescription: listenerPortDescription, Computed: true},
					"loadbalancer_id": result(loadBalancerIDDescription),
					"certificate_id":  result("The ID of the listener's own certificate. Null if it has none, as listeners other than HTTPS and SSL."),
					"sni_certificate_ids": schema.ListAttribute{
						MarkdownDescription: "The IDs of its SNI certificates, which it serves to clients that ask for another name. Often empty.",
						Computed:            true,
						ElementType:         types.StringType,
					},
					"status": result("The status, such as `ACTIVE`, `PENDING_CREATE` or `ERROR`. Null if the API shows none."),
				}},
			},
		},
	}
}

// Configure implements datasource.DataSourceWithConfigure.
func (d *listenersDataSource) Configure(
	_ context.Context, req datasource.ConfigureRequest, _ *datasource.ConfigureResponse,
) {
	if req.ProviderData != nil { // nil while Terraform validates
		d.cloud = req.ProviderData.(*cloud) //nolint:forcetypeassert // set in one place
	}
}

// Read implements datasource.DataSource.
func (d *listenersDataSource) Read(
	ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse,
) {
	var model listenersModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &model)...)
	resp.Diagnostics.Append(d.cloud.ready()...)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, defaultReadTimeout)
	defer cancel()
	project, diags := d.cloud.project(ctx, model.ProjectID)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	model.ProjectID = project
	listed, err := d.cloud.client.ListListeners(ctx, project.ValueString())
	if err != nil {
		d.cloud.addError(&resp.Diagnostics, "Unable to read listeners", err)
		return
	}
	model.fromAPI(listed)
	resp.Diagnostics.Append(resp.State.Set(ctx, model)...)
}

// fromAPI takes those of a project's listeners that are chosen, sorted by name, then by ID.
func (m *listenersModel) fromAPI(listed []elb.Listener) {
	chosen := slices.Clone(listed)
	chosen = slices.DeleteFunc(chosen, func(l elb.Listener) bool { return !m.chooses(l) })
	slices.SortFunc(chosen, func(a, b elb.Listener) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID))
	})
	m.Listeners = make([]listenerModel, len(chosen))
	for i, l := range chosen {
		m.Listeners[i] = listenerModel{
			ID:                types.StringValue(l.ID),
			Name:              types.StringValue(l.Name),
			Protocol:          types.StringValue(l.Protocol),
			Port:              types.Int64Value(l.Port),
			LoadBalancerID:    types.StringValue(l.LoadBalancerID),
			CertificateID:     orNull(l.CertificateID),
			SNICertificateIDs: textsOrNull(append([]string{}, l.SNI...)),
			Status:            orNull(l.Status),
		}
	}
}

// chooses reports whether a listener matches every argument that is set.
func (m listenersModel) chooses(l elb.Listener) bool {
	is := func(argument types.String, own string) bool {
		return argument.IsNull() || strings.EqualFold(argument.ValueString(), own)
	}
	name := regexp.MustCompile(m.NameRegex.ValueString()) // checked
	return is(m.LoadBalancerID, l.LoadBalancerID) && is(m.Protocol, l.Protocol) && name.MatchString(l.Name) &&
		(m.CertificateID.IsNull() || l.Holds(m.CertificateID.ValueString()))
}
