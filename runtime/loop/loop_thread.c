/* SPDX-License-Identifier: Apache-2.0 */
#include "loop/loop_thread_private.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "grille/log.h"

/* A flood of refused connections is one log line a second. */
#define REFUSED_LOG_US 1000000

typedef struct arrival {
    grille_link link;
    grille_conduit conduit;
} arrival;

/* ---- Counting ---- */

static bool count_up(atomic_uint *counter, uint32_t limit) {
    unsigned now = atomic_load(counter);
    while (now < limit) {
        if (atomic_compare_exchange_weak(counter, &now, now + 1)) return true;
    }
    return false;
}

static void log_refused(grille_connection_counts *counts, grille_reason reason, const char *advice, uint32_t limit) {
    grille_time_us now_us = grille_clock_us();
    grille_time_us last_us = atomic_load(&counts->refused_logged_us);
    if (last_us != 0 && now_us - last_us < REFUSED_LOG_US) return;
    if (atomic_compare_exchange_strong(&counts->refused_logged_us, &last_us, now_us)) {
        grille_log(GRILLE_LOG_WARNING, GRILLE_LOG_LOOP, "%s: a connection was turned away: %s; %s (limit %u)",
                   grille_reason_name(reason), grille_reason_text(reason), advice, limit);
    }
}

static void refuse(grille_connection_counts *counts, grille_reason reason, const char *advice, uint32_t limit) {
    grille_stats_handshake(counts->stats, reason);
    log_refused(counts, reason, advice, limit);
}

static bool admit(grille_connection_counts *counts) {
    if (!count_up(&counts->connections, counts->max_connections)) {
        refuse(counts, GRILLE_REASON_LOOP_CONNECTION_LIMIT, "raise max_connections", counts->max_connections);
        return false;
    }
    if (!count_up(&counts->half_open, counts->max_half_open)) {
        atomic_fetch_sub(&counts->connections, 1);
        refuse(counts, GRILLE_REASON_LOOP_HALF_OPEN_LIMIT, "raise max_half_open", counts->max_half_open);
        return false;
    }
    return true;
}

static void dismiss(grille_connection_counts *counts, bool half_open) {
    if (half_open) atomic_fetch_sub(&counts->half_open, 1);
    atomic_fetch_sub(&counts->connections, 1);
}

/* ---- Connections ---- */

static void end_if_over(grille_loop_thread *thread) {
    if (thread->stopping && grille_list_empty(&thread->connections) &&
        !uv_is_closing((uv_handle_t *)&thread->drain_timer)) {
        uv_close((uv_handle_t *)&thread->drain_timer, NULL);
    }
}

static void on_started(grille_connection *connection, void *user) {
    (void)connection;
    (void)user;
}

static void on_open(grille_connection *connection, void *user) {
    served_connection *served = user;
    grille_loop_thread *thread = served->thread;
    served->half_open = false;
    atomic_fetch_sub(&thread->counts->half_open, 1);
    if (thread->on_peer != NULL) thread->on_peer(grille_connection_peer_channel(connection), thread->on_peer_user);
}

static void on_progress(grille_connection *connection, void *user) {
    (void)connection;
    (void)user;
}

static void on_ended(grille_connection *connection, const grille_error *why, void *user) {
    (void)connection;
    (void)why;
    (void)user;
}

static void on_freed(grille_connection *connection, void *user) {
    served_connection *served = user;
    grille_loop_thread *thread = served->thread;
    (void)connection;
    grille_list_remove(&served->link);
    dismiss(thread->counts, served->half_open);
    free(served);
    end_if_over(thread);
}

static const grille_connection_events connection_events = {on_started, on_open, NULL,    on_progress,
                                                           on_ended,   NULL,    on_freed};

static void serve(grille_loop_thread *thread, grille_conduit conduit) {
    grille_error error = {.code = GRILLE_OK};
    char name[96];
    served_connection *served = thread->stopping ? NULL : calloc(1, sizeof *served);
    if (served == NULL) {
        grille_conduit_close(conduit);
        dismiss(thread->counts, true);
        return;
    }
    served->thread = thread;
    served->half_open = true;
    grille_list_init(&served->link);
    grille_connection_options options = thread->connection_options;
    options.executor = &thread->executor.executor;
    (void)snprintf(name, sizeof name, "%s %" PRIu64, options.name, ++thread->last_number);
    options.name = name;
    options.stats = thread->stats;
    grille_reason reason = grille_connection_new(&thread->loop, conduit, &options, &connection_events, served,
                                                 &served->connection, &error);
    if (reason != GRILLE_REASON_OK) {
        grille_log(GRILLE_LOG_WARNING, GRILLE_LOG_LOOP, "%s: %s: %s", name, error.name, error.text);
        free(served);
        dismiss(thread->counts, true);
        return;
    }
    grille_list_append(&thread->connections, &served->link);
}

/* ---- Arrivals ---- */

static void on_arrival(grille_job *job) {
    grille_loop_thread *thread = grille_container(job, grille_loop_thread, arrive);
    for (;;) {
        pthread_mutex_lock(&thread->arrivals_lock);
        grille_link *link = grille_list_take_first(&thread->arrivals);
        pthread_mutex_unlock(&thread->arrivals_lock);
        if (link == NULL) return;
        arrival *came = grille_container(link, arrival, link);
        serve(thread, came->conduit);
        free(came);
    }
}

void grille_loop_thread_give(grille_loop_thread *thread, grille_conduit conduit) {
    if (!admit(thread->counts)) {
        grille_conduit_close(conduit);
        return;
    }
    if (grille_loop_in_turn() == &thread->loop) {
        serve(thread, conduit);
        return;
    }
    arrival *came = calloc(1, sizeof *came);
    if (came == NULL) {
        grille_conduit_close(conduit);
        dismiss(thread->counts, true);
        return;
    }
    came->conduit = conduit;
    pthread_mutex_lock(&thread->arrivals_lock);
    grille_list_append(&thread->arrivals, &came->link);
    pthread_mutex_unlock(&thread->arrivals_lock);
    grille_loop_post(&thread->loop, &thread->arrive);
}

