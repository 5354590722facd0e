/* SPDX-License-Identifier: Apache-2.0 */
#include "secure/secure.h"

#include <string.h>

#include "base/bytes.h"
#include "base/error.h"
#include "base/probe.h"
#include "secure/secure_private.h"
#include "wire/frame.h"

static const grille_time_us gate_us = (grille_time_us)GRILLE_LIMIT_GATE_MS * 1000;

static bool valid(const grille_secure_options *options) {
    return options->crypto != NULL && options->identity != NULL && options->policy != NULL && options->budget != NULL &&
           options->claims.len <= GRILLE_LIMIT_CLAIMS_BYTES;
}

/* TLS's verify hook: keeps the peer's certificate, decides nothing about who the peer is. */
static grille_reason keep_peer_leaf(void *user, const grille_bytes *chain, size_t count, grille_error *error) {
    grille_secure *secure = user;
    grille_bytes spki = {NULL, 0};
    grille_reason reason = GRILLE_REASON_OK;
    (void)count; /* exactly 1: options.max_chain */
    if (chain[0].len > GRILLE_CERTIFICATE_MAX) return grille_leaf_read(chain[0], secure->wall_ms, &spki, error);
    reason = grille_secure_keep(secure, &secure->peer_leaf, chain[0]);
    if (reason == GRILLE_REASON_OK) reason = grille_leaf_read(secure->peer_leaf, secure->wall_ms, &spki, error);
    if (reason == GRILLE_REASON_OK) secure->peer_spki = spki;
    return reason;
}

static grille_reason make_tls(grille_secure *secure, const grille_secure_options *options, grille_error *error) {
    grille_leaf leaf;
    grille_reason reason = grille_leaf_make(options->crypto, options->wall_ms, &leaf);
    grille_tls_options tls = {.role = options->role == GRILLE_INITIATOR ? GRILLE_TLS_CLIENT : GRILLE_TLS_SERVER,
                              .cipher = options->cipher,
                              .alpn = GRILLE_SECURE_ALPN,
                              .max_chain = 1,
                              .ask_certificate = true,
                              .records_per_key = options->records_per_key,
                              .verify = keep_peer_leaf,
                              .verify_user = secure,
                              .budget = options->budget,
                              .now_us = options->now_us};
    if (reason != GRILLE_REASON_OK)
        return grille_error_set(error, reason, "making the key and certificate of a connection failed");
    tls.certificate = grille_bytes_of(leaf.certificate, leaf.certificate_len);
    tls.key = grille_bytes_of(leaf.key, leaf.key_len);
    reason = grille_secure_keep(secure, &secure->own_leaf, tls.certificate);
    if (reason == GRILLE_REASON_OK)
        reason = grille_secure_keep(secure, &secure->own_spki, grille_bytes_of(leaf.spki, leaf.spki_len));
    if (reason == GRILLE_REASON_OK) reason = grille_tls_new(&tls, &secure->tls, error);
    grille_leaf_wipe_key(&leaf);
    return reason;
}

/* A client has its ClientHello ready. */
static grille_reason start_tls(grille_secure *secure, grille_error *error) {
    const grille_reason reason = grille_tls_handshake(secure->tls, error);
    return reason == GRILLE_REASON_MORE ? GRILLE_REASON_OK : reason;
}

grille_reason grille_secure_new(const grille_secure_options *options, grille_secure **out, grille_error *error) {
    grille_secure *secure = NULL;
    grille_reason reason = GRILLE_REASON_OK;
    *out = NULL;
    grille_error_clear(error);
    if (!valid(options)) return grille_error_default(error, GRILLE_REASON_BAD_ARGUMENT);
    secure = grille_budget_alloc(options->budget, sizeof *secure);
    if (secure == NULL) return grille_error_default(error, GRILLE_REASON_BUDGET);
    *secure = (grille_secure){.role = options->role,
                              .state = GRILLE_SECURE_HANDSHAKE,
                              .crypto = options->crypto,
                              .identity = grille_identity_ref(options->identity),
                              .policy = grille_policy_ref(options->policy),
                              .cache = options->cache,
                              .on_proved = options->on_proved,
                              .on_proved_user = options->on_proved_user,
                              .budget = options->budget,
                              .deadline_us = grille_time_after(options->now_us, gate_us),
                              .wall_ms = options->wall_ms};
    grille_byte_queue_init(&secure->plain, options->budget);
    grille_epochs_init(&secure->epochs, options->role, options->now_us);
    memcpy(secure->nonce, options->nonce, sizeof secure->nonce);
    reason = grille_secure_keep(secure, &secure->claims, options->claims);
    if (reason == GRILLE_REASON_OK) reason = make_tls(secure, options, error);
    if (reason == GRILLE_REASON_OK && options->role == GRILLE_INITIATOR) reason = start_tls(secure, error);
    if (reason != GRILLE_REASON_OK) {
        grille_secure_free(secure);
        return grille_error_default(error, reason);
    }
    *out = secure;
    return GRILLE_REASON_OK;
}

void grille_secure_free(grille_secure *secure) {
    if (secure == NULL) return;
    grille_secure_free_attempt(secure);
    grille_secure_forget_peer(secure);
    grille_tls_free(secure->tls);
    grille_byte_queue_deinit(&secure->plain);
    grille_secure_drop_kept(secure);
    grille_policy_free(secure->policy);
    grille_identity_free(secure->identity);
    grille_budget_free_wiped(secure->budget, secure, sizeof *secure);
}

