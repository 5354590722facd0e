# SPDX-License-Identifier: Apache-2.0
"""Who is who in the cases: the servers in processes of their own, their policies, and our identities and policies."""

import json
import os
import shutil
import signal
import struct
import subprocess
import tempfile

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from client import channel, nitro, paths, wire
from client.paths import sha256

PARENT = "spiffe://interop/parent"
CALLER = "spiffe://interop/caller"
GATEWAY = "spiffe://interop/gateway"
SERVICE = "grille.interop.v1.Interop"

POLICY = """
peers:
  - name: parent
    kind: x509
    ca: parents.pem
    names: ["%s"]
    may_call: [%s]
    serves: ["/grille.interop.v1.Interop/Echo"]
"""


def text_id(text):
    return struct.unpack(">I", sha256(text.encode())[:4])[0]


def method_id(method):
    return text_id("/%s/%s" % (SERVICE, method))


# ---- Messages of interop.proto ----

def blob(data):
    return wire.field_bytes(1, data) if data else b""


def unblob(encoded):
    found = wire.message(encoded, {1: ("data", 2, False)})
    return found.get("data", b"")


def failure(code, message, details=b""):
    return wire.field_varint(1, code) + wire.field_bytes(2, message.encode()) + wire.field_bytes(3, details)


def size(value):
    return wire.field_varint(1, value) if value else b""


def counts(waiting=0, cancelled=0):
    return (wire.field_varint(1, waiting) if waiting else b"") + (wire.field_varint(2, cancelled) if cancelled else b"")


class Server:
    """One server program; `kind` is nitro or x509. It ends once."""

    def __init__(self, world, kind, name, idle_ms=0, age_ms=0):
        self.path = os.path.join(world.folder, name)
        self.terminated = False
        if kind == "nitro":
            identity = [world.file("sim"), "-"]
        else:
            identity = [world.file("gateway/identity.pem"), world.file("gateway/identity.key")]
        # Not a pipe: a log that nobody reads would stop the server.
        self.log = world.file(name + ".log")
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                [world.program, world.file("policy.yaml"), "unix:" + self.path, kind] + identity + [str(idle_ms), str(age_ms)],
                stdout=subprocess.PIPE, stderr=log)
        line = self.process.stdout.readline()
        if line != b"ready\n":
            raise RuntimeError("the server said %r %s" % (line, self.errors()))

    def errors(self):
        with open(self.log) as log:
            return log.read()[-5000:]

    def terminate(self):
        """Once: the second SIGTERM would find it without its handler."""
        if not self.terminated:
            self.process.send_signal(signal.SIGTERM)
        self.terminated = True

    def end(self):
        """Its exit status, and the end of what it wrote to standard error."""
        if self.process.returncode is None:
            self.terminate()
            self.process.communicate(timeout=channel.PATIENCE_S)
        return self.process.returncode, self.errors()


class World:
    def __init__(self, program, parent, grille, measure):
        self.program, self.parent, self.grille = map(os.path.abspath, (program, parent, grille))
        self.folder = tempfile.mkdtemp(prefix="interop.", dir="/tmp")
        self.ca = paths.new_ca("Interop parents")
        self.identity = paths.new_identity(PARENT, [self.ca], claims=wire.encode_claims(3))
        self.write("parents.pem", self.ca[1].public_bytes(serialization.Encoding.PEM))
        methods = ["Echo", "Fail", "Make", "Wait", "WaitFor", "Upload", "Download", "Chat", "CallBack", "Epoch"]
        allowed = ", ".join('"/%s/%s"' % (SERVICE, method) for method in methods)
        self.write("policy.yaml", (POLICY % (PARENT, allowed)).encode())
        self.run("identity", "new", "ca", self.file("ca"))
        self.run("identity", "new", "x509", self.file("gateway"), "--ca", self.file("ca"), "--name", GATEWAY)
        self.run("identity", "new", "x509", self.file("caller"), "--ca", self.file("ca"), "--name", CALLER)
        self.run("sim", "init", self.file("sim"))
        measured = json.loads(subprocess.run([measure, program], check=True, stdout=subprocess.PIPE).stdout)
        self.pcrs = {i: bytes.fromhex(measured["Measurements"]["PCR%d" % i]) for i in (0, 1, 2)}
        self.servers = {}

    def file(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, data):
        with open(self.file(name), "wb") as file:
            file.write(data)

    def run(self, *arguments):
        subprocess.run([self.grille] + list(arguments), check=True, stdout=subprocess.DEVNULL)

    def certificate(self, name):
        with open(self.file(name), "rb") as file:
            return x509.load_pem_x509_certificate(file.read())

    def server(self, kind):
        """The one of this kind that cases share."""
        if kind not in self.servers:
            self.servers[kind] = Server(self, kind, kind)
        return self.servers[kind]

    def policy(self, kind):
        if kind == "nitro":
            return nitro.NitroPolicy(paths.der(self.certificate("sim/insecure-root.pem")), self.pcrs)
        return paths.X509Policy(self.certificate("ca/ca.pem"), [GATEWAY])

    def own_server(self, kind, name, **options):
        """One for a case alone."""
        self.servers[name] = Server(self, kind, name, **options)
        return self.servers[name]

    def channel(self, kind="nitro", server=None, identity=None, policy=None, **options):
        path = (server or self.server(kind)).path
        return channel.Channel(channel.connect(path), identity or self.identity, policy or self.policy(kind), **options)

    def end_servers(self):
        """Each one's exit status and what it said."""
        ends = [server.end() for server in self.servers.values()]
        self.servers.clear()
        return ends

    def close(self):
        self.end_servers()
        shutil.rmtree(self.folder)
