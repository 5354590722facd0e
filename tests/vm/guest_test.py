#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Goal: enclave images boot, and what is in them is what a release ships: over a real vsock, a real kernel's ioctl, and
measurements of the very bytes that booted. Arguments: see BUILD."""

import concurrent.futures
import json
import os
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
import traceback
import zlib

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import outside
from machine import (CMDLINE, KERNEL, PATIENCE_S, RAMDISK, Machine, Programs, begin, end_when_told, members, pcr, read,
                     sections)

names = ["grille", "stand_in", "fuse", "cuse", "vhost", "libraries", "nsm_image", "kernel", "init", "loopback",
         "greeter_enclave", "greeter_parent", "census_enclave", "census_parent", "kinds_enclave", "kinds_development",
         "kinds_parent"]
FILES = dict(zip(names, [os.path.abspath(path) if path else "" for path in sys.argv[1:]]))
KERNEL_ARGUMENTS = sys.argv[1 + len(names)]
MODULES = [os.path.abspath(path) for path in sys.argv[2 + len(names):]]
PROGRAMS = Programs(*[FILES[name] for name in names[:4]], FILES["vhost"], os.path.dirname(FILES["libraries"]))
OUTSIDE = outside.Outside()
FOLDER = tempfile.mkdtemp(prefix="guest.", dir="/tmp")
PARENT = "spiffe://acme.example/parent"
KINDS = ["/app/kinds_enclave", "vsock:any:5000", "/etc/kinds/policy.yaml"]
KINDS_CASES = 14

ENCLAVE_POLICY = """peers:
  - name: parent
    kind: x509
    ca: ca.pem
    names: ["%s"]
    may_call: ["/acme.greeter.v1.Greeter/Greet", "/acme.census.v1.Census/Count"]
    serves: ["/acme.census.v1.Files/Read"]
""" % PARENT
KINDS_METHODS = ", ".join('"/grille.interop.v1.Interop/%s"' % method for method in [
    "Echo", "Fail", "Make", "Wait", "WaitFor", "Upload", "Download", "Chat", "CallBack", "Epoch"]) + ', "/grille.vm.v1.Guest/*"'
KINDS_POLICY = """peers:
  - name: parent
    kind: x509
    ca: ca.pem
    names: ["%s"]
    may_call: [%s]
    serves: ["/grille.interop.v1.Interop/Echo"]
  - name: second implementation
    kind: x509
    ca: outside.pem
    names: ["%s"]
    may_call: [%s]
    serves: ["/grille.interop.v1.Interop/Echo"]
""" % (PARENT, KINDS_METHODS, outside.NAME, KINDS_METHODS)
# Of both ends, when they are in one enclave.
SELF_POLICY = """insecure_development_root: sim/insecure-root.pem
peers:
  - name: ourselves
    kind: nitro
    peer: self
    may_call: [%s]
    serves: [%s]
""" % (KINDS_METHODS, KINDS_METHODS)
CLIENT_POLICY = """insecure_development_root: sim/insecure-root.pem
peers:
  - name: enclave
    kind: nitro
    measurements: %s
    may_call: ["/acme.census.v1.Files/Read", "/grille.interop.v1.Interop/Echo"]
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


def build(name, files, *command, place=None):
    """An image of these files, and the policy that accepts it. `place`: kernel, command line and modules of another
    place than QEMU."""
    kernel, cmdline, modules = place or (FILES["kernel"], KERNEL_ARGUMENTS, MODULES)
    arguments = ["--file=%s=%s" % one for one in files.items()] + ["--module=" + module for module in modules]
    arguments += ["--cmdline", cmdline] if cmdline else []
    built = run(FILES["grille"], "enclave", "build", "--output", path(name + ".eif"), "--kernel", kernel, "--init",
                FILES["init"], *arguments, "--", *command)
    write(name + ".json", built.stdout)
    write(name + ".yaml", CLIENT_POLICY % (name + ".json"))
    return read(path(name + ".eif"))


def make_world():
    run(FILES["grille"], "sim", "init", path("sim"))
    run(FILES["grille"], "identity", "new", "ca", path("ca"))
    run(FILES["grille"], "identity", "new", "x509", path("parent"), "--ca", path("ca"), "--name", PARENT)
    write("enclave.yaml", ENCLAVE_POLICY)
    write("kinds_enclave.yaml", KINDS_POLICY)
    write("outside.pem", OUTSIDE.ca_pem().decode())
    write("self.yaml", SELF_POLICY)
    policy = {"/etc/acme/enclave.yaml": path("enclave.yaml"), "/etc/acme/ca.pem": path("ca/ca.pem")}
    for name in ("greeter", "census"):
        build(name, {"/app/server": FILES[name + "_enclave"], **policy}, "/app/server", "vsock:any:5000",
              "/etc/acme/enclave.yaml")
    build("kinds", kinds_files(), *KINDS)
    inside = {"/app/parent": FILES["kinds_parent"], "/app/loopback": FILES["loopback"],
              "/app/development": FILES["kinds_development"]}
    build("loopback", {**kinds_files(), **inside}, "/app/loopback",
          *KINDS, "--", "/app/parent", "vsock:1:5000", "/parent/loopback.yaml", "/parent/identity.pem",
          "/parent/identity.key", "all", "--",
          "/app/development", "vsock:any:5001", "/parent/self.yaml", "--", "/app/parent", "vsock:1:5001",
          "/parent/self.yaml", "nitro", "-", "some")


