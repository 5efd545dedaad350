package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/elbaas/terraform-provider-elbaas/internal/terraform"
)

// A sample has the figures of one command.
type sample map[string]float64

// The figures of a sample. Those of the provider are seen on Linux alone.
const (
	wall = "wall_seconds"
	cpu  = "provider_cpu_seconds" // user and system
	// peak is VmHWM of the provider: its ru_maxrss would include that of the process that
	// started it.
	peak = "provider_peak_mib"

	lists     = "lists" // calls of the API that list certificates
	listBytes = "list_bytes"
	posts     = "posts" // these are named after their methods
	puts      = "puts"  // of certificates and listeners
	deletes   = "deletes"
	refused   = "refused" // calls of any kind
)

// measure runs a command of Terraform, the only child of this process, to its end, and
// observes the providers that it starts. It misses what they do in their last hundredth of
// a second.
func measure(cli *terraform.CLI, arguments ...string) sample {
	started, ended := time.Now(), make(chan struct{})
	go func() {
		must(cli.Run(context.Background(), arguments...))
		close(ended)
	}()

	providers := map[string]sample{} // by PID: Terraform starts a provider several times
	for {
		select {
		case <-ended:
			all := sample{wall: time.Since(started).Seconds()}
			for _, s := range providers {
				all[cpu] += s[cpu]
				all[peak] = max(all[peak], s[peak])
			}
			return all
		case <-time.After(10 * time.Millisecond):
		}

		for _, command := range childrenOf("self") {
			for _, pid := range childrenOf(command) {
				observe(pid, providers)
			}
		}
	}
}

func childrenOf(pid string) (pids []string) {
	files, _ := filepath.Glob("/proc/" + pid + "/task/*/children")
	for _, file := range files {
		text, _ := os.ReadFile(file)
		pids = append(pids, strings.Fields(string(text))...)
	}
	return pids
}

// observe replaces the figures of a provider. It ignores a process that has ended or is no
// provider.
func observe(pid string, providers map[string]sample) {
	status, _ := os.ReadFile("/proc/" + pid + "/status")
	_, memory, _ := strings.Cut(string(status), "VmHWM:")
	stat, _ := os.ReadFile("/proc/" + pid + "/stat")
	_, after, isProvider := strings.Cut(string(stat), " (terraform-provi) ") // names are cut there
	if memory == "" || !isProvider {
		return
	}

	var kib, user, system float64
	_, _ = fmt.Sscan(memory, &kib)
	times := strings.Fields(after)[11:]
	_, _ = fmt.Sscan(times[0]+" "+times[1], &user, &system)
	providers[pid] = sample{peak: kib / 1024, cpu: (user + system) / 100} // user space sees hundredths
}
