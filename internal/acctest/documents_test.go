package acctest_test

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// documents are the files that people read.
func documents(t *testing.T) []string {
	t.Helper()
	all, err := filepath.Glob("../../README*.md")
	if err != nil {
		t.Fatal(err)
	}
	all = append(all, "../../internal/tools/bench/README.md")
	for _, dir := range []string{"../../docs", "../../.github"} {
		err := filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
			if err == nil && strings.HasSuffix(path, ".md") {
				all = append(all, path)
			}
			return err
		})
		if err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
	}
	return all
}

// A block of code in a document.
type block struct {
	line           int
	language, text string
}

func blocks(text string) []block {
	var all []block
	var open *block
	indent := ""
	number := 0
	for line := range strings.Lines(text) {
		number++
		content := strings.TrimLeft(line, " ")
		switch language, isFence := strings.CutPrefix(content, "```"); {
		case isFence && open == nil:
			indent = line[:len(line)-len(content)]
			open = &block{line: number, language: strings.TrimSpace(language)}
		case isFence:
			all = append(all, *open)
			open = nil
		case open != nil:
			open.text += strings.TrimPrefix(line, indent)
		}
	}
	return all
}

// TestCodeBlocks parses every block of code that people may copy. What the guides
// and the examples do is run by tests of its own.
func TestCodeBlocks(t *testing.T) {
	t.Parallel()
	shell, _ := exec.LookPath("sh") // not on every Windows
	found := map[string]int{}
	for _, document := range documents(t) {
		text, err := os.ReadFile(document)
		if err != nil {
			t.Fatal(err)
		}
		for _, b := range blocks(string(text)) {
			found[b.language]++
			var problem string
			switch b.language {
			case "terraform", "hcl":
				_, diagnostics := hclsyntax.ParseConfig([]byte(b.text), document, hcl.InitialPos)
				if diagnostics.HasErrors() {
					problem = diagnostics.Error()
				}
			case "sh", "shell":
				if shell != "" {
					command := exec.CommandContext(t.Context(), shell, "-n")
					command.Stdin = strings.NewReader(b.text)
					if said, err := command.CombinedOutput(); err != nil {
						problem = string(said)
					}
				}
			case "json":
				if !json.Valid([]byte(b.text)) {
					problem = "it is no JSON"
				}
			case "text": // what is printed, or a drawing
			default:
				problem = "nothing parses this language"
			}
			if problem != "" {
				t.Errorf("%s:%d: %q: %s", document, b.line, b.language, problem)
			}
		}
	}
	if found["terraform"] < 20 || found["shell"]+found["sh"] < 4 {
		t.Errorf("there are %v blocks: are they found?", found)
	}
}

// TestReadmesAreInStep compares what the two languages share: headings by their
// level, blocks of code, links, and the rows of tables.
func TestReadmesAreInStep(t *testing.T) {
	t.Parallel()
	skeleton := func(file string) []string {
		text, err := os.ReadFile("../../" + file)
		if err != nil {
			t.Fatal(err)
		}
		var all []string
		for _, b := range blocks(string(text)) {
			all = append(all, b.language+": "+b.text)
		}
		for line := range strings.Lines(string(text)) {
			if strings.HasPrefix(line, "#") {
				all = append(all, line[:strings.Index(line, " ")+1]+"heading")
			}
			if strings.HasPrefix(line, "| ") {
				all = append(all, fmt.Sprintf("row of %d cells", strings.Count(line, " |")))
			}
		}
		for _, link := range regexp.MustCompile(`\]\(([^)]+)\)`).FindAllStringSubmatch(string(text), -1) {
			if !strings.HasPrefix(link[1], "README") { // each other
				all = append(all, "link to "+link[1])
			}
		}
		return all
	}
	english, chinese := skeleton("README.md"), skeleton("README.zh-CN.md")
	for i := range min(len(english), len(chinese)) {
		if english[i] != chinese[i] {
			t.Fatalf("item %d differs:\n%q\n%q", i, english[i], chinese[i])
		}
	}
	if len(english) != len(chinese) {
		t.Fatalf("there are %d items in English, %d in Chinese", len(english), len(chinese))
	}
}
