/* SPDX-License-Identifier: Apache-2.0
 * The pool of slots: a kit, then grown in steps, reused last in first out, wiped when a call ends, given back when
 * idle: a lent kit at once, all else after a while. */
#include <assert.h>
#include <string.h>

#include "session/kit.h"

enum { LARGEST_CHUNK_SLOTS = 32 };

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

/* What tells of the call. The lists are empty and the queues and the arena wiped: closing and releasing did that. */
static void clear_slot(grille_stream *stream) {
    memset(&stream->GRILLE_STREAM_FIRST, 0,
           offsetof(grille_stream, inbox) - offsetof(grille_stream, GRILLE_STREAM_FIRST));
    stream->heap_index = GRILLE_NO_HEAP_INDEX;
    stream->delivered = 0;
    stream->assembling = false;
    stream->assembled = 0;
    stream->assembled_charge = 0;
    stream->sent_bytes = 0;
    stream->reserved = false;
}

/* Free ones of a kit may be another session's, or nobody's. */
static void adopt(grille_session *session, grille_stream *stream) {
    stream->session = session;
    stream->arena.budget = &session->call_budget;
    stream->inbox.pool = &session->buffers;
    stream->outbox.pool = &session->buffers;
}

static bool take_kit(grille_session *session) {
    grille_kit *kit = NULL;
    bool is_new = false;
    if (!grille_budget_charge(&session->call_budget, sizeof *kit)) return false;
    kit = grille_kit_take(session->options.depot, &is_new);
    if (kit == NULL) {
        grille_budget_release(&session->call_budget, sizeof *kit);
        return false;
    }
    if (is_new) {
        grille_list_init(&kit->free_slots);
        for (uint32_t i = 0; i < GRILLE_KIT_SLOTS; i++) {
            init_slot(session, &kit->slots[i]);
            grille_list_append(&kit->free_slots, &kit->slots[i].all);
        }
    }
    grille_list_move_all(&session->free_slots, &kit->free_slots);
    session->kit = kit;
    session->slots_held = GRILLE_KIT_SLOTS;
    session->streams = grille_id_map_in(kit->map, 2 * GRILLE_KIT_MAP_CAPACITY);
    session->heap = kit->heap;
    session->heap_capacity = GRILLE_KIT_SLOTS;
    return true;
}

/* No slot is in use, and the kit is all there is. */
static void give_kit(grille_session *session) {
    grille_kit *kit = session->kit;
    grille_list_move_all(&kit->free_slots, &session->free_slots);
    session->kit = NULL;
    session->slots_held = 0;
    session->streams = (grille_id_map){0};
    session->heap = NULL;
    session->heap_capacity = 0;
    grille_kit_give(session->options.depot, kit);
    grille_budget_release(&session->call_budget, sizeof *kit);
}

static bool grow_pool(grille_session *session) {
    uint32_t count = 2 * (session->chunks == NULL ? GRILLE_KIT_SLOTS : session->chunks->count);
    grille_slot_chunk *chunk = NULL;
    if (session->kit == NULL) return take_kit(session);
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
        clear_slot(stream);
        init_slot(session, stream);
        grille_list_append(&session->free_slots, &stream->all);
    }
    return true;
}

/* That of the kit is emptied. */
static void free_map(grille_session *session) {
    grille_kit *kit = session->kit;
    if (session->streams.slots != kit->map) {
        grille_id_map_deinit(&session->streams);
    } else if (session->streams.count > 0) {
        memset(kit->map, 0, sizeof kit->map);
    }
}

/* The map doubles when it is full: an idle connection holds little. */
static bool grow_map(grille_session *session) {
    grille_id_map grown = {0};
    bool moved = grille_id_map_init(&grown, 2 * session->streams.capacity, &session->call_budget) == GRILLE_REASON_OK;
    if (!moved) return false;
    for (size_t i = 0; i < session->streams.slot_count; i++) {
        const grille_id_map_slot *slot = &session->streams.slots[i];
        if (slot->id != 0) moved = grille_id_map_put(&grown, slot->id, slot->value) && moved;
    }
    free_map(session);
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
    if (grille_list_empty(&session->free_slots) && !grow_pool(session)) return NULL;
    if (session->slots_used >= session->streams.capacity && !grow_map(session)) return NULL;
    stream = grille_container(grille_list_take_first(&session->free_slots), grille_stream, all);
    adopt(session, stream);
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

/* Takes the slots of the chunks off the list; those of the kit stay. */
static void free_chunk(grille_session *session, grille_slot_chunk *chunk) {
    for (uint32_t i = 0; i < chunk->count; i++)
        grille_list_remove(&chunk->slots[i].all);
    session->slots_held -= chunk->count;
    grille_budget_free(&session->call_budget, chunk, chunk_bytes(chunk->count));
}

/* No slot is in use: each was wiped when its call ended. */
static void free_chunks(grille_session *session) {
    while (session->chunks != NULL) {
        grille_slot_chunk *chunk = session->chunks;
        session->chunks = chunk->next;
        free_chunk(session, chunk);
    }
}

/* Back to what the kit has. */
static void free_tables(grille_session *session) {
    free_map(session);
    if (session->heap != session->kit->heap) {
        grille_budget_free(&session->call_budget, session->heap, session->heap_capacity * sizeof *session->heap);
    }
}

void grille_slots_shrink(grille_session *session) {
    session->shrunk = true;
    grille_buffer_pool_shrink(&session->buffers);
    if (session->slots_used > 0 || session->kit == NULL) return;
    free_chunks(session);
    free_tables(session);
    give_kit(session);
}

/* Where more than the kit was needed it will be again: the timer gives that back. */
void grille_slots_rest(grille_session *session) {
    if (session->slots_used > 0 || session->options.depot == NULL) return;
    if (session->kit != NULL) {
        if (session->chunks != NULL) return;
        free_tables(session);
        give_kit(session);
    }
    session->shrunk = !grille_session_keeps(session);
}

bool grille_session_keeps(const grille_session *session) {
    if (session->chunks != NULL || (session->kit != NULL && session->options.depot == NULL)) return true;
    return session->partial != NULL || session->buffers.kept_count != 0 || session->refusals.grown != NULL;
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
