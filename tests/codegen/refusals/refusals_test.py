#!/usr/bin/python3
"""Runs the plugins on what they refuse and compares every word of what they say.

usage: refusals_test.py CASES PLUGIN…

CASES is a text of cases:
  == what is refused
  -- run PLUGIN [PARAMETER…] FILE…      (`c`, `nanopb` or `grille`; a parameter holds a `=`)
  -- file NAME                          and its contents
  -- says                               and the expected error, line by line; nothing: it is accepted
"""
import os
import subprocess
import sys
import tempfile


def read_cases(path):
    cases, part = [], None
    with open(path) as lines:
        for line in lines.read().splitlines():
            if line.startswith("== "):
                cases.append({"name": line[3:], "files": {}, "says": []})
                part = None
            elif line.startswith("-- run "):
                cases[-1]["run"] = line[len("-- run "):].split()
            elif line.startswith("-- file "):
                part = cases[-1]["files"].setdefault(line[len("-- file "):], [])
            elif line == "-- says":
                part = cases[-1]["says"]
            elif part is not None:
                part.append(line)
    return cases


def run(case, plugins, folder):
    name = {"c": "grille-c", "nanopb": "grille-nanopb", "grille": "grille"}[case["run"][0]]
    for path, lines in case["files"].items():
        full = os.path.join(folder, path)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, "w") as out:
            out.write("\n".join(lines).rstrip("\n") + "\n")
    os.makedirs(os.path.join(folder, "out"))
    command = ["protoc", "--plugin=protoc-gen-%s=%s" % (name, plugins["protoc-gen-" + name]), "--%s_out=out" % name, "-I.",
               "-I/usr/include"]
    for argument in case["run"][1:]:
        command.append("--%s_opt=%s" % (name, argument) if "=" in argument else argument)
    result = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    said = [line.replace("--%s_out: " % name, "") for line in result.stdout.splitlines()]
    said = [line for line in said if ": warning: " not in line]
    written = [name for _, _, names in os.walk(os.path.join(folder, "out")) for name in names]
    return result.returncode, said, written


def check(case, plugins):
    with tempfile.TemporaryDirectory() as folder:
        status, said, written = run(case, plugins, folder)
    expected = [line for line in case["says"] if line]
    problems = []
    if said != expected:
        problems.append("said:\n" + "\n".join(said) + "\nexpected:\n" + "\n".join(expected))
    if bool(expected) != bool(status):
        problems.append("exit status %d" % status)
    if bool(expected) == bool(written):
        problems.append("wrote %s" % written)
    return problems


def main(path, *binaries):
    plugins = {os.path.basename(binary): os.path.abspath(binary) for binary in binaries}
    failed = 0
    for case in read_cases(path):
        print("[ RUN      ]", case["name"], flush=True)
        problems = check(case, plugins)
        print("\n".join(problems) + "\n" if problems else "", end="")
        print("[  FAILED  ]" if problems else "[       OK ]", case["name"])
        failed += bool(problems)
    return failed != 0


sys.exit(main(*sys.argv[1:]))
