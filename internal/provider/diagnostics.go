package provider

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/elbaas/terraform-provider-elbaas/internal/auth"
	"github.com/elbaas/terraform-provider-elbaas/internal/elb"
	"github.com/elbaas/terraform-provider-elbaas/internal/httpapi"
)

// describe describes an error of the API client for the user: what happened, with the code and the request ID of the
// API, and the remedy.
func (c *cloud) describe(err error) string {
	return describeWith(err, remedyFor(err, c.settings.Credentials.Kind()))
}

// describeWith describes an error with a remedy that the caller knows better, or with none.
func describeWith(err error, remedy string) string {
	cause := err
	if identity, ok := errors.AsType[*auth.Error](err); ok {
		cause = identity // the request that needed the credentials does not matter
	}
	parts := []string{sentence(cause)}
	if remedy != "" {
		parts = append(parts, remedy)
	}
	if uncertain, ok := errors.AsType[*elb.UncertainError](err); ok {
		parts = append(parts, uncertainty(uncertain))
	}
	return strings.Join(parts, "\n\n")
}

// sentence writes an error as a sentence.
func sentence(err error) string {
	return capitalize(err.Error()) + "."
}

func capitalize(text string) string { return strings.ToUpper(text[:1]) + text[1:] }

// joined lists things.
func joined[T any](things []T, separator string, shown func(T) string) string {
	list := make([]string, len(things))
	for i, thing := range things {
		list[i] = shown(thing)
	}
	return strings.Join(list, separator)
}

// named describes a certificate by the name that was sent, if any.
func named(name *string) string {
	if name == nil {
		return "with a name that the API has chosen"
	}
	return fmt.Sprintf("named %q", *name)
}

// certificateLines lists IDs, one on each line.
func certificateLines(ids []string) string {
	return "  - certificate " + strings.Join(ids, "\n  - certificate ")
}

// uncertainty says what is known of a certificate that may exist although its creation failed.
func uncertainty(err *elb.UncertainError) string {
	text := fmt.Sprintf("A certificate %s may exist in project %s", named(err.Name), err.ProjectID)
	if err.Sent > 1 {
		text += fmt.Sprintf(" (the request was sent %d times)", err.Sent)
	}
	switch {
	case err.Existing != "":
		text += fmt.Sprintf(". The API returned certificate %s, which existed before and has the same leaf: "+
			"the API may store each certificate only once. If nothing else manages that certificate, %s",
			err.Existing, importInstead(err.ProjectID, err.Existing))
	case err.SearchErr != nil:
		text += fmt.Sprintf(". The project could not be searched for it: %s. Check the project before you apply "+
			"again, and delete or import what the request may have created.",
			err.SearchErr)
	case len(err.Candidates) == 0:
		text += ": the list of the project does not show it, but a slow backend may still create it. " +
			"Apply again in a few minutes: a warning then names an identical certificate, if there is one."
	}
	if len(err.Candidates) > 0 {
		text += fmt.Sprintf(". New certificates with the same leaf, as far as the API shows it:\n%s\n\n"+
			"The next apply creates another one. If one of them is yours, first delete it, or %s",
			certificateLines(err.Candidates), importInstead(err.ProjectID, err.Candidates[0]))
	}
	return text
}

// importInstead says how to manage a certificate that exists, instead of the one that the state has, if any.
func importInstead(projectID, id string) string {
	return fmt.Sprintf("import it:\n  terraform import ADDRESS %s/%s\nIf the state already contains ADDRESS, first "+
		"run terraform state rm ADDRESS; after the next apply, delete the certificate that was in the state.",
		projectID, id)
}

