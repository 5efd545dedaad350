package elb

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/elbaas/terraform-provider-elbaas/internal/secret"
)

// A Certificate as the API shows it, without its private key: the API shows
// that too, in every answer and in clear (seed, reference, recorded), and what
// is not decoded cannot leak.
type Certificate struct {
	// ID is 32 hexadecimal characters (seed).
	ID string
	// Name is 0 to 64 characters (seed).
	Name string
	// Description is at most 128 characters (seed).
	Description string
	// Domain is empty when there is none.
	Domain string
	// Certificate is PEM, as the server keeps it.
	Certificate string
	// CreateTime and UpdateTime read like "2016-06-27 08:14:42", without a zone
	// (seed).
	CreateTime, UpdateTime string
}

// GetCertificate returns a certificate of a project. The API has no call for
// that: it is looked up in a list, which serves all readers of the project.
// ErrNotFound is returned only when a complete list lacks it that began after the
// call, or when it was deleted here.
func (c *Client) GetCertificate(ctx context.Context, projectID, id string) (Certificate, error) {
	return c.inventory(projectID).get(ctx, id)
}

// ListCertificates returns the certificates of a project in no certain order, by
// the list that serves all readers of the project. A list that is incomplete by its
// own count is an error.
func (c *Client) ListCertificates(ctx context.Context, projectID string) ([]Certificate, error) {
	return c.inventory(projectID).all(ctx)
}

// GetPrivateKey returns a certificate and its private key as the server shows it,
// which may be a mask or nothing. It lists by itself, and keeps no key: not the
// others', and not this one for the next call. ErrNotFound says that the list is
// complete and lacks the certificate.
func (c *Client) GetPrivateKey(ctx context.Context, projectID, id string) (Certificate, secret.Value, error) {
	var key secret.Value
	listed, err := c.listCertificates(ctx, projectID, func(a answer) {
		if a.ID == id {
			key = a.privateKey
		}
	})
	if err != nil {
		return Certificate{}, secret.Value{}, fmt.Errorf("list certificates of project %s: %w", projectID, err)
	}
	for _, cert := range listed.certificates {
		if cert.ID == id {
			return cert, key, nil
		}
	}
	return Certificate{}, secret.Value{}, c.inventory(projectID).lacks(&flight{listing: listed}, id)
}

// inventory returns what is known of a project.
func (c *Client) inventory(projectID string) *inventory {
	c.mu.Lock()
	defer c.mu.Unlock()
	v, known := c.inventories[projectID]
	if !known {
		v = newInventory(projectID, func(ctx context.Context) (listing, error) { return c.listCertificates(ctx, projectID, nil) }, time.Now)
		c.inventories[projectID] = v
	}
	return v
}

// listCertificates lists the certificates of a project. A list that was cut off
// is asked for again. Keys are decoded only for who wants to see them.
func (c *Client) listCertificates(ctx context.Context, projectID string, withKey func(answer)) (listing, error) {
	for attempt := 0; ; attempt++ {
		listed, err := c.listOnce(ctx, projectID, withKey)
		if err == nil || attempt >= c.retrier.maxRetries || !errors.Is(err, io.ErrUnexpectedEOF) {
			return listed, err
		}
		if pause(ctx, backoff(attempt)) != nil {
			return listed, err
		}
	}
}

