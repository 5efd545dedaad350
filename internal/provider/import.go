package provider

import (
	"context"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// importTarget returns the project and the ID that an import names, by a text or by an
// identity, whose attribute has the ID. Without a project, it is the provider's.
func (c *cloud) importTarget(
	ctx context.Context, req resource.ImportStateRequest, noun, attribute string,
) (projectID, id string, diags diag.Diagnostics) {
	if req.ID != "" {
		var err error
		if projectID, id, err = parseImportID(req.ID, noun); err != nil {
			diags.AddError("Invalid import ID", fmt.Sprintf(
				"The import ID %q is not valid: %s. Import by the ID of the %s, or by project_id/%s.", req.ID, err, noun, attribute))
		}
	} else {
		projectID, id, diags = identityTarget(ctx, req, noun, attribute)
	}
	diags.Append(c.ready()...)
	if diags.HasError() {
		return "", "", diags
	}
	project, more := c.project(ctx, orNull(projectID))
	diags.Append(more...)
	return project.ValueString(), id, diags
}

// identityTarget returns what an identity names. The project is empty when it is not
// given.
func identityTarget(
	ctx context.Context, req resource.ImportStateRequest, noun, attribute string,
) (projectID, id string, diags diag.Diagnostics) {
	var project, own types.String
	diags.Append(req.Identity.GetAttribute(ctx, path.Root("project_id"), &project)...)
	diags.Append(req.Identity.GetAttribute(ctx, path.Root(attribute), &own)...)
	if !project.IsNull() {
		diags.Append(textRule{"project id", checkProjectID}.report(path.Root("project_id"), project.ValueString())...)
	}
	diags.Append(textRule{noun + " ID", checkID}.report(path.Root(attribute), own.ValueString())...)
	return project.ValueString(), strings.ToLower(own.ValueString()), diags
}

// parseImportID reads an ID, or a project's ID, a slash and an ID. The project is empty
// when it is not given.
func parseImportID(text, noun string) (projectID, id string, err error) {
	projectID, id, both := strings.Cut(text, "/")
	if !both {
		projectID, id = "", text
	} else if err := checkProjectID(projectID); err != nil {
		return "", "", fmt.Errorf("the project id in front of the slash %w", err)
	}
	if err := checkID(id); err != nil {
		return "", "", fmt.Errorf("the %s ID %w", noun, err)
	}
	return projectID, strings.ToLower(id), nil
}
