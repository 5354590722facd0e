/* SPDX-License-Identifier: Apache-2.0 */
#include "secure/byte_queue.h"

#include <string.h>

#include "base/bytes.h"

/* One small message with its record around it; doubled from there. */
static const size_t first_capacity = 1024;
/* A block that had to grow beyond this will be needed again: it stays although memory is lent, until it is trimmed. */
static const size_t kept_capacity = 16384;

void grille_byte_queue_init(grille_byte_queue *queue, grille_budget *budget) {
    *queue = (grille_byte_queue){.budget = budget};
}

void grille_byte_queue_deinit(grille_byte_queue *queue) {
    if (!queue->lent) grille_budget_free_wiped(queue->budget, queue->data, queue->capacity);
    *queue = (grille_byte_queue){.budget = queue->budget};
}

static void move_to_front(grille_byte_queue *queue) {
    const size_t len = grille_byte_queue_len(queue);
    memmove(queue->data, queue->data + queue->start, len);
    queue->start = 0;
    queue->end = len;
}

/* A new block instead of realloc: the old one has to be wiped. */
static grille_reason grow(grille_byte_queue *queue, size_t needed) {
    const size_t len = grille_byte_queue_len(queue);
    size_t capacity = grille_byte_queue_holds(queue) ? queue->capacity : first_capacity;
    uint8_t *data = NULL;
    while (capacity < needed)
        capacity = capacity > SIZE_MAX / 2 ? needed : capacity * 2;
    data = grille_budget_alloc(queue->budget, capacity);
    if (data == NULL) return GRILLE_REASON_BUDGET;
    if (len > 0) memcpy(data, queue->data + queue->start, len);
    if (!queue->lent) grille_budget_free_wiped(queue->budget, queue->data, queue->capacity);
    queue->data = data;
    queue->capacity = capacity;
    queue->lent = false;
    queue->start = 0;
    queue->end = len;
    return GRILLE_REASON_OK;
}

grille_reason grille_byte_queue_reserve(grille_byte_queue *queue, size_t len, uint8_t **room) {
    const size_t waiting = grille_byte_queue_len(queue);
    grille_reason reason = GRILLE_REASON_OK;
    if (len > SIZE_MAX - waiting) return GRILLE_REASON_BUDGET;
    if (len > queue->capacity - queue->end) {
        /* Moving is cheap only when less than half of the block has to be moved. */
        if (waiting + len <= queue->capacity && waiting <= queue->capacity / 2)
            move_to_front(queue);
        else
            reason = grow(queue, waiting + len);
    }
    if (reason != GRILLE_REASON_OK) return reason;
    *room = queue->data != NULL ? queue->data + queue->end : NULL; /* NULL: none was asked for, none is there */
    return GRILLE_REASON_OK;
}

void grille_byte_queue_commit(grille_byte_queue *queue, size_t len) {
    const size_t room = queue->capacity - queue->end;
    queue->end += len <= room ? len : room;
}

grille_reason grille_byte_queue_append(grille_byte_queue *queue, grille_bytes bytes) {
    uint8_t *room = NULL;
    const grille_reason reason = grille_byte_queue_reserve(queue, bytes.len, &room);
    if (reason != GRILLE_REASON_OK || bytes.len == 0) return reason;
    memcpy(room, bytes.data, bytes.len);
    grille_byte_queue_commit(queue, bytes.len);
    return GRILLE_REASON_OK;
}

void grille_byte_queue_consume(grille_byte_queue *queue, size_t len) {
    const size_t waiting = grille_byte_queue_len(queue);
    queue->start += len <= waiting ? len : waiting;
    if (queue->start < queue->end) return;
    queue->start = 0;
    queue->end = 0;
}

void grille_byte_queue_trim(grille_byte_queue *queue) {
    if (grille_byte_queue_len(queue) == 0) grille_byte_queue_deinit(queue);
}

void grille_byte_queue_lend(grille_byte_queue *queue, uint8_t *memory, size_t capacity) {
    if (grille_byte_queue_len(queue) > 0) return;
    if (grille_byte_queue_holds(queue) && queue->capacity > kept_capacity) return;
    grille_byte_queue_deinit(queue);
    queue->data = memory;
    queue->capacity = capacity;
    queue->lent = true;
}

grille_reason grille_byte_queue_reclaim(grille_byte_queue *queue) {
    grille_reason reason = GRILLE_REASON_OK;
    if (!queue->lent) return GRILLE_REASON_OK;
    if (grille_byte_queue_len(queue) > 0) reason = grow(queue, grille_byte_queue_len(queue));
    if (queue->lent) grille_byte_queue_deinit(queue);
    return reason;
}
