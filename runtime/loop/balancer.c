/* SPDX-License-Identifier: Apache-2.0 */
#include "loop/balancer.h"

#include <stddef.h>

size_t grille_balancer_bytes(size_t count) {
    return offsetof(grille_balancer, entries) + count * sizeof(grille_balancer_entry);
}

void grille_balancer_init(grille_balancer *balancer, grille_balancing kind, size_t count, bool asks_health) {
    balancer->kind = kind;
    balancer->asks_health = asks_health;
    balancer->count = count;
    /* The first call of a round goes to the first target. */
    balancer->at = kind == GRILLE_ROUND_ROBIN ? count - 1 : 0;
    for (size_t i = 0; i < count; i++)
        grille_balancer_is_idle(balancer, i);
}

/* ---- What is told ---- */

static grille_target_health unasked(const grille_balancer *balancer) {
    return balancer->asks_health ? GRILLE_TARGET_HEALTH_UNKNOWN : GRILLE_TARGET_SERVING;
}

static bool is_usable(const grille_balancer_entry *entry) {
    return entry->state == GRILLE_TARGET_READY && entry->health == GRILLE_TARGET_SERVING;
}

void grille_balancer_is_idle(grille_balancer *balancer, size_t target) {
    balancer->entries[target] = (grille_balancer_entry){.health = unasked(balancer), .retry_at_us = GRILLE_TIME_NEVER};
}

void grille_balancer_is_connecting(grille_balancer *balancer, size_t target) {
    grille_balancer_entry *entry = &balancer->entries[target];
    entry->state = GRILLE_TARGET_CONNECTING;
    entry->health = unasked(balancer);
    entry->tried = true;
}

void grille_balancer_is_ready(grille_balancer *balancer, size_t target) {
    grille_balancer_entry *entry = &balancer->entries[target];
    if (entry->state != GRILLE_TARGET_READY) entry->health = unasked(balancer);
    entry->state = GRILLE_TARGET_READY;
    entry->rejected = false;
    entry->tried = true;
    if (is_usable(entry)) entry->failing = false;
}

void grille_balancer_is_failed(grille_balancer *balancer, size_t target, grille_time_us retry_at_us, bool rejected) {
    balancer->entries[target] = (grille_balancer_entry){.state = GRILLE_TARGET_FAILED,
                                                        .health = unasked(balancer),
                                                        .retry_at_us = retry_at_us,
                                                        .rejected = rejected,
                                                        .failing = true,
                                                        .tried = true};
}

void grille_balancer_says(grille_balancer *balancer, size_t target, grille_target_health health) {
    grille_balancer_entry *entry = &balancer->entries[target];
    if (entry->state != GRILLE_TARGET_READY) return;
    entry->health = health;
    if (health == GRILLE_TARGET_SERVING) entry->failing = false;
    if (health == GRILLE_TARGET_NOT_SERVING) entry->failing = true;
}

/* ---- Steps ---- */

static const grille_balancer_step rest = {GRILLE_BALANCER_REST, 0};

static grille_balancer_step connect_to(grille_balancer *balancer, size_t target) {
    grille_balancer_is_connecting(balancer, target);
    return (grille_balancer_step){GRILLE_BALANCER_CONNECT, target};
}

static grille_balancer_step disconnect_from(grille_balancer *balancer, size_t target) {
    grille_balancer_is_idle(balancer, target);
    return (grille_balancer_step){GRILLE_BALANCER_DISCONNECT, target};
}

/* Where pick_first's calls go: it stays where it is. */
static bool find_usable(const grille_balancer *balancer, size_t *target) {
    *target = balancer->at;
    if (is_usable(&balancer->entries[balancer->at])) return true;
    for (size_t i = 0; i < balancer->count; i++) {
        if (!is_usable(&balancer->entries[i])) continue;
        *target = i;
        return true;
    }
    return false;
}

