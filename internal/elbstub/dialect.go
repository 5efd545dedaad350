package elbstub

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// A Dialect is what the clouds of this family answer in different ways. The zero
// value is what the reference documents for Huawei Cloud.
type Dialect struct {
	PEM PEMText
	// Keys is how private keys are answered.
	Keys KeyText
	// Listed is how a list shows the texts of certificates.
	Listed CertificateText
	// Unset is how a name, a description and a domain that are empty are answered.
	Unset UnsetText
	// Order is the order of lists.
	Order OrderText
	// Empty is how a list of nothing is answered.
	Empty EmptyText
	// Count is how instance_num is answered.
	Count CountText
	// Extra adds fields that no document knows.
	Extra bool
	// Wildcards is whether a domain may begin with "*.": a guide of Open Telekom Cloud
	// names such domains for SNI (reference), the tables of fields do not (reference).
	Wildcards bool
	// CreateStatus answers a create: 200, if 0 (reference, Huawei Cloud), or 201
	// (reference, Open Telekom Cloud).
	CreateStatus int
	// Modify is how a modify is answered.
	Modify ModifyText
	// DeleteStatus answers a delete: 204, if 0 (reference), or 200 or 202
	// (observed).
	DeleteStatus int
	// Errors is the shape of errors.
	Errors ErrorText
	// NotFound is how a modify and a delete of nothing are answered: in turns, if
	// there are several ways (assumed: backends of several versions). nil means
	// NotFound404.
	NotFound []NotFoundText
	// InUse is how the deletion of what a listener holds is refused, in turns as
	// well. nil means InUse5002.
	InUse []InUseText
	// TokenStatus refuses a token: 401, if 0, or 400 (reference, both).
	TokenStatus int
	// SNI is how a listener shows its further certificates.
	SNI SNIText
	// Booleans is how a listener shows true and false.
	Booleans BooleanText
	// NoListener is how a listener that does not exist is answered.
	NoListener NoListenerText
	// Switch is how the modify of a listener is answered.
	Switch ModifyText
	// NoCertificate is how a listener refuses a certificate that its project has not.
	NoCertificate NoCertificateText
}

// PEMText is how certificates come back.
type PEMText int

// What a cloud may make of PEM.
const (
	PEMTrimmed     PEMText = iota // as sent, without a newline at the end (seed, recorded)
	PEMOneLine                    // the base64 on one line (recorded)
	PEMRewrapped                  // 76 columns (observed)
	PEMCRLF                       // CRLF line ends (observed)
	PEMWithNewline                // a newline at the end (observed)
)

// KeyText is how private keys come back.
type KeyText int

// What a cloud may make of private keys.
const (
	KeysClear   KeyText = iota // as sent (seed, recorded)
	KeysMasked                 // as ****** (observed)
	KeysLeftOut                // not at all (assumed)
)

// CertificateText is how a list shows certificates.
type CertificateText int

// What a list may make of certificates. NewDialect has only the first, since with the
// others nobody can find out what a certificate is.
const (
	CertificatesShown   CertificateText = iota // as Dialect.PEM says (seed, recorded)
	CertificatesMasked                         // as ****** (assumed)
	CertificatesLeftOut                        // not at all (assumed)
)

// UnsetText is how empty texts come back.
type UnsetText int

// What a cloud may make of empty texts.
const (
	// UnsetDocumented is an empty name and description, a domain that is null on
	// list and modify (seed, recorded) and absent on create (recorded).
	UnsetDocumented    UnsetText = iota
	UnsetNull                    // assumed
	UnsetEmpty                   // assumed
	UnsetAbsent                  // assumed
	UnsetDomainNowhere           // as documented, but without a domain in any response (recorded)
)

// OrderText is the order of lists.
type OrderText int

// The orders that lists may have.
const (
	OrderNewest OrderText = iota // the newest first (recorded of certificates, assumed of listeners)
	OrderOldest                  // the oldest first (assumed)
)

// EmptyText is how a list of nothing comes.
type EmptyText int

