/* SPDX-License-Identifier: Apache-2.0
 * A client's thread: opened, told to look, closed. */
#include <stdlib.h>
#include <string.h>

#include "attest/key_service.h"
#include "base/bytes.h"
#include "base/error.h"
#include "kms/client_private.h"

grille_kms_seams grille_kms_seams_default(void) {
    return (grille_kms_seams){.crypto = grille_crypto_wolf(),
                              .rsa_private = grille_rsa_private_wolf(),
                              .now_us = grille_clock_us,
                              .exchange_new = grille_kms_exchange_new,
                              .exchange_free = grille_kms_exchange_free,
                              .exchange_feed = grille_kms_exchange_feed,
                              .exchange_ended = grille_kms_exchange_ended,
                              .exchange_outgoing = grille_kms_exchange_outgoing,
                              .exchange_sent = grille_kms_exchange_sent};
}

/* ---- The thread ---- */

static void on_poke(grille_job *job) {
    grille_kms *kms = grille_container(job, grille_kms, poke);
    grille_kms_look_again(kms);
}

static void on_again(grille_job *job) {
    grille_kms_tick(grille_container(job, grille_kms, again));
}

/* Nobody uses it any more, but for its supply. */
static void destroy(grille_kms *kms) {
    grille_key_supply_free(kms->supply);
    grille_loop_unpost(&kms->loop, &kms->poke);
    grille_loop_deinit(&kms->loop);
    grille_channel_close(kms->egress);
    grille_credentials_deinit(&kms->credentials);
    grille_kms_config_deinit(&kms->config);
    (void)pthread_mutex_destroy(&kms->lock);
    free(kms);
}

static void *run(void *user) {
    grille_kms *kms = user;
    bool detached = false;
    while (!kms->over)
        grille_loop_turn(&kms->loop, true);
    (void)pthread_mutex_lock(&kms->lock);
    detached = kms->detached;
    (void)pthread_mutex_unlock(&kms->lock);
    if (detached) destroy(kms);
    return NULL;
}

static int start_thread(grille_kms *kms) {
    pthread_attr_t attributes;
    int status = 0;
    (void)pthread_attr_init(&attributes);
    (void)pthread_attr_setstacksize(&attributes, GRILLE_KMS_STACK_BYTES);
    status = pthread_create(&kms->thread, &attributes, run, kms);
    (void)pthread_attr_destroy(&attributes);
    return status;
}

/* ---- Its supply of keys ---- */

static grille_reason fill_random(void *context, uint8_t *out, size_t len) {
    return ((const grille_crypto *)context)->random(out, len);
}

static grille_reason make_document(void *user, grille_bytes spki, uint8_t *document, size_t capacity, size_t *len,
                                   grille_error *error) {
    const grille_kms *kms = user;
    return grille_key_service_document(kms->config.identity, spki, document, capacity, len, error);
}

static void on_supply(void *user) {
    grille_kms *kms = user;
    grille_loop_post(&kms->loop, &kms->poke);
}

static grille_reason start_supply(grille_kms *kms, grille_error *error) {
    enum { us_per_ms = 1000 };
    const grille_kms_options *options = &kms->config.options;
    const grille_key_supply_options supply = {
        .ring = {.rsa = kms->seams.rsa_private,
                 .uses_per_key = options->uses_per_key,
                 .key_age_us = (uint64_t)options->key_age_ms * us_per_ms,
                 .document_age_us = (uint64_t)GRILLE_LIMIT_KMS_DOCUMENT_AGE_MS * us_per_ms,
                 .keys_ahead = options->keys_ahead},
        .random = {fill_random, (void *)(uintptr_t)kms->seams.crypto},
        .document = make_document,
        .changed = on_supply,
        .user = kms};
    return grille_key_supply_new(&supply, &kms->supply, error);
}

/* ---- Opening ---- */

static void init(grille_kms *kms, const grille_kms_seams *seams) {
    kms->seams = *seams;
    (void)pthread_mutex_init(&kms->lock, NULL);
    grille_credentials_init(&kms->credentials);
    grille_job_init(&kms->poke, on_poke);
    grille_job_init(&kms->again, on_again);
    grille_list_init(&kms->inbox);
    grille_list_init(&kms->queued);
    grille_list_init(&kms->flying);
    grille_list_init(&kms->resting);
    grille_list_init(&kms->attempts);
    if (kms->config.has_address) kms->way = &grille_kms_way_by_address;
}

static void on_timer_closed(uv_handle_t *handle) {
    (void)handle;
}

