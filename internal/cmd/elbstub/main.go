// Command elbstub serves a stub of the classic load balancer's certificate API on loopback,
// so that the provider can be tried without a cloud.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"regexp"
	"strings"
	"syscall"
	"time"

	"github.com/hashicorp/hcl/v2/hclwrite"
	"github.com/zclconf/go-cty/cty"

	"github.com/elbaas/terraform-provider-elbaas/internal/elbstub"
	"github.com/elbaas/terraform-provider-elbaas/internal/throwaway"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "elbstub:", err)
		os.Exit(1)
	}
}

// run serves until ctx is done.
func run(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("elbstub", flag.ContinueOnError)
	addr := flags.String("addr", "127.0.0.1:8080", "`address` to listen on; port 0 picks a free one")
	remote := flags.Bool("allow-remote", false,
		"allow an address that is not loopback: everyone who can reach it can read every private key")
	base := flags.String("base-path", "/elb", "`path` in front of /v1.0")
	project := flags.String("project-id", "0123456789abcdef0123456789abcdef", "`ID` of the only project")
	token := flags.String("token", "stub-token", "the only valid `token`")
	accessKey := flags.String("access-key", "stub-access-key", "the only valid access `key`; signatures are checked")
	secretKey := flags.String("secret-key", "stub-secret-key",
		"secret `key` of the access key; it is printed, so do not use a real one")
	userName := flags.String("user-name", "stub-user",
		"`name` of the only user, for tokens of the stub's identity service")
	password := flags.String("password", "stub-password",
		"`password` of the user; it is printed, so do not use a real one")
	quota := flags.Int("quota", elbstub.DefaultQuota, "`number` of certificates that the account may hold, at least 1")
	listeners := flags.Int("listeners", 0, fmt.Sprintf("`number` of HTTPS listeners, 0 to %d; "+
		"they serve a throwaway certificate, which counts towards the quota", mostListeners))
	dialect := flags.Int("dialect", 0, fmt.Sprintf("`number` of the API dialect, 0 to %d, "+
		"for the details in which the clouds differ; 0 is as documented", elbstub.Dialects-1))
	if err := flags.Parse(args); err != nil {
		return err
	}
	if err := checkAddress(*addr, *remote); err != nil {
		return err
	}
	prefix := strings.TrimSuffix(*base, "/")
	switch {
	case !basePath.MatchString(prefix):
		return fmt.Errorf("the base path %q must begin with a slash, and its parts may contain letters (A–Z, a–z), "+
			"digits, hyphens, underscores and inner dots: use one such as /elb", *base)
	case !projectID.MatchString(*project):
		return fmt.Errorf("the project ID %q is not valid: it must have 1 to 64 letters (A–Z, a–z), digits, hyphens "+
			"and underscores", *project)
	case !visible.MatchString(*accessKey) || strings.ContainsAny(*accessKey, ",/"):
		return fmt.Errorf("the access key %q is not valid: it must consist of printable ASCII characters other than "+
			"comma, slash and space, and must not be empty", *accessKey)
	case !visible.MatchString(*token) || !visible.MatchString(*secretKey):
		return errors.New("-token and -secret-key must consist of printable ASCII characters other than spaces, and " +
			"must not be empty: omit them to use the defaults")
	case !text.MatchString(*userName) || !text.MatchString(*password):
		return errors.New("-user-name and -password must be UTF-8 without control characters, and must not be empty: " +
			"omit them to use the defaults")
	case *quota < 1:
		return fmt.Errorf("the quota must be at least 1, not %d", *quota)
	case *listeners < 0 || *listeners > mostListeners:
		return fmt.Errorf("the number of listeners must be from 0 to %d, not %d", mostListeners, *listeners)
	case *dialect < 0 || *dialect >= elbstub.Dialects:
		return fmt.Errorf("the dialect must be from 0 to %d, not %d", elbstub.Dialects-1, *dialect)
	}

	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", *addr)
	if err != nil {
		return err
	}
	logger := log.New(out, "", 0) // calls are logged concurrently
	cloud := elbstub.New(elbstub.Options{
		BasePath: prefix,
		Tokens:   map[string]string{*token: *project},
		Identity: elbstub.Identity{
			Projects:   []elbstub.Project{{ID: *project, Name: "stub", Domain: account}},
			Users:      []elbstub.User{{ID: "stub-user-id", Name: *userName, Password: *password, Domain: account}},
			AccessKeys: []elbstub.AccessKey{{Access: *accessKey, Secret: *secretKey, Domain: account}},
		},
		Quota:   *quota,
		Dialect: elbstub.NewDialect(*dialect),
		Log:     func(call elbstub.Call) { logger.Print(call.Method, " ", call.Path, " ", call.Status) },
	})
	endpoint := "http://" + listener.Addr().String() + prefix
	logger.Printf(`The stub cloud listens at %[1]s

Put one of these blocks into your configuration. With a token:

%[2]s
With an access key:

%[3]s
With a password, for which the identity service at %[1]s/v3 issues tokens:

%[4]s
%[5]sThe stub keeps certificates in memory only. Stop it with Ctrl-C.
`,
		endpoint,
		providerBlock(endpoint, *project, [][2]string{{"token", *token}}),
		providerBlock(endpoint, *project, [][2]string{{"access_key", *accessKey}, {"secret_key", *secretKey}}),
		providerBlock(endpoint, *project, [][2]string{
			{"auth_url", endpoint + "/v3"}, {"domain_name", account}, {"user_name", *userName}, {"password", *password},
		}),
		addListeners(cloud, *project, *listeners),
	)

	server := &http.Server{Handler: cloud, ReadHeaderTimeout: 10 * time.Second}
	context.AfterFunc(ctx, func() { _ = server.Close() })
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	logger.Print("The stub cloud has stopped.")
	return nil
}

