package elbstub

import (
	"bytes"
	"cmp"
	"crypto"
	cryptorand "crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// A Certificate as the cloud holds it. Its tags are the fields of requests.
type Certificate struct {
	ID          string
	ProjectID   string
	Name        string `json:"name"`
	Description string `json:"description"`
	// Domain is empty when none was given.
	Domain      string `json:"domain"`
	Certificate string `json:"certificate"`
	PrivateKey  string `json:"private_key"`
	CreateTime  time.Time
	UpdateTime  time.Time
}

func (c Certificate) id() string      { return c.ID }
func (c Certificate) project() string { return c.ProjectID }

func (c *Cloud) createCertificate(r request) (Response, *Refusal) {
	cert := Certificate{ProjectID: r.PathValue("project_id")}
	_, refused := decode(r.body, &cert, "ELB.1001", "name", "description", "domain", "certificate", "private_key")
	if refused := cmp.Or(refused, c.options.Dialect.checkFields(cert), checkPair(cert)); refused != nil {
		return Response{}, refused
	}
	if len(c.certificates.now()) >= c.options.Quota { // reference
		return Response{}, badRequest("ELB.5151", fmt.Sprintf("the quota of %d is used up", c.options.Quota))
	}
	c.options.Keep(&cert)
	return c.created(c.add(cert)), nil
}

// created is the response to a create.
func (c *Cloud) created(cert Certificate) Response {
	status := cmp.Or(c.options.Dialect.CreateStatus, http.StatusOK)
	return respond(status, c.options.Dialect.body(cert, CreateCertificate))
}

// TrimTexts trims the name and the description (assumed).
func TrimTexts(cert *Certificate) {
	cert.Name, cert.Description = strings.TrimSpace(cert.Name), strings.TrimSpace(cert.Description)
}

// LowerTexts changes the name and the description to lower case (assumed).
func LowerTexts(cert *Certificate) {
	cert.Name, cert.Description = strings.ToLower(cert.Name), strings.ToLower(cert.Description)
}

func (c *Cloud) listCertificates(r request) (Response, *Refusal) {
	certs, _ := c.certificates.list(r.PathValue("project_id"), r.view.Lag)
	listed := []object{}
	for _, cert := range certs {
		listed = append(listed, c.options.Dialect.body(cert, ListCertificates))
	}
	shown := listed[min(r.view.Hidden, len(listed)):]
	return respond(http.StatusOK, c.options.Dialect.certificates(shown, len(listed))), nil
}

func (c *Cloud) modifyCertificate(r request) (Response, *Refusal) {
	cert, refused := c.findCertificate(r, "ELB.5030")
	// seed: only the name and the description can be modified, both optional.
	var sent Certificate
	_, malformed := decode(r.body, &sent, "ELB.1001", "name", "description")
	if refused := cmp.Or(refused, malformed, c.options.Dialect.checkFields(sent)); refused != nil {
		return Response{}, refused
	}
	modified := c.certificates.change(cert.ID, func(cert *Certificate) {
		_ = json.Unmarshal(r.body, cert) // those that were sent
		c.options.Keep(cert)
		cert.UpdateTime = c.now()
	})
	return c.options.Dialect.Modify.response(c.options.Dialect.body(*modified, ModifyCertificate)), nil
}

func (c *Cloud) deleteCertificate(r request) (Response, *Refusal) {
	cert, refused := c.findCertificate(r, "ELB.5010")
	if refused != nil {
		return Response{}, refused
	}
	if c.held(cert.ID) {
		return Response{}, inTurn(c.options.Dialect.InUse, r.nth, InUse5002)
	}
	c.certificates.end(cert.ID)
	return Response{Status: cmp.Or(c.options.Dialect.DeleteStatus, http.StatusNoContent)}, nil
}

// findCertificate returns the certificate that the path of a request names, or an error. Each
// operation has its own code for a malformed path (reference).
func (c *Cloud) findCertificate(r request, malformed string) (Certificate, *Refusal) {
	missing := inTurn(c.options.Dialect.NotFound, r.nth, NotFound404)
	return c.certificates.find(r, c.options.Now(), malformed, "ELB.5020", missing)
}

// decode reads a body that is an object into a value, and returns its fields. code refuses a field
// that is not allowed.
func decode(body []byte, into any, code string, allowed ...string) (fields map[string]any, refused *Refusal) {
	if json.Unmarshal(body, &fields) != nil || fields == nil {
		return nil, badRequest("ELB.0002", "the request body is empty or malformed") // reference
	}
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		switch {
		case !slices.Contains(allowed, name):
			return nil, badRequest(code, fmt.Sprintf("parameter %s cannot be set by this operation", name))
		case fields[name] == nil:
			return nil, invalid(name, "must not be null") // assumed
		}
	}
	if err := json.Unmarshal(body, into); err != nil {
		return nil, badRequest("ELB.1001", err.Error()) // assumed
	}
	return fields, nil
}

var (
	// seed: Chinese and Latin letters, digits, underscores, hyphens; 0 to 64 characters.
	nameRule = regexp.MustCompile(`^[\p{Han}A-Za-z0-9_-]{0,64}$`)
	// reference: letters, digits, "-", "."; a letter or digit first; at most 254.
	domainRule = regexp.MustCompile(`^([A-Za-z0-9][A-Za-z0-9.-]{0,253})?$`)
	// A guide of Open Telekom Cloud has a "*." before it (reference).
	wildcardRule = regexp.MustCompile(`^\*\.[A-Za-z0-9][A-Za-z0-9.-]{0,251}$`)
)

