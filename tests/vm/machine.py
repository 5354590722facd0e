# SPDX-License-Identifier: Apache-2.0
"""A virtual machine that boots an enclave image, with a stand-in for /dev/nsm whose PCRs are computed from the very bytes
that the machine gets. The image's parts are as they are; the stand-in rides in one more ramdisk, whose /init it is."""

import hashlib
import os
import select
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import time

# For each thing that is waited for: a machine that emulates a processor, beside others that do.
PATIENCE_S = 120
KERNEL, CMDLINE, RAMDISK = 1, 2, 3


# Machines that have not ended, of all threads.
_standing = set()


def end_all():
    for machine in list(_standing):
        machine.end()


def end_when_told(*folders):
    """SIGTERM ends all machines and removes these folders, and then ends this process. For the main thread."""
    def end(number, _):
        end_all()
        for folder in folders:
            shutil.rmtree(folder, ignore_errors=True)
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)
    signal.signal(signal.SIGTERM, end)


def begin(command, **options):
    """A process that ends with the thread that began it, however that ends."""
    options.setdefault("stdin", subprocess.DEVNULL)
    return subprocess.Popen(["setpriv", "--pdeathsig", "KILL", "--"] + command, **options)


class Programs:
    """What a machine needs beside QEMU: paths of grille, the stand-in, its modules, and vhost-device-vsock or None."""

    def __init__(self, grille, stand_in, fuse, cuse, vhost, libraries):
        self.grille, self.stand_in, self.modules = grille, stand_in, [fuse, cuse]
        self.vhost, self.libraries = vhost, libraries


def sections(image):
    count, = struct.unpack_from(">H", image, 26)
    found = []
    for offset in struct.unpack_from(">%dQ" % count, image, 28):
        kind, _, size = struct.unpack_from(">HHQ", image, offset)
        found.append((kind, image[offset + 12:offset + 12 + size]))
    return found


def pcr(data):
    return hashlib.sha384(bytes(48) + hashlib.sha384(data).digest()).hexdigest()


def archive(files):
    """A newc archive of [(path, mode, bytes)]."""
    made = b""
    for number, (path, mode, data) in enumerate(files + [("TRAILER!!!", 0, b"")]):
        name = path.encode() + b"\0"
        fields = [number + 1, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name), 0]
        made += b"070701" + b"".join(b"%08X" % field for field in fields) + name
        made += bytes(-len(made) % 4) + data
        made += bytes(-len(made) % 4)
    return made


def members(data):
    """{path: (mode, bytes)} of a newc archive."""
    found, at = {}, 0
    while True:
        field = [int(data[at + 6 + 8 * i:at + 14 + 8 * i], 16) for i in range(13)]
        name = data[at + 110:at + 109 + field[11]].decode()
        at += (110 + field[11] + 3) // 4 * 4
        if name == "TRAILER!!!":
            return found
        found[name] = (field[1], data[at:at + field[6]])
        at += (field[6] + 3) // 4 * 4


def member(data, wanted):
    """The file of that path in a newc archive."""
    return members(data)[wanted][1]


def read(path):
    with open(path, "rb") as file:
        return file.read()


def listens(path):
    """True when a socket at that path takes connections; without making one. The flag is __SO_ACCEPTCON (net.h)."""
    with open("/proc/net/unix") as file:
        return any(words[-1] == path and int(words[3], 16) & 0x10000 for words in map(str.split, file.readlines()[1:]))


