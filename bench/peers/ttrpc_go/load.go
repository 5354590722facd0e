// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"syscall"
	"time"

	"github.com/containerd/ttrpc"
)

// One message and ttrpc's own header fit its limit of 4 MiB.
const mostBytes = 4<<20 - 1024

// call makes one call and looks at its answer.
func call(client *ttrpc.Client, bulk bool, request *ball) error {
	if bulk {
		var answer done
		if err := client.Call(context.Background(), serviceName, "Take", request, &answer); err != nil {
			return err
		}
		if answer.bytes != uint64(len(request.payload)) {
			return fmt.Errorf("an answer for %d bytes", answer.bytes)
		}
		return nil
	}
	var answer ball
	if err := client.Call(context.Background(), serviceName, "Ping", request, &answer); err != nil {
		return err
	}
	if len(answer.payload) != len(request.payload) {
		return fmt.Errorf("an answer of %d bytes", len(answer.payload))
	}
	return nil
}

// loadUnary is ping-pong, in-flight and bulk: a goroutine for each call at once, as Go programs do it.
func loadUnary(s *spec, d *dialer, r *recorder) {
	clients := d.openAll(s.connections)
	bulk := s.pattern == "bulk"
	messageBytes := 2 * s.bytes
	if bulk {
		messageBytes = s.bytes
	}
	running := s.inFlight
	if s.pattern == "ping-pong" {
		running = 1
	}
	r.start(nowNs())
	var group sync.WaitGroup
	for at := uint64(0); at < running; at++ {
		group.Add(1)
		go func(turn uint64) {
			defer group.Done()
			request := &ball{payload: make([]byte, s.bytes)}
			for more := true; more; turn++ {
				from := nowNs()
				err := call(clients[turn%uint64(len(clients))], bulk, request)
				now := nowNs()
				more = r.note(now, now-from, messageBytes, err)
			}
		}(at)
	}
	group.Wait()
}

// loadOpenLoop sends at the intended times, late ones at once; latency counts from the intended time.
func loadOpenLoop(s *spec, d *dialer, r *recorder) {
	clients := d.openAll(s.connections)
	warm, total := s.count/10, s.count/10+s.count
	if s.count == 0 {
		warm = uint64(s.rate * float64(s.warmUpMs) / 1000)
		total = warm + uint64(s.rate*s.seconds)
	}
	// The sender sleeps in the kernel, which is more exact than Go's timers, and needs a place of its own for that.
	runtime.GOMAXPROCS(runtime.NumCPU() + 1)
	runtime.LockOSThread()
	request := &ball{payload: make([]byte, s.bytes)}
	first := nowNs() + int64(time.Millisecond)
	due := func(number uint64) int64 { return first + int64(float64(number)*1e9/s.rate) }
	var group sync.WaitGroup
	for number := uint64(0); number < total; number++ {
		for wait := due(number) - nowNs(); wait > 0; wait = due(number) - nowNs() {
			pause := syscall.NsecToTimespec(wait)
			syscall.Nanosleep(&pause, nil)
		}
		if number == warm {
			r.begin(due(number))
		}
		group.Add(1)
		go func(number uint64) {
			defer group.Done()
			err := call(clients[number%uint64(len(clients))], false, request)
			now := nowNs()
			if number < warm {
				return
			}
			r.mutex.Lock()
			defer r.mutex.Unlock()
			if err != nil {
				r.failed(err)
			} else {
				r.add(now-due(number), 2*s.bytes)
			}
		}(number)
	}
	group.Wait()
	r.end(nowNs())
}

// visit opens a connection and makes a call.
func visit(d *dialer, request *ball) (*ttrpc.Client, error) {
	client, err := d.open()
	if err != nil {
		return nil, err
	}
	return client, call(client, false, request)
}

// loadConnect opens, calls once, closes; so many at once.
func loadConnect(s *spec, d *dialer, r *recorder) {
	request := &ball{payload: make([]byte, s.bytes)}
	r.start(nowNs())
	var group sync.WaitGroup
	for at := uint64(0); at < s.inFlight; at++ {
		group.Add(1)
		go func() {
			defer group.Done()
			for more := true; more; {
				from := nowNs()
				client, err := visit(d, request)
				if client != nil {
					closeAndWait(client)
				}
				now := nowNs()
				more = r.note(now, now-from, 2*s.bytes, err)
			}
		}()
	}
	group.Wait()
}

// loadIdle opens one, then all, and looks at the server's memory each time.
func loadIdle(s *spec, d *dialer, r *recorder) {
	request := &ball{payload: make([]byte, s.bytes)}
	clients := []*ttrpc.Client{}
	r.begin(nowNs())
	for uint64(len(clients)) < s.connections {
		from := nowNs()
		client, err := visit(d, request)
		if err != nil {
			fail(exitFailed, "connection %d: %v", len(clients)+1, err)
		}
		r.add(nowNs()-from, 2*s.bytes)
		if clients = append(clients, client); len(clients) == 1 {
			time.Sleep(time.Second)
			r.firstRss = r.serverRss()
		}
	}
	time.Sleep(time.Second)
	r.end(nowNs())
	runtime.KeepAlive(clients)
}
