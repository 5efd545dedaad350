package provider

import (
	"context"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
)

const (
	defaultReadTimeout  = 5 * time.Minute
	defaultWriteTimeout = 10 * time.Minute
)

// Schema implements resource.Resource. ValidateConfig checks the certificate and its keys together.
func (r *certificateResource) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Manages a certificate of the classic load balancer, with its private key. Changes to " +
			"`name` and `description` are in-place updates. The API cannot change anything else about a certificate, " +
			"so any other change forces a new resource to be created.",
		Attributes: map[string]schema.Attribute{
			"certificate": schema.StringAttribute{
				MarkdownDescription: "The certificate in PEM format: the leaf first, then its chain. It is compared " +
					"by content: line endings, line width, indentation and text around the blocks make no " +
					"difference, but the order of the certificates does. Changing this forces a new resource to be " +
					"created.",
				Required: true,
				PlanModifiers: []planmodifier.String{
					ignoreEquivalent{label: "same certificates", isEquivalent: isSameChain, replaces: true},
				},
			},
			"private_key": schema.StringAttribute{
				MarkdownDescription: "The private key in PEM format (PKCS#1, PKCS#8 or SEC 1), not encrypted. It " +
					"must belong to the first certificate. It is compared by its key material, and stored in the " +
					"state. It is never read from the API: after an import, the next apply takes it from the " +
					"configuration. A new key always comes with a new certificate, and changing the certificate " +
					"forces replacement. Exactly one of `private_key` and `private_key_wo` must be set.",
				Optional:      true,
				Sensitive:     true,
				PlanModifiers: []planmodifier.String{ignoreEquivalent{label: "same key", isEquivalent: isSameKey}},
			},
			"private_key_wo": schema.StringAttribute{
				MarkdownDescription: "The private key as in `private_key`, but write-only: it is stored neither in " +
					"the plan nor in the state, and may come from an ephemeral resource. It is sent when the " +
					"certificate is created. It needs no version, because a new key always comes with a new " +
					"`certificate`. Changes to this attribute alone are not detected: if `certificate` is in " +
					"`ignore_changes`, a new key has no effect. Requires Terraform 1.11 or OpenTofu 1.11.",
				Optional:  true,
				Sensitive: true,
				WriteOnly: true,
			},
			"name": stableArgument("The name of the certificate: up to 64 Chinese letters, Latin letters, digits, `_` "+
				"and `-`. It may be empty. If omitted, an in-place update keeps the current name; a replacement does "+
				"not.", textRule{"name", checkName}),
			"description": schema.StringAttribute{
				MarkdownDescription: "The description of the certificate: up to 128 characters, except `<` and `>`. " +
					"Defaults to an empty description, so that removing it from the configuration clears it.",
				Optional:   true,
				Computed:   true,
				Default:    stringdefault.StaticString(""),
				Validators: []validator.String{textRule{"description", checkDescription}},
			},
			"domain": stableArgument("The domain name that the certificate is issued for: up to 254 letters, digits, "+
				"`-` and `.`, beginning with a letter or a digit, or with `*.` on clouds that accept wildcards here. "+
				"A certificate that a listener uses for SNI must have a domain. If omitted, an in-place update keeps "+
				"the current domain; a replacement does not. An empty string means no domain. Changing this forces a "+
				"new resource to be created, and so does adding it later.",
				textRule{"domain", checkDomain}, replaceIgnoringCase),
			"project_id": projectAttribute("certificate"),
		},
		Blocks: timeoutsBlock(ctx, defaultWriteTimeout, "an update",
			"the deletion, which is retried while a listener uses the certificate"),
	}
	for name, description := range apiDescriptions {
		resp.Schema.Attributes[name] = stableText(description)
	}
	for name, attribute := range x509Attributes { // ModifyPlan plans their values
		resp.Schema.Attributes[name] = attribute
	}
}
