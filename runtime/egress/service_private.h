/* SPDX-License-Identifier: Apache-2.0
 * What the files of the egress service share: service.c makes it and takes the stream's events, service_connection.c is
 * one connection on the service's loop. */
#ifndef GRILLE_EGRESS_SERVICE_PRIVATE_H
#define GRILLE_EGRESS_SERVICE_PRIVATE_H

#include <stdatomic.h>

#include "base/log_limit.h"
#include "base/rate_limit.h"
#include "egress/bridge.h"
#include "egress/reach.h"
#include "grille/egress.h"

struct grille_egress_service {
    grille_egress_options options;
    grille_allow *allow;
    grille_loop loop;
    grille_resolver *resolver;
    pthread_t thread;
    grille_job stop_job;
    bool stopping;      /* the loop's */
    size_t connections; /* the loop's; not freed yet */
    uint64_t next_id;
    grille_log_limit refusals;
    atomic_size_t open; /* calls that have a connection, or ask for one */
    pthread_mutex_t lock;
    grille_egress_counters counters;   /* under lock */
    grille_rate_limit new_connections; /* under lock */
};

typedef enum connection_stage {
    CONNECTION_ASKED, /* the first piece has not come, or was not looked at */
    CONNECTION_REACHING,
    CONNECTION_OPEN,
    CONNECTION_OVER /* answered */
} connection_stage;

typedef struct egress_connection {
    grille_egress_bridge bridge;
    grille_egress_service *service;
    grille_job begin;
    char peer[160];
    /* Under bridge.lock. */
    bool has_request;
    char host[GRILLE_LIMIT_HOST_NAME_BYTES + 1];
    uint32_t port;
    const char *violation; /* of the protocol; static */
    bool call_ended;
    /* The loop's. */
    connection_stage stage;
    uint64_t id; /* 0: nothing was logged yet */
    char target[GRILLE_EGRESS_TARGET_TEXT_BYTES];
    char address[GRILLE_ADDRESS_TEXT_BYTES];
    bool address_told;
    grille_reach *reach;
    uv_timer_t timer; /* the request and connecting, then silence */
    grille_time_us started_us;
    grille_time_us active_us;
    unsigned handles; /* not closed yet: timer, transport */
} egress_connection;

/* Makes what a call needs; NULL without memory. Any thread. */
egress_connection *grille_egress_connection_new(grille_egress_service *service, grille_call *call);

#endif
