/* SPDX-License-Identifier: Apache-2.0 */
#include "kms/exchange.h"

#include <stdio.h>
#include <string.h>

#include "attest/path_server.h"
#include "base/bytes.h"
#include "base/error.h"
#include "kms/http.h"

/* Of plaintext in one record (RFC 8446 5.1): each is read whole, so that what follows an answer in its last record is
 * seen. */
enum { record_bytes = 16384 };

struct grille_kms_exchange {
    grille_kms_exchange_options options;
    grille_tls *tls;
    bool asked; /* the handshake is finished, the request is sealed */
    grille_http_answer answer;
    grille_reason end; /* MORE: not yet */
    grille_error failure;
    uint8_t plain[record_bytes];
};

/* A policy's files, which the reasons of certificates speak of, are not where a service's name and anchors stand. */
static void advise(grille_error *error) {
    char *next = error != NULL ? strstr(error->text, ". Next: ") : NULL;
    const size_t room = next != NULL ? sizeof error->text - (size_t)(next - error->text) : 0;
    if (next == NULL) return;
    (void)snprintf(next, room,
                   ". Next: compare the region, host and ca_pem of the key service's options with: "
                   "openssl s_client -showcerts -connect HOST:443");
}

static grille_reason judge(void *user, const grille_bytes *chain, size_t count, grille_error *error) {
    const grille_kms_exchange_options *options = user;
    const grille_server_path_request request = {.anchors = options->anchors,
                                                .anchor_count = options->anchor_count,
                                                .sent = chain,
                                                .sent_count = count,
                                                .dns_name = grille_bytes_of_text(options->host),
                                                .now_ms = options->wall_now_ms,
                                                .cache = options->path_cache,
                                                .rsa = options->rsa};
    grille_path path;
    const grille_reason reason = grille_path_verify_server(options->crypto, &request, &path, error);
    const bool by_clock =
        reason == GRILLE_REASON_ATTEST_CERT_EXPIRED || reason == GRILLE_REASON_ATTEST_CERT_NOT_YET_VALID;
    if (reason != GRILLE_REASON_OK && !by_clock) advise(error);
    return reason;
}

static bool valid(const grille_kms_exchange_options *options) {
    const size_t host_len = options->host != NULL ? strnlen(options->host, GRILLE_LIMIT_KMS_HOST_BYTES + 1) : 0;
    return options->tls != NULL && options->crypto != NULL && options->budget != NULL && host_len > 0 &&
           host_len <= GRILLE_LIMIT_KMS_HOST_BYTES && options->anchors != NULL && options->anchor_count > 0 &&
           options->anchor_count <= GRILLE_LIMIT_POLICY_AUTHORITIES && options->request.len > 0 &&
           options->answer != NULL && options->answer_capacity > 0;
}

static grille_reason open_tls(grille_kms_exchange *exchange, grille_error *error) {
    const grille_kms_exchange_options *options = &exchange->options;
    const grille_tls_options tls = {.role = GRILLE_TLS_CLIENT,
                                    .max_chain = GRILLE_TLS_CHAIN_MAX,
                                    .verify = judge,
                                    .verify_user = &exchange->options,
                                    .server_name = options->host,
                                    .budget = options->budget,
                                    .now_us = options->now_us};
    grille_reason reason = options->tls->new (&tls, &exchange->tls, error);
    if (reason == GRILLE_REASON_OK) reason = options->tls->handshake(exchange->tls, error);
    return reason == GRILLE_REASON_MORE ? GRILLE_REASON_OK : reason;
}

grille_reason grille_kms_exchange_new(const grille_kms_exchange_options *options, grille_kms_exchange **out,
                                      grille_error *error) {
    grille_kms_exchange *exchange = NULL;
    grille_reason reason = GRILLE_REASON_OK;
    *out = NULL;
    if (!valid(options)) return grille_error_default(error, GRILLE_REASON_BAD_ARGUMENT);
    exchange = grille_budget_alloc(options->budget, sizeof *exchange);
    if (exchange == NULL) return grille_error_default(error, GRILLE_REASON_BUDGET);
    *exchange = (grille_kms_exchange){.options = *options, .end = GRILLE_REASON_MORE};
    grille_http_answer_begin(&exchange->answer, options->answer, options->answer_capacity);
    reason = open_tls(exchange, error);
    if (reason != GRILLE_REASON_OK) {
        grille_kms_exchange_free(exchange);
        return reason;
    }
    *out = exchange;
    return GRILLE_REASON_OK;
}

void grille_kms_exchange_free(grille_kms_exchange *exchange) {
    if (exchange == NULL) return;
    if (exchange->tls != NULL) exchange->options.tls->free(exchange->tls);
    grille_budget_free_wiped(exchange->options.budget, exchange, sizeof *exchange);
}