void grille_loop_thread_for_each(grille_loop_thread *thread,
                                 void (*act)(grille_connection *connection, const void *argument),
                                 const void *argument) {
    for (grille_link *link = thread->connections.next, *next; link != &thread->connections; link = next) {
        next = link->next;
        act(grille_container(link, served_connection, link)->connection, argument);
    }
}

/* ---- Stopping ---- */

static void close_listeners(grille_loop_thread *thread) {
    for (size_t i = 0; i < thread->listener_count; i++)
        grille_listener_close(thread->listeners[i]);
    thread->listener_count = 0;
}

static void close_now(grille_connection *connection, const void *argument) {
    (void)argument;
    grille_connection_close(connection, GRILLE_UNAVAILABLE, "the server stopped before the call had ended");
}

static void drain(grille_connection *connection, const void *argument) {
    (void)argument;
    grille_connection_drain(connection, GRILLE_DRAIN_SHUTDOWN);
}

static void on_drain_timeout(uv_timer_t *timer) {
    grille_loop_thread *thread = timer->data;
    grille_loop_active(&thread->loop);
    if (grille_list_empty(&thread->connections)) return;
    grille_log(GRILLE_LOG_WARNING, GRILLE_LOG_LOOP,
               "%s: calls still ran after the drain timeout of %u ms: closing their connections",
               thread->connection_options.name, thread->drain_timeout_ms);
    grille_loop_thread_for_each(thread, close_now, NULL);
}

static void on_stop(grille_job *job) {
    grille_loop_thread *thread = grille_container(job, grille_loop_thread, stop);
    if (thread->stopping) return;
    thread->stopping = true;
    close_listeners(thread);
    grille_loop_thread_for_each(thread, drain, NULL);
    (void)uv_timer_start(&thread->drain_timer, on_drain_timeout, thread->drain_timeout_ms, 0);
    end_if_over(thread);
}

void grille_loop_thread_stop(grille_loop_thread *thread) {
    grille_loop_post(&thread->loop, &thread->stop);
}

/* ---- Life ---- */

static void *run(void *argument) {
    grille_loop_thread *thread = argument;
    (void)pthread_setname_np(pthread_self(), "grille-loop");
    while (!uv_is_closing((uv_handle_t *)&thread->drain_timer))
        grille_loop_turn(&thread->loop, true);
    grille_loop_thread_is_over(thread);
    return NULL;
}

grille_reason grille_loop_thread_init(grille_loop_thread *thread, uint32_t spin_us,
                                      const grille_connection_options *connection_options,
                                      grille_connection_counts *counts, uint32_t drain_timeout_ms,
                                      grille_error *error) {
    memset(thread, 0, sizeof *thread);
    grille_reason reason = grille_loop_init(&thread->loop, spin_us, error);
    if (reason != GRILLE_REASON_OK) return reason;
    thread->connection_options = *connection_options;
    thread->connection_options.policy = grille_policy_ref(connection_options->policy);
    thread->connection_options.identity = grille_identity_ref(connection_options->identity);
    thread->counts = counts;
    thread->drain_timeout_ms = drain_timeout_ms;
    grille_list_init(&thread->connections);
    grille_list_init(&thread->arrivals);
    pthread_mutex_init(&thread->arrivals_lock, NULL);
    grille_job_init(&thread->arrive, on_arrival);
    grille_job_init(&thread->stop, on_stop);
    grille_loop_thread_init_renewals(thread);
    grille_loop_executor_init(&thread->executor, NULL, &thread->loop);
    (void)uv_timer_init(&thread->loop.uv, &thread->drain_timer);
    thread->drain_timer.data = thread;
    return GRILLE_REASON_OK;
}

void grille_loop_thread_use_stats(grille_loop_thread *thread, grille_stats_table *stats) {
    thread->stats = stats;
    grille_stats_table_set_loop(stats, &thread->loop);
}

void grille_loop_thread_use_workers(grille_loop_thread *thread, grille_workers *workers) {
    grille_loop_executor_deinit(&thread->executor);
    grille_loop_executor_init(&thread->executor, workers, &thread->loop);
}

static void discard_arrivals(grille_loop_thread *thread) {
    for (grille_link *link; (link = grille_list_take_first(&thread->arrivals)) != NULL;) {
        arrival *came = grille_container(link, arrival, link);
        grille_conduit_close(came->conduit);
        free(came);
    }
}

void grille_loop_thread_deinit(grille_loop_thread *thread) {
    close_listeners(thread);
    if (!uv_is_closing((uv_handle_t *)&thread->drain_timer)) uv_close((uv_handle_t *)&thread->drain_timer, NULL);
    discard_arrivals(thread);
    grille_loop_thread_deinit_renewals(thread);
    grille_loop_deinit(&thread->loop);
    grille_loop_executor_deinit(&thread->executor);
    pthread_mutex_destroy(&thread->arrivals_lock);
}

grille_reason grille_loop_thread_start(grille_loop_thread *thread, grille_error *error) {
    int status = pthread_create(&thread->thread, NULL, run, thread);
    if (status != 0) {
        return grille_error_set(error, GRILLE_REASON_SYSTEM, "a loop thread could not be made: %s", strerror(status));
    }
    thread->running = true;
    return GRILLE_REASON_OK;
}

void grille_loop_thread_join(grille_loop_thread *thread) {
    if (thread->running) pthread_join(thread->thread, NULL);
    thread->running = false;
}