static bool is_pending(const grille_balancer_entry *entry) {
    return entry->state == GRILLE_TARGET_CONNECTING ||
           (entry->state == GRILLE_TARGET_READY && entry->health == GRILLE_TARGET_HEALTH_UNKNOWN);
}

static bool has_pending(const grille_balancer *balancer) {
    for (size_t i = 0; i < balancer->count; i++) {
        if (is_pending(&balancer->entries[i])) return true;
    }
    return false;
}

static bool is_untried(const grille_balancer_entry *entry) {
    if (entry->state == GRILLE_TARGET_FAILED && entry->retry_at_us == GRILLE_TIME_NEVER) return false;
    return !entry->tried && (entry->state == GRILLE_TARGET_IDLE || entry->state == GRILLE_TARGET_FAILED);
}

static bool find_untried(const grille_balancer *balancer, size_t *target) {
    for (*target = 0; *target < balancer->count; (*target)++) {
        if (is_untried(&balancer->entries[*target])) return true;
    }
    return false;
}

/* When pick_first goes through its targets again: after the pauses of all, so that no pass ends before its last target
 * was tried. */
static grille_time_us next_pass_us(const grille_balancer *balancer) {
    grille_time_us at_us = GRILLE_TIME_NEVER;
    for (size_t i = 0; i < balancer->count; i++) {
        const grille_balancer_entry *entry = &balancer->entries[i];
        if (entry->state != GRILLE_TARGET_FAILED || entry->retry_at_us == GRILLE_TIME_NEVER) continue;
        if (at_us == GRILLE_TIME_NEVER || entry->retry_at_us > at_us) at_us = entry->retry_at_us;
    }
    return at_us;
}

static void begin_pass(grille_balancer *balancer) {
    for (size_t i = 0; i < balancer->count; i++)
        balancer->entries[i].tried = false;
}

/* One connection is enough: the others, which a pass left behind, are closed. */
static grille_balancer_step settle_on(grille_balancer *balancer, size_t target) {
    balancer->at = target;
    for (size_t i = 0; i < balancer->count; i++) {
        const grille_target_state state = balancer->entries[i].state;
        if (i == target) continue;
        if (state == GRILLE_TARGET_READY || state == GRILLE_TARGET_CONNECTING) return disconnect_from(balancer, i);
    }
    begin_pass(balancer);
    return rest;
}

static grille_balancer_step next_of_pick_first(grille_balancer *balancer, grille_time_us now_us) {
    size_t target = 0;
    if (find_usable(balancer, &target)) return settle_on(balancer, target);
    if (has_pending(balancer)) return rest;
    if (find_untried(balancer, &target)) return connect_to(balancer, target);
    if (next_pass_us(balancer) > now_us) return rest;
    begin_pass(balancer);
    return find_untried(balancer, &target) ? connect_to(balancer, target) : rest;
}

/* As many attempts are under way as may be: the end of one is the next thing to happen. */
static bool is_crowded(const grille_balancer *balancer) {
    size_t connecting = 0;
    for (size_t i = 0; i < balancer->count; i++)
        connecting += balancer->entries[i].state == GRILLE_TARGET_CONNECTING;
    return connecting >= GRILLE_LIMIT_TARGETS_CONNECTING;
}

/* Those that have nothing against them come first, then whoever has waited longest: one that answers nobody keeps none
 * from their turn. */
static grille_balancer_step next_of_round_robin(grille_balancer *balancer, grille_time_us now_us) {
    const grille_balancer_entry *longest = NULL;
    if (is_crowded(balancer)) return rest;
    for (size_t i = 0; i < balancer->count; i++) {
        const grille_balancer_entry *entry = &balancer->entries[i];
        if (entry->state == GRILLE_TARGET_IDLE) return connect_to(balancer, i);
        if (entry->state != GRILLE_TARGET_FAILED || entry->retry_at_us > now_us) continue;
        if (longest == NULL || entry->retry_at_us < longest->retry_at_us) longest = entry;
    }
    return longest != NULL ? connect_to(balancer, (size_t)(longest - balancer->entries)) : rest;
}

