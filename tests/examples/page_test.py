#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Goal: a page of docs/ is true: its commands run as they stand and print what it shows, and the code that it shows is
that of the examples. Arguments: the page, and the examples' folders; a page of commands has none."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SOURCES = ["*.c", "*.proto", "BUILD"]
END = "--- end of block"
# Command blocks that a page has at least.
BLOCKS = {"simulated-nsm.md": 4, "benchmarking.md": 6}

# Each block is a step of one shell. After a command that starts something, its socket is waited for, as people do.
SHELL = """
step() {
    eval "$1" 2>&1
    case $1 in *'&
') socket=${1#*unix:}; for _ in {1..500}; do [ -S "${socket%% *}" ] && break; sleep 0.02; done ;; esac
}
"""


class Page:
    def __init__(self, text):
        self.blocks = [(match.group(1), match.group(2)) for match in BLOCK.finditer(text)]

    def commands(self):
        """Pairs of a command block and what the text block right after it shows, or None."""
        following = self.blocks[1:] + [("", "")]
        return [(body, after if kind == "text" else None)
                for (language, body), (kind, after) in zip(self.blocks, following) if language == "sh"]

    def code(self):
        return [(language, body) for language, body in self.blocks if language not in ("sh", "text")]


def run_steps(steps, folder):
    """Runs all command blocks in one shell; returns what each printed and the status of the last one."""
    quoted = ["step '%s'; status=$?; echo '%s'" % (body.replace("'", "'\\''"), END) for body in steps]
    done = subprocess.run(["/bin/bash"], input=SHELL + "\n".join(quoted) + "\nexit $status\n", cwd=folder, timeout=120,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    outputs = done.stdout.split(END + "\n")
    return outputs[:-1], done.returncode


def matches(shown, output):
    """Every line that the page shows was printed; `…` stands for anything."""
    for line in shown.splitlines():
        pattern = ".*".join(re.escape(part) for part in line.split("…"))
        if not re.search("^%s$" % pattern, output, re.MULTILINE):
            return False
    return True


def expect(condition, what):
    print("[ RUN      ] %s\n%s %s" % (what, "[       OK ]" if condition else "[  FAILED  ]", what), flush=True)
    return 0 if condition else 1


def main():
    page = Page(Path(sys.argv[1]).read_text())
    folder = Path(tempfile.mkdtemp(prefix="page.", dir="/tmp"))
    failures = 0
    try:
        os.symlink(Path.cwd(), folder / "bazel-bin")
        os.symlink(Path.cwd() / "tests", folder / "tests")
        # The build has been made: the test has the programs.
        (folder / "run").write_text('#!/bin/bash\n[ "$*" = build ]\n')
        (folder / "run").chmod(0o755)
        steps = page.commands()
        outputs, status = run_steps([body for body, _ in steps], folder)
        failures += expect(len(outputs) == len(steps) >= BLOCKS.get(Path(sys.argv[1]).name, 9), "every command runs")
        failures += expect(status == 0, "the last command ends with status 0")
        for (body, shown), output in zip(steps, outputs):
            name = " ".join(body.split()[:2]) + " …"
            if shown is None:
                good = not re.search("usage:|No such file|not found|can't|cannot|rror", output)
            else:
                good = matches(shown, output)
            failures += expect(good, "block %d, %s" % (steps.index((body, shown)) + 1, name))
            if not good:
                print(output)
    finally:
        shutil.rmtree(folder)
    sources = [path.read_text() for folder in sys.argv[2:] for name in SOURCES for path in Path(folder).glob(name)]
    for index, (language, body) in enumerate(page.code()):
        failures += expect(any(body in source for source in sources), "code %d (%s) is the example's" % (index, language))
    failures += expect(len(page.code()) >= 4 or not sources, "the page shows code")
    return failures != 0


sys.exit(main())
