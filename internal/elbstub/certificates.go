package elbstub

import (
	"bytes"
	"cmp"
	"crypto"
	cryptorand "crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/rand/v2"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// A Certificate as the cloud holds it.
type Certificate struct {
	ID          string
	ProjectID   string
	Name        string
	Description string
	// Domain is empty when none was given.
	Domain      string
	Certificate string
	PrivateKey  string
	CreateTime  time.Time
	UpdateTime  time.Time
}

// timeLayout has no zone (seed).
const timeLayout = "2006-01-02 15:04:05"

func (c *Cloud) createCertificate(r request) (Response, *refusal) {
	fields, refused := decodeFields(r.body, "name", "description", "domain", "certificate", "private_key")
	if refused != nil {
		return Response{}, refused
	}
	if refused := c.options.Dialect.checkFields(fields); refused != nil {
		return Response{}, refused
	}
	if refused := checkPair(fields["certificate"], fields["private_key"]); refused != nil {
		return Response{}, refused
	}
	if c.options.Deduplicate {
		if cert := c.sameLeaf(r.projectID, fields["certificate"]); cert != nil {
			return respond(http.StatusOK, c.options.Dialect.body(cert, true)), nil
		}
	}
	if len(c.certificates) >= c.options.Quota {
		return Response{}, &refusal{http.StatusBadRequest, "ELB.5151", fmt.Sprintf("the certificate quota of %d is used up", c.options.Quota)} // reference
	}

	cert := Certificate{
		ProjectID:   r.projectID,
		Name:        fields["name"],
		Description: fields["description"],
		Domain:      fields["domain"],
		Certificate: fields["certificate"],
		PrivateKey:  fields["private_key"],
	}
	c.keep(&cert)
	return c.created(c.add(cert)), nil
}

// created is the answer to a create.
func (c *Cloud) created(cert *Certificate) Response {
	return respond(cmp.Or(c.options.Dialect.CreateStatus, http.StatusOK), c.options.Dialect.body(cert, true))
}

func (c *Cloud) keep(cert *Certificate) {
	if c.options.Keep != nil {
		c.options.Keep(cert)
	}
}

// LeafAlone keeps the first certificate of a chain alone (assumed).
func LeafAlone(cert *Certificate) {
	if blocks := pemBlocks(cert.Certificate); len(blocks) > 0 {
		cert.Certificate = string(pem.EncodeToMemory(blocks[0]))
	}
}

// TrimTexts keeps the name and the description without space at their ends
// (assumed).
func TrimTexts(cert *Certificate) {
	cert.Name, cert.Description = strings.TrimSpace(cert.Name), strings.TrimSpace(cert.Description)
}

// LowerTexts keeps the name and the description in lower case (assumed).
func LowerTexts(cert *Certificate) {
	cert.Name, cert.Description = strings.ToLower(cert.Name), strings.ToLower(cert.Description)
}

func (c *Cloud) listCertificates(r request) (Response, *refusal) {
	dialect := c.options.Dialect
	lag := max(c.nextLag(ListCertificates), r.view.Lag)
	listed := []object{}
	for _, cert := range c.asOf(c.options.Now().Add(-lag)) {
		if cert.ProjectID == r.projectID {
			listed = append(listed, dialect.listed(cert))
		}
	}
	shown := dialect.ordered(listed[min(r.view.Hidden, len(listed)):])
	return respond(http.StatusOK, dialect.list(shown, len(listed))), nil
}

// nextLag returns how far behind the replica is that answers the next list of a kind.
func (c *Cloud) nextLag(list Operation) time.Duration {
	c.lists[list]++
	if c.options.ListLag == 0 {
		return 0
	}
	random := rand.New(rand.NewPCG(c.options.Seed, c.lists[list])) //nolint:gosec // lags are no secret
	switch random.IntN(3) {
	case 0:
		return 0
	case 1:
		return c.options.ListLag
	default:
		return time.Duration(random.Int64N(int64(c.options.ListLag)))
	}
}

func (c *Cloud) modifyCertificate(r request) (Response, *refusal) {
	cert, refusing := c.find(r, "ELB.5030")
	if cert == nil {
		return refusing, nil
	}
	// seed: only the name and the description can be modified, both optional.
	fields, refused := decodeFields(r.body, "name", "description")
	if refused != nil {
		return Response{}, refused
	}
	if refused := c.options.Dialect.checkFields(fields); refused != nil {
		return Response{}, refused
	}
	c.revise(cert.ID, cert)
	if name, sent := fields["name"]; sent {
		cert.Name = name
	}
	if description, sent := fields["description"]; sent {
		cert.Description = description
	}
	c.keep(cert)
	cert.UpdateTime = c.options.Now().UTC()
	return c.options.Dialect.modified(cert), nil
}

func (c *Cloud) deleteCertificate(r request) (Response, *refusal) {
	cert, refusing := c.find(r, "ELB.5010")
	if cert == nil {
		return refusing, nil
	}
	if c.held(cert.ID) {
		c.inUse++
		return c.options.Dialect.inUse(c.inUse - 1), nil
	}
	c.remove(cert.ID)
	return Response{Status: cmp.Or(c.options.Dialect.DeleteStatus, http.StatusNoContent)}, nil
}

// find returns the certificate that the path of a request names, or what the request
// is answered. Each operation has a code of its own for a malformed path (reference).
func (c *Cloud) find(r request, malformed string) (*Certificate, Response) {
	dialect := c.options.Dialect
	if r.certificateID == "" || strings.Contains(r.certificateID, "/") {
		return nil, dialect.refused(refusal{http.StatusBadRequest, malformed, "the certificate URL is malformed"})
	}
	if len(r.certificateID) != 32 { // reference
		message := "the certificate id is not 32 characters long"
		return nil, dialect.refused(refusal{http.StatusBadRequest, "ELB.5020", message})
	}
	for _, cert := range c.certificates {
		if cert.ID == r.certificateID && cert.ProjectID == r.projectID {
			return cert, Response{}
		}
	}
	c.gone++
	return nil, dialect.notFound(c.gone - 1)
}

// sameLeaf returns the oldest certificate of a project that has the same leaf as a
// PEM text, or nil.
func (c *Cloud) sameLeaf(projectID, text string) *Certificate {
	leaf := pemBlocks(text)[0].Bytes
	for _, cert := range c.certificates {
		blocks := pemBlocks(cert.Certificate)
		if cert.ProjectID == projectID && len(blocks) > 0 && bytes.Equal(blocks[0].Bytes, leaf) {
			return cert
		}
	}
	return nil
}

// decodeFields reads a body that is an object of strings.
func decodeFields(body []byte, allowed ...string) (map[string]string, *refusal) {
	var raw map[string]any
	if len(bytes.TrimSpace(body)) == 0 || json.Unmarshal(body, &raw) != nil || raw == nil {
		return nil, &refusal{http.StatusBadRequest, "ELB.0002", "the request body is empty or malformed"} // reference
	}
	fields := make(map[string]string, len(raw))
	for name, value := range raw {
		text, isString := value.(string)
		switch {
		case !slices.Contains(allowed, name):
			// assumed: a field that the operation does not have is refused.
			return nil, invalid(name, "is not a parameter of this operation")
		case !isString:
			return nil, invalid(name, "is not a string")
		}
		fields[name] = text
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
func (d Dialect) checkFields(fields map[string]string) *refusal {
	description := fields["description"]
	switch {
	case !nameRule.MatchString(fields["name"]):
		return invalid("name", "must be 0 to 64 Chinese or Latin letters, digits, underscores, hyphens")
	case utf8.RuneCountInString(description) > 128: // seed
		return invalid("description", "must be at most 128 characters")
	case strings.ContainsAny(description, "<>"): // seed
		return invalid("description", "must not contain < or >")
	case d.Wildcards && wildcardRule.MatchString(fields["domain"]):
	case !domainRule.MatchString(fields["domain"]):
		return invalid("domain", "must be at most 254 letters, digits, hyphens, dots, and start with a letter or a digit")
	}
	return nil
}

// checkPair checks the certificate and the key of a create.
func checkPair(certificate, privateKey string) *refusal {
	// reference: ELB.1001 where one of the two is empty.
	if certificate == "" {
		return invalid("certificate", "must not be empty")
	}
	if privateKey == "" {
		return invalid("private_key", "must not be empty")
	}
	// reference: the codes; assumed: which of them means what.
	blocks := pemBlocks(certificate)
	if len(blocks) == 0 || slices.ContainsFunc(blocks, func(b *pem.Block) bool { return b.Type != "CERTIFICATE" || !isDER(b.Bytes) }) {
		return &refusal{http.StatusBadRequest, "ELB.1011", "the content of certificate is not valid"}
	}
	keys := pemBlocks(privateKey)
	if len(keys) != 1 || !strings.HasSuffix(keys[0].Type, "PRIVATE KEY") || keys[0].Headers["DEK-Info"] != "" || !isDER(keys[0].Bytes) {
		return &refusal{http.StatusBadRequest, "ELB.1011", "the content of private_key is not valid"}
	}
	public := publicKey(blocks[0].Bytes)
	if public != nil && !public.Equal(publicKeyOf(keys[0].Bytes)) {
		return &refusal{http.StatusBadRequest, "ELB.5013", "private_key does not belong to certificate"}
	}
	return nil
}

// oidRSASSAPSS is the algorithm of keys that sign by RSASSA-PSS alone (RFC 4055).
var oidRSASSAPSS = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 10}

// comparableKey is what the public keys of the standard library are.
type comparableKey interface {
	Equal(other crypto.PublicKey) bool
}

// publicKey returns the public key of a certificate, or nil where this stub does not know
// the algorithm, such as SM2, and so cannot tell which private key belongs to it.
func publicKey(der []byte) comparableKey {
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil
	}
	if public, known := cert.PublicKey.(comparableKey); known {
		return public
	}
	var info struct {
		Algorithm pkix.AlgorithmIdentifier
		Key       asn1.BitString
	}
	if _, err := asn1.Unmarshal(cert.RawSubjectPublicKeyInfo, &info); err != nil || !info.Algorithm.Algorithm.Equal(oidRSASSAPSS) {
		return nil
	}
	public, err := x509.ParsePKCS1PublicKey(info.Key.Bytes)
	if err != nil {
		return nil
	}
	return public
}

// publicKeyOf returns the public key that belongs to a private key, which may be in PKCS#8,
// SEC 1 or PKCS#1. It returns nil for what is none of them.
func publicKeyOf(der []byte) crypto.PublicKey {
	if key, err := x509.ParsePKCS8PrivateKey(der); err == nil {
		if signer, known := key.(crypto.Signer); known {
			return signer.Public()
		}
		return nil
	}
	if key, err := x509.ParseECPrivateKey(der); err == nil {
		return key.Public()
	}
	var wrapped struct {
		Version   int
		Algorithm pkix.AlgorithmIdentifier
		Key       []byte
	}
	if _, err := asn1.Unmarshal(der, &wrapped); err == nil && wrapped.Algorithm.Algorithm.Equal(oidRSASSAPSS) {
		der = wrapped.Key // of the form of PKCS#1
	}
	if key, err := x509.ParsePKCS1PrivateKey(der); err == nil {
		return key.Public()
	}
	return nil
}

// pemBlocks returns the blocks of a text that is PEM from beginning to end, or
// nil.
func pemBlocks(text string) []*pem.Block {
	var blocks []*pem.Block
	rest := []byte(strings.TrimSpace(text))
	for len(rest) > 0 {
		if !bytes.HasPrefix(rest, []byte("-----BEGIN ")) {
			return nil
		}
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			return nil
		}
		blocks = append(blocks, block)
		rest = bytes.TrimSpace(rest)
	}
	return blocks
}

