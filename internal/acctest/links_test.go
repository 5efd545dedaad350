package acctest_test

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"unicode"
)

var (
	codeBlock = regexp.MustCompile("(?ms)^ *```.*?^ *```$")
	codeSpan  = regexp.MustCompile("`[^`\n]*`")
	link      = regexp.MustCompile(`\]\(([^)\s]+)|(?m:^\[[^\]]+\]: (\S+))|(?:href|src|srcset)="([^"\s]+)`)
	elsewhere = regexp.MustCompile(`^[a-z]+:`)

	heading    = regexp.MustCompile(`(?m)^#+ (.*)$|<a (?:id|name)="([^"]+)"`)
	linkedText = regexp.MustCompile(`\[([^\]]*)\]\([^)]*\)`)
)

// brokenLinks follows the links of all Markdown that lead to a file, or to a heading
// of a page, and returns those that lead nowhere. Those to other places are not
// followed. A template's links are those of the page that is made of it.
func brokenLinks(files fs.FS) (broken []string, followed int, err error) {
	err = fs.WalkDir(files, ".", func(file string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.Name() == ".git" && entry.IsDir() {
			return fs.SkipDir
		}
		if suffix := path.Ext(strings.TrimSuffix(file, ".tmpl")); entry.IsDir() || suffix != ".md" {
			return nil
		}
		text, err := fs.ReadFile(files, file)
		if err != nil {
			return err
		}
		page := strings.TrimSuffix(strings.Replace(file, "templates/", "docs/", 1), ".tmpl")
		for _, found := range link.FindAllStringSubmatch(codeSpan.ReplaceAllString(withoutBlocks(text), ""), -1) {
			target := found[1] + found[2] + found[3]
			if elsewhere.MatchString(target) {
				continue
			}
			followed++
			place, anchor, _ := strings.Cut(target, "#")
			if place = path.Join(path.Dir(page), place); strings.HasPrefix(target, "#") {
				place = page
			}
			if _, err := fs.Stat(files, place); err != nil {
				broken = append(broken, fmt.Sprintf("%s: %s: there is no %s", file, target, place))
			} else if anchor != "" && !slices.Contains(anchors(files, place), anchor) {
				broken = append(broken, fmt.Sprintf("%s: %s: %s has no such heading", file, target, place))
			}
		}
		return nil
	})
	return broken, followed, err
}

func withoutBlocks(text []byte) string { return codeBlock.ReplaceAllString(string(text), "") }

// anchors returns what the headings of a page are called in links. A file that is no
// page has none: its lines move.
func anchors(files fs.FS, page string) []string {
	text, err := fs.ReadFile(files, page)
	if err != nil || path.Ext(page) != ".md" {
		return nil
	}
	var all []string
	for _, found := range heading.FindAllStringSubmatch(withoutBlocks(text), -1) {
		title := strings.Map(func(r rune) rune {
			switch {
			case r == ' ':
				return '-'
			case r == '-' || unicode.In(r, unicode.L, unicode.M, unicode.Nd, unicode.Pc):
				return unicode.ToLower(r)
			}
			return -1
		}, linkedText.ReplaceAllString(found[1], "$1"))
		name := title
		for n := 1; slices.Contains(all, name); n++ {
			name = fmt.Sprintf("%s-%d", title, n)
		}
		all = append(all, name+found[2])
	}
	return all
}

// TestLinks follows the links of the repository.
func TestLinks(t *testing.T) {
	t.Parallel()
	broken, followed, err := brokenLinks(os.DirFS("../.."))
	if err != nil || followed == 0 {
		t.Fatalf("%d links, %v", followed, err)
	}
	for _, link := range broken {
		t.Error(link)
	}
}

// TestBrokenLinks: each broken link is found, and nothing else.
func TestBrokenLinks(t *testing.T) {
	t.Parallel()
	files := fstest.MapFS{}
	for name, text := range map[string]string{
		"README.md": "# A `title`, twice\n\n" +
			"[1](docs/index.md) [2](docs/index.md#what-is-not) [3](docs) [4](#a-title-twice-1) " +
			"[`5`](.github/A.md#标题)\n" +
			"[6](https://example.com/#a) `[7](nowhere)` <img src=\"docs/index.md\"> [8][ref]\n\n" +
			"[ref]: docs/index.md\n\n" +
			"# A title, twice\n\n" +
			"[no file](missing.md) [no heading](docs/index.md#what-is) [a heading of code](#comment) " +
			"[no folder](doc) [a line](main.go#L1)\n" +
			"<a href=\"nowhere.html\"> [other][]\n\n" +
			"[other]: other.md \"Other\"\n\n" +
			"```sh\n# comment\n[9](nowhere)\n```\n",
		".github/A.md": "# 标题！\n\n[up](../README.md) [not up](README.md)\n",
		"docs/index.md": "<a id=\"nested\"></a>\n\n## What is *not*\n\n" +
			"[nested](#nested) [sister](guides/a.md)\n",
		"docs/guides/a.md":             "",
		"templates/index.md.tmpl":      "[page](guides/a.md) [template](guides/b.md) [heading](#what-is-not)\n",
		"templates/guides/b.md.tmpl":   "",
		"main.go":                      "// [a](b)\n",
		".git/modules/x/README.md":     "[a](b)\n",
		"internal/testdata/other.html": "<a href=\"b\">\n",
	} {
		files[name] = &fstest.MapFile{Data: []byte(text)}
	}
	broken, followed, err := brokenLinks(files)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		".github/A.md: README.md: there is no .github/README.md",
		"README.md: missing.md: there is no missing.md",
		"README.md: docs/index.md#what-is: docs/index.md has no such heading",
		"README.md: #comment: README.md has no such heading",
		"README.md: doc: there is no doc",
		"README.md: main.go#L1: main.go has no such heading",
		"README.md: nowhere.html: there is no nowhere.html",
		"README.md: other.md: there is no other.md",
		"templates/index.md.tmpl: guides/b.md: there is no docs/guides/b.md",
	}
	if !slices.Equal(broken, want) {
		t.Errorf("it found\n%s\nwant\n%s", strings.Join(broken, "\n"), strings.Join(want, "\n"))
	}
	if followed != 21 {
		t.Errorf("it followed %d links, want 21", followed)
	}
}
