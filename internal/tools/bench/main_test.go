package main

import (
	"encoding/json"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// TestAccBench measures a few certificates, and checks that everything is measured. How
// long it takes is of no concern.
func TestAccBench(t *testing.T) {
	t.Parallel()
	if os.Getenv("TF_ACC") == "" {
		t.Skip("acceptance tests run with TF_ACC=1")
	}
	dir := t.TempDir()
	command := exec.CommandContext(t.Context(), "go", "run", ".", "-sizes", "2,3", "-rounds", "2", "-output", dir)
	printed, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, printed)
	}
	if !strings.Contains(string(printed), "program, MB") {
		t.Errorf("there is no table of targets:\n%s", printed)
	}

	var r report
	text, err := os.ReadFile(filepath.Join(dir, "figures.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &r); err != nil {
		t.Fatal(err)
	}
	picture, err := os.ReadFile(filepath.Join(dir, "figures.svg"))
	if err != nil || !strings.Contains(string(picture), "this provider, 50 ms away") {
		t.Errorf("the picture: %v\n%s", err, picture)
	}

	for _, row := range []struct {
		contender
		lists, posts, puts, deletes float64
	}{
		{contender{"start", ours, 0, 0}, 0, 0, 0, 0},
		{contender{"create", floor, 3, 0}, 0, 0, 0, 0},
		{contender{"create", ours, 3, 0}, 1, 3, 0, 0},
		{contender{"rename", ours, 3, 0}, 1, 0, 3, 0},
		{contender{"serve", ours, 3, 0}, 1, 0, 3, 0},
		{contender{"rotate", ours, 3, 0}, 1, 3, 3, 3},
		{contender{"destroy", ours, 3, 0}, 1, 0, 3, 3},
		{contender{"plan", floor, 2, 0}, 0, 0, 0, 0},
		{contender{"plan", ours, 2, 0}, 1, 0, 0, 0},
		{contender{"plan", floor, 3, 0}, 0, 0, 0, 0},
		{contender{"plan", ours, 3, 0}, 1, 0, 0, 0},
		{contender{"plan", ours, 3, 50}, 1, 0, 0, 0},
	} {
		f := r.of(row.contender).Figures
		isLong := row.Operation != "start" // a busy machine may not see a shorter process
		if f[wall][1] <= 0 || runtime.GOOS == "linux" && isLong && f[peak][1] <= 0 {
			t.Errorf("%s was not measured: %v", row.contender, f)
		}
		for figure, want := range map[string]float64{
			posts: row.posts, puts: row.puts, deletes: row.deletes, refused: 0,
		} {
			if f[figure] != (spread{want, want, want}) {
				t.Errorf("%s: %s are %v, want %v", row.contender, figure, f[figure], want)
			}
		}
		if f[lists][1] < row.lists || row.lists == 0 && f[lists][2] > 0 || (f[lists][1] > 0) != (f[listBytes][1] > 0) {
			t.Errorf("%s: %v lists of %v bytes, want %v at least", row.contender, f[lists], f[listBytes], row.lists)
		}
	}
}

func TestFigures(t *testing.T) {
	t.Parallel()
	for want, values := range map[float64][]float64{2: {3, 1, 2}, 2.5: {1, 2, 3, 4}} {
		if got := spreadOf(values); got[0] != want || got[1] != 1 {
			t.Errorf("the spread of %v is %v, want the median %v", values, got, want)
		}
	}
	if got := ratios([]float64{2, 9}, []float64{1, 3}); !slices.Equal(got, []float64{2, 3}) {
		t.Errorf("the ratios are %v", got)
	}
	if got := doublings([]float64{1}, []float64{9}, 100, 400); !slices.Equal(got, []float64{3}) {
		t.Errorf("two doublings make nine times as much: %v each, want 3", got)
	}
}

// TestTargets: a target is reached by the median, and one that was not measured is left
// out.
func TestTargets(t *testing.T) {
	t.Parallel()
	r := report{ProgramMB: 21}
	for _, took := range []float64{1, 2, 30} {
		r.add(contender{"plan", ours, 300, 0}, sample{wall: took, peak: 39})
		r.add(contender{"plan", generic, 300, 0}, sample{wall: 8})
		r.add(contender{"rotate", ours, 300, 0}, sample{wall: 11, posts: 300, puts: 301, deletes: 300, lists: 4})
	}
	r.judge()
	got := map[string]bool{}
	for _, target := range r.Targets {
		got[target.What] = target.Reached
	}
	want := map[string]bool{
		"plan of 300, wall × rest":  true,
		"plan of 300, provider MiB": true,
		"program, MB":               false,
		"rotate, posts":             true,
		"rotate, puts":              false,
		"rotate, deletes":           true,
		"rotate, refused":           true,
		"rotate, lists each 5 s":    false,
	}
	if !maps.Equal(got, want) {
		t.Errorf("the targets are %v, want %v", got, want)
	}
}