func isDER(der []byte) bool {
	var value asn1.RawValue
	rest, err := asn1.Unmarshal(der, &value)
	return err == nil && len(rest) == 0
}

func invalid(parameter, rule string) *refusal {
	return &refusal{http.StatusBadRequest, "ELB.1001", fmt.Sprintf("parameter %s is invalid: it %s", parameter, rule)}
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
	var certs []Certificate
	for _, cert := range c.certificates {
		if cert.ProjectID == projectID {
			certs = append(certs, *cert)
		}
	}
	return certs
}

// Add adds a certificate behind its client's back, unchecked, and returns its
// id. ID and times are made here.
func (c *Cloud) Add(cert Certificate) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.add(cert).ID
}

func (c *Cloud) add(cert Certificate) *Certificate {
	cert.ID = newID()
	c.ordinals[cert.ID] = len(c.ordinals)
	cert.CreateTime = c.options.Now().UTC()
	cert.UpdateTime = cert.CreateTime
	c.revise(cert.ID, nil)
	c.certificates = append(c.certificates, &cert)
	return &cert
}

// Change changes the certificate with that id behind its client's back, and
// reports whether there is one.
func (c *Cloud) Change(id string, change func(*Certificate)) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	i := slices.IndexFunc(c.certificates, func(cert *Certificate) bool { return cert.ID == id })
	if i < 0 {
		return false
	}
	c.revise(id, c.certificates[i])
	change(c.certificates[i])
	c.certificates[i].UpdateTime = c.options.Now().UTC()
	return true
}

