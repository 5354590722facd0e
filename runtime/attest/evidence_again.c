/* SPDX-License-Identifier: Apache-2.0
 * Judging a verified peer again from the facts that its evidence left: under another policy, or later. */
#include <stdio.h>
#include <string.h>

#include "attest/calendar.h"
#include "attest/defence.h"
#include "attest/document.h"
#include "attest/evidence_kinds.h"
#include "attest/policy_rules.h"
#include "attest/x509_chain.h"
#include "base/bytes.h"
#include "base/error.h"

/* The root under which the evidence was verified is the one that this policy wants. */
static grille_reason check_anchor(const grille_judge *judge, const grille_evidence_facts *facts, grille_error *error) {
    const grille_bytes root = judge->policy->development_root;
    uint8_t expected[GRILLE_SHA256_BYTES];
    char hex[2 * GRILLE_SHA256_BYTES + 1];
    grille_reason reason = GRILLE_REASON_OK;
    memcpy(expected, grille_aws_root_g1_sha256, sizeof expected);
    if (root.len > 0) reason = judge->crypto->hash(GRILLE_SHA256, &root, 1, expected);
    if (reason != GRILLE_REASON_OK) return grille_error_default(error, reason);
    if (grille_defence_root_matches(grille_bytes_of(facts->anchor, sizeof facts->anchor),
                                    grille_bytes_of(expected, sizeof expected))) {
        return GRILLE_REASON_OK;
    }
    grille_hex_encode(grille_bytes_of(facts->anchor, sizeof facts->anchor), hex);
    return grille_error_set(error, GRILLE_REASON_ATTEST_ROOT_MISMATCH,
                            "observed a peer that was verified under a root with SHA-256 %s, expected %s", hex,
                            root.len > 0 ? "the policy's insecure_development_root" : "AWS Nitro Enclaves G1");
}

/* What a policy looks at of a document, from what was kept of it. */
static void restore_document(const grille_peer_identity *peer, grille_document *document) {
    *document = (grille_document){.module_id = grille_bytes_of_text(peer->module_id),
                                  .timestamp_ms = peer->document_time_ms,
                                  .pcr_mask = peer->pcr_mask};
    for (size_t i = 0; i < GRILLE_PCR_COUNT; i++) {
        if ((peer->pcr_mask & UINT32_C(1) << i) != 0) {
            document->pcrs[i] = grille_bytes_of(peer->pcrs[i], GRILLE_PCR_BYTES);
        }
    }
}

static grille_reason judge_nitro(const grille_judge *judge, grille_evidence_facts *facts, grille_peer_identity *peer,
                                 grille_error *error) {
    const grille_policy_set *set = NULL;
    grille_document document;
    bool debug = false;
    grille_reason reason = check_anchor(judge, facts, error);
    restore_document(peer, &document);
    if (reason == GRILLE_REASON_OK) {
        reason =
            grille_policy_judge_nitro(judge->policy, judge->own, &document, peer, judge->now_ms, &set, &debug, error);
    }
    if (reason != GRILLE_REASON_OK) return reason;
    peer->debug = debug;
    peer->insecure = debug || judge->policy->development_root.len > 0;
    (void)snprintf(peer->set, sizeof peer->set, "%s", set->name);
    facts->set_expires_ms = set->not_after_ms;
    return GRILLE_REASON_OK;
}

/* Whoever holds the leaf's key proved it when the evidence came; what is judged again is who issued the leaf. */
static grille_reason judge_x509(const grille_judge *judge, grille_evidence_facts *facts, grille_peer_identity *peer,
                                grille_error *error) {
    grille_x509_chain chain = {.count = 0};
    grille_reader reader = grille_reader_of(facts->chain);
    grille_reason reason = grille_x509_chain_read(&reader, &chain, error);
    if (reason != GRILLE_REASON_OK) return reason;
    if (grille_reader_end(&reader) != GRILLE_REASON_OK) {
        return grille_x509_chain_refuse(error, "certificates and nothing after them");
    }
    reason = grille_x509_chain_parse(&chain, error);
    return reason == GRILLE_REASON_OK ? grille_x509_chain_judge(judge, &chain, peer, facts, error) : reason;
}

