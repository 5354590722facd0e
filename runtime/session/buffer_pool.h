/* SPDX-License-Identifier: Apache-2.0
 * Buffers of long messages. A few that were used stay for the next message, so that a connection with long messages
 * makes no heap call and no page fault for each. Wiped when given back. */
#ifndef GRILLE_SESSION_BUFFER_POOL_H
#define GRILLE_SESSION_BUFFER_POOL_H

#include "base/budget.h"

/* As many as a full queue of messages of 1 KiB, which do not lie in the queue itself. */
enum { GRILLE_KEPT_BUFFERS = 64 };

struct grille_kept_buffer;

/* Caller's storage. One thread. */
typedef struct grille_buffer_pool {
    grille_budget *budget;
    struct grille_kept_buffer *kept; /* the newest first */
    size_t kept_count;
    size_t kept_bytes;
} grille_buffer_pool;

/* Borrows the budget. */
void grille_buffer_pool_init(grille_buffer_pool *pool, grille_budget *budget);

/* The smallest kept buffer of at least `whole` bytes, or a new one of `least` (at most `whole`) bytes; aligned for any
 * type. Kept ones are freed when the budget asks for it. NULL for want of memory. */
GRILLE_MUST_USE uint8_t *grille_buffer_take(grille_buffer_pool *pool, size_t least, size_t whole);
size_t grille_buffer_capacity(const uint8_t *buffer);

/* Wipes the first `used` bytes (or all there are); keeps the buffer up to GRILLE_LIMIT_KEPT_BUFFER_BYTES in all, else
 * frees it. NULL is ignored. */
void grille_buffer_give(grille_buffer_pool *pool, uint8_t *buffer, size_t used);
/* The same, never kept. */
void grille_buffer_free(grille_buffer_pool *pool, uint8_t *buffer, size_t used);
/* Frees all that is kept. */
void grille_buffer_pool_shrink(grille_buffer_pool *pool);

#endif
