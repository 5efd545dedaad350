package provider

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/elbaas/terraform-provider-elbaas/internal/pemcert"
)

// MoveState implements resource.ResourceWithMoveState. It is called before the provider is
// configured, so it calls nothing: the next read takes the rest from the API, and sets the identity.
func (r *certificateResource) MoveState(context.Context) []resource.StateMover {
	return []resource.StateMover{{StateMover: moveCertificate}}
}

// restObject has the fields that are used of a restapi_object in the state of the generic REST provider. Its copies of
// responses are not read, because they contain the keys of all certificates.
type restObject struct {
	ID       string `json:"id"`
	ObjectID string `json:"object_id"`
	// Path is where the object was created, below the base URL of that provider.
	Path string `json:"path"`
	// Data is what was sent, as JSON.
	Data string `json:"data"`
}

// restPath matches the path of the certificates of this API. Any leading part of it may be in the base URL of the
// generic REST provider instead. After v1.0, the project is any that checkProjectID accepts. Without v1.0, it must be
// 32 hexadecimal characters, because any other word may precede elbaas.
var restPath = regexp.MustCompile(
	`^/?(?:(?:(?:.*/)?v1\.0/([0-9A-Za-z_-]{1,64})/|([0-9a-fA-F]{32})/)?elbaas/)?certificate/?$`)

// moveCertificate turns the state of a restapi_object into that of a certificate.
func moveCertificate(ctx context.Context, req resource.MoveStateRequest, resp *resource.MoveStateResponse) {
	values, err := moved(req)
	if err != nil {
		resp.Diagnostics.AddError("Unable to move certificate", sentence(err)+
			" For a certificate of the classic load balancer, use a removed block and an import block instead.")
		return
	}
	for name, text := range values {
		resp.Diagnostics.Append(resp.TargetState.SetAttribute(ctx, path.Root(name), textOrNull(text))...)
	}
}

// moved returns the values of a certificate that the state of a restapi_object has. The project is empty if the path
// does not have it. The state of any other resource is an error.
func moved(req resource.MoveStateRequest) (map[string]string, error) {
	// OpenTofu 1.12 names the provider of the target once one instance of a for_each is moved (observed). That provider
	// has no restapi_object, so the source must be the generic REST provider.
	isREST := strings.HasSuffix(req.SourceProviderAddress, "/mastercard/restapi") ||
		strings.HasSuffix(req.SourceProviderAddress, "/elbaas/elbaas")
	if !isREST || req.SourceTypeName != "restapi_object" {
		reason := "Only a restapi_object of the provider mastercard/restapi can be moved"
		if strings.HasSuffix(req.SourceTypeName, "_certificate") {
			reason = "It belongs to another API, such as that of a newer load balancer, whose certificates have " +
				"other IDs and cannot be used by a listener of a classic load balancer. " + reason
		}
		return nil, fmt.Errorf("a %s of the provider %s cannot become an elbaas_certificate. %s",
			req.SourceTypeName, req.SourceProviderAddress, reason)
	}
	var object restObject
	if json.Unmarshal(req.SourceRawState.JSON, &object) != nil {
		return nil, errors.New("the state of the restapi_object cannot be read")
	}
	match := restPath.FindStringSubmatch(object.Path)
	if match == nil {
		return nil, fmt.Errorf("the restapi_object has the path %q, which is not the path of a certificate of the "+
			"classic load balancer: /v1.0/{project_id}/elbaas/certificate. If it belongs to something else, remove "+
			"this moved block", object.Path)
	}
	// The ID is the value that id_attribute names; object_id is the one in the paths. Both may be set.
	id := object.ID
	if checkID("certificate ID", id) != nil && object.ObjectID != "" {
		id = object.ObjectID
	}
	if err := checkID("certificate ID", id); err != nil {
		return nil, fmt.Errorf("the restapi_object has the path %q and the ID %q: %w", object.Path, id, err)
	}
	var sent struct {
		Certificate string `json:"certificate"`
	}
	_ = json.Unmarshal([]byte(object.Data), &sent) // data that is not JSON has no certificate
	return map[string]string{
		"id":         strings.ToLower(id),
		"project_id": match[1] + match[2],
		// What was sent beside the certificates is not kept.
		"certificate": pemcert.CertificatesIn(sent.Certificate).PEM(),
	}, nil
}

// movedNotFound is the error of a moved certificate that the provider's project does not have. Its source did not name
// the project, so it may belong to another one. If it counted as gone, it would be created again.
func movedNotFound(certificate identityModel, diags *diag.Diagnostics) {
	diags.AddError("Moved certificate not found", fmt.Sprintf(
		"Project %s has no certificate %q. The path of the restapi_object does not contain the project, so the "+
			"project of the provider was searched. If the certificate belongs to another project, use a removed "+
			"block and an import block with the ID project_id/id instead of the moved block. If it no longer exists, "+
			"remove the moved block, and remove the restapi_object from the state with terraform state rm.",
		certificate.ProjectID.ValueString(), certificate.ID.ValueString()))
}

// refuseUnreadMove refuses to plan for a certificate that was moved, but not read since. Its state lacks most values,
// so that a plan would clear its name, replace it, or delete it in a project that it may not belong to. After a read,
// the name is never null.
func refuseUnreadMove(ctx context.Context, state tfsdk.State, diags *diag.Diagnostics) {
	if state.Raw.IsNull() {
		return
	}
	var name, id types.String
	diags.Append(state.GetAttribute(ctx, path.Root("name"), &name)...)
	if !name.IsNull() {
		return
	}
	diags.Append(state.GetAttribute(ctx, path.Root("id"), &id)...)
	diags.AddError("Moved certificate not read", fmt.Sprintf(
		"The state of certificate %q comes from a restapi_object, which contains little more than the ID. Plan "+
			"without -refresh=false, so that the certificate is read from the API.", id.ValueString()))
}
