# SPDX-License-Identifier: Apache-2.0
"""The other way round: the real parent of examples/greeter calls this implementation."""

import os
import socket
import subprocess

from cryptography.x509.oid import ExtendedKeyUsageOID

from client import channel, gate, paths, wire
from client.wire import Status
from world import CALLER, text_id

NAME = "spiffe://interop/python"
GREET = text_id("/acme.greeter.v1.Greeter/Greet")
OK = Status(0, "", b"", [])

PARENT_POLICY = """
peers:
  - name: python
    kind: x509
    ca: parents.pem
    names: ["%s"]
""" % NAME


def greet(stream):
    """STATUS without a message: the answer is in DATA."""
    assert stream.call.method_id == GREET and 0 < stream.call.timeout_us <= 10000000 and len(stream.messages) == 1
    name = wire.message(stream.messages[0], {1: ("name", 2, False)})["name"]
    stream.send(wire.field_bytes(1, b"Hello, " + name + b", says Python!"))
    stream.finish(OK)


class RefusesTheLastMessage(gate.Gate):
    def take_confirm(self, payload):
        super().take_confirm(payload)
        raise gate.Refuse("as asked")


def identity(world, **options):
    options.setdefault("purpose", ExtendedKeyUsageOID.SERVER_AUTH)
    return paths.new_identity(options.pop("uri", NAME), [world.ca], claims=wire.encode_claims(9), **options)


def parent_calls(world, name="Ada", serve=greet, prover=None, policy=None, **options):
    """Plays one parent process. Returns (how our end went, its exit status, what it said)."""
    path = world.file("python")
    world.write("python.yaml", PARENT_POLICY.encode())
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(path)
    listener.listen(1)
    listener.settimeout(channel.PATIENCE_S)
    command = [world.parent, "unix:" + path, world.file("python.yaml"), world.file("caller/identity.pem"),
               world.file("caller/identity.key"), name]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    accepted, _ = listener.accept()
    listener.close()
    os.unlink(path)
    policy = policy or paths.X509Policy(world.certificate("ca/ca.pem"), [CALLER])
    try:
        opened = channel.Channel(accepted, prover or identity(world), policy, initiator=False, serve=serve, **options)
        outcome = "closed" if opened.wait_closed() else "lost"
    except (gate.Refuse, gate.Refused, channel.Closed) as failed:
        outcome = type(failed).__name__
    said, complained = process.communicate(timeout=channel.PATIENCE_S)
    return outcome, process.returncode, said + complained


def the_parent_is_answered(world):
    for first in (False, True):
        outcome, status, said = parent_calls(world, initiator_first=first)
        assert (outcome, status, said) == ("closed", 0, "Hello, Ada, says Python!\n"), (outcome, status, said)


def long_messages_both_ways(world):
    name = "A" * 60000
    outcome, status, said = parent_calls(world, name=name)
    assert (outcome, status, said) == ("closed", 0, "Hello, %s, says Python!\n" % name)


def the_answer_is_an_error(world):
    def serve(stream):
        stream.finish(Status(5, "nobody of that name", b"", []))
    outcome, status, said = parent_calls(world, serve=serve)
    assert status == 1 and said == "greeter_parent: NOT_FOUND: nobody of that name\n", (outcome, said)


def we_refuse_the_parent(world):
    policy = paths.X509Policy(world.certificate("ca/ca.pem"), [NAME])
    for first in (False, True):
        outcome, status, said = parent_calls(world, policy=policy, initiator_first=first)
        assert outcome == "Refuse" and status == 1 and "UNAUTHENTICATED" in said and "refused our evidence" in said, said


def we_refuse_its_last_message(world):
    """Where it proves first, its gate is open by then: REFUSED comes in place of SETTINGS."""
    for first in (False, True):
        outcome, status, said = parent_calls(world, gate_type=RefusesTheLastMessage, initiator_first=first)
        assert outcome == "Refuse" and status == 1 and "UNAUTHENTICATED" in said and "refused our evidence" in said, said


def the_parent_refuses_us(world):
    """And ends at once, which may come before all that we say."""
    provers = {"subjectAltName": identity(world, uri=NAME + "s"),
               "extended key usage": identity(world, purpose=ExtendedKeyUsageOID.CLIENT_AUTH),
               "signature that does not verify": paths.X509Identity(world.ca[0], identity(world).chain)}
    for why, prover in provers.items():
        for first in (False, True):
            outcome, status, said = parent_calls(world, prover=prover, initiator_first=first)
            assert outcome in ("Refused", "Closed") and status == 1, outcome
            assert "UNAUTHENTICATED" in said and why in said, said


CASES = [the_parent_is_answered, long_messages_both_ways, the_answer_is_an_error, we_refuse_the_parent,
         we_refuse_its_last_message, the_parent_refuses_us]
