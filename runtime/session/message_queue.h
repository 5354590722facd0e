/* SPDX-License-Identifier: Apache-2.0
 * Messages of one stream in one direction, first in first out. Short ones lie packed in chunks, so that many of them
 * cost about what their credit says; long ones have a buffer of their own. */
#ifndef GRILLE_SESSION_MESSAGE_QUEUE_H
#define GRILLE_SESSION_MESSAGE_QUEUE_H

#include <stdbool.h>

#include "session/buffer_pool.h"

enum {
    /* Longest message that lies in a chunk. */
    GRILLE_QUEUE_SHORT_BYTES = 1024,
    GRILLE_QUEUE_RECORD_BYTES = 16,
    /* Memory that the owner of the queue lends it: one short message. */
    GRILLE_QUEUE_HOME_BYTES = GRILLE_QUEUE_SHORT_BYTES + GRILLE_QUEUE_RECORD_BYTES
};

typedef enum grille_record_kind {
    GRILLE_RECORD_SHORT,   /* bytes behind the record */
    GRILLE_RECORD_LONG,    /* a buffer of the pool */
    GRILLE_RECORD_BORROWED /* somebody else's */
} grille_record_kind;

typedef struct grille_record {
    uint8_t *data;        /* LONG: NULL while there is no buffer */
    uint32_t len;         /* of the whole message */
    uint32_t charge : 30; /* credit that it holds */
    uint32_t kind : 2;    /* grille_record_kind */
} grille_record;

typedef struct grille_queue_chunk {
    struct grille_queue_chunk *next;
    uint8_t *bytes;
    uint32_t capacity;
    uint32_t begin; /* of the first record */
    uint32_t end;
} grille_queue_chunk;

/* Caller's storage; must not move. */
typedef struct grille_message_queue {
    grille_queue_chunk home;
    grille_queue_chunk *first;
    grille_queue_chunk *last;
    grille_record *newest;
    uint32_t count;
    uint64_t bytes; /* lengths of all messages, and one record each */
    grille_buffer_pool *pool;
} grille_message_queue;

/* Borrows home (GRILLE_QUEUE_HOME_BYTES, aligned for any type) and pool. */
void grille_message_queue_init(grille_message_queue *queue, uint8_t *home, grille_buffer_pool *pool);

/* A record at the end. SHORT: data points to room for the message; LONG and BORROWED: data is NULL, the caller sets it.
 * NULL for want of memory. SHORT only up to GRILLE_QUEUE_SHORT_BYTES. */
GRILLE_MUST_USE grille_record *grille_message_queue_push(grille_message_queue *queue, uint32_t len,
                                                         grille_record_kind kind);
/* The oldest and the newest record, or NULL. */
static inline grille_record *grille_message_queue_first(const grille_message_queue *queue) {
    return queue->count == 0 ? NULL : (grille_record *)(void *)(queue->first->bytes + queue->first->begin);
}

static inline grille_record *grille_message_queue_last(const grille_message_queue *queue) {
    return queue->newest;
}

/* Wipes the oldest; a LONG one's buffer goes back to the pool. */
void grille_message_queue_pop(grille_message_queue *queue);
/* The same for all. */
static inline void grille_message_queue_clear(grille_message_queue *queue) {
    while (queue->count > 0)
        grille_message_queue_pop(queue);
}

/* The record after `record`, or NULL: for looking, not for taking. */
typedef struct grille_record_iterator {
    const grille_queue_chunk *chunk;
    uint32_t at;
} grille_record_iterator;
grille_record_iterator grille_message_queue_iterate(const grille_message_queue *queue);
grille_record *grille_message_queue_next(grille_record_iterator *iterator);

#endif
