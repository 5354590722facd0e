// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"math"
	"os"
	"strconv"
	"strings"
)

// Exit codes of an agent.
const (
	exitFailed      = 1
	exitUsage       = 2
	exitUnsupported = 3
)

// spec is what is measured, once: the options that bench/agent/spec.h has.
type spec struct {
	side            string // serve or load
	pattern         string
	bytes           uint64
	inFlight        uint64
	connections     uint64
	idleStreams     uint64
	idleConnections uint64
	rate            float64
	seconds         float64
	count           uint64
	warmUpMs        uint64
	address         string
	serverPid       uint64
	loops           uint64 // Go schedules by itself: not used
}

// fail ends the process with a reason on standard error.
func fail(code int, format string, arguments ...interface{}) {
	fmt.Fprintf(os.Stderr, "ttrpc_go: "+format+"\n", arguments...)
	os.Exit(code)
}

// whole reads digits, and Ki or Mi behind them.
func whole(text string, most uint64) (uint64, error) {
	unit := uint64(1)
	digits := text
	if strings.HasSuffix(text, "Ki") {
		unit, digits = 1<<10, strings.TrimSuffix(text, "Ki")
	} else if strings.HasSuffix(text, "Mi") {
		unit, digits = 1<<20, strings.TrimSuffix(text, "Mi")
	}
	value, err := strconv.ParseUint(digits, 10, 64)
	if err != nil || value > most/unit {
		return 0, fmt.Errorf("not a number up to %d: %s", most, text)
	}
	return value * unit, nil
}

func real(text string) (float64, error) {
	value, err := strconv.ParseFloat(text, 64)
	if err != nil || value < 0 || math.IsInf(value, 0) || math.IsNaN(value) {
		return 0, fmt.Errorf("not a number from 0: %s", text)
	}
	return value, nil
}

// option sets one field.
func (s *spec) option(name, value string) (err error) {
	const most32 = math.MaxUint32
	switch name {
	case "--pattern":
		s.pattern = value
	case "--bytes":
		s.bytes, err = whole(value, 1<<30)
	case "--in-flight":
		s.inFlight, err = whole(value, most32)
	case "--connections":
		s.connections, err = whole(value, most32)
	case "--idle-streams":
		s.idleStreams, err = whole(value, most32)
	case "--idle-connections":
		s.idleConnections, err = whole(value, most32)
	case "--rate":
		s.rate, err = real(value)
	case "--seconds":
		s.seconds, err = real(value)
	case "--count":
		s.count, err = whole(value, 1<<40)
	case "--warm-up-ms":
		s.warmUpMs, err = whole(value, most32)
	case "--to":
		s.address = value
	case "--server-pid":
		s.serverPid, err = whole(value, 1<<30)
	case "--loops":
		s.loops, err = whole(value, most32)
	case "--folder", "--counters", "--spin-us":
		// The certificates lie beside the program; heap calls are not counted; Go has no such setting.
	default:
		err = errors.New("unknown")
	}
	return err
}

// readSpec reads `serve|load ROW OPTIONS…`; it ends the process for what it can't read.
func readSpec(words []string) *spec {
	s := &spec{pattern: "ping-pong", bytes: 64, inFlight: 1, connections: 1, seconds: 1, warmUpMs: 200, loops: 1}
	if len(words) < 3 {
		fail(exitUsage, "usage: ttrpc_go serve|load ROW --to ADDRESS [--OPTION VALUE]…")
	}
	s.side = words[1]
	if s.side != "serve" && s.side != "load" {
		fail(exitUsage, "not a side, serve or load: %s", s.side)
	}
	for at := 3; at < len(words); at += 2 {
		if at+1 == len(words) {
			fail(exitUsage, "an option without a value: %s", words[at])
		}
		if err := s.option(words[at], words[at+1]); err != nil {
			fail(exitUsage, "option %s: %v", words[at], err)
		}
	}
	switch {
	case s.address == "":
		fail(exitUsage, "--to ADDRESS is missing")
	case s.inFlight == 0 || s.connections == 0 || s.loops == 0:
		fail(exitUsage, "--in-flight, --connections and --loops begin at 1")
	case s.count == 0 && s.seconds <= 0:
		fail(exitUsage, "neither --count nor --seconds tells the end")
	case s.pattern == "open-loop" && s.rate <= 0:
		fail(exitUsage, "open-loop needs --rate")
	}
	return s
}
