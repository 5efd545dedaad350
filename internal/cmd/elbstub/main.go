// The elbstub command serves a stub of the classic load balancer's certificate
// API on loopback, so that the provider can be tried without a cloud.
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
	"net/url"
	"os"
	"os/signal"
	"path"
	"strings"
	"syscall"
	"time"

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
	addr := flags.String("addr", "127.0.0.1:8080", "`address` to listen on; port 0 takes a free one")
	remote := flags.Bool("allow-remote", false, "listen on an address that is not loopback too: whoever reaches it can read every key")
	base := flags.String("base-path", "/elb", "`path` in front of /v1.0")
	project := flags.String("project-id", "0123456789abcdef0123456789abcdef", "`id` of the only project")
	token := flags.String("token", "stub-token", "the only valid `token`")
	quota := flags.Int("quota", elbstub.DefaultQuota, "`number` of certificates that the account may hold, at least 1")
	listeners := flags.Int("listeners", 0, fmt.Sprintf("`number` of HTTPS listeners to begin with, 0 to %d; they serve a throwaway certificate, which counts towards the quota", mostListeners))
	dialect := flags.Int("dialect", 0, fmt.Sprintf("`number` of the way to answer where the clouds of the family differ, 0 to %d; 0 is what the API reference documents", elbstub.Dialects-1))
	if err := flags.Parse(args); err != nil {
		return err
	}
	if err := checkAddress(*addr, *remote); err != nil {
		return err
	}
	prefix := strings.TrimSuffix(*base, "/")
	switch {
	case prefix != "" && (!strings.HasPrefix(prefix, "/") || path.Clean(prefix) != prefix || url.PathEscape(prefix) != strings.ReplaceAll(prefix, "/", "%2F")):
		return fmt.Errorf("the base path %q does not begin with a slash, or has something in it that would have to be escaped or left out: give one such as /elb", *base)
	case *quota < 1:
		return fmt.Errorf("the quota %d is less than 1", *quota)
	case *listeners < 0 || *listeners > mostListeners:
		return fmt.Errorf("the number of listeners %d is not one of 0 to %d", *listeners, mostListeners)
	case *dialect < 0 || *dialect >= elbstub.Dialects:
		return fmt.Errorf("the dialect %d is not one of 0 to %d", *dialect, elbstub.Dialects-1)
	}

	var listen net.ListenConfig
	listener, err := listen.Listen(ctx, "tcp", *addr)
	if err != nil {
		return err
	}
	cloud := elbstub.New(elbstub.Options{
		BasePath: prefix,
		Tokens:   map[string]string{*token: *project},
		Quota:    *quota,
		Dialect:  elbstub.NewDialect(*dialect),
	})
	served, err := listenOn(cloud, *project, *listeners)
	if err != nil {
		return err
	}
	endpoint := "http://" + listener.Addr().String() + prefix
	logger := log.New(out, "", 0) // calls are logged concurrently
	logger.Printf(`The stub cloud listens at %[1]s

Put this into your configuration:

  provider "elbaas" {
    endpoint   = %[1]q
    project_id = %[2]q
    token      = %[3]q
  }

%[4]sIt keeps certificates in memory only. Stop it with Ctrl-C.
`, endpoint, *project, *token, served)

	server := &http.Server{Handler: narrate(cloud, logger), ReadHeaderTimeout: 10 * time.Second}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if err := server.Shutdown(grace); err != nil {
		return err
	}
	logger.Print("The stub cloud has stopped.")
	return nil
}

// mostListeners is how many listeners there may be: enough for anything that is tried.
const mostListeners = 1000

// listenOn adds listeners of one load balancer that serve a throwaway certificate, and
// returns what to print of them.
func listenOn(cloud *elbstub.Cloud, projectID string, number int) (string, error) {
	if number == 0 {
		return "", nil
	}
	pair, err := throwaway.NewPair("www.example.com")
	if err != nil {
		return "", err
	}
	certificate := cloud.Add(elbstub.Certificate{
		ProjectID: projectID, Name: "throwaway", Domain: "www.example.com",
		Certificate: pair.Certificate, PrivateKey: pair.PrivateKey,
	})
	listener := elbstub.Listener{ProjectID: projectID, CertificateID: certificate}
	for i := range number {
		listener.Name, listener.Port = fmt.Sprintf("https-%d", i+1), 443+i
		cloud.Listen(listener)
		listener.LoadBalancerID = cloud.Listeners(projectID)[0].LoadBalancerID // all on the same one
	}
	all := cloud.Listeners(projectID)
	var printed strings.Builder
	fmt.Fprintf(&printed, "Listeners of load balancer %s, which serve certificate %s:\n\n", all[0].LoadBalancerID, certificate)
	for _, l := range all {
		fmt.Fprintf(&printed, "  %s  %s, %s, port %d\n", l.ID, l.Name, l.Protocol, l.Port)
	}
	printed.WriteString("\n")
	return printed.String(), nil
}

// checkAddress refuses to show private keys to the network.
func checkAddress(addr string, remote bool) error {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return fmt.Errorf("the address %q is not host:port: %w", addr, err)
	}
	if ip := net.ParseIP(host); remote || host == "localhost" || ip != nil && ip.IsLoopback() {
		return nil
	}
	return fmt.Errorf("the address %q is not loopback (such as 127.0.0.1:8080): whoever reaches it could read every private key. Add -allow-remote if you mean it", addr)
}

// narrate writes a line for each call.
func narrate(cloud *elbstub.Cloud, logger *log.Logger) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		recorder := &statusRecorder{ResponseWriter: w}
		cloud.ServeHTTP(recorder, r)
		logger.Printf("%s %s %d", r.Method, r.URL.Path, recorder.status)
	})
}

type statusRecorder struct {
	http.ResponseWriter
	status int
}

// WriteHeader implements http.ResponseWriter.
func (r *statusRecorder) WriteHeader(status int) {
	r.status = status
	r.ResponseWriter.WriteHeader(status)
}
