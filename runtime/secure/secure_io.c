/* SPDX-License-Identifier: Apache-2.0
 * Frames' bytes through an open channel. */
#include <string.h>

#include "base/bytes.h"
#include "base/error.h"
#include "secure/secure_private.h"

bool grille_secure_can_write(const grille_secure *secure) {
    if (secure->state == GRILLE_SECURE_OPEN) return true;
    return secure->state == GRILLE_SECURE_GATE && secure->role == GRILLE_INITIATOR &&
           grille_gate_has_confirmed(&secure->attempt->gate);
}

/* What came in one record with the gate's last message. */
static size_t read_left_over(grille_secure *secure, uint8_t *plain, size_t capacity) {
    const grille_bytes left = grille_byte_queue_view(&secure->plain);
    const size_t len = left.len < capacity ? left.len : capacity;
    if (len == 0) return 0;
    memcpy(plain, left.data, len);
    grille_byte_queue_consume(&secure->plain, len);
    grille_byte_queue_trim(&secure->plain);
    return len;
}

grille_reason grille_secure_read(grille_secure *secure, uint8_t *plain, size_t capacity, size_t *len,
                                 grille_time_us now_us) {
    grille_reason reason = GRILLE_REASON_OK;
    *len = 0;
    if (secure->state == GRILLE_SECURE_FAILED) return secure->failure_reason;
    if (secure->state == GRILLE_SECURE_CLOSED) return GRILLE_REASON_MORE;
    if (secure->state != GRILLE_SECURE_OPEN || capacity == 0) return GRILLE_REASON_BAD_ARGUMENT;
    *len = read_left_over(secure, plain, capacity);
    if (*len > 0) return GRILLE_REASON_OK;
    reason = grille_tls_read(secure->tls, plain, capacity, len, now_us, &secure->failure);
    if (reason == GRILLE_REASON_OK) return reason;
    if (reason != GRILLE_REASON_MORE) return grille_secure_fail(secure, reason);
    if (grille_tls_is_closed(secure->tls)) secure->state = GRILLE_SECURE_CLOSED;
    return reason;
}

grille_reason grille_secure_write(grille_secure *secure, grille_bytes plain) {
    grille_reason reason = GRILLE_REASON_OK;
    if (secure->state == GRILLE_SECURE_FAILED) return secure->failure_reason;
    if (!grille_secure_can_write(secure)) return GRILLE_REASON_BAD_ARGUMENT;
    reason = grille_tls_write(secure->tls, plain, &secure->failure);
    return reason == GRILLE_REASON_OK ? reason : grille_secure_fail(secure, reason);
}

grille_bytes grille_secure_outgoing(const grille_secure *secure) {
    return grille_tls_outgoing(secure->tls);
}

void grille_secure_sent(grille_secure *secure, size_t len) {
    grille_tls_sent(secure->tls, len);
}

void grille_secure_shutdown(grille_secure *secure) {
    grille_tls_shutdown(secure->tls);
}

void grille_secure_trim(grille_secure *secure) {
    grille_byte_queue_trim(&secure->plain);
    grille_tls_trim(secure->tls);
}

bool grille_secure_holds(const grille_secure *secure) {
    return grille_byte_queue_holds(&secure->plain) || grille_tls_holds(secure->tls);
}

void grille_secure_lend(grille_secure *secure, uint8_t *memory, size_t capacity) {
    grille_tls_lend(secure->tls, memory, capacity);
}

grille_reason grille_secure_reclaim(grille_secure *secure) {
    const grille_reason reason = grille_tls_reclaim(secure->tls, &secure->failure);
    return reason == GRILLE_REASON_OK ? reason : grille_secure_fail(secure, reason);
}
