// Command bench measures, side by side in one run, what the provider costs: plans of many
// certificates against the stub cloud, the same plans without a network (floor), those of
// the null provider and of the generic REST provider with the same certificates, and what
// creating, renaming, rotating and destroying them takes. README.md says how to read it.
package main

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"embed"
	"encoding/json"
	"flag"
	"log"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/elbaas/terraform-provider-elbaas/internal/terraform"
	"github.com/elbaas/terraform-provider-elbaas/internal/throwaway"
)

var (
	sizes       = flag.String("sizes", "100,300,1000,3000", "numbers of certificates to plan")
	rounds      = flag.Int("rounds", 5, "how often each command is measured")
	nullProgram = flag.String("null", "", "program of the null provider; it is left out if empty")
	restProgram = flag.String("rest", "", "program of the generic REST provider; it is left out if empty")
	output      = flag.String("output", ".", "folder of figures.json and figures.svg")
)

const (
	// mostChanged is how many certificates are created, renamed, rotated and destroyed.
	mostChanged = 300
	// mostREST is how many the generic REST provider is measured with. Beyond, it takes
	// more memory than most machines have.
	mostREST = 1000
)

func main() {
	log.SetFlags(log.Ltime)
	if list := os.Getenv(listVariable); list != "" {
		check(serveFloor(list))
		return
	}

	flag.Parse()
	b := newBench()
	b.measureStart()
	b.measureChanges()
	b.measurePlans()

	b.judge()
	b.print(os.Stdout)
	text := must(json.MarshalIndent(b.report, "", "  "))
	check(os.WriteFile(filepath.Join(*output, "figures.json"), append(text, '\n'), 0o644))
	b.draw(filepath.Join(*output, "figures.svg"))
	check(os.RemoveAll(b.dir))
}

// check ends the program after an error: nothing can be measured without what failed.
func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func must[Value any](value Value, err error) Value {
	check(err)
	return value
}

// A bench is one run. Its folder is kept if it fails.
type bench struct {
	report

	dir      string
	cli      string
	list     string // the file with the response to a list
	sizes    []int
	changed  int               // how many certificates are created, renamed, rotated and destroyed
	programs map[string]string // by variant
	servers  *servers
}

// newBench builds the provider, makes the certificates and starts the servers.
func newBench() *bench {
	dir := must(os.MkdirTemp("", "bench"))
	b := &bench{
		dir: dir, cli: must(terraform.Find()), list: filepath.Join(dir, "list.json"), servers: newServers(),
		programs: map[string]string{
			ours: filepath.Join(dir, "provider"), floor: must(os.Executable()), null: *nullProgram, generic: *restProgram,
		},
	}
	for text := range strings.SplitSeq(*sizes, ",") {
		b.sizes = append(b.sizes, must(strconv.Atoi(text)))
	}
	slices.Sort(b.sizes)
	most := slices.Max(b.sizes)
	b.changed = min(mostChanged, most)

	log.Print("building …")
	check(terraform.Build(context.Background(), "../../..", b.programs[ours], "-trimpath"))
	b.ProgramMB = float64(must(os.Stat(b.programs[ours])).Size()) / 1e6

	log.Print("making certificates …")
	var group sync.WaitGroup
	for i := range max(most, 2*b.changed) {
		group.Go(func() {
			name := strconv.Itoa(i)
			key := must(rsa.GenerateKey(rand.Reader, 2048)) // as most users have them
			check(must(throwaway.Issue(name+".example.com", key)).Write(filepath.Join(dir, name)))
		})
	}
	group.Wait()
	return b
}

//go:embed configurations
var configurations embed.FS

var source = regexp.MustCompile(`source = "(.*)"`)

// workspaces prepares, for each variant that there is a program of, a folder in which
// Terraform runs with its provider.
func (b *bench) workspaces(operation string, variants ...string) map[string]*terraform.CLI {
	all := map[string]*terraform.CLI{}
	for _, variant := range variants {
		if b.programs[variant] == "" {
			continue
		}
		provider := strings.Replace(variant, floor, ours, 1) // whose configuration and state the floor has
		configuration := must(configurations.ReadFile("configurations/" + provider + ".tf"))
		cli := must(terraform.New(b.cli, filepath.Join(b.dir, operation+"-"+variant)))
		check(cli.Install(b.programs[variant], string(source.FindSubmatch(configuration)[1])))
		check(os.WriteFile(filepath.Join(cli.Dir, "main.tf"), configuration, 0o600))
		cli.Env = append(cli.Env, listVariable+"="+b.list) // other variants pay no attention to it
		run(cli, "init", "-input=false", "-backend-config=address="+b.servers.url+"/state/"+operation+"-"+provider)
		all[variant] = cli
	}
	return all
}

