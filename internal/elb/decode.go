package elb

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"

	"github.com/elbaas/terraform-provider-elbaas/internal/secret"
)

// isSent is whether a response has a field, whatever its value.
type isSent bool

// UnmarshalJSON implements json.Unmarshaler. The value is not decoded.
func (s *isSent) UnmarshalJSON([]byte) error {
	*s = true
	return nil
}

// certificateBody is a certificate in a response, or a part of one.
type certificateBody struct {
	Certificate
	has map[string]isSent // by the name of the field
}

// whole reports whether a response has all fields that are decoded, except for the domain, which
// may be missing (recorded).
func (b certificateBody) whole() bool {
	return b.ID != "" && bool(b.has["name"] && b.has["description"] && b.has["certificate"] &&
		b.has["create_time"] && b.has["update_time"])
}

// decodeBody reads a body that is one certificate. If it cannot be read to its end, the
// error comes with the ID, if that was there.
func decodeBody(body io.Reader) (decoded certificateBody, err error) {
	var raw bytes.Buffer
	err = decodeWhole(io.TeeReader(body, &raw), &decoded.Certificate)
	if err == nil {
		err = json.Unmarshal(raw.Bytes(), &decoded.has)
	} else {
		decoded.Certificate = Certificate{ID: findID(&raw)}
	}
	if invalid := checkID(decoded.ID); invalid != nil {
		return certificateBody{}, cmp.Or(err, invalid) // without an ID that cannot be shown
	}
	return decoded, err
}

// decodeWhole reads a body that is one value. It does not wait for the rest of a page.
func decodeWhole(body io.Reader, value any) error {
	decoder := json.NewDecoder(body)
	if err := decoder.Decode(value); err != nil {
		return err
	}
	return expectEnd(decoder)
}

// isPage reports whether a body could not be read because it is no JSON, such as a page that a gateway
// shows with the status 200: it does not say that the API accepted the request.
func isPage(err error) bool {
	_, is := errors.AsType[*json.SyntaxError](err)
	return is
}

// findID returns the ID in the beginning of a certificate.
func findID(beginning io.Reader) (id string) {
	decoder := json.NewDecoder(beginning)
	_ = decodeObject(decoder, func(field string) error {
		if field == "id" {
			return decoder.Decode(&id)
		}
		return decoder.Decode(new(isSent)) // skipped
	})
	return id
}

// decodeOne reads one element of a list, without its private key.
func decodeOne[E element](decoder *json.Decoder) (e E, err error) {
	err = decoder.Decode(&e)
	return e, err
}

// decodeKeyOf returns a function that reads one certificate of a list, and the private key of
// the one with an ID.
func decodeKeyOf(id string, key *secret.Value) func(*json.Decoder) (Certificate, error) {
	return func(decoder *json.Decoder) (Certificate, error) {
		var body struct {
			Certificate
			PrivateKey any `json:"private_key"`
		}
		err := decoder.Decode(&body)
		if strings.EqualFold(body.ID, id) {
			text, _ := body.PrivateKey.(string)
			*key = secret.New(text)
		}
		return body.Certificate, err
	}
}

// decodeList reads a list of certificates. It is complete if instance_num is missing or is
// the number of certificates: a string (reference, recorded), or a number (assumed). null or
// an empty object instead of the array (observed of the load balancers of this service) is
// an empty list, which is complete only with an instance_num of 0 (assumed).
func decodeList(
	body io.Reader, decode func(*json.Decoder) (Certificate, error),
) (listing[Certificate], error) {
	decoder := json.NewDecoder(body)
	listed := listing[Certificate]{elements: map[string]Certificate{}}
	var sent bool
	var opened json.Delim
	var total json.RawMessage
	err := decodeObject(decoder, func(field string) (err error) {
		switch field {
		case "certificates":
			sent = true
			opened, err = listed.decodeArray(decoder, "certificate", decode)
			return err
		case "instance_num":
			return decoder.Decode(&total)
		}
		return decoder.Decode(new(isSent)) // skipped
	})
	if err == nil {
		err = expectEnd(decoder)
	}
	if err == nil && !sent {
		err = errors.New(`the list has no "certificates"`)
	}
	if err != nil {
		return listing[Certificate]{}, err
	}
	text := strings.Trim(string(total), `"`)
	if n, err := strconv.Atoi(text); err == nil {
		listed.total = strconv.Itoa(n)
	}
	hasTotal := len(total) > 0 && text != "null"
	listed.complete = listed.total == strconv.Itoa(len(listed.elements)) || !hasTotal && opened == '['
	return listed, nil
}

