package provider

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/elbaas/terraform-provider-elbaas/internal/auth"
	"github.com/elbaas/terraform-provider-elbaas/internal/elb"
	"github.com/elbaas/terraform-provider-elbaas/internal/httpapi"
)

// addError adds an error of the API client.
func (c *cloud) addError(diags *diag.Diagnostics, summary string, err error) {
	diags.AddError(summary, describe(err, c.session.Kind()))
}

// describe writes an error of the API client for a reader: what happened, with the
// server's code and request ID, and the remedy with credentials of a kind.
func describe(err error, kind auth.Kind) string {
	return describeWith(err, remedyFor(err, kind))
}

// describeWith is describe with a remedy that the caller knows better, or none.
func describeWith(err error, remedy string) string {
	said := err
	var identity *auth.Error
	if errors.As(err, &identity) {
		said = identity // what it was asked for does not matter
	}
	parts := []string{capitalize(said.Error()) + "."}
	if remedy != "" {
		parts = append(parts, remedy)
	}
	var uncertain *elb.UncertainError
	if errors.As(err, &uncertain) {
		parts = append(parts, uncertainty(uncertain))
	}
	return strings.Join(parts, "\n\n")
}

// creationWarnings tells of certificates besides the one that was to be created. Of
// warnings with the same summary Terraform shows one, so each summary has an ID.
func (c *cloud) creationWarnings(projectID string, name *string, creation elb.Creation) diag.Diagnostics {
	var diags diag.Diagnostics
	if len(creation.Identical) > 0 {
		diags.AddWarning("An identical certificate already exists: "+strings.Join(creation.Identical, ", "), fmt.Sprintf(
			"If the new certificate replaces it (-replace, replace_triggered_by, with create_before_destroy), there is nothing to do: Terraform deletes it next.\n\n"+
				"Project %s already had this, with the same name, description, domain and content as the new certificate:\n%s\n\n"+
				"If it is not replaced, an interrupted run may have left it, or this or another configuration may manage it: "+
				"delete it if nobody uses it, or import it in place of the new one: terraform import ADDRESS %s/%s",
			projectID, listOf(creation.Identical), projectID, creation.Identical[0]))
	}
	if creation.ID == "" {
		return diags // the error tells the rest
	}
	if creation.Adopted {
		diags.AddWarning(fmt.Sprintf("Certificate %q was adopted after the response to its creation was lost", creation.ID), fmt.Sprintf(
			"The list of project %s then had a certificate that was not there before, and that equals the configured one. It is in the state now. "+
				"If somebody else was creating the same certificate at the same time, check that it is yours.", projectID))
	}
	if creation.Sent > 1 {
		search := ""
		if creation.SearchErr != nil {
			search = fmt.Sprintf(" The project could not be searched for it: %s.", creation.SearchErr)
		}
		diags.AddWarning(fmt.Sprintf("The creation of certificate %q was sent %d times", creation.ID, creation.Sent), fmt.Sprintf(
			"It was repeated because the response was lost and the certificate did not appear in the list. "+
				"Another certificate %s may exist in project %s, or may still be created by a backend that is late.%s "+
				"Look for it in a few minutes, and delete what Terraform does not manage.", named(name), projectID, search))
	}
	if len(creation.Others) > 0 {
		diags.AddWarning(fmt.Sprintf("The creation of certificate %q may have made another one", creation.ID), fmt.Sprintf(
			"Project %s now has this besides, which is new and has the same leaf:\n%s\n\n"+
				"Terraform does not manage it. Check whether anybody uses it, and delete it if not.", projectID, listOf(creation.Others)))
	}
	return diags
}

// named says how a certificate is called that was created with a name, or without.
func named(name *string) string {
	if name == nil {
		return "with a name that the API has chosen"
	}
	return fmt.Sprintf("named %q", *name)
}

// listOf writes IDs one below the other.
func listOf(ids []string) string {
	return "  - certificate " + strings.Join(ids, "\n  - certificate ")
}

