package elbstub

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// A Listener holds certificates, which cannot be deleted in the meantime. Its tags are the fields of
// requests. What it has besides these follows from its protocol.
type Listener struct {
	ID             string
	ProjectID      string
	Name           string `json:"name"`
	Description    string `json:"description"`
	LoadBalancerID string
	// Protocol defaults to HTTPS.
	Protocol string
	// Port defaults to 443, and BackendPort to 8080.
	Port        int `json:"port"`
	BackendPort int `json:"backend_port"`
	// Algorithm defaults to roundrobin.
	Algorithm string `json:"lb_algorithm"`
	// TCPTimeout and UDPTimeout default to 10, and DrainingTimeout to 5.
	TCPTimeout      int `json:"tcp_timeout"`
	UDPTimeout      int `json:"udp_timeout"`
	DrainingTimeout int `json:"tcp_draining_timeout"`
	// Draining is set for TCP.
	Draining bool `json:"tcp_draining"`
	// CertificateID is the default certificate.
	CertificateID string `json:"certificate_id"`
	// SNI are the IDs of further certificates.
	SNI []string
	// SSLProtocols defaults to TLSv1.2, and SSLCiphers to Default.
	SSLProtocols string `json:"ssl_protocols"`
	SSLCiphers   string `json:"ssl_ciphers"`
	// Status defaults to ACTIVE.
	Status string
	// Members is how many backend servers there are.
	Members    int
	CreateTime time.Time
	UpdateTime time.Time

	pending time.Time // the status is PENDING_UPDATE until then
}

func (l Listener) id() string      { return l.ID }
func (l Listener) project() string { return l.ProjectID }

// modifiable has the fields that a modify may have (reference).
var modifiable = []string{
	"name", "description", "port", "backend_port", "lb_algorithm", "tcp_timeout", "udp_timeout",
	"tcp_draining", "tcp_draining_timeout", "certificate_id", "ssl_protocols", "ssl_ciphers",
}

// notFilters has the fields by which a list cannot be filtered (reference).
var notFilters = []string{"session_sticky", "admin_state_up", "member_number", "create_time", "update_time"}

// servesTLS reports whether a listener has a certificate (reference; SSL: reference of
// Open Telekom Cloud).
func (l Listener) servesTLS() bool { return l.Protocol == "HTTPS" || l.Protocol == "SSL" }

// held reports whether a certificate cannot be deleted because it is in use.
func (c *Cloud) held(certificateID string) bool {
	return slices.ContainsFunc(c.listeners.during(c.now().Add(-c.options.HoldLag), c.now()), func(l Listener) bool {
		return l.CertificateID == certificateID || slices.Contains(l.SNI, certificateID)
	})
}

// sni returns the SNI certificates of a listener.
func (d Dialect) sni(ids []string) any {
	switch {
	case d.SNI == UnsetEmpty:
		return strings.Join(ids, ",")
	case len(ids) > 0:
		return ids
	}
	return d.SNI.of([]string{})
}

// listenerBody is a listener in a response (reference, recorded). Fields that do not apply to its
// protocol are null.
func (d Dialect) listenerBody(l Listener) object {
	only := func(applies bool, value any) any {
		if applies {
			return value
		}
		return nil
	}
	backend := cmp.Or(map[string]string{"HTTPS": "HTTP", "SSL": "TCP"}[l.Protocol], l.Protocol)
	return object{
		{"id", l.ID},
		{"name", l.Name},
		{"description", d.unset(l.Description, nil)},
		{"loadbalancer_id", l.LoadBalancerID},
		{"protocol", l.Protocol},
		{"port", l.Port},
		{"backend_protocol", backend},
		{"backend_port", l.BackendPort},
		{"lb_algorithm", l.Algorithm},
		{"session_sticky", d.boolean(l.Protocol == "HTTP")},
		{"sticky_session_type", only(l.Protocol == "HTTP", "insert")},
		{"cookie_timeout", only(l.Protocol == "HTTP", 100)},
		{"tcp_timeout", only(l.Protocol == "TCP", l.TCPTimeout)},
		{"udp_timeout", only(l.Protocol == "UDP", l.UDPTimeout)},
		{"tcp_draining", d.boolean(l.Draining)},
		{"tcp_draining_timeout", only(l.Protocol == "TCP", l.DrainingTimeout)},
		{"certificate_id", only(l.CertificateID != "", l.CertificateID)},
		{"certificates", d.sni(l.SNI)},
		{"ssl_protocols", only(l.servesTLS(), l.SSLProtocols)},
		{"ssl_ciphers", only(l.servesTLS(), l.SSLCiphers)},
		{"status", l.Status},
		{"admin_state_up", d.boolean(false)}, // also of an active one (recorded)
		{"member_number", l.Members},
		{"healthcheck_id", nil},
		{"create_time", l.CreateTime.Format(time.DateTime)},
		{"update_time", l.UpdateTime.Format(time.DateTime)},
	}.present()
}

func (d Dialect) boolean(value bool) any {
	if d.BooleanNumbers {
		return map[bool]int{true: 1}[value]
	}
	return value
}

