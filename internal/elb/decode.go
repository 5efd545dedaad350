package elb

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/elbaas/terraform-provider-elbaas/internal/secret"
)

// An optional value of a response, which may lack it.
type optional[T any] struct {
	Value T
	Sent  bool
}

// UnmarshalJSON implements json.Unmarshaler. A null is sent, and leaves the value
// empty.
func (o *optional[T]) UnmarshalJSON(raw []byte) error {
	o.Sent = true
	return json.Unmarshal(raw, &o.Value)
}

// or returns the value, or else another one where there is none.
func (o optional[T]) or(other T) T {
	if o.Sent {
		return o.Value
	}
	return other
}

// certificateBody is a certificate in a response. It has no private key: the API
// shows that too, in every response and in clear (seed, reference, recorded), and
// what is not decoded cannot leak.
type certificateBody struct {
	ID          optional[string] `json:"id"`
	Name        optional[string] `json:"name"`
	Description optional[string] `json:"description"`
	Domain      optional[string] `json:"domain"`
	Certificate optional[string] `json:"certificate"`
	CreateTime  optional[string] `json:"create_time"`
	UpdateTime  optional[string] `json:"update_time"`
}

// whole reports whether a response has all that is documented of a certificate, but
// for the domain, which may be absent (recorded).
func (b certificateBody) whole() bool {
	return b.ID.Value != "" && b.Name.Sent && b.Description.Sent && b.Certificate.Sent &&
		b.CreateTime.Sent && b.UpdateTime.Sent
}

func (b certificateBody) certificate() Certificate {
	return Certificate{
		ID: b.ID.Value, Name: b.Name.Value, Description: b.Description.Value, Domain: b.Domain.Value,
		Certificate: b.Certificate.Value, CreateTime: b.CreateTime.Value, UpdateTime: b.UpdateTime.Value,
	}
}

// decodeBody reads a body that is one certificate. Of one that cannot be read to its
// end, the ID is returned with the error, if it is there.
func decodeBody(body io.Reader) (certificateBody, error) {
	raw, err := io.ReadAll(body)
	decoder := json.NewDecoder(bytes.NewReader(raw))
	var decoded certificateBody
	if err == nil {
		err = decoder.Decode(&decoded)
	}
	if err == nil {
		err = expectEnd(decoder)
	}
	if err == nil {
		if idErr := checkID(decoded.ID.Value); idErr != nil {
			return certificateBody{}, fmt.Errorf("the certificate %w", idErr)
		}
		return decoded, nil
	}
	id := findID(raw)
	if checkID(id.Value) != nil {
		id = optional[string]{}
	}
	return certificateBody{ID: id}, err
}

// findID returns the ID of a certificate of which the beginning is there.
func findID(raw []byte) (id optional[string]) {
	decoder := json.NewDecoder(bytes.NewReader(raw))
	_ = decodeObject(decoder, func(field string) error {
		if field == "id" {
			return decoder.Decode(&id)
		}
		return decoder.Decode(&skipped{})
	})
	return id
}

// decodeElement reads one element of a list.
type decodeElement func(*json.Decoder) (Certificate, error)

// decodeCertificate is a decodeElement.
func decodeCertificate(decoder *json.Decoder) (Certificate, error) {
	var body certificateBody
	err := decoder.Decode(&body)
	return body.certificate(), err
}

// decodeKeyOf returns a function that reads one element of a list, and the private
// key of the certificate with that ID alone.
func decodeKeyOf(id string, key *secret.Value) decodeElement {
	return func(decoder *json.Decoder) (Certificate, error) {
		var body struct {
			certificateBody
			PrivateKey json.RawMessage `json:"private_key"`
		}
		if err := decoder.Decode(&body); err != nil || !strings.EqualFold(body.ID.Value, id) {
			return body.certificate(), err
		}
		var text string
		if body.PrivateKey != nil {
			if err := json.Unmarshal(body.PrivateKey, &text); err != nil {
				return Certificate{}, err
			}
		}
		*key = secret.New(text)
		return body.certificate(), nil
	}
}

