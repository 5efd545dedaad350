package main

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"os"
	"runtime"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// The variants that are measured.
const (
	ours    = "elbaas"
	floor   = "floor" // the same without a network
	null    = "null"
	generic = "rest"
)

// A contender is a variant that does something.
type contender struct {
	Operation string `json:"operation"`
	Variant   string `json:"variant"`
	N         int    `json:"n"`
	LatencyMS int    `json:"latency_ms"`
}

// String is how the log shows it.
func (c contender) String() string {
	return fmt.Sprintf("%s %d %s, %d ms", c.Operation, c.N, c.Variant, c.LatencyMS)
}

// A report is what one run found.
type report struct {
	Machine   string    `json:"machine"`
	ProgramMB float64   `json:"program_mb"`
	Results   []*result `json:"results"`
	Targets   []target  `json:"targets"`
}

// A result has the figures of a contender, round by round, and their spreads.
type result struct {
	contender

	rounds  map[string][]float64
	Figures map[string]spread `json:"figures"`
}

// A spread is the median, the minimum and the maximum of some values.
type spread [3]float64

// A target limits a figure.
type target struct {
	What     string  `json:"what"`
	AtMost   float64 `json:"at_most"`
	Measured spread  `json:"measured"`
	Reached  bool    `json:"reached"`
}

// of returns the result of a contender, which is empty before its first round.
func (r *report) of(c contender) *result {
	for _, result := range r.Results {
		if result.contender == c {
			return result
		}
	}
	return &result{contender: c, rounds: map[string][]float64{}, Figures: map[string]spread{}}
}

func (r *report) add(c contender, s sample) {
	found := r.of(c)
	if len(found.rounds) == 0 {
		r.Results = append(r.Results, found)
	}
	for _, figure := range []string{wall, cpu, peak, lists, listBytes, posts, puts, deletes, refused} {
		found.rounds[figure] = append(found.rounds[figure], s[figure])
		found.Figures[figure] = spreadOf(found.rounds[figure])
	}
}

func spreadOf(values []float64) spread {
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	return spread{(sorted[(n-1)/2] + sorted[n/2]) / 2, sorted[0], sorted[n-1]}
}

// String is how the table shows it.
func (s spread) String() string { return fmt.Sprintf("%.2f (%.2f–%.2f)", s[0], s[1], s[2]) }

// ratios compares figures round by round.
func ratios(a, b []float64) []float64 {
	all := make([]float64, min(len(a), len(b)))
	for i := range all {
		all[i] = a[i] / b[i]
	}
	return all
}

// doublings is by how much each doubling multiplies a figure between two sizes.
func doublings(small, large []float64, from, to int) []float64 {
	all := ratios(large, small)
	for i := range all {
		all[i] = math.Pow(all[i], 1/math.Log2(float64(to)/float64(from)))
	}
	return all
}

// judge compares what was measured with what is to be reached.
func (r *report) judge() {
	plan := func(variant string, n, latency int, figure string) []float64 {
		return r.of(contender{"plan", variant, n, latency}).rounds[figure]
	}
	for _, latency := range []int{0, 50} {
		what, took := fmt.Sprintf("plan of 1000 with %d ms, wall", latency), plan(ours, 1000, latency, wall)
		r.target(what+" × floor", 1.05, ratios(took, plan(floor, 1000, 0, wall)))
		r.target(what+" × null", 1.35, ratios(took, plan(null, 1000, 0, wall)))
	}
	r.target("plan of 300, wall × rest", 0.25, ratios(plan(ours, 300, 0, wall), plan(generic, 300, 0, wall)))
	r.target("plan of 1000, wall × rest", 0.125, ratios(plan(ours, 1000, 0, wall), plan(generic, 1000, 0, wall)))
	r.target("plan of 300, provider MiB", 40, plan(ours, 300, 0, peak))
	r.target("plan of 1000, provider MiB", 50, plan(ours, 1000, 0, peak))
	r.target("plan of 3000, provider MiB", 66, plan(ours, 3000, 0, peak))
	for _, size := range [][2]int{{100, 300}, {300, 1000}, {1000, 3000}} {
		for _, figure := range []string{cpu, listBytes} {
			growth := doublings(plan(ours, size[0], 0, figure), plan(ours, size[1], 0, figure), size[0], size[1])
			r.target(fmt.Sprintf("plan, %s, each doubling from %d to %d", figure, size[0], size[1]), 2.2, growth)
		}
	}

	for _, result := range r.Results {
		if result.Variant == ours && (result.Operation == "create" || result.Operation == "rotate") {
			r.judgeChange(result)
		}
	}
	start := func(variant string) []float64 { return r.of(contender{"start", variant, 0, 0}).rounds[wall] }
	r.target("start, wall × null", 1.1, ratios(start(ours), start(null)))
	r.target("program, MB", 20, []float64{r.ProgramMB})
}

// judgeChange judges the calls and the time of a creation or a rotation.
func (r *report) judgeChange(changed *result) {
	limits := map[string]float64{posts: float64(changed.N)}
	if changed.Operation == "rotate" {
		limits[puts], limits[deletes] = limits[posts], limits[posts]
	}
	for _, figure := range []string{posts, puts, deletes, refused} {
		r.target(changed.Operation+", "+figure, limits[figure], changed.rounds[figure])
	}

	var each []float64
	for i, took := range changed.rounds[wall] {
		each = append(each, changed.rounds[lists][i]/math.Ceil(took/5))
	}
	r.target(changed.Operation+", lists each 5 s", 1, each)
	floored := r.of(contender{changed.Operation, floor, changed.N, 0})
	r.target(changed.Operation+", wall × floor", 1.1, ratios(changed.rounds[wall], floored.rounds[wall]))
}

// target judges what was measured, if it was.
func (r *report) target(what string, atMost float64, values []float64) {
	if len(values) > 0 {
		measured := spreadOf(values)
		r.Targets = append(r.Targets, target{what, atMost, measured, measured[0] <= atMost})
	}
}

// print writes which targets are reached.
func (r *report) print(out io.Writer) {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(table, "%s\nMedians, minima and maxima of all rounds.\n\n", r.Machine)
	fmt.Fprintln(table, "to reach\tat most\tmeasured\t")
	for _, t := range r.Targets {
		verdict := map[bool]string{true: "reached", false: "MISSED"}[t.Reached]
		fmt.Fprintf(table, "%s\t%.3g\t%s\t%s\n", t.What, t.AtMost, t.Measured, verdict)
	}
	_ = table.Flush()
}

// machine says where and with what it was measured.
func machine(version string) string {
	info, _ := os.ReadFile("/proc/cpuinfo") // on Linux alone
	_, cpu, _ := strings.Cut(string(info), "model name\t: ")
	cpu, _, _ = strings.Cut(cpu, "\n")
	terraform, _, _ := strings.Cut(version, "\n")
	return fmt.Sprintf(
		"%s: %s with %d CPUs, %s, %s",
		time.Now().UTC().Format(time.DateOnly),
		cmp.Or(cpu, "unknown CPU"),
		runtime.NumCPU(),
		terraform,
		runtime.Version(),
	)
}
