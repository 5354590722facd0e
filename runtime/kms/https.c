/* SPDX-License-Identifier: Apache-2.0 */
#include "kms/https.h"

#include "base/error.h"
#include "kms/pump.h"
#include "loop/loop.h"

typedef struct https_flow {
    grille_kms_exchange *exchange;
    grille_kms_exchange_result *result;
} https_flow;

static grille_bytes outgoing(void *user) {
    return grille_kms_exchange_outgoing(((https_flow *)user)->exchange);
}

static void sent(void *user, size_t len) {
    grille_kms_exchange_sent(((https_flow *)user)->exchange, len);
}

static grille_reason feed(void *user, grille_bytes bytes, grille_error *error) {
    https_flow *own = user;
    return grille_kms_exchange_feed(own->exchange, bytes, grille_clock_us(), own->result, error);
}

static grille_reason ended(void *user, grille_error *error) {
    https_flow *own = user;
    return grille_kms_exchange_ended(own->exchange, own->result, error);
}

grille_reason grille_kms_https_ask(const grille_kms_https_request *request, grille_kms_exchange_result *result,
                                   grille_error *error) {
    grille_budget budget;
    const grille_kms_exchange_options options = {
        .tls = grille_tls_of_services(),
        .crypto = grille_crypto_wolf(),
        .rsa = grille_rsa_wolf(),
        .host = request->host,
        .anchors = request->anchors,
        .anchor_count = request->anchor_count,
        .budget = &budget,
        .now_us = grille_clock_us(),
        .wall_now_ms = grille_clock_wall_ms(),
        .request = request->bytes,
        .answer = request->answer,
        .answer_capacity = request->answer_capacity,
    };
    https_flow own = {.result = result};
    const grille_pump_flow flow = {.user = &own, .outgoing = outgoing, .sent = sent, .feed = feed, .ended = ended};
    grille_reason reason;
    grille_budget_init(&budget, GRILLE_LIMIT_KMS_EXCHANGE_BYTES);
    reason = grille_kms_exchange_new(&options, &own.exchange, error);
    if (reason != GRILLE_REASON_OK) return grille_error_default(error, reason);
    reason = grille_pump_run(request->address, &flow, request->timeout_ms, -1, error);
    grille_kms_exchange_free(own.exchange);
    return reason == GRILLE_REASON_OK ? reason : grille_error_default(error, reason);
}