/* One answer whatever the reason, which stays here. */
static void send_refused(grille_secure *secure) {
    uint8_t frame[GRILLE_FRAME_HEADER_BYTES + 1];
    grille_writer writer = grille_writer_into(frame, sizeof frame);
    const size_t mark = grille_frame_begin(&writer);
    grille_gate_empty_write(&writer, GRILLE_GATE_REFUSED);
    grille_frame_end(&writer, mark, GRILLE_FRAME_GATE, 0, 0);
    /* Nobody is left to tell when this fails too. */
    if (grille_tls_write(secure->tls, grille_written(&writer), NULL) != GRILLE_REASON_OK) return;
}

static bool before_open(const grille_secure *secure) {
    return secure->state == GRILLE_SECURE_HANDSHAKE || secure->state == GRILLE_SECURE_GATE;
}

grille_reason grille_secure_fail(grille_secure *secure, grille_reason reason) {
    const bool peer_knows = reason == GRILLE_REASON_GATE_REFUSED_BY_PEER || reason == GRILLE_REASON_GATE_CLOSED;
    if (secure->state == GRILLE_SECURE_FAILED) return secure->failure_reason;
    grille_error_default(&secure->failure, reason);
    secure->failure_reason = reason;
    if (before_open(secure)) GRILLE_PROBE_VERDICT(0, reason);
    if (secure->gate_started && !peer_knows) send_refused(secure);
    grille_tls_shutdown(secure->tls);
    secure->state = GRILLE_SECURE_FAILED;
    grille_secure_free_attempt(secure);
    grille_wipe(secure->exporter, sizeof secure->exporter);
    grille_wipe(secure->th, sizeof secure->th);
    return reason;
}

size_t grille_secure_room(const grille_secure *secure) {
    size_t unread = 0;
    if (!before_open(secure)) return SIZE_MAX;
    unread = grille_tls_unread(secure->tls);
    return unread < GRILLE_LIMIT_BEFORE_CONFIRM_BYTES ? GRILLE_LIMIT_BEFORE_CONFIRM_BYTES - unread : 0;
}

static grille_reason fail_too_much(grille_secure *secure, const char *what) {
    grille_error_set(&secure->failure, GRILLE_REASON_GATE_TOO_MUCH,
                     "%s more than %d bytes before the peer's CONFIRM was verified; likely the peer is not a Grille "
                     "endpoint",
                     what, GRILLE_LIMIT_BEFORE_CONFIRM_BYTES);
    return grille_secure_fail(secure, GRILLE_REASON_GATE_TOO_MUCH);
}

grille_reason grille_secure_feed(grille_secure *secure, grille_bytes bytes) {
    grille_reason reason = GRILLE_REASON_OK;
    if (secure->state == GRILLE_SECURE_FAILED || secure->state == GRILLE_SECURE_CLOSED) return GRILLE_REASON_OK;
    if (bytes.len > grille_secure_room(secure)) return fail_too_much(secure, "the transport handed over");
    reason = grille_tls_feed(secure->tls, bytes);
    if (reason != GRILLE_REASON_OK || !before_open(secure)) return reason;
    reason = grille_tls_retain(secure->tls);
    return reason == GRILLE_REASON_OK ? reason : grille_secure_fail(secure, reason);
}

grille_reason grille_secure_check_taken(grille_secure *secure) {
    if (grille_tls_taken(secure->tls) <= GRILLE_LIMIT_BEFORE_CONFIRM_BYTES) return GRILLE_REASON_OK;
    return fail_too_much(secure, "the peer sent");
}

static grille_reason step_handshake(grille_secure *secure) {
    grille_reason reason = grille_tls_handshake(secure->tls, &secure->failure);
    if (reason == GRILLE_REASON_OK) return grille_secure_start_gate(secure);
    if (reason != GRILLE_REASON_MORE) return grille_secure_fail(secure, reason);
    reason = grille_secure_check_taken(secure);
    if (reason != GRILLE_REASON_OK) return reason;
    return grille_tls_unread(secure->tls) > 0 ? GRILLE_REASON_MORE : GRILLE_REASON_OK;
}

static grille_reason fail_deadline(grille_secure *secure) {
    grille_error_set(&secure->failure, GRILLE_REASON_GATE_DEADLINE,
                     "%s was not finished within %d ms; the peer is silent or slow: see its log, and whether its NSM "
                     "answers",
                     secure->state == GRILLE_SECURE_HANDSHAKE ? "the TLS handshake" : "the exchange of evidence",
                     GRILLE_LIMIT_GATE_MS);
    return grille_secure_fail(secure, GRILLE_REASON_GATE_DEADLINE);
}

grille_reason grille_secure_step(grille_secure *secure, grille_time_us now_us, grille_wall_ms wall_ms) {
    if (secure->state == GRILLE_SECURE_FAILED) return secure->failure_reason;
    if (secure->state == GRILLE_SECURE_OPEN) return grille_secure_step_open(secure, now_us, wall_ms);
    if (!before_open(secure)) return GRILLE_REASON_OK;
    if (now_us >= secure->deadline_us) return fail_deadline(secure);
    secure->wall_ms = wall_ms;
    if (secure->state == GRILLE_SECURE_HANDSHAKE) return step_handshake(secure);
    return grille_secure_step_gate(secure, now_us, wall_ms);
}

grille_secure_state grille_secure_get_state(const grille_secure *secure) {
    return secure->state;
}

grille_time_us grille_secure_expiry(const grille_secure *secure) {
    if (secure->state == GRILLE_SECURE_OPEN) return grille_secure_open_expiry(secure);
    return before_open(secure) ? secure->deadline_us : GRILLE_TIME_NEVER;
}

const grille_error *grille_secure_failure(const grille_secure *secure) {
    return &secure->failure;
}

void grille_secure_footprint(const grille_secure *secure, grille_footprint *receiving, grille_footprint *sending) {
    grille_footprint_add(receiving, secure, offsetof(struct grille_secure, epochs.hellos));
    grille_tls_footprint(secure->tls, receiving, sending);
}
