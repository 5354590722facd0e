#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Goal: a call costs the same whether one other stream stands open on its connection or ten thousand do.

callgrind counts a program that makes so many calls, and more: the difference is what they cost. Only functions of
runtime/ are summed, as in instructions_test.py."""

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


def instructions(program, ours, streams, calls):
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "callgrind"
        command = ["valgrind", "-q", "--tool=callgrind", f"--callgrind-out-file={out}"]
        subprocess.run([*command, program, str(streams), str(calls)], check=True, timeout=240)
        costs = costs_of(out)
        return sum(cost for name, cost in costs.items() if name.split("'")[0].split(".")[0] in ours)


def main():
    functions, program = sys.argv[1:]
    ours = functions_of(functions)
    runs = [(streams, calls) for streams in (MANY, FEW) for calls in (MORE_CALLS, CALLS)]
    with ThreadPoolExecutor(2) as pool:
        counts = dict(zip(runs, pool.map(lambda run: instructions(program, ours, *run), runs)))
    few, many = ((counts[at, MORE_CALLS] - counts[at, CALLS]) / (MORE_CALLS - CALLS) for at in (FEW, MANY))
    print(f"instructions of ours for one call: {few:.0f} beside {FEW} stream, {many:.0f} beside {MANY}; at most {MOST} times")
    if few < 100 or many > MOST * few:
        sys.exit("a call costs more where many streams stand open: something walks over them")


if __name__ == "__main__":
    main()