// What a cloud may list when there is nothing.
const (
	EmptyArray EmptyText = iota // [] (assumed; recorded of the certificates of a listener)
	// EmptyObject is {} in the place of the array (observed of the load balancers of
	// this service, assumed here): the list of listeners is nothing but that.
	EmptyObject
)

// CountText is how the number of listed certificates comes.
type CountText int

// What a cloud may make of instance_num.
const (
	CountString CountText = iota // reference, recorded
	CountNumber                  // assumed
	CountAbsent                  // assumed
)

// ModifyText is how a modify is answered.
type ModifyText int

// What a cloud may answer to a modify.
const (
	ModifyWhole     ModifyText = iota // 200 and the whole certificate (seed), or listener (reference)
	ModifyAccepted                    // 202 without a body (observed)
	ModifyNoContent                   // 204 without a body (observed)
	ModifyHalf                        // 200 and half of the fields (assumed)
)

// ErrorText is the shape of an error.
type ErrorText int

// What an error may look like.
const (
	ErrorNested  ErrorText = iota // {"error":{"message","code"}} (reference)
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
			[]NotFoundText{NotFound400, NotFound500},
			[]NotFoundText{NotFoundBare},
			[]NotFoundText{NotFoundWords, NotFoundNeutron},
			[]NotFoundText{NotFound8904, NotFound404},
		),
		InUse: pick(n,
			nil,
			[]InUseText{InUse409, InUse5002},
			[]InUseText{InUse1001, InUse500},
			[]InUseText{InUse403, InUseWords},
			[]InUseText{InUsePage},
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

// pem writes a certificate as the cloud does. What is not PEM stays.
func (d Dialect) pem(text string) string {
	if d.PEM == PEMTrimmed {
		return strings.TrimSpace(text)
	}
	var written strings.Builder
	for _, block := range pemBlocks(text) {
		content := base64.StdEncoding.EncodeToString(block.Bytes)
		fmt.Fprintf(&written, "-----BEGIN %[1]s-----\n%[2]s\n-----END %[1]s-----\n", block.Type, wrap(content, d.columns(len(content))))
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

// columns returns the line width for a content of so many characters.
func (d Dialect) columns(length int) int {
	switch d.PEM {
	case PEMOneLine:
		return length
	case PEMRewrapped:
		return 76
	default:
		return 64
	}
}

func wrap(text string, columns int) string {
	var lines []string
	for len(text) > columns {
		lines = append(lines, text[:columns])
		text = text[columns:]
	}
	return strings.Join(append(lines, text), "\n")
}

// An object is JSON whose fields have an order.
type object []field

type field struct {
	name  string
	value any
}

// MarshalJSON implements json.Marshaler.
func (o object) MarshalJSON() ([]byte, error) {
	var text bytes.Buffer
	text.WriteByte('{')
	for i, f := range o {
		if i > 0 {
			text.WriteByte(',')
		}
		name, err := json.Marshal(f.name)
		if err != nil {
			return nil, err
		}
		value, err := json.Marshal(f.value)
		if err != nil {
			return nil, err
		}
		text.Write(name)
		text.WriteByte(':')
		text.Write(value)
	}
	text.WriteByte('}')
	return text.Bytes(), nil
}

// unset adds a text that may be empty. documented is what the reference answers
// then; nil leaves the field out.
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

// body is a certificate in an answer (seed, Table 2): to a create with tenant_id
// (reference), and without a domain when that is unset (recorded).
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
	o = append(o, field{"create_time", cert.CreateTime.Format(timeLayout)}, field{"update_time", cert.UpdateTime.Format(timeLayout)})
	if d.Extra {
		o = append(o, field{"type", "server"}, field{"enterprise", object{{"private_key", nil}, {"tags", []string{"a"}}}})
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

// list is the answer to a list that counts so many certificates.
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

// modified is the answer to the modify of a certificate.
func (d Dialect) modified(cert *Certificate) Response { return d.Modify.response(d.body(cert, false)) }

// response is what a modify answers that made this of something.
func (m ModifyText) response(body object) Response {
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

// tokenStatus refuses a token.
func (d Dialect) tokenStatus() int { return cmp.Or(d.TokenStatus, http.StatusUnauthorized) }
