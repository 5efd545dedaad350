package pemcert

import (
	"cmp"
	"encoding/asn1"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// A name is a distinguished name, with its attributes in the order of the DER.
type name []relativeNameSET

// A relativeNameSET is a relative distinguished name. The end of its name tells encoding/asn1 that
// it is a SET.
type relativeNameSET []nameAttribute

type nameAttribute struct{ Type, Value asn1.RawValue }

// attributeNames are the short names of RFC 4514 and of openssl.
var attributeNames = map[string]string{
	"0.9.2342.19200300.100.1.1":  "UID",
	"0.9.2342.19200300.100.1.25": "DC",
	"1.2.840.113549.1.9.1":       "emailAddress",
	"1.3.6.1.4.1.311.60.2.1.1":   "jurisdictionL",
	"1.3.6.1.4.1.311.60.2.1.2":   "jurisdictionST",
	"1.3.6.1.4.1.311.60.2.1.3":   "jurisdictionC",
	oidCommonName:                "CN",
	"2.5.4.4":                    "SN",
	"2.5.4.5":                    "serialNumber",
	"2.5.4.6":                    "C",
	"2.5.4.7":                    "L",
	"2.5.4.8":                    "ST",
	"2.5.4.9":                    "STREET",
	"2.5.4.10":                   "O",
	"2.5.4.11":                   "OU",
	"2.5.4.12":                   "title",
	"2.5.4.15":                   "businessCategory",
	"2.5.4.17":                   "postalCode",
	"2.5.4.42":                   "GN",
	"2.5.4.43":                   "initials",
	"2.5.4.44":                   "generationQualifier",
	"2.5.4.46":                   "dnQualifier",
	"2.5.4.65":                   "pseudonym",
	"2.5.4.97":                   "organizationIdentifier",
}

const oidCommonName = "2.5.4.3"

// String formats a name by RFC 4514. Where that leaves a choice, the result is that of
// openssl x509 -nameopt RFC2253, so a multi-valued part is reversed too. Unlike there, UTF-8
// is not escaped.
func (n name) String() string {
	var parts []string
	for _, set := range slices.Backward(n) {
		var attributes []string
		for _, attribute := range slices.Backward(set) {
			attributes = append(attributes, attribute.String())
		}
		if len(attributes) > 0 {
			parts = append(parts, strings.Join(attributes, "+"))
		}
	}
	return strings.Join(parts, ",")
}

// String formats an attribute. Where a type or value is unknown, RFC 4514 asks for the encoding.
func (a nameAttribute) String() string {
	id := objectID(a.Type)
	short, known := attributeNames[id]
	value, readable := textOf(a.Value)
	if !known || !readable {
		return fmt.Sprintf("%s=#%X", cmp.Or(short, id), a.Value.FullBytes)
	}
	return short + "=" + escapeValue(value)
}

// commonName returns the last common name, which is the most specific one.
func (n name) commonName() (text string) {
	for _, attribute := range slices.Concat(n...) {
		if objectID(attribute.Type) == oidCommonName {
			text, _ = textOf(attribute.Value)
		}
	}
	return text
}

// The tags of string types that encoding/asn1 does not name.
const (
	tagVisibleString   = 26
	tagUniversalString = 28
)

// textOf returns the text of any string or time type. ok is false for other types and for text that
// is not well-formed.
func textOf(value asn1.RawValue) (text string, ok bool) {
	if !isUniversal(value, value.Tag) {
		return "", false
	}
	switch value.Tag {
	case asn1.TagUTF8String:
		return string(value.Bytes), utf8.Valid(value.Bytes)
	case asn1.TagNumericString, asn1.TagPrintableString, asn1.TagIA5String, tagVisibleString, asn1.TagT61String,
		asn1.TagUTCTime, asn1.TagGeneralizedTime:
		return latin1(value.Bytes), true // this is the only part of T.61 in use
	case asn1.TagBMPString:
		return decodeUTF16(value.Bytes)
	case tagUniversalString:
		return decodeUTF32(value.Bytes)
	}
	return "", false
}

func decodeUTF16(encoded []byte) (text string, ok bool) {
	units := make([]uint16, len(encoded)/2)
	_, _ = binary.Decode(encoded, binary.BigEndian, units)
	runes := utf16.Decode(units) // half a surrogate pair does not survive this
	return string(runes), len(encoded)%2 == 0 && slices.Equal(utf16.Encode(runes), units)
}

func decodeUTF32(encoded []byte) (text string, ok bool) {
	runes := make([]rune, len(encoded)/4)
	_, _ = binary.Decode(encoded, binary.BigEndian, runes)
	text = string(runes) // what is not a character does not survive this
	return text, len(encoded)%4 == 0 && slices.Equal([]rune(text), runes)
}

// escapeValue escapes a value as RFC 4514 requires, and control characters as well.
func escapeValue(value string) string {
	var b strings.Builder
	for i, r := range value {
		first, last := i == 0, i+utf8.RuneLen(r) == len(value)
		switch {
		case unicode.IsControl(r):
			for _, c := range []byte(string(r)) {
				fmt.Fprintf(&b, `\%02X`, c)
			}
		case strings.ContainsRune(`,+"\<>;`, r), r == ' ' && (first || last), r == '#' && first:
			b.WriteByte('\\')
			b.WriteRune(r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}
