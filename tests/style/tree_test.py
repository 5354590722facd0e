#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Goal: rules that no compiler checks hold in the whole tree: who may include what, lengths, and no loose ends."""

import os
import re
import sys
from pathlib import Path

FUNCTION_LINES_MAX = 70
FILE_LINES_MAX = 300
# Files longer than that, and why.
LONG_FILES = {
    "runtime/include/grille/reason_map.h": "one table of all reasons",
    "runtime/wire/limits.h": "one table of all limits",
    "runtime/session/private.h": "the state of one machine, in one place",
    "runtime/loop/submit.c": "a call's way to its loop and back, in one place",
    "examples/cryptor/transactions.c": "one job, read from top to bottom",
}
# What may be included only below these folders.
INCLUDES = [
    (r"wolfssl/", ["runtime/crypto/", "runtime/secure/tls"]),
    (r"protobuf-c/|pb\.h|pb_(en|de)code\.h|pb_common\.h", ["runtime/codec/"]),
    (r"uv\.h", ["runtime/loop/"]),
    (r"sys/sdt\.h", ["runtime/base/probe.h"]),
    (r"sys/socket\.h|sys/un\.h|netinet/|linux/vm_sockets\.h", ["runtime/loop/", "runtime/boot/ground"]),
]
# Rooms of runtime/ and which others each includes from; all include grille/. The gate compiles without a sandbox, where a
# wrong arrow would only show in a link.
ARROWS = {
    "base": "",
    "wire": "base",
    "crypto": "base wire",
    "codec": "base wire",
    "session": "base wire",
    "nsm": "base wire crypto",
    "attest": "base wire crypto nsm",
    "boot": "base wire nsm attest",
    "secure": "base wire crypto attest",
    "rpc": "base wire session codec attest",
    "loop": "base wire crypto session attest secure rpc",
    "services": "base wire attest rpc loop",
    "egress": "base wire attest loop",
    "kms": "base wire crypto nsm attest secure loop egress",
    "include": "",
}
# Calls that pure rooms don't make: clocks, randomness, memory.
PURE = {
    "runtime/wire/": r"\b(clock_gettime|gettimeofday|time|getrandom|rand|random|malloc|calloc|realloc|free)\(",
    "runtime/session/": r"\b(clock_gettime|gettimeofday|time|getrandom|rand|random)\(",
}


def sources(*suffixes):
    for folder in ["runtime", "codegen", "tools", "examples"]:
        for path in sorted(Path(folder).rglob("*")):
            if path.suffix in suffixes and "golden" not in path.parts and path.is_file():
                yield path


def peer_sources(*suffixes):
    """Agents of other frameworks, in their languages."""
    for path in sorted(Path("bench/peers").rglob("*")):
        if path.suffix in suffixes and path.is_file():
            yield path


def without_comments(text):
    return re.sub(r"/\*.*?\*/|//[^\n]*", lambda match: "\n" * match.group(0).count("\n"), text, flags=re.DOTALL)


def functions(text):
    """Yields (line, length) of each function body: from a line that ends in `) {` to the `}` in its first column."""
    start = None
    for number, line in enumerate(text.splitlines(), 1):
        if start is None and re.match(r"^[A-Za-z].*\) \{$|^ +.*\) \{$", line) and not re.match(r"^ +(if|for|while|switch|\})", line):
            start = number
        elif line.startswith("}"):
            if start is not None:
                yield start, number - start + 1
            start = None


def long_functions():
    return ["%s:%d: a function of %d lines" % (path, line, length) for path in sources(".c")
            for line, length in functions(path.read_text()) if length > FUNCTION_LINES_MAX]


def long_files():
    return ["%s: %d lines" % (path, lines) for path in [*sources(".c", ".h"), *peer_sources(".cc", ".h", ".go", ".py")]
            for lines in [path.read_text().count("\n")] if lines > FILE_LINES_MAX and str(path) not in LONG_FILES]


def loose_ends():
    return ["%s: %s" % (path, mark) for path in [*sources(".c", ".h", ".sh", ".bzl", ".proto"),
                                                    *peer_sources(".cc", ".h", ".go", ".sh", ".py", ".proto")]
            for mark in ["TO" + "DO", "FIX" + "ME", "X" * 3 + ":"] if mark in path.read_text()]


