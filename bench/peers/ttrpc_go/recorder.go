// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"math/bits"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
	"unsafe"
)

// More than that, and the figures mean nothing.
const mostFailures = 100

const clockProcessCPU = 2

// clockNs reads a clock of the kernel; -1: there is none.
func clockNs(clock int) int64 {
	var now syscall.Timespec
	if _, _, err := syscall.Syscall(syscall.SYS_CLOCK_GETTIME, uintptr(clock), uintptr(unsafe.Pointer(&now)), 0); err != 0 {
		return -1
	}
	return now.Nano()
}

// cpuClock is what clock_getcpuclockid() answers: CPU time of all threads of a process.
func cpuClock(pid uint64) int {
	return int(^pid)<<3 | 2
}

// rssKib is VmRSS of a process ("self" or its number); -1: not known.
func rssKib(process string) int64 {
	status, err := os.ReadFile("/proc/" + process + "/status")
	if err != nil {
		return -1
	}
	for _, line := range strings.Split(string(status), "\n") {
		if fields := strings.Fields(line); len(fields) > 1 && fields[0] == "VmRSS:" {
			if kib, err := strconv.ParseInt(fields[1], 10, 64); err == nil {
				return kib
			}
		}
	}
	return -1
}

const (
	subBits  = 7
	mostBits = 40
)

// histogram counts values from 1 to 2^40, each known to one part in 128; larger ones count as the largest. After
// HdrHistogram (G. Tene): log-linear buckets.
type histogram [(mostBits - subBits + 2) << subBits]uint64

func (h *histogram) add(value uint64) {
	if value == 0 {
		value = 1
	}
	if value >= 1<<mostBits {
		value = 1<<mostBits - 1
	}
	shift := bits.Len64(value) - subBits - 1
	if shift < 0 {
		shift = 0
	}
	h[uint64(shift)<<subBits+value>>uint(shift)]++
}

// json is [[value,count],…], lowest first; a value is the highest that its bucket stands for.
func (h *histogram) json() string {
	pairs := []string{}
	for at, count := range h {
		if count == 0 {
			continue
		}
		shift := at >> subBits
		if shift > 0 {
			shift--
		}
		pairs = append(pairs, fmt.Sprintf("[%d,%d]", (at-shift<<subBits+1)<<uint(shift)-1, count))
	}
	return "[" + strings.Join(pairs, ",") + "]"
}

// recorder counts what happens between begin and end of the measured part. Any goroutine.
type recorder struct {
	mutex        sync.Mutex
	spec         *spec
	latency      histogram
	warmUntil    int64
	warmLeft     uint64
	began        int64
	ended        int64
	calls        uint64
	errors       uint64 // when measuring
	failures     uint64 // ever
	messageBytes uint64
	clientCPU    int64
	serverCPU    int64
	rss          int64
	firstRss     int64
	clientRss    int64
}

func newRecorder(s *spec) *recorder {
	return &recorder{spec: s, firstRss: -1}
}

var processStart = time.Now()

// nowNs is monotonic time; never 0.
func nowNs() int64 {
	return int64(time.Since(processStart)) + 1
}

func (r *recorder) serverCPUNow() int64 {
	if r.spec.serverPid == 0 {
		return -1
	}
	return clockNs(cpuClock(r.spec.serverPid))
}

func (r *recorder) serverRss() int64 {
	if r.spec.serverPid == 0 {
		return -1
	}
	return rssKib(strconv.FormatUint(r.spec.serverPid, 10))
}

// start starts the warm-up.
func (r *recorder) start(now int64) {
	r.warmUntil = now + int64(r.spec.warmUpMs)*1000000
	r.warmLeft = r.spec.count / 10
	if r.spec.warmUpMs == 0 || r.spec.count > 0 && r.warmLeft == 0 {
		r.begin(now)
	}
}

func (r *recorder) begin(now int64) {
	if r.began != 0 {
		return
	}
	r.clientCPU = clockNs(clockProcessCPU)
	r.serverCPU = r.serverCPUNow()
	r.began = now
}

func (r *recorder) end(now int64) {
	if r.ended != 0 {
		return
	}
	r.ended = now
	r.clientCPU = clockNs(clockProcessCPU) - r.clientCPU
	if server := r.serverCPUNow(); server < 0 || r.serverCPU < 0 {
		r.serverCPU = -1
	} else {
		r.serverCPU = server - r.serverCPU
	}
	r.rss = r.serverRss()
	r.clientRss = rssKib("self")
}

func (r *recorder) add(latency int64, messageBytes uint64) {
	r.calls++
	r.messageBytes += messageBytes
	r.latency.add(uint64(latency))
}

func (r *recorder) more(now int64) bool {
	done := now >= r.began+int64(r.spec.seconds*1e9)
	if r.spec.count > 0 {
		done = r.calls >= r.spec.count
	}
	if done {
		r.end(now)
	}
	return !done
}

// note counts a call that ended, or, when measuring and in no other figure, one that failed; it goes from warm-up to measuring by itself. True while there is more to
// do.
func (r *recorder) note(now, latency int64, messageBytes uint64, err error) bool {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if r.ended != 0 {
		return false
	}
	if err != nil {
		r.failed(err)
		return r.began == 0 || r.more(now)
	}
	if r.began == 0 {
		if r.warmLeft > 0 {
			r.warmLeft--
		}
		if r.spec.count > 0 && r.warmLeft == 0 || r.spec.count == 0 && now >= r.warmUntil {
			r.begin(now)
		}
		return true
	}
	r.add(latency, messageBytes)
	return r.more(now)
}

func (r *recorder) failed(err error) {
	fmt.Fprintf(os.Stderr, "ttrpc_go: a call failed: %v\n", err)
	if r.failures++; r.failures > mostFailures {
		fail(exitFailed, "more than %d calls failed", mostFailures)
	}
	if r.began != 0 {
		r.errors++
	}
}

func known(value int64) string {
	if value < 0 {
		return "null"
	}
	return strconv.FormatInt(value, 10)
}

func (r *recorder) print(cipher string) {
	_, err := fmt.Printf("{\"calls\":%d,\"errors\":%d,\"message_bytes\":%d,\"wall_ns\":%d,"+
		"\"client_cpu_ns\":%s,\"server_cpu_ns\":%s,\"client_heap_calls\":null,\"server_heap_calls\":null,"+
		"\"server_rss_kib\":%s,\"server_first_rss_kib\":%s,\"client_rss_kib\":%s,\"cipher\":\"%s\",\"latency_ns\":%s}\n",
		r.calls, r.errors, r.messageBytes, r.ended-r.began, known(r.clientCPU), known(r.serverCPU), known(r.rss),
		known(r.firstRss), known(r.clientRss), cipher, r.latency.json())
	if err != nil {
		fail(exitFailed, "the answer could not be written: %v", err)
	}
}
