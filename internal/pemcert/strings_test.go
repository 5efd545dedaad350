package pemcert

import (
	"encoding/asn1"
	"testing"
	"time"
)

// TestStringsOfNames reads every type of string in a name (X.680), well-formed or not.
func TestStringsOfNames(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		tag     int
		content string
		want    string
		fails   bool
	}{
		"UTF8String":                         {tag: asn1.TagUTF8String, content: "证书", want: "证书"},
		"UTF8String, not UTF-8":              {tag: asn1.TagUTF8String, content: "\xff", fails: true},
		"PrintableString":                    {tag: asn1.TagPrintableString, content: "www", want: "www"},
		"VisibleString":                      {tag: 26, content: "www", want: "www"},
		"T61String":                          {tag: asn1.TagT61String, content: "M\xfcnchen", want: "München"},
		"BMPString":                          {tag: asn1.TagBMPString, content: "\x8b\xc1", want: "证"},
		"BMPString, surrogates":              {tag: asn1.TagBMPString, content: "\xd8\x3d\xde\x00", want: "😀"},
		"BMPString, half of surrogates":      {tag: asn1.TagBMPString, content: "\xd8\x3d", fails: true},
		"BMPString, half of a character":     {tag: asn1.TagBMPString, content: "\x8b", fails: true},
		"BMPString, replacement character":   {tag: asn1.TagBMPString, content: "\xff\xfd", want: "\ufffd"},
		"UniversalString":                    {tag: 28, content: "\x00\x01\xf6\x00", want: "😀"},
		"UniversalString, no character":      {tag: tagUniversalString, content: "\x00\x11\x00\x00", fails: true},
		"UniversalString, a surrogate":       {tag: tagUniversalString, content: "\x00\x00\xd8\x00", fails: true},
		"UniversalString, part of character": {tag: tagUniversalString, content: "\x00\x01", fails: true},
		"NumericString":                      {tag: 18, content: "80331", want: "80331"},
		"UTCTime":                            {tag: 23, content: "260102030405Z", want: "260102030405Z"},
		"GeneralizedTime":                    {tag: 24, content: "20500102030405Z", want: "20500102030405Z"},
		"a number":                           {tag: asn1.TagInteger, content: "\x01", fails: true},
	} {
		got, ok := textOf(asn1.RawValue{Tag: row.tag, Bytes: []byte(row.content)})
		if ok == row.fails || ok && got != row.want {
			t.Errorf("%s: got %q, %t, want %q", name, got, ok, row.want)
		}
	}
	for _, other := range []asn1.RawValue{{Class: asn1.ClassApplication}, {IsCompound: true}} {
		other.Tag = asn1.TagUTF8String
		if _, ok := textOf(other); ok {
			t.Errorf("a string is %+v", other)
		}
	}
	for _, text := range []string{"M\xfcnchen", "München"} {
		if got := ia5Text([]byte(text)); got != "München" {
			t.Errorf("a name that is not ASCII reads %q", got)
		}
	}
}

// TestTimes reads the forms of RFC 5280, and the forbidden ones of old authorities.
func TestTimes(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		tag  int
		text string
		want string
	}{
		"UTCTime":                         {asn1.TagUTCTime, "260102030405Z", "2026-01-02T03:04:05Z"},
		"UTCTime without seconds":         {asn1.TagUTCTime, "2601020304Z", "2026-01-02T03:04:00Z"},
		"UTCTime with a zone":             {asn1.TagUTCTime, "260102030405+0100", "2026-01-02T02:04:05Z"},
		"UTCTime of 2049":                 {asn1.TagUTCTime, "490102030405Z", "2049-01-02T03:04:05Z"},
		"UTCTime of 1950":                 {asn1.TagUTCTime, "500102030405Z", "1950-01-02T03:04:05Z"},
		"GeneralizedTime":                 {asn1.TagGeneralizedTime, "20500102030405Z", "2050-01-02T03:04:05Z"},
		"GeneralizedTime of 9999":         {asn1.TagGeneralizedTime, "99991231235959Z", "9999-12-31T23:59:59Z"},
		"GeneralizedTime with a fraction": {asn1.TagGeneralizedTime, "20500102030405.5Z", "2050-01-02T03:04:05Z"},
		"GeneralizedTime that is later":   {asn1.TagGeneralizedTime, "99991231235959-0100", ""},
		"GeneralizedTime of 0":            {asn1.TagGeneralizedTime, "00000101000000Z", "0000-01-01T00:00:00Z"},
		"GeneralizedTime that is earlier": {asn1.TagGeneralizedTime, "00000101000000+0100", ""},
		"no time":                         {asn1.TagUTCTime, "yesterday", ""},
		"no type of time":                 {asn1.TagUTF8String, "260102030405Z", ""},
	} {
		got := readTime(encoded(t, asn1.RawValue{Tag: row.tag, Bytes: []byte(row.text)}))
		if text := got.Format(time.RFC3339); got.IsZero() != (row.want == "") || !got.IsZero() && text != row.want {
			t.Errorf("%s: got %s, want %s", name, text, row.want)
		}
	}
	other := asn1.RawValue{Class: asn1.ClassApplication, Tag: asn1.TagUTCTime, Bytes: []byte("260102030405Z")}
	if !readTime(encoded(t, other)).IsZero() {
		t.Error("a value of another class is a time")
	}
}

// encoded encodes a value, and returns it as it is read back.
func encoded(t *testing.T, value asn1.RawValue) asn1.RawValue {
	t.Helper()
	der, err := asn1.Marshal(value)
	if err == nil {
		_, err = asn1.Unmarshal(der, &value)
	}
	if err != nil {
		t.Fatal(err)
	}
	return value
}
