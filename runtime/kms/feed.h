/* SPDX-License-Identifier: Apache-2.0
 * What a feeder of credentials does next: the rules of grille_kms_feeder, without its thread, calls and clocks. Pure;
 * one thread at a time. */
#ifndef GRILLE_KMS_FEED_H
#define GRILLE_KMS_FEED_H

#include <stdbool.h>

#include "base/backoff.h"
#include "base/time.h"
#include "grille/bytes.h"

/* Of an enclave's client (proto/grille/v1/key_release.proto). */
#define GRILLE_FEED_CLIENT_BYTES 16

typedef enum grille_feed_step {
    GRILLE_FEED_WAIT, /* until `until_us`, or an event */
    GRILLE_FEED_READ, /* the source */
    GRILLE_FEED_PUT,  /* what was read last */
    GRILLE_FEED_WATCH /* the enclave: a stream that tells how it stands, and ends with the connection */
} grille_feed_step;

typedef struct grille_feed_options {
    uint64_t renew_ahead_ms;
    uint64_t first_backoff_us;
    uint64_t longest_backoff_us;
} grille_feed_options;

/* Caller's storage. */
typedef struct grille_feed {
    uint64_t renew_ahead_ms;
    grille_backoff read_backoff;
    grille_backoff call_backoff;
    grille_time_us read_at_us; /* not before */
    grille_time_us call_at_us;
    grille_wall_ms renew_at_ms; /* new ones are wanted from then on; GRILLE_WALL_NEVER */
    grille_wall_ms expires_ms;  /* of those that were read; GRILLE_WALL_NEVER */
    bool has_credentials;
    bool wants_read; /* whatever the time */
    bool is_taken;   /* the enclave has them, as far as we know */
    bool is_watching;
    bool knows_client;
    uint8_t client[GRILLE_FEED_CLIENT_BYTES]; /* that took them */
} grille_feed;

void grille_feed_init(grille_feed *feed, const grille_feed_options *options);

/* What to do now. At most one READ or PUT is under way, and its end is told before the next question; a WATCH goes on
 * beside them. `until_us` is set with WAIT, monotonic, and GRILLE_TIME_NEVER when nothing but an event ends it. */
grille_feed_step grille_feed_next(grille_feed *feed, grille_time_us now_us, grille_wall_ms wall_ms,
                                  grille_time_us *until_us);

/* A READ has ended. `is_new`: other credentials than those before; `expires_ms`: 0, never. `random`: uniform in 32
 * bits. */
void grille_feed_read_done(grille_feed *feed, bool is_new, int64_t expires_ms, grille_time_us now_us,
                           grille_wall_ms wall_ms, uint32_t random);
void grille_feed_read_failed(grille_feed *feed, grille_time_us now_us, uint32_t random);

/* A PUT has ended. `is_refused`: the enclave says that they are no good. */
void grille_feed_put_done(grille_feed *feed, grille_bytes client);
void grille_feed_put_failed(grille_feed *feed, bool is_refused, grille_time_us now_us, uint32_t random);

/* The enclave tells how it stands. */
void grille_feed_told(grille_feed *feed, grille_bytes client, bool held, grille_time_us now_us, uint32_t random);
/* The watch has ended: `in_order`, it may begin anew at once; else the enclave could not be asked. */
void grille_feed_watch_ended(grille_feed *feed, bool in_order, grille_time_us now_us, uint32_t random);

/* Somebody wants fresh ones put. */
void grille_feed_renew(grille_feed *feed);

#endif
