/* SPDX-License-Identifier: Apache-2.0
 * The health service from the caller's side: a channel with several peers watches each of them on its own connection.
 */
#include "loop/health_source.h"

#include <stdlib.h>

#include "base/bytes.h"
#include "grille/health.h"
#include "grille/v1/health.grille-nano.h"

struct grille_health_watch {
    const grille_health_events *events;
    void *user;
    grille_own_grille_v1_health_watch_stream *stream; /* NULL: it has ended */
    bool stopped;
};

static void on_message(grille_own_grille_v1_health_watch_stream *stream, const grille_v1_HealthCheckResponse *message,
                       void *user) {
    grille_health_watch *watch = user;
    (void)stream;
    if (watch->stopped) return;
    watch->events->on_change(watch->user,
                             message->alive && message->readiness == grille_v1_Readiness_READINESS_SERVING);
}

static void on_done(grille_own_grille_v1_health_watch_stream *stream,
                    const grille_own_grille_v1_health_watch_reply *reply, void *user) {
    grille_health_watch *watch = user;
    (void)stream;
    watch->stream = NULL;
    if (watch->stopped) {
        free(watch);
    } else {
        watch->events->on_ended(watch->user, reply->code);
    }
}

static grille_health_watch *start(grille_channel *connection, const char *service, const grille_health_events *events,
                                  void *user) {
    static const grille_own_grille_v1_health_watch_events stream_events = {.on_message = on_message,
                                                                           .on_done = on_done};
    grille_v1_HealthCheckRequest request = {.service = grille_bytes_of_text(service != NULL ? service : "")};
    grille_health_watch *watch = calloc(1, sizeof *watch);
    if (watch == NULL) return NULL;
    watch->events = events;
    watch->user = user;
    if (grille_own_grille_v1_health_watch_open(connection, &request, NULL, &stream_events, watch, &watch->stream) ==
        GRILLE_OK) {
        return watch;
    }
    free(watch);
    return NULL;
}

static void stop(grille_health_watch *watch) {
    if (watch->stream == NULL) {
        free(watch);
        return;
    }
    /* Its end frees it. */
    watch->stopped = true;
    grille_own_grille_v1_health_watch_cancel(watch->stream);
}

static const grille_health_source source = {start, stop};

void grille_channel_options_use_health(grille_channel_options *options, const char *service) {
    options->health_source = &source;
    options->health_service = service;
}
