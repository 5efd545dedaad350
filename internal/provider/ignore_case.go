package provider

import (
	"context"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
)

// ignoreCase plans the text of the state when the configuration has the same one in
// another case, and otherwise a replacement.
type ignoreCase struct{}

var _ planmodifier.String = ignoreCase{}

// Description implements planmodifier.String.
func (ignoreCase) Description(context.Context) string {
	return "Another value forces replacement. The case of letters makes no difference."
}

// MarkdownDescription implements planmodifier.String.
func (m ignoreCase) MarkdownDescription(ctx context.Context) string { return m.Description(ctx) }

// PlanModifyString implements planmodifier.String.
func (ignoreCase) PlanModifyString(
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
