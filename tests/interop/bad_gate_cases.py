# SPDX-License-Identifier: Apache-2.0
"""What a responder must answer by REFUSED and close_notify: each altered message, in both orders, over real TLS."""

import datetime

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

from client import channel, gate, paths, wire
from client.gate import CONFIRM, EVIDENCE, HELLO
from world import PARENT, blob, method_id, unblob


def framed(payload):
    return wire.frame(wire.GATE, 0, 0, payload)


def flipped(payload, at):
    return payload[:at] + bytes([payload[at] ^ 1]) + payload[at + 1:]


def refused(world, kind, alter=None, identity=None):
    """The peer answers REFUSED, then close_notify; no frame of the session."""
    try:
        opened = world.channel(kind, alter=alter, identity=identity)
    except gate.Refused:
        return
    try:
        # INITIATOR_FIRST: our own gate is open when the last CONFIRM is on its way.
        opened.run(lambda: False)
    except wire.Broken as broken:
        assert str(broken) == "REFUSED", broken
        assert not opened.session.has_peer_settings
        opened.check_goodbye(opened.session.reader)
        return
    raise AssertionError("nobody refused")


def altering(wanted, change):
    """Changes the payload of one type of message."""
    def alter(payload, opened):
        return change(payload, opened) if payload[0] == wanted else framed(payload)
    return alter


ALTERED = {
    "HELLO of another version": altering(HELLO, lambda p, c: framed(p[:1] + b"\2" + p[2:])),
    "HELLO with INITIATOR_FIRST": altering(HELLO, lambda p, c: framed(p[:2] + b"\1" + p[3:])),
    "HELLO with an unknown flag": altering(HELLO, lambda p, c: framed(p[:2] + b"\x80" + p[3:])),
    "HELLO of epoch 1": altering(HELLO, lambda p, c: framed(p[:6] + b"\1" + p[7:])),
    "HELLO without kinds": altering(HELLO, lambda p, c: framed(p[:39] + b"\0")),
    "HELLO with a kind twice": altering(HELLO, lambda p, c: framed(p[:39] + b"\2\2\2")),
    "HELLO with 17 kinds": altering(HELLO, lambda p, c: framed(p[:39] + bytes([17]) + bytes(range(1, 18)))),
    "HELLO that offers psk only": altering(HELLO, lambda p, c: framed(p[:39] + b"\1\3")),
    "HELLO that is cut": altering(HELLO, lambda p, c: framed(p[:-1])),
    "HELLO with a byte behind it": altering(HELLO, lambda p, c: framed(p + b"\0")),
    "HELLO of 1,025 bytes": altering(HELLO, lambda p, c: framed(p + bytes(1025 - len(p)))),
    "HELLO twice": altering(HELLO, lambda p, c: framed(p) * 2),
    "another nonce behind the binder": altering(HELLO, lambda p, c: framed(flipped(p, 7))),
    "EVIDENCE before HELLO": altering(HELLO, lambda p, c: framed(gate.encode_evidence(2, b"", b"x")) + framed(p)),
    "CONFIRM before HELLO": altering(HELLO, lambda p, c: framed(bytes([CONFIRM]) + bytes(48)) + framed(p)),
    "REQUEST": altering(HELLO, lambda p, c: framed(b"\5")),
    "an unknown gate message": altering(HELLO, lambda p, c: framed(b"\6")),
    "SETTINGS before CONFIRM": altering(HELLO, lambda p, c: wire.frame(wire.SETTINGS, 0, 0) + framed(p)),
    "GATE on a stream": altering(HELLO, lambda p, c: wire.frame(wire.GATE, 0, 1, p)),
    "GATE with a flag": altering(HELLO, lambda p, c: wire.frame(wire.GATE, 4, 0, p)),
    "GATE without a payload": altering(HELLO, lambda p, c: wire.frame(wire.GATE, 0, 0)),
    "EVIDENCE of a kind that was not offered": altering(EVIDENCE, lambda p, c: framed(p[:1] + b"\1" + p[2:])),
    "EVIDENCE with other claims": altering(EVIDENCE, lambda p, c: framed(flipped(p, 5))),
    "EVIDENCE with malformed claims": altering(EVIDENCE, lambda p, c: framed(p[:4] + b"\x0f" + p[5:])),
    "EVIDENCE with 1,025 bytes of claims": altering(
        EVIDENCE, lambda p, c: framed(gate.encode_evidence(2, bytes(1025), p[8:]))),
    "EVIDENCE with another signature": altering(EVIDENCE, lambda p, c: framed(flipped(p, len(p) - 1))),
    "EVIDENCE without a body": altering(EVIDENCE, lambda p, c: framed(gate.encode_evidence(2, b"", b""))),
    "EVIDENCE with a byte behind it": altering(EVIDENCE, lambda p, c: framed(p + b"\0")),
    "EVIDENCE twice": altering(EVIDENCE, lambda p, c: framed(p) * 2),
    "CONFIRM in place of EVIDENCE": altering(EVIDENCE, lambda p, c: framed(bytes([CONFIRM]) + bytes(48))),
    "HELLO in place of EVIDENCE": altering(EVIDENCE, lambda p, c: framed(c.gate.own_hello)),
    "CONFIRM with another mac": altering(CONFIRM, lambda p, c: framed(flipped(p, 48))),
    "CONFIRM of the responder": altering(CONFIRM, lambda p, c: framed(bytes([CONFIRM]) + c.gate.confirm_of(b"R"))),
    "CONFIRM that is cut": altering(CONFIRM, lambda p, c: framed(p[:-1])),
    "CONFIRM of zeros": altering(CONFIRM, lambda p, c: framed(bytes([CONFIRM]) + bytes(48))),
    "CALL in place of CONFIRM": altering(
        CONFIRM, lambda p, c: wire.frame(wire.CALL, 4, 1, wire.headed(wire.encode_call(method_id("Echo"), None, []), None))),
}


