package provider

import (
	"context"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
)

// keepDomain plans the domain of the state when the configuration has the same one in
// another case, and otherwise another certificate.
type keepDomain struct{}

// Description implements planmodifier.String.
func (keepDomain) Description(context.Context) string {
	return "Another domain replaces. The case of letters makes no difference."
}

// MarkdownDescription implements planmodifier.String.
func (m keepDomain) MarkdownDescription(ctx context.Context) string { return m.Description(ctx) }

// PlanModifyString implements planmodifier.String.
func (keepDomain) PlanModifyString(
	_ context.Context, req planmodifier.StringRequest, resp *planmodifier.StringResponse,
) {
	switch {
	case req.State.Raw.IsNull() || req.Plan.Raw.IsNull() || req.ConfigValue.IsNull():
	case !req.PlanValue.IsUnknown() && strings.EqualFold(req.PlanValue.ValueString(), req.StateValue.ValueString()):
		resp.PlanValue = req.StateValue
	default:
		resp.RequiresReplace = true
	}
}
