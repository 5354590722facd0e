/* SPDX-License-Identifier: Apache-2.0
 * Whether a later epoch shows the same peer. */
#include <string.h>

#include "attest/defence.h"
#include "attest/evidence.h"
#include "base/error.h"

/* What the operator sees of an identity. */
static const char *label_of(const grille_peer_identity *peer) {
    switch (peer->kind) {
    case GRILLE_IDENTITY_NITRO:
        return peer->module_id;
    case GRILLE_IDENTITY_X509:
        return peer->name;
    case GRILLE_IDENTITY_PSK:
        return peer->psk_id;
    default:
        return "nobody";
    }
}

static const char *what_changed(const grille_peer_identity *before, const grille_peer_identity *after) {
    if (before->kind != after->kind) return "the kind";
    if (strcmp(label_of(before), label_of(after)) != 0) return "the name";
    return before->kind == GRILLE_IDENTITY_NITRO ? "a PCR below 16" : "the subject";
}

grille_reason grille_evidence_same_identity(const grille_peer_identity *before, const grille_peer_identity *after,
                                            grille_error *error) {
    if (grille_defence_identity_is_same(before, after)) return GRILLE_REASON_OK;
    return grille_error_set(error, GRILLE_REASON_ATTEST_IDENTITY_CHANGED,
                            "%s differs: observed %s \"%.100s\" in epoch %u, expected %s \"%.100s\" of epoch %u",
                            what_changed(before, after), grille_identity_kind_name(after->kind), label_of(after),
                            after->epoch, grille_identity_kind_name(before->kind), label_of(before), before->epoch);
}
