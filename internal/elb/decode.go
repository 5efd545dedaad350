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

// An optional is a field of a response, which may be missing.
type optional[T any] struct {
	Value T
	Sent  bool
}

// UnmarshalJSON implements json.Unmarshaler. null counts as sent, with an empty value.
func (o *optional[T]) UnmarshalJSON(raw []byte) error {
	o.Sent = true
	return json.Unmarshal(raw, &o.Value)
}

// or returns the value, or another one if the field is missing.
func (o optional[T]) or(other T) T {
	if o.Sent {
		return o.Value
	}
	return other
}

// certificateBody is a certificate in a response. The API also returns the private key, in
// clear and in every response (seed, reference, recorded). It is not decoded, so that it
// cannot leak.
type certificateBody struct {
	ID          optional[string] `json:"id"`
	Name        optional[string] `json:"name"`
	Description optional[string] `json:"description"`
	Domain      optional[string] `json:"domain"`
	Certificate optional[string] `json:"certificate"`
	CreateTime  optional[string] `json:"create_time"`
	UpdateTime  optional[string] `json:"update_time"`
}

// whole reports whether a response has all documented fields of a certificate. The domain
// may be missing (recorded).
func (b certificateBody) whole() bool {
	return b.ID.Value != "" && b.Name.Sent && b.Description.Sent && b.Certificate.Sent &&
		b.CreateTime.Sent && b.UpdateTime.Sent
}

func (b certificateBody) certificate() Certificate {
	return Certificate{
		ID:          b.ID.Value,
		Name:        b.Name.Value,
		Description: b.Description.Value,
		Domain:      b.Domain.Value,
		Certificate: b.Certificate.Value,
		CreateTime:  b.CreateTime.Value,
		UpdateTime:  b.UpdateTime.Value,
	}
}

// decodeBody reads a body that is one certificate. If it cannot be read to its end, the
// error comes with the ID, if that was there.
func decodeBody(body io.Reader) (certificateBody, error) {
	raw, err := io.ReadAll(body)
	if err == nil {
		var decoded certificateBody
		decoder := json.NewDecoder(bytes.NewReader(raw))
		if err = decodeWhole(decoder, &decoded); err == nil {
			if err := checkID(decoded.ID.Value); err != nil {
				return certificateBody{}, err // without an ID that cannot be shown
			}
			return decoded, nil
		}
	}
	id := findID(raw)
	if checkID(id.Value) != nil {
		id = optional[string]{}
	}
	return certificateBody{ID: id}, err
}

// decodeWhole reads a value that nothing follows.
func decodeWhole(decoder *json.Decoder, value any) error {
	if err := decoder.Decode(value); err != nil {
		return err
	}
	return expectEnd(decoder)
}

// findID returns the ID in the beginning of a certificate.
func findID(raw []byte) (id optional[string]) {
	decoder := json.NewDecoder(bytes.NewReader(raw))
	_ = decodeObject(decoder, func(field string) error {
		if field == "id" {
			return decoder.Decode(&id)
		}
		return decoder.Decode(new(json.RawMessage)) // skipped
	})
	return id
}

// A decodeElement reads one certificate of a list.
type decodeElement func(*json.Decoder) (Certificate, error)

// decodeCertificate is a decodeElement that reads no key.
func decodeCertificate(decoder *json.Decoder) (Certificate, error) {
	var body certificateBody
	err := decoder.Decode(&body)
	return body.certificate(), err
}

// decodeKeyOf returns a decodeElement that also reads the private key of the certificate with
// an ID.
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

// decodeList reads a list of certificates. It is complete if instance_num is missing or is
// the number of certificates: a string (reference, recorded), or a number (assumed). null or
// an empty object instead of the array (observed of the load balancers of this service) is
// an empty list, which is complete only with an instance_num of 0 (assumed).
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
					return fmt.Errorf("certificate %d of the list: %w", position, err)
				}
				listed.add(cert)
				return nil
			})
			return err
		case "instance_num":
			return decoder.Decode(&total)
		}
		return decoder.Decode(new(json.RawMessage)) // skipped
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
	hasTotal := text != "" && text != "null"
	listed.complete = listed.total == strconv.Itoa(len(listed.elements)) || !hasTotal && opened == '['
	return listed, nil
}

// checkID checks that an ID can be shown. It does not quote an ID that it refuses.
func checkID(id string) error {
	if id == "" {
		return errors.New("the ID is missing")
	}
	if len(id) > 64 || strings.ContainsFunc(id, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return errors.New("the ID is not valid")
	}
	return nil
}

// decodeListeners reads a list of listeners: a bare array (reference, recorded), or an empty
// object instead of an empty array (assumed). null is an empty list that is not complete
// (assumed).
func decodeListeners(body io.Reader) (listing[Listener], error) {
	decoder := json.NewDecoder(body)
	listed := listing[Listener]{byID: map[string]Listener{}}
	opened, err := decodeArray(decoder, func(position int) error {
		var l listenerBody
		if err := decoder.Decode(&l); err != nil {
			return err
		}
		if err := checkID(l.ID.Value); err != nil {
			return fmt.Errorf("listener %d of the list: %w", position, err)
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
	var decoded listenerBody
	err := decodeWhole(json.NewDecoder(body), &decoded)
	if err == nil {
		err = checkID(decoded.ID.Value)
	}
	if err != nil {
		return listenerBody{}, err
	}
	return decoded, nil
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
			return midway(err)
		}
		name := field.(string) //nolint:forcetypeassert // the decoder accepts nothing else as a key
		if err := value(name); err != nil {
			return fmt.Errorf("field %s: %w", name, midway(err))
		}
	}
	return expect(decoder, '}')
}

// decodeArray reads an array. element reads each element; its position counts from 1. null
// and an empty object count as an empty array: opened is '[', '{', or 0 for null.
func decodeArray(decoder *json.Decoder, element func(position int) error) (opened json.Delim, err error) {
	token, err := decoder.Token()
	switch {
	case err != nil || token == nil:
		return 0, midway(err)
	case token == json.Delim('{') && !decoder.More():
		return '{', expect(decoder, '}')
	case token != json.Delim('['):
		return 0, errors.New("the value is not an array")
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
		return fmt.Errorf("%q is missing", want.String())
	}
	return nil
}

// midway makes the end of the input an error, because it is not expected within a value.
func midway(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

func expectEnd(decoder *json.Decoder) error {
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return errors.New("the JSON value is followed by other text")
	}
	return nil
}
