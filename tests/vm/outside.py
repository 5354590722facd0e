# SPDX-License-Identifier: Apache-2.0
"""A parent in Python: the second implementation (tests/interop) calls an enclave through the machine's hybrid socket.
What it needs of the other implementation's world (tests/interop/world.py) is here that of a machine."""

import os
import socket
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.abspath("tests/interop"))

from cryptography import x509  # noqa: E402
from cryptography.hazmat.primitives import serialization  # noqa: E402

import call_cases  # noqa: E402
import epoch_cases  # noqa: E402
import reverse_cases  # noqa: E402
import stream_cases  # noqa: E402
from client import channel, gate, nitro, paths, wire  # noqa: E402
from world import blob, counts, method_id, text_id  # noqa: E402

NAME = "spiffe://interop/outside"
TOLD = {1: "lives", 2: "waiting", 3: "cancelled", 4: "documents", 5: "epoch", 6: "kind"}


def try_connect(path, port):
    """vhost-device-vsock's prologue (Firecracker's): CONNECT and OK, each a line; then the stream is the guest's. None
    while nobody listens there."""
    connected = socket.socket(socket.AF_UNIX)
    connected.settimeout(channel.PATIENCE_S)
    connected.connect(path)
    connected.sendall(b"CONNECT %d\n" % port)
    answer = b""
    while not answer.endswith(b"\n"):
        byte = connected.recv(1)
        if not byte and not answer:
            connected.close()
            return None
        assert byte and len(answer) < 32, answer
        answer += byte
    assert answer.startswith(b"OK "), answer
    return connected


def connect(path, port):
    end = time.monotonic() + channel.PATIENCE_S
    while time.monotonic() < end:
        connected = try_connect(path, port)
        if connected:
            return connected
        time.sleep(0.01)
    raise TimeoutError("nobody listens on port %d" % port)


class Outside:
    """Its CA is its own; a policy that knows it is written before there is a machine."""

    def __init__(self):
        self.ca = paths.new_ca("Outside")
        self.identity = paths.new_identity(NAME, [self.ca], claims=wire.encode_claims(3))

    def ca_pem(self):
        return self.ca[1].public_bytes(serialization.Encoding.PEM)

    def meet(self, machine, port, root_pem):
        self.machine, self.port = machine, port
        root = paths.der(x509.load_pem_x509_certificate(root_pem))
        self.accepted = nitro.NitroPolicy(root, {i: bytes.fromhex(machine.pcrs[i]) for i in range(3)})

    def channel(self, kind="nitro", identity=None, policy=None, **options):
        assert kind == "nitro"
        return channel.Channel(connect(self.machine.hybrid, self.port), identity or self.identity, policy or self.accepted,
                               **options)


def the_evidence_is_this_machines(world):
    opened = world.channel()
    assert opened.gate.peer is not None
    call_cases.is_alive(opened)
    opened.close()
    pcrs = {i: bytes.fromhex(world.machine.pcrs[i]) for i in range(3)}
    pcrs[2] = bytes(47) + b"\1"
    try:
        world.channel(policy=nitro.NitroPolicy(world.accepted.root, pcrs)).close()
    except gate.Refuse:
        return
    assert False, "another PCR2 was accepted"


def begin_told(opened):
    return opened.session.call(text_id("/grille.vm.v1.Guest/Tell"), message=b"", end=True)


def told(opened, stream):
    """What the enclave has seen (kinds.proto)."""
    opened.finish(stream)
    assert stream.status.code == 0, stream.status
    found = wire.message(stream.messages[0], {number: (name, 0, False) for number, name in TOLD.items()})
    return {name: found.get(name, 0) for name in TOLD.values()}


def a_cancelled_call(world):
    opened = world.channel()
    before = told(opened, begin_told(opened))
    waiting, cancelled = before["waiting"] + 1, before["cancelled"]
    held = opened.session.call(method_id("Wait"), message=blob(b""), end=True)
    assert opened.unary(method_id("WaitFor"), counts(waiting, cancelled)).status.code == 0
    held.cancel()
    assert opened.unary(method_id("WaitFor"), counts(waiting, cancelled + 1)).status.code == 0
    after = told(opened, begin_told(opened))
    assert (after["waiting"], after["cancelled"]) == (waiting, cancelled + 1), after
    opened.close()


CASES = [the_evidence_is_this_machines, call_cases.one_frame_each_way, call_cases.metadata_both_ways,
         call_cases.every_status_code, call_cases.both_messages_larger_than_the_window, call_cases.deadlines,
         stream_cases.upload_of_every_size, stream_cases.download_of_every_size, stream_cases.chat_answers_each_message,
         a_cancelled_call, reverse_cases.the_server_calls_back, epoch_cases.calls_that_leave_with_our_confirm]
