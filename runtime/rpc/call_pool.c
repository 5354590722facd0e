/* SPDX-License-Identifier: Apache-2.0
 * Callers' calls, kept for reuse. A call that is out holds a reference of the pool, so that a reply may be freed after
 * its channel. */
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/turn.h"
#include "rpc/client_call_private.h"

struct grille_call_pool {
    pthread_mutex_t lock;
    size_t references; /* the owner's, and one per call that is out */
    size_t idle_count;
    size_t max_idle;
    grille_link idle;
    _Atomic(const void *) loop; /* in whose turns `own` is used; NULL: in none */
    grille_link own;            /* idle calls that were taken in such a turn; they count as out */
    size_t own_count;
};

grille_reason grille_call_pool_new(size_t max_idle, grille_call_pool **pool) {
    grille_call_pool *made = calloc(1, sizeof *made);
    *pool = NULL;
    if (made == NULL) return GRILLE_REASON_OUT_OF_MEMORY;
    if (pthread_mutex_init(&made->lock, NULL) != 0) {
        free(made);
        return GRILLE_REASON_OUT_OF_MEMORY;
    }
    made->references = 1;
    made->max_idle = max_idle;
    grille_list_init(&made->idle);
    grille_list_init(&made->own);
    *pool = made;
    return GRILLE_REASON_OK;
}

static void call_destroy(grille_client_call *call) {
    pthread_mutex_destroy(&call->lock);
    free(call->request);
    free(call->inbox.room);
    free(call->inbox.bytes);
    free(call->outbox.bytes);
    free(call);
}

static void pool_destroy(grille_call_pool *pool) {
    grille_link *link = NULL;
    while ((link = grille_list_take_first(&pool->idle)) != NULL) {
        call_destroy(grille_container(link, grille_client_call, link));
    }
    pthread_mutex_destroy(&pool->lock);
    free(pool);
}

static void unref(grille_call_pool *pool, size_t references) {
    bool last = false;
    pthread_mutex_lock(&pool->lock);
    pool->references -= references;
    last = pool->references == 0;
    pthread_mutex_unlock(&pool->lock);
    if (last) pool_destroy(pool);
}

void grille_call_pool_set_loop(grille_call_pool *pool, const void *loop) {
    atomic_store_explicit(&pool->loop, loop, memory_order_relaxed);
}

void grille_call_pool_unref(grille_call_pool *pool) {
    size_t given = 1;
    grille_link *link = NULL;
    if (pool == NULL) return;
    grille_call_pool_set_loop(pool, NULL);
    for (; (link = grille_list_take_first(&pool->own)) != NULL; given++) {
        call_destroy(grille_container(link, grille_client_call, link));
    }
    unref(pool, given);
}

static bool is_in_turn(const grille_call_pool *pool) {
    return grille_turn_is_of(atomic_load_explicit(&pool->loop, memory_order_relaxed));
}

static grille_client_call *call_make(grille_call_pool *pool) {
    grille_client_call *call = calloc(1, sizeof *call);
    if (call == NULL) return NULL;
    if (pthread_mutex_init(&call->lock, NULL) != 0) {
        free(call);
        return NULL;
    }
    call->base.side = GRILLE_CALL_OF_CALLER;
    call->pool = pool;
    call->base.ops = &grille_client_call_ops;
    grille_list_init(&call->link);
    grille_list_init(&call->work_link);
    grille_list_init(&call->unread_link);
    grille_list_init(&call->family_link);
    return call;
}

static grille_client_call *take_own(grille_call_pool *pool) {
    pool->own_count--;
    return grille_container(grille_list_take_first(&pool->own), grille_client_call, link);
}

grille_client_call *grille_call_pool_take(grille_call_pool *pool) {
    const bool in_turn = is_in_turn(pool);
    grille_client_call *call = NULL;
    grille_link *link = NULL;
    if (in_turn && !grille_list_empty(&pool->own)) return take_own(pool);
    pthread_mutex_lock(&pool->lock);
    link = grille_list_take_first(&pool->idle);
    if (link != NULL) pool->idle_count--;
    pool->references++;
    pthread_mutex_unlock(&pool->lock);
    call = link != NULL ? grille_container(link, grille_client_call, link) : call_make(pool);
    if (call == NULL) {
        unref(pool, 1);
    } else {
        call->of_turn = in_turn;
    }
    return call;
}

