// Package elbstub imitates, in memory, the certificate and listener API of the classic
// load balancer (ELB, "elbaas" v1.0) of the Huawei Cloud family, and its identity service.
// Tests and the demonstration use it, and it lets you try the provider without a cloud.
//
// It shares no code with the client, but has wire types and rules of its own, so
// that one mistake cannot hide in both. It is as strict as the documents. Each rule
// names its source:
//
//   - seed: the reference page "modify a certificate"
//   - reference: the other pages of the same API reference
//   - recorded: responses recorded by existing SDKs
//   - observed: what existing clients and bug reports show
//   - assumed: a guess that a real cloud may prove wrong
package elbstub

import (
	"cmp"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// DefaultQuota is how many certificates an account may hold unless it asks for
// more (reference).
const DefaultQuota = 120

// maxRequestBody is far above two PEM chains (assumed; no limit is documented).
const maxRequestBody = 1 << 20

// Options describe a Cloud.
type Options struct {
	// BasePath is the path in front of /v1.0, such as "/gateway/elb". Empty means the
	// root.
	BasePath string
	// Tokens maps each valid token to its only project.
	Tokens map[string]string
	// Identity is the content of the identity service, besides Tokens.
	Identity Identity
	// Quota is how many certificates the account may have in all its projects. 0 means
	// DefaultQuota.
	Quota int
	// Dialect is the form of the responses.
	Dialect Dialect
	// Keep changes a certificate before it is stored, such as TrimTexts or LowerTexts. nil
	// changes nothing (seed: the response has what was sent).
	Keep func(*Certificate)
	// ListLag is the maximum age of what a list shows: each list comes from a replica that
	// is up to date, or that far behind, or something in between (observed of certificates,
	// assumed of listeners: up to a few seconds).
	ListLag time.Duration
	// UpdateTime is how long a listener has the status PENDING_UPDATE after a modify
	// (assumed).
	UpdateTime time.Duration
	// HoldLag is how long a certificate cannot be deleted after a listener has released it
	// (assumed: the backend of deletions learns it late).
	HoldLag time.Duration
	// CertificateLag is how long a modify of a listener does not know a new certificate
	// (assumed: the backend of listeners learns it late).
	CertificateLag time.Duration
	// Seed chooses the replica of each list, together with the number of earlier lists of
	// its kind.
	Seed uint64
	// Now is the clock of the server. nil means time.Now.
	Now func() time.Time
	// Log is called with each call, concurrently, before its response is sent. nil does nothing.
	Log func(Call)
}

// Cloud is the imitation. It is an http.Handler, safe for concurrent use.
type Cloud struct {
	// Handler is a mux. Before the first call, something may be put in front of it.
	http.Handler
	options Options

	mu           sync.Mutex
	certificates collection[Certificate]
	listeners    collection[Listener]
	issued       map[string]issuedToken
	temporary    []AccessKey
	calls        map[Operation]int // how many there were
	scripted     map[scriptedCall]Fault
	choices      map[Operation]func(call int) Fault
	journal      []Call
}

// New returns an empty Cloud.
func New(options Options) *Cloud {
	options.Quota = cmp.Or(options.Quota, DefaultQuota)
	if options.Now == nil {
		options.Now = time.Now
	}
	if options.Keep == nil {
		options.Keep = func(*Certificate) {}
	}
	if options.Log == nil {
		options.Log = func(Call) {}
	}
	mux := http.NewServeMux()
	c := &Cloud{
		Handler:      mux,
		options:      options,
		certificates: collection[Certificate]{options: options},
		listeners:    collection[Listener]{options: options},
		issued:       map[string]issuedToken{},
		calls:        map[Operation]int{},
		scripted:     map[scriptedCall]Fault{},
		choices:      map[Operation]func(int) Fault{},
	}

	elbaas := options.BasePath + "/v1.0/{project_id}/elbaas"
	iam := options.BasePath + "/v3"
	mux.HandleFunc("POST "+elbaas+"/certificate", c.handler(CreateCertificate, c.createCertificate))
	mux.HandleFunc("GET "+elbaas+"/certificate", c.handler(ListCertificates, c.listCertificates))
	mux.HandleFunc("PUT "+elbaas+"/certificate/{id...}", c.handler(ModifyCertificate, c.modifyCertificate))
	mux.HandleFunc("DELETE "+elbaas+"/certificate/{id...}", c.handler(DeleteCertificate, c.deleteCertificate))
	mux.HandleFunc("GET "+elbaas+"/listeners", c.handler(ListListeners, c.listListeners))
	mux.HandleFunc("GET "+elbaas+"/listeners/{id...}", c.handler(ShowListener, c.showListener))
	mux.HandleFunc("PUT "+elbaas+"/listeners/{id...}", c.handler(ModifyListener, c.modifyListener))
	mux.HandleFunc("POST "+iam+"/auth/tokens", c.handler(IssueToken, c.issueToken))
	mux.HandleFunc("GET "+iam+"/auth/catalog", c.handler(ShowCatalog, c.showCatalog))
	mux.HandleFunc("GET "+iam+"/auth/projects", c.handler(ListProjects, c.listProjects))
	mux.HandleFunc("GET "+iam+"/projects", c.handler(ListProjects, c.listProjects))
	mux.HandleFunc("POST "+iam+".0/OS-CREDENTIAL/securitytokens", c.handler(AssumeAgency, c.assumeAgency))
	mux.HandleFunc("/", c.handler(Unknown, nil))
	return c
}

func (c *Cloud) now() time.Time { return c.options.Now().UTC() }

// An Operation is one of the calls that the API has.
type Operation string

// The operations of the API.
const (
	CreateCertificate Operation = "create certificate"
	ListCertificates  Operation = "list certificates"
	ModifyCertificate Operation = "modify certificate"
	DeleteCertificate Operation = "delete certificate"
	ListListeners     Operation = "list listeners"
	ShowListener      Operation = "show listener"
	ModifyListener    Operation = "modify listener"
	IssueToken        Operation = "issue token"
	ShowCatalog       Operation = "show catalog"
	ListProjects      Operation = "list projects"
	AssumeAgency      Operation = "assume agency"
	// Unknown is every request that no documented operation matches.
	Unknown Operation = "unknown"
)

// request is the input of a handler.
type request struct {
	*http.Request
	body   []byte
	caller caller
	view   View
	nth    int // of the calls of its operation, from 1
}

// A Response is the response to a call. Without a status, the connection closes instead.
type Response struct {
	Status int
	Header http.Header
	Body   []byte
	// cut is how many bytes of Body are sent before the connection closes, or 0 for all and no close.
	cut int
}

// handler returns the handler of an operation. Before handle runs, the checks of all operations are
// made; a fault may change the result, which is recorded in the journal and written to the client.
func (c *Cloud) handler(operation Operation, handle func(request) (Response, *Refusal)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequestBody)) // the rest of it would be malformed
		carryOut := func(views ...View) (response Response) {
			c.mu.Lock()
			defer c.mu.Unlock()
			who, refused := c.refuse(operation, r, body)
			if refused == nil {
				response, refused = handle(request{r, body, who, append(views, View{})[0], c.calls[operation]})
			}
			if refused != nil {
				return c.options.Dialect.refused(*refused)
			}
			return response
		}

		response, requestID := c.nextFault(operation)(carryOut), newID()
		c.record(operation, r, requestID, body, response)
		response.write(w, requestID)
	}
}