// set writes the variables of a configuration.
func (b *bench) set(cli *terraform.CLI, variables map[string]any) {
	variables["url"] = b.servers.url
	check(os.WriteFile(filepath.Join(cli.Dir, "terraform.tfvars.json"), must(json.Marshal(variables)), 0o600))
}

func run(cli *terraform.CLI, arguments ...string) string {
	return must(cli.Run(context.Background(), arguments...))
}

// measure runs a command that is measured.
func (b *bench) measure(c contender, cli *terraform.CLI, arguments ...string) {
	b.servers.latency.Store(int64(time.Duration(c.LatencyMS) * time.Millisecond))
	before := len(b.servers.cloud.Journal())
	s := must(measure(cli.Command(context.Background(), arguments...)))
	s.count(b.servers.cloud.Journal()[before:])
	b.servers.latency.Store(0)

	b.add(c, s)
	log.Printf("%s: %.2f s, provider %.2f s CPU, %.1f MiB", c, s[wall], s[cpu], s[peak])
}

// measureStart has Terraform start a provider and ask for its schema.
func (b *bench) measureStart() {
	clis := b.workspaces("start", ours, null)
	b.Machine = machine(run(clis[ours], "version"))
	for range 4 * *rounds {
		for variant, cli := range clis {
			b.measure(contender{"start", variant, 0, 0}, cli, "providers", "schema", "-json")
		}
	}
}

// measureChanges creates certificates, renames them, has listeners serve them, rotates
// them, and destroys them. The floor, which remembers nothing, only creates.
func (b *bench) measureChanges() {
	n := b.changed
	listeners, fallback := b.servers.listen(n)
	clis := b.workspaces("change", ours, floor)
	check(os.WriteFile(b.list, []byte(`{"certificates":[],"instance_num":"0"}`), 0o600))
	served := map[string]any{"n": n, "name": "new", "listeners": listeners, "fallback": fallback}
	rotated := maps.Clone(served)
	rotated["first"] = n
	for range *rounds {
		for _, step := range []struct {
			operation, variant, command string
			variables                   map[string]any
		}{
			{"create", ours, "apply", map[string]any{"n": n}},
			{"rename", ours, "apply", map[string]any{"n": n, "name": "new"}},
			{"serve", ours, "apply", served},
			{"rotate", ours, "apply", rotated},
			{"destroy", ours, "destroy", rotated},
			{"create", floor, "apply", map[string]any{"n": n}},
		} {
			cli := clis[step.variant]
			b.set(cli, step.variables)
			b.measure(contender{step.operation, step.variant, n, 0}, cli, step.command, "-input=false", "-auto-approve")
		}
		b.servers.states.Clear()
	}
}

// measurePlans has more and more certificates planned, none of which has changed.
func (b *bench) measurePlans() {
	clis := b.workspaces("plan", ours, floor, null, generic)
	for _, n := range b.sizes {
		if n > mostREST {
			delete(clis, generic)
		}
		for variant, cli := range clis {
			b.set(cli, map[string]any{"n": n})
			if variant != floor { // which has the state and the certificates of the provider
				log.Printf("creating %d of %s …", n, variant)
				run(cli, "apply", "-input=false", "-auto-approve")
			}
		}
		b.servers.saveList(b.list)

		for round := range *rounds {
			for _, c := range []contender{
				{"plan", floor, n, 0}, {"plan", ours, n, 0}, {"plan", ours, n, 50}, {"plan", null, n, 0}, {"plan", generic, n, 0},
			} {
				if clis[c.Variant] == nil || c.Variant == generic && round > 0 { // which takes minutes
					continue
				}
				// -detailed-exitcode makes a change an error.
				b.measure(c, clis[c.Variant], "plan", "-input=false", "-lock=false", "-detailed-exitcode")
			}
		}
	}
}
