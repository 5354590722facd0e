/* SPDX-License-Identifier: Apache-2.0 */
#include "base/bytes.h"
#include "base/error.h"
#include "secure/tls_private.h"
#include "wire/limits.h"

/* A KeyUpdate record has 27 bytes; several of them packed into one record cost what several records cost. */
static const uint64_t control_record_bytes = 64;

/* Records that brought no data: KeyUpdate, tickets, empty ones. Each costs us work and some an answer. */
static grille_reason charge_control(grille_tls *tls, uint64_t bytes, grille_time_us now_us, grille_error *error) {
    if (grille_rate_limit_take(&tls->control, (bytes + control_record_bytes - 1) / control_record_bytes, now_us))
        return GRILLE_REASON_OK;
    grille_tls_die(tls, unexpected_message);
    return grille_error_set(error, GRILLE_REASON_TLS_CONTROL_FLOOD,
                            "the peer sent more KeyUpdates or empty records than %d at once and %d a second",
                            GRILLE_LIMIT_KEY_UPDATE_BURST, GRILLE_LIMIT_KEY_UPDATE_PER_SECOND);
}

/* One call of wolfSSL_read, which takes at most one record. MORE: no data came of it. */
static grille_reason read_once(grille_tls *tls, uint8_t *plain, size_t capacity, size_t *len, grille_error *error) {
    const int size = capacity > tls_record_plain_bytes ? tls_record_plain_bytes : (int)capacity;
    grille_tls_alloc_scope scope;
    bool refused = false;
    int result = 0;
    grille_tls_io_begin(tls);
    scope = grille_tls_alloc_enter_records(tls->budget);
    result = wolfSSL_read(tls->ssl, plain, size);
    refused = grille_tls_alloc_leave(scope);
    if (result > 0) {
        *len = (size_t)result;
        return GRILLE_REASON_OK;
    }
    if (refused) return grille_tls_fail(tls, result, refused, "reading a record", error);
    switch (wolfSSL_get_error(tls->ssl, result)) {
    case WOLFSSL_ERROR_WANT_READ:
        return GRILLE_REASON_MORE;
    case WOLFSSL_ERROR_ZERO_RETURN:
        tls->closed = true;
        return GRILLE_REASON_MORE;
    default:
        return grille_tls_fail(tls, result, false, "reading a record", error);
    }
}

grille_reason grille_tls_read(grille_tls *tls, uint8_t *plain, size_t capacity, size_t *len, grille_time_us now_us,
                              grille_error *error) {
    *len = 0;
    if (tls->dead || !tls->finished || capacity == 0) return grille_error_default(error, GRILLE_REASON_TLS_FAILED);
    while (!tls->closed) {
        const uint64_t before = tls->taken_bytes;
        grille_reason reason = read_once(tls, plain, capacity, len, error);
        if (reason != GRILLE_REASON_MORE) return reason;
        if (tls->cursor.finished > 0 && !tls->closed) {
            reason = charge_control(tls, tls->taken_bytes - before, now_us, error);
            if (reason != GRILLE_REASON_OK) return reason;
        }
        if (grille_tls_unread(tls) == 0) break;
    }
    return GRILLE_REASON_MORE;
}

bool grille_tls_is_closed(const grille_tls *tls) {
    return tls->closed;
}

grille_reason grille_tls_update_keys(grille_tls *tls, grille_error *error) {
    grille_tls_alloc_scope scope;
    bool refused = false;
    int result = 0;
    if (tls->dead || tls->shut || !tls->finished) return grille_error_default(error, GRILLE_REASON_TLS_FAILED);
    scope = grille_tls_alloc_enter_records(tls->budget);
    result = wolfSSL_update_keys(tls->ssl);
    refused = grille_tls_alloc_leave(scope);
    if (result != WOLFSSL_SUCCESS) return grille_tls_fail(tls, result, refused, "updating the key", error);
    tls->records_written = 0;
    tls->key_updates++;
    return GRILLE_REASON_OK;
}

/* Before the key has sealed too many records (RFC 8446 5.5). */
static grille_reason update_key_when_due(grille_tls *tls, size_t records, grille_error *error) {
    grille_reason reason = GRILLE_REASON_OK;
    if (tls->records_written + records > tls->records_per_key && tls->records_written > 0)
        reason = grille_tls_update_keys(tls, error);
    if (reason == GRILLE_REASON_OK) tls->records_written += records;
    return reason;
}

grille_reason grille_tls_write(grille_tls *tls, grille_bytes plain, grille_error *error) {
    grille_bytes rest = plain;
    if (tls->dead || tls->shut || !tls->finished) return grille_error_default(error, GRILLE_REASON_TLS_FAILED);
    while (rest.len > 0) {
        const size_t len = rest.len > tls_record_plain_bytes ? tls_record_plain_bytes : rest.len;
        grille_tls_alloc_scope scope;
        bool refused = false;
        int result = 0;
        const grille_reason reason = update_key_when_due(tls, 1, error);
        if (reason != GRILLE_REASON_OK) return reason;
        scope = grille_tls_alloc_enter_records(tls->budget);
        result = wolfSSL_write(tls->ssl, rest.data, (int)len);
        refused = grille_tls_alloc_leave(scope);
        if (result != (int)len) return grille_tls_fail(tls, result, refused, "writing a record", error);
        rest = grille_bytes_of(rest.data + len, rest.len - len);
    }
    return GRILLE_REASON_OK;
}

void grille_tls_shutdown(grille_tls *tls) {
    grille_tls_alloc_scope scope;
    if (tls->shut || tls->dead || !tls->finished) return;
    tls->shut = true;
    scope = grille_tls_alloc_enter_records(tls->budget);
    (void)wolfSSL_shutdown(tls->ssl);
    (void)grille_tls_alloc_leave(scope);
}

uint64_t grille_tls_key_updates(const grille_tls *tls) {
    return tls->key_updates;
}