class Machine:
    """Boots an image. `sim` is a folder of grille sim init, or None: a machine without an NSM; `more` are further
    unmeasured files [(path, mode, bytes)]."""

    def __init__(self, programs, image, sim, more=(), cid=16):
        self.programs, self.sim, self.more, self.cid = programs, sim, list(more), cid
        self.folder = tempfile.mkdtemp(prefix="vm.", dir="/tmp")
        self.console_path = os.path.join(self.folder, "console")
        self.hybrid = os.path.join(self.folder, "v")
        self.vhost = self.qemu = self.ready = None
        _standing.add(self)
        try:
            self.boot(image)
        except BaseException:
            self.end()
            raise

    def boot(self, image):
        """Also once more after kill(), with this image or another one: a new guest behind the same address."""
        parts = sections(image)
        kernel, cmdline = (next(data for kind, data in parts if kind == wanted) for wanted in (KERNEL, CMDLINE))
        ramdisks = [data for kind, data in parts if kind == RAMDISK]
        # The second file of settings: PCRs of these bytes, not of what the image says.
        self.pcrs = [pcr(kernel + cmdline + b"".join(ramdisks)), pcr(kernel + cmdline + ramdisks[0]),
                     pcr(b"".join(ramdisks[1:]))]
        self.write("kernel", kernel)
        stand_in = self.stand_in(ramdisks[0], self.sim) if self.sim else []
        self.write("initrd", b"".join(ramdisks) + archive(stand_in + self.more))
        self.start(cmdline.decode())

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, data):
        with open(self.path(name), "wb") as file:
            file.write(data)

    def stand_in(self, boot, sim):
        settings = [line for line in read(os.path.join(sim, "insecure-module.yaml")).decode().splitlines()
                    if not line.startswith("pcr")]
        settings += ["pcr%d: %s" % one for one in enumerate(self.pcrs)]
        files = [("init", 0o100755, read(self.programs.stand_in)), ("insecure-nsm", 0o40755, b""),
                 ("insecure-nsm/init", 0o100755, member(boot, "init")), ("insecure-nsm/modules", 0o40755, b""),
                 ("insecure-nsm/sim", 0o40700, b"")]
        files += [("insecure-nsm/modules/%d.ko" % number, 0o100644, read(path))
                  for number, path in enumerate(self.programs.modules)]
        for name in sorted(os.listdir(sim)):
            data = read(os.path.join(sim, name))
            if name == "insecure-module.yaml":
                data = ("\n".join(settings) + "\n").encode()
            files.append(("insecure-nsm/sim/" + name, 0o100600, data))
        return files

    def start(self, cmdline):
        command = ["qemu-system-x86_64", "-machine", "q35,accel=tcg,memory-backend=memory", "-object",
                   "memory-backend-memfd,id=memory,size=256M,share=on", "-cpu", "max", "-m", "256", "-smp", "2",
                   "-nodefaults", "-no-reboot", "-display", "none", "-nic", "none", "-serial", "file:" + self.console_path,
                   "-kernel", self.path("kernel"), "-initrd", self.path("initrd"), "-append", cmdline]
        if self.programs.vhost:
            if not self.vhost or self.vhost.poll() is not None:
                self.open_address()
            command += ["-chardev", "socket,id=vsock,path=" + self.path("vhost"), "-device",
                        "vhost-user-vsock-pci,chardev=vsock"]
        self.qemu = begin(command)

    def open_address(self):
        """What stays while guests come and go: the listener for their init, and the device's other end."""
        self.close_address()
        self.ready = socket.socket(socket.AF_UNIX)
        self.ready.bind(self.hybrid + "_9000")
        self.ready.listen(1)
        self.ready.settimeout(PATIENCE_S)
        loader = os.path.join(self.programs.libraries, "ld-linux-x86-64.so.2")
        with open(self.path("vhost.log"), "w") as log:
            self.vhost = begin(
                [loader, "--library-path", self.programs.libraries, self.programs.vhost, "--vm",
                 "guest-cid=%d,socket=%s,uds-path=%s" % (self.cid, self.path("vhost"), self.hybrid)], stderr=log, stdout=log)
        self.wait(lambda: listens(self.path("vhost")), lambda: self.vhost.poll() is None, "vhost-device-vsock")

    def wait(self, done, alive, what):
        end = time.monotonic() + PATIENCE_S
        while not done():
            assert alive() and time.monotonic() < end, "%s: %s" % (what, self.console())
            time.sleep(0.01)

    def console(self):
        return read(self.console_path).decode(errors="replace") if os.path.exists(self.console_path) else ""

    def wait_ready(self):
        """The init's byte on port 9000, and ours back."""
        self.wait(lambda: select.select([self.ready], [], [], 0.1)[0], lambda: self.qemu.poll() is None, "a machine that is up")
        near, _ = self.ready.accept()
        near.settimeout(PATIENCE_S)
        assert near.recv(1) == b"\xb7", self.console()
        near.sendall(b"\xb7")
        near.close()

    def wait_line(self, text):
        self.wait(lambda: text in self.console(), lambda: self.qemu.poll() is None or text in self.console(), text)

    def wait_end(self):
        self.qemu.wait(PATIENCE_S)
        return self.console()

    def address(self, port):
        return "hybrid:%s:%d" % (self.hybrid, port)

    def close_address(self):
        if self.vhost:
            self.vhost.kill()
            self.vhost.wait()
        if self.ready:
            self.ready.close()
        self.vhost = self.ready = None
        for path in (self.path("vhost"), self.hybrid, self.hybrid + "_9000"):
            if os.path.exists(path):
                os.unlink(path)

    def kill(self):
        """The guest, as when its power fails; its address stays."""
        if self.qemu:
            self.qemu.kill()
            self.qemu.wait()

    def end(self):
        self.kill()
        self.close_address()
        shutil.rmtree(self.folder, ignore_errors=True)
        _standing.discard(self)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()
