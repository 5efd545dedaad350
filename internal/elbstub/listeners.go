package elbstub

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// A Listener holds certificates, which cannot be deleted in the meantime. Its other fields follow
// from its protocol.
type Listener struct {
	ID             string
	ProjectID      string
	Name           string
	Description    string
	LoadBalancerID string
	// Protocol defaults to HTTPS.
	Protocol string
	// Port defaults to 443, and BackendPort to 8080.
	Port, BackendPort int
	// CertificateID is the default certificate.
	CertificateID string
	// SNI are the IDs of further certificates.
	SNI []string
	// SSLProtocols defaults to TLSv1.2, and SSLCiphers to Default.
	SSLProtocols, SSLCiphers string
	// Status defaults to ACTIVE.
	Status string
	// Members is how many backend servers there are.
	Members    int
	CreateTime time.Time
	UpdateTime time.Time

	changed map[string]any // the values of other fields that were modified
	pending time.Time      // the status is PENDING_UPDATE until then
}

// servesTLS reports whether a listener has a certificate (reference; SSL: reference of
// Open Telekom Cloud).
func (l Listener) servesTLS() bool { return l.Protocol == "HTTPS" || l.Protocol == "SSL" }

// certificates returns the IDs of the certificates that the listener holds.
func (l Listener) certificates() []string {
	return append([]string{l.CertificateID}, l.SNI...)
}

// held reports whether a certificate cannot be deleted because it is in use.
func (c *Cloud) held(certificateID string) bool {
	holds := func(l Listener) bool { return slices.Contains(l.certificates(), certificateID) }
	if slices.ContainsFunc(c.listeners, holds) {
		return true
	}
	released, known := c.released[certificateID]
	return known && c.options.Now().Sub(released) < c.options.HoldLag
}

// SNIForm is how a listener returns its SNI certificates.
type SNIForm int

// The forms of the SNI certificates of a listener. All but SNIString are an array if there are
// any.
const (
	SNIArray  SNIForm = iota // an array, also an empty one (recorded)
	SNIString                // a string, with commas (reference of the type, assumed of the commas)
	SNIObject                // {} for none (observed of other lists of this service)
	SNINull                  // null for none (assumed)
	SNIAbsent                // no such field for none (recorded of old ones, reference of Huawei Cloud)
)

// BooleanForm is the form of true and false.
type BooleanForm int

// The forms of true and false.
const (
	BooleansPlain   BooleanForm = iota // reference, recorded
	BooleansNumbers                    // 1 and 0 (reference, in an example)
)

// NoListenerForm is the response for a listener that does not exist.
type NoListenerForm int

// The responses for a listener that does not exist.
const (
	NoListener404  NoListenerForm = iota // 404 and nothing else (assumed)
	NoListener6030                       // 400 and ELB.6030 (reference of the code, assumed of its reason)
)

// NoCertificateForm is how a listener refuses a certificate that is not in its project.
type NoCertificateForm int

// The responses to such a certificate. No code is documented.
const (
	NoCertificate1001 NoCertificateForm = iota // 400 and ELB.1001 (assumed)
	NoCertificate5040                          // 404 and ELB.5040 (assumed)
)