// remedyFor says what the user can do about an error. It is empty if nothing is known to help.
func remedyFor(err error, kind auth.Kind) string {
	identity, _ := errors.AsType[*auth.Error](err)
	refusal, _ := errors.AsType[*httpapi.Error](err) // which may come from the identity service
	inUse, isInUse := errors.AsType[*elb.InUseError](err)
	_, isIncomplete := errors.AsType[*elb.IncompleteListError](err)
	_, isListed := errors.AsType[*elb.ListedError](err)
	_, isNetwork := errors.AsType[*httpapi.TransportError](err)
	isSigned := kind == auth.KindAccessKey || kind == auth.KindAgency // only signatures depend on the clock
	switch {
	case errors.Is(err, elb.ErrCertificateNotFound):
		return "Something else has deleted the certificate. Plan again, without -refresh=false: the plan then " +
			"creates a new one."
	case errors.Is(err, elb.ErrListenerNotFound):
		return "Check listener_id, and project_id if the listener belongs to another project. " +
			"If the listener was deleted for good, remove this resource."
	case errors.Is(err, elb.ErrListenerFaulty):
		return "Repair the listener, which is managed elsewhere, and try again."
	case errors.Is(err, context.Canceled):
		return "The operation was interrupted."
	case errors.Is(err, elb.ErrNotShown):
		return "Plan again in a few minutes to see whether the change has arrived. If it has not, something else may " +
			"have undone it, such as another configuration, or the API may need a longer timeout for the operation " +
			"(in the timeouts block)."
	case isInUse:
		return inUseRemedy(inUse)
	case refusal != nil && refusal.Status == http.StatusTooManyRequests:
		return refusalRemedy(refusal, kind)
	case errors.Is(err, context.DeadlineExceeded):
		return "The operation timed out. If there was no response, check that the endpoint can be reached. If the " +
			"service is slow or busy, set a longer timeout in the timeouts block of the resource, and try again. " +
			"Reads and deletions take their timeouts from the state: apply the longer one first, with " +
			"-refresh=false if the read fails."
	case isSigned && refusal != nil && refusal.Status == http.StatusUnauthorized && refusal.Skew.Abs() > tolerableSkew:
		return skewRemedy(refusal)
	case errors.Is(err, httpapi.ErrUntrusted):
		return "Check the address. If the cloud has its own certificate authority, set cacert_file (OS_CACERT) to " +
			"its PEM file. To skip the verification, set insecure in the provider block; a variable such as " +
			"HW_INSECURE counts only for credentials or addresses of the same source."
	case identity != nil:
		return identityRemedy(identity, refusal)
	case isIncomplete:
		return tryLater
	case errors.Is(err, httpapi.ErrTooLarge):
		return "Delete certificates and listeners that are no longer needed, or distribute them over several projects."
	case errors.Is(err, httpapi.ErrCutOff): // observed: otc-tools, --maxgetkb
		return "Try again. If every list is cut off, a gateway may limit its size, such as Open Telekom Cloud's to " +
			"250 KiB: delete certificates and listeners that are no longer needed, or distribute them over several " +
			"projects."
	case refusal != nil && refusal.Status == http.StatusNotFound && isListed:
		return "The endpoint is correct, because it returned the list. " + tryLater
	case refusal != nil:
		return refusalRemedy(refusal, kind)
	case isNetwork:
		return "Check endpoint, region and cloud of the provider, the network, and the proxy (HTTPS_PROXY, " +
			"NO_PROXY). " + cloudIfOmitted
	}
	return ""
}

func inUseRemedy(err *elb.InUseError) string {
	remedy := "Switch the listener to another certificate first; elbaas_listener_certificate does so in the same " +
		"apply. To replace a certificate that is in use, set create_before_destroy in its lifecycle block."
	switch {
	case err.ListenersErr != nil:
		return fmt.Sprintf("It is not known which listener uses the certificate: %s.\n\n%s", err.ListenersErr, remedy)
	case len(err.Listeners) == 0:
		return "No listener of the project uses the certificate, but a listener of another project may.\n\n" + remedy
	}
	if err.Kept {
		remedy = "In this run, elbaas_listener_certificate was destroyed without a fallback_certificate_id, so its " +
			"listener keeps the certificate. Unless this run has deleted the listener or switched it again in the " +
			"meantime, switch it to another certificate in the console. Then run the same command again. Or remove " +
			"the certificate from the state, which leaves it in the cloud: terraform state rm ADDRESS. Do not remove " +
			"a certificate that Terraform calls a deposed object: this would also remove its successor."
	}
	return "It is used by:\n  - " + joined(err.Listeners, "\n  - ", titleOf) + "\n\n" + remedy
}

// tolerableSkew is how far two clocks may differ before that explains a rejected signature.
const tolerableSkew = 5 * time.Minute

func skewRemedy(refusal *httpapi.Error) string {
	direction := "behind"
	if refusal.Skew < 0 {
		direction = "ahead of"
	}
	return fmt.Sprintf("The clock of this machine is %s %s that of the API, and a signature is valid only for a few "+
		"minutes. Set the clock, and try again.", refusal.Skew.Abs().Round(time.Second), direction)
}

// rejectsCredentials are the statuses by which an identity service rejects credentials.
var rejectsCredentials = []int{http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden}

func identityRemedy(err *auth.Error, refusal *httpapi.Error) string {
	_, isNetwork := errors.AsType[*httpapi.TransportError](err)
	switch {
	case errors.Is(err, auth.ErrNoAuthURL):
		return howToSet("auth_url") + " On a public cloud, region is enough."
	case refusal != nil && slices.Contains(rejectsCredentials, refusal.Status):
		return "Check the credentials (user, password and domain, or access key, secret key and security token), and " +
			"the project and the cloud that they are for. " + cloudIfOmitted
	case refusal != nil && refusal.Status >= http.StatusInternalServerError:
		return "The identity service is currently unavailable. " + tryLater
	case refusal != nil:
		return "Check auth_url: it must be the base URL of the identity service, with or without its version, for " +
			"example https://iam.eu-de.otc.t-systems.com/v3. With assume_role, also check the name of the agency and " +
			"the account that created it."
	case isNetwork:
		return "Check auth_url, region and cloud of the provider, the network, and the proxy (HTTPS_PROXY, " +
			"NO_PROXY). " + cloudIfOmitted
	}
	return ""
}

