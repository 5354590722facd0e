# SPDX-License-Identifier: Apache-2.0
"""Later epochs: begun by us, asked for by us, in both orders; and what must end them."""

import os

from client import gate, paths, wire
from client.channel import Closed
from responder_cases import greet, identity, parent_calls
from world import PARENT, blob, method_id, size, unblob


def echo(opened, text):
    stream = opened.unary(method_id("Echo"), blob(text))
    assert stream.status.code == 0 and [unblob(m) for m in stream.messages] == [text]


def epochs_that_we_begin(world):
    """Three at once are within every limit; calls go on before, during and after."""
    for kind in ("x509", "nitro"):
        opened = world.channel(kind)
        transcripts = [opened.gate.values["TH"]]
        for number in (1, 2, 3):
            during = opened.session.call(method_id("Echo"), message=blob(b"x" * 50000), end=True)
            opened.epochs.begin()
            opened.run_epoch(number)
            opened.finish(during)
            assert unblob(during.messages[0]) == b"x" * 50000
            last = opened.epochs.last
            assert last.epoch == number and last.previous_th == transcripts[-1]
            assert bool(last.peer_hello.flags & gate.INITIATOR_FIRST) == (kind == "nitro")
            transcripts.append(last.values["TH"])
            echo(opened, b"after %d" % number)
        assert len(set(transcripts)) == 4 and opened.epochs.last.peer == opened.gate.peer
        opened.close()


def calls_that_leave_with_our_confirm(world):
    """In one record: the call finds what it follows."""
    opened = world.channel("nitro")
    for number in (1, 2):
        opened.epochs.begin()
        while opened.epochs.number < number:
            opened.pump()
        assert opened.session.out, "CONFIRM has left"
        stream = opened.unary(method_id("Epoch"), blob(b""))
        assert stream.status.code == 0 and stream.messages == [size(number)]
    opened.close()


def refused(opened):
    """REFUSED, then close_notify."""
    try:
        opened.run(lambda: False)
    except gate.Refused:
        opened.check_goodbye(opened.session.reader)
        return True
    except Closed:
        return False


def expect_refused(world, name, act, kind="x509", **options):
    opened = world.channel(kind, **options)
    opened.run(lambda: opened.session.has_peer_settings)
    act(opened)
    assert refused(opened), name


def hello(number, kinds=(gate.X509,)):
    return gate.encode_hello(gate.Hello(0, number, os.urandom(32), list(kinds)))


class OnlyRefused:
    """Follows no epoch: what we send was not ours to send."""

    def take(self, payload):
        if payload == bytes([gate.REFUSED]):
            raise gate.Refused()


def sends(*payloads):
    def act(opened):
        opened.session.epochs = OnlyRefused()
        for payload in payloads:
            opened.session.send_gate(payload)
    return act


def too_many(opened):
    for number in range(1, 7):
        opened.epochs.begin()
        if number < 6:
            opened.run_epoch(number)


def replays(opened):
    """The evidence of the gate, in place of one for this epoch."""
    class Replays(type(opened.gate.identity)):
        def prove(self, *arguments):
            return body
    body = gate.decode_evidence(opened.gate.payloads[b"I", gate.EVIDENCE])[2]
    opened.epochs.last.identity = Replays(opened.gate.identity.key, opened.gate.identity.chain, opened.gate.identity.claims)
    opened.epochs.begin()


def another_name(world):
    other = paths.new_identity(PARENT, [world.ca], claims=wire.encode_claims(3), subject="somebody else")

    def act(opened):
        opened.epochs.last.identity = other
        opened.epochs.begin()
    return act


def wrong_confirm(opened):
    class Wrong(gate.Gate):
        def confirm_of(self, role):
            return bytes(48) if role == b"I" else super().confirm_of(role)
    opened.epochs.last.__class__ = Wrong
    opened.epochs.begin()


def what_ends_the_connection(world):
    confirm = bytes([gate.CONFIRM]) + bytes(48)
    evidence = gate.encode_evidence(gate.X509, b"", b"x")
    rows = {
        "HELLO of epoch 0": sends(hello(0)),
        "HELLO of epoch 2": sends(hello(2)),
        "HELLO twice": sends(hello(1), hello(1)),
        "EVIDENCE without HELLO": sends(evidence),
        "CONFIRM without HELLO": sends(confirm),
        "CONFIRM in place of EVIDENCE": sends(hello(1), confirm),
        "REQUEST of an initiator": sends(bytes([gate.REQUEST])),
        "REQUEST with a byte behind it": sends(bytes([gate.REQUEST, 0])),
        "a message of type 9": sends(b"\x09"),
        "a kind that is not accepted": sends(hello(1, [gate.NITRO])),
        "six epochs at once": too_many,
        "evidence of the epoch before": replays,
        "another mac": wrong_confirm,
        "another subject": another_name(world),
    }
    for name, act in rows.items():
        expect_refused(world, name, act)


def our_requests_are_answered(world):
    """The real parent is the initiator: while its call waits we ask for an epoch, and another."""
    for first in (False, True):
        seen = []

        def serve(stream):
            stream.session.epochs.ask()
            held.append(stream)

        held = []

        class Counts(gate.Gate):
            def take_confirm(self, payload):
                super().take_confirm(payload)
                if self.epoch > 0:
                    seen.append(self.epoch)
                    greet(held.pop())

        outcome, status, said = parent_calls(world, serve=serve, gate_type=Counts, initiator_first=first)
        assert (outcome, status, said) == ("closed", 0, "Hello, Ada, says Python!\n"), (outcome, status, said)
        assert seen == [1], seen


def the_parent_refuses_another_identity(world):
    for first in (False, True):
        other = identity(world, subject="somebody else")
        held = []

        def serve(stream):
            epochs = stream.session.epochs
            epochs.last.identity = other
            epochs.ask()
            held.append(stream)

        outcome, status, said = parent_calls(world, serve=serve, initiator_first=first)
        assert outcome in ("Refused", "lost") and status == 1, (outcome, status, said)
        assert "UNAUTHENTICATED" in said and "ATTEST-IDENTITY-CHANGED" in said, said


CASES = [epochs_that_we_begin, calls_that_leave_with_our_confirm, what_ends_the_connection,
         our_requests_are_answered, the_parent_refuses_another_identity]
