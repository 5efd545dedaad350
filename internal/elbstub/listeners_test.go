package elbstub_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/elbaas/terraform-provider-elbaas/internal/elbstub"
)

// Listeners that are shown and searched for.
var (
	web = elbstub.Listener{
		ProjectID: project, Name: "web", LoadBalancerID: strings.Repeat("b", 32), Members: 2, SSLCiphers: "Extended",
		CertificateID: strings.Repeat("1", 32), SNI: []string{strings.Repeat("2", 32), strings.Repeat("3", 32)},
	}
	plain = elbstub.Listener{ProjectID: project, Name: "plain", Description: "a text", Protocol: "HTTP", Port: 80}
	tcp   = elbstub.Listener{ProjectID: project, Name: "tcp", Protocol: "TCP", Port: 9000, BackendPort: 9001}
)

// TestListenerFields holds every documented field of a listener against its protocol, in
// the list and alone.
func TestListenerFields(t *testing.T) {
	t.Parallel()
	const made = "2016-06-27 08:14:42"
	now, err := time.Parse(time.DateTime, made)
	if err != nil {
		t.Fatal(err)
	}
	common := func(differences map[string]any) map[string]any {
		fields := map[string]any{
			"description": nil, "lb_algorithm": "roundrobin", "session_sticky": false, "sticky_session_type": nil,
			"cookie_timeout": nil, "tcp_timeout": nil, "udp_timeout": nil, "tcp_draining": false,
			"tcp_draining_timeout": nil, "certificate_id": nil, "certificates": []any{}, "ssl_protocols": nil,
			"ssl_ciphers": nil, "status": "ACTIVE", "admin_state_up": false, "member_number": 0,
			"healthcheck_id": nil, "create_time": made, "update_time": made, "backend_port": 8080,
		}
		for name, value := range differences {
			fields[name] = value
		}
		return fields
	}
	for name, row := range map[string]struct {
		listener elbstub.Listener
		want     map[string]any
	}{
		"HTTPS (reference)": {web, common(map[string]any{
			"name": "web", "loadbalancer_id": web.LoadBalancerID, "protocol": "HTTPS", "port": 443,
			"backend_protocol": "HTTP", "certificate_id": web.CertificateID, "certificates": web.SNI,
			"ssl_protocols": "TLSv1.2", "ssl_ciphers": "Extended", "member_number": 2,
		})},
		"HTTP (recorded)": {plain, common(map[string]any{
			"name": "plain", "description": "a text", "protocol": "HTTP", "port": 80, "backend_protocol": "HTTP",
			"session_sticky": true, "sticky_session_type": "insert", "cookie_timeout": 100,
		})},
		"TCP (reference)": {tcp, common(map[string]any{
			"name": "tcp", "protocol": "TCP", "port": 9000, "backend_protocol": "TCP", "backend_port": 9001,
			"tcp_timeout": 10, "tcp_draining": true, "tcp_draining_timeout": 5,
		})},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRaw(t, func(o *elbstub.Options) { o.Now = func() time.Time { return now } })
			id := r.cloud.AddListener(row.listener)
			got := r.listeners(listeners)[0]
			if row.listener.LoadBalancerID == "" {
				row.want["loadbalancer_id"] = got["loadbalancer_id"]
			}
			row.want["id"] = id
			same(t, "the list", got, row.want)
			same(t, "the listener alone", r.call(http.MethodGet, listeners+"/"+id, "").fields(t), row.want)
			if call := r.cloud.Journal(elbstub.ShowListener); len(call) != 1 || call[0].ID != id {
				t.Errorf("the journal has %+v", call)
			}
		})
	}
}

