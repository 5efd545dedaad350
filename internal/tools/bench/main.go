// Command bench measures, side by side in one run, what the provider costs: plans of many
// certificates against the stub cloud, the same plans without a network (floor), those of
// the null provider and of the generic REST provider with the same certificates, and what
// creating, renaming, rotating and destroying them takes. README.md says how to read it.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"log"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/elbaas/terraform-provider-elbaas/internal/elbstub"
	"github.com/elbaas/terraform-provider-elbaas/internal/terraform"
	"github.com/elbaas/terraform-provider-elbaas/internal/throwaway"
)

var (
	sizes       = flag.String("sizes", "100,300,1000,3000", "numbers of certificates to plan, in ascending order")
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

// plans are the plans that are measured and drawn, in this order.
var plans = []struct {
	variant   string
	latencyMS int
	name      string
}{
	{ours, 0, "this provider"},
	{ours, 50, "this provider, 50 ms away"},
	{floor, 0, "the same without a network"},
	{null, 0, "null provider, same texts"},
	{generic, 0, "generic REST provider"},
}

func main() {
	if os.Getenv(floorVariable) != "" {
		check(serveFloor())
		return
	}

	flag.Parse()
	b := newBench()
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

	dir       string
	sizes     []int
	changed   int                       // how many certificates are created, renamed, rotated and destroyed
	clis      map[string]*terraform.CLI // by variant
	url       string
	cloud     *elbstub.Cloud
	latencyMS atomic.Int64 // of the cloud
	states    sync.Map     // from paths to []byte
}

// newBench builds the provider, makes the certificates, starts the servers, and prepares
// Terraform for each variant that there is a program of.
func newBench() *bench {
	dir := must(os.MkdirTemp("", "bench"))
	b := &bench{dir: dir, clis: map[string]*terraform.CLI{}, cloud: newCloud()}
	b.serve()
	for text := range strings.SplitSeq(*sizes, ",") {
		b.sizes = append(b.sizes, must(strconv.Atoi(text)))
	}
	most := slices.Max(b.sizes)
	b.changed = min(mostChanged, most)

	log.Print("building, and making certificates …")
	program := filepath.Join(dir, "provider")
	check(terraform.Build(context.Background(), "../../..", program))
	b.ProgramMB = float64(must(os.Stat(program)).Size()) / 1e6
	var group sync.WaitGroup
	for i := range max(most, 2*b.changed) {
		group.Go(func() {
			name := strconv.Itoa(i)
			key := throwaway.NewRSAKey(2048) // as most users have them
			pair := throwaway.SelfSigned(throwaway.ForDomain(name+".example.com"), key)
			check(pair.Write(filepath.Join(dir, name)))
		})
	}
	group.Wait()

	b.install(ours, "elbaas/elbaas", program)
	b.install(floor, "elbaas/elbaas", must(os.Executable()))
	b.install(null, "hashicorp/null", *nullProgram)
	b.install(generic, "mastercard/restapi", *restProgram)
	b.Machine = machine(must(b.clis[ours].Run(context.Background(), "version")))
	return b
}

// install prepares a folder in which Terraform runs with the provider of a variant, whose
// configuration and state are those of its address.
func (b *bench) install(variant, address, program string) {
	if program == "" {
		return
	}
	cli := must(terraform.New(filepath.Join(b.dir, variant)))
	check(cli.Install(program, "registry.terraform.io/"+address))
	// Other variants than the floor pay no attention to its variable.
	cli.Env = append(cli.Env, "TF_VAR_url="+b.url, "TF_HTTP_ADDRESS="+b.url+"/state/"+address, floorVariable+"=1")
	configuration := must(filepath.Abs("configurations/" + filepath.Base(address)))
	must(cli.Run(context.Background(), "init", "-from-module="+configuration))
	b.clis[variant] = cli
}

// measure runs a command that is measured.
func (b *bench) measure(c contender, arguments ...string) {
	b.latencyMS.Store(int64(c.LatencyMS))
	before := len(b.cloud.Journal())
	s := measure(b.clis[c.Variant], arguments...)
	b.latencyMS.Store(0)
	for _, call := range b.cloud.Journal()[before:] {
		s[strings.ToLower(call.Method)+"s"]++
		if call.Operation == elbstub.ListCertificates {
			s[lists]++
			s[listBytes] += float64(call.Sent)
		}
		if call.Status >= 400 {
			s[refused]++
		}
	}

	b.add(c, s)
	log.Printf("%s: %.2f s, provider %.2f s CPU, %.1f MiB", c, s[wall], s[cpu], s[peak])
}

// measureChanges creates certificates, renames them, has listeners serve them, rotates
// them, and destroys them. The floor, which remembers nothing, only creates.
func (b *bench) measureChanges() {
	b.saveList()
	pair := throwaway.NewPair("www.example.com")
	fallback := b.cloud.Add(elbstub.Certificate{ProjectID: projectID, Name: "fallback", Certificate: pair.Certificate})
	var listeners []string
	for range b.changed {
		listener := elbstub.Listener{ProjectID: projectID, CertificateID: fallback}
		listeners = append(listeners, b.cloud.AddListener(listener))
	}
	n := strconv.Itoa(b.changed)

	for range *rounds {
		arguments := []string{"apply", "-auto-approve", "-var=fallback=" + fallback}
		for _, step := range []struct{ operation, argument string }{
			{"create", "-var=n=" + n},
			{"rename", "-var=name=new"},
			{"serve", "-var=listeners=" + string(must(json.Marshal(listeners)))},
			{"rotate", "-var=first=" + n},
			{"destroy", "-destroy"},
		} {
			arguments = append(arguments, step.argument)
			b.measure(contender{step.operation, ours, b.changed, 0}, arguments...)
		}
		b.measure(contender{"create", floor, b.changed, 0}, "apply", "-auto-approve", "-var=n="+n)
		b.states.Clear()
	}
}

// measurePlans has Terraform start a provider and ask for its schema, and then plan more
// and more certificates, none of which has changed.
func (b *bench) measurePlans() {
	for range 4 * *rounds {
		for variant := range b.clis {
			b.measure(contender{"start", variant, 0, 0}, "providers", "schema", "-json")
		}
	}

	for _, n := range b.sizes {
		count := "-var=n=" + strconv.Itoa(n)
		if n > mostREST {
			delete(b.clis, generic)
		}
		for variant, cli := range b.clis {
			if variant != floor { // which has the state and the certificates of the provider
				log.Printf("creating %d of %s …", n, variant)
				must(cli.Run(context.Background(), "apply", "-auto-approve", count))
			}
		}
		b.saveList()

		for round := range *rounds {
			for _, p := range plans {
				if b.clis[p.variant] == nil || p.variant == generic && round > 0 { // which takes minutes
					continue
				}
				// -detailed-exitcode makes a change an error.
				b.measure(contender{"plan", p.variant, n, p.latencyMS}, "plan", "-detailed-exitcode", count)
			}
		}
	}
}
