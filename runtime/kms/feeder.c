/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "attest/calendar.h"
#include "base/error.h"
#include "base/turn.h"
#include "grille/log.h"
#include "grille/seal.h"
#include "kms/feeder_private.h"
#include "loop/loop.h"

grille_kms_feeder_options grille_kms_feeder_options_default(void) {
    return (grille_kms_feeder_options){.size = sizeof(grille_kms_feeder_options),
                                       .source = NULL,
                                       .renew_ahead_ms = 300000,
                                       .first_backoff_ms = 250,
                                       .longest_backoff_ms = 5000,
                                       .call_timeout_ms = 10000};
}

/* For jitter only: without randomness there is none. */
static uint32_t jitter(void) {
    uint32_t random = 0;
    if (grille_random((uint8_t *)&random, sizeof random, NULL) != GRILLE_OK) random = UINT32_C(1) << 31;
    return random;
}

/* ---- one step; the feeder's thread ---- */

static void note(grille_kms_feeder *feeder, const grille_error *error) {
    if (error->code != GRILLE_OK) feeder->error = *error;
    feeder->stats.failed++;
    grille_log(GRILLE_LOG_WARNING, GRILLE_LOG_SERVICES, "credentials for the enclave: %s: %s", feeder->error.name,
               feeder->error.text);
}

static void read_source(grille_kms_feeder *feeder) {
    static const grille_kms_role_credentials none = {.expires_ms = 0};
    grille_kms_role_credentials fresh = none;
    grille_error error = {.code = GRILLE_OK};
    const grille_reason reason = grille_kms_source_take(feeder->source, feeder->stop[0], &fresh, &error);
    const grille_wall_ms wall_ms = grille_clock_wall_ms();
    const bool is_over = reason == GRILLE_REASON_OK && fresh.expires_ms != 0 && fresh.expires_ms <= wall_ms;
    pthread_mutex_lock(&feeder->lock);
    feeder->stats.reads++;
    feeder->is_renewal_wanted = false;
    if (is_over)
        (void)grille_error_set(&error, GRILLE_REASON_KMS_CREDENTIALS, "those of %s ended at %s",
                               grille_kms_source_describe(feeder->source), grille_civil_format(fresh.expires_ms).text);
    if (reason != GRILLE_REASON_OK || is_over) note(feeder, &error);
    pthread_mutex_unlock(&feeder->lock);
    if (reason == GRILLE_REASON_OK) {
        const bool is_new = !grille_role_credentials_equal(&fresh, &feeder->credentials);
        feeder->credentials = fresh;
        grille_feed_read_done(&feeder->feed, is_new, fresh.expires_ms, grille_clock_us(), wall_ms, jitter());
    } else {
        grille_feed_read_failed(&feeder->feed, grille_clock_us(), jitter());
    }
    grille_kms_role_credentials_wipe(&fresh);
}

/* Under the lock. */
static void take_put_end(grille_kms_feeder *feeder) {
    const grille_code code = feeder->put.code;
    grille_feeder_finish(&feeder->put);
    if (code == GRILLE_OK) {
        grille_feed_put_done(&feeder->feed, grille_bytes_of(feeder->taken_by, feeder->taken_by_len));
        feeder->stats.puts++;
        return;
    }
    grille_feed_put_failed(&feeder->feed, code == GRILLE_INVALID_ARGUMENT, grille_clock_us(), jitter());
    if (!feeder->is_stopping) note(feeder, &feeder->error);
}

static void take_watch_end(grille_kms_feeder *feeder) {
    const grille_code code = feeder->watch.code;
    grille_feeder_finish(&feeder->watch);
    grille_feed_watch_ended(&feeder->feed, code == GRILLE_OK, grille_clock_us(), jitter());
    if (code != GRILLE_OK && code != GRILLE_UNAVAILABLE && !feeder->is_stopping) note(feeder, &feeder->error);
}

