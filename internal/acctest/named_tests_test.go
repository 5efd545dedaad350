package acctest_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// namedTest is a test, but not TestAcc, which is how the names of acceptance tests begin.
var namedTest = regexp.MustCompile("`(Test(?:Acc[A-Z]|[B-Z]|A[a-bd-z])\\w*)`")

// TestNamedTests: documents name only tests that exist.
func TestNamedTests(t *testing.T) {
	t.Parallel()
	exists := map[string]bool{}
	for name := range testsOf(t, "acctest", "auth", "elb", "elbstub", "httpapi", "pemcert", "provider") {
		_, test, _ := strings.Cut(name, ".")
		exists[test] = true
	}
	found := 0
	for _, document := range documents(t) {
		text, err := os.ReadFile(document)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range namedTest.FindAllStringSubmatch(string(text), -1) {
			found++
			if !exists[name[1]] {
				t.Errorf("%s: there is no %s", document, name[1])
			}
		}
	}
	if found < 10 {
		t.Errorf("%d tests are named: are they found?", found)
	}
}

// checkProofs fails when one of the tests of a statement does not exist.
func checkProofs(t *testing.T, tests map[string]map[string]bool, statement string, proofs []string) {
	t.Helper()
	if len(proofs) == 0 {
		t.Errorf("%s: no test is named", statement)
	}

	for _, proof := range proofs {
		test, row, hasRow := strings.Cut(proof, "/")
		literals, found := tests[test]

		if !found {
			t.Errorf("%s: there is no test %s", statement, test)
		} else if hasRow && !literals[row] {
			t.Errorf("%s: %s has no row %q", statement, test, row)
		}
	}
}

// testsOf returns the tests of packages, as package.Test, with the texts in each and in
// the variables of its package that it names, such as a table of several tests.
func testsOf(t *testing.T, packages ...string) map[string]map[string]bool {
	t.Helper()
	tests := map[string]map[string]bool{}

	for _, pkg := range packages {
		functions, tables := declarations(t, pkg)
		for _, function := range functions {
			texts := textsIn(function)
			ast.Inspect(function, func(node ast.Node) bool {
				if name, ok := node.(*ast.Ident); ok && tables[name.Name] != nil {
					maps.Copy(texts, textsIn(tables[name.Name]))
				}
				return true
			})
			tests[pkg+"."+function.Name.Name] = texts
		}
	}

	return tests
}

// declarations returns the test functions of a package, and its variables by name.
func declarations(t *testing.T, pkg string) ([]*ast.FuncDecl, map[string]ast.Node) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("..", pkg, "*_test.go"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no tests in %s: %v", pkg, err)
	}

	var functions []*ast.FuncDecl
	variables := map[string]ast.Node{}

	for _, file := range files {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}

		for _, declaration := range parsed.Decls {
			switch declaration := declaration.(type) {
			case *ast.FuncDecl:
				if declaration.Recv == nil && strings.HasPrefix(declaration.Name.Name, "Test") {
					functions = append(functions, declaration)
				}
			case *ast.GenDecl:
				for _, specification := range declaration.Specs {
					if variable, ok := specification.(*ast.ValueSpec); ok && declaration.Tok == token.VAR {
						variables[variable.Names[0].Name] = variable
					}
				}
			}
		}
	}

	return functions, variables
}

// textsIn returns the strings that are written in a piece of code.
func textsIn(code ast.Node) map[string]bool {
	texts := map[string]bool{}
	ast.Inspect(code, func(node ast.Node) bool {
		if literal, ok := node.(*ast.BasicLit); ok && literal.Kind == token.STRING {
			if text, err := strconv.Unquote(literal.Value); err == nil {
				texts[text] = true
			}
		}
		return true
	})
	return texts
}