// The provider accepts these values, and so each block that is printed.
var (
	basePath  = regexp.MustCompile(`^(/[0-9A-Za-z_-][0-9A-Za-z._-]*)*$`)
	projectID = regexp.MustCompile(`^[0-9A-Za-z_-]{1,64}$`)
	visible   = regexp.MustCompile(`^[!-~]+$`)
	text      = regexp.MustCompile(`^[^\p{Cc}\x{FFFD}]+$`) // U+FFFD stands for what is not UTF-8
)

// account is the name of the domain (account) of the project and the user.
const account = "stub"

// providerBlock returns a provider block for one kind of credentials, indented.
func providerBlock(endpoint, projectID string, credentials [][2]string) string {
	file := hclwrite.NewEmptyFile()
	block := file.Body().AppendNewBlock("provider", []string{"elbaas"})
	for _, argument := range append([][2]string{{"endpoint", endpoint}, {"project_id", projectID}}, credentials...) {
		block.Body().SetAttributeValue(argument[0], cty.StringVal(argument[1]))
	}
	return "  " + strings.ReplaceAll(strings.TrimSpace(string(file.Bytes())), "\n", "\n  ") + "\n"
}

// mostListeners is the maximum number of listeners.
const mostListeners = 1000

// loadBalancerID is the ID of the only load balancer.
const loadBalancerID = "fedcba9876543210fedcba9876543210"

// addListeners adds listeners of one load balancer that serve a throwaway certificate, and
// returns a list of them to be printed.
func addListeners(cloud *elbstub.Cloud, projectID string, number int) string {
	if number == 0 {
		return ""
	}
	pair := throwaway.NewPair("www.example.com")
	certificate := cloud.Add(elbstub.Certificate{
		ProjectID: projectID, Name: "throwaway", Domain: "www.example.com",
		Certificate: pair.Certificate, PrivateKey: pair.PrivateKey,
	})
	listener := elbstub.Listener{ProjectID: projectID, CertificateID: certificate, LoadBalancerID: loadBalancerID}
	printed := "Listeners of load balancer " + loadBalancerID + ", which serve certificate " + certificate + ":\n\n"
	for i := range number {
		listener.Name, listener.Port = fmt.Sprintf("https-%d", i+1), 443+i
		printed += fmt.Sprintf("  %s  %s, HTTPS, port %d\n", cloud.AddListener(listener), listener.Name, listener.Port)
	}
	return printed + "\n"
}

// checkAddress refuses to serve private keys to the network.
func checkAddress(addr string, remote bool) error {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return fmt.Errorf("the address %q is not host:port: %w", addr, err)
	}
	if ip := net.ParseIP(host); remote || host == "localhost" || ip != nil && ip.IsLoopback() {
		return nil
	}
	return fmt.Errorf("the address %q is not loopback (such as 127.0.0.1:8080): everyone who can reach it could read "+
		"every private key. Set -allow-remote to allow it", addr)
}
