# SPDX-License-Identifier: Apache-2.0
"""The attested gate: its messages, its keys, and its two orders."""

import hashlib
import hmac
import os
import struct
from collections import namedtuple

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from . import wire

HELLO, EVIDENCE, CONFIRM, REFUSED, REQUEST = range(1, 6)
MOST_BYTES = {HELLO: 1024, EVIDENCE: 16376, CONFIRM: 49, REFUSED: 1, REQUEST: 1}
NITRO, X509 = 1, 2
INITIATOR_FIRST = 1
ALPN = b"grille/1"
EXPORTER_LABEL = b"EXPERIMENTAL grille gate"
EXPORTER_BYTES = 48

Hello = namedtuple("Hello", "flags epoch nonce kinds")
# What TLS says: number of the suite, exporter value, certificates and public keys (DER) of both sides.
Tls = namedtuple("Tls", "suite exporter own_leaf peer_leaf own_spki peer_spki")


class Refused(Exception):
    """The peer sent REFUSED."""


class Refuse(Exception):
    """We refuse the peer."""


def need(condition, what):
    if not condition:
        raise Refuse(what)


def sha384(data):
    return hashlib.sha384(data).digest()


def lp(data):
    return struct.pack(">I", len(data)) + data


# ---- Keys ----

def context(suite, alpn, leaf_i, leaf_r, hello_i, hello_r, epoch=0, previous_th=b""):
    return sha384(b"grille-gate-v1" + lp(struct.pack(">H", suite)) + lp(alpn) + sha384(leaf_i) + sha384(leaf_r) +
                  lp(hello_i) + lp(hello_r) + struct.pack(">I", epoch) + lp(previous_th))


def expand(secret, label):
    return HKDFExpand(hashes.SHA384(), 48, label).derive(secret)


def evidence_key(exporter, role, ctx):
    return expand(exporter, b"grille evidence " + role + ctx)


def confirm_key(exporter, role, ctx):
    return expand(exporter, b"grille confirm " + role + ctx)


def binder(role, key, ctx, spki, claims):
    return sha384(b"grille-binder-v1" + role + lp(key) + ctx + lp(spki) + lp(claims))


def transcript_hash(ctx, evidence_r, evidence_i):
    return sha384(ctx + lp(evidence_r) + lp(evidence_i))


def confirm_mac(key, th):
    return hmac.new(key, b"ok" + th, hashlib.sha384).digest()


# ---- Messages ----

def encode_hello(hello):
    return (bytes([HELLO, 1, hello.flags]) + struct.pack(">I", hello.epoch) + hello.nonce +
            bytes([len(hello.kinds)]) + bytes(hello.kinds))


def decode_hello(payload):
    need(len(payload) >= 2 and payload[1] == 1, "another version")
    need(len(payload) >= 40, "a HELLO is cut")
    flags, epoch = payload[2], struct.unpack(">I", payload[3:7])[0]
    count, kinds = payload[39], payload[40:]
    need(1 <= count <= 16 and len(kinds) == count and len(set(kinds)) == count, "kinds of a HELLO")
    need(flags & ~INITIATOR_FIRST == 0, "flags of a HELLO")
    return Hello(flags, epoch, payload[7:39], list(kinds))


def encode_evidence(kind, claims, body):
    return bytes([EVIDENCE, kind]) + struct.pack(">H", len(claims)) + claims + struct.pack(">H", len(body)) + body


def decode_evidence(payload):
    def block(at):
        need(len(payload) >= at + 2, "EVIDENCE is cut")
        size = struct.unpack(">H", payload[at:at + 2])[0]
        need(len(payload) >= at + 2 + size, "EVIDENCE is cut")
        return payload[at + 2:at + 2 + size], at + 2 + size
    need(len(payload) >= 2, "EVIDENCE is cut")
    claims, at = block(2)
    body, at = block(at)
    need(at == len(payload), "bytes behind EVIDENCE")
    need(len(claims) <= 1024, "claims of %d bytes" % len(claims))
    return payload[1], claims, body


# Lower case: we send it, upper case: we take it. Hello, Evidence, Confirm.
PLANS = {
    (b"I", False): "hHEecC",
    (b"I", True): "hHeECc",
    (b"R", False): "HheECc",
    (b"R", True): "HhEecC",
}