// checkFields makes the checks that create and modify share. The code for a
// parameter against its rule is the reference's.
func (d Dialect) checkFields(cert Certificate) *Refusal {
	switch {
	case !nameRule.MatchString(cert.Name):
		return invalid("name", "must be 0 to 64 Chinese or Latin letters, digits, underscores, hyphens")
	case utf8.RuneCountInString(cert.Description) > 128: // seed
		return invalid("description", "must be at most 128 characters")
	case strings.ContainsAny(cert.Description, "<>"): // seed
		return invalid("description", "must not contain < or >")
	case !domainRule.MatchString(cert.Domain) && (!d.Wildcards || !wildcardRule.MatchString(cert.Domain)):
		return invalid("domain", "must be at most 254 letters, digits, hyphens, dots, the first a letter or digit")
	}
	return nil
}

// checkPair checks the certificate and the key of a create.
func checkPair(cert Certificate) *Refusal {
	blocks, keys := pemBlocks(cert.Certificate), pemBlocks(cert.PrivateKey)
	isOther := func(b *pem.Block) bool { return b.Type != "CERTIFICATE" || !isDER(b.Bytes) }
	isKey := func(b *pem.Block) bool { return strings.HasSuffix(b.Type, "PRIVATE KEY") && isDER(b.Bytes) }
	// reference: the codes, and ELB.1001 where one of the two is empty; assumed: which of the others
	// means what.
	switch {
	case cert.Certificate == "":
		return invalid("certificate", "must not be empty")
	case cert.PrivateKey == "":
		return invalid("private_key", "must not be empty")
	case len(blocks) == 0 || slices.ContainsFunc(blocks, isOther):
		return badRequest("ELB.1011", "the content of certificate is not valid")
	case len(keys) != 1 || !isKey(keys[0]):
		return badRequest("ELB.1011", "the content of private_key is not valid")
	case !belongs(keys[0].Bytes, blocks[0].Bytes):
		return badRequest("ELB.5013", "private_key does not belong to certificate")
	}
	return nil
}

// belongs reports whether a private key belongs to a certificate. For an algorithm that the standard
// library does not know, such as SM2, nobody can tell.
func belongs(privateKey, certificate []byte) bool {
	cert, err := x509.ParseCertificate(certificate)
	if err != nil {
		return true
	}
	public := publicKeyOf(privateKey)
	if public == nil {
		return !slices.Contains([]x509.PublicKeyAlgorithm{x509.RSA, x509.ECDSA, x509.Ed25519}, cert.PublicKeyAlgorithm)
	}
	own, err := x509.MarshalPKIXPublicKey(public)
	if key, isRSA := public.(*rsa.PublicKey); isRSA { // which may have the algorithm RSASSA-PSS in the certificate
		own = x509.MarshalPKCS1PublicKey(key)
	}
	return err == nil && bytes.HasSuffix(cert.RawSubjectPublicKeyInfo, own)
}

// publicKeyOf returns the public key of a private key in PKCS#8, SEC 1 or PKCS#1, or nil for
// other bytes.
func publicKeyOf(der []byte) crypto.PublicKey {
	var wrapped struct {
		Version   int
		Algorithm pkix.AlgorithmIdentifier
		Key       []byte
	}
	_, _ = asn1.Unmarshal(der, &wrapped)
	for _, parse := range []func() (any, error){
		func() (any, error) { return x509.ParsePKCS8PrivateKey(der) },
		func() (any, error) { return x509.ParseECPrivateKey(der) },
		func() (any, error) { return x509.ParsePKCS1PrivateKey(der) },
		// The standard library does not know RSASSA-PSS in PKCS#8 (RFC 4055).
		func() (any, error) { return x509.ParsePKCS1PrivateKey(wrapped.Key) },
	} {
		key, err := parse()
		if signer, isKnown := key.(crypto.Signer); err == nil && isKnown {
			return signer.Public()
		}
	}
	return nil
}

// pemBlocks returns the blocks of a text, or nil if it contains anything but PEM.
func pemBlocks(text string) []*pem.Block {
	var blocks []*pem.Block
	for rest := strings.TrimSpace(text); rest != ""; {
		block, after := pem.Decode([]byte(rest))
		if block == nil || !strings.HasPrefix(rest, "-----BEGIN ") {
			return nil
		}
		blocks, rest = append(blocks, block), strings.TrimSpace(string(after))
	}
	return blocks
}

func isDER(der []byte) bool {
	var value asn1.RawValue
	rest, err := asn1.Unmarshal(der, &value)
	return err == nil && len(rest) == 0
}

// newID returns 32 hexadecimal characters (seed, recorded).
func newID() string {
	id := make([]byte, 16)
	_, _ = cryptorand.Read(id) // never fails
	return hex.EncodeToString(id)
}

// Certificates returns the certificates of a project, oldest first.
func (c *Cloud) Certificates(projectID string) []Certificate {
	c.mu.Lock()
	defer c.mu.Unlock()
	return ofProject(c.certificates.now(), projectID)
}

// Add adds a certificate without a call and without checks. It sets the ID and the times, and
// returns the ID.
func (c *Cloud) Add(cert Certificate) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.add(cert).ID
}

func (c *Cloud) add(cert Certificate) Certificate {
	cert.ID, cert.CreateTime = newID(), c.now()
	cert.UpdateTime = cert.CreateTime
	c.certificates.add(cert)
	return cert
}

// Change changes the certificate with an ID without a call. It reports whether the
// certificate exists.
func (c *Cloud) Change(id string, change func(*Certificate)) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	changed := c.certificates.change(id, func(cert *Certificate) {
		change(cert)
		cert.UpdateTime = c.now()
	})
	return changed != nil
}

// Remove removes the certificate or the listener with an ID without a call, even a certificate that
// a listener holds. It reports whether there was one.
func (c *Cloud) Remove(id string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.certificates.end(id) >= 0 || c.listeners.end(id) >= 0
}
