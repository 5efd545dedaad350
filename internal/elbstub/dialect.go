package elbstub

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// A Dialect is what differs between the clouds of this family. The zero value is what the
// reference documents for Huawei Cloud.
type Dialect struct {
	PEM PEMForm
	// Keys is how private keys are returned.
	Keys KeyForm
	// Listed is how a list returns the PEM of certificates.
	Listed CertificateForm
	// Unset is how an empty name, description or domain is returned.
	Unset UnsetForm
	// Order is the order of lists.
	Order OrderForm
	// Empty is the form of an empty list.
	Empty EmptyForm
	// Count is the form of instance_num.
	Count CountForm
	// Extra adds undocumented fields.
	Extra bool
	// Wildcards is whether a domain may begin with "*.": a guide of Open Telekom Cloud has such
	// domains for SNI (reference), the tables of fields do not (reference).
	Wildcards bool
	// CreateStatus is the status of a create: 200, if 0 (reference, Huawei Cloud), or 201
	// (reference, Open Telekom Cloud).
	CreateStatus int
	// Modify is the response to a modify.
	Modify ModifyForm
	// DeleteStatus is the status of a delete: 204, if 0 (reference), or 200 or 202
	// (observed).
	DeleteStatus int
	// Errors is the form of errors.
	Errors ErrorForm
	// NotFound are the responses to a modify and a delete of an unknown certificate, in
	// rotation (assumed: backends of several versions). nil means NotFound404.
	NotFound []NotFoundForm
	// InUse are the responses to the deletion of a certificate that a listener holds, in
	// rotation. nil means InUse5002.
	InUse []InUseForm
	// TokenStatus refuses a token: 401, if 0, or 400 (reference, both).
	TokenStatus int
	// SNI is how a listener returns its SNI certificates.
	SNI SNIForm
	// Booleans is how a listener returns true and false.
	Booleans BooleanForm
	// NoListener is the response for an unknown listener.
	NoListener NoListenerForm
	// Switch is the response to the modify of a listener.
	Switch ModifyForm
	// NoCertificate is how a listener refuses a certificate that is not in its project.
	NoCertificate NoCertificateForm
}

// PEMForm is how certificates are returned.
type PEMForm int

// The forms of PEM.
const (
	PEMTrimmed     PEMForm = iota // as sent, without a newline at the end (seed, recorded)
	PEMOneLine                    // the base64 on one line (recorded)
	PEMRewrapped                  // 76 columns (observed)
	PEMCRLF                       // CRLF line ends (observed)
	PEMWithNewline                // a newline at the end (observed)
)

// KeyForm is how private keys are returned.
type KeyForm int

// The forms of private keys.
const (
	KeysClear   KeyForm = iota // as sent (seed, recorded)
	KeysMasked                 // as ****** (observed)
	KeysLeftOut                // not at all (assumed)
)

// CertificateForm is how a list returns the PEM of certificates.
type CertificateForm int

// The forms of PEM in a list. NewDialect has only the first, because with the others no client
// can identify a certificate.
const (
	CertificatesShown   CertificateForm = iota // as Dialect.PEM says (seed, recorded)
	CertificatesMasked                         // as ****** (assumed)
	CertificatesLeftOut                        // not at all (assumed)
)

// UnsetForm is how empty texts are returned.
type UnsetForm int

// The forms of empty texts.
const (
	// UnsetDocumented is an empty name and description, a domain that is null on
	// list and modify (seed, recorded) and absent on create (recorded).
	UnsetDocumented    UnsetForm = iota
	UnsetNull                    // assumed
	UnsetEmpty                   // assumed
	UnsetAbsent                  // assumed
	UnsetDomainNowhere           // as documented, but without a domain in any response (recorded)
)

// OrderForm is the order of lists.
type OrderForm int

// The orders of lists.
const (
	OrderNewest OrderForm = iota // the newest first (recorded of certificates, assumed of listeners)
	OrderOldest                  // the oldest first (assumed)
)

// EmptyForm is the form of an empty list.
type EmptyForm int

// The forms of an empty list.
const (
	EmptyArray EmptyForm = iota // [] (assumed; recorded of the certificates of a listener)
	// EmptyObject is {} instead of the array (observed of the load balancers of this
	// service, assumed here).
	EmptyObject
)

// CountForm is the form of the number of certificates in a list.
type CountForm int

// The forms of instance_num.
const (
	CountString CountForm = iota // reference, recorded
	CountNumber                  // assumed
	CountAbsent                  // assumed
)

