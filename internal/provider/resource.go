package provider

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/elbaas/terraform-provider-elbaas/internal/elb"
)

// resourceBase is embedded by the resources, and by the list resource, which needs only its name and Configure.
type resourceBase struct {
	name        string // without the name of the provider
	noun        string // what errors call the object that has the ID
	idAttribute string // the attribute of that ID
	// find returns an error if a project does not have the object to import. Without it, Terraform reports an error of
	// its own, which does not name the project.
	find  func(ctx context.Context, client *elb.Client, projectID, id string) error
	cloud *cloud // nil while Terraform validates
}

func (r *resourceBase) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_" + r.name
}

func (r *resourceBase) Configure(_ context.Context, req resource.ConfigureRequest, _ *resource.ConfigureResponse) {
	r.cloud, _ = req.ProviderData.(*cloud)
}

// withTimeout bounds an operation by its timeout in the timeouts block.
func withTimeout(
	ctx context.Context, timeout func(context.Context, time.Duration) (time.Duration, diag.Diagnostics),
	defaultTimeout time.Duration, diags *diag.Diagnostics,
) (context.Context, context.CancelFunc) {
	limit, found := timeout(ctx, defaultTimeout)
	diags.Append(found...)
	return context.WithTimeout(ctx, limit)
}

// timeoutsBlock returns the block timeouts of a resource, whose writes have a default timeout.
func timeoutsBlock(ctx context.Context, write time.Duration, update, deletion string) map[string]schema.Block {
	const later = "A new value takes effect after it has been applied. "
	byDefault := fmt.Sprintf("Defaults to %.0f minutes.", write.Minutes())
	return map[string]schema.Block{"timeouts": timeouts.Block(ctx, timeouts.Opts{
		Create: true, CreateDescription: "Timeout of the creation, for example `90s`. " + byDefault,
		Read: true, ReadDescription: "Timeout of a read. " + later + "Defaults to 5 minutes.",
		Update: true, UpdateDescription: "Timeout of " + update + ". " + byDefault,
		Delete: true, DeleteDescription: "Timeout of " + deletion + ". " + later + byDefault,
	})}
}

// stableText returns a computed attribute whose value stays the same in a plan, unless ModifyPlan sets it.
func stableText(description string) schema.StringAttribute {
	return schema.StringAttribute{
		MarkdownDescription: description,
		Computed:            true,
		PlanModifiers:       []planmodifier.String{stringplanmodifier.UseStateForUnknown()},
	}
}

// stableArgument returns an argument whose value stays the same in a plan if the configuration omits it. The modifiers
// are for other values.
func stableArgument(description string, rule textRule, modifiers ...planmodifier.String) schema.StringAttribute {
	argument := stableText(description)
	argument.Optional, argument.Validators = true, []validator.String{rule}
	argument.PlanModifiers = append(argument.PlanModifiers, modifiers...)
	return argument
}

// projectAttribute returns the argument project_id.
func projectAttribute(noun string) schema.StringAttribute {
	return stableArgument("The ID of the project that the "+noun+" belongs to. Defaults to the provider's project "+
		"when the resource is created. Changing this forces a new resource to be created.",
		textRule{"project ID", checkProjectID}, replaceIgnoringCase)
}

// ignoreEquivalent keeps the text of the state if the configuration has a different text with the same content. A
// custom type with semantic equality would not do, because the framework does not apply it to plans.
type ignoreEquivalent struct {
	label
	isEquivalent func(a, b string) bool
	// replaces is whether other content, or content that is not known yet, forces replacement.
	replaces bool
}

// replaceIgnoringCase treats texts that differ only in case as equivalent.
var replaceIgnoringCase = ignoreEquivalent{
	label:        "same text in another case",
	isEquivalent: strings.EqualFold,
	replaces:     true,
}

func (m ignoreEquivalent) PlanModifyString(
	_ context.Context, req planmodifier.StringRequest, resp *planmodifier.StringResponse,
) {
	planned, state := stringOrNil(req.PlanValue), stringOrNil(req.StateValue)
	switch {
	case req.State.Raw.IsNull() || req.ConfigValue.IsNull():
	case req.StateValue.Equal(req.PlanValue):
	case planned != nil && state != nil && m.isEquivalent(*planned, *state):
		resp.PlanValue = req.StateValue
	default:
		resp.RequiresReplace = m.replaces
	}
}

// lastWrite is the key of the time of a resource's last write in its private state. Lists may lag behind that write,
// even in the next run.
const lastWrite = "last_write"

// privateState is the private state of a resource. If SetKey fails, the old value stays. What SetKey stores survives a
// failed update, but not a failed creation, which has no state.
type privateState interface {
	GetKey(ctx context.Context, key string) ([]byte, diag.Diagnostics)
	SetKey(ctx context.Context, key string, value []byte) diag.Diagnostics
}