def kinds_files():
    return {"/app/kinds_enclave": FILES["kinds_enclave"], "/etc/kinds/policy.yaml": path("kinds_enclave.yaml"),
            "/etc/kinds/ca.pem": path("ca/ca.pem"), "/etc/kinds/outside.pem": path("outside.pem")}


def boot(name, image=None, more=()):
    return Machine(PROGRAMS, image or read(path(name + ".eif")), path("sim"), more)


def call(program, machine, policy, *rest, status=0):
    """Calls once the server listens: the init is ready before it."""
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        done = run(FILES[program + "_parent"], machine.address(5000), path(policy), path("parent/identity.pem"),
                   path("parent/identity.key"), *rest, status=None)
        if "LOOP-HYBRID-REFUSED" not in done.stderr:
            break
        assert machine.qemu.poll() is None, machine.console()
    assert done.returncode == status, (done, machine.console())
    return done


# ---- In the guest alone ----

def cases_of(text):
    """What a program told of its cases."""
    lines = text.replace("\r\n", "\n").splitlines()
    return [line for line in lines if line.startswith(("[ RUN", "[      ", "[  FAILED", "  "))]


def show(text, status_was_good, count):
    lines = cases_of(text)
    say("\n".join(lines))
    good = sum(line.startswith("[       OK ]") for line in lines)
    assert status_was_good and good == count, text[-6000:]


def the_device_is_the_drivers():
    with boot("nsm", read(FILES["nsm_image"])) as machine:
        if PROGRAMS.vhost:
            machine.wait_ready()
        console = machine.wait_end()
    show(console, "init: the command ended with status 0" in console, 8)
    assert "init: the NSM has seeded the kernel" in console, console
    told = run(FILES["grille"], "enclave", "measure", FILES["nsm_image"]).stdout
    assert all(value in told for value in machine.pcrs), (told, machine.pcrs)


def both_ends_in_the_guest():
    """A release and its parent, by the loopback. Then two enclaves, which attest each other: development builds, which
    trust the stand-in's root."""
    # What the parent needs is not measured: its policy pins what is.
    more = [("rootfs/parent", 0o40755, b""), ("rootfs/parent/sim", 0o40755, b"")]
    for name in ("loopback.yaml", "loopback.json", "self.yaml", "sim/insecure-root.pem"):
        more.append(("rootfs/parent/" + name, 0o100600, read(path(name))))
    for name in ("identity.pem", "identity.key"):
        more.append(("rootfs/parent/" + name, 0o100600, read(path("parent/" + name))))
    with boot("loopback", more=more) as machine:
        if PROGRAMS.vhost:
            machine.wait_ready()
        console = machine.wait_end()
    show(console, console.count("loopback: /app/parent: status 0") == 2, KINDS_CASES + 3)


# ---- The parent outside ----

def a_release_is_attested_from_outside():
    with boot("greeter") as machine:
        # A parent that is busy for longer than the kernel waits for one (2 s) is no absent one.
        machine.wait_line("init: the NSM has seeded the kernel")
        machine.vhost.send_signal(signal.SIGSTOP)
        end = time.monotonic() + 3
        machine.wait(lambda: time.monotonic() > end, lambda: "no parent" not in machine.console(), "an init that waits")
        machine.vhost.send_signal(signal.SIGCONT)
        machine.wait_ready()
        assert "no parent" not in machine.console(), machine.console()
        assert call("greeter", machine, "greeter.yaml", "guest").stdout == "Hello, guest!\n"
        # A policy of another image.
        assert "ATTEST-PCR-MISMATCH" in call("greeter", machine, "census.yaml", "guest", status=1).stderr


def streams_and_calls_in_both_directions():
    os.mkdir(path("files"))
    lines = ["line %d\n" % number for number in range(100000)]
    write("files/bulk", "".join(lines))
    with boot("census") as machine:
        machine.wait_ready()
        done = call("census", machine, "census.yaml", path("files"), "bulk")
        assert done.stdout == "%d bytes, %d lines\n" % (os.path.getsize(path("files/bulk")), len(lines)), done


# ---- Every kind of call ----

def parent_of(machine, what):
    return [FILES["kinds_parent"], machine.address(5000), path("kinds.yaml"), path("parent/identity.pem"),
            path("parent/identity.key"), what]


def a_parent_makes_calls_of_every_kind(machine):
    done = run(*parent_of(machine, "all"), status=None)
    show(done.stdout, done.returncode == 0, KINDS_CASES)
    machine.wait_line('peer of set "parent" may not call /grille.interop.v1.Interop/Secret: no may_call of the policy lists it')