class Gate:
    """One gate. `role` is b"I" or b"R"; an R says by `initiator_first` who proves first. `identity` has kind, claims and
    prove(binder, role, nonce, spki); `policy` has kinds and verify(kind, binder, role, nonce, spki, claims, body), which
    raises Refuse and answers who the peer is. `before` is the gate of the epoch before."""

    def __init__(self, tls, identity, policy, role=b"I", initiator_first=False, before=None):
        need(tls.own_spki != tls.peer_spki, "the peer has our own TLS key")
        self.tls, self.identity, self.policy = tls, identity, policy
        self.role, self.peer_role = role, b"R" if role == b"I" else b"I"
        self.initiator_first = initiator_first
        self.before = before
        self.epoch = 0 if before is None else before.epoch + 1
        self.previous_th = b"" if before is None else before.values["TH"]
        self.peer = None  # who it is, once verified
        self.plan = PLANS[role, initiator_first]
        self.nonce = os.urandom(32)
        self.outgoing = []  # payloads
        self.values = {}  # every intermediate value by its name
        self.payloads = {}  # by role and type
        flags = INITIATOR_FIRST if initiator_first else 0
        self.own_hello = encode_hello(Hello(flags, self.epoch, self.nonce, [identity.kind]))
        self.advance()

    @property
    def is_open(self):
        return not self.plan

    @property
    def has_peer_hello(self):
        return (self.peer_role, HELLO) in self.payloads

    def next(self, initiator_first=False):
        """The gate of the next epoch."""
        return type(self)(self.tls, self.identity, self.policy, self.role, initiator_first, before=self)

    def advance(self):
        """Sends what is ours to send."""
        while self.plan and self.plan[0].islower():
            step, self.plan = self.plan[0], self.plan[1:]
            {"h": self.send_hello, "e": self.send_evidence, "c": self.send_confirm}[step]()

    def send(self, payload):
        self.payloads[self.role, payload[0]] = payload
        self.outgoing.append(payload)

    def take(self, payload):
        kind = payload[0]
        need(kind in MOST_BYTES and len(payload) <= MOST_BYTES[kind], "a gate message of type %d" % kind)
        if kind == REFUSED:
            raise Refused()
        step = {HELLO: "H", EVIDENCE: "E", CONFIRM: "C"}.get(kind)
        need(step == self.plan[0], "gate message %d, expected %s" % (kind, self.plan[0]))
        self.plan = self.plan[1:]
        self.payloads[self.peer_role, kind] = payload
        {HELLO: self.take_hello, EVIDENCE: self.take_evidence, CONFIRM: self.take_confirm}[kind](payload)
        self.advance()

    # ---- Hello ----

    def send_hello(self):
        self.send(self.own_hello)
        self.derive_context()

    def take_hello(self, payload):
        hello = decode_hello(payload)
        need(hello.epoch == self.epoch, "epoch %d" % hello.epoch)
        need(hello.nonce != self.nonce, "our own nonce")
        need(any(kind in self.policy.kinds for kind in hello.kinds), "kinds %s" % hello.kinds)
        first = bool(hello.flags & INITIATOR_FIRST)
        need(self.role == b"I" or not first, "an initiator that sets the order")
        if self.role == b"I":
            self.plan = PLANS[b"I", first][2:]
        self.peer_hello = hello
        self.derive_context()

    def of_both(self, own, peer):
        """The initiator's first."""
        return (own, peer) if self.role == b"I" else (peer, own)

    def derive_context(self):
        if (b"I", HELLO) not in self.payloads or (b"R", HELLO) not in self.payloads:
            return
        leaf_i, leaf_r = self.of_both(self.tls.own_leaf, self.tls.peer_leaf)
        self.ctx = context(self.tls.suite, ALPN, leaf_i, leaf_r, self.payloads[b"I", HELLO], self.payloads[b"R", HELLO],
                           self.epoch, self.previous_th)
        self.values["ctx"] = self.ctx

    # ---- Evidence ----

    def binder_of(self, role, spki, claims):
        key = evidence_key(self.tls.exporter, role, self.ctx)
        value = binder(role, key, self.ctx, spki, claims)
        self.values.update({"E_" + role.decode(): key, "B_" + role.decode(): value})
        return value

    def send_evidence(self):
        claims = self.identity.claims
        value = self.binder_of(self.role, self.tls.own_spki, claims)
        body = self.identity.prove(value, self.role, self.peer_hello.nonce, self.tls.own_spki)
        self.send(encode_evidence(self.identity.kind, claims, body))

    def take_evidence(self, payload):
        kind, claims, body = decode_evidence(payload)
        need(kind in self.peer_hello.kinds, "evidence of kind %d was not offered" % kind)
        need(kind in self.policy.kinds and (kind != 4 or self.role == b"R"), "evidence of kind %d" % kind)
        self.peer_claims = wire.decode_claims(claims)
        value = self.binder_of(self.peer_role, self.tls.peer_spki, claims)
        self.peer = self.policy.verify(kind, value, self.peer_role, self.nonce, self.tls.peer_spki, self.peer_claims, body)
        need(self.before is None or self.before.peer == self.peer, "another identity than in the epoch before")

    # ---- Confirm ----

    def confirm_of(self, role):
        th = transcript_hash(self.ctx, self.payloads[b"R", EVIDENCE], self.payloads[b"I", EVIDENCE])
        key = confirm_key(self.tls.exporter, role, self.ctx)
        mac = confirm_mac(key, th)
        self.values.update({"K_" + role.decode(): key, "TH": th, "Confirm_" + role.decode(): mac})
        return mac

    def send_confirm(self):
        self.send(bytes([CONFIRM]) + self.confirm_of(self.role))

    def take_confirm(self, payload):
        need(len(payload) == 49, "a CONFIRM of %d bytes" % len(payload))
        need(hmac.compare_digest(payload[1:], self.confirm_of(self.peer_role)), "another mac")