// idForm matches what may be an ID: it becomes a part of paths, and of commands that users copy.
var idForm = regexp.MustCompile(`^[0-9A-Za-z_-]{1,64}$`)

// checkID checks the form of an ID. It does not quote an ID that it refuses.
func checkID(id string) error {
	switch {
	case id == "":
		return errors.New("the ID is missing")
	case !idForm.MatchString(id):
		return errors.New("the ID is not valid")
	}
	return nil
}

// decodeListeners reads a list of listeners: a bare array (reference, recorded), or an empty
// object instead of an empty array (assumed). null is an empty list that is not complete
// (assumed).
func decodeListeners(body io.Reader) (listing[Listener], error) {
	decoder := json.NewDecoder(body)
	listed := listing[Listener]{elements: map[string]Listener{}}
	opened, err := listed.decodeArray(decoder, "listener", decodeOne)
	if err == nil {
		err = expectEnd(decoder)
	}
	listed.complete = opened != 0
	return listed, err
}

// decodeListener reads a body that is one listener. prior provides the fields that it does not
// have, except for the certificate and the status.
func decodeListener(body io.Reader, prior Listener) (Listener, error) {
	l := prior
	l.ID, l.Status, l.CertificateID = "", "", ""
	err := decodeWhole(body, &l)
	if err == nil {
		err = checkID(l.ID)
	}
	if err != nil {
		return Listener{}, err
	}
	return l, nil
}

// decodeObject reads an object. value reads the value of each field, so that a large one need
// not be in memory.
func decodeObject(decoder *json.Decoder, value func(field string) error) error {
	if err := expect(decoder, '{'); err != nil {
		return err
	}
	for decoder.More() {
		field, err := decoder.Token()
		if err != nil {
			return err
		}
		name := field.(string) //nolint:forcetypeassert // the decoder accepts nothing else as a key
		if err := value(name); err != nil {
			return fmt.Errorf("field %s: %w", name, err)
		}
	}
	return expect(decoder, '}')
}

// decodeArray adds the elements of an array to a list. null and an empty object count as an
// empty array: opened is '[', '{', or 0 for null.
func (l *listing[E]) decodeArray(
	decoder *json.Decoder, noun string, decode func(*json.Decoder) (E, error),
) (opened json.Delim, err error) {
	token, err := decoder.Token()
	switch {
	case token == nil: // null, or an error
		return 0, err
	case token == json.Delim('{') && !decoder.More():
		return '{', expect(decoder, '}')
	case token != json.Delim('['):
		return 0, errors.New("the value is not an array")
	}
	for position := 1; decoder.More(); position++ {
		e, err := decode(decoder)
		if err != nil {
			return '[', err
		}
		if err := checkID(e.id()); err != nil {
			return '[', fmt.Errorf("%s %d of the list: %w", noun, position, err)
		}
		l.elements[keyOf(e)] = e
	}
	return '[', expect(decoder, ']')
}

func expect(decoder *json.Decoder, want json.Delim) error {
	token, err := decoder.Token()
	if err == nil && token != want {
		err = fmt.Errorf("%q is missing", want.String())
	}
	return err
}

func expectEnd(decoder *json.Decoder) error {
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return errors.New("the JSON value is followed by other text")
	}
	return nil
}
