package elbstub_test

import (
	"net/http"
	"strings"
	"testing"
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
			id := r.cloud.Listen(row.listener)
			got := r.listeners(listeners)[0]
			if row.listener.LoadBalancerID == "" {
				row.want["loadbalancer_id"] = got["loadbalancer_id"]
			}
			row.want["id"] = id
			same(t, "the list", got, row.want)
			same(t, "the listener alone", r.call(http.MethodGet, listeners+"/"+id, "").fields(t), row.want)
			if call := r.cloud.Journal(elbstub.ShowListener); len(call) != 1 || call[0].ListenerID != id {
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
		ids[listener.Name] = r.cloud.Listen(listener)
	}
	r.cloud.Listen(elbstub.Listener{ProjectID: otherProject, Name: "web"})
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
	for _, name := range strings.Fields("update_time create_time admin_state_up session_sticky member_number tenant_id") {
		answer := r.call(http.MethodGet, listeners+"?"+name+"=0", "")
		if answer.status != 400 || answer.code() != "ELB.6003" {
			t.Errorf("%s is a filter: %d %s", name, answer.status, answer.body)
		}
	}
}

// TestListenerForms has the forms of what clouds show in different ways.
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
		"certificates is a string (reference)":       {dialect{SNI: elbstub.SNIString}, sni, `"1,2"`, `""`},
		"certificates is {} (observed, assumed)":     {dialect{SNI: elbstub.SNIObject}, sni, `["1","2"]`, `{}`},
		"certificates is null (assumed)":             {dialect{SNI: elbstub.SNINull}, sni, `["1","2"]`, `null`},
		"certificates is absent (recorded)":          {dialect{SNI: elbstub.SNIAbsent}, sni, `["1","2"]`, ``},
		"booleans are true and false (reference)":    {dialect{}, draining, `false`, `true`},
		"booleans are 1 and 0 (reference)":           {dialect{Booleans: elbstub.BooleansNumbers}, draining, `0`, `1`},
		"no description is null (recorded)":          {dialect{}, description, `null`, `null`},
		"no description is an empty text (recorded)": {dialect{Unset: elbstub.UnsetEmpty}, description, `""`, `""`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			row.dialect.Order = elbstub.OrderOldest
			r := newRaw(t, func(o *elbstub.Options) { o.Dialect = row.dialect })
			r.cloud.Listen(elbstub.Listener{ProjectID: project, SNI: []string{"1", "2"}})
			r.cloud.Listen(elbstub.Listener{ProjectID: project, Protocol: "TCP"})
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
			theirs := r.cloud.Listen(elbstub.Listener{ProjectID: otherProject})
			answer := r.call(http.MethodGet, listeners+"/"+theirs, "")
			if answer.status != row.status || answer.code() != row.code {
				t.Errorf("got %d %s", answer.status, answer.body)
			}
		})
	}
}
