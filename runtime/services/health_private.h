/* SPDX-License-Identifier: Apache-2.0
 * What the files of the health service share: health.c keeps what is known, health_watch.c brings it to watchers,
 * health_service.c answers calls. */
#ifndef GRILLE_SERVICES_HEALTH_PRIVATE_H
#define GRILLE_SERVICES_HEALTH_PRIVATE_H

#include <pthread.h>

#include "base/list.h"
#include "grille/health.h"
#include "grille/v1/health.grille-nano.h"

typedef struct health_name {
    char text[GRILLE_HEALTH_NAME_BYTES_MAX + 1];
    size_t len;
    grille_readiness readiness;
} health_name;

struct grille_health {
    pthread_mutex_t lock; /* for all of it */
    bool alive;
    bool draining;
    size_t name_count;
    health_name names[1 + GRILLE_HEALTH_NAMES_MAX]; /* the first one is the whole: "" */
    grille_link watchers;                           /* that nothing is to be told */
    grille_link stale;                              /* that are to be looked at */
};

/* One watch; in its call's memory. Under the lock of its health. */
typedef struct health_watcher {
    grille_link link;
    grille_own_grille_v1_health_watch_server_stream *stream;
    grille_bytes service; /* the request's */
    int sent;             /* what the peer was told last, as health_state, or HEALTH_NOTHING */
    bool sending;         /* a thread is at it, and looks again afterwards */
    bool over;            /* nothing can be sent any more */
} health_watcher;

enum { HEALTH_NOTHING = -1 };

/* How a service stands; under the lock. */
grille_v1_HealthCheckResponse grille_health_state(const grille_health *health, grille_bytes service);

/* A watch begins: what is known now is sent. */
void grille_health_watch_begin(grille_health *health, health_watcher *watcher);
/* Sends what the watcher does not know yet, as far as there is room. On the thread of its events. */
void grille_health_watch_push(grille_health *health, health_watcher *watcher);
void grille_health_watch_end(grille_health *health, health_watcher *watcher);
/* Something changed: all watchers of `service` (NULL: of anything) are looked at. Not under the lock. */
void grille_health_tell(grille_health *health, const char *service);

extern const grille_own_grille_v1_health_handlers grille_health_handlers;

#endif
