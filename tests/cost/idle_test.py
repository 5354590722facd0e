#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Goal: a call costs the same beside hundreds of connections that stand verified and carry nothing as beside none, at both
ends together, and so does what a loop does ten times a second: nothing walks over connections.

callgrind counts a server and a caller in one process once all stands (calls_cost_test.c): instructions of our own functions,
and with a simulated cache, the same on any machine, how often they touch a line of memory that was not used a moment ago.
A walk takes more than so many instructions for each connection, and fetches a line of each. What a timer of a loop costs is
that function with all that it calls. System calls and heap calls are counted by calls_cost_test itself, without valgrind."""

import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

from instructions_test import PER_TURN, costs_of, dumps_of, functions_of

IDLE = 256
CALLS = {"one in flight": 400, "100 in flight": 1000}
# For each idle connection and call, or tick. Which memory a connection has given back and takes again depends on pauses
# that the machine makes: that is some hundred instructions and some ten lines of a call, now and then more. The least of some
# attempts counts: a walk is in each.
MOST_INSTRUCTIONS, MOST_LINES = 3, 0.4
ATTEMPTS = 3
CACHE = ["--cache-sim=yes", "--I1=32768,8,64", "--D1=32768,8,64", "--LL=65536,16,64"]
# What a loop does when it tidies up. How many bytes it wipes then, and what it frees of calls that are over, depends on the
# calls before it: that is left out, as (function, caller).
TICK = "on_tidy"
OF_CALLS = (("grille_wipe", "grille_loop_wipe"), ("grille_depot_trim", TICK))


def calls_of(path, function, caller=None):
    """How often the function was called (by the caller), and the instructions of it with all that it called."""
    names, calling, called, calls, times, cost = {}, None, None, None, 0, 0
    for line in path.read_text().splitlines():
        named = re.match(r"c?fn=\((\d+)\)(?: (.*))?", line)
        if named:
            if named.group(2):
                names[named.group(1)] = named.group(2)
            if line.startswith("cfn="):
                called = names[named.group(1)]
            else:
                calling = names[named.group(1)]
        elif line.startswith("calls="):
            calls = int(line.split("=")[1].split()[0])
        elif calls is not None:
            if called == function and caller in (None, calling):
                times, cost = times + calls, cost + int(line.split()[1])
            calls = None
    return times, cost


def count(command, ours, idle, cpu):
    """For each load: instructions and lines of ours for a call, instructions of a tick."""
    how = {"stdout": subprocess.DEVNULL, "preexec_fn": lambda: os.sched_setaffinity(0, {cpu})}
    with dumps_of(command, idle, CALLS.values(), *CACHE, **how) as dumps:
        found = {}
        for (load, calls), dump in zip(CALLS.items(), dumps):
            for_a_call = [
                sum(cost for name, cost in costs_of(dump, events).items() if name.split("'")[0].split(".")[0] in ours) / calls
                for events in (("Ir",), ("D1mr", "D1mw"))
            ]
            ticks, cost = calls_of(dump, TICK)
            if ticks == 0:
                sys.exit(f"{load}: no loop has tidied up: {TICK} is not what it was, or nothing was counted")
            cost -= sum(calls_of(dump, *each)[1] for each in OF_CALLS)
            found[load] = (*for_a_call, cost / ticks)
        return found


def walks_of(least):
    """What costs more beside idle connections than it may."""
    walks = []
    for load in CALLS:
        few, many = least[0, load], least[IDLE, load]
        for what, at, most in (("instructions of a call", 0, MOST_INSTRUCTIONS), ("lines of a call", 1, MOST_LINES),
                               ("instructions of a tick", 2, MOST_INSTRUCTIONS)):
            print(f"{load}: {what}: {few[at]:.0f} beside none, {many[at]:.0f} beside {IDLE}; at most {most * IDLE:.0f} more")
            if few[at] < 1 or many[at] > few[at] + most * IDLE:
                walks.append(f"{load}: {what}")
    return walks


def main():
    functions, *command = sys.argv[1:]
    ours = functions_of(functions) - PER_TURN
    known = {TICK, *(name for each in OF_CALLS for name in each)}
    if not ours.issuperset(known):
        sys.exit(f"runtime/ has no {', '.join(sorted(known - ours))}: name here what a loop does when it tidies up")
    cpus = sorted(os.sched_getaffinity(0))
    least = {}
    for _ in range(ATTEMPTS):
        with ThreadPoolExecutor(2) as pool:
            for idle, found in zip((0, IDLE), pool.map(lambda *how: count(command, ours, *how), (0, IDLE), (cpus[0], cpus[-1]))):
                for load, costs in found.items():
                    least[idle, load] = [min(pair) for pair in zip(costs, least.get((idle, load), costs))]
        walks = walks_of(least)
        if not walks:
            return
    sys.exit("more beside connections that stand idle: something walks over them: " + "; ".join(walks))


if __name__ == "__main__":
    main()
