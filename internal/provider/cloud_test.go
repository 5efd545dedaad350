package provider_test

import (
	"cmp"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/elbaas/terraform-provider-elbaas/internal/acctest"
	"github.com/elbaas/terraform-provider-elbaas/internal/elbstub"
	"github.com/elbaas/terraform-provider-elbaas/internal/provider"
	"github.com/elbaas/terraform-provider-elbaas/internal/throwaway"
)

// What every stub cloud knows. The second project shows that nothing leaks
// from one into the other.
const (
	ProjectID      = "0123456789abcdef0123456789abcdef"
	Token          = "MIIFvAYJKoZIhvcNAQcCoIIFrTCCBakCAQE-first"
	OtherProjectID = "fedcba9876543210fedcba9876543210"
)

// The account of every stub cloud, and an agency of another one. The projects
// have their regions' names.
const (
	Region          = "eu-de"
	Domain          = "mine"
	UserName        = "me"
	UserID          = "0123456789abcdef0123456789abcde0"
	Password        = "correct-horse-battery"
	AccessKey       = "QTWAOYTTINDUT2QVKYUC"
	SecretKey       = "MFyfvK41ba2giqM7Uio6PznpdUKGpownRZlmVmHc"
	Agency          = "helpers"
	AgencyDomain    = "theirs"
	AgencyProjectID = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
)

// Cloud is a stub cloud that serves one test.
type Cloud struct {
	*elbstub.Cloud
	// Endpoint is the base URL of its ELB service, which has a path; AuthURL that
	// of its identity service.
	Endpoint, AuthURL string
}

// dialectVariable is the environment variable with the number of the dialect of stub
// clouds. Without it they behave as the API reference documents.
const dialectVariable = "ELBAAS_TEST_DIALECT"

// OnceForAllDialects skips a test in every dialect except 0: what it asserts does not depend
// on the dialect, or a faster test goes through the dialects.
func OnceForAllDialects(t *testing.T) {
	t.Helper()
	if os.Getenv(dialectVariable) != "" {
		t.Skip("it runs in dialect 0 alone")
	}
}

// NewCloud starts a stub cloud for the duration of a test.
func NewCloud(t testing.TB, options ...func(*elbstub.Options)) *Cloud {
	t.Helper()
	cloud := newStub(t, options)
	server := httptest.NewServer(cloud)
	t.Cleanup(server.Close)
	return at(cloud, server.URL)
}

// NewCloudInMemory starts a stub cloud that only a Network reaches, by TLS with an untrusted
// certificate. It is for a synctest bubble, in which waiting takes no time, and waits for
// goroutines that the provider leaves when the test ends.
func NewCloudInMemory(t *testing.T, options ...func(*elbstub.Options)) (*Cloud, *elbstub.Network) {
	t.Helper()
	cloud, network := newStub(t, options), elbstub.NewNetwork("cloud.test:443")
	server := &httptest.Server{
		Listener:    network,
		EnableHTTP2: true, // the provider must choose HTTP/1.1
		Config: &http.Server{
			Handler:           cloud,
			ReadHeaderTimeout: time.Minute,
			ErrorLog:          log.New(io.Discard, "", 0), // of handshakes that a client ends
		},
	}
	server.StartTLS()
	t.Cleanup(func() {
		time.Sleep(time.Hour)
		_ = server.Config.Close()
	})
	return at(cloud, server.URL), network
}

func at(cloud *elbstub.Cloud, url string) *Cloud {
	return &Cloud{Cloud: cloud, Endpoint: url + basePath, AuthURL: url + basePath + "/v3"}
}

// basePath is not empty, to catch absolute URLs.
const basePath = "/gateway/elb"

