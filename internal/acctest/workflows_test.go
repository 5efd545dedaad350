package acctest_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	pinned = regexp.MustCompile(`^[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$`)
	rights = regexp.MustCompile(`(?m)^permissions:( \{\}|\n  contents: read\n$)`)
)

// TestWorkflows: a job runs targets of the GNUmakefile and actions that are pinned to
// a commit, with few rights, and not for ever.
func TestWorkflows(t *testing.T) {
	t.Parallel()
	makefile, err := os.ReadFile("../../GNUmakefile")
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("../../.github/workflows/*")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d workflows, %v", len(files), err)
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		text := string(content)
		name := filepath.Base(file)
		for line := range strings.Lines(text) {
			line = strings.TrimPrefix(strings.TrimSpace(line), "- ")
			action, uses := strings.CutPrefix(line, "uses: ")
			if uses && !strings.HasPrefix(action, "./") && !pinned.MatchString(action) {
				t.Errorf("%s: %s is not pinned", name, action)
			}
			command, runs := strings.CutPrefix(line, "run: ")
			targets, makes := strings.CutPrefix(command, "make ")
			if list, isList := strings.CutPrefix(line, "target: "); isList { // what ${{ matrix.target }} may be
				targets = strings.NewReplacer("[", "", "]", "", ",", "").Replace(list)
			} else if !runs || targets == "${{ matrix.target }}" {
				continue
			} else if !makes {
				t.Errorf("%s: it runs something else: %s", name, command)
				continue
			}
			for _, target := range strings.Fields(targets) {
				if !strings.Contains(string(makefile), "\n"+target+":") {
					t.Errorf("%s: there is no target %s", name, target)
				}
			}
		}
		for _, pair := range [][2]string{
			{"uses: actions/checkout@", "persist-credentials: false"},
			{"runs-on:", "timeout-minutes:"},
		} {
			if strings.Count(text, pair[0]) != strings.Count(text, pair[1]) {
				t.Errorf("%s: not every %s has its %s", name, pair[0], pair[1])
			}
		}
		if !rights.MatchString(text) {
			t.Errorf("%s: it has more rights than to read", name)
		}
	}
}

// TestSigningKeyIsApart: the step that imports the key which signs releases is the only one that
// has it, in a job of a protected environment.
func TestSigningKeyIsApart(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../../.github/workflows/*")
	if err != nil {
		t.Fatal(err)
	}
	var steps []string
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		job, of, _ := strings.Cut(string(content), "    steps:\n")
		for step := range strings.SplitSeq(of, "      - ") {
			if strings.Contains(step, "GPG_PRIVATE_KEY") {
				steps = append(steps, step)
				if !strings.HasSuffix(file, "release.yml") || !strings.Contains(job, "\n    environment: release ") {
					t.Errorf("%s: the job is not in the environment release:\n%s", file, job)
				}
			}
		}
		if strings.Contains(job, "GPG_PRIVATE_KEY") {
			t.Errorf("%s: every step has the key", file)
		}
	}
	if len(steps) != 1 || !strings.HasPrefix(steps[0], "run: make signing-key\n") {
		t.Errorf("the steps with the key are %q, want make signing-key alone", steps)
	}
}