// ModifyForm is the response to a modify.
type ModifyForm int

// The responses to a modify.
const (
	ModifyWhole     ModifyForm = iota // 200 and the whole certificate (seed), or listener (reference)
	ModifyAccepted                    // 202 without a body (observed)
	ModifyNoContent                   // 204 without a body (observed)
	ModifyHalf                        // 200 and half of the fields (assumed)
)

// ErrorForm is the form of an error.
type ErrorForm int

// The forms of errors.
const (
	ErrorNested  ErrorForm = iota // {"error":{"message","code"}} (reference)
	ErrorFlat                     // {"error_msg","error_code"} (reference)
	ErrorNeutron                  // {"NeutronError":{"type","message","detail"}} (observed)
)

// Dialects is how many Dialects it takes for each switch to have each of its
// values.
const Dialects = 5

// NewDialect returns the nth Dialect, from 0, which is the zero value, to
// Dialects-1. Together they have every value of every switch but Listed.
func NewDialect(n int) Dialect {
	return Dialect{
		PEM:   pick(n, PEMTrimmed, PEMOneLine, PEMRewrapped, PEMCRLF, PEMWithNewline),
		Keys:  pick(n, KeysClear, KeysMasked, KeysLeftOut),
		Unset: pick(n, UnsetDocumented, UnsetNull, UnsetEmpty, UnsetAbsent, UnsetDomainNowhere),
		Order: pick(n, OrderNewest, OrderOldest),
		// Only where instance_num is given: without it, an empty object proves nothing.
		Empty:        pick(n, EmptyArray, EmptyObject),
		Count:        pick(n, CountString, CountNumber, CountAbsent),
		Extra:        pick(n, false, true),
		Wildcards:    pick(n, false, true),
		CreateStatus: pick(n, 0, http.StatusCreated, http.StatusOK),
		Modify:       pick(n, ModifyWhole, ModifyAccepted, ModifyNoContent, ModifyHalf),
		DeleteStatus: pick(n, 0, http.StatusOK, http.StatusAccepted),
		Errors:       pick(n, ErrorNested, ErrorFlat, ErrorNeutron),
		NotFound: pick(n,
			nil,
			[]NotFoundForm{NotFound400, NotFound500},
			[]NotFoundForm{NotFoundBare},
			[]NotFoundForm{NotFoundWords, NotFoundNeutron},
			[]NotFoundForm{NotFound8904, NotFound404},
		),
		InUse: pick(n,
			nil,
			[]InUseForm{InUse409, InUse5002},
			[]InUseForm{InUse1001, InUse500},
			[]InUseForm{InUse403, InUseWords},
			[]InUseForm{InUsePage},
		),
		TokenStatus:   pick(n, 0, http.StatusBadRequest),
		SNI:           pick(n, SNIArray, SNIString, SNIObject, SNINull, SNIAbsent),
		Booleans:      pick(n, BooleansPlain, BooleansNumbers),
		NoListener:    pick(n, NoListener404, NoListener6030),
		Switch:        pick(n, ModifyWhole, ModifyNoContent, ModifyHalf, ModifyAccepted),
		NoCertificate: pick(n, NoCertificate1001, NoCertificate5040),
	}
}

func pick[T any](n int, values ...T) T {
	if n < 0 || n >= Dialects || len(values) > Dialects {
		panic(fmt.Sprintf("elbstub: there is no dialect %d of %d for %d values", n, Dialects, len(values)))
	}
	return values[n%len(values)]
}

// pem writes a certificate in the form of the cloud. A text that is not PEM is not changed.
func (d Dialect) pem(text string) string {
	if d.PEM == PEMTrimmed {
		return strings.TrimSpace(text)
	}
	var written strings.Builder
	for _, block := range pemBlocks(text) {
		content := []byte(base64.StdEncoding.EncodeToString(block.Bytes))
		columns := map[PEMForm]int{PEMOneLine: len(content), PEMRewrapped: 76}[d.PEM]
		fmt.Fprintf(&written, "-----BEGIN %s-----\n", block.Type)
		for line := range slices.Chunk(content, cmp.Or(columns, 64)) {
			fmt.Fprintf(&written, "%s\n", line)
		}
		fmt.Fprintf(&written, "-----END %s-----\n", block.Type)
	}
	switch {
	case written.Len() == 0:
		return text
	case d.PEM == PEMWithNewline:
		return written.String()
	case d.PEM == PEMCRLF:
		return strings.ReplaceAll(written.String(), "\n", "\r\n")
	}
	return strings.TrimSuffix(written.String(), "\n")
}

