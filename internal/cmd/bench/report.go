package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
)

// What is measured, and who does it.
const (
	opStart   = "start"
	opPlan    = "plan"
	opCreate  = "create"
	opUpdate  = "update"
	opDestroy = "destroy"

	ours  = "elbaas"
	floor = "floor" // the same, answering from memory
	null  = "null"
	base  = "base" // another build
)

// A Report is what one run found.
type Report struct {
	Machine     Machine     `json:"machine"`
	BinaryBytes int64       `json:"binary_bytes"`
	Results     []Result    `json:"results"`
	Benchmarks  []Benchmark `json:"benchmarks"`
}

// A Machine is where it was found, and with what.
type Machine struct {
	Date      string `json:"date"`
	CPU       string `json:"cpu"`
	CPUs      int    `json:"cpus"`
	System    string `json:"system"`
	Go        string `json:"go"`
	Terraform string `json:"terraform"`
}

// A Contender is who does what.
type Contender struct {
	Operation string `json:"operation"`
	Variant   string `json:"variant"`
	N         int    `json:"n,omitempty"`
	LatencyMS int    `json:"latency_ms"`
}

// String is how progress shows it.
func (c Contender) String() string {
	if c.N == 0 {
		return fmt.Sprintf("%s %s", c.Operation, c.Variant)
	}
	return fmt.Sprintf("%s %d %s, %d ms", c.Operation, c.N, c.Variant, c.LatencyMS)
}

// A Result is all that a contender took, round by round.
type Result struct {
	Contender

	Samples []Sample `json:"samples"`
}

// A Benchmark is one of Go's.
type Benchmark struct {
	Name        string  `json:"name"`
	NsPerOp     float64 `json:"ns_per_op"`
	BytesPerOp  float64 `json:"bytes_per_op"`
	AllocsPerOp float64 `json:"allocs_per_op"`
}

// merge puts the rounds of a contender together that were measured apart.
func (r *Report) merge() {
	var merged []Result
	for _, result := range r.Results {
		i := slices.IndexFunc(merged, func(m Result) bool { return m.Contender == result.Contender })
		if i < 0 {
			merged = append(merged, result)
		} else {
			merged[i].Samples = append(merged[i].Samples, result.Samples...)
		}
	}
	r.Results = merged
}

// values returns one figure of each round, or none of a contender that there is
// not.
func (r *Report) values(c Contender, figure func(Sample) float64) []float64 {
	var values []float64
	for _, result := range r.Results {
		if result.Contender == c {
			for _, sample := range result.Samples {
				values = append(values, figure(sample))
			}
		}
	}
	return values
}

// ratios compares two contenders round by round.
func ratios(a, b []float64) []float64 {
	all := make([]float64, min(len(a), len(b)))
	for i := range all {
		all[i] = a[i] / b[i]
	}
	return all
}

// median is NaN of nothing.
func median(values []float64) float64 {
	if len(values) == 0 {
		return math.NaN()
	}
	sorted := slices.Sorted(slices.Values(values))
	return (sorted[(len(sorted)-1)/2] + sorted[len(sorted)/2]) / 2
}

// spread writes a median, and between what it lies.
func spread(values []float64, format string) string {
	if len(values) == 0 {
		return "–"
	}
	return fmt.Sprintf(format+" ("+format+"–"+format+")", median(values), slices.Min(values), slices.Max(values))
}

func wall(s Sample) float64        { return s.WallSeconds }
func cpu(s Sample) float64         { return s.CPUSeconds }
func providerCPU(s Sample) float64 { return s.ProviderCPUSeconds }
func peak(s Sample) float64        { return s.ProviderPeakMiB }
func lists(s Sample) float64       { return float64(s.Lists) }
func listBytes(s Sample) float64   { return float64(s.ListBytes) }

// print writes the report as tables.
func (r *Report) print(out io.Writer) {
	m := r.Machine
	fmt.Fprintf(out, "%s: %s, %d CPUs, %s, %s, Terraform %s\nMedians, and the least and the most of all rounds.\n\n", m.Date, m.CPU, m.CPUs, m.System, m.Go, m.Terraform)
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "what\twall s\t× floor\tCPU s\tprovider CPU s\tprovider MiB\tlists\tMB listed")
	for _, result := range r.Results {
		c := result.Contender
		relative := "–"
		if c.Operation == opPlan && c.Variant != floor {
			relative = spread(ratios(r.values(c, wall), r.values(Contender{opPlan, floor, c.N, 0}, wall)), "%.2f")
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%.0f\t%.2f\n", c, spread(r.values(c, wall), "%.2f"), relative, spread(r.values(c, cpu), "%.2f"),
			spread(r.values(c, providerCPU), "%.2f"), spread(r.values(c, peak), "%.1f"), median(r.values(c, lists)), median(r.values(c, listBytes))/1e6)
	}
	_ = table.Flush()
	fmt.Fprintln(out)
	r.printTargets(out)
	if len(r.Benchmarks) > 0 {
		fmt.Fprintln(out)
		fmt.Fprintln(table, "Go benchmark\tns/op\tB/op\tallocs/op")
		for _, b := range r.Benchmarks {
			fmt.Fprintf(table, "%s\t%.0f\t%.0f\t%.0f\n", b.Name, b.NsPerOp, b.BytesPerOp, b.AllocsPerOp)
		}
		_ = table.Flush()
	}
}