// Remove removes the certificate with that id behind its client's back, even
// from a listener, and reports whether there was one.
func (c *Cloud) Remove(id string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.remove(id)
}

func (c *Cloud) remove(id string) bool {
	i := slices.IndexFunc(c.certificates, func(cert *Certificate) bool { return cert.ID == id })
	if i < 0 {
		return false
	}
	c.revise(id, c.certificates[i])
	c.certificates = slices.Delete(c.certificates, i, i+1)
	return true
}

// A revision is what a certificate was before a change.
type revision struct {
	at     time.Time
	id     string
	before *Certificate // nil if there was none
}

// longestLag is for how long revisions are kept at least.
const longestLag = 10 * time.Second

// revise notes what a certificate is before it is changed.
func (c *Cloud) revise(id string, before *Certificate) {
	now, longest := c.options.Now(), max(longestLag, c.options.ListLag)
	c.revisions = slices.DeleteFunc(c.revisions, func(r revision) bool { return now.Sub(r.at) > longest })
	if before != nil {
		was := *before
		before = &was
	}
	c.revisions = append(c.revisions, revision{at: now, id: id, before: before})
}

// asOf returns the certificates as they were at a time, oldest first.
func (c *Cloud) asOf(at time.Time) []*Certificate {
	certificates := slices.Clone(c.certificates)
	for _, r := range slices.Backward(c.revisions) {
		if !r.at.After(at) {
			break
		}
		certificates = slices.DeleteFunc(certificates, func(cert *Certificate) bool { return cert.ID == r.id })
		if r.before != nil {
			certificates = append(certificates, r.before)
		}
	}
	slices.SortFunc(certificates, func(a, b *Certificate) int { return c.ordinals[a.ID] - c.ordinals[b.ID] })
	return certificates
}
