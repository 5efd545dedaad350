package provider

import (
	"reflect"
	"slices"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// TestReplaceIgnoringCase: an omitted argument replaces nothing, not even while the state of a moved certificate lacks
// it.
func TestReplaceIgnoringCase(t *testing.T) {
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
		replaceIgnoringCase.PlanModifyString(t.Context(), planmodifier.StringRequest{
			ConfigValue: row.config, StateValue: row.state, PlanValue: row.plan,
			State: tfsdk.State{Raw: raw}, Plan: tfsdk.Plan{Raw: raw},
		}, &resp)
		if !resp.PlanValue.Equal(row.want) || resp.RequiresReplace != row.replaces {
			t.Errorf("%s: planned %s, replaces: %t", name, resp.PlanValue, resp.RequiresReplace)
		}
	}
}

// TestReplacementsCompareEveryArgument: ModifyPlan does not know what the plan modifiers of the arguments have decided,
// so replaces must compare every argument that forces replacement, and sameUpdatable all others. A replacement warns of
// what it does not keep.
func TestReplacementsCompareEveryArgument(t *testing.T) {
	t.Parallel()
	var described resource.SchemaResponse
	NewCertificateResource().Schema(t.Context(), resource.SchemaRequest{}, &described)
	compared := 0
	fields := reflect.TypeFor[publicModel]()
	for i := range fields.NumField() {
		argument := fields.Field(i).Tag.Get("tfsdk")
		attribute, _ := described.Schema.Attributes[argument].(schema.StringAttribute)
		if !attribute.Required && !attribute.Optional {
			continue
		}
		compared++
		forcesReplacement := slices.ContainsFunc(attribute.PlanModifiers, func(m planmodifier.String) bool {
			modifier, is := m.(ignoreEquivalent)
			return is && modifier.replaces
		})
		var changed, other certificateModel
		reflect.ValueOf(&changed.publicModel).Elem().Field(i).Set(reflect.ValueOf(types.StringValue("another text")))
		if changed.replaces(other) != forcesReplacement {
			t.Errorf("%s: replaces says of a change %t", argument, changed.replaces(other))
		}
		if changed.sameUpdatable(other.publicModel) != forcesReplacement {
			t.Errorf("%s: sameUpdatable says of a change %t", argument, changed.sameUpdatable(other.publicModel))
		}
		var diags diag.Diagnostics
		warnAboutLoss(other.publicModel, changed.publicModel, &diags)
		isLost := attribute.Optional && attribute.Default == nil && argument != "project_id"
		if (len(diags) > 0) != isLost {
			t.Errorf("%s: a replacement that does not keep it says %v", argument, diags)
		}
	}
	if compared == 0 {
		t.Error("no argument was found")
	}
}
