#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Goal: enclave images boot, and what is in them is what a release ships: over a real vsock, a real kernel's ioctl, and
measurements of the very bytes that booted. Arguments: see BUILD."""

import concurrent.futures
import os
import shutil
import struct
import subprocess
import sys
import tempfile
import zlib

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from machine import PATIENCE_S, Machine, Programs, read, sections

names = ["grille", "stand_in", "fuse", "cuse", "vhost", "libraries", "nsm_image", "kernel", "init", "loopback",
         "greeter_enclave", "greeter_parent", "greeter_parent_static", "census_enclave", "census_parent"]
FILES = dict(zip(names, [os.path.abspath(path) if path else "" for path in sys.argv[1:]]))
MODULES = [os.path.abspath(path) for path in sys.argv[1 + len(names):]]
PROGRAMS = Programs(*[FILES[name] for name in names[:4]], FILES["vhost"], os.path.dirname(FILES["libraries"]))
FOLDER = tempfile.mkdtemp(prefix="guest.", dir="/tmp")
PARENT = "spiffe://acme.example/parent"
CMDLINE = "reboot=t panic=-1 console=ttyS0 quiet random.trust_cpu=on"

ENCLAVE_POLICY = """peers:
  - name: parent
    kind: x509
    ca: ca.pem
    names: ["%s"]
    may_call: ["/acme.greeter.v1.Greeter/Greet", "/acme.census.v1.Census/Count"]
    serves: ["/acme.census.v1.Files/Read"]
""" % PARENT
CLIENT_POLICY = """insecure_development_root: sim/insecure-root.pem
peers:
  - name: enclave
    kind: nitro
    measurements: %s
    may_call: ["/acme.census.v1.Files/Read"]
