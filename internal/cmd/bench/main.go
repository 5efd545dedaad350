// Command bench measures, side by side in one run, what the provider takes: plans,
// applies and destructions of many certificates against the stub cloud, the same
// plans answered from memory, and those of the null provider with the same texts.
// It prints a table and writes JSON.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/elbaas/terraform-provider-elbaas/internal/provider"
	"github.com/elbaas/terraform-provider-elbaas/internal/sandbox"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// options are what is measured.
type options struct {
	sizes     []int
	latencies []time.Duration
	rounds    int // of each plan
	applies   int // of each apply
	nullPath  string
	basePath  string
	goBench   bool
}

// bench is one run.
type bench struct {
	options

	progress  io.Writer
	dir       string
	terraform string
	provider  string // its program
	floor     string
	servers   *servers
	pairs     string // folder
	report    Report
}

func run(ctx context.Context, arguments []string, out, progress io.Writer) error {
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	sizes := flags.String("n", "100,300,1000,3000", "how many certificates, several numbers")
	rounds := flags.Int("rounds", 5, "how often each plan is measured")
	applies := flags.Int("applies", 3, "how often creation, update and destruction are measured")
	terraform := flags.String("terraform", "terraform", "the CLI")
	nullPath := flags.String("null", findNull(), "the program of the null provider; none is left out")
	basePath := flags.String("base", "", "the program of another build of the provider, to compare plans with")
	goBench := flags.Bool("go", true, "whether to run the Go benchmarks too")
	file := flags.String("json", "", "the file for the figures as JSON")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	o := options{latencies: []time.Duration{0, 50 * time.Millisecond}, rounds: *rounds, applies: *applies, nullPath: *nullPath, basePath: *basePath, goBench: *goBench}
	largest := 0
	for text := range strings.SplitSeq(*sizes, ",") {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > 10000 {
			return fmt.Errorf("-n: %q is no number from 1 to 10000", text)
		}
		o.sizes, largest = append(o.sizes, n), max(largest, n)
	}
	if o.rounds < 1 || o.applies < 1 {
		return errors.New("-rounds and -applies must be 1 at least")
	}
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	b := &bench{options: o, progress: progress, dir: dir, pairs: filepath.Join(dir, "pairs")}
	if b.terraform, err = exec.LookPath(*terraform); err != nil {
		return err
	}
	if b.servers, err = newServers(largest); err != nil {
		return err
	}
	if err := b.prepare(ctx, largest); err != nil {
		return err
	}
	if err := b.measureStart(ctx); err != nil {
		return err
	}
	for _, n := range o.sizes {
		if err := b.measureSize(ctx, n); err != nil {
			return err
		}
	}
	if o.goBench {
		b.say("Go benchmarks …")
		if b.report.Benchmarks, err = goBenchmarks(ctx); err != nil {
			return err
		}
	}
	b.report.print(out)
	if *file == "" {
		return nil
	}
	text, err := json.MarshalIndent(b.report, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(*file, append(text, '\n'), 0o644) //nolint:gosec // for everybody
}

func (b *bench) say(format string, arguments ...any) {
	fmt.Fprintf(b.progress, time.Now().Format("15:04:05 ")+format+"\n", arguments...)
}

// findNull returns the newest null provider that a mirror of the user has.
func findNull() string {
	home, err := os.UserHomeDir()
	if err != nil {
		return ""
	}
	found := ""
	for _, dir := range []string{filepath.Join(home, ".terraform.d", "plugins"), os.Getenv("TF_PLUGIN_CACHE_DIR")} {
		files, _ := filepath.Glob(filepath.Join(dir, "*", "hashicorp", "null", "*", "*", "terraform-provider-null*"))
		if len(files) > 0 {
			found = files[len(files)-1]
		}
	}
	return found
}

// prepare builds the programs and makes the pairs.
func (b *bench) prepare(ctx context.Context, largest int) error {
	b.say("building …")
	b.provider, b.floor = filepath.Join(b.dir, "provider"), filepath.Join(b.dir, "floor")
	for program, pkg := range map[string]string{b.provider: ".", b.floor: "./internal/cmd/bench/floor"} {
		build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", program, pkg)
		if output, err := build.CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %w\n%s", build, err, output)
		}
	}
	info, err := os.Stat(b.provider)
	if err != nil {
		return err
	}
	b.report.BinaryBytes = info.Size()
	environment, err := sandbox.Environment(b.dir, filepath.Join(b.dir, "mirror"))
	if err != nil {
		return err
	}
	if b.report.Machine, err = machine(ctx, b.terraform, environment); err != nil {
		return err
	}
	b.say("making %d pairs …", largest)
	if err := os.Mkdir(b.pairs, 0o700); err != nil {
		return err
	}
	return writePairs(ctx, b.pairs, largest)
}

// A contender is a way to run a command that is measured against others.
type contender struct {
	Contender

	workspace *workspace
	arguments []string
}