// TestListenerFilters has every field as a filter, but for those that are none
// (reference).
func TestListenerFilters(t *testing.T) {
	t.Parallel()
	r := newRaw(t)
	ids := map[string]string{}
	for _, listener := range []elbstub.Listener{web, plain, tcp} {
		ids[listener.Name] = r.cloud.AddListener(listener)
	}
	r.cloud.AddListener(elbstub.Listener{ProjectID: otherProject, Name: "web"})
	for query, want := range map[string]string{
		"":                                          "tcp plain web",
		"name=web":                                  "web",
		"name=we":                                   "",
		"id=" + ids["tcp"]:                          "tcp",
		"description=a+text":                        "plain",
		"loadbalancer_id=" + web.LoadBalancerID:     "web",
		"protocol=HTTP":                             "plain",
		"port=80":                                   "plain",
		"backend_protocol=HTTP":                     "plain web",
		"backend_port=9001":                         "tcp",
		"lb_algorithm=roundrobin":                   "tcp plain web",
		"sticky_session_type=insert":                "plain",
		"cookie_timeout=100":                        "plain",
		"tcp_timeout=10":                            "tcp",
		"udp_timeout=10":                            "",
		"tcp_draining=true":                         "tcp",
		"tcp_draining_timeout=5":                    "tcp",
		"certificate_id=" + web.CertificateID:       "web",
		"certificates=" + web.SNI[1]:                "web",
		"ssl_protocols=TLSv1.2":                     "web",
		"ssl_ciphers=Extended":                      "web",
		"status=ACTIVE":                             "tcp plain web",
		"healthcheck_id=x":                          "",
		"healthcheck_id=%3Cnil%3E":                  "",
		"backend_protocol=HTTP&protocol=HTTPS":      "web",
		"backend_protocol=HTTP&protocol=TCP":        "",
		"name=web&name=tcp":                         "",
		"certificate_id=" + strings.Repeat("0", 32): "",
	} {
		var names []string
		for _, listener := range r.listeners(listeners + "?" + query) {
			names = append(names, listener["name"].(string))
		}
		if got := strings.Join(names, " "); got != want {
			t.Errorf("%s finds %q, want %q", query, got, want)
		}
	}
	for _, name := range strings.Fields("update_time create_time admin_state_up session_sticky " +
		"member_number tenant_id") {
		response := r.call(http.MethodGet, listeners+"?"+name+"=0", "")
		if response.status != 400 || response.code() != "ELB.6003" {
			t.Errorf("%s is a filter: %d %s", name, response.status, response.body)
		}
	}
}

// TestListenerForms has the fields whose form differs between clouds.
func TestListenerForms(t *testing.T) {
	t.Parallel()
	const sni, draining, description = "certificates", "tcp_draining", "description"
	type dialect = elbstub.Dialect
	for name, row := range map[string]struct {
		dialect    dialect
		field      string
		some, none string // JSON
	}{
		"certificates is an array (recorded)":        {dialect{}, sni, `["1","2"]`, `[]`},
		"certificates is a string (reference)":       {dialect{SNI: elbstub.UnsetEmpty}, sni, `"1,2"`, `""`},
		"certificates is {} (observed, assumed)":     {dialect{SNI: elbstub.UnsetObject}, sni, `["1","2"]`, `{}`},
		"certificates is null (assumed)":             {dialect{SNI: elbstub.UnsetNull}, sni, `["1","2"]`, `null`},
		"certificates is absent (recorded)":          {dialect{SNI: elbstub.UnsetAbsent}, sni, `["1","2"]`, ``},
		"booleans are true and false (reference)":    {dialect{}, draining, `false`, `true`},
		"booleans are 1 and 0 (reference)":           {dialect{BooleanNumbers: true}, draining, `0`, `1`},
		"no description is null (recorded)":          {dialect{}, description, `null`, `null`},
		"no description is an empty text (recorded)": {dialect{Unset: elbstub.UnsetEmpty}, description, `""`, `""`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			row.dialect.OldestFirst = true
			r := newRaw(t, func(o *elbstub.Options) { o.Dialect = row.dialect })
			r.cloud.AddListener(elbstub.Listener{ProjectID: project, SNI: []string{"1", "2"}})
			r.cloud.AddListener(elbstub.Listener{ProjectID: project, Protocol: "TCP"})
			listed := r.listeners(listeners)
			for i, want := range []string{row.some, row.none} {
				var got string
				if value, has := listed[i][row.field]; has {
					got = asJSON(value)
				}
				if got != want {
					t.Errorf("listener %d shows %s, want %s", i, got, want)
				}
			}
		})
	}
}

// TestNoListener: what is said of a listener that does not exist, or is another
// project's.
func TestNoListener(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		dialect elbstub.Dialect
		status  int
		code    string
	}{
		"404 (assumed)":      {elbstub.Dialect{}, 404, ""},
		"ELB.6030 (assumed)": {elbstub.Dialect{NoListener: elbstub.NoListener6030}, 400, "ELB.6030"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRaw(t, func(o *elbstub.Options) { o.Dialect = row.dialect })
			theirs := r.cloud.AddListener(elbstub.Listener{ProjectID: otherProject})
			response := r.call(http.MethodGet, listeners+"/"+theirs, "")
			if response.status != row.status || response.code() != row.code {
				t.Errorf("got %d %s", response.status, response.body)
			}
		})
	}
}

