/* SPDX-License-Identifier: Apache-2.0 */
#include "attest/trusted_clock.h"

#include <string.h>

#include "attest/document.h"
#include "base/bytes.h"
#include "base/error.h"

enum { US_PER_MS = 1000 };

void grille_trusted_clock_init(grille_trusted_clock *clock) {
    memset(clock, 0, sizeof *clock);
    atomic_init(&clock->offset_us, INT64_MIN);
    atomic_init(&clock->told_ms, INT64_MIN);
    (void)pthread_mutex_init(&clock->lock, NULL);
    (void)pthread_mutex_init(&clock->asking, NULL);
}

void grille_trusted_clock_deinit(grille_trusted_clock *clock) {
    (void)pthread_mutex_destroy(&clock->asking);
    (void)pthread_mutex_destroy(&clock->lock);
}

/* Reads a document that answers the request. */
static grille_reason read_answer(const grille_nsm_request *request, grille_bytes encoded, grille_document *document,
                                 grille_error *error) {
    grille_error why;
    if (grille_document_read(encoded, document, &why) != GRILLE_REASON_OK) {
        return grille_error_set(error, GRILLE_REASON_NSM_NO_TIME,
                                "the NSM's document of %zu bytes can't be read: %.64s: %.256s", encoded.len, why.name,
                                why.text);
    }
    if (!grille_bytes_equal(document->nonce, request->nonce)) {
        return grille_error_set(error, GRILLE_REASON_NSM_NO_TIME,
                                "the NSM's document has a nonce of %zu bytes that is not the one of %zu it was asked "
                                "with: it is not the answer. Likely the device is not a real NSM",
                                document->nonce.len, request->nonce.len);
    }
    if (!grille_bytes_equal(document->user_data, request->user_data) ||
        !grille_bytes_equal(document->public_key, request->public_key)) {
        return grille_error_set(error, GRILLE_REASON_NSM_NO_TIME,
                                "the NSM's document has another user_data or public_key than it was asked with. Likely "
                                "the device is not a real NSM");
    }
    return GRILLE_REASON_OK;
}

/* With the lock held. */
static grille_reason check_module(const grille_trusted_clock *clock, const grille_document *document,
                                  grille_error *error) {
    if (atomic_load(&clock->offset_us) == INT64_MIN ||
        grille_bytes_equal(document->module_id, grille_bytes_of_text(clock->module_id))) {
        return GRILLE_REASON_OK;
    }
    return grille_error_set(error, GRILLE_REASON_NSM_NO_TIME,
                            "the document is of module %.*s, expected %s. Likely it is not of this enclave's NSM",
                            (int)document->module_id.len, (const char *)document->module_id.data, clock->module_id);
}

grille_reason grille_trusted_clock_check(grille_trusted_clock *clock, const grille_nsm_request *request,
                                         grille_bytes document, grille_error *error) {
    grille_document read;
    grille_reason reason;
    grille_error_clear(error);
    reason = read_answer(request, document, &read, error);
    if (reason != GRILLE_REASON_OK) return reason;
    (void)pthread_mutex_lock(&clock->lock);
    reason = check_module(clock, &read, error);
    (void)pthread_mutex_unlock(&clock->lock);
    return reason;
}

/* With the lock held. The NSM read its clock before it was done: the time is never ahead. */
static grille_reason commit(grille_trusted_clock *clock, const grille_document *document, grille_time_us done_us,
                            grille_error *error) {
    bool first = atomic_load(&clock->offset_us) == INT64_MIN;
    if (!first && document->timestamp_ms < clock->timestamp_ms) {
        return grille_error_set(error, GRILLE_REASON_NSM_NO_TIME,
                                "the document's timestamp %lld is before the one of an earlier document, %lld",
                                (long long)document->timestamp_ms, (long long)clock->timestamp_ms);
    }
    if (document->timestamp_ms > GRILLE_LATEST_WALL_MS || done_us > INT64_MAX / 2) {
        return grille_error_set(error, GRILLE_REASON_NSM_NO_TIME,
                                "the document's timestamp is not between 1970 and 9999");
    }
    if (first) memcpy(clock->module_id, document->module_id.data, document->module_id.len);
    clock->timestamp_ms = document->timestamp_ms;
    clock->sampled_us = done_us;
    atomic_store(&clock->offset_us, document->timestamp_ms * US_PER_MS - (int64_t)done_us);
    return GRILLE_REASON_OK;
}

grille_reason grille_trusted_clock_take(grille_trusted_clock *clock, const grille_nsm_request *request,
                                        grille_bytes document, grille_time_us done_us, grille_error *error) {
    grille_document read;
    grille_reason reason;
    grille_error_clear(error);
    reason = read_answer(request, document, &read, error);
    if (reason != GRILLE_REASON_OK) return reason;
    (void)pthread_mutex_lock(&clock->lock);
    reason = check_module(clock, &read, error);
    if (reason == GRILLE_REASON_OK) reason = commit(clock, &read, done_us, error);
    (void)pthread_mutex_unlock(&clock->lock);
    return reason;
}

bool grille_trusted_clock_read(grille_trusted_clock *clock, grille_time_us now_us, grille_wall_ms *now_ms) {
    int64_t offset_us = atomic_load(&clock->offset_us);
    int64_t told_ms = atomic_load(&clock->told_ms);
    if (offset_us == INT64_MIN || now_us > INT64_MAX / 2) return false;
    *now_ms = (offset_us + (int64_t)now_us) / US_PER_MS;
    while (*now_ms > told_ms && !atomic_compare_exchange_weak(&clock->told_ms, &told_ms, *now_ms))
        continue;
    if (*now_ms < told_ms) *now_ms = told_ms;
    return true;
}

bool grille_trusted_clock_age(grille_trusted_clock *clock, grille_time_us now_us, uint64_t *age_us) {
    bool sampled = false;
    (void)pthread_mutex_lock(&clock->lock);
    sampled = atomic_load(&clock->offset_us) != INT64_MIN;
    *age_us = now_us > clock->sampled_us ? now_us - clock->sampled_us : 0;
    (void)pthread_mutex_unlock(&clock->lock);
    return sampled;
}