def changed(image, text):
    """With one byte of the last ramdisk other than it was, in the last of these texts."""
    image = bytearray(image)
    _, application = sections(bytes(image))[-1]
    image[len(image) - len(application) + application.rindex(text) + 1] ^= 0x20
    struct.pack_into(">I", image, 544, zlib.crc32(image[548:], zlib.crc32(image[:544])))
    return bytes(image)


class Follower:
    """A parent that does what it is told, on one channel."""

    def __init__(self, machine):
        self.process = begin(parent_of(machine, "follow"), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def does(self, what):
        self.process.stdin.write(what + "\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().rstrip("\n")

    def end(self):
        self.process.kill()
        self.process.communicate()


def the_channel_outlives_the_guest(machine):
    """The guest is killed and booted again, first as another image: each time its evidence decides."""
    image = read(path("kinds.eif"))
    follower = Follower(machine)
    try:
        assert follower.does("call") == "OK"
        first = int(follower.does("peer"))
        assert follower.does("hold") == "OK"
        machine.kill()
        assert follower.does("lost") == "UNAVAILABLE"
        machine.boot(changed(image, b"/grille.vm.v1.Guest/"))
        machine.wait_ready()
        said = follower.does("call")
        assert "UNAUTHENTICATED: ATTEST-PCR-MISMATCH: PCR0 differs: observed " + machine.pcrs[0] in said, said
        machine.kill()
        machine.boot(image)
        machine.wait_ready()
        # The last refusal may still be told to a call that came before the next attempt.
        end = time.monotonic() + PATIENCE_S
        while "ATTEST-PCR-MISMATCH" in said and time.monotonic() < end:
            said = follower.does("call")
        assert said == "OK", (said, machine.console())
        assert int(follower.does("peer")) > first
    finally:
        follower.end()


def kinds_machine():
    with boot("kinds") as machine:
        machine.wait_ready()
        failed = run_case(a_parent_makes_calls_of_every_kind, machine)
        OUTSIDE.meet(machine, 5000, read(path("sim/insecure-root.pem")))
        failed += sum(run_case(case, OUTSIDE, prefix="from Python: ") for case in outside.CASES)
        return failed + run_case(the_channel_outlives_the_guest, machine)


# ---- Images ----

def a_release_refuses_development_roots():
    done = run(FILES["kinds_enclave"], "vsock:any:5000", path("self.yaml"), status=1)
    assert "insecure_development_root is refused by this release build" in done.stderr, done


def nothing_but_the_place_differs():
    """The image that boots here, and one for Nitro: kernel, command line and modules are the place's. The rest is the
    same, and the program is what the build made, byte for byte."""
    with open(path("another.kernel"), "wb") as file:
        file.write(read(FILES["kernel"]) + b"another")
    here = sections(read(path("kinds.eif")))
    there = sections(build("nitro", kinds_files(), *KINDS, place=(path("another.kernel"), None, [FILES["fuse"]])))
    assert [kind for kind, _ in here] == [kind for kind, _ in there]
    differ = {kind for (kind, one), (_, other) in zip(here, there) if one != other}
    assert differ == {KERNEL, CMDLINE, RAMDISK}, differ
    (boot_here, application), (boot_there, same) = ([one for kind, one in parts if kind == RAMDISK] for parts in (here, there))
    assert application == same
    assert members(application)["rootfs/app/kinds_enclave"][1] == read(FILES["kinds_enclave"])
    boot_here, boot_there = ({name: one for name, one in members(boot).items() if not name.startswith("modules/")}
                             for boot in (boot_here, boot_there))
    assert boot_here == boot_there and boot_here["init"][1] == read(FILES["init"])
    # Which is what PCR2 says.
    assert json.loads(read(path("kinds.json")))["Measurements"]["PCR2"] == pcr(application)


# ---- All of it ----

def say(text):
    """Whole lines, though two machines talk."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def run_case(case, *arguments, prefix=""):
    """0, or 1 when it failed."""
    name = prefix + case.__name__.replace("_", " ")
    say("[ RUN      ] " + name)
    try:
        case(*arguments)
    except Exception:
        say(traceback.format_exc() + "[  FAILED  ] " + name)
        return 1
    say("[       OK ] " + name)
    return 0


def run_all(cases):
    # Two at once: booting waits for one processor, most of the time.
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        runs = [pool.submit(case) if case is kinds_machine else pool.submit(run_case, case) for case in cases]
        return sum(one.result() for one in runs)


def main():
    outside_of_it = [kinds_machine, a_release_is_attested_from_outside, streams_and_calls_in_both_directions]
    inside = [both_ends_in_the_guest, the_device_is_the_drivers, a_release_refuses_development_roots,
              nothing_but_the_place_differs]
    say("parents run in the enclave's guest" + (" and outside of it, through vhost-device-vsock" if PROGRAMS.vhost else
                                                " only: there is no vhost-device-vsock"))
    end_when_told(FOLDER)
    try:
        make_world()
        failed = run_all((outside_of_it if PROGRAMS.vhost else []) + inside)
    finally:
        shutil.rmtree(FOLDER, ignore_errors=True)
    return failed != 0


sys.exit(main())