// decodeList reads the response to a list. It is complete when instance_num, if given,
// is the number of its certificates; that is a string (reference, recorded), or a
// number (assumed). A null or an empty object in place of the array (observed of the
// load balancers of this service) is an empty one, and complete only with an
// instance_num of 0 (assumed).
func decodeList(body io.Reader, element decodeElement) (listing[Certificate], error) {
	decoder := json.NewDecoder(body)
	listed := listing[Certificate]{byID: map[string]Certificate{}}
	var sent bool
	var opened json.Delim
	var total json.RawMessage
	err := decodeObject(decoder, func(field string) (err error) {
		switch field {
		case "certificates":
			sent = true
			opened, err = decodeArray(decoder, func(position int) error {
				cert, err := element(decoder)
				if err != nil {
					return err
				}
				if err := checkID(cert.ID); err != nil {
					return fmt.Errorf("certificate %d of the list %w", position, err)
				}
				listed.add(cert)
				return nil
			})
			return err
		case "instance_num":
			return decoder.Decode(&total)
		}
		return decoder.Decode(&skipped{})
	})
	if err == nil {
		err = expectEnd(decoder)
	}
	if err == nil && !sent {
		err = errors.New(`it has no "certificates"`)
	}
	if err != nil {
		return listing[Certificate]{}, err
	}
	text := strings.Trim(string(total), `"`)
	if n, err := strconv.Atoi(text); err == nil {
		listed.total = strconv.Itoa(n)
	}
	none := text == "" || text == "null"
	listed.complete = listed.total == strconv.Itoa(len(listed.elements)) || none && opened == '['
	return listed, nil
}

// checkID finds what cannot be an ID, before anybody shows it.
func checkID(id string) error {
	if id == "" {
		return errors.New("has no id")
	}
	if len(id) > 64 || strings.ContainsFunc(id, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return errors.New("has an id that is not valid")
	}
	return nil
}

// decodeListeners reads the response to a list of listeners: a bare array (reference,
// recorded), or an empty object in place of an empty one (assumed). A null has no
// listener, and proves nothing (assumed).
func decodeListeners(body io.Reader) (listing[Listener], error) {
	decoder := json.NewDecoder(body)
	listed := listing[Listener]{byID: map[string]Listener{}}
	opened, err := decodeArray(decoder, func(position int) error {
		var l listenerBody
		if err := decoder.Decode(&l); err != nil {
			return err
		}
		if err := checkID(l.ID.Value); err != nil {
			return fmt.Errorf("listener %d of the list %w", position, err)
		}
		listed.add(l.listener(Listener{}))
		return nil
	})
	if err == nil {
		err = expectEnd(decoder)
	}
	listed.complete = err == nil && opened != 0
	return listed, err
}

// decodeListener reads a body that is one listener.
func decodeListener(body io.Reader) (listenerBody, error) {
	decoder := json.NewDecoder(body)
	var decoded listenerBody
	err := decoder.Decode(&decoded)
	if err == nil {
		err = expectEnd(decoder)
	}
	if err == nil {
		err = checkID(decoded.ID.Value)
	}
	if err != nil {
		return listenerBody{}, err
	}
	return decoded, nil
}

// decodeObject reads an object, and lets value read the value of each field, so that
// a large one is not held in memory.
func decodeObject(decoder *json.Decoder, value func(field string) error) error {
	if err := expect(decoder, '{'); err != nil {
		return err
	}
	for decoder.More() {
		field, err := decoder.Token()
		if err != nil {
			return midway(err)
		}
		if err := value(field.(string)); err != nil { //nolint:forcetypeassert // the decoder accepts nothing else as a key
			return fmt.Errorf("field %s: %w", field, midway(err))
		}
	}
	return expect(decoder, '}')
}

// decodeArray reads an array, and lets element read each element; the first is 1. A null
// and an empty object count as an empty array: opened is '[', '{', or 0 for null.
func decodeArray(decoder *json.Decoder, element func(position int) error) (opened json.Delim, err error) {
	token, err := decoder.Token()
	switch {
	case err != nil || token == nil:
		return 0, midway(err)
	case token == json.Delim('{') && !decoder.More():
		return '{', expect(decoder, '}')
	case token != json.Delim('['):
		return 0, errors.New("it is not an array")
	}
	for position := 1; decoder.More(); position++ {
		if err := element(position); err != nil {
			return '[', err
		}
	}
	return '[', expect(decoder, ']')
}

func expect(decoder *json.Decoder, want json.Delim) error {
	token, err := decoder.Token()
	switch {
	case err != nil:
		return midway(err)
	case token != want:
		return fmt.Errorf("it has no %q where one belongs", want.String())
	}
	return nil
}

// midway returns an error within a value: there the end is not expected.
func midway(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

func expectEnd(decoder *json.Decoder) error {
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return errors.New("something follows its end")
	}
	return nil
}

// skipped is a value that is not decoded.
type skipped struct{}

// UnmarshalJSON implements json.Unmarshaler.
func (*skipped) UnmarshalJSON([]byte) error { return nil }
