/* SPDX-License-Identifier: Apache-2.0
 * One attempt of a call: a connection, TLS, a request, an answer. All on the client's thread. */
#include <stdlib.h>
#include <string.h>

#include "attest/key_service.h"
#include "base/bytes.h"
#include "base/error.h"
#include "kms/client_private.h"

enum { us_per_ms = 1000 };

/* ---- Its end ---- */

/* Nothing of it is left but memory. */
static void destroy(kms_attempt *attempt) {
    grille_kms *kms = attempt->kms;
    if (attempt->way != NULL) attempt->way->end(attempt);
    grille_channel_close(attempt->channel);
    if (attempt->request != NULL) grille_wipe(attempt->request, attempt->request_capacity);
    free(attempt->request);
    grille_list_remove(&attempt->link);
    free(attempt);
    grille_kms_look_again(kms);
}

static void on_closed(grille_transport *transport) {
    destroy(grille_container(transport, kms_attempt, transport));
}

void grille_kms_attempt_abandon(kms_attempt *attempt) {
    if (attempt == NULL) return;
    attempt->call->attempt = NULL;
    attempt->call = NULL;
    if (attempt->key != NULL) grille_key_supply_give_back(attempt->kms->supply, attempt->key);
    attempt->key = NULL;
    attempt->kms->seams.exchange_free(attempt->exchange);
    attempt->exchange = NULL;
    if (attempt->dialing) attempt->way->cancel(attempt);
    attempt->dialing = false;
    if (attempt->is_open) {
        attempt->is_open = false;
        grille_transport_close(&attempt->transport);
    } else {
        destroy(attempt);
    }
}

/* Where and when, and what went wrong underneath. */
static void fail(kms_attempt *attempt, bool again, const grille_error *below) {
    kms_call *call = attempt->call;
    grille_error why = *below;
    (void)snprintf(why.text, sizeof why.text, "%s at %s (attempt %u of %u): %.380s",
                   grille_kms_action_name(call->request.action), attempt->kms->config.host, call->attempts,
                   attempt->kms->config.options.max_attempts, below->text);
    grille_kms_attempt_failed(call, again, &why);
}

static void fail_with(kms_attempt *attempt, bool again, grille_reason reason) {
    grille_error below = {.code = GRILLE_OK};
    (void)grille_error_default(&below, reason);
    fail(attempt, again, &below);
}

/* ---- Talking ---- */

/* The events to wait for next. What the socket does not take now it takes later, or the other side has gone: then a
 * read tells. */
static int send_out(kms_attempt *attempt) {
    const grille_kms_seams *seams = &attempt->kms->seams;
    for (grille_bytes out; (out = seams->exchange_outgoing(attempt->exchange)).len > 0;) {
        const long moved = grille_transport_write(&attempt->transport, out.data, out.len);
        if (moved <= 0) return moved == -EAGAIN ? UV_READABLE | UV_WRITABLE : UV_READABLE;
        seams->exchange_sent(attempt->exchange, (size_t)moved);
    }
    return UV_READABLE;
}

static void flush(kms_attempt *attempt) {
    if (grille_transport_watch(&attempt->transport, send_out(attempt)) != 0)
        fail_with(attempt, true, GRILLE_REASON_LOOP_CONNECTION_LOST);
}

static void came_to(kms_attempt *attempt, grille_reason reason, const grille_kms_exchange_result *result,
                    const grille_error *error) {
    const grille_error *below = NULL;
    (void)send_out(attempt); /* close_notify, or an alert */
    if (reason == GRILLE_REASON_OK) {
        grille_kms_answer_came(attempt->call, result);
        return;
    }
    below = reason == GRILLE_REASON_KMS_CUT_SHORT ? attempt->way->why(attempt) : NULL;
    fail(attempt, grille_kms_exchange_is_worth_retry(reason), below != NULL ? below : error);
}

static void take_bytes(kms_attempt *attempt) {
    grille_loop *loop = &attempt->kms->loop;
    const grille_kms_seams *seams = &attempt->kms->seams;
    const long moved = grille_transport_read(&attempt->transport, loop->receive, GRILLE_LOOP_RECEIVE_BYTES);
    grille_kms_exchange_result result = {.status = 0};
    grille_error error = {.code = GRILLE_OK};
    grille_reason reason;
    if (moved == -EAGAIN) return;
    if (moved > 0) {
        reason = seams->exchange_feed(attempt->exchange, grille_bytes_of(loop->receive, (size_t)moved), seams->now_us(),
                                      &result, &error);
    } else {
        reason = seams->exchange_ended(attempt->exchange, &result, &error);
    }
    if (reason == GRILLE_REASON_MORE) {
        flush(attempt);
    } else {
        came_to(attempt, reason, &result, &error);
    }
}

static void on_ready(grille_transport *transport, int status, int events) {
    kms_attempt *attempt = grille_container(transport, kms_attempt, transport);
    grille_loop_active(&attempt->kms->loop);
    if (attempt->call == NULL) return;
    if (status != 0 || (events & UV_READABLE) != 0) {
        take_bytes(attempt);
    } else if ((events & UV_WRITABLE) != 0) {
        flush(attempt);
    }
}

static grille_reason open_exchange(kms_attempt *attempt, grille_error *error) {
    grille_kms *kms = attempt->kms;
    grille_kms_exchange_options options = {.tls = grille_tls_of_services(),
                                           .crypto = kms->seams.crypto,
                                           .rsa = grille_rsa_wolf(),
                                           .host = kms->config.host,
                                           .anchors = kms->config.anchors,
                                           .anchor_count = kms->config.anchor_count,
                                           .path_cache = grille_path_cache_shared(),
                                           .budget = &attempt->budget,
                                           .now_us = kms->seams.now_us(),
                                           .request = grille_bytes_of(attempt->request, attempt->request_len),
                                           .answer = attempt->answer,
                                           .answer_capacity = sizeof attempt->answer};
    if (!grille_key_service_time(kms->config.identity, &options.wall_now_ms))
        return grille_error_default(error, GRILLE_REASON_NSM_NO_TIME);
    return kms->seams.exchange_new(&options, &attempt->exchange, error);
}