// certificateOf adds a certificate of a project and returns its ID.
func (r *raw) certificateOf(projectID string) string {
	return r.cloud.Add(elbstub.Certificate{ProjectID: projectID})
}

// modify sends a PUT for a listener.
func (r *raw) modify(id, body string) reply {
	r.t.Helper()
	return r.call(http.MethodPut, listeners+"/"+id, body)
}

// only is the body of a modify that gives a listener a certificate, and nothing else.
func only(certificateID string) string { return `{"certificate_id":"` + certificateID + `"}` }

// TestModifyListener changes every field that can be changed (reference), and shows it.
func TestModifyListener(t *testing.T) {
	t.Parallel()
	now := time.Date(2016, 6, 27, 8, 14, 42, 0, time.UTC)
	r := newRaw(t, func(o *elbstub.Options) { o.Now = func() time.Time { return now } })
	before, after := r.certificateOf(project), r.certificateOf(project)
	https := elbstub.Listener{ProjectID: project, Name: "https", CertificateID: before, SNI: []string{before}}
	https.ID = r.cloud.AddListener(https)
	tcp := r.cloud.AddListener(elbstub.Listener{ProjectID: project, Protocol: "TCP"})
	udp := r.cloud.AddListener(elbstub.Listener{ProjectID: project, Protocol: "UDP"})
	now = now.Add(time.Minute)
	for _, row := range []struct{ listener, field, value string }{
		{https.ID, "name", `"renamed"`},
		{https.ID, "description", `"a text"`},
		{https.ID, "description", `""`},
		{https.ID, "port", `8443`},
		{https.ID, "backend_port", `9443`},
		{https.ID, "lb_algorithm", `"leastconn"`},
		{https.ID, "ssl_protocols", `"TLSv1.2 TLSv1.1"`},
		{https.ID, "ssl_ciphers", `"Strict"`},
		{https.ID, "certificate_id", `"` + after + `"`},
		{tcp, "tcp_timeout", `20`},
		{tcp, "tcp_draining", `false`},
		{tcp, "tcp_draining_timeout", `30`},
		{udp, "udp_timeout", `40`},
		{tcp, "tcp_timeout", `0`},
	} {
		want := r.call(http.MethodGet, listeners+"/"+row.listener, "").fields(t)
		response := r.modify(row.listener, `{"`+row.field+`":`+row.value+`}`)
		if response.status != http.StatusOK { // reference
			t.Errorf("%s: %d %s", row.field, response.status, response.body)
			continue
		}
		if want[row.field], want["update_time"] = nil, "2016-06-27 08:15:42"; row.value != `""` {
			want[row.field] = json.RawMessage(row.value)
		}
		same(t, row.field, response.fields(t), want)
		same(t, row.field+" afterwards", r.call(http.MethodGet, listeners+"/"+row.listener, "").fields(t), want)
	}
	r.modify(udp, `{"udp_timeout":50,"vip":"x"}`) // refused, as a whole
	if got := r.call(http.MethodGet, listeners+"/"+udp, "").fields(t)["udp_timeout"]; got != 40.0 {
		t.Errorf("a refused modify has set %v", got)
	}
	got := r.cloud.Listeners(project)[0]
	if got.CertificateID != after || len(got.SNI) != 1 || got.SNI[0] != before {
		t.Errorf("the listener is %+v", got)
	}
	call := r.cloud.Journal(elbstub.ModifyListener)[0]
	if call.ID != https.ID || call.Body != `{"name":"renamed"}` || call.Status != 200 {
		t.Errorf("the journal has %+v", call)
	}
}

