/* SPDX-License-Identifier: Apache-2.0 */
#include "secure/epoch.h"

#include "wire/limits.h"

static const int64_t minute_ms = 60000;
/* Time for retries before the evidence expires. */
static const int64_t ahead_ms = 10 * minute_ms;
static const int64_t jitter_ms = 2 * minute_ms;
static const grille_time_us second_us = 1000000;
static const grille_time_us first_retry_us = second_us / 10;
static const grille_time_us longest_retry_us = 10 * second_us;

/* Buckets count tokens by the second; an interval is so many tokens as it has milliseconds. */
static void init_bucket(grille_rate_limit *bucket, uint64_t burst, uint64_t interval_ms, grille_time_us now_us) {
    grille_rate_limit_init(bucket, burst * interval_ms, 1000, now_us);
}

void grille_epochs_init(grille_epochs *epochs, grille_secure_role role, grille_time_us now_us) {
    const uint64_t hellos = role == GRILLE_INITIATOR ? GRILLE_EPOCH_OWN_BURST : GRILLE_LIMIT_EPOCH_BURST;
    *epochs = (grille_epochs){.state = GRILLE_EPOCH_QUIET,
                              .role = role,
                              .due_us = GRILLE_TIME_NEVER,
                              .expires_us = GRILLE_TIME_NEVER,
                              .expires_ms = GRILLE_WALL_NEVER,
                              .set_ends_us = GRILLE_TIME_NEVER,
                              .set_ends_ms = GRILLE_WALL_NEVER,
                              .give_up_us = GRILLE_TIME_NEVER};
    init_bucket(&epochs->hellos, hellos, GRILLE_LIMIT_EPOCH_INTERVAL_MS, now_us);
    init_bucket(&epochs->requests, GRILLE_LIMIT_REQUEST_BURST, GRILLE_LIMIT_REQUEST_INTERVAL_MS, now_us);
}

static grille_wall_ms earlier(grille_wall_ms left, grille_wall_ms right) {
    return left < right ? left : right;
}

/* What is left until a time on the wall; 0 when it has passed. */
static int64_t left_of(grille_wall_ms end_ms, grille_wall_ms wall_ms) {
    if (end_ms <= wall_ms) return 0;
    return wall_ms < 0 && end_ms > INT64_MAX + wall_ms ? INT64_MAX : end_ms - wall_ms;
}

static grille_time_us after_ms(grille_time_us now_us, int64_t delay_ms) {
    if (delay_ms >= INT64_MAX / 1000) return GRILLE_TIME_NEVER;
    return grille_time_after(now_us, (uint64_t)delay_ms * 1000);
}

static grille_time_us next_request_us(const grille_epochs *epochs) {
    return after_ms(epochs->asked_us, GRILLE_LIMIT_REQUEST_INTERVAL_MS);
}

/* Evidence that expires ends what waits for the next one; where it has no end, this does. */
static void limit_waiting(grille_epochs *epochs, grille_time_us now_us) {
    const bool waits = epochs->give_up_us != GRILLE_TIME_NEVER;
    if (epochs->expires_us != GRILLE_TIME_NEVER)
        epochs->give_up_us = GRILLE_TIME_NEVER;
    else if (!waits)
        epochs->give_up_us = after_ms(now_us, GRILLE_LIMIT_EPOCH_MS);
}

static int64_t delay_until_due(int64_t rest_ms, uint16_t jitter) {
    int64_t delay_ms = rest_ms / 2;
    if (rest_ms >= 2 * ahead_ms) return rest_ms - ahead_ms - jitter_ms * jitter / UINT16_MAX;
    if (delay_ms < minute_ms && rest_ms > minute_ms) delay_ms = minute_ms;
    return delay_ms;
}

void grille_epochs_schedule(grille_epochs *epochs, const grille_evidence_facts *facts, int64_t reattest_ms,
                            uint16_t jitter, grille_time_us now_us, grille_wall_ms wall_ms) {
    grille_wall_ms end_ms = facts->evidence_expires_ms;
    grille_wall_ms first_ms = 0;
    if (reattest_ms > 0) {
        /* A policy that has just come may ask for more than was known: there is time for it. */
        const grille_wall_ms since_verified = facts->verified_ms + reattest_ms;
        const grille_wall_ms at_least = wall_ms + earlier(reattest_ms, 2 * minute_ms);
        end_ms = earlier(end_ms, since_verified > at_least ? since_verified : at_least);
    }
    epochs->expires_ms = end_ms;
    epochs->expires_us = end_ms == GRILLE_WALL_NEVER ? GRILLE_TIME_NEVER : after_ms(now_us, left_of(end_ms, wall_ms));
    /* A set holds through the millisecond of its not_after: judged in it, it would hold for ever. */
    epochs->set_ends_ms = facts->set_expires_ms >= wall_ms && facts->set_expires_ms != GRILLE_WALL_NEVER
                              ? facts->set_expires_ms + 1
                              : GRILLE_WALL_NEVER;
    epochs->set_ends_us = epochs->set_ends_ms == GRILLE_WALL_NEVER
                              ? GRILLE_TIME_NEVER
                              : after_ms(now_us, left_of(epochs->set_ends_ms, wall_ms));
    first_ms = earlier(end_ms, epochs->set_ends_ms == GRILLE_WALL_NEVER ? GRILLE_WALL_NEVER : facts->set_expires_ms);
    epochs->due_us = first_ms == GRILLE_WALL_NEVER
                         ? GRILLE_TIME_NEVER
                         : after_ms(now_us, delay_until_due(left_of(first_ms, wall_ms), jitter));
    if (epochs->state == GRILLE_EPOCH_ASKED) epochs->due_us = next_request_us(epochs);
    if (epochs->state != GRILLE_EPOCH_QUIET) limit_waiting(epochs, now_us);
}