func (c *Client) listOnce(ctx context.Context, projectID string, withKey func(answer)) (listing, error) {
	response, err := c.send(ctx, http.MethodGet, projectID, nil, "certificate")
	if err != nil {
		return listing{}, err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK { // only that is a list (reference)
		return listing{}, unreadable(response, errors.New("a list is answered with 200"))
	}
	certificates, complete, err := decodeList(response.Body, withKey)
	if err != nil {
		return listing{}, unreadable(response, err)
	}
	return listing{certificates: certificates, complete: complete, requestID: requestID(response)}, nil
}

// UpdateCertificate sets the name and the description of a certificate by one
// PUT, and returns the certificate as the server has it then. Where the answer
// does not tell, that is read back until the change shows, or ctx is done.
// ErrNotFound says that the certificate does not exist.
func (c *Client) UpdateCertificate(ctx context.Context, projectID, id, name, description string) (Certificate, error) {
	cert, err := c.updateCertificate(ctx, projectID, id, name, description)
	c.inventory(projectID).settle(id, cert, err)
	if err != nil {
		return Certificate{}, fmt.Errorf("update certificate %s of project %s: %w", id, projectID, err)
	}
	return cert, nil
}

func (c *Client) updateCertificate(ctx context.Context, projectID, id, name, description string) (Certificate, error) {
	response, err := c.send(ctx, http.MethodPut, projectID, struct {
		Name        string `json:"name"`
		Description string `json:"description"` // sent when empty too: that clears it
	}{name, description}, "certificate", id)
	if err != nil {
		return Certificate{}, c.decideNotFound(ctx, projectID, id, err)
	}
	defer func() { _ = response.Body.Close() }()

	answer, err := decodeAnswer(response.Body)
	if err == nil && answer.ID == id && answer.has("name", "description", "domain", "certificate", "create_time", "update_time") {
		return answer.Certificate, nil
	}

	const first, longest = 250 * time.Millisecond, 5 * time.Second
	v := c.inventory(projectID)
	accepted := v.now()
	for wait := first; ; wait = min(2*wait, longest) {
		cert, err := v.fresh(ctx, id)
		absent := errors.Is(err, ErrNotFound) && v.now().Sub(accepted) < settles // it may be as new as that
		if err != nil && !absent {
			return Certificate{}, fmt.Errorf("the server accepted the change, but it was not read back: %w", err)
		}
		if !absent && cert.Name == name && cert.Description == description {
			return cert, nil
		}
		if err := pause(ctx, wait); err != nil {
			shown := fmt.Sprintf("it still has the name %q and the description %q", cert.Name, cert.Description)
			if absent {
				shown = "the list of the project lacks the certificate"
			}
			return Certificate{}, fmt.Errorf("%w: %s: %w", ErrNotShown, shown, err)
		}
	}
}

// DeleteCertificate deletes a certificate, and succeeds when there is none.
// While a listener holds the certificate it tries again, for as long as
// patience, and then fails with an *InUseError.
func (c *Client) DeleteCertificate(ctx context.Context, projectID, id string, patience time.Duration) error {
	err := c.deletePatiently(ctx, projectID, id, patience)
	if err == nil || errors.Is(err, ErrNotFound) {
		c.inventory(projectID).deleted(id)
		return nil
	}
	var inUse *InUseError
	if errors.As(err, &inUse) {
		inUse.Listeners, inUse.ListenersErr = c.ListenersOf(ctx, projectID, id)
	}
	return fmt.Errorf("delete certificate %s of project %s: %w", id, projectID, err)
}

func (c *Client) deletePatiently(ctx context.Context, projectID, id string, patience time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	const first, longest = time.Second, 30 * time.Second
	var refusal *Error
	for wait := first; ; wait = min(2*wait, longest) {
		err := c.deleteOnce(ctx, projectID, id)
		if errors.Is(err, ErrNotFound) {
			return err // whatever status says so
		}
		var answer *Error
		if errors.As(err, &answer) && answer.inUse() {
			refusal = answer
			err = pause(ctx, wait)
			if err == nil {
				continue
			}
		}
		if refusal != nil && errors.Is(ctx.Err(), context.DeadlineExceeded) {
			return &InUseError{Err: refusal}
		}
		return err
	}
}

func (c *Client) deleteOnce(ctx context.Context, projectID, id string) error {
	response, err := c.send(ctx, http.MethodDelete, projectID, nil, "certificate", id)
	if err != nil {
		return c.decideNotFound(ctx, projectID, id, err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return unreadable(response, err)
	}
	switch response.StatusCode {
	case http.StatusOK, http.StatusAccepted, http.StatusNoContent: // observed, observed, reference
		// A page of a gateway does not delete anything.
		if len(bytes.TrimSpace(body)) == 0 || json.Valid(body) {
			return nil
		}
	}
	return unreadable(response, errors.New("a delete is answered with 204, or with 200 or 202 and no page"))
}

// decideNotFound turns the refusal of a call for one certificate into
// ErrNotFound where it is proven that the certificate does not exist. A bare 404
// proves nothing; a fresh list does.
func (c *Client) decideNotFound(ctx context.Context, projectID, id string, refusal error) error {
	var answer *Error
	switch {
	case !errors.As(refusal, &answer):
		return refusal
	case answer.notFound():
		return fmt.Errorf("%w: %w", ErrNotFound, refusal)
	case !answer.undecided():
		return refusal
	}
	_, err := c.inventory(projectID).fresh(ctx, id)
	switch {
	case errors.Is(err, ErrNotFound):
		return fmt.Errorf("%w: %w", ErrNotFound, refusal)
	case err != nil:
		return fmt.Errorf("%w; whether the certificate exists is not known: %w", refusal, err)
	}
	return refusal
}

// answer is a certificate and which of its fields the server sent.
type answer struct {
	Certificate
	fields map[string]bool
	// privateKey is decoded only where that is asked for.
	privateKey secret.Value
}

func (a answer) has(fields ...string) bool {
	for _, field := range fields {
		if !a.fields[field] {
			return false
		}
	}
	return true
}

// target returns where a field is decoded to, or nil when it is not.
func (a *answer) target(field string) *string {
	switch field {
	case "id":
		return &a.ID
	case "name":
		return &a.Name
	case "description":
		return &a.Description
	case "domain":
		return &a.Domain
	case "certificate":
		return &a.Certificate.Certificate
	case "create_time":
		return &a.CreateTime
	case "update_time":
		return &a.UpdateTime
	}
	return nil
}

// decodeAnswer reads a body that is one certificate. With an error, what was
// read before it is returned: half a body may have the id.
func decodeAnswer(body io.Reader) (answer, error) {
	decoder := json.NewDecoder(body)
	a, err := decodeCertificate(decoder, false)
	if err != nil {
		return a, err
	}
	return a, expectEnd(decoder)
}

// decodeCertificate reads a certificate field by field, so that whatever else the
// API may add is skipped and never becomes a value, and so is the private key
// unless withKey.
func decodeCertificate(decoder *json.Decoder, withKey bool) (answer, error) {
	a := answer{fields: map[string]bool{}}
	err := decodeObject(decoder, func(field string) error {
		if field == "private_key" && withKey {
			var key string
			err := decoder.Decode(&key)
			a.privateKey = secret.New(key)
			return err
		}
		target := a.target(field)
		if target == nil {
			return decoder.Decode(&skipped{})
		}
		a.fields[field] = true
		return decoder.Decode(target) // null leaves it empty
	})
	return a, err
}

// decodeList reads the answer to a list, and whether it is complete:
// instance_num, if given, equals the number of certificates. That is a string
// (reference, recorded), or a number (assumed). A null instead of a list is an
// empty one only with an instance_num of 0 (assumed). withKey, if it is not nil,
// sees each certificate with its key.
func decodeList(body io.Reader, withKey func(answer)) (certificates []Certificate, complete bool, err error) {
	decoder := json.NewDecoder(body)
	var listed, null bool
	var count text
	err = decodeObject(decoder, func(field string) (err error) {
		switch field {
		case "certificates":
			listed = true
			null, err = decodeArray(decoder, func() error {
				a, err := decodeCertificate(decoder, withKey != nil)
				if err != nil {
					return err
				}
				if a.ID == "" {
					return fmt.Errorf("certificate %d of the list has no id", len(certificates)+1)
				}
				if withKey != nil {
					withKey(a)
				}
				certificates = append(certificates, a.Certificate)
				return nil
			})
			return err
		case "instance_num":
			return decoder.Decode(&count) // null leaves it empty
		}
		return decoder.Decode(&skipped{})
	})
	if err == nil {
		err = expectEnd(decoder)
	}
	if err == nil && !listed {
		err = errors.New(`it has no "certificates"`)
	}
	if err != nil {
		return nil, false, err
	}
	if count == "" {
		return certificates, !null, nil
	}
	return certificates, string(count) == strconv.Itoa(len(certificates)), nil
}

// decodeObject reads an object, and lets value read the value of each field.
func decodeObject(decoder *json.Decoder, value func(field string) error) error {
	if err := expect(decoder, '{'); err != nil {
		return err
	}
	for decoder.More() {
		field, err := decoder.Token()
		if err != nil {
			return err
		}
		if err := value(field.(string)); err != nil { //nolint:forcetypeassert // the decoder accepts nothing else as a key
			return fmt.Errorf("field %s: %w", field, err)
		}
	}
	return expect(decoder, '}')
}

// decodeArray reads an array, and lets element read each element. It reports
// whether there is a null in place of the array.
func decodeArray(decoder *json.Decoder, element func() error) (null bool, err error) {
	token, err := decoder.Token()
	if err != nil || token == nil {
		return err == nil, err
	}
	if token != json.Delim('[') {
		return false, errors.New("it is not an array")
	}
	for decoder.More() {
		if err := element(); err != nil {
			return false, err
		}
	}
	return false, expect(decoder, ']')
}

func expect(decoder *json.Decoder, want json.Delim) error {
	token, err := decoder.Token()
	switch {
	case errors.Is(err, io.EOF):
		return io.ErrUnexpectedEOF
	case err != nil:
		return err
	case token != want:
		return fmt.Errorf("it has no %q where one belongs", want.String())
	}
	return nil
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
