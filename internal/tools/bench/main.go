// Command bench measures, side by side in one run, what the provider costs: plans of many
// certificates against the stub cloud, the same plans without a network (floor), those of
// the null provider and of the generic REST provider with the same certificates, and what
// creating, renaming, rotating and destroying them takes. README.md says how to read it.
package main

import (
	"context"
	"embed"
	"encoding/json"
	"flag"
	"log"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

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
	text, err := json.MarshalIndent(b.report, "", "  ")
	check(err)
	check(os.WriteFile(filepath.Join(*output, "figures.json"), append(text, '\n'), 0o644))
	check(b.draw(filepath.Join(*output, "figures.svg")))
	check(os.RemoveAll(b.dir))
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

// A bench is one run. Its folder is kept if it fails.
type bench struct {
	report

	dir      string
	cli      string
	sizes    []int
	programs map[string]string // by variant
	servers  *servers
}

// newBench builds the provider, makes the certificates and starts the servers.
func newBench() *bench {
	dir, err := os.MkdirTemp("", "bench")
	check(err)
	cli, err := terraform.Find()
	check(err)
	self, err := os.Executable()
	check(err)
	b := &bench{dir: dir, cli: cli, programs: map[string]string{null: *nullProgram, generic: *restProgram, floor: self}}
	for text := range strings.SplitSeq(*sizes, ",") {
		n, err := strconv.Atoi(text)
		check(err)
		b.sizes = append(b.sizes, n)
	}
	slices.Sort(b.sizes)

	log.Print("building …")
	b.programs[ours] = filepath.Join(dir, "provider")
	check(terraform.Build(context.Background(), "../../..", b.programs[ours], "-trimpath"))
	info, err := os.Stat(b.programs[ours])
	check(err)
	b.ProgramMB = float64(info.Size()) / 1e6

	n := max(slices.Max(b.sizes), 2*b.changed())
	b.servers = newServers()
	log.Printf("making %d certificates …", n)
	var group errgroup.Group
	group.SetLimit(2)
	for i := range n {
		group.Go(func() error { return writePair(filepath.Join(dir, strconv.Itoa(i))) })
	}
	check(group.Wait())
	return b
}

// changed is how many certificates are created, renamed, rotated and destroyed.
func (b *bench) changed() int { return min(mostChanged, slices.Max(b.sizes)) }

func writePair(path string) error {
	pair, err := throwaway.NewRSAPair(filepath.Base(path) + ".example.com")
	if err != nil {
		return err
	}
	if err := os.WriteFile(path+".crt", []byte(pair.Certificate), 0o600); err != nil {
		return err
	}
	return os.WriteFile(path+".key", []byte(pair.PrivateKey), 0o600)
}

//go:embed configurations
var configurations embed.FS

// addresses are those of the providers, by variant.
var addresses = map[string]string{
	ours:    "registry.terraform.io/elbaas/elbaas",
	floor:   "registry.terraform.io/elbaas/elbaas",
	null:    "registry.terraform.io/hashicorp/null",
	generic: "registry.terraform.io/mastercard/restapi",
}

// workspace prepares a folder in which Terraform runs with the provider of a variant, and
// with a state that has a name.
func (b *bench) workspace(variant, folder, state string) *terraform.CLI {
	cli, err := terraform.New(b.cli, filepath.Join(b.dir, folder))
	check(err)
	_, err = cli.Install(b.programs[variant], addresses[variant])
	check(err)

	name := strings.Replace(variant, floor, ours, 1)
	configuration, err := configurations.ReadFile("configurations/" + name + ".tf")
	check(err)
	check(os.WriteFile(filepath.Join(cli.Dir, "main.tf"), configuration, 0o600))
	cli.Env = append(cli.Env, listVariable+"="+b.list()) // other variants pay no attention to it
	run(cli, "init", "-input=false", "-backend-config=address="+b.servers.url+"/state/"+state)
	return cli
}

// list is the file with the response to a list.
func (b *bench) list() string { return filepath.Join(b.dir, "list.json") }

// set writes the variables of a configuration.
func (b *bench) set(cli *terraform.CLI, variables map[string]any) {
	variables["url"] = b.servers.url
	text, err := json.Marshal(variables)
	check(err)
	check(os.WriteFile(filepath.Join(cli.Dir, "terraform.tfvars.json"), text, 0o600))
}

func run(cli *terraform.CLI, arguments ...string) string {
	printed, err := cli.Run(context.Background(), arguments...)
	check(err)
	return printed
}

// measure runs a command that is measured.
func (b *bench) measure(c contender, cli *terraform.CLI, arguments ...string) {
	b.servers.latency.Store(int64(time.Duration(c.LatencyMS) * time.Millisecond))
	before := len(b.servers.cloud.Journal())
	s, err := measure(cli.Command(context.Background(), arguments...))
	check(err)
	s.count(b.servers.cloud.Journal()[before:])
	b.servers.latency.Store(0)

	b.add(c, s)
	log.Printf("%s: %.2f s, provider %.2f s CPU, %.1f MiB", c, s[wall], s[cpu], s[peak])
}

// workspaces prepares a folder for each variant that there is a program of.
func (b *bench) workspaces(operation string, variants ...string) map[string]*terraform.CLI {
	all := map[string]*terraform.CLI{}
	for _, variant := range variants {
		if b.programs[variant] != "" {
			state := operation + "-" + strings.Replace(variant, floor, ours, 1)
			all[variant] = b.workspace(variant, operation+"-"+variant, state)
		}
	}
	return all
}

// measureStart has Terraform start a provider and ask for its schema.
func (b *bench) measureStart() {
	clis := b.workspaces("start", ours, null)
	b.Machine = machine(run(clis[ours], "version"))
	for range 4 * *rounds {
		for _, variant := range []string{ours, null} {
			if clis[variant] != nil {
				b.measure(contender{"start", variant, 0, 0}, clis[variant], "providers", "schema", "-json")
			}
		}
	}
}

// measureChanges creates certificates, renames them, has listeners serve them, rotates
// them, and destroys them.
func (b *bench) measureChanges() {
	n := b.changed()
	listeners, fallback := b.servers.listen(n)
	clis := b.workspaces("change", ours, floor)
	check(os.WriteFile(b.list(), []byte(`{"certificates":[],"instance_num":"0"}`), 0o600))
	for range *rounds {
		b.set(clis[floor], map[string]any{"n": n})
		b.measure(contender{"create", floor, n, 0}, clis[floor], "apply", "-input=false", "-auto-approve")
		b.servers.states.Clear() // the floor remembers nothing

		served := map[string]any{"n": n, "name": "new", "listeners": listeners, "fallback": fallback}
		rotated := maps.Clone(served)
		rotated["first"] = n
		for _, step := range []struct {
			operation, command string
			variables          map[string]any
		}{
			{"create", "apply", map[string]any{"n": n}},
			{"rename", "apply", map[string]any{"n": n, "name": "new"}},
			{"serve", "apply", served},
			{"rotate", "apply", rotated},
			{"destroy", "destroy", rotated},
		} {
			b.set(clis[ours], step.variables)
			b.measure(contender{step.operation, ours, n, 0}, clis[ours], step.command, "-input=false", "-auto-approve")
		}
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
		b.servers.saveList(b.list())

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
