#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Goal: the memory of a parent whose enclave got a data key from the key service holds neither that key nor a record, and
the enclave's memory holds neither once its call has ended.

The search is shown to find what is there: the parent's secret access key in both, the sealed records in the parent."""

import base64
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
PROGRAMS = BIN / "examples/kms"
GRILLE = BIN / "tools/grille/grille"
EMULATOR = BIN / "tools/kms_emulator/kms-emulator"
ROLE = "arn:aws:iam::111122223333:role/"
CONTEXT = ["--context", "purpose=acme-records-1", "--context", "dataset=a"]
RECORDS = 500


class World:
    """A folder with a key service, an enclave and a data set, and its processes."""

    def __init__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="records-memory.", dir="/tmp"))
        self.children = []
        os.chdir(self.folder)
        os.mkdir("owner")
        self.run(GRILLE, "sim", "init", "nsm", "--role", ROLE + "Records")
        self.run(GRILLE, "identity", "new", "ca", "ca")
        self.run(GRILLE, "identity", "new", "x509", "parent", "--ca", "ca", "--name", "spiffe://acme.example/parent")
        for name in ["enclave.policy.yaml", "parent.policy.yaml", "measurements.json"]:
            shutil.copy(PROGRAMS / name, ".")
        self.start_service()
        self.seal()
        self.start(GRILLE, "relay", "--listen", "unix:out", "--to", "tcp:" + self.service, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)
        self.wait_for("out")
        self.enclave = self.start(PROGRAMS / "records_enclave", "--listen", "unix:in", "--policy", "enclave.policy.yaml",
                                  "--key", self.key, "--region", "eu-central-1", "--ca", "kms/ca.pem", "--egress",
                                  "unix:out", "--nsm", "nsm")
        self.wait_for("in")

    def start_service(self):
        self.run(EMULATOR, "init", "kms", "--listen", "127.0.0.1:0", "--root", "nsm/insecure-root.pem")
        for name in ["producer", "records"]:
            self.run(EMULATOR, "add-credentials", "kms", name, "--no-kms", "--principal", ROLE + name.capitalize())
        self.key = self.run(EMULATOR, "create-key", "kms").strip()
        Path("policy.json").write_text(self.run(
            GRILLE, "kms", "policy", "measurements.json", "--key", self.key, "--role", ROLE + "Records", "--producer",
            ROLE + "Producer", "--quiet"))
        self.run(EMULATOR, "put-policy", "kms", self.key, "policy.json")
        service = self.start(EMULATOR, "serve", "kms", stdout=subprocess.PIPE)
        self.service = re.search(r"https://([0-9.]+:[0-9]+)", service.stdout.readline().decode())[1]

    def seal(self):
        self.records = ["Patient %06d,test-%d,%d.%03d" % (n * 7919 % 1000000, n % 9, n, n) for n in range(RECORDS)]
        Path("records.csv").write_text("\n".join(self.records) + "\n")
        self.run(PROGRAMS / "records_producer", "key", "owner")
        self.run(GRILLE, "kms", "encrypt", "--key", self.key, "--to", "tcp:" + self.service, "--ca", "kms/ca.pem", *CONTEXT,
                 "-o", "wrapped", "owner/data-key", env=self.credentials("producer"))
        self.run(PROGRAMS / "records_producer", "seal", "owner", "a", "wrapped", "records.csv", "sealed")

    def credentials(self, name):
        shown = json.loads(self.run(EMULATOR, "show-credentials", "kms", name, "--json"))
        return dict(os.environ, AWS_ACCESS_KEY_ID=shown["AccessKeyId"], AWS_SECRET_ACCESS_KEY=shown["SecretAccessKey"],
                    AWS_SESSION_TOKEN=shown["SessionToken"], AWS_REGION="eu-central-1")

    def run(self, *arguments, **options):
        done = subprocess.run([str(one) for one in arguments], stdin=subprocess.DEVNULL, capture_output=True, timeout=60,
                              **options)
        if done.returncode != 0:
            raise AssertionError("%s: status %d: %s" % (arguments, done.returncode, done.stderr.decode()))
        return done.stdout.decode()

    def start(self, *arguments, **options):
        child = subprocess.Popen([str(one) for one in arguments], **options)
        self.children.append(child)
        return child

    @staticmethod
    def wait_for(path):
        for _ in range(1000):
            if os.path.exists(path):
                return
            time.sleep(0.02)
        raise AssertionError("%s does not come" % path)

    def secrets(self):
        """What nobody but producer and enclave may have."""
        key = Path("owner/data-key").read_bytes()
        return [key, key.hex().encode(), base64.b64encode(key)]

    def close(self):
        for child in self.children:
            if child.poll() is None:
                child.terminate()
            child.wait(timeout=60)
        os.chdir(BIN)
        shutil.rmtree(self.folder)


RECORD = re.compile(rb"Patient [0-9]{6},test-[0-9]")


def found_in(pid, needles):
    """How often records, and each of the needles, stand in a process's memory, and how much that is."""
    records, bytes_searched, counts = 0, 0, [0] * len(needles)
    for data in memory_of(pid):
        bytes_searched += len(data)
        records += len(RECORD.findall(data))
        counts = [count + data.count(needle) for count, needle in zip(counts, needles)]
    return records, counts, bytes_searched


def parent_holds_nothing(world):
    parent = world.start(PROGRAMS / "records_parent", "--enclave", "unix:in", "--policy", "parent.policy.yaml", "--identity",
                         "parent/identity", "--hold", "sealed", "report", stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                         env=world.credentials("records"))
    for line in parent.stdout:
        if line == b"holding\n":
            break
    else:
        raise AssertionError("the parent has ended: %s" % parent.wait())
    secret = world.credentials("records")["AWS_SECRET_ACCESS_KEY"].encode()
    sealed = Path("sealed").read_bytes()[-64:-32]
    records, counts, bytes_searched = found_in(parent.pid, world.secrets() + [secret, sealed])
    print("  parent: %d bytes searched: %d records, data key %s times; its own secret %d, sealed records %d times"
          % (bytes_searched, records, counts[:3], counts[3], counts[4]))
    assert records == 0 and counts[:3] == [0, 0, 0]
    assert counts[3] > 0 and counts[4] > 0, "the search finds nothing at all"
    parent.stdin.close()
    assert parent.wait(timeout=60) == 0


def report_is_whole(world):
    report = world.run(PROGRAMS / "records_producer", "open", "owner", "a", "report")
    assert "\n%d records, 0 bad\n" % RECORDS in report, report
    assert not RECORD.search(report.encode()), "the report shows a record"


def enclave_forgets(world):
    """Memory of calls is wiped when they end; the credentials stay for the next one."""
    secret = world.credentials("records")["AWS_SECRET_ACCESS_KEY"].encode()
    for _ in range(100):
        records, counts, bytes_searched = found_in(world.enclave.pid, world.secrets() + [secret])
        if records + sum(counts[:3]) == 0:
            break
        time.sleep(0.05)
    print("  enclave: %d bytes searched: %d records, data key %s times; credentials %d times"
          % (bytes_searched, records, counts[:3], counts[3]))
    assert records == 0 and counts[:3] == [0, 0, 0]
    assert counts[3] > 0, "the search finds nothing at all"


def main():
    failures = 0
    world = World()
    try:
        for case in [parent_holds_nothing, report_is_whole, enclave_forgets]:
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
