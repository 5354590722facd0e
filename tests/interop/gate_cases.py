# SPDX-License-Identifier: Apache-2.0
"""Gates that open, and gates that we refuse."""

import json
import os

from cryptography.hazmat.primitives.asymmetric import ec

from client import channel, gate, nitro, paths, wire
from world import GATEWAY, PARENT, SERVICE, blob, method_id, text_id, unblob

# Of others; the page's example stands in for them where they are not.
VECTORS = os.path.join(os.environ.get("GRILLE_TESTDATA", "/nonexistent"), "gate/vectors.json")


def echoes(opened):
    """One call through it."""
    stream = opened.unary(method_id("Echo"), blob(b"hello"))
    assert stream.status.code == 0 and [unblob(m) for m in stream.messages] == [b"hello"]
    opened.close()


def gate_vectors(world):
    """Every value of vectors that were computed by others."""
    del world
    with open(VECTORS) as file:
        vectors = json.load(file)["vectors"]
    for vector in vectors:
        given = {key: bytes.fromhex(value) if key not in ("name", "alpn", "suite", "epoch") else value
                 for key, value in vector["in"].items()}
        wanted = {key: bytes.fromhex(value) for key, value in vector["out"].items()}
        ctx = gate.context(given["suite"], given["alpn"].encode(), given["leaf_i"], given["leaf_r"], given["hello_i"],
                           given["hello_r"], given["epoch"], given["previous_th"])
        th = gate.transcript_hash(ctx, given["evidence_r"], given["evidence_i"])
        assert (ctx, th) == (wanted["ctx"], wanted["TH"])
        for role in "IR":
            x = role.encode()
            key = gate.evidence_key(given["exporter"], x, ctx)
            value = gate.binder(x, key, ctx, given["spki_" + role.lower()], given["claims_" + role.lower()])
            confirm = gate.confirm_key(given["exporter"], x, ctx)
            assert key == wanted["E_" + role] and value == wanted["B_" + role] and confirm == wanted["K_" + role]
            assert gate.confirm_mac(confirm, th) == wanted["confirm_" + role]
            assert paths.CONTEXT + x + value == wanted["x509_signed_" + role]
            assert b"grille-attest-1" + x + value == wanted["nitro_user_data_" + role]
    assert len(vectors) >= 3


def x509_both_ways(world):
    opened = world.channel("x509")
    assert not opened.gate.peer_hello.flags & gate.INITIATOR_FIRST
    assert opened.gate.peer_claims["build"] == 7 and len(opened.gate.peer_claims["policy_digest"]) == 48
    echoes(opened)


def nitro_answers_x509(world):
    policy = world.policy("nitro")
    opened = world.channel("nitro", policy=policy)
    assert opened.gate.peer_hello.flags & gate.INITIATOR_FIRST and opened.gate.peer_hello.kinds == [gate.NITRO]
    assert policy.document["pcrs"][0] == world.pcrs[0]
    echoes(opened)


def each_cipher_suite(world):
    for suite, number in channel.SUITES.items():
        opened = world.channel("nitro", suite=suite)
        assert opened.tls.suite == number
        echoes(opened)


def p384_leaf_under_an_intermediate(world):
    middle = paths.new_ca("Interop intermediate", issuer=world.ca, curve=ec.SECP384R1)
    identity = paths.new_identity(PARENT, [middle, world.ca], curve=ec.SECP384R1)
    assert len(identity.chain) == 2
    echoes(world.channel("nitro", identity=identity))


def the_ca_is_sent_too(world):
    identity = paths.X509Identity(world.identity.key, world.identity.chain + [world.ca[1]])
    echoes(world.channel("x509", identity=identity))


def settings_list_the_service(world):
    opened = world.channel("x509")
    opened.run(lambda: opened.session.has_peer_settings)
    services = dict(opened.session.peer.services)
    assert list(services) == [text_id(SERVICE)] and len(services[text_id(SERVICE)]) == 32
    assert opened.session.peer.max_message_bytes == 1 << 20
    opened.close()


def refuses(world, kind, policy):
    try:
        world.channel(kind, policy=policy).close()
    except gate.Refuse as why:
        return str(why)
    raise AssertionError("the gate opened")


def we_refuse_another_image(world):
    pcrs = {0: bytes([world.pcrs[0][0] ^ 1]) + world.pcrs[0][1:]}
    root = paths.der(world.certificate("sim/insecure-root.pem"))
    assert refuses(world, "nitro", nitro.NitroPolicy(root, pcrs)) == "another image"
    assert refuses(world, "nitro", nitro.NitroPolicy(None, world.pcrs)) == "another root"
    echoes(world.channel("nitro"))


def we_refuse_another_name_or_ca(world):
    ca = world.certificate("ca/ca.pem")
    assert refuses(world, "x509", paths.X509Policy(ca, [PARENT])).startswith("names")
    assert refuses(world, "x509", paths.X509Policy(world.ca[1], [GATEWAY])) == "an unknown issuer"
    assert refuses(world, "x509", world.policy("nitro")).startswith("kinds")


CASES = [x509_both_ways, nitro_answers_x509, each_cipher_suite, p384_leaf_under_an_intermediate,
         the_ca_is_sent_too, settings_list_the_service, we_refuse_another_image, we_refuse_another_name_or_ca]
if os.path.exists(VECTORS):
    CASES.append(gate_vectors)
