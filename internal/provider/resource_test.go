package provider

import (
	"reflect"
	"slices"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// TestIgnoreCase: what the configuration omits replaces nothing, not even while the state of a
// moved certificate lacks it.
func TestIgnoreCase(t *testing.T) {
	t.Parallel()
	text, null, unknown := types.StringValue, types.StringNull(), types.StringUnknown()
	for name, row := range map[string]struct {
		config, state, plan types.String
		want                types.String
		replaces            bool
	}{
		"equal":                      {text("a"), text("a"), text("a"), text("a"), false},
		"another case":               {text("A"), text("a"), text("A"), text("a"), false},
		"another text":               {text("b"), text("a"), text("b"), text("b"), true},
		"not known yet":              {unknown, text("a"), unknown, unknown, true},
		"omitted":                    {null, text("a"), text("a"), text("a"), false},
		"omitted, also in the state": {null, null, unknown, unknown, false},
	} {
		raw := tftypes.NewValue(tftypes.Bool, true) // neither a creation nor a deletion
		resp := planmodifier.StringResponse{PlanValue: row.plan}
		ignoreCase.PlanModifyString(t.Context(), planmodifier.StringRequest{
			ConfigValue: row.config, StateValue: row.state, PlanValue: row.plan,
			State: tfsdk.State{Raw: raw}, Plan: tfsdk.Plan{Raw: raw},
		}, &resp)
		if !resp.PlanValue.Equal(row.want) || resp.RequiresReplace != row.replaces {
			t.Errorf("%s: planned %s, replaces: %t", name, resp.PlanValue, resp.RequiresReplace)
		}
	}
}

// TestReplacementsCompareEveryArgument: ModifyPlan does not know what the plan modifiers of the arguments have
// decided, so replaces must compare every argument that forces replacement.
func TestReplacementsCompareEveryArgument(t *testing.T) {
	t.Parallel()
	var described resource.SchemaResponse
	NewCertificateResource().Schema(t.Context(), resource.SchemaRequest{}, &described)
	inPlace := []string{"name", "description"}
	compared := 0
	fields := reflect.TypeFor[publicModel]()
	for i := range fields.NumField() {
		argument := fields.Field(i).Tag.Get("tfsdk")
		attribute := described.Schema.Attributes[argument]
		if attribute == nil || !attribute.IsRequired() && !attribute.IsOptional() {
			continue
		}
		compared++
		var plan, state certificateModel
		reflect.ValueOf(&plan.publicModel).Elem().Field(i).Set(reflect.ValueOf(types.StringValue("another text")))
		if plan.replaces(state) == slices.Contains(inPlace, argument) {
			t.Errorf("%s: a change of it replaces: %t", argument, plan.replaces(state))
		}
	}
	if compared == 0 {
		t.Error("no argument was found")
	}
}
