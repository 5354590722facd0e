/* SPDX-License-Identifier: Apache-2.0
 * Changes on their way to those who watch. Any thread may say something; each watcher is told the newest state that it
 * does not know, by one thread at a time, and never under the lock: what sends runs the application's interceptors. */
#include "base/bytes.h"
#include "services/health_private.h"

typedef enum watch_step { WATCH_DONE, WATCH_SEND, WATCH_FINISH } watch_step;

static int packed(const grille_v1_HealthCheckResponse *state) {
    return (int)state->readiness * 2 + (state->alive ? 1 : 0);
}

/* What the watcher is to be told next; under the lock. */
static watch_step next_step(const grille_health *health, health_watcher *watcher,
                            grille_v1_HealthCheckResponse *state) {
    if (watcher->sending || watcher->over) return WATCH_DONE;
    *state = grille_health_state(health, watcher->service);
    if (packed(state) != watcher->sent) {
        watcher->sent = packed(state);
        watcher->sending = true;
        return WATCH_SEND;
    }
    if (!health->draining) return WATCH_DONE;
    watcher->over = true;
    return WATCH_FINISH;
}

/* False when nothing more can be sent now; `writable` goes on after AGAIN. */
static bool after_send(grille_health *health, health_watcher *watcher, grille_code code) {
    pthread_mutex_lock(&health->lock);
    watcher->sending = false;
    if (code == GRILLE_AGAIN) watcher->sent = HEALTH_NOTHING;
    if (code != GRILLE_OK && code != GRILLE_AGAIN) watcher->over = true;
    pthread_mutex_unlock(&health->lock);
    return code == GRILLE_OK;
}

void grille_health_watch_push(grille_health *health, health_watcher *watcher) {
    grille_v1_HealthCheckResponse state;
    watch_step step = WATCH_SEND;
    while (step == WATCH_SEND) {
        pthread_mutex_lock(&health->lock);
        step = next_step(health, watcher, &state);
        pthread_mutex_unlock(&health->lock);
        if (step == WATCH_SEND &&
            !after_send(health, watcher, grille_own_grille_v1_health_watch_server_send(watcher->stream, &state))) {
            return;
        }
    }
    if (step == WATCH_FINISH) (void)grille_own_grille_v1_health_watch_server_finish(watcher->stream, GRILLE_OK);
}

void grille_health_watch_begin(grille_health *health, health_watcher *watcher) {
    grille_list_init(&watcher->link);
    watcher->sent = HEALTH_NOTHING;
    pthread_mutex_lock(&health->lock);
    grille_list_append(&health->watchers, &watcher->link);
    pthread_mutex_unlock(&health->lock);
    grille_health_watch_push(health, watcher);
}

void grille_health_watch_end(grille_health *health, health_watcher *watcher) {
    pthread_mutex_lock(&health->lock);
    watcher->over = true;
    grille_list_remove(&watcher->link);
    pthread_mutex_unlock(&health->lock);
}

/* ---- telling all ---- */

static void mark_stale(grille_health *health, const char *service) {
    for (grille_link *link = health->watchers.next, *next; link != &health->watchers; link = next) {
        health_watcher *watcher = grille_container(link, health_watcher, link);
        next = link->next;
        if (service != NULL && !grille_bytes_equal(watcher->service, grille_bytes_of_text(service))) continue;
        grille_list_remove(link);
        grille_list_append(&health->stale, link);
    }
}

/* The next one to look at, whose call is kept until it was. */
static health_watcher *take_stale(grille_health *health, grille_call **call) {
    health_watcher *watcher = NULL;
    grille_link *link = NULL;
    pthread_mutex_lock(&health->lock);
    link = grille_list_take_first(&health->stale);
    if (link != NULL) {
        grille_list_append(&health->watchers, link);
        watcher = grille_container(link, health_watcher, link);
        *call = grille_call_ref(grille_own_grille_v1_health_watch_server_call(watcher->stream));
    }
    pthread_mutex_unlock(&health->lock);
    return watcher;
}

void grille_health_tell(grille_health *health, const char *service) {
    health_watcher *watcher = NULL;
    grille_call *call = NULL;
    pthread_mutex_lock(&health->lock);
    mark_stale(health, service);
    pthread_mutex_unlock(&health->lock);
    while ((watcher = take_stale(health, &call)) != NULL) {
        grille_health_watch_push(health, watcher);
        grille_call_unref(call);
    }
}
