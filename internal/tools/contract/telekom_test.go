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
				all = append(all, listener{
					l.ID, l.Name, l.LoadbalancerID, string(l.Protocol), l.ProtocolPort, l.CertificateID, l.Certificates,
				})
			}
			return all, err
		},
		notFound:   is[golangsdk.ErrDefault404],
		badRequest: is[golangsdk.ErrDefault400],
	}
}
