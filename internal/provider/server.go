package provider

import (
	"context"
	"io"
	"log"
	"os"
	"os/signal"
	debugging "runtime/debug"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6/tf6server"
)

// Address is the full address of the provider in a configuration.
const Address = "registry.terraform.io/elbaas/elbaas"

// Serve serves the provider to the Terraform that started this process, until Terraform stops it. With debug, it waits
// for a Terraform that finds this process through TF_REATTACH_PROVIDERS.
func Serve(version string, debug bool, dial Dialer) error {
	var serving []tf6server.ServeOpt
	if debug {
		serving = append(serving, tf6server.WithManagedDebug())
	} else {
		disableUnreadLogs()
		// Some pipelines send SIGTERM to all processes of a job that they cancel. It is ignored here, as go-plugin
		// ignores Ctrl-C: Terraform cancels the calls and then stops this process, so that a create request that was
		// sent still gets its response.
		signal.Ignore(syscall.SIGTERM)
	}
	// net/http writes to the standard logger what a server sends after a response, which may be a private key. Nothing
	// else uses that logger.
	log.SetOutput(io.Discard)
	if os.Getenv("GOGC") == "" {
		// By default, a small heap is collected often. Collecting it less often saves a twelfth of the CPU time of a
		// plan, and takes an eighth more memory (internal/tools/bench/README.md).
		debugging.SetGCPercent(150)
	}
	return tf6server.Serve(Address, New(version, dial), serving...)
}

// disableUnreadLogs switches off all logs if Terraform discards them, which is the case if neither TF_LOG nor
// TF_LOG_PROVIDER is set. Otherwise they would be written for each call, which takes a third of the CPU time of a plan
// (internal/tools/bench/README.md).
func disableUnreadLogs() {
	if os.Getenv("TF_LOG") != "" || os.Getenv("TF_LOG_PROVIDER") != "" {
		return
	}
	for _, level := range []string{"TF_LOG_SDK_FRAMEWORK", "TF_LOG_SDK_PROTO", "TF_LOG_PROVIDER_ELBAAS"} {
		_ = os.Setenv(level, "OFF") // if that fails, the log is written
	}
}

// New returns a function that makes a server of the provider. The version is sent to
// Terraform and, as part of the user agent, to the API.
func New(version string, dial Dialer) func() tfprotov6.ProviderServer {
	newServer := providerserver.NewProtocol6(&elbaasProvider{version, dial})
	return func() tfprotov6.ProviderServer {
		return server{newServer().(frameworkServer)} //nolint:forcetypeassert // it is
	}
}

// server is the framework's server, but releases the context of a call when the call is over, for the calls that
// Terraform makes for each resource. The framework keeps the context of every call until the provider stops, and with
// it the call's connection, messages and loggers.
type server struct {
	frameworkServer
}

// frameworkServer has the methods of the framework's server. plugin-go finds those for list resources by type
// assertion, so they must be listed here.
type frameworkServer interface {
	tfprotov6.ProviderServer
	tfprotov6.ListResourceServer
}

// call runs do with a context that is replaced by a cancelled one on return, so the framework cannot keep the original
// alive.
func call[Request, Response any](
	ctx context.Context, do func(context.Context, Request) (Response, error), request Request,
) (Response, error) {
	c := &callContext{}
	c.current.Store(&ctx)
	defer c.current.Store(&ended) //nolint:contextcheck // it replaces ctx after the call
	return do(c, request)         //nolint:contextcheck // it wraps ctx
}

// callContext is the context of a call until the call returns.
type callContext struct {
	current atomic.Pointer[context.Context]
}

// ended is the cancelled context that replaces the context of a call.
var ended = func() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}()

func (c *callContext) Deadline() (time.Time, bool) { return (*c.current.Load()).Deadline() }

func (c *callContext) Done() <-chan struct{} { return (*c.current.Load()).Done() }

func (c *callContext) Err() error { return (*c.current.Load()).Err() }

func (c *callContext) Value(key any) any { return (*c.current.Load()).Value(key) }

func (s server) ValidateResourceConfig(
	ctx context.Context, req *tfprotov6.ValidateResourceConfigRequest,
) (*tfprotov6.ValidateResourceConfigResponse, error) {
	return call(ctx, s.frameworkServer.ValidateResourceConfig, req)
}

func (s server) UpgradeResourceState(
	ctx context.Context, req *tfprotov6.UpgradeResourceStateRequest,
) (*tfprotov6.UpgradeResourceStateResponse, error) {
	return call(ctx, s.frameworkServer.UpgradeResourceState, req)
}

func (s server) UpgradeResourceIdentity(
	ctx context.Context, req *tfprotov6.UpgradeResourceIdentityRequest,
) (*tfprotov6.UpgradeResourceIdentityResponse, error) {
	return call(ctx, s.frameworkServer.UpgradeResourceIdentity, req)
}

func (s server) ReadResource(
	ctx context.Context, req *tfprotov6.ReadResourceRequest,
) (*tfprotov6.ReadResourceResponse, error) {
	return call(ctx, s.frameworkServer.ReadResource, req)
}

func (s server) PlanResourceChange(
	ctx context.Context, req *tfprotov6.PlanResourceChangeRequest,
) (*tfprotov6.PlanResourceChangeResponse, error) {
	return call(ctx, s.frameworkServer.PlanResourceChange, req)
}

func (s server) ApplyResourceChange(
	ctx context.Context, req *tfprotov6.ApplyResourceChangeRequest,
) (*tfprotov6.ApplyResourceChangeResponse, error) {
	return call(ctx, s.frameworkServer.ApplyResourceChange, req)
}
