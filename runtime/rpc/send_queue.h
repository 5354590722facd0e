/* SPDX-License-Identifier: Apache-2.0
 * Encoded messages of a caller's stream that the session has not taken yet, and those that it took but that another
 * attempt would need again. First in, first out, in one buffer that is kept. Bounded by its user. */
#ifndef GRILLE_RPC_SEND_QUEUE_H
#define GRILLE_RPC_SEND_QUEUE_H

#include "grille/reasons.h"

#include <stdbool.h>

/* What one message takes besides its bytes. */
#define GRILLE_SEND_QUEUE_RECORD_BYTES 4

/* Zeroed storage is an empty queue that keeps nothing. One thread at a time. */
typedef struct grille_send_queue {
    uint8_t *bytes;
    size_t capacity;
    size_t used;  /* most that was ever in use: what a wipe has to reach */
    size_t begin; /* oldest message, taken or not */
    size_t next;  /* oldest that was not taken */
    size_t end;
    bool keeps; /* what is taken stays, up to GRILLE_LIMIT_REPLAY_BYTES */
} grille_send_queue;

/* Wiped; the buffer stays when it has at most `kept_capacity` bytes. */
void grille_send_queue_reset(grille_send_queue *queue, size_t kept_capacity);

/* Room for a message of `len` bytes at the end, to be filled at once; NULL for want of memory. */
GRILLE_MUST_USE uint8_t *grille_send_queue_push(grille_send_queue *queue, uint32_t len);
/* Takes back the message that was pushed last, with the length that it was pushed with. */
void grille_send_queue_take_back(grille_send_queue *queue, uint32_t len);

/* The oldest message that was not taken; false when there is none. Valid until the next push. */
bool grille_send_queue_next(const grille_send_queue *queue, grille_bytes *message);
/* It is taken. */
void grille_send_queue_taken(grille_send_queue *queue);
/* Bytes of messages that were not taken, records included. */
size_t grille_send_queue_waiting(const grille_send_queue *queue);

/* Keeps nothing from now on. */
void grille_send_queue_keep_nothing(grille_send_queue *queue);
/* What was taken is to be taken again. Only while it keeps. */
void grille_send_queue_rewind(grille_send_queue *queue);

#endif