// printTargets compares medians with what is to be reached.
func (r *Report) printTargets(out io.Writer) {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "to reach\tat most\tmeasured\t")
	row := func(what string, values []float64, limit float64, format string) {
		if len(values) == 0 {
			return
		}
		verdict := "reached"
		if median(values) > limit {
			verdict = "MISSED"
		}
		fmt.Fprintf(table, "%s\t"+format+"\t%s\t%s\n", what, limit, spread(values, format), verdict)
	}
	plan := func(variant string, n, latency int, figure func(Sample) float64) []float64 {
		return r.values(Contender{opPlan, variant, n, latency}, figure)
	}
	const n = 1000
	for _, latency := range []int{0, 50} {
		row(fmt.Sprintf("plan of %d with %d ms, wall × floor", n, latency), ratios(plan(ours, n, latency, wall), plan(floor, n, 0, wall)), 1.10, "%.2f")
		row(fmt.Sprintf("plan of %d with %d ms, wall × null", n, latency), ratios(plan(ours, n, latency, wall), plan(null, n, 0, wall)), 1.5, "%.2f")
	}
	row(fmt.Sprintf("plan of %d, provider CPU × floor", n), ratios(plan(ours, n, 0, providerCPU), plan(floor, n, 0, providerCPU)), 1.10, "%.2f")
	for _, memory := range []struct {
		n     int
		limit float64
	}{{300, 40}, {1000, 64}, {3000, 80}} {
		row(fmt.Sprintf("plan of %d, provider MiB", memory.n), plan(ours, memory.n, 0, peak), memory.limit, "%.1f")
	}
	for _, growth := range []struct{ from, to int }{{100, 300}, {300, 1000}, {1000, 3000}} {
		double := func(what string, figure func(Sample) float64) {
			row(fmt.Sprintf("%s, each doubling from %d to %d", what, growth.from, growth.to), doublings(plan(ours, growth.from, 0, figure), plan(ours, growth.to, 0, figure), growth.from, growth.to), 2.2, "%.2f")
		}
		double("bytes of a list", func(s Sample) float64 { return listBytes(s) / lists(s) })
		double("provider CPU", providerCPU)
	}
	row("start, wall × null", ratios(r.values(Contender{opStart, ours, 0, 0}, wall), r.values(Contender{opStart, null, 0, 0}, wall)), 1.2, "%.2f")
	row("program, MB", []float64{float64(r.BinaryBytes) / 1e6}, 22, "%.1f")
	_ = table.Flush()
}

// doublings is by how much each doubling multiplies a figure between two sizes.
func doublings(small, large []float64, from, to int) []float64 {
	all := ratios(large, small)
	for i := range all {
		all[i] = math.Pow(all[i], 1/math.Log2(float64(to)/float64(from)))
	}
	return all
}

func machine(ctx context.Context, terraform string, environment []string) (Machine, error) {
	m := Machine{Date: time.Now().UTC().Format(time.DateOnly), CPU: "unknown CPU", CPUs: runtime.NumCPU(), System: runtime.GOOS + "/" + runtime.GOARCH, Go: runtime.Version()}
	info, _ := os.ReadFile("/proc/cpuinfo") // on Linux alone
	if found := regexp.MustCompile(`(?m)^model name\s*: (.*)$`).FindSubmatch(info); found != nil {
		m.CPU = string(found[1])
	}
	command := exec.CommandContext(ctx, terraform, "version", "-json")
	command.Env = environment
	said, err := command.Output()
	if err != nil {
		return m, fmt.Errorf("terraform version: %w", err)
	}
	var versions struct {
		Terraform string `json:"terraform_version"`
	}
	err = json.Unmarshal(said, &versions)
	m.Terraform = versions.Terraform
	return m, err
}

// goBenchmarks runs those of all packages.
func goBenchmarks(ctx context.Context) ([]Benchmark, error) {
	command := exec.CommandContext(ctx, "go", "test", "-run", "^$", "-bench", ".", "-benchmem", "./internal/...")
	output, err := command.CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("%s: %w\n%s", command, err, output)
	}
	return parseBenchmarks(output), nil
}

func parseBenchmarks(output []byte) []Benchmark {
	var all []Benchmark
	for line := range bytes.Lines(output) {
		fields := strings.Fields(string(line))
		if len(fields) < 8 || !strings.HasPrefix(fields[0], "Benchmark") {
			continue
		}
		name, _, _ := strings.Cut(strings.TrimPrefix(fields[0], "Benchmark"), "-")
		b := Benchmark{Name: name}
		for i := 2; i+1 < len(fields); i += 2 {
			value, _ := strconv.ParseFloat(fields[i], 64)
			switch fields[i+1] {
			case "ns/op":
				b.NsPerOp = value
			case "B/op":
				b.BytesPerOp = value
			case "allocs/op":
				b.AllocsPerOp = value
			}
		}
		all = append(all, b)
	}
	return all
}
