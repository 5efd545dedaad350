package provider

import (
	"context"
	"regexp"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

var _ datasource.DataSourceWithConfigure = (*listenersDataSource)(nil)

// NewListenersDataSource returns the data source elbaas_listeners.
func NewListenersDataSource() datasource.DataSource {
	return &listenersDataSource{dataSourceBase{name: "listeners"}}
}

type listenersDataSource struct{ dataSourceBase }

// listenersModel has the listeners of a project, and the arguments that select them. An argument that is null selects
// all.
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
	SNICertificateIDs []string     `tfsdk:"sni_certificate_ids"`
	Status            types.String `tfsdk:"status"`
}

func (d *listenersDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Lists the listeners of a project: all of them, or those that match every argument that " +
			"is set. The list may be empty. Use it to find the listeners that use a certificate, or the ID of a " +
			"listener for `elbaas_listener_certificate`.",
		Attributes: map[string]schema.Attribute{
			"project_id": projectArgument,
			"name_regex": filterArguments["name_regex"],
			"loadbalancer_id": optionalText("The ID of the load balancer that the listeners belong to.", false,
				textRule{"load balancer ID", orNull(checkID)}),
			"certificate_id": optionalText("The ID of a certificate that the listeners use, as their own certificate "+
				"or as one of their SNI certificates.", false, textRule{"certificate ID", orNull(checkID)}),
			"protocol": optionalText("The protocol of the listeners: `HTTP`, `HTTPS`, `SSL`, `TCP` or `UDP`, in upper "+
				"or lower case.", false, textRule{"protocol", orNull(checkListenerProtocol)}),
			"listeners": schema.ListNestedAttribute{
				MarkdownDescription: "The listeners, sorted by name, then by ID.",
				Computed:            true,
				NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
					"id":       computedText("The ID of the listener, as the API returns it."),
					"name":     computedText(listenerNameDescription),
					"protocol": computedText("The protocol: `HTTP`, `HTTPS`, `SSL`, `TCP` or `UDP`."),
					"port": schema.Int64Attribute{
						MarkdownDescription: listenerPortDescription,
						Computed:            true,
					},
					"loadbalancer_id": computedText(loadBalancerIDDescription),
					"certificate_id":  computedText("The ID of the listener's own certificate. Null if it has none."),
					"sni_certificate_ids": computedTexts("The IDs of the SNI certificates. The listener presents one " +
						"of them if it matches the server name that a client sends, otherwise `certificate_id`. " +
						"Often empty."),
					"status": computedText("The status, such as `ACTIVE`, `PENDING_CREATE` or `ERROR`. Null if the " +
						"API returns none."),
				}},
			},
		},
	}
}

func (d *listenersDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var model listenersModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &model)...)
	ctx, cancel := context.WithTimeout(ctx, defaultReadTimeout)
	defer cancel()

	model.ProjectID = d.cloud.readyProject(ctx, model.ProjectID, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	listed, err := d.cloud.client.ListListeners(ctx, model.ProjectID.ValueString())
	if err != nil {
		resp.Diagnostics.AddError("Unable to list listeners", d.cloud.describe(err))
		return
	}
	name := regexp.MustCompile(model.NameRegex.ValueString()) // its validator has compiled it
	is := func(argument types.String, own string) bool {
		return argument.IsNull() || strings.EqualFold(argument.ValueString(), own)
	}
	model.Listeners = []listenerModel{}
	for _, l := range listed {
		holds := model.CertificateID.IsNull() || l.Holds(model.CertificateID.ValueString())
		isAt := is(model.LoadBalancerID, l.LoadBalancerID) && is(model.Protocol, l.Protocol)
		if holds && isAt && name.MatchString(l.Name) {
			model.Listeners = append(model.Listeners, listenerModel{
				ID:                types.StringValue(l.ID),
				Name:              types.StringValue(l.Name),
				Protocol:          types.StringValue(l.Protocol),
				Port:              types.Int64Value(l.Port),
				LoadBalancerID:    types.StringValue(l.LoadBalancerID),
				CertificateID:     textOrNull(l.CertificateID),
				SNICertificateIDs: append([]string{}, l.SNI...), // empty rather than null
				Status:            textOrNull(l.Status),
			})
		}
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, model)...)
}