/* The key of this id and role, if the policy has it and it is the one by which the peer proved itself. */
static const grille_policy_psk *find_psk(const grille_policy *policy, const grille_evidence_facts *facts,
                                         const grille_peer_identity *peer) {
    for (const grille_policy_psk *at = policy->psks; at != NULL; at = at->next) {
        if (at->psk.role == facts->prover_role && strncmp(at->psk.id, peer->psk_id, sizeof at->psk.id) == 0 &&
            grille_bytes_equal_constant_time(grille_bytes_of(at->psk.anchor, sizeof at->psk.anchor),
                                             grille_bytes_of(facts->anchor, sizeof facts->anchor))) {
            return at;
        }
    }
    return NULL;
}

static grille_reason judge_psk(const grille_judge *judge, grille_evidence_facts *facts, grille_peer_identity *peer,
                               grille_error *error) {
    const grille_policy_psk *found = find_psk(judge->policy, facts, peer);
    grille_reason reason;
    if (found == NULL) {
        return grille_error_set(
            error, GRILLE_REASON_ATTEST_PSK_MISMATCH,
            "observed the psk id \"%.100s\" of an %s, expected an id and a key that the policy lists "
            "for that role",
            peer->psk_id, facts->prover_role == 'I' ? "initiator" : "responder");
    }
    reason = grille_policy_check_set(found->set, peer, judge->now_ms, error);
    if (reason != GRILLE_REASON_OK) return reason;
    (void)snprintf(peer->set, sizeof peer->set, "%s", found->set->name);
    facts->set_expires_ms = found->set->not_after_ms;
    return GRILLE_REASON_OK;
}

/* Its evidence is empty: there is nothing to keep. */
static grille_reason judge_anonymous(const grille_judge *judge, grille_evidence_facts *facts,
                                     grille_peer_identity *peer, grille_error *error) {
    const grille_binding binding = {.prover_role = facts->prover_role};
    const grille_evidence evidence = {.judge = judge, .binding = &binding};
    return grille_evidence_verify_anonymous(&evidence, peer, facts, error);
}

static grille_reason judge_kind(const grille_judge *judge, grille_evidence_facts *facts, grille_peer_identity *peer,
                                grille_error *error) {
    switch (peer->kind) {
    case GRILLE_IDENTITY_NITRO:
        return judge_nitro(judge, facts, peer, error);
    case GRILLE_IDENTITY_X509:
        return judge_x509(judge, facts, peer, error);
    case GRILLE_IDENTITY_PSK:
        return judge_psk(judge, facts, peer, error);
    case GRILLE_IDENTITY_ANONYMOUS:
        return judge_anonymous(judge, facts, peer, error);
    default:
        return GRILLE_REASON_ATTEST_KIND_UNSUPPORTED;
    }
}

static grille_reason check_evidence(const grille_judge *judge, const grille_evidence_facts *facts,
                                    grille_identity_kind kind, grille_error *error) {
    if (!grille_policy_accepts_kind(judge->policy, kind)) {
        return grille_error_set(error, GRILLE_REASON_ATTEST_KIND_REFUSED,
                                "observed a peer of kind %s, expected a kind that a set of the policy has",
                                grille_identity_kind_name(kind));
    }
    if (judge->now_ms <= facts->evidence_expires_ms) return GRILLE_REASON_OK;
    return grille_error_set(error, GRILLE_REASON_ATTEST_CERT_EXPIRED,
                            "observed evidence that expired at %s, expected some that is good at %s",
                            grille_civil_format(facts->evidence_expires_ms).text,
                            grille_civil_format(judge->now_ms).text);
}

grille_reason grille_evidence_judge_again(const grille_judge *judge, grille_evidence_facts *facts,
                                          grille_peer_identity *peer, grille_error *error) {
    grille_peer_identity judged = *peer;
    grille_evidence_facts found = *facts;
    grille_reason reason;
    grille_error_clear(error);
    memset(judged.set, 0, sizeof judged.set); /* nothing stays behind shorter names */
    memset(judged.name, 0, sizeof judged.name);
    reason = check_evidence(judge, facts, peer->kind, error);
    if (reason == GRILLE_REASON_OK) reason = judge_kind(judge, &found, &judged, error);
    if (reason != GRILLE_REASON_OK) return grille_error_default(error, reason);
    judged.expires_ms =
        found.evidence_expires_ms < found.set_expires_ms ? found.evidence_expires_ms : found.set_expires_ms;
    *peer = judged;
    *facts = found;
    return GRILLE_REASON_OK;
}