// listenerBody is a listener in a response (reference, recorded). Fields that do not apply to its
// protocol are null.
func (d Dialect) listenerBody(l Listener) object {
	only := func(value any, protocols ...string) any {
		if slices.Contains(protocols, l.Protocol) {
			return value
		}
		return nil
	}
	backend := l.Protocol
	switch l.Protocol {
	case "HTTPS":
		backend = "HTTP"
	case "SSL":
		backend = "TCP"
	}

	o := object{{"id", l.ID}, {"name", l.Name}}
	o = d.unset(o, "description", l.Description, &field{"description", nil})
	o = append(o, object{
		{"loadbalancer_id", l.LoadBalancerID},
		{"protocol", l.Protocol},
		{"port", l.Port},
		{"backend_protocol", backend},
		{"backend_port", l.BackendPort},
		{"lb_algorithm", "roundrobin"},
		{"session_sticky", d.boolean(l.Protocol == "HTTP")},
		{"sticky_session_type", only("insert", "HTTP")},
		{"cookie_timeout", only(100, "HTTP")},
		{"tcp_timeout", only(10, "TCP")},
		{"udp_timeout", only(10, "UDP")},
		{"tcp_draining", d.boolean(l.Protocol == "TCP")},
		{"tcp_draining_timeout", only(5, "TCP")},
		{"certificate_id", orNull(l.CertificateID)},
	}...)
	o = d.sni(o, l.SNI)
	o = append(o, object{
		{"ssl_protocols", only(l.SSLProtocols, "HTTPS", "SSL")},
		{"ssl_ciphers", only(l.SSLCiphers, "HTTPS", "SSL")},
		{"status", l.Status},
		{"admin_state_up", d.boolean(false)}, // also of an active one (recorded)
		{"member_number", l.Members},
		{"healthcheck_id", nil},
		{"create_time", l.CreateTime.Format(timeLayout)},
		{"update_time", l.UpdateTime.Format(timeLayout)},
	}...)
	for i, f := range o {
		if value, isChanged := l.changed[f.name]; isChanged && f.value != nil {
			o[i].value = value
		}
	}
	return o
}

func (d Dialect) boolean(value bool) any {
	switch {
	case d.Booleans == BooleansPlain:
		return value
	case value:
		return 1
	default:
		return 0
	}
}

// sni adds the SNI certificates of a listener.
func (d Dialect) sni(o object, ids []string) object {
	if d.SNI == SNIString {
		return append(o, field{"certificates", strings.Join(ids, ",")})
	}
	if len(ids) > 0 {
		return append(o, field{"certificates", ids})
	}
	switch d.SNI {
	case SNIObject:
		return append(o, field{"certificates", object{}})
	case SNINull:
		return append(o, field{"certificates", nil})
	case SNIAbsent:
		return o
	default:
		return append(o, field{"certificates", []string{}})
	}
}

func orNull(text string) any {
	if text == "" {
		return nil
	}
	return text
}

func (c *Cloud) listListeners(r request) (Response, *refusal) {
	for name := range r.query {
		if !isFilter(name) { // reference
			message := fmt.Sprintf("the search condition %s is not valid", name)
			return Response{}, badRequest("ELB.6003", message)
		}
	}
	listed := []object{}
	for _, l := range c.listenersAsOf(max(c.nextLag(ListListeners), r.view.Lag)) {
		if l.ProjectID == r.projectID && l.matches(r.query) {
			listed = append(listed, c.options.Dialect.listenerBody(l))
		}
	}
	// a bare array (reference)
	return respond(http.StatusOK, c.options.Dialect.array(c.options.Dialect.ordered(listed))), nil
}

// isFilter reports whether a field of listeners can be filtered by. The reference excludes some.
func isFilter(name string) bool {
	switch name {
	case "update_time", "create_time", "admin_state_up", "session_sticky", "member_number":
		return false
	}
	return slices.ContainsFunc((Dialect{}).listenerBody(Listener{}), func(f field) bool { return f.name == name })
}

// matches reports whether the listener matches all filters (reference). One of several SNI
// certificates is enough (assumed). null matches nothing (assumed).
func (l Listener) matches(filters url.Values) bool {
	for _, f := range (Dialect{}).listenerBody(l) {
		ids, isArray := f.value.([]string)
		for _, wanted := range filters[f.name] {
			switch {
			case isArray && !slices.Contains(ids, wanted),
				!isArray && (f.value == nil || fmt.Sprint(f.value) != wanted):
				return false
			}
		}
	}
	return true
}

func (c *Cloud) showListener(r request) (Response, *refusal) {
	l, refused := c.findListener(c.listenersAsOf(r.view.Lag), r)
	if refused != nil {
		return Response{}, refused
	}
	return respond(http.StatusOK, c.options.Dialect.listenerBody(*l)), nil // bare (reference, recorded)
}

