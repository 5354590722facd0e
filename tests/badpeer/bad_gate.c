/* SPDX-License-Identifier: Apache-2.0
 * Gate messages of a bad peer, right or wrong in one way. */
#include <string.h>

#include "attest/evidence.h"
#include "bad_peer.h"
#include "base/bytes.h"
#include "cmocka_all.h"

static bool has_hello(const bad_peer *peer) {
    return peer->peer_len[BAD_PEER_HELLO] > 0;
}

static bool has_evidence(const bad_peer *peer) {
    return peer->peer_len[BAD_PEER_EVIDENCE] > 0;
}

static bool wait_for(bad_peer *peer, bad_peer_done_fn *done) {
    return done(peer) || bad_peer_until(peer, done, BAD_PEER_PATIENCE_MS);
}

static grille_bytes own(const bad_peer *peer, size_t index) {
    return grille_bytes_of(peer->own[index], peer->own_len[index]);
}

static grille_bytes theirs(const bad_peer *peer, size_t index) {
    return grille_bytes_of(peer->peer[index], peer->peer_len[index]);
}

static char letter(const bad_peer *peer) {
    return peer->initiator ? 'I' : 'R';
}

evil_hellos bad_gate_hellos(const bad_peer *peer) {
    return (evil_hellos){.initiator = peer->initiator ? own(peer, BAD_PEER_HELLO) : theirs(peer, BAD_PEER_HELLO),
                         .responder = peer->initiator ? theirs(peer, BAD_PEER_HELLO) : own(peer, BAD_PEER_HELLO)};
}

/* The victim's own words, given back. */
static bool reflect(bad_peer *peer, size_t index) {
    if (!wait_for(peer, index == BAD_PEER_HELLO ? has_hello : has_evidence)) return false;
    memcpy(peer->own[index], peer->peer[index], peer->peer_len[index]);
    peer->own_len[index] = peer->peer_len[index];
    evil_end_send_gate(peer->evil, own(peer, index));
    return true;
}

static bool is(const char *how, const char *what) {
    return strcmp(how, what) == 0;
}

static uint8_t kind_in_hello(const bad_peer *peer, const char *how) {
    if (is(how, "nitro")) return GRILLE_IDENTITY_NITRO;
    if (is(how, "psk")) return GRILLE_IDENTITY_PSK;
    if (is(how, "anonymous")) return GRILLE_IDENTITY_ANONYMOUS;
    if (is(how, "unknown-kind")) return 9;
    return (uint8_t)grille_identity_get_kind(peer->identity);
}

bool bad_gate_hello(bad_peer *peer, const char *how) {
    uint8_t *payload = peer->own[BAD_PEER_HELLO];
    uint8_t nonce[GRILLE_GATE_NONCE_BYTES];
    if (is(how, "reflected")) return reflect(peer, BAD_PEER_HELLO);
    assert_int_equal(grille_crypto_wolf()->random(nonce, sizeof nonce), GRILLE_REASON_OK);
    peer->own_len[BAD_PEER_HELLO] = evil_hello(is(how, "initiator-first") ? GRILLE_GATE_INITIATOR_FIRST : 0,
                                               is(how, "epoch"), nonce, kind_in_hello(peer, how), payload);
    if (is(how, "version")) payload[1] = 2;
    if (is(how, "short")) peer->own_len[BAD_PEER_HELLO]--;
    if (is(how, "trailing")) payload[peer->own_len[BAD_PEER_HELLO]++] = 0;
    if (is(how, "long")) peer->own_len[BAD_PEER_HELLO] = GRILLE_LIMIT_HELLO_BYTES + 1;
    evil_end_send_gate(peer->evil, own(peer, BAD_PEER_HELLO));
    return true;
}

static void send_evidence(bad_peer *peer, uint8_t kind, grille_bytes claims, grille_bytes body) {
    peer->own_len[BAD_PEER_EVIDENCE] =
        evil_evidence(kind, claims, body, peer->own[BAD_PEER_EVIDENCE], sizeof peer->own[BAD_PEER_EVIDENCE]);
}

/* What an honest end with this identity would send; `prover` is the letter that is signed. */
static void prove(bad_peer *peer, const grille_identity *identity, char prover, uint8_t flipped) {
    const evil_hellos hellos = bad_gate_hellos(peer);
    const grille_bytes claims = grille_bytes_of(NULL, 0);
    grille_binding binding = evil_end_binding(peer->evil, &hellos, letter(peer), claims);
    uint8_t body[GRILLE_LIMIT_EVIDENCE_BYTES - 64];
    size_t len = 0;
    grille_error error;
    binding.prover_role = prover;
    binding.binder[0] ^= flipped;
    if (grille_evidence_prove(identity, grille_crypto_wolf(), &binding, body, sizeof body, &len, &error) !=
        GRILLE_REASON_OK)
        fail_msg("%s: %s", error.name, error.text);
    send_evidence(peer, (uint8_t)grille_identity_get_kind(identity), claims, grille_bytes_of(body, len));
}