/* The loop, the supply, the thread: what was begun is ended again. */
static grille_reason begin(grille_kms *kms, grille_error *error) {
    grille_reason reason = grille_loop_init(&kms->loop, 0, error);
    int status = 0;
    if (reason != GRILLE_REASON_OK) return reason;
    (void)uv_timer_init(&kms->loop.uv, &kms->timer);
    reason = start_supply(kms, error);
    if (reason == GRILLE_REASON_OK && (status = start_thread(kms)) != 0) {
        reason = grille_error_set(error, GRILLE_REASON_SYSTEM, "no thread for a client of a key service: %s",
                                  strerror(status));
    }
    if (reason == GRILLE_REASON_OK) return reason;
    grille_key_supply_free(kms->supply);
    grille_loop_unpost(&kms->loop, &kms->poke);
    uv_close((uv_handle_t *)&kms->timer, on_timer_closed);
    grille_loop_deinit(&kms->loop);
    return reason;
}

static grille_reason open_client(const grille_kms_options *options, const grille_kms_seams *seams, grille_kms **opened,
                                 grille_error *error) {
    grille_kms *kms = NULL;
    grille_reason reason;
    if (options == NULL || options->size != sizeof *options) {
        return grille_error_set(error, GRILLE_REASON_LOOP_BAD_OPTIONS,
                                "the size of the options is wrong: make them with grille_kms_options_default()");
    }
    kms = calloc(1, sizeof *kms);
    if (kms == NULL) return grille_error_default(error, GRILLE_REASON_OUT_OF_MEMORY);
    reason = grille_kms_config_init(&kms->config, options, error);
    if (reason == GRILLE_REASON_OK) {
        init(kms, seams);
        reason = begin(kms, error);
        if (reason == GRILLE_REASON_OK) {
            *opened = kms;
            return reason;
        }
        grille_credentials_deinit(&kms->credentials);
        (void)pthread_mutex_destroy(&kms->lock);
    }
    grille_kms_config_deinit(&kms->config);
    free(kms);
    return reason;
}

grille_code grille_kms_open_with(const grille_kms_options *options, const grille_kms_seams *seams, grille_kms **kms,
                                 grille_error *error) {
    grille_reason reason;
    grille_error_clear(error);
    *kms = NULL;
    reason = open_client(options, seams, kms, error);
    return reason == GRILLE_REASON_OK ? GRILLE_OK : grille_reason_code(grille_error_default(error, reason));
}

grille_code grille_kms_open(const grille_kms_options *options, grille_kms **kms, grille_error *error) {
    const grille_kms_seams seams = grille_kms_seams_default();
    return grille_kms_open_with(options, &seams, kms, error);
}

/* ---- Closing ---- */

void grille_kms_close(grille_kms *kms) {
    if (kms == NULL) return;
    const bool inside = grille_turn_is_of(&kms->loop);
    (void)pthread_mutex_lock(&kms->lock);
    kms->closing = true;
    kms->detached = inside;
    (void)pthread_mutex_unlock(&kms->lock);
    if (inside) {
        (void)pthread_detach(kms->thread);
        grille_kms_look_again(kms);
        return;
    }
    grille_loop_post(&kms->loop, &kms->poke);
    (void)pthread_join(kms->thread, NULL);
    destroy(kms);
}

/* ---- What others set and ask ---- */

grille_code grille_kms_set_credentials(grille_kms *kms, const grille_kms_credentials *credentials,
                                       grille_error *error) {
    grille_wall_ms now_ms = 0;
    grille_reason reason;
    grille_error_clear(error);
    if (!grille_key_service_time(kms->config.identity, &now_ms)) now_ms = 0;
    reason = grille_credentials_set(&kms->credentials, credentials, now_ms, error);
    if (reason != GRILLE_REASON_OK) return grille_reason_code(reason);
    if (grille_kms_may_log(GRILLE_LOG_INFO))
        grille_log(GRILLE_LOG_INFO, GRILLE_LOG_KMS, "%s: new credentials, %s", kms->config.host,
                   credentials->expiry_ms == 0 ? "which do not expire" : "which expire");
    grille_loop_post(&kms->loop, &kms->poke);
    return GRILLE_OK;
}

void grille_kms_get_state(grille_kms *kms, grille_kms_state *state) {
    const bool has =
        grille_credentials_look(&kms->credentials, &state->credentials_expiry_ms, &state->credentials_taken);
    const int64_t expiry_ms = state->credentials_expiry_ms;
    const uint64_t taken = state->credentials_taken;
    grille_wall_ms now_ms = 0;
    (void)pthread_mutex_lock(&kms->lock);
    *state = kms->counts;
    state->has_egress = kms->way != NULL;
    state->queued = kms->calls - kms->counts.in_flight;
    (void)pthread_mutex_unlock(&kms->lock);
    state->has_credentials =
        has && !(expiry_ms != 0 && grille_key_service_time(kms->config.identity, &now_ms) && now_ms >= expiry_ms);
    state->credentials_expiry_ms = expiry_ms;
    state->credentials_taken = taken;
    grille_key_supply_count(kms->supply, &state->keys_made, &state->keys_wiped, &state->documents);
}
