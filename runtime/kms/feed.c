/* SPDX-License-Identifier: Apache-2.0 */
#include "kms/feed.h"

#include <string.h>

/* Each pause is twice the one before. */
#define GROWTH_PERMILLE 2000
/* How soon a source that had nothing newer is asked again, at most. */
#define SOONEST_MS 1000

void grille_feed_init(grille_feed *feed, const grille_feed_options *options) {
    memset(feed, 0, sizeof *feed);
    feed->renew_ahead_ms = options->renew_ahead_ms;
    feed->expires_ms = GRILLE_WALL_NEVER;
    feed->renew_at_ms = GRILLE_WALL_NEVER;
    feed->wants_read = true;
    grille_backoff_init(&feed->read_backoff, options->first_backoff_us, options->longest_backoff_us, GROWTH_PERMILLE);
    grille_backoff_init(&feed->call_backoff, options->first_backoff_us, options->longest_backoff_us, GROWTH_PERMILLE);
}

/* Monotonic time of a wall time in the future. */
static grille_time_us at_wall(grille_wall_ms then_ms, grille_time_us now_us, grille_wall_ms wall_ms) {
    if (then_ms == GRILLE_WALL_NEVER) return GRILLE_TIME_NEVER;
    return then_ms <= wall_ms ? now_us : grille_time_after(now_us, (uint64_t)(then_ms - wall_ms) * 1000);
}

static grille_time_us sooner(grille_time_us left, grille_time_us right) {
    return left < right ? left : right;
}

/* What was read is used up: nothing is put any more until something is read. */
static void expire(grille_feed *feed, grille_wall_ms wall_ms) {
    if (!feed->has_credentials || feed->expires_ms == GRILLE_WALL_NEVER || wall_ms < feed->expires_ms) return;
    feed->has_credentials = false;
    feed->is_taken = false;
    feed->wants_read = true;
}

grille_feed_step grille_feed_next(grille_feed *feed, grille_time_us now_us, grille_wall_ms wall_ms,
                                  grille_time_us *until_us) {
    *until_us = GRILLE_TIME_NEVER;
    expire(feed, wall_ms);
    if (wall_ms >= feed->renew_at_ms) feed->wants_read = true;
    if (feed->wants_read && now_us >= feed->read_at_us) return GRILLE_FEED_READ;
    if (feed->wants_read) *until_us = feed->read_at_us;
    if (feed->has_credentials) {
        const bool wants_call = !feed->is_taken || !feed->is_watching;
        if (!feed->is_taken && now_us >= feed->call_at_us) return GRILLE_FEED_PUT;
        if (!feed->is_watching && now_us >= feed->call_at_us) {
            feed->is_watching = true;
            return GRILLE_FEED_WATCH;
        }
        if (wants_call) *until_us = sooner(*until_us, feed->call_at_us);
        *until_us = sooner(*until_us, at_wall(feed->expires_ms, now_us, wall_ms));
    }
    if (!feed->wants_read) *until_us = sooner(*until_us, at_wall(feed->renew_at_ms, now_us, wall_ms));
    return GRILLE_FEED_WAIT;
}

/* Ahead of their end; where that is past already, because the source has nothing newer yet, at half of what is left. */
static grille_wall_ms renew_at(const grille_feed *feed, grille_wall_ms wall_ms) {
    const int64_t left_ms = feed->expires_ms - wall_ms;
    if (feed->expires_ms == GRILLE_WALL_NEVER) return GRILLE_WALL_NEVER;
    if (left_ms > (int64_t)feed->renew_ahead_ms) return feed->expires_ms - (int64_t)feed->renew_ahead_ms;
    return wall_ms + (left_ms / 2 > SOONEST_MS ? left_ms / 2 : SOONEST_MS);
}

void grille_feed_read_done(grille_feed *feed, bool is_new, int64_t expires_ms, grille_time_us now_us,
                           grille_wall_ms wall_ms, uint32_t random) {
    feed->expires_ms = expires_ms != 0 ? expires_ms : GRILLE_WALL_NEVER;
    if (feed->expires_ms <= wall_ms) {
        feed->has_credentials = false;
        feed->is_taken = false;
        grille_feed_read_failed(feed, now_us, random);
        return;
    }
    feed->has_credentials = true;
    feed->wants_read = false;
    feed->renew_at_ms = renew_at(feed, wall_ms);
    if (!is_new) return;
    feed->is_taken = false;
    grille_backoff_reset(&feed->read_backoff);
}

void grille_feed_read_failed(grille_feed *feed, grille_time_us now_us, uint32_t random) {
    feed->wants_read = true;
    feed->read_at_us = grille_time_after(now_us, grille_backoff_next_us(&feed->read_backoff, random));
}

void grille_feed_put_done(grille_feed *feed, grille_bytes client) {
    feed->is_taken = true;
    feed->knows_client = client.len == sizeof feed->client;
    if (feed->knows_client) memcpy(feed->client, client.data, sizeof feed->client);
    grille_backoff_reset(&feed->call_backoff);
}

static void pause_calls(grille_feed *feed, grille_time_us now_us, uint32_t random) {
    feed->call_at_us = grille_time_after(now_us, grille_backoff_next_us(&feed->call_backoff, random));
}

void grille_feed_put_failed(grille_feed *feed, bool is_refused, grille_time_us now_us, uint32_t random) {
    feed->is_taken = false;
    pause_calls(feed, now_us, random);
    if (is_refused) grille_feed_read_failed(feed, now_us, random);
}

void grille_feed_told(grille_feed *feed, grille_bytes client, bool held, grille_time_us now_us, uint32_t random) {
    const bool is_same = feed->knows_client && client.len == sizeof feed->client &&
                         memcmp(client.data, feed->client, sizeof feed->client) == 0;
    if (is_same && held) grille_backoff_reset(&feed->call_backoff);
    if (!feed->is_taken || (is_same && held)) return;
    feed->is_taken = false;
    if (!is_same) return;
    /* It had them and lost them: the service may have said that they are no good. Fresh ones first, and not faster each
     * time that this goes on. */
    grille_feed_read_failed(feed, now_us, random);
    feed->call_at_us = feed->read_at_us;
}

void grille_feed_watch_ended(grille_feed *feed, bool in_order, grille_time_us now_us, uint32_t random) {
    feed->is_watching = false;
    if (!in_order) pause_calls(feed, now_us, random);
}

void grille_feed_renew(grille_feed *feed) {
    feed->wants_read = true;
    feed->is_taken = false;
}
