/* SPDX-License-Identifier: Apache-2.0
 * A relay's state: relay.c makes it and accepts, relay_run.c serves and ends it. */
#ifndef GRILLE_TOOLS_RELAY_STATE_H
#define GRILLE_TOOLS_RELAY_STATE_H

#include "base/log_limit.h"
#include "base/rate_limit.h"
#include "loop/listener.h"
#include "relay/limits.h"
#include "relay/link.h"
#include "relay/relay.h"

typedef struct relay_pair {
    struct relay *relay;
    grille_listener *listener; /* NULL: stopped */
    char listen_address[GRILLE_ADDRESS_TEXT_BYTES];
    char target_address[GRILLE_EGRESS_TARGET_TEXT_BYTES];
    grille_egress_target target;
    bool listens_once; /* fd:N */
    bool target_spent; /* fd:N that is in use, or was */
} relay_pair;

struct relay {
    relay_options options;
    grille_loop loop;
    relay_pair pairs[RELAY_LIMIT_PAIRS];
    size_t pair_count;
    relay_links links;
    grille_rate_limit new_connections;
    grille_log_limit refusals;
    relay_counters counters;
    int stop_fd; /* an eventfd: one more for each signal */
    uint64_t stops;
    bool draining;
    uv_poll_t stop_poll;
    uv_timer_t drain_timer;
    uv_timer_t idle_timer;
    bool has_handles;
};

/* A connection came; relay_pair is `user`. */
void relay_on_accepted(void *user, grille_conduit conduit);
/* A connection has ended, or has begun; relay is `user`. */
void relay_on_ended(void *user);
void relay_on_begun(relay *relay);

#endif
