/* SPDX-License-Identifier: Apache-2.0 */
#include "attest/defence.h"

#include "base/bytes.h"

/* An empty view never matches: a missing field is not equal to a forgotten expectation. */
static bool same(grille_bytes left, grille_bytes right) {
    return left.len != 0 && grille_bytes_equal_constant_time(left, right);
}

bool grille_defence_binder_matches(grille_bytes claimed, grille_bytes expected) {
    return same(claimed, expected);
}

bool grille_defence_key_matches(grille_bytes claimed, grille_bytes tls_spki) {
    return same(claimed, tls_spki);
}

bool grille_defence_nonce_matches(grille_bytes claimed, grille_bytes sent) {
    return same(claimed, sent);
}

bool grille_defence_key_is_not_ours(grille_bytes peer_spki, grille_bytes own_spki) {
    return peer_spki.len != 0 && !grille_bytes_equal_constant_time(peer_spki, own_spki);
}

bool grille_defence_root_matches(grille_bytes presented, grille_bytes pinned) {
    return same(presented, pinned);
}

bool grille_defence_not_debug(grille_bytes pcr0) {
    return pcr0.len != 0 && !grille_bytes_all_zero(pcr0);
}

bool grille_defence_pcr_matches(grille_bytes presented, grille_bytes pinned) {
    return same(presented, pinned);
}

bool grille_defence_confirm_matches(grille_bytes received, grille_bytes expected) {
    return same(received, expected);
}

bool grille_defence_nonce_is_not_ours(grille_bytes peer_nonce, grille_bytes own_nonce) {
    return peer_nonce.len != 0 && !grille_bytes_equal_constant_time(peer_nonce, own_nonce);
}

bool grille_defence_psk_matches(grille_bytes received, grille_bytes expected) {
    return same(received, expected);
}

static bool same_array(const void *left, const void *right, size_t len) {
    return grille_bytes_equal_constant_time(grille_bytes_of(left, len), grille_bytes_of(right, len));
}

/* PCR16 and above are an application's to extend while it runs. */
#define IDENTITY_PCRS 16

bool grille_defence_identity_is_same(const grille_peer_identity *before, const grille_peer_identity *after) {
    const uint32_t mask = (UINT32_C(1) << IDENTITY_PCRS) - 1;
    return before->kind == after->kind && ((before->pcr_mask ^ after->pcr_mask) & mask) == 0 &&
           same_array(before->module_id, after->module_id, sizeof before->module_id) &&
           same_array(before->pcrs, after->pcrs, (size_t)IDENTITY_PCRS * GRILLE_PCR_BYTES) &&
           same_array(before->subject, after->subject, sizeof before->subject) &&
           same_array(before->name, after->name, sizeof before->name) &&
           same_array(before->psk_id, after->psk_id, sizeof before->psk_id);
}

bool grille_defence_may_respond(grille_identity_kind kind) {
    return kind != GRILLE_IDENTITY_ANONYMOUS;
}
