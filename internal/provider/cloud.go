package provider

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"sync"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-log/tflog"

	"github.com/elbaas/terraform-provider-elbaas/internal/auth"
	"github.com/elbaas/terraform-provider-elbaas/internal/elb"
	"github.com/elbaas/terraform-provider-elbaas/internal/httpapi"
)

// cloud is what the resources share: the client and its session, the settings that they were made from, and the locks
// of listeners.
type cloud struct {
	client   *elb.Client
	session  *auth.Session
	settings settings
	// listenerLocks has a *listenerLock for each listener, by its ID in lower case.
	listenerLocks sync.Map
}

// newCloud returns a cloud with settings. It sends no request.
func newCloud(settings settings, userAgent string, dial Dialer) *cloud {
	settings.api.Dial, settings.api.UserAgent, settings.api.Log = dial, userAgent, tflog.Debug
	settings.Network = httpapi.NewNetwork(settings.api)
	c := &cloud{settings: settings, session: auth.New(settings.Config)}
	c.client = elb.New(elb.Config{
		Endpoint:   c.endpoint,
		API:        settings.Network.Client(c.session),
		MaxRetries: settings.api.MaxRetries,
	})
	return c
}

// endpoint returns the address of the ELB service, from the settings or from the service
// catalog. The type of the service is elbv1, or elb (observed).
func (c *cloud) endpoint(ctx context.Context, projectID string) (*url.URL, error) {
	if c.settings.endpoint != nil {
		return c.settings.endpoint, nil
	}
	return c.session.Endpoint(ctx, projectID, "elbv1", "elb")
}

// ready returns an error for each argument of the provider that is needed to call the cloud, but is not known yet.
func (c *cloud) ready() diag.Diagnostics {
	var diags diag.Diagnostics
	for _, name := range c.settings.unknown {
		if slices.Contains([]string{"project_id", "project_name", "max_retries", "expiry_warning_days"}, name) {
			continue // readyProject reports it to those that need it, and numbers have defaults
		}
		diags.AddError("Provider argument not known yet",
			fmt.Sprintf("The provider argument %s depends on a value that is known only after an apply, "+
				"but the ELB service must be called now. Apply the resource with that value first "+
				"(terraform apply -target=…), or set %s to a known value.", name, name))
	}
	return diags
}

// projectForPlan returns the project of a new resource for its plan: the configured one as planned, or else the
// provider's.
func (c *cloud) projectForPlan(
	ctx context.Context, config tfsdk.Config, planned types.String, diags *diag.Diagnostics,
) types.String {
	var own types.String
	diags.Append(config.GetAttribute(ctx, path.Root("project_id"), &own)...)
	if !own.IsNull() {
		return planned
	}
	return c.defaultProject(diags)
}

// defaultProject returns the project of the provider without an API call. It is unknown if it is known only after an
// apply, or if only its name is known.
func (c *cloud) defaultProject(diags *diag.Diagnostics) types.String {
	if c.settings.project.IsNull() {
		diags.AddAttributeError(path.Root("project_id"), "Missing project ID",
			"No project is set here, and the provider has no default project. Set project_id here (for an import, in "+
				"front of its ID: project_id/ID), or once for all resources: "+howToSet("project_id")+" "+
				c.settings.whyNoAuthURL+
				"To use the name of a project instead (project_name), set auth_url, or cloud and region.")
	}
	return c.settings.project
}

// readyProject returns the project of a resource: its own, or the provider's, whose ID it looks up if only its name is
// known. It reports an error if the cloud cannot be called yet, unless there are already errors.
func (c *cloud) readyProject(ctx context.Context, own types.String, diags *diag.Diagnostics) types.String {
	if !diags.HasError() {
		diags.Append(c.ready()...)
	}
	if diags.HasError() || own.ValueString() != "" {
		return own
	}
	project := c.defaultProject(diags)
	if !project.IsUnknown() {
		return project
	}
	if c.settings.projectName == "" {
		diags.AddError("Provider argument not known yet",
			"The project of the provider (project_id, project_name) is known only after an apply, but it is needed "+
				"now. Apply the resource that it depends on first (terraform apply -target=…), or set project_id here "+
				"or, for an import, in front of its ID (project_id/ID).")
		return project
	}
	id, err := c.session.ProjectID(ctx, c.settings.projectName)
	if err == nil && checkProjectID("project ID", id) != nil {
		err = errors.New("the identity service returned an ID that is not valid. Set project_id in the provider block")
	}
	if err != nil {
		diags.AddError("Unable to find the project of the provider", c.describe(err))
	}
	return types.StringValue(id)
}
