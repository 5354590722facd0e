/* SPDX-License-Identifier: Apache-2.0 */
#include "policy_facts.h"

#include <inttypes.h>
#include <stdio.h>

#include "attest/calendar.h"
#include "attest/identity_state.h"
#include "attest/x509.h"
#include "base/bytes.h"

static void add_methods(const char *key, const grille_policy_methods *methods, lines *facts) {
    for (size_t i = 0; i < methods->count; i++) {
        lines_add(facts, "%s: %.*s", key, (int)methods->patterns[i].len, (const char *)methods->patterns[i].data);
    }
}

static void add_certificate(const char *key, grille_bytes der, lines *facts) {
    uint8_t digest[GRILLE_SHA256_BYTES];
    char hex[2 * GRILLE_SHA256_BYTES + 1] = "", name[256] = "";
    grille_x509 certificate;
    if (grille_crypto_wolf()->hash(GRILLE_SHA256, &der, 1, digest) == GRILLE_REASON_OK) {
        grille_hex_encode(grille_bytes_of(digest, sizeof digest), hex);
    }
    if (grille_x509_read(der, &certificate) == GRILLE_REASON_OK) {
        grille_x509_text(certificate.common_name, name, sizeof name);
    }
    lines_add(facts, "%s: CN=%s, SHA-256 %s", key, name, hex);
}

static void add_hex(const char *key, grille_bytes bytes, lines *facts) {
    char hex[2 * GRILLE_POINT_MAX + 1];
    if (bytes.len > GRILLE_POINT_MAX) return;
    grille_hex_encode(bytes, hex);
    lines_add(facts, "%s: %s", key, hex);
}

static void add_pins(const grille_policy_set *set, lines *facts) {
    char key[8];
    for (unsigned i = 0; i < GRILLE_PCR_COUNT; i++) {
        if ((set->pcr_mask & UINT32_C(1) << i) == 0 || (set->self && i < GRILLE_SELF_PCRS)) continue;
        (void)snprintf(key, sizeof key, "pcr%u", i);
        add_hex(key, grille_bytes_of(set->pcrs[i], GRILLE_PCR_BYTES), facts);
    }
}

static void add_keys(const grille_policy *policy, const grille_policy_set *set, lines *facts) {
    char hex[2 * GRILLE_SHA256_BYTES + 1];
    for (const grille_policy_psk *key = policy->psks; key != NULL; key = key->next) {
        if (key->set != set) continue;
        grille_hex_encode(grille_bytes_of(key->psk.anchor, sizeof key->psk.anchor), hex);
        lines_add(facts, "psk: %s, %s, key %s", key->psk.id, key->psk.role == 'I' ? "initiator" : "responder", hex);
    }
}

void policy_facts_of_set(const grille_policy *policy, const grille_policy_set *set, lines *facts) {
    lines_add(facts, "kind: %s", grille_identity_kind_name(set->kind));
    if (set->not_after_ms != GRILLE_WALL_NEVER) {
        lines_add(facts, "not_after: %s", grille_civil_format(set->not_after_ms).text);
    }
    if (set->min_build != 0) lines_add(facts, "min_build: %" PRIu64, set->min_build);
    for (unsigned i = 0; i < GRILLE_POLICY_FEATURE_COUNT; i++) {
        if ((set->refused_features & 1u << i) != 0) {
            lines_add(facts, "refuse: %s", grille_policy_feature_name((grille_policy_feature)i));
        }
    }
    for (size_t i = 0; i < set->policy_digest_count; i++)
        add_hex("policy_digest", grille_bytes_of(set->policy_digests[i], GRILLE_SHA384_BYTES), facts);
    add_methods("may_call", &set->may_call, facts);
    add_methods("serves", &set->serves, facts);
    if (set->self) lines_add(facts, "peer: self");
    add_pins(set, facts);
    add_keys(policy, set, facts);
    for (size_t i = 0; i < set->authority_count; i++)
        add_certificate("ca", set->authorities[i], facts);
    for (size_t i = 0; i < set->name_count; i++) {
        lines_add(facts, "names: %.*s", (int)set->names[i].text.len, (const char *)set->names[i].text.data);
    }
    lines_sort(facts);
}

static void add_word(const char *key, grille_policy_word word, lines *facts) {
    if (word != GRILLE_POLICY_UNSAID) lines_add(facts, "%s: %s", key, word == GRILLE_POLICY_YES ? "true" : "false");
}

void policy_facts_of_all(const grille_policy *policy, lines *facts) {
    lines_add(facts, "evidence_order: %s", policy->responder_first ? "responder_first" : "any");
    lines_add(facts, "max_age: %" PRId64 "ms", policy->max_age_ms);
    lines_add(facts, "clock_skew: %" PRId64 "ms", policy->clock_skew_ms);
    lines_add(facts, "schema: %s", policy->exact_schema ? "exact" : "warn");
    add_word("reflection", policy->reflection, facts);
    add_word("stats", policy->stats, facts);
    if (policy->version != 0) lines_add(facts, "version: %" PRIu64, policy->version);
    if (policy->reattest_ms != 0) lines_add(facts, "reattest: %" PRId64 "ms", policy->reattest_ms);
    if (policy->update_point.len != 0) add_hex("update_key", policy->update_point, facts);
    if (policy->insecure_allow_debug) lines_add(facts, "insecure_allow_debug: true");
    if (policy->development_root.len != 0) {
        add_certificate("insecure_development_root", policy->development_root, facts);
    }
    lines_sort(facts);
}
