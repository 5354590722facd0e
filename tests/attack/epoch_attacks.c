/* SPDX-License-Identifier: Apache-2.0
 * Later epochs: the attacker is an accepted peer, or has got hold of one's session, and attests again as somebody else.
 */
#include <string.h>

#include "attacks.h"
#include "bad_script.h"
#include "cmocka_all.h"
#include "middle.h"

static const bad_script nothing_special;

/* What was said in the epoch before. */
typedef struct epoch {
    uint8_t own_evidence[GRILLE_LIMIT_EVIDENCE_BYTES];
    size_t own_evidence_len;
    uint8_t th[GRILLE_GATE_KEY_BYTES];
} epoch;

static grille_bytes own(const bad_peer *peer, size_t index) {
    return grille_bytes_of(peer->own[index], peer->own_len[index]);
}

static grille_bytes theirs(const bad_peer *peer, size_t index) {
    return grille_bytes_of(peer->peer[index], peer->peer_len[index]);
}

static bool has_evidence(const bad_peer *peer) {
    return peer->peer_len[BAD_PEER_EVIDENCE] > 0;
}

static bool has_hello(const bad_peer *peer) {
    return peer->peer_len[BAD_PEER_HELLO] > 0;
}

static grille_bytes evidence_of(const bad_peer *peer, bool responder) {
    return peer->initiator == responder ? theirs(peer, BAD_PEER_EVIDENCE) : own(peer, BAD_PEER_EVIDENCE);
}

/* Keeps what the next epoch needs, and forgets the rest. */
static void keep_epoch(bad_peer *peer, epoch *kept) {
    const evil_hellos hellos = bad_gate_hellos(peer);
    evil_end_th(peer->evil, &hellos, evidence_of(peer, true), evidence_of(peer, false), kept->th);
    memcpy(kept->own_evidence, peer->own[BAD_PEER_EVIDENCE], sizeof kept->own_evidence);
    kept->own_evidence_len = peer->own_len[BAD_PEER_EVIDENCE];
    memset(peer->own_len, 0, sizeof peer->own_len);
    memset(peer->peer_len, 0, sizeof peer->peer_len);
    peer->seen.gate[GRILLE_GATE_CONFIRM] = 0;
}

static bool is_confirmed(const bad_peer *peer) {
    return peer->seen.gate[GRILLE_GATE_CONFIRM] > 0;
}

/* Epoch 0 with the genuine enclave's server, as this identity. */
static void open_session(middle *m, const grille_identity *identity, epoch *kept) {
    memset(m, 0, sizeof *m);
    middle_reach_server(m, stage_enclaves_server());
    middle_meet_server(m, NULL);
    m->to_server->identity = identity;
    assert_true(bad_gate_hello(m->to_server, ""));
    assert_true(middle_prove(m->to_server, identity));
    middle_confirm(m->to_server);
    assert_true(bad_peer_until(m->to_server, is_confirmed, BAD_PEER_PATIENCE_MS));
    bad_script_play(m->to_server, &nothing_special, "{S}");
    keep_epoch(m->to_server, kept);
}

static evil_hellos hellos_of(const bad_peer *peer, const epoch *before) {
    evil_hellos hellos = bad_gate_hellos(peer);
    hellos.epoch = 1;
    hellos.previous_th = grille_bytes_of(before->th, sizeof before->th);
    return hellos;
}

static void say_hello(bad_peer *peer, uint8_t flags, const uint8_t *nonce, uint8_t kind) {
    peer->own_len[BAD_PEER_HELLO] = evil_hello(flags, 1, nonce, kind, peer->own[BAD_PEER_HELLO]);
    middle_say(peer, BAD_PEER_HELLO);
}

static void prove(bad_peer *peer, const epoch *before, const grille_identity *identity) {
    const evil_hellos hellos = hellos_of(peer, before);
    const grille_binding binding =
        evil_end_binding(peer->evil, &hellos, peer->initiator ? 'I' : 'R', grille_bytes_of(NULL, 0));
    uint8_t body[GRILLE_LIMIT_EVIDENCE_BYTES - 64];
    size_t len = 0;
    assert_int_equal(grille_evidence_prove(identity, grille_crypto_wolf(), &binding, body, sizeof body, &len, NULL),
                     GRILLE_REASON_OK);
    peer->own_len[BAD_PEER_EVIDENCE] =
        evil_evidence((uint8_t)grille_identity_get_kind(identity), grille_bytes_of(NULL, 0), grille_bytes_of(body, len),
                      peer->own[BAD_PEER_EVIDENCE], sizeof peer->own[BAD_PEER_EVIDENCE]);
    middle_say(peer, BAD_PEER_EVIDENCE);
}

static void confirm(bad_peer *peer, const epoch *before) {
    const evil_hellos hellos = hellos_of(peer, before);
    uint8_t payload[1 + GRILLE_GATE_CONFIRM_BYTES];
    const size_t len = evil_end_confirm(peer->evil, &hellos, peer->initiator ? 'I' : 'R', evidence_of(peer, true),
                                        evidence_of(peer, false), payload);
    evil_end_send_gate(peer->evil, grille_bytes_of(payload, len));
    bad_peer_flush(peer);
}

static bool pong_came(const bad_peer *peer) {
    return peer->seen.pong == 99;
}

