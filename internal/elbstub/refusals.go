package elbstub

import (
	"fmt"
	"net/http"
)

// A refusal is an error response. Without a code, it has no body.
type refusal struct {
	status        int
	code, message string
}

func badRequest(code, message string) *refusal { return &refusal{http.StatusBadRequest, code, message} }

func forbidden(code, message string) *refusal { return &refusal{http.StatusForbidden, code, message} }

func notFound(code, message string) *refusal { return &refusal{http.StatusNotFound, code, message} }

// unauthorized refuses credentials (observed).
func unauthorized(why string) *refusal {
	return &refusal{http.StatusUnauthorized, "APIGW.0301", "Incorrect IAM authentication information: " + why}
}

// invalid refuses a parameter (reference).
func invalid(parameter, rule string) *refusal {
	return badRequest("ELB.1001", fmt.Sprintf("parameter %s is invalid: it %s", parameter, rule))
}

// refused writes a refusal in the form of the cloud.
func (d Dialect) refused(r *refusal) Response {
	switch {
	case r.code == "":
		return Response{Status: r.status}
	case d.Errors == ErrorFlat:
		return respond(r.status, object{{"error_msg", r.message}, {"error_code", r.code}})
	case d.Errors == ErrorNeutron:
		return neutronError(r)
	}
	return respond(r.status, object{{"error", object{{"message", r.message}, {"code", r.code}}}})
}

func neutronError(r *refusal) Response {
	return respond(r.status, object{{"NeutronError", object{{"type", r.code}, {"message", r.message}, {"detail", ""}}}})
}

// NotFoundForm is the response for an unknown certificate.
type NotFoundForm int

// The responses for a certificate that does not exist.
const (
	NotFound404     NotFoundForm = iota // 404 and ELB.5040 (reference, one table)
	NotFound400                         // 400 and ELB.5040 (reference, the other table)
	NotFound500                         // 500 and ELB.5040 (assumed: the tables disagree about the status)
	NotFoundBare                        // 404 and nothing else (seed, the table of statuses)
	NotFoundWords                       // 404 and the words of that table, "Not Found" (seed)
	NotFound8904                        // 404 and ELB.8904 (reference, of newer versions of the API)
	NotFoundNeutron                     // 404 and a NeutronError (observed of its shape, assumed here)
)

// notFound is the nth response, from 0, for a certificate that does not exist.
func (d Dialect) notFound(nth int) Response {
	const message = "the certificate does not exist"
	switch nthOf(d.NotFound, nth) {
	case NotFound400:
		return d.refused(badRequest("ELB.5040", message))
	case NotFound500:
		return d.refused(&refusal{http.StatusInternalServerError, "ELB.5040", message})
	case NotFoundBare:
		return d.refused(notFound("", ""))
	case NotFoundWords:
		return d.refused(notFound("Not Found", message))
	case NotFound8904:
		return d.refused(notFound("ELB.8904", message))
	case NotFoundNeutron:
		return neutronError(notFound("CertificateNotFound", message))
	default:
		return d.refused(notFound("ELB.5040", message))
	}
}

// InUseForm is the response to the deletion of a certificate that a listener holds. The status
// and the code of this API are not documented. Only two of the messages state the reason, so
// that no client can rely on them.
type InUseForm int

// The responses for a certificate in use.
const (
	InUse5002  InUseForm = iota // 400 and ELB.5002 (reference of the code, assumed of its reason)
	InUse409                    // 409 and ELB.8907 (reference, of newer versions of the API)
	InUse1001                   // 400 and ELB.1001, the code for parameters (assumed)
	InUseWords                  // 400 and the words of the table of statuses (seed), assumed here
	InUse403                    // 403 and a code that no table has, nor is it one of policies (assumed)
	InUse500                    // 500 and the words of the table of statuses (seed), assumed here
	InUsePage                   // 400 and an HTML page (assumed)
)

// inUse is the response to the nth deletion, from 0, of a certificate that is in use.
func (d Dialect) inUse(nth int) Response {
	var response Response
	switch nthOf(d.InUse, nth) {
	case InUse409:
		response = d.refused(&refusal{http.StatusConflict, "ELB.8907", "the certificate is in use by a listener"})
	case InUse1001:
		response = d.refused(invalid("certificate_id", "is not acceptable"))
	case InUseWords:
		response = d.refused(badRequest("badRequest", "bad request"))
	case InUse403:
		response = d.refused(forbidden("ELB.5099", "forbidden"))
	case InUse500:
		response = d.refused(&refusal{http.StatusInternalServerError, "authFault", "fault"})
	case InUsePage:
		response = reply(http.StatusBadRequest, "<html><head><title>400 Bad Request</title></head></html>")
	default:
		const message = "the certificate is in use by a listener and cannot be deleted"
		response = d.refused(badRequest("ELB.5002", message))
	}
	response.inUse = true
	return response
}

// nthOf returns the nth of values that are used in rotation, or the zero value.
func nthOf[T any](values []T, nth int) (value T) {
	if len(values) == 0 {
		return value
	}
	return values[nth%len(values)]
}
