#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Goal: a page of docs/ is true: its commands run as they stand and print what it shows, and the code that it shows is
that of the examples. Arguments: the page, and the examples' folders; a page of commands has none.

A block of commands may name its place: `sh vm` boots machines and runs with --vm before the other arguments, and so does
`sh nitro`, with a nitro-cli that only notes what it is asked for; `sh hardware` needs Nitro itself: it must be the same
call as one that ran."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

BLOCK = re.compile(r"^```(\w+)(?: (\w+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SOURCES = ["*.c", "*.proto", "BUILD"]
END = "--- end of block"
# Command blocks that a page has at least.
BLOCKS = {"simulated-nsm.md": 4, "benchmarking.md": 6, "kms-emulator.md": 8}

# In the place of Nitro's: it starts what it is told to, and says so.
NITRO_CLI = """#!/bin/bash
echo "$*" >>asked
case $1 in
run-enclave) echo '{"EnclaveName": "greeter", "EnclaveID": "i-0-enc0", "ProcessID": 1, "EnclaveCID": 16, "NumberOfCPUs": 2,
    "CPUIDs": [1, 3], "MemoryMiB": 256}' ;;
terminate-enclave) echo '{"EnclaveName": "greeter", "EnclaveID": "i-0-enc0", "Terminated": true}' ;;
*) echo '[]' ;;
esac
"""
ASKED = ["run-enclave --enclave-name greeter --eif-path bazel-bin/examples/greeter/greeter_nitro_image.eif --cpu-count 2 "
         "--memory 256", "terminate-enclave --enclave-name greeter"]

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
        self.blocks = [match.groups() for match in BLOCK.finditer(text)]

    def commands(self, places):
        """Pairs of a command block of these places and what the text block right after it shows, or None."""
        following = self.blocks[1:] + [("", None, "")]
        return [(said_in_full(body, place), after if kind == "text" else None)
                for (language, place, body), (kind, _, after) in zip(self.blocks, following)
                if language == "sh" and place in places]

    def code(self):
        return [(language, body) for language, _, body in self.blocks if language not in ("sh", "text")]


def said_in_full(body, place):
    """What `grille enclave` finds out of the machine that it is on."""
    if place == "vm":
        return body.replace("grille enclave run", "grille enclave run --accel tcg")
    if place == "nitro":
        return re.sub(r"grille enclave (run|terminate)", r"grille enclave \1 --on nitro", body)
    return body


def run_steps(steps, folder):
    """Runs all command blocks in one shell; returns what each printed, and their statuses."""
    quoted = ["step '%s'; echo \"%s$?\"" % (body.replace("'", "'\\''"), END) for body in steps]
    done = subprocess.run(["/bin/bash"], input=SHELL + "\n".join(quoted) + "\n", cwd=folder, timeout=120,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    parts = re.split(END + r"(\d+)\n", done.stdout)
    return parts[:-1:2], [int(status) for status in parts[1::2]]


def matches(shown, output):
    """Every line that the page shows was printed; `…` stands for anything."""
    for line in shown.splitlines():
        pattern = ".*".join(re.escape(part) for part in line.split("…"))
        if not re.search("^%s$" % pattern, output, re.MULTILINE):
            return False
    return True


def make_nitro(folder):
    """A nitro-cli, and the image that only its kernel could boot."""
    (folder / "bin").mkdir()
    (folder / "bin/nitro-cli").write_text(NITRO_CLI)
    (folder / "bin/bazel").write_text('#!/bin/bash\n[ "$*" = "build //examples/greeter:greeter_nitro_image" ]\n')
    for program in (folder / "bin").iterdir():
        program.chmod(0o755)
    os.environ["PATH"] = "%s:%s" % (folder / "bin", os.environ["PATH"])
    greeter = folder / "bazel-bin/examples/greeter"
    for ending in ("eif", "measurements.json"):
        shutil.copy(greeter / ("greeter_image." + ending), greeter / ("greeter_nitro_image." + ending))


def expect(condition, what):
    print("[ RUN      ] %s\n%s %s" % (what, "[       OK ]" if condition else "[  FAILED  ]", what), flush=True)
    return 0 if condition else 1


def make_folder(folder, vm):
    if vm:
        subprocess.run(["cp", "-rs", Path.cwd(), folder / "bazel-bin"], check=True)
        make_nitro(folder)
        os.environ["XDG_RUNTIME_DIR"] = str(folder)
    else:
        os.symlink(Path.cwd(), folder / "bazel-bin")
    os.symlink(Path.cwd() / "tests", folder / "tests")
    # The build has been made: the test has the programs.
    (folder / "run").write_text('#!/bin/bash\n[ "$*" = build ]\n')
    (folder / "run").chmod(0o755)


def main():
    vm = sys.argv[1] == "--vm"
    if vm:
        del sys.argv[1]
    page = Page(Path(sys.argv[1]).read_text())
    folder = Path(tempfile.mkdtemp(prefix="page.", dir="/tmp"))
    failures = 0
    try:
        make_folder(folder, vm)
        steps = page.commands([None, "vm", "nitro"] if vm else [None])
        outputs, statuses = run_steps([body for body, _ in steps], folder)
        failures += expect(len(outputs) == len(steps) >= BLOCKS.get(Path(sys.argv[1]).name, 9), "every command runs")
        failures += expect(statuses[-1:] == [0], "the last command ends with status 0")
        for (body, shown), output, status in zip(steps, outputs, statuses):
            name = " ".join(body.split()[:2]) + " …"
            if shown is None:
                good = status == 0 and not re.search("usage:|No such file|not found|can't|cannot|rror", output)
            else:
                good = matches(shown, output)
            failures += expect(good, "block %d, %s" % (steps.index((body, shown)) + 1, name))
            if not good:
                print(output)
        if vm:
            asked = [line for line in (folder / "asked").read_text().splitlines() if not line.startswith("describe")]
            failures += expect(asked == ASKED, "nitro-cli is asked for the same")
            ran = "\n".join(body for body, _ in steps)
            failures += expect(all(body in ran for body, _ in page.commands(["hardware"])), "what needs Nitro has run before")
    finally:
        if vm:
            subprocess.run(["bazel-bin/tools/grille/grille", "enclave", "terminate", "--on", "qemu", "--all"], cwd=folder)
        shutil.rmtree(folder)
    sources = [path.read_text() for folder in sys.argv[2:] for name in SOURCES for path in Path(folder).glob(name)]
    for index, (language, body) in enumerate(page.code()):
        failures += expect(any(body in source for source in sources), "code %d (%s) is the example's" % (index, language))
    failures += expect(len(page.code()) >= 4 or not sources, "the page shows code")
    return failures != 0


sys.exit(main())