// rememberWrite records that a resource was just written, or may have been.
func rememberWrite(ctx context.Context, private privateState) diag.Diagnostics {
	now, _ := time.Now().UTC().MarshalJSON() // which fails for years beyond 9999 only
	return private.SetKey(ctx, lastWrite, now)
}

// sinceWrite returns how long ago a resource was written, or elb.NoWrite if that is not known.
func sinceWrite(ctx context.Context, private privateState) time.Duration {
	var at time.Time // by default the year 1, which is too long ago for a Duration
	text, _ := private.GetKey(ctx, lastWrite)
	_ = json.Unmarshal(text, &at)
	return time.Since(at)
}

func (r *resourceBase) IdentitySchema(
	_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse,
) {
	resp.IdentitySchema = identityschema.Schema{Attributes: map[string]identityschema.Attribute{
		"project_id": identityschema.StringAttribute{
			Description: "The ID of the project that the " + r.noun + " belongs to. " +
				"If omitted in an import, the provider's project is used.",
			OptionalForImport: true,
		},
		r.idAttribute: identityschema.StringAttribute{
			Description:       "The ID of the " + r.noun + ": 32 hexadecimal characters.",
			RequiredForImport: true,
		},
	}}
}

// ImportState implements resource.ResourceWithImportState, by an import ID or by an identity. It sets the project and
// the ID in the state and in the identity; the read that follows sets the rest.
func (r *resourceBase) ImportState(
	ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse,
) {
	ctx, cancel := context.WithTimeout(ctx, defaultReadTimeout)
	defer cancel()

	projectID, id := r.importTarget(ctx, req, &resp.Diagnostics)
	project := r.cloud.readyProject(ctx, textOrNull(projectID), &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	err := r.find(ctx, r.cloud.client, project.ValueString(), id)
	if errors.Is(err, elb.ErrCertificateNotFound) || errors.Is(err, elb.ErrListenerNotFound) {
		resp.Diagnostics.AddError(capitalize(r.noun)+" not found", fmt.Sprintf(
			"Project %s has no %s %q. Check the ID. If the %s belongs to another project, "+
				"import by project_id/%s, or by an identity with project_id. "+
				"If it was deleted, remove the import block.",
			project.ValueString(), r.noun, id, r.noun, r.idAttribute))
		return
	}
	if err != nil {
		resp.Diagnostics.AddError(fmt.Sprintf("Unable to import %s %q", r.noun, id), r.cloud.describe(err))
		return
	}
	for name, value := range map[string]string{"project_id": project.ValueString(), r.idAttribute: id} {
		resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root(name), value)...)
		resp.Diagnostics.Append(resp.Identity.SetAttribute(ctx, path.Root(name), value)...)
	}
}

// importTarget returns the project and the ID that an import ID or an identity names. The project is empty if it is not
// set.
func (r *resourceBase) importTarget(
	ctx context.Context, req resource.ImportStateRequest, diags *diag.Diagnostics,
) (projectID, id string) {
	if req.ID != "" {
		projectID, id, err := parseImportID(req.ID, r.noun)
		if err != nil {
			diags.AddError("Invalid import ID", fmt.Sprintf(
				"The import ID %s is not valid: %s. Import by the ID of the %s, or by project_id/%s.",
				quoted(req.ID), err, r.noun, r.idAttribute))
		}
		return projectID, id
	}

	var project, own types.String
	diags.Append(req.Identity.GetAttribute(ctx, path.Root("project_id"), &project)...)
	diags.Append(req.Identity.GetAttribute(ctx, path.Root(r.idAttribute), &own)...)
	if err := checkProjectID("project ID", project.ValueString()); err != nil && !project.IsNull() {
		diags.AddAttributeError(path.Root("project_id"), "Invalid project ID", sentence(err))
	}
	if err := checkID(r.noun+" ID", own.ValueString()); err != nil {
		diags.AddAttributeError(path.Root(r.idAttribute), "Invalid "+r.noun+" ID", sentence(err))
	}
	return project.ValueString(), strings.ToLower(own.ValueString())
}

// parseImportID parses an ID, or the ID of a project, a slash and an ID. The project is empty if it is not set.
func parseImportID(text, noun string) (projectID, id string, err error) {
	id = text
	if before, after, hasProject := strings.Cut(text, "/"); hasProject {
		projectID, id = before, after
		if err := checkProjectID("project ID in front of the slash", projectID); err != nil {
			return "", "", err
		}
	}
	return projectID, strings.ToLower(id), checkID(noun+" ID", id)
}
