/* SPDX-License-Identifier: Apache-2.0
 * The end of a caller's call, and what leads to it from other threads. */
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/error.h"
#include "codec/codec.h"
#include "rpc/client_call_private.h"

void grille_client_call_complete(grille_client_call *call, grille_code code, grille_bytes text) {
    grille_bytes copy = grille_bytes_of(NULL, 0);
    if (text.len > 0) copy = grille_arena_copy(&call->arena, text);
    call->reply.code = code;
    call->reply.message = copy.data != NULL ? (const char *)copy.data : "";
    if (code != GRILLE_OK) call->reply.response = NULL;
    grille_client_watch_end(call);
    call->stream = NULL;
    call->endpoint = NULL;
    if (call->has_parent) grille_call_family_leave(&call->family_link);
    if (!call->unshared) pthread_mutex_lock(&call->lock);
    call->notice = NULL;
    call->sends_over = true;
    atomic_store_explicit(&call->is_done, true, memory_order_release);
    if (!call->unshared) pthread_mutex_unlock(&call->lock);
    /* Last: the owner may give the call away. */
    call->done(&call->base, call->user);
}

grille_code grille_client_call_decode(grille_client_call *call, grille_bytes encoded, bool copy, grille_arena *arena,
                                      const void **message, grille_error *error) {
    const grille_message_type *type = call->method->response;
    void *decoded = NULL;
    grille_reason reason = GRILLE_REASON_OK;
    if (copy && type->codec->borrows_encoded) {
        encoded = grille_arena_copy(arena, encoded);
        if (encoded.data == NULL) reason = GRILLE_REASON_BUDGET;
    }
    if (reason == GRILLE_REASON_OK) reason = type->codec->decode(type, encoded, arena, &decoded, error);
    *message = decoded;
    if (reason == GRILLE_REASON_OK) return GRILLE_OK;
    *message = NULL;
    (void)grille_error_default(error, reason);
    return grille_reason_code(reason) == GRILLE_RESOURCE_EXHAUSTED ? GRILLE_RESOURCE_EXHAUSTED : GRILLE_INTERNAL;
}

void grille_client_call_fail(grille_call *call, grille_code code, const char *text) {
    grille_client_call_complete(grille_client_call_of(call), code, grille_bytes_of_text(text));
}

void grille_client_call_on_notice(grille_call *call, grille_call_notice_fn *notice, void *user) {
    grille_client_call *own = grille_client_call_of(call);
    pthread_mutex_lock(&own->lock);
    own->notice = notice;
    own->notice_user = user;
    pthread_mutex_unlock(&own->lock);
}

void grille_call_cancel(grille_call *call) {
    grille_client_call *own = grille_client_call_of(call);
    if (own == NULL) return;
    pthread_mutex_lock(&own->lock);
    if (!atomic_load(&own->is_done) && !atomic_exchange(&own->cancel_requested, true) && own->notice != NULL) {
        own->notice(call, own->notice_user);
    }
    pthread_mutex_unlock(&own->lock);
}

void grille_client_call_take_ref(grille_call *call) {
    atomic_fetch_add(&grille_client_call_of(call)->references, 1);
}

void grille_client_call_give_ref(grille_call *call) {
    grille_client_call *own = grille_client_call_of(call);
    /* Whoever holds the only one shares it with nobody: no locked instruction is needed. */
    if (atomic_load_explicit(&own->references, memory_order_acquire) == 1 ||
        atomic_fetch_sub(&own->references, 1) == 1) {
        grille_call_pool_give(own);
    }
}

const grille_call_ops grille_client_call_ops = {.ref = grille_client_call_take_ref,
                                                .unref = grille_client_call_give_ref};

void grille_reply_free(grille_reply *reply) {
    if (reply == NULL) return;
    grille_call_unref(reply->owner);
    *reply = (grille_reply){.code = reply->code, .message = ""};
}

void grille_client_inbox_forget(grille_client_inbox *inbox) {
    const size_t further = inbox->budget.used_bytes;
    const size_t wanted = inbox->capacity + 2 * further;
    uint8_t *room = NULL;
    grille_arena_reset(&inbox->arena);
    if (further == 0 || wanted > GRILLE_CLIENT_CALL_KEPT_MESSAGE_BYTES) return;
    room = malloc(wanted);
    if (room == NULL) return;
    free(inbox->room);
    inbox->room = room;
    inbox->capacity = wanted;
    grille_arena_init(&inbox->arena, inbox->room, inbox->capacity, &inbox->budget);
}

bool grille_client_inbox_put(grille_client_inbox *inbox, grille_bytes message) {
    if (message.len > inbox->bytes_capacity) {
        uint8_t *larger = malloc(message.len);
        if (larger == NULL) return false;
        if (inbox->bytes != NULL) grille_wipe(inbox->bytes, inbox->bytes_capacity);
        free(inbox->bytes);
        inbox->bytes = larger;
        inbox->bytes_capacity = message.len;
    }
    if (message.len > 0) memcpy(inbox->bytes, message.data, message.len);
    inbox->len = message.len;
    return true;
}