/* How far it came. */
static grille_reason cut_short(grille_kms_exchange *exchange, const char *how) {
    const char *likely = "Likely the service or what carries the bytes to it gave up; look at the log of the egress";
    const size_t taken = exchange->answer.taken_bytes;
    if (!exchange->asked)
        return grille_error_set(&exchange->failure, GRILLE_REASON_KMS_CUT_SHORT,
                                "the connection to %s ended %s in the TLS handshake. %s", exchange->options.host, how,
                                likely);
    return grille_error_set(&exchange->failure, GRILLE_REASON_KMS_CUT_SHORT,
                            "the connection to %s ended %s after %zu bytes of an answer, expected a whole one. %s",
                            exchange->options.host, how, taken, likely);
}

static grille_reason take_answer(grille_kms_exchange *exchange, grille_bytes bytes) {
    const grille_reason reason = grille_http_answer_take(&exchange->answer, bytes);
    if (reason == GRILLE_REASON_OK || reason == GRILLE_REASON_MORE) return reason;
    return grille_error_set(&exchange->failure, reason,
                            "%s answered, and %s (within the first %zu bytes). Likely it is another kind of service",
                            exchange->options.host, grille_reason_text(reason), exchange->answer.taken_bytes);
}

static grille_reason read_answer(grille_kms_exchange *exchange, grille_time_us now_us) {
    const grille_tls_functions *tls = exchange->options.tls;
    grille_reason reason = GRILLE_REASON_MORE;
    while (reason == GRILLE_REASON_MORE) {
        size_t len = 0;
        reason = tls->read(exchange->tls, exchange->plain, record_bytes, &len, now_us, &exchange->failure);
        if (reason == GRILLE_REASON_MORE)
            return tls->is_closed(exchange->tls) ? cut_short(exchange, "properly, but") : GRILLE_REASON_MORE;
        if (reason == GRILLE_REASON_OK) reason = take_answer(exchange, grille_bytes_of(exchange->plain, len));
    }
    return reason;
}

/* Nothing of the request is sealed before the verify hook has accepted the service. */
static grille_reason shake_hands(grille_kms_exchange *exchange) {
    const grille_tls_functions *tls = exchange->options.tls;
    grille_reason reason = GRILLE_REASON_MORE;
    do
        reason = tls->handshake(exchange->tls, &exchange->failure);
    while (reason == GRILLE_REASON_MORE && tls->unread(exchange->tls) > 0);
    if (reason == GRILLE_REASON_OK) reason = tls->write(exchange->tls, exchange->options.request, &exchange->failure);
    exchange->asked = reason == GRILLE_REASON_OK;
    return reason;
}

static grille_reason say_end(const grille_kms_exchange *exchange, grille_kms_exchange_result *result,
                             grille_error *error) {
    *result = (grille_kms_exchange_result){.status = 0};
    if (exchange->end == GRILLE_REASON_OK) {
        result->status = exchange->answer.status;
        result->body = grille_bytes_of(exchange->answer.body.start, exchange->answer.body.len);
    } else if (exchange->end != GRILLE_REASON_MORE && error != NULL) {
        *error = exchange->failure;
    }
    return exchange->end;
}

grille_reason grille_kms_exchange_feed(grille_kms_exchange *exchange, grille_bytes bytes, grille_time_us now_us,
                                       grille_kms_exchange_result *result, grille_error *error) {
    const grille_tls_functions *tls = exchange->options.tls;
    grille_reason reason = exchange->end;
    if (reason != GRILLE_REASON_MORE) return say_end(exchange, result, error);
    reason = tls->feed(exchange->tls, bytes);
    if (reason == GRILLE_REASON_OK) reason = exchange->asked ? GRILLE_REASON_OK : shake_hands(exchange);
    if (reason == GRILLE_REASON_OK) reason = read_answer(exchange, now_us);
    if (reason != GRILLE_REASON_MORE) tls->shutdown(exchange->tls);
    exchange->end = reason;
    return say_end(exchange, result, error);
}

grille_reason grille_kms_exchange_ended(grille_kms_exchange *exchange, grille_kms_exchange_result *result,
                                        grille_error *error) {
    if (exchange->end == GRILLE_REASON_MORE) exchange->end = cut_short(exchange, "without a close_notify");
    return say_end(exchange, result, error);
}

bool grille_kms_exchange_is_worth_retry(grille_reason reason) {
    return reason == GRILLE_REASON_KMS_CUT_SHORT;
}

grille_bytes grille_kms_exchange_outgoing(const grille_kms_exchange *exchange) {
    return exchange->options.tls->outgoing(exchange->tls);
}

void grille_kms_exchange_sent(grille_kms_exchange *exchange, size_t len) {
    exchange->options.tls->sent(exchange->tls, len);
}
