package elbstub

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A Dialect is what differs between the clouds of this family. The zero value is what the
// reference documents for Huawei Cloud.
type Dialect struct {
	PEM PEMForm
	// Keys is how private keys are returned.
	Keys TextForm
	// Listed is how a list returns the PEM of certificates. NewDialect has only TextClear (seed,
	// recorded), because with the others (assumed) no client can identify a certificate.
	Listed TextForm
	// Unset is how an empty name, description or domain is returned.
	Unset UnsetForm
	// OldestFirst is the order of lists (assumed) instead of the newest first (recorded of
	// certificates, assumed of listeners).
	OldestFirst bool
	// EmptyObject makes an empty list {} (observed of the load balancers of this service, assumed
	// here) instead of [] (assumed; recorded of the certificates of a listener).
	EmptyObject bool
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
	NotFound []Refusal
	// InUse are the responses to the deletion of a certificate that a listener holds, in
	// rotation. nil means InUse5002.
	InUse []Refusal
	// TokenStatus refuses a token: 401, if 0, or 400 (reference, both).
	TokenStatus int
	// SNI is how a listener returns no SNI certificates. With UnsetEmpty, it returns some of them as
	// one text as well, with commas (reference of the type, assumed of the commas).
	SNI UnsetForm
	// BooleanNumbers makes true and false of a listener 1 and 0 (reference, in an example).
	BooleanNumbers bool
	// NoListener is the response for an unknown listener: NoListener404, if it is empty.
	NoListener Refusal
	// Switch is the response to the modify of a listener.
	Switch ModifyForm
	// NoCertificate is how a listener refuses a certificate that is not in its project:
	// NoCertificate1001, if it is empty.
	NoCertificate Refusal
}

// PEMForm is how certificates are returned.
type PEMForm struct {
	columns      int
	newline, end string
}

// The forms of PEM.
var (
	PEMTrimmed     = PEMForm{}                   // as sent, without a newline at the end (seed, recorded)
	PEMOneLine     = PEMForm{1 << 20, "\n", ""}  // the base64 on one line (recorded)
	PEMRewrapped   = PEMForm{76, "\n", ""}       // 76 columns (observed)
	PEMCRLF        = PEMForm{64, "\r\n", "\r\n"} // CRLF line ends (observed)
	PEMWithNewline = PEMForm{64, "\n", "\n"}     // a newline at the end (observed)
)

// TextForm is how a text is returned.
type TextForm int

// The forms of a text.
const (
	TextClear   TextForm = iota // as it is (seed, recorded)
	TextMasked                  // as ****** (observed of private keys)
	TextLeftOut                 // not at all (assumed)
)

// of returns a text in its form.
func (f TextForm) of(text string) any {
	return []any{text, "******", absent}[f]
}

// UnsetForm is how empty texts, or no SNI certificates, are returned.
type UnsetForm int

// The forms of empty texts, and of no SNI certificates.
const (
	// UnsetDocumented is an empty name and description, a domain that is null on list and modify
	// (seed, recorded) and absent on create (recorded), and an empty array of SNI certificates
	// (recorded).
	UnsetDocumented    UnsetForm = iota
	UnsetNull                    // assumed
	UnsetEmpty                   // assumed
	UnsetAbsent                  // assumed; of SNI certificates: recorded of old ones, reference of Huawei Cloud
	UnsetDomainNowhere           // as documented, but without a domain in any response (recorded)
	UnsetObject                  // {}, for SNI certificates (observed of other lists of this service)
)

// of returns what a response has for a field that is not set; documented is what the reference says.
func (f UnsetForm) of(documented any) any {
	return []any{documented, nil, "", absent, documented, object{}}[f]
}

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
	ModifyWhole     ModifyForm = iota                 // 200 and the whole certificate (seed), or listener (reference)
	ModifyHalf                                        // 200 and half of the fields (assumed)
	ModifyAccepted  ModifyForm = http.StatusAccepted  // without a body (observed)
	ModifyNoContent ModifyForm = http.StatusNoContent // without a body (observed)
)

// ErrorForm is the form of an error.
type ErrorForm int

// The forms of errors.
const (
	ErrorNested  ErrorForm = iota // {"error":{"message","code"}} (reference)
	ErrorFlat                     // {"error_msg","error_code"} (reference)
	ErrorNeutron                  // {"NeutronError":{"type","message","detail"}} (observed)
)

// Dialects is the number of dialects that NewDialect has.
const Dialects = 5

