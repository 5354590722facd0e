#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Goal: docs/protocol.md suffices. A second implementation that was written from it calls the real server.

usage: interop_test.py SERVER PARENT GRILLE MEASURE [--record | --random COUNT]

--record prints a new example for the page; --random plays so many seeds of everything at once and nothing else.
"""

import os
import sys
import traceback

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.getcwd(), "tests/interop"))

import bad_gate_cases  # noqa: E402
import bad_frame_cases  # noqa: E402
import call_cases  # noqa: E402
import epoch_cases  # noqa: E402
import gate_cases  # noqa: E402
import page  # noqa: E402
import random_cases  # noqa: E402
import responder_cases  # noqa: E402
import reverse_cases  # noqa: E402
import stream_cases  # noqa: E402
from world import World  # noqa: E402

GROUPS = [
    ("page", [page.the_example_of_the_page, page.the_reading_of_the_example]),
    ("gate", gate_cases.CASES),
    ("bad gate", bad_gate_cases.CASES),
    ("epoch", epoch_cases.CASES),
    ("call", call_cases.CASES),
    ("stream", stream_cases.CASES),
    ("bad frame", bad_frame_cases.CASES),
    ("random", random_cases.CASES),
    ("responder", responder_cases.CASES),
    ("reverse", reverse_cases.CASES),
]


def every_server_ends_well(world):
    for status, errors in world.end_servers():
        assert status == 0, errors


GROUPS.append(("end", [every_server_ends_well]))


def run(world, group, case):
    name = "%s: %s" % (group, case.__name__.replace("_", " "))
    print("[ RUN      ] " + name, flush=True)
    try:
        case(world)
    except Exception:
        traceback.print_exc(file=sys.stdout)
        print("[  FAILED  ] " + name, flush=True)
        return 1
    print("[       OK ] " + name, flush=True)
    return 0


def main(server, parent, grille, measure, *rest):
    world = World(server, parent, grille, measure)
    groups = GROUPS
    try:
        if rest[:1] == ("--record",):
            return page.record(world)
        if rest[:1] == ("--random",):
            groups = [("random", random_cases.cases(int(rest[1]))), GROUPS[-1]]
        return sum(run(world, group, case) for group, cases in groups for case in cases)
    finally:
        world.close()


sys.exit(bool(main(*sys.argv[1:])))
