// Package elbstub imitates, in memory, the certificate API of the classic load
// balancer (ELB, "elbaas" v1.0) of the Huawei Cloud family. It serves the
// tests, the demonstration, and whoever wants to try the provider without a
// cloud.
//
// It shares no code with the client: it has wire types and rules of its own,
// so that a mistake in one of them cannot agree with itself. It is as strict as
// the documents are. Each rule names where it comes from:
//
//   - seed: the reference page "modify a certificate"
//   - reference: the other pages of the same API reference
//   - recorded: answers recorded by existing SDKs
//   - observed: what existing clients and bug reports show
//   - assumed: nothing seen; a guess that a real cloud may prove wrong
package elbstub

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
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
	// BasePath is the path in front of /v1.0, such as "/gateway/elb". Empty
	// means the root.
	BasePath string
	// Tokens maps each valid token to the one project that it is good for.
	Tokens map[string]string
	// Identity is what the identity service knows, besides Tokens.
	Identity Identity
	// Quota is how many certificates the account may hold, over all its
	// projects. 0 means DefaultQuota.
	Quota int
	// Dialect is how the cloud answers.
	Dialect Dialect
	// Deduplicate answers a create whose leaf the project has already with the
	// certificate that has it, and makes none (assumed).
	Deduplicate bool
	// Keep is what the cloud makes of a certificate before it keeps it: nothing, if
	// nil (seed: the answer has what was sent), LeafAlone, TrimTexts or LowerTexts.
	Keep func(*Certificate)
	// ListLag is how old what a list shows may be: each list is answered by a replica that
	// is up to date, or that far behind, or something in between (observed of
	// certificates, assumed of listeners: up to a few seconds).
	ListLag time.Duration
	// UpdateTime is for how long a listener has the status PENDING_UPDATE after a modify
	// (assumed).
	UpdateTime time.Duration
	// HoldLag is for how long a certificate still counts as held, for its deletion,
	// after a listener let go of it (assumed: the backend of a deletion sees it late).
	HoldLag time.Duration
	// CertificateLag is for how long a modify of a listener does not know a new certificate
	// (assumed: the backend of listeners sees it late).
	CertificateLag time.Duration
	// Seed chooses the replica of each list, by the number of lists of its kind before.
	Seed uint64
	// Now is the clock of the server. nil means time.Now.
	Now func() time.Time
}

// Cloud is the stand-in. It is an http.Handler, safe for concurrent use.
type Cloud struct {
	options Options
	mux     *http.ServeMux

	mu           sync.Mutex
	certificates []*Certificate
	ordinals     map[string]int       // of the certificates, by ID, in the order of their creation
	lists        map[Operation]uint64 // so far
	gone, inUse  int                  // refusals of the kind so far
	listeners    []Listener
	released     map[string]time.Time // when a listener last let go of a certificate, by ID
	issued       map[string]issuedToken
	temporary    []AccessKey
	scripted     []scriptedFault
	choices      map[Operation]*choice
	storm        Storm
	attempts     map[Operation]uint64  // in the storm
	following    map[Operation][]Fault // of the next calls in the storm
	revisions    []revision
	history      []history // of the listeners
	journal      []Call
}

