#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Goal: a call costs the same whether one other stream stands open on its connection or ten thousand do, and about the same
whether one connection is used or hundreds are in turn.

callgrind counts a program that makes so many calls, and more: the difference is what they cost. Only functions of
runtime/ are summed, as in instructions_test.py. With many connections in turn each call finds its connection's memory
outside of the CPU's caches, so that the lines of memory count that it touches: callgrind's simulation of a cache says how
many, the same on any machine. It simulates one that holds what all connections share, and not what is each one's own.
A loop asks for these lines before it needs them (base/footprint.h): none is forgotten."""

import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from instructions_test import costs_of, functions_of

FEW, MANY = 1, 10000
CALLS, MORE_CALLS = 100, 600
# A look in the map of streams may take a step more.
MOST = 1.1

PAIRS = 100
TURNS, MORE_TURNS = 2 * PAIRS, 5 * PAIRS
CACHE = ["--cache-sim=yes", "--I1=32768,8,64", "--D1=32768,8,64", "--LL=65536,16,64"]
# Lines of 64 bytes of both ends' sessions for one call and its answer.
MOST_LINES = 34
# Of these, those that nobody asked for.
MOST_FORGOTTEN = 1


def counts_of(program, ours, streams, calls, pairs, *asked):
    """Instructions, and misses of the simulated cache where there are many pairs."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "callgrind"
        command = ["valgrind", "-q", "--tool=callgrind", f"--callgrind-out-file={out}", *(CACHE if pairs > 1 else [])]
        subprocess.run([*command, program, str(streams), str(calls), str(pairs), *asked], check=True, timeout=240)
        events = (("Ir",), ("DLmr", "DLmw")) if pairs > 1 else (("Ir",),)
        return [
            sum(cost for name, cost in costs_of(out, each).items() if name.split("'")[0].split(".")[0] in ours)
            for each in events
        ]


def main():
    functions, program = sys.argv[1:]
    ours = functions_of(functions)
    runs = [(streams, calls, 1) for streams in (MANY, FEW) for calls in (MORE_CALLS, CALLS)]
    runs += [(0, calls, PAIRS, *asked) for asked in ([], ["asked"]) for calls in (MORE_TURNS, TURNS)]
    with ThreadPoolExecutor(2) as pool:
        counts = dict(zip(runs, pool.map(lambda run: counts_of(program, ours, *run), runs)))

    few, many = ((counts[at, MORE_CALLS, 1][0] - counts[at, CALLS, 1][0]) / (MORE_CALLS - CALLS) for at in (FEW, MANY))
    print(f"instructions of ours for one call: {few:.0f} beside {FEW} stream, {many:.0f} beside {MANY}; at most {MOST} times")
    if few < 100 or many > MOST * few:
        sys.exit("a call costs more where many streams stand open: something walks over them")

    (turn, lines), (_, forgotten) = (
        [
            (more - base) / (MORE_TURNS - TURNS)
            for more, base in zip(counts[0, MORE_TURNS, PAIRS, *asked], counts[0, TURNS, PAIRS, *asked])
        ]
        for asked in ([], ["asked"])
    )
    print(f"over {PAIRS} connections in turn: {turn:.0f} instructions, {lines:.1f} lines of memory of their own; "
          f"at most {MOST} times, {MOST_LINES} lines")
    if turn > MOST * few:
        sys.exit("a call costs more where many connections are used in turn: something is done for each again")
    if not 1 < lines <= MOST_LINES:
        sys.exit("a call touches more memory of its connection: keep together what each call needs, and share the rest")

    print(f"when all was asked for that a call is said to touch: {forgotten:.1f} lines, at most {MOST_FORGOTTEN}")
    if not 0 <= forgotten <= MOST_FORGOTTEN:
        sys.exit("a call touches memory of its session that is in no footprint: grille_session_footprint")


if __name__ == "__main__":
    main()
