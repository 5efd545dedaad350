package provider

import (
	"context"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
)

// ignoreCase keeps the value of the state when the configuration differs from it in case only. Any other difference
// forces replacement.
type ignoreCase struct{}

var _ planmodifier.String = ignoreCase{}

func (ignoreCase) Description(context.Context) string {
	return "Changing this forces a new resource to be created. The case of letters is ignored."
}

func (m ignoreCase) MarkdownDescription(ctx context.Context) string { return m.Description(ctx) }

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

// ignoreEquivalentPEM keeps the text of the state when the configuration has another text of the same content.
// Semantic equality of a custom type would not do: the framework does not apply it to plans.
type ignoreEquivalentPEM struct {
	isEquivalent func(a, b string) bool
	// requiresReplace says that other content, or content that is not known yet, forces replacement.
	requiresReplace bool
}

var _ planmodifier.String = ignoreEquivalentPEM{}

func (m ignoreEquivalentPEM) Description(context.Context) string {
	return "Another text of the same content is no change."
}

func (m ignoreEquivalentPEM) MarkdownDescription(ctx context.Context) string {
	return m.Description(ctx)
}

func (m ignoreEquivalentPEM) PlanModifyString(
	_ context.Context, req planmodifier.StringRequest, resp *planmodifier.StringResponse,
) {
	planned, state := stringOrNil(req.PlanValue), stringOrNil(req.StateValue)
	switch {
	case req.State.Raw.IsNull() || req.Plan.Raw.IsNull() || req.StateValue.Equal(req.PlanValue):
	case planned != nil && state != nil && m.isEquivalent(*planned, *state):
		resp.PlanValue = req.StateValue
	default:
		resp.RequiresReplace = m.requiresReplace
	}
}