// TestModifyListenerRefusals: a refused modify changes nothing.
func TestModifyListenerRefusals(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		protocol string // HTTPS, if empty
		body     string
		status   int
		says     string
		dialect  elbstub.Dialect
	}{
		"protocol (reference)":                       {body: `{"protocol":"HTTP"}`, status: 400, says: "ELB.6015"},
		"load balancer (reference)":                  {body: `{"loadbalancer_id":"x"}`, status: 400, says: "ELB.6015"},
		"SNI (reference, Huawei Cloud)":              {body: `{"certificates":[]}`, status: 400, says: "ELB.6015"},
		"status (reference)":                         {body: `{"status":"ACTIVE"}`, status: 400, says: "ELB.6015"},
		"a field beside one that can be (reference)": {body: `{"name":"x","id":"y"}`, status: 400, says: "ELB.6015"},
		"no body (reference)":                        {body: ``, status: 400, says: "ELB.0002"},
		"no object (reference)":                      {body: `[]`, status: 400, says: "ELB.0002"},
		"null (reference)":                           {body: `null`, status: 400, says: "ELB.0002"},
		"half a body (reference)":                    {body: `{"name":`, status: 400, says: "ELB.0002"},
		"HTTP has no certificate (assumed)":          {protocol: "HTTP", body: `OURS`, status: 400, says: "ELB.1001"},
		"TCP has no certificate (assumed)":           {protocol: "TCP", body: `OURS`, status: 400, says: "ELB.1001"},
		"UDP has no certificate (assumed)":           {protocol: "UDP", body: `OURS`, status: 400, says: "ELB.1001"},
		"unknown certificate (assumed)": {
			body:   only(strings.Repeat("0", 32)),
			status: 400,
			says:   "ELB.1001",
		},
		"no certificate (assumed)":                 {body: only(""), status: 400, says: "ELB.1001"},
		"null as certificate (assumed)":            {body: `{"certificate_id":null}`, status: 400, says: "ELB.1001"},
		"certificate of another project (assumed)": {body: `THEIRS`, status: 400, says: "ELB.1001"},
		"404 for an unknown certificate (assumed)": {
			body: only(strings.Repeat("0", 32)), status: 404, says: "ELB.5040",
			dialect: elbstub.Dialect{NoCertificate: elbstub.NoCertificate5040},
		},
		"name that is no string (assumed)":       {body: `{"name":1}`, status: 400, says: "ELB.1001"},
		"port 0 (reference)":                     {body: `{"port":0}`, status: 400, says: "ELB.1001"},
		"backend port 0 (reference)":             {body: `{"backend_port":0}`, status: 400, says: "ELB.1001"},
		"backend port 65536 (reference)":         {body: `{"backend_port":65536}`, status: 400, says: "ELB.1001"},
		"port 65536 (reference)":                 {body: `{"port":65536}`, status: 400, says: "ELB.1001"},
		"port with a fraction (assumed)":         {body: `{"port":80.5}`, status: 400, says: "ELB.1001"},
		"timeout that is no number (assumed)":    {body: `{"tcp_timeout":"1"}`, status: 400, says: "ELB.1001"},
		"draining that is no truth (assumed)":    {body: `{"tcp_draining":"yes"}`, status: 400, says: "ELB.1001"},
		"algorithm that is no text (assumed)":    {body: `{"lb_algorithm":1}`, status: 400, says: "ELB.1001"},
		"one that fits and one that does not":    {body: `{"name":"x","port":0}`, status: 400, says: "ELB.1001"},
		"a token of another project (reference)": {body: `{"name":"x"}`, status: 400, says: "ELB.9808"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRaw(t, func(o *elbstub.Options) { o.Dialect = row.dialect })
			body := strings.ReplaceAll(row.body, "OURS", only(r.certificateOf(project)))
			body = strings.ReplaceAll(body, "THEIRS", only(r.certificateOf(otherProject)))
			id := r.cloud.AddListener(elbstub.Listener{ProjectID: project, Name: "before", Protocol: row.protocol})
			before := asJSON(r.cloud.Listeners(project))
			if row.says == "ELB.9808" {
				r.token = otherToken
			}
			if response := r.modify(id, body); response.status != row.status || said(response.body) != row.says {
				t.Errorf("the response is %d %s", response.status, response.body)
			}
			if after := asJSON(r.cloud.Listeners(project)); after != before {
				t.Errorf("it has changed from %s to %s", before, after)
			}
		})
	}
}

// TestModifyListenerIDs: what is said of an ID that no listener of the project has.
func TestModifyListenerIDs(t *testing.T) {
	t.Parallel()
	none := strings.Repeat("0", 32)
	for name, row := range map[string]struct {
		id     string
		text   elbstub.Refusal
		status int
		code   string
	}{
		"no id (reference)":      {"", elbstub.NoListener404, 400, "ELB.6010"},
		"two parts (reference)":  {none + "/x", elbstub.NoListener404, 400, "ELB.6010"},
		"short id (reference)":   {"1", elbstub.NoListener404, 400, "ELB.6020"},
		"missing, 404 (assumed)": {none, elbstub.NoListener404, 404, ""},
		"missing, ELB.6030":      {none, elbstub.NoListener6030, 400, "ELB.6030"},
		"another project's":      {"theirs", elbstub.NoListener404, 404, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRaw(t, func(o *elbstub.Options) { o.Dialect.NoListener = row.text })
			if theirs := r.cloud.AddListener(elbstub.Listener{ProjectID: otherProject}); row.id == "theirs" {
				row.id = theirs
			}
			response := r.modify(row.id, only(r.certificateOf(project)))
			if response.status != row.status || response.code() != row.code {
				t.Errorf("the response is %d %s", response.status, response.body)
			}
		})
	}
}