def wrong_includes():
    found = []
    for path in sources(".c", ".h"):
        if not str(path).startswith("runtime/"):
            continue
        for name in re.findall(r'^#include [<"]([^>"]+)[>"]', path.read_text(), re.MULTILINE):
            for pattern, places in INCLUDES:
                if re.match(pattern, name) and not any(str(path).startswith(place) for place in places):
                    found.append("%s: includes %s, which only %s may" % (path, name, places))
    return found


def wrong_arrows():
    found, rooms = [], {path.name for path in Path("runtime").iterdir() if path.is_dir()}
    found += ["runtime/%s: what may it include?" % room for room in sorted(rooms ^ set(ARROWS))]
    for path in sources(".c", ".h"):
        if path.parts[0] != "runtime" or path.parts[1] not in ARROWS:
            continue
        allowed = {path.parts[1], *ARROWS[path.parts[1]].split()}
        found += ["%s: includes %s/, which its room may not" % (path, name)
                  for name in re.findall(r'^#include "(\w+)/', path.read_text(), re.MULTILINE)
                  if name in rooms and name not in allowed]
    return found


def impure_calls():
    return ["%s: calls %s" % (path, match.group(1)) for path in sources(".c", ".h") for room, pattern in PURE.items()
            if str(path).startswith(room) for match in re.finditer(pattern, without_comments(path.read_text()))]


def without_licence():
    return ["%s: no SPDX line" % path
            for path in [*(path for path in sources(".c", ".h")
                           if str(path).startswith(("runtime/", "tools/", "examples/"))),
                         *peer_sources(".cc", ".h", ".go", ".sh", ".py", ".proto")]
            if "SPDX-License-Identifier: Apache-2.0" not in path.read_text()[:200]]


def peers_hold_only_what_was_written():
    """Nothing generated, built or taken from others lies there."""
    return ["%s: what is it?" % path for path in sorted(Path("bench/peers").rglob("*")) if path.is_file() and (
        path.suffix not in {".cc", ".h", ".go", ".sh", ".py", ".proto"} or re.search(r"\.pb\.|_pb2?\.|\.pb$", path.name)
        or re.search(r"(?i)generated by|do not edit", path.read_text()[:1000]))]


def refusals_say_what_was_observed_and_expected():
    """Likely cause and next step of an ATTEST- reason are added from runtime/base/advice.h; the format says the rest."""
    found, seen = [], 0
    for path in sources(".c"):
        for match in re.finditer(r"grille_error_set\(\s*[^,]+,\s*(GRILLE_REASON_ATTEST_\w+),\s*((?:\"(?:[^\"\\]|\\.)*\"\s*|PRI\w+\s*)+)",
                                 without_comments(path.read_text())):
            seen += 1
            text = "".join(re.findall(r"\"((?:[^\"\\]|\\.)*)\"", match.group(2)))
            found += ["%s: %s: no \"%s\": %s" % (path, match.group(1), word, text)
                      for word in ["observed", "expected"] if word not in text]
    return found if seen > 40 else ["%d texts: are they here?" % seen]


def enough_is_looked_at():
    seen = sum(1 for path in sources(".c") for _ in functions(path.read_text()))
    peers = {path.suffix for path in peer_sources(".cc", ".go")}
    return [] if len(list(sources(".c", ".h"))) > 250 and seen > 1000 and len(peers) == 2 else ["%d functions: is the tree here?" % seen]


def main():
    failures = 0
    os.chdir(Path(__file__).resolve().parents[2])
    for rule in [enough_is_looked_at, long_functions, long_files, loose_ends, wrong_includes, wrong_arrows, impure_calls,
                 without_licence, peers_hold_only_what_was_written, refusals_say_what_was_observed_and_expected]:
        name = rule.__name__.replace("_", " ")
        print("[ RUN      ] " + name)
        found = rule()
        for line in found:
            print("  " + line)
        print(("[  FAILED  ] " if found else "[       OK ] ") + name)
        failures += bool(found)
    return failures != 0


sys.exit(main())