// uncertainty says what is known of a certificate that may exist.
func uncertainty(err *elb.UncertainError) string {
	may := fmt.Sprintf("A certificate %s may exist in project %s nevertheless", named(err.Name), err.ProjectID)
	if err.Sent > 1 {
		may += fmt.Sprintf(" (the creation was sent %d times)", err.Sent)
	}
	switch {
	case err.Existing != "":
		may += fmt.Sprintf(". The API returned certificate %s, which existed before and has the same leaf: it may keep each certificate only once. "+
			"Import that one if nobody else manages it: terraform import ADDRESS %s/%s", err.Existing, err.ProjectID, err.Existing)
	case err.SearchErr == nil && len(err.Candidates) == 0:
		may += ": the list of the project does not show it, but a backend that is late may still create it. " +
			"Apply again in a few minutes: a warning then names an identical certificate, if there is one."
	case err.SearchErr != nil:
		may += fmt.Sprintf(", and could not be searched for: %s. Look for it before you apply again, and import it if it is there.", err.SearchErr)
	}
	if len(err.Candidates) > 0 {
		may += fmt.Sprintf(". This is new and has the same leaf:\n%s\n\nIf one of them is yours, import it before you apply again: terraform import ADDRESS %s/%s. "+
			"If not, the next apply creates another.", listOf(err.Candidates), err.ProjectID, err.Candidates[0])
	}
	return may
}

func capitalize(sentence string) string {
	if sentence == "" {
		return ""
	}
	return strings.ToUpper(sentence[:1]) + sentence[1:]
}

// remedyFor says what the user can do about an error, or nothing.
func remedyFor(err error, kind auth.Kind) string {
	var identity *auth.Error
	var inUse *elb.InUseError
	var incomplete *elb.IncompleteListError
	var listed *elb.ListedError
	var network *httpapi.TransportError
	var refusal *httpapi.Error
	errors.As(err, &refusal) // that of the identity service, if that refused what a request needs
	errors.As(err, &identity)
	switch {
	case errors.Is(err, elb.ErrNotFound):
		return "Somebody else has deleted the certificate. Plan and apply again: Terraform then creates a new one."
	case errors.Is(err, elb.ErrListenerNotFound):
		return "Check listener_id, and project_id if the listener belongs to another project. Remove this resource if the listener was deleted for good."
	case errors.Is(err, elb.ErrListenerFaulty):
		return "Repair the listener, which something else manages, and apply again."
	case errors.Is(err, context.Canceled):
		return "The operation was interrupted."
	case errors.Is(err, elb.ErrNotShown):
		return "Plan again in a few minutes: the plan shows whether the change has come through by then. A longer update timeout waits longer."
	case errors.As(err, &inUse):
		return inUseRemedy(inUse)
	case refusal != nil && refusal.Status == http.StatusTooManyRequests:
		return refusalRemedy(refusal, kind)
	case errors.Is(err, context.DeadlineExceeded):
		return "The operation timed out. Check that the endpoint can be reached, and apply again, with a longer timeout in the timeouts block of the resource if the service is slow."
	case refusal != nil && refusal.Status == http.StatusUnauthorized && max(refusal.Skew, -refusal.Skew) > tolerableSkew:
		return skewRemedy(refusal)
	case errors.Is(err, httpapi.ErrUntrusted):
		return "Check the address. If the cloud has a certificate authority of its own, set cacert_file (OS_CACERT) to its PEM file. " +
			"To skip the verification, set insecure in the provider block; a variable such as HW_INSECURE counts only for credentials or addresses of the same source."
	case identity != nil:
		return identityRemedy(identity, refusal)
	case errors.As(err, &incomplete):
		return "Plan again in a few minutes. If that does not help, give the request ID to the operator of the cloud."
	case errors.Is(err, httpapi.ErrTooLarge):
		return "The provider reads no larger response. Delete certificates and listeners that nobody needs, or distribute them over several projects."
	case refusal != nil && refusal.Status == http.StatusNotFound && errors.As(err, &listed):
		return "The endpoint is right, because it has the list. Apply again in a few minutes; if that does not help, give the request ID to the operator of the cloud."
	case refusal != nil:
		return refusalRemedy(refusal, kind)
	case errors.As(err, &network):
		return "Check the endpoint of the provider, the network, and the proxy in HTTPS_PROXY and NO_PROXY."
	}
	return ""
}

