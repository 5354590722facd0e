/* SPDX-License-Identifier: Apache-2.0
 * Encoded messages of one stream on their way from one thread to another: a bounded queue of two buffers, one that is
 * filled and one that is emptied, which change places. In steady state nothing is allocated. */
#ifndef GRILLE_RPC_HANDOVER_H
#define GRILLE_RPC_HANDOVER_H

#include "base/budget.h"

typedef struct grille_handover_buffer {
    uint8_t *bytes;
    size_t capacity;
    size_t len;
    size_t at; /* of the next message */
} grille_handover_buffer;

/* Caller's storage. `filled` is touched under the owner's lock only, `emptied` by the taking thread, under the lock
 * where it says so. */
typedef struct grille_handover {
    grille_handover_buffer filled;
    grille_handover_buffer emptied;
    size_t waiting; /* messages in both that were not taken; under the lock */
    grille_budget *budget;
} grille_handover;

/* Borrows the budget. */
void grille_handover_init(grille_handover *handover, grille_budget *budget);
/* Wipes and frees. Harmless on zeroed memory. */
void grille_handover_deinit(grille_handover *handover);

/* Whether one of `len` bytes may come: any when none waits, else as many as GRILLE_LIMIT_SEND_QUEUE_BYTES hold. Under
 * the lock. */
bool grille_handover_has_room(const grille_handover *handover, size_t len);
/* Room for one message of `len` bytes behind the others, which the caller fills before it gives up the lock. NULL when
 * the budget is used up. Under the lock. */
GRILLE_MUST_USE uint8_t *grille_handover_put(grille_handover *handover, size_t len);

/* The oldest message, which stays where it is until the one after it is taken; false when there is none. Taking thread,
 * under the lock. */
GRILLE_MUST_USE bool grille_handover_take(grille_handover *handover, grille_bytes *message);
/* The message that was taken last goes back to the front. Taking thread, under the lock. */
void grille_handover_put_back(grille_handover *handover, grille_bytes message);

#endif
