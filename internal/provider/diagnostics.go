package provider

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/elbaas/terraform-provider-elbaas/internal/elb"
)

// addError adds an error of the API client.
func addError(diags *diag.Diagnostics, summary string, err error) {
	diags.AddError(summary, describe(err))
}

// describe writes an error of the API client for a reader: what happened, the
// code and the request id of the server, the way out.
func describe(err error) string {
	parts := []string{capitalize(err.Error()) + "."}
	if way := wayOut(err); way != "" {
		parts = append(parts, way)
	}
	return strings.Join(parts, "\n\n")
}

// refused reports whether an error proves that the server did nothing.
func refused(err error) bool {
	var answer *elb.Error
	if errors.As(err, &answer) {
		return answer.Status >= 400 && answer.Status < 500
	}
	var untrusted *tls.CertificateVerificationError
	var network *net.OpError
	return errors.As(err, &untrusted) || errors.As(err, &network) && network.Op == "dial" // nothing was sent
}

func capitalize(sentence string) string {
	if sentence == "" {
		return ""
	}
	return strings.ToUpper(sentence[:1]) + sentence[1:]
}

// wayOut says what the user can do about an error, or nothing.
func wayOut(err error) string {
	var inUse *elb.InUseError
	var answer *elb.Error
	var network *url.Error
	switch {
	case errors.Is(err, elb.ErrNotFound):
		return "Somebody else has deleted the certificate. Plan and apply again: Terraform then creates a new one."
	case errors.Is(err, elb.ErrNotShown):
		return "Plan again in a few minutes: the plan shows whether the change has come through by then. A longer update timeout waits longer."
	case errors.As(err, &inUse):
		return inUseWayOut(inUse)
	case errors.Is(err, context.Canceled):
		return "The operation was interrupted."
	case errors.Is(err, context.DeadlineExceeded):
		return "There was no answer in time: one call may take a minute, and the whole operation as long as the timeouts block of the resource allows. " +
			"Check that the endpoint can be reached, and apply again."
	case errors.As(err, &answer):
		return answerWayOut(answer)
	case errors.As(err, &network):
		return "The ELB service gave no answer. Check the endpoint of the provider, the network, and the proxy in HTTPS_PROXY and NO_PROXY."
	}
	return ""
}

func inUseWayOut(err *elb.InUseError) string {
	const way = "Give the listener another certificate first. To replace a certificate that is in use, set create_before_destroy in its lifecycle block."
	switch {
	case err.ListenersErr != nil:
		return fmt.Sprintf("Which listener holds it is not known: %s.\n\n%s", err.ListenersErr, way)
	case len(err.Listeners) == 0:
		return "No listener of the project says that it holds the certificate; one of another project may.\n\n" + way
	}
	holders := make([]string, len(err.Listeners))
	for i, listener := range err.Listeners {
		holders[i] = fmt.Sprintf("  - listener %q (id %s) of load balancer %s", listener.Name, listener.ID, listener.LoadBalancerID)
	}
	return "It is held by:\n" + strings.Join(holders, "\n") + "\n\n" + way
}

// answerWayOut goes by the codes of the API reference, then by the status.
func answerWayOut(answer *elb.Error) string {
	const (
		renew    = "Get a new token, and check that it was issued for this project: a token is good for one project and lives for 24 hours."
		endpoint = "Check the endpoint of the provider: it must be the base URL of the ELB service, without /v1.0, and the cloud must still offer the classic load balancer (elbaas v1.0)."
		forbid   = "The credentials may not do this in this project. Check project_id, that the token was issued for that project, and the policy of the user."
		waiting  = "The service is not available right now. Apply again in a few minutes; if that does not help, give the request id to the operator of the cloud."
		ourFault = "The server does not understand the request, which is not the configuration's fault. Please report it to the authors of the provider, with the code and the request id."
	)
	switch answer.Code {
	case "ELB.0002", "ELB.5004", "ELB.5010", "ELB.5020", "ELB.5030":
		return ourFault
	case "ELB.1001":
		return "The server refuses the value of an argument. The rules of this cloud may be narrower than the ones checked here: Open Telekom Cloud, for one, documents no Chinese letters in names."
	case "ELB.1011", "ELB.5013":
		return "Check that certificate and private_key are PEM, that the key is not encrypted, and that it belongs to the first certificate."
	case "ELB.5033":
		return "The server did not change the name and the description, and does not say why. Apply again; if that does not help, give the request id to the operator of the cloud."
	case "ELB.5131", "ELB.5141":
		return waiting
	case "ELB.5151":
		return "Delete certificates that nobody needs any more, or have the operator of the cloud raise the quota (120 for an account is the usual default). " +
			"Note that a replacement with create_before_destroy needs room for one more."
	case "ELB.1102", "ELB.1103", "ELB.1104", "ELB.1105", "ELB.1201", "APIGW.0301":
		return renew
	case "ELB.9802", "ELB.9803", "ELB.9804":
		return forbid
	case "APIGW.0101":
		return endpoint
	case "APIGW.0201":
		return waiting
	case "APIGW.0308":
		return "The cloud limits how often it is called, for example 200 times in 5 minutes. Wait, then apply again, with a smaller -parallelism."
	}
	switch status := answer.Status; {
	case status == http.StatusUnauthorized:
		return renew
	case status == http.StatusForbidden:
		return forbid
	case status == http.StatusNotFound, status == http.StatusMethodNotAllowed, status < 400:
		return endpoint
	case status == http.StatusTooManyRequests, status >= 500:
		return waiting
	}
	return ""
}

// describe says what the server did with what it was sent.
func (d difference) describe(id string) string {
	return fmt.Sprintf("Certificate %q was sent the %s %q, and the server answered %q.", id, d.attribute, d.planned.ValueString(), d.answered)
}