// write sends a response, or the part of it that its fault lets through.
func (r Response) write(w http.ResponseWriter, requestID string) {
	maps.Copy(w.Header(), r.Header)
	w.Header().Set("X-Request-Id", requestID)
	if r.Status == 0 {
		panic(http.ErrAbortHandler)
	}
	if r.Status != http.StatusNoContent {
		w.Header().Set("Content-Length", strconv.Itoa(len(r.Body)))
	}
	w.WriteHeader(r.Status)
	if r.cut > 0 {
		_, _ = w.Write(r.Body[:min(r.cut, len(r.Body))])
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
	_, _ = w.Write(r.Body)
}

// refuse makes the checks that come before every operation, and identifies the caller.
func (c *Cloud) refuse(operation Operation, r *http.Request, body []byte) (who caller, refused *Refusal) {
	switch operation {
	case Unknown:
		// observed: the gateway responds so to an unknown path. A GET of one certificate is
		// such a path (seed and reference have none).
		const message = "The API does not exist or has not been published in the environment"
		return who, &Refusal{http.StatusNotFound, "APIGW.0101", message}
	case IssueToken:
		return who, nil // the credentials are in the body
	}
	who, refused = c.identify(r, body)
	project := r.PathValue("project_id")
	isTheirs := func(p Project) bool { return p.ID == project && p.Domain == who.domain }
	mayCall := who.projectID == project || who.anyProject && slices.ContainsFunc(c.options.Identity.Projects, isTheirs)
	switch {
	case refused != nil || project == "": // the identity service has no project
	case !mayCall && !who.anyProject:
		// reference: a token is valid for its own project.
		refused = badRequest("ELB.9808", "the project of the token is not that of the URL")
	case !mayCall, who.anyProject && r.Header.Get("X-Project-Id") != project:
		// reference: every signed request has that header; assumed: the error.
		refused = &Refusal{http.StatusForbidden, "ELB.9802", "the policy does not allow the action in this project"}
	case r.URL.RawQuery != "" && operation != ListListeners:
		// reference: no other operation has a query parameter; assumed: the error.
		refused = badRequest("ELB.5004", "the search condition is not valid")
	}
	return who, refused
}

// identify identifies the caller by the token or the signature.
func (c *Cloud) identify(r *http.Request, body []byte) (caller, *Refusal) {
	token := r.Header.Get("X-Auth-Token")
	project, isFixed := c.options.Tokens[token]
	issued := c.issued[token]
	switch {
	case token == "" && r.Header.Get("Authorization") != "":
		return c.verify(r, body)
	case token == "":
		return caller{}, unauthorized("token is missing")
	case isFixed:
		known, _ := first(c.options.Identity.Projects, func(p Project) bool { return p.ID == project })
		return caller{projectID: project, domain: known.Domain}, nil
	case c.now().Before(issued.expires):
		return issued.caller, nil
	}
	status := cmp.Or(c.options.Dialect.TokenStatus, http.StatusUnauthorized)
	return caller{}, &Refusal{status, "ELB.1102", "the token is not valid"} // reference
}

// first returns the first element that matches.
func first[T any](all []T, matches func(T) bool) (found T, exists bool) {
	if i := slices.IndexFunc(all, matches); i >= 0 {
		return all[i], true
	}
	return found, false
}

func respond(status int, body any) Response {
	text, _ := json.Marshal(body) // never fails for what a response has
	return reply(status, string(text))
}

// A Call is an entry of the journal: a request, without its secrets, and its response.
type Call struct {
	Operation Operation
	Method    string
	Path      string
	ProjectID string
	// ID is that of the certificate or the listener.
	ID string
	// Header is that of the request, with its credentials redacted.
	Header http.Header
	// Body is that of the request, with its private key or password redacted.
	Body string
	// Status is that of the response, or 0 if the connection was closed without one.
	Status int
	// RequestID is the X-Request-Id of the response.
	RequestID string
	// Sent is the size of the body of the response in bytes.
	Sent int
}

func (c *Cloud) record(operation Operation, r *http.Request, requestID string, body []byte, response Response) {
	header := r.Header.Clone()
	for _, name := range []string{"X-Auth-Token", "X-Security-Token", "Authorization"} {
		if header.Get(name) != "" {
			header.Set(name, "[redacted]")
		}
	}
	call := Call{
		Operation: operation,
		Method:    r.Method,
		Path:      r.URL.Path,
		ProjectID: r.PathValue("project_id"),
		ID:        r.PathValue("id"),
		Header:    header,
		Body:      withoutSecrets(operation, body),
		Status:    response.Status,
		RequestID: requestID,
		Sent:      len(response.Body),
	}
	c.options.Log(call)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.journal = append(c.journal, call)
}

// privateKeyField matches the private key in a request body.
var privateKeyField = regexp.MustCompile(`"private_key"\s*:\s*"(?:[^"\\]|\\.)*"`)

// withoutSecrets redacts the secrets of a request body.
func withoutSecrets(operation Operation, body []byte) string {
	text := privateKeyField.ReplaceAllString(string(body), `"private_key":"[redacted]"`)
	if operation == IssueToken || strings.Contains(text, "PRIVATE KEY") {
		return "[redacted]"
	}
	return text
}

// Journal returns the calls so far, oldest first: all of them, or those of some operations.
func (c *Cloud) Journal(operations ...Operation) []Call {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(c.journal), func(call Call) bool {
		return len(operations) > 0 && !slices.Contains(operations, call.Operation)
	})
}
