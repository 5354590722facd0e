/* SPDX-License-Identifier: Apache-2.0 */
#include "attest/x509_chain.h"

#include <stdio.h>

#include "attest/path.h"
#include "attest/policy_rules.h"
#include "base/bytes.h"
#include "base/error.h"

grille_reason grille_x509_chain_refuse(grille_error *error, const char *expected) {
    return grille_error_set(error, GRILLE_REASON_ATTEST_X509_BODY, "observed malformed x509 evidence, expected %s",
                            expected);
}

grille_reason grille_x509_chain_read(grille_reader *body, grille_x509_chain *chain, grille_error *error) {
    grille_reader start = *body;
    chain->count = grille_read_u8(body);
    if (chain->count == 0 || chain->count > GRILLE_LIMIT_X509_CHAIN)
        return grille_x509_chain_refuse(error, "1 to 4 certificates");
    for (size_t i = 0; i < chain->count; i++) {
        chain->certificates[i] = grille_read_block_u16(body);
        if (body->failed || chain->certificates[i].len > GRILLE_LIMIT_PEER_CERTIFICATE_BYTES) {
            return grille_x509_chain_refuse(error, "certificates of at most 4096 bytes");
        }
    }
    chain->encoded = grille_bytes_of(start.at, start.left - body->left);
    return GRILLE_REASON_OK;
}

grille_reason grille_x509_chain_parse(grille_x509_chain *chain, grille_error *error) {
    for (size_t i = 0; i < chain->count; i++) {
        grille_reason reason = grille_x509_read(chain->certificates[i], &chain->top);
        if (reason != GRILLE_REASON_OK) {
            return grille_error_set(
                error, reason,
                "certificate %zu of the evidence (1 is the leaf): observed %zu bytes in which %s; expected "
                "strict DER",
                i + 1, chain->certificates[i].len, grille_reason_text(reason));
        }
        if (i == 0) chain->leaf = chain->top;
    }
    return GRILLE_REASON_OK;
}

static const grille_policy_name *name_in(const grille_policy_set *set, const grille_x509 *leaf) {
    for (size_t i = 0; i < set->name_count; i++) {
        if (grille_x509_has_name(leaf, set->names[i].kind, set->names[i].text)) return &set->names[i];
    }
    return NULL;
}

/* The chain from this CA down to the leaf; the CA itself, when the peer sent it too, comes once. */
static grille_reason walk_from(const grille_judge *judge, const grille_x509_chain *chain, char prover_role,
                               grille_bytes authority, grille_path *path, grille_error *error) {
    grille_bytes certificates[GRILLE_LIMIT_X509_CHAIN + 1];
    grille_path_request request = {.profile = GRILLE_PATH_PEER,
                                   .purpose = prover_role == 'I' ? GRILLE_PATH_CLIENT : GRILLE_PATH_SERVER,
                                   .certificates = certificates,
                                   .now_ms = judge->now_ms,
                                   .leeway_ms = judge->policy->clock_skew_ms,
                                   .cache = judge->cache};
    bool sent_too = grille_bytes_equal(chain->certificates[chain->count - 1], authority);
    size_t below = sent_too ? chain->count - 1 : chain->count;
    certificates[request.count++] = authority;
    for (size_t i = below; i > 0; i--)
        certificates[request.count++] = chain->certificates[i - 1];
    return grille_path_verify(judge->crypto, &request, path, error);
}

/* The chain's top is this CA or names it as its issuer. */
static bool may_be_issued_by(const grille_x509_chain *chain, grille_bytes authority) {
    grille_x509 ca;
    if (grille_bytes_equal(chain->certificates[chain->count - 1], authority)) return true;
    return grille_x509_read(authority, &ca) == GRILLE_REASON_OK && grille_bytes_equal(chain->top.issuer, ca.subject);
}

/* Tries the CAs of one set whose name fits. */
static grille_reason walk_set(const grille_judge *judge, const grille_x509_chain *chain, char prover_role,
                              const grille_policy_set *set, grille_path *path, grille_error *error) {
    grille_reason reason = GRILLE_REASON_ATTEST_CERT_UNKNOWN_ISSUER;
    char name[81];
    for (size_t i = 0; i < set->authority_count; i++) {
        if (!may_be_issued_by(chain, set->authorities[i])) continue;
        reason = walk_from(judge, chain, prover_role, set->authorities[i], path, error);
        if (reason == GRILLE_REASON_OK) return reason;
    }
    if (reason != GRILLE_REASON_ATTEST_CERT_UNKNOWN_ISSUER) return reason;
    grille_x509_text(chain->leaf.common_name, name, sizeof name);
    return grille_error_set(
        error, reason,
        "observed a certificate of \"%s\" by another issuer, expected a chain to a CA of the policy's set "
        "\"%.100s\"",
        name, set->name);
}

static grille_reason refuse_name(const grille_x509_chain *chain, grille_error *error) {
    char name[GRILLE_NAME_MAX];
    grille_bytes first = grille_x509_first_name(&chain->leaf);
    grille_x509_text(first, name, sizeof name);
    return grille_error_set(
        error, GRILLE_REASON_ATTEST_CERT_NAME,
        "observed the subjectAltName \"%.150s\"%s, expected one that a set of the policy lists under "
        "names",
        name, first.len == 0 ? " (no URI, no DNS name)" : "");
}

/* A set that the leaf has a name of, and that all of its CAs, times and claims allow. */
typedef struct x509_match {
    const grille_policy_set *set;
    const grille_policy_name *name;
    grille_path path;
} x509_match;

static grille_reason find_set(const grille_judge *judge, const grille_x509_chain *chain, char prover_role,
                              const grille_peer_identity *peer, x509_match *match, grille_error *error) {
    grille_reason reason = GRILLE_REASON_OK;
    for (size_t i = 0; i < judge->policy->set_count; i++) {
        const grille_policy_set *set = &judge->policy->sets[i];
        if (set->kind != GRILLE_IDENTITY_X509) continue;
        *match = (x509_match){.set = set, .name = name_in(set, &chain->leaf)};
        if (match->name == NULL) continue;
        reason = walk_set(judge, chain, prover_role, set, &match->path, error);
        if (reason == GRILLE_REASON_OK) reason = grille_policy_check_set(set, peer, judge->now_ms, error);
        if (reason == GRILLE_REASON_OK) {
            grille_error_clear(error);
            return reason;
        }
    }
    return reason != GRILLE_REASON_OK ? reason : refuse_name(chain, error);
}

grille_reason grille_x509_chain_judge(const grille_judge *judge, const grille_x509_chain *chain,
                                      grille_peer_identity *peer, grille_evidence_facts *facts, grille_error *error) {
    x509_match match = {.set = NULL};
    grille_reason reason = find_set(judge, chain, facts->prover_role, peer, &match, error);
    if (reason != GRILLE_REASON_OK) return reason;
    (void)snprintf(peer->set, sizeof peer->set, "%s", match.set->name);
    (void)snprintf(peer->name, sizeof peer->name, "%s", (const char *)match.name->text.data);
    grille_x509_text(chain->leaf.common_name, peer->subject, sizeof peer->subject);
    facts->chain = chain->encoded;
    facts->evidence_expires_ms = match.path.expires_ms;
    facts->set_expires_ms = match.set->not_after_ms;
    return GRILLE_REASON_OK;
}
