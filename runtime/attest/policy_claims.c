/* SPDX-License-Identifier: Apache-2.0
 * What a set asks of a peer besides its identity: not_after and the peer's claims. */
#include <inttypes.h>
#include <string.h>

#include "attest/calendar.h"
#include "attest/policy_rules.h"
#include "base/bytes.h"
#include "base/error.h"

static grille_reason check_time(const grille_policy_set *set, grille_wall_ms now_ms, grille_error *error) {
    if (now_ms <= set->not_after_ms) return GRILLE_REASON_OK;
    return grille_error_set(
        error, GRILLE_REASON_ATTEST_SET_EXPIRED,
        "the policy's set \"%.100s\" matches the peer: observed its not_after %s, expected one after %s", set->name,
        grille_civil_format(set->not_after_ms).text, grille_civil_format(now_ms).text);
}

static grille_reason check_build(const grille_policy_set *set, const grille_peer_identity *peer, grille_error *error) {
    if (peer->build >= set->min_build) return GRILLE_REASON_OK;
    return grille_error_set(error, GRILLE_REASON_ATTEST_BUILD_TOO_OLD,
                            "observed the peer's claim of build %" PRIu64 ", expected at least min_build %" PRIu64
                            " of the policy's set \"%.100s\"",
                            peer->build, set->min_build, set->name);
}

/* Not told is as good as on: who hides it has a reason. */
static grille_reason check_features(const grille_policy_set *set, const grille_peer_identity *peer,
                                    grille_error *error) {
    const grille_feature told[] = {[GRILLE_POLICY_LOGS] = peer->logs,
                                   [GRILLE_POLICY_METRICS] = peer->metrics,
                                   [GRILLE_POLICY_REFLECTION] = peer->reflection,
                                   [GRILLE_POLICY_DEBUG] = peer->debug_features};
    for (unsigned i = 0; i < GRILLE_POLICY_FEATURE_COUNT; i++) {
        if ((set->refused_features & 1u << i) == 0 || told[i] == GRILLE_FEATURE_OFF) continue;
        return grille_error_set(error, GRILLE_REASON_ATTEST_FEATURE_REFUSED,
                                "observed the peer's claim of %s: %s, expected off, since the policy's set \"%.100s\" "
                                "refuses it",
                                grille_policy_feature_name((grille_policy_feature)i),
                                told[i] == GRILLE_FEATURE_ON ? "on" : "not told", set->name);
    }
    return GRILLE_REASON_OK;
}

static grille_reason check_digest(const grille_policy_set *set, const grille_peer_identity *peer, grille_error *error) {
    const grille_bytes told = grille_bytes_of(peer->policy_digest, sizeof peer->policy_digest);
    char observed[2 * GRILLE_SHA384_BYTES + 1], expected[2 * GRILLE_SHA384_BYTES + 1];
    if (set->policy_digest_count == 0) return GRILLE_REASON_OK;
    for (size_t i = 0; i < set->policy_digest_count; i++) {
        if (memcmp(set->policy_digests[i], peer->policy_digest, GRILLE_SHA384_BYTES) == 0) return GRILLE_REASON_OK;
    }
    grille_hex_encode(told, observed);
    grille_hex_encode(grille_bytes_of(set->policy_digests[0], GRILLE_SHA384_BYTES), expected);
    return grille_error_set(error, GRILLE_REASON_ATTEST_POLICY_DIGEST,
                            "observed the peer's policy digest %s, expected %s%s of set \"%.40s\"",
                            grille_bytes_all_zero(told) ? "not told" : observed, expected,
                            set->policy_digest_count == 1 ? "" : " or another one", set->name);
}

grille_reason grille_policy_check_set(const grille_policy_set *set, const grille_peer_identity *peer,
                                      grille_wall_ms now_ms, grille_error *error) {
    grille_reason reason = check_time(set, now_ms, error);
    if (reason == GRILLE_REASON_OK) reason = check_build(set, peer, error);
    if (reason == GRILLE_REASON_OK) reason = check_features(set, peer, error);
    return reason == GRILLE_REASON_OK ? check_digest(set, peer, error) : reason;
}
