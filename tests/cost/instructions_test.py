#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Goal: the instructions that our own functions run for one unary call of 64 bytes, both ends together, do not grow.

callgrind counts from when everything stands and is warm until so many calls are made (calls_cost_test.c), so that start and
handshake are not in it, and take no time. Only functions of runtime/ are summed (functions.txt says which those are): wolfSSL and libc
choose their code by the CPU, ours is the same everywhere. The build is the default one, which optimises less than what
is shipped: the bounds are about ten percent above what it took when they were last set."""

import collections
import contextlib
import re
import subprocess
import sys
import tempfile
from pathlib import Path

CALLS = 1000
# Calls in flight: the most instructions of ours for one call.
BOUNDS = {1: 19800, 100: 12200}
# Of the loop, how often they run depends on the scheduler.
PER_TURN = {"grille_loop_turn", "poll_events", "grille_poller_budget", "grille_poller_round", "sleep_for_events"}


def functions_of(path):
    """Names that archives define, the static ones too: what nm said of them."""
    names = set()
    for line in Path(path).read_text().splitlines():
        words = line.split()
        if len(words) == 3 and words[1] in "tT":
            names.add(words[2].split(".")[0])
    return names


def costs_of(path, events=("Ir",)):
    """Instructions (or other events) of each function itself, by its name. The format: Valgrind's manual, "Callgrind
    Format"; events at the end of a line that are 0 may be left out."""
    names, costs = {}, collections.Counter()
    function, is_call = None, False
    columns = []
    for line in path.read_text().splitlines():
        if line.startswith("events:"):
            columns = [line.split().index(event) for event in events]
        named = re.match(r"c?fn=\((\d+)\)(?: (.*))?", line)
        if named:
            if named.group(2):
                names[named.group(1)] = named.group(2)
            if line.startswith("fn="):
                function = names[named.group(1)]
        elif line.startswith("calls="):
            is_call = True
        elif re.match(r"[0-9+*-]", line):
            if not is_call:
                words = line.split()
                costs[function] += sum(int(words[column]) for column in columns if column < len(words))
            is_call = False
    return costs


@contextlib.contextmanager
def dumps_of(command, idle, calls, *options, **how):
    """One of callgrind's files for each load of calls_cost_test: so many calls one by one, so many a hundred at a time,
    beside so many idle connections."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "callgrind"
        valgrind = ["valgrind", "-q", "--tool=callgrind", "--instr-atstart=no", f"--callgrind-out-file={out}", *options]
        subprocess.run([*valgrind, *command, "beside", str(idle), *map(str, calls)], check=True, timeout=240, **how)
        yield [Path(f"{out}.{number}") for number, _ in enumerate(calls, 1)]


def is_within(in_flight, costs, ours):
    each = {name: cost / CALLS for name, cost in costs.items() if name.split("'")[0].split(".")[0] in ours}
    total = sum(each.values())
    print(f"{in_flight} in flight: {total:.0f} instructions of ours for one call, at most {BOUNDS[in_flight]}")
    for name, cost in sorted(each.items(), key=lambda item: -item[1])[:12]:
        print(f"    {cost:7.1f}  {name}")
    return BOUNDS[in_flight] / 2 < total <= BOUNDS[in_flight]


def main():
    functions, *command = sys.argv[1:]
    ours = functions_of(functions) - PER_TURN
    with dumps_of(command, 0, [CALLS, CALLS]) as dumps:
        within = [is_within(in_flight, costs_of(dump), ours) for in_flight, dump in zip(BOUNDS, dumps)]
    if not all(within):
        sys.exit("the count left its bounds: if more is really needed, measure again and say why")


if __name__ == "__main__":
    main()
