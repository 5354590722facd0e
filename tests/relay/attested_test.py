#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Goal: a remote client attests the enclave through a relay that learns nothing: between two taps, one on each side of
the relay, nothing passes but TLS records, the same on both sides; and a relay that changes a byte, or that goes to
another enclave, is found out by the client. Arguments: the folders of grille, grille_measure, greeter and census."""

import os
import re
import socket
import subprocess
import sys
import threading

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import PATIENCE_S, Cases, Relay, Target, connect

GRILLE, MEASURE, GREET_ONCE, GREETER, CENSUS = (os.path.abspath(path) for path in sys.argv[1:6])
CANARY = "Canary-4711-of-the-plaintext"
PARENT = "spiffe://acme.example/parent"
UP, DOWN = 0, 1
HANDSHAKE, APPLICATION_DATA, CHANGE_CIPHER_SPEC = 22, 23, 20

CLIENT_POLICY = """insecure_development_root: %s/insecure-root.pem
peers:
  - name: enclave
    kind: nitro
    measurements: %s
    may_call: ["/acme.census.v1.Files/Read"]
"""
ENCLAVE_POLICY = """peers:
  - name: parent
    kind: x509
    ca: ca/ca.pem
    names: ["%s"]
    may_call: ["/acme.greeter.v1.Greeter/Greet", "/acme.census.v1.Census/Count"]
    serves: ["/acme.census.v1.Files/Read"]