void grille_kms_attempt_dialed(kms_attempt *attempt, grille_conduit conduit, const grille_error *error) {
    grille_error why = {.code = GRILLE_OK};
    grille_reason reason;
    attempt->dialing = false;
    if (!grille_conduit_is_open(conduit)) {
        fail(attempt, error->code != GRILLE_PERMISSION_DENIED, error);
        return;
    }
    reason = grille_transport_open(&attempt->transport, &attempt->kms->loop, conduit, on_ready, on_closed, &why);
    if (reason != GRILLE_REASON_OK) {
        fail(attempt, true, &why);
        return;
    }
    attempt->is_open = true;
    attempt->call->stage = KMS_TALKS;
    reason = open_exchange(attempt, &why);
    if (reason != GRILLE_REASON_OK) {
        (void)grille_error_default(&why, reason);
        fail(attempt, false, &why);
        return;
    }
    flush(attempt);
}

/* ---- Its beginning ---- */

static uint32_t connect_timeout_ms(const kms_call *call) {
    const grille_time_us now_us = call->kms->seams.now_us();
    const uint64_t left_ms = call->attempt_ends_us > now_us ? (call->attempt_ends_us - now_us) / us_per_ms + 1 : 1;
    const uint32_t most_ms = call->kms->config.options.connect_timeout_ms;
    return left_ms < most_ms ? (uint32_t)left_ms : most_ms;
}

static void take_way(kms_attempt *attempt) {
    grille_kms *kms = attempt->kms;
    (void)pthread_mutex_lock(&kms->lock);
    attempt->way = kms->way;
    if (kms->egress != NULL) attempt->channel = grille_channel_ref(kms->egress);
    kms->counts.attempts++;
    (void)pthread_mutex_unlock(&kms->lock);
}

static void dial(kms_attempt *attempt) {
    grille_error why = {.code = GRILLE_OK};
    grille_reason reason;
    take_way(attempt);
    if (attempt->way == NULL) {
        fail_with(attempt, true, GRILLE_REASON_LOOP_DIAL);
        return;
    }
    attempt->call->stage = KMS_DIALS;
    attempt->dialing = true;
    reason = attempt->way->start(attempt, connect_timeout_ms(attempt->call), &why);
    if (reason == GRILLE_REASON_OK) return;
    attempt->dialing = false;
    (void)grille_error_default(&why, reason);
    fail(attempt, reason == GRILLE_REASON_OUT_OF_MEMORY, &why);
}

/* Back to those that wait for credentials. */
static void wait_again(kms_call *call, grille_ring_key *key) {
    grille_key_supply_give_back(call->kms->supply, key);
    grille_kms_count_flying(call->kms, false);
    call->stage = KMS_QUEUED;
    grille_list_remove(&call->link);
    grille_list_prepend(&call->kms->queued, &call->link);
}

/* One of the call's, which has the key from now on; NULL: out of memory. */
static kms_attempt *make(kms_call *call, grille_ring_key *key, uint64_t credentials_number) {
    kms_attempt *attempt = calloc(1, sizeof *attempt);
    if (attempt == NULL) return NULL;
    attempt->kms = call->kms;
    attempt->call = call;
    attempt->key = key;
    attempt->credentials_number = credentials_number;
    call->attempt = attempt;
    grille_list_init(&attempt->link);
    grille_list_append(&call->kms->attempts, &attempt->link);
    grille_budget_init(&attempt->budget, GRILLE_LIMIT_KMS_EXCHANGE_BYTES);
    return attempt;
}

static void begin_without_memory(kms_call *call, grille_ring_key *key) {
    grille_error why = {.code = GRILLE_OK};
    grille_key_supply_give_back(call->kms->supply, key);
    (void)grille_error_default(&why, GRILLE_REASON_OUT_OF_MEMORY);
    grille_kms_attempt_failed(call, true, &why);
}

static void begin(kms_attempt *attempt, const grille_credentials *credentials, grille_wall_ms now_ms,
                  grille_bytes document) {
    grille_kms_request *request = &attempt->call->request;
    grille_reason reason;
    request->attestation_document = document;
    reason = grille_kms_request_make(attempt, credentials, now_ms);
    request->attestation_document = grille_bytes_of(NULL, 0);
    if (reason == GRILLE_REASON_OK) {
        dial(attempt);
    } else {
        fail_with(attempt, reason == GRILLE_REASON_OUT_OF_MEMORY, reason);
    }
}

void grille_kms_attempt_begin(kms_call *call, grille_ring_key *key, grille_bytes document) {
    grille_kms *kms = call->kms;
    grille_wall_ms now_ms = 0;
    grille_credentials credentials;
    kms_attempt *attempt = NULL;
    const bool knows_time = grille_key_service_time(kms->config.identity, &now_ms);
    if (!grille_credentials_copy(&kms->credentials, knows_time ? now_ms : 0, &credentials)) {
        wait_again(call, key);
        return;
    }
    call->attempts++;
    attempt = make(call, key, credentials.number);
    if (attempt == NULL) {
        begin_without_memory(call, key);
    } else if (!knows_time) {
        fail_with(attempt, false, GRILLE_REASON_NSM_NO_TIME);
    } else {
        begin(attempt, &credentials, now_ms, document);
    }
    grille_credentials_wipe(&credentials);
}
