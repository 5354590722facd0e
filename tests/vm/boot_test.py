#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Goal: the boot guard of a release looks at a real kernel, a device and a vsock: it passes where they are there, and
names what is missing. Arguments: see BUILD."""

import concurrent.futures
import os
import shutil
import subprocess
import sys
import tempfile
import traceback

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from machine import PATIENCE_S, Machine, Programs, end_when_told, read

names = ["grille", "stand_in", "fuse", "cuse", "vhost", "libraries", "good", "no_nsm", "no_vsock"]
FILES = dict(zip(names, [os.path.abspath(path) if path else "" for path in sys.argv[1:]]))
PROGRAMS = Programs(*[FILES[name] for name in names[:4]], FILES["vhost"], os.path.dirname(FILES["libraries"]))
FOLDER = tempfile.mkdtemp(prefix="boot.", dir="/tmp")
SIM = os.path.join(FOLDER, "sim")


def console_of(image, sim, has_vsock):
    """What a machine says until it ends."""
    with Machine(PROGRAMS, read(FILES[image]), sim) as machine:
        if PROGRAMS.vhost and has_vsock:
            machine.wait_ready()
        return machine.wait_end().replace("\r\n", "\n")


def expect(console, status, *texts, absent=()):
    wanted = [*texts, "init: the command ended with status %d\n" % status]
    lacks, has = [text for text in wanted if text not in console], [text for text in absent if text in console]
    assert not lacks and not has, "lacks %s, has %s:\n%s" % (lacks, has, console[-4000:])


def a_good_ground_passes():
    console = console_of("good", SIM, has_vsock=True)
    expect(console, 0 if PROGRAMS.vhost else 5,
           "boot guard: nsm: ok: i-", ", version 1.0.0, 32 PCRs, locked ones 0xffff\n",
           "boot guard: randomness: ok: the kernel has 64 bytes of the NSM's; its generator runs, its device is none\n",
           "boot guard: clock: ok: ", " is the source; the wall clock is ",
           "boot guard: vsock: ok: CID 16\n" if PROGRAMS.vhost else
           "boot guard: vsock: FAILED: BOOT-NO-VSOCK: this machine has no CID of a guest; observed: CID 1, the loopback's",
           absent=["FAILED"] if PROGRAMS.vhost else [])


def without_an_nsm_nothing_is_served():
    console = console_of("no_nsm", None, has_vsock=True)
    expect(console, 5, "init: no NSM: ",
           "greeter_enclave_nitro: boot guard: BOOT-NO-NSM: the NSM can't be opened; observed: SYSTEM: cannot open /dev/nsm: "
           "No such file or directory", ". Next: look for nsm.ko in the image", absent=["BOOT-NO-VSOCK", "policy.yaml"])


def without_a_vsock_the_rest_is_told():
    console = console_of("no_vsock", SIM, has_vsock=False)
    expect(console, 5, "boot guard: nsm: ok: i-", "boot guard: randomness: ok: ", "boot guard: clock: ok: ",
           "boot guard: vsock: FAILED: BOOT-NO-VSOCK: no socket of AF_VSOCK; observed: Address family not supported")


def main():
    failed = 0
    subprocess.run([FILES["grille"], "sim", "init", SIM], check=True, timeout=PATIENCE_S)
    end_when_told()
    # Two at once: booting waits for one processor, most of the time.
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for case, result in [(case, pool.submit(case)) for case in [
                a_good_ground_passes, without_an_nsm_nothing_is_served, without_a_vsock_the_rest_is_told]]:
            name = case.__name__.replace("_", " ")
            print("[ RUN      ] " + name, flush=True)
            try:
                result.result()
                print("[       OK ] " + name, flush=True)
            except Exception:
                print(traceback.format_exc() + "[  FAILED  ] " + name, flush=True)
                failed += 1
    shutil.rmtree(FOLDER)
    return failed != 0


sys.exit(main())
