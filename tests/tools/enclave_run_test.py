#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Goal: grille enclave run, list, console and terminate keep what they started, and lose nothing of it: with programs in
the place of QEMU, vhost-device-vsock and nitro-cli that do what those do, end early, or hang."""

import hashlib
import json
import os
import re
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time

FOLDER = tempfile.mkdtemp(prefix="run.", dir="/tmp")
GRILLE = os.path.abspath("tools/grille/grille")
PATIENCE_S = 30
CMDLINE = "console=ttyS0 quiet"

VHOST = r"""#!/usr/bin/python3 -IS
import os, signal, socket, sys
words = dict(word.lstrip("-").split("=", 1) for word in sys.argv[1:])
open(os.environ["FAKES"] + "/vhost.%s" % words["guest-cid"], "w").write(str(os.getpid()))
if os.environ.get("FAKE_VHOST") == "ends":
    sys.exit("vhost: no memory to share")
near = socket.socket(socket.AF_UNIX)
near.bind(words["socket"])
near.listen(1)
hybrid = socket.socket(socket.AF_UNIX)
hybrid.bind(words["uds-path"])
signal.pause()
"""

QEMU = r"""#!/usr/bin/python3 -IS
import json, os, re, shutil, signal, socket, sys
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
words, fakes, what = sys.argv[1:], os.environ["FAKES"], os.environ.get("FAKE_QEMU", "")
value = lambda option: words[words.index(option) + 1]
folder = os.path.dirname(value("-kernel"))
seen = {"arguments": words, "pid": os.getpid(), "parent": os.getppid(), "descriptors": sorted(os.listdir("/proc/self/fd")),
        "folder": os.getcwd(), "session": os.getsid(0)}
for name in ("kernel", "initrd"):
    shutil.copy(value("-" + name), fakes + "/new." + name + str(os.getpid()))
    os.rename(fakes + "/new." + name + str(os.getpid()), fakes + "/" + name)
def say(text):
    if value("-serial") != "none":
        sys.stdout.write(text)
        sys.stdout.flush()
def tell(byte):
    near = socket.socket(socket.AF_UNIX)
    near.connect(folder + "/v_9000")
    near.sendall(byte)
    answer = near.recv(1)
    near.close()
    return answer
say("booting\r\n\x1b[1mno colours\r\ninit: the NSM has seeded the kernel\n")
open(fakes + "/new%d" % os.getpid(), "w").write(json.dumps(seen))
os.rename(fakes + "/new%d" % os.getpid(), fakes + "/qemu")
if what == "gives up":
    sys.exit(0)
if what == "ends":
    sys.exit("qemu: could not set up host forwarding")
if what == "no kvm" and "accel=kvm" in value("-machine"):
    sys.exit("qemu: no KVM")
if what == "hangs":
    signal.pause()
if what == "much":
    for number in range(0, 400000, 1000):
        say("".join("%07d\n" % line for line in range(number, number + 1000)))
if what == "wrong":
    assert tell(b"\x00") == b""
assert tell(b"\xb7") == b"\xb7"
say("up\n")
signal.sigwait({signal.SIGUSR1})
say("the end\n")
"""

NITRO = r"""#!/usr/bin/python3 -IS
import json, os, sys
words, fakes = sys.argv[1:], os.environ["FAKES"]
open(fakes + "/nitro", "a").write(" ".join(words) + "\n")
one = {"EnclaveName": "n", "EnclaveID": "i-0123456789abcdef0-enc0123456789abcdef", "ProcessID": 7077, "EnclaveCID": 18,
       "NumberOfCPUs": 2, "CPUIDs": [1, 3], "MemoryMiB": 64}
if os.environ.get("FAKE_NITRO") == "fails":
    sys.stderr.write("[ E27 ] Insufficient memory available. User provided `memory` is 64 MB\n")
    sys.exit(27)
if os.environ.get("FAKE_NITRO") == "garbage":
    print("Started enclave")
elif words[0] == "run-enclave":
    sys.stderr.write("Start allocating memory...\n")
    print(json.dumps(one, indent=2))
elif words[0] == "describe-enclaves":
    more = {"State": "RUNNING", "Flags": "DEBUG_MODE", "Measurements": dict(
        [("HashAlgorithm", "Sha384 { ... }")] + [("PCR%d" % i, "%d" % i * 96) for i in range(3)])}
    print(json.dumps([dict(one, **more)], indent=2))