static void give_back(uint8_t **memory, size_t *capacity, size_t kept_capacity) {
    if (*capacity <= kept_capacity) return;
    free(*memory);
    *memory = NULL;
    *capacity = 0;
}

static void forget_stream(grille_client_call *call) {
    grille_client_inbox *inbox = &call->inbox;
    grille_arena_reset(&inbox->arena);
    if (inbox->bytes != NULL) grille_wipe(inbox->bytes, inbox->len);
    give_back(&inbox->room, &inbox->capacity, GRILLE_CLIENT_CALL_KEPT_REQUEST_BYTES);
    give_back(&inbox->bytes, &inbox->bytes_capacity, GRILLE_CLIENT_CALL_KEPT_REQUEST_BYTES);
    grille_leftover_drop(&inbox->leftover);
    inbox->len = 0;
    inbox->wanted = false;
    inbox->full = false;
    grille_send_queue_reset(&call->outbox, GRILLE_CLIENT_CALL_KEPT_REQUEST_BYTES);
    call->peer_limit_bytes = 0;
    call->session_full = false;
    call->failure = GRILLE_OK;
    call->failure_text[0] = 0;
    call->sends_over = false;
    call->half_close_asked = false;
    call->half_close_sent = false;
    call->writable_asked = false;
    call->pauses = 0;
    call->discards = false;
    call->read_over = false;
    call->ended_by_status = false;
    call->reader = NULL;
    call->writer = NULL;
    call->ender = NULL;
}

static void forget_application(grille_client_call *call) {
    call->channel = NULL;
    call->base.ops = &grille_client_call_ops;
    call->base.data = NULL;
    call->has_parent = false;
    call->handed_out = false;
    call->unshared = false;
    call->deliver = NULL;
    call->callback = NULL;
    call->dispatch = NULL;
    call->events = NULL;
    call->events_user = NULL;
    call->waiter = NULL;
    memset(call->owner_space, 0, sizeof call->owner_space);
}

/* Nothing of one call may be seen by the next one: payloads are wiped, everything else starts at zero. */
static void call_forget(grille_client_call *call) {
    grille_arena_reset(&call->arena);
    if (call->encoded.data != NULL) grille_wipe((uint8_t *)(uintptr_t)call->encoded.data, call->encoded.len);
    give_back(&call->request, &call->request_capacity, GRILLE_CLIENT_CALL_KEPT_REQUEST_BYTES);
    call->encoded = grille_bytes_of(NULL, 0);
    call->metadata = (grille_metadata_builder){0};
    call->watch = (grille_call_watch){0};
    call->clock_us = NULL;
    call->messages_told = 0;
    call->endpoint = NULL;
    call->stream = NULL;
    call->response = grille_bytes_of(NULL, 0);
    call->has_response = false;
    call->answered = false;
    call->tells_headers = false;
    call->status_came = false;
    call->status = (grille_status_header){0};
    call->reply = (grille_reply){0};
    call->notice = NULL;
    forget_stream(call);
    forget_application(call);
    /* Whoever takes it from the pool sees this by the pool's lock. */
    atomic_store_explicit(&call->cancel_requested, false, memory_order_relaxed);
    atomic_store_explicit(&call->is_done, false, memory_order_relaxed);
    atomic_store_explicit(&call->returned, false, memory_order_relaxed);
}

void grille_call_pool_give(grille_client_call *call) {
    grille_call_pool *pool = call->pool;
    bool keep = false;
    bool last = false;
    call_forget(call);
    /* Back to where it came from, so that neither list drains into the other. */
    if (call->of_turn && is_in_turn(pool) && pool->own_count < pool->max_idle) {
        grille_list_prepend(&pool->own, &call->link);
        pool->own_count++;
        return;
    }
    pthread_mutex_lock(&pool->lock);
    keep = pool->idle_count < pool->max_idle;
    if (keep) {
        grille_list_prepend(&pool->idle, &call->link);
        pool->idle_count++;
    }
    last = --pool->references == 0;
    pthread_mutex_unlock(&pool->lock);
    if (!keep) call_destroy(call);
    if (last) pool_destroy(pool);
}