/* What came meanwhile. Under the lock. */
static void take_events(grille_kms_feeder *feeder) {
    if (feeder->put.is_done) take_put_end(feeder);
    if (feeder->was_told) {
        feeder->was_told = false;
        grille_feed_told(&feeder->feed, grille_bytes_of(feeder->client, feeder->client_len), feeder->told_held,
                         grille_clock_us(), jitter());
    }
    if (feeder->watch.is_done) take_watch_end(feeder);
    if (feeder->is_renewal_wanted) {
        feeder->is_renewal_wanted = false;
        grille_feed_renew(&feeder->feed);
    }
}

/* Under the lock. */
static void show(grille_kms_feeder *feeder) {
    const grille_feed *feed = &feeder->feed;
    feeder->is_held = feed->has_credentials && feed->is_taken;
    feeder->stats.held = feeder->is_held;
    feeder->stats.until_ms = feeder->is_held && feed->expires_ms != GRILLE_WALL_NEVER ? feed->expires_ms : 0;
    pthread_cond_broadcast(&feeder->changed);
}

static void wait_until(grille_kms_feeder *feeder, grille_time_us until_us) {
    const struct timespec until = {.tv_sec = (time_t)(until_us / 1000000),
                                   .tv_nsec = (long)(until_us % 1000000 * 1000)};
    if (until_us == GRILLE_TIME_NEVER)
        pthread_cond_wait(&feeder->changed, &feeder->lock);
    else
        (void)pthread_cond_timedwait(&feeder->changed, &feeder->lock, &until);
}

/* A wait is no longer than this: the wall clock, by which credentials end, may be set meanwhile. */
#define LONGEST_WAIT_US 60000000u

static void step(grille_kms_feeder *feeder) {
    grille_time_us until_us = GRILLE_TIME_NEVER;
    const grille_time_us now_us = grille_clock_us(), latest_us = grille_time_after(now_us, LONGEST_WAIT_US);
    const grille_feed_step next = feeder->put.is_running
                                      ? GRILLE_FEED_WAIT
                                      : grille_feed_next(&feeder->feed, now_us, grille_clock_wall_ms(), &until_us);
    show(feeder);
    if (next == GRILLE_FEED_WAIT) {
        wait_until(feeder, until_us < latest_us ? until_us : latest_us);
        return;
    }
    pthread_mutex_unlock(&feeder->lock);
    if (next == GRILLE_FEED_READ) read_source(feeder);
    if (next == GRILLE_FEED_PUT) grille_feeder_put(feeder);
    if (next == GRILLE_FEED_WATCH) grille_feeder_watch(feeder);
    pthread_mutex_lock(&feeder->lock);
}

static void *run(void *user) {
    grille_kms_feeder *feeder = user;
    pthread_mutex_lock(&feeder->lock);
    while (!feeder->is_stopping) {
        take_events(feeder);
        step(feeder);
    }
    grille_feeder_cancel(&feeder->put);
    grille_feeder_cancel(&feeder->watch);
    while ((feeder->put.is_running && !feeder->put.is_done) || (feeder->watch.is_running && !feeder->watch.is_done))
        pthread_cond_wait(&feeder->changed, &feeder->lock);
    grille_feeder_finish(&feeder->put);
    grille_feeder_finish(&feeder->watch);
    pthread_mutex_unlock(&feeder->lock);
    return NULL;
}

/* ---- its life; any thread ---- */

static void free_feeder(grille_kms_feeder *feeder) {
    for (int i = 0; i < 2; i++)
        if (feeder->stop[i] >= 0) (void)close(feeder->stop[i]);
    pthread_cond_destroy(&feeder->changed);
    pthread_mutex_destroy(&feeder->lock);
    pthread_mutex_destroy(&feeder->beginning);
    grille_channel_close(feeder->channel);
    grille_wipe(feeder, sizeof *feeder);
    free(feeder);
}