elif words[0] == "console":
    print("the console of nitro")
elif words[0] == "terminate-enclave":
    print(json.dumps({"EnclaveName": "n", "EnclaveID": one["EnclaveID"], "Terminated": True}))
"""


def path(name):
    return os.path.join(FOLDER, name)


def read(name):
    with open(path(name), "rb") as file:
        return file.read()


def write(name, content, mode=0o644):
    with open(path(name), "wb") as file:
        file.write(content if isinstance(content, bytes) else content.encode())
    os.chmod(path(name), mode)
    return path(name)


def environment(**more):
    return dict({"PATH": path("bin") + ":/usr/bin:/bin", "XDG_RUNTIME_DIR": path("x"), "FAKES": path("fakes")}, **more)


def grille(*words, program=GRILLE, **more):
    return subprocess.run([program, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          stdin=subprocess.DEVNULL, env=environment(**more), timeout=PATIENCE_S)


def good(*words, **more):
    done = grille(*words, **more)
    assert done.returncode == 0, done
    return done


def refused(text, status, *words, **more):
    done = grille(*words, **more)
    assert done.returncode == status and text in done.stderr and done.stdout == "", (text, done)
    return done


RUN = ["enclave", "run", "--image", path("a.eif"), "--cpus", "3", "--memory", "64", "--accel", "tcg", "--on", "qemu",
       "--insecure-nsm", path("sim"), "--insecure-nsm-ramdisk", path("stand-in.cpio")]


def run(name, *more, **settings):
    return json.loads(good(*RUN, "--name", name, *more, **settings).stdout)


def end(name):
    good("enclave", "terminate", name)


def wait(done, what):
    """Until it is so: events of processes that the test does not own."""
    limit = time.monotonic() + PATIENCE_S
    while not done():
        assert time.monotonic() < limit, what
        time.sleep(0.005)


def lives(pid):
    try:
        with open("/proc/%d/stat" % pid) as file:
            return file.read().rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


def qemu():
    return json.loads(read("fakes/qemu"))


def pids(cid=16):
    return [qemu()["pid"], int(read("fakes/vhost.%d" % cid))]


def runs(name=""):
    return path("x/grille/enclaves/" + name)


def listed():
    return {one["EnclaveName"]: one for one in json.loads(good("enclave", "list", "--json", "--on", "qemu").stdout)}


def all_gone(*more):
    for pid in more:
        wait(lambda: not lives(pid), "process %d" % pid)


def archive(files):
    made = b""
    for number, (name, data) in enumerate(files + [("TRAILER!!!", b"")]):
        fields = [number + 1, 0o100755, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name) + 1, 0]
        made += b"070701" + b"".join(b"%08X" % field for field in fields) + name.encode() + b"\0"
        made += bytes(-len(made) % 4) + data
        made += bytes(-len(made) % 4)
    return made


def members(data):
    """All files of archives one behind the other: what a kernel would unpack."""
    found, at = {}, 0
    while at < len(data):
        if data[at] == 0:
            at += 1
            continue
        assert at % 4 == 0 and data[at:at + 6] == b"070701", at
        field = [int(data[at + 6 + 8 * i:at + 14 + 8 * i], 16) for i in range(13)]
        name = data[at + 110:at + 109 + field[11]].decode()
        at += (110 + field[11] + 3) // 4 * 4
        if name != "TRAILER!!!":
            found[name] = (oct(field[1]), data[at:at + field[6]])
        at += (field[6] + 3) // 4 * 4
    return found


def sections():
    image = read("a.eif")
    count, = struct.unpack_from(">H", image, 26)
    found = []
    for offset in struct.unpack_from(">%dQ" % count, image, 28):
        kind, _, size = struct.unpack_from(">HHQ", image, offset)
        found.append((kind, image[offset + 12:offset + 12 + size]))
    return found


def pcr(data):
    return hashlib.sha384(bytes(48) + hashlib.sha384(data).digest()).hexdigest()


# ---- In a virtual machine ----

def it_gets_what_was_asked_for():
    said = run("a.b_C-1")
    arguments = qemu()["arguments"]
    assert said["EnclaveName"] == "a.b_C-1" and said["EnclaveCID"] == 16, said
    assert said["NumberOfCPUs"] == 3 and said["MemoryMiB"] == 64 and said["State"] == "RUNNING", said
    assert said["Address"] == "hybrid:" + runs("a.b_C-1/v"), said
    assert read("x/grille/enclaves/a.b_C-1/address").decode() == said["Address"] + "\n"
    value = lambda option: arguments[arguments.index(option) + 1]
    assert value("-smp") == "3" and value("-m") == "64" and "size=64M,share=on" in value("-object"), arguments
    assert value("-machine") == "q35,accel=tcg,memory-backend=memory" and value("-append") == CMDLINE, arguments
    # Nothing but the vsock: no network, no disk, no serial port, nothing of the user's configuration.
    assert value("-nic") == "none" and value("-serial") == "none" and value("-display") == "none", arguments
    assert "-nodefaults" in arguments and "-no-user-config" in arguments and "-no-reboot" in arguments, arguments
    assert arguments.count("-device") == 1 and value("-device") == "vhost-user-vsock-pci,chardev=vsock", arguments
    assert arguments.count("-chardev") == 1 and value("-chardev") == "socket,id=vsock,path=" + runs("a.b_C-1/vhost")
    assert not any("drive" in word or "-netdev" in word for word in arguments), arguments
    # The supervisor's, in a session of its own, with nothing of ours open.
    assert qemu()["parent"] == said["ProcessID"] and qemu()["session"] not in (os.getsid(0), qemu()["pid"]), qemu()
    assert qemu()["descriptors"][:3] == ["0", "1", "2"] and len(qemu()["descriptors"]) == 4, qemu()
    # What booted is not left over.
    assert sorted(os.listdir(runs("a.b_C-1"))) == ["address", "state.json", "v", "vhost"]
    end("a.b_C-1")
    all_gone(said["ProcessID"], *pids())
    assert os.listdir(runs()) == []


def what_it_attests_is_what_it_boots():
    measured = json.loads(good("enclave", "measure", path("a.eif")).stdout)["Measurements"]
    said = run("a")
    parts = sections()
    kernel, cmdline = (next(data for kind, data in parts if kind == wanted) for wanted in (1, 2))
    ramdisks = b"".join(data for kind, data in parts if kind == 3)
    initrd = read("fakes/initrd")
    assert read("fakes/kernel") == kernel and initrd.startswith(ramdisks) and cmdline.decode() == CMDLINE
    assert said["Measurements"] == measured and measured["PCR0"] == pcr(kernel + cmdline + ramdisks), measured
    extra = members(initrd[len(ramdisks):])
    assert extra["init"][1] == b"the stand-in" and extra["insecure-nsm/init"] == ("0o100755", b"the init"), extra
    assert extra["insecure-nsm/sim"][0] == "0o40700", extra
    for name in ("insecure-root-key.pem", "insecure-root.pem"):
        assert extra["insecure-nsm/sim/" + name] == ("0o100600", read("sim/" + name)), name
    settings = extra["insecure-nsm/sim/insecure-module.yaml"][1].decode().splitlines()
    for index in range(3):
        assert settings.count("pcr%d: %s" % (index, measured["PCR%d" % index])) == 1, settings
    assert settings.count("debug: false") == 1 and any(line.startswith("instance_id: i-") for line in settings), settings
    # What was of the folder alone.
    assert settings.count("pcr20: " + "ab" * 48) == 1 and not any("cd" * 48 in line for line in settings), settings
    end("a")


def it_is_listed():
    assert good("enclave", "list", "--on", "qemu").stdout == "no enclave runs here\n"
    run("b", "--cid", "4000000000")
    run("a")
    table = good("enclave", "list", "--on", "qemu").stdout.splitlines()
    assert re.match(r"NAME +STATE +CID +CPUS +MIB +DEBUG +ADDRESS$", table[0]), table
    assert re.match(r"a +RUNNING +16 +3 +64 +no +hybrid:" + runs("a/v") + "$", table[1]), table
    assert re.match(r"  PCR0  [0-9a-f]{96}$", table[2]) and table[5].startswith("b "), table
    assert listed()["b"]["EnclaveCID"] == 4000000000 and listed()["a"]["Flags"] == "NONE"
    refused("CID 16 is in use: observed enclave \"a\"", 1, *RUN, "--name", "c", "--cid", "16")
    refused("the name \"b\" is in use", 1, *RUN, "--name", "b")
    assert run("c")["EnclaveCID"] == 17
    good("enclave", "terminate", "--all", "--on", "qemu")
    assert listed() == {} and os.listdir(runs()) == []


def of_two_at_once_one_gets_the_name():
    names = ["a", "a", "b", "c"]
    started = [subprocess.Popen([GRILLE, *RUN, "--name", name], env=environment(), stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True) for name in names]
    said = [one.communicate(timeout=PATIENCE_S) for one in started]
    assert sorted(one.returncode for one in started[:2]) == [0, 1] and "is in use" in said[0][1] + said[1][1], said
    assert [one.returncode for one in started[2:]] == [0, 0], said
    assert sorted(one["EnclaveCID"] for one in listed().values()) == [16, 17, 18], listed()
    good("enclave", "terminate", "--all", "--on", "qemu")


def a_debug_enclave_attests_zeros_and_has_a_console():
    done = good(*RUN, "--name", "a", "--debug")
    said = json.loads(done.stdout)
    assert "PCR0, PCR1 and PCR2 of what it attests are zero" in done.stderr, done
    assert all(said["Measurements"]["PCR%d" % index] == "0" * 96 for index in range(3)), said
    settings = members(read("fakes/initrd"))["insecure-nsm/sim/insecure-module.yaml"][1].decode().splitlines()
    assert "debug: true" in settings and not any(re.match("pcr[0128]:", line) for line in settings), settings
    follower = subprocess.Popen([GRILLE, "enclave", "console", "a"], stdout=subprocess.PIPE, env=environment())
    start = "booting\r\n\x1b[1mno colours\r\ninit: the NSM has seeded the kernel\nup\n"
    assert follower.stdout.read(len(start)).decode() == start
    os.kill(qemu()["pid"], signal.SIGUSR1)
    assert follower.stdout.read().decode() == "the end\n" and follower.wait(PATIENCE_S) == 0
    all_gone(said["ProcessID"], *pids())
    # It has ended: where it was is gone, what it said stays.
    assert listed()["a"]["State"] == "ENDED" and sorted(os.listdir(runs("a"))) == ["console", "state.json"]
    assert good("enclave", "console", "a").stdout == start.replace("\r\n", "\n") + "the end\n"
    run("a", "--debug")
    assert "the end" not in read("x/grille/enclaves/a/console").decode()
    end("a")
    assert os.listdir(runs()) == []


def of_a_long_console_the_newest_stays():
    run("a", "--debug", FAKE_QEMU="much")
    sizes = [os.path.getsize(runs("a/console" + suffix)) for suffix in ("", ".1")]
    assert sizes[1] == 1 << 20 and 0 < sizes[0] <= 1 << 20, sizes
    os.kill(qemu()["pid"], signal.SIGUSR1)
    text = good("enclave", "console", "a").stdout
    lines = text[text.index("\n") + 1:].splitlines()
    assert lines[-3:] == ["0399999", "up", "the end"] and len(text) > 1 << 20, lines[-3:]
    assert [int(line) for line in lines[:-2]] == list(range(400000 - len(lines) + 2, 400000))
    end("a")


def an_enclave_without_debug_has_no_console():
    run("a")
    refused("has no console", 2, "enclave", "console", "a")
    refused("no enclave \"b\"", 2, "enclave", "console", "b")
    refused("no enclave \"b\"", 2, "enclave", "terminate", "b")
    end("a")


def one_end_ends_all():
    # The machine by itself; each of the programs killed; the supervisor told to.
    for victim, number in (0, signal.SIGUSR1), (0, signal.SIGKILL), (1, signal.SIGKILL), (2, signal.SIGTERM):
        said = run("a")
        everybody = pids() + [said["ProcessID"]]
        os.kill(everybody[victim], number)
        all_gone(*everybody)
        assert os.listdir(runs("a")) == ["state.json"] and listed()["a"]["State"] == "ENDED", victim
        assert listed()["a"]["Address"] == ""
    end("a")


def a_killed_supervisor_leaves_nothing_that_is_believed():
    for verb in "list", "run", "terminate":
        said = run("a", "--debug")
        os.kill(said["ProcessID"], signal.SIGKILL)
        # Its children end with it.
        all_gone(said["ProcessID"], *pids())
        assert json.loads(read("x/grille/enclaves/a/state.json"))["State"] == "RUNNING"
        if verb == "list":
            assert listed()["a"]["State"] == "ENDED"
            assert sorted(os.listdir(runs("a"))) == ["console", "state.json"]
        elif verb == "run":
            assert run("a")["EnclaveCID"] == 16
        if verb != "list":
            end("a")
            assert os.listdir(runs()) == []
    # Its number belongs to another process now: one that is not ended by it.
    said = run("a")
    os.kill(said["ProcessID"], signal.SIGKILL)
    all_gone(said["ProcessID"], *pids())
    write("x/grille/enclaves/a/state.json", json.dumps(dict(said, ProcessID=os.getpid())))
    assert listed()["a"]["State"] == "ENDED"
    end("a")


def what_does_not_come_up_says_why():
    done = refused("QEMU ended with status 1 before the enclave's init was up; it said: qemu: could not set up host forwarding",
                   1, *RUN, "--name", "a", FAKE_QEMU="ends")
    assert "Next: run it again with --debug" in done.stderr and os.listdir(runs()) == [], done
    done = refused("QEMU ended with status 1", 1, *RUN, "--name", "a", "--debug", FAKE_QEMU="ends")
    assert "The last lines of its console:\nbooting\n.[1mno colours\ninit: " in done.stderr, done
    assert "Next: grille enclave console a" in done.stderr, done
    assert good("enclave", "console", "a").stdout.startswith("booting")
    done = refused("QEMU ended with status 0", 1, *RUN, "--name", "a", FAKE_QEMU="gives up")
    assert "Likely the kernel gave up: too little memory" in done.stderr and "--debug" in done.stderr, done
    done = refused("vhost-device-vsock ended with status 1 before vhost-device-vsock listened; it said: vhost: no memory",
                   1, *RUN, "--name", "a", FAKE_VHOST="ends")
    assert os.listdir(runs()) == [], done
    all_gone(*pids())


def without_kvm_there_is_tcg():
    words = [word for word in RUN if word not in ("--accel", "tcg")]
    refused("QEMU ended with status 1", 1, *words, "--name", "a", "--accel", "kvm", FAKE_QEMU="no kvm")
    done = good(*words, "--name", "a", FAKE_QEMU="no kvm")
    assert "q35,accel=tcg,memory-backend=memory" in qemu()["arguments"], qemu()
    # Where there is a /dev/kvm that was tried.
    assert done.stderr == "" or "KVM does not work here: QEMU ended with status 1" in done.stderr, done
    assert "no KVM" not in done.stderr or ("no KVM ; trying --accel tcg" in done.stderr and "Next" not in done.stderr), done
    end("a")


def another_byte_is_no_word_of_the_init():
    run("a", FAKE_QEMU="wrong")
    end("a")


def an_interrupted_run_takes_it_down():
    os.unlink(path("fakes/qemu"))
    started = subprocess.Popen([GRILLE, *RUN, "--name", "a"], env=environment(FAKE_QEMU="hangs"), stdout=subprocess.DEVNULL)
    wait(lambda: os.path.exists(path("fakes/qemu")), "QEMU")
    assert listed()["a"]["State"] == "STARTING" and listed()["a"]["Address"] == ""
    refused("in use", 1, *RUN, "--name", "a")
    started.send_signal(signal.SIGINT)
    started.wait(PATIENCE_S)
    all_gone(qemu()["parent"], *pids())
    assert os.listdir(runs()) == []
    # The same from elsewhere.
    os.unlink(path("fakes/qemu"))
    started = subprocess.Popen([GRILLE, *RUN, "--name", "a"], env=environment(FAKE_QEMU="hangs"), stdout=subprocess.DEVNULL,
                               stderr=subprocess.PIPE, text=True)
    wait(lambda: os.path.exists(path("fakes/qemu")), "QEMU")
    end("a")
    assert "told to end before the enclave's init was up" in started.communicate(timeout=PATIENCE_S)[1]
    assert started.returncode == 1 and os.listdir(runs()) == []


def what_is_not_ours_to_use_is_refused():
    run("a")
    end("a")
    for content, text in (b"", "no JSON"), (b"[]", "EnclaveName"), (b"x" * 20000, "at most 16384 bytes"), (
            json.dumps({"EnclaveName": "b"}).encode(), "ProcessID"):
        os.mkdir(runs("b"))
        write("x/grille/enclaves/b/state.json", content)
        done = grille("enclave", "list", "--on", "qemu")
        assert done.returncode == 1 and text in done.stderr and "grille enclave terminate b" in done.stderr, done
        refused("is in use", 1, *RUN, "--name", "b")
        refused("is not understood", 2, "enclave", "console", "b")
        end("b")
    os.chmod(runs(), 0o777)
    for words in ["enclave", "list"], [*RUN, "--name", "a"]:
        refused("can be written to by others", 1, *words)
    os.chmod(runs(), 0o700)
    long = path("x" * 80)
    os.mkdir(long)
    refused("have paths of", 1, *RUN, "--name", "n" * 40, XDG_RUNTIME_DIR=long)
    refused("XDG_RUNTIME_DIR is \"x\"", 1, *RUN, "--name", "a", XDG_RUNTIME_DIR="x")
    assert os.listdir(long + "/grille/enclaves") == []


# ---- What can't be run ----

def inputs_that_cannot_be_used_are_refused():
    wanted = RUN[:2] + ["--name", "a"] + RUN[2:]

    def other(option, value):
        words = list(wanted)
        words[words.index(option) + 1] = value
        return words

    for option, value, text, status in [
            ("--image", path("none.eif"), "No such file", 2), ("--image", path("kernel"), "EIF-MALFORMED: at byte", 4),
            ("--image", path("bad.eif"), "EIF-CHECKSUM: the checksum at byte 544", 4),
            ("--image", path("nitro.eif"), "pci=off", 2), ("--image", path("other.eif"), "rdinit=", 2),
            ("--image", path("arm.eif"), "it is of aarch64", 2), ("--image", path("initless.eif"), "has an /init", 1),
            ("--memory", "3", "observed 3 MiB, expected at least 5 MiB, which is 4 times the image (1", 2),
            ("--insecure-nsm", path("bin"), "is no development root: observed insecure-root-key.pem No such file", 2),
            ("--insecure-nsm-ramdisk", path("none.cpio"), "No such file", 2),
            ("--insecure-nsm-ramdisk", path("kernel"), "is no ramdisk", 2)]:
        image = other(option, value)
        if option == "--memory":
            image[image.index("--image") + 1] = path("large.eif")
        done = refused(text, status, *image)
        assert "usage:" not in done.stderr, done
    refused("no vhost-device-vsock: looked for /dev/null", 2, *wanted, "--vhost-device-vsock", "/dev/null")
    copied = shutil.copy(GRILLE, path("bin/grille"))
    done = refused("no vhost-device-vsock: looked for it in the folders of PATH and beside", 2, *wanted, program=copied,
                   PATH=path("qemu-only"))
    assert "Debian has it as package vhost-device-vsock" in done.stderr, done
    assert "apt-get install qemu-system-x86" in refused("no QEMU", 2, *wanted, PATH="/nowhere").stderr
    without = [word for word in wanted if "stand-in" not in word and word != "--insecure-nsm-ramdisk"]
    assert "//tools/nsm_device:insecure_nsm_ramdisk" in refused("no stand-in", 2, *without, program=copied).stderr
    shutil.copy(path("stand-in.cpio"), path("bin/insecure-nsm.cpio"))
    good(*without, program=copied)
    end("a")
    assert os.listdir(runs()) == []


def misuse_is_told():
    base = ["run", "--image", "i", "--cpus", "1", "--memory", "1", "--name", "a"]
    root = ["--insecure-nsm", "d", "--on", "qemu"]
    lines = [["run"], base[:3], base[:5] + base[7:], base[:3] + base[5:], base[:7], base + ["--on", "qemu"]]
    for name in "", ".a", "-a", "a/b", "ä", "n" * 65, "a b":
        lines.append(["run", "--name=" + name] + base[1:7] + root)
    for option in "--cpus", "--memory", "--cid":
        for value in "0", "-1", "1x", "", "+5", "99999999999999999999", " 7", "1e3":
            words = [word for word in base if word != option]
            lines.append([*base[:7 if option == "--cid" else 3], "--name", "a", option + "=" + value, *root])
    lines += [base + root + ["--cid", "15"], base + root + ["--cid", "4294967295"], base + root + ["--accel", "xen"],
              base + root + ["--cpus", "256"], base + ["--on", "aws"], base + root + ["x"], base + root + ["--debug=yes"]]
    for option in "--insecure-nsm", "--insecure-nsm-ramdisk", "--vhost-device-vsock", "--accel":
        lines.append(base + ["--on", "nitro", option, "tcg"])
    lines += [["list", "x"], ["list", "--on", "x"], ["console"], ["console", "a", "b"], ["terminate"],
              ["terminate", "a", "--all"],
              ["terminate", "--on", "x", "a"], ["terminate", "a", "b"]]
    for words in lines:
        done = grille("enclave", *words)
        assert done.returncode == 2 and "usage: " in done.stderr and done.stdout == "", (words, done)
    for verb in "run", "list", "console", "terminate":
        assert good("enclave", verb, "--help").stdout.startswith("usage: grille enclave " + verb)


def the_page_is_true():
    """Each block of commands of docs/enclave-run.md runs, in the order of the page, and prints what it shows."""
    with open("docs/enclave-run.md") as file:
        blocks = re.findall(r"^```(\w+)\n(.*?)^```$", file.read(), re.M | re.S)
    for folder in "examples/greeter", "tools/grille", "tools/nsm_device":
        os.makedirs(path("bazel-bin/" + folder))
    shutil.copy(path("bin/grille"), path("bazel-bin/tools/grille"))
    shutil.copy(path("stand-in.cpio"), path("bazel-bin/tools/nsm_device/insecure-nsm.cpio"))
    shutil.copy(path("a.eif"), path("bazel-bin/examples/greeter/greeter_image.eif"))
    ran = 0
    for (kind, body), (next_kind, shown) in zip(blocks, blocks[1:] + [("", "")]):
        if kind != "sh":
            continue
        done = subprocess.run(["/bin/bash", "-ec", body], cwd=FOLDER, env=environment(), stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, timeout=PATIENCE_S)
        assert done.returncode == 0 and next_kind == "text", (body, done)
        for line in shown.splitlines():
            pattern = ".*".join(re.escape(part) for part in line.split("…"))
            assert re.search("^%s$" % pattern, done.stdout, re.M), (line, done.stdout)
        ran += 1
    assert ran == 3 and os.listdir(runs()) == [], ran


# ---- On Nitro ----

NITRO_RUN = ["enclave", "run", "--on", "nitro", "--name", "n", "--image", path("a.eif"), "--cpus", "2", "--memory", "64"]


def nitro_lines():
    lines = read("fakes/nitro").decode().splitlines()
    os.unlink(path("fakes/nitro"))
    return lines


def nitro_cli_does_it_on_nitro():
    measured = json.loads(good("enclave", "measure", path("a.eif")).stdout)["Measurements"]
    done = good(*NITRO_RUN)
    said = json.loads(done.stdout)
    assert said["EnclaveName"] == "n" and said["EnclaveCID"] == 18 and said["Address"] == "vsock:18", said
    assert said["Measurements"] == measured and "Start allocating memory" in done.stderr, done
    done = good(*NITRO_RUN, "--debug", "--cid", "18")
    assert json.loads(done.stdout)["Measurements"]["PCR0"] == "0" * 96 and "are zero" in done.stderr, done
    run("a")
    table = good("enclave", "list", "--on", "nitro").stdout
    assert re.search("^a +RUNNING.*hybrid:", table, re.M), table
    assert re.search("^n +RUNNING +18 +2 +64 +yes +vsock:18$", table, re.M), table
    both = json.loads(good("enclave", "list", "--on", "nitro", "--json").stdout)
    assert [one["EnclaveName"] for one in both] == ["a", "n"] and both[1]["Measurements"]["PCR2"] == "2" * 96, both
    assert good("enclave", "console", "--on", "nitro", "n").stdout == "the console of nitro\n"
    assert "\"Terminated\": true" in good("enclave", "terminate", "--on", "nitro", "n").stdout
    good("enclave", "terminate", "--on", "nitro", "--all")
    base = "run-enclave --enclave-name n --eif-path %s --cpu-count 2 --memory 64" % path("a.eif")
    told = nitro_lines()
    assert told == [base, base + " --enclave-cid 18 --debug-mode", "describe-enclaves", "describe-enclaves",
                    "console --enclave-name n", "terminate-enclave --enclave-name n", "terminate-enclave --all"], told
    assert listed() == {}


def errors_of_nitro_cli_are_passed_on():
    done = refused("[ E27 ] Insufficient memory available", 1, *NITRO_RUN, FAKE_NITRO="fails")
    assert "nitro-cli run-enclave ended with status 27" in done.stderr and "nitro-cli explain --error-code E27" in done.stderr
    refused("no JSON", 1, *NITRO_RUN, FAKE_NITRO="garbage")
    for words in ["list"], ["terminate", "n"], ["terminate", "--all"]:
        done = grille("enclave", *words, "--on", "nitro", FAKE_NITRO="fails")
        assert done.returncode == 1 and "E27" in done.stderr, done
    assert grille("enclave", "list", "--on", "nitro", FAKE_NITRO="garbage").returncode == 1
    refused("no nitro-cli", 1, *NITRO_RUN, PATH="/nowhere")
    # What can be told before it is told here.
    os.unlink(path("fakes/nitro"))
    few = list(NITRO_RUN)
    few[few.index("--memory") + 1] = "1"
    few[few.index("--image") + 1] = path("large.eif")
    refused("observed 1 MiB, expected at least 5 MiB", 2, *few)
    assert not os.path.exists(path("fakes/nitro"))


def image(name, kernel="kernel", *more, cmdline=CMDLINE):
    good("enclave", "build", "--output", path(name), "--kernel", path(kernel), "--init", path("init"), "--cmdline", cmdline,
         "--file", "/app=" + path("init"), *more, "--", "/app")


def make_world():
    for name in "bin", "x", "fakes", "qemu-only":
        os.mkdir(path(name), 0o700)
    for name, text in ("vhost-device-vsock", VHOST), ("qemu-system-x86_64", QEMU), ("nitro-cli", NITRO):
        write("bin/" + name, text, 0o755)
    os.symlink(path("bin/qemu-system-x86_64"), path("qemu-only/qemu-system-x86_64"))
    write("kernel", bytes(514) + b"HdrS" + b"k" * 99)
    write("large", bytes(514) + b"HdrS" + bytes((1 << 20) + 1000))
    write("arm", bytes(56) + b"ARM\x64")
    write("init", "the init", 0o755)
    write("stand-in.cpio", archive([("init", b"the stand-in")]))
    image("a.eif")
    image("large.eif", "large")
    image("nitro.eif", cmdline="pci=off quiet")
    image("other.eif", cmdline="quiet rdinit=/sbin/init")
    image("arm.eif", "arm", "--arch", "aarch64")
    data = bytearray(read("a.eif"))
    data[600] ^= 1
    write("bad.eif", bytes(data))
    data = read("a.eif").replace(b"init\0", b"tini\0")
    import zlib
    data = data[:544] + struct.pack(">I", zlib.crc32(data[548:], zlib.crc32(data[:544]))) + data[548:]
    write("initless.eif", data)
    good("sim", "init", path("sim"), "--pcr", "0=" + "cd" * 48, "--pcr", "20=" + "ab" * 48)


def main():
    failed = 0
    make_world()
    for case in [it_gets_what_was_asked_for, what_it_attests_is_what_it_boots, it_is_listed,
                 of_two_at_once_one_gets_the_name,
                 a_debug_enclave_attests_zeros_and_has_a_console, of_a_long_console_the_newest_stays,
                 an_enclave_without_debug_has_no_console, one_end_ends_all,
                 a_killed_supervisor_leaves_nothing_that_is_believed, what_does_not_come_up_says_why,
                 without_kvm_there_is_tcg, another_byte_is_no_word_of_the_init, an_interrupted_run_takes_it_down,
                 what_is_not_ours_to_use_is_refused,
                 inputs_that_cannot_be_used_are_refused, misuse_is_told, the_page_is_true, nitro_cli_does_it_on_nitro,
                 errors_of_nitro_cli_are_passed_on]:
        name = case.__name__.replace("_", " ")
        print("[ RUN      ] " + name, flush=True)
        begin = time.monotonic()
        try:
            case()
            print("[       OK ] %s (%d ms)" % (name, (time.monotonic() - begin) * 1000), flush=True)
        except Exception:
            import traceback
            traceback.print_exc(file=sys.stdout)
            print("[  FAILED  ] " + name)
            failed += 1
            grille("enclave", "terminate", "--all", "--on", "qemu")
    shutil.rmtree(FOLDER)
    return failed != 0


sys.exit(main())