bool bad_gate_evidence(bad_peer *peer, const char *how, const grille_identity *identity, grille_bytes replayed) {
    static const uint8_t noise[300] = {0xa5, 0x5a};
    static const uint8_t wide_claims[GRILLE_LIMIT_CLAIMS_BYTES + 1];
    uint8_t *payload = peer->own[BAD_PEER_EVIDENCE];
    if (is(how, "reflected")) return reflect(peer, BAD_PEER_EVIDENCE);
    if (is(how, "early")) {
        send_evidence(peer, GRILLE_IDENTITY_X509, grille_bytes_of(NULL, 0), grille_bytes_of(noise, sizeof noise));
    } else {
        if (!wait_for(peer, has_hello)) return false;
        if (is(how, "replayed"))
            send_evidence(peer, kind_in_hello(peer, ""), grille_bytes_of(NULL, 0), replayed);
        else if (is(how, "noise"))
            send_evidence(peer, kind_in_hello(peer, ""), grille_bytes_of(NULL, 0),
                          grille_bytes_of(noise, sizeof noise));
        else if (is(how, "empty"))
            send_evidence(peer, kind_in_hello(peer, ""), grille_bytes_of(NULL, 0), grille_bytes_of(NULL, 0));
        else
            prove(peer, identity, is(how, "other-role") ? (peer->initiator ? 'R' : 'I') : letter(peer),
                  is(how, "other-session") ? 1 : 0);
    }
    if (is(how, "other-kind")) payload[1] = GRILLE_IDENTITY_NITRO;
    if (is(how, "trailing")) payload[peer->own_len[BAD_PEER_EVIDENCE]++] = 0;
    if (is(how, "wide-claims")) {
        grille_writer writer = grille_writer_into(payload, sizeof peer->own[BAD_PEER_EVIDENCE]);
        grille_write_u8(&writer, GRILLE_GATE_EVIDENCE);
        grille_write_u8(&writer, GRILLE_IDENTITY_X509);
        grille_write_block_u16(&writer, grille_bytes_of(wide_claims, sizeof wide_claims));
        grille_write_block_u16(&writer, grille_bytes_of(noise, sizeof noise));
        assert_int_equal(grille_writer_end(&writer), GRILLE_REASON_OK);
        peer->own_len[BAD_PEER_EVIDENCE] = grille_written(&writer).len;
    }
    evil_end_send_gate(peer->evil, own(peer, BAD_PEER_EVIDENCE));
    return true;
}

bool bad_gate_confirm(bad_peer *peer, const char *how) {
    uint8_t payload[2 + GRILLE_GATE_CONFIRM_BYTES] = {GRILLE_GATE_CONFIRM};
    const char role = is(how, "other-role") ? (peer->initiator ? 'R' : 'I') : letter(peer);
    size_t len = 1 + GRILLE_GATE_CONFIRM_BYTES;
    if (!is(how, "early")) {
        evil_hellos hellos;
        if (!wait_for(peer, has_hello) || !wait_for(peer, has_evidence)) return false;
        hellos = bad_gate_hellos(peer);
        (void)evil_end_confirm(
            peer->evil, &hellos, role, peer->initiator ? theirs(peer, BAD_PEER_EVIDENCE) : own(peer, BAD_PEER_EVIDENCE),
            peer->initiator ? own(peer, BAD_PEER_EVIDENCE) : theirs(peer, BAD_PEER_EVIDENCE), payload);
    }
    if (is(how, "wrong")) payload[GRILLE_GATE_CONFIRM_BYTES] ^= 1;
    if (is(how, "long")) len++;
    evil_end_send_gate(peer->evil, grille_bytes_of(payload, len));
    return true;
}

grille_bytes bad_gate_own_body(const bad_peer *peer, uint8_t *to, size_t capacity) {
    grille_gate_evidence evidence;
    assert_int_equal(grille_gate_evidence_decode(own(peer, BAD_PEER_EVIDENCE), &evidence), GRILLE_REASON_OK);
    assert_true(evidence.body.len <= capacity);
    memcpy(to, evidence.body.data, evidence.body.len);
    return grille_bytes_of(to, evidence.body.len);
}