static void init_locks(grille_kms_feeder *feeder) {
    pthread_condattr_t monotonic;
    pthread_mutex_init(&feeder->beginning, NULL);
    pthread_mutex_init(&feeder->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&feeder->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
}

static grille_reason start(grille_kms_feeder *feeder, grille_error *error) {
    const int status = pipe2(feeder->stop, O_CLOEXEC) != 0 ? errno : pthread_create(&feeder->thread, NULL, run, feeder);
    if (status == 0) return GRILLE_REASON_OK;
    return grille_error_set(error, GRILLE_REASON_SYSTEM, "a feeder's thread could not be started: %s",
                            strerror(status));
}

grille_code grille_kms_feeder_start(grille_channel *channel, const grille_kms_feeder_options *options,
                                    grille_kms_feeder **feeder, grille_error *error) {
    grille_feed_options feed;
    grille_kms_feeder *own;
    *feeder = NULL;
    grille_error_clear(error);
    if (channel == NULL || options->size != sizeof *options || options->source == NULL ||
        options->first_backoff_ms == 0 || options->longest_backoff_ms < options->first_backoff_ms ||
        options->call_timeout_ms == 0)
        return grille_reason_code(grille_error_set(error, GRILLE_REASON_BAD_ARGUMENT,
                                                   "options of a feeder: begin with grille_kms_feeder_options_default()"
                                                   " and set a source; no time is 0"));
    own = calloc(1, sizeof *own);
    if (own == NULL) return grille_reason_code(grille_error_default(error, GRILLE_REASON_OUT_OF_MEMORY));
    feed = (grille_feed_options){.renew_ahead_ms = options->renew_ahead_ms,
                                 .first_backoff_us = (uint64_t)options->first_backoff_ms * 1000,
                                 .longest_backoff_us = (uint64_t)options->longest_backoff_ms * 1000};
    grille_feed_init(&own->feed, &feed);
    own->channel = grille_channel_ref(channel);
    own->source = options->source;
    own->call_timeout_ms = options->call_timeout_ms;
    own->stop[0] = own->stop[1] = -1;
    init_locks(own);
    const grille_reason reason = start(own, error);
    if (reason != GRILLE_REASON_OK) {
        free_feeder(own);
        return grille_reason_code(reason);
    }
    *feeder = own;
    return GRILLE_OK;
}

grille_code grille_kms_feeder_wait(grille_kms_feeder *feeder, uint32_t timeout_ms, grille_error *error) {
    const grille_time_us until_us = grille_time_after(grille_clock_us(), (uint64_t)timeout_ms * 1000);
    grille_code code;
    grille_error_clear(error);
    if (grille_turn_of != NULL)
        return grille_reason_code(grille_error_default(error, GRILLE_REASON_LOOP_WOULD_DEADLOCK));
    pthread_mutex_lock(&feeder->lock);
    while (!feeder->is_held && grille_clock_us() < until_us)
        wait_until(feeder, until_us);
    code = feeder->is_held                   ? GRILLE_OK
           : feeder->error.code != GRILLE_OK ? feeder->error.code
                                             : GRILLE_DEADLINE_EXCEEDED;
    if (code != GRILLE_OK && error != NULL) {
        *error = feeder->error;
        error->code = code;
        if (error->text[0] == '\0')
            (void)snprintf(error->text, sizeof error->text, "the enclave took no credentials within %u ms",
                           (unsigned)timeout_ms);
    }
    pthread_mutex_unlock(&feeder->lock);
    return code;
}

void grille_kms_feeder_renew(grille_kms_feeder *feeder) {
    pthread_mutex_lock(&feeder->lock);
    feeder->is_renewal_wanted = true;
    pthread_cond_broadcast(&feeder->changed);
    pthread_mutex_unlock(&feeder->lock);
}

grille_kms_feeder_stats grille_kms_feeder_get_stats(grille_kms_feeder *feeder) {
    grille_kms_feeder_stats stats;
    pthread_mutex_lock(&feeder->lock);
    stats = feeder->stats;
    pthread_mutex_unlock(&feeder->lock);
    return stats;
}

void grille_kms_feeder_stop(grille_kms_feeder *feeder) {
    if (feeder == NULL) return;
    pthread_mutex_lock(&feeder->lock);
    feeder->is_stopping = true;
    pthread_cond_broadcast(&feeder->changed);
    pthread_mutex_unlock(&feeder->lock);
    if (write(feeder->stop[1], "", 1) != 1) grille_log(GRILLE_LOG_DEBUG, GRILLE_LOG_SERVICES, "a feeder stops late");
    (void)pthread_join(feeder->thread, NULL);
    free_feeder(feeder);
}
