/* SPDX-License-Identifier: Apache-2.0 */
#include "session/message_queue.h"

#include "base/bytes.h"

/* Memory of a further chunk: its bytes follow it. */
enum { CHUNK_BYTES = 4096 };

_Static_assert(sizeof(grille_record) <= GRILLE_QUEUE_RECORD_BYTES, "a record fits its room");

void grille_message_queue_init(grille_message_queue *queue, uint8_t *home, grille_buffer_pool *pool) {
    *queue = (grille_message_queue){.pool = pool};
    queue->home = (grille_queue_chunk){.bytes = home, .capacity = GRILLE_QUEUE_HOME_BYTES};
    queue->first = &queue->home;
    queue->last = &queue->home;
}

/* Room in a chunk: the record, and the bytes of a short message, rounded so that the next record is aligned. */
static uint32_t room_of(uint32_t len, grille_record_kind kind) {
    uint32_t bytes = kind == GRILLE_RECORD_SHORT ? len : 0;
    return GRILLE_QUEUE_RECORD_BYTES + ((bytes + 7) & ~UINT32_C(7));
}

static grille_record *record_at(const grille_queue_chunk *chunk, uint32_t at) {
    return (grille_record *)(void *)(chunk->bytes + at);
}

/* `last` is the only chunk that may be empty while others are not. */
static grille_queue_chunk *add_chunk(grille_message_queue *queue) {
    grille_queue_chunk *chunk = grille_budget_alloc(queue->pool->budget, sizeof *chunk + CHUNK_BYTES);
    if (chunk == NULL) return NULL;
    *chunk = (grille_queue_chunk){.bytes = (uint8_t *)(chunk + 1), .capacity = CHUNK_BYTES};
    queue->last->next = chunk;
    queue->last = chunk;
    return chunk;
}

grille_record *grille_message_queue_push(grille_message_queue *queue, uint32_t len, grille_record_kind kind) {
    const uint32_t room = room_of(len, kind);
    grille_queue_chunk *chunk = queue->last;
    grille_record *record = NULL;
    if (kind == GRILLE_RECORD_SHORT && len > GRILLE_QUEUE_SHORT_BYTES) return NULL;
    if (room > chunk->capacity - chunk->end) chunk = add_chunk(queue);
    if (chunk == NULL) return NULL;
    record = record_at(chunk, chunk->end);
    *record = (grille_record){.len = len, .kind = (uint32_t)kind & 3};
    if (kind == GRILLE_RECORD_SHORT) record->data = chunk->bytes + chunk->end + GRILLE_QUEUE_RECORD_BYTES;
    chunk->end += room;
    queue->newest = record;
    queue->count++;
    queue->bytes += (uint64_t)len + GRILLE_QUEUE_RECORD_BYTES;
    return record;
}

static void free_chunk(grille_message_queue *queue, grille_queue_chunk *chunk) {
    if (chunk == &queue->home) return;
    grille_budget_free_wiped(queue->pool->budget, chunk, sizeof *chunk + chunk->capacity);
}

/* The first chunk holds no record any more. */
static void drop_first_chunk(grille_message_queue *queue) {
    grille_queue_chunk *chunk = queue->first;
    chunk->begin = 0;
    chunk->end = 0;
    if (chunk->next != NULL) {
        queue->first = chunk->next;
        chunk->next = NULL;
    } else {
        queue->first = &queue->home;
        queue->last = &queue->home;
    }
    free_chunk(queue, chunk);
}

void grille_message_queue_pop(grille_message_queue *queue) {
    grille_queue_chunk *chunk = queue->first;
    grille_record *record = grille_message_queue_first(queue);
    uint32_t room = 0;
    if (record == NULL) return;
    room = room_of(record->len, (grille_record_kind)record->kind);
    if (record->kind == GRILLE_RECORD_LONG) grille_buffer_give(queue->pool, record->data, record->len);
    queue->count--;
    queue->bytes -= (uint64_t)record->len + GRILLE_QUEUE_RECORD_BYTES;
    if (queue->count == 0) queue->newest = NULL;
    grille_wipe(record, room);
    chunk->begin += room;
    if (chunk->begin == chunk->end) drop_first_chunk(queue);
}

grille_record_iterator grille_message_queue_iterate(const grille_message_queue *queue) {
    return (grille_record_iterator){.chunk = queue->first, .at = queue->first->begin};
}

grille_record *grille_message_queue_next(grille_record_iterator *iterator) {
    grille_record *record = NULL;
    while (iterator->chunk != NULL && iterator->at == iterator->chunk->end) {
        iterator->chunk = iterator->chunk->next;
        iterator->at = iterator->chunk == NULL ? 0 : iterator->chunk->begin;
    }
    if (iterator->chunk == NULL) return NULL;
    record = record_at(iterator->chunk, iterator->at);
    iterator->at += room_of(record->len, (grille_record_kind)record->kind);
    return record;
}