// New returns an empty Cloud.
func New(options Options) *Cloud {
	options.Quota = cmp.Or(options.Quota, DefaultQuota)
	if options.Now == nil {
		options.Now = time.Now
	}
	c := &Cloud{
		options:  options,
		mux:      http.NewServeMux(),
		ordinals: map[string]int{},
		lists:    map[Operation]uint64{},
		released: map[string]time.Time{},
		issued:   map[string]issuedToken{},
		choices:  map[Operation]*choice{},
	}

	elbaas := options.BasePath + "/v1.0/{project_id}/elbaas"
	c.mux.HandleFunc("POST "+elbaas+"/certificate", c.serve(CreateCertificate, c.createCertificate))
	c.mux.HandleFunc("GET "+elbaas+"/certificate", c.serve(ListCertificates, c.listCertificates))
	c.mux.HandleFunc("PUT "+elbaas+"/certificate/{certificate_id...}", c.serve(ModifyCertificate, c.modifyCertificate))
	c.mux.HandleFunc(
		"DELETE "+elbaas+"/certificate/{certificate_id...}",
		c.serve(DeleteCertificate, c.deleteCertificate),
	)
	c.mux.HandleFunc("GET "+elbaas+"/listeners", c.serve(ListListeners, c.listListeners))
	c.mux.HandleFunc("GET "+elbaas+"/listeners/{listener_id...}", c.serve(ShowListener, c.showListener))
	c.mux.HandleFunc("PUT "+elbaas+"/listeners/{listener_id...}", c.serve(ModifyListener, c.modifyListener))
	iam := options.BasePath + "/v3"
	c.mux.HandleFunc("POST "+iam+"/auth/tokens", c.serve(IssueToken, c.issueToken))
	c.mux.HandleFunc("GET "+iam+"/auth/catalog", c.serve(ShowCatalog, c.showCatalog))
	c.mux.HandleFunc("GET "+iam+"/auth/projects", c.serve(ListProjects, c.listProjects))
	c.mux.HandleFunc("GET "+iam+"/projects", c.serve(ListProjects, c.listProjects))
	c.mux.HandleFunc(
		"POST "+options.BasePath+"/v3.0/OS-CREDENTIAL/securitytokens",
		c.serve(AssumeAgency, c.assumeAgency),
	)
	c.mux.HandleFunc("/", c.serve(Unknown, nil))
	return c
}

// ServeHTTP answers one request of a client.
func (c *Cloud) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.mux.ServeHTTP(w, r)
}

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

// request is what a handler reads.
type request struct {
	projectID     string
	certificateID string
	listenerID    string
	query         url.Values
	host          string
	caller        caller
	body          []byte
	view          View
}

// A Response is what a call is answered with.
type Response struct {
	Status int
	Header http.Header
	Body   []byte
	// cut is how many bytes of Body are sent before the connection closes;
	// less than 0 closes it without an answer.
	cut int
	// inUse tells that the certificate to be deleted is in use.
	inUse bool
}

// serve adapts a handler: it checks what all operations check, lets a scripted
// fault interfere, keeps the journal, and writes the answer.
func (c *Cloud) serve(operation Operation, handle func(request) (Response, *refusal)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		requestID := newID()
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequestBody))
		carryOut := func(view View) (Response, *refusal) {
			if err != nil {
				return Response{}, &refusal{http.StatusBadRequest, "ELB.0002", "the request body could not be read"}
			}
			c.mu.Lock()
			defer c.mu.Unlock()
			who, refused := c.refuse(operation, r, body)
			if refused != nil {
				return Response{}, refused
			}
			return handle(request{
				projectID:     r.PathValue("project_id"),
				certificateID: r.PathValue("certificate_id"),
				listenerID:    r.PathValue("listener_id"),
				query:         r.URL.Query(),
				host:          r.Host,
				caller:        who,
				body:          body,
				view:          view,
			})
		}
		answer := func(views ...View) Response {
			response, refused := carryOut(append(views, View{})[0])
			if refused != nil {
				return c.options.Dialect.refused(*refused)
			}
			return response
		}

		response := c.nextFault(operation)(answer)
		c.record(operation, r, requestID, body, response)

		for name, values := range response.Header {
			w.Header()[name] = values
		}
		w.Header().Set("X-Request-Id", requestID)
		if response.cut < 0 {
			panic(http.ErrAbortHandler)
		}
		w.Header().Set("Content-Length", strconv.Itoa(len(response.Body)))
		if response.Status == http.StatusNoContent {
			w.Header().Del("Content-Length")
		}
		w.WriteHeader(response.Status)
		if response.cut > 0 {
			_, _ = w.Write(response.Body[:min(response.cut, len(response.Body))])
			_ = http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		}
		_, _ = w.Write(response.Body)
	}
}

