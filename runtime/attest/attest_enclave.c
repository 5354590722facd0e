/* SPDX-License-Identifier: Apache-2.0
 * grille/attest.h: what an enclave asks of its own NSM: the time, PCRs, counters. */
#include <string.h>

#include "attest/identity_state.h"
#include "base/bytes.h"
#include "base/error.h"
#include "grille/attest.h"
#include "nsm/managed.h"

enum { US_PER_MS = 1000, NONCE_BYTES = 32 };

/* user_data of documents that only tell the time, and leave this process never. */
#define TIME_USER_DATA "grille-time-1"

static grille_reason check_kind(const grille_identity *identity, grille_error *error) {
    grille_error_clear(error);
    if (identity->kind == GRILLE_IDENTITY_NITRO) return GRILLE_REASON_OK;
    return grille_error_set(
        error, GRILLE_REASON_ATTEST_IDENTITY,
        "observed an identity of kind %s, expected nitro, one of grille_identity_open_nsm: others have no NSM",
        grille_identity_kind_name(identity->kind));
}

static grille_code code_of(grille_reason reason, grille_error *error) {
    return reason == GRILLE_REASON_OK ? GRILLE_OK : grille_reason_code(grille_error_default(error, reason));
}

static bool is_fresh(const grille_identity *identity, uint32_t max_age_ms) {
    uint64_t age_us = 0;
    return grille_trusted_clock_age(identity->clock, grille_nsm_now_us(identity->nsm), &age_us) &&
           age_us <= (uint64_t)max_age_ms * US_PER_MS;
}

/* Has a document made for its time; the identity sees it on its way here, as every other one. */
static grille_reason ask(const grille_identity *identity, grille_error *error) {
    uint8_t nonce[NONCE_BYTES], document[GRILLE_NSM_RESPONSE_MAX];
    const grille_nsm_request request = {.user_data = grille_bytes_of_text(TIME_USER_DATA),
                                        .nonce = grille_bytes_of(nonce, sizeof nonce)};
    grille_time_us asked_us = grille_nsm_now_us(identity->nsm), now_us = 0;
    uint64_t age_us = 0;
    size_t len = 0;
    grille_reason reason = grille_crypto_wolf()->random(nonce, sizeof nonce);
    if (reason != GRILLE_REASON_OK) return grille_error_default(error, reason);
    reason = identity->nsm->functions->attest(identity->nsm, &request, document, sizeof document, &len, error);
    if (reason != GRILLE_REASON_OK) return reason;
    reason = grille_trusted_clock_check(identity->clock, &request, grille_bytes_of(document, len), error);
    if (reason != GRILLE_REASON_OK) return reason;
    now_us = grille_nsm_now_us(identity->nsm);
    if (grille_trusted_clock_age(identity->clock, now_us, &age_us) && now_us - age_us >= asked_us) {
        return GRILLE_REASON_OK;
    }
    return grille_error_set(error, GRILLE_REASON_NSM_NO_TIME,
                            "the NSM's new document has a timestamp before the one of an earlier document, or none of "
                            "this age. Likely the device is not a real NSM");
}

grille_code grille_attest_time(const grille_identity *identity, uint32_t max_age_ms, int64_t *time_ms, uint32_t *age_ms,
                               grille_error *error) {
    grille_reason reason = check_kind(identity, error);
    grille_time_us now_us = 0;
    uint64_t age_us = 0;
    *time_ms = 0;
    *age_ms = 0;
    if (reason != GRILLE_REASON_OK) return grille_reason_code(reason);
    if (!is_fresh(identity, max_age_ms)) {
        (void)pthread_mutex_lock(&identity->clock->asking);
        if (!is_fresh(identity, max_age_ms)) reason = ask(identity, error);
        (void)pthread_mutex_unlock(&identity->clock->asking);
    }
    if (reason != GRILLE_REASON_OK) return code_of(reason, error);
    now_us = grille_nsm_now_us(identity->nsm);
    if (!grille_trusted_clock_age(identity->clock, now_us, &age_us) ||
        !grille_trusted_clock_read(identity->clock, now_us, time_ms)) {
        return code_of(GRILLE_REASON_NSM_NO_TIME, error);
    }
    *age_ms = age_us / US_PER_MS < UINT32_MAX ? (uint32_t)(age_us / US_PER_MS) : UINT32_MAX;
    return GRILLE_OK;
}

static grille_reason check_index(const grille_identity *identity, uint16_t index, grille_error *error) {
    grille_reason reason = check_kind(identity, error);
    if (reason != GRILLE_REASON_OK || index < GRILLE_NSM_PCR_COUNT) return reason;
    return grille_error_set(error, GRILLE_REASON_NSM_INVALID_INDEX, "PCR%u does not exist, expected 0 to %d", index,
                            GRILLE_NSM_PCR_COUNT - 1);
}

grille_code grille_attest_pcr_read(const grille_identity *identity, uint16_t index, uint8_t value[GRILLE_PCR_BYTES],
                                   bool *locked, grille_error *error) {
    bool ignored = false;
    grille_reason reason = check_index(identity, index, error);
    if (reason == GRILLE_REASON_OK) {
        reason = identity->nsm->functions->describe_pcr(identity->nsm, index, value, locked != NULL ? locked : &ignored,
                                                        error);
    }
    return code_of(reason, error);
}

grille_code grille_attest_pcr_extend(const grille_identity *identity, uint16_t index, grille_bytes data,
                                     uint8_t value[GRILLE_PCR_BYTES], grille_error *error) {
    uint8_t extended[GRILLE_PCR_BYTES];
    grille_reason reason = check_index(identity, index, error);
    if (reason == GRILLE_REASON_OK && data.len > GRILLE_ATTEST_PCR_DATA_MAX) {
        reason = grille_error_set(error, GRILLE_REASON_BAD_ARGUMENT,
                                  "observed %zu bytes to extend PCR%u with, expected at most %d: give their hash",
                                  data.len, index, GRILLE_ATTEST_PCR_DATA_MAX);
    }
    if (reason == GRILLE_REASON_OK) {
        reason = identity->nsm->functions->extend_pcr(identity->nsm, index, data, extended, error);
    }
    if (reason == GRILLE_REASON_OK && value != NULL) memcpy(value, extended, sizeof extended);
    return code_of(reason, error);
}

grille_code grille_attest_pcr_lock(const grille_identity *identity, uint16_t index, grille_error *error) {
    grille_reason reason = check_index(identity, index, error);
    if (reason == GRILLE_REASON_OK) reason = identity->nsm->functions->lock_pcr(identity->nsm, index, error);
    return code_of(reason, error);
}

grille_code grille_attest_nsm_counters(const grille_identity *identity, grille_nsm_counters *counters,
                                       grille_error *error) {
    grille_reason reason = check_kind(identity, error);
    *counters = (grille_nsm_counters){.failures = 0};
    if (reason == GRILLE_REASON_OK) grille_nsm_get_counters(identity->nsm, counters);
    return code_of(reason, error);
}
