/* SPDX-License-Identifier: Apache-2.0
 * A server that runs: its loops and workers, start, drain, stop. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/error.h"
#include "grille/log.h"
#include "loop/server_private.h"
#include "loop/signals.h"

/* ---- Start ---- */

/* Connections go to the loops in turn. */
static void on_accepted(void *user, grille_conduit conduit) {
    grille_server *server = user;
    grille_loop_thread *thread = &server->threads[server->next_thread];
    server->next_thread = (server->next_thread + 1) % server->thread_count;
    grille_loop_thread_give(thread, conduit);
}

static grille_reason make_threads(grille_server *server, grille_error *error) {
    const grille_server_options *options = &server->options;
    server->threads = calloc(options->loops, sizeof *server->threads);
    if (server->threads == NULL) return grille_error_default(error, GRILLE_REASON_OUT_OF_MEMORY);
    for (; server->thread_count < options->loops; server->thread_count++) {
        grille_reason reason =
            grille_loop_thread_init(&server->threads[server->thread_count], options->spin_us,
                                    &server->connection_options, &server->counts, options->drain_timeout_ms, error);
        if (reason != GRILLE_REASON_OK) return reason;
        server->threads[server->thread_count].on_peer = options->on_peer;
        server->threads[server->thread_count].on_peer_user = options->on_peer_user;
        grille_loop_thread_use_stats(&server->threads[server->thread_count],
                                     server->stats_tables[server->thread_count]);
    }
    if (options->workers == 0) return GRILLE_REASON_OK;
    grille_reason reason = grille_workers_new(options->workers, GRILLE_LIMIT_QUEUED_TASKS, &server->workers, error);
    for (uint32_t i = 0; reason == GRILLE_REASON_OK && i < server->thread_count; i++) {
        grille_loop_thread_use_workers(&server->threads[i], server->workers);
    }
    return reason;
}

/* The first loop accepts. Runs before the threads do. */
static grille_reason start_listeners(grille_server *server, grille_error *error) {
    grille_loop_thread *first = &server->threads[0];
    first->listeners = server->listeners;
    first->listener_count = server->address_count;
    server->listeners_given = true;
    for (size_t i = 0; i < server->address_count; i++) {
        grille_reason reason = grille_listener_start(server->listeners[i], &first->loop, on_accepted, server, error);
        if (reason != GRILLE_REASON_OK) return reason;
    }
    return GRILLE_REASON_OK;
}

static void stop_threads(grille_server *server) {
    for (uint32_t i = 0; i < server->thread_count; i++) {
        if (server->threads[i].running) grille_loop_thread_stop(&server->threads[i]);
    }
    for (uint32_t i = 0; i < server->thread_count; i++)
        grille_loop_thread_join(&server->threads[i]);
    grille_workers_free(server->workers);
    server->workers = NULL;
    for (uint32_t i = 0; i < server->thread_count; i++)
        grille_loop_thread_deinit(&server->threads[i]);
    server->thread_count = 0;
}

static grille_reason start(grille_server *server, grille_error *error) {
    grille_reason reason = make_threads(server, error);
    if (reason == GRILLE_REASON_OK) reason = start_listeners(server, error);
    for (uint32_t i = 0; reason == GRILLE_REASON_OK && i < server->thread_count; i++) {
        reason = grille_loop_thread_start(&server->threads[i], error);
    }
    if (reason != GRILLE_REASON_OK) stop_threads(server);
    return reason;
}

grille_code grille_server_start(grille_server *server, grille_error *error) {
    grille_reason reason = GRILLE_REASON_OK;
    grille_error_clear(error);
    pthread_mutex_lock(&server->lock);
    if (server->state != SERVER_NEW) {
        reason = grille_error_set(error, GRILLE_REASON_LOOP_WRONG_STATE, "the server was started before");
    } else if (server->address_count == 0) {
        reason = grille_error_set(error, GRILLE_REASON_LOOP_WRONG_STATE,
                                  "the server has no address: call grille_server_listen() first");
    } else {
        grille_services_freeze(server->registry);
        reason = start(server, error);
        server->state = reason == GRILLE_REASON_OK ? SERVER_STARTED : SERVER_STOPPED;
    }
    pthread_mutex_unlock(&server->lock);
    return grille_reason_code(reason);
}

/* ---- Stop ---- */

void grille_server_stop(grille_server *server) {
    static const uint64_t one = 1;
    pthread_mutex_lock(&server->lock);
    if (server->state == SERVER_NEW) server->state = SERVER_STOPPED;
    if (server->run_fd >= 0 && write(server->run_fd, &one, sizeof one) < 0) {
        grille_log(GRILLE_LOG_ERROR, GRILLE_LOG_LOOP, "grille_server_run could not be woken: %s", strerror(errno));
    }
    if (server->state == SERVER_STARTED) {
        server->state = SERVER_STOPPING;
        while (server->renewing > 0)
            pthread_cond_wait(&server->stopped, &server->lock);
        pthread_mutex_unlock(&server->lock);
        grille_services_tell_drain(server->registry);
        stop_threads(server);
        pthread_mutex_lock(&server->lock);
        server->state = SERVER_STOPPED;
        pthread_cond_broadcast(&server->stopped);
    }
    while (server->state != SERVER_STOPPED)
        pthread_cond_wait(&server->stopped, &server->lock);
    pthread_mutex_unlock(&server->lock);
}

/* ---- Run ---- */

static void set_run_fd(grille_server *server, int fd) {
    pthread_mutex_lock(&server->lock);
    server->run_fd = fd;
    pthread_mutex_unlock(&server->lock);
}

static bool is_started(grille_server *server) {
    pthread_mutex_lock(&server->lock);
    bool started = server->state == SERVER_STARTED;
    pthread_mutex_unlock(&server->lock);
    return started;
}

static void wait_until_asked(grille_server *server, int fd) {
    struct pollfd asked = {.fd = fd, .events = POLLIN};
    while (is_started(server)) {
        if (poll(&asked, 1, -1) > 0) return;
    }
}

static grille_reason serve(grille_server *server, int fd, grille_error *error) {
    grille_reason reason = grille_signals_watch(fd, error);
    if (reason != GRILLE_REASON_OK) return reason;
    set_run_fd(server, fd);
    if (!is_started(server)) {
        grille_code code = grille_server_start(server, error);
        if (code != GRILLE_OK) reason = GRILLE_REASON_LOOP_WRONG_STATE;
    }
    if (reason == GRILLE_REASON_OK) {
        wait_until_asked(server, fd);
        grille_server_stop(server);
    }
    set_run_fd(server, -1);
    grille_signals_unwatch(fd);
    return reason;
}

grille_code grille_server_run(grille_server *server, grille_error *error) {
    grille_error local;
    if (error == NULL) error = &local;
    grille_error_clear(error);
    int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (fd < 0) {
        return grille_reason_code(
            grille_error_set(error, GRILLE_REASON_SYSTEM, "no eventfd for the server: %s", strerror(errno)));
    }
    grille_reason reason = serve(server, fd, error);
    (void)close(fd);
    if (reason == GRILLE_REASON_OK) return GRILLE_OK;
    return error->code;
}
