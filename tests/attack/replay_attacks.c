/* SPDX-License-Identifier: Apache-2.0
 * Replays of documents, and reflections: a victim gets its own words back. */
#include <string.h>

#include "attacks.h"
#include "cmocka_all.h"
#include "middle.h"

/* What an enclave said in a session of the insider's own. */
typedef struct recording {
    uint8_t said[2][GRILLE_LIMIT_EVIDENCE_BYTES];
    size_t len[2];
    grille_leaf leaf;
} recording;

static void record_enclave(const uint8_t *nonce, recording *kept) {
    middle m;
    memset(&m, 0, sizeof m);
    middle_reach_server(&m, stage_enclaves_server());
    kept->leaf = m.servers_leaf;
    middle_meet_server(&m, NULL);
    middle_hello(m.to_server, 0, nonce, GRILLE_IDENTITY_X509);
    assert_true(middle_prove(m.to_server, on_stage.insider));
    assert_true(middle_keep(m.to_server, m.to_server, BAD_PEER_EVIDENCE));
    memcpy(kept->said, m.to_server->peer, sizeof kept->said);
    memcpy(kept->len, m.to_server->peer_len, sizeof kept->len);
    middle_end(&m);
    middle_set_reason("");
}

static bool play_back(const recording *kept, bool with_the_old_key) {
    middle m;
    bool succeeded = false;
    memset(&m, 0, sizeof m);
    middle_catch_caller(&m, on_stage.parent, on_stage.trusts_enclave);
    middle_meet_caller(&m, with_the_old_key ? &kept->leaf : NULL);
    memcpy(m.to_caller->own, kept->said, sizeof kept->said);
    memcpy(m.to_caller->own_len, kept->len, sizeof kept->len);
    middle_say(m.to_caller, BAD_PEER_HELLO);
    middle_say(m.to_caller, BAD_PEER_EVIDENCE);
    middle_confirm(m.to_caller);
    succeeded = middle_reads_call(&m);
    middle_end(&m);
    return succeeded;
}

static const uint8_t old_nonce[GRILLE_NONCE_BYTES] = {1, 2, 3};

static bool replay(void) {
    static recording kept;
    record_enclave(old_nonce, &kept);
    return play_back(&kept, false);
}

/* The victim is to draw this nonce, and the attacker knows it before. */
static bool pre_play(void) {
    static recording kept;
    bool succeeded = false;
    record_enclave(old_nonce, &kept);
    stage_foretell_nonce(old_nonce);
    succeeded = play_back(&kept, false);
    stage_foretell_nonce(NULL);
    return succeeded;
}

/* Ten minutes later; the victim's clock goes on, or its parent has stopped it. */
static bool replay_later(bool frozen) {
    enum { ten_minutes_ms = 600000 };
    static recording kept;
    bool succeeded = false;
    record_enclave(old_nonce, &kept);
    stage_set_clock(on_stage.now_ms + (frozen ? 0 : ten_minutes_ms));
    succeeded = play_back(&kept, true);
    stage_set_clock(on_stage.now_ms);
    return succeeded;
}

static bool replay_after_ten_minutes(void) {
    return replay_later(false);
}

static bool replay_before_a_frozen_clock(void) {
    return replay_later(true);
}

/* An enclave that calls enclaves of its own image gets its own evidence back. */
static bool reflection(bool with_its_key, bool with_its_nonce) {
    static const uint8_t other_nonce[GRILLE_NONCE_BYTES] = {9, 9, 9};
    middle m;
    grille_leaf leaf;
    bool succeeded = false;
    memset(&m, 0, sizeof m);
    middle_catch_caller(&m, on_stage.enclave.identity, on_stage.trusts_callers);
    leaf = stage_leaf_over(&m.callers_leaf);
    middle_meet_caller(&m, with_its_key ? &leaf : NULL);
    if (middle_keep(m.to_caller, m.to_caller, BAD_PEER_HELLO)) {
        const uint8_t *nonce = with_its_nonce ? m.to_caller->peer[BAD_PEER_HELLO] + 7 : other_nonce;
        middle_hello(m.to_caller, GRILLE_GATE_INITIATOR_FIRST, nonce, GRILLE_IDENTITY_NITRO);
        if (middle_forward(m.to_caller, m.to_caller, BAD_PEER_EVIDENCE)) middle_confirm(m.to_caller);
    }
    succeeded = middle_reads_call(&m);
    middle_end(&m);
    return succeeded;
}

static bool reflection_with_the_victims_key(void) {
    return reflection(true, true);
}

static bool reflection_of_hello_and_evidence(void) {
    return reflection(false, true);
}

static bool reflection_of_evidence(void) {
    return reflection(false, false);
}

static const attack attacks[] = {
    {"replay of a document", DEFENCE(nonce) | DEFENCE(binder) | DEFENCE(key), "ATTEST-NONCE-MISMATCH", replay},
    {"replay ten minutes later with the old session's stolen TLS key", DEFENCE(nonce) | DEFENCE(binder) | DEFENCE(age),
     "ATTEST-NONCE-MISMATCH", replay_after_ten_minutes},
    {"the same before a frozen clock", DEFENCE(nonce) | DEFENCE(binder), "ATTEST-NONCE-MISMATCH",
     replay_before_a_frozen_clock},
    {"pre-play for a nonce that was guessed", DEFENCE(binder) | DEFENCE(key), "ATTEST-BINDER-MISMATCH", pre_play},
    {"reflection with the victim's stolen TLS key",
     DEFENCE(key_is_not_ours) | DEFENCE(nonce_is_not_ours) | DEFENCE(binder), "GATE-REFLECTED",
     reflection_with_the_victims_key},
    {"reflection of Hello and evidence", DEFENCE(nonce_is_not_ours) | DEFENCE(binder) | DEFENCE(key), "GATE-REFLECTED",
     reflection_of_hello_and_evidence},
    {"reflection of evidence", DEFENCE(nonce) | DEFENCE(binder) | DEFENCE(key), "ATTEST-NONCE-MISMATCH",
     reflection_of_evidence},
};
const attack_list replay_attacks = {attacks, sizeof attacks / sizeof attacks[0]};