// TestModifyListenerResponses: the different responses to a modify that was carried out.
func TestModifyListenerResponses(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		response elbstub.ModifyForm
		status   int
		has      string // of id, certificate_id and update_time
	}{
		"200 and the whole listener (reference)": {elbstub.ModifyWhole, 200, "id certificate_id update_time"},
		"200 and a half (assumed)":               {elbstub.ModifyHalf, 200, "id"},
		"202 (observed)":                         {elbstub.ModifyAccepted, 202, ""},
		"204 (observed)":                         {elbstub.ModifyNoContent, 204, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRaw(t, func(o *elbstub.Options) { o.Dialect.Switch = row.response })
			id, certificate := r.cloud.AddListener(elbstub.Listener{ProjectID: project}), r.certificateOf(project)
			response := r.modify(id, only(certificate))
			var has []string
			for _, field := range []string{"id", "certificate_id", "update_time"} {
				if strings.Contains(response.body, `"`+field+`"`) {
					has = append(has, field)
				}
			}
			if got := strings.Join(has, " "); response.status != row.status || got != row.has {
				t.Errorf("the response is %d %s", response.status, response.body)
			}
			if now := r.cloud.Listeners(project)[0].CertificateID; now != certificate {
				t.Errorf("it has the certificate %q", now)
			}
		})
	}
}

// TestSwitchLetsGo: a switched listener holds its new certificate, and not its old one.
func TestSwitchLetsGo(t *testing.T) {
	t.Parallel()
	now := time.Date(2016, 6, 27, 8, 14, 42, 0, time.UTC)
	r := newRaw(t, func(o *elbstub.Options) { o.HoldLag, o.Now = 5*time.Second, func() time.Time { return now } })
	before, after := r.certificateOf(project), r.certificateOf(project)
	id := r.cloud.AddListener(elbstub.Listener{ProjectID: project, CertificateID: before})
	r.modify(id, only(after))
	for _, row := range []struct {
		certificate string
		status      int
	}{{after, 400}, {before, 400}, {before, 204}} {
		if response := r.call(http.MethodDelete, certificates+"/"+row.certificate, ""); response.status != row.status {
			t.Errorf("the response to a deletion is %d %s, want %d", response.status, response.body, row.status)
		}
		now = now.Add(3 * time.Second)
	}
}

// TestCertificateLag: a modify of a listener knows a new certificate late.
func TestCertificateLag(t *testing.T) {
	t.Parallel()
	now := time.Date(2016, 6, 27, 8, 14, 42, 0, time.UTC)
	r := newRaw(t, func(o *elbstub.Options) {
		o.CertificateLag, o.Now = 5*time.Second, func() time.Time { return now }
	})
	id, certificate := r.cloud.AddListener(elbstub.Listener{ProjectID: project}), r.certificateOf(project)
	for _, want := range []int{400, 400, 200} {
		if response := r.modify(id, only(certificate)); response.status != want {
			t.Errorf("the response is %d %s, want %d", response.status, response.body, want)
		}
		now = now.Add(2500 * time.Millisecond)
	}
}

