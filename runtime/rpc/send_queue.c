/* SPDX-License-Identifier: Apache-2.0 */
#include "rpc/send_queue.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "wire/limits.h"

enum {
    FIRST_CAPACITY_BYTES = 4096,
    /* A queue with many short messages needs no more; a longer message has its buffer for itself. */
    KEPT_CAPACITY_BYTES = 2 * GRILLE_LIMIT_SEND_QUEUE_BYTES
};

static void release(grille_send_queue *queue) {
    if (queue->bytes != NULL) grille_wipe(queue->bytes, queue->used);
    free(queue->bytes);
    queue->bytes = NULL;
    queue->capacity = 0;
    queue->used = 0;
}

void grille_send_queue_reset(grille_send_queue *queue, size_t kept_capacity) {
    if (queue->bytes != NULL) grille_wipe(queue->bytes, queue->used);
    queue->used = 0;
    if (queue->capacity > kept_capacity) release(queue);
    queue->begin = 0;
    queue->next = 0;
    queue->end = 0;
    queue->keeps = false;
}

/* Moves everything to the front. */
static void compact(grille_send_queue *queue) {
    if (queue->begin == 0) return;
    memmove(queue->bytes, queue->bytes + queue->begin, queue->end - queue->begin);
    queue->next -= queue->begin;
    queue->end -= queue->begin;
    queue->begin = 0;
}

/* Not realloc: it would leave copies. */
static bool grow(grille_send_queue *queue, size_t needed) {
    size_t capacity = queue->capacity == 0 ? FIRST_CAPACITY_BYTES : 2 * queue->capacity;
    uint8_t *grown = NULL;
    if (capacity > KEPT_CAPACITY_BYTES) capacity = KEPT_CAPACITY_BYTES;
    if (capacity < needed) capacity = needed;
    grown = malloc(capacity);
    if (grown == NULL) return false;
    if (queue->end > 0) memcpy(grown, queue->bytes, queue->end);
    release(queue);
    queue->bytes = grown;
    queue->capacity = capacity;
    queue->used = queue->end;
    return true;
}

uint8_t *grille_send_queue_push(grille_send_queue *queue, uint32_t len) {
    const size_t needed = GRILLE_SEND_QUEUE_RECORD_BYTES + (size_t)len;
    uint8_t *record = NULL;
    if (needed > queue->capacity - queue->end) compact(queue);
    if (needed > queue->capacity - queue->end && !grow(queue, queue->end + needed)) return NULL;
    record = queue->bytes + queue->end;
    memcpy(record, &len, sizeof len);
    queue->end += needed;
    if (queue->end > queue->used) queue->used = queue->end;
    return record + GRILLE_SEND_QUEUE_RECORD_BYTES;
}

void grille_send_queue_take_back(grille_send_queue *queue, uint32_t len) {
    queue->end -= GRILLE_SEND_QUEUE_RECORD_BYTES + (size_t)len;
}

bool grille_send_queue_next(const grille_send_queue *queue, grille_bytes *message) {
    uint32_t len = 0;
    if (queue->next == queue->end) return false;
    memcpy(&len, queue->bytes + queue->next, sizeof len);
    *message = grille_bytes_of(queue->bytes + queue->next + GRILLE_SEND_QUEUE_RECORD_BYTES, len);
    return true;
}

/* Forgets what was taken. */
static void drop_taken(grille_send_queue *queue) {
    queue->begin = queue->next;
    if (queue->begin != queue->end) return;
    queue->begin = 0;
    queue->next = 0;
    queue->end = 0;
    if (queue->capacity > KEPT_CAPACITY_BYTES) release(queue);
}

void grille_send_queue_taken(grille_send_queue *queue) {
    grille_bytes message = {0};
    if (!grille_send_queue_next(queue, &message)) return;
    queue->next += GRILLE_SEND_QUEUE_RECORD_BYTES + message.len;
    if (queue->keeps && queue->next - queue->begin > GRILLE_LIMIT_REPLAY_BYTES) queue->keeps = false;
    if (!queue->keeps) drop_taken(queue);
}

size_t grille_send_queue_waiting(const grille_send_queue *queue) {
    return queue->end - queue->next;
}

void grille_send_queue_keep_nothing(grille_send_queue *queue) {
    if (!queue->keeps) return;
    queue->keeps = false;
    drop_taken(queue);
}

void grille_send_queue_rewind(grille_send_queue *queue) {
    queue->next = queue->begin;
}
