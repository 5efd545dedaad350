package elbstub

import "net/http"

// A refusal is why a call is not carried out. Without a code, its answer has no
// body.
type refusal struct {
	status        int
	code, message string
}

// refused writes a refusal in the shape that the cloud has for it.
func (d Dialect) refused(r refusal) Response {
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

func neutronError(r refusal) Response {
	return respond(r.status, object{{"NeutronError", object{{"type", r.code}, {"message", r.message}, {"detail", ""}}}})
}

// NotFoundText is how an unknown certificate is answered.
type NotFoundText int

// What a cloud may say of a certificate that does not exist.
const (
	NotFound404     NotFoundText = iota // 404 and ELB.5040 (reference, one table)
	NotFound400                         // 400 and ELB.5040 (reference, the other table)
	NotFound500                         // 500 and ELB.5040 (assumed: the tables disagree about the status)
	NotFoundBare                        // 404 and nothing else (seed, the table of statuses)
	NotFoundWords                       // 404 and the words of that table, "Not Found" (seed)
	NotFound8904                        // 404 and ELB.8904 (reference, of newer versions of the API)
	NotFoundNeutron                     // 404 and a NeutronError (observed of its shape, assumed here)
)

// notFound answers the nth call, from 0, for a certificate that does not exist.
func (d Dialect) notFound(nth int) Response {
	const message = "the certificate does not exist"
	switch turn(d.NotFound, nth) {
	case NotFound400:
		return d.refused(refusal{http.StatusBadRequest, "ELB.5040", message})
	case NotFound500:
		return d.refused(refusal{http.StatusInternalServerError, "ELB.5040", message})
	case NotFoundBare:
		return d.refused(refusal{status: http.StatusNotFound})
	case NotFoundWords:
		return d.refused(refusal{http.StatusNotFound, "Not Found", message})
	case NotFound8904:
		return d.refused(refusal{http.StatusNotFound, "ELB.8904", message})
	case NotFoundNeutron:
		return neutronError(refusal{http.StatusNotFound, "CertificateNotFound", message})
	default:
		return d.refused(refusal{http.StatusNotFound, "ELB.5040", message})
	}
}

// InUseText is how the deletion of a certificate that a listener holds is refused.
// No document says with which status and code this API does that. Only two of the
// messages tell the reason, so that no client can go by them.
type InUseText int

// What a cloud may say of a certificate in use.
const (
	InUse5002  InUseText = iota // 400 and ELB.5002 (reference of the code, assumed of its reason)
	InUse409                    // 409 and ELB.8907 (reference, of newer versions of the API)
	InUse1001                   // 400 and ELB.1001, the code for parameters (assumed)
	InUseWords                  // 400 and the words of the table of statuses (seed), assumed here
	InUse403                    // 403 and a code that no table has, nor is it one of policies (assumed)
	InUse500                    // 500 and the words of the table of statuses (seed), assumed here
	InUsePage                   // 400 and an HTML page (assumed)
)

// inUse answers the nth deletion, from 0, of a certificate that is in use.
func (d Dialect) inUse(nth int) Response {
	var response Response
	switch turn(d.InUse, nth) {
	case InUse409:
		response = d.refused(refusal{http.StatusConflict, "ELB.8907", "the certificate is in use by a listener"})
	case InUse1001:
		response = d.refused(*invalid("certificate_id", "is not acceptable"))
	case InUseWords:
		response = d.refused(refusal{http.StatusBadRequest, "badRequest", "bad request"})
	case InUse403:
		response = d.refused(refusal{http.StatusForbidden, "ELB.5099", "forbidden"})
	case InUse500:
		response = d.refused(refusal{http.StatusInternalServerError, "authFault", "fault"})
	case InUsePage:
		response = reply(http.StatusBadRequest, "<html><head><title>400 Bad Request</title></head></html>")
	default:
		response = d.refused(refusal{
			http.StatusBadRequest, "ELB.5002", "the certificate is in use by a listener and cannot be deleted",
		})
	}
	response.inUse = true
	return response
}

// turn returns the nth of the values, which take turns, or the zero value.
func turn[T any](values []T, nth int) T {
	if len(values) == 0 {
		var documented T
		return documented
	}
	return values[nth%len(values)]
}