func inUseRemedy(err *elb.InUseError) string {
	const way = "Give the listener another certificate first; with elbaas_listener_certificate, the same apply does it. " +
		"To replace a certificate that is in use, set create_before_destroy in its lifecycle block."
	switch {
	case err.ListenersErr != nil:
		return fmt.Sprintf("Which listener holds it is not known: %s.\n\n%s", err.ListenersErr, way)
	case len(err.Listeners) == 0:
		return "No listener of the project says that it holds the certificate; one of another project may.\n\n" + way
	}
	holders := make([]string, len(err.Listeners))
	for i, listener := range err.Listeners {
		holders[i] = "  - " + titleOf(listener)
	}
	remedy := way
	if err.Kept {
		remedy = "In this run, elbaas_listener_certificate was destroyed without a fallback_certificate_id, so its listener keeps the certificate. " +
			"If another elbaas_listener_certificate has given the listener another certificate in the meantime, apply again. Otherwise give the listener another certificate elsewhere, or remove the certificate from the state, which leaves it in the cloud: terraform state rm ADDRESS."
	}
	return "It is held by:\n" + strings.Join(holders, "\n") + "\n\n" + remedy
}

// tolerableSkew is how far two clocks may be apart before that explains a
// refused signature.
const tolerableSkew = 5 * time.Minute

func skewRemedy(refusal *httpapi.Error) string {
	direction, skew := "behind", refusal.Skew
	if skew < 0 {
		direction, skew = "ahead of", -skew
	}
	return fmt.Sprintf("The clock of this machine is %s %s the server's, and a signature is good for a few minutes only. Set the clock, and try again.", skew.Round(time.Second), direction)
}

func identityRemedy(err *auth.Error, refusal *httpapi.Error) string {
	var network *httpapi.TransportError
	switch {
	case errors.Is(err, auth.ErrNoAuthURL):
		return argumentNamed("auth_url").remedy() + " On a public cloud, region is enough."
	case refusal != nil && (refusal.Status == http.StatusUnauthorized || refusal.Status == http.StatusForbidden || refusal.Status == http.StatusBadRequest):
		return "Check the credentials: the user, the password and the domain (account), or the access key and the secret key; and the project that they are for."
	case refusal != nil && refusal.Status == http.StatusNotFound:
		return "Check auth_url: it must be the base URL of the identity service, with its version, such as https://iam.eu-de.otc.t-systems.com/v3."
	case errors.As(err, &network):
		return "Check auth_url, region and cloud of the provider, the network, and the proxy in HTTPS_PROXY and NO_PROXY."
	}
	return ""
}

// credentialsRemedy is for credentials that the ELB service refuses.
func credentialsRemedy(kind auth.Kind) string {
	switch kind {
	case auth.KindToken:
		return "The token that you gave has expired, was revoked, or belongs to another project: a token is good for one project and lives for 24 hours. Get a new token for this project. " +
			"With an access key or a password, the provider needs no token."
	case auth.KindAgency:
		return "The temporary keys of the agency are refused, also new ones. Check what the agency may do, and that the project belongs to the account that made it."
	case auth.KindPassword:
		return "The token that the password gets is refused, also a new one. Check that endpoint and auth_url belong to the same cloud and region."
	}
	return "The access key is refused. Check that access_key and secret_key belong together and to this cloud, that the key is enabled, that its security token, if it has one, has not expired, " +
		"and that signing_scheme is what this cloud wants (access or scoped)."
}

