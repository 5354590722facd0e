/* SPDX-License-Identifier: Apache-2.0
 * Bytes that wait: appended at the end, taken from the front, in one block that grows within a budget. Wiped when
 * given back. */
#ifndef GRILLE_SECURE_BYTE_QUEUE_H
#define GRILLE_SECURE_BYTE_QUEUE_H

#include "base/budget.h"

/* Caller's storage. One thread. */
typedef struct grille_byte_queue {
    uint8_t *data;
    size_t start; /* first byte that waits */
    size_t end;   /* one past the last */
    size_t capacity;
    bool lent; /* data is somebody else's */
    grille_budget *budget;
} grille_byte_queue;

/* The budget outlives the queue. Allocates nothing. */
void grille_byte_queue_init(grille_byte_queue *queue, grille_budget *budget);
/* Wipes and frees. */
void grille_byte_queue_deinit(grille_byte_queue *queue);

/* Room for `len` bytes at the end, to be filled and then committed (all of it or less); valid until the next call,
 * perhaps NULL when `len` is 0.
 * BUDGET when it can't be had; the queue is then as it was. */
GRILLE_MUST_USE grille_reason grille_byte_queue_reserve(grille_byte_queue *queue, size_t len, uint8_t **room);
void grille_byte_queue_commit(grille_byte_queue *queue, size_t len);

/* Copies bytes to the end. BUDGET as above. */
GRILLE_MUST_USE grille_reason grille_byte_queue_append(grille_byte_queue *queue, grille_bytes bytes);

/* All that waits; borrowed until the next call. */
static inline size_t grille_byte_queue_len(const grille_byte_queue *queue) {
    return queue->end - queue->start;
}

static inline grille_bytes grille_byte_queue_view(const grille_byte_queue *queue) {
    const size_t len = grille_byte_queue_len(queue);
    return (grille_bytes){.data = len > 0 ? queue->data + queue->start : NULL, .len = len};
}

/* Drops up to `len` bytes from the front. */
void grille_byte_queue_consume(grille_byte_queue *queue, size_t len);

/* Gives an empty queue's block back, wiped; does nothing while bytes wait. */
void grille_byte_queue_trim(grille_byte_queue *queue);
/* Whether trim would give something back. */
static inline bool grille_byte_queue_holds(const grille_byte_queue *queue) {
    return queue->capacity > 0 && !queue->lent;
}

/* What is appended lies in `memory` from now on, as far as it fits, until reclaim: a queue that is emptied at once
 * needs no block of its own. Does nothing while bytes wait, or where a large block of the queue's own is there. The
 * memory is never wiped here. */
void grille_byte_queue_lend(grille_byte_queue *queue, uint8_t *memory, size_t capacity);
/* The lent memory is its owner's again; bytes that still wait there are copied to a block of the queue's own. BUDGET:
 * they are lost. */
GRILLE_MUST_USE grille_reason grille_byte_queue_reclaim(grille_byte_queue *queue);

#endif
