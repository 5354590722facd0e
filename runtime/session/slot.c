/* SPDX-License-Identifier: Apache-2.0
 * The pool of slots: grown in steps, reused last in first out, wiped when a call ends, given back when idle. */
#include <assert.h>

#include "session/private.h"

enum { FIRST_CHUNK_SLOTS = 4, LARGEST_CHUNK_SLOTS = 32, FIRST_MAP_CAPACITY = 8 };

typedef struct grille_slot_chunk {
    struct grille_slot_chunk *next;
    uint32_t count;
    grille_stream slots[];
} grille_slot_chunk;

static size_t chunk_bytes(uint32_t count) {
    return sizeof(grille_slot_chunk) + count * sizeof(grille_stream);
}

static void init_slot(grille_session *session, grille_stream *stream) {
    stream->session = session;
    stream->heap_index = GRILLE_NO_HEAP_INDEX;
    grille_list_init(&stream->all);
    grille_list_init(&stream->turn);
    grille_list_init(&stream->credit);
    grille_list_init(&stream->writable);
    grille_list_init(&stream->holds);
    grille_arena_init(&stream->arena, stream->arena_memory, sizeof stream->arena_memory, &session->call_budget);
    grille_message_queue_init(&stream->inbox, stream->inbox_memory, &session->buffers);
    grille_message_queue_init(&stream->outbox, stream->outbox_memory, &session->buffers);
}

/* The header of a slot, without the memory inside it that its parts keep. */
static void clear_slot(grille_stream *stream) {
    grille_session *session = stream->session;
    grille_wipe(stream, offsetof(grille_stream, inbox));
    init_slot(session, stream);
    stream->delivered = 0;
    stream->assembling = false;
    stream->assembled = 0;
    stream->assembled_charge = 0;
    stream->sent_bytes = 0;
    stream->reserved = false;
}

static bool grow_pool(grille_session *session) {
    uint32_t count = session->chunks == NULL ? FIRST_CHUNK_SLOTS : 2 * session->chunks->count;
    grille_slot_chunk *chunk = NULL;
    if (count > LARGEST_CHUNK_SLOTS) count = LARGEST_CHUNK_SLOTS;
    if (!grille_deadlines_reserve(session, session->slots_held + count)) return false;
    chunk = grille_budget_alloc(&session->call_budget, chunk_bytes(count));
    if (chunk == NULL) return false;
    chunk->next = session->chunks;
    chunk->count = count;
    session->chunks = chunk;
    session->slots_held += count;
    for (uint32_t i = 0; i < count; i++) {
        grille_stream *stream = &chunk->slots[i];
        stream->session = session;
        clear_slot(stream);
        grille_list_append(&session->free_slots, &stream->all);
    }
    return true;
}

/* The map doubles when it is full: an idle connection holds little. */
static bool grow_map(grille_session *session) {
    const size_t capacity = session->streams.capacity == 0 ? FIRST_MAP_CAPACITY : 2 * session->streams.capacity;
    grille_id_map grown = {0};
    bool moved = grille_id_map_init(&grown, capacity, &session->call_budget) == GRILLE_REASON_OK;
    if (!moved) return false;
    for (size_t i = 0; i < session->streams.slot_count; i++) {
        const grille_id_map_slot *slot = &session->streams.slots[i];
        if (slot->id != 0) moved = grille_id_map_put(&grown, slot->id, slot->value) && moved;
    }
    grille_id_map_deinit(&session->streams);
    session->streams = grown;
    return moved;
}

void grille_slot_register(grille_stream *stream, uint32_t id) {
    bool known = grille_id_map_put(&stream->session->streams, id, stream);
    assert(known && "every slot has room in the map");
    (void)known;
    stream->id = id;
}

grille_stream *grille_slot_take(grille_session *session, bool ours) {
    grille_stream *stream = NULL;
    if (session->slots_used >= session->streams.capacity && !grow_map(session)) return NULL;
    if (grille_list_empty(&session->free_slots) && !grow_pool(session)) return NULL;
    stream = grille_container(grille_list_take_first(&session->free_slots), grille_stream, all);
    grille_list_append(&session->all, &stream->all);
    session->slots_used++;
    stream->ours = ours;
    if (ours) session->own_slots++;
    stream->deadline_us = GRILLE_TIME_NEVER;
    stream->half_time_us = GRILLE_TIME_NEVER;
    stream->receive_credit = session->options.settings.stream_window_bytes;
    stream->send_credit = session->peer.stream_window_bytes;
    return stream;
}

static void free_slot(grille_stream *stream) {
    grille_session *session = stream->session;
    grille_list_remove(&stream->all);
    if (stream->ours) session->own_slots--;
    session->slots_used--;
    if (session->slots_used == 0) session->idle_since_us = session->now_us;
    grille_session_note_activity(session);
    grille_arena_reset(&stream->arena);
    clear_slot(stream);
    grille_list_prepend(&session->free_slots, &stream->all);
}

void grille_slot_settle(grille_stream *stream) {
    grille_session *session = stream->session;
    if (stream->open || stream->owned || stream->reset_waits || stream->events > 0) return;
    if (stream->last_built > session->written) {
        grille_list_remove(&stream->turn);
        grille_list_append(&session->unwritten, &stream->turn);
        return;
    }
    free_slot(stream);
}

void grille_slots_written(grille_session *session) {
    grille_link *link = NULL;
    session->written = session->built;
    while ((link = grille_list_take_first(&session->unwritten)) != NULL)
        grille_slot_settle(grille_container(link, grille_stream, turn));
}

void grille_slots_visit(grille_session *session, grille_slot_visitor *visit, const void *argument) {
    grille_link pending;
    grille_link *link = NULL;
    grille_list_init(&pending);
    grille_list_move_all(&pending, &session->all);
    while ((link = grille_list_take_first(&pending)) != NULL) {
        grille_list_append(&session->all, link);
        visit(grille_container(link, grille_stream, all), argument);
    }
}

/* No slot is in use: each was wiped when its call ended. */
static void free_chunks(grille_session *session) {
    while (session->chunks != NULL) {
        grille_slot_chunk *chunk = session->chunks;
        session->chunks = chunk->next;
        grille_budget_free(&session->call_budget, chunk, chunk_bytes(chunk->count));
    }
    session->slots_held = 0;
    grille_list_init(&session->free_slots);
}

void grille_slots_shrink(grille_session *session) {
    session->shrunk = true;
    grille_buffer_pool_shrink(&session->buffers);
    if (session->slots_used > 0) return;
    free_chunks(session);
    grille_id_map_deinit(&session->streams);
    grille_budget_free(&session->call_budget, session->heap, session->heap_capacity * sizeof *session->heap);
    session->heap = NULL;
    session->heap_capacity = 0;
}

void grille_slots_deinit(grille_session *session) {
    while (!grille_list_empty(&session->all)) {
        grille_stream *stream = grille_container(session->all.next, grille_stream, all);
        grille_stream_close(stream);
        grille_stream_clear_inbox(stream);
        free_slot(stream);
    }
    grille_slots_shrink(session);
}
