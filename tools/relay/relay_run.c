/* SPDX-License-Identifier: Apache-2.0
 * A relay that serves: start, signals, drain, end. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "grille/log.h"
#include "loop/signals.h"
#include "relay/relay_state.h"

/* ---- Drain ---- */

static bool can_still_come(const relay *relay) {
    for (size_t i = 0; i < relay->pair_count; i++) {
        if (relay->pairs[i].listener != NULL && !relay->pairs[i].listens_once) return true;
    }
    return false;
}

static void stop_listening(relay *relay) {
    for (size_t i = 0; i < relay->pair_count; i++) {
        grille_listener_close(relay->pairs[i].listener);
        relay->pairs[i].listener = NULL;
    }
}

static void on_drained_too_long(uv_timer_t *timer) {
    relay *relay = timer->data;
    grille_loop_active(&relay->loop);
    grille_log(GRILLE_LOG_WARNING, GRILLE_LOG_APPLICATION, "cutting %zu connections after the drain timeout of %u ms",
               relay->links.count, relay->options.drain_timeout_ms);
    relay_links_cut(&relay->links);
}

static void drain(relay *relay) {
    relay->draining = true;
    stop_listening(relay);
    if (relay->links.count == 0) return;
    grille_log(GRILLE_LOG_INFO, GRILLE_LOG_APPLICATION, "stopping: %zu connections have %u ms to finish",
               relay->links.count, relay->options.drain_timeout_ms);
    (void)uv_timer_start(&relay->drain_timer, on_drained_too_long, relay->options.drain_timeout_ms, 0);
}

static void on_stop(uv_poll_t *poll, int status, int events) {
    relay *relay = poll->data;
    uint64_t signals = 0;
    (void)status;
    (void)events;
    grille_loop_active(&relay->loop);
    if (read(relay->stop_fd, &signals, sizeof signals) != (ssize_t)sizeof signals) return;
    relay->stops += signals;
    if (!relay->draining) drain(relay);
    if (relay->stops > 1) relay_links_cut(&relay->links);
}

void relay_stop(relay *relay) {
    static const uint64_t one = 1;
    if (write(relay->stop_fd, &one, sizeof one) < 0) {
        grille_log(GRILLE_LOG_ERROR, GRILLE_LOG_APPLICATION, "the relay could not be stopped: %s", strerror(errno));
    }
}

/* ---- Idle connections, and blocks that nobody needs any more ---- */

/* Looked at no more often, so that many connections cost little, and no less, so that memory comes back soon. */
#define SHORTEST_REST_MS 50
#define LONGEST_REST_MS  1000

static void on_idle_timer(uv_timer_t *timer);

static void rest(relay *relay, uint64_t rest_ms) {
    if (rest_ms < SHORTEST_REST_MS) rest_ms = SHORTEST_REST_MS;
    if (rest_ms > LONGEST_REST_MS) rest_ms = LONGEST_REST_MS;
    (void)uv_timer_start(&relay->idle_timer, on_idle_timer, rest_ms, 0);
}

static void on_idle_timer(uv_timer_t *timer) {
    relay *relay = timer->data;
    grille_loop_active(&relay->loop);
    const grille_time_us next_us = relay_links_end_idle(&relay->links, relay->options.idle_timeout_ms);
    const grille_time_us now_us = grille_clock_us();
    relay_blocks_trim(&relay->links.blocks);
    if (next_us == GRILLE_TIME_NEVER && relay->links.blocks.free_count == 0) return;
    rest(relay, next_us <= now_us ? 0 : (next_us - now_us + 999) / 1000);
}

void relay_on_begun(relay *relay) {
    if (!uv_is_active((uv_handle_t *)&relay->idle_timer)) rest(relay, relay->options.idle_timeout_ms);
}

void relay_on_ended(void *user) {
    relay *relay = user;
    if (relay->links.count == 0) (void)uv_timer_stop(&relay->drain_timer);
}

/* ---- Run ---- */

static grille_reason open_handles(relay *relay, grille_error *error) {
    const int status = uv_poll_init(&relay->loop.uv, &relay->stop_poll, relay->stop_fd);
    if (status != 0) {
        return grille_error_set(error, GRILLE_REASON_SYSTEM, "the relay's eventfd can't be watched: %s",
                                uv_strerror(status));
    }
    relay->has_handles = true;
    (void)uv_timer_init(&relay->loop.uv, &relay->drain_timer);
    (void)uv_timer_init(&relay->loop.uv, &relay->idle_timer);
    relay->stop_poll.data = relay->drain_timer.data = relay->idle_timer.data = relay;
    (void)uv_poll_start(&relay->stop_poll, UV_READABLE, on_stop);
    return GRILLE_REASON_OK;
}

static void close_handles(relay *relay) {
    if (!relay->has_handles) return;
    uv_close((uv_handle_t *)&relay->stop_poll, NULL);
    uv_close((uv_handle_t *)&relay->drain_timer, NULL);
    uv_close((uv_handle_t *)&relay->idle_timer, NULL);
    relay->has_handles = false;
}

static bool is_over(const relay *relay) {
    return relay->links.count == 0 && (relay->draining || !can_still_come(relay));
}

static grille_reason start_listening(relay *relay, grille_error *error) {
    grille_reason reason = GRILLE_REASON_OK;
    for (size_t i = 0; reason == GRILLE_REASON_OK && i < relay->pair_count; i++) {
        reason =
            grille_listener_start(relay->pairs[i].listener, &relay->loop, relay_on_accepted, &relay->pairs[i], error);
    }
    return reason;
}

grille_reason relay_run(relay *relay, grille_error *error) {
    grille_reason reason = open_handles(relay, error);
    if (reason == GRILLE_REASON_OK) reason = start_listening(relay, error);
    while (reason == GRILLE_REASON_OK && !is_over(relay))
        grille_loop_turn(&relay->loop, true);
    stop_listening(relay);
    relay_links_cut(&relay->links);
    close_handles(relay);
    return reason;
}

void relay_free(relay *relay) {
    if (relay == NULL) return;
    stop_listening(relay);
    grille_resolver_free(relay->links.resolver);
    grille_loop_deinit(&relay->loop);
    while (relay->links.blocks.free_count != 0)
        relay_blocks_trim(&relay->links.blocks);
    grille_signals_unwatch(relay->stop_fd);
    (void)close(relay->stop_fd);
    free(relay);
}
