package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"io"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
)

// TestAccBench measures a few certificates, and looks whether everything was
// measured that there is. How long it took is nobody's concern.
func TestAccBench(t *testing.T) {
	if os.Getenv("TF_ACC") == "" {
		t.Skip("acceptance tests run with TF_ACC=1")
	}
	if runtime.GOOS == "windows" {
		t.Skip("it links programs")
	}
	t.Setenv("TF_CLI_CONFIG_FILE", filepath.Join(t.TempDir(), "missing")) // OpenTofu warns of it before any output
	t.Chdir("../../..")
	file := filepath.Join(t.TempDir(), "figures.json")
	var out bytes.Buffer
	err := run(t.Context(), []string{
		"-n", "2,3", "-rounds", "1", "-applies", "2", "-go=false", "-null", "", "-json", file,
		"-terraform", cmp.Or(os.Getenv("TF_ACC_TERRAFORM_PATH"), "terraform"),
	}, &out, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var r Report
	if err := json.Unmarshal(text, &r); err != nil {
		t.Fatal(err)
	}
	want := []Contender{{opStart, ours, 0, 0}}
	for _, n := range []int{2, 3} {
		want = append(want, Contender{opCreate, ours, n, 0}, Contender{opUpdate, ours, n, 0}, Contender{opDestroy, ours, n, 0},
			Contender{opPlan, floor, n, 0}, Contender{opPlan, ours, n, 0}, Contender{opPlan, ours, n, 50})
	}
	if len(r.Results) != len(want) {
		t.Errorf("%d results, want %d", len(r.Results), len(want))
	}
	for _, c := range want {
		i := slices.IndexFunc(r.Results, func(result Result) bool { return result.Contender == c })
		if i < 0 {
			t.Errorf("nothing is measured of: %s", c)
			continue
		}
		rounds := map[string]int{opStart: 4, opPlan: 1, opCreate: 2, opUpdate: 2, opDestroy: 2}[c.Operation]
		if len(r.Results[i].Samples) != rounds {
			t.Errorf("%s: %d rounds, want %d", c, len(r.Results[i].Samples), rounds)
		}
		lists := int64(1)
		if c.Operation == opStart || c.Variant == floor {
			lists = 0
		}
		for _, s := range r.Results[i].Samples {
			if s.WallSeconds <= 0 || s.CPUSeconds <= 0 || runtime.GOOS == "linux" && s.ProviderPeakMiB <= 0 || s.Lists < lists || lists == 0 && s.Lists > 0 {
				t.Errorf("%s: %+v", c, s)
			}
		}
	}
	bytesOf := func(n int) float64 { return median(r.values(Contender{opPlan, ours, n, 0}, listBytes)) }
	if one := bytesOf(3) - bytesOf(2); math.Abs(bytesOf(3)-3*one) > 100 {
		t.Errorf("3 certificates are %.0f bytes, 2 are %.0f", bytesOf(3), bytesOf(2))
	}
	if !bytes.Contains(out.Bytes(), []byte("program, MB")) {
		t.Errorf("it prints\n%s", out.String())
	}
}

func TestFigures(t *testing.T) {
	t.Parallel()
	for want, values := range map[float64][]float64{2: {3, 1, 2}, 2.5: {1, 2, 3, 4}} {
		if got := median(values); got != want {
			t.Errorf("the median of %v is %v, want %v", values, got, want)
		}
	}
	if got := ratios([]float64{2, 9}, []float64{1, 3}); !slices.Equal(got, []float64{2, 3}) {
		t.Errorf("the ratios are %v", got)
	}
	if got := doublings([]float64{1}, []float64{9}, 100, 400); !slices.Equal(got, []float64{3}) {
		t.Errorf("two doublings make nine times as much: %v each, want 3", got)
	}
	parsed := parseBenchmarks([]byte("goos: linux\nBenchmarkSign-2   \t  10\t 2527.5 ns/op\t 2656 B/op\t 48 allocs/op\nBenchmarkList/all-2 \t 9\t 13 ns/op\t 216.89 MB/s\t 36 B/op\t 9 allocs/op\nok\n"))
	if want := []Benchmark{{"Sign", 2527.5, 2656, 48}, {"List/all", 13, 36, 9}}; !slices.Equal(parsed, want) {
		t.Errorf("parsed %v, want %v", parsed, want)
	}
}
