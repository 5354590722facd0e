#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Each row of runtime/wire/limits.h has a line in limits.txt: the test that goes one over it, or why no peer can.

A line is `LIMIT FILE: CASE`. The file must run the case, and its code must have the limit's name: a test that writes the
number would go on passing when the limit has changed. `LIMIT -- REASON` is for what a peer can't go over.
"""
import os
import re
import sys

TABLE = os.path.realpath(sys.argv[1])
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(TABLE)))


def read(name):
    with open(os.path.join(ROOT, name), encoding="utf-8") as file:
        return file.read()


def fault_of(limit, rest):
    if rest.startswith("-- "):
        return None if len(rest) > 20 else "the reason is too short"
    match = re.fullmatch(r"(\S+\.c): (\w+)", rest)
    if not match:
        return "neither a test nor a reason"
    name, case = match.groups()
    if not os.path.isfile(os.path.join(ROOT, name)):
        return "no file " + name
    code = re.sub(r"/\*.*?\*/", "", read(name), flags=re.S)
    if not re.search(r"^static void %s\(void \*\*state\)" % case, code, re.M):
        return "no case \"%s\" in %s" % (case, name)
    if not re.search(r"\b%s\b" % case, code[code.index("struct CMUnitTest"):]):
        return "%s does not run %s" % (name, case)
    if not re.search(r"\b%s\b" % limit, code):
        return "the code of %s does not have its name" % name
    return None


def main():
    limits = re.findall(r"^#define (GRILLE_\w+)[ \t]+\S", read("runtime/wire/limits.h"), re.M)
    lines = [line for line in read(TABLE).splitlines() if line and not line.startswith("#")]
    table = dict(line.split(None, 1) for line in lines)
    twice = sorted(set(limit for limit in table if sum(line.split()[0] == limit for line in lines) > 1))
    for limit in twice:
        print(limit + ": has more than one line")
    failed = len(limits) < 50 or len(twice) > 0
    for limit in sorted(set(limits) | set(table)):
        print("[ RUN      ]", limit)
        if limit not in table:
            fault = "limits.txt has no line for it"
        elif limit not in limits:
            fault = "limits.h has no such limit"
        else:
            fault = fault_of(limit, table[limit].strip())
        if fault:
            print(limit + ":", fault)
            failed = True
        print("[  FAILED  ]" if fault else "[       OK ]", limit)
    return 1 if failed else 0


sys.exit(main())
