/* SPDX-License-Identifier: Apache-2.0
 * Re-attestation of an open channel: the table of secure/epoch.h. */
#include <string.h>

#include "base/bytes.h"
#include "base/error.h"
#include "base/log_limit.h"
#include "secure/secure_private.h"
#include "wire/frame.h"

/* ---- Beginning ---- */

static grille_reason send_request(grille_secure *secure, grille_time_us now_us) {
    uint8_t frame[GRILLE_FRAME_HEADER_BYTES + 1];
    grille_writer writer = grille_writer_into(frame, sizeof frame);
    const size_t mark = grille_frame_begin(&writer);
    grille_reason reason = GRILLE_REASON_OK;
    grille_gate_empty_write(&writer, GRILLE_GATE_REQUEST);
    grille_frame_end(&writer, mark, GRILLE_FRAME_GATE, 0, 0);
    reason = grille_writer_end(&writer);
    if (reason == GRILLE_REASON_OK) reason = grille_tls_write(secure->tls, grille_written(&writer), &secure->failure);
    if (reason == GRILLE_REASON_OK) grille_epochs_asked(&secure->epochs, now_us);
    return reason;
}

/* HELLO of the next epoch, taken or to be sent. */
static grille_reason begin(grille_secure *secure, grille_time_us now_us) {
    const grille_reason reason = grille_secure_begin_attempt(secure, secure->peer.epoch + 1);
    if (reason == GRILLE_REASON_OK) grille_epochs_begun(&secure->epochs, now_us);
    return reason;
}

static grille_reason start(grille_secure *secure, grille_time_us now_us) {
    grille_reason reason = GRILLE_REASON_OK;
    if (secure->role == GRILLE_RESPONDER) return send_request(secure, now_us);
    reason = begin(secure, now_us);
    return reason == GRILLE_REASON_OK ? grille_secure_flush_gate(secure) : reason;
}

grille_reason grille_secure_reattest(grille_secure *secure, grille_time_us now_us, grille_wall_ms wall_ms) {
    grille_reason reason = GRILLE_REASON_OK;
    (void)wall_ms;
    if (secure->state == GRILLE_SECURE_FAILED) return secure->failure_reason;
    if (secure->state != GRILLE_SECURE_OPEN) return GRILLE_REASON_BAD_ARGUMENT;
    if (secure->epochs.state != GRILLE_EPOCH_QUIET) return GRILLE_REASON_OK;
    if (!grille_epochs_may_start(&secure->epochs, now_us)) return GRILLE_REASON_GATE_TOO_SOON;
    reason = start(secure, now_us);
    return reason == GRILLE_REASON_OK ? reason : grille_secure_fail(secure, reason);
}

/* By the timer or because the peer asked: our own limit makes it wait. */
static grille_reason start_when_allowed(grille_secure *secure, grille_time_us now_us) {
    if (grille_epochs_may_start(&secure->epochs, now_us)) return start(secure, now_us);
    grille_epochs_postpone(&secure->epochs, now_us);
    return GRILLE_REASON_OK;
}

/* ---- What comes in ---- */

static grille_reason refuse_order(grille_secure *secure, uint8_t type) {
    const char *name = grille_gate_type_name(type);
    if (secure->attempt == NULL)
        return grille_error_set(&secure->failure, GRILLE_REASON_GATE_ORDER,
                                "the peer sent %s while no re-attestation is under way", name);
    return grille_error_set(&secure->failure, GRILLE_REASON_GATE_ORDER,
                            "the peer sent %s during the re-attestation for epoch %u, expected %s", name,
                            secure->attempt->gate.options.epoch,
                            grille_gate_type_name(grille_gate_expects(&secure->attempt->gate)));
}

static grille_reason flood(grille_secure *secure, const char *what, unsigned burst, unsigned interval_ms) {
    return grille_error_set(&secure->failure, GRILLE_REASON_GATE_FLOOD,
                            "the peer sent %s more often than %u at once and one in %u ms; likely another "
                            "implementation with a mistake, or an attack",
                            what, burst, interval_ms);
}

/* One that crosses our HELLO is satisfied by it. */
static grille_reason take_request(grille_secure *secure, grille_bytes payload, grille_time_us now_us) {
    grille_reason reason = grille_gate_empty_decode(payload, GRILLE_GATE_REQUEST);
    if (reason != GRILLE_REASON_OK) return reason;
    if (secure->role == GRILLE_RESPONDER)
        return grille_error_set(&secure->failure, GRILLE_REASON_GATE_ORDER,
                                "the peer sent REQUEST, which only a responder may send");
    if (!grille_epochs_take_request(&secure->epochs, now_us))
        return flood(secure, "REQUEST", GRILLE_LIMIT_REQUEST_BURST, GRILLE_LIMIT_REQUEST_INTERVAL_MS);
    if (secure->attempt == NULL) return start_when_allowed(secure, now_us);
    return grille_gate_next(&secure->attempt->gate) == GRILLE_GATE_TAKE_HELLO ? GRILLE_REASON_OK
                                                                              : refuse_order(secure, payload.data[0]);
}

