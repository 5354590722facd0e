#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Goal: neither the bytes on the parent's socket nor the parent's memory hold a card number or the data key, and the
enclave's memory holds none once its call has ended.

The search is shown to find what is there: the sealed file in the parent, card numbers and key in the owner.
"""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, "tests/examples")
from process_memory import memory_of  # noqa: E402, in the test's folder

BIN = Path.cwd()
PROGRAMS = BIN / "examples/cryptor"


def luhn_number(index):
    digits = "4%014d" % (index * 104729 % 10**14)
    total = 0
    for at, digit in enumerate(digits):
        value = int(digit)
        if at % 2 == 0:
            value = value * 2 - 9 if value > 4 else value * 2
        total += value
    return digits + str(-total % 10)


def spelled(number, index):
    """As people write card numbers: bare, in fours, with dashes."""
    separator = ["", " ", "-"][index % 3]
    return separator.join(number[at : at + 4] for at in range(0, 16, 4))


def make_file(path, count):
    """Writes transactions; returns all spellings of the card numbers in it, as bytes."""
    spellings = set()
    lines = ["card,merchant,amount"]
    for index in range(1, count + 1):
        number = luhn_number(index)
        text = spelled(number, index)
        spellings |= {number.encode(), text.encode()}
        lines.append("%s,Merchant %d,%d.%02d" % (text, index % 9, index, index % 100))
    path.write_text("\n".join(lines) + "\n")
    return spellings


class Search:
    """One pass over bytes for many needles: by a regular expression of what all card numbers look like, then a set."""

    CARD = re.compile(rb"(?=([0-9]{16}|[0-9]{4}([ -])[0-9]{4}\2[0-9]{4}\2[0-9]{4}))")

    def __init__(self, spellings, key):
        self.spellings = spellings
        self.key = key
        self.seen = {"cards": set(), "key": 0}
        self.searched = 0

    def take(self, data):
        self.searched += len(data)
        self.seen["cards"] |= {match.group(1) for match in self.CARD.finditer(data)} & self.spellings
        self.seen["key"] += data.count(self.key) + data.count(self.key.hex().encode())

    def hits(self):
        return len(self.seen["cards"]) + self.seen["key"]


def search_process(pid, search):
    for data in memory_of(pid):
        search.take(data)
    return search


class World:
    """A folder with everything that the demo has, and its processes."""

    def __init__(self, lines):
        self.folder = Path(tempfile.mkdtemp(prefix="cryptor-memory.", dir="/tmp"))
        self.children = []
        for name in ["blobs", "owner"]:
            (self.folder / name).mkdir()
        self.run(BIN / "tools/grille/grille", "sim", "init", self.folder / "nsm")
        self.run(BIN / "tools/grille/grille", "identity", "new", "ca", self.folder / "ca")
        self.run(BIN / "tools/grille/grille", "identity", "new", "x509", self.folder / "parent", "--ca",
                 self.folder / "ca", "--name", "spiffe://acme.example/parent")
        for name in ["enclave.policy.yaml", "parent.policy.yaml", "measurements.json"]:
            shutil.copy(PROGRAMS / name, self.folder)
        self.file = self.folder / "file.csv"
        self.spellings = make_file(self.file, lines)
        self.lines = lines
        self.tapped = self.folder / "tapped"
        self.enclave = self.start(PROGRAMS / "cryptor_enclave", "unix:%s/enclave" % self.folder,
                                  self.folder / "enclave.policy.yaml", self.folder / "nsm")
        self.wait_for(self.folder / "enclave")
        self.start(PROGRAMS / "cryptor_tap", self.folder / "tap", self.folder / "enclave", self.tapped)
        self.wait_for(self.folder / "tap")

    def run(self, *arguments):
        done = subprocess.run([str(one) for one in arguments], stdin=subprocess.DEVNULL, capture_output=True, timeout=60)
        if done.returncode != 0:
            raise AssertionError("%s: status %d: %s" % (arguments, done.returncode, done.stderr.decode()))
        return done.stdout.decode()

    def start(self, *arguments, **pipes):
        child = subprocess.Popen([str(one) for one in arguments], **pipes)
        self.children.append(child)
        return child

    def wait_for(self, path):
        for _ in range(500):
            if path.exists():
                return
            time.sleep(0.02)
        raise AssertionError("%s does not come" % path)

    def owner(self, *arguments):
        return self.run(PROGRAMS / "cryptor_owner", *arguments)

    def parent_arguments(self, what):
        return [PROGRAMS / "cryptor_parent", what, "unix:%s/tap" % self.folder, self.folder / "parent.policy.yaml",
                self.folder / "parent/identity.pem", self.folder / "parent/identity.key", self.folder / "blobs"]

    def holding_parent(self, what):
        """A parent that has made its call and waits, channel open."""
        parent = self.start(*self.parent_arguments(what), "hold", stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        for line in parent.stdout:
            if line == b"holding\n":
                return parent
        raise AssertionError("the parent has ended: %s" % parent.wait())

    @staticmethod
    def release(parent):
        parent.stdin.close()
        status = parent.wait(timeout=60)
        assert status == 0, "the parent ended with %d" % status

    def search(self):
        return Search(self.spellings, (self.folder / "owner/data-key").read_bytes())

    def close(self):
        for child in self.children:
            if child.poll() is None:
                child.terminate()
            child.wait(timeout=60)
        shutil.rmtree(self.folder)


def expect_none(what, search):
    print("  %s: %d bytes searched, %d card numbers, key %d times"
          % (what, search.searched, len(search.seen["cards"]), search.seen["key"]))
    assert search.searched > 0, what
    assert search.hits() == 0, "%s holds %s, key %d times" % (
        what, sorted(search.seen["cards"])[:3], search.seen["key"])


def has_been_answered(world):
    result = world.owner("open", world.folder / "blobs", world.folder / "owner")
    assert "%d lines, %d answered, 0 bad" % (world.lines, world.lines) in result, result[-300:]
    hidden = Search(world.spellings, b"\0" * 32)
    hidden.take(result.encode())
    assert not hidden.seen["cards"], "the result shows a card number"


def parent_and_tap_see_nothing(world):
    world.owner("challenge", world.folder / "blobs", world.folder / "owner")
    parent = world.holding_parent("attest")
    expect_none("parent after attest", search_process(parent.pid, world.search()))
    world.release(parent)
    world.owner("seal", world.folder / "blobs", world.folder / "owner", world.folder / "parent.policy.yaml", world.file)
    parent = world.holding_parent("tokenize")
    expect_none("parent after tokenize", search_process(parent.pid, world.search()))
    head = (world.folder / "blobs/file.sealed").read_bytes()[:32]
    result = (world.folder / "blobs/result.sealed").read_bytes()[:32]
    world.release(parent)
    has_been_answered(world)
    for piece in sorted((world.folder / "blobs").iterdir()):
        search = world.search()
        search.take(piece.read_bytes())
        expect_none("blob " + piece.name, search)
    tapped = world.search()
    tapped.take(world.tapped.read_bytes())
    assert tapped.searched > world.file.stat().st_size, "the tap saw too little"
    expect_none("tap", tapped)
    # Not even what the owner sealed is to be seen there: the channel has sealed it again.
    for part in [head, result]:
        assert part not in world.tapped.read_bytes(), "the tap saw inside the channel"


def search_finds_what_the_parent_holds(world):
    """While the call waits for an enclave that was stopped, the parent holds the sealed file."""
    head = (world.folder / "blobs/file.sealed").read_bytes()[:32]
    world.enclave.send_signal(19)
    try:
        parent = world.start(*world.parent_arguments("tokenize"), stdout=subprocess.DEVNULL)
        found = 0
        for _ in range(500):
            found = sum(data.count(head) for data in memory_of(parent.pid))
            if found > 0:
                break
            time.sleep(0.02)
    finally:
        world.enclave.send_signal(18)
    assert parent.wait(timeout=60) == 0
    print("  the sealed file's first 32 bytes: %d times" % found)
    assert found > 0


def search_finds_what_the_owner_holds(world):
    """An owner that has read file and key waits for a document which nobody writes."""
    folder = world.folder / "waiting"
    folder.mkdir()
    os.mkfifo(folder / "document.cose")
    owner = world.start(PROGRAMS / "cryptor_owner", "seal", folder, world.folder / "owner",
                        world.folder / "parent.policy.yaml", world.file, stderr=subprocess.DEVNULL)
    for _ in range(500):
        try:
            fifo = os.open(folder / "document.cose", os.O_WRONLY | os.O_NONBLOCK)
            break
        except OSError:  # ENXIO: it does not read yet
            time.sleep(0.02)
    search = search_process(owner.pid, world.search())
    os.close(fifo)
    assert owner.wait(timeout=60) == 1, "a document of no bytes was accepted"
    print("  owner: %d card numbers, key %d times" % (len(search.seen["cards"]), search.seen["key"]))
    assert search.seen["cards"] == {number for number in world.spellings if number in world.file.read_bytes()}
    assert search.seen["key"] > 0


def enclave_forgets(world):
    """Memory of calls is wiped when they end, that of connections when they close."""
    for _ in range(100):
        search = search_process(world.enclave.pid, world.search())
        if search.hits() == 0:
            break
        time.sleep(0.05)
    expect_none("enclave after its calls", search)


def measured_enclave_is_the_one_that_ran(world):
    image = hashlib.sha384((PROGRAMS / "cryptor_enclave").read_bytes()).digest()
    pcr0 = hashlib.sha384(bytes(48) + image).hexdigest()
    assert json.loads((world.folder / "measurements.json").read_text())["Measurements"]["PCR0"] == pcr0


def main():
    failures = 0
    world = World(1000)
    try:
        for case in [parent_and_tap_see_nothing, search_finds_what_the_parent_holds, search_finds_what_the_owner_holds,
                     enclave_forgets, measured_enclave_is_the_one_that_ran]:
            name = case.__name__.replace("_", " ")
            print("[ RUN      ] " + name, flush=True)
            try:
                case(world)
                print("[       OK ] " + name, flush=True)
            except (AssertionError, OSError, subprocess.TimeoutExpired) as why:
                failures += 1
                print("  %s\n[  FAILED  ] %s" % (why, name), flush=True)
    finally:
        world.close()
    return failures != 0


sys.exit(main())
