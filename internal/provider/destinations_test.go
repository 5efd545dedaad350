package provider

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/elbaas/terraform-provider-elbaas/internal/elb"
	"github.com/elbaas/terraform-provider-elbaas/internal/elbstub"
	"github.com/elbaas/terraform-provider-elbaas/internal/secret"
	"github.com/elbaas/terraform-provider-elbaas/internal/throwaway"
)

// sourcesOfSecrets are in the order in which credentials are looked for.
var sourcesOfSecrets = []string{"block", "HW_", "HCS_", "OS_", "profile", "entry"}

// secretOf returns a secret that tells where it comes from.
func secretOf(kind, source string) string {
	return kind + "-of-" + strings.TrimSuffix(source, "_")
}

// A recordingNetwork stands in for DNS and for all hosts. Each host is both an identity service and
// an ELB service, and what it receives is recorded.
type recordingNetwork struct {
	t           *testing.T
	handler     http.Handler
	connections chan net.Conn
	done        chan struct{}
	trusted     *x509.CertPool

	mu           sync.Mutex
	certificates map[string]*tls.Certificate
	received     map[string]map[string]bool // by host
}

func newRecordingNetwork(t *testing.T, catalog ...elbstub.CatalogEntry) *recordingNetwork {
	t.Helper()
	n := &recordingNetwork{
		t: t, connections: make(chan net.Conn), done: make(chan struct{}),
		trusted: x509.NewCertPool(), certificates: map[string]*tls.Certificate{},
	}
	n.reset(catalog...)
	server := &http.Server{Handler: n, ReadHeaderTimeout: time.Minute}
	go func() { _ = server.Serve(n) }()
	t.Cleanup(func() { _ = server.Close() })
	return n
}

// reset forgets what the hosts have received, and gives them a catalog.
func (n *recordingNetwork) reset(catalog ...elbstub.CatalogEntry) {
	options := elbstub.Options{Tokens: map[string]string{}, Identity: elbstub.Identity{Catalog: catalog}}
	for i, name := range []string{
		"eu-de", "eu-de_mine", "eu-nl", "cn-north-4", "eu-west-0", "region-1",
		"region-1_mine",
	} {
		options.Identity.Projects = append(options.Identity.Projects,
			elbstub.Project{ID: fmt.Sprintf("%032d", i+1), Name: name, Domain: "mine"},
			elbstub.Project{ID: fmt.Sprintf("%032d", i+101), Name: name, Domain: "theirs"})
	}
	for _, source := range sourcesOfSecrets {
		options.Tokens[secretOf("token", source)] = options.Identity.Projects[0].ID
		options.Identity.Users = append(options.Identity.Users,
			elbstub.User{
				ID: "id", Name: "me", Password: secretOf("password", source), Domain: "mine",
				DomainID: "domain-id",
			})
		options.Identity.AccessKeys = append(options.Identity.AccessKeys,
			elbstub.AccessKey{Access: secretOf("key", source), Secret: secretOf("secret", source), Domain: "mine"})
	}
	options.Identity.Agencies = []elbstub.Agency{{Name: "helpers", Domain: "theirs"}}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.handler, n.received = elbstub.New(options), map[string]map[string]bool{}
}

// DialContext connects to a host, which speaks TLS if the client does.
func (n *recordingNetwork) DialContext(_ context.Context, _, address string) (net.Conn, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	certificate := n.certificate(host) // before the handshake, so that it is trusted
	client, server := net.Pipe()
	go func() {
		reader := bufio.NewReader(server)
		connection := net.Conn(&peeked{Conn: server, reader: reader})
		const handshake = 22 // the first byte of TLS
		if first, err := reader.Peek(1); err == nil && first[0] == handshake {
			connection = tls.Server(connection, &tls.Config{
				Certificates: []tls.Certificate{*certificate},
				MinVersion:   tls.VersionTLS13,
			})
		}
		select {
		case n.connections <- connection:
		case <-n.done:
			_ = server.Close()
		}
	}()
	return client, nil
}

// A peeked connection begins with bytes that were already read from it.
type peeked struct {
	net.Conn
	reader io.Reader
}

func (p *peeked) Read(b []byte) (int, error) { return p.reader.Read(b) }

// certificate returns the TLS certificate of a host.
func (n *recordingNetwork) certificate(host string) *tls.Certificate {
	n.mu.Lock()
	defer n.mu.Unlock()
	if made := n.certificates[host]; made != nil {
		return made
	}
	pair := throwaway.NewPair(host)
	made, err := tls.X509KeyPair([]byte(pair.Certificate), []byte(pair.PrivateKey))
	if err != nil {
		panic(err)
	}
	n.trusted.AddCert(made.Leaf)
	n.certificates[host] = &made
	return &made
}

