/* SPDX-License-Identifier: Apache-2.0
 * How long a loop polls before it sleeps. Waking a sleeping CPU can cost more than a whole call, so a loop polls (with
 * sched_yield, never with a pause instruction) for a bounded time first. The time adapts: what polling never catches is
 * not polled for, and on a CPU that others want as well, where giving way costs a whole time slice, the loop sleeps at
 * once for a while. One long round is no sign of that: an interrupt or the hypervisor may have had the CPU. Pure: time
 * is an argument. */
#ifndef GRILLE_LOOP_POLLER_H
#define GRILLE_LOOP_POLLER_H

#include "base/time.h"

/* After so many undisturbed hits a long round stands alone. */
#define GRILLE_POLLER_CALM_HITS 64

/* No polling for so long after somebody else had the CPU; twice as long each time, half after each undisturbed hit. */
#define GRILLE_POLLER_FIRST_REST_US   10000
#define GRILLE_POLLER_LONGEST_REST_US 1280000

/* Caller's storage. One thread. */
typedef struct grille_poller {
    uint64_t max_us;    /* the option spin_us; 0: never polls */
    uint64_t budget_us; /* for the next wait */
    uint64_t rest_us;   /* the last rest's length; 0: none lately */
    grille_time_us rests_until_us;
    uint32_t calm_hits; /* since the last long round, up to GRILLE_POLLER_CALM_HITS */
} grille_poller;

/* Starts with the whole budget. */
void grille_poller_init(grille_poller *poller, uint32_t spin_us);

/* How long to poll now; 0: sleep at once. */
uint64_t grille_poller_budget(const grille_poller *poller, grille_time_us now_us);

/* Tells how long one round (giving way, then looking) took. Longer than the whole budget, and not for the first time in
 * a while: others want this CPU. */
void grille_poller_round(grille_poller *poller, uint64_t took_us, grille_time_us now_us);

/* Something came while polling: the whole budget from now on. */
void grille_poller_hit(grille_poller *poller);

/* Nothing came within the budget, the loop slept, and something came `waited_us` after the wait had begun. What the
 * whole budget could have caught restores it; anything later halves it, down to a 16th that notices faster traffic. */
void grille_poller_missed(grille_poller *poller, uint64_t waited_us);

#endif