static grille_reason take_first_hello(grille_secure *secure, grille_bytes payload, grille_time_us now_us) {
    grille_reason reason = GRILLE_REASON_OK;
    if (!grille_epochs_take_hello(&secure->epochs, now_us))
        return flood(secure, "HELLO", GRILLE_LIMIT_EPOCH_BURST, GRILLE_LIMIT_EPOCH_INTERVAL_MS);
    reason = begin(secure, now_us);
    if (reason == GRILLE_REASON_OK) reason = grille_gate_take(&secure->attempt->gate, payload, &secure->failure);
    return reason;
}

/* A CONFIRM follows its EVIDENCE at once: it is kept until that is verified. */
static grille_reason keep_confirm(grille_secure *secure, grille_bytes payload) {
    secure_attempt *attempt = secure->attempt;
    if (grille_gate_next(&attempt->gate) != GRILLE_GATE_VERIFY || payload.data[0] != GRILLE_GATE_CONFIRM ||
        attempt->confirm_len > 0)
        return refuse_order(secure, payload.data[0]);
    if (payload.len > sizeof attempt->confirm)
        return grille_error_set(&secure->failure, GRILLE_REASON_GATE_TOO_LONG,
                                "the peer's CONFIRM has %zu bytes, at most %zu may come", payload.len,
                                sizeof attempt->confirm);
    memcpy(attempt->confirm, payload.data, payload.len);
    attempt->confirm_len = payload.len;
    return GRILLE_REASON_OK;
}

static grille_reason take(grille_secure *secure, grille_bytes payload, grille_time_us now_us) {
    const uint8_t type = payload.len > 0 ? payload.data[0] : 0;
    if (grille_gate_payload_max(type) == 0)
        return grille_error_set(&secure->failure, GRILLE_REASON_GATE_BAD_MESSAGE,
                                "the peer sent a gate message of type %u", type);
    if (payload.len > grille_gate_payload_max(type))
        return grille_error_set(&secure->failure, GRILLE_REASON_GATE_TOO_LONG,
                                "the peer's %s has %zu bytes, at most %zu may come", grille_gate_type_name(type),
                                payload.len, grille_gate_payload_max(type));
    if (type == GRILLE_GATE_REFUSED) return GRILLE_REASON_GATE_REFUSED_BY_PEER;
    if (type == GRILLE_GATE_REQUEST) return take_request(secure, payload, now_us);
    if (secure->attempt != NULL)
        return grille_gate_expects(&secure->attempt->gate) == 0
                   ? keep_confirm(secure, payload)
                   : grille_gate_take(&secure->attempt->gate, payload, &secure->failure);
    if (type == GRILLE_GATE_HELLO && secure->role == GRILLE_RESPONDER) return take_first_hello(secure, payload, now_us);
    return refuse_order(secure, type);
}

/* What the gate has to say leaves; when it is open the epoch is over. */
static grille_reason follow(grille_secure *secure, grille_time_us now_us, grille_wall_ms wall_ms) {
    grille_reason reason = GRILLE_REASON_OK;
    if (secure->attempt == NULL) return GRILLE_REASON_OK;
    reason = grille_secure_flush_gate(secure);
    if (reason != GRILLE_REASON_OK) return grille_secure_fail(secure, reason);
    if (!grille_gate_is_open(&secure->attempt->gate)) return GRILLE_REASON_OK;
    return grille_secure_finish_attempt(secure, now_us, wall_ms);
}

grille_reason grille_secure_gate_frame(grille_secure *secure, grille_bytes payload, grille_time_us now_us,
                                       grille_wall_ms wall_ms) {
    grille_reason reason = GRILLE_REASON_OK;
    if (secure->state == GRILLE_SECURE_FAILED) return secure->failure_reason;
    if (secure->state != GRILLE_SECURE_OPEN) return GRILLE_REASON_BAD_ARGUMENT;
    reason = take(secure, payload, now_us);
    return reason == GRILLE_REASON_OK ? follow(secure, now_us, wall_ms) : grille_secure_fail(secure, reason);
}

/* ---- Expensive steps ---- */

/* One that the gate can do now or later by itself. */
static bool may_work(const grille_secure *secure) {
    const secure_attempt *attempt = secure->attempt;
    if (attempt == NULL || grille_gate_is_waiting(&attempt->gate)) return false;
    return grille_gate_next(&attempt->gate) == GRILLE_GATE_PROVE ||
           grille_gate_next(&attempt->gate) == GRILLE_GATE_VERIFY;
}