// findListener returns the listener that the path of a request names, or an error.
func (c *Cloud) findListener(listeners []Listener, r request) (*Listener, *refusal) {
	// reference: the codes; assumed: which of them means what.
	if r.listenerID == "" || strings.Contains(r.listenerID, "/") {
		return nil, badRequest("ELB.6010", "the listener URL is malformed")
	}
	if len(r.listenerID) != 32 {
		return nil, badRequest("ELB.6020", "the listener id is not 32 characters long")
	}
	for i, l := range listeners {
		if l.ID == r.listenerID && l.ProjectID == r.projectID {
			return &listeners[i], nil
		}
	}
	if c.options.Dialect.NoListener == NoListener6030 {
		return nil, badRequest("ELB.6030", "the listener belongs to no load balancer")
	}
	return nil, notFound("", "")
}

func (c *Cloud) modifyListener(r request) (Response, *refusal) {
	l, refused := c.findListener(c.listeners, r)
	if refused != nil {
		return Response{}, refused
	}
	var fields map[string]any
	if json.Unmarshal(r.body, &fields) != nil || fields == nil {
		return Response{}, badRequest("ELB.0002", "the request body is empty or malformed") // reference
	}
	changed := *l
	changed.changed = maps.Clone(l.changed)
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		if refused := c.changeField(&changed, name, fields[name]); refused != nil {
			return Response{}, refused
		}
	}
	now := c.options.Now()
	changed.UpdateTime, changed.pending = now.UTC(), now.Add(c.options.UpdateTime)
	c.keepHistory()
	c.release(*l)
	*l = changed
	return c.switched(*l), nil
}

// switched is the response to the modify of a listener.
func (c *Cloud) switched(l Listener) Response {
	dialect := c.options.Dialect
	return dialect.Switch.response(dialect.listenerBody(l.at(c.options.Now())))
}

// changeField sets a field of a listener. Which fields can be changed, and the code for the
// others, are documented (reference); the code for a value is that for any parameter (assumed).
func (c *Cloud) changeField(l *Listener, name string, value any) *refusal {
	text, isText := value.(string)
	number, isNumber := value.(float64)
	isNumber = isNumber && number == float64(int(number)) && number >= 0
	_, isBoolean := value.(bool)
	fits := isText
	switch name {
	case "port", "backend_port":
		fits = isNumber && number >= 1 && number <= 65535 // reference
	case "tcp_timeout", "tcp_draining_timeout", "udp_timeout":
		fits = isNumber
	case "tcp_draining":
		fits = isBoolean
	}
	switch name {
	case "name":
		l.Name, fits = text, fits && text != ""
	case "description":
		l.Description = text
	case "port":
		l.Port = int(number)
	case "backend_port":
		l.BackendPort = int(number)
	case "ssl_protocols":
		l.SSLProtocols = text
	case "ssl_ciphers":
		l.SSLCiphers = text
	case "certificate_id":
		if fits {
			return c.changeCertificate(l, text)
		}
	case "tcp_draining":
		fits = fits && l.change(name, c.options.Dialect.boolean(value == true))
	case "lb_algorithm", "tcp_timeout", "tcp_draining_timeout", "udp_timeout":
		fits = fits && l.change(name, value)
	default:
		return badRequest("ELB.6015", fmt.Sprintf("the parameter %s cannot be modified", name))
	}
	if !fits {
		return invalid(name, "has a value that it cannot have")
	}
	return nil
}

func (l *Listener) change(name string, value any) bool {
	if l.changed == nil {
		l.changed = map[string]any{}
	}
	l.changed[name] = value
	return true
}