func newStub(t testing.TB, options []func(*elbstub.Options)) *elbstub.Cloud {
	t.Helper()
	o := elbstub.Options{
		BasePath: basePath,
		Tokens:   map[string]string{Token: ProjectID},
		Identity: elbstub.Identity{
			Projects: []elbstub.Project{
				{ID: ProjectID, Name: Region, Domain: Domain},
				{ID: OtherProjectID, Name: Region + "_other", Domain: Domain},
				{ID: AgencyProjectID, Name: Region, Domain: AgencyDomain},
			},
			Users: []elbstub.User{
				{ID: UserID, Name: UserName, Password: Password, Domain: Domain, DomainID: "domain-id"},
			},
			AccessKeys: []elbstub.AccessKey{{Access: AccessKey, Secret: SecretKey, Domain: Domain}},
			Agencies:   []elbstub.Agency{{Name: Agency, Domain: AgencyDomain}},
			Catalog:    []elbstub.CatalogEntry{{Type: "elb", Region: Region, URL: "/v1.0/" + ProjectID}},
		},
	}
	dialect, err := strconv.Atoi(cmp.Or(os.Getenv(dialectVariable), "0"))
	if err != nil {
		t.Fatal(err)
	}
	o.Dialect = elbstub.NewDialect(dialect)
	for _, option := range options {
		option(&o)
	}
	return elbstub.New(o)
}

// Provider returns a provider block for the cloud. Further lines are added to
// it, and replace a line for the same argument.
func (c *Cloud) Provider(lines ...string) string {
	block := "provider \"elbaas\" {\n"
	for name, value := range c.Configuration() {
		isReplacement := func(line string) bool { return strings.HasPrefix(line, name+" ") }
		if !slices.ContainsFunc(lines, isReplacement) {
			block += fmt.Sprintf("  %s = %q\n", name, value)
		}
	}
	return block + "  " + strings.Join(lines, "\n  ") + "\n}\n"
}

// Server starts a provider that is configured for the cloud.
func (c *Cloud) Server(t testing.TB, server tfprotov6.ProviderServer) *acctest.Server {
	t.Helper()
	return acctest.NewServer(t, server, c.Configuration())
}

// Configuration is that of a provider for the cloud.
func (c *Cloud) Configuration() acctest.Values {
	return acctest.Values{"endpoint": c.Endpoint, "project_id": ProjectID, "token": Token}
}

// Only returns the one certificate of the project.
func (c *Cloud) Only(t *testing.T) elbstub.Certificate {
	t.Helper()
	certificates := c.Certificates(ProjectID)
	if len(certificates) != 1 {
		t.Fatalf("the cloud has %d certificates, want 1", len(certificates))
	}
	return certificates[0]
}

// NewPair returns a throwaway certificate and its key.
func NewPair() throwaway.Pair { return throwaway.NewPair("www.example.com") }

// NewPairUntil returns a throwaway certificate that has been valid for a year and expires at a
// time, and its key.
func NewPairUntil(notAfter time.Time) throwaway.Pair {
	template := throwaway.ForDomain("www.example.com")
	template.NotBefore, template.NotAfter = time.Now().AddDate(-1, 0, 0), notAfter
	return throwaway.SelfSigned(template, throwaway.NewECKey())
}

// Quote writes a text as a string of the Terraform language.
func Quote(text string) string {
	return strings.NewReplacer("${", "$${", "%{", "%%{").Replace(strconv.Quote(text))
}

// Certificate returns a resource block elbaas_certificate.test with a pair and
// further lines.
func Certificate(pair throwaway.Pair, lines ...string) string {
	return fmt.Sprintf("resource \"elbaas_certificate\" \"test\" {\n  certificate = %s\n  private_key = %s\n  %s\n}\n",
		Quote(pair.Certificate), Quote(pair.PrivateKey), strings.Join(lines, "\n  "))
}

// Providers are the providers of an acceptance test.
func Providers() map[string]func() (tfprotov6.ProviderServer, error) {
	return map[string]func() (tfprotov6.ProviderServer, error){
		"elbaas": func() (tfprotov6.ProviderServer, error) { return provider.New("test", nil)(), nil },
	}
}