// An object is JSON whose fields have an order.
type object []field

type field struct {
	name  string
	value any
}

// MarshalJSON implements json.Marshaler.
func (o object) MarshalJSON() ([]byte, error) {
	fields := make([]string, len(o))
	for i, f := range o {
		value, err := json.Marshal(f.value)
		if err != nil {
			return nil, err
		}
		fields[i] = fmt.Sprintf("%q:%s", f.name, value)
	}
	return []byte("{" + strings.Join(fields, ",") + "}"), nil
}

// unset adds a text that may be empty. documented is the field that the reference has for an
// empty text, or nil for none.
func (d Dialect) unset(o object, name, text string, documented *field) object {
	switch {
	case text != "":
		return append(o, field{name, text})
	case (d.Unset == UnsetDocumented || d.Unset == UnsetDomainNowhere) && documented != nil:
		return append(o, *documented)
	case d.Unset == UnsetNull:
		return append(o, field{name, nil})
	case d.Unset == UnsetEmpty:
		return append(o, field{name, ""})
	}
	return o
}

// body is a certificate in a response (seed, Table 2). The response to a create has a tenant_id
// (reference), and no domain if that is unset (recorded).
func (d Dialect) body(cert *Certificate, created bool) object {
	o := object{{"id", cert.ID}}
	unsetDomain := &field{"domain", nil} // null when unset (seed, recorded)
	if created {
		o = append(o, field{"tenant_id", cert.ProjectID})
	}
	if created || d.Unset == UnsetDomainNowhere {
		unsetDomain = nil
	}
	o = d.unset(o, "name", cert.Name, &field{"name", ""})
	o = d.unset(o, "description", cert.Description, &field{"description", ""})
	o = d.unset(o, "domain", cert.Domain, unsetDomain)
	o = append(o, field{"certificate", d.pem(cert.Certificate)})
	switch d.Keys {
	case KeysClear: // in the list too (seed, reference, recorded)
		o = append(o, field{"private_key", strings.TrimSpace(cert.PrivateKey)})
	case KeysMasked:
		o = append(o, field{"private_key", "******"})
	}
	o = append(o, field{"create_time", cert.CreateTime.Format(timeLayout)})
	o = append(o, field{"update_time", cert.UpdateTime.Format(timeLayout)})
	if d.Extra {
		o = append(o, field{"undocumented", "server"})
		o = append(o, field{"enterprise", object{{"private_key", nil}, {"tags", []string{"a"}}}})
	}
	return o
}

// listed is a certificate in a list.
func (d Dialect) listed(cert *Certificate) object {
	o := d.body(cert, false)
	i := slices.IndexFunc(o, func(f field) bool { return f.name == "certificate" })
	switch d.Listed {
	case CertificatesMasked:
		o[i].value = "******"
	case CertificatesLeftOut:
		return slices.Delete(o, i, i+1)
	}
	return o
}

// ordered puts what was listed from the oldest to the newest into the order of lists.
func (d Dialect) ordered(listed []object) []object {
	if d.Order == OrderNewest {
		slices.Reverse(listed)
	}
	return listed
}

// array is the JSON of a list.
func (d Dialect) array(listed []object) any {
	if len(listed) == 0 && d.Empty == EmptyObject {
		return object{}
	}
	return listed
}

// list is the response to a list, with so many certificates in total.
func (d Dialect) list(certificates []object, count int) object {
	o := object{}
	if d.Extra {
		o = append(o, field{"links", []object{{{"rel", "self"}}}})
	}
	o = append(o, field{"certificates", d.array(certificates)})
	switch d.Count {
	case CountString:
		o = append(o, field{"instance_num", strconv.Itoa(count)})
	case CountNumber:
		o = append(o, field{"instance_num", count})
	case CountAbsent:
	}
	return o
}

// modified is the response to the modify of a certificate.
func (d Dialect) modified(cert *Certificate) Response { return d.Modify.response(d.body(cert, false)) }

// response is the response to a modify with that result.
func (m ModifyForm) response(body object) Response {
	switch m {
	case ModifyAccepted:
		return Response{Status: http.StatusAccepted}
	case ModifyNoContent:
		return Response{Status: http.StatusNoContent}
	case ModifyHalf:
		return respond(http.StatusOK, body[:len(body)/2])
	default:
		return respond(http.StatusOK, body)
	}
}

// tokenStatus is the status that refuses a token.
func (d Dialect) tokenStatus() int { return cmp.Or(d.TokenStatus, http.StatusUnauthorized) }
