package provider

import (
	"context"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/int64planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
)

// defaultSwitchTimeout is for what is done to a listener: nothing there waits for
// somebody else.
const defaultSwitchTimeout = 5 * time.Minute

// listenerCertificateSchema is that of the resource.
func listenerCertificateSchema(ctx context.Context) schema.Schema {
	keep := []planmodifier.String{stringplanmodifier.UseStateForUnknown()}
	return schema.Schema{
		MarkdownDescription: "The certificate that an existing HTTPS or SSL listener of a classic load balancer serves. " +
			"The listener itself is managed elsewhere: the provider never creates or deletes one, and changes nothing of it but its certificate. " +
			"With it, the rotation of a certificate is one apply: the new certificate is created, the listener is switched to it, the old certificate is deleted.",
		Attributes: map[string]schema.Attribute{
			"listener_id": schema.StringAttribute{
				MarkdownDescription: "The ID of the listener: 32 hexadecimal characters in lower case. Manage each listener with one resource only: " +
					"two resources of the same listener would switch it back and forth. Changing this forces a new resource to be created.",
				Required:      true,
				Validators:    []validator.String{textRule{"listener ID", checkLowerID}},
				PlanModifiers: []planmodifier.String{stringplanmodifier.RequiresReplace()},
			},
			"certificate_id": schema.StringAttribute{
				MarkdownDescription: "The ID of the certificate that the listener serves: 32 hexadecimal characters in lower case. " +
					"The certificate must belong to the same project as the listener. Changing this switches the listener in place.",
				Required:   true,
				Validators: []validator.String{textRule{"certificate ID", checkLowerID}},
			},
			"fallback_certificate_id": schema.StringAttribute{
				MarkdownDescription: "The ID of the certificate that the listener is given when this resource is destroyed. " +
					"If omitted, the listener keeps its certificate then: it cannot be without one. It must differ from `certificate_id`. " +
					"If the same configuration manages the fallback certificate and destroys it too, its deletion fails, because the listener then uses it. " +
					"Changing this calls no API.",
				Optional:   true,
				Validators: []validator.String{textRule{"fallback certificate ID", checkLowerID}},
			},
			"project_id": schema.StringAttribute{
				MarkdownDescription: "The ID of the project that the listener belongs to. Defaults to the provider's project at the time of the creation. " +
					"Changing this forces a new resource to be created.",
				Optional:      true,
				Computed:      true,
				Validators:    []validator.String{textRule{"project ID", checkProjectID}},
				PlanModifiers: []planmodifier.String{stringplanmodifier.UseStateForUnknown(), ignoreCase{}},
			},
			"id": schema.StringAttribute{
				MarkdownDescription: "The ID of the listener.",
				Computed:            true,
				PlanModifiers:       keep,
			},
			"listener_name": schema.StringAttribute{
				MarkdownDescription: listenerNameDescription,
				Computed:            true,
				PlanModifiers:       keep,
			},
			"loadbalancer_id": schema.StringAttribute{
				MarkdownDescription: loadBalancerIDDescription,
				Computed:            true,
				PlanModifiers:       keep,
			},
			"protocol": schema.StringAttribute{
				MarkdownDescription: "The protocol of the listener: `HTTPS` or `SSL`.",
				Computed:            true,
				PlanModifiers:       keep,
			},
			"port": schema.Int64Attribute{
				MarkdownDescription: listenerPortDescription,
				Computed:            true,
				PlanModifiers:       []planmodifier.Int64{int64planmodifier.UseStateForUnknown()},
			},
		},
		Blocks: map[string]schema.Block{
			"timeouts": timeouts.Block(ctx, timeouts.Opts{
				Create: true, CreateDescription: "How long a creation may take, as in `90s` or `10m`. Defaults to 5 minutes.",
				Read: true, ReadDescription: "How long a read may take. Defaults to 5 minutes.",
				Update: true, UpdateDescription: "How long an update may take, including the time until the API shows it. Defaults to 5 minutes.",
				Delete: true, DeleteDescription: "How long the switch to `fallback_certificate_id` may take. Defaults to 5 minutes.",
			}),
		},
	}
}

const (
	listenerNameDescription   = "The name of the listener, which may be empty."
	loadBalancerIDDescription = "The ID of the load balancer that the listener belongs to."
	listenerPortDescription   = "The port that the listener listens on."
)
