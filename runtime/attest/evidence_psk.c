/* SPDX-License-Identifier: Apache-2.0
 * Evidence of a pre-shared key, and of nobody. */
#include <stdio.h>
#include <string.h>

#include "attest/defence.h"
#include "attest/evidence_kinds.h"
#include "attest/policy_rules.h"
#include "base/bytes.h"
#include "base/error.h"
#include "base/reader.h"

grille_reason grille_evidence_prove_psk(const grille_identity *identity, const grille_crypto *crypto,
                                        const grille_binding *binding, grille_writer *body, grille_error *error) {
    const grille_bytes id = grille_bytes_of_text(identity->psk.id);
    uint8_t mac[GRILLE_PSK_MAC_BYTES];
    grille_reason reason = grille_psk_mac(crypto, identity->psk.mac_key, binding, mac);
    if (reason != GRILLE_REASON_OK) return grille_error_default(error, reason);
    grille_write_u8(body, (uint8_t)id.len);
    grille_write_bytes(body, id);
    grille_write_bytes(body, grille_bytes_of(mac, sizeof mac));
    return GRILLE_REASON_OK;
}

typedef struct psk_body {
    char id[GRILLE_NAME_MAX]; /* zeros follow it */
    grille_bytes mac;
} psk_body;

static grille_reason read_body(grille_bytes encoded, psk_body *body, grille_error *error) {
    grille_reader reader = grille_reader_of(encoded);
    const grille_bytes id = grille_read_bytes(&reader, grille_read_u8(&reader));
    body->mac = grille_read_bytes(&reader, GRILLE_PSK_MAC_BYTES);
    if (grille_reader_end(&reader) != GRILLE_REASON_OK || !grille_psk_is_id(id)) {
        return grille_error_set(error, GRILLE_REASON_ATTEST_PSK_BODY,
                                "observed psk evidence of %zu bytes, expected an id of 1 to 255 printable characters "
                                "with its length before it, 48 bytes of MAC and nothing else",
                                encoded.len);
    }
    memcpy(body->id, id.data, id.len);
    return GRILLE_REASON_OK;
}

/* All ones when the id and the role are this key's, in time that depends on neither. */
static uint8_t mask_of(const grille_psk *psk, const psk_body *body, char role) {
    bool same = grille_bytes_equal_constant_time(grille_bytes_of(psk->id, sizeof psk->id),
                                                 grille_bytes_of(body->id, sizeof body->id));
    return (uint8_t) - (int)(same & (psk->role == role));
}

/* The key of the id for this role; where there is none NULL, and a MAC key all the same: a stranger learns no ids from
 * how long we take. */
static const grille_policy_psk *choose(const grille_policy *policy, const psk_body *body, char role,
                                       uint8_t mac_key[GRILLE_PSK_MAC_BYTES]) {
    const grille_policy_psk *chosen = NULL;
    memset(mac_key, 0, GRILLE_PSK_MAC_BYTES);
    for (const grille_policy_psk *at = policy->psks; at != NULL; at = at->next) {
        const uint8_t mask = mask_of(&at->psk, body, role);
        for (size_t i = 0; i < GRILLE_PSK_MAC_BYTES; i++)
            mac_key[i] |= at->psk.mac_key[i] & mask;
        chosen = mask != 0 ? at : chosen;
    }
    return chosen;
}

static grille_reason refuse(const grille_policy_psk *chosen, const psk_body *body, char role, grille_error *error) {
    return grille_error_set(error, GRILLE_REASON_ATTEST_PSK_MISMATCH, "observed psk id \"%.100s\" as %s, expected %s",
                            body->id, role == 'I' ? "initiator" : "responder",
                            chosen != NULL ? "a MAC by our key of that id for this session"
                                           : "one that the policy lists for that role");
}

static grille_reason check_mac(const grille_evidence *evidence, const psk_body *body, const grille_policy_psk **chosen,
                               grille_error *error) {
    const char role = evidence->binding->prover_role;
    uint8_t mac_key[GRILLE_PSK_MAC_BYTES], expected[GRILLE_PSK_MAC_BYTES];
    bool matches = false;
    grille_reason reason;
    *chosen = choose(evidence->judge->policy, body, role, mac_key);
    reason = grille_psk_mac(evidence->judge->crypto, mac_key, evidence->binding, expected);
    if (reason == GRILLE_REASON_OK) {
        matches = grille_defence_psk_matches(body->mac, grille_bytes_of(expected, sizeof expected));
    }
    grille_wipe(mac_key, sizeof mac_key);
    grille_wipe(expected, sizeof expected);
    if (reason != GRILLE_REASON_OK) return grille_error_default(error, reason);
    return matches && *chosen != NULL ? reason : refuse(*chosen, body, role, error);
}

grille_reason grille_evidence_verify_psk(const grille_evidence *evidence, grille_peer_identity *peer,
                                         grille_evidence_facts *facts, grille_error *error) {
    const grille_policy_psk *chosen = NULL;
    psk_body body = {.id = ""};
    grille_reason reason = read_body(evidence->body, &body, error);
    if (reason == GRILLE_REASON_OK) reason = check_mac(evidence, &body, &chosen, error);
    if (reason == GRILLE_REASON_OK) {
        reason = grille_policy_check_set(chosen->set, peer, evidence->judge->now_ms, error);
    }
    if (reason != GRILLE_REASON_OK) return reason;
    (void)snprintf(peer->set, sizeof peer->set, "%s", chosen->set->name);
    memcpy(peer->psk_id, body.id, sizeof peer->psk_id);
    memcpy(facts->anchor, chosen->psk.anchor, sizeof facts->anchor);
    facts->evidence_expires_ms = GRILLE_WALL_NEVER;
    facts->set_expires_ms = chosen->set->not_after_ms;
    return GRILLE_REASON_OK;
}

grille_reason grille_evidence_verify_anonymous(const grille_evidence *evidence, grille_peer_identity *peer,
                                               grille_evidence_facts *facts, grille_error *error) {
    const grille_policy *policy = evidence->judge->policy;
    grille_reason reason = GRILLE_REASON_ATTEST_KIND_REFUSED;
    if (evidence->binding->prover_role != 'I' && !grille_defence_may_respond(GRILLE_IDENTITY_ANONYMOUS)) {
        return grille_error_set(error, reason,
                                "observed an anonymous peer that we called, expected one that proves who it is, "
                                "whatever the policy says");
    }
    for (size_t i = 0; i < policy->set_count; i++) {
        const grille_policy_set *set = &policy->sets[i];
        if (set->kind != GRILLE_IDENTITY_ANONYMOUS) continue;
        reason = grille_policy_check_set(set, peer, evidence->judge->now_ms, error);
        if (reason != GRILLE_REASON_OK) continue;
        (void)snprintf(peer->set, sizeof peer->set, "%s", set->name);
        facts->evidence_expires_ms = GRILLE_WALL_NEVER;
        facts->set_expires_ms = set->not_after_ms;
        grille_error_clear(error);
        return reason;
    }
    return reason;
}