// Accept implements net.Listener.
func (n *recordingNetwork) Accept() (net.Conn, error) {
	select {
	case connection := <-n.connections:
		return connection, nil
	case <-n.done:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener.
func (n *recordingNetwork) Close() error {
	close(n.done)
	return nil
}

// Addr implements net.Listener.
func (n *recordingNetwork) Addr() net.Addr { return &net.IPAddr{} }

// ServeHTTP records what a host receives, and responds as the stub does.
func (n *recordingNetwork) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	r.Body = io.NopCloser(bytes.NewReader(body))
	var header strings.Builder
	_ = r.Header.Write(&header)
	all := header.String() + string(body)

	host := r.Host
	if bare, _, err := net.SplitHostPort(host); err == nil {
		host = bare
	}
	if r.TLS == nil {
		host = "http://" + host
	}
	n.mu.Lock()
	if n.received[host] == nil {
		n.received[host] = map[string]bool{}
	}
	what := n.received[host]
	for _, source := range sourcesOfSecrets {
		for _, kind := range []string{"token", "key", "password", "secret"} {
			if strings.Contains(all, secretOf(kind, source)) {
				what[kind+" of "+source] = true // each signature contains the access key
			}
		}
	}
	what["private key"] = what["private key"] || strings.Contains(all, "PRIVATE KEY")
	what["token of a password"] = what["token of a password"] || strings.Contains(all, "issued-")
	what["key of an agency"] = what["key of an agency"] || strings.Contains(all, "Access=TEMP")
	handler := n.handler
	n.mu.Unlock()
	handler.ServeHTTP(w, r)
}

// hosts returns the hosts that received any of these kinds of secrets.
func (n *recordingNetwork) hosts(kinds ...string) []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	var hosts []string
	for host, what := range n.received {
		for kind, seen := range what {
			if seen && slices.ContainsFunc(kinds, func(k string) bool { return strings.HasPrefix(kind, k) }) {
				hosts = append(hosts, host)
				break
			}
		}
	}
	slices.Sort(hosts)
	return hosts
}

// A setup is what a user has set.
type setup struct {
	block, variables string // see parseWords
	files            map[string]string
}

// parseWords parses a setup: "region=eu-de HW_key" sets the region in the provider block, and an
// access key in HW_ variables. The secrets tell their source.
func parseWords(text string) map[string]string {
	all := map[string]string{}
	for word := range strings.FieldsSeq(text) {
		name, value, given := strings.Cut(word, "=")
		if given {
			all[name] = value
			continue
		}
		i := strings.LastIndex(name, "_") + 1
		prefix, kind := name[:i], name[i:]
		upper, source := strings.ToUpper, prefix
		if prefix == "" {
			upper, source = strings.ToLower, "block"
		}
		switch kind {
		case "key":
			all[prefix+upper("ACCESS_KEY")] = secretOf("key", source)
			all[prefix+upper("SECRET_KEY")] = secretOf("secret", source)
		case "token":
			all[prefix+map[bool]string{true: "token", false: "AUTH_TOKEN"}[prefix == ""]] = secretOf("token", source)
		case "password":
			names := map[string][3]string{
				"":    {"user_name", "password", "domain_name"},
				"OS_": {"OS_USERNAME", "OS_PASSWORD", "OS_USER_DOMAIN_NAME"},
			}
			three, found := names[prefix]
			if !found {
				three = [3]string{prefix + "USER_NAME", prefix + "USER_PASSWORD", prefix + "DOMAIN_NAME"}
			}
			all[three[0]], all[three[1]], all[three[2]] = "me", secretOf("password", source), "mine"
		default:
			panic("no such word: " + word)
		}
	}
	return all
}

// run makes settings of a setup, and creates a certificate with them. It returns the error, if any.
func (s setup) run(n *recordingNetwork) string {
	return runWith(n, parseWords(s.block), environmentOf(parseWords(s.variables), s.files))
}

func runWith(n *recordingNetwork, values map[string]string, env environment) string {
	block := providerBlock{}
	for name, value := range values {
		block[name] = types.StringValue(value)
	}
	settings, diags := newSettings(block, env)
	if diags.HasError() {
		return fmt.Sprint(diags.Errors()[0].Summary(), ": ", diags.Errors()[0].Detail())
	}
	settings.api.TLS.RootCAs, settings.api.MaxRetries = n.trusted, 0
	c := newCloud(settings, "test", n.DialContext)
	project := c.readyProject(n.t.Context(), types.StringNull(), &diags)
	if diags.HasError() {
		return fmt.Sprint(diags.Errors()[0].Summary(), ": ", diags.Errors()[0].Detail())
	}
	pair := testPair()
	_, err := c.client.CreateCertificate(n.t.Context(), project.ValueString(),
		elb.NewCertificate{Certificate: pair.Certificate, PrivateKey: secret.New(pair.PrivateKey)})
	if err != nil {
		return c.describe(err)
	}
	return ""
}

// testPair returns the certificate of all setups: creating one takes longer than the rest of the
// test.
var testPair = sync.OnceValue(func() throwaway.Pair { return throwaway.NewPair("www.example.com") })

const (
	otcURL   = "OS_AUTH_URL=https://iam.eu-de.otc.t-systems.com:443/v3"
	otc      = "otc.t-systems.com"
	huawei   = "myhuaweicloud.com"
	orange   = "prod-cloud-ocb.orange-business.com"
	private  = "cloud.example.com"
	proxyURL = "https://iam-apigateway-proxy.cloud.example.com:443/v3"
	atHome   = "/home/me/.hcloud/config.json"
)

// entryOf returns a clouds.yaml with one entry, and the secure.yaml with its password.
func entryOf(more string) map[string]string {
	return map[string]string{
		"clouds.yaml": "clouds:\n  mine: {auth: {username: me, user_domain_name: mine, project_name: eu-de" + more +
			"}\n",
		"secure.yaml": "clouds:\n  mine: {auth: {password: " + secretOf("password", "entry") + "}}\n",
	}
}

