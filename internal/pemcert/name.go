package pemcert

import (
	"encoding/asn1"
	"encoding/binary"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// A name is a distinguished name, with its attributes in the order of the DER.
type name []nameAttribute

type nameAttribute struct {
	// group is the number of the relative distinguished name.
	group     int
	attribute string // an object identifier
	value     asn1.RawValue
}

// readName reads a distinguished name.
func readName(r *derReader) name {
	var n name
	sequence := r.enter(asn1.TagSequence)
	for group := 0; sequence.more(); group++ {
		set := sequence.enter(asn1.TagSet)
		for set.more() {
			pair := set.enter(asn1.TagSequence)
			n = append(n, nameAttribute{group: group, attribute: pair.oid(), value: pair.any()})
			set.broken = set.broken || pair.broken
		}
		sequence.broken = sequence.broken || !set.ended()
	}
	r.broken = r.broken || !sequence.ended()
	return n
}

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
	var text strings.Builder
	for i := len(n) - 1; i >= 0; i-- {
		if i < len(n)-1 {
			separator := byte(',')
			if n[i].group == n[i+1].group {
				separator = '+'
			}
			text.WriteByte(separator)
		}
		short, known := attributeNames[n[i].attribute]
		value, readable := textOf(n[i].value)
		switch {
		case !known: // RFC 4514 asks for the encoding then
			fmt.Fprintf(&text, "%s=#%X", n[i].attribute, n[i].value.FullBytes)
		case !readable:
			fmt.Fprintf(&text, "%s=#%X", short, n[i].value.FullBytes)
		default:
			text.WriteString(short + "=" + escapeValue(value))
		}
	}
	return text.String()
}

// commonName returns the last common name, which is the most specific one.
func (n name) commonName() string {
	for i := len(n) - 1; i >= 0; i-- {
		if n[i].attribute == oidCommonName {
			text, _ := textOf(n[i].value)
			return text
		}
	}
	return ""
}

// The tags of string types that encoding/asn1 does not name.
const (
	tagVisibleString   = 26
	tagUniversalString = 28
)

// textOf returns the text of any string type. ok is false for other types and for text that
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
	if len(encoded)%2 != 0 {
		return "", false
	}
	units := make([]uint16, len(encoded)/2)
	for i := range units {
		units[i] = binary.BigEndian.Uint16(encoded[2*i:])
	}
	runes := utf16.Decode(units)
	for i, r := range runes {
		// A lone surrogate is decoded to the replacement character, which may also be in
		// the text itself.
		if r == unicode.ReplacementChar && (len(runes) != len(units) || units[i] != unicode.ReplacementChar) {
			return "", false
		}
	}
	return string(runes), true
}

func decodeUTF32(encoded []byte) (text string, ok bool) {
	if len(encoded)%4 != 0 {
		return "", false
	}
	var b strings.Builder
	for i := 0; i < len(encoded); i += 4 {
		code := binary.BigEndian.Uint32(encoded[i:])
		if code > unicode.MaxRune || !utf8.ValidRune(rune(code)) {
			return "", false
		}
		b.WriteRune(rune(code))
	}
	return b.String(), true
}

// escapeValue escapes a value by RFC 4514, and control characters.
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