// TestListenerLag: a list and a listener alone may show what was, by a view, and a list
// also by the options.
func TestListenerLag(t *testing.T) {
	t.Parallel()
	now := time.Date(2016, 6, 27, 8, 14, 42, 0, time.UTC)
	r := newRaw(t, func(o *elbstub.Options) { o.Now = func() time.Time { return now } })
	before, after := r.certificateOf(project), r.certificateOf(project)
	id := r.cloud.AddListener(elbstub.Listener{ProjectID: project, CertificateID: before})
	now = now.Add(time.Minute)
	r.modify(id, only(after))
	now = now.Add(2 * time.Second)
	for lag, want := range map[time.Duration]string{0: after, 2 * time.Second: after, 3 * time.Second: before} {
		r.cloud.Script(elbstub.ListListeners, 1, elbstub.See(elbstub.View{Lag: lag}))
		r.cloud.Script(elbstub.ShowListener, 1, elbstub.See(elbstub.View{Lag: lag}))
		if got := r.listeners(listeners)[0]["certificate_id"]; got != want {
			t.Errorf("a list that lags by %s shows %q, want %q", lag, got, want)
		}
		if got := r.call(http.MethodGet, listeners+"/"+id, "").fields(t)["certificate_id"]; got != want {
			t.Errorf("a listener that lags by %s has %q, want %q", lag, got, want)
		}
	}

	r = newRaw(t, func(o *elbstub.Options) { o.ListLag, o.Now = 5*time.Second, func() time.Time { return now } })
	r.cloud.AddListener(elbstub.Listener{ProjectID: project})
	now = now.Add(time.Second)
	seen := map[int]bool{}
	for range 30 {
		seen[len(r.listeners(listeners))] = true
	}
	if !seen[0] || !seen[1] {
		t.Errorf("lists that may lag have had so many listeners: %v", seen)
	}
}

// TestListenerFaults: what may become of a switch.
func TestListenerFaults(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		fault  func(r *raw, id string) elbstub.Fault
		status int
		shows  string // of the response
		done   bool   // immediately
		later  bool   // an hour later
		state  string
	}{
		"accepted, and done later": {
			fault:  func(*raw, string) elbstub.Fault { return elbstub.Accept(time.Minute) },
			status: 202, later: true, state: "ACTIVE",
		},
		"another listener's response": {
			fault:  func(*raw, string) elbstub.Fault { return elbstub.ReplyAfter(200, `{"id":"another"}`) },
			status: 200, shows: `"id":"another"`, done: true, later: true, state: "ACTIVE",
		},
		"done, and then in error": {
			fault: func(r *raw, id string) elbstub.Fault {
				return func(next elbstub.Next) elbstub.Response {
					r.cloud.ChangeListener(id, func(l *elbstub.Listener) { l.Status = "ERROR" })
					return next()
				}
			},
			status: 200, shows: `"status":"ERROR"`, done: true, later: true, state: "ERROR",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				cloud := elbstub.New(elbstub.Options{BasePath: base, Tokens: map[string]string{token: project}})
				r := &raw{t: t, cloud: cloud}
				id, certificate := cloud.AddListener(elbstub.Listener{ProjectID: project}), r.certificateOf(project)
				cloud.Script(elbstub.ModifyListener, 1, row.fault(r, id))
				request := httptest.NewRequestWithContext(
					t.Context(), http.MethodPut, listeners+"/"+id, strings.NewReader(only(certificate)))
				request.Header.Set("X-Auth-Token", token)
				recorder := httptest.NewRecorder()
				cloud.ServeHTTP(recorder, request)
				if recorder.Code != row.status || !strings.Contains(recorder.Body.String(), row.shows) {
					t.Errorf("the response is %d %s", recorder.Code, recorder.Body)
				}
				if done := cloud.Listeners(project)[0].CertificateID == certificate; done != row.done {
					t.Errorf("it is done immediately: %t", done)
				}
				time.Sleep(time.Hour)
				if l := cloud.Listeners(project)[0]; l.CertificateID == certificate != row.later ||
					l.Status != row.state {
					t.Errorf("an hour later it is %+v", l)
				}
			})
		})
	}
}

// TestPendingUpdate: a modified listener has the status PENDING_UPDATE for a while.
func TestPendingUpdate(t *testing.T) {
	t.Parallel()
	now := time.Date(2016, 6, 27, 8, 14, 42, 0, time.UTC)
	r := newRaw(t, func(o *elbstub.Options) { o.UpdateTime, o.Now = 5*time.Second, func() time.Time { return now } })
	id := r.cloud.AddListener(elbstub.Listener{ProjectID: project})
	status := func() any { return r.call(http.MethodGet, listeners+"/"+id, "").fields(t)["status"] }
	if got := status(); got != "ACTIVE" {
		t.Errorf("before, its status is %q", got)
	}
	if got := r.modify(id, `{"name":"x"}`).fields(t)["status"]; got != "PENDING_UPDATE" {
		t.Errorf("the response has the status %q", got)
	}
	for _, want := range []string{"PENDING_UPDATE", "PENDING_UPDATE", "ACTIVE"} {
		if got := status(); got != want {
			t.Errorf("its status is %q, want %q", got, want)
		}
		now = now.Add(2500 * time.Millisecond)
	}
}
