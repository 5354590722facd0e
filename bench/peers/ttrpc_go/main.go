// SPDX-License-Identifier: Apache-2.0

// Go's ttrpc as an agent of the benchmark: bench/README.md "Writing an agent for another framework".
package main

import "os"

func load(s *spec) {
	patterns := map[string]func(*spec, *dialer, *recorder){
		"ping-pong": loadUnary, "in-flight": loadUnary, "bulk": loadUnary, "open-loop": loadOpenLoop,
		"connect": loadConnect, "idle": loadIdle, "stream-up": nil, "stream-down": nil, "stream-both": nil,
	}
	pattern, known := patterns[s.pattern]
	switch {
	case !known:
		fail(exitUsage, "no such pattern: %s", s.pattern)
	case pattern == nil || s.idleStreams > 0:
		fail(exitUnsupported, "this ttrpc has no streams")
	case s.idleConnections > 0:
		fail(exitUnsupported, "connections that stand idle beside calls are for rows of Grille")
	case s.bytes > mostBytes:
		fail(exitUnsupported, "ttrpc takes no message over 4 MiB")
	}
	d := newDialer(s.address)
	r := newRecorder(s)
	pattern(s, d, r)
	r.print(d.cipher)
}

func main() {
	if s := readSpec(os.Args); s.side == "serve" {
		serve(s)
	} else {
		load(s)
	}
}
