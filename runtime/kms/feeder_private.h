/* SPDX-License-Identifier: Apache-2.0
 * A feeder's inside: its thread asks kms/feed.h what to do, and does it. */
#ifndef GRILLE_KMS_FEEDER_PRIVATE_H
#define GRILLE_KMS_FEEDER_PRIVATE_H

#include <pthread.h>

#include "grille/v1/key_release.grille-nano.h"
#include "kms/feed.h"
#include "kms/source.h"

/* What the loop thread leaves for the feeder's; under its lock. */
typedef struct feeder_call {
    grille_call *call; /* referenced; NULL: none is under way */
    bool is_running;
    bool is_done;
    grille_code code; /* of its end */
} feeder_call;

struct grille_kms_feeder {
    grille_channel *channel;
    grille_kms_source *source;
    uint32_t call_timeout_ms;
    pthread_t thread;
    int stop[2]; /* a pipe: its first end becomes readable when it is to stop */
    /* Held while a call is begun: its callbacks wait for it, so that the handle is there until it is referenced. Never
     * taken under `lock`, and by nobody but the feeder's thread and its own callbacks. */
    pthread_mutex_t beginning;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    /* ---- under lock ---- */
    bool is_stopping;
    bool is_renewal_wanted;
    bool is_held;
    feeder_call put;
    feeder_call watch;
    bool was_told; /* since the watch began, and not looked at yet */
    bool told_held;
    bool told_once;                           /* since the watch began */
    uint8_t client[GRILLE_FEED_CLIENT_BYTES]; /* of the last message of either call */
    size_t client_len;
    uint8_t taken_by[GRILLE_FEED_CLIENT_BYTES];
    size_t taken_by_len;
    grille_error error; /* of the last attempt that failed */
    grille_kms_feeder_stats stats;
    /* ---- the feeder's thread ---- */
    grille_feed feed;
    grille_kms_role_credentials credentials;
};

/* Begin a call; its end comes as `is_done`. Feeder's thread, without the lock. */
void grille_feeder_put(grille_kms_feeder *feeder);
void grille_feeder_watch(grille_kms_feeder *feeder);

/* Ends it soon; harmless when it has ended. Under the lock. */
void grille_feeder_cancel(feeder_call *call);

/* Takes an end: gives the handle back. Under the lock. */
void grille_feeder_finish(feeder_call *call);

#endif