class Proof(paths.X509Identity):
    """An honest identity that signs something else."""

    def __init__(self, identity, change):
        super().__init__(identity.key, identity.chain, identity.claims)
        self.change = change

    def prove(self, binder, role, nonce, spki):
        return super().prove(*self.change(binder, role), nonce, spki)


def variant(world, subject=None, issuer=None, purpose=ExtendedKeyUsageOID.CLIENT_AUTH, uri=PARENT, days=1, shift=0):
    """An identity that differs in one thing."""
    key, ca = issuer or world.ca
    own = paths.ec.generate_private_key(paths.ec.SECP256R1())
    moved = datetime.datetime.utcnow() + datetime.timedelta(days=shift)
    built = paths.builder("parent", subject or ca.subject, own.public_key())
    built._not_valid_before, built._not_valid_after = (moved - datetime.timedelta(days=days),
                                                       moved + datetime.timedelta(days=days))
    leaf = (built.add_extension(x509.SubjectAlternativeName([x509.UniformResourceIdentifier(uri)]), critical=False)
            .add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
            .add_extension(paths.usage(sign=True), critical=True).sign(key, paths.hash_for(key)))
    return paths.X509Identity(own, [leaf])


def identities(world):
    stranger = paths.new_ca("Interop parents")
    good = world.identity
    return {
        "evidence made for the responder": Proof(good, lambda binder, role: (binder, b"R")),
        "evidence of another session": Proof(good, lambda binder, role: (flipped(binder, 0), role)),
        "a leaf of a CA with the same name": variant(world, issuer=stranger),
        "a leaf of a CA with another name": variant(world, issuer=paths.new_ca("Others")),
        "a leaf for servers": variant(world, purpose=ExtendedKeyUsageOID.SERVER_AUTH),
        "a leaf with another name": variant(world, uri=PARENT + "s"),
        "a leaf that has expired": variant(world, shift=-2),
        "a leaf that is not valid yet": variant(world, shift=2),
        "the chain upside down": paths.X509Identity(good.key, [world.ca[1]] + good.chain),
        "another key than the leaf's": paths.X509Identity(stranger[0], good.chain),
        "five certificates": paths.X509Identity(good.key, good.chain + [world.ca[1]] * 4),
    }


def altered_identities(kind):
    def case(world):
        for name, identity in identities(world).items():
            try:
                refused(world, kind, identity=identity)
            except Exception as error:
                raise AssertionError("%s: %r" % (name, error))
        opened = world.channel(kind)
        assert unblob(opened.unary(method_id("Echo"), blob(b"still there")).messages[0]) == b"still there"
        opened.close()
    return case


def an_rsa_leaf(world):
    """OpenSSL has a right one, and finds nobody who takes its signature: TLS ends before the gate."""
    key = rsa.generate_private_key(65537, 2048)
    leaf = key, paths.builder("grille", paths.name("grille"), key.public_key()).sign(key, paths.hashes.SHA256())
    usual = channel.new_leaf
    channel.new_leaf = lambda: leaf
    try:
        world.channel("x509")
    except (channel.SSL.Error, channel.Closed):
        return
    finally:
        channel.new_leaf = usual
    raise AssertionError("an RSA leaf was taken")


def named(function, name):
    function.__name__ = name
    return function


def each(kind, name):
    """One case for each row."""
    for row, alter in ALTERED.items():
        if kind == "x509" and row == "another nonce behind the binder":
            continue  # the responder has proved itself under it already, and we refuse
        yield named(lambda world, alter=alter: refused(world, kind, alter), "%s, %s" % (row, name))


CASES = ([an_rsa_leaf] + list(each("x509", "responder first")) + list(each("nitro", "initiator first")) +
         [named(altered_identities("x509"), "identities that are not good enough, responder first"),
          named(altered_identities("nitro"), "identities that are not good enough, initiator first")])
