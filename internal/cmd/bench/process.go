package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// A Sample is what one command took.
type Sample struct {
	// WallSeconds from its start to its end.
	WallSeconds float64 `json:"wall_seconds"`
	// CPUSeconds of Terraform and its providers, user and system.
	CPUSeconds float64 `json:"cpu_seconds"`
	// ProviderCPUSeconds of the providers alone. 0 where that cannot be seen, which is
	// outside Linux.
	ProviderCPUSeconds float64 `json:"provider_cpu_seconds"`
	// ProviderPeakMiB is VmHWM of the largest provider process: its ru_maxrss would
	// have that of the process that started it. 0 outside Linux.
	ProviderPeakMiB float64 `json:"provider_peak_mib"`
	// Lists are the calls of the API that list, and ListBytes what they were answered
	// with.
	Lists     int64 `json:"lists"`
	ListBytes int64 `json:"list_bytes"`
}

// measure runs a command to its end.
func measure(ctx context.Context, dir string, environment []string, name string, arguments ...string) (Sample, error) {
	command := exec.CommandContext(ctx, name, arguments...)
	command.Dir, command.Env = dir, environment
	var output bytes.Buffer
	command.Stdout, command.Stderr = &output, &output
	began := time.Now()
	if err := command.Start(); err != nil {
		return Sample{}, err
	}
	ended := make(chan struct{})
	children := make(chan map[int]child, 1)
	go func() { children <- watch(command.Process.Pid, ended) }()
	err := command.Wait()
	wall := time.Since(began)
	close(ended)
	if err != nil {
		return Sample{}, fmt.Errorf("%s: %w\n%s", command, err, output.Bytes())
	}
	s := Sample{
		WallSeconds: wall.Seconds(),
		CPUSeconds:  (command.ProcessState.UserTime() + command.ProcessState.SystemTime()).Seconds(),
	}
	for _, c := range <-children {
		s.ProviderCPUSeconds += c.cpu.Seconds()
		s.ProviderPeakMiB = max(s.ProviderPeakMiB, float64(c.peak)/1024)
	}
	return s, nil
}

// A child is what is known of a process before it ended.
type child struct {
	cpu  time.Duration
	peak int // VmHWM in KiB
}

// watch looks at the children of a process until that has ended. It misses what
// they do in their last hundredth of a second.
func watch(parent int, ended <-chan struct{}) map[int]child {
	program := func(pid int) string {
		path, _ := os.Readlink(fmt.Sprintf("/proc/%d/exe", pid))
		return path
	}
	all, own := map[int]child{}, program(parent)
	for {
		files, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", parent))
		for _, file := range files {
			pids, _ := os.ReadFile(file) //nolint:gosec // of the system
			for _, text := range strings.Fields(string(pids)) {
				if pid, err := strconv.Atoi(text); err == nil && program(pid) != own { // else it is about to become something else
					c := look(pid)
					all[pid] = child{cpu: max(c.cpu, all[pid].cpu), peak: max(c.peak, all[pid].peak)}
				}
			}
		}
		select {
		case <-ended:
			return all
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// tick is what the kernel counts CPU time in, as user space sees it.
const tick = 10 * time.Millisecond

func look(pid int) (c child) {
	status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	for line := range strings.Lines(string(status)) {
		if fields := strings.Fields(line); len(fields) > 1 && fields[0] == "VmHWM:" {
			c.peak, _ = strconv.Atoi(fields[1])
		}
	}
	stat, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if _, after, found := strings.Cut(string(stat), ") "); found { // behind the name
		for _, ticks := range strings.Fields(after)[11:13] { // utime and stime
			n, _ := strconv.Atoi(ticks)
			c.cpu += time.Duration(n) * tick
		}
	}
	return c
}