/* What was sent so far has been dealt with. */
static void settle(bad_peer *peer) {
    static const uint8_t ping[] = {0, 8, GRILLE_FRAME_PING, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 99};
    evil_end_write(peer->evil, grille_bytes_of(ping, sizeof ping));
    (void)bad_peer_until(peer, pong_came, BAD_PEER_PATIENCE_MS);
}

/* Epoch 1: proves as `identity`, or shows the evidence of epoch 0 again (NULL), and calls. */
static bool attest_again(const grille_identity *first, const grille_identity *then, const char *taken_for) {
    static const uint8_t nonce[GRILLE_NONCE_BYTES] = {0x31};
    static epoch before;
    middle m;
    bad_peer *peer = NULL;
    bool succeeded = false;
    open_session(&m, first, &before);
    peer = m.to_server;
    say_hello(peer, 0, nonce, (uint8_t)grille_identity_get_kind(first));
    if (bad_peer_until(peer, has_hello, BAD_PEER_PATIENCE_MS)) {
        if (then != NULL) {
            prove(peer, &before, then);
        } else {
            memcpy(peer->own[BAD_PEER_EVIDENCE], before.own_evidence, before.own_evidence_len);
            peer->own_len[BAD_PEER_EVIDENCE] = before.own_evidence_len;
            middle_say(peer, BAD_PEER_EVIDENCE);
        }
        if (bad_peer_until(peer, has_evidence, BAD_PEER_PATIENCE_MS)) confirm(peer, &before);
    }
    settle(peer);
    bad_script_play(peer, &nothing_special, "call:7:attack");
    succeeded = middle_was_answered(&m);
    if (succeeded) assert_string_equal(m.server->last_peer, taken_for);
    middle_end(&m);
    return succeeded;
}

static bool another_caller(void) {
    return attest_again(on_stage.insider, on_stage.parent, STAGE_PARENT);
}

static bool another_enclave(void) {
    return attest_again(on_stage.enclave.identity, on_stage.twin.identity, STAGE_ENCLAVES_SET);
}

static bool first_document_again(void) {
    return attest_again(on_stage.enclave.identity, NULL, STAGE_ENCLAVES_SET);
}

/* The one that only a responder may send, sent to one. */
static bool reflected_request(void) {
    static const uint8_t request[] = {GRILLE_GATE_REQUEST};
    static epoch before;
    middle m;
    bool succeeded = false;
    open_session(&m, on_stage.insider, &before);
    evil_end_send_gate(m.to_server->evil, grille_bytes_of(request, sizeof request));
    succeeded = bad_peer_until(m.to_server, has_hello, BAD_PEER_PATIENCE_MS);
    middle_end(&m);
    return succeeded;
}

/* A caller that is asked to attest again gets its own words back. */
static bool reflected_epoch(void) {
    static const uint8_t first_nonce[GRILLE_NONCE_BYTES] = {0x32}, nonce[GRILLE_NONCE_BYTES] = {0x33};
    static const uint8_t request[] = {GRILLE_GATE_REQUEST};
    static epoch before;
    middle m;
    bad_peer *peer = NULL;
    bool succeeded = false;
    memset(&m, 0, sizeof m);
    middle_catch_caller(&m, on_stage.enclave.identity, on_stage.trusts_callers);
    middle_meet_caller(&m, NULL);
    peer = m.to_caller;
    middle_hello(peer, 0, first_nonce, GRILLE_IDENTITY_NITRO);
    assert_true(middle_prove(peer, on_stage.twin.identity));
    middle_confirm(peer);
    keep_epoch(peer, &before);
    evil_end_send_gate(peer->evil, grille_bytes_of(request, sizeof request));
    if (bad_peer_until(peer, has_hello, BAD_PEER_PATIENCE_MS)) {
        say_hello(peer, GRILLE_GATE_INITIATOR_FIRST, nonce, GRILLE_IDENTITY_NITRO);
        if (middle_forward(peer, peer, BAD_PEER_EVIDENCE)) confirm(peer, &before);
    }
    /* Its own Confirm follows when it takes them for somebody else's. */
    succeeded = bad_peer_until(peer, is_confirmed, BAD_PEER_PATIENCE_MS);
    if (!succeeded) middle_note_channel(&m);
    middle_end(&m);
    return succeeded;
}

static const attack attacks[] = {
    {"re-attestation as another caller", DEFENCE(identity_is_same), "ATTEST-IDENTITY-CHANGED", another_caller},
    {"re-attestation as another enclave of the image", DEFENCE(identity_is_same), "ATTEST-IDENTITY-CHANGED",
     another_enclave},
    {"re-attestation with the document of the epoch before", DEFENCE(nonce) | DEFENCE(binder), "ATTEST-NONCE-MISMATCH",
     first_document_again},
    {"re-attestation with the victim's own evidence",
     DEFENCE(nonce) | DEFENCE(binder) | DEFENCE(key) | DEFENCE(identity_is_same), "ATTEST-NONCE-MISMATCH",
     reflected_epoch},
    {"a reflected REQUEST for re-attestation", DEFENCE(built_out), "GATE-ORDER", reflected_request},
};
const attack_list epoch_attacks = {attacks, sizeof attacks / sizeof attacks[0]};