// compare measures contenders in turn, so that whatever else the machine does
// falls on all of them alike.
func (b *bench) compare(ctx context.Context, rounds int, contenders ...contender) error {
	results := make([]Result, len(contenders))
	for round := range rounds {
		for i, c := range contenders {
			b.servers.latency.Store(int64(c.LatencyMS) * int64(time.Millisecond))
			lists := len(b.servers.lists())
			sample, err := c.workspace.measure(ctx, c.arguments...)
			if err != nil {
				return err
			}
			for _, call := range b.servers.lists()[lists:] {
				sample.Lists++
				sample.ListBytes += int64(call.Sent)
			}
			results[i].Contender = c.Contender
			results[i].Samples = append(results[i].Samples, sample)
			b.say("%s, %d of %d: %.2f s, provider %.2f s CPU, %.1f MiB", c.Contender, round+1, rounds, sample.WallSeconds, sample.ProviderCPUSeconds, sample.ProviderPeakMiB)
		}
	}
	b.servers.latency.Store(0)
	b.report.Results = append(b.report.Results, results...)
	return nil
}

// measureStart has Terraform start the provider, and ask for its schema.
func (b *bench) measureStart(ctx context.Context) error {
	programs := map[string]string{ours: b.provider}
	if b.nullPath != "" {
		programs[null] = b.nullPath
	}
	var contenders []contender
	for _, name := range []string{ours, null} {
		if programs[name] == "" {
			continue
		}
		w, err := newWorkspace(ctx, b.terraform, filepath.Join(b.dir, "start-"+name), sources[name], programs[name], "")
		if err != nil {
			return err
		}
		contenders = append(contenders, contender{Contender{Operation: opStart, Variant: name}, w, []string{"providers", "schema", "-json"}})
	}
	return b.compare(ctx, 4*b.rounds, contenders...)
}

// sources are where providers come from, as a configuration names them.
var sources = map[string]string{ours: provider.Address, null: "registry.terraform.io/hashicorp/null"}

// measureSize measures everything that n certificates take.
func (b *bench) measureSize(ctx context.Context, n int) error {
	name := strconv.Itoa(n)
	config := b.servers.backend(name) + b.servers.certificates(n, b.pairs)
	w, err := newWorkspace(ctx, b.terraform, filepath.Join(b.dir, "ours-"+name), sources[ours], b.provider, config)
	if err != nil {
		return err
	}
	apply := func(operation string, arguments ...string) error {
		return b.compare(ctx, 1, contender{Contender{Operation: operation, Variant: ours, N: n}, w, append(arguments, "-input=false", "-auto-approve")})
	}
	for round := range b.applies {
		if err := apply(opCreate, "apply"); err != nil {
			return err
		}
		if err := apply(opUpdate, "apply", "-var=description=new"); err != nil {
			return err
		}
		if round == b.applies-1 {
			if err := b.measurePlans(ctx, n, w, config); err != nil {
				return err
			}
		}
		if err := apply(opDestroy, "destroy", "-var=description=new"); err != nil {
			return err
		}
	}
	b.report.merge()
	return nil
}

// measurePlans has n certificates planned, none of which has changed.
func (b *bench) measurePlans(ctx context.Context, n int, w *workspace, config string) error {
	list := filepath.Join(b.dir, fmt.Sprintf("list-%d.json", n))
	if err := b.saveList(ctx, list); err != nil {
		return err
	}
	floored, err := newWorkspace(ctx, b.terraform, filepath.Join(b.dir, fmt.Sprintf("floor-%d", n)), sources[ours], b.floor, config, "ELBAAS_BENCH_LIST="+list)
	if err != nil {
		return err
	}
	// Changes would be an error.
	plan := []string{"plan", "-input=false", "-lock=false", "-detailed-exitcode", "-var=description=new"}
	contenders := []contender{{Contender{Operation: opPlan, Variant: floor, N: n}, floored, plan}}
	for _, latency := range b.latencies {
		contenders = append(contenders, contender{Contender{Operation: opPlan, Variant: ours, N: n, LatencyMS: int(latency.Milliseconds())}, w, plan})
	}
	if b.basePath != "" {
		based, err := newWorkspace(ctx, b.terraform, filepath.Join(b.dir, fmt.Sprintf("base-%d", n)), sources[ours], b.basePath, config)
		if err != nil {
			return err
		}
		contenders = append(contenders, contender{Contender{Operation: opPlan, Variant: base, N: n}, based, plan})
	}
	if b.nullPath != "" {
		nothing, err := newWorkspace(ctx, b.terraform, filepath.Join(b.dir, fmt.Sprintf("null-%d", n)), sources[null], b.nullPath, b.servers.backend(fmt.Sprintf("null-%d", n))+nulls(n, b.pairs))
		if err != nil {
			return err
		}
		b.say("creating %d null resources …", n)
		if err := nothing.run(ctx, "apply", "-input=false", "-auto-approve"); err != nil {
			return err
		}
		contenders = append(contenders, contender{Contender{Operation: opPlan, Variant: null, N: n}, nothing, plan[:len(plan)-1]})
	}
	return b.compare(ctx, b.rounds, contenders...)
}

// saveList saves what the cloud answers to a list.
func (b *bench) saveList(ctx context.Context, file string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("%s%s/v1.0/%s/elbaas/certificate", b.servers.url, elbPath, projectID), nil)
	if err != nil {
		return err
	}
	request.Header.Set("X-Auth-Token", token)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("list certificates: %s", response.Status)
	}
	return os.WriteFile(file, body, 0o600)
}
