package provider_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/elbaas/terraform-provider-elbaas/internal/acctest"
	"github.com/elbaas/terraform-provider-elbaas/internal/provider"
)

// heavyServer adds a large value to the context of each call, as a connection does.
type heavyServer struct {
	tfprotov6.ProviderServer
}

type heavyKey struct{}

const heavy = 16 << 10

func weigh(ctx context.Context) context.Context {
	return context.WithValue(ctx, heavyKey{}, new([heavy]byte))
}

func (s heavyServer) ValidateResourceConfig(
	ctx context.Context, req *tfprotov6.ValidateResourceConfigRequest,
) (*tfprotov6.ValidateResourceConfigResponse, error) {
	return s.ProviderServer.ValidateResourceConfig(weigh(ctx), req)
}

func (s heavyServer) ReadResource(
	ctx context.Context, req *tfprotov6.ReadResourceRequest,
) (*tfprotov6.ReadResourceResponse, error) {
	return s.ProviderServer.ReadResource(weigh(ctx), req)
}

func (s heavyServer) PlanResourceChange(
	ctx context.Context, req *tfprotov6.PlanResourceChangeRequest,
) (*tfprotov6.PlanResourceChangeResponse, error) {
	return s.ProviderServer.PlanResourceChange(weigh(ctx), req)
}

func (s heavyServer) ApplyResourceChange(
	ctx context.Context, req *tfprotov6.ApplyResourceChangeRequest,
) (*tfprotov6.ApplyResourceChangeResponse, error) {
	return s.ProviderServer.ApplyResourceChange(weigh(ctx), req)
}

// TestCallsAreForgotten measures what 10,000 calls leave in memory: less than a sixteenth of what
// their contexts held.
func TestCallsAreForgotten(t *testing.T) { //nolint:paralleltest // it measures the heap
	cloud, pair := NewCloud(t), NewPair()
	server := cloud.Server(t, heavyServer{provider.New("test", nil)()})
	config := acctest.Values{"certificate": pair.Certificate, "private_key": pair.PrivateKey}
	state := mustApply(t, server, nil, config)
	round := func(i int) {
		config["name"] = []string{"a", "b"}[i%2]
		if diagnostics := server.Validate(config); diagnostics.HasError() {
			t.Fatal(diagnostics[0].Detail)
		}
		state = mustRead(t, server, state)
		if i%10 == 0 {
			state = mustApply(t, server, state, config)
		} else if _, diagnostics := server.Plan(state, config); diagnostics.HasError() {
			t.Fatal(diagnostics[0].Detail)
		}
	}
	kept := func() int {
		runtime.GC()
		runtime.GC()
		var stats runtime.MemStats
		runtime.ReadMemStats(&stats)
		return int(stats.HeapAlloc)
	}
	for i := range 100 { // for what is allocated only once
		round(i)
	}
	before := kept()
	const calls = 10_000
	for i := range calls / 3 {
		round(i)
	}
	if grown := kept() - before; grown > calls*heavy/16 {
		t.Errorf("%d calls leave %d bytes, %d each", calls, grown, grown/calls)
	}
	runtime.KeepAlive(server)
}

// TestUnchangedIsNotConverted counts allocations: reading an unchanged certificate takes at least a
// tenth less than reading a changed one.
func TestUnchangedIsNotConverted(t *testing.T) { //nolint:paralleltest // it counts for the whole process
	cloud, pair := NewCloud(t), NewPair()
	server := cloud.Server(t, provider.New("test", nil)())
	config := acctest.Values{"certificate": pair.Certificate, "private_key": pair.PrivateKey, "name": "old"}
	old := mustApply(t, server, nil, config)
	config["name"] = "new"
	renamed := mustApply(t, server, old, config)
	allocations := func(state *acctest.State) float64 {
		return testing.AllocsPerRun(100, func() { mustRead(t, server, state) })
	}
	if unchanged, changed := allocations(renamed), allocations(old); unchanged > 0.9*changed {
		t.Errorf("%.0f allocations when nothing has changed, %.0f when something has", unchanged, changed)
	}
}

// TestAccUnreadLogIsNotWritten: calls write a log unless Terraform discards it. What a process
// writes when it starts has no module, and does not count.
func TestAccUnreadLogIsNotWritten(t *testing.T) {
	t.Parallel()
	OnceForAllDialects(t)
	if runtime.GOOS == "windows" {
		t.Skip("a script stands in for the provider")
	}
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for variable, unread := range map[string]bool{
		"TF_LOG=":               true,
		"TF_LOG_CORE=TRACE":     true,
		"TF_LOG=DEBUG":          false,
		"TF_LOG_PROVIDER=TRACE": false,
	} {
		t.Run(variable, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			script, written := filepath.Join(dir, "provider"), filepath.Join(dir, "written")
			text := fmt.Sprintf("#!/bin/sh\nexec '%s' 2>>'%s'\n", program, written)
			if err := os.WriteFile(script, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			cloud, cli := NewCloud(t), acctest.NewInstalledCLI(t, script)
			cli.Setenv("ELBAAS_TEST_SERVE", "provider")
			cli.Configure(cloud.Provider() + Certificate(NewPair()))
			for _, level := range []string{"TF_LOG=", "TF_LOG_PROVIDER=", variable} {
				name, value, _ := strings.Cut(level, "=")
				cli.Setenv(name, value)
			}
			cli.Run("apply", "-auto-approve")
			cli.Run("plan")
			log, err := os.ReadFile(written)
			if err != nil {
				t.Fatal(err)
			}
			if lines := bytes.Count(log, []byte(`"@module":`)); unread != (lines == 0) {
				t.Errorf("%d lines are written: %s", lines, log[:min(len(log), 5000)])
			}
		})
	}
}