grille_balancer_step grille_balancer_next(grille_balancer *balancer, grille_time_us now_us) {
    return balancer->kind == GRILLE_ROUND_ROBIN ? next_of_round_robin(balancer, now_us)
                                                : next_of_pick_first(balancer, now_us);
}

static grille_time_us first_retry_us(const grille_balancer *balancer) {
    grille_time_us at_us = GRILLE_TIME_NEVER;
    for (size_t i = 0; i < balancer->count; i++) {
        const grille_balancer_entry *entry = &balancer->entries[i];
        if (entry->state == GRILLE_TARGET_FAILED && entry->retry_at_us < at_us) at_us = entry->retry_at_us;
    }
    return at_us;
}

grille_time_us grille_balancer_expiry(const grille_balancer *balancer) {
    size_t target = 0;
    if (balancer->kind == GRILLE_ROUND_ROBIN)
        return is_crowded(balancer) ? GRILLE_TIME_NEVER : first_retry_us(balancer);
    return find_usable(balancer, &target) || has_pending(balancer) ? GRILLE_TIME_NEVER : next_pass_us(balancer);
}

/* ---- Picking ---- */

static bool pick_in_turn(grille_balancer *balancer, bool (*can_take)(void *user, size_t target), void *user,
                         size_t *target) {
    for (size_t step = 1; step <= balancer->count; step++) {
        *target = (balancer->at + step) % balancer->count;
        if (!is_usable(&balancer->entries[*target]) || !can_take(user, *target)) continue;
        balancer->at = *target;
        return true;
    }
    return false;
}

static bool pick_early(grille_balancer *balancer, bool (*can_take)(void *user, size_t target), void *user,
                       size_t *target) {
    if (balancer->asks_health) return false;
    for (*target = 0; *target < balancer->count; (*target)++) {
        if (balancer->entries[*target].state == GRILLE_TARGET_CONNECTING && can_take(user, *target)) return true;
    }
    return false;
}

bool grille_balancer_pick(grille_balancer *balancer, bool (*can_take)(void *user, size_t target), void *user,
                          size_t *target) {
    if (!find_usable(balancer, target)) return pick_early(balancer, can_take, user, target);
    if (balancer->kind == GRILLE_ROUND_ROBIN) return pick_in_turn(balancer, can_take, user, target);
    return can_take(user, *target);
}

/* ---- As a whole ---- */

static bool all_failing(const grille_balancer *balancer) {
    for (size_t i = 0; i < balancer->count; i++) {
        if (!balancer->entries[i].failing) return false;
    }
    return true;
}

grille_channel_state grille_balancer_state(const grille_balancer *balancer) {
    size_t target = 0;
    if (find_usable(balancer, &target)) return GRILLE_CHANNEL_READY;
    if (balancer->kind == GRILLE_ROUND_ROBIN) {
        return all_failing(balancer) ? GRILLE_CHANNEL_FAILED : GRILLE_CHANNEL_CONNECTING;
    }
    return has_pending(balancer) || find_untried(balancer, &target) ? GRILLE_CHANNEL_CONNECTING : GRILLE_CHANNEL_FAILED;
}

bool grille_balancer_is_hopeless(const grille_balancer *balancer) {
    if (grille_balancer_state(balancer) != GRILLE_CHANNEL_FAILED) return false;
    for (size_t i = 0; i < balancer->count; i++) {
        const grille_balancer_entry *entry = &balancer->entries[i];
        const bool exhausted = entry->state == GRILLE_TARGET_FAILED && entry->retry_at_us == GRILLE_TIME_NEVER;
        if (!entry->rejected && !exhausted) return false;
    }
    return true;
}

bool grille_balancer_representative(const grille_balancer *balancer, size_t *target) {
    return find_usable(balancer, target);
}