void grille_epochs_finished(grille_epochs *epochs) {
    epochs->state = GRILLE_EPOCH_QUIET;
    epochs->give_up_us = GRILLE_TIME_NEVER;
}

void grille_epochs_pause(grille_epochs *epochs) {
    epochs->due_us = GRILLE_TIME_NEVER;
    epochs->set_ends_us = GRILLE_TIME_NEVER;
    epochs->set_ends_ms = GRILLE_WALL_NEVER;
}

bool grille_epochs_is_expired(const grille_epochs *epochs, grille_time_us now_us, grille_wall_ms wall_ms) {
    return now_us >= epochs->expires_us || wall_ms >= epochs->expires_ms;
}

bool grille_epochs_set_has_ended(const grille_epochs *epochs, grille_time_us now_us, grille_wall_ms wall_ms) {
    return now_us >= epochs->set_ends_us || wall_ms >= epochs->set_ends_ms;
}

bool grille_epochs_is_given_up(const grille_epochs *epochs, grille_time_us now_us) {
    return now_us >= epochs->give_up_us;
}

bool grille_epochs_may_start(grille_epochs *epochs, grille_time_us now_us) {
    if (epochs->role == GRILLE_INITIATOR)
        return grille_rate_limit_take(&epochs->hellos, GRILLE_LIMIT_EPOCH_INTERVAL_MS, now_us);
    return !epochs->has_asked || now_us >= next_request_us(epochs);
}

void grille_epochs_postpone(grille_epochs *epochs, grille_time_us now_us) {
    epochs->due_us =
        epochs->role == GRILLE_INITIATOR ? after_ms(now_us, GRILLE_LIMIT_EPOCH_INTERVAL_MS) : next_request_us(epochs);
}

bool grille_epochs_take_hello(grille_epochs *epochs, grille_time_us now_us) {
    return grille_rate_limit_take(&epochs->hellos, GRILLE_LIMIT_EPOCH_INTERVAL_MS, now_us);
}

bool grille_epochs_take_request(grille_epochs *epochs, grille_time_us now_us) {
    return grille_rate_limit_take(&epochs->requests, GRILLE_LIMIT_REQUEST_INTERVAL_MS, now_us);
}

void grille_epochs_asked(grille_epochs *epochs, grille_time_us now_us) {
    limit_waiting(epochs, now_us);
    epochs->state = GRILLE_EPOCH_ASKED;
    epochs->has_asked = true;
    epochs->asked_us = now_us;
    epochs->due_us = next_request_us(epochs);
}

void grille_epochs_begun(grille_epochs *epochs, grille_time_us now_us) {
    limit_waiting(epochs, now_us);
    epochs->state = GRILLE_EPOCH_UNDER_WAY;
    epochs->due_us = GRILLE_TIME_NEVER;
    epochs->retry_us = 0;
    epochs->failed_proofs = 0;
}

void grille_epochs_proof_failed(grille_epochs *epochs, grille_time_us now_us) {
    const uint32_t doublings = epochs->failed_proofs < 10 ? epochs->failed_proofs : 10;
    const grille_time_us delay_us = first_retry_us << doublings;
    epochs->failed_proofs++;
    if (epochs->give_up_us != GRILLE_TIME_NEVER) epochs->give_up_us = after_ms(now_us, GRILLE_LIMIT_EPOCH_MS);
    epochs->retry_us = grille_time_after(now_us, delay_us < longest_retry_us ? delay_us : longest_retry_us);
}

grille_time_us grille_epochs_expiry(const grille_epochs *epochs, bool may_work) {
    grille_time_us next = epochs->state == GRILLE_EPOCH_UNDER_WAY ? GRILLE_TIME_NEVER : epochs->due_us;
    if (epochs->expires_us < next) next = epochs->expires_us;
    if (epochs->set_ends_us < next) next = epochs->set_ends_us;
    if (epochs->give_up_us < next) next = epochs->give_up_us;
    if (may_work && epochs->retry_us < next) next = epochs->retry_us;
    return next;
}