static void log_failed_proof(const grille_error *why, grille_time_us now_us) {
    static grille_log_shared_limit limit =
        GRILLE_LOG_SHARED_LIMIT(GRILLE_LIMIT_VERIFIED_LOG_BURST, GRILLE_LIMIT_VERIFIED_LOG_PER_SECOND);
    if (!grille_log_is_on(GRILLE_LOG_WARNING, GRILLE_LOG_SECURE)) return;
    if (!grille_log_shared_take(&limit, GRILLE_LOG_SECURE, "re-attestations that wait for our own evidence", now_us))
        return;
    grille_log(GRILLE_LOG_WARNING, GRILLE_LOG_SECURE,
               "our own evidence for a re-attestation could not be made, trying again: %s: %s", why->name, why->text);
}

/* Evidence of ours that is not there does not end the channel: the peer does when it has waited long enough. */
static grille_reason prove_again_later(grille_secure *secure, grille_time_us now_us) {
    log_failed_proof(&secure->failure, now_us);
    grille_error_clear(&secure->failure);
    grille_epochs_proof_failed(&secure->epochs, now_us);
    return GRILLE_REASON_OK;
}

static grille_reason take_kept_confirm(grille_secure *secure) {
    secure_attempt *attempt = secure->attempt;
    const grille_bytes confirm = grille_bytes_of(attempt->confirm, attempt->confirm_len);
    if (confirm.len == 0 || grille_gate_expects(&attempt->gate) == 0) return GRILLE_REASON_OK;
    attempt->confirm_len = 0;
    return grille_gate_take(&attempt->gate, confirm, &secure->failure);
}

static grille_reason work(grille_secure *secure, grille_time_us now_us, grille_wall_ms wall_ms) {
    grille_gate *gate = &secure->attempt->gate;
    grille_reason reason = grille_gate_work(gate, wall_ms, &secure->failure);
    if (reason != GRILLE_REASON_OK && !grille_gate_has_failed(gate)) return prove_again_later(secure, now_us);
    if (reason == GRILLE_REASON_OK) reason = take_kept_confirm(secure);
    if (reason != GRILLE_REASON_OK) return grille_secure_fail(secure, reason);
    return follow(secure, now_us, wall_ms);
}

/* ---- Time ---- */

static grille_reason fail_expired(grille_secure *secure, bool given_up) {
    if (given_up)
        grille_error_set(&secure->failure, GRILLE_REASON_ATTEST_EVIDENCE_EXPIRED,
                         "observed no re-attestation that the peer finished, expected one within %d ms",
                         GRILLE_LIMIT_EPOCH_MS);
    else
        grille_error_set(&secure->failure, GRILLE_REASON_ATTEST_EVIDENCE_EXPIRED,
                         "observed evidence of epoch %u that expired (at %lld ms since 1970), expected the peer to "
                         "attest again%s",
                         secure->peer.epoch, (long long)secure->epochs.expires_ms,
                         secure->epochs.state == GRILLE_EPOCH_QUIET ? "" : ", as it was asked to");
    return grille_secure_fail(secure, GRILLE_REASON_ATTEST_EVIDENCE_EXPIRED);
}

static grille_reason do_what_is_due(grille_secure *secure, grille_time_us now_us, grille_wall_ms wall_ms) {
    grille_epochs *epochs = &secure->epochs;
    grille_reason reason = GRILLE_REASON_OK;
    if (secure->must_schedule) grille_secure_schedule(secure, now_us, wall_ms);
    if (grille_epochs_is_expired(epochs, now_us, wall_ms)) return fail_expired(secure, false);
    if (grille_epochs_is_given_up(epochs, now_us)) return fail_expired(secure, true);
    if (grille_epochs_set_has_ended(epochs, now_us, wall_ms)) {
        grille_secure_judge_again(secure, wall_ms);
        grille_secure_schedule(secure, now_us, wall_ms);
    }
    if (epochs->state == GRILLE_EPOCH_UNDER_WAY || now_us < epochs->due_us) return GRILLE_REASON_OK;
    reason = start_when_allowed(secure, now_us);
    return reason == GRILLE_REASON_OK ? reason : grille_secure_fail(secure, reason);
}

grille_reason grille_secure_step_open(grille_secure *secure, grille_time_us now_us, grille_wall_ms wall_ms) {
    grille_reason reason = do_what_is_due(secure, now_us, wall_ms);
    const bool waits = secure->attempt != NULL && grille_gate_is_waiting(&secure->attempt->gate);
    if (reason != GRILLE_REASON_OK) return reason;
    if (waits || (may_work(secure) && now_us >= secure->epochs.retry_us)) reason = work(secure, now_us, wall_ms);
    if (reason != GRILLE_REASON_OK) return reason;
    return may_work(secure) && now_us >= secure->epochs.retry_us ? GRILLE_REASON_MORE : GRILLE_REASON_OK;
}

grille_time_us grille_secure_open_expiry(const grille_secure *secure) {
    return secure->must_schedule ? 0 : grille_epochs_expiry(&secure->epochs, may_work(secure));
}
