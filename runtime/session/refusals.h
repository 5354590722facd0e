/* SPDX-License-Identifier: Apache-2.0
 * Streams of the peer that were refused before they got a slot: their RESETs wait here to be sent, first in first out.
 * Ids rise, so that one is found by halving; no operation costs more than that on average. */
#ifndef GRILLE_SESSION_REFUSALS_H
#define GRILLE_SESSION_REFUSALS_H

#include "base/arena.h"
#include "wire/payload.h"

typedef struct grille_refusal {
    uint32_t id;
    grille_reset_code code;
} grille_refusal;

typedef struct grille_refusal_item {
    uint32_t id;
    uint8_t code;
    bool taken_back;
} grille_refusal_item;

/* Room that is always there: a few calls can be refused when memory is used up. */
enum { GRILLE_REFUSALS_HOME = 16 };

/* Caller's storage. A ring that grows with use; what was taken back stays in it, marked, until its turn comes or room
 * is needed. */
typedef struct grille_refusals {
    uint32_t count;   /* items in the ring */
    uint32_t waiting; /* of these, not taken back */
    uint32_t first;
    uint32_t capacity;
    uint32_t most_items;
    grille_refusal_item *grown; /* instead of home, or NULL */
    grille_budget *budget;
    grille_refusal_item home[GRILLE_REFUSALS_HOME];
} grille_refusals;

/* For `most` that wait at once. Has no memory besides its own until more than a few wait. Borrows the budget. */
void grille_refusals_init(grille_refusals *refusals, uint32_t most, grille_budget *budget);
/* Harmless without init on zeroed memory. */
void grille_refusals_deinit(grille_refusals *refusals);

bool grille_refusals_empty(const grille_refusals *refusals);
/* An id above all before it, while fewer than `most` wait. False for want of memory: nothing was queued. */
GRILLE_MUST_USE bool grille_refusals_push(grille_refusals *refusals, grille_refusal refusal);
/* The oldest that waits; false when there is none. */
bool grille_refusals_take(grille_refusals *refusals, grille_refusal *refusal);
/* The peer gave the stream up itself: its RESET is not sent. Whether it waited. */
bool grille_refusals_take_back(grille_refusals *refusals, uint32_t id);
/* Gives memory back when nothing waits. */
void grille_refusals_shrink(grille_refusals *refusals);

#endif
