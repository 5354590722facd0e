#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Goal: grille enclave run boots an image as it was built, which attests what `describe` says of it; the example's parent
reaches it by its address and by its name, again after the next boot; a debug enclave is refused, and has a console.
Arguments: the command, the stand-in's ramdisk, the greeter's parent, its identity (two files), and what runs
vhost-device-vsock, or nothing."""

import json
import os
import shutil
import subprocess
import sys
import tempfile

GRILLE, STAND_IN, PARENT, CERTIFICATE, KEY, VHOST = [os.path.abspath(path) if path else "" for path in sys.argv[1:7]]
IMAGE, MEASUREMENTS = (os.path.abspath("examples/greeter/greeter_image" + end) for end in (".eif", ".measurements.json"))
FOLDER = tempfile.mkdtemp(prefix="run.", dir="/tmp")
PATIENCE_S = 150
ENVIRONMENT = dict(os.environ, XDG_RUNTIME_DIR=FOLDER)


def path(name):
    return os.path.join(FOLDER, name)


def run(*command, status=0):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, stdin=subprocess.DEVNULL,
                          env=ENVIRONMENT, timeout=PATIENCE_S)
    assert status is None or done.returncode == status, done
    return done


def start(name, cpus, *more):
    """The command, not yet waited for: machines boot side by side."""
    return subprocess.Popen(
        [GRILLE, "enclave", "run", "--name", name, "--image", IMAGE, "--cpus", str(cpus), "--memory", "256", "--accel", "tcg",
         "--on", "qemu", "--insecure-nsm", path("sim"), "--insecure-nsm-ramdisk", STAND_IN,
         "--vhost-device-vsock", VHOST or "/nowhere/vhost", *more],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, stdin=subprocess.DEVNULL, env=ENVIRONMENT)


def finish(started):
    out, err = started.communicate(timeout=PATIENCE_S)
    assert started.returncode == 0, (out, err)
    return json.loads(out)


def listed():
    return {one["EnclaveName"]: one for one in json.loads(run(GRILLE, "enclave", "list", "--json").stdout)}


def call(address, name, status=0):
    """The init is up before the server listens."""
    while True:
        done = run(PARENT, address, path("policy.yaml"), CERTIFICATE, KEY, "outside", status=None)
        if "LOOP-HYBRID-REFUSED" not in done.stderr:
            break
        assert listed()[name]["State"] == "RUNNING", done
    assert done.returncode == status, done
    return done


def make_world():
    run(GRILLE, "sim", "init", path("sim"))
    shutil.copy(MEASUREMENTS, path("m.json"))
    with open(path("policy.yaml"), "w") as file:
        file.write("insecure_development_root: sim/insecure-root.pem\npeers:\n  - name: greeter\n    kind: nitro\n"
                   "    measurements: m.json\n")


def pcrs(measurements):
    return {name: value for name, value in measurements.items() if name.startswith("PCR")}


def two_machines():
    first, second = start("greeter", 2), start("debug", 1, "--debug")
    said, debug = finish(first), finish(second)
    described = json.loads(run(GRILLE, "enclave", "describe", "--json", IMAGE).stdout)
    assert pcrs(said["Measurements"]) == pcrs(described["Measurements"]), (said, described)
    assert set(pcrs(debug["Measurements"]).values()) == {"0" * 96}, debug
    assert sorted([said["EnclaveCID"], debug["EnclaveCID"]]) == [16, 17], (said, debug)
    assert [one["NumberOfCPUs"] for one in (debug, said)] == [1, 2], (said, debug)
    with open(path("grille/enclaves/greeter/address")) as file:
        address = file.read().strip()
    assert address == said["Address"] == listed()["greeter"]["Address"]
    # The peer's own evidence, against what the build printed.
    assert call(address + ":5000", "greeter").stdout == "Hello, outside!\n"
    assert call("nitro:greeter:5000", "greeter").stdout == "Hello, outside!\n"


def a_debug_enclave_is_refused():
    done = call("nitro:debug:5000", "debug", status=1)
    assert "UNAUTHENTICATED: ATTEST-DEBUG" in done.stderr, done
    assert "no console" in run(GRILLE, "enclave", "console", "greeter", status=2).stderr
    follower = subprocess.Popen([GRILLE, "enclave", "console", "debug"], stdout=subprocess.PIPE, env=ENVIRONMENT, text=True)
    run(GRILLE, "enclave", "terminate", "debug")
    console = follower.communicate(timeout=PATIENCE_S)[0]
    assert "init: the NSM has seeded the kernel" in console, console
    assert list(listed()) == ["greeter"]


def the_name_stays_the_same():
    before = listed()["greeter"]["ProcessID"]
    run(GRILLE, "enclave", "terminate", "greeter")
    assert listed() == {}
    assert finish(start("greeter", 1))["ProcessID"] != before
    assert call("nitro:greeter:5000", "greeter").stdout == "Hello, outside!\n"


def without_vhost_device_vsock_it_says_so():
    started = start("greeter", 1)
    err = started.communicate(timeout=PATIENCE_S)[1]
    assert started.returncode == 2 and "no vhost-device-vsock: looked for /nowhere/vhost" in err, err


def main():
    if not VHOST:
        print("no vhost-device-vsock: no machine is reached from outside")
    make_world()
    failed = 0
    for case in ([two_machines, a_debug_enclave_is_refused, the_name_stays_the_same] if VHOST else
                 [without_vhost_device_vsock_it_says_so]):
        name = case.__name__.replace("_", " ")
        print("[ RUN      ] " + name, flush=True)
        try:
            case()
            print("[       OK ] " + name, flush=True)
        except Exception:
            import traceback
            traceback.print_exc(file=sys.stdout)
            print("[  FAILED  ] " + name, flush=True)
            failed += 1
    ended = run(GRILLE, "enclave", "terminate", "--all", status=None)
    failed += ended.returncode != 0
    shutil.rmtree(FOLDER)
    return failed != 0


sys.exit(main())
