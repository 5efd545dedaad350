package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/elbaas/terraform-provider-elbaas/internal/elbstub"
)

// A sample has the figures of one command.
type sample map[string]float64

// The figures of a sample. Those of the provider are seen on Linux alone.
const (
	wall = "wall_seconds"
	cpu  = "provider_cpu_seconds" // user and system
	// peak is VmHWM of the provider: its ru_maxrss would have that of the process that
	// started it.
	peak = "provider_peak_mib"

	lists     = "lists" // calls of the API that list certificates
	listBytes = "list_bytes"
	posts     = "posts"
	puts      = "puts" // of certificates and listeners
	deletes   = "deletes"
	refused   = "refused" // calls of any kind
)

// measure runs a command to its end, and observes the providers that it starts. It misses
// what they do in their last hundredth of a second.
func measure(command *exec.Cmd) (sample, error) {
	var output bytes.Buffer
	command.Stdout, command.Stderr = &output, &output
	started := time.Now()
	if err := command.Start(); err != nil {
		return nil, err
	}

	all, ended := sample{}, make(chan error)
	go func() {
		err := command.Wait()
		all[wall] = time.Since(started).Seconds()
		ended <- err
	}()
	providers := map[string]sample{} // by PID: Terraform starts a provider several times
	for {
		files, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", command.Process.Pid))
		for _, file := range files {
			pids, _ := os.ReadFile(file)
			for _, pid := range strings.Fields(string(pids)) {
				if s := sampleOf(pid); s != nil {
					providers[pid] = s
				}
			}
		}

		select {
		case err := <-ended:
			if err != nil {
				return nil, fmt.Errorf("%s: %w\n%s", command, err, output.Bytes())
			}
			for _, s := range providers {
				all[cpu] += s[cpu]
				all[peak] = max(all[peak], s[peak])
			}
			return all, nil
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// sampleOf returns the figures of a provider, or nil of a process that has ended or is
// another one.
func sampleOf(pid string) sample {
	status, _ := os.ReadFile("/proc/" + pid + "/status")
	_, memory, _ := strings.Cut(string(status), "VmHWM:")
	stat, _ := os.ReadFile("/proc/" + pid + "/stat")
	_, after, isProvider := strings.Cut(string(stat), " (terraform-provi) ") // names are cut there
	times := strings.Fields(after)
	if memory == "" || !isProvider || len(times) < 13 {
		return nil
	}

	var kib, user, system float64
	_, _ = fmt.Sscan(memory, &kib)
	_, _ = fmt.Sscan(times[11], &user)
	_, _ = fmt.Sscan(times[12], &system)
	return sample{peak: kib / 1024, cpu: (user + system) / 100} // user space sees hundredths
}

// count adds the calls that the cloud has seen.
func (s sample) count(calls []elbstub.Call) {
	figures := map[elbstub.Operation]string{
		elbstub.ListCertificates:  lists,
		elbstub.CreateCertificate: posts,
		elbstub.ModifyCertificate: puts,
		elbstub.ModifyListener:    puts,
		elbstub.DeleteCertificate: deletes,
	}
	for _, call := range calls {
		if figure, isCounted := figures[call.Operation]; isCounted {
			s[figure]++
		}
		if call.Operation == elbstub.ListCertificates {
			s[listBytes] += float64(call.Sent)
		}
		if call.Status >= 400 {
			s[refused]++
		}
	}
}
