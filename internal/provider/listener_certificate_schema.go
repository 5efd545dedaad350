package provider

import (
	"context"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/int64planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
)

// defaultSwitchTimeout is shorter than the timeout for certificates, because a switch, unlike the deletion of a
// certificate, does not wait for listeners that others manage.
const defaultSwitchTimeout = 5 * time.Minute

func (r *listenerCertificateResource) Schema(
	ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse,
) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Assigns a certificate to an existing HTTPS or SSL listener of a classic load balancer. " +
			"The listener itself is managed elsewhere: the provider never creates or deletes listeners, and changes " +
			"nothing but their certificate. With this resource, a certificate is rotated in one apply: the " +
			"new certificate is created, the listener is switched to it, and the old certificate is deleted.",
		Attributes: map[string]schema.Attribute{
			"listener_id": schema.StringAttribute{
				MarkdownDescription: "The ID of the listener: 32 hexadecimal characters in lower case. Manage each " +
					"listener with one resource only: two resources for the same listener would switch it back and " +
					"forth. Changing this forces a new resource to be created.",
				Required:      true,
				Validators:    []validator.String{textRule{"listener ID", checkLowerID}},
				PlanModifiers: []planmodifier.String{stringplanmodifier.RequiresReplace()},
			},
			"certificate_id": schema.StringAttribute{
				MarkdownDescription: "The ID of the certificate that the listener uses: 32 hexadecimal characters " +
					"in lower case. The certificate must belong to the same project as the listener. Changing this " +
					"switches the listener in place.",
				Required:   true,
				Validators: []validator.String{textRule{"certificate ID", checkLowerID}},
			},
			"fallback_certificate_id": optionalText("The ID of the certificate that the listener is switched to when "+
				"this resource is destroyed. It must differ from `certificate_id`. If omitted, the listener keeps its "+
				"certificate, because it cannot be without one. If the same run also destroys the fallback "+
				"certificate, that deletion fails, because the listener then uses it. The provider does not check "+
				"before the destroy whether the fallback certificate exists. Changing this updates the state only.",
				false, textRule{"fallback certificate ID", orNull(checkLowerID)}),
			"project_id":      projectAttribute("listener"),
			"id":              stableText("The ID of the listener."),
			"listener_name":   stableText(listenerNameDescription),
			"loadbalancer_id": stableText(loadBalancerIDDescription),
			"protocol":        stableText("The protocol of the listener: `HTTPS` or `SSL`."),
			"port": schema.Int64Attribute{
				MarkdownDescription: listenerPortDescription,
				Computed:            true,
				PlanModifiers:       []planmodifier.Int64{int64planmodifier.UseStateForUnknown()},
			},
		},
		Blocks: timeoutsBlock(
			ctx, defaultSwitchTimeout, "a switch, until the API shows it", "the switch to the fallback"),
	}
}

const (
	listenerNameDescription   = "The name of the listener. It may be empty."
	loadBalancerIDDescription = "The ID of the load balancer that the listener belongs to."
	listenerPortDescription   = "The port that the listener listens on."
)
