package elbstub

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

// A Dialect is what the clouds of this family answer in different ways. The zero
// value is what the reference documents for Huawei Cloud.
type Dialect struct {
	PEM PEMText
	// Keys is how private keys are answered.
	Keys KeyText
	// Unset is how a name, a description and a domain that are empty are answered.
	Unset UnsetText
	// Count is how instance_num is answered.
	Count CountText
	// Extra adds fields that no document knows.
	Extra bool
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
	// NotFound is how a modify and a delete of nothing are answered.
	NotFound NotFoundText
	// TokenStatus refuses a token: 401, if 0, or 400 (reference, both).
	TokenStatus int
	// InUseStatus refuses to delete what a listener holds: 400, if 0 (assumed), or
	// 409 (reference, of newer versions of the API).
	InUseStatus int
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

// UnsetText is how empty texts come back.
type UnsetText int

// What a cloud may make of empty texts.
const (
	// UnsetDocumented is an empty name and description, a domain that is null on
	// list and modify (seed, recorded) and absent on create (recorded).
	UnsetDocumented UnsetText = iota
	UnsetNull                 // assumed
	UnsetEmpty                // assumed
	UnsetAbsent               // assumed
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
	ModifyWhole     ModifyText = iota // 200 and the whole certificate (seed)
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

// NotFoundText is how an unknown certificate is answered.
type NotFoundText int

// What a cloud may say of a certificate that does not exist.
const (
	NotFound404  NotFoundText = iota // 404 and ELB.5040 (reference, one table)
	NotFound400                      // 400 and ELB.5040 (reference, the other table)
	NotFoundBare                     // 404 and nothing else (seed, the table of statuses)
)

// Dialects is how many Dialects it takes for each switch to have each of its
// values.
const Dialects = 5

// NewDialect returns the nth Dialect, from 0, which is the zero value, to
// Dialects-1. Together they have every value of every switch.
func NewDialect(n int) Dialect {
	return Dialect{
		PEM:          pick(n, PEMTrimmed, PEMOneLine, PEMRewrapped, PEMCRLF, PEMWithNewline),
		Keys:         pick(n, KeysClear, KeysMasked, KeysLeftOut),
		Unset:        pick(n, UnsetDocumented, UnsetNull, UnsetEmpty, UnsetAbsent),
		Count:        pick(n, CountString, CountNumber, CountAbsent),
		Extra:        pick(n, false, true),
		CreateStatus: pick(n, 0, http.StatusCreated, http.StatusOK),
		Modify:       pick(n, ModifyWhole, ModifyAccepted, ModifyNoContent, ModifyHalf),
		DeleteStatus: pick(n, 0, http.StatusOK, http.StatusAccepted),
		Errors:       pick(n, ErrorNested, ErrorFlat, ErrorNeutron),
		NotFound:     pick(n, NotFound404, NotFound400, NotFoundBare),
		TokenStatus:  pick(n, 0, http.StatusBadRequest),
		InUseStatus:  pick(n, 0, http.StatusConflict),
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
	case d.Unset == UnsetDocumented && documented != nil:
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

// list is the answer to a list that counts so many certificates.
func (d Dialect) list(certificates []object, count int) object {
	o := object{}
	if d.Extra {
		o = append(o, field{"links", []object{{{"rel", "self"}}}})
	}
	o = append(o, field{"certificates", certificates})
	switch d.Count {
	case CountString:
		o = append(o, field{"instance_num", strconv.Itoa(count)})
	case CountNumber:
		o = append(o, field{"instance_num", count})
	case CountAbsent:
	}
	return o
}

// modified is the answer to a modify.
func (d Dialect) modified(cert *Certificate) Response {
	body := d.body(cert, false)
	switch d.Modify {
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

// refused writes a refusal in the shape that the cloud has for it.
func (d Dialect) refused(r refusal) Response {
	switch {
	case r.code == "":
		return Response{Status: r.status}
	case d.Errors == ErrorFlat:
		return respond(r.status, object{{"error_msg", r.message}, {"error_code", r.code}})
	case d.Errors == ErrorNeutron:
		return respond(r.status, object{{"NeutronError", object{{"type", r.code}, {"message", r.message}, {"detail", ""}}}})
	}
	return respond(r.status, object{{"error", object{{"message", r.message}, {"code", r.code}}}})
}

// notFound refuses a certificate that does not exist.
func (d Dialect) notFound() *refusal {
	switch d.NotFound {
	case NotFound400:
		return &refusal{http.StatusBadRequest, "ELB.5040", "the certificate does not exist"}
	case NotFoundBare:
		return &refusal{status: http.StatusNotFound}
	default:
		return &refusal{http.StatusNotFound, "ELB.5040", "the certificate does not exist"}
	}
}

// tokenStatus refuses a token.
func (d Dialect) tokenStatus() int { return cmp.Or(d.TokenStatus, http.StatusUnauthorized) }
