package provider

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// templateOf returns the text of a page of the documentation.
func templateOf(t *testing.T, page string) string {
	t.Helper()
	text, err := os.ReadFile("../../templates/" + page + ".md.tmpl")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestQuotedMessages: the guide about troubleshooting quotes messages that the provider has.
func TestQuotedMessages(t *testing.T) {
	t.Parallel()
	source := ""
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		name := entry.Name()
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			continue
		}
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		source += string(text)
	}

	_, table, _ := strings.Cut(templateOf(t, "guides/troubleshooting"), "## Other messages")
	quoted := regexp.MustCompile("`([A-Z][^`]+)`")
	found := 0
	for line := range strings.Lines(table) {
		cells := strings.Split(line, " | ")
		for _, match := range quoted.FindAllStringSubmatch(cells[0], -1) {
			found++
			if !strings.Contains(source, `"`+match[1]) {
				t.Errorf("no error or warning begins with %q", match[1])
			}
		}
	}
	if found < 5 {
		t.Errorf("the guide quotes %d messages: are they found?", found)
	}
}
