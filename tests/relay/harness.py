# SPDX-License-Identifier: Apache-2.0
"""The relay in a process of its own, sockets on both sides of it, and cases."""

import os
import re
import resource
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

PATIENCE_S = 60
# setsockopt(SO_LINGER): a close is a reset.
RESET = struct.pack("ii", 1, 0)


class Relay:
    """`grille relay` with these arguments; it ends once."""

    def __init__(self, grille, *arguments, files=None, pass_fds=()):
        def limit():
            if files:
                resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
        self.process = subprocess.Popen([grille, "relay", *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                        text=True, preexec_fn=limit, pass_fds=pass_fds)
        self.lines = []
        self.changed = threading.Condition()
        self.reader = threading.Thread(target=self.read_log, daemon=True)
        self.reader.start()
        self.listens = []
        for _ in range(arguments.count("--listen")):
            line = self.process.stdout.readline()
            match = re.fullmatch(r"ready (\S+) to (\S+)\n", line)
            if not match:
                self.process.wait(PATIENCE_S)
                self.reader.join()
                raise RuntimeError("the relay said %r %s" % (line, "\n".join(self.lines)))
            self.listens.append(match.group(1))

    def read_log(self):
        for line in self.process.stderr:
            with self.changed:
                self.lines.append(line.rstrip("\n"))
                self.changed.notify_all()

    def wait_log(self, pattern, count=1):
        """Waits until so many lines have the pattern; returns them."""
        def found():
            return [line for line in self.lines if re.search(pattern, line)]
        with self.changed:
            if not self.changed.wait_for(lambda: len(found()) >= count, PATIENCE_S):
                raise RuntimeError("the relay never logged %r: %s" % (pattern, "\n".join(self.lines[-20:])))
            return found()

    def connect(self, index=0, timeout=PATIENCE_S):
        return connect(self.listens[index], timeout)

    def connect_cut(self, index=0):
        """Connects where it is refused: how it ended."""
        try:
            return is_cut(self.connect(index))
        except ConnectionResetError:
            return "reset"

    def signal(self, number=signal.SIGTERM):
        self.process.send_signal(number)

    def status(self):
        """Waits for its end."""
        status = self.process.wait(PATIENCE_S)
        self.reader.join()
        return status

    def end(self):
        self.signal()
        return self.status()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.reader.join()
        self.process.stdout.close()
        self.process.stderr.close()


def make(address):
    """A socket for an address, and the name to bind or connect it to."""
    kind, _, rest = address.partition(":")
    if kind == "tcp":
        host, _, port = rest.rpartition(":")
        family = socket.AF_INET6 if host.startswith("[") else socket.AF_INET
        return socket.socket(family, socket.SOCK_STREAM), (host.strip("[]"), int(port))
    if kind == "hybrid":
        path, _, port = rest.rpartition(":")
        return socket.socket(socket.AF_UNIX), "%s_%s" % (path, port)
    return socket.socket(socket.AF_UNIX), "\0" + rest if kind == "unix-abstract" else rest


def connect(address, timeout=PATIENCE_S):
    end, name = make(address)
    end.settimeout(timeout)
    end.connect(name)
    return end


class Target:
    """A listening socket that connections are taken from by hand."""

    def __init__(self, address, backlog=128):
        self.socket, name = make(address)
        self.socket.settimeout(PATIENCE_S)
        self.socket.bind(name)
        self.socket.listen(backlog)
        self.address = address
        if address.startswith("tcp:"):
            self.address = "tcp:127.0.0.1:%d" % self.socket.getsockname()[1]

    def accept(self):
        end, _ = self.socket.accept()
        end.settimeout(PATIENCE_S)
        return end

    def close(self):
        self.socket.close()


def receive(end, count):
    """Exactly so many bytes."""
    data = bytearray()
    while len(data) < count:
        part = end.recv(count - len(data))
        if not part:
            raise RuntimeError("the stream ended after %d bytes of %d" % (len(data), count))
        data += part
    return bytes(data)


def is_cut(end):
    """Waits for the end of a connection: "ended" or "reset"."""
    try:
        while end.recv(65536):
            pass
        return "ended"
    except (ConnectionResetError, BrokenPipeError):
        return "reset"


def echo(near, far, data):
    near.sendall(data)
    assert receive(far, len(data)) == data
    far.sendall(data[::-1])
    assert receive(near, len(data)) == data[::-1]


class Cases:
    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="relay.", dir="/tmp")
        self.failed = 0
        self.names = 0

    def path(self, name):
        return os.path.join(self.folder, name)

    def fresh(self):
        """The address of a Unix socket that nobody has used."""
        self.names += 1
        return "unix:" + self.path("s%d" % self.names)

    def write(self, name, text):
        with open(self.path(name), "w") as file:
            file.write(text)
        return self.path(name)

    def run(self, case):
        name = case.__name__.replace("_", " ")
        print("[ RUN      ] " + name, flush=True)
        started = time.monotonic()
        try:
            case(self)
            print("[       OK ] %s" % name, flush=True)
        except Exception:
            import traceback
            traceback.print_exc(file=sys.stdout)
            print("[  FAILED  ] %s" % name, flush=True)
            self.failed += 1
        print("  %.1f s" % (time.monotonic() - started))

    def run_all(self, cases):
        try:
            for case in cases:
                self.run(case)
        finally:
            shutil.rmtree(self.folder)
        return self.failed != 0