// NewDialect returns the nth Dialect, from 0, which is the zero value, to
// Dialects-1. Together they have every value of every field, except those of Listed, and InUsePolicy.
func NewDialect(n int) Dialect {
	return Dialect{
		PEM:         pick(n, PEMTrimmed, PEMOneLine, PEMRewrapped, PEMCRLF, PEMWithNewline),
		Keys:        pick(n, TextClear, TextMasked, TextLeftOut),
		Unset:       pick(n, UnsetDocumented, UnsetNull, UnsetEmpty, UnsetAbsent, UnsetDomainNowhere),
		OldestFirst: pick(n, false, true),
		// Only where instance_num is given: without it, an empty object proves nothing.
		EmptyObject:  pick(n, false, true),
		Count:        pick(n, CountString, CountNumber, CountAbsent),
		Extra:        pick(n, false, true),
		Wildcards:    pick(n, false, true),
		CreateStatus: pick(n, 0, http.StatusCreated, http.StatusOK),
		Modify:       pick(n, ModifyWhole, ModifyAccepted, ModifyNoContent, ModifyHalf),
		DeleteStatus: pick(n, 0, http.StatusOK, http.StatusAccepted),
		Errors:       pick(n, ErrorNested, ErrorFlat, ErrorNeutron),
		NotFound: pick(n, nil, []Refusal{NotFound400, NotFound500}, []Refusal{NotFoundBare},
			[]Refusal{NotFoundWords, NotFoundNeutron}, []Refusal{NotFound8904, NotFound404}),
		InUse: pick(n, nil, []Refusal{InUse409, InUse5002}, []Refusal{InUse1001, InUse500},
			[]Refusal{InUse403, InUseWords}, []Refusal{InUsePage}),
		TokenStatus:    pick(n, 0, http.StatusBadRequest),
		SNI:            pick(n, UnsetDocumented, UnsetEmpty, UnsetObject, UnsetNull, UnsetAbsent),
		BooleanNumbers: pick(n, false, true),
		NoListener:     pick(n, NoListener404, NoListener6030),
		Switch:         pick(n, ModifyWhole, ModifyNoContent, ModifyHalf, ModifyAccepted),
		NoCertificate:  pick(n, NoCertificate1001, NoCertificate5040),
	}
}

func pick[T any](n int, values ...T) T { return values[n%len(values)] }

// pem writes a certificate in the form of the cloud. A text that is not PEM is only trimmed.
func (d Dialect) pem(text string) string {
	blocks := pemBlocks(text)
	if d.PEM == PEMTrimmed || len(blocks) == 0 {
		return strings.TrimSpace(text)
	}
	var lines []string
	for _, block := range blocks {
		lines = append(lines, "-----BEGIN "+block.Type+"-----")
		content := []byte(base64.StdEncoding.EncodeToString(block.Bytes))
		for line := range slices.Chunk(content, d.PEM.columns) {
			lines = append(lines, string(line))
		}
		lines = append(lines, "-----END "+block.Type+"-----")
	}
	return strings.Join(lines, d.PEM.newline) + d.PEM.end
}

// An object is JSON whose fields have an order.
type object []field

type field struct {
	name  string
	value any
}

// absent is the value of a field that an object does not have.
const absent = absence("absent")

type absence string

// present returns the object without its absent fields.
func (o object) present() object {
	return slices.DeleteFunc(o, func(f field) bool { return f.value == absent })
}

// MarshalJSON implements json.Marshaler.
func (o object) MarshalJSON() ([]byte, error) {
	fields := make([]string, len(o))
	for i, f := range o {
		value, _ := json.Marshal(f.value) // json reports it if what is returned is malformed
		fields[i] = fmt.Sprintf("%q:%s", f.name, value)
	}
	return []byte("{" + strings.Join(fields, ",") + "}"), nil
}

// unset returns a text or, if it is empty, what this dialect returns instead; documented is what the
// reference says.
func (d Dialect) unset(text string, documented any) any {
	if text != "" {
		return text
	}
	return d.Unset.of(documented)
}

// body is a certificate in the response to an operation (seed, Table 2).
func (d Dialect) body(cert Certificate, operation Operation) object {
	form := TextClear
	var project, noDomain any = absent, nil // a domain is null when unset (seed, recorded)
	switch operation {
	case CreateCertificate: // tenant_id: reference; no domain if that is unset: recorded
		project, noDomain = cert.ProjectID, absent
	case ListCertificates:
		form = d.Listed
	}
	if d.Unset == UnsetDomainNowhere {
		noDomain = absent
	}
	o := object{
		{"id", cert.ID},
		{"tenant_id", project},
		{"name", d.unset(cert.Name, "")},
		{"description", d.unset(cert.Description, "")},
		{"domain", d.unset(cert.Domain, noDomain)},
		{"certificate", form.of(d.pem(cert.Certificate))},
		{"private_key", d.Keys.of(strings.TrimSpace(cert.PrivateKey))}, // in the list too (seed, reference, recorded)
		{"create_time", cert.CreateTime.Format(time.DateTime)},
		{"update_time", cert.UpdateTime.Format(time.DateTime)},
	}.present()
	if d.Extra {
		o = append(o, field{"undocumented", "server"})
		o = append(o, field{"enterprise", object{{"private_key", nil}, {"tags", []string{"a"}}}})
	}
	return o
}

// list is the JSON of what is listed, which is given from the oldest to the newest.
func (d Dialect) list(listed []object) any {
	if len(listed) == 0 && d.EmptyObject {
		return object{}
	}
	if !d.OldestFirst {
		slices.Reverse(listed)
	}
	return listed
}

// certificates is the response to a list of certificates, whose total is count.
func (d Dialect) certificates(listed []object, count int) object {
	o := object{
		{"certificates", d.list(listed)},
		{"instance_num", []any{strconv.Itoa(count), count, absent}[d.Count]},
	}.present()
	if d.Extra {
		o = append(object{{"links", []object{{{"rel", "self"}}}}}, o...)
	}
	return o
}

// response is the response to a modify with that result.
func (m ModifyForm) response(body object) Response {
	switch m {
	case ModifyWhole:
		return respond(http.StatusOK, body)
	case ModifyHalf:
		return respond(http.StatusOK, body[:len(body)/2])
	}
	return Response{Status: int(m)}
}
