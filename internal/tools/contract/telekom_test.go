package contract

import (
	"net/http/httptest"

	common "github.com/huaweicloud/golangsdk/openstack/networking/v2/extensions/elb/certificate"
	"github.com/opentelekomcloud/gophertelekomcloud"
	"github.com/opentelekomcloud/gophertelekomcloud/openstack/networking/v2/extensions/elb/certificate"
	"github.com/opentelekomcloud/gophertelekomcloud/openstack/networking/v2/extensions/elbaas/listeners"
)

// telekom is the SDK of Open Telekom Cloud.
func telekom(server *httptest.Server) sdk {
	provider := &golangsdk.ProviderClient{TokenID: token, ProjectID: project, HTTPClient: *server.Client()}
	// Its package for certificates adds the project to the URL, the one for listeners does not.
	certificates := &golangsdk.ServiceClient{ProviderClient: provider, Endpoint: server.URL + version}
	inProject := &golangsdk.ServiceClient{ProviderClient: provider, Endpoint: server.URL + version + project + "/"}

	read := func(l listeners.Listener) listener {
		return listener{
			l.ID, l.Name, l.LoadbalancerID, string(l.Protocol), l.ProtocolPort, l.CertificateID, l.Certificates,
		}
	}
	extracted := func(l *listeners.Listener, err error) (listener, error) {
		if err != nil {
			return listener{}, err
		}
		return read(*l), nil
	}

	return sdk{
		create: func(opts common.CreateOpts) (*common.Certificate, error) {
			cert, err := certificate.Create(certificates, certificate.CreateOpts(opts)).Extract()
			return (*common.Certificate)(cert), err
		},
		get: func(id string) (*common.Certificate, error) {
			cert, err := certificate.Get(certificates, id).Extract()
			return (*common.Certificate)(cert), err
		},
		update: func(id string, opts common.UpdateOpts) (*common.Certificate, error) {
			cert, err := certificate.Update(certificates, id, certificate.UpdateOpts(opts)).Extract()
			return (*common.Certificate)(cert), err
		},
		remove: func(id string) error {
			return certificate.Delete(certificates, id).Err
		},
		listeners: func() (all []listener, err error) {
			pages, err := listeners.List(inProject, nil).AllPages()
			if err != nil {
				return nil, err
			}
			extracted, err := listeners.ExtractListeners(pages)
			for _, l := range extracted {
				all = append(all, read(l))
			}
			return all, err
		},
		show: func(id string) (listener, error) {
			return extracted(listeners.Get(inProject, id).Extract())
		},
		change: func(id, name string, port int) (listener, error) {
			opts := listeners.UpdateOpts{Name: name, ProtocolPort: port}
			return extracted(listeners.Update(inProject, id, opts).Extract())
		},
		switchTo: func(id, certificateID string) (listener, error) {
			var result listeners.UpdateResult
			url := inProject.ServiceURL("elbaas", "listeners", id)
			body := map[string]any{"certificate_id": certificateID}
			_, result.Err = inProject.Put(url, body, &result.Body, &golangsdk.RequestOpts{OkCodes: []int{200, 202}})
			return extracted(result.Extract())
		},
		notFound:   is[golangsdk.ErrDefault404],
		badRequest: is[golangsdk.ErrDefault400],
	}
}
