/* SPDX-License-Identifier: Apache-2.0
 * INSECURE: takes the place of runtime/secure's end of a channel at link time. Frames travel as they are: no TLS, no
 * gate, no evidence; whoever connects is a fixed peer. It is here so that the price of the channel can be told from the
 * price of calls, and for nothing else: testonly, and only programs of bench/ link it.
 *
 * Both ends send the hello first, so that the states of a channel and their owner's steps are the same ones. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/error.h"
#include "bench/insecure/insecure.h"
#include "secure/byte_queue.h"
#include "secure/secure.h"

/* A program that links this shows it in its symbols, where the search of a release finds it. */
const char bench_insecure_hello[BENCH_INSECURE_HELLO_BYTES] = {'I', 'N', 'S', 'E', 'C', 'U', 'R', 'E'};

struct grille_secure {
    grille_secure_state state;
    grille_policy *policy;      /* a reference of our own */
    grille_byte_queue outgoing; /* as it goes to the transport */
    grille_byte_queue early;    /* came before it was open, or with the hello */
    grille_bytes fed;           /* borrowed, not read yet */
    grille_error failure;
    grille_reason failure_reason;
    grille_peer_identity peer;
};

static grille_reason fail(grille_secure *secure, grille_reason reason) {
    secure->state = GRILLE_SECURE_FAILED;
    secure->failure_reason = reason;
    return grille_error_default(&secure->failure, reason);
}

grille_reason grille_secure_new(const grille_secure_options *options, grille_secure **secure, grille_error *error) {
    grille_secure *made = grille_budget_alloc(options->budget, sizeof *made);
    *secure = NULL;
    if (made == NULL) return grille_error_default(error, GRILLE_REASON_BUDGET);
    *made = (grille_secure){.state = GRILLE_SECURE_HANDSHAKE, .policy = grille_policy_ref(options->policy)};
    grille_error_clear(&made->failure);
    made->peer.kind = GRILLE_IDENTITY_NITRO; /* what the policy's set is of; nobody proves it */
    made->peer.insecure = true;
    (void)snprintf(made->peer.set, sizeof made->peer.set, "%s", BENCH_INSECURE_SET);
    grille_byte_queue_init(&made->outgoing, options->budget);
    grille_byte_queue_init(&made->early, options->budget);
    if (grille_byte_queue_append(&made->outgoing, grille_bytes_of(bench_insecure_hello, BENCH_INSECURE_HELLO_BYTES)) !=
        GRILLE_REASON_OK) {
        grille_secure_free(made);
        return grille_error_default(error, GRILLE_REASON_BUDGET);
    }
    *secure = made;
    return GRILLE_REASON_OK;
}

void grille_secure_free(grille_secure *secure) {
    if (secure == NULL) return;
    grille_budget *budget = secure->outgoing.budget;
    grille_byte_queue_deinit(&secure->outgoing);
    grille_byte_queue_deinit(&secure->early);
    grille_policy_free(secure->policy);
    grille_budget_free_wiped(budget, secure, sizeof *secure);
}

size_t grille_secure_room(const grille_secure *secure) {
    const size_t waits = grille_byte_queue_len(&secure->early);
    if (secure->state == GRILLE_SECURE_OPEN) return SIZE_MAX;
    return waits < GRILLE_LIMIT_BEFORE_CONFIRM_BYTES ? GRILLE_LIMIT_BEFORE_CONFIRM_BYTES - waits : 0;
}

grille_reason grille_secure_feed(grille_secure *secure, grille_bytes bytes) {
    if (secure->state == GRILLE_SECURE_FAILED) return GRILLE_REASON_OK;
    if (secure->state == GRILLE_SECURE_OPEN) {
        if (secure->fed.len > 0) return GRILLE_REASON_BAD_ARGUMENT;
        secure->fed = bytes;
        return GRILLE_REASON_OK;
    }
    if (bytes.len > grille_secure_room(secure)) return fail(secure, GRILLE_REASON_GATE_TOO_MUCH);
    if (grille_byte_queue_append(&secure->early, bytes) == GRILLE_REASON_OK) return GRILLE_REASON_OK;
    return fail(secure, GRILLE_REASON_BUDGET);
}

grille_reason grille_secure_step(grille_secure *secure, grille_time_us now_us, grille_wall_ms wall_ms) {
    const grille_bytes early = grille_byte_queue_view(&secure->early);
    (void)now_us;
    (void)wall_ms;
    if (secure->state == GRILLE_SECURE_FAILED) return secure->failure_reason;
    if (secure->state != GRILLE_SECURE_HANDSHAKE || early.len < BENCH_INSECURE_HELLO_BYTES) return GRILLE_REASON_OK;
    if (memcmp(early.data, bench_insecure_hello, BENCH_INSECURE_HELLO_BYTES) != 0) {
        return fail(secure, GRILLE_REASON_TLS_FAILED);
    }
    grille_byte_queue_consume(&secure->early, BENCH_INSECURE_HELLO_BYTES);
    secure->state = GRILLE_SECURE_OPEN;
    return GRILLE_REASON_OK;
}

