/* SPDX-License-Identifier: Apache-2.0
 * Deadlines in a binary heap, the earliest on top (Williams, Algorithm 232, CACM 7 (1964)). Each stream knows its
 * place, so that a call that ends early is taken out at once. */
#include <string.h>

#include "session/kit.h"

bool grille_deadlines_reserve(grille_session *session, uint32_t count) {
    const size_t item = sizeof *session->heap;
    grille_stream **heap = NULL;
    if (count <= session->heap_capacity) return true;
    if (session->kit != NULL && session->heap == session->kit->heap) {
        heap = grille_budget_alloc(&session->call_budget, count * item);
        if (heap != NULL) memcpy(heap, session->heap, session->heap_count * item);
    } else {
        heap = grille_budget_grow(&session->call_budget, session->heap, session->heap_capacity * item, count * item);
    }
    if (heap == NULL) return false;
    session->heap = heap;
    session->heap_capacity = count;
    return true;
}

static void place(grille_session *session, grille_stream *stream, uint32_t index) {
    session->heap[index] = stream;
    stream->heap_index = index;
}

static void move_up(grille_session *session, grille_stream *stream, uint32_t index) {
    while (index > 0 && session->heap[(index - 1) / 2]->deadline_us > stream->deadline_us) {
        place(session, session->heap[(index - 1) / 2], index);
        index = (index - 1) / 2;
    }
    place(session, stream, index);
}

static void move_down(grille_session *session, grille_stream *stream, uint32_t index) {
    for (;;) {
        uint32_t child = 2 * index + 1;
        if (child >= session->heap_count) break;
        if (child + 1 < session->heap_count &&
            session->heap[child + 1]->deadline_us < session->heap[child]->deadline_us) {
            child++;
        }
        if (session->heap[child]->deadline_us >= stream->deadline_us) break;
        place(session, session->heap[child], index);
        index = child;
    }
    place(session, stream, index);
}

void grille_deadline_set(grille_stream *stream, grille_time_us deadline_us) {
    grille_session *session = stream->session;
    grille_deadline_clear(stream);
    if (deadline_us == GRILLE_TIME_NEVER) return;
    stream->deadline_us = deadline_us;
    stream->half_time_us = deadline_us;
    if (deadline_us > session->now_us) stream->half_time_us -= (deadline_us - session->now_us) / 2;
    session->heap_count++;
    move_up(session, stream, session->heap_count - 1);
}

void grille_deadline_clear(grille_stream *stream) {
    grille_session *session = stream->session;
    const uint32_t index = stream->heap_index;
    grille_stream *moved = NULL;
    if (index == GRILLE_NO_HEAP_INDEX) return;
    stream->heap_index = GRILLE_NO_HEAP_INDEX;
    moved = session->heap[--session->heap_count];
    if (moved == stream) return;
    if (index > 0 && session->heap[(index - 1) / 2]->deadline_us > moved->deadline_us) {
        move_up(session, moved, index);
    } else {
        move_down(session, moved, index);
    }
}

grille_stream *grille_deadline_first(const grille_session *session) {
    return session->heap_count == 0 ? NULL : session->heap[0];
}
