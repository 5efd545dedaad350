package provider

import (
	"context"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
)

// ignoreEquivalent keeps the text of the state when the configuration has another text of the same content. Semantic
// equality of a custom type would not do: the framework does not apply it to plans.
type ignoreEquivalent struct {
	isEquivalent func(a, b string) bool
	// inPlace says that other content, or content that is not known yet, does not force replacement.
	inPlace bool
}

var _ planmodifier.String = ignoreEquivalent{}

// ignoreCase takes texts that differ only in the case of letters for equivalent.
var ignoreCase = ignoreEquivalent{isEquivalent: strings.EqualFold}

func (m ignoreEquivalent) Description(context.Context) string {
	return "Another text of the same content is no change."
}

func (m ignoreEquivalent) MarkdownDescription(ctx context.Context) string {
	return m.Description(ctx)
}

func (m ignoreEquivalent) PlanModifyString(
	_ context.Context, req planmodifier.StringRequest, resp *planmodifier.StringResponse,
) {
	planned, state := stringOrNil(req.PlanValue), stringOrNil(req.StateValue)
	switch {
	case req.State.Raw.IsNull() || req.Plan.Raw.IsNull() || req.ConfigValue.IsNull():
	case req.StateValue.Equal(req.PlanValue):
	case planned != nil && state != nil && m.isEquivalent(*planned, *state):
		resp.PlanValue = req.StateValue
	default:
		resp.RequiresReplace = !m.inPlace
	}
}