grille_secure_state grille_secure_get_state(const grille_secure *secure) {
    return secure->state;
}

bool grille_secure_can_write(const grille_secure *secure) {
    return secure->state == GRILLE_SECURE_OPEN;
}

static size_t read_early(grille_secure *secure, uint8_t *plain, size_t capacity) {
    const grille_bytes early = grille_byte_queue_view(&secure->early);
    const size_t len = early.len < capacity ? early.len : capacity;
    if (len == 0) return 0;
    memcpy(plain, early.data, len);
    grille_byte_queue_consume(&secure->early, len);
    return len;
}

grille_reason grille_secure_read(grille_secure *secure, uint8_t *plain, size_t capacity, size_t *len,
                                 grille_time_us now_us) {
    (void)now_us;
    *len = 0;
    if (secure->state == GRILLE_SECURE_FAILED) return secure->failure_reason;
    if (secure->state != GRILLE_SECURE_OPEN || capacity == 0) return GRILLE_REASON_BAD_ARGUMENT;
    *len = read_early(secure, plain, capacity);
    if (*len > 0) return GRILLE_REASON_OK;
    if (secure->fed.len == 0) return GRILLE_REASON_MORE;
    *len = secure->fed.len < capacity ? secure->fed.len : capacity;
    memcpy(plain, secure->fed.data, *len);
    secure->fed = grille_bytes_of(secure->fed.data + *len, secure->fed.len - *len);
    return GRILLE_REASON_OK;
}

grille_reason grille_secure_write(grille_secure *secure, grille_bytes plain) {
    if (secure->state == GRILLE_SECURE_FAILED) return secure->failure_reason;
    if (!grille_secure_can_write(secure)) return GRILLE_REASON_BAD_ARGUMENT;
    if (grille_byte_queue_append(&secure->outgoing, plain) == GRILLE_REASON_OK) return GRILLE_REASON_OK;
    return fail(secure, GRILLE_REASON_BUDGET);
}

grille_bytes grille_secure_outgoing(const grille_secure *secure) {
    return grille_byte_queue_view(&secure->outgoing);
}

void grille_secure_sent(grille_secure *secure, size_t len) {
    grille_byte_queue_consume(&secure->outgoing, len);
}

void grille_secure_trim(grille_secure *secure) {
    grille_byte_queue_trim(&secure->outgoing);
    grille_byte_queue_trim(&secure->early);
}

bool grille_secure_holds(const grille_secure *secure) {
    return grille_byte_queue_holds(&secure->outgoing) || grille_byte_queue_holds(&secure->early);
}

void grille_secure_lend(grille_secure *secure, uint8_t *memory, size_t capacity) {
    grille_byte_queue_lend(&secure->outgoing, memory, capacity);
}

grille_reason grille_secure_reclaim(grille_secure *secure) {
    const grille_reason reason = grille_byte_queue_reclaim(&secure->outgoing);
    return reason == GRILLE_REASON_OK ? reason : fail(secure, reason);
}

const grille_peer_identity *grille_secure_peer(const grille_secure *secure) {
    return grille_secure_can_write(secure) ? &secure->peer : NULL;
}

const grille_error *grille_secure_failure(const grille_secure *secure) {
    return &secure->failure;
}

/* ---- Nothing of this is here: no evidence, so no epochs, no verdict, no goodbye but the end of the stream ---- */

void grille_secure_shutdown(grille_secure *secure) {
    (void)secure;
}

grille_time_us grille_secure_expiry(const grille_secure *secure) {
    (void)secure;
    return GRILLE_TIME_NEVER;
}

grille_reason grille_secure_gate_frame(grille_secure *secure, grille_bytes payload, grille_time_us now_us,
                                       grille_wall_ms wall_ms) {
    (void)payload;
    (void)now_us;
    (void)wall_ms;
    return fail(secure, GRILLE_REASON_GATE_ORDER);
}

grille_reason grille_secure_reattest(grille_secure *secure, grille_time_us now_us, grille_wall_ms wall_ms) {
    (void)secure;
    (void)now_us;
    (void)wall_ms;
    return GRILLE_REASON_GATE_TOO_SOON;
}

grille_reason grille_secure_replace_policy(grille_secure *secure, grille_policy *policy, grille_bytes claims,
                                           grille_wall_ms wall_ms) {
    (void)claims;
    (void)wall_ms;
    grille_policy_free(secure->policy);
    secure->policy = grille_policy_ref(policy);
    return GRILLE_REASON_OK;
}

void grille_secure_replace_identity(grille_secure *secure, const grille_identity *identity) {
    (void)secure;
    (void)identity;
}

grille_reason grille_secure_verdict(const grille_secure *secure, const grille_error **why) {
    (void)secure;
    if (why != NULL) *why = NULL;
    return GRILLE_REASON_OK;
}

/* The bytes are where the socket left them. */
void grille_secure_footprint(const grille_secure *secure, grille_footprint *receiving, grille_footprint *sending) {
    (void)sending;
    grille_footprint_add(receiving, secure, sizeof *secure);
}