"""


def path(name):
    return os.path.join(FOLDER, name)


def write(name, text):
    with open(path(name), "w") as file:
        file.write(text)
    return path(name)


def run(*command, status=0):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=PATIENCE_S)
    assert status is None or done.returncode == status, done
    return done


def build(name, files, *command):
    """An image of these files and its client policy."""
    arguments = ["--file=%s=%s" % one for one in files.items()] + ["--module=" + module for module in MODULES]
    built = run(FILES["grille"], "enclave", "build", "--output", path(name + ".eif"), "--kernel", FILES["kernel"], "--init",
                FILES["init"], "--cmdline", CMDLINE, *arguments, "--", *command)
    write(name + ".json", built.stdout)
    write(name + ".yaml", CLIENT_POLICY % (name + ".json"))
    return read(path(name + ".eif"))


def make_world():
    run(FILES["grille"], "sim", "init", path("sim"))
    run(FILES["grille"], "identity", "new", "ca", path("ca"))
    run(FILES["grille"], "identity", "new", "x509", path("parent"), "--ca", path("ca"), "--name", PARENT)
    write("enclave.yaml", ENCLAVE_POLICY)
    policy = {"/etc/acme/enclave.yaml": path("enclave.yaml"), "/etc/acme/ca.pem": path("ca/ca.pem")}
    for name in ("greeter", "census"):
        build(name, {"/app/server": FILES[name + "_enclave"], **policy}, "/app/server", "vsock:any:5000",
              "/etc/acme/enclave.yaml")
    build("loopback", {"/app/server": FILES["greeter_enclave"], "/app/parent": FILES["greeter_parent_static"],
                       "/app/loopback": FILES["loopback"], **policy},
          "/app/loopback", "/app/parent", "vsock:1:5000", "/parent/policy.yaml", "/parent/identity.pem",
          "/parent/identity.key", "loopback", "--", "/app/server", "vsock:any:5000", "/etc/acme/enclave.yaml")


def boot(name, image=None, more=()):
    return Machine(PROGRAMS, image or read(path(name + ".eif")), path("sim"), more)


def call(program, machine, policy, *rest, status=0):
    """Calls once the server listens: the init is ready before it."""
    for _ in range(200):
        done = run(FILES[program + "_parent"], machine.address(5000), path(policy), path("parent/identity.pem"),
                   path("parent/identity.key"), *rest, status=None)
        if "LOOP-HYBRID-REFUSED" not in done.stderr:
            break
        machine.wait(lambda: True, lambda: machine.qemu.poll() is None, "the machine")
    assert done.returncode == status, (done, machine.console())
    return done


# ---- In the guest alone ----

def the_device_is_the_drivers():
    with boot("nsm", read(FILES["nsm_image"])) as machine:
        if PROGRAMS.vhost:
            machine.wait_ready()
        console = machine.wait_end().replace("\r\n", "\n")
    lines = [line for line in console.splitlines() if line.startswith(("[ RUN", "[      ", "[  FAILED", "  "))]
    print("\n".join(lines))
    assert "init: the NSM has seeded the kernel" in console, console
    assert "init: the command ended with status 0" in console and console.count("       OK ]") == 8, console
    told = run(FILES["grille"], "enclave", "measure", FILES["nsm_image"]).stdout
    assert all(value in told for value in machine.pcrs), (told, machine.pcrs)


def both_ends_in_the_guest():
    # What the parent needs is not measured: its policy pins what is.
    more = [("rootfs/parent", 0o40755, b""), ("rootfs/parent/sim", 0o40755, b"")]
    for name, source in [("policy.yaml", "loopback.yaml"), ("loopback.json", "loopback.json"),
                         ("sim/insecure-root.pem", "sim/insecure-root.pem"), ("identity.pem", "parent/identity.pem"),
                         ("identity.key", "parent/identity.key")]:
        more.append(("rootfs/parent/" + name, 0o100600, read(path(source))))
    with boot("loopback", more=more) as machine:
        if PROGRAMS.vhost:
            machine.wait_ready()
        console = machine.wait_end()
    assert "Hello, loopback!" in console and "loopback: status 0" in console, console[-4000:]


# ---- The parent outside ----

def a_release_is_attested_from_outside():
    with boot("greeter") as machine:
        machine.wait_ready()
        assert call("greeter", machine, "greeter.yaml", "guest").stdout == "Hello, guest!\n"
        # A policy of another image.
        assert "ATTEST-PCR-MISMATCH" in call("greeter", machine, "census.yaml", "guest", status=1).stderr
    # The same image, booted again.
    with boot("greeter") as machine:
        machine.wait_ready()
        assert call("greeter", machine, "greeter.yaml", "again").stdout == "Hello, again!\n"


def one_changed_byte_is_refused():
    image = bytearray(read(path("greeter.eif")))
    kind, application = sections(bytes(image))[-1]
    at = len(image) - len(application) + application.rindex(b"/acme.greeter.v1.Greeter/Greet\"") + 1
    image[at] ^= 0x20
    struct.pack_into(">I", image, 544, zlib.crc32(image[548:], zlib.crc32(image[:544])))
    with boot("changed", bytes(image)) as machine:
        machine.wait_ready()
        done = call("greeter", machine, "greeter.yaml", "guest", status=1)
        assert "UNAUTHENTICATED: ATTEST-PCR-MISMATCH: PCR0 differs: observed " + machine.pcrs[0] in done.stderr, done


def streams_and_calls_in_both_directions():
    os.mkdir(path("files"))
    lines = ["line %d\n" % number for number in range(100000)]
    write("files/bulk", "".join(lines))
    with boot("census") as machine:
        machine.wait_ready()
        done = call("census", machine, "census.yaml", path("files"), "bulk")
        assert done.stdout == "%d bytes, %d lines\n" % (os.path.getsize(path("files/bulk")), len(lines)), done


def main():
    outside = [a_release_is_attested_from_outside, one_changed_byte_is_refused, streams_and_calls_in_both_directions]
    cases = [the_device_is_the_drivers, both_ends_in_the_guest] + (outside if PROGRAMS.vhost else [])
    if not PROGRAMS.vhost:
        print("no vhost-device-vsock: parent and enclave in the same guest only")
    make_world()
    failed = 0
    # Two at once: booting waits for one processor, most of the time.
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for case, result in [(case, pool.submit(case)) for case in cases]:
            name = case.__name__.replace("_", " ")
            print("[ RUN      ] " + name, flush=True)
            try:
                result.result()
                print("[       OK ] " + name, flush=True)
            except Exception:
                import traceback
                traceback.print_exc(file=sys.stdout)
                print("[  FAILED  ] " + name, flush=True)
                failed += 1
    shutil.rmtree(FOLDER)
    return failed != 0


sys.exit(main())
