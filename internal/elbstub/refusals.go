package elbstub

import (
	"fmt"
	"net/http"
)

// A Refusal is an error response. Without a code, its message is the whole body.
type Refusal struct {
	status        int
	code, message string
}

func badRequest(code, message string) *Refusal { return &Refusal{http.StatusBadRequest, code, message} }

// unauthorized refuses credentials (observed).
func unauthorized(why string) *Refusal {
	return &Refusal{http.StatusUnauthorized, "APIGW.0301", "Incorrect IAM authentication information: " + why}
}

// invalid refuses a parameter (reference).
func invalid(parameter, rule string) *Refusal {
	return badRequest("ELB.1001", fmt.Sprintf("parameter %s is invalid: it %s", parameter, rule))
}

// refused writes a refusal in the form of the cloud.
func (d Dialect) refused(r Refusal) Response {
	if r.code == "" {
		return reply(r.status, r.message)
	}
	return respond(r.status, []object{
		ErrorNested:  {{"error", object{{"message", r.message}, {"code", r.code}}}},
		ErrorFlat:    {{"error_msg", r.message}, {"error_code", r.code}},
		ErrorNeutron: {{"NeutronError", object{{"type", r.code}, {"message", r.message}, {"detail", ""}}}},
	}[d.Errors])
}

const (
	isGone  = "the certificate does not exist"
	isInUse = "the certificate is in use by a listener"
)

// The responses for a certificate that does not exist.
var (
	NotFound404   = Refusal{404, "ELB.5040", isGone}  // reference, one table
	NotFound400   = Refusal{400, "ELB.5040", isGone}  // reference, the other table
	NotFound500   = Refusal{500, "ELB.5040", isGone}  // assumed: the tables disagree about the status
	NotFoundBare  = Refusal{404, "", ""}              // seed, the table of statuses
	NotFoundWords = Refusal{404, "Not Found", isGone} // the words of that table (seed)
	NotFound8904  = Refusal{404, "ELB.8904", isGone}  // reference, of newer versions of the API
	// observed of its shape, assumed here
	NotFoundNeutron = Refusal{404, "", `{"NeutronError":{"type":"CertificateNotFound","message":"gone","detail":""}}`}
)

// The responses for a certificate in use. The status and the code of this API are not documented.
// Only two of the messages state the reason, so that no client can rely on them.
var (
	// reference of the code, assumed of its reason
	InUse5002 = Refusal{400, "ELB.5002", isInUse}
	// reference, of newer versions of the API
	InUse409 = Refusal{409, "ELB.8907", isInUse}
	// the code for parameters (assumed)
	InUse1001 = *invalid("certificate_id", "is not acceptable")
	// the words of the table of statuses (seed), assumed here
	InUseWords = Refusal{400, "badRequest", "bad request"}
	InUse500   = Refusal{500, "authFault", "fault"}
	// a code that no table has, nor is it one of policies (assumed)
	InUse403 = Refusal{403, "ELB.5099", "forbidden"}
	// assumed
	InUsePage = Refusal{400, "", "<html><head><title>400 Bad Request</title></head></html>"}
	// reference of the code, assumed of such a policy
	InUsePolicy = Refusal{403, "ELB.9803", "the policy does not allow the action"}
)

// The responses for a listener that does not exist.
var (
	NoListener404 = Refusal{404, "", ""} // assumed
	// reference of the code, assumed of its reason
	NoListener6030 = Refusal{400, "ELB.6030", "the listener belongs to no load balancer"}
)

// The responses to a modify of a listener whose certificate is not in its project. No code is
// documented (assumed).
var (
	NoCertificate1001 = *invalid("certificate_id", "is not the ID of a certificate")
	NoCertificate5040 = NotFound404
)

// inTurn returns the refusal of the nth call of an operation: one of some, in rotation, or another
// one if there are none.
func inTurn(refusals []Refusal, nth int, otherwise Refusal) *Refusal {
	if len(refusals) == 0 {
		return &otherwise
	}
	return &refusals[(nth-1)%len(refusals)]
}