func profileOf(more string) map[string]string {
	const profile = `{"current":"a","profiles":[{"name":"a","accessKeyId":%q,"secretAccessKey":%q%s}]}`
	return map[string]string{
		atHome: fmt.Sprintf(profile, secretOf("key", "profile"), secretOf("secret", "profile"), more),
	}
}

// services returns a catalog with an ELB service in several regions.
func services(urls ...string) []elbstub.CatalogEntry {
	var entries []elbstub.CatalogEntry
	for _, text := range urls {
		region, address, _ := strings.Cut(text, "=")
		entries = append(entries, elbstub.CatalogEntry{Type: "elb", Region: region, URL: address})
	}
	return entries
}

// TestDestinations says for each setup which host receives what: the ELB service the private key
// and the credentials, the identity service the credentials, and any other host nothing.
func TestDestinations(t *testing.T) {
	t.Parallel()
	type row struct {
		block, variables string // see parseWords
		files            map[string]string
		catalog          []elbstub.CatalogEntry

		// The hosts are elb.{region}.{cloud} and iam.{region}.{cloud}, unless elb and iam are set.
		region, cloud string
		elb, iam      string // iam is empty if nothing is sent to it
		fails         string // a part of the error, if nothing is sent anywhere
	}
	rows := map[string]row{
		// With an endpoint.
		"endpoint in the block, IAM by the cloud": {
			block: "endpoint=https://elb.example.com key region=eu-de cloud=" + otc,
			elb:   "elb.example.com",
			iam:   "iam.eu-de." + otc,
		},
		"ELBAAS_ENDPOINT, IAM by HW_": {
			variables: "ELBAAS_ENDPOINT=https://elb.example.com HW_key HW_REGION_NAME=eu-de HW_CLOUD=" + otc,
			elb:       "elb.example.com",
			iam:       "iam.eu-de." + otc,
		},
		"ELBAAS_ENDPOINT, a project by its ID": {
			variables: "ELBAAS_ENDPOINT=https://elb.example.com HW_key HW_REGION_NAME=eu-de " +
				"HW_PROJECT_ID=00000000000000000000000000000001",
			elb: "elb.example.com",
		},
		"an endpoint names no other cloud": {
			block: "endpoint=https://elb.example.com key region=eu-de",
			fails: "set auth_url",
		},
		"an endpoint names its own cloud": {
			block:  "endpoint=https://elb.eu-de.otc.t-systems.com key region=eu-de",
			region: "eu-de",
			cloud:  otc,
		},
		"endpoint, and an auth_url left over": {
			block:     "key region=eu-de project_id=00000000000000000000000000000001",
			variables: "ELBAAS_ENDPOINT=https://elb.example.com " + otcURL,
			elb:       "elb.example.com",
		},
		"openrc of a token, endpoint": {
			block:     "endpoint=https://elb.example.com",
			variables: "OS_token OS_REGION_NAME=eu-de OS_PROJECT_NAME=eu-de " + otcURL,
			elb:       "elb.example.com",
			iam:       "iam.eu-de." + otc,
		},
		"endpoint in the block, another cloud's auth_url": {
			block:     "endpoint=https://elb.eu-de.otc.t-systems.com password",
			variables: "OS_REGION_NAME=eu-de OS_AUTH_URL=https://iam.eu-de.evil.example.com/v3",
			region:    "eu-de",
			cloud:     otc,
		},
		"endpoint in the block, an address that ends as its cloud": {
			block:     "endpoint=https://elb.eu-de.otc.t-systems.com password",
			variables: "OS_REGION_NAME=eu-de OS_AUTH_URL=https://[2001:db8::1%25x.otc.t-systems.com]/v3",
			region:    "eu-de",
			cloud:     otc,
		},
		"endpoint in the block, another cloud": {
			block:     "endpoint=https://elb.eu-de.otc.t-systems.com key",
			variables: "HW_REGION_NAME=eu-de HW_CLOUD=evil.example.com",
			region:    "eu-de",
			cloud:     otc,
		},
		"endpoint in the block, ordinary CI": {
			block:     "endpoint=https://elb.eu-de.otc.t-systems.com key",
			variables: "HW_REGION_NAME=eu-de HW_CLOUD=" + otc,
			region:    "eu-de",
			cloud:     otc,
		},
		"endpoint in the block, auth_url of its cloud": {
			block:     "endpoint=https://elb.region-1.cloud.example.com key",
			variables: "HCS_REGION_NAME=region-1 HCS_CLOUD=" + private + " HCS_AUTH_URL=" + proxyURL,
			elb:       "elb.region-1." + private,
			iam:       "iam-apigateway-proxy." + private,
		},
		"endpoint in the block, a cloud that it does not name": {
			block:     "endpoint=https://elb.example.com key",
			variables: "HW_REGION_NAME=eu-de HW_CLOUD=" + otc,
			fails:     "HW_CLOUD",
		},
		"endpoint in the block, a password": {
			block:     "endpoint=https://elb.example.com password",
			variables: "OS_REGION_NAME=eu-de " + otcURL,
			fails:     "OS_AUTH_URL",
		},
		"endpoint in the block, no IAM call": {
			block:     "endpoint=https://elb.example.com key project_id=00000000000000000000000000000001",
			variables: "HW_REGION_NAME=eu-de HW_CLOUD=" + otc,
			elb:       "elb.example.com",
		},
		"endpoint and auth_url on one host": {
			block:     "endpoint=http://127.0.0.1:8080 password",
			variables: "OS_REGION_NAME=eu-de OS_AUTH_URL=http://127.0.0.1:8080/v3",
			elb:       "http://127.0.0.1",
			iam:       "http://127.0.0.1",
		},

		// Credentials in the block.
		"block: region and cloud": {
			block: "key region=eu-de cloud=" + otc,
			variables: "HW_REGION_NAME=cn-north-4 HW_CLOUD=evil.example.com " +
				"OS_AUTH_URL=https://iam.evil.example.com/v3",
			region: "eu-de",
			cloud:  otc,
		},
		"block: region and auth_url": {
			block:     "key region=eu-de auth_url=https://iam.eu-de.otc.t-systems.com/v3",
			variables: "HW_REGION_NAME=cn-north-4 HW_CLOUD=evil.example.com",
			region:    "eu-de",
			cloud:     otc,
		},
		"block: region, nothing else": {
			block:  "key region=cn-north-4",
			region: "cn-north-4",
			cloud:  huawei,
		},
		"block: region, an entry left over": {
			block:     "key region=cn-north-4",
			variables: "OS_CLOUD=mine",
			region:    "cn-north-4",
			cloud:     huawei,
		},
		"block: region, HW_CLOUD": {
			block:     "key region=eu-de",
			variables: "HW_CLOUD=" + otc,
			fails:     "HW_CLOUD",
		},
		"block: region, OS_CLOUD with a dot": {
			block:     "key region=eu-de",
			variables: "OS_CLOUD=" + orange,
			fails:     "OS_CLOUD",
		},
		"block: region, HCS_AUTH_URL": {
			block:     "token region=eu-de",
			variables: "HCS_AUTH_URL=" + proxyURL,
			fails:     "HCS_AUTH_URL",
		},
		"block: region, OS_AUTH_URL": {
			block:     "password region=eu-de",
			variables: otcURL,
			fails:     "Set cloud",
		},
		"block: nothing, HW_ region": {
			block:     "key",
			variables: "HW_REGION_NAME=cn-north-4",
			region:    "cn-north-4",
			cloud:     huawei,
		},
		"block: nothing, HW_ region and cloud": {
			block:     "key",
			variables: "HW_REGION_NAME=eu-de HW_CLOUD=" + otc + " OS_AUTH_URL=https://iam.evil.example.com/v3",
			region:    "eu-de",
			cloud:     otc,
		},
		"block: nothing, OS_ region and auth_url": {
			block:     "password",
			variables: "OS_REGION_NAME=eu-de " + otcURL,
			region:    "eu-de",
			cloud:     otc,
		},
		"block: nothing, HW_ region, another's auth_url": {
			block:     "key",
			variables: "HW_REGION_NAME=eu-de " + otcURL,
			fails:     "OS_AUTH_URL",
		},
		"block: nothing anywhere": {
			block: "key",
			fails: "region",
		},
		"block: the cloud as it is written": {
			block:  "key region=eu-de cloud=OTC.T-Systems.com.",
			region: "eu-de",
			cloud:  otc,
		},
		"block: a cloud that some read as an address": {
			block: "key region=eu-de cloud=127.1",
			fails: "Check region and cloud",
		},
		"block: a cloud with an empty label": {
			block: "key region=eu-de cloud=otc..com",
			fails: "Check region and cloud",
		},

		// Credentials of HW_.
		"HW_: region": {
			variables: "HW_key HW_REGION_NAME=cn-north-4 " + otcURL,
			region:    "cn-north-4",
			cloud:     huawei,
		},
		"HW_: region of the block": {
			block:     "region=cn-north-4",
			variables: "HW_key " + otcURL,
			region:    "cn-north-4",
			cloud:     huawei,
		},
		"HW_: region, OS_CLOUD left over": {
			variables: "HW_password HW_REGION_NAME=cn-north-4 OS_CLOUD=" + orange,
			region:    "cn-north-4",
			cloud:     huawei,
		},
		"HW_: region and cloud": {
			variables: "HW_key HW_REGION_NAME=eu-de HW_CLOUD=" + otc + " OS_AUTH_URL=https://iam.evil.example.com/v3 " +
				"OS_CLOUD=" + orange,
			region: "eu-de",
			cloud:  otc,
		},
		"HW_: OS_REGION_NAME alone": {
			variables: "HW_key OS_REGION_NAME=cn-north-4",
			region:    "cn-north-4",
			cloud:     huawei,
		},
		"HW_: nothing but OS_AUTH_URL": {
			variables: "HW_key OS_REGION_NAME=eu-de " + otcURL,
			fails:     "HW_CLOUD",
		},
		"HW_: nothing but OS_CLOUD": {
			variables: "HW_key OS_REGION_NAME=eu-west-0 OS_CLOUD=" + orange,
			fails:     "HW_CLOUD",
		},
		"HW_: nothing but an entry": {
			variables: "HW_key OS_REGION_NAME=eu-west-0 OS_CLOUD=mine",
			fails:     "OS_CLOUD",
		},
		"HW_: a password, cloud of the block": {
			block:     "region=eu-de cloud=" + otc,
			variables: "HW_password OS_AUTH_URL=https://iam.evil.example.com/v3",
			region:    "eu-de",
			cloud:     otc,
		},
		"HW_: its cloud before the one that its auth_url names": {
			variables: "HW_key HW_REGION_NAME=eu-de HW_CLOUD=" + private + " " +
				"HW_AUTH_URL=https://iam.eu-de.otc.t-systems.com/v3",
			elb: "elb.eu-de." + private,
			iam: "iam.eu-de." + otc,
		},
		"HW_: a cloud after the one that the block's auth_url names": {
			block:     "auth_url=https://iam.eu-de.otc.t-systems.com/v3",
			variables: "HW_key HW_REGION_NAME=eu-de HW_CLOUD=evil.example.com",
			region:    "eu-de",
			cloud:     otc,
		},
		"HW_: cloud of the block, its own auth_url": {
			block:     "cloud=" + private,
			variables: "HW_password HW_REGION_NAME=region-1 HW_AUTH_URL=" + proxyURL,
			elb:       "elb.region-1." + private,
			iam:       "iam-apigateway-proxy." + private,
		},

		// Credentials of HCS_.
		"HCS_: a private cloud": {
			variables: "HCS_key HCS_REGION_NAME=region-1 HCS_CLOUD=" + private + " HCS_AUTH_URL=" + proxyURL,
			elb:       "elb.region-1." + private,
			iam:       "iam-apigateway-proxy." + private,
		},
		"HCS_: without auth_url": {
			variables: "HCS_token HCS_REGION_NAME=region-1 HCS_CLOUD=" + private + " " +
				"HCS_PROJECT_ID=00000000000000000000000000000001",
			elb: "elb.region-1." + private,
		},
		"HCS_: a region alone": {
			variables: "HCS_key HCS_REGION_NAME=region-1",
			fails:     "Set the environment variable HCS_CLOUD",
		},
		"HCS_: a region of the block": {
			block:     "region=region-1",
			variables: "HCS_token",
			fails:     "HCS_CLOUD",
		},
		"HCS_: a region of OS_": {
			variables: "HCS_key OS_REGION_NAME=region-1",
			fails:     "HCS_CLOUD",
		},
		"HCS_: a region of the block, its own cloud": {
			block:     "region=region-1",
			variables: "HCS_key HCS_CLOUD=" + private,
			elb:       "elb.region-1." + private,
			iam:       "iam.region-1." + private,
		},
		"HCS_: a cloud of HW_": {
			variables: "HCS_key HCS_REGION_NAME=region-1 HW_CLOUD=" + private,
			elb:       "elb.region-1." + private,
			iam:       "iam.region-1." + private,
		},
		"HCS_: a profile": {
			variables: "HCS_PROFILE=a",
			files:     profileOf(`,"region":"region-1"`),
			fails:     "HCS_CLOUD",
		},
		"block: a region of HCS_": {
			block:     "key",
			variables: "HCS_REGION_NAME=region-1",
			fails:     "Set cloud in the provider block",
		},
		"HW_: a region of HCS_": {
			variables: "HW_key HCS_REGION_NAME=cn-north-4",
			region:    "cn-north-4",
			cloud:     huawei,
		},
		"HW_: region and cloud of HCS_": {
			variables: "HW_key HCS_REGION_NAME=region-1 HCS_CLOUD=" + private,
			fails:     "HW_CLOUD",
		},
		"OS_: a region of HCS_": {
			variables: "OS_key HCS_REGION_NAME=cn-north-4",
			region:    "cn-north-4",
			cloud:     huawei,
		},
		"HCS_: neither region nor cloud": {
			variables: "HCS_key",
			fails:     "region",
		},

		// Credentials of OS_.
		"openrc": {
			variables: "OS_password OS_REGION_NAME=eu-de OS_PROJECT_NAME=eu-de_mine HW_CLOUD=evil.example.com " +
				"HW_AUTH_URL=https://iam.evil.example.com/v3 " + otcURL,
			region: "eu-de",
			cloud:  otc,
		},
		"openrc of OpenStack, without a version": {
			variables: "OS_password OS_REGION_NAME=eu-de OS_PROJECT_NAME=eu-de_mine OS_PROJECT_DOMAIN_ID=domain-id " +
				"OS_AUTH_URL=https://iam.eu-de.otc.t-systems.com",
			region: "eu-de",
			cloud:  otc,
		},
		"openrc of Open Telekom Cloud, without a region": {
			variables: "OS_password OS_TENANT_NAME=eu-nl OS_PROJECT_NAME=eu-de_mine " + otcURL,
			catalog:   services("eu-nl=https://elb.b.example.com", "eu-de=https://elb.a.example.com"),
			elb:       "elb.a.example.com",
			iam:       "iam.eu-de.otc.t-systems.com",
		},
		"openrc with a token": {
			variables: "OS_token OS_REGION_NAME=eu-de " + otcURL,
			region:    "eu-de",
			cloud:     otc,
		},
		"openrc, region of the block": {
			block:     "region=eu-de",
			variables: "OS_password OS_REGION_NAME=eu-nl " + otcURL,
			region:    "eu-de",
			cloud:     otc,
		},
		"openrc, region and project of HW_": {
			variables: "OS_key OS_REGION_NAME=eu-de OS_PROJECT_NAME=eu-de " + otcURL +
				" HW_REGION_NAME=cn-north-4 HW_PROJECT_NAME=nowhere",
			region: "eu-de",
			cloud:  otc,
		},
		"OS_: a region; HW_CLOUD": {
			variables: "OS_key OS_REGION_NAME=eu-de HW_CLOUD=" + otc,
			region:    "eu-de",
			cloud:     otc,
		},
		"OS_: a region; HW_ of another place": {
			variables: "OS_key OS_REGION_NAME=eu-de HW_REGION_NAME=cn-north-4 HW_CLOUD=" + otc,
			region:    "eu-de",
			cloud:     otc,
		},
		"OS_: a region": {
			variables: "OS_key OS_REGION_NAME=cn-north-4",
			region:    "cn-north-4",
			cloud:     huawei,
		},
		"FlexibleEngine": {
			variables: "OS_key OS_REGION_NAME=eu-west-0 OS_CLOUD=" + orange,
			region:    "eu-west-0",
			cloud:     orange,
		},
		"empty variables are not set": {
			variables: "OS_password OS_REGION_NAME=eu-de HW_CLOUD= HW_REGION_NAME= HW_ACCESS_KEY= HW_AUTH_TOKEN= " +
				"HW_AUTH_URL= ELBAAS_ENDPOINT= HW_PROJECT_ID= " + otcURL,
			region: "eu-de",
			cloud:  otc,
		},

		// Files.
		"entry": {
			block:     "clouds_entry=mine",
			variables: "HW_CLOUD=evil.example.com HW_REGION_NAME=cn-north-4 OS_REGION_NAME=eu-nl",
			files:     entryOf(", auth_url: 'https://iam.eu-de.otc.t-systems.com/v3'}, region_name: eu-de"),
			region:    "eu-de",
			cloud:     otc,
		},
		"entry without a version, a user by the ID": {
			variables: "OS_CLOUD=mine",
			files:     entryOf(", user_id: id, auth_url: 'https://iam.eu-de.otc.t-systems.com'}, region_name: eu-de"),
			region:    "eu-de",
			cloud:     otc,
		},
		"entry of the environment": {
			variables: "OS_CLOUD=mine HW_CLOUD=evil.example.com HW_REGION_NAME=cn-north-4 OS_REGION_NAME=eu-nl",
			files:     entryOf(", auth_url: 'https://iam.eu-de.otc.t-systems.com/v3'}, region_name: eu-de"),
			region:    "eu-de",
			cloud:     otc,
		},
		"profile": {
			block:     "profile=a",
			variables: "HW_CLOUD=evil.example.com OS_REGION_NAME=eu-nl " + otcURL,
			files:     profileOf(`,"region":"cn-north-4"`),
			region:    "cn-north-4",
			cloud:     huawei,
		},
		"profile that nobody names": {
			variables: "OS_REGION_NAME=eu-nl " + otcURL,
			files:     profileOf(`,"region":"cn-north-4"`),
			region:    "cn-north-4",
			cloud:     huawei,
		},
		"profile and cloud of HW_": {
			variables: "HW_PROFILE=a HW_CLOUD=" + otc + " " + otcURL,
			files:     profileOf(`,"region":"eu-de"`),
			region:    "eu-de",
			cloud:     otc,
		},
		"profile that nobody names, and cloud of HW_": {
			variables: "HW_CLOUD=" + otc + " " + otcURL,
			files:     profileOf(`,"region":"eu-de"`),
			region:    "eu-de",
			cloud:     otc,
		},
		"profile, region and cloud of block": {
			block:     "profile=a region=eu-de cloud=" + otc,
			variables: "HW_CLOUD=evil.example.com",
			files:     profileOf(""),
			region:    "eu-de",
			cloud:     otc,
		},
		"profile, a region of HCS_": {
			variables: "HCS_REGION_NAME=cn-north-4",
			files:     profileOf(""),
			region:    "cn-north-4",
			cloud:     huawei,
		},
		"profile of the block in a file of HW_": {
			block:     "profile=a",
			variables: "HW_SHARED_CONFIG_FILE=ci.json HW_CLOUD=" + otc,
			files:     map[string]string{"ci.json": profileOf(`,"region":"eu-de"`)[atHome]},
			region:    "eu-de",
			cloud:     otc,
		},
		"profile of the block in a file of HCS_, a key of HW_": {
			block:     "profile=a",
			variables: "HW_key HCS_CLOUD=" + private + " HCS_SHARED_CONFIG_FILE=" + atHome,
			files:     profileOf(`,"region":"region-1"`),
			region:    "region-1",
			cloud:     private,
		},
		"key of the block, a region of HW_ and of a profile in a file of HCS_": {
			block:     "key profile=a",
			variables: "HW_REGION_NAME=cn-north-4 HCS_SHARED_CONFIG_FILE=" + atHome,
			files:     profileOf(`,"region":"eu-de"`),
			region:    "cn-north-4",
			cloud:     huawei,
		},
		"file of HW_, a profile and a cloud of HCS_": {
			variables: "HW_SHARED_CONFIG_FILE=" + atHome + " HCS_PROFILE=a HCS_CLOUD=evil.example.com",
			files:     profileOf(`,"region":"eu-de"`),
			region:    "eu-de",
			cloud:     huawei,
		},
		"file of HCS_, a profile of HW_": {
			variables: "HW_PROFILE=a HCS_SHARED_CONFIG_FILE=" + atHome,
			files:     profileOf(`,"region":"region-1"`),
			fails:     "HCS_CLOUD",
		},
		"file of the block, a profile of HW_": {
			block:     "shared_config_file=" + atHome,
			variables: "HW_PROFILE=b",
			files:     profileOf(`,"region":"eu-de"`),
			fails:     `no profile "b"`,
		},
		"profile without a region": {
			block:     "profile=a",
			variables: "OS_REGION_NAME=eu-de " + otcURL,
			files:     profileOf(""),
			fails:     "OS_AUTH_URL",
		},
		"profile and entry": {
			variables: "HW_PROFILE=a OS_CLOUD=mine",
			files:     profileOf(`,"region":"cn-north-4"`),
			fails:     "never mixed: remove one of them",
		},

		// An auth_url that does not name the cloud, so that the catalog names the ELB service.
		"catalog": {
			block: "password auth_url=https://iam.example.com/v3 region=eu-de",
			catalog: services("eu-nl=https://elb.b.example.com",
				"eu-de=https://elb.a.example.com/v1.0/123"),
			elb: "elb.a.example.com",
			iam: "iam.example.com",
		},
		"catalog for an access key": {
			block: "key auth_url=https://iam.example.com/v3 region=eu-de",
			catalog: services("eu-nl=https://elb.b.example.com",
				"eu-de=https://elb.a.example.com"),
			elb: "elb.a.example.com",
			iam: "iam.example.com",
		},
		"catalog, the project's region": {
			block:   "password auth_url=https://iam.example.com/v3 project_name=eu-de_mine",
			catalog: services("eu-nl=https://elb.b.example.com", "eu-de=https://elb.a.example.com"),
			elb:     "elb.a.example.com",
			iam:     "iam.example.com",
		},
		"catalog, key, project's region": {
			block:   "key auth_url=https://iam.example.com/v3 project_name=eu-de_mine",
			catalog: services("eu-nl=https://elb.b.example.com", "eu-de=https://elb.a.example.com"),
			elb:     "elb.a.example.com",
			iam:     "iam.example.com",
		},
		"auth_url without a region label": {
			variables: "OS_password OS_REGION_NAME=eu-de OS_AUTH_URL=https://iam.otc.t-systems.com/v3",
			catalog:   services("eu-de=https://elb.a.example.com"),
			elb:       "elb.a.example.com",
			iam:       "iam.otc.t-systems.com",
		},
		"auth_url by address": {
			variables: "OS_token OS_INSECURE=1 OS_REGION_NAME=eu-de OS_AUTH_URL=https://203.0.113.9/v3",
			catalog:   services("eu-de=https://elb.a.example.com"),
			elb:       "elb.a.example.com",
			iam:       "203.0.113.9",
		},
		"region that does not match": {
			variables: "OS_password OS_REGION_NAME=eu-nl " + otcURL,
			catalog:   services("eu-nl=https://elb.a.example.com"),
			elb:       "elb.a.example.com",
			iam:       "iam.eu-de.otc.t-systems.com",
		},
		"loopback of loopback": {
			block:   "password auth_url=http://127.0.0.1/v3 region=eu-de",
			catalog: services("*=http://127.0.0.1:8080"),
			elb:     "http://127.0.0.1",
			iam:     "http://127.0.0.1",
		},
		"plain by insecure": {
			block:   "password auth_url=https://iam.example.com/v3 region=eu-de insecure=true",
			catalog: services("*=http://elb.a.example.com"),
			elb:     "http://elb.a.example.com",
			iam:     "iam.example.com",
		},
		"plain by insecure beside the credentials": {
			variables: "OS_password OS_INSECURE=true OS_REGION_NAME=eu-de OS_AUTH_URL=https://iam.example.com/v3",
			catalog:   services("*=http://elb.a.example.com"),
			elb:       "http://elb.a.example.com",
			iam:       "iam.example.com",
		},
		"plain catalog, insecure of a later source": {
			block:     "password auth_url=https://iam.example.com/v3 region=eu-de",
			variables: "HW_INSECURE=true",
			catalog:   services("*=http://elb.a.example.com"),
			iam:       "iam.example.com",
			fails:     "without TLS",
		},
		"plain catalog, insecure of another source than auth_url": {
			variables: "OS_password OS_REGION_NAME=eu-de OS_AUTH_URL=https://iam.example.com/v3 HW_INSECURE=true",
			catalog:   services("*=http://elb.a.example.com"),
			iam:       "iam.example.com",
			fails:     "without TLS",
		},

		// An agency.
		"agency of the environment": {
			block:     "key region=eu-de cloud=" + otc,
			variables: "HW_ASSUME_ROLE_AGENCY_NAME=helpers HW_ASSUME_ROLE_DOMAIN_NAME=theirs",
			region:    "eu-de",
			cloud:     otc,
		},
		// The variables that the providers of these clouds use for an agency (observed).
		"agency of OS_": {
			variables: "OS_key OS_REGION_NAME=eu-de OS_AGENCY_NAME=helpers OS_AGENCY_DOMAIN_NAME=theirs " + otcURL,
			region:    "eu-de",
			cloud:     otc,
		},
		"agency of OS_ and its project": { // the other projects are in the account of the access key
			variables: "OS_key OS_REGION_NAME=eu-de OS_AGENCY_NAME=helpers OS_AGENCY_DOMAIN_NAME=theirs " +
				"OS_DELEGATED_PROJECT=eu-de_mine OS_PROJECT_ID=nowhere OS_PROJECT_NAME=nowhere " + otcURL,
			region: "eu-de",
			cloud:  otc,
		},
		"agency of OS_ and its project, no region": { // an example of Open Telekom Cloud's provider (reference)
			variables: "OS_key OS_DOMAIN_NAME=mine OS_AGENCY_NAME=helpers OS_AGENCY_DOMAIN_NAME=theirs " +
				"OS_DELEGATED_PROJECT=eu-de_mine " + otcURL,
			catalog: services("*=https://elb.a.example.com"),
			elb:     "elb.a.example.com",
			iam:     "iam.eu-de.otc.t-systems.com",
		},
		"project of an agency, and one of HW_": {
			variables: "HW_key HW_REGION_NAME=eu-de HW_CLOUD=" + otc + " HW_PROJECT_NAME=eu-de_mine " +
				"OS_AGENCY_NAME=helpers OS_AGENCY_DOMAIN_NAME=theirs OS_DELEGATED_PROJECT=nowhere",
			region: "eu-de",
			cloud:  otc,
		},
		"project of an agency, without the agency": {
			variables: "OS_key OS_REGION_NAME=eu-de OS_DELEGATED_PROJECT=nowhere OS_PROJECT_NAME=eu-de_mine " + otcURL,
			region:    "eu-de",
			cloud:     otc,
		},
		"agency and a password, of OS_": {
			variables: "OS_password OS_REGION_NAME=eu-de OS_AGENCY_NAME=helpers OS_AGENCY_DOMAIN_NAME=theirs " + otcURL,
			fails:     "OS_AGENCY_NAME",
		},
		"agency of an entry": { // which has a project of its own
			variables: "OS_CLOUD=mine",
			files: map[string]string{"clouds.yaml": "clouds: {mine: {region_name: eu-de, auth: {ak: key-of-entry, " +
				"sk: secret-of-entry, auth_url: 'https://iam.eu-de.otc.t-systems.com/v3', project_name: nowhere, " +
				"target_agency_name: helpers, target_domain_name: theirs, target_project_name: eu-de_mine}}}"},
			region: "eu-de",
			cloud:  otc,
		},
		"agency and a password, of an entry": {
			variables: "OS_CLOUD=mine",
			files: entryOf(", target_agency_name: helpers, target_domain_name: theirs, " +
				"auth_url: 'https://iam.eu-de.otc.t-systems.com/v3'}, region_name: eu-de"),
			fails: `are a password. Without the agency, the provider would use another account. Set access_key and ` +
				`secret_key, or remove target_agency_name in the entry "mine" of clouds.yaml`,
		},
		"half an agency, of an entry": {
			variables: "OS_CLOUD=mine",
			files: entryOf(", target_agency_name: helpers, target_domain_id: '1', " +
				"auth_url: 'https://iam.eu-de.otc.t-systems.com/v3'}, region_name: eu-de"),
			fails: `Set target_domain_name in the entry "mine" of clouds.yaml as well`,
		},
		"half an agency, of an entry, and the other half of a variable": {
			variables: "OS_CLOUD=mine OS_AGENCY_DOMAIN_NAME=theirs",
			files: entryOf(", target_agency_name: helpers, " +
				"auth_url: 'https://iam.eu-de.otc.t-systems.com/v3'}, region_name: eu-de"),
			fails: `Set target_domain_name in the entry "mine" of clouds.yaml as well`,
		},
		"agency and a token of the block": {
			block: "token region=eu-de cloud=" + otc + " assume_role.agency_name=helpers " +
				"assume_role.domain_name=theirs",
			fails: "or remove assume_role.agency_name in the provider block",
		},
		"agency and a token": {
			block:     "token region=eu-de cloud=" + otc,
			variables: "HW_ASSUME_ROLE_AGENCY_NAME=helpers HW_ASSUME_ROLE_DOMAIN_NAME=theirs",
			fails:     "HW_ASSUME_ROLE_AGENCY_NAME",
		},
		"agency and a password": {
			variables: "OS_password OS_REGION_NAME=eu-de " + otcURL +
				" HCS_ASSUME_ROLE_AGENCY_NAME=helpers HCS_ASSUME_ROLE_DOMAIN_NAME=theirs",
			fails: "HCS_ASSUME_ROLE_AGENCY_NAME",
		},
	}
	for name, r := range rows {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if r.cloud != "" {
				r.elb, r.iam = "elb."+r.region+"."+r.cloud, "iam."+r.region+"."+r.cloud
			}
			n := newRecordingNetwork(t, r.catalog...)
			said := setup{r.block, r.variables, r.files}.run(n)
			if !strings.Contains(strings.ToLower(said), strings.ToLower(r.fails)) || (said == "") != (r.fails == "") {
				t.Errorf("it says %q, want %q", said, r.fails)
			}
			n.check(r.elb, r.iam)
			if strings.Contains(name, "agency of") && len(n.hosts("key of an agency")) == 0 {
				t.Error("no agency is assumed")
			}
		})
	}
}

// check fails unless the private key went to one host, and credentials to that host and one other.
// An empty host stands for none.
func (n *recordingNetwork) check(elbHost, iamHost string) {
	n.t.Helper()
	list := func(hosts ...string) []string {
		hosts = slices.DeleteFunc(hosts, func(h string) bool { return h == "" })
		slices.Sort(hosts)
		return slices.Compact(hosts)
	}
	for _, row := range []struct {
		what      string
		got, want []string
	}{
		{"the private key", n.hosts("private key"), list(elbHost)},
		{"credentials", n.hosts("token of", "key of", "password of"), list(elbHost, iamHost)},
		{"secret keys", n.hosts("secret of"), nil},
	} {
		if !slices.Equal(row.got, row.want) {
			n.t.Errorf("%s went to %q, want %q", row.what, row.got, row.want)
		}
	}
	for _, host := range n.hosts("password of") {
		if host != iamHost {
			n.t.Errorf("a password went to %s", host)
		}
	}
}
