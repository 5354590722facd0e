# SPDX-License-Identifier: Apache-2.0
"""The page's example of a whole gate: printed from a real one, and computed again."""

import re
import textwrap
import time

from cryptography import x509

from client import gate, paths, wire
from client.channel import spki

PAGE = "docs/protocol.md"
START = "### A whole gate"
# In the order in which a reader comes by them.
NAMES = ["S", "CA_I", "CA_R", "certificate_I", "certificate_R", "SPKI_I", "SPKI_R", "frame_HELLO_I", "frame_HELLO_R", "ctx",
         "E_R", "B_R", "frame_EVIDENCE_R", "E_I", "B_I", "frame_EVIDENCE_I", "TH", "K_I", "Confirm_I", "frame_CONFIRM_I",
         "K_R", "Confirm_R", "frame_CONFIRM_R"]
WIDTH = 100


def record(world):
    """Prints the block; the page's own suite is 0x1301."""
    opened = world.channel("x509", suite="TLS_AES_128_GCM_SHA256")
    tls, values = opened.tls, dict(opened.gate.values)
    values.update(S=tls.exporter, certificate_I=tls.own_leaf, certificate_R=tls.peer_leaf, SPKI_I=tls.own_spki,
                  SPKI_R=tls.peer_spki, CA_I=paths.der(world.ca[1]), CA_R=paths.der(world.certificate("ca/ca.pem")))
    types = {gate.HELLO: "HELLO", gate.EVIDENCE: "EVIDENCE", gate.CONFIRM: "CONFIRM"}
    for side, frame in opened.record:
        values["frame_%s_%s" % (types[frame[8]], side)] = frame
    opened.close()
    now = int(time.time())
    print("at %s (%d ms since 1970)\n" % (time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now)), now * 1000))
    for name in NAMES:
        print(name)
        print(textwrap.fill(values[name].hex(), WIDTH, initial_indent="    ", subsequent_indent="    "))


def read():
    """{name: bytes} of the page's block."""
    with open(PAGE) as page:
        text = page.read().split(START, 1)[1]
    block = text.split("```", 2)[1]
    return {name: bytes.fromhex(body) for name, body in re.findall(r"^(\w+)\n((?: {4}[0-9a-f]+\n)+)", block, re.MULTILINE)}


def payload(values, name):
    reader = wire.FrameReader()
    reader.feed(values["frame_" + name])
    frame = reader.next()
    assert frame.type == wire.GATE and frame.stream == 0 and not reader.buffer
    return frame.payload


def the_example_of_the_page(world):
    """Every value again, and both signatures."""
    del world
    values = read()
    assert sorted(values) == sorted(NAMES)
    hello_i, hello_r = payload(values, "HELLO_I"), payload(values, "HELLO_R")
    evidence = {role: payload(values, "EVIDENCE_" + role) for role in "IR"}
    assert gate.decode_hello(hello_i).kinds == gate.decode_hello(hello_r).kinds == [gate.X509]
    ctx = gate.context(0x1301, gate.ALPN, values["certificate_I"], values["certificate_R"], hello_i, hello_r)
    th = gate.transcript_hash(ctx, evidence["R"], evidence["I"])
    assert (ctx, th) == (values["ctx"], values["TH"])
    for role in "IR":
        x = role.encode()
        assert values["SPKI_" + role] == spki(paths.load(values["certificate_" + role]))
        kind, claims, body = gate.decode_evidence(evidence[role])
        key = gate.evidence_key(values["S"], x, ctx)
        binder = gate.binder(x, key, ctx, values["SPKI_" + role], claims)
        confirm = gate.confirm_key(values["S"], x, ctx)
        assert (kind, key, binder, confirm) == (gate.X509, values["E_" + role], values["B_" + role], values["K_" + role])
        assert payload(values, "CONFIRM_" + role) == b"\3" + values["Confirm_" + role]
        assert gate.confirm_mac(confirm, th) == values["Confirm_" + role]
        chain, signature = paths.X509Policy(None, None).read(body)
        paths.verify_raw(chain[0].public_key(), signature, paths.CONTEXT + x + binder)
        ca = x509.load_der_x509_certificate(values["CA_" + role])
        assert chain[0].issuer.public_bytes() == ca.subject.public_bytes()
        wire.decode_claims(claims)


def the_reading_of_the_example(world):
    """The table behind it takes the frames of the initiator apart."""
    del world
    values = read()
    frames = {"HELLO_I": (49, [(0, 8), (8, 7), (47, 2)]), "EVIDENCE_I": (466, [(0, 8), (8, 2), (10, 4), (14, 2), (16, 3), (400, 2)]),
              "CONFIRM_I": (57, [(0, 8), (8, 1)])}
    with open(PAGE) as page:
        rows = re.findall(r"^\| (\w*) ?\| `([0-9a-f ]+)` \|", page.read().split(START, 1)[1], re.MULTILINE)
    shown, name = {}, None
    for first, part in rows:
        name = first or name
        shown.setdefault(name, []).append(part.replace(" ", ""))
    for name, (size, parts) in frames.items():
        frame = values["frame_" + name]
        assert len(frame) == size, "%s has %d bytes: read the new example and write the table again" % (name, len(frame))
        assert shown[name] == [frame[at:at + count].hex() for at, count in parts], name
