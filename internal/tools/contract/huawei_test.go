package contract

import (
	"net/http/httptest"

	"github.com/huaweicloud/golangsdk"
	"github.com/huaweicloud/golangsdk/openstack/networking/v2/extensions/elb/certificate"
	"github.com/huaweicloud/golangsdk/openstack/networking/v2/extensions/elbaas/listeners"
)

// huawei is the SDK of Huawei Cloud.
func huawei(server *httptest.Server) sdk {
	provider := &golangsdk.ProviderClient{TokenID: token, ProjectID: project, HTTPClient: *server.Client()}
	// Its package for certificates adds the project to the URL, the one for listeners does not.
	certificates := &golangsdk.ServiceClient{ProviderClient: provider, Endpoint: server.URL + version}
	inProject := &golangsdk.ServiceClient{ProviderClient: provider, Endpoint: server.URL + version + project + "/"}

	return sdk{
		create: func(opts certificate.CreateOpts) (*certificate.Certificate, error) {
			return certificate.Create(certificates, opts).Extract()
		},
		get: func(id string) (*certificate.Certificate, error) {
			return certificate.Get(certificates, id).Extract()
		},
		update: func(id string, opts certificate.UpdateOpts) (*certificate.Certificate, error) {
			return certificate.Update(certificates, id, opts).Extract()
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