// refuse makes the checks that come before an operation, and finds out who calls.
func (c *Cloud) refuse(operation Operation, r *http.Request, body []byte) (caller, *refusal) {
	switch operation {
	case Unknown:
		// observed: what the gateway says of a path that it does not know. A GET
		// of one certificate is such a path (seed and reference have none).
		return caller{}, &refusal{http.StatusNotFound, "APIGW.0101", "The API does not exist or has not " +
			"been published in the environment"}
	case IssueToken:
		return caller{}, nil // the body has the credentials
	}
	who, refused := c.identify(r, body)
	if refused != nil {
		return caller{}, refused
	}
	switch operation {
	case ShowCatalog, ListProjects, AssumeAgency:
		return who, nil
	}
	project := r.PathValue("project_id")
	if !c.may(who, project) {
		// reference: a token is good for its own project; assumed: the code.
		return caller{}, &refusal{http.StatusForbidden, "ELB.9802", "the policy does not allow the action " +
			"in this project"}
	}
	if who.anyProject && r.Header.Get("X-Project-Id") != project {
		// reference: it goes with every signed request; assumed: the refusal.
		return caller{}, &refusal{http.StatusForbidden, "ELB.9802", "X-Project-Id is not the project of the path"}
	}
	if r.URL.RawQuery != "" && operation != ListListeners {
		// reference: no other operation has a query parameter; assumed: the refusal.
		return caller{}, &refusal{http.StatusBadRequest, "ELB.5004", "the search condition is not valid"}
	}
	return who, nil
}

// identify finds out who calls, by the token or the signature.
func (c *Cloud) identify(r *http.Request, body []byte) (caller, *refusal) {
	token := r.Header.Get("X-Auth-Token")
	if token == "" {
		if r.Header.Get("Authorization") != "" {
			return c.verify(r, body)
		}
		return caller{}, &refusal{http.StatusUnauthorized, "APIGW.0301", "Incorrect IAM authentication " +
			"information: token is missing"} // observed
	}
	if project, known := c.options.Tokens[token]; known {
		return caller{projectID: project, domain: c.domainOf(project)}, nil
	}
	if issued, known := c.issued[token]; known && c.options.Now().Before(issued.expires) {
		return caller{projectID: issued.projectID, domain: issued.domain}, nil
	}
	return caller{}, &refusal{c.options.Dialect.tokenStatus(), "ELB.1102", "the token is not valid"} // reference
}

func (c *Cloud) domainOf(projectID string) string {
	for _, p := range c.options.Identity.Projects {
		if p.ID == projectID {
			return p.Domain
		}
	}
	return ""
}

func respond(status int, body any) Response {
	text, err := json.Marshal(body)
	if err != nil {
		panic(fmt.Sprintf("elbstub: an answer is not JSON: %v", err))
	}
	return Response{
		Status: status,
		Header: http.Header{"Content-Type": {"application/json;charset=UTF-8"}},
		Body:   text,
	}
}

// A Call is one entry of the journal: what a client sent, without its secrets,
// and what it was told.
type Call struct {
	Operation     Operation
	Method        string
	Path          string
	ProjectID     string
	CertificateID string
	ListenerID    string
	// Header is the request's, its credentials replaced.
	Header http.Header
	// Body is the request's, its private key or password replaced.
	Body string
	// Status is what was answered; 0 when the connection was closed without an
	// answer.
	Status int
	// RequestID is the X-Request-Id of the answer.
	RequestID string
	// Sent is the size of the answer's body in bytes.
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
		Operation:     operation,
		Method:        r.Method,
		Path:          r.URL.Path,
		ProjectID:     r.PathValue("project_id"),
		CertificateID: r.PathValue("certificate_id"),
		ListenerID:    r.PathValue("listener_id"),
		Header:        header,
		Body:          withoutSecrets(operation, body),
		Status:        response.Status,
		RequestID:     requestID,
		Sent:          len(response.Body),
	}
	if response.cut < 0 {
		call.Status, call.Sent = 0, 0
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.journal = append(c.journal, call)
}

// withoutSecrets returns a request's body as it may be shown.
func withoutSecrets(operation Operation, body []byte) string {
	if operation == IssueToken {
		return "[redacted]"
	}
	var fields map[string]any
	if json.Unmarshal(body, &fields) != nil {
		if strings.Contains(string(body), "PRIVATE KEY") {
			return "[redacted]"
		}
		return string(body)
	}
	if _, sent := fields["private_key"]; !sent {
		return string(body)
	}
	fields["private_key"] = "[redacted]"
	text, err := json.Marshal(fields)
	if err != nil {
		return "[redacted]"
	}
	return string(text)
}

// Journal returns every call so far, oldest first. With operations it returns
// only the calls of those.
func (c *Cloud) Journal(operations ...Operation) []Call {
	c.mu.Lock()
	defer c.mu.Unlock()
	calls := slices.Clone(c.journal)
	if len(operations) == 0 {
		return calls
	}
	return slices.DeleteFunc(calls, func(call Call) bool {
		return !slices.Contains(operations, call.Operation)
	})
}