func (c *Cloud) listListeners(r request) (Response, *Refusal) {
	query := r.URL.Query()
	for name := range query {
		isName := func(f field) bool { return f.name == name }
		if !slices.ContainsFunc(Dialect{}.listenerBody(Listener{}), isName) || slices.Contains(notFilters, name) {
			return Response{}, badRequest("ELB.6003", fmt.Sprintf("the search condition %s is not valid", name))
		}
	}
	all, at := c.listeners.list(r.PathValue("project_id"), r.view.Lag)
	listed := []object{}
	for _, l := range all {
		if l = l.at(at); l.matches(query) {
			listed = append(listed, c.options.Dialect.listenerBody(l))
		}
	}
	return respond(http.StatusOK, c.options.Dialect.list(listed)), nil // a bare array (reference)
}

// matches reports whether the listener matches all filters (reference). One of several SNI
// certificates is enough (assumed). null matches nothing (assumed).
func (l Listener) matches(filters url.Values) bool {
	for _, f := range (Dialect{}).listenerBody(l) {
		values, isArray := f.value.([]string)
		if !isArray {
			values = []string{fmt.Sprint(f.value)}
		}
		for _, wanted := range filters[f.name] {
			if f.value == nil || !slices.Contains(values, wanted) {
				return false
			}
		}
	}
	return true
}

func (c *Cloud) showListener(r request) (Response, *Refusal) {
	at := c.now().Add(-r.view.Lag)
	l, refused := c.findListener(r, at)
	if refused != nil {
		return Response{}, refused
	}
	return respond(http.StatusOK, c.options.Dialect.listenerBody(l.at(at))), nil // bare (reference, recorded)
}

// findListener returns the listener of a time that the path of a request names, or an error.
func (c *Cloud) findListener(r request, at time.Time) (Listener, *Refusal) {
	// reference: the codes; assumed: which of them means what.
	return c.listeners.find(r, at, "ELB.6010", "ELB.6020", new(cmp.Or(c.options.Dialect.NoListener, NoListener404)))
}

func (c *Cloud) modifyListener(r request) (Response, *Refusal) {
	l, refused := c.findListener(r, c.now())
	fields, malformed := decode(r.body, &l, "ELB.6015", modifiable...) // reference
	if refused := cmp.Or(refused, malformed, c.checkListener(l, fields)); refused != nil {
		return Response{}, refused
	}
	l.UpdateTime, l.pending = c.now(), c.now().Add(c.options.UpdateTime)
	c.listeners.change(l.ID, func(stored *Listener) { *stored = l })
	return c.options.Dialect.Switch.response(c.options.Dialect.listenerBody(l.at(c.now()))), nil
}

// checkListener checks a listener that some fields have changed. The code for a value is that for
// any parameter (assumed).
func (c *Cloud) checkListener(l Listener, fields map[string]any) *Refusal {
	switch {
	case min(l.Port, l.BackendPort) < 1 || max(l.Port, l.BackendPort) > 65535: // reference
		return invalid("port or backend_port", "must be from 1 to 65535")
	case fields["certificate_id"] == nil:
		return nil
	case !l.servesTLS(): // reference
		return invalid("certificate_id", fmt.Sprintf("does not go with the protocol %s", l.Protocol))
	}
	known := c.now().Add(-c.options.CertificateLag)
	for _, cert := range ofProject(c.certificates.now(), l.ProjectID) {
		if cert.ID == l.CertificateID && !cert.CreateTime.After(known) {
			return nil
		}
	}
	return new(cmp.Or(c.options.Dialect.NoCertificate, NoCertificate1001))
}

// at returns the listener with its status at a time.
func (l Listener) at(now time.Time) Listener {
	if now.Before(l.pending) {
		l.Status = "PENDING_UPDATE"
	}
	return l
}

// Listeners returns the listeners of a project, oldest first.
func (c *Cloud) Listeners(projectID string) []Listener {
	c.mu.Lock()
	defer c.mu.Unlock()
	return ofProject(c.listeners.now(), projectID)
}

// AddListener adds a listener without a call and without checks. It sets the ID, the times and the
// defaults, and returns the ID.
func (c *Cloud) AddListener(listener Listener) string {
	listener.ID = newID()
	listener.LoadBalancerID = cmp.Or(listener.LoadBalancerID, newID())
	listener.Protocol = cmp.Or(listener.Protocol, "HTTPS")
	listener.Port = cmp.Or(listener.Port, 443)
	listener.BackendPort = cmp.Or(listener.BackendPort, 8080)
	listener.Algorithm = cmp.Or(listener.Algorithm, "roundrobin")
	listener.TCPTimeout = cmp.Or(listener.TCPTimeout, 10)
	listener.UDPTimeout = cmp.Or(listener.UDPTimeout, 10)
	listener.DrainingTimeout = cmp.Or(listener.DrainingTimeout, 5)
	listener.Draining = listener.Protocol == "TCP"
	listener.SSLProtocols = cmp.Or(listener.SSLProtocols, "TLSv1.2")
	listener.SSLCiphers = cmp.Or(listener.SSLCiphers, "Default")
	listener.Status = cmp.Or(listener.Status, "ACTIVE")
	listener.CreateTime = c.now()
	listener.UpdateTime = listener.CreateTime
	c.mu.Lock()
	defer c.mu.Unlock()
	c.listeners.add(listener)
	return listener.ID
}

// ChangeListener changes the listener with an ID without a call. It reports whether the listener
// exists.
func (c *Cloud) ChangeListener(id string, change func(*Listener)) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	changed := c.listeners.change(id, func(l *Listener) {
		change(l)
		l.UpdateTime = c.now()
	})
	return changed != nil
}