// cloudIfOmitted is for users of another cloud who have set only a region.
const cloudIfOmitted = "If only a region is set, the cloud is " + defaultCloud + "."

// credentialsRemedy is for credentials that the ELB service rejects.
func credentialsRemedy(kind auth.Kind) string {
	switch kind {
	case auth.KindToken:
		return "The token has expired (after 24 hours), was revoked, or belongs to another project or region. Get a " +
			"new token for this project. With an access key or a password, the provider needs no token."
	case auth.KindAgency:
		return "The temporary keys of the agency were rejected, even after they were renewed. Check the permissions " +
			"of the agency, and that the project belongs to the account that created the agency."
	case auth.KindPassword:
		return "The token issued for this user was rejected, even after it was renewed. " +
			"Check that endpoint and auth_url belong to the same cloud and region."
	}
	return "The access key was rejected. Check that access_key and secret_key belong together and to this cloud, " +
		"that the key is enabled, that security_token is set if the key is temporary, and has not expired, and that " +
		"signing_scheme (access or scoped) is the one that this cloud expects. After several rejected requests, " +
		"the cloud may lock the key for five minutes."
}

// tryLater is the remedy for what the user cannot change.
const tryLater = "Try again in a few minutes; if that does not help, give the request ID to the operator of the " +
	"cloud."

// refusalRemedy chooses a remedy by the codes of the API reference, then by the status.
func refusalRemedy(refusal *httpapi.Error, kind auth.Kind) string {
	const (
		endpoint = "Check the endpoint of the provider: it must be the base URL of the ELB service, without /v1.0, " +
			"and the cloud must still offer the classic load balancer (elbaas v1.0)."
		forbidden = "These credentials are not allowed to do this in this project. " +
			"Check project_id (an ID; a name belongs in project_name), the project that a token was issued for, and " +
			"the policy of the user."
		unavailable = "The service is currently unavailable. " + tryLater
		throttled   = "The cloud limits the rate of calls, for example to 200 in 5 minutes. " +
			"Wait, then try again with a smaller -parallelism."
	)
	switch refusal.Code {
	case "ELB.0002", "ELB.0004", "ELB.0230", "ELB.1000", "ELB.5004", "ELB.5010", "ELB.5020", "ELB.5030", "ELB.6003":
		return "The API rejects the request as malformed. This is a bug in the provider; please report it with the " +
			"code and the request ID."
	case "ELB.1001":
		return "The API does not accept the value of an argument. The rules of this cloud may be stricter than those " +
			"that the provider checks: Open Telekom Cloud documents no Chinese letters in names, and Huawei Cloud no " +
			"wildcard in domain."
	case "ELB.1011", "ELB.5013":
		return "Check that certificate and private_key are PEM, that the key is not encrypted, " +
			"and that it belongs to the first certificate."
	case "ELB.5033":
		return "The API did not change the name or the description, and gave no reason. " + tryLater
	case "ELB.5131", "ELB.5141":
		return unavailable
	case "ELB.6000", "ELB.6010", "ELB.6020":
		return "The ID of the listener is not valid. Check listener_id."
	case "ELB.6002", "ELB.6030":
		return "The listener exists, but the API does not find it or its load balancer. " + tryLater
	case "ELB.6015":
		return "This cloud does not accept a new certificate for the listener. " +
			"Check that its protocol is HTTPS or SSL, and that the certificate belongs to its project."
	case "ELB.6040":
		return "The load balancer of the listener does not exist. Check listener_id."
	case "ELB.5151", "ELB.8905":
		return "Delete certificates that are no longer needed, or ask the operator of the cloud to raise the quota " +
			"(usually 120 for an account). With create_before_destroy, the quota must have room for all certificates " +
			"that an apply replaces. If it does not, put back the old files of the certificates that were rejected, " +
			"apply, and replace these certificates afterwards."
	case "ELB.1102", "ELB.1103", "ELB.1104", "ELB.1105", "ELB.1201", "APIGW.0301":
		return credentialsRemedy(kind)
	case "ELB.1109":
		return "The cloud rejects all requests of an account that is not verified. Verify the account in the console."
	case "ELB.1202":
		return "Use credentials of a regional project. A token of an enterprise project cannot call this API."
	case "ELB.9808":
		return "The token was issued for a project other than project_id. Set project_id to the project of the " +
			"token, or get a token for this project."
	case "ELB.9801", "ELB.9802", "ELB.9803", "ELB.9804", "ELB.9805", "ELB.9806", "ELB.9807", "ELB.9899":
		return forbidden
	case "APIGW.0101", "ELB.1110":
		return endpoint
	case "APIGW.0308":
		return throttled
	}
	switch status := refusal.Status; {
	case status == http.StatusUnauthorized:
		return credentialsRemedy(kind)
	case status == http.StatusForbidden:
		return forbidden
	case status == http.StatusNotFound, status == http.StatusMethodNotAllowed, status < 400 && refusal.Code == "":
		return endpoint
	case status == http.StatusTooManyRequests:
		return throttled
	case status >= 500:
		return unavailable
	}
	return ""
}
