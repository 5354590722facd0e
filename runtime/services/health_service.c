/* SPDX-License-Identifier: Apache-2.0
 * Calls of the health service. */
#include "services/health_private.h"

static bool is_too_long(grille_bytes service) {
    return service.len > GRILLE_HEALTH_NAME_BYTES_MAX;
}

static grille_code refuse_name(grille_call *call, grille_bytes service) {
    return grille_fail(call, GRILLE_INVALID_ARGUMENT, "a service name of %zu bytes; the most is %d", service.len,
                       GRILLE_HEALTH_NAME_BYTES_MAX);
}

static grille_code check(grille_call *call, const grille_v1_HealthCheckRequest *request,
                         grille_v1_HealthCheckResponse *response, void *user) {
    grille_health *health = user;
    if (is_too_long(request->service)) return refuse_name(call, request->service);
    pthread_mutex_lock(&health->lock);
    *response = grille_health_state(health, request->service);
    pthread_mutex_unlock(&health->lock);
    if (response->readiness != grille_v1_Readiness_READINESS_SERVICE_UNKNOWN) return GRILLE_OK;
    return grille_fail(call, GRILLE_NOT_FOUND, "nothing is known of a service of this name");
}

static grille_code list(grille_call *call, const grille_v1_HealthListRequest *request,
                        grille_v1_HealthListResponse *response, void *user) {
    grille_health *health = user;
    (void)call;
    (void)request;
    pthread_mutex_lock(&health->lock);
    response->alive = health->alive;
    for (size_t at = 0; at < health->name_count; at++) {
        const health_name *name = &health->names[at];
        /* Names stay where they are as long as the health does. */
        const grille_bytes text = {(const uint8_t *)name->text, name->len};
        response->services[at] =
            (grille_v1_ServiceReadiness){.service = text, .readiness = grille_health_state(health, text).readiness};
    }
    response->services_count = (pb_size_t)health->name_count;
    pthread_mutex_unlock(&health->lock);
    return GRILLE_OK;
}

/* ---- Watch ---- */

static grille_code open_watch(grille_own_grille_v1_health_watch_server_stream *stream,
                              const grille_v1_HealthCheckRequest *request, void *user) {
    grille_call *call = grille_own_grille_v1_health_watch_server_call(stream);
    health_watcher *watcher = NULL;
    if (is_too_long(request->service)) return refuse_name(call, request->service);
    watcher = grille_call_alloc(call, sizeof *watcher);
    if (watcher == NULL) return grille_fail(call, GRILLE_RESOURCE_EXHAUSTED, "no memory for a watch");
    watcher->stream = stream;
    watcher->service = request->service;
    grille_call_set_data(call, watcher);
    grille_health_watch_begin(user, watcher);
    return GRILLE_OK;
}

static health_watcher *watcher_of(grille_own_grille_v1_health_watch_server_stream *stream) {
    return grille_call_data(grille_own_grille_v1_health_watch_server_call(stream));
}

static void watch_writable(grille_own_grille_v1_health_watch_server_stream *stream, void *user) {
    grille_health_watch_push(user, watcher_of(stream));
}

static void watch_ended(grille_own_grille_v1_health_watch_server_stream *stream, grille_call_end why, void *user) {
    (void)why;
    grille_health_watch_end(user, watcher_of(stream));
}

const grille_own_grille_v1_health_handlers grille_health_handlers = {
    .check = check,
    .list = list,
    .watch = {.open = open_watch, .writable = watch_writable, .end = watch_ended},
};