// changeCertificate sets the default certificate of a listener, which must be HTTPS or SSL
// (reference). The codes are assumed.
func (c *Cloud) changeCertificate(l *Listener, id string) *refusal {
	if !l.servesTLS() {
		return invalid("certificate_id", fmt.Sprintf("does not go with the protocol %s", l.Protocol))
	}
	known := c.options.Now().Add(-c.options.CertificateLag)
	isSame := func(cert *Certificate) bool {
		return cert.ID == id && cert.ProjectID == l.ProjectID && !cert.CreateTime.After(known)
	}
	switch {
	case slices.ContainsFunc(c.certificates, isSame):
		l.CertificateID = id
		return nil
	case c.options.Dialect.NoCertificate == NoCertificate5040:
		return notFound("ELB.5040", "the certificate does not exist")
	}
	return invalid("certificate_id", "is not the ID of a certificate")
}

// at returns the listener with its status at a time.
func (l Listener) at(now time.Time) Listener {
	if now.Before(l.pending) {
		l.Status = "PENDING_UPDATE"
	}
	return l
}

// A history has the listeners before a change.
type history struct {
	at     time.Time
	before []Listener
}

// keepHistory records the listeners before one of them is changed.
func (c *Cloud) keepHistory() {
	now, longest := c.options.Now(), max(longestLag, c.options.ListLag)
	c.history = slices.DeleteFunc(c.history, func(h history) bool { return now.Sub(h.at) > longest })
	c.history = append(c.history, history{at: now, before: slices.Clone(c.listeners)})
}

// listenersAsOf returns the listeners as they were some time ago.
func (c *Cloud) listenersAsOf(lag time.Duration) []Listener {
	at, listeners := c.options.Now().Add(-lag), c.listeners
	for _, h := range c.history {
		if h.at.After(at) {
			listeners = h.before
			break
		}
	}
	listeners = slices.Clone(listeners)
	for i, l := range listeners {
		listeners[i] = l.at(at)
	}
	return listeners
}

// Listeners returns the listeners of a project, oldest first.
func (c *Cloud) Listeners(projectID string) []Listener {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.DeleteFunc(c.listenersAsOf(0), func(l Listener) bool { return l.ProjectID != projectID })
}

// Listen adds a listener. It sets the ID, the times and the defaults, and returns the ID.
func (c *Cloud) Listen(listener Listener) string {
	listener.ID = newID()
	listener.LoadBalancerID = cmp.Or(listener.LoadBalancerID, newID())
	listener.Protocol = cmp.Or(listener.Protocol, "HTTPS")
	listener.Port = cmp.Or(listener.Port, 443)
	listener.BackendPort = cmp.Or(listener.BackendPort, 8080)
	listener.SSLProtocols = cmp.Or(listener.SSLProtocols, "TLSv1.2")
	listener.SSLCiphers = cmp.Or(listener.SSLCiphers, "Default")
	listener.Status = cmp.Or(listener.Status, "ACTIVE")
	listener.SNI = slices.Clone(listener.SNI)
	listener.CreateTime = c.options.Now().UTC()
	listener.UpdateTime = listener.CreateTime
	c.mu.Lock()
	defer c.mu.Unlock()
	c.keepHistory()
	c.listeners = append(c.listeners, listener)
	return listener.ID
}

// ChangeListener changes the listener with an ID without a call. It reports whether the listener
// exists.
func (c *Cloud) ChangeListener(id string, change func(*Listener)) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	i := c.listenerIndex(id)
	if i < 0 {
		return false
	}
	c.keepHistory()
	c.release(c.listeners[i])
	change(&c.listeners[i])
	c.listeners[i].UpdateTime = c.options.Now().UTC()
	return true
}

// Hangup removes the listener with an ID.
func (c *Cloud) Hangup(id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if i := c.listenerIndex(id); i >= 0 {
		c.keepHistory()
		c.release(c.listeners[i])
		c.listeners = slices.Delete(c.listeners, i, i+1)
	}
}

func (c *Cloud) listenerIndex(id string) int {
	return slices.IndexFunc(c.listeners, func(l Listener) bool { return l.ID == id })
}

// release records when a listener releases its certificates, before a change. It does not matter
// that it may keep some of them, because those count as held anyway.
func (c *Cloud) release(l Listener) {
	for _, id := range l.certificates() {
		c.released[id] = c.options.Now()
	}
}
