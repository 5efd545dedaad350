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

// secretOf is a secret that tells where it comes from.
func secretOf(kind, source string) string {
	return kind + "-of-" + strings.TrimSuffix(source, "_")
}

// A recordingNetwork stands in for DNS and for all hosts that there are. Each of them
// is an identity service and an ELB service, and what it receives is recorded.
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

// DialContext connects to a host, which speaks TLS if it is spoken to in TLS.
func (n *recordingNetwork) DialContext(_ context.Context, _, address string) (net.Conn, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	certificate := n.certificate(host) // before it is spoken to, so that it is trusted
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

// A peeked connection begins with what was read of it already.
type peeked struct {
	net.Conn
	reader io.Reader
}

func (p *peeked) Read(b []byte) (int, error) { return p.reader.Read(b) }

// certificate is that of a host.
func (n *recordingNetwork) certificate(host string) *tls.Certificate {
	n.mu.Lock()
	defer n.mu.Unlock()
	if made := n.certificates[host]; made != nil {
		return made
	}
	pair, err := throwaway.NewPair(host)
	if err != nil {
		panic(err)
	}
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
				what[kind+" of "+source] = true // an access key stands in each signature
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

// hosts are those that received any of some secrets.
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
	block, variables string // see words
	files            map[string]string
}

// words reads what is set: "region=eu-de HW_key" is the region of a provider block and
// an access key of the environment. The secrets tell their source.
func words(text string) map[string]string {
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

// run makes settings of what is set, and creates a certificate by them. It returns
// where that failed, if it did.
func (s setup) run(n *recordingNetwork) string {
	return runWith(n, words(s.block), environmentOf(words(s.variables), s.files))
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
	settings.tls.RootCAs, settings.maxRetries = n.trusted, 0
	c := newCloud(settings, "test", time.Now, n.DialContext)
	project, diags := c.resolveProject(n.t.Context(), types.StringNull())
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

// testPair is the certificate of all set-ups: making one takes longer than the rest.
var testPair = sync.OnceValue(func() throwaway.Pair {
	pair, err := throwaway.NewPair("www.example.com")
	if err != nil {
		panic(err)
	}
	return pair
})

const (
	otcURL   = "OS_AUTH_URL=https://iam.eu-de.otc.t-systems.com:443/v3"
	otc      = "otc.t-systems.com"
	huawei   = "myhuaweicloud.com"
	orange   = "prod-cloud-ocb.orange-business.com"
	private  = "cloud.example.com"
	proxyURL = "https://iam-apigateway-proxy.cloud.example.com:443/v3"
	atHome   = "/home/me/.hcloud/config.json"
)

// entryOf is a clouds.yaml with one entry, and the secure.yaml that has its password.
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

// services is a catalog with an ELB service in regions.
func services(urls ...string) []elbstub.CatalogEntry {
	var entries []elbstub.CatalogEntry
	for _, text := range urls {
		region, address, _ := strings.Cut(text, "=")
		entries = append(entries, elbstub.CatalogEntry{Type: "elb", Region: region, URL: address})
	}
	return entries
}

// TestDestinations goes through the set-ups that there are, and says which host
// receives what: the private key and the credentials at the ELB service, the
// credentials at the identity service, and nothing at any other.
func TestDestinations(t *testing.T) {
	t.Parallel()
	at := func(region, cloud string) (string, string) {
		return "elb." + region + "." + cloud, "iam." + region + "." + cloud
	}
	type row struct {
		setup
		catalog  []elbstub.CatalogEntry
		elb, iam string // hosts; iam is empty if nothing is sent there
		fails    string // a part of the error, if nothing is sent anywhere
	}
	in := func(region, cloud, block, variables string, files ...map[string]string) row {
		r := row{setup: setup{block: block, variables: variables}}
		for _, all := range files {
			r.files = all
		}
		r.elb, r.iam = at(region, cloud)
		return r
	}
	failing := func(why, block, variables string, files ...map[string]string) row {
		r := in("", "", block, variables, files...)
		r.elb, r.iam, r.fails = "", "", why
		return r
	}
	by := func(elbHost, iamHost, block, variables string, catalog ...elbstub.CatalogEntry) row {
		return row{setup: setup{block: block, variables: variables}, elb: elbHost, iam: iamHost, catalog: catalog}
	}
	rows := map[string]row{
		// An endpoint that is named.
		"endpoint in the block, IAM by the cloud": by("elb.example.com", "iam.eu-de."+otc,
			"endpoint=https://elb.example.com key region=eu-de cloud="+otc, ""),
		"ELBAAS_ENDPOINT, IAM by HW_": by("elb.example.com", "iam.eu-de."+otc, "",
			"ELBAAS_ENDPOINT=https://elb.example.com HW_key HW_REGION_NAME=eu-de HW_CLOUD="+otc),
		"ELBAAS_ENDPOINT, a project by its ID": by("elb.example.com", "", "",
			"ELBAAS_ENDPOINT=https://elb.example.com HW_key HW_REGION_NAME=eu-de "+
				"HW_PROJECT_ID=00000000000000000000000000000001"),
		"an endpoint names no other cloud": failing("set auth_url",
			"endpoint=https://elb.example.com key region=eu-de", ""),
		"an endpoint names its own cloud": in("eu-de", otc,
			"endpoint=https://elb.eu-de.otc.t-systems.com key region=eu-de", ""),
		"endpoint, and an auth_url left over": by("elb.example.com", "",
			"key region=eu-de project_id=00000000000000000000000000000001",
			"ELBAAS_ENDPOINT=https://elb.example.com "+otcURL),
		"openrc of a token, endpoint": by("elb.example.com", "iam.eu-de."+otc,
			"endpoint=https://elb.example.com", "OS_token OS_REGION_NAME=eu-de OS_PROJECT_NAME=eu-de "+otcURL),
		"endpoint in the block, another cloud's auth_url": in("eu-de", otc,
			"endpoint=https://elb.eu-de.otc.t-systems.com password", "OS_REGION_NAME=eu-de "+
				"OS_AUTH_URL=https://iam.eu-de.evil.example.com/v3"),
		"endpoint in the block, an address that ends as its cloud": in("eu-de", otc,
			"endpoint=https://elb.eu-de.otc.t-systems.com password", "OS_REGION_NAME=eu-de "+
				"OS_AUTH_URL=https://[2001:db8::1%25x.otc.t-systems.com]/v3"),
		"endpoint in the block, another cloud": in("eu-de", otc,
			"endpoint=https://elb.eu-de.otc.t-systems.com key", "HW_REGION_NAME=eu-de HW_CLOUD=evil.example.com"),
		"endpoint in the block, ordinary CI": in("eu-de", otc,
			"endpoint=https://elb.eu-de.otc.t-systems.com key", "HW_REGION_NAME=eu-de HW_CLOUD="+otc),
		"endpoint in the block, auth_url of its cloud": by("elb.region-1."+private, "iam-apigateway-proxy."+private,
			"endpoint=https://elb.region-1.cloud.example.com key",
			"HCS_REGION_NAME=region-1 HCS_CLOUD="+private+" HCS_AUTH_URL="+proxyURL),
		"endpoint in the block, a cloud that it does not name": failing("HW_CLOUD",
			"endpoint=https://elb.example.com key", "HW_REGION_NAME=eu-de HW_CLOUD="+otc),
		"endpoint in the block, a password": failing("OS_AUTH_URL",
			"endpoint=https://elb.example.com password", "OS_REGION_NAME=eu-de "+otcURL),
		"endpoint in the block, no IAM call": by("elb.example.com", "",
			"endpoint=https://elb.example.com key project_id=00000000000000000000000000000001",
			"HW_REGION_NAME=eu-de HW_CLOUD="+otc),
		"endpoint and auth_url on one host": by("http://127.0.0.1", "http://127.0.0.1",
			"endpoint=http://127.0.0.1:8080 password", "OS_REGION_NAME=eu-de OS_AUTH_URL=http://127.0.0.1:8080/v3"),

		// Credentials in the block.
		"block: region and cloud": in("eu-de", otc, "key region=eu-de cloud="+otc,
			"HW_REGION_NAME=cn-north-4 HW_CLOUD=evil.example.com OS_AUTH_URL=https://iam.evil.example.com/v3"),
		"block: region and auth_url": in("eu-de", otc,
			"key region=eu-de auth_url=https://iam.eu-de.otc.t-systems.com/v3",
			"HW_REGION_NAME=cn-north-4 HW_CLOUD=evil.example.com"),
		"block: region, nothing else": in("cn-north-4", huawei, "key region=cn-north-4", ""),
		"block: region, an entry left over": in("cn-north-4", huawei, "key region=cn-north-4",
			"OS_CLOUD=mine"),
		"block: region, HW_CLOUD":            failing("HW_CLOUD", "key region=eu-de", "HW_CLOUD="+otc),
		"block: region, OS_CLOUD with a dot": failing("OS_CLOUD", "key region=eu-de", "OS_CLOUD="+orange),
		"block: region, HCS_AUTH_URL": failing("HCS_AUTH_URL", "token region=eu-de",
			"HCS_AUTH_URL="+proxyURL),
		"block: region, OS_AUTH_URL": failing("Set cloud", "password region=eu-de", otcURL),
		"block: nothing, HW_ region": in("cn-north-4", huawei, "key", "HW_REGION_NAME=cn-north-4"),
		"block: nothing, HW_ region and cloud": in("eu-de", otc, "key",
			"HW_REGION_NAME=eu-de HW_CLOUD="+otc+" OS_AUTH_URL=https://iam.evil.example.com/v3"),
		"block: nothing, OS_ region and auth_url":        in("eu-de", otc, "password", "OS_REGION_NAME=eu-de "+otcURL),
		"block: nothing, HW_ region, another's auth_url": failing("OS_AUTH_URL", "key", "HW_REGION_NAME=eu-de "+otcURL),
		"block: nothing anywhere":                        failing("region", "key", ""),
		"block: the cloud as it is written":              in("eu-de", otc, "key region=eu-de cloud=OTC.T-Systems.com.", ""),
		"block: a cloud that some read as an address":    failing("Check region and cloud", "key region=eu-de cloud=127.1", ""),
		"block: a cloud with an empty label":             failing("Check region and cloud", "key region=eu-de cloud=otc..com", ""),

		// Credentials of HW_.
		"HW_: region": in("cn-north-4", huawei, "",
			"HW_key HW_REGION_NAME=cn-north-4 "+otcURL),
		"HW_: region of the block": in("cn-north-4", huawei, "region=cn-north-4", "HW_key "+otcURL),
		"HW_: region, OS_CLOUD left over": in("cn-north-4", huawei, "",
			"HW_password HW_REGION_NAME=cn-north-4 OS_CLOUD="+orange),
		"HW_: region and cloud": in("eu-de", otc, "",
			"HW_key HW_REGION_NAME=eu-de HW_CLOUD="+otc+" OS_AUTH_URL=https://iam.evil.example.com/v3 "+
				"OS_CLOUD="+orange),
		"HW_: OS_REGION_NAME alone":    in("cn-north-4", huawei, "", "HW_key OS_REGION_NAME=cn-north-4"),
		"HW_: nothing but OS_AUTH_URL": failing("HW_CLOUD", "", "HW_key OS_REGION_NAME=eu-de "+otcURL),
		"HW_: nothing but OS_CLOUD": failing("HW_CLOUD", "",
			"HW_key OS_REGION_NAME=eu-west-0 OS_CLOUD="+orange),
		"HW_: nothing but an entry": failing("OS_CLOUD", "",
			"HW_key OS_REGION_NAME=eu-west-0 OS_CLOUD=mine"),
		"HW_: a password, cloud of the block": in("eu-de", otc, "region=eu-de cloud="+otc,
			"HW_password OS_AUTH_URL=https://iam.evil.example.com/v3"),
		"HW_: cloud of the block, its own auth_url": by("elb.region-1."+private, "iam-apigateway-proxy."+private,
			"cloud="+private, "HW_password HW_REGION_NAME=region-1 HW_AUTH_URL="+proxyURL),

		// Credentials of HCS_.
		"HCS_: a private cloud": by("elb.region-1."+private, "iam-apigateway-proxy."+private, "",
			"HCS_key HCS_REGION_NAME=region-1 HCS_CLOUD="+private+" HCS_AUTH_URL="+proxyURL),
		"HCS_: without auth_url": by("elb.region-1."+private, "", "",
			"HCS_token HCS_REGION_NAME=region-1 HCS_PROJECT_ID=00000000000000000000000000000001 HCS_CLOUD="+private),
		"HCS_: a region alone":           failing("Set the environment variable HCS_CLOUD", "", "HCS_key HCS_REGION_NAME=region-1"),
		"HCS_: a region of the block":    failing("HCS_CLOUD", "region=region-1", "HCS_token"),
		"HCS_: a region of OS_":          failing("HCS_CLOUD", "", "HCS_key OS_REGION_NAME=region-1"),
		"HCS_: a cloud of HW_":           by("elb.region-1."+private, "iam.region-1."+private, "", "HCS_key HCS_REGION_NAME=region-1 HW_CLOUD="+private),
		"HCS_: a profile":                failing("HCS_CLOUD", "", "HCS_PROFILE=a", profileOf(`,"region":"region-1"`)),
		"block: a region of HCS_":        failing("Set cloud in the provider block", "key", "HCS_REGION_NAME=region-1"),
		"HW_: a region of HCS_":          in("cn-north-4", huawei, "", "HW_key HCS_REGION_NAME=cn-north-4"),
		"HW_: region and cloud of HCS_":  failing("HW_CLOUD", "", "HW_key HCS_REGION_NAME=region-1 HCS_CLOUD="+private),
		"OS_: a region of HCS_":          in("cn-north-4", huawei, "", "OS_key HCS_REGION_NAME=cn-north-4"),
		"HCS_: neither region nor cloud": failing("region", "", "HCS_key"),

		// Credentials of OS_.
		"openrc": in("eu-de", otc, "",
			"OS_password OS_REGION_NAME=eu-de OS_PROJECT_NAME=eu-de_mine HW_CLOUD=evil.example.com "+
				"HW_AUTH_URL=https://iam.evil.example.com/v3 "+otcURL),
		"openrc with a token": in("eu-de", otc, "", "OS_token OS_REGION_NAME=eu-de "+otcURL),
		"openrc, region of the block": in("eu-de", otc, "region=eu-de",
			"OS_password OS_REGION_NAME=eu-nl "+otcURL),
		"openrc, region and project of HW_": in("eu-de", otc, "",
			"OS_key OS_REGION_NAME=eu-de OS_PROJECT_NAME=eu-de "+otcURL+
				" HW_REGION_NAME=cn-north-4 HW_PROJECT_NAME=nowhere"),
		"OS_: a region; HW_CLOUD": in("eu-de", otc, "", "OS_key OS_REGION_NAME=eu-de HW_CLOUD="+otc),
		"OS_: a region; HW_ of another place": in("eu-de", otc, "",
			"OS_key OS_REGION_NAME=eu-de HW_REGION_NAME=cn-north-4 HW_CLOUD="+otc),
		"OS_: a region": in("cn-north-4", huawei, "", "OS_key OS_REGION_NAME=cn-north-4"),
		"FlexibleEngine": in("eu-west-0", orange, "",
			"OS_key OS_REGION_NAME=eu-west-0 OS_CLOUD="+orange),
		"empty variables are not set": in("eu-de", otc, "",
			"OS_password OS_REGION_NAME=eu-de HW_CLOUD= HW_REGION_NAME= HW_ACCESS_KEY= HW_AUTH_TOKEN= HW_AUTH_URL= "+
				"ELBAAS_ENDPOINT= HW_PROJECT_ID= "+otcURL),

		// Files.
		"entry": in("eu-de", otc, "clouds_entry=mine",
			"HW_CLOUD=evil.example.com HW_REGION_NAME=cn-north-4 OS_REGION_NAME=eu-nl",
			entryOf(", auth_url: 'https://iam.eu-de.otc.t-systems.com/v3'}, region_name: eu-de")),
		"entry of the environment": in("eu-de", otc, "",
			"OS_CLOUD=mine HW_CLOUD=evil.example.com HW_REGION_NAME=cn-north-4 OS_REGION_NAME=eu-nl",
			entryOf(", auth_url: 'https://iam.eu-de.otc.t-systems.com/v3'}, region_name: eu-de")),
		"profile": in("cn-north-4", huawei, "profile=a",
			"HW_CLOUD=evil.example.com OS_REGION_NAME=eu-nl "+otcURL, profileOf(`,"region":"cn-north-4"`)),
		"profile that nobody names": in("cn-north-4", huawei, "", "OS_REGION_NAME=eu-nl "+otcURL,
			profileOf(`,"region":"cn-north-4"`)),
		"profile and cloud of HW_": in("eu-de", otc, "", "HW_PROFILE=a HW_CLOUD="+otc+" "+otcURL,
			profileOf(`,"region":"eu-de"`)),
		"profile, region and cloud of block": in("eu-de", otc, "profile=a region=eu-de cloud="+otc,
			"HW_CLOUD=evil.example.com", profileOf("")),
		"profile, a region of HCS_": in("cn-north-4", huawei, "", "HCS_REGION_NAME=cn-north-4", profileOf("")),
		"profile of the block in a file of HW_": in("eu-de", otc, "profile=a", "HW_SHARED_CONFIG_FILE=ci.json HW_CLOUD="+otc,
			map[string]string{"ci.json": profileOf(`,"region":"eu-de"`)[atHome]}),
		"file of HW_, a profile and a cloud of HCS_": in("eu-de", huawei, "",
			"HW_SHARED_CONFIG_FILE="+atHome+" HCS_PROFILE=a HCS_CLOUD=evil.example.com", profileOf(`,"region":"eu-de"`)),
		"file of HCS_, a profile of HW_": failing("HCS_CLOUD", "", "HW_PROFILE=a HCS_SHARED_CONFIG_FILE="+atHome,
			profileOf(`,"region":"region-1"`)),
		"file of the block, a profile of HW_": failing(`no profile "b"`, "shared_config_file="+atHome, "HW_PROFILE=b",
			profileOf(`,"region":"eu-de"`)),
		"profile without a region": failing("OS_AUTH_URL", "profile=a", "OS_REGION_NAME=eu-de "+otcURL,
			profileOf("")),
		"profile and entry": failing("never mixed: remove one of them", "", "HW_PROFILE=a OS_CLOUD=mine",
			profileOf(`,"region":"cn-north-4"`)),

		// An auth_url that names no cloud, and the catalog that tells.
		"catalog": by("elb.a.example.com", "iam.example.com",
			"password auth_url=https://iam.example.com/v3 region=eu-de", "", services("eu-nl=https://elb.b.example.com",
				"eu-de=https://elb.a.example.com/v1.0/123")...),
		"catalog for an access key": by("elb.a.example.com", "iam.example.com",
			"key auth_url=https://iam.example.com/v3 region=eu-de", "", services("eu-nl=https://elb.b.example.com",
				"eu-de=https://elb.a.example.com")...),
		"catalog, the project's region": by("elb.a.example.com", "iam.example.com",
			"password auth_url=https://iam.example.com/v3 project_name=eu-de_mine", "",
			services("eu-nl=https://elb.b.example.com", "eu-de=https://elb.a.example.com")...),
		"catalog, key, project's region": by("elb.a.example.com", "iam.example.com",
			"key auth_url=https://iam.example.com/v3 project_name=eu-de_mine", "",
			services("eu-nl=https://elb.b.example.com", "eu-de=https://elb.a.example.com")...),
		"auth_url without a region label": by("elb.a.example.com", "iam.otc.t-systems.com", "",
			"OS_password OS_REGION_NAME=eu-de OS_AUTH_URL=https://iam.otc.t-systems.com/v3",
			services("eu-de=https://elb.a.example.com")...),
		"auth_url by address": by("elb.a.example.com", "203.0.113.9", "",
			"OS_token OS_INSECURE=1 OS_REGION_NAME=eu-de OS_AUTH_URL=https://203.0.113.9/v3",
			services("eu-de=https://elb.a.example.com")...),
		"region that does not match": by("elb.a.example.com", "iam.eu-de.otc.t-systems.com", "",
			"OS_password OS_REGION_NAME=eu-nl "+otcURL, services("eu-nl=https://elb.a.example.com")...),
		"loopback of loopback": by("http://127.0.0.1", "http://127.0.0.1",
			"password auth_url=http://127.0.0.1/v3 region=eu-de", "", services("*=http://127.0.0.1:8080")...),
		"plain by insecure": by("http://elb.a.example.com", "iam.example.com",
			"password auth_url=https://iam.example.com/v3 region=eu-de insecure=true", "",
			services("*=http://elb.a.example.com")...),
		"plain by insecure beside the credentials": by("http://elb.a.example.com", "iam.example.com", "",
			"OS_password OS_INSECURE=true OS_REGION_NAME=eu-de OS_AUTH_URL=https://iam.example.com/v3",
			services("*=http://elb.a.example.com")...),
		"plain catalog, insecure of a later source": {
			setup: setup{
				block:     "password auth_url=https://iam.example.com/v3 region=eu-de",
				variables: "HW_INSECURE=true",
			},
			catalog: services("*=http://elb.a.example.com"), iam: "iam.example.com", fails: "without TLS",
		},

		"plain catalog, insecure of another source than auth_url": {
			setup: setup{variables: "OS_password OS_REGION_NAME=eu-de OS_AUTH_URL=https://iam.example.com/v3 " +
				"HW_INSECURE=true"},
			catalog: services("*=http://elb.a.example.com"), iam: "iam.example.com", fails: "without TLS",
		},

		// An agency.
		"agency of the environment": in("eu-de", otc, "key region=eu-de cloud="+otc,
			"HW_ASSUME_ROLE_AGENCY_NAME=helpers HW_ASSUME_ROLE_DOMAIN_NAME=theirs"),
		"agency and a token": failing("HW_ASSUME_ROLE_AGENCY_NAME", "token region=eu-de cloud="+otc,
			"HW_ASSUME_ROLE_AGENCY_NAME=helpers HW_ASSUME_ROLE_DOMAIN_NAME=theirs"),
		"agency and a password": failing("HCS_ASSUME_ROLE_AGENCY_NAME", "",
			"OS_password OS_REGION_NAME=eu-de HCS_ASSUME_ROLE_AGENCY_NAME=helpers HCS_ASSUME_ROLE_DOMAIN_NAME=theirs "+
				""+otcURL),
	}
	for name, r := range rows {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := newRecordingNetwork(t, r.catalog...)
			said := r.run(n)
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

// check fails unless the private key went to one host, and credentials there and to
// one other. Empty is none.
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