""" % PARENT


TYPE, MIDDLE, LAST = range(3)


def record_at(stream, number, place):
    """Where a byte of this record stands, without counting ChangeCipherSpec; None as long as that is not seen yet.

    Signatures in DER differ in length from one connection to the next, so bytes are named by their record."""
    at = 0
    while at + 5 <= len(stream):
        end = at + 5 + int.from_bytes(stream[at + 3:at + 5], "big")
        if stream[at] != CHANGE_CIPHER_SPEC:
            if number == 0:
                return (at, (at + 5 + end) // 2, end - 1)[place]
            number -= 1
        at = end
    return None


class Tap:
    """Forwards to an address and keeps what passes; `change` may alter one byte: (direction, record, place)."""

    def __init__(self, listen, to, change=None):
        self.to, self.change = to, change
        self.changed = 0
        self.seen = []  # for each connection its two directions
        self.target = Target(listen)
        self.target.socket.settimeout(None)
        self.address = self.target.address
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        try:
            while True:
                near = self.target.accept()
                far = connect(self.to)
                seen = [bytearray(), bytearray()]
                self.seen.append(seen)
                for direction, source, sink in [(UP, near, far), (DOWN, far, near)]:
                    threading.Thread(target=self.carry, args=(direction, source, sink, seen), daemon=True).start()
        except OSError:
            pass

    def carry(self, direction, source, sink, seen):
        try:
            while True:
                part = bytearray(source.recv(1 << 18))
                if not part:
                    break
                self.alter(direction, seen[direction], part)
                seen[direction] += part
                sink.sendall(part)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            for end in (source, sink):
                try:
                    end.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass

    def alter(self, direction, before, part):
        if not self.change or self.change[0] != direction:
            return
        at = record_at(before + part, *self.change[1:])
        if at is not None and len(before) <= at < len(before) + len(part):
            part[at - len(before)] ^= 1
            self.changed += 1

    def close(self):
        self.target.close()


class Enclave:
    """A program of the examples on a Unix socket of its own."""

    def __init__(self, cases, program, nsm="nsm"):
        self.path = cases.fresh()[5:]
        self.log = open(self.path + ".log", "w+")
        self.process = subprocess.Popen([program, "unix:" + self.path, cases.path("enclave.yaml"), cases.path(nsm)],
                                        stdout=self.log, stderr=self.log)
        self.address = "unix:" + self.path
        while True:
            try:
                connect(self.address).close()
                break
            except OSError:
                assert self.process.poll() is None, open(self.path + ".log").read()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        assert self.process.wait(PATIENCE_S) == 0
        self.log.close()


# ---- Who calls ----

def run(*command):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=PATIENCE_S)


def client(cases, program, address, policy, *rest):
    return run(program, address, cases.path(policy), cases.path("parent/identity.pem"),
               cases.path("parent/identity.key"), *rest)


def greet(cases, address, policy="greeter.yaml"):
    return client(cases, GREET_ONCE, address, policy, CANARY)


def make_world(cases):
    for command in [("sim", "init", "nsm"), ("sim", "init", "other-nsm"), ("identity", "new", "ca", "ca")]:
        assert run(GRILLE, *command[:-1], cases.path(command[-1])).returncode == 0
    assert run(GRILLE, "identity", "new", "x509", cases.path("parent"), "--ca", cases.path("ca"), "--name",
               PARENT).returncode == 0
    for name, program in [("greeter", GREETER + "_enclave"), ("census", CENSUS + "_enclave")]:
        cases.write(name + ".json", run(MEASURE, program).stdout)
        cases.write(name + ".yaml", CLIENT_POLICY % ("nsm", name + ".json"))
    cases.write("enclave.yaml", ENCLAVE_POLICY)
    os.mkdir(cases.path("files"))


# ---- What the relay could see ----

def records(stream):
    """(type, start, end) of each TLS record; the lengths add up exactly."""
    found, at = [], 0
    while at < len(stream):
        assert at + 5 <= len(stream), "half a header at %d of %d" % (at, len(stream))
        kind, version = stream[at], (stream[at + 1], stream[at + 2])
        length = int.from_bytes(stream[at + 3:at + 5], "big")
        assert 20 <= kind <= 23 and version in [(3, 3), (3, 1)], (at, kind, version)
        # RFC 8446 5.2: 2^14 bytes of plaintext, 256 more of an encrypted record.
        assert 0 < length <= 16384 + 256 and at + 5 + length <= len(stream), (at, length, len(stream))
        found.append((kind, at, at + 5 + length))
        at += 5 + length
    return found


def check_tls_only(up, down, secrets):
    for stream, hello in [(up, 1), (down, 2)]:
        found = records(stream)
        # One Hello in the clear; from there on application data, and at most one ChangeCipherSpec, which says nothing.
        assert found[0][0] == HANDSHAKE and stream[5] == hello
        assert {kind for kind, _, _ in found[1:]} <= {APPLICATION_DATA, CHANGE_CIPHER_SPEC}, found
        changes = [bytes(stream[start + 5:end]) for kind, start, end in found if kind == CHANGE_CIPHER_SPEC]
        assert changes in ([], [b"\1"]), changes
        assert len(found) > 3
    for secret in secrets:
        for stream in (up, down):
            assert secret not in stream, secret


def through_relay(cases, enclave, work):
    """Runs `work` with the address of a relay between two taps; what they kept, one list for each connection."""
    behind = Tap(cases.fresh(), enclave.address)
    with Relay(GRILLE, "--listen", "tcp:127.0.0.1:0", "--to", behind.address) as relay:
        before = Tap("tcp:127.0.0.1:0", relay.listens[0])
        result = work(before.address)
        relay.wait_log(" end .*reason=\"", len(before.seen))
        assert relay.end() == 0
    before.close()
    behind.close()
    assert len(before.seen) == len(behind.seen) > 0
    assert sorted(before.seen) == sorted(behind.seen)
    return result, before.seen


def calls_through_the_relay(cases):
    with Enclave(cases, GREETER + "_enclave") as enclave:
        def work(address):
            done = greet(cases, address)
            assert (done.returncode, done.stdout) == (0, "Hello, %s!\n" % CANARY), done
            # Many at once.
            results = []
            threads = [threading.Thread(target=lambda: results.append(greet(cases, address))) for _ in range(6)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            assert [done.stdout for done in results] == ["Hello, %s!\n" % CANARY] * 6, results
        _, seen = through_relay(cases, enclave, work)
        assert len(seen) == 7
        for up, down in seen:
            # Neither what was said, nor who said it: names and evidence travel inside.
            check_tls_only(up, down, [CANARY.encode(), b"Hello, ", PARENT.encode(), b"module_id", b"aws.nitro-enclaves"])


def a_bulk_stream_through_the_relay(cases):
    lines = ["%s %d\n" % (CANARY, number) for number in range(250000)]
    size = len(cases.write("files/bulk", "".join(lines))) and os.path.getsize(cases.path("files/bulk"))
    with Enclave(cases, CENSUS + "_enclave") as enclave:
        done, seen = through_relay(cases, enclave, lambda address: client(
            cases, CENSUS + "_parent", address, "census.yaml", cases.path("files"), "bulk"))
        assert (done.returncode, done.stdout) == (0, "%d bytes, %d lines\n" % (size, len(lines))), done
        (up, down), = seen
        assert len(up) > size
        check_tls_only(up, down, [CANARY.encode(), b"bulk", PARENT.encode()])


# ---- A relay that does more than it should ----

def clean_streams(cases, enclave):
    tap = Tap(cases.fresh(), enclave.address)
    assert greet(cases, tap.address).returncode == 0
    tap.close()
    return tap.seen[0]


def every_changed_byte_is_found_out(cases):
    with Enclave(cases, GREETER + "_enclave") as enclave:
        streams = clean_streams(cases, enclave)
        names, changes = set(), 0
        for direction in (UP, DOWN):
            # The last two are the call or its answer, and the end: the others come before the channel is open.
            found = [record for record in records(streams[direction]) if record[0] != CHANGE_CIPHER_SPEC]
            assert len(found) >= 4
            for number in range(len(found) - 2):
                # The record's type, a byte inside, and the last one: of a tag where it is encrypted.
                for place in (TYPE, MIDDLE, LAST):
                    tap = Tap(cases.fresh(), enclave.address, (direction, number, place))
                    with Relay(GRILLE, "--listen", "tcp:127.0.0.1:0", "--to", tap.address, "--quiet") as relay:
                        done = greet(cases, relay.listens[0])
                    tap.close()
                    assert tap.changed == 1, (direction, number, place, tap.changed)
                    assert done.returncode == 1 and done.stdout == "", (direction, number, place, done)
                    name = re.search(r": ([A-Z_]+): ((?:TLS|GATE|LOOP)-[A-Z-]+): ", done.stderr)
                    assert name and name.group(1) in ("UNAVAILABLE", "UNAUTHENTICATED"), done
                    names.add((direction, name.group(2)))
                    changes += 1
        assert changes >= 24, changes
        assert (DOWN, "TLS-BAD-RECORD") in names, names
        assert {name for direction, name in names if direction == DOWN} <= {
            "TLS-BAD-RECORD", "TLS-FAILED", "TLS-BAD-SIGNATURE", "TLS-BAD-KEY-SHARE", "TLS-VERSION"}, names
        # A byte that changed on its way to the enclave is found out there: the client gets its alert.
        assert {name for direction, name in names if direction == UP} <= {
            "TLS-PEER-ALERT", "TLS-BAD-RECORD", "LOOP-PEER-CLOSED", "LOOP-CONNECTION-LOST", "GATE-CLOSED"}, names
        print("  ", sorted(names))
        assert greet(cases, enclave.address).returncode == 0


def another_enclave_is_refused(cases):
    # Another program; and the same one under another root: somebody else's machine.
    for program, nsm, name in [(CENSUS + "_enclave", "nsm", "ATTEST-PCR-MISMATCH"),
                               (GREETER + "_enclave", "other-nsm", "ATTEST-ROOT-MISMATCH")]:
        with Enclave(cases, program, nsm) as enclave:
            with Relay(GRILLE, "--listen", "tcp:127.0.0.1:0", "--to", enclave.address) as relay:
                done = greet(cases, relay.listens[0])
                assert done.returncode == 1 and done.stdout == "", done
                assert "UNAUTHENTICATED: %s: " % name in done.stderr, done


sys.exit(Cases().run_all([make_world, calls_through_the_relay, a_bulk_stream_through_the_relay,
                          every_changed_byte_is_found_out, another_enclave_is_refused]))
