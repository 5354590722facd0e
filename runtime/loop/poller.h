/* SPDX-License-Identifier: Apache-2.0
 * How long a loop polls before it sleeps. Waking a sleeping CPU can cost more than a whole call, so a loop polls (with
 * sched_yield, never with a pause instruction) for a bounded time first. The time adapts: what polling never catches is
 * not polled for. Pure: time is an argument. */
#ifndef GRILLE_LOOP_POLLER_H
#define GRILLE_LOOP_POLLER_H

#include <stdint.h>

/* Caller's storage. One thread. */
typedef struct grille_poller {
    uint64_t max_us;    /* the option spin_us; 0: never polls */
    uint64_t budget_us; /* for the next wait */
} grille_poller;

/* Starts with the whole budget. */
void grille_poller_init(grille_poller *poller, uint32_t spin_us);

/* Something came while polling: the whole budget from now on. */
void grille_poller_hit(grille_poller *poller);

/* Nothing came within the budget, the loop slept, and something came `waited_us` after the wait had begun. What the
 * whole budget could have caught restores it; anything later halves it, down to a 16th that notices faster traffic. */
void grille_poller_missed(grille_poller *poller, uint64_t waited_us);

#endif