// refusalRemedy goes by the codes of the API reference, then by the status.
func refusalRemedy(refusal *httpapi.Error, kind auth.Kind) string {
	const (
		endpoint  = "Check the endpoint of the provider: it must be the base URL of the ELB service, without /v1.0, and the cloud must still offer the classic load balancer (elbaas v1.0)."
		forbid    = "The credentials may not do this in this project. Check project_id, that a token was issued for that project, and the policy of the user."
		waiting   = "The service is not available right now. Apply again in a few minutes; if that does not help, give the request ID to the operator of the cloud."
		throttled = "The cloud limits how often it is called, for example 200 times in 5 minutes. Wait, then apply again, with a smaller -parallelism."
		ourFault  = "The server does not understand the request, which is not the configuration's fault. Please report it to the authors of the provider, with the code and the request ID."
	)
	switch refusal.Code {
	case "ELB.0002", "ELB.0004", "ELB.0230", "ELB.1000", "ELB.5004", "ELB.5010", "ELB.5020", "ELB.5030", "ELB.6003":
		return ourFault
	case "ELB.1001":
		return "The server refuses the value of an argument. The rules of this cloud may be narrower than the ones checked here: Open Telekom Cloud documents no Chinese letters in names, and Huawei Cloud no wildcard in domain."
	case "ELB.1011", "ELB.5013":
		return "Check that certificate and private_key are PEM, that the key is not encrypted, and that it belongs to the first certificate."
	case "ELB.5033":
		return "The server did not change the name and the description, and does not say why. Apply again; if that does not help, give the request ID to the operator of the cloud."
	case "ELB.5131", "ELB.5141":
		return waiting
	case "ELB.6000", "ELB.6010", "ELB.6020":
		return "The API does not accept the ID of the listener. Check listener_id."
	case "ELB.6002", "ELB.6030":
		return "The listener exists, but the API does not find it, or does not find its load balancer. " +
			"Apply again in a few minutes; if that does not help, give the request ID to the operator of the cloud."
	case "ELB.6015":
		return "This cloud refuses to change the certificate of the listener. Check that its protocol is HTTPS or SSL, and that the certificate belongs to its project."
	case "ELB.6040":
		return "The load balancer of the listener does not exist. Check listener_id."
	case "ELB.5151", "ELB.8905":
		return "Delete certificates that nobody needs any more, or have the operator of the cloud raise the quota (120 for an account is the usual default). " +
			"Note that a replacement with create_before_destroy needs room for one more."
	case "ELB.1102", "ELB.1103", "ELB.1104", "ELB.1105", "ELB.1201", "APIGW.0301":
		return credentialsRemedy(kind)
	case "ELB.1109":
		return "The identity of the account is not verified, and the cloud refuses its requests until it is. Verify the account in the console."
	case "ELB.1202":
		return "Use credentials of the project of a region. A token of an enterprise project cannot call this API."
	case "ELB.9808":
		return "The token belongs to another project than project_id. Set project_id to the project of the token, or get a token for this project."
	case "ELB.9801", "ELB.9802", "ELB.9803", "ELB.9804", "ELB.9805", "ELB.9806", "ELB.9807", "ELB.9899":
		return forbid
	case "APIGW.0101", "ELB.1110":
		return endpoint
	case "APIGW.0201":
		return waiting
	case "APIGW.0308":
		return throttled
	}
	switch status := refusal.Status; {
	case status == http.StatusUnauthorized:
		return credentialsRemedy(kind)
	case status == http.StatusForbidden:
		return forbid
	case status == http.StatusNotFound, status == http.StatusMethodNotAllowed, status < 400:
		return endpoint
	case status == http.StatusTooManyRequests:
		return throttled
	case status >= 500:
		return waiting
	}
	return ""
}

// describe says what the server did with what it was sent.
func (d difference) describe(id string) string {
	return fmt.Sprintf("Certificate %q was sent the %s %q, and the server stored %q.", id, d.attribute, d.planned.ValueString(), d.answered)
}
